"""Compiled loops of the detection model; plain twins in ``tests/plain/expected.py``.

What a look at a predicted place expects: the geometry of `physics.radar.look` with its edges averaged over the errors
of the prediction, Doppler filters averaged over the error of the range rate, and the probability of detection averaged
over the cross-section, read from a table.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from watchfloor.base.units import FloatArray, IntArray
from watchfloor.physics._kernels.look import two_way_db

Float32Array = NDArray[np.float32]

# one radar's numbers
HEIGHT, GROUND, MERIDIAN, NORMAL, EARTH = 0, 1, 2, 3, 4
RANGE_MIN, RANGE_MAX, ELEVATION_MIN, ELEVATION_MAX, SNR_1M2_1M = 5, 6, 7, 8, 9
FACE, TILT, EXPONENT, SCAN_MAX, SECTOR, STEERS = 10, 11, 12, 13, 14, 15  # STEERS: 0 no, 1 in elevation alone, 2 a face
RAIN_TOP, TERRAIN_STEP, PULSE_M, HALF_WAVE, FLOOR = 16, 17, 18, 19, 20
EXTRA_SCALE, EXTRA_FIRST, EXTRA_PER, EXTRA_R_FIRST, EXTRA_R_PER = 21, 22, 23, 24, 25
DOPPLER_R_FIRST, DOPPLER_R_PER, N_NUMBERS = 26, 27, 28
# the table of probabilities: rows of doubt in the level, columns of signal-to-noise ratio
SNR_FIRST_DB, SNR_STEP_DB, DOUBT_STEP_DB = -60.0, 0.25, 1.0
_TWO_PI = 2.0 * math.pi
_PER_LOG = 10.0 / math.log(10.0)
# quantiles of the normal law at (i + 1/2) / n, for n of 9 and 25
_FEW = np.array(
    [
        -1.593218818,
        -0.9674215661,
        -0.5894557978,
        -0.2822161471,
        0.0,
        0.2822161471,
        0.5894557978,
        0.9674215661,
        1.593218818,
    ]
)
_MANY = np.array(
    [
        -2.0537489106,
        -1.5547735946,
        -1.2815515655,
        -1.0803193408,
        -0.9153650878,
        -0.7721932142,
        -0.6433454054,
        -0.5244005127,
        -0.4124631294,
        -0.3054807881,
        -0.2018934791,
        -0.1004337205,
        0.0,
        0.1004337205,
        0.2018934791,
        0.3054807881,
        0.4124631294,
        0.5244005127,
        0.6433454054,
        0.7721932142,
        0.9153650878,
        1.0803193408,
        1.2815515655,
        1.5547735946,
        2.0537489106,
    ]
)
_BROAD = 0.15


@njit(cache=True, error_model="numpy")
def _within(margin: float, sd: float) -> float:
    """Probability that an error of mean 0 stays below a margin."""
    if sd <= 0.0:
        return 1.0 if margin >= 0.0 else 0.0
    x = margin / sd
    if x > 6.0:
        return 1.0
    if x < -6.0:
        return 0.0
    return 0.5 * math.erfc(-x * 0.7071067811865476)


@njit(cache=True, error_model="numpy")
def _bilinear(table: FloatArray, x: float, y: float) -> float:
    """Read a table linearly; held at its edges."""
    n, m = table.shape
    x, y = min(max(x, 0.0), n - 1.0), min(max(y, 0.0), m - 1.0)
    i, j = min(int(x), max(n - 2, 0)), min(int(y), max(m - 2, 0))
    fx, fy = x - i, y - j
    up, right = min(i + 1, n - 1), min(j + 1, m - 1)
    low = table[i, j] + fy * (table[i, right] - table[i, j])
    high = table[up, j] + fy * (table[up, right] - table[up, j])
    return low + fx * (high - low)


@njit(cache=True, error_model="numpy")
def pd_of(table: FloatArray, snr_db: float, doubt_db: float) -> float:
    """Probability of detection at a median signal-to-noise ratio known to ``doubt_db``; linear in its square."""
    n = table.shape[0]
    i = min(int(max(doubt_db, 0.0) / DOUBT_STEP_DB), n - 2)
    low, high = i * DOUBT_STEP_DB, (i + 1) * DOUBT_STEP_DB
    share = min(max((doubt_db * doubt_db - low * low) / (high * high - low * low), 0.0), 1.0)
    return _bilinear(table, i + share, (snr_db - SNR_FIRST_DB) / SNR_STEP_DB)


@njit(cache=True, error_model="numpy")
def _lowest_seen(terrain: Float32Array, step_m: float, azimuth: float, ground_m: float) -> float:
    """Lowest height seen over the terrain, NaN where unknown; as `physics` kernel ``lookup``."""
    n_azimuth, n_range = terrain.shape
    s = ground_m / step_m
    if s > n_range - 1:
        return math.nan
    a = azimuth * n_azimuth / _TWO_PI
    j, below = min(int(s), n_range - 2), int(math.floor(a))
    x, y = a - below, s - j
    left, right = below % n_azimuth, (below + 1) % n_azimuth
    here = float(terrain[left, j])
    if y > 0.0:
        here += y * (float(terrain[left, j + 1]) - here)
    there = float(terrain[right, j])
    if y > 0.0:
        there += y * (float(terrain[right, j + 1]) - there)
    return here if x == 0.0 else here + x * (there - here)


@njit(cache=True, error_model="numpy")
def _heard(r: float, prf: float, pulse_m: float) -> float:
    """Share of the signal-to-noise ratio that eclipsing leaves; ``pulse_m`` is the length of the pulse times c."""
    span = 299_792_458.0 / prf
    late = (2.0 * r) % span
    heard = min(late, span - late, pulse_m) / pulse_m
    return heard * heard


@njit(cache=True, error_model="numpy")
def _passed(
    r: float, rate: float, layer: int, numbers: FloatArray, prf: FloatArray, doppler: FloatArray, eclipse: FloatArray
) -> float:
    """Mean over the looks of what filters and blind ranges leave; ``eclipse`` holds each frequency's share of it."""
    n_phase = doppler.shape[3] - 1
    x = (r - numbers[DOPPLER_R_FIRST]) * numbers[DOPPLER_R_PER]
    total = 0.0
    for look in range(prf.shape[0]):
        phase = -rate / (numbers[HALF_WAVE] * prf[look, 0])
        phase -= math.floor(phase)
        total += _bilinear(doppler[look, layer], x, phase * n_phase) * eclipse[look]
    return total


@njit(cache=True, error_model="numpy")
def expect_rows(
    z: FloatArray,
    variance: FloatArray,
    level_db: FloatArray,
    doubt_db: FloatArray,
    numbers: FloatArray,
    gas: FloatArray,
    gas_grid: FloatArray,
    extra: FloatArray,
    terrain: Float32Array,
    prf: FloatArray,
    doppler: FloatArray,
    table: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Probabilities of detection and median signal-to-noise ratios of n looks, (n,) each.

    z, variance (n, 4) range, azimuth, geometric elevation, range rate of the predictions and their variances; level_db,
    doubt_db (n,) or (1,) median cross-section [dBsm] and its deviation; numbers as named above; gas as in
    `two_way_db`; extra (r, elevation) gain over free space; terrain (azimuths, ranges) lowest height seen; prf (f, 2)
    frequency and share of the looks; doppler (f, layers, r, phases) what the filters leave; table (doubts, ratios) of
    probabilities. A table not wanted is empty. One loop, no call for a row: passing eight arrays costs 0.1 us.
    """
    n = z.shape[0]
    pds, snrs = np.full(n, numbers[FLOOR]), np.zeros(n)
    eclipse = np.empty(prf.shape[0])
    for i in range(n):
        r, azimuth, elevation, rate = z[i, 0], z[i, 1], z[i, 2], z[i, 3]
        var_range, var_elevation, var_rate = variance[i, 0], variance[i, 2], variance[i, 3]
        doubt = doubt_db[i if doubt_db.shape[0] > 1 else 0]
        sd_range, sd_elevation = math.sqrt(max(var_range, 0.0)), math.sqrt(max(var_elevation, 0.0))
        in_range = _within(r - numbers[RANGE_MIN], sd_range) - _within(r - numbers[RANGE_MAX], sd_range)
        if not (in_range > 0.0 and r > 0.0):
            continue
        level, up = r * math.cos(elevation), r * math.sin(elevation)
        north2 = 0.5 + 0.5 * math.cos(2.0 * azimuth)
        h1 = numbers[HEIGHT]
        bend = north2 * numbers[MERIDIAN] + (1.0 - north2) * numbers[NORMAL]
        earth = 1.0 / bend + numbers[GROUND]
        above = earth + h1 + up
        h2 = math.sqrt(level * level + above * above) - earth
        tan_arc = level / above
        if 0.0 < tan_arc < 0.1:  # to 1e-13, in half the time
            t2 = tan_arc * tan_arc
            arc = tan_arc * (1.0 - t2 * (1.0 / 3.0 - t2 * (0.2 - t2 * (1.0 / 7.0 - t2 * (1.0 / 9.0 - t2 / 11.0)))))
        else:
            arc = math.atan2(level, above)
        radius = numbers[EARTH] * earth
        half = 0.5 * arc / numbers[EARTH]
        if half < 0.05:
            t2 = half * half
            half *= 1.0 - t2 / 6.0 * (1.0 - t2 / 20.0 * (1.0 - t2 / 42.0))
        else:
            half = math.sin(half)
        far = 2.0 * (radius + h2) * half * math.sqrt(1.0 - half * half)
        rise = h2 - h1 - 2.0 * (radius + h2) * half * half
        apparent = math.atan2(rise, far)
        q = max(h1, 0.0) / radius
        tan_dip = math.sqrt(q * (2.0 + q))
        # how far the prediction may be low or high before it is out of sight, as an angle
        low = h2 if far <= tan_dip * (rise + radius + h1) else min(rise + tan_dip * far, h2)
        if terrain.shape[0] > 0:
            seen = _lowest_seen(terrain, numbers[TERRAIN_STEP], azimuth, arc * (earth - numbers[GROUND]))
            if math.isnan(seen):
                continue
            low = min(low, h2 + numbers[GROUND] - seen)
        low = min(low / r, apparent - numbers[ELEVATION_MIN])
        high = numbers[ELEVATION_MAX] - apparent
        if sd_elevation > 0.0:
            in_sight = _within(high, sd_elevation) - _within(-low, sd_elevation)
        else:
            in_sight = 1.0 if high >= 0.0 and low >= 0.0 else 0.0
        share = in_range * in_sight
        if share <= 0.0:
            continue
        apparent = min(max(apparent, numbers[ELEVATION_MIN]), numbers[ELEVATION_MAX])
        snr_db = level_db[i if level_db.shape[0] > 1 else 0]  # what is slow to turn into a ratio and back stays a level
        if gas.shape[0] > 0:
            snr_db -= two_way_db(gas, gas_grid, r, apparent)
        snr = numbers[SNR_1M2_1M] / (r * r * r * r) * math.exp(snr_db / _PER_LOG)
        if numbers[STEERS] > 0.0:
            steer = abs(apparent - numbers[TILT])
            if numbers[STEERS] > 1.5:
                off = azimuth - numbers[FACE]
                off -= _TWO_PI * math.floor(off / _TWO_PI + 0.5)
                cosine = math.cos(apparent) * math.cos(numbers[TILT]) * math.cos(off)
                cosine += math.sin(apparent) * math.sin(numbers[TILT])
                steer = math.acos(min(max(cosine, -1.0), 1.0))
                if abs(off) > 0.5 * numbers[SECTOR]:
                    continue
            if steer > numbers[SCAN_MAX]:
                continue
            if numbers[EXPONENT] > 0.0:
                snr *= max(math.cos(steer), 0.0) ** (2.0 * numbers[EXPONENT])
        if extra.shape[0] > 0:
            x = (math.log(r) - numbers[EXTRA_R_FIRST]) * numbers[EXTRA_R_PER]
            y = (math.asinh(apparent / numbers[EXTRA_SCALE]) - numbers[EXTRA_FIRST]) * numbers[EXTRA_PER]
            snr *= _bilinear(extra, x, y)
        if prf.shape[0] == 0:
            pd = 0.0
            if snr > 0.0:
                pd = pd_of(table, _PER_LOG * math.log(snr), doubt)
            pds[i], snrs[i] = max(share * pd, numbers[FLOOR]), snr
            continue
        for look in range(prf.shape[0]):
            eclipse[look] = prf[look, 1] * _heard(r, prf[look, 0], numbers[PULSE_M])
        layer = 1 if doppler.shape[1] > 1 and h2 <= numbers[RAIN_TOP] else 0
        sd_rate = math.sqrt(max(var_rate, 0.0))
        if not sd_rate > 1e-6:
            mean = snr * _passed(r, rate, layer, numbers, prf, doppler, eclipse)
            pd = 0.0
            if mean > 0.0:
                pd = pd_of(table, _PER_LOG * math.log(mean), doubt)
            pds[i], snrs[i] = max(share * pd, numbers[FLOOR]), mean
            continue
        pd, mean = 0.0, 0.0
        nodes = _FEW if sd_rate < _BROAD * numbers[HALF_WAVE] * prf[0, 0] else _MANY  # of the least blind speed
        for node in range(nodes.shape[0]):
            one = snr * _passed(r, rate + sd_rate * nodes[node], layer, numbers, prf, doppler, eclipse)
            mean += one
            if one > 0.0:
                pd += pd_of(table, _PER_LOG * math.log(one), doubt)
        pds[i], snrs[i] = max(share * pd / nodes.shape[0], numbers[FLOOR]), mean / nodes.shape[0]
    return pds, snrs


@njit(cache=True, error_model="numpy")
def polar_rows(
    position: FloatArray,
    velocity: FloatArray,
    position_cov: FloatArray,
    velocity_cov: FloatArray,
    origin: FloatArray,
    rotation: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Range, azimuth, elevation, range rate (n, 4) about a place, and their variances (n, 4).

    position, velocity (n, 3) and their covariances (n, 3, 3), or (0, 3, 3) for none; origin (3,), rotation (3, 3).
    """
    n = position.shape[0]
    z, variance = np.empty((n, 4)), np.zeros((n, 4))
    local, gradient = np.empty(3), np.empty((4, 3))
    for i in range(n):
        for a in range(3):
            local[a] = 0.0
            for c in range(3):
                local[a] += rotation[a, c] * (position[i, c] - origin[c])
        east, north, up = local[0], local[1], local[2]
        level2 = max(east * east + north * north, 1e-6)
        level, r = math.sqrt(level2), math.sqrt(level2 + up * up)
        rate = 0.0
        for c in range(3):
            line = (position[i, c] - origin[c]) / r
            rate += line * velocity[i, c]
        for c in range(3):
            line = (position[i, c] - origin[c]) / r
            gradient[0, c] = line
            gradient[1, c] = (north * rotation[0, c] - east * rotation[1, c]) / level2
            outward = (east * rotation[0, c] + north * rotation[1, c]) / level
            gradient[2, c] = (level * rotation[2, c] - up * outward) / (r * r)
            gradient[3, c] = (velocity[i, c] - rate * line) / r
        azimuth = math.atan2(east, north)
        z[i, 0], z[i, 1] = r, azimuth if azimuth >= 0.0 else azimuth + _TWO_PI
        z[i, 2], z[i, 3] = math.atan2(up, level), rate
        for k in range(4):
            for a in range(3):
                for b in range(3):
                    if position_cov.shape[0] > 0:
                        variance[i, k] += gradient[k, a] * position_cov[i, a, b] * gradient[k, b]
                    if k == 3 and velocity_cov.shape[0] > 0:
                        variance[i, 3] += gradient[0, a] * velocity_cov[i, a, b] * gradient[0, b]
    return z, variance


@njit(cache=True, error_model="numpy")
def tasked(
    number: IntArray, sensor: int, pd: FloatArray, task_track: IntArray, task_sensor: IntArray, task_pd: FloatArray
) -> FloatArray:
    """Expected pd (n,) of tracks, that of a task where there is one; tasks sorted by track."""
    out = pd.copy()
    n_tasks = task_track.shape[0]
    for i in range(number.shape[0]):
        at = np.searchsorted(task_track, number[i])
        while at < n_tasks and task_track[at] == number[i]:
            if task_sensor[at] == sensor:
                out[i] = task_pd[at]
                break
            at += 1
    return out


@njit(cache=True, error_model="numpy")
def learn_rings(
    x: FloatArray, p_hit: FloatArray, weight: FloatArray, keep: float, hits: FloatArray, looks: FloatArray
) -> None:
    """Let counts of rings fade by ``keep``, then add looks at ring coordinates ``x`` (cells from the first edge)."""
    n = hits.shape[0]
    for j in range(n):
        hits[j] *= keep
        looks[j] *= keep
    for i in range(x.shape[0]):
        if weight[i] > 0.0:
            j = min(max(int(x[i]), 0), n - 1)
            hits[j] += weight[i] * p_hit[i]
            looks[j] += weight[i]
