"""Why a task is stale, or why its rows came out otherwise: the inputs that differ between two computations."""

from collections.abc import Iterator
from dataclasses import dataclass

from loyalty_pipeline.lake.manifest import Inputs

RAW = "raw "
SETTING = "setting "
CODE = "code"
CALENDAR = "calendar"
COUNTED_UNTIL = "counted until"
AHEAD = "ahead"
SHARDS = "shards"
"""How inputs are labelled. What has an `@` is a part of a table: `customer_months@2024-05`, `raw invoices@2024-05/...`."""

WORDS = {
    CODE: "its code",
    CALENDAR: "the as-of, or how time is counted",
    COUNTED_UNTIL: "the as-of, with events after the old one",
    AHEAD: "how far it looks ahead",
    SHARDS: "the number of shards",
}


@dataclass(frozen=True, order=True)
class Difference:
    """One input. `kind` is raw, table, setting, code, calendar, counted until, ahead or shards.

    `name` is the table or setting, `part` the part of the table, `change` is new, changed or gone.
    """

    kind: str
    name: str
    part: str
    change: str

    @property
    def told(self) -> str:
        """In words."""
        if self.kind == "setting":
            return f"setting {self.name} {self.change}"
        if self.kind in WORDS:
            return f"{WORDS[self.kind]} {self.change}"
        return f"{RAW if self.kind == 'raw' else ''}{self.name} {self.part} {self.change}"


def differences(before: Inputs, after: Inputs) -> list[Difference]:
    """What differs between what something was computed from, and what it would be computed from."""
    return sorted(_differences(before, after))


def _differences(before: Inputs, after: Inputs) -> Iterator[Difference]:
    for label in before.keys() | after.keys():
        if before.get(label) != after.get(label):
            change = "new" if label not in before else "gone" if label not in after else "changed"
            yield Difference(*_read(label), change)


def _read(label: str) -> tuple[str, str, str]:
    table, is_part, part = label.partition("@")
    if is_part:
        return ("raw", table.removeprefix(RAW), part) if table.startswith(RAW) else ("table", table, part)
    if label.startswith(SETTING):
        return "setting", label.removeprefix(SETTING), ""
    return label, "", ""
