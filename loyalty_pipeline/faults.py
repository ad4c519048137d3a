"""What goes wrong with input, in words that say what to do."""

from collections.abc import Sequence
from typing import Any


class DataFault(Exception):
    """Input breaks a rule that no row can be set aside for; nothing was published.

    The message names table, column, rule and rows, and what to do next.
    """

    checked: Sequence[Any] = ()
    """The results of all checks until then, where a landing was stopped."""

    def __init__(self, table: str, rule: str, *, column: str = "", rows: str = "", advice: str = "") -> None:
        """`rows` says which or how many, in words."""
        place = f"{table}.{column}" if column else table
        super().__init__(
            f"{place}: {rule}" + (f" ({rows})" if rows else "") + (f". {advice}" if advice else "")
        )
        self.table, self.column, self.rule = table, column, rule


class SourceError(Exception):
    """A source that is not there or cannot be read."""
