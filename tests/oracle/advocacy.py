"""Referrals that count, and who is whose advocate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .local_time import plus_months, to_instant, to_local
from .records import Raw, current

if TYPE_CHECKING:
    from datetime import datetime

    from .customers import Customers
    from .policy import Policy


@dataclass(frozen=True)
class Advocacy:
    """A referred customer's one advocate."""

    advocate_id: str
    converted_at: datetime
    window_end: datetime
    referral_id: str


def advocates(raw: Raw, policy: Policy, customers: Customers, as_of_at: datetime) -> dict[str, Advocacy]:
    """Return referred customer -> the advocate of its earliest conversion, ties by smallest referral."""
    found: dict[str, Advocacy] = {}
    rows = [row for row in current(raw, "referrals", "referral_id") if row.get("converted_at") is not None]
    for row in sorted(rows, key=lambda row: (row["converted_at"], row["referral_id"])):
        if row.get("referred_customer_id") is None or row["converted_at"] >= as_of_at:
            continue
        advocate, referred = (customers.root(row[f"{role}_customer_id"]) for role in ("advocate", "referred"))
        created_at = customers.created_at(advocate)
        if advocate == referred or created_at is None or created_at >= row["converted_at"]:
            continue
        local_end = plus_months(to_local(row["converted_at"], policy.zone), policy.advocacy_window_months)
        advocacy = Advocacy(
            advocate, row["converted_at"], to_instant(local_end, policy.zone), row["referral_id"]
        )
        found.setdefault(referred, advocacy)
    return found


def is_direct(customer_id: str, at: datetime, found: dict[str, Advocacy]) -> bool:
    """Revenue of a referred customer inside its window."""
    advocacy = found.get(customer_id)
    return advocacy is not None and advocacy.converted_at <= at < advocacy.window_end


def is_downstream(customer_id: str, found: dict[str, Advocacy], depth: int) -> bool:
    """Whether the customer's advocate was itself referred, earlier."""
    advocacy = found[customer_id]
    upstream = found.get(advocacy.advocate_id)
    return depth >= 1 and upstream is not None and upstream.converted_at < advocacy.converted_at
