"""Compiled series of a sphere's backscatter; plain twin in ``tests/plain/rcs.py``."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from watchfloor.base.units import FloatArray

ComplexArray = NDArray[np.complex128]


@njit(cache=True, error_model="numpy")
def riccati(x: float, n_max: int) -> tuple[FloatArray, FloatArray]:
    """Return psi_n(x) = x j_n(x) and x y_n(x) for n = 0 to n_max, (n_max + 1,) each; x > 0.

    psi by downward ratios (stable beyond the turning point n = x), x y_n by upward recurrence.
    """
    psi, yps = np.empty(n_max + 1), np.empty(n_max + 1)
    top = n_max + 16 + int(3.0 * x ** (1.0 / 3.0))
    ratio, after = np.empty(n_max + 2), 0.0
    for n in range(top, 0, -1):  # psi_n / psi_{n-1}
        after = 1.0 / ((2.0 * n + 1.0) / x - after)
        if n <= n_max:
            ratio[n] = after
    sine, cosine = math.sin(x), math.cos(x)
    psi[0], yps[0] = sine, -cosine
    yps[1] = -cosine / x - sine
    first = sine / x - cosine
    psi[1] = ratio[1] * sine if abs(sine) >= abs(first) else first
    for n in range(2, n_max + 1):
        if n < x:  # upward is stable here, and its rounding moves psi and x y alike
            psi[n] = (2.0 * n - 1.0) / x * psi[n - 1] - psi[n - 2]
        else:
            psi[n] = ratio[n] * psi[n - 1]
        yps[n] = (2.0 * n - 1.0) / x * yps[n - 1] - yps[n - 2]
    return psi, yps


@njit(cache=True, error_model="numpy")
def conducting_sphere(x: FloatArray) -> FloatArray:
    """Backscatter efficiency sigma / (pi a^2) of n conducting spheres of size x = ka, (n,)."""
    out = np.empty(x.shape[0])
    for i in range(x.shape[0]):
        size = x[i]
        if size < 1e-6:
            out[i] = 9.0 * size**4  # the next term is smaller by the order of size^2
            continue
        n_max = int(size + 9.0 * size ** (1.0 / 3.0)) + 12
        psi, yps = riccati(size, n_max)
        re, im, sign = 0.0, 0.0, 1.0
        for n in range(1, n_max + 1):
            sign = -sign
            # a_n - b_n = -i / (xi_n xi_n'), from the Wronskian; xi = psi + i x y
            d_psi, d_y = psi[n - 1] - n / size * psi[n], yps[n - 1] - n / size * yps[n]
            u, v = psi[n] * d_psi - yps[n] * d_y, psi[n] * d_y + yps[n] * d_psi
            scale = sign * (2.0 * n + 1.0) / (u * u + v * v)
            re, im = re + scale * u, im - scale * v
            if n > size and abs(scale * u) + abs(scale * v) <= 1e-18 * (abs(re) + abs(im)):
                break
        out[i] = (re * re + im * im) / (size * size)
    return out


@njit(cache=True, error_model="numpy")
def dielectric_sphere(x: FloatArray, index: ComplexArray) -> FloatArray:
    """Backscatter efficiency sigma / (pi a^2) of n spheres of size x and refractive index (positive imaginary), (n,).

    The logarithmic derivative of psi inside the sphere comes by downward recurrence.
    """
    out = np.empty(x.shape[0])
    for i in range(x.shape[0]):
        size, m = x[i], index[i]
        if size < 1e-6:
            polarised = (m * m - 1.0) / (m * m + 2.0)
            out[i] = 4.0 * size**4 * (polarised.real**2 + polarised.imag**2)
            continue
        n_max = int(size + 9.0 * size ** (1.0 / 3.0)) + 12
        psi, yps = riccati(size, n_max)
        inside = m * size
        top = max(n_max, int(abs(inside) + 4.05 * abs(inside) ** (1.0 / 3.0))) + 16
        slope, at = np.empty(n_max + 1, np.complex128), 0j
        for n in range(top, 0, -1):
            at = n / inside - 1.0 / (at + n / inside)  # D_{n-1} from D_n
            if n <= n_max + 1:
                slope[n - 1] = at
        total, sign = 0j, 1.0
        for n in range(1, n_max + 1):
            sign = -sign
            xi, xi_before = complex(psi[n], yps[n]), complex(psi[n - 1], yps[n - 1])
            p, q = slope[n] / m + n / size, slope[n] * m + n / size
            a = (p * psi[n] - psi[n - 1]) / (p * xi - xi_before)
            b = (q * psi[n] - psi[n - 1]) / (q * xi - xi_before)
            term = sign * (2.0 * n + 1.0) * (a - b)
            total += term
            if n > size and abs(term) <= 1e-18 * abs(total):
                break
        out[i] = (total.real**2 + total.imag**2) / (size * size)
    return out
