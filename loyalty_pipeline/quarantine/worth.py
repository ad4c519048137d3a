"""What each row that is set aside is worth: its own MRR, and that of all rows that wait for it.

A line that waits for an invoice that waits for a customer is held by all three, and counts once in a sum over them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import polars as pl

from loyalty_pipeline.money import EXACT
from loyalty_pipeline.quarantine.folder import REASONS, ROW, WAITING
from loyalty_pipeline.quarantine.landed import Landed
from loyalty_pipeline.quarantine.mrr import in_reporting_currency
from loyalty_pipeline.quarantine.stakes import PLACES, Stakes, stakes
from loyalty_pipeline.quarantine.values import KEY, latest, typed
from loyalty_pipeline.settings import TableMapping
from loyalty_pipeline.sources.catalogue import RAW_TABLES, references
from loyalty_pipeline.validation.rule import reference_rule_name

REFUNDS = "refunds"
WORTH = {
    "mrr": EXACT,
    "unknown": pl.UInt32(),
    "own_mrr": EXACT,
    "currency": pl.String(),
    "revenue": EXACT,
    "unknown_revenue": pl.Boolean(),
}
"""Of a row: the MRR that would move, null where none would; how many lines of unknown MRR it holds; a single line's MRR in its
own currency; revenue that would move."""


@dataclass(frozen=True)
class Total:
    """A sum over stakes: what is known of it, and how many are not. The MRR is null where none would move.

    Lines of all months are summed, so twelve lines of a customer who pays 10 a month are 120; `running` has those alone that
    hold at the as-of.
    """

    mrr: Decimal | None
    running: Decimal | None
    unknown: int
    unknown_running: int


@dataclass(frozen=True)
class Worth:
    """The worth of rows set aside. `rows` has `WORTH` by table and row number, `held` which row holds which stake."""

    rows: pl.DataFrame
    held: pl.DataFrame
    moved: pl.DataFrame

    def of(self, places: pl.DataFrame) -> Total:
        """The sum over the rows of some places (`table`, `_row`), each stake once."""
        held = self.held.join(places, on=["table", ROW], how="semi").select("stake").unique()
        return _total(self.moved.join(held, on="stake", how="semi"))


def worth(aside: Mapping[str, pl.DataFrame], landed: Landed, mappings: Mapping[str, TableMapping]) -> Worth:
    """The worth of rows as the quarantine has them, by table."""
    formats = {table: mapping.date_format for table, mapping in mappings.items()}
    rows = {table: typed(found, table, formats.get(table, "")) for table, found in aside.items()}
    counted = {table: latest(found) for table, found in rows.items()}
    found = stakes(counted, landed)
    numbers = pl.concat(
        [_numbered(table, those) for table, those in counted.items()] or [pl.DataFrame(schema=_NUMBERED)]
    )
    held = _followed(found, counted).join(numbers, on=["table", KEY], how="inner")
    none = pl.DataFrame(schema={"table": pl.String(), ROW: pl.Int64(), **WORTH})
    priced = pl.concat([none, _of_rows(held, found), *_refunds(counted, landed)], how="diagonal")
    return Worth(priced, held, found.moved)


def _followed(found: Stakes, aside: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """The rows that hold each stake: that which would move it, and those it waits for, as far as they go."""
    edges = pl.concat([_waits(table, rows) for table, rows in aside.items()] or [_no_waits()])
    reached = frontier = found.held
    while frontier.height:
        further = frontier.join(edges, on=["table", KEY], how="inner")
        ahead = further.select("stake", table="target", _key="target_key").unique(maintain_order=True)
        frontier = ahead.join(reached, on=list(PLACES), how="anti")
        reached = pl.concat([reached, frontier])
    return reached


def _waits(table: str, rows: pl.DataFrame) -> pl.DataFrame:
    """Who waits for whom, from the references that a row was set aside for and for nothing else."""
    found = [
        rows.filter(WAITING, pl.col(REASONS).list.contains(reference_rule_name(column))).select(
            table=pl.lit(table), _key=KEY, target=pl.lit(target), target_key=column
        )
        for column, (target, _) in references(RAW_TABLES[table]).items()
    ]
    return pl.concat([_no_waits(), *found])


def _no_waits() -> pl.DataFrame:
    return pl.DataFrame(schema=dict.fromkeys(["table", KEY, "target", "target_key"], pl.String()))


_NUMBERED = {"table": pl.String(), KEY: pl.String(), ROW: pl.Int64()}


def _numbered(table: str, rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(pl.lit(table).alias("table"), KEY, ROW)


def _of_rows(held: pl.DataFrame, found: Stakes) -> pl.DataFrame:
    several = pl.len() > 1
    known = pl.col("mrr").drop_nulls()
    return (
        held.join(found.moved, on="stake", how="inner")
        .group_by("table", ROW)
        .agg(
            mrr=pl.when((known != 0).any()).then(known.sum().cast(EXACT)),
            unknown=pl.col("mrr").null_count(),
            own_mrr=pl.when(~several).then(pl.col("own_mrr").first()),
            currency=pl.when(~several).then(pl.col("currency").first()),
        )
    )


def _refunds(aside: Mapping[str, pl.DataFrame], landed: Landed) -> list[pl.DataFrame]:
    """Refunds lower revenue, not MRR, by what they say; those that were deleted move none."""
    if REFUNDS not in aside:
        return []
    given_back = aside[REFUNDS].filter(pl.col("deleted_at").is_null())
    priced = in_reporting_currency(given_back, landed, "amount")
    return [
        priced.select(
            ROW,
            "currency",
            table=pl.lit(REFUNDS),
            revenue=(-pl.col("mrr")).cast(EXACT),
            unknown_revenue=pl.col("mrr").is_null(),
        )
    ]


def _total(moved: pl.DataFrame) -> Total:
    known = pl.col("mrr").drop_nulls()
    moves = pl.when((known != 0).any())
    sums = moved.select(
        *(moves.then(pl.col(name).sum().cast(EXACT)).alias(name) for name in ("mrr", "running"))
    )
    mrr, running = sums.row(0)
    return Total(mrr, running, moved["mrr"].null_count(), moved["running"].null_count())
