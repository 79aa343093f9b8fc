"""Cancellers, filters, staggers and folding: against forty digits, plain sums and simulated clutter."""

import math

import mpmath
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from watchfloor.base.units import C_MPS
from watchfloor.physics import mti


def exact_improvement(n_pulses, width, spectrum):
    """Ratio of sums of the correlation in many digits; width is the spectrum's over the repetition frequency."""
    with mpmath.workdps(130):
        m = n_pulses - 1
        w = [(-1) ** k * mpmath.binomial(m, k) for k in range(m + 1)]

        def rho(k):
            x = 2 * mpmath.pi * mpmath.mpf(width) * k
            return mpmath.exp(-(x**2) / 2) if spectrum == "gaussian" else 1 / (1 + x**2 / 2)

        left = sum(a * b * rho(i - j) for i, a in enumerate(w) for j, b in enumerate(w))
        return float(sum(a * a for a in w) / left)


@pytest.mark.parametrize("spectrum", mti.SPECTRA)
@pytest.mark.parametrize("n_pulses", [2, 3, 4, 6, 10])
@pytest.mark.parametrize("width", [1e-4, 1e-3, 0.01, 0.049, 0.051, 0.099, 0.101, 0.3, 2.0])
def test_improvement_against_forty_digits(spectrum, n_pulses, width):
    got = mti.mti_improvement(n_pulses, prf_hz=1.0, spread_mps=width, wavelength_m=2.0, spectrum=spectrum)
    assert got == pytest.approx(exact_improvement(n_pulses, width, spectrum), rel=1e-9)


@given(n_pulses=st.integers(2, 6), width=st.floats(1e-4, 0.01))
def test_a_narrow_spectrum_meets_the_textbook_form(n_pulses, width):
    arguments = {"prf_hz": 1.0, "spread_mps": width, "wavelength_m": 2.0}
    exact, narrow = mti.mti_improvement(n_pulses, **arguments), mti.mti_improvement_narrow(n_pulses, **arguments)
    m = n_pulses - 1
    # first correction: sin x = x (1 - x^2 / 6) raises the improvement by m (2m + 1) (2 pi width)^2 / 12
    assert exact == pytest.approx(narrow * (1 + m * (2 * m + 1) * (2 * math.pi * width) ** 2 / 12), rel=5e-3 * m * m)
    assert exact > narrow * (1.0 - 1e-9)


def test_a_canceller_removes_simulated_clutter_as_computed():
    rng = np.random.default_rng(31)
    n, trials, spread, wavelength, prf = 3, 40_000, 1.0, 0.1, 500.0
    cov = mti.covariance(np.arange(n) / prf, spread_mps=spread, wavelength_m=wavelength)
    lower = np.linalg.cholesky(cov + 1e-12 * np.eye(n))
    white = math.sqrt(0.5) * (rng.normal(size=(n, trials)) + 1j * rng.normal(size=(n, trials)))
    w = mti.canceller_weights(n)
    left = np.mean(np.abs(w @ (lower @ white)) ** 2)
    expected = np.sum(w**2) / mti.mti_improvement(n, prf_hz=prf, spread_mps=spread, wavelength_m=wavelength)
    assert left == pytest.approx(expected, rel=4.5 / math.sqrt(trials))


def test_moving_rain_passes_a_canceller_that_still_rain_does_not():
    times = np.arange(3) / 1000.0
    w = mti.canceller_weights(3)
    still = mti.filter_improvement(w, mti.covariance(times, spread_mps=1.0, wavelength_m=0.1))
    moving = mti.filter_improvement(w, mti.covariance(times, spread_mps=1.0, wavelength_m=0.1, mean_mps=25.0))
    assert still > 100.0
    assert moving < 0.5  # at half the blind speed the response is greatest
    tuned = mti.filter_improvement(
        w * mti.signal(25.0, times, 0.1), mti.covariance(times, spread_mps=1.0, wavelength_m=0.1, mean_mps=25.0)
    )
    assert tuned == pytest.approx(still, rel=1e-9)


@given(
    velocity=st.floats(-40.0, 40.0),
    spread=st.floats(0.1, 3.0),
    noise=st.floats(1e-4, 1.0),
    seed=st.integers(0, 1000),
)
def test_no_filter_beats_the_optimum(velocity, spread, noise, seed):
    times = np.arange(6) / 1000.0
    cov = mti.covariance(times, spread_mps=spread, wavelength_m=0.1, noise_to_clutter=noise, steady_ratio=2.0)
    target = mti.signal(velocity, times, 0.1)
    best = mti.optimum_improvement(cov, target)
    rng = np.random.default_rng(seed)
    some = rng.normal(size=6) + 1j * rng.normal(size=6)
    assert mti.filter_improvement(some, cov, signal=target) <= best * (1 + 1e-9)
    assert mti.filter_improvement(np.linalg.solve(cov, target), cov, signal=target) == pytest.approx(best, rel=1e-6)


def test_in_noise_the_optimum_is_coherent_integration():
    assert mti.optimum_improvement(3.0 * np.eye(16), mti.signal(7.0, np.arange(16) * 1e-3, 0.1)) == pytest.approx(16.0)


def test_many_targets_are_filtered_at_once():
    times = np.arange(4) / 1000.0
    cov = mti.covariance(times, spread_mps=1.0, wavelength_m=0.1, noise_to_clutter=0.01)
    targets = mti.signal(np.linspace(-20.0, 20.0, 6).reshape(2, 3), times, 0.1)
    assert mti.optimum_improvement(cov, targets).shape == (2, 3)
    one = mti.optimum_improvement(cov, targets[1, 2])
    assert mti.optimum_improvement(cov, targets)[1, 2] == pytest.approx(float(one), rel=1e-12)


def test_the_mean_response_of_a_filter_is_that_to_noise():
    velocity = np.arange(400) * 50.0 / 400
    response = mti.filter_response(mti.canceller_weights(4), velocity, np.arange(4) * 1e-3, 0.1)
    assert response.mean() == pytest.approx(1.0, rel=1e-9)
    # 64 sin^6 over its weights' 20
    np.testing.assert_allclose(response, 64.0 / 20.0 * np.sin(np.pi * velocity / 50.0) ** 6, atol=1e-12)


def test_a_stagger_moves_the_first_blind_speed():
    ratios = np.array([25, 30, 27, 31])
    intervals = 1e-3 * ratios / ratios.mean()
    blind = mti.stagger_blind_speed_mps(tuple(ratios.tolist()), 1e-3, 0.1)
    assert mti.stagger_response(blind, intervals, 0.1, n_pulses=2) == pytest.approx(0.0, abs=1e-18)
    velocity = np.linspace(20.0, blind - 20.0, 6001)
    assert mti.stagger_response(velocity, intervals, 0.1, n_pulses=2).min() > 0.05
    assert mti.stagger_blind_speed_mps((2, 4), 1e-3, 0.1) == mti.stagger_blind_speed_mps((1, 2), 1e-3, 0.1)


@given(velocity=st.floats(-1e3, 1e3), prf=st.floats(100.0, 2e4), wavelength=st.floats(0.01, 2.0))
def test_a_folded_velocity_has_the_same_phases(velocity, prf, wavelength):
    folded = mti.fold_velocity(velocity, prf, wavelength)
    assert abs(folded) <= 0.25 * wavelength * prf * (1 + 1e-9)
    times = np.arange(4) / prf
    np.testing.assert_allclose(
        mti.signal(folded, times, wavelength), mti.signal(velocity, times, wavelength), atol=1e-8
    )


@given(range_m=st.floats(0.0, 1e6), prf=st.floats(100.0, 2e4))
def test_a_folded_range_differs_by_whole_intervals(range_m, prf):
    turns = (range_m - mti.fold_range(range_m, prf)) / mti.unambiguous_range_m(prf)
    assert turns == pytest.approx(round(float(turns)), abs=1e-6)


@given(true=st.floats(0.0, 290e3), seed=st.integers(0, 500))
def test_ranges_are_resolved_with_measurement_errors(true, seed):
    prf = np.array([3000.0, 3400.0, 3700.0])
    spans = mti.unambiguous_range_m(prf)
    errors = np.random.default_rng(seed).normal(0.0, 20.0, 3)
    apparent = np.mod(true + errors, spans)
    value, residual = mti.resolve(apparent, spans, most=300e3)
    assert value == pytest.approx(true + errors.mean(), abs=1e-6)
    assert residual < 4.5 * 20.0


def test_many_values_are_resolved_at_once_and_ghosts_show():
    spans = np.array([7.0, 8.0, 9.0])
    true = np.array([[3.0, 100.0, 250.0], [400.0, 501.5, 0.25]])
    apparent = np.mod(true, spans.reshape(3, 1, 1))
    value, residual = mti.resolve(apparent, spans, most=504.0)
    np.testing.assert_allclose(value, true, atol=1e-9)
    np.testing.assert_allclose(residual, 0.0, atol=1e-9)
    mixed = np.array([apparent[0, 0, 0], apparent[1, 0, 1], apparent[2, 1, 1]])
    assert mti.resolve(mixed, spans, most=60.0)[1] > 0.05


def test_negative_velocities_are_resolved():
    spans = mti.blind_speeds_mps([1000.0, 1130.0, 1270.0], 0.1)
    apparent = mti.fold_velocity(-433.0, [1000.0, 1130.0, 1270.0], 0.1)
    value, _ = mti.resolve(apparent, spans, least=-600.0, most=600.0)
    assert value == pytest.approx(-433.0, abs=1e-9)


@given(range_m=st.floats(0.0, 1e5))
def test_an_echo_is_eclipsed_by_the_pulse_that_overlaps_it(range_m):
    prf, width = 10e3, 8e-6
    start = math.fmod(2.0 * range_m / C_MPS, 1.0 / prf)
    t = np.linspace(start, start + width, 2001)
    sending = np.mod(t, 1.0 / prf) < width
    assert mti.range_visible(range_m, prf, width) == pytest.approx(1.0 - sending.mean(), abs=2e-3)


def test_targets_are_clear_where_neither_eclipsed_nor_in_the_notch():
    prf = np.array([5e3, 5.5e3, 6e3])
    seen = mti.clear(
        [20e3, float(mti.unambiguous_range_m(5e3))],
        [40.0, 40.0],
        prf_hz=prf,
        pulse_width_s=2e-6,
        wavelength_m=0.03,
        notch_mps=5.0,
    )
    assert seen.shape == (3, 2)
    assert not seen[0, 1]
    assert seen[:, 0].all()
    assert not mti.clear(
        30e3, float(mti.blind_speeds_mps(5e3, 0.03)), prf_hz=prf, pulse_width_s=2e-6, wavelength_m=0.03, notch_mps=5.0
    )[0]


@given(lag=st.floats(-1.0, 1.0), spread=st.floats(0.0, 10.0))
def test_both_spectra_have_the_spread_that_they_state(lag, spread):
    assume(abs(lag) * spread < 1e-2)
    # the curvature of the correlation at 0 is the second moment of the spectrum
    for spectrum in mti.SPECTRA:
        rho = mti.correlation(lag, spread_mps=spread, wavelength_m=4.0 * math.pi, spectrum=spectrum)
        assert rho == pytest.approx(1.0 - 0.5 * (spread * lag) ** 2, abs=1e-8)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mti.mti_improvement(1, prf_hz=1e3, spread_mps=1.0, wavelength_m=0.1), "n_pulses"),
        (lambda: mti.mti_improvement(2, prf_hz=1e3, spread_mps=0.0, wavelength_m=0.1), "spread_mps"),
        (lambda: mti.mti_improvement(2, prf_hz=1e3, spread_mps=1.0, wavelength_m=0.1, spectrum="box"), "spectrum"),
        (lambda: mti.correlation(math.nan, spread_mps=1.0, wavelength_m=0.1), "lag_s"),
        (lambda: mti.covariance([[0.0]], spread_mps=1.0, wavelength_m=0.1), "times_s"),
        (lambda: mti.filter_improvement([1.0], np.eye(2)), "2 pulses"),
        (lambda: mti.filter_improvement([1.0, 1.0], np.ones((2, 3))), "covariance"),
        (lambda: mti.optimum_improvement(np.ones((2, 2)), [1.0, 1.0]), "noise_to_clutter"),
        (lambda: mti.windblown_spread_mps(100.0), "wind_mps"),
        (lambda: mti.stagger_blind_speed_mps((1, 2.5), 1e-3, 0.1), "ratios"),
        (lambda: mti.range_visible(1e3, 1e3, 1e-2), "pulse_width_s"),
        (lambda: mti.resolve([1.0], [2.0, 3.0], most=6.0), "one row"),
        (lambda: mti.resolve([1.0, 1.0], [2.0, 3.0], most=-1.0), "most"),
        (lambda: mti.blind_speeds_mps(0.0, 0.1), "prf_hz"),
    ],
)
def test_what_makes_no_sense_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
