"""What customers say and do: surveys, interactions and support tickets."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from loyalty_pipeline.demo import catalogue as of
from loyalty_pipeline.demo.clock import DAY, HOUR, NEVER, Bools, Columns, Floats, Horizon, Ints
from loyalty_pipeline.demo.frames import identifiers, instants, labels, shaped
from loyalty_pipeline.demo.people import record_at

# People at both ends of the scale answer more often, the delighted most of all.
_ANSWERS = np.array([0.24, 0.22, 0.18, 0.14, 0.11, 0.10, 0.11, 0.13, 0.17, 0.26, 0.30])
_SURVEYS = {"nps": (0, 10, 1.0), "csat": (1, 5, 0.4), "ces": (1, 7, 0.2), "trust": (1, 7, 0.08),
            "emotional": (1, 7, 0.08)}  # fmt: skip
_TOUCHPOINTS = ["after_renewal", "after_support", "in_app", None]
_COMMENTS = [
    "Great value",
    "Too expensive for us",
    "Support was quick",
    "Missing an export",
    None,
    None,
    None,
    None,
]
_CHANNELS = ["web", "app", "email", "phone", "chat", "store", "community"]
_CHANNEL_SHARES = [0.38, 0.34, 0.12, 0.03, 0.07, 0.01, 0.05]
_TOPICS = ["billing", "bug", "how_to", "account", None]


@dataclass(frozen=True)
class Presence:
    """Everybody's time as a customer, with a rate that differs from person to person."""

    people: Columns
    until: Ints
    liveliness: Floats

    def occasions(self, per_year: float, rng: np.random.Generator) -> tuple[Ints, Ints]:
        """Persons and instants of something that people do so often a year, in order of time."""
        since = self.people["created"]
        years = (self.until - since) / (365 * DAY)
        times = rng.poisson(per_year * years * self.liveliness)
        person = np.repeat(np.arange(times.size), times)
        at = since[person] + (rng.random(person.size) * (self.until - since)[person]).astype(np.int64)
        order = np.argsort(at, kind="stable")
        return person[order], at[order]


def presence(people: Columns, holdings: Columns, horizon: Horizon, rng: np.random.Generator) -> Presence:
    """From the first record until a little after the last thing held; some are ten times as lively as others."""
    last = people["created"] + DAY
    np.maximum.at(last, holdings["person"], holdings["until"] + 5 * DAY)
    return Presence(people, np.minimum(last, horizon.end), rng.gamma(0.8, 1.25, last.size))


def _customer(here: Presence, person: Ints, at: Ints) -> pl.Series:
    return identifiers("cus", record_at(here.people, person, at))


def _answers(here: Presence, survey: str, person: Ints, rng: np.random.Generator) -> tuple[Ints, Bools]:
    """Scores from people's delight, and whether each was given; easy effort is a low score."""
    low, high, _ = _SURVEYS[survey]
    delight = here.people["delight"][person]
    felt = np.clip(delight + rng.normal(0, 1, person.size), 0, 10) / 10
    share = 1 - felt if survey == "ces" else felt
    return low + np.rint(share * (high - low)).astype(np.int64), rng.random(person.size) < _ANSWERS[delight]


def _one_survey(here: Presence, survey: str, horizon: Horizon, rng: np.random.Generator) -> pl.DataFrame:
    low, high, per_year = _SURVEYS[survey]
    person, sent = here.occasions(per_year, rng)
    score, answered = _answers(here, survey, person, rng)
    at = sent + 60 + rng.exponential(1.5 * DAY, person.size).astype(np.int64)
    answered &= at < horizon.end
    responded = np.where(answered, at, NEVER)
    comment = np.where(answered, rng.integers(0, len(_COMMENTS), person.size), len(_COMMENTS) - 1)
    country = here.people["country"][person]
    scores = pl.Series(score).to_frame("score").select(pl.when(pl.Series(answered)).then("score")).to_series()
    return shaped("survey_responses", {
        "response_id": identifiers(f"sr_{survey}", np.arange(person.size)), "customer_id": _customer(here, person, sent),
        "survey": survey, "touchpoint": labels(_TOUCHPOINTS, rng.integers(0, len(_TOUCHPOINTS), person.size)),
        "scale_min": low, "scale_max": high, "score": scores, "comment": labels(_COMMENTS, comment),
        "language": labels(of.LANGUAGES, country), "sent_at": instants(sent), "responded_at": instants(responded),
        "updated_at": instants(np.where(answered, at, sent)),
    })  # fmt: skip


def survey_responses(here: Presence, horizon: Horizon, rng: np.random.Generator) -> pl.DataFrame:
    """One row for each time somebody was asked."""
    return pl.concat([_one_survey(here, survey, horizon, rng) for survey in _SURVEYS])


def interactions(here: Presence, rng: np.random.Generator) -> pl.DataFrame:
    """One row for each visit, call or mail."""
    person, at = here.occasions(4.0, rng)
    channel = rng.choice(len(_CHANNELS), person.size, p=_CHANNEL_SHARES)
    duration = np.minimum(4 * HOUR, rng.lognormal(5.0, 1.2, person.size)).astype(np.int64)
    return shaped("interactions", {
        "interaction_id": identifiers("ia", np.arange(person.size)), "customer_id": _customer(here, person, at),
        "channel": labels(_CHANNELS, channel), "started_at": instants(at), "duration_seconds": duration,
        "actions": rng.poisson(1 + duration / 60), "updated_at": instants(at),
    })  # fmt: skip


def support_tickets(here: Presence, horizon: Horizon, rng: np.random.Generator) -> pl.DataFrame:
    """One row for each ticket; some are not answered or not resolved yet."""
    person, at = here.occasions(0.5, rng)
    answered = at + 300 + rng.exponential(5 * HOUR, person.size).astype(np.int64)
    resolved = answered + rng.exponential(20 * HOUR, person.size).astype(np.int64)
    answered = np.where(answered < horizon.end, answered, NEVER)
    resolved = np.where((resolved < horizon.end) & (rng.random(person.size) < 0.95), resolved, NEVER)
    latest = np.where(resolved < NEVER, resolved, np.where(answered < NEVER, answered, at))
    return shaped("support_tickets", {
        "ticket_id": identifiers("tk", np.arange(person.size)), "customer_id": _customer(here, person, at),
        "topic": labels(_TOPICS, rng.integers(0, len(_TOPICS), person.size)), "opened_at": instants(at),
        "first_response_at": instants(answered), "resolved_at": instants(resolved),
        "contacts": rng.geometric(0.6, person.size), "updated_at": instants(latest),
    })  # fmt: skip
