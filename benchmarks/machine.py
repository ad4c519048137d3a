"""The machine that figures were measured on, as far as they depend on it: nothing that names it."""

import os
import platform
from importlib.metadata import version
from pathlib import Path

LIBRARIES = ("polars", "pyarrow", "duckdb", "pandas", "great-expectations")


def machine() -> dict[str, str]:
    """Processor, cores in use, memory, system and library versions."""
    gigabytes = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9
    return {
        "processor": _processor(),
        "cores": str(len(os.sched_getaffinity(0))),
        "memory": f"{gigabytes:.0f} GB",
        "system": platform.system(),
        "python": platform.python_version(),
        **{library: version(library) for library in LIBRARIES},
    }


def use_cores(count: int) -> None:
    """Keep this process and its children to some cores, and what counts them for itself to as many threads."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:count])
    os.environ["POLARS_MAX_THREADS"] = str(count)


def _processor() -> str:
    told = Path("/proc/cpuinfo")
    lines = told.read_text().splitlines() if told.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
