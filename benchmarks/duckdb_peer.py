"""The benchmark's first yardstick: the metric tables from the raw Parquet folder in plain DuckDB SQL."""

import json
import threading
from argparse import ArgumentParser, Namespace
from datetime import date
from pathlib import Path
from typing import Self

import duckdb

SCRIPTS = Path(__file__).with_name("sql")
# Only what the scripts read: DuckDB then scans no other column.
COLUMNS = {
    "customers": (
        "customer_id created_at country region language customer_segment acquisition_channel birth_year"
        " merged_into_customer_id updated_at deleted_at"
    ),
    "invoices": ("invoice_id customer_id status issued_at due_at paid_at currency updated_at deleted_at"),
    "invoice_lines": (
        "line_id invoice_id subscription_id plan_id kind amount period_start period_end interval"
        " interval_count proration updated_at deleted_at"
    ),
    "refunds": "refund_id invoice_id amount currency refunded_at updated_at deleted_at",
    "referrals": "referral_id advocate_customer_id referred_customer_id converted_at updated_at deleted_at",
    "fx_rates": "rate_date currency rate updated_at",
}
TWO = ("mrr_growth", "churn")
ALL = (*TWO, "customer_retention", "advocacy_revenue", "cohort_retention", "clv")
STEPS = {
    "two": ("latest_lines", "mrr", "two_tables", "growth_and_churn"),
    "all": ("latest_lines", "mrr", "all_tables", "growth_and_churn", "retention_and_value"),
}
LOOKS_A_SECOND = 20


def main() -> None:
    """Read the raw tables of `--source`, write one Parquet file a table to `--out`, and say what was spilled."""
    settings = parsed()
    settings.out.mkdir(parents=True, exist_ok=True)
    spill = Spill(settings.out / "spill")
    connection = duckdb.connect(config={"temp_directory": str(spill.folder)})
    connection.execute("SET TimeZone = 'UTC'; SET preserve_insertion_order = false")
    if settings.threads:
        connection.execute(f"SET threads = {settings.threads:d}")
    for table, columns in COLUMNS.items():
        add_view(connection, settings.source, table, columns.split())
    set_variables(connection, settings)
    with spill:
        run(connection, settings)
    print(json.dumps({"spilled_bytes": spill.most_bytes}))


def parsed() -> Namespace:
    """Read the command line."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--source", type=Path, required=True, help="folder of raw Parquet tables")
    parser.add_argument("--out", type=Path, required=True, help="folder for the tables")
    parser.add_argument(
        "--as-of", type=date.fromisoformat, required=True, help="first day that does not count"
    )
    parser.add_argument("--tables", choices=STEPS, default="all", help="two: mrr_growth and churn")
    parser.add_argument("--threads", type=int, default=0, help="default: DuckDB's own")
    parser.add_argument("--timezone", default="UTC")
    parser.add_argument("--reporting-currency", default="EUR")
    return parser.parse_args()


def run(connection: duckdb.DuckDBPyConnection, settings: Namespace) -> None:
    """Run the scripts and write what comes out."""
    for step in STEPS[settings.tables]:
        connection.execute((SCRIPTS / f"{step}.sql").read_text())
    for table in ALL if settings.tables == "all" else TWO:
        connection.execute(f"COPY {table} TO '{settings.out / table}.parquet' (FORMAT parquet)")


def set_variables(connection: duckdb.DuckDBPyConnection, settings: Namespace) -> None:
    """Set the pipeline's policy, with its defaults."""
    variables = {
        "as_of": settings.as_of,
        "zone": settings.timezone,
        "reporting_currency": settings.reporting_currency,
        "delinquency_days": 30,
        "renewal_grace_days": 3,
        "mrr_floor": 0.5,
        "advocacy_window_months": 12,
        "gross_margin": 0.8,
    }
    for name, value in variables.items():
        connection.execute(f"SET VARIABLE {name} = ?", [value])


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


class Spill:
    """The most bytes that ever lay in the folder for what does not fit into memory."""

    def __init__(self, folder: Path) -> None:
        """Nothing is looked at until it is entered."""
        self.folder, self.most_bytes = folder, 0
        self._ended = threading.Event()
        self._watch = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        """Begin to look."""
        self._watch.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Look for the last time."""
        self._ended.set()
        self._watch.join()

    def _look(self) -> None:
        while not self._ended.wait(1 / LOOKS_A_SECOND):
            self.most_bytes = max(self.most_bytes, sum(map(size_of, self.folder.glob("*"))))


def size_of(path: Path) -> int:
    """The bytes a file takes on the disk; none where it is gone by now."""
    try:
        return path.stat().st_blocks * 512
    except FileNotFoundError:
        return 0


if __name__ == "__main__":
    main()
