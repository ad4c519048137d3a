"""What a snapshot is made of: tables of a lake, logs beside them, and what their digests say."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from loyalty_pipeline.lake.lake import Lake
from loyalty_pipeline.lake.manifest import digest_of
from loyalty_pipeline.publication.log import Log

VERSION = "2"


@dataclass(frozen=True)
class Contents:
    """Tables of a lake as they are now, and logs."""

    lake: Lake
    tables: list[str]
    logs: Sequence[Log] = field(default_factory=list)

    @cached_property
    def metrics(self) -> str:
        """The digest of rows, code and settings: logs are not in it."""
        lake = self.lake
        made_of = [f"{name}={lake.tables[name].code}/{lake.digest(name)}" for name in self.tables]
        return digest_of(VERSION, self.settings_digest, *made_of)

    @cached_property
    def digest(self) -> str:
        """The digest of all of it."""
        return digest_of(self.metrics, *(log.digest for log in self.logs))

    @property
    def settings_digest(self) -> str:
        """The digest of policy and calendar."""
        return digest_of(repr(sorted(self.lake.policy.items(), key=str)), repr(self.lake.calendar))

    @property
    def settings(self) -> dict[str, str]:
        """Policy and calendar as text."""
        calendar = {
            "as_of": self.lake.calendar.as_of,
            "fiscal_year_start_month": self.lake.calendar.fiscal_year_start_month,
        }
        return {name: str(value) for name, value in sorted({**self.lake.policy, **calendar}.items())}

    @property
    def manifests(self) -> dict[str, str]:
        """The manifests that name every file it comes from."""
        return {"lake": self.lake.store.current(), "landing": self.lake.landing.current()}
