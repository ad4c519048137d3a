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
        counted.filter(is_known & is_whole & ~is_one_month).with_columns(mrr=_by_interval()),
        counted.filter(is_known & ~is_whole).with_columns(mrr=_by_proration(timezone)),
        counted.filter(~is_known).with_columns(mrr=_by_term(timezone)),
    ]
    return pl.concat(ruled).lazy()


def _by_interval() -> pl.Expr:
    months, per = _months()
    return _rounded(per, months)


def _by_proration(timezone: str) -> pl.Expr:
    months, per = _months()
    end = local("ends_at", timezone)
    count = pl.col("interval_count")
    by_months = add_months(end, -count * pl.col("interval").replace_strict(STEP_MONTHS, default=0))
    by_days = end - pl.duration(days=count * pl.col("interval").replace_strict(STEP_DAYS, default=0))
    start = pl.when(pl.col("interval").is_in(list(STEP_MONTHS))).then(by_months).otherwise(by_days)
    parent = pl.col("ends_at") - elapsed_at(start, timezone)
    length = pl.col("ends_at") - pl.col("starts_at")
    return _rounded(per * _moments(parent), months * _moments(length))


def _by_term(timezone: str) -> pl.Expr:
    start, end = local("starts_at", timezone), local("ends_at", timezone)
    months = months_between(start, end)
    is_exact = (months >= 1) & ((add_months(start, months) == end) | (add_months(end, -months) == start))
    whole = pl.when(add_months(end, -months) >= start).then(months).otherwise(months - 1)
    edge = elapsed_at(add_months(end, -whole), timezone)
    left = _moments(edge - pl.col("starts_at"))
    length = _moments(edge - elapsed_at(add_months(end, -whole - 1), timezone))
    term = whole.cast(pl.Int128) * length + left
    one = pl.lit(1, pl.Int128)
    return _rounded(
        pl.when(is_exact).then(one).otherwise(length), pl.when(is_exact).then(months.cast(pl.Int128)).otherwise(term)
    )


def _months() -> tuple[pl.Expr, pl.Expr]:
    parts = {name: months for name, (months, _) in IN_MONTHS.items()}
    per = {name: units for name, (_, units) in IN_MONTHS.items()}
    months = pl.col("interval").replace_strict(parts, return_dtype=pl.Int128) * pl.col("interval_count")
    return months, pl.col("interval").replace_strict(per, return_dtype=pl.Int128)


def _rounded(times: pl.Expr, over: pl.Expr) -> pl.Expr:
    return from_ten_thousandths(quotient(ten_thousandths("amount") * times, over))


def _moments(duration: pl.Expr) -> pl.Expr:
    return duration.dt.total_microseconds().cast(pl.Int128)
