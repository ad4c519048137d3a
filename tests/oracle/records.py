"""Raw rows: of several versions of a key the latest is the row; a deleted row is gone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

Row = dict[str, Any]
Raw = dict[str, list[Row]]


def versions(raw: Raw, table: str) -> list[Row]:
    """Return every version of every row, oldest first, with instants in UTC."""
    rows = [
        {name: cell.astimezone(UTC) if isinstance(cell, datetime) else cell for name, cell in row.items()}
        for row in raw.get(table, [])
    ]
    return sorted(rows, key=lambda row: row["updated_at"])


def current(raw: Raw, table: str, *key: str) -> list[Row]:
    """Return the latest version of each key that was not deleted."""
    latest = {tuple(row[name] for name in key): row for row in versions(raw, table)}
    return [row for row in latest.values() if row.get("deleted_at") is None]
