"""What keeping customers cost, beside whom it kept."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from .customers import UNKNOWN
from .exact import over, rounded
from .records import Row, current
from .segments import Rows, in_order, keyed

if TYPE_CHECKING:
    from .customer_periods import CustomerPeriod
    from .events import Events
    from .periods import Period

PERIODS_A_YEAR = {"month": 12, "quarter": 4, "year": 1}
Cell = tuple[str, str]


def retention_cost(events: Events) -> Rows:
    """Return the table; it is cut by nothing but the segment that the company puts customers in."""
    if not events.landed("retention_costs"):
        return []
    rows = current(events.company.raw, "retention_costs", "cost_id")
    found = []
    for period in events.company.periods:
        inside = [row for row in rows if period.start <= row["incurred_on"] < period.closing]
        spent = [(segment_of(events, row, period), converted(events, row)) for row in inside]
        kept = [row for (_, of), row in events.movements.items() if of == period]
        values = {value for value, _ in spent} | {row.attributes["customer_segment"] for row in kept}
        for cell in [("all", "all"), *(("customer_segment", value) for value in sorted(values))]:
            measures = measured(period, cell, spent, kept)
            if cell[0] == "all" or any(
                measures[name] for name in ("cost", "average_customers", "retained_mrr")
            ):
                found.append(keyed(period, cell) | measures)
    return in_order(found)


def converted(events: Events, row: Row) -> Decimal:
    """Return the amount at the rate of its day."""
    rate = events.company.rates.on(row["currency"], row["incurred_on"])
    return rounded(Fraction(row["amount"]) * Fraction(rate), 4)


def segment_of(events: Events, row: Row, period: Period) -> str:
    """Return the row's own segment, else that of its customer at the closing."""
    if (row.get("customer_segment") or "").strip():
        return str(row["customer_segment"])
    customer_id = events.root(row.get("customer_id"))
    if customer_id is None:
        return UNKNOWN
    return events.segments(customer_id, period)["customer_segment"]


def measured(
    period: Period, cell: Cell, spent: list[tuple[str, Decimal]], kept: list[CustomerPeriod]
) -> dict[str, Any]:
    """Divide the cost of a cell by its customers and by the revenue that was retained."""
    is_all = cell[0] == "all"
    here = [row for row in kept if is_all or row.attributes["customer_segment"] == cell[1]]
    cost = rounded(sum((amount for value, amount in spent if is_all or value == cell[1]), Decimal(0)), 2)
    customers = Fraction(sum(row.is_opening_active + row.is_closing_active for row in here), 2)
    lost = sum((row.amount for row in here if row.movement in ("contracted", "churned")), Decimal(0))
    retained_mrr = rounded(sum((row.opening_revalued for row in here), Decimal(0)) - lost, 2)
    yearly = Fraction(cost) * PERIODS_A_YEAR[period.name]
    return {
        "cost": cost,
        "average_customers": float(customers),
        "retained_mrr": retained_mrr,
        "cost_per_customer": float(Fraction(cost) / customers) if customers else None,
        "annual_cost_per_customer": float(yearly / customers) if customers else None,
        "cost_per_retained_mrr": over(cost, retained_mrr),
    }
