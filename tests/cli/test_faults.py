"""What goes wrong ends with a sentence, an exit code, and yesterday's publication as it was."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from loyalty_pipeline.lake.audit import Breach, ContractBroken
from loyalty_pipeline.lake.lock import exclusive
from loyalty_pipeline.pipeline import nightly
from loyalty_pipeline.settings import Settings
from tests.cli.conftest import AS_OF, Said, Shop, write_minimal
from tests.landing.company import at, customer, invoice, line

UNHARMED = "Nothing was published; what was published before is as it was."


@pytest.fixture(scope="module")
def yesterday(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folders of a shop after a run."""
    folder = tmp_path_factory.mktemp("yesterday")
    write_minimal(folder / "source")
    nightly(Settings(source=str(folder / "source"), data_dir=folder / "data", as_of=AS_OF))
    return folder


@pytest.fixture
def settled(yesterday: Path, call: Callable[..., Said]) -> Shop:
    """A shop with a publication of yesterday, for runs that end before they read it."""
    return Shop(yesterday / "source", yesterday / "data", call)


@pytest.fixture
def ran(yesterday: Path, tmp_path: Path, call: Callable[..., Said]) -> Shop:
    """A shop with a publication of yesterday, whose source may change."""
    shutil.copytree(yesterday, tmp_path / "today", symlinks=True)
    return Shop(tmp_path / "today" / "source", tmp_path / "today" / "data", call)


def assert_refused(said: Said, code: int, *words: str) -> None:
    assert said.code == code, said.err
    assert said.err.startswith("loyalty: ")
    assert said.err.rstrip().endswith(UNHARMED)
    assert "Traceback" not in said.err + said.out
    assert said.out == ""
    for word in words:
        assert word in said.err


def assert_unharmed(shop: Shop, before: dict[str, bytes]) -> None:
    assert shop.published() == before
    assert before


def test_a_required_table_that_never_was_there_is_named(shop: Shop) -> None:
    (shop.source / "invoice_lines.parquet").unlink()
    assert_refused(shop.run(), 1, "invoice_lines", "required", "Add invoice_lines.parquet")
    assert not (shop.data / "metrics").exists()


def test_a_table_that_was_there_yesterday_is_missed(ran: Shop) -> None:
    before = ran.published()
    (ran.source / "invoice_lines.parquet").unlink()
    assert_refused(ran.run(), 1, "invoice_lines", "was there before")
    assert_unharmed(ran, before)


def test_a_required_column_that_is_missing_is_named(ran: Shop) -> None:
    before = ran.published()
    ran.write("invoices", [{k: v for k, v in invoice().items() if k != "currency"}])
    assert_refused(ran.run(), 1, "invoices.currency")
    assert_unharmed(ran, before)


def test_a_file_that_is_not_what_its_name_says_cannot_be_read(ran: Shop) -> None:
    before = ran.published()
    (ran.source / "invoices.parquet").write_bytes(b"this is no Parquet")
    assert_refused(ran.run(), 3, "invoices.parquet", "cannot be read as Parquet")
    assert_unharmed(ran, before)


def test_merges_that_form_a_cycle_are_shown_as_a_cycle(ran: Shop) -> None:
    before = ran.published()
    ran.write(
        "customers",
        [
            customer(1, merged_into_customer_id="c2", updated_at=at("2024-02-01")),
            customer(2, merged_into_customer_id="c1", updated_at=at("2024-02-01")),
        ],
    )
    said = ran.run()
    assert_refused(said, 1, "customers.merged_into_customer_id", "cycle", "c2 -> c1")
    assert_unharmed(ran, before)


def test_a_merge_cycle_that_is_resolved_at_the_source_lets_the_next_run_through(ran: Shop) -> None:
    cycle = [
        customer(1, merged_into_customer_id="c2", updated_at=at("2024-02-01")),
        customer(2, merged_into_customer_id="c1", updated_at=at("2024-02-01")),
    ]
    ran.write("customers", cycle)
    assert ran.run().code == 1
    ran.write("customers", [cycle[0], customer(2, merged_into_customer_id=None, updated_at=at("2024-02-02"))])
    assert ran.run().code == 0


def test_a_currency_without_rates_is_named(ran: Shop) -> None:
    before = ran.published()
    ran.write("invoices", [invoice(currency="USD", updated_at=at("2024-02-04"))])
    assert_refused(ran.run(), 1, "fx_rates", "USD")
    assert_unharmed(ran, before)


def test_more_bad_rows_than_are_allowed_stop_the_run(ran: Shop) -> None:
    before = ran.published()
    ran.write("invoice_lines", [line(), line(2, period_end=at("2024-01-01"))])
    assert_refused(ran.run(), 1, "invoice_lines", "1 of 2 rows", "max_bad_share")
    assert_unharmed(ran, before)


def test_a_source_that_is_not_there_is_named(settled: Shop) -> None:
    before = settled.published()
    said = settled.run("--source", str(settled.source / "elsewhere"))
    assert_refused(said, 3, "elsewhere is not a folder")
    assert_unharmed(settled, before)


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("LOYALTY_GROSS_MARGIN", "1.5", "gross_margin"),
        ("LOYALTY_TIMEZONE", "Berlin", "did you mean"),
        ("LOYALTY_GROS_MARGIN", "0.5", "did you mean LOYALTY_GROSS_MARGIN?"),
    ],
)
def test_a_wrong_setting_is_named_with_what_was_expected(
    settled: Shop, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, words: str
) -> None:
    before = settled.published()
    monkeypatch.setenv(variable, value)
    assert_refused(settled.run(), 2, words)
    assert_unharmed(settled, before)


@pytest.mark.parametrize("as_of", ["2024-13-01", "yesterday", "10.03.2024"])
def test_an_as_of_that_is_no_date_is_shown_one(settled: Shop, as_of: str) -> None:
    assert_refused(
        settled.run("--as-of", as_of), 2, f"as_of = {as_of} (argument): expected a date, such as 20"
    )


def test_a_settings_file_that_is_not_there_is_named(settled: Shop) -> None:
    assert_refused(settled.run("--settings", "nowhere.toml"), 2, "nowhere.toml")


def test_an_option_that_does_not_exist_is_a_usage_error(settled: Shop) -> None:
    said = settled.run("--bogus")
    assert said.code == 2
    assert "No such option" in said.err
    assert "Traceback" not in said.err


def test_a_data_folder_in_use_is_left_to_who_uses_it(settled: Shop) -> None:
    before = settled.published()
    with exclusive(settled.data):
        assert_refused(settled.run(), 4, f"is in use by process {os.getpid()}", "Wait for that run to end")
    assert_unharmed(settled, before)
    assert settled.run().code == 0


def test_a_data_folder_that_is_a_file_is_named(settled: Shop, tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("no folder")
    assert_refused(settled.run("--data-dir", str(tmp_path / "note.txt")), 3, "note.txt")


def test_ctrl_c_ends_a_run_without_a_traceback(ran: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    before = ran.published()

    def pressed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("loyalty_pipeline.pipeline.open_lake", pressed)
    assert_refused(ran.run(), 130, "interrupted")
    assert_unharmed(ran, before)


def test_a_rule_that_the_computed_tables_break_is_a_fault_with_its_name(
    ran: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ContractBroken([Breach("churn", "2024-02", "only_customers_can_churn", 7)])

    monkeypatch.setattr("loyalty_pipeline.lake.lake.Lake.compute_all", broken)
    assert_refused(
        ran.run(), 1, "churn 2024-02: only_customers_can_churn broken by 7 rows", "please report it"
    )


def test_the_exit_code_reaches_the_shell(settled: Shop) -> None:
    command = [
        sys.executable,
        "-m",
        "loyalty_pipeline.cli",
        "run",
        "--source",
        str(settled.source / "elsewhere"),
    ]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("LOYALTY_")}
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=Path(__file__).parents[2], env=environment, check=False
    )
    assert done.returncode == 3
    assert done.stdout == ""
    assert "elsewhere is not a folder" in done.stderr
    assert "Traceback" not in done.stderr
