"""What a turning radar declares below its usual threshold, in a part of its coverage."""

from __future__ import annotations

from math import pi, radians

import numpy as np
from pydantic import Field, PositiveFloat

from watchfloor.base.config import Config
from watchfloor.base.units import BoolArray, FloatArray
from watchfloor.physics.detection import threshold
from watchfloor.physics.low_level import LowLevel
from watchfloor.physics.radar import Radar
from watchfloor.sensor.receiver import TWO_PI, Receiver, Rows


class LowLevelConfig(Config):
    """A second, lower threshold in a part of the coverage; what crosses only it are weak plots."""

    pfa: float = Field(default=1e-3, gt=0.0, le=0.1)
    """Probability of false alarm a cell, above the radar's own. [1]"""
    azimuth_from_deg: float = Field(default=0.0, ge=-360.0, le=360.0)
    """Where the sector begins, clockwise from true north. [deg]"""
    azimuth_to_deg: float = Field(default=360.0, ge=-360.0, le=720.0)
    """Where it ends, clockwise from there. [deg]"""
    range_from_km: PositiveFloat | None = None
    """Nearest range; the radar's own when left out. [km]"""
    range_to_km: PositiveFloat | None = None
    """Farthest range; the radar's own when left out. [km]"""


def low_level_of(config: LowLevelConfig, radar: Radar) -> LowLevel:
    """Return where and how low the second threshold of a radar lies.

    Raises
    ------
    ValueError
        If it does not fit the radar.
    """
    width_deg = (config.azimuth_to_deg - config.azimuth_from_deg) % 360.0 or 360.0
    first_m, last_m = config.range_from_km, config.range_to_km
    return LowLevel(
        pfa=config.pfa,
        azimuth_first_rad=radians(config.azimuth_from_deg),
        azimuth_width_rad=min(radians(width_deg), 2.0 * pi),
        range_min_m=radar.range_min_m if first_m is None else max(1e3 * first_m, radar.range_min_m),
        range_max_m=radar.range_max_m if last_m is None else min(1e3 * last_m, radar.range_max_m),
    ).checked(radar)


def lowered(low: LowLevel, polar: FloatArray, pfa: FloatArray | None, base: float) -> FloatArray:
    """Probability of false alarm in force at places (n, 4), at least ``pfa`` (n,) or, for None, ``base``; (n,). [1]"""  # noqa: D400, D415
    usual = np.full(len(polar), base) if pfa is None else pfa
    return np.where(low.holds(polar[:, 0], polar[:, 1]), np.maximum(usual, low.pfa), usual)


def named(rows: Rows, usual: FloatArray | None, receiver: Receiver) -> Rows:
    """Rows whose ``pfa`` is ``usual`` (m,), the radar's own for None, where they crossed that threshold too.

    A CFAR's threshold is taken at its mean.
    """
    n = receiver.radar.n_pulses
    own = np.full(len(rows.t_s), receiver.radar.pfa) if usual is None else usual
    return rows._replace(pfa=np.where(rows.power * n >= threshold(own, n), own, rows.pfa))


def weak_noise(
    receiver: Receiver, low: LowLevel, since_s: float, until_s: float, phase_turns: float, rng: np.random.Generator
) -> Rows:
    """Noise that crosses the low threshold only; a gate that lies in the sector adds its own.

    Parameters
    ----------
    receiver : Receiver
        The radar's receiver.
    low : LowLevel
        Threshold and sector.
    since_s, until_s : float
        The tick. [s]
    phase_turns : float
        Azimuth of the beam at time 0. [turns]
    rng : numpy.random.Generator
        Source of the noise.
    """
    radar = receiver.radar
    everywhere = low.n_cells(radar) * radar.scan.azimuth_width_rad / low.azimuth_width_rad
    turns = (until_s - since_s) / radar.period_s
    n = int(rng.poisson(everywhere * (low.pfa - radar.pfa) * turns))
    u = rng.random((n, 5))
    t = since_s + (until_s - since_s) * u[:, 0]
    polar = np.empty((n, 4))
    polar[:, 0] = low.range_min_m + (low.range_max_m - low.range_min_m) * u[:, 1]
    polar[:, 1] = TWO_PI * (t / radar.period_s + phase_turns) % TWO_PI
    polar[:, 2] = radar.elevation_min_rad + (radar.elevation_max_rad - radar.elevation_min_rad) * u[:, 2]
    polar[:, 3] = radar.range_rate_max_mps * (2.0 * u[:, 3] - 1.0)
    inside = np.flatnonzero(low.holds(polar[:, 0], polar[:, 1]))
    power = receiver.noise_power(radar.pfa + (low.pfa - radar.pfa) * u[inside, 4])
    t, polar = t[inside], polar[inside]
    keep = _alone(t, polar, power, receiver.cell, 0.5 * radar.period_s)
    k = int(np.count_nonzero(keep))
    return Rows(t[keep], polar[keep], np.zeros((k, 4)), power[keep], np.full(k, low.pfa), np.full(k, -1))


def _alone(t: FloatArray, polar: FloatArray, power: FloatArray, cell: FloatArray, apart_s: float) -> BoolArray:
    """Mark the strongest of noise that lies within one cell (n,): what one cell holds is one plot, of its own power."""
    order = np.argsort(polar[:, 0])
    keep = np.ones(len(t), np.bool_)
    for ahead in range(1, len(t)):
        i, j = order[:-ahead], order[ahead:]
        close = np.flatnonzero(polar[j, 0] - polar[i, 0] < cell[0])
        if not len(close):
            break
        i, j = i[close], j[close]
        off = np.abs(polar[j] - polar[i])
        off[:, 1] = np.minimum(off[:, 1], TWO_PI - off[:, 1])
        same = (off[:, 1:] < cell[1:]).all(axis=1) & (np.abs(t[j] - t[i]) < apart_s)
        keep[np.where(power[i] < power[j], i, j)[same]] = False
    return keep
