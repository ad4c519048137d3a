"""Write the expected tables anew, after a definition changed and the tables worked by hand with it.

Run `python -m tests.golden.write_expected`, then read the difference: a changed file is a changed definition.
"""

from __future__ import annotations

import csv
from typing import Any

from tests.golden import company
from tests.oracle import published


def text(cell: Any) -> str:
    """Write nothing for nothing, and flags in small letters."""
    if cell is None:
        return ""
    return str(cell).lower() if isinstance(cell, bool) else str(cell)


def write_expected() -> None:
    """Write what the oracle makes of the raw tables, for each source of MRR."""
    for mrr_source in company.MRR_SOURCES:
        tables = published(company.raw_tables(), company.policy(mrr_source))
        for table in company.EXPECTED_TABLES:
            rows = tables[table]
            path = company.expected_path(mrr_source, table)
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("w", newline="") as file:
                writer = csv.writer(file, lineterminator="\n")
                writer.writerow(rows[0])
                writer.writerows([text(cell) for cell in row.values()] for row in rows)


if __name__ == "__main__":
    write_expected()
