"""A publication's restatements in brief, as a run tells them at its end."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import polars as pl

from loyalty_pipeline.periods import PERIODS
from loyalty_pipeline.publication.cells import PLACE

LARGEST = 5
"""How many are told one by one."""
HEADLINES = ("closing_mrr", "total_revenue")
"""The measures that come first, whatever else changed with them: MRR and revenue."""
SHOWN = ["table", *PLACE, "measure", "unit", "old", "new", "change", "cause", "reason"]


@dataclass(frozen=True)
class Large:
    """One of the largest. Numbers are floats; null where there was or is none."""

    table: str
    period: str
    period_start: date
    segment_by: str
    segment_value: str
    cohort: date | None
    row: str | None
    measure: str
    unit: str
    old: float | None
    new: float | None
    change: float | None
    cause: str
    reason: str | None

    @property
    def cell(self) -> str:
        """Which cell, in words: mrr_growth.closing_mrr of 2024-06, country DE."""
        month = f"{self.period_start:%Y-%m}"
        time = month if self.period == "month" else f"{self.period} from {month}"
        segment = "" if self.segment_by == "all" else f", {self.segment_by} {self.segment_value}"
        cohort = f", cohort {self.cohort:%Y-%m}" if self.cohort else ""
        row = f", {self.row}" if self.row else ""
        return f"{self.table}.{self.measure} of {time}{segment}{cohort}{row}"

    @property
    def numbers(self) -> str:
        """Before and after, in words: 100.00 -> 130.00."""
        return f"{self._told(self.old)} -> {self._told(self.new)}"

    @property
    def why(self) -> str:
        """What did it, by name where it is known."""
        return self.reason or self.cause

    def to_dict(self) -> dict[str, Any]:
        """As JSON takes it."""
        return {
            name: value.isoformat() if isinstance(value, date) else value
            for name, value in vars(self).items()
        }

    def _told(self, value: float | None) -> str:
        if value is None:
            return "none"
        return f"{value:,.2f}" if self.unit.startswith("reporting currency") else f"{value:,.6g}"


@dataclass(frozen=True)
class Brief:
    """How many restatements, for what causes, and the largest of them."""

    count: int = 0
    causes: Mapping[str, int] = field(default_factory=dict)
    largest: tuple[Large, ...] = ()

    @classmethod
    def of(cls, changed: pl.DataFrame) -> "Brief":
        """The largest first, one of each measure of each table.

        MRR and revenue, then other amounts, by how much they changed; then the rest, by how much of the old number that is,
        everybody's before a segment's.
        """
        causes = changed["cause"].value_counts().sort("count", "cause", descending=[True, False])
        return cls(changed.height, dict(causes.iter_rows()), tuple(_largest(changed)))

    @property
    def told(self) -> str:
        """How many and why, in words."""
        if not self.count:
            return "no number of a complete period"
        causes = ", ".join(f"{cause} {cells:,}" for cause, cells in self.causes.items())
        return f"{self.count:,} numbers of complete periods ({causes})"

    def to_dict(self) -> dict[str, Any]:
        """As JSON takes it."""
        return {
            "count": self.count,
            "causes": dict(self.causes),
            "largest": [one.to_dict() for one in self.largest],
        }


def _largest(changed: pl.DataFrame) -> Iterator[Large]:
    is_amount = pl.coalesce("old_amount", "new_amount").is_not_null()
    is_headline = pl.col("measure").is_in(HEADLINES)
    is_annual = pl.col("unit").str.ends_with("/ year")
    is_everybody = pl.col("segment_by") == "all"
    moved = pl.coalesce(pl.col("change").abs(), pl.col("old").abs(), pl.col("new").abs())
    ranked = changed.with_columns(
        # ARR is twelve times MRR, and would always be before it.
        _class=pl.when(is_headline)
        .then(0)
        .when(is_amount)
        .then(pl.when(is_annual).then(2).otherwise(1))
        # Of a segment of three customers any rate doubles.
        .otherwise(pl.when(is_everybody).then(3).otherwise(4)),
        _size=pl.when(is_amount).then(moved).otherwise(moved / pl.col("old").abs()).fill_nan(0),
        _is_segment=~is_everybody,
        _length=pl.col("period").replace_strict(
            dict(zip(PERIODS, range(3), strict=True)), return_dtype=pl.Int8
        ),
    ).sort(
        ["_class", "_size", "_is_segment", "_length", "table", *PLACE, "measure"],
        descending=[False, True] + [False] * (4 + len(PLACE)),
        nulls_last=True,
    )
    largest = ranked.unique(["table", "measure"], keep="first", maintain_order=True).head(LARGEST)
    yield from (Large(**row) for row in largest.select(SHOWN).iter_rows(named=True))
