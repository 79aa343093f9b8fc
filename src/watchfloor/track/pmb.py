"""Kind ``pmb``: Poisson multi-Bernoulli tracker, each track a mixture of hypotheses, each of these an IMM."""

from __future__ import annotations

import copy
import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Literal, Self

import numpy as np
from pydantic import Field, NonNegativeFloat, PositiveFloat, model_validator

from watchfloor.base.columns import Columns
from watchfloor.base.config import Config
from watchfloor.base.picture import Looks, Plots, Status, Tasks, Tracks
from watchfloor.base.units import FloatArray, IntArray
from watchfloor.physics.environment import Environment
from watchfloor.physics.frames import Place, geodetic_to_ecef
from watchfloor.physics.low_level import LowLevel
from watchfloor.physics.radar import Radar
from watchfloor.track._kernels import gnn, measure
from watchfloor.track._kernels import motion as motions
from watchfloor.track._kernels import pmb as k
from watchfloor.track._kernels.amplitude import said_rows
from watchfloor.track.amplitude import DOUBT_DB, Amplitude, Power
from watchfloor.track.base import Associations, trackers
from watchfloor.track.before_detect import BeforeDetectConfig
from watchfloor.track.clutter import Clutter, ClutterMap, ConstantClutter, Extents
from watchfloor.track.detection import DetectionModel, Expectation, LearnedPd, tasked
from watchfloor.track.engine import Batch, Engine, Station, Swept
from watchfloor.track.gate import gate_limits
from watchfloor.track.looks import NoiseHeard, coded, label_of, source_of
from watchfloor.track.motion import CtConfig, CvConfig, MotionConfig, initial_shares, model_table, sojourns_s
from watchfloor.track.registration import Registration, RegistrationConfig
from watchfloor.track.resolution import Resolution
from watchfloor.track.strobes import AngleTracks, Located, Numbers, StrobeConfig, StrobeTracker, is_strobe
from watchfloor.track.weak import WeakPlots

_UNKNOWN = Extents(range_max_m=500e3)
_NEVER_SEEN_PD = 0.05
_SITES_MAX, _SITE_WEIGHT_MIN = 256, 1e-4
_BACKLOG = 10_000
_UNSET = -(2**62)
_NO_PLOTS = Plots.empty()
_NOTHING_SAID = np.empty((0, 3))
_DOUBT_LIMITS = np.array(DOUBT_DB)
_REFUSED_MAX = 10_000


class SiteConfig(Config):
    """A place where targets appear: an airfield, a gap in the hills, a crossing of the border."""

    lat_deg: float = Field(ge=-90.0, le=90.0)
    """Latitude. [deg]"""
    lon_deg: float = Field(ge=-180.0, le=180.0)
    """Longitude. [deg]"""
    alt_m: float = 0.0
    """Height above the ellipsoid. [m]"""
    radius_km: PositiveFloat = 3.0
    """1-sigma distance from it at which they are first seen. [km]"""
    altitude_sd_m: PositiveFloat = 300.0
    """1-sigma height about ``alt_m`` at which they are first seen. [m]"""
    speed_sd_mps: PositiveFloat = 80.0
    """1-sigma of each horizontal component of their velocity. [m/s]"""
    per_hour: PositiveFloat
    """How many appear. [1/h]"""


class PmbTrackerConfig(Config):
    """Poisson multi-Bernoulli tracker: existence, birth and death are the filter's own, not counted hits.

    Sources: Williams, "Marginal multi-Bernoulli filters: RFS derivation of MHT, JIPDA, and association-based MeMBer",
    *IEEE Trans. AES* 51 (3), 2015, pp. 1664-1687; Williams & Lau, "Approximate evaluation of marginal association
    probabilities with belief propagation", *IEEE Trans. AES* 50 (4), 2014, pp. 2942-2959; Musicki & Evans, "Joint
    integrated probabilistic data association", *IEEE Trans. AES* 40 (3), 2004, and Musicki, La Scala & Evans,
    "Integrated track splitting filter", *IEEE Trans. AES* 43 (4), 2007 (a mixture of hypotheses a track); Blom &
    Bar-Shalom, *IEEE Trans. AC* 33 (8), 1988 (IMM).
    """

    kind: Literal["pmb"] = "pmb"
    """Poisson multi-Bernoulli."""
    motion: MotionConfig = MotionConfig(
        models=(
            CvConfig(manoeuvre_mps2=0.3, climb_manoeuvre_mps2=0.3, sojourn_s=60.0),
            CtConfig(turn_rate_degps=2.5, manoeuvre_mps2=1.5, climb_manoeuvre_mps2=1.0, sojourn_s=20.0),
            CtConfig(turn_rate_degps=-2.5, manoeuvre_mps2=1.5, climb_manoeuvre_mps2=1.0, sojourn_s=20.0),
            CvConfig(manoeuvre_mps2=3.0, climb_manoeuvre_mps2=1.5, sojourn_s=10.0),
        )
    )
    """How targets move. A track of one plot moves straight with the greatest manoeuvre among the models."""
    motion_by_class: bool = False
    """In a scenario, take models from what its types can do instead (speed, load factor): best where few types fly and
    the radar is quick enough to tell their turns."""
    lifetime_s: PositiveFloat = 3600.0
    """How long a target stays, on average. [s]"""
    speed_sd_mps: PositiveFloat = 200.0
    """1-sigma of each horizontal component of an unseen target's velocity. [m/s]"""
    climb_sd_mps: PositiveFloat = 25.0
    """1-sigma of an unseen target's climb, and the most a track may doubt its own. [m/s]"""
    altitude_m: float = Field(default=8000.0, ge=-500.0, le=30_000.0)
    """Expected height above the ellipsoid of an unseen target. [m]"""
    altitude_sd_m: PositiveFloat = 4000.0
    """1-sigma of that height, and the most a track may doubt its own. [m]"""
    gate_probability: float = Field(default=0.9995, gt=0.5, lt=1.0)
    """Chance that a track's own plot lies inside its gate. [1]"""
    update: Literal["ekf", "ukf", "ckf"] = "ekf"
    """Measurement update: extended, unscented or cubature Kalman filter."""
    hypotheses: int = Field(default=4, ge=1, le=32)
    """Stories of which plots were its own that each track keeps; 1 joins them all at once. [1]"""
    join_distance: NonNegativeFloat = 1.0
    """Stories nearer than this (squared, in standard deviations of the likelier) are joined. [1]"""
    story_min: float = Field(default=1e-3, gt=0.0, lt=0.5)
    """Stories less likely than this are forgotten. [1]"""
    sharpness: float = Field(default=5.0, ge=1.0, le=50.0)
    """How firmly close targets are told apart: 1 takes marginals as they are, and close tracks run together. [1]"""
    exact_max: int = Field(default=4096, ge=0)
    """Clusters are solved exactly up to so many multiplications, larger ones by belief propagation. [1]"""
    births: Literal["anywhere", "learned"] = "anywhere"
    """Where targets appear: evenly over what a sensor surveys, or also where they have appeared before."""
    births_per_scan: NonNegativeFloat = 1.0
    """New targets that one turn or frame of one sensor is expected to show. [1]"""
    unseen_at_start: NonNegativeFloat = 20.0
    """Targets expected to be there when a sensor is switched on. [1]"""
    site_sd_m: PositiveFloat = 2000.0
    """1-sigma distance from a learned place at which others appear. [m]"""
    sites: tuple[SiteConfig, ...] = ()
    """Known places of appearance, besides ``births``."""
    pd: float = Field(default=0.8, gt=0.0, lt=1.0)
    """Probability of detection a look where nothing else tells; learned by range for sensors without radar data. [1]"""
    detection: Literal["constant", "physics"] = "constant"
    """What a radar's look expects where no task says: ``pd`` within its extents, or what its physics gives there."""
    wrong_heights: float = Field(default=0.002, ge=0.0, lt=0.5)
    """Share of the heights that targets report to sensors without radar data that are wrong (garbled Mode C). [1]"""
    hidden_s: NonNegativeFloat = 0.0
    """How long a target stays out of a sensor's sight once it is, for reasons that no model tells (a transponder in a
    bank, a building): misses in a row then end no track for about so long; 0 for always in sight. [s]"""
    hidden_every_s: PositiveFloat = 600.0
    """How long it stays in sight before, on average. [s]"""
    clutter: Literal["learned", "constant"] = "constant"
    """Density of false plots: an even spread of ``false_per_scan``, or a map that is learned, for clutter that lies in
    patches (among many targets at once, the map takes those not yet tracked for clutter)."""
    false_per_scan: PositiveFloat | None = None
    """False plots expected a turn, at first; left out, from the radar's false-alarm rate, 1 without radar data. [1]"""
    unresolved: bool = False
    """Whether two targets in one resolution cell of a radar may have given one plot between them. Where a radar tells
    apart what lies in one cell (plots are rarely merged), tracks of close traffic are better without."""
    power: bool = False
    """Weigh the power of plots: a radar's false plots are then taken to be noise, a track's to be of one level."""
    power_expected: bool = False
    """Weigh the power of plots by what tasks expect of a track's echo; of other targets nothing is taken to be known.
    False plots are taken to be noise."""
    identity: bool = True
    """Whether cooperative addresses help association; without, tracks still carry the address last heard."""
    first_plot_max: float = Field(default=0.5, gt=0.0, le=1.0)
    """Most existence that one plot alone gives: not all that is false is in the density of false plots. [1]"""
    confirm_existence: float = Field(default=0.9, gt=0.0, lt=1.0)
    """Probability of existence that confirms a track ... [1]"""
    lose_existence: float = Field(default=0.3, gt=0.0, lt=1.0)
    """... below which it is tentative again ... [1]"""
    show_existence: float = Field(default=0.3, gt=0.0, lt=1.0)
    """... from which a new one is shown as tentative ... [1]"""
    drop_existence: float = Field(default=1e-4, gt=0.0, lt=0.1)
    """... below which it ends. [1]"""
    lost_km: PositiveFloat = 30.0
    """... and it ends when its place is in doubt by this much, 1 sigma: no plot could be told to be its own. [km]"""
    batches_per_turn: int = Field(default=2, ge=2, le=64)
    """Plots are taken in so many parts of a turn: each waits for the end of its part, not of the turn. [1]"""
    late_plots_s: NonNegativeFloat = 0.0
    """Plots up to so late are put in their place and what came after is played again; 0 takes them as they come. [s]"""
    tracks_max: int = Field(default=50_000, ge=1)
    """No more tracks than so many, the likeliest first. [1]"""
    registration: RegistrationConfig | None = None
    """Estimate the sensors' systematic errors and take them off; left out, they are taken to be right."""
    strobes: StrobeConfig = StrobeConfig()
    """How directions of jammers are followed and crossed."""
    before_detect: BeforeDetectConfig | None = None
    """Start tracks from paths through the weak plots of radars that have a ``low_level``; not with ``late_plots_s``."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.drop_existence < self.lose_existence <= self.confirm_existence:
            raise ValueError(
                "drop_existence < lose_existence <= confirm_existence is wanted, got "
                f"{self.drop_existence}, {self.lose_existence}, {self.confirm_existence}"
            )
        if self.before_detect is not None and self.late_plots_s > 0.0:
            raise ValueError("before_detect searches turns once: it goes with late_plots_s of 0 only")
        return self


class Refusal(IntEnum):
    """Why a plot is refused."""

    NO_SENSOR = k.NO_SENSOR
    """Its sensor is not among the tracker's."""
    SENSOR_OFF = k.OFF
    """Its sensor is switched off."""
    NO_NUMBER = k.NO_NUMBER
    """Its time or a component is not finite or absurd, its range not above 0, or nothing is measured.

    Absurd are lengths and speeds beyond 1e9, angles beyond 7 rad.
    """
    NO_COVARIANCE = k.NO_COVARIANCE
    """Its covariance is not positive definite where it measured, or beyond 1e18 or below 1e-24."""
    WRONG_TIME = k.WRONG_TIME
    """Its time lies more than a turn ahead of the tick, or too far back."""
    TWICE = k.TWICE
    """The same sensor has declared the same plot in this step."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Refused(Columns):
    """Plots refused in a step."""

    row: IntArray
    """(n,) row of the plots given."""
    why: IntArray
    """(n,) a ``Refusal``."""

    @classmethod
    def none(cls) -> Refused:
        """Return a table without rows."""
        return cls(row=np.empty(0, np.int64), why=np.empty(0, np.int64))


def _settings(config: PmbTrackerConfig) -> FloatArray:
    out = np.zeros(k.N_SETTINGS)
    out[k.LIFETIME], out[k.ALTITUDE], out[k.ALTITUDE_SD] = config.lifetime_s, config.altitude_m, config.altitude_sd_m
    out[k.CLIMB_SD], out[k.SPEED_SD] = config.climb_sd_mps, config.speed_sd_mps
    out[k.PRUNE], out[k.WEIGHT_MIN], out[k.MERGE_D2] = config.drop_existence, config.story_min, config.join_distance
    out[k.CONFIRM], out[k.LOSE] = config.confirm_existence, config.lose_existence
    out[k.LOST] = 1e3 * config.lost_km
    out[k.BIRTH_MIN], out[k.BIRTH_MAX] = config.drop_existence, config.first_plot_max
    out[k.IDENTITY], out[k.SCHEME] = config.identity, ("ekf", "ukf", "ckf").index(config.update)
    out[k.GATE :] = gate_limits(config.gate_probability)
    return out


@trackers.register("pmb", PmbTrackerConfig)
class PmbTracker:
    """One picture from several sensors; existence, hypotheses and models are the filter's own.

    A sensor's plots are played in batches of a turn or a part of one, batches in the order of their ends. A batch takes
    the tracks that the beam passed in it; one whose gate reaches beyond the batch waits, with all that shares its
    plots, for the next. Each track is moved to the time the beam passes it, each plot is used at its own time.

    Parameters
    ----------
    config : PmbTrackerConfig
        Settings.
    places : sequence of Place
        Where each sensor stands; rows as in ``Plots.sensor``.
    radars : sequence of Radar or None
        Each sensor's own data; None for a secondary sensor, which gives no looks.
    periods_s : sequence of float
        Time of one turn. [s]
    phases_rad : sequence of float
        Azimuth of the beam at time 0, NaN where the beam does not turn: plots are then taken in frames. [rad]
    active : sequence of bool, optional
        Sensors that are switched on; all when left out.
    offsets_s : sequence of float, optional
        Start of a frame where the phase is NaN; 0 when left out. [s]
    environments : sequence of Environment, optional
        What surrounds each sensor; wanted where ``detection`` is ``physics``.
    low_levels : sequence of LowLevel or None, optional
        Where each sensor has a second, lower threshold; ``before_detect`` is then wanted.

    Raises
    ------
    ValueError
        If the sequences differ in length, a period is not above 0, physics is asked for without environments, or there
        are low levels without ``before_detect``.

    Notes
    -----
    See the page "The filter" of the documentation. Where a cluster of tracks and plots is too large to be solved
    exactly, belief propagation is stopped after 200 sweeps; what it then holds is scaled to be probabilities, and
    counted in ``n_capped``.

    Examples
    --------
    >>> tracker = PmbTracker(PmbTrackerConfig(), places=[Place(0.7, 0.5, 0.0)], radars=[None], periods_s=[4.0],
    ...     phases_rad=[0.0])
    >>> tracks, looks = tracker.step(Plots.empty(), Tasks.empty(), until_s=4.0)
    >>> len(tracks)
    0
    """

    def __init__(
        self,
        config: PmbTrackerConfig,
        *,
        places: Sequence[Place],
        radars: Sequence[Radar | None],
        periods_s: Sequence[float],
        phases_rad: Sequence[float],
        active: Sequence[bool] | None = None,
        offsets_s: Sequence[float] | None = None,
        environments: Sequence[Environment] | None = None,
        low_levels: Sequence[LowLevel | None] | None = None,
    ) -> None:
        n = len(places)
        stations, clutter, detection = [], [], []
        offsets = [0.0] * n if offsets_s is None else offsets_s
        around: Sequence[Environment | None] = [None] * n if environments is None else environments
        for place, radar, period_s, phase_rad, offset_s, environment in zip(
            places, radars, periods_s, phases_rad, offsets, around, strict=True
        ):
            extents = _UNKNOWN if radar is None else Extents.of(radar)
            area = 0.5 * extents.azimuth_width_rad * (extents.range_max_m**2 - extents.range_min_m**2)
            stations.append(
                Station(
                    origin_m=place.ecef_m,
                    axes=place.rotation,
                    period_s=period_s,
                    phase_rad=phase_rad,
                    offset_s=offset_s,
                    area_m2=area,
                    garbled=config.wrong_heights if radar is None else 0.0,
                )  # fmt: skip
            )
            false = config.false_per_scan
            if radar is None and false is None:
                false = 1.0
            make = ClutterMap if config.clutter == "learned" else ConstantClutter
            clutter.append(make(extents if radar is None else radar, false_per_scan=false))
            if radar is None:
                detection.append(LearnedPd(config.pd, range_max_m=extents.range_max_m))
            elif config.detection == "physics":
                if environment is None:
                    raise ValueError("detection 'physics' needs the environments of the sensors")
                detection.append(DetectionModel(radar, environment))
            else:
                detection.append(config.pd)
        self._set_up(
            config,
            stations,
            flat=False,
            clutter=clutter,
            detection=detection,
            active=active,
            radars=radars,
            places=places,
        )
        if low_levels is not None and any(low is not None for low in low_levels):
            if config.before_detect is None:
                raise ValueError("a sensor has a low_level, and nothing takes its weak plots: state before_detect")
            self._weak = WeakPlots(
                config.before_detect,
                self._engine,
                places=places,
                radars=radars,
                low_levels=low_levels,
                phases_rad=phases_rad,
                altitude_m=config.altitude_m,
                altitude_sd_m=config.altitude_sd_m,
                climb_sd_mps=config.climb_sd_mps,
            )
        sites = _sites(config, self._n_state)
        self._site_rate, self._site_x, self._site_p = sites

    @classmethod
    def over(
        cls,
        config: PmbTrackerConfig,
        stations: Sequence[Station],
        *,
        clutter: Sequence[Clutter],
        detection: Sequence[float | Expectation],
        sites: tuple[FloatArray, FloatArray, FloatArray] | None = None,
    ) -> Self:
        """Return a tracker in a flat frame of its own (x east, y north, z up) instead of over the Earth.

        Parameters
        ----------
        config : PmbTrackerConfig
            Settings; heights are z. ``registration``, ``power`` and strobes are for sensors over the Earth.
        stations : sequence of Station
            The sensors; polar or Cartesian.
        clutter : sequence of Clutter
            False plots of each.
        detection : sequence of float or Expectation
            Probability of detection of each.
        sites : (c,), (c, 6), (c, 6, 6) arrays, optional
            Places of births: how many appear a second, mean state, covariance. [1/s; m, m/s]

        Returns
        -------
        PmbTracker
            Its ``Tracks`` and ``Looks`` hold positions of the flat frame.
        """
        made = cls.__new__(cls)
        made._set_up(config, stations, flat=True, clutter=clutter, detection=detection)
        if sites is not None:
            rate, x, p = sites
            nx = made._n_state
            made._site_rate = np.asarray(rate, np.float64)
            made._site_x, made._site_p = np.zeros((len(rate), nx)), np.tile(np.eye(nx), (len(rate), 1, 1))
            made._site_x[:, :6], made._site_p[:, :6, :6] = x, p
        return made

    def _set_up(
        self,
        config: PmbTrackerConfig,
        stations: Sequence[Station],
        *,
        flat: bool,
        clutter: Sequence[Clutter],
        detection: Sequence[float | Expectation],
        active: Sequence[bool] | None = None,
        radars: Sequence[Radar | None] | None = None,
        places: Sequence[Place] | None = None,
    ) -> None:
        n = len(stations)
        if len(clutter) != n or len(detection) != n:
            raise ValueError(
                f"{n} stations need as many of clutter and detection, got {len(clutter)}, {len(detection)}"
            )
        table, nx = model_table(config.motion)
        first = np.zeros(motions.N_MODEL)
        first[motions.Q_H], first[motions.Q_V] = table[:, motions.Q_H].max(), table[:, motions.Q_V].max()
        turns = np.abs(table[:, motions.RATE])
        # a turn at constant speed looks like noise to a straight model; the mean of v^2 w^2 over two seconds of it
        first[motions.Q_H] = max(first[motions.Q_H], 2.0 * (config.speed_sd_mps * float(turns.max())) ** 2)
        first[motions.ACC_SD], first[motions.RATE_SD], first[motions.TAU] = table[0, motions.ACC_SD], 0.05, 1.0
        if len(table) == 1 and table[0, motions.KIND] in (motions.CV, motions.CV_HELD):
            first = table[0]
        if len(table) == 1:  # a track never has more than the one
            first = table[0].copy()
        self.config, self._stations, self._n_state = config, tuple(stations), nx
        self._engine = Engine(
            stations, flat=flat, models=np.vstack([table, first]), sojourn_s=sojourns_s(config.motion),
            shares=initial_shares(config.motion), n_state=nx, settings=_settings(config), hypotheses=config.hypotheses,
            sharpness=config.sharpness, exact_max=config.exact_max, sweeps_max=200, tolerance=1e-3,
            tracks_max=config.tracks_max,
        )  # fmt: skip
        self._clutter = list(clutter)
        self._detection: list[float | Expectation] = list(detection)
        self._radars = [None] * n if radars is None else list(radars)
        weighs = config.power or config.power_expected
        self._amplitude = [None if not weighs or r is None else Amplitude(r) for r in self._radars]
        self._said = _NOTHING_SAID, _NOTHING_SAID
        self._resolution = [None if not config.unresolved or r is None else Resolution(r) for r in self._radars]
        self._active = np.ones(n, np.bool_) if active is None else np.asarray(active, np.bool_)
        self._length = self._engine.sensors[:, gnn.PERIOD] / np.where(
            self._engine.sensors[:, gnn.ROTATES] > 0.0, config.batches_per_turn, 1
        )
        self._site_rate, self._site_x, self._site_p = np.empty(0), np.empty((0, nx)), np.empty((0, nx, nx))
        self._site_t = math.nan
        self._learned = np.empty((0, 4))  # place, how many
        self._learned_states: tuple[FloatArray, FloatArray] | None = None
        self._taught: set[int] = set()
        self._unseen = np.full(n, config.unseen_at_start)
        self._next = np.full(n, _UNSET)
        self._pending: list[Plots] = [_NO_PLOTS] * n
        self._seeds: list[IntArray] = [np.empty(0, np.int64) for _ in range(n)]
        self._seed, self._numbers = 0, Numbers()
        self._until_s, self._tasks_before = -math.inf, Tasks.empty()
        self._before = Tracks.empty(n)
        self._history: deque[tuple[float, dict[str, Any], list[Plots], list[IntArray], Tasks]] = deque()
        self._names: dict[int, int] = {}
        self._counts = dict.fromkeys(Refusal, 0)
        self._found: list[Any] = []  # pairs of the last step, worked out when asked for
        self._associations: Associations | None = None
        self._refused = Refused.none()
        self._n_capped, self._sight = 0, np.empty(0)
        self._registration = self._strobes = None
        self._weak: WeakPlots | None = None
        self._angles: AngleTracks | None = None
        self._located = Located.empty(n)
        if places is not None:
            if config.registration is not None and n > 1:
                self._registration = Registration(n, config.registration, places)
            periods = [s.period_s for s in stations]
            self._strobes = StrobeTracker(config.strobes, places=places, periods_s=periods, numbers=self._numbers)
        self._heard = NoiseHeard(self._radars, [s.period_s for s in stations], [s.phase_rad for s in stations])

    # what can be asked

    @property
    def associations(self) -> Associations:
        """Which plots confirmed tracks took in the last step."""
        if self._associations is None:
            pairs = [self._pairs(*one) for one in self._found]
            self._associations = Associations.concat(pairs) if pairs else Associations.empty()
        return self._associations

    @property
    def refused(self) -> Refused:
        """Plots refused in the last step, the first 10,000."""
        return self._refused

    @property
    def rejections(self) -> dict[Refusal, int]:
        """How many plots were refused so far, by reason."""
        return dict(self._counts)

    @property
    def n_rejected(self) -> int:
        """Plots refused so far."""
        return sum(self._counts.values())

    @property
    def n_capped(self) -> int:
        """Tracks (each time anew) whose association was not solved exactly and did not converge either."""
        return self._n_capped

    @property
    def registration(self) -> Registration | None:
        """Systematic errors of the sensors, where they are estimated."""
        return self._registration

    @property
    def angle_tracks(self) -> AngleTracks | None:
        """Directions of jammers that single radars follow; None before the first strobe."""
        return self._angles

    def picture(self, at_s: float) -> Tracks:
        """Tracks moved to a time, asked for at any time; nothing changes.

        Parameters
        ----------
        at_s : float
            The time. [s]

        Raises
        ------
        ValueError
            If it is not finite.
        """
        if not math.isfinite(at_s):
            raise ValueError(f"at_s must be finite, got {at_s!r}")
        rows = self._shown()
        tracks = self._table(rows, at_s)
        fade = np.exp(-np.maximum(at_s - self._engine.t[rows], 0.0) / self.config.lifetime_s)
        tracks = _with(tracks, existence=tracks.existence * fade)
        if not len(self._located):
            return tracks
        jammers = self._located.as_tracks()
        there = jammers.position_ecef_m + (at_s - jammers.t_s)[:, None] * jammers.velocity_ecef_mps
        moved = _with(jammers, position_ecef_m=there, t_s=np.full(len(jammers), at_s))
        both = Tracks.concat([tracks, moved])
        return both.take(np.argsort(both.number))

    # one tick

    def step(self, plots: Plots, tasks: Tasks, *, until_s: float) -> tuple[Tracks, Looks]:
        """Take the plots of one tick; see ``Tracker.step``.

        Raises
        ------
        ValueError
            If ``until_s`` goes back in time or is not finite.
        """
        if not (until_s >= self._until_s and math.isfinite(until_s)):
            raise ValueError(f"time goes forward: until_s {until_s!r} comes after {self._until_s!r}")
        plots, seeds = self._accepted(plots, until_s)
        if self._registration is not None:
            plots = self._registration.correct(plots)
        plots, seeds = self._without_strobes(plots, seeds, until_s)
        if self._weak is not None:
            plots, seeds = self._weak.sort_out(plots, seeds)
        if len(self._stations) == 1:
            parts, numbers = [plots], [seeds]
        else:
            by_sensor = [np.flatnonzero(plots.sensor == s) for s in range(len(self._stations))]
            parts, numbers = [plots.take(rows) for rows in by_sensor], [seeds[rows] for rows in by_sensor]
        if self.config.late_plots_s > 0.0:
            looks, found = self._replayed(parts, numbers, tasks, until_s)
        else:
            looks, found = self._play(parts, numbers, tasks, until_s)
        if self._weak is not None:
            self._weak.search(until_s)
        self._found, self._associations = found, None
        if self._registration is not None:
            self._registration.step(self.associations, until_s=until_s)
        return self._told(), Looks.concat(looks) if looks else Looks.empty()

    def _accepted(self, plots: Plots, until_s: float) -> tuple[Plots, IntArray]:
        """Refuse what cannot be used; the rest in the order of time and range, with a number each."""
        n = len(plots)
        why = np.zeros(n, np.int64)
        if n == 0:
            self._refused = Refused.none()
            return plots, why
        t, sensor = np.ascontiguousarray(plots.t_s, np.float64), np.ascontiguousarray(plots.sensor, np.int64)
        z, cov = np.ascontiguousarray(plots.measurement, np.float64), np.ascontiguousarray(plots.cov, np.float64)
        oldest = until_s - _BACKLOG * float(self._length.max()) if math.isfinite(self._until_s) else -math.inf
        bad = k.check(t, sensor, z, cov, self._engine.sensors, self._active, float(until_s), oldest, why)
        order = np.lexsort((z[:, 0], t))
        if n > 1:
            a, b = order[:-1], order[1:]
            same = (t[a] == t[b]) & (sensor[a] == sensor[b]) & (z[a, 0] == z[b, 0])
            if same.any():
                again = b[same][(np.nan_to_num(z[a[same]]) == np.nan_to_num(z[b[same]])).all(axis=1)]
                again = again[why[again] == k.FINE]
                why[again] = k.TWICE
                bad += len(again)
        if bad:
            rows = np.flatnonzero(why)
            for code, count in zip(*np.unique(why[rows], return_counts=True), strict=True):
                self._counts[Refusal(int(code))] += int(count)
            self._refused = Refused(row=rows[:_REFUSED_MAX], why=why[rows[:_REFUSED_MAX]])
            order = order[why[order] == k.FINE]
        elif len(self._refused):
            self._refused = Refused.none()
        seeds = np.arange(self._seed + 1, self._seed + 1 + len(order))
        self._seed += len(order)
        if len(order) == n and (order[1:] > order[:-1]).all():
            return plots, seeds
        return plots.take(order), seeds

    def _without_strobes(self, plots: Plots, seeds: IntArray, until_s: float) -> tuple[Plots, IntArray]:
        """Pass directions without a range on to the strobe tracker; the rest are plots."""
        if self._strobes is None:
            return plots, seeds
        strobe = is_strobe(plots)
        if strobe.any():
            strobe &= np.array([r is not None for r in self._radars])[plots.sensor]
        if strobe.any() or self._angles is not None:
            strobes = plots.take(strobe)
            self._heard.hear(strobes, until_s=until_s)
            self._angles, self._located = self._strobes.step(strobes, until_s=until_s)
            plots, seeds = plots.take(~strobe), seeds[~strobe]
        return plots, seeds

    def _play(
        self, parts: list[Plots], seeds: list[IntArray], tasks: Tasks, until_s: float
    ) -> tuple[list[Looks], list[Any]]:
        """Play every batch that ends by ``until_s``, in the order of their ends."""
        if self.config.power_expected:
            self._said = _said_of(self._tasks_before), _said_of(tasks)
            laws = np.concatenate((self._tasks_before.swerling, tasks.swerling))
            for amplitude in self._amplitude:
                if amplitude is not None:
                    amplitude.add_laws(laws)
        for s, part in enumerate(parts):
            if len(part):
                if not len(self._pending[s]):  # a part comes in the order of time
                    self._pending[s], self._seeds[s] = part, seeds[s]
                    continue
                both = Plots.concat([self._pending[s], part])
                number = np.concatenate([self._seeds[s], seeds[s]])
                order = np.argsort(both.t_s, kind="stable")
                self._pending[s], self._seeds[s] = both.take(order), number[order]
        looks: list[Looks] = []
        found: list[Any] = []
        offset, length = self._engine.sensors[:, gnn.OFFSET], self._length
        last = np.floor((until_s - offset) / length + 1e-9).astype(np.int64)  # batches below end by until_s
        for s in range(len(parts)):
            if self._next[s] == _UNSET:
                first = min(self._soonest_s(), until_s)
                self._next[s] = min(int(math.floor((first - offset[s]) / length[s] + 1e-9)), int(last[s]))
        while True:
            waiting = self._active & (self._next < last)
            if not waiting.any():
                break
            ends = np.where(waiting, offset + (self._next + 1) * length, math.inf)
            s = int(np.argmin(ends))
            if self._engine.n_alive == 0:  # nothing to miss: go where the next plot of any sensor is
                plot_s = self._soonest_s()
                if plot_s >= ends[s]:
                    at = (plot_s - offset[s]) / length[s] + 1e-9
                    to = min(math.floor(at), int(last[s])) if plot_s < math.inf else int(last[s])
                    self._next[s] = max(to, int(self._next[s]) + 1)
                    continue
            self._batch(s, float(ends[s] - length[s]), float(ends[s]), tasks, looks, found)
            self._next[s] += 1
        self._tasks_before, self._until_s = tasks, until_s
        return looks, found

    def _soonest_s(self) -> float:
        """Time of the first plot that waits; inf for none."""
        return min((float(plots.t_s[0]) for plots in self._pending if len(plots)), default=math.inf)

    def _batch(self, s: int, t0: float, t1: float, tasks: Tasks, looks: list[Looks], found: list[Any]) -> None:
        """Play one batch of one sensor."""
        e, config = self._engine, self.config
        table, seed = self._pending[s], self._seeds[s]
        m = int(np.searchsorted(table.t_s, t1))
        if m == 0 and e.n_alive == 0:
            return
        now = slice(0, m)
        batch = Batch(
            t_s=table.t_s[now],
            z=np.ascontiguousarray(table.measurement[now]),
            cov=np.ascontiguousarray(table.cov[now]),
            snr_db=np.asarray(table.snr_db[now], np.float64),
            pfa=np.asarray(table.pfa[now], np.float64),
            address=np.asarray(table.address[now], np.int64),
            label=coded(table.label[now], table.label_source[now]),
            seed=seed[now],
        )
        rows, sweep_s, complete = e.passed(s, t0, t1, batch)
        pd, level, doubt, gain = self._expected(s, rows, sweep_s, tasks)
        amplitude = self._amplitude[s]
        if config.hidden_s > 0.0:
            pd = self._in_sight(s, rows, sweep_s, e.looked[rows, s], pd)
        power = None
        if amplitude is not None and m:
            power = self._power(s, amplitude, rows, sweep_s, tasks, level, doubt, batch, table)
        # where a task has lowered the threshold, noise crosses it more often than the map of false plots says
        lowered = self._lowered(s, batch.pfa)
        density = np.maximum(self._clutter[s].density(batch.z) * lowered, 1e-300)
        part = self._length[s] / float(e.sensors[s, gnn.PERIOD])
        e.settings[k.UNSEEN] = self._unseen[s]
        known = self._detection[s]
        birth_pd = float(known) if isinstance(known, int | float) else config.pd
        self._appear(t1 if not len(batch.t_s) else float(batch.t_s[0]), birth_pd)
        existed = e.r[rows]
        swept = e.scan(
            s, batch, t0, t1, rows, sweep_s, complete, pd=pd, birth_pd=birth_pd, clutter=density, site_t_s=self._site_t,
            power=power, resolution=self._resolution[s],
        )  # fmt: skip
        self._n_capped += swept.n_capped
        self._unseen[s] = self._unseen[s] * (1.0 - birth_pd * part) + config.births_per_scan * part
        if len(self._site_rate) or len(self._learned):
            w, x, p = e.sites
            e.sites = w * (1.0 - birth_pd * part), x, p
        if m:
            wait = swept.later
            if wait.any():
                rest = np.concatenate([np.flatnonzero(wait), np.arange(m, len(table))])
                self._pending[s], self._seeds[s] = table.take(rest), seed[rest]
                self._clutter[s].learn(batch.z[~wait], (swept.p_false / lowered)[~wait])
            else:
                self._pending[s] = table.take(slice(m, None)) if m < len(table) else _NO_PLOTS
                self._seeds[s] = seed[m:]
                self._clutter[s].learn(batch.z, swept.p_false / lowered)
        elif part == 1.0:
            self._clutter[s].learn(batch.z, swept.p_false / lowered)
        if config.hidden_s > 0.0 and len(rows):
            done = np.flatnonzero(~swept.waits)
            of, hit = rows[done], swept.p_hit[done]
            seen, now_pd = self._sight[done], pd[done]
            full = np.divide(now_pd, seen, out=np.zeros_like(seen), where=seen > 0.0)  # pd in sight
            # a track beside which another took the plot is no hidden target, but perhaps none at all
            unseen = np.where(swept.n_gated[done] == 0, seen * (1.0 - full) / (1.0 - now_pd), seen)
            e.seen[of, s] = hit + (1.0 - hit) * unseen
        self._learn(s, swept, batch, existed, level, doubt, gain)
        if self._weak is not None:
            self._weak.learn(s, swept, batch)
        self._report(s, swept, batch, table, tasks, looks, found)

    def _power(
        self,
        s: int,
        amplitude: Amplitude,
        rows: IntArray,
        sweep_s: FloatArray,
        tasks: Tasks,
        level: FloatArray,
        doubt: FloatArray,
        batch: Batch,
        table: Plots,
    ) -> Power:
        """What powers are weighed by: each track's own level, or what tasks say of it."""
        plot_db, new = batch.snr_db, 1.0
        if self.config.power_expected:
            e, before = self._engine, self._tasks_before
            number, early = e.marks[rows, k.NUMBER], sweep_s < self._until_s
            if self.config.power:
                level, doubt = level.copy(), doubt.copy()
            else:
                level, doubt = np.full(len(rows), math.inf), np.ones(len(rows))
            said_before, said = self._said
            said_rows(
                number, s, early, before.track, before.sensor, said_before, tasks.track, tasks.sensor, said,
                _DOUBT_LIMITS, amplitude.part_db, level, doubt,
            )  # fmt: skip
            noise_db = table.noise_db[: len(plot_db)]
            if noise_db.any():
                plot_db = plot_db - noise_db
            if len(self._heard.t_s) and len(rows):
                z, _ = e.foresee(s, rows, sweep_s)
                level = level - np.nan_to_num(self._heard.at(np.full(len(rows), s), sweep_s, z[:, 1]))
            new = np.exp(amplitude.log_ratio_unknown(plot_db, pfa=batch.pfa))
        return Power(level, doubt, plot_db, amplitude.n_pulses, amplitude.p_other, amplitude.table, new)

    def _lowered(self, s: int, pfa: FloatArray) -> FloatArray:
        """How many times more often than at the radar's own threshold noise gives each plot, at least 1."""
        radar = self._radars[s]
        if radar is None or not len(pfa):
            return np.ones(len(pfa))
        return np.fmax(pfa / radar.pfa, 1.0)

    def _expected(
        self, s: int, rows: IntArray, sweep_s: FloatArray, tasks: Tasks
    ) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Pd of each track, and where powers are weighed level, doubt and gain of its echo."""
        e, expectation = self._engine, self._detection[s]
        n = len(rows)
        radar = self._radars[s]
        level = doubt = gain = np.empty(0)
        if isinstance(expectation, int | float):
            pd = np.full(n, float(expectation))
            if radar is not None and n:
                z, _ = e.foresee(s, rows, sweep_s)
                seen = (z[:, 0] >= radar.range_min_m) & (z[:, 0] <= radar.range_max_m)
                seen &= (z[:, 2] >= radar.elevation_min_rad) & (z[:, 2] <= radar.elevation_max_rad)
                pd[~seen] = 1e-3
                if self._amplitude[s] is not None and self.config.power:
                    gain = -40.0 * np.log10(np.maximum(z[:, 0], 1.0)) + 220.0
        elif isinstance(expectation, DetectionModel):
            z, variance = e.foresee(s, rows, sweep_s)
            known = self._amplitude[s] is not None and self.config.power
            own = {"level_dbsm": e.level[rows, 0], "doubt_db": e.level[rows, 1]} if known else {}
            pd, snr = expectation.expect_polar(z, variance, **own)
            if known:
                gain = 10.0 * np.log10(np.maximum(snr, 1e-30)) - e.level[rows, 0]
        else:
            z, variance = e.foresee(s, rows, sweep_s)
            pd, _ = expectation.expect_polar(z, variance)
            pd = np.where(e.updated[rows, s] > -math.inf, pd, _NEVER_SEEN_PD)
        if self._amplitude[s] is not None and self.config.power:
            level, doubt = e.level[rows, 0] + gain, e.level[rows, 1].copy()
        if self._weak is not None:
            pd = self._weak.expected(s, rows, sweep_s, pd)
        if len(tasks) or len(self._tasks_before):
            number = e.marks[rows, k.NUMBER]
            before, now = tasked(pd, number, s, self._tasks_before), tasked(pd, number, s, tasks)
            pd = np.where(sweep_s < self._until_s, before, now)
        return np.clip(pd, 1e-3, 0.999), level, doubt, gain

    def _in_sight(
        self, s: int, rows: IntArray, sweep_s: FloatArray, looked_s: FloatArray, pd: FloatArray
    ) -> FloatArray:
        """Pd of tracks that may be out of the sensor's sight: two states, in sight and not, that come by turns."""
        e, hidden_s, every_s = self._engine, self.config.hidden_s, self.config.hidden_every_s
        share = every_s / (every_s + hidden_s)
        age = np.where(looked_s > -math.inf, np.maximum(sweep_s - looked_s, 0.0), math.inf)
        fade = np.exp(-age * (1.0 / hidden_s + 1.0 / every_s))
        self._sight = share + (e.seen[rows, s] - share) * fade
        return np.clip(pd * self._sight, 1e-3, 0.999)

    def _appear(self, t_s: float, pd: float) -> None:
        """Move what is unseen near places of births to ``t_s`` and let more appear."""
        rate, fresh_x, fresh_p = self._site_rate, self._site_x, self._site_p
        if len(self._learned):
            total = self.config.births_per_scan / float(self._length.min())
            share = self._learned[:, 3] / (self._learned[:, 3].sum() + 3.0)
            if self._learned_states is None:
                self._learned_states = self._site_states(self._learned[:, :3])
            x, p = self._learned_states
            rate = np.concatenate([rate, total * share])
            fresh_x, fresh_p = np.concatenate([fresh_x, x]), np.concatenate([fresh_p, p])
        if not len(rate):
            return
        e = self._engine
        w, x, p = e.sites
        dt = t_s - self._site_t if math.isfinite(self._site_t) else float(self._length.min())
        if dt <= 0.0 and len(w):
            return
        e.sites = k.appear(
            e.models[-1],
            dt,
            e.flat,
            math.exp(-dt / self.config.lifetime_s),
            _SITE_WEIGHT_MIN,
            w,
            x,
            p,
            rate * dt,
            fresh_x,
            fresh_p,
            _SITES_MAX,
        )
        self._site_t = t_s

    def _site_states(self, place_m: FloatArray) -> tuple[FloatArray, FloatArray]:
        """States and covariances of targets about learned places."""
        n, nx, config = len(place_m), self._n_state, self.config
        x, p = np.zeros((n, nx)), np.tile(np.eye(nx), (n, 1, 1))
        x[:, :3] = place_m
        up = np.empty(3)
        for i in range(n):
            measure.vertical(x[i], self._engine.flat, up)
            level = np.eye(3) - np.outer(up, up)
            high = min(config.altitude_sd_m, config.site_sd_m)
            p[i, :3, :3] = config.site_sd_m**2 * level + high**2 * np.outer(up, up)
            p[i, 3:6, 3:6] = config.speed_sd_mps**2 * level + config.climb_sd_mps**2 * np.outer(up, up)
        return x, p

    def _learn(
        self,
        s: int,
        swept: Swept,
        batch: Batch,
        existed: FloatArray,
        level: FloatArray,
        doubt: FloatArray,
        gain: FloatArray,
    ) -> None:
        """Teach what learns: Pd by range, levels of tracks, places of births."""
        e, expectation = self._engine, self._detection[s]
        rows = swept.rows
        if not len(rows):
            return
        done = ~swept.waits
        if isinstance(expectation, LearnedPd):
            sure = done & (e.marks[rows, k.STATUS] == k.CONFIRMED) & (e.updated[rows, s] > -math.inf)
            if sure.any():
                expectation.learn(swept.mean[sure, 0], swept.p_hit[sure], existed[sure])
        amplitude = self._amplitude[s]
        if amplitude is not None and self.config.power and done.any():
            of = rows[done]
            chosen = swept.chosen[done]
            hit = chosen >= 0
            radar = self._radars[s]
            assert radar is not None
            snr, pfa = np.full(len(of), math.nan), np.full(len(of), radar.pfa)
            snr[hit], pfa[hit] = batch.snr_db[chosen[hit]], np.clip(batch.pfa[chosen[hit]], 1e-12, 0.5)
            e.level[of, 0], e.level[of, 1] = amplitude.learn(
                e.level[of, 0], e.level[of, 1], gain_db=gain[done], snr_db=snr, p_hit=np.where(hit, 1.0, 0.0), pfa=pfa
            )
        if self.config.births == "learned":
            new = e.rows[(e.marks[e.rows, k.STATUS] == k.CONFIRMED)]
            for i, seed in zip(new.tolist(), e.marks[new, k.SEED].tolist(), strict=True):
                if seed not in self._taught:
                    self._taught.add(seed)
                    self._teach_place(e.first[i])
            if len(self._taught) > 4 * len(new) + 1000:
                self._taught = set(e.marks[new, k.SEED].tolist())

    def _teach_place(self, place_m: FloatArray) -> None:
        """Count a birth at a place."""
        self._learned_states = None
        if len(self._learned):
            apart = np.linalg.norm(self._learned[:, :3] - place_m, axis=1)
            near = int(np.argmin(apart))
            if apart[near] < self.config.site_sd_m:
                row = self._learned[near]
                row[:3] += (place_m - row[:3]) / (row[3] + 1.0)
                row[3] += 1.0
                return
        self._learned = np.vstack([self._learned, np.append(place_m, 1.0)])
        if len(self._learned) > _SITES_MAX // 4:
            self._learned = np.delete(self._learned, int(np.argmin(self._learned[:, 3])), axis=0)

    def _report(
        self, s: int, swept: Swept, batch: Batch, table: Plots, tasks: Tasks, looks: list[Looks], found: list[Any]
    ) -> None:
        """Write down looks and associations of confirmed tracks; the batch is the first rows of ``table``."""
        e, radar = self._engine, self._radars[s]
        rows = swept.rows
        self._name()
        told = ~swept.waits & (e.marks[rows, k.STATUS] == k.CONFIRMED) & (swept.mean[:, 0] != 0.0)
        at = np.flatnonzero(told)
        if not len(at):
            return
        chosen = swept.chosen[at]
        hit = chosen >= 0
        z = swept.mean[at]
        number = e.marks[rows[at], k.NUMBER]
        if hit.any():
            found.append((s, at[hit], chosen[hit], number[hit], swept, batch))
        if radar is None:
            return
        covered = (z[:, 0] >= radar.range_min_m) & (z[:, 0] <= radar.range_max_m)
        covered &= (z[:, 2] >= radar.elevation_min_rad) & (z[:, 2] <= radar.elevation_max_rad)
        # a miss is one where nothing lay in the gate: beside a plot that another took, nobody knows
        sure = hit | (covered & (swept.n_gated[at] == 0))
        asked = self._asked(s, number, swept.sweep_s[at], tasks)
        sure &= hit | (asked > 0.0)  # nor is one where no dwell was made
        at, chosen, hit, number, asked = at[sure], chosen[sure], hit[sure], number[sure], asked[sure]
        if not len(at):
            return
        t, x, _ = e.estimate(rows[at])
        look_s = swept.sweep_s[at]
        look_s[hit] = batch.t_s[chosen[hit]]
        x[:, :3] += (look_s - t)[:, None] * x[:, 3:]  # another sensor may have moved the track on
        snr, pfa = np.full(len(at), math.nan), np.full(len(at), radar.pfa)
        used = chosen[hit]
        snr[hit], pfa[hit] = batch.snr_db[used], batch.pfa[used]
        if len(tasks):
            pfa = np.where(hit, pfa, tasked(pfa, number, s, tasks, column="pfa"))
        if self._weak is not None:
            pfa = np.where(hit, pfa, self._weak.pfa(s, rows[at], swept.mean[at, 1], swept.mean[at, 0], pfa))
        noise = self._heard.at(np.full(len(at), s), look_s, swept.mean[at, 1])
        modulation, dwell_db = np.full(len(at), math.nan), 10.0 * np.log10(np.maximum(asked, 1e-6))
        noise[hit], modulation[hit] = table.noise_db[used], table.modulation_hz[used]
        dwell_db[hit] = table.dwell_db[used]
        looks.append(
            Looks(
                t_s=look_s,
                sensor=np.full(len(at), s),
                track=number,
                position_ecef_m=x[:, :3],
                velocity_ecef_mps=x[:, 3:],
                snr_db=snr,
                pfa=pfa,
                noise_db=noise,
                dwell_db=dwell_db,
                modulation_hz=modulation,
            )  # fmt: skip
        )

    def _asked(self, s: int, number: IntArray, sweep_s: FloatArray, tasks: Tasks) -> FloatArray:
        """Length of the dwell that was asked for at each track."""
        usual = np.ones(len(number))
        if not len(tasks) and not len(self._tasks_before):
            return usual
        now = tasked(usual, number, s, tasks, column="dwell")
        before = tasked(usual, number, s, self._tasks_before, column="dwell")
        return np.where(sweep_s < self._until_s, before, now)

    def _pairs(self, s: int, of: IntArray, j: IntArray, number: IntArray, swept: Swept, batch: Batch) -> Associations:
        """Pairs of tracks (rows ``of`` of what a batch brought) and plots (rows ``j`` of the batch)."""
        innovation = batch.z[j] - swept.mean[of]
        if not self._stations[s].cartesian:
            innovation[:, 1] = np.remainder(innovation[:, 1] + math.pi, 2.0 * math.pi) - math.pi
            interval = self._stations[s].range_rate_interval_mps
            if interval > 0.0:
                innovation[:, 3] -= interval * np.round(innovation[:, 3] / interval)
        return Associations(
            t_s=batch.t_s[j],
            sensor=np.full(len(of), s),
            track=number,
            probability=swept.p_best[of],
            measurement=batch.z[j],
            cov=batch.cov[j],
            innovation=innovation,
            innovation_cov=swept.cov[of] + batch.cov[j],
            snr_db=batch.snr_db[j],
        )

    # numbers, pictures

    def _name(self) -> None:
        """Number the tracks that are worth showing; a number is never used again."""
        e = self._engine
        rows = e.rows
        new = rows[
            (e.marks[rows, k.NUMBER] == 0)
            & ((e.marks[rows, k.STATUS] == k.CONFIRMED) | (e.r[rows] >= self.config.show_existence))
        ]
        if not len(new):
            return
        if self.config.late_plots_s > 0.0:
            seeds = e.marks[new, k.SEED].tolist()
            had = np.array([self._names.get(seed, 0) for seed in seeds], np.int64)
            had[had == 0] = self._numbers(int(np.count_nonzero(had == 0)))
            self._names.update(zip(seeds, had.tolist(), strict=True))
            e.marks[new, k.NUMBER] = had
        else:
            e.marks[new, k.NUMBER] = self._numbers(len(new))

    def _shown(self) -> IntArray:
        """Rows of the tracks that have a number, in the order of these."""
        rows = self._engine.rows
        number = self._engine.marks[rows, k.NUMBER]
        order = np.argsort(number)
        return rows[order[np.searchsorted(number[order], 1) :]]

    def _table(self, rows: IntArray, at_s: float = math.nan) -> Tracks:
        e = self._engine
        t, x, p = e.estimate(rows, at_s)
        marks = e.marks[rows]
        return Tracks(
            number=marks[:, k.NUMBER],
            t_s=t,
            position_ecef_m=x[:, :3],
            velocity_ecef_mps=x[:, 3:],
            cov=p,
            status=marks[:, k.STATUS],
            existence=e.r[rows],
            n_hits=marks[:, k.HITS],
            updated_s=e.updated[rows],
            address=marks[:, k.ADDRESS],
            label=label_of(marks[:, k.LABEL]),
            label_source=source_of(marks[:, k.LABEL]),
        )

    def _told(self) -> Tracks:
        """Return the tracks, and once each that ended."""
        self._name()
        now = self._table(self._shown())
        if len(self._located):
            now = Tracks.concat([now, self._located.as_tracks()])
            now = now.take(np.argsort(now.number))
        before = self._before
        if len(before):
            place = np.minimum(np.searchsorted(now.number, before.number), max(len(now) - 1, 0))
            gone = before.status != Status.DROPPED
            if len(now):
                gone &= now.number[place] != before.number
            if gone.any():
                over = before.take(gone)
                over = _with(over, status=np.full(len(over), int(Status.DROPPED)), existence=np.zeros(len(over)))
                now = Tracks.concat([now, over])
                now = now.take(np.argsort(now.number))
        self._before = now
        return now

    # late plots, saving

    def _replayed(
        self, parts: list[Plots], seeds: list[IntArray], tasks: Tasks, until_s: float
    ) -> tuple[list[Looks], list[Any]]:
        """Play a step; where plots belong to batches already played, play these again with them."""
        history = self._history
        begin = len(history)
        for s, part in enumerate(parts):
            for t_s in part.t_s[part.t_s < self._begun_s(s, self._next)].tolist():
                reached = [self._begun_s(s, state["next"]) <= t_s for _, state, *_ in history]
                begin = min(begin, max((h for h, ok in enumerate(reached) if ok), default=begin))
        history.append((until_s, self._state(), parts, seeds, tasks))
        again = list(history)[begin:]
        if len(again) == 1:
            out = self._play(parts, seeds, tasks, until_s)
        else:
            self._put(again[0][1])
            ends = np.array([end_s for end_s, *_ in again])
            pool = [Plots.concat([step[2][s] for step in again]) for s in range(len(parts))]
            number = [np.concatenate([step[3][s] for step in again]) for s in range(len(parts))]
            orders = [np.lexsort((p.measurement[:, 0], p.t_s)) for p in pool]
            pool = [p.take(order) for p, order in zip(pool, orders, strict=True)]
            number = [n[order] for n, order in zip(number, orders, strict=True)]
            belongs = [np.minimum(np.searchsorted(ends, p.t_s, side="right"), len(again) - 1) for p in pool]
            out = [], []
            for i, (end_s, _, _, _, their) in enumerate(again):
                mine = [p.take(to == i) for p, to in zip(pool, belongs, strict=True)]
                numbers = [n[to == i] for n, to in zip(number, belongs, strict=True)]
                history[begin + i] = (end_s, self._state(), mine, numbers, their)
                out = self._play(mine, numbers, their, end_s)
        while len(history) > 1 and history[1][0] <= until_s - self.config.late_plots_s:
            history.popleft()
        if len(self._names) > 100_000:
            live = set(self._engine.marks[self._engine.rows, k.SEED].tolist())
            self._names = {seed: name for seed, name in self._names.items() if seed in live}
        return out

    def _begun_s(self, s: int, upcoming: IntArray) -> float:
        """Start of the batch that comes next; -inf before the first."""
        if upcoming[s] == _UNSET:
            return -math.inf
        return float(self._engine.sensors[s, gnn.OFFSET] + upcoming[s] * self._length[s])

    def _state(self) -> dict[str, Any]:
        return {
            "engine": self._engine.save(),
            "clutter": copy.deepcopy(self._clutter),
            "detection": [copy.deepcopy(d) if isinstance(d, LearnedPd) else None for d in self._detection],
            "learned": self._learned.copy(),
            "taught": set(self._taught),
            "site_t": self._site_t,
            "unseen": self._unseen.copy(),
            "next": self._next.copy(),
            "pending": list(self._pending),
            "seeds": list(self._seeds),
            "until_s": self._until_s,
            "tasks": self._tasks_before,
        }

    def _put(self, state: dict[str, Any]) -> None:
        self._engine.restore(state["engine"])
        self._clutter = copy.deepcopy(state["clutter"])
        self._detection = [
            copy.deepcopy(was) if was is not None else now
            for was, now in zip(state["detection"], self._detection, strict=True)
        ]
        self._learned, self._taught, self._learned_states = state["learned"].copy(), set(state["taught"]), None
        self._site_t, self._unseen, self._next = state["site_t"], state["unseen"].copy(), state["next"].copy()
        self._pending, self._seeds = list(state["pending"]), list(state["seeds"])
        self._until_s, self._tasks_before = state["until_s"], state["tasks"]

    def save(self) -> dict[str, Any]:
        """Return everything that changes from step to step; it can be pickled, and is not touched by later steps.

        Returns
        -------
        dict
            For `restore` of a tracker made with the same arguments.
        """
        return {
            "state": self._state(),
            "history": copy.deepcopy(list(self._history)),
            "names": dict(self._names),
            "seed": self._seed,
            "upcoming": self._numbers.upcoming,
            "before": self._before,
            "counts": dict(self._counts),
            "n_capped": self._n_capped,
            "registration": None if self._registration is None else self._registration.save(),
            "strobes": None if self._strobes is None else self._strobes.save(),
            "weak": None if self._weak is None else self._weak.save(),
            "heard": self._heard.save(),
            "located": self._located,
            "angles": self._angles,
        }

    def restore(self, saved: dict[str, Any]) -> None:
        """Go on where another tracker of the same arguments was when it was saved, bit for bit.

        Raises
        ------
        ValueError
            If what was saved is of other sensors or settings.
        """
        mine, theirs = self._engine, saved["state"]["engine"]
        if mine.x.shape[1:] != theirs["x"].shape[1:] or mine.looked.shape[1:] != theirs["looked"].shape[1:]:
            raise ValueError("what was saved has other models of motion or sensors than this tracker")
        if mine.slots.shape[1] != theirs["slots"].shape[1]:
            raise ValueError("what was saved keeps another number of hypotheses than this tracker")
        self._put(saved["state"])
        self._history, self._names = deque(copy.deepcopy(saved["history"])), dict(saved["names"])
        self._seed, self._before = saved["seed"], saved["before"]
        self._numbers = Numbers(saved["upcoming"])
        self._counts, self._n_capped = dict(saved["counts"]), saved["n_capped"]
        self._located, self._angles = saved["located"], saved["angles"]
        if self._registration is not None:
            self._registration.restore(saved["registration"])
        self._heard.restore(saved["heard"])
        if self._weak is not None:
            self._weak.restore(saved["weak"])
        if self._strobes is not None:
            self._strobes.restore(saved["strobes"])
            self._strobes._numbers = self._numbers


def _said_of(tasks: Tasks) -> FloatArray:
    """Expected ratio, its deviation and law (n, 3) of the echoes that tasks speak of."""
    return np.stack((tasks.snr_db, tasks.snr_sd_db, tasks.swerling.astype(np.float64)), axis=1)


def _with(tracks: Tracks, **columns: Any) -> Tracks:
    return Tracks(**{**dict(tracks.items()), **columns})


def _sites(config: PmbTrackerConfig, nx: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Known places of births: how many a second, states, covariances."""
    n = len(config.sites)
    rate, x, p = np.zeros(n), np.zeros((n, nx)), np.tile(np.eye(nx), (n, 1, 1))
    up = np.empty(3)
    for i, site in enumerate(config.sites):
        rate[i] = site.per_hour / 3600.0
        x[i, :3] = geodetic_to_ecef(math.radians(site.lat_deg), math.radians(site.lon_deg), site.alt_m)
        measure.vertical(x[i], False, up)
        level = np.eye(3) - np.outer(up, up)
        p[i, :3, :3] = (1e3 * site.radius_km) ** 2 * level + site.altitude_sd_m**2 * np.outer(up, up)
        p[i, 3:6, 3:6] = site.speed_sd_mps**2 * level + config.climb_sd_mps**2 * np.outer(up, up)
    return rate, x, p
