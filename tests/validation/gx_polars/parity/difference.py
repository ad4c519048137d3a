"""A known difference: where both engines disagree, why, and who is right."""

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl
from great_expectations.expectations.expectation import Expectation

from tests.validation.gx_polars.parity.engines import Check


@dataclass(frozen=True)
class Difference:
    """`when` says of a check that disagrees whether this is why; `example` is a minimal one."""

    name: str
    pandas: str
    polars: str
    right: str
    when: Callable[[Check], bool]
    example: Callable[[], tuple[pl.DataFrame, Expectation]]
