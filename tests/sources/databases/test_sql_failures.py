import sys
import traceback
from pathlib import Path
from urllib.parse import quote

import pytest
import sqlalchemy as sa

from loyalty_pipeline.faults import SourceError
from loyalty_pipeline.sources.databases import sql_reading
from loyalty_pipeline.sources.databases.sql import SqlDatabase

from ...servers.mariadb import PASSWORD, USER, running
from .shops import rows_in, selection

SECRETS = (PASSWORD, quote(PASSWORD, safe=""), "wrong-secret")


def failure(address, act=SqlDatabase.relations):
    """What is said where it fails, which holds no secret, and neither does its trace."""
    with pytest.raises(SourceError) as failed, SqlDatabase.connect(address) as look:
        act(look)
    said = str(failed.value)
    trace = "".join(traceback.format_exception(failed.value))
    for secret in (*SECRETS, USER):
        assert secret not in said
    for secret in SECRETS:
        assert secret not in trace
    assert "\n" not in said
    return said


def test_the_look_tells_where_it_is_without_user_and_password(database):
    with SqlDatabase.connect(database.address) as look:
        place = f"mysql://127.0.0.1:{database.server.port}/{database.name}"
        assert look.place == place
        assert repr(look) == f"SqlDatabase('{place}')"


def test_no_server(database):
    address = database.address.replace(str(database.server.port), "1")
    assert failure(address) == f"mysql://127.0.0.1:1/{database.name}: no server answers there."


def test_an_unknown_host():
    said = failure(f"mysql://{USER}:wrong-secret@no-such-host.invalid/shop")
    assert said == "mysql://no-such-host.invalid/shop: no server answers there."


def test_a_wrong_password_and_an_unknown_user(mariadb):
    for address in (mariadb.address("shop", USER, "wrong-secret"), mariadb.address("shop", user="nobody")):
        assert failure(address).endswith("/shop: the server refuses the user or the password.")


def test_an_unknown_database(mariadb):
    assert failure(mariadb.address("no_such_shop")).endswith("/no_such_shop: there is no such database.")


def test_an_option_that_the_driver_does_not_know(database):
    said = failure(f"{database.address}?colour=red")
    assert "colour" in said


@pytest.mark.parametrize(
    "address",
    [
        "",
        "no address",
        "mysql://u:wrong-secret@host:port/shop",
        f"mysql:/{USER}:wrong-secret@host",
        "://wrong-secret",
    ],
)
def test_an_address_that_is_none_is_not_repeated(address):
    assert "cannot be read" in failure(address)


def test_a_driver_that_is_not_installed_is_named_with_its_extra(monkeypatch):
    for module in [name for name in sys.modules if name.split(".")[0] == "pymysql"]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "pymysql", None)
    said = failure(f"mysql://{USER}:wrong-secret@host/shop")
    assert "pymysql is not installed" in said
    assert "pip install 'loyalty-pipeline[sql]'" in said


@pytest.mark.parametrize(
    ("address", "module"),
    [("oracle+cx_oracle://u:wrong-secret@host/x", "cx_Oracle"), ("nosuch://host/x", "nosuch")],
)
def test_a_dialect_that_is_not_installed_is_named(address, module):
    assert f"Install the Python package that brings `{module}`" in failure(address)


def test_a_missing_sqlite_file_is_an_error_and_is_not_made(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert failure("sqlite:///shop.db") == "sqlite:///shop.db: there is no such file."
    assert list(tmp_path.iterdir()) == []
    assert "names no SQLite file" in failure("sqlite://")
    assert "names no SQLite file" in failure("sqlite:///:memory:")


def test_a_file_that_is_no_sqlite_database(tmp_path):
    path = tmp_path / "shop.db"
    path.write_text("id,name\n" * 200)
    assert (
        failure(f"sqlite:///{path}")
        == f"sqlite:///{path}: the file is not an SQLite database, or it is encrypted."
    )


def test_a_damaged_sqlite_file(sqlite):
    sqlite.execute("CREATE TABLE t (id INTEGER, name TEXT)")
    sqlite.insert("t", [(number, "x" * 100) for number in range(2_000)])
    content = bytearray(sqlite.path.read_bytes())
    content[8192:40_000] = b"\xff" * (40_000 - 8192)
    sqlite.path.write_bytes(content)
    said = failure(sqlite.address, lambda look: rows_in(look, "t"))
    assert said == f"{sqlite.address}, `t`: the file is damaged."


@pytest.fixture
def reader(mariadb, database):
    """Somebody without any right yet: the address, and how to grant one."""
    name = f"r{database.name}"
    mariadb.execute(f"CREATE USER {name}@127.0.0.1 IDENTIFIED BY 'wrong-secret'")
    database.execute("CREATE TABLE open_table (id INT, secret INT)", "CREATE TABLE closed_table (id INT)")

    def grant(right):
        mariadb.execute(f"GRANT {right} TO {name}@127.0.0.1")

    yield mariadb.address(database.name, name, "wrong-secret"), grant
    mariadb.execute(f"DROP USER {name}@127.0.0.1")


def test_a_relation_that_may_not_be_read(database, reader):
    address, grant = reader
    grant(f"SELECT ON {database.name}.open_table")
    grant(f"INSERT ON {database.name}.closed_table")
    with SqlDatabase.connect(address) as look:
        assert look.relations() == ["open_table"]
    for name in ("closed_table", "no_such_table", "mysql.user"):
        said = failure(address, lambda look, name=name: look.relation(name))
        assert f"`{name}`" in said
        assert "SELECT" in said


def test_a_user_who_may_read_all_is_told_that_there_is_no_such_relation(database, reader):
    address, grant = reader
    grant(f"SELECT ON {database.name}.*")
    with SqlDatabase.connect(address) as look:
        assert look.relation("no_such_table") is None
        assert look.relations() == ["closed_table", "open_table"]


def test_only_the_columns_that_may_be_read_are_there(database, reader):
    address, grant = reader
    grant(f"SELECT (id) ON {database.name}.open_table")
    database.execute("INSERT INTO open_table VALUES (7, 8)")
    with SqlDatabase.connect(address) as look:
        assert list(look.relation("open_table").columns) == ["id"]
        assert rows_in(look, "open_table").to_dict(as_series=False) == {"id": [7]}


def test_a_view_that_may_be_read_without_what_it_is_made_of(database, reader):
    address, grant = reader
    database.execute("CREATE VIEW v AS SELECT id FROM closed_table", "INSERT INTO closed_table VALUES (7)")
    grant(f"SELECT ON {database.name}.v")
    with SqlDatabase.connect(address) as look:
        assert rows_in(look, "v")["id"].to_list() == [7]


def test_a_relation_that_is_dropped_after_it_was_looked_at(database, tmp_path):
    database.execute("CREATE TABLE t (id INT)", "INSERT INTO t VALUES (1)")

    def act(look):
        chosen = selection(look, "t")
        database.execute("DROP TABLE t")
        look.write(chosen, tmp_path / "rows.parquet")

    assert failure(database.address, act).endswith("`t`: it is not there: it was dropped or renamed.")
    assert list(tmp_path.iterdir()) == []


def test_a_relation_whose_definition_changes_after_it_was_looked_at(database, tmp_path):
    database.execute("CREATE TABLE t (id INT, n INT)", "INSERT INTO t VALUES (1, 1)")

    def act(look):
        chosen = selection(look, "t")
        database.execute("ALTER TABLE t DROP COLUMN n, ADD COLUMN m INT")
        look.write(chosen, tmp_path / "rows.parquet")

    assert "`t`: " in failure(database.address, act)
    assert list(tmp_path.iterdir()) == []


def test_a_broken_view(database):
    database.execute("CREATE TABLE t (id INT)", "CREATE VIEW v AS SELECT id FROM t", "DROP TABLE t")
    said = failure(database.address, lambda look: rows_in(look, "v"))
    assert said.endswith("`v`: the view is broken, or its definer may not read what it is made of.")


def test_a_server_that_is_killed_while_rows_come_leaves_no_half_file(tmp_path, monkeypatch):
    with running() as server:
        server.execute("CREATE DATABASE shop")
        server.execute(
            "CREATE TABLE t (id INT PRIMARY KEY, name VARCHAR(200))",
            "INSERT INTO t SELECT seq, REPEAT('x', 200) FROM seq_1_to_100000",
            database="shop",
        )
        batch = sql_reading.Reading._batch  # noqa: SLF001 - between two batches
        seen = []

        def kills(reading, cells, texts):
            seen.append(len(cells["id"]))
            server.process.kill()
            server.process.wait()
            return batch(reading, cells, texts)

        monkeypatch.setattr(sql_reading.Reading, "_batch", kills)
        said = failure(
            server.address("shop"), lambda look: look.write(selection(look, "t"), tmp_path / "rows.parquet")
        )
        place = f"mysql://127.0.0.1:{server.port}/shop"
    assert said.startswith(f"{place}, `t`: the connection was cut.")
    assert 0 < sum(seen) < 100_000
    assert list(tmp_path.iterdir()) == []


def test_a_query_that_the_server_stops(database):
    database.execute(
        "CREATE TABLE t (id INT PRIMARY KEY)",
        "INSERT INTO t SELECT seq FROM seq_1_to_2000",
        "CREATE VIEW v AS SELECT a.id FROM t a JOIN t b JOIN t c",
    )

    def act(look):
        look._connection.exec_driver_sql("SET max_statement_time = 0.05")  # noqa: SLF001 - as a server may be set
        rows_in(look, "v", key=("id",))

    assert "`v`: the query took longer than the server allows" in failure(database.address, act)


def test_a_folder_that_is_not_there_is_no_fault_of_the_database(shop, tmp_path):
    shop.execute("CREATE TABLE t (id INTEGER)", "INSERT INTO t VALUES (1)")
    with SqlDatabase.connect(shop.address) as look, pytest.raises(FileNotFoundError):
        look.write(selection(look, "t"), tmp_path / "no_such_folder" / "rows.parquet")


def test_what_sqlalchemy_would_log_and_say_holds_no_password(database, caplog):
    caplog.set_level("DEBUG")
    with SqlDatabase.connect(database.address) as look:
        look.relations()
        with pytest.raises(sa.exc.ProgrammingError) as failed:
            look._connection.exec_driver_sql("SELECT 1 FROM no_such_table")  # noqa: SLF001
    for secret in SECRETS:
        assert secret not in caplog.text
        assert secret not in str(failed.value)


def test_no_password_is_in_the_file(database, tmp_path):
    database.execute("CREATE TABLE t (id INT)", "INSERT INTO t VALUES (1)")
    with SqlDatabase.connect(database.address) as look:
        look.write(selection(look, "t"), path := Path(tmp_path / "rows.parquet"))
    content = path.read_bytes()
    for secret in (*SECRETS, USER):
        assert secret.encode() not in content
