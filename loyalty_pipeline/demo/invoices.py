"""Invoices, their lines and refunds, written from priced terms."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from loyalty_pipeline.demo import catalogue as of
from loyalty_pipeline.demo.amounts import tax, written_off_at
from loyalty_pipeline.demo.clock import DAY, HOUR, NEVER, Columns, Horizon, Ints, pick, stack
from loyalty_pipeline.demo.exact import total
from loyalty_pipeline.demo.lines import (
    ONE_OFF,
    RECURRING,
    base_lines,
    extra_lines,
    lines_over,
    proration_lines,
)
from loyalty_pipeline.demo.lives import UNPAID, Lives
from loyalty_pipeline.demo.offers import TRIAL_DAYS

STATUSES = ["draft", "open", "paid", "void", "uncollectible"]
DRAFT, OPEN, PAID, VOID, UNCOLLECTIBLE = range(5)


@dataclass(frozen=True)
class Billing:
    """Invoices and lines with their numbers, and the refunds of invoices that were paid."""

    invoices: Columns
    lines: Columns
    refunds: Columns


Heads = list[tuple[Columns, Columns]]


def _invoices(source: Columns, issued: Ints, paid: Ints, status: Ints, due: Ints) -> Columns:
    return {"record": source["record"], "person": source["person"], "sub": source["sub"], "issued": issued,
            "currency": source["currency"], "paid": paid, "status": status, "due": due}  # fmt: skip


def _of_terms(terms: Columns, horizon: Horizon, rng: np.random.Generator) -> Columns:
    """One invoice for a term; one that was never paid is due at once, or has no due date."""
    start = terms["start"]
    fails = terms["fate"] == UNPAID
    paid = np.where(terms["settled"] < horizon.end, terms["settled"], NEVER)
    gave_up = written_off_at(terms, horizon) < NEVER
    status = np.where(paid < NEVER, PAID, np.where(gave_up, UNCOLLECTIBLE, OPEN))
    due = np.where(
        terms["on_account"], start + 30 * DAY, np.where(rng.random(start.size) < 0.5, start + 7 * DAY, NEVER)
    )
    at_once = np.where(rng.random(start.size) < 0.5, start, NEVER)
    return _invoices(terms, start, paid, status, np.where(fails, at_once, due))


def _of_changes(terms: Columns, horizon: Horizon, rng: np.random.Generator) -> Columns:
    changed = terms["changed"]
    paid = changed + rng.integers(1, HOUR, changed.size)
    paid = np.where(paid < horizon.end, paid, NEVER)
    return _invoices(terms, changed, paid, np.where(paid < NEVER, PAID, OPEN), np.full(paid.size, NEVER))


def _of_trials(subs: Columns) -> Columns:
    return _invoices(
        subs,
        subs["begins"],
        subs["begins"],
        np.full(subs["sub"].size, PAID),
        np.full(subs["sub"].size, NEVER),
    )


def _purchases(people: Columns, horizon: Horizon, rng: np.random.Generator) -> Columns:
    """One-off purchases, of subscribers and of people who never subscribe."""
    person = rng.choice(people["record"], people["record"].size // 8)
    at = people["created"][person] + HOUR + rng.exponential(200 * DAY, person.size).astype(np.int64)
    seen = at < horizon.end
    person, at = person[seen], at[seen]
    source = {"person": person, "record": people["record"][person], "sub": np.full(person.size, -1),
              "currency": of.CURRENCY_OF_COUNTRY[people["country"][person]]}  # fmt: skip
    paid = at + rng.integers(1, HOUR, at.size)
    paid = np.where(paid < horizon.end, paid, NEVER)
    return _invoices(source, at, paid, np.where(paid < NEVER, PAID, OPEN), np.full(at.size, NEVER))


def _void(invoices: Columns) -> Columns:
    size = invoices["issued"].size
    return invoices | {"status": np.full(size, VOID), "paid": np.full(size, NEVER)}


def _draft(terms: Columns) -> Columns:
    """The next invoice of a term that is about to end, being prepared."""
    size = terms["sub"].size
    return _invoices(
        terms, terms["start"] + HOUR, np.full(size, NEVER), np.full(size, DRAFT), np.full(size, NEVER)
    )


def _heads(
    lives: Lives, terms: Columns, people: Columns, horizon: Horizon, rng: np.random.Generator
) -> Heads:
    """Everything that is invoiced, kind by kind, each with the invoices for it."""
    changes = pick(terms, terms["changed"] < NEVER)
    subs = lives.subs | {"sub": np.arange(lives.subs["person"].size)}
    trials = pick(subs, subs["tried"])
    trials |= {
        "start": trials["begins"],
        "end": trials["begins"] + TRIAL_DAYS * DAY,
        "issued": trials["begins"],
    }
    regular = _of_terms(terms, horizon, rng)
    voided = rng.random(terms["sub"].size) < 0.004
    upcoming = pick(terms, (rng.random(terms["sub"].size) < 0.002) & (terms["start"] + HOUR < horizon.end))
    bought = _purchases(people, horizon, rng)
    never = np.full(bought["sub"].size, NEVER)
    timeless = {"start": never, "end": never, "without_interval": never > 0}
    return [
        (terms, regular), (changes, _of_changes(changes, horizon, rng)), (trials, _of_trials(trials)),
        (pick(terms, voided), _void(pick(regular, voided))), (upcoming, _draft(upcoming)), (bought | timeless, bought),
    ]  # fmt: skip


def _all_lines(heads: Heads) -> Columns:
    """Number the invoices across all kinds and write their lines."""
    first = np.cumsum([0] + [invoices["issued"].size for _, invoices in heads])
    number = [np.arange(*pair) for pair in pairwise(first)]
    terms, changes, trials, voided, upcoming, bought = (source for source, _ in heads)
    free = np.zeros(number[2].size, np.int64)
    price = of.PRICES[of.CODE["team_month"], bought["currency"]] // 2
    parts = [
        base_lines(terms, number[0]), *extra_lines(terms, number[0]), *proration_lines(changes, number[1]),
        lines_over(trials, number[2], RECURRING, free, trials["plan"]),
        base_lines(voided, number[3]), base_lines(upcoming, number[4]),
        lines_over(bought, number[5], ONE_OFF, price, np.full(price.size, of.NO_PLAN)),
    ]  # fmt: skip
    return stack(parts)


def _refunds(invoices: Columns, horizon: Horizon, rng: np.random.Generator) -> Columns:
    """Some paid invoices are paid back within three weeks, wholly or by half."""
    size = invoices["issued"].size
    at = np.where(invoices["paid"] < NEVER, invoices["paid"] + rng.integers(DAY, 20 * DAY, size), NEVER)
    amount = np.where(rng.random(size) < 0.5, invoices["net"], invoices["net"] // 200 * 100)
    keep = np.flatnonzero((rng.random(size) < 0.015) & (at < horizon.end) & (amount > 0))
    return {"invoice": keep, "person": invoices["person"][keep], "currency": invoices["currency"][keep],
            "amount": amount[keep], "at": at[keep], "reason": rng.integers(0, 4, keep.size)}  # fmt: skip


def simulate(
    lives: Lives, terms: Columns, people: Columns, horizon: Horizon, rng: np.random.Generator
) -> Billing:
    """Invoices for terms, changes, trials and purchases; some void or only drafted; then refunds."""
    terms = terms | {name: lives.subs[name][terms["sub"]] for name in ("without_interval", "discount_kind")}
    heads = _heads(lives, terms, people, horizon, rng)
    lines = _all_lines(heads)
    invoices = stack([invoices for _, invoices in heads])
    net = total(lines["invoice"], lines["net"], invoices["issued"].size)
    invoices |= {"net": net, "total": net + total(lines["invoice"], tax(lines["net"]), net.size)}
    return Billing(invoices, lines, _refunds(invoices, horizon, rng))


def payments(billing: Billing) -> Columns:
    """What came in and, negative, what was paid back: person, currency, instant, amount without tax."""
    paid = pick(billing.invoices, billing.invoices["paid"] < NEVER)
    back = billing.refunds
    received = {
        "person": paid["person"],
        "currency": paid["currency"],
        "at": paid["paid"],
        "amount": paid["net"],
    }
    returned = {
        "person": back["person"],
        "currency": back["currency"],
        "at": back["at"],
        "amount": -back["amount"],
    }
    return stack([received, returned])
