"""Reading a file of named entries, so that whatever is wrong in it can be told with its line.

YAML 1.1 reads the country code NO as false, 010 as eight and keeps the last of two entries of one name. Here plain
words follow YAML 1.2, which editors check by, days and instants stay text, and a name that stands twice is a fault.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

PLAIN = {
    "null": (r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    "bool": (r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    "int": (r"[-+]?(?:0|[1-9][0-9]*)", list("-+0123456789")),
    "float": (r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", list("-+.0123456789")),
}
RESOLVERS: dict[str, list[tuple[str, re.Pattern[str]]]] = {}
for _kind, (_form, _starts) in PLAIN.items():
    for _start in _starts:
        RESOLVERS.setdefault(_start, []).append((f"tag:yaml.org,2002:{_kind}", re.compile(f"(?:{_form})$")))


@dataclass(frozen=True, order=True)
class Fault:
    """Something wrong in a file, where it stands and what was expected."""

    file: Path
    line: int
    entry: str
    message: str

    def __str__(self) -> str:
        """One line, as editors and terminals find places in files."""
        place = f"{self.file}:{self.line}" if self.line else str(self.file)
        return ": ".join(part for part in (place, self.entry, self.message) if part)

    @property
    def told(self) -> str:
        """Without the file."""
        place = f"line {self.line}" if self.line else ""
        return ": ".join(part for part in (place, self.entry, self.message) if part)


@dataclass(frozen=True)
class Written:
    """One entry as it stands in its file: its fields, and the line of each."""

    name: str
    line: int
    fields: dict[str, Any] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)


def read(file: Path) -> tuple[list[Written], list[Fault]]:
    """The entries of a file in their order, and what keeps others from being read."""
    try:
        loader = yaml.SafeLoader(file.read_text("utf-8-sig"))
        loader.yaml_implicit_resolvers = RESOLVERS
        top = loader.get_single_node()
        if top is None:
            return [], []
        if not isinstance(top, yaml.MappingNode):
            return [], [Fault(file, _line(top), "", "expected entries by name, such as `fresh:`")]
        twice = [Fault(file, line, "", message) for line, message in _duplicates(top, set())]
        found = [_written(loader, name, entry) for name, entry in top.value]
    except (OSError, UnicodeDecodeError) as unreadable:
        return [], [Fault(file, 0, "", f"cannot be read: {unreadable}")]
    except yaml.MarkedYAMLError as malformed:
        mark = malformed.problem_mark or malformed.context_mark
        words = " ".join(part for part in (malformed.context, malformed.problem) if part)
        return [], [Fault(file, mark.line + 1 if mark else 0, "", f"expected YAML, found a mistake: {words}")]
    except yaml.YAMLError as malformed:
        return [], [Fault(file, 0, "", f"expected YAML, found a mistake: {' '.join(str(malformed).split())}")]
    faults = [Fault(file, entry.line, entry.name, NO_FIELDS) for entry in found if not entry.fields]
    return [entry for entry in found if entry.fields], [*twice, *faults]


NO_FIELDS = "expected `expect:` with its arguments, or what is changed of a rule"


def _written(loader: Any, name: Any, entry: Any) -> Written:
    title = _text(name)
    if not isinstance(entry, yaml.MappingNode):
        return Written(title, _line(name))
    fields = {_text(key): loader.construct_object(value, deep=True) for key, value in entry.value}
    return Written(title, _line(name), fields, {_text(key): _line(key) for key, _ in entry.value})


def _duplicates(node: Any, seen: set[int]) -> Iterator[tuple[int, str]]:
    """The keys that stand twice in one mapping, at any depth."""
    if id(node) in seen or not isinstance(node, yaml.CollectionNode):
        return
    seen.add(id(node))
    first: dict[str, int] = {}
    for part in node.value:
        key, value = part if isinstance(part, tuple) else (None, part)
        if key is not None:
            name, line = _text(key), _line(key)
            if name in first:
                yield line, f"`{name}` stands here and in line {first[name]}: each name may stand once"
            first.setdefault(name, line)
        yield from _duplicates(value, seen)


def _text(key: Any) -> str:
    return str(key.value) if isinstance(key, yaml.ScalarNode) else "[...]"


def _line(node: Any) -> int:
    return int(node.start_mark.line) + 1
