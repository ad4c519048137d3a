"""Read the golden company: raw tables, policy, settings, and what must come out.

`raw/` holds what the source systems say, `expected/<mrr_source>/` every published cell, `boundaries.csv` and
`months.csv` what was worked by hand (README.md shows how).
"""

from __future__ import annotations

import csv
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.oracle import Policy

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).parent
AS_OF = date(2025, 1, 17)
TIMEZONE = "Europe/Berlin"
MRR_SOURCES = ("invoice_lines", "subscription_items")
EXPECTED_TABLES = ("churn", "customer_retention", "mrr_growth", "cohort_retention", "advocacy_revenue", "clv")

DATES = {"period_start", "period_end", "cohort", "rate_date"}
MONEY = {"amount", "discount", "tax", "total", "arr", "historic_margin"}
COUNTS = {"customers", "months_since", "birth_year", "interval_count", "likes", "shares", "comments", "reach"}
FLAGS = {"is_complete", "proration"}
RATES = {
    "crr",
    "crr_low",
    "crr_high",
    "nrr",
    "grr",
    "quick_ratio",
    "arpa",
    "simple_clv",
    "rate",
    "quantity",
    "sentiment",
}


def folder() -> Path:
    """Return the folder of the raw tables."""
    return HERE / "raw"


def raw_tables() -> dict[str, list[dict[str, Any]]]:
    """Return every raw table, typed: instants in UTC, exact amounts, nothing for an empty cell."""
    return {path.stem: rows_of(path, raw_cell) for path in sorted(folder().glob("*.csv"))}


def expected(mrr_source: str) -> dict[str, list[dict[str, Any]]]:
    """Return every published table as it must come out of one source of MRR."""
    return {name: rows_of(expected_path(mrr_source, name), published_cell) for name in EXPECTED_TABLES}


def expected_path(mrr_source: str, table: str) -> Path:
    """Return the file of one expected table."""
    return HERE / "expected" / mrr_source / f"{table}.csv"


def policy(mrr_source: str) -> Policy:
    """Return the settings under which the company is worked."""
    return Policy(as_of=AS_OF, timezone=TIMEZONE, reporting_currency="EUR", mrr_source=mrr_source)


def settings_toml(mrr_source: str) -> str:
    """Return a loyalty.toml that reads the company; where the results go is left to who runs it."""
    settings = [
        'source = "files"',
        f'as_of = "{AS_OF}"',
        f'timezone = "{TIMEZONE}"',
        'reporting_currency = "EUR"',
        f'mrr_source = "{mrr_source}"',
    ]
    for path in sorted(folder().glob("*.csv")):
        settings += ["", f"[tables.{path.stem}]", f'file = "{path.as_posix()}"']
    return "\n".join(settings) + "\n"


def worked_by_hand(name: str) -> list[dict[str, str]]:
    """Return a table that was worked on paper: `boundaries` or `months`, as text."""
    with (HERE / f"{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def rows_of(path: Path, cell: Callable[[str, str], Any]) -> list[dict[str, Any]]:
    """Read a file of comma-separated values."""
    with path.open(newline="") as file:
        return [{name: cell(name, text) for name, text in row.items()} for row in csv.DictReader(file)]


def raw_cell(name: str, text: str) -> Any:
    """Read a cell by the contract's type of its column."""
    if text and (name.endswith("_at") or name in ("period_start", "period_end")):
        return datetime.fromisoformat(text).astimezone(UTC)
    return cell_of(name, text)


def published_cell(name: str, text: str) -> Any:
    """Read a published cell: counts, then exact money, then rates."""
    if text and name.endswith("_customers"):
        return int(text)
    if text and re.search("_(mrr|revenue)$", name):
        return Decimal(text)
    if text and re.search("_(rate|share|low|high|customer)$", name):
        return float(text)
    return cell_of(name, text)


def cell_of(name: str, text: str) -> Any:
    """Read a cell by the name of its column; identifiers and text stay as they are."""
    if not text:
        return None
    readers: list[tuple[set[str], Callable[[str], Any]]] = [
        (DATES, date.fromisoformat),
        (MONEY, Decimal),
        (COUNTS, int),
        (FLAGS, lambda flag: flag.lower() == "true"),
        (RATES, float),
    ]
    return next((read(text) for names, read in readers if name in names), text)
