"""`expect_table_to_reconcile_with_source`: rows, sums and maxima as the source told them."""

from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pytest

from loyalty_pipeline.validation.gx_polars import ExpectTableToReconcileWithSource as Reconciled

PAYMENTS = pl.LazyFrame(
    {
        "id": [1, 2, 3],
        "amount": [Decimal("10.10"), Decimal("0.20"), None],
        "rate": [0.1, 0.2, 0.3],
        "paid_at": [datetime(2026, 1, day, 12, 30, 0, 5, tzinfo=UTC) for day in (1, 2, 3)],
        "paid_on": [date(2026, 1, day) for day in (1, 2, 3)],
        "currency": ["EUR", "USD", "EUR"],
    }
)


def told(result):
    info = result.exception_info
    return (
        info["exception_message"]
        if "exception_message" in info
        else next(iter(info.values()))["exception_message"]
    )


def test_a_table_with_the_sources_numbers_reconciles(validated):
    said = Reconciled(
        row_count=3,
        sums={"id": 6, "amount": "10.3", "rate": 0.6},
        maxima={
            "id": 3,
            "paid_at": "2026-01-03T13:30:00.000005+01:00",
            "paid_on": "2026-01-03",
            "currency": "USD",
        },
    )
    found = validated(PAYMENTS, said)
    assert found.success
    assert found.result["observed_value"] == {
        "row_count": 3,
        "sum of id": 6,
        "sum of amount": "10.30",
        "sum of rate": pytest.approx(0.6),
        "maximum of id": 3,
        "maximum of paid_at": "2026-01-03T12:30:00.000005+00:00",
        "maximum of paid_on": "2026-01-03",
        "maximum of currency": "USD",
    }
    assert found.result["details"] == {"differences": [], "compared_to_1e-9": ["sum of rate"]}


def test_each_difference_is_told_with_both_values(validated):
    said = Reconciled(row_count=4, sums={"amount": "10.31"}, maxima={"paid_on": "2026-01-04"})
    found = validated(PAYMENTS, said)
    assert not found.success
    assert found.result["details"]["differences"] == [
        {"measure": "row_count", "column": None, "expected": 4, "observed": 3},
        {"measure": "sum", "column": "amount", "expected": "10.31", "observed": "10.30"},
        {"measure": "maximum", "column": "paid_on", "expected": "2026-01-04", "observed": "2026-01-03"},
    ]


def test_whole_numbers_are_added_without_overflow(validated):
    frame = pl.LazyFrame({"id": [2**63 - 1] * 4})
    assert validated(frame, Reconciled(sums={"id": 4 * (2**63 - 1)})).success
    assert not validated(frame, Reconciled(sums={"id": 4 * (2**63 - 1) - 1})).success


def test_decimals_are_added_without_rounding(validated):
    frame = pl.LazyFrame({"amount": pl.Series(["9999999999999999.99"] * 3).cast(pl.Decimal(18, 2))})
    assert validated(frame, Reconciled(sums={"amount": "29999999999999999.97"})).success
    assert not validated(frame, Reconciled(sums={"amount": "29999999999999999.98"})).success


def test_floats_are_compared_to_a_billionth(validated):
    frame = pl.LazyFrame({"rate": [0.1] * 10})
    assert validated(frame, Reconciled(sums={"rate": 1})).success
    assert not validated(frame, Reconciled(sums={"rate": 1.00000001})).success


def test_the_sum_of_no_values_is_zero_or_what_sql_calls_null(validated):
    nothing = PAYMENTS.clear()
    assert validated(nothing, Reconciled(row_count=0, sums={"id": 0, "amount": None})).success
    assert not validated(PAYMENTS, Reconciled(sums={"id": None})).success


def test_the_maximum_of_no_values_is_none(validated):
    assert validated(PAYMENTS.clear(), Reconciled(maxima={"id": None})).success
    assert not validated(PAYMENTS, Reconciled(maxima={"id": None})).success
    assert not validated(PAYMENTS.clear(), Reconciled(maxima={"id": 3})).success


def test_instants_without_a_zone_are_utc(validated):
    frame = pl.LazyFrame({"at": [datetime(2026, 1, 1, 12)]})  # noqa: DTZ001 - the point
    assert validated(frame, Reconciled(maxima={"at": "2026-01-01T13:00:00+01:00"})).success
    assert validated(frame, Reconciled(maxima={"at": "2026-01-01T12:00:00"})).success


def test_numbers_may_be_given_as_python_has_them(validated):
    said = Reconciled(sums={"amount": Decimal("10.30")}, maxima={"paid_on": date(2026, 1, 3)})
    assert (said.sums, said.maxima) == ({"amount": "10.30"}, {"paid_on": "2026-01-03"})
    assert validated(PAYMENTS, said).success


def test_a_suite_parameter_stands_for_a_whole_argument(validated):
    said = Reconciled(row_count={"$PARAMETER": "rows"}, sums={"$PARAMETER": "sums"})
    assert validated(PAYMENTS, said, parameters={"rows": 3, "sums": {"id": 6, "amount": "10.30"}}).success
    found = validated(PAYMENTS, said, parameters={"rows": 2, "sums": {"id": 7}})
    assert [each["expected"] for each in found.result["details"]["differences"]] == [2, 7]


def test_a_suite_parameter_for_one_column_is_an_error_when_the_expectation_is_made():
    with pytest.raises(ValueError, match="stands for the whole argument"):
        Reconciled(sums={"amount": {"$PARAMETER": "amount"}})


def test_nothing_to_reconcile_is_an_error_when_the_expectation_is_made():
    with pytest.raises(ValueError, match="give row_count, sums or maxima"):
        Reconciled()


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (Reconciled(sums={"currency": 1}), "TypeError: currency is String, which has no sum"),
        (Reconciled(sums={"nope": 1}), '"nope"'),
        (Reconciled(sums={"id": "six"}), "sum of id: the source's 'six' cannot be compared with 6"),
        (
            Reconciled(maxima={"paid_at": "noon"}),
            "maximum of paid_at: the source's 'noon' cannot be compared",
        ),
    ],
)
def test_what_cannot_be_compared_is_an_error(validated, said, message):
    found = validated(PAYMENTS, said)
    assert not found.success
    assert message in told(found)
