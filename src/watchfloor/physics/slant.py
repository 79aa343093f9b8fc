"""From slant range, azimuth and height to places: what a secondary radar measures of a target that says its height."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from watchfloor.base.units import FloatArray
from watchfloor.physics._domain import together, within
from watchfloor.physics.frames import Place, ecef_to_geodetic, polar_to_ecef

_STEPS = 5
_CLOSE_M = 1e-3


def elevation_at_height(
    range_m: ArrayLike, azimuth_rad: ArrayLike, height_m: ArrayLike, place: Place
) -> tuple[FloatArray, FloatArray, FloatArray]:
    r"""Elevation of the point at a slant range and azimuth that has a height above the ellipsoid.

    Parameters
    ----------
    range_m : (...) array_like
        Slant range, above 0 and at most 2000 km. [m]
    azimuth_rad : (...) array_like
        Azimuth clockwise from true north. [rad]
    height_m : (...) array_like
        Height of the point above the ellipsoid, -10 to 200 km. [m]
    place : Place
        The observer.

    Returns
    -------
    elevation_rad : (...) array
        Geometric elevation; NaN where no point of that range and azimuth has that height. [rad]
    by_range : (...) array
        How the elevation moves with the range at constant height. [rad/m]
    by_height : (...) array
        How it moves with the height at constant range; grows without bound towards the zenith. [rad/m]

    Raises
    ------
    ValueError
        If an argument is not finite or outside its domain, or the shapes do not broadcast.

    Notes
    -----
    Starts from the sphere that fits the ellipsoid at the place along the azimuth and corrects by Newton's method,
    height taken exactly from the ellipsoid, until the height is met to 1 mm. With :math:`u` the line of sight,
    :math:`u_e` its derivative by elevation and :math:`n` the ellipsoid's normal at the point, the height moves by
    :math:`u \cdot n` a metre of range and :math:`\rho\, u_e \cdot n` a radian of elevation, so a range error
    :math:`\sigma_\rho` and a height error :math:`\sigma_h` leave the elevation with variance
    :math:`(\sigma_h^2 + (u\cdot n)^2 \sigma_\rho^2)/(\rho\, u_e\cdot n)^2`, correlated with the range. No refraction.

    A height by barometer stands above the isobar of 1013.25 hPa, not above the ellipsoid: taking one for the other
    moves the point over ground by the difference times the tangent of the elevation.

    References
    ----------
    Hofmann-Wellenhof, Lichtenegger & Wasle, *GNSS*, Springer, 2008, section 8.2 (frames); ICAO Doc 7488, *Manual of the
    ICAO Standard Atmosphere*, 3rd ed., 1993 (pressure altitude).

    Examples
    --------
    >>> elevation_at_height(100e3, 0.5, 10e3, Place(0.85, 0.04, 100.0))[0].round(4)
    np.float64(0.0914)
    """
    slant, azimuth, height = together(
        range_m=within("range_m", range_m, above=0.0, most=2e6),
        azimuth_rad=within("azimuth_rad", azimuth_rad),
        height_m=within("height_m", height_m, least=-10e3, most=200e3),
    )
    meridian, prime = place.curvatures_per_m
    sin_a, cos_a = np.sin(azimuth), np.cos(azimuth)
    low = 1.0 / (meridian * cos_a**2 + prime * sin_a**2) + place.alt_m  # Euler: radius of the section at the azimuth
    high = low - place.alt_m + height
    sine = (high * high - low * low - slant * slant) / (2.0 * slant * low)
    elevation = np.arcsin(np.clip(sine, -1.0, 1.0))
    east, north, up = place.rotation
    level = sin_a[..., None] * east + cos_a[..., None] * north

    def at(elevation: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """What lacks of the height, and how it moves a metre along and a radian across the line of sight."""
        lat, lon, found = ecef_to_geodetic(polar_to_ecef(slant, azimuth, elevation, place))
        normal = np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=-1)
        sin_e, cos_e = np.sin(elevation)[..., None], np.cos(elevation)[..., None]
        along = np.sum((cos_e * level + sin_e * up) * normal, axis=-1)
        return height - found, along, slant * np.sum((cos_e * up - sin_e * level) * normal, axis=-1)

    for _ in range(_STEPS):
        miss, _, across = at(elevation)
        elevation = elevation + np.clip(miss / np.maximum(across, 1.0), -0.2, 0.2)
    miss, along, across = at(elevation)
    good = (np.abs(miss) < _CLOSE_M) & (across > 0.0) & (np.abs(elevation) < 0.5 * np.pi)
    by_height = np.where(good, 1.0 / np.where(good, across, 1.0), np.nan)
    return np.where(good, elevation, np.nan), -along * by_height, by_height
