"""What the greediest task of each table takes, beside what `loyalty plan --shards` estimates.

`python -m benchmarks.task_memory --company ... --landed ... --out told.json` computes the lake, if it is not there, and then these tasks again. With
`_RJEM_MALLOC_CONF=dirty_decay_ms:0,muzzy_decay_ms:0` in the environment what a task leaves behind is given back before the next one.
"""

import json
from argparse import ArgumentParser
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.catalogue import settings_of
from benchmarks.task_records import Recorder
from loyalty_pipeline.lake.lake import ALL, STALE, Lake
from loyalty_pipeline.lake.memory import memory_of
from loyalty_pipeline.lake.part import month_of
from loyalty_pipeline.pipeline import open_lake


def main() -> None:
    """Compute, and write what each took."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--company", type=Path, required=True)
    parser.add_argument("--landed", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    lake = open_lake(settings_of(options.company, options.landed))
    lake.compute_all(dict.fromkeys(lake.tables, STALE))
    lake.commit()
    options.out.write_text(json.dumps(taken(lake)))


def taken(lake: Lake) -> list[dict[str, Any]]:
    """One row a table: the task whose rows are widest, bytes of its columns, and by how much memory grew while it was done."""
    found = []
    for need in memory_of(lake, 1).needs:
        lake.workers = recorder = Recorder()
        units = [unit for unit in lake.manifest.tasks[need.table] if month_of(unit) == need.month]
        lake.compute_all({need.table: replace(ALL, units=units)})
        grown = max(record["grown"] for record in recorder.records)
        found.append(
            {"table": need.table, "month": need.month, "grown": grown, "columns": need.common + need.parted}
        )
    return sorted(found, key=lambda one: -one["grown"])


if __name__ == "__main__":
    main()
