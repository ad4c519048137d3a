"""Customer signals: what was known, at a closing, of those who stay, that may tell who leaves next."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import Sharded, choice, count, flag, key
from loyalty_pipeline.months.customer_months import CustomerMonth
from loyalty_pipeline.months.loyalty_state import LoyaltyState
from loyalty_pipeline.months.segments import UNKNOWN
from loyalty_pipeline.months.survey_answers import is_detractor, is_promoter, is_satisfied
from loyalty_pipeline.periods import Window, plus
from loyalty_pipeline.reads import PastQuarter, PastYear, Through
from loyalty_pipeline.staging.advocacy import Advocacy
from loyalty_pipeline.staging.interaction_days import InteractionDay
from loyalty_pipeline.staging.survey_events import SurveyEvent
from loyalty_pipeline.staging.ticket_events import TicketEvent

NPS_GROUPS = ("promoter", "passive", "detractor", UNKNOWN)
CSAT = ("satisfied", "not satisfied", UNKNOWN)
YEAR = 12


class CustomerSignal(Sharded):
    """One row per customer active at the closing."""

    customer_id = key("The customer.")
    nps_group = choice("By its last answer in the 12 months before.", NPS_GROUPS)
    csat = choice("By its last answer in the 12 months before.", CSAT)
    tickets = count("Opened in the three months before.", of="tickets")
    interactions = count("Begun in the three months before.", of="interactions")
    is_member = flag("Is it a member of the loyalty programme?")
    is_referred = flag("Did it come by a referral that counts?")


def customer_signals(
    window: Window,
    customer_months: dy.LazyFrame[CustomerMonth],
    survey_events: PastYear[SurveyEvent],
    ticket_events: PastQuarter[TicketEvent],
    interaction_days: PastQuarter[InteractionDay],
    loyalty_state: dy.LazyFrame[LoyaltyState],
    advocacy: Through[Advocacy],
) -> dy.LazyFrame[CustomerSignal]:
    """Months are calendar months, this one included: answers of twelve of them, tickets and interactions of three."""
    _, closing = window.bounds
    opened = ticket_events.filter(pl.col("kind") == "opened").group_by("customer_id").agg(tickets=pl.len())
    met = interaction_days.group_by("customer_id").agg(pl.col("interactions").sum())
    answers = survey_events.filter(
        pl.col("kind") == "answered", pl.col("month") > plus(window.month, -YEAR)
    ).sort("occurred_at", "response_id")
    signals = (
        opened,
        met,
        _last(answers, "nps").select("customer_id", nps_group=_nps_group()),
        _last(answers, "csat").select("customer_id", csat=_csat()),
    )
    rows = customer_months.filter("is_active").select("customer_id")
    for signal in signals:
        # They come in the order of their customers: to keep it costs less than to sort them again.
        rows = rows.join(signal, on="customer_id", how="left", maintain_order="left")
    return rows.with_columns(
        pl.col("tickets", "interactions").fill_null(0),
        pl.col("nps_group", "csat").fill_null(UNKNOWN),
        is_member=_is_among(loyalty_state.filter("is_member")),
        is_referred=_is_among(advocacy.filter(pl.col("converted_at") < closing)),
    ).pipe(CustomerSignal.cast)


def _is_among(customers: pl.LazyFrame) -> pl.Expr:
    ids = customers.select("customer_id").collect().to_series()
    return pl.col("customer_id").is_in(ids.implode())


def _last(answers: pl.LazyFrame, survey: str) -> pl.LazyFrame:
    return answers.filter(pl.col("survey") == survey).unique("customer_id", keep="last", maintain_order=True)


def _nps_group() -> pl.Expr:
    promoter, passive, detractor, _ = NPS_GROUPS
    return (
        pl.when(is_promoter())
        .then(pl.lit(promoter))
        .when(is_detractor())
        .then(pl.lit(detractor))
        .otherwise(pl.lit(passive))
    )


def _csat() -> pl.Expr:
    satisfied, dissatisfied, _ = CSAT
    return pl.when(is_satisfied()).then(pl.lit(satisfied)).otherwise(pl.lit(dissatisfied))
