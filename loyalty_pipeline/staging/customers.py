"""Customers' attributes: as first known, and as they changed."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import Sharded, day, instant, key, text, whole
from loyalty_pipeline.periods import business_month
from loyalty_pipeline.reads import ByMonth
from loyalty_pipeline.sources.crm import Customer

WORDS = ("country", "region", "language", "customer_segment", "acquisition_channel")
ATTRIBUTES = ("profile", "birth_year")


class Attributes(Sharded):
    """What is known of a customer at one time."""

    profile = text(
        "Country, region, language, segment and acquisition channel as a JSON object: a few hundred for millions of customers.",
        nullable=True,
    )
    birth_year = whole("Year of birth.", unit="year", nullable=True)


class CustomerOrigin(Attributes):
    """One row per customer record, as first known; true of all time before that too."""

    customer_id = key("The record.")


class CustomerChange(Attributes):
    """One row per later version of a customer record."""

    month = day("The month it changed in.", key=True)
    customer_id = key("The record.")
    updated_at = instant("When it changed.", key=True)


def customer_origins(customers: dy.LazyFrame[Customer]) -> dy.LazyFrame[CustomerOrigin]:
    """The earliest version of each record. Who is deleted at the source keeps no attributes."""
    return (
        _versions(customers)
        .unique("customer_id", keep="first", maintain_order=True)
        .pipe(CustomerOrigin.cast)
    )


def customer_changes(customers: dy.LazyFrame[Customer], timezone: str) -> ByMonth[CustomerChange]:
    """All versions but the earliest."""
    return (
        _versions(customers)
        .filter(~pl.col("customer_id").is_first_distinct())
        .unique(["customer_id", "updated_at"], keep="last", maintain_order=True)
        .with_columns(month=business_month("updated_at", timezone))
        .pipe(CustomerChange.cast)
    )


def _versions(customers: pl.LazyFrame) -> pl.LazyFrame:
    ordered = customers.select(
        "customer_id", "updated_at", "deleted_at", "_batch", *WORDS, "birth_year"
    ).sort("customer_id", "updated_at", "_batch")
    deleted = ordered.unique("customer_id", keep="last", maintain_order=True).filter(
        pl.col("deleted_at").is_not_null()
    )
    words = [pl.when(pl.col(word).str.strip_chars() != "").then(word) for word in WORDS]
    known = ordered.join(deleted, on="customer_id", how="anti", maintain_order="left").with_columns(words)
    return known.with_columns(profile=pl.struct(WORDS).struct.json_encode())


def words_of(profiles: pl.LazyFrame) -> pl.LazyFrame:
    """One row per profile that occurs, with its words; null where a word, or all of a customer, is not known."""
    words = pl.Struct({word: pl.String() for word in WORDS})
    return profiles.select(pl.col("profile").unique()).with_columns(
        pl.col("profile").cast(pl.String).str.json_decode(words).struct.unnest()
    )
