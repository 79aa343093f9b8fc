"""Compiled loops of tasking: what looks are expected to tell, and who gets them. Twins: ``tests/plain/tasking.py``."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from watchfloor.base.units import FloatArray, IntArray
from watchfloor.learn import _kernels, _kernels_drift, _kernels_identify
from watchfloor.learn._kernels import _level_of_track


@njit(cache=True, error_model="numpy")
def track_levels(
    radar: IntArray,
    slot: IntArray,
    cell: IntArray,
    probability: FloatArray,
    class_echo: IntArray,
    pool_at: IntArray,
    own: FloatArray,
    own_scored: FloatArray,
    scored: FloatArray,
    table_at: IntArray,
    tables: FloatArray,
    group: IntArray,
    log_weight: FloatArray,
) -> FloatArray:
    """Probabilities of the level that each track of each class shows to some radars, (n, Q, M + 1, G), [1].

    radar (Q,) rows of radars; the rest as `_kernels.expected_pd` has it. Classes that a track hardly is are left at 0.
    """
    n, n_classes, n_levels = cell.shape[0], probability.shape[1], tables.shape[1]
    out = np.zeros((n, radar.shape[0], n_classes, n_levels))
    for i in range(n):
        for q in range(radar.shape[0]):
            s = radar[q]
            c = cell[i, s]
            p = pool_at[slot[i], s, c] if slot[i] >= 0 else -1
            for m in range(n_classes):
                if probability[i, m] < 1e-4:
                    continue
                _level_of_track(
                    tables[table_at[s, m, c]], own[max(p, 0), class_echo[m]], own_scored[max(p, 0), m], int(p) >= 0,
                    scored[max(slot[i], 0), group[m, s], m], slot[i] >= 0, log_weight, out[i, q, m],
                )  # fmt: skip
    return out


@njit(cache=True, error_model="numpy")
def worth(
    probability: FloatArray,
    level: FloatArray,
    law: IntArray,
    snr_db: FloatArray,
    gain_db: FloatArray,
    side_db: FloatArray,
    share: FloatArray,
    pd: FloatArray,
    outcome: FloatArray,
    doubt: FloatArray,
    first_db: float,
    step_db: float,
    least: float,
) -> tuple[FloatArray, FloatArray]:
    """Expected yield of looks: Pd (n, R, D) [1]; information on the type, and on the level given it, (n, D, 2) [nat].

    probability (n, K) of each type; level (n, K, H) probability of each level, ``snr_db`` (n, H) signal-to-noise ratio
    that it gives in a usual look; law (K,) fluctuation law of a type; gain_db (n, D) of each dwell; side_db (n, Q) what
    it loses beside the peak, with probabilities share (Q,). On a lattice of signal-to-noise ratios: pd (W, R, X) by
    threshold, and at the first of them outcome (W, X, B), a miss first, and its entropy doubt (W, X). Information is
    that of the mean signal. Levels and types below ``least`` are passed over.
    """
    n, n_types, n_levels = level.shape
    n_rungs, n_x, n_out = pd.shape[1], pd.shape[2], outcome.shape[2]
    n_dwells, n_sides = gain_db.shape[1], share.shape[0]
    found, told = np.zeros((n, n_rungs, n_dwells)), np.zeros((n, n_dwells, 2))
    mixed, one = np.empty(n_out), np.empty(n_out)
    mean_side = np.empty(n)
    for i in range(n):
        power = 0.0
        for q in range(n_sides):
            power += share[q] * 10.0 ** (0.1 * side_db[i, q])
        mean_side[i] = 10.0 * math.log10(power)
    for i in range(n):
        for d in range(n_dwells):
            mixed[:] = 0.0
            given_type, given_level, total = 0.0, 0.0, 0.0
            for k in range(n_types):
                p = probability[i, k]
                if p < least:
                    continue
                w = law[k]
                one[:] = 0.0
                mass, doubt_level = 0.0, 0.0
                for h in range(n_levels):
                    c = level[i, k, h]
                    if c < least:
                        continue
                    at = (snr_db[i, h] + gain_db[i, d] - first_db) / step_db + 0.5
                    j = min(max(int(at + mean_side[i] / step_db), 0), n_x - 1)
                    mass += c
                    doubt_level += c * doubt[w, j]
                    for b in range(n_out):
                        one[b] += c * outcome[w, j, b]
                    for q in range(n_sides):
                        j = min(max(int(at + side_db[i, q] / step_db), 0), n_x - 1)
                        for r in range(n_rungs):
                            found[i, r, d] += p * c * share[q] * pd[w, r, j]
                if mass <= 0.0:
                    continue
                entropy = 0.0
                for b in range(n_out):
                    y = one[b] / mass
                    mixed[b] += p * y
                    if y > 0.0:
                        entropy -= y * math.log(y)
                total += p
                given_type += p * entropy
                given_level += p * doubt_level / mass
            if total <= 0.0:
                continue
            entropy = 0.0
            for b in range(n_out):
                y = mixed[b] / total
                if y > 0.0:
                    entropy -= y * math.log(y)
            told[i, d, 0] = max(entropy - given_type / total, 0.0)
            told[i, d, 1] = max((given_type - given_level) / total, 0.0)
    return np.minimum(found, 1.0), told


@njit(cache=True, error_model="numpy")
def _climb(
    pd: FloatArray,
    extra: FloatArray,
    time: FloatArray,
    power: FloatArray,
    time_left: FloatArray,
    power_left: float,
    unseen: FloatArray,
    detection: float,
    floor: FloatArray,
    choice: IntArray,
) -> float:
    """Add the best upgrade a joule until none fits or pays; change choice, time_left, unseen; return the net worth."""
    n, n_radars, n_options = pd.shape
    value = 0.0
    for i in range(n):
        value += detection * (1.0 - unseen[i])
        for s in range(n_radars):
            if choice[i, s] >= 0:
                value += extra[i, s, choice[i, s]] - floor[s] * power[i, s, choice[i, s]]
    while True:
        best, bi, bs, bo, best_gain = 0.0, -1, -1, -1, 0.0
        for i in range(n):
            for s in range(n_radars):
                now = choice[i, s]
                had_time = time[i, s, now] if now >= 0 else 0.0
                had_power = power[i, s, now] if now >= 0 else 0.0
                had_extra = extra[i, s, now] if now >= 0 else 0.0
                had_miss = 1.0 - pd[i, s, now] if now >= 0 else 1.0
                others = unseen[i] / max(had_miss, 1e-12)
                for o in range(n_options):
                    more_time, more_power = time[i, s, o] - had_time, power[i, s, o] - had_power
                    if more_time > time_left[s] * (1.0 + 1e-12) or more_power > power_left * (1.0 + 1e-12):
                        continue
                    gain = detection * others * (had_miss - (1.0 - pd[i, s, o])) + extra[i, s, o] - had_extra
                    net = gain - floor[s] * more_power
                    if net <= 1e-12:
                        continue
                    rate = gain / max(more_power, 1e-12)
                    if rate > best:
                        best, bi, bs, bo, best_gain = rate, i, s, o, net
        if bi < 0:
            return value
        now = choice[bi, bs]
        had_miss = 1.0 - pd[bi, bs, now] if now >= 0 else 1.0
        unseen[bi] = unseen[bi] / max(had_miss, 1e-12) * (1.0 - pd[bi, bs, bo])
        time_left[bs] -= time[bi, bs, bo] - (time[bi, bs, now] if now >= 0 else 0.0)
        power_left -= power[bi, bs, bo] - (power[bi, bs, now] if now >= 0 else 0.0)
        choice[bi, bs] = bo
        value += best_gain


@njit(cache=True, error_model="numpy")
def greedy(
    pd: FloatArray,
    extra: FloatArray,
    time: FloatArray,
    power: FloatArray,
    time_budget: FloatArray,
    power_budget: float,
    unseen: FloatArray,
    detection: float,
    floor: FloatArray,
    n_guesses: int,
) -> IntArray:
    """Option of each track and radar, (n, S), -1 for none.

    pd (n, S, O) of each option; extra (n, S, O) its worth beside detection; time, power (n, S, O) its share of a
    radar's time and of the owner's mean power; time_budget (S,); unseen (n,) chance that no look beside these detects;
    detection worth of a detection; floor (S,) price of power. The greedy climb from nothing, and from each of the
    ``n_guesses`` options that alone are worth most: the best end wins.
    """
    n, n_radars, n_options = pd.shape
    best_choice = np.full((n, n_radars), -1)
    choice, left, miss = best_choice.copy(), time_budget.copy(), unseen.copy()
    best = _climb(pd, extra, time, power, left, power_budget, miss, detection, floor, choice)
    best_choice[:] = choice
    alone = np.empty(n * n_radars * n_options)
    at = 0
    for i in range(n):
        for s in range(n_radars):
            for o in range(n_options):
                fits = time[i, s, o] <= time_budget[s] * (1.0 + 1e-12) and power[i, s, o] <= power_budget * (
                    1.0 + 1e-12
                )
                alone[at] = detection * unseen[i] * pd[i, s, o] + extra[i, s, o] if fits else -1.0
                alone[at] -= floor[s] * power[i, s, o]
                at += 1
    order = np.argsort(-alone)
    for g in range(min(n_guesses, order.shape[0])):
        first = order[g]
        if alone[first] <= 0.0:
            break
        i, s, o = first // (n_radars * n_options), first // n_options % n_radars, first % n_options
        choice[:] = -1
        left[:], miss[:] = time_budget, unseen
        choice[i, s] = o
        left[s] -= time[i, s, o]
        miss[i] *= 1.0 - pd[i, s, o]
        value = _climb(
            pd, extra, time, power, left, power_budget - float(power[i, s, o]), miss, detection, floor, choice
        )
        if value > best * (1.0 + 1e-12):
            best = value
            best_choice[:] = choice
    return best_choice


def warm(**_: Any) -> None:
    """Compile, or load from the cache, what a run needs of this room."""
    _kernels.warm()
    _kernels_drift.warm()
    _kernels_identify.warm()
    cube, whole = np.full((1, 1, 1), 0.5), np.zeros(1, np.int64)
    pool, scored, weight = np.zeros((1, 1, 1), np.int64), np.zeros((1, 1, 2, 3)), np.zeros(3)
    weight.setflags(write=False)  # as the constant is
    track_levels(
        whole, whole, np.zeros((1, 1), np.int64), np.full((1, 2), 0.5), np.zeros(2, np.int64), pool,
        np.ones((1, 1, 4)), np.zeros((1, 2, 3)), scored, np.zeros((1, 2, 1), np.int64), np.full((1, 4, 3), 0.25),
        np.zeros((2, 1), np.int64), weight,
    )  # fmt: skip
    line, table = np.zeros((1, 1)), np.full((1, 1, 2), 0.5)
    worth(
        line + 1.0, np.ones((1, 1, 1)), whole, line, line, line, np.ones(1), table, np.full((1, 2, 2), 0.5),
        np.ones((1, 2)), 0.0, 1.0, 1e-4,
    )  # fmt: skip
    greedy(cube, cube, cube, cube, np.ones(1), 1.0, np.ones(1), 1.0, np.zeros(1), 2)
