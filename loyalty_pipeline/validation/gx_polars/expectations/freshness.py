"""Freshness: how old the newest value of a table is."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar

from great_expectations.compatibility import pydantic
from great_expectations.expectations.expectation import ColumnAggregateExpectation

from loyalty_pipeline.validation.gx_polars.expectations.extremes import NEWEST
from loyalty_pipeline.validation.gx_polars.expectations.instants import instant, iso
from loyalty_pipeline.validation.gx_polars.expectations.wording import Rendering, worded

UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def age(text: str) -> timedelta:
    """A length of time: `90m`, `36h`, `7d`, `2w`. Raises `ValueError` for anything else."""
    found = re.fullmatch(r"(\d{1,6})([mhdw])", text)
    if found is None:
        message = f"an age is a whole number and m, h, d or w, such as 36h, but not {text!r}"
        raise ValueError(message)
    return timedelta(**{UNITS[found[2]]: int(found[1])})


class ExpectTableToBeFresh(ColumnAggregateExpectation):
    """The newest value of a column is not older than `max_age`.

    Instants without a zone are UTC. A date counts as its end, in UTC: yesterday's rows are no day old yet. A table
    without rows, or without a value, is not fresh. A value after `now` is fresh, and `is_ahead` in the details tells it:
    a clock is wrong somewhere, or a date was mistyped, which hides how old the table is.

    Args:
        column: A column of dates or instants.
        max_age: `90m`, `36h`, `7d`, `2w`.
        now: The moment that ages are counted to, as ISO text or a suite parameter; the present one by default.
        row_condition: Which rows take part.

    The observed value is the newest one; the details tell `now`, `max_age`, `age_hours` and `is_ahead`.
    Told as errors: a column of another type (`TypeError`), an age or a moment that cannot be read (`ValueError`).

    Example:
        ExpectTableToBeFresh(column="updated_at", max_age="36h")

    """

    max_age: str
    now: str | dict[str, Any] | None = None

    metric_dependencies: ClassVar[tuple[str, ...]] = (NEWEST,)
    success_keys: ClassVar[tuple[str, ...]] = ("max_age", "now")
    args_keys: ClassVar[tuple[str, ...]] = ("column", "max_age", "now")

    @pydantic.validator("max_age")
    def _an_age(cls, max_age: str) -> str:
        age(max_age)
        return max_age

    @pydantic.validator("now", pre=True)
    def _a_moment(cls, now: Any) -> Any:
        if isinstance(now, str):
            instant(now)
        return iso(now)

    def _validate(
        self, metrics: dict[str, Any], runtime_configuration: Any = None, execution_engine: Any = None
    ) -> dict[str, Any]:
        del runtime_configuration, execution_engine
        newest = metrics[NEWEST]
        now = datetime.now(UTC) if self.now is None else instant(self.now)
        details: dict[str, Any] = {"now": now.isoformat(), "max_age": self.max_age}
        if newest is None:
            return {"success": False, "result": {"observed_value": None, "details": details}}
        since = now - _end(newest)
        details |= {"age_hours": round(since / timedelta(hours=1), 2), "is_ahead": instant(newest) > now}
        return {
            "success": since <= age(self.max_age),
            "result": {"observed_value": newest.isoformat(), "details": details},
        }

    @classmethod
    def _prescriptive_template(cls, renderer_configuration: Rendering) -> Rendering:
        moment = "now" if renderer_configuration.kwargs.get("now") is None else "$now"
        return worded(
            cls, renderer_configuration, f"The newest $column must be at most $max_age before {moment}"
        )


def _end(newest: date | datetime) -> datetime:
    return instant(newest) if isinstance(newest, datetime) else instant(newest) + timedelta(days=1)
