"""Customer state: everybody seen so far, since when, and what is known of them at the close of a month."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import instant, key
from loyalty_pipeline.months.attribute_changes import AttributeChange
from loyalty_pipeline.months.attributes import changed, first_known
from loyalty_pipeline.months.line_starts import LineStart
from loyalty_pipeline.periods import Window
from loyalty_pipeline.reads import Later, Previous, Through
from loyalty_pipeline.staging.customers import ATTRIBUTES, Attributes, CustomerOrigin
from loyalty_pipeline.staging.payments import Payment


class CustomerState(Attributes):
    """One row per customer with a line or a payment before the closing; attributes as they were there."""

    customer_id = key("The customer.")
    first_active_at = instant(
        "Start of the first line that made it active; null where none did.", nullable=True
    )


def customer_state(
    window: Window,
    previous: Previous[CustomerState],
    line_starts: dy.LazyFrame[LineStart],
    payments: dy.LazyFrame[Payment],
    customer_origins: Through[CustomerOrigin],
    later_origins: Later[CustomerOrigin],
    attribute_changes: Through[AttributeChange],
) -> dy.LazyFrame[CustomerState]:
    """Those of the month before, and who was first seen in this one.

    Attributes are those of the record's latest version before the closing, or of the earliest version known
    where that is later: a customer who moves restates no history.
    """
    _, closing = window.bounds
    before = previous.select("customer_id", *ATTRIBUTES, "first_active_at").collect()
    seen = pl.concat(
        [
            line_starts.select("customer_id"),
            payments.filter(pl.col("occurred_at") < closing).select("customer_id"),
        ]
    ).unique()
    changes = attribute_changes.filter(pl.col("updated_at") < closing)
    newcomers = seen.join(before.lazy(), on="customer_id", how="anti").sort("customer_id").collect()
    never = pl.lit(None, pl.Datetime("us", "UTC"))
    known = first_known(newcomers, customer_origins, later_origins).with_columns(first_active_at=never)
    changed_now = changes.filter(pl.col("month") == window.month).collect()
    # Nearly everybody stays as they were: only the others are joined with anything.
    may_change = before["first_active_at"].is_null() | before["customer_id"].is_in(
        changed_now["customer_id"].unique().implode()
    )
    touched = pl.concat(
        [
            changed(before.lazy().filter(may_change), changed_now.lazy()),
            changed(known, changes.join(newcomers.lazy(), on="customer_id", how="semi")),
        ]
    )
    activated = line_starts.select("customer_id", "activated_at")
    seen_now = (
        touched.join(activated, on="customer_id", how="left")
        .with_columns(first_active_at=pl.coalesce("first_active_at", "activated_at"))
        .drop("activated_at")
        .sort("customer_id")
    )
    as_before = before.lazy().filter(~may_change).select(seen_now.collect_schema().names())
    return as_before.merge_sorted(seen_now, key="customer_id").pipe(CustomerState.cast)
