"""A whole table, of which but a part was extracted: the rest is what has landed before."""

import polars as pl

from loyalty_pipeline.landing.history import History
from loyalty_pipeline.landing.reading import Reading


def with_the_rest(
    reading: Reading, ledger: pl.DataFrame, history: History, landed: pl.LazyFrame
) -> pl.LazyFrame:
    """The rows that were read, and the last version of every other key that is there. `landed` are all landed rows.

    Flags of values that cannot be read are null in what has landed.
    """
    key, part = history.key, reading.extract.part
    others = history.live.join(ledger.select(key), on=key, how="anti")
    if part is not None and part.present is not None:
        others = others.join(part.present, on=key, how="semi")
    version = [*key, "_batch", "_row"]
    columns = list(reading.extract.contract.columns())
    rest = landed.join(others.lazy().select(version), on=version, how="semi", nulls_equal=True)
    return pl.concat([reading.rows(), rest.select(columns)], how="diagonal_relaxed")
