"""Unsettled indices of what customers feel: the advocacy index and emotional loyalty."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from .segments import Rows, cut
from .surveys import facts, mean, point_total, those

if TYPE_CHECKING:
    from .events import Events
    from .periods import Period
    from .policy import Policy

COMPONENTS = {"trust": "trust", "satisfaction": "csat", "recommendation": "nps"}


def advocacy_index(policy: Policy, found: list[Any]) -> dict[str, Any]:
    """Return the mean of each component, and the weighted mean of those with answers enough."""
    measures: dict[str, Any] = {}
    present = []
    for name, survey in COMPONENTS.items():
        given = those(found, survey)
        points = sum(Fraction(answer.points) for answer in given)
        measures |= {
            f"{name}_responses": len(given),
            f"{name}_total": point_total(given),
            name: float(points / len(given)) if given else None,
        }
        if given and len(given) >= policy.min_responses:
            present.append((Fraction(getattr(policy, f"cai_{name}_weight")), points / len(given)))
    weights = sum((weight for weight, _ in present), Fraction(0))
    weighted = sum((weight * value for weight, value in present), Fraction(0))
    return measures | {"cai": float(weighted / weights) if weights else None}


def emotional_loyalty(_: Period, found: list[Any]) -> dict[str, Any]:
    """Mean of the emotional items."""
    given = those(found, "emotional")
    return {"responses": len(given), "score_total": point_total(given)} | mean("eli", given)


def only_answers(events: Events, *surveys: str) -> Any:
    """Return what tells who answered in a period; who was only asked does not count."""
    found = facts(events, *surveys)
    return lambda period: [fact for fact in found(period) if fact[1][0] != "invited"]


def feeling_tables(events: Events) -> dict[str, Rows]:
    """Return the advocacy index and emotional loyalty."""
    if not events.landed("survey_responses"):
        return {"advocacy_index": [], "emotional_loyalty": []}
    company = events.company
    index = cut(
        company,
        only_answers(events, *COMPONENTS.values()),
        lambda _, found: advocacy_index(company.policy, found),
    )
    return {
        "advocacy_index": index,
        "emotional_loyalty": cut(company, only_answers(events, "emotional"), emotional_loyalty),
    }
