"""Compiled measurement of one state: what a sensor expects, how likely a plot is, what it teaches, how a track starts.

States are Cartesian position and velocity, further components after them, (nx,). In the ECEF frame "up" is the normal
of the ellipsoid at the target; in a flat frame (x east, y north, z up) it is z. A sensor is a row of the table whose
columns are named in ``gnn.py`` and here. Measurements have four components, NaN where not measured: range, azimuth,
elevation, range rate of a polar sensor; x, y, z along its own axes, and nothing, of a Cartesian one.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from watchfloor.base.units import FloatArray
from watchfloor.track._kernels.gnn import N_SENSOR_COLUMNS
from watchfloor.track._kernels.motion import vertical

# further columns of the sensor table: axes instead of angles, flat frame, range-rate ambiguity [m/s] (0 none),
# area in which targets may be [m2], share of the elevations (heights that targets report) that are wrong [1]
CARTESIAN, FLAT, FOLD, AREA, GARBLED = range(N_SENSOR_COLUMNS, N_SENSOR_COLUMNS + 5)
N_COLUMNS = N_SENSOR_COLUMNS + 5

_TWO_PI = 2.0 * math.pi
_LOG_TWO_PI = math.log(2.0 * math.pi)


@njit(cache=True, error_model="numpy")
def wrapped(difference: Any) -> Any:
    """Difference of two azimuths, the short way round. [rad]."""
    if difference > math.pi:
        return difference - _TWO_PI
    if difference < -math.pi:
        return difference + _TWO_PI
    return difference


@njit(cache=True, error_model="numpy")
def expected(x: FloatArray, dt: Any, sensor: FloatArray, z: FloatArray) -> None:
    """Expected measurement ``z`` (4,) of a state moved straight on by ``dt``."""
    dx = x[0] + dt * x[3] - sensor[0]
    dy = x[1] + dt * x[4] - sensor[1]
    dz = x[2] + dt * x[5] - sensor[2]
    e = sensor[3] * dx + sensor[4] * dy + sensor[5] * dz
    n = sensor[6] * dx + sensor[7] * dy + sensor[8] * dz
    u = sensor[9] * dx + sensor[10] * dy + sensor[11] * dz
    if sensor[CARTESIAN] > 0.0:
        z[0], z[1], z[2], z[3] = e, n, u, 0.0
        return
    g2 = max(e * e + n * n, 1.0)
    r = math.sqrt(g2 + u * u)
    azimuth = math.atan2(e, n)
    z[0] = r
    z[1] = azimuth if azimuth >= 0.0 else azimuth + _TWO_PI
    z[2] = math.atan2(u, math.sqrt(g2))
    z[3] = (dx * x[3] + dy * x[4] + dz * x[5]) / r


@njit(cache=True, error_model="numpy")
def jacobian(x: FloatArray, dt: Any, sensor: FloatArray, z: FloatArray, h: FloatArray) -> None:
    """Expected measurement ``z`` (4,) of a state moved by ``dt``; its derivative ``h`` (4, 6) by the state unmoved."""
    dx = x[0] + dt * x[3] - sensor[0]
    dy = x[1] + dt * x[4] - sensor[1]
    dz = x[2] + dt * x[5] - sensor[2]
    e = sensor[3] * dx + sensor[4] * dy + sensor[5] * dz
    n = sensor[6] * dx + sensor[7] * dy + sensor[8] * dz
    u = sensor[9] * dx + sensor[10] * dy + sensor[11] * dz
    if sensor[CARTESIAN] > 0.0:
        z[0], z[1], z[2], z[3] = e, n, u, 0.0
        for k in range(3):
            for c in range(3):
                h[k, c] = sensor[3 + 3 * k + c]
                h[k, c + 3] = dt * h[k, c]
        for c in range(6):
            h[3, c] = 0.0
        return
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
def spread(p: FloatArray, h: FloatArray, s: FloatArray) -> None:
    """``s`` (4, 4) = h p h' for h (4, 6) and the first six rows and columns of p (nx, nx)."""
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
def spread_now(p: FloatArray, h: FloatArray, s: FloatArray) -> None:
    """``spread`` where the first three rows of ``h`` do not look at the velocity (a plot at the state's own time)."""
    for a in range(3):
        h0, h1, h2 = h[a, 0], h[a, 1], h[a, 2]
        for b in range(a + 1):
            total = 0.0
            for c in range(3):
                total += (h0 * p[0, c] + h1 * p[1, c] + h2 * p[2, c]) * h[b, c]
            s[a, b] = total
            s[b, a] = total
    for c in range(6):
        hp = 0.0
        for d in range(6):
            hp += h[3, d] * p[d, c]
        for b in range(3):
            s[3, b] = hp * h[b, c] + (s[3, b] if c > 0 else 0.0)
        s[3, 3] = hp * h[3, c] + (s[3, 3] if c > 0 else 0.0)
    for b in range(3):
        s[b, 3] = s[3, b]


@njit(cache=True, error_model="numpy")
def residual(k: int, difference: Any, sensor: FloatArray) -> Any:
    """Difference of two measurements of component ``k``: azimuths the short way round, range rates unfolded."""
    if sensor[CARTESIAN] > 0.0:
        return difference
    if k == 1:
        return wrapped(difference)
    if k == 3 and sensor[FOLD] > 0.0:
        return difference - sensor[FOLD] * math.floor(difference / sensor[FOLD] + 0.5)
    return difference


@njit(cache=True, error_model="numpy")
def folded2(sensor: FloatArray) -> float:
    """Variance of an expected range rate beyond which its fold is not known [m2/s2]; inf where none repeats."""
    if sensor[CARTESIAN] > 0.0 or not sensor[FOLD] > 0.0:
        return math.inf
    return (0.25 * sensor[FOLD]) ** 2


@njit(cache=True, error_model="numpy")
def log_likelihood(
    z: FloatArray, cov: FloatArray, zhat: FloatArray, s: FloatArray, sensor: FloatArray, work: FloatArray
) -> tuple[float, float]:
    """Log density of a plot about its expectation, and its squared normalised innovation; NaN if not positive definite.

    s (4, 4) covariance of the expectation, without the plot's own; work (5, 4) scratch.
    """
    m, d2, log_det = 0, 0.0, 0.0
    rows = np.empty(4, np.int64)
    for k in range(4):
        if not math.isnan(z[k]):
            if k == 3 and s[3, 3] > folded2(sensor):  # any of the folds: even over the interval
                log_det += math.log(sensor[FOLD])
                continue
            rows[m] = k
            m += 1
    for i in range(m):
        a = rows[i]
        for j in range(i + 1):
            rest = s[a, rows[j]] + cov[a, rows[j]]
            for c in range(j):
                rest -= work[i, c] * work[j, c]
            if i == j:
                if not rest > 0.0:
                    return math.nan, math.nan
                work[i, i] = math.sqrt(rest)
            else:
                work[i, j] = rest / work[j, j]
        y = residual(a, z[a] - zhat[a], sensor)
        for c in range(i):
            y -= work[i, c] * work[4, c]
        y /= work[i, i]
        work[4, i] = y
        d2 += y * y
        log_det += math.log(work[i, i])
    return -0.5 * d2 - log_det - 0.5 * m * _LOG_TWO_PI, d2


@njit(cache=True, error_model="numpy")
def without_height(z: FloatArray, out: FloatArray) -> None:
    """``z`` (4,) with its elevation not measured, to ``out``."""
    for a in range(4):
        out[a] = z[a]
    out[2] = math.nan


@njit(cache=True, error_model="numpy")
def update(x: FloatArray, p: FloatArray, z: FloatArray, cov: FloatArray, sensor: FloatArray) -> float:
    """Update state (nx,) and covariance (nx, nx) in place with one plot of the same time; log likelihood of the plot.

    Angles go in first, then range and range rate are taken about the state that the angles left; each component is
    whitened and used as a scalar. NaN if the plot's covariance is not positive definite where measured.
    """
    nx = len(x)
    rows = np.empty(4, np.int64)
    m, angles = 0, 0
    first, second = 1, 2
    if not math.isnan(z[first]):
        rows[m] = first
        m += 1
    if not math.isnan(z[second]):
        rows[m] = second
        m += 1
    angles = m
    if not math.isnan(z[0]):
        rows[m] = 0
        m += 1
    zhat, h, out = np.empty(4), np.empty((4, 6)), 0.0
    if not math.isnan(z[3]):
        doubt2, limit2 = 0.0, folded2(sensor)
        if limit2 < math.inf:
            jacobian(x, 0.0, sensor, zhat, h)
            for c in range(6):
                for d in range(6):
                    doubt2 += h[3, c] * p[c, d] * h[3, d]
        if doubt2 > limit2:  # any of the folds: even over the interval
            out -= math.log(sensor[FOLD])
        else:
            rows[m] = 3
            m += 1
    if sensor[CARTESIAN] > 0.0:
        angles = 0
    chol = np.empty((4, 4))
    for i in range(m):
        for j in range(i + 1):
            rest = cov[rows[i], rows[j]]
            for c in range(j):
                rest -= chol[i, c] * chol[j, c]
            if i == j:
                if not rest > 0.0:
                    return math.nan
                chol[i, i] = math.sqrt(rest)
            else:
                chol[i, j] = rest / chol[j, j]
    y, ht = np.empty(4), np.empty((4, 6))
    x0, ph = np.empty(6), np.empty(nx)
    for a in range(m):
        if a == 0 or a == angles:
            jacobian(x, 0.0, sensor, zhat, h)
            for c in range(6):
                x0[c] = x[c]
            for b in range(m):
                k = rows[b]
                rest = residual(k, z[k] - zhat[k], sensor)
                for d in range(b):
                    rest -= chol[b, d] * y[d]
                y[b] = rest / chol[b, b]
                for c in range(6):
                    rest = h[k, c]
                    for d in range(b):
                        rest -= chol[b, d] * ht[d, c]
                    ht[b, c] = rest / chol[b, b]
        v, s = y[a], 1.0
        reach = 6 if rows[a] == 3 or chol[a, 0] != 0.0 else 3
        for c in range(nx):
            total = 0.0
            for d in range(reach):
                total += p[c, d] * ht[a, d]
            ph[c] = total
        for c in range(reach):
            v -= ht[a, c] * (x[c] - x0[c])
            s += ht[a, c] * ph[c]
        out -= 0.5 * (v * v / s + math.log(s) + _LOG_TWO_PI) + math.log(chol[a, a])
        for c in range(nx):
            gain = ph[c] / s
            x[c] += gain * v
            for d in range(c + 1):
                kept = p[c, d] - gain * ph[d]
                p[c, d] = kept
                p[d, c] = kept
    return out


@njit(cache=True, error_model="numpy")
def absorb(x: FloatArray, p: FloatArray, up: FloatArray, first: int, wanted: float, bound: float) -> None:
    """Keep the variance of one vertical component (``first`` 0 height, 3 climb) at most ``bound``, as a prior would."""
    variance = 0.0
    for a in range(3):
        for b in range(3):
            variance += up[a] * p[first + a, first + b] * up[b]
    if variance <= bound * (1.0 + 1e-9):
        return
    nx = len(x)
    ph = np.empty(nx)
    for a in range(nx):
        ph[a] = p[a, first] * up[0] + p[a, first + 1] * up[1] + p[a, first + 2] * up[2]
    gain = (variance - bound) / (variance * variance)  # 1 / (variance + r) with 1/r = 1/bound - 1/variance
    for a in range(nx):
        x[a] += ph[a] * gain * wanted
        for b in range(a + 1):
            kept = p[a, b] - ph[a] * ph[b] * gain
            p[a, b] = kept
            p[b, a] = kept


@njit(cache=True, error_model="numpy")
def bound_height(
    x: FloatArray, p: FloatArray, flat: bool, altitude: float, altitude_sd: float, climb_sd: float, up: FloatArray
) -> None:
    """Pull height towards the prior only where the track knows less than the prior does; climb likewise, to level."""
    high = p[0, 0] + p[1, 1] + p[2, 2] > altitude_sd * altitude_sd  # nothing along the vertical exceeds the trace
    fast = p[3, 3] + p[4, 4] + p[5, 5] > climb_sd * climb_sd
    if not (high or fast):
        return
    height = vertical(x, flat, up)
    if high:
        absorb(x, p, up, 0, altitude - height, altitude_sd * altitude_sd)
    if fast:
        absorb(x, p, up, 3, -(up[0] * x[3] + up[1] * x[4] + up[2] * x[5]), climb_sd * climb_sd)


@njit(cache=True, error_model="numpy")
def start(
    x: FloatArray, p: FloatArray, z: FloatArray, cov: FloatArray, sensor: FloatArray,
    altitude: float, altitude_sd: float, speed_sd: float, climb_sd: float,
) -> bool:  # fmt: skip
    """First state and covariance of a track from one plot with two of its first components; False if it has not both.

    What was not measured of height, speed and climb comes from the prior; components after the sixth are left alone.
    """
    if math.isnan(z[0]) or math.isnan(z[1]):
        return False
    up, j, r3, first = np.empty(3), np.empty((3, 3)), np.empty((3, 3)), np.empty(3)
    flat = sensor[FLAT] > 0.0
    for a in range(3):
        first[a] = z[a]
        for b in range(3):
            r3[a, b] = cov[a, b]
    if sensor[CARTESIAN] > 0.0:
        if math.isnan(z[2]):
            first[2] = altitude - sensor[2]
            for a in range(3):
                r3[2, a], r3[a, 2] = 0.0, 0.0
            r3[2, 2] = altitude_sd * altitude_sd
        for c in range(3):
            x[c] = sensor[c]
            for k in range(3):
                j[c, k] = sensor[3 + 3 * k + c]
                x[c] += j[c, k] * first[k]
    else:
        if not z[0] > 0.0:
            return False
        if math.isnan(z[2]):
            if flat:
                sine = (altitude - sensor[2]) / z[0]
            else:
                radius = math.sqrt(sensor[0] ** 2 + sensor[1] ** 2 + sensor[2] ** 2)
                aim = radius + altitude - vertical(sensor, False, up)
                sine = (aim * aim - radius * radius - z[0] * z[0]) / (2.0 * z[0] * radius)
            first[2] = math.asin(min(max(sine, -0.2), 0.95))
            for a in range(3):
                r3[2, a], r3[a, 2] = 0.0, 0.0
            r3[2, 2] = min(altitude_sd / (z[0] * math.cos(first[2])), 0.7) ** 2
        r, ca, sa = first[0], math.cos(first[1]), math.sin(first[1])
        ce, se = math.cos(first[2]), math.sin(first[2])
        for c in range(3):  # columns: by range, azimuth, elevation; rows: the frame's axes
            e, n, u = sensor[3 + c], sensor[6 + c], sensor[9 + c]
            j[c, 0] = ce * sa * e + ce * ca * n + se * u
            j[c, 1] = r * ce * (ca * e - sa * n)
            j[c, 2] = r * (-se * sa * e - se * ca * n + ce * u)
            x[c] = sensor[c] + r * j[c, 0]
    vertical(x, flat, up)
    speed2, climb2 = speed_sd * speed_sd, climb_sd * climb_sd
    for a in range(3):
        x[a + 3] = 0.0
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
    if not math.isnan(z[3]) and sensor[CARTESIAN] == 0.0 and sensor[FOLD] == 0.0:
        only = np.empty(4)
        for a in range(3):
            only[a] = math.nan
        only[3] = z[3]
        update(x, p, only, cov, sensor)
    return True
