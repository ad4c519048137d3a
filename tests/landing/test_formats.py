"""The same rows land whatever file they come in."""

import gzip
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from loyalty_pipeline.faults import DataFault, SourceError

from .company import Company, at, customer, invoice, line

MASTER = (
    b" customer_id  date number_of_cds  dollar_value\r\n"
    b" 00001 19970101  1   11.77\r\n"
    b" 00002 19970112  1   12.00\r\n"
    b" 00002 19970112  5   77.00\r\n"
    b" 00003 19970102  2   20.76\r\n"
    b" 00003 19980528  1   16.99\r\n"
)
SAMPLE = b" 00004 0001 19970101  2   29.33\r\n 00004 0001 19970118  2   29.73\r\n 00021 0002 19970101  3   63.34\r\n"


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".jsonl"])
def test_rows_from_text_land_as_they_do_from_parquet(tmp_path: Path, suffix):
    rows = {
        "customers": [customer(name='Ann "A", O', email=None, birth_year=1980), customer(2, country=None)],
        "invoices": [invoice(), invoice(2, customer_id="c2", due_at=None, total="-12.3400")],
        "invoice_lines": [line(), line(2, kind="usage", period_start=None, period_end=None, quantity=0.1)],
    }
    typed, text = Company(tmp_path / "typed"), Company(tmp_path / "text")
    for table, content in rows.items():
        typed.write(table, content)
        (text.source / f"{table}.parquet").unlink()
        text.write(table, content, suffix)
    typed.land()
    text.land()
    for table in rows:
        assert text.rows(table).equals(typed.rows(table)), table


def test_amounts_instants_and_flags_are_read_in_every_usual_notation(tmp_path: Path):
    company = Company(tmp_path)
    (company.source / "invoice_lines.parquet").unlink()
    header = "line_id,invoice_id,kind,quantity,amount,discount,tax,period_start,period_end,interval_count,proration,updated_at\n"
    (company.source / "invoice_lines.csv").write_text(
        header
        + "a,i1,recurring,1,+5,.5,1.20000,2024-02-01T01:00:00+01:00,2024-03-01 00:00:00.000 UTC,1.0,Yes,2024-02-03\n"
        + "b,i1,recurring,1e1,-0.0001,0,0,2024-02-01,2024-03-01T00:00:00Z,2,0,2024-02-03 00:00:00+00\n"
    )
    company.land()
    landed = company.rows("invoice_lines").sort("line_id")
    assert [str(amount) for amount in landed["amount"]] == ["5.0000", "-0.0001"]
    assert [str(amount) for amount in landed["discount"]] == ["0.5000", "0.0000"]
    assert landed["period_start"].to_list() == [at("2024-02-01")] * 2
    assert landed["period_end"].to_list() == [at("2024-03-01")] * 2
    assert landed["interval_count"].to_list() == [1, 2]
    assert landed["quantity"].to_list() == [1.0, 10.0]
    assert landed["proration"].to_list() == [True, False]


def test_typed_columns_of_any_width_unit_and_zone_land_as_the_contract_says(tmp_path: Path):
    company = Company(tmp_path)
    instants = pl.Series([datetime(2024, 2, 1)])  # noqa: DTZ001 - a naive instant is UTC
    frame = pl.DataFrame([invoice()]).with_columns(
        pl.Series("invoice_id", [7], dtype=pl.UInt16),
        pl.Series("total", [1.00005]),
        instants.cast(pl.Datetime("ns")).alias("issued_at"),
        instants.cast(pl.Datetime("ms")).dt.replace_time_zone("Europe/Berlin").alias("paid_at"),
        pl.Series("due_at", [date(2024, 2, 9)]),
        pl.Series("status", ["paid"], dtype=pl.Categorical),
    )
    frame.write_parquet(company.source / "invoices.parquet")
    company.write(
        "invoice_lines",
        [line(invoice_id="7", interval_count=1.0, amount=2.675, tax=1e-7, discount=0.30000000000000004)],
    )
    company.land()
    row = company.rows("invoices").row(0, named=True)
    assert (row["invoice_id"], str(row["total"])) == ("7", "1.0001")
    assert row["issued_at"] == at("2024-02-01")
    assert row["paid_at"] == datetime(2024, 1, 31, 23, tzinfo=UTC)
    assert row["due_at"] == at("2024-02-09")
    amounts = company.rows("invoice_lines").select("amount", "tax", "discount").row(0)
    assert [str(amount) for amount in amounts] == ["2.6750", "0.0000", "0.3000"]


def test_columns_are_found_under_the_names_that_the_mapping_says_and_constants_fill_in(tmp_path: Path):
    mapping = {"columns": {"customer_id": "Kunde", "created_at": "seit"}, "values": {"country": "AT"}}
    company = Company(
        tmp_path,
        tables={"customers": {"file": "kunden.csv", "separator": ";", "date_format": "%d.%m.%Y"} | mapping},
    )
    (company.source / "customers.parquet").unlink()
    (company.source / "kunden.csv").write_text("Kunde;seit;country\nc1;10.01.2024;Österreich\n")
    company.land()
    row = company.rows("customers").row(0, named=True)
    assert (row["customer_id"], row["created_at"], row["country"]) == ("c1", at("2024-01-10"), "AT")
    assert row["source.country"] == "Österreich"


def shop(file: str, columns: dict[str, str]) -> dict[str, object]:
    """The mapping of a list of orders, one on a line."""
    shape = {
        "file": file,
        "separator": "whitespace",
        "date_format": "%Y%m%d",
        "has_header": "customer_id" in columns.values(),
    }
    customer_id, day, pieces, amount = columns.values()
    paid = {"issued_at": day, "paid_at": day}
    flat = {"kind": "one_off", "discount": 0, "tax": 0, "proration": False}
    ids = {"line_id": "_row", "invoice_id": "_row"}
    return {
        "customers": shape | {"columns": {"customer_id": customer_id, "created_at": day}, "distinct": True},
        "invoices": shape
        | {
            "columns": {"invoice_id": "_row", "customer_id": customer_id, "total": amount} | paid,
            "values": {"status": "paid", "currency": "USD"},
        },
        "invoice_lines": shape | {"columns": ids | {"quantity": pieces, "amount": amount}, "values": flat},
    }


@pytest.mark.parametrize(
    ("content", "columns", "customers", "total"),
    [
        (MASTER, dict.fromkeys(["customer_id", "date", "number_of_cds", "dollar_value"]), 3, "138.5200"),
        (SAMPLE, {"c": "column_1", "d": "column_3", "n": "column_4", "v": "column_5"}, 2, "122.4000"),
    ],
)
def test_customers_invoices_and_lines_all_come_from_one_list_of_orders(
    tmp_path: Path, content, columns, customers, total
):
    columns = {name: value or name for name, value in columns.items()}
    company = Company(tmp_path, reporting_currency="USD", tables=shop("orders.txt", columns))
    for path in company.source.iterdir():
        path.unlink()
    (company.source / "orders.txt").write_bytes(content)
    report = company.land()
    orders = content.count(b"19970") + content.count(b"1998") + content.count(b"19971")
    assert report.tables["customers"].accepted == customers
    assert report.tables["customers"].duplicates == orders - customers
    assert report.tables["invoices"].accepted == report.tables["invoice_lines"].accepted == orders
    assert str(company.rows("invoices")["total"].sum()) == total
    assert company.rows("customers")["created_at"].min() == at("1997-01-01")
    assert company.land().batch == ""


def test_distinct_keeps_the_earliest_row_of_a_key(tmp_path: Path):
    company = Company(tmp_path, tables={"customers": {"distinct": True}})
    company.write("customers", [customer(created_at=at("2024-01-09")), customer(created_at=at("2024-01-02"))])
    report = company.land().tables["customers"]
    assert (report.accepted, report.duplicates) == (1, 1)
    assert company.rows("customers")["created_at"].to_list() == [at("2024-01-02")]


def test_an_empty_json_lines_file_is_an_empty_table(tmp_path: Path):
    company = Company(tmp_path)
    (company.source / "refunds.jsonl").write_bytes(b"")
    assert company.land().tables["refunds"].extracted == 0


@pytest.mark.parametrize("content", [b"a,b\n1,2,3\n", b"a\n\xff\xfe\n"])
def test_a_broken_csv_file_is_a_source_error(tmp_path: Path, content):
    company = Company(tmp_path)
    (company.source / "refunds.csv").write_bytes(content)
    with pytest.raises(SourceError, match=r"refunds\.csv cannot be read as CSV"):
        company.land()


def test_a_broken_gzip_file_is_a_source_error(tmp_path: Path):
    company = Company(tmp_path)
    (company.source / "refunds.csv.gz").write_bytes(gzip.compress(b"a,b\n1,2\n")[:-9])
    with pytest.raises(SourceError, match="cannot be read as CSV"):
        company.land()


@pytest.mark.parametrize(
    "mapping",
    [{"columns": {"total": "sum"}}, {"columns": {"totl": "total"}}, {"values": {"currencies": "EUR"}}],
)
def test_a_mapping_to_a_column_that_does_not_exist_stops_the_run(tmp_path: Path, mapping):
    company = Company(tmp_path, tables={"invoices": mapping})
    with pytest.raises(DataFault, match=r"invoices\.(total|totl|currencies): .*\[tables\.invoices\]"):
        company.land()
