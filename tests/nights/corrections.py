"""What a correction says of a row."""

from decimal import Decimal

from tests.companies import Row
from tests.nights.company import DAY, Company, Throws

CORRECTED = (
    "customers",
    "invoices",
    "invoices",
    "invoice_lines",
    "invoice_lines",
    "subscription_items",
    "subscription_items",
    "refunds",
    "referrals",
    "fx_rates",
    "survey_responses",
    "interactions",
    "support_tickets",
    "loyalty_events",
    "advocacy_activities",
    "retention_costs",
    "social_posts",
    "subscriptions",
)
"""The tables whose rows change; those that matter most come up most."""


def told_otherwise(company: Company, dice: Throws, table: str, row: Row) -> Row:
    """What a correction says of a row; other invoices than its own take a line."""
    shift = dice.one_of((-40, -3, 0, 2, 35)) * DAY
    invoices = company.latest("invoices")
    choices = {
        "invoices": lambda: [
            {"status": dice.one_of(("paid", "open", "void", "draft"))},
            {"paid_at": row["issued_at"] + abs(shift)},
            {"issued_at": row["issued_at"] + shift},
            {"due_at": row["issued_at"] + shift},
            {"currency": dice.one_of(("USD", "JPY"))},
            {"customer_id": dice.one_of(company.latest("customers"))["customer_id"]},
            {"total": Decimal(-4)},
        ],
        "invoice_lines": lambda: [
            {"amount": Decimal("41.5")},
            {"kind": dice.one_of(("usage", "recurring"))},
            {"plan_id": "pro"},
            {"invoice_id": dice.one_of(invoices)["invoice_id"]},
            {"period_start": row["period_start"] + shift, "period_end": row["period_end"] + shift},
        ],
        "subscription_items": lambda: [
            {"amount": Decimal("17.25")},
            {"status": dice.one_of(("paused", "trialing", "active", "past_due"))},
            {"ends_at": None},
            {"ends_at": row["starts_at"] + abs(shift)},
            {"customer_id": dice.one_of(company.latest("customers"))["customer_id"]},
        ],
        "refunds": lambda: [{"amount": Decimal("3.3")}, {"refunded_at": row["refunded_at"] + shift}],
        "referrals": lambda: [{"converted_at": None}, {"converted_at": row["sent_at"] + abs(shift)}],
        "fx_rates": lambda: [{"rate": row["rate"] * 1.1}],
        "customers": lambda: [
            {"country": dice.one_of(("DE", "IT", None))},
            {"birth_year": dice.one_of((1980, 2000))},
            {"created_at": row["created_at"] + shift},
        ],
        "survey_responses": lambda: [
            {"score": None},
            {"score": row["scale_min"]},
            {"responded_at": row["sent_at"] + abs(shift)},
            {"sent_at": row["sent_at"] + shift},
            {"customer_id": dice.one_of(company.latest("customers"))["customer_id"]},
        ],
        "interactions": lambda: [{"actions": 9}, {"started_at": row["started_at"] + shift}],
        "support_tickets": lambda: [
            {"resolved_at": row["opened_at"] + abs(shift)},
            {"first_response_at": None},
            {"opened_at": row["opened_at"] + shift},
        ],
        "loyalty_events": lambda: [
            {"kind": dice.one_of(("enrol", "leave", "redeem"))},
            {"occurred_at": row["occurred_at"] + shift},
        ],
        "advocacy_activities": lambda: [{"kind": "joined"}, {"occurred_at": row["occurred_at"] + shift}],
        "retention_costs": lambda: [
            {"amount": Decimal("7.7")},
            {"customer_segment": None},
            {"incurred_on": row["incurred_on"] + shift},
        ],
        "social_posts": lambda: [{"likes": 77}, {"sentiment": None}, {"posted_at": row["posted_at"] + shift}],
        "subscriptions": lambda: [
            {"cancel_reason": dice.one_of(("too expensive", None))},
            {"ended_at": row["started_at"] + abs(shift)},
        ],
    }
    return dice.one_of(choices[table]())
