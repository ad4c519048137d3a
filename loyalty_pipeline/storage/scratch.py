"""A folder for copies while something is made of them: always on this machine."""

import shutil
import tempfile
from pathlib import Path

from loyalty_pipeline.storage.object_path import ObjectPath
from loyalty_pipeline.storage.place import Place


def scratch_at(place: Place) -> Path:
    """An empty folder there; for a place in a store one where the system keeps temporary files (`TMPDIR`)."""
    if isinstance(place, ObjectPath):
        return Path(tempfile.mkdtemp(prefix="loyalty-"))
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    return place
