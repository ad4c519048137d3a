"""Calendar peers: which days a day is like, and how far from them its count may be."""

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from math import sqrt
from statistics import median
from typing import Literal, Self

Peers = Literal["weekday", "day_of_month", "day"]

MAD_TO_DEVIATION = 1.4826
"""What a median absolute deviation is multiplied with to be the standard deviation of normal values."""


def peer_days(day: date, peers: Peers, history: int) -> list[date]:
    """The days that a day is compared with, newest first.

    The same weekday in the weeks before, the same day of the months before (or, in a shorter month, its last day), or the
    days before.
    """
    if peers == "day_of_month":
        return [_months_before(day, number) for number in range(1, history + 1)]
    step = timedelta(weeks=1) if peers == "weekday" else timedelta(days=1)
    return [day - step * number for number in range(1, history + 1)]


def _months_before(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


@dataclass(frozen=True)
class Tolerance:
    """How far from the median of its peers a count may be: the greatest of three.

    `mads` median absolute deviations, scaled to standard deviations: raw ones would be 3.4 of them, and with the eight
    peers of the default 17 false alarms a year instead of 6. `floor`, a share of the median, for peers that happen to be
    equal. `noise` square roots of the median (plus one), for counts so small that chance alone moves them further.
    """

    mads: float
    floor: float
    noise: float

    def around(self, counts: list[int]) -> float:
        """What is allowed either way."""
        middle = median(counts)
        deviation = MAD_TO_DEVIATION * median(abs(count - middle) for count in counts)
        return max(self.mads * deviation, self.floor * middle, self.noise * sqrt(middle + 1))


@dataclass(frozen=True)
class DayCount:
    """The count of a day beside those of its peers. `peers` leaves out the days before the table's first."""

    day: date
    count: int
    peers: dict[date, int]

    @classmethod
    def of(cls, counts: Mapping[date, int], day: date, days: list[date]) -> Self:
        """From the count of each day that has rows; a day in between that has none counts 0."""
        first = min(counts, default=None)
        there = {peer: counts.get(peer, 0) for peer in days if first is not None and peer >= first}
        return cls(day, counts.get(day, 0), there)

    def verdict(self, tolerance: Tolerance, minimum_peers: int) -> str:
        """`usual`, `fewer`, `more`, or `unknown` with too few peers."""
        counts = list(self.peers.values())
        if len(counts) < minimum_peers:
            return "unknown"
        distance = self.count - median(counts)
        if abs(distance) <= tolerance.around(counts):
            return "usual"
        return "fewer" if distance < 0 else "more"
