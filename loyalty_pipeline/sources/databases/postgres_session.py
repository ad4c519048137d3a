"""One connection to PostgreSQL, and one transaction on it, which ends with it: statements, streams and their faults."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import pyarrow as pa

from loyalty_pipeline.faults import SourceError
from loyalty_pipeline.sources.databases.postgres_address import Address, address_of

BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"
SETTINGS = {
    # Others are read while the transaction waits for what is done with a table.
    "idle_in_transaction_session_timeout": "0",
    "TimeZone": "UTC",
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "xmloption": "content",
    "client_encoding": "UTF8",
}
"""What text forms would depend on otherwise, and what keeps the session open.

For this transaction only: behind a pooler others use the session after it.
"""

BATCHES = {"adbc.postgresql.batch_size_hint_bytes": str(4 << 20)}
"""The next batch is built while the last is held: a quarter of the driver's default costs no more time."""

LOOK = "loyalty_look"
"""The savepoint at the start: a statement that fails takes neither the transaction nor its snapshot with it."""

SAID = re.compile(r"\b(?:ERROR|FATAL|PANIC): +")
BEFORE = re.compile(
    r"^\s*(?:[A-Z_]{2,}:|\[libpq\]|Failed to \w+(?: query)?(?: '.*?')?:|could not begin COPY:|PQ\w+\(\) failed:|connection to server at .*? failed:)",
    re.DOTALL,
)
AFTER = re.compile(r"\n+\s*(?:DETAIL|HINT|CONTEXT|LINE|QUERY|Query was|SQLSTATE)\b|\. SQLSTATE:")

Row = tuple[Any, ...]


class Session:
    """Read-only statements that all see the same instant."""

    def __init__(self, address: str) -> None:
        """Connect, and fix the instant. Raises `SourceError` with the place and what the server says."""
        self.address: Address = address_of(address)
        dbapi = driver()
        with self.faults("cannot be opened"):
            # The driver's own transactions cannot be rolled back to a savepoint: it must not know of this one.
            self._connection = dbapi.connect(self.address.uri, autocommit=True)
        try:
            with self.faults("cannot be opened"):
                self._begin()
        except SourceError:
            self.close()
            raise

    def rows(self, statement: str, values: Sequence[object] = ()) -> list[Row]:
        """All rows of a small result."""
        with self._connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return list(cursor.fetchall())

    @contextmanager
    def stream(self, statement: str, what: str) -> Iterator[Iterator[pa.RecordBatch]]:
        """The rows of a result as they come; what is not taken of them is cancelled. `what` is as in `faults`."""
        with self._connection.cursor() as cursor:
            with self.faults(what):
                cursor.adbc_statement.set_options(**BATCHES)
                cursor.execute(statement)
                reader = cursor.fetch_record_batch()
            is_whole = False

            def batches() -> Iterator[pa.RecordBatch]:
                nonlocal is_whole
                while (batch := self._next(reader, what)) is not None:
                    yield batch
                is_whole = True

            try:
                yield batches()
            finally:
                if not is_whole:
                    self._cancel(cursor, reader)

    @contextmanager
    def faults(self, what: str) -> Iterator[None]:
        """Turn what the driver raises into a `SourceError`: the place, what cannot be done, and the server's words."""
        try:
            yield
        except Exception as error:
            if not is_of_the_driver(error):
                raise
            fault = self._fault(what, error)
            self.release()
            # What the driver raised may quote what must not be seen.
            raise fault from None

    def release(self) -> None:
        """Go back to the start of the transaction: its snapshot stays, a failure and the locks on what was read go.

        A lock that stayed would hold up whoever alters the table, and all who come after them.
        """
        # What failed first is what is told.
        with suppress(Exception):
            self.rows(f"ROLLBACK TO SAVEPOINT {LOOK}")

    def close(self) -> None:
        """End transaction and connection; a connection that is lost already is closed."""
        # There is nothing to lose: nothing was written.
        with suppress(Exception):
            self._connection.close()

    def _begin(self) -> None:
        self.rows(BEGIN)
        settings = ", ".join(
            f"pg_catalog.set_config('{name}', '{value}', true)" for name, value in SETTINGS.items()
        )
        self.rows(f"SELECT {settings}")
        self.rows(f"SAVEPOINT {LOOK}")

    def _fault(self, what: str, error: Exception) -> SourceError:
        return SourceError(f"{self.address.place}: {what}: {self.address.clean(words_of(error))}")

    def _next(self, reader: pa.RecordBatchReader, what: str) -> pa.RecordBatch | None:
        try:
            return reader.read_next_batch()
        except StopIteration:
            return None
        except (OSError, pa.ArrowException) as error:
            # What the driver says comes through Arrow, without its type.
            raise self._fault(what, error) from None

    def _cancel(self, cursor: Any, reader: pa.RecordBatchReader) -> None:
        # It fails with that it was cancelled, or that the connection is lost.
        with suppress(Exception):
            cursor.adbc_cancel()
            for _ in reader:
                pass
        cursor.close()
        self.release()


def words_of(error: Exception) -> str:
    """What the server or libpq says, on one line, without what the driver says around it."""
    words, before = SAID.split(str(error), 1)[-1], ""
    while words != before:
        words, before = BEFORE.sub("", words), words
    return " ".join(AFTER.split(words)[0].split()) or type(error).__name__


def is_of_the_driver(error: Exception) -> bool:
    """Whether the driver, or Arrow for it, says that something went wrong."""
    import adbc_driver_manager  # noqa: PLC0415 - optional

    return isinstance(error, adbc_driver_manager.Error | OSError | pa.ArrowException)


def driver() -> Any:
    """ADBC's driver of PostgreSQL. Raises `SourceError` where it is not installed."""
    try:
        import adbc_driver_postgresql.dbapi as driver  # type: ignore[import-untyped] # noqa: PLC0415 - optional
    except ImportError:
        message = "PostgreSQL needs a driver: pip install 'loyalty-pipeline[postgres]'"
        raise SourceError(message) from None
    return driver
