"""Movements of a period, for one customer."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from .advocacy import is_direct, is_downstream
from .customers import UNKNOWN

if TYPE_CHECKING:
    from datetime import date, datetime

    from .company import Company
    from .periods import Period

NOTHING = Decimal("0.0000")


@dataclass(frozen=True, kw_only=True)
class CustomerPeriod:
    """One customer in one period; money at 4 places."""

    customer_id: str
    period: Period
    opening: Decimal
    opening_revalued: Decimal
    closing: Decimal
    is_opening_active: bool
    is_closing_active: bool
    movement: str
    amount: Decimal
    fx: Decimal
    attributes: dict[str, str]
    first_active_at: datetime | None
    trial_mrr: Decimal
    is_paused: bool
    revenue: Decimal
    advocacy_revenue: Decimal
    downstream_revenue: Decimal
    is_referred_payer: bool
    is_seen: bool
    historic_revenue: Decimal


def customer_periods(company: Company) -> list[CustomerPeriod]:
    """Return every customer in every period."""
    return [
        customer_period(company, who, period) for period in company.periods for who in company.customer_ids
    ]


def customer_period(company: Company, who: str, period: Period) -> CustomerPeriod:
    """Put the opening, the closing and what lies between side by side."""
    was_active, is_active = (company.is_active(who, day) for day in (period.start, period.closing))
    opening, closing = company.mrr(who, period.start), company.mrr(who, period.closing)
    revalued = (
        company.converted(company.holding(who, period.start), period.closing) if was_active else NOTHING
    )
    movement, amount = movement_of(company, who, period, (revalued, closing))
    trials = [line for line in states_at(company, who, period.closing) if line.state == "trialing"]
    paused = [line for line in states_at(company, who, period.closing) if line.state == "paused"]
    return CustomerPeriod(
        customer_id=who,
        period=period,
        opening=opening,
        opening_revalued=revalued,
        closing=closing,
        is_opening_active=was_active,
        is_closing_active=is_active,
        movement=movement,
        amount=amount,
        fx=revalued - opening if was_active else NOTHING,
        attributes=attributes(company, who, period),
        first_active_at=first_active_at(company, who),
        trial_mrr=company.converted(trials, period.closing),
        is_paused=bool(paused) and not is_active,
        **revenue_of(company, who, period),  # type: ignore[arg-type]
    )


def first_active_at(company: Company, who: str) -> datetime | None:
    """Return the earliest start of a line that makes the customer active."""
    return next(iter(company.activity_starts(who)), None)


def movement_of(
    company: Company, who: str, period: Period, money: tuple[Decimal, Decimal]
) -> tuple[str, Decimal]:
    """Name the movement and its amount, as the table of the definitions does."""
    revalued, closing = money
    was_active, is_active = (company.is_active(who, day) for day in (period.start, period.closing))
    opens_at, closes_at = company.at(period.start), company.at(period.closing)
    if is_active and not was_active:
        first = first_active_at(company, who)
        return ("new" if first is not None and first >= opens_at else "reactivated"), closing
    if was_active and not is_active:
        return "churned", revalued
    if was_active and closing > revalued:
        return "expanded", closing - revalued
    if was_active and closing < revalued:
        return "contracted", revalued - closing
    if was_active:
        return "unchanged", NOTHING
    came = any(opens_at <= start < closes_at for start in company.activity_starts(who))
    return ("transient" if came else "none"), NOTHING


def attributes(company: Company, who: str, period: Period) -> dict[str, str]:
    """Return the value of every segment_by: attributes at the closing; the plan at the opening, else closing."""
    boundary: date | None = None
    if company.is_active(who, period.start):
        boundary = period.start
    elif company.is_active(who, period.closing):
        boundary = period.closing
    found = company.customers.attributes(who, company.at(period.closing), period.start)
    return {"all": "all"} | found | {"plan": company.plan(who, boundary) if boundary else UNKNOWN}


def states_at(company: Company, who: str, boundary: date) -> list:  # type: ignore[type-arg]
    """Return the customer's trials and pauses that hold at a boundary."""
    at = company.at(boundary)
    return [
        line
        for line in company.states
        if line.customer_id == who and line.state != "active" and line.holds_at(at)
    ]


def revenue_of(company: Company, who: str, period: Period) -> dict[str, object]:
    """Return the period's revenue, the advocacy part of it, and all revenue to the closing."""
    opens_at, closes_at = company.at(period.start), company.at(period.closing)
    so_far = [event for event in company.revenue if event.customer_id == who and event.at < closes_at]
    inside = [event for event in so_far if event.at >= opens_at]
    direct = [event for event in inside if is_direct(who, event.at, company.advocates)]
    depth = company.policy.advocacy_depth
    downstream = direct if direct and is_downstream(who, company.advocates, depth) else []
    lines_seen = any(line.customer_id == who and line.start < closes_at for line in company.states)
    return {
        "revenue": sum((event.amount for event in inside), NOTHING),
        "advocacy_revenue": sum((event.amount for event in direct), NOTHING),
        "downstream_revenue": sum((event.amount for event in downstream), NOTHING),
        "is_referred_payer": bool(direct),
        "is_seen": lines_seen or bool(so_far),
        "historic_revenue": sum((event.amount for event in so_far), NOTHING),
    }
