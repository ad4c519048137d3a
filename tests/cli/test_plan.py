"""`loyalty plan`: what it says would happen, that this then happens, and that it writes nothing."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from loyalty_pipeline.lake.store import Store
from tests.cli.conftest import AS_OF, Said, Shop
from tests.landing.company import at, customer, invoice, line


def plan(shop: Shop, *options: str) -> Said:
    words = ["--source", str(shop.source), "--data-dir", str(shop.data)]
    return shop.call("plan", *words, "--as-of", str(AS_OF), *options)


def told(shop: Shop, *options: str) -> dict[str, Any]:
    said = plan(shop, "--json", *options)
    assert (said.code, said.err) == (0, "")
    return dict(json.loads(said.out))


def contents(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Everything in a folder, with the instants at which it was last written."""
    found = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path): (path.stat().st_mtime_ns, path.read_bytes()) for path in found}


def folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_dir())


def tasks(found: dict[str, Any], kind: str) -> dict[str, list[str]]:
    return {name: list(table[kind]) for name, table in found["recompute"]["tables"].items() if table[kind]}


def verdicts(found: dict[str, Any]) -> dict[str, str]:
    return {name: raw["verdict"] for name, raw in found["extract"].items()}


def test_where_nothing_has_landed_everything_is_extracted_and_computed_and_no_folder_is_made(
    shop: Shop,
) -> None:
    found = told(shop)
    assert not shop.data.exists()
    assert {t for t, verdict in verdicts(found).items() if verdict == "read"} == {
        "customers",
        "invoices",
        "invoice_lines",
    }
    assert found["extract"]["customers"]["reasons"] == ["it has never landed"]
    assert verdicts(found)["refunds"] == "absent"
    tables = found["recompute"]["tables"]
    assert tables["churn"]["awaits"] == ["customers", "invoice_lines", "invoices"]
    assert all(table["awaits"] or table["certain"] for table in tables.values())
    assert found["publish"]["verdict"] == "certain"
    assert found["publish"]["reasons"] == ["nothing was published yet"]
    text = plan(shop).out
    assert "read: customers, invoices, invoice_lines (it has never landed)" in text
    assert not shop.data.exists()


def test_a_plan_writes_nothing(shop: Shop) -> None:
    shop.run()
    shop.write("invoice_lines", [line(amount="130.00", updated_at=at("2024-02-20"))])
    before = contents(shop.data), folders(shop.data)
    plan(shop, "--as-of", "2024-04-20")
    told(shop)
    assert (contents(shop.data), folders(shop.data)) == before


def test_after_a_run_nothing_is_planned(shop: Shop) -> None:
    shop.run()
    found = told(shop)
    assert set(verdicts(found).values()) == {"unchanged", "absent"}
    assert found["recompute"] == {"months": None, "tables": {}}
    assert (found["publish"]["verdict"], set(found["publish"]["tables"].values())) == ("no", {"no"})
    text = plan(shop).out
    assert "0 of" in text
    assert "Publish: nothing new" in text


def test_a_changed_file_is_read_and_the_tables_after_it_are_unknown_until_then(shop: Shop) -> None:
    shop.run()
    shop.write("customers", [customer(), customer(2, country="FR")])
    found = told(shop)
    assert found["extract"]["customers"] == {
        "table": "customers",
        "verdict": "read",
        "reasons": ["its file changed"],
        "rows": 1,
        "waiting": 0,
    }
    assert "invoices" not in {t for t, verdict in verdicts(found).items() if verdict == "read"}
    assert found["recompute"]["tables"]["customer_origins"]["awaits"] == ["customers"]
    assert "first_rates" not in found["recompute"]["tables"]
    assert found["publish"]["verdict"] == "certain"
    assert found["publish"]["tables"]["validation_history"] == "certain"
    assert "unknown until landed: merges, " in plan(shop).out


def test_a_changed_mapping_and_a_changed_rule_are_told_apart_from_a_changed_file(
    shop: Shop, tmp_path: Path
) -> None:
    shop.run()
    settings = tmp_path / "other.toml"
    settings.write_text('[tables.customers.values]\ncountry = "DE"\n')
    assert told(shop, "--settings", str(settings))["extract"]["customers"]["reasons"] == [
        "its mapping changed"
    ]
    rules = shop.source / "expectations"
    rules.mkdir()
    name_length = "name_length: {expect: column_value_lengths_to_be_between, column: name, min_value: 2}"
    (rules / "customers.yaml").write_text(name_length)
    found = told(shop)["extract"]["customers"]
    assert (found["verdict"], found["reasons"]) == ("read", ["its rules changed"])


def test_rows_that_wait_may_be_read_when_the_rows_they_wait_for_may_have_come(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOYALTY_MAX_BAD_SHARE", "0.6")
    shop.write("invoice_lines", [line(), line(2, invoice_id="i2")])
    shop.run()
    assert verdicts(told(shop))["invoice_lines"] == "unchanged"
    shop.write("invoices", [invoice(), invoice(2)])
    found = told(shop)["extract"]["invoice_lines"]
    assert (found["verdict"], found["waiting"]) == ("may be read", 1)
    assert found["reasons"] == ["1 rows wait for new rows of invoices"]
    assert shop.run().code == 0


def test_a_table_that_the_source_lacks_now_would_stop_the_run(shop: Shop) -> None:
    shop.run()
    (shop.source / "invoices.parquet").unlink()
    said = plan(shop)
    assert said.code == 0
    assert "missing: invoices (" in said.out
    assert "The run would stop there" in said.out
    assert shop.run().code == 1


def test_a_source_that_is_not_there_is_said_as_a_run_says_it(shop: Shop) -> None:
    said = shop.call("plan", "--source", str(shop.source / "nowhere"), "--data-dir", str(shop.data))
    assert said.code == 3
    assert "is not a folder" in said.err


def test_a_later_as_of_makes_its_months_stale_and_is_the_reason_of_a_new_snapshot(shop: Shop) -> None:
    shop.run()
    found = told(shop, "--as-of", "2024-04-05")
    assert found["recompute"]["months"] == ["2024-03", "2024-04"]
    assert tasks(found, "certain")["churn"] == ["2024-03", "2024-04"]
    assert found["publish"]["reasons"] == ["setting as_of changed: 2024-03-10 -> 2024-04-05"]
    assert found["publish"]["tables"]["churn"] == "certain"
    text = plan(shop, "--as-of", "2024-04-05").out
    assert "2024-04  never computed" in text
    assert max(len(row) for row in text.splitlines() if str(shop.source) not in row) <= 100


def test_an_earlier_as_of_drops_months(shop: Shop) -> None:
    shop.run()
    found = told(shop, "--as-of", "2024-02-20")
    assert tasks(found, "dropped")["churn"] == ["2024-03"]
    assert "dropped, for their months are no longer:" in plan(shop, "--as-of", "2024-02-20").out


def test_a_changed_setting_is_named_with_the_tables_that_read_it(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.run()
    monkeypatch.setenv("LOYALTY_GROSS_MARGIN", "0.5")
    found = told(shop)
    assert sorted(tasks(found, "certain")) == ["clv", "customer_clv", "customer_residuals"]
    assert found["recompute"]["tables"]["clv"]["certain"]["2024-03"] == [
        {
            "kind": "setting",
            "name": "gross_margin",
            "part": "",
            "change": "changed",
            "told": "setting gross_margin changed",
        }
    ]
    assert "customer_residuals, clv  2024-02..2024-03  setting gross_margin changed" in plan(shop).out


def test_what_is_planned_is_what_the_next_run_does(shop: Shop) -> None:
    shop.run()
    found = told(shop, "--as-of", "2024-04-05")
    done = json.loads(shop.run("--json", "--as-of", "2024-04-05").out)
    recomputed = {name: set(units) for name, units in done["recomputed"].items() if units}
    certain, possible = tasks(found, "certain"), tasks(found, "possible")
    assert recomputed.keys() <= {*certain, *possible}
    for name, units in recomputed.items():
        assert {*certain.get(name, [])} <= units <= {*certain.get(name, []), *possible.get(name, [])}
    assert done["is_changed"]
    assert shop.rows("churn")["period_start"].max() == date(2024, 4, 1)


def test_with_shards_it_estimates_what_tasks_would_take_in_so_many(shop: Shop) -> None:
    shop.run()
    before = plan(shop).out
    said = plan(shop, "--shards", "4")
    assert said.out.startswith(before)
    added = said.out.removeprefix(before).splitlines()
    assert (
        added[1]
        == "Memory, were the lake kept in 4 shards (it is kept in 1): an estimate from rows and columns"
    )
    assert len(added) == 2 + 5 + 1
    assert added[-1] == "  More than 1 shard would hardly lower the largest: a process alone takes 0.2 GB."
    assert "memory" not in told(shop)
    found = told(shop, "--shards", "4")["memory"]
    assert (found["shards"], found["kept_in"], found["enough"]) == (4, 1, 1)
    assert {task["table"] for task in found["tasks"]} == {*told_tables(shop)}


def test_with_shards_it_estimates_nothing_of_a_lake_that_is_not_there(shop: Shop) -> None:
    last = plan(shop, "--shards", "4").out.splitlines()[-1]
    assert last == "Memory: nothing was computed yet to estimate it from"
    assert told(shop, "--shards", "4")["memory"]["tasks"] == []


def told_tables(shop: Shop) -> list[str]:
    manifest = Store(shop.data / "lake").read()
    return [name for name, done in manifest.tasks.items() if done]
