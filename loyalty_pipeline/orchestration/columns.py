"""A contract as Dagster shows it: the columns of a table, and its description as Markdown."""

import re
from collections.abc import Iterator
from textwrap import dedent

import dagster as dg
import dataframely as dy

from loyalty_pipeline.dictionary.markdown import MATH

FRACTION = re.compile(r"\\frac\{([^{}]*)\}\{([^{}]*)\}")
NAMED = {r"\overline": "mean", r"\bar": "mean", r"\sqrt": "sqrt", r"\underbrace": ""}
WORDS = {
    r"\_": "_",
    r"\cdot": "·",
    r"\,": " ",
    r"\ ": " ",
    r"\{": "(",
    r"\}": ")",
    r"\left": "",
    r"\right": "",
    r"\quad": " ",
    r"\sum": "sum ",
    r"\pm": "±",
    r"\ge": ">=",
    r"\in": "in",
    r"\Delta": "change of",
    r"\alpha": "alpha",
    r"\beta": "beta",
    "^*": "*",
    "{": "(",
    "}": ")",
}


def column_schema(contract: type[dy.Schema]) -> dg.TableSchema:
    """Name, type, description and unit of each column, which are key and which may be null."""
    key = contract.primary_key()
    return dg.TableSchema(
        [
            dg.TableColumn(
                name,
                type=str(column.dtype),
                description=column.description,
                constraints=dg.TableColumnConstraints(
                    nullable=column.nullable, other=list(_facts(column, is_key=name in key))
                ),
            )
            for name, column in contract.columns().items()
        ]
    )


def as_markdown(docstring: str) -> str:
    """A docstring with its formulas as plain text: Dagster shows Markdown, and no TeX."""
    with_blocks = MATH.sub(lambda found: _block(found[1]), docstring)
    return re.sub(r":math:`([^`]*)`", lambda found: f"`{plain(found[1])}`", with_blocks)


def plain(formula: str) -> str:
    r"""A TeX formula as it is typed on one line: \frac{a + b}{c} is (a + b) / c."""
    # From the inside out: a fraction in a fraction has braces of its own until it is plain.
    flat, before = formula, ""
    while flat != before:
        before, flat = (
            flat,
            FRACTION.sub(lambda found: f"{_bracketed(found[1])} / {_bracketed(found[2])}", flat),
        )
        for command, word in NAMED.items():
            named = re.escape(command) + r"\{([^{}]*)\}(?:_\{[^{}]*\})?"
            flat = re.sub(named, rf"{word}(\1)" if word else r"\1", flat)
    for sign, word in WORDS.items():
        flat = flat.replace(sign, word)
    return re.sub(r"\s+", " ", flat).strip()


def _block(formulas: str) -> str:
    lines = [plain(formula) for formula in re.split(r"\\qquad", dedent(formulas))]
    return "\n".join(["```", *(line for line in lines if line), "```"])


def _bracketed(term: str) -> str:
    return f"({term})" if re.search(r"[ +\-]", term.strip()) else term


def _facts(column: dy.Column, *, is_key: bool) -> Iterator[str]:
    about = column.metadata or {}
    if is_key:
        yield "key"
    if unit := about.get("unit"):
        yield str(unit)
    if target := about.get("references"):
        yield f"refers to {target}"
    if about.get("personal"):
        yield "personal data"
