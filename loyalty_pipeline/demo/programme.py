"""The loyalty programme, the advocacy programme, what retention costs, and what is said in public."""

import numpy as np
import polars as pl

from loyalty_pipeline.demo import catalogue as of
from loyalty_pipeline.demo.clock import DAY, HOUR, Columns, Horizon, Ints, month_start, pick, stack
from loyalty_pipeline.demo.exact import UNIT
from loyalty_pipeline.demo.feedback import Presence
from loyalty_pipeline.demo.frames import identifiers, instants, labels, money, shaped
from loyalty_pipeline.demo.people import record_at

_LOYALTY_KINDS = ["enrol", "earn", "redeem", "expire", "leave"]
_ENROL, _EARN, _REDEEM, _EXPIRE, _LEAVE = range(5)
_ADVOCACY_KINDS = ["invited", "joined", "shared", "reviewed", "testified", "referenced", "referred"]
_ACT_SHARES = [0.5, 0.25, 0.08, 0.07, 0.10]
_PROGRAMMES = ["win_back_calls", "loyalty_rewards", "success_team"]
_PLATFORMS = ["x", "instagram", "linkedin", "youtube", "trustpilot"]
_POST_KINDS = ["post", "mention", "review"]
_TEXTS = [
    "Loving the new release!",
    "Anyone else seeing errors?",
    "Solid tool.",
    "Switching away, sadly.",
    None,
]


def _acts(person: Ints, at: Ints, kind: Ints | int, points: Ints | int = 0) -> Columns:
    size = person.size
    return {
        "person": person,
        "at": at,
        "kind": np.broadcast_to(kind, size),
        "points": np.broadcast_to(points, size),
    }


def _points(here: Presence, members: Ints, enrolled: Ints, rng: np.random.Generator) -> Columns:
    """Earned points; after every fourth time some of those four are redeemed and some expire, never more."""
    times = rng.poisson(8 * (here.until[members] - enrolled) / (365 * DAY))
    row = np.repeat(np.arange(members.size), times)
    span = (here.until[members] - enrolled)[row] - HOUR
    at = enrolled[row] + HOUR + (rng.random(row.size) * np.maximum(1, span - HOUR)).astype(np.int64)
    order = np.lexsort((at, row))
    row, at = row[order], at[order]
    points = 10 * rng.integers(1, 60, row.size)
    place = np.arange(row.size) - (np.cumsum(times) - times)[row]
    fourth = np.flatnonzero(place % 4 == 3)
    sums = np.concatenate([[0], points.cumsum()])
    recent = sums[fourth + 1] - sums[fourth - 3]
    redeemed = recent * rng.integers(0, 60, fourth.size) // 100
    expired = recent * rng.integers(0, 25, fourth.size) // 100
    spent, lapsed = redeemed > 0, expired > 0
    person = members[row]
    return stack([
        _acts(person, at, _EARN, points),
        _acts(person[fourth][spent], at[fourth][spent] + 1, _REDEEM, redeemed[spent]),
        _acts(person[fourth][lapsed], at[fourth][lapsed] + 2, _EXPIRE, expired[lapsed]),
    ])  # fmt: skip


def loyalty_events(here: Presence, horizon: Horizon, rng: np.random.Generator) -> pl.DataFrame:
    """One row for each event: members enrol, earn, redeem, lose points, and some leave."""
    members = np.flatnonzero(
        (rng.random(here.until.size) < 0.35) & (here.until - here.people["created"] > 10 * DAY)
    )
    enrolled = here.people["created"][members] + rng.integers(HOUR, 5 * DAY, members.size)
    leaves = (rng.random(members.size) < 0.08) & (here.until[members] + HOUR < horizon.end)
    events = stack([_acts(members, enrolled, _ENROL), _points(here, members, enrolled, rng),
                    _acts(members[leaves], here.until[members][leaves] + 60, _LEAVE)])  # fmt: skip
    events = pick(events, np.argsort(events["at"], kind="stable"))
    return shaped("loyalty_events", {
        "event_id": identifiers("le", np.arange(events["at"].size)),
        "customer_id": identifiers("cus", record_at(here.people, events["person"], events["at"])),
        "kind": labels(_LOYALTY_KINDS, events["kind"]), "points": events["points"],
        "occurred_at": instants(events["at"]), "updated_at": instants(events["at"]),
    })  # fmt: skip


def advocacy_activities(here: Presence, horizon: Horizon, rng: np.random.Generator) -> pl.DataFrame:
    """One row for each act: some people are invited, half of those join, and who joined acts now and then."""
    likely = 0.04 * here.people["delight"] / 2
    invited = np.flatnonzero(rng.random(likely.size) < likely)
    since = here.people["created"][invited] + DAY
    at = since + (rng.random(invited.size) * np.maximum(1, here.until[invited] - since)).astype(np.int64)
    joined = rng.random(invited.size) < 0.5
    person, joined_at = invited[joined], at[joined] + rng.integers(HOUR, 10 * DAY, int(joined.sum()))
    times = rng.negative_binomial(0.5, 0.15, person.size)
    row = np.repeat(np.arange(person.size), times)
    acted = joined_at[row] + rng.exponential(120 * DAY, row.size).astype(np.int64)
    kind = 2 + rng.choice(len(_ACT_SHARES), row.size, p=_ACT_SHARES)
    acts = stack([_acts(invited, at, 0), _acts(person, joined_at, 1), _acts(person[row], acted, kind)])
    acts = pick(acts, acts["at"] < horizon.end)
    return shaped("advocacy_activities", {
        "activity_id": identifiers("aa", np.arange(acts["at"].size)),
        "customer_id": identifiers("cus", record_at(here.people, acts["person"], acts["at"])),
        "kind": labels(_ADVOCACY_KINDS, acts["kind"]), "occurred_at": instants(acts["at"]),
        "updated_at": instants(acts["at"]),
    })  # fmt: skip


def retention_costs(people: Columns, horizon: Horizon, rng: np.random.Generator) -> pl.DataFrame:
    """One row for each programme, month and segment, booked on the third of the month; some in dollars."""
    months = month_start(horizon.first_month + np.arange(horizon.months)) + 2 * DAY
    months = months[months < horizon.end]
    programme, segment = np.arange(len(_PROGRAMMES)), np.arange(len(of.SEGMENTS))
    at, programme, segment = (axis.ravel() for axis in np.meshgrid(months, programme, segment, indexing="ij"))
    size = people["record"].size
    amount = np.rint(size * rng.uniform(0.02, 0.2, at.size) * np.array([0.5, 0.3, 0.2, 0.1])[segment] * 100)
    currency = np.where(programme == _PROGRAMMES.index("success_team"), "USD", "EUR")
    return shaped("retention_costs", {
        "cost_id": identifiers("rc", np.arange(at.size)),
        "incurred_on": pl.Series((at // DAY).astype(np.int32)).cast(pl.Date),
        "programme": labels(_PROGRAMMES, programme), "amount": money(amount.astype(np.int64) * (UNIT // 100)),
        "currency": pl.Series(currency.tolist()), "customer_segment": labels(of.SEGMENTS, segment),
        "updated_at": instants(np.minimum(horizon.end - 1, at + DAY)),
    })  # fmt: skip


def social_posts(here: Presence, rng: np.random.Generator) -> pl.DataFrame:
    """One row for each post; most authors are not matched to a customer, reach has a heavy tail."""
    person, at = here.occasions(0.6, rng)
    size = person.size
    reach = np.minimum(10**7, rng.pareto(1.1, size) * 80 + 5).astype(np.int64)
    mood = np.clip((here.people["delight"][person] - 5.5) / 6 + rng.normal(0, 0.35, size), -1, 1).round(3)
    matched = rng.random(size) < 0.3
    known = record_at(here.people, person, at)
    sentiment = (
        pl.Series(mood).to_frame("mood").select(pl.when(pl.Series(rng.random(size) < 0.92)).then("mood"))
    )
    return shaped("social_posts", {
        "post_id": identifiers("sp", np.arange(size)),
        "platform": labels(_PLATFORMS, rng.choice(len(_PLATFORMS), size, p=[0.35, 0.25, 0.15, 0.1, 0.15])),
        "kind": labels(_POST_KINDS, rng.choice(len(_POST_KINDS), size, p=[0.35, 0.45, 0.2])),
        "author_handle": "@" + identifiers("user", person * 31 % 1_000_003),
        "customer_id": identifiers("cus", np.where(matched, known, -1)), "posted_at": instants(at),
        "likes": rng.binomial(reach, 0.02), "shares": rng.binomial(reach, 0.003),
        "comments": rng.binomial(reach, 0.004), "reach": reach, "sentiment": sentiment.to_series(),
        "language": labels(of.LANGUAGES, here.people["country"][person]),
        "text": labels(_TEXTS, rng.integers(0, len(_TEXTS), size)), "updated_at": instants(at),
    })  # fmt: skip
