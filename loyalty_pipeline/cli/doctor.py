"""`loyalty doctor`: what a night needs, looked at before the night."""

import os
import platform
import shutil
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from loyalty_pipeline.cli.doctor_cluster import cluster_findings
from loyalty_pipeline.cli.doctor_sources import source_findings
from loyalty_pipeline.cli.finding import Finding
from loyalty_pipeline.faults import SourceError
from loyalty_pipeline.lake.lock import Locked, exclusive
from loyalty_pipeline.settings import Settings, SettingsError
from loyalty_pipeline.storage.conditions import check_conditions
from loyalty_pipeline.storage.object_path import ObjectPath
from loyalty_pipeline.validation.entries.entry import Entry, files, read_entries

LIBRARIES = ("polars", "dataframely", "dagster", "great-expectations", "pyarrow")
ENOUGH_BYTES = 1_000_000_000


def examine(file: Path | None) -> list[Finding]:
    """Look at everything; a wrong setting ends the look, because the rest depends on it."""
    findings = [Finding("python", is_good=True, told=platform.python_version()), *_libraries()]
    try:
        settings = Settings.load(file)
    except SettingsError as wrong:
        return [*findings, Finding("settings", is_good=False, told=str(wrong))]
    told = f"as of {settings.as_of_date()}, {settings.timezone}, {settings.reporting_currency}"
    return [
        *findings,
        Finding("settings", is_good=True, told=told),
        *_expectations(settings.expectations),
        *_sources(settings),
        *_data_dir(settings),
        *cluster_findings(settings),
    ]


def _libraries() -> Iterator[Finding]:
    for library in LIBRARIES:
        try:
            yield Finding(library, is_good=True, told=version(library))
        except PackageNotFoundError:
            yield Finding(
                library,
                is_good=False,
                told="is not installed: run make demo, or pip install loyalty-pipeline",
            )


def _expectations(folder: Path | None) -> Iterator[Finding]:
    """One finding a file of expectations; a file that is wrong tells all of its faults."""
    if folder is None:
        return
    if not folder.is_dir():
        yield Finding("expectations", is_good=False, told=f"{folder} is not a folder")
        return
    for file in files(folder):
        entries, faults = read_entries(file)
        told = "\n".join(fault.told for fault in faults) if faults else _count(entries)
        yield Finding(str(file), is_good=not faults, told=told)


def _count(entries: list[Entry]) -> str:
    changed = sum(not entry.expectation for entry in entries)
    counts = {"expectation": len(entries) - changed, "rule": changed}
    told = [f"{count} {thing}{'s' if count > 1 else ''}" for thing, count in counts.items() if count]
    return ", ".join(told) + (" changed" if changed else "") if told else "no entries"


def _sources(settings: Settings) -> Iterator[Finding]:
    try:
        yield from source_findings(settings)
    except (SourceError, SettingsError) as wrong:
        yield Finding("source", is_good=False, told=str(wrong))


def _data_dir(settings: Settings) -> Iterator[Finding]:
    folder = settings.data_dir
    if isinstance(folder, ObjectPath):
        yield from _store(folder)
        return
    folder.mkdir(parents=True, exist_ok=True)
    is_writable = os.access(folder, os.W_OK)
    yield Finding(
        "data folder", is_good=is_writable, told=f"{folder} is {'' if is_writable else 'not '}writable"
    )
    free = shutil.disk_usage(folder).free
    yield Finding("disk", is_good=free > ENOUGH_BYTES, told=f"{free / 1e9:,.1f} GB free")
    try:
        with exclusive(folder):
            yield Finding("lock", is_good=True, told="free")
    except Locked as held:
        yield Finding("lock", is_good=False, told=str(held))


def _store(folder: ObjectPath) -> Iterator[Finding]:
    try:
        check_conditions(folder)
        yield Finding(
            "data folder", is_good=True, told=f"{folder} is writable, and honours conditional writes"
        )
        with exclusive(folder):
            yield Finding("lock", is_good=True, told="free")
    except Locked as held:
        yield Finding("lock", is_good=False, told=str(held))
    except SourceError as fault:
        yield Finding("data folder", is_good=False, told=str(fault))
