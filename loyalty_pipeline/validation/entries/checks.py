"""Whether an entry says what its expectation asks for, and nothing else."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from loyalty_pipeline.sources.raw import RawTable
from loyalty_pipeline.validation.entries.contents import Contents, Found
from loyalty_pipeline.validation.entries.files import Written
from loyalty_pipeline.validation.entries.values import wrong
from loyalty_pipeline.validation.entries.vocabulary import (
    CHANGE,
    NAME,
    PREFIX,
    Schema,
    expectations,
    near,
    schema,
)
from loyalty_pipeline.validation.rule import Rule


def faults_of(entry: Written, contract: type[RawTable], derived: Mapping[str, Rule]) -> Found:
    """Each field of an entry that is wrong, empty for the whole, and what was expected. `derived` are the contract's rules."""
    if not re.match(NAME, entry.name):
        yield "", "expected a name of letters, digits and _, which does not start with a digit"
    if "expect" not in entry.fields:
        yield from _faults_of_change(entry, derived)
        return
    if entry.name in derived:
        yield (
            "",
            "the contract has a rule of this name: choose another, or leave out `expect` to change the rule",
        )
    name = str(entry.fields["expect"]).removeprefix(PREFIX)
    if name not in expectations():
        reason = schema()["x-not-offered"].get(name)
        told = f"{name} is not for entries: {reason}" if reason else f"no expectation is called {name}"
        yield "expect", told + ("" if reason else near(name, expectations()))
        return
    expected = expectations()[name]
    faults = list(_faults_of_form(entry.fields, expected, name))
    yield from faults
    if not faults:
        yield from Contents(entry.fields, expected, contract).faults()


def _faults_of_change(entry: Written, derived: Mapping[str, Rule]) -> Found:
    misspelt = next((name for name in entry.fields if near(name, ["expect"])), "")
    if misspelt:
        yield misspelt, f"no field is called {misspelt}; did you mean expect?"
    elif entry.name not in derived:
        message = "without `expect` an entry changes a rule of the contract, and none is called so"
        yield "", message + near(entry.name, derived)
    else:
        yield from _faults_of_form(entry.fields, CHANGE, "the change of a rule")
        if "mostly" in entry.fields and derived[entry.name].tolerance != "share":
            yield "mostly", "this rule takes no mostly: it is kept or it is not"
        is_firm = derived[entry.name].severity == "critical" and derived[entry.name].scope != "source"
        if entry.fields.get("severity") == "warning" and is_firm:
            yield "severity", "the tables rely on this rule: rows that break it cannot stay"


def _faults_of_form(fields: Mapping[str, Any], expected: Schema, name: str) -> Iterator[tuple[str, str]]:
    known = expected["properties"]
    for part, value in fields.items():
        if part == "mostly" and part not in known:
            yield part, f"{name} takes no mostly: it is kept or it is not"
        elif part not in known:
            yield part, f"{name} takes no {part}{near(part, known) or '; it takes ' + ', '.join(known)}"
        elif message := wrong(value, known[part]):
            shown = "" if isinstance(value, dict | list) else f" = {value!r}"
            yield part, f"{part}{shown}: {message}"
    missing = [part for part in expected.get("required", ()) if part not in fields]
    if missing:
        yield "", f"{name} needs {' and '.join(missing)}"
    choices = [part for option in expected.get("anyOf", ()) for part in option["required"]]
    if choices and not fields.keys() & choices:
        yield "", f"{name} needs {' or '.join(choices)}"
