"""Compiled smoothing of one trajectory: a filter of several models forward, another one back, and where they meet."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from watchfloor.base.units import BoolArray, FloatArray, IntArray
from watchfloor.track._kernels.measure import bound_height, update
from watchfloor.track._kernels.motion import ACC_SD, RATE_SD, merge, mix, move, switching

__all__ = ["ACC_SD", "RATE_SD", "backward", "forward", "outward"]


@njit(cache=True, error_model="numpy")
def judge(
    z: FloatArray, cov: FloatArray, sensor: FloatArray, x: FloatArray, p: FloatArray, weight: FloatArray,
    chance: FloatArray,
) -> float:  # fmt: skip
    """Update M states with one plot, and their weights by how well each expected it; log likelihood, NaN if unusable.

    chance (M,) is scratch.
    """
    m, most, total = len(weight), -math.inf, 0.0
    for j in range(m):
        chance[j] = update(x[j], p[j], z, cov, sensor)
        if math.isnan(chance[j]):
            return math.nan
        if weight[j] > 0.0:
            most = max(most, chance[j])
    for j in range(m):
        weight[j] *= math.exp(min(chance[j] - most, 0.0))
        total += weight[j]
    for j in range(m):
        weight[j] /= total
    return most + math.log(total)


@njit(cache=True, error_model="numpy")
def forward(
    t: FloatArray, sensor_of: IntArray, z: FloatArray, cov: FloatArray, skip: BoolArray,
    sensors: FloatArray, flat: bool, models: FloatArray, sojourn: FloatArray, height: FloatArray,
    x: FloatArray, p: FloatArray, weight: FloatArray, mean: FloatArray, spread: FloatArray, log: FloatArray,
) -> int:  # fmt: skip
    """Filter (IMM) of n times in order; ``z`` all NaN where nothing was seen, ``skip`` where the start knows the plot.

    In row 0 of x (n, M, nx), p (n, M, nx, nx) and weight (n, M) comes the start; all rows are filled. mean (n, nx) and
    spread (n, nx, nx) are of all models, ``log`` (n,) the log likelihood of each plot. ``height`` (3,) altitude, its
    1-sigma and that of climb, as in ``bound_height``; infinite to leave out. Returns the row of the first unusable
    plot, or n.
    """
    n, m, _ = x.shape
    switch, chance, up = np.empty((m, m)), np.empty(m), np.empty(3)
    bounded = math.isfinite(height[1])
    for i in range(n):
        if i > 0:
            dt = t[i] - t[i - 1]
            switching(sojourn, dt, switch)
            mix(weight[i - 1], switch, x[i - 1], p[i - 1], weight[i], x[i], p[i])
            for j in range(m):
                move(models[j], dt, flat, x[i, j], p[i, j])
        log[i] = 0.0
        if not skip[i]:
            log[i] = judge(z[i], cov[i], sensors[sensor_of[i]], x[i], p[i], weight[i], chance)
            if math.isnan(log[i]):
                return i
        if bounded:
            for j in range(m):
                bound_height(x[i, j], p[i, j], flat, height[0], height[1], height[2], up)
        merge(weight[i], x[i], p[i], mean[i], spread[i])
    return n


@njit(cache=True, error_model="numpy")
def _factor(a: FloatArray, n: int, chol: FloatArray) -> bool:
    """Lower Cholesky factor of ``a`` (n, n); False if it is not positive definite."""
    for i in range(n):
        for j in range(i + 1):
            rest = a[i, j]
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
def _invert(a: FloatArray, n: int, chol: FloatArray, out: FloatArray) -> float:
    """Inverse of ``a`` (n, n) into ``out``, perhaps ``a``; log of its determinant, NaN if not positive definite."""
    if not _factor(a, n, chol):
        return math.nan
    log = 0.0
    for i in range(n):  # the factor's inverse, below the diagonal and on it
        log += 2.0 * math.log(chol[i, i])
        chol[i, i] = 1.0 / chol[i, i]
        for j in range(i):
            rest = 0.0
            for c in range(j, i):
                rest -= chol[i, c] * chol[c, j]
            chol[i, j] = rest * chol[i, i]
    for i in range(n):
        for j in range(i + 1):
            total = 0.0
            for c in range(i, n):
                total += chol[c, i] * chol[c, j]
            out[i, j] = total
            out[j, i] = total
    return log


@njit(cache=True, error_model="numpy")
def _meet(
    x: FloatArray, p: FloatArray, later_x: FloatArray, later_p: FloatArray, gain: FloatArray, wide: FloatArray,
    chol: FloatArray, off: FloatArray,
) -> float:  # fmt: skip
    """Fuse two independent Gaussians, the first in place; log density of their difference, NaN if not definite."""
    nx = len(x)
    for a in range(nx):
        off[a] = later_x[a] - x[a]
        for b in range(nx):
            wide[a, b] = p[a, b] + later_p[a, b]
    log = _invert(wide, nx, chol, wide)
    if math.isnan(log):
        return math.nan
    out = -0.5 * log
    for a in range(nx):
        for b in range(nx):
            out -= 0.5 * off[a] * wide[a, b] * off[b]
            total = 0.0
            for c in range(nx):
                total += p[a, c] * wide[c, b]
            gain[a, b] = total
    for a in range(nx):
        for b in range(nx):
            x[a] += gain[a, b] * off[b]
    for a in range(nx):  # p (p + later)^-1 later, definite by its form
        for b in range(a + 1):
            total = 0.0
            for c in range(nx):
                total += gain[a, c] * later_p[c, b]
            chol[a, b] = total
    for a in range(nx):
        for b in range(a + 1):
            p[a, b] = chol[a, b]
            p[b, a] = chol[a, b]
    return out


@njit(cache=True, error_model="numpy")
def backward(
    t: FloatArray, sensor_of: IntArray, z: FloatArray, cov: FloatArray, blank: BoolArray,
    sensors: FloatArray, flat: bool, models: FloatArray, sojourn: FloatArray, height: FloatArray, doubt: float,
    x: FloatArray, p: FloatArray, weight: FloatArray, mean: FloatArray, spread: FloatArray,
) -> int:  # fmt: skip
    """Smooth what ``forward`` left, in place: a second filter runs back and meets the first at every row.

    It starts at the last row from the first one's outcome with ``doubt`` times its covariance, and knows at each row
    the plots after it only. ``blank``: rows without a plot. Returns the row at which a covariance was not positive
    definite, or -1.
    """
    n, m, nx = x.shape
    switch, turned, chance, up = np.empty((m, m)), np.empty((m, m)), np.empty(m), np.empty(3)
    now_x, now_p, now_w = np.empty((m, nx)), np.empty((m, nx, nx)), np.empty(m)
    was_x, was_p, was_w = np.empty((m, nx)), np.empty((m, nx, nx)), np.empty(m)
    gain, wide, chol, off = np.empty((nx, nx)), np.empty((nx, nx)), np.empty((nx, nx)), np.empty(nx)
    bounded = math.isfinite(height[1])
    for j in range(m):
        was_x[j], was_p[j], was_w[j] = mean[n - 1], doubt * spread[n - 1], 1.0 / m
    for k in range(n - 2, -1, -1):
        if not blank[k + 1]:
            row = k + 1
            if math.isnan(judge(z[row], cov[row], sensors[sensor_of[row]], was_x, was_p, was_w, chance)):
                return row
        dt = t[k] - t[k + 1]
        switching(sojourn, dt, switch)
        for j in range(m):
            if bounded:
                bound_height(was_x[j], was_p[j], flat, height[0], 3.0 * height[1], 3.0 * height[2], up)
            move(models[j], dt, flat, was_x[j], was_p[j])
            for i in range(m):
                turned[j, i] = switch[i, j]
        mix(was_w, turned, was_x, was_p, now_w, now_x, now_p)
        most, total = -math.inf, 0.0
        for i in range(m):
            chance[i] = _meet(x[k, i], p[k, i], now_x[i], now_p[i], gain, wide, chol, off)
            if math.isnan(chance[i]):
                return k
            weight[k, i] *= now_w[i]
            if weight[k, i] > 0.0:
                most = max(most, chance[i])
        for i in range(m):
            weight[k, i] *= math.exp(min(chance[i] - most, 0.0))
            total += weight[k, i]
        for i in range(m):
            weight[k, i] /= total
        merge(weight[k], x[k], p[k], mean[k], spread[k])
        total = 0.0
        for i in range(m):
            total += now_w[i]
        for i in range(m):
            was_x[i], was_p[i], was_w[i] = now_x[i], now_p[i], now_w[i] / total
    return -1


@njit(cache=True, error_model="numpy")
def outward(
    early: FloatArray, t0: float, flat: bool, models: FloatArray, sojourn: FloatArray,
    x: FloatArray, p: FloatArray, weight: FloatArray, mean: FloatArray, spread: FloatArray, shares: FloatArray,
) -> None:  # fmt: skip
    """Move the M states at ``t0`` back to the ``early`` times (sorted); fills mean, spread and shares of each.

    The chain of models is reversible (each is left for each other alike), so it runs back as it runs forward.
    """
    m, nx = x.shape
    switch, now_x, now_p, now_w = np.empty((m, m)), np.empty((m, nx)), np.empty((m, nx, nx)), np.empty(m)
    for i in range(len(early)):
        dt = early[i] - t0
        switching(sojourn, dt, switch)
        mix(weight, switch, x, p, now_w, now_x, now_p)
        for j in range(m):
            move(models[j], dt, flat, now_x[j], now_p[j])
        merge(now_w, now_x, now_p, mean[i], spread[i])
        shares[i, :] = now_w
