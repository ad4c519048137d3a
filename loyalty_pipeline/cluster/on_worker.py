"""What runs in the process of a worker: one task at a time, for no longer than it may take."""

import faulthandler
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from threading import Lock
from traceback import format_exception
from typing import Any
from uuid import uuid4

from loyalty_pipeline.cluster.workers import ClusterError
from loyalty_pipeline.faults import SourceError
from loyalty_pipeline.storage.files import write_whole
from loyalty_pipeline.storage.place import Place

ONE = Lock()
"""A task may need much of the machine's memory, so a process holds one, however many threads its worker has."""


@dataclass(frozen=True)
class Mark:
    """A file in the folder that all share, and what stands in it: who reads that sees the same folder."""

    path: Place
    token: str


@dataclass(frozen=True)
class Failed:
    """What a task raised, where it would raise it again: not for want of storage or network."""

    fault: Exception
    told: str


def done(function: Callable[[Any], Any], argument: Any, mark: Mark, seconds: float) -> Any:
    """What the function makes of the argument, or `Failed`.

    A process that takes longer is ended, with the lines it stood at in its log: nothing else stops what hangs in a library. Faults of
    storage and network are raised, for the cluster to try again.
    """
    with ONE:
        _check(mark)
        faulthandler.dump_traceback_later(seconds, exit=True)
        try:
            return function(argument)
        except (OSError, SourceError):
            raise
        except Exception as fault:  # noqa: BLE001 - whatever it is, it is raised where the run is
            return Failed(fault, "".join(format_exception(fault)))
        finally:
            faulthandler.cancel_dump_traceback_later()


def answered(mark: Mark) -> tuple[str, Place]:
    """Write a file beside the mark, which whoever asked should find: its content and its path. Raises `ClusterError`."""
    _check(mark)
    content = uuid4().hex
    path = mark.path.parent / f"{mark.path.name}-{content}"
    try:
        write_whole(path, content.encode())
    except (OSError, SourceError) as fault:
        message = f"cannot write to {mark.path.parent}: {fault}"
        raise ClusterError(message) from None
    return content, path


@cache
def _check(mark: Mark) -> None:
    """Raise `ClusterError` where the folder is not the one that the run has. Asked once a process: workers may come late."""
    try:
        seen = mark.path.read_bytes().decode()
    except (OSError, SourceError) as fault:
        message = (
            f"worker {socket.gethostname()}, process {os.getpid()}, does not see {mark.path.parent}: {fault}"
        )
        raise ClusterError(message) from None
    if seen != mark.token:
        message = (
            f"worker {socket.gethostname()}, process {os.getpid()}, has another folder at {mark.path.parent}"
        )
        raise ClusterError(message)
