"""The second reading: rows that land go into immutable files by home month, rows that do not into the quarantine.

A key's home month is the business month of its first version. Later versions stay there, whatever they say, so that one
month's files hold all that is known of a key. Rows filed with another table's row follow it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import polars as pl

from loyalty_pipeline.lake.manifest import Entry
from loyalty_pipeline.lake.store import Store
from loyalty_pipeline.landing.decisions import Decision, Parents
from loyalty_pipeline.landing.history import HOME, month_name, repeated
from loyalty_pipeline.landing.quarantine import bad_rows
from loyalty_pipeline.landing.reading import INSTANT
from loyalty_pipeline.sources.catalogue import references
from loyalty_pipeline.sources.extract import SLICE_ROWS
from loyalty_pipeline.sources.raw import RawTable


@dataclass
class Filed:
    """What a table's landing wrote: files by part, the rows set aside, the currencies seen."""

    entries: dict[str, Entry] = field(default_factory=dict)
    bad: list[pl.DataFrame] = field(default_factory=list)
    currencies: set[str] = field(default_factory=set)

    @property
    def months(self) -> list[str]:
        """The home months with new rows."""
        return sorted({part.partition("/")[0] for part in self.entries})


def homes(decision: Decision, parents: Parents) -> pl.DataFrame:
    """The row number, key, `updated_at` and home month of each row that lands, in the file's order."""
    contract, key = decision.reading.extract.contract, decision.reading.key
    named = ["_row", *key, "updated_at"]
    if contract.filed_with:
        column, parent_key = _reference_to(contract, contract.filed_with)
        filed = parents(contract.filed_with)
        if filed is None:
            message = f"{contract.__name__} cannot be filed before {contract.filed_with}"
            raise ValueError(message)
        rows = decision.ledger.select(*dict.fromkeys([*named, column])).filter(decision.open)
        months = filed.select(pl.col(parent_key).alias(column), HOME)
        own = rows.join(months, on=column, how="left", maintain_order="left").select(*named, HOME)
        return _with_the_newest(own, decision)
    rows = decision.ledger.select(*named, HOME).filter(decision.open)
    if decision.history.is_empty and not repeated(rows, key).any():
        return rows
    first = rows.sort("updated_at", "_row").unique(key, keep="first", maintain_order=True).select(*key, HOME)
    known = decision.history.homes
    months = pl.concat([known, first.join(known, on=key, how="anti")])
    return rows.drop(HOME).join(months, on=key, how="left", maintain_order="left").select(*named, HOME)


def _with_the_newest(own: pl.DataFrame, decision: Decision) -> pl.DataFrame:
    """Every version of a key with the one that counts, whatever the others refer to: filed apart, both would count."""
    key = decision.reading.key
    if decision.history.is_empty and not repeated(own, key).any():
        return own
    # A row that returns counts from now on.
    revived = pl.lit(decision.revived.filter(decision.open))
    now = pl.lit(decision.reading.extracted_at, dtype=INSTANT)
    counts_from = pl.when(revived).then(now).otherwise("updated_at").alias("updated_at")
    landing = own.with_columns(counts_from).sort("updated_at", "_row").select(*key, "updated_at", HOME)
    known = decision.history.latest.select(*key, "updated_at", HOME).join(own, on=key, how="semi")
    # Of two that changed at once the one that lands now counts.
    newest = pl.concat([known, landing]).sort("updated_at", maintain_order=True)
    months = newest.unique(key, keep="last", maintain_order=True).select(*key, HOME)
    return own.drop(HOME).join(months, on=key, how="left", maintain_order="left")


def file_rows(decision: Decision, homed: pl.DataFrame, store: Store, batch: str) -> Filed:
    """Write the rows that land, slice by slice, and gather those that do not."""
    filed, extract = Filed(), decision.reading.extract
    landing = homed[HOME]
    for offset, count in _slices(decision):
        if decision.quarantined.slice(offset, SLICE_ROWS).any():
            filed.bad.append(bad_rows(decision, extract.slice(offset), offset, batch))
        rows = _landing_rows(decision, offset, count)
        if rows.is_empty():
            continue
        home, landing = landing.head(rows.height), landing.slice(rows.height)
        if "currency" in extract.contract.columns():
            filed.currencies |= set(rows["currency"].unique().to_list())
        parts = rows.with_columns(pl.lit(batch).alias("_batch"), home).partition_by(
            HOME, as_dict=True, include_key=False
        )
        for (month,), part in parts.items():
            name = f"{month_name(month)}/{batch}-{count:04d}"
            filed.entries[name] = write_part(store, (extract.origin.table, name), part, extract.contract)
    return filed


def write_part(store: Store, place: tuple[str, str], rows: pl.DataFrame, contract: type[RawTable]) -> Entry:
    """One file of one home month, which knows its last event."""
    events = [name for name, column in contract.columns().items() if (column.metadata or {}).get("event")]
    last = rows.select(pl.max_horizontal(pl.col(events).max())).item() if events else None
    table, part = place
    return store.write(table, part, rows, latest=last.isoformat() if last else "")


def _landing_rows(decision: Decision, offset: int, count: int) -> pl.DataFrame:
    chosen = decision.open.slice(offset, SLICE_ROWS)
    rows = decision.reading.slice(count).filter(chosen)
    now = pl.lit(decision.reading.extracted_at, dtype=INSTANT)
    revived = pl.lit(decision.revived.slice(offset, SLICE_ROWS).filter(chosen))
    return rows.with_columns(
        pl.when(revived).then(now).otherwise("updated_at").alias("updated_at"),
        decision.ledger["_hash"].slice(offset, SLICE_ROWS).filter(chosen),
    )


def _slices(decision: Decision) -> Iterator[tuple[int, int]]:
    """Offset and number of each slice that has something to write."""
    needed = decision.open | decision.quarantined
    for count, offset in enumerate(range(0, decision.ledger.height, SLICE_ROWS)):
        if needed.slice(offset, SLICE_ROWS).any():
            yield offset, count


def _reference_to(contract: type[RawTable], table: str) -> tuple[str, str]:
    return next((column, key) for column, (target, key) in references(contract).items() if target == table)
