"""Months as people write them."""

from collections.abc import Iterable, Iterator


def month_runs(months: Iterable[str]) -> str:
    """Months in order, those in a row as one: 2024-03..2024-07, 2024-09."""
    return ", ".join(first if first == last else f"{first}..{last}" for first, last in _runs(months))


def _runs(months: Iterable[str]) -> Iterator[tuple[str, str]]:
    first = last = ""
    for month in sorted({*months}):
        if last and _number(month) == _number(last) + 1:
            last = month
            continue
        if first:
            yield first, last
        first = last = month
    if first:
        yield first, last


def _number(month: str) -> int:
    year, _, number = month.partition("-")
    return int(year) * 12 + int(number) if number else -12
