"""Docstrings and descriptions as the Markdown that GitHub renders."""

import re
from collections.abc import Iterable, Iterator, Sequence

MATH = re.compile(r"^\.\. math:: (.*(?:\n[ \t]+\S.*)*)", re.MULTILINE)
SPAN = re.compile(r":math:`(?P<math>[^`]*)`|(?P<fence>`+)(?P<code>.+?)(?P=fence)")
# An underscore inside of a word is none of Markdown's business, nor is an ampersand that begins no entity.
SPECIAL = re.compile(r"[\\*\[<$~|`]|(?<![^\W_])_|_(?![^\W_])|&(?=#?\w+;)")
AT_START = re.compile(r"^(?=[#>+=-]|\d+[.)]\s)")
ITEM = re.compile(r"- ")


def prose(docstring: str) -> str:
    """A docstring with each paragraph on one line and each formula in a block of its own."""
    blocks, end = [], 0
    for found in MATH.finditer(docstring):
        blocks += [*_paragraphs(docstring[end : found.start()]), _formula(found[1])]
        end = found.end()
    return "\n\n".join([*blocks, *_paragraphs(docstring[end:])])


def inline(text: str) -> str:
    """Words as they are meant: what Markdown would take for a sign is escaped, code and formulas stay."""
    words, end = [], 0
    for found in SPAN.finditer(text):
        words += [_escaped(text[end : found.start()]), _span(found)]
        end = found.end()
    return "".join([*words, _escaped(text[end:])])


def cell(text: str) -> str:
    """Words on one line of a table; there a bar ends the cell in code too."""
    return re.sub(r"(?<!\\)\|", r"\|", inline(" ".join(text.split())))


def code(*names: str) -> str:
    """Names as code, one after the other."""
    return ", ".join(f"`{name}`" for name in names)


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of cells that are Markdown already; nothing where there are no rows."""
    lines = [f"| {' | '.join(cells)} |" for cells in rows]
    return "\n".join([f"| {' | '.join(header)} |", f"|{' --- |' * len(header)}", *lines]) if lines else ""


def section(title: str, *blocks: str) -> str:
    """A heading and what stands under it; nothing where nothing does."""
    filled = [block for block in blocks if block]
    return "\n\n".join([f"## {title}", *filled]) if filled else ""


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        items: list[str] = []
        for line in paragraph.splitlines():
            if items and not ITEM.match(line):
                items[-1] += f" {line.strip()}"
            else:
                items.append(line.strip())
        if items:
            yield "\n".join(_item(item) for item in items)


def _item(line: str) -> str:
    return f"- {inline(line[2:])}" if ITEM.match(line) else AT_START.sub(r"\\", inline(line))


def _formula(tex: str) -> str:
    formulas = [" ".join(formula.split()) for formula in re.split(r"\\qquad", tex)]
    # TeX takes what follows a bare per cent sign for a comment.
    lines = [re.sub(r"(?<!\\)%", r"\\%", formula) for formula in formulas if formula]
    if len(lines) > 1:
        lines = [r"\begin{gathered}", *(rf"{line} \\" for line in lines[:-1]), lines[-1], r"\end{gathered}"]
    return "\n".join(["```math", *lines, "```"])


def _span(found: re.Match[str]) -> str:
    return f"$`{found['math']}`$" if found["fence"] is None else found[0]


def _escaped(words: str) -> str:
    # A backslash before a space joins two words in a docstring, and shows nothing.
    return SPECIAL.sub(lambda found: f"\\{found[0]}", words.replace("\\ ", ""))
