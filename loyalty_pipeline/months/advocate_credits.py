"""Advocate credits: whose referrals brought the revenue of a month."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import Table, exact, key
from loyalty_pipeline.money import total
from loyalty_pipeline.months.customer_revenue import CustomerRevenue
from loyalty_pipeline.periods import Window
from loyalty_pipeline.reads import Whole
from loyalty_pipeline.staging.advocacy_chains import AdvocacyChain


class AdvocateCredit(Table):
    """One row per customer credited with revenue of others in the month."""

    customer_id = key("The advocate.")
    direct_revenue = exact("Advocacy revenue of the customers it brought.")
    downstream_revenue = exact("That of customers whom these brought, and so on up the chain.")


def advocate_credits(
    window: Window, customer_revenue: dy.LazyFrame[CustomerRevenue], advocacy_chains: Whole[AdvocacyChain]
) -> dy.LazyFrame[AdvocateCredit]:
    """Each amount is credited once to the one advocate of who paid it, and in full to every earlier one up the chain."""
    paid = customer_revenue.filter("has_advocacy").select("customer_id", "advocacy_revenue")
    is_direct = pl.col("step") == 0
    return (
        paid.join(advocacy_chains, on="customer_id")
        .group_by(customer_id="advocate_id")
        .agg(
            direct_revenue=total(pl.col("advocacy_revenue").filter(is_direct)),
            downstream_revenue=total(pl.col("advocacy_revenue").filter(~is_direct)),
        )
        .pipe(AdvocateCredit.cast)
    )
