"""The demo company's customers: who they are, when they move, and which records turn out to be one person."""

import numpy as np
import polars as pl

from loyalty_pipeline.demo import catalogue as of
from loyalty_pipeline.demo.clock import (
    DAY,
    HOUR,
    NEVER,
    Columns,
    Floats,
    Horizon,
    Ints,
    month_of,
    month_start,
    pick,
    stack,
)
from loyalty_pipeline.demo.frames import identifiers, instants, labels, shaped

_WEEKDAY_WEIGHTS = np.array([1.1, 1.0, 0.6, 0.55, 1.15, 1.2, 1.15])
_FIRST_NAMES = [
    "Ada",
    "Bilal",
    "Chiara",
    "Daan",
    "Emi",
    "Femke",
    "Goran",
    "Hanna",
    "Ivo",
    "Jun",
    "Kaya",
    "Lars",
]
_LAST_NAMES = [
    "Abe",
    "Bauer",
    "Costa",
    "Dubois",
    "Evans",
    "Fischer",
    "Garcia",
    "Hughes",
    "Ito",
    "Jansen",
    "Khan",
]
_HAZARD_SHAPE = np.array([[0.9, 19.0], [0.8, 34.0], [0.7, 70.0], [0.9, 19.0]])


def _signups(size: int, horizon: Horizon, rng: np.random.Generator) -> Ints:
    """Sign-ups with a trend, a yearly season, weekdays and a campaign at the end of every November."""
    days = np.arange(horizon.start // DAY, (horizon.end - 1) // DAY + 1)
    day_of_year = days.astype("M8[D]") - days.astype("M8[D]").astype("M8[Y]").astype("M8[D]")
    day_of_year = day_of_year.astype(np.int64)
    trend = np.exp(np.linspace(0, 0.3, days.size))
    season = 1 + 0.25 * np.cos(2 * np.pi * (day_of_year - 15) / 365)
    campaign = np.where((day_of_year >= 328) & (day_of_year < 335), 3.0, 1.0)
    weight: Floats = trend * season * campaign * _WEEKDAY_WEIGHTS[days % 7]
    day = rng.choice(days, size, p=weight / weight.sum())
    second = np.where(rng.random(size) < 0.05, 0, rng.integers(0, DAY, size))
    at_month_start = (rng.random(size) < 0.2) & (second == 0)
    at = day * DAY + second
    return np.sort(np.where(at_month_start, month_start(month_of(at)), at))


def _changes(people: Columns, horizon: Horizon, rng: np.random.Generator) -> Columns:
    """Some move to another country or grow into another segment, a few at the very first of a month."""
    size = people["created"].size
    moves = rng.random(size) < 0.06
    grows = rng.random(size) < 0.03
    span = horizon.end - people["created"]
    at = people["created"] + HOUR + (rng.random(size) * span).astype(np.int64)
    at = np.where(rng.random(size) < 0.05, month_start(month_of(at)), at)
    changed = (
        (moves | grows) & ~people["root_is_second"] & (at > people["created"] + HOUR) & (at < horizon.end)
    )
    country = rng.choice(len(of.COUNTRIES), size, p=of.COUNTRY_SHARES)
    segment = np.minimum(people["segment"] + 1, len(of.SEGMENTS) - 2)
    return {
        "changed": np.where(changed, at, NEVER),
        "country_after": np.where(changed & moves, country, people["country"]),
        "segment_after": np.where(changed & grows, segment, people["segment"]),
    }


def _second_records(people: Columns, horizon: Horizon, rng: np.random.Generator) -> Columns:
    """One person in forty is entered twice; a tenth of those three times. Some keep the newer record."""
    size = people["created"].size
    at = people["created"] + DAY + (rng.random(size) * (horizon.end - people["created"])).astype(np.int64)
    merged = at + HOUR + (rng.random(size) * 30 * DAY).astype(np.int64)
    exists = (rng.random(size) < 0.025) & (merged + DAY < horizon.end)
    rank = np.cumsum(exists) - 1
    second = np.where(exists, size + rank, -1)
    thrice = exists & (rng.random(size) < 0.1)
    return {
        "second_created": np.where(exists, at, NEVER),
        "merged": np.where(exists, merged, NEVER),
        "second_record": second,
        "third_record": np.where(thrice, size + int(exists.sum()) + np.cumsum(thrice) - 1, -1),
        "root_is_second": exists & (rng.random(size) < 0.3),
    }


def simulate(size: int, horizon: Horizon, rng: np.random.Generator) -> Columns:
    """One entry for each person, in the order in which they sign up."""
    people: Columns = {"record": np.arange(size), "created": _signups(size, horizon, rng)}
    people["country"] = rng.choice(len(of.COUNTRIES), size, p=of.COUNTRY_SHARES)
    people["segment"] = rng.choice(len(of.SEGMENTS), size, p=of.SEGMENT_SHARES)
    people["channel"] = rng.choice(len(of.CHANNELS), size, p=of.CHANNEL_SHARES)
    people["birth_year"] = np.where(rng.random(size) < 0.1, -1, rng.integers(1942, 2006, size))
    shape = _HAZARD_SHAPE[people["segment"]]
    people["hazard"] = rng.beta(shape[:, 0], shape[:, 1])
    mood = 8.6 - 4 * people["hazard"] / people["hazard"].mean() + rng.normal(0, 1.6, size)
    people["delight"] = np.clip(np.rint(mood), 0, 10).astype(np.int64)
    people |= _second_records(people, horizon, rng)
    return people | _changes(people, horizon, rng)


def record_at(people: Columns, person: Ints, at: Ints) -> Ints:
    """The record under which a person is served at an instant: the second one once it is there."""
    return np.where(
        people["second_created"][person] <= at, people["second_record"][person], people["record"][person]
    )


def _version(
    people: Columns, record: Ints, span: tuple[Ints, Ints], into: Ints, *, after: bool = False
) -> Columns:
    """A version, created and updated in `span`, for everybody who has the record (not -1) and the update (not never)."""
    created, updated = span
    columns = {"person": people["record"], "record": record, "created": created, "updated": updated, "into": into,
               "after": np.full(record.size, after)}  # fmt: skip
    return pick(columns, (record >= 0) & (updated < NEVER))


def _versions(people: Columns) -> Columns:
    """Every version of every record: roots before and after a change, other records before and after the merge."""
    person, second, third = people["record"], people["second_record"], people["third_record"]
    newer = people["root_is_second"]
    begun, again, merged = people["created"], people["second_created"], people["merged"]
    root, root_begun = np.where(newer, second, person), np.where(newer, again, begun)
    other, other_begun = np.where(newer, person, second), np.where(newer, begun, again)
    nobody = np.full(person.size, -1)
    return stack([
        _version(people, root, (root_begun, root_begun), nobody),
        _version(people, root, (root_begun, people["changed"]), nobody, after=True),
        _version(people, other, (other_begun, other_begun), nobody),
        _version(people, other, (other_begun, merged), root),
        _version(people, third, (again + 1, again + 1), nobody),
        _version(people, third, (again + 1, merged + 60), other),
    ])  # fmt: skip


def customers(people: Columns) -> pl.DataFrame:
    """The raw table: one row for each version of each record."""
    version = _versions(people)
    person, after = version["person"], version["after"]
    country = np.where(after, people["country_after"][person], people["country"][person])
    segment = np.where(after, people["segment_after"][person], people["segment"][person])
    first = labels(_FIRST_NAMES, person % len(_FIRST_NAMES))
    last = labels(_LAST_NAMES, person // 7 % len(_LAST_NAMES))
    birth = people["birth_year"][person]
    return shaped("customers", {
        "customer_id": identifiers("cus", version["record"]), "created_at": instants(version["created"]),
        "name": first + " " + last,
        "email": (first + "." + last).str.to_lowercase() + pl.Series(person).cast(pl.String) + "@example.com",
        "country": labels(of.COUNTRIES, country), "region": labels(of.REGIONS, country),
        "language": labels(of.LANGUAGES, country), "customer_segment": labels(of.SEGMENTS, segment),
        "acquisition_channel": labels(of.CHANNELS, people["channel"][person]),
        "birth_year": pl.select(pl.when(pl.lit(pl.Series(birth)) > 0).then(pl.lit(pl.Series(birth)))).to_series(),
        "merged_into_customer_id": identifiers("cus", version["into"]), "updated_at": instants(version["updated"]),
    })  # fmt: skip
