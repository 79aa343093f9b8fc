"""Every path through a few scans of plots, one by one: the slow twin of track-before-detect."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from watchfloor.base.picture import Plots
from watchfloor.base.units import FloatArray
from watchfloor.track.before_detect import BeforeDetect


@dataclass(frozen=True)
class Path:
    """Plots (scan, row) of a path, oldest first, and its score by level of the SNR."""

    plots: list[tuple[int, int]]
    fixed: float
    """What does not hang on powers. [nats]"""
    score: FloatArray


def _normal(off: float, var: float) -> float:
    return -0.5 * off**2 / var - 0.5 * math.log(2.0 * math.pi * var)


def _turned(angle: float) -> float:
    return math.remainder(angle, 2.0 * math.pi)


class Frame:
    """A few scans, and what a path may do in them."""

    def __init__(self, finder: BeforeDetect, scans: list[Plots]) -> None:
        self.finder, self.config, self.scans = finder, finder.config, scans
        radar, low = finder.radar, finder.low
        self.z = [np.where(finder._measured, plots.measurement, np.nan) for plots in scans]
        self.var = [np.diagonal(plots.cov, axis1=1, axis2=2) for plots in scans]
        volume = (low.range_max_m - low.range_min_m) * low.azimuth_width_rad
        if radar.measures_elevation:
            volume *= radar.elevation_max_rad - radar.elevation_min_rad
        if radar.measures_range_rate:
            volume *= 2.0 * radar.range_rate_max_mps
        self.log_cell = math.log(volume / finder.n_cells)
        self.miss = np.log(1.0 - finder.pd)
        self.amplitude = [finder.amplitude(plots.snr_db) for plots in scans]

    def _rest(self, i: tuple[int, int], h: tuple[int, int], dt: float) -> float:
        """Elevation and range rate of h after i."""
        zi, zh, vi, vh = self.z[i[0]][i[1]], self.z[h[0]][h[1]], self.var[i[0]][i[1]], self.var[h[0]][h[1]]
        out = 0.0
        if np.isfinite(zh[2]):
            var = vi[2] + vh[2] + (self.config.climb_max_mps * dt / zh[0]) ** 2
            off = zh[2] - zi[2] * zi[0] / zh[0]
            out += _normal(off, var) if off**2 <= 16.0 * var else -math.inf
        if np.isfinite(zh[3]):
            out += self._rate(zh[3], vh[3], i, h, dt)
        return out

    def _rate(self, rate: float, var: float, i: tuple[int, int], h: tuple[int, int], dt: float) -> float:
        zi, zh, vi, vh = self.z[i[0]][i[1]], self.z[h[0]][h[1]], self.var[i[0]][i[1]], self.var[h[0]][h[1]]
        off = rate - (zh[0] - zi[0]) / dt
        var = var + (vi[0] + vh[0]) / dt**2 + (0.5 * self.config.manoeuvre_mps2 * dt) ** 2
        return _normal(off, var) if off**2 <= 16.0 * var else -math.inf

    def _dt(self, i: tuple[int, int], h: tuple[int, int]) -> float:
        return float(self.scans[h[0]].t_s[h[1]] - self.scans[i[0]].t_s[i[1]])

    def second(self, i: tuple[int, int], h: tuple[int, int]) -> float:
        """Density of h after i, a first pair."""
        zi, zh, vi, vh = self.z[i[0]][i[1]], self.z[h[0]][h[1]], self.var[i[0]][i[1]], self.var[h[0]][h[1]]
        dt = self._dt(i, h)
        reach, r = self.config.speed_max_mps * dt, 0.5 * (zi[0] + zh[0])
        offs, far, out = (zh[0] - zi[0], _turned(zh[1] - zi[1])), (reach, reach / r), self.log_cell
        for c in range(2):
            var = vi[c] + vh[c]
            if abs(offs[c]) - far[c] > 4.0 * math.sqrt(var):
                return -math.inf
            out += _normal(offs[c], var + far[c] ** 2 / 3.0)
        out += self._rest(i, h, dt)
        if np.isfinite(zi[3]):
            out += self._rate(zi[3], vi[3], i, h, dt) + math.log(2.0 * self.finder.radar.range_rate_max_mps)
        return out

    def third(self, j: tuple[int, int], i: tuple[int, int], h: tuple[int, int]) -> float:
        """Density of h after j and i: a Kalman filter of place and speed, component by component."""
        (zj, zi, zh), (vj, vi, vh) = (
            [table[p[0]][p[1]] for p in (j, i, h)] for table in (self.z, self.var)
        )  # fmt: skip
        dt1, dt, out = self._dt(j, i), self._dt(i, h), self.log_cell
        speed = self.config.speed_max_mps
        bend = 0.5 * (self.config.manoeuvre_mps2 + 0.25 * speed**2 / zi[0]) * dt * (dt + dt1)
        for c, scale in ((0, 1.0), (1, zi[0])):
            p = np.diag([vj[c], (speed / scale) ** 2 / 3.0])
            f = np.array([[1.0, dt1], [0.0, 1.0]])
            p = f @ p @ f.T
            gain = p[:, 0] / (p[0, 0] + vi[c])
            x = gain * (_turned(zi[c] - zj[c]) if c else zi[c] - zj[c])
            p = p - np.outer(gain, p[0])
            f = np.array([[1.0, dt], [0.0, 1.0]])
            x, p = f @ x, f @ p @ f.T
            off = (_turned(zh[c] - zj[c]) if c else zh[c] - zj[c]) - x[0]
            var = p[0, 0] + vh[c] + (bend / scale) ** 2
            if off**2 > 16.0 * var:
                return -math.inf
            out += _normal(off, var)
        return out + self._rest(i, h, dt)

    def paths(self) -> list[Path]:
        """Every path of two plots or more that ends in the newest scan."""
        last, found = len(self.scans) - 1, []
        begun: list[Path] = []
        for scan, plots in enumerate(self.scans):
            for row in range(len(plots)):
                fixed = -math.log(self.finder.n_cells) - math.log(self.config.scans)
                begun.append(Path([(scan, row)], fixed, fixed + self.amplitude[scan][row]))
        while begun:
            path = begun.pop()
            if len(path.plots) > 1 and path.plots[-1][0] == last:
                found.append(path)
            here = path.plots[-1]
            for scan in range(here[0] + 1, min(here[0] + self.config.misses_max + 1, last) + 1):
                for row in range(len(self.scans[scan])):
                    there = (scan, row)
                    if self._dt(here, there) <= 0.0:
                        continue
                    joined = self.second(here, there)  # no target jumps, whatever came before
                    if joined > -math.inf and len(path.plots) > 1:
                        joined = self.third(path.plots[-2], here, there)
                    if joined > -math.inf:
                        missed = scan - here[0] - 1
                        score = path.score + joined + missed * self.miss + self.amplitude[scan][row]
                        begun.append(Path([*path.plots, there], path.fixed + joined, score))
        return found

    def best(self) -> float:
        """Greatest score of a path of three plots or more, averaged over levels; paths of one beginning go together."""
        groups: dict[tuple[object, ...], FloatArray] = {}
        for path in self.paths():
            if len(path.plots) > 2:
                # the average takes the best path of each level that shares the newest two plots and the oldest scan
                key = (*path.plots[-2:], path.plots[0][0])
                groups[key] = np.maximum(groups.get(key, np.full(len(path.score), -math.inf)), path.score)
        if not groups:
            return -math.inf
        return max(float(np.logaddexp.reduce(score)) - math.log(len(score)) for score in groups.values())
