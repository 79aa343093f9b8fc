"""The bounds are met by maximum-likelihood estimates: variances over many trials lie inside their chi-square bands."""

import numpy as np

from watchfloor.base.units import C_MPS
from watchfloor.physics import accuracy

N_TRIALS = 4000
# a sample variance of n trials has relative deviation sqrt(2 / n); four of them, and 2 % for the finite SNR
BAND = 4.0 * np.sqrt(2.0 / N_TRIALS) + 0.02


def tone_frequencies(frequency, n, snr_total, rng):
    """Maximum-likelihood frequencies of noisy tones, in cycles a sample: FFT peak, then Newton on the periodogram."""
    k = np.arange(n)
    phase = rng.uniform(0, 2 * np.pi, (N_TRIALS, 1))
    noise = rng.normal(0, np.sqrt(0.5), (2, N_TRIALS, n))
    x = np.sqrt(snr_total / n) * np.exp(1j * (2 * np.pi * frequency * k + phase)) + noise[0] + 1j * noise[1]
    found = np.argmax(np.abs(np.fft.fft(x, 8 * n)), axis=1) / (8 * n)
    found = (found + 0.5) % 1.0 - 0.5
    centred = k - (n - 1) / 2
    for _ in range(4):
        y = x * np.exp(-2j * np.pi * found[:, None] * k)
        s0, s1, s2 = y.sum(1), (y * centred).sum(1), (y * centred**2).sum(1)
        # derivatives of |S|^2 by angle
        first = 2 * np.imag(np.conj(s0) * s1)
        second = 2 * (np.abs(s1) ** 2 - np.real(np.conj(s0) * s2))
        found = found - first / second / (2 * np.pi)
    return found


def test_range_rate_bound_is_met():
    rng = np.random.default_rng(11)
    n, snr, wavelength, time_s = 64, 400.0, 0.1, 0.02
    found = tone_frequencies(0.11, n, snr, rng) * n / time_s * 0.5 * wavelength
    bound = accuracy.sigma_range_rate_mps(snr, wavelength, time_s)
    assert abs(np.var(found) / bound**2 - 1.0) < BAND


def test_range_bound_is_met():
    # a delay is a tone across the flat spectrum
    rng = np.random.default_rng(12)
    n, snr, bandwidth = 64, 400.0, 1e6
    delay = tone_frequencies(-0.07, n, snr, rng) * n / bandwidth
    bound = accuracy.sigma_range_m(snr, bandwidth)
    assert abs(np.var(0.5 * C_MPS * delay) / bound**2 - 1.0) < BAND


def test_angle_bound_is_met_by_monopulse():
    # on the axis: sum channel of SNR chi, difference channel of noise alone, angle = Re(d / s) theta3 / km
    rng = np.random.default_rng(13)
    snr, beamwidth = 400.0, 0.03
    noise = rng.normal(0, np.sqrt(0.5), (4, N_TRIALS))
    ratio = (noise[0] + 1j * noise[1]) / (np.sqrt(snr) + noise[2] + 1j * noise[3])
    found = ratio.real * beamwidth / accuracy.MONOPULSE_SLOPE
    assert abs(np.var(found) / accuracy.sigma_angle_rad(snr, beamwidth) ** 2 - 1.0) < BAND


def test_doubling_the_bandwidth_halves_the_range_error():
    np.testing.assert_allclose(accuracy.sigma_range_m(50.0, [1e6, 2e6]) @ [1.0, -2.0], 0.0, atol=1e-12)
