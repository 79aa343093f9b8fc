"""Compiled look-up of ray-traced refraction; plain twin in ``tests/plain/propagation.py``."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from watchfloor.base.units import FloatArray


@njit(cache=True, error_model="numpy")
def lookup(table: FloatArray, grid: FloatArray, ground: float, height: float) -> tuple[float, float]:
    """Bilinear look-up of both layers of a refraction table (2, n_ground, n_height); beyond its edges, the edge.

    grid (4,): 1/step of the square root of the ground distance, antenna height, scale of asinh((height - antenna) /
    scale) and 1/its step; the first height column belongs to asinh = grid[4].
    """
    _, n_ground, n_height = table.shape
    x = min(max(math.sqrt(max(ground, 0.0)) * grid[0], 0.0), n_ground - 1.0)
    y = min(max((math.asinh((height - grid[1]) / grid[2]) - grid[4]) * grid[3], 0.0), n_height - 1.0)
    i, j = min(int(x), n_ground - 2), min(int(y), n_height - 2)
    fx, fy = x - i, y - j
    a, b, c, d = (1.0 - fx) * (1.0 - fy), (1.0 - fx) * fy, fx * (1.0 - fy), fx * fy
    return (
        a * table[0, i, j] + b * table[0, i, j + 1] + c * table[0, i + 1, j] + d * table[0, i + 1, j + 1],
        a * table[1, i, j] + b * table[1, i, j + 1] + c * table[1, i + 1, j] + d * table[1, i + 1, j + 1],
    )


@njit(cache=True, error_model="numpy")
def lookup_rows(table: FloatArray, grid: FloatArray, ground: FloatArray, height: FloatArray) -> FloatArray:
    """`lookup` of n pairs, (2, n)."""
    out = np.empty((2, ground.shape[0]))
    for i in range(ground.shape[0]):
        out[0, i], out[1, i] = lookup(table, grid, ground[i], height[i])
    return out
