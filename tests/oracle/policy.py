"""The settings that the numbers depend on, with their defaults."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from datetime import date


@dataclass(frozen=True, kw_only=True)
class Policy:
    """One run's settings."""

    as_of: date
    timezone: str = "UTC"
    reporting_currency: str = "EUR"
    fiscal_year_start_month: int = 1
    mrr_source: str | None = None
    renewal_grace_days: int = 3
    delinquency_days: int = 30
    mrr_floor: Decimal = Decimal("0.50")
    activity: str = "subscriptions"
    activity_window_days: int = 90
    gross_margin: Decimal = Decimal("0.8")
    discount_rate: Decimal = Decimal("0.10")
    clv_horizon_months: int = 36
    advocacy_window_months: int = 12
    advocacy_depth: int = 5
    min_responses: int = 5
    cai_trust_weight: float = 1.0
    cai_satisfaction_weight: float = 1.0
    cai_recommendation_weight: float = 1.0
    support_target_hours: Decimal = Decimal(24)

    @property
    def zone(self) -> ZoneInfo:
        """The reporting time zone."""
        return ZoneInfo(self.timezone)
