"""Who holds a lock: a process of a machine, which another process of that machine can look for."""

import os
import socket
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self
from uuid import uuid4


@dataclass(frozen=True)
class Holder:
    """One run. `machine` is the boot and the process namespace, where the system tells: containers share a kernel, not these."""

    run: str
    host: str
    machine: str
    pid: int
    started: str

    @classmethod
    def here(cls) -> Self:
        """The process that asks."""
        return cls(uuid4().hex, socket.gethostname(), _machine(), os.getpid(), _started(os.getpid()))

    @classmethod
    def of(cls, told: Any) -> "Holder | None":
        """As a lock tells it; None where it tells of nobody, or nothing that can be read."""
        try:
            return Holder(**told)
        except TypeError:
            return None

    @property
    def is_dead(self) -> bool:
        """Whether it was a process of this machine that is no more; of other machines' nobody here knows."""
        here = _machine()
        return bool(here) and (self.host, self.machine) == (socket.gethostname(), here) and not self._is_alive

    @property
    def told(self) -> str:
        """In words."""
        return f"process {self.pid} on {self.host}"

    def to_dict(self) -> dict[str, Any]:
        """As JSON takes it."""
        return asdict(self)

    @property
    def _is_alive(self) -> bool:
        # A number is given again; when its process began says whether it is the same.
        return bool(self.started) and _started(self.pid) == self.started


def _machine() -> str:
    with suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    return ""


def _started(pid: int) -> str:
    """When a process began, in ticks since the boot; empty where there is none, or where it is dead and not yet buried."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] == "Z" else fields[19]
