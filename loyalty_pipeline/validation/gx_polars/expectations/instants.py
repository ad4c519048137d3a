"""Instants, as a suite's JSON and a column's values have them."""

from datetime import UTC, date, datetime, time
from typing import Any


def instant(value: Any) -> datetime:
    """A moment in UTC: of an instant, of an ISO text; without a zone it is UTC. A date is its start.

    Raises `ValueError` for any other text.
    """
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time())
    moment: datetime = value
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def iso(value: Any) -> Any:
    """A date or instant as ISO text, which JSON can hold; anything else as it is."""
    return value.isoformat() if isinstance(value, date) else value
