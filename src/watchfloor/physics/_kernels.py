"""Compiled loops of this room; each has its plain twin in ``tests/plain/``.

Arrays and scalars in, arrays and scalars out; the callers check. Two scalar functions here are meant for other rooms'
kernels: `statistic_log_pdf_scalar` and `pd_scalar`.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from watchfloor.base.units import BoolArray, FloatArray

_EPS = 1e-17


@njit(cache=True, error_model="numpy")
def aspect(
    ecef: FloatArray, velocity: FloatArray, observer: FloatArray, bank: FloatArray, inv_one_minus_e2: float
) -> FloatArray:
    """Body azimuth and elevation of n observers seen from n targets, (2, n), [rad]; conventions in `frames.aspect`."""
    n = ecef.shape[0]
    out = np.empty((2, n))
    for i in range(n):
        px, py, pz = ecef[i, 0], ecef[i, 1], ecef[i, 2]
        # local vertical: the normal of the ellipsoid through the foot point, to first order in height
        ux, uy, uz = px, py, pz * inv_one_minus_e2
        scale = 1.0 / math.sqrt(ux * ux + uy * uy + uz * uz)
        ux, uy, uz = ux * scale, uy * scale, uz * scale
        ground = math.sqrt(px * px + py * py)
        if ground > 0.0:
            ex, ey = -py / ground, px / ground
        else:
            ex, ey = 0.0, 1.0
        fx, fy, fz = velocity[i, 0], velocity[i, 1], velocity[i, 2]
        speed = math.sqrt(fx * fx + fy * fy + fz * fz)
        if speed > 0.0:
            fx, fy, fz = fx / speed, fy / speed, fz / speed
        else:  # at rest: nose to the north, up x east
            fx, fy, fz = -uz * ey, uz * ex, ux * ey - uy * ex
        rx, ry, rz = fy * uz - fz * uy, fz * ux - fx * uz, fx * uy - fy * ux
        level = math.sqrt(rx * rx + ry * ry + rz * rz)
        if level > 1e-3:
            rx, ry, rz = rx / level, ry / level, rz / level
        else:  # vertical flight: the right wing to the east
            rx, ry, rz = ex, ey, 0.0
        bx, by, bz = ry * fz - rz * fy, rz * fx - rx * fz, rx * fy - ry * fx
        lx, ly, lz = observer[i, 0] - px, observer[i, 1] - py, observer[i, 2] - pz
        ahead = lx * fx + ly * fy + lz * fz
        right = lx * rx + ly * ry + lz * rz
        above = lx * bx + ly * by + lz * bz
        cos_b, sin_b = math.cos(bank[i]), math.sin(bank[i])
        starboard = cos_b * right - sin_b * above
        roof = cos_b * above + sin_b * right
        out[0, i] = math.atan2(starboard, ahead)
        out[1, i] = math.atan2(roof, math.sqrt(ahead * ahead + starboard * starboard))
    return out


@njit(cache=True, error_model="numpy")
def two_way_db(table: FloatArray, grid: FloatArray, slant: float, elevation: float) -> float:
    """Bilinear look-up of a gas table (n_elevation, n_range), [dB].

    grid (4,): 1/range step, scale of asinh(elevation/scale), its first value, 1/its step.
    """
    n_el, n_range = table.shape
    x = min(slant * grid[0], n_range - 1.0)
    y = (math.asinh(elevation / grid[1]) - grid[2]) * grid[3]
    y = min(max(y, 0.0), n_el - 1.0)
    i, j = min(int(y), n_el - 2), min(int(x), n_range - 2)
    fy, fx = y - i, x - j
    low = table[i, j] + fx * (table[i, j + 1] - table[i, j])
    high = table[i + 1, j] + fx * (table[i + 1, j + 1] - table[i + 1, j])
    return low + fy * (high - low)


@njit(cache=True, error_model="numpy")
def two_way_db_rows(table: FloatArray, grid: FloatArray, slant: FloatArray, elevation: FloatArray) -> FloatArray:
    """`two_way_db` of n pairs, (n,), [dB]."""
    out = np.empty(slant.shape[0])
    for i in range(slant.shape[0]):
        out[i] = two_way_db(table, grid, slant[i], elevation[i])
    return out


@njit(cache=True, error_model="numpy")
def look(
    ecef: FloatArray,
    velocity: FloatArray,
    origin: FloatArray,
    rotation: FloatArray,
    site: FloatArray,
    limits: FloatArray,
    gas: FloatArray,
    gas_grid: FloatArray,
) -> tuple[FloatArray, BoolArray]:
    """Geometry and 1 m2 SNR of n targets about one radar: (8, n) and visible (n,).

    ecef, velocity (n, 3); origin (3,), rotation (3, 3) of the radar; site (5,) height above ground, ground height,
    1/meridian and 1/normal radius of curvature, k; limits (5,) range min, max, elevation min, max, SNR of 1 m2 at
    1 m; gas as in `two_way_db`, or (0, 0) for none. Rows out: range, apparent elevation, range rate, SNR of 1 m2,
    then east, north, up and ground range, whose arc tangents NumPy finds four times as fast.
    """
    n = ecef.shape[0]
    out = np.empty((8, n))
    visible = np.empty(n, dtype=np.bool_)
    h1, k = site[0], site[4]
    for i in range(n):
        dx, dy, dz = ecef[i, 0] - origin[0], ecef[i, 1] - origin[1], ecef[i, 2] - origin[2]
        east = rotation[0, 0] * dx + rotation[0, 1] * dy + rotation[0, 2] * dz
        north = rotation[1, 0] * dx + rotation[1, 1] * dy + rotation[1, 2] * dz
        up = rotation[2, 0] * dx + rotation[2, 1] * dy + rotation[2, 2] * dz
        ground2 = east * east + north * north
        ground = math.sqrt(ground2)
        slant = math.sqrt(ground2 + up * up)
        if -1e-15 * north < east < 0.0:  # so that the azimuth stays below 2 pi
            east = 0.0
        bend = site[2]
        if ground2 > 0.0:
            bend = (north * north * site[2] + east * east * site[3]) / ground2
        earth = 1.0 / bend + site[1]
        # the target on the sphere that touches the ellipsoid in this azimuth, then on the effective sphere
        above = earth + h1 + up
        h2 = math.sqrt(ground2 + above * above) - earth
        phi = math.atan2(ground, above) / k
        radius = k * earth
        half = math.sin(0.5 * phi)
        far = 2.0 * (radius + h2) * half * math.sqrt(1.0 - half * half)
        rise = h2 - h1 - 2.0 * (radius + h2) * half * half
        apparent = math.atan2(rise, far)
        q = max(h1, 0.0) / radius
        tan_dip = math.sqrt(q * (2.0 + q))
        over_horizon = rise >= -tan_dip * far or far <= tan_dip * (rise + radius + h1)
        seen = over_horizon and h2 >= 0.0 and limits[0] <= slant <= limits[1] and limits[2] <= apparent <= limits[3]
        snr = 0.0
        if seen:
            snr = limits[4] / (slant * slant * slant * slant)
            if gas.shape[0] > 0:
                snr *= math.exp(-0.23025850929940457 * two_way_db(gas, gas_grid, slant, apparent))
        rate = 0.0
        if slant > 0.0:
            rate = (dx * velocity[i, 0] + dy * velocity[i, 1] + dz * velocity[i, 2]) / slant
        visible[i] = seen
        out[0, i] = slant
        out[1, i] = apparent
        out[2, i] = rate
        out[3, i] = snr
        out[4, i] = east
        out[5, i] = north
        out[6, i] = up
        out[7, i] = ground
    return out, visible


@njit(cache=True, error_model="numpy")
def _shape(swerling: int, n_pulses: int) -> float:
    """Gamma shape of the total signal power, `detection.shape`."""
    if swerling == 0:
        return math.inf
    if swerling == 1:
        return 1.0
    if swerling == 2:
        return float(n_pulses)
    if swerling == 3:
        return 2.0
    return 2.0 * n_pulses


@njit(cache=True, error_model="numpy")
def _log_hypergeometric(y: float, k: float, n: int) -> float:
    """Log of 1F1(k; n; y), or of 0F1(; n; y) for infinite k; y >= 0; summed outward from its largest term."""
    if y <= 0.0:
        return 0.0
    finite = k < math.inf
    # term ratio t[j+1]/t[j] = c(j) y / ((n+j)(j+1)) with c = k+j or 1; largest where it is 1
    if finite:
        b = n + 1.0 - y
        c = n - k * y
    else:
        b = n + 1.0
        c = n - y
    disc = b * b - 4.0 * c
    top = 0.0
    if disc > 0.0:
        top = max(0.0, math.floor(0.5 * (math.sqrt(disc) - b)))
    start = top * math.log(y) - math.lgamma(n + top) + math.lgamma(float(n)) - math.lgamma(top + 1.0)
    if finite:
        start += math.lgamma(k + top) - math.lgamma(k)
    total, term, j = 1.0, 1.0, top
    while term > _EPS * total:
        term *= (k + j if finite else 1.0) * y / ((n + j) * (j + 1.0))
        total += term
        j += 1.0
    term, j = 1.0, top
    while j > 0.0 and term > _EPS * total:
        term *= (n + j - 1.0) * j / ((k + j - 1.0 if finite else 1.0) * y)
        total += term
        j -= 1.0
    return start + math.log(total)


@njit(cache=True, error_model="numpy")
def statistic_log_pdf_scalar(z: float, snr: float, n_pulses: int, swerling: int) -> float:
    """Log density of the summed square-law statistic at z >= 0; meaning as `detection.statistic_log_pdf`."""
    n = n_pulses
    if n == 1:
        if swerling == 1 or swerling == 2:
            return -z / (1.0 + snr) - math.log1p(snr)
        if swerling >= 3:
            p = 1.0 / (1.0 + 0.5 * snr)
            return 2.0 * math.log(p) - p * z + math.log1p((1.0 - p) * z)
    k = _shape(swerling, n)
    mean = n * snr
    if k == n:
        if z <= 0.0:
            return -math.inf if n > 1 else -math.log1p(snr)
        return (n - 1.0) * math.log(z) - z / (1.0 + snr) - n * math.log1p(snr) - math.lgamma(float(n))
    if z <= 0.0 and n > 1:
        return -math.inf
    out = -z - math.lgamma(float(n))
    if n > 1:
        out += (n - 1.0) * math.log(z)
    if swerling == 0:
        if n == 1 and mean * z > 900.0:  # Hankel's expansion of I0; 16 terms are exact to 1e-16 beyond x = 60
            x = 2.0 * math.sqrt(mean * z)
            term, total = 1.0, 1.0
            for j in range(1, 17):
                term *= (2.0 * j - 1.0) ** 2 / (8.0 * x * j)
                total += term
            gap = math.sqrt(z) - math.sqrt(mean)
            return -gap * gap - 0.5 * math.log(2.0 * math.pi * x) + math.log(total)
        return out - mean + _log_hypergeometric(mean * z, k, n)
    q = mean / (k + mean)
    return out - k * math.log1p(mean / k) + _log_hypergeometric(q * z, k, n)


@njit(cache=True, error_model="numpy")
def pd_scalar(snr: float, threshold: float, n_pulses: int, swerling: int) -> float:
    """Probability that the statistic passes a threshold; meaning as `detection.pd`; NaN off domain."""
    n = n_pulses
    if not (snr >= 0.0 and 0.0 <= threshold < math.inf):
        return math.nan
    if n == 1:
        if swerling == 1 or swerling == 2:
            return math.exp(-threshold / (1.0 + snr))
        if swerling >= 3:
            h = 1.0 + 0.5 * snr
            return math.exp(-threshold / h) * (1.0 + 0.5 * snr * threshold / (h * h))
    k = _shape(swerling, n)
    mean = n * snr
    # gamma tail Q(n, T) and its next increment T**n exp(-T) / n!
    increment = math.exp(-threshold)
    tail = increment
    for j in range(1, n):
        increment *= threshold / j
        tail += increment
    increment *= threshold / n
    if mean <= 0.0:
        return tail
    if k == math.inf:
        log_w, ratio = -mean, mean
    else:
        log_w, ratio = -k * math.log1p(mean / k), mean / (k + mean)
    weight = math.exp(log_w)
    far = log_w < -700.0
    done, total = 0.0, 0.0
    for j in range(int(threshold + 12.0 * math.sqrt(threshold)) + 60):  # beyond, the tail is 1 to rounding
        total += weight * tail
        done += weight
        step = (ratio if k == math.inf else ratio * (k + j)) / (j + 1.0)
        if step < 0.5 and weight < 1e-18 * total:
            break
        if far:
            log_w += math.log(step)
            weight = math.exp(log_w)
        else:
            weight *= step
        tail = min(tail + increment, 1.0)
        if 1.0 - tail < 1e-15:
            break
        increment *= threshold / (n + j + 1.0)
    rest = 1.0 - done
    if rest > 1e-14:
        total += rest
    return min(total, 1.0)


@njit(cache=True, error_model="numpy")
def pd_rows(snr: FloatArray, threshold: FloatArray, n_pulses: int, swerling: int) -> FloatArray:
    """`pd_scalar` of n signal-to-noise ratios, (n,); threshold (n,) or (1,)."""
    out = np.empty(snr.shape[0])
    one = threshold.shape[0] == 1
    for i in range(snr.shape[0]):
        out[i] = pd_scalar(snr[i], threshold[0 if one else i], n_pulses, swerling)
    return out


def warm() -> None:
    """Compile, or load from the cache, what a run needs: tables are read-only, rows of positions may be either."""
    rows, place, table, grid = np.array([[6.5e6, 0.0, 0.0]]), np.array([6.4e6, 0.0, 0.0]), np.zeros((2, 2)), np.ones(4)
    turn = np.eye(3)
    for fixed in (place, table, grid, turn):
        fixed.flags.writeable = False
    aspect(rows, rows, rows, np.zeros(1), 1.0)
    look(rows, rows, place, turn, np.ones(5), np.ones(5), table, grid)
    two_way_db_rows(table, grid, np.zeros(1), np.zeros(1))
    statistic_log_pdf_scalar(1.0, 1.0, 2, 1)
    pd_rows(np.ones(1), np.ones(1), 2, 1)
