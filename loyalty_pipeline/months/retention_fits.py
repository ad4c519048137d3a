"""Retention fits: how likely customers are to stay on, by how long they stayed."""

from datetime import date

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import Table, count, day, number
from loyalty_pipeline.models.sbg import fit_sbg
from loyalty_pipeline.months.spells import Tenure
from loyalty_pipeline.periods import Window, months_between, plus
from loyalty_pipeline.reads import Through


class RetentionFit(Table):
    """One row per closing of a company with subscribers who came to a renewal; parameters are null where none could be fitted."""

    closes_on = day("First day after what the model knows.", key=True)
    cohorts = count("Months in which somebody's first spell began.", of="cohorts")
    customers = count("Customers whose first spell began in them.", of="customers")
    lost_customers = count("Of those, whose first spell ended.", of="customers")
    alpha = number("sBG: first shape of the chance to leave at a renewal.", unit="none", nullable=True)
    beta = number("sBG: second shape of that chance.", unit="none", nullable=True)
    log_likelihood = number("sBG: log-likelihood of the fit.", unit="nats", nullable=True)
    is_fit_at_edge = dy.Bool(nullable=True, description="Did a bound or a failed search decide a parameter?")


def retention_fits(window: Window, tenures: Through[Tenure], activity: str) -> dy.LazyFrame[RetentionFit]:
    r"""The shifted-beta-geometric fitted to first spells in complete months, by maximum likelihood on cohorts.

    .. math:: P(T = t) = \frac{B(\alpha + 1, \beta + t - 1)}{B(\alpha, \beta)}

    A renewal is a month's closing after the first: a customer first active in a month has renewed once when it is active at
    the closing of the next. A month that the as-of cuts tells of leavers only, so it waits until it is over. No row where
    customers do not subscribe. Customers are all alike here but for chance: a yearly plan makes them look loyal until it ends.
    Source: Fader & Hardie (2007), "How to project customer retention", J. Interactive Marketing 21(1).
    """
    last = last_complete(window)
    groups = renewals(tenures.filter(pl.col("month") <= last), last).collect()
    counted = groups.sort("cohort", "age", "is_lost")
    if activity == "purchases" or counted.is_empty():
        return RetentionFit.create_empty(lazy=True)
    fit = fit_sbg(counted.group_by("age", "is_lost").agg(pl.col("customers").sum()).sort("age", "is_lost"))
    row = {
        "closes_on": window.closes_on,
        "cohorts": counted["cohort"].n_unique(),
        "customers": counted["customers"].sum(),
        "lost_customers": counted.filter("is_lost")["customers"].sum(),
        "alpha": fit and fit.alpha,
        "beta": fit and fit.beta,
        "log_likelihood": fit and fit.log_likelihood,
        "is_fit_at_edge": fit and fit.at_edge,
    }
    schema = {name: column.dtype for name, column in RetentionFit.columns().items()}
    return pl.LazyFrame([row], schema=schema).pipe(RetentionFit.cast)


def last_complete(window: Window) -> date:
    """The last month that was over by the closing."""
    return window.month if window.periods[0].is_complete else plus(window.month, -1)


def renewals(tenures: pl.LazyFrame, last: date) -> pl.LazyFrame:
    """Customers by cohort, renewals survived, and whether they were lost at the next; those still there know the last month."""
    lost = tenures.filter(pl.col("left_customers") > 0).select(
        "cohort",
        age=months_between(pl.col("cohort"), pl.col("month")) - 1,
        is_lost=pl.lit(value=True),
        customers="left_customers",
    )
    left = pl.col("started_customers").sum() - pl.col("left_customers").sum()
    still = (
        tenures.group_by("cohort")
        .agg(customers=left)
        .select(
            "cohort",
            age=months_between(pl.col("cohort"), pl.lit(last)),
            is_lost=pl.lit(value=False),
            customers="customers",
        )
        .filter(pl.col("customers") > 0)
    )
    return pl.concat([lost, still])
