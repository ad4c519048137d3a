"""The settings that landing reads, whoever has them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from loyalty_pipeline.storage.place import Place


class LandingSettings(Protocol):
    """The settings that landing reads."""

    @property
    def source(self) -> str: ...  # noqa: D102
    @property
    def sources(self) -> Mapping[str, Any]: ...  # noqa: D102
    @property
    def overlap_minutes(self) -> int: ...  # noqa: D102
    @property
    def reconcile(self) -> str: ...  # noqa: D102
    @property
    def data_dir(self) -> Place: ...  # noqa: D102
    @property
    def timezone(self) -> str: ...  # noqa: D102
    @property
    def reporting_currency(self) -> str: ...  # noqa: D102
    @property
    def max_bad_share(self) -> float: ...  # noqa: D102
    @property
    def tables(self) -> Mapping[str, Any]: ...  # noqa: D102
    @property
    def expectations(self) -> Path | None: ...  # noqa: D102
