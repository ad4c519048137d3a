"""What Fivetran lands of HubSpot: each rule on a landing of a few rows."""

from pathlib import Path
from typing import Any

import pytest

from .landed import at, by_key, lay, read

LANDING = "fivetran_hubspot"
SYNCED = "2024-03-01 06:00:00"
CONTACT = {
    "id": 1,
    "property_createdate": "2024-01-01",
    "_fivetran_deleted": False,
    "_fivetran_synced": SYNCED,
}
ENGAGEMENT = {
    "property_hs_timestamp": "2024-02-01 10:00:00",
    "_fivetran_deleted": False,
    "_fivetran_synced": SYNCED,
}


def customers(folder: Path, contacts: list[dict[str, Any]], **tables: Any) -> dict[str, dict[str, Any]]:
    landing = lay(folder / "landing", contact=[CONTACT | contact for contact in contacts], **tables)
    return by_key(LANDING, landing, "customers")


def test_a_contact_is_a_customer(tmp_path: Path) -> None:
    row = {
        "property_firstname": "Ann",
        "property_lastname": "Lee",
        "property_email": "ann@example.org",
        "property_country": "Germany",
        "property_hs_country_region_code": "DE",
        "property_hs_language": "pt-br",
        "property_hs_analytics_source": "ORGANIC_SEARCH",
    }
    ann = customers(tmp_path, [row])["1"]
    assert (ann["name"], ann["email"], ann["country"]) == ("Ann Lee", "ann@example.org", "DE")
    assert (ann["language"], ann["acquisition_channel"]) == ("pt-br", "ORGANIC_SEARCH")
    assert (ann["created_at"], ann["updated_at"]) == (at("2024-01-01"), at(SYNCED))
    assert (ann["deleted_at"], ann["merged_into_customer_id"]) == (None, None)


def test_words_that_are_no_codes_cost_no_customer(tmp_path: Path) -> None:
    row = {"property_country": "Germany", "property_hs_language": "English (UK)", "property_lastname": "Lee"}
    ann = customers(tmp_path, [row])["1"]
    assert (ann["country"], ann["language"], ann["name"]) == (None, None, "Lee")


def test_a_deleted_contact_is_a_deleted_customer(tmp_path: Path) -> None:
    assert customers(tmp_path, [{"_fivetran_deleted": True}])["1"]["deleted_at"] == at(SYNCED)


def test_a_merged_contact_points_to_the_other_and_is_not_deleted(tmp_path: Path) -> None:
    audit = [{"canonical_vid": 2, "contact_id": 2, "vid_to_merge": 1, "timestamp": "2024-02-01"}]
    made = customers(tmp_path, [{"_fivetran_deleted": True}, {"id": 2}], contact_merge_audit=audit)
    assert (made["1"]["merged_into_customer_id"], made["1"]["deleted_at"]) == ("2", None)
    assert made["2"]["merged_into_customer_id"] is None


def test_newer_connections_say_at_the_contact_what_was_merged_into_it(tmp_path: Path) -> None:
    contacts = [
        {"id": 1, "_fivetran_deleted": True},
        {"id": 2, "_fivetran_deleted": True, "property_hs_merged_object_ids": "1"},
        {"id": 3, "property_hs_merged_object_ids": "1;2;77"},
    ]
    made = customers(tmp_path, contacts)
    assert [row["merged_into_customer_id"] for row in made.values()] == ["3", "3", None]


def test_a_contact_merged_into_one_that_is_not_landed_stands_for_itself(tmp_path: Path) -> None:
    audit = [{"canonical_vid": 9, "vid_to_merge": 1, "timestamp": "2024-02-01"}]
    assert customers(tmp_path, [{}], contact_merge_audit=audit)["1"]["merged_into_customer_id"] is None


def test_a_contact_merged_twice_points_to_where_it_went_last(tmp_path: Path) -> None:
    audit = [
        {"canonical_vid": 2, "vid_to_merge": 1, "timestamp": "2024-02-01"},
        {"canonical_vid": 3, "vid_to_merge": 1, "timestamp": "2024-02-02"},
    ]
    made = customers(tmp_path, [{}, {"id": 2}, {"id": 3}], contact_merge_audit=audit)
    assert made["1"]["merged_into_customer_id"] == "3"


def test_nobody_is_merged_into_itself(tmp_path: Path) -> None:
    contacts = [
        {"id": 1, "property_hs_merged_object_ids": "1"},
        {"id": 2, "property_hs_merged_object_ids": "1"},
        {"id": 3, "property_customer_id": "cus_1"},
        {
            "id": 4,
            "property_customer_id": "cus_1",
            "property_createdate": "2024-02-02",
            "property_hs_merged_object_ids": "3",
        },
    ]
    made = customers(tmp_path, contacts)
    assert {key: row["merged_into_customer_id"] for key, row in made.items()} == {
        "1": "2",
        "2": None,
        "cus_1": None,
    }


def test_contacts_with_one_customer_id_are_one_customer_and_the_oldest_speaks(tmp_path: Path) -> None:
    contacts = [
        {"id": 1, "property_customer_id": "cus_1", "property_firstname": "Gone", "_fivetran_deleted": True},
        {
            "id": 2,
            "property_customer_id": "cus_1",
            "property_firstname": "New",
            "property_createdate": "2024-02-02",
        },
        {
            "id": 3,
            "property_customer_id": "cus_1",
            "property_firstname": "Old",
            "property_hs_merged_object_ids": "1",
        },
        {"id": 4},
    ]
    made = customers(tmp_path, contacts)
    assert sorted(made) == ["4", "cus_1"]
    assert (made["cus_1"]["name"], made["cus_1"]["merged_into_customer_id"]) == ("Old", None)


def interactions(folder: Path, **tables: Any) -> dict[str, dict[str, Any]]:
    engaged = [
        {"engagement_id": key, "contact_id": 1, "category": "HUBSPOT_DEFINED"} for key in (10, 11, 12, 13)
    ]
    landing = {"engagement_contact": engaged, "contact": [CONTACT]} | tables
    return by_key(LANDING, lay(folder / "landing", **landing), "interactions")


def test_calls_emails_messages_and_meetings_are_interactions(tmp_path: Path) -> None:
    made = interactions(
        tmp_path,
        engagement_call=[ENGAGEMENT | {"engagement_id": 10, "property_hs_call_duration": 61_999}],
        engagement_email=[
            ENGAGEMENT | {"engagement_id": 11, "property_hs_email_direction": "INCOMING_EMAIL"}
        ],
        engagement_communication=[ENGAGEMENT | {"engagement_id": 12}],
        engagement_meeting=[
            ENGAGEMENT
            | {
                "engagement_id": 13,
                "property_hs_meeting_start_time": "2024-02-05 10:00:00",
                "property_hs_meeting_end_time": "2024-02-05 11:30:00",
            }
        ],
        engagement_note=[ENGAGEMENT | {"engagement_id": 10}],
    )
    assert {key: (row["channel"], row["duration_seconds"], row["actions"]) for key, row in made.items()} == {
        "10-1": ("phone", 61, 1),
        "11-1": ("email", 0, 1),
        "12-1": ("chat", 0, 1),
        "13-1": ("web", 5400, 1),
    }
    assert {row["customer_id"] for row in made.values()} == {"1"}
    assert (made["10-1"]["started_at"], made["13-1"]["started_at"]) == (
        at("2024-02-01 10:00"),
        at("2024-02-05 10:00"),
    )


def test_what_went_out_or_did_not_take_place_is_none_of_the_customer_s(tmp_path: Path) -> None:
    made = interactions(
        tmp_path,
        engagement_email=[ENGAGEMENT | {"engagement_id": 10, "property_hs_email_direction": "EMAIL"}],
        engagement_call=[ENGAGEMENT | {"engagement_id": 11, "property_hs_call_status": "NO_ANSWER"}],
        engagement_meeting=[
            ENGAGEMENT | {"engagement_id": 12, "property_hs_meeting_outcome": "NO_SHOW"},
            ENGAGEMENT | {"engagement_id": 13, "meeting_outcome": "CANCELED"},
        ],
    )
    assert made == {}


def test_an_engagement_with_two_contacts_is_one_of_each(tmp_path: Path) -> None:
    twice = [{"engagement_id": 10, "contact_id": contact, "category": "x"} for contact in (1, 1, 2)]
    contacts = [CONTACT | {"property_customer_id": "cus_1"}, CONTACT | {"id": 2}]
    made = interactions(
        tmp_path,
        contact=contacts,
        engagement_contact=twice,
        engagement_call=[ENGAGEMENT | {"engagement_id": 10}],
    )
    assert {key: row["customer_id"] for key, row in made.items()} == {"10-1": "cus_1", "10-2": "2"}
    assert len(read(LANDING, tmp_path / "landing", "interactions") or []) == 2


def test_a_meeting_that_ends_before_it_starts_lasted_nothing(tmp_path: Path) -> None:
    times = {"start_time": "2024-02-01 10:00:00", "end_time": "2024-02-01 09:00:00"}
    row = interactions(tmp_path, engagement_meeting=[ENGAGEMENT | {"engagement_id": 10} | times])["10-1"]
    assert (row["started_at"], row["duration_seconds"]) == (at("2024-02-01 10:00"), 0)


def test_older_connections_have_the_instant_in_the_engagement(tmp_path: Path) -> None:
    made = interactions(
        tmp_path,
        engagement=[{"id": 10, "timestamp": "2019-05-06 07:08:09", "type": "CALL"}],
        engagement_call=[{"engagement_id": 10, "_fivetran_synced": SYNCED}],
    )
    assert made["10-1"]["started_at"] == at("2019-05-06 07:08:09")


def test_a_deleted_engagement_is_a_deleted_interaction(tmp_path: Path) -> None:
    made = interactions(
        tmp_path, engagement_call=[ENGAGEMENT | {"engagement_id": 10, "_fivetran_deleted": True}]
    )
    assert made["10-1"]["deleted_at"] == at(SYNCED)


def tickets(folder: Path, ticket: dict[str, Any], **tables: Any) -> dict[str, dict[str, Any]]:
    asked = {
        "id": 5,
        "property_createdate": "2024-02-01",
        "property_hs_pipeline": 0,
        "property_hs_pipeline_stage": 4,
    }
    stages = [
        {"pipeline_id": 0, "stage_id": 1, "ticket_state": "OPEN", "is_closed": False},
        {"pipeline_id": 0, "stage_id": 4, "ticket_state": "CLOSED", "is_closed": True},
        {"pipeline_id": 9, "stage_id": 4, "ticket_state": "OPEN", "is_closed": False},
    ]
    landing = {
        "ticket": [asked | {"_fivetran_synced": SYNCED} | ticket],
        "ticket_contact": [{"ticket_id": 5, "contact_id": 1}],
        "contact": [CONTACT],
        "ticket_pipeline_stage": stages,
    }
    return by_key(LANDING, lay(folder / "landing", **landing | tables), "support_tickets")


def test_a_closed_ticket_is_resolved_at_its_close_date(tmp_path: Path) -> None:
    row = tickets(
        tmp_path,
        {
            "property_closed_date": "2024-02-04",
            "property_first_agent_reply_date": "2024-02-02",
            "property_hs_ticket_category": "BILLING_ISSUE",
        },
    )["5"]
    assert (row["customer_id"], row["topic"], row["contacts"]) == ("1", "BILLING_ISSUE", 1)
    assert (row["opened_at"], row["first_response_at"]) == (at("2024-02-01"), at("2024-02-02"))
    assert (row["resolved_at"], row["deleted_at"]) == (at("2024-02-04"), None)


def test_a_ticket_without_reply_has_no_first_response(tmp_path: Path) -> None:
    row = tickets(tmp_path, {})["5"]
    assert (row["first_response_at"], row["resolved_at"]) == (None, None)


def test_a_ticket_that_was_opened_again_is_not_resolved(tmp_path: Path) -> None:
    reopened = {"property_closed_date": "2024-02-04", "property_hs_pipeline_stage": 1}
    assert tickets(tmp_path, reopened)["5"]["resolved_at"] is None


@pytest.mark.parametrize("flag", ["is_deleted", "_fivetran_deleted"])
def test_a_deleted_ticket_says_so_in_either_of_two_columns(tmp_path: Path, flag: str) -> None:
    assert tickets(tmp_path, {flag: True})["5"]["deleted_at"] == at(SYNCED)


def test_contacts_are_what_came_in_about_the_ticket(tmp_path: Path) -> None:
    row = tickets(
        tmp_path,
        {},
        ticket_engagement=[
            {"ticket_id": 5, "engagement_id": key, "category": "x"} for key in (10, 10, 11, 12, 13)
        ],
        engagement_email=[
            {"engagement_id": 10, "property_hs_email_direction": "INCOMING_EMAIL"},
            {"engagement_id": 11, "property_hs_email_direction": "EMAIL"},
        ],
        engagement_call=[
            {"engagement_id": 12, "property_hs_call_direction": "INBOUND"},
            {"engagement_id": 13, "property_hs_call_direction": "OUTBOUND"},
        ],
    )["5"]
    assert row["contacts"] == 2


def test_the_oldest_of_several_contacts_asked(tmp_path: Path) -> None:
    contacts = [
        CONTACT,
        CONTACT | {"id": 2, "property_createdate": "2023-01-01", "property_customer_id": "cus_2"},
    ]
    both = [{"ticket_id": 5, "contact_id": contact} for contact in (1, 2)]
    assert tickets(tmp_path, {}, contact=contacts, ticket_contact=both)["5"]["customer_id"] == "cus_2"


def test_a_ticket_of_nobody_is_left_out(tmp_path: Path) -> None:
    assert tickets(tmp_path, {}, ticket_contact=[{"ticket_id": 6, "contact_id": 1}]) == {}


def test_a_company_without_tickets_has_no_table_of_them(tmp_path: Path) -> None:
    folder = lay(tmp_path / "landing", contact=[CONTACT])
    assert (read(LANDING, folder, "support_tickets"), read(LANDING, folder, "interactions")) == (None, None)
