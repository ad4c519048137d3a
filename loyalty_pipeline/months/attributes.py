"""What was known of customers at a closing: the latest version before it, or the earliest known."""

from collections.abc import Iterator

import polars as pl

from loyalty_pipeline.staging.customers import ATTRIBUTES


def first_known(
    newcomers: pl.DataFrame, origins: pl.LazyFrame, later: Iterator[pl.LazyFrame]
) -> pl.LazyFrame:
    """Customers with their earliest attributes, null where nothing is known; of `later` months only those that are needed."""
    columns = ["customer_id", *ATTRIBUTES]
    found = [origins.select(columns).join(newcomers.lazy(), on="customer_id", how="semi").collect()]
    missing = newcomers.join(found[0], on="customer_id", how="anti")
    while missing.height and (month := next(later, None)) is not None:
        found.append(month.select(columns).join(missing.lazy(), on="customer_id", how="semi").collect())
        missing = missing.join(found[-1], on="customer_id", how="anti")
    known = pl.concat(found).unique("customer_id", keep="first", maintain_order=True)
    return (
        newcomers.lazy()
        .join(known.lazy(), on="customer_id", how="left", maintain_order="left")
        .select(columns)
    )


def changed(states: pl.LazyFrame, changes: pl.LazyFrame) -> pl.LazyFrame:
    """The states of customers with the attributes of the latest of some changes."""
    latest = changes.sort("updated_at").unique("customer_id", keep="last", maintain_order=True)
    new = [pl.col(name).alias(f"new_{name}") for name in ATTRIBUTES]
    now = latest.select("customer_id", pl.lit(value=True).alias("has_changed"), *new)
    attributes = [
        pl.when(pl.col("has_changed").is_not_null()).then(f"new_{name}").otherwise(name).alias(name)
        for name in ATTRIBUTES
    ]
    return (
        states.join(now, on="customer_id", how="left", maintain_order="left")
        .with_columns(attributes)
        .drop("has_changed", *(f"new_{name}" for name in ATTRIBUTES))
    )
