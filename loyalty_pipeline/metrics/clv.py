"""Customer lifetime value: what customers brought so far, and what they may still bring."""

from decimal import Decimal

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import average, count, money
from loyalty_pipeline.money import EXACT, cents, from_ten_thousandths, quotient, ten_thousandths, total
from loyalty_pipeline.months.cells import cells
from loyalty_pipeline.months.customer_periods import CustomerPeriod
from loyalty_pipeline.months.customer_revenue import CustomerValue
from loyalty_pipeline.months.customer_state import CustomerState
from loyalty_pipeline.months.purchase_models import ClvFit, CustomerResidual
from loyalty_pipeline.months.segment_periods import SEGMENT, SegmentPeriod
from loyalty_pipeline.months.segments import SegmentTable, by_segment, in_period
from loyalty_pipeline.periods import Period, Window, plus
from loyalty_pipeline.ratio import over
from loyalty_pipeline.reads import Through

CHURN_MONTHS = 12
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
    customer_state: dy.LazyFrame[CustomerState],
    customer_value: dy.LazyFrame[CustomerValue],
    customer_residuals: dy.LazyFrame[CustomerResidual],
    clv_fits: dy.LazyFrame[ClvFit],
    customer_periods: dy.LazyFrame[CustomerPeriod],
    segment_periods: Through[SegmentPeriod],
    gross_margin: Decimal,
) -> dy.LazyFrame[Clv]:
    r"""Revenue so far times margin, and what the models expect beside it.

    .. math:: clv = margin \cdot revenue + residual \qquad
              simple\_clv = \frac{arpa \cdot margin}{\overline{churn}}

    `simple_clv` is null with no churn. Its mean leaves out months in which nobody could churn.
    Source: Fader, Hardie & Lee (2005), "RFM and CLV"; Gupta et al. (2006) for the simple form.
    """
    values = (
        customer_state.join(customer_value.select("customer_id", "revenue"), on="customer_id", how="left")
        .join(customer_residuals, on="customer_id", how="left")
        .with_columns(pl.col("revenue").fill_null(pl.lit(0).cast(EXACT)))
        .collect()
    )
    plans = customer_periods.select("period", "customer_id", "plan").collect()
    summed = pl.concat(_summed(values, plans, period) for period in window.periods).collect().lazy()
    if values["residual_margin"].is_null().all():
        summed = summed.with_columns(residual_margin=pl.lit(None, EXACT))
    fit = clv_fits.select("is_fit_at_edge").collect()
    is_at_edge = fit.item() if fit.height else None
    historic = ten_thousandths("historic_revenue") * ten_thousandths(pl.lit(gross_margin).cast(EXACT))
    residual = ten_thousandths("residual_margin") * MARGIN_UNITS
    exact = summed.with_columns(historic_margin=_in_cents(historic), clv=_in_cents(historic + residual))
    return (
        cells(exact, Clv)
        .with_columns(
            clv_per_customer=over("clv", "customers"), is_fit_at_edge=pl.lit(is_at_edge, pl.Boolean)
        )
        .join(_simple(segment_periods, window, gross_margin), on=SEGMENT, how="left")
        .pipe(Clv.cast)
    )


def _in_cents(units: pl.Expr) -> pl.Expr:
    # Amount times margin has 8 places: rounded once, from all of them.
    return from_ten_thousandths(quotient(units, pl.lit(UNITS_OF_A_CENT, pl.Int128)) * 100)


def _summed(values: pl.DataFrame, plans: pl.DataFrame, period: Period) -> pl.LazyFrame:
    of_period = plans.lazy().filter(pl.col("period") == period.name).select("customer_id", "plan")
    customers = values.lazy().join(of_period, on="customer_id", how="left").collect().lazy()
    sums = {
        "customers": pl.len().cast(pl.Int64),
        "historic_revenue": total("revenue"),
        "residual_margin": total("residual_margin"),
    }
    return by_segment(customers, [], sums, period.start.year).with_columns(**in_period(period))


def _simple(segment_periods: pl.LazyFrame, window: Window, gross_margin: Decimal) -> pl.LazyFrame:
    last = window.month if window.periods[0].is_complete else plus(window.month, -1)
    is_recent = pl.col("period_start").is_between(plus(last, 1 - CHURN_MONTHS), last)
    by = ["segment_by", "segment_value"]
    churn = (
        segment_periods.filter(pl.col("period") == "month", is_recent, pl.col("opening_customers") > 0)
        .sort("period_start")
        .group_by(by, maintain_order=True)
        .agg(mean_churn=over("churned_customers", "opening_customers").mean())
    )
    ends_here = pl.col("period_end").is_in([period.end for period in window.periods])
    arpa = over(cents("closing_mrr"), "closing_customers")
    return (
        segment_periods.filter(ends_here)
        .join(churn, on=by, how="left")
        .select(*SEGMENT, simple_clv=over(arpa * float(gross_margin), "mean_churn"))
    )
