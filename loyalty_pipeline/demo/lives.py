"""How subscriptions live: term after term until somebody leaves, fails to pay or the horizon cuts."""

from dataclasses import dataclass

import numpy as np

from loyalty_pipeline.demo import catalogue as of
from loyalty_pipeline.demo.clock import (
    DAY,
    HOUR,
    NEVER,
    Bools,
    Columns,
    Floats,
    Horizon,
    Ints,
    month_of,
    pick,
    stack,
)
from loyalty_pipeline.demo.offers import first_offers, returning_offers, term_start

PAID, RECOVERED, UNPAID = 0, 1, 2
ON_TIME, LATE_WITHIN_GRACE, LATE_BEYOND_GRACE = 0, 1, 2
GRACE = 3 * DAY
DELINQUENCY = 30 * DAY
WRITTEN_OFF_AFTER = 45 * DAY
_RETURNS = 2
_LAST_UNCLAMPED_DAY = 28
REASONS = ["too_expensive", "missing_features", "switched", "no_longer_needed", None, "payment_failed"]
_PAYMENT_FAILED = 5


@dataclass(frozen=True)
class Lives:
    """Subscriptions with their ends, paid-for terms in order of subscription and time, and pauses."""

    subs: Columns
    terms: Columns
    pauses: Columns


def price_rise(horizon: Horizon) -> int:
    """When some list prices go up by a tenth."""
    return int(horizon.bounds[horizon.months * 55 // 100])


def _leaving(subs: Columns, run: Columns, due: Ints, horizon: Horizon) -> Floats:
    """The chance to leave at a renewal: own propensity, more of it the longer the term, with a season."""
    months = of.MONTHS[run["plan"]]
    exponent = np.where(months > 1, months * 0.65, np.where(months == 1, 1.0, 0.5))
    own = 1 - (1 - subs["hazard"][run["row"]]) ** exponent
    season = 1 + 0.15 * np.cos(2 * np.pi * (month_of(due) % 12) / 12)
    is_shocked = of.RISING[run["plan"]] & (month_of(due) == month_of(np.array([price_rise(horizon)]))[0])
    chance = np.minimum(0.9, own * season * np.where(is_shocked, 1.6, 1.0))
    return np.where(run["term"] == 0, 0.0, np.where(of.SINGLE_TERM[run["plan"]], 1.0, chance))


def _lateness(subs: Columns, run: Columns, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Seconds by which a renewal starts late, and whether that is still within the grace."""
    size = run["row"].size
    may = (run["term"] > 0) & (of.MONTHS[run["plan"]] > 0) & ~subs["without_interval"][run["row"]]
    draw = rng.random(size)
    minutes = 60 * rng.integers(1, 600, size)
    within = np.where(
        rng.random(size) < 0.1, GRACE, np.where(rng.random(size) < 0.7, minutes, 2 * DAY + minutes)
    )
    beyond = np.where(rng.random(size) < 0.2, GRACE + 1, GRACE + minutes * 20)
    kind = np.where(
        may & (draw < 0.03), LATE_WITHIN_GRACE, np.where(may & (draw > 0.996), LATE_BEYOND_GRACE, ON_TIME)
    )
    return np.choose(kind, [np.zeros(size, np.int64), within, beyond]), kind


def _payment(subs: Columns, run: Columns, start: Ints, rng: np.random.Generator) -> Columns:
    size = start.size
    draw = rng.random(size)
    months = of.MONTHS[run["plan"]]
    fate = np.where(draw < np.where(months > 1, 0.02, 0.008), UNPAID, PAID)
    fate = np.where((draw > 0.975) & (months > 0), RECOVERED, fate)
    soon = np.where(rng.random(size) < 0.8, rng.integers(1, HOUR, size), rng.integers(HOUR, 2 * DAY, size))
    on_account = (subs["segment"][run["row"]] == of.SEGMENTS.index("enterprise")) & (months > 0)
    wait = np.where(on_account, rng.integers(2 * DAY, 25 * DAY, size), soon)
    wait = np.where(fate == RECOVERED, rng.integers(2 * DAY, 12 * DAY, size), wait)
    return {"fate": fate, "settled": np.where(fate == UNPAID, NEVER, start + wait), "on_account": on_account}


def _change(subs: Columns, term: Columns, horizon: Horizon, rng: np.random.Generator) -> Columns:
    """Seats or plan may change a quarter, a half or three quarters into a term: prorations of those are exact."""
    row, plan, seats = term["sub"], term["plan"], term["seats"]
    at = term["end"] - (term["end"] - term["start"]) // 4 * rng.integers(1, 4, row.size)
    day = (subs["paid_from"][row] // DAY).astype("M8[D]")
    day_of_month = (day - day.astype("M8[M]").astype("M8[D]")).astype(np.int64) + 1
    may = (of.MONTHS[plan] > 0) & ~of.SINGLE_TERM[plan] & (term["late"] == ON_TIME) & (term["fate"] == PAID)
    may &= ~subs["without_interval"][row] & (day_of_month <= _LAST_UNCLAMPED_DAY) & (at < horizon.end)
    draw = rng.random(row.size)
    grows, upgrades = may & (draw < 0.012), may & (draw > 0.993)
    shrinks = may & (draw > 0.5) & (draw < 0.507) & (seats > 1)
    seats_after = np.where(
        grows, seats + np.maximum(1, seats // 5), np.where(shrinks, (seats * 3 + 3) // 4, seats)
    )
    seats_after = np.where(shrinks & (seats_after == seats), seats - 1, seats_after)
    plan_after = np.where(upgrades, of.UPGRADE[plan], plan)
    has_changed = (seats_after != seats) | (plan_after != plan)
    return {"seats_after": seats_after, "plan_after": plan_after, "changed": np.where(has_changed, at, NEVER)}


def _bill(subs: Columns, run: Columns, due: Ints, horizon: Horizon, rng: np.random.Generator) -> Columns:
    """The terms that start now; what would start after the as-of is not known yet."""
    late, kind = _lateness(subs, run, rng)
    term: Columns = {"sub": run["row"], "term": run["term"], "plan": run["plan"], "seats": run["seats"],
                     "start": due + late, "due": due, "late": kind,
                     "end": term_start(subs, run["row"], run["slot"] + 1)}  # fmt: skip
    term |= _payment(subs, run, term["start"], rng)
    return term | _change(subs, term, horizon, rng)


def _end(subs: Columns, row: Ints, at: Ints, reason: Ints) -> None:
    subs["ended"][row] = at
    subs["reason"][row] = reason
    subs["failed"][row] = reason == _PAYMENT_FAILED


def _renewed(run: Columns, terms: Columns, going: Bools, rng: np.random.Generator) -> Columns:
    """Who goes on does so with the seats and the plan of the last term, sometimes with other seats."""
    run = pick(run, going)
    seats = terms["seats_after"][going]
    draw = rng.random(seats.size)
    business = seats > 1
    seats = np.where(
        business & (draw < 0.015), seats + 1, np.where(business & (draw > 0.99), seats - 1, seats)
    )
    return {"row": run["row"], "slot": run["slot"] + 1, "term": run["term"] + 1,
            "plan": terms["plan_after"][going], "seats": seats}  # fmt: skip


def _round(
    subs: Columns, run: Columns, horizon: Horizon, rng: np.random.Generator
) -> tuple[Columns, Columns, Columns]:
    """One renewal of everybody who still runs: their terms, their pauses and who goes on."""
    due = term_start(subs, run["row"], run["slot"])
    draw = rng.random(due.size)
    leaves = draw < _leaving(subs, run, due, horizon)
    may_pause = (run["term"] > 0) & (of.MONTHS[run["plan"]] == 1) & ~leaves
    pauses = may_pause & (rng.random(due.size) < 0.006)
    _end(subs, run["row"][leaves], due[leaves], rng.integers(0, _PAYMENT_FAILED, int(leaves.sum())))
    paused = pick(run, pauses)
    paused["resumes"] = paused["slot"] + rng.integers(1, 4, paused["slot"].size)
    pause = {"sub": paused["row"], "plan": paused["plan"], "seats": paused["seats"], "term": paused["term"],
             "start": due[pauses], "end": term_start(subs, paused["row"], paused["resumes"])}  # fmt: skip
    billed = ~leaves & ~pauses
    run = pick(run, billed)
    terms = _bill(subs, run, due[billed], horizon, rng)
    fails = terms["fate"] == UNPAID
    written_off = np.minimum(terms["end"], terms["start"] + WRITTEN_OFF_AFTER)
    over = fails & (written_off < horizon.end)
    _end(subs, run["row"][over], written_off[over], np.full(int(over.sum()), _PAYMENT_FAILED))
    on = _renewed(run, terms, ~fails, rng)
    paused["slot"] = paused.pop("resumes")
    run = stack([on, {name: paused[name] for name in on}])
    return terms, pause, pick(run, term_start(subs, run["row"], run["slot"]) < horizon.end)


def _live(subs: Columns, horizon: Horizon, rng: np.random.Generator) -> tuple[Columns, Columns]:
    size = subs["person"].size
    subs |= {"ended": np.full(size, NEVER), "reason": np.full(size, -1), "failed": np.zeros(size, bool)}
    row = np.flatnonzero(subs["converts"] & (subs["paid_from"] < horizon.end))
    zero = np.zeros(row.size, np.int64)
    run: Columns = {
        "row": row,
        "slot": zero,
        "term": zero,
        "plan": subs["plan"][row],
        "seats": subs["seats"][row],
    }
    parts, pauses = [], []
    while True:
        terms, pause, run = _round(subs, run, horizon, rng)
        parts.append(pick(terms, terms["start"] < horizon.end))
        pauses.append(pause)
        if not run["row"].size:
            return stack(parts), stack(pauses)


def simulate(people: Columns, horizon: Horizon, rng: np.random.Generator) -> Lives:
    """Everybody's subscriptions, then those of who comes back, twice."""
    waves = [first_offers(people, horizon, rng)]
    lived = [_live(waves[0], horizon, rng)]
    for _ in range(_RETURNS):
        waves.append(returning_offers(people, waves[-1], horizon, rng))
        lived.append(_live(waves[-1], horizon, rng))
    offsets = np.cumsum([0] + [wave["person"].size for wave in waves])
    for (terms, pauses), offset in zip(lived, offsets, strict=False):
        terms["sub"] = terms["sub"] + offset
        pauses["sub"] = pauses["sub"] + offset
    terms = stack([terms for terms, _ in lived])
    order = np.lexsort((terms["start"], terms["sub"]))
    return Lives(stack(waves), pick(terms, order), stack([pauses for _, pauses in lived]))
