"""A toy lake that publishes: two tables with every type that a published column may have."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import Table, choice, count, day, flag, instant, money, share
from loyalty_pipeline.lake.lake import Lake
from loyalty_pipeline.lake.specification import specify
from loyalty_pipeline.lake.store import Store
from loyalty_pipeline.periods import Calendar, Window, instant_literal, plus
from loyalty_pipeline.reads import Through
from tests.lake.toy import AS_OF, FUNCTIONS, POLICY, RAW, Payment, Shops, computed


class Takings(Table):
    """One row per month and shop that sold in it."""

    period = choice("Length of the period.", ("month",), key=True)
    period_start = day("First day of the month.", key=True)
    period_end = day("First day after it.")
    segment_by = choice("What cuts the sales.", ("shop",), key=True)
    segment_value = choice("The shop.", ("north", "south"), key=True)
    sales = count("Sales of the month.", of="sales")
    revenue = money("What they brought.")
    revenue_share = share("Of all there ever was.", of="revenue")
    is_complete = flag("Had the month ended by the as-of date?")
    closes_at = instant("When the month closes.")


class Refusals(Table):
    """One row per sale that was refused; nobody ever is."""

    closes_on = day("First day after it.", key=True)
    revenue = money("What was lost.", nullable=True)


def takings(window: Window, payments: Through[Payment]) -> dy.LazyFrame[Takings]:
    r"""What each shop took.

    .. math:: revenue\_share = \frac{revenue}{\sum revenue}
    """
    everything = pl.col("amount").sum()
    return (
        payments.with_columns(everything=everything)
        .filter(pl.col("month") == window.month)
        .group_by("shop", "everything")
        .agg(pl.col("amount").sum(), sales=pl.len().cast(pl.Int64))
        .select(
            "sales",
            segment_value="shop",
            segment_by=pl.lit("shop"),
            period=pl.lit("month"),
            period_start=pl.lit(window.month),
            period_end=pl.lit(plus(window.month, 1)),
            revenue=pl.col("amount").cast(pl.Decimal(18, 2)),
            revenue_share=pl.col("amount") / pl.col("everything"),
            is_complete=pl.lit(window.periods[0].is_complete),
            closes_at=instant_literal(window.closing),
        )
    )


def refusals(window: Window) -> dy.LazyFrame[Refusals]:  # noqa: ARG001 - makes the table one of months
    """No sale is refused."""
    return Refusals.create_empty(lazy=True)


PUBLISHED = ["takings", "refusals"]
REVENUE = Decimal(1500)


def window_over(shops: Shops, as_of: date = AS_OF) -> Lake:
    """The lake of the shops with what they publish, brought up to date."""
    made = specify([*FUNCTIONS, takings, refusals], RAW)
    lake = Lake(Store(shops.root / "lake"), shops.landing, made, Calendar("UTC", 1, as_of), dict(POLICY))
    computed(lake)
    return lake


def shops_of(root: Path) -> Shops:
    """Shops that have landed before, for another process."""
    shops = Shops.__new__(Shops)
    shops.root, shops.landing = root, Store(root / "landing")
    return shops
