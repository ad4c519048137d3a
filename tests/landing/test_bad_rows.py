"""Each reason of RAW_TABLES for which a row is set aside, and that nothing else is."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .company import NIGHT, Company, at, customer, invoice, line

SURVEY = {
    "response_id": "s1",
    "customer_id": "c1",
    "survey": "nps",
    "scale_min": 0,
    "scale_max": 10,
    "score": 9,
    "sent_at": at("2024-02-01"),
    "updated_at": at("2024-02-01"),
}
POST = {
    "post_id": "p1",
    "platform": "x",
    "kind": "post",
    "posted_at": at("2024-02-01"),
    "likes": 1,
    "shares": 1,
    "comments": 1,
    "reach": 10,
    "sentiment": 0.5,
    "updated_at": at("2024-02-01"),
}
VISIT = {
    "interaction_id": "v1",
    "customer_id": "c1",
    "channel": "web",
    "started_at": at("2024-02-01"),
    "duration_seconds": 60,
    "actions": 3,
    "updated_at": at("2024-02-01"),
}
EVENT = {
    "event_id": "e1",
    "customer_id": "c1",
    "kind": "earn",
    "points": 5,
    "occurred_at": at("2024-02-01"),
    "updated_at": at("2024-02-01"),
}
RATE = {"rate_date": "2024-01-01", "currency": "USD", "rate": 0.92, "updated_at": at("2024-01-02")}

GOOD = {
    "customers": customer(),
    "invoices": invoice(),
    "invoice_lines": line(),
    "survey_responses": SURVEY,
    "social_posts": POST,
    "interactions": VISIT,
    "loyalty_events": EVENT,
    "fx_rates": RATE,
}

BAD = [
    ("invoices", {"invoice_id": None}, "invoice_id_is_set"),
    ("invoices", {"invoice_id": ""}, "invoice_id_is_set"),
    ("invoices", {"invoice_id": "  "}, "invoice_id_is_set"),
    ("invoices", {"customer_id": None}, "customer_id_is_set"),
    ("invoices", {"issued_at": None}, "issued_at_is_set"),
    ("invoices", {"issued_at": "yesterday"}, "issued_at_can_be_read"),
    ("invoices", {"status": "lost"}, "status_is_one_of_its_values"),
    ("invoices", {"total": "1.23456"}, "total_can_be_read"),
    ("invoices", {"total": "12,50"}, "total_can_be_read"),
    ("invoices", {"total": "99999999999999999999"}, "total_can_be_read"),
    ("invoices", {"currency": "EURO"}, "currency_is_an_iso_4217_code"),
    ("invoices", {"currency": "eur"}, "currency_is_an_iso_4217_code"),
    ("invoices", {"updated_at": NIGHT + timedelta(microseconds=1)}, "updated_at_is_not_after_the_extract"),
    ("invoices", {"updated_at": None}, "updated_at_is_set"),
    ("invoices", {"customer_id": "nobody"}, "customer_id_refers_to_a_row"),
    ("invoice_lines", {"invoice_id": "none"}, "invoice_id_refers_to_a_row"),
    ("invoice_lines", {"period_end": at("2024-02-01")}, "period_ends_after_it_starts"),
    ("invoice_lines", {"period_end": at("2024-01-01")}, "period_ends_after_it_starts"),
    ("invoice_lines", {"period_end": None}, "recurring_line_has_a_period"),
    ("invoice_lines", {"kind": "gift"}, "kind_is_one_of_its_values"),
    ("invoice_lines", {"interval": "fortnight"}, "interval_is_one_of_its_values"),
    ("invoice_lines", {"interval_count": 0}, "interval_count_is_at_least_its_minimum"),
    ("invoice_lines", {"proration": None}, "proration_is_set"),
    ("survey_responses", {"score": 11}, "score_is_inside_its_scale"),
    ("survey_responses", {"score": -1}, "score_is_inside_its_scale"),
    ("survey_responses", {"scale_max": 0, "score": 0}, "scale_ends_above_its_start"),
    ("survey_responses", {"survey": "mood"}, "survey_is_one_of_its_values"),
    ("social_posts", {"sentiment": 1.01}, "sentiment_is_between_minus_one_and_one"),
    ("social_posts", {"reach": -1}, "reach_is_at_least_its_minimum"),
    ("social_posts", {"likes": -1}, "likes_is_at_least_its_minimum"),
    ("interactions", {"duration_seconds": -1}, "duration_seconds_is_at_least_its_minimum"),
    ("interactions", {"actions": -1}, "actions_is_at_least_its_minimum"),
    ("loyalty_events", {"points": -5}, "points_is_at_least_its_minimum"),
    ("customers", {"country": "Germany"}, "country_has_the_right_shape"),
    ("customers", {"merged_into_customer_id": "c77"}, "merged_into_customer_id_refers_to_a_row"),
    ("fx_rates", {"rate": 0.0}, "rate_is_above_its_minimum"),
    ("fx_rates", {"rate": float("inf")}, "rate_can_be_read"),
]
KEYS = {"fx_rates": {"rate_date": "2024-01-09"}}


@pytest.mark.parametrize(("table", "change", "reason"), BAD)
def test_a_bad_row_is_set_aside_whole_with_its_reason_and_the_rest_lands(
    tmp_path: Path, table, change, reason
):
    company = Company(tmp_path)
    key = KEYS.get(table) or {next(iter(GOOD[table])): "other"}
    as_text = {
        name: None if value is None else str(value) for name, value in (GOOD[table] | key | change).items()
    }
    good = {name: None if value is None else str(value) for name, value in GOOD[table].items()}
    company.write(
        table,
        [good, as_text],
        ".csv" if table not in ("customers", "invoices", "invoice_lines") else ".parquet",
    )
    report = company.land().tables[table]
    assert (report.accepted, report.quarantined) == (1, 1)
    bad = company.quarantined(table)
    assert bad["_reasons"].to_list() == [[reason]]
    assert bad.select("_batch", "_row").row(0) == ("000001", 2)
    assert bad["_waiting"][0] == reason.endswith("_refers_to_a_row")
    (name,) = change if len(change) == 1 else ("scale_max",)
    assert (bad[name][0] or "").strip() == (as_text[name] or "").strip()


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("invoices", {"updated_at": NIGHT}),
        ("invoices", {"total": "-5"}),
        ("invoices", {"total": "1.230000000"}),
        ("invoices", {"due_at": None, "paid_at": None, "status": "open"}),
        ("invoice_lines", {"kind": "usage", "period_start": None, "period_end": None}),
        ("invoice_lines", {"amount": "-100.0001"}),
        ("invoice_lines", {"interval": None, "interval_count": None}),
        ("survey_responses", {"score": None}),
        ("survey_responses", {"score": 0}),
        ("survey_responses", {"score": 10}),
        ("social_posts", {"sentiment": -1.0}),
        ("social_posts", {"sentiment": None}),
        ("customers", {"country": None}),
    ],
)
def test_a_value_at_the_edge_of_what_is_promised_lands(tmp_path: Path, table, change):
    company = Company(tmp_path)
    company.write(table, [GOOD[table] | change])
    report = company.land().tables[table]
    assert (report.accepted, report.quarantined) == (1, 0)


def test_a_country_that_has_the_shape_but_is_not_assigned_warns_and_costs_no_row(tmp_path: Path):
    company = Company(tmp_path, max_bad_share=0.01)
    company.write("customers", [customer(country="UK")])
    report = company.land().tables["customers"]
    assert report.accepted == 1
    assert report.warnings == [
        "country_is_a_known_value: 1 rows do not keep it: country is a known ISO 3166-1 alpha-2"
    ]


def test_a_row_tells_all_its_reasons(tmp_path: Path):
    company = Company(tmp_path)
    company.write("invoices", [invoice(), invoice(2, status="lost", total="free")])
    company.land()
    assert company.quarantined("invoices")["_reasons"][0].to_list() == [
        "total_can_be_read",
        "status_is_one_of_its_values",
    ]


rows = st.fixed_dictionaries(
    {
        "key": st.integers(1, 4),
        "total": st.sampled_from(["10", "20", "1.23456", "many"]),
        "customer_id": st.sampled_from(["c1", "c2", ""]),
        "updated_on": st.integers(1, 3),
    }
)


@given(nights=st.lists(st.lists(rows, max_size=8), min_size=1, max_size=3))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_extracted_row_is_accepted_quarantined_a_duplicate_or_landed_before(tmp_path_factory, nights):
    company = Company(tmp_path_factory.mktemp("company"), max_bad_share=1.0)
    for night in nights:
        stated = [
            invoice(
                row["key"],
                total=row["total"],
                customer_id=row["customer_id"],
                updated_at=datetime(2024, 3, row["updated_on"], tzinfo=UTC),
            )
            for row in night
        ]
        company.write("invoices", stated or [invoice()])
        report = company.land().tables["invoices"]
        if report.skipped:
            continue
        assert report.extracted == len(stated or [1])
        assert (
            report.extracted
            == report.accepted + report.quarantined + report.duplicates + report.already_landed
        )
        live = {
            row["invoice_id"] for row in stated if row["customer_id"] == "c1" and row["total"] in ("10", "20")
        }
        parts = company.parts("invoices").values()
        assert live <= {key for part in parts for key in part["invoice_id"]}
        assert {total for part in parts for total in part["total"]} <= {
            Decimal(10),
            Decimal(20),
            Decimal(119),
        }
