"""Rows that say that a row is gone: a key that left its source, or moved to another home month.

A tombstone is a copy of the key's last version, with `deleted_at` and `updated_at` set, in that version's home month.
"""

from datetime import datetime

import polars as pl

from loyalty_pipeline.lake.manifest import Entry, Manifest
from loyalty_pipeline.lake.store import Store
from loyalty_pipeline.landing.decisions import Decision
from loyalty_pipeline.landing.filing import write_part
from loyalty_pipeline.landing.history import HOME, NO_HASH, entries_of, month_name
from loyalty_pipeline.landing.reading import INSTANT
from loyalty_pipeline.sources.raw import RawTable

GONE_AT = "_gone_at"


def vanished(decision: Decision, extracted_at: datetime) -> pl.DataFrame:
    """The last version of each key that has landed, was not deleted, and is gone from the source.

    Who is in the extract, even as a bad row, is there; who is not in an extract of a part is there as well, unless all keys
    of the source were looked up.
    """
    key, live, part = decision.reading.key, decision.history.live, decision.reading.extract.part
    gone = live if live.is_empty() else live.join(decision.ledger.select(key), on=key, how="anti")
    if part is not None:
        gone = gone.clear() if part.present is None else gone.join(part.present, on=key, how="anti")
    return gone.with_columns(pl.lit(extracted_at, dtype=INSTANT).alias(GONE_AT))


def moved(decision: Decision, homed: pl.DataFrame) -> pl.DataFrame:
    """The last version of each key whose new version is filed in another month, because what it is filed with changed."""
    key, live = decision.reading.key, decision.history.live
    newest = (
        homed.sort("updated_at", "_row").unique(key, keep="last", maintain_order=True)
        if live.height
        else homed.clear()
    )
    new = newest.select(*key, pl.col(HOME).alias("_new_home"), pl.col("updated_at").alias(GONE_AT))
    return live.join(new, on=key, how="inner").filter(pl.col(HOME) != pl.col("_new_home")).drop("_new_home")


def bury(
    gone: pl.DataFrame, store: Store, manifest: Manifest, place: tuple[str, str], contract: type[RawTable]
) -> dict[str, Entry]:
    """Write the tombstones of some last versions; `place` is the table and the batch. Files by part."""
    table, batch = place
    entries = {}
    for home in sorted(set(gone[HOME].to_list())):
        part = f"{month_name(home)}/{batch}-gone"
        rows = _copies(
            gone.filter(pl.col(HOME) == home), store, entries_of(manifest, table, {home}), contract
        )
        entries[part] = write_part(
            store, (table, part), rows.with_columns(pl.lit(batch).alias("_batch")), contract
        )
    return entries


def _copies(gone: pl.DataFrame, store: Store, files: list[Entry], contract: type[RawTable]) -> pl.DataFrame:
    version = [*contract.primary_key(), "_batch", "_row"]
    wanted = gone.select(*version, GONE_AT)
    columns = list(dict.fromkeys([*contract.columns(), "_row", "_batch"]))
    found = [store.rows(file, columns).join(wanted, on=version, how="inner") for file in files]
    return pl.concat(found).select(
        *(
            pl.col(GONE_AT).alias(name) if name in {"updated_at", "deleted_at"} else pl.col(name)
            for name in contract.columns()
        ),
        pl.lit(None, dtype=pl.Int64).alias("_row"),
        pl.lit(NO_HASH, dtype=pl.Int64).alias("_hash"),
    )
