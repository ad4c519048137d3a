"""Fader & Hardie 2007, "How to Project Customer Retention", and 2010, "Customer-Base Valuation ..."."""

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import betaln
from scipy.stats import beta as beta_distribution

from loyalty_pipeline.models.sbg import (
    Sbg,
    _mean_log_likelihood,
    discounted_residual_lifetime,
    expected_payments,
    fit_sbg,
    retention_rate,
    survival,
)

SCHEMA = {"age": pl.Int64, "is_lost": pl.Boolean, "customers": pl.Int64}
# Customers of years 0 to 7: table 1 of the 2007 paper, as customers of 1000.
HIGH_END = [1000, 869, 743, 653, 593, 551, 517, 491]
REGULAR = [1000, 631, 468, 382, 326, 289, 262, 241]
HIGH_END_FIT = Sbg(0.668, 3.806, -1611.16, at_edge=False)
AGES = np.array([0, 1, 7, 60, 1200])


def tenures(*rows):
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def cohort(kept):
    lost = [(age, True, kept[age] - kept[age + 1]) for age in range(len(kept) - 1)]
    return tenures(*lost, (len(kept) - 1, False, kept[-1]))


shapes = st.floats(math.log(1e-4), math.log(1e4)).map(math.exp)
fits = st.builds(lambda alpha, beta: Sbg(alpha, beta, 0.0, at_edge=False), shapes, shapes)
groups = st.tuples(st.integers(0, 1200), st.booleans(), st.integers(0, 10**6))
tenure_frames = st.lists(groups, max_size=8).map(lambda rows: tenures(*rows))


@pytest.mark.parametrize(
    ("kept", "alpha", "beta", "log_likelihood"),
    [(HIGH_END, 0.668, 3.806, -1611.16), (REGULAR, 0.704, 1.182, -1680.27)],
    ids=["high end", "regular"],
)
def test_the_two_cohorts_of_the_paper_give_its_parameters(kept, alpha, beta, log_likelihood):
    fit = fit_sbg(cohort(kept))
    assert [fit.alpha, fit.beta] == pytest.approx([alpha, beta], abs=5e-4)
    assert fit.log_likelihood == pytest.approx(log_likelihood, abs=5e-3)
    assert not fit.at_edge


def test_the_high_end_cohort_is_projected_to_years_8_to_12():
    projected = survival(fit_sbg(cohort(HIGH_END)), np.arange(8, 13))
    assert projected == pytest.approx([0.460, 0.436, 0.414, 0.395, 0.378], abs=5e-4)


def test_after_seven_renewals_the_high_end_cohort_is_worth_7_530_payments_at_ten_percent():
    fit = fit_sbg(cohort(HIGH_END))
    assert discounted_residual_lifetime(fit, np.array([7]), 0.10) == pytest.approx([7.530], abs=5e-4)


def test_payments_expected_a_period_ahead_are_worth_a_period_s_discount_less():
    expected = discounted_residual_lifetime(HIGH_END_FIT, AGES, 0.10) / 1.1
    assert expected_payments(HIGH_END_FIT, AGES, 0.10) == pytest.approx(expected, rel=1e-14)


def test_there_is_no_fit_where_nobody_has_come_to_a_renewal():
    assert fit_sbg(tenures()) is None
    assert fit_sbg(tenures((0, False, 100), (3, True, 0))) is None


@pytest.mark.parametrize(
    "degenerate",
    [
        tenures((5, False, 10), (9, False, 3)),
        tenures((0, True, 10)),
        tenures((3, True, 10)),
        tenures((0, True, 5), (1, False, 5)),
        tenures((0, True, 400), (1, True, 200), (2, True, 100), (3, False, 100)),
    ],
    ids=["nobody left", "all left at once", "all left at one age", "one renewal seen", "all alike"],
)
def test_tenures_that_cannot_tell_give_a_fit_at_the_edge(degenerate):
    assert fit_sbg(degenerate).at_edge


def test_a_fit_at_the_edge_still_says_how_many_stayed():
    nobody_left = fit_sbg(tenures((24, False, 10)))
    one_renewal_seen = fit_sbg(tenures((0, True, 3), (1, False, 7)))
    assert survival(nobody_left, np.array([24])) == pytest.approx([1.0], abs=1e-6)
    assert survival(one_renewal_seen, np.array([1])) == pytest.approx([0.7], abs=1e-6)


@example(tenures((1200, False, 10**6), (0, True, 1)))
@settings(max_examples=60, deadline=None)
@given(tenure_frames)
def test_no_tenures_make_the_fit_raise(frame):
    fit = fit_sbg(frame)
    if frame.filter(pl.col("customers") > 0, pl.col("is_lost") | (pl.col("age") > 0)).is_empty():
        assert fit is None
    else:
        assert all(math.isfinite(value) for value in (fit.alpha, fit.beta, fit.log_likelihood))
        assert np.isfinite(survival(fit, AGES)).all()
        assert np.isfinite(expected_payments(fit, AGES, 0.008)).all()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 30), st.booleans(), st.integers(1, 5)), min_size=1, max_size=8))
def test_a_weight_of_n_is_n_rows(rows):
    one_by_one = fit_sbg(tenures(*((age, lost, 1) for age, lost, n in rows for _ in range(n))))
    fit = fit_sbg(tenures(*rows))
    assert (fit is None) == (one_by_one is None)
    if fit:
        assert fit.log_likelihood == pytest.approx(one_by_one.log_likelihood, abs=1e-6)
    if fit and not (fit.at_edge or one_by_one.at_edge):
        assert [fit.alpha, fit.beta] == pytest.approx([one_by_one.alpha, one_by_one.beta], rel=1e-3)


def test_customers_who_have_not_come_to_a_renewal_tell_nothing():
    known = cohort(REGULAR)
    assert fit_sbg(pl.concat([known, tenures((0, False, 10**6))])) == fit_sbg(known)


def test_simulated_shapes_are_recovered():
    rng = np.random.default_rng(20_070_101)
    age = rng.geometric(rng.beta(1.5, 12.0, 40_000)) - 1
    seen = rng.integers(1, 36, age.size)
    simulated = pl.DataFrame({"age": np.minimum(age, seen), "is_lost": age < seen}).group_by("age", "is_lost")
    fit = fit_sbg(simulated.agg(customers=pl.len()).sort("age", "is_lost"))
    assert [fit.alpha, fit.beta] == pytest.approx([1.5, 12.0], rel=0.1)
    assert not fit.at_edge


@given(fits)
def test_survival_starts_at_one_and_falls(fit):
    kept = survival(fit, np.arange(1201))
    assert kept[0] == 1.0
    assert (np.diff(kept) <= 1e-9 * kept[:-1]).all()
    assert (kept >= 0).all()


@given(fits)
def test_survival_is_the_product_of_the_retention_rates(fit):
    rates = retention_rate(fit, np.arange(1, 1201))
    assert survival(fit, np.arange(1, 1201)) == pytest.approx(np.cumprod(rates), rel=1e-7, abs=1e-300)
    assert (np.diff(rates) >= 0).all()


@given(fits, st.integers(0, 1200))
def test_survival_is_a_quotient_of_beta_functions(fit, age):
    expected = math.exp(betaln(fit.alpha, fit.beta + age) - betaln(fit.alpha, fit.beta))
    assert survival(fit, np.array([age])) == pytest.approx([expected], rel=1e-7, abs=1e-300)


@settings(max_examples=50, deadline=None)
@given(fits, st.floats(math.log(1e-3), 0.0).map(math.exp))
def test_expected_payments_are_the_discounted_sum_of_the_renewals_counted_one_by_one(fit, rate):
    renewals = np.arange(1, 40 / math.log1p(rate) + 2)
    for age, expected in zip(AGES, expected_payments(fit, AGES, rate), strict=True):
        rates = retention_rate(fit, age + renewals)
        assert expected == pytest.approx(np.sum(np.cumprod(rates / (1 + rate))), rel=1e-9)


def test_expected_payments_are_a_mean_over_the_customers_chances_of_leaving():
    left = beta_distribution(HIGH_END_FIT.alpha, HIGH_END_FIT.beta + 7)
    mean, _ = quad(lambda p: (1 - p) / (0.008 + p) * left.pdf(p), 0, 1, epsabs=1e-8, limit=500)
    assert expected_payments(HIGH_END_FIT, np.array([7]), 0.008) == pytest.approx([mean], rel=1e-6)


def test_without_discount_all_payments_count_and_may_never_end():
    finite, endless = (Sbg(alpha, 4.0, 0.0, at_edge=False) for alpha in (3.0, 1.0))
    assert expected_payments(finite, np.array([0, 6]), 0.0).tolist() == [2.0, 5.0]
    assert expected_payments(finite, np.array([0, 6]), 1e-7) == pytest.approx([2.0, 5.0], rel=1e-5)
    assert np.isinf(expected_payments(endless, np.array([0, 6]), 0.0)).all()


@given(fits)
def test_who_has_stayed_longer_is_expected_to_stay_longer(fit):
    assert (np.diff(expected_payments(fit, AGES, 0.008)) >= 0).all()


def test_no_ages_have_no_payments():
    assert expected_payments(HIGH_END_FIT, np.array([], dtype=np.int64), 0.1).shape == (0,)


@pytest.mark.parametrize("point", [(0.668, 3.806), (2.0, 0.5), (50.0, 300.0)])
def test_the_gradient_is_the_slope_of_the_log_likelihood(point):
    age, lost, customers = (cohort(HIGH_END)[column].to_numpy().astype(float) for column in SCHEMA)
    share = customers / customers.sum()
    _, gradient = _mean_log_likelihood(np.array(point), age, lost, share)
    for at, slope in enumerate(gradient):
        step = np.zeros(2)
        step[at] = point[at] * 1e-5
        above, _ = _mean_log_likelihood(point + step, age, lost, share)
        below, _ = _mean_log_likelihood(point - step, age, lost, share)
        assert slope == pytest.approx((above - below) / (2 * step[at]), rel=1e-5, abs=1e-8)
