"""Slow twins of the scores: every assignment tried, every sample walked through, programs written out in full."""

import itertools
import math

import numpy as np
from scipy.optimize import linprog


def partial_assignments(n, m):
    """Every set of pairs (i, j) in which no i and no j stands twice."""
    for k in range(min(n, m) + 1):
        for rows in itertools.combinations(range(n), k):
            for columns in itertools.permutations(range(m), k):
                yield tuple(zip(rows, columns, strict=True))


def gospa(truth, estimate, cutoff_m, p):
    """Definition 1 of Rahmathullah et al. for alpha = 2: every partial assignment tried."""
    n, m = len(truth), len(estimate)
    return min(
        sum(np.linalg.norm(truth[i] - estimate[j]) ** p for i, j in pairs)
        + 0.5 * cutoff_m**p * (n + m - 2 * len(pairs))
        for pairs in partial_assignments(n, m)
    ) ** (1.0 / p)


def ospa_of(base, n, m, cutoff, p):
    """OSPA from a matrix of base distances: every permutation tried."""
    if max(n, m) == 0:
        return 0.0
    if n > m:
        base, n, m = base.T, m, n
    best = min(
        sum(min(cutoff, base[i, j]) ** p for i, j in enumerate(row)) for row in itertools.permutations(range(m), n)
    )
    return ((best + cutoff**p * (m - n)) / m) ** (1.0 / p)


def ospa(truth, estimate, cutoff_m, p):
    base = np.array([[np.linalg.norm(x - y) for y in estimate] for x in truth]).reshape(len(truth), len(estimate))
    return ospa_of(base, len(truth), len(estimate), cutoff_m, p)


def ospa2(x, y, cutoff_m, p, q):
    """OSPA(2) over all columns of x (n, k, d) and y (m, k, d), NaN where a trajectory is not there."""
    x = [f for f in x if np.isfinite(f).any()]
    y = [g for g in y if np.isfinite(g).any()]
    base = np.zeros((len(x), len(y)))
    for i, f in enumerate(x):
        for j, g in enumerate(y):
            costs = []
            for a, b in zip(f, g, strict=True):
                there = np.isfinite(a).all(), np.isfinite(b).all()
                if all(there):
                    costs.append(min(cutoff_m, np.linalg.norm(a - b)) ** q)
                elif any(there):
                    costs.append(cutoff_m**q)
            base[i, j] = (sum(costs) / len(costs)) ** (1.0 / q)
    return ospa_of(base, len(x), len(y), cutoff_m, p)


def _costs(x, y, cutoff_m, p):
    """Cost (n + 1, m + 1, times) of a pair, the last row and column for nobody."""
    n, m, times = len(x), len(y), (x if len(x) else y).shape[1]
    cost = np.zeros((n + 1, m + 1, times))
    half = 0.5 * cutoff_m**p
    for k in range(times):
        for i in range(n + 1):
            for j in range(m + 1):
                a = i < n and np.isfinite(x[i, k]).all()
                b = j < m and np.isfinite(y[j, k]).all()
                cost[i, j, k] = min(np.linalg.norm(x[i, k] - y[j, k]), cutoff_m) ** p if a and b else half * (a or b)
    return cost


def trajectory_gospa(x, y, cutoff_m, switch_m, p):
    """The program of Garcia-Fernandez et al. 2020 as it stands: a share for each pair and time, nobody included.

    x (n, k, d) and y (m, k, d), NaN where a trajectory is not there. Shares W, then bounds H of their changes.
    """
    n, m = len(x), len(y)
    cost = _costs(x, y, cutoff_m, p)
    times = cost.shape[2]
    w = np.arange(cost.size).reshape(cost.shape)
    h = cost.size + np.arange(n * m * (times - 1)).reshape(n, m, times - 1)
    size = cost.size + h.size
    sums, moves = [], []
    for k in range(times):
        for i in range(n):
            row = np.zeros(size)
            row[w[i, :, k]] = 1.0
            sums.append(row)
        for j in range(m):
            row = np.zeros(size)
            row[w[:, j, k]] = 1.0
            sums.append(row)
    for i, j, k in itertools.product(range(n), range(m), range(times - 1)):
        for sign in (1.0, -1.0):
            row = np.zeros(size)
            row[w[i, j, k + 1]], row[w[i, j, k]], row[h[i, j, k]] = sign, -sign, -1.0
            moves.append(row)
    found = linprog(
        np.concatenate([cost.ravel(), np.full(h.size, 0.5 * switch_m**p)]),
        A_ub=np.array(moves) if moves else None,
        b_ub=np.zeros(len(moves)) if moves else None,
        A_eq=np.array(sums),
        b_eq=np.ones(len(sums)),
    )
    assert found.status == 0
    return found.fun ** (1.0 / p)


def trajectory_gospa_whole(x, y, cutoff_m, switch_m, p):
    """The multidimensional metric of the same paper: shares 0 or 1 only, every sequence of assignments (Viterbi)."""
    n, m = len(x), len(y)
    cost = _costs(x, y, cutoff_m, p)
    states = list(partial_assignments(n, m))

    def at(pairs, k):
        taken = {i for i, _ in pairs}, {j for _, j in pairs}
        return (
            sum(cost[i, j, k] for i, j in pairs)
            + sum(cost[i, m, k] for i in range(n) if i not in taken[0])
            + sum(cost[n, j, k] for j in range(m) if j not in taken[1])
        )

    best = {s: at(s, 0) for s in states}
    for k in range(1, cost.shape[2]):
        best = {
            s: at(s, k) + min(value + 0.5 * switch_m**p * len(set(s) ^ set(old)) for old, value in best.items())
            for s in states
        }
    return min(best.values()) ** (1.0 / p)


def siap(truth, holds, n_track_samples):
    """SIAP attributes; truth [(t, target)], holds [(t, target, track, error)]: sample by sample."""
    held = {}
    for t, target, track, _ in holds:
        held.setdefault((target, t), set()).add(track)
    times = {}
    for t, target in truth:
        times.setdefault(target, []).append(t)
    tracked_s = longest_s = alive_s = 0.0
    changes = 0
    for target, mine in times.items():
        mine.sort()
        alive_s += mine[-1] - mine[0]
        spells, longest = {}, 0.0  # track -> since when without a gap
        for k, t in enumerate(mine):
            here = held.get((target, t), set())
            if k:
                before = held.get((target, mine[k - 1]), set())
                tracked_s += (t - mine[k - 1]) * bool(here & before)
            spells = {track: spells.get(track, t) for track in here}
            longest = max([longest, *(t - since for since in spells.values())])
        longest_s += longest
        # fewest changes: every choice of a holder at each time tried, one state a track
        cost = None
        for t in mine:
            here = held.get((target, t))
            if here:
                cost = {
                    track: 0 if cost is None else min(v + (track != old) for old, v in cost.items()) for track in here
                }
        changes += min(cost.values()) if cost else 0
    n_held = len(held)
    return {
        "completeness": n_held / len(truth),
        "ambiguity": len(holds) / n_held if n_held else math.nan,
        "spuriousness": (n_track_samples - len(holds)) / n_track_samples if n_track_samples else math.nan,
        "position_accuracy_m": float(np.mean([row[3] for row in holds])) if holds else math.nan,
        "number_change_rate_hz": changes / tracked_s if tracked_s else math.nan,
        "longest_segment": longest_s / alive_s if alive_s else math.nan,
    }
