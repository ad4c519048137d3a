"""Plans: what a metric's provider returns instead of a value, so that a whole layer of metrics is computed at once."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import polars as pl

HOLDERS = "_holders"
"""In a table of keys: how many rows of the domain hold the key."""


def _same(value: Any) -> Any:
    return value


@dataclass(frozen=True)
class Aggregate:
    """One value computed from the whole batch by one expression; `then` makes of it what Great Expectations expects."""

    value: pl.Expr
    then: Callable[[Any], Any] = _same


@dataclass(frozen=True)
class Collected:
    """A query of its own; `then` makes of its rows what Great Expectations expects.

    A query for unexpected rows names their `condition`: where that has none, the answer is `nothing`, without a pass.
    """

    rows: pl.LazyFrame
    then: Callable[[pl.DataFrame], Any] = _same
    condition: "Condition | None" = None
    nothing: Any = None


@dataclass
class Condition:
    """Which rows of a batch are unexpected.

    Either `unexpected`, a boolean expression over the batch's own rows that is never null; or `find`, a pass of its own
    that returns the keys (`columns` and `_holders`) of the rows that are unexpected: duplicates, orphans. `domain` says
    which rows take part; None: all.
    """

    columns: tuple[str, ...]
    domain: pl.Expr | None = None
    unexpected: pl.Expr | None = None
    find: Callable[[pl.LazyFrame], pl.DataFrame] | None = None
    keys: pl.DataFrame | None = None
    """What `find` found; the engine fills it in."""
    counted: int | None = None
    """How many rows are unexpected, once that is known."""

    def locate(self, rows: pl.LazyFrame) -> None:
        """Do the pass of its own, once."""
        if self.find is not None and self.keys is None:
            self.keys = self.find(rows if self.domain is None else rows.filter(self.domain))

    def count(self) -> Aggregate | int:
        """How many rows are unexpected."""
        if self.unexpected is None:
            return self._remembered(self._found[HOLDERS].sum())
        if not self.unexpected.meta.root_names():
            # What names no column is one value, not one a row.
            return Aggregate(pl.when(self.unexpected).then(pl.len()).otherwise(0), self._remembered)
        return Aggregate(self.unexpected.sum(), self._remembered)

    def _remembered(self, count: Any) -> int:
        self.counted = int(count or 0)
        return self.counted

    def taking_part(self) -> Aggregate:
        """How many rows take part."""
        value = pl.len() if self.domain is None else self.domain.sum()
        return Aggregate(value, lambda count: int(count or 0))

    @property
    def is_known_empty(self) -> bool:
        """Whether it is known without another pass that no row is unexpected."""
        return self.counted == 0 or (self.keys is not None and self.keys.is_empty())

    def rows(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """The unexpected rows, in their order."""
        if self.unexpected is not None:
            return rows.filter(self.unexpected)
        taking_part = rows if self.domain is None else rows.filter(self.domain)
        keys = self._found.lazy().select(self.columns)
        return taking_part.join(keys, on=self.columns, how="semi", nulls_equal=True, maintain_order="left")

    def flagged(self, rows: pl.LazyFrame, name: str) -> pl.LazyFrame:
        """The rows with one more column: whether the row is unexpected."""
        if self.is_known_empty:
            return rows.with_columns(pl.lit(value=False).alias(name))
        if self.unexpected is not None:
            return rows.with_columns(self.unexpected.alias(name))
        keys = self._found.lazy().select(*self.columns, pl.lit(value=True).alias(name))
        found = rows.join(keys, on=self.columns, how="left", nulls_equal=True, maintain_order="left")
        takes_part = pl.lit(value=True) if self.domain is None else self.domain
        return found.with_columns(pl.col(name).fill_null(value=False) & takes_part)

    @property
    def _found(self) -> pl.DataFrame:
        if self.keys is None:
            message = f"the pass that finds the keys {self.columns} has not run"
            raise ValueError(message)
        return self.keys


def both(left: pl.Expr | None, right: pl.Expr | None) -> pl.Expr | None:
    """The rows of two domains; None is all rows."""
    if left is None or right is None:
        return right if left is None else left
    return left & right
