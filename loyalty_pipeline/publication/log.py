"""A log: a published table that is not computed but noted by the runs."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import dataframely as dy
import polars as pl

from loyalty_pipeline.lake.manifest import digest_of
from loyalty_pipeline.storage.place import Place


@dataclass(frozen=True)
class Log:
    """`function` reads it from the data folder; the table is named like it."""

    function: Callable[[Place], pl.DataFrame]
    contract: type[dy.Schema]
    data_dir: Place

    @property
    def name(self) -> str:
        """The table's name."""
        return self.function.__name__

    @cached_property
    def rows(self) -> pl.DataFrame:
        """Everything noted so far."""
        return self.function(self.data_dir)

    @property
    def digest(self) -> str:
        """Equal as long as nothing more is noted: rows are only ever added."""
        newest = self.rows.tail(1).rows()
        return digest_of(self.name, str(self.rows.height), repr(newest))
