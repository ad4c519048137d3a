"""Benchmarks and targets beside the data: what an edit costs, and what it changes."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from loyalty_pipeline.faults import DataFault
from loyalty_pipeline.pipeline import open_lake
from loyalty_pipeline.settings import Settings
from tests.companies import rows_of
from tests.metrics.lakes import lake_of, landed
from tests.oracle.whiteboard import customer, drawn, paid

if TYPE_CHECKING:
    from pathlib import Path

    from tests.companies import Row

COMPANY = drawn(customer(), paid("ada", "10.00", "2024-01-10", "2024-03-10", {"total": Decimal(10)}))
HEADING = "metric,period,segment_by,segment_value,low,median,high,source,as_of"
ARPA = "arpa,month,all,all,4,5,6,us,2024-01-01"
AS_OF = date(2024, 3, 1)


def write(folder: Path, *lines: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "benchmarks.csv").write_text("\n".join([HEADING, *lines]), encoding="utf-8")


def arpa(folder: Path, **settings: Any) -> list[Row]:
    """Return the scorecard's months of everybody's revenue per account, computed as far as it is stale."""
    lake = lake_of(folder, "scorecard", as_of=AS_OF, **settings)
    lake.commit()
    return [
        row
        for row in rows_of(lake, "scorecard")
        if (row["metric"], row["period"], row["segment_by"]) == ("arpa", "month", "all")
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("company")
    landed(COMPANY, place)
    assert [row["verdict"] for row in arpa(place)] == ["no benchmark", "no benchmark"]
    return place


def test_an_edit_makes_the_scorecard_stale_and_nothing_else(folder: Path) -> None:
    write(folder / "reference", ARPA)
    lake = open_lake(Settings(data_dir=folder, as_of=AS_OF))
    known = set(lake.manifest.tasks)
    assert {name for name in known if lake.stale(name)} == {"scorecard"}
    assert [(row["value"], row["verdict"], row["benchmark_source"]) for row in arpa(folder)] == [
        (10.0, "strength", "us"),
        (10.0, "strength", "us"),
    ]


def test_another_comment_is_no_news(folder: Path) -> None:
    write(folder / "reference", ARPA)
    arpa(folder)
    write(folder / "reference", "# of last year", ARPA, "")
    assert open_lake(Settings(data_dir=folder, as_of=AS_OF)).stale("scorecard") == []


def test_the_files_may_be_in_another_folder(folder: Path, tmp_path: Path) -> None:
    write(tmp_path, ARPA.replace("4,5,6", "11,12,13"))
    assert {row["verdict"] for row in arpa(folder, reference=tmp_path)} == {"weakness"}


def test_a_file_that_cannot_be_read_stops_the_night_before_anything_is_computed(
    folder: Path, tmp_path: Path
) -> None:
    write(tmp_path, ARPA.replace("month", "fortnight"))
    with pytest.raises(DataFault, match="expected one of month, quarter, year, found 'fortnight'"):
        arpa(folder, reference=tmp_path)


def test_the_examples_that_come_with_the_project_can_be_read(
    folder: Path, request: pytest.FixtureRequest
) -> None:
    examples = request.config.rootpath / "data" / "reference"
    assert (examples / "benchmarks.csv").exists()
    assert len(arpa(folder, reference=examples)) == 2
