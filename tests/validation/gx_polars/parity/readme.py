"""The known differences as the engine's README tells of them. Run as a module, it writes them there."""

import re
from pathlib import Path

from loyalty_pipeline.validation import gx_polars
from tests.validation.gx_polars.parity.known_differences import DIFFERENCES
from tests.validation.gx_polars.parity.old_differences import OLD_DIFFERENCES

README = Path(gx_polars.__file__).with_name("README.md")
INTRODUCTION = """\
Random tables with every expectation that both have are validated on this engine and on Great Expectations' pandas engine,
and the results compared: success, counts, percentages, samples, positions, observed values. These differ, on purpose:

| when | the pandas engine | this engine | right is |
| --- | --- | --- | --- |
"""


def section() -> str:
    """What stands between the marks."""
    all_of_them = [*DIFFERENCES, *OLD_DIFFERENCES]
    rows = [f"| {each.name} | {each.pandas} | {each.polars} | {each.right} |" for each in all_of_them]
    return INTRODUCTION + "\n".join(rows) + "\n"


def main() -> None:
    """Write it."""
    marks = r"(<!-- differences -->\n).*?(<!-- /differences -->)"
    text = README.read_text("utf-8")
    README.write_text(
        re.sub(marks, lambda found: found[1] + section() + found[2], text, flags=re.DOTALL), "utf-8"
    )


if __name__ == "__main__":
    main()
