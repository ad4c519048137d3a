"""What data engineers expect of raw tables beyond their contracts, or other than these: `expectations/<table>.yaml`.

An entry is one named expectation, or the change of a rule of the contract that has its name. Everything that can be told
without the rows is told when the files are read, all of it at once. Great Expectations is not imported.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from loyalty_pipeline.faults import Carried
from loyalty_pipeline.settings import SettingsError
from loyalty_pipeline.sources.catalogue import RAW_TABLES
from loyalty_pipeline.validation.entries.checks import faults_of
from loyalty_pipeline.validation.entries.files import Fault, Written, read
from loyalty_pipeline.validation.entries.vocabulary import (
    COMMON,
    MEMBERSHIPS,
    NULLITIES,
    OF_ROWS,
    PARAMETER,
    PREFIX,
    expectations,
    near,
)
from loyalty_pipeline.validation.entries.words import sentence
from loyalty_pipeline.validation.rule import Rule, Severity
from loyalty_pipeline.validation.rules import rules

SUFFIX = ".yaml"
OWN_WORDS = {"expect", *COMMON, *OF_ROWS}


class EntryError(Carried, SettingsError):
    """Files of expectations are wrong. The message has a line for each fault: file, line, entry, what was expected."""

    def __init__(self, faults: list[Fault]) -> None:
        """All that is wrong, in the order of the files."""
        super().__init__("\n".join(map(str, sorted(faults))))
        self.faults = sorted(faults)


@dataclass(frozen=True)
class Entry:
    """One entry. `expectation` is empty where it changes the contract's rule of its name.

    What a change does not state is as the rule has it; its `mostly` is then None, as is that of an expectation which
    does not state it. `arguments` are as Great Expectations takes them.
    """

    name: str
    table: str
    expectation: str
    arguments: dict[str, Any] = field(default_factory=dict)
    severity: Severity = "critical"
    mostly: float | None = None
    note: str = ""
    shows_values: bool = False
    line: int = 0
    is_about_rows: bool = True

    @property
    def description(self) -> str:
        """The expectation as a sentence, and the note; of a change only the note."""
        if not self.expectation:
            return self.note
        words = sentence(self.expectation, self.arguments)
        return f"{words} ({self.note})" if self.note else words

    @property
    def kwargs(self) -> dict[str, Any]:
        """What `get_expectation_impl("expect_" + expectation)` is called with."""
        mostly = {} if self.mostly is None else {"mostly": self.mostly}
        return {**self.arguments, **mostly, "severity": self.severity, "meta": {"name": self.name}}


def load_entries(folder: Path | None, time_zone: str = "UTC") -> dict[str, list[Entry]]:
    """The entries of every table that has a file, by the table's name, in the order of the file; without a folder none.

    Days are counted in `time_zone` where an entry does not say otherwise. Raises `EntryError` for all faults of all files,
    or a folder that is not there.
    """
    if folder is None:
        return {}
    if not folder.is_dir():
        raise EntryError([Fault(folder, 0, "", "expected the folder of the expectations, found none")])
    read_files = {file: read_entries(file) for file in files(folder)}
    faults = [fault for _, found in read_files.values() for fault in found]
    if faults:
        raise EntryError(faults)
    return {
        file.stem: [_completed(entry, time_zone) for entry in entries]
        for file, (entries, _) in read_files.items()
    }


def files(folder: Path) -> list[Path]:
    """The files of expectations in a folder, by name; others, such as a README, may stand beside them."""
    found = [path for path in folder.iterdir() if path.suffix in {SUFFIX, ".yml"} and path.is_file()]
    return sorted(path for path in found if not path.name.startswith("."))


def read_entries(file: Path) -> tuple[list[Entry], list[Fault]]:
    """The entries of a file, and its faults; an entry with a fault is left out."""
    if file.suffix != SUFFIX:
        return [], [Fault(file, 0, "", f"expected a file called {file.stem}{SUFFIX}")]
    if file.stem not in RAW_TABLES:
        advice = near(file.stem, RAW_TABLES) or f"; there are {', '.join(RAW_TABLES)}"
        return [], [Fault(file, 0, "", f"no raw table is called {file.stem}{advice}")]
    written, faults = read(file)
    contract = RAW_TABLES[file.stem]
    derived = {rule.name: rule for rule in rules(contract)}
    entries = []
    for entry in written:
        found = [
            Fault(file, entry.lines.get(part, entry.line), entry.name, message)
            for part, message in faults_of(entry, contract, derived)
        ]
        faults += found
        if not found:
            entries.append(_entry(entry, file.stem, derived.get(entry.name)))
    return entries, sorted(faults)


def _entry(written: Written, table: str, rule: Rule | None) -> Entry:
    given = written.fields
    name = str(given.get("expect", "")).removeprefix(PREFIX)
    arguments = {part: value for part, value in given.items() if part not in OWN_WORDS}
    if "row_condition" in arguments:
        arguments["row_condition"] = _row_condition(arguments["row_condition"])
    return Entry(
        name=written.name,
        table=table,
        expectation=name,
        arguments=arguments,
        severity=given.get("severity", rule.severity if rule else "critical"),
        mostly=given.get("mostly"),
        note=given.get("note", ""),
        shows_values=given.get("show_values", bool(rule and rule.shows_values)),
        line=written.line,
        is_about_rows=expectations()[name]["x-is-about-rows"] if name else True,
    )


def _completed(entry: Entry, time_zone: str) -> Entry:
    """With what the pipeline knows and the entry does not say."""
    known = {"now": {PARAMETER: "extracted_at"}, "day": {PARAMETER: "business_day"}, "time_zone": time_zone}
    taken = expectations().get(entry.expectation, {}).get("properties", {})
    return replace(entry, arguments={part: known[part] for part in known if part in taken} | entry.arguments)


def _row_condition(given: Any) -> dict[str, Any]:
    """As Great Expectations takes it."""
    if isinstance(given, list):
        return {"type": "and", "conditions": [_row_condition(part) for part in given]}
    column, operator = {"name": given["column"]}, given["operator"]
    if operator in NULLITIES:
        return {"type": "nullity", "column": column, "is_null": operator == "is_null"}
    sign = operator.upper() if operator in MEMBERSHIPS else operator
    return {"type": "comparison", "column": column, "operator": sign, "parameter": given["value"]}
