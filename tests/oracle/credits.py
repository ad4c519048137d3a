"""Advocates: what each of them did in a period and what came of it."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from .adoption import STEPS, activities
from .advocacy import is_direct
from .exact import rounded
from .referring import invitations, is_self_referral
from .segments import Rows, in_order

if TYPE_CHECKING:
    from .events import Events
    from .periods import Period

Credits = dict[str, Any]
NOTHING = {"direct_revenue": Decimal(0), "downstream_revenue": Decimal(0)}
COUNTS = (
    "referrals_sent",
    "referrals_converted",
    "direct_revenue",
    "downstream_revenue",
    "activities",
    "posts",
    "reach",
    "reactions",
)


def advocates(events: Events) -> Rows:
    """Return one row for each advocate and period with anything that is not zero."""
    if not events.landed("referrals", "advocacy_activities", "social_posts"):
        return []
    found = []
    for period in events.company.periods:
        head = {
            "period": period.name,
            "period_start": period.start,
            "period_end": period.end,
            "is_complete": period.is_complete,
        }
        rows = in_order_of_their_ids(deeds(events, period))
        found += [head | row for row in in_cents(ranked(rows))]
    return in_order(found)


def deeds(events: Events, period: Period) -> dict[str, Credits]:
    """Return what is credited to each advocate, revenue at 4 places."""
    found: dict[str, Credits] = defaultdict(lambda: dict.fromkeys(COUNTS, 0) | NOTHING)
    for row in invitations(events):
        if events.is_in(period, row["sent_at"]) and not is_self_referral(row):
            found[row["advocate"]]["referrals_sent"] += 1
            found[row["advocate"]]["referrals_converted"] += row["converted_at"] is not None
    for event in events.company.revenue:
        who = event.customer_id
        if events.is_in(period, event.at) and is_direct(who, event.at, events.company.advocates):
            direct, *earlier = chain(events, who)
            found[direct]["direct_revenue"] += event.amount
            for advocate in earlier:
                found[advocate]["downstream_revenue"] += event.amount
    for row in activities(events):
        if events.is_in(period, row["occurred_at"]) and row["kind"] not in STEPS:
            found[row["customer_id"]]["activities"] += 1
    for row in events.happened("social_posts", "post_id", "posted_at"):
        if events.is_in(period, row["posted_at"]) and row["customer_id"] is not None:
            mine = found[row["customer_id"]]
            mine["posts"] += 1
            mine["reach"] += row["reach"]
            mine["reactions"] += row["likes"] + row["shares"] + row["comments"]
    return found


def chain(events: Events, who: str) -> list[str]:
    """Return the customer's advocate, then each earlier one, as many steps up as are followed."""
    known = events.company.advocates
    here = known[who]
    found = [here.advocate_id]
    for _ in range(events.company.policy.advocacy_depth):
        above = known.get(here.advocate_id)
        if above is None or above.converted_at >= here.converted_at:
            break
        found.append(above.advocate_id)
        here = above
    return found


def in_order_of_their_ids(found: dict[str, Credits]) -> list[Credits]:
    """Return the advocates with anything that is not zero."""
    return [
        {"customer_id": who} | {name: found[who][name] for name in COUNTS}
        for who in sorted(found)
        if any(found[who].values())
    ]


def ranked(rows: list[Credits]) -> list[Credits]:
    """Score and rank advocates; revenue that is negative counts as none."""
    revenue = [max(row["direct_revenue"] + row["downstream_revenue"], Decimal(0)) for row in rows]
    converted = [row["referrals_converted"] for row in rows]
    reactions = [row["reactions"] for row in rows]
    parts = [shares(values) for values in (revenue, converted, reactions)]
    influence = [sum(of_one) / 3 for of_one in zip(*parts, strict=True)]
    activity = [row["referrals_sent"] + row["activities"] + row["posts"] for row in rows]
    return [
        row
        | {
            "activity_score": active,
            "activity_rank": 1 + sum(1 for other in activity if other > active),
            "influence_score": float(score),
            "influence_rank": 1 + sum(1 for other in influence if other > score),
        }
        for row, active, score in zip(rows, activity, influence, strict=True)
    ]


def in_cents(rows: list[Credits]) -> list[Credits]:
    """Return revenue in cents that add up to the rounded total: what rounding leaves goes on to the next."""
    for name in ("direct_revenue", "downstream_revenue"):
        so_far = Decimal(0)
        for row in rows:
            before, so_far = so_far, so_far + row[name]
            row[name] = rounded(so_far, 2) - rounded(before, 2)
    return rows


def shares(values: list[Any]) -> list[Fraction]:
    """Return each value over their sum; zeros where that is zero."""
    whole = sum(map(Fraction, values), Fraction(0))
    return [Fraction(value) / whole if whole else Fraction(0) for value in values]
