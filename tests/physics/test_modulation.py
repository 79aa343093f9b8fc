from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchfloor.physics import modulation as m
from watchfloor.physics.doppler import jem_lines_hz
from watchfloor.physics.radar import Radar


def radar(**more):
    given = {
        "frequency_hz": 9.4e9,
        "peak_power_w": 10e3,
        "pulse_width_s": 1e-6,
        "bandwidth_hz": 1e6,
        "n_coherent": 256,
        "n_pulses": 1,
        "gain_tx": 3e3,
        "gain_rx": 3e3,
        "noise_temperature_k": 900.0,
        "losses": 4.0,
        "beamwidth_azimuth_rad": 0.03,
        "beamwidth_elevation_rad": 0.03,
        "elevation_min_rad": 0.0,
        "elevation_max_rad": 0.5,
        "period_s": 4.0,
        "pfa": 1e-6,
        "range_min_m": 1e3,
        "range_max_m": 150e3,
        "range_rate_max_mps": 700.0,
        "measures_elevation": True,
        "measures_range_rate": True,
        "prf_hz": (10e3,),
        "doppler": "bank",
    }
    return Radar.of(**{**given, **more})


def test_a_radar_resolves_between_two_cells_and_half_its_repetition_frequency():
    assert m.resolvable_hz(radar()) == (2.0 * 10e3 / 256, 5e3)
    assert m.look_s(radar()) == pytest.approx(0.0256)
    assert m.resolvable_hz(radar(prf_hz=(1000.0, 8000.0), n_pulses=2))[1] == 4e3  # the faster look
    assert m.resolvable_hz(radar(prf_hz=(), doppler="matched"))[0] == np.inf
    assert m.resolvable_hz(radar(n_coherent=4))[0] == np.inf  # two cells are half of the band already


@given(spacing=st.floats(1.0, 1e5))
def test_a_look_of_least_dwell_and_rate_just_resolves_the_spacing(spacing):
    prf = float(m.least_prf_hz(spacing)) * 4.0
    n = int(np.ceil(float(m.least_dwell_s(spacing)) * prf))
    least, most = m.resolvable_hz(radar(prf_hz=(prf,), n_coherent=n, pulse_width_s=1e-7, bandwidth_hz=1e7))
    assert least <= spacing * (1.0 + 1e-12)
    assert spacing <= most


def test_at_the_least_rate_the_first_lines_do_not_fold():
    spacing = 2070.0
    prf = 1.001 * float(m.least_prf_hz(spacing))
    first = jem_lines_hz(24, 5175.0, n_lines=1, prf_hz=prf)
    np.testing.assert_allclose(np.sort(np.ravel(first)), [-spacing, 0.0, spacing], atol=1e-6)
    folded = jem_lines_hz(24, 5175.0, n_lines=1, prf_hz=0.9 * float(m.least_prf_hz(spacing)))
    assert not np.allclose(np.sort(np.ravel(folded)), [-spacing, 0.0, spacing])


def test_a_measured_tone_beside_a_stronger_one_errs_as_foretold():
    rng = np.random.default_rng(20)
    n, prf, spacing, snr = 256, 10e3, 2070.0, 300.0
    t = np.arange(n) / prf
    tone = np.sqrt(snr / n) * np.exp(2j * np.pi * spacing * t)
    noise = (rng.standard_normal((400, n)) + 1j * rng.standard_normal((400, n))) / np.sqrt(2.0)
    found = np.empty(400)
    fine = spacing + np.linspace(-40.0, 40.0, 1601)
    bank = np.exp(-2j * np.pi * fine[:, None] * t)
    for i, sample in enumerate(noise):
        found[i] = fine[np.abs(bank @ (tone + sample)).argmax()]
    sigma = float(m.spacing_sigma_hz(snr, n / prf))
    # standard deviation of 400 draws: 3.5 % of itself, one in two million beyond five
    assert found.std() == pytest.approx(sigma, rel=5.0 * 0.0354 + 0.01)
    assert abs(found.mean() - spacing) < 5.0 * sigma / 20.0


def test_false_lines_come_as_often_as_said_and_strong_lines_are_found():
    for n in (1, 16, 512):
        assert n * float(m.pd_lines(0.0, -20.0, n)) == pytest.approx(m.PFA_LINES)
    rng = np.random.default_rng(3)
    power = rng.standard_exponential(200_000) * (1.0 + 1e3 * 10.0**-1.5)
    limit = -np.log(m.PFA_LINES / 64)
    p = float(m.pd_lines(1e3, -15.0, 64))
    assert (power > limit).mean() == pytest.approx(p, abs=5.0 * np.sqrt(p * (1 - p) / 200_000))


@given(aspect=st.floats(-np.pi, np.pi), half=st.floats(0.01, np.pi))
def test_port_and_starboard_nose_and_tail_are_alike(aspect, half):
    one = bool(m.shows(aspect, half))
    assert one == bool(m.shows(-aspect, half))
    other = np.pi - abs(aspect)
    if abs(min(abs(aspect), other) - half) > 1e-9:
        assert one == bool(m.shows(other, half))


def test_errors_name_the_argument():
    with pytest.raises(ValueError, match="half_angle_rad.*degrees"):
        m.Modulation(spacing_hz=80.0, level_db=-10.0, half_angle_rad=40.0)
    with pytest.raises(ValueError, match="level_db"):
        m.Modulation(spacing_hz=80.0, level_db=3.0, half_angle_rad=0.4)
    with pytest.raises(ValueError, match="spacing_hz"):
        m.least_dwell_s(np.nan)
    with pytest.raises(ValueError, match="snr_line"):
        m.spacing_sigma_hz(0.0, 0.1)
    with pytest.raises(ValueError, match="diameter_m"):
        m.duct_cutoff_hz(-1.0)
