"""The command line over a real PostgreSQL: the way of a newcomer, what goes wrong, and what is never told."""

import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import polars as pl
import pytest

from tests.cli.conftest import Said
from tests.landing.company import at, customer
from tests.landing.shop import Shop
from tests.servers.postgres import PASSWORD, PostgresDatabase

AS_OF = "2024-03-10"
SECRET = "T0p s3cret/p@ss:w?rd#"  # noqa: S105 - of a test
"""What nothing that a run writes may hold, in any form."""


@pytest.fixture
def database(postgres: PostgresDatabase, tmp_path: Path) -> Shop:
    """A database with a customer, an invoice and its line."""
    return Shop(tmp_path / "shop", postgres.address(), postgres.psql)


@pytest.fixture
def settings(tmp_path: Path, postgres: PostgresDatabase, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings of somebody who reads the database with a secret password."""
    postgres.psql(f"drop role if exists reader; create role reader login password '{SECRET}'")
    postgres.psql(
        "grant usage on schema public to reader; grant select on all tables in schema public to reader"
    )
    monkeypatch.setenv("SHOP_PASSWORD", SECRET)
    place = postgres.address().rpartition("@")[2]
    file = tmp_path / "loyalty.toml"
    file.write_text(f'source = "postgresql://reader:${{SHOP_PASSWORD}}@{place}"\nas_of = {AS_OF}\n')
    return file


@pytest.fixture
def shop_and_settings(database: Shop, settings: Path) -> Path:
    """The settings, where the database is there."""
    assert database.made
    return settings


def test_the_demo_company_goes_into_a_database_and_its_metrics_come_out_as_from_files(
    call: Callable[..., Said], postgres: PostgresDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP", postgres.address())
    company = ["--customers", "60", "--months", "4", "--seed", "3"]
    said = call("demo", *company, "--into", "${SHOP}")
    assert (said.code, said.err) == (0, "")
    assert "16 raw tables with" in said.out
    assert call("demo", *company, "--out", "files").code == 0
    when = said.out.split("as of ")[1][:10]
    assert call("run", "--source", "${SHOP}", "--data-dir", "one", "--as-of", when).code == 0
    (tmp_path / "files" / "loyalty.toml").unlink()
    (tmp_path / "files" / "expectations").rename(tmp_path / "elsewhere")
    assert call("run", "--source", "files", "--data-dir", "two", "--as-of", when).code == 0
    names = {path.name for path in (tmp_path / "one" / "metrics").glob("*.parquet")} - {
        "validation_history.parquet"
    }
    assert len(names) > 25
    for name in sorted(names):
        one, two = (pl.read_parquet(tmp_path / folder / "metrics" / name) for folder in ("one", "two"))
        assert one.equals(two), name


def test_a_database_that_has_such_tables_already_is_left_alone(
    call: Callable[..., Said], postgres: PostgresDatabase
) -> None:
    postgres.psql("create table invoices (a int)")
    said = call("demo", "--customers", "20", "--months", "3", "--into", postgres.address())
    assert said.code == 3
    assert 'relation "invoices" already exists' in said.err
    assert postgres.psql("select count(*) from pg_tables where schemaname = 'public'").strip() == "1"


def test_init_proposes_settings_with_which_a_run_succeeds(
    call: Callable[..., Said], database: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.execute("alter table customers rename to clients")
    database.execute("alter table clients rename column customer_id to id")
    database.execute("alter table invoices rename column issued_at to invoice_date")
    said = call("init", database.settings.source)
    assert said.code == 0, said.err
    assert "ok  customers from clients, 1 columns by other names" in said.out
    assert "survey_responses (optional) was not recognised: without it nps, csat, ces" in said.out
    written = (tmp_path / "loyalty.toml").read_text()
    assert quote(PASSWORD, safe="") not in written
    assert 'columns.issued_at = "invoice_date"' in written
    monkeypatch.setenv("SOURCE_PASSWORD", PASSWORD)
    assert call("doctor", "--settings", "loyalty.toml").code == 0
    assert call("run", "--settings", "loyalty.toml", "--as-of", AS_OF).code == 0


def test_init_keeps_an_address_that_is_a_variable_and_tells_nothing_of_its_value(
    call: Callable[..., Said], database: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.execute("alter table customers rename to clients")
    monkeypatch.setenv("SHOP", database.settings.source)
    (tmp_path / "settings").mkdir()
    said = call("init", "${SHOP}", "--out", "settings/loyalty.toml")
    assert (said.code, said.err) == (0, "")
    written = (tmp_path / "settings" / "loyalty.toml").read_text()
    assert 'source = "${SHOP}"' in written
    assert 'table = "clients"' in written
    assert "127.0.0.1" not in written + said.out
    assert not [form for form in forms_of(PASSWORD) if form in written + said.out]
    assert call("doctor", "--settings", "settings/loyalty.toml").code == 0


def test_init_says_what_is_required_and_was_not_found(
    call: Callable[..., Said], database: Shop, tmp_path: Path
) -> None:
    database.execute("alter table invoices drop column currency")
    database.execute("drop table invoice_lines")
    said = call("init", database.settings.source)
    assert "??  invoices from invoices; not found: currency" in said.out
    assert "invoice_lines (required) was not recognised" in said.out
    assert "# currency is required and was not found" in (tmp_path / "loyalty.toml").read_text()


def test_init_does_not_write_over_settings(call: Callable[..., Said], database: Shop, tmp_path: Path) -> None:
    (tmp_path / "loyalty.toml").write_text("as_of = 2024-01-01\n")
    said = call("init", database.settings.source)
    assert said.code == 2
    assert "loyalty.toml is there already" in said.err
    assert (tmp_path / "loyalty.toml").read_text() == "as_of = 2024-01-01\n"
    assert call("init", database.settings.source, "--force").code == 0


def test_doctor_tells_of_each_table_and_how_fresh_it_is(
    call: Callable[..., Said], database: Shop, settings: Path, postgres: PostgresDatabase
) -> None:
    said = call("doctor", "--settings", str(settings))
    assert said.code == 0
    assert "ok   source: postgresql://127.0.0.1" in said.out
    assert "customers, changed 2024-01-10 00:00 UTC, " in said.out
    database.execute("alter table invoices rename column total to sum_total")
    database.execute("revoke select on customers from reader")
    said = call("doctor", "--settings", str(settings))
    assert said.code == 1
    assert "BAD  customers: " in said.out
    assert "BAD  customers: " in said.out
    assert "SELECT" in said.out
    assert (
        f"BAD  invoices: invoices.total: postgresql://{postgres.address().rpartition('@')[2]} invoices has no column total"
        in said.out
    )


def test_extract_tells_what_landed_and_reconcile_mends(
    call: Callable[..., Said], database: Shop, settings: Path
) -> None:
    settings.write_text(settings.read_text() + 'reconcile = "never"\n')
    said = call("extract", "--settings", str(settings))
    assert said.code == 0, said.err
    assert "customers: 1 rows read: 1 landed" in said.out
    assert "both have 1 keys" in said.out
    assert "0 tables read, 16 as they were or absent." in call("extract", "--settings", str(settings)).out
    database.insert("customers", customer(2, updated_at=at("2020-01-01")))
    assert "loyalty extract --reconcile" in call("extract", "--settings", str(settings)).out
    said = call("extract", "--settings", str(settings), "--reconcile")
    assert "comparing all keys found 1 late and 0 deleted" in said.out
    assert json.loads(call("extract", "--settings", str(settings), "--json").out)["batch"] == ""


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("alter role reader password 'another'", "password"),
        ("alter role reader nologin", "not permitted to log in"),
        ("revoke select on invoice_lines from reader", "invoice_lines"),
        ("drop table invoice_lines", "invoice_lines: the table was there before"),
        ("alter table invoices alter column total type text using total::text", "had total as number"),
        ("alter table invoices drop column total", "invoices.total: "),
        ("alter table customers alter column created_at type date", "had created_at as instant"),
    ],
)
def test_what_is_wrong_with_a_database_is_said_with_exit_code_three_and_nothing_changes(
    call: Callable[..., Said], shop_and_settings: Path, postgres: PostgresDatabase, change: str, told: str
) -> None:
    assert call("extract", "--settings", str(shop_and_settings)).code == 0
    before = kept(shop_and_settings.parent)
    postgres.psql(change)
    said = call("extract", "--settings", str(shop_and_settings))
    assert said.code == 3
    assert told in said.err
    assert "Traceback" not in said.err
    assert "Nothing landed; what landed before is as it was." in said.err
    assert kept(shop_and_settings.parent) == before
    assert not [form for form in forms_of(SECRET) if form in said.err]


def test_a_server_that_is_down_is_said_and_the_next_night_catches_up(
    call: Callable[..., Said], database: Shop, settings: Path, postgres: PostgresDatabase, tmp_path: Path
) -> None:
    assert call("run", "--settings", str(settings)).code == 0
    before = kept(tmp_path)
    text = settings.read_text()
    settings.write_text(text.replace(f":{postgres.server.port}/", ":1/"))
    said = call("run", "--settings", str(settings))
    assert said.code == 3
    assert "postgresql://127.0.0.1:1/" in said.err
    assert kept(tmp_path) == before
    settings.write_text(text)
    database.insert("customers", customer(2, updated_at=at("2024-02-01")))
    assert call("run", "--settings", str(settings)).code == 0
    customers = pl.read_parquet(tmp_path / "data" / "landing" / "customers" / "*" / "*.parquet")
    assert sorted(customers["customer_id"]) == ["c1", "c2"]


def test_nothing_that_a_run_writes_holds_a_password_or_the_user(
    call: Callable[..., Said], database: Shop, settings: Path, tmp_path: Path
) -> None:
    said = [
        call(*command, "--settings", str(settings))
        for command in (
            ["run"],
            ["run", "--json"],
            ["plan"],
            ["plan", "--json"],
            ["doctor"],
            ["doctor", "--json"],
            ["extract", "--reconcile"],
        )
    ]
    database.execute("drop table invoice_lines")
    said += [call(*command, "--settings", str(settings)) for command in (["run"], ["doctor"], ["plan"])]
    for one in said:
        assert not [form for form in forms_of(SECRET) if form in one.out + one.err]
        assert "reader" not in one.out + one.err
    written = [path for path in (tmp_path / "data").rglob("*") if path.is_file()]
    assert len(written) > 50
    for path in written:
        content = path.read_bytes()
        assert not [form for form in forms_of(SECRET) if form.encode() in content], path


def test_a_password_in_a_settings_file_is_refused_without_being_told(
    call: Callable[..., Said], database: Shop, tmp_path: Path
) -> None:
    (tmp_path / "loyalty.toml").write_text(f'source = "{database.settings.source}"\n')
    said = call("run")
    assert said.code == 2
    assert "a password must not stand in a file; write ${NAME} there" in said.err
    assert quote(PASSWORD, safe="") not in said.err


def test_a_variable_that_is_not_set_is_named(
    call: Callable[..., Said], settings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SHOP_PASSWORD")
    said = call("run", "--settings", str(settings))
    assert said.code == 3
    assert "the environment has no SHOP_PASSWORD, which the address asks for" in said.err


def kept(root: Path) -> dict[str, bytes]:
    """What readers and the next night go by."""
    return {str(path): path.read_bytes() for path in root.glob("data/*/current.json")}


def forms_of(secret: str) -> set[str]:
    """The secret as it is, as an address has it, and as JSON has it."""
    return {secret, quote(secret, safe=""), quote(secret), json.dumps(secret)[1:-1]}
