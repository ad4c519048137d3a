"""Customer retention: how many of the customers who opened a period were still there at its close."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import count, high, share
from loyalty_pipeline.months.cells import cells
from loyalty_pipeline.months.segment_periods import SegmentPeriod
from loyalty_pipeline.months.segments import SegmentTable
from loyalty_pipeline.periods import Window
from loyalty_pipeline.ratio import proportion


class CustomerRetention(SegmentTable):
    """One row per period and segment value in which somebody was a customer."""

    opening_customers = count("S: active just before the period.", of="customers")
    closing_customers = count("E: active at its close.", of="customers")
    new_customers = count("Active at the close for the first time ever.", of="customers")
    reactivated_customers = count("Active at the close, not at the opening, and once before.", of="customers")
    retained_customers = count("Active at both.", of="customers")
    transient_customers = count("Came and went inside the period: in none of the others.", of="customers")
    crr = share(
        "Customer retention rate: retained over opening customers.",
        of="opening customers",
        scored=high("opening_customers"),
    )
    crr_low = share("Low end of its 95 % Wilson interval.", of="opening customers")
    crr_high = share("High end of its 95 % Wilson interval.", of="opening customers")

    @dy.rule()
    def closing_less_who_came_is_retained(cls) -> pl.Expr:
        """E - N, with N the new and the reactivated."""
        came = pl.col("new_customers") + pl.col("reactivated_customers")
        return pl.col("closing_customers") - came == pl.col("retained_customers")


def customer_retention(
    window: Window,
    segment_periods: dy.LazyFrame[SegmentPeriod],
) -> dy.LazyFrame[CustomerRetention]:
    r"""Customers at the close, less those who came, over customers at the opening.

    .. math:: crr = \frac{E - N}{S} = \frac{retained}{opening}

    N are the new and the reactivated: a win-back is no retention. Null where nobody was there to retain.
    Source: Farris et al. (2010), "Marketing Metrics", retention rate.
    """
    return (
        cells(segment_periods, CustomerRetention)
        .with_columns(**proportion("crr", "retained_customers", "opening_customers"))
        .pipe(CustomerRetention.cast)
    )
