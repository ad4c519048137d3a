"""What a run shows at its end: the figures of the latest months, and where everything lies."""

import polars as pl
from rich.console import Console
from rich.table import Table

from loyalty_pipeline.storage.parquet import read_parquet
from loyalty_pipeline.storage.place import Place

FIGURES = {
    "mrr_growth": {
        "closing_mrr": "MRR",
        "closing_customers": "customers",
        "mrr_growth_rate": "MRR growth",
        "nrr": "net revenue retention",
        "arpa": "ARPA",
    },
    "churn": {"customer_churn_rate": "customer churn", "gross_mrr_churn_rate": "gross MRR churn"},
    "customer_retention": {"crr": "customer retention"},
    "advocacy_revenue": {"total_revenue": "revenue", "advocacy_revenue_share": "advocacy revenue share"},
    "nps": {"nps": "NPS"},
    "csat": {"csat": "satisfied customers"},
    "loyalty_program": {"participation_rate": "loyalty participation"},
    "clv": {"clv_per_customer": "CLV a customer", "simple_clv": "simple CLV"},
}
SHARES = ("rate", "share", "crr", "nrr", "csat")
MONTHS = 4
NOTHING = "-"


def headline(folder: Place) -> dict[str, dict[str, str]]:
    """The latest months of everybody: month -> figure -> text. `…` marks a month cut by the as-of."""
    months: dict[str, dict[str, str]] = {}
    for table, figures in FIGURES.items():
        rows = read_parquet(folder / f"{table}.parquet").filter(
            pl.col("period") == "month", pl.col("segment_by") == "all"
        )
        for row in rows.sort("period_start").tail(MONTHS).iter_rows(named=True):
            month = f"{row['period_start']:%Y-%m}" + ("" if row["is_complete"] else " …")
            months.setdefault(month, {}).update(
                {label: _text(name, row[name]) for name, label in figures.items()}
            )
    return months


def show(console: Console, folder: Place, currency: str) -> None:
    """Print the headline figures."""
    months = headline(folder)
    table = Table(title=f"The latest months, amounts in {currency}", title_justify="left")
    table.add_column("", no_wrap=True)
    for month in months:
        table.add_column(month, justify="right")
    for label in dict.fromkeys(label for figures in months.values() for label in figures):
        texts = [figures.get(label, NOTHING) for figures in months.values()]
        if set(texts) != {NOTHING}:
            table.add_row(label, *texts)
    console.print(table)


def _text(name: str, value: object) -> str:
    if value is None:
        return NOTHING
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.2%}" if name.endswith(SHARES) else f"{value:,.2f}"
