"""Customer lifetime value of each customer, at the as-of."""

from decimal import Decimal

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import Table, day, key, money
from loyalty_pipeline.money import EXACT, cents, cents_of_share
from loyalty_pipeline.months.customer_residuals import CustomerResidual, is_fitted
from loyalty_pipeline.months.customer_revenue import CustomerValue
from loyalty_pipeline.months.customer_state import CustomerState
from loyalty_pipeline.months.purchase_models import ClvFit
from loyalty_pipeline.months.retention_fits import RetentionFit
from loyalty_pipeline.periods import Window


class CustomerClv(Table):
    """One row per customer with a line or a payment before the as-of. There are no rows for earlier closings."""

    is_of_newest_month = True

    customer_id = key("The customer.")
    closes_on = day("First day after what is counted.")
    historic_revenue = money("Payments less refunds so far.")
    historic_margin = money("That times the gross margin.")
    residual_margin = money(
        "Discounted margin still expected; null where no model could be fitted.", nullable=True
    )
    clv = money("Historic and residual margin.", nullable=True)


def customer_clv(
    window: Window,
    customer_state: dy.LazyFrame[CustomerState],
    customer_value: dy.LazyFrame[CustomerValue],
    customer_residuals: dy.LazyFrame[CustomerResidual],
    clv_fits: dy.LazyFrame[ClvFit],
    retention_fits: dy.LazyFrame[RetentionFit],
    gross_margin: Decimal,
) -> dy.LazyFrame[CustomerClv]:
    r"""What `clv` adds up, customer by customer; amounts are rounded one by one.

    .. math:: clv = margin \cdot revenue + residual

    Of whom the model expects nothing, because it left or never paid, the residual is zero.
    """
    zero = pl.lit(0).cast(EXACT)
    residual = (
        pl.col("residual_margin").fill_null(zero)
        if is_fitted(clv_fits, retention_fits)
        else pl.lit(None, EXACT)
    )
    known = (
        customer_state.select("customer_id")
        .join(customer_value.select("customer_id", "revenue"), on="customer_id", how="left")
        .join(customer_residuals, on="customer_id", how="left")
        .with_columns(pl.col("revenue").fill_null(zero), residual_margin=residual)
    )
    return known.select(
        "customer_id",
        closes_on=pl.lit(window.closes_on),
        historic_revenue=cents("revenue"),
        historic_margin=cents_of_share("revenue", gross_margin),
        residual_margin=cents("residual_margin"),
        clv=cents_of_share("revenue", gross_margin, plus="residual_margin"),
    ).pipe(CustomerClv.cast)
