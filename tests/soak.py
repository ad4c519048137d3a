"""Live through thousands of histories: `python -m tests.soak --histories 5000`. Stops at the first that goes wrong."""

import argparse
import sys
import time
import traceback
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.nights.company import BY_SOURCE
from tests.nights.histories import History, company_of, made_up_history
from tests.nights.life import Life, Night
from tests.nights.quick import quick

Nights = tuple[Night, ...]


def main() -> int:
    """Whether all went well, as an exit code."""
    with quick():
        return soak(arguments())


def soak(asked: argparse.Namespace) -> int:
    begun, nights, number = time.monotonic(), 0, asked.first
    sources = [asked.source] if asked.source else list(BY_SOURCE)
    while number < asked.first + asked.histories and time.monotonic() - begun < asked.minutes * 60:
        last = min((company_of(number) + 1) * 10, asked.first + asked.histories)
        source = sources[company_of(number) % len(sources)]
        for history, life in lives(range(number, last), source):
            try:
                nights += life.live(history.nights, is_rebuilt=history.number % asked.rebuild == 0)
            except Exception:  # noqa: BLE001 - whatever goes wrong is what is looked for
                tell(history, asked.shrink)
                return 1
        number = last
        spent = time.monotonic() - begun
        print(f"{number - asked.first} histories, {nights} nights held, {spent:.0f} s", flush=True)  # noqa: T201
    return 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "source", nargs="?", choices=BY_SOURCE, help="where lines come from; default: all in turn"
    )
    parser.add_argument("--histories", type=int, default=1000, help="how many")
    parser.add_argument("--first", type=int, default=0, help="the number of the first")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="how long at most")
    parser.add_argument("--rebuild", type=int, default=10, help="every so many end with real rebuilds too")
    parser.add_argument(
        "--shrink", type=float, default=60, help="seconds to look for a shorter one that goes wrong"
    )
    return parser.parse_args()


def lives(numbers: range, source: str) -> Iterator[tuple[History, Life]]:
    with TemporaryDirectory() as root:
        life = Life(Path(root), company_of(numbers.start), source)
        for number in numbers:
            yield made_up_history(number, source), life


def tell(history: History, seconds: float) -> None:
    """What went wrong, in how few nights it still does, and how to repeat it."""
    again = f"python -m tests.soak {history.source} --first {history.number} --histories 1"
    traceback.print_exc()
    print(f"{history}\nRepeat: {again}", file=sys.stderr, flush=True)  # noqa: T201
    until, nights = time.monotonic() + seconds, history.nights
    is_alone = fails(history, nights)
    while is_alone and time.monotonic() < until:
        shorter = next((n for n in shortened(nights) if time.monotonic() < until and fails(history, n)), None)
        if shorter is None:
            break
        nights = shorter
    told = f"Shrunk to {nights}" if is_alone else "Alone, after its company's first night only, it goes well"
    print(told, file=sys.stderr)  # noqa: T201


def shortened(nights: Nights) -> Iterator[Nights]:
    """The nights without one, then with one less of the changes, then with a whole one for one that died."""
    for place, night in enumerate(nights):
        before, after = nights[:place], nights[place + 1 :]
        if len(nights) > 1:
            yield before + after
        for gone in range(len(night.changes)):
            changes = night.changes[:gone] + night.changes[gone + 1 :]
            yield (*before, replace(night, changes=changes), *after)
        if night.end != "whole":
            yield (*before, replace(night, end="whole"), *after)


def fails(history: History, nights: Nights) -> bool:
    """Whether the company's life still goes wrong, alone and from the start."""
    with TemporaryDirectory() as root:
        try:
            Life(Path(root), history.seed, history.source).live(nights, is_rebuilt=True)
        except Exception:  # noqa: BLE001 - whatever goes wrong is what is looked for
            return True
    return False


if __name__ == "__main__":
    sys.exit(main())
