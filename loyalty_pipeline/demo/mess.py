"""The mess of real sources, added to the raw tables after the answer key was counted.

Every kind leaves the key's numbers as they are, once its rows are told apart:

- `duplicates`: one row in two hundred stands there twice, exactly.
- `stale_versions`: beside some rows stands an older version of them, with an earlier `updated_at`. Versions of
  customers differ in the name only, so nobody's history changes.
- `bad_rows`: rows that break a rule of the contract, under new keys; nothing true is lost.
- `email_variants`: other case and white space in the e-mail addresses of one customer in twenty.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from loyalty_pipeline.demo.frames import SCHEMAS

Tables = dict[str, pl.DataFrame]
DUPLICATES, STALE_VERSIONS, BAD_ROWS, EMAIL_VARIANTS = (
    "duplicates",
    "stale_versions",
    "bad_rows",
    "email_variants",
)
ALL_MESS = frozenset({DUPLICATES, STALE_VERSIONS, BAD_ROWS, EMAIL_VARIANTS})

_DUPLICATE_SHARE = 0.005
_STALE_SHARE = 0.01
_EMAIL_SHARE = 0.05
# A rule of a table is broken once in two thousand rows, and in no table of under a thousand.
_ROWS_PER_BAD_ROW = 2_000
_SMALLEST_TABLE_WITH_BAD_ROWS = 1_000
_FAR_FUTURE = datetime(2199, 1, 1, tzinfo=UTC)
_NOWHERE = "does_not_exist"
Breaks = dict[str, pl.Expr]


def _null(name: str) -> Breaks:
    return {name: pl.lit(None)}


def _value(name: str, value: object) -> Breaks:
    return {name: pl.lit(value)}


# What an older version of a row did not know yet, or knew otherwise.
_EARLIER: dict[str, Breaks] = {
    "customers": {"name": pl.col("name").str.to_uppercase()},
    "survey_responses": _null("score") | _null("responded_at"),
    "referrals": _null("converted_at"),
    "interactions": _value("actions", 0),
    "support_tickets": _null("resolved_at"),
    "loyalty_events": {"points": pl.col("points") + 5},
    "advocacy_activities": _value("kind", "invited"),
    "retention_costs": {"amount": pl.col("amount") * 2},
    "subscriptions": _value("status", "active") | _null("ended_at"),
    "subscription_items": {"amount": pl.col("amount") + 1} | _null("ends_at"),
    "invoices": _value("status", "open") | _null("paid_at"),
    "invoice_lines": {"amount": pl.col("amount") + 1},
    "refunds": {"amount": pl.col("amount") * 2},
    "fx_rates": {"rate": pl.col("rate") * 1.05},
    "social_posts": _value("likes", 0),
}

_LATE = _value("updated_at", _FAR_FUTURE)
_BACKWARDS = {"period_end": pl.col("period_start")}
_BROKEN: dict[str, list[Breaks]] = {
    "customers": [_null("customer_id"), _LATE],
    "survey_responses": [
        _null("response_id"),
        {"score": pl.col("scale_max") + 1},
        _value("customer_id", _NOWHERE),
    ],
    "referrals": [_null("referral_id"), _value("advocate_customer_id", _NOWHERE), _LATE],
    "interactions": [_value("duration_seconds", -1), _value("actions", -3), _value("channel", "telepathy")],
    "support_tickets": [_null("ticket_id"), _value("contacts", -1)],
    "loyalty_events": [_null("event_id"), _value("points", -50), _value("kind", "found")],
    "advocacy_activities": [_null("activity_id"), _value("customer_id", _NOWHERE)],
    "subscriptions": [_null("subscription_id"), _LATE],
    "subscription_items": [_null("item_id"), _value("currency", "ZZZ"), _value("status", "dreaming"), _LATE],
    "invoices": [_null("invoice_id"), _value("currency", "ZZZ"), _value("status", "lost"), _LATE],
    "invoice_lines": [
        _null("line_id"),
        _value("invoice_id", _NOWHERE),
        _BACKWARDS,
        _null("period_start"),
        _LATE,
    ],
    "refunds": [_null("refund_id"), _value("currency", "ZZZ"), _value("invoice_id", _NOWHERE)],
    "fx_rates": [_null("currency")],
    "social_posts": [_value("sentiment", 1.7), _value("reach", -1), _value("likes", -1)],
}
_NEEDS_A_PERIOD = pl.col("kind") == "recurring"


def _some(frame: pl.DataFrame, share: float, rng: np.random.Generator) -> pl.DataFrame:
    return frame[np.flatnonzero(rng.random(frame.height) < share)]


def _renewed(frame: pl.DataFrame, changes: Breaks, table: str) -> pl.DataFrame:
    return frame.with_columns(
        change.cast(SCHEMAS[table][name]).alias(name) for name, change in changes.items()
    )


def _first_versions(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Rows beside which an older version may stand: of a customer only the first, so that no change moves in time."""
    if table != "customers":
        return frame
    return frame.filter(pl.col("updated_at") == pl.col("created_at"))


def _with_stale_versions(table: str, frame: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    if table not in _EARLIER:
        return frame
    old = _renewed(_some(_first_versions(table, frame), _STALE_SHARE, rng), _EARLIER[table], table)
    minutes = pl.Series("minutes", rng.integers(1, 600, old.height)) * timedelta(minutes=1)
    return pl.concat([frame, old.with_columns(pl.col("updated_at") - minutes)])


def _with_bad_rows(table: str, frame: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    if frame.height < _SMALLEST_TABLE_WITH_BAD_ROWS:
        return frame
    key = frame.columns[0]
    usable = frame.filter(_NEEDS_A_PERIOD) if table == "invoice_lines" else frame
    parts = [frame]
    for number, rule in enumerate(_BROKEN.get(table, [])):
        rows = usable[rng.integers(0, usable.height, -(-frame.height // _ROWS_PER_BAD_ROW))]
        if key.endswith("_id"):
            rows = (
                rows.with_row_index("row")
                .with_columns(pl.format(f"bad_{number}_{{}}", "row").alias(key))
                .drop("row")
            )
        parts.append(_renewed(rows, rule, table))
    return pl.concat(parts)


def _with_duplicates(_table: str, frame: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    return pl.concat([frame, _some(frame, _DUPLICATE_SHARE, rng)])


def _with_email_variants(table: str, frame: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    if table != "customers":
        return frame
    draw = pl.Series(rng.random(frame.height) / _EMAIL_SHARE)
    variant = (
        pl.when(draw < 1 / 3).then(pl.col("email").str.to_uppercase())
        .when(draw < 2 / 3).then(" " + pl.col("email"))
        .when(draw < 1).then(pl.col("email").str.to_titlecase() + "  ")
        .otherwise("email")
    )  # fmt: skip
    return frame.with_columns(variant.alias("email"))


_KINDS: dict[str, Callable[[str, pl.DataFrame, np.random.Generator], pl.DataFrame]] = {
    EMAIL_VARIANTS: _with_email_variants,
    STALE_VERSIONS: _with_stale_versions,
    BAD_ROWS: _with_bad_rows,
    DUPLICATES: _with_duplicates,
}


def with_mess(table: str, frame: pl.DataFrame, kinds: frozenset[str], seed: int) -> pl.DataFrame:
    """A raw table with the kinds of mess that were asked for, always the same for the same seed."""
    for number, (kind, add) in enumerate(_KINDS.items()):
        if kind in kinds:
            frame = add(table, frame, np.random.default_rng([seed, number, *table.encode()]))
    return frame
