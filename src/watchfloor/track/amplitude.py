r"""The power of a plot as a feature: a strong echo is hardly noise, and hardly of a small target.

A plot's power tells a target's echo from a false plot, and one target from another. Both densities are those of what
crossed the threshold:

.. math:: \ln\Lambda = \ln\frac{f(z\,|\,\mathrm{SNR})}{P_d} - \ln\frac{f(z\,|\,0)}{P_{fa}}

with f that of the detector's statistic (`physics.detection.statistic_log_pdf`). The mean signal-to-noise ratio of a
track is known to a standard deviation in decibels, its *doubt*, and averaged over. Level and doubt of a track, two
numbers, are learned look by look: the posterior after a hit or a miss is matched by its two moments. Level is kept as
radar cross-section, so that it stays when the range changes; it is what `detection.DetectionModel` takes.

One pulse of Swerling 1 in Rayleigh noise gives :math:`\Lambda = \frac{P_{fa}}{P_d}\frac{1}{1+d}
\exp\frac{z\,d}{1+d}`, the form of Lerro & Bar-Shalom.

References
----------
Lerro & Bar-Shalom, "Interacting multiple model tracking with target amplitude feature", *IEEE Trans. AES* 29 (2), 1993,
pp. 494-509; Clark, Ristic, Vo & Vo, "Bayesian multi-object filtering with amplitude feature likelihood for unknown
object SNR", *IEEE Trans. SP* 58 (1), 2010, pp. 26-37; Maybeck, *Stochastic Models, Estimation and Control*, vol. 2,
1982, section 12.7 (assumed density filters).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import exp1

from watchfloor.base.units import FloatArray, IntArray
from watchfloor.physics import detection
from watchfloor.physics.radar import Radar
from watchfloor.track._kernels import amplitude as k

P_OTHER = 0.02
"""Share of plots, of targets and false ones alike, whose power follows no law: no law is known to its tails. [1]"""
DOUBT_DB = (1.0, 20.0)
"""Least and greatest doubt of a level. [dB]"""
_N_PLOT, _N_LEVEL, _N_DOUBT = 111, 161, 20
_NARROW = 100  # pulses from which, or steady, a law is narrower than a step: mean over parts of a step
_LEAST_NATS = -700.0
_OTHERS_FIRST = (1, 3, 0, 2, 4)  # where laws lie in a table does not depend on when they were met


class Power(NamedTuple):
    """What the powers of one batch of m plots are weighed by, for n tracks."""

    level_db: FloatArray
    """(n,) median signal-to-noise ratio, the noise in that direction counted; inf where nothing is known of it. [dB]"""
    doubt_db: FloatArray
    """(n,) its standard deviation, from 1 to 20 dB, and ``Amplitude.part_db`` of its law. [dB]"""
    plot_db: FloatArray
    """(m,) power over the noise in that direction. [dB]"""
    n_pulses: int
    """Pulses added."""
    p_other: float
    """Share of plots without a law. [1]"""
    table: FloatArray
    """Log densities, as `Amplitude.table`."""
    new: FloatArray | float
    """(m,) likelihood ratio of the plot of a new target over noise. [1]"""


class Amplitude:
    """Likelihood ratio of plot powers, and the levels of tracks, for one radar.

    Parameters
    ----------
    radar : Radar or None
        The radar: its pulses added. None for one pulse.
    swerling : int
        How targets fluctuate, case 0 to 4.
    drift_db : float
        Standard deviation by which a level strays between two looks (aspect), at least 0. [dB]
    p_other : float
        Share of plots, of targets and false ones alike, whose power follows no law, at least 0 and below 1: they are
        taken to be spread over 60 dB evenly. It bounds what one power may say. [1]

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    Notes
    -----
    The ratio is read from a table to 0.05 nats (0.2 for a steady target known to 1 dB), in 60 ns a pair; an update
    takes 0.4 us (Swerling 1, one pulse), 2 us else, 10 us for steady targets.

    Noise and false plots are Rayleigh with the stated mean. Spiky clutter is stronger: where plots are false for other
    reasons than noise, take `LearnedAmplitude`.

    Examples
    --------
    >>> amplitude = Amplitude(None)
    >>> one = amplitude.log_ratio([12.0, 20.0], 15.0, 3.0, pd=0.66, pfa=1e-6)
    >>> bool(one[1] > one[0])
    True
    """

    def __init__(
        self,
        radar: Radar | None = None,
        *,
        swerling: int = 1,
        drift_db: float = 0.3,
        p_other: float = P_OTHER,
    ) -> None:
        if swerling not in detection.SWERLING:
            raise ValueError(f"swerling is a case 0 to 4, got {swerling!r}")
        if not 0.0 <= drift_db < math.inf:
            raise ValueError(f"drift_db must be at least 0 and finite, got {drift_db!r}")
        if not 0.0 <= p_other < 1.0:
            raise ValueError(f"p_other must lie in [0, 1), got {p_other!r}")
        self.n_pulses, self.swerling, self.p_other = 1 if radar is None else radar.n_pulses, int(swerling), p_other
        self.table = density_table(self.n_pulses, self.swerling)
        """Last argument of ``_kernels.amplitude.log_ratio_one``; other laws than ``swerling`` follow once met."""
        self._laws = {self.swerling}
        others = [law for law in _OTHERS_FIRST if law != self.swerling]
        self.part_db = np.zeros(len(detection.SWERLING))
        """(5,) what is added to a doubt, 1 to 20 dB, to be of a law that `add_laws` was told of. [dB]"""
        self.part_db[others] = k.DOUBT_STEP_DB * _N_DOUBT * np.arange(1, len(others) + 1)
        self._numbers = np.array([drift_db, *DOUBT_DB])
        self._thresholds: dict[float, float] = {}

    def log_ratio(
        self, snr_db: ArrayLike, level_db: ArrayLike, doubt_db: ArrayLike, *, pd: ArrayLike, pfa: ArrayLike
    ) -> FloatArray:
        """Log-likelihood ratio of powers, target over noise, both given that the threshold was crossed.

        Parameters
        ----------
        snr_db : array_like
            Power of each plot, as in ``Plots``; NaN for none. [dB]
        level_db, doubt_db : array_like
            Median signal-to-noise ratio of the track and its standard deviation (at least 1 dB is taken). [dB]
        pd : array_like
            Probability of detection at that level and doubt. [1]
        pfa : array_like
            Threshold that the plot crossed, as in ``Plots``. [1]

        Returns
        -------
        array
            0 where there is no power. [nats]

        Raises
        ------
        ValueError
            If shapes do not broadcast, or a ``pd`` or ``pfa`` is no probability.
        """
        rows = np.broadcast_arrays(*(np.asarray(a, np.float64) for a in (snr_db, level_db, doubt_db, pd, pfa)))
        for name, value in (("pd", rows[3]), ("pfa", rows[4])):
            if not np.all((value > 0.0) & (value <= 1.0)):
                raise ValueError(f"{name} must lie in (0, 1], got {value[~((value > 0.0) & (value <= 1.0))][0]!r}")
        power, level, doubt, p, q = (np.ascontiguousarray(a).ravel() for a in rows)
        out = k.log_ratio_rows(power, level, doubt, p, q, self.n_pulses, self.p_other, self.table)
        return out.reshape(rows[0].shape)

    def add_laws(self, swerling: IntArray) -> None:
        """Make ``table`` ready for other fluctuation laws than the radar's usual one.

        Parameters
        ----------
        swerling : (n,) array
            Laws, case 0 to 4; those that are there already cost nothing.

        Raises
        ------
        ValueError
            If a law is none.
        """
        for law in sorted(set(swerling.tolist()) - self._laws):
            if law not in detection.SWERLING:
                raise ValueError(f"swerling is a case 0 to 4, got {law!r}")
            at = round(float(self.part_db[law]) / k.DOUBT_STEP_DB)
            table = np.zeros((_N_PLOT, _N_LEVEL, max(at + _N_DOUBT, self.table.shape[2])))
            table[:, :, : self.table.shape[2]] = self.table
            table[:, :, at : at + _N_DOUBT] = density_table(self.n_pulses, law)
            self.table = table
            self._laws.add(law)

    def log_ratio_unknown(self, snr_db: FloatArray, *, pfa: FloatArray) -> FloatArray:
        """Log-likelihood ratio of powers, a target of which nothing is known over noise, the threshold crossed.

        Parameters
        ----------
        snr_db : (m,) array
            Power of each plot, as in ``Plots``; NaN for none. [dB]
        pfa : (m,) array
            Threshold that it crossed, inside (0, 1). [1]

        Returns
        -------
        (m,) array
            0 where there is no power; at most minus the logarithm of ``p_other``. [nats]

        Notes
        -----
        The power of such a target is taken to lie anywhere within 60 dB, evenly in decibels, as that of plots without
        a law: faint ones are then rather noise, strong ones rather a new target than noise, or than one that should
        be fainter.
        """
        n = len(snr_db)
        one = np.ones(n)
        level = np.full(n, math.inf)
        return k.log_ratio_rows(snr_db, level, one, one, pfa, self.n_pulses, self.p_other, self.table)

    def learn(
        self,
        level_dbsm: FloatArray,
        doubt_db: FloatArray,
        *,
        gain_db: FloatArray,
        snr_db: FloatArray,
        p_hit: FloatArray,
        pfa: FloatArray,
    ) -> tuple[FloatArray, FloatArray]:
        """Level and doubt of n tracks after one look at each.

        Parameters
        ----------
        level_dbsm, doubt_db : (n,) arrays
            What was believed of the cross-section: median and standard deviation. [dBsm, dB]
        gain_db : (n,) array
            Signal-to-noise ratio that 1 m2 has there; not finite for a look out of sight, which teaches nothing. [dB]
        snr_db : (n,) array
            Power of the plot, NaN for a miss. [dB]
        p_hit : (n,) array
            Probability that this plot is the track's; else the look was a miss. [1]
        pfa : (n,) array
            Threshold in force. [1]

        Returns
        -------
        level_dbsm, doubt_db : (n,) arrays
            After the look. [dBsm, dB]

        Raises
        ------
        ValueError
            If shapes differ, a ``p_hit`` is no probability, or a ``pfa`` is not inside (0, 1).

        Notes
        -----
        A sensor without radar data may count its gain from any range: ``-40 log10(range)``; its level is then no
        cross-section, but as good to tell plots apart.
        """
        level, doubt = np.array(level_dbsm, np.float64), np.array(doubt_db, np.float64)
        gain, power, hit, level_pfa = (np.ascontiguousarray(a, np.float64) for a in (gain_db, snr_db, p_hit, pfa))
        for name, value in (
            ("doubt_db", doubt),
            ("gain_db", gain),
            ("snr_db", power),
            ("p_hit", hit),
            ("pfa", level_pfa),
        ):
            if value.shape != level.shape or value.ndim != 1:
                raise ValueError(f"{name} is one number a track, wanted shape {level.shape}, got {value.shape}")
        if len(hit) and not (hit.min() >= 0.0 and hit.max() <= 1.0):
            raise ValueError("p_hit is a probability, got a value outside 0 to 1 or NaN")
        k.learn_rows(
            level, doubt, gain, power, hit, self._threshold(level_pfa), self._numbers, self.n_pulses, self.swerling
        )
        return level, doubt

    def _threshold(self, pfa: FloatArray) -> FloatArray:
        """Threshold of each probability; few differ."""
        if not len(pfa):
            return pfa
        if pfa.min() == pfa.max():
            return np.full(len(pfa), self._one(float(pfa[0])))
        return np.array([self._one(p) for p in pfa.tolist()])

    def _one(self, pfa: float) -> float:
        if pfa not in self._thresholds:
            if len(self._thresholds) > 1000:
                self._thresholds.clear()
            self._thresholds[pfa] = float(detection.threshold(pfa, self.n_pulses))
        return self._thresholds[pfa]


class LearnedAmplitude:
    """Likelihood ratio of plot powers from two learned histograms: of false plots, and of plots of tracks.

    Parameters
    ----------
    first_db, last_db : float
        Powers between which bins lie; what lies beyond is in the outermost. [dB]
    n_bins : int
        Bins, at least 2.
    memory_scans : float
        Scans after which a plot has faded to 1/e, at least 1. [1]
    prior_plots : float
        Plots that an even spread is worth in each histogram, above 0. [1]

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    Notes
    -----
    No law and no level: all tracks are alike. Straight between the middles of bins.

    References
    ----------
    Gelman et al., *Bayesian Data Analysis*, 3rd ed., 2013, section 3.4 (counts with a Dirichlet prior).
    """

    def __init__(
        self,
        *,
        first_db: float = 5.0,
        last_db: float = 50.0,
        n_bins: int = 30,
        memory_scans: float = 200.0,
        prior_plots: float = 30.0,
    ) -> None:
        if not (math.isfinite(first_db) and math.isfinite(last_db) and first_db < last_db):
            raise ValueError(f"first_db < last_db is wanted, both finite, got {first_db!r} and {last_db!r}")
        if not (n_bins == int(n_bins) and 2 <= n_bins <= 10_000):
            raise ValueError(f"n_bins must be a whole number from 2 to 10,000, got {n_bins!r}")
        if not 1.0 <= memory_scans < math.inf:
            raise ValueError(f"memory_scans must be at least 1 and finite, got {memory_scans!r}")
        if not 0.0 < prior_plots < math.inf:
            raise ValueError(f"prior_plots must be above 0 and finite, got {prior_plots!r}")
        self._first, self._per_db = first_db, n_bins / (last_db - first_db)
        self._middles = first_db + (np.arange(n_bins) + 0.5) / self._per_db
        self._keep, self._prior = math.exp(-1.0 / memory_scans), prior_plots
        self._counts = np.zeros((2, n_bins))

    def log_ratio(self, snr_db: FloatArray) -> FloatArray:
        """Log-likelihood ratio (m,) of powers (m,), track over false; 0 where there is no power. [nats]"""
        counts = self._counts + self._prior / self._counts.shape[1]
        share = np.log(counts / counts.sum(axis=1, keepdims=True))
        out = np.asarray(np.interp(snr_db, self._middles, share[1] - share[0]), np.float64)
        out[np.isnan(out)] = 0.0
        return out

    def learn(self, snr_db: FloatArray, p_false: FloatArray) -> None:
        """Take in one scan: powers of its plots (m,), and the probability of each to belong to no target (m,).

        Raises
        ------
        ValueError
            If shapes differ or a ``p_false`` is no probability.
        """
        power, p = np.asarray(snr_db, np.float64), np.asarray(p_false, np.float64)
        if power.shape != p.shape or power.ndim != 1:
            raise ValueError(f"one p_false a plot, wanted shape {power.shape}, got {p.shape}")
        if len(p) and not (p.min() >= 0.0 and p.max() <= 1.0):
            raise ValueError("p_false is a probability, got a value outside 0 to 1 or NaN")
        self._counts *= self._keep
        known = ~np.isnan(power)
        n = self._counts.shape[1]
        at = np.clip(((power[known] - self._first) * self._per_db).astype(np.int64), 0, n - 1)
        self._counts[0] += np.bincount(at, p[known], n)
        self._counts[1] += np.bincount(at, 1.0 - p[known], n)

    def save(self) -> dict[str, FloatArray]:
        """Return all that was learned, as arrays."""
        return {"counts": self._counts.copy()}

    def restore(self, saved: Mapping[str, FloatArray]) -> None:
        """Take back what `save` returned; ``ValueError`` if it has other bins."""
        if "counts" not in saved or np.shape(saved["counts"]) != self._counts.shape:
            raise ValueError(f"saved counts are of other bins than {self._counts.shape}")
        self._counts = np.array(saved["counts"], np.float64)


def unknown_log_ratio(snr_db: ArrayLike, *, snr_min: float, snr_max: float, pfa: float) -> FloatArray:
    r"""Log-likelihood ratio of one Swerling 1 pulse whose signal-to-noise ratio lies anywhere between two bounds.

    Parameters
    ----------
    snr_db : array_like
        Power of each plot, as in ``Plots``. [dB]
    snr_min, snr_max : float
        Bounds, 0 <= snr_min < snr_max; 1 + SNR is spread evenly in decibels between. [power ratio]
    pfa : float
        Threshold, inside (0, 1). [1]

    Returns
    -------
    array
        Target over noise, both given that the threshold was crossed. [nats]

    Raises
    ------
    ValueError
        If the bounds or ``pfa`` are outside their domain.

    Notes
    -----
    With :math:`u_i = 1/(1+d_i)`: density :math:`(e^{-z u_2} - e^{-z u_1})/(z \ln(u_1/u_2))`, detected with
    :math:`(E_1(T u_2) - E_1(T u_1))/\ln(u_1/u_2)`, :math:`E_1` the exponential integral.

    References
    ----------
    Clark, Ristic, Vo & Vo 2010 (module docstring), the marginal over an interval of SNR.

    Examples
    --------
    >>> unknown_log_ratio([12.0, 15.0, 20.0], snr_min=1.0, snr_max=1000.0, pfa=1e-4).round(2)
    array([ 2.44, 17.51, 84.67])
    """
    if not 0.0 <= snr_min < snr_max < math.inf:
        raise ValueError(f"0 <= snr_min < snr_max is wanted, finite, got {snr_min!r} and {snr_max!r} (decibels?)")
    if not 0.0 < pfa < 1.0:
        raise ValueError(f"pfa must lie inside (0, 1), got {pfa!r}")
    z, t = 10.0 ** (0.1 * np.asarray(snr_db, np.float64)), -math.log(pfa)
    u1, u2 = 1.0 / (1.0 + snr_min), 1.0 / (1.0 + snr_max)
    pd = exp1(t * u2) - exp1(t * u1)  # times 1 / ln(u1 / u2), as the density, so it cancels
    return -z * u2 + np.log(-np.expm1(-z * (u1 - u2)) / (z * pd)) + z + math.log(pfa)


@lru_cache(maxsize=16)
def density_table(n_pulses: int, swerling: int) -> FloatArray:
    """Log density of the statistic by power, level and doubt.

    Parameters
    ----------
    n_pulses : int
        Pulses added.
    swerling : int
        Fluctuation case 0 to 4.

    Returns
    -------
    (111, 161, 20) array
        Plot powers -15 to 40 dB, levels -20 to 60 dB, by 0.5 dB; doubts 1 to 20 dB by 1 dB. [1]

    Notes
    -----
    The mean over a normal law in decibels, steps of 0.5 dB out to 5 standard deviations.
    """
    step = k.STEP_DB
    plot = k.PLOT_FIRST_DB + step * np.arange(_N_PLOT, dtype=np.float64)
    level = k.LEVEL_FIRST_DB + step * np.arange(_N_LEVEL)
    doubt = k.DOUBT_FIRST_DB + k.DOUBT_STEP_DB * np.arange(_N_DOUBT)
    beyond = round(5.0 * doubt[-1] / step)
    wide = level[0] + step * np.arange(-beyond, _N_LEVEL + beyond)
    fine = (wide >= -60.0) & (wide <= 100.0)
    n_parts = 8 if swerling == 0 or n_pulses > _NARROW else 1
    part = step * ((np.arange(n_parts) + 0.5) / n_parts - 0.5)
    parts = 10.0 ** (0.1 * (wide[fine][:, None] + part).ravel())
    each = k.density_rows(10.0 ** (0.1 * plot), parts, n_pulses, swerling).reshape(_N_PLOT, -1, n_parts)
    log_one = np.logaddexp.reduce(each, axis=2) - math.log(n_parts)
    one = np.empty((_N_PLOT, len(wide)))
    one[:, fine] = log_one
    one[:, wide < -60.0] = log_one[:, :1]
    high = wide > 100.0
    slope = log_one[:, -1:] - log_one[:, -2:-1]
    one[:, high] = log_one[:, -1:] + slope * np.arange(1.0, high.sum() + 1.0)
    top = one.max(axis=1, keepdims=True)
    ratio = np.exp(np.maximum(one - top, _LEAST_NATS))
    out, columns = np.empty((_N_PLOT, _N_LEVEL, _N_DOUBT)), np.arange(_N_LEVEL)
    for c, sd in enumerate(doubt):
        reach = round(5.0 * sd / step)
        weight = np.exp(-0.5 * (step * np.arange(-reach, reach + 1) / sd) ** 2)
        weight /= weight.sum()
        slid = np.zeros((_N_LEVEL + 2 * reach, _N_LEVEL))
        slid[columns + np.arange(2 * reach + 1)[:, None], columns] = weight[:, None]
        mixed = ratio[:, beyond - reach : beyond + reach + _N_LEVEL] @ slid
        out[:, :, c] = np.log(np.maximum(mixed, 1e-304)) + top
    out.flags.writeable = False
    return out
