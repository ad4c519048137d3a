"""Recurring lines: for which span of time a customer pays how much a month, and in which states it does not."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import Sharded, choice, day, exact, identifier, instant, key
from loyalty_pipeline.periods import business_month
from loyalty_pipeline.reads import ByMonth
from loyalty_pipeline.sources.billing import InvoiceLine, SubscriptionItem
from loyalty_pipeline.staging.invoices import BilledInvoice
from loyalty_pipeline.staging.line_mrr import with_mrr
from loyalty_pipeline.staging.merges import merged
from loyalty_pipeline.staging.met_merges import MetMerge
from loyalty_pipeline.staging.versions import VERSION, current

BILLED = (
    "subscription_id",
    "plan_id",
    "kind",
    "amount",
    "period_start",
    "period_end",
    "interval",
    "interval_count",
    "proration",
)
KINDS = ("recurring", "trialing", "paused", "purchase")


class Line(Sharded):
    """What is known of a line of a recurring charge, of a state of a subscription, or of a purchase."""

    line_id = key("The invoice line, subscription item or invoice it comes from.")
    customer_id = identifier("The customer, after merges.")
    subscription_id = identifier("The subscription.", nullable=True)
    plan_id = identifier("The plan.", nullable=True)
    currency = identifier("The currency of its MRR.")
    kind = choice("Only recurring lines have MRR that counts; purchases make their customer active.", KINDS)
    starts_at = instant("When it begins to hold.")
    ends_at = instant("When it ends, not cut; null while it runs.", nullable=True)
    cut_at = instant("When it stops counting because nobody paid; null where somebody did.", nullable=True)
    mrr = exact("What it is worth a month.", of="currency of the line / month")


class RecurringLine(Line):
    """One row per line of a recurring charge, per state of a subscription, or per purchase."""

    month = day("The month it starts in.", key=True)


def recurring_lines(
    invoice_lines: dy.LazyFrame[InvoiceLine],
    subscription_items: dy.LazyFrame[SubscriptionItem],
    billed_invoices: dy.LazyFrame[BilledInvoice],
    met_merges: dy.LazyFrame[MetMerge],
    line_source: str,
    timezone: str,
    delinquency_days: int,
    activity_window_days: int,
) -> ByMonth[RecurringLine]:
    """Lines from `subscription_items`, `invoice_lines` or `purchases`, as the policy says.

    A paid invoice makes a customer active for `activity_window_days` where activity is by purchases.
    """
    if line_source == "subscription_items":
        lines = with_mrr(_items(subscription_items, delinquency_days).pipe(merged, met_merges), timezone)
    elif line_source == "invoice_lines":
        lines = with_mrr(_billed(invoice_lines, billed_invoices), timezone)
    else:
        lines = _purchases(billed_invoices, activity_window_days)
    return lines.with_columns(month=business_month("starts_at", timezone)).pipe(RecurringLine.cast)


def _billed(invoice_lines: pl.LazyFrame, billed_invoices: pl.LazyFrame) -> pl.LazyFrame:
    invoices = billed_invoices.select("invoice_id", "customer_id", "currency", "cut_at")
    return (
        current(invoice_lines.select(*VERSION, "line_id", "invoice_id", *BILLED), "line_id")
        .filter(pl.col("kind") == "recurring")
        .join(invoices, on="invoice_id")
        .rename({"period_start": "starts_at", "period_end": "ends_at"})
    )


def _items(subscription_items: pl.LazyFrame, delinquency_days: int) -> pl.LazyFrame:
    is_recurring = pl.col("status").is_in(["active", "past_due"])
    cut_at = pl.col("starts_at") + pl.duration(days=delinquency_days)
    return (
        current(subscription_items, "item_id")
        # A state without duration holds nowhere; billing systems write them when two changes coincide.
        .filter(pl.col("ends_at").is_null() | (pl.col("ends_at") > pl.col("starts_at")))
        .with_columns(
            line_id="item_id",
            kind=pl.when(is_recurring).then(pl.lit("recurring")).otherwise("status"),
            cut_at=pl.when(pl.col("status") == "past_due").then(cut_at),
            proration=pl.lit(value=False),
        )
    )


def _purchases(billed_invoices: pl.LazyFrame, activity_window_days: int) -> pl.LazyFrame:
    return billed_invoices.filter(pl.col("status") == "paid").select(
        "customer_id",
        "currency",
        line_id="invoice_id",
        subscription_id=pl.lit(None, pl.String),
        plan_id=pl.lit(None, pl.String),
        kind=pl.lit("purchase"),
        starts_at="paid_at",
        ends_at=pl.col("paid_at") + pl.duration(days=activity_window_days),
        cut_at=pl.lit(None, pl.Datetime("us", "UTC")),
        mrr=pl.lit(0),
    )
