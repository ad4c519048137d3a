"""`loyalty init` where only a variable of the environment says where the source is."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from loyalty_pipeline.sources.opening import looked_at
from tests.cli.conftest import AS_OF, Said, write_minimal
from tests.landing.shop import Shop

RENAMED = ("alter table customers rename to clients", "alter table clients rename column customer_id to id")


@pytest.fixture
def address(tmp_path: Path) -> str:
    """That of an SQLite file with a customer, an invoice and its line, two of them under other names."""
    path = tmp_path / "kept-to-themselves.db"

    def execute(statement: str) -> None:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute(statement)

    shop = Shop(tmp_path / "shop", f"sqlite:///{path}", execute)
    assert shop.made
    for statement in (*RENAMED, "alter table invoices rename to bills"):
        execute(statement)
    return shop.settings.source


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A settings file in another folder than the one that commands are called in."""
    (tmp_path / "settings").mkdir()
    return tmp_path / "settings" / "loyalty.toml"


@pytest.mark.usefixtures("elsewhere")
@pytest.mark.parametrize("out", ["loyalty.toml", "settings/loyalty.toml"])
def test_what_a_variable_alone_names_is_a_database_where_its_value_is_one(
    call: Callable[..., Said], address: str, out: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP", address)
    said = call("init", "${SHOP}", "--out", out)
    assert (said.code, said.err) == (0, "")
    assert "${SHOP}: 3 tables" in said.out
    written = Path(out).read_text()
    assert 'source = "${SHOP}"' in written
    assert 'table = "clients"' in written
    assert 'table = "bills"' in written
    assert "file =" not in written
    assert "kept-to-themselves" not in written + said.out
    assert call("doctor", "--settings", out).code == 0
    assert call("run", "--settings", out, "--as-of", str(AS_OF)).code == 0


@pytest.mark.parametrize("stated", ["${SHOP}", "${ABOVE}/source"])
def test_what_variables_name_is_files_where_their_value_is_a_folder(
    call: Callable[..., Said], elsewhere: Path, tmp_path: Path, stated: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_minimal(tmp_path / "source")
    (tmp_path / "source" / "customers.parquet").rename(tmp_path / "source" / "clients.parquet")
    monkeypatch.setenv("SHOP", str(tmp_path / "source"))
    monkeypatch.setenv("ABOVE", ".")
    said = call("init", stated, "--out", str(elsewhere))
    assert (said.code, said.err) == (0, "")
    written = elsewhere.read_text()
    assert f'source = "{stated}"' in written
    assert 'file = "clients"' in written
    assert "table =" not in written
    assert call("doctor", "--settings", str(elsewhere)).code == 0


def test_a_folder_is_written_as_it_is_seen_from_the_settings_file(
    call: Callable[..., Said], elsewhere: Path, tmp_path: Path
) -> None:
    write_minimal(tmp_path / "source")
    assert call("init", "source", "--out", str(elsewhere)).code == 0
    assert 'source = "../source"' in elsewhere.read_text()
    assert call("doctor", "--settings", str(elsewhere)).code == 0


def test_a_database_file_is_written_as_it_is_seen_from_the_settings_file(
    call: Callable[..., Said], address: str, elsewhere: Path
) -> None:
    assert call("init", f"sqlite:///{Path(address).name}", "--out", str(elsewhere)).code == 0
    assert 'source = "sqlite:///../kept-to-themselves.db"' in elsewhere.read_text()
    assert call("doctor", "--settings", str(elsewhere)).code == 0


def test_a_secret_after_the_question_mark_is_written_as_a_variable(
    call: Callable[..., Said], address: str, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("loyalty_pipeline.cli.init.looked_at", lambda _: looked_at(address))
    assert call("init", f"{address}?password=hush", "--out", str(elsewhere)).code == 0
    assert "?password=${SOURCE_SECRET}" in elsewhere.read_text()
    assert "hush" not in elsewhere.read_text()


def test_a_variable_that_is_not_set_is_named_and_nothing_is_written(
    call: Callable[..., Said], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SHOP", raising=False)
    said = call("init", "${SHOP}")
    assert said.code == 3
    assert "the environment has no SHOP, which the address asks for" in said.err
    assert not (tmp_path / "loyalty.toml").exists()
