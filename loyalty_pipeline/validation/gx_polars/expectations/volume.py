"""Volume: whether a day has as many rows as days like it."""

from datetime import date, datetime, timedelta
from statistics import median
from typing import Any, ClassVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import polars as pl
from great_expectations.compatibility import pydantic
from great_expectations.expectations.expectation import ColumnAggregateExpectation
from great_expectations.expectations.metrics.column_aggregate_metric_provider import (
    ColumnAggregateMetricProvider,
)

from loyalty_pipeline.validation.gx_polars.domains import Domain
from loyalty_pipeline.validation.gx_polars.expectations.calendar_peers import (
    DayCount,
    Peers,
    Tolerance,
    peer_days,
)
from loyalty_pipeline.validation.gx_polars.expectations.instants import iso
from loyalty_pipeline.validation.gx_polars.expectations.wording import Rendering, worded
from loyalty_pipeline.validation.gx_polars.plans import Collected
from loyalty_pipeline.validation.gx_polars.registration import column_metric

METRIC = "column.rows_by_day"


class RowsByDay(ColumnAggregateMetricProvider):
    """What Great Expectations knows the metric by."""

    value_keys = ("time_zone",)


@column_metric(METRIC, RowsByDay)
def rows_by_day(domain: Domain, *, time_zone: str = "UTC", **_: Any) -> Collected:
    """The number of rows of each local day that has any. Null falls on no day."""
    dtype, value = domain.dtype, domain.column
    if isinstance(dtype, pl.Datetime):
        aware = value if dtype.time_zone else value.dt.replace_time_zone("UTC")
        value = aware.dt.convert_time_zone(time_zone).dt.date()
    elif dtype != pl.Date:
        message = f"{domain.name} is {dtype}, which is neither a date nor an instant"
        raise TypeError(message)
    days = domain.rows.select(value.alias("day")).drop_nulls().group_by("day").len("rows")
    return Collected(days, lambda counted: dict(counted.iter_rows()))


class ExpectVolumeToBeUsual(ColumnAggregateExpectation):
    """A day has about as many rows as the days that the calendar makes its peers.

    Unusual is a count further from the median of its peers than the greatest of: `mads` median absolute deviations (scaled
    to standard deviations), the share `floor` of the median, and `noise` square roots of the median plus one, because small
    counts vary by chance. Days before the table's first row are no peers; with fewer than `minimum_peers`, the verdict is
    `unknown`, which passes. A table with fewer than some ten rows a day cannot have too few.

    Args:
        column: The date or instant that a row falls on. Instants without a zone are UTC.
        day: The local day to look at, as ISO text or a suite parameter. By default the day before the newest value's (or
            before today, when that is later), the last that is complete; give the day, or expect freshness too, to notice a table that stopped.
        peers: "weekday", the same weekday of the weeks before; "day_of_month", the same day of the months before, or a
            shorter month's last; "day", the days before.
        history: How many peers to look at.
        mads, floor, noise: See above.
        time_zone: Whose days. Dates have none.
        minimum_peers: With fewer, nothing is said.
        row_condition: Which rows take part.

    The observed value is the day's count; the details tell `day`, `verdict` (usual, fewer, more, unknown), `median`,
    `allowed` (from, to) and `peers` (the count of each). Told as errors: a column of another type (`TypeError`), an unknown
    time zone or a day that cannot be read (`ValueError`).

    Example:
        ExpectVolumeToBeUsual(column="issued_at", day={"$PARAMETER": "day"}, time_zone="Europe/Berlin")

    """

    day: str | dict[str, Any] | None = None
    peers: Peers = "weekday"
    history: pydantic.PositiveInt = 8
    mads: pydantic.NonNegativeFloat = 5
    floor: pydantic.NonNegativeFloat = 0.06
    noise: pydantic.NonNegativeFloat = 3
    time_zone: str = "UTC"
    minimum_peers: pydantic.PositiveInt = 4

    metric_dependencies: ClassVar[tuple[str, ...]] = (METRIC,)
    success_keys: ClassVar[tuple[str, ...]] = (
        "day",
        "peers",
        "history",
        "mads",
        "floor",
        "noise",
        "time_zone",
        "minimum_peers",
    )
    args_keys: ClassVar[tuple[str, ...]] = ("column", "day", "peers")

    @pydantic.validator("day", pre=True)
    def _a_day(cls, day: Any) -> Any:
        text = iso(day)
        if isinstance(text, str):
            date.fromisoformat(text)
        return text

    @pydantic.validator("time_zone")
    def _a_zone(cls, time_zone: str) -> str:
        try:
            return ZoneInfo(time_zone).key
        except ZoneInfoNotFoundError as error:
            message = f"no time zone is called {time_zone!r}"
            raise ValueError(message) from error

    def _validate(
        self, metrics: dict[str, Any], runtime_configuration: Any = None, execution_engine: Any = None
    ) -> dict[str, Any]:
        del runtime_configuration, execution_engine
        counts: dict[date, int] = metrics[METRIC]
        if self.day is None and not counts:
            details: dict[str, Any] = {"day": None, "verdict": "unknown", "peers": {}}
            return {"success": True, "result": {"observed_value": 0, "details": details}}
        day = self._last_complete(counts) if self.day is None else date.fromisoformat(str(self.day))
        seen = DayCount.of(counts, day, peer_days(day, self.peers, self.history))
        tolerance = Tolerance(self.mads, self.floor, self.noise)
        verdict = seen.verdict(tolerance, self.minimum_peers)
        return {
            "success": verdict in {"usual", "unknown"},
            "result": {"observed_value": seen.count, "details": _details(seen, verdict, tolerance)},
        }

    def _last_complete(self, counts: dict[date, int]) -> date:
        today = datetime.now(ZoneInfo(self.time_zone)).date()
        return min(max(counts), today) - timedelta(days=1)

    @classmethod
    def _prescriptive_template(cls, renderer_configuration: Rendering) -> Rendering:
        day = "the last complete day" if renderer_configuration.kwargs.get("day") is None else "$day"
        template = f"The rows whose $column is on {day} must be as many as on its $history peers ($peers), within $mads MADs or $floor of their median"
        return worded(cls, renderer_configuration, template)


def _details(seen: DayCount, verdict: str, tolerance: Tolerance) -> dict[str, Any]:
    counts = list(seen.peers.values())
    details: dict[str, Any] = {
        "day": seen.day.isoformat(),
        "verdict": verdict,
        "peers": {peer.isoformat(): count for peer, count in seen.peers.items()},
    }
    if counts:
        middle, allowed = median(counts), tolerance.around(counts)
        details["median"] = middle
        details["allowed"] = [round(max(0.0, middle - allowed), 1), round(middle + allowed, 1)]
    return details
