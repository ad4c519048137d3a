"""Churn drivers: of a change from one period to the next, what the rates of segments did and what their mix did."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import choice, day, ratio
from loyalty_pipeline.months.segment_periods import SEGMENT, SegmentPeriod
from loyalty_pipeline.months.segments import SegmentTable, in_period
from loyalty_pipeline.periods import LENGTH, Period, Window, plus
from loyalty_pipeline.ratio import over
from loyalty_pipeline.reads import PastYear

CUT = ["segment_by", "segment_value"]
KEPT = (
    pl.col("revalued_opening_mrr") + pl.col("expanded_mrr") - pl.col("contracted_mrr") - pl.col("churned_mrr")
)
METRICS = {
    "customer_churn_rate": (pl.col("churned_customers"), pl.col("opening_customers")),
    "crr": (pl.col("retained_customers"), pl.col("opening_customers")),
    "nrr": (KEPT, pl.col("revalued_opening_mrr")),
}


class ChurnDrivers(SegmentTable):
    """One row per period, segment value and metric, where the segment had a weight in it or in the period before.

    Over the values of one `segment_by` the effects add up to the change for everybody, with nothing left over.
    """

    metric = choice("What changed.", tuple(METRICS), key=True)
    previous_period_start = day("First day of the period before.")
    weight = ratio("The segment's part of all opening customers, or of revalued opening MRR.", of="the whole")
    previous_weight = ratio("The same in the period before.", of="the whole")
    rate = ratio("The metric in the segment; null where nobody was there.", of="opening")
    previous_rate = ratio("The same in the period before.", of="opening")
    rate_effect = ratio("What the change of the segment's rate did to the metric.", of="opening")
    mix_effect = ratio("What the change of its weight did to the metric.", of="opening")
    effect = ratio("Both.", of="opening")
    overall_change = ratio("The change of the metric for everybody.", of="opening")


def churn_drivers(window: Window, segment_periods: PastYear[SegmentPeriod]) -> dy.LazyFrame[ChurnDrivers]:
    r"""Rate or mix: the change between two periods, split without a rest.

    .. math:: \Delta R = \sum_s \underbrace{\Delta r_s \cdot \bar{w}_s}_{rate} +
              \underbrace{\Delta w_s \cdot (\bar{r}_s - \bar{R})}_{mix}

    Bars are means of both periods, so that neither is the base and no interaction is left over. A growing segment drives the metric up when
    its rate is above that of everybody. The rate of a segment that was not there counts as the other period's: it did all by its weight. A
    period without one before it, or in which nobody was a customer, has no rows; nor has one that opened without MRR for `nrr`.
    Source: Bennet (1920), "The Theory of Measurement of Changes in Cost of Living", JRSS 83(3); Kitagawa (1955), JASA 50.
    """
    rows = segment_periods.collect()
    return pl.concat(_driven(rows, period, metric) for period in window.periods for metric in METRICS).pipe(
        ChurnDrivers.cast
    )


def _driven(rows: pl.DataFrame, period: Period, metric: str) -> pl.LazyFrame:
    before = plus(period.start, -LENGTH[period.name])
    now = _weighed(rows, period.name, period.start, metric)
    then = _weighed(rows, period.name, before, metric).rename(
        lambda name: name if name in CUT else f"previous_{name}"
    )
    mean_rate = (pl.col("rate_then") + pl.col("rate_now")) / 2
    overall = (pl.col("overall") + pl.col("previous_overall")) / 2
    weight_change = pl.col("weight") - pl.col("previous_weight")
    mean_weight = (pl.col("weight") + pl.col("previous_weight")) / 2
    return (
        now.join(then, on=CUT, how="full", coalesce=True)
        .with_columns(
            pl.col("weight", "previous_weight").fill_null(0.0),
            # Of everybody, whatever the segment.
            pl.col("overall", "previous_overall").max(),
            rate_now=pl.coalesce("rate", "previous_rate"),
            rate_then=pl.coalesce("previous_rate", "rate"),
        )
        .filter((pl.col("weight") != 0) | (pl.col("previous_weight") != 0))
        .filter(pl.col("overall").is_not_null(), pl.col("previous_overall").is_not_null())
        .with_columns(
            metric=pl.lit(metric),
            previous_period_start=pl.lit(before),
            rate_effect=(pl.col("rate_now") - pl.col("rate_then")) * mean_weight,
            mix_effect=weight_change * (mean_rate - overall),
            overall_change=pl.col("overall") - pl.col("previous_overall"),
            **in_period(period),
        )
        .with_columns(effect=pl.col("rate_effect") + pl.col("mix_effect"))
        .select(*SEGMENT, *(name for name in ChurnDrivers.column_names() if name not in SEGMENT))
    )


def _weighed(rows: pl.DataFrame, name: str, start: object, metric: str) -> pl.LazyFrame:
    part, whole = METRICS[metric]
    everybody = pl.col("segment_by") == "all"
    of_period = rows.lazy().filter(pl.col("period") == name, pl.col("period_start") == start)
    return of_period.select(*CUT, part=part, whole=whole).select(
        *CUT,
        rate=over("part", "whole"),
        weight=over("whole", pl.col("whole").filter(everybody).first()),
        overall=over("part", "whole").filter(everybody).first(),
    )
