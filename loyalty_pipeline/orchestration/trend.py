"""A trend as a picture that needs no script and no network: an SVG inside the Markdown of the metadata."""

from base64 import b64encode
from collections.abc import Mapping
from html import escape

import polars as pl

from loyalty_pipeline.lake.lake import Lake
from loyalty_pipeline.lake.part import month_of
from loyalty_pipeline.lake.specification import Specification

HEADLINES = {
    "churn": "customer_churn_rate",
    "customer_retention": "crr",
    "mrr_growth": "closing_mrr",
    "cohort_retention": "active_mrr",
    "clv": "historic_revenue",
    "advocacy_revenue": "advocacy_revenue_share",
    "churn_reasons": "churned_customers",
    "repeat_purchase": "repeat_purchase_rate",
    "retention_cost": "cost_per_customer",
    "referrals": "referral_conversion_rate",
    "advocacy_adoption": "active_advocates",
    "loyalty_program": "participation_rate",
    "win_back": "win_back_rate",
    "nps": "nps",
    "csat": "csat",
    "ces": "ces",
    "engagement": "stickiness",
    "social_engagement": "engagement_rate",
    "support_performance": "resolved_in_target_rate",
    "advocacy_index": "cai",
    "emotional_loyalty": "eli",
}
"""The measure of a published table that its picture shows, of all customers."""
MOST_MONTHS = 120
WIDTH, HEIGHT, LEFT, TOP, BASE = 560, 150, 12, 34, 122
INK, LINE, FILL = "#5b6472", "#4f46e5", "#4f46e522"


def trend(lake: Lake, table: Specification) -> str:
    """Markdown with the headline by month where a table has one, else its rows by month."""
    if table.name in HEADLINES:
        title = HEADLINES[table.name].replace("_", " ")
        return picture(f"{title}, all customers, by complete month", headline(lake, table.name))
    rows: dict[str, float] = {}
    for part, entry in lake.manifest.tables.get(table.name, {}).items():
        month = month_of(part)
        rows[month] = rows.get(month, 0) + entry.rows
    return picture("rows by month", dict(sorted(rows.items())))


def picture(title: str, values: Mapping[str, float]) -> str:
    """Markdown with a line over the labels in order; words where there is too little for a line."""
    shown = dict(list(values.items())[-MOST_MONTHS:])
    if len(shown) < 2:  # noqa: PLR2004 - a line needs two points
        return f"_{title}: no line yet, {len(shown)} months_"
    image = b64encode(_svg(title, shown).encode()).decode()
    return f"![{title}](data:image/svg+xml;base64,{image})"


def headline(lake: Lake, name: str) -> dict[str, float]:
    """The headline of each complete month that has one; empty for tables without.

    Of cohorts and reasons, a month has a row for each: it is then their sum.
    """
    measure = HEADLINES.get(name)
    if measure is None:
        return {}
    months = (
        lake.scan(name)
        .filter(pl.col("segment_by") == "all", pl.col("period") == "month", "is_complete")
        .drop_nulls(measure)
        .group_by(month=pl.col("period_start").dt.strftime("%Y-%m"))
        .agg(pl.col(measure).cast(pl.Float64).sum())
        .sort("month")
        .collect()
    )
    return dict(months.iter_rows())


def _svg(title: str, values: dict[str, float]) -> str:
    low, high = min(*values.values(), 0.0), max(values.values())
    span = (high - low) or 1
    step = (WIDTH - 2 * LEFT) / (len(values) - 1)
    points = [
        (LEFT + number * step, BASE - (value - low) / span * (BASE - TOP))
        for number, value in enumerate(values.values())
    ]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    area = f"{LEFT},{BASE} {path} {WIDTH - LEFT},{BASE}"
    (first, *_, last) = values
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" font-family="sans-serif"'
        f' font-size="12" fill="{INK}"><rect width="100%" height="100%" rx="6" fill="#fff"/>'
        f'<text x="{LEFT}" y="20">{escape(title)}</text>'
        f'<text x="{WIDTH - LEFT}" y="20" text-anchor="end">{_told(high)} highest, {_told(values[last])} last</text>'
        f'<polygon points="{area}" fill="{FILL}"/>'
        f'<polyline points="{path}" fill="none" stroke="{LINE}" stroke-width="2"/>'
        f'<text x="{LEFT}" y="{HEIGHT - 9}">{first}</text>'
        f'<text x="{WIDTH - LEFT}" y="{HEIGHT - 9}" text-anchor="end">{last}</text></svg>'
    )


def _told(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"  # noqa: PLR2004
