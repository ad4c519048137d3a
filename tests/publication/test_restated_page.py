"""What Dagster shows of restatements on the page of the snapshot."""

from datetime import date
from pathlib import Path

from loyalty_pipeline.orchestration.snapshot import _facts
from loyalty_pipeline.publication.brief import Brief, Large
from loyalty_pipeline.publication.snapshot import Publication

PLACE = {"period": "quarter", "period_start": date(2024, 4, 1), "segment_by": "plan", "segment_value": "a|b"}
LARGE = Large(
    table="mrr_growth",
    **PLACE,  # type: ignore[arg-type]
    cohort=None,
    row=None,
    measure="closing_mrr",
    unit="reporting currency / month",
    old=1200.5,
    new=None,
    change=None,
    cause="late data",
    reason="late data in invoices",
)


def published(restated: Brief) -> Publication:
    return Publication("1234", "5678", is_changed=True, folder=Path("1234"), rows={}, restated=restated)


def test_the_page_of_a_snapshot_tells_how_many_numbers_it_restates_and_the_largest() -> None:
    facts = _facts(published(Brief(1, {"late data": 1}, (LARGE,))))
    assert facts["restatements"] == 1
    assert facts["largest_restatements"].value.splitlines()[-1] == (
        r"| mrr_growth.closing_mrr of quarter from 2024-04, plan a\|b | 1,200.50 -> none | late data in invoices |"
    )


def test_the_page_of_a_snapshot_that_restates_nothing_has_no_table_of_restatements() -> None:
    facts = _facts(published(Brief()))
    assert facts["restatements"] == 0
    assert "largest_restatements" not in facts
