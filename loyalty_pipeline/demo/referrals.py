"""Who referred whom: a graph in which the well connected gain most, with claims that must not count."""

import numpy as np
import polars as pl

from loyalty_pipeline.demo.clock import DAY, HOUR, NEVER, Columns, Horizon, Ints, pick, stack
from loyalty_pipeline.demo.frames import identifiers, instants, labels, shaped
from loyalty_pipeline.demo.lives import Lives
from loyalty_pipeline.demo.people import record_at

_CHANNELS = ["email", "link", "social", None]
_REFERRED_SHARE = 0.25
_BY_FAME = 0.6


def _advocates(size: int, rng: np.random.Generator) -> Ints:
    """For everybody, the earlier person who brought them, or -1: half by fame, half at random."""
    referred = np.flatnonzero(rng.random(size) < _REFERRED_SHARE)
    seeds = max(1, size // 1000)
    referred = referred[referred >= seeds]
    draw, by_fame = rng.random(referred.size).tolist(), (rng.random(referred.size) < _BY_FAME).tolist()
    urn = list(range(seeds))
    for person, share, famous in zip(referred.tolist(), draw, by_fame, strict=True):
        urn.append(urn[int(share * len(urn))] if famous else int(share * person))
    advocate = np.full(size, -1)
    advocate[referred] = urn[seeds:]
    return advocate


def _claims(advocate: Ints, referred: Ints, sent: Ints, converted: Ints) -> Columns:
    return {"advocate": advocate, "referred": referred, "sent": sent, "converted": converted}


def _genuine(people: Columns, first_paid: Ints, rng: np.random.Generator) -> Columns:
    advocate = _advocates(first_paid.size, rng)
    referred = np.flatnonzero(advocate >= 0)
    advocate = advocate[referred]
    met = people["created"][referred]
    known_for = met - people["created"][advocate]
    sent = met - np.minimum(known_for, rng.integers(0, 30 * DAY, referred.size))
    return _claims(advocate, referred, sent, first_paid[referred])


def _rivals(genuine: Columns, rng: np.random.Generator) -> Columns:
    """Somebody else claims the same person, a day earlier, at the same instant or later."""
    some = pick(genuine, rng.random(genuine["sent"].size) < 0.05)
    size = some["sent"].size
    advocate = (rng.random(size) * some["referred"]).astype(np.int64)
    shift = rng.choice(np.array([-DAY, 0, 10 * DAY]), size)
    converted = np.where(some["converted"] < NEVER, some["converted"] + shift, NEVER)
    return some | {"advocate": advocate, "converted": converted}


def _returned(genuine: Columns, rng: np.random.Generator) -> Columns:
    """Who was brought later claims the one who brought them: a loop, if order in time did not break it."""
    some = pick(genuine, (rng.random(genuine["sent"].size) < 0.03) & (genuine["converted"] < NEVER))
    converted = some["converted"] + rng.integers(-30 * DAY, 30 * DAY, some["sent"].size)
    return _claims(some["referred"], some["advocate"], some["sent"], converted)


def _too_late(people: Columns, first_paid: Ints, rng: np.random.Generator) -> Columns:
    """Claims of people who became customers only after the one they claim."""
    referred = np.flatnonzero((rng.random(first_paid.size) < 0.005) & (first_paid < NEVER))
    advocate = np.minimum(first_paid.size - 1, referred + rng.integers(1, 50, referred.size))
    return _claims(advocate, referred, people["created"][advocate], first_paid[referred])


def _of_oneself(people: Columns) -> Columns:
    """People with two records who referred one with the other."""
    person = np.flatnonzero(people["second_record"] >= 0)
    at = people["second_created"][person]
    return _claims(person, person, at, at + HOUR)


def _unanswered(genuine: Columns, people: Columns, horizon: Horizon, rng: np.random.Generator) -> Columns:
    advocate = np.repeat(genuine["advocate"], 2)
    since = people["created"][advocate]
    sent = since + (rng.random(advocate.size) * (horizon.end - since)).astype(np.int64)
    never = np.full(advocate.size, NEVER)
    return _claims(advocate, np.full(advocate.size, -1), sent, never)


def simulate(people: Columns, lives: Lives, horizon: Horizon, rng: np.random.Generator) -> Columns:
    """All claims in random order, which is that of their ids."""
    first_paid = np.full(people["record"].size, NEVER)
    np.minimum.at(first_paid, lives.subs["person"][lives.terms["sub"]], lives.terms["start"])
    genuine = _genuine(people, first_paid, rng)
    claims = stack([genuine, _rivals(genuine, rng), _returned(genuine, rng), _too_late(people, first_paid, rng),
                    _of_oneself(people), _unanswered(genuine, people, horizon, rng)])  # fmt: skip
    claims["converted"] = np.where(claims["converted"] < horizon.end, claims["converted"], NEVER)
    claims["sent"] = np.minimum(claims["sent"], claims["converted"])
    return pick(claims, rng.permutation(claims["sent"].size))


def referrals(claims: Columns, people: Columns) -> pl.DataFrame:
    """One row for each claim, with the records that the people had when it was made."""
    later = np.where(claims["converted"] < NEVER, claims["converted"], claims["sent"])
    referred = np.where(claims["referred"] < 0, 0, claims["referred"])
    of_oneself = claims["advocate"] == claims["referred"]
    referred_record = np.where(of_oneself, people["record"][referred], record_at(people, referred, later))
    return shaped("referrals", {
        "referral_id": identifiers("rf", np.arange(later.size)),
        "advocate_customer_id": identifiers("cus", record_at(people, claims["advocate"], claims["sent"])),
        "referred_customer_id": identifiers("cus", np.where(claims["referred"] < 0, -1, referred_record)),
        "channel": labels(_CHANNELS, np.arange(later.size) % len(_CHANNELS)),
        "sent_at": instants(claims["sent"]), "converted_at": instants(claims["converted"]),
        "updated_at": instants(later),
    })  # fmt: skip
