"""Purchases: paid invoices that ask for something."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import Sharded, day, instant, key
from loyalty_pipeline.periods import local
from loyalty_pipeline.reads import ByMonth
from loyalty_pipeline.staging.invoices import BilledInvoice


class Purchase(Sharded):
    """One row per paid invoice with a positive total."""

    month = day("The month it was paid in.", key=True)
    customer_id = key("The customer, after merges.")
    invoice_id = key("The invoice.")
    paid_at = instant("When it was paid.")
    paid_on = day("The local day of that.")


def purchases(billed_invoices: dy.LazyFrame[BilledInvoice], timezone: str) -> ByMonth[Purchase]:
    """Paid invoices by `paid_at`; what is given away for nothing, and credit notes, are no purchases."""
    return (
        billed_invoices.filter(pl.col("status") == "paid", pl.col("total") > 0)
        .with_columns(paid_on=local("paid_at", timezone).dt.date())
        .with_columns(month=pl.col("paid_on").dt.month_start())
        .pipe(Purchase.cast)
    )
