"""Random tables and suites: polars says what Great Expectations' pandas engine says, but for the known differences.

`GX_PARITY_CHECKS=100000 pytest tests/validation/gx_polars/parity` asks for more than a run of all tests does. Table and
suite follow from the number that a failure shows.
"""

import os
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from great_expectations.expectations.registry import _registered_metrics

from tests.validation.gx_polars.parity.engines import Check, Engines
from tests.validation.gx_polars.parity.frames import random_frame
from tests.validation.gx_polars.parity.known_differences import known
from tests.validation.gx_polars.parity.outcomes import Outcome
from tests.validation.gx_polars.parity.suites import (
    BUILDERS,
    FORMATS,
    NOT_COMPARED,
    core_expectations,
    random_suite,
)

CHECKS = int(os.environ.get("GX_PARITY_CHECKS", "5000"))
ENGINES = {"PandasExecutionEngine", "PolarsExecutionEngine"}


def checks() -> Iterator[tuple[int, Check]]:
    engines, made, number = Engines(), 0, 0
    while made < CHECKS:
        random = Random(number)  # noqa: S311 - it is to be the same every time
        frame, expectations = random_frame(random), random_suite(random)
        found = engines.checks(frame, expectations, random.choice(FORMATS))
        yield from ((number, check) for check in found)
        made, number = made + len(found), number + 1


def told(number: int, check: Check, parts: list[str]) -> str:
    columns = {name: check.frame[name].to_list() for name in check.columns}
    both = {
        engine: outcome.error or {part: getattr(outcome, part, outcome.result.get(part)) for part in parts}
        for engine, outcome in (("pandas", check.pandas), ("polars", check.polars))
    }
    return f"table {number}: {check.expectation.configuration.to_json_dict()}\n  of {columns}\n  {both}"


@pytest.mark.slow
# Thousands of checks over the same lines: to note each line of each would double what they take.
@pytest.mark.no_cover
# Great Expectations divides by numbers of values that are 0.
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_both_engines_say_the_same_of_random_tables() -> None:
    made, raised, differing = 0, 0, []
    for number, check in checks():
        made += 1
        raised += check.pandas.error is not None
        parts = check.pandas.differences(check.polars)
        if parts and known(check) is None:
            differing.append(told(number, check, parts))

    assert not differing, f"{len(differing)} of {made} differ:\n" + "\n".join(differing[:20])
    assert made >= CHECKS
    # A check in which the reference fails proves nothing.
    assert raised < made / 50


def test_what_one_engine_alone_finds_is_a_difference() -> None:
    met, broken = Outcome(success=True, result={"a": 1.0}), Outcome(success=False, result={"a": 1.0 + 1e-6})

    assert met.differences(met) == []
    assert met.differences(broken) == ["success", "a"]
    assert met.differences(Outcome(success=True, result={})) == ["a"]
    assert met.differences(Outcome(None, {}, "raised")) == ["error"]
    assert Outcome(None, {}, "one").differences(Outcome(None, {}, "another")) == []


def test_every_expectation_is_compared_or_it_is_said_why_not() -> None:
    names = {kind.__name__ for kind in core_expectations()}

    assert {kind.__name__ for kind in BUILDERS} | NOT_COMPARED.keys() >= names
    assert not {kind.__name__ for kind in BUILDERS} & NOT_COMPARED.keys()


def metrics(kind: Any) -> list[str]:
    conditions = [f"{kind.map_metric}.condition"] if getattr(kind, "map_metric", None) else []
    return [*conditions, *kind.metric_dependencies] if hasattr(kind, "metric_dependencies") else conditions


@pytest.mark.parametrize("kind", BUILDERS, ids=lambda kind: kind.__name__)
def test_what_is_compared_has_a_provider_on_either_engine(kind: Any) -> None:
    for metric in metrics(kind):
        assert _registered_metrics[metric]["providers"].keys() >= ENGINES
