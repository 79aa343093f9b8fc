from __future__ import annotations

import numpy as np
import pytest

from watchfloor.physics.frames import Place
from watchfloor.physics.propagation import curvature_radius_m, horizon_m
from watchfloor.physics.radar import detection_range
from watchfloor.report.coverage import reach_m
from watchfloor.scenario import catalog
from watchfloor.sensor.card import radar_from

AROUND = np.deg2rad([0.0, 90.0, 200.0])


def reach(lat_deg: float, sigma_m2: float, alt_m: float):
    radar = radar_from(catalog.radars()["s-band-acquisition"], None)
    place = Place(np.deg2rad(lat_deg), 0.5, 20.0)
    return radar, place, reach_m(
        radar, place, sigma_m2=sigma_m2, swerling=1, azimuth_rad=AROUND, alt_m=alt_m, ground_alt_m=0.0
    )  # fmt: skip


@pytest.mark.parametrize("lat_deg", [0.0, 40.0, 75.0])
def test_where_the_echo_fades_the_edge_is_that_of_the_range_equation(lat_deg):
    radar, _, found = reach(lat_deg, 0.01, 9000.0)
    slant = float(detection_range(radar, 0.01, 0.5, swerling=1))
    np.testing.assert_allclose(found, np.sqrt(slant**2 - 9000.0**2), rtol=3e-3)


@pytest.mark.parametrize("lat_deg", [0.0, 40.0, 75.0])
def test_a_large_low_target_is_lost_at_the_horizon(lat_deg):
    _, place, found = reach(lat_deg, 100.0, 300.0)
    edge = [float(horizon_m(20.0, 300.0, earth_radius_m=float(curvature_radius_m(place.lat_rad, a)))) for a in AROUND]
    assert np.all(found <= np.array(edge) + 1.0)
    assert np.all(found > np.array(edge) - 1500.0)  # one step of distances, and slant against ground


def test_a_target_that_is_never_detected_has_no_reach():
    assert not reach(40.0, 1e-12, 9000.0)[2].any()


def test_reach_grows_with_the_cross_section():
    small, large = reach(40.0, 0.001, 9000.0)[2], reach(40.0, 0.016, 9000.0)[2]
    np.testing.assert_allclose(large / small, 2.0, rtol=0.02)  # the fourth root of 16
