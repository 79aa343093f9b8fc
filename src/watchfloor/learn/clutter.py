r"""Clutter as its owner learns it: mean power and shape, place by place, from what the radar declares.

The ground about a radar is cut into places of range and azimuth. In each stands clutter of an unknown mean
clutter-to-noise ratio c and an unknown shape of the K law: the local mean of a look is :math:`1+c\tau`, with
:math:`\tau` gamma-distributed of order :math:`\nu` and mean 1 (no spread where :math:`\nu=\infty`, Rayleigh), the
echo about it exponential. Evidence is, for every look of every resolution cell, that it crossed the threshold with
some power, or that it did not:

.. math:: \log p = \sum_{\text{false plots}} \log\int f(z\,|\,1+c\tau)\,p_\nu(\tau)\,d\tau
          + n_{\text{quiet}} \log\Bigl(1-\int Q(N, T/(1+c\tau))\,p_\nu(\tau)\,d\tau\Bigr)

on a grid of c and :math:`\nu`: exact for looks whose local means are new each time, whatever the number of plots, none
among them. A receiver that reports the level of its background adds two moments (`ClutterPlaces.learn_background`).

What is a place? Where each place is one resolution cell that keeps its local mean, its law is Rayleigh, the learner
finds so, and the threshold comes down from the whole area's K law to the cell's own: the gain of a known texture. A
place of many cells keeps their K law; there standing local means make evidence count double, and ``memory_scans``
should be short.

Neighbours: the belief that a place starts with is a mixture of the common prior and of what its four neighbours have
learned by themselves, blurred. An average of neighbours, not a product: clutter has edges (shadows, shores), and one
neighbour that is alike must be able to speak for a place against three that are not. What a place learns by itself
goes to its neighbours once and never comes back. Worth a fifth of a nat a place after six looks, and no edge the worse
for it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from watchfloor.base.picture import Plots
from watchfloor.base.units import BoolArray, FloatArray, IntArray
from watchfloor.physics import cfar, detection
from watchfloor.physics._domain import count, within
from watchfloor.physics.radar import Radar

LEVELS_DB: FloatArray = np.arange(-20.0, 60.5, 1.0)
"""Mean clutter-to-noise ratios held; the least stands for none at all. [dB]"""
SHAPES: FloatArray = np.array([0.1, 0.2, 0.35, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0, np.inf])
"""Shapes of the K law held; infinity is Rayleigh. [1]"""
LEVELS_DB.setflags(write=False)
SHAPES.setflags(write=False)
_LOCAL_STEP_DB = 0.125
_LOCAL_DB = np.arange(0.0, LEVELS_DB[-1] + 25.0, _LOCAL_STEP_DB)
"""Local means of clutter and noise over noise. [dB]"""
_LOCAL = 10.0 ** (0.1 * _LOCAL_DB)
_POWER_DB = np.arange(-10.0, 90.25, 0.5)
"""Measured powers over mean noise at which densities are held. [dB]"""
_PER_DB = math.log(10.0) / 10.0


@lru_cache(maxsize=1)
def _local_means() -> FloatArray:
    """Share of looks (level, shape, local mean) whose local mean lies about each of ``_LOCAL``; sums to 1."""
    edges = 10.0 ** (0.1 * (_LOCAL_DB[:-1] + 0.5 * _LOCAL_STEP_DB))
    out = np.zeros((len(LEVELS_DB), len(SHAPES), len(_LOCAL)))
    texture = (edges - 1.0) / 10.0 ** (0.1 * LEVELS_DB)[:, None]
    for h, shape in enumerate(SHAPES[:-1]):
        below = special.gammainc(shape, shape * texture)
        out[:, h] = np.diff(below, axis=1, prepend=0.0, append=1.0)
    at = 10.0 * np.log10(1.0 + 10.0 ** (0.1 * LEVELS_DB)) / _LOCAL_STEP_DB
    i, rows = at.astype(int), np.arange(len(LEVELS_DB))
    out[rows, -1, i], out[rows, -1, i + 1] = 1.0 - (at - i), at - i
    out.setflags(write=False)
    return out


@lru_cache(maxsize=8)
def _quiet_table(threshold: float, n_pulses: int) -> FloatArray:
    """Log probability (level, shape) that a look stays below the threshold."""
    out = np.log1p(-np.minimum(_local_means() @ special.gammaincc(n_pulses, threshold / _LOCAL), 1.0 - 1e-15))
    out.setflags(write=False)
    return out


@lru_cache(maxsize=8)
def _density_table(n_pulses: int) -> FloatArray:
    """Log density (power, level, shape) of the natural logarithm of the power of one look."""
    ratio = n_pulses * 10.0 ** (0.1 * _POWER_DB)[:, None] / _LOCAL
    density = np.exp(n_pulses * np.log(ratio) - ratio - special.gammaln(n_pulses))
    out = np.log(np.maximum(np.einsum("ghm,zm->zgh", _local_means(), density, optimize=True), 1e-300))
    out.setflags(write=False)
    return out


@lru_cache(maxsize=8)
def _moments(n_pulses: int) -> FloatArray:
    """Moments (4, level, shape) of order 1/2, 1, 3/2 and 2 of the power of one look."""
    orders = np.array([0.5, 1.0, 1.5, 2.0])
    about = np.exp(special.gammaln(n_pulses + orders) - special.gammaln(n_pulses) - orders * math.log(n_pulses))
    return about[:, None, None] * np.moveaxis(_local_means() @ _LOCAL[:, None] ** orders, -1, 0)


@dataclass(frozen=True, kw_only=True, eq=False)
class LearnedLaw:
    """What is believed of the clutter of places (r, a): 10, 50 and 90 % points and means of the posterior."""

    cnr_db: FloatArray
    """(r, a, 3) mean clutter-to-noise ratio, 10, 50 and 90 % points; the least level stands for none. [dB]"""
    shape: FloatArray
    """(r, a, 3) shape of the K law, likewise; infinity is Rayleigh. [1]"""
    mean_power: FloatArray
    """(r, a) expected power of clutter and noise over noise. [power ratio]"""
    p_rayleigh: FloatArray
    """(r, a) probability that the clutter is Rayleigh. [1]"""


class ClutterPlaces:
    """Posterior on level and shape of the clutter of a grid of places; one look one evidence.

    Parameters
    ----------
    n_range, n_azimuth : int
        Places.
    threshold : float
        What the summed powers of a look's pulses must exceed to be declared, noise mean 1 a pulse, above 0. [1]
    n_pulses : int
        Looks added after the square law; their local mean is one, their speckle new.
    p_clear : float
        Probability beforehand that a place has no clutter (the least level); the other levels are alike probable.
        Inside (0, 1). [1]
    p_rayleigh : float
        Probability beforehand that its clutter is Rayleigh; the other shapes are alike probable. Inside (0, 1). [1]
    share : float
        Weight of the neighbours in what a place starts with, 0 to below 1. [1]
    neighbour_sd_db : float
        How far neighbours that are alike differ in level, one standard deviation, above 0. [dB]
    wraps : bool
        Whether the last azimuth is the first's neighbour.
    memory_scans : float
        Scans (of `fade`) after which evidence has faded to 1/e; infinity for a ground that does not change. At least
        1. [1]

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    Notes
    -----
    Of the K law with noise the texture is taken for constant over the pulses of a look. Thresholds that lie inside the
    posterior are predictive: what is uncertain raises them, so that on average over what may be true the wanted share
    crosses. A place takes 1.6 kB, 8 kB
    more while its posterior is asked for.

    References
    ----------
    Ward, Tough & Watts, *Sea Clutter*, 2nd ed., 2013, ch. 4 and 9 (compound K law with noise); Gelman et al.,
    *Bayesian Data Analysis*, 3rd ed., 2013, ch. 3 (grids) and 8 (data that are not seen).

    Examples
    --------
    >>> quiet = ClutterPlaces(2, 2, threshold=13.8)
    >>> quiet.learn(np.array([0]), np.array([1]), np.array([40.0]), looks=5000.0)
    >>> law = quiet.law()
    >>> bool(law.mean_power[0, 1] > law.mean_power[1, 0])
    True
    """

    def __init__(
        self,
        n_range: int,
        n_azimuth: int,
        *,
        threshold: float,
        n_pulses: int = 1,
        p_clear: float = 0.5,
        p_rayleigh: float = 0.5,
        share: float = 0.5,
        neighbour_sd_db: float = 3.0,
        wraps: bool = True,
        memory_scans: float = math.inf,
    ) -> None:
        self._shape = count("n_range", n_range), count("n_azimuth", n_azimuth)
        self._n_pulses = count("n_pulses", n_pulses)
        self._quiet_log = _quiet_table(float(within("threshold", threshold, above=0.0)), self._n_pulses)
        self._density_log = _density_table(self._n_pulses)
        clear = float(within("p_clear", p_clear, above=0.0, below=1.0))
        self._share = float(within("share", share, least=0.0, below=1.0))
        step = (LEVELS_DB - LEVELS_DB[:, None]) / float(within("neighbour_sd_db", neighbour_sd_db, above=0.0))
        blur = np.exp(-0.5 * step * step)
        blur[0], blur[:, 0], blur[0, 0] = 0.0, 0.0, 1.0  # a clear place says clear, any other says clutter
        self._blur = blur / blur.sum(axis=1, keepdims=True)
        if not memory_scans >= 1.0:
            raise ValueError(f"memory_scans must be at least 1, got {memory_scans!r}")
        self._wraps, self._per_scan = bool(wraps), 1.0 / memory_scans
        rayleigh = float(within("p_rayleigh", p_rayleigh, above=0.0, below=1.0))
        levels = np.full(len(LEVELS_DB), (1.0 - clear) / (len(LEVELS_DB) - 1))
        shapes = np.full(len(SHAPES), (1.0 - rayleigh) / (len(SHAPES) - 1))
        levels[0], shapes[-1] = clear, rayleigh
        prior = levels[:, None] * shapes
        self.prior = prior
        """(g, h) probability beforehand of each of `LEVELS_DB` and `SHAPES`. [1]"""
        self._hits = np.zeros((*self._shape, len(_POWER_DB)))  # by power
        self._n_quiet = np.zeros(self._shape)
        self._background = np.zeros((3, *self._shape))
        self._log_worth = 0.0  # of newest evidence in what is kept: all else fades by making it grow
        self._posterior: FloatArray | None = None

    def learn(self, row: IntArray, column: IntArray, power: FloatArray, *, looks: ArrayLike) -> None:
        """Take in one scan.

        Parameters
        ----------
        row, column : (n,) arrays
            Place of each false plot.
        power : (n,) array
            Its measured power over mean noise, a pulse, above 0. [power ratio]
        looks : array_like
            Resolution cells that the scan tested in each place (r, a), those that crossed among them; a place with
            more plots than looks was tested as often as it crossed. [1]

        Raises
        ------
        ValueError
            If a place is not on the grid, a power not above 0, or looks are negative.
        """
        z = within("power", power, above=0.0, remedy="decibels?")
        if not (np.shape(row) == np.shape(column) == z.shape and z.ndim == 1):
            raise ValueError(f"row, column and power must be (n,), got {np.shape(row)}, {np.shape(column)}, {z.shape}")
        if len(z) and not (min(np.min(row), np.min(column)) >= 0 and np.max(row) < self._shape[0]):
            raise ValueError(f"row must lie in 0 to {self._shape[0] - 1}, column in 0 to {self._shape[1] - 1}")
        if len(z) and np.max(column) >= self._shape[1]:
            raise ValueError(f"column must lie in 0 to {self._shape[1] - 1}, got {int(np.max(column))}")
        tested = np.broadcast_to(within("looks", looks, least=0.0), self._shape)
        self._posterior = None
        hits, worth = np.zeros(self._shape), math.exp(self._log_worth)
        if len(z):
            at = np.clip((10.0 * np.log10(z) - _POWER_DB[0]) / 0.5, 0.0, len(_POWER_DB) - 1.001)
            i = at.astype(np.int64)
            rest = at - i
            np.add.at(self._hits, (row, column, i), worth * (1.0 - rest))
            np.add.at(self._hits, (row, column, i + 1), worth * rest)
            np.add.at(hits, (row, column), 1.0)
        self._n_quiet += worth * np.maximum(tested - hits, 0.0)

    def learn_background(self, mean_power: FloatArray, mean_amplitude: FloatArray, *, looks: ArrayLike) -> None:
        """Take in the level that the receiver reports of each place, in place of plots and misses.

        Parameters
        ----------
        mean_power, mean_amplitude : (r, a) arrays
            Mean over the looks of the power over mean noise (a pulse), and of its square root. Above 0 where there are
            looks. [power ratio, its root]
        looks : array_like
            Independent looks averaged, at least 0. [1]

        Raises
        ------
        ValueError
            If a value is outside its domain, or a mean amplitude is above the root of the mean power.

        Notes
        -----
        The means' logarithms are taken for jointly normal about those of the law, which wants some hundred looks in
        all. The root, not the square, beside the mean: a shape by squares of spiky powers would want thousands.
        """
        n = np.broadcast_to(within("looks", looks, least=0.0), self._shape)
        power = np.broadcast_to(within("mean_power", mean_power, least=0.0), self._shape)
        root = np.broadcast_to(within("mean_amplitude", mean_amplitude, least=0.0), self._shape)
        if np.any((n > 0.0) & ~((root > 0.0) & (root * root <= power * (1.0 + 1e-9)))):
            raise ValueError(
                "mean_amplitude must lie above 0 and at most at the root of mean_power where there are looks"
            )
        self._posterior = None
        self._background += math.exp(self._log_worth) * n * np.array([np.ones(self._shape), power, root])

    def fade(self, scans: float = 1.0) -> None:
        """Let what was learned age by so many scans; call it once a scan, before what the scan says.

        Raises
        ------
        ValueError
            If ``scans`` is negative or not finite.
        """
        passed = float(within("scans", scans, least=0.0))
        if self._per_scan == 0.0 or passed == 0.0:
            return
        self._posterior = None
        self._log_worth += min(passed * self._per_scan, 700.0)
        if self._log_worth > 14.0:
            for kept in (self._hits, self._n_quiet, self._background):
                kept *= math.exp(-self._log_worth)
            self._log_worth = 0.0

    def posterior(self) -> FloatArray:
        """Return the probability (r, a, g, h) of each level and shape. [1]"""
        if self._posterior is None:
            unit = math.exp(-self._log_worth)
            by_power = self._density_log.reshape(len(_POWER_DB), -1)
            log = (unit * self._hits @ by_power).reshape(*self._shape, *self.prior.shape)
            log += (unit * self._n_quiet)[..., None, None] * self._quiet_log
            log += self._background_log(unit * self._background[0])
            log -= log.max(axis=(2, 3), keepdims=True)
            likelihood = np.exp(log)
            alone = likelihood * self.prior
            alone /= alone.sum(axis=(2, 3), keepdims=True)
            if self._share > 0.0:
                alone = likelihood * self._start(alone)
                alone /= alone.sum(axis=(2, 3), keepdims=True)
            self._posterior = alone
            return alone
        return self._posterior

    def law(self) -> LearnedLaw:
        """Return what is believed now, place by place."""
        p = self.posterior()
        level, shape = p.sum(axis=3).cumsum(axis=2), p.sum(axis=2).cumsum(axis=2)
        points = np.array([0.1, 0.5, 0.9])
        pick = [np.minimum((c[..., None] < points).sum(axis=2), c.shape[2] - 1) for c in (level, shape)]
        return LearnedLaw(
            cnr_db=LEVELS_DB[pick[0]],
            shape=SHAPES[pick[1]],
            mean_power=1.0 + p.sum(axis=3) @ 10.0 ** (0.1 * LEVELS_DB),
            p_rayleigh=p[..., -1].sum(axis=2),
        )

    def threshold(self, pfa: float) -> FloatArray:
        """Threshold of each place that clutter and noise cross with the wanted probability.

        Parameters
        ----------
        pfa : float
            Probability of false alarm a cell, 1e-12 to below 1. [1]

        Returns
        -------
        (r, a) array
            Threshold on the sum of a look's powers, noise mean 1 a pulse. [1]

        Raises
        ------
        ValueError
            If ``pfa`` is outside its domain.

        Notes
        -----
        Predictive: the mean over the posterior of the compound law's probability (`clutter_law.compound_pfa`). Over
        ``n_pulses`` times `LearnedLaw.mean_power` it is the multiplier.
        """
        wanted = float(within("pfa", pfa, least=1e-12, below=1.0))
        weight, n = self._mixture(), self._n_pulses
        goal = math.log(wanted)

        def above(x: FloatArray) -> BoolArray:
            crossed = (weight * _tail(n, np.exp(x)[..., None] / _LOCAL)).sum(axis=-1)
            return np.log(np.maximum(crossed, 1e-300)) > goal

        most = math.log(float(detection.threshold(wanted, n)) * _LOCAL[-1])
        return np.exp(_bisect(above, self._shape, math.log(1e-3), most))

    def required_snr(self, pd: float, pfa: float) -> FloatArray:
        """Signal over *noise* that a look needs in each place, with the place's own threshold.

        Parameters
        ----------
        pd, pfa : float
            Probabilities of detection and of false alarm, ``pfa`` below ``pd``. [1]

        Returns
        -------
        (r, a) array
            Mean signal-to-noise ratio of one of the added pulses, echo new from pulse to pulse (Swerling 1 for one
            pulse, 2 for more). [power ratio]

        Raises
        ------
        ValueError
            If a probability is outside its domain.
        """
        limit, weight, n = self.threshold(pfa)[..., None], self._mixture(), self._n_pulses
        wanted = float(within("pd", pd, above=pfa, below=1.0))

        def below(x: FloatArray) -> BoolArray:
            return (weight * _tail(n, limit / (_LOCAL + np.exp(x)[..., None]))).sum(axis=-1) < wanted

        return np.exp(_bisect(below, self._shape, -12.0, 30.0))

    def gain_db(self, law: cfar.Cfar, *, pd: float = 0.5, pfa: float = 1e-6) -> FloatArray:
        """Signal-to-noise ratio that the learned threshold saves against a CFAR, place by place.

        Parameters
        ----------
        law : Cfar
            What the radar would do without the map.
        pd, pfa : float
            Probabilities at which both are held. [1]

        Returns
        -------
        (r, a) array
            Gain; at most the CFAR's loss (`cfar.loss_db`), less what is not known of the place. [dB]

        Raises
        ------
        ValueError
            If a probability is outside its domain.

        Notes
        -----
        The CFAR is given even surroundings, at whatever the local mean is: its best case. At an edge it is worse.
        """
        ours, weight = self.required_snr(pd, pfa), self._mixture()
        # Pd of the CFAR in a lattice of signal over local mean, then averaged over the local means
        lattice_db = np.arange(-40.0, 90.0, 0.25)
        swerling = 1 if self._n_pulses == 1 else 2
        curve = cfar.pd(law, 10.0 ** (0.1 * lattice_db), pfa, n_pulses=self._n_pulses, swerling=swerling)

        def below(x: FloatArray) -> BoolArray:
            over_db = x[..., None] / _PER_DB - _LOCAL_DB
            return (weight * np.interp(over_db, lattice_db, curve)).sum(axis=-1) < pd

        theirs = np.exp(_bisect(below, self._shape, -12.0, 30.0))
        return 10.0 * np.log10(theirs / ours)

    def _mixture(self) -> FloatArray:
        """Share (r, a, m) of looks at each local mean, as now believed."""
        p = self.posterior()
        return (p.reshape(*self._shape, -1) @ _local_means().reshape(-1, len(_LOCAL))).astype(np.float64)

    def _start(self, alone: FloatArray) -> FloatArray:
        """What each place starts with: the prior, and the blurred beliefs of its neighbours."""
        told = np.einsum("ji,rajh->raih", self._blur, alone, optimize=True)
        told[..., 1:-1] = 0.5 * told[..., 1:-1] + 0.25 * (told[..., :-2] + told[..., 2:])
        told /= told.sum(axis=(2, 3), keepdims=True)
        total, n = np.zeros_like(told), np.zeros(self._shape)
        for axis in (0, 1):
            for step in (1, -1):
                if self._shape[axis] == 1:
                    continue
                moved, ours = np.roll(told, step, axis=axis), np.ones(self._shape)
                if axis == 0 or not self._wraps:
                    edge = [slice(None), slice(None)]
                    edge[axis] = slice(0, 1) if step == 1 else slice(-1, None)
                    ours[tuple(edge)] = 0.0
                total += ours[..., None, None] * moved
                n += ours
        share = np.where(n > 0.0, self._share, 0.0)[..., None, None]
        return (1.0 - share) * self.prior + share * total / np.maximum(n, 1.0)[..., None, None]

    def _background_log(self, n: FloatArray) -> FloatArray | float:
        if not np.any(n > 0.0):
            return 0.0
        half, one, more, two = _moments(self._n_pulses)
        some = np.maximum(n, 1e-300)
        looks = np.maximum(n, 1.0)[..., None, None]
        seen = np.where(n > 0.0, self._background[1:] * math.exp(-self._log_worth) / some, 1.0)[..., None, None]
        v11, v12, v22 = two / one**2 - 1.0, more / (half * one) - 1.0, one / half**2 - 1.0
        # a mean's logarithm lies half its variance low
        x1 = np.log(seen[0]) - np.log(one) + 0.5 * v11 / looks
        x2 = np.log(seen[1]) - np.log(half) + 0.5 * v22 / looks
        det = v11 * v22 - v12**2
        square = (v22 * x1**2 - 2.0 * v12 * x1 * x2 + v11 * x2**2) / det
        return np.where((n > 0.0)[..., None, None], -0.5 * looks * square - 0.5 * np.log(det), 0.0)


class ClutterLearner:
    """Learns the clutter of one radar from its plots, turn by turn.

    Parameters
    ----------
    radar : Radar
        The radar; its threshold is a fixed one.
    n_range, n_azimuth : int
        Places that its coverage is cut into.
    range_max_m : float or None
        Where the last place ends; None for the instrumented range. [m]
    **options
        As of `ClutterPlaces`.

    Raises
    ------
    ValueError
        If the radar has a CFAR: in even clutter its plots tell nothing of the level. Give `ClutterPlaces` what its
        reference cells say.

    Notes
    -----
    Clutter of the surface fills the lowest elevation beam: plots above it are left out, and so are looks there. All
    filters of a bank are taken together; clutter in some filters only shows as spikes. Powers are over what the radar
    takes for its mean noise: of a radar whose threshold already follows the mean of the ground, the surplus is learned.
    Plots of jammed directions are left out, their looks are not.

    Examples
    --------
    >>> radar = Radar.of(
    ...     frequency_hz=3e9, peak_power_w=32e3, pulse_width_s=170e-6, bandwidth_hz=1e6, n_coherent=8, n_pulses=1,
    ...     gain_tx=1e4, gain_rx=1e4, noise_temperature_k=580.0, losses=7.0,
    ...     beamwidth_azimuth_rad=0.02, beamwidth_elevation_rad=0.03, elevation_min_rad=-0.01, elevation_max_rad=1.2,
    ...     period_s=10.0, pfa=1e-6, range_min_m=3e3, range_max_m=500e3, range_rate_max_mps=1200.0,
    ...     measures_elevation=True, measures_range_rate=True,
    ... )
    >>> learner = ClutterLearner(radar, n_range=4, n_azimuth=8, range_max_m=50e3)
    >>> learner.step(Plots.empty(), np.zeros(0, bool))
    >>> learner.places.law().mean_power.shape
    (4, 8)
    """

    def __init__(
        self,
        radar: Radar,
        *,
        n_range: int = 16,
        n_azimuth: int = 32,
        range_max_m: float | None = None,
        **options: float,
    ) -> None:
        if radar.processing.cfar is not None:
            raise ValueError(
                f"the radar's threshold is a CFAR ({radar.processing.cfar.kind}), which hides the level of clutter; "
                "give ClutterPlaces.learn_background what its reference cells say"
            )
        self._radar, self._limit = radar, float(detection.threshold(radar.pfa, radar.n_pulses))
        self._last_m = radar.range_max_m if range_max_m is None else float(range_max_m)
        if not radar.range_min_m < self._last_m <= radar.range_max_m:
            raise ValueError(
                f"range_max_m must lie in {radar.range_min_m:g} to {radar.range_max_m:g}, got {range_max_m!r}"
            )
        self._first_m, width, face = radar.range_min_m, radar.scan.azimuth_width_rad, radar.antenna.face_azimuth_rad
        self._first_rad = 0.0 if face is None else face - 0.5 * width
        self._width_rad = min(width, 2.0 * math.pi)
        self.places = ClutterPlaces(
            n_range,
            n_azimuth,
            threshold=self._limit,
            n_pulses=radar.n_pulses,
            wraps=self._width_rad > 2.0 * math.pi * (1.0 - 1e-12),
            **options,  # type: ignore[arg-type]
        )
        """What was learned."""
        self._n = n_range, n_azimuth
        cells = (self._last_m - self._first_m) / radar.range_cell_m / n_range
        self._looks = cells * radar.n_beams_azimuth / n_azimuth * radar.n_filters
        self._top_rad = (
            radar.elevation_min_rad + radar.beamwidth_elevation_rad if radar.measures_elevation else math.inf
        )

    def step(self, plots: Plots, used: BoolArray, *, turns: float = 1.0) -> None:
        """Take in the plots of so many turns.

        Parameters
        ----------
        plots : Plots
            Of this radar alone.
        used : (n,) array of bool
            Whether a track took the plot: it is no clutter then.
        turns : float
            Turns of the antenna (or frames) that they are of, at least 0. [1]

        Raises
        ------
        ValueError
            If ``used`` does not fit the plots or ``turns`` is negative.
        """
        if np.shape(used) != plots.t_s.shape:
            raise ValueError(f"used is one truth value a plot, wanted {plots.t_s.shape}, got {np.shape(used)}")
        power = 10.0 ** (0.1 * plots.snr_db)
        z = plots.measurement
        keep = ~np.asarray(used, bool) & (power * self._radar.n_pulses > self._limit) & (plots.noise_db < 1.0)
        keep &= (z[:, 0] >= self._first_m) & (z[:, 0] < self._last_m) & ~(z[:, 2] > self._top_rad)
        row = (z[keep, 0] - self._first_m) * (self._n[0] / (self._last_m - self._first_m))
        column = np.mod(z[keep, 1] - self._first_rad, 2.0 * math.pi) * (self._n[1] / self._width_rad)
        turns = float(within("turns", turns, least=0.0))
        self.places.fade(turns)
        self.places.learn(
            np.minimum(row.astype(np.int64), self._n[0] - 1),
            np.minimum(column.astype(np.int64), self._n[1] - 1),
            power[keep],
            looks=self._looks * turns,
        )


def _tail(n_pulses: int, over: FloatArray) -> FloatArray:
    """Probability that exponential powers, added, exceed a multiple of their mean."""
    return np.exp(-over) if n_pulses == 1 else special.gammaincc(n_pulses, over)


def _bisect(under: Callable[[FloatArray], BoolArray], shape: tuple[int, int], low: float, high: float) -> FloatArray:
    """Border below which ``under`` holds, to 1e-6, for an array of unknowns."""
    least, most = np.full(shape, low), np.full(shape, high)
    for _ in range(int(math.log2((high - low) / 1e-6)) + 1):
        middle = 0.5 * (least + most)
        is_under = under(middle)
        least, most = np.where(is_under, middle, least), np.where(is_under, most, middle)
    return 0.5 * (least + most)
