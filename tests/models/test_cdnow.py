"""Known answers: the CDNOW sample of Fader, Hardie & Lee 2005 and Fader & Hardie 2013."""

import numpy as np
import polars as pl
import pytest

from loyalty_pipeline.models.bg_nbd import BgNbd, expected_purchases, fit_bg_nbd, probability_alive
from loyalty_pipeline.models.gamma_gamma import GammaGamma, conditional_mean_spend, fit_gamma_gamma

PUBLISHED_BG_NBD = BgNbd(0.243, 4.414, 0.793, 2.426, -9582.4, at_edge=False)
PUBLISHED_GAMMA_GAMMA = GammaGamma(6.25, 3.74, 15.44, 0.0, at_edge=False)
ONE_CUSTOMER = pl.DataFrame({"frequency": [2], "recency": [30.43], "t": [38.86], "customers": [1]})


def test_the_sample_file_gives_the_published_summary(cdnow_customers, cdnow_summary):
    assert cdnow_customers.height == 2357
    assert cdnow_customers["frequency"].to_list() == cdnow_summary["frequency"].to_list()
    for ours, published in (("recency", "recency"), ("t", "T")):
        difference = cdnow_customers[ours].to_numpy() - cdnow_summary[published].to_numpy()
        assert np.abs(difference).max() <= 0.00501


def test_bg_nbd_finds_the_published_parameters(cdnow_histories):
    fit = fit_bg_nbd(cdnow_histories)
    assert (round(fit.r, 3), round(fit.alpha, 3), round(fit.a, 3), round(fit.b, 3)) == (
        0.243,
        4.414,
        0.793,
        2.426,
    )
    assert round(fit.log_likelihood, 1) == -9582.4
    assert not fit.at_edge


def test_bg_nbd_finds_them_in_the_published_summary_too(cdnow_summary):
    histories = cdnow_summary.select("frequency", "recency", t="T", customers=pl.lit(1, dtype=pl.Int64))
    fit = fit_bg_nbd(histories)
    assert (round(fit.r, 3), round(fit.alpha, 3), round(fit.a, 3), round(fit.b, 3)) == (
        0.243,
        4.414,
        0.793,
        2.426,
    )
    assert round(fit.log_likelihood, 1) == -9582.4


def test_gamma_gamma_finds_the_published_parameters_on_the_946_repeaters(cdnow_customers):
    repeaters = cdnow_customers.filter(pl.col("frequency") > 0)
    fit = fit_gamma_gamma(repeaters)
    assert repeaters.height == 946
    assert (round(fit.p, 2), round(fit.q, 2), round(fit.v, 2)) == (6.25, 3.74, 15.44)
    assert not fit.at_edge


def test_a_customer_with_two_repeats_is_expected_to_buy_1_226_times_in_39_weeks():
    """The worked example of Fader, Hardie & Lee's spreadsheet note: x = 2, t_x = 30.43, T = 38.86."""
    assert expected_purchases(PUBLISHED_BG_NBD, ONE_CUSTOMER, 39.0)[0] == pytest.approx(1.226, abs=5e-4)


def test_a_customer_with_two_repeats_is_alive_with_0_7266():
    """The formula by hand: 1 / (1 + 0.793 / 3.426 * (43.274 / 34.844) ** 2.243)."""
    assert probability_alive(PUBLISHED_BG_NBD, ONE_CUSTOMER)[0] == pytest.approx(0.7266, abs=5e-4)


def test_the_mean_spend_of_a_new_customer_is_the_population_s():
    """p v / (q - 1) = 35.2 dollars for the published parameters."""
    nobody = pl.DataFrame(
        {"frequency": [0], "mean_spend": [None]}, schema_overrides={"mean_spend": pl.Float64}
    )
    assert conditional_mean_spend(PUBLISHED_GAMMA_GAMMA, nobody)[0] == pytest.approx(35.2, abs=0.05)


def test_the_next_39_weeks_bring_about_what_was_expected(cdnow_customers, cdnow_holdout_purchases):
    """Out of sample: the model falls short of the held-out purchase days by an eighth."""
    predicted = expected_purchases(PUBLISHED_BG_NBD, cdnow_customers, 39.0).sum()
    assert cdnow_holdout_purchases == 1882
    assert predicted == pytest.approx(cdnow_holdout_purchases * 7 / 8, rel=0.02)
