"""Regular expressions as Python means them, at the speed of the ones that polars has.

polars leaves out lookaround and back references, and means something else by a few signs. So a pattern is left to polars
where both mean the same, and to Python, once for each distinct value of a batch of rows, where they do not.
"""

import re
import warnings
from collections.abc import Callable
from typing import Any

import polars as pl

PYTHON_ONLY = re.compile(r"\[[^\]]*\[|&&|--|~~|\\[<>]|\\b\{|[+*?}]\+|\(\?[a-zA-Z]*[xu]")
"""Nested classes, set operations, word edges, possessive repetition, verbose: polars reads them, differently."""
LETTERS = re.compile(r"\\[wWsSbB]|\(\?[a-zA-Z]*i")
"""What letters and spaces are, and how they fold, differs outside of plain ASCII."""
UNUSUAL = r"[^\t -~]"


def matches(column: pl.Expr, pattern: str) -> pl.Expr:
    """Whether the pattern is found anywhere in each text. Raises `ValueError` for a pattern that Python cannot read."""
    try:
        with warnings.catch_warnings(action="ignore", category=FutureWarning):
            search = re.compile(pattern).search
    except re.error as error:
        message = f"the regular expression {pattern!r} is not valid: {error}"
        raise ValueError(message) from error
    if PYTHON_ONLY.search(pattern) or not _is_known_to_polars(pattern):
        return judged(column, search)
    found = column.str.contains(pattern)
    if LETTERS.search(pattern):
        unusual = column.str.contains(UNUSUAL)
    elif "$" in pattern:
        # Before a last line break there is an end for Python, and none for polars.
        unusual = column.str.ends_with("\n")
    else:
        return found
    return pl.when(unusual).then(judged(pl.when(unusual).then(column), search)).otherwise(found)


def like(pattern: str) -> str:
    """What polars searches for an SQL pattern: `%` is any text, `_` any character, after a backslash both are themselves."""
    signs = {"%": ".*", "_": "."}
    pieces = re.findall(r"\\.|.", pattern, flags=re.DOTALL)
    return rf"(?s)\A{''.join(signs.get(piece) or re.escape(piece[-1]) for piece in pieces)}\z"


def judged(column: pl.Expr, is_good: Callable[[Any], Any]) -> pl.Expr:
    """What a Python function says of each value, asked once for each distinct value of a batch of rows; null for null."""

    def judge(values: pl.Series) -> pl.Series:
        distinct = values.drop_nulls().unique()
        if distinct.is_empty():
            return pl.repeat(None, len(values), dtype=pl.Boolean, eager=True)
        verdicts = pl.Series([bool(is_good(value)) for value in distinct], dtype=pl.Boolean)
        return values.replace_strict(distinct, verdicts, default=None, return_dtype=pl.Boolean)

    return column.map_batches(judge, return_dtype=pl.Boolean, is_elementwise=True)


def _is_known_to_polars(pattern: str) -> bool:
    try:
        pl.Series([""]).str.contains(pattern)
    except pl.exceptions.ComputeError:
        return False
    return True
