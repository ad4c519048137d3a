"""The rows of a selection, batch by batch: the database takes out most of what was not asked for, the rest goes here.

What changed since an instant, and which keys are asked for, is decided here by the values as a landing reads them: text is
trimmed, an instant without a zone is UTC. What a database is asked is only ever a wider question.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from itertools import compress
from typing import Any

import polars as pl
import pyarrow as pa
import sqlalchemy as sa

from loyalty_pipeline.sources.conversion import converted
from loyalty_pipeline.sources.databases.database import Selection
from loyalty_pipeline.sources.databases.sql_dialect import AnyDialect, Condition, Described
from loyalty_pipeline.sources.databases.sql_summary import is_whole
from loyalty_pipeline.sources.databases.sql_values import TEXT, Misfit

BATCH_ROWS = 10_000
MOST_QUESTIONS = 20
"""Asked for more keys than these questions hold, the relation is read once as a whole."""
UTC_INSTANT = pl.Datetime("us", "UTC")

Cells = dict[str, Sequence[Any]]


@dataclass(frozen=True)
class Question:
    """A statement, and which of the rows that answer it are meant."""

    condition: Condition | None = None
    changed: bool = False
    keys: pl.DataFrame | None = field(default=None, compare=False)

    @property
    def is_sieve(self) -> bool:
        """Whether some of the answer may not be meant."""
        return self.changed or self.keys is not None


@dataclass(frozen=True)
class Reading:
    """A selection of a relation of an open database."""

    connection: sa.Connection
    dialect: AnyDialect
    described: Described
    chosen: Selection
    trims_key: bool = False

    def schema(self, texts: set[str]) -> pa.Schema:
        """The types of the columns, where those named by `texts` are text as a whole."""
        return pa.schema([(name, self._form(name, texts)) for name in self.chosen.columns])

    def batches(self, texts: set[str]) -> Iterator[pa.RecordBatch | None]:
        """The rows. None stands for a batch in which a column was found that cannot be of its type: `texts` names it then."""
        for question in self.questions():
            for cells in self._answers(question):
                yield self._batch(cells, texts)

    def _batch(self, cells: Cells, texts: set[str]) -> pa.RecordBatch | None:
        arrays = []
        for name in self.chosen.columns:
            with suppress(Misfit):
                arrays.append(self._array(name, cells[name], self._form(name, texts)))
                continue
            texts.add(name)
        if len(arrays) < len(self.chosen.columns):
            return None
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema(texts))

    def _array(self, name: str, values: Sequence[Any], form: pa.DataType) -> pa.Array:
        array = self.dialect.values(values, form)
        return _trimmed(array).to_arrow().cast(TEXT) if self.trims_key and name in self.chosen.key else array

    def keys(self) -> Iterator[pl.DataFrame]:
        """The key of every row as trimmed text, and the instant of its last change, null where it cannot be read."""
        whole = Reading(self.connection, self.dialect, self.described, self._of_all)
        for cells in whole._answers(Question()):
            yield whole._identity(cells)

    def questions(self) -> list[Question]:
        """What is asked of the database, one after the other; no row answers two of them."""
        chosen = self.chosen
        if chosen.since is None and chosen.keys is None:
            return [Question()]
        told = self._changed()
        asked = [] if chosen.since is None else [Question(told, changed=True)]
        if chosen.keys is None:
            return asked
        at_once = max(self.dialect.keys_at_once // len(chosen.key), 1)
        chunks = list(chosen.keys.select(chosen.key).unique().iter_slices(at_once))
        conditions = [self._among(chunk) for chunk in chunks[:MOST_QUESTIONS]]
        if len(chunks) > MOST_QUESTIONS or any(condition is None for condition in conditions):
            return [Question(changed=chosen.since is not None, keys=chosen.keys)]
        return asked + [
            Question(condition, keys=chunk) for condition, chunk in zip(conditions, chunks, strict=True)
        ]

    def _changed(self) -> Condition | None:
        chosen = self.chosen
        if chosen.since is None or not chosen.updated_at:
            return None
        told = self.dialect.changed(self.described, chosen.updated_at, _in_utc(chosen.since))
        if told is None:
            return None
        return sa.or_(told, *(self.dialect.unwhole(self.described, part) for part in chosen.key))

    def _among(self, keys: pl.DataFrame) -> Condition | None:
        parts = [
            self.dialect.among(self.described, part, keys[part].drop_nulls().unique().to_list())
            for part in self.chosen.key
        ]
        known = [part for part in parts if part is not None]
        return sa.and_(*known) if known else None

    def _answers(self, question: Question) -> Iterator[Cells]:
        statement = sa.select(*(self.dialect.value(self.described, name) for name in self._read))
        statement = statement.select_from(self.described.table)
        if question.condition is not None:
            statement = statement.where(question.condition)
        streamed = {"stream_results": self.dialect.streams_by_option}
        with self.connection.execute(statement, execution_options=streamed) as answer:
            for rows in answer.partitions(BATCH_ROWS):
                cells: Cells = dict(zip(self._read, zip(*rows, strict=True), strict=True))
                if question.is_sieve:
                    meant = self._meant(self._identity(cells), question)
                    cells = {name: list(compress(values, meant)) for name, values in cells.items()}
                yield cells

    def _meant(self, identity: pl.DataFrame, question: Question) -> list[bool]:
        key = self.chosen.key
        changed = pl.lit(value=False)
        if self.chosen.since is not None:
            instant = pl.col(self.instant)
            changed = (
                instant.is_null()
                | (instant >= pl.lit(_in_utc(self.chosen.since), UTC_INSTANT))
                | ~is_whole(key)
            )
        if question.keys is None:
            return identity.select(changed).to_series().to_list()
        asked = question.keys.select(key).unique().with_columns(_asked=pl.lit(value=True))
        marked = identity.join(asked, on=list(key), how="left", maintain_order="left")
        is_asked = pl.col("_asked").fill_null(value=False)
        meant = is_asked | changed if question.changed else is_asked & ~changed
        return marked.select(meant).to_series().to_list()

    def _identity(self, cells: Cells) -> pl.DataFrame:
        columns = [_trimmed(self.dialect.values(cells[part], TEXT)).alias(part) for part in self.chosen.key]
        return pl.DataFrame([*columns, self._instants(cells).alias(self.instant)])

    def _instants(self, cells: Cells) -> pl.Series:
        name = self.chosen.updated_at
        if not name:
            return pl.Series([None], dtype=UTC_INSTANT).new_from_index(0, len(cells[self.chosen.key[0]]))
        values = cells[name]
        try:
            given = pl.Series(self.dialect.values(values, self.described.forms[name]))
        except Misfit:
            given = pl.Series(self.dialect.values(values, TEXT))
        return converted(given.str.strip_chars() if given.dtype == pl.String else given, UTC_INSTANT)

    def _form(self, name: str, texts: set[str]) -> pa.DataType:
        return TEXT if name in texts else self.described.forms[name]

    @property
    def _of_all(self) -> Selection:
        chosen = self.chosen
        return Selection(chosen.relation, (), chosen.key, chosen.updated_at)

    @cached_property
    def instant(self) -> str:
        """The name of the instant in `keys`: any but one of the key's columns."""
        return "".join(("changed", *self.chosen.key))

    @cached_property
    def _read(self) -> list[str]:
        chosen = self.chosen
        sieve = (
            (*chosen.key, chosen.updated_at)
            if chosen.since or chosen.keys is not None or not chosen.columns
            else ()
        )
        return [name for name in dict.fromkeys((*chosen.columns, *sieve)) if name]


def _in_utc(since: datetime) -> datetime:
    return since.astimezone(UTC) if since.tzinfo else since.replace(tzinfo=UTC)


def _trimmed(texts: pa.Array) -> pl.Series:
    return pl.Series(texts, dtype=pl.String).str.strip_chars()
