"""The answer key's states: what everybody holds at each boundary, counted from the simulation itself.

Nothing here reads a raw row. The rules are those of the default settings: reporting in euro and UTC, MRR
below half a euro is none, and a referral's revenue counts for twelve months.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from loyalty_pipeline.demo import catalogue as of
from loyalty_pipeline.demo.clock import NEVER, Columns, Horizon, Ints, add_months, pick
from loyalty_pipeline.demo.exact import UNIT, convert, sum_by
from loyalty_pipeline.demo.exchange import Exchange

MRR_FLOOR = UNIT // 2
ADVOCACY_WINDOW_MONTHS = 12


@dataclass(frozen=True)
class Simulation:
    """What happened, before any raw row was written; each part has a column `person`."""

    horizon: Horizon
    people: Columns
    exchange: Exchange
    holdings: Columns
    trials: Columns
    pauses: Columns
    payments: Columns
    claims: Columns


@dataclass(frozen=True)
class States:
    """By boundary and person: MRR in euro (zero below the floor), trial MRR, paused or not, leading plan."""

    mrr: Ints
    trial_mrr: Ints
    is_paused: Ints
    plan: Ints
    held: list[Columns]
    first_active: Ints


def _at_boundaries(spans: Columns, bounds: Ints) -> Columns:
    """Repeat every span for each boundary at which it holds: start < boundary <= until."""
    first = np.searchsorted(bounds, spans["start"], side="right")
    after = np.searchsorted(bounds, spans["until"], side="right")
    times = np.maximum(0, after - first)
    row = np.repeat(np.arange(times.size), times)
    before = np.cumsum(times) - times
    return pick(spans, row) | {"bound": first[row] + np.arange(row.size) - before[row]}


def _worth(held: Columns, rates: Ints, people: int, by: Ints | int = 0, kinds: int = 1) -> tuple[Ints, Ints]:
    """MRR by (boundary, person, kind), each currency converted at the boundary's rate: codes and values."""
    currencies = rates.shape[1]
    place = (held["bound"] * people + held["person"]) * kinds + by
    codes, sums = sum_by(place * currencies + held["currency"], held["mrr"])
    bound, currency = codes // (currencies * kinds * people), codes % currencies
    return sum_by(codes // currencies, convert(sums, rates[bound, currency]))


def _worth_grid(held: Columns, rates: Ints, shape: tuple[int, int]) -> Ints:
    grid = np.zeros(shape, np.int64)
    codes, values = _worth(held, rates, shape[1])
    grid.ravel()[codes] = values
    return grid


def _leading_plans(held: Columns, rates: Ints, shape: tuple[int, int]) -> Ints:
    """The plan with the highest MRR; plans' codes are in the order of their ids, so ties go to the smallest."""
    codes, values = _worth(held, rates, shape[1], held["plan"], len(of.PLANS))
    place, plan = codes // len(of.PLANS), codes % len(of.PLANS)
    highest = np.full(shape[0] * shape[1], np.iinfo(np.int64).min)
    np.maximum.at(highest, place, values)
    leads = values == highest[place]
    grid = np.full(shape, of.NO_PLAN)
    # Written backwards, the smallest plan of a tie is the one that stands.
    grid.ravel()[place[leads][::-1]] = plan[leads][::-1]
    return grid


def _by_boundary(held: Columns, bounds: int) -> list[Columns]:
    """What was held at each boundary: lines of one boundary stand together."""
    held = pick(
        {name: held[name] for name in ("bound", "person", "currency", "mrr")},
        np.argsort(held["bound"], kind="stable"),
    )
    edges = np.searchsorted(held["bound"], np.arange(bounds + 1))
    return [pick(held, np.arange(*edge)) for edge in pairwise(edges)]


def count_states(simulation: Simulation) -> States:
    """Everybody's state at each boundary of the horizon's months."""
    bounds = simulation.horizon.bounds
    shape = (bounds.size, simulation.people["record"].size)
    rates = np.stack([simulation.exchange.before(int(bound)) for bound in bounds])
    holdings = simulation.holdings
    held = _at_boundaries(holdings, bounds)
    mrr = _worth_grid(held, rates, shape)
    mrr[mrr < MRR_FLOOR] = 0
    trial = _worth_grid(_at_boundaries(simulation.trials, bounds), rates, shape)
    paused = _at_boundaries(simulation.pauses, bounds)
    is_paused = np.zeros(shape, np.int64)
    is_paused[paused["bound"], paused["person"]] = 1
    first_active = np.full(shape[1], NEVER)
    real = (holdings["mrr"] > 0) & (holdings["until"] > holdings["start"])
    np.minimum.at(first_active, holdings["person"][real], holdings["start"][real])
    plans = _leading_plans(held, rates, shape)
    return States(mrr, trial, is_paused * (mrr == 0), plans, _by_boundary(held, bounds.size), first_active)


def revalued(states: States, simulation: Simulation, opening: int, closing: int) -> Ints:
    """Everybody's opening MRR at the closing's rates, not cut by the floor."""
    held = states.held[opening]
    rates = simulation.exchange.before(int(simulation.horizon.bounds[closing]))
    size = states.first_active.size
    codes, worth = _worth(held | {"bound": np.zeros(held["person"].size, np.int64)}, rates[None, :], size)
    revalued_mrr = np.zeros(size, np.int64)
    revalued_mrr[codes] = worth
    return np.where(states.mrr[opening] > 0, revalued_mrr, 0)


def revenue_events(simulation: Simulation) -> Columns:
    """Payments and refunds in euro: those of one person, currency and instant are converted together."""
    paid = simulation.payments
    people, currencies = simulation.people["record"].size, len(of.CURRENCIES)
    at = paid["at"] - simulation.horizon.start
    codes, amounts = sum_by((at * people + paid["person"]) * currencies + paid["currency"], paid["amount"])
    events = {"at": codes // (currencies * people) + simulation.horizon.start, "amount": amounts,
              "person": codes // currencies % people, "currency": codes % currencies}  # fmt: skip
    value = convert(events["amount"], simulation.exchange.on(events["at"], events["currency"]))
    return events | _credits(simulation, events) | {"value": value}


def _credits(simulation: Simulation, events: Columns) -> Columns:
    """Which events are advocacy revenue, and which of those have a downstream advocate too."""
    advocate, converted = _valid_advocates(simulation)
    since = converted[events["person"]]
    is_advocacy = (events["at"] >= since) & (since < NEVER)
    until = add_months(np.where(is_advocacy, since, 0), ADVOCACY_WINDOW_MONTHS)
    is_advocacy &= events["at"] < until
    direct = np.maximum(advocate[events["person"]], 0)
    return {"is_advocacy": is_advocacy, "is_downstream": is_advocacy & (converted[direct] < since)}


def _valid_advocates(simulation: Simulation) -> tuple[Ints, Ints]:
    """Everybody's advocate (-1: none) and conversion: the earliest valid claim, ties by the smallest id."""
    claims, created = simulation.claims, simulation.people["created"]
    valid = (
        (claims["referred"] >= 0) & (claims["converted"] < NEVER) & (claims["advocate"] != claims["referred"])
    )
    valid &= created[claims["advocate"]] < claims["converted"]
    claims = pick(claims, valid)
    # Ids follow the claims' order, so a stable sort keeps the smallest id first; written backwards, it stands.
    claims = pick(claims, np.argsort(claims["converted"], kind="stable")[::-1])
    advocate, converted = np.full(created.size, -1), np.full(created.size, NEVER)
    advocate[claims["referred"]] = claims["advocate"]
    converted[claims["referred"]] = claims["converted"]
    return advocate, converted
