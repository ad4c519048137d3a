"""What is told of the rows that a condition finds unexpected. Samples cost a pass only where there are such rows."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import polars as pl
import polars.selectors as cs
from great_expectations.constants import MAX_RESULT_RECORDS

from loyalty_pipeline.validation.gx_polars.plans import Aggregate, Collected, Condition

POSITION, COUNT = "_position", "_count"


def unexpected_count(*, metrics: dict[str, Any], **_: Any) -> Aggregate | int:
    """How many rows are unexpected."""
    return _condition(metrics).count()


def filtered_row_count(*, metrics: dict[str, Any], **_: Any) -> Aggregate:
    """How many rows take part."""
    return _condition(metrics).taking_part()


def unexpected_values(**given: Any) -> Any:
    """The first unexpected values: of one column alone, of a pair as pairs, of several columns by their names."""
    columns, domain = list(_condition(given["metrics"]).columns), given["metric_domain_kwargs"]

    def values(found: pl.DataFrame) -> list[Any]:
        if domain.get("column_A"):
            return found.rows()
        is_alone = len(columns) == 1 and not domain.get("column_list")
        return found.to_series().to_list() if is_alone else found.to_dicts()

    return _sampled(given, columns, values, [])


def unexpected_rows(**given: Any) -> Any:
    """The first unexpected rows, whole, as the pandas frame that Great Expectations shows; its values stay Python's."""
    columns = list(_data(given).schema)

    def rows(found: pl.DataFrame) -> pd.DataFrame:
        # A frame with its own types would make floats of whole numbers beside a null.
        return pd.DataFrame(found.rows(), columns=columns, dtype=object)

    return _sampled(given, columns, rows, pd.DataFrame(columns=columns, dtype=object))


def unexpected_index_list(**given: Any) -> Collected | list[Any]:
    """Where the unexpected rows are: by the columns that the result format names, else by position from 0.

    With `exclude_unexpected_values`, one entry with the lists of the named columns. COMPLETE has all rows, however many.
    """
    shape, condition = _format(given), _condition(given["metrics"])
    named = list(shape.get("unexpected_index_column_names") or [])
    limit = None if shape.get("result_format") == "COMPLETE" else _limit(shape)
    if missing := [name for name in named if name not in _data(given).schema]:
        message = f"unexpected_index_column_names has {missing}, which the batch does not have"
        raise ValueError(message)
    if condition.is_known_empty:
        return []
    rows = _data(given).dataframe
    if not named:
        numbered = rows.with_row_index(POSITION)
        found = _first(condition.rows(numbered).select(POSITION), limit)
        return Collected(found, _positions, condition, [])
    are_values_left_out = bool(shape.get("exclude_unexpected_values"))
    columns = list(dict.fromkeys(named if are_values_left_out else [*condition.columns, *named]))
    found = _first(_writable(condition.rows(rows).select(columns)), limit)
    return Collected(found, _lists if are_values_left_out else pl.DataFrame.to_dicts, condition, [])


def unexpected_index_query(**given: Any) -> str | None:
    """A filter that finds the unexpected rows, to be read by people."""
    shape, condition = _format(given), _condition(given["metrics"])
    if shape.get("return_unexpected_index_query") is False or condition.unexpected is None:
        return None
    return f"lf.filter({condition.unexpected})"


def unexpected_value_counts(**given: Any) -> Collected:
    """The unexpected values with the number of rows that hold them, most frequent first."""
    condition = _condition(given["metrics"])
    columns = list(condition.columns)
    counted = condition.rows(_data(given).dataframe).group_by(columns).agg(pl.len().alias(COUNT))
    ordered = counted.sort(COUNT, *columns, descending=[True, *[False] * len(columns)])

    def counts(found: pl.DataFrame) -> list[Any]:
        return [
            {"value": values[0] if len(columns) == 1 else tuple(values), "count": count}
            for *values, count in found.select(*columns, COUNT).rows()
        ]

    return Collected(ordered.head(MAX_RESULT_RECORDS), counts, condition, [])


SAMPLES: dict[str, Callable[..., Any]] = {
    "unexpected_count": unexpected_count,
    "filtered_row_count": filtered_row_count,
    "unexpected_values": unexpected_values,
    "unexpected_rows": unexpected_rows,
    "unexpected_index_list": unexpected_index_list,
    "unexpected_index_query": unexpected_index_query,
    "unexpected_value_counts": unexpected_value_counts,
}
"""The metrics that come with each condition, by their suffix."""


def _sampled(
    given: dict[str, Any], columns: list[str], then: Callable[[pl.DataFrame], Any], nothing: Any
) -> Any:
    condition = _condition(given["metrics"])
    if condition.is_known_empty:
        return nothing
    found = condition.rows(_data(given).dataframe).select(columns)
    return Collected(_first(_writable(found), _limit(_format(given))), then, condition, nothing)


def _writable(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Durations and bytes as text: Great Expectations cannot write them to JSON."""
    return rows.with_columns(cs.duration().dt.to_string("iso"), cs.binary().bin.encode("hex"))


def _positions(found: pl.DataFrame) -> list[int]:
    return found[POSITION].to_list()


def _lists(found: pl.DataFrame) -> list[dict[str, list[Any]]]:
    return [] if found.is_empty() else [found.to_dict(as_series=False)]


def _first(rows: pl.LazyFrame, limit: int | None) -> pl.LazyFrame:
    return rows if limit is None else rows.head(limit)


def _limit(shape: dict[str, Any]) -> int:
    if shape.get("result_format") == "COMPLETE":
        return MAX_RESULT_RECORDS
    return min(int(shape.get("partial_unexpected_count", 20)), MAX_RESULT_RECORDS)


def _format(given: dict[str, Any]) -> dict[str, Any]:
    return given["metric_value_kwargs"].get("result_format") or {}


def _condition(metrics: dict[str, Any]) -> Condition:
    condition: Condition = metrics["unexpected_condition"]
    return condition


def _data(given: dict[str, Any]) -> Any:
    return given["execution_engine"].data_of(given["metric_domain_kwargs"])
