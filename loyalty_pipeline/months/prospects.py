"""Prospects: people who say or do something, and have neither a line nor a payment yet."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import key
from loyalty_pipeline.months.advocate_state import AdvocateState
from loyalty_pipeline.months.attribute_changes import AttributeChange
from loyalty_pipeline.months.attributes import changed, first_known
from loyalty_pipeline.months.customer_state import CustomerState
from loyalty_pipeline.months.loyalty_state import LoyaltyState
from loyalty_pipeline.periods import Window
from loyalty_pipeline.reads import Later, PeriodMonths, Through
from loyalty_pipeline.staging.customers import Attributes, CustomerOrigin
from loyalty_pipeline.staging.interaction_days import InteractionDay
from loyalty_pipeline.staging.retention_spend import MANY, Spend
from loyalty_pipeline.staging.sent_referrals import SentReferral
from loyalty_pipeline.staging.survey_events import SurveyEvent
from loyalty_pipeline.staging.ticket_events import TicketEvent


class Prospect(Attributes):
    """One row per person without a line or payment before the closing whom a metric of the month may count."""

    customer_id = key("The person.")


def prospects(
    window: Window,
    customer_state: dy.LazyFrame[CustomerState],
    loyalty_state: dy.LazyFrame[LoyaltyState],
    advocate_state: dy.LazyFrame[AdvocateState],
    survey_events: PeriodMonths[SurveyEvent],
    sent_referrals: PeriodMonths[SentReferral],
    interaction_days: PeriodMonths[InteractionDay],
    ticket_events: PeriodMonths[TicketEvent],
    retention_spend: PeriodMonths[Spend],
    customer_origins: Through[CustomerOrigin],
    later_origins: Later[CustomerOrigin],
    attribute_changes: Through[AttributeChange],
) -> dy.LazyFrame[Prospect]:
    """Whoever is in a programme, or in an event of the longest period that closes here, by what was known at the closing."""
    _, closing = window.bounds
    since = min(period.start for period in window.periods)
    events = (survey_events, sent_referrals, interaction_days, ticket_events, retention_spend)
    named = [loyalty_state, advocate_state, *(table.since(since) for table in events)]
    met = (
        pl.concat(rows.select("customer_id") for rows in named)
        .filter(pl.col("customer_id") != MANY)
        .join(customer_state.select("customer_id"), on="customer_id", how="anti")
        .unique()
        .sort("customer_id")
        .collect()
    )
    if met.is_empty():
        return Prospect.create_empty(lazy=True)
    changes = attribute_changes.filter(pl.col("updated_at") < closing).join(
        met.lazy(), on="customer_id", how="semi"
    )
    return changed(first_known(met, customer_origins, later_origins), changes).pipe(Prospect.cast)
