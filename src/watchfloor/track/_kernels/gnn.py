"""Compiled loops of the tracker: predict, measure, update, gate, assign, and the scan that ties them together.

Sensors come as rows of one table whose columns are named below (``sensor_table`` in ``gnn.py`` fills it). A state is
ECEF position and velocity, (6,). Measurements are range, azimuth, elevation, range rate; NaN where not measured.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from watchfloor.base.units import FloatArray, IntArray
from watchfloor.track._kernels.assign import assign
from watchfloor.track._kernels.marginals import marginals

# columns of the sensor table
ECEF, ROT, PERIOD, OFFSET, ROTATES, PRIMARY = 0, 3, 12, 13, 14, 15
RANGE_MIN, RANGE_MAX, ELEVATION_MIN, ELEVATION_MAX, PFA = 16, 17, 18, 19, 20
CELL, EXTENT, N_SENSOR_COLUMNS = 21, 25, 29
# columns of the settings
Q_H, Q_V, ALTITUDE, ALTITUDE_SD, CLIMB_SD, SPEED_SD, PD, DROP_NATS, COAST, BIRTHS, GATE = (
    0,
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    8,
    9,
    10,
)
JOINT, N_SETTINGS = 15, 16
# columns of a track's whole numbers
NUMBER, STATUS, HITS, HISTORY, LOOKS, ADDRESS, LABEL, SHOWN = 0, 1, 2, 3, 4, 5, 6, 7
N_MARKS = 8
TENTATIVE, CONFIRMED, DROPPED = 0, 1, 2

_TWO_PI = 2.0 * math.pi
_A2, _B2 = 6_378_137.0**2, 6_356_752.314_245_179**2
UNSET, OFF = -(2**62), 2**62
_BACKLOG = 10_000
_CONFIRMED_FIRST, _SAME_ADDRESS, _ADDRESS_GATE = 1e2, 1e4, 4.0
_LEAST_GAIN = -600.0
_SETTLED, _NEGLIGIBLE = 1e-4, 1e-6


@njit(cache=True, error_model="numpy")
def vertical(x: FloatArray, up: FloatArray) -> float:
    """Height above the ellipsoid [m] of ``x``; its normal goes to ``up`` (3,)."""
    nx, ny, nz = x[0] / _A2, x[1] / _A2, x[2] / _B2
    scale = 1.0 / math.sqrt(nx * nx + ny * ny + nz * nz)
    up[0], up[1], up[2] = nx * scale, ny * scale, nz * scale
    ground2 = x[0] * x[0] + x[1] * x[1]
    level = math.sqrt(ground2 / _A2 + x[2] * x[2] / _B2)  # 1 on the ellipsoid
    return math.sqrt(ground2 + x[2] * x[2]) * (1.0 - 1.0 / level)


@njit(cache=True, error_model="numpy")
def predict(x: FloatArray, p: FloatArray, dt: float, q_h: float, q_v: float, up: FloatArray) -> None:
    """Move state (6,) and covariance (6, 6) by ``dt`` in place; backwards too (process noise then adds as well)."""
    vertical(x, up)
    for a in range(3):
        x[a] += dt * x[a + 3]
    span = abs(dt)
    pp, pv, vv = span * span * span / 3.0, 0.5 * dt * span, span
    for a in range(3):  # pp += dt (pv + vp) + dt^2 vv; pv += dt vv
        for b in range(a + 1):
            grown = p[a, b] + dt * (p[a, b + 3] + p[b, a + 3]) + dt * dt * p[a + 3, b + 3]
            p[a, b] = grown
            p[b, a] = grown
    for a in range(3):
        for b in range(3):
            grown = p[a, b + 3] + dt * p[a + 3, b + 3]
            p[a, b + 3] = grown
            p[b + 3, a] = grown
    for a in range(3):
        for b in range(3):
            q = (q_v - q_h) * up[a] * up[b]
            if a == b:
                q += q_h
            p[a, b] += q * pp
            p[a, b + 3] += q * pv
            p[b + 3, a] += q * pv
            p[a + 3, b + 3] += q * vv


@njit(cache=True, error_model="numpy")
def _absorb(x: FloatArray, p: FloatArray, up: FloatArray, first: int, wanted: float, bound: float) -> None:
    """Keep the variance of one vertical component (``first`` 0 height, 3 climb) at most ``bound``, as a prior would."""
    variance = 0.0
    for a in range(3):
        for b in range(3):
            variance += up[a] * p[first + a, first + b] * up[b]
    if variance <= bound * (1.0 + 1e-9):
        return
    ph = np.empty(6)
    for a in range(6):
        ph[a] = p[a, first] * up[0] + p[a, first + 1] * up[1] + p[a, first + 2] * up[2]
    gain = (variance - bound) / (variance * variance)  # 1 / (variance + r) with 1/r = 1/bound - 1/variance
    for a in range(6):
        x[a] += ph[a] * gain * wanted
        for b in range(a + 1):
            kept = p[a, b] - ph[a] * ph[b] * gain
            p[a, b] = kept
            p[b, a] = kept


@njit(cache=True, error_model="numpy")
def bound_height(x: FloatArray, p: FloatArray, altitude: float, sd: float, climb_sd: float, up: FloatArray) -> None:
    """Pull height towards the prior only where the track knows less than the prior does; climb likewise, to level."""
    height = vertical(x, up)
    _absorb(x, p, up, 0, altitude - height, sd * sd)
    _absorb(x, p, up, 3, -(up[0] * x[3] + up[1] * x[4] + up[2] * x[5]), climb_sd * climb_sd)


@njit(cache=True, error_model="numpy")
def expected(x: FloatArray, dt: float, sensor: FloatArray, z: FloatArray) -> None:
    """Expected measurement ``z`` (4,) of a state (6,) moved by ``dt``."""
    dx = x[0] + dt * x[3] - sensor[0]
    dy = x[1] + dt * x[4] - sensor[1]
    dz = x[2] + dt * x[5] - sensor[2]
    e = sensor[3] * dx + sensor[4] * dy + sensor[5] * dz
    n = sensor[6] * dx + sensor[7] * dy + sensor[8] * dz
    u = sensor[9] * dx + sensor[10] * dy + sensor[11] * dz
    g2 = max(e * e + n * n, 1.0)
    r = math.sqrt(g2 + u * u)
    azimuth = math.atan2(e, n)
    z[0] = r
    z[1] = azimuth if azimuth >= 0.0 else azimuth + _TWO_PI
    z[2] = math.atan2(u, math.sqrt(g2))
    z[3] = (dx * x[3] + dy * x[4] + dz * x[5]) / r


@njit(cache=True, error_model="numpy")
def measure(x: FloatArray, dt: float, sensor: FloatArray, z: FloatArray, h: FloatArray) -> None:
    """Expected measurement ``z`` (4,) of a state moved by ``dt`` and its Jacobian ``h`` (4, 6) by the state unmoved."""
    dx = x[0] + dt * x[3] - sensor[0]
    dy = x[1] + dt * x[4] - sensor[1]
    dz = x[2] + dt * x[5] - sensor[2]
    e = sensor[3] * dx + sensor[4] * dy + sensor[5] * dz
    n = sensor[6] * dx + sensor[7] * dy + sensor[8] * dz
    u = sensor[9] * dx + sensor[10] * dy + sensor[11] * dz
    g2 = max(e * e + n * n, 1.0)
    r2 = g2 + u * u
    g, r = math.sqrt(g2), math.sqrt(r2)
    lx, ly, lz = dx / r, dy / r, dz / r
    rate = lx * x[3] + ly * x[4] + lz * x[5]
    azimuth = math.atan2(e, n)
    z[0] = r
    z[1] = azimuth if azimuth >= 0.0 else azimuth + _TWO_PI
    z[2] = math.atan2(u, g)
    z[3] = rate
    ae, an = n / g2, -e / g2
    ve, vn, vu = -u * e / (g * r2), -u * n / (g * r2), g / r2
    for c in range(3):
        h[1, c] = ae * sensor[3 + c] + an * sensor[6 + c]
        h[2, c] = ve * sensor[3 + c] + vn * sensor[6 + c] + vu * sensor[9 + c]
    h[0, 0], h[0, 1], h[0, 2] = lx, ly, lz
    h[3, 0], h[3, 1], h[3, 2] = (x[3] - rate * lx) / r, (x[4] - rate * ly) / r, (x[5] - rate * lz) / r
    for c in range(3):
        h[0, c + 3] = dt * h[0, c]
        h[1, c + 3] = dt * h[1, c]
        h[2, c + 3] = dt * h[2, c]
    h[3, 3], h[3, 4], h[3, 5] = lx + dt * h[3, 0], ly + dt * h[3, 1], lz + dt * h[3, 2]


@njit(cache=True, error_model="numpy")
def predicted_cov(p: FloatArray, h: FloatArray, s: FloatArray) -> None:
    """``s`` (4, 4) = h p h' for h (4, 6), p (6, 6)."""
    hp = np.empty(6)
    for a in range(4):
        for c in range(6):
            total = 0.0
            for d in range(6):
                total += h[a, d] * p[d, c]
            hp[c] = total
        for b in range(a + 1):
            total = 0.0
            for c in range(6):
                total += hp[c] * h[b, c]
            s[a, b] = total
            s[b, a] = total


@njit(cache=True, error_model="numpy")
def _measured(z: FloatArray, rows: IntArray) -> int:
    """Put the rows of ``z`` that are measured into ``rows``, angles first; return how many."""
    m = 0
    for k in (1, 2, 0, 3):
        if not math.isnan(z[k]):
            rows[m] = k
            m += 1
    return m


@njit(cache=True, error_model="numpy")
def _cholesky(a: FloatArray, rows: IntArray, m: int, chol: FloatArray) -> bool:
    """Lower Cholesky factor of the measured rows of ``a`` (4, 4); False if they are not positive definite."""
    for i in range(m):
        for j in range(i + 1):
            rest = a[rows[i], rows[j]]
            for c in range(j):
                rest -= chol[i, c] * chol[j, c]
            if i == j:
                if not rest > 0.0:
                    return False
                chol[i, i] = math.sqrt(rest)
            else:
                chol[i, j] = rest / chol[j, j]
    return True


@njit(cache=True, error_model="numpy")
def _wrapped(k: int, difference: Any) -> Any:
    """Difference of two measurements of kind ``k``; azimuths meet the short way round."""
    if k == 1:
        if difference > math.pi:
            return difference - _TWO_PI
        if difference < -math.pi:
            return difference + _TWO_PI
    return difference


@njit(cache=True, error_model="numpy")
def update(
    x: FloatArray, p: FloatArray, dt: float, z: FloatArray, cov: FloatArray, sensor: FloatArray, q_h: float, q_v: float
) -> float:
    """Update state and covariance in place with one plot; return its squared normalised innovation, NaN if unusable.

    ``dt`` (at most 0) is the plot's time less the state's. Angles go in first, then range and range rate are taken
    about the state that the angles left; each component is whitened and used as a scalar.
    """
    rows = np.empty(4, np.int64)
    m = _measured(z, rows)
    angles = 0
    while angles < m and (rows[angles] == 1 or rows[angles] == 2):
        angles += 1
    zhat, h, chol, y, ht = np.empty(4), np.empty((4, 6)), np.empty((4, 4)), np.empty(4), np.empty((4, 6))
    x0, ph, noise, up = np.empty(6), np.empty(6), cov, np.empty(3)
    if dt < 0.0:  # the state has already moved past the plot: the way back is uncertain too
        measure(x, 0.0, sensor, zhat, h)
        q, s = np.zeros((6, 6)), np.empty((4, 4))
        for a in range(6):
            x0[a] = x[a]
        predict(x0, q, dt, q_h, q_v, up)
        predicted_cov(q, h, s)
        noise = np.empty((4, 4))
        for a in range(4):
            for b in range(4):
                noise[a, b] = cov[a, b] + s[a, b]
    if not _cholesky(noise, rows, m, chol):
        return math.nan
    d2 = 0.0
    for a in range(m):
        if a == 0 or a == angles:
            measure(x, dt, sensor, zhat, h)
            for c in range(6):
                x0[c] = x[c]
            for b in range(m):
                k = rows[b]
                rest = _wrapped(k, z[k] - zhat[k])
                for d in range(b):
                    rest -= chol[b, d] * y[d]
                y[b] = rest / chol[b, b]
                for c in range(6):
                    rest = h[k, c]
                    for d in range(b):
                        rest -= chol[b, d] * ht[d, c]
                    ht[b, c] = rest / chol[b, b]
        v, s_ = y[a], 1.0
        for c in range(6):
            v -= ht[a, c] * (x[c] - x0[c])
            total = 0.0
            for d in range(6):
                total += p[c, d] * ht[a, d]
            ph[c] = total
            s_ += ht[a, c] * total
        d2 += v * v / s_
        for c in range(6):
            gain = ph[c] / s_
            x[c] += gain * v
            for d in range(c + 1):
                kept = p[c, d] - gain * ph[d]
                p[c, d] = kept
                p[d, c] = kept
    return d2


@njit(cache=True, error_model="numpy")
def start(
    x: FloatArray, p: FloatArray, z: FloatArray, cov: FloatArray, sensor: FloatArray, settings: FloatArray
) -> bool:
    """First state and covariance of a track from one plot with range and azimuth; False if it has not both."""
    if math.isnan(z[0]) or math.isnan(z[1]) or not z[0] > 0.0:
        return False
    polar, r3, up = np.empty(3), np.empty((3, 3)), np.empty(3)
    for a in range(3):
        polar[a] = z[a]
        for b in range(3):
            r3[a, b] = cov[a, b]
    altitude, altitude_sd = settings[ALTITUDE], settings[ALTITUDE_SD]
    if math.isnan(z[2]):
        radius = math.sqrt(sensor[0] ** 2 + sensor[1] ** 2 + sensor[2] ** 2)
        aim = radius + altitude - vertical(sensor, up)
        sine = (aim * aim - radius * radius - z[0] * z[0]) / (2.0 * z[0] * radius)
        polar[2] = math.asin(min(max(sine, -0.2), 0.95))
        for a in range(3):
            r3[2, a] = 0.0
            r3[a, 2] = 0.0
        r3[2, 2] = min(altitude_sd / (z[0] * math.cos(polar[2])), 0.7) ** 2
    r, ca, sa = polar[0], math.cos(polar[1]), math.sin(polar[1])
    ce, se = math.cos(polar[2]), math.sin(polar[2])
    j = np.empty((3, 3))  # columns: by range, azimuth, elevation; rows: ECEF
    for c in range(3):
        e, n, u = sensor[3 + c], sensor[6 + c], sensor[9 + c]
        j[c, 0] = ce * sa * e + ce * ca * n + se * u
        j[c, 1] = r * ce * (ca * e - sa * n)
        j[c, 2] = r * (-se * sa * e - se * ca * n + ce * u)
        x[c] = sensor[c] + r * j[c, 0]
        x[c + 3] = 0.0
    vertical(x, up)
    speed2, climb2 = settings[SPEED_SD] ** 2, settings[CLIMB_SD] ** 2
    for a in range(3):
        for b in range(3):
            total = 0.0
            for c in range(3):
                for d in range(3):
                    total += j[a, c] * r3[c, d] * j[b, d]
            p[a, b] = total
            p[a, b + 3] = 0.0
            p[a + 3, b] = 0.0
            p[a + 3, b + 3] = (climb2 - speed2) * up[a] * up[b]
        p[a + 3, a + 3] += speed2
    if not math.isnan(z[3]):
        only = np.empty(4)
        for a in range(3):
            only[a] = math.nan
        only[3] = z[3]
        update(x, p, 0.0, only, cov, sensor, 0.0, 0.0)
    return True


@njit(cache=True, error_model="numpy")
def predict_update(
    x: FloatArray, p: FloatArray, t: FloatArray, plot_t: FloatArray, z: FloatArray, cov: FloatArray,
    sensor: FloatArray, settings: FloatArray,
) -> FloatArray:  # fmt: skip
    """Predict n tracks to their plots' times and update them, all in place; (n,) squared normalised innovations."""
    n = len(t)
    out, up = np.empty(n), np.empty(3)
    q_h, q_v = settings[Q_H], settings[Q_V]
    for i in range(n):
        dt = plot_t[i] - t[i]
        if dt >= 0.0:
            predict(x[i], p[i], dt, q_h, q_v, up)
            bound_height(x[i], p[i], settings[ALTITUDE], settings[ALTITUDE_SD], settings[CLIMB_SD], up)
            t[i] = plot_t[i]
            dt = 0.0
        out[i] = update(x[i], p[i], dt, z[i], cov[i], sensor, q_h, q_v)
    return out


@njit(cache=True, error_model="numpy")
def schedule(
    plot_t: FloatArray, plot_sensor: IntArray, z: FloatArray, cov: FloatArray, sensors: FloatArray, next_scan: IntArray,
    until: float,
) -> tuple[IntArray, FloatArray, IntArray, IntArray, IntArray, int]:  # fmt: skip
    """Put plots into the scans that end by ``until``, in the order of the scans' ends.

    Returns scan_sensor (s,), scan_t (s, 2) start and end, bounds (s + 1,) into ``order`` (plots by scan), the rows that
    wait for their scan to end, and the count of unusable plots. ``next_scan`` (sensors,) moves on; UNSET: not begun.
    """
    ns, n = len(sensors), len(plot_t)
    which = np.empty(n, np.int64)
    bad = 0
    last = np.empty(ns, np.int64)
    for s in range(ns):
        last[s] = math.floor((until - sensors[s, OFFSET]) / sensors[s, PERIOD] + 1e-9)  # scans below end by until
    low = np.empty(ns, np.int64)
    for s in range(ns):
        low[s] = 2**62
    for j in range(n):
        s = plot_sensor[j]
        good = 0 <= s < ns and next_scan[s] < OFF
        if good:  # a plot far from its tick has a wrong clock
            good = until - _BACKLOG * sensors[s, PERIOD] < plot_t[j] <= until + sensors[s, PERIOD]
        if good:
            some = False
            for k in range(4):
                if not math.isnan(z[j, k]):
                    some = True
                    good = good and math.isfinite(z[j, k]) and cov[j, k, k] > 0.0 and math.isfinite(cov[j, k, k])
            good = good and some
        if not good:
            which[j] = UNSET
            bad += 1
            continue
        which[j] = math.floor((plot_t[j] - sensors[s, OFFSET]) / sensors[s, PERIOD])
        if next_scan[s] != UNSET and which[j] < next_scan[s]:
            which[j] = next_scan[s]
        low[s] = min(low[s], which[j])
    base = np.zeros(ns + 1, np.int64)
    begin = np.empty(ns, np.int64)
    for s in range(ns):
        begin[s] = next_scan[s] if next_scan[s] != UNSET else min(low[s], last[s])
        if next_scan[s] < OFF:
            begin[s] = max(begin[s], last[s] - _BACKLOG - 1)  # tracks are long gone after such a silence
        base[s + 1] = base[s] + max(last[s] - begin[s], 0)
    total = base[ns]
    ends, starts, sensor_of = np.empty(total), np.empty(total), np.empty(total, np.int64)
    for s in range(ns):
        for k in range(base[s + 1] - base[s]):
            starts[base[s] + k] = sensors[s, OFFSET] + (begin[s] + k) * sensors[s, PERIOD]
            ends[base[s] + k] = sensors[s, OFFSET] + (begin[s] + k + 1) * sensors[s, PERIOD]
            sensor_of[base[s] + k] = s
    by_end = np.empty(total, np.int64)
    for k in range(total):  # few, and nearly in order
        at = k
        while at > 0 and ends[by_end[at - 1]] > ends[k]:
            by_end[at] = by_end[at - 1]
            at -= 1
        by_end[at] = k
    rank = np.empty(total, np.int64)
    scan_sensor, scan_t = np.empty(total, np.int64), np.empty((total, 2))
    for k in range(total):
        rank[by_end[k]] = k
        scan_sensor[k] = sensor_of[by_end[k]]
        scan_t[k, 0] = starts[by_end[k]]
        scan_t[k, 1] = ends[by_end[k]]
    bounds = np.zeros(total + 1, np.int64)
    waiting = 0
    for j in range(n):
        if which[j] == UNSET:
            continue
        s = plot_sensor[j]
        if which[j] >= last[s]:
            waiting += 1
        else:
            bounds[rank[base[s] + which[j] - begin[s]] + 1] += 1
    for k in range(total):
        bounds[k + 1] += bounds[k]
    order, wait, filled = np.empty(bounds[total], np.int64), np.empty(waiting, np.int64), bounds.copy()
    waiting = 0
    for j in range(n):
        if which[j] == UNSET:
            continue
        s = plot_sensor[j]
        if which[j] >= last[s]:
            wait[waiting] = j
            waiting += 1
        else:
            k = rank[base[s] + which[j] - begin[s]]
            order[filled[k]] = j
            filled[k] += 1
    for s in range(ns):
        next_scan[s] = max(begin[s], last[s])
    return scan_sensor, scan_t, bounds, order, wait, bad


@njit(cache=True, error_model="numpy")
def gate(
    moved: FloatArray, zhat: FloatArray, s: FloatArray, sweep_t: FloatArray, x: FloatArray, p: FloatArray,
    t: FloatArray, marks: IntArray,
    pd: FloatArray, sensor: FloatArray, plot: IntArray, by_range: IntArray, reach: FloatArray, plot_t: FloatArray,
    z: FloatArray, cov: FloatArray, pfa: FloatArray, address: IntArray, settings: FloatArray,
    start_of: IntArray, column: IntArray, cost: FloatArray,
) -> int:  # fmt: skip
    """Find the pairs (track, plot of the scan) inside the gate, with the cost of believing them; number of pairs.

    moved (n, 6), zhat (n, 4), s (n, 4, 4): tracks moved to their sweep times ``sweep_t``, expected measurement and its
    covariance without the plot's error. x, p, t: the tracks as they stand. ``plot`` (m,) rows of the scan's plots,
    ``by_range`` their order by range (plots without range first), ``reach`` (3,): largest range and azimuth variance
    among them and how many have no range. Pairs beyond the length of ``column`` are counted, not kept.
    """
    n, m = len(sweep_t), len(plot)
    rows, chol, y, both, up = np.empty(4, np.int64), np.empty((4, 4)), np.empty(4), np.empty((4, 4)), np.empty(3)
    far, far_z, far_h, far_p = np.empty(6), np.empty(4), np.empty((4, 6)), np.empty((6, 6))
    hidden = int(reach[2])
    period, rotates = sensor[PERIOD], sensor[ROTATES] > 0.0
    births, joint = settings[BIRTHS], settings[JOINT] > 0.0
    widest, half, wide, beyond = settings[GATE + 4], 0.0, 0.0, 0.0
    pairs = 0
    for i in range(n):
        start_of[i] = pairs
        if marks[i, STATUS] == DROPPED:
            continue
        log_odds = math.log(pd[i] / (1.0 - pd[i]))
        for turn in range(2):
            if turn == 0:
                first, last = 0, hidden
            else:
                limit = widest * (_ADDRESS_GATE if marks[i, ADDRESS] >= 0 else 1.0)
                wide = math.sqrt(limit * (s[i, 1, 1] + reach[1]))
                speed = math.sqrt(moved[i, 3] ** 2 + moved[i, 4] ** 2 + moved[i, 5] ** 2)
                half = 1.2 * math.sqrt(limit * (s[i, 0, 0] + reach[0]))
                if rotates and zhat[i, 1] > 2.0 * wide and zhat[i, 1] < _TWO_PI - 2.0 * wide:
                    span = min(2.0 * wide / _TWO_PI, 0.5) * period
                else:  # either end of the scan may hold the plot
                    span = period
                    half *= 2.0
                    wide *= 2.0
                half += speed * span
                wide = 1.3 * wide + speed * span / zhat[i, 0] + 0.002
                near, beyond = zhat[i, 0] - half, zhat[i, 0] + half
                first, last = hidden, m
                while first < last:  # bisection on the sorted ranges
                    mid = (first + last) // 2
                    if z[plot[by_range[mid]], 0] < near:
                        first = mid + 1
                    else:
                        last = mid
                last = m
            for b in range(first, last):
                c = by_range[b]
                j = plot[c]
                if turn == 1 and z[j, 0] > beyond:
                    break
                same = False
                if address[j] >= 0 and marks[i, ADDRESS] >= 0:
                    if address[j] != marks[i, ADDRESS]:
                        continue
                    same = True
                dt = plot_t[j] - sweep_t[i]
                apart = abs(dt) > 0.25 * period  # seen at the other end of the scan: the sweep's covariance will not do
                if turn == 1 and zhat[i, 0] > 2.0 * half and abs(_wrapped(1, z[j, 1] - zhat[i, 1])) > wide:
                    continue  # NaN is no reason to skip
                if apart:
                    for a in range(6):
                        far[a] = x[i, a]
                        for d in range(6):
                            far_p[a, d] = p[i, a, d]
                    predict(far, far_p, plot_t[j] - t[i], settings[Q_H], settings[Q_V], up)
                    measure(far, 0.0, sensor, far_z, far_h)
                    predicted_cov(far_p, far_h, both)
                else:
                    expected(moved[i], dt, sensor, far_z)
                    for a in range(4):
                        for d in range(4):
                            both[a, d] = s[i, a, d]
                for a in range(4):
                    for d in range(4):
                        both[a, d] += cov[j, a, d]
                k = _measured(z[j], rows)
                if not _cholesky(both, rows, k, chol):
                    continue
                d2, log_det, density, extent = 0.0, 0.0, pfa[j], births
                for a in range(k):
                    rest = _wrapped(rows[a], z[j, rows[a]] - far_z[rows[a]])
                    for d in range(a):
                        rest -= chol[a, d] * y[d]
                    y[a] = rest / chol[a, a]
                    d2 += y[a] * y[a]
                    log_det += math.log(chol[a, a])
                    density /= sensor[CELL + rows[a]]
                    extent /= sensor[EXTENT + rows[a]]
                if d2 > settings[GATE + k] * (_ADDRESS_GATE if same else 1.0):
                    continue
                gain = log_odds - 0.5 * d2 - log_det - 0.5 * k * math.log(_TWO_PI) - math.log(density + extent)
                if same:
                    gain += _SAME_ADDRESS
                if joint:
                    if not gain > _LEAST_GAIN:
                        continue
                else:
                    if not gain > 0.0:
                        continue
                    if marks[i, STATUS] == CONFIRMED:
                        gain += _CONFIRMED_FIRST
                if pairs < len(column):
                    column[pairs] = c
                    cost[pairs] = -gain
                pairs += 1
    start_of[n] = pairs
    return pairs


@njit(cache=True, error_model="numpy")
def look_up(
    marks: IntArray,
    n: int,
    sensor: int,
    task_track: IntArray,
    task_sensor: IntArray,
    task_pd: FloatArray,
    task_pfa: FloatArray,
    out: FloatArray,
) -> None:
    """Spread tasks (sorted by track) over n tracks (by number): ``out`` (n, 2) pd and pfa, NaN without a task."""
    i = 0
    for k in range(n):
        out[k, 0] = math.nan
        out[k, 1] = math.nan
    for k in range(len(task_track)):
        if task_sensor[k] != sensor:
            continue
        while i < n and marks[i, NUMBER] < task_track[k]:
            i += 1
        if i < n and marks[i, NUMBER] == task_track[k]:
            out[i, 0] = task_pd[k]
            out[i, 1] = task_pfa[k]


@njit(cache=True, error_model="numpy")
def share(
    start_of: IntArray, column: IntArray, cost: FloatArray, marks: IntArray, n_columns: int, p: FloatArray,
    p_miss: FloatArray, p_new: FloatArray, exact_max: int, cap: int,
) -> None:  # fmt: skip
    """Probabilities that track i has a plot (edges), none (n,), and that a plot is no track's (m,), into ``p...``.

    Confirmed tracks share among themselves; tentative ones share what is then likely to be left.
    """
    n, edges = len(start_of) - 1, start_of[len(start_of) - 1]
    psi, status, miss = np.zeros(edges), np.empty(n, np.int64), np.empty(n)
    part, free = np.empty(edges), np.empty(n_columns)
    for j in range(n_columns):
        p_new[j] = 1.0
    for e in range(edges):
        p[e] = 0.0
    for turn in range(2):
        some = False
        for i in range(n):
            mine = marks[i, STATUS] == (CONFIRMED if turn == 0 else TENTATIVE)
            for e in range(start_of[i], start_of[i + 1]):
                psi[e] = math.exp(-cost[e]) * p_new[column[e]] if mine else 0.0
                some = some or mine
        if some:
            marginals(start_of, column, psi, n_columns, exact_max, cap, _SETTLED, part, miss, free, status)
            for e in range(edges):
                p[e] += part[e]
            for j in range(n_columns):
                p_new[j] *= free[j]
    for i in range(n):
        p_miss[i] = 1.0
        for e in range(start_of[i], start_of[i + 1]):
            p_miss[i] -= p[e]
        p_miss[i] = max(p_miss[i], 0.0)


@njit(cache=True, error_model="numpy")
def blend(
    x: FloatArray, p: FloatArray, t: float, column: IntArray, weight: FloatArray, plot: IntArray, plot_t: FloatArray,
    z: FloatArray, cov: FloatArray, sensor: FloatArray, settings: FloatArray,
) -> float:  # fmt: skip
    """Update state and covariance in place with several plots that may be the track's; return the state's new time.

    The track has plot ``plot[column[k]]`` with probability ``weight[k]`` and none of them with what is left to 1. The
    result has the mean and covariance of the mixture, at the time of the last plot or of the track if that is later.
    """
    last = -math.inf
    for k in range(len(weight)):
        if weight[k] > _NEGLIGIBLE:
            last = max(last, float(plot_t[plot[column[k]]]))
    if last == -math.inf:
        return t
    if last >= t:
        up = np.empty(3)
        predict(x, p, last - t, settings[Q_H], settings[Q_V], up)
        bound_height(x, p, settings[ALTITUDE], settings[ALTITUDE_SD], settings[CLIMB_SD], up)
        t = last
    one, one_p = np.empty(6), np.empty((6, 6))
    mean, square, rest = np.zeros(6), np.zeros((6, 6)), 1.0
    for k in range(len(weight)):
        if not weight[k] > _NEGLIGIBLE:
            continue
        for a in range(6):
            one[a] = x[a]
            for b in range(6):
                one_p[a, b] = p[a, b]
        j = plot[column[k]]
        if math.isnan(update(one, one_p, float(plot_t[j]) - t, z[j], cov[j], sensor, settings[Q_H], settings[Q_V])):
            continue
        rest -= weight[k]
        for a in range(6):
            mean[a] += weight[k] * (one[a] - x[a])
            for b in range(a + 1):
                square[a, b] += weight[k] * (one_p[a, b] + (one[a] - x[a]) * (one[b] - x[b]))
    rest = max(rest, 0.0)
    for a in range(6):
        for b in range(a + 1):
            kept = rest * p[a, b] + square[a, b] - mean[a] * mean[b]
            p[a, b] = kept
            p[b, a] = kept
        x[a] += mean[a]
    return t


@njit(cache=True, error_model="numpy")
def play(
    first: int, scan_sensor: IntArray, scan_t: FloatArray, bounds: IntArray, order: IntArray,
    plot_t: FloatArray, z: FloatArray, cov: FloatArray, snr_db: FloatArray, pfa: FloatArray, address: IntArray,
    label: IntArray,
    sensors: FloatArray, settings: FloatArray, rules: IntArray,
    before_track: IntArray, before_sensor: IntArray, before_pd: FloatArray, before_pfa: FloatArray,
    task_track: IntArray, task_sensor: IntArray, task_pd: FloatArray, task_pfa: FloatArray, tasked_t: float,
    x: FloatArray, p: FloatArray, t: FloatArray, marks: IntArray, doubt: FloatArray, updated: FloatArray,
    counts: IntArray, look_i: IntArray, look_f: FloatArray,
) -> int:  # fmt: skip
    """Play scans ``first`` onward into the tracks; return the scan that did not fit, or their count when all are done.

    ``before_...`` and ``task_...`` are the tasks in force before ``tasked_t`` and after it. ``rules`` (4,): m, n of the
    start rule; multiplications and sweeps allowed to joint association. ``counts`` (3,): tracks in use, next track
    number, looks written. ``look_i`` (l, 3) sensor, track number, plot or -1; ``look_f`` (l, 9) time, position,
    velocity, snr_db, pfa.
    """
    capacity, look_capacity = len(t), len(look_i)
    q_h, q_v, default_pd = settings[Q_H], settings[Q_V], settings[PD]
    altitude, altitude_sd, climb_sd = settings[ALTITUDE], settings[ALTITUDE_SD], settings[CLIMB_SD]
    m_hits, n_looks, joint = rules[0], rules[1], settings[JOINT] > 0.0
    window = (1 << n_looks) - 1
    up, h = np.empty(3), np.empty((4, 6))
    moved, moved_p = np.empty((capacity, 6)), np.empty((6, 6))
    zhat, s, sweep = np.empty((capacity, 4)), np.empty((capacity, 4, 4)), np.empty(capacity)
    pds, now, then = np.empty(capacity), np.empty((capacity, 2)), np.empty((capacity, 2))
    start_of = np.empty(capacity + 1, np.int64)
    column, cost = np.empty(8 * capacity + 64, np.int64), np.empty(8 * capacity + 64)
    reach = np.empty(3)
    for k in range(first, len(scan_sensor)):
        sn = scan_sensor[k]
        sensor = sensors[sn]
        t0, t1 = scan_t[k, 0], scan_t[k, 1]
        plot = order[bounds[k] : bounds[k + 1]]
        n, m = counts[0], len(plot)
        if n + m > capacity or counts[2] + n > look_capacity:
            return k
        if n == 0 and m == 0:
            continue
        primary, rotates = sensor[PRIMARY] > 0.0, sensor[ROTATES] > 0.0
        look_up(marks, n, sn, before_track, before_sensor, before_pd, before_pfa, then)
        look_up(marks, n, sn, task_track, task_sensor, task_pd, task_pfa, now)
        # 1. each track to the time the beam passes it
        for i in range(n):
            if marks[i, STATUS] == DROPPED:
                continue
            at = 0.5 * (t0 + t1)
            if rotates:
                for _ in range(3):
                    expected(x[i], at - t[i], sensor, zhat[i])
                    at = t0 + sensor[PERIOD] * zhat[i, 1] / _TWO_PI
            sweep[i] = at
            for a in range(6):
                moved[i, a] = x[i, a]
                for b in range(6):
                    moved_p[a, b] = p[i, a, b]
            predict(moved[i], moved_p, at - t[i], q_h, q_v, up)
            bound_height(moved[i], moved_p, altitude, altitude_sd, climb_sd, up)
            measure(moved[i], 0.0, sensor, zhat[i], h)
            predicted_cov(moved_p, h, s[i])
            if at < tasked_t:
                now[i, 0], now[i, 1] = then[i, 0], then[i, 1]
            pd = default_pd if math.isnan(now[i, 0]) else now[i, 0]
            pds[i] = min(max(pd, 1e-3), 0.999)
        # 2. gate
        key = np.empty(m)
        reach[0], reach[1], reach[2] = 0.0, 0.0, 0.0
        for b in range(m):
            j = plot[b]
            key[b] = z[j, 0]
            if math.isnan(key[b]):
                key[b] = -1.0
                reach[2] += 1.0
            else:
                reach[0] = max(reach[0], cov[j, 0, 0])
                if not math.isnan(z[j, 1]):
                    reach[1] = max(reach[1], cov[j, 1, 1])
        by_range = np.argsort(key)
        while True:
            pairs = gate(
                moved[:n], zhat, s, sweep[:n], x, p, t, marks, pds, sensor, plot, by_range, reach, plot_t, z, cov, pfa,
                address, settings, start_of, column, cost,
            )  # fmt: skip
            if pairs <= len(column):
                break
            column, cost = np.empty(2 * pairs, np.int64), np.empty(2 * pairs)
        # 3. assign, or share
        taken = np.zeros(m, np.bool_)
        if joint:
            chosen, p_new = np.full(n, -1), np.empty(m)
            p_pair, p_miss = np.empty(pairs), np.empty(n)
            share(start_of[: n + 1], column, cost, marks, m, p_pair, p_miss, p_new, rules[2], rules[3])
            for c in range(m):
                taken[c] = p_new[c] < 0.5
            for i in range(n):
                most = 0.0
                for e in range(start_of[i], start_of[i + 1]):
                    if p_miss[i] < 0.5 and p_pair[e] > most:
                        most = p_pair[e]
                        chosen[i] = column[e]
        else:
            chosen, p_pair = assign(start_of[: n + 1], column, cost, m), cost
        # 4. update, count, drop
        for i in range(n):
            status = marks[i, STATUS]
            if status == DROPPED:
                continue
            hit = chosen[i] >= 0
            covered = (not primary) or (
                sensor[RANGE_MIN] <= zhat[i, 0] <= sensor[RANGE_MAX]
                and sensor[ELEVATION_MIN] <= zhat[i, 2] <= sensor[ELEVATION_MAX]
            )
            counts_against = covered and updated[i, sn] > -math.inf
            j = -1
            sure = hit
            if joint:
                low, high = start_of[i], start_of[i + 1]
                t[i] = blend(
                    x[i], p[i], t[i], column[low:high], p_pair[low:high], plot, plot_t, z, cov, sensor, settings
                )  # fmt: skip
            if hit:
                j = plot[chosen[i]]
                if joint:
                    most = 0.0
                    for e in range(start_of[i], start_of[i + 1]):
                        most = max(most, p_pair[e])
                    sure = most > 0.5
                else:
                    taken[chosen[i]] = True
                    dt = plot_t[j] - t[i]
                    if dt >= 0.0:
                        predict(x[i], p[i], dt, q_h, q_v, up)
                        bound_height(x[i], p[i], altitude, altitude_sd, climb_sd, up)
                        t[i] = plot_t[j]
                        dt = 0.0
                    update(x[i], p[i], dt, z[j], cov[j], sensor, q_h, q_v)
                updated[i, sn] = max(updated[i, sn], plot_t[j])
                marks[i, HITS] += 1
                doubt[i] = 0.0
                if sure and address[j] >= 0:
                    marks[i, ADDRESS] = address[j]
                if sure and label[j] >= 0:
                    marks[i, LABEL] = label[j]
            elif counts_against:
                doubt[i] -= math.log(1.0 - pds[i])
            if hit or counts_against:
                marks[i, HISTORY] = ((marks[i, HISTORY] << 1) | (1 if hit else 0)) & window
                marks[i, LOOKS] += 1
            if primary and status == CONFIRMED and (hit or covered):
                row = counts[2]
                counts[2] += 1
                look_i[row, 0], look_i[row, 1], look_i[row, 2] = sn, marks[i, NUMBER], j
                if hit:
                    look_f[row, 0] = plot_t[j]
                    back = plot_t[j] - t[i]
                    for a in range(3):
                        look_f[row, 1 + a] = x[i, a] + back * x[i, a + 3]
                        look_f[row, 4 + a] = x[i, a + 3]
                    look_f[row, 7], look_f[row, 8] = snr_db[j], pfa[j]
                else:
                    look_f[row, 0] = sweep[i]
                    for a in range(6):
                        look_f[row, 1 + a] = moved[i, a]
                    look_f[row, 7] = math.nan
                    look_f[row, 8] = sensor[PFA] if math.isnan(now[i, 1]) else now[i, 1]
            if status == TENTATIVE:
                bits, hits = marks[i, HISTORY], 0
                while bits:
                    hits += bits & 1
                    bits >>= 1
                if hits >= m_hits:
                    marks[i, STATUS] = CONFIRMED
                elif min(marks[i, LOOKS], n_looks) - hits > n_looks - m_hits:
                    marks[i, STATUS] = DROPPED
            elif doubt[i] >= settings[DROP_NATS]:
                marks[i, STATUS] = DROPPED
            last = t[i]
            if joint:  # the state may have moved on by plots that hardly were the track's
                last = -math.inf
                for a in range(updated.shape[1]):
                    last = max(last, updated[i, a])
            if t1 - last > settings[COAST]:
                marks[i, STATUS] = DROPPED
        # 5. what no track took may be a new one
        for b in range(m):
            c = by_range[b]
            j = plot[c]
            if taken[c] or not start(x[n], p[n], z[j], cov[j], sensor, settings):
                continue
            t[n] = plot_t[j]
            marks[n, NUMBER] = counts[1]
            marks[n, STATUS] = CONFIRMED if m_hits <= 1 else TENTATIVE
            marks[n, HITS] = 1
            marks[n, HISTORY] = 1
            marks[n, LOOKS] = 1
            marks[n, ADDRESS], marks[n, LABEL] = address[j], label[j]
            marks[n, SHOWN] = 0
            doubt[n] = 0.0
            for a in range(updated.shape[1]):
                updated[n, a] = -math.inf
            updated[n, sn] = plot_t[j]
            counts[1] += 1
            n += 1
        counts[0] = n
    return len(scan_sensor)


@njit(cache=True, error_model="numpy")
def picture(
    x: FloatArray,
    p: FloatArray,
    t: FloatArray,
    marks: IntArray,
    doubt: FloatArray,
    updated: FloatArray,
    counts: IntArray,
) -> tuple[IntArray, FloatArray, FloatArray, FloatArray]:
    """Copy out the tracks worth showing and close the gaps of those that ended; one that never was shown is not.

    Returns marks (columns, n), and of the n tracks time and state (n, 7), covariance (n, 6, 6), last updates.
    """
    n, shown, kept = counts[0], 0, 0
    for i in range(n):
        if marks[i, STATUS] != DROPPED or marks[i, SHOWN] > 0:
            shown += 1
    out_marks, out_x = np.empty((N_MARKS, shown), np.int64), np.empty((shown, 7))
    out_p, out_updated = np.empty((shown, 6, 6)), np.empty((shown, updated.shape[1]))
    shown = 0
    for i in range(n):
        live = marks[i, STATUS] != DROPPED
        if live or marks[i, SHOWN] > 0:
            out_x[shown, 0] = t[i]
            for a in range(6):
                out_x[shown, a + 1] = x[i, a]
                for b in range(6):
                    out_p[shown, a, b] = p[i, a, b]
            for a in range(N_MARKS):
                out_marks[a, shown] = marks[i, a]
            for a in range(updated.shape[1]):
                out_updated[shown, a] = updated[i, a]
            shown += 1
        if live:
            marks[i, SHOWN] = 1
            if kept < i:
                t[kept], doubt[kept] = t[i], doubt[i]
                for a in range(6):
                    x[kept, a] = x[i, a]
                    for b in range(6):
                        p[kept, a, b] = p[i, a, b]
                for a in range(N_MARKS):
                    marks[kept, a] = marks[i, a]
                for a in range(updated.shape[1]):
                    updated[kept, a] = updated[i, a]
            kept += 1
    counts[0] = kept
    return out_marks, out_x, out_p, out_updated
