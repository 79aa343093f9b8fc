"""Compiled loops of the clutter map; plain twins in ``tests/plain/clutter_map.py``.

A map is rates (n_u, n_v) of false plots a scan and cell, and two tables of densities given the ring: elevation
(n_u + 1, n_e) and range rate (n_u + 1, n_r), whose last row is that of all rings together. All are read linearly
between the centres of cells and held beyond the outermost, so that every integral over the extents is the sum over the
cells.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from watchfloor.base.units import FloatArray

# columns of the grid: first edge and cells a unit of u (range or east), v (azimuth or north), elevation, range rate
U_FIRST, U_PER, V_FIRST, V_PER, E_FIRST, E_PER, R_FIRST, R_PER = 0, 1, 2, 3, 4, 5, 6, 7
WRAPS, PLANE, WIDTH, N_GRID = 8, 9, 10, 11  # whether v is a whole circle, u and v a plane; width of a sector
_TWO_PI = 2.0 * math.pi
_ROUNDS = 3


@njit(cache=True, error_model="numpy")
def _between(x: float, n: int) -> tuple[int, float]:
    """Cell below a place counted in cells from the first edge, and the share of the cell above it."""
    x = min(max(x - 0.5, 0.0), n - 1.0)
    low = min(int(x), max(n - 2, 0))
    return low, x - low


@njit(cache=True, error_model="numpy")
def _round(x: float, n: int) -> tuple[int, int, float]:
    """`_between` on a circle of n cells: cell below, cell above, share of the cell above."""
    x -= 0.5
    if not 0.0 <= x < n:
        x -= n * math.floor(x / n)
    low = min(int(x), n - 1)
    return low, low + 1 if low + 1 < n else 0, x - low


@njit(cache=True, error_model="numpy")
def _turned(azimuth: float, grid: FloatArray) -> float:
    """Azimuth counted in cells from the first edge; in a sector, the short way round."""
    off = azimuth - grid[V_FIRST]
    if grid[WRAPS] <= 0.0:
        outside = 0.5 * (_TWO_PI - grid[WIDTH])
        off = (off + outside) % _TWO_PI - outside
    return off * grid[V_PER]


@njit(cache=True, error_model="numpy")
def _on_plane(r: float, azimuth: float, elevation: float, grid: FloatArray) -> tuple[float, float, float]:
    """Place east and north in cells from the first edges, and square metres a metre and radian."""
    level = 1.0 if math.isnan(elevation) else math.cos(elevation)
    east, north = r * level * math.sin(azimuth), r * level * math.cos(azimuth)
    return (east - grid[U_FIRST]) * grid[U_PER], (north - grid[V_FIRST]) * grid[V_PER], r * level * level


@njit(cache=True, error_model="numpy")
def _given(table: FloatArray, low: int, high: int, share: float, x: float) -> float:
    """Density of one component given the ring, linear both ways; ``x`` counts bins from the first edge."""
    at, part = _between(x, table.shape[1])
    next_ = min(at + 1, table.shape[1] - 1)
    one = table[low, at] + part * (table[low, next_] - table[low, at])
    other = table[high, at] + part * (table[high, next_] - table[high, at])
    return one + share * (other - one)


@njit(cache=True, error_model="numpy")
def density_one(
    r: float,
    azimuth: float,
    elevation: float,
    range_rate: float,
    grid: FloatArray,
    rate: FloatArray,
    in_elevation: FloatArray,
    in_doppler: FloatArray,
) -> float:
    """False plots a scan per unit of those of the four components that are measured (not NaN)."""
    n_u, n_v = rate.shape[0] - 1, rate.shape[1] - 1
    u, v, out = math.nan, math.nan, 1.0
    if grid[PLANE] > 0.0:
        u, v, out = _on_plane(r, azimuth, elevation, grid)
        if math.isnan(out):
            out = 1.0
    else:
        u = (r - grid[U_FIRST]) * grid[U_PER]
        if not math.isnan(azimuth):
            v = _turned(azimuth, grid)
    low, high, share = n_u, n_u, 0.0
    if not math.isnan(u):
        out *= grid[U_PER]
        low, share = _between(u, n_u)
        high = min(low + 1, n_u - 1)
    left, right, part = n_v, n_v, 0.0
    if not math.isnan(v):
        out *= grid[V_PER]
        if grid[WRAPS] > 0.0:
            left, right, part = _round(v, n_v)
        else:
            left, part = _between(v, n_v)
            right = min(left + 1, n_v - 1)
    one = rate[low, left] + part * (rate[low, right] - rate[low, left])
    other = rate[high, left] + part * (rate[high, right] - rate[high, left])
    out *= one + share * (other - one)
    if not math.isnan(elevation):
        out *= _given(in_elevation, low, high, share, (elevation - grid[E_FIRST]) * grid[E_PER])
    if not math.isnan(range_rate):
        out *= _given(in_doppler, low, high, share, (range_rate - grid[R_FIRST]) * grid[R_PER])
    return out


@njit(cache=True, error_model="numpy")
def density_rows(
    z: FloatArray, grid: FloatArray, rate: FloatArray, in_elevation: FloatArray, in_doppler: FloatArray
) -> FloatArray:
    """`density_one` of m plots (m, 4), (m,); rate (n_u + 1, n_v + 1), last row and column the sums."""
    out = np.empty(z.shape[0])
    for i in range(z.shape[0]):
        out[i] = density_one(z[i, 0], z[i, 1], z[i, 2], z[i, 3], grid, rate, in_elevation, in_doppler)
    return out


@njit(cache=True, error_model="numpy")
def count(
    z: FloatArray,
    p_false: FloatArray,
    grid: FloatArray,
    keep: float,
    cells: FloatArray,
    in_elevation: FloatArray,
    in_doppler: FloatArray,
) -> float:
    """Let the counts fade by ``keep`` and add m plots, each by its probability of being false; return their sum.

    cells (n_u, n_v); in_elevation (n_u, n_e); in_doppler (n_u, n_r). A plot without range or azimuth has no cell.
    """
    n_u, n_v, n_e, n_r = cells.shape[0], cells.shape[1], in_elevation.shape[1], in_doppler.shape[1]
    for i in range(n_u):
        for j in range(n_v):
            cells[i, j] *= keep
        for j in range(n_e):
            in_elevation[i, j] *= keep
        for j in range(n_r):
            in_doppler[i, j] *= keep
    total = 0.0
    for a in range(z.shape[0]):
        if math.isnan(z[a, 0]) or math.isnan(z[a, 1]):
            continue
        if grid[PLANE] > 0.0:
            u, v, _ = _on_plane(z[a, 0], z[a, 1], z[a, 2], grid)
        else:
            u, v = (z[a, 0] - grid[U_FIRST]) * grid[U_PER], _turned(z[a, 1], grid)
        i = min(max(int(u), 0), n_u - 1)
        j = int(math.floor(v))
        j = j % n_v if grid[WRAPS] > 0.0 else min(max(j, 0), n_v - 1)
        cells[i, j] += p_false[a]
        total += p_false[a]
        if not math.isnan(z[a, 2]):
            j = min(max(int((z[a, 2] - grid[E_FIRST]) * grid[E_PER]), 0), n_e - 1)
            in_elevation[i, j] += p_false[a]
        if not math.isnan(z[a, 3]):
            j = min(max(int((z[a, 3] - grid[R_FIRST]) * grid[R_PER]), 0), n_r - 1)
            in_doppler[i, j] += p_false[a]
    return total


@njit(cache=True, error_model="numpy")
def _shared(counts: FloatArray, per: float, weight: float, out: FloatArray) -> None:
    """Densities given the ring, (n_u + 1, n).

    Each ring's counts and ``weight`` plots that lie as those of all rings do; these and ``weight`` plots spread evenly.
    """
    n_u, n = counts.shape
    total = 0.0
    for k in range(n):
        out[n_u, k] = 0.0
        for i in range(n_u):
            out[n_u, k] += counts[i, k]
        total += out[n_u, k]
    for k in range(n):
        out[n_u, k] = (out[n_u, k] + weight / n) / (total + weight) * per
    for i in range(n_u):
        total = 0.0
        for k in range(n):
            total += counts[i, k]
        for k in range(n):
            out[i, k] = (counts[i, k] * per + weight * out[n_u, k]) / (total + weight)


@njit(cache=True, error_model="numpy")
def refresh(
    cells: FloatArray,
    in_elevation: FloatArray,
    in_doppler: FloatArray,
    exposure: float,
    prior: FloatArray,
    numbers: FloatArray,
    grid: FloatArray,
    rate: FloatArray,
    elevation: FloatArray,
    doppler: FloatArray,
    patchy: FloatArray,
) -> None:
    """Rates and tables from the counts, in place.

    cells (n_u, n_v) counts over ``exposure`` scans; prior (n_u, n_v) rates expected beforehand; numbers (5,) plots that
    the prior's level is worth, probability that a cell is a patch, shape and least mean of a patch's rate, plots that
    the even spread in elevation and range rate is worth. Out: rate (n_u + 1, n_v + 1) with its sums, the tables, patchy
    (n_u, n_v) probability that a cell is a patch.
    """
    n_u, n_v = cells.shape
    worth, odds, shape, least = numbers[0], math.log(numbers[1] / (1.0 - numbers[1])), numbers[2], numbers[3]
    log_gamma = math.lgamma(shape)
    patchy[:, :] = 0.0
    for _ in range(_ROUNDS):
        hits, expected = worth, worth
        for i in range(n_u):
            for j in range(n_v):
                hits += (1.0 - patchy[i, j]) * cells[i, j]
                expected += (1.0 - patchy[i, j]) * prior[i, j] * exposure
        level = hits / expected
        for i in range(n_u):
            hits, expected = worth, worth / level
            for j in range(n_v):
                hits += (1.0 - patchy[i, j]) * cells[i, j]
                expected += (1.0 - patchy[i, j]) * prior[i, j] * exposure
            scale = hits / expected
            for j in range(n_v):
                quiet = max(scale * prior[i, j], 1e-300)
                n = cells[i, j]
                per = shape / (quiet + least)
                log_patch = (
                    shape * math.log(per) - log_gamma + math.lgamma(shape + n) - (shape + n) * math.log(per + exposure)
                )
                log_quiet = n * math.log(quiet) - exposure * quiet
                p = 1.0 / (1.0 + math.exp(min(log_quiet - log_patch - odds, 700.0)))
                patchy[i, j] = p
                rate[i, j] = (1.0 - p) * quiet + p * (n + per * quiet) / (per + exposure)
    rate[n_u, :] = 0.0
    for i in range(n_u):
        rate[i, n_v] = 0.0
        for j in range(n_v):
            rate[i, n_v] += rate[i, j]
            rate[n_u, j] += rate[i, j]
        rate[n_u, n_v] += rate[i, n_v]
    _shared(in_elevation, grid[E_PER], numbers[4], elevation)
    _shared(in_doppler, grid[R_PER], numbers[4], doppler)


def warm() -> None:
    """Compile everything in this file."""
    grid = np.ones(N_GRID)
    cells, spread, rate, tables = np.ones((2, 2)), np.ones((2, 2)), np.ones((3, 3)), np.ones((3, 2))
    z = np.ones((1, 4))
    count(z, np.ones(1), grid, 1.0, cells, spread, spread)
    refresh(cells, spread, spread, 1.0, cells, np.full(5, 0.5), grid, rate, tables, tables, np.ones((2, 2)))
    density_rows(z, grid, rate, tables, tables)
