"""The figures that a benchmark keeps."""

import json
from collections.abc import Callable
from pathlib import Path

from benchmarks.tables import Told


def keep(told: Told, markdown: Callable[[Told], str], file: Path) -> None:
    """Write the figures, and beside them their page, which is printed too."""
    file.parent.mkdir(parents=True, exist_ok=True)
    # Before the page is made, so that a mistake in it does not cost the hours of a measurement.
    file.write_text(json.dumps(told, indent=1) + "\n")
    page = markdown(told)
    file.with_suffix(".md").write_text(page)
    print(page)
