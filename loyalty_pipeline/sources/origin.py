"""Where the rows of one raw table come from, whatever kind of source that is."""

from pathlib import Path
from typing import Protocol

from loyalty_pipeline.sources.table_mapping import TableMapping


class Origin(Protocol):
    """One table of a source."""

    @property
    def table(self) -> str:
        """The raw table."""

    @property
    def place(self) -> str:
        """Where it is, for people: a path, an address or a relation, without secrets."""

    @property
    def mapping(self) -> TableMapping:
        """How it becomes the raw table."""

    @property
    def states_types(self) -> bool:
        """Whether the source says what its columns hold; the types of text are inferred from the rows."""

    def fingerprint(self, terms: str) -> str:
        """Equal as long as neither rows nor mapping nor the terms change; empty where only reading would tell."""

    def is_as_found(self) -> bool:
        """Whether nothing changed there since it was found, while it was read."""

    def stated(self, terms: str) -> dict[str, str]:
        """What a fingerprint is made of beside the rows, each as a digest."""

    def parquet(self, scratch: Path) -> Path:
        """All its rows in one Parquet file, in the scratch folder unless it is one already. Raises `SourceError`."""
