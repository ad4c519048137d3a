"""The oracle: every published number again, in plain Python, slow and plain enough to be checked by eye.

It shares no code with the pipeline. Exact fractions and decimals until the last division, one function for
one sentence of the definitions.
"""

from __future__ import annotations

from typing import Any

from .company import Company
from .customer_periods import customer_periods
from .policy import Policy
from .tables import all_tables

__all__ = ["Policy", "movements", "published"]


def published(raw: dict[str, list[dict[str, Any]]], policy: Policy) -> dict[str, list[dict[str, Any]]]:
    """Return the published tables, each a list of rows in the order of their key."""
    return all_tables(Company(raw, policy))


def movements(raw: dict[str, list[dict[str, Any]]], policy: Policy) -> list[dict[str, Any]]:
    """Return one row for each customer and period in which there is anything to say, at 4 places."""
    return [
        {
            "customer_id": row.customer_id,
            "period": row.period.name,
            "period_start": row.period.start,
            "opening": row.opening,
            "opening_revalued": row.opening_revalued,
            "closing": row.closing,
            "movement": row.movement,
            "amount": row.amount,
            "fx": row.fx,
            "attributes": row.attributes,
            "first_active_at": row.first_active_at,
            "trial_mrr": row.trial_mrr,
            "is_paused": row.is_paused,
            "revenue": row.revenue,
        }
        for row in customer_periods(Company(raw, policy))
        if row.movement != "none" or row.trial_mrr or row.is_paused or row.revenue
    ]
