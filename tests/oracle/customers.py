"""Customers: merges followed to their root, attributes as they were at a closing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .records import Raw, Row, current, versions

if TYPE_CHECKING:
    from datetime import date, datetime

UNKNOWN = "(unknown)"
ATTRIBUTES = ("country", "region", "language", "customer_segment", "acquisition_channel")
AGE_BANDS = ((25, "<25"), (35, "25-34"), (45, "35-44"), (55, "45-54"), (65, "55-64"))


class Customers:
    """The customers table."""

    def __init__(self, raw: Raw) -> None:
        self.records = {row["customer_id"]: row for row in current(raw, "customers", "customer_id")}
        self.versions: dict[str, list[Row]] = {}
        for row in versions(raw, "customers"):
            if row["customer_id"] in self.records:
                self.versions.setdefault(row["customer_id"], []).append(row)
        self.created: dict[str, datetime] = {}
        for customer_id, record in self.records.items():
            root = self.root(customer_id)
            self.created[root] = min(self.created.get(root, record["created_at"]), record["created_at"])

    def root(self, customer_id: str) -> str:
        """Follow merges, as the latest versions have them, to the end."""
        path = [customer_id]
        while (target := self.records.get(path[-1], {}).get("merged_into_customer_id")) is not None:
            if target in path:
                message = f"merge cycle: {' -> '.join([*path, target])}"
                raise ValueError(message)
            path.append(target)
        return path[-1]

    def created_at(self, root: str) -> datetime | None:
        """Return the earliest created_at of the records merged into this one, itself included."""
        return self.created.get(root)

    def attributes(self, root: str, closing_at: datetime, period_start: date) -> dict[str, str]:
        """Return the attributes of the latest version before the closing, else of the earliest version."""
        known = self.versions.get(root, [{}])
        before = [row for row in known if row and row["updated_at"] < closing_at]
        version = before[-1] if before else known[0]
        found = {name: version.get(name) or UNKNOWN for name in ATTRIBUTES}
        return found | {"age_band": age_band(version.get("birth_year"), period_start)}


def age_band(birth_year: Any, period_start: date) -> str:
    """Return the band of the age reached in the year in which the period starts."""
    if birth_year is None:
        return UNKNOWN
    age = period_start.year - birth_year
    return next((band for limit, band in AGE_BANDS if age < limit), "65+")
