"""Benchmarks and targets are edited by hand, in whatever program is there: what is wrong is said with its place."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from loyalty_pipeline.faults import DataFault
from loyalty_pipeline.scorecard.reference import Benchmark, Target, read_lines

if TYPE_CHECKING:
    from pathlib import Path

BENCHMARKS = "metric,period,segment_by,segment_value,low,median,high,source,as_of"
TARGETS = "metric,period,segment_by,segment_value,target,valid_from"
CHURN = "customer_churn_rate,month,all,all,0.02,0.035,0.05,a survey,2025-01-01"


def written(folder: Path, *lines: str, encoding: str = "utf-8", end: str = "\n") -> Path:
    path = folder / "benchmarks.csv"
    path.write_bytes(end.join([*lines, ""]).encode(encoding))
    return path


def test_without_a_file_there_are_no_benchmarks_and_no_targets(tmp_path: Path) -> None:
    assert read_lines(tmp_path / "benchmarks.csv", Benchmark) == ()
    assert read_lines(tmp_path / "targets.csv", Target) == ()


def test_a_file_of_a_heading_has_no_lines(tmp_path: Path) -> None:
    assert read_lines(written(tmp_path, BENCHMARKS), Benchmark) == ()


def test_a_line_is_read_as_it_stands(tmp_path: Path) -> None:
    (line,) = read_lines(written(tmp_path, BENCHMARKS, CHURN), Benchmark)
    assert line == Benchmark(
        metric="customer_churn_rate",
        period="month",
        segment_by="all",
        segment_value="all",
        low=0.02,
        median=0.035,
        high=0.05,
        source="a survey",
        as_of=date(2025, 1, 1),
    )


def test_comments_blank_lines_spaces_and_further_columns_mean_nothing(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "# what others reach",
        "",
        f"{BENCHMARKS},note",
        "# churn",
        f" {CHURN.replace(',', ' , ')} ,ours",
        "   ",
    )
    assert read_lines(path, Benchmark) == read_lines(written(tmp_path, BENCHMARKS, CHURN), Benchmark)


@pytest.mark.parametrize(("encoding", "end"), [("utf-8-sig", "\n"), ("utf-8", "\r\n"), ("utf-8-sig", "\r\n")])
def test_a_spreadsheet_s_byte_order_mark_and_line_ends_mean_nothing(
    tmp_path: Path, encoding: str, end: str
) -> None:
    lines = read_lines(written(tmp_path, BENCHMARKS, CHURN, encoding=encoding, end=end), Benchmark)
    assert [line.metric for line in lines] == ["customer_churn_rate"]


def test_columns_come_in_any_order_and_words_with_commas_in_quotes(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "as_of,source,high,median,low,segment_value,segment_by,period,metric",
        '2025-01-01,"others, 2024",0.05,,0.02,DE,country,year,crr',
    )
    (line,) = read_lines(path, Benchmark)
    assert (line.source, line.metric, line.period, line.segment_value) == (
        "others, 2024",
        "crr",
        "year",
        "DE",
    )
    assert (line.low, line.median, line.high) == (0.02, None, 0.05)


def test_a_benchmark_may_lack_any_number_and_its_source(tmp_path: Path) -> None:
    (line,) = read_lines(written(tmp_path, BENCHMARKS, "crr,month,all,all,,,,,2025-01-01"), Benchmark)
    assert (line.low, line.median, line.high, line.source) == (None, None, None, "")


@pytest.mark.parametrize("column", TARGETS.split(","))
def test_a_missing_column_is_named_with_its_file(tmp_path: Path, column: str) -> None:
    heading = ",".join(name for name in TARGETS.split(",") if name != column)
    with pytest.raises(DataFault) as fault:
        read_lines(written(tmp_path, heading, "1,2,3,4,5"), Target)
    assert (fault.value.table, fault.value.column) == ("benchmarks.csv", column)
    assert "the column is missing" in str(fault.value)
    assert str(tmp_path / "benchmarks.csv") in str(fault.value)


def test_an_empty_file_lacks_every_column(tmp_path: Path) -> None:
    with pytest.raises(DataFault, match=r"benchmarks\.csv\.metric, period, .*the column is missing"):
        read_lines(written(tmp_path), Benchmark)


GOOD = dict(zip(TARGETS.split(","), ("nps", "month", "all", "all", "30", "2025-01-01"), strict=True))


@pytest.mark.parametrize(
    ("column", "cell", "rule"),
    [
        ("target", "3 %", "expected a number with a point"),
        ("target", "0,03", "expected a number with a point"),
        ("target", "", "expected a number with a point"),
        ("valid_from", "01.02.2025", "isoformat"),
        ("valid_from", "", "isoformat"),
        ("period", "week", "expected one of month, quarter, year"),
        ("period", "", "expected one of month, quarter, year"),
        ("metric", "", "expected a word"),
        ("segment_by", " ", "expected a word"),
        ("segment_value", "", "expected a word"),
    ],
)
def test_a_value_that_is_none_is_told_with_file_column_and_line(
    tmp_path: Path, column: str, cell: str, rule: str
) -> None:
    bad = ",".join(f'"{part}"' for part in (GOOD | {column: cell}).values())
    with pytest.raises(DataFault) as fault:
        read_lines(written(tmp_path, TARGETS, ",".join(GOOD.values()), bad), Target)
    assert (fault.value.table, fault.value.column) == ("benchmarks.csv", column)
    assert rule in fault.value.rule
    assert repr(cell.strip()) in fault.value.rule
    assert "line 2 of the table" in str(fault.value)


@pytest.mark.parametrize("number", ["nan", "inf", "-inf", "1e400"])
def test_a_number_that_nothing_can_be_compared_with_is_none(tmp_path: Path, number: str) -> None:
    line = ",".join((GOOD | {"target": number}).values())
    with pytest.raises(DataFault) as fault:
        read_lines(written(tmp_path, TARGETS, line), Target)
    assert fault.value.column == "target"


def test_a_line_that_is_too_short_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataFault) as fault:
        read_lines(written(tmp_path, TARGETS, "nps,month,all,all,30"), Target)
    assert fault.value.column == "valid_from"


def test_a_file_that_is_not_utf_8_is_a_fault_and_no_crash(tmp_path: Path) -> None:
    path = written(
        tmp_path, BENCHMARKS, CHURN.replace("a survey", "eine Erhebung für Köln"), encoding="cp1252"
    )
    with pytest.raises(DataFault) as fault:
        read_lines(path, Benchmark)
    assert fault.value.table == "benchmarks.csv"
