"""Compiled loops of identification: what a track's estimate says of how it flies. Twin in ``tests/plain/learn.py``."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from watchfloor.base.units import FloatArray
from watchfloor.physics._kernels.terrain import altitude


@njit(cache=True, error_model="numpy")
def manner(position: FloatArray, velocity: FloatArray, cov: FloatArray, out: FloatArray) -> None:
    """How tracks fly, (n, 6): speed, altitude, course, its deviation, variances of speed and altitude.

    position, velocity (n, 3) ECEF; cov (n, 6, 6). [m/s, m, rad, rad, m2/s2, m2]
    """
    for i in range(position.shape[0]):
        x, y, z = position[i, 0], position[i, 1], position[i, 2]
        u, v, w = velocity[i, 0], velocity[i, 1], velocity[i, 2]
        across = max(math.sqrt(x * x + y * y), 1e-9)
        length = max(math.sqrt(x * x + y * y + z * z), 1e-9)
        east = (-y * u + x * v) / across
        north = (across * w - z * (x * u + y * v) / across) / length
        speed2 = u * u + v * v + w * w
        of_speed = (cov[i, 3, 3] + cov[i, 4, 4] + cov[i, 5, 5]) / 3.0
        out[i, 0] = math.sqrt(speed2)
        out[i, 1] = altitude(x, y, z)
        out[i, 2] = math.atan2(east, north)
        out[i, 3] = math.sqrt(max(of_speed, 0.0) / max(speed2, 1.0))
        out[i, 4] = of_speed
        total = 0.0
        for a in range(3):
            for b in range(3):
                total += position[i, a] * cov[i, a, b] * position[i, b]
        out[i, 5] = total / (length * length)


def warm() -> None:
    """Compile, or load from the cache."""
    manner(np.ones((1, 3)), np.ones((1, 3)), np.ones((1, 6, 6)), np.empty((1, 6)))
