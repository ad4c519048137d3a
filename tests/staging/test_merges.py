"""Merges: chains followed to their root."""

import polars as pl
import pytest

from loyalty_pipeline.faults import DataFault
from loyalty_pipeline.sources.crm import Customer
from loyalty_pipeline.staging.merges import Merge, merged, merges
from tests.whiteboard import rows, table


def chain(**into: str | None) -> pl.LazyFrame:
    records = [{"customer_id": record, "merged_into_customer_id": target} for record, target in into.items()]
    return table(Customer, *records, created_at="2023-01-01")


def test_a_chain_is_followed_to_its_root() -> None:
    assert rows(merges(chain(a="b", b="c", c=None)), "record_id", "customer_id") == [("a", "c"), ("b", "c")]


def test_a_merge_that_was_taken_back_is_gone() -> None:
    again = chain(a=None).with_columns(updated_at=pl.col("updated_at") + pl.duration(days=1))
    assert rows(merges(pl.concat([chain(a="b", b=None), again])), "record_id") == []


def test_a_cycle_stops_the_run_and_says_which_records_form_it() -> None:
    with pytest.raises(DataFault) as fault:
        merges(chain(a="b", b="c", c="b"))
    assert str(fault.value) == (
        "customers.merged_into_customer_id: merges must not form a cycle (b -> c -> b). "
        "Clear merged_into_customer_id of the record that should remain, at its source, and run again"
    )


def test_a_record_that_was_never_merged_stands_for_itself() -> None:
    roots = table(Merge, {"record_id": "a", "customer_id": "root"})
    found = merged(pl.LazyFrame({"customer_id": ["a", "b"]}), roots)
    assert rows(found, "customer_id") == ["b", "root"]
