"""Currency months: what customers with several currencies hold in each, which one rate cannot revalue."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import Sharded, day, exact, key
from loyalty_pipeline.money import total
from loyalty_pipeline.months.line_state import LineState, held_at_closing
from loyalty_pipeline.periods import Window


class CurrencyMonth(Sharded):
    """One row per customer and currency with a recurring line that holds at the closing, of who has several currencies."""

    month = day("The month.", key=True)
    customer_id = key("The customer.")
    currency = key("The currency.")
    mrr = exact("MRR at the closing.", of="currency of the row / month")


def currency_months(window: Window, line_state: dy.LazyFrame[LineState]) -> dy.LazyFrame[CurrencyMonth]:
    """Sums of the recurring lines that hold at the closing, where one rate is not enough for a customer."""
    is_recurring = pl.col("kind") == "recurring"
    held = held_at_closing(line_state, window).filter(is_recurring).select("customer_id", "currency", "mrr")
    lines = held.collect()
    several = lines.filter(lines["customer_id"].is_duplicated())
    sums = several.group_by("customer_id", "currency").agg(total("mrr"))
    mixed = sums.lazy().filter(sums["customer_id"].is_duplicated())
    return mixed.with_columns(month=pl.lit(window.month)).pipe(CurrencyMonth.cast)
