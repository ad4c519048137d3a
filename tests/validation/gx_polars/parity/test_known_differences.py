"""Each known difference is shown on a minimal table, and told in the engine's README."""

import re
from pathlib import Path

import pytest

from loyalty_pipeline.validation import gx_polars
from tests.validation.gx_polars.parity.difference import Difference
from tests.validation.gx_polars.parity.engines import Engines
from tests.validation.gx_polars.parity.known_differences import DIFFERENCES, known
from tests.validation.gx_polars.parity.old_differences import IS_OLD, OLD_DIFFERENCES
from tests.validation.gx_polars.parity.readme import section

README = Path(gx_polars.__file__).with_name("README.md")


@pytest.fixture(scope="module")
def engines() -> Engines:
    return Engines()


@pytest.mark.parametrize(
    "difference", DIFFERENCES + OLD_DIFFERENCES * IS_OLD, ids=lambda difference: difference.name
)
def test_a_known_difference_still_shows(difference: Difference, engines: Engines) -> None:
    frame, expectation = difference.example()

    [check] = engines.checks(frame, [expectation])

    assert check.pandas.differences(check.polars) != []
    assert known(check) is difference
    assert check.polars.error is None


def test_the_readme_tells_of_the_known_differences() -> None:
    [there] = re.findall(
        r"<!-- differences -->\n(.*)<!-- /differences -->", README.read_text("utf-8"), re.DOTALL
    )

    assert there == section(), "python -m tests.validation.gx_polars.parity.readme writes it"
