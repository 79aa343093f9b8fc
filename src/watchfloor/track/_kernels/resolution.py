"""Compiled loops of limited resolution; plain twins in ``tests/plain/merged.py``.

Graphs are those of `marginals`: edges of track i are ``start_of[i]`` to ``start_of[i + 1]``, ``column`` names the plot,
``psi`` weighs "i has that plot" against "i missed, the plot is new or false".
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from watchfloor.base.units import FloatArray, IntArray

_TWO_PI = 2.0 * math.pi
_HUGE = 1e100  # weights beyond say no more
_HALVES = 2.0 * math.log(2.0)  # squared cell over variance of the resolution function


@njit(cache=True, error_model="numpy")
def _apart(one: Any, other: Any, c: Any) -> Any:
    """Difference of two measurements of component ``c``; azimuths the short way round."""
    out = one - other
    if c == 1:
        out -= _TWO_PI * math.floor(out / _TWO_PI + 0.5)
    return out


@njit(cache=True, error_model="numpy")
def p_unresolved(
    zhat_i: FloatArray, zhat_k: FloatArray, hph_i: FloatArray, hph_k: FloatArray, cell: FloatArray
) -> float:
    """Probability that two predicted tracks give one plot: one half at a cell's distance, averaged over their errors.

    zhat (4,) predicted measurements, hph (4, 4) their covariances; cell (4,), not finite where nothing is told apart.
    """
    out, exponent = 1.0, 0.0
    for c in range(4):
        d = _apart(zhat_i[c], zhat_k[c], c)
        if math.isfinite(cell[c]) and not math.isnan(d):
            own = cell[c] * cell[c] / _HALVES
            total = own + max(hph_i[c, c], 0.0) + max(hph_k[c, c], 0.0)
            out *= own / total
            exponent += d * d / total
    return math.sqrt(out) * math.exp(-0.5 * exponent)


@njit(cache=True, error_model="numpy")
def log_merged(
    z: FloatArray,
    cov: FloatArray,
    zhat_i: FloatArray,
    zhat_k: FloatArray,
    hph_i: FloatArray,
    hph_k: FloatArray,
    weight: Any,
) -> float:
    """Log density of a merged plot (4,) about the centroid of two predictions, -inf if bad; ``weight`` of the first.

    The weights themselves fluctuate: the share of one of two exponential powers of one mean is uniform.
    """
    d, s, y = np.empty(4), np.empty((4, 4)), np.empty(4)
    rows = np.empty(4, np.int64)
    other, m = 1.0 - weight, 0
    spread = 1.0 / 12.0
    for c in range(4):
        if not math.isnan(z[c]):
            rows[m] = c
            m += 1
    for a in range(m):
        d[a] = _apart(zhat_i[rows[a]], zhat_k[rows[a]], rows[a])
    out = -0.5 * m * math.log(_TWO_PI)
    for a in range(m):
        i = rows[a]
        y[a] = _apart(z[i], zhat_i[i], i) + other * d[a]
        for b in range(a + 1):
            j = rows[b]
            s[a, b] = cov[i, j] + weight * weight * hph_i[i, j] + other * other * hph_k[i, j] + spread * d[a] * d[b]
            for c in range(b):
                s[a, b] -= s[a, c] * s[b, c]
            if a == b:
                if not s[a, a] > 0.0:
                    return -math.inf
                s[a, a] = math.sqrt(s[a, a])
            else:
                s[a, b] /= s[b, b]
        for b in range(a):
            y[a] -= s[a, b] * y[b]
        y[a] /= s[a, a]
        out -= 0.5 * y[a] * y[a] + math.log(s[a, a])
    return out


@njit(cache=True, error_model="numpy")
def _resolved(
    start_of: IntArray, column: IntArray, psi: FloatArray, column_sum: FloatArray, i: Any, k: Any
) -> tuple[float, float, float]:
    """Weights of "i alone has a plot", "k alone has one", "each has one"; a plot that others want counts for less."""
    one, other, same = 0.0, 0.0, 0.0
    for f in range(start_of[k], start_of[k + 1]):
        rest = column_sum[column[f]] - psi[f]
        for e in range(start_of[i], start_of[i + 1]):
            if column[e] == column[f]:
                rest -= psi[e]
        other += min(psi[f], _HUGE) / (1.0 + max(rest, 0.0))
    for e in range(start_of[i], start_of[i + 1]):
        rest, theirs = column_sum[column[e]] - psi[e], 0.0
        for f in range(start_of[k], start_of[k + 1]):
            if column[e] == column[f]:
                rest -= psi[f]
                theirs = min(psi[f], _HUGE)
        rest = 1.0 + max(rest, 0.0)
        mine = min(psi[e], _HUGE)
        one += mine / rest
        same += (mine / rest) * (theirs / rest)
    return one, other, max(one * other - same, 0.0)


@njit(cache=True, error_model="numpy")
def share(
    start_of: IntArray,
    column: IntArray,
    psi: FloatArray,
    z: FloatArray,
    cov: FloatArray,
    density: FloatArray,
    zhat: FloatArray,
    hph: FloatArray,
    pd: FloatArray,
    existence: FloatArray,
    power: FloatArray,
    cell: FloatArray,
    least: float,
    psi_out: FloatArray,
) -> tuple[IntArray, IntArray, IntArray, FloatArray]:
    """Weights that allow for merged plots, and what of them is merged.

    z (m, 4), cov (m, 4, 4), density (m,) of new or false plots; zhat (n, 4), hph (n, 4, 4), pd, existence, power (n,);
    cell (4,); pairs below ``least`` are left alone. ``psi_out`` (edges,) takes the weights. Returns pairs (q,): edge of
    the track that holds the plot, the other's edge to it, the other track, and the share of the holder's weight that is
    a plot merged with that track.
    """
    n, m, n_edges = start_of.shape[0] - 1, z.shape[0], column.shape[0]
    track = np.empty(n_edges, np.int64)
    first = np.zeros(m + 1, np.int64)
    for i in range(n):
        for e in range(start_of[i], start_of[i + 1]):
            track[e] = i
            first[column[e] + 1] += 1
    room = 0
    for j in range(m):
        room += first[j + 1] * (first[j + 1] - 1)
        first[j + 1] += first[j]
    at, of_plot = first.copy(), np.empty(n_edges, np.int64)
    for e in range(n_edges):
        of_plot[at[column[e]]] = e
        at[column[e]] += 1
    holder, own, who, part = (
        np.empty(room, np.int64),
        np.empty(room, np.int64),
        np.empty(room, np.int64),
        np.empty(room),
    )
    alone = np.ones(n_edges)
    column_sum = np.zeros(m)
    for e in range(n_edges):
        column_sum[column[e]] += psi[e]
    q = 0
    for j in range(m):
        for a in range(first[j], first[j + 1]):
            for b in range(first[j], a):
                e, f = of_plot[a], of_plot[b]
                i, k = track[e], track[f]
                p = p_unresolved(zhat[i], zhat[k], hph[i], hph[k], cell)
                if p < least:
                    continue
                weight = power[i] / (power[i] + power[k]) if power[i] + power[k] > 0.0 else 0.5
                missed = (1.0 - existence[i] * pd[i]) * (1.0 - existence[k] * pd[k])
                detected = 1.0 - (1.0 - pd[i]) * (1.0 - pd[k])
                merged = log_merged(z[j], cov[j], zhat[i], zhat[k], hph[i], hph[k], weight)
                merged = existence[i] * existence[k] * p * detected * math.exp(merged) / (density[j] * missed)
                merged = min(merged, _HUGE)
                one, other, both = _resolved(start_of, column, psi, column_sum, i, k)
                single = 1.0 + one + other + merged
                merged *= single / (single + (1.0 - p) * both)
                for side in range(2):
                    holder[q], own[q], who[q] = (e, f, k) if side == 0 else (f, e, i)
                    part[q] = 0.5 * merged
                    alone[holder[q]] = min(alone[holder[q]], 1.0 - p)
                    q += 1
    for e in range(n_edges):
        psi_out[e] = max(min(psi[e], _HUGE), 1e-300) * math.sqrt(max(alone[e], 1e-12))
    for a in range(q):  # each silent neighbour is merged or was missed, whatever the others are
        one = min(psi[holder[a]], _HUGE) * math.sqrt(max(alone[holder[a]], 1e-12))
        ratio = part[a] / max(one, 1e-300)
        psi_out[holder[a]] *= 1.0 + ratio
        part[a] = ratio / (1.0 + ratio)
    return holder[:q].copy(), own[:q].copy(), who[:q].copy(), part[:q].copy()


@njit(cache=True, error_model="numpy")
def split(
    holder: IntArray,
    own: IntArray,
    who: IntArray,
    part: FloatArray,
    p_edge: FloatArray,
    p_miss: FloatArray,
    merged: FloatArray,
    shared: FloatArray,
    through: IntArray,
) -> None:
    """Take what is shared out of the misses, in place, after the marginals.

    p_edge (edges,), p_miss (n,) marginals with the weights of `share`. merged (edges,) becomes the share of ``p_edge``
    that is a merged plot, shared (n,) the probability that the track is part of another's plot, ``p_miss`` falls by it;
    through (n,) the edge of the track that most likely holds it, -1 for none.
    """
    merged[:] = 0.0
    shared[:] = 0.0
    through[:] = -1
    best = np.zeros(shared.shape[0])
    for a in range(holder.shape[0]):
        k = who[a]
        # the other gave no plot of its own, given that it does not hold this one
        free = 1.0 - p_edge[own[a]]
        silent = min(p_miss[k] / free, 1.0) if free > 1e-12 else 0.0
        s = p_edge[holder[a]] * part[a] * silent
        shared[k] += s
        merged[holder[a]] = 1.0 - (1.0 - merged[holder[a]]) * (1.0 - part[a] * silent)
        if s > best[k]:
            best[k], through[k] = s, holder[a]
    for k in range(shared.shape[0]):
        shared[k] = min(shared[k], p_miss[k])
        p_miss[k] -= shared[k]


@njit(cache=True, error_model="numpy")
def unshared(
    z: FloatArray,
    cov: FloatArray,
    zhat_i: FloatArray,
    zhat_k: FloatArray,
    hph_i: FloatArray,
    weight: float,
    z_out: FloatArray,
    cov_out: FloatArray,
) -> None:
    """The plot (4,) and covariance (4, 4) that a merged plot is worth to one of its two tracks.

    The plot is moved from the centroid to where the track stands beside it. Its error holds the track's own, because
    the distance between the two, which the plot says nothing of, is off by as much.
    """
    for a in range(4):
        z_out[a] = z[a]
        if not math.isnan(z[a]):
            z_out[a] += (1.0 - weight) * _apart(zhat_i[a], zhat_k[a], a)
        for b in range(4):
            cov_out[a, b] = cov[a, b]
            if not (math.isnan(z[a]) or math.isnan(z[b])):
                d = _apart(zhat_i[a], zhat_k[a], a) * _apart(zhat_i[b], zhat_k[b], b)
                cov_out[a, b] += hph_i[a, b] + d / 12.0
