"""How good a tracker's picture is: GOSPA at one time, and the scores of a whole run.

Everything works on plain arrays (time, identity, position), so recorded tracks and truth files are scored like
simulated ones.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from watchfloor.base.columns import Columns
from watchfloor.base.units import FloatArray, IntArray


@dataclass(frozen=True)
class Gospa:
    """GOSPA of one set of estimates, with its parts (alpha = 2): ``distance**p = localisation + missed + false``."""

    distance: float
    """The metric. [m]"""
    localisation: float
    """Sum of distance**p over the assigned pairs. [m**p]"""
    missed: float
    """``cutoff_m**p / alpha`` for each truth without an estimate. [m**p]"""
    false: float
    """``cutoff_m**p / alpha`` for each estimate without a truth. [m**p]"""
    assignment: IntArray
    """(n,) estimate of each truth, -1 for none."""

    @property
    def n_assigned(self) -> int:
        """Truths that have an estimate."""
        return int(np.count_nonzero(self.assignment >= 0))


def gospa(truth_m: FloatArray, estimate_m: FloatArray, *, cutoff_m: float, p: float = 2.0, alpha: float = 2.0) -> Gospa:
    r"""Generalised optimal sub-pattern assignment metric between two finite sets of positions.

    Parameters
    ----------
    truth_m : (n, d) array
        True positions. [m]
    estimate_m : (m, d) array
        Estimated positions. [m]
    cutoff_m : float
        Distance c from which a pair counts as one missed and one false. [m]
    p : float
        Exponent, at least 1: how hard large errors weigh.
    alpha : float
        Only 2 here: the one value for which missed and false estimates can be told apart.

    Returns
    -------
    Gospa
        The metric, its three parts and the assignment behind them.

    Raises
    ------
    ValueError
        If ``cutoff_m`` is not above 0, ``p`` is below 1, ``alpha`` is not 2, or a position is not finite.

    Notes
    -----
    .. math::
        d = \min_\gamma \Big[\sum_{(i,j)\in\gamma} d(x_i, y_j)^p
            + \frac{c^p}{2}\big(n + m - 2|\gamma|\big)\Big]^{1/p}

    References
    ----------
    Rahmathullah, Garcia-Fernandez & Svensson, "Generalized optimal sub-pattern assignment metric", 20th Int. Conf. on
    Information Fusion, 2017: definition 1 and, for alpha = 2, proposition 1.

    Examples
    --------
    >>> one = gospa(np.array([[0.0, 0.0], [9.0, 0.0]]), np.array([[3.0, 4.0]]), cutoff_m=10.0)
    >>> one.localisation, one.missed, one.false, round(one.distance, 3)
    (25.0, 50.0, 0.0, 8.66)
    """
    if not (cutoff_m > 0.0 and math.isfinite(cutoff_m)):
        raise ValueError(f"cutoff_m must be above 0, got {cutoff_m!r}")
    if not p >= 1.0:
        raise ValueError(f"p is at least 1, got {p!r}")
    if alpha != 2.0:
        raise ValueError(f"missed and false can be told apart for alpha 2 only, got {alpha!r}")
    truth, estimate = np.asarray(truth_m, np.float64), np.asarray(estimate_m, np.float64)
    if not (np.isfinite(truth).all() and np.isfinite(estimate).all()):
        raise ValueError("positions must be finite")
    n, m = len(truth), len(estimate)
    assignment = np.full(n, -1, np.int64)
    half = 0.5 * cutoff_m**p
    localisation = 0.0
    if n and m:
        apart = np.linalg.norm(truth[:, None, :] - estimate[None, :, :], axis=2) ** p
        cost = np.minimum(apart, cutoff_m**p)
        rows, columns = linear_sum_assignment(cost)
        kept = apart[rows, columns] < cutoff_m**p
        assignment[rows[kept]] = columns[kept]
        localisation = float(apart[rows[kept], columns[kept]].sum())
    assigned = int(np.count_nonzero(assignment >= 0))
    missed, false = half * (n - assigned), half * (m - assigned)
    return Gospa((localisation + missed + false) ** (1.0 / p), localisation, missed, false, assignment)


@dataclass(frozen=True, kw_only=True, eq=False)
class TrackScores(Columns):
    """Scores at each time; one row a time."""

    t_s: FloatArray
    """(n,) time. [s]"""
    gospa_m: FloatArray
    """(n,) GOSPA with p = 2, alpha = 2 and the cutoff of the scoring. [m]"""
    localisation_m2: FloatArray
    """(n,) its part from errors of assigned tracks. [m2]"""
    missed_m2: FloatArray
    """(n,) its part from missed targets. [m2]"""
    false_m2: FloatArray
    """(n,) its part from false tracks. [m2]"""
    n_truth: IntArray
    """(n,) targets."""
    n_tracks: IntArray
    """(n,) tracks."""
    n_assigned: IntArray
    """(n,) targets that have a track."""


@dataclass(frozen=True)
class TrackSummary:
    """Scores of a run. Rates without any sample behind them are 0, RMSE then is NaN."""

    gospa_m: float
    """Mean over times of GOSPA (p = 2, alpha = 2). [m]"""
    cutoff_m: float
    """Its cutoff. [m]"""
    localisation_m2: float
    """Mean over times of GOSPA squared's part from errors of assigned tracks. [m2]"""
    missed_m2: float
    """Likewise from missed targets. [m2]"""
    false_m2: float
    """Likewise from false tracks. [m2]"""
    completeness: float
    """Share of target samples that have a track. [1]"""
    n_false: float
    """False tracks, mean over times."""
    n_switches: int
    """Times that a target's track number changed, gaps bridged."""
    n_breaks: int
    """Times that a target, once tracked, had no track and later had one again."""
    continuity: float
    """Share of a target's samples held by the one track that held it longest, averaged over targets. [1]"""
    rmse_m: float
    """Root mean square distance of assigned pairs. [m]"""


def score_tracks(
    truth_t_s: FloatArray,
    truth_id: IntArray,
    truth_m: FloatArray,
    track_t_s: FloatArray,
    track_id: IntArray,
    track_m: FloatArray,
    *,
    cutoff_m: float,
) -> tuple[TrackScores, TrackSummary]:
    """Score tracks against the truth at the truth's times.

    Parameters
    ----------
    truth_t_s, truth_id, truth_m : (n,), (n,), (n, d) arrays
        Samples of the targets: time, target, position; any order. [s, 1, m]
    track_t_s, track_id, track_m : (m,), (m,), (m, d) arrays
        Samples of the tracks at the same times exactly (see ``resample``): time, number, position. [s, 1, m]
    cutoff_m : float
        Cutoff of GOSPA: a track farther away does not hold a target. [m]

    Returns
    -------
    scores : TrackScores
        One row a time of the truth or of the tracks.
    summary : TrackSummary
        Over all times.

    Raises
    ------
    ValueError
        If there is no sample at all, or ``gospa`` refuses the values.

    Notes
    -----
    Each time is assigned on its own (GOSPA's assignment), so a switch is counted between one assignment and the
    target's next. Completeness and continuity follow the SIAP attributes of the same names in spirit.

    References
    ----------
    SIAP System Engineering Task Force, *Single Integrated Air Picture (SIAP) Attributes*, version 2.0, technical report
    2003-029, 2003.
    """
    times = np.union1d(truth_t_s, track_t_s)
    if len(times) == 0:
        raise ValueError("nothing to score: neither truth nor tracks hold a sample")
    truth_order, track_order = np.argsort(truth_t_s, kind="stable"), np.argsort(track_t_s, kind="stable")
    truth_edges = (
        np.searchsorted(truth_t_s[truth_order], times),
        np.searchsorted(truth_t_s[truth_order], times, "right"),
    )
    track_edges = (
        np.searchsorted(track_t_s[track_order], times),
        np.searchsorted(track_t_s[track_order], times, "right"),
    )
    rows = []
    held_truth, held_track = [], []
    for i in range(len(times)):
        mine = truth_order[truth_edges[0][i] : truth_edges[1][i]]
        theirs = track_order[track_edges[0][i] : track_edges[1][i]]
        one = gospa(truth_m[mine], track_m[theirs], cutoff_m=cutoff_m)
        rows.append((one.distance, one.localisation, one.missed, one.false, len(mine), len(theirs), one.n_assigned))
        held = np.full(len(mine), -1, np.int64)
        found = one.assignment >= 0
        held[found] = track_id[theirs[one.assignment[found]]]
        held_truth.append(truth_id[mine])
        held_track.append(held)
    table = np.array(rows, np.float64)
    counts = table[:, 4:].astype(np.int64)
    scores = TrackScores(
        t_s=times,
        gospa_m=table[:, 0],
        localisation_m2=table[:, 1],
        missed_m2=table[:, 2],
        false_m2=table[:, 3],
        n_truth=counts[:, 0],
        n_tracks=counts[:, 1],
        n_assigned=counts[:, 2],
    )
    n_switches, n_breaks, continuity = _lives(np.concatenate(held_truth), np.concatenate(held_track))
    n_truth, n_assigned = int(counts[:, 0].sum()), int(counts[:, 2].sum())
    summary = TrackSummary(
        gospa_m=float(table[:, 0].mean()),
        cutoff_m=cutoff_m,
        localisation_m2=float(table[:, 1].mean()),
        missed_m2=float(table[:, 2].mean()),
        false_m2=float(table[:, 3].mean()),
        completeness=n_assigned / n_truth if n_truth else 0.0,
        n_false=float((counts[:, 1] - counts[:, 2]).mean()),
        n_switches=n_switches,
        n_breaks=n_breaks,
        continuity=continuity,
        rmse_m=math.sqrt(table[:, 1].sum() / n_assigned) if n_assigned else math.nan,
    )
    return scores, summary


def _lives(target: IntArray, held: IntArray) -> tuple[int, int, float]:
    """Switches, breaks and continuity from (target, track or -1) in time order."""
    order = np.argsort(target, kind="stable")
    target, held = target[order], held[order]
    n_switches = n_breaks = 0
    shares = []
    for one in np.split(held, np.flatnonzero(np.diff(target)) + 1):
        if len(one) == 0:
            continue
        tracked = one >= 0
        numbers = one[tracked]
        n_switches += int(np.count_nonzero(np.diff(numbers)))
        starts = np.count_nonzero(tracked[1:] & ~tracked[:-1]) + int(tracked[0])
        n_breaks += max(int(starts) - 1, 0)
        shares.append(np.unique(numbers, return_counts=True)[1].max() / len(one) if len(numbers) else 0.0)
    return n_switches, n_breaks, float(np.mean(shares)) if shares else 0.0


def resample(
    t_s: FloatArray,
    identity: IntArray,
    position_m: FloatArray,
    times_s: FloatArray,
    *,
    max_gap_s: float,
    velocity_mps: FloatArray | None = None,
) -> tuple[FloatArray, IntArray, FloatArray]:
    """Bring samples that come at their own times to common times.

    Parameters
    ----------
    t_s, identity, position_m : (n,), (n,), (n, d) arrays
        Samples in any order. [s, 1, m]
    times_s : (k,) array
        Times wanted, rising. [s]
    max_gap_s : float
        Longest time to bridge. [s]
    velocity_mps : (n, d) array, optional
        Given for tracks: each sample is carried forward to the next one, or ``max_gap_s``, as an operator would see it.
        Left out for truth: straight lines between samples at most ``max_gap_s`` apart. [m/s]

    Returns
    -------
    t_s, identity, position_m : (m,), (m,), (m, d) arrays
        Sorted by identity, then time.

    Raises
    ------
    ValueError
        If ``max_gap_s`` is not above 0.
    """
    if not max_gap_s > 0.0:
        raise ValueError(f"max_gap_s must be above 0, got {max_gap_s!r}")
    order = np.lexsort((t_s, identity))
    t, who, where = t_s[order], identity[order], position_m[order]
    times = np.asarray(times_s, np.float64)
    out_t, out_id, out_m = [np.empty(0)], [np.empty(0, np.int64)], [np.empty((0, position_m.shape[1]))]
    edges = np.concatenate([[0], np.flatnonzero(np.diff(who)) + 1, [len(who)]])
    for low, high in zip(edges[:-1], edges[1:], strict=True):
        if low == high:
            continue
        mine = t[low:high]
        after = np.searchsorted(mine, times, "right")
        before = np.maximum(after - 1, 0)
        if velocity_mps is not None:
            kept = (after > 0) & (times - mine[before] <= max_gap_s)
            row = low + before[kept]
            point = where[row] + (times[kept] - t[row])[:, None] * velocity_mps[order][row]
        else:
            following = np.minimum(after, high - low - 1)
            gap = mine[following] - mine[before]
            exact = (after > 0) & (mine[before] == times)
            kept = exact | ((after > 0) & (after < high - low) & (gap <= max_gap_s))
            share = np.where(exact | (gap <= 0.0), 0.0, (times - mine[before]) / np.where(gap > 0.0, gap, 1.0))[kept]
            first, second = low + before[kept], low + following[kept]
            point = where[first] + share[:, None] * (where[second] - where[first])
        out_t.append(times[kept])
        out_id.append(np.full(int(kept.sum()), who[low]))
        out_m.append(point)
    return np.concatenate(out_t), np.concatenate(out_id), np.concatenate(out_m)
