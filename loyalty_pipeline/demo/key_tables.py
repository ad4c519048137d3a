"""The answer key's tables: sums over people in the published columns, with the rates beside them."""

from functools import cache
from typing import Any

import numpy as np
import polars as pl

from loyalty_pipeline.demo.clock import Columns, Ints
from loyalty_pipeline.demo.exact import UNIT, divide, total
from loyalty_pipeline.demo.key_periods import SIZES, Period, cells, margins, movements, periods, revenue
from loyalty_pipeline.demo.key_states import Simulation, States

Rates = dict[str, pl.Expr]
_Z_95 = 1.959963984540054
_CENT = UNIT // 100
MEASURES = {
    "churn": ["opening_customers", "churned_customers", "revalued_opening_mrr", "churned_mrr", "contracted_mrr",
              "expanded_mrr"],
    "customer_retention": ["opening_customers", "closing_customers", "new_customers", "reactivated_customers",
                           "retained_customers", "transient_customers"],
    "mrr_growth": ["opening_mrr", "fx_mrr", "new_mrr", "reactivated_mrr", "expanded_mrr", "contracted_mrr",
                   "churned_mrr", "closing_mrr", "revalued_opening_mrr", "opening_customers", "fx_customers",
                   "new_customers", "reactivated_customers", "expanded_customers", "contracted_customers",
                   "churned_customers", "closing_customers", "trial_mrr", "paused_customers"],
    "advocacy_revenue": ["total_revenue", "advocacy_revenue", "downstream_revenue", "referred_customers"],
}  # fmt: skip
HEADER = {"period": pl.String, "period_start": pl.Date, "period_end": pl.Date, "is_complete": pl.Boolean,
          "segment_by": pl.String, "segment_value": pl.String}  # fmt: skip


def is_money(name: str) -> bool:
    """Whether a measure is an amount; all others are counts."""
    return name.endswith(("_mrr", "_revenue"))


@cache
def header(period: Period, end: int) -> dict[str, Any]:
    """The columns that say which period a row is about."""
    start, after = (
        np.datetime64(month, "M").astype("M8[D]").item() for month in (period.first_month, period.next_month)
    )
    ends = np.datetime64(after).astype("M8[s]").astype(np.int64)
    return {
        "period": period.period,
        "period_start": start,
        "period_end": after,
        "is_complete": bool(ends <= end),
    }


def period_sums(simulation: Simulation, states: States, events: Columns, since: int) -> pl.DataFrame:
    """Every measure, in ten-thousandths where it is money, by period and segment value."""
    rows = []
    for period in periods(simulation.horizon, since):
        done = movements(simulation, states, period) | revenue(events, period, states.first_active.size)
        place = cells(simulation, states, period.opening, period.closing)
        sums = np.stack([_by_cell(place, values) for values in done.values()]).reshape(-1, *SIZES)
        head = header(period, simulation.horizon.end)
        for segment_by, segment_value, values in margins(sums):
            measures = dict(zip(done, values.tolist(), strict=True))
            rows.append(head | {"segment_by": segment_by, "segment_value": segment_value} | measures)
    return pl.DataFrame(rows, schema=HEADER | dict.fromkeys(done, pl.Int64))


def _by_cell(place: Ints, values: Ints) -> Ints:
    some = np.flatnonzero(values)
    return total(place[some], values[some], int(np.prod(SIZES)))


def published(sums: pl.DataFrame, measures: list[str]) -> pl.DataFrame:
    """Round money to cents, half away from zero."""
    cents = [pl.Series(name, divide(sums[name].to_numpy(), _CENT)) for name in measures if is_money(name)]
    return sums.with_columns(cents)


def as_decimals(table: pl.DataFrame) -> pl.DataFrame:
    """Money from cents to decimals."""
    money = pl.Decimal(18, 2)
    names = [name for name in table.columns if is_money(name) or name == "arr"]
    return table.with_columns((pl.col(name).cast(money) / 100).cast(money) for name in names)


def ratio(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    """A fraction; null where there is nothing to divide by."""
    return pl.when(whole != 0).then(part / whole)


def wilson(part: pl.Expr, whole: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """The 95 % Wilson interval of a share."""
    share, square = ratio(part, whole), _Z_95**2
    centre = share + square / (2 * whole)
    spread = _Z_95 * (share * (1 - share) / whole + square / (4 * whole**2)).sqrt()
    bounds = ((centre - spread) / (1 + square / whole), (centre + spread) / (1 + square / whole))
    low, high = (pl.when(whole != 0).then(bound.clip(0, 1)) for bound in bounds)
    return low, high


def with_interval(name: str, part: pl.Expr, whole: pl.Expr) -> Rates:
    """A share and its interval."""
    low, high = wilson(part, whole)
    return {name: ratio(part, whole), f"{name}_low": low, f"{name}_high": high}


def _churn_rates() -> Rates:
    lost, worth = pl.col("churned_mrr") + pl.col("contracted_mrr"), pl.col("revalued_opening_mrr")
    return with_interval("customer_churn_rate", pl.col("churned_customers"), pl.col("opening_customers")) | {
        "gross_mrr_churn_rate": ratio(lost, worth),
        "net_mrr_churn_rate": ratio(lost - pl.col("expanded_mrr"), worth),
    }


def _growth_rates() -> Rates:
    opening, closing, worth = pl.col("opening_mrr"), pl.col("closing_mrr"), pl.col("revalued_opening_mrr")
    lost, expanded = pl.col("contracted_mrr") + pl.col("churned_mrr"), pl.col("expanded_mrr")
    return {
        "mrr_growth_rate": ratio(closing - opening, opening),
        "existing_mrr_growth_rate": ratio(expanded - lost, worth),
        "nrr": 1 + ratio(expanded - lost, worth),
        "grr": 1 - ratio(lost, worth),
        "quick_ratio": ratio(pl.col("new_mrr") + pl.col("reactivated_mrr") + expanded, lost),
        "arpa": ratio(closing / 100, pl.col("closing_customers")),
        "arr": pl.col("arr"),
    }


def rates() -> dict[str, Rates]:
    """The rates of each table, from the rounded measures beside them."""
    advocacy = ratio(pl.col("advocacy_revenue"), pl.col("total_revenue"))
    return {
        "churn": _churn_rates(),
        "customer_retention": with_interval("crr", pl.col("retained_customers"), pl.col("opening_customers")),
        "mrr_growth": _growth_rates(),
        "advocacy_revenue": {"advocacy_revenue_share": advocacy},
    }


def period_table(table: str, sums: pl.DataFrame) -> pl.DataFrame:
    """One table of the key: a segment value has a row where any of the table's measures is not zero."""
    measures = MEASURES[table]
    counted = sums.filter((pl.col("segment_by") == "all") | pl.any_horizontal(pl.col(measures) != 0))
    arr = pl.Series("arr", divide(12 * counted["closing_mrr"].to_numpy(), _CENT))
    rows = published(counted.with_columns(arr), measures).select(
        *HEADER, *measures, *(rate.alias(name) for name, rate in rates()[table].items())
    )
    return as_decimals(rows).sort("period", "period_start", "segment_by", "segment_value")
