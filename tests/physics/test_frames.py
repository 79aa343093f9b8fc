import numpy as np
import pymap3d
import pytest
from geographiclib.geodesic import Geodesic
from hypothesis import given
from hypothesis import strategies as st

from tests.plain import physics as plain
from watchfloor.base.errors import NumericsError
from watchfloor.physics import frames

LAT = st.floats(-90.0, 90.0)
LON = st.floats(-180.0, 180.0)


def dms(degrees, minutes, seconds):
    return np.radians(np.copysign(abs(degrees) + minutes / 60.0 + seconds / 3600.0, degrees))


def test_geodetic_to_ecef_meets_the_epsg_example():
    # IOGP Publication 373-7-2 (EPSG Guidance Note 7-2), 2019, section 4.1.1, worked example on WGS 84
    ecef = frames.geodetic_to_ecef(dms(53, 48, 33.820), dms(2, 7, 46.380), 73.0)
    np.testing.assert_allclose(ecef, [3771793.968, 140253.342, 5124304.349], atol=6e-4)


@given(lat=LAT, lon=LON, alt=st.floats(-10e3, 1000e3))
def test_geodetic_and_ecef_round_trip(lat, lon, alt):
    lat2, lon2, alt2 = frames.ecef_to_geodetic(frames.geodetic_to_ecef(np.radians(lat), np.radians(lon), alt))
    assert abs(lat2 - np.radians(lat)) < 1e-11
    assert abs(alt2 - alt) < 1e-7
    # longitude loses its meaning towards the poles
    assert abs(np.sin(lon2 - np.radians(lon))) * np.cos(np.radians(lat)) < 1e-11


@pytest.mark.parametrize("lat", [-90.0, 0.0, 90.0])
def test_poles_and_equator_are_no_special_case(lat):
    lat2, _, alt2 = frames.ecef_to_geodetic(frames.geodetic_to_ecef(np.radians(lat), 1.0, 1234.5))
    np.testing.assert_allclose([np.degrees(lat2), alt2], [lat, 1234.5], rtol=1e-12, atol=1e-8)


def test_frames_broadcast():
    ecef = frames.geodetic_to_ecef(np.zeros((4, 1)), np.linspace(0.0, 1.0, 3), 0.0)
    assert ecef.shape == (4, 3, 3)
    assert frames.ecef_to_geodetic(ecef)[2].shape == (4, 3)
    assert frames.enu_rotation(np.zeros((4, 1)), np.zeros(3)).shape == (4, 3, 3, 3)
    place = frames.Place.from_degrees(40.0, 32.0, 900.0)
    assert frames.ecef_to_polar(ecef, place)[0].shape == (4, 3)
    assert frames.aspect(ecef, np.ones(3), place.ecef_m, np.zeros(3))[0].shape == (4, 3)


def test_enu_at_the_origin_of_the_graticule():
    np.testing.assert_array_equal(frames.enu_rotation(0.0, 0.0), [[0, 1, 0], [0, 0, 1], [1, 0, 0]])


@given(lat=LAT, lon=LON)
def test_enu_is_a_rotation_and_up_is_the_way_height_grows(lat, lon):
    rotation = frames.enu_rotation(np.radians(lat), np.radians(lon))
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-14)
    np.testing.assert_allclose(np.linalg.det(rotation), 1.0, atol=1e-13)
    low, high = frames.geodetic_to_ecef(np.radians(lat), np.radians(lon), np.array([0.0, 1000.0]))
    np.testing.assert_allclose(rotation @ (high - low), [0.0, 0.0, 1000.0], atol=1e-6)


def test_polar_agrees_with_pymap3d():
    rng = np.random.default_rng(1)
    for _ in range(50):
        lat, lon, alt = rng.uniform(-89, 89), rng.uniform(-180, 180), rng.uniform(0, 3e3)
        lat2, lon2, alt2 = lat + rng.uniform(-1, 1), lon + rng.uniform(-2, 2), rng.uniform(0, 2e4)
        place = frames.Place.from_degrees(lat, lon, alt)
        ecef = frames.geodetic_to_ecef(np.radians(lat2), np.radians(lon2), alt2)
        az, el, slant = pymap3d.geodetic2aer(lat2, lon2, alt2, lat, lon, alt)
        ours = frames.ecef_to_polar(ecef, place)
        np.testing.assert_allclose([ours[0], np.degrees(ours[1]), np.degrees(ours[2])], [slant, az, el], rtol=1e-9)
        np.testing.assert_allclose(frames.polar_to_ecef(*ours, place), ecef, atol=1e-6)


def test_azimuth_runs_clockwise_from_true_north():
    place = frames.Place.from_degrees(52.0, 5.0, 0.0)
    lat, lon = frames.destination(place.lat_rad, place.lon_rad, np.radians([0.0, 90.0, 180.0, 270.0]), 10e3)
    _, azimuth, elevation = frames.ecef_to_polar(frames.geodetic_to_ecef(lat, lon, 0.0), place)
    np.testing.assert_allclose(np.sin(azimuth - np.radians([0.0, 90.0, 180.0, 270.0])), 0.0, atol=1e-6)
    np.testing.assert_allclose(elevation, -10e3 / 2 / 6.38e6, rtol=5e-3)  # the earth falls away under the plane


def test_range_rate_is_the_derivative_of_range():
    place = frames.Place.from_degrees(40.0, 32.0, 900.0)
    rng = np.random.default_rng(2)
    ecef = frames.polar_to_ecef(rng.uniform(1e4, 4e5, 20), rng.uniform(0, 6.28, 20), rng.uniform(0, 1, 20), place)
    velocity = rng.normal(0.0, 200.0, (20, 3))
    before, after = (frames.ecef_to_polar(ecef + dt * velocity, place)[0] for dt in (-0.05, 0.05))
    np.testing.assert_allclose(frames.range_rate(ecef, velocity, place), (after - before) / 0.1, atol=1e-4)


def test_place_refuses_what_is_no_place():
    for bad in ((91.0, 0.0, 0.0), (-90.1, 0.0, 0.0), (float("nan"), 0.0, 0.0)):
        with pytest.raises(ValueError, match="latitude"):
            frames.Place.from_degrees(*bad)
    with pytest.raises(ValueError, match="longitude"):
        frames.Place.from_degrees(0.0, 400.0, 0.0)
    with pytest.raises(ValueError, match="alt_m"):
        frames.Place(0.0, 0.0, float("inf"))


def flight(heading_deg, climb_mps=0.0):
    """A target over 40 N 32 E at 10 km, and its frame."""
    lat, lon = np.radians(40.0), np.radians(32.0)
    rotation = frames.enu_rotation(lat, lon)
    heading = np.radians(heading_deg)
    enu = np.array([200.0 * np.sin(heading), 200.0 * np.cos(heading), climb_mps])
    return frames.geodetic_to_ecef(lat, lon, 10e3), enu @ rotation, rotation


@pytest.mark.parametrize(
    ("towards_enu", "bank_deg", "azimuth_deg", "elevation_deg"),
    [
        ((0, 1, 0), 0, 0, 0),  # flying north, seen from the north: nose-on
        ((1, 0, 0), 0, 90, 0),  # from the east: starboard
        ((-1, 0, 0), 0, -90, 0),  # from the west: port
        ((0, -1, 0), 0, 180, 0),  # from behind
        ((1, 0, -1), 0, 90, -45),  # from below on the right
        ((0, 0.001, -1), 90, 90, 0),  # right wing down: the ground is to starboard
        ((1, 0, 0), 30, 90, 30),  # right wing down towards the observer shows him the top
    ],
)
def test_aspect_of_a_level_flight(towards_enu, bank_deg, azimuth_deg, elevation_deg):
    ecef, velocity, rotation = flight(0.0)
    observer = ecef + 5e4 * np.array(towards_enu, float) @ rotation
    azimuth, elevation = frames.aspect(ecef, velocity, observer, np.radians(bank_deg))
    wrapped = (np.degrees(azimuth) - azimuth_deg + 180.0) % 360.0 - 180.0
    np.testing.assert_allclose([wrapped, np.degrees(elevation)], [0.0, elevation_deg], atol=0.1)


def test_aspect_agrees_with_its_plain_twin():
    rng = np.random.default_rng(3)
    n = 200
    ecef = frames.geodetic_to_ecef(rng.uniform(-1.5, 1.5, n), rng.uniform(-3, 3, n), rng.uniform(0, 2e4, n))
    velocity, observer = rng.normal(0.0, 200.0, (n, 3)), ecef + rng.normal(0.0, 1e5, (n, 3))
    bank = rng.uniform(-1.0, 1.0, n)
    velocity[0] = 0.0
    ours = np.array(frames.aspect(ecef, velocity, observer, bank)).T
    twin = np.array([plain.aspect(*row) for row in zip(ecef, velocity, observer, bank, strict=True)])
    gap = (ours - twin + np.pi) % (2 * np.pi) - np.pi
    # 2e-5 rad of tilt between the two verticals; azimuth magnifies it where the observer is overhead
    assert np.max(np.abs(gap[:, 1])) < 3e-5
    assert np.max(np.abs(gap[:, 0]) * np.cos(twin[:, 1])) < 3e-5


def test_aspect_of_vertical_flight_has_the_right_wing_to_the_east():
    ecef, _, rotation = flight(0.0)
    azimuth, _ = frames.aspect(ecef, rotation[2], ecef + rotation[0])
    np.testing.assert_allclose(azimuth, 0.5 * np.pi, atol=1e-4)


def test_geodesic_meets_the_australian_example():
    # Geocentric Datum of Australia Technical Manual, v2.4, 2014, ch. 4: Flinders Peak to Buninyong. Its ellipsoid,
    # GRS80, differs from WGS 84 by 0.1 mm at the pole.
    peak, buninyong = (dms(-37, 57, 3.72030), dms(144, 25, 29.52440)), (dms(-37, 39, 10.15610), dms(143, 55, 35.38390))
    distance, azimuth = frames.geodesic(*peak, *buninyong)
    np.testing.assert_allclose(distance, 54972.271, atol=1e-3)
    np.testing.assert_allclose(azimuth, dms(306, 52, 5.37), atol=3e-8)
    np.testing.assert_allclose(frames.destination(*peak, azimuth, distance), buninyong, atol=1e-10)


def test_geodesic_and_destination_agree_with_geographiclib():
    rng = np.random.default_rng(4)
    lat, lon = rng.uniform(-90, 90, 200), rng.uniform(-180, 180, 200)
    azimuth, distance = rng.uniform(0, 360, 200), rng.uniform(0, 2e6, 200)
    lat[:4], azimuth[:4] = [90.0, -90.0, 0.0, 0.0], [10.0, 200.0, 90.0, 0.0]
    ends = [Geodesic.WGS84.Direct(*row) for row in zip(lat, lon, azimuth, distance, strict=True)]
    lat2, lon2 = np.array([[end["lat2"], end["lon2"]] for end in ends]).T
    ours_lat, ours_lon = frames.destination(*np.radians([lat, lon, azimuth]), distance)
    ours = frames.geodetic_to_ecef(ours_lat, ours_lon, 0.0)
    np.testing.assert_allclose(ours, frames.geodetic_to_ecef(np.radians(lat2), np.radians(lon2), 0.0), atol=1e-3)
    back, start = frames.geodesic(*np.radians([lat, lon, lat2, lon2]))
    np.testing.assert_allclose(back, distance, atol=1e-3)
    off_pole = np.abs(lat) < 89.9
    turn = np.sin(start - np.radians(azimuth))[off_pole] * distance[off_pole]
    np.testing.assert_allclose(turn, 0.0, atol=5e-3)


def test_geodesic_of_a_point_with_itself_is_zero():
    np.testing.assert_array_equal(frames.geodesic([0.5, 0.0], [1.0, 0.0], [0.5, 0.0], [1.0, 0.0]), np.zeros((2, 2)))


def test_nearly_antipodal_points_are_refused():
    with pytest.raises(NumericsError, match="row 1"):
        frames.geodesic([0.1, 0.0], 0.0, [0.2, 0.001], [0.0, np.radians(179.9)])


def test_enu_agrees_with_pymap3d_and_goes_back():
    rng = np.random.default_rng(6)
    lat, lon, alt = rng.uniform(-89, 89, 30), rng.uniform(-180, 180, 30), rng.uniform(0, 2e4, 30)
    place = frames.Place.from_degrees(40.0, 32.0, 900.0)
    ecef = frames.geodetic_to_ecef(np.radians(lat), np.radians(lon), alt)
    enu = frames.ecef_to_enu(ecef, place)
    np.testing.assert_allclose(enu.T, pymap3d.geodetic2enu(lat, lon, alt, 40.0, 32.0, 900.0), atol=1e-6)
    np.testing.assert_allclose(frames.enu_to_ecef(enu, place), ecef, atol=1e-6)
    slant, azimuth, elevation = frames.ecef_to_polar(ecef, place)
    np.testing.assert_allclose(np.linalg.norm(enu, axis=-1), slant, rtol=1e-12)
    np.testing.assert_allclose(slant * np.cos(elevation) * np.sin(azimuth), enu[:, 0], atol=1e-6)


def test_enu_of_the_epsg_example():
    # IOGP Publication 373-7-2 (EPSG Guidance Note 7-2), section "Geocentric/topocentric conversions" (EPSG 9836/9837):
    # topocentric origin 55 N, 5 E, 200 m; point 53 48 33.820 N, 2 07 46.380 E, 73.0 m
    place = frames.Place.from_degrees(55.0, 5.0, 200.0)
    np.testing.assert_allclose(place.ecef_m, [3652755.3058, 319574.6799, 5201547.3536], atol=6e-5)
    ecef = frames.geodetic_to_ecef(dms(53, 48, 33.820), dms(2, 7, 46.380), 73.0)
    np.testing.assert_allclose(frames.ecef_to_enu(ecef, place), [-189013.869, -128642.040, -4220.171], atol=1e-3)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda x: frames.geodetic_to_ecef(x, 0.0, 0.0), "lat_rad"),
        (lambda x: frames.geodetic_to_ecef(0.0, [0.0, x], 0.0), "lon_rad"),
        (lambda x: frames.geodetic_to_ecef(0.0, 0.0, x), "alt_m"),
        (lambda x: frames.ecef_to_geodetic([6.4e6, x, 0.0]), "ecef_m"),
        (lambda x: frames.enu_rotation(0.0, x), "lon_rad"),
        (lambda x: frames.ecef_to_enu([6.4e6, x, 0.0], frames.Place(0.0, 0.0, 0.0)), "ecef_m"),
        (lambda x: frames.enu_to_ecef([x, 0.0, 0.0], frames.Place(0.0, 0.0, 0.0)), "enu_m"),
        (lambda x: frames.geodesic(0.1, 0.2, x, 0.3), "lat2_rad"),
        (lambda x: frames.destination(0.1, 0.2, x, 1e3), "azimuth_rad"),
        (lambda x: frames.destination(0.1, 0.2, 0.3, [x]), "distance_m"),
    ],
)
def test_what_is_not_finite_is_named(call, name, bad):
    with pytest.raises(ValueError, match=f"^{name} must be .*finite"):
        call(bad)


def test_degrees_and_shapes_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match=r"lat_rad must be .*degrees\?"):
        frames.geodetic_to_ecef(40.0, 0.5, 0.0)
    with pytest.raises(ValueError, match=r"lat_rad \(2,\), lon_rad \(3,\)"):
        frames.geodetic_to_ecef([0.1, 0.2], [0.1, 0.2, 0.3], 0.0)
    with pytest.raises(ValueError, match="ecef_m needs three components"):
        frames.ecef_to_geodetic([6.4e6, 0.0])
