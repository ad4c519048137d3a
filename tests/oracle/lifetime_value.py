"""Customer lifetime value, as far as it needs no fitted model."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from .exact import rounded
from .periods import shifted
from .segments import Rows, table

if TYPE_CHECKING:
    from .company import Company
    from .customer_periods import CustomerPeriod


def clv(company: Company, rows: list[CustomerPeriod], churn: Rows, growth: Rows) -> Rows:
    """Return historic value and the simple formula; fitted columns are absent."""
    seen = [row for row in rows if row.is_seen]
    margin = company.policy.gross_margin
    churn_rates = {key_of(row): row["customer_churn_rate"] for row in churn}
    arpas = {key_of(row): row["arpa"] for row in growth}
    found = []
    for row in table(company, seen, lambda members: historic(members, margin)):
        rate = mean_churn(company, row, churn_rates)
        arpa = arpas.get(key_of(row))
        simple = arpa * float(margin) / rate if rate and arpa is not None else None
        found.append(row | {"simple_clv": simple})
    return found


def key_of(row: dict[str, Any]) -> tuple[Any, ...]:
    """Return the key that the tables share."""
    return row["period"], row["period_start"], row["segment_by"], row["segment_value"]


def historic(members: list[CustomerPeriod], margin: Decimal) -> dict[str, Any]:
    """Return revenue to the closing, and the margin in it."""
    total = sum((row.historic_revenue for row in members), Decimal(0))
    return {
        "customers": len(members),
        "historic_revenue": rounded(total, 2),
        "historic_margin": rounded(Fraction(total) * Fraction(margin), 2),
    }


def mean_churn(
    company: Company, row: dict[str, Any], churn_rates: dict[tuple[Any, ...], float | None]
) -> float | None:
    """Return the mean churn rate of the 12 complete months up to the closing; months without a rate do not count."""
    closing = min(row["period_end"], company.policy.as_of)
    last = (closing - timedelta(days=1)).replace(day=1)
    if shifted(last, 1) > company.policy.as_of:
        last = shifted(last, -1)
    months = [shifted(last, -back) for back in range(12)]
    keys = [("month", month, row["segment_by"], row["segment_value"]) for month in months]
    rates = [rate for key in keys if (rate := churn_rates.get(key)) is not None]
    return sum(rates) / len(rates) if rates else None
