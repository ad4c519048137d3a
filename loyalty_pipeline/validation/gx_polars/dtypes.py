"""The names of column types: those of polars, and those of Python, numpy and pandas that say the same."""

import re
from collections.abc import Callable

import polars as pl

FAMILIES: dict[str, Callable[[pl.DataType], bool]] = {
    "int": lambda dtype: dtype.is_integer(),
    "float": lambda dtype: dtype.is_float(),
    "bool": lambda dtype: dtype == pl.Boolean,
    "str": lambda dtype: dtype == pl.String,
    "string": lambda dtype: dtype == pl.String,
    "category": lambda dtype: isinstance(dtype, pl.Categorical | pl.Enum),
    "date": lambda dtype: dtype == pl.Date,
    "time": lambda dtype: dtype == pl.Time,
    "datetime": lambda dtype: isinstance(dtype, pl.Datetime),
    "datetime64": lambda dtype: isinstance(dtype, pl.Datetime),
    "Timestamp": lambda dtype: isinstance(dtype, pl.Datetime),
    "timedelta": lambda dtype: isinstance(dtype, pl.Duration),
    "timedelta64": lambda dtype: isinstance(dtype, pl.Duration),
    "Timedelta": lambda dtype: isinstance(dtype, pl.Duration),
    "bytes": lambda dtype: dtype == pl.Binary,
    "list": lambda dtype: isinstance(dtype, pl.List | pl.Array),
    "dict": lambda dtype: isinstance(dtype, pl.Struct),
}
"""Types that one name means all of."""
NUMPY = (
    ("uint", "UInt"),
    ("int", "Int"),
    ("float", "Float"),
    ("datetime64[", "Datetime("),
    ("timedelta64[", "Duration("),
)


def is_called(dtype: pl.DataType, name: str) -> bool:
    """Whether a name is one of the type: `Decimal`, `Decimal(12, 2)`, `int64`, `datetime64[ns, UTC]`, `str`.

    Raises `ValueError` for a name that no type has.
    """
    if name in FAMILIES:
        return FAMILIES[name](dtype)
    for start, polars_start in NUMPY:
        if re.match(re.escape(start) + r"\w", name):
            name = polars_start + name.removeprefix(start).replace("]", ")")
    base = name.split("(")[0]
    known = getattr(pl, base, None)
    if not (isinstance(known, type) and issubclass(known, pl.DataType)):
        message = f"no type is called {name!r}: use a name of polars, such as {str(dtype)!r}, or one of {sorted(FAMILIES)}"
        raise ValueError(message)  # noqa: TRY004 - the name is text, as it should be
    if name == base:
        return isinstance(dtype, known)
    return _short(name) in {_short(str(dtype)), _short(str(dtype)).replace(",None)", ")")}


def _short(name: str) -> str:
    """Without keywords, quotes and spaces."""
    return re.sub(r"\w+=|['\"\s]", "", name)
