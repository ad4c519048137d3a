"""A company whose source changes from night to night, and its landing: rows are filed as landing files them."""

import random
from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from loyalty_pipeline.contract import polars_schema
from loyalty_pipeline.lake.store import Store
from loyalty_pipeline.landing.filing import write_part
from loyalty_pipeline.periods import business_month
from loyalty_pipeline.settings import Settings
from loyalty_pipeline.sources.catalogue import RAW_TABLES
from tests.companies import FIRST_NIGHT, Raw, Row
from tests.random_companies import made_up

DAY = timedelta(days=1)
MOMENT = timedelta(microseconds=1)
BY_SOURCE: dict[str, dict[str, Any]] = {
    "invoice_lines": {"activity": "subscriptions", "mrr_source": "invoice_lines"},
    "subscription_items": {"activity": "subscriptions", "mrr_source": "subscription_items"},
    "purchases": {"activity": "purchases", "mrr_source": None},
}
"""Where recurring lines come from, and the settings that say so."""


class Throws:
    """Dice that a random number generator throws."""

    def __init__(self, seed: int) -> None:
        self.generator = random.Random(seed)  # noqa: S311 - not a secret
        self.one_of = self.generator.choice

    def chance(self, of: int) -> bool:
        return self.generator.randrange(of) == 0


@dataclass
class Company:
    """What its source has said so far, the settings that hold tonight, and where each key is filed.

    `newest` is when the version of a line or a refund changed that counts: older ones are filed with it.
    """

    raw: Raw
    settings: dict[str, Any]
    batch: int = 2
    tonight: list[tuple[str, Row]] = field(default_factory=list)
    homes: dict[str, dict[Any, date]] = field(default_factory=lambda: defaultdict(dict))
    newest: dict[tuple[str, Any], datetime] = field(default_factory=dict)
    changes: int = 0
    has_todays_clock: bool = False

    @classmethod
    def of(cls, seed: int, source: str) -> "Company":
        """Two to four customers over about three months, whose as-of is near a month's end."""
        dice = Throws(seed)
        made = made_up(dice, customers=(3, 2, 4), span=(0, 1, 0, -1), **BY_SOURCE[source])
        first = dice.one_of((0, 1)) + made.first.month - 1
        start = date(made.first.year + first // 12, first % 12 + 1, 1)
        made.settings.update(
            {
                "as_of": start + dice.one_of((28, 31, 40)) * DAY,
                "shards": dice.one_of((1, 1, 1, 1, 2)),
            }
        )
        company = cls({}, made.settings)
        for table, rows in made.raw.items():
            for row in rows:
                company.say(table, row)
        return company

    def copy(self) -> "Company":
        """As it is now; rows are never changed, only said anew."""
        homes = defaultdict(dict, {table: dict(known) for table, known in self.homes.items()})
        raw = {table: list(rows) for table, rows in self.raw.items()}
        return replace(
            self, raw=raw, settings=dict(self.settings), tonight=[], homes=homes, newest=dict(self.newest)
        )

    def say(self, table: str, row: Row, **changes: Any) -> None:
        """The source says a row, or says it anew."""
        said = {"_batch": FIRST_NIGHT} | row | changes
        if self.homes:
            said["_batch"] = f"{self.batch:06d}"
        self.raw.setdefault(table, []).append(said)
        self.tonight.append((table, said))

    def latest(self, table: str) -> list[Row]:
        """The version that counts of every key, deleted ones too."""
        newest = {}
        for row in sorted(self.raw.get(table, ()), key=lambda row: (row["updated_at"], row["_batch"])):
            newest[key_of(table, row)] = row
        return list(newest.values())

    def live(self, table: str) -> list[Row]:
        """The version that counts of every key that is not deleted."""
        return [row for row in self.latest(table) if row.get("deleted_at") is None]

    def now(self, row: Row | None = None) -> datetime:
        """When the source changes a row: the evening before the as-of, after all that was said of the row.

        Or really now, where landing compares it with when it extracts.
        """
        self.changes += 1
        if self.has_todays_clock:
            return datetime.now(UTC)
        evening = datetime.combine(self.settings["as_of"] - DAY, time(18), tzinfo=UTC)
        return max(evening, row["updated_at"] if row else evening) + self.changes * MOMENT

    def chosen(self, folder: Path) -> Settings:
        """The settings of a night in a data folder, where nothing is kept that no reader needs."""
        return Settings(data_dir=folder, **self.settings).model_copy(
            update={"keep_snapshots": 1, "keep_hours": 0}
        )

    def land(self, folder: Path) -> None:
        """File what was said tonight: by the business month of a key's first version, or of its parent's."""
        store = Store(folder / "landing")
        manifest = store.read()
        parts = defaultdict(list)
        # Of what contradicts itself in one extract, landing takes one row.
        said = {
            (table, key_of(table, row), row["updated_at"], row["_batch"]): (table, row)
            for table, row in self.tonight
        }
        tables = list(RAW_TABLES)
        for table, row in sorted(
            said.values(), key=lambda said: (tables.index(said[0]), said[1]["updated_at"])
        ):
            for home, filed in self.filed(table, row):
                kind = "gone" if filed.get("_is_gone") else "0000"
                parts[table, f"{home:%Y-%m}/{filed['_batch']}-{kind}"].append(filed)
        for (table, part), rows in parts.items():
            frame = typed(table, rows)
            entry = write_part(store, (table, part), frame, RAW_TABLES[table])
            manifest.tables.setdefault(table, {})[part] = entry
        store.commit(manifest)
        self.tonight.clear()
        self.batch += 1

    def filed(self, table: str, row: Row) -> list[tuple[date, Row]]:
        """A row with its home; a line that moves to an invoice of another home leaves a tombstone."""
        homes, key = self.homes[table], key_of(table, row)
        if not RAW_TABLES[table].filed_with:
            return [(homes.setdefault(key, home_of(table, row, self.settings["timezone"])), row)]
        parent = self.homes["invoices"].get((row["invoice_id"],))
        if parent is None:
            return []
        before = homes.setdefault(key, parent)
        if row["updated_at"] < self.newest.get((table, key), row["updated_at"]):
            return [(before, row)]
        homes[key], self.newest[table, key] = parent, row["updated_at"]
        tombstone = row | {"deleted_at": row["updated_at"], "_is_gone": True}
        return [(parent, row), *([(before, tombstone)] if before != parent else [])]


def key_of(table: str, row: Row) -> tuple[Any, ...]:
    """The key of a row."""
    return tuple(row[name] for name in RAW_TABLES[table].primary_key())


def home_of(table: str, row: Row, timezone: str) -> date:
    """The business month of a row."""
    happened = row[RAW_TABLES[table].month_of]
    if not isinstance(happened, datetime):
        return happened.replace(day=1)
    instant = pl.lit(happened.replace(tzinfo=None)).dt.replace_time_zone("UTC")
    return pl.select(business_month(instant, timezone)).item()


def typed(table: str, rows: list[Row]) -> pl.DataFrame:
    """Rows as landing writes them."""
    schema = {**polars_schema(RAW_TABLES[table]), "_batch": pl.String()}
    return pl.DataFrame({name: [row.get(name) for row in rows] for name in schema}, schema=schema)
