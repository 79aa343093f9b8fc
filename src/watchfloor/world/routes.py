"""Planned routes: waypoints, racetrack, orbit.

All are laid out on the WGS-84 ellipsoid: legs are geodesics, turns are arcs in geodesic polar coordinates about the
point they belong to, altitude is height above the ellipsoid. Speed is over ground, along the path; there is no wind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Literal, Self

import numpy as np
from pydantic import Field, model_validator

from watchfloor.base.config import Config
from watchfloor.base.registry import nearest
from watchfloor.base.units import FloatArray
from watchfloor.physics.frames import Place, destination, geodesic
from watchfloor.scenario.cards import TypeCard
from watchfloor.world.base import RouteError, routes
from watchfloor.world.motion import GRAVITY_MPS2, Piece, Trajectory, bank_rad, compile_trajectory, turn_radius_m

ACCELERATION_MAX_MPS2 = 0.5 * GRAVITY_MPS2
"""Largest change of speed along a leg that a route may ask for. [m/s2]"""
TURN_MAX_RAD = np.deg2rad(150.0)
"""Largest change of course at one waypoint. [rad]"""
_STRAIGHT_RAD = 1e-6
Located = tuple[float, float]
"""Latitude and longitude. [rad]"""


class PointConfig(Config):
    """A point on the map: ``lat_deg`` and ``lon_deg``, or ``place`` with a bearing and a distance from it."""

    lat_deg: float | None = Field(default=None, ge=-90.0, le=90.0)
    """Latitude, WGS-84, north positive. [deg]"""
    lon_deg: float | None = Field(default=None, ge=-180.0, le=180.0)
    """Longitude, WGS-84, east positive. [deg]"""
    place: str | None = None
    """Name of a place of the scenario."""
    bearing_deg: float | None = Field(default=None, ge=-360.0, le=360.0)
    """Direction from the place, clockwise from true north. [deg]"""
    distance_km: float | None = Field(default=None, ge=0.0, le=10_000.0)
    """Distance from the place along the ellipsoid. [km]"""

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        geodetic = (self.lat_deg is not None, self.lon_deg is not None)
        polar = (self.bearing_deg is not None, self.distance_km is not None)
        if self.place is None and (any(polar) or not all(geodetic)):
            raise ValueError("wanted lat_deg and lon_deg, or place with bearing_deg and distance_km")
        if self.place is not None and (any(geodetic) or any(polar) != all(polar)):
            raise ValueError(
                "wanted bearing_deg and distance_km (both or neither) beside place, and no lat_deg, lon_deg"
            )
        return self


class WaypointConfig(PointConfig):
    """A point of a route: where, how high, how fast."""

    alt_m: float = Field(ge=-500.0, le=30_000.0)
    """Altitude above the ellipsoid. [m]"""
    speed_mps: float | None = Field(default=None, gt=0.0, le=1500.0)
    """Speed there; the route's when left out. Between waypoints the acceleration is constant. [m/s]"""


class WaypointsConfig(Config):
    """Legs along geodesics, with turns that cut the corners (fly-by); the mover is gone after the last point."""

    kind: Literal["waypoints"] = "waypoints"
    """Points to fly by."""
    points: tuple[WaypointConfig, ...] = Field(min_length=2)
    """At least two points."""
    speed_mps: float = Field(gt=0.0, le=1500.0)
    """Speed over ground at points that name no other. [m/s]"""
    load_factor: float | None = Field(default=None, gt=1.0, le=12.0)
    """Load factor in turns; the type's largest sustained one (median) when left out. [1]"""
    slope_max_deg: float = Field(default=10.0, gt=0.0, le=60.0)
    """Steepest climb or descent; a leg that needs more is refused. [deg]"""

    def top_speed_mps(self) -> float:
        """Return the largest speed asked for. [m/s]"""
        return max(self.speed_mps, *(p.speed_mps or 0.0 for p in self.points))


class RacetrackConfig(Config):
    """Two straight legs joined by half circles, round and round."""

    kind: Literal["racetrack"] = "racetrack"
    """Two legs and two half turns."""
    centre: PointConfig
    """Middle of the pattern."""
    heading_deg: float = Field(ge=-360.0, le=360.0)
    """Course of the first leg, clockwise from true north at the centre. [deg]"""
    leg_km: float = Field(gt=0.0, le=500.0)
    """Length of each straight leg. [km]"""
    turn: Literal["left", "right"] = "left"
    """Which way it turns."""
    speed_mps: float = Field(gt=0.0, le=1500.0)
    """Speed over ground. [m/s]"""
    alt_m: float = Field(ge=-500.0, le=30_000.0)
    """Altitude above the ellipsoid. [m]"""
    bank_deg: float | None = Field(default=None, gt=0.0, lt=85.0)
    """Bank angle in the turns; give this or ``load_factor``. [deg]"""
    load_factor: float | None = Field(default=None, gt=1.0, le=12.0)
    """Load factor in the turns; give this or ``bank_deg``. [1]"""
    start_fraction: float = Field(default=0.0, ge=0.0, lt=1.0)
    """Share of the circuit already flown when the mover appears; 0 is the start of the first leg. [1]"""

    @model_validator(mode="after")
    def _one_turn(self) -> Self:
        if (self.bank_deg is None) == (self.load_factor is None):
            raise ValueError("wanted exactly one of bank_deg and load_factor")
        return self

    def top_speed_mps(self) -> float:
        """Return the largest speed asked for. [m/s]"""
        return self.speed_mps


class OrbitConfig(Config):
    """A circle, round and round."""

    kind: Literal["orbit"] = "orbit"
    """A circle about a point."""
    centre: PointConfig
    """Middle of the circle."""
    radius_km: float = Field(gt=0.0, le=1000.0)
    """Radius along the ellipsoid. [km]"""
    turn: Literal["left", "right"] = "left"
    """Which way it turns: right is clockwise."""
    speed_mps: float = Field(gt=0.0, le=1500.0)
    """Speed over ground. [m/s]"""
    alt_m: float = Field(ge=-500.0, le=30_000.0)
    """Altitude above the ellipsoid. [m]"""
    start_bearing_deg: float = Field(default=0.0, ge=-360.0, le=360.0)
    """Bearing from the centre at which the mover appears. [deg]"""

    def top_speed_mps(self) -> float:
        """Return the largest speed asked for. [m/s]"""
        return self.speed_mps


@routes.register("waypoints", WaypointsConfig)
class WaypointsRoute:
    """Geodesic legs and fly-by turns."""

    def __init__(self, config: WaypointsConfig, *, places: Mapping[str, Place], card: TypeCard) -> None:
        _check_speed(config.top_speed_mps(), card)
        load_factor = config.load_factor or _load_factors(card)[0]
        _check_load_factor(load_factor, card)
        located = tuple(_locate(p, places, f"points.{i}") for i, p in enumerate(config.points))
        self.trajectory: Trajectory = _waypoints(config, located, load_factor)  # pyright: ignore[reportArgumentType]


@routes.register("racetrack", RacetrackConfig)
class RacetrackRoute:
    """Two legs and two half circles, laid out about the centre."""

    def __init__(self, config: RacetrackConfig, *, places: Mapping[str, Place], card: TypeCard) -> None:
        _check_speed(config.speed_mps, card)
        load_factor = config.load_factor or 1.0 / np.cos(np.deg2rad(config.bank_deg or 0.0))
        _check_load_factor(load_factor, card)
        self.trajectory: Trajectory = _racetrack(config, _locate(config.centre, places, "centre"), float(load_factor))  # pyright: ignore[reportArgumentType]


@routes.register("orbit", OrbitConfig)
class OrbitRoute:
    """A geodesic circle about the centre."""

    def __init__(self, config: OrbitConfig, *, places: Mapping[str, Place], card: TypeCard) -> None:
        _check_speed(config.speed_mps, card)
        bank = float(bank_rad(config.speed_mps, 1e-3 / config.radius_km))
        limit = _load_factors(card)[1]
        if 1.0 / np.cos(bank) > limit * (1.0 + 1e-9):
            least = turn_radius_m(config.speed_mps, limit) * 1e-3
            raise RouteError(
                f"radius_km: {card.title} at {config.speed_mps:g} m/s and load factor {limit:.3g} needs a radius of at "
                f"least {least:.2f} km (came {config.radius_km:g})"
            )
        self.trajectory: Trajectory = _orbit(config, _locate(config.centre, places, "centre"))  # pyright: ignore[reportArgumentType]


def _locate(point: PointConfig, places: Mapping[str, Place], where: str) -> Located:
    """Latitude and longitude of a point; a place that does not exist is refused with the nearest name. [rad]"""
    if point.place is None:
        assert point.lat_deg is not None and point.lon_deg is not None
        return float(np.deg2rad(point.lat_deg)), float(np.deg2rad(point.lon_deg))
    if point.place not in places:
        raise RouteError(f"{where}.place: no place {point.place!r}{nearest(point.place, places)}")
    place = places[point.place]
    bearing, distance = np.deg2rad(point.bearing_deg or 0.0), 1e3 * (point.distance_km or 0.0)
    lat, lon = destination(place.lat_rad, place.lon_rad, bearing, distance)
    return float(lat), float(lon)


def _load_factors(card: TypeCard) -> tuple[float, float]:
    """Median and 90 % point of the type's largest sustained load factor. [1]"""
    _, median, high = card.load_factor_max.quantile_range()
    return median, high


def _check_speed(speed_mps: float, card: TypeCard) -> None:
    limit = card.speed_max_mps.quantile_range()[2]
    if speed_mps > limit:
        raise RouteError(f"speed_mps: {card.title} flies at most {limit:g} m/s (came {speed_mps:g})")


def _check_load_factor(load_factor: float, card: TypeCard) -> None:
    limit = _load_factors(card)[1]
    if load_factor > limit * (1.0 + 1e-9):
        most = np.rad2deg(np.arccos(1.0 / limit))
        raise RouteError(
            f"load_factor: {card.title} turns with at most {limit:.3g}, a bank of {most:.1f} deg "
            f"(came {load_factor:.3g}); turn wider"
        )


def _plane(centre: Located, along_rad: float, alt_m: float) -> Callable[[FloatArray, FloatArray], tuple]:
    """Map (forward, right) of a point, in geodesic polar coordinates about it, to latitude, longitude, altitude."""
    lat, lon = centre

    def to_geodetic(forward_m: FloatArray, right_m: FloatArray) -> tuple:
        azimuth = along_rad + np.arctan2(right_m, forward_m)
        return *destination(lat, lon, azimuth, np.hypot(forward_m, right_m)), alt_m

    return to_geodetic


def _arc(
    plane: Callable, *, forward_m: float, right_m: float, radius_m: float, side: float, angle_rad: float, speed: float
) -> Piece:
    """Arc that leaves (forward, right) of a plane in its forward direction; side 1 turns right, -1 left."""

    def at(u: FloatArray) -> tuple:
        turned = u / radius_m
        return plane(forward_m + radius_m * np.sin(turned), right_m + side * radius_m * (1.0 - np.cos(turned)))

    return Piece(at=at, length_m=radius_m * angle_rad, speeds_mps=(speed, speed), curvature_1pm=side / radius_m)


@lru_cache(maxsize=1024)
def _racetrack(config: RacetrackConfig, centre: Located, load_factor: float) -> Trajectory:
    heading, leg, speed = float(np.deg2rad(config.heading_deg)), 1e3 * config.leg_km, config.speed_mps
    radius = turn_radius_m(speed, load_factor)
    side = 1.0 if config.turn == "right" else -1.0
    pieces = []
    for course in (heading, heading + np.pi):  # the second half is the first, seen from the other end
        plane = _plane(centre, course, config.alt_m)

        def leg_at(u: FloatArray, plane: Callable = plane) -> tuple:
            return plane(u - 0.5 * leg, np.full_like(u, -side * radius))

        pieces.append(Piece(at=leg_at, length_m=leg, speeds_mps=(speed, speed)))
        pieces.append(
            _arc(
                plane,
                forward_m=0.5 * leg,
                right_m=-side * radius,
                radius_m=radius,
                side=side,
                angle_rad=np.pi,
                speed=speed,
            )
        )
    return compile_trajectory(pieces, closed=True, start_fraction=config.start_fraction)


@lru_cache(maxsize=1024)
def _orbit(config: OrbitConfig, centre: Located) -> Trajectory:
    radius, speed = 1e3 * config.radius_km, config.speed_mps
    side = 1.0 if config.turn == "right" else -1.0
    bearing = float(np.deg2rad(config.start_bearing_deg))

    def at(u: FloatArray) -> tuple:
        return *destination(centre[0], centre[1], bearing + side * u / radius, radius), config.alt_m

    circle = Piece(at=at, length_m=2.0 * np.pi * radius, speeds_mps=(speed, speed), curvature_1pm=side / radius)
    return compile_trajectory([circle], closed=True)


@lru_cache(maxsize=1024)
def _waypoints(config: WaypointsConfig, located: tuple[Located, ...], load_factor: float) -> Trajectory:
    lat, lon = np.array(located).T
    length, out = geodesic(lat[:-1], lon[:-1], lat[1:], lon[1:])
    back = geodesic(lat[1:], lon[1:], lat[:-1], lon[:-1])[1] + np.pi
    speed = [p.speed_mps or config.speed_mps for p in config.points]
    n = len(located)
    for i in np.flatnonzero(length < 1.0):
        raise RouteError(f"points.{i + 1}: stands on the point before it; leave one of the two out")
    turn = np.zeros(n)
    turn[1:-1] = (out[1:] - back[:-1] + np.pi) % (2.0 * np.pi) - np.pi
    turn[np.abs(turn) < _STRAIGHT_RAD] = 0.0
    for i in np.flatnonzero(np.abs(turn) > TURN_MAX_RAD):
        raise RouteError(
            f"points.{i}: the course changes by {np.rad2deg(abs(turn[i])):.0f} deg there, at most "
            f"{np.rad2deg(TURN_MAX_RAD):.0f} can be flown by; put a point in between"
        )
    radius = np.array([turn_radius_m(v, load_factor) for v in speed])
    cut = radius * np.tan(0.5 * np.abs(turn))  # distance from the point at which its turn begins and ends
    pieces: list[Piece] = []
    for i in range(n - 1):
        straight = float(length[i] - cut[i] - cut[i + 1])
        if straight < 0.0:
            raise RouteError(
                f"points.{i + 1}: the turns at both ends of the leg of {length[i] * 1e-3:.2f} km to this point need "
                f"{(cut[i] + cut[i + 1]) * 1e-3:.2f} km; lengthen the leg, slow down or allow a larger load_factor"
            )
        if i > 0 and turn[i] != 0.0:
            pieces.append(
                _corner(located[i], float(back[i - 1]), float(turn[i]), radius[i], config.points[i].alt_m, speed[i])
            )
        climb = config.points[i + 1].alt_m - config.points[i].alt_m
        _check_leg(i, straight, climb, (speed[i], speed[i + 1]), np.deg2rad(config.slope_max_deg))
        if straight > 0.0:
            at = _leg(located[i], float(out[i]), float(cut[i]), straight, config.points[i].alt_m, climb)
            pieces.append(Piece(at=at, length_m=straight, speeds_mps=(speed[i], speed[i + 1])))
    return compile_trajectory(pieces)


def _check_leg(i: int, straight_m: float, climb_m: float, speeds: tuple[float, float], slope_max_rad: float) -> None:
    """Refuse a leg that is too short for its change of speed or altitude."""
    change = abs(speeds[1] ** 2 - speeds[0] ** 2) / 2.0
    if change > ACCELERATION_MAX_MPS2 * straight_m:
        raise RouteError(
            f"points.{i + 1}.speed_mps: {straight_m * 1e-3:.2f} km of straight leg are too short to go from "
            f"{speeds[0]:g} to {speeds[1]:g} m/s at {ACCELERATION_MAX_MPS2:.3g} m/s2; "
            f"{change / ACCELERATION_MAX_MPS2 * 1e-3:.2f} km are needed"
        )
    steepest = 1.5 * abs(climb_m)  # of the smooth step, in the middle of the leg
    if steepest > np.tan(slope_max_rad) * straight_m:
        raise RouteError(
            f"points.{i + 1}.alt_m: {straight_m * 1e-3:.2f} km of straight leg are too short to climb {climb_m:g} m "
            f"at no more than {np.rad2deg(slope_max_rad):g} deg; "
            f"{steepest / np.tan(slope_max_rad) * 1e-3:.2f} km are needed"
        )


def _leg(start: Located, azimuth: float, from_m: float, straight_m: float, alt_m: float, climb_m: float) -> Callable:
    """Geodesic; the altitude follows a smooth step, level at both ends."""

    def at(u: FloatArray) -> tuple:
        share = u / straight_m
        alt = alt_m + climb_m * share * share * (3.0 - 2.0 * share)
        return *destination(start[0], start[1], azimuth, from_m + u), alt

    return at


def _corner(point: Located, course: float, turn: float, radius_m: float, alt_m: float, speed: float) -> Piece:
    """Fly-by turn at a waypoint, which both legs pass as straight lines in its polar coordinates."""
    side = 1.0 if turn > 0.0 else -1.0
    cut = radius_m * np.tan(0.5 * abs(turn))
    plane = _plane(point, course, alt_m)
    return _arc(plane, forward_m=-cut, right_m=0.0, radius_m=radius_m, side=side, angle_rad=abs(turn), speed=speed)
