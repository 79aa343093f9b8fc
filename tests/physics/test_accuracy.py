"""The bounds are met by maximum-likelihood estimates: variances over many trials lie inside their chi-square bands."""

import numpy as np
import pytest

from watchfloor.base.units import C_MPS
from watchfloor.physics import accuracy, waveform

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


def test_published_spectra_of_the_range_bound():
    # Skolnik, Introduction to Radar Systems, 3rd ed., 2001, ch. 6: delay error 1.18 / (pi B sqrt(2E/N0)) of a Gaussian
    # pulse of half-power bandwidth B, and sqrt(tau / (4 B E/N0)) of a plain pulse of length tau
    snr, band, pulse = 200.0, 1e6, 1e-5
    gauss = 2.0 / C_MPS * accuracy.sigma_range_m(snr, band, spectrum="gaussian")
    np.testing.assert_allclose(gauss, 1.18 / (np.pi * band * np.sqrt(2 * snr)), rtol=3e-3)
    plain = 2.0 / C_MPS * accuracy.sigma_range_m(snr, np.sqrt(2 * band / pulse) / (2 * np.pi), spectrum="rms")
    np.testing.assert_allclose(plain, np.sqrt(pulse / (4 * band * snr)), rtol=1e-12)


def test_rms_widths_of_a_sampled_pulse_give_the_gaussian_bounds():
    # a Gaussian pulse: power falls to half at +- 10 us, and in frequency at +- B/2 with B tau = 2 ln 2 / pi
    time, rate = np.arange(-1000, 1001) * 1e-7, 1e7
    pulse = np.exp(-0.5 * np.log(2.0) * (time / 1e-5) ** 2)
    band = 2.0 * np.log(2.0) / (np.pi * 2e-5)
    ours = accuracy.sigma_range_m(50.0, waveform.rms_bandwidth_hz(pulse, rate), spectrum="rms")
    np.testing.assert_allclose(ours, accuracy.sigma_range_m(50.0, band, spectrum="gaussian"), rtol=1e-3)
    ours = accuracy.sigma_range_rate_mps(50.0, 0.1, waveform.rms_duration_s(pulse, rate), envelope="rms")
    np.testing.assert_allclose(ours, accuracy.sigma_range_rate_mps(50.0, 0.1, 2e-5, envelope="gaussian"), rtol=1e-3)


def test_doppler_error_of_a_rectangular_pulse_is_the_textbooks():
    # Skolnik 2001, ch. 6: frequency error sqrt(3) / (pi tau sqrt(2E/N0)) of a rectangular pulse
    frequency = accuracy.sigma_range_rate_mps(200.0, 0.1, 1e-3) / 0.05
    np.testing.assert_allclose(frequency, np.sqrt(3.0) / (np.pi * 1e-3 * np.sqrt(400.0)), rtol=1e-12)


def test_angle_error_of_an_even_aperture_is_the_textbooks():
    # Skolnik 2001, ch. 6: 0.628 beamwidths / sqrt(2E/N0), uniform aperture
    np.testing.assert_allclose(accuracy.sigma_angle_rad(200.0, 0.03), 0.628 * 0.03 / 20.0, rtol=6e-3)


def test_angle_error_off_the_axis_is_met_by_monopulse():
    rng = np.random.default_rng(14)
    snr, beamwidth, off, slope = 400.0, 0.03, 0.012, accuracy.MONOPULSE_SLOPE
    noise = rng.normal(0, np.sqrt(0.5), (4, N_TRIALS))
    difference = np.sqrt(snr) * slope * off / beamwidth + noise[0] + 1j * noise[1]
    found = (difference / (np.sqrt(snr) + noise[2] + 1j * noise[3])).real * beamwidth / slope
    bound = accuracy.sigma_angle_rad(snr, beamwidth, off_axis_rad=off)
    assert abs(np.var(found) / bound**2 - 1.0) < BAND


@pytest.mark.parametrize("bad", [0.0, -1.0, np.nan, np.inf])
@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda x: accuracy.sigma_range_m(x, 1e6), "snr"),
        (lambda x: accuracy.sigma_range_m(10.0, [1e6, x]), "bandwidth_hz"),
        (lambda x: accuracy.sigma_angle_rad(x, 0.03), "snr"),
        (lambda x: accuracy.sigma_angle_rad(10.0, x), "beamwidth_rad"),
        (lambda x: accuracy.sigma_angle_rad(10.0, 0.03, slope=x), "slope"),
        (lambda x: accuracy.sigma_range_rate_mps(x, 0.1, 0.01), "snr"),
        (lambda x: accuracy.sigma_range_rate_mps(10.0, x, 0.01), "wavelength_m"),
        (lambda x: accuracy.sigma_range_rate_mps(10.0, 0.1, x), "coherent_time_s"),
    ],
)
def test_arguments_outside_their_domain_are_named(call, name, bad):
    with pytest.raises(ValueError, match=f"^{name} must be above 0"):
        call(bad)


def test_shapes_and_words_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match=r"snr \(2,\), bandwidth_hz \(3,\)"):
        accuracy.sigma_range_m([1.0, 2.0], [1e6, 2e6, 3e6])
    with pytest.raises(ValueError, match="spectrum must be one of flat, gaussian, rms"):
        accuracy.sigma_range_m(1.0, 1e6, spectrum="triangle")  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match="envelope must be one of"):
        accuracy.sigma_range_rate_mps(1.0, 0.1, 0.01, envelope="hann")  # pyright: ignore[reportArgumentType]
