"""The answer key's periods, and what every person did in each."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from loyalty_pipeline.demo import catalogue as of
from loyalty_pipeline.demo.clock import NEVER, Bools, Columns, Horizon, Ints, month_start
from loyalty_pipeline.demo.exact import total
from loyalty_pipeline.demo.key_states import Simulation, States, revalued

UNKNOWN = "(unknown)"
SEGMENTS = ("country", "customer_segment", "acquisition_channel", "plan")
VALUES = (of.COUNTRIES, of.SEGMENTS, of.CHANNELS, of.PLAN_IDS)
SIZES = tuple(len(values) for values in VALUES)
_LENGTHS = {"month": 1, "quarter": 3, "year": 12}


class Period(NamedTuple):
    """A month, quarter or year: its first month and the one after it, and its boundaries' places."""

    period: str
    first_month: int
    next_month: int
    opening: int
    closing: int
    starts: int
    closes: int


def periods(horizon: Horizon, first_month: int) -> Iterator[Period]:
    """Every period from the one that holds `first_month` to the one that holds the day before the as-of."""
    for name, length in _LENGTHS.items():
        for month in range(first_month // length * length, horizon.first_month + horizon.months, length):
            opening = max(0, month - horizon.first_month)
            closing = min(horizon.months, month + length - horizon.first_month)
            starts = int(month_start(np.array([month]))[0])
            yield Period(name, month, month + length, opening, closing, starts, int(horizon.bounds[closing]))


def cells(simulation: Simulation, states: States, opening: int, closing: int) -> Ints:
    """Everybody's place in the crossing of all segments: attributes at the closing, the plan by what came first."""
    people = simulation.people
    has_changed = people["changed"] < simulation.horizon.bounds[closing]
    country = np.where(has_changed, people["country_after"], people["country"])
    segment = np.where(has_changed, people["segment_after"], people["segment"])
    held_then, held_now = states.mrr[opening] > 0, states.mrr[closing] > 0
    plan = np.where(held_then, states.plan[opening], np.where(held_now, states.plan[closing], of.NO_PLAN))
    return np.ravel_multi_index((country, segment, people["channel"], plan), SIZES)


def margins(sums: Ints) -> Iterator[tuple[str, str, Ints]]:
    """From sums over the crossing (its axes last) those of each segment's values; `all` first."""
    axes = tuple(range(-len(SIZES), 0))
    yield "all", "all", sums.sum(axis=axes)
    for axis, (name, values) in enumerate(zip(SEGMENTS, VALUES, strict=True)):
        kept = sums.sum(axis=tuple(other for other in axes if other != axis - len(SIZES)))
        for code, value in enumerate(values):
            yield name, value or UNKNOWN, kept[..., code]


def _starters(simulation: Simulation, period: Period, size: int) -> Bools:
    holdings = simulation.holdings
    inside = (holdings["start"] >= period.starts) & (holdings["start"] < period.closes)
    inside &= (holdings["mrr"] > 0) & (holdings["until"] > holdings["start"])
    return total(holdings["person"][inside], np.ones(int(inside.sum()), np.int64), size) > 0


def movements(simulation: Simulation, states: States, period: Period) -> Columns:
    """Opening and closing MRR of everybody and the movement between them, at the closing's rates."""
    opening, closing = states.mrr[period.opening], states.mrr[period.closing]
    worth = revalued(states, simulation, period.opening, period.closing)
    was, stays = opening > 0, (opening > 0) & (closing > 0)
    joins = ~was & (closing > 0)
    is_new = joins & (states.first_active >= period.starts)
    passes = ~was & (closing == 0) & _starters(simulation, period, was.size)
    delta = np.where(stays, closing - worth, 0)
    gone = was & (closing == 0)
    flows = {
        "opening": opening, "fx": np.where(was, worth - opening, 0), "new": np.where(is_new, closing, 0),
        "reactivated": np.where(joins & ~is_new, closing, 0), "expanded": np.maximum(delta, 0),
        "contracted": np.maximum(-delta, 0), "churned": np.where(gone, worth, 0), "closing": closing,
    }  # fmt: skip
    counts = {f"{name}_customers": (flow != 0).astype(np.int64) for name, flow in flows.items()}
    counts["churned_customers"] = gone.astype(np.int64)
    return {f"{name}_mrr": flow for name, flow in flows.items()} | counts | {
        "revalued_opening_mrr": worth, "retained_customers": stays.astype(np.int64),
        "transient_customers": passes.astype(np.int64), "trial_mrr": states.trial_mrr[period.closing],
        "paused_customers": states.is_paused[period.closing],
    }  # fmt: skip


def revenue(events: Columns, period: Period, size: int) -> Columns:
    """Everybody's revenue in a period, and what of it came by way of advocates."""
    first, after = np.searchsorted(events["at"], [period.starts, period.closes])
    event = {name: column[first:after] for name, column in events.items()}
    person, value = event["person"], event["value"]
    referred = total(person, event["is_advocacy"].astype(np.int64), size) > 0
    return {
        "total_revenue": total(person, value, size),
        "advocacy_revenue": total(person, value * event["is_advocacy"], size),
        "downstream_revenue": total(person, value * event["is_downstream"], size),
        "referred_customers": referred.astype(np.int64),
    }


def first_month(simulation: Simulation, horizon: Horizon) -> int:
    """The month in which anything was first held, tried, paused or paid."""
    starts = [
        part["start"].min(initial=NEVER)
        for part in (simulation.holdings, simulation.trials, simulation.pauses)
    ]
    first = min(*starts, simulation.payments["at"].min(initial=NEVER))
    return horizon.first_month + int(np.searchsorted(horizon.bounds, first, side="right")) - 1
