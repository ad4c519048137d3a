"""What a night lands of a landing that another one has read before."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from loyalty_pipeline.pipeline import extract
from loyalty_pipeline.settings import Settings

from .landed import lay

SYNCED = {"_fivetran_synced": "2024-03-01 06:00:00"}
pytestmark = pytest.mark.slow


def landed(folder: Path, landing: str) -> dict[str, int]:
    """How many rows of each table are new."""
    source = {"url": str(folder / "landing"), "landing": landing}
    settings = Settings(sources={"it": source}, data_dir=folder / "data", as_of=date(2024, 5, 1))
    report = extract(settings)
    return {name: table.accepted for name, table in report.tables.items() if table.accepted}


def billed(load: str, total: int = 1999) -> dict[str, list[dict[str, Any]]]:
    """One invoice as dlt lands it: each load gives all rows new ids."""
    row = {"_dlt_load_id": load, "_dlt_id": f"row {load}"}
    invoice = {
        "id": "in_1",
        "customer": "cus_1",
        "status": "open",
        "created": 1_706_745_600,
        "currency": "eur",
        "total": total,
    }
    line = {
        "id": "il_1",
        "amount": total,
        "currency": "eur",
        "_dlt_parent_id": f"row {load}",
        "_dlt_id": f"line {load}",
    }
    return {
        "customers": [{"id": "cus_1", "created": 1_706_745_600} | row],
        "invoices": [invoice | row],
        "invoices__lines__data": [line],
    }


def test_another_load_of_the_same_brings_nothing_and_a_change_only_itself(tmp_path: Path) -> None:
    lay(tmp_path / "landing", **billed("1"))
    assert landed(tmp_path, "dlt_stripe") == {"customers": 1, "invoices": 1, "invoice_lines": 1}
    lay(tmp_path / "landing", **billed("2"))
    assert landed(tmp_path, "dlt_stripe") == {}
    lay(tmp_path / "landing", **billed("3", total=999))
    assert landed(tmp_path, "dlt_stripe") == {"invoices": 1, "invoice_lines": 1}


def test_a_table_that_is_joined_changes_a_row_whose_own_did_not(tmp_path: Path) -> None:
    ticket = {"id": 7, "requester_id": 1, "status": "open", "created_at": "2024-02-01"} | SYNCED
    user = {"id": 1, "role": "end-user", "created_at": "2024-01-01"} | SYNCED
    # The landing brings no billing: those tables are empty files beside it.
    folder = lay(tmp_path / "landing", ticket=[ticket], user=[user], invoices=[], invoice_lines=[])
    assert landed(tmp_path, "fivetran_zendesk") == {"customers": 1, "support_tickets": 1}
    lay(
        folder,
        ticket_comment=[{"id": 1, "ticket_id": 7, "user_id": 2, "public": True, "created": "2024-02-02"}],
    )
    assert landed(tmp_path, "fivetran_zendesk") == {"support_tickets": 1}
