"""What has landed of the things that rows set aside speak of, and the rates that amounts are converted at."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import polars as pl

from loyalty_pipeline.lake.frames import frame
from loyalty_pipeline.lake.index import FIRST, LAST
from loyalty_pipeline.lake.lake import Lake
from loyalty_pipeline.landing.currencies import CURRENCIES
from loyalty_pipeline.landing.land import LANDED
from loyalty_pipeline.periods import instant_literal
from loyalty_pipeline.quarantine.values import KEY, keyed
from loyalty_pipeline.sources.catalogue import RAW_TABLES
from loyalty_pipeline.staging.fx_rates import daily_rates, first_rates


@dataclass(frozen=True)
class Landed:
    """The landed rows of a lake, and its policy."""

    lake: Lake

    @property
    def line_source(self) -> str:
        """The table that MRR is made of; `purchases` where there is none."""
        return str(self.lake.policy["line_source"])

    @property
    def timezone(self) -> str:
        """The reporting time zone."""
        return str(self.lake.policy["timezone"])

    @property
    def currency(self) -> str:
        """The currency that is published."""
        return str(self.lake.policy["reporting_currency"])

    @property
    def as_of(self) -> pl.Expr:
        """The instant from which on nothing counts."""
        return instant_literal(self.lake.calendar.boundary(self.lake.calendar.as_of))

    @property
    def only_currency(self) -> str | None:
        """The currency of all invoices that ever landed, if they have one and the same."""
        seen = self.lake.landed.notes.get(LANDED, {}).get("invoices", {}).get(CURRENCIES, [])
        return str(seen[0]) if len(seen) == 1 else None

    @cached_property
    def rates(self) -> pl.DataFrame:
        """What one unit of each currency is worth on the last day before the as-of."""
        window = self.lake.calendar.month(self.lake.calendar.last_month)
        stated: Any = self._scan("fx_rates")
        rates = daily_rates(window, stated, first_rates(stated), self.currency)
        return rates.filter(pl.col("rate_date") == window.last_day).select("currency", "rate").collect()

    def versions(self, table: str, column: str, values: pl.Series) -> pl.DataFrame:
        """The version that counts, deleted or not, of each key that ever had one of the values in a column."""
        contract = RAW_TABLES[table]
        wanted = values.drop_nulls().unique().alias(column).to_frame().lazy()
        key = contract.primary_key()
        keys = self._scan(table).join(wanted, on=column, how="semi").select(key).unique()
        rows = self._scan(table).join(keys, on=key, how="semi").collect()
        ordered = rows.sort("updated_at", "_batch").unique(key, keep="last", maintain_order=True)
        return keyed(ordered.with_columns(_row=pl.lit(None, pl.Int64)), table).select(
            *contract.columns(), KEY
        )

    def rows_of(self, table: str, batch: str) -> pl.DataFrame:
        """Key and row number of each row of a table that landed in a batch from the source's file."""
        entries = self.lake.landed.tables.get(table, {}).values()
        if not entries:
            return pl.DataFrame(schema={KEY: pl.String(), "_row": pl.Int64()})
        rows = self.lake.landing.scan(entries).filter(pl.col("_batch") == batch, pl.col("_row").is_not_null())
        key = RAW_TABLES[table].primary_key()
        return keyed(rows.select(*key, "_row").collect(), table).select(KEY, "_row")

    def _scan(self, table: str) -> pl.LazyFrame:
        parts = self.lake.landed.between(table, FIRST, LAST)
        return frame(RAW_TABLES[table], parts, self.lake.landing, is_raw=True)
