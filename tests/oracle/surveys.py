"""Surveys: who was asked, the answer of each customer that counts, and what the answers add up to."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from .exact import Z_95, mean_interval, over, rounded, sample_variance, share, total
from .segments import Fact, Rows, cut

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from .events import Events
    from .periods import Period
    from .records import Row

LOWEST_THIRD = Decimal("33.33333333")
VALUES = {"promoter": 1, "passive": 0, "detractor": -1}


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An answer of a customer."""

    customer_id: str
    response_id: str
    at: datetime
    score: int
    scale_max: int
    points: Decimal

    @property
    def nps_group(self) -> str:
        """On a scale that ends at 10 by the score, on any other by points."""
        high, middle = (9, 7) if self.scale_max == 10 else (90, 70)
        value = self.score if self.scale_max == 10 else self.points
        return "promoter" if value >= high else "passive" if value >= middle else "detractor"

    @property
    def is_satisfied(self) -> bool:
        """The top two of the scale."""
        return self.score >= self.scale_max - 1


def asked(events: Events, survey: str) -> list[Row]:
    """Return who was asked before the as-of."""
    rows = events.happened("survey_responses", "response_id", "sent_at")
    return [row for row in rows if row["survey"] == survey]


def answered_at(events: Events, row: Row) -> datetime | None:
    """Return when there was an answer: a score, given at responded_at or else when asked."""
    at = row.get("responded_at") or row["sent_at"]
    return events.known(at) if row.get("score") is not None else None


def points(row: Row) -> Decimal:
    """Where the score is on its scale, from 0 to 100."""
    scale = row["scale_max"] - row["scale_min"]
    return rounded(Fraction(100 * (row["score"] - row["scale_min"]), scale), 8)


def answers(events: Events, survey: str) -> list[Answer]:
    """Return every answer by the as-of, in the order in which they were given, ties by response."""
    found = []
    for row in asked(events, survey):
        at = answered_at(events, row)
        if at is not None:
            answer = Answer(
                customer_id=row["customer_id"],
                response_id=row["response_id"],
                at=at,
                score=row["score"],
                scale_max=row["scale_max"],
                points=points(row),
            )
            found.append(answer)
    return sorted(found, key=lambda answer: (answer.at, answer.response_id))


def latest(given: list[Answer]) -> list[Answer]:
    """Return the latest answer of each customer."""
    return list({answer.customer_id: answer for answer in given}.values())


def facts(events: Events, *surveys: str) -> Callable[[Period], list[Fact]]:
    """Return what tells who was asked and who answered in a period."""
    rows = {survey: asked(events, survey) for survey in surveys}
    given = {survey: answers(events, survey) for survey in surveys}

    def of(period: Period) -> list[Fact]:
        found: list[tuple[str, object]] = []
        for survey in surveys:
            found += [
                (row["customer_id"], ("invited", answered_at(events, row) is not None))
                for row in rows[survey]
                if events.is_in(period, row["sent_at"])
            ]
            inside = [answer for answer in given[survey] if events.is_in(period, answer.at)]
            found += [(answer.customer_id, (survey, answer)) for answer in latest(inside)]
        return events.of_customers(period, found)

    return of


def those(found: list[Any], kind: str) -> list[Any]:
    """Return the facts of one kind."""
    return [fact for name, fact in found if name == kind]


def invitations(found: list[Any]) -> dict[str, Any]:
    """Count who was asked, and of those who answered."""
    invited = those(found, "invited")
    return {"invited": len(invited), "answered": sum(invited)}


def response_rate(counts: dict[str, Any]) -> dict[str, Any]:
    """Answered of invited."""
    return share("response_rate", counts["answered"], counts["invited"])


def mean(name: str, given: list[Answer]) -> dict[str, float | None]:
    """Return the mean of points, with its interval."""
    values = [answer.points for answer in given]
    low, high = mean_interval(values, (0.0, 100.0))
    return {name: over(sum(values, Decimal(0)), len(values)), f"{name}_low": low, f"{name}_high": high}


def point_total(given: list[Answer]) -> float:
    """Return the sum of points."""
    return total([answer.points for answer in given])


def nps(_: Period, found: list[Any]) -> dict[str, Any]:
    """Promoters less detractors of a hundred."""
    groups = [answer.nps_group for answer in those(found, "nps")]
    counts = invitations(found)
    n = len(groups)
    net = groups.count("promoter") - groups.count("detractor")
    score = float(Fraction(100 * net, n)) if n else None
    low, high = nps_interval([VALUES[group] for group in groups])
    return {
        "responses": n,
        "promoters": groups.count("promoter"),
        "passives": groups.count("passive"),
        "detractors": groups.count("detractor"),
        **counts,
        "nps": score,
        "nps_low": low,
        "nps_high": high,
        **response_rate(counts),
    }


def nps_interval(values: list[int]) -> tuple[float | None, float | None]:
    """Return the normal interval of the mean of -1, 0 and 1, times a hundred."""
    n = len(values)
    if n < 2:
        return None, None
    score = float(Fraction(100 * sum(values), n))
    margin = Z_95 * 100 * math.sqrt(sample_variance(values) / n)
    return max(-100.0, score - margin), min(100.0, score + margin)


def csat(_: Period, found: list[Any]) -> dict[str, Any]:
    """Satisfied of those who answered."""
    given = those(found, "csat")
    satisfied = sum(1 for answer in given if answer.is_satisfied)
    counts = invitations(found)
    head = {"responses": len(given), "satisfied": satisfied, "score_total": point_total(given)} | counts
    return head | share("csat", satisfied, len(given)) | mean("mean_score", given) | response_rate(counts)


def ces(_: Period, found: list[Any]) -> dict[str, Any]:
    """Mean effort."""
    given = those(found, "ces")
    low_effort = sum(1 for answer in given if answer.points <= LOWEST_THIRD)
    counts = invitations(found)
    head = {"responses": len(given), "low_effort": low_effort, "effort_total": point_total(given)} | counts
    shares = share("low_effort_share", low_effort, len(given)) | response_rate(counts)
    return head | mean("ces", given) | shares


def survey_tables(events: Events) -> dict[str, Rows]:
    """Return nps, csat and ces."""
    if not events.landed("survey_responses"):
        return {"nps": [], "csat": [], "ces": []}
    measures = {"nps": nps, "csat": csat, "ces": ces}
    return {name: cut(events.company, facts(events, name), measure) for name, measure in measures.items()}
