"""Published figures of Doppler shifts and blades."""

import math

import pytest

from watchfloor.base.units import C_MPS, KNOT_MPS
from watchfloor.physics import doppler


def test_skolnik_s_doppler_rule():
    """Skolnik, *Introduction to Radar Systems*, 3rd ed., 2001, eq. 3.4: f (Hz) = 1.03 v (kn) / lambda (m)."""
    assert doppler.doppler_hz(-100.0 * KNOT_MPS, 1.0) == pytest.approx(103.0, abs=0.2)


def test_helicopter_of_the_radar_toolbox():
    """MathWorks, "Introduction to Micro-Doppler Effects": blades of 6.5 m, 4 turns a second, 5 GHz.

    The tips move at 163.4 m/s; the text's formula for the shift of a tip is 2 v / lambda.
    """
    speed = doppler.tip_speed_mps(6.5, 4.0)
    assert speed == pytest.approx(163.36, abs=0.01)
    assert doppler.tip_doppler_hz(6.5, 4.0, C_MPS / 5e9) == pytest.approx(2.0 * 163.36 * 5e9 / C_MPS, rel=1e-4)


def test_even_and_odd_rotors():
    """Tait, *Introduction to Radar Target Recognition*, 2005, ch. 5: n flashes a turn if n is even, 2n if odd."""
    assert [float(doppler.blade_flash_rate_hz(n, 1.0)) for n in (2, 3, 4, 5, 7, 8)] == [2, 6, 4, 10, 14, 8]


def test_line_spacing_of_an_engine_stage():
    """Bell & Grubbs 1993: lines at multiples of blades times spool rate; 27 blades at 100 Hz, 2700 Hz."""
    assert doppler.jem_line_spacing_hz(27, 6000.0) == pytest.approx(2700.0)
    assert math.isclose(float(doppler.alias_hz(2700.0, 2000.0)), 700.0)
