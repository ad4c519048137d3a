"""The raw tables' columns and types, and the way from the simulation's integers to them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from loyalty_pipeline.demo.clock import NEVER, Ints
from loyalty_pipeline.demo.exact import UNIT

TS = pl.Datetime("us", "UTC")
MONEY = pl.Decimal(18, 4)
ID = TEXT = pl.String
INT, NUM, FLAG, DAY = pl.Int64, pl.Float64, pl.Boolean, pl.Date
Schema = dict[str, Any]
_CHANGES: Schema = {"updated_at": TS, "deleted_at": TS}


def _texts(*names: str) -> Schema:
    return dict.fromkeys(names, pl.String)


def _instants(*names: str) -> Schema:
    return dict.fromkeys(names, TS)


_PRICE: Schema = {"interval": TEXT, "interval_count": INT}
_DISCOUNT: Schema = {"discount": MONEY, "discount_kind": TEXT}

SCHEMAS: dict[str, Schema] = {
    "customers": _texts("customer_id") | _instants("created_at")
    | _texts("name", "email", "country", "region", "language", "customer_segment", "acquisition_channel")
    | {"birth_year": INT, "merged_into_customer_id": ID},
    "survey_responses": _texts("response_id", "customer_id", "survey", "touchpoint")
    | {"scale_min": INT, "scale_max": INT, "score": INT}
    | _texts("comment", "language") | _instants("sent_at", "responded_at"),
    "referrals": _texts("referral_id", "advocate_customer_id", "referred_customer_id", "channel")
    | _instants("sent_at", "converted_at"),
    "interactions": _texts("interaction_id", "customer_id", "channel") | _instants("started_at")
    | {"duration_seconds": INT, "actions": INT},
    "support_tickets": _texts("ticket_id", "customer_id", "topic")
    | _instants("opened_at", "first_response_at", "resolved_at") | {"contacts": INT},
    "loyalty_events": _texts("event_id", "customer_id", "kind") | {"points": INT} | _instants("occurred_at"),
    "advocacy_activities": _texts("activity_id", "customer_id", "kind") | _instants("occurred_at"),
    "retention_costs": {"cost_id": ID, "incurred_on": DAY, "programme": TEXT, "amount": MONEY}
    | _texts("currency", "customer_segment", "customer_id"),
    "plans": _texts("plan_id", "name") | {"amount": MONEY, "currency": TEXT} | _PRICE,
    "subscriptions": _texts("subscription_id", "customer_id", "plan_id", "status")
    | _instants("started_at", "trial_ends_at", "cancelled_at", "ended_at") | _texts("cancel_reason"),
    "subscription_items": _texts("item_id", "subscription_id", "customer_id", "plan_id", "status")
    | {"quantity": NUM, "amount": MONEY} | _DISCOUNT | _texts("currency") | _PRICE
    | _instants("starts_at", "ends_at"),
    "invoices": _texts("invoice_id", "customer_id", "subscription_id", "status")
    | _instants("issued_at", "due_at", "paid_at") | {"currency": TEXT, "total": MONEY},
    "invoice_lines": _texts("line_id", "invoice_id", "subscription_id", "plan_id", "kind")
    | {"quantity": NUM, "amount": MONEY} | _DISCOUNT | {"tax": MONEY}
    | _instants("period_start", "period_end") | _PRICE | {"proration": FLAG},
    "refunds": {"refund_id": ID, "invoice_id": ID, "amount": MONEY, "currency": TEXT, "refunded_at": TS,
                "reason": TEXT},
    "fx_rates": {"rate_date": DAY, "currency": TEXT, "rate": NUM},
    "social_posts": _texts("post_id", "platform", "kind", "author_handle", "customer_id")
    | _instants("posted_at") | dict.fromkeys(("likes", "shares", "comments", "reach"), INT)
    | {"sentiment": NUM, "language": TEXT, "text": TEXT},
}  # fmt: skip
SCHEMAS = {table: columns | _CHANGES for table, columns in SCHEMAS.items()}


def identifiers(prefix: str, numbers: Ints) -> pl.Series:
    """Opaque ids from numbers; null where the number is negative."""
    number = pl.Series("number", numbers)
    padded = pl.format(prefix + "_{}", pl.col("number").cast(pl.String).str.zfill(8))
    return number.to_frame().select(pl.when(pl.col("number") >= 0).then(padded)).to_series()


def labels(values: Sequence[str | None], codes: Ints) -> pl.Series:
    """Texts from their codes."""
    return pl.Series(values, dtype=pl.String).gather(codes)


def instants(at: Ints) -> pl.Series:
    """Timestamps from seconds; null where the instant never comes."""
    second = pl.Series("second", at)
    stamp = (pl.col("second") * 1_000_000).cast(TS)
    return second.to_frame().select(pl.when(pl.col("second") < int(NEVER)).then(stamp)).to_series()


def money(amount: Ints) -> pl.Series:
    """Decimals from ten-thousandths."""
    return (pl.Series("amount", amount).cast(MONEY) / UNIT).cast(MONEY)


def shaped(
    table: str, columns: Mapping[str, pl.Series | npt.NDArray[Any] | str | int | bool | None]
) -> pl.DataFrame:
    """A raw table from its columns: scalars are repeated, what the contract has besides is null."""
    height = next(len(values) for values in columns.values() if isinstance(values, pl.Series | np.ndarray))
    frame = pl.DataFrame({name: pl.Series(values) for name, values in columns.items()
                          if isinstance(values, pl.Series | np.ndarray)}, height=height)  # fmt: skip
    constants = {n: v for n, v in columns.items() if not isinstance(v, pl.Series | np.ndarray)}
    return frame.select(
        (pl.col(name) if name in frame.columns else pl.lit(constants.get(name))).cast(dtype).alias(name)
        for name, dtype in SCHEMAS[table].items()
    )
