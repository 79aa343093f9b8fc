"""Compiled loops of this room: evidence of looks, and expected detection. Plain twins in ``tests/plain/learn.py``."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from watchfloor.base.units import BoolArray, FloatArray, IntArray
from watchfloor.learn._kernels_field import chain, marginals, propagate, skewed_marginals
from watchfloor.physics._kernels import statistic_log_pdf_scalar


@njit(cache=True, error_model="numpy")
def density_table(power: FloatArray, snr: FloatArray, n_pulses: int, swerling: int) -> FloatArray:
    """Log density of the statistic ``n_pulses * power`` at mean ``snr``, (power, snr), [1]."""
    out = np.empty((power.shape[0], snr.shape[0]))
    for i in range(power.shape[0]):
        for j in range(snr.shape[0]):
            out[i, j] = statistic_log_pdf_scalar(n_pulses * power[i], snr[j], n_pulses, swerling)
    return out


@njit(cache=True, error_model="numpy")
def _taps(fraction: float, out: FloatArray) -> None:
    """Weights (4,) of the four-point Lagrange interpolation at ``fraction`` between the second and third point."""
    f = fraction
    out[0] = -f * (f - 1.0) * (f - 2.0) / 6.0
    out[1] = (f + 1.0) * (f - 1.0) * (f - 2.0) / 2.0
    out[2] = -(f + 1.0) * f * (f - 2.0) / 2.0
    out[3] = (f + 1.0) * f * (f - 1.0) / 6.0


@njit(cache=True, error_model="numpy")
def _hit_row(
    table: FloatArray, lattice: FloatArray, power_db: float, base_db: float, taps: FloatArray, out: FloatArray
) -> None:
    """Log density at every level, (g,), from a table (power, snr); ``base_db`` is the SNR at the first level."""
    shift = 0.0
    if power_db > lattice[3]:  # far above the noise only power over signal matters
        shift = power_db - lattice[3]
        power_db = lattice[3]
    y = max((power_db - lattice[2]) / lattice[1], 0.0)
    i = min(max(int(y), 1), table.shape[0] - 3)
    _taps(y - i, taps)
    t0, t1, t2, t3 = taps[0], taps[1], taps[2], taps[3]
    x = min(max((base_db - shift - lattice[0]) / lattice[1], 1.0), table.shape[1] - out.shape[0] - 3.0)
    j = int(x)
    n = out.shape[0] + 3
    row = np.empty(n)
    for g in range(n):
        k = j - 1 + g
        row[g] = t0 * table[i - 1, k] + t1 * table[i, k] + t2 * table[i + 1, k] + t3 * table[i + 2, k]
    _taps(x - j, taps)
    t0, t1, t2, t3 = taps[0], taps[1], taps[2], taps[3]
    offset = -shift * (math.log(10.0) / 10.0)
    for g in range(out.shape[0]):
        out[g] = t0 * row[g] + t1 * row[g + 1] + t2 * row[g + 2] + t3 * row[g + 3] + offset


@njit(cache=True, error_model="numpy")
def _lattice_row(row: FloatArray, lattice: FloatArray, base_db: float, taps: FloatArray, out: FloatArray) -> None:
    """Values of a lattice row at every level, (g,); ``base_db`` is the SNR at the first level."""
    x = min(max((base_db - lattice[0]) / lattice[1], 1.0), row.shape[0] - out.shape[0] - 3.0)
    j = int(x)
    _taps(x - j, taps)
    t0, t1, t2, t3 = taps[0], taps[1], taps[2], taps[3]
    for g in range(out.shape[0]):
        k = j + g
        out[g] = t0 * row[k - 1] + t1 * row[k] + t2 * row[k + 1] + t3 * row[k + 2]


@njit(cache=True, error_model="numpy")
def _wrapped(angle: float) -> float:
    """Angle in [-pi, pi). [rad]"""
    return (angle + math.pi) % (2.0 * math.pi) - math.pi


@njit(cache=True, error_model="numpy")
def score_tables(rows: FloatArray, xi: FloatArray, rho: FloatArray, score: FloatArray, out: FloatArray) -> None:
    """Share levels' probabilities (n, g) out over a standard normal score they hang on: (n, g, u), given the score.

    xi (n, g) standard normal scores of the levels themselves; rho (n,) their correlation with the shared one; score
    (u,) its values. A Gaussian copula: level and score are bivariate normal once both are made normal.
    """
    n, n_levels = rows.shape
    n_scores = score.shape[0]
    away = np.empty(n_scores)
    for i in range(n):
        rest = 1.0 - rho[i] * rho[i]
        out[i] = 0.0
        for g in range(n_levels):
            if rows[i, g] < 1e-15:
                continue
            target = min(max(rho[i] * xi[i, g], score[0]), score[n_scores - 1])
            least = math.inf
            for u in range(n_scores):
                away[u] = 0.5 * (score[u] - target) * (score[u] - target) / rest
                least = min(least, away[u])
            total = 0.0
            for u in range(n_scores):
                lift = away[u] - least
                away[u] = math.exp(-lift) if lift < 40.0 else 0.0
                total += away[u]
            for u in range(n_scores):
                out[i, g, u] = rows[i, g] * away[u] / total
        for u in range(n_scores):
            total = 1e-290
            for g in range(n_levels):
                total += out[i, g, u]
            for g in range(n_levels):
                out[i, g, u] /= total


@njit(cache=True, error_model="numpy")
def absorb(
    order: IntArray,
    slot: IntArray,
    sensor: IntArray,
    cell: IntArray,
    number: FloatArray,
    miss_at: IntArray,
    source: IntArray,
    hit_table: FloatArray,
    miss_table: FloatArray,
    lattice: FloatArray,
    level0_db: float,
    decorrelation: FloatArray,
    attitude: float,
    turn_max: float,
    period: FloatArray,
    echo_law: IntArray,
    class_echo: IntArray,
    last: FloatArray,
    pool_at: IntArray,
    free: IntArray,
    n_free: IntArray,
    own_log: FloatArray,
    own: FloatArray,
    own_scale: FloatArray,
    own_teach: FloatArray,
    own_count: FloatArray,
    own_scored: FloatArray,
    scored: FloatArray,
    table_at: IntArray,
    tables: FloatArray,
    group: IntArray,
) -> IntArray:
    """Take in n looks; changes the arrays from ``last`` to ``scored``; returns how many counted, (1,).

    Looks: order (n,) of time; slot, sensor, cell (n,), slot -1 to leave out; number (n, 7) time, azimuth, elevation,
    heading, its deviation, SNR of 1 m2 [dB], power [dB] (NaN for a miss); miss_at (n,) row of miss_table; source (n,)
    who declared the track's type, -1 for nobody. Tables as in `update.Echoes`; lattice (4,). decorrelation (S, K) angle
    of an echo class; turn_max [rad/s]; period (S,); echo_law (K,) fluctuation law; class_echo (M + 1,) echo class,
    "other" last. last (slots, S, 4) time, azimuth, elevation, heading of the last look. pool_at (slots, S, C) row of
    the pool of own evidence, -1 for none; free rows, n_free (1,). own_log, own (P, K, G) log-likelihood that types are
    compared by and its scaled exponential, own_scale (P, K); own_teach (P, K, G) what it teaches each echo class;
    own_count (P, K + 6) effective looks of each echo class, hits, misses, exposure, looks by source; own_scored (P, M +
    1, U) log evidence at each score; scored (slots, S, M + 1, U) its sums by group of radars; table_at, tables, group
    as in `library.Library`.
    """
    n_levels, n_classes, n_scores = tables.shape[1], table_at.shape[1], tables.shape[2]
    n_echo, n_law = echo_law.shape[0], hit_table.shape[1]
    rows = np.empty((n_law, n_levels))
    taps, weight, sums = np.empty(4), np.empty(n_echo), np.empty(n_scores)
    n = order.shape[0]
    counted = np.zeros(1, dtype=np.int64)
    touched, n_touched = np.empty((n, 4), dtype=np.int64), 0
    for a in range(n):
        i = order[a]
        at = slot[i]
        if at < 0:
            continue
        s, c = sensor[i], cell[i]
        t, azimuth, elevation, heading = number[i, 0], number[i, 1], number[i, 2], number[i, 3]
        if t <= last[at, s, 0]:  # one look teaches once
            continue
        first = last[at, s, 0] == -math.inf
        turn, doubtful = 0.0, False
        if not first:
            heading_change = _wrapped(heading - last[at, s, 3])
            doubt = 2.0 * number[i, 4]
            if abs(heading_change) > doubt + turn_max * (t - last[at, s, 0]):
                doubtful = True
            if abs(heading_change) < doubt:  # no more than the track's own doubt
                heading_change = 0.0
            swing = _wrapped(azimuth - last[at, s, 1] - heading_change)
            lift = elevation - last[at, s, 2]
            turn = math.sqrt(swing * swing + lift * lift + attitude * attitude)
        for k in range(n_echo):
            weight[k] = 1.0 if first else math.tanh(turn / decorrelation[s, k])
        last[at, s, 0], last[at, s, 1], last[at, s, 2], last[at, s, 3] = t, azimuth, elevation, heading
        if doubtful:  # in a turn the track lags and the bank is unknown: so is the aspect
            continue
        counted[0] += 1

        base = number[i, 5] + level0_db
        hit = not math.isnan(number[i, 6])
        for w in range(n_law):
            if hit:
                _hit_row(hit_table[s, w], lattice, number[i, 6], base, taps, rows[w])
            else:
                _lattice_row(miss_table[miss_at[i], s, w], lattice, base, taps, rows[w])

        p = pool_at[at, s, c]
        if p < 0:
            n_free[0] -= 1
            p = free[n_free[0]]
            pool_at[at, s, c] = p
            own_log[p] = 0.0
            own_teach[p] = 0.0
            own_count[p] = 0.0
            own_scored[p] = 0.0
        least = weight.min()  # types are compared on the same evidence: each look weighs alike for all of them
        for k in range(n_echo):
            w, teach = echo_law[k], weight[k]
            own_count[p, k] += teach
            for g in range(n_levels):
                own_log[p, k, g] += least * rows[w, g]
                own_teach[p, k, g] += teach * rows[w, g]
        own_count[p, n_echo + (0 if hit else 1)] += 1.0
        own_count[p, n_echo + 2] += period[s]
        if source[i] >= 0:
            own_count[p, n_echo + 3 + source[i]] += 1.0
        touched[n_touched, 0], touched[n_touched, 1] = p, at
        touched[n_touched, 2], touched[n_touched, 3] = s, c
        n_touched += 1

    # evidence of each class from the own looks of each track, cell by cell that changed
    seen = np.zeros(own_log.shape[0], dtype=np.bool_)
    for a in range(n_touched):
        p, at, s, c = touched[a, 0], touched[a, 1], touched[a, 2], touched[a, 3]
        if seen[p]:
            continue
        seen[p] = True
        for k in range(n_echo):
            top = own_log[p, k, 0]
            for g in range(1, n_levels):
                top = max(top, own_log[p, k, g])
            own_scale[p, k] = top
            for g in range(n_levels):
                away = own_log[p, k, g] - top
                own[p, k, g] = math.exp(away) if away > -700.0 else 0.0
        for m in range(n_classes):
            k, table = class_echo[m], tables[table_at[s, m, c]]
            sums[:] = 0.0
            for g in range(n_levels):
                likely = own[p, k, g]
                if likely > 1e-100:  # far below the best level nothing adds up to anything
                    for u in range(n_scores):
                        sums[u] += table[g, u] * likely
            for u in range(n_scores):
                new = own_scale[p, k] + math.log(max(sums[u], 1e-290))
                scored[at, group[m, s], m, u] += new - own_scored[p, m, u]
                own_scored[p, m, u] = new
    return counted


@njit(cache=True, error_model="numpy")
def _summed_out(row: FloatArray, log_weight: FloatArray) -> float:
    """Log of the sum of weights times the exponentials of ``row`` (u,)."""
    top = -math.inf
    for u in range(row.shape[0]):
        top = max(top, log_weight[u] + row[u])
    part = 0.0
    for u in range(row.shape[0]):
        away = log_weight[u] + row[u] - top
        if away > -40.0:
            part += math.exp(away)
    return top + math.log(part)


@njit(cache=True, error_model="numpy")
def _foreseen(together: FloatArray, own: FloatArray, log_weight: FloatArray, rest: FloatArray) -> float:
    """By how much a cell is likelier given all others (scores ``together`` less ``own``) than by itself, at least 0."""
    for u in range(rest.shape[0]):
        rest[u] = together[u] - own[u]
    given = _summed_out(together, log_weight) - _summed_out(rest, log_weight)
    return max(given - _summed_out(own, log_weight), 0.0)


@njit(cache=True, error_model="numpy")
def evidence(scored: FloatArray, log_weight: FloatArray, at: IntArray, out: FloatArray) -> None:
    """Log evidence (n, M + 1) of each class for tracks in slots ``at`` (n,): scores summed out, group by group.

    scored (slots, S, M + 1, U) as in `absorb`; log_weight (U,) log probabilities of the scores.
    """
    n_groups, n_classes = scored.shape[1], scored.shape[2]
    for i in range(at.shape[0]):
        for m in range(n_classes):
            total = 0.0
            for s in range(n_groups):
                total += _summed_out(scored[at[i], s, m], log_weight)
            out[i, m] = total


@njit(cache=True, error_model="numpy")
def teach(
    at: IntArray,
    probability: FloatArray,
    pool_at: IntArray,
    own_teach: FloatArray,
    own_count: FloatArray,
    class_echo: IntArray,
    n_echo: int,
    level: FloatArray,
    reach: IntArray,
    taps: FloatArray,
    least: float,
    group: IntArray,
    own_scored: FloatArray,
    log_weight: FloatArray,
    twin: IntArray,
    same: BoolArray,
    gain: FloatArray,
    counts: FloatArray,
) -> None:
    """Add what tracks in slots ``at`` (n,) say of the cells' levels to ``gain`` (S, M, C, G), and to ``counts``.

    probability (n, M) of the classes; level (S, M, C, G) probabilities of the levels before; reach, taps of the blur
    inside a cell; classes below ``least`` are passed over; group (M, S) of radars; own_scored, log_weight as in
    `absorb` and `evidence`. A track of doubtful class says log((1 - d) L / Z + d) in each cell, d = (1 - p)^f, f the
    cell's share of the track's effective looks in its group of radars. Levels of a group hang together: so the doubt is
    shared out, and the Z of its cells multiply to the evidence of them all: the cells that the others foresee get more.
    twin (M,) the same type in its other configuration, -1 for none; same (S, M, C) where it shows the same level: a
    track of either teaches both there, and is booked under the first.
    """
    n_radars, n_cells = pool_at.shape[1], pool_at.shape[2]
    n_classes, n_levels = gain.shape[1], gain.shape[3]
    middle = taps.shape[3] // 2
    row, lifted = np.empty(n_levels), np.empty(n_levels)
    n_scores = log_weight.shape[0]
    looks, apart = np.empty((n_classes, n_radars)), np.empty((n_classes, n_radars))
    foreseen, rest = np.empty((n_classes, n_radars)), np.empty(n_scores)
    together = np.empty((n_classes, n_radars, n_scores))
    for i in range(at.shape[0]):
        looks[:], apart[:], foreseen[:], together[:] = 0.0, 0.0, 0.0, 0.0
        for s in range(n_radars):
            for c in range(n_cells):
                p = pool_at[at[i], s, c]
                if p >= 0:
                    for m in range(n_classes):
                        looks[m, group[m, s]] += own_count[p, class_echo[m]]
                        apart[m, group[m, s]] += _summed_out(own_scored[p, m], log_weight)
                        together[m, group[m, s]] += own_scored[p, m]
        for s in range(n_radars):
            for c in range(n_cells):
                p = pool_at[at[i], s, c]
                if p >= 0:
                    for m in range(n_classes):
                        if probability[i, m] >= least or (twin[m] >= 0 and probability[i, twin[m]] >= least):
                            foreseen[m, group[m, s]] += _foreseen(
                                together[m, group[m, s]], own_scored[p, m], log_weight, rest
                            )
        for s in range(n_radars):
            for c in range(n_cells):
                p = pool_at[at[i], s, c]
                if p < 0:
                    continue
                for m in range(n_classes):
                    belief, alike = probability[i, m], twin[m] >= 0 and same[s, m, c]
                    if alike:
                        belief = min(belief + probability[i, twin[m]], 1.0)
                    if belief < least:
                        continue
                    k = class_echo[m]
                    top = own_teach[p, k, 0]
                    for g in range(1, n_levels):
                        top = max(top, own_teach[p, k, g])
                    for g in range(n_levels):
                        row[g] = own_teach[p, k, g] - top
                    _blurred(row, reach[s, m, c], taps[s, m, c], middle, lifted)
                    z = 0.0
                    for g in range(n_levels):
                        if lifted[g] > -700.0:
                            z += level[s, m, c, g] * math.exp(lifted[g])
                    z = math.log(max(z, 1e-300))
                    if belief > 1.0 - 1e-9:
                        for g in range(n_levels):
                            gain[s, m, c, g] += lifted[g]
                    else:
                        whole = looks[m, group[m, s]]
                        share = own_count[p, k] / whole if whole > 0.0 else 1.0
                        both, whole = together[m, group[m, s]], foreseen[m, group[m, s]]
                        if whole > 0.0:
                            part = _foreseen(both, own_scored[p, m], log_weight, rest) / whole
                            z += part * (_summed_out(both, log_weight) - apart[m, group[m, s]])
                        floor = (1.0 - belief) ** share
                        for g in range(n_levels):
                            away = min(lifted[g] - z, 600.0)
                            part = (1.0 - floor) * math.exp(away) if away > -700.0 else 0.0
                            gain[s, m, c, g] += math.log(floor + part)
                    if alike and twin[m] < m:
                        continue
                    counts[s, m, c, 0] += belief * own_count[p, k]
                    hits, misses = own_count[p, n_echo], own_count[p, n_echo + 1]
                    counts[s, m, c, 1] += belief * (hits + misses)
                    counts[s, m, c, 2] += belief * hits
                    counts[s, m, c, 3] += belief * misses
                    counts[s, m, c, 4] += belief * own_count[p, n_echo + 2]
                    for j in range(3):
                        counts[s, m, c, 5 + j] += belief * own_count[p, n_echo + 3 + j]


@njit(cache=True, error_model="numpy")
def _blurred(row: FloatArray, reach: int, taps: FloatArray, middle: int, out: FloatArray) -> None:
    """Log of the exponentials of ``row`` (g,), at most 0, convolved with ``taps``; ends go on level.

    Far under the peak, where sums would underflow, the largest term stands for the sum.
    """
    n = row.shape[0]
    if reach == 0:
        out[:] = row
        return
    power = np.empty(n)
    for g in range(n):
        power[g] = math.exp(row[g]) if row[g] > -700.0 else 0.0
    for g in range(n):
        total = 0.0
        for d in range(-reach, reach + 1):
            total += taps[middle + d] * power[min(max(g + d, 0), n - 1)]
        if total > 1e-280:
            out[g] = math.log(total)
        else:
            best = -math.inf
            for d in range(-reach, reach + 1):
                best = max(best, row[min(max(g + d, 0), n - 1)] + math.log(taps[middle + d]))
            out[g] = best


@njit(cache=True, error_model="numpy")
def expected_pd(
    slot: IntArray,
    cell: IntArray,
    snr_db: FloatArray,
    probability: FloatArray,
    pd_table: FloatArray,
    lattice: FloatArray,
    level0_db: float,
    echo_law: IntArray,
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
    """Expected probability of detection of n tracks by S radars at R thresholds, (n, S, R), [1].

    slot (n,), -1 for a track never seen; cell (n, S); snr_db (n, S) SNR of 1 m2, -inf where out of sight; probability
    (n, M + 1) of the classes; pd_table (S, R, W, snr); the rest as in `absorb`. The level of a class is weighed by what
    the flight started with, by the track's own looks in that cell, and through the shared score by its looks elsewhere.
    """
    n, n_radars = cell.shape
    n_rungs, n_law, n_levels = pd_table.shape[1], pd_table.shape[2], tables.shape[1]
    out = np.zeros((n, n_radars, n_rungs))
    mixture, taps = np.empty((n_law, n_levels)), np.empty(4)
    spread, one = np.empty(n_levels + 3), np.empty(n_levels)
    for i in range(n):
        for s in range(n_radars):
            if snr_db[i, s] == -math.inf:
                continue
            c = cell[i, s]
            p = pool_at[slot[i], s, c] if slot[i] >= 0 else -1
            mixture[:] = 0.0
            for m in range(probability.shape[1]):
                if probability[i, m] < 1e-4:
                    continue
                k = class_echo[m]
                _level_of_track(
                    tables[table_at[s, m, c]], own[max(p, 0), k], own_scored[max(p, 0), m], p >= 0,
                    scored[max(slot[i], 0), group[m, s], m], slot[i] >= 0, log_weight, one,
                )  # fmt: skip
                w = echo_law[k]
                for g in range(n_levels):
                    mixture[w, g] += probability[i, m] * one[g]
            x = (snr_db[i, s] + level0_db - lattice[0]) / lattice[1]
            x = min(max(x, 1.0), pd_table.shape[3] - n_levels - 3.0)
            j = int(x)
            _taps(x - j, taps)
            for w in range(n_law):
                spread[:] = 0.0
                for g in range(n_levels):
                    spread[g] += taps[0] * mixture[w, g]
                    spread[g + 1] += taps[1] * mixture[w, g]
                    spread[g + 2] += taps[2] * mixture[w, g]
                    spread[g + 3] += taps[3] * mixture[w, g]
                for r in range(n_rungs):
                    total = 0.0
                    for g in range(n_levels + 3):
                        total += spread[g] * pd_table[s, r, w, j - 1 + g]
                    out[i, s, r] += total
    return out


@njit(cache=True, error_model="numpy")
def _level_of_track(
    table: FloatArray,
    own: FloatArray,
    own_scored: FloatArray,
    seen_here: bool,
    scored: FloatArray,
    seen: bool,
    log_weight: FloatArray,
    out: FloatArray,
) -> None:
    """Probabilities (g,) of the level that a track of one class shows in one cell."""
    n, n_scores = table.shape
    top = -math.inf
    for u in range(n_scores):
        value = log_weight[u] + (scored[u] if seen else 0.0) - (own_scored[u] if seen_here else 0.0)
        top = max(top, value)
    out[:] = 0.0
    for u in range(n_scores):
        value = log_weight[u] + (scored[u] if seen else 0.0) - (own_scored[u] if seen_here else 0.0) - top
        if value > -30.0:
            share = math.exp(value)
            for g in range(n):
                out[g] += share * table[g, u]
    total, kept = 0.0, 0.0
    for g in range(n):
        kept += out[g]
        total += out[g] * (own[g] if seen_here else 1.0)
    if seen_here and total > 0.0:
        for g in range(n):
            out[g] *= own[g] / total
    else:  # no own looks here, or they rule out every level of this class: keep to the class alone
        for g in range(n):
            out[g] /= kept


def warm(**_: Any) -> None:
    """Compile, or load from the cache, what a run needs."""
    whole, table = np.zeros(1, np.int64), np.zeros((1, 1, 8, 16))
    lattice, cube = np.array([-4.0, 1.0, 0.0, 4.0]), np.ones((1, 2, 1, 3)) / 3.0
    score, at = np.linspace(-1.0, 1.0, 3), np.zeros((1, 2, 1), np.int64)
    two, pool = np.zeros((2, 1), np.int64), np.zeros((1, 1, 1), np.int64)
    scored, tables = np.zeros((1, 1, 2, 3)), np.ones((1, 3, 3)) / 3.0
    score.setflags(write=False)  # as the constants are
    score_tables(cube[0, 0], cube[0, 0], np.zeros(1), score, tables)
    density_table(np.ones(1), np.ones(1), 1, 1)
    absorb(
        whole, whole, whole, whole, np.zeros((1, 7)), whole, whole, table, np.zeros((1, 1, 1, 16)), lattice, 0.0,
        np.ones((1, 1)), 0.1, 0.1, np.ones(1), whole, np.zeros(2, np.int64), np.full((1, 1, 4), -np.inf),
        np.full((1, 1, 1), -1), whole.copy(), np.ones(1, np.int64), np.zeros((1, 1, 3)), np.zeros((1, 1, 3)),
        np.zeros((1, 1)), np.zeros((1, 1, 3)), np.zeros((1, 7)), np.zeros((1, 2, 3)), scored, at, tables,
        two,
    )  # fmt: skip
    evidence(scored, score, whole, np.zeros((1, 2)))
    teach(
        whole, np.ones((1, 1)), pool, np.zeros((1, 1, 3)), np.ones((1, 7)), np.zeros(2, np.int64), 1, cube, pool,
        np.ones((1, 1, 1, 1)), 1e-3, two, np.zeros((1, 2, 3)), score, whole - 1, np.zeros((1, 1, 1), np.bool_),
        np.zeros((1, 1, 1, 3)), np.zeros((1, 1, 1, 8)),
    )  # fmt: skip
    expected_pd(
        whole, np.zeros((1, 1), np.int64), np.zeros((1, 1)), np.ones((1, 2)) / 2.0, np.zeros((1, 2, 1, 16)), lattice,
        0.0, whole, np.zeros(2, np.int64), np.full((1, 1, 1), -1), np.zeros((1, 1, 3)), np.zeros((1, 2, 3)), scored,
        at, tables, two, score,
    )  # fmt: skip
    one, g = np.zeros(1), np.zeros((1, 3))
    propagate(one, np.ones((1, 1)), g, one, np.ones(1), np.zeros(1), np.zeros(1), 1, 1e-3)
    marginals(one, np.ones(1), one, one, g, whole, 0.0, 1.0, g.copy())
    skewed_marginals(
        one, np.ones(1), one, one, g, whole, 0.0, 1.0, 0.0, 1.0, one, 0.0, 0.0, np.zeros(3), 0.0, 1.0, 1, g.copy()
    )
    chain(np.ones((1, 1)), one, one, one.copy())
