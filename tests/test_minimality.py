"""A night computes what its news can touch, and no more: the exact tasks, for one change each.

Each line has the months of a set of tables that were computed again, with a `*` where a month came out otherwise than before,
and why. The company is in `tests/nights/shop`: February to June 2024, seen from 20 June.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from loyalty_pipeline.pipeline import open_lake
from tests.nights.company import Company
from tests.nights.quick import quick
from tests.nights.shop import as_text, bill, correct, night, on, quote, record, shop, stated, told

Change = Callable[[Company], object]


@pytest.fixture(autouse=True, scope="module")
def _quick() -> Iterator[None]:
    with quick():
        yield


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> tuple[Company, Path]:
    """The shop after its first night."""
    company, folder = shop(), tmp_path_factory.mktemp("begun")
    night(company, folder)
    return company, folder


@pytest.fixture
def after(begun: tuple[Company, Path], tmp_path: Path) -> Callable[..., str]:
    """What nights compute after the first, each with one change: told is the last."""

    def made(*changes: Change) -> str:
        company, folder = begun[0].copy(), tmp_path / "data"
        shutil.copytree(begun[1], folder, copy_function=os.link)
        last = {}
        for change in changes:
            change(company)
            last = night(company, folder)
        return as_text(last)

    return made


def is_what(made: str, expected: str) -> bool:
    """Whether the tasks are those stated; if not, pytest shows the ones that were done."""
    return stated(made) == stated(expected) if made and expected.strip() else made == expected.strip()


def settled(**changes: Any) -> Change:
    """The settings are others."""
    return lambda company: company.settings.update(changes)


def nothing(_: Company) -> None:
    """No news."""


def test_a_night_without_news_computes_nothing(after: Callable[..., str]) -> None:
    assert is_what(after(nothing), "")


def new_customer(company: Company) -> None:
    company.say("customers", record("dan", created_at=on("06-05"), updated_at=on("06-05")))
    bill(company, "dan", 6, 5)


JUNE_ALONE = """
whole | merges advocacy | any record may be merged, or be an advocate
06 | met_merges customer_changes renewals currency_months | he is none of theirs, or is in no column they take
06 | purchase_histories spend_histories churn | nobody purchases, nobody left
06* | billed_invoices recurring_lines payments customer_origins | what came in
06* | line_starts line_state customer_months customer_state customer_revenue customer_value customer_periods | he is there
06* | segment_sums segment_periods cohort_members cohort_sums cohort_months value_sums | and is counted
06* | customer_retention mrr_growth cohort_retention clv advocacy_revenue | and published
06* | spells tenure_sums tenures customer_residuals customer_clv | he begins to stay, and may go on
06 | retention_fits clv_backtests | of complete months
06* | purchases purchasers purchase_gaps purchase_sums repeat_purchase | he pays
06* | customer_cells customer_signals scores scorecard | he is one more
06 | prospects departures advocate_credits survey_sums | he is a customer, stays, came by himself, and is asked nothing
06 | lapsed_sums reason_sums churn_drivers signal_sums referrals engagement_sums member_sums | he was not there to leave
"""


def test_a_new_customer_of_the_newest_month_touches_no_older_one(after: Callable[..., str]) -> None:
    assert is_what(after(new_customer), JUNE_ALONE)


def late_line(company: Company) -> None:
    late = {"line_id": "ann 3 late", "updated_at": on("06-19")}
    company.say("invoice_lines", told(company, "invoice_lines", "ann 3"), **late)


def corrected_line(company: Company) -> None:
    correct(company, "invoice_lines", "ann 3", amount=Decimal(12))


MARCH_AND_WHAT_IT_LEAVES = """
03* | recurring_lines payments customer_months customer_revenue cohort_sums | what is billed, and to whom it makes a difference
03 | line_starts renewals currency_months customer_state | they start when they started, Cem alone pays in dollars
03* 04 | line_state | April opens with another line, and closes without it
03* 04* 05* 06* | customer_value cohort_months value_sums cohort_retention clv | revenue to date is in every later month
03* 04* 06* | customer_periods segment_sums segment_periods churn mrr_growth | April opens so, and June holds the year
03 04 06 | cohort_members customer_retention | who is there is the same
03* 04 06* | advocacy_revenue | revenue is of March and of the year
03 04 05 06 | purchase_histories spend_histories clv_backtests | nobody purchases
03* 04 05 06 | customer_residuals | what March may bring is another
06* | customer_clv | revenue to date
03 04 06 | spells customer_cells departures reason_sums | who is there, and why others left, is the same
03 | advocate_credits customer_signals | she brings no revenue of her own; nothing is known of her
03 04* 05* 06 | churn_drivers | March has none before it; April lost weight, and May won it back
03* 04* 05* 06* | scores scorecard | rates of all these
"""


@pytest.mark.parametrize("change", [late_line, corrected_line])
def test_a_line_of_an_old_month_touches_it_and_what_it_leaves_to_later_ones(
    change: Change, after: Callable[..., str]
) -> None:
    assert is_what(after(change), MARCH_AND_WHAT_IT_LEAVES)


def test_a_customer_who_moves_restates_no_month_before(after: Callable[..., str]) -> None:
    moved = record("ann", country="FR", updated_at=on("06-15"))
    expected = """
whole | merges advocacy | any record may be merged, or be an advocate
01 | customer_origins | the home month of the record
01* | customer_changes | a change of June in the home month of January
06* | attribute_changes customer_state | she lives elsewhere
06 | customer_periods cohort_members | which is in no column of theirs: they ask since when she is active
06* | segment_sums segment_periods value_sums churn customer_retention mrr_growth clv advocacy_revenue | and is counted there
06* | customer_cells churn_drivers purchase_sums repeat_purchase referrals scores scorecard | there too
06 | prospects lapsed_sums reason_sums signal_sums customer_clv engagement_sums member_sums | nobody left, and where she lives is in no column of the others
06 | survey_sums | nobody is asked anything
"""
    assert is_what(after(lambda company: company.say("customers", moved)), expected)


def merge(company: Company) -> None:
    merged = record("ann2", merged_into_customer_id="ann", updated_at=on("06-19"))
    company.say("customers", merged)


def unmerge(company: Company) -> None:
    company.say("customers", record("ann2", updated_at=on("06-19") + timedelta(hours=1)))


MAY_IN_WHICH_IT_APPEARS = """
whole* | merges | two records are one customer, or two again
whole | advocacy | it brought nobody
02 03 04 05* 06 | met_merges | each month is asked whether it appears there
01 | customer_origins | the home month of the record
01* | customer_changes | a version of June: that its attributes are the same is not looked at
06* | attribute_changes | the same
05* | billed_invoices payments customer_revenue cohort_sums | it bought one thing in May
05 | recurring_lines | and never subscribed
05* 06* | customer_state customer_value customer_periods cohort_months value_sums | from then on it is a customer, or is not
05* 06* | segment_sums segment_periods cohort_retention clv advocacy_revenue | June holds the year
05 06 | cohort_members churn customer_retention mrr_growth | it has no MRR
05 06 | purchase_histories spend_histories customer_residuals clv_backtests | nobody purchases
06* | customer_clv | revenue to date
05* | purchases | it bought that
05* 06 | purchase_gaps | June's purchase comes after it, or does not: not of the same customer
05* 06* | purchasers customer_cells purchase_sums repeat_purchase scores scorecard | who purchased so far
05 06 | spells prospects departures lapsed_sums reason_sums churn_drivers signal_sums referrals engagement_sums member_sums | it was never active
05 06 | survey_sums | nor asked anything
05 | advocate_credits | it was not brought
03 | event_merges | the month of the only referral
"""


@pytest.mark.parametrize("changes", [[merge], [merge, unmerge]], ids=["merged", "taken back"])
def test_a_merge_touches_the_months_in_which_the_record_appears(
    changes: list[Change], after: Callable[..., str]
) -> None:
    assert is_what(after(*changes), MAY_IN_WHICH_IT_APPEARS)


def test_the_rate_of_yesterday_touches_the_newest_month(after: Callable[..., str]) -> None:
    expected = """
whole | first_rates | it is not the first
06* | daily_rates customer_months | Cem's MRR
06 | customer_revenue | he paid on the first
06* | customer_periods segment_sums segment_periods cohort_sums cohort_months churn mrr_growth cohort_retention | is another
06 | cohort_members customer_retention advocacy_revenue | who is there and what was paid is the same
06* | customer_residuals value_sums clv customer_clv | what he may pay is another
06 | spells customer_cells departures customer_signals reason_sums churn_drivers | who is there is the same
06* | scores scorecard | rates of all these
"""
    assert is_what(after(lambda company: quote(company, date(2024, 6, 19), 0.7)), expected)


def test_a_late_rate_touches_the_days_until_the_next(after: Callable[..., str]) -> None:
    expected = """
whole | first_rates | it is not the first
03* 04* 05 06 | daily_rates | it holds from the last day of March to 9 April; later months are asked
03* 04 | customer_months | at the closing of March
03 04* | customer_revenue | and on the first of April
03* 04* | cohort_sums | both
04* 05* 06* | customer_value | revenue to date
03* 04* 05* 06* | value_sums clv | revenue to date, and what March may bring
03* 04* 05* 06* | cohort_months cohort_retention | both
03* 04* 05 06* | customer_periods | May asks for revenue of the month before, and takes none
03* 04* 06* | segment_sums segment_periods mrr_growth | April opens at another rate
03* 04 06 | churn | revalued
03 04* 06* | advocacy_revenue | revenue of April and of the year
03 04 06 | cohort_members customer_retention | who is there is the same
04 05 06 | purchase_histories spend_histories clv_backtests | nobody purchases
03* 04 05 06 | customer_residuals | what March may bring
06* | customer_clv | revenue to date
03 04 06 | spells customer_cells departures reason_sums | who is there is the same
03 | customer_signals | who is there is the same
04 | advocate_credits | he was not brought
03 04 05 06 | churn_drivers | all segments have one rate
03* 04* 05* 06* | scores scorecard | rates of all these
"""
    assert is_what(after(lambda company: quote(company, date(2024, 3, 31), 0.7)), expected)


def test_a_refund_touches_the_month_it_is_given_back_in(after: Callable[..., str]) -> None:
    refund = {"refund_id": "f", "invoice_id": "ann 4", "amount": Decimal(3), "currency": "EUR"}
    refunded = refund | {"refunded_at": on("05-20"), "updated_at": on("05-20")}
    expected = """
04* | payments | the home month of the invoice
05* | customer_revenue cohort_sums | when it is given back
05 | customer_state | she was seen before
05* 06* | customer_value customer_periods segment_sums segment_periods cohort_months value_sums | to date, and the year
05* 06* | cohort_retention clv advocacy_revenue | the same, published
05 06 | cohort_members churn customer_retention mrr_growth | no MRR is another
05 06 | purchase_histories spend_histories customer_residuals clv_backtests | nobody purchases
06* | customer_clv | to date
05 06 | spells customer_cells departures reason_sums churn_drivers | who is there is the same
05 | advocate_credits | she was not brought
05* 06* | scores scorecard | rates of all these
"""
    assert is_what(after(lambda company: company.say("refunds", refunded)), expected)


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ({"mrr_floor": Decimal(1)}, "02 03 04 05 06 | customer_months | nobody is between the two floors"),
        ({"delinquency_days": 10}, "02 03 04 05 06 | billed_invoices recurring_lines | everybody paid"),
        (
            {"renewal_grace_days": 5},
            "02 03 04 05 06 | renewals line_state departures | everybody renews in time",
        ),
        ({"clv_horizon_months": 12}, "02 03 04 05 06 | customer_residuals | nobody purchases"),
        ({"advocacy_depth": 0}, "whole | advocacy advocacy_chains | nobody was referred by a referred"),
        ({"activity_window_days": 10}, "02 03 04 05 06 | recurring_lines | nobody purchases"),
        (
            {"gross_margin": Decimal("0.7")},
            """
02* 03* 04* 05* 06* | clv | of what was paid
02 03* 04* 05* 06* | customer_residuals scores | before March nobody had come to a renewal
03* 04* 05* 06* | value_sums scorecard | of what may be paid
06* | customer_clv | both
""",
        ),
        (
            {"advocacy_window_months": 1},
            """
whole* | advocacy | Bob's month ends on 2 April
whole | advocacy_chains | Ann is still who brought him
03 04 05* 06* | customer_revenue | he paid on 1 April
05* 06* | customer_periods segment_sums segment_periods advocacy_revenue | and later
05 06 | customer_value cohort_members cohort_sums value_sums churn customer_retention mrr_growth clv | no other number
05* 06* | advocate_credits advocates scores scorecard | Ann is credited with less
05 06 | spells customer_cells departures reason_sums churn_drivers | who is there is the same
03 04 05 06 | customer_signals | that he was brought stays true
""",
        ),
    ],
    ids=lambda given: next(iter(given)) if isinstance(given, dict) else "",
)
def test_a_setting_touches_the_tables_that_name_it_and_what_becomes_of_them(
    setting: dict[str, Any], expected: str, after: Callable[..., str]
) -> None:
    assert is_what(after(settled(**setting)), expected)


def months_made(made: str) -> dict[str, set[str]]:
    """Of the tables that go by month, the months."""
    found = {name: set(months.replace("*", "").split()) for name, months in stated(made).items()}
    return {name: months for name, months in found.items() if months != {"whole"}}


def test_another_day_touches_the_month_it_is_in(
    begun: tuple[Company, Path], after: Callable[..., str]
) -> None:
    made = months_made(after(settled(as_of=date(2024, 6, 21))))
    assert made == {name: {"06"} for name in tables_of_months(begun)}


def test_a_new_month_touches_the_one_that_it_completes(
    begun: tuple[Company, Path], after: Callable[..., str]
) -> None:
    """June closes on 1 July as it stands; its quarter is complete, and the year goes on in July."""
    made = after(settled(as_of=date(2024, 7, 2)))
    of_the_newest = {"customer_clv": {"07"}}
    assert months_made(made) == {name: {"06", "07"} for name in tables_of_months(begun)} | of_the_newest


def test_the_days_after_a_month_has_closed_leave_it_closed(
    begun: tuple[Company, Path], after: Callable[..., str]
) -> None:
    """Though renewals of June's lines may still come within the grace."""
    made = after(settled(as_of=date(2024, 7, 2)), settled(as_of=date(2024, 7, 3)))
    assert months_made(made) == {name: {"07"} for name in tables_of_months(begun)}


def tables_of_months(begun: tuple[Company, Path]) -> list[str]:
    """The tables that have a task for each month of business, those aside whose raw tables the shop lacks."""
    lake = open_lake(begun[0].chosen(begun[1]))
    return [name for name, table in lake.tables.items() if table.unit == "month" and name not in lake.unfed]


def test_a_version_that_was_out_of_date_is_looked_at_where_it_is_filed(after: Callable[..., str]) -> None:
    def arrive(company: Company) -> None:
        stale = {"amount": Decimal(99), "updated_at": on("01-20")}
        company.say("invoice_lines", told(company, "invoice_lines", "ann 3"), **stale)

    assert is_what(after(arrive), "03 | recurring_lines payments | the line is as it was")
