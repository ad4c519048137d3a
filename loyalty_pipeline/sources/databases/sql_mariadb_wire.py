"""What pymysql is told to leave alone, and the text in which values come then, as columns of the declared types."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

import pyarrow as pa

from loyalty_pipeline.sources.databases.sql_values import INSTANT, TEXT, Misfit, as_text

FLAGS = {"0": False, "1": True, b"\x00": False, b"\x01": True, None: None}
Wire = Sequence[str | bytes | None]


def encoders() -> Mapping[type, Any]:
    """How values are bound. That nothing is said of how they are decoded leaves them as the server's text."""
    known = import_module("pymysql.converters").conversions.items()
    return {kind: encode for kind, encode in known if not isinstance(kind, int)}


def streaming_cursor() -> type:
    """A cursor that takes rows as they come. Where the connection is lost it does not ask for the rest of them."""
    unbuffered = import_module("pymysql.cursors").SSCursor

    def read_next(self: Any) -> Any:
        try:
            return unbuffered.read_next(self)
        except Exception:
            self._result.unbuffered_active = False
            raise

    return type("StreamingCursor", (unbuffered,), {"read_next": read_next})


def from_wire(values: Wire, form: pa.DataType) -> pa.Array:
    """The values as the type, exactly. Raises `Misfit` where one has no place in it: 2 in a flag, the day 0000-00-00."""
    if form == TEXT:
        return as_text(values)
    try:
        if pa.types.is_binary(form):
            return pa.array(values, form)
        if pa.types.is_boolean(form):
            return pa.array([FLAGS[value] for value in values], form)
        return _read(values, form)
    except (ValueError, TypeError, KeyError, pa.ArrowNotImplementedError) as error:
        raise Misfit from error


def _read(values: Wire, form: pa.DataType) -> pa.Array:
    if any(isinstance(value, bytes) for value in values):
        # Only BIT comes as bytes, the highest first.
        numbers = [None if value is None else int.from_bytes(value) for value in values]  # type: ignore[arg-type]
        return pa.array(numbers, form)
    text = pa.array(values, TEXT)
    return text.cast(INSTANT).cast(form) if pa.types.is_timestamp(form) else text.cast(form)
