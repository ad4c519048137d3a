r"""MRR of one line: what it is worth a month, by the three rules.

.. math:: mrr = \frac{amount}{months} \qquad mrr = \frac{amount \cdot parent}{length \cdot months}
          \qquad mrr = \frac{amount}{term}

1. The interval is known and the line is no proration: amount over the months of its interval. A month is 1,
   a quarter 3, a year 12, a week 12/52, a day 12/365.
2. A proration of a known interval: first scaled up from the line's length to that of the whole interval that
   ends where it ends, which undoes what a billing system does when it prorates.
3. No interval: amount over the line's own term in calendar months, counted back from its end where it is not whole.

Lengths are elapsed time, calendar steps are on local dates. Rounded half away from zero to 4 places.
"""

import polars as pl

from loyalty_pipeline.money import from_ten_thousandths, quotient, ten_thousandths
from loyalty_pipeline.periods import add_months, elapsed_at, local, months_between

IN_MONTHS = {"day": (12, 365), "week": (12, 52), "month": (1, 1), "quarter": (3, 1), "year": (12, 1)}
"""Months of one interval, as a fraction."""

STEP_MONTHS = {"month": 1, "quarter": 3, "year": 12}
STEP_DAYS = {"day": 1, "week": 7}


def with_mrr(lines: pl.LazyFrame, timezone: str) -> pl.LazyFrame:
    """The lines with their `mrr`, from amount, interval, interval_count, proration, starts_at and ends_at."""
    counted = lines.with_columns(pl.col("interval_count").fill_null(1)).collect()
    is_known, is_whole = pl.col("interval").is_not_null(), ~pl.col("proration")
    is_one_month = (pl.col("interval") == "month") & (pl.col("interval_count") == 1)
    # Four frames, because `when` would work out every rule for every line.
    ruled = [
        counted.filter(is_known & is_whole & is_one_month).with_columns(mrr="amount"),
        _by_interval(counted.filter(is_known & is_whole & ~is_one_month)),
        _by_proration(counted.filter(is_known & ~is_whole), timezone),
        _by_term(counted.filter(~is_known), timezone),
    ]
    return pl.concat([frame.select(*counted.columns, "mrr") for frame in ruled]).lazy()


def _by_interval(lines: pl.DataFrame) -> pl.DataFrame:
    return lines.with_columns(_months()).with_columns(mrr=_rounded("per", "months"))


def _by_proration(lines: pl.DataFrame, timezone: str) -> pl.DataFrame:
    count = pl.col("interval_count")
    steps = {
        "step_months": count
        * pl.col("interval").replace_strict(STEP_MONTHS, default=0, return_dtype=pl.Int64),
        "step_days": count * pl.col("interval").replace_strict(STEP_DAYS, default=0, return_dtype=pl.Int64),
    }
    return (
        lines.with_columns(_months(), end=local("ends_at", timezone), **steps)
        .with_columns(months_before=add_months(pl.col("end"), -pl.col("step_months")))
        .with_columns(start=pl.col("months_before") - pl.duration(days="step_days"))
        .with_columns(
            parent=_moments(pl.col("ends_at") - elapsed_at(pl.col("start"), timezone)),
            length=_moments(pl.col("ends_at") - pl.col("starts_at")),
        )
        .with_columns(scaled=pl.col("per") * pl.col("parent"), whole=pl.col("months") * pl.col("length"))
        .with_columns(mrr=_rounded("scaled", "whole"))
    )


def _by_term(lines: pl.DataFrame, timezone: str) -> pl.DataFrame:
    start, end, n = pl.col("start"), pl.col("end"), pl.col("n")
    return (
        lines.with_columns(start=local("starts_at", timezone), end=local("ends_at", timezone))
        .with_columns(n=months_between(start, end))
        .with_columns(after=add_months(start, n), before=add_months(end, -n))
        .with_columns(
            is_exact=(n >= 1) & ((pl.col("after") == end) | (pl.col("before") == start)),
            whole=pl.when(pl.col("before") >= start).then(n).otherwise(n - 1),
        )
        .with_columns(
            edge=add_months(end, -pl.col("whole")), earlier_edge=add_months(end, -pl.col("whole") - 1)
        )
        .with_columns(
            edge=elapsed_at(pl.col("edge"), timezone),
            earlier_edge=elapsed_at(pl.col("earlier_edge"), timezone),
        )
        .with_columns(
            left=_moments(pl.col("edge") - pl.col("starts_at")),
            length=_moments(pl.col("edge") - pl.col("earlier_edge")),
        )
        .with_columns(
            times=pl.when("is_exact").then(pl.lit(1, pl.Int128)).otherwise("length"),
            term=pl.when("is_exact")
            .then(n.cast(pl.Int128))
            .otherwise(pl.col("whole").cast(pl.Int128) * pl.col("length") + pl.col("left")),
        )
        .with_columns(mrr=_rounded("times", "term"))
    )


def _months() -> list[pl.Expr]:
    parts = {name: months for name, (months, _) in IN_MONTHS.items()}
    per = {name: units for name, (_, units) in IN_MONTHS.items()}
    return [
        (pl.col("interval").replace_strict(parts, return_dtype=pl.Int128) * pl.col("interval_count")).alias(
            "months"
        ),
        pl.col("interval").replace_strict(per, return_dtype=pl.Int128).alias("per"),
    ]


def _rounded(times: str, over: str) -> pl.Expr:
    return from_ten_thousandths(quotient(ten_thousandths("amount") * pl.col(times), pl.col(over)))


def _moments(duration: pl.Expr) -> pl.Expr:
    return duration.dt.total_microseconds().cast(pl.Int128)
