"""A small source that tests change: rows as dictionaries, written in any format, landed under settings."""

import gzip
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from loyalty_pipeline.lake.store import Store
from loyalty_pipeline.landing import LandingReport, land

NIGHT = datetime(2024, 6, 1, 3, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def customer(number: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "customer_id": f"c{number}",
        "created_at": at("2024-01-10"),
        "country": "DE",
        "updated_at": at("2024-01-10"),
    } | changes


def invoice(number: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "invoice_id": f"i{number}",
        "customer_id": "c1",
        "status": "paid",
        "issued_at": at("2024-01-31 23:30"),
        "paid_at": at("2024-02-03"),
        "currency": "EUR",
        "total": "119.00",
        "updated_at": at("2024-02-03"),
    } | changes


def line(number: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "line_id": f"l{number}",
        "invoice_id": "i1",
        "kind": "recurring",
        "quantity": 1.0,
        "amount": "100.00",
        "discount": "0",
        "tax": "19.00",
        "period_start": at("2024-02-01"),
        "period_end": at("2024-03-01"),
        "interval": "month",
        "interval_count": 1,
        "proration": False,
        "updated_at": at("2024-02-03"),
    } | changes


MINIMAL = {"customers": [customer()], "invoices": [invoice()], "invoice_lines": [line()]}


@dataclass
class Settings:
    source: str
    data_dir: Path
    timezone: str = "UTC"
    reporting_currency: str = "EUR"
    max_bad_share: float = 0.7
    expectations: Path | None = None
    tables: dict[str, Any] = field(default_factory=dict)
    sources: dict[str, Any] = field(default_factory=dict)
    overlap_minutes: int = 60
    reconcile: str = "when needed"


class Company:
    """A source folder and what has landed of it. Nights follow each other by a day."""

    def __init__(self, root: Path, **settings: Any) -> None:
        self.source = root / "source"
        self.source.mkdir(parents=True)
        self.settings = Settings(str(self.source), root / "data", **settings)
        self.nights = 0
        for table, rows in MINIMAL.items():
            self.write(table, rows)

    def write(self, table: str, rows: list[dict[str, Any]], suffix: str = ".parquet") -> Path:
        frame = pl.DataFrame(rows, infer_schema_length=None)
        path = self.source / f"{table}{suffix}"
        if suffix == ".parquet":
            frame.write_parquet(path)
        elif suffix == ".jsonl":
            frame.write_ndjson(path)
        elif suffix == ".csv":
            frame.write_csv(path)
        else:
            path.write_bytes(gzip.compress(frame.write_csv().encode()))
        return path

    def land(self, **options: Any) -> LandingReport:
        self.nights += 1
        at = options.pop("extracted_at", NIGHT + timedelta(days=self.nights - 1))
        return land(self.settings, extracted_at=at, **options)

    def store(self) -> Store:
        return Store(self.settings.data_dir / "landing")

    def parts(self, table: str) -> dict[str, pl.DataFrame]:
        store = self.store()
        entries = store.read().tables.get(table, {})
        return {part: pl.read_parquet(store.path(entry), glob=False) for part, entry in entries.items()}

    def rows(self, table: str) -> pl.DataFrame:
        return pl.concat(self.parts(table).values(), how="diagonal")

    def quarantined(self, table: str, batch: str = "000001") -> pl.DataFrame:
        return pl.read_parquet(self.settings.data_dir / "quarantine" / table / f"{batch}.parquet")
