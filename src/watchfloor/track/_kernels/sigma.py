"""Compiled measurement update without derivatives: unscented and cubature, twins of the extended one in ``measure``.

A polar measurement depends on position, and with a range rate on velocity too: these first 3 or 6 components carry the
sigma points, and what comes after them follows by its correlation.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from watchfloor.base.units import FloatArray
from watchfloor.track._kernels.measure import CARTESIAN, expected, residual

UNSCENTED, CUBATURE = 1, 2

_LOG_TWO_PI = math.log(2.0 * math.pi)


@njit(cache=True, error_model="numpy")
def weights(d: int, scheme: int) -> tuple[float, float, float, float]:
    """Spread of the points in standard deviations; weight of each, and of the centre in the mean and in the covariance.

    Unscented: kappa = 3 - d. The centre's weight in the covariance is raised by 1/2, which makes the spread of a range
    across a round error exact to second order, and is at least 0, so that a covariance stays one.
    """
    if scheme == CUBATURE:
        return math.sqrt(d), 0.5 / d, 0.0, 0.0
    centre = 1.0 - d / 3.0
    return math.sqrt(3.0), 1.0 / 6.0, centre, max(centre + 0.5, 0.0)


@njit(cache=True, error_model="numpy")
def cholesky(a: FloatArray, d: int, chol: FloatArray) -> bool:
    """Lower factor of the first ``d`` rows of ``a``; False if they are not positive definite."""
    for i in range(d):
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
def sigma_update(
    x: FloatArray, p: FloatArray, z: FloatArray, cov: FloatArray, sensor: FloatArray, scheme: int
) -> float:
    """Update state (nx,) and covariance (nx, nx) in place with one plot of the same time; log likelihood of the plot.

    ``scheme`` 1 unscented, 2 cubature. NaN, and nothing moved, if a covariance is not positive definite.
    """
    nx = len(x)
    rows = np.empty(4, np.int64)
    m = 0
    for k in range(4):
        if not math.isnan(z[k]):
            rows[m] = k
            m += 1
    if m == 0:
        return 0.0
    d = 6 if rows[m - 1] == 3 and sensor[CARTESIAN] == 0.0 else 3
    chol, noise, s = np.empty((6, 6)), np.empty((4, 4)), np.empty((4, 4))
    for i in range(m):
        for j in range(m):
            s[i, j] = cov[rows[i], rows[j]]
    if not cholesky(s, m, noise) or not cholesky(p, d, chol):
        return math.nan
    spread, w, w_mean, w_cov = weights(d, scheme)
    at, centre, here = np.empty(6), np.empty(4), np.empty(4)
    off, mean, g = np.empty((2 * d, 4)), np.zeros(4), np.empty((6, 4))
    for a in range(6):
        at[a] = x[a]
    expected(at, 0.0, sensor, centre)
    for i in range(2 * d):
        side = spread if i < d else -spread
        for a in range(d):
            at[a] = x[a] + (side * chol[a, i % d] if a >= i % d else 0.0)
        expected(at, 0.0, sensor, here)
        for b in range(m):
            k = rows[b]
            off[i, b] = residual(k, here[k] - centre[k], sensor) if k == 1 else here[k] - centre[k]
            mean[b] += w * off[i, b]
    for i in range(d):  # points' own side of the cross-covariance, whitened
        for b in range(m):
            g[i, b] = w * spread * (off[i, b] - off[i + d, b])
    for a in range(m):
        for b in range(m):
            total = w_cov * mean[a] * mean[b]
            for i in range(2 * d):
                total += w * (off[i, a] - mean[a]) * (off[i, b] - mean[b])
            s[a, b] += total
    if not cholesky(s, m, noise):
        return math.nan
    out, y = -0.5 * m * _LOG_TWO_PI, np.empty(4)
    for b in range(m):
        k = rows[b]
        rest = residual(k, z[k] - centre[k] - mean[b], sensor)
        for c in range(b):
            rest -= noise[b, c] * y[c]
        y[b] = rest / noise[b, b]
        out -= 0.5 * y[b] * y[b] + math.log(noise[b, b])
    for b in range(m):
        for i in range(d - 1, -1, -1):  # chol^-T g
            rest = g[i, b]
            for c in range(i + 1, d):
                rest -= chol[c, i] * g[c, b]
            g[i, b] = rest / chol[i, i]
    gain = np.empty((nx, 4))
    for a in range(nx):
        for b in range(m):
            rest = 0.0
            for i in range(d):
                rest += p[a, i] * g[i, b]
            for c in range(b):
                rest -= noise[b, c] * gain[a, c]
            gain[a, b] = rest / noise[b, b]
    for a in range(nx):
        for b in range(m):
            x[a] += gain[a, b] * y[b]
        for c in range(a + 1):
            kept = p[a, c]
            for b in range(m):
                kept -= gain[a, b] * gain[c, b]
            p[a, c] = kept
            p[c, a] = kept
    return out
