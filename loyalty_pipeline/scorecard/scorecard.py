"""Scorecard: what is strong, what is weak, and what nobody can tell yet."""

from dataclasses import fields

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import choice, count, number, text
from loyalty_pipeline.periods import LENGTH, PeriodTable, Window, plus
from loyalty_pipeline.reads import PastYear
from loyalty_pipeline.scorecard.reference import Benchmark, Target
from loyalty_pipeline.scorecard.scores import Score

VERDICTS = ("strength", "weakness", "watch", "no benchmark")
CELL = ["metric", "period", "segment_by", "segment_value"]
UNIT = "that of the metric"


class Scorecard(PeriodTable):
    """One row per period, segment value and metric that has a value."""

    segment_by = text("What cuts the metric's table.", key=True)
    segment_value = text("Its value; `all` for everybody.", key=True)
    metric = text("The column of the metric's table.", key=True)
    value = number("Its value.", unit=UNIT)
    low = number("Low end of its 95 % interval; the value where it has none.", unit=UNIT)
    high = number("High end of its 95 % interval; the value where it has none.", unit=UNIT)
    observations = count("What stands behind it: its denominator.", of="the metric's denominator")
    previous = number("Its value in the period before.", unit=UNIT, nullable=True)
    change = number("Value less previous.", unit=UNIT, nullable=True)
    year_ago = number("Its value in the same period a year ago.", unit=UNIT, nullable=True)
    year_change = number("Value less that.", unit=UNIT, nullable=True)
    target = number("The target that holds at the period's start.", unit=UNIT, nullable=True)
    is_target_met = dy.Bool(
        nullable=True, description="Is the value at the target or better? Null without one."
    )
    benchmark_low = number("Lower quartile of others.", unit=UNIT, nullable=True)
    benchmark_median = number("Median of others.", unit=UNIT, nullable=True)
    benchmark_high = number("Upper quartile of others.", unit=UNIT, nullable=True)
    benchmark_source = text("Where the benchmark is from.", nullable=True)
    verdict = choice("Strength, weakness, neither for sure, or nothing to compare with.", VERDICTS)


def scorecard(
    window: Window,
    scores: PastYear[Score],
    benchmarks: tuple[Benchmark, ...],
    targets: tuple[Target, ...],
) -> dy.LazyFrame[Scorecard]:
    """Each rate beside the period before, the same one a year ago, the company's target, and what others reach.

    A strength is a rate whose whole interval is at the better quartile of others or beyond it, a weakness one whose whole
    interval is at the worse quartile or beyond: with few observations the interval is wide, and the verdict `watch`. Where a
    benchmark has no quartile, its median stands in. A rate that counts everybody has no interval. Of several benchmarks the
    latest `as_of` counts, of targets the latest `valid_from` not after the period's start; both only for the very segment that
    they name. The period before one that the as-of cuts is whole: compare with care.
    """
    rows = scores.collect()
    aims = _aims(targets)
    compared = [
        rows.filter(pl.col("period") == period.name, pl.col("period_start") == period.start)
        .join(
            _then(rows, period.name, plus(period.start, -LENGTH[period.name]), "previous"),
            on=CELL,
            how="left",
        )
        .join(_then(rows, period.name, plus(period.start, -LENGTH["year"]), "year_ago"), on=CELL, how="left")
        .join(_latest(aims.filter(pl.col("valid_from") <= period.start), "valid_from"), on=CELL, how="left")
        for period in window.periods
    ]
    others = _latest(_known(benchmarks), "as_of").rename({"source": "benchmark_source"})
    return (
        pl.concat(compared)
        .join(others, on=CELL, how="left")
        .lazy()
        .with_columns(
            change=pl.col("value") - pl.col("previous"),
            year_change=pl.col("value") - pl.col("year_ago"),
            is_target_met=_is_at_least("value", "target"),
            verdict=_verdict(),
        )
        .pipe(Scorecard.cast)
    )


def _then(rows: pl.DataFrame, period: str, start: object, name: str) -> pl.DataFrame:
    then = rows.filter(pl.col("period") == period, pl.col("period_start") == start)
    return then.select(*CELL, pl.col("value").alias(name))


def _aims(targets: tuple[Target, ...]) -> pl.DataFrame:
    return pl.DataFrame(
        [vars(one) for one in targets],
        schema={**dict.fromkeys(CELL, pl.String), "target": pl.Float64, "valid_from": pl.Date},
    )


def _known(benchmarks: tuple[Benchmark, ...]) -> pl.DataFrame:
    ends = ("low", "median", "high")
    kinds = {field.name: pl.Float64 if field.name in ends else pl.String for field in fields(Benchmark)}
    known = pl.DataFrame([vars(one) for one in benchmarks], schema={**kinds, "as_of": pl.Date})
    return known.rename({end: f"benchmark_{end}" for end in ends})


def _latest(lines: pl.DataFrame, by: str) -> pl.DataFrame:
    return lines.sort(by).unique(CELL, keep="last", maintain_order=True).drop(by)


def _is_at_least(value: str, mark: str | pl.Expr) -> pl.Expr:
    against = pl.col(mark) if isinstance(mark, str) else mark
    return pl.when("is_high_good").then(pl.col(value) >= against).otherwise(pl.col(value) <= against)


def _verdict() -> pl.Expr:
    strength, weakness, watch, none = (pl.lit(verdict) for verdict in VERDICTS)
    upper = pl.coalesce("benchmark_high", "benchmark_median")
    lower = pl.coalesce("benchmark_low", "benchmark_median")
    is_high, is_low = pl.col("low") >= upper, pl.col("high") <= lower
    is_good = pl.when("is_high_good").then(is_high).otherwise(is_low)
    is_bad = pl.when("is_high_good").then(is_low).otherwise(is_high)
    return (
        pl.when(upper.is_null() & lower.is_null())
        .then(none)
        .when(is_good & ~is_bad.fill_null(value=False))
        .then(strength)
        .when(is_bad & ~is_good.fill_null(value=False))
        .then(weakness)
        .otherwise(watch)
    )
