"""A real MariaDB server for tests: an ordinary user's, in a folder of its own, on a free port of this machine only.

It stands in a zone that nobody lives in, so that whatever depends on the server's zone shows. Debian's packages
`mariadb-server-core` and `mariadb-client-core` are enough: unlike `mariadb-server` they start no service.
"""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

import pytest

PROGRAMS = ("mariadbd", "mariadb-install-db", "my_print_defaults")
MISSING = "MariaDB's server is not here: apt-get install mariadb-server-core mariadb-client-core"
USER, PASSWORD = "reader", "s3cret p@ss/w:rd%"
SECONDS_TO_START = 60
# Kept from before the settings of this machine are taken away.
IS_REQUIRED = os.environ.get("TEST_SERVERS") == "required"


@dataclass(frozen=True)
class MariaDb:
    """A server that runs."""

    process: subprocess.Popen[bytes]
    folder: Path
    port: int

    def address(self, database: str = "", user: str = USER, password: str = PASSWORD) -> str:
        """As a person would write it into the settings."""
        login = f"{quote(user, safe='')}:{quote(password, safe='')}"
        return f"mysql+pymysql://{login}@127.0.0.1:{self.port}/{database}"

    def connect(self, database: str | None = None):
        """A connection that may do everything, and commits at once; in UTC, and with dates as text."""
        import pymysql  # noqa: PLC0415 - whoever has no server needs no driver

        return pymysql.connect(
            unix_socket=str(self.folder / "socket"),
            user="root",
            database=database,
            autocommit=True,
            charset="utf8mb4",
            init_command="SET time_zone = '+00:00', sql_mode = 'ALLOW_INVALID_DATES'",
        )

    def execute(self, *statements: str, database: str | None = None) -> None:
        """Run some statements."""
        with closing(self.connect(database)) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)


@dataclass(frozen=True)
class Database:
    """A database of its own on a server."""

    server: MariaDb
    name: str

    @property
    def address(self) -> str:
        """As a person would write it into the settings."""
        return self.server.address(self.name)

    def execute(self, *statements: str) -> None:
        """Run some statements."""
        self.server.execute(*statements, database=self.name)

    def insert(self, table: str, rows: list[tuple]) -> None:
        """Insert rows of as many values as the table has columns."""
        places = ", ".join(["%s"] * len(rows[0]))
        with closing(self.server.connect(self.name)) as connection, connection.cursor() as cursor:
            cursor.executemany(f"INSERT INTO {table} VALUES ({places})", rows)  # noqa: S608 - our own


@contextmanager
def running() -> Iterator[MariaDb]:
    """A server of its own. Skips the test where there is none to start, unless servers are required."""
    if missing := [program for program in PROGRAMS if not _found(program)]:
        if IS_REQUIRED:
            pytest.fail(f"{MISSING} ({', '.join(missing)} not found)")
        pytest.skip(MISSING)
    folder = Path(tempfile.mkdtemp(prefix="mariadb-"))
    try:
        server = _started(folder)
        try:
            yield server
        finally:
            # What it holds is thrown away with the folder.
            server.process.kill()
            server.process.wait()
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariaDb]:
    """One server for all tests of a worker that ask for it."""
    with running() as server:
        yield server


@pytest.fixture
def database(mariadb: MariaDb) -> Iterator[Database]:
    """An empty database."""
    name = f"shop_{uuid4().hex[:8]}"
    mariadb.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
    yield Database(mariadb, name)
    mariadb.execute(f"DROP DATABASE {name}")


def _started(folder: Path) -> MariaDb:
    data = folder / "data"
    if os.geteuid() == 0:
        shutil.chown(folder, "nobody")
    install = ["mariadb-install-db", "--no-defaults", f"--datadir={data}", "--skip-test-db"]
    installed = _run([*install, "--auth-root-authentication-method=normal"], folder)
    assert installed.wait() == 0, (folder / "log").read_text()
    port = _free_port()
    process = _run(
        [
            "mariadbd",
            "--no-defaults",
            f"--datadir={data}",
            f"--socket={folder / 'socket'}",
            f"--pid-file={folder / 'pid'}",
            f"--port={port}",
            "--bind-address=127.0.0.1",
            "--skip-networking=0",
            "--skip-name-resolve",
            "--default-time-zone=+05:45",
            "--innodb-flush-log-at-trx-commit=0",
            "--innodb-buffer-pool-size=32M",
            "--innodb-log-file-size=16M",
            "--innodb-flush-method=nosync",
        ],
        folder,
    )
    server = MariaDb(process, folder, port)
    _wait_for(server)
    login = f"{USER}@127.0.0.1"
    server.execute(f"CREATE USER {login} IDENTIFIED BY '{PASSWORD}'", f"GRANT ALL ON *.* TO {login}")
    return server


def _run(command: list[str], folder: Path) -> subprocess.Popen[bytes]:
    # The server refuses to be root's.
    identity = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(
            [_found(command[0]) or command[0], *command[1:]],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=folder,
            **identity,
        )


def _found(program: str) -> str | None:
    return shutil.which(program, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/bin"]))


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _wait_for(server: MariaDb) -> None:
    until = time.monotonic() + SECONDS_TO_START
    log = server.folder / "log"
    while b"ready for connections" not in log.read_bytes():
        if server.process.poll() is not None or time.monotonic() > until:
            server.process.kill()
            server.process.wait()
            pytest.fail(f"MariaDB does not start: {log.read_text()[-2000:]}")
        time.sleep(0.05)
