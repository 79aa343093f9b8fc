"""Plain twins of the radar cross-section kernels: many digits, one facet at a time; and bodies to try them on."""

from __future__ import annotations

import itertools

import mpmath as mp
import numpy as np


def sphere_efficiency(x, index=None, *, digits=60):
    """Backscatter over pi a^2 of a sphere of size x = ka, by the series in many digits; ``index`` None conducts.

    The Riccati-Bessel functions go up in so many digits that the loss of the upward recurrence does not matter.
    """
    with mp.workdps(digits + int(4.0 * float(x) ** (1.0 / 3.0)) * 4):
        x = mp.mpf(float(x))
        n_max = int(float(x) + 9.0 * float(x) ** (1.0 / 3.0)) + 20

        def climb(z):
            psi = [mp.sin(z), mp.sin(z) / z - mp.cos(z)]
            y = [-mp.cos(z), -mp.cos(z) / z - mp.sin(z)]
            for n in range(1, n_max):
                psi.append((2 * n + 1) / z * psi[n] - psi[n - 1])
                y.append((2 * n + 1) / z * y[n] - y[n - 1])
            return psi, y

        psi, y = climb(x)
        inside = None if index is None else climb(mp.mpc(complex(index)) * x)[0]
        total = mp.mpc(0)
        for n in range(1, n_max):
            d_psi = psi[n - 1] - n / x * psi[n]
            xi = mp.mpc(psi[n], y[n])
            d_xi = mp.mpc(d_psi, y[n - 1] - n / x * y[n])
            if inside is None:
                a, b = d_psi / d_xi, psi[n] / xi
            else:
                m = mp.mpc(complex(index))
                z, d_z = inside[n], inside[n - 1] - n / (m * x) * inside[n]
                a = (m * z * d_psi - psi[n] * d_z) / (m * z * d_xi - xi * d_z)
                b = (z * d_psi - m * psi[n] * d_z) / (z * d_xi - m * xi * d_z)
            total += (-1) ** n * (2 * n + 1) * (a - b)
        return float(abs(total) ** 2 / x**2)


def triangle_integral(phases):
    """Integral of exp(i p) over a triangle of area 1/2 whose corners have these phases, complex.

    The divided difference of -exp(i p) in 60 digits; equal phases are parted by 1e-20.
    """
    with mp.workdps(80):
        p = [mp.mpf(float(v)) + k * mp.mpf("1e-20") for k, v in enumerate(phases)]
        total = mp.mpc(0)
        for j in range(3):
            below = mp.mpf(1)
            for k in range(3):
                if k != j:
                    below *= p[j] - p[k]
            total -= mp.expj(p[j]) / below
        return complex(total)


def lit(vertex, corner, towards, *, both_sides=False):
    """Which facets face the radar and are hidden by no other, each centroid against each facet."""
    a, b, c = (vertex[corner[:, i]] for i in range(3))
    cross = np.cross(b - a, c - a)
    lean = cross @ towards
    faces = (lean != 0.0) if both_sides else (lean > 0.0)
    size = np.linalg.norm(np.ptp(vertex, axis=0))
    out = faces.copy()
    others = np.flatnonzero(faces)
    p, q, r = a[others], b[others], c[others]
    for f in others:
        start = (a[f] + b[f] + c[f]) / 3.0
        ahead = np.einsum("ij,ij->i", cross[others], p - start) / lean[others]
        hit = start + ahead[:, None] * towards
        turns = [np.einsum("ij,ij->i", cross[others], np.cross(v - u, hit - u)) for u, v in ((p, q), (q, r), (r, p))]
        out[f] = not np.any((ahead > 1e-9 * size) & (np.min(turns, axis=0) >= 0.0) & (others != f))
    return out


def scattered(vertex, corner, towards, wavenumber, *, shown=None, both_sides=False):
    """Sum over lit facets of (normal . s) times the integral of exp(2 i k s . r), complex. [m2]"""
    shown = lit(vertex, corner, towards, both_sides=both_sides) if shown is None else shown
    total = 0j
    for f in np.flatnonzero(shown):
        a, b, c = vertex[corner[f]]
        weight = abs(np.cross(b - a, c - a) @ towards)
        total += weight * triangle_integral([2.0 * wavenumber * (towards @ p) for p in (a, b, c)])
    return total


def corner_aperture(shape, towards, *, n=400):
    """Area of the plane across ``towards`` from which rays come back after three bounces in a corner of edge 1."""
    towards = np.asarray(towards) / np.linalg.norm(towards)
    across = np.cross(towards, [0.0, 0.0, 1.0])
    across /= np.linalg.norm(across)
    up = np.cross(across, towards)
    step = (np.arange(n) + 0.5) / n * 3.6 - 1.8
    u, v = (grid.ravel()[:, None] for grid in np.meshgrid(step, step))
    place, heading = 5.0 * towards + u * across + v * up, np.tile(-towards, (n * n, 1))
    kept, faces_hit = np.ones(n * n, bool), np.zeros((n * n, 3), bool)
    for _ in range(3):
        with np.errstate(divide="ignore", invalid="ignore"):
            ahead = np.where(heading < 0.0, -place / heading, np.inf)
        face = ahead.argmin(axis=1)
        rows = np.arange(n * n)
        place = place + ahead[rows, face][:, None] * heading
        place[rows, face] = 0.0
        p, q = place[rows, (face + 1) % 3], place[rows, (face + 2) % 3]
        inside = {"square": np.maximum(p, q), "triangular": p + q, "circular": np.hypot(p, q)}[shape] <= 1.0
        kept &= inside & (p >= 0.0) & (q >= 0.0)
        faces_hit[rows, face] = True
        heading[rows, face] *= -1.0
        place[~kept], heading[~kept] = 1.0, -1.0
    return float((kept & faces_hit.all(axis=1)).sum()) * (3.6 / n) ** 2


def icosphere(n_halvings, radius_m=1.0):
    """Vertices (v, 3) and corners (20 * 4**n, 3) of a ball whose facets are all but alike."""
    golden = (1.0 + 5.0**0.5) / 2.0
    vertex = [p for q in itertools.product((-1.0, 1.0), (-golden, golden)) for p in _turned(*q)]
    points = np.array(vertex)
    corner = [
        t
        for t in itertools.combinations(range(12), 3)
        if all(abs(np.linalg.norm(points[i] - points[j]) - 2.0) < 1e-9 for i, j in itertools.combinations(t, 2))
    ]
    corner = [t if np.linalg.det(points[list(t)]) > 0.0 else t[::-1] for t in corner]
    vertex = [p / np.linalg.norm(p) for p in points]
    for _ in range(n_halvings):
        middle, finer = {}, []
        for i, j, k in corner:
            new = []
            for edge in ((i, j), (j, k), (k, i)):
                key = tuple(sorted(edge))
                if key not in middle:
                    middle[key] = len(vertex)
                    point = vertex[edge[0]] + vertex[edge[1]]
                    vertex.append(point / np.linalg.norm(point))
                new.append(middle[key])
            a, b, c = new
            finer += [(i, a, c), (a, j, b), (c, b, k), (a, b, c)]
        corner = finer
    return radius_m * np.array(vertex), np.array(corner)


def _turned(one, long):
    return (0.0, one, long), (one, long, 0.0), (long, 0.0, one)


ALMOND_M = 9.936 * 0.0254


def almond(n_along=40, n_around=120):
    """Vertices and corners of the NASA almond of 9.936 inches, its tip along x, its thin side along z.

    Woo et al., IEEE Antennas and Propagation Magazine 35(1), 1993, 84-89, "NASA almond".
    """
    blunt = -0.416667 * np.cos(0.5 * np.pi * np.arange(1, n_along + 1) / n_along)  # denser towards the blunt end
    sharp = 0.58333 * np.arange(1, round(1.4 * n_along)) / round(1.4 * n_along)
    t = np.concatenate([blunt, sharp])
    with np.errstate(invalid="ignore"):
        round_end = np.sqrt(1.0 - (t / 0.416667) ** 2)
    long_end = np.sqrt(1.0 - (t / 2.08335) ** 2) - 0.96
    y = np.where(t <= 0.0, 0.193333 * round_end, 4.83345 * long_end)
    z = np.where(t <= 0.0, 0.064444 * round_end, 1.61115 * long_end)
    around = 2.0 * np.pi * np.arange(n_around) / n_around
    ring = np.stack(
        [np.repeat(t[:, None], n_around, axis=1), y[:, None] * np.cos(around), z[:, None] * np.sin(around)], axis=-1
    )
    vertex = np.concatenate([[[-0.416667, 0.0, 0.0]], ring.reshape(-1, 3), [[0.58333, 0.0, 0.0]]])
    corner, last = [], len(t) - 1
    for j in range(n_around):
        k = (j + 1) % n_around
        corner.append((0, 1 + k, 1 + j))
        for i in range(last):
            a, b = 1 + i * n_around + j, 1 + i * n_around + k
            corner += [(a, b, b + n_around), (a, b + n_around, a + n_around)]
        corner.append((len(vertex) - 1, 1 + last * n_around + j, 1 + last * n_around + k))
    return ALMOND_M * vertex, np.array(corner)
