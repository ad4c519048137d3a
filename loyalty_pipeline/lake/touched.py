"""Which months of a table may change, and in which shards."""

from bisect import bisect_left, insort
from collections.abc import Iterator


class Touched:
    """Months, and which shards of them."""

    def __init__(self) -> None:
        """None yet."""
        self._by_shard: dict[str, list[str]] = {}

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self._by_shard)

    def __iter__(self) -> Iterator[str]:
        """The months of any shard."""
        return iter({month for months in self._by_shard.values() for month in months})

    def add(self, month: str, shard: str) -> None:
        """Take a month in; no shard is all of them."""
        months = self._by_shard.setdefault(shard, [])
        place = bisect_left(months, month)
        if place == len(months) or months[place] != month:
            insort(months, month)

    def meet(self, first: str, last: str, shard: str) -> bool:
        """Whether any month from first to last is among them, in this shard or in all."""
        shards = {shard, ""} if shard else self._by_shard.keys()
        return any(self._has(self._by_shard.get(one, []), first, last) for one in shards)

    @staticmethod
    def _has(months: list[str], first: str, last: str) -> bool:
        place = bisect_left(months, first)
        return place < len(months) and months[place] <= last
