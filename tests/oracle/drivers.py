"""What moved a rate from one period to the next: the rates of segments, or their weights."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from .periods import LENGTHS, Period, shifted
from .segments import Rows, Segment, in_order, keyed, members_of

if TYPE_CHECKING:
    from .customer_periods import CustomerPeriod
    from .events import Events

METRICS = ("customer_churn_rate", "crr", "nrr")


@dataclass(frozen=True)
class Portion:
    """A part and the whole it is of."""

    part: Fraction = Fraction(0)
    whole: Fraction = Fraction(0)

    @property
    def rate(self) -> Fraction | None:
        """Nothing where there is nothing to divide by."""
        return self.part / self.whole if self.whole else None


Portions = dict[Segment, Portion]


def churn_drivers(events: Events) -> Rows:
    """Return the effect of each segment value on each metric, in periods with one before."""
    by_key = {(period.name, period.start): period for period in events.company.periods}
    found = []
    for period in events.company.periods:
        before = by_key.get((period.name, shifted(period.start, -LENGTHS[period.name])))
        if before is None:
            continue
        for metric in METRICS:
            now, then = (portions(events, of, metric) for of in (period, before))
            head = {"metric": metric, "previous_period_start": before.start}
            for segment, row in effects(now, then).items():
                found.append(keyed(period, segment) | head | row)
    return in_order(found)


def portions(events: Events, period: Period, metric: str) -> Portions:
    """Return part and whole of a metric for every segment value."""
    rows = [row for (_, of), row in events.movements.items() if of == period]
    return {segment: portion(members, metric) for segment, members in members_of(rows).items()}


def portion(members: list[CustomerPeriod], metric: str) -> Portion:
    """Return customers lost or kept of those at the opening, or their MRR from amounts at 4 places."""
    opening = Fraction(sum(row.is_opening_active for row in members))
    if metric == "customer_churn_rate":
        return Portion(Fraction(sum(row.movement == "churned" for row in members)), opening)
    if metric == "crr":
        return Portion(
            Fraction(sum(row.is_opening_active and row.is_closing_active for row in members)), opening
        )
    signs = {"expanded": 1, "contracted": -1, "churned": -1}
    revalued = sum((Fraction(row.opening_revalued) for row in members), Fraction(0))
    moved = sum((signs.get(row.movement, 0) * Fraction(row.amount) for row in members), Fraction(0))
    return Portion(revalued + moved, revalued)


def effects(now: Portions, then: Portions) -> dict[Segment, dict[str, Any]]:
    """Return the two effects of every segment value; nothing where the whole company has no rate."""
    everybody = now["all", "all"], then["all", "all"]
    if everybody[0].rate is None or everybody[1].rate is None:
        return {}
    found = {}
    for segment in now | then:
        pair = now.get(segment, Portion()), then.get(segment, Portion())
        if pair[0].whole or pair[1].whole:
            found[segment] = effect(pair, everybody)
    return found


def effect(pair: tuple[Portion, Portion], everybody: tuple[Portion, Portion]) -> dict[str, Any]:
    """Split a change into that of the rate and that of the weight; a missing rate is that of the other period."""
    weight, previous_weight = (one.whole / whole.whole for one, whole in zip(pair, everybody, strict=True))
    known = [one.rate for one in pair if one.rate is not None]
    rate, previous_rate = (known[0] if one.rate is None else one.rate for one in pair)
    overall, previous_overall = (Fraction(one.part) / one.whole for one in everybody)
    rate_effect = (rate - previous_rate) * (weight + previous_weight) / 2
    distance = (rate + previous_rate) / 2 - (overall + previous_overall) / 2
    mix_effect = (weight - previous_weight) * distance
    return {
        "weight": float(weight),
        "previous_weight": float(previous_weight),
        "rate": None if pair[0].rate is None else float(rate),
        "previous_rate": None if pair[1].rate is None else float(previous_rate),
        "rate_effect": float(rate_effect),
        "mix_effect": float(mix_effect),
        "effect": float(rate_effect + mix_effect),
        "overall_change": float(overall - previous_overall),
    }
