"""What is asked of PostgreSQL: names quoted by its rules, values only as settings of the session.

Results stream through COPY, which takes no parameters. So values are bound to settings, which the statement reads.
"""

import json
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow as pa

from loyalty_pipeline.faults import SourceError
from loyalty_pipeline.sources.databases.database import Selection
from loyalty_pipeline.sources.databases.postgres_catalogue import Described, quoted
from loyalty_pipeline.sources.databases.postgres_session import Session
from loyalty_pipeline.sources.databases.postgres_types import Type

SINCE, KEYS = "loyalty.since", "loyalty.keys"
BIND = "SELECT pg_catalog.set_config($1, $2, true)"

# What trimming takes away from text in polars: all that Unicode calls white space.
ASCII_BLANKS = "".join(map(chr, [*range(9, 14), 32]))
OTHER_BLANKS = [0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000]
BLANKS = ASCII_BLANKS + "".join(map(chr, OTHER_BLANKS))

FIRST, LAST = "TIMESTAMP '0001-01-01'", "TIMESTAMP '9999-12-31 23:59:59.999999'"
CHANGED = {"timestamptz": "{}", "timestamp": "{}", "date": "{}::timestamp"}


@dataclass(frozen=True)
class Asked:
    """A statement and what its columns become in a file."""

    statement: str
    schema: pa.Schema


class Query:
    """The statements about the rows of a relation that are chosen."""

    def __init__(self, relation: Described, chosen: Selection, blanks: str = BLANKS) -> None:
        """Raises `SourceError` where a name is not the relation's."""
        self._relation, self._chosen, self._blanks = relation, chosen, blanks
        asked = {*chosen.columns, *chosen.key, *filter(None, [chosen.updated_at])}
        if unknown := sorted(asked - relation.types.keys()):
            message = f"{relation.relation.name} has no column {', '.join(unknown)} that may be read"
            raise SourceError(message)

    def rows(self, as_text: AbstractSet[str]) -> Asked:
        """The columns of the rows that are chosen, some of them as text."""
        shown = [self._shown(name, as_text) for name in self._chosen.columns]
        schema = pa.schema([(name, self._arrow(name, as_text)) for name in self._chosen.columns])
        return Asked(self._select(shown, self._condition()), schema)

    def keys(self, as_text: AbstractSet[str]) -> Asked:
        """The key of every row, trimmed, and when it changed last."""
        shown = [f"{self.trimmed(name)} AS {quoted(name)}" for name in self._chosen.key]
        schema = pa.schema([(name, pa.string()) for name in self._chosen.key])
        changed = self._chosen.updated_at
        if changed and changed not in self._chosen.key:
            shown.append(self._shown(changed, as_text))
            schema = schema.append(pa.field(changed, self._arrow(changed, as_text)))
        return Asked(self._select(shown, ""), schema)

    def summary(self, *, is_grouped: bool) -> str:
        """How many keys, the sum of their last microseconds, the last of these, and whether a key has blanks around it.

        Not grouped, every row counts as a key.
        """
        changed = CHANGED[self._changes().name].format(quoted(self._chosen.updated_at))
        known = " AND ".join(
            [f"{changed} BETWEEN {FIRST} AND {LAST}", *map(self._is_whole, self._chosen.key)]
        )
        blank = " OR ".join(filter(None, map(self._is_blank, self._chosen.key))) or "false"
        if is_grouped and self._chosen.key:
            among = self._select([f"max({changed}) AS latest", "false AS blank"], known)
            among += f" GROUP BY {', '.join(map(self.trimmed, self._chosen.key))}"
        else:
            among = self._select([f"{changed} AS latest", f"{blank} AS blank"], known)
        latest = "(EXTRACT(epoch FROM latest) * 1000000)::int8"
        counted = (
            f"count(*), coalesce(sum({latest}), 0)::text, max({latest}), coalesce(bool_or(blank), false)"
        )
        return " ".join(["SELECT", counted, "FROM", f"({among}) AS last_changes"])

    def bind(self, session: Session) -> None:
        """Give the session the values that the statements read."""
        if self._chosen.since is not None:
            session.rows(BIND, (SINCE, _iso(self._chosen.since)))
        if self._chosen.keys is not None:
            session.rows(BIND, (KEYS, json.dumps(_whole(self._chosen), ensure_ascii=False)))

    def trimmed(self, name: str) -> str:
        """The SQL of a key column as trimmed text."""
        kind = self._type(name)
        text = kind.text(quoted(name))
        return f"pg_catalog.btrim({text}, '{self._blanks}')" if kind.may_have_blanks else text

    def _changes(self) -> Type:
        name, column = self._relation.relation.name, self._chosen.updated_at
        if (kind := self._type(column)).name not in CHANGED:
            said = self._relation.relation.columns[column].type
            message = f"{name}.{column} is {said}, expected a timestamp or a date"
            raise SourceError(message)
        return kind

    def _is_whole(self, name: str) -> str:
        can_be_blank = self._type(name).may_have_blanks
        return f"{self.trimmed(name)} <> ''" if can_be_blank else f"{quoted(name)} IS NOT NULL"

    def _is_blank(self, name: str) -> str:
        kind = self._type(name)
        return f"{kind.text(quoted(name))} <> {self.trimmed(name)}" if kind.may_have_blanks else ""

    def _type(self, name: str) -> Type:
        return self._relation.types[name]

    def _arrow(self, name: str, as_text: AbstractSet[str]) -> pa.DataType:
        return pa.string() if name in as_text else self._type(name).arrow

    def _shown(self, name: str, as_text: AbstractSet[str]) -> str:
        kind, column = self._type(name), quoted(name)
        return f"{kind.text(column) if name in as_text else kind.sql(column)} AS {column}"

    def _select(self, shown: Sequence[str], condition: str) -> str:
        where = ["WHERE", condition] if condition else []
        return " ".join(["SELECT", ", ".join(shown), "FROM", self._relation.sql, *where])

    def _condition(self) -> str:
        return " OR ".join([*self._changed(), *self._named()])

    def _changed(self) -> list[str]:
        if self._chosen.since is None:
            return []
        # Each part can use an index of its own; where no null can be, none is looked for.
        conditions = [f"{quoted(name)} IS NULL" for name in self._chosen.key if not self._type(name).not_null]
        if not self._chosen.updated_at:
            return ["true"]
        name, kind = quoted(self._chosen.updated_at), self._changes()
        as_type = "timestamptz" if kind.name == "timestamptz" else "timestamp"
        conditions += [] if kind.not_null else [f"{name} IS NULL"]
        conditions += [f"{name} = '-infinity'"]
        return [f"{name} >= pg_catalog.current_setting('{SINCE}')::{as_type}", *conditions]

    def _named(self) -> list[str]:
        if self._chosen.keys is None:
            return []
        parts = ", ".join(map(self.trimmed, self._chosen.key))
        listed = ", ".join(f"e ->> {place}" for place in range(len(self._chosen.key)))
        elements = f"pg_catalog.json_array_elements(pg_catalog.current_setting('{KEYS}')::json) AS e"
        return [" ".join([f"({parts}) IN", "(SELECT", listed, "FROM", f"{elements})"])]


def _iso(instant: datetime) -> str:
    universal = instant.astimezone(UTC) if instant.tzinfo else instant
    return universal.replace(tzinfo=None).isoformat(sep=" ") + "+00"


def _whole(chosen: Selection) -> list[tuple[str, ...]]:
    """The keys that can be in a database: no part is null or has a NUL character."""
    keys = [] if chosen.keys is None else chosen.keys.select(chosen.key).rows()
    return [key for key in keys if all(part is not None and "\0" not in part for part in key)]
