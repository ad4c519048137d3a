"""The demo company: a simulated business, its raw tables and the answer key to its metrics."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from loyalty_pipeline.demo import (
    billing,
    exchange,
    feedback,
    invoices,
    items,
    lives,
    people,
    programme,
    referrals,
)
from loyalty_pipeline.demo.amounts import holdings, priced
from loyalty_pipeline.demo.answer_key import answer_key
from loyalty_pipeline.demo.catalogue import monthly
from loyalty_pipeline.demo.clock import Columns, Horizon, seconds
from loyalty_pipeline.demo.expectations import write_expectations
from loyalty_pipeline.demo.key_states import Simulation
from loyalty_pipeline.demo.mess import ALL_MESS, with_mess

AS_OF = date(2026, 10, 17)
RawTable = tuple[str, Callable[[], pl.DataFrame]]
_SETTINGS = """\
# Settings of the demo company. Its answer key, in answer_key/<mrr_source>/, holds for these and for the
# defaults of all others: time zone UTC, reporting currency EUR.

# The day the data was drawn, in the middle of a month: the last periods are incomplete.
as_of = {as_of}

# Where the raw tables are: beside this file.
source = "."
"""


@dataclass(frozen=True)
class DemoCompany:
    """Where a company was written, how many raw rows each table has, mess included, and its as-of."""

    folder: Path
    tables: dict[str, int]
    as_of: date


class _Streams:
    """Independent random streams by name: what one part draws does not disturb the others."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def __call__(self, name: str) -> np.random.Generator:
        return np.random.default_rng([self._seed, *name.encode()])


def _with_mrr(spans: Columns) -> Columns:
    return {"person": spans["person"], "currency": spans["currency"], "start": spans["start"], "until": spans["end"],
            "mrr": monthly(spans["net"], spans["plan"])}  # fmt: skip


def _simulate(customers: int, horizon: Horizon, rng: _Streams) -> tuple[Simulation, list[RawTable]]:
    """Everything that happens, and how to write each raw table of it."""
    everybody = people.simulate(customers, horizon, rng("people"))
    lived = lives.simulate(everybody, horizon, rng("lives"))
    terms = priced(lived, horizon, rng("amounts"))
    billed = invoices.simulate(lived, terms, everybody, horizon, rng("invoices"))
    rates = exchange.simulate(horizon, rng("exchange"))
    claims = referrals.simulate(everybody, lived, horizon, rng("referrals"))
    held = holdings(terms)
    simulation = Simulation(horizon, everybody, rates, held, _with_mrr(items.trials(lived, horizon)),
                            _with_mrr(items.pauses(lived, horizon)), invoices.payments(billed), claims)  # fmt: skip
    here = feedback.presence(everybody, held, horizon, rng("presence"))
    return simulation, [
        ("customers", lambda: people.customers(everybody)),
        ("survey_responses", lambda: feedback.survey_responses(here, horizon, rng("surveys"))),
        ("referrals", lambda: referrals.referrals(claims, everybody)),
        ("interactions", lambda: feedback.interactions(here, rng("interactions"))),
        ("support_tickets", lambda: feedback.support_tickets(here, horizon, rng("tickets"))),
        ("loyalty_events", lambda: programme.loyalty_events(here, horizon, rng("loyalty"))),
        ("advocacy_activities", lambda: programme.advocacy_activities(here, horizon, rng("advocacy"))),
        ("retention_costs", lambda: programme.retention_costs(everybody, horizon, rng("costs"))),
        ("plans", lambda: billing.plans(horizon)),
        ("subscriptions", lambda: billing.subscriptions(lived, horizon)),
        ("subscription_items", lambda: items.subscription_items(lived, terms, horizon)),
        ("invoices", lambda: billing.invoices(billed, horizon)),
        ("invoice_lines", lambda: billing.invoice_lines(billed)),
        ("refunds", lambda: billing.refunds(billed)),
        ("fx_rates", lambda: exchange.fx_rates(rates)),
        ("social_posts", lambda: programme.social_posts(here, rng("posts"))),
    ]


def _written(
    folder: Path, tables: list[RawTable], mess: frozenset[str], seed: int
) -> Iterator[tuple[str, int]]:
    for name, build in tables:
        frame = with_mess(name, build(), mess, seed)
        frame.write_parquet(folder / f"{name}.parquet", compression="snappy")
        yield name, frame.height


def _write_key(folder: Path, simulation: Simulation) -> None:
    for source, tables in answer_key(simulation).items():
        place = folder / "answer_key" / source
        place.mkdir(parents=True, exist_ok=True)
        for name, table in tables.items():
            table.write_parquet(place / f"{name}.parquet", compression="snappy")


def write_company(  # noqa: PLR0913 - all but the folder are keyword-only settings
    folder: Path,
    *,
    customers: int = 20_000,
    months: int = 36,
    seed: int = 7,
    end: date = AS_OF,
    mess: frozenset[str] = ALL_MESS,
) -> DemoCompany:
    """Write a company's raw tables, its settings and its answer key into a folder.

    `customers` people sign up over `months` calendar months, of which the last holds the day before `end`, the
    as-of; nothing is recorded that happens at or after it. The same arguments write the same rows. The key
    (`answer_key/<mrr_source>/<table>.parquet`) is counted before the `mess` (see `ALL_MESS`) is added.
    Raises ValueError for an unknown kind of mess, and for no customers or no months.
    """
    unknown = sorted(mess - ALL_MESS)
    if unknown:
        message = f"expected kinds of mess among {sorted(ALL_MESS)}, found {unknown}; leave those out"
        raise ValueError(message)
    if customers < 1 or months < 1:
        message = f"expected at least one customer and one month, found {customers} and {months}"
        raise ValueError(message)
    folder.mkdir(parents=True, exist_ok=True)
    simulation, tables = _simulate(customers, Horizon(seconds(end), months), _Streams(seed))
    _write_key(folder, simulation)
    rows = dict(_written(folder, tables, mess, seed))
    (folder / "loyalty.toml").write_text(_SETTINGS.format(as_of=end.isoformat()), encoding="utf-8")
    write_expectations(folder / "expectations")
    return DemoCompany(folder, rows, end)
