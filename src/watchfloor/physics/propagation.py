"""The effective earth: refraction as a larger radius, the horizon, apparent elevation.

A ray in an atmosphere whose refractivity falls linearly with height is straight above an earth whose radius is
``k`` times larger, with ground distance and height kept. ``k = 4/3`` is the usual mean; against a ray trace in an
exponential atmosphere its height is 268 m low at 339 km and 0.5 degrees elevation, and worse higher up.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from watchfloor.base.units import BoolArray, FloatArray
from watchfloor.physics.frames import E2, SEMI_MAJOR_M

K_STANDARD = 4.0 / 3.0
"""Ratio of effective to true earth radius in the standard atmosphere (ITU-R P.310-10, 2019). [1]"""
MEAN_RADIUS_M = 6_371_008.8
"""Mean radius (2a + b) / 3 of the ellipsoid (Moritz, "Geodetic Reference System 1980", 2000). [m]"""


def effective_radius_m(gradient_n_per_km: ArrayLike, *, earth_radius_m: ArrayLike = MEAN_RADIUS_M) -> FloatArray:
    """Effective earth radius of a constant refractivity gradient.

    Parameters
    ----------
    gradient_n_per_km : array_like
        Change of refractivity with height, about -39 near the ground; above -157 (no duct). [N-units/km]
    earth_radius_m : array_like
        True radius of curvature. [m]

    Returns
    -------
    array
        Effective radius. [m]

    Raises
    ------
    ValueError
        If the gradient bends rays to the earth or more.

    References
    ----------
    ITU-R P.834-9, 2017, annex 1 (effective earth radius); Doviak & Zrnic, *Doppler Radar and Weather
    Observations*, 2nd ed., 1993, section 2.2.

    Examples
    --------
    >>> float(effective_radius_m(-39.0, earth_radius_m=6371e3).round(-2))
    8477400.0
    """
    radius = np.asarray(earth_radius_m, dtype=np.float64)
    bend = 1.0 + radius * np.asarray(gradient_n_per_km) * 1e-9
    if np.any(bend <= 0.0):
        raise ValueError(f"gradient_n_per_km {np.min(gradient_n_per_km):.4g} ducts: the effective radius is not finite")
    return radius / bend


def curvature_radius_m(lat_rad: ArrayLike, azimuth_rad: ArrayLike) -> FloatArray:
    """Radius of curvature of the ellipsoid's normal section (Euler's formula).

    Parameters
    ----------
    lat_rad, azimuth_rad : array_like
        Geodetic latitude; azimuth of the section, from north. [rad]

    Returns
    -------
    array
        Radius of curvature. [m]

    References
    ----------
    Torge & Mueller, *Geodesy*, 4th ed., 2012, section 4.1 (curvature of the rotational ellipsoid).
    """
    w2 = 1.0 - E2 * np.sin(lat_rad) ** 2
    normal = SEMI_MAJOR_M / np.sqrt(w2)
    meridian = normal * (1.0 - E2) / w2
    return 1.0 / (np.cos(azimuth_rad) ** 2 / meridian + np.sin(azimuth_rad) ** 2 / normal)


def horizon_m(
    height1_m: ArrayLike,
    height2_m: ArrayLike,
    k: float = K_STANDARD,
    earth_radius_m: ArrayLike = MEAN_RADIUS_M,
) -> FloatArray:
    """Longest ground distance at which two heights see each other over smooth earth.

    Parameters
    ----------
    height1_m, height2_m : array_like
        Heights above the ground, at least 0. [m]
    k : float
        Ratio of effective to true earth radius. [1]
    earth_radius_m : array_like
        True radius of curvature along the path, see `curvature_radius_m`. [m]

    Returns
    -------
    array
        Distance along the ground. [m]

    Raises
    ------
    ValueError
        If a height is negative.

    Notes
    -----
    Exact on the effective sphere, arc length ``k R (acos(kR/(kR+h1)) + acos(kR/(kR+h2)))``; the common
    ``sqrt(2kRh)`` is its first term. No diffraction.

    References
    ----------
    Skolnik, *Introduction to Radar Systems*, 3rd ed., 2001, ch. 8 (the first term).

    Examples
    --------
    >>> (horizon_m(0.0, [100.0, 1000.0]) / 1e3).round(1)
    array([ 41.2, 130.3])
    """
    radius = k * np.asarray(earth_radius_m, dtype=np.float64)
    h1, h2 = np.asarray(height1_m, dtype=np.float64), np.asarray(height2_m, dtype=np.float64)
    if not (np.all(h1 >= 0.0) and np.all(h2 >= 0.0)):
        raise ValueError("heights are above the ground, at least 0")
    return radius * (_dip(h1 / radius) + _dip(h2 / radius))


def visible(
    height1_m: ArrayLike,
    height2_m: ArrayLike,
    ground_distance_m: ArrayLike,
    *,
    k: float = K_STANDARD,
    earth_radius_m: ArrayLike = MEAN_RADIUS_M,
) -> BoolArray:
    """Whether two heights see each other over smooth earth; arguments and source as `horizon_m`.

    Returns
    -------
    bool array
        True up to the horizon.

    Notes
    -----
    With `curvature_radius_m` at one end this is right to 0.1 % of the distance up to 600 km, at any latitude and
    azimuth.
    """
    return np.asarray(ground_distance_m) <= horizon_m(height1_m, height2_m, k, earth_radius_m)


def apparent_elevation_rad(
    height1_m: ArrayLike,
    height2_m: ArrayLike,
    ground_distance_m: ArrayLike,
    *,
    k: float = K_STANDARD,
    earth_radius_m: ArrayLike = MEAN_RADIUS_M,
) -> FloatArray:
    """Elevation at which the refracted ray from ``height1_m`` to ``height2_m`` leaves.

    Parameters
    ----------
    height1_m, height2_m : array_like
        Heights above the ground. [m]
    ground_distance_m : array_like
        Distance along the ground. [m]
    k : float
        Ratio of effective to true earth radius; 1 gives the geometric elevation. [1]
    earth_radius_m : array_like
        True radius of curvature along the path. [m]

    Returns
    -------
    array
        Elevation above the local horizontal. [rad]

    References
    ----------
    Doviak & Zrnic, *Doppler Radar and Weather Observations*, 2nd ed., 1993, eq. 2.28 (height of the same ray).
    """
    radius = k * np.asarray(earth_radius_m, dtype=np.float64)
    phi = np.asarray(ground_distance_m) / radius
    h1, h2 = np.asarray(height1_m, dtype=np.float64), np.asarray(height2_m, dtype=np.float64)
    # y = (radius + h2) cos(phi) - (radius + h1), written without the cancellation
    y = h2 - h1 - 2.0 * (radius + h2) * np.sin(0.5 * phi) ** 2
    return np.arctan2(y, (radius + h2) * np.sin(phi))


def _dip(x: FloatArray) -> FloatArray:
    """acos(1 / (1 + x)), accurate for small x."""  # noqa: D403
    return np.arctan(np.sqrt(x * (2.0 + x)))
