"""Who brought whom: one advocate for each referred customer."""

import polars as pl

from loyalty_pipeline.contract import Table, day, flag, identifier, instant, key
from loyalty_pipeline.periods import add_months, business_month, elapsed_at, local
from loyalty_pipeline.reads import ByMonth, Whole
from loyalty_pipeline.sources.crm import Customer, Referral
from loyalty_pipeline.staging.merges import Merge, merged
from loyalty_pipeline.staging.versions import VERSION, current


class Advocacy(Table):
    """One row per referred customer, with the advocate who is credited for it."""

    month = day("The month of the conversion.", key=True)
    customer_id = key("The referred customer, after merges.")
    advocate_id = identifier("Who referred it.")
    converted_at = instant("When the referral converted: its window opens.")
    window_ends_at = instant("When its revenue stops being advocacy revenue.")
    is_downstream = flag("Was the advocate itself referred, earlier?")


def advocacy(
    referrals: Whole[Referral],
    customers: Whole[Customer],
    merges: Whole[Merge],
    timezone: str,
    advocacy_window_months: int,
    advocacy_depth: int,
) -> ByMonth[Advocacy]:
    """Conversions that count, the earliest for each referred customer, ties by smallest `referral_id`.

    One counts when it names a referred customer other than the advocate, after merges, and the advocate's
    first record was created before it. Each step up the chain goes back in time, so loops cannot form.
    """
    opens = local("converted_at", timezone)
    first = (
        _valid(referrals, customers, merges)
        .sort("converted_at", "referral_id")
        .unique("customer_id", keep="first", maintain_order=True)
    )
    advocates = first.select(advocate_id="customer_id", referred_at="converted_at")
    return (
        first.join(advocates, on="advocate_id", how="left")
        .with_columns(
            month=business_month("converted_at", timezone),
            window_ends_at=elapsed_at(add_months(opens, pl.lit(advocacy_window_months)), timezone),
            is_downstream=(pl.col("referred_at") < pl.col("converted_at")).fill_null(value=False)
            & (advocacy_depth >= 1),
        )
        .pipe(Advocacy.cast)
    )


def _valid(referrals: pl.LazyFrame, customers: pl.LazyFrame, merges: pl.LazyFrame) -> pl.LazyFrame:
    named = (
        current(referrals, "referral_id")
        .filter(pl.col("converted_at").is_not_null(), pl.col("referred_customer_id").is_not_null())
        .rename({"advocate_customer_id": "customer_id"})
        .pipe(merged, merges)
        .rename({"customer_id": "advocate_id", "referred_customer_id": "customer_id"})
        .pipe(merged, merges)
        .filter(pl.col("customer_id") != pl.col("advocate_id"))
        .collect()
    )
    return (
        named.lazy()
        .join(_created(named["advocate_id"].unique(), customers, merges), on="advocate_id")
        .filter(pl.col("created_at") < pl.col("converted_at"))
    )


def _created(advocates: pl.Series, customers: pl.LazyFrame, merges: pl.LazyFrame) -> pl.LazyFrame:
    """When the first record of each advocate was created. The records of all others stay in their files."""
    theirs = merges.filter(pl.col("customer_id").is_in(advocates.implode())).select("record_id").collect()
    records = pl.concat([advocates, theirs.to_series()])
    versions = customers.filter(pl.col("customer_id").is_in(records.implode()))
    known = current(versions.select("customer_id", "created_at", *VERSION), "customer_id").pipe(
        merged, merges
    )
    return known.group_by(advocate_id="customer_id").agg(pl.col("created_at").min())
