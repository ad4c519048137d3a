"""The companies that are measured: raw tables of the demo company, those that the metric tables are made of."""

import sys
from argparse import ArgumentParser
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measured import measure

TABLES = ("customers", "invoices", "invoice_lines", "refunds", "referrals", "fx_rates")
"""What the published tables are made of, where MRR comes from invoices: the same for the pipeline and its peers."""


@dataclass(frozen=True)
class Company:
    """A folder with links to the raw tables. A link can be pointed elsewhere for a night, and back."""

    made: Path
    folder: Path

    def path(self, table: str) -> Path:
        """The link to a table."""
        return self.folder / f"{table}.parquet"

    def link(self) -> None:
        """Every table as it was made."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for table in TABLES:
            self.show(table, self.made / f"{table}.parquet")

    def show(self, table: str, file: Path) -> None:
        """A table from now on as it is in another file."""
        self.path(table).unlink(missing_ok=True)
        self.path(table).symlink_to(file.resolve())

    def rows(self) -> dict[str, int]:
        """Raw rows by table."""
        from pyarrow.parquet import ParquetFile  # noqa: PLC0415 - what is imported here weighs on every child

        return {table: ParquetFile(self.path(table)).metadata.num_rows for table in TABLES}


def company_in(folder: Path, customers: int, months: int, made: Path | None = None) -> Company:
    """A company of that size, written unless it is there already, or the one that was `made` elsewhere."""
    name = f"{customers}x{months}"
    made = made or folder / f"made-{name}"
    if not (made / "loyalty.toml").exists():
        folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "benchmarks.company", str(made), str(customers), str(months)]
        measure(f"make {name}", command, folder / f"made-{name}.log")
    company = Company(made, folder / f"source-{name}")
    company.link()
    return company


def main() -> None:
    """Write a company, without the tables that nothing here reads."""
    from loyalty_pipeline.demo import write_company  # noqa: PLC0415 - as above

    parser = ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("customers", type=int)
    parser.add_argument("months", type=int)
    options = parser.parse_args()
    write_company(options.folder, customers=options.customers, months=options.months)
    for file in options.folder.glob("*.parquet"):
        if file.stem not in TABLES:
            file.unlink()


if __name__ == "__main__":
    main()
