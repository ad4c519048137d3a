"""Four ways to ask the same fourteen questions of a table of invoice lines, each as a process of its own.

`python -m benchmarks.validators <way> <lines.parquet> <customers.parquet> <answers.json>`: the answers are the number of rows
that break each rule, by the rule's name, with the CPU seconds that the work took beyond the imports.
"""

import json
import os
import resource
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

STATUSES = ["draft", "open", "paid", "void", "uncollectible"]
CURRENCIES = ["EUR", "USD", "GBP", "CHF"]
CODE = r"^SAVE-\d{4}$"
NEWEST = datetime(2026, 11, 21, tzinfo=UTC)
COLUMNS = [
    "line_id",
    "invoice_id",
    "line_no",
    "customer_id",
    "plan_code",
    "status",
    "currency",
    "quantity",
    "unit_price",
    "amount",
    "discount_code",
    "period_start",
    "period_end",
    "created_at",
]
QUARANTINE = "quarantine.parquet"

Answers = dict[str, int]


def rules() -> list[Any]:
    """Thirteen core expectations, which GX's own engines understand as well."""
    import great_expectations.expectations as gxe  # noqa: PLC0415 - the bare way must not pay for it

    return [
        gxe.ExpectTableColumnsToMatchSet(column_set=COLUMNS, exact_match=True),
        gxe.ExpectTableRowCountToBeBetween(min_value=1),
        gxe.ExpectColumnValuesToNotBeNull(column="customer_id"),
        gxe.ExpectColumnValuesToNotBeNull(column="created_at"),
        gxe.ExpectColumnValuesToBeUnique(column="line_id"),
        gxe.ExpectColumnValuesToBeInSet(column="status", value_set=STATUSES),
        gxe.ExpectColumnValuesToBeInSet(column="currency", value_set=CURRENCIES),
        gxe.ExpectColumnValuesToBeBetween(column="quantity", min_value=1, max_value=1000),
        gxe.ExpectColumnValuesToBeBetween(column="amount", min_value=0, max_value=1_000_000),
        gxe.ExpectColumnValuesToMatchRegex(column="discount_code", regex=CODE, mostly=0.99),
        gxe.ExpectCompoundColumnsToBeUnique(column_list=["invoice_id", "line_no"]),
        gxe.ExpectColumnPairValuesAToBeGreaterThanB(
            column_A="period_end", column_B="period_start", or_equal=True
        ),
        gxe.ExpectColumnMaxToBeBetween(column="created_at", max_value=NEWEST),
    ]


def gx_polars(lines: Path, customers: Path) -> Answers:
    """The engine, with the foreign key as the fourteenth question."""
    return _counts(_validated(lines, customers)[1])


def gx_polars_with_quarantine(lines: Path, customers: Path) -> Answers:
    """The same, and the bad rows whole with their reasons in a file, if there are any."""
    from loyalty_pipeline.validation.gx_polars import reasons  # noqa: PLC0415

    batch, results = _validated(lines, customers)
    broken = {
        name: result.expectation_config
        for name, result in results.items()
        if result.result.get("unexpected_count")
    }
    if broken:
        reasons(batch, broken, COLUMNS).sink_parquet(lines.with_name(QUARANTINE), engine="streaming")
    return _counts(results)


def gx_pandas(lines: Path, customers: Path) -> Answers:
    """GX's own engine, without the foreign key, which it does not have."""
    del customers
    import pandas as pd  # noqa: PLC0415 - the others must not pay for it

    asset = _context().data_sources.add_pandas("lines").add_dataframe_asset("lines")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": pd.read_parquet(lines)})
    return _counts(_results(batch, rules()))


def bare(lines: Path, customers: Path) -> Answers:
    """Polars as one would write it by hand for these questions: counts in one select, keys by groups, an anti-join."""
    rows = pl.scan_parquet(lines)
    code = pl.col("discount_code")
    told = rows.select(
        rows=pl.len(),
        customer_id=pl.col("customer_id").is_null().sum(),
        created_at=pl.col("created_at").is_null().sum(),
        status=(~pl.col("status").is_in(STATUSES)).sum(),
        currency=(~pl.col("currency").is_in(CURRENCIES)).sum(),
        quantity=(~pl.col("quantity").is_between(1, 1000)).sum(),
        amount=(~pl.col("amount").is_between(0, 1_000_000)).sum(),
        discount_code=(~code.str.contains(CODE)).sum(),
        period=(pl.col("period_end") < pl.col("period_start")).sum(),
        newest=pl.col("created_at").max(),
    ).collect(engine="streaming")
    keys = [_repeated(rows, ["line_id"]), _repeated(rows, ["invoice_id", "line_no"])]
    known = pl.scan_parquet(customers).select("customer_id")
    orphans = rows.select("customer_id").drop_nulls().join(known, on="customer_id", how="anti")
    return {
        **{name: int(count) for name, count in told.drop("rows", "newest").row(0, named=True).items()},
        "line_id": keys[0],
        "invoice_id, line_no": keys[1],
        "orphans": orphans.select(pl.len()).collect(engine="streaming").item(),
    }


WAYS: dict[str, Callable[[Path, Path], Answers]] = {
    "gx_polars": gx_polars,
    "gx_polars_with_quarantine": gx_polars_with_quarantine,
    "gx_pandas": gx_pandas,
    "bare": bare,
}


def _repeated(rows: pl.LazyFrame, key: list[str]) -> int:
    groups = rows.group_by(key).agg(pl.len().alias("holders")).filter(pl.col("holders") > 1)
    return int(groups.select(pl.col("holders").sum()).collect(engine="streaming").item() or 0)


def _context() -> Any:
    import great_expectations as gx  # noqa: PLC0415

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    return context


def _validated(lines: Path, customers: Path) -> tuple[Any, dict[str, Any]]:
    from loyalty_pipeline.validation import gx_polars as plugin  # noqa: PLC0415

    asset = _context().data_sources.add_polars("lines").add_lazyframe_asset("lines")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch(
        {
            "dataframe": pl.scan_parquet(lines),
            "references": {"customers": pl.scan_parquet(customers)},
        }
    )
    key = plugin.ExpectColumnValuesToExistIn(
        column="customer_id", reference="customers", reference_column="customer_id"
    )
    return batch, _results(batch, [*rules(), key])


def _results(batch: Any, expectations: list[Any]) -> dict[str, Any]:
    import great_expectations as gx  # noqa: PLC0415

    suite = gx.ExpectationSuite("lines", expectations=expectations)
    outcome = batch.validate(suite, result_format={"result_format": "BASIC", "partial_unexpected_count": 5})
    return {_name(result.expectation_config): result for result in outcome.results}


def _name(configuration: Any) -> str:
    given = configuration.kwargs
    columns = given.get("column") or given.get("column_A") or given.get("column_list") or "table"
    return f"{configuration.type} {columns}"


def _counts(results: dict[str, Any]) -> Answers:
    raised = {name: result.exception_info for name, result in results.items() if not result.result}
    if raised:
        message = f"could not be evaluated: {raised}"
        raise RuntimeError(message)
    return {name: int(result.result.get("unexpected_count") or 0) for name, result in results.items()}


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _import_what(way: str) -> None:
    if way != "bare":
        import great_expectations.expectations  # noqa: PLC0415, F401

        import loyalty_pipeline.validation.gx_polars  # noqa: PLC0415, F401
    if way == "gx_pandas":
        import pandas  # noqa: PLC0415, F401, ICN001


def main() -> None:
    """Do it one way and write down what was found and what it took."""
    way, lines, customers, answers = sys.argv[1:]
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    _import_what(way)
    before = _cpu()
    found = WAYS[way](Path(lines), Path(customers))
    Path(answers).write_text(json.dumps({"cpu_seconds": _cpu() - before, "found": found}, indent=1))


if __name__ == "__main__":
    main()
