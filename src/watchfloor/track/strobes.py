"""Jammers by their direction: angle tracks of each radar, places where those of several radars cross.

One radar gives a direction and no more. Two give a place if there is one jammer; with n jammers there are n crossings
that are real and n (n - 1) that are ghosts. Which are which is reported as a probability, never guessed away: motion
tells after a while, a third radar at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from pydantic import Field, PositiveFloat

from watchfloor.base.columns import Columns
from watchfloor.base.config import Config
from watchfloor.base.picture import Plots, Status, Tracks
from watchfloor.base.units import BoolArray, FloatArray, IntArray
from watchfloor.physics.frames import Place
from watchfloor.track._kernels import gnn
from watchfloor.track._kernels import strobes as k
from watchfloor.track.gate import gate_limits

_STATE = ("_angles", "_marks", "_x", "_p", "_when", "_llr", "_member", "_state", "_number", "_share")
_HELD, _LOST = 0.1, 0.01
"""A crossing gets a number above the first probability, and loses it below the second."""


class Numbers:
    """Track numbers, each given once: share one among all that number tracks."""

    def __init__(self, first: int = 1) -> None:
        self._next = first

    @property
    def upcoming(self) -> int:
        """Number that the next one gets."""
        return self._next

    def __call__(self, n: int) -> IntArray:
        """Return the next n numbers."""
        out = np.arange(self._next, self._next + n)
        self._next += n
        return out


class StrobeConfig(Config):
    """Jammers followed by their direction, and located where directions of several radars cross.

    Sources: Blackman & Popoli, *Design and Analysis of Modern Tracking Systems*, Artech House, 1999 (angle-only and
    multiple-sensor tracking); Pattipati, Deb, Bar-Shalom & Washburn, "A new relaxation algorithm and passive sensor
    data association", *IEEE Trans. Autom. Control* 37 (2), 1992 (likelihood ratio of a set of directions, ghosts).
    """

    turn_rate_sd_deg_s: PositiveFloat = Field(default=0.3, le=30.0)
    """1-sigma of the angular rate of a new angle track. [deg/s]"""
    angle_manoeuvre_mrad_s2: PositiveFloat = 0.03
    """1-sigma angular acceleration of a jammer as one radar sees it. [mrad/s2]"""
    manoeuvre_mps2: PositiveFloat = 2.0
    """1-sigma horizontal acceleration of a located jammer. [m/s2]"""
    climb_manoeuvre_mps2: PositiveFloat = 0.5
    """1-sigma vertical acceleration. [m/s2]"""
    manoeuvre_time_s: PositiveFloat = Field(default=10.0, le=600.0)
    """How long one acceleration lasts (Singer, 1970). [s]"""
    speed_sd_mps: PositiveFloat = 200.0
    """1-sigma of each horizontal component of a jammer's velocity: crossings that race about are ghosts. [m/s]"""
    climb_sd_mps: PositiveFloat = 25.0
    """1-sigma of climb. [m/s]"""
    altitude_m: float = Field(default=9000.0, ge=-500.0, le=30_000.0)
    """Expected height above the ellipsoid. [m]"""
    altitude_sd_m: PositiveFloat = 3000.0
    """1-sigma of that height. [m]"""
    range_max_km: PositiveFloat = 500.0
    """Farthest jammer. [km]"""
    least_crossing_deg: float = Field(default=3.0, gt=0.0, lt=90.0)
    """Least angle at which two directions locate anything. [deg]"""
    gate_probability: float = Field(default=0.999, gt=0.5, lt=1.0)
    """Chance that a jammer's own strobe lies inside its gate. [1]"""
    births_per_turn: PositiveFloat = 0.1
    """New or false strobes that one turn of one radar is expected to show. [1]"""
    jammers: PositiveFloat = 3.0
    """Jammers expected in reach. [1]"""
    pd: float = Field(default=0.9, gt=0.0, lt=1.0)
    """Chance that a radar hears a jammer that another one hears. [1]"""
    confirm_hits: int = Field(default=3, ge=1, le=30)
    """Strobes that confirm an angle track ..."""
    confirm_turns: int = Field(default=5, ge=1, le=30)
    """... within so many turns of its radar."""
    coast_s: PositiveFloat = 40.0
    """A confirmed angle track is dropped so long after its last strobe, though not within a turn and a half. [s]"""
    sure: float = Field(default=0.95, gt=0.5, lt=1.0)
    """Probability from which a crossing is taken for a jammer; below, it is ambiguous. [1]"""
    most_ways: int = Field(default=5_000, ge=1)
    """Ways to pair angle tracks that are listed one by one; a larger puzzle is solved by belief propagation."""
    most_crossings: int = Field(default=512, ge=1, le=100_000)
    """Crossings kept at a time; the rest are counted in ``n_left_out``."""


@dataclass(frozen=True, kw_only=True, eq=False)
class AngleTracks(Columns):
    """Directions of jammers as single radars follow them; one row a radar and jammer, sorted by number."""

    number: IntArray
    """(n,) number, from the same counter as tracks', never reused."""
    sensor: IntArray
    """(n,) row of the sensor."""
    t_s: FloatArray
    """(n,) time of the estimate (its last strobe). [s]"""
    angle_rad: FloatArray
    """(n, 2) azimuth, elevation; NaN where not measured. [rad]"""
    rate_radps: FloatArray
    """(n, 2) their rates. [rad/s]"""
    cov: FloatArray
    """(n, 2, 2, 2) covariances of each angle and its rate: azimuth's, then elevation's. [rad2, rad2/s, rad2/s2]"""
    status: IntArray
    """(n,) a ``Status``."""
    n_hits: IntArray
    """(n,) strobes used so far."""
    located: IntArray
    """(n,) number of the likeliest crossing that it is part of, -1 if it is rather none's: angle only."""
    p_located: FloatArray
    """(n,) probability that it is part of any crossing. [1]"""
    ambiguous: BoolArray
    """(n,) whether it is part of some crossing, and of which is not sure."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Located(Columns):
    """Places where directions cross; one row a crossing that may be a jammer, sorted by number."""

    number: IntArray
    """(n,) track number, from the common counter."""
    t_s: FloatArray
    """(n,) time of the estimate. [s]"""
    position_ecef_m: FloatArray
    """(n, 3) WGS-84 earth-centred position. [m]"""
    velocity_ecef_mps: FloatArray
    """(n, 3) velocity. [m/s]"""
    cov: FloatArray
    """(n, 6, 6) covariance of position and velocity, given that it is a jammer. [m2, m2/s, m2/s2]"""
    probability: FloatArray
    """(n,) that it is a jammer and no ghost. [1]"""
    status: IntArray
    """(n,) a ``Status``: tentative is ambiguous or a ghost."""
    member: IntArray
    """(n, sensors) number of the angle track of each sensor, -1 for none."""
    n_hits: IntArray
    """(n,) strobes of those angle tracks."""
    updated_s: FloatArray
    """(n, sensors) time of the last strobe of each sensor, -inf for never. [s]"""

    @classmethod
    def empty(cls, n_sensors: int = 0) -> Self:
        """Return a table without rows."""
        none = np.empty(0, np.int64)
        return cls(
            number=none,
            t_s=np.empty(0),
            position_ecef_m=np.empty((0, 3)),
            velocity_ecef_mps=np.empty((0, 3)),
            cov=np.empty((0, 6, 6)),
            probability=np.empty(0),
            status=none,
            member=np.empty((0, n_sensors), np.int64),
            n_hits=none,
            updated_s=np.empty((0, n_sensors)),
        )

    def as_tracks(self) -> Tracks:
        """Return the rows as tracks; the probability is their existence."""
        nobody = np.full(len(self), -1)
        return Tracks(
            number=self.number,
            t_s=self.t_s,
            position_ecef_m=self.position_ecef_m,
            velocity_ecef_mps=self.velocity_ecef_mps,
            cov=self.cov,
            status=self.status,
            existence=self.probability,
            n_hits=self.n_hits,
            updated_s=self.updated_s,
            address=nobody,
            label=nobody,
        )


def is_strobe(plots: Plots) -> BoolArray:
    """(n,) whether a plot is a direction without a range.

    Parameters
    ----------
    plots : Plots
        Any plots. A secondary radar's reply without a range is one too: pick sensors as well.
    """
    return np.isnan(plots.measurement[:, 0]) & np.isfinite(plots.measurement[:, 1])


class StrobeTracker:
    """Follow jammers by their direction, and locate them where several radars hear them.

    Parameters
    ----------
    config : StrobeConfig
        Settings.
    places : sequence of Place
        Where each sensor stands; rows as in ``Plots.sensor``.
    periods_s : sequence of float
        Time of one turn, above 0. [s]
    numbers : callable, optional
        Gives the next n track numbers; one of its own when left out.

    Raises
    ------
    ValueError
        If the sequences differ in length or a period is not above 0.

    Notes
    -----
    Each radar's strobes go to angle tracks (a Kalman filter of angle and rate, assigned at the least total cost, M of N
    to confirm). Each pair of confirmed angle tracks of two radars that meet gives a crossing by iterated least squares,
    each crossing a third track passes through gives one more, and so on; each is followed by an extended filter that
    takes the strobes of its members. Beside it runs the log-likelihood ratio of "one jammer" to "so many different
    ones": the strobes' densities as the crossing foretold them over those the angle tracks did, starting with the
    integral over all places (Pattipati et al., 1992, with the integral instead of the maximum). Probabilities are over
    all ways to explain each angle track exactly once; clusters are listed exactly up to ``most_ways``, larger ones
    solved by belief propagation. Near the line through two radars a crossing is no place: none is made below
    ``least_crossing_deg``, and just above it the linearised covariance is too small.

    References
    ----------
    Stansfield, "Statistical theory of D.F. fixing", *J. IEE* 94 (IIIA), 1947, pp. 762-770 (weighted fix and its
    ellipse); Pattipati et al., 1992, and Blackman & Popoli, 1999, as in `StrobeConfig`; Williams & Lau, "Approximate
    evaluation of marginal association probabilities with belief propagation", *IEEE Trans. Aerosp. Electron. Syst.* 50
    (4), 2014 (extended here to sets of more than two).
    """

    def __init__(
        self,
        config: StrobeConfig,
        *,
        places: Sequence[Place],
        periods_s: Sequence[float],
        numbers: Callable[[int], IntArray] | None = None,
    ) -> None:
        n = len(places)
        if len(periods_s) != n:
            raise ValueError(f"periods_s needs a row for each of the {n} places, got {len(periods_s)}")
        if any(not (math.isfinite(period_s) and period_s > 0.0) for period_s in periods_s):
            raise ValueError(f"periods_s must be above 0 and finite, got {list(periods_s)!r}")
        self._config, self._n, self._numbers = config, n, numbers or Numbers()
        self._sensors = _sensor_rows(places)
        self._periods_s = np.array(periods_s, np.float64)
        self._settings = _settings(config)
        rows = config.most_crossings
        self._angles, self._marks = np.full((16, k.N_ANGLE), np.nan), np.full((16, k.N_MARKS), -1)
        self._x, self._p, self._when = np.zeros((rows, 6)), np.zeros((rows, 6, 6)), np.zeros(rows)
        self._llr, self._member = np.zeros(rows), np.full((rows, n), -1)
        self._state, self._number, self._share = np.full(rows, k.FREE), np.full(rows, -1), np.zeros(rows)
        self._before = Located.empty(n)
        self._until_s = -math.inf
        self._quiet = True
        self._n_rejected = self._n_left_out = self._n_approximated = 0
        self._nothing = self._angle_tracks(), self._before

    @property
    def n_rejected(self) -> int:
        """Strobes refused so far.

        No such sensor, an angle or variance that is no number, a time half a turn outside the tick, a duplicate.

        Rows with a range are no strobes and are not counted.
        """
        return self._n_rejected

    @property
    def n_left_out(self) -> int:
        """Crossings for which there was no room, each step anew."""
        return self._n_left_out

    @property
    def n_approximated(self) -> int:
        """Clusters solved by belief propagation so far."""
        return self._n_approximated

    def step(self, plots: Plots, *, until_s: float) -> tuple[AngleTracks, Located]:
        """Take the strobes of one tick.

        Parameters
        ----------
        plots : Plots
            Strobes; rows with a range are passed over.
        until_s : float
            End of the tick. [s]

        Returns
        -------
        angle_tracks : AngleTracks
            Every live angle track, and once each that ended.
        located : Located
            Every crossing worth a number, and once each that ended.

        Raises
        ------
        ValueError
            If ``until_s`` goes back in time.
        """
        if not until_s >= self._until_s:
            raise ValueError(f"time goes forward: until_s {until_s!r} comes after {self._until_s!r}")
        before_s, self._until_s = self._until_s, until_s
        rows = np.flatnonzero(is_strobe(plots)) if len(plots) else np.empty(0, np.int64)
        if not len(rows) and self._quiet:
            return self._nothing
        t, sensor, z, cov, rows = self._usable(plots, rows, before_s)
        n = len(rows)
        if n:
            self._reserve(n)
            slot, alone = np.full(n, k.FREE), np.full(n, math.nan)
            k.follow(
                np.lexsort((t, sensor)), t, sensor, z, cov, self._periods_s, self._settings, self._angles, self._marks,
                slot, alone,
            )  # fmt: skip
            k.refine(
                np.argsort(t, kind="stable"), t, sensor, z, cov, slot, alone, self._sensors, self._settings,
                self._angles, self._x, self._p, self._when, self._llr, self._member, self._state,
            )  # fmt: skip
        k.age(until_s, self._periods_s, self._settings, self._angles, self._marks)
        states = self._marks[:, k.STATE]
        fresh = np.flatnonzero((states != k.FREE) & (self._marks[:, k.NUMBER] < 0))
        if len(fresh):
            self._marks[fresh, k.NUMBER] = self._numbers(len(fresh))
        had = np.unique(self._number[self._number >= 0])
        k.release(self._marks, self._llr, self._member, self._state, self._share, self._number)
        self._n_left_out += k.cross(
            self._angles, self._marks, self._sensors, self._settings, self._share, self._x, self._p, self._when,
            self._llr, self._member, self._state, self._number,
        )  # fmt: skip
        self._n_approximated += k.shares(
            self._llr, self._member, self._state, self._settings[k.PRIOR] - self._odds_unheard(), len(self._marks),
            self._config.most_ways, self._share,
        )  # fmt: skip
        ended = self._name(had)
        self._quiet = not (states != k.FREE).any()
        return self._angle_tracks(), self._located(ended)

    def save(self) -> dict[str, Any]:
        """Return the whole state as arrays, but for the counter of numbers; `restore` goes on from it bit for bit."""
        out: dict[str, Any] = {name[1:]: getattr(self, name).copy() for name in _STATE}
        counts = np.array([self._n_rejected, self._n_left_out, self._n_approximated, self._quiet], np.int64)
        out |= {f"before_{name}": column.copy() for name, column in self._before.items()}
        return out | {"until_s": self._until_s, "counts": counts}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `save` returned.

        Raises
        ------
        ValueError
            If it was saved with other sensors or another ``most_crossings``.
        """
        have, came = self._member.shape, np.shape(state["member"])
        if have != came:
            raise ValueError(f"this state is of another tracker of strobes: crossings {came}, wanted {have}")
        for name in _STATE:
            setattr(self, name, np.array(state[name[1:]]))
        self._before = Located(**{name: np.array(state[f"before_{name}"]) for name, _ in self._before.items()})
        self._until_s = float(state["until_s"])
        self._n_rejected, self._n_left_out, self._n_approximated, quiet = (int(v) for v in state["counts"])
        self._quiet = bool(quiet)

    def _usable(
        self, plots: Plots, rows: IntArray, before_s: float
    ) -> tuple[FloatArray, IntArray, FloatArray, FloatArray, IntArray]:
        t, sensor = np.asarray(plots.t_s, np.float64)[rows], np.asarray(plots.sensor, np.int64)[rows]
        z, cov = np.asarray(plots.measurement, np.float64)[rows], np.asarray(plots.cov, np.float64)[rows]
        good = (sensor >= 0) & (sensor < self._n) & (cov[:, 1, 1] > 0.0) & (cov[:, 1, 1] < 4.0)
        half_s = 0.5 * self._periods_s[np.where(good, sensor, 0)]  # times may be corrected ones
        good &= (t > before_s - half_s) & (t <= self._until_s + half_s)
        tilted = ~np.isnan(z[:, 2])
        good &= ~tilted | (np.isfinite(z[:, 2]) & (cov[:, 2, 2] > 0.0) & (cov[:, 2, 2] < 4.0))
        order = np.lexsort((z[:, 1], t, sensor))
        same = (np.diff(sensor[order]) == 0) & (np.diff(t[order]) == 0.0) & (np.diff(z[order, 1]) == 0.0)
        good[order[1:][same]] = False
        if not good.all():
            self._n_rejected += int(np.count_nonzero(~good))
            t, sensor, z, cov, rows = t[good], sensor[good], z[good], cov[good], rows[good]
        return t, sensor, z, cov, rows

    def _odds_unheard(self) -> float:
        """Log of the chance that none of the radars that hear any jammer hears one more."""
        sensor, state = self._marks[:, k.SENSOR], self._marks[:, k.STATE]
        hearing = len(np.unique(sensor[(state == k.TENTATIVE) | (state == k.CONFIRMED)]))
        return hearing * math.log1p(-self._config.pd)

    def _name(self, had: IntArray) -> IntArray:
        """Number the crossings that may be real, take numbers from those that are not; return those that ended."""
        alive = (self._state != k.FREE) & (self._state != k.DEAD)
        self._number[~alive] = -1
        named = np.flatnonzero(self._number >= 0)
        if len(named):
            numbers, which = np.unique(self._number[named], return_inverse=True)
            total = np.bincount(which, self._share[named])
            self._number[named[total[which] < _LOST]] = -1
        fresh = np.flatnonzero(alive & (self._number < 0) & (self._share >= _HELD))
        if len(fresh):
            self._number[fresh] = self._numbers(len(fresh))
        return np.setdiff1d(had, self._number)

    def _reserve(self, n: int) -> None:
        """Make room for n more angle tracks."""
        free = int(np.count_nonzero(self._marks[:, k.STATE] == k.FREE))
        if free < n:
            more = max(n - free, len(self._marks))
            self._angles = np.concatenate([self._angles, np.full((more, k.N_ANGLE), np.nan)])
            self._marks = np.concatenate([self._marks, np.full((more, k.N_MARKS), -1)])

    def _angle_tracks(self) -> AngleTracks:
        rows = np.flatnonzero(self._marks[:, k.STATE] != k.FREE)
        rows = rows[np.argsort(self._marks[rows, k.NUMBER])]
        marks, a, n = self._marks[rows], self._angles[rows], len(self._marks)
        # of each track: the sum over its crossings, and the likeliest one
        total, best, number = np.zeros(n + 1), np.zeros(n + 1), np.full(n + 1, -1)
        live = np.flatnonzero(self._share > 0.0)
        live = live[np.argsort(self._share[live], kind="stable")]
        for member in self._member[live].T:  # a turn a sensor; -1 goes to the spare row
            np.add.at(total, member, self._share[live])
            best[member], number[member] = self._share[live], self._number[live]
        total, best, number = total[rows], best[rows], number[rows]
        cov = np.empty((len(rows), 2, 2, 2))
        for at, (pp, pv, vv) in enumerate(((k.AZ_PP, k.AZ_PV, k.AZ_VV), (k.EL_PP, k.EL_PV, k.EL_VV))):
            cov[:, at, 0, 0], cov[:, at, 0, 1], cov[:, at, 1, 0], cov[:, at, 1, 1] = (
                a[:, pp], a[:, pv], a[:, pv], a[:, vv],
            )  # fmt: skip
        return AngleTracks(
            number=marks[:, k.NUMBER].copy(),
            sensor=marks[:, k.SENSOR].copy(),
            t_s=a[:, k.WHEN].copy(),
            angle_rad=a[:, [k.AZ, k.EL]],
            rate_radps=a[:, [k.AZ_RATE, k.EL_RATE]],
            cov=cov,
            status=marks[:, k.STATE].copy(),
            n_hits=marks[:, k.HITS].copy(),
            located=np.where(total >= 0.5, number, -1),
            p_located=np.minimum(total, 1.0),
            ambiguous=(total > _HELD) & (best < self._config.sure),
        )

    def _located(self, ended: IntArray) -> Located:
        named = np.flatnonzero(self._number >= 0)
        named = named[np.lexsort((self._share[named], self._number[named]))]
        number = self._number[named]
        last = np.append(number[1:] != number[:-1], True) if len(named) else np.empty(0, bool)
        total = np.add.reduceat(self._share[named], np.flatnonzero(np.append(True, last[:-1]))) if len(named) else []
        rows, number = named[last], number[last]
        slot = self._member[rows]
        there = slot >= 0
        probability = np.minimum(np.asarray(total, np.float64), 1.0)
        out = Located(
            number=number,
            t_s=self._when[rows],
            position_ecef_m=self._x[rows, :3],
            velocity_ecef_mps=self._x[rows, 3:],
            cov=self._p[rows],
            probability=probability,
            status=np.where(probability >= self._config.sure, int(Status.CONFIRMED), int(Status.TENTATIVE)),
            member=np.where(there, self._marks[slot, k.NUMBER], -1),
            n_hits=np.where(there, self._marks[slot, k.HITS], 0).sum(axis=1, dtype=np.int64),
            updated_s=np.where(there, self._angles[slot, k.WHEN], -math.inf),
        )
        before, self._before = self._before, out
        if len(ended):
            gone = before.take(np.flatnonzero(np.isin(before.number, ended)))
            out = Located.concat([out, replace(gone, status=np.full(len(gone), int(Status.DROPPED)))])
            out = out.take(np.argsort(out.number))
        return out


@dataclass(frozen=True, kw_only=True, eq=False)
class StrobePairs(Columns):
    """Strobes and the tracks whose direction they may be; one row a pair, by strobe, then track."""

    plot: IntArray
    """(n,) row of the strobe in the plots given."""
    track: IntArray
    """(n,) row of the track in the tracks given."""
    d2: FloatArray
    """(n,) squared normalised distance of the angles. [1]"""
    log_likelihood: FloatArray
    """(n,) log of the density of the angles as the track foretells them. [1/rad or 1/rad2]"""

    @classmethod
    def empty(cls) -> Self:
        """Return a table without rows."""
        none = np.empty(0, np.int64)
        return cls(plot=none, track=none, d2=np.empty(0), log_likelihood=np.empty(0))


def gated_tracks(
    plots: Plots,
    tracks: Tracks,
    places: Sequence[Place],
    *,
    probability: float = 0.999,
    manoeuvre_mps2: float = 3.0,
    manoeuvre_time_s: float = 10.0,
) -> StrobePairs:
    """Tracks that may be the jammer of each strobe.

    Parameters
    ----------
    plots : Plots
        Strobes; rows with a range are passed over.
    tracks : Tracks
        Tracks to try, moved to each strobe's time at constant velocity.
    places : sequence of Place
        Where each sensor stands.
    probability : float
        Chance that the right track is inside the gate, inside (0, 1). [1]
    manoeuvre_mps2, manoeuvre_time_s : float
        1-sigma acceleration, and how long one lasts, while a track is moved. [m/s2, s]

    Returns
    -------
    StrobePairs
        The pairs inside the gate. A strobe without a row fits no track; one with several does not tell which.

    Raises
    ------
    ValueError
        If ``probability`` is not inside (0, 1).

    Notes
    -----
    Normalised innovation of azimuth, and of elevation where measured, as in the association of plots (Blackman &
    Popoli, 1999, chapter 6). A track may take its strobe as a measurement of these angles alone.
    """
    limits = gate_limits(probability)
    rows = np.flatnonzero(is_strobe(plots) & np.isfinite(plots.t_s)) if len(plots) else np.empty(0, np.int64)
    if not len(rows) or not len(tracks):
        return StrobePairs.empty()
    x = np.concatenate([tracks.position_ecef_m, tracks.velocity_ecef_mps], axis=1)
    q = 2.0 * manoeuvre_mps2**2 * manoeuvre_time_s
    args = (
        plots.t_s[rows], plots.sensor[rows], plots.measurement[rows], plots.cov[rows],
        np.ascontiguousarray(tracks.t_s), x, np.ascontiguousarray(tracks.cov), _sensor_rows(places), q, q,
        float(limits[1]), float(limits[2]),
    )  # fmt: skip
    room = max(64, 4 * len(rows))
    while True:
        plot, track, d2, log = np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room), np.empty(room)
        n = k.gate_strobes(*args, plot, track, d2, log)
        if n <= room:
            return StrobePairs(plot=rows[plot[:n]], track=track[:n], d2=d2[:n], log_likelihood=log[:n])
        room = n


def _sensor_rows(places: Sequence[Place]) -> FloatArray:
    out = np.zeros((len(places), gnn.N_SENSOR_COLUMNS))
    for row, place in zip(out, places, strict=True):
        row[gnn.ECEF : gnn.ECEF + 3], row[gnn.ROT : gnn.ROT + 9] = place.ecef_m, place.rotation.ravel()
    return out


def _settings(config: StrobeConfig) -> FloatArray:
    """Return the configuration as the kernels read it, in SI units."""
    out = np.zeros(k.N_SETTINGS)
    out[k.Q_H] = 2.0 * config.manoeuvre_mps2**2 * config.manoeuvre_time_s
    out[k.Q_V] = 2.0 * config.climb_manoeuvre_mps2**2 * config.manoeuvre_time_s
    out[k.ALTITUDE], out[k.ALTITUDE_SD] = config.altitude_m, config.altitude_sd_m
    out[k.CLIMB_SD], out[k.SPEED_SD] = config.climb_sd_mps, config.speed_sd_mps
    out[k.Q_ANGLE] = 2.0 * (1e-3 * config.angle_manoeuvre_mrad_s2) ** 2 * config.manoeuvre_time_s
    out[k.RATE_SD] = math.radians(config.turn_rate_sd_deg_s)
    limits = gate_limits(config.gate_probability)
    out[k.GATE1], out[k.GATE2] = limits[1], limits[2]
    out[k.LOG_NEW] = math.log(config.births_per_turn / (2.0 * math.pi))
    out[k.ELEVATION_EXTENT] = math.radians(20.0)
    out[k.CONFIRM_HITS], out[k.CONFIRM_TURNS], out[k.COAST] = config.confirm_hits, config.confirm_turns, config.coast_s
    out[k.RANGE_MAX], out[k.SINE_LEAST] = 1e3 * config.range_max_km, math.sin(math.radians(config.least_crossing_deg))
    out[k.PRIOR] = -math.log(config.jammers)
    return out


def warm() -> None:
    """Compile or load every kernel of strobes."""
    place = Place(0.7, 0.5, 0.0)
    z, cov, nobody = np.full((1, 4), math.nan), np.full((1, 4, 4), math.nan), np.full(1, -1)
    z[0, 1], cov[0, 1, 1] = 0.1, 1e-5
    one = np.ones(1)
    plots = Plots(
        t_s=one, sensor=np.zeros(1, np.int64), measurement=z, cov=cov, snr_db=one, pfa=one, address=nobody, label=nobody
    )
    StrobeTracker(StrobeConfig(), places=[place, place], periods_s=[10.0, 10.0]).step(plots, until_s=2.0)
    there = Located(
        number=nobody + 2, t_s=one, position_ecef_m=place.ecef_m[None] * 1.01, velocity_ecef_mps=np.ones((1, 3)),
        cov=np.eye(6)[None], probability=one, status=nobody + 2, member=np.zeros((1, 2), np.int64), n_hits=nobody + 2,
        updated_s=np.zeros((1, 2)),
    )  # fmt: skip
    gated_tracks(plots, there.as_tracks(), [place])


assert (k.TENTATIVE, k.CONFIRMED, k.DROPPED) == (Status.TENTATIVE, Status.CONFIRMED, Status.DROPPED)
