"""A cluster that was found fit for the work: reached, of the same versions, with workers that see the same folder."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from time import monotonic, sleep
from typing import Any
from uuid import uuid4

from loyalty_pipeline.cluster.patience import within
from loyalty_pipeline.cluster.workers import ClusterError
from loyalty_pipeline.faults import SourceError
from loyalty_pipeline.storage.files import names_in, remove_files, write_whole
from loyalty_pipeline.storage.object_path import ObjectPath
from loyalty_pipeline.storage.place import Place

try:
    from distributed import Client

    from loyalty_pipeline.cluster.certificates import refuse_without_certificates
    from loyalty_pipeline.cluster.dask_workers import DaskWorkers
    from loyalty_pipeline.cluster.members import members
    from loyalty_pipeline.cluster.on_worker import Mark, answered
except ImportError as missing:
    message = f"the setting `cluster` needs the extra: pip install 'loyalty-pipeline[cluster]' ({missing})"
    raise ClusterError(message) from None

FOLDER = "cluster"
PAUSE = 0.2
"""Seconds between asking workers that all went away and asking those that came."""
PACKAGES = (
    "loyalty_pipeline",
    "polars",
    "numpy",
    "scipy",
    "dataframely",
    "dask",
    "distributed",
    "cloudpickle",
)
"""Of what driver, scheduler and workers must have the same: rows come out of the first, tasks go through the last."""


class _Client(Client):  # type: ignore[misc]
    def __del__(self) -> None:
        """Whoever reached a scheduler lets go of it. One that reached none would, when Python ends, wait for that and complain."""


@contextmanager
def cluster(
    address: str, data_dir: Place, *, connect_seconds: float, task_seconds: float
) -> Iterator[DaskWorkers]:
    """The workers of a scheduler. Raises `ClusterError`, within `connect_seconds`, for all that is wrong with them."""
    _quieten()
    folder = (data_dir if isinstance(data_dir, ObjectPath) else data_dir.absolute()) / FOLDER
    refuse_without_certificates(address)
    client = _reached(address, connect_seconds)
    try:
        _refuse_other_versions(client, connect_seconds)
        mark = Mark(folder / f"mark-{uuid4().hex}", uuid4().hex)
        # What a killed run left.
        remove_files(folder / name for name in names_in(folder))
        write_whole(mark.path, mark.token.encode())
        try:
            _refuse_unfit_workers(client, mark, connect_seconds)
            yield DaskWorkers(client, mark, connect_seconds, task_seconds)
        finally:
            # The next run does where storage is gone, and what went wrong before is what has to be told.
            with suppress(OSError, SourceError):
                remove_files([mark.path])
    finally:
        _let_go(client, connect_seconds)


def _quieten() -> None:
    """Let Dask's client not print the traces of what is told in a sentence: of a scheduler that is gone there are several.

    For good: it goes on printing them from threads of its own after it was left.
    """
    for name in ("distributed", "distributed.client", "tornado.application"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    logging.getLogger("asyncio").addFilter(_is_not_of_dask)


def _is_not_of_dask(record: logging.LogRecord) -> bool:
    """Whether it is something else than what a client left unfinished."""
    return "distributed" not in record.getMessage()


def _reached(address: str, seconds: float) -> Client:
    try:
        # Dask itself waits for ever for the first word of whoever lets it in.
        client = within(
            seconds, lambda: _Client(address, timeout=seconds, set_as_default=False, name="loyalty"), "answer"
        )
    except (ClusterError, OSError, ValueError) as fault:
        message = f"{address}: no Dask scheduler answered within {seconds:g} s. Check the setting `cluster` and the network ({fault})"
        raise ClusterError(message) from None
    try:
        _await_worker(client, seconds)
    except BaseException:
        _let_go(client, seconds)
        raise
    return client


def _await_worker(client: Client, seconds: float) -> None:
    address = client.scheduler.address

    def waited() -> None:
        try:
            client.wait_for_workers(1, timeout=seconds)
        except TimeoutError:
            message = f"{address} has no worker, and got none within {seconds:g} s: start some, such as with `dask worker {address} --nthreads 1`"
            raise ClusterError(message) from None

    within(2 * seconds, waited, "tell its workers")


def _let_go(client: Client, seconds: float) -> None:
    """Leave the cluster, whatever state it is in."""
    with suppress(ClusterError):
        within(seconds, lambda: client.close(timeout=seconds), "let go")


def _refuse_other_versions(client: Client, seconds: float) -> None:
    found = within(seconds, lambda: client.get_versions(packages=list(PACKAGES)), "tell its versions")
    ours = _versions(found["client"])
    others = {"the scheduler": found["scheduler"]} | {
        f"worker {at}": told for at, told in found["workers"].items()
    }
    faults = [
        f"{who} has {f'{name} {theirs}' if theirs else f'no {name}'} and this process {version}"
        for who, told in others.items()
        for name, version in ours.items()
        if (theirs := _versions(told).get(name, "")) != version
    ]
    if faults:
        message = f"{client.scheduler.address}: {'; '.join(faults)}. Install the same everywhere"
        raise ClusterError(message)


def _versions(told: dict[str, dict[str, str | None]]) -> dict[str, str]:
    packages = told["packages"]
    python = ".".join(str(packages["python"]).split(".")[:2])
    return {"python": python} | {name: packages.get(name) or "" for name in PACKAGES}


def _refuse_unfit_workers(client: Client, mark: Mark, seconds: float) -> None:
    """Every worker writes a file, which must be found in the folder that this process has."""
    workers = members(client, seconds)
    faults = [
        f"{at} would do {worker['nthreads']} tasks at a time: start it with --nthreads 1, for polars uses all cores for one"
        for at, worker in workers.items()
        if worker["nthreads"] > 1
    ]
    answers = _answers(client, mark, seconds)
    if not answers:
        faults.append("none of them answered")
    for at, answer in answers.items():
        if isinstance(answer, BaseException):
            faults.append(f"{at}: {answer}")
            continue
        content, path = answer
        try:
            is_seen = path.read_bytes() == content.encode()
        except FileNotFoundError:
            is_seen = False
        if not is_seen:
            faults.append(
                f"{at}: what it writes to {path.parent} does not arrive here: it has another folder of that name"
            )
        remove_files([path])
    if faults:
        message = f"workers of {client.scheduler.address} are not fit: {'; '.join(faults)}"
        raise ClusterError(message)


def _answers(client: Client, mark: Mark, seconds: float) -> dict[str, Any]:
    """What each worker answers, or raises, by its address.

    Who goes away meanwhile is no matter: workers come and go. Where all do, as after a scheduler that stood still and has them start
    anew, those that come are asked.
    """
    until = monotonic() + seconds
    while True:
        answers = within(
            seconds, lambda: client.run(answered, mark, on_error="return"), "show its workers the data folder"
        )
        staying = {at: answer for at, answer in answers.items() if not isinstance(answer, OSError)}
        if staying or monotonic() >= until:
            return staying
        sleep(PAUSE)
        _await_worker(client, seconds)
