"""Compiled facet physical optics: vertex phases, the triangle's phase integral, hard shadows; twins in ``tests/plain``.

A direction costs one sine and cosine a vertex, shared by its facets, and one facet integral a lit facet.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from watchfloor.base.units import BoolArray, FloatArray

CornerArray = NDArray[np.int32]

CLOSE_RAD = 0.3
"""Phases of a facet spread over less than this go by the series in both differences. [rad]"""
NEAR_RAD = 0.05
"""Of a wider facet, a pair of corners closer than this goes by the series in their difference. [rad]"""
BIN = 0.7
"""Side of a bin of `hide`, in units of the side at which there are as many bins as facets."""


@njit(cache=True, error_model="numpy")
def phasors(
    vertex: FloatArray, qx: float, qy: float, qz: float, phase: FloatArray, cosine: FloatArray, sine: FloatArray
) -> None:
    """Fill phase, cosine and sine of q . r for the v vertices (3, v), (v,) each; good to 2e-16 below 1e6 rad.

    Reduction by three parts of pi/2 and the polynomials of fdlibm (Sun Microsystems, 1993, k_sin.c, k_cos.c, freely
    usable with this notice), without branches, so that the compiler does four vertices at a time.
    """
    x, y, z = vertex[0], vertex[1], vertex[2]
    for i in range(x.shape[0]):
        p = qx * x[i] + qy * y[i] + qz * z[i]
        k = math.floor(p * 0.6366197723675814 + 0.5)
        r = p - k * 1.57079632673412561417
        r = (r - k * 6.07710050630396597660e-11) - k * 2.02226624879595063154e-21
        w = r * r
        s = 2.75573137070700676789e-06 + w * (-2.50507602534068634195e-08 + w * 1.58969099521155010221e-10)
        s = 8.33333333332248946124e-03 + w * (-1.98412698298579493134e-04 + w * s)
        s = r + r * w * (-1.66666666666666324348e-01 + w * s)
        c = -2.75573143513906633035e-07 + w * (2.08757232129817482790e-09 - w * 1.13596475577881948265e-11)
        c = -1.38888888888741095749e-03 + w * (2.48015872894767294178e-05 + w * c)
        c = 1.0 - 0.5 * w + w * w * (4.16666666666666019037e-02 + w * c)
        quarter = k - 4.0 * math.floor(0.25 * k)
        odd = (quarter == 1.0) or (quarter == 3.0)
        a, b = (c, s) if odd else (s, c)
        phase[i] = p
        sine[i] = a if quarter < 2.0 else -a
        cosine[i] = b if (quarter == 0.0) or (quarter == 3.0) else -b


@njit(cache=True, error_model="numpy")
def _series(a: float, b: float) -> tuple[float, float]:
    """Integral of exp(i p) over the unit triangle with corner phases 0, a, b; |a - b| below `CLOSE_RAD`.

    Sum of i^n h_n(a, b) / (n + 2)!, h_n the complete homogeneous polynomial; the first term left out is below 1e-16.
    """
    t, q = a + b, a * b
    h2 = t * t - q
    h3 = t * h2 - q * t
    h4 = t * h3 - q * h2
    h5 = t * h4 - q * h3
    h6 = t * h5 - q * h4
    h7 = t * h6 - q * h5
    h8 = t * h7 - q * h6
    h9 = t * h8 - q * h7
    h10 = t * h9 - q * h8
    h11 = t * h10 - q * h9
    re = 0.5 - h2 / 24.0 + h4 / 720.0 - h6 / 40320.0 + h8 / 3628800.0 - h10 / 479001600.0
    im = t / 6.0 - h3 / 120.0 + h5 / 5040.0 - h7 / 362880.0 + h9 / 39916800.0 - h11 / 6227020800.0
    return re, im


@njit(cache=True, error_model="numpy")
def _chord(x: float, c: float, s: float, c0: float, s0: float) -> tuple[float, float]:
    """Mean of exp(i p) over the edge from phase p0 to p0 + x, whose phasors are (c0, s0) and (c, s)."""
    if abs(x) >= NEAR_RAD:
        return (s - s0) / x, (c0 - c) / x
    w = x * x
    re = 1.0 - w / 6.0 * (1.0 - w / 20.0 * (1.0 - w / 42.0 * (1.0 - w / 72.0)))
    im = 0.5 * x * (1.0 - w / 12.0 * (1.0 - w / 30.0 * (1.0 - w / 56.0)))
    return re * c0 - im * s0, re * s0 + im * c0


@njit(cache=True, error_model="numpy")
def facet_sum(
    corner: CornerArray,
    cross: FloatArray,
    lit: BoolArray,
    sx: float,
    sy: float,
    sz: float,
    phase: FloatArray,
    cosine: FloatArray,
    sine: FloatArray,
) -> tuple[float, float]:
    """Sum over lit facets of (normal . s) times the integral of exp(i phase), as (real, imaginary), [m2].

    corner (n, 3) vertex numbers; cross (n, 3) normals of length twice the area; phase, cosine, sine (v,).
    The middle one of the three phases is the base, so that only the spread of all three can make the closed form
    lose digits; then the series takes over.
    """
    re, im = 0.0, 0.0
    for f in range(corner.shape[0]):
        if not lit[f]:
            continue
        weight = abs(cross[f, 0] * sx + cross[f, 1] * sy + cross[f, 2] * sz)
        i, j, k = int(corner[f, 0]), int(corner[f, 1]), int(corner[f, 2])
        p, q, r = phase[i], phase[j], phase[k]
        if p > q:
            i, j, p, q = j, i, q, p
        if q > r:
            j, k, q, r = k, j, r, q
            if p > q:
                i, j, p, q = j, i, q, p
        a, b = p - q, r - q
        spread = r - p
        if spread < CLOSE_RAD:
            u, v = _series(a, b)
            c, s = cosine[j], sine[j]
            re += weight * (u * c - v * s)
            im += weight * (u * s + v * c)
        else:
            u, v = _chord(b, cosine[k], sine[k], cosine[j], sine[j])
            c, s = _chord(a, cosine[i], sine[i], cosine[j], sine[j])
            scale = weight / spread
            re += scale * (v - s)  # (E(b) - E(a)) / (i (b - a))
            im -= scale * (u - c)
    return re, im


@njit(cache=True, error_model="numpy")
def facing(cross: FloatArray, sx: float, sy: float, sz: float, both_sides: bool, lit: BoolArray) -> None:
    """Mark the facets (n,) whose normals lean towards s; of a sheet those that are not seen edge-on."""
    for f in range(cross.shape[0]):
        w = cross[f, 0] * sx + cross[f, 1] * sy + cross[f, 2] * sz
        lit[f] = (w != 0.0) if both_sides else (w > 0.0)


@njit(cache=True, error_model="numpy")
def hide(
    vertex: FloatArray,
    corner: CornerArray,
    sx: float,
    sy: float,
    sz: float,
    slack: float,
    lit: BoolArray,
) -> None:
    """Unmark the facets (n,) of ``lit`` whose centroid another marked facet hides from direction s.

    Marked facets are sorted into square bins of the plane across s; a centroid is tried against those of its bin.
    ``slack`` is how far nearer the hiding facet must be. [m]
    """
    v = vertex.shape[1]
    # two axes across s
    if abs(sz) < 0.9:
        ex, ey, ez = -sy, sx, 0.0
    else:
        ex, ey, ez = 0.0, -sz, sy
    size = math.sqrt(ex * ex + ey * ey + ez * ez)
    ex, ey, ez = ex / size, ey / size, ez / size
    fx, fy, fz = sy * ez - sz * ey, sz * ex - sx * ez, sx * ey - sy * ex
    flat = np.empty((v, 3))  # across, up, towards the radar
    low_u, low_v, high_u, high_v = np.inf, np.inf, -np.inf, -np.inf
    for i in range(v):
        x, y, z = vertex[0, i], vertex[1, i], vertex[2, i]
        u, w = x * ex + y * ey + z * ez, x * fx + y * fy + z * fz
        flat[i, 0], flat[i, 1], flat[i, 2] = u, w, x * sx + y * sy + z * sz
        low_u, high_u, low_v, high_v = min(low_u, u), max(high_u, u), min(low_v, w), max(high_v, w)
    marked = np.flatnonzero(lit)
    m = marked.shape[0]
    if m == 0:
        return
    wide, tall = max(high_u - low_u, 1e-300), max(high_v - low_v, 1e-300)
    side = BIN * math.sqrt(wide * tall / m)
    n_u = max(1, min(int(wide / side), 2 * m))
    n_v = max(1, min(int(tall / side), 2 * m // n_u + 1))
    per_u, per_v = n_u / wide, n_v / tall
    edge = -1e-13 * (wide + tall) ** 2  # a point on the edge between two facets is under both
    start = np.zeros(n_u * n_v + 1, np.int32)
    box = np.empty((m, 5), np.int32)  # first and last bin each way, and that of the centroid
    # each facet's three edges as a + b u + c v, at least 0 inside, and its depth likewise; its centroid
    form, middle = np.empty((m, 12)), np.empty((m, 3))
    for f in range(m):
        i, j, k = int(corner[marked[f], 0]), int(corner[marked[f], 1]), int(corner[marked[f], 2])
        u1, v1, u2, v2, u3, v3 = flat[i, 0], flat[i, 1], flat[j, 0], flat[j, 1], flat[k, 0], flat[k, 1]
        twice = (u2 - u1) * (v3 - v1) - (v2 - v1) * (u3 - u1)
        sign = 1.0 if twice > 0.0 else -1.0
        form[f, 0], form[f, 1], form[f, 2] = sign * (u1 * v2 - u2 * v1), sign * (v1 - v2), sign * (u2 - u1)
        form[f, 3], form[f, 4], form[f, 5] = sign * (u2 * v3 - u3 * v2), sign * (v2 - v3), sign * (u3 - u2)
        form[f, 6], form[f, 7], form[f, 8] = sign * (u3 * v1 - u1 * v3), sign * (v3 - v1), sign * (u1 - u3)
        t1, t2, t3 = flat[i, 2], flat[j, 2], flat[k, 2]
        if twice != 0.0:
            slope_u = ((t2 - t1) * (v3 - v1) - (t3 - t1) * (v2 - v1)) / twice
            slope_v = ((t3 - t1) * (u2 - u1) - (t2 - t1) * (u3 - u1)) / twice
            form[f, 9], form[f, 10], form[f, 11] = t1 - slope_u * u1 - slope_v * v1, slope_u, slope_v
        else:  # edge-on: hides nothing
            form[f, 9], form[f, 10], form[f, 11] = -np.inf, 0.0, 0.0
        middle[f, 0], middle[f, 1], middle[f, 2] = (u1 + u2 + u3) / 3.0, (v1 + v2 + v3) / 3.0, (t1 + t2 + t3) / 3.0
        box[f, 0] = min(int((min(u1, u2, u3) - low_u) * per_u), n_u - 1)
        box[f, 1] = min(int((max(u1, u2, u3) - low_u) * per_u), n_u - 1)
        box[f, 2] = min(int((min(v1, v2, v3) - low_v) * per_v), n_v - 1)
        box[f, 3] = min(int((max(v1, v2, v3) - low_v) * per_v), n_v - 1)
        across = min(int((middle[f, 0] - low_u) * per_u), n_u - 1)
        box[f, 4] = across * n_v + min(int((middle[f, 1] - low_v) * per_v), n_v - 1)
        for a in range(box[f, 0], box[f, 1] + 1):
            for b in range(box[f, 2], box[f, 3] + 1):
                start[a * n_v + b + 1] += 1
    for cell in range(n_u * n_v):
        start[cell + 1] += start[cell]
    held, filled = np.empty(start[-1], np.int32), start[:-1].copy()
    for f in range(m):
        for a in range(box[f, 0], box[f, 1] + 1):
            for b in range(box[f, 2], box[f, 3] + 1):
                held[filled[a * n_v + b]] = f
                filled[a * n_v + b] += 1
    for f in range(m):
        u, w, depth, cell = middle[f, 0], middle[f, 1], middle[f, 2] + slack, box[f, 4]
        for at in range(start[cell], start[cell + 1]):
            g = held[at]
            if (
                form[g, 0] + form[g, 1] * u + form[g, 2] * w >= edge
                and form[g, 3] + form[g, 4] * u + form[g, 5] * w >= edge
                and form[g, 6] + form[g, 7] * u + form[g, 8] * w >= edge
                and form[g, 9] + form[g, 10] * u + form[g, 11] * w > depth
                and g != f
            ):
                lit[marked[f]] = False
                break


@njit(cache=True, error_model="numpy")
def straight(
    cross: FloatArray, leaning: FloatArray, sx: float, sy: float, sz: float, lobe_rad: float, lit: BoolArray
) -> bool:
    """Return whether some lit facet sends energy straight back: s within its share of the bend, and a lobe more.

    leaning (n, 3): 1 / (2 area), cosine and sine of the angle that is a facet's share; lobe_rad at most pi/2.
    """
    c, s = math.cos(lobe_rad), math.sin(lobe_rad)
    for f in range(cross.shape[0]):
        if lit[f]:
            w = abs(cross[f, 0] * sx + cross[f, 1] * sy + cross[f, 2] * sz) * leaning[f, 0]
            if w >= leaning[f, 1] * c - leaning[f, 2] * s - 1e-12:
                return True
    return False


@njit(cache=True, error_model="numpy")
def scatter(
    vertex: FloatArray,
    corner: CornerArray,
    cross: FloatArray,
    leaning: FloatArray,
    towards: FloatArray,
    wavenumber: FloatArray,
    lobe_rad: FloatArray,
    both_sides: bool,
    occlusion: bool,
    slack: float,
) -> FloatArray:
    """Physical-optics sum of m looks, (m, 3): real and imaginary part [m2], and whether a lit facet reflects straight.

    vertex (3, v) [m]; corner (n, 3); cross (n, 3) normals of length twice the area [m2]; leaning (n, 3) see
    `straight`; towards (m, 3) unit vectors to the radar; wavenumber (m,) [rad/m];
    lobe_rad (m,).
    """
    v, n, m = vertex.shape[1], corner.shape[0], towards.shape[0]
    phase, cosine, sine, lit = np.empty(v), np.empty(v), np.empty(v), np.empty(n, np.bool_)
    out = np.empty((m, 3))
    for j in range(m):
        sx, sy, sz = towards[j, 0], towards[j, 1], towards[j, 2]
        q = 2.0 * wavenumber[j]
        facing(cross, sx, sy, sz, both_sides, lit)
        if occlusion:
            hide(vertex, corner, sx, sy, sz, slack, lit)
        phasors(vertex, q * sx, q * sy, q * sz, phase, cosine, sine)
        out[j, 0], out[j, 1] = facet_sum(corner, cross, lit, sx, sy, sz, phase, cosine, sine)
        out[j, 2] = straight(cross, leaning, sx, sy, sz, lobe_rad[j], lit)
    return out
