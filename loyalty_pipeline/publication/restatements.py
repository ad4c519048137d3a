"""Restatements: every number of a complete period that a publication tells otherwise than the one before."""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b

import polars as pl

from loyalty_pipeline.contract import Table, choice, count, day, instant, money, number, polars_schema, text
from loyalty_pipeline.lake.manifest import digest_of
from loyalty_pipeline.periods import PERIODS
from loyalty_pipeline.publication.causes import CAUSES
from loyalty_pipeline.publication.cells import PLACE
from loyalty_pipeline.storage.parquet import read_parquet
from loyalty_pipeline.storage.place import Place

OF_THE_RUN = ("restatement", "published_at", "snapshot")
"""What is not in a digest: the clock, and what the digest makes."""


class Restatement(Table):
    """One row is one cell of a complete period that one publication changed."""

    restatement = count("Running number, oldest first.", of="restatements", key=True)
    published_at = instant("When the new number was first published.")
    snapshot = text("The snapshot that has the new number first.")
    previous_snapshot = text("The snapshot that readers had until then.")
    table = text("The published table.")
    period = choice("Length of the period.", PERIODS)
    period_start = day("First day of the period.")
    segment_by = text("The attribute that cuts the customers; `all` also where a table has no segments.")
    segment_value = text("Its value; `all` for everybody.")
    cohort = day("The cohort; null where the table has none.", nullable=True)
    row = text(
        "What else says which row it is: `reason too expensive, is_voluntary true`; null where nothing does.",
        nullable=True,
    )
    measure = text("The column.")
    unit = text("The column's unit; `0 or 1` for a flag.")
    old = number("The number until then; null where there was none.", unit="that of `unit`", nullable=True)
    new = number("The number since then; null where there is none.", unit="that of `unit`", nullable=True)
    change = number("New less old; null unless both are there.", unit="that of `unit`", nullable=True)
    old_amount = money("The old number of an amount, exact to the cent; else null.", nullable=True)
    new_amount = money("The new number of an amount, exact to the cent; else null.", nullable=True)
    amount_change = money("New less old amount, exact to the cent; else null.", nullable=True)
    cause = choice("What did it, as far as the inputs of the month tell.", CAUSES)
    reason = text("The same with what differs by name; null where nobody knows.", nullable=True)
    raw_tables = text("The raw tables with rows that did it; null where no rows did.", nullable=True)
    batches = text("The landing batches that brought them; null where no rows did.", nullable=True)


def restatements(earlier: pl.DataFrame, changed: pl.DataFrame) -> pl.DataFrame:
    r"""All restatements so far: those of the snapshot before, then those that this one makes.

    .. math:: change = new - old

    A period is complete when it had ended by the as-of of the publication before. A cell is compared when both publications
    have its table and its measure; a row that only one of them has counts with each of its numbers. The first publication
    restates nothing, nor does one that publishes the same numbers.
    """
    first = 1 + (earlier.item(-1, "restatement") if earlier.height else 0)
    ordered = changed.sort("table", *PLACE, "measure").with_columns(
        restatement=pl.int_range(first, first + changed.height, dtype=pl.Int64)
    )
    return pl.concat([earlier, ordered.select(COLUMNS)])


@dataclass(frozen=True)
class Made:
    """A table that publication itself makes."""

    function: Callable[..., pl.DataFrame]
    contract: type[Table]

    @property
    def name(self) -> str:
        """The table is named like its function."""
        return self.function.__name__


RESTATED = Made(restatements, Restatement)
COLUMNS = list(Restatement.columns())


def nothing() -> pl.DataFrame:
    """No restatements."""
    return pl.DataFrame(schema=polars_schema(Restatement))


def read(folder: Place) -> pl.DataFrame:
    """The restatements of a snapshot; none where it has no such file, or none that can be read."""
    path = folder / f"{RESTATED.name}.parquet"
    try:
        told = read_parquet(path)
        # A column that came later is null in what was written before.
        lacking = [pl.lit(None).alias(name) for name in COLUMNS if name not in told.columns]
        return told.with_columns(lacking).select(COLUMNS).cast(polars_schema(Restatement))  # type: ignore[arg-type]
    except (OSError, pl.exceptions.PolarsError):
        return nothing()


def digest(earlier: str, changed: pl.DataFrame) -> str:
    """The digest of all restatements so far, given that of those before. It knows no clock: a rerun has the same."""
    if changed.is_empty():
        return earlier
    told = changed.select(name for name in COLUMNS if name not in OF_THE_RUN)
    rows = told.sort("table", *PLACE, "measure").write_csv().encode()
    return digest_of(earlier, blake2b(rows).digest())
