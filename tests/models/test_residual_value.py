import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty_pipeline.models.bg_nbd import BgNbd, expected_purchases
from loyalty_pipeline.models.discounting import (
    WEEKS_PER_MONTH,
    cumulative_weights,
    month_discounts,
    month_ends_in_weeks,
)
from loyalty_pipeline.models.gamma_gamma import GammaGamma, conditional_mean_spend
from loyalty_pipeline.models.residual_value import residual_value

FIT = BgNbd(0.243, 4.414, 0.793, 2.426, -9582.4, at_edge=False)
SPEND_FIT = GammaGamma(6.25, 3.74, 15.44, 0.0, at_edge=False)
HISTORIES = pl.DataFrame(
    {
        "frequency": [0, 0, 2, 2, 29, 1],
        "recency": [0.0, 0.0, 30.43, 1.0, 38.0, 0.14],
        "t": [38.86, 0.0, 38.86, 38.86, 39.0, 12.0],
        "mean_spend": [None, None, 22.35, 22.35, 40.0, 3.0],
        "customers": [1, 1, 1, 1, 1, 1],
    }
)
rates = st.floats(0, 1)


def test_a_month_is_a_twelfth_of_365_and_a_quarter_days():
    assert month_ends_in_weeks(12)[-1] * 7 == pytest.approx(365.25)


def test_a_month_is_discounted_from_its_middle():
    assert month_discounts(2, 0.10).tolist() == pytest.approx([1.1 ** (-0.5 / 12), 1.1 ** (-1.5 / 12)])


@given(st.lists(st.floats(0, 100), max_size=40), rates)
def test_weighted_running_totals_are_the_discounted_steps(steps, discount_rate):
    discounts = month_discounts(len(steps), discount_rate)
    assert cumulative_weights(discounts) @ np.cumsum(steps) == pytest.approx(discounts @ np.array(steps))


def test_residual_value_is_the_discounted_sum_of_the_months_counted_one_by_one():
    total = np.zeros(HISTORIES.height)
    for month in range(1, 37):
        until, before = (expected_purchases(FIT, HISTORIES, m * WEEKS_PER_MONTH) for m in (month, month - 1))
        total += (until - before) * 1.1 ** (-(month - 0.5) / 12)
    expected = 0.8 * total * conditional_mean_spend(SPEND_FIT, HISTORIES)
    assert residual_value(FIT, SPEND_FIT, HISTORIES) == pytest.approx(expected, rel=1e-9)


def test_without_discount_it_is_the_margin_on_all_expected_purchases():
    purchases = expected_purchases(FIT, HISTORIES, month_ends_in_weeks(36)[-1])
    expected = 0.5 * purchases * conditional_mean_spend(SPEND_FIT, HISTORIES)
    assert residual_value(FIT, SPEND_FIT, HISTORIES, discount_rate=0.0, margin=0.5) == pytest.approx(expected)


def test_a_zero_horizon_is_worth_nothing():
    assert residual_value(FIT, SPEND_FIT, HISTORIES, horizon_months=0).tolist() == [0.0] * HISTORIES.height


def test_no_histories_have_no_values():
    assert residual_value(FIT, SPEND_FIT, HISTORIES.clear()).shape == (0,)


@settings(deadline=None)
@given(rates, rates)
def test_residual_value_rises_with_the_margin(one, other):
    low, high = (residual_value(FIT, SPEND_FIT, HISTORIES, margin=margin) for margin in sorted((one, other)))
    assert (low <= high).all()
    assert (low >= 0).all()


@settings(deadline=None)
@given(rates, rates, st.integers(0, 60))
def test_residual_value_falls_with_the_discount_rate_and_rises_with_the_horizon(one, other, months):
    low, high = sorted((one, other))
    values = [
        residual_value(FIT, SPEND_FIT, HISTORIES, horizon_months=months, discount_rate=d) for d in (low, high)
    ]
    longer = residual_value(FIT, SPEND_FIT, HISTORIES, horizon_months=months + 6, discount_rate=high)
    assert (values[0] >= values[1] * (1 - 1e-12)).all()
    assert (longer >= values[1]).all()


def test_the_weight_of_a_row_does_not_multiply_its_value():
    heavier = HISTORIES.with_columns(customers=pl.lit(1000))
    assert (residual_value(FIT, SPEND_FIT, heavier) == residual_value(FIT, SPEND_FIT, HISTORIES)).all()
