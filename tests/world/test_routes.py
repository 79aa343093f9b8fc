"""Routes against GeographicLib's geodesics and the mechanics of a coordinated turn."""

from __future__ import annotations

import numpy as np
import pytest
from geographiclib.geodesic import Geodesic
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.world.helpers import card, ground, sample
from watchfloor.base.registry import kinds
from watchfloor.physics.frames import Place, ecef_to_geodetic, geodetic_to_ecef
from watchfloor.world.base import RouteError
from watchfloor.world.motion import GRAVITY_MPS2
from watchfloor.world.routes import OrbitConfig, PointConfig, RacetrackConfig, WaypointsConfig

PLACES = {"site": Place.from_degrees(40.079, 32.566, 843.0), "north": Place.from_degrees(78.2, 15.6, 0.0)}
ROUTES = kinds("world.route")


def racetrack(**more):
    fields = {
        "centre": {"place": "site", "bearing_deg": 200.0, "distance_km": 100.0},
        "heading_deg": 110.0,
        "leg_km": 60.0,
        "speed_mps": 250.0,
        "alt_m": 9000.0,
        "bank_deg": 30.0,
    }
    return RacetrackConfig.model_validate({**fields, **more})


def waypoints(points, **more):
    return WaypointsConfig.model_validate({"points": points, "speed_mps": 250.0, "load_factor": 2.0, **more})


def trajectory(config, **limits):
    return ROUTES.make(config, places=PLACES, card=card(**limits)).trajectory


def at(lat_deg, lon_deg, alt_m=9000.0, **more):
    return {"lat_deg": lat_deg, "lon_deg": lon_deg, "alt_m": alt_m, **more}


ZIGZAG = [at(41.0, 30.0), at(41.5, 31.0, 8000.0), at(41.0, 32.0, 8000.0, speed_mps=300.0), at(41.8, 32.5, 8000.0)]
EVERY_KIND = {
    "racetrack": racetrack(),
    "racetrack-right": racetrack(turn="right", centre={"place": "north"}, bank_deg=None, load_factor=3.0),
    "orbit": OrbitConfig.model_validate(
        {"centre": {"place": "north"}, "radius_km": 30.0, "speed_mps": 200.0, "alt_m": 5000.0, "turn": "right"}
    ),
    "waypoints": waypoints(ZIGZAG),
}


@pytest.mark.parametrize("config", EVERY_KIND.values(), ids=EVERY_KIND)
def test_position_and_velocity_are_continuous_and_velocity_is_the_slope_of_position(config):
    path = trajectory(config)
    t = np.linspace(0.0, path.t_s[-1], 20_001)
    position, velocity = sample(path, t)
    h = t[1]
    middle = (position[2:] - position[:-2]) / (2.0 * h)
    # central difference: h^2/6 of the third derivative, below 1e-3 m/s here; more where a leg meets an arc
    accel = np.abs(np.diff(velocity, axis=0)).max() / h
    np.testing.assert_allclose(middle, velocity[1:-1], atol=accel * h)
    assert np.linalg.norm(np.diff(velocity, axis=0), axis=1).max() < 5.0 * GRAVITY_MPS2 * h * 1.01


@pytest.mark.parametrize("config", EVERY_KIND.values(), ids=EVERY_KIND)
def test_speed_and_altitude_are_those_asked_for(config):
    path = trajectory(config)
    position, velocity = sample(path, np.linspace(0.0, path.t_s[-1], 5001))
    alt, _, _, _ = ground(position, velocity)
    speed = np.linalg.norm(velocity, axis=1)
    if config.kind == "waypoints":
        assert speed.min() > 249.99
        assert speed.max() < 300.01
        assert alt.min() > 7999.9
        assert alt.max() < 9000.1
    else:
        np.testing.assert_allclose(speed, config.speed_mps, rtol=2e-5)
        np.testing.assert_allclose(alt, config.alt_m, atol=0.01)


@pytest.mark.parametrize("config", EVERY_KIND.values(), ids=EVERY_KIND)
def test_bank_follows_turn_rate_and_stays_within_the_load_factor(config):
    path = trajectory(config)
    middle = 0.5 * (path.t_s[:-1] + path.t_s[1:])
    h = 1e-2
    _, speed, _, _ = ground(*sample(path, middle))
    course = [ground(*sample(path, middle + dt))[2] for dt in (-h, h)]
    omega = ((course[1] - course[0] + np.pi) % (2 * np.pi) - np.pi) / (2.0 * h)
    bank = path.bank_rad.mean(axis=1)
    lat, _, _ = ecef_to_geodetic(sample(path, middle)[0])
    # a geodesic's course turns by v tan(lat) sin(course) / R: no turn of the aircraft
    omega -= speed * np.tan(lat) * np.sin(course[0]) / 6.38e6
    np.testing.assert_allclose(np.tan(bank), speed * omega / GRAVITY_MPS2, atol=2e-3, rtol=4e-3)
    most = {"racetrack": 1.0 / np.cos(np.deg2rad(30.0)), "waypoints": 2.0}.get(config.kind, 5.0)
    limit = config.load_factor if getattr(config, "load_factor", None) else most
    assert (1.0 / np.cos(path.bank_rad)).max() <= limit * (1.0 + 1e-6)


@pytest.mark.parametrize("turn", ["left", "right"])
def test_racetrack_closes_and_repeats(turn):
    path = trajectory(racetrack(turn=turn))
    np.testing.assert_array_equal(path.position_ecef_m[-1], path.position_ecef_m[0])
    np.testing.assert_array_equal(path.velocity_ecef_mps[-1], path.velocity_ecef_mps[0])
    assert path.period_s == path.t_s[-1]
    length = 250.0 * path.period_s
    radius = 250.0**2 / (GRAVITY_MPS2 * np.tan(np.deg2rad(30.0)))
    # laid out on the ellipsoid, flown 9 km above it: longer by 9/6371; polar coordinates shrink across by (d/R)^2/6
    np.testing.assert_allclose(length, (120e3 + 2 * np.pi * radius) * (1.0 + 9.0 / 6380.0), rtol=2e-5)


@pytest.mark.parametrize(("turn", "sign"), [("left", -1.0), ("right", 1.0)])
def test_a_right_turn_puts_the_right_wing_down_and_turns_clockwise(turn, sign):
    path = trajectory(racetrack(turn=turn))
    assert np.sign(path.bank_rad[np.abs(path.bank_rad) > 0.1]).tolist() == [sign] * int(
        (np.abs(path.bank_rad) > 0.1).sum()
    )
    arc = int(np.flatnonzero(np.abs(path.bank_rad[:, 0]) > 0.1)[0])
    course = ground(*sample(path, path.t_s[[arc, arc + 1]]))[2]
    assert np.sign((course[1] - course[0] + np.pi) % (2 * np.pi) - np.pi) == sign


@settings(max_examples=25)
@given(lat=st.floats(-85.0, 85.0), heading=st.floats(0.0, 360.0), leg=st.floats(5.0, 150.0))
def test_racetrack_keeps_its_size_at_any_latitude(lat, heading, leg):
    config = racetrack(centre={"lat_deg": lat, "lon_deg": 170.0}, heading_deg=heading, leg_km=leg)
    path = trajectory(config)
    joints = np.flatnonzero(np.diff(np.abs(path.bank_rad[:, 0]) > 0.1)) + 1
    ends = path.position_ecef_m[[0, joints[0], joints[1], joints[2]]]
    la, lo, _ = np.rad2deg(ecef_to_geodetic(ends))
    one = Geodesic.WGS84.Inverse(la[0], lo[0], la[1], lo[1])
    radius = 250.0**2 / (GRAVITY_MPS2 * np.tan(np.deg2rad(30.0)))
    np.testing.assert_allclose(one["s12"], 1e3 * leg, rtol=1e-4)
    across = Geodesic.WGS84.Inverse(la[1], lo[1], la[2], lo[2])["s12"]
    np.testing.assert_allclose(across, 2.0 * radius, rtol=2e-4)
    corner = Geodesic.WGS84.Inverse(lat, 170.0, la[0], lo[0])  # geodesic polar coordinates about the centre
    np.testing.assert_allclose(corner["s12"], np.hypot(500.0 * leg, radius), atol=1e-2)
    off = (corner["azi1"] - heading - 180.0 + np.rad2deg(np.arctan2(radius, 500.0 * leg)) + 540.0) % 360.0 - 180.0
    assert abs(off) < 1e-6


def test_racetrack_may_start_anywhere_on_its_circuit():
    path = trajectory(racetrack(start_fraction=0.25))
    np.testing.assert_allclose(path.offset_s, 0.25 * path.period_s)
    assert path.duration_s == np.inf


@pytest.mark.parametrize("lat", [0.0, 60.0, 84.0])
def test_orbit_keeps_its_distance_at_any_latitude(lat):
    centre = {"lat_deg": lat, "lon_deg": -179.9}
    config = OrbitConfig.model_validate(
        {"centre": centre, "radius_km": 80.0, "speed_mps": 200.0, "alt_m": 7000.0, "start_bearing_deg": 90.0}
    )
    path = trajectory(config)
    la, lo, alt = ecef_to_geodetic(sample(path, np.linspace(0.0, path.period_s, 97))[0])
    distance = [Geodesic.WGS84.Inverse(lat, -179.9, *np.rad2deg(p))["s12"] for p in zip(la, lo, strict=True)]
    np.testing.assert_allclose(distance, 80e3, atol=0.01)
    first = Geodesic.WGS84.Inverse(lat, -179.9, np.rad2deg(la[0]), np.rad2deg(lo[0]))
    np.testing.assert_allclose(first["azi1"], 90.0, atol=1e-6)
    np.testing.assert_allclose(alt, 7000.0, atol=0.01)


@pytest.mark.parametrize("lat", [5.0, 70.0])
def test_legs_between_waypoints_are_geodesics(lat):
    path = trajectory(waypoints([at(lat, 10.0), at(lat + 3.0, 25.0)]))
    whole = Geodesic.WGS84.Inverse(lat, 10.0, lat + 3.0, 25.0)
    share = np.linspace(0.0, 1.0, 11)
    here, _ = sample(path, share * path.t_s[-1])
    line = Geodesic.WGS84.InverseLine(lat, 10.0, lat + 3.0, 25.0)
    wanted = np.array([[line.Position(s * whole["s12"])[k] for k in ("lat2", "lon2")] for s in share])
    expected = geodetic_to_ecef(*np.deg2rad(wanted.T), 9000.0)
    # at constant speed through the air 9 km up the share of the length differs by the change of curvature: 1e-5
    assert np.linalg.norm(here - expected, axis=1).max() < 2e-5 * whole["s12"]
    la, lo, _ = np.rad2deg(ecef_to_geodetic(here))
    on = [Geodesic.WGS84.Inverse(lat, 10.0, a, o)["azi1"] for a, o in zip(la[1:], lo[1:], strict=True)]
    np.testing.assert_allclose(on, whole["azi1"], atol=1e-6)  # no cross-track error


def test_waypoints_are_flown_by_and_the_last_one_is_the_end():
    path = trajectory(waypoints(ZIGZAG))
    where = geodetic_to_ecef(
        *np.deg2rad([[p["lat_deg"], p["lon_deg"]] for p in ZIGZAG]).T, [p["alt_m"] for p in ZIGZAG]
    )
    track, _ = sample(path, np.linspace(0.0, path.t_s[-1], 50_001))
    miss = [np.linalg.norm(track - w, axis=1).min() for w in where]
    assert miss[0] < 1e-3
    assert miss[3] < 1e-3
    for i in (1, 2):  # a fly-by cuts the corner by r (1 / cos(turn / 2) - 1)
        before = Geodesic.WGS84.Inverse(*_ll(ZIGZAG[i - 1]), *_ll(ZIGZAG[i]))["azi2"]
        after = Geodesic.WGS84.Inverse(*_ll(ZIGZAG[i]), *_ll(ZIGZAG[i + 1]))["azi1"]
        half = 0.5 * np.deg2rad(abs((after - before + 180.0) % 360.0 - 180.0))
        radius = ZIGZAG[i].get("speed_mps", 250.0) ** 2 / (GRAVITY_MPS2 * np.sqrt(3.0))
        np.testing.assert_allclose(miss[i], radius * (1.0 / np.cos(half) - 1.0), rtol=3e-3)
    assert path.duration_s == path.t_s[-1]


def _ll(point):
    return point["lat_deg"], point["lon_deg"]


def test_climb_is_smooth_and_within_the_slope():
    path = trajectory(waypoints([at(41.0, 30.0, 1000.0), at(41.0, 31.0, 9000.0)], slope_max_deg=9.0))
    position, velocity = sample(path, np.linspace(0.0, path.t_s[-1], 4001))
    alt, speed, _, climb = ground(position, velocity)
    np.testing.assert_allclose(np.linalg.norm(velocity, axis=1), 250.0, rtol=2e-4)  # along the slope
    assert np.all(np.diff(alt) >= -1e-6)
    np.testing.assert_allclose(
        climb[[0, -1]], 0.0, atol=0.1
    )  # the leg starts and ends level, but for earth's curvature
    steepest = np.rad2deg(np.arctan2(climb, speed)).max()
    length = Geodesic.WGS84.Inverse(41.0, 30.0, 41.0, 31.0)["s12"]
    np.testing.assert_allclose(steepest, np.rad2deg(np.arctan(1.5 * 8000.0 / length)), rtol=2e-3)


def test_speed_changes_at_constant_acceleration():
    path = trajectory(waypoints([at(41.0, 30.0), at(41.0, 31.0, speed_mps=300.0)]))
    t = np.linspace(0.0, path.t_s[-1], 101)
    speed = np.linalg.norm(sample(path, t)[1], axis=1)
    np.testing.assert_allclose(speed, 250.0 + 50.0 * t / t[-1], atol=0.02)


@pytest.mark.parametrize(
    ("config", "limits", "message"),
    [
        (racetrack(speed_mps=600.0), {}, r"speed_mps: test type flies at most 500 m/s \(came 600\)"),
        (racetrack(bank_deg=80.0), {}, r"load_factor: test type turns with at most 5, .*came 5.76"),
        (EVERY_KIND["orbit"], {"load_factor_max": 1.005}, r"radius_km: .* needs a radius of at least 40\.7"),
        (waypoints(ZIGZAG, speed_mps=501.0), {}, "speed_mps"),
        (waypoints(ZIGZAG, load_factor=6.0), {}, "load_factor"),
        (waypoints([at(41, 30), at(41, 30)]), {}, "points.1: stands on the point before it"),
        (waypoints([at(41, 30), at(41, 31), at(41, 30)]), {}, "points.1: the course changes by 1[78][0-9] deg"),
        (waypoints([at(41, 30), at(41, 30.02), at(41.01, 30.0)]), {}, "lengthen the leg"),
        (waypoints([at(41, 30, 0.0), at(41, 30.1, 9000.0)]), {}, "points.1.alt_m: .*too short to climb 9000 m"),
        (waypoints([at(41, 30), at(41, 30.05, speed_mps=450.0)]), {}, "points.1.speed_mps: .*too short to go from 250"),
        (racetrack(centre={"place": "sit"}), {}, "centre.place: no place 'sit'; did you mean 'site'"),
    ],
)
def test_what_cannot_be_flown_is_refused_with_limit_and_remedy(config, limits, message):
    with pytest.raises(RouteError, match=message):
        trajectory(config, **limits)


@pytest.mark.parametrize(
    "point",
    [
        {},
        {"lat_deg": 3.0},
        {"lat_deg": 91.0, "lon_deg": 0.0},
        {"place": "site", "bearing_deg": 10.0},
        {"place": "site", "lat_deg": 1.0, "lon_deg": 1.0},
        {"bearing_deg": 10.0, "distance_km": 5.0},
    ],
)
def test_a_point_is_given_in_one_way(point):
    with pytest.raises(ValidationError):
        PointConfig.model_validate(point)


def test_a_racetrack_has_one_measure_of_its_turn():
    with pytest.raises(ValidationError, match="exactly one of bank_deg and load_factor"):
        racetrack(load_factor=2.0)
    with pytest.raises(ValidationError, match="exactly one"):
        racetrack(bank_deg=None)


def test_top_speed_is_the_fastest_point():
    assert waypoints(ZIGZAG).top_speed_mps() == 300.0
    assert racetrack().top_speed_mps() == 250.0
    assert EVERY_KIND["orbit"].top_speed_mps() == 200.0
