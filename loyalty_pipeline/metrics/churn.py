"""Churn: how many of the customers who opened a period were gone at its close, and what they had paid."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import count, low, money, ratio, share
from loyalty_pipeline.months.cells import cells
from loyalty_pipeline.months.segment_periods import SegmentPeriod
from loyalty_pipeline.months.segments import SegmentTable
from loyalty_pipeline.periods import Window
from loyalty_pipeline.ratio import over, proportion


class Churn(SegmentTable):
    """One row per period and segment value in which somebody was a customer."""

    opening_customers = count("Active just before the period.", of="customers")
    churned_customers = count("Of those, not active at its close.", of="customers")
    revalued_opening_mrr = money("MRR at the opening, at the closing's exchange rates.", per="month")
    churned_mrr = money("Revalued opening MRR of the churned customers.", per="month", min=0)
    contracted_mrr = money("What customers who stayed took away.", per="month", min=0)
    expanded_mrr = money("What customers who stayed added.", per="month", min=0)
    customer_churn_rate = share(
        "Churned over opening customers.", of="opening customers", scored=low("opening_customers")
    )
    customer_churn_rate_low = share("Low end of its 95 % Wilson interval.", of="opening customers")
    customer_churn_rate_high = share("High end of its 95 % Wilson interval.", of="opening customers")
    gross_mrr_churn_rate = ratio(
        "Churned and contracted over revalued opening MRR.",
        of="revalued opening MRR",
        scored=low("opening_customers"),
    )
    net_mrr_churn_rate = ratio(
        "The same less what was added.", of="revalued opening MRR", scored=low("opening_customers")
    )

    @dy.rule()
    def only_customers_can_churn(cls) -> pl.Expr:
        """Who was not there cannot leave."""
        return pl.col("churned_customers") <= pl.col("opening_customers")


def churn(window: Window, segment_periods: dy.LazyFrame[SegmentPeriod]) -> dy.LazyFrame[Churn]:
    r"""Churned customers over opening customers, and churned MRR over the opening's at the closing's rates.

    .. math:: customer\_churn\_rate = \frac{churned}{opening} \qquad
              gross = \frac{churned + contracted}{opening^*} \qquad
              net = \frac{churned + contracted - expanded}{opening^*}

    Who joined inside the period counts in neither number, so no customer churn rate exceeds one, and churn + crr = 1.
    Who left and came back before the close has not churned. Null where nobody, or no MRR, was there to lose.
    Source: Reichheld & Sasser (1990), "Zero Defections", HBR 68(5).
    """
    lost = pl.col("churned_mrr") + pl.col("contracted_mrr")
    return (
        cells(segment_periods, Churn)
        .with_columns(
            **proportion("customer_churn_rate", "churned_customers", "opening_customers"),
            gross_mrr_churn_rate=over(lost, "revalued_opening_mrr"),
            net_mrr_churn_rate=over(lost - pl.col("expanded_mrr"), "revalued_opening_mrr"),
        )
        .pipe(Churn.cast)
    )
