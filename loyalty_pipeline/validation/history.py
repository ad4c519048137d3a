"""The history of the checks: what each run that read something found, also the runs that were stopped."""

from collections.abc import Iterable
from datetime import datetime
from io import BytesIO
from pathlib import PurePosixPath

import polars as pl

from loyalty_pipeline.contract import Table, choice, count, instant, polars_schema, share, text
from loyalty_pipeline.storage.files import write_whole
from loyalty_pipeline.storage.parquet import read_parquet
from loyalty_pipeline.storage.place import Place
from loyalty_pipeline.validation.results import CheckResult

PLACE = PurePosixPath("validation") / "history.parquet"


class ValidationHistory(Table):
    """One row is one check of one run that read the table. A table whose file had not changed was not read."""

    run_at = instant("The instant of the extraction.", key=True)
    table = text("The raw table.", key=True)
    check = text("The check's name.", key=True)
    batch = text("The landing that the run made; empty where it was stopped.")
    column = text("The column or columns looked at; * is the table as a whole.")
    expectation = text("The expectation's name in Great Expectations.")
    description = text("What is promised, in words.")
    severity = choice("Whether it stops the run or only warns.", ("critical", "warning"))
    verdict = choice("What came of it.", ("passed", "set aside", "warned", "blocked", "failed to run"))
    rows = count("Rows looked at.", of="rows")
    bad_rows = count("Rows that break the rule.", of="rows")
    bad_share = share("Rows that break the rule over rows looked at.", of="rows")
    observed = text("What was found of the table as a whole.", nullable=True)
    error = text("Why the check could not run.", nullable=True)


def validation_history(data_dir: Place) -> pl.DataFrame:
    """Every check of every run that read something, oldest first.

    A run that was stopped by a check is in it as well; a run that was killed while it read is not. Shares are null
    where no row was looked at.
    """
    try:
        return read_parquet(data_dir / PLACE)
    except FileNotFoundError:
        return _frame([])


def remember(data_dir: Place, run_at: datetime, batch: str, checks: Iterable[CheckResult]) -> None:
    """Add the checks of one run; the file is replaced as a whole.

    Those of a run that was killed before the same landing counted go: its rows were read again.
    """
    rows: list[dict[str, object]] = [
        {
            "run_at": run_at,
            "table": check.table,
            "check": check.rule,
            "batch": batch,
            "column": check.column,
            "expectation": check.expectation,
            "description": check.description,
            "severity": check.severity,
            "verdict": check.verdict,
            "rows": check.rows,
            "bad_rows": check.bad_rows,
            "bad_share": check.share if check.rows else None,
            "observed": check.observed or None,
            "error": check.error or None,
        }
        for check in checks
    ]
    if rows:
        content = BytesIO()
        before = _without_killed(validation_history(data_dir), batch)
        pl.concat([before, _frame(rows)]).write_parquet(content)
        write_whole(data_dir / PLACE, content.getvalue())


def _without_killed(history: pl.DataFrame, batch: str) -> pl.DataFrame:
    landings = history.filter(pl.col("batch") != "").tail(1)
    is_same = landings.height > 0 and landings["batch"].item() == batch
    return history.filter(pl.col("run_at") != landings["run_at"].item()) if is_same else history


def _frame(rows: list[dict[str, object]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=polars_schema(ValidationHistory))
