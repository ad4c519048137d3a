"""The metrics of a company of two customers, published night after night from a source that changes."""

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from loyalty_pipeline.lake.lake import Lake
from loyalty_pipeline.pipeline import ingest, open_lake, publish
from loyalty_pipeline.publication.snapshot import Publication
from loyalty_pipeline.settings import Settings
from tests.landing.company import at, customer, invoice, line

Rows = list[dict[str, Any]]
EVERYBODY = {"segment_by": "all", "segment_value": "all"}


def bill(number: int, start: str, end: str, **changes: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """An invoice that is paid the day it is issued, which its one line begins on."""
    paid = {"issued_at": at(start), "paid_at": at(start), "updated_at": at(start)}
    served = {"period_start": at(start), "period_end": at(end), "invoice_id": f"i{number}"}
    own = {name: changes.pop(name) for name in ("customer_id",) if name in changes}
    return invoice(number, **paid | own), line(number, **served | {"updated_at": at(start)} | changes)


@dataclass
class Desk:
    """A source folder and a data folder; both customers pay 100 for February and for March."""

    folder: Path
    as_of: date = date(2024, 3, 10)
    settings: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        (self.folder / "source").mkdir()
        self.customers = [customer(1), customer(2, country="FR")]
        self.bills = [
            bill(1, "2024-02-01", "2024-03-01"),
            bill(2, "2024-02-01", "2024-03-01", customer_id="c2"),
            bill(3, "2024-03-01", "2024-04-01"),
            bill(4, "2024-03-01", "2024-04-01", customer_id="c2"),
        ]

    @property
    def chosen(self) -> Settings:
        places = {"source": str(self.folder / "source"), "data_dir": self.folder / "data"}
        return Settings(**places, as_of=self.as_of, max_bad_share=1, **self.settings)

    def correct(self, number: int, **changes: Any) -> None:
        """The source says the line of a bill anew."""
        told, (paid, served) = {"updated_at": at("2024-03-09")}, self.bills[number - 1]
        self.bills[number - 1] = paid, served | told | changes

    def land(self) -> None:
        invoices, lines = zip(*self.bills, strict=True)
        for table, rows in {
            "customers": self.customers,
            "invoices": invoices,
            "invoice_lines": lines,
        }.items():
            frame = pl.DataFrame(list(rows), infer_schema_length=None)
            frame.write_parquet(self.folder / "source" / f"{table}.parquet")
        ingest(self.chosen)

    def lake(self) -> Lake:
        return open_lake(self.chosen)

    def publish(self, lake: Lake | None = None) -> Publication:
        """Compute and publish what has landed."""
        lake = lake or self.lake()
        for name in lake.tables:
            lake.compute(name)
        return publish(self.chosen, lake)

    def night(self) -> Publication:
        self.land()
        return self.publish()


def restated(publication: Publication, **chosen: Any) -> Rows:
    """The restatements that a publication made, of some cells."""
    rows = pl.read_parquet(publication.folder / "restatements.parquet")
    return rows.filter(pl.col("snapshot") == publication.snapshot, **chosen).to_dicts()


def cell(publication: Publication, table: str, measure: str, **chosen: Any) -> dict[str, Any]:
    """The one restatement of a measure of everybody, by default in February."""
    place = EVERYBODY | {"period": "month", "period_start": date(2024, 2, 1)} | chosen
    (row,) = restated(publication, table=table, measure=measure, **place)
    return row
