"""Kind ``gnn``: extended Kalman filter, gated global nearest neighbour, M-of-N start, drop by missed looks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, Self

import numpy as np
from pydantic import Field, PositiveFloat, model_validator

from watchfloor.base.config import Config
from watchfloor.base.picture import Looks, Plots, Status, Tasks, Tracks
from watchfloor.base.units import FloatArray, IntArray
from watchfloor.physics.environment import Environment
from watchfloor.physics.frames import Place, ecef_to_polar
from watchfloor.physics.radar import Radar
from watchfloor.track._kernels import gnn as k
from watchfloor.track.base import trackers
from watchfloor.track.gate import gate_limits
from watchfloor.track.looks import NoiseHeard, coded, dwell_of, label_of, source_of

_EXACT_MAX, _SWEEPS = 100_000, 500
_LOOK_ROWS = 256
_TRACK_ROWS = 64
_NO_PLOTS = Plots.empty()
_UNKNOWN_SENSOR = (500e3, 2.0 * math.pi, 0.5 * math.pi, 2000.0)
"""Extent of range, azimuth, elevation and range rate in which a sensor without a radar reports. [m, rad, rad, m/s]"""


class GnnTrackerConfig(Config):
    """Global nearest neighbour over extended Kalman filters; the classical tracker of a surveillance radar.

    Sources: Blackman & Popoli, *Design and Analysis of Modern Tracking Systems*, Artech House, 1999, ch. 6 (track
    score, M-of-N, deletion) and section 6.4 (assignment); Bar-Shalom, Li & Kirubarajan, *Estimation with Applications
    to Tracking and Navigation*, Wiley, 2001, ch. 6 and 10 (models, extended filter).
    """

    kind: Literal["gnn"] = "gnn"
    """Global nearest neighbour."""
    manoeuvre_mps2: PositiveFloat = 3.0
    """1-sigma horizontal acceleration that targets are expected to pull. [m/s2]"""
    climb_manoeuvre_mps2: PositiveFloat = 1.0
    """1-sigma vertical acceleration. [m/s2]"""
    manoeuvre_time_s: PositiveFloat = Field(default=10.0, le=600.0)
    """How long a manoeuvre lasts; white-noise intensity is twice its square times this (Singer, 1970). [s]"""
    speed_sd_mps: PositiveFloat = 200.0
    """1-sigma of each horizontal component of an unseen target's velocity. [m/s]"""
    climb_sd_mps: PositiveFloat = 25.0
    """1-sigma of an unseen target's climb, and the most a track may doubt its own. [m/s]"""
    altitude_m: float = Field(default=8000.0, ge=-500.0, le=30_000.0)
    """Expected height above the ellipsoid where no sensor measures elevation. [m]"""
    altitude_sd_m: PositiveFloat = 4000.0
    """1-sigma of that height, and the most a track may doubt its own. [m]"""
    gate_probability: float = Field(default=0.999, gt=0.5, lt=1.0)
    """Chance that a track's own plot lies inside its gate. [1]"""
    births_per_scan: PositiveFloat = 1.0
    """New targets that one scan of one sensor is expected to show. [1]"""
    confirm_hits: int = Field(default=3, ge=1, le=30)
    """Hits that confirm a track ..."""
    confirm_looks: int = Field(default=5, ge=1, le=30)
    """... within so many looks of the sensors that have seen it; a track that cannot reach it any more is dropped."""
    pd: float = Field(default=0.8, gt=0.0, lt=1.0)
    """Probability of detection a look where no task expects another. [1]"""
    drop_nats: PositiveFloat = 8.0
    """A confirmed track is dropped when its misses in a row add up to this; one miss counts -ln(1 - pd). [nats]"""
    coast_s: PositiveFloat = 90.0
    """Any track is dropped so long after its last plot. [s]"""

    @model_validator(mode="after")
    def _hits_fit_looks(self) -> Self:
        if self.confirm_hits > self.confirm_looks:
            raise ValueError(
                f"confirm_hits is at most confirm_looks, got {self.confirm_hits} hits of {self.confirm_looks} looks"
            )
        return self


def sensor_table(
    places: Sequence[Place],
    radars: Sequence[Radar | None],
    periods_s: Sequence[float],
    phases_rad: Sequence[float],
    offsets_s: Sequence[float],
) -> FloatArray:
    """Return what the kernels need of each sensor; (sensors, columns), columns named in ``_kernels``."""
    table = np.zeros((len(places), k.N_SENSOR_COLUMNS))
    for row, place, radar, period_s, phase_rad, offset_s in zip(
        table, places, radars, periods_s, phases_rad, offsets_s, strict=True
    ):
        if not (math.isfinite(period_s) and period_s > 0.0):
            raise ValueError(f"a sensor's period_s must be above 0 and finite, got {period_s!r}")
        row[k.ECEF : k.ECEF + 3] = place.ecef_m
        row[k.ROT : k.ROT + 9] = place.rotation.ravel()
        row[k.PERIOD] = period_s
        row[k.ROTATES] = math.isfinite(phase_rad)
        # a turn begins when the beam passes north, so that its plots come in the order of azimuth
        row[k.OFFSET] = offset_s if math.isnan(phase_rad) else -phase_rad / (2.0 * math.pi) * period_s
        row[k.RANGE_MAX], row[k.ELEVATION_MIN], row[k.ELEVATION_MAX] = math.inf, -math.inf, math.inf
        row[k.CELL : k.CELL + 4] = row[k.EXTENT : k.EXTENT + 4] = _UNKNOWN_SENSOR
        if radar is not None:
            row[k.PRIMARY] = 1.0
            row[k.RANGE_MIN], row[k.RANGE_MAX], row[k.PFA] = radar.range_min_m, radar.range_max_m, radar.pfa
            row[k.ELEVATION_MIN], row[k.ELEVATION_MAX] = radar.elevation_min_rad, radar.elevation_max_rad
            doppler_mps = 2.0 * radar.range_rate_max_mps
            height_rad = radar.elevation_max_rad - radar.elevation_min_rad
            beams = (radar.beamwidth_azimuth_rad, radar.beamwidth_elevation_rad)
            row[k.CELL : k.CELL + 4] = radar.range_cell_m, *beams, doppler_mps
            row[k.EXTENT : k.EXTENT + 4] = radar.range_max_m - radar.range_min_m, 2.0 * math.pi, height_rad, doppler_mps
    return table


def settings(config: GnnTrackerConfig) -> FloatArray:
    """Return the configuration as the kernels read it, in SI units."""
    out = np.zeros(k.N_SETTINGS)
    out[k.Q_H] = 2.0 * config.manoeuvre_mps2**2 * config.manoeuvre_time_s
    out[k.Q_V] = 2.0 * config.climb_manoeuvre_mps2**2 * config.manoeuvre_time_s
    out[k.ALTITUDE], out[k.ALTITUDE_SD] = config.altitude_m, config.altitude_sd_m
    out[k.CLIMB_SD], out[k.SPEED_SD] = config.climb_sd_mps, config.speed_sd_mps
    out[k.PD], out[k.DROP_NATS], out[k.COAST] = config.pd, config.drop_nats, config.coast_s
    out[k.BIRTHS] = config.births_per_scan
    out[k.GATE : k.JOINT] = gate_limits(config.gate_probability)
    return out


@trackers.register("gnn", GnnTrackerConfig)
class GnnTracker:
    """One picture from several sensors.

    A turn of a sensor (from north to north) is played when it is complete, turns in the order of their ends; plots of a
    turn still under way wait for the next step. Each track is moved to the time the beam passes it, gated, assigned at
    the least total cost (negative log-likelihood ratio of "this track" to "false or new"), and updated at the plot's
    own time. A plot older than its track's state (turns of two sensors overlap) updates the present state.

    A sensor that has never seen a track does not count against it; a miss counts by the detection probability that the
    tasks expect, so expected misses hardly count, and a hit clears them.

    Parameters
    ----------
    config : GnnTrackerConfig
        Settings.
    places : sequence of Place
        Where each sensor stands; rows as in ``Plots.sensor``.
    radars : sequence of Radar or None
        Each sensor's own data; None for a secondary sensor, which sends no false plots and gives no looks.
    periods_s : sequence of float
        Time of one turn. [s]
    phases_rad : sequence of float
        Azimuth of the beam at time 0, NaN where the beam's direction is unknown: then plots are taken in frames one
        period long. [rad]
    active : sequence of bool, optional
        Sensors that are switched on; all when left out. The others miss nothing.
    offsets_s : sequence of float, optional
        Start of a frame where the phase is NaN; 0 when left out. [s]
    environments : sequence of Environment, optional
        What surrounds each sensor; not used.
    joint : bool
        Whether tracks share plots by probability instead of one plot each; see ``JpdaTracker``.

    Raises
    ------
    ValueError
        If the sequences differ in length or a period is not above 0.
    """

    def __init__(
        self,
        config: GnnTrackerConfig,
        *,
        places: Sequence[Place],
        radars: Sequence[Radar | None],
        periods_s: Sequence[float],
        phases_rad: Sequence[float],
        active: Sequence[bool] | None = None,
        offsets_s: Sequence[float] | None = None,
        environments: Sequence[Environment] | None = None,
        joint: bool = False,
    ) -> None:
        n = len(places)
        self._sensors = sensor_table(
            places, radars, periods_s, phases_rad, [0.0] * n if offsets_s is None else offsets_s
        )
        self._settings = settings(config)
        self._settings[k.JOINT] = joint
        self._rules = np.array([config.confirm_hits, config.confirm_looks, _EXACT_MAX, _SWEEPS])
        self._next_scan = np.full(n, k.UNSET)
        if active is not None:
            self._next_scan[~np.asarray(active, bool)] = k.OFF
        self._counts = np.zeros(3, np.int64)
        self._counts[1] = 1
        self._x, self._p, self._t = np.empty((_TRACK_ROWS, 6)), np.empty((_TRACK_ROWS, 6, 6)), np.empty(_TRACK_ROWS)
        self._marks = np.zeros((_TRACK_ROWS, k.N_MARKS), np.int64)
        self._doubt, self._updated = np.zeros(_TRACK_ROWS), np.empty((_TRACK_ROWS, n))
        self._places, self._heard = tuple(places), NoiseHeard(radars, periods_s, phases_rad)
        self._waiting = _NO_PLOTS
        self._tasks_before = Tasks.empty()
        self._until_s = -math.inf
        self._n_rejected = 0

    @property
    def n_rejected(self) -> int:
        """Plots refused so far.

        No such sensor, or one that is off; nothing measured; a value or variance that is no number; a time far from
        its tick (a turn ahead, or 10,000 turns back).
        """
        return self._n_rejected

    def step(self, plots: Plots, tasks: Tasks, *, until_s: float) -> tuple[Tracks, Looks]:
        """Take the plots of one tick; see ``Tracker.step``.

        Raises
        ------
        ValueError
            If ``until_s`` goes back in time.
        """
        if not until_s >= self._until_s:
            raise ValueError(f"time goes forward: until_s {until_s!r} comes after {self._until_s!r}")
        plots = self._without_strobes(plots, until_s)
        if len(self._waiting):
            plots = Plots.concat([self._waiting, plots])
        # one layout, one compiled kernel
        t_s, sensor = np.ascontiguousarray(plots.t_s, np.float64), np.ascontiguousarray(plots.sensor, np.int64)
        z, cov = np.ascontiguousarray(plots.measurement, np.float64), np.ascontiguousarray(plots.cov, np.float64)
        snr_db, pfa = np.ascontiguousarray(plots.snr_db, np.float64), np.ascontiguousarray(plots.pfa, np.float64)
        scan_sensor, scan_t, bounds, order, wait, bad = k.schedule(
            t_s, sensor, z, cov, self._sensors, self._next_scan, float(until_s)
        )
        self._n_rejected += bad
        address, label = np.ascontiguousarray(plots.address, np.int64), coded(plots.label, plots.label_source)
        old = self._tasks_before
        self._counts[2] = 0
        written: list[tuple[np.ndarray, np.ndarray]] = []
        look_i, look_f = np.empty((_LOOK_ROWS, 3), np.int64), np.empty((_LOOK_ROWS, 9))
        scan = 0
        while True:
            scan = k.play(
                scan, scan_sensor, scan_t, bounds, order,
                t_s, z, cov, snr_db, pfa, address, label,
                self._sensors, self._settings, self._rules,
                old.track, old.sensor, old.pd, old.pfa, tasks.track, tasks.sensor, tasks.pd, tasks.pfa, self._until_s,
                self._x, self._p, self._t, self._marks, self._doubt, self._updated,
                self._counts, look_i, look_f,
            )  # fmt: skip
            n_looks = int(self._counts[2])
            if scan == len(scan_sensor):
                break
            # the next scan may not fit: make room for its tracks and looks
            n = int(self._counts[0])
            self._reserve(n + int(bounds[scan + 1] - bounds[scan]))
            if n_looks + n > len(look_i):
                written.append((look_i[:n_looks], look_f[:n_looks]))
                rows = max(2 * len(look_i), n)
                look_i, look_f = np.empty((rows, 3), np.int64), np.empty((rows, 9))
                self._counts[2] = 0
        written.append((look_i[:n_looks], look_f[:n_looks]))
        if len(written) > 1:
            look_i, look_f = (np.concatenate(part) for part in zip(*written, strict=True))
        else:
            look_i, look_f = written[0]
        looks = self._looks(look_i, look_f, plots, tasks, self._until_s)
        self._waiting = plots.take(wait) if len(wait) else _NO_PLOTS
        self._tasks_before, self._until_s = tasks, until_s
        return self._picture(), looks

    def _without_strobes(self, plots: Plots, until_s: float) -> Plots:
        """Leave out what radars declare without a range: the direction of a jammer is no echo of a track."""
        strobe = np.isnan(plots.measurement[:, 0]) & np.isfinite(plots.measurement[:, 1])
        if not strobe.any():
            self._heard.hear(_NO_PLOTS, until_s=until_s)
            return plots
        known = (plots.sensor >= 0) & (plots.sensor < len(self._sensors))
        strobe &= known & (self._sensors[np.where(known, plots.sensor, 0), k.PRIMARY] > 0.0)
        self._heard.hear(plots.take(strobe), until_s=until_s)
        return plots.take(~strobe)

    def _looks(self, look_i: IntArray, look_f: FloatArray, plots: Plots, tasks: Tasks, before_s: float) -> Looks:
        """Looks as the kernel wrote them, with what the plots, strobes and tasks say; none where no dwell was made."""
        t_s, sensor, track, used = look_f[:, 0], look_i[:, 0], look_i[:, 1], look_i[:, 2]
        hit = used >= 0
        dwell = np.ones(len(t_s))
        if len(tasks) or len(self._tasks_before):
            dwell = np.where(
                t_s < before_s, dwell_of(track, sensor, self._tasks_before), dwell_of(track, sensor, tasks)
            )
        made = np.flatnonzero(hit | (dwell > 0.0))
        if len(made) < len(t_s):
            look_f, dwell, hit = look_f[made], dwell[made], hit[made]
            t_s, sensor, track, used = t_s[made], sensor[made], track[made], used[made]
        noise, modulation = np.zeros(len(t_s)), np.full(len(t_s), math.nan)
        if len(self._heard.t_s):
            for s in np.unique(sensor).tolist():
                mine = np.flatnonzero(sensor == s)
                azimuth = ecef_to_polar(look_f[mine, 1:4], self._places[s])[1]
                noise[mine] = self._heard.at(sensor[mine], t_s[mine], azimuth)
        dwell_db = 10.0 * np.log10(np.maximum(dwell, 1e-6))
        used = used[hit]
        noise[hit], modulation[hit], dwell_db[hit] = (
            plots.noise_db[used],
            plots.modulation_hz[used],
            plots.dwell_db[used],
        )
        return Looks(
            t_s=t_s.copy(),
            sensor=sensor.copy(),
            track=track.copy(),
            position_ecef_m=look_f[:, 1:4].copy(),
            velocity_ecef_mps=look_f[:, 4:7].copy(),
            snr_db=look_f[:, 7].copy(),
            pfa=look_f[:, 8].copy(),
            noise_db=noise,
            dwell_db=dwell_db,
            modulation_hz=modulation,
        )

    def _picture(self) -> Tracks:
        """Return the tracks, and forget those that ended."""
        marks, x, cov, updated_s = k.picture(
            self._x, self._p, self._t, self._marks, self._doubt, self._updated, self._counts
        )
        return Tracks(
            number=marks[k.NUMBER],
            t_s=x[:, 0].copy(),
            position_ecef_m=x[:, 1:4].copy(),
            velocity_ecef_mps=x[:, 4:7].copy(),
            cov=cov,
            status=marks[k.STATUS],
            existence=np.full(len(x), math.nan),
            n_hits=marks[k.HITS],
            updated_s=updated_s,
            address=marks[k.ADDRESS],
            label=label_of(marks[k.LABEL]),
            label_source=source_of(marks[k.LABEL]),
        )

    def _reserve(self, n: int) -> None:
        """Make room for n tracks."""
        have = len(self._t)
        if n <= have:
            return
        more = max(n, 2 * have) - have
        for name in ("_x", "_p", "_t", "_marks", "_doubt", "_updated"):
            old = getattr(self, name)
            setattr(self, name, np.concatenate([old, np.zeros((more, *old.shape[1:]), old.dtype)]))


assert (k.TENTATIVE, k.CONFIRMED, k.DROPPED) == (Status.TENTATIVE, Status.CONFIRMED, Status.DROPPED)
