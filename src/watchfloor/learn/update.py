r"""Evidence of a look: what a hit or a miss says of the mean radar cross-section.

A hit is the density of the detector's statistic at the measured power, a miss the probability of staying below the
threshold in force, both as functions of the mean signal-to-noise ratio alone:

.. math:: \log f(z\,|\,\sigma\,\mathrm{SNR}_1)\ \text{(hit)},\qquad
          \log(1 - q\,P_d(\sigma\,\mathrm{SNR}_1))\ \text{(miss)}

with :math:`\mathrm{SNR}_1` that of 1 m2 at the track's place and q the chance that an echo above the threshold finds
its track. Both are tabulated once on a lattice of decibels; the kernel interpolates (four-point Lagrange).

Pd is that of the radar's own detector: with a CFAR the threshold is a multiplier times a level from reference cells,
which fluctuates, so Pd is lower (`cfar.pd`) and a miss says less. A hit says the same with and without: its likelihood
is :math:`f(z\,|\,\sigma)\,P(\text{threshold} < z)`, the level comes from other cells than the echo, and so the second
factor does not depend on :math:`\sigma` and falls out. That needs measured powers over the radar's mean noise, as
`Plots.snr_db` has them, not over the estimated level. (Leaving the miss out is another matter: that a look was *seen*
does depend on :math:`\sigma`.)

The looks of a set of repetition frequencies that are not alike enter with their mean, as `radar.look` gives it: exact
for Swerling 0, 1 and 3, and what the sensors draw for 2 and 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from watchfloor.base.picture import SIGMA_GRID_DBSM
from watchfloor.base.units import FloatArray, IntArray
from watchfloor.learn import _kernels
from watchfloor.physics import cfar, detection
from watchfloor.physics.fluctuation import decorrelation_rad as decorrelation_rad
from watchfloor.physics.radar import Radar

STEP_DB = float(SIGMA_GRID_DBSM[1] - SIGMA_GRID_DBSM[0])
"""Step of the lattices and of the grid of levels: one interpolation weight serves a whole row. [dB]"""
SNR_MIN_DB, SNR_MAX_DB = -40.0, 70.0
"""Signal-to-noise ratios computed; constant below, linear in decibels above (a power law there). [dB]"""
POWER_MIN_DB, POWER_MAX_DB = -5.0, 40.0
"""Measured powers computed; beyond the upper end the density depends on power over signal alone. [dB]"""
SNR_1M2_MAX_DB = 110.0
"""A 1 m2 signal-to-noise ratio beyond this, either way, is taken to be this. [dB]"""
_FIRST_DB = SIGMA_GRID_DBSM[0] - SNR_1M2_MAX_DB - 2.0 * STEP_DB
N_LATTICE = round((SIGMA_GRID_DBSM[-1] + SNR_1M2_MAX_DB + 2.0 * STEP_DB - _FIRST_DB) / STEP_DB) + 1
"""Points of a lattice of signal-to-noise ratios."""
_SNR_DB = np.arange(SNR_MIN_DB, SNR_MAX_DB + 0.5 * STEP_DB, STEP_DB)
_POWER_DB = np.arange(POWER_MIN_DB, POWER_MAX_DB + 0.5 * STEP_DB, STEP_DB)
LATTICE = np.array([_FIRST_DB, STEP_DB, POWER_MIN_DB, POWER_MAX_DB])
"""(4,) first signal-to-noise ratio of the lattices, their step, first and last measured power. [dB]"""
_LOG_TINY = -700.0
_MISS_LEAST = 1e-8
"""Least probability of a miss that is taken from one less Pd. [1]"""


def _spread_out(rows: FloatArray, *, linear: bool) -> FloatArray:
    """Continue rows computed on SNR_MIN_DB..SNR_MAX_DB to the whole lattice; read-only."""
    before = round((SNR_MIN_DB - _FIRST_DB) / STEP_DB)
    after = N_LATTICE - before - rows.shape[-1]
    slope = (rows[..., -1:] - rows[..., -2:-1]) if linear else 0.0
    out = np.concatenate(
        (
            np.repeat(rows[..., :1], before, axis=-1),
            rows,
            rows[..., -1:] + slope * np.arange(1.0, after + 1.0),
        ),
        axis=-1,
    )
    out.setflags(write=False)
    return out


@lru_cache(maxsize=64)
def hit_table(n_pulses: int, swerling: int) -> FloatArray:
    """Log density of the statistic by measured power and signal-to-noise ratio, both on their lattices. [1]"""
    table = _kernels.density_table(10.0 ** (0.1 * _POWER_DB), 10.0 ** (0.1 * _SNR_DB), n_pulses, swerling)
    return _spread_out(table, linear=True)


@lru_cache(maxsize=1024)
def miss_row(pfa: float, n_pulses: int, swerling: int, association: float, law: cfar.Cfar | None = None) -> FloatArray:
    """Log probability of no hit against the signal-to-noise ratio, on the lattice; ``law`` is the radar's CFAR. [1]"""
    snr = 10.0 ** (0.1 * _SNR_DB)
    if law is None:
        miss = detection.miss(snr, pfa, n_pulses=n_pulses, swerling=swerling)
    else:
        miss = _cfar_miss(law, snr, pfa, n_pulses, swerling)
    with np.errstate(divide="ignore"):
        return _spread_out(np.maximum(np.log(1.0 - association + association * miss), _LOG_TINY), linear=True)


def _cfar_miss(law: cfar.Cfar, snr: FloatArray, pfa: float, n_pulses: int, swerling: int) -> FloatArray:
    """One less Pd; where rounding would show, on with the slope it had: exact for a power law, else too large."""
    miss = 1.0 - cfar.pd(law, snr, pfa, n_pulses=n_pulses, swerling=swerling)
    small = int(np.argmax(miss < _MISS_LEAST)) if np.any(miss < _MISS_LEAST) else len(miss)
    if 2 <= small < len(miss):
        ratio = miss[small - 1] / miss[small - 2]
        miss[small:] = miss[small - 1] * ratio ** np.arange(1.0, len(miss) - small + 1.0)
    return miss


@lru_cache(maxsize=1024)
def pd_row(pfa: float, n_pulses: int, swerling: int, law: cfar.Cfar | None = None) -> FloatArray:
    """Probability of detection against the signal-to-noise ratio, on the lattice; ``law`` is the radar's CFAR. [1]"""
    snr = 10.0 ** (0.1 * _SNR_DB)
    if law is None:
        return _spread_out(detection.pd(snr, pfa, n_pulses=n_pulses, swerling=swerling), linear=False)
    return _spread_out(cfar.pd(law, snr, pfa, n_pulses=n_pulses, swerling=swerling), linear=False)


class Echoes:
    """Likelihood tables of every radar and fluctuation law of a run.

    Parameters
    ----------
    radars : sequence of Radar
        The primary radars.
    swerlings : sequence of int
        Fluctuation laws in play, each once.
    association : float
        Chance that an echo above the threshold is given to its track, above 0. [1]

    Raises
    ------
    ValueError
        If a law is none of 0 to 4, or the chance outside (0, 1].
    """

    def __init__(self, radars: Sequence[Radar], swerlings: Sequence[int], association: float) -> None:
        if not 0.0 < association <= 1.0:
            raise ValueError(f"association must lie in (0, 1], got {association!r}")
        for law in swerlings:
            detection.shape(law, 1)
        self._radars = tuple(radars)
        self._swerlings = tuple(swerlings)
        self._association = association
        self.hit = np.array([[hit_table(r.n_pulses, w) for w in swerlings] for r in radars]).reshape(
            len(radars), len(swerlings), len(_POWER_DB), N_LATTICE
        )
        """(s, w, power, snr) log densities. [1]"""
        self._pfas = np.zeros(0)
        self.miss = np.zeros((0, len(radars), len(swerlings), N_LATTICE))
        """(pfa, s, w, snr) log probabilities of a miss, by the thresholds met so far. [1]"""

    def thresholds(self, pfa: FloatArray) -> IntArray:
        """Return the row of ``miss`` for each threshold, adding those not met before."""
        place = np.searchsorted(self._pfas, pfa)
        if len(self._pfas) == 0 or np.any(self._pfas[np.minimum(place, len(self._pfas) - 1)] != pfa):
            known = np.unique(np.concatenate((self._pfas, pfa)))
            if not (known[0] > 0.0 and known[-1] < 1.0):
                raise ValueError(f"pfa of a look must lie inside (0, 1), got {known[0]!r} to {known[-1]!r}")
            self.miss = np.array(
                [
                    [
                        [
                            miss_row(float(p), r.n_pulses, w, self._association, r.processing.cfar)
                            for w in self._swerlings
                        ]
                        for r in self._radars
                    ]
                    for p in known
                ]
            )
            self._pfas = known
            place = np.searchsorted(known, pfa)
        return place

    def pd(self, pfa: FloatArray) -> FloatArray:
        """Return the probability of detection of each radar at its own thresholds.

        Parameters
        ----------
        pfa : (s, r) array
            Probabilities of false alarm a cell of each radar, inside (0, 1). [1]

        Returns
        -------
        (s, r, w, snr) array
            Probability of detection on the lattice, by radar, threshold and fluctuation law. [1]

        Raises
        ------
        ValueError
            If there is not one row a radar, or a ``pfa`` is outside (0, 1).
        """
        rungs = np.asarray(pfa, np.float64)
        if rungs.ndim != 2 or len(rungs) != len(self._radars):
            raise ValueError(f"pfa has one row a radar ({len(self._radars)}), got shape {rungs.shape}")
        out = np.empty((*rungs.shape, len(self._swerlings), N_LATTICE))
        for s, r in np.ndindex(*rungs.shape):
            radar = self._radars[s]
            for w, law in enumerate(self._swerlings):
                out[s, r, w] = pd_row(float(rungs[s, r]), radar.n_pulses, law, radar.processing.cfar)
        return out
