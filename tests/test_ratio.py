"""Division as metrics mean it, and Wilson's interval against its formula and published values."""

import math

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_pipeline.ratio import NORMAL_95, over, per, wilson


def interval(part: int, whole: int) -> tuple[float, float]:
    low, high = wilson("part", "whole")
    return pl.DataFrame({"part": [part], "whole": [whole]}).select(low=low, high=high).row(0)


proportions = st.integers(1, 100_000).flatmap(lambda whole: st.tuples(st.integers(0, whole), st.just(whole)))


@given(st.integers(-(10**9), 10**9), st.integers(-(10**9), 10**9).filter(bool))
def test_a_part_over_a_whole_is_their_quotient(part: int, whole: int) -> None:
    assert pl.DataFrame({"p": [part], "w": [whole]}).select(over("p", "w")).item() == part / whole


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=50))
def test_parts_of_a_sum_are_their_quotients_however_many_there_are(parts: list[int]) -> None:
    """By a single number polars multiplies with the reciprocal, and by the sum of one row it divides."""
    amounts = pl.DataFrame({"p": parts})
    assert amounts.select(over("p", pl.col("p").sum())).to_series().to_list() == [
        part / sum(parts) for part in parts
    ]


@pytest.mark.parametrize("part", [0, 1, -1])
def test_over_nothing_is_nothing(part: int) -> None:
    assert pl.DataFrame({"p": [part], "w": [0]}).select(over("p", "w")).item() is None
    assert pl.DataFrame({"p": [part], "w": [0.0]}).select(over(pl.col("p"), pl.col("w"))).item() is None


def test_missing_parts_and_wholes_give_nothing() -> None:
    frame = pl.DataFrame({"p": [None, 1], "w": [1, None]}, schema={"p": pl.Int64, "w": pl.Int64})
    assert frame.select(over("p", "w")).to_series().to_list() == [None, None]


@given(proportions)
def test_the_interval_is_that_of_the_formula(proportion: tuple[int, int]) -> None:
    part, n = proportion
    p, z = part / n, NORMAL_95
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    spread = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    assert interval(part, n) == pytest.approx((max(middle - spread, 0), min(middle + spread, 1)), abs=1e-12)


@given(proportions)
def test_the_interval_holds_the_proportion_and_stays_between_zero_and_one(
    proportion: tuple[int, int],
) -> None:
    part, whole = proportion
    low, high = interval(part, whole)
    assert 0 <= low <= part / whole + 1e-12
    assert part / whole - 1e-12 <= high <= 1
    assert low < high


@given(proportions)
def test_who_is_counted_the_other_way_round_has_the_mirrored_interval(proportion: tuple[int, int]) -> None:
    part, whole = proportion
    low, high = interval(part, whole)
    assert interval(whole - part, whole) == pytest.approx((1 - high, 1 - low), abs=1e-12)


# Source: Newcombe (1998), "Two-sided confidence intervals for the single proportion", Statist. Med. 17, table I, method 3.
@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0000, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_published_intervals_come_out(part: int, whole: int, low: float, high: float) -> None:
    assert interval(part, whole) == pytest.approx((low, high), abs=5e-5)


def test_without_anybody_there_is_no_interval() -> None:
    assert interval(0, 0) == (None, None)


def test_the_quantile_is_that_of_the_normal_distribution() -> None:
    assert math.erf(NORMAL_95 / math.sqrt(2)) == pytest.approx(0.95, abs=1e-15)


def test_an_amount_in_another_unit_is_the_nearest_float_however_many_rows_are_divided_at_once() -> None:
    day = 86_400_000_000
    amounts = [10**11 + 7_919 * number**2 for number in range(1, 2001)]
    rows = pl.DataFrame({"amount": amounts})
    expected = [amount / day for amount in amounts]
    assert rows.select(per("amount", day)).to_series().to_list() == expected
    streamed = rows.lazy().select(per("amount", day)).collect(engine="streaming")
    assert streamed.to_series().to_list() == expected
    one_by_one = [rows[number : number + 1].select(per("amount", day)).item() for number in range(100)]
    assert one_by_one == expected[:100]
    nothing = pl.DataFrame({"amount": [None]}, schema={"amount": pl.Int64})
    assert nothing.select(per("amount", day)).item() is None
