"""Threat values against hand cases and their order."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from watchfloor.command.threat import closest_approach, threat


def test_closest_approach_of_a_crossing_track_is_found_by_hand():
    time_s, distance_m = closest_approach(
        np.array([[3000.0, 4000.0, 0.0]]), np.array([[-100.0, 0.0, 0.0]]), np.zeros(3)
    )
    np.testing.assert_allclose(time_s, 30.0)  # 3 km at 100 m/s
    np.testing.assert_allclose(distance_m, 4000.0)


def test_a_receding_track_is_nearest_now():
    time_s, distance_m = closest_approach(np.array([[5e3, 0, 0]]), np.array([[200.0, 0, 0]]), np.zeros(3))
    assert time_s[0] == 0.0
    np.testing.assert_allclose(distance_m, 5e3)


def test_threat_halves_at_the_stated_points():
    args = {"horizon_s": 600.0, "keep_out_m": 1e5}
    one = np.ones(1)
    np.testing.assert_allclose(threat(np.zeros(1), np.zeros(1), one, **args), 1.0)
    np.testing.assert_allclose(threat(600.0 * one, np.zeros(1), one, **args), 0.5)
    np.testing.assert_allclose(threat(np.zeros(1), 1e5 * one, one, **args), 0.5)


@given(t=st.floats(0, 1e5), d=st.floats(0, 1e6), p=st.floats(0, 1), more=st.floats(0, 1e4), p_more=st.floats(0, 1))
def test_threat_falls_with_time_and_distance_and_rises_with_hostility(t, d, p, more, p_more):
    def value(t_s, d_m, ph):
        return threat(np.array([t_s]), np.array([d_m]), np.array([ph]), horizon_s=600.0, keep_out_m=1e5)[0]

    assert value(t + more, d, p) <= value(t, d, p)
    assert value(t, d + more, p) <= value(t, d, p)
    assert value(t, d, max(p, p_more)) >= value(t, d, p)
    assert 0.0 <= value(t, d, p) <= 1.0
