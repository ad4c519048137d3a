"""Customer lifetime value: what customers brought so far, and what they may still bring."""

from decimal import Decimal

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import average, count, high, money
from loyalty_pipeline.money import EXACT, cents, cents_of_share, total
from loyalty_pipeline.months.cells import cells
from loyalty_pipeline.months.customer_residuals import is_fitted
from loyalty_pipeline.months.purchase_models import ClvFit
from loyalty_pipeline.months.retention_fits import RetentionFit
from loyalty_pipeline.months.segment_periods import SEGMENT, SegmentPeriod
from loyalty_pipeline.months.segments import SegmentTable
from loyalty_pipeline.months.value_sums import ValueSum
from loyalty_pipeline.periods import Window, plus
from loyalty_pipeline.ratio import over
from loyalty_pipeline.reads import Through

CHURN_MONTHS = 12
CUT = ["segment_by", "segment_value"]


class Clv(SegmentTable):
    """One row per period and segment value of everybody who was a customer before its close.

    Columns of the fitted models are null where none could be fitted: no subscriber came to a renewal, nobody purchased twice.
    """

    customers = count("With a line or a payment before the closing.", of="customers")
    historic_revenue = money("Payments less refunds to the closing.")
    historic_margin = money("That times the gross margin.")
    residual_margin = money(
        "Discounted margin still expected: sBG x MRR of subscribers, BG/NBD x gamma-gamma of others.",
        nullable=True,
    )
    clv = money("Historic and residual margin.", nullable=True)
    clv_per_customer = average("That over customers.", per="customer", scored=high("customers"))
    simple_clv = average(
        "ARPA times margin over mean monthly churn of the last 12 complete months.",
        per="customer",
        scored=high("customers"),
    )
    is_fit_at_edge = dy.Bool(nullable=True, description="Did a bound decide a parameter of the models?")


def clv(
    window: Window,
    value_sums: dy.LazyFrame[ValueSum],
    clv_fits: dy.LazyFrame[ClvFit],
    retention_fits: dy.LazyFrame[RetentionFit],
    segment_periods: dy.LazyFrame[SegmentPeriod],
    months_so_far: Through[SegmentPeriod],
    gross_margin: Decimal,
) -> dy.LazyFrame[Clv]:
    r"""Revenue so far times margin, and what the models expect beside it.

    .. math:: clv = margin \cdot revenue + residual \qquad
              simple\_clv = \frac{arpa \cdot margin}{\overline{churn}}

    What is expected of a customer is told in `customer_residuals`. `simple_clv` is null with no churn. Its mean leaves out months in which nobody could churn.
    Source: Fader, Hardie & Lee (2005), "RFM and CLV"; Gupta et al. (2006) for the simple form.
    """
    summed = value_sums.group_by(SEGMENT).agg(
        pl.col("customers").sum(), total("historic_revenue"), total("residual_margin")
    )
    # Where the models were fitted, everybody has a sum: of those of whom nothing is expected it is zero.
    expected = pl.col("residual_margin") if is_fitted(clv_fits, retention_fits) else pl.lit(None, EXACT)
    fits = pl.concat(fits.select("is_fit_at_edge") for fits in (clv_fits, retention_fits)).collect()
    is_at_edge = fits.item() if fits.height else None
    exact = summed.with_columns(residual_margin=expected).with_columns(
        historic_margin=cents_of_share("historic_revenue", gross_margin),
        clv=cents_of_share("historic_revenue", gross_margin, plus="residual_margin"),
    )
    churn = _mean_churn(months_so_far, window)
    return (
        cells(exact, Clv)
        .with_columns(
            clv_per_customer=over("clv", "customers"), is_fit_at_edge=pl.lit(is_at_edge, pl.Boolean)
        )
        .join(_simple(segment_periods, churn, gross_margin), on=SEGMENT, how="left")
        .pipe(Clv.cast)
    )


def _mean_churn(months_so_far: pl.LazyFrame, window: Window) -> pl.LazyFrame:
    last = window.month if window.periods[0].is_complete else plus(window.month, -1)
    is_recent = pl.col("period_start").is_between(plus(last, 1 - CHURN_MONTHS), last)
    return (
        months_so_far.filter(pl.col("period") == "month", is_recent, pl.col("opening_customers") > 0)
        .sort("period_start")
        .group_by(CUT, maintain_order=True)
        .agg(mean_churn=over("churned_customers", "opening_customers"))
        # As a list of one order: a mean of groups adds up in as many ways as there are threads.
        .with_columns(pl.col("mean_churn").list.mean())
    )


def _simple(segment_periods: pl.LazyFrame, churn: pl.LazyFrame, gross_margin: Decimal) -> pl.LazyFrame:
    arpa = over(cents("closing_mrr"), "closing_customers")
    return segment_periods.join(churn, on=CUT, how="left").select(
        *SEGMENT, simple_clv=over(arpa * float(gross_margin), "mean_churn")
    )
