import numpy as np
import pytest
from geographiclib.geodesic import Geodesic

from watchfloor.physics import frames, propagation, radar
from watchfloor.physics.environment import Environment, Targets
from watchfloor.physics.radar import Radar


def test_horizon_meets_the_brochure_check():
    # 4/3 earth from the ground to 100 m and 1000 m: 41 and 130 km (the first term of Skolnik, 3rd ed., ch. 8)
    np.testing.assert_allclose(propagation.horizon_m(0.0, [100.0, 1000.0]) / 1e3, [41.2, 130.3], atol=0.06)


def test_horizon_is_symmetric_and_starts_as_a_square_root():
    np.testing.assert_allclose(propagation.horizon_m(20.0, 3e3), propagation.horizon_m(3e3, 20.0), rtol=1e-14)
    small = propagation.horizon_m(0.0, 1e-3)
    np.testing.assert_allclose(small, np.sqrt(2 * 4 / 3 * propagation.MEAN_RADIUS_M * 1e-3), rtol=1e-8)


def test_effective_radius_meets_the_published_figure():
    # -39 N/km gives k = 1.3306, 8477.4 km (MATLAB, effearthradius, documentation example)
    np.testing.assert_allclose(propagation.effective_radius_m(-39.0, earth_radius_m=6371e3), 8477.4e3, atol=60.0)
    with pytest.raises(ValueError, match="ducts"):
        propagation.effective_radius_m(-160.0)


def test_curvature_has_its_known_ends():
    # WGS 84 (NGA.STND.0036, 2014): polar radius of curvature 6 399 593.6258 m; at the equator a (1 - e2)
    np.testing.assert_allclose(propagation.curvature_radius_m(np.pi / 2, [0.0, 1.0]), 6_399_593.6258, atol=1e-3)
    found = propagation.curvature_radius_m(0.0, np.radians([0.0, 90.0]))
    np.testing.assert_allclose(found, [6_335_439.327, 6_378_137.0], atol=1e-3)


def test_apparent_elevation_with_k_1_is_geometric():
    place = frames.Place.from_degrees(30.0, 0.0, 50.0)
    line = Geodesic.WGS84.Direct(30.0, 0.0, 70.0, 200e3)
    target = frames.geodetic_to_ecef(np.radians(line["lat2"]), np.radians(line["lon2"]), 9e3)
    earth = propagation.curvature_radius_m(place.lat_rad, np.radians(70.0))
    found = propagation.apparent_elevation_rad(50.0, 9e3, 200e3, k=1.0, earth_radius_m=earth)
    np.testing.assert_allclose(found, frames.ecef_to_polar(target, place)[2], atol=2e-6)


def test_apparent_elevation_of_the_horizon_is_the_dip():
    distance = propagation.horizon_m(30.0, 5e3)
    dip = propagation.apparent_elevation_rad(30.0, 0.0, propagation.horizon_m(30.0, 0.0))
    np.testing.assert_allclose(propagation.apparent_elevation_rad(30.0, 5e3, distance), dip, rtol=1e-9)
    assert dip < 0.0


def test_visible_ends_at_the_horizon():
    distance = propagation.horizon_m(30.0, 5e3)
    assert propagation.visible(30.0, 5e3, 0.9999 * distance)
    assert not propagation.visible(30.0, 5e3, 1.0001 * distance)


def test_negative_heights_are_refused():
    with pytest.raises(ValueError, match="above the ground"):
        propagation.horizon_m(-1.0, 5.0)


def grazing_path(lat_deg, azimuth_deg, h1_m, h2_m):
    """Both ends of the 4/3-earth ray that grazes the ellipsoid at a point, by integration along the geodesic.

    Every step has its own radius of curvature; h'' = (a + h)/a^2 + 2 h'^2/(a + h) is a straight line in polar form.
    """
    ends = []
    for azimuth, top in ((azimuth_deg + 180.0, h1_m), (azimuth_deg, h2_m)):
        line = Geodesic.WGS84.Line(lat_deg, 20.0, azimuth)
        step, s, h, slope = 250.0, 0.0, 0.0, 0.0
        while h < top:
            here = line.Position(s + 0.5 * step, Geodesic.LATITUDE | Geodesic.AZIMUTH)
            a = 4 / 3 * propagation.curvature_radius_m(np.radians(here["lat2"]), np.radians(here["azi2"]))
            bend = (a + h) / a**2 + 2 * slope**2 / (a + h)
            h, slope, s, before = h + step * slope + 0.5 * step**2 * bend, slope + step * bend, s + step, h
        s -= step * (h - top) / (h - before)
        ends.append(line.Position(s))
    return ends


@pytest.mark.parametrize("lat_deg", [0.0, 38.0, 60.0, -75.0])
@pytest.mark.parametrize("azimuth_deg", [0.0, 55.0, 90.0])
def test_coverage_is_right_to_a_thousandth_at_any_latitude(lat_deg, azimuth_deg):
    card = Radar.of(
        frequency_hz=3e9,
        peak_power_w=1e6,
        pulse_width_s=1e-5,
        bandwidth_hz=1e6,
        n_coherent=1,
        n_pulses=1,
        gain_tx=1e4,
        gain_rx=1e4,
        noise_temperature_k=500.0,
        losses=2.0,
        beamwidth_azimuth_rad=0.03,
        beamwidth_elevation_rad=0.03,
        elevation_min_rad=-0.1,
        elevation_max_rad=0.5,
        period_s=10.0,
        pfa=1e-6,
        range_min_m=1e3,
        range_max_m=1e6,
        range_rate_max_mps=1e3,
        measures_elevation=True,
        measures_range_rate=False,
    )
    for h1, h2 in ((25.0, 1000.0), (25.0, 18e3)):
        near, far = grazing_path(lat_deg, azimuth_deg, h1, h2)
        path = Geodesic.WGS84.Inverse(near["lat2"], near["lon2"], far["lat2"], far["lon2"])
        place = frames.Place.from_degrees(near["lat2"], near["lon2"], h1)
        lat, lon = frames.destination(
            place.lat_rad, place.lon_rad, np.radians(path["azi1"]), path["s12"] * np.array([0.999, 1.001])
        )
        seen = radar.look(
            card,
            Targets(ecef_m=frames.geodetic_to_ecef(lat, lon, h2), velocity_ecef_mps=np.zeros((2, 3))),
            Environment(place=place),
        )
        assert seen.visible.tolist() == [True, False]
