"""What a source has, as far as it has been read: every key, and when its row changed last there.

It is held against what the source says of itself, so that a row that was deleted, or committed late, is noticed.
"""

from collections.abc import Sequence
from datetime import datetime

import polars as pl

from loyalty_pipeline.landing.history import NO_HASH, History, repeated
from loyalty_pipeline.sources.conversion import typed
from loyalty_pipeline.sources.databases.database import Summary
from loyalty_pipeline.sources.extract import Extract
from loyalty_pipeline.sources.raw import RawTable

CHANGED = "_changed_at"


def landed_state(history: History) -> pl.DataFrame:
    """The keys that have landed and were not found to be gone, with what their source said of their last change.

    A row that returned unchanged counts here from its return; its first version knows what the source says.
    """
    key = history.key
    there = history.latest.filter(pl.col("deleted_at").is_null() | (pl.col("_hash") != NO_HASH))
    identity = [*key, "_hash"]
    if repeated(history.versions, identity).any():
        first = history.versions.group_by(identity).agg(pl.col("updated_at").min())
        there = there.drop("updated_at").join(first, on=identity, how="left")
    return there.select(*key, pl.col("updated_at").alias(CHANGED))


def state_of(
    rows: pl.DataFrame, contract: type[RawTable], names: dict[str, str], date_format: str = ""
) -> pl.DataFrame:
    """Of rows as a source has them, which calls the columns by these names: the last change of each key that is whole."""
    key = contract.primary_key()
    wanted = {
        **{column: contract.columns()[column].dtype for column in key},
        "updated_at": pl.Datetime("us", "UTC"),
    }
    columns = [
        typed(rows[names[column]].alias(column), dtype, date_format) for column, dtype in wanted.items()
    ]
    return last_changes(pl.DataFrame(columns), key)


def last_changes(rows: pl.DataFrame, key: Sequence[str]) -> pl.DataFrame:
    """The last change of each key of rows with typed keys and `updated_at`; what lacks one of them is left out."""
    whole = rows.select(*key, pl.col("updated_at").alias(CHANGED)).drop_nulls()
    return whole.group_by(key).agg(pl.col(CHANGED).max()) if repeated(whole, list(key)).any() else whole


def overlaid(state: pl.DataFrame, rows: pl.DataFrame, key: Sequence[str]) -> pl.DataFrame:
    """The state after some keys were read again."""
    return pl.concat([state.join(rows, on=key, how="anti"), rows.select(state.columns)])


def summary_of(state: pl.DataFrame) -> Summary:
    """What a source in this state says of itself."""
    changed = state[CHANGED].drop_nulls()
    newest = changed.max()
    microseconds = changed.to_physical().cast(pl.Int128).sum()
    return Summary(state.height, int(microseconds), newest if isinstance(newest, datetime) else None)


def newest_change(extract: Extract) -> datetime | None:
    """The newest `updated_at` of an extract that can be read; None where there is none."""
    if "updated_at" not in extract.origins:
        return None
    column, instant = extract.origins["updated_at"], pl.Datetime("us", "UTC")
    raw = pl.read_parquet(extract.path, columns=[column], glob=False).to_series()
    newest = typed(raw, instant, extract.origin.mapping.date_format).max()
    return newest if isinstance(newest, datetime) else None
