"""Subscription items: the states of every subscription, from one instant to the next."""

import numpy as np
import polars as pl

from loyalty_pipeline.demo import catalogue as of
from loyalty_pipeline.demo.amounts import list_price, written_off_at
from loyalty_pipeline.demo.billing import DISCOUNT_KINDS
from loyalty_pipeline.demo.clock import DAY, NEVER, Bools, Columns, Horizon, Ints, pick, stack
from loyalty_pipeline.demo.frames import identifiers, instants, labels, money, shaped
from loyalty_pipeline.demo.lives import PAID, RECOVERED, UNPAID, Lives
from loyalty_pipeline.demo.offers import TRIAL_DAYS

STATUSES = ["trialing", "active", "past_due", "paused"]
TRIALING, ACTIVE, PAST_DUE, PAUSED = range(4)
_STATE = ("sub", "component", "status", "plan", "seats", "net", "gross", "discount_kind")


def _pieces(source: Columns, start: Ints, end: Ints, status: int) -> Columns:
    """The base plan and, where there is one, support beside it, over the same time."""
    size = start.size
    base = {"sub": source["sub"], "component": np.zeros(size, np.int64), "plan": source["plan"],
            "seats": source["seats"], "net": source["net"], "gross": source["gross"],
            "discount_kind": source["discount_kind"], "start": start, "end": end,
            "status": np.full(size, status)}  # fmt: skip
    has_support = source["support"] >= 0
    support = pick(base, has_support)
    one = np.ones(support["sub"].size, np.int64)
    extra = source["extra"][has_support]
    return stack([base, support | {"component": one, "seats": one, "plan": source["support"][has_support], "net": extra,
                                   "gross": extra, "discount_kind": 0 * one}])  # fmt: skip


def _of_terms(terms: Columns, horizon: Horizon) -> list[Columns]:
    """A term is active; until it is paid late, or given up, it is past due; a change splits it."""
    paid, recovered, unpaid = (pick(terms, terms["fate"] == fate) for fate in (PAID, RECOVERED, UNPAID))
    after = {name: paid[name + "_after"] for name in ("plan", "seats", "net", "gross")}
    changed = paid["changed"] < NEVER
    given_up = np.where(written_off_at(unpaid, horizon) < NEVER, written_off_at(unpaid, horizon), horizon.end)
    back = recovered["settled"] < horizon.end
    return [
        _pieces(paid, paid["start"], np.minimum(paid["changed"], paid["end"]), ACTIVE),
        _pieces(pick(paid | after, changed), paid["changed"][changed], paid["end"][changed], ACTIVE),
        _pieces(recovered, recovered["start"], recovered["settled"], PAST_DUE),
        _pieces(pick(recovered, back), recovered["settled"][back], recovered["end"][back], ACTIVE),
        _pieces(unpaid, unpaid["start"], given_up, PAST_DUE),
    ]


def _full_price(subs: Columns, state: Columns, horizon: Horizon) -> Columns:
    """A trial or a pause carries what the subscription would cost without a discount."""
    row = state["sub"]
    price = list_price(state["plan"], subs["currency"][row], state["start"], horizon) * state["seats"]
    return {"net": price, "gross": price, "discount_kind": np.zeros(row.size, np.int64),
            "support": np.full(row.size, -1), "extra": np.zeros(row.size, np.int64)}  # fmt: skip


def trials(lives: Lives, horizon: Horizon) -> Columns:
    """Trials, whether somebody stays after them or not."""
    row = np.flatnonzero(lives.subs["tried"])
    subs = pick(lives.subs, row)
    state = {"sub": row, "plan": subs["plan"], "seats": subs["seats"], "person": subs["person"],
             "currency": subs["currency"], "start": subs["begins"], "end": subs["begins"] + TRIAL_DAYS * DAY}  # fmt: skip
    return state | _full_price(lives.subs, state, horizon)


def pauses(lives: Lives, horizon: Horizon) -> Columns:
    """Pauses, also those that go on at the as-of."""
    state = lives.pauses | {name: lives.subs[name][lives.pauses["sub"]] for name in ("person", "currency")}
    return state | _full_price(lives.subs, state, horizon)


def _continues(pieces: Columns) -> Bools:
    """Whether a piece goes on where the one above it ends, in the same state."""
    same = np.concatenate([[False], pieces["start"][1:] == pieces["end"][:-1]])
    for name in _STATE:
        same[1:] &= pieces[name][1:] == pieces[name][:-1]
    return same


def _states(pieces: Columns) -> Columns:
    """Join pieces that only a renewal separates."""
    pieces = pick(pieces, np.lexsort((pieces["start"], pieces["component"], pieces["sub"])))
    first = np.flatnonzero(~_continues(pieces))
    last = np.append(first[1:], pieces["sub"].size) - 1
    return pick(pieces, first) | {"end": pieces["end"][last]}


def subscription_items(lives: Lives, terms: Columns, horizon: Horizon) -> pl.DataFrame:
    """One row for each state of each item; what still runs at the as-of has no end, except a trial."""
    kinds = np.where(terms["discount"] > 0, lives.subs["discount_kind"][terms["sub"]], 0)
    trial, pause = trials(lives, horizon), pauses(lives, horizon)
    parts = [*_of_terms(terms | {"discount_kind": kinds}, horizon),
             _pieces(trial, trial["start"], trial["end"], TRIALING),
             _pieces(pause, pause["start"], pause["end"], PAUSED)]  # fmt: skip
    state = _states(stack(parts))
    plan, subs = state["plan"], pick(lives.subs, state["sub"])
    end = np.where((state["end"] < horizon.end) | (state["status"] == TRIALING), state["end"], NEVER)
    return shaped("subscription_items", {
        "item_id": identifiers("si", np.arange(plan.size)), "subscription_id": identifiers("sub", state["sub"]),
        "customer_id": identifiers("cus", subs["record"]), "plan_id": labels(of.PLAN_IDS, plan),
        "status": labels(STATUSES, state["status"]), "quantity": state["seats"].astype(np.float64),
        "amount": money(state["net"]), "discount": money(state["gross"] - state["net"]),
        "discount_kind": labels(DISCOUNT_KINDS, state["discount_kind"]),
        "currency": labels(of.CURRENCIES, subs["currency"]),
        "interval": labels([p.interval for p in of.PLANS], plan),
        "interval_count": np.array([p.interval_count for p in of.PLANS])[plan],
        "starts_at": instants(state["start"]), "ends_at": instants(end),
        "updated_at": instants(np.where(end < horizon.end, end, state["start"])),
    })  # fmt: skip
