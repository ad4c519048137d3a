"""The first page of the dictionary: every table in its group, with what one row is."""

from collections.abc import Iterator, Sequence
from inspect import getdoc

from loyalty_pipeline.dictionary.markdown import cell, section, table
from loyalty_pipeline.dictionary.published import Entry, raw_link
from loyalty_pipeline.sources.catalogue import RAW_TABLES

GROUPS = {
    "Churn and retention": (
        "churn",
        "customer_retention",
        "cohort_retention",
        "churn_reasons",
        "churn_drivers",
        "signal_lift",
        "win_back",
        "repeat_purchase",
        "retention_cost",
    ),
    "Revenue and lifetime value": (
        "mrr_growth",
        "clv",
        "customer_clv",
        "clv_backtests",
        "clv_fits",
        "retention_fits",
    ),
    "What customers say": ("nps", "csat", "ces", "advocacy_index", "emotional_loyalty", "social_engagement"),
    "What customers do": ("engagement", "loyalty_program", "support_performance"),
    "Advocacy": ("advocacy_revenue", "referrals", "advocacy_adoption", "advocates"),
    "At a glance": ("scorecard",),
    "What the runs did": ("restatements", "validation_history"),
}
OTHERS = "Further tables"
INTRODUCTION = (
    "What every table and column means, written from the code that computes them. The published tables are Parquet files; the "
    "same words stand in their metadata. How the definitions hang together is in [definitions](../definitions.md)."
)


def index(entries: Sequence[Entry]) -> Iterator[str]:
    """The blocks of the index."""
    yield "# Data dictionary"
    yield INTRODUCTION
    known = {name for names in GROUPS.values() for name in names}
    others = tuple(entry.name for entry in entries if entry.name not in known)
    for title, names in {**GROUPS, OTHERS: others}.items():
        rows = [(f"[{e.name}]({e.name}.md)", e.row) for e in entries if e.name in names]
        yield section(title, table(("table", "one row"), rows))
    yield section(
        "Raw tables", "What the sources promise.", table(("table", "system", "presence", "one row"), _raw())
    )


def _raw() -> Iterator[tuple[str, ...]]:
    for name, contract in RAW_TABLES.items():
        presence = "optional" if contract.is_optional else "required"
        words = cell((getdoc(contract) or "").partition("\n\n")[0])
        yield raw_link(name), contract.system, presence, words
