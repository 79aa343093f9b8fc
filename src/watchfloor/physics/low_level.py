"""A second, lower threshold of a radar in a part of its coverage, for detection over several scans."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from watchfloor.base.units import BoolArray, FloatArray
from watchfloor.physics.radar import Radar

_PLOTS_MAX = 5_000


@dataclass(frozen=True, kw_only=True)
class LowLevel:
    """Where and how low a second threshold lies.

    Raises
    ------
    ValueError
        If a value is outside its domain.

    Examples
    --------
    >>> low = LowLevel(pfa=1e-3, azimuth_first_rad=0.0, azimuth_width_rad=1.0, range_min_m=5e4, range_max_m=2e5)
    >>> low.holds(np.array([1e5, 1e5]), np.array([0.5, 2.0])).tolist()
    [True, False]
    """

    pfa: float
    """Probability of false alarm a cell. [1]"""
    azimuth_first_rad: float
    """Where the sector begins, clockwise from true north. [rad]"""
    azimuth_width_rad: float
    """Its width, above 0, at most a turn. [rad]"""
    range_min_m: float
    """Its nearest range. [m]"""
    range_max_m: float
    """Its farthest range. [m]"""

    def __post_init__(self) -> None:
        """Check every domain."""
        if not 0.0 < self.pfa <= 0.1:
            raise ValueError(f"pfa of a low level lies above 0, at most 0.1, got {self.pfa!r}")
        if not math.isfinite(self.azimuth_first_rad):
            raise ValueError(f"azimuth_first_rad must be finite, got {self.azimuth_first_rad!r}")
        if not 0.0 < self.azimuth_width_rad <= 2.0 * math.pi * (1.0 + 1e-12):
            raise ValueError(f"azimuth_width_rad is above 0, at most a turn, got {self.azimuth_width_rad!r} (degrees?)")
        if not 0.0 <= self.range_min_m < self.range_max_m < math.inf:
            raise ValueError(
                f"0 <= range_min_m < range_max_m is wanted, got {self.range_min_m!r} and {self.range_max_m!r}"
            )

    def holds(self, range_m: FloatArray, azimuth_rad: FloatArray) -> BoolArray:
        """Whether points (n,), (n,) lie inside. [m, rad]"""  # noqa: D400, D415
        ahead = np.mod(azimuth_rad - self.azimuth_first_rad, 2.0 * math.pi)
        return (range_m >= self.range_min_m) & (range_m <= self.range_max_m) & (ahead <= self.azimuth_width_rad)

    def checked(self, radar: Radar) -> LowLevel:
        """Return itself, where it fits a radar.

        Raises
        ------
        ValueError
            If its threshold is not below the radar's own, its ranges reach beyond what the radar reports, or noise
            would give more than 5,000 plots a turn.
        """
        if not self.pfa > radar.pfa:
            raise ValueError(
                f"pfa of a low level is above the radar's own {radar.pfa:.3g} (a lower threshold), got {self.pfa:.3g}"
            )
        if self.range_max_m > radar.range_max_m or self.range_min_m < radar.range_min_m:
            raise ValueError(
                f"a low level reaches from {self.range_min_m:.6g} to {self.range_max_m:.6g} m, the radar reports "
                f"{radar.range_min_m:.6g} to {radar.range_max_m:.6g} m"
            )
        expected = self.n_cells(radar) * self.pfa
        if expected > _PLOTS_MAX:
            raise ValueError(
                f"noise would give {expected:.3g} plots a turn, at most {_PLOTS_MAX} are taken: a smaller sector, "
                "fewer ranges or a smaller pfa"
            )
        return self

    def n_cells(self, radar: Radar) -> float:
        """Cells of a radar that lie inside."""
        share = (self.range_max_m - self.range_min_m) / (radar.range_max_m - radar.range_min_m)
        return radar.n_cells * share * self.azimuth_width_rad / radar.scan.azimuth_width_rad
