"""Compiled loops of the two rays over a sphere; plain twin in ``tests/plain/propagation.py``."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from watchfloor.base.units import FloatArray

_THIRD_ROOT = 2.0 / math.sqrt(3.0)


@njit(cache=True, error_model="numpy")
def horizon(h1: float, h2: float, a: float) -> float:
    """Ground distance at which two heights see each other over a sphere. [m]"""  # noqa: D400, D415
    return a * (math.atan(math.sqrt(h1 * (2.0 * a + h1)) / a) + math.atan(math.sqrt(h2 * (2.0 * a + h2)) / a))


@njit(cache=True, error_model="numpy")
def _mirror(h1: float, h2: float, g: float, a: float) -> tuple[float, float, float, float]:
    """Excess path [m], grazing angle [rad], divergence [1] and angle at the centre to the mirror point [rad]."""
    phi = g / a
    # Fishback's cubic on the parabolic earth, then Newton on the sphere: the mirrored ray grazes both ends alike
    p = _THIRD_ROOT * math.sqrt(a * (h1 + h2) + 0.25 * g * g)
    x = 0.5 * phi
    if p > 1e-60:
        s = 2.0 * a * g * (h1 - h2) / (p * p * p)
        x += p / a * math.sin(math.asin(min(max(s, -1.0), 1.0)) / 3.0)
    x = min(max(x, 0.0), phi)
    step = math.inf
    x1 = x2 = y1 = y2 = 0.0
    for _ in range(6):
        s1, s2 = math.sin(0.5 * x), math.sin(0.5 * (phi - x))
        x1, x2 = 2.0 * (a + h1) * s1 * math.sqrt(1.0 - s1 * s1), 2.0 * (a + h2) * s2 * math.sqrt(1.0 - s2 * s2)
        y1, y2 = h1 - 2.0 * (a + h1) * s1 * s1, h2 - 2.0 * (a + h2) * s2 * s2
        slope = 2.0 * (x1 * x2 + y1 * y2) + a * (y1 + y2)
        if slope <= 0.0 or abs(step) <= 1e-9 * x:
            break
        step = (y1 * x2 - y2 * x1) / slope
        x = min(max(x + step, 0.0), phi)
    along, above = x1 + x2, max(y1 + y2, 0.0)
    whole = math.sqrt(along * along + above * above)
    if whole <= 1e-60:
        return 0.0, 0.0, 1.0, x
    r1, r2 = math.sqrt(x1 * x1 + y1 * y1), math.sqrt(x2 * x2 + y2 * y2)
    sine = above / whole
    half = math.sin(0.5 * phi)
    rise = h2 - h1
    direct = math.sqrt(rise * rise + 4.0 * (a + h1) * (a + h2) * half * half)
    divergence = 0.0
    if sine > 0.0:
        spread = 2.0 * r1 * r2 / (a * (r1 + r2))
        divergence = 1.0 / math.sqrt((1.0 + spread / sine) * (1.0 + spread * sine))
    return 4.0 * r1 * r2 * sine * sine / (r1 + r2 + direct), math.atan2(above, along), divergence, x


@njit(cache=True, error_model="numpy")
def two_rays(height1: FloatArray, height2: FloatArray, ground: FloatArray, radius: FloatArray) -> FloatArray:
    """Mirror point and both rays between n pairs of heights over spheres: (5, n).

    height1, height2, ground, radius (n,) or (1,). Rows out: excess of the mirrored path [m], grazing angle [rad],
    divergence [1], elevation of the direct and of the mirrored ray at height1 [rad]. Beyond the horizon excess,
    grazing angle and divergence are 0.
    """
    n = max(height1.shape[0], height2.shape[0], ground.shape[0], radius.shape[0])
    out = np.zeros((5, n))
    i1, i2 = int(height1.shape[0] > 1), int(height2.shape[0] > 1)
    ig, ir = int(ground.shape[0] > 1), int(radius.shape[0] > 1)
    for i in range(n):
        h1, h2, g, a = height1[i * i1], height2[i * i2], ground[i * ig], radius[i * ir]
        half = math.sin(0.5 * g / a)
        rise = h2 - h1 - 2.0 * (a + h2) * half * half
        out[3, i] = math.atan2(rise, 2.0 * (a + h2) * half * math.sqrt(1.0 - half * half))
        if g < horizon(h1, h2, a):
            out[0, i], out[1, i], out[2, i], x = _mirror(h1, h2, g, a)
            out[4, i] = -(out[1, i] + x)
        else:
            out[4, i] = -math.atan(math.sqrt(h1 * (2.0 * a + h1)) / a)
    return out


@njit(cache=True, error_model="numpy")
def border(
    height1: FloatArray, height2: FloatArray, radius: FloatArray, excess_min: float, grazing_min: float
) -> FloatArray:
    """Greatest ground distance, (n,) [m], at which the excess or the grazing angle still is at least its least.

    Both fall with the distance; bisection to 1e-6 of the horizon. Arrays (n,).
    """
    out = np.empty(height2.shape[0])
    for i in range(out.shape[0]):
        low, high = 0.0, horizon(height1[i], height2[i], radius[i])
        for _ in range(20):
            middle = 0.5 * (low + high)
            excess, grazing, _, _ = _mirror(height1[i], height2[i], middle, radius[i])
            if excess >= excess_min or grazing >= grazing_min:
                low = middle
            else:
                high = middle
        out[i] = low
    return out
