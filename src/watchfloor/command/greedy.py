"""Kind ``greedy``: rank threats, assign greedily, ask permission."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import Field

from watchfloor.base.config import Config
from watchfloor.base.picture import Decision, Identities, Orders, Readiness, Status, Tracks
from watchfloor.base.units import BoolArray, FloatArray
from watchfloor.command.assign import assign_greedy
from watchfloor.command.authority import AuthorityConfig, decide
from watchfloor.command.base import LauncherView, commanders
from watchfloor.command.threat import closest_approach, threat
from watchfloor.physics.frames import Place, ecef_to_geodetic
from watchfloor.physics.timeline import meeting_point


class GreedyCommanderConfig(Config):
    """A battle manager that takes the worst threat it can reach first."""

    kind: Literal["greedy"] = "greedy"
    """This kind."""
    defended: str
    """Name of the place that is defended."""
    fire_control: tuple[str, ...] = Field(min_length=1)
    """Names of the sensors whose plots are good enough to shoot on."""
    authority: AuthorityConfig = AuthorityConfig()
    """Who has to say yes."""
    salvo: int = Field(default=2, ge=1, le=8)
    """Most rounds on one target at a time; the result is awaited before the next salvo (shoot-look-shoot)."""
    horizon_s: float = Field(default=600.0, gt=0.0)
    """Warning time at which urgency has fallen to one half. [s]"""
    keep_out_km: float = Field(default=100.0, gt=0.0)
    """Miss distance at which concern has fallen to one half. [km]"""
    threat_min: float = Field(default=0.05, ge=0.0, le=1.0)
    """Threat value below which nothing is proposed. [1]"""
    position_sd_max_m: float = Field(default=1000.0, gt=0.0)
    """Largest position standard deviation (root mean of the three axes) of a track to shoot on. [m]"""
    update_age_max_s: float = Field(default=20.0, gt=0.0)
    """Oldest plot of a fire-control sensor on a track to shoot on. [s]"""


@dataclass
class _Proposal:
    number: int
    track: int
    launcher: int
    rounds: int
    proposed_s: float
    flight_s: float
    threat: float


@commanders.register("greedy", GreedyCommanderConfig)
class GreedyCommander:
    """Each tick: rank the confirmed tracks, assign launchers to the shootable ones, take each through authority.

    Parameters
    ----------
    config : GreedyCommanderConfig
        The doctrine.
    hostile : (types + 1,) bool array
        Which columns of an identity are hostile.
    launchers : sequence of LauncherView
        The batteries as the commander knows them.
    defended : Place
        What is defended.
    fire_control : sequence of int
        Sensor rows good enough to shoot on.
    weapons_free : bool
        False in peacetime: nothing is proposed.
    """

    def __init__(
        self,
        config: GreedyCommanderConfig,
        *,
        hostile: BoolArray,
        launchers: Sequence[LauncherView],
        defended: Place,
        fire_control: Sequence[int],
        weapons_free: bool = True,
    ) -> None:
        self._config = config
        self._hostile = hostile.astype(float)
        self._launchers = list(launchers)
        self._defended_m = defended.ecef_m
        self._fire_control = list(fire_control)
        self._weapons_free = weapons_free
        self._pending: list[_Proposal] = []
        self._busy_until_s: dict[int, float] = {}
        self._number = 0

    def step(self, tracks: Tracks, identities: Identities, readiness: Readiness, *, until_s: float) -> Orders:
        """Return proposals made or decided by ``until_s``; a pending one comes again when it is decided."""
        if not self._weapons_free or not self._launchers:
            return Orders.empty()
        tracks = tracks.take(tracks.status == Status.CONFIRMED)
        p_hostile = self._p_hostile(tracks, identities)
        value = self._threat(tracks, p_hostile)
        shown = dict(zip(tracks.number.tolist(), p_hostile.tolist(), strict=True))
        new = self._propose(tracks, value, readiness, until_s)
        decided = [(p, self._decide(p, shown, until_s)) for p in self._pending + new]
        told = [(p, d) for p, d in decided if d != Decision.PENDING or p in new]
        self._pending = [p for p, decision in decided if decision == Decision.PENDING]
        for proposal, decision in decided:
            if decision in (Decision.REFUSED, Decision.HELD):
                self._busy_until_s[proposal.track] = until_s + self._config.authority.ask_again_s
        return self._orders(told, shown, until_s)

    def _p_hostile(self, tracks: Tracks, identities: Identities) -> FloatArray:
        out = np.zeros(len(tracks))
        if len(identities):
            order = np.argsort(identities.track)
            at = np.minimum(np.searchsorted(identities.track[order], tracks.number), len(order) - 1)
            found = identities.track[order][at] == tracks.number
            out[found] = (identities.probability[order][at] @ self._hostile)[found]
        return out

    def _threat(self, tracks: Tracks, p_hostile: FloatArray) -> FloatArray:
        time_s, distance_m = closest_approach(tracks.position_ecef_m, tracks.velocity_ecef_mps, self._defended_m)
        return threat(
            time_s,
            distance_m,
            p_hostile,
            horizon_s=self._config.horizon_s,
            keep_out_m=1e3 * self._config.keep_out_km,
        )

    def shootable(self, tracks: Tracks, *, now_s: float) -> BoolArray:
        """Mark the tracks (n,) good enough to shoot on: precise, and fed lately by a fire-control sensor."""
        variance = np.trace(tracks.cov[:, :3, :3], axis1=1, axis2=2) / 3.0
        age_s = now_s - tracks.updated_s[:, self._fire_control].max(axis=1, initial=-np.inf)
        return (variance <= self._config.position_sd_max_m**2) & (age_s <= self._config.update_age_max_s)

    def _propose(self, tracks: Tracks, value: FloatArray, readiness: Readiness, now_s: float) -> list[_Proposal]:
        waiting = {p.track for p in self._pending}
        free = [n not in waiting and self._busy_until_s.get(n, -np.inf) <= now_s for n in tracks.number.tolist()]
        rows = np.flatnonzero(
            self.shootable(tracks, now_s=now_s) & (value >= self._config.threat_min) & np.array(free, bool)
        )
        if not len(rows):
            return []
        reach = [self._reach(view, tracks.take(rows), now_s) for view in self._launchers]
        pk, flight_s = (np.stack(columns, axis=1) for columns in zip(*reach, strict=True))
        taken = np.bincount([p.launcher for p in self._pending], minlength=len(self._launchers))
        reserved = np.bincount(
            [p.launcher for p in self._pending], [p.rounds for p in self._pending], minlength=len(self._launchers)
        )
        x = assign_greedy(
            value[rows],
            pk,
            readiness.rounds - reserved.astype(np.int64),
            readiness.channels_free - taken,
            salvo_max=self._config.salvo,
        )
        out = []
        for i, j in zip(*np.nonzero(x), strict=True):
            out.append(
                _Proposal(
                    number=self._number,
                    track=int(tracks.number[rows[i]]),
                    launcher=int(j),
                    rounds=int(x[i, j]),
                    proposed_s=now_s,
                    flight_s=float(flight_s[i, j]),
                    threat=float(value[rows[i]]),
                )
            )
            self._number += 1
        return out

    def _reach(self, view: LauncherView, tracks: Tracks, now_s: float) -> tuple[FloatArray, FloatArray]:
        """Return believed kill probability, 0 where the predicted point of arrival is out of reach, and flight time."""
        delay_s = view.reaction_s + (self._config.authority.answer_s if self._config.authority.mode == "ask" else 0.0)
        launch_m = tracks.position_ecef_m + (now_s - tracks.t_s + delay_s)[:, None] * tracks.velocity_ecef_mps
        arrival_m, flight_s = meeting_point(
            launch_m, tracks.velocity_ecef_mps, view.place.ecef_m, view.flight_range_m, view.flight_time_s
        )
        range_m = np.linalg.norm(arrival_m - view.place.ecef_m, axis=1)
        altitude_m = ecef_to_geodetic(arrival_m)[2] - view.place.alt_m
        inside = (
            np.isfinite(flight_s)
            & (range_m >= view.range_min_m)
            & (range_m <= view.range_max_m)
            & (altitude_m >= view.altitude_min_m)
            & (altitude_m <= view.altitude_max_m)
        )
        return np.where(inside, view.pk, 0.0), flight_s

    def _decide(self, proposal: _Proposal, shown: dict[int, float], now_s: float) -> Decision:
        if proposal.track not in shown:
            return Decision.REFUSED
        decision = decide(
            self._config.authority, p_hostile=shown[proposal.track], asked_s=proposal.proposed_s, now_s=now_s
        )
        if decision == Decision.GRANTED:
            view = self._launchers[proposal.launcher]
            self._busy_until_s[proposal.track] = now_s + view.reaction_s + proposal.flight_s
        return decision

    def _orders(self, decided: list[tuple[_Proposal, Decision]], shown: dict[int, float], now_s: float) -> Orders:
        if not decided:
            return Orders.empty()
        proposals, decisions = [p for p, _ in decided], np.array([d for _, d in decided], np.int64)
        return Orders(
            number=np.array([p.number for p in proposals], np.int64),
            track=np.array([p.track for p in proposals], np.int64),
            launcher=np.array([p.launcher for p in proposals], np.int64),
            rounds=np.array([p.rounds for p in proposals], np.int64),
            proposed_s=np.array([p.proposed_s for p in proposals]),
            decided_s=np.where(decisions == Decision.PENDING, np.inf, now_s),
            decision=decisions,
            threat=np.array([p.threat for p in proposals]),
            p_hostile=np.array([shown.get(p.track, 0.0) for p in proposals]),
        )
