"""Compiled loop of the world: all movers at all knots of a tick."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, error_model="numpy")
def move(first, t_knot, position, velocity, bank, start, period, offset, gone, times, out, out_bank, present):
    """Evaluate n paths at k times; fills ``out`` (2, n, k, 3), ``out_bank`` (n, k), ``present`` (n, k).

    first (n + 1,) first knot of each path in the stacked tables t_knot (m,), position (m, 3), velocity (m, 3), and
    bank (m, 2), whose row is the interval that starts at the knot. start (n,) when the mover appears, period (n,) inf
    if it does not repeat, offset (n,) time on the path when it appears, gone (n,) when it was killed, inf if not.
    Cubic Hermite in position, its derivative in velocity, linear in bank; NaN where absent.
    """
    n, k = first.shape[0] - 1, times.shape[0]
    for i in range(n):
        lo0, hi0 = first[i], first[i + 1] - 1
        lo = lo0
        for j in range(k):
            here = times[j] >= start[i] and times[j] < gone[i]
            t = times[j] - start[i] + offset[i]
            if np.isfinite(period[i]):
                t -= np.floor(t / period[i]) * period[i]
            elif t > t_knot[hi0]:
                here = False
            present[i, j] = here
            if not here:
                for c in range(3):
                    out[0, i, j, c] = np.nan
                    out[1, i, j, c] = np.nan
                out_bank[i, j] = np.nan
                continue
            if not (t_knot[lo] <= t and t <= t_knot[lo + 1]):
                lo, hi = lo0, hi0
                while hi - lo > 1:
                    mid = (lo + hi) // 2
                    if t_knot[mid] <= t:
                        lo = mid
                    else:
                        hi = mid
            h = t_knot[lo + 1] - t_knot[lo]
            u = (t - t_knot[lo]) / h
            w = 1.0 - u
            a, b, c0, d = w * w * (1.0 + 2.0 * u), u * w * w * h, u * u * (3.0 - 2.0 * u), -u * u * w * h
            e, f, g = 6.0 * u * w / h, w * (1.0 - 3.0 * u), u * (3.0 * u - 2.0)
            for c in range(3):
                p0, p1, v0, v1 = position[lo, c], position[lo + 1, c], velocity[lo, c], velocity[lo + 1, c]
                out[0, i, j, c] = a * p0 + b * v0 + c0 * p1 + d * v1
                out[1, i, j, c] = e * (p1 - p0) + f * v0 + g * v1
            out_bank[i, j] = w * bank[lo, 0] + u * bank[lo, 1]
