"""Scores: the rates of all metric tables in one, with what stands behind them."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import Scored, count, flag, number, text
from loyalty_pipeline.metrics.advocacy_adoption import AdvocacyAdoption
from loyalty_pipeline.metrics.advocacy_revenue import AdvocacyRevenue
from loyalty_pipeline.metrics.ces import Ces
from loyalty_pipeline.metrics.churn import Churn
from loyalty_pipeline.metrics.clv import Clv
from loyalty_pipeline.metrics.csat import Csat
from loyalty_pipeline.metrics.customer_retention import CustomerRetention
from loyalty_pipeline.metrics.emerging.advocacy_index import AdvocacyIndex
from loyalty_pipeline.metrics.emerging.emotional_loyalty import EmotionalLoyalty
from loyalty_pipeline.metrics.engagement import Engagement
from loyalty_pipeline.metrics.loyalty_program import LoyaltyProgram
from loyalty_pipeline.metrics.mrr_growth import MrrGrowth
from loyalty_pipeline.metrics.nps import Nps
from loyalty_pipeline.metrics.referrals import Referrals
from loyalty_pipeline.metrics.repeat_purchase import RepeatPurchase
from loyalty_pipeline.metrics.retention_cost import RetentionCost
from loyalty_pipeline.metrics.social_engagement import SocialEngagement
from loyalty_pipeline.metrics.support_performance import SupportPerformance
from loyalty_pipeline.metrics.win_back import WinBack
from loyalty_pipeline.months.segment_periods import SEGMENT
from loyalty_pipeline.periods import PeriodTable, Window


class Score(PeriodTable):
    """One row per period, segment value and metric that has a value."""

    segment_by = text("What cuts the metric's table.", key=True)
    segment_value = text("Its value; `all` for everybody.", key=True)
    metric = text("The column of the metric's table.", key=True)
    value = number("Its value.", unit="that of the metric")
    low = number("Low end of its 95 % interval; the value where it has none.", unit="that of the metric")
    high = number("High end of its 95 % interval; the value where it has none.", unit="that of the metric")
    observations = count("What stands behind it: its denominator.", of="the metric's denominator")
    is_high_good = flag("Is more of it better?")


def scores(
    window: Window,
    churn: dy.LazyFrame[Churn],
    customer_retention: dy.LazyFrame[CustomerRetention],
    mrr_growth: dy.LazyFrame[MrrGrowth],
    clv: dy.LazyFrame[Clv],
    advocacy_revenue: dy.LazyFrame[AdvocacyRevenue],
    nps: dy.LazyFrame[Nps],
    csat: dy.LazyFrame[Csat],
    ces: dy.LazyFrame[Ces],
    referrals: dy.LazyFrame[Referrals],
    repeat_purchase: dy.LazyFrame[RepeatPurchase],
    retention_cost: dy.LazyFrame[RetentionCost],
    engagement: dy.LazyFrame[Engagement],
    social_engagement: dy.LazyFrame[SocialEngagement],
    loyalty_program: dy.LazyFrame[LoyaltyProgram],
    advocacy_adoption: dy.LazyFrame[AdvocacyAdoption],
    support_performance: dy.LazyFrame[SupportPerformance],
    advocacy_index: dy.LazyFrame[AdvocacyIndex],
    emotional_loyalty: dy.LazyFrame[EmotionalLoyalty],
    win_back: dy.LazyFrame[WinBack],
) -> dy.LazyFrame[Score]:
    """Every column that its contract calls scored; a rate that is null has no row."""
    tables: list[tuple[type[PeriodTable], pl.LazyFrame]] = [
        (Churn, churn),
        (CustomerRetention, customer_retention),
        (MrrGrowth, mrr_growth),
        (Clv, clv),
        (AdvocacyRevenue, advocacy_revenue),
        (Nps, nps),
        (Csat, csat),
        (Ces, ces),
        (Referrals, referrals),
        (RepeatPurchase, repeat_purchase),
        (RetentionCost, retention_cost),
        (Engagement, engagement),
        (SocialEngagement, social_engagement),
        (LoyaltyProgram, loyalty_program),
        (AdvocacyAdoption, advocacy_adoption),
        (SupportPerformance, support_performance),
        (AdvocacyIndex, advocacy_index),
        (EmotionalLoyalty, emotional_loyalty),
        (WinBack, win_back),
    ]
    collected = pl.collect_all(table for _, table in tables)
    found = [
        rows
        for (contract, _), table in zip(tables, collected, strict=True)
        for rows in _of_table(contract, table)
    ]
    return pl.concat(found).lazy().filter(pl.col("value").is_not_null()).pipe(Score.cast)


def scored_columns(contract: type[PeriodTable]) -> dict[str, Scored]:
    """The columns that the scorecard holds against benchmarks."""
    about = {name: (column.metadata or {}).get("scored") for name, column in contract.columns().items()}
    return {name: scored for name, scored in about.items() if scored is not None}


def _of_table(contract: type[PeriodTable], rows: pl.DataFrame) -> list[pl.DataFrame]:
    return [
        rows.select(
            *SEGMENT,
            metric=pl.lit(name),
            value=pl.col(name).cast(pl.Float64),
            low=pl.coalesce(_end(rows, f"{name}_low", name)),
            high=pl.coalesce(_end(rows, f"{name}_high", name)),
            observations=pl.col(scored.observations),
            is_high_good=pl.lit(scored.is_high_good),
        )
        for name, scored in scored_columns(contract).items()
    ]


def _end(rows: pl.DataFrame, end: str, value: str) -> list[str]:
    return [end, value] if end in rows.columns else [value]
