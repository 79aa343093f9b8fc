"""Levels and spreads: the grid on which cross-sections are believed, and the catalogue's curves averaged over cells."""

from __future__ import annotations

import numpy as np

from watchfloor.base.picture import SIGMA_GRID_DBSM
from watchfloor.base.units import FloatArray
from watchfloor.scenario import catalog
from watchfloor.scenario.cards import BandSignature
from watchfloor.scenario.spread import Spread

Z90 = 1.281_551_565_544_600_4
"""Standard normal score of 90 %. [1]"""
_N_FINE = 16


def cell_centres(cell_deg: float) -> FloatArray:
    """Centres of equal aspect cells over 0 (nose-on) to pi.

    Parameters
    ----------
    cell_deg : float
        Width of a cell; divides 180. [deg]

    Returns
    -------
    (c,) array
        Centres. [rad]

    Raises
    ------
    ValueError
        If the width does not divide 180 degrees.
    """
    n = round(180.0 / cell_deg)
    if n < 1 or abs(n * cell_deg - 180.0) > 1e-9:
        raise ValueError(f"cell_deg must divide 180 degrees, got {cell_deg!r}")
    return (np.arange(n, dtype=np.float64) + 0.5) * (np.pi / n)


def two_piece(spread: Spread) -> tuple[float, float, float]:
    """Return median and the deviations below and above it that meet the spread's 10 and 90 % points."""
    p10, p50, p90 = spread.quantile_range()
    return p50, (p50 - p10) / Z90, (p90 - p50) / Z90


def normalised(log_weight: FloatArray) -> FloatArray:
    """Return log weights shifted so that their exponentials sum to one over the last axis; shape kept. [1]"""
    top = log_weight.max(axis=-1, keepdims=True)
    return log_weight - top - np.log(np.exp(log_weight - top).sum(axis=-1, keepdims=True))


def broad(mean_dbsm: float, sd_db: float) -> FloatArray:
    """Return the (g,) log prior of a thing of which nothing is known but a normal level. [1]"""
    return normalised(-0.5 * ((SIGMA_GRID_DBSM - mean_dbsm) / sd_db) ** 2)


def cell_levels_db(signature: BandSignature, centres_rad: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Average a catalogue curve over aspect cells, in decibels, and say how far it strays inside each.

    Parameters
    ----------
    signature : BandSignature
        Curve of one band.
    centres_rad : (c,) array
        Centres of equal cells over 0 to pi. [rad]

    Returns
    -------
    mean_dbsm, sd_db : (c,) arrays
        Mean of the curve over each cell; standard deviation of the curve about it. [dBsm, dB]
    """
    if signature.table is None:
        aspect_deg, level = np.array(signature.aspect_deg), np.array(signature.sigma_dbsm)
    else:
        table = catalog.table(signature.table)
        aspect_deg, level = table["aspect_deg"], table["sigma_dbsm"]
    n = len(centres_rad)
    fine_deg = (np.arange(n * _N_FINE) + 0.5) * (180.0 / (n * _N_FINE))
    fine = np.interp(fine_deg, aspect_deg, level).reshape(n, _N_FINE)
    return fine.mean(axis=1), fine.std(axis=1)
