"""Published figures of lines that blades put about an echo."""

import numpy as np
import pytest

from watchfloor.physics import modulation
from watchfloor.physics.doppler import tip_doppler_hz


def test_lowest_mode_of_a_round_duct():
    """Pozar, *Microwave Engineering*, 4th ed., 2012, example 3.2: radius 0.5 cm, Teflon (2.08), 12.19 GHz."""
    assert modulation.duct_cutoff_hz(0.01) / np.sqrt(2.08) == pytest.approx(12.19e9, rel=1e-3)


def test_a_fan_of_a_narrow_body_airliner():
    """EASA type-certificate data sheet E.004 (CFM56-7B): 100 % of the fan's speed is 5175 rpm; it has 24 blades."""
    fan = modulation.make_modulation(
        n_blades=24, shaft_rpm=5175.0, level_db=-20.0, half_angle_rad=0.7, duct_m=61 * 0.0254
    )
    assert fan.spacing_hz == 2070.0
    assert modulation.least_dwell_s(fan.spacing_hz) == pytest.approx(0.97e-3, rel=0.01)
    assert fan.cutoff_hz < 150e6  # a VHF wave still enters a fan of 61 inches


def test_blades_of_the_helicopter_of_the_radar_toolbox():
    """MathWorks, "Introduction to Micro-Doppler Effects": 4 blades of 6.5 m, 4 turns a second, 5 GHz, 45 deg below.

    A blade comes back after 250 ms, three others between; the tips' shift is about 4 kHz; 20 kHz of pulses show it.
    """
    rotor = modulation.make_modulation(n_blades=4, shaft_rpm=240.0, level_db=-10.0, half_angle_rad=np.pi)
    assert 4.0 / rotor.spacing_hz == pytest.approx(0.25)
    assert tip_doppler_hz(6.5, 4.0, 0.06, off_plane_rad=np.pi / 4.0) == pytest.approx(4e3, rel=0.05)
    assert modulation.least_dwell_s(rotor.spacing_hz) < 0.25  # within one turn of the rotor
