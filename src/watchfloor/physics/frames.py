"""WGS-84 frames: geodetic, ECEF, east-north-up (ENU), polar about a place, aspect and geodesics.

Angles in radians, lengths in metres. ECEF vectors have their three components on the last axis; everything
broadcasts over the leading axes. Azimuth runs clockwise from true north in [0, 2 pi), elevation up from the
plane that is perpendicular to the ellipsoid's normal. Elevation is geometric: no refraction (see `propagation`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from watchfloor.base.errors import NumericsError
from watchfloor.base.units import FloatArray
from watchfloor.physics import _kernels
from watchfloor.physics._domain import together, within

SEMI_MAJOR_M = 6_378_137.0
"""Semi-major axis of WGS-84 (NGA.STND.0036, 2014, table 3.1). [m]"""
FLATTENING = 1.0 / 298.257_223_563
"""Flattening of WGS-84 (NGA.STND.0036, 2014, table 3.1). [1]"""
SEMI_MINOR_M = SEMI_MAJOR_M * (1.0 - FLATTENING)
"""Semi-minor axis of WGS-84. [m]"""
E2 = FLATTENING * (2.0 - FLATTENING)
"""First eccentricity of WGS-84, squared. [1]"""
_EP2 = E2 / (1.0 - E2)
_TWO_PI = 2.0 * np.pi
_POLE = 0.5 * np.pi * (1.0 + 1e-12)


def geodetic_to_ecef(lat_rad: ArrayLike, lon_rad: ArrayLike, alt_m: ArrayLike) -> FloatArray:
    """Earth-centred, earth-fixed position of geodetic coordinates.

    Parameters
    ----------
    lat_rad, lon_rad : array_like
        Geodetic latitude and longitude. [rad]
    alt_m : array_like
        Height above the ellipsoid. [m]

    Returns
    -------
    (..., 3) array
        ECEF position. [m]

    Raises
    ------
    ValueError
        If a latitude is beyond a pole, an argument is not finite, or the shapes do not broadcast.

    References
    ----------
    Hofmann-Wellenhof, Lichtenegger & Wasle, *GNSS*, Springer, 2008, section 8.2.

    Examples
    --------
    >>> geodetic_to_ecef(0.0, 0.0, 0.0)
    array([6378137.,       0.,       0.])
    """
    lat, lon = _angles("lat_rad", lat_rad, "lon_rad", lon_rad)
    lat, lon, alt = together(lat_rad=lat, lon_rad=lon, alt_m=within("alt_m", alt_m))
    sin_lat, cos_lat = np.sin(lat), np.cos(lat)
    normal = SEMI_MAJOR_M / np.sqrt(1.0 - E2 * sin_lat * sin_lat)
    equatorial = (normal + alt) * cos_lat
    x, y = equatorial * np.cos(lon_rad), equatorial * np.sin(lon_rad)
    z = ((1.0 - E2) * normal + alt) * sin_lat
    out = np.empty((*np.broadcast_shapes(np.shape(x), np.shape(z)), 3))
    out[..., 0], out[..., 1], out[..., 2] = x, y, z
    return out


def ecef_to_geodetic(ecef_m: ArrayLike) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Geodetic coordinates of ECEF positions.

    Parameters
    ----------
    ecef_m : (..., 3) array_like
        ECEF positions, between 10 km below and 1000 km above the ellipsoid. [m]

    Returns
    -------
    lat_rad, lon_rad, alt_m : (...) arrays
        Geodetic latitude, longitude in (-pi, pi], height above the ellipsoid. [rad, rad, m]

    Raises
    ------
    ValueError
        If a component is not finite or the last axis does not hold three.

    Notes
    -----
    Bowring's formula, applied twice from his starting value: below 1e-12 rad and 1e-8 m in the range of heights
    above, at poles and equator alike, with no test for convergence.

    References
    ----------
    Bowring, "Transformation from spatial to geographical coordinates", *Survey Review* 23 (181), 1976, pp. 323-327;
    starting value from Bowring, *Survey Review* 28 (218), 1985, pp. 202-206.
    """
    ecef = _vectors("ecef_m", ecef_m)
    x, y, z = ecef[..., 0], ecef[..., 1], ecef[..., 2]
    p = np.hypot(x, y)
    r = np.hypot(p, z)
    # tangent of the parametric latitude as a ratio of two numbers, so that the poles are no special case
    over, under = z * (1.0 - FLATTENING) * (r + _EP2 * SEMI_MINOR_M), p * r
    for _ in range(2):
        scale = np.hypot(over, under)
        sin_u, cos_u = over / scale, under / scale
        over = (z + _EP2 * SEMI_MINOR_M * sin_u**3) * (1.0 - FLATTENING)
        under = p - E2 * SEMI_MAJOR_M * cos_u**3
    over = over / (1.0 - FLATTENING)
    scale = np.hypot(over, under)
    sin_lat, cos_lat = over / scale, under / scale
    alt = p * cos_lat + z * sin_lat - SEMI_MAJOR_M * np.sqrt(1.0 - E2 * sin_lat * sin_lat)
    return np.arctan2(over, under), np.arctan2(y, x), alt


def enu_rotation(lat_rad: ArrayLike, lon_rad: ArrayLike) -> FloatArray:
    """Rotation from ECEF to east-north-up.

    Parameters
    ----------
    lat_rad, lon_rad : array_like
        Geodetic latitude and longitude. [rad]

    Returns
    -------
    (..., 3, 3) array
        Rows are the unit vectors east, north and up in ECEF. [1]

    Raises
    ------
    ValueError
        If a latitude is beyond a pole, an argument is not finite, or the shapes do not broadcast.

    References
    ----------
    Hofmann-Wellenhof, Lichtenegger & Wasle, *GNSS*, Springer, 2008, section 8.2.
    """
    lat, lon = _angles("lat_rad", lat_rad, "lon_rad", lon_rad)
    lat, lon = together(lat_rad=lat, lon_rad=lon)
    sin_lat, cos_lat, sin_lon, cos_lon = np.sin(lat), np.cos(lat), np.sin(lon), np.cos(lon)
    out = np.zeros((*lat.shape, 3, 3))
    out[..., 0, 0], out[..., 0, 1] = -sin_lon, cos_lon
    out[..., 1, 0], out[..., 1, 1], out[..., 1, 2] = -sin_lat * cos_lon, -sin_lat * sin_lon, cos_lat
    out[..., 2, 0], out[..., 2, 1], out[..., 2, 2] = cos_lat * cos_lon, cos_lat * sin_lon, sin_lat
    return out


@dataclass(frozen=True)
class Place:
    """A fixed place on or above the ellipsoid, with its frame worked out once."""

    lat_rad: float
    """Geodetic latitude, -pi/2 to pi/2. [rad]"""
    lon_rad: float
    """Longitude. [rad]"""
    alt_m: float
    """Height above the ellipsoid. [m]"""

    def __post_init__(self) -> None:
        """Refuse what is no place."""
        if not (abs(self.lat_rad) <= 0.5 * np.pi and abs(self.lon_rad) <= _TWO_PI and np.isfinite(self.alt_m)):
            raise ValueError(
                "a place needs |lat_rad| <= pi/2, |lon_rad| <= 2 pi and a finite alt_m, got "
                f"{self.lat_rad!r}, {self.lon_rad!r}, {self.alt_m!r}"
            )

    @classmethod
    def from_degrees(cls, lat_deg: float, lon_deg: float, alt_m: float) -> Place:
        """Place from degrees; ``ValueError`` unless -90 <= lat <= 90, -360 <= lon <= 360, all finite."""
        if not -90.0 <= lat_deg <= 90.0:
            raise ValueError(f"latitude must lie in -90 to 90 degrees, got {lat_deg!r}")
        if not -360.0 <= lon_deg <= 360.0:
            raise ValueError(f"longitude must lie in -360 to 360 degrees, got {lon_deg!r}")
        return cls(float(np.radians(lat_deg)), float(np.radians(lon_deg)), float(alt_m))

    @cached_property
    def ecef_m(self) -> FloatArray:
        """(3,) ECEF position. [m]"""  # noqa: D400, D415
        out = geodetic_to_ecef(self.lat_rad, self.lon_rad, self.alt_m)
        out.flags.writeable = False
        return out

    @cached_property
    def rotation(self) -> FloatArray:
        """(3, 3) rows east, north, up in ECEF. [1]"""  # noqa: D400, D415
        out = enu_rotation(self.lat_rad, self.lon_rad)
        out.flags.writeable = False
        return out

    @cached_property
    def curvatures_per_m(self) -> tuple[float, float]:
        """Curvature of the ellipsoid's meridian and of its prime vertical here. [1/m]"""  # noqa: D400, D415
        w2 = 1.0 - E2 * float(np.sin(self.lat_rad)) ** 2
        normal = SEMI_MAJOR_M / w2**0.5
        return w2 / (normal * (1.0 - E2)), 1.0 / normal


def ecef_to_enu(ecef_m: ArrayLike, place: Place) -> FloatArray:
    """East, north and up of ECEF positions about a place.

    Parameters
    ----------
    ecef_m : (..., 3) array_like
        ECEF positions. [m]
    place : Place
        Origin and local frame.

    Returns
    -------
    (..., 3) array
        East, north (both in the plane across the ellipsoid's normal at the place) and up along it. [m]

    Raises
    ------
    ValueError
        If a component is not finite or the last axis does not hold three.

    Notes
    -----
    Velocities turn without the shift: ``velocity_ecef_mps @ place.rotation.T``.

    References
    ----------
    Hofmann-Wellenhof, Lichtenegger & Wasle, *GNSS*, Springer, 2008, section 8.2.

    Examples
    --------
    >>> place = Place(0.0, 0.0, 0.0)
    >>> ecef_to_enu([6378137.0 + 300.0, 100.0, 200.0], place)
    array([100., 200., 300.])
    """
    return (_vectors("ecef_m", ecef_m) - place.ecef_m) @ place.rotation.T


def enu_to_ecef(enu_m: ArrayLike, place: Place) -> FloatArray:
    """ECEF positions of east, north and up about a place; the inverse of `ecef_to_enu`.

    Parameters
    ----------
    enu_m : (..., 3) array_like
        East, north and up. [m]
    place : Place
        Origin and local frame.

    Returns
    -------
    (..., 3) array
        ECEF positions. [m]

    Raises
    ------
    ValueError
        If a component is not finite or the last axis does not hold three.

    References
    ----------
    As `ecef_to_enu`.

    Examples
    --------
    >>> enu_to_ecef([100.0, 200.0, 300.0], Place(0.0, 0.0, 0.0))
    array([6.378437e+06, 1.000000e+02, 2.000000e+02])
    """
    return _vectors("enu_m", enu_m) @ place.rotation + place.ecef_m


def ecef_to_polar(ecef_m: ArrayLike, place: Place) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Slant range, azimuth and elevation of ECEF positions about a place.

    Parameters
    ----------
    ecef_m : (..., 3) array_like
        ECEF positions. [m]
    place : Place
        Origin and local frame.

    Returns
    -------
    range_m, azimuth_rad, elevation_rad : (...) arrays
        Slant range; azimuth clockwise from true north in [0, 2 pi); geometric elevation. [m, rad, rad]

    References
    ----------
    Hofmann-Wellenhof, Lichtenegger & Wasle, *GNSS*, Springer, 2008, section 8.2.
    """
    east, north, up = _enu(ecef_m, place)
    ground2 = east * east + north * north
    azimuth = np.arctan2(east, north) % _TWO_PI
    azimuth = np.where(azimuth < _TWO_PI, azimuth, 0.0)  # a hair west of north rounds up to 2 pi
    return np.sqrt(ground2 + up * up), azimuth, np.arctan2(up, np.sqrt(ground2))


def polar_to_ecef(range_m: ArrayLike, azimuth_rad: ArrayLike, elevation_rad: ArrayLike, place: Place) -> FloatArray:
    """ECEF positions of slant range, azimuth and elevation about a place; the inverse of `ecef_to_polar`.

    Returns
    -------
    (..., 3) array
        ECEF positions. [m]

    References
    ----------
    As `ecef_to_polar`.
    """
    slant = np.asarray(range_m, dtype=np.float64)
    ground = slant * np.cos(elevation_rad)
    east, north, up = ground * np.sin(azimuth_rad), ground * np.cos(azimuth_rad), slant * np.sin(elevation_rad)
    enu = np.empty((*np.broadcast_shapes(np.shape(east), np.shape(up)), 3))
    enu[..., 0], enu[..., 1], enu[..., 2] = east, north, up
    return enu @ place.rotation + place.ecef_m


def range_rate(ecef_m: ArrayLike, velocity_ecef_mps: ArrayLike, place: Place) -> FloatArray:
    """Rate of the slant range, positive when the target recedes.

    Parameters
    ----------
    ecef_m, velocity_ecef_mps : (..., 3) array_like
        Positions and velocities in ECEF. [m, m/s]
    place : Place
        The observer, fixed to the earth.

    Returns
    -------
    (...) array
        Range rate; 0 where the target sits on the place. [m/s]

    Notes
    -----
    The projection of the velocity on the line of sight; no relativity (1e-6 of it at 300 m/s).
    """
    los = np.asarray(ecef_m, dtype=np.float64) - place.ecef_m
    along = np.einsum("...i,...i->...", los, np.asarray(velocity_ecef_mps, dtype=np.float64))
    slant = np.sqrt(np.einsum("...i,...i->...", los, los))
    return along / np.where(slant > 0.0, slant, 1.0)


def aspect(
    ecef_m: ArrayLike,
    velocity_ecef_mps: ArrayLike,
    observer_ecef_m: ArrayLike,
    bank_rad: ArrayLike = 0.0,
) -> tuple[FloatArray, FloatArray]:
    """Direction to an observer in the target's body frame.

    Parameters
    ----------
    ecef_m, velocity_ecef_mps : (..., 3) array_like
        The target. [m, m/s]
    observer_ecef_m : (..., 3) array_like
        The observer. [m]
    bank_rad : array_like
        Roll about the velocity, positive with the right wing down. [rad]

    Returns
    -------
    azimuth_rad, elevation_rad : (...) arrays
        Azimuth 0 nose-on, positive to starboard, in (-pi, pi]; elevation positive above the plane of the
        wings. [rad, rad]

    Notes
    -----
    The body's x axis lies along the velocity over ground (no angle of attack, no sideslip, no wind); the wings are
    level about the local vertical, then rolled. The vertical is taken as the normal of the ellipsoid under the
    target to 2e-5 rad up to 20 km. A target at rest, or in vertical flight, points its nose, or its roof, at
    true north.

    References
    ----------
    Body axes as ISO 1151-1:1988 (x forward, y to starboard), here with elevation up.
    """
    ecef, velocity, observer = np.broadcast_arrays(
        np.asarray(ecef_m, dtype=np.float64), np.asarray(velocity_ecef_mps, float), np.asarray(observer_ecef_m, float)
    )
    bank = np.asarray(bank_rad, dtype=np.float64)
    shape = np.broadcast_shapes(ecef.shape[:-1], bank.shape)
    if ecef.shape[:-1] != shape:
        ecef, velocity, observer = (np.broadcast_to(v, (*shape, 3)) for v in (ecef, velocity, observer))
    out = _kernels.aspect(
        np.ascontiguousarray(ecef).reshape(-1, 3),
        np.ascontiguousarray(velocity).reshape(-1, 3),
        np.ascontiguousarray(observer).reshape(-1, 3),
        np.ascontiguousarray(np.broadcast_to(bank, shape)).reshape(-1),
        1.0 / (1.0 - E2),
    ).reshape(2, *shape)
    return out[0], out[1]


def geodesic(
    lat1_rad: ArrayLike, lon1_rad: ArrayLike, lat2_rad: ArrayLike, lon2_rad: ArrayLike
) -> tuple[FloatArray, FloatArray]:
    """Shortest distance along the ellipsoid, and its azimuth at the first point.

    Parameters
    ----------
    lat1_rad, lon1_rad, lat2_rad, lon2_rad : array_like
        Geodetic coordinates of both ends. [rad]

    Returns
    -------
    distance_m, azimuth_rad : (...) arrays
        Length of the geodesic; azimuth at the first point in [0, 2 pi), 0 where the points coincide. [m, rad]

    Raises
    ------
    ValueError
        If a latitude is beyond a pole, an argument is not finite, or the shapes do not broadcast.
    NumericsError
        If a pair is so nearly antipodal (within about 0.5 degrees) that the iteration does not settle.

    References
    ----------
    Vincenty, "Direct and inverse solutions of geodesics on the ellipsoid with application of nested equations",
    *Survey Review* 23 (176), 1975, pp. 88-93; stated error 0.5 mm.
    """
    lat1, lon1 = _angles("lat1_rad", lat1_rad, "lon1_rad", lon1_rad)
    lat2, lon2 = _angles("lat2_rad", lat2_rad, "lon2_rad", lon2_rad)
    lat1, lon1, lat2, lon2 = together(lat1_rad=lat1, lon1_rad=lon1, lat2_rad=lat2, lon2_rad=lon2)
    sin_u1, cos_u1 = _reduced(lat1)
    sin_u2, cos_u2 = _reduced(lat2)
    lon = (lon2 - lon1 + np.pi) % _TWO_PI - np.pi
    lam, change = lon, np.zeros_like(lon)
    for _ in range(100):
        sin_lam, cos_lam = np.sin(lam), np.cos(lam)
        over, under = cos_u2 * sin_lam, cos_u1 * sin_u2 - sin_u1 * cos_u2 * cos_lam
        sin_sigma = np.hypot(over, under)
        cos_sigma = sin_u1 * sin_u2 + cos_u1 * cos_u2 * cos_lam
        sigma = np.arctan2(sin_sigma, cos_sigma)
        sin_alpha = cos_u1 * cos_u2 * sin_lam / np.where(sin_sigma > 0.0, sin_sigma, 1.0)
        cos2_alpha = 1.0 - sin_alpha * sin_alpha
        equatorial = cos2_alpha < 1e-15
        cos_2m = np.where(equatorial, 0.0, cos_sigma - 2.0 * sin_u1 * sin_u2 / np.where(equatorial, 1.0, cos2_alpha))
        c = FLATTENING / 16.0 * cos2_alpha * (4.0 + FLATTENING * (4.0 - 3.0 * cos2_alpha))
        step = sigma + c * sin_sigma * (cos_2m + c * cos_sigma * (2.0 * cos_2m**2 - 1.0))
        before, lam = lam, lon + (1.0 - c) * FLATTENING * sin_alpha * step
        change = np.abs(lam - before)
        if np.all(change < 1e-13):
            break
    else:
        row = int(np.argmax(change))
        raise NumericsError(f"the geodesic of row {row} does not settle: its ends are nearly antipodal")
    a, b = _vincenty_ab(cos2_alpha * _EP2)
    distance = SEMI_MINOR_M * a * (sigma - _vincenty_delta(b, sin_sigma, cos_sigma, cos_2m))
    return distance, np.arctan2(over, under) % _TWO_PI


def destination(
    lat_rad: ArrayLike, lon_rad: ArrayLike, azimuth_rad: ArrayLike, distance_m: ArrayLike
) -> tuple[FloatArray, FloatArray]:
    """End of the geodesic that leaves a point with an azimuth.

    Parameters
    ----------
    lat_rad, lon_rad : array_like
        Where it starts. [rad]
    azimuth_rad : array_like
        Its azimuth there. [rad]
    distance_m : array_like
        Its length along the ellipsoid. [m]

    Returns
    -------
    lat_rad, lon_rad : (...) arrays
        Where it ends; longitude in (-pi, pi]. [rad]

    Raises
    ------
    ValueError
        If a latitude is beyond a pole, an argument is not finite, or the shapes do not broadcast.

    References
    ----------
    Vincenty, as in `geodesic`; stated error 0.5 mm.
    """
    lat, lon = _angles("lat_rad", lat_rad, "lon_rad", lon_rad)
    azimuth, distance = within("azimuth_rad", azimuth_rad), within("distance_m", distance_m)
    lat, lon, azimuth, distance = together(lat_rad=lat, lon_rad=lon, azimuth_rad=azimuth, distance_m=distance)
    sin_az, cos_az = np.sin(azimuth), np.cos(azimuth)
    sin_u1, cos_u1 = _reduced(lat)
    sigma1 = np.arctan2(sin_u1, cos_u1 * cos_az)
    sin_alpha = cos_u1 * sin_az
    cos2_alpha = 1.0 - sin_alpha * sin_alpha
    a, b = _vincenty_ab(cos2_alpha * _EP2)
    first = distance / (SEMI_MINOR_M * a)
    sigma = first
    for _ in range(100):
        sin_sigma, cos_sigma = np.sin(sigma), np.cos(sigma)
        cos_2m = np.cos(2.0 * sigma1 + sigma)
        before, sigma = sigma, first + _vincenty_delta(b, sin_sigma, cos_sigma, cos_2m)
        if np.all(np.abs(sigma - before) < 1e-14):
            break
    sin_sigma, cos_sigma = np.sin(sigma), np.cos(sigma)
    cos_2m = np.cos(2.0 * sigma1 + sigma)
    under = sin_u1 * sin_sigma - cos_u1 * cos_sigma * cos_az
    lat2 = np.arctan2(sin_u1 * cos_sigma + cos_u1 * sin_sigma * cos_az, (1.0 - FLATTENING) * np.hypot(sin_alpha, under))
    lam = np.arctan2(sin_sigma * sin_az, cos_u1 * cos_sigma - sin_u1 * sin_sigma * cos_az)
    c = FLATTENING / 16.0 * cos2_alpha * (4.0 + FLATTENING * (4.0 - 3.0 * cos2_alpha))
    step = sigma + c * sin_sigma * (cos_2m + c * cos_sigma * (2.0 * cos_2m**2 - 1.0))
    lon2 = lon + lam - (1.0 - c) * FLATTENING * sin_alpha * step
    return lat2, np.pi - (np.pi - lon2) % _TWO_PI


def _enu(ecef_m: ArrayLike, place: Place) -> tuple[Any, Any, Any]:
    """East, north and up of ECEF positions about a place. [m]"""  # noqa: D400, D415
    local = (np.asarray(ecef_m, dtype=np.float64) - place.ecef_m) @ place.rotation.T
    return local[..., 0], local[..., 1], local[..., 2]


def _angles(lat_name: str, lat_rad: ArrayLike, lon_name: str, lon_rad: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Latitude, not beyond a pole (but for rounding), and longitude, both finite."""
    lat = within(lat_name, lat_rad, least=-_POLE, most=_POLE, remedy="degrees?")
    return lat, within(lon_name, lon_rad)


def _vectors(name: str, value: ArrayLike) -> FloatArray:
    """Vectors of three finite components."""
    out = within(name, value)
    if out.ndim == 0 or out.shape[-1] != 3:
        raise ValueError(f"{name} needs three components on its last axis, got shape {out.shape}")
    return out


def _reduced(lat: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Sine and cosine of the reduced latitude."""
    over, under = (1.0 - FLATTENING) * np.sin(lat), np.cos(lat)
    scale = np.hypot(over, under)
    return over / scale, under / scale


def _vincenty_ab(u2: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Vincenty's A and B (1975, eq. 3 and 4)."""
    a = 1.0 + u2 / 16384.0 * (4096.0 + u2 * (-768.0 + u2 * (320.0 - 175.0 * u2)))
    b = u2 / 1024.0 * (256.0 + u2 * (-128.0 + u2 * (74.0 - 47.0 * u2)))
    return a, b


def _vincenty_delta(b: FloatArray, sin_s: FloatArray, cos_s: FloatArray, cos_2m: FloatArray) -> FloatArray:
    """Vincenty's delta sigma (1975, eq. 6)."""
    third = b / 6.0 * cos_2m * (4.0 * sin_s**2 - 3.0) * (4.0 * cos_2m**2 - 3.0)
    return b * sin_s * (cos_2m + b / 4.0 * (cos_s * (2.0 * cos_2m**2 - 1.0) - third))
