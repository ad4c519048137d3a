"""The checks of one table's extract: what is asked of it, in which order, and when the night stops."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl

from loyalty_pipeline.faults import DataFault
from loyalty_pipeline.landing.decisions import Decision
from loyalty_pipeline.landing.reading import Reading
from loyalty_pipeline.landing.report import TableReport
from loyalty_pipeline.landing.taken import Reconciliation
from loyalty_pipeline.validation.results import CheckResult, counted
from loyalty_pipeline.validation.rule import ALL_READ, KEY, NO_COLUMN_LOST, Rule
from loyalty_pipeline.validation.validator import Judgement, Rows, Validator

USABLE = Rule(
    "table_can_be_landed",
    "*",
    "the source has the table and its columns, and every row is accepted, set aside, a repeat or known",
    "",
    scope="table",
    tolerance="none",
)
"""The only rule that no expectation checks: it is about what landing did with the rows."""

AGREES = Rule(
    "source_and_landing_agree",
    "*",
    "the database has as many keys, changed at the same instants, as were read of it",
    "",
    scope="table",
    severity="warning",
    tolerance="its own",
)
"""What a database says of itself, held against what was read of it."""

NUMBERS = ("Int", "UInt", "Float", "Decimal")
"""How the names of the types of numbers begin."""


def unusable(fault: DataFault) -> CheckResult:
    """The result of a table that cannot be landed at all."""
    return replace(counted(fault.table, USABLE, 0, 0, []), passed=False, observed=str(fault))


class ChecksFailed(DataFault):
    """A check does not let the table's rows be used. `checks` are all results of the table."""

    checks: list[CheckResult]


@dataclass
class Checks:
    """The rules of one table, put to its rows. `results` are those so far."""

    reading: Reading
    rules: Sequence[Rule]
    validator: Validator
    parameters: dict[str, Any]
    results: list[CheckResult] = field(default_factory=list)

    def of_source(self, before: dict[str, str]) -> None:
        """Compare the columns of the source with those of last time, where there was one."""
        now = self.reading.extract.source_schema
        scoped = self._scoped("source")
        if not before or not now:
            self.results += [counted(self.reading.table, rule, 0, 0, []) for rule in scoped]
            return
        used = _numbers_as_they_are(_used(before, self.reading), now)
        rules = [_with(rule, columns=used if rule.name == NO_COLUMN_LOST else before) for rule in scoped]
        # Types inferred from text change with the rows; only a file that states its types can break its word.
        if not self.reading.extract.origin.states_types:
            rules = [_with(rule, changed="allow") for rule in rules]
        rows = Rows(self.reading.table, pl.LazyFrame(schema=now), 0)
        self.results += self.validator.validate(rows, rules).results

    def of_rows(self, references: dict[str, pl.LazyFrame], whole: Callable[[], pl.LazyFrame]) -> Judgement:
        """Judge each row by itself, and the table as a whole, which `whole` gives where these rows are but a part of it."""
        extract = self.reading.extract
        rows = Rows(
            self.reading.table,
            self.reading.rows(),
            extract.rows,
            self.reading.key,
            references,
            self.parameters | {"source_rows": extract.rows},
            extract.population,
        )
        about_all = [rule for rule in self._scoped("table") if extract.part and rule.name != ALL_READ]
        about_these = [
            rule for rule in (*self._scoped("row"), *self._scoped("table")) if rule not in about_all
        ]
        judged = self.validator.validate(rows, about_these)
        self.results += judged.results
        if about_all:
            table = whole()
            height = int(table.select(pl.len()).collect().item())
            self.results += self.validator.validate(
                replace(rows, frame=table, height=height), about_all
            ).results
        return judged

    def of_reconciliation(self, found: Reconciliation) -> None:
        """Hold what the source says it has against what was read of it."""
        result = counted(self.reading.table, AGREES, found.source.keys, 0, [])
        differs = (
            "" if found.is_equal else ". loyalty extract --reconcile compares all keys and mends what differs"
        )
        self.results.append(replace(result, passed=found.is_equal, observed=found.told + differs))

    def of_ledger(self, ledger: pl.DataFrame, references: dict[str, pl.LazyFrame]) -> Judgement:
        """Judge what needs other rows: what a row refers to, and the other versions of its key."""
        table, population = self.reading.table, self.reading.extract.population
        rows = Rows(table, ledger.lazy(), ledger.height, self.reading.key, references, population=population)
        scoped = [rule for rule in (*self._scoped("reference"), *self._scoped("version")) if rule.name != KEY]
        asked = [rule for rule in scoped if rule.arguments.get("reference", "") in {"", *references}]
        judged = self.validator.validate(rows, asked)
        # Without the other table nobody can say that a row is missing there.
        unasked = [
            counted(self.reading.table, rule, ledger.height, 0, []) for rule in scoped if rule not in asked
        ]
        return Judgement(judged.results + unasked, judged.reasons)

    def of_decision(self, decision: Decision) -> None:
        """Count what would land twice."""
        rule = next(rule for rule in self.rules if rule.name == KEY)
        twice = decision.ledger.filter(decision.twice)
        keys = twice.select(
            pl.concat_str(pl.col(self.reading.key).cast(pl.String), separator=", ")
        ).to_series()
        self.results.append(
            counted(self.reading.table, rule, decision.ledger.height, twice.height, keys.to_list())
        )

    def of_report(self, report: TableReport) -> None:
        """Count the rows that are neither accepted nor set aside nor repeats nor known."""
        lost = abs(report.extracted - report.accounted)
        self.results.append(counted(self.reading.table, USABLE, report.extracted, lost, []))

    def stop_if_blocked(self, evidence: str) -> None:
        """Raise `ChecksFailed` for results that do not let the rows be used."""
        broken = [result for result in self.results if result.blocks]
        if not broken:
            return
        worst = max(broken, key=lambda result: (bool(result.error), not result.bad_rows, result.bad_rows))
        others = f", and {len(broken) - 1} more rules fail" if len(broken) > 1 else ""
        fault = ChecksFailed(
            worst.table,
            worst.description,
            column="" if worst.column == "*" else worst.column,
            rows=f"{_found(worst)}{others}",
            advice=evidence,
        )
        fault.checks = self.results
        raise fault

    def _scoped(self, scope: str) -> list[Rule]:
        return [rule for rule in self.rules if rule.scope == scope]


def _with(rule: Rule, **arguments: Any) -> Rule:
    return replace(rule, arguments=rule.arguments | arguments)


def _used(before: dict[str, str], reading: Reading) -> dict[str, str]:
    """The columns that the source had last time and that the contract is read from.

    A column that has got another name, which the mapping says, is not missed.
    """
    extract, stated = reading.extract, reading.extract.origin.mapping.columns
    names = {stated.get(column, column): column for column in extract.contract.columns()}
    return {
        name: dtype
        for name, dtype in before.items()
        if name in names and (name in extract.source_schema or not extract.has(names[name]))
    }


def _numbers_as_they_are(before: dict[str, str], now: dict[str, pl.DataType]) -> dict[str, str]:
    """A number of another type is still a number: one null makes floats of whole numbers in pandas."""
    return {
        name: str(now[name])
        if name in now and now[name].is_numeric() and dtype.startswith(NUMBERS)
        else dtype
        for name, dtype in before.items()
    }


def _found(result: CheckResult) -> str:
    if result.error:
        return f"the check could not run: {result.error}"
    return f"{result.bad_rows} of {result.rows} rows do not" if result.bad_rows else result.observed
