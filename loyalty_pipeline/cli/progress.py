"""How far a run is, on stderr: a bar for who watches, and lines now and then for who reads later what a cluster did."""

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import timedelta
from threading import Event, Thread
from time import monotonic

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

from loyalty_pipeline.pipeline import Told

LINE_EVERY = 30.0
"""Seconds between two lines, also while nothing comes back: the log of a pod says when it stood still."""


def progress(cluster: str | None = None) -> AbstractContextManager[Told]:
    """What a run calls while it goes on: a bar where stderr is a terminal, else lines where a cluster does the tasks, else nothing."""
    if sys.stderr.isatty():
        return _bar()
    return _lines() if cluster else nullcontext(_silent)


def _silent(*_: object) -> None:
    """Nobody is told."""


@contextmanager
def _bar() -> Iterator[Told]:
    # The words last: they are of many lengths, and would push the bar to and fro.
    columns = (
        SpinnerColumn(),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        bar = shown.add_task("landing", total=None)
        yield lambda name, done, of: shown.update(bar, description=name, completed=done, total=of)


@contextmanager
def _lines() -> Iterator[Told]:
    began, over, latest = monotonic(), Event(), ["landing"]

    def told(name: str, done: int, of: int) -> None:
        latest[0] = f"{done:,} of {of:,} tasks done: {name}" if of > 1 else name

    def write() -> None:
        while not over.wait(LINE_EVERY):
            typer.echo(f"{timedelta(seconds=int(monotonic() - began))} {latest[0]}", err=True)

    writing = Thread(target=write, daemon=True, name="progress")
    writing.start()
    try:
        yield told
    finally:
        over.set()
        writing.join()
