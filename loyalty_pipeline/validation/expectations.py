"""Great Expectations: one expectation for each rule, on the verdicts that the quarantine is made from.

This is the only module that knows Great Expectations, and it imports it when there are rows to check: the import costs
seconds. The conditions are polars' (exact integers and decimals); GX judges how many rows may break them.
"""

import logging
import os
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from importlib import import_module
from typing import Any

import polars as pl

from loyalty_pipeline.validation.rules import Rule, Severity

# GX's pandas engine holds a byte for each rule and row: beyond this many rows it is given the count of bad rows instead.
ROWS_SHOWN_TO_GX = 250_000
SAMPLE_KEYS = 5


@dataclass(frozen=True)
class CheckResult:
    """What came of one rule for the rows of one extract. `sample_keys` are identifiers, never personal data."""

    table: str
    column: str
    rule: str
    description: str
    severity: Severity
    passed: bool
    rows: int
    bad_rows: int
    share: float
    sample_keys: list[str] = field(default_factory=list)

    @property
    def blocks(self) -> bool:
        """Whether it stops the run."""
        return not self.passed and self.severity == "critical"

    def to_dict(self) -> dict[str, Any]:
        """As JSON takes it."""
        return asdict(self)


def check(
    table: str,
    verdicts: pl.DataFrame,
    *,
    rules: list[Rule],
    max_bad_share: float,
    keys: pl.Series | None = None,
) -> list[CheckResult]:
    """Validate the verdicts: one boolean column for each rule (by its name), one row for each row, true where it keeps it.

    `keys` (as long as the verdicts) gives the samples. Rules without a column were not judged and have no result.
    """
    judged = [rule for rule in rules if rule.name in verdicts.columns]
    if not judged or not verdicts.height:
        return []
    bad = verdicts.select((~pl.col(rule.name)).sum() for rule in judged).row(0, named=True)
    is_long = verdicts.height > ROWS_SHOWN_TO_GX
    shown = pl.DataFrame({name: [count] for name, count in bad.items()}) if is_long else verdicts
    tolerated = {
        rule.name: Decimal(str(max_bad_share)) if rule.has_tolerance else Decimal(0) for rule in judged
    }
    passed = _validated(table, shown, judged, tolerated, rows=verdicts.height if is_long else None)
    return [
        CheckResult(
            table=table,
            column=rule.column,
            rule=rule.name,
            description=rule.description,
            severity=rule.severity,
            passed=passed[rule.name],
            rows=verdicts.height,
            bad_rows=bad[rule.name],
            share=bad[rule.name] / verdicts.height,
            sample_keys=_samples(verdicts[rule.name], keys) if bad[rule.name] else [],
        )
        for rule in judged
    ]


def _validated(
    table: str, shown: pl.DataFrame, judged: list[Rule], tolerated: dict[str, Decimal], rows: int | None
) -> dict[str, bool]:
    """Which rules pass, by name. `rows` when `shown` is one row with the number of bad rows among so many."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    gx = import_module("great_expectations")

    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    suite = gx.ExpectationSuite(name=table)
    for rule in judged:
        terms = {"column": rule.name, "severity": rule.severity, "notes": rule.description}
        if rows is None:
            kept = gx.expectations.ExpectColumnValuesToBeInSet(
                value_set=[True], mostly=float(1 - tolerated[rule.name]), **terms
            )
        else:
            allowed = int(tolerated[rule.name] * rows)
            kept = gx.expectations.ExpectColumnValuesToBeBetween(min_value=0, max_value=allowed, **terms)
        suite.add_expectation(kept)
    asset = context.data_sources.add_pandas("extract").add_dataframe_asset(table)
    batch = asset.add_batch_definition_whole_dataframe("rows").get_batch({"dataframe": _pandas(shown)})
    outcome = batch.validate(suite, result_format="BOOLEAN_ONLY")
    return {result.expectation_config.kwargs["column"]: bool(result.success) for result in outcome.results}


def _pandas(shown: pl.DataFrame) -> Any:
    return import_module("pandas").DataFrame(
        {column.name: column.to_numpy() for column in shown.iter_columns()}
    )


def _samples(verdict: pl.Series, keys: pl.Series | None) -> list[str]:
    return [] if keys is None else keys.filter(~verdict).drop_nulls().head(SAMPLE_KEYS).to_list()
