r"""Detection over several scans: what no single look shows, a path through weak plots may.

A radar declares plots down to a low threshold. Through the plots of the last scans, paths are laid that a target could
have flown, at most one plot a scan; each is scored by its likelihood ratio, target against noise,

.. math:: \ln\Lambda = \sum_{\text{hits}} \ln\frac{f(z\,|\,\mathrm{SNR})}{f(z\,|\,0)} + \ln\big(V_c\,p(x\,|\,\text{path
    so far})\big) + \sum_{\text{misses}} \ln(1-P_d)

with z the power, V_c the volume of a resolution cell, p the density of the next place by a straight path with
manoeuvres, and the mean over the levels that the SNR may have. Dynamic programming over pairs of plots finds the best
path to each plot. In noise the mean of :math:`\Lambda`, summed over all paths of one weight, is 1 at most; so the
chance that any exceeds c is at most 1/c (Markov; the union bound). The threshold lies lower: where the law of extreme
values, fitted to the greatest scores of noise alone, gives the wanted rate of false tracks.

References
----------
Barniv, "Dynamic programming solution for detecting dim moving targets", *IEEE Trans. AES* 21 (1), 1985, pp. 144-156;
Johnston & Krishnamurthy, "Performance analysis of a dynamic programming track before detect algorithm", *IEEE Trans.
AES* 38 (1), 2002, pp. 228-242 (extreme values); Davey, Rutten & Cheung, *EURASIP J. Adv. Signal Process.* 2008, 428036.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from pydantic import Field, NonNegativeFloat, PositiveFloat, field_validator

from watchfloor.base.columns import Columns
from watchfloor.base.config import Config
from watchfloor.base.picture import Plots
from watchfloor.base.units import FloatArray, IntArray
from watchfloor.physics import cfar, detection
from watchfloor.physics.ambiguity import folding
from watchfloor.physics.low_level import LowLevel
from watchfloor.physics.radar import Radar, error_sigmas
from watchfloor.track._kernels import before_detect as k

_FIRST_DB, _PER_DB, _N_DB = -20.0, 10.0, 801
_GATE2 = 16.0
_PAIRS_MAX = 200_000
_SNR_LEAST = 0.1
_SHARE_TAIL, _VALUES_MIN = 0.7, 30
_States = tuple[IntArray, FloatArray, IntArray, FloatArray, IntArray]


class BeforeDetectConfig(Config):
    """Tracks from paths through weak plots of several scans.

    Sources: Barniv, *IEEE Trans. AES* 21 (1), 1985; Johnston & Krishnamurthy, *IEEE Trans. AES* 38 (1), 2002.
    """

    scans: int = Field(default=6, ge=3, le=8)
    """Scans that a path may span. [1]"""
    misses_max: int = Field(default=2, ge=0, le=4)
    """Scans in a row that a path may have no plot in. [1]"""
    false_tracks_per_h: PositiveFloat = 1.0
    """Paths of noise alone that may start a track. [1/h]"""
    speed_max_mps: float = Field(default=500.0, gt=0.0, le=3000.0)
    """Greatest speed of a target. [m/s]"""
    manoeuvre_mps2: NonNegativeFloat = 1.0
    """1-sigma acceleration between plots. [m/s2]"""
    climb_max_mps: NonNegativeFloat = 50.0
    """1-sigma climb. [m/s]"""
    snr_db: tuple[float, ...] = (4.0, 7.0, 10.0, 14.0)
    """Mean signal-to-noise ratios that a target may have, each as likely; one for a known level. [dB]"""
    plot_max_nats: PositiveFloat = 10.0
    """Most that the power of one plot says for a target: one strong plot and some noise are no path. [nats]"""
    existence: float = Field(default=0.95, gt=0.5, lt=1.0)
    """Existence that a found path gives its track. [1]"""
    calibration_scans: int = Field(default=1500, ge=300, le=100_000)
    """Scans of noise alone that the threshold is fitted to. [1]"""
    seed: int = Field(default=1, ge=0)
    """Seed of that noise."""

    @field_validator("snr_db")
    @classmethod
    def _levels(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if not 1 <= len(value) <= 16 or list(value) != sorted(set(value)):
            raise ValueError(f"1 to 16 levels that rise are wanted, got {value!r}")
        if not all(-10.0 <= level <= 40.0 for level in value):
            raise ValueError(f"levels lie from -10 to 40 dB, got {value!r}")
        return value


@dataclass(frozen=True, kw_only=True, eq=False)
class Paths(Columns):
    """Paths found in one scan, the likeliest first."""

    score: FloatArray
    """(n,) log-likelihood ratio, target over noise. [nats]"""
    n_hits: IntArray
    """(n,) plots on it."""
    t_s: FloatArray
    """(n,) time of the newest plot. [s]"""
    rows: IntArray
    """(n, scans) what the plots were called, newest first, -1 beyond."""
    state: FloatArray
    """(n, 5) at ``t_s``, without the newest plot: range, azimuth, elevation (NaN where not measured), rates of the
    first two. [m, rad, rad, m/s, rad/s]"""
    cov: FloatArray
    """(n, 5) variances of range, azimuth, elevation, and of the rates. Units likewise, squared."""
    level: FloatArray
    """(n, levels) probability of each level of the SNR. [1]"""


@dataclass(frozen=True, kw_only=True)
class Gumbel:
    r"""Law of the greatest of many: :math:`P(x \le c) = \exp(-e^{-(c-\mu)/\beta})`."""

    mu: float
    """Mode."""
    beta: float
    """Scale, above 0."""

    def exceeded(self, c: float) -> float:
        """Expected number of independent values above ``c``; the probability of one, where it is small."""
        return math.exp(-(c - self.mu) / self.beta)

    def quantile(self, expected: float) -> float:
        """Return the level that ``expected`` values are above."""
        return self.mu - self.beta * math.log(expected)


def fit_gumbel(values: FloatArray, *, least: float = -math.inf) -> Gumbel:
    r"""Fit a Gumbel law by greatest likelihood to values, those below ``least`` known to be below only.

    Parameters
    ----------
    values : (n,) array
        Greatest of each of n blocks; -inf for a block without any.
    least : float
        Values below are counted, not used: the law is one of tails.

    Raises
    ------
    ValueError
        If fewer than ten different values lie above ``least``.

    Notes
    -----
    With n values above c and m below, :math:`A = e^{\mu/\beta}` is :math:`n/(\sum e^{-x/\beta} + m e^{-c/\beta})`; what
    is left is searched over :math:`\beta` by golden sections.

    References
    ----------
    Coles, *An Introduction to Statistical Modeling of Extreme Values*, 2001, sections 3.1 to 3.3.

    Examples
    --------
    >>> u = (np.arange(2000) + 0.5) / 2000
    >>> law = fit_gumbel(5.0 - 2.0 * np.log(-np.log(u)))
    >>> round(law.mu, 2), round(law.beta, 2)
    (5.0, 2.0)
    """
    seen = values[(values >= least) & np.isfinite(values)]
    if len(np.unique(seen)) < 10:
        raise ValueError(f"a fit needs ten different values above {least:.4g}, got {len(np.unique(seen))}")
    floor = max(least, float(seen.min()))
    below = len(values) - len(seen)
    top = float(seen.max())

    def cost(log_beta: float) -> tuple[float, float]:
        beta = math.exp(log_beta)
        total = np.exp(-(seen - top) / beta).sum() + below * math.exp(-(floor - top) / beta)
        log_a = math.log(len(seen)) - math.log(total)  # of exp((mu - top) / beta)
        return len(seen) * log_beta - len(seen) * log_a + float((seen - top).sum()) / beta, log_a

    spread = max(top - floor, 1e-9)
    lo, hi = math.log(1e-3 * spread), math.log(10.0 * spread)
    golden = 0.5 * (math.sqrt(5.0) - 1.0)
    a, b = hi - golden * (hi - lo), lo + golden * (hi - lo)
    cost_a, cost_b = cost(a)[0], cost(b)[0]
    for _ in range(60):
        if cost_a < cost_b:
            hi, b, cost_b = b, a, cost_a
            a = hi - golden * (hi - lo)
            cost_a = cost(a)[0]
        else:
            lo, a, cost_a = a, b, cost_b
            b = lo + golden * (hi - lo)
            cost_b = cost(b)[0]
    best = 0.5 * (lo + hi)
    return Gumbel(mu=top + math.exp(best) * cost(best)[1], beta=math.exp(best))


class BeforeDetect:
    """Finds paths of targets in the plots of one turning radar, down to a low threshold.

    Parameters
    ----------
    config : BeforeDetectConfig
        Settings.
    radar : Radar
        The radar.
    low : LowLevel
        Its low threshold, and where it holds.
    threshold : float, optional
        Least score of a path; fitted to noise when left out (a second or so, once a process for the same arguments).

    Raises
    ------
    ValueError
        If the low level does not fit the radar, or a scan would hold too many pairs of plots.

    Notes
    -----
    Where fewer than 30 blocks of the noise hold a path at all, the threshold is that of the union bound.

    A path has three plots at least. One that was found ends all others through its plots. Where a radar's ranges fold,
    what lies beyond is taken at its folded range. Spiky clutter is not noise: where it is expected, raise the threshold
    or leave the sector out.

    Examples
    --------
    >>> radar = Radar.of(
    ...     frequency_hz=2e8, peak_power_w=1e5, pulse_width_s=1e-4, bandwidth_hz=5e5, n_coherent=1, n_pulses=1,
    ...     gain_tx=300.0, gain_rx=300.0, noise_temperature_k=1000.0, losses=10.0, beamwidth_azimuth_rad=0.1,
    ...     beamwidth_elevation_rad=0.3, elevation_min_rad=0.0, elevation_max_rad=0.3, period_s=10.0, pfa=1e-6,
    ...     range_min_m=5e3, range_max_m=4e5, range_rate_max_mps=1000.0, measures_elevation=False,
    ...     measures_range_rate=False,
    ... )
    >>> low = LowLevel(pfa=1e-3, azimuth_first_rad=0.0, azimuth_width_rad=6.28, range_min_m=5e4, range_max_m=3e5)
    >>> finder = BeforeDetect(BeforeDetectConfig(), radar, low, threshold=12.0)
    >>> len(finder.step(Plots.empty()))
    0
    """

    def __init__(
        self, config: BeforeDetectConfig, radar: Radar, low: LowLevel, *, threshold: float | None = None
    ) -> None:
        self.config, self.radar, self.low = config, radar, low.checked(radar)
        levels = 10.0 ** (0.1 * np.asarray(config.snr_db))
        n = radar.n_pulses
        z = n * 10.0 ** (0.1 * (_FIRST_DB + np.arange(_N_DB) / _PER_DB))
        noise = detection.statistic_log_pdf(z, 0.0, n_pulses=n)
        table = np.stack([detection.statistic_log_pdf(z, snr, n_pulses=n) - noise for snr in levels], axis=1)
        self._table = np.minimum(table, config.plot_max_nats)
        law = radar.processing.cfar
        if law is None:
            self.pd = detection.pd(levels, low.pfa, n_pulses=n)
        else:
            self.pd = cfar.pd(law, levels, low.pfa, n_pulses=n)
        """(levels,) probability of detection at the low threshold. [1]"""
        self._miss = np.log1p(-self.pd)
        fold = folding(radar)[1]
        self._span = np.array(
            [
                low.range_max_m - low.range_min_m,
                low.azimuth_width_rad,
                radar.elevation_max_rad - radar.elevation_min_rad,
                min(2.0 * radar.range_rate_max_mps, fold),
            ]
        )
        self._measured = np.array([True, True, radar.measures_elevation, radar.measures_range_rate])
        self.n_cells = low.n_cells(radar)
        """Cells that are searched."""
        self._numbers = np.zeros(k.N_NUMBERS)
        self._numbers[k.SPEED], self._numbers[k.MANOEUVRE] = config.speed_max_mps, config.manoeuvre_mps2
        self._numbers[k.CLIMB], self._numbers[k.RATE_SPAN] = config.climb_max_mps, self._span[3]
        self._numbers[k.RATE_FOLD] = fold if fold < 2.0 * radar.range_rate_max_mps else 0.0
        self._numbers[k.LOG_CELL] = float(np.log(self._span[self._measured]).sum()) - math.log(self.n_cells)
        self._numbers[k.GATE2] = _GATE2
        # the weight of a path: one cell of all, one beginning of all
        self._start = -math.log(self.n_cells) - math.log(config.scans)
        self._check_pairs()
        self.clear()
        self.gumbel: Gumbel | None = None
        """Law of the greatest score of noise in ``config.scans`` scans; None where a threshold was given, or where
        noise gives so few paths that the union bound is the threshold."""
        if threshold is None:
            self.gumbel = _fitted(config, radar, low)
            block_h = config.scans * radar.period_s / 3600.0
            threshold = self.union_threshold
            if self.gumbel is not None:
                threshold = min(self.gumbel.quantile(config.false_tracks_per_h * block_h), threshold)
        self.threshold = float(threshold)
        """Least score of a path. [nats]"""

    @property
    def union_threshold(self) -> float:
        """Threshold of the union bound for the wanted rate; the fitted one lies below. [nats]"""  # noqa: D400, D415
        return -math.log(self.config.false_tracks_per_h * self.radar.period_s / 3600.0)

    def _check_pairs(self) -> None:
        """Refuse what no scan could be searched in."""
        radar, config = self.radar, self.config
        far = self.low.range_max_m
        sigma_r, sigma_az = (float(np.max(s)) for s in error_sigmas(radar, np.array([_SNR_LEAST]))[:2])
        n = self.n_cells * self.low.pfa
        gates = np.arange(1, config.misses_max + 2) * radar.period_s * config.speed_max_mps
        share = np.minimum((gates + 4.0 * sigma_r) * 2.0 / self._span[0], 1.0) * np.minimum(
            2.0 * (gates / far + 4.0 * sigma_az) / self._span[1], 1.0
        )
        if n * n * share.sum() > 50 * _PAIRS_MAX:
            raise ValueError(
                f"a scan would hold {n * n * share.sum():.3g} pairs of plots at most, too many: a smaller sector, a "
                "smaller pfa or fewer misses_max"
            )

    def clear(self) -> None:
        """Forget every path."""
        layers, levels = self.config.scans, len(self.config.snr_db)
        self._z, self._var = np.empty((0, 4)), np.empty((0, 4))
        self._t, self._amp = np.empty(0), np.empty((0, levels))
        self._scan, self._ids, self._first = np.empty(0, np.int64), np.empty(0, np.int64), np.zeros(1, np.int64)
        self._counts: list[int] = []
        self._n = self._begun = 0
        self._room(1024, layers, levels)

    def _room(self, n: int, layers: int, levels: int) -> None:
        old = self._states if self._n else None
        self._states: _States = (
            np.empty(n, np.int64),
            np.empty((n, layers, levels)),
            np.empty((n, layers, levels), np.int64),
            np.empty(n),
            np.empty(n, np.int64),
        )
        if old is not None:
            for to, was in zip(self._states, old, strict=True):
                to[: self._n] = was[: self._n]

    def save(self) -> dict[str, Any]:
        """Return everything that changes from scan to scan."""
        names = ("_z", "_var", "_t", "_amp", "_scan", "_ids", "_first")
        out: dict[str, Any] = {name: getattr(self, name).copy() for name in names}
        out["states"] = tuple(part[: self._n].copy() for part in self._states)
        return out | {"counts": list(self._counts)}

    def restore(self, saved: dict[str, Any]) -> None:
        """Take back what `save` returned."""
        for name, value in saved.items():
            if isinstance(value, np.ndarray):
                setattr(self, name, value.copy())
        tail, score, back, best, layer = (part.copy() for part in saved["states"])
        self._counts, self._states = list(saved["counts"]), (tail, score, back, best, layer)
        self._n = self._begun = len(self._states[0])
        self._room(self._n + 1024, self.config.scans, len(self._miss))

    def amplitude(self, snr_db: FloatArray) -> FloatArray:
        """Log-likelihood ratios (m, levels) of powers (m,), target over noise. [nats]"""  # noqa: D400, D415
        at = np.clip((snr_db - _FIRST_DB) * _PER_DB, 0.0, _N_DB - 1.001)
        row = at.astype(np.int64)
        rest = (at - row)[:, None]
        return self._table[row] * (1.0 - rest) + self._table[row + 1] * rest

    def step(self, plots: Plots, rows: IntArray | None = None) -> Paths:
        """Take one scan.

        Parameters
        ----------
        plots : Plots
            What the radar declared in one turn inside the sector, weak plots among them, those of known tracks left
            out; none is a scan too.
        rows : (m,) array, optional
            What to call them in ``Paths.rows``; their rows when left out. At least 0.

        Returns
        -------
        Paths
            Found in this scan; each once.

        Raises
        ------
        ValueError
            If a plot has no range, azimuth, power or variance of these.
        """
        self._take(plots, rows)
        return self._found()

    def _take(self, plots: Plots, rows: IntArray | None) -> None:
        order = np.argsort(plots.measurement[:, 0], kind="stable")
        z = np.where(self._measured, plots.measurement[order], np.nan)
        var = plots.cov[order].reshape(-1, 16)[:, ::5]
        snr_db = plots.snr_db[order]
        good = np.isfinite(z[:, :2]).all(axis=1) & (var[:, :2] > 0.0).all(axis=1) & np.isfinite(snr_db)
        if not good.all():
            bad = int(order[int(np.argmin(good))])
            raise ValueError(
                f"plot row {bad} lacks range, azimuth, power or a variance: leave out what is not a radar's plot"
            )
        ids = order if rows is None else np.asarray(rows, np.int64)[order]
        config = self.config
        if len(self._counts) == config.scans:
            gone = self._counts.pop(0)
            self._z, self._var, self._t, self._amp = (a[gone:] for a in (self._z, self._var, self._t, self._amp))
            self._ids, self._scan = self._ids[gone:], self._scan[gone:] - 1
            self._first = self._first[gone:].copy()
            self._n = k.forget(gone, self._n, self._scan, self._first, *self._states)
        m, scan = len(order), len(self._counts)
        self._counts.append(m)
        self._z, self._var = np.concatenate([self._z, z]), np.concatenate([self._var, var])
        self._t = np.concatenate([self._t, plots.t_s[order]])
        self._amp = np.concatenate([self._amp, self.amplitude(snr_db)])
        self._ids = np.concatenate([self._ids, ids])
        self._scan = np.concatenate([self._scan, np.full(m, scan)])
        self._first = np.concatenate([self._first, np.zeros(m, np.int64)])
        scan_first = np.concatenate([[0], np.cumsum(self._counts)]).astype(np.int64)
        self._begun = self._n
        while True:
            n = k.extend(
                self._z, self._var, self._t, self._amp, scan_first, self._miss, self._numbers, self._start,
                config.misses_max + 1, self._first, self._n, *self._states,
            )  # fmt: skip
            if n >= 0:
                break
            self._room(2 * len(self._states[0]), config.scans, len(self._miss))
        self._n = n

    def _best(self) -> float:
        """Greatest score of the newest scan."""
        best = self._states[3][self._begun : self._n]
        return float(best.max()) if len(best) else -math.inf

    def _found(self) -> Paths:
        best = self._states[3]
        out: list[tuple[float, IntArray, FloatArray]] = []
        taken: list[IntArray] = []
        while self._best() >= self.threshold:
            s = self._begun + int(np.argmax(best[self._begun : self._n]))
            layer = int(self._states[4][s])
            scores = self._states[1][s, layer]
            path = self._trace(s, layer, int(np.argmax(scores)))
            weight = np.exp(scores - scores.max())
            out.append((float(best[s]), path, weight / weight.sum()))
            used = np.zeros(len(self._t), np.bool_)
            used[path] = True
            k.bury(used, self._scan, self._first, *self._states)
            taken.append(path)
        table = self._table_of(out)
        for path in taken:
            self._t[path] = math.inf  # nothing comes after a plot that is taken
        return table

    def _trace(self, s: int, layer: int, level: int) -> IntArray:
        """Plots of the path that ends in a state, newest first."""
        tail, _, back, _, _ = self._states
        head = int(np.searchsorted(self._first, s, side="right")) - 1
        path = [head]
        while True:
            older, before = int(tail[s]), int(back[s, layer, level])
            path.append(older)
            if before < 0:
                return np.array(path)
            layer -= int(self._scan[head] - self._scan[older])
            head, s = older, before

    def _table_of(self, found: list[tuple[float, IntArray, FloatArray]]) -> Paths:
        n, scans = len(found), self.config.scans
        rows, state, cov = np.full((n, scans), -1), np.empty((n, 5)), np.empty((n, 5))
        for i, (_, path, _) in enumerate(found):
            rows[i, : len(path)] = self._ids[path]
            state[i], cov[i] = self._fit(path[1:], float(self._t[path[0]]))
        return Paths(
            score=np.array([score for score, _, _ in found]),
            n_hits=np.array([len(path) for _, path, _ in found], np.int64),
            t_s=np.array([self._t[path[0]] for _, path, _ in found]),
            rows=rows,
            state=state,
            cov=cov,
            level=np.array([weight for _, _, weight in found]).reshape(n, len(self._miss)),
        )

    def _fit(self, path: IntArray, t_s: float) -> tuple[FloatArray, FloatArray]:
        """Range, azimuth, elevation and the rates of the first two at a time, and their variances."""
        t, z, var = self._t[path] - t_s, self._z[path], self._var[path]
        state, cov = np.full(5, np.nan), np.full(5, np.nan)
        bend = self.config.manoeuvre_mps2
        for c in range(2):
            speed = self.config.speed_max_mps / (z[0, 0] if c else 1.0)
            y = z[:, c] - z[0, c]
            if c:
                y = np.remainder(y + math.pi, 2.0 * math.pi) - math.pi
            w = 1.0 / (var[:, c] + (0.5 * bend * speed / self.config.speed_max_mps * t * t) ** 2)
            a = np.array([[w.sum(), (w * t).sum()], [(w * t).sum(), (w * t * t).sum() + 3.0 / speed**2]])
            p = np.linalg.inv(a)
            x = p @ np.array([(w * y).sum(), (w * t * y).sum()])
            state[c], state[3 + c] = z[0, c] + x[0], x[1]
            cov[c], cov[3 + c] = p[0, 0], p[1, 1]
        if self._measured[2]:
            w = 1.0 / var[:, 2]
            state[2], cov[2] = (w * z[:, 2]).sum() / w.sum(), 1.0 / w.sum()
        return state, cov


def noise_plots(radar: Radar, low: LowLevel, scan: int, rng: np.random.Generator) -> Plots:
    """Plots that noise alone gives in one turn above a low threshold, in azimuth from north.

    Parameters
    ----------
    radar : Radar
        The radar.
    low : LowLevel
        Threshold and sector.
    scan : int
        Number of the turn; turns begin at north at time 0.
    rng : numpy.random.Generator
        Source of the noise.
    """
    n = int(rng.poisson(low.n_cells(radar) * low.pfa))
    u = rng.random((n, 5))
    z = np.empty((n, 4))
    z[:, 0] = low.range_min_m + (low.range_max_m - low.range_min_m) * u[:, 0]
    z[:, 1] = np.mod(low.azimuth_first_rad + low.azimuth_width_rad * u[:, 1], 2.0 * math.pi)
    z[:, 2] = radar.elevation_min_rad + (radar.elevation_max_rad - radar.elevation_min_rad) * u[:, 2]
    fold = folding(radar)[1]
    z[:, 3] = min(2.0 * radar.range_rate_max_mps, fold) * (u[:, 3] - 0.5)
    tail = low.pfa * (1.0 - u[:, 4])
    power = detection.threshold(tail, radar.n_pulses) / radar.n_pulses
    return plots_of(radar, radar.period_s * (scan + z[:, 1] / (2.0 * math.pi)), z, power, low.pfa)


def plots_of(radar: Radar, t_s: FloatArray, z: FloatArray, power: FloatArray, pfa: float) -> Plots:
    """Plots (n,) at places ``z`` (n, 4) with powers over mean noise (n,), as sure as the radar is of them."""
    n = len(t_s)
    sigmas = np.array(error_sigmas(radar, np.maximum(power - 1.0, _SNR_LEAST))).T.reshape(n, 4)
    z, cov = z.copy(), np.zeros((n, 4, 4))
    cov.reshape(-1, 16)[:, ::5] = sigmas * sigmas
    for c in np.flatnonzero([False, False, not radar.measures_elevation, not radar.measures_range_rate]):
        z[:, c], cov[:, c, :], cov[:, :, c] = np.nan, np.nan, np.nan
    nobody = np.full(n, -1)
    return Plots(
        t_s=t_s, sensor=np.zeros(n, np.int64), measurement=z, cov=cov, snr_db=10.0 * np.log10(power),
        pfa=np.full(n, pfa), address=nobody, label=nobody,
    )  # fmt: skip


def greatest_scores(config: BeforeDetectConfig, radar: Radar, low: LowLevel, *, scans: int, seed: int) -> FloatArray:
    """Greatest score in noise alone of each block of ``config.scans`` scans, -inf for none; (blocks,). [nats]

    Parameters
    ----------
    config, radar, low
        As in `BeforeDetect`.
    scans : int
        Scans to play.
    seed : int
        Seed of the noise.
    """  # noqa: D400, D415
    finder = BeforeDetect(config, radar, low, threshold=math.inf)
    rng = np.random.default_rng(seed)
    n = config.scans
    best = np.empty(n + scans // n * n)
    for scan in range(len(best)):
        finder._take(noise_plots(radar, low, scan, rng), None)
        best[scan] = finder._best()
    return best[n:].reshape(-1, n).max(axis=1)


@lru_cache(maxsize=32)
def _fit_of(config_json: str, radar: Radar, low: LowLevel) -> Gumbel | None:
    config = BeforeDetectConfig.model_validate_json(config_json)
    values = greatest_scores(config, radar, low, scans=config.calibration_scans, seed=config.seed)
    if np.count_nonzero(np.isfinite(values)) < _VALUES_MIN:
        return None
    return fit_gumbel(values, least=float(np.sort(values)[int((1.0 - _SHARE_TAIL) * len(values))]))


def _fitted(config: BeforeDetectConfig, radar: Radar, low: LowLevel) -> Gumbel | None:
    """Law of the greatest score of noise, None where noise gives too few paths; the wanted rate does not matter."""
    same = config.model_copy(update={"false_tracks_per_h": 1.0, "existence": 0.95})
    return _fit_of(same.model_dump_json(), radar, low)
