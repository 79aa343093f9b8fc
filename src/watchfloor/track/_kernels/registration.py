"""Compiled loops of registration: one filter a track, given the biases, and one filter of the biases, shared by all.

A sensor has ``N_BIAS`` components: range offset, range scale, azimuth offset, elevation offset, time offset. The bias
vector ``b`` (m,) and its covariance ``pb`` (m, m) hold them sensor after sensor. A track's filter keeps its state
``x`` (6,), ``p`` (6, 6) as if the biases were known to be ``ref`` (m,), and ``u`` (6, m), how its state would move with
them; ``way`` (3,) is the velocity at which that was worked out. Sensors are rows of the table of ``gnn``.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from watchfloor.base.units import FloatArray, IntArray
from watchfloor.track._kernels.gnn import measure, predict, start, update, vertical

RANGE, SCALE, AZIMUTH, ELEVATION, TIME = 0, 1, 2, 3, 4
N_BIAS = 5
# columns of a track's whole numbers
NUMBER, HITS, MISSES, SEEN = 0, 1, 2, 3
N_MARKS = 4
# columns of the settings, after those of ``gnn``
Q_H, Q_V, GAP, GATE, N_SETTINGS = 15, 16, 17, 18, 23
_ALTITUDE, _ALTITUDE_SD, _CLIMB_SD, _SPEED_SD = 2, 3, 4, 5
# columns of the counts
USED, REFUSED, FULL, LATE, N_COUNTS = 0, 1, 2, 3, 4

_TWO_PI = 2.0 * math.pi
_BURN_IN = 4  # plots that only say where to linearise
_BENT = 20.0  # 2 for one plot; a track's plots share the error, so that it must not be averaged away
_TURNED = 0.25  # change of velocity, as a share of it, after which a track is linearised anew
_FREE = -1
_FLAT_M = 50e3  # 1-sigma of a position of which nothing is known, about the place where the model is linearised
_FAR_M = 100e3  # range taken for a strobe
_CLIMB_MPS = 10.0


@njit(cache=True, error_model="numpy")
def _slot(number: int, keys: IntArray) -> int:
    """Place of ``number`` in the open hash ``keys`` (2^k,): its own, or the first empty one (``_FREE``)."""
    mask = len(keys) - 1
    at = (number * 0x9E3779B1) & mask
    while keys[at] != _FREE and keys[at] != number:
        at = (at + 1) & mask
    return at


@njit(cache=True, error_model="numpy")
def _forget(row: IntArray) -> None:
    row[HITS], row[MISSES], row[SEEN] = 0, 0, 0


@njit(cache=True, error_model="numpy")
def _open(x: FloatArray, p: FloatArray, u: FloatArray, settings: FloatArray, up: FloatArray) -> None:
    """Start a track's filter about the place where its burn-in left it, as if nothing were known of it."""
    height = vertical(x, up)
    variance = 0.0
    for a in range(3):
        for c in range(3):
            variance += up[a] * p[a, c] * up[c]
    h2 = settings[_ALTITUDE_SD] ** 2
    if variance > 0.25 * h2:  # its height was the prior's, which may be used once only
        for a in range(3):
            x[a] += up[a] * (settings[_ALTITUDE] - height)
    speed2, climb2 = settings[_SPEED_SD] ** 2, settings[_CLIMB_SD] ** 2
    p[:] = 0.0
    for a in range(3):
        for c in range(3):
            p[a, c] = (h2 - _FLAT_M**2) * up[a] * up[c]
            p[a + 3, c + 3] = (climb2 - speed2) * up[a] * up[c]
        p[a, a] += _FLAT_M**2
        p[a + 3, a + 3] += speed2
    u[:] = 0.0


@njit(cache=True, error_model="numpy")
def _cholesky(a: FloatArray, m: int, chol: FloatArray) -> bool:
    for i in range(m):
        for j in range(i + 1):
            rest = a[i, j]
            for c in range(j):
                rest -= chol[i, c] * chol[j, c]
            if i == j:
                if not rest > 0.0:
                    return False
                chol[i, i] = math.sqrt(rest)
            else:
                chol[i, j] = rest / chol[j, j]
    return True


@njit(cache=True, error_model="numpy")
def absorb(
    x: FloatArray, p: FloatArray, u: FloatArray, ref: FloatArray, way: FloatArray, seen: int, sensor: int,
    row: FloatArray, z: FloatArray, cov: FloatArray, probability: float, b: FloatArray, pb: FloatArray,
    gates: FloatArray,
) -> int:  # fmt: skip
    """Use one plot, of a track whose state is at the plot's time, for the track and for the biases; in place.

    ``ref`` must be ``b``. ``way`` (3,) is the velocity by which time offsets act: the same for all plots of the track,
    or else its errors would make an offset common to all sensors seem observed. Returns 1 if used, 0 if outside the
    gate, -1 if its covariance is none. Friedland (1969): with the state kept as if the biases were ``ref``, the
    innovation is ``g (b - ref)`` plus white noise.
    """
    m = len(b)
    zhat, h = np.empty(4), np.empty((4, 6))
    measure(x, 0.0, row, zhat, h)
    at = N_BIAS * sensor
    rows = np.empty(4, np.int64)
    n = 0
    for k in range(4):
        if not math.isnan(z[k]):
            rows[n] = k
            n += 1
    y, ht, own = np.empty(n), np.empty((n, 6)), np.zeros((n, N_BIAS))
    scale = 1.0 + b[at + SCALE]
    bent = 0.0  # second-order term of range by a height that no elevation tells (Bar-Shalom et al., 2001, 10.3.2)
    if math.isnan(z[2]):
        for a in range(3):
            for c in range(3):
                bent += row[9 + a] * p[a, c] * row[9 + c]
        bent *= 0.5 / max(zhat[0], 1e3)
    for i in range(n):
        k = rows[i]
        for c in range(6):
            ht[i, c] = h[k, c]
        if k == 0:
            y[i] = z[0] - (zhat[0] * scale + b[at + RANGE]) - bent
            own[i, RANGE], own[i, SCALE] = 1.0, zhat[0]
            for c in range(6):
                ht[i, c] *= scale
        elif k == 1:
            gap = z[1] - zhat[1] - b[at + AZIMUTH]
            y[i] = gap - _TWO_PI * math.floor(gap / _TWO_PI + 0.5)
            own[i, AZIMUTH] = 1.0
        elif k == 2:
            y[i] = z[2] - zhat[2] - b[at + ELEVATION]
            own[i, ELEVATION] = 1.0
        else:
            y[i] = z[3] - zhat[3]
        rate = 0.0
        for c in range(3):
            rate += ht[i, c] * way[c]
        own[i, TIME] = -rate  # a plot stamped late shows the target where it was
    noise, chol = np.empty((n, n)), np.empty((n, n))
    for i in range(n):
        for j in range(n):
            noise[i, j] = cov[rows[i], rows[j]] / probability
            if rows[i] == 0 and rows[j] == 0:
                noise[i, j] += _BENT * bent * bent
    if not _cholesky(noise, n, chol):
        return -1
    for i in range(n):  # whiten
        for j in range(i):
            y[i] -= chol[i, j] * y[j]
            for c in range(6):
                ht[i, c] -= chol[i, j] * ht[j, c]
            for c in range(N_BIAS):
                own[i, c] -= chol[i, j] * own[j, c]
        y[i] /= chol[i, i]
        for c in range(6):
            ht[i, c] /= chol[i, i]
        for c in range(N_BIAS):
            own[i, c] /= chol[i, i]
    # columns of the sensors that this track has met
    columns = np.empty(m, np.int64)
    k_seen = 0
    for s in range(m // N_BIAS):
        if (seen >> s) & 1:
            for c in range(N_BIAS):
                columns[k_seen] = N_BIAS * s + c
                k_seen += 1
    g, pg = np.zeros((n, m)), np.zeros((n, m))
    total = np.empty((n, n))
    hp = np.empty((n, 6))
    for i in range(n):
        for q in range(k_seen):
            c = columns[q]
            value = own[i, c - at] if at <= c < at + N_BIAS else 0.0
            for a in range(6):
                value += ht[i, a] * u[a, c]
            g[i, c] = value
        for r in range(m):
            value = 0.0
            for q in range(k_seen):
                value += pb[r, columns[q]] * g[i, columns[q]]
            pg[i, r] = value
        for a in range(6):
            value = 0.0
            for c in range(6):
                value += ht[i, c] * p[a, c]
            hp[i, a] = value
    for i in range(n):
        for j in range(i + 1):
            value = 1.0 if i == j else 0.0
            for a in range(6):
                value += hp[i, a] * ht[j, a]
            for q in range(k_seen):
                value += pg[i, columns[q]] * g[j, columns[q]]
            total[i, j] = value
    if not _cholesky(total, n, chol):
        return -1
    d2 = 0.0
    white = np.empty(n)
    for i in range(n):
        rest = y[i]
        for j in range(i):
            rest -= chol[i, j] * white[j]
        white[i] = rest / chol[i, i]
        d2 += white[i] * white[i]
    if not d2 <= gates[n]:
        return 0
    moved, ph, gi, pgi, shift = np.zeros(6), np.empty(6), np.zeros(m), np.empty(m), np.zeros(m)
    for i in range(n):  # one component after the other; `moved` and `shift` are what the ones before did
        nu, s = y[i], 1.0
        for a in range(6):
            nu -= ht[i, a] * moved[a]
            value = 0.0
            for c in range(6):
                value += p[a, c] * ht[i, c]
            ph[a] = value
            s += ht[i, a] * value
        told = nu
        for q in range(k_seen):
            c = columns[q]
            value = own[i, c - at] if at <= c < at + N_BIAS else 0.0
            for a in range(6):
                value += ht[i, a] * u[a, c]
            gi[c] = value
            told -= value * shift[c]
        sb = s
        for r in range(m):
            value = 0.0
            for q in range(k_seen):
                value += pb[r, columns[q]] * gi[columns[q]]
            pgi[r] = value
        for q in range(k_seen):
            sb += gi[columns[q]] * pgi[columns[q]]
        for r in range(m):
            gain = pgi[r] / sb
            shift[r] += gain * told
            for c in range(r + 1):
                kept = pb[r, c] - gain * pgi[c]
                pb[r, c] = kept
                pb[c, r] = kept
        for a in range(6):
            gain = ph[a] / s
            moved[a] += gain * nu
            for c in range(a + 1):
                kept = p[a, c] - gain * ph[c]
                p[a, c] = kept
                p[c, a] = kept
            for q in range(k_seen):
                u[a, columns[q]] -= gain * gi[columns[q]]
    for r in range(m):
        b[r] += shift[r]
        ref[r] = b[r]
    for a in range(6):
        x[a] += moved[a]
        for q in range(k_seen):
            x[a] += u[a, columns[q]] * shift[columns[q]]
    return 1


@njit(cache=True, error_model="numpy")
def drift(b: FloatArray, pb: FloatArray, prior2: FloatArray, keep: float) -> None:
    """Let biases wander: towards zero by ``keep``, their covariance towards the prior ``prior2`` (m,), its diagonal."""
    m = len(b)
    for r in range(m):
        b[r] *= keep
        for c in range(m):
            pb[r, c] *= keep * keep
        pb[r, r] += (1.0 - keep * keep) * prior2[r]


@njit(cache=True, error_model="numpy")
def learn(
    order: IntArray, t: FloatArray, sensor: IntArray, track: IntArray, probability: FloatArray, z: FloatArray,
    cov: FloatArray, sensors: FloatArray, settings: FloatArray, b: FloatArray, pb: FloatArray,
    x: FloatArray, p: FloatArray, u: FloatArray, ref: FloatArray, way: FloatArray,
    when: FloatArray, marks: IntArray, keys: IntArray, slots: IntArray, until: float, counts: IntArray,
) -> None:  # fmt: skip
    """Play plots, in ``order``, into the tracks' filters and the biases; all in place, ``counts`` (N_COUNTS,) go up.

    Tracks not heard of for ``GAP`` make room; when nine rows in ten are taken, those that one sensor alone has seen for
    a whole ``GAP`` do too.
    """
    capacity, m = len(marks), len(b)
    keys[:] = _FREE
    taken = 0
    for i in range(capacity):
        if marks[i, NUMBER] != _FREE:
            if when[i] < until - settings[GAP]:
                marks[i, NUMBER] = _FREE
            else:
                taken += 1
    if 10 * taken > 9 * capacity:
        for i in range(capacity):
            seen = marks[i, SEEN]
            if marks[i, NUMBER] != _FREE and seen & (seen - 1) == 0 and marks[i, HITS] > 2 * _BURN_IN:
                marks[i, NUMBER] = _FREE
                taken -= 1
    for i in range(capacity):
        if marks[i, NUMBER] != _FREE:
            at = _slot(marks[i, NUMBER], keys)
            keys[at], slots[at] = marks[i, NUMBER], i
    free = 0
    up, plot, noise = np.empty(3), np.empty(4), np.empty((4, 4))
    for w in range(len(order)):
        k: int = order[w]
        s = sensor[k]
        tau = b[N_BIAS * s + TIME]
        now = t[k] - tau
        at = _slot(track[k], keys)
        if keys[at] == _FREE:
            while free < capacity and marks[free, NUMBER] != _FREE:
                free += 1
            if free == capacity:
                counts[FULL] += 1
                continue
            keys[at], slots[at] = track[k], free
            marks[free, NUMBER] = track[k]
            _forget(marks[free])
            when[free] = now
        i = slots[at]
        if marks[i, HITS] > 0 and now - when[i] > settings[GAP]:
            _forget(marks[i])
        if marks[i, HITS] < _BURN_IN:  # the biases of now off the plot, and their doubt on its covariance
            first = N_BIAS * s
            for a in range(4):
                plot[a] = z[k, a]
                for c in range(4):
                    noise[a, c] = cov[k, a, c]
            plot[0] = (plot[0] - b[first + RANGE]) / (1.0 + b[first + SCALE])
            plot[1] -= b[first + AZIMUTH]
            plot[2] -= b[first + ELEVATION]
            noise[0, 0] += pb[first + RANGE, first + RANGE]
            noise[1, 1] += pb[first + AZIMUTH, first + AZIMUTH]
            noise[2, 2] += pb[first + ELEVATION, first + ELEVATION]
        if marks[i, HITS] == 0:
            if start(x[i], p[i], plot, noise, sensors[s], settings):
                marks[i, HITS] = 1
                when[i] = now
            continue
        if now < when[i] - settings[GAP]:
            counts[LATE] += 1
            continue
        seen = marks[i, SEEN]
        if marks[i, HITS] >= _BURN_IN:
            for q in range(m // N_BIAS):  # the state as it would be with the biases of now
                if (seen >> q) & 1:
                    for c in range(N_BIAS * q, N_BIAS * q + N_BIAS):
                        gap = b[c] - ref[i, c]
                        for a in range(6):
                            x[i, a] += u[i, a, c] * gap
                        ref[i, c] = b[c]
        dt = now - when[i]
        predict(x[i], p[i], dt, settings[Q_H], settings[Q_V], up)
        when[i] = now
        if marks[i, HITS] < _BURN_IN:
            d2 = update(x[i], p[i], 0.0, plot, noise, sensors[s], 0.0, 0.0)
            if not d2 < 100.0:
                _forget(marks[i])
                continue
            marks[i, HITS] += 1
            if marks[i, HITS] == _BURN_IN:
                _open(x[i], p[i], u[i], settings, up)
                for a in range(3):
                    way[i, a] = x[i, a + 3]
            continue
        turned, speed2 = 0.0, 0.0
        for a in range(3):
            turned += (x[i, a + 3] - way[i, a]) ** 2
            speed2 += way[i, a] ** 2
        if turned > _TURNED**2 * speed2 + 3.0 * settings[_CLIMB_SD] ** 2:
            _open(x[i], p[i], u[i], settings, up)
            marks[i, SEEN], seen = 0, 0
            for a in range(3):
                way[i, a] = x[i, a + 3]
        for q in range(m // N_BIAS):
            if (seen >> q) & 1:
                for c in range(N_BIAS * q, N_BIAS * q + N_BIAS):
                    for a in range(3):
                        u[i, a, c] += dt * u[i, a + 3, c]
        seen |= 1 << s
        marks[i, SEEN] = seen
        for c in range(m):
            ref[i, c] = b[c]
        used = absorb(
            x[i], p[i], u[i], ref[i], way[i], seen, s, sensors[s], z[k], cov[k], probability[k], b, pb, settings[GATE:]
        )
        if used == 1:
            counts[USED] += 1
            marks[i, HITS] += 1
            marks[i, MISSES] = 0
        else:
            counts[REFUSED] += 1
            marks[i, MISSES] += 1
            if marks[i, MISSES] >= 2:
                _forget(marks[i])


@njit(cache=True, error_model="numpy")
def news(b: FloatArray, pb: FloatArray, told: FloatArray) -> bool:
    """Whether a bias has moved by a third of its doubt given the others, or the doubt by a quarter, since ``told``.

    ``told`` (3, m) holds the biases, their sigmas and their sigmas given the other sensors' of the last edition.
    """
    for r in range(len(b)):
        if abs(b[r] - told[0, r]) > told[2, r] / 3.0 or abs(math.sqrt(pb[r, r]) - told[1, r]) > 0.25 * told[1, r]:
            return True
    return False


@njit(cache=True, error_model="numpy")
def _shift(
    k: int, t: float, s: int, z: FloatArray, cov: FloatArray, since: FloatArray, bias: FloatArray, doubt: FloatArray,
    speed2: float, back: bool, j: int, z_out: FloatArray, cov_out: FloatArray,
) -> float:  # fmt: skip
    """Shift row ``k`` of the plots into row ``j`` of the outputs; see `shift_plots`. Returns its time."""
    for a in range(4):
        z_out[j, a] = z[k, a]
        for c in range(4):
            cov_out[j, a, c] = cov[k, a, c]
    if s < 0 or s >= bias.shape[1]:
        return t
    stamp, e = t, 0
    for _ in range(3 if back else 1):
        e = len(since) - 1
        while e > 0 and not since[e] < stamp:
            e -= 1
        if back:
            stamp = t + bias[e, s, TIME]
    scale = 1.0 + bias[e, s, SCALE]
    if back:
        z_out[j, 0] = z[k, 0] * scale + bias[e, s, RANGE]
        angle = z[k, 1] + bias[e, s, AZIMUTH]
        z_out[j, 2] = z[k, 2] + bias[e, s, ELEVATION]
    else:
        z_out[j, 0] = (z[k, 0] - bias[e, s, RANGE]) / scale
        angle = z[k, 1] - bias[e, s, AZIMUTH]
        z_out[j, 2] = z[k, 2] - bias[e, s, ELEVATION]
    z_out[j, 1] = angle - _TWO_PI * math.floor(angle / _TWO_PI)
    r = z[k, 0] if back else z_out[j, 0]
    if not r > 1e3:
        r = _FAR_M if math.isnan(r) else 1e3
    sign = -1.0 if back else 1.0
    late = doubt[e, s, TIME, TIME]
    along = doubt[e, s, RANGE, RANGE] + 2.0 * r * doubt[e, s, RANGE, SCALE] + r * r * doubt[e, s, SCALE, SCALE]
    cov_out[j, 0, 0] += sign * (along + speed2 * late)
    cov_out[j, 1, 1] += sign * (doubt[e, s, AZIMUTH, AZIMUTH] + speed2 * late / (r * r))
    cov_out[j, 2, 2] += sign * (doubt[e, s, ELEVATION, ELEVATION] + _CLIMB_MPS**2 * late / (r * r))
    across = sign * (doubt[e, s, RANGE, AZIMUTH] + r * doubt[e, s, SCALE, AZIMUTH])
    up = sign * (doubt[e, s, RANGE, ELEVATION] + r * doubt[e, s, SCALE, ELEVATION])
    skew = sign * doubt[e, s, AZIMUTH, ELEVATION]
    cov_out[j, 0, 1] += across
    cov_out[j, 1, 0] += across
    cov_out[j, 0, 2] += up
    cov_out[j, 2, 0] += up
    cov_out[j, 1, 2] += skew
    cov_out[j, 2, 1] += skew
    return t + bias[e, s, TIME] if back else t - bias[e, s, TIME]


@njit(cache=True, error_model="numpy")
def shift_plots(
    t: FloatArray, sensor: IntArray, z: FloatArray, cov: FloatArray, since: FloatArray, bias: FloatArray,
    doubt: FloatArray, speed2: float, t_out: FloatArray, z_out: FloatArray, cov_out: FloatArray,
) -> None:  # fmt: skip
    """Take the published biases off plots; outputs are written, inputs left alone.

    ``since`` (e,) is when each edition begins, by the plots' own stamps; ``bias`` (e, sensors, 5); ``doubt``
    (e, sensors, 5, 5) is the covariance added.
    """
    for k in range(len(t)):
        t_out[k] = _shift(k, t[k], sensor[k], z, cov, since, bias, doubt, speed2, False, k, z_out, cov_out)


@njit(cache=True, error_model="numpy")
def admit(
    t: FloatArray, sensor: IntArray, track: IntArray, probability: FloatArray, z: FloatArray, cov: FloatArray,
    stride: int, back: bool, least: float, earliest: float,
    since: FloatArray, bias: FloatArray, doubt: FloatArray, speed2: float,
    n: int, waiting_t: FloatArray, waiting_sensor: IntArray, waiting_track: IntArray, waiting_weight: FloatArray,
    waiting_z: FloatArray, waiting_cov: FloatArray, counts: IntArray,
) -> int:  # fmt: skip
    """Put pairs that may teach to the ``n`` that wait, as the sensors declared them (``back``: corrections undone).

    Returns how many wait now.
    """
    for k in range(len(t)):
        good = probability[k] >= least and 0 <= sensor[k] < bias.shape[1] and track[k] >= 0 and track[k] % stride == 0
        good = good and earliest < t[k] < math.inf
        for a in range(4):
            good = good and not math.isinf(z[k, a])
        if not good:
            continue
        waiting_sensor[n], waiting_track[n], waiting_weight[n] = sensor[k], track[k], min(probability[k], 1.0)
        if back:
            waiting_t[n] = _shift(
                k, t[k], sensor[k], z, cov, since, bias, doubt, speed2, True, n, waiting_z, waiting_cov
            )
        else:
            waiting_t[n] = t[k]
            for a in range(4):
                waiting_z[n, a] = z[k, a]
                for c in range(4):
                    waiting_cov[n, a, c] = cov[k, a, c]
        for a in range(4):
            if waiting_cov[n, a, a] <= 0.0:
                good = False
        if good:
            n += 1
        else:
            counts[REFUSED] += 1
    return n


@njit(cache=True, error_model="numpy")
def due(n: int, until: float, waiting_t: FloatArray, waiting_sensor: IntArray, b: FloatArray) -> IntArray:
    """Rows of the ``n`` that wait whose stamps are not after ``until``, in the order of their corrected times."""
    rows, when = np.empty(n, np.int64), np.empty(n)
    m = 0
    for k in range(n):
        if waiting_t[k] <= until:
            rows[m], when[m] = k, waiting_t[k] - b[N_BIAS * waiting_sensor[k] + TIME]
            m += 1
    return rows[:m][np.argsort(when[:m], kind="mergesort")]


@njit(cache=True, error_model="numpy")
def keep_later(
    n: int, until: float, waiting_t: FloatArray, waiting_sensor: IntArray, waiting_track: IntArray,
    waiting_weight: FloatArray, waiting_z: FloatArray, waiting_cov: FloatArray,
) -> int:  # fmt: skip
    """Close the gaps that the rows that were due leave; returns how many wait on."""
    m = 0
    for k in range(n):
        if waiting_t[k] <= until:
            continue
        if m < k:
            waiting_t[m], waiting_sensor[m], waiting_track[m] = waiting_t[k], waiting_sensor[k], waiting_track[k]
            waiting_weight[m] = waiting_weight[k]
            waiting_z[m] = waiting_z[k]
            waiting_cov[m] = waiting_cov[k]
        m += 1
    return m
