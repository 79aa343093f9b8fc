"""Levanon & Mozeson, *Radar Signals*, 2004: codes and their sidelobes."""

import math

import numpy as np
import pytest

from watchfloor.physics import waveform


def response(code):
    return np.correlate(code, code, "full")


@pytest.mark.parametrize(
    ("length", "peak_db", "integrated_db"),
    [(2, -6.0, -3.0), (3, -9.5, -6.5), (5, -14.0, -8.0), (7, -16.9, -9.1), (11, -20.8, -10.8), (13, -22.3, -11.5)],
)
def test_sidelobes_of_barker_codes(length, peak_db, integrated_db):
    """Skolnik, *Radar Handbook*, 3rd ed., 2008, table 8.2: peak and integrated sidelobes of the Barker codes."""
    found = response(waveform.barker(length))
    assert waveform.peak_sidelobe_db(found, half_width=0) == pytest.approx(peak_db, abs=0.06)
    assert waveform.integrated_sidelobe_db(found, half_width=0) == pytest.approx(integrated_db, abs=0.06)


@pytest.mark.parametrize(("order", "peak_db"), [(4, -21.1), (10, -29.8)])
def test_sidelobes_of_frank_codes(order, peak_db):
    """Section 6.2: 16 chips 1.414 of 16, 100 chips about 1 / (pi 10) of the peak (3.24 of 100)."""
    assert waveform.peak_sidelobe_db(response(waveform.frank(order)), half_width=0) == pytest.approx(peak_db, abs=0.1)


def test_first_sidelobe_of_a_long_linear_sweep():
    """Section 4.2: about -13.2 dB, the sinc's, for a large time-bandwidth product."""
    rate = 20e6
    s = waveform.lfm(200e-6, 1e6, rate)
    delay = np.arange(-4e-6, 4e-6, 0.02e-6)
    chi = waveform.ambiguity(s, rate, delay, 0.0)[:, 0]
    assert waveform.peak_sidelobe_db(chi) == pytest.approx(-13.2, abs=0.2)


def test_delay_width_of_a_linear_sweep():
    """Section 4.2: first null near 1 / B; half-power width 0.886 / B, of an unmodulated pulse in Doppler 0.886 / T."""
    chi = waveform.lfm_ambiguity([0.443e-6, 1.0e-6], 0.0, pulse_width_s=1e-3, bandwidth_hz=1e6)
    assert chi[0] == pytest.approx(math.sqrt(0.5), abs=1e-3)
    assert chi[1] == pytest.approx(0.0, abs=2e-3)
    doppler = waveform.lfm_ambiguity(0.0, 0.443e3, pulse_width_s=1e-3, bandwidth_hz=1e6)
    assert doppler == pytest.approx(math.sqrt(0.5), abs=1e-3)


def test_skolnik_s_example_of_range_doppler_coupling():
    """Levanon & Mozeson eq. 4.6: the ridge of a sweep is at tau = -f T / B: 1 kHz in 100 us / 1 MHz is 0.1 us."""
    ridge = waveform.lfm_ambiguity(-0.1e-6, 1e3, pulse_width_s=100e-6, bandwidth_hz=1e6)
    assert ridge == pytest.approx(1.0 - 0.1 / 100.0, rel=1e-9)
