"""Global nearest neighbour: the best set of pairs (track, plot) out of those that passed the gate."""

from __future__ import annotations

import numpy as np

from watchfloor.base.units import FloatArray, IntArray
from watchfloor.track._kernels import gnn as _kernels


def assign(track: IntArray, plot: IntArray, cost: FloatArray, *, n_tracks: int, n_plots: int) -> IntArray:
    """Give each track at most one plot, and each plot at most one track, at the least total cost.

    Parameters
    ----------
    track, plot : (pairs,) arrays
        Rows of the pairs that are allowed.
    cost : (pairs,) array
        Cost of each pair, finite; a track that stays without a plot costs 0, so only pairs below 0 are worth it. [1]
    n_tracks, n_plots : int
        How many there are.

    Returns
    -------
    (n_tracks,) array
        Plot of each track, -1 for none.

    Raises
    ------
    ValueError
        If a row is out of range or a cost is not finite.

    Notes
    -----
    Exact. Shortest augmenting paths on the sparse graph, each track with a column of its own for "none".

    References
    ----------
    Jonker & Volgenant, "A shortest augmenting path algorithm for dense and sparse linear assignment problems",
    *Computing* 38, 1987, pp. 325-340.

    Examples
    --------
    >>> assign(np.array([0, 0, 1]), np.array([0, 1, 0]), np.array([-5.0, -4.0, -3.0]), n_tracks=2, n_plots=2)
    array([1, 0])
    """
    track, plot = np.asarray(track, np.int64), np.asarray(plot, np.int64)
    cost = np.asarray(cost, np.float64)
    if len(track) and not (track.min() >= 0 and track.max() < n_tracks and plot.min() >= 0 and plot.max() < n_plots):
        raise ValueError(f"pairs must lie inside {n_tracks} tracks x {n_plots} plots")
    if not np.isfinite(cost).all():
        raise ValueError(f"every cost must be finite; pair {int(np.argmin(np.isfinite(cost)))} is not")
    order = np.argsort(track, kind="stable")
    start_of = np.searchsorted(track[order], np.arange(n_tracks + 1)).astype(np.int64)
    return _kernels.assign(start_of, plot[order], cost[order], n_plots)
