"""Advocacy revenue: how much of what customers pay comes from those whom other customers brought."""

import dataframely as dy

from loyalty_pipeline.contract import count, high, money, ratio
from loyalty_pipeline.months.cells import cells
from loyalty_pipeline.months.segment_periods import SegmentPeriod
from loyalty_pipeline.months.segments import SegmentTable
from loyalty_pipeline.periods import Window
from loyalty_pipeline.ratio import over


class AdvocacyRevenue(SegmentTable):
    """One row per period and segment value of the customers who paid."""

    total_revenue = money("Payments less refunds.")
    advocacy_revenue = money("Of that, of referred customers within their advocacy window.")
    downstream_revenue = money("Of that, where the advocate was itself referred, earlier.")
    referred_customers = count("With a payment or refund within their window.", of="customers")
    advocacy_revenue_share = ratio(
        "Advocacy over total revenue; refunds can take it out of 0 to 1.",
        of="revenue",
        scored=high("referred_customers"),
    )


def advocacy_revenue(
    window: Window,
    segment_periods: dy.LazyFrame[SegmentPeriod],
) -> dy.LazyFrame[AdvocacyRevenue]:
    r"""Revenue of referred customers from their conversion on, for `advocacy_window_months`.

    .. math:: advocacy\_revenue\_share = \frac{advocacy}{total}

    Each amount counts once in advocacy revenue, and once in downstream revenue when it has any downstream advocate.
    The segment is that of the customer who pays. Null without revenue.
    """
    return (
        cells(segment_periods.rename({"revenue": "total_revenue"}), AdvocacyRevenue)
        .with_columns(advocacy_revenue_share=over("advocacy_revenue", "total_revenue"))
        .pipe(AdvocacyRevenue.cast)
    )
