"""Plain twins of ``watchfloor.physics._kernels``: slow, one target at a time or one term after another."""

from __future__ import annotations

import math

import numpy as np
from scipy import special

from watchfloor.physics import frames, propagation


def aspect(ecef_m, velocity_mps, observer_m, bank_rad):
    """One target, with the exact normal of the ellipsoid."""
    lat, lon, _ = frames.ecef_to_geodetic(ecef_m)
    east, north, up = frames.enu_rotation(lat, lon)
    speed = np.linalg.norm(velocity_mps)
    nose = velocity_mps / speed if speed > 0.0 else north
    right = np.cross(nose, up)
    right = right / np.linalg.norm(right) if np.linalg.norm(right) > 1e-3 else east
    roof = np.cross(right, nose)
    starboard = math.cos(bank_rad) * right - math.sin(bank_rad) * roof
    roof = math.cos(bank_rad) * roof + math.sin(bank_rad) * right
    to = (observer_m - ecef_m) / np.linalg.norm(observer_m - ecef_m)
    return math.atan2(to @ starboard, to @ nose), math.asin(np.clip(to @ roof, -1.0, 1.0))


def look(radar, place, ecef_m, velocity_mps, two_way_db, ground_alt_m):
    """One target, by geodetic height and the length of the geodesic; what `radar.look` finds on one sphere.

    Returns range, azimuth, elevation, apparent elevation, range rate, SNR of 1 m2, visible, and how far the ground
    distance lies inside the horizon.
    """
    slant, azimuth, elevation = (float(v) for v in frames.ecef_to_polar(ecef_m, place))
    lat, lon, alt = (float(v) for v in frames.ecef_to_geodetic(ecef_m))
    ground, _ = frames.geodesic(place.lat_rad, place.lon_rad, lat, lon)
    earth = propagation.curvature_radius_m(place.lat_rad, azimuth)
    h1, h2 = place.alt_m - ground_alt_m, alt - ground_alt_m
    ground = ground * (1.0 + ground_alt_m / earth)
    apparent = float(propagation.apparent_elevation_rad(h1, h2, ground, earth_radius_m=earth + ground_alt_m))
    inside = float(propagation.horizon_m(max(h1, 0.0), max(h2, 0.0), earth_radius_m=earth + ground_alt_m)) - ground
    seen = (
        inside >= 0.0
        and h2 >= 0.0
        and radar.range_min_m <= slant <= radar.range_max_m
        and radar.elevation_min_rad <= apparent <= radar.elevation_max_rad
    )
    rate = float(frames.range_rate(ecef_m, velocity_mps, place))
    snr = radar.snr_1m2_1m / slant**4 * 10.0 ** (-0.1 * two_way_db(slant, apparent)) if seen else 0.0
    return slant, azimuth, elevation, apparent, rate, snr, seen, inside


def two_way_db(table, grid, slant, elevation):
    """Bilinear look-up through ``np.interp``."""
    n_el, n_range = table.shape
    x = np.clip(slant * grid[0], 0.0, n_range - 1.0)
    y = np.clip((np.arcsinh(elevation / grid[1]) - grid[2]) * grid[3], 0.0, n_el - 1.0)
    along = np.array([np.interp(x, np.arange(n_range), row) for row in table])
    return float(np.interp(y, np.arange(n_el), along))


def pd(snr, threshold, n_pulses, swerling, n_terms=40000):
    """The sum of the module docstring of `detection`, term by term, every weight by its logarithm."""
    k = (np.inf, 1.0, n_pulses, 2.0, 2.0 * n_pulses)[swerling]
    mean = n_pulses * snr
    j = np.arange(n_terms, dtype=np.float64)
    if swerling == 0:
        log_w = special.xlogy(j, mean) - mean - special.gammaln(j + 1.0)
    else:
        log_w = special.gammaln(k + j) - special.gammaln(k) - special.gammaln(j + 1.0)
        log_w += special.xlogy(j, mean / (k + mean)) - k * np.log1p(mean / k)
    return float(np.exp(log_w) @ special.gammaincc(n_pulses + j, threshold))
