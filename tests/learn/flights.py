"""Campaigns without sensors or a tracker: flights past radars, the looks at them, and a learner that is told.

The truth is played as the models say it is: aspects along a flown path with the attitude's wander, echoes of Swerling 1
that hold their fade as `fluctuation.fading_correlation` says, a calibration error for each radar and type, echoes lost
to the tracker, estimates that lag in turns, and declared types that are wrong as often as their reliability says.
"""

from dataclasses import dataclass, replace

import numpy as np

from tests.learn import scene
from watchfloor.base.picture import Looks, Status, Tracks
from watchfloor.learn.field import revised
from watchfloor.learn.grid import GridLearner, GridLearnerConfig
from watchfloor.learn.share import Evidence
from watchfloor.physics.environment import Environment, Targets
from watchfloor.physics.fluctuation import fading_correlation
from watchfloor.physics.frames import aspect
from watchfloor.physics.radar import look
from watchfloor.physics.rcs import band_of
from watchfloor.world.signature import draw_signature

TICK_S, LOOK_S = 60.0, 10.0
N_LOOKS = int(TICK_S / LOOK_S)
SURROUNDINGS = Environment(place=scene.PLACE)
ONE_BELT = (-15.0, 15.0)
SD_MPS = 4.0
"""Error of a track's velocity, one standard deviation a component. [m/s]"""
LAG_S = 8.0
"""A track's velocity is that of so long ago. [s]"""


def radars(**power_w):
    """Radars by band, of any power; each sees a square metre as far as its power says."""
    frequency = {"VHF": 170e6, "S": 3.0e9, "X": 9.3e9}
    return [scene.radar(frequency_hz=frequency[band], peak_power_w=power) for band, power in power_w.items()]


def learner(cards, own, *, knowledge=None, **settings):
    """Return a learner as a user gets it, but for one belt of cells and no word from speed and altitude."""
    settings = {"kinematic_trust": 0.0} | settings
    settings["field"] = {"elevation_edges_deg": ONE_BELT} | settings.get("field", {})
    return GridLearner(
        GridLearnerConfig(**settings),
        radars=own,
        environments=[SURROUNDINGS] * len(own),
        types=list(cards),
        cards=cards,
        knowledge=knowledge,
    )


class World:
    """What is true: one signature a type, and each radar's calibration error for it.

    Anything with ``level_db(radar, aspect_rad)`` may stand for a type.
    """

    def __init__(self, levels, rng, *, calibration_db=1.0):
        self.levels = levels
        self.calibration_db = {}
        self._rng, self._sd = rng, calibration_db

    @classmethod
    def drawn(cls, cards, own, rng, **options):
        return cls([Drawn(draw_signature(card, rng)) for card in cards.values()], rng, **options)

    def with_levels(self, levels):
        """Return the same world with more in it."""
        out = World(levels, self._rng, calibration_db=self._sd)
        out.calibration_db = self.calibration_db
        return out

    def level_db(self, which, s, radar, aspect_rad):
        if (which, s) not in self.calibration_db:
            self.calibration_db[which, s] = self._sd * self._rng.standard_normal()
        return self.levels[which].level_db(radar, aspect_rad) + self.calibration_db[which, s]

    def cell_db(self, which, s, radar, n_cells=12):
        """True levels of the cells: curves averaged over each, in decibels."""
        fine = (np.arange(n_cells * 32) + 0.5) * np.pi / (n_cells * 32)
        return self.level_db(which, s, radar, fine).reshape(n_cells, 32).mean(axis=1)


@dataclass
class Drawn:
    """A signature as the world draws it."""

    signature: object

    def level_db(self, radar, aspect_rad):
        one = self.signature
        return np.interp(np.abs(aspect_rad), one.aspect_rad, one.dbsm[one.row(band_of(radar.frequency_hz))])


class Stranger:
    """A thing of no known type: a level that all aspects of a band share, and one of each cell."""

    def __init__(self, rng, *, mean_dbsm=0.0, sd_db=15.0, own_db=5.0, n_cells=12):
        self._rng, self._law, self._rows, self._n = rng, (mean_dbsm, sd_db, own_db), {}, n_cells

    def level_db(self, radar, aspect_rad):
        key = radar.frequency_hz
        if key not in self._rows:
            mean, sd, own = self._law
            common = mean + np.sqrt(sd**2 - own**2) * self._rng.standard_normal()
            self._rows[key] = common + own * self._rng.standard_normal(self._n)
        cell = np.minimum((np.abs(aspect_rad) * self._n / np.pi).astype(int), self._n - 1)
        return self._rows[key][cell]


@dataclass
class Paths:
    """n paths of k seconds each: (n, k, 3) places and velocities, east, north, up."""

    place_m: np.ndarray
    velocity_mps: np.ndarray

    def at(self, t_s):
        i = np.clip(np.rint(np.asarray(t_s)).astype(int), 0, self.place_m.shape[1] - 1)
        turn = scene.PLACE.rotation
        return scene.PLACE.ecef_m + self.place_m[:, i] @ turn, self.velocity_mps[:, i] @ turn


def paths(rng, n, duration_s, *, range_m=(60e3, 160e3), altitude_m=(4e3, 10e3), turning=0.3, speed_mps=220.0):
    """Fly n aircraft past the radars, straight but for a share that turns back once."""
    t = np.arange(int(duration_s) + 1)
    start, bearing = rng.uniform(*range_m, n), rng.uniform(0.0, 2.0 * np.pi, n)
    heading = rng.uniform(0.0, 2.0 * np.pi, n)[:, None] + np.zeros((n, len(t)))
    begin, rate = rng.uniform(0.2, 0.6, n) * duration_s, np.deg2rad(1.5) * rng.choice((-1.0, 1.0), n)
    turns = rng.random(n) < turning
    heading += np.where(turns, rate, 0.0)[:, None] * np.clip(t - begin[:, None], 0.0, np.pi / np.deg2rad(1.5))
    velocity = speed_mps * np.stack([np.sin(heading), np.cos(heading), np.zeros_like(heading)], axis=-1)
    place = np.cumsum(velocity, axis=1) - velocity[:, :1]
    place += np.stack([start * np.sin(bearing), start * np.cos(bearing), rng.uniform(*altitude_m, n)], axis=-1)[:, None]
    return Paths(place, velocity)


@dataclass
class Said:
    """What a learner said of a flight."""

    pd: np.ndarray
    """(n, ticks, s) expected Pd of the first look of each tick, from what was known before it. [1]"""
    seen: np.ndarray
    """(n, ticks, s) whether it was above the threshold."""
    identity: np.ndarray
    """(n, types + 1) final."""
    evidence: Evidence
    """What it teaches."""


def fly(
    one,
    world,
    own,
    truth,
    way,
    rng,
    *,
    start_s,
    ticks,
    label=None,
    association=0.98,
    length_m=15.0,
    attitude_deg=0.3,
    gates=True,
    close=True,
):
    """Fly n tracks that are what ``truth`` (n,) says (rows of ``world.levels``) past radars ``own``; ``one`` learns."""
    n = len(truth)
    label = np.full(n, -1) if label is None else label
    number = np.arange(n) + 10
    fade, faced = np.zeros((n, len(own)), complex), np.full((n, len(own)), np.nan)
    pd, seen = np.full((2, n, ticks, len(own)), np.nan)
    flying = tracks(way, 0.0, number, label, start_s, rng, len(own))
    identities, _ = one.step(flying, Looks.empty())
    for tick in range(ticks):
        tasks = one.task(flying, identities, until_s=start_s + TICK_S * tick)
        pd[:, tick], asked = tasks.pd.reshape(n, -1), tasks.pfa.reshape(n, -1)
        parts = []
        for k in range(N_LOOKS):
            for s, radar in enumerate(own):
                t = TICK_S * tick + LOOK_S * (k + (s + 1.0) / (len(own) + 1.0))
                position, velocity = way.at(t)
                power = _echo(world, s, radar, truth, position, velocity, fade, faced, rng, length_m, attitude_deg)
                pfa = asked[:, s] if k == 0 and gates else np.full(n, radar.pfa)
                above = power > -np.log(pfa)
                if k == 0:
                    seen[:, tick, s] = above
                lagged = way.at(max(t - LAG_S, 0.0))[1] + SD_MPS * rng.standard_normal((n, 3))
                snr_db = np.where(above & (rng.random(n) < association), 10.0 * np.log10(power), np.nan)
                parts.append((np.full(n, start_s + t), np.full(n, s), number, position, lagged, snr_db, pfa))
        columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
        names = ("t_s", "sensor", "track", "position_ecef_m", "velocity_ecef_mps", "snr_db", "pfa")
        looks = Looks(**dict(zip(names, columns, strict=True)))
        flying = tracks(way, TICK_S * (tick + 1), number, label, start_s, rng, len(own))
        identities, _ = one.step(flying, looks)
    ended = tracks(way, TICK_S * ticks, number, label, start_s, rng, len(own), status=Status.DROPPED)
    identities, _ = one.step(ended, Looks.empty())
    told = one.evidence()
    if close:
        one.close_flight()
        one.forget_tracks()
    return Said(pd, seen, identities.probability, told)


def tracks(way, t_s, number, label, start_s, rng, n_sensors, status=Status.CONFIRMED):
    """Return the tracker's estimates: places as they are, velocities with their error."""
    position, _ = way.at(t_s)
    velocity = way.at(max(t_s - LAG_S, 0.0))[1] + SD_MPS * rng.standard_normal((len(number), 3))
    n = len(number)
    return Tracks(
        number=number,
        t_s=np.full(n, start_s + t_s),
        position_ecef_m=position,
        velocity_ecef_mps=velocity,
        cov=np.tile(np.diag([100.0**2] * 3 + [SD_MPS**2] * 3), (n, 1, 1)),
        status=np.full(n, int(status)),
        existence=np.ones(n),
        n_hits=np.full(n, 9),
        updated_s=np.full((n, n_sensors), start_s + t_s),
        address=np.full(n, -1),
        label=label,
    )


def _echo(world, s, radar, truth, position, velocity, fade, faced, rng, length_m, attitude_deg):
    """Measured power over the noise (n,) of one look; the fade of each track is carried on."""
    azimuth, _ = aspect(position, velocity, scene.PLACE.ecef_m)
    shown = azimuth + np.deg2rad(attitude_deg) * rng.standard_normal(len(truth))
    level = np.array([world.level_db(w, s, radar, shown[i : i + 1])[0] for i, w in enumerate(truth)])
    seen = look(radar, Targets(ecef_m=position, velocity_ecef_mps=velocity), SURROUNDINGS)
    snr = np.where(seen.visible, seen.snr_1m2, 0.0) * 10.0 ** (0.1 * level)
    change = np.abs((shown - faced[:, s] + np.pi) % (2.0 * np.pi) - np.pi)
    rho = np.sqrt(fading_correlation(np.where(np.isnan(change), 10.0, change), 0.0, radar.wavelength_m, length_m))
    new, noise = (rng.standard_normal((2, len(truth), 2)) @ np.array([1.0, 1j])) * np.sqrt(0.5)
    fade[:, s] = rho * fade[:, s] + np.sqrt(1.0 - rho**2) * new
    faced[:, s] = shown
    return np.abs(np.sqrt(snr) * fade[:, s] + noise) ** 2


def declared(rng, truth, n_types, *, share, reliability=0.98):
    """Draw a declared type for a share of tracks, wrong as `LabelConfig` believes; -1 for none."""
    n = len(truth)
    right = rng.random(n) < reliability
    other = rng.integers(0, n_types, n)  # one of the n others, "not in the list" among them
    wrong = np.where(other >= truth, other + 1, other)
    said = np.where(right, truth, wrong)
    return np.where((rng.random(n) < share) & (said < n_types), said, -1)


def reliable(pd, seen, bins=8):
    """Standard scores (b,) of the hits in bins of expected Pd, independent looks; and what was expected and came."""
    p, hit = pd.ravel(), seen.ravel()
    rows = []
    for part in np.array_split(np.argsort(p, kind="stable"), bins):
        sd = np.sqrt((p[part] * (1.0 - p[part])).sum() + 1.0)  # + 1: a bin near 0 or 1 holds few surprises
        rows.append(((hit[part].sum() - p[part].sum()) / sd, p[part].mean(), hit[part].mean()))
    return np.array(rows).T


def told_the_truth(world, one, own, *, sd_db=0.3):
    """Knowledge of the true levels of all cells of clean types: an oracle's."""
    known = one.knowledge
    levels = np.array([world.cell_db(t, s, own[s]) for s in range(len(own)) for t in range(known.type.max() + 1)])
    log_evidence = -0.5 * ((scene.SIGMA_GRID_DBSM - levels.reshape(-1, 1)) / sd_db) ** 2
    return revised(one.priors, replace(known, log_evidence=log_evidence, n_looks=np.full(len(known), 1e3)))
