"""The relations of MariaDB and MySQL as their own catalogue tells of them: all that the user may read, views too."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from loyalty_pipeline.sources.databases.database import Kind
from loyalty_pipeline.sources.databases.sql_dialect import Described
from loyalty_pipeline.sources.databases.sql_types import Told, decimal_form
from loyalty_pipeline.sources.databases.sql_values import INSTANT, TEXT, UTC_INSTANT

# Reflection by SHOW CREATE needs a right of its own on views, and leaves out which columns may be read.
COLUMNS = sa.text(
    "SELECT TABLE_NAME, COLUMN_NAME, COLUMN_TYPE, DATA_TYPE, NUMERIC_PRECISION, NUMERIC_SCALE, PRIVILEGES"
    " FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = :schema AND TABLE_NAME = :name ORDER BY ORDINAL_POSITION"
)
PRIMARY_KEY = sa.text(
    "SELECT TABLE_NAME, COLUMN_NAME FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = :schema"
    " AND TABLE_NAME = :name AND INDEX_NAME = 'PRIMARY' ORDER BY SEQ_IN_INDEX"
)
READABLE = sa.text(
    "SELECT DISTINCT TABLE_SCHEMA, TABLE_NAME FROM information_schema.COLUMNS WHERE FIND_IN_SET('select', PRIVILEGES)"
    " AND TABLE_SCHEMA NOT IN ('information_schema', 'mysql', 'performance_schema', 'sys')"
)

BYTES = ("binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob")
SHAPES = ("geometry", "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon")
TEXTS = ("char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set", "uuid")
INTEGERS = ("tinyint", "smallint", "mediumint", "int", "bigint", "year")

FORMS: dict[str, tuple[Kind, pa.DataType]] = {
    "tinyint(1)": ("flag", pa.bool_()),
    "bit(1)": ("flag", pa.bool_()),
    "bit": ("number", pa.uint64()),
    "float": ("number", pa.float32()),
    "double": ("number", pa.float64()),
    "date": ("day", pa.date32()),
    "datetime": ("instant", INSTANT),
    # The session's zone is UTC.
    "timestamp": ("instant", UTC_INSTANT),
    **dict.fromkeys(INTEGERS, ("number", pa.int64())),
    **dict.fromkeys(TEXTS, ("text", TEXT)),
    **dict.fromkeys((*BYTES, *SHAPES, "geometrycollection", "geomcollection"), ("other", pa.binary())),
}


def visible(connection: sa.Connection, schema: str, name: str) -> list[Sequence[Any]]:
    """The columns of a relation that the user has some right on; the names are compared to the letter."""
    listed = connection.execute(COLUMNS, {"schema": schema, "name": name}).all()
    return [column[1:] for column in listed if column[0] == name]


def readable(columns: list[Sequence[Any]]) -> list[Told]:
    """Those of them that may be selected."""
    return [_told(*column[:-1]) for column in columns if "select" in column[-1].split(",")]


def described(
    connection: sa.Connection, name: tuple[str, str | None, str], columns: list[Sequence[Any]], default: str
) -> Described:
    """A relation with the columns that may be selected."""
    _, schema, own = name
    key = connection.execute(PRIMARY_KEY, {"schema": schema or default, "name": own}).all()
    return Described.of(name, readable(columns), [column for table, column in key if table == own])


def readable_relations(connection: sa.Connection) -> list[tuple[str, str]]:
    """Database and name of each relation that has a column which may be selected."""
    return [(schema, name) for schema, name in connection.execute(READABLE).all()]


def _told(name: str, declared: str, data_type: str, precision: str | None, scale: str | None) -> Told:
    bare = data_type.lower()
    if bare == "decimal":
        return Told(name, declared, "number", decimal_form(int(precision or 0), int(scale or 0)))
    if bare == "bigint" and "unsigned" in declared:
        return Told(name, declared, "number", pa.uint64())
    width = declared.lower().split(" ", maxsplit=1)[0]
    kind, form = FORMS.get(width, FORMS.get(bare, ("other", TEXT)))
    return Told(name, declared, kind, form)
