"""Merges: which customer records are one customer."""

from typing import Any

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import Table, identifier, key
from loyalty_pipeline.faults import DataFault
from loyalty_pipeline.reads import Whole
from loyalty_pipeline.sources.crm import Customer
from loyalty_pipeline.staging.versions import VERSION, current


class Merge(Table):
    """One row per customer record that was merged into another, with the root of its chain."""

    record_id = key("The record that was merged.")
    customer_id = identifier("The record at the root of its chain: the customer.")


def merges(customers: Whole[Customer]) -> dy.LazyFrame[Merge]:
    """Chains of `merged_into_customer_id` followed to their root, true for all time.

    A merge that is taken back at the source is gone here. A chain that bites its tail stops the run.
    """
    is_merged = pl.col("merged_into_customer_id").is_not_null()
    # Few records ever were: the versions of all the others stay in their files.
    ever = customers.filter(is_merged).select(pl.col("customer_id").unique()).collect().to_series()
    versions = customers.filter(pl.col("customer_id").is_in(ever.implode()))
    links = (
        current(versions.select("customer_id", "merged_into_customer_id", *VERSION), "customer_id")
        .filter(is_merged)
        .collect()
    )
    into: dict[str, str] = dict(links.iter_rows())
    roots = {record: _root(record, into) for record in into}
    return pl.LazyFrame({"record_id": list(roots), "customer_id": list(roots.values())}, schema=_SCHEMA).pipe(
        Merge.cast
    )


_SCHEMA: dict[str, Any] = {"record_id": pl.String, "customer_id": pl.String}


def _root(record: str, into: dict[str, str]) -> str:
    passed = [record]
    while (following := into.get(passed[-1])) is not None:
        if following in passed:
            rule = "merges must not form a cycle"
            raise DataFault(
                table="customers",
                rule=rule,
                column="merged_into_customer_id",
                rows=" -> ".join([*passed[passed.index(following) :], following]),
                advice="Clear merged_into_customer_id of the record that should remain, at its source, and run again",
            )
        passed.append(following)
    return passed[-1]


def merged(rows: pl.LazyFrame, merges: pl.LazyFrame) -> pl.LazyFrame:
    """The rows with the customer in place of the record."""
    roots = merges.select(customer_id="record_id", _root="customer_id")
    return (
        rows.join(roots, on="customer_id", how="left")
        .with_columns(customer_id=pl.coalesce("_root", "customer_id"))
        .drop("_root")
    )
