"""Compiled scan of the Poisson multi-Bernoulli tracker: expect, gate, weigh; then settle what each track becomes.

Tables that live between scans (rows are reused; a free row is on a stack):

* tracks: ``r`` existence, ``t`` time, ``marks`` whole numbers, ``looked`` and ``updated`` times a sensor, ``slots``
  rows of the track's hypotheses, the first ``marks[i, N_HYPOTHESES]`` of which are in use;
* hypotheses: ``w`` weight within the track, ``mu`` (M,) probability of each motion model, ``x`` (M, nx), ``p``
  (M, nx, nx). A new hypothesis has one model in use (``n_models`` 1) until its second plot.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from watchfloor.base.units import BoolArray, FloatArray, IntArray
from watchfloor.track._kernels import gnn
from watchfloor.track._kernels.amplitude import log_ratio_one
from watchfloor.track._kernels.marginals import clusters
from watchfloor.track._kernels.measure import (
    AREA,
    CARTESIAN,
    FLAT,
    GARBLED,
    bound_height,
    expected,
    jacobian,
    log_likelihood,
    residual,
    spread,
    spread_now,
    start,
    update,
    vertical,
    without_height,
    wrapped,
)
from watchfloor.track._kernels.motion import Q_H, move, switching
from watchfloor.track._kernels.sigma import sigma_update

# columns of the settings
(
    LIFETIME, ALTITUDE, ALTITUDE_SD, CLIMB_SD, SPEED_SD, PRUNE, WEIGHT_MIN, MERGE_D2, CONFIRM, LOSE, BIRTH_MIN,
    BIRTH_MAX, UNSEEN, IDENTITY, POWER, SCHEME, LOST, GATE,
) = range(18)  # fmt: skip
N_SETTINGS = GATE + 5
# columns of a track's whole numbers
NUMBER, STATUS, HITS, ADDRESS, LABEL, SEED, N_HYPOTHESES, N_MARKS = range(8)
TENTATIVE, CONFIRMED = 0, 1
# why a plot is refused
FINE, NO_SENSOR, OFF, NO_NUMBER, NO_COVARIANCE, WRONG_TIME, TWICE = range(7)
PERIOD, OFFSET, ROTATES = gnn.PERIOD, gnn.OFFSET, gnn.ROTATES

_H, _T = 0, 1  # counts: free hypotheses, free tracks
_TWO_PI = 2.0 * math.pi
_SAME_ADDRESS, _ADDRESS_GATE = 1e4, 4.0
_HEIGHT_DENSITY = 5.0  # of elevations that are wrong [1/rad]
_LENGTH_MAX, _ANGLE_MAX, _VARIANCE_MAX, _VARIANCE_MIN = 1e9, 7.0, 1e18, 1e-24  # of plots [m, m/s; rad; squares]
_FAR = 4.0  # standard deviations that a sweep's time window spans


@njit(cache=True, error_model="numpy")
def due(
    sensor: FloatArray, row: int, t0: float, t1: float, first_plot: float,
    alive: IntArray, t: FloatArray, marks: IntArray, looked: FloatArray, slots: IntArray,
    w: FloatArray, mu: FloatArray, x: FloatArray, p: FloatArray,
    active: IntArray, sweep: FloatArray, complete: BoolArray,
) -> int:  # fmt: skip
    """Find the tracks that the sensor's beam passes in [t0, t1); return how many.

    ``active`` rows of tracks, ``sweep`` when the beam passes each, ``complete`` False where its plot may come after t1.
    """
    n = 0
    rotates, period, offset = sensor[ROTATES] > 0.0, sensor[PERIOD], sensor[OFFSET]
    z = np.empty(4)
    for i in alive:
        if not rotates:
            active[n], sweep[n], complete[n] = i, first_plot, True
            n += 1
            continue
        h, m = slots[i, 0], 0
        for k in range(mu.shape[1]):
            if mu[h, k] > mu[h, m]:
                m = k
        seen = looked[i, row]
        if seen > -math.inf:
            base = max(seen + 0.5 * period, t0 - 0.25 * period)
        else:  # never passed; one that waited at the border stands at its sweep already
            base = max(t0 - 0.25 * (t1 - t0), min(t0, t[i] - 0.01 * period))
        expected(x[h, m], base - t[i], sensor, z)
        turn = math.ceil((base - offset) / period - z[1] / _TWO_PI)
        at = offset + period * (turn + z[1] / _TWO_PI)
        if at - 0.25 * period > t1:
            continue
        expected(x[h, m], at - t[i], sensor, z)
        again = offset + period * (turn + z[1] / _TWO_PI)
        if again - at > 0.5 * period:
            again -= period
        elif at - again > 0.5 * period:
            again += period
        at = again
        dt = at - t[i]
        ground = max(z[0] * math.cos(z[2]), 1.0)
        wide = 0.0
        for c in range(marks[i, N_HYPOTHESES]):
            g = slots[i, c]
            s = math.sqrt(p[g, 0, 0, 0] + p[g, 0, 1, 1] + p[g, 0, 2, 2])
            s += abs(dt) * math.sqrt(p[g, 0, 3, 3] + p[g, 0, 4, 4] + p[g, 0, 5, 5])
            off = 0.0
            if c > 0:
                for a in range(3):
                    off += (x[g, 0, a] - x[h, m, a]) ** 2
            wide = max(wide, _FAR * s + math.sqrt(off))
        wide = min((wide / ground + 0.02) / _TWO_PI * period, 0.25 * (t1 - t0))  # wider ones cannot wait for all
        if at - wide >= t1:
            continue
        active[n], sweep[n], complete[n] = i, at, at + wide < t1
        n += 1
    return n


@njit(cache=True, error_model="numpy")
def _mix(
    mu: FloatArray, switch: FloatArray, x: FloatArray, p: FloatArray, scratch_x: FloatArray, scratch_p: FloatArray
) -> None:
    """Interaction of the models of one hypothesis, in place."""
    m, nx = x.shape
    for j in range(m):
        total = 0.0
        for i in range(m):
            total += mu[i] * switch[i, j]
        for a in range(nx):
            v = 0.0
            for i in range(m):
                v += mu[i] * switch[i, j] * x[i, a]
            scratch_x[j, a] = v / total
        for a in range(nx):
            for b in range(a + 1):
                scratch_p[j, a, b] = 0.0
        for i in range(m):
            share = mu[i] * switch[i, j] / total
            if share < 1e-12:
                continue
            for a in range(nx):
                da = x[i, a] - scratch_x[j, a]
                for b in range(a + 1):
                    scratch_p[j, a, b] += share * (p[i, a, b] + da * (x[i, b] - scratch_x[j, b]))
        scratch_x[j, nx] = total
    for j in range(m):
        mu[j] = scratch_x[j, nx]
        for a in range(nx):
            x[j, a] = scratch_x[j, a]
            for b in range(a + 1):
                p[j, a, b] = scratch_p[j, a, b]
                p[j, b, a] = scratch_p[j, a, b]


@njit(cache=True, error_model="numpy")
def births(
    plot: IntArray, z: FloatArray, cov: FloatArray, sensor: FloatArray, pd: float, settings: FloatArray,
    site_w: FloatArray, site_x: FloatArray, site_p: FloatArray,
    rho: FloatArray, best: IntArray,
) -> None:  # fmt: skip
    """Intensity ``rho`` of first plots of unseen targets at each plot; ``best`` the site behind most of it, -1 none.

    Density in the components measured, as clutter's. ``site_...`` Gaussian components of the unseen.
    """
    work, h, up, position = np.empty((5, 4)), np.empty((4, 6)), np.empty(3), np.empty(3)
    n_sites = len(site_w)
    zhat, s = np.empty((n_sites, 4)), np.empty((n_sites, 4, 4))
    for c in range(n_sites):
        jacobian(site_x[c], 0.0, sensor, zhat[c], h)
        spread_now(site_p[c], h, s[c])
    flat = sensor[FLAT] > 0.0
    for b in range(len(plot)):
        j = plot[b]
        total, most, best[b] = 0.0, 0.0, -1
        if settings[UNSEEN] > 0.0 and not math.isnan(z[j, 0]) and not math.isnan(z[j, 1]):
            total = pd * settings[UNSEEN] / sensor[AREA]
            if sensor[CARTESIAN] == 0.0:
                total *= z[j, 0]
                if not math.isnan(z[j, 2]):
                    ce = math.cos(z[j, 2])
                    e, n, u = ce * math.sin(z[j, 1]), ce * math.cos(z[j, 1]), math.sin(z[j, 2])
                    for c in range(3):
                        position[c] = sensor[c] + z[j, 0] * (sensor[3 + c] * e + sensor[6 + c] * n + sensor[9 + c] * u)
                    var = settings[ALTITUDE_SD] ** 2 + z[j, 0] ** 2 * cov[j, 2, 2]
                    off = vertical(position, flat, up) - settings[ALTITUDE]
                    total *= z[j, 0] * math.exp(-0.5 * off * off / var) / math.sqrt(_TWO_PI * var)
                if not math.isnan(z[j, 3]):
                    var = settings[SPEED_SD] ** 2 + cov[j, 3, 3]
                    total *= math.exp(-0.5 * z[j, 3] ** 2 / var) / math.sqrt(_TWO_PI * var)
            elif not math.isnan(z[j, 2]):
                var = settings[ALTITUDE_SD] ** 2 + cov[j, 2, 2]
                off = sensor[2] + z[j, 2] - settings[ALTITUDE]
                total *= math.exp(-0.5 * off * off / var) / math.sqrt(_TWO_PI * var)
            most = total
        for c in range(n_sites):
            off = z[j, 0] - zhat[c, 0]
            if off * off > 36.0 * (s[c, 0, 0] + cov[j, 0, 0]):  # NaN goes on
                continue
            ll, _ = log_likelihood(z[j], cov[j], zhat[c], s[c], sensor, work)
            if math.isnan(ll):
                continue
            share = pd * site_w[c] * math.exp(ll)
            total += share
            if share > most:
                most, best[b] = share, c
        rho[b] = total


@njit(cache=True, error_model="numpy")
def appear(
    model: FloatArray, dt: float, flat: bool, stay: float, least: float, w: FloatArray, x: FloatArray, p: FloatArray,
    fresh_w: FloatArray, fresh_x: FloatArray, fresh_p: FloatArray, most: int,
) -> tuple[FloatArray, FloatArray, FloatArray]:  # fmt: skip
    """Move Gaussian components of the unseen by ``dt``, drop the faint, add fresh ones; at most ``most`` old ones."""
    kept, nx = 0, x.shape[1]
    for i in range(len(w)):
        kept += w[i] > least
    skip, kept = max(kept - most, 0), min(kept, most)
    n = kept + len(fresh_w)
    out_w, out_x, out_p = np.empty(n), np.empty((n, nx)), np.empty((n, nx, nx))
    at = 0
    for i in range(len(w)):
        if w[i] > least:
            if skip > 0:
                skip -= 1
                continue
            out_w[at] = w[i] * stay
            out_x[at], out_p[at] = x[i], p[i]
            move(model, dt, flat, out_x[at], out_p[at])
            at += 1
    for i in range(len(fresh_w)):
        out_w[at], out_x[at], out_p[at] = fresh_w[i], fresh_x[i], fresh_p[i]
        at += 1
    return out_w, out_x, out_p


@njit(cache=True, error_model="numpy")
def bins(
    plot: IntArray, z: FloatArray, cov: FloatArray, sensor: FloatArray, grid: FloatArray
) -> tuple[IntArray, IntArray]:
    """Sort plots into cells of their first two components; ``grid`` (9,) says how. Plots without them come last.

    grid: origin and cell of the first, origin and cell of the second component, cells a side, largest variance of each
    of the four components.
    """
    m = len(plot)
    low0, high0, low1, high1 = math.inf, -math.inf, math.inf, -math.inf
    for a in range(4):
        grid[5 + a] = 0.0
    for j in plot:
        for a in range(4):
            if cov[j, a, a] > grid[5 + a]:
                grid[5 + a] = cov[j, a, a]
        if math.isnan(z[j, 0]) or math.isnan(z[j, 1]):
            continue
        low0, high0 = min(low0, z[j, 0]), max(high0, z[j, 0])
        low1, high1 = min(low1, z[j, 1]), max(high1, z[j, 1])
    if not low0 < math.inf:
        low0, high0, low1, high1 = 0.0, 1.0, 0.0, 1.0
    if sensor[CARTESIAN] == 0.0:
        low1, high1 = 0.0, _TWO_PI
    side = max(int(math.sqrt(m)), 1)
    grid[0], grid[1] = low0, max(high0 - low0, 1e-9) / side * (1.0 + 1e-9)
    grid[2], grid[3] = low1, max(high1 - low1, 1e-9) / side * (1.0 + 1e-9)
    grid[4] = side
    cells = side * side
    start_of, cell = np.zeros(cells + 2, np.int64), np.empty(m, np.int64)
    for b in range(m):
        j = plot[b]
        if math.isnan(z[j, 0]) or math.isnan(z[j, 1]):
            cell[b] = cells
        else:
            second = min(max(int((z[j, 1] - grid[2]) / grid[3]), 0), side - 1)
            cell[b] = int((z[j, 0] - grid[0]) / grid[1]) * side + second
        start_of[cell[b] + 1] += 1
    for c in range(cells + 1):
        start_of[c + 1] += start_of[c]
    order, filled = np.empty(m, np.int64), start_of.copy()
    for b in range(m):
        order[filled[cell[b]]] = b
        filled[cell[b]] += 1
    return start_of, order


@njit(cache=True, error_model="numpy")
def look(
    sensor: FloatArray, settings: FloatArray, models: FloatArray, sojourn: FloatArray,
    active: IntArray, n: int, sweep: FloatArray, pd: FloatArray, plot: IntArray, plot_t: FloatArray, z: FloatArray,
    cov: FloatArray, address: IntArray, snr_db: FloatArray, pfa: FloatArray,
    level_db: FloatArray, doubt_db: FloatArray, n_pulses: int, p_other: float, law: FloatArray,
    r: FloatArray, t: FloatArray, marks: IntArray, slots: IntArray,
    n_models: IntArray, w: FloatArray, mu: FloatArray, x: FloatArray, p: FloatArray,
    start_of: IntArray, column: IntArray, ell: FloatArray, part_of: IntArray, part: FloatArray,
    tell_all: bool, zmean: FloatArray, zcov: FloatArray,
) -> int:  # fmt: skip
    """Move each active track to its sweep and find the plots inside its gates; return the number of pairs.

    start_of (n + 1,), column, ell (pairs,): edges with the likelihood of the plot given the track, detection apart.
    Powers count where ``settings[POWER]`` says so: level_db, doubt_db (n,) the ratio expected of each track; n_pulses,
    p_other, law as in ``_kernels.amplitude``. ``part`` from ``part_of[e]`` on: ``ell`` of each hypothesis. zmean (n,
    4), zcov (n, 4, 4): expected plot of confirmed tracks, of every track if ``tell_all``, mixed over the models of the
    first hypothesis. Pairs beyond the length of ``column`` are counted, not kept.
    """
    m_all, nx = x.shape[1], x.shape[2]
    k_all = slots.shape[1]
    flat = sensor[FLAT] > 0.0
    grid = np.empty(9)
    cell_start, order = bins(plot, z, cov, sensor, grid)
    side = int(grid[4])
    cells = side * side
    cartesian = sensor[CARTESIAN] > 0.0
    up, work, moved_z, h, h2 = np.empty(3), np.empty((5, 4)), np.empty(4), np.empty((4, 6)), np.empty((4, 6))
    scratch_x, scratch_p = np.empty((m_all, nx + 1)), np.empty((m_all, nx, nx))
    switch = np.empty((m_all, m_all))
    zhat, s, s2 = np.empty((k_all, m_all, 4)), np.empty((k_all, m_all, 4, 4)), np.empty((4, 4))
    rotates = sensor[ROTATES] > 0.0
    near, garbled, rest = 0.01 * sensor[PERIOD], sensor[GARBLED], np.empty(4)
    widest = settings[GATE + 4]
    like, low, high = np.empty(k_all), np.empty(4), np.empty(4)
    pairs, parts = 0, 0
    switch_dt = math.nan
    for a_row in range(n):
        i = active[a_row]
        start_of[a_row] = pairs
        dt = sweep[a_row] - t[i]
        n_h = marks[i, N_HYPOTHESES]
        if dt > 0.0:
            r[i] *= math.exp(-dt / settings[LIFETIME])
            t[i] = sweep[a_row]
            for c in range(n_h):
                g = slots[i, c]
                if n_models[g] > 1:
                    if dt != switch_dt:
                        switching(sojourn, dt, switch)
                        switch_dt = dt
                    _mix(mu[g], switch, x[g], p[g], scratch_x, scratch_p)
                for k in range(n_models[g]):
                    move(models[k if n_models[g] > 1 else m_all], dt, flat, x[g, k], p[g, k])
                    bound_height(
                        x[g, k], p[g, k], flat, settings[ALTITUDE], settings[ALTITUDE_SD], settings[CLIMB_SD], up
                    )
        widen = widest * (_ADDRESS_GATE if marks[i, ADDRESS] >= 0 else 1.0)
        back = min(sweep[a_row] - t[i], 0.0)  # below 0: another sensor has moved the track on
        for a in range(4):
            low[a], high[a] = math.inf, -math.inf
        for c in range(n_h):
            g = slots[i, c]
            for k in range(n_models[g]):
                jacobian(x[g, k], 0.0, sensor, zhat[c, k], h)
                spread_now(p[g, k], h, s[c, k])
                if back < -near:
                    _apart(x[g, k], p[g, k], back, models[m_all, Q_H], sensor, moved_z, h, h2, s2)
                for a in range(4):
                    reach = math.sqrt(widen * (s[c, k, a, a] + grid[5 + a]))
                    off = zhat[c, k, a] - zhat[0, 0, a]
                    if a == 1 and not cartesian:
                        off = wrapped(off)
                    low[a], high[a] = min(low[a], off - reach), max(high[a], off + reach)
                    if back < -near:
                        reach = math.sqrt(widen * (s2[a, a] + grid[5 + a]))
                        off = residual(a, moved_z[a] - zhat[0, 0, a], sensor)
                        low[a], high[a] = min(low[a], off - reach), max(high[a], off + reach)
        if tell_all or marks[i, STATUS] == CONFIRMED:
            _as_one(mu[slots[i, 0]], n_models[slots[i, 0]], zhat[0], s[0], sensor, zmean[a_row], zcov[a_row])
        low0, high0 = low[0] + zhat[0, 0, 0], high[0] + zhat[0, 0, 0]
        low1, high1 = low[1] + zhat[0, 0, 1], high[1] + zhat[0, 0, 1]
        c0 = max(int(math.floor((low0 - grid[0]) / grid[1])), 0)
        c1 = min(int(math.floor((high0 - grid[0]) / grid[1])), side - 1)
        d0 = int(math.floor((low1 - grid[2]) / grid[3]))
        d1 = int(math.floor((high1 - grid[2]) / grid[3]))
        if cartesian:
            d0, d1 = max(d0, 0), min(d1, side - 1)
        elif d1 - d0 >= side:
            d0, d1 = 0, side - 1
        for strip in range(c0, c1 + 2):
            # the last turn is for plots without the first two components
            if strip == c1 + 1:
                runs = 1
            else:
                runs = d1 - d0 + 1
            for column_of in range(runs):
                if strip == c1 + 1:
                    cell = cells
                else:
                    second = d0 + column_of
                    if not cartesian:
                        second = second % side
                    cell = strip * side + second
                for at in range(cell_start[cell], cell_start[cell + 1]):
                    b = order[at]
                    j = plot[b]
                    if cell < cells and not (low0 <= z[j, 0] <= high0):
                        continue
                    outside = False
                    for a in range(1, 4):
                        if a == 2 and garbled > 0.0:
                            continue
                        off = residual(a, z[j, a] - zhat[0, 0, a], sensor)
                        outside = outside or off < low[a] or off > high[a]  # NaN is neither
                    if outside and abs(plot_t[j] - t[i]) < near:
                        continue
                    if rotates and plot_t[j] - t[i] > 0.3 * sensor[PERIOD]:
                        continue  # the next time round
                    same = False
                    if settings[IDENTITY] > 0.0 and address[j] >= 0 and marks[i, ADDRESS] >= 0:
                        if address[j] != marks[i, ADDRESS]:
                            continue
                        same = True
                    measured = 0
                    for a in range(4):
                        if not math.isnan(z[j, a]):
                            measured += 1
                    limit = settings[GATE + measured] * (_ADDRESS_GATE if same else 1.0)
                    apart = plot_t[j] - t[i]
                    inside, total = False, 0.0
                    for c in range(n_h):
                        g = slots[i, c]
                        like[c] = 0.0
                        for k in range(n_models[g]):
                            if apart == 0.0:
                                ll, d2 = log_likelihood(z[j], cov[j], zhat[c, k], s[c, k], sensor, work)
                            elif abs(apart) < near:
                                expected(x[g, k], apart, sensor, moved_z)
                                ll, d2 = log_likelihood(z[j], cov[j], moved_z, s[c, k], sensor, work)
                            else:
                                _apart(x[g, k], p[g, k], apart, models[m_all, Q_H], sensor, moved_z, h, h2, s2)
                                ll, d2 = log_likelihood(z[j], cov[j], moved_z, s2, sensor, work)
                            if math.isnan(ll):
                                continue
                            if d2 <= limit:
                                inside = True
                            density = math.exp(ll)
                            if garbled > 0.0 and not math.isnan(z[j, 2]):  # or its height says nothing
                                without_height(z[j], rest)
                                if apart == 0.0:
                                    ll, d2 = log_likelihood(rest, cov[j], zhat[c, k], s[c, k], sensor, work)
                                elif abs(apart) < near:
                                    ll, d2 = log_likelihood(rest, cov[j], moved_z, s[c, k], sensor, work)
                                else:
                                    ll, d2 = log_likelihood(rest, cov[j], moved_z, s2, sensor, work)
                                if d2 <= settings[GATE + measured - 1]:
                                    inside = True
                                density = (1.0 - garbled) * density + garbled * _HEIGHT_DENSITY * math.exp(ll)
                            like[c] += mu[g, k] * density
                        total += w[g] * like[c]
                    if not inside or not total > 0.0:
                        continue
                    more = _SAME_ADDRESS if same else 1.0
                    if settings[POWER] > 0.0:
                        more *= math.exp(
                            log_ratio_one(
                                float(snr_db[j]),
                                float(level_db[a_row]),
                                float(doubt_db[a_row]),
                                float(pd[a_row]),
                                float(pfa[j]),
                                n_pulses,
                                p_other,
                                law,
                            )
                        )
                    total *= more
                    if pairs < len(column) and parts + n_h <= len(part):
                        column[pairs], ell[pairs], part_of[pairs] = b, total, parts
                        for c in range(n_h):
                            part[parts + c] = like[c] * more
                    pairs += 1
                    parts += n_h
    start_of[n] = pairs
    return max(pairs, -(-parts // 4))


@njit(cache=True, error_model="numpy")
def _as_one(
    mu: FloatArray, n: Any, zhat: FloatArray, s: FloatArray, sensor: FloatArray, mean: FloatArray, cov: FloatArray
) -> None:
    """Expected plots of n models, zhat (n, 4) and s (n, 4, 4), as one Gaussian."""
    for a in range(4):
        mean[a] = 0.0
        for k in range(n):
            mean[a] += mu[k] * residual(a, zhat[k, a] - zhat[0, a], sensor)
    for a in range(4):
        for b in range(4):
            total = 0.0
            for k in range(n):
                da = residual(a, zhat[k, a] - zhat[0, a], sensor) - mean[a]
                db = residual(b, zhat[k, b] - zhat[0, b], sensor) - mean[b]
                total += mu[k] * (s[k, a, b] + da * db)
            cov[a, b] = total
    for a in range(4):
        mean[a] += zhat[0, a]


@njit(cache=True, error_model="numpy")
def _apart(
    x: FloatArray, p: FloatArray, dt: Any, q: float, sensor: FloatArray, z: FloatArray, h: FloatArray, h0: FloatArray,
    s: FloatArray,
) -> None:  # fmt: skip
    """Expected plot at ``dt`` from the state's time, either way, and its covariance with the noise of the way."""
    jacobian(x, dt, sensor, z, h)
    spread(p, h, s)
    span = abs(dt)
    pp, pv = q * span * span * span / 3.0, 0.5 * dt * span * q
    for a in range(4):
        for b in range(4):
            total = 0.0
            for c in range(3):
                h0a, h0b = h[a, c], h[b, c]
                va, vb = h[a, c + 3] - dt * h0a, h[b, c + 3] - dt * h0b
                total += pp * h0a * h0b + pv * (h0a * vb + va * h0b) + q * span * va * vb
            s[a, b] += total


@njit(cache=True, error_model="numpy")
def _update_past(
    x: FloatArray, p: FloatArray, dt: Any, q: float, z: FloatArray, cov: FloatArray, sensor: FloatArray
) -> float:
    """Update a state with a plot of the past (``dt`` below 0); log likelihood. The way back is noise of the plot."""
    nx = len(x)
    zhat, h, h0, s, work = np.empty(4), np.empty((4, 6)), np.empty((4, 6)), np.empty((4, 4)), np.empty((5, 4))
    _apart(x, p, dt, q, sensor, zhat, h, h0, s)
    ll, _ = log_likelihood(z, cov, zhat, s, sensor, work)
    if math.isnan(ll):
        return ll
    m = 0
    rows = np.empty(4, np.int64)
    for k in range(4):
        if not math.isnan(z[k]):
            rows[m] = k
            m += 1
    # work holds the Cholesky factor of s + cov and the whitened innovation
    ph = np.empty((nx, 4))
    for c in range(nx):
        for a in range(m):
            total = 0.0
            for d in range(6):
                total += p[c, d] * h[rows[a], d]
            for b in range(a):
                total -= work[a, b] * ph[c, b]
            ph[c, a] = total / work[a, a]
    for c in range(nx):
        for a in range(m):
            x[c] += ph[c, a] * work[4, a]
        for d in range(c + 1):
            kept = p[c, d]
            for a in range(m):
                kept -= ph[c, a] * ph[d, a]
            p[c, d] = kept
            p[d, c] = kept
    return ll


@njit(cache=True, error_model="numpy")
def _height_wrong(
    x: FloatArray, p: FloatArray, z: FloatArray, cov: FloatArray, sensor: FloatArray, garbled: float
) -> bool:
    """Whether a plot is likelier with a wrong height than with its own."""
    if math.isnan(z[2]):
        return False
    zhat, h, s, work, rest = np.empty(4), np.empty((4, 6)), np.empty((4, 4)), np.empty((5, 4)), np.empty(4)
    jacobian(x, 0.0, sensor, zhat, h)
    spread_now(p, h, s)
    ll, _ = log_likelihood(z, cov, zhat, s, sensor, work)
    without_height(z, rest)
    other, _ = log_likelihood(rest, cov, zhat, s, sensor, work)
    return other + math.log(garbled * _HEIGHT_DENSITY) > ll + math.log(1.0 - garbled)


@njit(cache=True, error_model="numpy")
def settle(
    sensor: FloatArray, row: int, settings: FloatArray, models: FloatArray, shares: FloatArray,
    active: IntArray, n: int, sweep: FloatArray, waits: BoolArray, pd: FloatArray,
    plot: IntArray, plot_t: FloatArray, z: FloatArray, cov: FloatArray, address: IntArray, label: IntArray,
    r: FloatArray, t: FloatArray, marks: IntArray, looked: FloatArray, updated: FloatArray, slots: IntArray,
    n_models: IntArray, w: FloatArray, mu: FloatArray, x: FloatArray, p: FloatArray,
    free: IntArray, counts: IntArray,
    start_of: IntArray, column: IntArray, ell: FloatArray, part_of: IntArray, part: FloatArray,
    p_edge: FloatArray, p_miss: FloatArray, shared: FloatArray, chosen: IntArray, p_hit: FloatArray, p_best: FloatArray,
    first_row: int,
) -> int:  # fmt: skip
    """Give each track what the marginals say: existence, hypotheses, marks.

    ``shared`` (n,): probability that it was seen in another track's plot. ``chosen`` (n,): plot believed with
    ``p_best``, -1 none; ``p_hit`` that any was the track's, given that it exists. Starts at ``first_row``; returns n,
    or the row for which there are too few free hypotheses.
    """
    m_all, nx, k_all = x.shape[1], x.shape[2], slots.shape[1]
    flat = sensor[FLAT] > 0.0
    room, scheme = 8 * k_all + 64, int(settings[SCHEME])
    garbled, rest = sensor[GARBLED], np.empty(4)
    c_w, c_h, c_e = np.empty(room), np.empty(room, np.int64), np.empty(room, np.int64)
    n_new = 2 * k_all + 4
    new_slot, new_w, made = np.empty(n_new, np.int64), np.empty(n_new), np.empty(n_new, np.int64)
    for a_row in range(first_row, n):
        if counts[_H] < n_new:
            return a_row
        chosen[a_row], p_hit[a_row], p_best[a_row] = -1, 0.0, 0.0
        if waits[a_row]:
            continue
        i = active[a_row]
        looked[i, row] = sweep[a_row]
        n_h = marks[i, N_HYPOTHESES]
        e0, e1 = start_of[a_row], start_of[a_row + 1]
        missed = r[i] * (1.0 - pd[a_row]) / (1.0 - r[i] * pd[a_row])
        miss_w = p_miss[a_row] * missed + shared[a_row]
        if e1 == e0:
            r[i] = min(miss_w, 1.0)
            continue
        # 1. candidates: each hypothesis with each plot or none
        best_e, hit = -1, 0.0
        total = miss_w
        for e in range(e0, e1):
            total += p_edge[e]
            hit += p_edge[e]
            if best_e < 0 or p_edge[e] > p_edge[best_e]:
                best_e = e
        total = min(max(total, 1e-300), 1.0)
        p_hit[a_row] = hit / total
        floor = settings[WEIGHT_MIN] * total
        n_c = 0
        for c in range(n_h):
            weight = miss_w * w[slots[i, c]]
            if weight > floor and n_c < room:
                c_w[n_c], c_h[n_c], c_e[n_c] = weight, c, -1
                n_c += 1
        for e in range(e0, e1):
            if p_edge[e] <= floor:
                continue
            for c in range(n_h):
                weight = p_edge[e] * w[slots[i, c]] * part[part_of[e] + c] / ell[e]
                if weight > floor and n_c < room:
                    c_w[n_c], c_h[n_c], c_e[n_c] = weight, c, e
                    n_c += 1
        if n_c == 0:
            r[i] = total
            continue
        # 2. the heaviest, in order
        kept = min(n_c, n_new)
        for a in range(kept):
            top = a
            for b in range(a + 1, n_c):
                if c_w[b] > c_w[top]:
                    top = b
            if top != a:
                c_w[a], c_w[top] = c_w[top], c_w[a]
                c_h[a], c_h[top] = c_h[top], c_h[a]
                c_e[a], c_e[top] = c_e[top], c_e[a]
        # 3. states
        n_made = 0
        for a in range(kept):
            source = slots[i, c_h[a]]
            if c_e[a] < 0:
                new_slot[a], new_w[a] = source, c_w[a]
                continue
            g = source
            if kept > 1:
                counts[_H] -= 1
                g = free[counts[_H]]
                made[n_made] = g
                n_made += 1
                _copy(source, g, n_models, mu, x, p)
            if n_models[g] == 1 and m_all > 1 and total > 0.3:
                n_models[g] = m_all
                for k in range(m_all):
                    mu[g, k] = shares[k]
                    if k > 0:
                        for b in range(nx):
                            x[g, k, b] = x[g, 0, b]
                            for d in range(nx):
                                p[g, k, b, d] = p[g, 0, b, d]
            j = plot[column[c_e[a]]]
            dt = plot_t[j] - t[i]
            high = -math.inf
            for k in range(n_models[g]):
                if dt < 0.0:
                    ll = _update_past(x[g, k], p[g, k], dt, models[m_all, Q_H], z[j], cov[j], sensor)
                else:
                    if dt > 0.0:
                        move(models[k if n_models[g] > 1 else m_all], dt, flat, x[g, k], p[g, k])
                    if garbled > 0.0 and _height_wrong(x[g, k], p[g, k], z[j], cov[j], sensor, garbled):
                        without_height(z[j], rest)
                        ll = update(x[g, k], p[g, k], rest, cov[j], sensor) + math.log(garbled * _HEIGHT_DENSITY)
                    elif scheme == 0:
                        ll = update(x[g, k], p[g, k], z[j], cov[j], sensor)
                    else:
                        ll = sigma_update(x[g, k], p[g, k], z[j], cov[j], sensor, scheme)
                if math.isnan(ll):  # the model's covariance is beyond this plot: it learns nothing and hardly counts
                    ll = -700.0
                mu[g, k] = math.log(max(mu[g, k], 1e-300)) + ll
                high = max(high, mu[g, k])
            norm = 0.0
            for k in range(n_models[g]):
                mu[g, k] = math.exp(mu[g, k] - high)
                norm += mu[g, k]
            for k in range(n_models[g]):
                mu[g, k] = max(mu[g, k] / norm, 1e-12)
            new_slot[a], new_w[a] = g, c_w[a]
        # every hypothesis of a track stands at one time: the latest plot taken
        latest = t[i]
        for a in range(kept):
            if c_e[a] >= 0:
                latest = max(latest, plot_t[plot[column[c_e[a]]]])
        if kept > 1 or c_e[0] >= 0:
            for a in range(kept):
                mine = t[i]
                if c_e[a] >= 0:
                    mine = max(mine, plot_t[plot[column[c_e[a]]]])
                if latest > mine:
                    for k in range(n_models[new_slot[a]]):
                        move(
                            models[k if n_models[new_slot[a]] > 1 else m_all],
                            latest - mine,
                            flat,
                            x[new_slot[a], k],
                            p[new_slot[a], k],
                        )
        t[i] = latest
        # 4. join the like, keep the best
        kept = _reduce(kept, new_slot, new_w, k_all, settings[MERGE_D2], n_models, mu, x, p)
        weight = 0.0
        for a in range(kept):
            weight += new_w[a]
        # 5. rows that nobody uses any more go back
        for c in range(n_h + n_made):
            g = slots[i, c] if c < n_h else made[c - n_h]
            used = False
            for a in range(kept):
                used = used or new_slot[a] == g
            if not used:
                free[counts[_H]] = g
                counts[_H] += 1
        for a in range(kept):
            slots[i, a] = new_slot[a]
            w[new_slot[a]] = new_w[a] / weight
        marks[i, N_HYPOTHESES] = kept
        r[i] = total
        if hit > 0.5:
            j = plot[column[best_e]]
            if p_edge[best_e] > 0.5:
                chosen[a_row], p_best[a_row] = column[best_e], p_edge[best_e]
                if address[j] >= 0:
                    marks[i, ADDRESS] = address[j]
                if label[j] >= 0:
                    marks[i, LABEL] = label[j]
            marks[i, HITS] += 1
            updated[i, row] = max(updated[i, row], plot_t[j])
    return n


@njit(cache=True, error_model="numpy")
def _copy(source: Any, target: Any, n_models: IntArray, mu: FloatArray, x: FloatArray, p: FloatArray) -> None:
    """Copy one hypothesis, weight apart."""
    n_models[target] = n_models[source]
    nx = x.shape[2]
    for k in range(n_models[source]):
        mu[target, k] = mu[source, k]
        for a in range(nx):
            x[target, k, a] = x[source, k, a]
            for b in range(nx):
                p[target, k, a, b] = p[source, k, a, b]
    for k in range(n_models[source], mu.shape[1]):
        mu[target, k] = 0.0


@njit(cache=True, error_model="numpy")
def _heaviest(mu: FloatArray) -> int:
    """Model of the greatest probability."""
    best = 0
    for k in range(1, len(mu)):
        if mu[k] > mu[best]:
            best = k
    return best


@njit(cache=True, error_model="numpy")
def _distance2(xa: FloatArray, pa: FloatArray, xb: FloatArray, limit: float) -> float:
    """Squared Mahalanobis distance of two states, six components, in the first one's covariance; inf past limit."""
    chol, y = np.empty((6, 6)), np.empty(6)
    total = 0.0
    for i in range(6):
        for j in range(i + 1):
            rest = pa[i, j]
            for c in range(j):
                rest -= chol[i, c] * chol[j, c]
            if i == j:
                if not rest > 0.0:
                    return math.inf
                chol[i, i] = math.sqrt(rest)
            else:
                chol[i, j] = rest / chol[j, j]
        rest = xa[i] - xb[i]
        for c in range(i):
            rest -= chol[i, c] * y[c]
        y[i] = rest / chol[i, i]
        total += y[i] * y[i]
        if total > limit:
            return math.inf
    return total


@njit(cache=True, error_model="numpy")
def _join(
    a: int, b: int, wa: float, wb: float, n_models: IntArray, mu: FloatArray, x: FloatArray, p: FloatArray
) -> None:
    """Moment match hypothesis ``b`` into ``a``, model by model."""
    nx = x.shape[2]
    for k in range(max(n_models[a], n_models[b])):
        u, v = wa * mu[a, k], wb * mu[b, k]
        total = u + v
        if total <= 0.0:
            continue
        if k >= n_models[a]:  # a has one model in use where b has all
            for i in range(nx):
                x[a, k, i] = x[b, k, i]
                for j in range(nx):
                    p[a, k, i, j] = p[b, k, i, j]
        elif k < n_models[b]:
            u, v = u / total, v / total
            for i in range(nx):
                di = x[b, k, i] - x[a, k, i]
                for j in range(i + 1):
                    dj = x[b, k, j] - x[a, k, j]
                    p[a, k, i, j] = u * p[a, k, i, j] + v * p[b, k, i, j] + u * v * di * dj
                    p[a, k, j, i] = p[a, k, i, j]
            for i in range(nx):
                x[a, k, i] += v * (x[b, k, i] - x[a, k, i])
        mu[a, k] = total / (wa + wb)
    n_models[a] = max(n_models[a], n_models[b])


@njit(cache=True, error_model="numpy")
def _reduce(
    n: int, slot: IntArray, weight: FloatArray, most: int, merge_d2: float,
    n_models: IntArray, mu: FloatArray, x: FloatArray, p: FloatArray,
) -> int:  # fmt: skip
    """Join hypotheses (sorted, heaviest first) that tell the same story, then keep at most ``most``; how many."""
    i = 0
    while i < n:
        j = i + 1
        while j < n:
            a, b = slot[i], slot[j]
            same = most == 1
            if not same:
                ka, kb = _heaviest(mu[a]), _heaviest(mu[b])
                same = _distance2(x[a, ka], p[a, ka], x[b, kb], merge_d2) <= merge_d2
            if same:
                _join(a, b, weight[i], weight[j], n_models, mu, x, p)
                weight[i] += weight[j]
                for c in range(j, n - 1):
                    slot[c], weight[c] = slot[c + 1], weight[c + 1]
                n -= 1
            else:
                j += 1
        i += 1
    for i in range(1, n):  # joined ones may have overtaken
        j = i
        while j > 0 and weight[j - 1] < weight[j]:
            weight[j - 1], weight[j] = weight[j], weight[j - 1]
            slot[j - 1], slot[j] = slot[j], slot[j - 1]
            j -= 1
    return min(n, most)


@njit(cache=True, error_model="numpy")
def defer(
    n: int, t0: float, complete: BoolArray, start_of: IntArray, column: IntArray, plot_t: FloatArray, waits: BoolArray,
    later: BoolArray,
) -> None:  # fmt: skip
    """Spread "not complete" over everything that shares plots: tracks ``waits`` (n,), plots ``later`` (m,).

    What holds a plot from before ``t0`` has waited once already and goes on.
    """
    m = len(plot_t)
    some = False
    for i in range(n):
        waits[i] = not complete[i]
        some = some or waits[i]
    for b in range(m):
        later[b] = False
    if not some:
        return
    of_track, of_plot = np.empty(n, np.int64), np.empty(m, np.int64)
    k = clusters(start_of[: n + 1], column, m, of_track, of_plot)
    hold, old = np.zeros(k, np.bool_), np.zeros(k, np.bool_)
    for i in range(n):
        if waits[i]:
            hold[of_track[i]] = True
    for b in range(m):
        if of_plot[b] >= 0 and plot_t[b] < t0:
            old[of_plot[b]] = True
    for i in range(n):
        waits[i] = hold[of_track[i]] and not old[of_track[i]]
    for b in range(m):
        later[b] = of_plot[b] >= 0 and hold[of_plot[b]] and not old[of_plot[b]]


@njit(cache=True, error_model="numpy")
def born(
    sensor: FloatArray, row: int, settings: FloatArray, plot: IntArray, plot_t: FloatArray, z: FloatArray,
    cov: FloatArray, address: IntArray, label: IntArray, seed: IntArray, later: BoolArray, p_new: FloatArray,
    kappa: FloatArray, rho: FloatArray, best: IntArray, site_x: FloatArray, site_p: FloatArray, site_t: float,
    site_model: FloatArray, alive: IntArray, n_alive: int, r: FloatArray, t: FloatArray, marks: IntArray,
    looked: FloatArray, updated: FloatArray, first: FloatArray, slots: IntArray, n_models: IntArray, w: FloatArray,
    mu: FloatArray, x: FloatArray, p: FloatArray, free: IntArray, spare: IntArray, counts: IntArray,
) -> int:  # fmt: skip
    """Start a track from each plot that may be a target seen for the first time; return the new count of tracks.

    ``counts``: free hypotheses, free tracks.
    """
    nx = x.shape[2]
    for b in range(len(plot)):
        if later[b] or not rho[b] > 0.0:
            continue
        j = plot[b]
        exists = min(p_new[b] * rho[b] / (kappa[b] + rho[b]), settings[BIRTH_MAX])
        if exists < settings[BIRTH_MIN]:
            continue
        g = free[counts[_H] - 1]
        for k in range(len(mu[g])):
            mu[g, k] = 0.0
        for a in range(6, nx):
            x[g, 0, a] = 0.0
            for c in range(nx):
                p[g, 0, a, c] = 0.0
                p[g, 0, c, a] = 0.0
            p[g, 0, a, a] = 1.0
        if best[b] < 0:
            if not start(
                x[g, 0], p[g, 0], z[j], cov[j], sensor, settings[ALTITUDE], settings[ALTITUDE_SD],
                settings[SPEED_SD], settings[CLIMB_SD],
            ):  # fmt: skip
                continue
        else:
            for a in range(nx):
                x[g, 0, a] = site_x[best[b], a]
                for c in range(nx):
                    p[g, 0, a, c] = site_p[best[b], a, c]
            move(site_model, plot_t[j] - site_t, sensor[FLAT] > 0.0, x[g, 0], p[g, 0])
            update(x[g, 0], p[g, 0], z[j], cov[j], sensor)
        counts[_H] -= 1
        counts[_T] -= 1
        i = spare[counts[_T]]
        n_models[g], w[g], mu[g, 0] = 1, 1.0, 1.0
        r[i], t[i], slots[i, 0] = exists, plot_t[j], g
        marks[i, NUMBER], marks[i, SEED] = 0, seed[j]
        marks[i, STATUS], marks[i, HITS], marks[i, N_HYPOTHESES] = TENTATIVE, 1, 1
        marks[i, ADDRESS], marks[i, LABEL] = address[j], label[j]
        for a in range(updated.shape[1]):
            updated[i, a] = -math.inf
            looked[i, a] = -math.inf
        updated[i, row] = plot_t[j]
        looked[i, row] = plot_t[j]
        for a in range(3):
            first[i, a] = x[g, 0, a]
        alive[n_alive] = i
        n_alive += 1
    return n_alive


@njit(cache=True, error_model="numpy")
def judge(
    settings: FloatArray, alive: IntArray, n_alive: int, r: FloatArray, marks: IntArray, slots: IntArray,
    p: FloatArray, free: IntArray, spare: IntArray, counts: IntArray,
) -> int:  # fmt: skip
    """Confirm, lose and end tracks by their existence and place; close the list, return how many live."""
    kept = 0
    lost2 = settings[LOST] ** 2
    for a in range(n_alive):
        i = alive[a]
        if marks[i, STATUS] == TENTATIVE and r[i] >= settings[CONFIRM]:
            marks[i, STATUS] = CONFIRMED
        elif marks[i, STATUS] == CONFIRMED and r[i] < settings[LOSE]:
            marks[i, STATUS] = TENTATIVE
        g = slots[i, 0]
        if r[i] >= settings[PRUNE] and p[g, 0, 0, 0] + p[g, 0, 1, 1] + p[g, 0, 2, 2] <= lost2:
            alive[kept] = i
            kept += 1
            continue
        for c in range(marks[i, N_HYPOTHESES]):
            free[counts[_H]] = slots[i, c]
            counts[_H] += 1
        spare[counts[_T]] = i
        counts[_T] += 1
    return kept


@njit(cache=True, error_model="numpy")
def foresee(
    sensor: FloatArray, active: IntArray, sweep: FloatArray, t: FloatArray, slots: IntArray, mu: FloatArray,
    x: FloatArray, p: FloatArray, noise: float, z: FloatArray, variance: FloatArray,
) -> None:  # fmt: skip
    """Expected plots (n, 4) of tracks at their sweeps, and variances (n, 4), by the likeliest model of the heaviest."""
    h, h0, s = np.empty((4, 6)), np.empty((4, 6)), np.empty((4, 4))
    for a in range(len(active)):
        i = active[a]
        g = slots[i, 0]
        k = _heaviest(mu[g])
        _apart(x[g, k], p[g, k], sweep[a] - t[i], noise, sensor, z[a], h, h0, s)
        for c in range(4):
            variance[a, c] = s[c, c]


@njit(cache=True, error_model="numpy")
def check(
    t: FloatArray, row: IntArray, z: FloatArray, cov: FloatArray, sensors: FloatArray, active: BoolArray, until: float,
    oldest: float, why: IntArray,
) -> int:  # fmt: skip
    """Why each plot is refused, FINE where it is not; how many are."""
    bad = 0
    chol = np.empty((4, 4))
    rows = np.empty(4, np.int64)
    for j in range(len(t)):
        s, code = row[j], FINE
        if not 0 <= s < len(sensors):
            code = NO_SENSOR
        elif not active[s]:
            code = OFF
        elif not math.isfinite(t[j]):
            code = NO_NUMBER
        elif not oldest <= t[j] <= until + sensors[s, PERIOD]:
            code = WRONG_TIME
        else:
            m = 0
            for k in range(4):
                if not math.isnan(z[j, k]):
                    rows[m] = k
                    m += 1
                    angle = (k == 1 or k == 2) and sensors[s, CARTESIAN] == 0.0
                    if not abs(z[j, k]) <= (_ANGLE_MAX if angle else _LENGTH_MAX):
                        code = NO_NUMBER
            if m == 0 or (z[j, 0] <= 0.0 and sensors[s, CARTESIAN] == 0.0):
                code = NO_NUMBER
            for a in range(m):
                for b in range(a + 1):
                    rest = cov[j, rows[a], rows[b]]
                    odd = cov[j, rows[b], rows[a]] - rest
                    alike = abs(odd) <= 1e-6 * math.sqrt(cov[j, rows[a], rows[a]] * cov[j, rows[b], rows[b]])
                    if not (abs(rest) <= _VARIANCE_MAX and alike) and code == FINE:
                        code = NO_COVARIANCE
                    for c in range(b):
                        rest -= chol[a, c] * chol[b, c]
                    if a == b:
                        if not rest > _VARIANCE_MIN:
                            if code == FINE:
                                code = NO_COVARIANCE
                            rest = 1.0
                        chol[a, a] = math.sqrt(rest)
                    else:
                        chol[a, b] = rest / chol[b, b]
        why[j] = code
        if code != FINE:
            bad += 1
    return bad


@njit(cache=True, error_model="numpy")
def picture(
    at: float, models: FloatArray, flat: bool, rows: IntArray, t: FloatArray, marks: IntArray, slots: IntArray,
    n_models: IntArray, w: FloatArray, mu: FloatArray, x: FloatArray, p: FloatArray, whole: bool,
    out_t: FloatArray, out_x: FloatArray, out_p: FloatArray,
) -> None:  # fmt: skip
    """One mean (n, 6) and covariance (n, 6, 6) a track, of its heaviest hypothesis, or of all if ``whole``.

    At the track's own time, or moved to ``at`` where that is a number.
    """
    nx = x.shape[2]
    mean, scatter, xs, ps = np.empty(6), np.empty((6, 6)), np.empty(nx), np.empty((nx, nx))
    moving = not math.isnan(at)
    for a in range(len(rows)):
        i = rows[a]
        out_t[a] = at if moving else t[i]
        mean[:] = 0.0
        scatter[:, :] = 0.0
        weight = 0.0
        n_h = marks[i, N_HYPOTHESES] if whole else 1
        base = x[slots[i, 0], 0]
        for c in range(n_h):
            g = slots[i, c]
            for k in range(n_models[g]):
                share = w[g] * mu[g, k]
                if share < 1e-9:
                    continue
                weight += share
                if moving and at != t[i]:
                    for d in range(nx):
                        xs[d] = x[g, k, d]
                        for e in range(nx):
                            ps[d, e] = p[g, k, d, e]
                    move(models[k if n_models[g] > 1 else len(models) - 1], at - t[i], flat, xs, ps)
                    _gather(share, xs, ps, base, mean, scatter)
                else:
                    _gather(share, x[g, k], p[g, k], base, mean, scatter)
        for d in range(6):
            mean[d] /= weight
            out_x[a, d] = base[d] + mean[d]
        for d in range(6):
            for e in range(6):
                out_p[a, d, e] = scatter[d, e] / weight - mean[d] * mean[e]


@njit(cache=True, error_model="numpy")
def _gather(
    share: float, x: FloatArray, p: FloatArray, base: FloatArray, mean: FloatArray, scatter: FloatArray
) -> None:
    for d in range(6):
        off = x[d] - base[d]
        mean[d] += share * off
        for e in range(6):
            scatter[d, e] += share * (p[d, e] + off * (x[e] - base[e]))


@njit(cache=True, error_model="numpy")
def sharpen(
    start_of: IntArray, column: IntArray, psi: FloatArray, status: IntArray, n_plots: int, beta: float, sweeps: int,
    p_edge: FloatArray,
) -> None:  # fmt: skip
    """Prefer the better of exchanges between tracks: edges as ``psi ** beta``, sums per track and plot unchanged."""
    n = len(start_of) - 1
    rows, columns, got = np.zeros(n), np.zeros(n_plots), np.empty(n_plots)
    some = False
    for i in range(n):
        if status[i] == 0:
            continue
        high = 0.0
        for e in range(start_of[i], start_of[i + 1]):
            rows[i] += p_edge[e]
            columns[column[e]] += p_edge[e]
            high = max(high, psi[e])
        for e in range(start_of[i], start_of[i + 1]):
            some = True
            p_edge[e] *= (max(psi[e], 1e-300) / high) ** (beta - 1.0) + 1e-9
    if not some:
        return
    for _ in range(sweeps):
        for j in range(n_plots):
            got[j] = 0.0
        for i in range(n):
            if status[i] == 0:
                continue
            total = 0.0
            for e in range(start_of[i], start_of[i + 1]):
                total += p_edge[e]
            if total > 0.0:
                for e in range(start_of[i], start_of[i + 1]):
                    p_edge[e] *= rows[i] / total
                    got[column[e]] += p_edge[e]
        for i in range(n):
            if status[i] == 0:
                continue
            for e in range(start_of[i], start_of[i + 1]):
                j = column[e]
                if got[j] > 0.0:
                    p_edge[e] *= columns[j] / got[j]
    for i in range(n):
        if status[i] == 0:
            continue
        total = 0.0
        for e in range(start_of[i], start_of[i + 1]):
            total += p_edge[e]
        if total > 0.0:
            for e in range(start_of[i], start_of[i + 1]):
                p_edge[e] *= rows[i] / total
