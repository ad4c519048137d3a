"""Rows that break a rule move no published number: a company is published as if it had never sent them."""

import random
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from loyalty_pipeline.pipeline import Night, nightly
from loyalty_pipeline.settings import Settings
from loyalty_pipeline.sources.catalogue import RAW_TABLES, references
from tests.companies import Raw
from tests.random_companies import made_up
from tests.validation.dirt import TextRow, dirt, dirty, frame_of, good, reasons

FIXED = {
    "timezone": "UTC",
    "first": date(2024, 1, 1),
    "activity": "subscriptions",
    "mrr_source": "invoice_lines",
}
FIRST = 100
"""The number of the first dirty row; no good one has it."""

MOST_ARE_DIRTY = 1.0
NOT_A_METRIC = "validation_history"


class Throws:
    """Dice that a random number generator throws."""

    def __init__(self, seed: int) -> None:
        self.one_of = random.Random(seed).choice  # noqa: S311 - not a secret


def company(seed: int) -> tuple[dict[str, list[TextRow]], dict[str, Any]]:
    """Rows of every raw table, as text, and the settings: a made-up company, good rows, and all that they refer to."""
    made = made_up(Throws(seed), customers=(5, 6), **FIXED)
    rows = {
        table: [good(table, number) for number in (1, 2)] + as_text(table, made.raw) for table in RAW_TABLES
    }
    for table in reversed(RAW_TABLES):
        for column, (target, key) in references(RAW_TABLES[table]).items():
            known = {row[key] for row in rows[target]}
            named = {row[column] for row in rows[table]} - known - {None}
            rows[target] += [good(target) | {key: name} for name in sorted(map(str, named))]
    return rows, made.settings


def as_text(table: str, raw: Raw) -> list[TextRow]:
    columns = RAW_TABLES[table].columns()
    return [{name: said(row.get(name)) for name in columns} for row in raw.get(table, [])]


def said(value: Any) -> str | None:
    return value.isoformat() if isinstance(value, date) else None if value is None else str(value)


def published(folder: Path, rows: dict[str, list[TextRow]], policy: dict[str, Any]) -> Night:
    source = folder / "source"
    source.mkdir(parents=True, exist_ok=True)
    for table, stated in rows.items():
        frame_of(table, stated).write_parquet(source / f"{table}.parquet")
    given = policy | {"source": str(source), "data_dir": folder / "data", "max_bad_share": MOST_ARE_DIRTY}
    return nightly(Settings(**given))


def metrics(night: Night) -> dict[str, pl.DataFrame]:
    files = night.publication.folder.glob("*.parquet")
    return {file.stem: pl.read_parquet(file) for file in files if file.stem != NOT_A_METRIC}


def moved(ours: dict[str, pl.DataFrame], theirs: dict[str, pl.DataFrame]) -> list[str]:
    """The tables that differ."""
    assert ours.keys() == theirs.keys()
    return [table for table in theirs if not ours[table].equals(theirs[table])]


def of_new_keys(table: str) -> list[TextRow]:
    return [dirty(table, rule, number=number) for number, rule in enumerate(reasons(table), FIRST)]


def of_a_key_that_landed(table: str) -> list[TextRow]:
    """Later versions of a good row, each with another fault."""
    later = good(table) | {"updated_at": "2024-02-02"}
    return [later | dirt(table)[rule] for rule in reasons(table)]


def mixed(rows: list[TextRow], more: list[TextRow], dice: random.Random) -> list[TextRow]:
    """The rows in their order, and the others somewhere among them."""
    found = list(rows)
    for row in more:
        found.insert(dice.randint(0, len(found)), row)
    return found


@pytest.mark.slow
def test_rows_that_break_a_rule_move_no_published_number(tmp_path: Path) -> None:
    """Neither on the first night, with keys of their own, nor on a later one, as versions of what has landed."""
    rows, policy = company(seed=12)
    dice = random.Random(5)  # noqa: S311 - not a secret
    clean = published(tmp_path / "clean", rows, policy)
    numbers = metrics(clean)
    landing = {table: [*stated, good(table, FIRST)] for table, stated in rows.items()}
    numbers_with_more = metrics(published(tmp_path / "more", landing, policy))
    assert {"churn", "cohort_retention", "mrr_growth", "nps", "engagement", "referrals"} <= {
        *moved(numbers_with_more, numbers)
    }, "rows that land"

    soiled = {table: mixed(stated, of_new_keys(table), dice) for table, stated in rows.items()}
    first = published(tmp_path / "dirty", soiled, policy)
    assert moved(metrics(first), numbers) == []
    for table in RAW_TABLES:
        before, after = clean.landing.tables[table], first.landing.tables[table]
        assert (after.accepted, after.months) == (before.accepted, before.months)
        assert after.quarantined == before.quarantined + len(reasons(table))

    soiled = {table: mixed(stated, of_a_key_that_landed(table), dice) for table, stated in rows.items()}
    later = published(tmp_path / "clean", soiled, policy)
    assert later.landing.batch == "000002"
    assert later.landing.changed == {}
    assert sum(found.tombstones for found in later.landing.tables.values()) == 0
    assert moved(metrics(later), numbers) == []
