"""MRR growth: from the opening to the closing of a period, movement by movement."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import average, count, high, money, ratio
from loyalty_pipeline.money import cents
from loyalty_pipeline.months.cells import cells
from loyalty_pipeline.months.segment_periods import SEGMENT, SegmentPeriod
from loyalty_pipeline.months.segments import SegmentTable
from loyalty_pipeline.periods import Window
from loyalty_pipeline.ratio import over


class MrrGrowth(SegmentTable):
    """One row per period and segment value in which somebody was a customer, on trial or paused.

    Each amount is rounded on its own from 4 places, so that of a row the movements may miss the closing by
    a cent; on the 4 places they never do, and no run is published where they did.
    """

    opening_mrr = money("MRR at the opening, at its rates.", per="month")
    fx_mrr = money("What exchange rates did to it until the closing.", per="month")
    new_mrr = money("Of customers active for the first time ever.", per="month", min=0)
    reactivated_mrr = money("Of customers who came back.", per="month", min=0)
    expanded_mrr = money("What customers who stayed added.", per="month", min=0)
    contracted_mrr = money("What customers who stayed took away.", per="month", min=0)
    churned_mrr = money("What customers who left had, at the closing's rates.", per="month")
    closing_mrr = money("MRR at the closing, at its rates.", per="month", min=0)
    revalued_opening_mrr = money("Opening MRR at the closing's rates.", per="month")
    opening_customers = count("Active at the opening.", of="customers")
    fx_customers = count("Of those, with another MRR at the closing's rates.", of="customers")
    new_customers = count("Active for the first time ever.", of="customers")
    reactivated_customers = count("Who came back.", of="customers")
    expanded_customers = count("Who stayed and pay more.", of="customers")
    contracted_customers = count("Who stayed and pay less.", of="customers")
    churned_customers = count("Who left.", of="customers")
    closing_customers = count("Active at the closing.", of="customers")
    trial_mrr = money("What trials at the closing would be worth; in no other amount.", per="month")
    paused_customers = count("Paused at the closing, and nothing active; in no other count.", of="customers")
    mrr_growth_rate = ratio(
        "Closing less opening over opening.", of="opening MRR", scored=high("opening_customers")
    )
    existing_mrr_growth_rate = ratio(
        "Expanded less contracted less churned over opening.", of="revalued opening MRR"
    )
    nrr = ratio(
        "Net revenue retention: 1 + growth of existing MRR.",
        of="revalued opening MRR",
        scored=high("opening_customers"),
    )
    grr = ratio(
        "Gross revenue retention: what was neither contracted nor churned.",
        of="revalued opening MRR",
        scored=high("opening_customers"),
    )
    quick_ratio = ratio(
        "What came over what went.", of="contracted and churned MRR", scored=high("opening_customers")
    )
    arpa = average(
        "Average revenue per account: closing MRR over closing customers.",
        per="customer and month",
        scored=high("closing_customers"),
    )
    arr = money("Annual recurring revenue: 12 times closing MRR.", per="year", min=0)


def mrr_growth(
    window: Window,
    segment_periods: dy.LazyFrame[SegmentPeriod],
) -> dy.LazyFrame[MrrGrowth]:
    r"""MRR at both boundaries and the movements between them.

    .. math:: closing = opening + fx + new + reactivated + expanded - contracted - churned

    .. math:: nrr = 1 + \frac{expanded - contracted - churned}{opening^*} \qquad
              grr = 1 - \frac{contracted + churned}{opening^*} \qquad
              quick\_ratio = \frac{new + reactivated + expanded}{contracted + churned}

    :math:`opening^*` is the opening at the closing's exchange rates: growth is not made by currencies.
    A rate is null where its denominator is zero.
    """
    lost = pl.col("contracted_mrr") + pl.col("churned_mrr")
    won = pl.col("new_mrr") + pl.col("reactivated_mrr") + pl.col("expanded_mrr")
    existing = over(pl.col("expanded_mrr") - lost, "revalued_opening_mrr")
    annual = segment_periods.select(*SEGMENT, arr=cents(pl.col("closing_mrr") * 12))
    return (
        cells(segment_periods, MrrGrowth)
        .join(annual, on=SEGMENT)
        .with_columns(
            mrr_growth_rate=over(pl.col("closing_mrr") - pl.col("opening_mrr"), "opening_mrr"),
            existing_mrr_growth_rate=existing,
            nrr=1 + existing,
            grr=1 - over(lost, "revalued_opening_mrr"),
            quick_ratio=over(won, lost),
            arpa=over("closing_mrr", "closing_customers"),
        )
        .pipe(MrrGrowth.cast)
    )
