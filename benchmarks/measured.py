"""What a child process costs: CPU seconds and peak memory, as the kernel counts them."""

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

# ru_maxrss is in kilobytes on Linux and in bytes on macOS.
RSS_UNIT = 1 if sys.platform == "darwin" else 1024


@dataclass(frozen=True)
class Cost:
    """Of one run: elapsed and CPU seconds (user and system, all threads), peak resident memory in bytes."""

    name: str
    elapsed_seconds: float
    cpu_seconds: float
    peak_bytes: int


class RunError(RuntimeError):
    """A measured program failed, so the comparison would mean nothing."""


def measure(name: str, command: list[str], log: Path, settings: dict[str, str] | None = None) -> Cost:
    """Run a command as a child process, its output in `log`, and read what it used from `os.wait4`.

    CPU includes the child's own children that it waited for; memory is the greatest of any single process, and never
    less than what its parent holds. `settings` are added to the environment. Raises RunError with the end of the log
    when the command fails.
    """
    with log.open("wb") as output:
        started = time.perf_counter()
        child = subprocess.Popen(  # noqa: S603 - our own programs
            command, stdout=output, stderr=subprocess.STDOUT, env=os.environ | (settings or {})
        )
        _, status, usage = os.wait4(child.pid, 0)
        elapsed = time.perf_counter() - started
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        message = f"{name}: exit code {child.returncode}, expected 0; see {log}:\n{log.read_text()[-2000:]}"
        raise RunError(message)
    return Cost(name, elapsed, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * RSS_UNIT)
