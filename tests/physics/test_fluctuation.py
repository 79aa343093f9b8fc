"""Correlated looks: published decorrelation steps, and posteriors as wide as their error."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from watchfloor.physics.fluctuation import (
    decorrelation_hz,
    decorrelation_rad,
    effective_looks,
    fading_correlation,
    look_weight,
    look_weights,
)


@pytest.mark.parametrize(
    ("wavelength_m", "length_m", "degrees", "atol"),
    [(0.1, 10.0, 0.29, 0.005), (1.5, 15.0, 2.9, 0.05)],
)
def test_decorrelation_in_aspect_is_that_of_the_rule(wavelength_m, length_m, degrees, atol):
    # Richards 2014, section 2.2: lambda / 2L; 10 m at 3 GHz and 15 m at 200 MHz
    np.testing.assert_allclose(np.degrees(decorrelation_rad(wavelength_m, length_m)), degrees, atol=atol)


def test_decorrelation_in_frequency_is_that_of_the_rule():
    # Richards 2014, section 2.2: c / 2L; 15 MHz for 10 m, 30 MHz for 5 m
    np.testing.assert_allclose(decorrelation_hz([10.0, 5.0]), [15e6, 30e6], rtol=1e-3)


def test_one_step_in_aspect_and_one_in_frequency_fade_alike():
    turn, step = decorrelation_rad(0.1, 10.0), decorrelation_hz(10.0)
    np.testing.assert_allclose(fading_correlation(turn, 0.0, 0.1, 10.0), np.exp(-2.0), rtol=1e-12)
    np.testing.assert_allclose(fading_correlation(0.0, -step, 0.1, 10.0), np.exp(-2.0), rtol=1e-12)
    np.testing.assert_allclose(fading_correlation(-turn, step, 0.1, 10.0), np.exp(-4.0), rtol=1e-12)


@given(x=st.lists(st.floats(0.0, 20.0), min_size=2, max_size=2))
def test_correlation_of_a_path_is_the_product_of_its_steps(x):
    turns = np.array(x) * decorrelation_rad(0.1, 10.0)
    steps = fading_correlation(turns, 0.0, 0.1, 10.0)
    np.testing.assert_allclose(fading_correlation(turns.sum(), 0.0, 0.1, 10.0), steps.prod(), rtol=1e-9, atol=1e-300)
    np.testing.assert_allclose(look_weight(steps), np.tanh(x), rtol=1e-9, atol=1e-15)


def test_a_fine_sweep_counts_its_decorrelation_angles():
    # 1,000 looks over 20 angles: 1 + 999 tanh(20 / 999), 21 to a part in a thousand
    steps = fading_correlation(np.full(999, 20.0 / 999) * decorrelation_rad(0.1, 10.0), 0.0, 0.1, 10.0)
    np.testing.assert_allclose(look_weights(steps).sum(), 21.0, rtol=1e-3)
    np.testing.assert_allclose(effective_looks(steps[0] ** np.arange(1, 1000)), 20.5, rtol=5e-3)


@given(rho=st.lists(st.floats(0.0, 0.98), min_size=1, max_size=12))
def test_weights_are_those_of_the_best_linear_average_of_a_markov_process(rho):
    # the inverse of the correlation matrix times ones: R[i, j] is the product of the steps between i and j
    logs = np.concatenate(([0.0], np.cumsum(np.log(np.maximum(rho, 1e-300)))))
    matrix = np.exp(-np.abs(logs[:, None] - logs))
    weights = look_weights(rho)
    np.testing.assert_allclose(weights, np.linalg.solve(matrix, np.ones(len(logs))), rtol=1e-6, atol=1e-9)
    assert np.all(weights >= 0.0)
    np.testing.assert_allclose(weights.sum(), 1.0 + look_weight(rho).sum(), rtol=1e-12)


@given(rho=st.floats(0.0, 1.0), k=st.integers(2, 200))
def test_effective_looks_lie_between_one_and_all_and_below_the_best_average(rho, k):
    plain = effective_looks(rho ** np.arange(1, k))
    best = 1.0 + (k - 1) * look_weight(rho)
    assert 1.0 - 1e-9 <= plain <= best * (1.0 + 1e-9) <= k * (1.0 + 2e-9)
    if k == 2:
        np.testing.assert_allclose(plain, best, rtol=1e-12)


def rayleigh_path(rng, n, k, rho):
    """Powers (n, k) of a Rayleigh echo of mean 1 whose powers are correlated rho from look to look."""
    amplitude = rng.standard_normal((n, k, 2)) @ np.array([1.0, 1.0j]) * 0.5**0.5
    for j in range(1, k):
        amplitude[:, j] = rho**0.5 * amplitude[:, j - 1] + (1.0 - rho) ** 0.5 * amplitude[:, j]
    return np.abs(amplitude) ** 2


@pytest.mark.parametrize("rho", [0.0, 0.3, 0.6, 0.8, 0.9, 0.95])
@pytest.mark.parametrize("k", [2, 20])
def test_posterior_of_the_mean_power_from_correlated_looks_is_as_wide_as_its_error(rho, k):
    # weighted exponential likelihoods, flat prior in decibels: ln(mean) is ln(sum w z) less ln of a gamma variate of
    # order A = sum w, so mean ln(sum w z) - digamma(A), variance trigamma(A)
    n = 20_000
    power = rayleigh_path(np.random.default_rng(int(100 * rho) + k), n, k, rho)
    settled = look_weights(np.full(k - 1, rho))
    simple = np.r_[1.0, np.full(k - 1, look_weight(rho))]
    for weights in (settled, simple):
        total = power @ weights
        order = weights.sum()
        np.testing.assert_allclose(total.mean(), order, atol=4.0 * total.std() / n**0.5)  # unbiased
        z = (np.log(total) - special.digamma(order)) / np.sqrt(special.polygamma(1, order))
        square = (z * z).mean()
        tolerance = 4.0 * (z * z).std() / n**0.5
        assert square < 1.0 + tolerance  # never surer than right
        assert square > 0.73 - tolerance  # and not much less sure (0.855 squared)
        if rho == 0.0:
            np.testing.assert_allclose(square, 1.0, atol=tolerance)
    variance = (power @ settled).var()
    moment = 4.0 * ((power @ settled - settled.sum()) ** 2).std() / n**0.5
    np.testing.assert_allclose(variance, settled.sum(), atol=moment)  # as of that many independent looks


def test_looks_taken_for_independent_would_be_far_too_sure():
    power = rayleigh_path(np.random.default_rng(3), 4000, 20, 0.9)
    z = (np.log(power.sum(axis=1)) - special.digamma(20.0)) / np.sqrt(special.polygamma(1, 20.0))
    assert (z * z).mean() > 4.0


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: decorrelation_rad(0.0, 10.0), "wavelength_m"),
        (lambda: decorrelation_rad(0.1, np.nan), "length_m"),
        (lambda: decorrelation_hz(-1.0), "length_m"),
        (lambda: fading_correlation(np.nan, 0.0, 0.1, 10.0), "d_aspect_rad"),
        (lambda: fading_correlation(0.0, np.inf, 0.1, 10.0), "d_frequency_hz"),
        (lambda: look_weight(1.1), "correlation"),
        (lambda: look_weights([-0.1]), "correlation"),
        (lambda: look_weights(0.5), "correlation"),
        (lambda: effective_looks(0.5), "correlation"),
        (lambda: effective_looks([-1.0, -1.0]), "variance"),
    ],
)
def test_what_is_outside_its_domain_is_refused_by_name(call, name):
    with pytest.raises(ValueError, match=name):
        call()
