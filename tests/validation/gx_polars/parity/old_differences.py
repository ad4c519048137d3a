"""Faults of the pandas engine of Great Expectations 1.15 that its newest release no longer has."""

from datetime import datetime

import great_expectations as gx
import great_expectations.expectations as gxe
import polars as pl
from great_expectations.expectations.row_conditions import Column
from packaging.version import Version

from tests.validation.gx_polars.parity.difference import Difference
from tests.validation.gx_polars.parity.engines import Check

IS_OLD = Version(gx.__version__) < Version("1.16")
NOON = datetime(2026, 1, 1, 12)  # noqa: DTZ001 - a column without a time zone is the point
RULES = {"ExpectColumnValuesToBeIncreasing", "ExpectColumnValuesToBeDecreasing"}


def _order_of_moments(check: Check) -> bool:
    return check.kind in RULES and "timedelta64" in (check.pandas.error or "")


def _pairs_of_some_rows(check: Check) -> bool:
    return check.kind == "ExpectColumnPairValuesToBeInSet" and "Unalignable" in (check.pandas.error or "")


def _scores_of_equal_values(check: Check) -> bool:
    counts = [outcome.result.get("unexpected_percent") for outcome in (check.pandas, check.polars)]
    return check.kind == "ExpectColumnValueZScoresToBeLessThan" and counts == [100, 0]


OLD_DIFFERENCES = [
    Difference(
        "The order of moments is asked for (Great Expectations 1.15)",
        "raises",
        "compares them",
        "polars, and pandas since",
        _order_of_moments,
        lambda: (pl.DataFrame({"a": [NOON, NOON]}), gxe.ExpectColumnValuesToBeIncreasing(column="a")),
    ),
    Difference(
        "Pairs are held against a set, and some rows are left out (Great Expectations 1.15)",
        "raises",
        "looks at the rows that are left",
        "polars, and pandas since",
        _pairs_of_some_rows,
        lambda: (
            pl.DataFrame({"a": [1, 2], "b": [1, 2]}),
            gxe.ExpectColumnPairValuesToBeInSet(
                column_A="a", column_B="b", value_pairs_set=[(2, 2)], row_condition=Column("a") > 1
            ),
        ),
    ),
    Difference(
        "Values are all the same, and their one-sided z-scores asked for (Great Expectations 1.15)",
        "finds all of them unexpected",
        "finds none of them unexpected",
        "polars, and pandas since",
        _scores_of_equal_values,
        lambda: (
            pl.DataFrame({"a": [1.0, 1.0]}),
            gxe.ExpectColumnValueZScoresToBeLessThan(column="a", threshold=1, double_sided=False),
        ),
    ),
]
