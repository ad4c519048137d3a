"""What each term costs: list price, rise, discount, support, usage; and the MRR that follows from it."""

import numpy as np

from loyalty_pipeline.demo import catalogue as of
from loyalty_pipeline.demo.clock import NEVER, Columns, Horizon, Ints, stack
from loyalty_pipeline.demo.lives import (
    DELINQUENCY,
    LATE_WITHIN_GRACE,
    UNPAID,
    WRITTEN_OFF_AFTER,
    Lives,
    price_rise,
)

BASE, SUPPORT = 0, 1


def list_price(plan: Ints, currency: Ints, at: Ints, horizon: Horizon) -> Ints:
    """The price of one seat for one interval at an instant."""
    price = of.PRICES[plan, currency]
    return np.where(of.RISING[plan] & (at >= price_rise(horizon)), price * 11 // 10, price)


def priced(lives: Lives, horizon: Horizon, rng: np.random.Generator) -> Columns:
    """The terms with gross and net amounts, before and after a change inside them, and how long they hold."""
    subs, terms = lives.subs, lives.terms
    row, start = terms["sub"], terms["start"]
    currency = subs["currency"][row]
    discount = np.where(terms["term"] < subs["discount_terms"][row], subs["discount"][row], 0)
    gross = list_price(terms["plan"], currency, start, horizon) * terms["seats"]
    gross_after = list_price(terms["plan_after"], currency, start, horizon) * terms["seats_after"]
    support = subs["support"][row]
    extra = np.where(support >= 0, list_price(np.maximum(support, 0), currency, start, horizon), 0)
    unit = of.PRICES[of.CODE["nonprofit_year"], currency] // 8
    usage, storage = (_metered(subs["segment"][row], unit, rng) for _ in range(2))
    setup = np.where(
        (terms["term"] == 0) & (rng.random(row.size) < 0.15), of.PRICES[of.CODE["team_month"], currency], 0
    )
    return terms | {
        "person": subs["person"][row], "record": subs["record"][row], "currency": currency, "discount": discount,
        "gross": gross, "net": gross * (100 - discount) // 100,
        "gross_after": gross_after, "net_after": gross_after * (100 - discount) // 100,
        "support": support, "extra": extra, "usage": usage, "storage": storage, "setup": setup,
        "holds_until": _holds_until(terms),
    }  # fmt: skip


def _metered(segment: Ints, unit: Ints, rng: np.random.Generator) -> Ints:
    """What was used, by the unit; the larger the customer, the more often there is anything."""
    is_used = rng.random(segment.size) < np.array([0.35, 0.8, 0.95, 0.35])[segment]
    return np.where(is_used, rng.integers(1, 40, segment.size) * unit, 0)


def _holds_until(terms: Columns) -> Ints:
    """A term's end; the next one's start where that was late but tolerated; a cut when it was never paid."""
    end = terms["end"]
    tolerated = np.zeros(end.size, bool)
    tolerated[:-1] = (
        (terms["sub"][1:] == terms["sub"][:-1])
        & (terms["late"][1:] == LATE_WITHIN_GRACE)
        & (terms["due"][1:] == end[:-1])
    )
    until = np.where(tolerated, np.append(terms["start"][1:], NEVER), end)
    return np.where(terms["fate"] == UNPAID, np.minimum(end, terms["start"] + DELINQUENCY), until)


def holdings(terms: Columns) -> Columns:
    """What is held and from when until when, with its MRR: base before and after a change, and support."""
    parts = []
    has_changed = terms["changed"] < NEVER
    has_support = terms["support"] >= 0
    every = np.ones(has_changed.size, bool)
    first_until = np.minimum(terms["changed"], terms["holds_until"])
    for keep, plan, amount, start, until in (
        (every, "plan", "net", terms["start"], first_until),
        (has_changed, "plan_after", "net_after", terms["changed"], terms["holds_until"]),
        (has_support, "support", "extra", terms["start"], terms["holds_until"]),
    ):
        parts.append({
            "person": terms["person"][keep], "plan": terms[plan][keep], "currency": terms["currency"][keep],
            "start": start[keep], "until": until[keep],
            "mrr": of.monthly(terms[amount][keep], terms[plan][keep]),
        })  # fmt: skip
    return stack(parts)


def written_off_at(terms: Columns, horizon: Horizon) -> Ints:
    """When the biller gave a term up; never before the as-of."""
    at = np.minimum(terms["end"], terms["start"] + WRITTEN_OFF_AFTER)
    return np.where((terms["fate"] == UNPAID) & (at < horizon.end), at, NEVER)


def tax(net: Ints) -> Ints:
    """A fifth of the net amount, in whole cents."""
    return net // 500 * 100
