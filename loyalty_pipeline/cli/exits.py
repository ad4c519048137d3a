"""Exit codes, and errors said in a sentence instead of a traceback."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from loyalty_pipeline.faults import DataFault, SourceError
from loyalty_pipeline.lake.audit import ContractBroken
from loyalty_pipeline.lake.lock import Locked
from loyalty_pipeline.publication.snapshot import PublicationConflict
from loyalty_pipeline.settings import SettingsError

CODES: dict[type[Exception], int] = {
    DataFault: 1,
    ContractBroken: 1,
    SettingsError: 2,
    SourceError: 3,
    OSError: 3,
    Locked: 4,
    PublicationConflict: 4,
}
"""0 is success, 1 bad data, 2 wrong settings or arguments, 3 a source or disk that fails, 4 a lake in use."""
INTERRUPTED, PIPE_CLOSED = 130, 141
"""What shells expect of a program that Ctrl-C ended, and of one whose reader went away."""


EXPECTED: tuple[type[BaseException], ...] = (*CODES, KeyboardInterrupt)


@contextmanager
def said(afterwards: str = "") -> Iterator[None]:
    """Turn what is expected to go wrong into its message on stderr and its exit code.

    `afterwards` says how things stand then.
    """
    try:
        yield
    except BrokenPipeError:
        # Who read what was told has seen enough. Python would complain again when it closes the pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(PIPE_CLOSED) from None
    except EXPECTED as fault:
        typer.echo(f"loyalty: {_told(fault)}", err=True)
        if afterwards:
            typer.echo(afterwards, err=True)
        codes = (code for kind, code in CODES.items() if isinstance(fault, kind))
        raise SystemExit(next(codes, INTERRUPTED)) from None


def _told(fault: BaseException) -> str:
    if isinstance(fault, KeyboardInterrupt):
        return "interrupted"
    if isinstance(fault, OSError):
        place = f"{fault.filename}: " if fault.filename else ""
        if "://" in place:
            return f"{place}{fault.strerror}. Run again: what can be made again will be."
        return f"{place}{fault.strerror or fault}. Check that the disk has room and that the folder may be written"
    return str(fault)
