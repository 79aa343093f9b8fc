"""Compiled loops of this room: fading and evidence of whole campaigns. Plain twins in ``tests/plain/campaign.py``."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from watchfloor.base.units import BoolArray, FloatArray, IntArray


@njit(cache=True, error_model="numpy")
def fading(white: FloatArray, before: IntArray, correlation: FloatArray) -> FloatArray:
    """Make complex amplitudes of one look depend on the look before, in place; returns ``white``.

    white (n, l, k) independent standard normals of n flights and l looks; before (l,) the look before of the same
    radar, -1 for none; correlation (l,) of the amplitude with that one. The marginal law stays standard normal.
    """
    for f in range(white.shape[0]):
        for i in range(white.shape[1]):
            j = before[i]
            if j >= 0:
                g = correlation[i]
                rest = math.sqrt(max(1.0 - g * g, 0.0))
                for k in range(white.shape[2]):
                    white[f, i, k] = g * white[f, j, k] + rest * white[f, i, k]
    return white


@njit(cache=True, error_model="numpy")
def _taps(f: float, out: FloatArray) -> None:
    """Weights (4,) of the four-point Lagrange interpolation at ``f`` between the second and third point."""
    out[0] = -f * (f - 1.0) * (f - 2.0) / 6.0
    out[1] = (f + 1.0) * (f - 1.0) * (f - 2.0) / 2.0
    out[2] = -(f + 1.0) * f * (f - 2.0) / 2.0
    out[3] = (f + 1.0) * f * (f - 1.0) / 6.0


@njit(cache=True, error_model="numpy")
def evidence(
    power_db: FloatArray,
    use: BoolArray,
    group: IntArray,
    sensor: IntArray,
    base_db: FloatArray,
    miss_at: IntArray,
    weight: FloatArray,
    hit_table: FloatArray,
    miss_table: FloatArray,
    lattice: FloatArray,
    n_groups: int,
    n_levels: int,
) -> FloatArray:
    """Log-likelihoods (n, n_groups, n_levels) that n flights' looks add up to.

    power_db (n, l) measured, NaN for a miss; use (n, l); group (l,) row of the answer, -1 for none; sensor (l,);
    base_db (l,) signal-to-noise ratio at the first level; miss_at (l,) row of miss_table; weight (l,); hit_table
    (s, power, snr), miss_table (pfa, s, snr); lattice (4,) as in `learn.update.LATTICE`.
    """
    n, n_looks = power_db.shape
    out = np.zeros((n, n_groups, n_levels))
    across, along = np.empty(4), np.empty(4)
    row = np.empty(n_levels + 3)
    for f in range(n):
        for i in range(n_looks):
            if group[i] < 0 or not use[f, i]:
                continue
            s, w = sensor[i], weight[i]
            top = hit_table.shape[2] - n_levels - 3.0
            if math.isnan(power_db[f, i]):
                x = min(max((base_db[i] - lattice[0]) / lattice[1], 1.0), top)
                j = int(x)
                _taps(x - j, along)
                for g in range(n_levels + 3):
                    row[g] = miss_table[miss_at[i], s, j - 1 + g]
                offset = 0.0
            else:
                power, shift = power_db[f, i], 0.0
                if power > lattice[3]:  # far above the noise only power over signal matters
                    shift, power = power - lattice[3], lattice[3]
                y = max((power - lattice[2]) / lattice[1], 0.0)
                p = min(max(int(y), 1), hit_table.shape[1] - 3)
                _taps(y - p, across)
                x = min(max((base_db[i] - shift - lattice[0]) / lattice[1], 1.0), top)
                j = int(x)
                _taps(x - j, along)
                for g in range(n_levels + 3):
                    k = j - 1 + g
                    row[g] = (
                        across[0] * hit_table[s, p - 1, k]
                        + across[1] * hit_table[s, p, k]
                        + across[2] * hit_table[s, p + 1, k]
                        + across[3] * hit_table[s, p + 2, k]
                    )
                offset = -shift * (math.log(10.0) / 10.0)
            a0, a1, a2, a3 = along[0], along[1], along[2], along[3]
            for g in range(n_levels):
                out[f, group[i], g] += w * (a0 * row[g] + a1 * row[g + 1] + a2 * row[g + 2] + a3 * row[g + 3] + offset)
    return out


@njit(cache=True, error_model="numpy")
def held(hit: BoolArray, t_s: FloatArray, n_confirm: int, window_s: float, patience_s: float) -> BoolArray:
    """Whether a track exists at each look (n, l), from the hits before it.

    hit (n, l) in order of t_s (l,). A track is confirmed by ``n_confirm`` hits within ``window_s`` and lost when
    ``patience_s`` pass without one.
    """
    n, n_looks = hit.shape
    out = np.zeros((n, n_looks), dtype=np.bool_)
    recent = np.empty(n_confirm)
    for f in range(n):
        recent[:] = -math.inf
        alive = False
        for i in range(n_looks):
            if alive and t_s[i] - recent[0] > patience_s:
                alive = False
                recent[:] = -math.inf
            out[f, i] = alive
            if hit[f, i]:
                for k in range(n_confirm - 1, 0, -1):
                    recent[k] = recent[k - 1]
                recent[0] = t_s[i]
                alive = alive or recent[0] - recent[n_confirm - 1] <= window_s
    return out


def warm(**_: object) -> None:
    """Compile, or load from the cache, what a look-level campaign needs."""
    one, whole = np.ones(1), np.zeros(1, np.int64)
    fading(np.zeros((1, 1, 2)), whole - 1, one)
    evidence(
        np.zeros((1, 1)), np.ones((1, 1), np.bool_), whole, whole, one, whole, one, np.zeros((1, 8, 16)),
        np.zeros((1, 1, 16)), np.array([-4.0, 1.0, 0.0, 4.0]), 1, 3,
    )  # fmt: skip
    held(np.ones((1, 1), np.bool_), one, 3, 40.0, 60.0)
