"""Exchange rates: the latest at or before a day; before the first, the first."""

from __future__ import annotations

from bisect import bisect_right
from decimal import Decimal
from typing import TYPE_CHECKING

from .exact import rounded
from .records import Raw, current

if TYPE_CHECKING:
    from datetime import date


class Rates:
    """Units of the reporting currency for one unit of another."""

    def __init__(self, raw: Raw, reporting_currency: str) -> None:
        self.reporting_currency = reporting_currency
        self.by_currency: dict[str, list[tuple[date, Decimal]]] = {}
        for row in sorted(
            current(raw, "fx_rates", "rate_date", "currency"), key=lambda row: row["rate_date"]
        ):
            rate = rounded(Decimal(repr(float(row["rate"]))), 12)
            self.by_currency.setdefault(row["currency"], []).append((row["rate_date"], rate))

    def on(self, currency: str, day: date) -> Decimal:
        """Return the rate of a local day."""
        if currency == self.reporting_currency:
            return Decimal(1)
        rates = self.by_currency.get(currency)
        if not rates:
            message = f"no rate at all for {currency}"
            raise ValueError(message)
        position = bisect_right([rate_date for rate_date, _ in rates], day)
        return rates[max(position - 1, 0)][1]
