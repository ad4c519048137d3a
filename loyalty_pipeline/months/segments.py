"""Segments: the ways in which every metric is cut, one attribute at a time."""

import polars as pl

from loyalty_pipeline.contract import choice, text
from loyalty_pipeline.periods import Period, PeriodTable
from loyalty_pipeline.staging.customers import WORDS, words_of

UNKNOWN = "(unknown)"
SEGMENTS = (*WORDS, "age_band", "plan")
SEGMENT_BY = ("all", *SEGMENTS)
AGE_BANDS = ("<25", "25-34", "35-44", "45-54", "55-64", "65+")
AGE_BREAKS = (24, 34, 44, 54, 64)
CUT = ("segment_by", "segment_value")


class SegmentTable(PeriodTable):
    """One row per period and segment value."""

    segment_by = choice("The attribute that cuts the customers.", SEGMENT_BY, key=True)
    segment_value = text("Its value; `all` for everybody, `(unknown)` where it is missing.", key=True)


def known(rows: pl.LazyFrame, year: int) -> pl.LazyFrame:
    """The rows with the attributes of their profile and birth year as segment values, in a period that starts in the year.

    The values are categories: to group by them is to group by numbers.
    """
    return _in_categories(rows).with_columns(age_band=_named_band(_band(year)).cast(pl.Categorical))


def with_words(rows: pl.LazyFrame) -> pl.LazyFrame:
    """The rows with the words of their profile."""
    return rows.join(words_of(rows), on="profile", how="left", nulls_equal=True)


def by_profile(
    rows: pl.LazyFrame, keys: list[str], sums: dict[str, pl.Expr], year: int | pl.Expr
) -> pl.LazyFrame:
    """Sums for each key over everybody and over each value of each segment, in a period that starts in the year.

    The rows have profile, birth year and plan, which may be missing. Many customers are alike: the few thousand cells that are left are cut faster than all the customers, and those of
    one profile by its words at once.
    """
    # Grouped by number, not by word.
    alike = rows.with_columns(pl.col("profile", "plan").cast(pl.Categorical), band=_band(year))
    cells = alike.group_by(*keys, "profile", "band", "plan").agg(**sums).collect().lazy()
    summed = again(sums)
    profiles = cells.group_by(*keys, "profile").agg(**summed).collect().lazy()
    everybody = pl.lit("all").cast(pl.Categorical)
    bands = cells.group_by(*keys, "band").agg(**summed)
    plans = cells.group_by(*keys, segment_value=pl.col("plan").fill_null(UNKNOWN)).agg(**summed)
    cuts = [
        _cut(_in_categories(profiles).with_columns(all=everybody), WORDS, keys, summed),
        bands.with_columns(segment_by=pl.lit("age_band"), segment_value=_named_band(pl.col("band"))),
        plans.with_columns(segment_by=pl.lit("plan"), segment_value=pl.col("segment_value").cast(pl.String)),
    ]
    return pl.concat(cut.select(*keys, *CUT, *sums) for cut in cuts)


def _cut(
    rows: pl.LazyFrame, segments: tuple[str, ...], keys: list[str], sums: dict[str, pl.Expr]
) -> pl.LazyFrame:
    by, value = CUT
    return (
        rows.unpivot(["all", *segments], index=[*keys, *sums], variable_name=by, value_name=value)
        .with_columns(pl.col(value).fill_null(UNKNOWN))
        .group_by(*keys, by, value)
        .agg(**sums)
        .with_columns(pl.col(value).cast(pl.String))
    )


def _in_categories(rows: pl.LazyFrame) -> pl.LazyFrame:
    words = words_of(rows).with_columns(pl.col(WORDS).fill_null(UNKNOWN).cast(pl.Categorical))
    return rows.join(words, on="profile", how="left", nulls_equal=True)


def _band(year: int | pl.Expr) -> pl.Expr:
    age = year - pl.col("birth_year")
    older = pl.sum_horizontal((age > last).cast(pl.UInt8) for last in AGE_BREAKS)
    return pl.when(age.is_not_null()).then(older)


def _named_band(band: pl.Expr) -> pl.Expr:
    return pl.lit(pl.Series(AGE_BANDS)).gather(band).fill_null(UNKNOWN)


def again(sums: dict[str, pl.Expr]) -> dict[str, pl.Expr]:
    """The sums of sums."""
    return {name: pl.col(name).sum() for name in sums}


def in_period(period: Period) -> dict[str, pl.Expr]:
    """The columns that say which period a row is of."""
    return {
        "period": pl.lit(period.name),
        "period_start": pl.lit(period.start),
        "period_end": pl.lit(period.end),
        "is_complete": pl.lit(period.is_complete),
    }
