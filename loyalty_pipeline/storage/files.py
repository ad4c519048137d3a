"""Files of a place: written whole or not at all, listed and deleted. Local ones as carefully as a power cut asks for."""

import os
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from loyalty_pipeline.faults import writing
from loyalty_pipeline.storage.object_path import ObjectPath, delete
from loyalty_pipeline.storage.place import Place

PARTIAL = re.compile(r"\..+\.[0-9a-f]{8}\.partial")
"""What a local file is called while it is written."""


def write_whole(path: Place, content: bytes) -> None:
    """Write a file that is there whole or not at all, also after a power cut. Raises an `OSError` that names it."""
    if isinstance(path, ObjectPath):
        path.write_bytes(content)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with _written_aside(path, content) as partial:
        partial.replace(path)
    sync_folder(path.parent)


def create_whole(path: Path, content: bytes) -> bool:
    """The same unless the file is there; whether it was written. Of several who do at once, one writes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with _written_aside(path, content) as partial:
        try:
            path.hardlink_to(partial)
        except FileExistsError:
            return False
        except OSError:
            # A file system without links cannot say who was first.
            partial.replace(path)
    sync_folder(path.parent)
    return True


def move(path: Place, target: Place) -> None:
    """Give a file another name; in a store it is there under both for a moment."""
    if isinstance(path, ObjectPath):
        write_whole(target, path.read_bytes())
        path.unlink()
    elif isinstance(target, Path):
        target.parent.mkdir(parents=True, exist_ok=True)
        path.replace(target)
        sync_folder(target.parent)


def size_of(path: Place) -> int:
    """A file's length, without reading it; -1 where there is none."""
    if isinstance(path, ObjectPath):
        return path.size()
    try:
        return path.stat().st_size
    except (FileNotFoundError, NotADirectoryError):
        return -1


def sizes_of(folder: Place, names: Iterable[str]) -> dict[str, int]:
    """The lengths of some files right in a folder; -1 where there is none. In a store they are listed, not asked one by one."""
    if isinstance(folder, ObjectPath):
        there = {path.name: size for path, size in folder.below() if path.parent == folder}
        return {name: there.get(name, -1) for name in names}
    return {name: size_of(folder / name) for name in names}


def names_in(folder: Place) -> set[str]:
    """The names right in a folder; none where there is no folder."""
    if isinstance(folder, ObjectPath):
        return folder.names()
    try:
        return {path.name for path in folder.iterdir()}
    except (FileNotFoundError, NotADirectoryError):
        return set()


def remove_files(paths: Iterable[Place]) -> int:
    """Delete files; return how many that were."""
    doomed = list(paths)
    for path in doomed:
        if isinstance(path, Path) and (path.is_symlink() or path.exists()):
            path.unlink(missing_ok=True)
    delete(path for path in doomed if isinstance(path, ObjectPath))
    return len(doomed)


def remove_folder(folder: Place, *, ignore_errors: bool = False) -> None:
    """Delete a folder and all below it."""
    if isinstance(folder, ObjectPath):
        delete(path for path, _ in folder.below())
    else:
        shutil.rmtree(folder, ignore_errors=ignore_errors)


def clear_partials(root: Path) -> None:
    """Delete what killed runs left half-written anywhere in a folder that nobody writes to."""
    for path in root.rglob(".*.partial"):
        if PARTIAL.fullmatch(path.name):
            path.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder outlive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _written_aside(path: Path, content: bytes) -> Iterator[Path]:
    # Readers glob for *.parquet, so what is not whole yet must not end that way.
    partial = path.with_name(f".{path.name}.{uuid4().hex[:8]}.partial")
    try:
        with writing(path), partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        yield partial
    finally:
        partial.unlink(missing_ok=True)
