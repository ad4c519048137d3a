"""Random histories of a database: whatever was done to it between the nights, what has landed is what it has."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.landing.company import customer
from tests.landing.shop import Shop
from tests.landing.test_databases import agreement, read

NOW = datetime(2024, 5, 1, tzinfo=UTC)

IDS = st.integers(1, 6)
CHANGES = st.one_of(
    st.tuples(st.just("upsert"), IDS, st.sampled_from(["DE", "FR", "nowhere"]), st.integers(0, 300)),
    st.tuples(st.just("touch"), IDS, st.just(""), st.integers(0, 300)),
    st.tuples(st.just("delete"), IDS, st.just(""), st.just(0)),
)
"""What is done to a customer, with a country that may be none, stamped so many minutes before now."""
NIGHTS = st.lists(st.lists(CHANGES, max_size=5), min_size=2, max_size=6)


class Table:
    """The customers of a database, kept as dictionaries beside it."""

    def __init__(self, shop: Shop) -> None:
        self.shop, self.now, self.rows = shop, NOW, {"c1": customer(1)}

    def change(self, kind: str, number: int, country: str, minutes_ago: int) -> None:
        key, stamped = f"c{number}", self.now - timedelta(minutes=minutes_ago)
        before = self.rows.get(key)
        if kind == "delete" and key != "c1":
            self.rows.pop(key, None)
        elif kind == "touch" and before:
            self.rows[key] = before | {"updated_at": max(before["updated_at"], stamped)}
        elif kind == "upsert":
            # What a row says of its changes never goes back.
            stamped = max(before["updated_at"] + timedelta(seconds=1), stamped) if before else stamped
            country = "DE" if key == "c1" else country
            self.rows[key] = customer(number, country=country, updated_at=stamped)

    def night(self, changes: list[tuple[str, int, str, int]]) -> Any:
        for change in changes:
            self.change(*change)
        self.shop.write("customers", list(self.rows.values()))
        report = self.shop.land(extracted_at=self.now + timedelta(minutes=1))
        self.now += timedelta(days=1)
        return report

    def good(self) -> dict[str, tuple[str, datetime]]:
        return {
            key: (row["country"], row["updated_at"])
            for key, row in self.rows.items()
            if len(row["country"]) == 2
        }

    def bad(self) -> set[str]:
        return {key for key, row in self.rows.items() if len(row["country"]) != 2}


def executing(path: Path) -> Any:
    def execute(statement: str) -> None:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("pragma synchronous = off")
            connection.execute(statement)

    return execute


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(NIGHTS)
def test_what_has_landed_is_what_the_database_has_after_every_night(
    nights: list[list[tuple[str, int, str, int]]],
) -> None:
    with TemporaryDirectory() as folder:
        root = Path(folder)
        execute = executing(root / "shop.db")
        shop = Shop(root, f"sqlite:///{root / 'shop.db'}", execute, max_bad_share=1.0)
        table = Table(shop)
        table.night([])
        for changes in nights:
            report = table.night(changes)
            landed = {
                row["customer_id"]: (row["country"], row["updated_at"]) for row in shop.latest("customers")
            }
            good, bad = table.good(), table.bad()
            # A row that turned bad keeps the version that was good, as long as it is there.
            assert {key: landed[key] for key in good} == good
            assert landed.keys() - good.keys() <= bad
            if not read(report).skipped:
                assert agreement(report).passed, agreement(report).observed
                assert read(report).accounted == read(report).extracted
                assert set_aside(shop, report.batch) == bad


def set_aside(shop: Shop, batch: str) -> set[str]:
    """The customers that are set aside, as the last reading left them."""
    path = shop.settings.data_dir / "quarantine" / "customers" / f"{batch}.parquet"
    return set(pl.read_parquet(path)["customer_id"]) if path.exists() else set()
