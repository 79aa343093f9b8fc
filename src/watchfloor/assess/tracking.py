"""How good a tracker's picture is over a whole run, from samples of targets and tracks at common times.

Everything works on plain arrays (time, identity, position), so recorded tracks and truth files are scored like
simulated ones.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from watchfloor.assess.gospa import Gospa as Gospa
from watchfloor.assess.gospa import best_pairs, cutoff_and_order, near_pairs
from watchfloor.assess.gospa import gospa as gospa
from watchfloor.assess.siap import Holds, Siap, siap
from watchfloor.base.columns import Columns
from watchfloor.base.units import BoolArray, FloatArray, IntArray


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
    n_targets: int
    """Targets."""
    n_never_held: int
    """Targets that never had a track."""
    latency_s: float
    """Time from a target's first sample to its first track, averaged over targets that had one; NaN if none had. [s]"""
    n_numbers: int
    """Track numbers."""
    n_false_numbers: int
    """Track numbers that never came within the cutoff of a target."""
    life_s: float
    """Time from first to last sample of a track that held a target, averaged; NaN if there is none. [s]"""
    false_life_s: float
    """The same of tracks that never held one. [s]"""
    siap: Siap
    """The attributes of a single integrated air picture."""


def score_tracks(
    truth_t_s: FloatArray,
    truth_id: IntArray,
    truth_m: FloatArray,
    track_t_s: FloatArray,
    track_id: IntArray,
    track_m: FloatArray,
    *,
    cutoff_m: float,
    truth_mps: FloatArray | None = None,
    track_mps: FloatArray | None = None,
    truth_label: IntArray | None = None,
    track_label: IntArray | None = None,
    progress: Callable[[int, int], None] | None = None,
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
    truth_mps, track_mps : (n, d), (m, d) arrays, optional
        Velocities of the samples, for the velocity's accuracy. [m/s]
    truth_label, track_label : (n,), (m,) arrays, optional
        Identities of the samples, -1 for none, for what SIAP says of identities.
    progress : callable, optional
        Called with (times done, times).

    Returns
    -------
    scores : TrackScores
        One row a time of the truth or of the tracks.
    summary : TrackSummary
        Over all times.

    Raises
    ------
    ValueError
        If there is no sample at all, a value is not finite, or a target has two samples at one time.

    Notes
    -----
    Each time is assigned on its own (GOSPA's assignment), so a switch is counted between one assignment and the
    target's next. A track left without a target within the cutoff of one, the nearest counts, holds it too: redundant,
    false for GOSPA, and counted by SIAP's ambiguity. `trajectories.trajectory_gospa` weighs assignments over time.

    References
    ----------
    As `gospa.gospa` and `siap.siap`.
    """
    cutoff_m, _ = cutoff_and_order(cutoff_m, 2.0)
    truth, tracks = _samples(truth_t_s, truth_id, truth_m), _samples(track_t_s, track_id, track_m)
    times, holds, rows = _hold(truth, tracks, cutoff_m, truth_mps, track_mps, progress)
    table = np.array(rows, np.float64)
    counts = table[:, 1:].astype(np.int64)
    half = 0.5 * cutoff_m**2
    missed, false = half * (table[:, 1] - table[:, 3]), half * (table[:, 2] - table[:, 3])
    scores = TrackScores(
        t_s=times,
        gospa_m=np.sqrt(table[:, 0] + missed + false),
        localisation_m2=table[:, 0],
        missed_m2=missed,
        false_m2=false,
        n_truth=counts[:, 0],
        n_tracks=counts[:, 1],
        n_assigned=counts[:, 2],
    )
    n_switches, n_breaks, continuity, n_never, latency_s = _lives(truth_t_s, truth_id, holds)
    n_numbers, n_false_numbers, life_s, false_life_s = _tracks(track_t_s, track_id, holds)
    n_truth, n_assigned = int(counts[:, 0].sum()), int(counts[:, 2].sum())
    summary = TrackSummary(
        gospa_m=float(scores.gospa_m.mean()),
        cutoff_m=cutoff_m,
        localisation_m2=float(scores.localisation_m2.mean()),
        missed_m2=float(missed.mean()),
        false_m2=float(false.mean()),
        completeness=n_assigned / n_truth if n_truth else 0.0,
        n_false=float((counts[:, 1] - counts[:, 2]).mean()),
        n_switches=n_switches,
        n_breaks=n_breaks,
        continuity=continuity,
        rmse_m=math.sqrt(table[:, 0].sum() / n_assigned) if n_assigned else math.nan,
        n_targets=len(np.unique(truth_id)),
        n_never_held=n_never,
        latency_s=latency_s,
        n_numbers=n_numbers,
        n_false_numbers=n_false_numbers,
        life_s=life_s,
        false_life_s=false_life_s,
        siap=siap(
            truth_t_s,
            truth_id,
            holds,
            n_track_samples=len(track_t_s),
            truth_label=truth_label,
            track_label=None if track_label is None else np.asarray(track_label)[holds.row],
        ),
    )
    return scores, summary


def who_holds(
    truth_t_s: FloatArray,
    truth_id: IntArray,
    truth_m: FloatArray,
    track_t_s: FloatArray,
    track_id: IntArray,
    track_m: FloatArray,
    *,
    cutoff_m: float,
    truth_mps: FloatArray | None = None,
    track_mps: FloatArray | None = None,
) -> Holds:
    """Say which track holds which target at each time; arguments and rules as `score_tracks`."""
    cutoff_m, _ = cutoff_and_order(cutoff_m, 2.0)
    truth, tracks = _samples(truth_t_s, truth_id, truth_m), _samples(track_t_s, track_id, track_m)
    return _hold(truth, tracks, cutoff_m, truth_mps, track_mps, None)[1]


def _samples(t_s: FloatArray, identity: IntArray, position_m: FloatArray) -> tuple[FloatArray, IntArray, FloatArray]:
    return np.asarray(t_s, np.float64), np.asarray(identity), np.asarray(position_m, np.float64)


def _hold(
    truth: tuple[FloatArray, IntArray, FloatArray],
    tracks: tuple[FloatArray, IntArray, FloatArray],
    cutoff_m: float,
    truth_mps: FloatArray | None,
    track_mps: FloatArray | None,
    progress: Callable[[int, int], None] | None,
) -> tuple[FloatArray, Holds, list[tuple[float, int, int, int]]]:
    """Times, who holds whom, and (sum of squares, targets, tracks, pairs) of each time."""
    (truth_t_s, truth_id, truth_m), (track_t_s, track_id, track_m) = truth, tracks
    times = np.union1d(truth_t_s, track_t_s)
    if len(times) == 0:
        raise ValueError("nothing to score: neither truth nor tracks hold a sample")
    for name, value in (("truth_m", truth_m), ("track_m", track_m), ("truth_t_s and track_t_s", times)):
        if not np.isfinite(value).all():
            raise ValueError(f"{name} must be finite")
    truth_order, track_order = np.argsort(truth_t_s, kind="stable"), np.argsort(track_t_s, kind="stable")
    truth_at = np.searchsorted(truth_t_s[truth_order], np.append(times, np.inf))
    track_at = np.searchsorted(track_t_s[track_order], np.append(times, np.inf))
    rows: list[tuple[float, int, int, int]] = []
    held: list[tuple[IntArray, IntArray, FloatArray, BoolArray]] = []
    for k in range(len(times)):
        mine, theirs = truth_order[truth_at[k] : truth_at[k + 1]], track_order[track_at[k] : track_at[k + 1]]
        n, m, squares, n_pairs = len(mine), len(theirs), 0.0, 0
        if n and m:
            i, j, apart = near_pairs(truth_m[mine], track_m[theirs], cutoff_m)
            gain = 1.0 - (apart / cutoff_m) ** 2
            worth = np.flatnonzero(gain > 0.0)
            taken = worth[best_pairs(i[worth], j[worth], gain[worth], n, m)]
            squares, n_pairs = float((apart[taken] ** 2).sum()), len(taken)
            free = np.ones(m, bool)
            free[j[taken]] = False
            more = np.flatnonzero(free[j])
            if len(more):
                more = more[np.lexsort((apart[more], j[more]))]
                more = more[np.unique(j[more], return_index=True)[1]]  # the nearest target of each
                taken = np.concatenate([taken, more])
            held.append((mine[i[taken]], theirs[j[taken]], apart[taken], np.arange(len(taken)) < n_pairs))
        rows.append((squares, n, m, n_pairs))
        if progress is not None:
            progress(k + 1, len(times))
    nobody = np.empty(0, np.int64)
    held.append((nobody, nobody, np.empty(0), np.empty(0, bool)))
    a, b, error, main = (np.concatenate(column) for column in zip(*held, strict=True))
    slip = np.full(len(a), np.nan)
    if truth_mps is not None and track_mps is not None:
        slip = np.linalg.norm(np.asarray(truth_mps)[a] - np.asarray(track_mps)[b], axis=1)
    holds = Holds(
        t_s=truth_t_s[a],
        target=truth_id[a],
        track=track_id[b],
        main=main,
        error_m=error,
        error_mps=slip,
        row=b,
    )
    return times, holds, rows


def _lives(t_s: FloatArray, target: IntArray, holds: Holds) -> tuple[int, int, float, int, float]:
    """Switches, breaks, continuity, targets never held, and latency."""
    order = np.lexsort((t_s, target))
    t, who = np.asarray(t_s, np.float64)[order], target[order]
    names, j = np.unique(who, return_inverse=True)
    if len(names) == 0:
        return 0, 0, 0.0, 0, math.nan
    first = np.searchsorted(j, np.arange(len(names)))
    long = np.bincount(j)
    times = np.unique(t)
    key = j * len(times) + np.searchsorted(times, t)
    if len(key) and (np.diff(key) == 0).any():
        row = int(np.flatnonzero(np.diff(key) == 0)[0])
        raise ValueError(f"truth_id: {who[row]} has two samples at {t[row]:g} s; keep one of them")
    mine = np.searchsorted(names, holds.target[holds.main])
    row = np.searchsorted(key, mine * len(times) + np.searchsorted(times, holds.t_s[holds.main]))
    sort = np.argsort(row)
    row, number, mine = row[sort], holds.track[holds.main][sort], mine[sort]
    same = np.diff(mine) == 0
    n_switches = int(np.count_nonzero(same & (np.diff(number) != 0)))
    n_breaks = int(np.count_nonzero(same & (np.diff(row) > 1)))
    best = np.zeros(len(names))
    pairs, counts = np.unique(np.stack([mine, number]), axis=1, return_counts=True)
    np.maximum.at(best, pairs[0], counts)
    held, start = np.unique(mine, return_index=True)
    latency_s = float((t[row[start]] - t[first[held]]).mean()) if len(held) else math.nan
    return n_switches, n_breaks, float((best / long).mean()), len(names) - len(held), latency_s


def _tracks(t_s: FloatArray, number: IntArray, holds: Holds) -> tuple[int, int, float, float]:
    """Track numbers, those that never held a target, and the mean lives of both sorts."""
    names, j = np.unique(number, return_inverse=True)
    first, last = np.full(len(names), np.inf), np.full(len(names), -np.inf)
    np.minimum.at(first, j, t_s)
    np.maximum.at(last, j, t_s)
    good = np.isin(names, holds.track)
    life = last - first
    means = [float(life[which].mean()) if which.any() else math.nan for which in (good, ~good)]
    return len(names), int(np.count_nonzero(~good)), means[0], means[1]


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
    velocity = None if velocity_mps is None else velocity_mps[order]
    times = np.asarray(times_s, np.float64)
    out_t, out_id, out_m = [np.empty(0)], [np.empty(0, np.int64)], [np.empty((0, position_m.shape[1]))]
    edges = np.concatenate([[0], np.flatnonzero(np.diff(who)) + 1, [len(who)]])
    for low, high in zip(edges[:-1], edges[1:], strict=True):
        if low == high:
            continue
        mine = t[low:high]
        after = np.searchsorted(mine, times, "right")
        before = np.maximum(after - 1, 0)
        if velocity is not None:
            kept = (after > 0) & (times - mine[before] <= max_gap_s)
            row = low + before[kept]
            point = where[row] + (times[kept] - t[row])[:, None] * velocity[row]
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


def truth_at(
    t_s: FloatArray,
    identity: IntArray,
    position_m: FloatArray,
    velocity_mps: FloatArray,
    at_s: FloatArray,
    of: IntArray,
) -> tuple[FloatArray, FloatArray]:
    """Where targets were, and how fast, between their samples, and how sure that is.

    Parameters
    ----------
    t_s, identity, position_m, velocity_mps : (n,), (n,), (n, d), (n, d) arrays
        Samples of the targets in any order. [s, 1, m, m/s]
    at_s, of : (k,), (k,) arrays
        Times asked for, and of which target. [s, 1]

    Returns
    -------
    state : (k, 2 d) array
        Position and velocity; NaN outside a target's samples. [m, m/s]
    doubt_mps : (k,) array
        Mean velocity between the samples either side, less what their velocities and one steady turn or acceleration
        explain: where a manoeuvre begins or ends in between, the velocity may be wrong by about as much. [m/s]

    Notes
    -----
    Cubic through position and velocity of the samples either side (Hermite): exact for constant acceleration; in a turn
    of rate w sampled every T the error is at most ``speed * w**3 * T**4 / 384``, 2 mm at 300 m/s, 3 deg/s and 2 s.
    """
    order = np.lexsort((t_s, identity))
    t, who = np.asarray(t_s, np.float64)[order], np.asarray(identity)[order]
    x, v = np.asarray(position_m, np.float64)[order], np.asarray(velocity_mps, np.float64)[order]
    out, doubt = np.full((len(at_s), 2 * x.shape[1]), np.nan), np.full(len(at_s), np.nan)
    if len(t) == 0:
        return out, doubt
    times, names = np.unique(t), np.unique(who)
    span = 2 * len(times) + 2
    key = np.searchsorted(names, who) * span + 2 * np.searchsorted(times, t)
    below = 2 * np.searchsorted(times, at_s, "right") - 1  # between samples an odd number
    name = np.minimum(np.searchsorted(names, of), len(names) - 1)
    first = np.searchsorted(key, name * span + below) - 1
    first = np.clip(first, 0, len(t) - 1)
    last = np.minimum(first + 1, len(t) - 1)
    exact = (who[first] == of) & (t[first] == at_s)
    last = np.where(exact, first, last)
    good = (who[first] == of) & (who[last] == of) & (t[first] <= at_s) & (at_s <= t[last])
    a, b = first[good], last[good]
    h = (t[b] - t[a])[:, None]
    s = np.where(h > 0.0, (at_s[good] - t[a])[:, None] / np.where(h > 0.0, h, 1.0), 0.0)
    rate = np.where(h > 0.0, (x[b] - x[a]) / np.where(h > 0.0, h, 1.0), 0.0)
    d = x.shape[1]
    out[good, :d] = (
        (1.0 + 2.0 * s) * (1.0 - s) ** 2 * x[a]
        + s**2 * (3.0 - 2.0 * s) * x[b]
        + h * s * (1.0 - s) * ((1.0 - s) * v[a] - s * v[b])
    )
    out[good, d:] = 6.0 * s * (1.0 - s) * rate + (1.0 - s) * (1.0 - 3.0 * s) * v[a] + s * (3.0 * s - 2.0) * v[b]
    size = np.linalg.norm(v[a], axis=1) * np.linalg.norm(v[b], axis=1)
    cosine = np.where(size > 0.0, (v[a] * v[b]).sum(axis=1) / np.where(size > 0.0, size, 1.0), 1.0)
    half = 0.5 * np.arccos(np.clip(cosine, -1.0, 1.0))
    chord = np.where(half > 1e-6, np.tan(half) / np.where(half > 1e-6, half, 1.0), 1.0)  # chord of an arc, by its ends
    off = np.linalg.norm(rate - 0.5 * chord[:, None] * (v[a] + v[b]), axis=1)
    doubt[good] = np.where(h[:, 0] > 0.0, off, 0.0)
    return out, doubt
