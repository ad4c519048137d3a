"""MRR of lines and of states of subscriptions by the pipeline's own rules, where a row says enough for them.

Null is unknown: something that decides the MRR cannot be read. Zero is known to be none: a line for use, a state that is
paused, an invoice that is void, a row that was deleted.
"""

import polars as pl

from loyalty_pipeline.money import EXACT, converted
from loyalty_pipeline.quarantine.landed import Landed
from loyalty_pipeline.quarantine.values import FLAWED, KEY
from loyalty_pipeline.staging.line_mrr import IN_MONTHS, with_mrr

NEVER_COUNTED = ("draft", "void")
ZERO = pl.lit(0, EXACT)
DECIDING = ("amount", "interval", "interval_count", "proration")
MEASURED = {
    KEY: pl.String(),
    "mrr": EXACT,
    "running": EXACT,
    "own_mrr": EXACT,
    "currency": pl.String(),
    "invoice_id": pl.String(),
}
"""`mrr` is in the reporting currency, `running` what of it holds at the as-of, `own_mrr` in the currency of the row."""


def mrr_of_lines(lines: pl.DataFrame, invoices: pl.DataFrame, landed: Landed) -> pl.DataFrame:
    """What each invoice line is worth a month; columns as in `MEASURED`.

    A line whose invoice nobody has, or whose invoice's state cannot be read, is taken to count; the currency of a missing
    invoice is that of all invoices, where they have one and the same.
    """
    named = invoices.select(
        "status", "currency", invoice_id=KEY, is_gone=pl.col("deleted_at").is_not_null(), is_there=True
    )
    kind, billed = pl.col("kind"), lines.join(named, on="invoice_id", how="left")
    moves_none = (
        kind.is_in(["usage", "one_off"])
        | pl.col("status").is_in(NEVER_COUNTED)
        | pl.col("is_gone")
        | pl.col("deleted_at").is_not_null()
    )
    assumed = pl.when(pl.col("is_there").is_null()).then(pl.lit(landed.only_currency, pl.String))
    stated = billed.with_columns(
        currency=pl.coalesce("currency", assumed),
        starts_at="period_start",
        ends_at="period_end",
        moves_none=moves_none.fill_null(value=False),
        is_clear=kind == "recurring",
    )
    return _measured(stated, landed)


def mrr_of_items(items: pl.DataFrame, landed: Landed) -> pl.DataFrame:
    """What each state of a subscription is worth a month; columns as in `MEASURED`."""
    moves_none = (
        pl.col("status").is_in(["trialing", "paused"])
        | (pl.col("ends_at") <= pl.col("starts_at"))
        | pl.col("deleted_at").is_not_null()
    )
    stated = items.with_columns(
        proration=pl.lit(value=False),
        invoice_id=pl.lit(None, pl.String),
        moves_none=moves_none.fill_null(value=False),
        is_clear=pl.col("status").is_in(["active", "past_due"]) & pl.col("interval").is_not_null(),
    )
    return _measured(stated, landed)


def in_reporting_currency(rows: pl.DataFrame, landed: Landed, amount: str) -> pl.DataFrame:
    """The rows with an amount of their `currency` in that of the reports: null without a rate, zero is zero in all."""
    return (
        rows.join(landed.rates, on="currency", how="left", maintain_order="left")
        .with_columns(_amount=converted(amount, "rate"))
        .with_columns(pl.when(pl.col(amount) == 0).then(ZERO).otherwise("_amount").alias("mrr"))
        .drop("_amount", "rate")
    )


def _measured(stated: pl.DataFrame, landed: Landed) -> pl.DataFrame:
    can_tell = stated.select(_can_tell()).to_series() & ~stated["moves_none"]
    # Only these columns: what the others are called must not matter to the rules.
    needed = [KEY, *DECIDING, "starts_at", "ends_at"]
    known = with_mrr(stated.filter(can_tell).select(needed).lazy(), landed.timezone).collect()
    own = pl.when("moves_none").then(ZERO).otherwise("mrr")
    valued = stated.join(known.select(KEY, "mrr"), on=KEY, how="left").with_columns(own_mrr=own).drop("mrr")
    holds = (pl.col("starts_at") < landed.as_of) & (
        pl.col("ends_at").is_null() | (pl.col("ends_at") >= landed.as_of)
    )
    running = pl.when(holds).then("mrr").when(~holds | (pl.col("mrr") == 0)).then(ZERO).alias("running")
    return in_reporting_currency(valued, landed, "own_mrr").with_columns(running).select(*MEASURED)


def _can_tell() -> pl.Expr:
    interval, count = pl.col("interval"), pl.col("interval_count")
    has_span = (pl.col("ends_at") > pl.col("starts_at")).fill_null(value=False)
    needs_span = interval.is_null() | pl.col("proration")
    return (
        pl.col("is_clear").fill_null(value=False)
        & pl.col("amount").is_not_null()
        & (interval.is_null() | interval.is_in(list(IN_MONTHS)))
        & (count.is_null() | (count >= 1))
        & (pl.col(FLAWED).list.set_intersection(pl.lit(list(DECIDING))).list.len() == 0)
        & pl.col("proration").is_not_null()
        & (~needs_span | has_span)
    )
