"""The answer key's states: what everybody holds at each boundary, counted from the simulation itself.

Nothing here reads a raw row. The rules are those of the default settings: reporting in euro and UTC, MRR
below half a euro is none, and a referral's revenue counts for twelve months.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from loyalty_pipeline.demo import catalogue as of
from loyalty_pipeline.demo.clock import NEVER, Columns, Horizon, Ints, add_months, pick
from loyalty_pipeline.demo.exact import UNIT, convert
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


def _converted(held: Columns, rates: Ints, *by: str) -> pl.DataFrame:
    """Sum MRR per currency, convert at the boundary's rate, then sum over currencies."""
    sums = pl.DataFrame(held).group_by("bound", "person", "currency", *by, maintain_order=True).agg(pl.col("mrr").sum())
    value = convert(sums["mrr"].to_numpy(), rates[sums["bound"].to_numpy(), sums["currency"].to_numpy()])
    keys = ["bound", "person", *by]
    return sums.with_columns(pl.Series("value", value)).group_by(keys, maintain_order=True).agg(pl.col("value").sum())


def _grid(frame: pl.DataFrame, column: str, shape: tuple[int, int], fill: int) -> Ints:
    grid = np.full(shape, fill, np.int64)
    grid[frame["bound"].to_numpy(), frame["person"].to_numpy()] = frame[column].to_numpy()
    return grid


def _leading_plans(held: Columns, rates: Ints, shape: tuple[int, int]) -> Ints:
    """The plan with the highest MRR; plans' codes are in the order of their ids."""
    values = _converted(held, rates, "plan").sort("bound", "person", "value", "plan", descending=[False, False, True, False])
    return _grid(values.unique(["bound", "person"], keep="first", maintain_order=True), "plan", shape, of.NO_PLAN)


def _by_boundary(held: Columns, bounds: int) -> list[Columns]:
    held = {name: held[name] for name in ("bound", "person", "currency", "mrr")}
    sums = pl.DataFrame(held).group_by("bound", "person", "currency", maintain_order=True).agg(pl.col("mrr").sum())
    parts = sums.partition_by("bound", as_dict=True)
    empty = sums.clear()
    return [{name: part[name].to_numpy() for name in ("person", "currency", "mrr")}
            for part in (parts.get((bound,), empty) for bound in range(bounds))]  # fmt: skip


def count_states(simulation: Simulation) -> States:
    """Everybody's state at each boundary of the horizon's months."""
    bounds = simulation.horizon.bounds
    shape = (bounds.size, simulation.people["record"].size)
    rates = np.stack([simulation.exchange.before(int(bound)) for bound in bounds])
    holdings = simulation.holdings
    held = _at_boundaries(holdings, bounds)
    mrr = _grid(_converted(held, rates), "value", shape, 0)
    mrr[mrr < MRR_FLOOR] = 0
    trial = _grid(_converted(_at_boundaries(simulation.trials, bounds), rates), "value", shape, 0)
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
    worth = np.zeros(states.first_active.size, np.int64)
    np.add.at(worth, held["person"], convert(held["mrr"], rates[held["currency"]]))
    return np.where(states.mrr[opening] > 0, worth, 0)


def revenue_events(simulation: Simulation) -> Columns:
    """Payments and refunds in euro: those of one person, currency and instant are converted together."""
    sums = pl.DataFrame(simulation.payments).group_by("at", "person", "currency").agg(pl.col("amount").sum())
    sums = sums.sort("at", "person", "currency")
    events = {name: sums[name].to_numpy() for name in sums.columns}
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
    valid = (claims["referred"] >= 0) & (claims["converted"] < NEVER) & (claims["advocate"] != claims["referred"])
    valid &= created[claims["advocate"]] < claims["converted"]
    claims = pick(claims, valid)
    # Ids follow the claims' order, so a stable sort keeps the smallest id first; written backwards, it stands.
    claims = pick(claims, np.argsort(claims["converted"], kind="stable")[::-1])
    advocate, converted = np.full(created.size, -1), np.full(created.size, NEVER)
    advocate[claims["referred"]] = claims["advocate"]
    converted[claims["referred"]] = claims["converted"]
    return advocate, converted
