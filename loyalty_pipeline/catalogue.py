"""Every table of the lake, in an order in which they can be computed: a new table is a new line here."""

from loyalty_pipeline.lake.specification import Specification, TableFunction, specify
from loyalty_pipeline.metrics.advocacy_revenue import advocacy_revenue
from loyalty_pipeline.metrics.churn import churn
from loyalty_pipeline.metrics.clv import clv
from loyalty_pipeline.metrics.cohort_retention import cohort_retention
from loyalty_pipeline.metrics.customer_retention import customer_retention
from loyalty_pipeline.metrics.mrr_growth import mrr_growth
from loyalty_pipeline.months.attribute_changes import attribute_changes
from loyalty_pipeline.months.cohorts import cohort_members, cohort_months, cohort_sums
from loyalty_pipeline.months.currency_months import currency_months
from loyalty_pipeline.months.customer_months import customer_months
from loyalty_pipeline.months.customer_periods import customer_periods
from loyalty_pipeline.months.customer_revenue import customer_revenue, customer_value
from loyalty_pipeline.months.customer_state import customer_state
from loyalty_pipeline.months.line_starts import line_starts, renewals
from loyalty_pipeline.months.line_state import line_state
from loyalty_pipeline.months.purchase_histories import purchase_histories, spend_histories
from loyalty_pipeline.months.purchase_models import clv_fits, customer_residuals
from loyalty_pipeline.months.segment_periods import segment_periods, segment_sums
from loyalty_pipeline.months.value_sums import value_sums
from loyalty_pipeline.sources.catalogue import RAW_TABLES
from loyalty_pipeline.staging.advocacy import advocacy
from loyalty_pipeline.staging.customers import customer_changes, customer_origins
from loyalty_pipeline.staging.fx_rates import daily_rates, first_rates
from loyalty_pipeline.staging.invoices import billed_invoices
from loyalty_pipeline.staging.merges import merges
from loyalty_pipeline.staging.met_merges import met_merges
from loyalty_pipeline.staging.payments import payments
from loyalty_pipeline.staging.recurring_lines import recurring_lines

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
    customer_residuals,
    value_sums,
]
METRICS: list[TableFunction] = [
    churn,
    customer_retention,
    mrr_growth,
    cohort_retention,
    clv,
    advocacy_revenue,
]
PUBLISHED = [*METRICS, clv_fits]


def tables() -> dict[str, Specification]:
    """The tables by name."""
    return specify([*STAGING, *MONTHS, *METRICS], dict(RAW_TABLES))
