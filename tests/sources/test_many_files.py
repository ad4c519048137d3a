"""A table in many files: folders, patterns, hive folders, and files whose columns differ."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_pipeline.faults import SourceError
from loyalty_pipeline.sources.files import FileSource
from loyalty_pipeline.sources.many_files import hive_columns, together


def write(root: Path, name: str, **columns: list[object]) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    frame = pl.DataFrame(columns)
    if name.endswith(".csv"):
        frame.write_csv(path)
    elif name.endswith(".jsonl"):
        frame.write_ndjson(path)
    else:
        frame.write_parquet(path)
    return path


def rows_of(root: Path, table: str = "invoices", **mapping: object) -> list[dict[str, object]]:
    scratch = root / "scratch"
    scratch.mkdir(exist_ok=True)
    found = FileSource.of(root / "source", {table: mapping} if mapping else {}).find(table)
    assert found is not None
    return pl.read_parquet(found.parquet(scratch)).to_dicts()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    return folder


def test_a_folder_named_after_the_table_is_read_with_all_of_its_files(source: Path, tmp_path: Path) -> None:
    write(source, "invoices/2024/part-1.parquet", invoice_id=["b"])
    write(source, "invoices/2023/part-7.parquet", invoice_id=["a"])
    assert rows_of(tmp_path) == [{"invoice_id": "a"}, {"invoice_id": "b"}]


def test_what_jobs_leave_beside_their_files_is_no_data(source: Path, tmp_path: Path) -> None:
    write(source, "invoices/part-1.parquet", invoice_id=["a"])
    for name in ("_SUCCESS", ".part-1.parquet.crc", "README.md", "_temporary/part-2.parquet"):
        path = source / "invoices" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("no table")
    assert rows_of(tmp_path) == [{"invoice_id": "a"}]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("exports/*/orders-*.csv", ["1", "2"]),
        ("exports/2024-0[2]/*.csv", ["2", "3"]),
        ("exports/**/*.csv", ["1", "2", "3"]),
        ("exports/2024-01/orders-?.csv", ["1"]),
        ("exports/2024-01", ["1"]),
        ("exports/2024-01/orders-1.csv", ["1"]),
    ],
)
def test_a_pattern_names_files(source: Path, tmp_path: Path, pattern: str, found: list[str]) -> None:
    write(source, "exports/2024-01/orders-1.csv", invoice_id=[1])
    write(source, "exports/2024-02/orders-2.csv", invoice_id=[2])
    write(source, "exports/2024-02/returns-3.csv", invoice_id=[3])
    assert [row["invoice_id"] for row in rows_of(tmp_path, file=pattern)] == found


def test_a_pattern_that_names_nothing_is_said(source: Path) -> None:
    with pytest.raises(
        SourceError, match=r"invoices: the file exports/\*\.csv is not in .*source\. Correct `file`"
    ):
        FileSource.of(source, {"invoices": {"file": "exports/*.csv"}}).find("invoices")


def test_a_file_and_a_folder_of_one_name_are_refused(source: Path) -> None:
    write(source, "invoices.csv", invoice_id=[1])
    write(source, "invoices/part.csv", invoice_id=[2])
    with pytest.raises(SourceError, match="invoices has 2 files"):
        FileSource.of(source, {}).find("invoices")


def test_folders_that_state_a_value_are_columns_unless_the_file_has_them(
    source: Path, tmp_path: Path
) -> None:
    write(source, "invoices/year=2023/land=A%2FB/a.parquet", invoice_id=["a"])
    write(
        source, "invoices/year=2024/land=__HIVE_DEFAULT_PARTITION__/b.parquet", invoice_id=["b"], year=["own"]
    )
    assert rows_of(tmp_path) == [
        {"invoice_id": "a", "year": "2023", "land": "A/B"},
        {"invoice_id": "b", "year": "own", "land": None},
    ]


def test_a_single_file_in_a_hive_folder_has_its_column_too(source: Path, tmp_path: Path) -> None:
    write(source, "invoices/year=2023/a.parquet", invoice_id=["a"])
    assert rows_of(tmp_path) == [{"invoice_id": "a", "year": "2023"}]


def test_a_column_that_came_later_is_null_before(source: Path, tmp_path: Path) -> None:
    write(source, "invoices/1.parquet", invoice_id=["a"])
    write(source, "invoices/2.csv", invoice_id=["b"], note=["x"])
    write(source, "invoices/3.jsonl", invoice_id=["c"], note=["y"])
    assert [row["note"] for row in rows_of(tmp_path)] == [None, "x", "y"]


def test_a_column_of_several_types_keeps_every_value_exactly(source: Path, tmp_path: Path) -> None:
    berlin = datetime(2024, 7, 1, 2, 0, 0, 5, ZoneInfo("Europe/Berlin"))
    big, amount = 2**53 + 1, Decimal("12345678901234.5678")
    write(source, "invoices/1.parquet", number=[big], amount=[amount], at=[berlin], day=[date(2024, 7, 1)])
    write(source, "invoices/2.parquet", number=[0.5], amount=["7.10"], at=["2024-07-01T00:00:00Z"], day=["x"])
    first, second = rows_of(tmp_path)
    assert first == {
        "number": str(big),
        "amount": str(amount),
        "at": "2024-07-01 00:00:00.000005+00:00",
        "day": "2024-07-01",
    }
    assert second == {"number": "0.5", "amount": "7.10", "at": "2024-07-01T00:00:00Z", "day": "x"}


def test_whole_numbers_of_several_widths_stay_numbers(source: Path, tmp_path: Path) -> None:
    source.joinpath("invoices").mkdir()
    for number, dtype in enumerate((pl.Int16, pl.UInt32, pl.Int64, pl.Null)):
        value = None if dtype == pl.Null else number
        pl.DataFrame({"n": [value]}, schema={"n": dtype}).write_parquet(source / f"invoices/{number}.parquet")
    assert [row["n"] for row in rows_of(tmp_path)] == [0, 1, 2, None]


@pytest.mark.parametrize(
    ("file", "kind"), [("_delta_log/00000.json", "a Delta"), ("metadata/v1.metadata.json", "an Iceberg")]
)
def test_a_table_of_which_a_log_says_what_counts_is_refused(source: Path, file: str, kind: str) -> None:
    write(source, "invoices/data/part.parquet", invoice_id=["a"])
    path = source / "invoices" / file
    path.parent.mkdir()
    path.write_text("{}")
    with pytest.raises(SourceError, match=f"invoices is {kind} table: only its log says which files count"):
        FileSource.of(source, {}).find("invoices")


def test_a_new_file_or_another_content_changes_the_fingerprint_and_nothing_else_does(source: Path) -> None:
    write(source, "invoices/1.parquet", invoice_id=["a"])

    def fingerprint() -> str:
        found = FileSource.of(source, {}).find("invoices")
        assert found is not None
        return found.fingerprint()

    before = fingerprint()
    (source / "invoices" / "_SUCCESS").write_text("")
    assert fingerprint() == before
    write(source, "invoices/2.parquet", invoice_id=["b"])
    with_another = fingerprint()
    assert with_another != before
    write(source, "invoices/2.parquet", invoice_id=["b", "c", "d"])
    assert fingerprint() not in {before, with_another}


def test_files_that_cannot_be_read_as_one_table_are_named(source: Path, tmp_path: Path) -> None:
    bad = source / "bad.parquet"
    bad.write_text("no Parquet")
    with pytest.raises(SourceError, match="the folder: its files cannot be read as one table"):
        together([bad], [{}], tmp_path / "out.parquet", "the folder")


@given(
    st.dictionaries(st.from_regex(r"[a-z]{1,6}", fullmatch=True), st.text("abc 1=", min_size=1), max_size=4)
)
def test_hive_columns_are_what_the_folders_say(values: dict[str, str]) -> None:
    path = "/".join([*(f"{name}={value}" for name, value in values.items()), "part-0.parquet"])
    assert hive_columns(path) == values


def test_instants_of_several_units_are_read_again_as_the_same_instants(source: Path, tmp_path: Path) -> None:
    at = datetime(2024, 7, 1, 12, 30, tzinfo=UTC)
    for number, unit in enumerate(("ms", "us", "ns")):
        frame = pl.DataFrame({"at": [at]}, schema={"at": pl.Datetime(unit, "UTC")})
        (source / "invoices").mkdir(exist_ok=True)
        frame.write_parquet(source / f"invoices/{number}.parquet")
    told = [str(row["at"]) for row in rows_of(tmp_path)]
    assert {one[:19] for one in told} == {"2024-07-01 12:30:00"}
