r"""False plots of one sensor: how many a scan, and where; learned while tracking.

The extents are cut into cells of range and azimuth (or of the ground plane). A cell's count of false plots is Poisson;
its rate is either the ring's own quiet level or, in a patch, anything:

.. math:: \lambda \sim (1-\pi)\,\delta(s_i \lambda_0) + \pi\,\mathrm{Gamma}(a, b)

with :math:`\lambda_0` the rate expected beforehand, :math:`s_i` the level of ring i against it, found from the cells of
the ring that are no patches and drawn to that of all rings. Counts fade exponentially, so both laws are weighed by
their marginal likelihoods of the faded count over the faded number of scans, and the map follows weather. The rate of
a patch is read as its count drawn to the quiet level (as if that had stood for b scans), not to the mean of the broad
law: a map that has seen nothing says what was expected. Elevation and range rate have densities of their own in each
ring, drawn to those of all rings together, these to an even spread.

A tracker gives each plot's probability of belonging to no target, so that targets do not count as clutter.

References
----------
Musicki, Suvorova, Morelande & Moran, "Clutter map and target tracking", *8th Int. Conf. on Information Fusion*, 2005
(a map of cells of the false plots' density, for a tracker); Gelman et al., *Bayesian Data Analysis*, 3rd ed., 2013,
section 2.6 (Poisson counts with a gamma prior); West & Harrison, *Bayesian Forecasting and Dynamic Models*, 2nd ed.,
1997, section 6.3 (discounted counts).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
from numpy.typing import ArrayLike

from watchfloor.base.units import FloatArray
from watchfloor.physics.radar import Radar
from watchfloor.track._kernels import clutter as k

_TWO_PI = 2.0 * math.pi
_PATCH_SHAPE, _PATCH_MEAN = 0.5, 0.2
"""Shape of a patch's rate, and what its mean has over the quiet level. [1, plots a scan and cell]"""


class Clutter(Protocol):
    """What a tracker asks of a model of false plots."""

    def density(self, z: FloatArray) -> FloatArray:
        """False plots a scan per unit of what is measured, (m,), at plots (m, 4)."""
        ...

    def learn(self, z: FloatArray, p_false: FloatArray) -> None:
        """Take in one scan: its plots (m, 4), and the probability of each to belong to no target (m,)."""
        ...


@dataclass(frozen=True, kw_only=True)
class Extents:
    """Where a sensor's plots can lie.

    Raises
    ------
    ValueError
        If a value is not finite or an extent is empty.
    """

    range_min_m: float = 0.0
    """Least range. [m]"""
    range_max_m: float
    """Greatest range. [m]"""
    azimuth_min_rad: float = 0.0
    """Where its sector begins, clockwise. [rad]"""
    azimuth_width_rad: float = _TWO_PI
    """Width of the sector; 2 pi for a sensor that looks all round. [rad]"""
    elevation_min_rad: float = 0.0
    """Least elevation. [rad]"""
    elevation_max_rad: float = 0.5 * math.pi
    """Greatest elevation. [rad]"""
    range_rate_max_mps: float = 2000.0
    """Greatest range rate, either way. [m/s]"""

    def __post_init__(self) -> None:
        """Check every domain."""
        for name in self.__dataclass_fields__:
            if not math.isfinite(getattr(self, name)):
                raise ValueError(f"{name} must be finite, got {getattr(self, name)!r}")
        if not 0.0 <= self.range_min_m < self.range_max_m:
            raise ValueError(
                f"0 <= range_min_m < range_max_m is wanted, got {self.range_min_m!r} and {self.range_max_m!r}"
            )
        if not 0.0 < self.azimuth_width_rad <= _TWO_PI * (1.0 + 1e-12):
            raise ValueError(f"azimuth_width_rad must lie in (0, 2 pi], got {self.azimuth_width_rad!r} (degrees?)")
        if not -0.5 * math.pi <= self.elevation_min_rad < self.elevation_max_rad <= 0.5 * math.pi:
            raise ValueError(
                "elevation_min_rad < elevation_max_rad must lie in -pi/2 to pi/2, got "
                f"{self.elevation_min_rad!r} and {self.elevation_max_rad!r} (degrees?)"
            )
        if not self.range_rate_max_mps > 0.0:
            raise ValueError(f"range_rate_max_mps must be above 0, got {self.range_rate_max_mps!r}")

    @classmethod
    def of(cls, radar: Radar) -> Self:
        """Return the extents of a radar's own plots."""
        width, face = min(radar.scan.azimuth_width_rad, _TWO_PI), radar.antenna.face_azimuth_rad
        return cls(
            range_min_m=radar.range_min_m,
            range_max_m=radar.range_max_m,
            azimuth_min_rad=0.0 if face is None else face - 0.5 * width,
            azimuth_width_rad=width,
            elevation_min_rad=radar.elevation_min_rad,
            elevation_max_rad=radar.elevation_max_rad,
            range_rate_max_mps=radar.range_rate_max_mps,
        )


class ConstantClutter:
    """False plots spread evenly over the extents, as many as one says; learns nothing.

    Parameters
    ----------
    where : Radar or Extents
        A radar (then ``false_per_scan`` is its false-alarm probability times its cells, if left out) or extents.
    false_per_scan : float or None
        False plots expected a scan, at least 0. [1]

    Raises
    ------
    ValueError
        If the number is negative, not finite, or left out without a radar.

    Examples
    --------
    >>> even = ConstantClutter(Extents(range_max_m=100e3), false_per_scan=20.0)
    >>> float((even.density(np.array([[5e4, 1.0, np.nan, np.nan]]))[0] * 100e3 * 2.0 * np.pi).round(6))
    20.0
    """

    def __init__(self, where: Radar | Extents, *, false_per_scan: float | None = None) -> None:
        extents, expected = _expected(where, false_per_scan)
        self.false_per_scan = expected
        """False plots expected a scan. [1]"""
        self._per_unit = 1.0 / np.array(
            [
                extents.range_max_m - extents.range_min_m,
                extents.azimuth_width_rad,
                extents.elevation_max_rad - extents.elevation_min_rad,
                2.0 * extents.range_rate_max_mps,
            ]
        )

    def density(self, z: FloatArray) -> FloatArray:
        """See `ClutterMap.density`."""
        return self.false_per_scan * np.where(np.isnan(_plots(z)), 1.0, self._per_unit).prod(axis=1)

    def learn(self, z: FloatArray, p_false: FloatArray) -> None:
        """Learn nothing."""


class ClutterMap:
    """Learned map of the false plots of one sensor.

    Parameters
    ----------
    where : Radar or Extents
        A radar (then ``false_per_scan`` is its false-alarm probability times its cells, if left out) or extents.
    false_per_scan : float or None
        False plots expected a scan before any was seen, above 0. [1]
    n_range, n_azimuth : int
        Cells in range and azimuth (or east and north).
    n_elevation, n_range_rate : int
        Bins in elevation and range rate.
    memory_scans : float
        Scans after which a count has faded to 1/e, at least 1. [1]
    prior_plots : float
        False plots that ``false_per_scan`` is worth against what is seen, above 0. [1]
    p_patch : float
        Share of the cells expected to be patches, inside (0, 1). [1]
    plane_m : (4,) array_like or None
        Least and greatest east, least and greatest north about the sensor: cells are then squares of the ground plane,
        for clutter that is even a square metre. [m]

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    Notes
    -----
    ``density`` takes about 50 ns a plot, ``learn`` 10 ns a plot and 0.05 ms a scan for 16 x 32 cells. Memory is that of
    the cells, for ever.

    Examples
    --------
    >>> clutter = ClutterMap(Extents(range_max_m=100e3), false_per_scan=10.0)
    >>> rng = np.random.default_rng(1)
    >>> for _ in range(200):
    ...     n = rng.poisson(50)
    ...     z = np.column_stack([rng.uniform(0, 100e3, n), rng.uniform(0, 2 * np.pi, n), np.full((n, 2), np.nan)])
    ...     clutter.learn(z, np.ones(n))
    >>> 48 < clutter.expected_per_scan < 52
    True
    """

    def __init__(
        self,
        where: Radar | Extents,
        *,
        false_per_scan: float | None = None,
        n_range: int = 16,
        n_azimuth: int = 32,
        n_elevation: int = 16,
        n_range_rate: int = 32,
        memory_scans: float = 100.0,
        prior_plots: float = 4.0,
        p_patch: float = 0.1,
        plane_m: ArrayLike | None = None,
    ) -> None:
        extents, expected = _expected(where, false_per_scan)
        if not expected > 0.0:
            raise ValueError(f"false_per_scan must be above 0, got {expected!r}")
        for name, n in (
            ("n_range", n_range),
            ("n_azimuth", n_azimuth),
            ("n_elevation", n_elevation),
            ("n_range_rate", n_range_rate),
        ):
            if not (n == int(n) and 1 <= n <= 10_000):
                raise ValueError(f"{name} must be a whole number from 1 to 10,000, got {n!r}")
        if not 1.0 <= memory_scans < math.inf:
            raise ValueError(f"memory_scans must be at least 1 and finite, got {memory_scans!r}")
        if not 0.0 < prior_plots < math.inf:
            raise ValueError(f"prior_plots must be above 0 and finite, got {prior_plots!r}")
        if not 0.0 < p_patch < 1.0:
            raise ValueError(f"p_patch must lie inside (0, 1), got {p_patch!r}")
        u, v = (extents.range_min_m, extents.range_max_m), (extents.azimuth_min_rad, extents.azimuth_width_rad)
        v = (v[0], v[0] + v[1])
        if plane_m is not None:
            box = np.asarray(plane_m, np.float64)
            if box.shape != (4,) or not np.isfinite(box).all() or not (box[0] < box[1] and box[2] < box[3]):
                raise ValueError(f"plane_m is least and greatest east, least and greatest north, got {plane_m!r}")
            u, v = (float(box[0]), float(box[1])), (float(box[2]), float(box[3]))
        e, r = (extents.elevation_min_rad, extents.elevation_max_rad), extents.range_rate_max_mps
        grid = np.zeros(k.N_GRID)
        grid[k.U_FIRST], grid[k.U_PER] = u[0], n_range / (u[1] - u[0])
        grid[k.V_FIRST], grid[k.V_PER] = v[0], n_azimuth / (v[1] - v[0])
        grid[k.E_FIRST], grid[k.E_PER] = e[0], n_elevation / (e[1] - e[0])
        grid[k.R_FIRST], grid[k.R_PER] = -r, n_range_rate / (2.0 * r)
        grid[k.PLANE] = plane_m is not None
        grid[k.WRAPS] = plane_m is None and extents.azimuth_width_rad > _TWO_PI * (1.0 - 1e-12)
        grid[k.WIDTH] = extents.azimuth_width_rad
        self._grid, self._keep = grid, math.exp(-1.0 / memory_scans)
        self._numbers = np.array([prior_plots, p_patch, _PATCH_SHAPE, _PATCH_MEAN, 2.0 * prior_plots])
        self._prior = np.full((n_range, n_azimuth), expected / (n_range * n_azimuth))
        self._cells = np.zeros((n_range, n_azimuth))
        self._in_elevation, self._in_doppler = np.zeros((n_range, n_elevation)), np.zeros((n_range, n_range_rate))
        self._exposure = 0.0
        self._rate, self._patchy = np.zeros((n_range + 1, n_azimuth + 1)), np.zeros((n_range, n_azimuth))
        self._elevation = np.zeros((n_range + 1, n_elevation))
        self._doppler = np.zeros((n_range + 1, n_range_rate))
        self._stale = True

    @property
    def expected_per_scan(self) -> float:
        """False plots expected a scan in all of the extents. [1]"""  # noqa: D400, D415
        return float(self.tables[1][-1, -1])

    @property
    def rate(self) -> FloatArray:
        """(n_range, n_azimuth) false plots expected a scan in each cell. [1]"""  # noqa: D400, D415
        return self.tables[1][:-1, :-1].copy()

    @property
    def p_patch(self) -> FloatArray:
        """(n_range, n_azimuth) probability that a cell is a patch. [1]"""  # noqa: D400, D415
        self._refresh()
        return self._patchy.copy()

    @property
    def tables(self) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Grid, rates, elevation and range rate, as `_kernels.clutter.density_one` takes them, all learned so far."""
        self._refresh()
        return self._grid, self._rate, self._elevation, self._doppler

    def density(self, z: FloatArray) -> FloatArray:
        """False plots a scan per unit of what is measured.

        Parameters
        ----------
        z : (m, 4) array
            Range, azimuth, elevation, range rate; NaN where not measured. [m, rad, rad, m/s]

        Returns
        -------
        (m,) array
            Density over the components that are measured: a component that is NaN does not divide. Beyond the extents
            it is that of the nearest edge. [1 over the units measured]

        Raises
        ------
        ValueError
            If ``z`` is not (m, 4).
        """
        z = _plots(z)
        return k.density_rows(z, *self.tables) if len(z) else np.empty(0)

    def learn(self, z: FloatArray, p_false: FloatArray) -> None:
        """Take in one scan.

        Parameters
        ----------
        z : (m, 4) array
            Its plots, all of them; one without range or azimuth has no cell and is left out. [m, rad, rad, m/s]
        p_false : (m,) array
            Probability of each that it belongs to no target, 0 to 1. [1]

        Raises
        ------
        ValueError
            If the shapes do not fit or a ``p_false`` is no probability.
        """
        z = _plots(z)
        p = np.ascontiguousarray(p_false, np.float64)
        if p.shape != z.shape[:1]:
            raise ValueError(f"p_false is one probability a plot, wanted shape {z.shape[:1]}, got {p.shape}")
        if len(p) and not (p.min() >= 0.0 and p.max() <= 1.0):
            raise ValueError(f"p_false is a probability, got {p[~((p >= 0.0) & (p <= 1.0))][0]!r}")
        k.count(z, p, self._grid, self._keep, self._cells, self._in_elevation, self._in_doppler)
        self._exposure = self._keep * self._exposure + 1.0
        self._stale = True

    def save(self) -> dict[str, FloatArray]:
        """Return all that was learned, as arrays."""
        return {
            "cells": self._cells.copy(),
            "in_elevation": self._in_elevation.copy(),
            "in_range_rate": self._in_doppler.copy(),
            "exposure": np.array(self._exposure),
        }

    def restore(self, saved: Mapping[str, FloatArray]) -> None:
        """Take back what `save` returned.

        Raises
        ------
        ValueError
            If it is of a map of another shape.
        """
        mine = self.save()
        for name, have in mine.items():
            if name not in saved or np.shape(saved[name]) != have.shape:
                came = np.shape(saved[name]) if name in saved else "nothing"
                raise ValueError(f"saved {name!r} has the shape of another map: wanted {have.shape}, got {came}")
        self._cells = np.array(saved["cells"], np.float64)
        self._in_elevation = np.array(saved["in_elevation"], np.float64)
        self._in_doppler = np.array(saved["in_range_rate"], np.float64)
        self._exposure = float(saved["exposure"])
        self._stale = True

    def _refresh(self) -> None:
        """Bring the tables up to date, if a scan came since they were asked for."""
        if not self._stale:
            return
        self._stale = False
        k.refresh(
            self._cells, self._in_elevation, self._in_doppler, self._exposure, self._prior, self._numbers, self._grid,
            self._rate, self._elevation, self._doppler, self._patchy,
        )  # fmt: skip


def _plots(z: FloatArray) -> FloatArray:
    out = np.ascontiguousarray(z, np.float64)
    if out.ndim != 2 or out.shape[1] != 4:
        raise ValueError(f"z is (m, 4): range, azimuth, elevation, range rate; got shape {out.shape}")
    return out


def _expected(where: Radar | Extents, false_per_scan: float | None) -> tuple[Extents, float]:
    """Extents, and false plots expected a scan."""
    if isinstance(where, Extents):
        if false_per_scan is None:
            raise ValueError("false_per_scan must be given where there is no radar, got None")
        extents, expected = where, float(false_per_scan)
    else:
        extents = Extents.of(where)
        expected = where.n_cells * where.pfa if false_per_scan is None else float(false_per_scan)
    if not 0.0 <= expected < math.inf:
        raise ValueError(f"false_per_scan must be at least 0 and finite, got {false_per_scan!r}")
    return extents, expected
