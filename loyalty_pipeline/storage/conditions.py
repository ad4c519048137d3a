"""Whether a store honours conditional writes: one that ignores them lets two runs undo each other's work."""

from uuid import uuid4

from loyalty_pipeline.storage.faults import StoreError
from loyalty_pipeline.storage.object_path import ObjectPath
from loyalty_pipeline.storage.seen import Moved, Seen

NOBODY_S = Seen(b"", {"e_tag": '"0"', "version": "1"})
"""A version that no object has."""


def check_conditions(folder: ObjectPath) -> None:
    """Raise `StoreError` where `If-None-Match` or `If-Match` is ignored, and where nothing can be written at all."""
    probe = folder / f".conditions.{uuid4().hex[:8]}"
    probe.write_bytes(b"there")
    try:
        if not (probe.create(b"again") or _is_replaced(probe)):
            return
    finally:
        probe.unlink()
    message = (
        f"{folder}: this store ignores If-None-Match or If-Match, so two runs could undo each other's work. "
        "Take a store that honours them, or a newer version of it."
    )
    raise StoreError(message)


def _is_replaced(probe: ObjectPath) -> bool:
    try:
        probe.swap(b"other", NOBODY_S)
    except Moved:
        return False
    return True
