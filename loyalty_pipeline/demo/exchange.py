"""Daily exchange rates into euro: a random walk, quoted on weekdays only."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from loyalty_pipeline.demo.catalogue import CURRENCIES
from loyalty_pipeline.demo.clock import DAY, HOUR, Horizon, Ints
from loyalty_pipeline.demo.exact import RATE_UNIT
from loyalty_pipeline.demo.frames import instants, labels, shaped

_FIRST_RATES = {"EUR": 1.0, "GBP": 1.16, "JPY": 0.0062, "USD": 0.92}
_DAILY_VOLATILITY = 0.004
_EPOCH_WEEKDAY = 3
_SATURDAY = 5


@dataclass(frozen=True)
class Exchange:
    """Rates in millionths by day and currency; a day without a quote has the latest before it."""

    first_day: int
    rates: Ints
    quoted: Ints

    def on(self, at: Ints, currency: Ints) -> Ints:
        """The rate on the day that holds each instant."""
        return self.rates[at // DAY - self.first_day, currency]

    def before(self, boundary: int) -> Ints:
        """The rate of every currency on the day that ends at a boundary."""
        rates: Ints = self.rates[max(0, (boundary - 1) // DAY - self.first_day)]
        return rates


def simulate(horizon: Horizon, rng: np.random.Generator) -> Exchange:
    """Walk the rates over the horizon; before the first quote the first one holds."""
    first_day = horizon.start // DAY
    days = np.arange(first_day, (horizon.end - 1) // DAY + 1)
    steps = rng.normal(0, _DAILY_VOLATILITY, (days.size, len(CURRENCIES)))
    start = np.array([_FIRST_RATES[currency] for currency in CURRENCIES])
    walk = np.rint(start * np.exp(steps.cumsum(axis=0)) * RATE_UNIT).astype(np.int64)
    walk[:, CURRENCIES.index("EUR")] = RATE_UNIT
    is_quoted = (days + _EPOCH_WEEKDAY) % 7 < _SATURDAY
    is_quoted[0] |= not is_quoted.any()
    quoted = np.flatnonzero(is_quoted)
    latest = np.maximum(0, np.searchsorted(quoted, np.arange(days.size), side="right") - 1)
    return Exchange(first_day, walk[quoted][latest], quoted)


def fx_rates(exchange: Exchange) -> pl.DataFrame:
    """One row for each quoted day and foreign currency."""
    foreign = np.array([code for code, name in enumerate(CURRENCIES) if name != "EUR"])
    day = np.repeat(exchange.quoted, foreign.size)
    currency = np.tile(foreign, exchange.quoted.size)
    on = day + exchange.first_day
    return shaped("fx_rates", {
        "rate_date": pl.Series(on.astype(np.int32)).cast(pl.Date),
        "currency": labels(CURRENCIES, currency),
        "rate": exchange.rates[day, currency] / RATE_UNIT,
        "updated_at": instants(on * DAY + 16 * HOUR),
    })  # fmt: skip
