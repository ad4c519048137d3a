"""Segment periods: customer periods summed over each segment, exact to 4 places; every rate is made of these."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import Sharded, count, exact
from loyalty_pipeline.money import EXACT, total
from loyalty_pipeline.months.customer_periods import CustomerPeriod
from loyalty_pipeline.months.customer_state import CustomerState
from loyalty_pipeline.months.merging import beside
from loyalty_pipeline.months.segments import SegmentTable, by_profile, in_period
from loyalty_pipeline.periods import Period, Window
from loyalty_pipeline.staging.customers import ATTRIBUTES

PERIOD = ["period", "period_start", "period_end", "is_complete"]
SEGMENT = [*PERIOD, "segment_by", "segment_value"]
FX = pl.col("revalued_opening_mrr") - pl.col("opening_mrr")
AMOUNTS = (
    "opening_mrr",
    "revalued_opening_mrr",
    "closing_mrr",
    "trial_mrr",
    "revenue",
    "advocacy_revenue",
    "downstream_revenue",
)


class SegmentMeasures(SegmentTable):
    """One row per period and segment value, with what its customers add up to."""

    opening_customers = count("Active at the opening.", of="customers")
    closing_customers = count("Active at the closing.", of="customers")
    retained_customers = count("Active at both.", of="customers")
    new_customers = count("Active at the closing for the first time ever.", of="customers")
    reactivated_customers = count(
        "Active at the closing, not at the opening, and once before.", of="customers"
    )
    churned_customers = count("Active at the opening, not at the closing.", of="customers")
    expanded_customers = count("Active at both, with more MRR at the closing.", of="customers")
    contracted_customers = count("Active at both, with less MRR at the closing.", of="customers")
    fx_customers = count(
        "Active at the opening, with another MRR there at the closing's rate.", of="customers"
    )
    transient_customers = count("Came and went inside the period.", of="customers")
    paused_customers = count("Paused at the closing, and nothing active.", of="customers")
    referred_customers = count("With a payment or refund within their advocacy window.", of="customers")
    opening_mrr = exact("MRR at the opening.", of="reporting currency / month")
    revalued_opening_mrr = exact("The same at the closing's rates.", of="reporting currency / month")
    fx_mrr = exact("What exchange rates did to it.", of="reporting currency / month")
    new_mrr = exact("Closing MRR of new customers.", of="reporting currency / month")
    reactivated_mrr = exact("Closing MRR of reactivated customers.", of="reporting currency / month")
    expanded_mrr = exact("What expanded customers added.", of="reporting currency / month")
    contracted_mrr = exact("What contracted customers took away.", of="reporting currency / month")
    churned_mrr = exact("Revalued opening MRR of churned customers.", of="reporting currency / month")
    closing_mrr = exact("MRR at the closing.", of="reporting currency / month")
    trial_mrr = exact("MRR of what is on trial at the closing.", of="reporting currency / month")
    revenue = exact("Payments less refunds.")
    advocacy_revenue = exact("Of that, within advocacy windows.")
    downstream_revenue = exact("Of that, where the advocate was itself referred, earlier.")


class SegmentSum(SegmentMeasures, Sharded):
    """One row per period and segment value that has a customer: what the customers of one shard add up to."""


class SegmentPeriod(SegmentMeasures):
    """One row per period and segment value that has a customer; `all` has a row for every period."""

    @dy.rule()
    def movements_add_up_from_opening_to_closing(cls) -> pl.Expr:
        """The identity that holds to the last digit and in every slice."""
        gained = pl.col("new_mrr") + pl.col("reactivated_mrr") + pl.col("expanded_mrr")
        lost = pl.col("contracted_mrr") + pl.col("churned_mrr")
        return pl.col("opening_mrr") + pl.col("fx_mrr") + gained - lost == pl.col("closing_mrr")

    @dy.rule()
    def customers_add_up_from_opening_to_closing(cls) -> pl.Expr:
        """Who was there and stayed, and who came."""
        came = pl.col("new_customers") + pl.col("reactivated_customers")
        stayed = pl.col("opening_customers") - pl.col("churned_customers")
        return (stayed == pl.col("retained_customers")) & (stayed + came == pl.col("closing_customers"))


def segment_sums(
    window: Window,
    customer_periods: dy.LazyFrame[CustomerPeriod],
    customer_state: dy.LazyFrame[CustomerState],
) -> dy.LazyFrame[SegmentSum]:
    """Customers are counted, and amounts summed, by what the period did to them and what they were at its close."""
    state = customer_state.select("customer_id", *ATTRIBUTES)
    attributes, rows = state.collect(), customer_periods.collect()
    moved = pl.concat(_moved(rows, attributes, period) for period in window.periods)
    return moved.group_by(SEGMENT).agg(**_movements()).with_columns(fx_mrr=FX).pipe(SegmentSum.cast)


def segment_periods(window: Window, segment_sums: dy.LazyFrame[SegmentSum]) -> dy.LazyFrame[SegmentPeriod]:
    """The sums over all shards, and `all` also where there is nobody."""
    amounts = [name for name, column in SegmentPeriod.columns().items() if isinstance(column, dy.Decimal)]
    counts = [name for name, column in SegmentPeriod.columns().items() if isinstance(column, dy.Int64)]
    return (
        segment_sums.group_by(SEGMENT)
        .agg(*(total(amount) for amount in amounts), pl.col(counts).sum())
        .join(_every_period(window), on=SEGMENT, how="full", coalesce=True)
        .with_columns(pl.col(amounts).fill_null(pl.lit(0, EXACT)), pl.col(counts).fill_null(0))
        .pipe(SegmentPeriod.cast)
    )


def _moved(customers: pl.DataFrame, attributes: pl.DataFrame, period: Period) -> pl.LazyFrame:
    rows = beside(customers.filter(pl.col("period") == period.name), attributes)
    return by_profile(rows.lazy(), ["movement"], _sums(), period.start.year).with_columns(**in_period(period))


def _sums() -> dict[str, pl.Expr]:
    return {
        "customers": pl.len().cast(pl.Int64),
        "fx_customers": (
            pl.col("was_active") & (pl.col("revalued_opening_mrr") != pl.col("opening_mrr"))
        ).sum(),
        "paused_customers": pl.col("is_paused").sum(),
        "referred_customers": pl.col("has_advocacy").sum(),
        **{amount: total(amount) for amount in AMOUNTS},
    }


def _movements() -> dict[str, pl.Expr]:
    def customers(*movements: str) -> pl.Expr:
        return pl.col("customers").filter(pl.col("movement").is_in(movements)).sum()

    def amount(name: str, movement: str) -> pl.Expr:
        return total(pl.col(name).filter(pl.col("movement") == movement))

    stayed = ("expanded", "contracted", "steady")
    return {
        "opening_customers": customers("churned", *stayed),
        "closing_customers": customers("new", "reactivated", *stayed),
        "retained_customers": customers(*stayed),
        **{f"{name}_customers": customers(name) for name in ("new", "reactivated", "churned", "expanded")},
        **{f"{name}_customers": customers(name) for name in ("contracted", "transient")},
        **{f"{name}_customers": pl.col(f"{name}_customers").sum() for name in ("fx", "paused", "referred")},
        **{name: total(name) for name in AMOUNTS},
        "new_mrr": amount("closing_mrr", "new"),
        "reactivated_mrr": amount("closing_mrr", "reactivated"),
        "churned_mrr": amount("revalued_opening_mrr", "churned"),
        "expanded_mrr": amount("closing_mrr", "expanded") - amount("revalued_opening_mrr", "expanded"),
        "contracted_mrr": amount("revalued_opening_mrr", "contracted") - amount("closing_mrr", "contracted"),
    }


def _every_period(window: Window) -> pl.LazyFrame:
    rows = [(p.name, p.start, p.end, p.is_complete, "all", "all") for p in window.periods]
    schema = {name: SegmentPeriod.columns()[name].dtype for name in SEGMENT}
    return pl.LazyFrame(rows, schema=schema, orient="row")
