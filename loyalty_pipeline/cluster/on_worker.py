"""What runs in the process of a worker: some tasks one after the other, none for longer than it may take."""

import faulthandler
import os
import pickle
import socket
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from threading import Lock
from time import monotonic
from traceback import format_exception
from typing import Any
from uuid import uuid4

from distributed import get_worker
from distributed.protocol.pickle import loads

from loyalty_pipeline.cluster.workers import ClusterError
from loyalty_pipeline.faults import SourceError
from loyalty_pipeline.storage.files import write_whole
from loyalty_pipeline.storage.place import Place

ONE = Lock()
"""A task may need much of the machine's memory, so a process holds one, however many threads its worker has."""
SPELL = 0.2
"""Seconds after which a worker gives back what it has done: small tasks come in bundles, and others wait for what they made."""


@dataclass(frozen=True)
class Mark:
    """A file in the folder that all share, and what stands in it: who reads that sees the same folder."""

    path: Place
    token: str


@dataclass(frozen=True)
class Failed:
    """What a task raised, and where. Another worker `may_try`: it was for want of storage, network or memory."""

    fault: Exception
    told: str
    may_try: bool
    worker: str


def done(told: bytes, mark: Mark, seconds: float) -> list[Any]:
    """What a function makes of its arguments, one after the other, or `Failed`; `told` has them all, pickled.

    Less than all of them where it has taken `SPELL` or one has failed. A process that takes longer than `seconds` for one is ended,
    with the lines it stood at in its log: nothing else stops what hangs in a library.
    """
    with ONE:
        made: list[Any] = []
        try:
            faulthandler.dump_traceback_later(seconds, exit=True)
            _check(mark)
            function, arguments = _read(told)
            until = monotonic() + SPELL
            for argument in arguments:
                faulthandler.dump_traceback_later(seconds, exit=True)
                made.append(function(argument))
                if monotonic() >= until:
                    break
        except MemoryError as fault:
            message = f"{_here()} has too little memory for it: {fault}"
            made.append(_failed(ClusterError(message), fault, may_try=True))
        except Exception as fault:  # noqa: BLE001 - whatever it is, it is raised where the run is
            made.append(_failed(fault, fault, may_try=isinstance(fault, (OSError, SourceError))))
        finally:
            faulthandler.cancel_dump_traceback_later()
        return made


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


def _read(told: bytes) -> tuple[Callable[[Any], Any], list[Any]]:
    try:
        function, arguments = loads(told)
    except Exception as fault:  # noqa: BLE001 - whatever it is, the code there is another
        message = f"{_here()} cannot read what it is to do: {fault}. Has it the code of this run?"
        raise ClusterError(message) from None
    return function, arguments


def _failed(fault: Exception, cause: Exception, *, may_try: bool) -> Failed:
    told = "".join(format_exception(cause))
    return Failed(_sendable(fault), told, may_try, _address())


def _address() -> str:
    """That of the worker that this process is; empty in another."""
    try:
        return str(get_worker().address)
    except ValueError:
        return ""


def _sendable(fault: Exception) -> Exception:
    """The fault, or one of the same words where it cannot be told to another process: its class may ask for more than words."""
    try:
        pickle.loads(pickle.dumps(fault))  # noqa: S301 - of this process
    except Exception:  # noqa: BLE001 - as above
        return RuntimeError(f"{type(fault).__name__}: {fault}")
    return fault


@cache
def _check(mark: Mark) -> None:
    """Raise `ClusterError` where the folder is not the one that the run has. Asked once a process: workers may come late."""
    try:
        seen = mark.path.read_bytes().decode()
    except (OSError, SourceError) as fault:
        message = f"{_here()} does not see {mark.path.parent}: {fault}"
        raise ClusterError(message) from None
    if seen != mark.token:
        message = f"{_here()} has another folder at {mark.path.parent}"
        raise ClusterError(message)


def _here() -> str:
    return f"worker {socket.gethostname()}, process {os.getpid()},"
