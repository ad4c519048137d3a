"""The page of a raw table: what a source promises."""

from collections.abc import Iterable, Iterator
from inspect import getdoc

from loyalty_pipeline.dictionary.columns import HEADER, columns
from loyalty_pipeline.dictionary.markdown import cell, code, prose, section, table
from loyalty_pipeline.dictionary.published import Entry, reason
from loyalty_pipeline.sources.catalogue import RAW_TABLES
from loyalty_pipeline.sources.raw import RawTable
from loyalty_pipeline.validation.rule import Rule
from loyalty_pipeline.validation.rules import rules

SET_ASIDE = (
    "A row that breaks a critical rule is set aside with the rule's name, and the rest goes on. Where too many do, or the "
    "table as a whole cannot be used, the run stops. A warning costs no row."
)


def page(name: str, published: Iterable[Entry]) -> Iterator[str]:
    """The blocks of a raw table's page."""
    contract = RAW_TABLES[name]
    yield f"# {name}"
    yield prose(getdoc(contract) or "")
    yield " ".join(_place(contract))
    key = f"Key: {code(*contract.primary_key())}; of one key the row that changed last counts."
    yield section("Columns", key, table(HEADER, columns(contract)))
    told = table(("rule", "severity", "what it says"), (_rule(contract, rule) for rule in rules(contract)))
    yield section("Rules", SET_ASIDE, told)
    readers = [
        f"[{entry.name}](../{entry.name}.md)"
        for entry in published
        if entry.origin and name in entry.origin.raw
    ]
    yield section("Read for", ", ".join(readers) or "No published table yet.")


def _place(contract: type[RawTable]) -> Iterator[str]:
    yield f"System: {contract.system}."
    if contract.is_optional:
        yield "Optional: without it, what needs it is empty."
    else:
        yield "Required: without it a run stops."
    if contract.filed_with:
        yield f"A row is filed with its row of [{contract.filed_with}]({contract.filed_with}.md)."
    else:
        yield f"A row is filed in the month of `{contract.month_of}`."


def _rule(contract: type[RawTable], rule: Rule) -> tuple[str, str, str]:
    told = reason(contract, rule.name)
    return code(rule.name), rule.severity, ". ".join(filter(None, [cell(rule.description), cell(told)]))
