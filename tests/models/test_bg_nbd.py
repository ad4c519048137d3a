import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import hyp2f1

from loyalty_pipeline.models.beta_quadrature import beta_quadrature
from loyalty_pipeline.models.bg_nbd import BgNbd, expected_purchases, fit_bg_nbd, probability_alive
from loyalty_pipeline.models.bg_nbd_likelihood import BgNbdLikelihood

CDNOW_FIT = BgNbd(0.243, 4.414, 0.793, 2.426, -9582.4, at_edge=False)
SCHEMA = {"frequency": pl.Int64, "recency": pl.Float64, "t": pl.Float64, "customers": pl.Int64}


def histories(*rows):
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


@st.composite
def history_frames(draw):
    rows = []
    for _ in range(draw(st.integers(1, 6))):
        t = draw(st.integers(0, 1100)) / 7
        frequency = draw(st.integers(0, int(t * 7)))
        share = draw(st.floats(0, 1))
        rows.append((frequency, t * share if frequency else 0.0, t, draw(st.integers(0, 1000))))
    return histories(*rows)


positive = st.floats(0.05, 20)
fits = st.builds(
    BgNbd,
    r=positive,
    alpha=positive,
    a=positive,
    b=positive,
    log_likelihood=st.just(0.0),
    at_edge=st.booleans(),
)


def closed_form(fit, x, t, horizon):
    """Equation (10) of Fader, Hardie & Lee 2005 without its denominator, which is 1 / P(alive)."""
    shrunk = ((fit.alpha + t) / (fit.alpha + t + horizon)) ** (fit.r + x)
    gauss = hyp2f1(fit.r + x, fit.b + x, fit.a + fit.b + x - 1, horizon / (fit.alpha + t + horizon))
    return (fit.a + fit.b + x - 1) / (fit.a - 1) * (1 - shrunk * gauss)


def test_there_is_no_fit_without_customers():
    assert fit_bg_nbd(histories()) is None
    assert fit_bg_nbd(histories((1, 2.0, 3.0, 0))) is None


@pytest.mark.parametrize(
    "degenerate",
    [
        histories((0, 0.0, 0.0, 1)),
        histories((0, 0.0, 10.0, 1)),
        histories((3, 9.0, 10.0, 1)),
        histories((0, 0.0, 10.0, 500), (0, 0.0, 20.0, 700)),
        histories((4, 10.0, 10.0, 1000)),
    ],
    ids=[
        "one on the first day",
        "one without a repeat",
        "one with repeats",
        "nobody repeats",
        "all the same",
    ],
)
def test_histories_that_cannot_tell_give_a_fit_at_the_edge(degenerate):
    fit = fit_bg_nbd(degenerate)
    assert fit.at_edge
    assert np.isfinite(expected_purchases(fit, degenerate, 52.0)).all()


def test_customers_who_never_repeat_are_expected_not_to():
    nobody_repeats = histories((0, 0.0, 100.0, 5000), (0, 0.0, 50.0, 5000))
    fit = fit_bg_nbd(nobody_repeats)
    assert expected_purchases(fit, nobody_repeats, 52.0).max() < 0.01


@settings(max_examples=60, deadline=None)
@given(history_frames())
def test_no_histories_make_the_fit_raise(frame):
    fit = fit_bg_nbd(frame)
    if frame["customers"].sum() == 0:
        assert fit is None
    else:
        assert all(math.isfinite(value) for value in (fit.r, fit.alpha, fit.a, fit.b, fit.log_likelihood))
        assert np.isfinite(expected_purchases(fit, frame, 26.0)).all()


def test_simulated_parameters_are_recovered(simulated_customers):
    fit = fit_bg_nbd(simulated_customers)
    assert [fit.r, fit.alpha, fit.a, fit.b] == pytest.approx([0.8, 5.0, 1.2, 3.0], rel=0.12)
    assert not fit.at_edge


def test_a_weight_of_n_is_n_rows(cdnow_histories, cdnow_customers):
    grouped, one_by_one = fit_bg_nbd(cdnow_histories), fit_bg_nbd(cdnow_customers)
    assert cdnow_histories.height < cdnow_customers.height
    assert grouped.log_likelihood == pytest.approx(one_by_one.log_likelihood, abs=1e-6)
    assert [grouped.r, grouped.alpha] == pytest.approx([one_by_one.r, one_by_one.alpha], rel=1e-5)
    assert [grouped.a, grouped.b] == pytest.approx([one_by_one.a, one_by_one.b], rel=1e-5)


def test_counting_in_days_changes_only_the_unit_of_alpha(cdnow_histories):
    in_days = cdnow_histories.with_columns(pl.col("recency", "t") * 7)
    weeks, days = fit_bg_nbd(cdnow_histories), fit_bg_nbd(in_days)
    assert [days.r, days.alpha, days.a, days.b] == pytest.approx(
        [weeks.r, weeks.alpha * 7, weeks.a, weeks.b], rel=1e-5
    )


@settings(max_examples=50, deadline=None)
@given(history_frames().filter(lambda frame: frame["customers"].sum() > 0), fits)
def test_the_gradient_is_the_slope_of_the_likelihood(frame, fit):
    likelihood = BgNbdLikelihood.of(frame, 4.0)
    at = np.array([fit.r, fit.alpha, fit.a, fit.b])
    _, gradient = likelihood(at)
    for parameter in range(4):
        step = np.zeros(4)
        step[parameter] = at[parameter] * 1e-6
        slope = (likelihood(at + step)[0] - likelihood(at - step)[0]) / (2 * step[parameter])
        assert gradient[parameter] == pytest.approx(slope, rel=1e-3, abs=1e-3 / at[parameter])


@settings(max_examples=200, deadline=None)
@given(history_frames(), fits)
def test_the_probability_of_being_alive_is_a_probability(frame, fit):
    alive = probability_alive(fit, frame)
    assert ((alive >= 0) & (alive <= 1)).all()


def test_a_customer_without_a_repeat_is_alive_for_certain():
    assert probability_alive(CDNOW_FIT, histories((0, 0.0, 500.0, 1)))[0] == 1.0


def test_silence_makes_leaving_likelier():
    silent = histories(*[(5, 10.0, t, 1) for t in (10.0, 15.0, 20.0, 40.0)])
    assert (np.diff(probability_alive(CDNOW_FIT, silent)) < 0).all()


@settings(max_examples=100, deadline=None)
@given(history_frames(), fits)
def test_a_zero_horizon_has_no_purchases_and_a_longer_one_never_fewer(frame, fit):
    assert (expected_purchases(fit, frame, 0.0) == 0).all()
    shorter, longer = (expected_purchases(fit, frame, horizon) for horizon in (10.0, 60.0))
    assert (longer >= shorter - 1e-9).all()


@pytest.mark.parametrize("horizon", [1.0, 39.0, 156.5])
def test_expected_purchases_are_the_closed_form_s(horizon):
    grid = histories(
        *[(x, t * 0.6 if x else 0.0, t, 1) for x in (0, 1, 2, 7, 40, 150) for t in (10.0, 38.86, 156.0)]
    )
    fits_as_they_occur = [
        CDNOW_FIT,
        BgNbd(0.8, 5.0, 1.2, 3.0, 0, at_edge=False),
        BgNbd(2, 9, 0.3, 6, 0, at_edge=False),
    ]
    for fit in fits_as_they_occur:
        x, t = grid["frequency"].to_numpy(), grid["t"].to_numpy()
        expected = probability_alive(fit, grid) * closed_form(fit, x, t, horizon)
        assert expected_purchases(fit, grid, horizon) == pytest.approx(expected, rel=1e-8)


def test_expected_purchases_exist_where_the_closed_form_has_no_value():
    """At a = 1 equation (10) is 0 / 0."""
    frame = histories((3, 20.0, 30.0, 1))
    below, at, above = (
        expected_purchases(BgNbd(0.5, 5.0, a, 2.0, 0, at_edge=False), frame, 39.0)[0]
        for a in (0.999, 1.0, 1.001)
    )
    assert at == pytest.approx((below + above) / 2, rel=1e-5)


def test_rows_keep_their_order():
    mixed = histories((7, 9.0, 10.0, 1), (0, 0.0, 30.0, 1), (7, 2.0, 10.0, 1), (1, 3.0, 30.0, 1))
    together = expected_purchases(CDNOW_FIT, mixed, 20.0)
    alone = [expected_purchases(CDNOW_FIT, mixed.slice(row, 1), 20.0)[0] for row in range(4)]
    assert together == pytest.approx(alone, rel=1e-12)


@given(st.floats(0.01, 500), st.floats(0.01, 500))
def test_the_quadrature_has_the_mean_and_the_spread_of_the_beta_distribution(a, b):
    nodes, weights = beta_quadrature(a, b, 16)
    assert weights.sum() == pytest.approx(1)
    mean = weights @ nodes
    assert mean == pytest.approx(a / (a + b), rel=1e-9)
    assert weights @ (nodes - mean) ** 2 == pytest.approx(a * b / ((a + b) ** 2 * (a + b + 1)), rel=1e-6)
