r"""Plots of two targets in one: what a tracker does about the limits of a radar's resolution.

Two targets in one resolution cell give one plot, at their centroid weighted by power. A tracker that does not know it
counts the other's silence as a miss, scan after scan, and drops a track; or pulls both onto the centroid.

The pair is not resolved with probability

.. math:: P_u = \exp\left(-\ln 2 \sum_c (\Delta_c/\alpha_c)^2\right)

at distance :math:`\Delta` for cells :math:`\alpha`: one half at a cell's distance (averaged over the errors of both
predictions). Of the joint events of two tracks i, k and a plot, relative to both missed, "i has it alone" keeps
:math:`\psi_i\sqrt{1-P_u}`, "both have their own" :math:`(1-P_u)\,\psi_i\psi_k`, and "it is both, merged" weighs

.. math:: M = \frac{r_i r_k P_u\,(1-(1-P_{d,i})(1-P_{d,k}))\; N(z; w\hat z_i + (1-w)\hat z_k, S_m)}
   {\lambda\,(1-r_i P_{d,i})(1-r_k P_{d,k})}

Half of M goes to "i holds the plot, k is silent", half to the mirror image, less where another plot lets each have its
own (two halves must not meet). So the weights stay one number an edge and any solver of marginals serves; afterwards
the part of k's misses that is really a share in i's plot is taken out of them. A plot that is shared tells where the
centroid is, not how the two lie about it: it moves a track, at most half way, and leaves its covariance as predicted
(covariance intersection with equal weights), so two tracks that fly in one cell for long do not come to believe in a
distance that nobody measured.

References
----------
Koch & van Keuk, "Multiple hypothesis track maintenance with possibly unresolved measurements", *IEEE Trans. AES* 33
(3), 1997, pp. 883-892 (the resolution function and the events); Blom & Bloem, "Bayesian tracking of two possibly
unresolved maneuvering targets", *IEEE Trans. AES* 43 (2), 2007, pp. 612-627; Svensson, Ulmke & Danielsson,
"Multitarget sensor resolution model and joint probabilistic data association", *IEEE Trans. AES* 48 (4), 2012,
pp. 3418-3434; Julier & Uhlmann, "A non-divergent estimation algorithm in the presence of unknown correlations",
*Proc. American Control Conf.*, 1997, pp. 2369-2373 (covariance intersection).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from watchfloor.base.units import FloatArray, IntArray
from watchfloor.physics.radar import Radar
from watchfloor.track._kernels import resolution as k
from watchfloor.track._kernels.marginals import marginals

LEAST = 0.02
"""A pair less likely to be merged is left alone. [1]"""
_EXACT_MAX, _CAP, _TOLERANCE = 100_000, 200, 1e-3


class Merged(NamedTuple):
    """Probabilities of association where plots may be merged."""

    p_edge: FloatArray
    """(edges,) that the track holds the plot, its own or merged. [1]"""
    merged: FloatArray
    """(edges,) share of ``p_edge`` that is a merged plot. [1]"""
    p_miss: FloatArray
    """(n,) that the track was not seen. [1]"""
    shared: FloatArray
    """(n,) that the track is part of a plot which another holds. [1]"""
    through: IntArray
    """(n,) edge of the track that most likely holds it, -1 for none."""
    p_new: FloatArray
    """(m,) that the plot is new or false. [1]"""
    status: IntArray
    """(n,) how each track's marginals were found, as `_kernels.marginals` numbers it."""


class Resolution:
    """What one sensor can tell apart.

    Parameters
    ----------
    cell : Radar or (4,) array_like
        A radar, or its cells in range, azimuth, elevation and range rate; infinite where it tells nothing apart.
        [m, rad, rad, m/s]
    least : float
        Pairs less likely to be merged are left alone, inside (0, 1). [1]

    Raises
    ------
    ValueError
        If a cell is not above 0, none is finite, or ``least`` is out of its domain.

    Notes
    -----
    Three and more targets in one cell are taken pair by pair: each silent one shares in the holder's plot. Without
    plots in common a graph passes unchanged, in 20 ns an edge. A gate must reach from the centroid to its tracks: half
    a cell.

    Examples
    --------
    >>> pair = Resolution([150.0, 0.02, np.inf, np.inf])
    >>> nothing = np.zeros((2, 4, 4))
    >>> zhat = np.array([[50e3, 1.0, np.nan, np.nan], [50.15e3, 1.0, np.nan, np.nan]])
    >>> round(pair.p_unresolved(zhat[0], zhat[1], nothing[0], nothing[1]), 3)
    0.5
    """

    def __init__(self, cell: Radar | ArrayLike, *, least: float = LEAST) -> None:
        if isinstance(cell, Radar):
            rate = cell.measures_range_rate and cell.processing.doppler == "bank"
            cell = [
                cell.range_cell_m,
                cell.beamwidth_azimuth_rad,
                cell.beamwidth_elevation_rad if cell.measures_elevation else math.inf,
                cell.range_rate_cell_mps if rate else math.inf,
            ]
        cells = np.array(cell, np.float64)
        if cells.shape != (4,) or not np.all(cells > 0.0):
            raise ValueError(f"cell is four widths above 0 (infinite where nothing is told apart), got {cell!r}")
        if not np.isfinite(cells).any():
            raise ValueError("cell must be finite in at least one component")
        if not 0.0 < least < 1.0:
            raise ValueError(f"least must lie inside (0, 1), got {least!r}")
        self.cell, self.least = cells, float(least)

    def p_unresolved(self, zhat_i: FloatArray, zhat_k: FloatArray, hph_i: FloatArray, hph_k: FloatArray) -> float:
        """Probability that two predicted tracks give one plot.

        Parameters
        ----------
        zhat_i, zhat_k : (4,) arrays
            Predicted measurements. [m, rad, rad, m/s]
        hph_i, hph_k : (4, 4) arrays
            Their covariances, without the plot's own error.

        Returns
        -------
        float
            One half at a cell's distance in one component, if the predictions are sharp. [1]
        """
        return k.p_unresolved(zhat_i, zhat_k, hph_i, hph_k, self.cell)

    def associate(
        self,
        start_of: IntArray,
        column: IntArray,
        psi: FloatArray,
        *,
        z: FloatArray,
        cov: FloatArray,
        density: FloatArray,
        zhat: FloatArray,
        hph: FloatArray,
        pd: FloatArray,
        existence: FloatArray,
        power: FloatArray | None = None,
    ) -> Merged:
        """Marginals of a scan, merged plots allowed for: `share`, the marginals, `split`.

        Parameters
        ----------
        start_of, column, psi : (n + 1,), (edges,), (edges,) arrays
            The gated graph, as in `marginals.marginals`.
        z, cov : (m, 4), (m, 4, 4) arrays
            Plots and their covariances.
        density : (m,) array
            Density of new or false plots at each, as in ``psi``.
        zhat, hph : (n, 4), (n, 4, 4) arrays
            Predicted measurements, and their covariances without the plot's own error.
        pd, existence : (n,) arrays
            Probability of detection; probability that there is such a target. [1]
        power : (n,) array or None
            Mean power of each track's echo, for the centroid; None for equal ones.

        Returns
        -------
        Merged
            Probabilities. Each track's edges, ``p_miss`` and ``shared`` add up to 1.

        Notes
        -----
        How to use them, for track i and its best partner:

        - existence after the scan: ``p_edge.sum() + shared + p_miss r (1 - pd) / (1 - r pd)``;
        - ``p_edge (1 - merged)`` updates with the plot as ever;
        - ``p_edge merged`` and ``shared`` update with the plot that `unshared` gives, state only: the covariance stays
          as predicted.
        """
        n, m, edges = len(start_of) - 1, len(z), len(column)
        start_of, column = np.ascontiguousarray(start_of, np.int64), np.ascontiguousarray(column, np.int64)
        power = np.ones(n) if power is None else power
        weights = np.empty(edges)
        pairs = k.share(
            start_of, column, psi, z, cov, density, zhat, hph, pd, existence, power, self.cell, self.least, weights
        )
        p_edge, p_miss, p_new, status = np.empty(edges), np.empty(n), np.empty(m), np.empty(n, np.int64)
        marginals(start_of, column, weights, m, _EXACT_MAX, _CAP, _TOLERANCE, p_edge, p_miss, p_new, status)
        merged, shared, through = np.empty(edges), np.empty(n), np.empty(n, np.int64)
        k.split(*pairs, p_edge, p_miss, merged, shared, through)
        return Merged(p_edge, merged, p_miss, shared, through, p_new, status)


def unshared(
    z: FloatArray, cov: FloatArray, zhat_i: FloatArray, zhat_k: FloatArray, hph_i: FloatArray, *, weight: float = 0.5
) -> tuple[FloatArray, FloatArray]:
    """What a merged plot is worth to one of its two tracks.

    Parameters
    ----------
    z, cov : (4,), (4, 4) arrays
        The plot.
    zhat_i, zhat_k : (4,) arrays
        Predicted measurements of this track and of the other.
    hph_i : (4, 4) array
        Covariance of this track's.
    weight : float
        Share of this track in the power of the plot, 0 to 1. [1]

    Returns
    -------
    z, cov : (4,), (4, 4) arrays
        The plot moved beside the centroid, and its error: an update of the *state*; the covariance stays as predicted.
    """
    z_out, cov_out = np.empty(4), np.empty((4, 4))
    k.unshared(z, cov, zhat_i, zhat_k, hph_i, float(weight), z_out, cov_out)
    return z_out, cov_out
