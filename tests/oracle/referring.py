"""Referrals sent in a period, and what has come of them by the as-of."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from .exact import middle, share
from .local_time import elapsed
from .segments import Fact, Rows, cut

if TYPE_CHECKING:
    from .events import Events
    from .periods import Period
    from .records import Row

DAY = 86_400_000_000


def referrals(events: Events) -> Rows:
    """Return the table; the customer is the advocate."""
    if not events.landed("referrals"):
        return []

    def of(period: Period) -> list[Fact]:
        sent = [row for row in invitations(events) if events.is_in(period, row["sent_at"])]
        return events.of_customers(period, [(row["advocate"], row) for row in sent])

    return cut(events.company, of, lambda _, rows: measures(rows))


def invitations(events: Events) -> list[Row]:
    """Return referrals with advocate and referred after merges, and the conversion if it has happened."""
    return [
        row
        | {
            "advocate": events.root(row["advocate_customer_id"]),
            "referred": events.root(row.get("referred_customer_id")),
            "converted_at": events.known(row.get("converted_at")),
        }
        for row in events.happened("referrals", "referral_id", "sent_at")
    ]


def is_self_referral(row: Row) -> bool:
    """Whoever refers themselves refers nobody."""
    return bool(row["advocate"] == row["referred"])


def days_to_convert(row: Row) -> Fraction:
    """Return the days from sending to conversion; a conversion before it took no time."""
    return max(elapsed(row["sent_at"], row["converted_at"]), Fraction(0)) / DAY


def measures(rows: list[Row]) -> dict[str, Any]:
    """Count invitations and the advocates behind them."""
    others = [row for row in rows if not is_self_referral(row)]
    converted = [row for row in others if row["converted_at"] is not None]
    sending = len({row["advocate"] for row in others})
    converting = len({row["advocate"] for row in converted})
    return {
        "sent": len(others),
        "converted": len(converted),
        "sending_advocates": sending,
        "converting_advocates": converting,
        "self_referrals": len(rows) - len(others),
        "median_days_to_convert": middle([days_to_convert(row) for row in converted]),
        **share("referral_conversion_rate", len(converted), len(others)),
        **share("advocacy_conversion_rate", converting, sending),
    }
