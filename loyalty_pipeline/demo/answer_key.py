"""The answer key: published tables counted from the simulation's own states.

It is counted before any raw row is written and before the mess is added, and shares no code with the
pipeline. There is one key for each `mrr_source`: they agree, but for trials and pauses, which only
subscription items know. It holds for the default settings: time zone UTC, reporting currency EUR, a renewal
grace of 3 days, delinquency after 30, an MRR floor of 0.50, an advocacy window of 12 months.
"""

import polars as pl

from loyalty_pipeline.demo.key_cohorts import cohort_retention
from loyalty_pipeline.demo.key_periods import first_month
from loyalty_pipeline.demo.key_states import Simulation, count_states, revenue_events
from loyalty_pipeline.demo.key_tables import MEASURES, period_sums, period_table

MRR_SOURCES = ("subscription_items", "invoice_lines")
Key = dict[str, dict[str, pl.DataFrame]]


def answer_key(simulation: Simulation) -> Key:
    """For each source of MRR the tables churn, customer_retention, mrr_growth, advocacy_revenue, cohort_retention."""
    states, events = count_states(simulation), revenue_events(simulation)
    with_trials = period_sums(simulation, states, events, first_month(simulation, simulation.horizon))
    cohorts = cohort_retention(simulation, states, events)
    sums = {
        "subscription_items": with_trials,
        "invoice_lines": with_trials.with_columns(trial_mrr=pl.lit(0), paused_customers=pl.lit(0)),
    }
    return {
        source: {table: period_table(table, sums[source]) for table in MEASURES}
        | {"cohort_retention": cohorts}
        for source in MRR_SOURCES
    }
