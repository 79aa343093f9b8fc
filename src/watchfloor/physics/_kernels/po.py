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
    cross: FloatArray,
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
    n, v = corner.shape[0], vertex.shape[1]
    # two axes across s
    if abs(sz) < 0.9:
        ex, ey, ez = -sy, sx, 0.0
    else:
        ex, ey, ez = 0.0, -sz, sy
    size = math.sqrt(ex * ex + ey * ey + ez * ez)
    ex, ey, ez = ex / size, ey / size, ez / size
    fx, fy, fz = sy * ez - sz * ey, sz * ex - sx * ez, sx * ey - sy * ex
    across, up = np.empty(v), np.empty(v)
    for i in range(v):
        x, y, z = vertex[0, i], vertex[1, i], vertex[2, i]
        across[i] = x * ex + y * ey + z * ez
        up[i] = x * fx + y * fy + z * fz
    low_u, high_u, low_v, high_v = across.min(), across.max(), up.min(), up.max()
    marked = 0
    for f in range(n):
        marked += lit[f]
    side = max(1.01e-6 * (high_u - low_u + high_v - low_v), 1e-300)
    side = max(side, math.sqrt(max((high_u - low_u) * (high_v - low_v), 0.0) / max(marked, 1)))
    n_u = min(int((high_u - low_u) / side) + 1, 4096)
    n_v = min(int((high_v - low_v) / side) + 1, 4096)
    per_u, per_v = n_u / max(high_u - low_u, 1e-300), n_v / max(high_v - low_v, 1e-300)
    start = np.zeros(n_u * n_v + 1, np.int64)
    box = np.empty((n, 4), np.int32)
    for f in range(n):
        if not lit[f]:
            continue
        i, j, k = corner[f, 0], corner[f, 1], corner[f, 2]
        box[f, 0] = min(int((min(across[i], across[j], across[k]) - low_u) * per_u), n_u - 1)
        box[f, 1] = min(int((max(across[i], across[j], across[k]) - low_u) * per_u), n_u - 1)
        box[f, 2] = min(int((min(up[i], up[j], up[k]) - low_v) * per_v), n_v - 1)
        box[f, 3] = min(int((max(up[i], up[j], up[k]) - low_v) * per_v), n_v - 1)
        for a in range(box[f, 0], box[f, 1] + 1):
            for b in range(box[f, 2], box[f, 3] + 1):
                start[a * n_v + b + 1] += 1
    for cell in range(n_u * n_v):
        start[cell + 1] += start[cell]
    held, filled = np.empty(start[-1], np.int32), start[:-1].copy()
    for f in range(n):
        if not lit[f]:
            continue
        for a in range(box[f, 0], box[f, 1] + 1):
            for b in range(box[f, 2], box[f, 3] + 1):
                held[filled[a * n_v + b]] = f
                filled[a * n_v + b] += 1
    hidden = np.zeros(n, np.bool_)
    for f in range(n):
        if not lit[f]:
            continue
        i, j, k = corner[f, 0], corner[f, 1], corner[f, 2]
        u, w = (across[i] + across[j] + across[k]) / 3.0, (up[i] + up[j] + up[k]) / 3.0
        x = (vertex[0, i] + vertex[0, j] + vertex[0, k]) / 3.0
        y = (vertex[1, i] + vertex[1, j] + vertex[1, k]) / 3.0
        z = (vertex[2, i] + vertex[2, j] + vertex[2, k]) / 3.0
        cell = min(int((u - low_u) * per_u), n_u - 1) * n_v + min(int((w - low_v) * per_v), n_v - 1)
        for at in range(start[cell], start[cell + 1]):
            g = held[at]
            if g == f:
                continue
            i, j, k = corner[g, 0], corner[g, 1], corner[g, 2]
            # how far in front of the centroid the ray towards s meets the plane of g
            lean = cross[g, 0] * sx + cross[g, 1] * sy + cross[g, 2] * sz
            ahead = cross[g, 0] * (vertex[0, i] - x) + cross[g, 1] * (vertex[1, i] - y)
            ahead += cross[g, 2] * (vertex[2, i] - z)
            if ahead * lean <= slack * lean * lean:
                continue
            d1 = (across[j] - across[i]) * (w - up[i]) - (up[j] - up[i]) * (u - across[i])
            d2 = (across[k] - across[j]) * (w - up[j]) - (up[k] - up[j]) * (u - across[j])
            d3 = (across[i] - across[k]) * (w - up[k]) - (up[i] - up[k]) * (u - across[k])
            if (d1 >= 0.0 and d2 >= 0.0 and d3 >= 0.0) or (d1 <= 0.0 and d2 <= 0.0 and d3 <= 0.0):
                hidden[f] = True
                break
    for f in range(n):
        if hidden[f]:
            lit[f] = False


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
            hide(vertex, corner, cross, sx, sy, sz, slack, lit)
        phasors(vertex, q * sx, q * sy, q * sz, phase, cosine, sine)
        out[j, 0], out[j, 1] = facet_sum(corner, cross, lit, sx, sy, sz, phase, cosine, sine)
        out[j, 2] = straight(cross, leaning, sx, sy, sz, lobe_rad[j], lit)
    return out
