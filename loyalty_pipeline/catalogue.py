"""Every table of the lake, in an order in which they can be computed: a new table is a new line here."""

from loyalty_pipeline.lake.specification import Specification, TableFunction, specify
from loyalty_pipeline.metrics.advocacy_adoption import advocacy_adoption
from loyalty_pipeline.metrics.advocacy_revenue import advocacy_revenue
from loyalty_pipeline.metrics.advocates import advocates
from loyalty_pipeline.metrics.ces import ces
from loyalty_pipeline.metrics.churn import churn
from loyalty_pipeline.metrics.churn_drivers import churn_drivers
from loyalty_pipeline.metrics.churn_reasons import churn_reasons
from loyalty_pipeline.metrics.clv import clv
from loyalty_pipeline.metrics.clv_backtests import clv_backtests
from loyalty_pipeline.metrics.cohort_retention import cohort_retention
from loyalty_pipeline.metrics.csat import csat
from loyalty_pipeline.metrics.customer_clv import customer_clv
from loyalty_pipeline.metrics.customer_retention import customer_retention
from loyalty_pipeline.metrics.emerging.advocacy_index import advocacy_index
from loyalty_pipeline.metrics.emerging.emotional_loyalty import emotional_loyalty
from loyalty_pipeline.metrics.engagement import engagement
from loyalty_pipeline.metrics.loyalty_program import loyalty_program
from loyalty_pipeline.metrics.mrr_growth import mrr_growth
from loyalty_pipeline.metrics.nps import nps
from loyalty_pipeline.metrics.referrals import referrals
from loyalty_pipeline.metrics.repeat_purchase import repeat_purchase
from loyalty_pipeline.metrics.retention_cost import retention_cost
from loyalty_pipeline.metrics.signal_lift import signal_lift
from loyalty_pipeline.metrics.social_engagement import social_engagement
from loyalty_pipeline.metrics.support_performance import support_performance
from loyalty_pipeline.metrics.win_back import win_back
from loyalty_pipeline.months.advocate_credits import advocate_credits
from loyalty_pipeline.months.advocate_state import advocate_state
from loyalty_pipeline.months.attribute_changes import attribute_changes
from loyalty_pipeline.months.cohorts import cohort_members, cohort_months, cohort_sums
from loyalty_pipeline.months.currency_months import currency_months
from loyalty_pipeline.months.customer_cells import customer_cells
from loyalty_pipeline.months.customer_months import customer_months
from loyalty_pipeline.months.customer_periods import customer_periods
from loyalty_pipeline.months.customer_residuals import customer_residuals
from loyalty_pipeline.months.customer_revenue import customer_revenue, customer_value
from loyalty_pipeline.months.customer_signals import customer_signals
from loyalty_pipeline.months.customer_state import customer_state
from loyalty_pipeline.months.departures import departures
from loyalty_pipeline.months.engagement_sums import engagement_sums
from loyalty_pipeline.months.lapsed_sums import lapsed_sums
from loyalty_pipeline.months.line_starts import line_starts, renewals
from loyalty_pipeline.months.line_state import line_state
from loyalty_pipeline.months.loyalty_state import loyalty_state
from loyalty_pipeline.months.member_sums import member_sums
from loyalty_pipeline.months.prospects import prospects
from loyalty_pipeline.months.purchase_gaps import purchase_gaps, purchasers
from loyalty_pipeline.months.purchase_histories import purchase_histories, spend_histories
from loyalty_pipeline.months.purchase_models import clv_fits
from loyalty_pipeline.months.purchase_sums import purchase_sums
from loyalty_pipeline.months.reason_sums import reason_sums
from loyalty_pipeline.months.retention_fits import retention_fits
from loyalty_pipeline.months.segment_periods import segment_periods, segment_sums
from loyalty_pipeline.months.signal_sums import signal_sums
from loyalty_pipeline.months.spells import spells, tenure_sums, tenures
from loyalty_pipeline.months.survey_sums import survey_sums
from loyalty_pipeline.months.value_sums import value_sums
from loyalty_pipeline.scorecard.scorecard import scorecard
from loyalty_pipeline.scorecard.scores import scores
from loyalty_pipeline.sources.catalogue import RAW_TABLES
from loyalty_pipeline.staging.advocacy import advocacy
from loyalty_pipeline.staging.advocacy_acts import advocacy_acts
from loyalty_pipeline.staging.advocacy_chains import advocacy_chains
from loyalty_pipeline.staging.customers import customer_changes, customer_origins
from loyalty_pipeline.staging.event_merges import event_merges
from loyalty_pipeline.staging.fx_rates import daily_rates, first_rates
from loyalty_pipeline.staging.interaction_days import interaction_days
from loyalty_pipeline.staging.invoices import billed_invoices
from loyalty_pipeline.staging.loyalty_moves import loyalty_moves
from loyalty_pipeline.staging.merges import merges
from loyalty_pipeline.staging.met_merges import met_merges
from loyalty_pipeline.staging.payments import payments
from loyalty_pipeline.staging.posts import posts
from loyalty_pipeline.staging.purchases import purchases
from loyalty_pipeline.staging.recurring_lines import recurring_lines
from loyalty_pipeline.staging.retention_spend import retention_spend
from loyalty_pipeline.staging.sent_referrals import sent_referrals
from loyalty_pipeline.staging.subscription_ends import subscription_ends
from loyalty_pipeline.staging.survey_events import survey_events
from loyalty_pipeline.staging.ticket_events import ticket_events

STAGING: list[TableFunction] = [
    merges,
    met_merges,
    billed_invoices,
    recurring_lines,
    payments,
    customer_origins,
    customer_changes,
    advocacy,
    first_rates,
    daily_rates,
]
EVENTS: list[TableFunction] = [
    event_merges,
    survey_events,
    sent_referrals,
    interaction_days,
    ticket_events,
    loyalty_moves,
    advocacy_acts,
    advocacy_chains,
    retention_spend,
    posts,
    purchases,
    subscription_ends,
]
MONTHS: list[TableFunction] = [
    line_starts,
    renewals,
    line_state,
    currency_months,
    customer_months,
    attribute_changes,
    customer_state,
    customer_revenue,
    customer_value,
    customer_periods,
    segment_sums,
    segment_periods,
    cohort_members,
    cohort_sums,
    cohort_months,
    purchase_histories,
    spend_histories,
    clv_fits,
    spells,
    tenure_sums,
    tenures,
    retention_fits,
    customer_residuals,
    value_sums,
    loyalty_state,
    advocate_state,
    prospects,
    customer_cells,
    survey_sums,
    purchasers,
    purchase_gaps,
    departures,
    advocate_credits,
    customer_signals,
    lapsed_sums,
    reason_sums,
    signal_sums,
    purchase_sums,
    engagement_sums,
    member_sums,
]
METRICS: list[TableFunction] = [
    churn,
    customer_retention,
    mrr_growth,
    win_back,
    cohort_retention,
    churn_reasons,
    churn_drivers,
    signal_lift,
    clv,
    customer_clv,
    clv_backtests,
    repeat_purchase,
    retention_cost,
    advocacy_revenue,
    referrals,
    advocates,
    advocacy_adoption,
    loyalty_program,
    nps,
    csat,
    ces,
    engagement,
    social_engagement,
    support_performance,
    advocacy_index,
    emotional_loyalty,
]
SCORECARD: list[TableFunction] = [scores, scorecard]
PUBLISHED = [*METRICS, scorecard, clv_fits, retention_fits]


def tables() -> dict[str, Specification]:
    """The tables by name."""
    return specify([*STAGING, *EVENTS, *MONTHS, *METRICS, *SCORECARD], dict(RAW_TABLES))
