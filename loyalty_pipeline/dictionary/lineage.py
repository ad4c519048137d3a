"""What a table is made from in the end: raw tables, and settings."""

from dataclasses import dataclass

from loyalty_pipeline.lake.specification import Specification
from loyalty_pipeline.settings import Settings
from loyalty_pipeline.sources.catalogue import RAW_TABLES

CALENDAR = ("as_of", "timezone", "fiscal_year_start_month")
"""The settings that a month is cut by."""

REACHES = {"counted until": ("as_of", "timezone"), "held out": ("clv_holdout_months",)}
"""Reaches that a setting decides."""

DERIVED = {
    "line_source": ("mrr_source", "activity"),
    "sentiment_model": ("sentiment",),
    "benchmarks": ("reference",),
    "targets": ("reference",),
}
"""Policies that a run finds out, and the settings it finds them out from."""


@dataclass(frozen=True)
class Origin:
    """The raw tables and settings that a table's rows depend on, each in the order in which they are declared."""

    raw: tuple[str, ...]
    settings: tuple[str, ...]


def origin(name: str, catalogue: dict[str, Specification]) -> Origin:
    """All that a table reads, and all that what it reads reads. Raises LookupError for a policy that no setting makes."""
    # A computed table may be named like a raw one: `referrals` are both.
    computed, raw = [name], set()
    for table in computed:
        reads = [read for read in catalogue[table].reads if read.table]
        raw |= {read.table for read in reads if read.is_raw}
        computed += dict.fromkeys(r.table for r in reads if not r.is_raw and r.table not in computed)
    asked = {setting for table in computed for setting in _settings(catalogue[table])}
    return Origin(
        tuple(table for table in RAW_TABLES if table in raw),
        tuple(setting for setting in Settings.model_fields if setting in asked),
    )


def _settings(table: Specification) -> list[str]:
    months = CALENDAR if table.unit == "month" else ()
    reached = [setting for read in table.reads for setting in REACHES.get(read.reach, ())]
    named = [setting for policy in table.settings for setting in DERIVED.get(policy, (policy,))]
    unknown = [setting for setting in (*reached, *named) if setting not in Settings.model_fields]
    if unknown:
        message = (
            f"{table.name} reads {', '.join(unknown)}: neither a setting nor named in {__name__}.DERIVED"
        )
        raise LookupError(message)
    return [*months, *reached, *named]
