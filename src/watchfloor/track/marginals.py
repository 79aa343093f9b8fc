"""Joint association: the probability of each pair (track, plot), the k best associations, and the clusters.

The marginals are exact wherever that is cheap: tracks that share no plot in closed form, graphs without circles by
summing out their branches, small parts with circles by sums over sets of plots (or of tracks, if those are fewer). The
rest gets loopy belief propagation: exact on trees, elsewhere the stationary point of the Bethe free energy, to which
its sweeps are proven to converge from any start. Near ties they converge slowly; every eighth sweep jumps ahead by the
rate seen. Where the cap on sweeps comes first, the last iterate is taken: a plot given away more than once has its
pairs scaled down to 1, what they lose counts as missed, and the tracks concerned say ``CAPPED``. So in any case each
track's and each plot's probabilities are at least 0 and add up to 1 (``CONVERGED``: to the tolerance).
"""

from __future__ import annotations

from enum import IntEnum
from typing import Literal, NamedTuple

import numpy as np

from watchfloor.base.units import FloatArray, IntArray
from watchfloor.track._kernels import marginals as kernels
from watchfloor.track._kernels import murty

_EXACT_MAX = {"auto": 20_000, "exact": 2**28, "lbp": 0}


class Solved(IntEnum):
    """How a track's marginals came about."""

    ALONE = kernels.ALONE
    """Closed form: it shares no plot."""
    EXACT = kernels.EXACT
    """Exact."""
    CONVERGED = kernels.CONVERGED
    """Belief propagation, converged."""
    CAPPED = kernels.CAPPED
    """Belief propagation, stopped by its cap."""


class Marginals(NamedTuple):
    """Probabilities of joint association."""

    pair: FloatArray
    """(pairs,) that the track has the plot; rows as given. [1]"""
    miss: FloatArray
    """(n_tracks,) that the track has no plot. [1]"""
    new: FloatArray
    """(n_plots,) that the plot is no track's. [1]"""
    solved: IntArray
    """(n_tracks,) ``Solved``: how."""


def marginals(
    track: IntArray,
    plot: IntArray,
    ratio: FloatArray,
    *,
    n_tracks: int,
    n_plots: int,
    method: Literal["auto", "exact", "lbp"] = "auto",
    cap: int = 1000,
    tolerance: float = 1e-6,
) -> Marginals:
    r"""Probability of each pair (track, plot) over all associations of tracks and plots, one to one.

    Parameters
    ----------
    track, plot : (pairs,) arrays
        Rows of the pairs that are possible, each pair once.
    ratio : (pairs,) array
        Likelihood ratio of "the track has the plot" to "the track missed, and the plot is new or false"; at least 0
        and finite. [1]
    n_tracks, n_plots : int
        How many there are.
    method : {"auto", "exact", "lbp"}
        ``auto`` enumerates the parts of the graph whose cost is small and propagates beliefs in the others; ``exact``
        refuses what it cannot enumerate; ``lbp`` enumerates nothing (trees are exact even so).
    cap : int
        Most sweeps of belief propagation, at least 1.
    tolerance : float
        Relative distance of the messages from their end, as estimated from the rate, at which it stops. [1]

    Returns
    -------
    Marginals
        Probabilities of pairs, of misses and of new plots, and how each track was solved.

    Raises
    ------
    ValueError
        If a row is out of range, a pair comes twice, a ratio is negative, infinite or no number, ``method``, ``cap`` or
        ``tolerance`` is out of its range, or ``exact`` meets a part that would cost more than about a second.

    Notes
    -----
    An association :math:`A` has probability :math:`\propto \prod_{(i, j) \in A} \psi_{ij}`. Ratios above 1e300 are
    taken as 1e300. Linear in the pairs, but for the enumeration: about 30 to 100 ns a pair.

    References
    ----------
    Bar-Shalom & Fortmann, *Tracking and Data Association*, Academic Press, 1988, section 9.3 (joint events).
    Williams & Lau, "Approximate evaluation of marginal association probabilities with belief propagation", *IEEE
    Transactions on Aerospace and Electronic Systems* 50(4), 2014, pp. 2942-2959 (messages, convergence).
    Vontobel, "The Bethe permanent of a nonnegative matrix", *IEEE Transactions on Information Theory* 59(3), 2013,
    pp. 1866-1901 (what the fixed point is).

    Examples
    --------
    Two tracks want one plot, the first twice as much; one more plot is the second's alone:

    >>> found = marginals(np.array([0, 1, 1]), np.array([0, 0, 1]), np.array([2.0, 1.0, 1.0]), n_tracks=2, n_plots=2)
    >>> found.pair  # of 1 + 2 + 1 + 1 + 2 = 7
    array([0.57142857, 0.14285714, 0.42857143])
    >>> found.miss.round(3), found.new.round(3)
    (array([0.429, 0.429]), array([0.286, 0.571]))
    """
    if method not in _EXACT_MAX:
        raise ValueError(f"method is one of {', '.join(_EXACT_MAX)}, got {method!r}")
    if not cap >= 1:
        raise ValueError(f"cap is a count of sweeps, at least 1, got {cap!r}")
    if not 0.0 < tolerance < 1.0:
        raise ValueError(f"tolerance must lie inside (0, 1), got {tolerance!r}")
    order, start_of, column = _edges(track, plot, n_tracks, n_plots)
    ratio = _numbers("ratio", ratio, len(order))
    if len(ratio) and not ratio.min() >= 0.0:
        row = int(np.argmin(ratio))
        raise ValueError(f"ratio is a likelihood ratio, at least 0, got {ratio[row]:.3g} in row {row} (a logarithm?)")
    pair, sorted_pair = np.empty(len(order)), np.empty(len(order))
    miss, new, solved = np.empty(n_tracks), np.empty(n_plots), np.empty(n_tracks, np.int64)
    kernels.marginals(
        start_of, column, ratio[order], n_plots, _EXACT_MAX[method], int(cap), float(tolerance),
        sorted_pair, miss, new, solved,
    )  # fmt: skip
    if method == "exact" and (solved > Solved.EXACT).any():
        part = int((solved > Solved.EXACT).sum())
        raise ValueError(f"{part} tracks hang together too densely to enumerate; use method 'auto' or 'lbp'")
    pair[order] = sorted_pair
    return Marginals(pair, miss, new, solved)


def k_best(
    track: IntArray, plot: IntArray, cost: FloatArray, k: int, *, n_tracks: int, n_plots: int
) -> tuple[IntArray, FloatArray]:
    """Return the k cheapest associations, cheapest first.

    Parameters
    ----------
    track, plot : (pairs,) arrays
        Rows of the pairs that are possible, each pair once.
    cost : (pairs,) array
        Cost of each pair, finite; a track without a plot costs 0. [1]
    k : int
        How many are wanted, at least 1.
    n_tracks, n_plots : int
        How many there are.

    Returns
    -------
    plots : (found, n_tracks) array
        Plot of each track in each association, -1 for none; ``found`` is at most k.
    costs : (found,) array
        Cost of each association, never falling. [1]

    Raises
    ------
    ValueError
        If a row is out of range, a pair comes twice, a cost is not finite or ``k`` is below 1.

    Notes
    -----
    Exact. One assignment problem for each track and association found: meant for one cluster, not for a whole scan
    (associations of independent clusters multiply).

    References
    ----------
    Murty, "An algorithm for ranking all the assignments in order of increasing cost", *Operations Research* 16(3),
    1968, pp. 682-687.
    Miller, Stone & Cox, "Optimizing Murty's ranked assignment method", *IEEE Transactions on Aerospace and Electronic
    Systems* 33(3), 1997, pp. 851-862 (the partition used; its bounds are not).

    Examples
    --------
    >>> plots, costs = k_best(np.array([0, 0, 1]), np.array([0, 1, 0]), np.array([-5.0, -4.0, -3.0]), 3,
    ...     n_tracks=2, n_plots=2)
    >>> plots.tolist(), costs.tolist()
    ([[1, 0], [0, -1], [1, -1]], [-7.0, -5.0, -4.0])
    """
    if not k >= 1:
        raise ValueError(f"k is how many associations are wanted, at least 1, got {k!r}")
    order, start_of, column = _edges(track, plot, n_tracks, n_plots)
    cost = _numbers("cost", cost, len(order))
    used, local = np.unique(column, return_inverse=True)
    chosen, costs = np.empty((int(k), n_tracks), np.int64), np.empty(int(k))
    found = murty.k_best(start_of, local.astype(np.int64), cost[order], len(used), chosen, costs)
    chosen = chosen[:found]
    if len(used):
        chosen = np.where(chosen >= 0, used[chosen], -1)
    return chosen, costs[:found]


def clusters(track: IntArray, plot: IntArray, *, n_tracks: int, n_plots: int) -> tuple[IntArray, IntArray]:
    """Number the sets of tracks and plots that hang together by pairs.

    Parameters
    ----------
    track, plot : (pairs,) arrays
        Rows of the pairs that are possible.
    n_tracks, n_plots : int
        How many there are.

    Returns
    -------
    of_track : (n_tracks,) array
        Cluster of each track, numbered from 0 in the order of their first tracks.
    of_plot : (n_plots,) array
        Cluster of each plot, -1 for one in no pair.

    Raises
    ------
    ValueError
        If a row is out of range or a pair comes twice.

    Notes
    -----
    Union by smallest member, paths halved: linear in practice.

    References
    ----------
    Tarjan, "Efficiency of a good but not linear set union algorithm", *Journal of the ACM* 22(2), 1975, pp. 215-225.

    Examples
    --------
    >>> clusters(np.array([0, 1, 2]), np.array([0, 1, 0]), n_tracks=3, n_plots=3)
    (array([0, 1, 0]), array([ 0,  1, -1]))
    """
    _, start_of, column = _edges(track, plot, n_tracks, n_plots)
    of_track, of_plot = np.empty(n_tracks, np.int64), np.empty(n_plots, np.int64)
    kernels.clusters(start_of, column, n_plots, of_track, of_plot)
    return of_track, of_plot


def _edges(track: IntArray, plot: IntArray, n_tracks: int, n_plots: int) -> tuple[IntArray, IntArray, IntArray]:
    """Return the order of pairs by track and plot, the bounds of each track in it, and the plots so ordered."""
    track, plot = np.asarray(track), np.asarray(plot)
    if track.shape != plot.shape or track.ndim != 1:
        raise ValueError(f"track and plot are equally long columns, got shapes {track.shape} and {plot.shape}")
    for name, rows, n in (("track", track, n_tracks), ("plot", plot, n_plots)):
        if len(rows) and not (np.issubdtype(rows.dtype, np.integer) and rows.min() >= 0 and rows.max() < n):
            raise ValueError(f"{name} holds row numbers from 0 to {n - 1} (n_{name}s less 1), got {rows.dtype} "
                             f"from {rows.min()} to {rows.max()}")  # fmt: skip
    order = np.lexsort((plot, track))
    column, of = plot[order].astype(np.int64), track[order]
    twice = (np.diff(of) == 0) & (np.diff(column) == 0)
    if twice.any():
        row = int(np.argmax(twice))
        raise ValueError(f"each pair comes once, got track {of[row]} with plot {column[row]} again; merge them first")
    return order, np.searchsorted(of, np.arange(n_tracks + 1)).astype(np.int64), column


def _numbers(name: str, values: FloatArray, n: int) -> FloatArray:
    """Return ``values`` as floats, one a pair, all finite."""
    values = np.asarray(values, np.float64)
    if values.shape != (n,):
        raise ValueError(f"{name} has one value a pair, {n}, got shape {values.shape}")
    bad = ~np.isfinite(values)
    if bad.any():
        row = int(np.argmax(bad))
        raise ValueError(f"every {name} must be finite, got {values[row]} in row {row}; leave that pair out")
    return values
