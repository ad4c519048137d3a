"""Why customers churned: in their own words, and whether they chose to."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from .exact import over, rounded, share
from .records import current
from .segments import Rows, in_order, keyed

if TYPE_CHECKING:
    from .customer_periods import CustomerPeriod
    from .events import Events
    from .lines import Line
    from .periods import Period

NONE_GIVEN = "(none given)"


def churn_reasons(events: Events) -> Rows:
    """Return each reason for which anybody churned."""
    found = []
    for period in events.company.periods:
        everybody: dict[tuple[str, str], list[CustomerPeriod]] = defaultdict(list)
        by_reason: dict[tuple[tuple[str, str], tuple[str, bool]], list[CustomerPeriod]] = defaultdict(list)
        for (who, of), row in events.movements.items():
            if of == period and row.movement == "churned":
                why = reason(events, who, period), is_voluntary(events, who, period)
                for segment in row.attributes.items():
                    everybody[segment].append(row)
                    by_reason[segment, why].append(row)
        for (segment, (words, chosen)), rows in by_reason.items():
            head = keyed(period, segment) | {"reason": words, "is_voluntary": chosen}
            found.append(head | measures(rows, everybody[segment]))
    return in_order(found)


def measures(rows: list[CustomerPeriod], everybody: list[CustomerPeriod]) -> dict[str, Any]:
    """Count those of one reason beside all who churned."""
    mrr, all_mrr = (
        rounded(sum((row.opening_revalued for row in some), Decimal(0)), 2) for some in (rows, everybody)
    )
    return {
        "churned_customers": len(rows),
        "churned_mrr": mrr,
        "all_churned_customers": len(everybody),
        "all_churned_mrr": all_mrr,
        **share("churned_customers_share", len(rows), len(everybody)),
        "churned_mrr_share": over(mrr, all_mrr),
    }


def reason(events: Events, who: str, period: Period) -> str:
    """Return the reason of the subscription that ended last in the period, as it was given."""
    ended = [
        (row["ended_at"], row["subscription_id"], row.get("cancel_reason") or "")
        for row in current(events.company.raw, "subscriptions", "subscription_id")
        if events.root(row["customer_id"]) == who and events.is_in(period, row.get("ended_at"))
    ]
    words = max(ended)[2] if ended else ""
    return words if words.strip() else NONE_GIVEN


def is_voluntary(events: Events, who: str, period: Period) -> bool:
    """Not where nobody paid: all the lines that ended last in the last month of leaving were cut."""
    months = [
        month
        for month in events.company.periods
        if month.name == "month"
        and period.start <= month.start < period.end
        and events.movements[who, month].movement in ("churned", "transient")
    ]
    lines = stopped(events, who, months[-1]) if months else []
    last = max((line.end for line in lines), default=None)
    return not lines or not all(line.is_cut for line in lines if line.end == last)


def stopped(events: Events, who: str, month: Period) -> list[Line]:
    """Return the recurring lines that held and stopped holding in a month."""
    opens_at, closes_at = events.opening(month), events.closing(month)
    return [
        line
        for line in events.company.lines[who]
        if opens_at <= line.end < closes_at and line.end > line.start
    ]
