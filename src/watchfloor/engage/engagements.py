"""Shots in the air: from a granted order to exactly one effect a round, each with its cause."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from watchfloor.base.picture import Decision, Orders, Readiness, Status, Tracks
from watchfloor.base.truth import Effects, Outcome, Truth
from watchfloor.base.units import FloatArray
from watchfloor.engage.battery import Battery
from watchfloor.physics.frames import ecef_to_geodetic
from watchfloor.physics.timeline import meeting_point

ASSOCIATION_SIGMAS = 4.0
"""A mover belongs to a track when it is within this many root-mean standard deviations of its position."""


@dataclass(frozen=True)
class _Shot:
    order: int
    launcher: int
    track: int
    launch_s: float
    arrival_s: float
    range_m: float
    draw: float


class Engagements:
    """All batteries and every round in the air.

    Parameters
    ----------
    batteries : sequence of Battery
        In the run's order of launchers.
    fire_control : sequence of int
        Sensor rows that can carry a round to its target.
    update_age_max_s : float
        Oldest fire-control plot at arrival that still gives an outcome. [s]
    """

    def __init__(self, batteries: Sequence[Battery], *, fire_control: Sequence[int], update_age_max_s: float) -> None:
        self._batteries = list(batteries)
        self._fire_control = list(fire_control)
        self._age_max_s = update_age_max_s
        self._in_air: list[_Shot] = []
        self._killed: set[int] = set()

    def readiness(self) -> Readiness:
        """Return what the batteries report now."""
        return Readiness(
            launcher=np.arange(len(self._batteries)),
            rounds=np.array([b.rounds for b in self._batteries], np.int64),
            channels_free=np.array([b.channels_free for b in self._batteries], np.int64),
        )

    def step(self, orders: Orders, tracks: Tracks, truth: Truth, *, until_s: float) -> Effects:
        """Resolve the rounds that arrive by ``until_s``, then launch what was granted in this tick.

        Launches follow the resolutions because orders are decided at the tick's end.
        """
        for battery in self._batteries:
            battery.refresh(until_s)
        rows = []
        arrived = sorted((s for s in self._in_air if s.arrival_s <= until_s), key=lambda s: (s.arrival_s, s.order))
        self._in_air = [s for s in self._in_air if s.arrival_s > until_s]
        for shot in arrived:
            mover, outcome = self._outcome(shot, tracks, truth)
            if outcome == Outcome.KILL:
                self._killed.add(mover)
            rows.append((shot, mover, outcome))
        for i in np.flatnonzero(orders.decision == Decision.GRANTED):
            rows += self._launch(orders, int(i), tracks)
        return self._effects(rows)

    def _launch(self, orders: Orders, i: int, tracks: Tracks) -> list[tuple[_Shot, int, Outcome]]:
        j, number, order = int(orders.launcher[i]), int(orders.track[i]), int(orders.number[i])
        battery = self._batteries[j]
        launch_s = float(orders.decided_s[i]) + battery.weapon.reaction_s
        at = np.flatnonzero((tracks.number == number) & (tracks.status != Status.DROPPED))
        flight_s, range_m = np.inf, np.nan
        if len(at):
            here_m = tracks.position_ecef_m[at] + (launch_s - tracks.t_s[at])[:, None] * tracks.velocity_ecef_mps[at]
            arrival_m, times_s = meeting_point(
                here_m,
                tracks.velocity_ecef_mps[at],
                battery.place.ecef_m,
                battery.weapon.flight_range_m,
                battery.weapon.flight_time_s,
            )
            flight_s, range_m = float(times_s[0]), float(np.linalg.norm(arrival_m[0] - battery.place.ecef_m))
        can_fire = np.isfinite(flight_s) and battery.channels_free > 0
        out: list[tuple[_Shot, int, Outcome]] = []
        fired = min(battery.rounds, int(orders.rounds[i])) if can_fire else 0
        for k in range(int(orders.rounds[i])):
            if k < fired:
                draw = battery.fire(launch_s=launch_s)
                self._in_air.append(_Shot(order, j, number, launch_s, launch_s + flight_s, range_m, draw))
            else:
                out.append((_Shot(order, j, number, launch_s, launch_s, range_m, np.nan), -1, Outcome.NOT_FIRED))
        if fired:
            battery.occupy(until_s=launch_s + flight_s)
        return out

    def _outcome(self, shot: _Shot, tracks: Tracks, truth: Truth) -> tuple[int, Outcome]:
        at = np.flatnonzero((tracks.number == shot.track) & (tracks.status != Status.DROPPED))
        if not len(at):
            return -1, Outcome.TRACK_LOST
        i = int(at[0])
        if shot.arrival_s - tracks.updated_s[i, self._fire_control].max(initial=-np.inf) > self._age_max_s:
            return -1, Outcome.TRACK_LOST
        track_m = tracks.position_ecef_m[i] + (shot.arrival_s - tracks.t_s[i]) * tracks.velocity_ecef_mps[i]
        reach_m = ASSOCIATION_SIGMAS * np.sqrt(np.trace(tracks.cov[i, :3, :3]))
        movers_m = _positions(truth, shot.arrival_s)
        miss_m = np.linalg.norm(movers_m - track_m, axis=1)
        miss_m[np.isnan(miss_m) | np.isin(truth.mover, list(self._killed))] = np.inf
        nearest = int(miss_m.argmin()) if len(miss_m) else 0
        if not len(miss_m) or miss_m[nearest] > reach_m:
            return -1, Outcome.NO_TARGET
        mover, weapon, place = (
            int(truth.mover[nearest]),
            self._batteries[shot.launcher].weapon,
            self._batteries[shot.launcher].place,
        )
        range_m = float(np.linalg.norm(movers_m[nearest] - place.ecef_m))
        altitude_m = float(ecef_to_geodetic(movers_m[nearest])[2]) - place.alt_m
        if not (
            weapon.range_min_m <= range_m <= weapon.range_max_m
            and weapon.altitude_min_m <= altitude_m <= weapon.altitude_max_m
        ):
            return mover, Outcome.OUT_OF_REACH
        return mover, Outcome.KILL if shot.draw < weapon.pk else Outcome.MISS

    def _effects(self, rows: list[tuple[_Shot, int, Outcome]]) -> Effects:
        if not rows:
            return Effects.empty()
        shots = [shot for shot, _, _ in rows]
        return Effects(
            order=np.array([s.order for s in shots], np.int64),
            launcher=np.array([s.launcher for s in shots], np.int64),
            track=np.array([s.track for s in shots], np.int64),
            mover=np.array([mover for _, mover, _ in rows], np.int64),
            launch_s=np.array([s.launch_s for s in shots]),
            arrival_s=np.array([s.arrival_s for s in shots]),
            range_m=np.array([s.range_m for s in shots]),
            pk=np.array([self._batteries[s.launcher].weapon.pk for s in shots]),
            draw=np.array([s.draw for s in shots]),
            outcome=np.array([outcome for _, _, outcome in rows], np.int64),
        )


def _positions(truth: Truth, t_s: float) -> FloatArray:
    """Return where the movers (n, 3) are at one time of the tick, straight between knots; NaN if absent. [m]"""
    if not len(truth):
        return np.empty((0, 3))
    knots = truth.t_s[0]
    k = int(np.clip(np.searchsorted(knots, t_s), 1, len(knots) - 1))
    share = (t_s - knots[k - 1]) / (knots[k] - knots[k - 1])
    at_m = (1.0 - share) * truth.position_ecef_m[:, k - 1] + share * truth.position_ecef_m[:, k]
    return np.where((truth.present[:, k - 1] & truth.present[:, k])[:, None], at_m, np.nan)
