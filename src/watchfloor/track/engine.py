"""The state of the Poisson multi-Bernoulli filter, and one batch of one sensor's plots after the other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from watchfloor.base.units import FloatArray, IntArray
from watchfloor.track._kernels import gnn, marginals, measure
from watchfloor.track._kernels import pmb as k
from watchfloor.track.amplitude import Power
from watchfloor.track.detection import DOUBT_DB, LEVEL_DBSM
from watchfloor.track.resolution import Resolution

_POOL = 64
_TRACK_COLUMNS = ("r", "t", "marks", "looked", "updated", "seen", "first", "level", "slots")
_HYPOTHESIS_COLUMNS = ("n_models", "w", "mu", "x", "p")
_NO_LAW = np.zeros((1, 1, 1))


@dataclass(frozen=True, kw_only=True)
class Station:
    """What the tracker knows of where and how one sensor looks.

    Raises
    ------
    ValueError
        If a shape does not fit, the period is not above 0, or a value is not finite.
    """

    origin_m: FloatArray
    """(3,) position in the tracker's frame. [m]"""
    axes: FloatArray
    """(3, 3) rows: the sensor's east, north and up in the tracker's frame. [1]"""
    period_s: float
    """Time of one turn, or of one frame. [s]"""
    phase_rad: float = math.nan
    """Azimuth of the beam at time 0; NaN where the beam does not turn. [rad]"""
    offset_s: float = 0.0
    """Start of a frame where the beam does not turn. [s]"""
    cartesian: bool = False
    """Measures x, y, z along its axes instead of range, azimuth, elevation, range rate."""
    area_m2: float = math.pi * 400e3**2
    """Ground that it surveys: unseen targets are spread evenly over it. [m2]"""
    range_rate_interval_mps: float = 0.0
    """Interval in which range rates repeat (twice the unambiguous one); 0 where they do not. [m/s]"""
    garbled: float = 0.0
    """Share of the elevations that are wrong, where they are heights that targets report. [1]"""

    def __post_init__(self) -> None:
        """Check shapes and domains."""
        if np.shape(self.origin_m) != (3,) or np.shape(self.axes) != (3, 3):
            raise ValueError(
                f"origin_m is (3,) and axes (3, 3), got {np.shape(self.origin_m)} and {np.shape(self.axes)}"
            )
        if not (math.isfinite(self.period_s) and self.period_s > 0.0):
            raise ValueError(f"a sensor's period_s must be above 0 and finite, got {self.period_s!r}")
        if not (math.isfinite(self.area_m2) and self.area_m2 > 0.0):
            raise ValueError(f"area_m2 must be above 0 and finite, got {self.area_m2!r}")
        if not (math.isfinite(self.range_rate_interval_mps) and self.range_rate_interval_mps >= 0.0):
            raise ValueError(f"range_rate_interval_mps is at least 0, got {self.range_rate_interval_mps!r}")
        if not 0.0 <= self.garbled < 1.0:
            raise ValueError(f"garbled is a share, 0 to below 1, got {self.garbled!r}")


def station_table(stations: Sequence[Station], *, flat: bool) -> FloatArray:
    """Return what the kernels need of each sensor; (sensors, columns), columns named in ``gnn`` and ``measure``."""
    table = np.zeros((len(stations), measure.N_COLUMNS))
    for row, s in zip(table, stations, strict=True):
        row[gnn.ECEF : gnn.ECEF + 3] = s.origin_m
        row[gnn.ROT : gnn.ROT + 9] = np.ravel(s.axes)
        row[gnn.PERIOD] = s.period_s
        row[gnn.ROTATES] = math.isfinite(s.phase_rad)
        # a turn begins when the beam passes north, so that its plots come in the order of azimuth
        row[gnn.OFFSET] = s.offset_s if math.isnan(s.phase_rad) else -s.phase_rad / (2.0 * math.pi) * s.period_s
        row[measure.CARTESIAN], row[measure.FLAT] = s.cartesian, flat
        row[measure.FOLD], row[measure.AREA] = s.range_rate_interval_mps, s.area_m2
        row[measure.GARBLED] = s.garbled
    return table


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Plots of one sensor in time order, and what is known of them."""

    t_s: FloatArray
    """(m,) times. [s]"""
    z: FloatArray
    """(m, 4) measurements, NaN where not measured."""
    cov: FloatArray
    """(m, 4, 4) their covariances."""
    snr_db: FloatArray
    """(m,) powers, NaN for none. [dB]"""
    pfa: FloatArray
    """(m,) thresholds. [1]"""
    address: IntArray
    """(m,) cooperative addresses, -1 for none."""
    label: IntArray
    """(m,) declared types, -1 for none."""
    seed: IntArray
    """(m,) a number of its own for each plot, never used twice."""


@dataclass(frozen=True, kw_only=True)
class Swept:
    """What a batch brought; n tracks that were passed, m plots."""

    rows: IntArray
    """(n,) rows of tracks."""
    sweep_s: FloatArray
    """(n,) time the beam passed, or will pass. [s]"""
    waits: Any
    """(n,) whether the track waits for plots that are not in yet."""
    pd: FloatArray
    """(n,) probability of detection taken. [1]"""
    chosen: IntArray
    """(n,) plot that is the track's with a probability over one half, -1 for none."""
    p_hit: FloatArray
    """(n,) probability that some plot was the track's, given that it exists. [1]"""
    p_best: FloatArray
    """(n,) probability of the ``chosen`` plot. [1]"""
    mean: FloatArray
    """(n, 4) expected plot of confirmed tracks."""
    cov: FloatArray
    """(n, 4, 4) its covariance, without the plot's own."""
    p_new: FloatArray
    """(m,) probability that a plot belongs to no track. [1]"""
    p_false: FloatArray
    """(m,) probability that a plot belongs to no target, known or new. [1]"""
    later: Any
    """(m,) whether a plot waits with a track."""
    n_gated: IntArray
    """(n,) plots inside the gate of each track."""
    n_capped: int
    """Tracks whose association did not converge."""


class Engine:
    """Tracks as arrays, and what one batch of plots makes of them.

    Parameters
    ----------
    stations : sequence of Station
        The sensors.
    flat : bool
        Whether the frame is flat (x east, y north, z up) instead of ECEF.
    models, sojourn_s, shares : (M + 1, 8), (M,), (M,) arrays
        Models of motion, mean time in each and share of each at the start; the last row of ``models`` is for tracks of
        one plot. [see ``motion``, s, 1]
    n_state : int
        Components of a state: 6, 9 or 10.
    settings : (N_SETTINGS,) array
        As named in ``_kernels.pmb``.
    hypotheses : int
        Hypotheses kept a track, at least 1.
    sharpness : float
        Exponent of ``_kernels.pmb.sharpen``; 1 leaves marginals as they are. [1]
    exact_max, sweeps_max, tolerance
        As ``exact_max``, ``cap``, ``tolerance`` of ``_kernels.marginals.marginals``.
    tracks_max : int
        No new tracks beyond so many.
    """

    def __init__(
        self,
        stations: Sequence[Station],
        *,
        flat: bool,
        models: FloatArray,
        sojourn_s: FloatArray,
        shares: FloatArray,
        n_state: int,
        settings: FloatArray,
        hypotheses: int,
        sharpness: float,
        exact_max: int,
        sweeps_max: int,
        tolerance: float,
        tracks_max: int,
    ) -> None:
        self.sensors = station_table(stations, flat=flat)
        self.flat, self.models, self.sojourn, self.shares = flat, models, sojourn_s, shares
        self.settings, self.sharpness, self.tracks_max = settings, sharpness, tracks_max
        self._solver = exact_max, sweeps_max, tolerance
        n, m, s = _POOL, len(models) - 1, len(stations)
        self.r, self.t, self.marks = np.zeros(n), np.zeros(n), np.zeros((n, k.N_MARKS), np.int64)
        self.looked, self.updated, self.first = np.zeros((n, s)), np.zeros((n, s)), np.zeros((n, 3))
        self.seen = np.ones((n, s))
        self.level, self.slots = np.zeros((n, 2)), np.zeros((n, hypotheses), np.int64)
        self.n_models, self.w, self.mu = np.zeros(n, np.int64), np.zeros(n), np.zeros((n, m))
        self.x, self.p = np.zeros((n, m, n_state)), np.zeros((n, m, n_state, n_state))
        self.free, self.spare = np.arange(n)[::-1].copy(), np.arange(n)[::-1].copy()
        self.counts = np.array([n, n])
        self.alive, self.n_alive = np.zeros(n, np.int64), 0
        self.sites = np.empty(0), np.empty((0, n_state)), np.empty((0, n_state, n_state))
        """Places of births: expected number unseen (c,), states (c, nx), covariances (c, nx, nx)."""
        self._edges = np.empty(256, np.int64), np.empty(256), np.empty(256, np.int64), np.empty(1024)
        self.n_no_room = 0
        """Plots that started no track because there were ``tracks_max``."""

    @property
    def rows(self) -> IntArray:
        """(n,) rows of the tracks that live, in the order of their first plots."""
        return self.alive[: self.n_alive]

    def passed(self, sensor: int, t0: float, t1: float, batch: Batch) -> tuple[IntArray, FloatArray, Any]:
        """Tracks that the beam passes in [t0, t1): rows, times, whether all their plots are in."""
        n = self.n_alive
        first = float(batch.t_s[0]) if len(batch.t_s) else 0.5 * (t0 + t1)
        rows, sweep, complete = np.empty(n, np.int64), np.empty(n), np.empty(n, np.bool_)
        n = k.due(
            self.sensors[sensor], sensor, t0, t1, first, self.rows, self.t, self.marks, self.looked, self.slots,
            self.w, self.mu, self.x, self.p, rows, sweep, complete,
        )  # fmt: skip
        return rows[:n], sweep[:n], complete[:n]

    def foresee(self, sensor: int, rows: IntArray, sweep_s: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Expected plots (n, 4) of tracks at their sweeps, and variances (n, 4)."""
        z, variance = np.empty((len(rows), 4)), np.empty((len(rows), 4))
        k.foresee(
            self.sensors[sensor], rows, sweep_s, self.t, self.slots, self.mu, self.x, self.p,
            float(self.models[-1, 1]), z, variance,
        )  # fmt: skip
        return z, variance

    def scan(
        self,
        sensor: int,
        batch: Batch,
        t0_s: float,
        t1_s: float,
        rows: IntArray,
        sweep_s: FloatArray,
        complete: Any,
        *,
        pd: FloatArray,
        birth_pd: float,
        clutter: FloatArray,
        site_t_s: float,
        power: Power | None = None,
        resolution: Resolution | None = None,
    ) -> Swept:
        """Play one batch.

        Parameters
        ----------
        sensor : int
            Row of the sensor.
        batch : Batch
            Its plots.
        t0_s, t1_s : float
            Start and end of the batch. [s]
        rows, sweep_s, complete
            As `passed` returned them.
        pd : (n,) array
            Probability of detection of each track that is passed. [1]
        birth_pd : float
            That of an unseen target. [1]
        clutter : (m,) array
            Density of false plots at each plot, above 0, per unit of what was measured.
        site_t_s : float
            Time that ``sites`` hold for. [s]
        power : Power, optional
            What the powers of plots are weighed by.
        resolution : Resolution, optional
            What the sensor tells apart: where tracks share a cell, one plot may be of two.
        """
        row, n, m = self.sensors[sensor], len(rows), len(batch.t_s)
        plot = np.arange(m)
        b = batch
        site_w, site_x, site_p = self.sites
        rho, best = np.empty(m), np.empty(m, np.int64)
        k.births(plot, b.z, b.cov, row, birth_pd, self.settings, site_w, site_x, site_p, rho, best)
        level, doubt, plot_db, n_pulses, p_other, law = pd, pd, b.snr_db, 1, 0.0, _NO_LAW
        if power is not None:
            level, doubt, plot_db, n_pulses, p_other, law, new = power
            rho *= new
        self.settings[k.POWER] = power is not None
        start_of = np.empty(n + 1, np.int64)
        mean, cov = np.zeros((n, 4)), np.zeros((n, 4, 4))
        while True:
            column, ell, part_of, part = self._edges
            need = k.look(
                row, self.settings, self.models, self.sojourn, rows, n, sweep_s, pd, plot, b.t_s, b.z, b.cov, b.address,
                plot_db, b.pfa, level, doubt, n_pulses, p_other, law,
                self.r, self.t, self.marks, self.slots, self.n_models, self.w, self.mu, self.x, self.p,
                start_of, column, ell, part_of, part, resolution is not None, mean, cov,
            )  # fmt: skip
            if need <= len(column):
                break
            size = 2 * need
            self._edges = np.empty(size, np.int64), np.empty(size), np.empty(size, np.int64), np.empty(4 * size)
        edges = int(start_of[n])
        column, ell = column[:edges], ell[:edges]
        r = self.r[rows]
        per_track = np.diff(start_of)
        psi = np.repeat(r * pd / (1.0 - r * pd), per_track) * ell / (clutter + rho)[column]
        status = np.zeros(n, np.int64)
        if resolution is not None and edges:
            both = resolution.associate(
                start_of, column, psi, z=b.z, cov=b.cov, density=clutter + rho, zhat=mean, hph=cov, pd=pd, existence=r
            )
            p_edge, p_miss, p_new, shared, status = both.p_edge, both.p_miss, both.p_new, both.shared, both.status
        else:
            p_edge, p_miss, p_new, shared = np.empty(edges), np.empty(n), np.empty(m), np.zeros(n)
            marginals.marginals(start_of, column, psi, m, *self._solver, p_edge, p_miss, p_new, status)
        if self.sharpness > 1.0 and edges:
            k.sharpen(start_of, column, psi, status, m, self.sharpness, 20, p_edge)
        waits, later = np.empty(n, np.bool_), np.empty(m, np.bool_)
        k.defer(n, t0_s, complete, start_of, column, b.t_s, waits, later)
        chosen, p_hit, p_best, done = np.empty(n, np.int64), np.empty(n), np.empty(n), 0
        self._room(m + _POOL, 0)
        while True:
            done = k.settle(
                row, sensor, self.settings, self.models, self.shares, rows, n, sweep_s, waits, pd, plot, b.t_s, b.z,
                b.cov, b.address, b.label, self.r, self.t, self.marks, self.looked, self.updated, self.slots,
                self.n_models, self.w, self.mu, self.x, self.p, self.free, self.counts, start_of, column, ell, part_of,
                part, p_edge, p_miss, shared, chosen, p_hit, p_best, done,
            )  # fmt: skip
            if done == n:
                break
            self._room(len(self.w), 0)
        self._start(sensor, b, later, p_new, clutter, rho, best, site_t_s)
        self.n_alive = k.judge(
            self.settings,
            self.alive,
            self.n_alive,
            self.r,
            self.marks,
            self.slots,
            self.p,
            self.free,
            self.spare,
            self.counts,
        )
        return Swept(
            rows=rows, sweep_s=sweep_s, waits=waits, pd=pd, chosen=chosen, p_hit=p_hit, p_best=p_best, mean=mean,
            cov=cov, p_new=p_new, p_false=p_new * clutter / (clutter + rho), later=later, n_gated=per_track,
            n_capped=int(np.count_nonzero(status == marginals.CAPPED)),
        )  # fmt: skip

    def _start(
        self, sensor: int, b: Batch, later: Any, p_new: FloatArray, clutter: FloatArray, rho: FloatArray,
        best: IntArray, site_t_s: float,
    ) -> None:  # fmt: skip
        """Start tracks from what belongs to none."""
        m, least = len(b.t_s), float(self.settings[k.BIRTH_MIN])
        room = self.tracks_max - self.n_alive
        if m > room:
            chance = np.where(later, 0.0, p_new * rho / (clutter + rho))
            wanted = int(np.count_nonzero(chance >= least))
            if wanted > room:  # the likeliest
                self.n_no_room += wanted - max(room, 0)
                self.settings[k.BIRTH_MIN] = math.inf if room <= 0 else np.partition(chance, m - room)[m - room]
                p_new = np.where(np.cumsum(chance >= self.settings[k.BIRTH_MIN]) <= room, p_new, 0.0)
        self._room(m, m)
        _, site_x, site_p = self.sites
        before = self.n_alive
        self.n_alive = k.born(
            self.sensors[sensor], sensor, self.settings, np.arange(m), b.t_s, b.z, b.cov, b.address, b.label, b.seed,
            later, p_new, clutter, rho, best, site_x, site_p, site_t_s, self.models[-1], self.alive, self.n_alive,
            self.r, self.t, self.marks, self.looked, self.updated, self.first, self.slots, self.n_models, self.w,
            self.mu, self.x, self.p, self.free, self.spare, self.counts,
        )  # fmt: skip
        new = self.alive[before : self.n_alive]
        self.level[new], self.seen[new] = (LEVEL_DBSM, DOUBT_DB), 1.0
        self.settings[k.BIRTH_MIN] = least

    def begin(self, sensor: int, batch: Batch, x: FloatArray, p: FloatArray, *, existence: float) -> None:
        """Start a track from each plot of a batch whose target is known from elsewhere.

        Parameters
        ----------
        sensor : int
            Row of the sensor.
        batch : Batch
            Its m plots; each updates its own state.
        x, p : (m, nx), (m, nx, nx) arrays
            States and covariances at the times of the plots, without them.
        existence : float
            Probability that each exists. [1]
        """
        m = len(batch.t_s)
        if self.n_alive + m > self.tracks_max:
            self.n_no_room += m
            return
        self._room(m, m)
        most, self.settings[k.BIRTH_MAX] = float(self.settings[k.BIRTH_MAX]), existence
        before = self.n_alive
        for i in range(m):  # each at its own time
            one = np.array([i])
            self.n_alive = k.born(
                self.sensors[sensor], sensor, self.settings, one, batch.t_s, batch.z, batch.cov, batch.address,
                batch.label, batch.seed, np.zeros(1, np.bool_), np.ones(1), np.zeros(1), np.ones(1), one, x, p,
                float(batch.t_s[i]), self.models[-1], self.alive, self.n_alive, self.r, self.t, self.marks, self.looked,
                self.updated, self.first, self.slots, self.n_models, self.w, self.mu, self.x, self.p, self.free,
                self.spare, self.counts,
            )  # fmt: skip
        self.settings[k.BIRTH_MAX] = most
        new = self.alive[before : self.n_alive]
        self.level[new], self.seen[new] = (LEVEL_DBSM, DOUBT_DB), 1.0
        if existence >= self.settings[k.CONFIRM]:
            self.marks[new, k.STATUS] = k.CONFIRMED

    def estimate(self, rows: IntArray, at_s: float = math.nan) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Times (n,), states (n, 6) and covariances (n, 6, 6) of tracks, at their own time or moved to ``at_s``."""
        n = len(rows)
        t, x, p = np.empty(n), np.empty((n, 6)), np.empty((n, 6, 6))
        k.picture(
            at_s, self.models, self.flat, rows, self.t, self.marks, self.slots, self.n_models, self.w, self.mu, self.x,
            self.p, True, t, x, p,
        )  # fmt: skip
        return t, x, p

    def save(self) -> dict[str, Any]:
        """Return everything that changes, as arrays and numbers."""
        names = (*_TRACK_COLUMNS, *_HYPOTHESIS_COLUMNS, "free", "spare", "counts", "alive")
        out: dict[str, Any] = {name: getattr(self, name).copy() for name in names}
        out["n_alive"], out["n_no_room"] = self.n_alive, self.n_no_room
        out["sites"] = tuple(part.copy() for part in self.sites)
        return out

    def restore(self, saved: dict[str, Any]) -> None:
        """Take back what `save` returned."""
        for name, value in saved.items():
            if isinstance(value, np.ndarray):
                setattr(self, name, value.copy())
        self.n_alive, self.n_no_room = saved["n_alive"], saved["n_no_room"]
        self.sites = tuple(part.copy() for part in saved["sites"])

    def _room(self, hypotheses: int, tracks: int) -> None:
        """Make room for so many more."""
        if self.counts[0] < hypotheses:
            self.free = self._grown(_HYPOTHESIS_COLUMNS, self.free, 0, hypotheses)
        if self.counts[1] < tracks:
            self.spare = self._grown(_TRACK_COLUMNS, self.spare, 1, tracks)
            self.alive = np.concatenate([self.alive, np.zeros(len(self.r) - len(self.alive), np.int64)])

    def _grown(self, names: Sequence[str], stack: IntArray, which: int, wanted: int) -> IntArray:
        have, unused = len(getattr(self, names[0])), int(self.counts[which])
        more = max(wanted - unused, have // 2)
        for name in names:
            old = getattr(self, name)
            new = np.zeros((have + more, *old.shape[1:]), old.dtype)
            new[:have] = old
            setattr(self, name, new)
        out = np.empty(have + more, np.int64)
        out[:more] = np.arange(have + more - 1, have - 1, -1)
        out[more : more + unused] = stack[:unused]
        self.counts[which] += more
        return out
