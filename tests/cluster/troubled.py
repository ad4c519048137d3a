"""A small catalogue whose tasks can be told to hang, to die, to eat memory or to fail: by files in a folder that all processes see.

What a task makes does not depend on it, so that a run with trouble must make the same as one without.
"""

import errno
import os
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import Table, count, key, whole
from loyalty_pipeline.lake.lake import Lake
from loyalty_pipeline.lake.specification import Specification, specify
from loyalty_pipeline.lake.store import Store
from loyalty_pipeline.periods import Calendar, Window
from loyalty_pipeline.reads import Previous, Whole
from loyalty_pipeline.storage.place import Place
from tests.lake.toy import RAW, Balance, Shops, balances, payments, signs

AS_OF = date(2024, 10, 10)
MONTHS = [f"2024-{month:02d}" for month in range(1, 11)]
SHOPS = 20
HELD: list[bytearray] = []


class Stock(Table):
    """One row per shop with a balance."""

    shop = key("The shop.")
    worth = whole("Twice its balance.", unit="euro")


class Digest(Table):
    """One row per month."""

    shops = count("Shops with a stock, so far.", of="shops")


class Total(Table):
    """One row."""

    name = key("What is counted.")
    shops = whole("All of them, month by month.", unit="shop")


def stocks(window: Window, balances: dy.LazyFrame[Balance], trouble: str) -> dy.LazyFrame[Stock]:
    met(trouble, f"stocks-{window.month:%Y-%m}")
    return balances.select("shop", worth=pl.col("amount") * 2)


def digests(
    window: Window, stocks: dy.LazyFrame[Stock], before: Previous[Digest], trouble: str
) -> dy.LazyFrame[Digest]:
    met(trouble, f"digests-{window.month:%Y-%m}")
    both = pl.concat([before.select("shops"), stocks.select(shops=pl.len().cast(pl.Int64))])
    return both.select(pl.col("shops").sum())


def totals(digests: Whole[Digest], trouble: str) -> dy.LazyFrame[Total]:
    met(trouble, "totals-all")
    return digests.select(name=pl.lit("shops"), shops=pl.col("shops").sum())


def troubled_tables() -> dict[str, Specification]:
    return specify([payments, signs, balances, stocks, digests, totals], RAW)


def met(folder: str, task: str) -> None:
    """Note that a process is at a task, and do what it was told for it: `once` by whoever comes first, `always` by everybody."""
    note(Path(folder) / "begun", f"{os.getpid()} {task}")
    while (Path(folder) / "hold").exists():
        time.sleep(0.02)
    once, always = (Path(folder) / f"{task}.{kind}" for kind in ("once", "always"))
    words = _taken(once) or (always.read_text() if always.exists() else "")
    if words:
        do_words(words)
    pace = Path(folder) / "pace"
    if pace.exists():
        time.sleep(float(pace.read_text()))
    note(Path(folder) / "ended", f"{os.getpid()} {task}")


def do_words(words: str) -> None:
    """Cause trouble in this process, as told in a line."""
    do(*words.split())


def do(what: str, much: str = "0") -> None:
    """Cause trouble in this process."""
    if what == "hang":
        do_nothing_for_ever()
    elif what == "eat":
        eaten = bytearray(int(float(much) * 2**20))
        eaten[::4096] = b"x" * len(range(0, len(eaten), 4096))
        HELD.append(eaten)
        # Long enough for who looks at memory to see it.
        time.sleep(2)
    elif what == "full":
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/data/lake/full.parquet")
    elif what == "break":
        raise OddError(1, 2)
    else:
        raise ValueError(what)


def do_nothing_for_ever() -> None:
    """Stand where the log can be seen to name it."""
    time.sleep(3600)


class OddError(Exception):
    """One that cannot be made again from what it says."""

    def __init__(self, one: int, other: int) -> None:
        super().__init__(f"{one} and {other}")


def note(path: Path, line: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(handle, f"{line}\n".encode())
    os.close(handle)


def _taken(path: Path) -> str:
    try:
        words = path.read_text()
        path.rename(path.with_suffix(".taken"))
    except FileNotFoundError:
        return ""
    return words


@dataclass(frozen=True)
class Trouble:
    """The folder, as a test has it."""

    folder: Path

    def once(self, task: str, words: str) -> None:
        (self.folder / f"{task}.once").write_text(words)

    def always(self, task: str, words: str) -> None:
        (self.folder / f"{task}.always").write_text(words)

    def pace(self, seconds: float) -> None:
        (self.folder / "pace").write_text(str(seconds))

    def hold(self) -> None:
        """From now on every task waits."""
        (self.folder / "hold").touch()

    def go_on(self) -> None:
        (self.folder / "hold").unlink()

    def over(self) -> None:
        """From now on all is well."""
        for path in self.folder.iterdir():
            path.unlink()

    def lines(self, what: str) -> list[tuple[int, str]]:
        """Which process began or ended which task, in the order of time."""
        path = self.folder / what
        lines = path.read_text().splitlines() if path.exists() else []
        return [(int(line.split()[0]), line.split()[1]) for line in lines]

    def at(self, process: int) -> str:
        """The task that a process is at, if it is at one."""
        begun, ended = (
            [task for by, task in self.lines(what) if by == process] for what in ("begun", "ended")
        )
        return begun[-1] if len(begun) > len(ended) else ""

    @property
    def begun(self) -> list[str]:
        return [task for _, task in self.lines("begun")]

    @property
    def ended(self) -> list[str]:
        return [task for _, task in self.lines("ended")]


def sell(root: Place) -> Shops:
    """Shops that sell something in each month."""
    return Shops(
        root,
        [(f"s{month}-{n}", f"shop{n}", 100 * n + 7, f"{month}-15") for month in MONTHS for n in range(SHOPS)],
    )


def troubled_lake(place: Place, trouble: Path) -> Lake:
    """The lake of a data folder with shops in it."""
    policy = {"timezone": "UTC", "bonus": 0, "least": 0, "trouble": str(trouble)}
    calendar = Calendar("UTC", 1, AS_OF)
    return Lake(Store(place / "lake"), Store(place / "landing"), troubled_tables(), calendar, policy)
