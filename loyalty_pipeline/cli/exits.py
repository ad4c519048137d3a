"""Exit codes, and errors said in a sentence instead of a traceback."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from loyalty_pipeline.faults import DataFault, SourceError
from loyalty_pipeline.lake.audit import ContractBroken
from loyalty_pipeline.lake.lock import Locked
from loyalty_pipeline.publication.snapshot import PublicationConflict
from loyalty_pipeline.settings import SettingsError

CODES: dict[type[Exception], int] = {
    DataFault: 1,
    ContractBroken: 1,
    SettingsError: 2,
    SourceError: 3,
    Locked: 4,
    PublicationConflict: 4,
}
"""0 is success, 1 bad data, 2 wrong settings or arguments, 3 an unreadable source, 4 a lake in use."""


@contextmanager
def said() -> Iterator[None]:
    """Turn what is expected to go wrong into its message on stderr and its exit code."""
    try:
        yield
    except tuple(CODES) as fault:
        print(f"loyalty: {fault}", file=sys.stderr)
        print("Nothing was published; what was published before is as it was.", file=sys.stderr)
        raise SystemExit(next(code for kind, code in CODES.items() if isinstance(fault, kind))) from None
