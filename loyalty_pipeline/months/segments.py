"""Segments: the ways in which every metric is cut, one attribute at a time."""

import polars as pl

from loyalty_pipeline.contract import Table, choice, text
from loyalty_pipeline.periods import Period, PeriodTable
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


class Segmented(Table):
    """A row that has a value of every segment."""

    country = text("Country at the closing.")
    region = text("Region at the closing.")
    language = text("Language at the closing.")
    customer_segment = text("Segment at the closing.")
    acquisition_channel = text("What brought the customer.")
    age_band = choice("Year of the period's start less year of birth.", (*AGE_BANDS, UNKNOWN))
    plan = text("Plan with the highest MRR at the opening, or at the closing for who had none there.")


def age_band(year: int) -> pl.Expr:
    """The band of a birth year in a period that starts in the year."""
    age = year - pl.col("birth_year")
    younger = [
        pl.when(age <= last).then(pl.lit(band)) for last, band in zip(AGE_BREAKS, AGE_BANDS, strict=False)
    ]
    oldest = pl.when(age.is_not_null()).then(pl.lit(AGE_BANDS[-1]))
    return pl.coalesce(*younger, oldest, pl.lit(UNKNOWN)).alias("age_band")


def known(year: int) -> list[pl.Expr]:
    """The attributes of a customer as segment values, for a period that starts in the year."""
    return [*(pl.col(word).fill_null(UNKNOWN) for word in WORDS), age_band(year)]


def by_segment(rows: pl.LazyFrame, keys: list[str], sums: dict[str, pl.Expr], year: int) -> pl.LazyFrame:
    """Sums for each key over everybody and over each value of each segment, in a period that starts in the year.

    The rows have either `age_band` or `birth_year`; attributes may be missing.
    """
    columns, known_columns = [*keys, "segment_by", "segment_value", *sums], rows.collect_schema()
    everybody = rows.group_by(keys).agg(**sums) if keys else rows.select(**sums)
    cuts = [everybody.with_columns(segment_by=pl.lit("all"), segment_value=pl.lit("all")).select(columns)]
    for segment in SEGMENTS:
        column = "birth_year" if segment == "age_band" and segment not in known_columns else segment
        # Of many rows it is cheaper to name the few values that are left than every row's.
        value = age_band(year) if column == "birth_year" else pl.col(column).fill_null(UNKNOWN)
        cut = rows.group_by(*keys, column).agg(**sums)
        cuts.append(cut.with_columns(segment_by=pl.lit(segment), segment_value=value).select(columns))
    return pl.concat(cuts).group_by(*keys, "segment_by", "segment_value").agg(pl.col(list(sums)).sum())


def in_period(period: Period) -> dict[str, pl.Expr]:
    """The columns that say which period a row is of."""
    return {
        "period": pl.lit(period.name),
        "period_start": pl.lit(period.start),
        "period_end": pl.lit(period.end),
        "is_complete": pl.lit(period.is_complete),
    }
