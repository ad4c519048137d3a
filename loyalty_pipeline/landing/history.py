"""What has landed before: every version of every key, by its hash and home month, without its content."""

from dataclasses import dataclass
from functools import cached_property

import polars as pl

from loyalty_pipeline.lake.manifest import Entry, Manifest
from loyalty_pipeline.lake.store import Store
from loyalty_pipeline.sources.raw import RawTable

NO_HASH = 0
"""The hash of a tombstone, which no source wrote."""

HOME = "_home"
"""The month a row is filed under, for good: 2024-05 is 202405."""


@dataclass(frozen=True)
class History:
    """One row of `versions` is one landed row."""

    key: list[str]
    versions: pl.DataFrame

    @classmethod
    def load(cls, store: Store, manifest: Manifest, table: str, contract: type[RawTable]) -> "History":
        """From the landed files of a table."""
        key = contract.primary_key()
        kept = {**{name: contract.columns()[name].dtype for name in key}, **_KEPT}
        parts = [pl.DataFrame(schema={**kept, HOME: pl.Int32})]
        landed = manifest.tables.get(table, {})
        for part, rows in zip(landed, store.each(landed.values(), list(kept)), strict=True):
            parts.append(rows.select(*kept, pl.lit(home_of(part), dtype=pl.Int32).alias(HOME)))
        return cls(key, pl.concat(parts, rechunk=True))

    @cached_property
    def latest(self) -> pl.DataFrame:
        """The version that counts of each key: changed last, or of those the landed last; a row before its tombstone."""
        marked = self.versions.with_columns(_is_live=pl.col("deleted_at").is_null())
        if not repeated(marked, self.key).any():
            return marked
        order = ["updated_at", "_batch", "_is_live", "_row"]
        return marked.sort(order, nulls_last=False).unique(self.key, keep="last", maintain_order=True)

    @cached_property
    def homes(self) -> pl.DataFrame:
        """The home month of each key."""
        return self.latest.select(*self.key, HOME)

    @property
    def live(self) -> pl.DataFrame:
        """The latest versions that are not deleted."""
        return self.latest.filter(pl.col("deleted_at").is_null())

    @property
    def is_empty(self) -> bool:
        """Whether nothing has landed yet."""
        return self.versions.is_empty()


def repeated(rows: pl.DataFrame, columns: list[str]) -> pl.Series:
    """Whether a row's values occur more than once. Rows are compared by hash first: big keys of text cost much."""
    hashed = rows.select(
        pl.struct(columns).hash() if len(columns) > 1 else pl.col(columns[0]).hash()
    ).to_series()
    suspects = hashed.is_duplicated()
    if not suspects.any():
        return suspects
    position = pl.int_range(rows.height, eager=True).filter(suspects)
    return suspects.scatter(position, rows.filter(suspects).select(columns).is_duplicated())


def home_of(part: str) -> int:
    """The home month in a part's name."""
    return int(part[:4] + part[5:7])


def month_name(home: int) -> str:
    """A home month as it stands in a part's name."""
    return f"{home // 100:04d}-{home % 100:02d}"


def entries_of(manifest: Manifest, table: str, homes: set[int]) -> list[Entry]:
    """The landed files of some home months."""
    return [entry for part, entry in manifest.tables.get(table, {}).items() if home_of(part) in homes]


_KEPT: dict[str, pl.DataType] = {
    "updated_at": pl.Datetime("us", "UTC"),
    "deleted_at": pl.Datetime("us", "UTC"),
    "_hash": pl.Int64(),
    "_batch": pl.String(),
    "_row": pl.Int64(),
}
