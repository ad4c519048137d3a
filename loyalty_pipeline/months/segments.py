"""Segments: the ways in which every metric is cut, one attribute at a time."""

import polars as pl

from loyalty_pipeline.contract import choice, text
from loyalty_pipeline.periods import PeriodTable
from loyalty_pipeline.staging.customers import WORDS

UNKNOWN = "(unknown)"
SEGMENTS = (*WORDS, "age_band", "plan")
SEGMENT_BY = ("all", *SEGMENTS)
AGE_BANDS = ("<25", "25-34", "35-44", "45-54", "55-64", "65+")
AGE_BREAKS = (24, 34, 44, 54, 64)


class SegmentTable(PeriodTable):
    """One row per period and segment value."""

    segment_by = choice("The attribute that cuts the customers.", SEGMENT_BY, key=True)
    segment_value = text("Its value; `all` for everybody, `(unknown)` where it is missing.", key=True)


class Segmented(PeriodTable):
    """A row that has a value of every segment."""

    country = text("Country at the closing.")
    region = text("Region at the closing.")
    language = text("Language at the closing.")
    customer_segment = text("Segment at the closing.")
    acquisition_channel = text("What brought the customer.")
    age_band = choice("Year of the period's start less year of birth.", (*AGE_BANDS, UNKNOWN))
    plan = text("Plan with the highest MRR at the opening, or at the closing for who had none there.")


def known(year: int) -> list[pl.Expr]:
    """The attributes of a customer as segment values, for a period that starts in the year."""
    age = (year - pl.col("birth_year")).cut(AGE_BREAKS, labels=AGE_BANDS).cast(pl.String)
    words = [pl.col(word).fill_null(UNKNOWN) for word in WORDS]
    return [*words, age.fill_null(UNKNOWN).alias("age_band")]


def by_segment(rows: pl.DataFrame, keys: list[str], sums: dict[str, pl.Expr]) -> pl.DataFrame:
    """Sums for each key over everybody and over each value of each segment."""
    everybody = rows.group_by(keys).agg(**sums).with_columns(segment_by=pl.lit("all"), segment_value=pl.lit("all"))
    cuts = [
        rows.group_by(*keys, segment_value=segment).agg(**sums).with_columns(segment_by=pl.lit(segment))
        for segment in SEGMENTS
    ]
    return pl.concat([everybody, *(cut.select(everybody.columns) for cut in cuts)])
