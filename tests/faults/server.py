"""Starts runs of the command line, each a process of its own, on orders that come line by line: see `runs`.

What takes seconds to import is imported once: the child of a process that has not computed anything may fork.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

import great_expectations  # noqa: F401 - for the children

import loyalty_pipeline.cli.night
import loyalty_pipeline.landing.table  # noqa: F401 - for the children
from loyalty_pipeline.catalogue import tables
from loyalty_pipeline.cli import main
from tests.faults.points import Points, killed_at, noted_in, recorded_in, stopped_at


def serve() -> None:
    """Start what is ordered and answer with its process id, or wait for its end and answer with its exit code."""
    tables()
    for line in sys.stdin:
        order = json.loads(line)
        if "wait" in order:
            _answer(os.waitstatus_to_exitcode(os.waitpid(order["wait"], 0)[1]))
            continue
        if not (child := os.fork()):
            if "command" in order:
                os.execvp(order["command"][0], order["command"])  # noqa: S606 - a child of ours
            os._exit(_ended(order))
        _answer(child)


def _answer(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def _ended(order: dict[str, Any]) -> int:
    os.environ |= order["settings"]
    sys.argv = ["loyalty", *order["words"]]
    for stream, handle in (("out", 1), ("err", 2)):
        os.dup2(os.open(order.get(stream, os.devnull), os.O_WRONLY | os.O_CREAT | os.O_TRUNC), handle)
    _prepare(order)
    try:
        main()
    except SystemExit as end:
        return int(end.code or 0)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


def _prepare(order: dict[str, Any]) -> None:
    data = Path(order["data"])
    if "kill at" in order:
        Points(data, killed_at(order["kill at"], torn=order["torn"]))
    if "stop at" in order:
        Points(data, stopped_at(order["stop at"]))
    if "note in" in order:
        Points(data, noted_in(Path(order["note in"])))
    if "record in" in order:
        Points(data, recorded_in(Path(order["record in"]), data))


if __name__ == "__main__":
    serve()
