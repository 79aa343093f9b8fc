"""Pulses, matched filter and ambiguity against plain sums and closed forms."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchfloor.base.units import C_MPS
from watchfloor.physics import accuracy, waveform

PULSES = {
    "plain": waveform.plain(13e-6, 1e6),
    "lfm": waveform.lfm(40e-6, 1e6, 2e6),
    "barker": waveform.barker(13, samples_per_chip=3),
    "frank": waveform.frank(4, samples_per_chip=2),
}


@pytest.mark.parametrize("name", PULSES)
def test_a_pulse_has_unit_energy_and_constant_magnitude(name):
    s = PULSES[name]
    assert np.sum(np.abs(s) ** 2) == pytest.approx(1.0, rel=1e-12)
    np.testing.assert_allclose(np.abs(s), 1.0 / math.sqrt(len(s)), rtol=1e-12)


@pytest.mark.parametrize("length", sorted(waveform.BARKER))
def test_no_sidelobe_of_a_barker_code_exceeds_one_chip(length):
    code = waveform.barker(length, unit_energy=False)
    sidelobes = np.abs(np.correlate(code, code, "full"))[: length - 1]
    assert sidelobes.max() <= 1.0 + 1e-12


def test_there_is_no_barker_code_of_six():
    with pytest.raises(ValueError, match="2, 3, 4, 5, 7, 11, 13"):
        waveform.barker(6)


@pytest.mark.parametrize("order", [2, 3, 4, 5, 8, 16])
def test_the_periodic_autocorrelation_of_a_frank_code_is_perfect(order):
    code = waveform.frank(order, unit_energy=False)
    spectrum = np.abs(np.fft.fft(code)) ** 2
    np.testing.assert_allclose(spectrum, order**2, rtol=1e-9)  # a flat spectrum: all periodic sidelobes are 0


def test_the_phase_of_a_linear_sweep_turns_with_its_frequency():
    rate, band, width = 50e6, 1e6, 100e-6
    s = waveform.lfm(width, band, rate)
    found = np.diff(np.unwrap(np.angle(s))) * rate / (2 * np.pi)
    t = (np.arange(1, len(s)) - 0.5 * len(s)) / rate
    np.testing.assert_allclose(found, band / width * t, atol=1.0)
    assert found[0] < 0.0 < found[-1]


def plain_correlation(received, reference):
    padded = np.concatenate([received, np.zeros(len(reference))])
    return np.array([np.sum(padded[k : k + len(reference)] * np.conj(reference)) for k in range(len(received))])


@pytest.mark.parametrize("dtype", [np.complex64, np.complex128])
def test_the_matched_filter_is_the_plain_correlation(dtype):
    rng = np.random.default_rng(3)
    x = (rng.normal(size=(2, 101, 3)) + 1j * rng.normal(size=(2, 101, 3))).astype(dtype)
    got = waveform.matched_filter(x, PULSES["frank"], axis=1)
    assert got.dtype == dtype
    assert got.shape == x.shape
    tolerance = 1e-5 if dtype is np.complex64 else 1e-12
    for row in range(2):
        for column in range(3):
            expected = plain_correlation(x[row, :, column], PULSES["frank"])
            np.testing.assert_allclose(got[row, :, column], expected, atol=tolerance * 10)


def test_the_matched_filter_delivers_energy_over_noise_density():
    rng = np.random.default_rng(4)
    s, energy, trials = PULSES["lfm"], 9.0, 4000
    noise = np.sqrt(0.5) * (rng.normal(size=(trials, 80)) + 1j * rng.normal(size=(trials, 80)))
    out = waveform.matched_filter(noise + math.sqrt(energy) * s, s)[:, 0]
    # mean power E + N0 of a chi-square with mean 10; its sd is sqrt(1 + 2 * 9) / sqrt(trials)
    assert np.mean(np.abs(out) ** 2) == pytest.approx(energy + 1.0, abs=4.5 * math.sqrt(19.0 / trials))
    assert np.var(out) == pytest.approx(1.0, abs=4.5 / math.sqrt(trials))


def test_a_pulse_longer_than_the_window_is_refused():
    with pytest.raises(ValueError, match="longer than the fast time"):
        waveform.matched_filter(np.ones(4), np.ones(5))
    with pytest.raises(ValueError, match="finite"):
        waveform.matched_filter(np.array([1.0, np.nan, 0.0]), np.ones(2))


def plain_ambiguity(samples, rate, delay, doppler, fine=400):
    """Plain sum over intervals `fine` times shorter than a sample; delays in whole fine steps."""
    held = np.repeat(samples, fine)
    shift = round(delay * rate * fine)
    t = (np.arange(held.size) + 0.5) / (rate * fine)
    moved = np.zeros_like(held)
    if shift >= 0:
        moved[shift:] = held[: held.size - shift] if shift else held
    else:
        moved[:shift] = held[-shift:]
    return abs(np.sum(held * np.exp(2j * np.pi * doppler * t) * np.conj(moved))) / np.sum(np.abs(held) ** 2)


@pytest.mark.parametrize("name", ["plain", "barker", "frank"])
@pytest.mark.parametrize("delay", [0.0, 0.25e-6, -1.5e-6, 3.75e-6, -40e-6])
@pytest.mark.parametrize("doppler", [0.0, 31e3, -150e3])
def test_ambiguity_is_the_plain_sum_of_held_chips(name, delay, doppler):
    got = waveform.ambiguity(PULSES[name], 1e6, delay, doppler)[0, 0]
    # the midpoint rule errs by (pi f dt)^2 / 6 relative: 2e-7 here
    assert got == pytest.approx(plain_ambiguity(PULSES[name], 1e6, delay, doppler), abs=1e-6)


def test_ambiguity_of_a_fine_sweep_is_the_closed_form():
    width, band, rate = 20e-6, 1e6, 80e6
    s = waveform.lfm(width, band, rate)
    delay, doppler = np.linspace(-22e-6, 22e-6, 23), np.linspace(-0.4e6, 0.4e6, 9)
    got = waveform.ambiguity(s, rate, delay, doppler)
    expected = waveform.lfm_ambiguity(delay[:, None], doppler, pulse_width_s=width, bandwidth_hz=band)
    np.testing.assert_allclose(got, expected, atol=2e-4)


@given(delay=st.floats(-20e-6, 20e-6), doppler=st.floats(-2e6, 2e6))
def test_ambiguity_is_symmetric_about_the_origin_and_below_its_peak(delay, doppler):
    s = PULSES["frank"]
    here = waveform.ambiguity(s, 1e6, delay, doppler)[0, 0]
    there = waveform.ambiguity(s, 1e6, -delay, -doppler)[0, 0]
    assert here == pytest.approx(there, abs=1e-9)
    assert here <= 1.0 + 1e-12


def test_the_volume_under_an_ambiguity_surface_is_one():
    # Woodward: the integral of |chi|^2 is 1 for unit energy; the tail beyond 40 bandwidths holds about 1 %
    width = 1.0
    tau, f = np.linspace(-width, width, 401), np.linspace(-40.0, 40.0, 4001)
    chi = waveform.lfm_ambiguity(tau[:, None], f, pulse_width_s=width, bandwidth_hz=5.0)
    volume = np.trapezoid(np.trapezoid(chi**2, f, axis=1), tau)
    assert volume == pytest.approx(1.0, abs=0.01)


@given(doppler=st.floats(-5e4, 5e4))
def test_the_matched_filter_peaks_where_the_coupling_says(doppler):
    width, band, rate = 50e-6, 2e6, 8e6
    s = waveform.lfm(width, band, rate)
    echo = np.zeros(1200, complex)
    echo[400:800] = s * np.exp(2j * np.pi * doppler * np.arange(400) / rate)
    out = np.abs(waveform.matched_filter(echo, s))
    peak = int(np.argmax(out))
    left, middle, right = out[peak - 1 : peak + 2]
    where = peak + 0.5 * (left - right) / (left - 2 * middle + right)
    found_m = 0.5 * C_MPS * (where - 400) / rate
    expected = waveform.range_coupling_m(doppler, pulse_width_s=width, bandwidth_hz=band)
    assert found_m == pytest.approx(expected, abs=0.05 * 0.5 * C_MPS / band)


def test_an_unmodulated_pulse_couples_nothing():
    with pytest.raises(ValueError, match="bandwidth_hz"):
        waveform.range_coupling_m(1.0, pulse_width_s=1e-6, bandwidth_hz=0.0)


def test_rms_bandwidth_is_what_the_range_bound_takes():
    # flat spectrum: beta = pi B / sqrt 3, as in accuracy.sigma_range_m; a long sweep is flat within a few per cent
    beta = 2 * np.pi * waveform.rms_bandwidth_hz(waveform.lfm(2e-3, 1e6, 1.1e6), 1.1e6)
    bound = 0.5 * C_MPS / (beta * math.sqrt(2 * 50.0))
    assert bound == pytest.approx(float(accuracy.sigma_range_m(50.0, 1e6)), rel=0.01)


def test_rms_duration_is_what_the_range_rate_bound_takes():
    t = waveform.rms_duration_s(waveform.plain(1.0, 64.0), 64.0)
    assert t == pytest.approx(1.0 / math.sqrt(12.0), rel=1e-12)
    bound = 0.5 * 0.1 / (2 * np.pi * t * math.sqrt(2 * 50.0))
    assert bound == pytest.approx(float(accuracy.sigma_range_rate_mps(50.0, 0.1, 1.0)), rel=1e-12)


@given(st.lists(st.floats(0.01, 1.0), min_size=2, max_size=40))
def test_no_window_beats_no_window(weights):
    assert waveform.window_loss_db(weights) >= -1e-9
    assert waveform.noise_bandwidth_bins(np.ones(len(weights))) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: waveform.lfm(1e-6, 2e6, 1e6), "sample_rate_hz"),
        (lambda: waveform.plain(1e-7, 1e6), "sample faster"),
        (lambda: waveform.plain(math.nan, 1e6), "pulse_width_s"),
        (lambda: waveform.frank(1), "order"),
        (lambda: waveform.frank(2.5), "order"),
        (lambda: waveform.ambiguity(np.zeros(4), 1e6, 0.0, 0.0), "samples"),
        (lambda: waveform.ambiguity(np.ones(4), 1e6, [[0.0]], 0.0), "one-dimensional"),
        (lambda: waveform.window_gain([1.0, -1.0]), "window"),
        (lambda: waveform.peak_sidelobe_db([0.0, 1.0, 0.0]), "main lobe"),
        (lambda: waveform.compression_ratio(0.0, 1e6), "pulse_width_s"),
    ],
)
def test_what_makes_no_pulse_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
