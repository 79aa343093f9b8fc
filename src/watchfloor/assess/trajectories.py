"""Distances between two sets of trajectories: trajectory GOSPA with its parts, and OSPA(2).

Both see what a score of each moment by itself cannot: that a track was broken, or swapped for its neighbour.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.csgraph import connected_components

from watchfloor.assess.gospa import best_pairs, cutoff_and_order, near_pairs
from watchfloor.base.columns import Columns
from watchfloor.base.errors import NumericsError
from watchfloor.base.units import BoolArray, FloatArray, IntArray

MAX_CELLS = 200_000
"""Largest linear program solved in one piece, as pairs of trajectories times moments: some seconds."""
_TINY = 1e-9


@dataclass(frozen=True, kw_only=True, eq=False)
class TrajectoryParts(Columns):
    """The parts of trajectory GOSPA at each time; one row a time."""

    t_s: FloatArray
    """(n,) time. [s]"""
    localisation: FloatArray
    """(n,) from errors of assigned trajectories. [m**p]"""
    missed: FloatArray
    """(n,) from targets without a track. [m**p]"""
    false: FloatArray
    """(n,) from tracks without a target. [m**p]"""
    switch: FloatArray
    """(n,) from changes of the assignment since the time before. [m**p]"""


@dataclass(frozen=True, eq=False)
class TrajectoryGospa:
    """Trajectory GOSPA, with its parts: ``distance**p = localisation + missed + false + switch``."""

    distance: float
    """The metric over all times; it grows with their number. [m]"""
    mean_m: float
    """``(distance**p / times)**(1/p)``: what stands beside GOSPA of one time. [m]"""
    localisation: float
    """Sum over times of distance**p of the assigned pairs. [m**p]"""
    missed: float
    """``cutoff_m**p / 2`` for each target and time without a track. [m**p]"""
    false: float
    """``cutoff_m**p / 2`` for each track and time without a target. [m**p]"""
    switch: float
    """``switch_m**p`` for each change of track, half of it where a target gets or loses one. [m**p]"""
    parts: TrajectoryParts
    """The same by time."""
    n_clusters: int
    """Groups of trajectories that came near each other, solved apart: no approximation."""
    exact: bool
    """False where a group was so large that it was solved window by window: then the value is an upper bound."""


def trajectory_gospa(
    truth_t_s: FloatArray,
    truth_id: IntArray,
    truth_m: FloatArray,
    track_t_s: FloatArray,
    track_id: IntArray,
    track_m: FloatArray,
    *,
    cutoff_m: float,
    switch_m: float,
    p: float = 2.0,
    max_cells: int = MAX_CELLS,
    progress: Callable[[int, int], None] | None = None,
) -> TrajectoryGospa:
    r"""Trajectory GOSPA between targets and tracks, by linear programming.

    Parameters
    ----------
    truth_t_s, truth_id, truth_m : (n,), (n,), (n, d) arrays
        Samples of the targets: time, target, position; any order, gaps allowed. [s, 1, m]
    track_t_s, track_id, track_m : (m,), (m,), (m, d) arrays
        Samples of the tracks at the same times exactly (see ``tracking.resample``). [s, 1, m]
    cutoff_m : float
        Distance c from which a pair counts as one missed and one false.
    switch_m : float
        Price gamma of a change of track. ``cutoff_m * 2**(-1/p)`` weighs it as one target missed at one time.
    p : float
        Exponent, at least 1.
    max_cells : int
        Largest program solved in one piece, as pairs times moments.
    progress : callable, optional
        Called with (groups done, groups).

    Returns
    -------
    TrajectoryGospa
        The metric and its parts.

    Raises
    ------
    ValueError
        If a parameter or a value is outside its domain, a trajectory has two samples at one time, or there is none.
    NumericsError
        If the linear program is not solved.

    Notes
    -----
    .. math::
        d^p = \min_{W} \sum_k \sum_{i,j} D_{ij}(k)\,W_{ij}(k)
            + \frac{\gamma^p}{2} \sum_k \sum_{i \le n,\, j \le m} |W_{ij}(k+1) - W_{ij}(k)|

    with shares :math:`W_{ij}(k) \ge 0` of target i that track j holds, the rows and columns of real trajectories
    summing to one with "nobody" as one more; :math:`D = \min(d, c)^p`, or :math:`c^p/2` where one of the two is there.
    It is a metric, computed in polynomial time, and as a rule W comes out whole. Trajectories that never come within
    c of each other fall apart into groups solved on their own, and only pairs that do come near get a variable, which
    changes nothing. About 1 s for 50 targets and tracks, all within reach of each other, over 100 times; far less
    where they are apart. Beyond ``max_cells`` windows follow each other, each tied to the last assignment before it: a
    feasible choice of W, so an upper bound.

    References
    ----------
    Garcia-Fernandez, Rahmathullah & Svensson, "A metric on the space of finite sets of trajectories for evaluation of
    multi-target tracking algorithms", *IEEE Trans. Signal Processing* 68, 2020, pp. 3917-3928: section IV (program,
    groups and parts).

    Examples
    --------
    >>> t, one = np.arange(5.0), np.ones(5, int)
    >>> found = trajectory_gospa(t, one, np.zeros((5, 1)), t, np.array([7, 7, 7, 8, 8]), np.full((5, 1), 0.1),
    ...                          cutoff_m=5.0, switch_m=1.0, p=1.0)
    >>> round(found.localisation, 9), round(found.switch, 9)  # five errors of 0.1, and one change of track
    (0.5, 1.0)
    """
    cutoff_m, p = cutoff_and_order(cutoff_m, p)
    if not (switch_m > 0.0 and np.isfinite(switch_m)):
        raise ValueError(f"switch_m must be above 0, got {switch_m!r}")
    times, x, y = _sides(truth_t_s, truth_id, truth_m, track_t_s, track_id, track_m)
    k, i, j, apart = _close(len(times), x, y, cutoff_m)
    gain = 1.0 - (apart / cutoff_m) ** p
    kept = gain > 0.0
    k, i, j, apart, gain = k[kept], i[kept], j[kept], apart[kept], gain[kept]
    n, m, n_t = x.n, y.n, len(times)
    pair, which = np.unique(i * m + j, return_inverse=True)
    one, other = np.divmod(pair, max(m, 1))
    part = connected_components(coo_matrix((np.ones(len(pair)), (one, n + other)), shape=(n + m, n + m)), False)[1][one]
    price = 0.5 * (switch_m / cutoff_m) ** p
    share = np.zeros(len(k))
    switch = np.zeros(n_t)
    exact = True
    groups, group = np.unique(part, return_inverse=True)
    alone = np.bincount(group, minlength=len(groups)) == 1
    share[alone[group][which]] = 1.0  # one target, one track: nothing to choose
    order = np.argsort(group[which], kind="stable")
    edges = np.searchsorted(group[which][order], np.arange(len(groups) + 1))
    todo = np.flatnonzero(~alone)
    for done, g in enumerate(todo):
        if progress is not None:
            progress(done, len(todo))
        mine = order[edges[g] : edges[g + 1]]
        share[mine], moments, changed, whole = _group(k[mine], i[mine], j[mine], gain[mine], price, max_cells)
        switch[moments] += changed
        exact = exact and whole
    if progress is not None:
        progress(len(todo), len(todo))
    unit = cutoff_m**p
    held = np.bincount(k, share, n_t)
    missed, false = (0.5 * unit * np.maximum(np.bincount(a.k, minlength=n_t) - held, 0.0) for a in (x, y))
    parts = TrajectoryParts(
        t_s=times,
        localisation=np.asarray(np.bincount(k, share * apart**p, n_t), np.float64),
        missed=missed,
        false=false,
        switch=unit * price * switch,
    )
    total = float(parts.localisation.sum() + missed.sum() + false.sum() + parts.switch.sum())
    return TrajectoryGospa(
        distance=total ** (1.0 / p),
        mean_m=(total / n_t) ** (1.0 / p),
        localisation=float(parts.localisation.sum()),
        missed=float(missed.sum()),
        false=float(false.sum()),
        switch=float(parts.switch.sum()),
        parts=parts,
        n_clusters=len(groups),
        exact=exact,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Ospa2Scores(Columns):
    """OSPA(2) over a window that ends at each time; one row a time."""

    t_s: FloatArray
    """(n,) end of the window. [s]"""
    distance: FloatArray
    """(n,) the metric, at most the cutoff; 0 where the window is empty. [m]"""
    localisation: FloatArray
    """(n,) its part from pairs of trajectories, ``distance**p = localisation + cardinality``. [m**p]"""
    cardinality: FloatArray
    """(n,) its part from the difference of the numbers of trajectories. [m**p]"""


def ospa2(
    truth_t_s: FloatArray,
    truth_id: IntArray,
    truth_m: FloatArray,
    track_t_s: FloatArray,
    track_id: IntArray,
    track_m: FloatArray,
    *,
    cutoff_m: float,
    n_window: int,
    p: float = 1.0,
    q: float = 1.0,
    progress: Callable[[int, int], None] | None = None,
) -> Ospa2Scores:
    r"""OSPA(2), the OSPA distance between the sets of trajectories of a sliding window.

    Parameters
    ----------
    truth_t_s, truth_id, truth_m, track_t_s, track_id, track_m : arrays
        As `trajectory_gospa`.
    cutoff_m : float
        Cutoff c, of the base distance too. [m]
    n_window : int
        Length of the window, in times; at the start it holds those there are.
    p : float
        Exponent over trajectories, at least 1.
    q : float
        Exponent over time of the base distance, at least 1.
    progress : callable, optional
        Called with (times done, times).

    Returns
    -------
    Ospa2Scores
        One row a time of the truth or of the tracks.

    Raises
    ------
    ValueError
        As `trajectory_gospa`, or if ``n_window`` is below 1.

    Notes
    -----
    The base distance of two trajectories is the mean over the times at which either is there,

    .. math::
        \tilde d(f, g) = \Big[\frac{1}{|D_f \cup D_g|} \sum_{k \in D_f \cup D_g} d_c(f(k), g(k))^q\Big]^{1/q}

    with :math:`d_c = \min(c, \cdot)` where both are, c where one is. Trajectories without a sample in the window do not
    count. A long window punishes a broken or swapped track harder; one time gives OSPA.

    References
    ----------
    Beard, Vo & Vo, "A solution for large-scale multi-object tracking", *IEEE Trans. Signal Processing* 68, 2020,
    pp. 2754-2769, section V (base distance and window).

    Examples
    --------
    >>> t = np.array([0.0, 1.0])
    >>> found = ospa2(t, np.array([1, 1]), np.zeros((2, 1)), t, np.array([7, 8]), np.ones((2, 1)),
    ...               cutoff_m=10.0, n_window=2)
    >>> found.distance  # at the end: one track 1 m off at one of two times, (1 + 10) / 2, the other too many: 10
    array([1.  , 7.75])
    """
    cutoff_m, p = cutoff_and_order(cutoff_m, p)
    q = cutoff_and_order(cutoff_m, q, "q")[1]
    if n_window < 1:
        raise ValueError(f"n_window is a number of times, at least 1, got {n_window!r}")
    times, x, y = _sides(truth_t_s, truth_id, truth_m, track_t_s, track_id, track_m)
    k, i, j, apart = _close(len(times), x, y, cutoff_m)
    saved = 1.0 - (apart / cutoff_m) ** q
    there_x, there_y = x.there(len(times)), y.there(len(times))
    from_k = np.searchsorted(k, np.arange(len(times) + 1))
    rows = np.zeros((len(times), 2))
    for end in range(len(times)):
        start = max(end + 1 - n_window, 0)
        span = slice(from_k[start], from_k[end + 1])
        long_x, long_y = there_x[:, start : end + 1].sum(axis=1), there_y[:, start : end + 1].sum(axis=1)
        n, m = int(np.count_nonzero(long_x)), int(np.count_nonzero(long_y))
        if n + m:
            pair, row = np.unique(i[span] * y.n + j[span], return_inverse=True)
            one, other = np.divmod(pair, max(y.n, 1))
            both = (there_x[one, start : end + 1] & there_y[other, start : end + 1]).sum(axis=1)
            either = long_x[one] + long_y[other] - both
            base = np.maximum(1.0 - np.bincount(row, saved[span], len(pair)) / either, 0.0) ** (1.0 / q)  # of c
            gain = 1.0 - base**p
            worth = np.flatnonzero(gain > 0.0)
            taken = worth[best_pairs(one[worth], other[worth], gain[worth], x.n, y.n)]
            local = float((base[taken] ** p).sum()) + min(n, m) - len(taken)
            rows[end] = local / max(n, m), abs(n - m) / max(n, m)
        if progress is not None:
            progress(end + 1, len(times))
    rows *= cutoff_m**p
    return Ospa2Scores(
        t_s=times, distance=rows.sum(axis=1) ** (1.0 / p), localisation=rows[:, 0], cardinality=rows[:, 1]
    )


@dataclass(frozen=True, eq=False)
class _Side:
    """Samples of one set of trajectories on common times, in time order."""

    n: int
    k: IntArray
    who: IntArray
    where: FloatArray

    def there(self, n_times: int) -> BoolArray:
        """(trajectories, times) whether there is a sample."""  # noqa: D400, D415
        table = np.zeros((self.n, n_times), bool)
        table[self.who, self.k] = True
        return table


def _sides(
    truth_t_s: FloatArray,
    truth_id: IntArray,
    truth_m: FloatArray,
    track_t_s: FloatArray,
    track_id: IntArray,
    track_m: FloatArray,
) -> tuple[FloatArray, _Side, _Side]:
    """Times and both sets on them."""
    times = np.union1d(truth_t_s, track_t_s)
    if len(times) == 0:
        raise ValueError("nothing to score: neither truth nor tracks hold a sample")
    sides = []
    for what, t_s, identity, position in (
        ("truth", truth_t_s, truth_id, truth_m),
        ("track", track_t_s, track_id, track_m),
    ):
        where = np.asarray(position, np.float64)
        if not (np.isfinite(where).all() and np.isfinite(t_s).all()):
            raise ValueError(f"{what}_m and {what}_t_s must be finite")
        if not len(t_s) == len(identity) == len(where):
            raise ValueError(
                f"{what}_t_s, {what}_id and {what}_m have one row a sample, "
                f"got {len(t_s)}, {len(identity)} and {len(where)}"
            )
        names, who = np.unique(identity, return_inverse=True)
        k = np.searchsorted(times, t_s)
        order = np.lexsort((who, k))
        k, who, where = k[order], who[order], where[order]
        twice = np.flatnonzero((np.diff(k) == 0) & (np.diff(who) == 0))
        if len(twice):
            raise ValueError(
                f"{what}_id: {names[who[twice[0]]]} has two samples at {times[k[twice[0]]]:g} s; keep one of them"
            )
        sides.append(_Side(len(names), k, who, where))
    return times, sides[0], sides[1]


def _close(n_times: int, x: _Side, y: _Side, cutoff_m: float) -> tuple[IntArray, IntArray, IntArray, FloatArray]:
    """Pairs nearer than the cutoff at each time: time, trajectory, trajectory, distance, in time order."""
    found: list[tuple[IntArray, IntArray, IntArray, FloatArray]] = []
    at_x, at_y = (np.searchsorted(side.k, np.arange(n_times + 1)) for side in (x, y))
    for k in range(n_times):
        mine, theirs = slice(at_x[k], at_x[k + 1]), slice(at_y[k], at_y[k + 1])
        if mine.start == mine.stop or theirs.start == theirs.stop:
            continue
        a, b, apart = near_pairs(x.where[mine], y.where[theirs], cutoff_m)
        found.append((np.full(len(a), k), x.who[mine][a], y.who[theirs][b], apart))
    if not found:
        nobody = np.empty(0, np.int64)
        return nobody, nobody, nobody, np.empty(0)
    k, i, j, apart = (np.concatenate(column) for column in zip(*found, strict=True))
    return k, i, j, apart


def _group(
    k: IntArray, i: IntArray, j: IntArray, gain: FloatArray, price: float, max_cells: int
) -> tuple[FloatArray, IntArray, FloatArray, bool]:
    """Shares of a group's rows, its times, the sum of |change| of shares at each, and whether it was one program.

    ``gain`` and ``price`` (of a change by 1) in units of cutoff**p. Times at which no pair of the group is near need no
    variable: the shares stay what they were.
    """
    moments, column = np.unique(k, return_inverse=True)
    pairs, row = np.unique(np.stack([i, j]), axis=1, return_inverse=True)
    row = np.ravel(row)
    left, right = (np.unique(side, return_inverse=True)[1] for side in pairs)
    table = np.zeros((pairs.shape[1], len(moments)))
    table[row, column] = gain
    step = max(1, max_cells // len(table))
    held = np.empty_like(table)
    before = None
    for start in range(0, len(moments), step):
        held[:, start : start + step] = _program(table[:, start : start + step], left, right, price, before)
        before = held[:, min(start + step, len(moments)) - 1]
    changed = np.concatenate([[0.0], np.abs(np.diff(held, axis=1)).sum(axis=0)])
    return held[row, column], moments, changed, step >= len(moments)


def _program(gain: FloatArray, left: IntArray, right: IntArray, price: float, before: FloatArray | None) -> FloatArray:
    """Shares (pairs, times) that gain most after the price of their changes, after shares ``before`` if given.

    Variables: shares W, rises U and falls V, with W(k+1) - W(k) = U(k) - V(k).
    """
    n, length = gain.shape
    w = np.arange(n * length).reshape(n, length)
    first = 0 if before is not None else 1
    steps = length - first
    change = np.arange(n * steps)
    now = w[:, first:].ravel()
    earlier = w[:, :-1] if first else np.concatenate([np.full((n, 1), -1), w[:, :-1]], axis=1)
    earlier = earlier.ravel()
    has = earlier >= 0
    count = n * length
    entries = [
        (change, now, np.ones(len(change))),
        (change[has], earlier[has], -np.ones(int(has.sum()))),
        (change, count + change, -np.ones(len(change))),
        (change, count + len(change) + change, np.ones(len(change))),
    ]
    rows, columns, values = (np.concatenate(part) for part in zip(*entries, strict=True))
    size = count + 2 * len(change)
    moves = csr_matrix((values, (rows, columns)), shape=(len(change), size))
    given = np.zeros(len(change))
    if before is not None:
        given[~has] = before
    moment = np.arange(length)
    full = np.concatenate(
        [(left[:, None] * length + moment).ravel(), ((left.max() + 1 + right)[:, None] * length + moment).ravel()]
    )
    full = np.unique(full, return_inverse=True)[1]
    n_full = int(full.max()) + 1
    limits = csr_matrix((np.ones(2 * count), (full, np.tile(w.ravel(), 2))), shape=(n_full, size))
    found = linprog(
        np.concatenate([-gain.ravel(), np.full(2 * len(change), price)]),
        A_ub=limits,
        b_ub=np.ones(n_full),
        A_eq=moves if len(change) else None,
        b_eq=given if len(change) else None,
        bounds=(0.0, None),
        method="highs-ds",
    )
    if found.status != 0 or found.x is None:
        raise NumericsError(f"trajectory GOSPA of {n} pairs over {length} times: {found.message}")
    share = found.x[:count].reshape(n, length)
    share[share < _TINY] = 0.0
    share[share > 1.0 - _TINY] = 1.0
    return share
