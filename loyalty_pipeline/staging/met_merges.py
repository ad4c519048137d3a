"""Merges met: the merged records that a month's invoices and items name.

Between all merges and the months stands this small table, so that a new merge restates the months in
which the customers concerned appear, and no others.
"""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import Table, identifier, key
from loyalty_pipeline.reads import Whole
from loyalty_pipeline.sources.billing import Invoice, SubscriptionItem
from loyalty_pipeline.staging.merges import Merge


class MetMerge(Table):
    """One row per merged customer record that the month's invoices or subscription items name."""

    record_id = key("The record that was merged.")
    customer_id = identifier("The customer it is part of.")


def met_merges(
    invoices: dy.LazyFrame[Invoice], subscription_items: dy.LazyFrame[SubscriptionItem], merges: Whole[Merge]
) -> dy.LazyFrame[MetMerge]:
    """The merges whose record appears in the month."""
    named = pl.concat([invoices.select("customer_id"), subscription_items.select("customer_id")])
    return merges.join(named, left_on="record_id", right_on="customer_id", how="semi").pipe(MetMerge.cast)
