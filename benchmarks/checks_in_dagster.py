"""What checks cost in Dagster: six tables of 100,000 rows, twelve rules each, in one process.

Run by hand, never by the test suite: `python -m benchmarks.checks_in_dagster`. It prints CPU seconds beyond the imports, of the
validation alone and of the Dagster run around it.
"""

import logging
import resource
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import dagster as dg
import polars as pl

from loyalty_pipeline.contract import polars_schema
from loyalty_pipeline.orchestration.landing import check_result
from loyalty_pipeline.orchestration.month_partitions import raw_key
from loyalty_pipeline.sources.catalogue import RAW_TABLES
from loyalty_pipeline.validation.rule import unreadable
from loyalty_pipeline.validation.suite import suite
from loyalty_pipeline.validation.validator import Rows, Validator

TABLES = (
    "customers",
    "subscriptions",
    "subscription_items",
    "invoices",
    "invoice_lines",
    "survey_responses",
)
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
ROWS, RULES = 100_000, 12
NOW = datetime(2026, 11, 21, tzinfo=UTC)


def main() -> None:
    """Run one small table first, because libraries import as they go, then measure."""
    logging.getLogger("dagster").setLevel(logging.CRITICAL)
    frames = {table: rows_of(table, ROWS) for table in TABLES}
    run({"customers": rows_of("customers", 10)})
    alone = cpu()
    validator = Validator(0.01)
    for table, frame in frames.items():
        validate(table, frame, validator)
    alone = cpu() - alone
    checks, around = run(frames)
    passed = sum(check.passed for check in checks)
    print(
        f"{len(checks)} checks, {passed} passed: {alone:.2f} CPU s alone, {around:.2f} CPU s in a Dagster run"
    )


def run(frames: dict[str, pl.DataFrame]) -> tuple[list[dg.AssetCheckEvaluation], float]:
    """The checks of a run with an instance of its own on disk, and the CPU seconds of the run."""
    job = definitions(frames).resolve_implicit_global_asset_job_def()
    with dg.instance_for_test() as instance:
        before = cpu()
        outcome = job.execute_in_process(instance=instance, run_config=QUIET)
        return outcome.get_asset_check_evaluations(), cpu() - before


def validate(table: str, frame: pl.DataFrame, validator: Validator) -> list[dg.AssetCheckResult]:
    """The results of a table's first rules about single rows."""
    rules = [rule for rule in suite(table) if rule.scope == "row"][:RULES]
    parameters = {"extracted_at": NOW.isoformat()}
    key = RAW_TABLES[table].primary_key()
    rows = Rows(table, frame.lazy(), frame.height, key, parameters=parameters)
    return [check_result(result, None) for result in validator.validate(rows, rules).results]


def definitions(frames: dict[str, pl.DataFrame]) -> dg.Definitions:
    """One asset and its checks for each table."""
    validator = Validator(0.01)

    def asset_of(table: str) -> dg.AssetsDefinition:
        rules = [rule for rule in suite(table) if rule.scope == "row"][:RULES]
        specs = [dg.AssetCheckSpec(rule.name, asset=raw_key(table)) for rule in rules]

        @dg.multi_asset(name=table, specs=[dg.AssetSpec(raw_key(table))], check_specs=specs)
        def landed() -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
            yield dg.MaterializeResult(asset_key=raw_key(table))
            yield from validate(table, frames[table], validator)

        return landed

    return dg.Definitions(assets=[asset_of(table) for table in frames], executor=dg.in_process_executor)


def rows_of(table: str, count: int) -> pl.DataFrame:
    """Rows that keep the types of the contract, if not every rule of it."""
    number = pl.int_range(count, dtype=pl.Int64)
    made: dict[str, pl.Expr] = {"_row": number}
    for name, dtype in polars_schema(RAW_TABLES[table]).items():
        made[name] = _value(number, name, dtype)
        if dtype != pl.String:
            made[unreadable(name)] = pl.repeat(value=False, n=count)
    return pl.select(**made)


def _value(number: pl.Expr, name: str, dtype: pl.DataType) -> pl.Expr:
    if dtype == pl.String:
        return pl.format(f"{name[:3]}{{}}", number)
    if dtype == pl.Boolean:
        return number % 2 == 0
    if dtype.is_temporal():
        return pl.lit(NOW - timedelta(days=400)).cast(dtype)
    return (number % 5 + 1).cast(dtype)


def cpu() -> float:
    """CPU seconds of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
