"""What was taken from a database for one landing: rows in a file, and how far they tell what the database has."""

from dataclasses import dataclass
from pathlib import Path

from loyalty_pipeline.faults import SourceError
from loyalty_pipeline.sources.databases.database import Summary
from loyalty_pipeline.sources.extract import Part
from loyalty_pipeline.sources.origin import Origin
from loyalty_pipeline.sources.table_mapping import TableMapping


@dataclass(frozen=True)
class Reconciliation:
    """What a source says it has, and what has been read of it; `late` and `gone` keys were found by comparing all of them."""

    source: Summary
    landed: Summary
    late: int = 0
    gone: int = 0
    is_scanned: bool = False

    @property
    def is_equal(self) -> bool:
        """Whether that is all."""
        return self.source == self.landed

    @property
    def told(self) -> str:
        """Both figures, and what comparing the keys has found."""
        found = (
            f"; comparing all keys found {self.late:,} late and {self.gone:,} deleted"
            if self.is_scanned
            else ""
        )
        if self.is_equal:
            return f"both have {_in_words(self.source)}{found}"
        return f"the source has {_in_words(self.source)}; read were {_in_words(self.landed)}{found}"


def _in_words(summary: Summary) -> str:
    newest = f", changed last at {summary.newest:%Y-%m-%d %H:%M:%S.%f}" if summary.newest else ""
    return f"{summary.keys:,} keys{newest} (sum of changes {summary.microseconds})"


@dataclass(frozen=True)
class Taken:
    """A table of a database whose rows wait in a file; without a file there is nothing new in it.

    `part` is None where the file has the whole table, and so is `reconciliation`: reading all of it tells.
    """

    origin: Origin
    known_as: str
    path: Path | None = None
    part: Part | None = None
    reconciliation: Reconciliation | None = None

    @property
    def table(self) -> str:
        """The raw table."""
        return self.origin.table

    @property
    def place(self) -> str:
        """The database and the relation."""
        return self.origin.place

    @property
    def mapping(self) -> TableMapping:
        """How it becomes the raw table."""
        return self.origin.mapping

    @property
    def states_types(self) -> bool:
        """Not of these rows: a column is text as a whole where a value has no place in its type, and may be another tomorrow.

        What a relation's columns hold is compared before they are read.
        """
        return False

    def fingerprint(self, terms: str) -> str:
        """That of the instant at which the rows were taken."""
        del terms
        return self.known_as

    def is_as_found(self) -> bool:
        """Always: its rows were taken before."""
        return True

    def stated(self, terms: str) -> dict[str, str]:
        """What the fingerprint is made of beside the rows."""
        return self.origin.stated(terms)

    def parquet(self, scratch: Path) -> Path:
        """The rows that were taken."""
        if self.path is None:
            message = f"{self.table}: nothing was taken from {self.place} into {scratch}"
            raise SourceError(message)
        return self.path
