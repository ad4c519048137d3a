"""The benchmark's yardstick: `mrr_growth` and `churn` from the raw Parquet folder in plain DuckDB SQL."""

from argparse import ArgumentParser
from datetime import date
from pathlib import Path

import duckdb

SCRIPT = Path(__file__).with_suffix(".sql")
# Only what the script reads: DuckDB then scans no other column.
COLUMNS = {
    "customers": (
        "customer_id country region language customer_segment acquisition_channel birth_year"
        " merged_into_customer_id updated_at deleted_at"
    ),
    "invoices": ("invoice_id customer_id status issued_at due_at paid_at currency updated_at deleted_at"),
    "invoice_lines": (
        "line_id invoice_id subscription_id plan_id kind amount period_start period_end interval"
        " interval_count proration updated_at deleted_at"
    ),
    "fx_rates": "rate_date currency rate updated_at",
}
OUTPUTS = ("mrr_growth", "churn")


def main() -> None:
    """Read the raw tables of `--source`, write one Parquet file a table to `--out`."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--source", type=Path, required=True, help="folder of raw Parquet tables")
    parser.add_argument("--out", type=Path, required=True, help="folder for the two tables")
    parser.add_argument(
        "--as-of", type=date.fromisoformat, required=True, help="first day that does not count"
    )
    parser.add_argument("--timezone", default="UTC")
    parser.add_argument("--reporting-currency", default="EUR")
    settings = parser.parse_args()
    settings.out.mkdir(parents=True, exist_ok=True)
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'; SET preserve_insertion_order = false")
    for table, columns in COLUMNS.items():
        add_view(connection, settings.source, table, columns.split())
    variables = {
        "as_of": settings.as_of,
        "zone": settings.timezone,
        "reporting_currency": settings.reporting_currency,
        "delinquency_days": 30,
        "renewal_grace_days": 3,
        "mrr_floor": 0.5,
    }
    for name, value in variables.items():
        connection.execute(f"SET VARIABLE {name} = ?", [value])
    connection.execute(SCRIPT.read_text())
    for table in OUTPUTS:
        connection.execute(f"COPY {table} TO '{settings.out / table}.parquet' (FORMAT parquet)")


def add_view(connection: duckdb.DuckDBPyConnection, source: Path, table: str, columns: list[str]) -> None:
    """Name the files of a raw table; a column that the source lacks is null, instants become naive UTC.

    A row that claims to have changed in the future is bad input and left out.
    """
    folder = source / table
    files = str(folder / "*.parquet") if folder.is_dir() else f"{folder}.parquet"
    relation = connection.read_parquet(files, union_by_name=True)
    types = dict(zip(relation.columns, relation.types, strict=True))
    selected = [expression(column, str(types.get(column, ""))) for column in columns]
    connection.execute(
        f"CREATE VIEW raw_{table} AS SELECT {', '.join(selected)}"  # noqa: S608 - names from the table above
        f" FROM read_parquet('{files}', union_by_name = true) WHERE updated_at::TIMESTAMPTZ <= now()"
    )


def expression(column: str, kind: str) -> str:
    """Read one column; a time stamp with a zone becomes one in UTC without."""
    if not kind:
        return f'NULL::{"TIMESTAMP" if column.endswith("_at") else "VARCHAR"} AS "{column}"'
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f'"{column}" AT TIME ZONE \'UTC\' AS "{column}"'
    return f'"{column}"'


if __name__ == "__main__":
    main()
