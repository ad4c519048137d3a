"""A cluster that was found fit for the work: reached, of the same versions, with workers that see the same folder."""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
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
    from distributed.versions import get_versions

    from loyalty_pipeline.cluster.certificates import refuse_without_certificates
    from loyalty_pipeline.cluster.dask_workers import DaskWorkers
    from loyalty_pipeline.cluster.members import answers, members
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
        mark = Mark(folder / f"mark-{uuid4().hex}", uuid4().hex)
        # What a killed run left.
        _clear(folder)
        write_whole(mark.path, mark.token.encode())
        try:
            _await_fit(client, mark, connect_seconds)
            yield DaskWorkers(client, mark, connect_seconds, task_seconds)
        finally:
            # The next run does where storage is gone, and what went wrong before is what has to be told.
            with suppress(OSError, SourceError):
                _clear(folder)
    finally:
        _let_go(client, connect_seconds)


def _clear(folder: Place) -> None:
    """Remove all marks and answers: whoever has the lock of the data folder is alone with them."""
    remove_files(folder / name for name in names_in(folder))


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


def _await_fit(client: Client, mark: Mark, seconds: float) -> None:
    """Return once there are workers that are fit. Raises `ClusterError` where one is not, or none answers in so many seconds.

    All may go while they are asked: a scheduler that stood still takes its workers for lost, and has them start anew.
    """
    until = monotonic() + seconds
    while not _are_fit(client, mark, seconds):
        if monotonic() >= until:
            message = f"workers of {client.scheduler.address} are not fit: none of them answered within {seconds:g} s"
            raise ClusterError(message)
        sleep(PAUSE)
        _await_worker(client, seconds)


def _are_fit(client: Client, mark: Mark, seconds: float) -> bool:
    """Whether there were any to ask, until the last question."""
    workers = members(client, seconds)
    versions = _versions(client, workers, seconds)
    _refuse_other_versions(client, versions, seconds)
    seen = _seen(client, versions, mark, seconds)
    _refuse_unfit_workers(client, {at: workers[at]["nthreads"] for at in versions}, seen)
    return bool(seen)


def _versions(client: Client, workers: Iterable[str], seconds: float) -> dict[str, dict[str, Any]]:
    """What each worker has installed."""
    question = {"op": "versions", "packages": PACKAGES}

    def ask(at: str) -> dict[str, Any] | None:
        told: dict[str, dict[str, Any]] = client.sync(
            client.scheduler.broadcast, msg=question, workers=[at], on_error="ignore"
        )
        return told.get(at)

    return answers(client, workers, ask, "tell its versions", seconds)


def _refuse_other_versions(client: Client, versions: dict[str, dict[str, Any]], seconds: float) -> None:
    ask = partial(client.sync, client.scheduler.versions, packages=PACKAGES)
    told = {"the scheduler": within(seconds, ask, "tell its versions")}
    told |= {f"worker {at}": version for at, version in versions.items()}
    ours = _named(get_versions(PACKAGES))
    faults = [
        f"{who} has {f'{name} {theirs}' if theirs else f'no {name}'} and this process {version}"
        for who, found in told.items()
        for name, version in ours.items()
        if (theirs := _named(found).get(name, "")) != version
    ]
    if faults:
        message = f"{client.scheduler.address}: {'; '.join(faults)}. Install the same everywhere"
        raise ClusterError(message)


def _named(told: dict[str, Any]) -> dict[str, str]:
    packages = told["packages"]
    python = ".".join(str(packages["python"]).split(".")[:2])
    return {"python": python} | {name: packages.get(name) or "" for name in PACKAGES}


def _seen(client: Client, workers: Iterable[str], mark: Mark, seconds: float) -> dict[str, Any]:
    """What each worker wrote to the folder it has, and where; or what it raised."""

    def ask(at: str) -> Any:
        told = client.run(answered, mark, workers=[at], on_error="return").get(at)
        # It cannot be reached: it goes.
        return None if isinstance(told, OSError) else told

    return answers(client, workers, ask, "show whether it sees the data folder", seconds)


def _refuse_unfit_workers(client: Client, threads: dict[str, int], seen: dict[str, Any]) -> None:
    """Every worker does one task at a time, and wrote a file, which must be found in the folder that this process has."""
    faults = [
        f"{at} would do {count} tasks at a time: start it with --nthreads 1, for polars uses all cores for one"
        for at, count in threads.items()
        if count > 1
    ]
    for at, answer in seen.items():
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
