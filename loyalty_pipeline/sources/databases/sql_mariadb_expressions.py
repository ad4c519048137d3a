"""What MariaDB and MySQL are asked of a column, in SQL."""

from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from loyalty_pipeline.sources.databases.database import Selection
from loyalty_pipeline.sources.databases.sql_dialect import Condition, Described


def is_temporal(described: Described, column: str) -> bool:
    """Whether the server knows the column's values as days or instants."""
    form = described.forms[column]
    return bool(pa.types.is_timestamp(form) or pa.types.is_date(form))


def is_comparable(described: Described, column: str) -> bool:
    """Whether the column's bytes are equal where its text is."""
    form = described.forms[column]
    is_text = described.relation.columns[column].kind == "text"
    return (
        is_text
        or bool(pa.types.is_integer(form) or pa.types.is_decimal(form))
        or is_temporal(described, column)
    )


def microseconds(own: sa.ColumnElement[Any]) -> sa.ColumnElement[int]:
    """Those since 1970; null for what is no date of the calendar: 0000-00-00, the 31st of June."""
    exists = sa.func.dayofmonth(own) <= sa.func.dayofmonth(sa.func.last_day(own))
    passed = sa.func.timestampdiff(sa.literal_column("MICROSECOND"), sa.literal_column("'1970-01-01'"), own)
    return sa.case((exists, passed))


def is_padded(own: sa.ColumnElement[Any], blank_at_an_end: str) -> Condition:
    """Whether there is white space around a text."""
    return own.regexp_match(blank_at_an_end)


def one_row_a_key(described: Described, chosen: Selection, blank_at_an_end: str) -> sa.Subquery:
    """For each whole key when it changed last (`passed`, in microseconds), and whether any part of it is `padded`."""
    columns = [described.table.c[part] for part in chosen.key]
    texts = [own for part, own in zip(chosen.key, columns, strict=True) if _is_text(described, part)]
    whole = [*(own.is_not(None) for own in columns), *(own != "" for own in texts)]
    passed = microseconds(described.table.c[chosen.updated_at])
    padded = sa.or_(sa.false(), *(is_padded(own, blank_at_an_end) for own in texts))
    primary = described.relation.primary_key
    if primary and set(primary) <= set(chosen.key):
        return sa.select(passed.label("passed"), padded.label("padded")).where(*whole).subquery()
    newest = sa.select(sa.func.max(passed).label("passed"), sa.func.max(padded).label("padded")).where(*whole)
    # The bytes: a collation may hold `a` and `A` for one.
    return newest.group_by(*(sa.cast(own, sa.BINARY()) for own in columns)).subquery()


def _is_text(described: Described, column: str) -> bool:
    return described.relation.columns[column].kind == "text"
