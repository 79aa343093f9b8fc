"""Compiled loops of strobes: angle tracks of each radar, fixes where they cross, and which crossings are real.

Angle tracks and candidates (two or more angle tracks, of different radars, held to be one jammer) are rows of tables
whose free rows have STATE ``FREE``. Sensors are rows of the table of ``gnn``.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from watchfloor.base.units import FloatArray, IntArray
from watchfloor.track._kernels.gnn import assign, bound_height, measure, predict, vertical

# columns of an angle track's and of a candidate's whole numbers
STATE, SENSOR, NUMBER, HITS = 0, 1, 2, 3
N_MARKS = 4
FREE, TENTATIVE, CONFIRMED, DROPPED, DEAD = -1, 0, 1, 2, 3
# columns of an angle track's numbers: azimuth, its rate, variances; elevation likewise (NaN: none); times
AZ, AZ_RATE, AZ_PP, AZ_PV, AZ_VV, EL, EL_RATE, EL_PP, EL_PV, EL_VV, WHEN, FIRST = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
N_ANGLE = 12
# columns of the settings
Q_H, Q_V, ALTITUDE, ALTITUDE_SD, CLIMB_SD, SPEED_SD = 0, 1, 2, 3, 4, 5
Q_ANGLE, RATE_SD, GATE1, GATE2, LOG_NEW, ELEVATION_EXTENT = 6, 7, 8, 9, 10, 11
CONFIRM_HITS, CONFIRM_TURNS, COAST, RANGE_MAX, SINE_LEAST, PRIOR, N_SETTINGS = 12, 13, 14, 15, 16, 17, 18

_TWO_PI = 2.0 * math.pi
_LOG_TWO_PI = math.log(_TWO_PI)
_LOWEST_LLR = -20.0
_PAUSE = 0.02  # share of a turn between strobes that may be one jammer's: a steered face looks at it more than once
_RANGE_MIN_M = 1e3


@njit(cache=True, error_model="numpy")
def _turn(angle: float) -> float:
    """Angle brought to -pi to pi."""
    return angle - _TWO_PI * math.floor(angle / _TWO_PI + 0.5)


@njit(cache=True, error_model="numpy")
def _move(row: FloatArray, at: int, dt: float, q: float) -> None:
    """Move one angle and its rate, at columns ``at`` and on, by ``dt``; rates wander with intensity q."""
    row[at] += dt * row[at + 1]
    row[at + 2] += dt * (2.0 * row[at + 3] + dt * row[at + 4]) + q * dt**3 / 3.0
    row[at + 3] += dt * row[at + 4] + 0.5 * q * dt * dt
    row[at + 4] += q * dt


@njit(cache=True, error_model="numpy")
def _take(row: FloatArray, at: int, gap: float, variance: float) -> None:
    """Update one angle and its rate with an innovation ``gap``."""
    s = row[at + 2] + variance
    k0, k1 = row[at + 2] / s, row[at + 3] / s
    row[at] += k0 * gap
    row[at + 1] += k1 * gap
    row[at + 4] -= k1 * row[at + 3]
    row[at + 3] -= k0 * row[at + 3]
    row[at + 2] -= k0 * row[at + 2]


@njit(cache=True, error_model="numpy")
def _log_normal(gap: float, variance: float) -> float:
    return -0.5 * (gap * gap / variance + _LOG_TWO_PI + math.log(variance))


@njit(cache=True, error_model="numpy")
def follow(
    order: IntArray, t: FloatArray, sensor: IntArray, z: FloatArray, cov: FloatArray, periods: FloatArray,
    settings: FloatArray, angles: FloatArray, marks: IntArray, slot: IntArray, log_alone: FloatArray,
) -> None:  # fmt: skip
    """Give strobes, in ``order`` (by sensor, then time), to angle tracks, update these and begin new ones.

    Strobes are assigned at once that come within half a turn and without a pause; a track takes one of them.
    ``slot`` (n,) is each strobe's track, ``log_alone`` (n,) its log-density as the track alone foretold it (NaN for a
    new one). ``angles`` needs a free row for each strobe.
    """
    n_rows, n = len(marks), len(order)
    q = settings[Q_ANGLE]
    row, mine = np.empty(N_ANGLE), np.empty(n_rows, np.int64)
    free = 0
    begin = 0
    while begin < n:
        s = sensor[order[begin]]
        period = periods[s]
        end = begin + 1
        while end < n:
            j = order[end]
            if sensor[j] != s or t[j] - t[order[begin]] > 0.5 * period or t[j] - t[order[end - 1]] > _PAUSE * period:
                break
            end += 1
        m = end - begin
        tracks = 0
        for i in range(n_rows):
            if marks[i, SENSOR] == s and (marks[i, STATE] == TENTATIVE or marks[i, STATE] == CONFIRMED):
                mine[tracks] = i
                tracks += 1
        start_of, column = np.zeros(tracks + 1, np.int64), np.empty(tracks * m, np.int64)
        cost, logs = np.empty(tracks * m), np.empty(tracks * m)
        edges = 0
        for a in range(tracks):
            i = mine[a]
            for b in range(m):
                j = order[begin + b]
                dt = t[j] - angles[i, WHEN]
                if dt < _PAUSE * period:
                    continue
                for c in range(N_ANGLE):
                    row[c] = angles[i, c]
                _move(row, AZ, dt, q)
                gap, variance = _turn(z[j, 1] - row[AZ]), row[AZ_PP] + cov[j, 1, 1]
                d2, log, gate, extent = gap * gap / variance, _log_normal(gap, variance), settings[GATE1], 1.0
                if not math.isnan(z[j, 2]) and not math.isnan(row[EL]):
                    _move(row, EL, dt, q)
                    gap, variance = z[j, 2] - row[EL], row[EL_PP] + cov[j, 2, 2]
                    d2 += gap * gap / variance
                    log += _log_normal(gap, variance)
                    gate, extent = settings[GATE2], settings[ELEVATION_EXTENT]
                gain = log - settings[LOG_NEW] + math.log(extent)
                if d2 <= gate and gain > 0.0:
                    column[edges], cost[edges], logs[edges] = b, -gain, log
                    edges += 1
            start_of[a + 1] = edges
        to = assign(start_of, column[:edges], cost[:edges], m)
        for b in range(m):
            slot[order[begin + b]] = FREE
        for a in range(tracks):
            if to[a] < 0:
                continue
            i, j = mine[a], order[begin + to[a]]
            slot[j] = i
            for e in range(start_of[a], start_of[a + 1]):
                if column[e] == to[a]:
                    log_alone[j] = logs[e]
            dt = t[j] - angles[i, WHEN]
            _move(angles[i], AZ, dt, q)
            _take(angles[i], AZ, _turn(z[j, 1] - angles[i, AZ]), cov[j, 1, 1])
            angles[i, AZ] -= _TWO_PI * math.floor(angles[i, AZ] / _TWO_PI)
            if not math.isnan(angles[i, EL]):
                _move(angles[i], EL, dt, q)
            if not math.isnan(z[j, 2]):
                if math.isnan(angles[i, EL]):
                    angles[i, EL], angles[i, EL_RATE] = z[j, 2], 0.0
                    angles[i, EL_PP], angles[i, EL_PV], angles[i, EL_VV] = cov[j, 2, 2], 0.0, settings[RATE_SD] ** 2
                else:
                    _take(angles[i], EL, z[j, 2] - angles[i, EL], cov[j, 2, 2])
            angles[i, WHEN] = t[j]
            marks[i, HITS] += 1
        for b in range(m):
            j = order[begin + b]
            if slot[j] != FREE:
                continue
            while marks[free, STATE] != FREE:
                free += 1
            slot[j], log_alone[j] = free, math.nan
            marks[free, STATE], marks[free, SENSOR], marks[free, NUMBER], marks[free, HITS] = TENTATIVE, s, -1, 1
            for c in range(N_ANGLE):
                angles[free, c] = math.nan
            angles[free, AZ], angles[free, AZ_RATE] = z[j, 1] - _TWO_PI * math.floor(z[j, 1] / _TWO_PI), 0.0
            angles[free, AZ_PP], angles[free, AZ_PV], angles[free, AZ_VV] = cov[j, 1, 1], 0.0, settings[RATE_SD] ** 2
            if not math.isnan(z[j, 2]):
                angles[free, EL], angles[free, EL_RATE] = z[j, 2], 0.0
                angles[free, EL_PP], angles[free, EL_PV], angles[free, EL_VV] = (
                    cov[j, 2, 2],
                    0.0,
                    settings[RATE_SD] ** 2,
                )
            angles[free, WHEN], angles[free, FIRST] = t[j], t[j]
        begin = end


@njit(cache=True, error_model="numpy")
def age(until: float, periods: FloatArray, settings: FloatArray, angles: FloatArray, marks: IntArray) -> None:
    """Confirm and drop angle tracks by their hits and the time; what was dropped before is forgotten."""
    for i in range(len(marks)):
        if marks[i, STATE] == DROPPED:
            marks[i, STATE] = FREE
        if marks[i, STATE] == FREE:
            continue
        period = periods[marks[i, SENSOR]]
        if marks[i, STATE] == TENTATIVE:
            window = settings[CONFIRM_TURNS] * period
            if marks[i, HITS] >= settings[CONFIRM_HITS]:
                marks[i, STATE] = CONFIRMED
            elif until - angles[i, FIRST] > window or until - angles[i, WHEN] > 2.5 * period:
                marks[i, STATE] = DROPPED
        elif until - angles[i, WHEN] > max(settings[COAST], 1.5 * period):
            marks[i, STATE] = DROPPED


@njit(cache=True, error_model="numpy")
def _scalar(x: FloatArray, p: FloatArray, h: FloatArray, gap: float, variance: float, ph: FloatArray) -> float:
    """Update state (6,) and covariance with one scalar; return the log-density of its innovation."""
    s = variance
    for a in range(6):
        total = 0.0
        for c in range(6):
            total += p[a, c] * h[c]
        ph[a] = total
        s += h[a] * total
    for a in range(6):
        gain = ph[a] / s
        x[a] += gain * gap
        for c in range(a + 1):
            kept = p[a, c] - gain * ph[c]
            p[a, c] = kept
            p[c, a] = kept
    return _log_normal(gap, s)


@njit(cache=True, error_model="numpy")
def update_angles(
    x: FloatArray, p: FloatArray, azimuth: float, azimuth_var: float, elevation: float, elevation_var: float,
    sensor: FloatArray,
) -> float:  # fmt: skip
    """Update a state (6,) at the time of the angles, elevation NaN if there is none; return their log-density."""
    zhat, h, ph = np.empty(4), np.empty((4, 6)), np.empty(6)
    measure(x, 0.0, sensor, zhat, h)
    log = _scalar(x, p, h[1], _turn(azimuth - zhat[1]), azimuth_var, ph)
    if not math.isnan(elevation):
        measure(x, 0.0, sensor, zhat, h)
        log += _scalar(x, p, h[2], elevation - zhat[2], elevation_var, ph)
    return log


@njit(cache=True, error_model="numpy")
def refine(
    order: IntArray, t: FloatArray, sensor: IntArray, z: FloatArray, cov: FloatArray, slot: IntArray,
    log_alone: FloatArray, sensors: FloatArray, settings: FloatArray, angles: FloatArray,
    x: FloatArray, p: FloatArray, when: FloatArray, llr: FloatArray, member: IntArray, state: IntArray,
) -> None:  # fmt: skip
    """Update every candidate with the strobes, in ``order`` of time, of its angle tracks.

    ``llr`` (c,) grows by the strobe's log-density as the candidate foretold it less that of the angle track alone.
    """
    up = np.empty(3)
    for k in range(len(order)):
        j: int = order[k]
        i, s = slot[j], sensor[j]
        if i < 0 or math.isnan(log_alone[j]):
            continue
        for c in range(len(state)):
            if state[c] == FREE or state[c] == DEAD or member[c, s] != i:
                continue
            dt = t[j] - when[c]
            predict(x[c], p[c], dt, settings[Q_H], settings[Q_V], up)
            bound_height(x[c], p[c], settings[ALTITUDE], settings[ALTITUDE_SD], settings[CLIMB_SD], up)
            when[c] = t[j]
            told = update_angles(x[c], p[c], z[j, 1], cov[j, 1, 1], z[j, 2], cov[j, 2, 2], sensors[s])
            llr[c] += told - log_alone[j]


@njit(cache=True, error_model="numpy")
def fix(
    rows: IntArray, azimuth: FloatArray, azimuth_var: FloatArray, elevation: FloatArray, elevation_var: FloatArray,
    sensors: FloatArray, settings: FloatArray, x: FloatArray, p: FloatArray,
) -> float:  # fmt: skip
    """Place of one emitter from its directions at several sensors (the first two begin); NaN if they do not meet.

    Iterated least squares (Gauss-Newton) of all angles and of the height expected; ``x`` (3,) and ``p`` (3, 3) are
    filled, elevations may be NaN. Returns the sum of the squares left, height included.
    """
    one, two = sensors[rows[0]], sensors[rows[1]]
    s1, c1 = math.sin(azimuth[0]), math.cos(azimuth[0])
    s2, c2 = math.sin(azimuth[1]), math.cos(azimuth[1])
    b, d = np.empty(3), np.empty(3)
    for a in range(3):  # the second's place and direction, in the first's frame
        b[a], d[a] = 0.0, 0.0
        for c in range(3):
            b[a] += one[3 + 3 * a + c] * (two[c] - one[c])
            d[a] += one[3 + 3 * a + c] * (two[3 + c] * s2 + two[6 + c] * c2)
    sine = s1 * d[1] - c1 * d[0]
    if not abs(sine) > settings[SINE_LEAST]:
        return math.nan
    r1, r2 = (b[0] * d[1] - b[1] * d[0]) / sine, (b[0] * c1 - b[1] * s1) / sine
    if not (_RANGE_MIN_M < r1 < settings[RANGE_MAX] and _RANGE_MIN_M < r2 < settings[RANGE_MAX]):
        return math.nan
    up, zhat, h, state = np.empty(3), np.empty(4), np.empty((4, 6)), np.zeros(6)
    for c in range(3):
        state[c] = one[c] + r1 * (one[3 + c] * s1 + one[6 + c] * c1)
    lift = settings[ALTITUDE] - vertical(state, up)
    for c in range(3):
        state[c] += lift * up[c]
    normal, right, step = np.empty((3, 3)), np.empty(3), np.empty(3)
    left, far = math.nan, math.inf
    for _ in range(8):
        height_gap, left = settings[ALTITUDE] - vertical(state, up), 0.0
        w = 1.0 / settings[ALTITUDE_SD] ** 2
        left = height_gap * height_gap * w
        for a in range(3):
            right[a] = up[a] * height_gap * w
            for c in range(3):
                normal[a, c] = up[a] * up[c] * w
        for k in range(len(rows)):
            measure(state, 0.0, sensors[rows[k]], zhat, h)
            for which in range(1, 3):
                gap, variance = _turn(azimuth[k] - zhat[1]), azimuth_var[k]
                if which == 2:
                    if math.isnan(elevation[k]):
                        continue
                    gap, variance = elevation[k] - zhat[2], elevation_var[k]
                left += gap * gap / variance
                for a in range(3):
                    right[a] += h[which, a] * gap / variance
                    for c in range(3):
                        normal[a, c] += h[which, a] * h[which, c] / variance
        if not _inverse(normal, p):
            return math.nan
        far = 0.0
        for a in range(3):
            step[a] = p[a, 0] * right[0] + p[a, 1] * right[1] + p[a, 2] * right[2]
            far += step[a] * step[a]
        for a in range(3):
            state[a] += step[a]
        if far < 0.01:
            break
    if not far < 1e4:
        return math.nan
    for a in range(3):
        x[a] = state[a]
    return left


@njit(cache=True, error_model="numpy")
def _inverse(a: FloatArray, out: FloatArray) -> bool:
    """Inverse of a symmetric positive definite (3, 3) matrix; False if it has none."""
    c00 = a[1, 1] * a[2, 2] - a[1, 2] * a[1, 2]
    c01 = a[0, 2] * a[1, 2] - a[0, 1] * a[2, 2]
    c02 = a[0, 1] * a[1, 2] - a[0, 2] * a[1, 1]
    det = a[0, 0] * c00 + a[0, 1] * c01 + a[0, 2] * c02
    if not det > 0.0:
        return False
    out[0, 0], out[0, 1], out[0, 2] = c00 / det, c01 / det, c02 / det
    out[1, 0], out[2, 0] = out[0, 1], out[0, 2]
    out[1, 1] = (a[0, 0] * a[2, 2] - a[0, 2] * a[0, 2]) / det
    out[1, 2] = (a[0, 1] * a[0, 2] - a[0, 0] * a[1, 2]) / det
    out[2, 1] = out[1, 2]
    out[2, 2] = (a[0, 0] * a[1, 1] - a[0, 1] * a[0, 1]) / det
    return True


@njit(cache=True, error_model="numpy")
def _same(member: IntArray, c: int, other: IntArray) -> bool:
    for s in range(len(other)):
        if member[c, s] != other[s]:
            return False
    return True


@njit(cache=True, error_model="numpy")
def cross(
    angles: FloatArray, marks: IntArray, sensors: FloatArray, settings: FloatArray, share: FloatArray,
    x: FloatArray, p: FloatArray, when: FloatArray, llr: FloatArray, member: IntArray, state: IntArray,
    number: IntArray,
) -> int:  # fmt: skip
    """Begin candidates: pairs of confirmed angle tracks that cross, and candidates with one more track through them.

    Returns how many found no room.
    """
    n, ns, capacity = len(marks), len(sensors), len(state)
    rows, row, up = np.empty(2, np.int64), np.empty(N_ANGLE), np.empty(3)
    azimuth, azimuth_var = np.empty(2), np.empty(2)
    elevation, elevation_var = np.empty(2), np.empty(2)
    place, cov, wanted = np.empty(3), np.empty((3, 3)), np.empty(ns, np.int64)
    free, full = 0, 0
    for i in range(n):
        if marks[i, STATE] != CONFIRMED:
            continue
        for j in range(i + 1, n):
            if marks[j, STATE] != CONFIRMED or marks[j, SENSOR] == marks[i, SENSOR]:
                continue
            for s in range(ns):
                wanted[s] = -1
            wanted[marks[i, SENSOR]], wanted[marks[j, SENSOR]] = i, j
            known = False
            for c in range(capacity):
                if state[c] != FREE and _same(member, c, wanted):
                    known = True
                    break
            if known:
                continue
            now = max(angles[i, WHEN], angles[j, WHEN])
            alone = 0.0
            for k in range(2):
                which = i if k == 0 else j
                for c in range(N_ANGLE):
                    row[c] = angles[which, c]
                _move(row, AZ, now - row[WHEN], settings[Q_ANGLE])
                alone -= _LOG_TWO_PI
                rows[k], azimuth[k], azimuth_var[k] = marks[which, SENSOR], row[AZ], row[AZ_PP]
                elevation[k], elevation_var[k] = math.nan, math.nan
                if not math.isnan(row[EL]):
                    _move(row, EL, now - row[WHEN], settings[Q_ANGLE])
                    elevation[k], elevation_var[k] = row[EL], row[EL_PP]
                    alone -= math.log(settings[ELEVATION_EXTENT])
            left = fix(rows, azimuth, azimuth_var, elevation, elevation_var, sensors, settings, place, cov)
            if not left < 25.0:
                continue
            while free < capacity and state[free] != FREE:
                free += 1
            if free == capacity:
                full += 1
                continue
            # both from one emitter, which could be anywhere: the integral over its place, by Laplace's method
            log = -0.5 * left - math.log(math.pi * settings[RANGE_MAX] ** 2) + 1.5 * _LOG_TWO_PI
            log -= 0.5 * _LOG_TWO_PI + math.log(settings[ALTITUDE_SD])
            for k in range(2):
                log -= 0.5 * (_LOG_TWO_PI + math.log(azimuth_var[k]))
                if not math.isnan(elevation[k]):
                    log -= 0.5 * (_LOG_TWO_PI + math.log(elevation_var[k]))
            det = cov[0, 0] * (cov[1, 1] * cov[2, 2] - cov[1, 2] ** 2)
            det += cov[0, 1] * (cov[0, 2] * cov[1, 2] - cov[0, 1] * cov[2, 2])
            det += cov[0, 2] * (cov[0, 1] * cov[1, 2] - cov[0, 2] * cov[1, 1])
            if not det > 0.0:
                continue
            c = free
            state[c], number[c], llr[c], when[c] = TENTATIVE, -1, log + 0.5 * math.log(det) - alone, now
            member[c] = wanted
            vertical(place, up)
            for a in range(3):
                x[c, a], x[c, a + 3] = place[a], 0.0
                for b in range(3):
                    p[c, a, b], p[c, a, b + 3], p[c, a + 3, b] = cov[a, b], 0.0, 0.0
                    p[c, a + 3, b + 3] = (settings[CLIMB_SD] ** 2 - settings[SPEED_SD] ** 2) * up[a] * up[b]
                p[c, a + 3, a + 3] += settings[SPEED_SD] ** 2
    if ns < 3:
        return full
    by_share = np.argsort(-share)
    zhat, h = np.empty(4), np.empty((4, 6))
    xx, pp = np.empty(6), np.empty((6, 6))
    for w in range(capacity):
        parent: int = by_share[w]
        if state[parent] == FREE or state[parent] == DEAD:
            continue
        for i in range(n):
            if marks[i, STATE] != CONFIRMED or member[parent, marks[i, SENSOR]] >= 0:
                continue
            s = marks[i, SENSOR]
            for c in range(ns):
                wanted[c] = member[parent, c]
            wanted[s] = i
            now = max(angles[i, WHEN], when[parent])
            for a in range(6):
                xx[a] = x[parent, a]
                for b in range(6):
                    pp[a, b] = p[parent, a, b]
            predict(xx, pp, now - when[parent], settings[Q_H], settings[Q_V], up)
            for c in range(N_ANGLE):
                row[c] = angles[i, c]
            _move(row, AZ, now - row[WHEN], settings[Q_ANGLE])
            measure(xx, 0.0, sensors[s], zhat, h)
            variance = row[AZ_PP]
            for a in range(6):
                for b in range(6):
                    variance += h[1, a] * pp[a, b] * h[1, b]
            if not _turn(row[AZ] - zhat[1]) ** 2 < settings[GATE1] * variance:
                continue
            known = False
            for c in range(capacity):
                if state[c] != FREE and _same(member, c, wanted):
                    known = True
                    break
            if known:
                continue
            while free < capacity and state[free] != FREE:
                free += 1
            if free == capacity:
                full += 1
                continue
            el, el_var, alone = math.nan, math.nan, -_LOG_TWO_PI
            if not math.isnan(row[EL]):
                _move(row, EL, now - row[WHEN], settings[Q_ANGLE])
                el, el_var = row[EL], row[EL_PP]
                alone -= math.log(settings[ELEVATION_EXTENT])
            told = update_angles(xx, pp, row[AZ], row[AZ_PP], el, el_var, sensors[s])
            c = free
            state[c], number[c], when[c] = TENTATIVE, number[parent], now
            llr[c] = llr[parent] + told - alone
            member[c] = wanted
            x[c] = xx
            p[c] = pp
    return full


@njit(cache=True, error_model="numpy")
def release(
    marks: IntArray, llr: FloatArray, member: IntArray, state: IntArray, share: FloatArray, number: IntArray
) -> None:
    """Take angle tracks that were dropped out of candidates; those with fewer than two left, or twice there, end."""
    capacity, ns = member.shape
    for c in range(capacity):
        if state[c] == FREE:
            continue
        left, changed = 0, False
        for s in range(ns):
            i = member[c, s]
            if i >= 0 and marks[i, STATE] != TENTATIVE and marks[i, STATE] != CONFIRMED:
                member[c, s] = -1
                changed = True
            elif i >= 0:
                left += 1
        if left < 2:
            state[c], share[c], number[c] = FREE, 0.0, -1
        elif changed:
            for other in range(capacity):
                if other == c or state[other] == FREE or not _same(member, other, member[c]):
                    continue
                worse = other if llr[other] <= llr[c] else c
                better = c if worse == other else other
                if number[better] < 0:
                    number[better] = number[worse]
                state[worse], share[worse], number[worse] = FREE, 0.0, -1
                if worse == c:
                    break


@njit(cache=True, error_model="numpy")
def shares(
    llr: FloatArray, member: IntArray, state: IntArray, prior: float, n_tracks: int, budget: int, share: FloatArray
) -> int:
    """Probability of each candidate, over all ways to explain every angle track once: alone, or in one candidate.

    The weight of a way is the product over its candidates of exp(llr + prior (members - 1)). Clusters of tracks that
    candidates link are listed way by way up to ``budget`` ways; beyond, by belief propagation. Returns how many
    clusters were. Candidates that are hopeless become DEAD.
    """
    capacity, ns = member.shape
    log, label = np.empty(capacity), np.empty(n_tracks, np.int64)
    for i in range(n_tracks):
        label[i] = i
    for c in range(capacity):
        share[c] = 0.0
        if state[c] == FREE or state[c] == DEAD:
            continue
        k = 0
        for s in range(ns):
            if member[c, s] >= 0:
                k += 1
        log[c] = llr[c] + prior * (k - 1)
        if not log[c] > _LOWEST_LLR:
            state[c] = DEAD
            continue
        first = -1
        for s in range(ns):
            i = member[c, s]
            if i < 0:
                continue
            while label[i] != i:
                i = label[i]
            if first < 0:
                first = i
            elif i < first:
                label[first] = i
                first = i
            else:
                label[i] = first
    for i in range(n_tracks):  # labels point to lower rows only
        label[i] = label[label[i]]
    approximated = 0
    tracks, depth_of = np.empty(n_tracks, np.int64), np.empty(n_tracks, np.int64)
    mine, first_of = np.empty(capacity, np.int64), np.empty(capacity, np.int64)
    for root in range(n_tracks):
        if label[root] != root:
            continue
        n = 0
        for i in range(root, n_tracks):
            if label[i] == root:
                tracks[n], depth_of[i] = i, n
                n += 1
        if n < 2:
            continue
        count = 0
        for c in range(capacity):
            if state[c] == FREE or state[c] == DEAD:
                continue
            first, inside = n, False
            for s in range(ns):
                i = member[c, s]
                if i >= 0 and label[i] == root:
                    first, inside = min(first, depth_of[i]), True
            if inside:
                mine[count], first_of[count] = c, first
                count += 1
        if not _list_ways(n, count, mine, first_of, depth_of, member, log, budget, share):
            _propagate(n, count, mine, depth_of, member, log, share)
            approximated += 1
    return approximated


@njit(cache=True, error_model="numpy")
def _list_ways(
    n: int, count: int, mine: IntArray, first_of: IntArray, depth_of: IntArray, member: IntArray, log: FloatArray,
    budget: int, share: FloatArray,
) -> bool:  # fmt: skip
    """Exact probabilities of one cluster's candidates; False, and nothing done, if there are too many ways."""
    ns = member.shape[1]
    by_first, start_of = np.empty(count, np.int64), np.zeros(n + 1, np.int64)
    for q in range(count):
        start_of[first_of[q] + 1] += 1
    for d in range(n):
        start_of[d + 1] += start_of[d]
    at = start_of.copy()
    for q in range(count):
        by_first[at[first_of[q]]] = mine[q]
        at[first_of[q]] += 1
    used = np.zeros(n, np.bool_)
    choice, sums = np.full(n + 1, -2), np.zeros(count)
    weight = np.zeros(n + 1)
    total, top = 0.0, -math.inf
    depth, ways, steps = 0, 0, 0
    while depth >= 0:
        steps += 1
        if steps > 8 * budget:
            return False
        if depth == n:
            ways += 1
            if ways > budget:
                return False
            if weight[n] > top:
                shrink = math.exp(top - weight[n])
                total *= shrink
                for q in range(count):
                    sums[q] *= shrink
                top = weight[n]
            one = math.exp(weight[n] - top)
            total += one
            for d in range(n):
                if choice[d] >= 0:
                    sums[choice[d]] += one
            depth -= 1
            continue
        # leave the last choice at this depth
        if choice[depth] >= 0:
            c = by_first[choice[depth]]
            for s in range(ns):
                if member[c, s] >= 0:
                    used[depth_of[member[c, s]]] = False
        # -2 nothing tried, -1 the track alone (or taken by an earlier one), then its candidates
        nxt = -1 if choice[depth] == -2 else (start_of[depth] if choice[depth] == -1 else choice[depth] + 1)
        if nxt == -1:
            choice[depth] = -1
            weight[depth + 1] = weight[depth]
            depth += 1
            if depth <= n:
                choice[min(depth, n)] = -2
            continue
        found = False
        if not used[depth]:
            while nxt < start_of[depth + 1]:
                c = by_first[nxt]
                fits = True
                for s in range(ns):
                    if member[c, s] >= 0 and used[depth_of[member[c, s]]]:
                        fits = False
                if fits:
                    found = True
                    break
                nxt += 1
        if not found:
            choice[depth] = -2
            depth -= 1
            continue
        c = by_first[nxt]
        for s in range(ns):
            if member[c, s] >= 0:
                used[depth_of[member[c, s]]] = True
        choice[depth] = nxt
        weight[depth + 1] = weight[depth] + log[c]
        depth += 1
        choice[min(depth, n)] = -2
    for q in range(count):
        share[by_first[q]] = sums[q] / total
    return True


@njit(cache=True, error_model="numpy")
def _propagate(
    n: int, count: int, mine: IntArray, depth_of: IntArray, member: IntArray, log: FloatArray, share: FloatArray
) -> None:
    """Belief propagation for the same: each track tells its candidates how likely it is left for them."""
    ns = member.shape[1]
    told = np.ones((count, ns))
    weight, sums = np.empty(count), np.empty(n)
    for q in range(count):
        weight[q] = math.exp(min(log[mine[q]], 60.0))
    for _ in range(200):
        for d in range(n):
            sums[d] = 1.0
        for q in range(count):
            c = mine[q]
            for s in range(ns):
                if member[c, s] >= 0:
                    value = weight[q]
                    for r in range(ns):
                        if r != s and member[c, r] >= 0:
                            value *= told[q, r]
                    sums[depth_of[member[c, s]]] += value
        moved = 0.0
        fresh = np.ones((count, ns))
        for q in range(count):
            c = mine[q]
            for s in range(ns):
                if member[c, s] >= 0:
                    value = weight[q]
                    for r in range(ns):
                        if r != s and member[c, r] >= 0:
                            value *= told[q, r]
                    rest = max(sums[depth_of[member[c, s]]] - value, 1.0)
                    fresh[q, s] = math.sqrt(told[q, s] / rest)  # damped
                    moved = max(moved, abs(fresh[q, s] - told[q, s]) / fresh[q, s])
        told = fresh
        if moved < 1e-6:
            break
    for q in range(count):
        value = weight[q]
        for s in range(ns):
            if member[mine[q], s] >= 0:
                value *= told[q, s]
        share[mine[q]] = value / (1.0 + value)


@njit(cache=True, error_model="numpy")
def gate_strobes(
    t: FloatArray, sensor: IntArray, z: FloatArray, cov: FloatArray, track_t: FloatArray, x: FloatArray, p: FloatArray,
    sensors: FloatArray, q_h: float, q_v: float, gate1: float, gate2: float,
    plot_out: IntArray, track_out: IntArray, d2_out: FloatArray, log_out: FloatArray,
) -> int:  # fmt: skip
    """Pairs of strobe and track whose angles agree; returns how many there are, as many as fit are written."""
    found = 0
    zhat, h, up, ph = np.empty(4), np.empty((4, 6)), np.empty(3), np.empty(6)
    xx, pp = np.empty(6), np.empty((6, 6))
    for j in range(len(t)):
        s = sensor[j]
        if s < 0 or s >= len(sensors):
            continue
        for i in range(len(track_t)):
            dt = t[j] - track_t[i]
            for a in range(3):
                xx[a] = x[i, a] + dt * x[i, a + 3]
                xx[a + 3] = x[i, a + 3]
            measure(xx, 0.0, sensors[s], zhat, h)
            gap = _turn(z[j, 1] - zhat[1])
            if abs(gap) > 0.5:
                continue
            for a in range(6):
                xx[a] = x[i, a]
                for b in range(6):
                    pp[a, b] = p[i, a, b]
            predict(xx, pp, dt, q_h, q_v, up)
            variance = cov[j, 1, 1]
            for a in range(6):
                for b in range(6):
                    variance += h[1, a] * pp[a, b] * h[1, b]
            d2, gate = gap * gap / variance, gate1
            if d2 > gate2:
                continue
            log = _scalar(xx, pp, h[1], gap, cov[j, 1, 1], ph)
            if not math.isnan(z[j, 2]):
                measure(xx, 0.0, sensors[s], zhat, h)
                gap, variance = z[j, 2] - zhat[2], cov[j, 2, 2]
                for a in range(6):
                    for b in range(6):
                        variance += h[2, a] * pp[a, b] * h[2, b]
                d2 += gap * gap / variance
                log += _log_normal(gap, variance)
                gate = gate2
            if d2 <= gate:
                if found < len(plot_out):
                    plot_out[found], track_out[found], d2_out[found], log_out[found] = j, i, d2, log
                found += 1
    return found
