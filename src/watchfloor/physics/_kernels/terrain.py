"""Compiled loops of ray masking; plain twins in ``tests/plain/terrain.py``.

One geometry for all. The ground track of a ray is the vertical section through the site; ``theta`` is the angle along
it about the centre of its osculating circle (radius R), ``phi = theta / k`` the same on the effective earth (radius
kR), where rays are straight: one that leaves the site with slope ``m`` stands at ``u = cos(phi) - m sin(phi)``, u being
the site's distance from the centre over the ray's. Rows and columns are those of `base.heights`; heights are above the
vertical datum of the grid, with ``VOID_M`` where unknown: high above everything, so that nothing is seen past it.

``grid`` (6,): latitude of row 0 in rows, rows a radian, column of the site, columns a radian, rows, columns.
``site`` (6,): sine and cosine of latitude, radius of the prime vertical, height above the grid's datum, curvature of
the meridian and of the prime vertical.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from watchfloor.base.units import FloatArray

VOID_M = 1e30
"""What stands for an unknown height in here. [m]"""
_KNOWN_M = 1e20
_E2 = 0.006694379990141316
_EP2 = 0.006739496742276434
_A_M = 6378137.0
_B_M = 6356752.314245179
_TOUCH_M = 1e-3
"""A ray that dips less than this below the surface touches it and goes on. [m]"""
_EDGE = 0.02
"""How far outside the grid a ray may run and still be on its edge: more than its drawn track is off. [cells]"""
# sine and cosine by their series: their callers stay below 0.3
_S3, _S5, _S7, _S9 = 1.0 / 6.0, 1.0 / 120.0, 1.0 / 5040.0, 1.0 / 362880.0
_C4, _C6, _C8 = 1.0 / 24.0, 1.0 / 720.0, 1.0 / 40320.0
COARSE, FINE = 32, 4
"""Cells along the side of the blocks whose highest node is known beforehand."""
SWEEP = 16
"""Longest chord of the sweep. [cells]"""
TOGETHER = 32
"""Neighbouring rays of the sweep that advance together, so that the ground they share stays in the cache."""

Float32Array = NDArray[np.float32]


@njit(cache=True, error_model="numpy")
def block_max(values: Float32Array, size: int, overlap: int) -> Float32Array:
    """Maximum of blocks of ``size`` x ``size``, each with ``overlap`` more rows and columns at its far edges."""
    rows, columns = values.shape
    out = np.empty(((rows - overlap + size - 1) // size, (columns - overlap + size - 1) // size), np.float32)
    line = np.empty(columns, np.float32)
    for i in range(out.shape[0]):
        line[:] = values[i * size]
        for r in range(i * size + 1, min(rows, i * size + size + overlap)):
            for c in range(columns):
                line[c] = max(line[c], values[r, c])
        for j in range(out.shape[1]):
            top = line[j * size]
            for c in range(j * size + 1, min(columns, j * size + size + overlap)):
                top = max(top, line[c])
            out[i, j] = top
    return out


@njit(cache=True, error_model="numpy")
def foot(
    theta: float, sin_az: float, cos_az: float, radius: float, site: FloatArray, grid: FloatArray
) -> tuple[float, float]:
    """Row and column of the point ``theta`` along the vertical section with the azimuth."""
    half = math.sin(0.5 * theta)
    along = 2.0 * radius * half * math.sqrt(1.0 - half * half)
    up = -2.0 * radius * half * half
    north = along * cos_az
    x = (site[2] + up) * site[1] - north * site[0]
    y = along * sin_az
    z = ((1.0 - _E2) * site[2] + up) * site[0] + north * site[1]
    lat = math.atan2(z, (1.0 - _E2) * math.sqrt(x * x + y * y))
    return grid[0] - lat * grid[1], grid[2] + math.atan2(y, x) * grid[3]


@njit(cache=True, error_model="numpy")
def altitude(x: float, y: float, z: float) -> float:
    """Height above the ellipsoid, as `frames.ecef_to_geodetic`."""
    p = math.sqrt(x * x + y * y)
    r = math.sqrt(p * p + z * z)
    over, under = z * (_B_M / _A_M) * (r + _EP2 * _B_M), p * r
    for _ in range(2):
        scale = 1.0 / math.sqrt(over * over + under * under)
        sin_u, cos_u = over * scale, under * scale
        over = (z + _EP2 * _B_M * sin_u * sin_u * sin_u) * (_B_M / _A_M)
        under = p - _E2 * _A_M * cos_u * cos_u * cos_u
    over = over * (_A_M / _B_M)
    scale = 1.0 / math.sqrt(over * over + under * under)
    sin_lat, cos_lat = over * scale, under * scale
    return p * cos_lat + z * sin_lat - _A_M * math.sqrt(1.0 - _E2 * sin_lat * sin_lat)


@njit(cache=True, error_model="numpy")
def _sin(x: float) -> float:
    """Sine of a small angle, to 1e-12 up to 0.3."""
    y = x * x
    return x - x * y * (_S3 - y * (_S5 - y * (_S7 - y * _S9)))


@njit(cache=True, error_model="numpy")
def _versine(x: float) -> float:
    """1 - cos of a small angle, to 1e-12 up to 0.3."""
    y = x * x
    return y * (0.5 - y * (_C4 - y * (_C6 - y * _C8)))


@njit(cache=True, error_model="numpy")
def _ray_m(phi: float, m: float, radius: float, start: float) -> float:
    """Height of the ray with slope ``m``; ``radius`` of the effective earth, ``start`` the site's height on it."""
    v = _versine(phi) + m * _sin(phi)
    return (start + radius * v) / (1.0 - v)


@njit(cache=True, error_model="numpy")
def _slope(phi: float, height: float, radius: float, start: float) -> float:
    """Slope at the site of the ray that meets a height."""
    far = radius + height
    return (height - start - _versine(phi) * far) / (far * _sin(phi))


@njit(cache=True, error_model="numpy")
def _bilinear(height: Float32Array, row: float, column: float) -> float:
    """Height of the surface; the point is inside the grid."""
    r = min(int(row), height.shape[0] - 2)
    c = min(int(column), height.shape[1] - 2)
    y, x = row - r, column - c
    north = height[r, c] + x * (float(height[r, c + 1]) - height[r, c])
    south = height[r + 1, c] + x * (float(height[r + 1, c + 1]) - height[r + 1, c])
    return north + y * (south - north)


@njit(cache=True, error_model="numpy")
def _top(blocks: Float32Array, size: int, r0: float, c0: float, r1: float, c1: float) -> float:
    """Highest node of the blocks that the box of a chord touches; ``VOID_M`` unless it lies inside the grid."""
    low_r, low_c = min(r0, r1), min(c0, c1)
    if low_r < 0.0 or low_c < 0.0:
        return VOID_M
    i0, i1 = int(low_r) // size, int(max(r0, r1)) // size
    j0, j1 = int(low_c) // size, int(max(c0, c1)) // size
    if i1 >= blocks.shape[0] or j1 >= blocks.shape[1]:
        return VOID_M
    top = blocks[i0, j0]
    for i in range(i0, i1 + 1):
        for j in range(j0, j1 + 1):
            top = max(top, blocks[i, j])
    return top


@njit(cache=True, error_model="numpy")
def sweep(
    height: Float32Array,
    blocks: Float32Array,
    coarse: Float32Array,
    grid: FloatArray,
    site: FloatArray,
    azimuth: FloatArray,
    k: float,
    step_m: float,
    piece_m: float,
    sea: bool,
    out: Float32Array,
) -> FloatArray:
    """Lowest visible height into ``out`` (n azimuths, n ranges), [m], NaN where unknown; returns the highest slopes.

    Every crossing of a ray with a line of nodes is one sample, put down at the next range, and so is the surface under
    each range; the running maximum of the slopes follows. Chords of at most ``SWEEP`` cells over which the ray of the
    maximum so far stays above the highest node of their ``blocks`` cannot raise it and are left out. ``piece_m`` is the
    length over which row and column are parabolas of range.
    """
    rows, columns = height.shape
    flat = height.ravel()
    n_range = out.shape[1]
    steepest = np.empty(azimuth.shape[0])
    # highest slopes by range, at lines of latitude and at lines of longitude: each is only written while the ray
    # advances, which keeps memory out of the chain of maxima
    slopes = np.empty((TOGETHER, 2, n_range + 1))
    track = np.empty((TOGETHER, 6))  # row and column of a piece: a + b t + c t^2 each
    way_of = np.empty((TOGETHER, 4))  # sine and cosine of azimuth, effective radius, highest slope so far
    known = np.empty(TOGETHER, np.int64)
    row_site, column_site = foot(0.0, 0.0, 1.0, 1.0, site, grid)
    reach_m = (n_range - 1) * step_m
    n_pieces = max(1, int(math.ceil(reach_m / piece_m)))
    start = site[3]
    for a0 in range(0, azimuth.shape[0], TOGETHER):
        n_rays = min(TOGETHER, azimuth.shape[0] - a0)
        slopes[:] = -np.inf
        for q in range(n_rays):
            sin_az, cos_az = math.sin(azimuth[a0 + q]), math.cos(azimuth[a0 + q])
            way_of[q, 0], way_of[q, 1] = sin_az, cos_az
            way_of[q, 2] = k / (cos_az * cos_az * site[4] + sin_az * sin_az * site[5])
            way_of[q, 3] = -np.inf
            track[q, 0] = row_site
            track[q, 3] = column_site
            known[q] = -1  # still inside the grid
        for p in range(n_pieces):
            longest = 0.0
            for q in range(n_rays):
                if p > 0:
                    track[q, 0] += track[q, 1] + track[q, 2]
                    track[q, 3] += track[q, 4] + track[q, 5]
                radius = way_of[q, 2]
                theta = reach_m / n_pieces / radius * k
                middle = foot((p + 0.5) * theta, way_of[q, 0], way_of[q, 1], radius / k, site, grid)
                end = foot((p + 1.0) * theta, way_of[q, 0], way_of[q, 1], radius / k, site, grid)
                track[q, 2] = 2.0 * (track[q, 0] - 2.0 * middle[0] + end[0])
                track[q, 1] = end[0] - track[q, 0] - track[q, 2]
                track[q, 5] = 2.0 * (track[q, 3] - 2.0 * middle[1] + end[1])
                track[q, 4] = end[1] - track[q, 3] - track[q, 5]
                if known[q] < 0:
                    longest = max(longest, max(abs(end[0] - track[q, 0]), abs(end[1] - track[q, 3])))
            n_stretches = 1 + int(longest / (4 * SWEEP))
            share = 0.25 / n_stretches
            for stretch in range(n_stretches):
                for q in range(n_rays):
                    if known[q] >= 0:
                        continue
                    radius, highest = way_of[q, 2], way_of[q, 3]
                    piece = reach_m / n_pieces / radius  # on the effective earth
                    bin_angle = step_m / radius
                    to_bin = 1.0 / bin_angle
                    dphi = share * piece
                    sag = 0.125 * radius * dphi * dphi
                    t = 4 * stretch * share
                    r0 = track[q, 0] + t * (track[q, 1] + t * track[q, 2])
                    c0 = track[q, 3] + t * (track[q, 4] + t * track[q, 5])
                    phi0 = (p + t) * piece
                    t = 4 * (stretch + 1) * share
                    phi1 = (p + t) * piece
                    if highest > -np.inf:
                        r1 = track[q, 0] + t * (track[q, 1] + t * track[q, 2])
                        c1 = track[q, 3] + t * (track[q, 4] + t * track[q, 5])
                        lower = min(_ray_m(phi0, highest, radius, start), _ray_m(phi1, highest, radius, start))
                        if lower - 16.0 * sag > _top(coarse, COARSE, r0, c0, r1, c1):
                            continue
                    for chord in range(4 * stretch + 1, 4 * stretch + 5):
                        t = chord * share
                        r1 = track[q, 0] + t * (track[q, 1] + t * track[q, 2])
                        c1 = track[q, 3] + t * (track[q, 4] + t * track[q, 5])
                        phi1 = (p + t) * piece
                        below = _top(blocks, FINE, r0, c0, r1, c1)
                        if highest > -np.inf:
                            lower = min(_ray_m(phi0, highest, radius, start), _ray_m(phi1, highest, radius, start))
                            if lower - sag > below:
                                r0, c0, phi0 = r1, c1, phi1
                                continue
                        before = highest
                        dr, dc = r1 - r0, c1 - c0
                        part = 1.0  # the part of the chord that lies inside the grid
                        if r1 < -_EDGE:
                            part = min(part, (-_EDGE - r0) / dr)
                        elif r1 > rows - 1 + _EDGE:
                            part = min(part, (rows - 1 + _EDGE - r0) / dr)
                        if c1 < -_EDGE:
                            part = min(part, (-_EDGE - c0) / dc)
                        elif c1 > columns - 1 + _EDGE:
                            part = min(part, (columns - 1 + _EDGE - c0) / dc)
                        re, ce = r0 + part * dr, c0 + part * dc
                        # versine and sine along the chord by Taylor's first terms
                        s0, v0 = _sin(phi0), _versine(phi0)
                        s1, v1, v2 = (1.0 - v0) * dphi, s0 * dphi, 0.5 * (1.0 - v0) * dphi * dphi
                        b0, b1 = phi0 * to_bin + 1.0, dphi * to_bin
                        to_t = 1.0 / b1
                        for axis in range(2):  # lines of constant latitude, then of constant longitude
                            steep = before
                            if axis == 0:
                                x0, dx, y0, dy, xe = r0, dr, c0, dc, re
                                along, across, most = columns, 1, columns - 2
                            else:
                                x0, dx, y0, dy, xe = c0, dc, r0, dr, ce
                                along, across, most = 1, columns, rows - 2
                            if dx > 0.0:
                                j, n, way = int(math.floor(x0)) + 1, int(math.floor(xe)) - int(math.floor(x0)), 1
                            elif dx < 0.0:
                                j, n, way = int(math.ceil(x0)) - 1, int(math.ceil(x0)) - int(math.ceil(xe)), -1
                            else:
                                j, n, way = 0, 0, 0
                            by = 1.0 / dx if n > 0 else 0.0
                            for line in range(n):
                                t = (j + line * way - x0) * by
                                y = max(y0 + t * dy, 0.0)
                                i = min(int(y), most)
                                at = (j + line * way) * along + i * across
                                near = float(flat[np.uint64(at)])
                                z = near + (y - i) * (flat[np.uint64(at + across)] - near)
                                far = radius + z
                                steep = max(steep, (z - start - (v0 + t * (v1 + t * v2)) * far) / (far * (s0 + t * s1)))
                                slopes[q, axis, min(int(b0 + t * b1), n_range)] = steep
                            highest = max(highest, steep)
                        last = min(n_range - 1, int((phi0 + part * dphi) * to_bin + 1e-9))
                        for i in range(int(phi0 * to_bin + 1e-9) + 1, last + 1):  # the surface under the table's ranges
                            t = (i - b0 + 1.0) * to_t
                            y, x = max(r0 + t * dr, 0.0), max(c0 + t * dc, 0.0)
                            r, c = min(int(y), rows - 2), min(int(x), columns - 2)
                            y, x, at = y - r, x - c, r * columns + c
                            nw, sw = float(flat[np.uint64(at)]), float(flat[np.uint64(at + columns)])
                            nw += x * (flat[np.uint64(at + 1)] - nw)
                            sw += x * (flat[np.uint64(at + columns + 1)] - sw)
                            z = nw + y * (sw - nw)
                            far = radius + z
                            m = (z - start - (v0 + t * (v1 + t * v2)) * far) / (far * (s0 + t * s1))
                            slopes[q, 0, i] = max(slopes[q, 0, i], m)
                        r0, c0, phi0 = r1, c1, phi1
                        if part < 1.0:
                            known[q] = min(n_range, last + 1)
                            break
                    way_of[q, 3] = highest
        for q in range(n_rays):
            line_out = out[a0 + q]
            line_out[0] = _bilinear(height, row_site, column_site)
            radius = way_of[q, 2]
            bin_angle = step_m / radius
            n_known = known[q] if known[q] >= 0 else n_range
            highest = -np.inf
            for i in range(1, n_known):
                highest = max(highest, max(slopes[q, 0, i], slopes[q, 1, i]))
                slopes[q, 0, i] = highest
            for i in range(1, n_known):  # apart from the running maximum, so that the compiler takes several at once
                phi = i * bin_angle
                v = _versine(phi) + slopes[q, 0, i] * _sin(phi)
                line_out[i] = (start + radius * v) / (1.0 - v) if v < 0.5 else np.nan
            for i in range(n_known, n_range):
                if sea:
                    phi = i * bin_angle
                    highest = max(highest, max(slopes[q, 0, i], slopes[q, 1, i]))
                    highest = max(highest, _slope(phi, 0.0, radius, start))
                    line_out[i] = _ray_m(phi, highest, radius, start)
                else:
                    line_out[i] = np.nan
            steepest[a0 + q] = highest
    return steepest


@njit(cache=True, error_model="numpy")
def _lowest(left: float, right: float, bend: float) -> float:
    """Minimum over t in (0, 1) of left (1 - t) + right t - bend t (1 - t)."""
    low = min(left, right)
    if abs(right - left) < bend:
        apart = bend + left - right
        low = min(low, left - apart * apart / (4.0 * bend))
    return low


@njit(cache=True, error_model="numpy")
def _chord(
    height: Float32Array,
    r0: float,
    c0: float,
    r1: float,
    c1: float,
    ray0: float,
    ray1: float,
    sag: float,
    sea: bool,
) -> int:
    """Whether the ray clears the surface along a short chord: 0 no, 1 yes, 2 not known. Exact on bilinear cells."""
    rows, columns = height.shape
    dr, dc = r1 - r0, c1 - c0
    by_r, by_c = math.inf, math.inf
    next_r, next_c = math.inf, math.inf
    if dr > 0.0:
        by_r = 1.0 / dr
        next_r = (math.floor(r0) + 1.0 - r0) * by_r
    elif dr < 0.0:
        by_r = -1.0 / dr
        next_r = (r0 - math.ceil(r0) + 1.0) * by_r
    if dc > 0.0:
        by_c = 1.0 / dc
        next_c = (math.floor(c0) + 1.0 - c0) * by_c
    elif dc < 0.0:
        by_c = -1.0 / dc
        next_c = (c0 - math.ceil(c0) + 1.0) * by_c
    state = 1
    t = 0.0
    while t < 1.0:
        to = min(min(next_r, next_c), 1.0)
        if next_r <= to:
            next_r += by_r
        if next_c <= to:
            next_c += by_c
        middle = 0.5 * (t + to)
        r, c = int(math.floor(r0 + middle * dr)), int(math.floor(c0 + middle * dc))
        if r < 0 and r0 + middle * dr > -_EDGE:
            r = 0
        elif r > rows - 2 and r0 + middle * dr < rows - 1 + _EDGE:
            r = rows - 2
        if c < 0 and c0 + middle * dc > -_EDGE:
            c = 0
        elif c > columns - 2 and c0 + middle * dc < columns - 1 + _EDGE:
            c = columns - 2
        near = ray0 + t * (ray1 - ray0) - sag * t * (1.0 - t)
        far = ray0 + to * (ray1 - ray0) - sag * to * (1.0 - to)
        bend = sag * (to - t) * (to - t)
        if r < 0 or c < 0 or r >= rows - 1 or c >= columns - 1:
            if not sea:
                state = 2
            elif _lowest(near, far, bend) < -_TOUCH_M:
                return 0
        else:
            nw, ne = float(height[r, c]), float(height[r, c + 1])
            sw, se = float(height[r + 1, c]), float(height[r + 1, c + 1])
            if max(max(nw, ne), max(sw, se)) > _KNOWN_M:
                state = 2
            else:
                twist = nw - ne - sw + se
                y, x = r0 + t * dr - r, c0 + t * dc - c
                near -= nw + x * (ne - nw) + y * (sw - nw) + x * y * twist
                y, x = r0 + to * dr - r, c0 + to * dc - c
                far -= nw + x * (ne - nw) + y * (sw - nw) + x * y * twist
                bend -= twist * (to - t) * (to - t) * dr * dc
                if _lowest(near, far, bend) < -_TOUCH_M:
                    return 0
        t = to
    return state


@njit(cache=True, error_model="numpy")
def sight(
    height: Float32Array,
    fine: Float32Array,
    coarse: Float32Array,
    grid: FloatArray,
    site: FloatArray,
    origin: FloatArray,
    rotation: FloatArray,
    ecef: FloatArray,
    undulation: float,
    k: float,
    piece_m: float,
    sea: bool,
) -> NDArray[np.int8]:
    """Whether n targets are seen, (n,): 0 hidden by terrain, 1 seen, 2 not known for a void or the grid's end.

    ecef (n, 3) targets; origin (3,), rotation (3, 3) of the site. Chords of at most ``COARSE`` cells are skipped where
    the ray stays above the highest node of their blocks, then eighths of them likewise; what is left is exact.
    """
    n = ecef.shape[0]
    out = np.empty(n, np.int8)
    rows, columns = height.shape
    row_site, column_site = foot(0.0, 0.0, 1.0, 1.0, site, grid)
    start = site[3]
    for i in range(n):
        dx, dy, dz = ecef[i, 0] - origin[0], ecef[i, 1] - origin[1], ecef[i, 2] - origin[2]
        east = rotation[0, 0] * dx + rotation[0, 1] * dy + rotation[0, 2] * dz
        north = rotation[1, 0] * dx + rotation[1, 1] * dy + rotation[1, 2] * dz
        up = rotation[2, 0] * dx + rotation[2, 1] * dy + rotation[2, 2] * dz
        ground = math.sqrt(east * east + north * north)
        target = altitude(ecef[i, 0], ecef[i, 1], ecef[i, 2]) - undulation
        if ground < 1e-3:
            out[i] = 1 if target >= _bilinear(height, row_site, column_site) - _TOUCH_M else 0
            continue
        sin_az, cos_az = east / ground, north / ground
        earth = 1.0 / (cos_az * cos_az * site[4] + sin_az * sin_az * site[5])
        radius = k * earth
        theta = math.atan2(ground, earth + start + undulation + up)
        m = _slope(theta / k, target, radius, start)
        n_pieces = int(theta * earth / piece_m) + 1
        piece = theta / n_pieces
        row_a, column_a = row_site, column_site
        state = 1
        for p in range(n_pieces):
            middle = foot((p + 0.5) * piece, sin_az, cos_az, earth, site, grid)
            end = foot((p + 1.0) * piece, sin_az, cos_az, earth, site, grid)
            row_c = 2.0 * (row_a - 2.0 * middle[0] + end[0])
            row_b = end[0] - row_a - row_c
            column_c = 2.0 * (column_a - 2.0 * middle[1] + end[1])
            column_b = end[1] - column_a - column_c
            n_chords = 1 + int(max(abs(end[0] - row_a), abs(end[1] - column_a)) / COARSE)
            long = piece / k / n_chords
            sag = 0.5 * radius * long * long
            r0, c0 = row_a, column_a
            ray0 = _ray_m(p * piece / k, m, radius, start)
            for chord in range(n_chords):
                t = (chord + 1.0) / n_chords
                r1, c1 = row_a + t * (row_b + t * row_c), column_a + t * (column_b + t * column_c)
                ray1 = _ray_m((p + t) * piece / k, m, radius, start)
                if min(ray0, ray1) - 0.25 * sag <= _top(coarse, COARSE, r0, c0, r1, c1):
                    outside = max(r0, r1) < -_EDGE or max(c0, c1) < -_EDGE
                    outside = outside or min(r0, r1) > rows - 1 + _EDGE or min(c0, c1) > columns - 1 + _EDGE
                    if outside and not sea:
                        state = 2
                    elif outside:
                        if _lowest(ray0, ray1, sag) < -_TOUCH_M:
                            state = 0
                    else:
                        ra, ca, low_a = r0, c0, ray0
                        for part in range(1, 9):
                            t = 0.125 * part
                            rb, cb = r0 + t * (r1 - r0), c0 + t * (c1 - c0)
                            low_b = ray0 + t * (ray1 - ray0) - sag * t * (1.0 - t)
                            if min(low_a, low_b) - sag / 256.0 <= _top(fine, FINE, ra, ca, rb, cb):
                                found = _chord(height, ra, ca, rb, cb, low_a, low_b, sag / 64.0, sea)
                                if found == 0:
                                    state = 0
                                    break
                                if found == 2:
                                    state = 2
                            ra, ca, low_a = rb, cb, low_b
                    if state == 0:
                        break
                r0, c0, ray0 = r1, c1, ray1
            if state == 0:
                break
            row_a, column_a = end
        out[i] = state
    return out


@njit(cache=True, error_model="numpy")
def lookup(table: Float32Array, step_m: float, azimuth: FloatArray, range_m: FloatArray) -> FloatArray:
    """Interpolate a table of `sweep` at n points, (n,), [m]; NaN where unknown and beyond its last range."""
    n_azimuth, n_range = table.shape
    out = np.empty(azimuth.shape[0])
    turn = n_azimuth / (2.0 * math.pi)
    for i in range(azimuth.shape[0]):
        a, s = azimuth[i] * turn, range_m[i] / step_m
        if s > n_range - 1:
            out[i] = np.nan
            continue
        j = min(int(s), n_range - 2)
        below = int(math.floor(a))
        x, y = a - below, s - j
        left, right = below % n_azimuth, (below + 1) % n_azimuth
        here = table[left, j] if y == 0.0 else table[left, j] + y * (float(table[left, j + 1]) - table[left, j])
        there = table[right, j] if y == 0.0 else table[right, j] + y * (float(table[right, j + 1]) - table[right, j])
        out[i] = here if x == 0.0 else here + x * (there - here)
    return out


@njit(cache=True, error_model="numpy")
def raster(
    height: Float32Array,
    grid: FloatArray,
    site: FloatArray,
    table: Float32Array,
    step_m: float,
    reach_m: float,
    above: float,
    slack: float,
) -> NDArray[np.int8]:
    """Judge ``above`` over each node by a table of `sweep`: (rows, columns), 0 hidden, 1 seen, 2 too close to tell.

    Too close: within the spread of the four table heights around the node, and ``slack`` more. Nodes beyond
    ``reach_m``, and those whose table heights are unknown, count as hidden.
    """
    rows, columns = height.shape
    n_azimuth, n_range = table.shape
    out = np.zeros((rows, columns), np.int8)
    turn = n_azimuth / (2.0 * math.pi)
    sin_lon, cos_lon = np.empty(columns), np.empty(columns)
    for c in range(columns):
        lon = (c - grid[2]) / grid[3]
        sin_lon[c], cos_lon[c] = math.sin(lon), math.cos(lon)
    for r in range(rows):
        lat = (grid[0] - r) / grid[1]
        sin_lat, cos_lat = math.sin(lat), math.cos(lat)
        normal = _A_M / math.sqrt(1.0 - _E2 * sin_lat * sin_lat)
        for c in range(columns):
            x = normal * cos_lat * cos_lon[c] - site[2] * site[1]
            east = normal * cos_lat * sin_lon[c]
            z = (1.0 - _E2) * (normal * sin_lat - site[2] * site[0])
            north, up = z * site[1] - x * site[0], x * site[1] + z * site[0]
            ground2 = east * east + north * north
            if ground2 < 1e-6:
                out[r, c] = 1
                continue
            earth = ground2 / (north * north * site[4] + east * east * site[5])
            s = earth * math.atan(math.sqrt(ground2) / (earth + up))
            if s > reach_m:
                continue
            a = math.atan2(east, north) * turn
            j = min(int(s / step_m), n_range - 2)
            below = int(math.floor(a))
            left, right = below % n_azimuth, (below + 1) % n_azimuth
            nw, ne, sw, se = table[left, j], table[right, j], table[left, j + 1], table[right, j + 1]
            low, high = min(min(nw, ne), min(sw, se)), max(max(nw, ne), max(sw, se))
            target = height[r, c] + above
            if target > high + slack:
                out[r, c] = 1
            elif not target < low - slack and target < _KNOWN_M:
                out[r, c] = 2
    return out


def warm() -> None:
    """Compile, or load from the cache, what a run over terrain needs; a table and a terrain are read-only."""
    height, place, turn = np.zeros((9, 9), np.float32), np.array([6378147.0, 0.0, 0.0]), np.eye(3)
    for fixed in (height, place, turn):
        fixed.flags.writeable = False
    grid = np.array([4.0, 1e4, 4.0, 1e4, 9.0, 9.0])
    site = np.array([0.0, 1.0, _A_M, 10.0, 1.0 / _A_M, 1.0 / _A_M])
    fine = block_max(height, FINE, 1)
    coarse = block_max(fine, COARSE // FINE, 0)
    table = np.empty((4, 3), np.float32)
    sweep(height, fine, coarse, grid, site, np.arange(4.0), 1.0, 100.0, 1e4, False, table)
    table.flags.writeable = False
    lookup(table, 100.0, np.zeros(1), np.zeros(1))
    rays = np.array([[6378147.0, 100.0, 0.0]])
    sight(height, fine, coarse, grid, site, place, turn, rays, 0.0, 1.0, 1e4, False)
