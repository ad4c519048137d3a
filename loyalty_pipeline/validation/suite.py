"""The suite of a raw table: the rules of its contract, changed and extended by the entries that data engineers wrote."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from loyalty_pipeline.sources.catalogue import RAW_TABLES, personal_columns
from loyalty_pipeline.validation.rule import Rule, Tolerance
from loyalty_pipeline.validation.rules import rules

if TYPE_CHECKING:
    from loyalty_pipeline.validation.entries import Entry

UNIQUENESS = ("column_values_to_be_unique", "compound_columns_to_be_unique")
FOREIGN_KEY = "column_values_to_exist_in"


def suite(table: str, entries: Iterable["Entry"] = (), *, has_updated_at: bool = True) -> list[Rule]:
    """Every rule of a raw table: those of the contract, as entries of the same name change them, then the entries' own."""
    written = {entry.name: entry for entry in entries}
    derived = rules(RAW_TABLES[table], has_updated_at=has_updated_at)
    changed = [_changed(rule, written[rule.name]) if rule.name in written else rule for rule in derived]
    return [*changed, *(_own(entry) for entry in written.values() if entry.expectation)]


def needed(rules: Iterable[Rule]) -> list[str]:
    """The tables that rules about single rows refer to, besides the references of the contract."""
    row_rules = [rule for rule in rules if rule.scope == "row" and rule.expectation == FOREIGN_KEY]
    return sorted({str(rule.arguments["reference"]) for rule in row_rules})


def _changed(rule: Rule, entry: "Entry") -> Rule:
    words = f"{rule.description} ({entry.note})" if entry.note else rule.description
    return replace(rule, severity=entry.severity, mostly=entry.mostly, description=words)


def _own(entry: "Entry") -> Rule:
    tolerance: Tolerance = "its own"
    if entry.expectation in UNIQUENESS:
        tolerance = "none"
    elif entry.is_about_rows and entry.mostly is None and entry.severity == "critical":
        tolerance = "share"
    named = _columns(entry.arguments)
    personal = personal_columns(RAW_TABLES[entry.table])
    return Rule(
        entry.name,
        ", ".join(named) or "*",
        entry.description,
        entry.expectation,
        entry.arguments | ({} if entry.mostly is None else {"mostly": entry.mostly}),
        scope="row" if entry.is_about_rows else "table",
        severity=entry.severity,
        tolerance=tolerance,
        mostly=entry.mostly,
        shows_values=entry.shows_values,
        is_personal=not set(personal).isdisjoint(named),
    )


def _columns(arguments: Mapping[str, Any]) -> list[str]:
    one = [arguments[name] for name in ("column", "column_A", "column_B") if name in arguments]
    return [str(name) for name in (*one, *arguments.get("column_list", ()))]
