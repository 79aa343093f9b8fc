"""Summaries of a posterior on mean radar cross-section: level, and what it means in range."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from watchfloor.base.picture import SIGMA_GRID_DBSM, Knowledge
from watchfloor.base.units import FloatArray, IntArray
from watchfloor.physics.atmosphere import GasTable
from watchfloor.physics.radar import Radar, detection_range

_HALF_STEP_DB = 0.5 * float(SIGMA_GRID_DBSM[1] - SIGMA_GRID_DBSM[0])
DECILES = (0.1, 0.5, 0.9)
"""The 10, 50 and 90 % points. [1]"""


def mean_sd_dbsm(log_posterior: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean and standard deviation in decibels.

    Parameters
    ----------
    log_posterior : (..., g) array
        Normalised log probabilities of the levels of ``SIGMA_GRID_DBSM``. [1]

    Returns
    -------
    mean_dbsm, sd_db : (...) arrays
        Moments of the level. [dBsm, dB]
    """
    weight = np.exp(log_posterior)
    mean = weight @ SIGMA_GRID_DBSM
    return mean, np.sqrt((weight * (SIGMA_GRID_DBSM - mean[..., None]) ** 2).sum(axis=-1))


def quantiles_dbsm(log_posterior: FloatArray, probabilities: Sequence[float] = DECILES) -> FloatArray:
    """Quantiles of the level.

    Parameters
    ----------
    log_posterior : (n, g) array
        Normalised log probabilities of the levels of ``SIGMA_GRID_DBSM``. [1]
    probabilities : sequence of float
        Wanted, each inside (0, 1). [1]

    Returns
    -------
    (n, q) array
        Quantiles; a level's probability is spread evenly over the half step about it. [dBsm]
    """
    if not all(0.0 < p < 1.0 for p in probabilities):
        raise ValueError(f"probabilities must lie inside (0, 1), got {tuple(probabilities)}")
    edges = np.append(SIGMA_GRID_DBSM - _HALF_STEP_DB, SIGMA_GRID_DBSM[-1] + _HALF_STEP_DB)
    below = np.concatenate((np.zeros((len(log_posterior), 1)), np.cumsum(np.exp(log_posterior), axis=1)), axis=1)
    return np.array([np.interp(probabilities, row, edges) for row in below]).reshape(-1, len(probabilities))


def mixture(knowledge: Knowledge, rows: IntArray) -> FloatArray:
    """Return the (g,) normalised log posterior of a level drawn from one of some rows, each as likely. [1]"""
    return np.log(np.maximum(np.exp(knowledge.log_posterior[rows]).mean(axis=0), 1e-300))


def detection_range_m(
    radar: Radar,
    log_posterior: FloatArray,
    *,
    pd: float = 0.5,
    pfa: float | None = None,
    swerling: int = 1,
    gas: GasTable | None = None,
    probabilities: Sequence[float] = DECILES,
) -> FloatArray:
    """Range at which one scan detects with probability ``pd``, as far as the cross-section is known.

    Parameters
    ----------
    radar : Radar
        The radar.
    log_posterior : (n, g) array
        Normalised log probabilities of the levels of ``SIGMA_GRID_DBSM``. [1]
    pd : float
        Probability of detection of one scan. [1]
    pfa : float or None
        Probability of false alarm a cell; None for the radar's own. [1]
    swerling : int
        Fluctuation law.
    gas : GasTable or None
        Loss in the atmosphere; None for a vacuum.
    probabilities : sequence of float
        Quantiles wanted. [1]

    Returns
    -------
    (n, q) array
        Quantiles of the slant range; horizon and instrumented range play no part. [m]

    Notes
    -----
    The range rises with the cross-section, so its quantiles are the ranges of the level's.
    """
    sigma_m2 = 10.0 ** (0.1 * quantiles_dbsm(log_posterior, probabilities))
    return detection_range(radar, sigma_m2, pd, swerling=swerling, pfa=pfa, gas=gas)
