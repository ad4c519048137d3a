import re
import tomllib
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from loyalty_pipeline.demo import DemoCompany, write_company

from .conftest import Tables, key_of, raw_tables

# Column names and types as the raw tables' contract words them.
CONTRACT = """
customers: customer_id id, created_at ts, name text, email text, country text, region text, language text,
  customer_segment text, acquisition_channel text, birth_year int, merged_into_customer_id id
survey_responses: response_id id, customer_id id, survey text, touchpoint text, scale_min int, scale_max int,
  score int, comment text, language text, sent_at ts, responded_at ts
referrals: referral_id id, advocate_customer_id id, referred_customer_id id, channel text, sent_at ts, converted_at ts
interactions: interaction_id id, customer_id id, channel text, started_at ts, duration_seconds int, actions int
support_tickets: ticket_id id, customer_id id, topic text, opened_at ts, first_response_at ts, resolved_at ts,
  contacts int
loyalty_events: event_id id, customer_id id, kind text, points int, occurred_at ts
advocacy_activities: activity_id id, customer_id id, kind text, occurred_at ts
retention_costs: cost_id id, incurred_on date, programme text, amount money, currency text, customer_segment text,
  customer_id id
plans: plan_id id, name text, amount money, currency text, interval text, interval_count int
subscriptions: subscription_id id, customer_id id, plan_id id, status text, started_at ts, trial_ends_at ts,
  cancelled_at ts, ended_at ts, cancel_reason text
subscription_items: item_id id, subscription_id id, customer_id id, plan_id id, status text, quantity num,
  amount money, discount money, discount_kind text, currency text, interval text, interval_count int,
  starts_at ts, ends_at ts
invoices: invoice_id id, customer_id id, subscription_id id, status text, issued_at ts, due_at ts, paid_at ts,
  currency text, total money
invoice_lines: line_id id, invoice_id id, subscription_id id, plan_id id, kind text, quantity num, amount money,
  discount money, discount_kind text, tax money, period_start ts, period_end ts, interval text, interval_count int,
  proration flag
refunds: refund_id id, invoice_id id, amount money, currency text, refunded_at ts, reason text
fx_rates: rate_date date, currency text, rate num
social_posts: post_id id, platform text, kind text, author_handle text, customer_id id, posted_at ts, likes int,
  shares int, comments int, reach int, sentiment num, language text, text text
"""
TYPES = {"id": pl.String, "text": pl.String, "ts": pl.Datetime("us", "UTC"), "int": pl.Int64, "num": pl.Float64,
         "flag": pl.Boolean, "date": pl.Date, "money": pl.Decimal(18, 4)}  # fmt: skip
TABLES = re.findall(r"^(\w+): ((?:.|\n )+)", CONTRACT, flags=re.MULTILINE)


@pytest.fixture(scope="module")
def raw(clean: DemoCompany) -> Tables:
    return raw_tables(clean)


@pytest.mark.parametrize(("table", "columns"), TABLES, ids=[table for table, _ in TABLES])
def test_every_raw_table_has_the_columns_and_types_of_the_contract(
    table: str, columns: str, raw: Tables
) -> None:
    named = dict(column.split() for column in columns.split(","))
    expected = {name: TYPES[kind] for name, kind in named.items()}
    assert raw[table].schema == expected | {"updated_at": TYPES["ts"], "deleted_at": TYPES["ts"]}


def test_no_table_is_missing_or_empty(clean: DemoCompany, raw: Tables) -> None:
    assert {table for table, _ in TABLES} == set(raw) == set(clean.tables)
    assert clean.tables == {name: frame.height for name, frame in raw.items()}
    assert min(clean.tables.values()) > 0


@pytest.mark.parametrize("source", ["subscription_items", "invoice_lines"])
def test_the_same_arguments_write_the_same_rows(source: str, messy: DemoCompany, tmp_path: Path) -> None:
    again = write_company(tmp_path, customers=1_500, months=24)
    first, second = raw_tables(messy), raw_tables(again)
    assert all(first[name].equals(second[name]) for name in first)
    keys = key_of(messy, source), key_of(again, source)
    assert all(keys[0][name].equals(keys[1][name]) for name in keys[0])


def test_another_seed_writes_other_rows(clean: DemoCompany, tmp_path: Path) -> None:
    other = write_company(tmp_path, customers=1_500, months=24, seed=8, mess=frozenset())
    names = ("customers", "invoice_lines", "fx_rates", "referrals")
    assert not any(raw_tables(clean)[name].equals(raw_tables(other)[name]) for name in names)


def test_nothing_is_recorded_at_or_after_the_as_of(raw: Tables) -> None:
    end = pl.lit(date(2026, 10, 17)).cast(TYPES["ts"])
    happened = ("created_at", "updated_at", "issued_at", "paid_at", "refunded_at", "starts_at", "started_at",
                "converted_at", "sent_at", "responded_at", "occurred_at", "opened_at", "resolved_at", "posted_at")  # fmt: skip
    for name, frame in raw.items():
        late = frame.filter(pl.any_horizontal(pl.col(c) >= end for c in happened if c in frame.columns))
        assert late.is_empty(), name


def test_every_reference_is_to_a_row_that_exists(raw: Tables) -> None:
    keys = {"customer_id": "customers", "invoice_id": "invoices", "subscription_id": "subscriptions",
            "plan_id": "plans"}  # fmt: skip
    for name, frame in raw.items():
        for key, target in keys.items():
            if key in frame.columns and name != target:
                assert frame.drop_nulls(key).join(raw[target], on=key, how="anti").is_empty(), (name, key)


def test_the_settings_beside_the_tables_name_the_as_of_and_the_source(clean: DemoCompany) -> None:
    settings = tomllib.loads((clean.folder / "loyalty.toml").read_text(encoding="utf-8"))
    assert settings == {"as_of": date(2026, 10, 17), "source": "."}
    assert clean.as_of == date(2026, 10, 17)


def test_an_unknown_kind_of_mess_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="dust"):
        write_company(tmp_path, customers=5, mess=frozenset({"dust"}))


def test_a_company_needs_a_customer_and_a_month(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least one customer"):
        write_company(tmp_path, customers=0)


def test_churn_falls_with_tenure(clean: DemoCompany) -> None:
    cells = key_of(clean, "invoice_lines")["cohort_retention"].filter(
        pl.col("segment_by") == "all", "is_complete"
    )
    active = cells.sort("cohort", "months_since").with_columns(
        before=pl.col("active_customers").shift(1).over("cohort")
    )
    kept = pl.col("active_customers").sum() / pl.col("before").sum()
    early = active.filter(pl.col("months_since").is_between(1, 3)).select(kept).item()
    late = active.filter(pl.col("months_since").is_between(13, 20)).select(kept).item()
    assert early < late < 1


def test_a_few_advocates_bring_most_of_the_referred(clean: DemoCompany) -> None:
    claims = raw_tables(clean)["referrals"].drop_nulls("converted_at")
    brought = claims.group_by("advocate_customer_id").len().sort("len", descending=True)["len"]
    assert brought.head(max(1, brought.len() // 10)).sum() > 0.3 * brought.sum()


def test_members_never_have_less_than_no_points(clean: DemoCompany) -> None:
    raw = raw_tables(clean)
    merged = raw["customers"].drop_nulls("merged_into_customer_id")
    root = dict(zip(merged["customer_id"], merged["merged_into_customer_id"], strict=True))
    sign = (
        pl.when(pl.col("kind") == "earn")
        .then(1)
        .when(pl.col("kind").is_in(["redeem", "expire"]))
        .then(-1)
        .otherwise(0)
    )
    person = pl.col("customer_id").replace(root).replace(root)
    events = raw["loyalty_events"].sort("occurred_at").with_columns(person=person)
    assert events.select((pl.col("points") * sign).cum_sum().over("person").min()).item() >= 0


def test_who_is_delighted_answers_more_often(clean: DemoCompany) -> None:
    asked = raw_tables(clean)["survey_responses"].filter(pl.col("survey") == "nps")
    answered = asked.drop_nulls("score")
    assert 0.05 < answered.height / asked.height < 0.4
    assert (
        answered.filter(pl.col("score") >= 9).height
        > answered.filter(pl.col("score").is_between(4, 6)).height
    )
