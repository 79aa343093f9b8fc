"""Compiled loops of geometry, aspect and gas loss; plain twins in ``tests/plain/physics.py``."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from watchfloor.base.units import BoolArray, FloatArray


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
