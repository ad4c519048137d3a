"""The raw contracts say what the plan of the raw tables says, column by column."""

import polars as pl
import pytest

from loyalty_pipeline.contract import polars_schema
from loyalty_pipeline.currencies import CURRENCIES, IN_USE, WITHDRAWN_SINCE_2014
from loyalty_pipeline.sources.catalogue import RAW_TABLES, personal_columns, references
from loyalty_pipeline.sources.countries import COUNTRIES
from loyalty_pipeline.sources.raw import RawTable

# `*` key, `?` may be null, (P) personal. Every table has updated_at and deleted_at? besides.
PLAN = {
    "customers": """*customer_id: id, created_at: ts, name?: text (P), email?: text (P), country?: text,
        region?: text, language?: text, customer_segment?: text, acquisition_channel?: text, birth_year?: int,
        merged_into_customer_id?: id""",
    "survey_responses": """*response_id: id, customer_id: id, survey: text, touchpoint?: text, scale_min: int,
        scale_max: int, score?: int, comment?: text (P), language?: text, sent_at: ts, responded_at?: ts""",
    "referrals": """*referral_id: id, advocate_customer_id: id, referred_customer_id?: id, channel?: text,
        sent_at: ts, converted_at?: ts""",
    "interactions": """*interaction_id: id, customer_id: id, channel: text, started_at: ts,
        duration_seconds: int, actions: int""",
    "support_tickets": """*ticket_id: id, customer_id: id, topic?: text, opened_at: ts, first_response_at?: ts,
        resolved_at?: ts, contacts: int""",
    "loyalty_events": "*event_id: id, customer_id: id, kind: text, points: int, occurred_at: ts",
    "advocacy_activities": "*activity_id: id, customer_id: id, kind: text, occurred_at: ts",
    "retention_costs": """*cost_id: id, incurred_on: date, programme: text, amount: money, currency: text,
        customer_segment?: text, customer_id?: id""",
    "plans": "*plan_id: id, name: text, amount: money, currency: text, interval: text, interval_count: int",
    "subscriptions": """*subscription_id: id, customer_id: id, plan_id?: id, status: text, started_at: ts,
        trial_ends_at?: ts, cancelled_at?: ts, ended_at?: ts, cancel_reason?: text""",
    "subscription_items": """*item_id: id, subscription_id: id, customer_id: id, plan_id?: id, status: text,
        quantity: num, amount: money, discount: money, discount_kind?: text, currency: text, interval: text,
        interval_count: int, starts_at: ts, ends_at?: ts""",
    "invoices": """*invoice_id: id, customer_id: id, subscription_id?: id, status: text, issued_at: ts,
        due_at?: ts, paid_at?: ts, currency: text, total: money""",
    "invoice_lines": """*line_id: id, invoice_id: id, subscription_id?: id, plan_id?: id, kind: text,
        quantity: num, amount: money, discount: money, discount_kind?: text, tax: money, period_start?: ts,
        period_end?: ts, interval?: text, interval_count?: int, proration: flag""",
    "refunds": """*refund_id: id, invoice_id: id, amount: money, currency: text, refunded_at: ts,
        reason?: text""",
    "fx_rates": "*rate_date: date, *currency: text, rate: num",
    "social_posts": """*post_id: id, platform: text, kind: text, author_handle?: text (P), customer_id?: id,
        posted_at: ts, likes: int, shares: int, comments: int, reach: int, sentiment?: num, language?: text,
        text?: text (P)""",
}

TYPES: dict[str, pl.DataType] = {
    "id": pl.String(),
    "text": pl.String(),
    "ts": pl.Datetime("us", "UTC"),
    "date": pl.Date(),
    "money": pl.Decimal(18, 4),
    "int": pl.Int64(),
    "num": pl.Float64(),
    "flag": pl.Boolean(),
}

REQUIRED = {"customers", "invoices", "invoice_lines"}

SYSTEMS = {
    "billing": {
        "plans",
        "subscriptions",
        "subscription_items",
        "invoices",
        "invoice_lines",
        "refunds",
        "fx_rates",
    },
    "social": {"social_posts"},
}

GOOD_ROWS: dict[str, dict[str, object]] = {
    "customers": {"country": "DE", "language": "pt-BR"},
    "survey_responses": {"survey": "nps", "scale_min": 0, "scale_max": 10, "score": 10},
    "interactions": {"channel": "web"},
    "loyalty_events": {"kind": "earn"},
    "retention_costs": {"currency": "EUR"},
    "subscription_items": {"status": "active", "currency": "EUR", "interval": "month", "interval_count": 1},
    "invoice_lines": {
        "kind": "recurring",
        "period_start": "2026-01-01",
        "period_end": "2026-02-01",
        "interval": "month",
        "interval_count": 1,
    },
    "refunds": {"amount": 1, "currency": "EUR"},
    "fx_rates": {"currency": "USD", "rate": 0.9},
    "social_posts": {"kind": "post", "sentiment": 1.0},
}

# (table, what makes the good row bad, the rule that says so)
BAD_ROWS = [
    ("customers", {"customer_id": None}, "customer_id|nullability"),
    ("customers", {"customer_id": ""}, "customer_id|min_length"),
    ("customers", {"created_at": None}, "created_at|nullability"),
    ("customers", {"country": "Germany"}, "country|regex"),
    ("customers", {"country": "de"}, "country|regex"),
    ("customers", {"language": "pt BR"}, "language|regex"),
    ("survey_responses", {"score": 11}, "score_is_inside_its_scale"),
    ("survey_responses", {"score": -1}, "score_is_inside_its_scale"),
    ("survey_responses", {"scale_max": 0, "score": 0}, "scale_ends_above_its_start"),
    ("survey_responses", {"survey": "mood"}, "survey|check__one of nps, csat, ces, trust, emotional"),
    ("interactions", {"duration_seconds": -1}, "duration_seconds|min"),
    ("interactions", {"actions": -1}, "actions|min"),
    ("loyalty_events", {"points": -1}, "points|min"),
    ("retention_costs", {"currency": "EURO"}, "currency|check__currency_is_an_iso_4217_code"),
    ("subscription_items", {"quantity": -1.0}, "quantity|min"),
    ("subscription_items", {"interval_count": 0}, "interval_count|min"),
    ("invoice_lines", {"period_end": "2026-01-01"}, "period_ends_after_it_starts"),
    ("invoice_lines", {"kind": "one_off", "period_end": "2025-12-31"}, "period_ends_after_it_starts"),
    ("invoice_lines", {"period_end": None}, "recurring_line_has_a_period"),
    ("invoice_lines", {"period_start": None}, "recurring_line_has_a_period"),
    ("refunds", {"amount": 0}, "amount_is_positive"),
    ("refunds", {"currency": "XXX"}, "currency|check__currency_is_an_iso_4217_code"),
    ("fx_rates", {"rate": 0.0}, "rate|min_exclusive"),
    ("fx_rates", {"rate": float("nan")}, "rate|nan"),
    ("fx_rates", {"currency": "usd"}, "currency|check__currency_is_an_iso_4217_code"),
    ("social_posts", {"sentiment": 1.01}, "sentiment_is_between_minus_one_and_one"),
    ("social_posts", {"sentiment": -1.01}, "sentiment_is_between_minus_one_and_one"),
    ("social_posts", {"reach": -1}, "reach|min"),
]

FILLERS: dict[pl.DataType, object] = {
    pl.String(): "x",
    pl.Datetime("us", "UTC"): "2026-01-01",
    pl.Date(): "2026-01-01",
    pl.Decimal(18, 4): 0,
    pl.Int64(): 0,
    pl.Float64(): 0.0,
    pl.Boolean(): False,
}


def row(table: str, **changes: object) -> pl.DataFrame:
    """One row of a table: what is not said is null, or a filler where null is not allowed."""
    contract = RAW_TABLES[table]
    fillers = {
        name: None if column.nullable else FILLERS[column.dtype]
        for name, column in contract.columns().items()
    }
    record = fillers | GOOD_ROWS.get(table, {}) | changes
    return pl.DataFrame(
        [_typed(pl.Series(name, [record[name]]), dtype) for name, dtype in polars_schema(contract).items()]
    )


def _typed(values: pl.Series, dtype: pl.DataType) -> pl.Series:
    if values.dtype == pl.String and dtype != pl.String:
        return values.str.to_datetime("%Y-%m-%d", time_unit="us").cast(dtype)
    return values.cast(dtype)


def planned(table: str) -> list[tuple[str, str, bool, bool, bool]]:
    """Name, type, nullable, key, personal of each column that the plan lists."""
    columns = []
    for item in PLAN[table].split(","):
        name, kind = item.strip().split(": ")
        type_name, *marks = kind.split()
        columns.append(
            (name.strip("*?"), type_name, name.endswith("?"), name.startswith("*"), marks == ["(P)"])
        )
    return columns


@pytest.mark.parametrize("table", PLAN)
def test_a_contract_has_the_columns_of_the_plan_in_its_order(table: str) -> None:
    declared = [
        (name, column.dtype, column.nullable, column.primary_key, name in personal_columns(RAW_TABLES[table]))
        for name, column in RAW_TABLES[table].columns().items()
    ]
    everywhere = [
        ("updated_at", TYPES["ts"], False, False, False),
        ("deleted_at", TYPES["ts"], True, False, False),
    ]
    expected = [
        (name, TYPES[kind], null, is_key, personal) for name, kind, null, is_key, personal in planned(table)
    ]
    assert declared == everywhere + expected


def test_no_table_is_missing_and_none_is_unplanned() -> None:
    assert RAW_TABLES.keys() == PLAN.keys()


def test_a_source_may_lack_every_table_but_customers_invoices_and_their_lines() -> None:
    assert {table for table, contract in RAW_TABLES.items() if not contract.is_optional} == REQUIRED


def test_each_table_belongs_to_the_system_that_owns_it() -> None:
    for system, tables in SYSTEMS.items():
        assert {table for table, contract in RAW_TABLES.items() if contract.system == system} == tables


@pytest.mark.parametrize(("table", "contract"), RAW_TABLES.items())
def test_every_contract_and_column_says_what_it_is(table: str, contract: type[RawTable]) -> None:
    assert (contract.__doc__ or "").startswith("One row is"), table
    for name, column in contract.columns().items():
        assert (column.description or "").endswith("."), f"{table}.{name}"


@pytest.mark.parametrize(("table", "contract"), RAW_TABLES.items())
def test_every_number_and_time_says_its_unit(table: str, contract: type[RawTable]) -> None:
    for name, column in contract.columns().items():
        if column.dtype.is_numeric() or column.dtype.is_temporal():
            assert (column.metadata or {}).get("unit"), f"{table}.{name}"


@pytest.mark.parametrize(("table", "contract"), RAW_TABLES.items())
def test_every_reference_points_to_the_key_of_a_table_that_stands_before_it(
    table: str, contract: type[RawTable]
) -> None:
    tables = list(RAW_TABLES)
    for parent, key in references(contract).values():
        assert RAW_TABLES[parent].primary_key() == [key]
        assert tables.index(parent) <= tables.index(table)


@pytest.mark.parametrize("contract", RAW_TABLES.values())
def test_every_column_named_like_the_key_of_another_table_refers_to_it(contract: type[RawTable]) -> None:
    keys = {
        key: name for name, owner in RAW_TABLES.items() for key in owner.primary_key() if key.endswith("_id")
    }
    expected = {
        name: next(owner for key, owner in keys.items() if name.endswith(key))
        for name in contract.column_names()
        if name not in contract.primary_key() and any(name.endswith(key) for key in keys)
    }
    assert {name: parent for name, (parent, _) in references(contract).items()} == expected


@pytest.mark.parametrize("contract", RAW_TABLES.values())
def test_every_row_is_filed_by_a_time_of_its_own_or_with_the_row_it_refers_to(
    contract: type[RawTable],
) -> None:
    if contract.filed_with:
        assert not contract.month_of
        assert contract.filed_with in {parent for parent, _ in references(contract).values()}
        return
    column = contract.columns()[contract.month_of]
    assert column.dtype.is_temporal()
    assert not column.nullable


@pytest.mark.parametrize("table", GOOD_ROWS)
def test_a_good_row_breaks_no_rule(table: str) -> None:
    assert RAW_TABLES[table].is_valid(row(table))


@pytest.mark.parametrize(("table", "change", "rule"), BAD_ROWS)
def test_a_bad_row_is_told_by_the_one_rule_it_breaks(
    table: str, change: dict[str, object], rule: str
) -> None:
    _, failures = RAW_TABLES[table].filter(row(table, **change))
    assert failures.counts() == {rule: 1}


def test_a_question_without_an_answer_is_a_good_row() -> None:
    assert RAW_TABLES["survey_responses"].is_valid(row("survey_responses", score=None))


def test_a_line_for_use_needs_no_period() -> None:
    unperiodic = row("invoice_lines", kind="usage", period_start=None, period_end=None, interval=None)
    assert RAW_TABLES["invoice_lines"].is_valid(unperiodic)


def test_a_currency_that_was_withdrawn_may_stand_in_the_history() -> None:
    assert RAW_TABLES["refunds"].is_valid(row("refunds", currency="HRK"))


def test_codes_are_unique_and_have_their_shape() -> None:
    assert not set(IN_USE) & set(WITHDRAWN_SINCE_2014)
    for codes, length in ((CURRENCIES, 3), (COUNTRIES, 2)):
        assert len(set(codes)) == len(codes)
        assert all(len(code) == length and code.isupper() and code.isascii() for code in codes)
    # The number of countries that ISO 3166-1 assigns, and Kosovo.
    assert len(COUNTRIES) == 249 + 1
