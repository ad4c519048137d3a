"""A real PostgreSQL server of the tests' own: an ordinary user's process on a free port of the loopback."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

from tests.servers.postgres_database import OWNER, PASSWORD, PostgresDatabase
from tests.servers.postgres_programs import UNPRIVILEGED, binaries, is_root, unprivileged, within_reach

SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "20",
    "shared_buffers": "64MB",
    "max_wal_size": "4GB",
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    # Text forms must not depend on these.
    "timezone": "America/St_Johns",
    "datestyle": "SQL, DMY",
    "intervalstyle": "sql_standard",
    "bytea_output": "escape",
    "extra_float_digits": "-3",
    "max_prepared_transactions": "0",
    "jit": "off",
}
PATIENCE = 30.0


class PostgresServer:
    """A running server; `address()` says how to reach it."""

    def __init__(self, settings: dict[str, str] | None = None) -> None:
        """Make a database cluster and start it. Raises `PostgresMissingError` where there are no binaries."""
        self.folder = Path(tempfile.mkdtemp(prefix="postgres-"))
        self._process: subprocess.Popen[bytes] | None = None
        try:
            self.bin = within_reach(binaries(), self.folder)
            self._give_away()
            self._initialise()
            self._settings = SETTINGS | (settings or {})
            self.port = _free_port()
            self.start()
        except BaseException:
            self.stop()
            raise

    def address(self, database: str = "postgres", user: str = OWNER, password: str = PASSWORD) -> str:
        """A libpq URI, with the password."""
        return f"postgresql://{quote(user)}:{quote(password, safe='')}@127.0.0.1:{self.port}/{quote(database, safe='')}"

    @property
    def pid(self) -> int | None:
        """The process that all others of the server come from."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start it and wait until it answers."""
        options = [f"-c{name}={value}" for name, value in (self._settings | {"port": str(self.port)}).items()]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self.bin / "postgres", "-D", self.folder / "data", *options],
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                **unprivileged(),
            )
        self.wait()

    def wait(self) -> None:
        """Wait until it answers, also after a crash that it recovers from."""
        deadline = time.monotonic() + PATIENCE
        while self._ask("SELECT 1").returncode:
            if time.monotonic() > deadline or (self._process and self._process.poll() is not None):
                raise RuntimeError((self.folder / "log").read_text()[-2000:])
            time.sleep(0.05)

    def psql(
        self, statements: str, database: str = "postgres", user: str = OWNER, password: str = PASSWORD
    ) -> str:
        """What PostgreSQL's own client prints for some statements: no heads, no padding, `|` between columns."""
        told = self._ask(statements, self.address(database, user, password))
        if told.returncode:
            raise RuntimeError(told.stderr)
        return told.stdout

    def create_database(self, name: str) -> PostgresDatabase:
        """A new, empty database."""
        self.psql(f'CREATE DATABASE "{name}" TEMPLATE template0')
        return PostgresDatabase(self, name)

    def kill(self) -> None:
        """End the server and all of its connections as a crash would, at once."""
        for process in [self._process.pid, *_children(self._process.pid)] if self._process else []:
            os.kill(process, signal.SIGKILL)
        self._wait_for_end()

    def stop(self) -> None:
        """End it, whatever is connected, and delete its files."""
        if self._process and self._process.poll() is None:
            self._process.send_signal(signal.SIGQUIT)
        self._wait_for_end()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _wait_for_end(self) -> None:
        if self._process:
            try:
                self._process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def _ask(self, statements: str, address: str = "") -> subprocess.CompletedProcess[str]:
        command = [self.bin / "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", address or self.address()]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        environment |= {"PGCLIENTENCODING": "UTF8", "PGCONNECT_TIMEOUT": "5"}
        return subprocess.run(
            command, input=statements, capture_output=True, text=True, check=False, env=environment
        )

    def _give_away(self) -> None:
        if is_root():
            shutil.chown(self.folder, UNPRIVILEGED)
        self.folder.chmod(0o755)

    def _initialise(self) -> None:
        secret = self.folder / "password"
        secret.write_text(PASSWORD)
        command = [self.bin / "initdb", "-D", self.folder / "data", "-U", OWNER, "-A", "scram-sha-256"]
        command += [f"--pwfile={secret}", "--no-sync", "--encoding=UTF8", "--locale=C"]
        told = subprocess.run(
            command, capture_output=True, text=True, check=False, cwd=self.folder, **unprivileged()
        )
        secret.unlink()
        if told.returncode:
            raise RuntimeError(told.stderr)


def _children(process: int) -> list[int]:
    told = Path(f"/proc/{process}/task/{process}/children")
    return [int(child) for child in told.read_text().split()] if told.exists() else []


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
