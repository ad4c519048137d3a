"""A fake of Stripe's API on a port of this machine, filled by requests: run as a program, it serves until it is killed."""

import base64
import json
import sys
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen

KEY = "sk_test_12345"


def serve(port: int) -> None:
    """Serve on loopback, from an empty store that is kept in memory only."""
    from aiohttp import web  # noqa: PLC0415 - it is an optional group
    from localstripe import resources, server  # noqa: PLC0415 - so is this

    resources.Store.dump_to_disk = lambda _: None
    web.run_app(server.app, host="127.0.0.1", port=port, access_log=None, print=None)


def asked(address: str, fields: Mapping[str, Any] | None = None, method: str | None = None) -> dict[str, Any]:
    """The answer to a request; with fields, one that makes or changes something."""
    sent = urlencode(fields).encode() if fields is not None else None
    credentials = base64.b64encode(f"{KEY}:".encode()).decode()
    request = Request(address, data=sent, headers={"Authorization": f"Basic {credentials}"}, method=method)  # noqa: S310
    with urlopen(request, timeout=30) as answer:  # noqa: S310
        told: dict[str, Any] = json.load(answer)
    return told


if __name__ == "__main__":
    serve(int(sys.argv[1]))
