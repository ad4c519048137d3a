"""Arguments of the expectations about what is computed from a column."""

from typing import Any

import great_expectations.expectations as gxe

from tests.validation.gx_polars.parity.arguments import Arguments
from tests.validation.gx_polars.parity.frames import ALL, MOMENTS, NUMBERS

COUNTABLE = [name for name in ALL if name != "reading"]


def of_numbers(given: Arguments) -> dict[str, Any]:
    """A column of numbers, and bounds."""
    return {"column": given.number(), **given.bounds([-3, 0, 0.5, 1.5, 2, 4, 20])}


def of_an_extreme(given: Arguments) -> dict[str, Any]:
    """A column with an order, and bounds in its type."""
    column = given.one([*NUMBERS, *MOMENTS, "price"])
    return {"column": column, **given.between(column)}


def of_a_count(given: Arguments) -> dict[str, Any]:
    """A column of any type, and bounds for a count."""
    return {"column": given.one(COUNTABLE), **given.bounds([0, 1, 2, 4, 9])}


def of_a_share(given: Arguments) -> dict[str, Any]:
    """A column of any type, and bounds for a share."""
    return {"column": given.one(COUNTABLE), **given.bounds([0, 0.2, 0.5, 0.9, 1])}


def of_a_set(given: Arguments) -> dict[str, Any]:
    """A column and a set of its values and others."""
    column = given.one(COUNTABLE)
    return {"column": column, "value_set": given.value_set(column, least=1)}


def of_quantiles(given: Arguments) -> dict[str, Any]:
    """A column of numbers, and ranges for some of its quantiles."""
    quantiles = sorted({given.one([0, 0.05, 0.25]), 0.5, given.one([0.6, 0.75, 1])})
    ranges = [given.one([[-3, 1], [None, 2], [0, None], [2, 5]]) for _ in quantiles]
    return {
        "column": given.number(),
        "quantile_ranges": {"quantiles": quantiles, "value_ranges": ranges},
        "allow_relative_error": given.one([False, "linear", "lower", "higher", "midpoint", "nearest"]),
    }


def of_a_distribution(given: Arguments) -> dict[str, Any]:
    """Text or numbers, with the shares of values or of bins."""
    bins = {"bins": [-3.0, 0.0, 1.0, 3.0, 7.0], "weights": [0.25, 0.25, 0.25, 0.25]}
    values = {"values": ["a", "bb", "AB-1", "AB-22"], "weights": [0.4, 0.3, 0.2, 0.1]}
    column, partition = given.one(
        [("other_text", values), ("text", values), ("number", bins), ("measure", bins)]
    )
    return {
        "column": column,
        "partition_object": partition,
        "threshold": given.one([0.0, 0.1, 0.5, 2.0]),
        "tail_weight_holdout": given.one([0, 0.01]),
        "internal_weight_holdout": given.one([0, 0.01]) if partition is bins else 0,
    }


STATISTICS = {
    gxe.ExpectColumnMinToBeBetween: of_an_extreme,
    gxe.ExpectColumnMaxToBeBetween: of_an_extreme,
    gxe.ExpectColumnMeanToBeBetween: of_numbers,
    gxe.ExpectColumnMedianToBeBetween: of_numbers,
    gxe.ExpectColumnSumToBeBetween: of_numbers,
    gxe.ExpectColumnStdevToBeBetween: of_numbers,
    gxe.ExpectColumnQuantileValuesToBeBetween: of_quantiles,
    gxe.ExpectColumnUniqueValueCountToBeBetween: of_a_count,
    gxe.ExpectColumnProportionOfUniqueValuesToBeBetween: of_a_share,
    gxe.ExpectColumnProportionOfNonNullValuesToBeBetween: of_a_share,
    gxe.ExpectColumnDistinctValuesToBeInSet: of_a_set,
    gxe.ExpectColumnDistinctValuesToContainSet: of_a_set,
    gxe.ExpectColumnDistinctValuesToEqualSet: of_a_set,
    gxe.ExpectColumnMostCommonValueToBeInSet: lambda given: {**of_a_set(given), "ties_okay": given.truth()},
    gxe.ExpectColumnKLDivergenceToBeLessThan: of_a_distribution,
}
"""What draws the arguments of each expectation, apart from `row_condition`."""
