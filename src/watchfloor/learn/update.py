r"""Evidence of a look: what a hit or a miss says of the mean radar cross-section.

A hit is the density of the detector's statistic at the measured power, a miss the probability of staying below the
threshold in force, both as functions of the mean signal-to-noise ratio alone:

.. math:: \log f(z\,|\,\sigma\,\mathrm{SNR}_1)\ \text{(hit)},\qquad
          \log(1 - q\,P_d(\sigma\,\mathrm{SNR}_1))\ \text{(miss)}

with :math:`\mathrm{SNR}_1` that of 1 m2 at the track's place and q the chance that an echo above the threshold finds
its track. Both are tabulated once on a lattice of decibels; the kernel interpolates (four-point Lagrange).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from watchfloor.base.picture import SIGMA_GRID_DBSM
from watchfloor.base.units import FloatArray, IntArray
from watchfloor.learn import _kernels
from watchfloor.physics import detection
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
def miss_row(pfa: float, n_pulses: int, swerling: int, association: float) -> FloatArray:
    """Log probability of no hit against the signal-to-noise ratio, on the lattice. [1]"""
    miss = detection.miss(10.0 ** (0.1 * _SNR_DB), pfa, n_pulses=n_pulses, swerling=swerling)
    with np.errstate(divide="ignore"):
        return _spread_out(np.maximum(np.log(1.0 - association + association * miss), _LOG_TINY), linear=True)


@lru_cache(maxsize=1024)
def pd_row(pfa: float, n_pulses: int, swerling: int) -> FloatArray:
    """Probability of detection against the signal-to-noise ratio, on the lattice. [1]"""
    return _spread_out(detection.pd(10.0 ** (0.1 * _SNR_DB), pfa, n_pulses=n_pulses, swerling=swerling), linear=False)


class Echoes:
    """Likelihood tables of every radar and fluctuation law of a run.

    Parameters
    ----------
    radars : sequence of Radar
        The primary radars.
    swerlings : sequence of int
        Fluctuation laws in play, each once.
    association : float
        Chance that an echo above the threshold is given to its track. [1]
    """

    def __init__(self, radars: Sequence[Radar], swerlings: Sequence[int], association: float) -> None:
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
                        [miss_row(float(p), r.n_pulses, w, self._association) for w in self._swerlings]
                        for r in self._radars
                    ]
                    for p in known
                ]
            )
            self._pfas = known
            place = np.searchsorted(known, pfa)
        return place
