"""SQLite: a file that is opened for reading only, where a column's type is a wish and every value has its own."""

import re
import sqlite3
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa

from loyalty_pipeline.faults import SourceError
from loyalty_pipeline.sources.databases.sql_dialect import MARGIN, AnyDialect, Condition, Described

ISO_DAY = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*"
WHITESPACE = "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
SECONDS_TO_WAIT = 30
NO_TEXT = re.compile(r"Could not decode to UTF-8 column '(.*?)' with text")

REASONS = {
    sqlite3.SQLITE_NOTADB: "the file is not an SQLite database, or it is encrypted",
    sqlite3.SQLITE_CORRUPT: "the file is damaged",
    sqlite3.SQLITE_CANTOPEN: "the file may not be opened for reading",
    sqlite3.SQLITE_PERM: "the file may not be opened for reading",
    sqlite3.SQLITE_READONLY: "its folder may not be written to, which SQLite needs for a database in WAL mode",
    sqlite3.SQLITE_BUSY: f"somebody wrote to it for longer than {SECONDS_TO_WAIT} seconds",
    sqlite3.SQLITE_IOERR: "the disk did not give what was asked of it",
}


class SqliteDialect(AnyDialect):
    """An SQLite file, in one read transaction: who commits meanwhile waits for its end, or in WAL mode is not seen."""

    keys_at_once = 10_000

    @property
    def place(self) -> str:
        """The address, as it was written."""
        return f"sqlite:///{self.url.database or ''}"

    @property
    def path(self) -> Path:
        """The file. Raises `SourceError` where the address names none."""
        named = self.url.database
        if not named or named == ":memory:":
            message = "The address names no SQLite file. Write `sqlite:///folder/file.db`."
            raise SourceError(message)
        return Path(named)

    def engine(self) -> sa.Engine:
        """What opens the file for reading. Raises `SourceError` where there is none: a new one is never made."""
        path = self.path
        if not path.is_file():
            message = f"{self.place}: there is no such file."
            raise SourceError(message)
        address = f"file:{quote(str(path.resolve()))}?mode=ro"

        def opened() -> sqlite3.Connection:
            return sqlite3.connect(
                address, uri=True, isolation_level=None, check_same_thread=False, timeout=SECONDS_TO_WAIT
            )

        return sa.create_engine("sqlite://", creator=opened, hide_parameters=True, poolclass=sa.pool.NullPool)

    def begin(self, connection: sa.Connection) -> None:
        """Begin to read: what is committed from now on is not seen."""
        connection.exec_driver_sql("PRAGMA query_only = ON")
        connection.exec_driver_sql("BEGIN DEFERRED")
        # A deferred transaction sees the file as it is at its first read.
        connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar()

    def changed(self, described: Described, column: str, since: datetime) -> Condition:
        """All rows but those whose text begins with a day that lies before since wherever it was written.

        Text order is time order for the days of ISO 8601 only, so whatever else is there (a number, another form) is taken.
        """
        own = described.table.c[column]
        day = (since - MARGIN).date().isoformat()
        text = sa.type_coerce(own, sa.String())
        is_iso = sa.and_(sa.func.typeof(own) == "text", text.op("GLOB")(ISO_DAY))
        return sa.or_(own.is_(None), sa.not_(is_iso), text >= day)

    def unwhole(self, described: Described, column: str) -> Condition:
        """What holds for all rows in which a part of the key is null or blank."""
        return sa.or_(described.table.c[column].is_(None), self._trimmed(described, column) == "")

    def among(self, described: Described, column: str, texts: list[str]) -> Condition:
        """What holds for all rows whose trimmed text is one of these; SQLite writes reals with too few digits."""
        kind = sa.func.typeof(described.table.c[column])
        return sa.or_(self._trimmed(described, column).in_(texts), kind.in_(["real", "blob"]))

    def reason(self, error: BaseException) -> str:
        """Why it failed, where SQLite says it with a code, or the driver repeats what is in a row."""
        if found := NO_TEXT.match(str(error)):
            return f"column `{found[1]}` holds text that is not UTF-8"
        # The extended codes tell more in their higher bytes.
        code = getattr(error, "sqlite_errorcode", None)
        return REASONS.get(code & 0xFF, "") if code is not None else ""

    @staticmethod
    def _trimmed(described: Described, column: str) -> sa.ColumnElement[str]:
        text = sa.cast(described.table.c[column], sa.Text())
        return sa.func.trim(text, WHITESPACE, type_=sa.Text())
