"""Win-back: how many of the customers who had left came back."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import high, share
from loyalty_pipeline.months.cells import cells
from loyalty_pipeline.months.event_sums import over_shards
from loyalty_pipeline.months.lapsed_sums import Lapsed, LapsedSum
from loyalty_pipeline.periods import Window
from loyalty_pipeline.ratio import proportion


class WinBack(Lapsed):
    """One row per period and segment value in which somebody could be won back."""

    win_back_rate = share("Won back over lapsed.", of="lapsed customers", scored=high("lapsed_customers"))
    win_back_rate_low = share("Low end of its 95 % Wilson interval.", of="lapsed customers")
    win_back_rate_high = share("High end of its 95 % Wilson interval.", of="lapsed customers")

    @dy.rule()
    def only_who_left_can_come_back(cls) -> pl.Expr:
        """Who was never active is new."""
        return pl.col("won_back_customers") <= pl.col("lapsed_customers")


def win_back(window: Window, lapsed_sums: dy.LazyFrame[LapsedSum]) -> dy.LazyFrame[WinBack]:
    r"""Won back over lapsed.

    .. math:: win\_back\_rate = \frac{won\ back}{lapsed}

    The won back are the reactivated of `customer_retention`. Who left and came back inside the period had not lapsed at its
    opening. Null where nobody had left before.
    """
    return (
        cells(over_shards(lapsed_sums, LapsedSum, window), WinBack)
        .with_columns(**proportion("win_back_rate", "won_back_customers", "lapsed_customers"))
        .pipe(WinBack.cast)
    )
