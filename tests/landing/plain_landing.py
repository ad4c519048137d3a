"""What becomes of each row of an extract, counted row by row in plain Python: landing is compared with it."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from loyalty_pipeline.sources.catalogue import RAW_TABLES, references
from loyalty_pipeline.validation.rule import ONE_VERSION, reference_rule_name
from tests.validation.dirt import TextRow, reasons

ACCEPTED, QUARANTINED, DUPLICATE, KNOWN = "accepted", "quarantined", "duplicate", "already landed"


@dataclass(frozen=True)
class Row:
    """A row of a source, with the rules of its own that it was made to break."""

    text: TextRow
    broken: tuple[str, ...] = ()


@dataclass
class Fate:
    """What becomes of a row."""

    kind: str = ACCEPTED
    reasons: list[str] = field(default_factory=list)
    is_waiting: bool = False


@dataclass
class PlainTable:
    """A table of the landing: the keys and contents that have landed, the keys that have left, those that wait."""

    name: str
    parents: dict[str, "PlainTable"]
    contents: set[tuple[Any, ...]] = field(default_factory=set)
    keys: set[Any] = field(default_factory=set)
    gone: set[Any] = field(default_factory=set)
    waiting: set[Any] = field(default_factory=set)

    def fates(self, rows: list[Row], loses: Callable[[int], bool]) -> list[Fate]:
        """Of each row, before anything is remembered. `loses` says which rows lost against others of their version."""
        found = [Fate() for _ in rows]
        for row, fate in zip(rows, found, strict=True):
            fate.reasons = list(row.broken)
        self._drop_repeats(rows, found)
        self._wait(rows, found)
        self._contradict(rows, found, loses)
        for fate in found:
            fate.kind = QUARANTINED if fate.reasons and fate.kind != DUPLICATE else fate.kind
        last = {key: self._last(rows, found, key) for key in self.gone}
        for row, fate in zip(rows, found, strict=True):
            returns = last.get(self._key(row)) is row
            if fate.kind == ACCEPTED and content(row) in self.contents and not returns:
                fate.kind = KNOWN
        return found

    def remember(self, rows: list[Row], found: list[Fate]) -> None:
        """The extract has landed."""
        landed = [row for row, fate in zip(rows, found, strict=True) if fate.kind == ACCEPTED]
        self.gone |= self.keys - {self._key(row) for row in rows}
        self.gone -= {self._key(row) for row in landed}
        self.keys |= {self._key(row) for row in landed}
        self.contents |= {content(row) for row in landed}
        self.waiting = {self._key(row) for row, fate in zip(rows, found, strict=True) if fate.is_waiting}

    def leave(self, rows: list[Row]) -> int:
        """How many keys that were there have left the source: they are in it not even as bad rows."""
        return len(self.keys - self.gone - {self._key(row) for row in rows})

    def releases(self, rows: list[Row], found: list[Fate]) -> int:
        """How many rows land whose keys waited."""
        pairs = zip(rows, found, strict=True)
        return sum(fate.kind == ACCEPTED and self._key(row) in self.waiting for row, fate in pairs)

    def groups(self, rows: list[Row], found: list[Fate]) -> list[list[int]]:
        """The positions of rows of one key and one `updated_at` that differ, and that nothing else is wrong with."""
        versions = defaultdict(list)
        for position, (row, fate) in enumerate(zip(rows, found, strict=True)):
            if not (set(fate.reasons) - {ONE_VERSION}) and fate.kind != DUPLICATE:
                versions[self._key(row), row.text["updated_at"]].append(position)
        return [positions for positions in versions.values() if len(positions) > 1]

    def _key(self, row: Row) -> Any:
        return tuple(row.text[name] for name in RAW_TABLES[self.name].primary_key())

    def _last(self, rows: list[Row], found: list[Fate], key: Any) -> Row | None:
        """The row of a key that changed last, of several the last in the file, among those that may land."""
        mine = [(row.text["updated_at"], place) for place, row in enumerate(rows) if self._key(row) == key]
        changed = [(moment, place) for moment, place in mine if found[place].kind == ACCEPTED]
        return rows[max(changed)[1]] if changed else None

    def _drop_repeats(self, rows: list[Row], found: list[Fate]) -> None:
        seen = set()
        for row, fate in zip(rows, found, strict=True):
            if not row.broken:
                fate.kind = DUPLICATE if content(row) in seen else ACCEPTED
                seen.add(content(row))

    def _wait(self, rows: list[Row], found: list[Fate]) -> None:
        """Who waits is nobody's target, so the last word is only said when nobody more waits."""
        late: set[int] = set()
        while True:
            own = self.keys | {
                self._key(row)
                for place, (row, fate) in enumerate(zip(rows, found, strict=True))
                if not row.broken and fate.kind == ACCEPTED and place not in late
            }
            vain = [self._vain(row, own) for row in rows]
            waits = {
                n for n, row in enumerate(rows) if vain[n] and not row.broken and found[n].kind == ACCEPTED
            }
            if waits == late:
                break
            late = waits
        for place, fate in enumerate(found):
            fate.reasons += vain[place] if fate.kind != DUPLICATE else []
            fate.is_waiting = place in late

    def _vain(self, row: Row, own: set[Any]) -> list[str]:
        told = []
        for column, (target, _) in references(RAW_TABLES[self.name]).items():
            is_known = target in self.parents  # of other tables nobody can say what is missing there
            there = own if target == self.name else self.parents[target].keys if is_known else set()
            if is_known and row.text[column] is not None and (row.text[column],) not in there:
                told.append(reference_rule_name(column))
        return [name for name in reasons(self.name) if name in told]

    def _contradict(self, rows: list[Row], found: list[Fate], loses: Callable[[int], bool]) -> None:
        for positions in self.groups(rows, found):
            for position in positions:
                if loses(position):
                    found[position].reasons = [ONE_VERSION]


def content(row: Row) -> tuple[Any, ...]:
    """What a row says: blanks around a value say nothing."""
    return tuple((value or "").strip() or None for value in row.text.values())
