"""Compiled loops of this room: evidence of looks, and expected detection. Plain twins in ``tests/plain/learn.py``."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from watchfloor.base.units import BoolArray, FloatArray, IntArray
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
def absorb(
    order: IntArray,
    slot: IntArray,
    sensor: IntArray,
    cell: IntArray,
    number: FloatArray,
    miss_at: IntArray,
    teach: FloatArray,
    labelled: BoolArray,
    hit_table: FloatArray,
    miss_table: FloatArray,
    lattice: FloatArray,
    level0_db: float,
    decorrelation: FloatArray,
    attitude: float,
    turn_max: float,
    period: FloatArray,
    echo_law: IntArray,
    type_echo: IntArray,
    last: FloatArray,
    pool_at: IntArray,
    free: IntArray,
    n_free: IntArray,
    own_log: FloatArray,
    own: FloatArray,
    own_scale: FloatArray,
    own_evidence: FloatArray,
    evidence: FloatArray,
    start: FloatArray,
    gain: FloatArray,
    counts: FloatArray,
) -> IntArray:
    """Take in n looks; changes the arrays from ``last`` on; returns how many looks counted, (1,).

    Looks: order (n,) of time; slot, sensor, cell (n,), slot -1 to leave out; number (n, 7) time, azimuth, elevation,
    heading, its deviation, SNR of 1 m2 [dB], power [dB] (NaN for a miss); miss_at (n,) row of miss_table; teach (n, T)
    weight with which the look teaches a type; labelled (n,). Tables as in `update.Echoes`; lattice (4,). decorrelation
    (S, K) angle of an echo class; turn_max [rad/s]; period (S,); echo_law (K,) fluctuation law; type_echo (T + 1,)
    echo class, "other" last. last (slots, S, 4) time, azimuth, elevation, heading of the last look. pool_at (slots, S,
    C) row of the pool of own evidence, -1 for none; free rows, n_free (1,). own_log, own (P, K, G) log-likelihood and
    its scaled exponential, own_scale (P, K); own_evidence (P, T + 1); evidence (slots, T + 1). start (S, T + 1, C, G)
    probabilities; gain (S, T, C, G); counts (S, T, C, 6).
    """
    n_levels = start.shape[3]
    n_types, n_echo, n_law = gain.shape[1], echo_law.shape[0], hit_table.shape[1]
    rows = np.empty((n_law, n_levels))
    taps, weight = np.empty(4), np.empty(n_echo)
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
            weight[k] = 1.0 if first else min(1.0, turn / decorrelation[s, k])
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
            own_evidence[p] = 0.0
        least = weight.min()  # types are compared on the same evidence: each look weighs alike for all of them
        for k in range(n_echo):
            w = echo_law[k]
            for g in range(n_levels):
                own_log[p, k, g] += least * rows[w, g]
        touched[n_touched, 0], touched[n_touched, 1] = p, at
        touched[n_touched, 2], touched[n_touched, 3] = s, c
        n_touched += 1

        for m in range(n_types):
            belief = teach[i, m]
            if belief <= 0.0:
                continue
            k = type_echo[m]
            share, w = belief * weight[k], echo_law[k]
            for g in range(n_levels):
                gain[s, m, c, g] += share * rows[w, g]
            counts[s, m, c, 0] += share
            counts[s, m, c, 1] += belief
            counts[s, m, c, 2 if hit else 3] += belief
            if labelled[i]:
                counts[s, m, c, 4] += belief
            counts[s, m, c, 5] += belief * period[s]

    # evidence of each type from the own looks of each track, cell by cell that changed
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
        for m in range(n_types + 1):
            k = type_echo[m]
            total = 0.0
            for g in range(n_levels):
                total += start[s, m, c, g] * own[p, k, g]
            new = own_scale[p, k] + math.log(max(total, 1e-300))
            evidence[at, m] += new - own_evidence[p, m]
            own_evidence[p, m] = new
    return counted


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
    type_echo: IntArray,
    pool_at: IntArray,
    own: FloatArray,
    start: FloatArray,
) -> FloatArray:
    """Expected probability of detection of n tracks by S radars at R thresholds, (n, S, R), [1].

    slot (n,), -1 for a track never seen; cell (n, S); snr_db (n, S) SNR of 1 m2, -inf where out of sight; probability
    (n, T + 1) of the types; pd_table (S, R, W, snr); the rest as in `absorb`. The level of a type is weighed by what
    the flight started with and by the track's own looks in that cell.
    """
    n, n_radars = cell.shape
    n_rungs, n_law, n_levels = pd_table.shape[1], pd_table.shape[2], start.shape[3]
    out = np.zeros((n, n_radars, n_rungs))
    mixture, taps = np.empty((n_law, n_levels)), np.empty(4)
    spread = np.empty(n_levels + 3)
    for i in range(n):
        for s in range(n_radars):
            if snr_db[i, s] == -math.inf:
                continue
            c = cell[i, s]
            p = pool_at[slot[i], s, c] if slot[i] >= 0 else -1
            mixture[:] = 0.0
            for m in range(probability.shape[1]):
                if probability[i, m] < 1e-6:
                    continue
                k = type_echo[m]
                w = echo_law[k]
                total = 1.0
                if p >= 0:
                    total = 0.0
                    for g in range(n_levels):
                        total += start[s, m, c, g] * own[p, k, g]
                if total > 0.0:
                    share = probability[i, m] / total
                    for g in range(n_levels):
                        mixture[w, g] += share * start[s, m, c, g] * (own[p, k, g] if p >= 0 else 1.0)
                else:  # own looks rule out every level of this type: keep to the type alone
                    for g in range(n_levels):
                        mixture[w, g] += probability[i, m] * start[s, m, c, g]
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


def warm(**_: Any) -> None:
    """Compile, or load from the cache, what a run needs."""
    whole, table = np.zeros(1, np.int64), np.zeros((1, 1, 8, 16))
    lattice, cube = np.array([-4.0, 1.0, 0.0, 4.0]), np.ones((1, 2, 1, 3)) / 3.0
    density_table(np.ones(1), np.ones(1), 1, 1)
    absorb(
        whole, whole, whole, whole, np.zeros((1, 7)), whole, np.ones((1, 1)), np.ones(1, np.bool_), table,
        np.zeros((1, 1, 1, 16)), lattice, 0.0, np.ones((1, 1)), 0.1, 0.1, np.ones(1), whole, np.zeros(2, np.int64),
        np.full((1, 1, 4), -np.inf), np.full((1, 1, 1), -1), whole.copy(), np.ones(1, np.int64), np.zeros((1, 1, 3)),
        np.zeros((1, 1, 3)), np.zeros((1, 1)), np.zeros((1, 2)), np.zeros((1, 2)), cube, np.zeros((1, 1, 1, 3)),
        np.zeros((1, 1, 1, 6)),
    )  # fmt: skip
    expected_pd(
        whole, np.zeros((1, 1), np.int64), np.zeros((1, 1)), np.ones((1, 2)) / 2.0, np.zeros((1, 2, 1, 16)), lattice,
        0.0, whole, np.zeros(2, np.int64), np.full((1, 1, 1), -1), np.zeros((1, 1, 3)), cube,
    )  # fmt: skip
