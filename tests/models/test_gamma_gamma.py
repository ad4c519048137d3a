import math

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from loyalty_pipeline.models.gamma_gamma import GammaGamma, conditional_mean_spend, fit_gamma_gamma

CDNOW_FIT = GammaGamma(6.25, 3.74, 15.44, 0.0, at_edge=False)
SCHEMA = {"frequency": pl.Int64, "mean_spend": pl.Float64, "customers": pl.Int64}


def spend(*rows):
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


spend_frames = st.lists(
    st.tuples(st.integers(0, 500), st.none() | st.floats(0, 1e7), st.integers(0, 1000)),
    min_size=1,
    max_size=6,
).map(lambda rows: spend(*rows))


def test_there_is_no_fit_without_a_repeat_purchaser():
    assert fit_gamma_gamma(spend()) is None
    assert fit_gamma_gamma(spend((0, None, 100), (0, 5.0, 3), (2, 5.0, 0), (2, 0.0, 9))) is None


@pytest.mark.parametrize(
    "degenerate",
    [spend((3, 20.0, 1)), spend((1, 20.0, 500), (5, 20.0, 9))],
    ids=["one customer", "all the same"],
)
def test_spends_that_cannot_tell_give_a_fit_at_the_edge_with_their_mean(degenerate):
    fit = fit_gamma_gamma(degenerate)
    assert fit.at_edge
    assert conditional_mean_spend(fit, degenerate) == pytest.approx(20.0, rel=0.01)


@example(spend((1, 3.0, 2), (1, 5e-324, 1)))
@settings(max_examples=60, deadline=None)
@given(spend_frames)
def test_no_spends_make_the_fit_raise(frame):
    fit = fit_gamma_gamma(frame)
    is_repeater = (pl.col("frequency") > 0) & (pl.col("mean_spend") > 0) & (pl.col("customers") > 0)
    if frame.filter(is_repeater).is_empty():
        assert fit is None
    else:
        assert all(math.isfinite(value) for value in (fit.p, fit.q, fit.v, fit.log_likelihood))
        assert np.isfinite(conditional_mean_spend(fit, frame)).all()


def test_simulated_parameters_are_recovered(simulated_customers):
    fit = fit_gamma_gamma(simulated_customers)
    assert [fit.p, fit.q, fit.v] == pytest.approx([6.0, 4.0, 15.0], rel=0.12)
    assert not fit.at_edge


def test_a_weight_of_n_is_n_rows(cdnow_customers):
    repeaters = cdnow_customers.filter(pl.col("frequency") > 0)
    grouped = repeaters.group_by("frequency", "mean_spend").agg(pl.col("customers").sum())
    fit, one_by_one = fit_gamma_gamma(grouped), fit_gamma_gamma(repeaters)
    assert grouped.height < repeaters.height
    assert [fit.p, fit.q, fit.v] == pytest.approx([one_by_one.p, one_by_one.q, one_by_one.v], rel=1e-4)
    assert fit.log_likelihood == pytest.approx(one_by_one.log_likelihood, abs=1e-6)


def test_counting_in_cents_changes_only_the_unit_of_v(cdnow_customers):
    dollars = cdnow_customers.filter(pl.col("frequency") > 0)
    fit, in_cents = (
        fit_gamma_gamma(dollars),
        fit_gamma_gamma(dollars.with_columns(pl.col("mean_spend") * 100)),
    )
    assert [in_cents.p, in_cents.q, in_cents.v] == pytest.approx([fit.p, fit.q, fit.v * 100], rel=1e-4)


def test_customers_who_never_repeat_tell_nothing(simulated_customers):
    repeaters = simulated_customers.filter(pl.col("frequency") > 0)
    assert repeaters.height < simulated_customers.height
    assert fit_gamma_gamma(simulated_customers) == fit_gamma_gamma(repeaters)


def test_a_missing_mean_is_the_population_s():
    population = CDNOW_FIT.p * CDNOW_FIT.v / (CDNOW_FIT.q - 1)
    unknown = spend((0, None, 1), (0, 0.0, 1), (4, None, 1))
    assert conditional_mean_spend(CDNOW_FIT, unknown) == pytest.approx(population)


@given(st.integers(1, 10_000), st.floats(0.01, 1e6))
def test_the_expected_spend_lies_between_the_customer_s_mean_and_the_population_s(frequency, mean_spend):
    population = CDNOW_FIT.p * CDNOW_FIT.v / (CDNOW_FIT.q - 1)
    expected = conditional_mean_spend(CDNOW_FIT, spend((frequency, mean_spend, 1)))[0]
    low, high = sorted((mean_spend, population))
    assert low * (1 - 1e-12) <= expected <= high * (1 + 1e-12)
