"""Win-back: how many of the customers who had left came back."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import count, high, share
from loyalty_pipeline.months.cells import cells
from loyalty_pipeline.months.customer_cells import CustomerCell
from loyalty_pipeline.months.customer_state import CustomerState
from loyalty_pipeline.months.event_sums import EventSums
from loyalty_pipeline.months.segments import SegmentTable
from loyalty_pipeline.periods import Period, Window, instant_literal
from loyalty_pipeline.ratio import proportion


class WinBack(SegmentTable):
    """One row per period and segment value in which somebody could be won back."""

    lapsed_customers = count("Active at some time before the period, and not at its opening.", of="customers")
    won_back_customers = count("Of those, active at its closing.", of="customers")
    win_back_rate = share("Won back over lapsed.", of="lapsed customers", scored=high("lapsed_customers"))
    win_back_rate_low = share("Low end of its 95 % Wilson interval.", of="lapsed customers")
    win_back_rate_high = share("High end of its 95 % Wilson interval.", of="lapsed customers")

    @dy.rule()
    def only_who_left_can_come_back(cls) -> pl.Expr:
        """Who was never active is new."""
        return pl.col("won_back_customers") <= pl.col("lapsed_customers")


def win_back(
    window: Window,
    customer_state: dy.LazyFrame[CustomerState],
    customer_cells: dy.LazyFrame[CustomerCell],
) -> dy.LazyFrame[WinBack]:
    r"""Won back over lapsed.

    .. math:: win\_back\_rate = \frac{won\ back}{lapsed}

    The won back are the reactivated of `customer_retention`. Who left and came back inside the period had not lapsed at its
    opening. Null where nobody had left before.
    """
    events = EventSums(window, customer_cells)

    def lapsed(period: Period) -> pl.LazyFrame:
        opening = instant_literal(window.boundary_of(period))
        once = customer_state.filter(pl.col("first_active_at") < opening).select("customer_id")
        return events.people(period).filter(~pl.col("was_active")).join(once, on="customer_id", how="semi")

    sums = {
        "lapsed_customers": pl.len().cast(pl.Int64),
        "won_back_customers": pl.col("is_active").sum().cast(pl.Int64),
    }
    return (
        cells(events.by_segment(lapsed, sums), WinBack)
        .with_columns(**proportion("win_back_rate", "won_back_customers", "lapsed_customers"))
        .pipe(WinBack.cast)
    )
