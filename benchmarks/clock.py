"""A clock for one process: what each stage took, and of that each kind of work."""

import time
from collections import defaultdict
from collections.abc import Callable
from functools import wraps
from typing import Any


class Clock:
    """CPU seconds of all threads and elapsed seconds since the process began, split by stage."""

    def __init__(self) -> None:
        """The time until the first stage goes to `start`: what the process imported."""
        self._took: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
        self._stage, self._cpu, self._elapsed = "start", 0.0, time.perf_counter()
        self._is_inside = False

    def stage(self, name: str) -> None:
        """What comes now belongs to another stage."""
        cpu, elapsed = time.process_time(), time.perf_counter()
        took = self._took[self._stage]
        took["cpu"] += cpu - self._cpu
        took["elapsed"] += elapsed - self._elapsed
        self._stage, self._cpu, self._elapsed = name, cpu, elapsed

    def counted(self, function: Callable[..., Any], kind: str) -> Callable[..., Any]:
        """The function, whose CPU seconds are added up; calls within a counted one count as that."""

        @wraps(function)
        def wrapper(*arguments: Any, **options: Any) -> Any:
            if self._is_inside:
                return function(*arguments, **options)
            began, self._is_inside = time.process_time(), True
            try:
                return function(*arguments, **options)
            finally:
                self._is_inside = False
                self._took[self._stage][kind] += time.process_time() - began

        return wrapper

    def stages(self) -> dict[str, dict[str, float]]:
        """Seconds by stage."""
        self.stage("end")
        return {name: {kind: round(s, 4) for kind, s in took.items()} for name, took in self._took.items()}
