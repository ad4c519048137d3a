"""A run that is killed at any of its steps: yesterday's publication stays, and the next run ends as if nothing had been.

`LOYALTY_SOAK_KILLS=200 pytest tests/faults/test_kills.py` kills at so many steps instead of a sample.
"""

import os
import signal
from collections import defaultdict
from itertools import chain, zip_longest
from pathlib import Path

import pytest

from tests.faults.conftest import Night

pytestmark = pytest.mark.slow
KILLS = int(os.environ.get("LOYALTY_SOAK_KILLS", "12"))


def spread(points: list[str], count: int) -> list[int]:
    """Numbers of so many steps: first one of each kind, then another of each, and so on."""
    by_kind = defaultdict(list)
    for number, name in enumerate(points):
        by_kind[name].append(number)
    rounds = chain.from_iterable(zip_longest(*by_kind.values()))
    order = [number for number in rounds if number is not None]
    kinds = len(by_kind)
    # Fewer than there are kinds are spread over the whole run.
    return order[:count] if count >= kinds else [order[index * kinds // count] for index in range(count)]


@pytest.mark.parametrize("number", range(KILLS))
def test_a_run_killed_at_a_step_leaves_yesterday_or_today_and_the_next_run_repairs(
    night: Night, tmp_path: Path, number: int
) -> None:
    chosen = spread(night.points, KILLS)
    if number >= len(chosen):
        pytest.skip(f"a run has {len(chosen)} steps")
    data = night.copy(tmp_path / "data")
    assert night.runs.kill_at(data, chosen[number]) == -signal.SIGKILL, night.points[chosen[number]]
    night.assert_readable(data)
    night.assert_recovers(data)
