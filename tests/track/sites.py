"""Flights that wander as the filters assume, seen by several radars, for the tests of fusion."""

import math
from dataclasses import dataclass

import numpy as np

from tests.track.simulated import SITE, TWO_PI, make_radar
from watchfloor.base.picture import Plots, Status, Tasks
from watchfloor.physics.frames import Place, ecef_to_polar, range_rate
from watchfloor.track import GnnTrackerConfig

EAST = Place.from_degrees(40.0, 33.7, 900.0)
NORTH = Place.from_degrees(40.8, 33.1, 950.0)
PLACES = [SITE, EAST, NORTH]
PERIODS = [10.0, 7.0, 8.0]
PHASES = [0.0, 2.0, 4.0]
SD = np.array([50.0, 0.003, 0.004, 2.0])
MATCHED = GnnTrackerConfig(manoeuvre_mps2=1.0, climb_manoeuvre_mps2=0.5, manoeuvre_time_s=5.0, speed_sd_mps=220.0)
"""White acceleration of 10 m2/s3 level, 2.5 m2/s3 up and down."""
STEP_S = 0.5


@dataclass
class Wanderers:
    """Flights driven by white acceleration, stated every ``STEP_S`` and straight between."""

    position_m: np.ndarray
    speed_mps: np.ndarray

    @property
    def start_m(self):
        return self.position_m[0]

    @property
    def velocity_mps(self):
        return self.speed_mps[0]

    def _split(self, t_s):
        at = np.clip(np.asarray(t_s, float) / STEP_S, 0.0, len(self.position_m) - 1.001)
        row = at.astype(int)
        return row, (at - row)[..., None]

    def at(self, t_s):
        """Position of flight i at ``t_s[..., i]``."""
        row, part = self._split(t_s)
        who = np.arange(self.position_m.shape[1])
        return (1.0 - part) * self.position_m[row, who] + part * self.position_m[row + 1, who]

    def state(self, t_s, who):
        row, part = self._split(t_s)
        x = np.concatenate([self.position_m, self.speed_mps], axis=2)
        return (1.0 - part) * x[row, who] + part * x[row + 1, who]


def wanderers(start, duration_s, rng, *, config=MATCHED):
    """Let ``start`` (Flights) fly with the process noise of ``config``."""
    n, steps = len(start.start_m), int(duration_s / STEP_S) + 4
    q_h = 2.0 * config.manoeuvre_mps2**2 * config.manoeuvre_time_s
    q_v = 2.0 * config.climb_manoeuvre_mps2**2 * config.manoeuvre_time_s
    x, v = start.start_m.copy(), start.velocity_mps.copy()
    position, speed = np.empty((steps, n, 3)), np.empty((steps, n, 3))
    # one axis of the discrete noise: [[s^3/3, s^2/2], [s^2/2, s]]
    root = np.linalg.cholesky([[STEP_S**3 / 3.0, STEP_S**2 / 2.0], [STEP_S**2 / 2.0, STEP_S]])
    for i in range(steps):
        position[i], speed[i] = x, v
        up = x / np.linalg.norm(x, axis=1)[:, None]
        noise = rng.normal(size=(n, 3, 2)) @ root.T
        along = (noise * up[:, :, None]).sum(axis=1, keepdims=True) * up[:, :, None]
        noise = math.sqrt(q_h) * (noise - along) + math.sqrt(q_v) * along
        x, v = x + STEP_S * v + noise[:, :, 0], v + noise[:, :, 1]
    return Wanderers(position, speed)

    """Wanderers as ``scan`` wants them: its range rate comes from the velocity of the moment."""


def watch(flown, duration_s, rng, *, sites=(0, 1, 2), n_false=0, pd=0.9, reach_m=None, sd=SD):
    """All plots of some of the radars, in order of time; sensor rows count those radars."""
    parts = []
    for row, site in enumerate(sites):
        place, period, phase = PLACES[site], PERIODS[site], PHASES[site]
        for number in range(int(duration_s / period) + 2):
            n = len(flown.start_m)
            t0 = (number - phase / TWO_PI) * period
            t = np.full(n, t0 + 0.5 * period)
            for _ in range(20):
                t = t0 + period * ecef_to_polar(flown.at(t), place)[1] / TWO_PI
            x = flown.state(t, np.arange(n))
            z = np.stack([*ecef_to_polar(x[:, :3], place), range_rate(x[:, :3], x[:, 3:], place)], axis=1)
            z = z + rng.normal(size=(n, 4)) * sd
            keep = (rng.random(n) < pd) & (t > 0.0) & (t < duration_s)
            if reach_m is not None:
                keep &= z[:, 0] < reach_m[site]
            false = rng.uniform([5e3, 0.0, 0.0, -900.0], [300e3, TWO_PI, 0.2, 900.0], (n_false, 4))
            z = np.concatenate([z[keep], false])
            z[:, 1] %= TWO_PI
            when = np.concatenate([t[keep], t0 + period * false[:, 1] / TWO_PI])
            m = len(z)
            parts.append(
                Plots(
                    t_s=when,
                    sensor=np.full(m, row),
                    measurement=z,
                    cov=np.broadcast_to(np.diag(sd**2), (m, 4, 4)).copy(),
                    snr_db=np.full(m, 15.0),
                    pfa=np.full(m, 1e-6),
                    address=np.full(m, -1),
                    label=np.full(m, -1),
                )
            )
    plots = Plots.concat(parts)
    return plots.take(np.lexsort((plots.measurement[:, 0], plots.t_s)))


def parts(sites=(0, 1, 2), *, radars=None):
    """What a tracker of these radars is built from."""
    return {
        "places": [PLACES[s] for s in sites],
        "radars": [make_radar(period_s=PERIODS[s]) for s in sites] if radars is None else radars,
        "periods_s": [PERIODS[s] for s in sites],
        "phases_rad": [PHASES[s] for s in sites],
    }


def play(tracker, plots, duration_s, *, tick_s=10.0):
    """Step through all plots; yield (end of the tick, tracks, looks)."""
    for step in range(round(duration_s / tick_s)):
        until_s = (step + 1) * tick_s
        inside = (plots.t_s > until_s - tick_s) & (plots.t_s <= until_s)
        yield until_s, *tracker.step(plots.take(inside), Tasks.empty(), until_s=until_s)


def errors(tracks, flown):
    """Of confirmed tracks: row of the nearest flight, error (n, 6), NEES (n,)."""
    live = tracks.take(tracks.status == Status.CONFIRMED)
    n = flown.position_m.shape[1]
    who = np.arange(n)
    x = np.concatenate([live.position_ecef_m, live.velocity_ecef_mps], axis=1)
    truth = np.stack([flown.state(np.full(n, t), who) for t in live.t_s]) if len(live) else np.empty((0, n, 6))
    mine = np.linalg.norm(truth[:, :, :3] - x[:, None, :3], axis=2).argmin(axis=1) if len(live) else np.empty(0, int)
    off = x - truth[np.arange(len(live)), mine]
    nees = np.einsum("ni,ni->n", off, np.linalg.solve(live.cov, off[..., None])[..., 0])
    return live, mine, off, nees
