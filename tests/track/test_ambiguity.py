import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchfloor.track._kernels.ambiguity import folded_log_density, folds, unfold

rates = st.floats(-900.0, 900.0)
intervals = st.floats(20.0, 400.0)


@given(true=rates, off=st.floats(-0.49, 0.49), interval=intervals, turns=st.integers(-9, 9))
def test_a_folded_rate_comes_back_near_a_prediction_good_to_half_an_interval(true, off, interval, turns):
    folded = true + turns * interval
    assert unfold(folded, true + off * interval, interval) == pytest.approx(true, abs=1e-9 * 9 * 400)


def test_what_is_not_ambiguous_is_left_alone():
    for interval in (math.inf, 0.0, -1.0, math.nan):
        assert unfold(123.0, -500.0, interval) == 123.0
        assert folded_log_density(3.0, 1.0, 4.0, interval) == pytest.approx(-0.5 * (1 + math.log(8 * math.pi)))
        assert folds(3.0, 1.0, 0.0, 100.0, interval, 1e-3, np.empty(4), np.empty(4)) == 1


@given(rate=rates, mean=rates, sd=st.floats(0.5, 600.0), interval=intervals)
def test_the_density_of_a_folded_rate_is_the_sum_over_folds(rate, mean, sd, interval):
    other = rate - mean + interval * np.arange(-400, 401)
    logs = -0.5 * (other / sd) ** 2 - math.log(sd * math.sqrt(2.0 * math.pi))
    plain = logs.max() + math.log(np.exp(logs - logs.max()).sum())
    assert folded_log_density(rate, mean, sd * sd, interval) == pytest.approx(plain, abs=2e-6)


@given(mean=rates, sd=st.floats(1.0, 300.0), interval=intervals)
def test_the_density_integrates_to_one_over_an_interval(mean, sd, interval):
    x = (np.arange(4000) + 0.5) / 4000 * interval
    density = [math.exp(folded_log_density(value, mean, sd * sd, interval)) for value in x]
    assert np.mean(density) * interval == pytest.approx(1.0, abs=1e-4)


def test_the_wrapped_normal_has_its_mean_resultant_length():
    # Mardia & Jupp, Directional Statistics, 2000, section 3.5.7: rho = exp(-sigma^2 / 2) on the circle
    x = (np.arange(2000) + 0.5) / 2000 * 2.0 * math.pi
    for sigma in (0.3, 1.0, 2.4, 2.6, 4.0):
        density = np.array([math.exp(folded_log_density(v, 1.0, sigma**2, 2.0 * math.pi)) for v in x])
        rho = np.mean(density * np.cos(x - 1.0)) * 2.0 * math.pi
        assert rho == pytest.approx(math.exp(-0.5 * sigma**2), abs=1e-6)


@given(rate=rates, mean=st.floats(-300.0, 300.0), sd=st.floats(1.0, 250.0), interval=intervals)
def test_folds_are_the_likeliest_ones_and_sum_to_one(rate, mean, sd, interval):
    out, weight = np.empty(40), np.empty(40)
    n = folds(rate, 4.0, mean, sd * sd, interval, 1e-6, out, weight)
    every = rate + interval * np.arange(-200, 201)
    logs = -0.5 * (every - mean) ** 2 / (sd * sd + 4.0)
    plain = np.exp(logs - logs.max())
    kept = np.sort(plain[plain >= 1e-6])[::-1]
    if np.abs(plain / 1e-6 - 1.0).min() > 1e-6 and n < 40:
        assert n == len(kept)
        np.testing.assert_allclose(weight[:n], kept / kept.sum(), rtol=1e-6, atol=1e-12)
    assert weight[:n].sum() == pytest.approx(1.0)
    assert (np.diff(weight[:n]) <= 1e-12).all()
    np.testing.assert_allclose(np.remainder(out[:n] - rate + 0.5 * interval, interval), 0.5 * interval, atol=1e-6)


def test_a_birth_of_a_folded_rate_keeps_both_speeds():
    # L-band, 300 Hz, 23 cm: 34.5 m/s; prior 250 m/s a component: dozens of folds, of which the room takes the likeliest
    out, weight = np.empty(5), np.empty(5)
    assert folds(10.0, 1.0, 0.0, 250.0**2, 34.5, 1e-3, out, weight) == 5
    np.testing.assert_allclose(out, [10.0, -24.5, 44.5, -59.0, 79.0])
    # S-band, 4 kHz, 10 cm: 200 m/s
    n = folds(60.0, 1.0, 0.0, 150.0**2, 200.0, 0.01, out, weight)
    np.testing.assert_allclose(out[:n], [60.0, -140.0, 260.0, -340.0])
