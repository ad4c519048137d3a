"""Machines that are not: processes with a network, or with mounts, of their own.

All lies in namespaces that end with the processes in them: nothing is made in the network or the mounts of this machine, and
nothing is left of it, however a test ends.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

import pytest

MISSING = "no {} on this machine: apt-get install iproute2 util-linux"
IS_REQUIRED = os.environ.get("TEST_SERVERS") == "required"
NETWORK = "10.99.0"


class NotAllowedError(Exception):
    """The machine refuses, in its own words."""


@dataclass
class Lan:
    """A bridge that this machine has no part in, and machines on it."""

    unshare: list[str]
    _holders: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin with the machine of the bridge, on which a scheduler can be."""
        self._hold(self.unshare)
        self._ip("link", "add", "bridge", "type", "bridge")
        self._ip("address", "add", f"{self.host(0)}/24", "dev", "bridge")
        for name in ("lo", "bridge"):
            self._ip("link", "set", name, "up")

    def host(self, machine: int = 0) -> str:
        return f"{NETWORK}.{machine + 1}"

    def prefix(self, machine: int = 0) -> list[str]:
        """What starts a program on a machine."""
        user = ["--user", "--preserve-credentials"] if "--user" in self.unshare else []
        return ["nsenter", f"--target={self._holders[machine].pid}", *user, "--net"]

    def add(self) -> int:
        """One more machine, connected to the bridge, by its number."""
        number, port = len(self._holders), f"port{len(self._holders)}"
        self._hold([*self.prefix(), "unshare", "--net"])
        process = str(self._holders[number].pid)
        self._ip("link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", process)
        self._ip("link", "set", port, "master", "bridge", "up")
        self._ip("address", "add", f"{self.host(number)}/24", "dev", "eth0", machine=number)
        for name in ("lo", "eth0"):
            self._ip("link", "set", name, "up", machine=number)
        return number

    def cut(self, machine: int) -> None:
        """Take a machine's cable away."""
        self._ip("link", "set", f"port{machine}", "down")

    def close(self) -> None:
        for holder in self._holders:
            holder.kill()
            # With its pipes.
            holder.communicate()

    def _ip(self, *words: str, machine: int = 0) -> None:
        done = subprocess.run(
            [*self.prefix(machine), "ip", *words], capture_output=True, text=True, check=False
        )
        if done.returncode:
            self.close()
            raise NotAllowedError(done.stderr.strip())

    def _hold(self, command: Sequence[str]) -> None:
        """A process that keeps a namespace, and ends with this one: whatever happens, nobody writes to its pipe any more."""
        holder = subprocess.Popen(
            [*command, "sh", "-c", "echo; exec cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._holders.append(holder)
        assert holder.stdout is not None
        if holder.stdout.read(1) != b"\n":
            self.close()
            raise NotAllowedError(" ".join(command))


def unsharing(*kinds: str) -> list[str]:
    """What starts a program with some namespaces of its own: as root, or as one who is root in there only."""
    ways = list(_ways(*kinds))
    for command in ways:
        tried = subprocess.run([*command, "true"], capture_output=True, text=True, check=False)
        if tried.returncode == 0:
            return command
    return _not_here(tried.stderr)


@pytest.fixture
def lan() -> Iterator[Lan]:
    """A network of two machines beside that of its bridge."""
    told = ""
    for command in _ways("--net"):
        try:
            network = Lan(command)
            network.add()
            network.add()
        except NotAllowedError as fault:
            told = str(fault)
            continue
        yield network
        network.close()
        return
    _not_here(told)


def _ways(*kinds: str) -> Iterator[list[str]]:
    """Where a program is missing the test is skipped, or fails where servers are required."""
    for program in ("unshare", "nsenter", "ip"):
        if shutil.which(program) is None:
            (pytest.fail if IS_REQUIRED else pytest.skip)(MISSING.format(program))
    yield ["unshare", *kinds]
    yield ["unshare", "--user", "--map-root-user", *kinds]


def _not_here(told: str) -> NoReturn:
    # Nothing that one can install mends this, so it is no error of a machine that builds.
    pytest.skip(f"this machine allows no namespaces: {told.strip()}")
