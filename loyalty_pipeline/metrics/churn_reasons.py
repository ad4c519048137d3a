"""Churn reasons: why customers left, and whether they meant to."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import count, money, ratio, share
from loyalty_pipeline.money import cents
from loyalty_pipeline.months.event_sums import over_shards
from loyalty_pipeline.months.reason_sums import Left, ReasonSum
from loyalty_pipeline.months.segment_periods import SEGMENT
from loyalty_pipeline.periods import Window
from loyalty_pipeline.ratio import over, proportion


class ChurnReasons(Left):
    """One row per period, segment value, reason, and way of leaving of the customers who churned."""

    churned_mrr = money("Their revalued opening MRR.", per="month", min=0)
    all_churned_customers = count("Churned for any reason.", of="customers")
    all_churned_mrr = money("The revalued opening MRR of all these.", per="month", min=0)
    churned_customers_share = share("Churned over all churned customers.", of="churned customers")
    churned_customers_share_low = share("Low end of its 95 % Wilson interval.", of="churned customers")
    churned_customers_share_high = share("High end of its 95 % Wilson interval.", of="churned customers")
    churned_mrr_share = ratio("Churned over all churned MRR.", of="churned MRR")


def churn_reasons(window: Window, reason_sums: dy.LazyFrame[ReasonSum]) -> dy.LazyFrame[ChurnReasons]:
    r"""The customers of `churn`, by the reason of the last subscription that ended in the period.

    .. math:: churned\_customers\_share = \frac{churned\ for\ the\ reason}{churned}

    Of subscriptions that ended at one instant the one with the greatest id speaks. Not voluntary is who lost the line that held
    longest to delinquency, the last time it left in the period. The reasons of a cell add up to what `churn` says.
    """
    counted = over_shards(reason_sums, ReasonSum, window).with_columns(
        all_churned_customers=pl.col("churned_customers").sum().over(SEGMENT),
        all_churned_mrr=pl.col("churned_mrr").sum().over(SEGMENT),
    )
    amounts = [cents(name).alias(name) for name in ("churned_mrr", "all_churned_mrr")]
    return (
        counted.with_columns(amounts)
        .with_columns(
            **proportion("churned_customers_share", "churned_customers", "all_churned_customers"),
            churned_mrr_share=over("churned_mrr", "all_churned_mrr"),
        )
        .pipe(ChurnReasons.cast)
    )
