"""What parts and units of work are called.

A unit of work is a month, `2024-05`, or a shard of it, `2024-05.3of4`; or `whole`. A part of a table is named like the
unit that wrote it, and where a unit writes rows of several months, with the month before: `2024-05/2024-04.3of4`. A task that
files what landed is of a whole month, and writes a part for each shard.
"""

from collections.abc import Container
from datetime import date

WHOLE = "whole"
MONTH = len("2024-05")


def month_of(name: str) -> str:
    """The month that a part's rows belong to, or that a unit is of; `whole` for a table in one piece."""
    return WHOLE if name.startswith(WHOLE) else name[:MONTH]


def work_of(part: str) -> str:
    """The month, or `whole`, whose work wrote a part: its own, unless its table is split by month."""
    return part.partition("/")[2].partition(".")[0] or month_of(part)


def unit_of(part: str, units: Container[str]) -> str:
    """The unit, among those there are, whose work wrote a part: of its own shard, or of all shards at once."""
    own = named(work_of(part), shard_of(part))
    return own if own in units else work_of(part)


def shard_of(name: str) -> str:
    """The shard, as `3of4`; empty where there is but one."""
    return name.partition(".")[2]


def named(month: str, shard: str = "", work: str = "") -> str:
    """The name of a part or a unit."""
    return f"{month}{f'/{work}' if work else ''}{f'.{shard}' if shard else ''}"


def shards(count: int) -> list[str]:
    """The shards of a lake that is kept in so many."""
    return [f"{number}of{count}" for number in range(1, count + 1)] if count > 1 else [""]


def text_of(month: date) -> str:
    """A month as parts are named: 2024-05."""
    return f"{month:%Y-%m}"


def date_of(month: str) -> date:
    """The month of a part's name."""
    return date.fromisoformat(f"{month}-01")
