"""Customer lifetime value: what customers brought so far, and what they may still bring."""

from decimal import Decimal

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import average, count, money
from loyalty_pipeline.money import EXACT, cents, from_ten_thousandths, quotient, ten_thousandths, total
from loyalty_pipeline.months.cells import cells
from loyalty_pipeline.months.purchase_models import ClvFit
from loyalty_pipeline.months.segment_periods import SEGMENT, SegmentPeriod
from loyalty_pipeline.months.segments import SegmentTable
from loyalty_pipeline.months.value_sums import ValueSum
from loyalty_pipeline.periods import Window, plus
from loyalty_pipeline.ratio import over
from loyalty_pipeline.reads import Through

CHURN_MONTHS = 12
CUT = ["segment_by", "segment_value"]
MARGIN_UNITS = 10_000
UNITS_OF_A_CENT = 1_000_000


class Clv(SegmentTable):
    """One row per period and segment value of everybody who was a customer before its close.

    Columns of the fitted models are null where customers subscribe, and where nobody purchased twice.
    """

    customers = count("With a line or a payment before the closing.", of="customers")
    historic_revenue = money("Payments less refunds to the closing.")
    historic_margin = money("That times the gross margin.")
    residual_margin = money("Discounted margin still expected, BG/NBD x gamma-gamma.", nullable=True)
    clv = money("Historic and residual margin.", nullable=True)
    clv_per_customer = average("That over customers.", per="customer")
    simple_clv = average(
        "ARPA times margin over mean monthly churn of the last 12 complete months.", per="customer"
    )
    is_fit_at_edge = dy.Bool(nullable=True, description="Did a bound decide a parameter of the models?")


def clv(
    window: Window,
    value_sums: dy.LazyFrame[ValueSum],
    clv_fits: dy.LazyFrame[ClvFit],
    segment_periods: dy.LazyFrame[SegmentPeriod],
    months_so_far: Through[SegmentPeriod],
    gross_margin: Decimal,
) -> dy.LazyFrame[Clv]:
    r"""Revenue so far times margin, and what the models expect beside it.

    .. math:: clv = margin \cdot revenue + residual \qquad
              simple\_clv = \frac{arpa \cdot margin}{\overline{churn}}

    `simple_clv` is null with no churn. Its mean leaves out months in which nobody could churn.
    Source: Fader, Hardie & Lee (2005), "RFM and CLV"; Gupta et al. (2006) for the simple form.
    """
    sums = value_sums.group_by(SEGMENT).agg(
        pl.col("customers", "modelled_customers").sum(), total("historic_revenue"), total("residual_margin")
    )
    summed = sums.collect()
    # Where the models were fitted, everybody has a sum: of those of whom nothing is expected it is zero.
    is_modelled = bool(summed["modelled_customers"].sum())
    expected = pl.col("residual_margin") if is_modelled else pl.lit(None, EXACT)
    fit = clv_fits.select("is_fit_at_edge").collect()
    is_at_edge = fit.item() if fit.height else None
    historic = ten_thousandths("historic_revenue") * ten_thousandths(pl.lit(gross_margin).cast(EXACT))
    residual = ten_thousandths("residual_margin") * MARGIN_UNITS
    exact = (
        summed.lazy()
        .with_columns(residual_margin=expected)
        .with_columns(historic_margin=_in_cents(historic), clv=_in_cents(historic + residual))
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


def _in_cents(units: pl.Expr) -> pl.Expr:
    # Amount times margin has 8 places: rounded once, from all of them.
    return from_ten_thousandths(quotient(units, pl.lit(UNITS_OF_A_CENT, pl.Int128)) * 100)


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
