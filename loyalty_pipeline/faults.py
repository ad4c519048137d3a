"""What goes wrong with input, in words that say what to do."""

import errno
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS}
"""What is wrong with the place that is written to, never with a file that is read."""


class Carried(Exception):
    """A fault whose constructor takes more than its words, and which arrives in another process as it was."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Otherwise the constructor would be called with the words alone."""
        return type(self).__new__, (type(self), *self.args), vars(self)


class DataFault(Carried):
    """Input breaks a rule that no row can be set aside for; nothing was published.

    The message names table, column, rule and rows, and what to do next.
    """

    checked: Sequence[Any] = ()
    """The results of all checks until then, where a landing was stopped."""

    def __init__(self, table: str, rule: str, *, column: str = "", rows: str = "", advice: str = "") -> None:
        """`rows` says which or how many, in words."""
        place = f"{table}.{column}" if column else table
        super().__init__(
            f"{place}: {rule}" + (f" ({rows})" if rows else "") + (f". {advice}" if advice else "")
        )
        self.table, self.column, self.rule = table, column, rule


class SourceError(Exception):
    """A source that is not there or cannot be read."""


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn a write that fails into an `OSError` that names the file.

    What Python raises on a full disk names none, and what polars raises is not even an `OSError`.
    """
    try:
        yield
    except Exception as error:
        number = error.errno if isinstance(error, OSError) else _in_words(error)
        if number not in {*DISK, errno.EIO}:
            raise
        raise OSError(number, os.strerror(number), str(path)) from error


def _in_words(error: Exception) -> int:
    found = re.search(r"\(os error (\d+)\)", str(error))
    number = int(found[1]) if found else 0
    # Where polars reads and writes at once, a disk that cannot be read may be another one.
    return number if number in DISK else 0
