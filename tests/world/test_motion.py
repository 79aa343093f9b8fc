"""Turns against Anderson's formulas; trajectories against themselves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchfloor.world.motion import GRAVITY_MPS2, Trajectory, bank_rad, turn_radius_m


def test_turn_radius_meets_the_textbook_formula():
    # Anderson, Introduction to Flight, 8th ed., 2016, eq. 6.118: r = v^2 / (g sqrt(n^2 - 1)); at n = sqrt(2), r = v^2/g
    np.testing.assert_allclose(turn_radius_m(100.0, np.sqrt(2.0)), 1e4 / 9.80665, rtol=1e-12)


def test_standard_rate_turn_needs_the_bank_that_pilots_know():
    # FAA Instrument Flying Handbook, FAA-H-8083-15B, 2012, ch. 5: bank for 3 deg/s is about 15 % of the airspeed in
    # knots: 18 degrees at 120 kt (tan 18.2 = v omega / g)
    speed = 120.0 * 1852.0 / 3600.0
    omega = np.deg2rad(3.0)
    np.testing.assert_allclose(np.rad2deg(bank_rad(speed, omega / speed)), 18.0, atol=0.5)


@given(speed=st.floats(30.0, 900.0), load_factor=st.floats(1.01, 9.0))
def test_bank_and_radius_agree(speed, load_factor):
    bank = bank_rad(speed, 1.0 / turn_radius_m(speed, load_factor))
    np.testing.assert_allclose(1.0 / np.cos(bank), load_factor, rtol=1e-9)
    omega = speed / turn_radius_m(speed, load_factor)
    np.testing.assert_allclose(np.tan(bank), speed * omega / GRAVITY_MPS2, rtol=1e-9)


def test_level_flight_is_no_turn():
    with pytest.raises(ValueError, match="above 1"):
        turn_radius_m(200.0, 1.0)


@pytest.mark.parametrize(("t_s", "k"), [([0.0, 1.0, 1.0], 3), ([1.0, 2.0, 3.0], 3), ([0.0], 1)])
def test_trajectory_refuses_times_that_do_not_rise_from_zero(t_s, k):
    with pytest.raises(ValueError, match="rise from 0|shape|needs arrays"):
        Trajectory(
            t_s=np.array(t_s),
            position_ecef_m=np.zeros((k, 3)),
            velocity_ecef_mps=np.zeros((k, 3)),
            bank_rad=np.zeros((k - 1, 2)),
        )
