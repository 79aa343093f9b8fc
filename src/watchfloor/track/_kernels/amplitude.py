"""Compiled loops of the amplitude feature; plain twins in ``tests/plain/amplitudes.py``.

Powers are those of ``Plots.snr_db``: mean of the ``n`` added pulses over the mean noise, signal and noise together, so
the detector's statistic is ``n 10^(snr_db / 10)``. A level is a median signal-to-noise ratio in decibels, known to a
standard deviation, its *doubt*.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from watchfloor.base.units import BoolArray, FloatArray, IntArray
from watchfloor.physics._kernels.detection import miss_scalar, statistic_log_pdf_scalar

_PER_DB = 0.1 * math.log(10.0)
# axes of the table of log densities: plot power, level, doubt
PLOT_FIRST_DB, LEVEL_FIRST_DB, STEP_DB, DOUBT_FIRST_DB, DOUBT_STEP_DB = -15.0, -20.0, 0.5, 1.0, 1.0
_OTHER_NATS = 6.0 * math.log(10.0)  # 60 dB
_FEW, _MANY = 25, 161  # nodes of an update, where one look is broad in decibels and where it is sharp
_NEGLIGIBLE = 0.01  # a chance below it teaches nothing
_REACH = 4.0  # standard deviations that an update looks out to


@njit(cache=True, error_model="numpy")
def density_rows(power: FloatArray, snr: FloatArray, n: int, swerling: int) -> FloatArray:
    """Log density of the statistic n power at a mean snr, (powers, snrs)."""
    out = np.empty((power.shape[0], snr.shape[0]))
    for i in range(power.shape[0]):
        for j in range(snr.shape[0]):
            out[i, j] = statistic_log_pdf_scalar(n * power[i], snr[j], n, swerling)
    return out


@njit(cache=True, error_model="numpy")
def log_density(plot_db: float, level_db: float, doubt_db: float, table: FloatArray) -> float:
    """Log density of the statistic, the level averaged over its doubt; read from a table (plots, levels, doubts)."""
    n_plot, n_level, n_doubt = table.shape
    shift = plot_db - (PLOT_FIRST_DB + (n_plot - 1) * STEP_DB)
    extra = 0.0
    if shift > 0.0:  # far above the noise only power over signal matters; the density falls as the power grows
        plot_db -= shift
        level_db -= shift
        extra = -shift * _PER_DB
    x = min(max((plot_db - PLOT_FIRST_DB) / STEP_DB, 0.0), n_plot - 1.0)
    y = min(max((level_db - LEVEL_FIRST_DB) / STEP_DB, 0.0), n_level - 1.0)
    z = min(max((doubt_db - DOUBT_FIRST_DB) / DOUBT_STEP_DB, 0.0), n_doubt - 1.0)
    i, j, k = min(int(x), n_plot - 2), min(int(y), n_level - 2), min(int(z), n_doubt - 2)
    fx, fy, fz = x - i, y - j, z - k
    out = 0.0
    for a in range(2):
        wa = fx if a == 1 else 1.0 - fx
        for b in range(2):
            wb = fy if b == 1 else 1.0 - fy
            out += wa * wb * ((1.0 - fz) * table[i + a, j + b, k] + fz * table[i + a, j + b, k + 1])
    return out + extra


@njit(cache=True, error_model="numpy")
def log_ratio_one(
    plot_db: float, level_db: float, doubt_db: float, pd: float, pfa: float, n: int, p_other: float, table: FloatArray
) -> float:
    """Log of p(power | target, detected) over p(power | noise, detected); 0 without a power, a level or a threshold.

    pd is that of the same level and doubt, pfa that of the threshold crossed; with probability ``p_other`` a plot of
    either kind follows no law: even in decibels over `_OTHER_NATS`. A level of inf is one that nothing is known of: its
    powers follow no law.
    """
    if not math.isfinite(plot_db) or math.isnan(level_db) or not 0.0 < pfa <= 1.0:
        return 0.0
    z = n * math.exp(_PER_DB * plot_db)
    noise = -z - math.log(pfa)
    if n > 1:
        noise += (n - 1.0) * math.log(z) - math.lgamma(float(n))
    if level_db == math.inf:
        other = 1.0 / (z * _OTHER_NATS)
        return math.log(other) - math.log((1.0 - p_other) * math.exp(min(noise, 700.0)) + p_other * other)
    target = log_density(plot_db, level_db, doubt_db, table) - math.log(max(pd, 1e-12))
    if p_other <= 0.0:
        return target - noise
    other = p_other / ((1.0 - p_other) * z * _OTHER_NATS)
    return math.log(math.exp(min(target, 700.0)) + other) - math.log(math.exp(min(noise, 700.0)) + other)


@njit(cache=True, error_model="numpy")
def log_ratio_rows(
    plot_db: FloatArray,
    level_db: FloatArray,
    doubt_db: FloatArray,
    pd: FloatArray,
    pfa: FloatArray,
    n: int,
    p_other: float,
    table: FloatArray,
) -> FloatArray:
    """`log_ratio_one` of m pairs, (m,)."""
    out = np.empty(plot_db.shape[0])
    for i in range(plot_db.shape[0]):
        out[i] = log_ratio_one(plot_db[i], level_db[i], doubt_db[i], pd[i], pfa[i], n, p_other, table)
    return out


@njit(cache=True, error_model="numpy")
def said_rows(
    number: IntArray,
    sensor: int,
    early: BoolArray,
    before_track: IntArray,
    before_sensor: IntArray,
    before: FloatArray,
    track: IntArray,
    sensors: IntArray,
    now: FloatArray,
    limits: FloatArray,
    part: FloatArray,
    level_db: FloatArray,
    doubt_db: FloatArray,
) -> None:
    """Put what tasks say of the echoes of n tracks into ``level_db`` and ``doubt_db``; else leave these.

    early (n,): tracks to which the tasks of before apply. Tasks are sorted by track; before, now (tasks, 3): ratio, its
    standard deviation [dB], fluctuation law; NaN where nothing is said. A doubt is kept within limits (2,), and moved
    by part (5,) to the part of the table that holds its law.
    """
    for i in range(number.shape[0]):
        keys, rows, said = (before_track, before_sensor, before) if early[i] else (track, sensors, now)
        at = np.searchsorted(keys, number[i])
        while at < keys.shape[0] and keys[at] == number[i]:
            if rows[at] == sensor:
                if math.isfinite(said[at, 0]) and math.isfinite(said[at, 1]):
                    level_db[i] = said[at, 0]
                    doubt_db[i] = min(max(said[at, 1], limits[0]), limits[1]) + part[int(said[at, 2])]
                break
            at += 1


@njit(cache=True, error_model="numpy")
def _learn_exponential(
    level_db: float, doubt_db: float, gain_db: float, z: float, p_hit: float, threshold: float
) -> tuple[float, float]:
    """`learn_one` where the statistic is exponential (one pulse of Swerling 1 or 2), one exponential a node and event.

    NaN for a doubt where the plot is out of the question for all nodes.
    """
    step = 2.0 * _REACH / (_FEW - 1)
    snr = math.exp(_PER_DB * (level_db - doubt_db * _REACH + gain_db))
    grows = math.exp(_PER_DB * doubt_db * step)
    # the normal weights, each from the one before
    w, turn, bend = (
        math.exp(-0.5 * _REACH * _REACH),
        math.exp(_REACH * step - 0.5 * step * step),
        math.exp(-step * step),
    )
    hit0, hit1, hit2, miss0, miss1, miss2 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for a in range(_FEW):
        t = a * step - _REACH
        inverse = 1.0 / (1.0 + snr)
        if p_hit >= _NEGLIGIBLE:
            e = w * z * inverse * math.exp(1.0 - z * inverse)  # at most w
            hit0 += e
            hit1 += e * t
            hit2 += e * t * t
        if p_hit <= 1.0 - _NEGLIGIBLE:
            e = -w * math.expm1(-threshold * inverse)
            miss0 += e
            miss1 += e * t
            miss2 += e * t * t
        snr *= grows
        w *= turn
        turn *= bend
    mean, square, total = 0.0, 0.0, 0.0
    if p_hit >= _NEGLIGIBLE:
        if hit0 < 1e-250:
            return level_db, math.nan
        mean, square, total = p_hit * hit1 / hit0, p_hit * hit2 / hit0, p_hit
    if p_hit <= 1.0 - _NEGLIGIBLE:
        q = 1.0 - p_hit
        mean, square, total = mean + q * miss1 / miss0, square + q * miss2 / miss0, total + q
    mean, square = mean / total, square / total
    return level_db + doubt_db * mean, doubt_db * math.sqrt(max(square - mean * mean, 1e-6))


@njit(cache=True, error_model="numpy")
def learn_one(
    level_db: float,
    doubt_db: float,
    gain_db: float,
    plot_db: float,
    p_hit: float,
    threshold: float,
    n: int,
    swerling: int,
) -> tuple[float, float]:
    """Level and doubt after one look, by the moments of the exact posterior.

    level_db of the cross-section and gain_db, the signal-to-noise ratio of 1 m2, add; with probability ``p_hit`` the
    look gave a plot of power ``plot_db``, else nothing above ``threshold``.
    """
    if n == 1 and (swerling == 1 or swerling == 2):
        z = math.exp(_PER_DB * plot_db) if p_hit >= _NEGLIGIBLE else 0.0
        level, doubt = _learn_exponential(level_db, doubt_db, gain_db, z, p_hit, threshold)
        if not math.isnan(doubt):
            return level, doubt
    mean, square, total = 0.0, 0.0, 0.0
    broad = swerling == 1 or swerling == 3 or (swerling > 0 and n < 4)
    nodes = _FEW if broad else _MANY
    step = 2.0 * _REACH / (nodes - 1)
    for hit in range(2):
        share = p_hit if hit == 1 else 1.0 - p_hit
        if share < _NEGLIGIBLE:
            continue
        total += share
        z = n * math.exp(_PER_DB * plot_db) if hit == 1 else 0.0
        top, w, wx, wxx = -math.inf, 0.0, 0.0, 0.0
        for a in range(nodes):
            t = -_REACH + a * step
            snr = math.exp(_PER_DB * (level_db + doubt_db * t + gain_db))
            if hit == 1:
                log_l = statistic_log_pdf_scalar(z, snr, n, swerling)
            else:
                log_l = math.log(max(miss_scalar(snr, threshold, n, swerling), 1e-300))
            log_l -= 0.5 * t * t
            if log_l > top:  # keep the sums scaled by the largest term so far
                shrink = math.exp(top - log_l)
                w, wx, wxx, top = w * shrink, wx * shrink, wxx * shrink, log_l
            e = math.exp(log_l - top)
            w += e
            wx += e * t
            wxx += e * t * t
        mean += share * wx / w
        square += share * wxx / w
    mean, square = mean / total, square / total
    sd = math.sqrt(max(square - mean * mean, 1e-6))
    return level_db + doubt_db * mean, doubt_db * sd


@njit(cache=True, error_model="numpy")
def learn_rows(
    level_db: FloatArray,
    doubt_db: FloatArray,
    gain_db: FloatArray,
    plot_db: FloatArray,
    p_hit: FloatArray,
    threshold: FloatArray,
    numbers: FloatArray,
    n: int,
    swerling: int,
) -> None:
    """`learn_one` of n tracks, in place, then doubt grows a little.

    plot_db NaN for a miss; a look that could not see (gain_db not finite) teaches nothing. numbers (3,): growth of the
    doubt a look, least and greatest doubt [dB].
    """
    for i in range(level_db.shape[0]):
        level, doubt = level_db[i], doubt_db[i]
        if math.isfinite(gain_db[i]):
            p = 0.0 if math.isnan(plot_db[i]) else p_hit[i]
            level, doubt = learn_one(level, doubt, gain_db[i], plot_db[i], p, threshold[i], n, swerling)
        doubt = math.sqrt(doubt * doubt + numbers[0] * numbers[0])
        level_db[i], doubt_db[i] = level, min(max(doubt, numbers[1]), numbers[2])
