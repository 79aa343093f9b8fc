r"""Peacetime sorties at the level of looks: the same world, radars and learner, without plots and without a tracker.

A campaign whose ``fidelity`` is ``looks`` is played so. Each pass of a beam over a mover is a look, drawn by the
radar's own receiver with the numbers that it would draw in tracked play (`watchfloor.sensor.direct`); secondary radars
and observers are played as they are. Tracks come from a rule instead of a filter, and are as wrong as `TrackError`
says. From there on nothing differs: the same learner takes the looks, asks for gates, and books its ledger.

What makes it differ from tracked play
    A look goes to the mover that it came from: none goes astray, noise in a gate is never taken for an echo, and movers
    in one cell do not merge. Tracks begin with a mover's first plot and are kept by the rule; nobody else has one, so
    false tracks teach nothing. Errors of tracks do not depend on range, geometry or radar.

References
----------
Bar-Shalom, Li & Kirubarajan, *Estimation with Applications to Tracking and Navigation*, 2001, sec. 8.2 (exponentially
correlated errors).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from watchfloor.base.errors import UserError
from watchfloor.base.picture import Knowledge, Looks, Status, Tasks, Tracks
from watchfloor.base.streams import Streams
from watchfloor.base.truth import Effects, Truth
from watchfloor.base.units import FloatArray, IntArray
from watchfloor.learn.habits import Habits
from watchfloor.run import _kernels
from watchfloor.run.mission import Drawn, learner_of, rows_on, sensors_of, world_of
from watchfloor.scenario.model import CampaignConfig, Scenario
from watchfloor.sensor.direct import DirectLooks, Passes, passes_of
from watchfloor.sensor.motion import Motion
from watchfloor.sensor.rotating import RotatingRadar

_CROSS = 0.5
"""Correlation of a track's errors in position and velocity, along each axis: 0.4 to 0.7 reported. [1]"""
_TURNING_RADPS = np.deg2rad(0.3)
"""A mover whose course changes faster than this is turning. [rad/s]"""


@dataclass(frozen=True, kw_only=True)
class TrackError:
    """What is taken of the tracker, which is not played.

    The figures are those of the tracker of the shipped working group (kind ``pmb``, six sorties of three replicates,
    options open-100 and no-transponder), each look and track laid beside the mover nearest to it.
    """

    heading_deg: float = 0.55
    """Standard deviation of the heading in straight flight: 0.43 to 0.63 measured, 0.46 to 0.54 the least reported.
    The other two parts of a velocity are off by as much. [deg]"""
    doubt: float = 0.55
    """What a track reports of itself at the end of a tick is more than that by the exponential of so many times the
    magnitude of a normal number: median 0.54 to 1.1 degrees in straight flight, one in ten above 1.3 to 2.1. [1]"""
    correlation_s: float = 9.0
    """Time over which errors of one track are alike: autocorrelation 0.58 to 0.75 at 3 to 6 s, 0.1 to 0.4 at 10 to 15
    s. [s]"""
    start_deg: float = 12.0
    """Standard deviation of the heading when a track begins: 12 in its first ten seconds, 3.7 in the next. [deg]"""
    turn_deg: float = 7.5
    """The same in a turn, and at its end: 7.4 to 9.1 reported. [deg]"""
    settle_s: float = 10.0
    """Time in which either falls to 1/e: 7 degrees at the end of a turn were 2.9 after 8 s and 1.3 after 23 s. [s]"""
    lag_s: float = 4.0
    """Time by which a track's heading lags when a turn begins: 11 degrees of error 2.5 s and 7.5 s into a turn of 3.9
    degrees a second; less later on, where the learner leaves looks out. [s]"""
    position_m: float = 45.0
    """Standard deviation of the position along each axis: 22 to 80 reported. [m]"""
    n_confirm: int = 3
    """Plots that confirm a track..."""
    window_s: float = 40.0
    """... within this time. [s]"""
    patience_s: float = 40.0
    """Time without a plot after which it is lost. [s]"""

    def __post_init__(self) -> None:
        for name in ("heading_deg", "doubt", "start_deg", "turn_deg", "lag_s", "position_m"):
            if not 0.0 <= getattr(self, name) < np.inf:
                raise ValueError(f"{name} must be at least 0 and finite, got {getattr(self, name)!r}")
        for name in ("correlation_s", "settle_s", "window_s", "patience_s", "n_confirm"):
            if not 0.0 < getattr(self, name) < np.inf:
                raise ValueError(f"{name} must be above 0 and finite, got {getattr(self, name)!r}")


@dataclass(frozen=True, kw_only=True, eq=False)
class _Rows:
    """Passes of every primary radar at movers in sight; rows by time."""

    t_s: FloatArray
    mover: IntArray
    sensor: IntArray
    position: FloatArray
    velocity: FloatArray
    """(n, 3) as a track has it: behind in turns. [m/s]"""
    speed: FloatArray
    across: FloatArray
    """(n, 3) horizontal direction across the course. [1]"""
    turn2: FloatArray
    """(n,) variance of the heading that turns add. [rad2]"""
    before: IntArray
    keep: FloatArray
    """(n,) row of the pass before over the same mover, -1 for none, and the correlation of errors with it. [1]"""
    first: IntArray
    kept: list[IntArray]
    """Of each tick, which of the radars' passes, one radar after the other, are in sight."""


class Sorties:
    """A campaign's sorties, ready to be flown many times.

    Parameters
    ----------
    scenario : Scenario
        With ``campaign``.
    drawn : Drawn
        Numbers of the replicate. Signatures may change from sortie to sortie, the rest may not.
    track : TrackError, optional
        What is taken of the tracker.

    Raises
    ------
    UserError
        If the campaign has what is not played at this level: engagements, jammers, primary radars that do not turn,
        play in samples, second thresholds.
    """

    def __init__(self, scenario: Scenario, drawn: Drawn, *, track: TrackError | None = None) -> None:
        phase = scenario.campaign
        if phase is None:
            raise ValueError("scenario wants the heading campaign to have sorties")
        self._scenario, self._phase, self._drawn = scenario, phase, drawn
        self._track = TrackError() if track is None else track
        _check(scenario, phase)
        world = self._world = world_of(scenario, phase, drawn=drawn)
        n_ticks = int(np.ceil(phase.duration_s / phase.tick_s - 1e-9))
        self._until_s = [min((i + 1) * phase.tick_s, phase.duration_s) for i in range(n_ticks)]
        self._truths = [world.step(Effects.empty(), until_s=until_s) for until_s in self._until_s]
        self.names: tuple[str, ...] = world.names
        """Movers."""
        self.present_s: FloatArray = np.sum(
            [(truth.present[:, 1:] * np.diff(truth.t_s, axis=1)).sum(axis=1) for truth in self._truths], axis=0
        )
        """(movers,) time each is there in a sortie. [s]"""
        self._motion = Motion(_joined(self._truths))
        made = self._sensors(drawn, Streams(scenario.seed))
        self._passes = {
            row: passes_of(one, self._truths) for row, one in made.items() if isinstance(one, RotatingRadar)
        }
        self._n_sensors = len(scenario.sensors)
        self._turned_s, self._begin_s = self._turns()
        self._rows = self._laid(self._passes)
        self._of_mover = [np.flatnonzero(self._rows.mover == i) for i in range(len(self.names))]
        self._newest = np.full((n_ticks, len(self.names)), -1)
        for tick, end in enumerate(self._rows.first[1:].tolist()):
            for i, own in enumerate(self._of_mover):
                n = int(np.searchsorted(own, end))
                self._newest[tick, i] = own[n - 1] if n else -1
        self._learner: Any = None
        config = scenario.learner
        memory = getattr(config, "memory", None)
        ages = memory is not None and (
            memory.half_life_months is not None or memory.estimated or memory.alarms_per_year is not None
        )
        self._anew = ages or bool(getattr(getattr(config, "labels", None), "learned", False))

    def learner(self, knowledge: Callable[[], Knowledge], habits: Habits | None) -> Any:
        """Return the owner's learner at the beginning of a sortie.

        Parameters
        ----------
        knowledge : callable
            Says what the owner knows; asked only where a new learner is made.
        habits : Habits or None
            What it knows of how types fly.

        Returns
        -------
        learner
            That of the sortie before, its tracks forgotten, unless knowledge ages between sorties or it learns what
            labels are worth, which is kept for one sortie: then a new one.
        """
        if self._learner is None or self._anew or not hasattr(self._learner, "forget_tracks"):
            self._learner = learner_of(self._scenario, drawn=self._drawn, knowledge=knowledge(), habits=habits)
        else:
            self._learner.forget_tracks()
        return self._learner

    def fly(self, learner: Any, *, drawn: Drawn, streams: Streams) -> None:
        """Fly one sortie.

        Parameters
        ----------
        learner : learner
            Takes its looks, as it would those of `watchfloor.run.loop.play`.
        drawn : Drawn
            What is true now.
        streams : Streams
            Streams of the sortie.
        """
        made = self._sensors(drawn, streams)
        radars = {row: DirectLooks(made[row], passes) for row, passes in self._passes.items()}
        others = [self._heard(one) for row, one in made.items() if row not in radars]
        rows, held = self._rows, _Held(len(self.names), self._n_sensors, self._track)
        error = self._errors(streams)
        tasks = Tasks.empty()
        for tick, (truth, until_s) in enumerate(zip(self._truths, self._until_s, strict=True)):
            drawn_looks = [radar.draw(tick, tasks, truth) for radar in radars.values()]
            at = slice(int(rows.first[tick]), int(rows.first[tick + 1]))
            hit, snr_db, pfa, lines = (
                np.concatenate(column)[rows.kept[tick]] if drawn_looks else np.empty(0)
                for column in (zip(*drawn_looks, strict=True) if drawn_looks else [()] * 4)
            )
            said = [each[tick] for each in others]
            number, age_s, ended = held.step(rows.t_s[at], rows.mover[at], rows.sensor[at], hit, said, until_s=until_s)
            use = np.flatnonzero(number >= 0)
            here = use + rows.first[tick]
            more2, off = rows.turn2[here] + self._start2(age_s[use]), error[here]
            looks = Looks(
                t_s=rows.t_s[here],
                sensor=rows.sensor[here],
                track=number[use],
                position_ecef_m=rows.position[here] + self._track.position_m * off[:, :3],
                velocity_ecef_mps=rows.velocity[here]
                + rows.speed[here, None] * self._swayed(off[:, 3:], rows.across[here], more2),
                snr_db=snr_db[use],
                pfa=pfa[use],
                modulation_hz=lines[use],
            )
            tracks = self._tracks(held, ended, error, tick)
            identities, _ = learner.step(tracks, looks)
            if until_s < self._until_s[-1]:
                tasks = learner.task(tracks, identities, until_s=until_s)

    # ---- what does not change from sortie to sortie

    def _sensors(self, drawn: Drawn, streams: Streams) -> dict[int, Any]:
        return sensors_of(self._scenario, self._phase, drawn=drawn, streams=streams, world=self._world)

    def _turns(self) -> tuple[FloatArray, FloatArray]:
        """Time since each mover last turned, at every knot (m, k), inf before; and when each appears (m,). [s]"""
        motion, truth = self._motion, self._motion.truth
        knots, velocity = motion.knots_s, truth.velocity_ecef_mps
        n, k = truth.present.shape
        since = np.full((n, k), np.inf)
        if n == 0 or k < 2:
            return since, np.zeros(n)
        up = truth.position_ecef_m / np.linalg.norm(truth.position_ecef_m, axis=2, keepdims=True)
        level = velocity - up * np.einsum("mki,mki->mk", up, velocity)[..., None]
        level /= np.maximum(np.linalg.norm(level, axis=2, keepdims=True), 1e-9)
        cosine = np.einsum("mki,mki->mk", level[:, 1:], level[:, :-1])
        turned = np.arccos(np.clip(cosine, -1.0, 1.0)) > _TURNING_RADPS * np.diff(knots)
        turned &= truth.present[:, 1:] & truth.present[:, :-1]
        last = np.full((n, k), -np.inf)
        last[:, 1:] = np.maximum.accumulate(np.where(turned, knots[1:], -np.inf), axis=1)
        begin = np.where(truth.present.any(axis=1), knots[truth.present.argmax(axis=1)], 0.0)
        return knots - last, begin

    def _turn2(self, mover: IntArray, t_s: FloatArray) -> FloatArray:
        """Variance of the heading that turns add. [rad2]"""
        knot = np.clip(np.searchsorted(self._motion.knots_s, t_s, side="right") - 1, 0, None)
        e = self._track
        turn = np.deg2rad(e.turn_deg) * np.exp(-self._turned_s[mover, knot] / e.settle_s)
        return turn * turn

    def _start2(self, age_s: FloatArray) -> FloatArray:
        start = np.deg2rad(self._track.start_deg) * np.exp(-age_s / self._track.settle_s)
        return start * start

    def _swayed(self, normal: FloatArray, across: FloatArray, more2: FloatArray) -> FloatArray:
        """Errors of velocities over speed (n, 3); ``more2`` (n,) is the heading's variance beyond straight flight."""
        least = np.deg2rad(self._track.heading_deg)
        sideways = np.einsum("ni,ni->n", normal, across) * (np.sqrt(least * least + more2) - least)
        return least * normal + sideways[:, None] * across

    def _behind(self, mover: IntArray, t_s: FloatArray, velocity: FloatArray) -> FloatArray:
        """Velocities as tracks have them, errors apart: the course of some time ago."""
        then = self._motion.at(mover, np.maximum(t_s - self._track.lag_s, np.minimum(self._begin_s[mover], t_s)))
        speed = np.linalg.norm(velocity, axis=1) / np.maximum(np.linalg.norm(then.velocity, axis=1), 1e-9)
        return then.velocity * speed[:, None]

    def _laid(self, passes: dict[int, Passes]) -> _Rows:
        """Lay the passes of all radars tick by tick."""
        names = ("t_s", "mover", "position", "velocity")
        columns: dict[str, list[np.ndarray]] = {name: [] for name in (*names, "sensor")}
        kept, first = [], [0]
        for tick in range(len(self._until_s)):
            here = [slice(int(p.first[tick]), int(p.first[tick + 1])) for p in passes.values()]
            t_s, seen = (
                np.concatenate(
                    [np.empty(0), *(getattr(p, name)[at] for p, at in zip(passes.values(), here, strict=True))]
                )
                for name in ("t_s", "visible")
            )
            order = np.argsort(t_s, kind="stable")
            order = order[seen[order] > 0.0]
            for name in names if passes else ():
                one = [getattr(p, name)[at] for p, at in zip(passes.values(), here, strict=True)]
                columns[name].append(np.concatenate(one)[order])
            of = [np.full(at.stop - at.start, row) for row, at in zip(passes, here, strict=True)]
            columns["sensor"].append(np.concatenate([np.empty(0, np.int64), *of])[order])
            kept.append(order)
            first.append(first[-1] + len(order))

        def laid(name: str, empty: np.ndarray) -> np.ndarray:
            return np.concatenate([empty, *columns[name]])

        t, mover = laid("t_s", np.empty(0)), laid("mover", np.empty(0, np.int64))
        position, velocity = laid("position", np.empty((0, 3))), laid("velocity", np.empty((0, 3)))
        order = np.lexsort((t, mover))
        before = np.full(len(t), -1)
        same = mover[order[1:]] == mover[order[:-1]]
        before[order[1:][same]] = order[:-1][same]
        gap = np.where(before >= 0, t - t[before], np.inf) if len(t) else t
        return _Rows(
            t_s=t,
            mover=mover,
            sensor=laid("sensor", np.empty(0, np.int64)),
            position=position,
            velocity=self._behind(mover, t, velocity),
            speed=np.linalg.norm(velocity, axis=1),
            across=_across(position, velocity),
            turn2=self._turn2(mover, t),
            before=before,
            keep=np.exp(-gap / self._track.correlation_s),
            first=np.array(first),
            kept=kept,
        )

    # ---- what does

    def _heard(self, sensor: Any) -> list[_Said]:
        """Play a sensor that no task steers for a whole sortie, and share its plots of movers out over the ticks."""
        plots, origins = sensor.observe(self._motion.truth, Tasks.empty(), until_s=self._until_s[-1])
        rows = np.flatnonzero(origins.mover >= 0)
        t_s, mover, of = plots.t_s[rows], origins.mover[rows], plots.sensor[rows]
        said = np.stack([plots.address, plots.label, plots.label_source], axis=1)[rows]
        ends = np.searchsorted(t_s, self._until_s, side="right").tolist()
        ticks = [slice(a, b) for a, b in zip([0, *ends[:-1]], ends, strict=True)]
        return [_Said(t_s[at], mover[at], of[at], said[at]) for at in ticks]

    def _errors(self, streams: Streams) -> FloatArray:
        """Errors of tracks at every pass (n, 6), of variance 1; each mover has its own dice."""
        rows = self._rows
        white = np.empty((len(rows.t_s), 6))
        self._doubts = np.empty((len(self._until_s), len(self.names)))
        for mover, name in enumerate(self.names):
            own, rng = self._of_mover[mover], streams.rng("track", name)
            self._doubts[:, mover] = np.abs(rng.standard_normal(len(self._until_s)))
            white[own] = rng.standard_normal((len(own), 6))
        return _kernels.wander(white, rows.before, rows.keep)

    def _tracks(self, held: _Held, ended: _Ended, error: FloatArray, tick: int) -> Tracks:
        """Return the tracks at the end of a tick, those that ended in it included."""
        live = np.flatnonzero(held.number >= 0)
        mover = np.concatenate((live, ended.mover))
        n, n_live = len(mover), len(live)
        if n == 0:
            return Tracks.empty(self._n_sensors)
        t_s = np.concatenate((held.times[live, 1], ended.last_s))
        born_s = np.concatenate((held.times[live, 0], ended.begun_s))
        there = self._motion.at(mover, t_s)
        more2 = self._turn2(mover, t_s) + self._start2(t_s - born_s)
        told2 = (np.deg2rad(self._track.heading_deg) * np.exp(self._track.doubt * self._doubts[tick, mover])) ** 2
        newest = self._newest[tick, mover]
        off = np.where((newest >= 0)[:, None], error[newest], 0.0) if len(error) else np.zeros((n, 6))
        speed = np.linalg.norm(there.velocity, axis=1)
        speed_sd = speed * np.sqrt(told2 + more2)
        position_m = self._track.position_m
        cov = np.zeros((n, 6, 6))
        flat = cov.reshape(n, 36)
        flat[:, [0, 7, 14]] = position_m**2
        flat[:, [21, 28, 35]] = (speed_sd**2)[:, None]
        cross = (_CROSS * position_m * speed_sd)[:, None]
        flat[:, [3, 10, 17]] = flat[:, [18, 25, 32]] = cross
        status = np.full(n, int(Status.DROPPED))
        status[:n_live] = np.where(held.confirmed[live], int(Status.CONFIRMED), int(Status.TENTATIVE))
        nobody = np.full(n - n_live, -1)
        number = np.concatenate((held.number[live], ended.number))
        order = np.argsort(number)
        return Tracks(
            number=number,
            t_s=t_s,
            position_ecef_m=there.position + position_m * off[:, :3],
            velocity_ecef_mps=self._behind(mover, t_s, there.velocity)
            + speed[:, None] * self._swayed(off[:, 3:], _across(there.position, there.velocity), more2),
            cov=cov,
            status=status,
            existence=np.ones(n),
            n_hits=np.concatenate((held.n_hits[live], np.zeros(n - n_live, np.int64))),
            updated_s=np.concatenate((held.updated[live], np.full((n - n_live, self._n_sensors), -np.inf))),
            address=np.concatenate((held.said[live, 0], nobody)),
            label=np.concatenate((held.said[live, 1], nobody)),
            label_source=np.concatenate((held.said[live, 2], nobody)),
        ).take(order)


class _Ended(NamedTuple):
    """Tracks that ended in a tick."""

    number: IntArray
    mover: IntArray
    begun_s: FloatArray
    last_s: FloatArray


class _Held:
    """Who holds a track of which mover, by the rule."""

    def __init__(self, n_movers: int, n_sensors: int, rule: TrackError) -> None:
        self._rule, self._next = rule, 0
        self.number = np.full(n_movers, -1)
        self.confirmed = np.zeros(n_movers, np.bool_)
        self.n_hits = np.zeros(n_movers, np.int64)
        self.times = np.zeros((n_movers, 2))
        """(m, 2) first and last plot. [s]"""
        self.updated = np.full((n_movers, n_sensors), -np.inf)
        self.said = np.full((n_movers, 3), -1)
        """(m, 3) address, label and who declares it, as last heard; -1 for none."""
        self._recent = np.full((n_movers, rule.n_confirm), -np.inf)
        self._heard = np.full(n_movers, -1)

    def step(
        self, t_s: FloatArray, mover: IntArray, sensor: IntArray, hit: FloatArray, said: list[_Said], *, until_s: float
    ) -> tuple[IntArray, FloatArray, _Ended]:
        """Take in a tick's looks (n,) and replies: the number of the track of each look, -1 for none, and its age."""
        n, before, first = len(t_s), self.number.copy(), self._next
        what = np.where(hit > 0.0, _kernels.HIT, _kernels.MISS)
        t, who, by = t_s, mover, sensor
        declared = np.empty((n, 3), np.int64)
        if said:
            replies = [np.concatenate(column) for column in zip(*said, strict=True)]
            m = len(replies[0])
            t = np.concatenate((t_s, replies[0]))
            who, by = np.concatenate((mover, replies[1])), np.concatenate((sensor, replies[2]))
            what = np.concatenate((what, np.full(m, _kernels.REPLY)))
            declared = np.concatenate((declared, replies[3]))
        self._heard[:] = -1
        track, age_s, ended, ended_s, self._next = _kernels.hold(
            np.argsort(t, kind="stable"), t, who, by, what, until_s, self._rule.window_s, self._rule.patience_s,
            self._next, self.number, self.confirmed, self.n_hits, self.times, self._recent, self.updated, self._heard,
        )  # fmt: skip
        self.said[self.number != before] = -1
        heard = np.flatnonzero(self._heard >= 0)
        news = declared[self._heard[heard]]
        told = news[:, 1] >= 0
        self.said[heard, 0] = np.where(news[:, 0] >= 0, news[:, 0], self.said[heard, 0])
        self.said[heard[told], 1:] = news[told, 1:]
        track, age_s = track[:n], age_s[:n]
        if len(ended):  # one that came and went within the tick, unconfirmed, is never heard of
            stray = (ended[:, 0] >= first) & (ended[:, 2] == 0)
            track = np.where(np.isin(track, ended[stray, 0]), -1, track)
            ended, ended_s = ended[~stray], ended_s[~stray]
        return track, age_s, _Ended(ended[:, 0], ended[:, 1], ended_s[:, 0], ended_s[:, 1])


class _Said(NamedTuple):
    """Plots of sensors that are no primary radars, of movers."""

    t_s: FloatArray
    mover: IntArray
    sensor: IntArray
    said: IntArray
    """(n, 3) address, label and who declares it. [1]"""


def _across(position: FloatArray, velocity: FloatArray) -> FloatArray:
    """Horizontal direction across the course (n, 3)."""
    side = np.cross(position, velocity)
    return side / np.maximum(np.linalg.norm(side, axis=1), 1e-9)[:, None]


def _joined(truths: Sequence[Truth]) -> Truth:
    """Return the truth of successive ticks as one."""
    one = truths[0]

    def whole(name: str) -> np.ndarray:
        first = getattr(one, name)
        return np.concatenate([first, *(getattr(truth, name)[:, 1:] for truth in truths[1:])], axis=1)

    return Truth(
        mover=one.mover, **{n: whole(n) for n in ("t_s", "position_ecef_m", "velocity_ecef_mps", "bank_rad", "present")}
    )


def _check(scenario: Scenario, phase: CampaignConfig) -> None:
    """Refuse what is not played at the level of looks."""
    where = "campaign.fidelity: looks"
    if phase.weapons_free and scenario.launchers:
        raise UserError(f"{where} is for peacetime; set campaign.weapons_free: false, or fidelity: tracked")
    for mover in phase.movers:
        if mover.jammers:
            raise UserError(f"{where} knows no jamming, but mover {mover.name!r} has jammers; use fidelity: tracked")
    for row in rows_on(scenario, phase):
        config = scenario.sensors[row]
        reason = None
        if getattr(config, "card", None) is not None and config.kind != "rotating":
            reason = f"is of kind {config.kind!r}; of primary radars, only those that turn are"
        elif config.kind not in ("rotating", "secondary", "observer"):
            reason = f"is of kind {config.kind!r}, which is not"
        elif getattr(config, "fidelity", "measurement") != "measurement":
            reason = "is played in samples, which is not"
        elif getattr(config, "low_level", None) is not None:
            reason = "has a low_level, which is not"
        if reason is not None:
            raise UserError(f"{where}: sensor {config.name!r} {reason} played so; use fidelity: tracked")
