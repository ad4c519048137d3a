"""Readers of the published files during many publications: nobody ever reads half of one, or of two."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import dataframely as dy
import polars as pl
import pytest

from loyalty_pipeline.contract import Table, day, key, whole
from loyalty_pipeline.lake.lake import Lake
from loyalty_pipeline.lake.specification import specify
from loyalty_pipeline.lake.store import Store
from loyalty_pipeline.periods import Calendar
from loyalty_pipeline.publication.snapshot import Publisher
from loyalty_pipeline.reads import Whole
from tests.faults import readers
from tests.lake.toy import AS_OF, POLICY, RAW, ShopName, Shops, computed

pytestmark = pytest.mark.slow
PUBLICATIONS = int(os.environ.get("LOYALTY_SOAK_KILLS", "50"))
NIGHT = datetime(2024, 5, 10, 3, tzinfo=UTC)
ROWS = {"left": 1, "right": 2000}
ALONE = {"POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1"}
"""Several readers share few cores."""


class Left(Table):
    """One row per publication: there is one."""

    period = key("Length of the period.")
    period_start = day("First day of the month.", key=True)
    period_end = day("First day after it.")
    segment_by = key("What cuts the rows.")
    segment_value = key("The row.")
    marker = whole("The number of the publication.", unit="publications")


class Right(Left):
    """Many rows per publication."""


def left(names: Whole[ShopName]) -> dy.LazyFrame[Left]:
    """One row."""
    return marked(names, ROWS["left"])


def right(names: Whole[ShopName]) -> dy.LazyFrame[Right]:
    """Many rows."""
    return marked(names, ROWS["right"])


def marked(names: Any, rows: int) -> Any:
    """The newest name of a shop is the number of the publication."""
    newest = names.sort("_batch").last().select(marker=pl.col("name").cast(pl.Int64))
    return newest.join(pl.LazyFrame({"row": range(rows)}), how="cross").select(
        "marker",
        period=pl.lit("month"),
        period_start=pl.lit(date(2024, 5, 1)),
        period_end=pl.lit(date(2024, 6, 1)),
        segment_by=pl.lit("row"),
        segment_value=pl.col("row").cast(pl.String),
    )


@dataclass(frozen=True)
class Reading:
    """A reader that reads over and over."""

    name: str
    notes: Path
    process: "subprocess.Popen[str]"

    @property
    def seen(self) -> list[Any]:
        whole_lines, _, _ = self.notes.read_text().rpartition("\n")
        return [json.loads(line) for line in whole_lines.splitlines()]

    @property
    def markers(self) -> set[int]:
        return {found[0][0][0] for found in self.seen if isinstance(found, list)}


@pytest.fixture
def shops(tmp_path: Path) -> Shops:
    return Shops(tmp_path / "data", sales=[])


def publish(shops: Shops, number: int) -> None:
    shops.name_shops(north=str(number))
    made = specify([left, right], RAW)
    lake = Lake(Store(shops.root / "lake"), shops.landing, made, Calendar("UTC", 1, AS_OF), dict(POLICY))
    computed(lake)
    assert (
        Publisher(shops.root).publish(lake, ["left", "right"], NIGHT + timedelta(minutes=number)).is_changed
    )


@pytest.fixture
def reading(shops: Shops, tmp_path: Path) -> Iterator[list[Reading]]:
    publish(shops, 0)
    with ExitStack() as stack:
        started = []
        for reader in readers.READERS:
            notes = tmp_path / f"{reader}.jsonl"
            notes.touch()
            words = [reader, str(shops.root), str(notes), str(tmp_path / "stop")]
            command = [sys.executable, readers.__file__ or "", *words]
            process = stack.enter_context(subprocess.Popen(command, text=True, env=os.environ | ALONE))
            started.append(Reading(reader, notes, process))
        yield started
        (tmp_path / "stop").touch()


def test_no_reading_is_torn_mixed_or_refused_while_others_are_published(
    shops: Shops, reading: list[Reading], tmp_path: Path
) -> None:
    while not all(one.seen for one in reading):
        assert all(one.process.poll() is None for one in reading)
        time.sleep(0.01)
    number = 0
    # A slow machine gives its readers the time to see several.
    while number < PUBLICATIONS or not all(len(one.markers) > 4 for one in reading):
        number += 1
        publish(shops, number)
    (tmp_path / "stop").touch()
    for one in reading:
        assert one.process.wait() == 0
        for found in one.seen:
            assert isinstance(found, list), (one.name, found)
            [[marker, rows]], [[other, more]] = found
            assert (marker, rows, more) == (other, ROWS["left"], ROWS["right"]), one.name
