"""What the billing system promises: plans, subscriptions, invoices and the rates between currencies."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import choice, day, exact, flag, identifier, instant, key, number, text, whole
from loyalty_pipeline.sources.crm import CUSTOMER
from loyalty_pipeline.sources.raw import INTERVALS, ROW_CURRENCY, RawTable, currency

PLAN = "plans.plan_id"
SUBSCRIPTION = "subscriptions.subscription_id"
INVOICE = "invoices.invoice_id"
INVOICE_CURRENCY = "major units of the invoice's currency"
DISCOUNT_KINDS = ("once", "repeating", "forever")


class Plan(RawTable):
    """One row is one price at which something is sold again and again."""

    system = "billing"
    is_optional = True
    month_of = "updated_at"

    plan_id = key("The plan.")
    name = text("The plan's name.")
    amount = exact("The list price of one interval, without tax.", of=ROW_CURRENCY)
    currency = currency("The currency of the amount.")
    interval = choice("The unit of the billing interval.", INTERVALS)
    interval_count = whole("How many of these units make one interval.", unit="intervals", min=1)


class Subscription(RawTable):
    """One row is one agreement of a customer to pay again and again."""

    system = "billing"
    is_optional = True
    month_of = "started_at"

    subscription_id = key("The subscription.")
    customer_id = identifier("The customer who subscribed.", references=CUSTOMER)
    plan_id = identifier("The plan subscribed to.", references=PLAN, nullable=True)
    status = text("The state that the billing system shows, in its own words.")
    started_at = instant("When the subscription started.", event=True)
    trial_ends_at = instant("When the trial ends; null without one.", nullable=True)
    cancelled_at = instant("When the customer asked for its end.", nullable=True)
    ended_at = instant("When it ended; null while it runs.", nullable=True)
    cancel_reason = text("Why it was cancelled.", nullable=True)


class SubscriptionItem(RawTable):
    """One row is one state of one position of a subscription, from one instant to the next."""

    system = "billing"
    is_optional = True
    month_of = "starts_at"

    item_id = key("The state of the position.")
    subscription_id = identifier("The subscription it is part of.", references=SUBSCRIPTION)
    customer_id = identifier("The customer who subscribed.", references=CUSTOMER)
    plan_id = identifier("The plan of the position.", references=PLAN, nullable=True)
    status = choice("The state.", ("trialing", "active", "past_due", "paused"))
    quantity = number("Units subscribed to.", unit="units of the plan", min=0)
    amount = exact("For one interval and the whole quantity, net of discount, without tax.", of=ROW_CURRENCY)
    discount = exact("What was taken off to reach the amount.", of=ROW_CURRENCY)
    discount_kind = choice("How long the discount lasts; null without one.", DISCOUNT_KINDS, nullable=True)
    currency = currency("The currency of the amounts.")
    interval = choice("The unit of the billing interval.", INTERVALS)
    interval_count = whole("How many of these units make one interval.", unit="intervals", min=1)
    starts_at = instant("When the state began.", event=True)
    ends_at = instant("When the next state took over; null while this one runs.", nullable=True)


class Invoice(RawTable):
    """One row is one request for payment. Its lines say what for."""

    system = "billing"
    month_of = "issued_at"

    invoice_id = key("The invoice.")
    customer_id = identifier("The customer billed.", references=CUSTOMER)
    subscription_id = identifier("The subscription billed.", references=SUBSCRIPTION, nullable=True)
    status = choice("How far it has come.", ("draft", "open", "paid", "void", "uncollectible"))
    issued_at = instant("When it was issued.", event=True)
    due_at = instant("When payment is due; null where it is due when issued.", nullable=True)
    paid_at = instant("When it was paid.", nullable=True, event=True)
    currency = currency("The currency of the invoice and of its lines.")
    total = exact("What was to be paid, with tax.", of=ROW_CURRENCY)


class InvoiceLine(RawTable):
    """One row is one position of an invoice: a service period, a use or a thing sold once."""

    system = "billing"
    filed_with = "invoices"

    line_id = key("The position.")
    invoice_id = identifier("The invoice it stands on.", references=INVOICE)
    subscription_id = identifier("The subscription billed.", references=SUBSCRIPTION, nullable=True)
    plan_id = identifier("The plan billed.", references=PLAN, nullable=True)
    kind = choice("What is billed.", ("recurring", "usage", "one_off"))
    quantity = number("Units billed; a credit may take units back.", unit="units of the plan")
    amount = exact("Net of discount, without tax; negative for a credit.", of=INVOICE_CURRENCY)
    discount = exact("What was taken off to reach the amount.", of=INVOICE_CURRENCY)
    discount_kind = choice("How long the discount lasts; null without one.", DISCOUNT_KINDS, nullable=True)
    tax = exact("The tax on the amount.", of=INVOICE_CURRENCY)
    period_start = instant("When the service billed begins.", nullable=True)
    period_end = instant("When the service billed ends.", nullable=True)
    interval = choice("The unit of the billing interval; null where unknown.", INTERVALS, nullable=True)
    interval_count = whole(
        "How many of these units make one interval; null counts as 1.", unit="intervals", min=1, nullable=True
    )
    proration = flag("Whether the amount is for a part of an interval.")

    @dy.rule()
    def period_ends_after_it_starts(cls) -> pl.Expr:
        """A service period of no length, or a negative one, has no MRR to compute."""
        return pl.col("period_end") > pl.col("period_start")

    @dy.rule()
    def recurring_line_has_a_period(cls) -> pl.Expr:
        """Without both ends nobody knows when the customer was served."""
        has_period = pl.col("period_start").is_not_null() & pl.col("period_end").is_not_null()
        return (pl.col("kind") != "recurring") | has_period


class Refund(RawTable):
    """One row is one payment given back."""

    system = "billing"
    is_optional = True
    filed_with = "invoices"

    refund_id = key("The refund.")
    invoice_id = identifier("The invoice whose payment was given back.", references=INVOICE)
    amount = exact("What was given back, without tax; positive.", of=ROW_CURRENCY)
    currency = currency("The currency of the amount.")
    refunded_at = instant("When it was given back.", event=True)
    reason = text("Why it was given back.", nullable=True)

    @dy.rule()
    def amount_is_positive(cls) -> pl.Expr:
        """A negative refund would be revenue, and none is no refund."""
        return pl.col("amount") > 0


class FxRate(RawTable):
    """One row is the rate of one currency on one day. Optional while every amount is in the reporting currency."""

    system = "billing"
    is_optional = True
    month_of = "rate_date"

    rate_date = day("The day of the rate.", key=True)
    currency = currency("The currency converted from.", key=True)
    rate = number(
        "Units of the reporting currency for one unit.",
        unit="reporting currency / unit of currency",
        min_exclusive=0,
    )
