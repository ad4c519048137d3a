"""An S3 server on this machine: moto's, with a log of its requests, and faults that are made at one of them.

It lies in the memory of the test's process, so that a server that "died" comes back with what it had.
"""

import os
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any
from urllib.parse import unquote
from urllib.request import Request as Call
from urllib.request import urlopen

import pytest

BUCKET = "loyalty"
SECRET = "kept-to-themselves/0987654321"  # noqa: S105 - what the tests look for in everything that is written
KEY_ID = "AKIDONTTELLANYONE"
REGION = "us-east-1"

DROPPED = "dropped"
Request = tuple[str, str]
"""Method and path below the bucket, with the query of a listing."""


@dataclass
class Objects:
    """The server. `before` and `after` are called around each request, with its number and what it is.

    What `before` returns is the status that the request is refused with; `DROPPED` says nothing and closes the connection.
    """

    port: int = 0
    requests: list[Request] = field(default_factory=list)
    before: Callable[[int, Request], str | None] = lambda *_: None
    after: Callable[[int, Request], None] = lambda *_: None
    _server: Any = None
    _app: Any = None

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        from moto.server import DomainDispatcherApplication, create_backend_app  # noqa: PLC0415 - as below
        from werkzeug.serving import make_server  # noqa: PLC0415 - as below

        self._app = self._app or DomainDispatcherApplication(create_backend_app)
        if not self.port:
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                self.port = free.getsockname()[1]
        self._server = make_server(
            "127.0.0.1", self.port, self._answer, threaded=True, request_handler=_quiet()
        )
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        ).start()

    def stop(self) -> None:
        """No more requests are answered; what is stored stays."""
        if self._server:
            server, self._server = self._server, None
            server.shutdown()
            server.server_close()

    def is_up(self) -> bool:
        return self._server is not None

    def undisturbed(self) -> None:
        """From now on nothing is made to go wrong, and the log is empty."""
        self.before, self.after = lambda *_: None, lambda *_: None
        self.requests.clear()

    def counts(self) -> dict[str, int]:
        """Requests by method; listings apart."""
        found: dict[str, int] = {}
        for method, path in self.requests:
            name = "LIST" if "list-type" in path else method
            found[name] = found.get(name, 0) + 1
        return found

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        query = environ.get("QUERY_STRING", "")
        path = unquote(environ["PATH_INFO"]).removeprefix(f"/{BUCKET}").removeprefix("/")
        request = (environ["REQUEST_METHOD"], f"{path}?{query}" if query else path)
        number = len(self.requests)
        self.requests.append(request)
        refusal = self.before(number, request) if self._server else DROPPED
        if refusal == DROPPED:
            raise ConnectionResetError
        if refusal:
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            start_response(refusal, [("Content-Length", "0")])
            return []
        answer = list(self._app(environ, start_response))
        self.after(number, request)
        return answer


def _quiet() -> type:
    from werkzeug.serving import WSGIRequestHandler  # noqa: PLC0415 - not every machine has it

    class Quiet(WSGIRequestHandler):
        # A connection for each request, so that one which is not answered is seen to be closed.
        protocol_version = "HTTP/1.0"

        def log(self, *_: Any) -> None:
            """Tests read the log of requests instead."""

    return Quiet


@pytest.fixture(scope="session")
def objects_server() -> Iterator[Objects]:
    """The server, started when the first test asks for it."""
    with running() as server:
        yield server


@pytest.fixture
def server(objects_server: Objects, monkeypatch: pytest.MonkeyPatch) -> Iterator[Objects]:
    """The server, undisturbed, of which the environment tells."""
    tell_clients(monkeypatch, objects_server.endpoint)
    objects_server.undisturbed()
    yield objects_server
    objects_server.undisturbed()
    if not objects_server.is_up():
        objects_server.start()


def tell_clients(environment: pytest.MonkeyPatch, endpoint: str) -> None:
    """Let the environment have what clients of a server need to know."""
    told = {
        "AWS_ACCESS_KEY_ID": KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_REGION": REGION,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ALLOW_HTTP": "true",
    }
    for name, value in told.items():
        environment.setenv(name, value)


def is_required() -> bool:
    return os.environ.get("TEST_SERVERS") == "required"


@contextmanager
def running() -> Iterator[Objects]:
    """A server with an empty bucket; where moto is not installed the tests are skipped, or fail where servers are required."""
    for library in ("moto", "flask", "obstore"):
        if find_spec(library) is None:
            message = f"no S3 server: {library} is not installed"
            (pytest.fail if is_required() else pytest.skip)(message)
    server = Objects()
    server.start()
    try:
        _make_bucket(server)
        yield server
    finally:
        server.stop()


def _make_bucket(server: Objects) -> None:
    call = Call(f"{server.endpoint}/{BUCKET}", method="PUT")  # noqa: S310 - of this machine
    with urlopen(call, timeout=10):  # noqa: S310 - as above
        server.undisturbed()
