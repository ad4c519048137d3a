"""Invoices: what was billed, to whom, and what became of it by the as-of."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import Table, choice, exact, identifier, instant, key
from loyalty_pipeline.periods import instant_literal
from loyalty_pipeline.reads import CountedUntil
from loyalty_pipeline.sources import billing
from loyalty_pipeline.staging.merges import merged
from loyalty_pipeline.staging.met_merges import MetMerge
from loyalty_pipeline.staging.versions import current

COUNTED = ("open", "paid", "uncollectible")


class BilledInvoice(Table):
    """One row per invoice that counts: neither a draft nor void, and issued before the as-of."""

    invoice_id = key("The invoice.")
    customer_id = identifier("The customer, after merges.")
    status = choice("Its state at the as-of.", COUNTED)
    currency = identifier("The currency of its amounts.")
    total = exact("What it asks for.", of="currency of the invoice")
    issued_at = instant("When it was issued.")
    paid_at = instant("When it was paid; null while it is not.", nullable=True)
    cut_at = instant("When service for which nobody paid stops counting; null once paid.", nullable=True)


def billed_invoices(
    invoices: dy.LazyFrame[billing.Invoice],
    met_merges: dy.LazyFrame[MetMerge],
    counted_until: CountedUntil,
    delinquency_days: int,
) -> dy.LazyFrame[BilledInvoice]:
    """Drafts and void invoices never count. A payment at or after the as-of has not happened: its invoice is open.

    A paid invoice without `paid_at` was paid when it was issued. An unpaid one stops counting
    `delinquency_days` of 24 hours after `due_at`, or after `issued_at` where that is null.
    """
    until = instant_literal(counted_until)
    paid_at = pl.coalesce("paid_at", "issued_at")
    is_paid = (pl.col("status") == "paid") & (paid_at < until)
    still = pl.when(pl.col("status") == "paid").then(pl.lit("open")).otherwise("status")
    return (
        current(invoices, "invoice_id")
        .filter(pl.col("status").is_in(COUNTED), pl.col("issued_at") < until)
        .pipe(merged, met_merges)
        .with_columns(
            status=pl.when(is_paid).then(pl.lit("paid")).otherwise(still),
            paid_at=pl.when(is_paid).then(paid_at),
            cut_at=pl.when(~is_paid).then(
                pl.coalesce("due_at", "issued_at") + pl.duration(days=delinquency_days)
            ),
        )
        .pipe(BilledInvoice.cast)
    )
