"""What every primary radar does with an echo, however its beam gets there.

A kind decides when it looks at what; the `Receiver` draws the echo, compares it with the threshold, and turns what
crossed into plots: errors, ambiguities, resolution cells, order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import inf, log, pi, radians
from typing import Any, NamedTuple

import numpy as np
from scipy import special

from watchfloor.base.picture import Plots, Tasks
from watchfloor.base.streams import Streams
from watchfloor.base.truth import PlotOrigins, Truth
from watchfloor.base.units import BoolArray, FloatArray, IntArray
from watchfloor.physics import cfar
from watchfloor.physics.ambiguity import folding
from watchfloor.physics.detection import shape, statistic, threshold
from watchfloor.physics.environment import Environment
from watchfloor.physics.fluctuation import decorrelation_rad
from watchfloor.physics.frames import aspect
from watchfloor.physics.radar import Look, Radar, error_sigmas
from watchfloor.physics.rcs import Signature, band_of
from watchfloor.physics.reception import off_broadside
from watchfloor.sensor import _kernels
from watchfloor.sensor.modulation import make_lines

TWO_PI = 2.0 * pi
SNR_LEAST = 0.1
"""Least SNR that an error is reckoned with; only a very low gate threshold comes near it. [power ratio]"""
WANDER_RAD = radians(0.3)
"""1-sigma by which a mover's attitude wanders about its flight path and bank. [rad]"""
WANDER_S = 1.0
"""How long that lasts: looks of much more than this apart find another attitude. [s]"""
_MAP_TAIL = 1e-4
"""Weight of the scans that a clutter map has forgotten. [1]"""


class Rows(NamedTuple):
    """Rows of plots before errors and merging."""

    t_s: FloatArray
    """(n,) centre of the dwell. [s]"""
    polar: FloatArray
    """(n, 4) range, azimuth, elevation, range rate, all true. [m, rad, rad, m/s]"""
    error: FloatArray
    """(n, 4) errors. [sigmas]"""
    power: FloatArray
    """(n,) power over mean noise. [power ratio]"""
    pfa: FloatArray
    """(n,) probability of false alarm of the threshold that was crossed. [1]"""
    mover: IntArray
    """(n,) mover that caused it, -1 for noise; -2 - mover where it does not show that mover's place."""

    def take(self, rows: Any) -> Rows:
        """Rows selected by an index array or mask."""
        columns: list[Any] = [column[rows] for column in self]
        return Rows(*columns)


def polar_of(seen: Look) -> FloatArray:
    """What of looks there is to measure, (n, 4), as in `Rows`."""
    return np.array([seen.range_m, seen.azimuth_rad, seen.elevation_rad, seen.range_rate_mps]).T


def stack(parts: Sequence[Rows]) -> Rows:
    """Rows of several sources, one after the other."""
    if len(parts) == 1:
        return parts[0]
    columns: list[Any] = [np.concatenate(column) for column in zip(*parts, strict=True)]
    return Rows(*columns)


def merged(one: tuple[Plots, PlotOrigins], other: tuple[Plots, PlotOrigins]) -> tuple[Plots, PlotOrigins]:
    """Plots of two sources with their origins as one, sorted by time, then range; those without a range come last."""
    plots, origins = Plots.concat([one[0], other[0]]), PlotOrigins.concat([one[1], other[1]])
    order = np.lexsort((plots.measurement[:, 0], plots.t_s))
    return plots.take(order), origins.take(order)


def elsewhere(mover: IntArray) -> IntArray:
    """Mark movers whose echo shows another place than theirs; its own inverse."""
    return -2 - mover


class Shown(NamedTuple):
    """What n movers show of themselves."""

    sigma_m2: FloatArray
    """(n,) mean cross-section. [m2]"""
    azimuth_rad: FloatArray
    """(n,) azimuth of the antenna in the mover's body frame, 0 nose-on, positive to starboard. [rad]"""
    elevation_rad: FloatArray
    """(n,) its elevation above the plane of the wings. [rad]"""


class Echoes(NamedTuple):
    """What came back of n looks at movers."""

    rows: Rows
    """Those that crossed the threshold."""
    hit: IntArray
    """(m,) which look each of them is."""
    signal: FloatArray
    """(n,) power of each echo over noise in one look, faded, without noise. [power ratio]"""


class Gates:
    """The gates of one radar that lower its threshold."""

    def __init__(self, tasks: Tasks, row: int, pfa: float) -> None:
        rows = np.flatnonzero((tasks.sensor == row) & (tasks.pfa > pfa)) if len(tasks) else np.empty(0, np.int64)
        self.n, self._base = rows.size, pfa
        if self.n:
            self.t, self.position = tasks.t_s[rows], tasks.position_ecef_m[rows]
            self.velocity, self.radius, self.pfa = tasks.velocity_ecef_mps[rows], tasks.radius_m[rows], tasks.pfa[rows]

    def pfa_at(self, t: FloatArray, position: FloatArray) -> FloatArray:
        """Probability of false alarm in force at points (n, 3) and their times (n,)."""
        return _kernels.gate_pfa(t, position, self.t, self.position, self.velocity, self.radius, self.pfa, self._base)


class Receiver:
    """Echo law, threshold, errors, ambiguities and cells of one radar.

    Parameters
    ----------
    name : str
        The sensor's name: its streams are ``("sensor", name, ...)``.
    row : int
        Its row in the run's sensor list.
    radar : Radar
        The radar.
    environment : Environment
        What surrounds its antenna.
    signatures : sequence of Signature
        True signature of each mover of the mission's list.
    streams : Streams
        Random streams of the run.
    merge_s : float
        Plots of one cell that are less than half this apart in time are one. [s]
    lengths_m : sequence of float or None
        Length of each mover, above 0: how soon its echo is a new draw; None where each look's is. [m]

    Raises
    ------
    ValueError
        If a signature lacks the radar's band, or lengths are not as many as signatures, or not above 0.

    Notes
    -----
    Paired runs meet the same numbers: `echoes` draws blocks of fixed shape (looks, movers, variates), used or not. With
    a CFAR the level that it estimates is drawn too, by the law of its reference cells in noise of one level; a hit then
    has the probability of `cfar.pd`.

    Where lengths are known, a mover holds its fade while it shows the same side: the echo of a look is a complex
    Gaussian correlated with that of the look before, as `fluctuation.fading_correlation` of its power says for the
    change of aspect, with the wander of the attitude in quadrature (`WANDER_RAD`, `WANDER_S`: assumptions). That is
    exact for looks of one sample (case 1, and 3, whose two parts fade apart); of pulses that fade each for itself
    (cases 2 and 4) the sum is correlated about so. A single look's law is untouched.
    """

    def __init__(
        self,
        name: str,
        row: int,
        radar: Radar,
        environment: Environment,
        signatures: Sequence[Signature],
        streams: Streams,
        *,
        merge_s: float,
        lengths_m: Sequence[float] | None = None,
    ) -> None:
        self.row, self.radar, self._observer, self._merge_s = row, radar, environment.place.ecef_m, merge_s
        self.threshold = float(threshold(radar.pfa, radar.n_pulses))
        processing, antenna = radar.processing, radar.antenna
        resolves_rate = radar.measures_range_rate and processing.doppler == "bank"
        self.cell = np.array(
            [
                radar.range_cell_m,
                radar.beamwidth_azimuth_rad,
                radar.beamwidth_elevation_rad if radar.measures_elevation else inf,
                radar.range_rate_cell_mps if resolves_rate else inf,
            ]
        )
        self._unmeasured = np.flatnonzero([False, False, not radar.measures_elevation, not radar.measures_range_rate])
        self._steers = antenna.face_azimuth_rad is not None or antenna.scan_exponent > 0.0
        self.fold_range_m, self.fold_rate_mps = folding(radar)
        self._folds = self.fold_range_m < inf or self.fold_rate_mps < inf
        self.n_movers = len(signatures)
        self._shape = np.array([shape(s.swerling, radar.n_pulses) for s in signatures])
        self._shapes = frozenset(self._shape.tolist())
        self._tables = _stack_tables(signatures, band_of(radar.frequency_hz))
        self._fade, self._noise, self._looks = (
            streams.rng("sensor", name, stream) for stream in ("fade", "noise", "looks")
        )
        self._decorrelation = None
        if lengths_m is not None:
            self._decorrelation = self._new_after(lengths_m)
            self._faced, self._amplitudes = np.full((self.n_movers, 4), np.nan), np.zeros((self.n_movers, 4))
        self._level = None
        self.lines = make_lines(name, radar, self._observer, signatures, streams)
        """Lines of blades that it measures, None for none."""
        self._multipliers: dict[float, float] = {}
        if processing.cfar is not None:
            self._level = reference_level(processing.cfar, radar.n_pulses, streams.rng("sensor", name, "level"))

    def _new_after(self, lengths_m: Sequence[float]) -> FloatArray:
        """Change of aspect after which each mover's echo is a new draw. [rad]"""  # noqa: D400, D415
        if len(lengths_m) != self.n_movers:
            raise ValueError(f"lengths_m needs one a signature, {self.n_movers}, got {len(lengths_m)}")
        if not len(lengths_m):
            return np.empty(0)
        return decorrelation_rad(self.radar.wavelength_m, np.asarray(lengths_m, np.float64))

    def shown(
        self,
        position: FloatArray,
        velocity: FloatArray,
        bank: FloatArray,
        mover: IntArray,
        *,
        observer: FloatArray | None = None,
    ) -> Shown:
        """Which side movers show to the antenna, or to observers (n, 3), and how large it is."""
        azimuth, elevation = aspect(position, velocity, self._observer if observer is None else observer, bank)
        level = _kernels.level_db(azimuth, self._tables[0], mover, *self._tables[1:])
        return Shown(10.0 ** (0.1 * level), azimuth, elevation)

    def sigma_m2(
        self,
        position: FloatArray,
        velocity: FloatArray,
        bank: FloatArray,
        mover: IntArray,
        *,
        observer: FloatArray | None = None,
    ) -> FloatArray:
        """Mean cross-section (n,) of movers as they show themselves to the antenna, or to observers (n, 3). [m2]"""
        return self.shown(position, velocity, bank, mover, observer=observer).sigma_m2

    def echoes(
        self,
        polar: FloatArray,
        snr: FloatArray,
        visible: BoolArray,
        t_s: FloatArray,
        mover: IntArray,
        ordinal: IntArray,
        n_looks: int,
        pfa: FloatArray | None,
        shown: Shown | None = None,
    ) -> Echoes:
        """Draw n echoes and keep those above the threshold.

        Parameters
        ----------
        polar : (n, 4) array
            What is there to measure, as in `Rows`.
        snr : (n,) array
            Mean signal-to-noise ratio of one look. [power ratio]
        visible : (n,) array
            Whether an echo comes at all.
        t_s : (n,) array
            Time of each look. [s]
        mover, ordinal : (n,) arrays
            Mover looked at, and which of its ``n_looks`` looks of this tick it is.
        n_looks : int
            Looks that numbers are drawn for.
        pfa : (n,) array or None
            Probability of false alarm in force, None for the radar's own everywhere. [1]
        shown : Shown or None
            Side that each mover shows, a mover's looks in the order of time: its fade is then held as far as lengths
            are known. None for new draws.
        """
        radar, block = self.radar, (n_looks, self.n_movers)
        if self._decorrelation is None or shown is None:
            fade = self._fade.standard_exponential((*block, 2))[ordinal, mover]
        else:
            fresh = self._fade.standard_normal((*block, 4))[ordinal, mover]
            fade = _kernels.fade(
                fresh, t_s, shown.azimuth_rad, shown.elevation_rad, mover, self._decorrelation, WANDER_RAD, WANDER_S,
                self._faced, self._amplitudes,
            )  # fmt: skip
        noise = self._noise.standard_normal((*block, 6))[ordinal, mover]
        added: FloatArray | float = 0.0
        if radar.n_pulses > 1:
            added = self._looks.standard_gamma(radar.n_pulses - 1.0, block)[ordinal, mover]
        amplitude = self._amplitude(fade, mover)
        z = statistic(snr, amplitude, noise[:, 0] * 0.5**0.5, noise[:, 1] * 0.5**0.5, added, radar.n_pulses)
        limit: FloatArray | float = self.threshold
        if pfa is not None and self._level is None:
            limit = np.where(pfa > radar.pfa, threshold(pfa, radar.n_pulses), self.threshold)
        elif self._level is not None:
            limit = self._multiplier(pfa) * self._level(block)[ordinal, mover]
        hit = np.flatnonzero(visible & (z > limit))
        power = z[hit] * (1.0 / radar.n_pulses)
        pfa_hit = np.full(len(hit), radar.pfa) if pfa is None else pfa[hit]
        return Echoes(Rows(t_s[hit], polar[hit], noise[hit, 2:], power, pfa_hit, mover[hit]), hit, snr * amplitude)

    def _multiplier(self, pfa: FloatArray | None) -> FloatArray | float:
        """Multiplier of the CFAR at each probability; gates have few of them."""
        law, n, known = self.radar.processing.cfar, self.radar.n_pulses, self._multipliers
        assert law is not None
        levels, which = (np.array([self.radar.pfa]), 0) if pfa is None else np.unique(pfa, return_inverse=True)
        for level in levels.tolist():
            if level not in known:
                known[level] = float(cfar.multiplier(law, level, n_pulses=n))
        return np.array([known[level] for level in levels.tolist()])[which]

    def _amplitude(self, fade: FloatArray, mover: IntArray) -> FloatArray:
        """Signal power over its mean, Gamma(K) / K, from two unit exponentials a look."""
        if self._shapes == {1.0}:
            return fade[:, 0]
        k = self._shape[mover]
        out = np.where(k == 1.0, fade[:, 0], np.where(k == 2.0, 0.5 * (fade[:, 0] + fade[:, 1]), 1.0))
        rest = np.flatnonzero((k != 1.0) & (k != 2.0) & np.isfinite(k))
        if rest.size:
            out[rest] = special.gammainccinv(k[rest], np.exp(-fade[rest, 0])) / k[rest]
        return out

    def noise_power(self, tail: FloatArray) -> FloatArray:
        """Power over mean noise that noise exceeds with probability ``tail``."""
        n = self.radar.n_pulses
        return -np.log(tail) if n == 1 else special.gammainccinv(n, tail) / n

    def sigmas(self, power: FloatArray, polar: FloatArray) -> FloatArray:
        """Error sigmas (m, 4) that the radar believes at a measured power, beams broadened by steering."""
        out = np.array(error_sigmas(self.radar, np.maximum(power - 1.0, SNR_LEAST))).T
        if self._steers:
            steer = off_broadside(self.radar, polar[:, 1], polar[:, 2])
            out[:, 1:3] /= np.maximum(np.cos(steer), 0.1)[:, None]
        return out

    def declare(self, rows: Rows, truth: Truth | None = None) -> tuple[Plots, PlotOrigins]:
        """Add errors, fold what is ambiguous, merge by cell, sort, and say how sure the radar is of each.

        A plot of several echoes is as uncertain as its power says, and as they lie apart: the spread of what was merged
        is added to its covariance, which is then that of an echo drawn from them by power. Lines of blades are
        measured where the truth of the tick is given.
        """
        t, polar, error, power, pfa, mover = rows
        sigmas = self.sigmas(power, polar)
        polar += sigmas * error
        if self._folds:
            self._fold(polar)
        polar[:, self._unmeasured] = np.nan
        head, t, polar, power, mover, n_merged, cov = _kernels.merge(t, polar, power, mover, self.cell, self._merge_s)
        order = np.lexsort((polar[:, 0], t))
        t, polar, power, head, cov = t[order], polar[order], power[order], head[order], cov[order]
        sigmas = sigmas[head] if len(head) == len(sigmas) else self.sigmas(power, polar)
        cov.reshape(-1, 16)[:, ::5] += sigmas * sigmas
        for column in self._unmeasured:
            cov[:, column, :] = np.nan
            cov[:, :, column] = np.nan
        nobody = np.full(len(t), -1)
        plots = Plots(
            t_s=t,
            sensor=np.full(len(t), self.row),
            measurement=polar,
            cov=cov,
            snr_db=10.0 * np.log10(power),
            pfa=pfa[head],
            address=nobody,
            label=nobody,
        )
        mover = mover[order]
        if self.lines is not None and truth is not None:
            plots = replace(plots, modulation_hz=self.lines.measured(t, mover, power, truth))
        return plots, PlotOrigins(mover=np.where(mover < -1, elsewhere(mover), mover), n_merged=n_merged[order])

    def _fold(self, polar: FloatArray) -> None:
        """Fold range and range rate by what the repetition frequencies do not resolve, in place."""
        if self.fold_range_m < inf:
            polar[:, 0] = np.mod(polar[:, 0], self.fold_range_m)
        if self.fold_rate_mps < inf:
            half = 0.5 * self.fold_rate_mps
            polar[:, 3] = np.mod(polar[:, 3] + half, self.fold_rate_mps) - half


def reference_level(law: cfar.Cfar, n_pulses: int, rng: np.random.Generator) -> Callable[[tuple[int, int]], FloatArray]:
    """Return what draws the level that a CFAR estimates in noise of mean 1, in the unit of `cfar.multiplier`.

    Parameters
    ----------
    law : Cfar
        The CFAR.
    n_pulses : int
        Looks added before the threshold.
    rng : numpy.random.Generator
        Source of the level.

    Returns
    -------
    function
        From a shape to an array of levels.

    Notes
    -----
    A cell is Gamma(``n_pulses``). Mean of n cells: a gamma of n times the shape; greater or smaller of two halves;
    the k-th smallest by its beta-distributed probability; a map by its exponentially weighted past.
    """
    n = law.n_reference
    if law.kind == "ca":
        return lambda block: rng.standard_gamma(n * n_pulses, block) / n
    if law.kind in ("go", "so"):
        pick = np.maximum if law.kind == "go" else np.minimum
        half = n // 2
        return lambda block: pick.reduce(rng.standard_gamma(half * n_pulses, (2, *block))) / half
    if law.kind == "os":
        rank = law.rank
        assert rank is not None

        def ranked(block: tuple[int, int]) -> FloatArray:
            p = rng.beta(rank, n - rank + 1, block)
            return -np.log1p(-p) if n_pulses == 1 else special.gammaincinv(n_pulses, p)

        return ranked
    weight = law.weight
    assert weight is not None
    past = weight * (1.0 - weight) ** np.arange(int(np.ceil(log(_MAP_TAIL) / log(1.0 - weight))))
    return lambda block: rng.standard_gamma(n_pulses, (*block, len(past))) @ (past / past.sum())


def _stack_tables(signatures: Sequence[Signature], band: str) -> tuple[IntArray, IntArray, FloatArray, FloatArray]:
    """Signature tables end to end: table of each mover, first row of each table, aspects, levels."""
    kept: dict[int, int] = {}
    grids: list[FloatArray] = []
    levels: list[FloatArray] = []
    table_of = np.empty(len(signatures), np.int64)
    for mover, signature in enumerate(signatures):
        if id(signature) not in kept:
            kept[id(signature)] = len(grids)
            grids.append(signature.aspect_rad)
            levels.append(signature.dbsm[signature.row(band)])
        table_of[mover] = kept[id(signature)]
    first = np.concatenate(([0], np.cumsum([len(grid) for grid in grids]))).astype(np.int64)
    if not grids:
        return table_of, first, np.empty(0), np.empty(0)
    return table_of, first, np.concatenate(grids), np.concatenate(levels)
