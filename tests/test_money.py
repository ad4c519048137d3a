"""Exact amounts against Python's decimals."""

from decimal import ROUND_HALF_UP, Decimal, localcontext

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_pipeline.money import (
    EXACT,
    RATE,
    cents,
    converted,
    from_ten_thousandths,
    quotient,
    rate_of,
    ten_thousandths,
    total,
)

CENT, PLACE, RATE_PLACE = Decimal("0.01"), Decimal("0.0001"), Decimal("1e-12")
amounts = st.decimals(Decimal(-10_000_000), Decimal(10_000_000), places=4)
# Halves are where rounding rules differ.
halves = st.integers(-10_000, 10_000).map(lambda n: Decimal(n) / 200)
rates = st.decimals(Decimal("0.000001"), Decimal(20_000), places=12)


def one(expression: pl.Expr, **values: Decimal) -> Decimal:
    schema = {name: RATE if name == "rate" else EXACT for name in values}
    return (
        pl.DataFrame({name: [value] for name, value in values.items()}, schema=schema)
        .select(expression)
        .item()
    )


def rounded(amount: Decimal, place: Decimal) -> Decimal:
    with localcontext() as context:
        context.prec = 60
        return amount.quantize(place, ROUND_HALF_UP)


@given(amounts | halves)
def test_published_amounts_are_rounded_half_away_from_zero(amount: Decimal) -> None:
    assert one(cents("a"), a=amount) == rounded(amount, CENT)


@pytest.mark.parametrize(
    ("amount", "published"),
    [
        ("0.005", "0.01"),
        ("-0.005", "-0.01"),
        ("0.0049", "0.00"),
        ("2.675", "2.68"),
        ("-1.2350", "-1.24"),
        ("0", "0"),
    ],
)
def test_halves_of_a_cent_go_away_from_zero(amount: str, published: str) -> None:
    assert one(cents("a"), a=Decimal(amount)) == Decimal(published)


def test_an_amount_that_is_missing_stays_missing() -> None:
    assert pl.DataFrame({"a": [None]}, schema={"a": EXACT}).select(cents("a")).item() is None


@given(amounts | halves, rates)
def test_converting_rounds_once_to_four_places(amount: Decimal, rate: Decimal) -> None:
    with localcontext() as context:
        context.prec = 60
        assert one(converted("a", "rate"), a=amount, rate=rate) == rounded(amount * rate, PLACE)


def test_the_reporting_currency_converts_to_itself() -> None:
    assert one(converted("a", "rate"), a=Decimal("-12.3456"), rate=Decimal(1)) == Decimal("-12.3456")


def test_big_amounts_in_small_currencies_do_not_overflow() -> None:
    amount, rate = Decimal("90000000000000.1234"), Decimal("0.000061234567")
    assert one(converted("a", "rate"), a=amount, rate=rate) == rounded(amount * rate, PLACE)


@given(amounts)
def test_ten_thousandths_there_and_back_are_the_amount(amount: Decimal) -> None:
    assert one(ten_thousandths("a"), a=amount) == amount.scaleb(4)
    assert one(from_ten_thousandths(ten_thousandths("a")), a=amount) == amount


@given(st.integers(-(10**30), 10**30), st.integers(1, 10**6))
def test_a_quotient_is_rounded_half_away_from_zero(numerator: int, denominator: int) -> None:
    parts = [pl.lit(value, pl.Int128) for value in (numerator, denominator)]
    with localcontext() as context:
        context.prec = 60
        expected = (Decimal(numerator) / denominator).quantize(Decimal(1), ROUND_HALF_UP)
    assert pl.select(quotient(*parts)).item() == expected


@given(st.floats(1e-9, 1e9, allow_nan=False))
def test_a_rate_is_what_its_shortest_text_says_to_twelve_places(number: float) -> None:
    assert rate_of(number) == rounded(Decimal(repr(number)), RATE_PLACE)


def test_a_rate_is_not_what_its_bits_say() -> None:
    assert rate_of(0.1) == Decimal("0.1")
    assert rate_of(1e-05) == Decimal("0.00001")


@given(st.lists(amounts, max_size=20))
def test_a_total_is_exact_and_zero_over_nothing(parts: list[Decimal]) -> None:
    summed = pl.DataFrame({"a": parts}, schema={"a": EXACT}).select(total("a")).item()
    assert summed == sum(parts, Decimal(0))
