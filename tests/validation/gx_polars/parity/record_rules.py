"""Arguments of the expectations about several columns of a row."""

from typing import Any

import great_expectations.expectations as gxe

from tests.validation.gx_polars.parity.arguments import Arguments
from tests.validation.gx_polars.parity.frames import COLUMNS, NUMBERS, PAIRS

IGNORED_PAIRS = ["both_values_are_missing", "either_value_is_missing", "neither"]
IGNORED_RECORDS = ["all_values_are_missing", "any_value_is_missing", "never"]
KEYS = ["number", "other_number", "text", "other_text", "moment", "flag", "price", "kind"]


def of_a_pair(given: Arguments) -> dict[str, Any]:
    """Two columns of one kind, and which rows are left out."""
    first, second = given.one(PAIRS)
    return {"column_A": first, "column_B": second, "ignore_row_if": given.one(IGNORED_PAIRS)}


def of_pairs(given: Arguments) -> dict[str, Any]:
    """Two columns and pairs of their values."""
    pair = of_a_pair(given)
    first, second = (COLUMNS[pair[name]][1][:3] for name in ("column_A", "column_B"))
    return {**pair, "value_pairs_set": given.some([(a, b) for a in first for b in second], most=6)}


def of_columns(given: Arguments, names: Any, *, least: int = 2) -> dict[str, Any]:
    """Some columns, and which rows are left out."""
    chosen = [given.one(names), *given.some(names, most=2)]
    more = [name for name in names if name not in chosen][: max(0, least - len(set(chosen)))]
    return {
        "column_list": list(dict.fromkeys([*chosen, *more])),
        "ignore_row_if": given.one(IGNORED_RECORDS),
    }


RECORD_RULES = {
    gxe.ExpectColumnPairValuesToBeEqual: of_a_pair,
    gxe.ExpectColumnPairValuesAToBeGreaterThanB: lambda given: {
        **of_a_pair(given),
        "or_equal": given.truth(),
    },
    gxe.ExpectColumnPairValuesToBeInSet: of_pairs,
    gxe.ExpectCompoundColumnsToBeUnique: lambda given: of_columns(given, KEYS),
    gxe.ExpectSelectColumnValuesToBeUniqueWithinRecord: lambda given: of_columns(given, given.one(PAIRS)),
    gxe.ExpectMulticolumnSumToEqual: lambda given: {
        **of_columns(given, NUMBERS),
        "sum_total": given.one([0, 1, 2.5, 4]),
    },
}
"""What draws the arguments of each expectation, apart from `mostly` and `row_condition`."""

if hasattr(gxe, "ExpectMulticolumnValuesToBeEqual"):
    RECORD_RULES[gxe.ExpectMulticolumnValuesToBeEqual] = lambda given: of_columns(given, given.one(PAIRS))
