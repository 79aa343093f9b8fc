"""Weak plots in a tracker: kept from its filter, searched for paths, and followed once a path is found.

A radar with a low level declares hundreds of weak plots a turn; a filter that started a track from each would do
nothing else. Here they wait: those near a track that a path has started go to the filter, those near any other track go
nowhere, the rest (and strong plots that lie near no track) are searched turn by turn (`before_detect`). A path found
starts a track, with the existence that the configuration states and a belief about its signal-to-noise ratio; from that
come its probability of detection at the low threshold, look by look.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from watchfloor.base.picture import Plots
from watchfloor.base.units import BoolArray, FloatArray, IntArray
from watchfloor.physics.frames import Place
from watchfloor.physics.low_level import LowLevel
from watchfloor.physics.radar import Radar
from watchfloor.track._kernels import before_detect as k
from watchfloor.track._kernels import pmb
from watchfloor.track.before_detect import BeforeDetect, BeforeDetectConfig, Paths
from watchfloor.track.engine import Batch, Engine, Swept

_GATE2, _MANOEUVRE_MPS = 16.0, 30.0
_EARTH_M = 8.5e6


class WeakPlots:
    """Weak plots of several radars, and the tracks that began with them.

    Parameters
    ----------
    config : BeforeDetectConfig
        Settings of the search.
    engine : Engine
        The filter's state.
    places, radars, low_levels : sequences
        Of each sensor; a low level of None for one without.
    phases_rad : sequence of float
        Azimuth of the beam at time 0. [rad]
    altitude_m, altitude_sd_m : float
        Height of a target where elevation is not measured, and its standard deviation. [m]
    climb_sd_mps : float
        Standard deviation of climb. [m/s]

    Raises
    ------
    ValueError
        If a sensor with a low level has no radar data or does not turn.
    """

    def __init__(
        self,
        config: BeforeDetectConfig,
        engine: Engine,
        *,
        places: Sequence[Place],
        radars: Sequence[Radar | None],
        low_levels: Sequence[LowLevel | None],
        phases_rad: Sequence[float],
        altitude_m: float,
        altitude_sd_m: float,
        climb_sd_mps: float,
    ) -> None:
        self.config, self._engine, self._places = config, engine, list(places)
        self._height = altitude_m, altitude_sd_m, climb_sd_mps
        self.finders: dict[int, BeforeDetect] = {}
        """By row of the sensor."""
        self._begin_s: dict[int, float] = {}
        for s, (radar, low, phase_rad) in enumerate(zip(radars, low_levels, phases_rad, strict=True)):
            if low is None:
                continue
            if radar is None or not math.isfinite(phase_rad):
                raise ValueError(f"sensor row {s} has a low level: it must be a radar that turns")
            self.finders[s] = BeforeDetect(config, radar, low)
            # a turn begins where the sector does, so that no target is met twice in one
            ahead = (low.azimuth_first_rad - phase_rad) % (2.0 * math.pi)
            self._begin_s[s] = ahead / (2.0 * math.pi) * radar.period_s - radar.period_s
        self._next = dict.fromkeys(self.finders, -1)
        self._held = {s: Plots.empty() for s in self.finders}
        self._named = {s: np.empty(0, np.int64) for s in self.finders}
        self._seeds: IntArray = np.empty(0, np.int64)
        self._level = np.empty((0, len(config.snr_db)))

    # plots

    def sort_out(self, plots: Plots, seeds: IntArray) -> tuple[Plots, IntArray]:
        """Return the plots that the filter takes, and hold what is to be searched."""
        if not len(plots):
            return plots, seeds
        keep = np.ones(len(plots), np.bool_)
        for s, finder in self.finders.items():
            low = finder.low
            weak = (plots.sensor == s) & (plots.pfa == low.pfa)
            mine = np.flatnonzero(plots.sensor == s)
            at = plots.measurement[mine]
            finite = np.isfinite(at[:, :2]).all(axis=1) & np.isfinite(plots.snr_db[mine])
            mine = mine[finite & low.holds(at[:, 0], at[:, 1])]
            keep &= ~weak
            if not len(mine):
                continue
            rows, own = self._followed()
            near = self._near(s, rows, plots, mine)
            of_own = (near >= 0) & own[np.maximum(near, 0)] if len(rows) else np.zeros(len(mine), np.bool_)
            keep[mine[of_own]] = True
            free = mine[near < 0]
            if len(free):
                self._held[s] = Plots.concat([self._held[s], plots.take(free)])
                self._named[s] = np.concatenate([self._named[s], seeds[free]])
        if keep.all():
            return plots, seeds
        rows = np.flatnonzero(keep)
        return plots.take(rows), seeds[rows]

    def _followed(self) -> tuple[IntArray, BoolArray]:
        """Rows of confirmed tracks and of those that paths have started, and which these are."""
        e = self._engine
        rows = e.rows
        own = np.isin(e.marks[rows, pmb.SEED], self._seeds)
        likely = own | (e.marks[rows, pmb.STATUS] == pmb.CONFIRMED)
        return rows[likely], own[likely]

    def _near(self, s: int, rows: IntArray, plots: Plots, of: IntArray) -> IntArray:
        """Which of the tracks ``rows`` each of the plots ``of`` lies near, -1 for none."""
        out = np.full(len(of), -1)
        if len(rows) and len(of):
            z = np.ascontiguousarray(plots.measurement[of])
            var = np.ascontiguousarray(plots.cov[of].reshape(-1, 16)[:, ::5])
            k.near(plots.t_s[of], z, var, *self._polar(s, rows), _GATE2, out)
        return out

    def _polar(self, s: int, rows: IntArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
        """Time, range and azimuth of tracks, their rates, and variances of both. [s, m and rad]"""  # noqa: D400, D415
        place = self._places[s]
        t, x, p = self._engine.estimate(rows)
        turn = place.rotation
        at, v = (x[:, :3] - place.ecef_m) @ turn.T, x[:, 3:] @ turn.T
        r, flat = np.linalg.norm(at, axis=1), np.hypot(at[:, 0], at[:, 1])
        along = at / r[:, None]
        across = np.stack([at[:, 1], -at[:, 0], np.zeros(len(r))], axis=1) / (flat * flat)[:, None]
        axes = np.stack([along, across], axis=1) @ turn  # (n, 2, 3) in the tracker's frame
        spread = np.einsum("nai,nij,naj->na", axes, p[:, :3, :3], axes)
        growth = np.einsum("nai,nij,naj->na", axes, p[:, 3:, 3:], axes)
        growth[:, 0] += _MANOEUVRE_MPS**2
        growth[:, 1] += (_MANOEUVRE_MPS / flat) ** 2
        place_now = np.stack([r, np.arctan2(at[:, 0], at[:, 1])], axis=1)
        rate = np.stack([(along * v).sum(axis=1), (across * v).sum(axis=1)], axis=1)
        return t, place_now, rate, spread, growth

    # what is known of the tracks that began here

    def _which(self, rows: IntArray) -> tuple[IntArray, IntArray]:
        """Where in ``rows`` the tracks are that paths have started, and their rows here."""
        if not len(self._seeds) or not len(rows):
            return np.empty(0, np.int64), np.empty(0, np.int64)
        seeds = self._engine.marks[rows, pmb.SEED]
        at = np.searchsorted(self._seeds, seeds)
        at = np.minimum(at, len(self._seeds) - 1)
        mine = np.flatnonzero(self._seeds[at] == seeds)
        return mine, at[mine]

    def expected(self, s: int, rows: IntArray, sweep_s: FloatArray, pd: FloatArray) -> FloatArray:
        """Probability of detection (n,): at the low threshold for tracks that began here, ``pd`` for others. [1]"""  # noqa: D400, D415
        mine, own = self._which(rows) if s in self.finders else (np.empty(0, np.int64), np.empty(0, np.int64))
        if not len(mine):
            return pd
        finder = self.finders[s]
        z, _ = self._engine.foresee(s, rows[mine], sweep_s[mine])
        inside = finder.low.holds(z[:, 0], z[:, 1])
        out = pd.copy()
        out[mine[inside]] = (self._level[own] @ finder.pd)[inside]
        return out

    def pfa(self, s: int, rows: IntArray, azimuth_rad: FloatArray, range_m: FloatArray, pfa: FloatArray) -> FloatArray:
        """Threshold in force (n,) for looks at tracks, ``pfa`` where they did not begin here. [1]"""  # noqa: D400, D415
        mine, _ = self._which(rows) if s in self.finders else (np.empty(0, np.int64), None)
        if not len(mine):
            return pfa
        low = self.finders[s].low
        out = pfa.copy()
        inside = mine[low.holds(range_m[mine], azimuth_rad[mine])]
        out[inside] = np.maximum(out[inside], low.pfa)
        return out

    def learn(self, s: int, swept: Swept, batch: Batch) -> None:
        """Learn the signal-to-noise ratios of tracks from a batch."""
        if s not in self.finders:
            return
        e, weak = self._engine, batch.seed[batch.pfa == self.finders[s].low.pfa]
        if len(weak):  # a weak plot near a track of ours is no beginning of another
            e.r[e.rows[np.isin(e.marks[e.rows, pmb.SEED], weak)]] = 0.0
        done = np.flatnonzero(~swept.waits)
        mine, own = self._which(swept.rows[done])
        if not len(mine):
            return
        finder, at = self.finders[s], done[mine]
        chosen = swept.chosen[at]
        hit = chosen >= 0
        said = np.zeros((len(at), self._level.shape[1]))
        said[hit] = finder.amplitude(batch.snr_db[chosen[hit]])
        said[~hit & (swept.n_gated[at] == 0)] = np.log1p(-finder.pd)
        log = np.log(self._level[own]) + said
        weight = np.exp(log - log.max(axis=1, keepdims=True)) + 1e-6
        self._level[own] = weight / weight.sum(axis=1, keepdims=True)

    # paths

    def search(self, until_s: float) -> int:
        """Search every turn that is over by ``until_s``; return how many tracks began."""
        begun = 0
        for s, finder in self.finders.items():
            period_s = finder.radar.period_s
            held = self._held[s]
            if self._next[s] < 0:
                first_s = float(held.t_s.min()) if len(held) else until_s
                self._next[s] = max(math.floor((first_s - self._begin_s[s]) / period_s), 0)
            last = math.floor((until_s - self._begin_s[s]) / period_s + 1e-9)
            if last - self._next[s] > finder.config.scans + 1 and not len(held):
                finder.clear()
                self._next[s] = last
            while self._next[s] < last:
                end_s = self._begin_s[s] + (self._next[s] + 1) * period_s
                now = held.t_s < end_s
                begun += self._turn(s, held.take(now), self._named[s][now])
                held = held.take(~now)
                self._held[s], self._named[s] = held, self._named[s][~now]
                self._next[s] += 1
        if len(self._seeds):
            live = np.isin(self._seeds, self._engine.marks[self._engine.rows, pmb.SEED])
            if not live.all():
                self._seeds, self._level = self._seeds[live], self._level[live]
        return begun

    def _turn(self, s: int, plots: Plots, names: IntArray) -> int:
        finder, e = self.finders[s], self._engine
        if len(plots):  # what a track has taken since is no news
            rows, _ = self._followed()
            free = self._near(s, rows, plots, np.arange(len(plots))) < 0
            if not free.all():
                plots, names = plots.take(free), names[free]
        paths = finder.step(plots, names)
        begun = 0
        for i in range(len(paths)):
            newest = int(np.flatnonzero(names == paths.rows[i, 0])[0])
            end = plots.take(slice(newest, newest + 1))
            rows, _ = self._followed()
            if self._near(s, rows, end, np.array([0]))[0] >= 0:
                continue  # the path before this one has become that track
            same = np.isin(e.marks[e.rows, pmb.SEED], paths.rows[i])
            e.r[e.rows[same]] = 0.0  # what one of its plots alone has started gives way
            self._begin(s, paths, i, end, int(names[newest]))
            begun += 1
        return begun

    def _begin(self, s: int, paths: Paths, i: int, end: Plots, seed: int) -> None:
        x, p = self._state(s, paths.state[i], paths.cov[i])
        batch = Batch(
            t_s=end.t_s, z=np.ascontiguousarray(end.measurement), cov=np.ascontiguousarray(end.cov), snr_db=end.snr_db,
            pfa=end.pfa, address=end.address, label=end.label, seed=np.array([seed]),
        )  # fmt: skip
        self._engine.begin(s, batch, x[None], p[None], existence=self.config.existence)
        at = int(np.searchsorted(self._seeds, seed))
        self._seeds = np.insert(self._seeds, at, seed)
        self._level = np.insert(self._level, at, paths.level[i] + 1e-6, axis=0)
        self._level[at] /= self._level[at].sum()

    def _state(self, s: int, state: FloatArray, cov: FloatArray) -> tuple[FloatArray, FloatArray]:
        """State and covariance of a path in the tracker's frame."""
        place, nx = self._places[s], self._engine.x.shape[2]
        r, azimuth, elevation, rate, turn = state
        altitude, altitude_sd, climb_sd = self._height
        if math.isnan(elevation):
            up = altitude - place.alt_m - 0.5 * r * r / _EARTH_M
            var_up = altitude_sd**2
        else:
            up, var_up = r * math.sin(elevation), r * r * cov[2]
        up = min(max(up, -0.9 * r), 0.9 * r)
        flat = math.sqrt(r * r - up * up)
        out = np.array([math.sin(azimuth), math.cos(azimuth), 0.0])
        side = np.array([math.cos(azimuth), -math.sin(azimuth), 0.0])
        axes = np.stack([out, side, [0.0, 0.0, 1.0]]) @ place.rotation
        x, p = np.zeros(nx), np.eye(nx)
        x[:3] = place.ecef_m + np.array([flat, 0.0, up]) @ axes
        x[3:6] = np.array([rate * r / flat, flat * turn, 0.0]) @ axes
        place_var = np.array([cov[0] + (up / flat) ** 2 * var_up, flat * flat * cov[1], var_up])
        speed_var = np.array([cov[3], flat * flat * cov[4], climb_sd**2])
        p[:3, :3] = (axes.T * place_var) @ axes
        p[3:6, 3:6] = (axes.T * speed_var) @ axes
        return x, p

    # saving

    def save(self) -> dict[str, Any]:
        """Return everything that changes from step to step."""
        return {
            "next": dict(self._next),
            "held": dict(self._held),
            "named": dict(self._named),
            "seeds": self._seeds.copy(),
            "level": self._level.copy(),
            "finders": {s: finder.save() for s, finder in self.finders.items()},
        }

    def restore(self, saved: dict[str, Any]) -> None:
        """Take back what `save` returned."""
        self._next, self._held, self._named = dict(saved["next"]), dict(saved["held"]), dict(saved["named"])
        self._seeds, self._level = saved["seeds"].copy(), saved["level"].copy()
        for s, finder in self.finders.items():
            finder.restore(saved["finders"][s])
