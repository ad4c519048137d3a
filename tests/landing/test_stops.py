"""What stops a landing says where, which rule and how many rows, and leaves what has landed as it was.

That a stopped run leaves the publication as it was is held in tests/cli/test_faults.py, with the merge cycle, which
stops the computation; that a required table never was there, in test_landing.py.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from loyalty_pipeline.faults import DataFault, SourceError
from loyalty_pipeline.sources.extract import Extract

from .company import Company, at, customer, invoice, line

TEN = [invoice(n, total="10") for n in range(10)]


@pytest.fixture
def landed(tmp_path: Path) -> Company:
    """A company after a night in which it had ten invoices and set aside a line."""
    company = Company(tmp_path, max_bad_share=0.5)
    company.write("invoices", TEN)
    company.write("invoice_lines", [*map(line, range(9)), line(9, invoice_id="nobody")])
    company.land()
    company.settings.max_bad_share = 0.2
    return company


def landed_in(company: Company) -> dict[str, bytes]:
    """What has landed and what was set aside: the manifest, and every file that it names or that a night kept."""
    data, store = company.settings.data_dir, company.store()
    manifest = store.read()
    parts = [store.path(entry) for table in manifest.tables.values() for entry in table.values()]
    kept = [file for file in (data / "quarantine").rglob("*.parquet") if "_failed" not in file.parts]
    return {str(file): file.read_bytes() for file in (*parts, *kept)} | {
        "manifest": manifest.to_json().encode()
    }


def table_gone(company: Company) -> None:
    (company.source / "invoices.parquet").unlink()


def column_gone(company: Company) -> None:
    company.write(
        "invoices", [{name: value for name, value in row.items() if name != "status"} for row in TEN]
    )


def optional_column_gone(company: Company) -> None:
    company.write(
        "invoices", [{name: value for name, value in row.items() if name != "paid_at"} for row in TEN]
    )


def other_type(company: Company) -> None:
    frame = pl.read_parquet(company.source / "invoices.parquet")
    frame.with_columns(pl.col("customer_id").str.len_chars()).write_parquet(
        company.source / "invoices.parquet"
    )


def unreadable(company: Company) -> None:
    company.write("invoices", [row | ({"total": "many"} if n < 3 else {}) for n, row in enumerate(TEN)])


def no_rate(company: Company) -> None:
    company.write("invoices", [row | {"currency": "USD", "updated_at": at("2024-03-01")} for row in TEN])


USED = "every column that was used before is there and of the same kind"


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (table_gone, "invoices: the table was there before, and the source lacks it now"),
        (
            column_gone,
            "invoices.status: the column is required and .*invoices.parquet does not have it \\(all 10 rows\\)",
        ),
        (optional_column_gone, f"invoices: {USED} .*paid_at"),
        (other_type, f"invoices: {USED} .*customer_id"),
        (
            unreadable,
            "invoices.total: total can be read as an amount with at most 4 decimals \\(3 of 10 rows do not\\)",
        ),
        (no_rate, "invoices.currency: no rate for USD"),
    ],
)
def test_a_stop_is_told_where_it_is_and_nothing_has_landed(
    landed: Company, spoil: Callable[[Company], None], message: str
) -> None:
    before = landed_in(landed)
    spoil(landed)
    with pytest.raises(DataFault, match=f"^{message}"):
        landed.land()
    assert landed_in(landed) == before
    landed.write("invoices", [*TEN, invoice(11)])
    assert landed.land().tables["invoices"].accepted == 1, (
        "what was repaired lands as if nothing had happened"
    )


def test_as_many_unreadable_values_as_are_tolerated_do_not_stop(landed: Company) -> None:
    landed.write("invoices", [row | ({"total": "many"} if n < 2 else {}) for n, row in enumerate(TEN)])
    report = landed.land().tables["invoices"]
    assert (report.quarantined, report.already_landed) == (2, 8)


def test_a_source_that_has_other_rows_than_it_says_stops(
    landed: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = landed_in(landed)
    whole = Extract.slice
    landed.write("invoices", [*TEN, invoice(11)])
    monkeypatch.setattr(Extract, "slice", lambda self, offset: whole(self, offset).head(7))
    with pytest.raises(SourceError, match=r"invoices\.parquet says it has 11 rows, 7 were read"):
        landed.land()
    assert landed_in(landed) == before


@pytest.mark.parametrize("is_folder", [False, True])
def test_a_file_that_changes_while_it_is_read_stops_the_night_and_nothing_has_landed(tmp_path, is_folder):
    company = Company(tmp_path)
    file = company.source / "customers.parquet"
    if is_folder:
        company.source.joinpath("customers").mkdir()
        file = file.rename(company.source / "customers" / "part.parquet")
        shutil.copy(file, file.with_name("more.parquet"))

    def changes(table, *_):
        if table == "customers":
            pl.DataFrame([customer(1), customer(2)]).write_parquet(file)

    with pytest.raises(SourceError, match=r"customers.* changed while it was read"):
        company.land(progress=changes)
    assert company.store().current() == ""
    assert company.land().tables["customers"].accepted == 2
