"""Histories of nights, made up from a number."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.nights.company import Throws
from tests.nights.life import ENDS, Life, Night
from tests.nights.policy_changes import POLICY_CHANGES
from tests.nights.row_changes import ROW_CHANGES

HISTORIES_OF_A_COMPANY = 10
"""So many histories begin with the same company and its first night."""

HISTORIES = int(os.environ.get("LOYALTY_SOAK_HISTORIES", "200"))
"""So many the tests live through, of all companies together."""


@dataclass(frozen=True)
class History:
    """A company by its seed and the source of its lines, and the nights that follow its first."""

    number: int
    source: str
    seed: int
    nights: tuple[Night, ...]


def made_up_history(number: int, source: str) -> History:
    """One to three nights after the first, of one to three changes each; the last is a whole one."""
    dice = Throws(number)
    nights = [a_night(dice) for _ in range(dice.one_of((1, 1, 2, 3)))]
    nights[-1] = replace(nights[-1], end="whole")
    return History(number, source, company_of(number), tuple(nights))


def a_night(dice: Throws) -> Night:
    """Rows change most; of the many settings one has to be another often enough."""
    kinds = (*[list(ROW_CHANGES)] * 4, *[list(POLICY_CHANGES)] * 2, ["decide"])
    changes = [
        (dice.one_of(dice.one_of(kinds)), dice.one_of(range(10_000)))
        for _ in range(dice.one_of((1, 1, 2, 3)))
    ]
    return Night(tuple(changes), dice.one_of(ENDS))


def company_of(number: int) -> int:
    """The seed of the company that a history begins with."""
    return number // HISTORIES_OF_A_COMPANY


def by_company(percent: range) -> list[list[int]]:
    """The numbers of that part of the tests' histories, in groups that begin with the same company."""
    numbers = range(HISTORIES * percent.start // 100, HISTORIES * percent.stop // 100)
    return [list(group) for _, group in groupby(numbers, key=company_of)]


def hold_all(numbers: list[int], source: str, told: Callable[[History, int], None] = lambda *_: None) -> int:
    """Hold some histories of one company, and say how many; `told` hears of each how many nights were held.

    The first ends with a real rebuild.
    """
    with TemporaryDirectory() as root:
        life = Life(Path(root), company_of(numbers[0]), source)
        for number in numbers:
            history = made_up_history(number, source)
            try:
                told(history, life.live(history.nights, is_rebuilt=number == numbers[0]))
            except Exception as fault:
                fault.add_note(f"To repeat it: python -m tests.soak {source} --first {number} --histories 1")
                raise
    return len(numbers)
