"""Where a target was, by the plots before and after: fixed-interval smoothing of one trajectory."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from watchfloor.base.columns import Columns
from watchfloor.base.errors import NumericsError
from watchfloor.base.units import FloatArray, IntArray
from watchfloor.physics.frames import Place
from watchfloor.track._kernels import gnn, measure
from watchfloor.track._kernels import smooth as k
from watchfloor.track.motion import MotionConfig, initial_shares, model_table, sojourns_s

_DOUBT = 1e4
"""Variance of the backward filter's start over that of the forward filter's end."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Smoothed(Columns):
    """One trajectory, smoothed and as filtered on the way; one row a plot or a time asked for, in order of time."""

    t_s: FloatArray
    """(n,) time. [s]"""
    plot: IntArray
    """(n,) row of the plot among those given; -1 at a time asked for."""
    state: FloatArray
    """(n, nx) smoothed position, velocity [, acceleration [, turn rate]]. [m, m/s, m/s2, rad/s]"""
    cov: FloatArray
    """(n, nx, nx) its covariance."""
    shares: FloatArray
    """(n, M) smoothed probability of each model. [1]"""
    filtered: FloatArray
    """(n, nx) state by the plots until then only."""
    filtered_cov: FloatArray
    """(n, nx, nx) its covariance."""
    filtered_shares: FloatArray
    """(n, M) probability of each model by the plots until then only. [1]"""
    log_likelihood: FloatArray
    """(n,) log density of the plot by those before it; 0 where there is none to judge. [ln]"""


def smooth(
    t_s: FloatArray,
    sensor: IntArray,
    measurement: FloatArray,
    cov: FloatArray,
    *,
    sensors: Sequence[Place] | FloatArray,
    motion: MotionConfig,
    at_s: FloatArray | None = None,
    start: tuple[FloatArray, FloatArray] | None = None,
    flat: bool = False,
    altitude_m: float = 8000.0,
    altitude_sd_m: float = 4000.0,
    speed_sd_mps: float = 200.0,
    climb_sd_mps: float = 25.0,
) -> Smoothed:
    r"""Smooth the plots of one target.

    Parameters
    ----------
    t_s : (n,) array
        Times of the plots, in any order; at least one. [s]
    sensor : (n,) array of int
        Row in ``sensors`` of each.
    measurement : (n, 4) array
        Range, azimuth, elevation, range rate; NaN where not measured. [m, rad, rad, m/s]
    cov : (n, 4, 4) array
        Error covariance of ``measurement``; what belongs to components not measured is not read.
    sensors : sequence of Place, or (s, columns) array
        Where the sensors stand; or their rows as the kernels read them (a flat frame, Cartesian measurements).
    motion : MotionConfig
        How the target moves: one model, or several (IMM).
    at_s : (m,) array, optional
        Further times at which the trajectory is wanted; between plots, before the first or after the last. [s]
    start : tuple of (nx,) and (nx, nx) arrays, optional
        State at the earliest plot before that plot is used, and its covariance. Left out, the earliest plot starts the
        track, which needs range and azimuth; what it does not tell comes from the four numbers below.
    flat : bool
        Whether the frame is flat (x east, y north, z up) instead of ECEF.
    altitude_m, altitude_sd_m : float
        Height expected where nothing measures it, and its 1-sigma: a track never doubts its own by more. Infinite
        ``altitude_sd_m`` lifts the bound (``start`` is then needed if elevation is not measured). [m]
    speed_sd_mps, climb_sd_mps : float
        1-sigma of each horizontal component of an unseen target's velocity, and of its climb. [m/s]

    Returns
    -------
    Smoothed
        One row a plot and a time asked for.

    Raises
    ------
    ValueError
        If the tables do not fit, there is no plot, a time is not finite, or no plot can start the track.
    NumericsError
        If a plot's covariance is not positive definite where measured; names the plot's row.

    Notes
    -----
    Two IMMs of extended Kalman filters, one forward over all plots until a time, one backward over all plots after it;
    under each model their Gaussians are fused, and the models are weighed by both filters' weights and by how well the
    two agree (Helmick, Blair and Hoffman, here with the backward states mixed as likelihoods, and paired model by
    model). The backward filter starts from the forward one's last state with 10,000 times its covariance: with one
    linear model the outcome is that of Rauch, Tung and Striebel to one part in ten thousand of the information. Where
    nothing measures height, its prior bounds the backward filter three times as loosely, so as to count little twice.
    Each time asked for between plots adds one more mixing of the models, which moves the rest by little. Before the
    first plot the smoothed state is moved back, with noise; there ``filtered`` is the same.

    References
    ----------
    Helmick, Blair & Hoffman, "Fixed-interval smoothing for Markovian switching systems", *IEEE Trans. Information
    Theory* 41 (6), 1995, pp. 1845-1855. Fraser & Potter, "The optimum linear smoother as a combination of two optimum
    linear filters", *IEEE Trans. AC* 14 (4), 1969, pp. 387-390. Rauch, Tung & Striebel, "Maximum likelihood estimates
    of linear dynamic systems", *AIAA Journal* 3 (8), 1965, pp. 1445-1450.

    Examples
    --------
    >>> place = Place.from_degrees(48.0, 12.0, 500.0)
    >>> t = np.arange(0.0, 50.0, 10.0)
    >>> z = np.stack([50e3 - 200.0 * t, np.full(5, 1.0), np.full(5, 0.15), np.full(5, -200.0)], axis=1)
    >>> r = np.broadcast_to(np.diag([50.0, 0.002, 0.003, 2.0]) ** 2, (5, 4, 4))
    >>> flown = smooth(t, np.zeros(5, int), z, r, sensors=[place], motion=MotionConfig(), at_s=np.array([15.0]))
    >>> flown.plot
    array([ 0,  1, -1,  2,  3,  4])
    >>> bool(np.all(np.linalg.det(flown.cov) <= np.linalg.det(flown.filtered_cov)))
    True
    """
    times, rows = np.asarray(t_s, np.float64), np.asarray(sensor, np.int64)
    z, r = np.asarray(measurement, np.float64), np.asarray(cov, np.float64)
    n = len(times)
    if times.ndim != 1 or n == 0:
        raise ValueError(f"t_s must hold at least one time, got shape {times.shape}")
    if rows.shape != (n,) or z.shape != (n, 4) or r.shape != (n, 4, 4):
        raise ValueError(
            f"t_s has {n} plots: wanted sensor (n,), measurement (n, 4), cov (n, 4, 4), "
            f"got {rows.shape}, {z.shape}, {r.shape}"
        )
    asked = np.empty(0) if at_s is None else np.atleast_1d(np.asarray(at_s, np.float64))
    if not (np.isfinite(times).all() and np.isfinite(asked).all()):
        raise ValueError("t_s and at_s must be finite")
    if np.isinf(z).any():
        raise ValueError(f"measurement of row {int(np.isinf(z).any(axis=1).argmax())} is infinite; NaN is not measured")
    table = _table(sensors, flat=flat)
    if rows.min() < 0 or rows.max() >= len(table):
        raise ValueError(
            f"sensor names row {int(rows.min() if rows.min() < 0 else rows.max())} of {len(table)} sensors"
        )
    models, nx = model_table(motion)
    early, late = np.sort(asked[asked < times.min()]), asked[asked >= times.min()]
    at, plot = np.concatenate([times, late]), np.concatenate([np.arange(n), np.full(len(late), -1)])
    order = np.lexsort((plot < 0, at))
    at, plot = at[order], plot[order]
    count, m, seen = len(at), len(models), plot >= 0
    all_z, all_r, all_rows = np.full((count, 4), np.nan), np.zeros((count, 4, 4)), np.zeros(count, np.int64)
    all_z[seen], all_r[seen], all_rows[seen] = z[plot[seen]], r[plot[seen]], rows[plot[seen]]
    x, p, weight = np.zeros((count, m, nx)), np.zeros((count, m, nx, nx)), np.zeros((count, m))
    mean, spread, log = np.empty((count, nx)), np.empty((count, nx, nx)), np.empty(count)
    weight[0] = initial_shares(motion)
    skip = ~seen
    if start is not None:
        x[0], p[0] = _checked(start, nx)
    else:
        skip[0] = True
        prior = (altitude_m, altitude_sd_m if math.isfinite(altitude_sd_m) else 1e5, speed_sd_mps, climb_sd_mps)
        if not measure.start(x[0, 0], p[0, 0], all_z[0], all_r[0], table[all_rows[0]], *prior):
            raise ValueError(f"the earliest plot (row {plot[0]}) has not both range and azimuth: give start")
        for a in range(6, nx):
            p[0, 0, a, a] = models[0, k.ACC_SD if a < 9 else k.RATE_SD] ** 2
        x[0, 1:], p[0, 1:] = x[0, 0], p[0, 0]
    height = np.array([altitude_m, altitude_sd_m, climb_sd_mps])
    sojourn = sojourns_s(motion)
    given = (at, all_rows, all_z, all_r)
    done = k.forward(*given, skip, table, flat, models, sojourn, height, x, p, weight, mean, spread, log)
    if done < count:
        raise NumericsError(f"cov of row {plot[done]} is not positive definite where measured")
    filtered, filtered_cov, filtered_shares = mean.copy(), spread.copy(), weight.copy()
    failed = k.backward(*given, ~seen, table, flat, models, sojourn, height, _DOUBT, x, p, weight, mean, spread)
    if failed >= 0:
        raise NumericsError(
            f"the predicted covariance after t_s {at[failed]:g} is not positive definite: start or noise?"
        )
    before = np.empty((len(early), nx)), np.empty((len(early), nx, nx)), np.empty((len(early), m))
    k.outward(early, at[0], flat, models, sojourn, x[0], p[0], weight[0], *before)
    return Smoothed(
        t_s=np.concatenate([early, at]),
        plot=np.concatenate([np.full(len(early), -1), plot]),
        state=np.concatenate([before[0], mean]),
        cov=np.concatenate([before[1], spread]),
        shares=np.concatenate([before[2], weight]),
        filtered=np.concatenate([before[0], filtered]),
        filtered_cov=np.concatenate([before[1], filtered_cov]),
        filtered_shares=np.concatenate([before[2], filtered_shares]),
        log_likelihood=np.concatenate([np.zeros(len(early)), log]),
    )


def _checked(start: tuple[FloatArray, FloatArray], nx: int) -> tuple[FloatArray, FloatArray]:
    """Return the start as float arrays of the right shape."""
    x, p = np.asarray(start[0], np.float64), np.asarray(start[1], np.float64)
    if x.shape != (nx,) or p.shape != (nx, nx):
        raise ValueError(f"start must be ({nx},) and ({nx}, {nx}) for these models, got {x.shape} and {p.shape}")
    if not (np.isfinite(x).all() and np.isfinite(p).all()):
        raise ValueError("start must be finite")
    return x, p


def _table(sensors: Sequence[Place] | FloatArray, *, flat: bool) -> FloatArray:
    """Return the sensors as the kernels read them."""
    if isinstance(sensors, np.ndarray):
        if sensors.ndim != 2 or sensors.shape[1] != measure.N_COLUMNS:
            raise ValueError(f"sensors must be (s, {measure.N_COLUMNS}), got {sensors.shape}")
        return np.ascontiguousarray(sensors, np.float64)
    if flat:
        raise ValueError("a flat frame has no Place: give sensors as rows of a table")
    table = np.zeros((len(sensors), measure.N_COLUMNS))
    for row, place in zip(table, sensors, strict=True):
        row[gnn.ECEF : gnn.ECEF + 3] = place.ecef_m
        row[gnn.ROT : gnn.ROT + 9] = place.rotation.ravel()
    return table
