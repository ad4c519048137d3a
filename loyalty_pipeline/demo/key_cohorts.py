"""The answer key's cohorts: who began in the same month, and what is left of them in each month since."""

from typing import Any

import numpy as np
import polars as pl

from loyalty_pipeline.demo.clock import Columns, Ints
from loyalty_pipeline.demo.exact import total
from loyalty_pipeline.demo.key_periods import SIZES, Period, cells, margins
from loyalty_pipeline.demo.key_states import Simulation, States
from loyalty_pipeline.demo.key_tables import HEADER, as_decimals, header, published, ratio, with_interval

_MONEY = ["cohort_mrr", "active_mrr", "cumulative_revenue"]
_COLUMNS = ["cohort", "months_since", "cohort_customers", "cohort_mrr", "active_customers", "active_mrr",
            "cumulative_revenue"]  # fmt: skip


def _places(simulation: Simulation, states: States) -> tuple[Ints, Ints]:
    """Everybody's cohort (the place of their first month; -1: never active), and their cell, fixed in that month."""
    bounds = simulation.horizon.bounds
    cohort = np.searchsorted(bounds, states.first_active, side="right") - 1
    cohort = np.where(states.first_active < simulation.horizon.end, cohort, -1)
    place = np.zeros(cohort.size, np.int64)
    for month in range(bounds.size - 1):
        members = np.flatnonzero(cohort == month)
        place[members] = cells(simulation, states, month, month + 1)[members]
    return cohort, place


def _observed(simulation: Simulation, states: States, events: Columns) -> Ints:
    """Sums by measure, observed month, cohort and cell: customers, active ones, their MRR, revenue so far."""
    cohort, place = _places(simulation, states)
    months = simulation.horizon.months
    member = np.flatnonzero(cohort >= 0)
    code = cohort[member] * int(np.prod(SIZES)) + place[member]
    sums = np.zeros((4, months, months * int(np.prod(SIZES))), np.int64)
    sums[0] = total(code, np.ones(code.size, np.int64), sums.shape[2])
    for month in range(months):
        mrr = states.mrr[month + 1][member]
        sums[1, month] = total(code, (mrr > 0).astype(np.int64), sums.shape[2])
        sums[2, month] = total(code, mrr, sums.shape[2])
        sums[3, month] = total(code, _revenue_in(simulation, events, cohort, month)[member], sums.shape[2])
    sums[3] = sums[3].cumsum(axis=0)
    return sums.reshape(4, months, months, *SIZES)


def _revenue_in(simulation: Simulation, events: Columns, cohort: Ints, month: int) -> Ints:
    """Everybody's revenue of one month; what came before the month of the cohort does not count."""
    first, after = np.searchsorted(events["at"], simulation.horizon.bounds[month : month + 2])
    value = total(events["person"][first:after], events["value"][first:after], cohort.size)
    return np.where(cohort <= month, value, 0)


def _rows(simulation: Simulation, cells_by_month: Ints) -> list[dict[str, Any]]:
    first, months = simulation.horizon.first_month, simulation.horizon.months
    heads = [header(Period("month", first + month, first + month + 1, month, month + 1, 0, 0),
                    simulation.horizon.end) for month in range(months)]  # fmt: skip
    rows = []
    for segment_by, segment_value, sums in margins(cells_by_month):
        for cohort in np.flatnonzero(sums[0, 0]):
            started = np.datetime64(first + int(cohort), "M").astype("M8[D]").item()
            for since, observed in enumerate(sums[:, cohort:, cohort].T.tolist()):
                customers, active, mrr, revenue = observed
                rows.append(heads[cohort + since] | {
                    "segment_by": segment_by, "segment_value": segment_value, "cohort": started,
                    "months_since": since, "cohort_customers": customers,
                    "cohort_mrr": int(sums[2, cohort, cohort]), "active_customers": active,
                    "active_mrr": mrr, "cumulative_revenue": revenue,
                })  # fmt: skip
    return rows


def cohort_retention(simulation: Simulation, states: States, events: Columns) -> pl.DataFrame:
    """One row for each cohort, segment value and month from the cohort's first to the as-of."""
    schema = HEADER | dict.fromkeys(_COLUMNS, pl.Int64) | {"cohort": pl.Date}
    cells_seen = pl.DataFrame(_rows(simulation, _observed(simulation, states, events)), schema=schema)
    customers, revenue = pl.col("cohort_customers"), pl.col("cumulative_revenue")
    table = published(cells_seen, _MONEY).with_columns(
        **with_interval("customer_retention_rate", pl.col("active_customers"), customers),
        mrr_retention_rate=ratio(pl.col("active_mrr"), pl.col("cohort_mrr")),
        revenue_per_customer=ratio(revenue / 100, customers),
    )
    return as_decimals(table).sort("cohort", "months_since", "segment_by", "segment_value")
