"""Advocacy adoption: who was invited to the advocacy programme, joined it, and acts in it."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import count, high, ratio, share
from loyalty_pipeline.months.advocate_state import AdvocateState
from loyalty_pipeline.months.cells import cells
from loyalty_pipeline.months.customer_cells import CustomerCell
from loyalty_pipeline.months.event_sums import EventSums
from loyalty_pipeline.months.segments import SegmentTable
from loyalty_pipeline.periods import Period, Window
from loyalty_pipeline.ratio import over, wilson
from loyalty_pipeline.reads import PeriodMonths
from loyalty_pipeline.staging.advocacy_acts import ACTS, AdvocacyAct


class AdvocacyAdoption(SegmentTable):
    """One row per period and segment value of who was invited, joined or acts."""

    needs = ("advocacy_activities",)

    invited = count("Customers invited before the closing, ever.", of="customers")
    joined = count("Customers who joined before the closing, ever.", of="customers")
    active_advocates = count("Customers with an act in the period.", of="customers")
    shared = count("Times somebody passed something on in the period.", of="acts")
    reviewed = count("Reviews written in the period.", of="acts")
    testified = count("Testimonials given in the period.", of="acts")
    referenced = count("Times somebody was a reference in the period.", of="acts")
    referred = count("Referrals in the period, as the programme counts them.", of="acts")
    adoption_rate = ratio("Joined over invited.", of="invited", scored=high("invited"))
    adoption_rate_low = share("Low end of its 95 % Wilson interval.", of="invited")
    adoption_rate_high = share("High end of its 95 % Wilson interval.", of="invited")
    activity_rate = ratio("Active advocates over joined.", of="joined", scored=high("joined"))
    activity_rate_low = share("Low end of its 95 % Wilson interval.", of="joined")
    activity_rate_high = share("High end of its 95 % Wilson interval.", of="joined")


def advocacy_adoption(
    window: Window,
    advocate_state: dy.LazyFrame[AdvocateState],
    advocacy_acts: PeriodMonths[AdvocacyAct],
    customer_cells: dy.LazyFrame[CustomerCell],
) -> dy.LazyFrame[AdvocacyAdoption]:
    r"""Invited and joined since ever; acts in the period, invitations and joining aside.

    .. math:: adoption\_rate = \frac{joined}{invited} \qquad activity\_rate = \frac{active\ advocates}{joined}

    Who joins without an invitation, or acts without having joined, takes a rate above one; it has no interval then. Null without
    invitations, or where nobody joined.
    """

    def customers(period: Period) -> pl.LazyFrame:
        acts = advocacy_acts.since(period.start).group_by("customer_id")
        counted = acts.agg(**{kind: (pl.col("kind") == kind).sum().cast(pl.Int64) for kind in ACTS})
        return advocate_state.join(counted, on="customer_id", how="left").with_columns(
            pl.col(ACTS).fill_null(0)
        )

    return (
        cells(EventSums(window, customer_cells).by_segment(customers, _sums()), AdvocacyAdoption)
        .with_columns(
            adoption_rate=over("joined", "invited"),
            **_interval("adoption_rate", "joined", "invited"),
            activity_rate=over("active_advocates", "joined"),
            **_interval("activity_rate", "active_advocates", "joined"),
        )
        .pipe(AdvocacyAdoption.cast)
    )


def _sums() -> dict[str, pl.Expr]:
    return {
        "invited": pl.col("is_invited").sum().cast(pl.Int64),
        "joined": pl.col("has_joined").sum().cast(pl.Int64),
        "active_advocates": pl.any_horizontal(pl.col(kind) > 0 for kind in ACTS).sum().cast(pl.Int64),
        **{kind: pl.col(kind).sum() for kind in ACTS},
    }


def _interval(name: str, part: str, of: str) -> dict[str, pl.Expr]:
    is_part = pl.col(part) <= pl.col(of)
    low, high_end = wilson(part, of)
    return {f"{name}_low": pl.when(is_part).then(low), f"{name}_high": pl.when(is_part).then(high_end)}
