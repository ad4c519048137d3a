"""Great Expectations: one expectation for each rule, on the polars engine.

This is the only module that asks Great Expectations for anything, and it imports it when there is something to validate: the
import costs seconds. The conditions that count the rows that break a rule also say which rows they are.
"""

import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from importlib import import_module
from typing import Any

import polars as pl

from loyalty_pipeline.validation.results import SAMPLES, CheckResult
from loyalty_pipeline.validation.rule import Rule
from loyalty_pipeline.validation.told import Told, error_of, keys_of, observed_of, values_of

WITHHELD = "it could not be evaluated; the message is withheld, because it may hold personal data"

REASONS = "_reasons"


@dataclass(frozen=True)
class Rows:
    """What is validated: the rows of a table, what its rules refer to, and the values of their parameters.

    `population` is how many rows the table has of which these are a part: a share of bad rows is a share of all.
    """

    table: str
    frame: pl.LazyFrame
    height: int
    key: Sequence[str] = ()
    references: Mapping[str, pl.LazyFrame] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    population: int = 0


@dataclass(frozen=True)
class Judgement:
    """What came of validating rows. `reasons` has `_row` and `_reasons` of each row that breaks a critical rule."""

    results: list[CheckResult]
    reasons: pl.DataFrame


@dataclass
class Validator:
    """Validates tables under one tolerance, with one context of Great Expectations for all of them."""

    max_bad_share: float

    def validate(self, rows: Rows, rules: Sequence[Rule]) -> Judgement:
        """Judge rows by rules. A rule that cannot be evaluated has a result too, which says why."""
        nothing = pl.DataFrame(schema={"_row": pl.Int64, REASONS: pl.List(pl.String)})
        if not rules:
            return Judgement([], nothing)
        batch = self._batch_definition(rows.table).get_batch(
            {
                "dataframe": rows.frame,
                "references": dict(rows.references),
                "rules": {rule.name: rule.condition for rule in rules if rule.condition is not None},
            }
        )
        told = self._told(batch, rows, rules)
        results = [self._result(rule, rows, told[rule.name]) for rule in rules]
        broken = {
            rule.name: told[rule.name].configuration
            for rule, result in zip(rules, results, strict=True)
            if result.bad_rows and rule.severity == "critical"
        }
        reasons = (
            self._plugin.reasons(batch, broken, ["_row"]).collect(engine="streaming") if broken else nothing
        )
        # The engine would hold the rows of every table until the night is over.
        held = batch.data.execution_engine.batch_manager
        held.reset_batch_cache()
        held.batch_data_cache.clear()
        return Judgement(results, reasons)

    def _told(self, batch: Any, rows: Rows, rules: Sequence[Rule]) -> dict[str, Told]:
        """What Great Expectations says of each rule, by its name: results come in an order of their own."""
        expectations, told = [], {}
        for rule in rules:
            try:
                expectations.append(self._expectation(rule))
            except Exception as error:  # noqa: BLE001 - whatever it is, it is this rule's and no other's
                told[rule.name] = Told(error=str(error))
        return told | (self._evaluated(batch, rows, expectations) if expectations else {})

    def _evaluated(self, batch: Any, rows: Rows, expectations: list[Any]) -> dict[str, Told]:
        shape = {
            "result_format": "SUMMARY",
            "partial_unexpected_count": SAMPLES,
            "unexpected_index_column_names": list(rows.key),
        }
        suite = self._gx.ExpectationSuite(rows.table, expectations=expectations)
        try:
            outcome = batch.validate(suite, result_format=shape, expectation_parameters=dict(rows.parameters))
        except Exception as error:  # noqa: BLE001 - planning one expectation can end the validation of all
            if len(expectations) == 1:
                return {expectations[0].meta["rule"]: Told(error=f"{type(error).__name__}: {error}")}
            halves = expectations[: len(expectations) // 2], expectations[len(expectations) // 2 :]
            return self._evaluated(batch, rows, halves[0]) | self._evaluated(batch, rows, halves[1])
        return {
            result.expectation_config.meta["rule"]: Told(
                result.result or {},
                bool(result.success),
                result.expectation_config,
                error_of(result.exception_info),
            )
            for result in outcome.results
        }

    @cached_property
    def _gx(self) -> Any:
        os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
        library = import_module("great_expectations")
        # What it would log of an expectation that fails is in the result, and told there.
        logging.getLogger("great_expectations").setLevel(logging.CRITICAL)
        return library

    @cached_property
    def _plugin(self) -> Any:
        del self._gx  # its environment comes first
        return import_module("loyalty_pipeline.validation.gx_polars")

    @cached_property
    def _source(self) -> Any:
        context = self._gx.get_context(mode="ephemeral")
        context.variables.progress_bars = {"globally": False, "metric_calculations": False}
        assert self._plugin  # noqa: S101 - importing it registers the data source
        return context.data_sources.add_polars("extracts")

    def _batch_definition(self, table: str) -> Any:
        known = {asset.name: asset for asset in self._source.assets}
        asset = known.get(table) or self._source.add_lazyframe_asset(table)
        definitions = asset.batch_definitions
        return definitions[0] if definitions else asset.add_batch_definition_whole_dataframe("rows")

    def _expectation(self, rule: Rule) -> Any:
        registry = import_module("great_expectations.expectations.registry")
        implementation = registry.get_expectation_impl(f"expect_{rule.expectation}")
        about = {"severity": rule.severity, "notes": rule.description, "meta": {"rule": rule.name}}
        return implementation(**rule.arguments, **about)

    def _result(self, rule: Rule, rows: Rows, told: Told) -> CheckResult:
        bad = int(told.found.get("unexpected_count") or 0) if rule.is_about_rows else 0
        passed = (
            told.is_success
            if rule.tolerance == "its own"
            else self._tolerates(rule, bad, max(rows.height, rows.population))
        )
        is_telling = rule.shows_values and not rule.is_personal
        return CheckResult(
            table=rows.table,
            column=rule.column,
            rule=rule.name,
            description=rule.description,
            severity=rule.severity,
            passed=passed and not told.error,
            rows=rows.height,
            bad_rows=bad,
            expectation=rule.expectation,
            observed="" if rule.is_about_rows or rule.is_personal else observed_of(told.found),
            error=told.error and (WITHHELD if rule.is_personal else told.error),
            sample_keys=keys_of(told.found, rows.key),
            sample_values=values_of(told.found) if is_telling else [],
        )

    def _tolerates(self, rule: Rule, bad: int, height: int) -> bool:
        if rule.tolerance == "none":
            return bad == 0
        share = Decimal(str(self.max_bad_share)) if rule.mostly is None else 1 - Decimal(str(rule.mostly))
        return bad <= share * height
