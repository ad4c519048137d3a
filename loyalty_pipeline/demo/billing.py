"""The raw tables of the biller: plans, subscriptions, invoices, lines and refunds."""

import numpy as np
import polars as pl

from loyalty_pipeline.demo import catalogue as of
from loyalty_pipeline.demo.amounts import tax
from loyalty_pipeline.demo.clock import DAY, HOUR, NEVER, Columns, Horizon, Ints
from loyalty_pipeline.demo.exact import UNIT
from loyalty_pipeline.demo.frames import identifiers, instants, labels, money, shaped
from loyalty_pipeline.demo.invoices import STATUSES, UNCOLLECTIBLE, VOID, Billing
from loyalty_pipeline.demo.lines import KINDS
from loyalty_pipeline.demo.lives import REASONS, Lives
from loyalty_pipeline.demo.offers import TRIAL_DAYS

DISCOUNT_KINDS = [None, "once", "repeating", "forever"]
_INTERVALS = [*(plan.interval for plan in of.PLANS), None]
_COUNTS = pl.Series([*(plan.interval_count for plan in of.PLANS), None], dtype=pl.Int64)
_REFUND_REASONS = ["requested_by_customer", "duplicate", "fraudulent", None]


def plans(horizon: Horizon) -> pl.DataFrame:
    """The price list, without what is sold under no plan."""
    listed = [plan for plan in of.PLANS if plan.plan_id]
    return shaped("plans", {
        "plan_id": pl.Series([plan.plan_id for plan in listed]), "name": pl.Series([plan.name for plan in listed]),
        "amount": money(np.array([plan.price * UNIT for plan in listed])), "currency": "EUR",
        "interval": pl.Series([plan.interval for plan in listed]),
        "interval_count": pl.Series([plan.interval_count for plan in listed]),
        "updated_at": instants(np.full(len(listed), horizon.start)),
    })  # fmt: skip


def _last_plan(lives: Lives) -> Ints:
    plan = lives.subs["plan"].copy()
    # Terms are in order of time: the last assignment of a subscription stands.
    plan[lives.terms["sub"]] = lives.terms["plan_after"]
    return plan


def subscriptions(lives: Lives, horizon: Horizon) -> pl.DataFrame:
    """One row for each subscription, as it stands at the as-of."""
    subs = lives.subs
    trial_end = np.where(subs["tried"], subs["begins"] + TRIAL_DAYS * DAY, NEVER)
    ended = np.where(~subs["converts"] & (trial_end < horizon.end), trial_end, subs["ended"])
    is_paused = np.zeros(ended.size, bool)
    is_paused[lives.pauses["sub"][lives.pauses["end"] >= horizon.end]] = True
    in_trial = (trial_end < NEVER) & (trial_end >= horizon.end)
    status = np.select([ended < NEVER, in_trial, is_paused], [3, 1, 2], 0)
    updated = np.where(ended < NEVER, ended, np.where(trial_end < horizon.end, trial_end, subs["begins"]))
    reason = np.where(subs["ended"] < NEVER, subs["reason"], REASONS.index(None))
    return shaped("subscriptions", {
        "subscription_id": identifiers("sub", np.arange(ended.size)), "customer_id": identifiers("cus", subs["record"]),
        "plan_id": labels(of.PLAN_IDS, _last_plan(lives)), "started_at": instants(subs["begins"]),
        "status": labels(["active", "trialing", "paused", "canceled"], status),
        "trial_ends_at": instants(trial_end), "cancelled_at": instants(ended), "ended_at": instants(ended),
        "cancel_reason": labels(REASONS, reason), "updated_at": instants(updated),
    })  # fmt: skip


def _last_change(invoices: Columns, horizon: Horizon) -> Ints:
    issued = invoices["issued"]
    gave_up = np.where(invoices["status"] == UNCOLLECTIBLE, issued + 45 * DAY, issued)
    undone = np.where(invoices["status"] == VOID, issued + HOUR, gave_up)
    return np.minimum(horizon.end - 1, np.where(invoices["paid"] < NEVER, invoices["paid"], undone))


def invoices(billing: Billing, horizon: Horizon) -> pl.DataFrame:
    """One row for each invoice; the total is with tax."""
    invoice = billing.invoices
    return shaped("invoices", {
        "invoice_id": identifiers("in", np.arange(invoice["issued"].size)),
        "customer_id": identifiers("cus", invoice["record"]), "subscription_id": identifiers("sub", invoice["sub"]),
        "status": labels(STATUSES, invoice["status"]), "issued_at": instants(invoice["issued"]),
        "due_at": instants(invoice["due"]), "paid_at": instants(invoice["paid"]),
        "currency": labels(of.CURRENCIES, invoice["currency"]), "total": money(invoice["total"]),
        "updated_at": instants(_last_change(invoice, horizon)),
    })  # fmt: skip


def invoice_lines(billing: Billing) -> pl.DataFrame:
    """One row for each line of an invoice."""
    line = billing.lines
    return shaped("invoice_lines", {
        "line_id": identifiers("il", np.arange(line["invoice"].size)), "invoice_id": identifiers("in", line["invoice"]),
        "subscription_id": identifiers("sub", line["sub"]), "plan_id": labels(of.PLAN_IDS, line["plan"]),
        "kind": labels(KINDS, line["kind"]), "quantity": line["quantity"].astype(np.float64),
        "amount": money(line["net"]), "discount": money(line["gross"] - line["net"]),
        "discount_kind": labels(DISCOUNT_KINDS, line["discount_kind"]), "tax": money(tax(line["net"])),
        "period_start": instants(line["start"]), "period_end": instants(line["end"]),
        "interval": labels(_INTERVALS, line["interval"]), "interval_count": _COUNTS.gather(line["interval"]),
        "proration": line["proration"], "updated_at": instants(line["issued"]),
    })  # fmt: skip


def refunds(billing: Billing) -> pl.DataFrame:
    """One row for each refund."""
    refund = billing.refunds
    return shaped("refunds", {
        "refund_id": identifiers("re", np.arange(refund["at"].size)), "invoice_id": identifiers("in", refund["invoice"]),
        "amount": money(refund["amount"]), "currency": labels(of.CURRENCIES, refund["currency"]),
        "refunded_at": instants(refund["at"]), "reason": labels(_REFUND_REASONS, refund["reason"]),
        "updated_at": instants(refund["at"]),
    })  # fmt: skip
