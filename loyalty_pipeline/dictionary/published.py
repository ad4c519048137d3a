"""The page of a published table."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from inspect import getdoc
from typing import Any

import dataframely as dy

from loyalty_pipeline.catalogue import PUBLISHED, tables
from loyalty_pipeline.dictionary.columns import HEADER, columns
from loyalty_pipeline.dictionary.lineage import Origin, origin
from loyalty_pipeline.dictionary.markdown import cell, code, inline, prose, section, table
from loyalty_pipeline.lake.audit import rules
from loyalty_pipeline.publication.restatements import RESTATED
from loyalty_pipeline.settings import Settings
from loyalty_pipeline.sources.catalogue import RAW_TABLES
from loyalty_pipeline.validation.history import ValidationHistory, validation_history

RAW = "raw/"
COLUMNS_KEEP = "Every column keeps its type, its limits and its closed set, and is null only where it may be."


@dataclass(frozen=True)
class Entry:
    """A published table: what a row is, what makes it, and what that is made from."""

    name: str
    contract: type[dy.Schema]
    function: object
    origin: Origin | None
    made_from: str = ""

    @property
    def row(self) -> str:
        """What one row is, in one line."""
        return inline(" ".join((getdoc(self.contract) or "").partition("\n\n")[0].split()))

    @property
    def needs(self) -> tuple[str, ...]:
        """The raw tables without which it has no rows."""
        return tuple(getattr(self.contract, "needs", ()))


def entries() -> list[Entry]:
    """Every published table: those of the catalogue in its order, then those that publication makes."""
    catalogue = tables()
    computed = [
        Entry(name, catalogue[name].contract, function, origin(name, catalogue))
        for function in PUBLISHED
        for name in [function.__name__]
    ]
    compared = "The published tables, as they are and as they were before."
    noted = "What the checks of each landing found in the raw tables."
    return [
        *computed,
        Entry(RESTATED.name, RESTATED.contract, RESTATED.function, None, compared),
        Entry(validation_history.__name__, ValidationHistory, validation_history, None, noted),
    ]


def page(entry: Entry) -> Iterator[str]:
    """The blocks of a table's page."""
    yield f"# {entry.name}"
    yield prose(getdoc(entry.contract) or "")
    yield section("How it comes about", prose(getdoc(entry.function) or ""))
    yield section("Columns", _key(entry.contract), table(HEADER, columns(entry.contract, RAW)))
    if entry.origin:
        told = (
            "Held before anything is published: a breach stops the run, and what was published before stays."
        )
        yield section("Rules", told, table(("rule", "what it says"), _rules(entry.contract)))
    yield section("Made from", entry.made_from, *_made_from(entry))


def raw_link(name: str) -> str:
    """A link to the page of a raw table."""
    return f"[{name}]({RAW}{name}.md)"


def reason(contract: type[dy.Schema], rule: str) -> str:
    """The docstring of a row rule; empty where it has none."""
    found: Any = next((vars(kind)[rule] for kind in contract.__mro__ if rule in vars(kind)), None)
    return " ".join((getdoc(getattr(found, "validation_fn", None)) or "").split())


def _key(contract: type[dy.Schema]) -> str:
    return f"Key: {code(*contract.primary_key())}." if contract.primary_key() else ""


def _rules(contract: type[dy.Schema]) -> Iterator[tuple[str, str]]:
    for name, words in rules(contract).items():
        if name == "columns_keep_to_the_contract":
            yield code(name), COLUMNS_KEEP
        elif name == "key_is_unique":
            yield code(name), f"No two rows have the same {code(*contract.primary_key())}."
        else:
            yield code(name), cell(reason(contract, name) or words)


def _made_from(entry: Entry) -> Iterator[str]:
    if getattr(entry.contract, "is_of_newest_month", False):
        yield "It is made for the newest month only, and is never restated: it tells of the as-of."
    if entry.needs:
        yield f"It has no rows before a row of {' or '.join(map(raw_link, entry.needs))} has landed."
    if entry.origin:
        yield table(("raw table", "presence", "one row of it"), _raw(entry.origin.raw, entry.needs))
        yield table(("setting", "default", "what it says"), map(_setting, entry.origin.settings))


def _raw(names: Iterable[str], needs: tuple[str, ...]) -> Iterator[tuple[str, str, str]]:
    needed = "needed" if len(needs) == 1 else "one is needed"
    for name in names:
        contract = RAW_TABLES[name]
        presence = needed if name in needs else "optional" if contract.is_optional else "required"
        yield raw_link(name), presence, cell((getdoc(contract) or "").partition("\n\n")[0])


def _setting(name: str) -> tuple[str, str, str]:
    field = Settings.model_fields[name]
    default = "" if field.default in (None, "") else cell(code(str(field.default)))
    return code(name), default, cell(field.description or "")
