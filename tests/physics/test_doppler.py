"""Doppler shifts and modulations, against a rotor that turns sample by sample."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchfloor.physics import doppler


@given(rate=st.floats(-3e3, 3e3), wavelength=st.floats(1e-3, 10.0))
def test_a_shift_turns_back_into_its_range_rate(rate, wavelength):
    assert doppler.range_rate_mps(doppler.doppler_hz(rate, wavelength), wavelength) == pytest.approx(rate, abs=1e-9)
    assert doppler.bistatic_doppler_hz(rate, rate, wavelength) == pytest.approx(
        float(doppler.doppler_hz(rate, wavelength)), rel=1e-12
    )


def test_the_phase_of_an_echo_turns_with_the_shift():
    wavelength, rate, t = 0.1, -37.0, np.linspace(0.0, 0.01, 200)
    phase = -4.0 * np.pi * (5e3 + rate * t) / wavelength
    assert np.gradient(phase, t).mean() / (2 * np.pi) == pytest.approx(float(doppler.doppler_hz(rate, wavelength)))


def rotor_echo(n_blades, rotor_hz, length_m, wavelength_m, t):
    """Power of a rotor of uniform line blades from its hub, radar in its plane: sum of their plain integrals."""
    along = (np.arange(600) + 0.5) / 600 * length_m
    total = np.zeros(t.shape, complex)
    for k in range(n_blades):
        angle = 2 * np.pi * (rotor_hz * t + k / n_blades)
        total += np.exp(4j * np.pi / wavelength_m * np.cos(angle)[:, None] * along).mean(axis=1)
    return np.abs(total) ** 2


@pytest.mark.parametrize("n_blades", [2, 3, 4, 5])
def test_a_turning_rotor_flashes_at_the_stated_rate(n_blades):
    rotor_hz, length, wavelength = 5.0, 5.0, 0.1
    t = np.arange(0.0, 1.0 / rotor_hz, 2e-5)
    power = rotor_echo(n_blades, rotor_hz, length, wavelength, t)
    over = power > 0.5 * power.max()
    flashes = np.sum(over & ~np.roll(over, 1))
    assert flashes * rotor_hz == doppler.blade_flash_rate_hz(n_blades, rotor_hz)


def test_a_flash_lasts_as_long_as_stated():
    rotor_hz, length, wavelength = 5.0, 6.0, 0.1
    t = 0.25 / rotor_hz + np.arange(-1e-3, 1e-3, 1e-6)  # across the line of sight, one blade
    power = rotor_echo(1, rotor_hz, length, wavelength, t)
    found = np.sum(power > 0.5 * power.max()) * 1e-6
    assert found == pytest.approx(float(doppler.blade_flash_duration_s(length, rotor_hz, wavelength)), rel=0.01)


def test_the_tip_s_shift_bounds_the_spectrum_of_a_blade():
    rotor_hz, length, wavelength, rate = 5.0, 2.0, 0.1, 8192.0
    t = np.arange(0.0, 0.2, 1.0 / rate)
    along = (np.arange(400) + 0.5) / 400 * length
    echo = np.exp(4j * np.pi / wavelength * np.cos(2 * np.pi * rotor_hz * t)[:, None] * along).mean(axis=1)
    spectrum = np.abs(np.fft.fftshift(np.fft.fft(echo))) ** 2
    frequency = np.fft.fftshift(np.fft.fftfreq(t.size, 1.0 / rate))
    tip = float(doppler.tip_doppler_hz(length, rotor_hz, wavelength))
    assert tip == pytest.approx(2.0 * 2.0 * np.pi * length * rotor_hz / wavelength)
    inside = np.abs(frequency) <= 1.03 * tip
    assert spectrum[~inside].sum() < 1e-3 * spectrum.sum()
    assert spectrum[np.abs(frequency) > 0.9 * tip].sum() > 1e-3 * spectrum.sum()


def test_blades_seen_along_the_axis_show_nothing():
    assert doppler.tip_doppler_hz(5.0, 5.0, 0.1, off_plane_rad=0.5 * math.pi) == pytest.approx(0.0, abs=1e-9)


def test_lines_of_an_engine_stage_are_those_of_its_chopping():
    blades, rpm = 31, 6000.0
    spacing = float(doppler.jem_line_spacing_hz(blades, rpm))
    t = np.arange(32_000) / 32_000.0
    # any echo of blades that are alike repeats as the next blade takes the place of the last
    echo = 1.0 + 0.3 * np.cos(blades * 2 * np.pi * rpm / 60.0 * t) ** 3
    lines = np.flatnonzero(np.abs(np.fft.rfft(echo)) > 1.0)
    assert np.all(lines % round(spacing) == 0)
    assert lines.size > 2


@given(frequency=st.floats(-1e5, 1e5), prf=st.floats(100.0, 2e4))
def test_an_aliased_line_differs_by_whole_repetition_frequencies(frequency, prf):
    seen = doppler.alias_hz(frequency, prf)
    assert -0.5 * prf * (1 + 1e-9) <= seen <= 0.5 * prf * (1 + 1e-9)
    turns = (frequency - seen) / prf
    assert turns == pytest.approx(round(float(turns)), abs=1e-6)


def test_lines_fold_about_the_body():
    lines = doppler.jem_lines_hz(38, [3000.0, 3100.0], n_lines=3, prf_hz=5000.0)
    assert lines.shape == (2, 7)
    np.testing.assert_allclose(lines[:, 3], 0.0)
    np.testing.assert_allclose(lines[:, 4:], -lines[:, 2::-1])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: doppler.doppler_hz(math.nan, 0.1), "range_rate_mps"),
        (lambda: doppler.doppler_hz(1.0, 0.0), "wavelength_m"),
        (lambda: doppler.blade_flash_rate_hz(2.5, 5.0), "n_blades"),
        (lambda: doppler.blade_flash_rate_hz(0, 5.0), "n_blades"),
        (lambda: doppler.tip_doppler_hz(5.0, 5.0, 0.1, off_plane_rad=45.0), "degrees"),
        (lambda: doppler.jem_line_spacing_hz(30, -1.0), "spool_rpm"),
        (lambda: doppler.jem_lines_hz(30, 3000.0, n_lines=0), "n_lines"),
        (lambda: doppler.alias_hz(1.0, 0.0), "prf_hz"),
    ],
)
def test_what_does_not_turn_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
