"""Compiled loops of track-before-detect; plain twin in ``tests/plain/before_detect.py``.

Plots lie end to end, scan by scan, by range in each: ``z``, ``var`` (p, 4) range, azimuth, elevation, range rate, NaN
where not measured; ``t`` (p,); ``amp`` (p, levels) log-likelihood ratios of their powers.

A state is a pair of plots that a path took one after the other; those whose newer plot is p are the rows
``first[p]`` to ``first[p + 1]`` of ``tail`` (the older plot), ``score`` and ``back`` (states, scans, levels): best sum
of a path that began so many scans ago, and the state before, -1 for a path of these two alone, -2 for none.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from watchfloor.base.units import BoolArray, FloatArray, IntArray

SPEED, MANOEUVRE, CLIMB, RATE_SPAN, RATE_FOLD, LOG_CELL, GATE2, N_NUMBERS = range(8)
"""Numbers: greatest speed, manoeuvre, climb; span of the range rates of noise, interval in which rates repeat (0 where
they do not); log of the volume of a cell; squared gate a component. [m/s, m/s2, m/s, m/s, m/s, 1, 1]"""
_TWO_PI = 2.0 * math.pi
_LOG_TWO_PI = math.log(2.0 * math.pi)
NONE = -math.inf


@njit(cache=True, error_model="numpy")
def _normal(off: float, s: float) -> float:
    """Log density of a normal law."""
    return -0.5 * (off * off / s + math.log(s) + _LOG_TWO_PI)


@njit(cache=True, error_model="numpy")
def _around(angle: float) -> float:
    return angle - _TWO_PI * math.floor(angle / _TWO_PI + 0.5)


@njit(cache=True, error_model="numpy")
def _same(z: FloatArray, var: FloatArray, i: int, h: int, dt: float, numbers: FloatArray) -> float:
    """Log density of elevation and range rate of plot h after plot i, -inf outside the gate."""
    out = 0.0
    gate2 = numbers[GATE2]
    if not math.isnan(z[h, 2]) and not math.isnan(z[i, 2]):
        climb = numbers[CLIMB] * dt / z[h, 0]
        s = var[i, 2] + var[h, 2] + climb * climb
        off = z[h, 2] - z[i, 2] * z[i, 0] / z[h, 0]
        if off * off > gate2 * s:
            return NONE
        out += _normal(off, s)
    if not math.isnan(z[h, 3]):
        off, s = _rate(z[h, 3], var[h, 3], z, var, i, h, dt, numbers)
        if off * off > gate2 * s:
            return NONE
        out += _normal(off, s)
    return out


@njit(cache=True, error_model="numpy")
def _rate(
    rate: float, var_rate: float, z: FloatArray, var: FloatArray, i: int, h: int, dt: float, numbers: FloatArray
) -> tuple[float, float]:
    """Difference of a range rate to that of two plots, folded, and its variance."""
    off = rate - (z[h, 0] - z[i, 0]) / dt
    if numbers[RATE_FOLD] > 0.0:
        off -= numbers[RATE_FOLD] * math.floor(off / numbers[RATE_FOLD] + 0.5)
    half = 0.5 * numbers[MANOEUVRE] * dt
    return off, var_rate + (var[i, 0] + var[h, 0]) / (dt * dt) + half * half


@njit(cache=True, error_model="numpy")
def second(z: FloatArray, var: FloatArray, i: int, h: int, dt: float, numbers: FloatArray) -> float:
    """Log of the density of plot h after i, times the volume of a cell; -inf where no target goes."""
    reach, gate2 = numbers[SPEED] * dt, numbers[GATE2]
    off = z[h, 0] - z[i, 0]
    s = var[i, 0] + var[h, 0]
    over = abs(off) - reach
    if over > 0.0 and over * over > gate2 * s:
        return NONE
    r = 0.5 * (z[i, 0] + z[h, 0])
    off_az = _around(z[h, 1] - z[i, 1])
    s_az = var[i, 1] + var[h, 1]
    over = abs(off_az) - reach / r
    if over > 0.0 and over * over > gate2 * s_az:
        return NONE
    rest = _same(z, var, i, h, dt, numbers)
    if rest == NONE:
        return NONE
    if not math.isnan(z[i, 3]):  # what the older one's range rate says of the range
        off_rate, s_rate = _rate(z[i, 3], var[i, 3], z, var, i, h, dt, numbers)
        if off_rate * off_rate > gate2 * s_rate:
            return NONE
        rest += _normal(off_rate, s_rate) + math.log(numbers[RATE_SPAN])
    w2 = reach * reach / 3.0
    return numbers[LOG_CELL] + rest + _normal(off, s + w2) + _normal(off_az, s_az + w2 / (r * r))


@njit(cache=True, error_model="numpy")
def _third(
    off1: float, off2: float, vj: float, vi: float, vh: float, dt1: float, dt: float, w2: float, q: float,
    gate2: float,
) -> float:  # fmt: skip
    """Log density of a component of plot h after j and i; a Kalman filter of two plots and a speed of variance w2.

    off1: i less j; off2: h less i.
    """
    wide = vj + w2 * dt1 * dt1
    d = wide + vi
    place, speed = (wide / d - 1.0) * off1, w2 * dt1 / d * off1  # place: less plot i
    s = vh + wide * vi / d + 2.0 * dt * w2 * dt1 * vi / d + dt * dt * w2 * (vi + vj) / d + q * q
    off = off2 - place - speed * dt
    if off * off > gate2 * s:
        return NONE
    return _normal(off, s)


@njit(cache=True, error_model="numpy")
def third(z: FloatArray, var: FloatArray, j: int, i: int, h: int, dt1: float, dt: float, numbers: FloatArray) -> float:
    """As `second`, of plot h after j and i."""
    speed, gate2, r = numbers[SPEED], numbers[GATE2], z[i, 0]
    bend = numbers[MANOEUVRE] + 0.25 * speed * speed / r  # a straight path bends in range and azimuth
    q = 0.5 * bend * dt * (dt + dt1)
    w2 = speed * speed / 3.0
    out = _third(r - z[j, 0], z[h, 0] - r, var[j, 0], var[i, 0], var[h, 0], dt1, dt, w2, q, gate2)
    if out == NONE:
        return NONE
    azimuth = _third(
        _around(z[i, 1] - z[j, 1]), _around(z[h, 1] - z[i, 1]), var[j, 1], var[i, 1], var[h, 1], dt1, dt,
        w2 / (r * r), q / r, gate2,
    )  # fmt: skip
    if azimuth == NONE:
        return NONE
    rest = _same(z, var, i, h, dt, numbers)
    if rest == NONE:
        return NONE
    return numbers[LOG_CELL] + out + azimuth + rest


@njit(cache=True, error_model="numpy")
def _sum_exp(values: FloatArray) -> float:
    top = values[0]
    for value in values:
        top = max(top, value)
    if top == NONE:
        return NONE
    total = 0.0
    for value in values:
        total += math.exp(value - top)
    return top + math.log(total)


@njit(cache=True, error_model="numpy")
def extend(
    z: FloatArray, var: FloatArray, t: FloatArray, amp: FloatArray, scan_first: IntArray, miss: FloatArray,
    numbers: FloatArray, start: float, gap_max: int, first: IntArray, n_states: int, tail: IntArray,
    score: FloatArray, back: IntArray, best: FloatArray, best_layer: IntArray,
) -> int:  # fmt: skip
    """Append the states of the newest scan; return how many states there are, or -1 where room is short.

    scan_first (scans + 1,): first plot of each scan. miss (levels,): log of 1 - Pd. start: log of the weight of a
    path's first plot. best, best_layer (states,): greatest log-likelihood ratio, averaged over levels, of a path of
    three plots or more that ends there, and how many scans ago it began.
    """
    n_scans, levels, layers = len(scan_first) - 1, score.shape[2], score.shape[1]
    deepest = min(gap_max, n_scans - 1, layers - 1)
    earliest, widest = np.empty(deepest + 1), np.empty(deepest + 1)
    for g in range(1, deepest + 1):
        earliest[g], widest[g] = math.inf, 0.0
        for i in range(scan_first[n_scans - 1 - g], scan_first[n_scans - g]):
            earliest[g], widest[g] = min(earliest[g], t[i]), max(widest[g], var[i, 0])
    work = np.empty(levels)
    share = math.log(1.0 * levels)
    for h in range(scan_first[n_scans - 1], scan_first[n_scans]):
        first[h] = n_states
        for g in range(1, deepest + 1):
            lo, hi = scan_first[n_scans - 1 - g], scan_first[n_scans - g]
            end = hi
            reach = numbers[SPEED] * max(t[h] - earliest[g], 0.0) + math.sqrt(numbers[GATE2] * (var[h, 0] + widest[g]))
            while lo < hi:  # plots of a scan lie by range
                mid = (lo + hi) // 2
                if z[mid, 0] < z[h, 0] - reach:
                    lo = mid + 1
                else:
                    hi = mid
            for i in range(lo, end):
                if z[i, 0] > z[h, 0] + reach:
                    break
                dt = t[h] - t[i]
                if dt <= 0.0:
                    continue
                joined = second(z, var, i, h, dt, numbers)
                if joined == NONE:
                    continue
                if n_states == len(tail):
                    return -1
                _join(
                    h, i, g, dt, joined + start, z, var, t, amp, miss, numbers, first, n_states, tail, score, back,
                    best, best_layer, work, share,
                )  # fmt: skip
                n_states += 1
    first[scan_first[n_scans]] = n_states
    return n_states


@njit(cache=True, error_model="numpy")
def _join(
    h: int, i: int, g: int, dt: float, begun: float, z: FloatArray, var: FloatArray, t: FloatArray, amp: FloatArray,
    miss: FloatArray, numbers: FloatArray, first: IntArray, s: int, tail: IntArray, score: FloatArray, back: IntArray,
    best: FloatArray, best_layer: IntArray, work: FloatArray, share: float,
) -> None:  # fmt: skip
    """Fill state s: plot h after plot i of g scans before."""
    layers, levels = score.shape[1], score.shape[2]
    tail[s] = i
    for m in range(layers):
        for v in range(levels):
            score[s, m, v], back[s, m, v] = NONE, -2
    for q in range(first[i], first[i + 1]):
        j = tail[q]
        joined = third(z, var, j, i, h, t[i] - t[j], dt, numbers)
        if joined == NONE:
            continue
        for m in range(g, layers):
            for v in range(levels):
                found = score[q, m - g, v] + joined
                if found > score[s, m, v]:
                    score[s, m, v], back[s, m, v] = found, q
    best[s], best_layer[s] = NONE, -1
    for m in range(g, layers):
        for v in range(levels):
            score[s, m, v] += amp[h, v] + (g - 1) * miss[v]
            work[v] = score[s, m, v]
        total = _sum_exp(work) - share
        if total > best[s]:
            best[s], best_layer[s] = total, m
    for v in range(levels):
        score[s, g, v], back[s, g, v] = begun + amp[i, v] + amp[h, v] + (g - 1) * miss[v], -1


@njit(cache=True, error_model="numpy")
def bury(
    used: BoolArray, scan_of: IntArray, first: IntArray, tail: IntArray, score: FloatArray, back: IntArray,
    best: FloatArray, best_layer: IntArray,
) -> None:  # fmt: skip
    """End every path that took a plot marked in ``used`` (p,)."""
    layers, levels = score.shape[1], score.shape[2]
    work, share = np.empty(levels), math.log(1.0 * levels)
    for p in range(len(used)):
        for s in range(first[p], first[p + 1]):
            i = tail[s]
            g = scan_of[p] - scan_of[i]
            best[s], best_layer[s] = NONE, -1
            for m in range(layers):
                for v in range(levels):
                    q = back[s, m, v]
                    if q != -2 and (used[p] or used[i] or (q >= 0 and back[q, m - g, v] == -2)):
                        score[s, m, v], back[s, m, v] = NONE, -2
                    work[v] = score[s, m, v] if back[s, m, v] >= 0 else NONE
                total = _sum_exp(work) - share
                if total > best[s]:
                    best[s], best_layer[s] = total, m


@njit(cache=True, error_model="numpy")
def forget(
    n_plots: int, n_states: int, scan_of: IntArray, first: IntArray, tail: IntArray, score: FloatArray,
    back: IntArray, best: FloatArray, best_layer: IntArray,
) -> int:  # fmt: skip
    """Close the gap that the oldest scan leaves; return how many states are left.

    n_plots: plots of the oldest scan. scan_of (p,), first (p + 1,): of the plots that stay, their scan, from 0.
    """
    if len(scan_of) == 0:
        return 0
    gone, at = 0, 0
    while at < len(scan_of) and scan_of[at] == 0:
        at += 1
    gone = first[at]  # pairs whose older plot goes
    for p in range(len(first)):
        first[p] = max(first[p] - gone, 0)
    for s in range(gone, n_states):
        to = s - gone
        tail[to], best[to], best_layer[to] = tail[s] - n_plots, best[s], best_layer[s]
        for m in range(score.shape[1]):
            for v in range(score.shape[2]):
                score[to, m, v], q = score[s, m, v], back[s, m, v]
                back[to, m, v] = q - gone if q >= 0 else q
    for p in range(len(scan_of)):
        for s in range(first[p], first[p + 1]):
            for m in range(scan_of[p] + 1, score.shape[1]):  # began before the oldest scan that is left
                for v in range(score.shape[2]):
                    score[s, m, v], back[s, m, v] = NONE, -2
    return n_states - gone


@njit(cache=True, error_model="numpy")
def near(
    t: FloatArray, z: FloatArray, var: FloatArray, at_s: FloatArray, place: FloatArray, rate: FloatArray,
    spread: FloatArray, growth: FloatArray, gate2: float, out: IntArray,
) -> None:  # fmt: skip
    """Mark which of n tracks each of m plots lies near in range and azimuth, -1 for none.

    at_s (n,), place (n, 2), rate (n, 2): time, range and azimuth and how they change; spread, growth (n, 2): variances
    of both. out (m,).
    """
    for h in range(len(t)):
        out[h], least = -1, gate2
        for k in range(len(at_s)):
            dt = t[h] - at_s[k]
            s = spread[k, 0] + growth[k, 0] * dt * dt + var[h, 0]
            off = z[h, 0] - place[k, 0] - rate[k, 0] * dt
            d2 = off * off / s
            if d2 >= least:
                continue
            s = spread[k, 1] + growth[k, 1] * dt * dt + var[h, 1]
            off = _around(z[h, 1] - place[k, 1] - rate[k, 1] * dt)
            d2 = max(d2, off * off / s)
            if d2 < least:
                out[h], least = k, d2


def warm() -> None:
    """Call each kernel once."""
    z, var, t = np.full((2, 4), np.nan), np.full((2, 4), np.nan), np.array([0.0, 10.0])
    z[:, :2], var[:, :2] = (1e5, 0.1), (1e4, 1e-4)
    numbers = np.ones(N_NUMBERS)
    first, tail = np.zeros(3, np.int64), np.zeros(4, np.int64)
    score, back = np.zeros((4, 3, 1)), np.zeros((4, 3, 1), np.int64)
    best, layer, scans = np.zeros(4), np.zeros(4, np.int64), np.array([0, 1])
    edges, amp = np.array([0, 1, 2]), np.zeros((2, 1))
    n = extend(z, var, t, amp, edges, np.zeros(1), numbers, 0.0, 1, first, 0, tail, score, back, best, layer)
    bury(np.zeros(2, np.bool_), scans, first, tail, score, back, best, layer)
    forget(1, n, scans[:1], first[1:].copy(), tail, score, back, best, layer)
    both = np.zeros((1, 2))
    near(t, z, var, np.zeros(1), both, both, both, both, 1.0, np.zeros(2, np.int64))
