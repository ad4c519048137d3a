"""How a table is found in a source that names things its own way, and how its columns become those of the raw table."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from typing import Any

WHITESPACE = "whitespace"
ROW_NUMBER = "_row"
"""A column of every extract that a mapping can use: the row's number in it, from 1."""


@dataclass(frozen=True)
class TableMapping:
    """How a source's columns become those of a raw table.

    `source` names one of several sources, `table` a table or view of a database, `file` a file. `columns` names the
    source's column of a contract column; "" says that the source does not have it. `values` are constants. `separator` is
    one character or `whitespace` (a run of blanks). A file without a header has the columns `column_1`, `column_2` ...
    `date_format` (as in `strptime`) reads the days and instants that are not ISO 8601. `distinct` keeps the earliest row of
    each key, for what a source repeats on every line.

    `query` makes the rows, in SQL, of the tables that `reads` lists with the types of their columns; `one_of` are those of
    which one must be there, by default the first. `minor_units` names, for an amount of its result in cents, the column with
    the currency; `minor_digits` says where a system counts the decimals of a currency otherwise than ISO 4217.
    """

    source: str = ""
    table: str = ""
    file: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    separator: str = ","
    has_header: bool = True
    date_format: str = ""
    distinct: bool = False
    query: str = ""
    reads: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    one_of: tuple[str, ...] = ()
    minor_units: Mapping[str, str] = field(default_factory=dict)
    minor_digits: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, stated: Any) -> "TableMapping":
        """From a section `[tables.<table>]` of the settings, as a mapping or as a pydantic model."""
        if isinstance(stated, cls):
            return stated
        options = stated if isinstance(stated, Mapping) else stated.model_dump(exclude_none=True)
        return cls(**options)

    @property
    def says_only_where(self) -> bool:
        """Whether it names a source and nothing else: how the table is found there is left to others."""
        return bool(self.source) and self == TableMapping(source=self.source)

    def to_json(self) -> str:
        """As text: equal mappings, equal text."""
        return json.dumps(asdict(self), sort_keys=True, default=str)


def digest(*parts: str) -> str:
    """A short digest of texts."""
    return blake2b("\n".join(parts).encode(), digest_size=12).hexdigest()
