"""The manual of the landings says what is so."""

import re
import tomllib
from pathlib import Path

import pytest

from loyalty_pipeline.settings import Settings
from loyalty_pipeline.sources.mapping import check_mappings
from loyalty_pipeline.sources.opening import mappings_of, source_of
from loyalty_pipeline.sources.shipped import names, shipped

from .landed import by_key, lay

MANUAL = (Path(__file__).parents[3] / "docs" / "landings.md").read_text("utf-8")
SEVERAL, OWN = re.findall(r"```toml\n(.*?)```", MANUAL, flags=re.DOTALL)


@pytest.mark.parametrize("landing", names())
def test_every_landing_is_listed_with_the_tables_it_makes(landing: str) -> None:
    (line,) = re.findall(rf"^\| `{landing}` \|.*?\| ([^|]*) \|$", MANUAL, flags=re.MULTILINE)
    listed = (
        line if line != "the same" else "customers, plans, subscriptions, invoices, invoice_lines, refunds"
    )
    assert listed.split(", ") == list(shipped(landing))


def test_the_settings_for_several_landings_place_every_table() -> None:
    settings = Settings(**tomllib.loads(SEVERAL))
    check_mappings(settings.tables, settings.sources)
    placed = {
        table: source_of(settings, table)
        for name in names()
        if name != "dlt_stripe"
        for table in shipped(name)
    }
    assert (placed["customers"], placed["support_tickets"]) == ("crm", "support")
    assert {placed["invoices"], placed["interactions"]} == {"billing", "crm"}


def test_a_mapping_of_one_s_own_takes_the_place_of_the_landing_s() -> None:
    settings = Settings(**tomllib.loads(SEVERAL) | tomllib.loads(OWN))
    check_mappings(settings.tables, settings.sources)
    assert "property_tier" in mappings_of(settings, "crm")["customers"].query


def test_the_example_of_a_discount_is_what_comes_out(tmp_path: Path) -> None:
    synced = {"_fivetran_synced": "2024-03-01"}
    folder = lay(
        tmp_path / "landing",
        invoice=[{"id": "in_1", "subtotal": 3000, "tax": 0, "total": 2900} | synced],
        invoice_line_item=[
            {"id": key, "invoice_id": "in_1", "amount": amount, "currency": "eur"} | synced
            for key, amount in (("a", 1000), ("b", 2000))
        ],
    )
    amounts = [f"{row['amount']:.2f}" for row in by_key("fivetran_stripe", folder, "invoice_lines").values()]
    assert " and ".join(amounts) in re.sub(r"\s+", " ", MANUAL)
