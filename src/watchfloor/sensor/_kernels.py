"""Compiled loops of this room; each has its plain twin in ``tests/plain/sensor.py``. The callers check and draw."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from watchfloor.base.units import BoolArray, FloatArray, IntArray

_TWO_PI = 2.0 * math.pi


@njit(cache=True, error_model="numpy")
def _azimuth_turns(x: float, y: float, z: float, origin: FloatArray, rotation: FloatArray) -> float:
    """Azimuth of an ECEF position about a place, -1/2 to 1/2. [turns]"""
    dx, dy, dz = x - origin[0], y - origin[1], z - origin[2]
    east = rotation[0, 0] * dx + rotation[0, 1] * dy + rotation[0, 2] * dz
    north = rotation[1, 0] * dx + rotation[1, 1] * dy + rotation[1, 2] * dz
    return math.atan2(east, north) / _TWO_PI


@njit(cache=True, error_model="numpy")
def passes(
    t: FloatArray,
    position: FloatArray,
    velocity: FloatArray,
    bank: FloatArray,
    present: BoolArray,
    origin: FloatArray,
    rotation: FloatArray,
    turns_per_s: float,
    phase_turns: float,
) -> tuple[IntArray, IntArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    """Every instant at which a turning beam passes a mover: mover, ordinal of its pass, t, position, velocity, bank.

    t (k,), position, velocity (n, k, 3), bank, present (n, k): knots, less than half a turn apart; the beam points to
    ``turns_per_s t + phase_turns``. A pass is where the turns of the beam less the azimuth of the mover reach a whole
    number; whether they did between two knots follows from whole numbers that each depend on one knot alone, so that
    a pass on the border of two ticks belongs to exactly one. Motion between knots is the cubic through both ends.
    Rows come by mover, then time. A mover absent at either end of an interval is not there.
    """
    n, k = position.shape[0], position.shape[1]
    count = 0
    mover = np.empty(n * (k - 1), dtype=np.int64)
    interval = np.empty(n * (k - 1), dtype=np.int64)
    lead = np.empty(n * (k - 1))  # turns still to go at the first knot
    rate = np.empty(n * (k - 1))  # turns gained over the interval
    for i in range(n):
        az0, whole0, part0, before = 0.0, 0.0, 0.0, False
        for j in range(k):
            if not present[i, j]:
                before = False
                continue
            az1 = _azimuth_turns(position[i, j, 0], position[i, j, 1], position[i, j, 2], origin, rotation)
            phase = turns_per_s * t[j] + phase_turns - az1
            whole1 = math.floor(phase)
            part1 = phase - whole1
            if before:
                wrap = np.rint(az1 - az0)  # -1 or 1 where the mover crossed south
                if whole1 + wrap - whole0 >= 1.0:
                    mover[count], interval[count] = i, j - 1
                    lead[count] = 1.0 - part0
                    rate[count] = whole1 + wrap - whole0 + part1 - part0
                    count += 1
            az0, whole0, part0, before = az1, whole1, part1, True
    when, ordinal = np.empty(count), np.empty(count, dtype=np.int64)
    where, speed, roll = np.empty((count, 3)), np.empty((count, 3)), np.empty(count)
    for row in range(count):
        i, j = mover[row], interval[row]
        ordinal[row] = 0
        if row > 0 and mover[row - 1] == i:
            ordinal[row] = ordinal[row - 1] + 1
        step = float(t[j + 1] - t[j])
        start = _azimuth_turns(position[i, j, 0], position[i, j, 1], position[i, j, 2], origin, rotation)
        # find s in [0, 1] where gained turns equal the lead: secant kept inside a bracket
        low, high, f_low, f_high, side = 0.0, 1.0, -lead[row], rate[row] - lead[row], 0
        s = -f_low / (f_high - f_low)
        for _ in range(60):
            for c in range(3):
                where[row, c] = _cubic(
                    position[i, j, c], position[i, j + 1, c], velocity[i, j, c], velocity[i, j + 1, c], step, s
                )
            moved = _azimuth_turns(where[row, 0], where[row, 1], where[row, 2], origin, rotation) - start
            f = s * step * turns_per_s - (moved - np.rint(moved)) - lead[row]
            if abs(f) < 1e-12 or high - low < 1e-15:
                break
            if f < 0.0:  # Illinois: an end that stays twice loses half its weight
                low, f_low = s, f
                f_high *= 0.5 if side < 0 else 1.0
                side = -1
            else:
                high, f_high = s, f
                f_low *= 0.5 if side > 0 else 1.0
                side = 1
            s = low - f_low * (high - low) / (f_high - f_low)
        when[row] = t[j] + s * step
        for c in range(3):
            speed[row, c] = _cubic_rate(
                position[i, j, c], position[i, j + 1, c], velocity[i, j, c], velocity[i, j + 1, c], step, s
            )
        roll[row] = bank[i, j] + s * (bank[i, j + 1] - bank[i, j])
    return mover[:count], ordinal, when, where, speed, roll


@njit(cache=True, error_model="numpy")
def _cubic(p0: float, p1: float, v0: float, v1: float, step: float, s: float) -> float:
    """Cubic Hermite value at the share s of a step."""
    r = 1.0 - s
    return p0 + s * s * (3.0 - 2.0 * s) * (p1 - p0) + s * r * step * (r * v0 - s * v1)


@njit(cache=True, error_model="numpy")
def _cubic_rate(p0: float, p1: float, v0: float, v1: float, step: float, s: float) -> float:
    """Rate of `_cubic`."""
    r = 1.0 - s
    return 6.0 * s * r * (p1 - p0) / step + r * (1.0 - 3.0 * s) * v0 + s * (3.0 * s - 2.0) * v1


@njit(cache=True, error_model="numpy")
def states(
    t: FloatArray,
    position: FloatArray,
    velocity: FloatArray,
    bank: FloatArray,
    present: BoolArray,
    row: IntArray,
    when: FloatArray,
) -> tuple[FloatArray, FloatArray, FloatArray, BoolArray]:
    """Position (m, 3), velocity (m, 3), bank (m,) and presence (m,) of the movers ``row`` (m,) at times ``when`` (m,).

    Knots as in `passes`; outside them movers go straight on.
    """
    m, k = row.shape[0], t.shape[0]
    where, speed, roll, here = np.empty((m, 3)), np.empty((m, 3)), np.empty(m), np.empty(m, dtype=np.bool_)
    for r in range(m):
        i = row[r]
        low, high = 0, k - 1
        while high - low > 1:
            middle = (low + high) // 2
            if t[middle] <= when[r]:
                low = middle
            else:
                high = middle
        step = t[low + 1] - t[low]
        s = min(max((when[r] - t[low]) / step, 0.0), 1.0)
        for c in range(3):
            p0, p1 = position[i, low, c], position[i, low + 1, c]
            v0, v1 = velocity[i, low, c], velocity[i, low + 1, c]
            where[r, c] = _cubic(p0, p1, v0, v1, step, s)
            speed[r, c] = _cubic_rate(p0, p1, v0, v1, step, s)
            where[r, c] += (when[r] - t[low] - s * step) * speed[r, c]
        roll[r] = bank[i, low] + s * (bank[i, low + 1] - bank[i, low])
        here[r] = present[i, low] and present[i, low + 1]
    return where, speed, roll, here


@njit(cache=True, error_model="numpy")
def level_db(
    aspect: FloatArray, table_of: IntArray, mover: IntArray, first: IntArray, grid: FloatArray, level: FloatArray
) -> FloatArray:
    """Mean cross-section of n echoes at |aspect|, linear in decibels, (n,), [dBsm].

    table_of (movers,) table of each mover; table i is ``grid, level [first[i]:first[i + 1]]``, rising from 0 to pi.
    """
    out = np.empty(aspect.shape[0])
    for i in range(aspect.shape[0]):
        table = table_of[mover[i]]
        low, high = first[table], first[table + 1] - 1
        x = min(abs(aspect[i]), grid[high])
        while high - low > 1:
            middle = (low + high) // 2
            if grid[middle] <= x:
                low = middle
            else:
                high = middle
        share = (x - grid[low]) / (grid[high] - grid[low])
        out[i] = level[low] + share * (level[high] - level[low])
    return out


@njit(cache=True, error_model="numpy")
def fade(
    fresh: FloatArray,
    t: FloatArray,
    azimuth: FloatArray,
    elevation: FloatArray,
    mover: IntArray,
    decorrelation: FloatArray,
    wander: float,
    wander_s: float,
    last: FloatArray,
    amplitude: FloatArray,
) -> FloatArray:
    """Power of two Rayleigh echoes of mean 1 each look, (n, 2), correlated from look to look of a mover.

    fresh (n, 4) standard normals; t (n,); azimuth, elevation (n,) of the antenna in the mover's body frame;
    decorrelation (movers,) change of aspect that makes an echo new; last (movers, 4) where the antenna stood at the
    last look (a unit vector), and its time, NaN before the first, and amplitude (movers, 4) the echoes then, both kept
    up. The attitude wanders by ``wander`` (1 sigma) besides, with a memory of ``wander_s``: in quadrature to the change
    of aspect. A mover's rows come in the order of time.
    """
    out = np.empty((mover.shape[0], 2))
    for i in range(mover.shape[0]):
        j = mover[i]
        level = math.cos(elevation[i])
        x, y, z = level * math.cos(azimuth[i]), level * math.sin(azimuth[i]), math.sin(elevation[i])
        old, new = 0.0, 1.0
        if not math.isnan(last[j, 3]):
            chord2 = (x - last[j, 0]) ** 2 + (y - last[j, 1]) ** 2 + (z - last[j, 2]) ** 2
            turned = 2.0 * math.asin(min(0.5 * math.sqrt(chord2), 1.0))
            swayed2 = 2.0 * wander * wander * (1.0 - math.exp(-abs(t[i] - last[j, 3]) / wander_s))
            rho = math.exp(-2.0 * math.sqrt(turned * turned + swayed2) / decorrelation[j])
            old, new = math.sqrt(rho), math.sqrt(1.0 - rho)
        last[j, 0], last[j, 1], last[j, 2], last[j, 3] = x, y, z, t[i]
        for c in range(4):
            amplitude[j, c] = old * amplitude[j, c] + new * fresh[i, c]
        for c in range(2):
            out[i, c] = 0.5 * (amplitude[j, 2 * c] ** 2 + amplitude[j, 2 * c + 1] ** 2)
    return out


@njit(cache=True, error_model="numpy")
def gate_pfa(
    t: FloatArray,
    position: FloatArray,
    gate_t: FloatArray,
    gate_position: FloatArray,
    gate_velocity: FloatArray,
    radius: FloatArray,
    pfa: FloatArray,
    base_pfa: float,
) -> FloatArray:
    """Largest false-alarm probability among the gates that hold each of n points at its time, else the base, (n,), [1].

    Points t (n,), position (n, 3); gates move straight from gate_position (g, 3) at gate_t (g,).
    """
    out = np.full(t.shape[0], base_pfa)
    for i in range(t.shape[0]):
        for g in range(gate_t.shape[0]):
            if pfa[g] > out[i]:
                ahead, d2 = t[i] - gate_t[g], 0.0
                for c in range(3):
                    d = position[i, c] - gate_position[g, c] - ahead * gate_velocity[g, c]
                    d2 += d * d
                if d2 <= radius[g] * radius[g]:
                    out[i] = pfa[g]
    return out


@njit(cache=True, error_model="numpy")
def merge(
    t: FloatArray, polar: FloatArray, power: FloatArray, mover: IntArray, cell: FloatArray, turn_s: float
) -> tuple[IntArray, FloatArray, FloatArray, FloatArray, IntArray, IntArray, FloatArray]:
    """Merge plots of one resolution cell: strongest row, t, polar (m, 4), power, mover, movers in it, spread (m, 4, 4).

    t (n,); polar (n, 4) range, azimuth, elevation, range rate; power (n,) over noise; mover (n,), -1 for noise, below
    for an echo elsewhere; cell (4,) range cell, azimuth and elevation beamwidth, range-rate cell (infinite where it
    tells nothing apart). The strongest echo left takes all that lie within a cell of it in every coordinate and less
    than half a turn away in time; of the echoes among them the centroid is weighted by power, their powers add less the
    noise counted twice, and the spread is their second moment about it. Noise adds nothing: an echo's own power and
    errors hold the noise of its cell; of noise that no echo takes the strongest stands for its cell. The mover is that
    of the strongest, -1 of noise; an echo elsewhere keeps its number unless a mover is there.
    """
    n = t.shape[0]
    by_range = np.argsort(polar[:, 0])
    rank = np.empty(n, dtype=np.int64)
    for i in range(n):
        rank[by_range[i]] = i
    strongest = np.argsort(-power)
    taken = np.zeros(n, dtype=np.bool_)
    head, who, size = np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64)
    apart, shift, second = np.empty(4), np.empty(4), np.empty((4, 4))
    when, total, centre, spread = np.empty(n), np.empty(n), np.empty((n, 4)), np.zeros((n, 4, 4))
    m = 0
    for order in range(2 * n):  # echoes first, then noise
        i, noise = strongest[order % n], order >= n
        if taken[i] or (mover[i] == -1) != noise:
            continue
        taken[i] = True
        movers, best = (1, i) if mover[i] >= 0 else (0, -1)
        weight, extra, shift_t, merged = power[i], 0.0, 0.0, False
        shift[:] = 0.0
        second[:] = 0.0
        for direction in (-1, 1):
            at = rank[i] + direction
            while 0 <= at < n and abs(polar[by_range[at], 0] - polar[i, 0]) < cell[0]:
                j = by_range[at]
                at += direction
                if taken[j] or abs(t[j] - t[i]) >= 0.5 * turn_s:
                    continue
                for c in range(4):
                    apart[c] = polar[j, c] - polar[i, c]
                apart[1] -= _TWO_PI * np.rint(apart[1] / _TWO_PI)
                if abs(apart[1]) >= cell[1] or abs(apart[2]) >= cell[2] or abs(apart[3]) >= cell[3]:
                    continue
                taken[j] = True
                if mover[j] == -1:
                    continue
                merged = True
                if mover[j] >= 0:
                    movers += 1
                    if best < 0 or power[j] > power[best]:
                        best = j
                weight += power[j]
                extra += power[j] - 1.0
                shift_t += power[j] * (t[j] - t[i])
                for c in range(4):
                    shift[c] += power[j] * apart[c]
                    for d in range(4):
                        second[c, d] += power[j] * apart[c] * apart[d]
        head[m], who[m], size[m], total[m] = i, mover[best] if best >= 0 else mover[i], movers, power[i] + extra
        when[m] = t[i] + shift_t / weight
        for c in range(4):
            centre[m, c] = polar[i, c] + shift[c] / weight
            if merged:
                for d in range(4):
                    spread[m, c, d] = second[c, d] / weight - shift[c] * shift[d] / (weight * weight)
        centre[m, 1] -= _TWO_PI * math.floor(centre[m, 1] / _TWO_PI)
        m += 1
    return head[:m], when[:m], centre[:m], total[:m], who[:m], size[:m], spread[:m]


def warm(**_: Any) -> None:
    """Compile, or load from the cache, what a run needs."""
    knots = np.zeros((1, 2, 3))
    whole = np.zeros(1, dtype=np.int64)
    rows, real = np.zeros((1, 3)), np.zeros(1)
    origin, rotation = np.ones(3), np.eye(3)
    origin.flags.writeable = rotation.flags.writeable = False  # as a Place has them: another type to the compiler
    passes(
        np.array([0.0, 1.0]),
        knots,
        knots,
        knots[:, :, 0].copy(),
        np.ones((1, 2), np.bool_),
        origin,
        rotation,
        0.1,
        0.0,
    )
    level_db(real, whole, whole, np.array([0, 2]), np.array([0.0, 3.2]), np.zeros(2))
    fade(np.zeros((1, 4)), real, real, real, whole, np.ones(1), 0.0, 1.0, np.zeros((1, 4)), np.zeros((1, 4)))
    gate_pfa(real, rows, real, rows, rows, real, real, 1e-6)
    merge(real, np.zeros((1, 4)), np.ones(1), whole, np.ones(4), 1.0)
    states(np.array([0.0, 1.0]), knots, knots, knots[:, :, 0].copy(), np.ones((1, 2), np.bool_), whole, real)
