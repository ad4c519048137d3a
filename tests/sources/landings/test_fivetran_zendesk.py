"""What Fivetran lands of Zendesk: each rule on a landing of a few rows."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from .landed import at, by_key, lay

LANDING = "fivetran_zendesk"
SYNCED = "2024-03-01 06:00:00"
ANN = {
    "id": 1,
    "role": "end-user",
    "active": True,
    "created_at": "2024-01-01",
    "external_id": "cus_1",
    "_fivetran_synced": SYNCED,
}
AGENT = ANN | {"id": 2, "role": "agent", "external_id": ""}
TICKET = {
    "id": 7,
    "requester_id": 1,
    "type": "question",
    "status": "open",
    "created_at": "2024-02-01 09:00:00",
    "updated_at": "2024-02-20 09:00:00",
    "_fivetran_synced": SYNCED,
}


def ticket(folder: Path, given: dict[str, Any] | None = None, **tables: Any) -> dict[str, Any]:
    landing = {"ticket": [TICKET | (given or {})], "user": [ANN, AGENT]} | tables
    (row,) = by_key(LANDING, lay(folder / "landing", **landing), "support_tickets").values()
    return row


def comments(*said: tuple[int, str, bool]) -> list[dict[str, Any]]:
    return [
        {"id": place, "ticket_id": 7, "user_id": user, "created": f"2024-02-{when}", "public": public}
        for place, (user, when, public) in enumerate(said)
    ]


def history(*changes: tuple[str, str]) -> list[dict[str, Any]]:
    return [
        {"ticket_id": 7, "field_name": "status", "updated": f"2024-02-{when}", "value": value}
        for when, value in changes
    ]


def test_a_ticket_is_of_the_requester_by_the_id_that_other_systems_know(tmp_path: Path) -> None:
    row = ticket(tmp_path)
    assert (row["customer_id"], row["topic"], row["opened_at"]) == (
        "cus_1",
        "question",
        at("2024-02-01 09:00"),
    )
    assert (row["updated_at"], row["deleted_at"]) == (at(SYNCED), None)


@pytest.mark.parametrize("requester", [2, 99])
def test_who_has_no_such_id_is_called_by_zendesk_s(tmp_path: Path, requester: int) -> None:
    assert ticket(tmp_path, {"requester_id": requester})["customer_id"] == str(requester)


def test_the_first_public_comment_of_somebody_else_is_the_first_response(tmp_path: Path) -> None:
    said = comments((1, "01", True), (2, "02", False), (1, "03", True), (2, "05", True), (2, "04", True))
    row = ticket(tmp_path, ticket_comment=said)
    assert (row["first_response_at"], row["contacts"]) == (at("2024-02-04"), 2)


def test_a_ticket_without_reply_has_no_first_response(tmp_path: Path) -> None:
    row = ticket(tmp_path, ticket_comment=comments((1, "01", True), (2, "02", False)))
    assert (row["first_response_at"], row["contacts"]) == (None, 1)


def test_a_ticket_without_any_comment_is_one_contact(tmp_path: Path) -> None:
    assert ticket(tmp_path)["contacts"] == 1


@pytest.mark.parametrize(
    ("changes", "resolved"),
    [
        ([("02", "open"), ("03", "solved"), ("07", "closed")], at("2024-02-03")),
        (
            [("02", "solved"), ("03", "open"), ("05", "pending"), ("06", "solved"), ("10", "closed")],
            at("2024-02-06"),
        ),
        ([("02", "solved"), ("03", "open")], None),
        ([("02", "new"), ("03", "hold")], None),
        ([("04", "closed")], at("2024-02-04")),
    ],
    ids=["solved", "reopened", "open-again", "never", "closed-at-once"],
)
def test_a_ticket_is_resolved_when_it_was_solved_for_the_last_time(
    tmp_path: Path, changes: list[tuple[str, str]], resolved: datetime | None
) -> None:
    assert ticket(tmp_path, ticket_field_history=history(*changes))["resolved_at"] == resolved


def test_other_fields_and_other_tickets_resolve_nothing(tmp_path: Path) -> None:
    other = [row | {"ticket_id": 8} for row in history(("03", "solved"))]
    priority = [row | {"field_name": "priority"} for row in history(("03", "solved"))]
    row = ticket(tmp_path, ticket_field_history=[*other, *priority, *history(("02", "open"))])
    assert row["resolved_at"] is None


def test_a_solved_ticket_without_history_was_resolved_when_it_last_changed(tmp_path: Path) -> None:
    assert ticket(tmp_path, {"status": "closed"})["resolved_at"] == at("2024-02-20 09:00")


def test_so_was_one_whose_history_begins_after_that(tmp_path: Path) -> None:
    row = ticket(tmp_path, {"status": "solved"}, ticket_field_history=history(("02", "open")))
    assert row["resolved_at"] == at("2024-02-20 09:00")


def test_a_deleted_ticket_counts_as_deleted(tmp_path: Path) -> None:
    row = ticket(tmp_path, {"status": "deleted"})
    assert (row["deleted_at"], row["resolved_at"]) == (at(SYNCED), None)


def customers(folder: Path, *users: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return by_key(LANDING, lay(folder / "landing", user=users), "customers")


def test_end_users_are_customers_and_agents_are_not(tmp_path: Path) -> None:
    lee = ANN | {"id": 3, "external_id": "", "name": "Lee", "email": "lee@example.org", "locale": "en-US"}
    made = customers(tmp_path, ANN, AGENT, lee)
    assert sorted(made) == ["3", "cus_1"]
    assert (made["3"]["name"], made["3"]["email"], made["3"]["language"]) == (
        "Lee",
        "lee@example.org",
        "en-US",
    )
    assert (made["cus_1"]["created_at"], made["cus_1"]["deleted_at"]) == (at("2024-01-01"), None)


def test_a_user_who_was_deleted_is_a_deleted_customer(tmp_path: Path) -> None:
    assert customers(tmp_path, ANN | {"active": False})["cus_1"]["deleted_at"] == at(SYNCED)


def test_two_end_users_with_one_external_id_are_one_customer(tmp_path: Path) -> None:
    gone = ANN | {"id": 3, "active": False, "created_at": "2023-01-01", "name": "Gone"}
    made = customers(tmp_path, gone, ANN | {"name": "Ann"}, ANN | {"id": 4, "created_at": "2024-02-02"})
    assert {key: row["name"] for key, row in made.items()} == {"cus_1": "Ann"}
