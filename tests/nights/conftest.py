"""Landing is tested without Great Expectations, whose import alone takes seconds; tests/validation has both agree."""

from collections.abc import Iterator
from importlib import import_module

import pytest

from tests.landing.plain_validator import PlainValidator
from tests.nights.quick import quick


@pytest.fixture(autouse=True, scope="module")
def _quick() -> Iterator[None]:
    with quick() as patch:
        patch.setattr(import_module("loyalty_pipeline.landing.standards"), "Validator", PlainValidator)
        yield
