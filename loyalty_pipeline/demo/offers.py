"""Which subscriptions people start: their first, a second one beside it, and those they come back with."""

import numpy as np

from loyalty_pipeline.demo import catalogue as of
from loyalty_pipeline.demo.clock import DAY, HOUR, NEVER, Columns, Horizon, Ints, add_months, stack
from loyalty_pipeline.demo.people import record_at

TRIAL_DAYS = 14
_CONSUMER: dict[str | None, float] = {"pass_10_days": 0.05, "starter_week": 0.02, "starter_month": 0.50, "starter_year": 0.15, None: 0.03,
             "team_month": 0.18, "nonprofit_year": 0.01, "scale_month": 0.06}  # fmt: skip
_BUSINESS: dict[str | None, float] = {"starter_month": 0.16, "starter_year": 0.06, "team_month": 0.38, "team_quarter": 0.12,
             "team_year": 0.16, "scale_month": 0.08, "scale_year": 0.03, None: 0.01}  # fmt: skip
_ENTERPRISE: dict[str | None, float] = {"team_month": 0.15, "team_quarter": 0.10, "team_year": 0.15, "scale_month": 0.25,
               "scale_year": 0.27, "scale_two_years": 0.08}  # fmt: skip
_MIX: list[dict[str | None, float]] = [_CONSUMER, _BUSINESS, _ENTERPRISE, _CONSUMER]
_SEATS_LOG_MEAN = np.array([-9.0, 1.0, 2.3, -9.0])


def _plans(segment: Ints, rng: np.random.Generator) -> Ints:
    weights = np.zeros((len(_MIX), len(of.PLANS)))
    for row, mix in enumerate(_MIX):
        weights[row, [of.CODE[plan] for plan in mix]] = list(mix.values())
    ladder = (weights / weights.sum(axis=1, keepdims=True)).cumsum(axis=1)
    rung: Ints = (rng.random(segment.size)[:, None] > ladder[segment]).sum(axis=1)
    return np.minimum(rung, len(of.PLANS) - 1)


def _terms_of_sale(plan: Ints, segment: Ints, rng: np.random.Generator) -> Columns:
    size = plan.size
    months = of.MONTHS[plan]
    seats = np.maximum(1, rng.lognormal(_SEATS_LOG_MEAN[segment], 0.7).astype(np.int64))
    support = np.array([of.SUPPORT.get(int(month), -1) for month in range(int(of.MONTHS.max()) + 1)])
    wants_support = (rng.random(size) < np.array([0.2, 0.5, 0.7, 0.2])[segment]) & ~of.SINGLE_TERM[plan]
    kind = np.where(of.SINGLE_TERM[plan], 0, rng.choice(4, size, p=[0.65, 0.15, 0.1, 0.1]))
    return {
        "seats": np.where(of.SINGLE_TERM[plan], 1, seats),
        "support": np.where(wants_support & (plan != of.NO_PLAN), support[months], -1),
        "discount_kind": kind,
        "discount": np.array([0, 50, 20, 10])[kind],
        "discount_terms": np.array([0, 1, 3, 1000])[kind],
        "without_interval": (plan == of.NO_PLAN) | ((months == 1) & (rng.random(size) < 0.03)),
    }


def subscribe(
    people: Columns, person: Ints, begins: Ints, rng: np.random.Generator, trial_share: float
) -> Columns:
    """New subscriptions of people, booked under the record and in the currency they have then."""
    segment = people["segment"][person]
    plan = _plans(segment, rng)
    has_moved = people["changed"][person] < begins
    country = np.where(has_moved, people["country_after"][person], people["country"][person])
    tried = (rng.random(person.size) < trial_share) & (of.MONTHS[plan] > 0) & ~of.SINGLE_TERM[plan]
    paid_from = begins + np.where(tried, TRIAL_DAYS * DAY, 0)
    return {
        "person": person, "record": record_at(people, person, begins), "plan": plan, "begins": begins,
        "currency": of.CURRENCY_OF_COUNTRY[country], "hazard": people["hazard"][person],
        "segment": segment, "tried": tried, "converts": ~tried | (rng.random(person.size) < 0.7),
        "paid_from": paid_from,
    } | _terms_of_sale(plan, segment, rng)  # fmt: skip


def first_offers(people: Columns, horizon: Horizon, rng: np.random.Generator) -> Columns:
    """The first subscription of all but one in thirty, and for some a second one beside it."""
    person = people["record"]
    delay = np.where(rng.random(person.size) < 0.5, 0, rng.integers(0, 3 * DAY, person.size))
    begins = people["created"] + delay
    starts = (rng.random(person.size) > 0.033) & (begins < horizon.end)
    first = subscribe(people, person[starts], begins[starts], rng, 0.25)
    later = people["created"] + 5 * DAY + rng.exponential(250 * DAY, person.size).astype(np.int64)
    both = starts & (rng.random(person.size) < 0.06) & (later < horizon.end)
    return stack([first, subscribe(people, person[both], later[both], rng, 0.0)])


def returning_offers(people: Columns, subs: Columns, horizon: Horizon, rng: np.random.Generator) -> Columns:
    """Who left by choice may come back, soon or never; people with a pass do so more often."""
    likely = np.where(of.SINGLE_TERM[subs["plan"]], 0.4, 0.16)
    gap = HOUR + rng.exponential(50 * DAY, likely.size).astype(np.int64)
    comes = (subs["ended"] < NEVER) & ~subs["failed"] & (rng.random(likely.size) < likely)
    begins = np.where(comes, subs["ended"] + gap, NEVER)
    comes &= begins < horizon.end
    return subscribe(people, subs["person"][comes], begins[comes], rng, 0.0)


def term_start(subs: Columns, row: Ints, slot: Ints) -> Ints:
    """When the slot'th billing interval of a subscription is due: on the day of the month of the first payment."""
    plan = subs["plan"][row]
    days: Ints = slot * of.DAYS[plan]
    return add_months(subs["paid_from"][row], slot * of.MONTHS[plan]) + days * DAY
