"""How the settings change from one night to the next: the as-of moves, and policies are thought over."""

from datetime import date
from decimal import Decimal
from typing import Any

from tests.nights.company import DAY, Company, Throws
from tests.nights.row_changes import ROW_CHANGES, Change

POLICIES: dict[str, tuple[Any, ...]] = {
    "mrr_floor": (Decimal("0.50"), Decimal(0), Decimal(10), Decimal(30)),
    "renewal_grace_days": (3, 0, 12, 27),
    "delinquency_days": (30, 0, 5),
    "activity_window_days": (90, 1, 31),
    "gross_margin": (Decimal("0.8"), Decimal("0.3333")),
    "discount_rate": (0.1, 0.02),
    "clv_horizon_months": (36, 1),
    "advocacy_window_months": (12, 1),
    "advocacy_depth": (5, 0),
    "clv_holdout_months": (6, 1),
    "min_responses": (5, 1),
    "cai_trust_weight": (1.0, 0.0),
    "support_target_hours": (Decimal(24), Decimal(1)),
    "activity": ("subscriptions", "purchases"),
    "mrr_source": ("invoice_lines", "subscription_items", None),
    "fiscal_year_start_month": (1, 2, 4, 12),
    "timezone": ("UTC", "Europe/Berlin", "America/New_York", "Pacific/Apia"),
    "reporting_currency": ("EUR", "USD", "JPY"),
    "shards": (1, 2, 3),
}


def decide(company: Company, dice: Throws) -> None:
    """One policy is another, or as it was again."""
    name = dice.one_of((*POLICIES, "shards", "shards"))
    company.settings[name] = dice.one_of(POLICIES[name])


def next_day(company: Company, dice: Throws) -> None:  # noqa: ARG001 - a change like the others
    company.settings["as_of"] += DAY


def some_days(company: Company, dice: Throws) -> None:
    company.settings["as_of"] += dice.one_of((2, 3, 9)) * DAY


def next_month(company: Company, dice: Throws) -> None:
    """To the first days of the month after, or one month on."""
    as_of: date = company.settings["as_of"]
    first = (as_of.replace(day=1) + 31 * DAY).replace(day=1)
    company.settings["as_of"] = first + dice.one_of((0, 1, 2, 14)) * DAY


def into_next_year(company: Company, dice: Throws) -> None:
    """Across the end of a fiscal year that is near."""
    start: int = company.settings.get("fiscal_year_start_month", 1)
    as_of: date = company.settings["as_of"]
    year = date(as_of.year + (as_of.month >= start), start, 1)
    if (year - as_of).days < 70:
        company.settings["as_of"] = year + dice.one_of((0, 1, 20)) * DAY


def back(company: Company, dice: Throws) -> None:
    """Somebody computes an earlier day again."""
    company.settings["as_of"] -= dice.one_of((1, 8, 31, 31)) * DAY


POLICY_CHANGES: dict[str, Change] = {
    change.__name__: change for change in (decide, next_day, some_days, next_month, into_next_year, back)
}
CHANGES = ROW_CHANGES | POLICY_CHANGES
"""All that may happen between two nights, by name."""
