"""Arguments of the expectations about a whole table."""

from typing import Any

import great_expectations.expectations as gxe

from tests.validation.gx_polars.parity.arguments import Arguments
from tests.validation.gx_polars.parity.frames import ALL

WIDTHS = [1, len(ALL) - 1, len(ALL), len(ALL) + 1]
HEIGHTS = [0, 1, 3, 8, 30]


def of_an_order(given: Arguments) -> dict[str, Any]:
    """All columns, some, or others, in order."""
    return {"column_list": given.one([list(ALL), list(ALL[:-1]), [*ALL, "nowhere"], list(reversed(ALL))])}


def of_names(given: Arguments) -> dict[str, Any]:
    """All columns, some, or others."""
    names = given.one([list(ALL), list(reversed(ALL)), [*ALL, "nowhere"], list(ALL[1:])])
    return {"column_set": names, "exact_match": given.truth()}


TABLE_RULES = {
    gxe.ExpectColumnToExist: lambda given: {
        "column": given.one([*ALL[:3], "nowhere"]),
        "column_index": given.one([None, 0, 1]),
    },
    gxe.ExpectTableColumnCountToEqual: lambda given: {"value": given.one(WIDTHS)},
    gxe.ExpectTableColumnCountToBeBetween: lambda given: {
        name: value for name, value in given.bounds(WIDTHS).items() if not name.startswith("strict")
    },
    gxe.ExpectTableColumnsToMatchOrderedList: of_an_order,
    gxe.ExpectTableColumnsToMatchSet: of_names,
    gxe.ExpectTableRowCountToEqual: lambda given: {"value": given.one(HEIGHTS)},
    gxe.ExpectTableRowCountToBeBetween: lambda given: given.bounds(HEIGHTS),
}
"""What draws the arguments of each expectation, apart from `row_condition`."""
