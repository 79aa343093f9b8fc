"""How far a site's radars reach: the horizontal distance at which one look detects, by azimuth and altitude."""

from __future__ import annotations

import numpy as np

from watchfloor.base.units import FloatArray
from watchfloor.physics.atmosphere import GasTable
from watchfloor.physics.detection import pd as probability_of_detection
from watchfloor.physics.environment import Environment, Targets
from watchfloor.physics.frames import Place, destination, geodetic_to_ecef
from watchfloor.physics.radar import Radar, look

STEP_M = 1000.0
"""Spacing of the distances tried; the edge is then found between two of them. [m]"""


def reach_m(
    radar: Radar,
    place: Place,
    *,
    sigma_m2: float,
    swerling: int,
    azimuth_rad: FloatArray,
    alt_m: float,
    ground_alt_m: float,
    gas: GasTable | None = None,
    level: float = 0.5,
) -> FloatArray:
    """Farthest ground distance at which one look detects a target with probability ``level``, by azimuth.

    Parameters
    ----------
    radar : Radar
        The radar.
    place : Place
        Its antenna.
    sigma_m2 : float
        Mean cross-section of the target. [m2]
    swerling : int
        How it fluctuates, 0 to 4.
    azimuth_rad : (a,) array
        Directions asked about, clockwise from true north. [rad]
    alt_m : float
        Altitude of the target above the ellipsoid. [m]
    ground_alt_m : float
        Height of the smooth ground above the ellipsoid, for the horizon. [m]
    gas : GasTable, optional
        Loss in the atmosphere.
    level : float
        Probability of detection at the edge. [1]

    Returns
    -------
    (a,) array
        Distance along the ellipsoid; 0 where it is detected nowhere. [m]

    Notes
    -----
    A smooth earth: no terrain, no lobes. Where the edge is set by the range equation it is interpolated between
    distances ``STEP_M`` apart; where the horizon sets it, it is the last distance that is visible.
    """
    distance_m = np.arange(STEP_M, radar.range_max_m + STEP_M, STEP_M)
    lat, lon = destination(place.lat_rad, place.lon_rad, azimuth_rad[:, None], distance_m[None, :])
    ecef_m = geodetic_to_ecef(lat, lon, np.full(lat.shape, alt_m)).reshape(-1, 3)
    seen = look(
        radar,
        Targets(ecef_m=ecef_m, velocity_ecef_mps=np.zeros_like(ecef_m)),
        Environment(place=place, ground_alt_m=ground_alt_m, gas=gas),
    )
    p = np.zeros(len(ecef_m))
    there = seen.visible
    p[there] = probability_of_detection(
        seen.snr_1m2[there] * sigma_m2, radar.pfa, n_pulses=radar.n_pulses, swerling=swerling
    )
    return _edge(p.reshape(lat.shape), distance_m, level)


def _edge(p: FloatArray, distance_m: FloatArray, level: float) -> FloatArray:
    """Last distance at which rows of ``p`` (a, d) reach ``level``, straight between neighbours; 0 if none. [m]"""
    above = p >= level
    last = above.shape[1] - 1 - above[:, ::-1].argmax(axis=1)
    after = np.minimum(last + 1, above.shape[1] - 1)
    rows = np.arange(len(p))
    here, there = p[rows, last], p[rows, after]
    smooth = (after > last) & (there > 0.0)  # zero is beyond the horizon or the instrumented range, not a fading echo
    share = np.where(smooth, (here - level) / np.maximum(here - there, 1e-12), 0.0)
    return np.where(above.any(axis=1), distance_m[last] + share * (distance_m[after] - distance_m[last]), 0.0)
