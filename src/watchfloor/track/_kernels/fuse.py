"""Compiled loops of track fusion: weights of covariance intersection, tracklets, replay by validity, pairs of tracks.

States have d components (6, ECEF position and velocity, wherever they are moved). ``motion`` is a row with the columns
``Q_H, Q_V`` (white acceleration, horizontal and vertical [m2/s3]) and ``ALTITUDE, ALTITUDE_SD, CLIMB_SD``, the
height prior that the sites apply (``ALTITUDE_SD`` 0: none).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from watchfloor.base.units import FloatArray, IntArray
from watchfloor.track._kernels.gnn import bound_height, predict

Q_H, Q_V, ALTITUDE, ALTITUDE_SD, CLIMB_SD = 0, 1, 2, 3, 4
N_MOTION = 5
ABOUT, VECTOR, INFORMATION, MADE, N_GAIN = 0, 6, 12, 48, 49
"""Columns of ``gain``: an estimate's tracklet, worked out once; ``MADE`` 0 while it is not."""
FAST, DETERMINANT, TRACE = 0, 1, 2
"""What the weights of covariance intersection minimise; ``FAST`` needs no search."""
INTERSECTION, TRACKLETS, BEST = 0, 1, 2
"""How the estimates of several sites become one."""
_ITERATIONS = 60
_ROUNDING = 1e-4
"""Share of what was known before by which a tracklet may fall short of semidefinite."""
EXACT, NEAR = 1e-10, 1e-3
"""Gaps at which the search for weights may end; any weights are consistent, so a tracker need not go on for long."""


@njit(cache=True, error_model="numpy")
def inverse(a: FloatArray, out: FloatArray) -> float:
    """``out`` = inverse of the symmetric positive definite ``a`` (d, d); return log det a, NaN if not so."""
    d = a.shape[0]
    total = 0.0
    for i in range(d):  # lower factor into the lower half of out, reciprocal pivots on its diagonal
        for j in range(i + 1):
            rest = a[i, j]
            for c in range(j):
                rest -= out[i, c] * out[j, c]
            if i == j:
                if not 0.0 < rest < math.inf:
                    return math.nan
                total += math.log(rest)
                out[i, i] = 1.0 / math.sqrt(rest)
            else:
                out[i, j] = rest * out[j, j]
    for j in range(d):  # the factor's inverse takes its place
        for i in range(j + 1, d):
            rest = 0.0
            for c in range(j, i):
                rest -= out[i, c] * out[c, j]
            out[i, j] = rest * out[i, i]
    for i in range(d):
        for j in range(i + 1):
            rest = 0.0
            for c in range(i, d):
                rest += out[c, i] * out[c, j]
            out[j, i] = rest
        # row i of the product needs columns i and below of the factor only: the upper half is free
    for i in range(d):
        for j in range(i):
            out[i, j] = out[j, i]
    return total


@njit(cache=True, error_model="numpy")
def log_det(a: FloatArray, chol: FloatArray) -> float:
    """Log det of a symmetric positive definite matrix, -inf if it is not so; ``chol`` gets its lower factor."""
    d = a.shape[0]
    total = 0.0
    for i in range(d):
        for j in range(i + 1):
            rest = a[i, j]
            for c in range(j):
                rest -= chol[i, c] * chol[j, c]
            if i == j:
                if not rest > 0.0:
                    return -math.inf
                total += math.log(rest)
                chol[i, i] = math.sqrt(rest)
            else:
                chol[i, j] = rest / chol[j, j]
    return total


@njit(cache=True, error_model="numpy")
def distance2(x: FloatArray, y: FloatArray, s: FloatArray, chol: FloatArray) -> tuple[float, float]:
    """Squared Mahalanobis distance of x, y (d,) under ``s`` (d, d), and log det s; NaN, -inf if s is not definite."""
    d = x.shape[0]
    size = log_det(s, chol)
    if size == -math.inf:
        return math.nan, size
    total = 0.0
    y_ = np.empty(d)
    for i in range(d):
        rest = x[i] - y[i]
        for c in range(i):
            rest -= chol[i, c] * y_[c]
        y_[i] = rest / chol[i, i]
        total += y_[i] * y_[i]
    return total, size


@njit(cache=True, error_model="numpy")
def _mix(info: FloatArray, w: FloatArray, out: FloatArray) -> None:
    """``out`` (d, d) = sum of w (m,) times info (m, d, d)."""
    m, d = info.shape[0], info.shape[1]
    for i in range(d):
        for j in range(i + 1):
            total = 0.0
            for k in range(m):
                total += w[k] * info[k, i, j]
            out[i, j] = total
            out[j, i] = total


@njit(cache=True, error_model="numpy")
def fast_weights(info: FloatArray, w: FloatArray, work: FloatArray) -> None:
    """Weights without a search (Franken & Huepper, 2005); ``work`` (2, d, d)."""
    m, d = info.shape[0], info.shape[1]
    for k in range(m):
        w[k] = 1.0
    _mix(info, w, work[0])
    whole = log_det(work[0], work[1])
    total = 0.0
    for k in range(m):
        own = math.exp(log_det(info[k], work[1]) - whole)
        for i in range(d):
            for j in range(i + 1):
                work[0, i, j] -= info[k, i, j]
        others = math.exp(log_det(work[0], work[1]) - whole)
        for i in range(d):
            for j in range(i + 1):
                work[0, i, j] += info[k, i, j]
        w[k] = max(1.0 - others + own, 0.0)
        total += w[k]
    for k in range(m):
        w[k] = w[k] / total if total > 0.0 else 1.0 / m


@njit(cache=True, error_model="numpy")
def _newton(g: FloatArray, h: FloatArray, free: IntArray, n: int, step: FloatArray, a: FloatArray) -> None:
    """Solve h step = g - price with steps that sum to 0, over the first n ``free`` rows; ``a`` (m + 1, m + 2)."""
    scale = 0.0
    for i in range(n):
        scale = max(scale, h[free[i], free[i]])
    for i in range(n):
        for j in range(n):
            a[i, j] = h[free[i], free[j]]
        a[i, i] += 1e-13 * scale
        a[i, n], a[n, i], a[i, n + 1] = scale, scale, g[free[i]]
    a[n, n], a[n, n + 1] = 0.0, 0.0
    for c in range(n + 1):
        best = c
        for r in range(c + 1, n + 1):
            if abs(a[r, c]) > abs(a[best, c]):
                best = r
        for k in range(c, n + 2):
            a[c, k], a[best, k] = a[best, k], a[c, k]
        pivot = a[c, c] if a[c, c] != 0.0 else 1e-300
        for r in range(c + 1, n + 1):
            factor = a[r, c] / pivot
            for k in range(c, n + 2):
                a[r, k] -= factor * a[c, k]
    for c in range(n, -1, -1):
        rest = a[c, n + 1]
        for k in range(c + 1, n + 1):
            rest -= a[c, k] * a[k, n + 1]
        a[c, n + 1] = rest / a[c, c] if a[c, c] != 0.0 else 0.0
    for i in range(n):
        step[free[i]] = a[i, n + 1]


@njit(cache=True, error_model="numpy")
def best_weights(info: FloatArray, criterion: int, w: FloatArray, enough: float) -> float:
    """Weights on the simplex of least determinant or trace of the fused covariance; return the gap left.

    Newton steps over the weights that are not at 0, from ``fast_weights``. The problem is convex; what is returned
    bounds how far log det (or the trace, as a ratio) may lie above its least value; ``enough`` ends the search.
    """
    m, d = info.shape[0], info.shape[1]
    mixed, p, t = np.empty((d, d)), np.empty((d, d)), np.empty((m, d, d))
    g, h, step, a = np.empty(m), np.empty((m, m)), np.zeros(m), np.empty((m + 1, m + 2))
    free, trial, work = np.empty(m, np.int64), np.empty(m), np.empty((2, d, d))
    fast_weights(info, w, work)
    gap, value = math.inf, math.inf
    for _ in range(_ITERATIONS):
        _mix(info, w, mixed)
        size = inverse(mixed, p)
        for k in range(m):  # t = p info: all that gradient and curvature need
            for i in range(d):
                for j in range(d):
                    total = 0.0
                    for c in range(d):
                        total += p[i, c] * info[k, c, j]
                    t[k, i, j] = total
        if criterion == TRACE:
            value = 0.0
            for i in range(d):
                value += p[i, i]
            for k in range(m):  # t p is symmetric
                g[k] = 0.0
                for i in range(d):
                    for c in range(d):
                        g[k] += t[k, i, c] * p[c, i]
            for k in range(m):
                for o in range(k + 1):
                    total = 0.0
                    for i in range(d):
                        for j in range(d):
                            inner = 0.0
                            for c in range(d):
                                inner += t[o, j, c] * p[c, i]
                            total += t[k, i, j] * inner
                    h[k, o] = 2.0 * total
                    h[o, k] = h[k, o]
            mean = value
        else:
            value = -size
            for k in range(m):
                g[k] = 0.0
                for i in range(d):
                    g[k] += t[k, i, i]
                for o in range(k + 1):
                    total = 0.0
                    for i in range(d):
                        for j in range(d):
                            total += t[k, i, j] * t[o, j, i]
                    h[k, o] = total
                    h[o, k] = total
            mean = 1.0 * d
        top = 0
        for k in range(m):
            if g[k] > g[top]:
                top = k
        gap = (g[top] - mean) / (value if criterion == TRACE else 1.0)
        if not gap > enough:
            break
        n = 0
        for k in range(m):
            step[k] = 0.0
            if w[k] > 0.0 or k == top:
                free[n] = k
                n += 1
        _newton(g, h, free, n, step, a)
        slope = 0.0
        for k in range(m):
            slope += g[k] * step[k]
        if not slope > 0.0 or (w[top] == 0.0 and step[top] <= 0.0):  # walk towards the steepest corner
            for k in range(m):
                step[k] = (1.0 if k == top else 0.0) - w[k]
        reach, hit = 1.0, -1
        for k in range(m):
            if step[k] < 0.0 and w[k] + reach * step[k] < 0.0:
                reach, hit = -w[k] / step[k], k
        before = value
        for _ in range(40):
            for k in range(m):
                trial[k] = max(w[k] + reach * step[k], 0.0)
            if hit >= 0:
                trial[hit] = 0.0
            _mix(info, trial, mixed)
            if criterion == TRACE:
                ok = inverse(mixed, p)
                value = 0.0
                for i in range(d):
                    value += p[i, i]
                if math.isnan(ok):
                    value = math.inf
            else:
                value = -log_det(mixed, work[0])
            if value <= before:
                break
            reach, hit = 0.5 * reach, -1
        if not value <= before:
            break
        total = 0.0
        for k in range(m):
            total += trial[k]
        same = True
        for k in range(m):
            trial[k] /= total
            same = same and trial[k] == w[k]
            w[k] = trial[k]
        if same:
            break
    return gap


@njit(cache=True, error_model="numpy")
def intersect(
    x: FloatArray, p: FloatArray, criterion: int, enough: float, x_out: FloatArray, p_out: FloatArray,
    w: FloatArray, info: FloatArray, work: FloatArray,
) -> bool:  # fmt: skip
    """Covariance intersection of m estimates x (m, d), p (m, d, d); False if a covariance is not definite.

    ``info`` (m, d, d) and ``work`` (2, d, d) are room to work in.
    """
    m = x.shape[0]
    for k in range(m):
        if math.isnan(inverse(p[k], info[k])):
            return False
    if m == 1:
        w[0] = 1.0
    elif criterion == FAST:
        fast_weights(info, w, work)
    else:
        best_weights(info, criterion, w, enough)
    return combine(x, info, w, x_out, p_out, work)


@njit(cache=True, error_model="numpy")
def combine(
    x: FloatArray, info: FloatArray, w: FloatArray, x_out: FloatArray, p_out: FloatArray, work: FloatArray
) -> bool:
    """Mean and covariance of m estimates whose informations count w times each."""
    m, d = x.shape
    _mix(info, w, work[0])
    if math.isnan(inverse(work[0], work[1])):
        return False
    for i in range(d):  # about the first estimate: coordinates are millions of metres, differences are not
        x_out[i] = x[0, i]
        work[0, 0, i] = 0.0
    for k in range(1, m):
        for i in range(d):
            total = 0.0
            for j in range(d):
                total += info[k, i, j] * (x[k, j] - x[0, j])
            work[0, 0, i] += w[k] * total
    for i in range(d):
        for j in range(d):
            x_out[i] += work[1, i, j] * work[0, 0, j]
            p_out[i, j] = work[1, i, j]
    return True


@njit(cache=True, error_model="numpy")
def intersect_rows(
    x: FloatArray, p: FloatArray, criterion: int, x_out: FloatArray, p_out: FloatArray, w: FloatArray
) -> int:
    """``intersect`` for n rows of m estimates; return the first row that is not definite, -1 if all are."""
    n, m, d = x.shape
    info, work = np.empty((m, d, d)), np.empty((2, d, d))
    for row in range(n):
        if not intersect(x[row], p[row], criterion, EXACT, x_out[row], p_out[row], w[row], info, work):
            return row
    return -1


@njit(cache=True, error_model="numpy")
def _rotate(a: FloatArray, v: FloatArray) -> None:
    """Eigenvalues of the symmetric ``a`` (d, d) onto its diagonal, eigenvectors into the columns of ``v`` (Jacobi)."""
    d = a.shape[0]
    for i in range(d):
        for j in range(d):
            v[i, j] = 1.0 if i == j else 0.0
    for _ in range(30):
        off, on = 0.0, 0.0
        for i in range(d):
            on += a[i, i] * a[i, i]
            for j in range(i):
                off += a[i, j] * a[i, j]
        if not off > 1e-26 * on:
            return
        for i in range(d):
            for j in range(i):
                if a[i, j] == 0.0:
                    continue
                theta = 0.5 * (a[i, i] - a[j, j]) / a[i, j]
                t = 1.0 / (abs(theta) + math.sqrt(theta * theta + 1.0))
                if theta < 0.0:
                    t = -t
                c = 1.0 / math.sqrt(t * t + 1.0)
                s = t * c
                for k in range(d):
                    aj, ai = a[k, j], a[k, i]
                    a[k, j], a[k, i] = c * aj - s * ai, s * aj + c * ai
                for k in range(d):
                    aj, ai = a[j, k], a[i, k]
                    a[j, k], a[i, k] = c * aj - s * ai, s * aj + c * ai
                for k in range(d):
                    vj, vi = v[k, j], v[k, i]
                    v[k, j], v[k, i] = c * vj - s * vi, s * vj + c * vi


@njit(cache=True, error_model="numpy")
def tracklet(
    x0: FloatArray, p0: FloatArray, x: FloatArray, p: FloatArray, u: FloatArray, info: FloatArray, work: FloatArray
) -> bool:
    """What was learned between an estimate x0, p0 and its successor x, p at one time, as information about x0.

    ``info`` (d, d) = inverse(p) - inverse(p0) and ``u`` (d,) = inverse(p) (x - x0). Directions in which the successor
    knows less than the predecessor carry nothing. ``work`` (4, d, d). False if a covariance is not definite.
    """
    d = x.shape[0]
    if math.isnan(inverse(p0, work[0])) or math.isnan(inverse(p, work[1])):
        return False
    lost = False
    for i in range(d):
        total = 0.0
        for j in range(d):
            info[i, j] = work[1, i, j] - work[0, i, j]
            total += work[1, i, j] * (x[j] - x0[j])
        u[i] = total
    for i in range(d):  # semidefinite, but for rounding? (scaled by what was known before)
        for j in range(d):
            work[2, i, j] = info[i, j] + (_ROUNDING * work[0, i, i] if i == j else 0.0)
    lost = log_det(work[2], work[3]) == -math.inf
    if lost:  # whiten by p0: eigenvalues of inverse(p) above 1 are gains, below are losses
        log_det(p0, work[0])
        for i in range(d):
            for j in range(i + 1, d):
                work[0, i, j] = 0.0
        for i in range(d):
            for j in range(d):
                total = 0.0
                for c in range(d):
                    total += work[1, i, c] * work[0, c, j]
                work[2, i, j] = total
        for i in range(d):
            for j in range(d):
                total = 0.0
                for c in range(d):
                    total += work[0, c, i] * work[2, c, j]
                work[3, i, j] = total
        for i in range(d):
            for j in range(i):
                work[3, i, j] = 0.5 * (work[3, i, j] + work[3, j, i])
                work[3, j, i] = work[3, i, j]
        _rotate(work[3], work[2])
        # inverse factor of p0 times eigenvectors: columns b with info = sum (l - 1) b b', u = sum l b (b' dx) / gained
        for k in range(d):  # forward substitution transposed: solve chol' b = v
            for i in range(d - 1, -1, -1):
                rest = work[2, i, k]
                for c in range(i + 1, d):
                    rest -= work[0, c, i] * work[2, c, k]
                work[2, i, k] = rest / work[0, i, i]
        for i in range(d):
            u[i] = 0.0
            for j in range(d):
                info[i, j] = 0.0
        for k in range(d):
            gain = work[3, k, k] - 1.0
            if not gain > 0.0:
                continue
            along = 0.0
            for i in range(d):
                along += work[2, i, k] * (x[i] - x0[i])
            for i in range(d):
                u[i] += (gain + 1.0) * work[2, i, k] * along
                for j in range(d):
                    info[i, j] += gain * work[2, i, k] * work[2, j, k]
    return True


@njit(cache=True, error_model="numpy")
def add_information(
    x: FloatArray, p: FloatArray, x0: FloatArray, u: FloatArray, info: FloatArray, work: FloatArray
) -> bool:
    """Update x, p in place with information ``u``, ``info`` about ``x0``; ``work`` (2, d, d)."""
    d = x.shape[0]
    if math.isnan(inverse(p, work[0])):
        return False
    for i in range(d):
        for j in range(d):
            work[0, i, j] += info[i, j]
    if math.isnan(inverse(work[0], work[1])):
        return False
    for i in range(d):
        total = u[i]
        for j in range(d):
            total -= info[i, j] * (x[j] - x0[j])
        work[0, 0, i] = total
    for i in range(d):
        for j in range(d):
            x[i] += work[1, i, j] * work[0, 0, j]
            p[i, j] = work[1, i, j]
    return True


@njit(cache=True, error_model="numpy")
def tracklet_rows(x0: FloatArray, p0: FloatArray, x: FloatArray, p: FloatArray, u: FloatArray, info: FloatArray) -> int:
    """``tracklet`` for n rows; return the first row that is not definite, -1 if all are."""
    work = np.empty((4, x.shape[1], x.shape[1]))
    for row in range(len(x)):
        if not tracklet(x0[row], p0[row], x[row], p[row], u[row], info[row], work):
            return row
    return -1


@njit(cache=True, error_model="numpy")
def information_rows(x: FloatArray, p: FloatArray, x0: FloatArray, u: FloatArray, info: FloatArray) -> int:
    """``add_information`` for n rows; return the first row that is not definite, -1 if all are."""
    work = np.empty((2, x.shape[1], x.shape[1]))
    for row in range(len(x)):
        if not add_information(x[row], p[row], x0[row], u[row], info[row], work):
            return row
    return -1


@njit(cache=True, error_model="numpy")
def move(x: FloatArray, p: FloatArray, dt: Any, motion: FloatArray, up: FloatArray) -> None:
    """Move state (6,) and covariance in place, as the sites do."""
    if dt != 0.0:
        predict(x, p, dt, motion[Q_H], motion[Q_V], up)
        if motion[ALTITUDE_SD] > 0.0:
            bound_height(x, p, motion[ALTITUDE], motion[ALTITUDE_SD], motion[CLIMB_SD], up)


@njit(cache=True, error_model="numpy")
def move_rows(x: FloatArray, p: FloatArray, dt: FloatArray, motion: FloatArray) -> None:
    """``move`` n rows, each by its own time."""
    up = np.empty(3)
    for row in range(len(x)):
        move(x[row], p[row], dt[row], motion, up)


@njit(cache=True, error_model="numpy")
def hear(
    slot: IntArray, t: FloatArray, x: FloatArray, p: FloatArray, oldest: FloatArray, fresh: bool,
    count: IntArray, heard_t: FloatArray, heard_x: FloatArray, heard_p: FloatArray, gain: FloatArray, fate: IntArray,
) -> bool:  # fmt: skip
    """File n estimates under their slots in order of validity; False if a slot has no room (nothing is filed then).

    ``fate`` (n,): 0 nothing new, 1 newest, 2 filled in before a newer one, 3 older than ``oldest`` (n,) and refused.
    An estimate that is not definite is refused too, as 4. A ``fresh`` estimate, of the site's latest report, takes the
    place of all that speak of its time or a later one: the site has changed its mind. One that is not only fills in.
    """
    room = heard_t.shape[1]
    for k in range(len(slot)):
        if count[slot[k]] >= room:
            return False
    chol = np.empty((6, 6))
    for k in range(len(slot)):
        s = slot[k]
        n = count[s]
        at = n
        while at > 0 and heard_t[s, at - 1] >= t[k]:
            at -= 1
        again = at < n and heard_t[s, at] == t[k]
        if fresh:
            known = again and at == n - 1 and heard_x[s, at, 0] == x[k, 0]
        else:
            known = again or at == n
        if known:
            fate[k] = 0
            continue
        if not t[k] > oldest[k]:
            fate[k] = 3
            continue
        sound = math.isfinite(t[k]) and log_det(p[k], chol) > -math.inf
        for a in range(6):
            sound = sound and math.isfinite(x[k, a])
        if not sound:
            fate[k] = 4
            continue
        fate[k] = 1 if fresh else 2
        for r in range(at if fresh else n, at, -1):
            heard_t[s, r] = heard_t[s, r - 1]
            for a in range(6):
                heard_x[s, r, a] = heard_x[s, r - 1, a]
                for b in range(6):
                    heard_p[s, r, a, b] = heard_p[s, r - 1, a, b]
            for a in range(gain.shape[2]):
                gain[s, r, a] = gain[s, r - 1, a]
        if gain.shape[2] > 0:
            gain[s, at, MADE] = 0.0
            if at + 1 < room:
                gain[s, at + 1, MADE] = 0.0
        heard_t[s, at] = t[k]
        for a in range(6):
            heard_x[s, at, a] = x[k, a]
            for b in range(6):
                heard_p[s, at, a, b] = 0.5 * (p[k, a, b] + p[k, b, a])
        count[s] = at + 1 if fresh else n + 1
    return True


@njit(cache=True, error_model="numpy")
def forget(
    slots: IntArray, oldest: FloatArray, count: IntArray, heard_t: FloatArray, heard_x: FloatArray, heard_p: FloatArray,
    gain: FloatArray,
) -> None:  # fmt: skip
    """Drop what a slot heard before ``oldest`` (n,), but for the last of it: the next tracklet begins there."""
    for k in range(len(slots)):
        s = slots[k]
        first = 0
        while first + 1 < count[s] and heard_t[s, first + 1] <= oldest[k]:
            first += 1
        if first == 0:
            continue
        count[s] -= first
        for r in range(count[s]):
            heard_t[s, r] = heard_t[s, r + first]
            for a in range(6):
                heard_x[s, r, a] = heard_x[s, r + first, a]
                for b in range(6):
                    heard_p[s, r, a, b] = heard_p[s, r + first, a, b]
            for a in range(gain.shape[2]):
                gain[s, r, a] = gain[s, r + first, a]


@njit(cache=True, error_model="numpy")
def estimate(
    rows: IntArray, at_s: float, cut_s: float, method: int, criterion: int, motion: FloatArray, member: IntArray,
    count: IntArray, heard_t: FloatArray, heard_x: FloatArray, heard_p: FloatArray, gain: FloatArray,
    base_t: FloatArray, keep_t: FloatArray, keep_x: FloatArray, keep_p: FloatArray,
    t_out: FloatArray, x_out: FloatArray, p_out: FloatArray,
) -> None:  # fmt: skip
    """Fused time, state and covariance of the groups ``rows`` from what is valid at ``at_s`` or before.

    ``member`` (groups, sites) slots, -1 for none. With tracklets the sites' estimates are played in order of validity
    from the state kept at ``keep_t``; what is valid at ``cut_s`` or before is kept for the next time. A group of which
    nothing is valid yet gets the time NaN.
    """
    n_sites = member.shape[1]
    room = max(n_sites, 2)
    x, p, info = np.empty((room, 6)), np.empty((room, 6, 6)), np.empty((room, 6, 6))
    w, work, up, u = np.empty(room), np.empty((4, 6, 6)), np.empty(3), np.empty(6)
    pair_x, pair_p, prior_x, prior_p = np.empty((2, 6)), np.empty((2, 6, 6)), np.empty(6), np.empty((6, 6))
    place, who = np.empty(n_sites, np.int64), np.empty(n_sites, np.int64)
    for q in range(len(rows)):
        g = rows[q]
        if method != TRACKLETS:
            m, newest = 0, -math.inf
            for s in range(n_sites):
                slot = member[g, s]
                if slot < 0:
                    continue
                r = count[slot] - 1
                while r >= 0 and heard_t[slot, r] > at_s:
                    r -= 1
                if r >= 0:
                    who[m], place[m] = slot, r
                    newest = max(newest, heard_t[slot, r])
                    m += 1
            if m == 0:
                t_out[q] = math.nan
                continue
            for k in range(m):
                slot, r = who[k], place[k]
                for a in range(6):
                    x[k, a] = heard_x[slot, r, a]
                    for b in range(6):
                        p[k, a, b] = heard_p[slot, r, a, b]
                move(x[k], p[k], newest - heard_t[slot, r], motion, up)
            t_out[q] = newest
            if method == BEST:
                best, least = 0, math.inf
                for k in range(m):
                    size = log_det(p[k], work[0])
                    if size < least:
                        best, least = k, size
                for a in range(6):
                    x_out[q, a] = x[best, a]
                    for b in range(6):
                        p_out[q, a, b] = p[best, a, b]
            elif not intersect(x[:m], p[:m], criterion, NEAR, x_out[q], p_out[q], w[:m], info[:m], work):
                t_out[q] = math.nan
            continue
        t = keep_t[g]
        if at_s < t:  # asked for a time that is no longer held apart
            t_out[q] = math.nan
            continue
        kept = cut_s <= t or not cut_s > -math.inf
        known = t > -math.inf
        for a in range(6):
            x_out[q, a] = keep_x[g, a]
            for b in range(6):
                p_out[q, a, b] = keep_p[g, a, b]
        for s in range(n_sites):
            slot = member[g, s]
            place[s] = 0
            if slot < 0:
                continue
            while place[s] < count[slot] and not (
                heard_t[slot, place[s]] > t and heard_t[slot, place[s]] >= base_t[slot]
            ):
                place[s] += 1
        while True:
            first, when = -1, math.inf
            for s in range(n_sites):
                slot = member[g, s]
                if slot >= 0 and place[s] < count[slot] and heard_t[slot, place[s]] < when:
                    first, when = s, heard_t[slot, place[s]]
            if not kept and (first < 0 or when > cut_s):
                kept = True
                if known:
                    keep_t[g] = t
                    for a in range(6):
                        keep_x[g, a] = x_out[q, a]
                        for b in range(6):
                            keep_p[g, a, b] = p_out[q, a, b]
            if first < 0 or when > at_s:
                break
            slot, r = member[g, first], place[first]
            place[first] += 1
            if not known:
                for a in range(6):
                    x_out[q, a] = heard_x[slot, r, a]
                    for b in range(6):
                        p_out[q, a, b] = heard_p[slot, r, a, b]
                known, t = True, when
                continue
            move(x_out[q], p_out[q], when - t, motion, up)
            t = when
            if when == base_t[slot] or r == 0:  # it joins: what it shares with the others is not known
                for a in range(6):
                    pair_x[0, a], pair_x[1, a] = x_out[q, a], heard_x[slot, r, a]
                    for b in range(6):
                        pair_p[0, a, b], pair_p[1, a, b] = p_out[q, a, b], heard_p[slot, r, a, b]
                intersect(pair_x, pair_p, criterion, NEAR, x_out[q], p_out[q], w[:2], info[:2], work)
                continue
            row = gain[slot, r]
            if row[MADE] == 0.0:
                for a in range(6):
                    prior_x[a] = heard_x[slot, r - 1, a]
                    for b in range(6):
                        prior_p[a, b] = heard_p[slot, r - 1, a, b]
                move(prior_x, prior_p, when - heard_t[slot, r - 1], motion, up)
                sound = tracklet(prior_x, prior_p, heard_x[slot, r], heard_p[slot, r], u, info[0], work)
                row[MADE] = 1.0 if sound else -1.0
                for a in range(6):
                    row[ABOUT + a], row[VECTOR + a] = prior_x[a], u[a]
                    for b in range(6):
                        row[INFORMATION + 6 * a + b] = info[0, a, b]
            if row[MADE] > 0.0:
                for a in range(6):
                    prior_x[a], u[a] = row[ABOUT + a], row[VECTOR + a]
                    for b in range(6):
                        info[0, a, b] = row[INFORMATION + 6 * a + b]
                add_information(x_out[q], p_out[q], prior_x, u, info[0], work)
        t_out[q] = t if known else math.nan


@njit(cache=True, error_model="numpy")
def pairs(
    row_x: FloatArray, row_p: FloatArray, row_sites: IntArray, row_address: IntArray,
    x: FloatArray, p: FloatArray, sites: IntArray, address: IntArray, limit: float, wide: float,
    start_of: IntArray, column: IntArray, cost: FloatArray,
) -> int:  # fmt: skip
    """Pairs (row, column) of tracks that may be one target, as edges for ``assign``; return how many there are.

    All states are of one time. A pair shares no site (bits of ``sites``), lies inside the gate ``limit`` and does not
    differ in address; equal addresses stretch the gate by ``wide`` and settle it. Edges beyond the length of ``column``
    are counted, not written. Costs are below 0, the less the likelier.
    """
    n, m = len(row_x), len(x)
    order = np.argsort(x[:, 0])
    largest = np.zeros(6)
    for j in range(m):
        for a in range(6):
            largest[a] = max(largest[a], p[j, a, a])
    key = np.empty(m)
    for c in range(m):
        key[c] = x[order[c], 0]
    s, chol = np.empty((6, 6)), np.empty((6, 6))
    found, worst = 0, -math.inf
    for i in range(n):
        start_of[i] = found
        reach = math.sqrt(limit * wide * (row_p[i, 0, 0] + largest[0]))
        c = np.searchsorted(key, row_x[i, 0] - reach)
        while c < m and key[c] <= row_x[i, 0] + reach:
            j = order[c]
            c += 1
            if row_sites[i] & sites[j]:
                continue
            bound, bonus = limit, 0.0
            if row_address[i] >= 0 and address[j] >= 0:
                if row_address[i] != address[j]:
                    continue
                bound, bonus = limit * wide, -1e4
            inside = True
            for a in range(6):
                off = row_x[i, a] - x[j, a]
                if off * off > bound * (row_p[i, a, a] + p[j, a, a]):
                    inside = False
                    break
            if not inside:
                continue
            for a in range(6):
                for b in range(6):
                    s[a, b] = row_p[i, a, b] + p[j, a, b]
            d2, size = distance2(row_x[i], x[j], s, chol)
            if not d2 <= bound:
                continue
            if found < len(column):
                column[found], cost[found] = j, d2 + size + bonus
                worst = max(worst, d2 + size)
            found += 1
    start_of[n] = found
    for k in range(min(found, len(column))):
        cost[k] -= worst + 1.0
    return found


@njit(cache=True, error_model="numpy")
def disagreements(
    rows: IntArray, news: IntArray, limit: float, motion: FloatArray, member: IntArray, joined: FloatArray,
    count: IntArray, heard_t: FloatArray, heard_x: FloatArray, heard_p: FloatArray, fails: IntArray,
) -> None:  # fmt: skip
    """Count for each slot how many of its updates in a row left the gate about its group.

    A slot with news (``news`` (slots,) above 0) fails when it lies outside the gate of more than half of the group's
    other members; of two members the one that joined later fails. A pass clears the count.
    """
    n_sites = member.shape[1]
    out = np.empty(n_sites, np.int64)
    x, p, y, r = np.empty(6), np.empty((6, 6)), np.empty(6), np.empty((6, 6))
    chol, up = np.empty((6, 6)), np.empty(3)
    for q in range(len(rows)):
        g = rows[q]
        m, fresh = 0, False
        for s in range(n_sites):
            out[s] = 0
            if member[g, s] >= 0 and count[member[g, s]] > 0:
                m += 1
                fresh = fresh or news[member[g, s]] > 0
        if m < 2 or not fresh:
            continue
        for one in range(n_sites):
            first = member[g, one]
            if first < 0 or count[first] == 0:
                continue
            for two in range(one):
                second = member[g, two]
                if second < 0 or count[second] == 0:
                    continue
                i, j = count[first] - 1, count[second] - 1
                for a in range(6):
                    x[a], y[a] = heard_x[first, i, a], heard_x[second, j, a]
                    for b in range(6):
                        p[a, b], r[a, b] = heard_p[first, i, a, b], heard_p[second, j, a, b]
                apart = heard_t[first, i] - heard_t[second, j]
                if apart >= 0.0:
                    move(y, r, apart, motion, up)
                else:
                    move(x, p, -apart, motion, up)
                for a in range(6):
                    for b in range(6):
                        p[a, b] += r[a, b]
                d2, _ = distance2(x, y, p, chol)
                if d2 <= limit:
                    continue
                if m == 2:
                    out[one if joined[first] >= joined[second] else two] += 1
                else:
                    out[one] += 1
                    out[two] += 1
        for s in range(n_sites):
            slot = member[g, s]
            if slot < 0:
                continue
            failed = 2 * out[s] > m - 1
            if not failed:
                fails[slot] = 0
            elif news[slot] > 0 or m == 2:
                fails[slot] += 1


def warm() -> None:
    """Call every kernel once on tiny arrays of the types it is used with."""
    x = np.zeros((1, 2, 6))
    x[:, :, 0] = 6.4e6
    p = np.broadcast_to(np.eye(6), (1, 2, 6, 6)).copy()
    x_out, p_out, motion = np.empty((1, 6)), np.empty((1, 6, 6)), np.zeros(N_MOTION)
    intersect_rows(x, p, DETERMINANT, x_out, p_out, np.empty((1, 2)))
    one, cov = x[:, 0].copy(), p[:, 0].copy()
    tracklet_rows(one, 2.0 * cov, one, cov, x_out, p_out)
    information_rows(one.copy(), cov.copy(), one, x_out, p_out)
    move_rows(one, cov, np.ones(1), motion)
    count, row, t = np.zeros(1, np.int64), np.zeros(1, np.int64), np.zeros(1)
    heard = np.zeros((1, 2)), np.zeros((1, 2, 6)), np.zeros((1, 2, 6, 6)), np.zeros((1, 2, N_GAIN))
    hear(row, t, one, cov, np.full(1, -math.inf), True, count, *heard, np.zeros(1, np.int64))
    member, keep = np.zeros((1, 1), np.int64), (np.full(1, -math.inf), np.zeros((1, 6)), np.zeros((1, 6, 6)))
    estimate(row, 1.0, 0.0, TRACKLETS, FAST, motion, member, count, *heard, t, *keep, np.empty(1), x_out, p_out)
    forget(row, t, count, *heard)
    bit, edges = np.ones(1, np.int64), (np.empty(2, np.int64), np.empty(1, np.int64), np.empty(1))
    pairs(one, cov, bit, bit, one, cov, 2 * bit, bit, 22.0, 4.0, *edges)
    disagreements(row, bit, 22.0, motion, member, t, count, *heard[:3], row.copy())
