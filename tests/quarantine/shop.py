"""A source that tests change night by night, what is set aside of it, and what is published."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl

from loyalty_pipeline.landing import LandingReport, land
from loyalty_pipeline.pipeline import Night, nightly, open_lake
from loyalty_pipeline.quarantine.folder import ROW, Folder
from loyalty_pipeline.quarantine.landed import Landed
from loyalty_pipeline.quarantine.shown import Choice, chosen
from loyalty_pipeline.quarantine.worth import Total, Worth, worth
from loyalty_pipeline.settings import Settings
from loyalty_pipeline.sources.catalogue import RAW_TABLES
from tests.landing.company import MINIMAL

FEBRUARY = date(2024, 2, 1)
EVERYTHING = Choice(is_personal=True)


class Shop:
    """The minimal company: c1 pays 100 a month in February. As of the first of March its line still holds."""

    def __init__(self, root: Path, **settings: Any) -> None:
        self.source, self.data = root / "source", root / "data"
        self.source.mkdir(parents=True)
        self.chosen = {"as_of": date(2024, 3, 1), "max_bad_share": 1.0} | settings
        for table, rows in MINIMAL.items():
            self.write(table, *rows)

    @property
    def settings(self) -> Settings:
        return Settings(source=str(self.source), data_dir=self.data, **self.chosen)

    def write(self, table: str, *rows: dict[str, Any]) -> Path:
        path = self.source / f"{table}.parquet"
        pl.DataFrame(rows, infer_schema_length=None).write_parquet(path)
        return path

    def night(self) -> Night:
        return nightly(self.settings)

    def land(self, **options: Any) -> LandingReport:
        return land(self.settings, **options)

    @property
    def folder(self) -> Folder:
        return Folder(self.data)

    @property
    def landed(self) -> Landed:
        return Landed(open_lake(self.settings))

    def worth(self) -> Worth:
        return worth(self.folder.current(), self.landed, self.settings.tables)

    def total(self) -> Total:
        """The sum over everything that is set aside."""
        aside = self.folder.current()
        places = [rows.select(pl.lit(table).alias("table"), ROW) for table, rows in aside.items()]
        empty = pl.DataFrame(schema={"table": pl.String(), ROW: pl.Int64()})
        return self.worth().of(pl.concat([empty, *places]))

    def shown(self, table: str, choice: Choice = EVERYTHING) -> dict[str, dict[str, Any]]:
        """The rows of a table that are set aside, by their key, in the order in which they are shown."""
        rows = self.folder.current().get(table, self.folder.rows(table, ""))
        key = RAW_TABLES[table].primary_key()[0]
        found = chosen(rows, table, self.worth(), choice)
        return {row[key]: row for row in found.iter_rows(named=True)}

    def mrr(self, month: date = FEBRUARY) -> Decimal:
        """What is published as the closing MRR of everybody."""
        rows = pl.read_parquet(self.data / "metrics" / "mrr_growth.parquet")
        of = rows.filter(period="month", segment_by="all", period_start=month)["closing_mrr"]
        return Decimal(of.sum()) if of.len() else Decimal(0)
