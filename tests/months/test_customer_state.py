"""Customer state: attributes as they were at the close of a month."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.companies import lake_over, rows_of
from tests.oracle.whiteboard import at, customer, drawn, paid

LINES = paid("ada", "30.00", "2024-01-10", "2024-04-10", {"total": Decimal(30)}, interval="quarter")


def countries(folder: Path, *versions: Any, as_of: str = "2024-04-01") -> list[str | None]:
    """Ada's country in each month from January on."""
    lake = lake_over(drawn(LINES, *versions), folder, as_of=as_of)
    profiles = [row["profile"] for row in rows_of(lake, "customer_state")]
    return [None if profile is None else json.loads(profile)["country"] for profile in profiles]


def test_attributes_are_those_of_the_latest_version_before_the_closing(tmp_path: Path) -> None:
    found = countries(
        tmp_path,
        customer(country="DE"),
        customer(country="FR", updated_at=at("2024-02-29")),
        customer(country="AT", updated_at=at("2024-03-01")),
    )
    assert found == ["DE", "FR", "AT"]


def test_before_the_earliest_version_that_one_holds_though_its_record_came_later(tmp_path: Path) -> None:
    late = (
        customer(since="2024-03-20", country="DE"),
        customer(since="2024-03-20", updated_at=at("2024-03-28")),
    )
    assert countries(tmp_path, *late) == ["DE", "DE", None]


def test_what_is_deleted_at_the_source_keeps_no_attributes(tmp_path: Path) -> None:
    gone = customer(country="DE", updated_at=at("2024-02-10"), deleted_at=at("2024-02-10"))
    assert countries(tmp_path, customer(country="DE"), gone) == [None, None, None]


def test_a_change_after_the_as_of_changes_nothing(tmp_path: Path) -> None:
    later = customer(country="AT", updated_at=at("2024-03-10"))
    assert countries(tmp_path, customer(country="DE"), later, as_of="2024-03-10") == ["DE", "DE", "DE"]
