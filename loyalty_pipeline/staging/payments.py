"""Payments: what customers paid, less what they got back, net of discount, without tax."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import Sharded, day, exact, flag, instant, key
from loyalty_pipeline.money import total
from loyalty_pipeline.periods import business_month
from loyalty_pipeline.reads import ByMonth
from loyalty_pipeline.sources.billing import Invoice, InvoiceLine, Refund
from loyalty_pipeline.staging.invoices import BilledInvoice
from loyalty_pipeline.staging.merges import merged
from loyalty_pipeline.staging.met_merges import MetMerge
from loyalty_pipeline.staging.versions import VERSION, current


class Payment(Sharded):
    """One row per customer, currency and instant at which invoices of one month were paid or refunded."""

    month = day("The month of the instant.", key=True)
    customer_id = key("The customer, after merges.")
    currency = key("The currency of the amounts.")
    occurred_at = instant("When it was paid or refunded.", key=True)
    amount = exact("Lines of the invoices paid, less refunds.", of="currency of the payment")
    purchase_amount = exact(
        "Lines of the invoices paid that are no credit notes.", of="currency of the payment"
    )
    is_purchase = flag("Was an invoice paid that is no credit note: total of zero or more?")


def payments(
    invoices: dy.LazyFrame[Invoice],
    invoice_lines: dy.LazyFrame[InvoiceLine],
    refunds: dy.LazyFrame[Refund],
    billed_invoices: dy.LazyFrame[BilledInvoice],
    met_merges: dy.LazyFrame[MetMerge],
    timezone: str,
) -> ByMonth[Payment]:
    """Lines of paid invoices by `paid_at`, less refunds by `refunded_at`. All kinds of lines are revenue."""
    paid, refunded = _paid(billed_invoices, invoice_lines), _refunded(invoices, refunds, met_merges)
    return (
        _once(pl.concat([paid, refunded]).collect())
        .with_columns(month=business_month("occurred_at", timezone))
        .pipe(Payment.cast)
    )


def _once(events: pl.DataFrame) -> pl.LazyFrame:
    # Most invoices are paid at an instant of their own: grouping them all would cost more than the rest.
    instant = ["customer_id", "currency", "occurred_at"]
    is_shared = events.select(pl.struct(instant).hash()).to_series().is_duplicated()
    sums = [total("amount"), total("purchase_amount"), pl.col("is_purchase").any()]
    shared = events.lazy().filter(is_shared).group_by(instant).agg(sums)
    return pl.concat([events.lazy().filter(~is_shared).select(shared.collect_schema().names()), shared])


def _paid(billed_invoices: pl.LazyFrame, invoice_lines: pl.LazyFrame) -> pl.LazyFrame:
    lines = invoice_lines.select("line_id", "invoice_id", "amount", *VERSION)
    amounts = current(lines, "line_id").group_by("invoice_id").agg(total("amount"))
    # What is given away for nothing is a purchase too: the published fits of CDNOW count them.
    is_purchase = pl.col("total") >= 0
    return (
        billed_invoices.filter(pl.col("status") == "paid")
        .join(amounts, on="invoice_id", how="left")
        .with_columns(pl.col("amount").fill_null(0))
        .select(
            "customer_id",
            "currency",
            "amount",
            occurred_at="paid_at",
            purchase_amount=pl.when(is_purchase).then("amount").otherwise(pl.lit(0, pl.Decimal(18, 4))),
            is_purchase=is_purchase,
        )
    )


def _refunded(invoices: pl.LazyFrame, refunds: pl.LazyFrame, met_merges: pl.LazyFrame) -> pl.LazyFrame:
    customers = current(invoices.select("invoice_id", "customer_id", *VERSION), "invoice_id")
    return (
        current(refunds, "refund_id")
        .join(customers, on="invoice_id")
        .pipe(merged, met_merges)
        .select(
            "customer_id",
            "currency",
            amount=-pl.col("amount"),
            occurred_at="refunded_at",
            purchase_amount=pl.lit(0, pl.Decimal(18, 4)),
            is_purchase=pl.lit(value=False),
        )
    )
