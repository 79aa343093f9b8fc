r"""The look-level campaign: what a whole campaign teaches, without plots and without a tracker, in milliseconds.

Same scenario, same radars, same cards, same likelihoods as the full simulator. Left out are the plots (position errors,
false plots, merging) and the tracker: every pass of a beam over the subject is a look at its true path, kept if a
stated track error lets the learner trust its aspect. Hits and misses come from the exact law of the detector, with
fading that is correlated from look to look. All sorties of a campaign fly the same path, so its geometry is worked out
once and only the dice differ.

It is for questions that need thousands of campaigns (`breakeven`, `sensitivity`); `tests/study/test_fast.py` and
``watchfloor breakeven --check`` lay it beside the full simulator.

What makes it differ from the full simulator
    Tracks are perfect in number: no plot goes astray. A track without a label exists by a rule (so many hits within so
    long), not by a filter. The other types stay as the catalogue has them: nobody else's flights are played.
    Thresholds in gates follow what was known at the last checkpoint, not at the last sortie, and are lowered although
    no track may be there yet. Knowledge that ages and signatures that change are refused (`refuse`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from watchfloor.base.columns import Columns
from watchfloor.base.picture import SIGMA_GRID_DBSM
from watchfloor.base.registry import nearest
from watchfloor.base.streams import Streams
from watchfloor.base.truth import Effects
from watchfloor.base.units import BoolArray, FloatArray, IntArray
from watchfloor.learn import levels
from watchfloor.learn.curves import mean_sd_dbsm
from watchfloor.learn.exploit import best_rung, gate_cells, ladder
from watchfloor.learn.field import STEP_DB, FieldPosterior, Prior, chain_nats, make_priors, posterior
from watchfloor.learn.identify import softmax
from watchfloor.learn.ledger import divergence_nats
from watchfloor.learn.levels import two_piece
from watchfloor.learn.library import LOG_SCORE_WEIGHT, RHO_MAX, SCORES
from watchfloor.learn.update import LATTICE, Echoes, pd_row
from watchfloor.physics import cfar
from watchfloor.physics.detection import shape, statistic, threshold
from watchfloor.physics.environment import Targets
from watchfloor.physics.fluctuation import fading_correlation, look_weight
from watchfloor.physics.frames import aspect, ecef_to_geodetic
from watchfloor.physics.radar import Radar, look, snr
from watchfloor.physics.rcs import Signature, band_of, sigma_m2
from watchfloor.run.mission import Drawn, antennas_of, places_of
from watchfloor.scenario.cards import TypeCard
from watchfloor.scenario.model import MoverConfig, PhaseConfig, Scenario
from watchfloor.scenario.priors import cards_of, learner_cards
from watchfloor.sensor import _kernels as sensor_kernels
from watchfloor.sensor.card import gas_for
from watchfloor.sensor.receiver import reference_level
from watchfloor.study import _kernels
from watchfloor.study.beliefs import GATE_RADIUS_M, last_above
from watchfloor.world.signature import median_signature
from watchfloor.world.world import build_world

LEVELS = len(SIGMA_GRID_DBSM)
KNOT_MAX_S = 2.0
"""Longest spacing of the points that a path is laid through. [s]"""
_RANGES_M = np.geomspace(2e3, 1000e3, 160)


@dataclass(frozen=True, kw_only=True)
class TrackError:
    """What is taken of the tracker, which is not played."""

    heading_deg: float = 1.5
    """Standard deviation of a track's heading; decides which looks lie safely inside an aspect cell. [deg]"""
    lag_s: float = 4.0
    """Time by which a track's heading lags in a turn, so that a turn's first looks are filed as if it flew on. [s]"""
    swing_deg: float = 0.6
    """Standard deviation of the change of aspect between two looks that is the track's error: the learner takes looks
    for newer than they are by it. [deg]"""
    confirm_s: float = 20.0
    """Time from first sight to a confirmed track, with a label. [s]"""
    n_confirm: int = 3
    """Without a label: hits that confirm a track..."""
    window_s: float = 40.0
    """... within this time. [s]"""
    patience_s: float = 40.0
    """Without a label: time without a hit after which the track is lost. [s]"""
    gate_radius_m: float = GATE_RADIUS_M
    """Radius of a predicted gate. [m]"""


@dataclass(frozen=True, kw_only=True)
class Unknowns:
    """What neither side will tell, as departures from what a replicate has drawn."""

    power_db: Mapping[str, float] = field(default_factory=dict)
    """Sensitivity of radars over the drawn one, by band; their owner knows it. [dB]"""
    offset_db: Mapping[str, float] = field(default_factory=dict)
    """True curve of the subject over the drawn one, by band; nobody beside the radar knows it. [dB]"""
    scatter: float = 1.0
    """Departure of the true curve from the catalogue's, offset apart, over the drawn one. [1]"""
    lens_db: float = 0.0
    """Return of the subject's reflectors over the drawn one. [dB]"""
    reliability: float | None = None
    """True chance that a sortie's label is right; as the secondary radar declares when left out. [1]"""


@dataclass(frozen=True, kw_only=True, eq=False)
class Path:
    """Every pass of every beam over one mover in one sortie, in order of time."""

    t_s: FloatArray
    """(l,) time. [s]"""
    sensor: IntArray
    """(l,) which radar: row of `Campaign.sensors`."""
    before: IntArray
    """(l,) the look before at the same radar, -1 for none."""
    range_m: FloatArray
    """(l,) slant range. [m]"""
    snr_1m2_db: FloatArray
    """(l,) signal-to-noise ratio of 1 m2; -inf out of sight. [dB]"""
    aspect_rad: FloatArray
    """(l,) angle off the nose, bank counted: what the echo comes from. [rad]"""
    cell: IntArray
    """(l,) aspect cell, in azimuth and elevation, as a track without bank shows it."""
    turn_rad: FloatArray
    """(l,) change of aspect since the look before, the attitude's wander included. [rad]"""
    trusted: BoolArray
    """(l,) whether the learner uses the look: not in a turn, not near the border of its cell."""
    speed_mps: float
    """Mean speed. [m/s]"""
    altitude_m: float
    """Mean altitude above the ellipsoid. [m]"""
    duration_s: float
    """Time in the air. [s]"""

    def __len__(self) -> int:
        """Return the number of looks."""
        return len(self.t_s)

    def take(self, keep: BoolArray) -> Path:
        """Return some looks; the links to looks before are kept among them."""
        rows = np.flatnonzero(keep)
        new = np.full(len(self) + 1, -1)
        new[rows] = np.arange(len(rows))
        columns = ("t_s", "sensor", "range_m", "snr_1m2_db", "aspect_rad", "cell", "turn_rad", "trusted")
        return Path(
            before=new[self.before[rows]],
            speed_mps=self.speed_mps,
            altitude_m=self.altitude_m,
            duration_s=self.duration_s,
            **{name: getattr(self, name)[rows] for name in columns},
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Curve(Columns):
    """What a campaign has taught; one row a checkpoint, the first before anything is flown."""

    hours: FloatArray
    """(k,) exposure. [h]"""
    n_sorties: IntArray
    """(k,) sorties flown beside the active site."""
    nats: FloatArray
    """(k,) how far beliefs of the clean subject stand from the prior, summed over radars and cells (KL). [nat]"""
    entropy_nats: FloatArray
    """(k,) entropy that the whole field of the clean subject has lost: adds up over flights. [nat]"""
    mean_dbsm: FloatArray
    """(k, s, c) mean of the posterior. [dBsm]"""
    sd_db: FloatArray
    """(k, s, c) its standard deviation. [dB]"""
    true_dbsm: FloatArray
    """(k, s, c) mean over the cell of the true, clean cross-section. [dBsm]"""
    range_m: FloatArray
    """(k, s, c) range at which a look inside a predicted gate detects with probability 0.5. [m]"""
    n_effective: FloatArray
    """(k, s, c) effective looks. [1]"""
    p_type: FloatArray
    """(k,) probability given to the true type of the next flight, mean over test flights; NaN if not asked. [1]"""
    p_false: FloatArray
    """(k,) probability that a friend's flight on the same path, as fast and as high, is given to the subject's type:
    mean over flights, for the friendly type of the scenario's movers that is worst off; NaN if not asked. [1]"""


class Campaign:
    """A scenario's campaign, ready to be played many times at the level of looks.

    Parameters
    ----------
    scenario : Scenario
        With ``campaign`` and ``study``; options and changes already applied.
    drawn : Drawn
        What is true of radars and signatures.
    track : TrackError
        What is taken of the tracker.
    test_flights : int
        Flights of each type along the mission's path on which identification is tried; 0 leaves it out.
    identify_km : float
        Closest range whose looks a test flight is identified by. [km]

    Raises
    ------
    ValueError
        If the scenario has no campaign, no study, or its subject does not fly in both phases; for what `refuse` names.
    """

    def __init__(
        self,
        scenario: Scenario,
        drawn: Drawn,
        *,
        track: TrackError | None = None,
        test_flights: int = 16,
        identify_km: float = 50.0,
    ) -> None:
        if scenario.campaign is None or scenario.study is None:
            raise ValueError("scenario wants the headings campaign and study to play a look-level campaign")
        if not (test_flights >= 0 and identify_km >= 0.0):
            raise ValueError(f"test_flights and identify_km must be at least 0, got {test_flights!r}, {identify_km!r}")
        refuse(scenario)
        self.scenario, self.drawn, self.phase = scenario, drawn, scenario.campaign
        self.track = TrackError() if track is None else track
        self.learner = scenario.learner
        self.subject = _mover(self.phase, scenario.study.subject)
        self.type = self.subject.type
        supposed = learner_cards(scenario)
        self.cards: dict[str, TypeCard] = {name: supposed[name] for name in scenario.types}
        on = self.phase.sensors
        rows = [i for i, c in enumerate(scenario.sensors) if c.name in drawn.radars and (on is None or c.name in on)]
        heard = [c for c in scenario.sensors if c.kind == "secondary" and (on is None or c.name in on)]
        heard = [c for c in heard if c.labels != "none"] if self.subject.transponder else []
        self._label_right = max((1.0 - c.wrong_label for c in heard), default=None)
        """Chance that the subject's label is right, None where nobody declares one. [1]"""
        if not rows:
            raise ValueError("the campaign has no primary radar that is switched on")
        self.sensors: IntArray = np.array(rows)
        """(s,) rows of the campaign's primary radars in the scenario's sensor list."""
        self.names: tuple[str, ...] = tuple(scenario.sensors[i].name for i in rows)
        """Their names."""
        self.radars: tuple[Radar, ...] = tuple(drawn.radars[name] for name in self.names)
        self.bands: tuple[str, ...] = tuple(band_of(r.frequency_hz) for r in self.radars)
        """Their bands."""
        self._off_db = np.array([drawn.calibration_db.get(name, 0.0) for name in self.names])  # owners do not know it
        self._types = tuple(scenario.types)
        self._row = self._types.index(self.type)
        self.priors = make_priors(
            radars=self.radars, types=self._types, cards=self.cards, config=self.learner.field,
            reflectors=self.learner.reflectors == "known",
        )  # fmt: skip
        """The catalogue as fields; radars numbered as in ``names``."""
        self.cells = self.priors.cells
        """Aspect cells."""
        self._shape = (len(self.radars), len(self.cells), LEVELS)
        self.path = self._fly(self.phase, self.subject)
        self._median = median_signature(cards_of(scenario).types[self.type])
        self._own_classes = np.flatnonzero(self.priors.type == self._row)
        self._catalogue = tuple(_Prediction(field, field.catalogue) for field in self.priors.fields)
        kinds = [self.cards[self._types[t]] for t in self.priors.type]
        self._laws_of = (*(card.swerling for card in kinds), 1)
        share = np.where(self.priors.configuration == 1, self.learner.p_reflectors, 1.0 - self.learner.p_reflectors)
        twice = np.isin(self.priors.type, self.priors.type[self.priors.configuration == 1])
        known = (1.0 - self.learner.p_other) / len(self._types)
        self._log_prior = np.log(np.append(known * np.where(twice, share, 1.0), self.learner.p_other))
        self._class_type = np.append(self.priors.type, len(self._types))
        laws = sorted({card.swerling for card in self.cards.values()} | {1})
        self._laws = laws
        self._echoes = Echoes(self.radars, laws, self.learner.association)
        self._rungs = [ladder(r, self.learner.pfa_ladder if self.learner.gates else ()) for r in self.radars]
        self._n_test, self._identify_m = test_flights, 1e3 * identify_km

    # ---- geometry

    def _fly(self, phase: PhaseConfig, mover: MoverConfig) -> Path:
        """Lay a mover's path under every beam."""
        periods = [_period_s(self.scenario.sensors[i], r) for i, r in zip(self.sensors, self.radars, strict=True)]
        knot_s = min([KNOT_MAX_S, *(0.4 * period for period in periods)])
        only = phase.model_copy(update={"movers": (mover,), "traffic": None})
        world = build_world(only, places=places_of(self.scenario), cards=self.cards, knot_s=knot_s)
        truth = world.step(Effects.empty(), until_s=phase.duration_s)
        parts = [
            self._looks(s, float(period), truth.t_s[0], truth.position_ecef_m, truth.velocity_ecef_mps,
                        truth.bank_rad, truth.present)
            for s, period in enumerate(periods)
        ]  # fmt: skip
        columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        start = np.concatenate(([0], np.cumsum([len(part["t_s"]) for part in parts])))
        before = np.arange(start[-1]) - 1
        before[start[:-1][start[:-1] < start[-1]]] = -1
        order = np.argsort(columns["t_s"], kind="stable")
        place = np.empty(len(order) + 1, np.int64)
        place[order], place[-1] = np.arange(len(order)), -1
        present = truth.present[0]
        speed = np.linalg.norm(truth.velocity_ecef_mps[0][present], axis=1)
        altitude = ecef_to_geodetic(truth.position_ecef_m[0][present])[2]
        t = truth.t_s[0][present]
        return Path(
            before=place[before[order]],
            speed_mps=float(speed.mean()) if len(speed) else 0.0,
            altitude_m=float(altitude.mean()) if len(speed) else 0.0,
            duration_s=float(t[-1] - t[0]) if len(t) else 0.0,
            **{name: column[order] for name, column in columns.items()},
        )

    def _looks(
        self,
        s: int,
        period_s: float,
        t: FloatArray,
        position: FloatArray,
        velocity: FloatArray,
        bank: FloatArray,
        present: BoolArray,
    ) -> dict[str, np.ndarray]:
        """Passes of one radar's beam, in time order."""
        config, radar = self.scenario.sensors[self.sensors[s]], self.radars[s]
        environment = self.drawn.environments[self.sensors[s]]
        place = environment.place
        phase = getattr(config, "phase_deg", None)
        if phase is None:  # a beam that does not turn looks once a frame
            when = np.arange(0.5 * period_s, t[-1], period_s)
            k = np.clip(np.searchsorted(t, when), 1, len(t) - 1)
            share = ((when - t[k - 1]) / (t[k] - t[k - 1]))[:, None]
            there = present[0, k] & present[0, k - 1]
            mix = lambda a: ((1.0 - share) * a[0, k - 1] + share * a[0, k])[there]  # noqa: E731
            where, speed, roll, when = mix(position), mix(velocity), mix(bank[..., None])[:, 0], when[there]
        else:
            _, _, when, where, speed, roll = sensor_kernels.passes(
                np.ascontiguousarray(t), np.ascontiguousarray(position), np.ascontiguousarray(velocity),
                np.ascontiguousarray(bank), np.ascontiguousarray(present), place.ecef_m, place.rotation,
                1.0 / period_s, phase / 360.0,
            )  # fmt: skip
        seen = look(radar, Targets(ecef_m=where, velocity_ecef_mps=speed), environment)
        shown, _ = aspect(where, speed, place.ecef_m, roll)
        level, lift = aspect(where, speed, place.ecef_m)
        enu = speed @ place.rotation[:2].T
        heading = np.unwrap(np.arctan2(enu[:, 0], enu[:, 1]))
        behind = np.interp(when - self.track.lag_s, when, heading) if len(when) else heading
        wander = np.sqrt(2.0) * np.radians(self.learner.attitude_deg)
        turned = np.diff(behind, prepend=behind[:1])
        swing = np.hypot(np.diff(level, prepend=level[:1]), np.diff(lift, prepend=lift[:1]))
        step_s = np.maximum(np.diff(when, prepend=when[:1] - period_s), 1e-3)
        sd = np.radians(self.track.heading_deg)
        n_azimuth = self.cells.n_azimuth
        level = _wrapped(level + heading - behind)
        width, off, cell = np.pi / n_azimuth, np.abs(level), self.cells.find(level, lift)
        column = cell % n_azimuth
        below = np.where(column > 0, off - column * width, np.inf)
        above = np.where(column < n_azimuth - 1, (column + 1) * width - off, np.inf)
        margin = min(self.learner.border_sigmas * sd, 0.4 * width)
        straight = np.abs(turned) <= np.radians(self.learner.turn_max_degps) * step_s
        good = seen.visible & (seen.snr_1m2 > 0.0)
        return {
            "t_s": when,
            "sensor": np.full(len(when), s),
            "range_m": seen.range_m,
            "snr_1m2_db": np.where(good, 10.0 * np.log10(np.where(good, seen.snr_1m2, 1.0)), -np.inf),
            "aspect_rad": np.abs(shown),
            "cell": cell,
            "turn_rad": np.hypot(swing, wander),
            "trusted": good & straight & (np.minimum(below, above) >= margin),
        }

    def test_path(self) -> Path:
        """Return the looks of the mission's path by which a test flight is identified."""
        assert self.scenario.study is not None
        path = self._fly(self.scenario.mission, _mover(self.scenario.mission, self.scenario.study.subject))
        late = np.flatnonzero((path.range_m < self._identify_m) & np.isfinite(path.snr_1m2_db))
        return path if len(late) == 0 else path.take(path.t_s < path.t_s[late[0]])

    # ---- truth

    def _true_dbsm(self, path: Path, signature: Signature) -> FloatArray:
        """Mean cross-section at each look. [dBsm]"""
        out = np.empty(len(path))
        for s, band in enumerate(self.bands):
            mine = path.sensor == s
            out[mine] = 10.0 * np.log10(sigma_m2(signature, band, path.aspect_rad[mine]))
        return out

    def _signature(self, unknowns: Unknowns, *, dressed: bool) -> Signature:
        """Return the subject's true signature as the unknowns have it, its reflectors worn or not."""
        clean = self.drawn.signatures[self.type]
        away = clean.dbsm - self._median.dbsm
        offset = away.mean(axis=1, keepdims=True)
        more = np.array([unknowns.offset_db.get(band, 0.0) for band in clean.bands])[:, None]
        dbsm = self._median.dbsm + offset + unknowns.scatter * (away - offset) + more
        worn = self.drawn.reflecting.get(self.type) if dressed else None
        if worn is not None:
            lens = np.maximum(10.0 ** (0.1 * worn.dbsm) - 10.0 ** (0.1 * clean.dbsm), 0.0)
            dbsm = 10.0 * np.log10(10.0 ** (0.1 * dbsm) + lens * 10.0 ** (0.1 * unknowns.lens_db))
        return replace(clean, dbsm=dbsm)

    # ---- dice

    def _powers(
        self, path: Path, true_dbsm: FloatArray, swerling: int, length_m: float, n: int, streams: Streams,
        power_db: FloatArray,
    ) -> tuple[FloatArray, FloatArray]:  # fmt: skip
        """Detector's statistic over the number of pulses (n, l), and the noise level it is compared with (n, l).

        Each variate of each radar has its own stream, flight after flight: more flights change nothing for the first.
        """
        n_looks = len(path)
        wavelength = np.array([r.wavelength_m for r in self.radars])[path.sensor]
        rho = fading_correlation(path.turn_rad, 0.0, wavelength, length_m)
        white = streams.rng("fade").standard_normal((n, n_looks, 4))
        noise = streams.rng("noise").standard_normal((n, n_looks, 2)) * np.sqrt(0.5)
        white = _kernels.fading(white, path.before, np.sqrt(rho))
        first, second = (0.5 * (white[..., 2 * k] ** 2 + white[..., 2 * k + 1] ** 2) for k in (0, 1))
        power, level = np.empty((n, n_looks)), np.ones((n, n_looks))
        snr_1 = np.where(
            np.isfinite(path.snr_1m2_db), 10.0 ** (0.1 * (path.snr_1m2_db + true_dbsm + power_db[path.sensor])), 0.0
        )
        for s, radar in enumerate(self.radars):
            at = np.flatnonzero(path.sensor == s)
            k = shape(swerling, radar.n_pulses)
            fade = 1.0 if k == np.inf else (first if k == 1.0 else 0.5 * (first + second))[:, at]
            if k not in (1.0, 2.0, np.inf):  # nearly steady over the dwell: independent from look to look
                fade = streams.rng("steady", self.names[s]).standard_gamma(k, (n, len(at))) / k
            added = 0.0
            if radar.n_pulses > 1:
                added = streams.rng("added", self.names[s]).standard_gamma(radar.n_pulses - 1.0, (n, len(at)))
            z = statistic(snr_1[at], fade, noise[:, at, 0], noise[:, at, 1], added, radar.n_pulses)
            power[:, at] = z / radar.n_pulses
            if radar.processing.cfar is not None:
                rng = streams.rng("level", self.names[s])
                level[:, at] = reference_level(radar.processing.cfar, radar.n_pulses, rng)((n, len(at)))
        return power, level

    def _limits(self, pfa: FloatArray, sensor: IntArray) -> FloatArray:
        """Threshold over the noise level, per pulse, at each look (l,). [1]"""
        out = np.empty(len(pfa))
        for s, radar in enumerate(self.radars):
            mine = np.flatnonzero(sensor == s)
            levels, which = np.unique(pfa[mine], return_inverse=True)
            law, n = radar.processing.cfar, radar.n_pulses
            limit = [threshold(p, n) if law is None else cfar.multiplier(law, p, n_pulses=n) for p in levels.tolist()]
            out[mine] = np.array(limit, dtype=np.float64)[which] / n
        return out

    # ---- evidence

    def _rows(
        self, path: Path, power: FloatArray, hit: BoolArray, use: BoolArray, pfa: FloatArray, swerling: int,
        weight: FloatArray, power_db: FloatArray,
    ) -> FloatArray:  # fmt: skip
        """Log-likelihood of each flight (n, s, c, g) of the level of a type with that fluctuation law. [1]"""
        law = self._laws.index(swerling)
        miss_at = self._echoes.thresholds(pfa)
        group = np.where(path.trusted, path.sensor * len(self.cells) + path.cell, -1)
        power_db_of = np.where(hit, 10.0 * np.log10(np.maximum(power, 1e-3)), np.nan)
        rows = _kernels.evidence(
            power_db_of,
            use,
            group,
            path.sensor,
            np.where(path.trusted, path.snr_1m2_db + (power_db - self._off_db)[path.sensor], 0.0)
            + float(SIGMA_GRID_DBSM[0]),
            miss_at,
            weight,
            np.ascontiguousarray(self._echoes.hit[:, law]),
            np.ascontiguousarray(self._echoes.miss[:, :, law]),
            LATTICE,
            len(self.radars) * len(self.cells),
            LEVELS,
        )
        return rows.reshape(len(power), len(self.radars), len(self.cells), LEVELS)

    def _weights(self, path: Path, length_m: float) -> FloatArray:
        """Weight that the learner gives each look as evidence (l,): 1 for one that is wholly new. [1]"""
        wavelength = np.array([r.wavelength_m for r in self.radars])[path.sensor]
        turn = np.hypot(path.turn_rad, np.radians(self.track.swing_deg))
        rho = fading_correlation(turn, 0.0, wavelength, length_m)
        return np.where(path.before < 0, 1.0, look_weight(rho))

    # ---- the play

    def play(
        self,
        streams: Streams,
        *,
        n_sorties: int | None = None,
        checkpoints: Sequence[int] | None = None,
        unknowns: Unknowns | None = None,
    ) -> Curve:
        """Play the campaign once.

        Parameters
        ----------
        streams : Streams
            Random streams of the replicate; sortie i meets the same dice however many are flown and whatever is
            unknown, on the same path.
        n_sorties : int, optional
            Instead of the campaign's own months times sorties a month.
        checkpoints : sequence of int, optional
            Numbers of sorties after which beliefs are read, rising; about three a doubling when left out.
        unknowns : Unknowns, optional
            Departures from what was drawn.

        Returns
        -------
        Curve
            One row a checkpoint, the first before anything is flown, the last after all is.
        """
        unknowns = Unknowns() if unknowns is None else unknowns
        strange = [b for b in (*unknowns.power_db, *unknowns.offset_db) if b not in self.bands]
        if strange:
            raise ValueError(f"no radar in band {strange[0]!r}{nearest(strange[0], self.bands)}")
        planned = self.phase.months * self.phase.sorties_per_month if n_sorties is None else n_sorties
        if planned < 1:
            raise ValueError(f"n_sorties must be at least 1, got {planned!r}")
        idle = min(self.phase.delay_months * self.phase.sorties_per_month, planned) if n_sorties is None else 0
        active = planned - idle
        marks = _marks(active) if checkpoints is None else np.array(checkpoints, np.int64)
        if np.any(np.diff(marks) <= 0) or (len(marks) and (marks[0] < 1 or marks[-1] > active)):
            raise ValueError(f"checkpoints must rise inside 1 to {active}, got {marks.tolist()}")
        power_db = np.array([unknowns.power_db.get(band, 0.0) for band in self.bands])
        path, card = self.path, self.cards[self.type]
        signature = self._signature(unknowns, dressed=self.subject.reflectors)
        true = self._true_dbsm(path, signature)
        length_m = card.length_m.median
        powers, level = self._powers(
            path, true, signature.swerling, length_m, planned, streams.child("looks", "campaign"), power_db
        )
        labels = streams.rng("looks", "label").random(planned)
        flown = slice(idle, planned)
        powers, level, labels = powers[flown], level[flown], labels[flown]
        weight = self._weights(path, length_m)
        shown = _Trial(self, streams, unknowns, power_db) if self._n_test else None
        grid = self._expected(path, power_db, card.swerling)
        reach = self._reach(power_db, card.swerling)

        known = _Known(self)
        start, rows, done = known, [], 0
        n_effective = np.zeros(self._shape[:2])
        sees = np.isfinite(path.snr_1m2_db)
        for mark in (0, *marks.tolist()):
            if mark > done:
                block = slice(done, mark)
                pfa = self._gated(path, grid, known.log_posterior)
                hit = (powers[block] > self._limits(pfa, path.sensor) * level[block]) & sees
                gained, looks = self._teach(
                    path, powers[block], hit, pfa, weight, labels[block], known, unknowns, power_db
                )
                known, n_effective, done = known.with_more(gained), n_effective + looks, mark
            rows.append((mark, known, n_effective, self._ranges(known.log_posterior, reach, unknowns)))
        return self._curve(rows, start, unknowns, shown)

    def _teach(
        self, path: Path, power: FloatArray, hit: BoolArray, pfa: FloatArray, weight: FloatArray, luck: FloatArray,
        known: _Known, unknowns: Unknowns, power_db: FloatArray,
    ) -> tuple[FloatArray, FloatArray]:  # fmt: skip
        """Evidence (classes, s, c, g) that some flights add, and their effective looks of the clean type (s, c)."""
        card, config = self.cards[self.type], self.learner
        log_label = np.zeros((len(power), len(self._types) + 1))
        if self._label_right is not None:
            first = path.t_s[0] if len(path) else 0.0
            use = np.broadcast_to(path.t_s >= first + self.track.confirm_s, hit.shape)
            trusted, n = config.labels.transponder, len(self._types)
            right = luck < (self._label_right if unknowns.reliability is None else unknowns.reliability)
            said = self._types.index(self.subject.declares or self.type)
            other = (said + 1) % n if n > 1 else n  # a wrong label names the next type of the list
            log_label[:] = np.log((1.0 - trusted) / n)
            log_label[np.arange(len(power)), np.where(right, said, other)] = np.log(trusted)
        else:
            rule = self.track
            use = _kernels.held(hit, path.t_s, rule.n_confirm, rule.window_s, rule.patience_s)
        use = np.ascontiguousarray(use)
        log_p = self._own(path, power, hit, use, pfa, power_db)(known)
        log_p += (self._manner(path.speed_mps, path.altitude_m) + log_label)[:, self._class_type]
        believed = softmax(log_p)[:, self._own_classes]
        rows = self._rows(path, power, hit, use, pfa, card.swerling, weight, power_db)
        seen = np.any(rows != rows[..., :1], axis=(0, 3))
        rows = rows[:, seen]
        counted = (use & path.trusted) * weight
        each = np.zeros((len(power), *self._shape[:2]))  # effective looks
        np.add.at(each.transpose(1, 2, 0), (path.sensor, path.cell), counted.T)
        out = np.zeros((len(self._own_classes), *self._shape))
        for i, m in enumerate(self._own_classes):
            inside = self.priors.fields[m].inside.reshape(self._shape[:2])[seen]
            lifted = _blurred(rows.reshape(-1, LEVELS), np.tile(inside, len(rows))).reshape(rows.shape)
            z = np.einsum("nkg,kg->nk", np.exp(lifted - lifted.max(axis=-1, keepdims=True)), known.level(i)[seen])
            away = lifted - (np.log(np.maximum(z, 1e-300)) + lifted.max(axis=-1))[..., None]
            p = np.where(believed[:, i] < config.teach_probability_min, 0.0, believed[:, i])
            sure = (
                1.0 - (1.0 - p)[:, None] ** self._shares(each, int(m))[:, seen]
            )  # a track's doubt counts once a group
            out[i][seen] = np.log1p(sure[..., None] * np.expm1(np.minimum(away, 600.0))).sum(axis=0)
        return out, (each * believed[:, 0, None, None]).sum(axis=0)

    def _shares(self, each: FloatArray, m: int) -> FloatArray:
        """Share (n, s, c) of each cell in the effective looks of its flight by a group of radars. [1]"""
        out, group = np.ones_like(each), self.priors.fields[m].group
        for one in np.unique(group):
            mine = group == one
            whole = each[:, mine].sum(axis=(1, 2), keepdims=True)
            out[:, mine] = np.where(whole > 0.0, each[:, mine] / np.where(whole > 0.0, whole, 1.0), 1.0)
        return out

    def _own(
        self, path: Path, power: FloatArray, hit: BoolArray, use: BoolArray, pfa: FloatArray, power_db: FloatArray
    ) -> _Own:
        """What flights' own looks say of their type; every law on the least weight of a look."""
        shortest = min([*(c.length_m.median for c in self.cards.values()), self.learner.other_length_m])
        weight, use = self._weights(path, shortest), np.ascontiguousarray(use)
        by_law = {law: self._rows(path, power, hit, use, pfa, law, weight, power_db) for law in self._laws}
        return _Own(self, by_law)

    def _manner(self, speed_mps: float, altitude_m: float) -> FloatArray:
        """Log density (t + 1,) of how a flight flies, under each type and "other"."""
        config = self.learner
        spreads = [(c.speed_mps, c.altitude_m) for c in self.cards.values()]
        spreads.append((config.other_speed_mps, config.other_altitude_m))
        pieces = np.array([[two_piece(spread) for spread in pair] for pair in spreads])
        away = np.array([speed_mps, altitude_m]) - pieces[..., 0]
        sd = np.where(away < 0.0, pieces[..., 1], pieces[..., 2])
        density = np.exp(-0.5 * (away / sd) ** 2 - np.log(sd)).prod(axis=1)
        trust = config.kinematic_trust
        with np.errstate(divide="ignore"):
            return np.log(trust * density + (1.0 - trust) * density[-1])

    # ---- what it is good for

    def _expected(
        self, path: Path, power_db: FloatArray, swerling: int
    ) -> list[tuple[IntArray, FloatArray, FloatArray]]:
        """By radar: looks, Pd of each rung at every level (l, r, g), cells of a gate (l,)."""
        out = []
        for s, radar in enumerate(self.radars):
            at = np.flatnonzero((path.sensor == s) & np.isfinite(path.snr_1m2_db))
            base = path.snr_1m2_db[at] + power_db[s] - self._off_db[s]
            pd = np.stack(
                [
                    _levels(pd_row(float(p), radar.n_pulses, swerling, radar.processing.cfar), base)
                    for p in self._rungs[s]
                ],
                axis=1,
            )
            cells = gate_cells(radar, path.range_m[at], np.full(len(at), self.track.gate_radius_m))
            out.append((at, pd, cells))
        return out

    def _gated(
        self, path: Path, grid: list[tuple[IntArray, FloatArray, FloatArray]], log_posterior: FloatArray
    ) -> FloatArray:
        """Probability of false alarm in force at each look (l,). [1]"""
        pfa = np.array([r.pfa for r in self.radars])[path.sensor]
        config = self.learner
        for s, (at, pd, cells) in enumerate(grid):
            if len(at) and len(self._rungs[s]) > 1:
                expected = np.einsum("lrg,lg->lr", pd, np.exp(log_posterior[s, path.cell[at]]))
                chosen, _ = best_rung(
                    np.clip(expected, 0.0, 1.0)[:, None], self._rungs[s][None], cells[:, None], config.false_cost,
                    min_gain=config.min_gain,
                )  # fmt: skip
                pfa[at] = chosen[:, 0]
        return pfa

    def _reach(self, power_db: FloatArray, swerling: int) -> list[tuple[FloatArray, FloatArray, FloatArray]]:
        """By radar: 1 m2 level at each range (r,), Pd (r, rungs, g) that its owner expects, cells of a gate (r,)."""
        antennas, out = antennas_of(self.scenario), []
        for s, radar in enumerate(self.radars):
            gas = gas_for(radar, antennas[self.sensors[s]].alt_m)
            loss = gas.two_way_db(_RANGES_M, np.full(len(_RANGES_M), 0.03))
            base = 10.0 * np.log10(snr(radar, _RANGES_M, 1.0, gas_loss_db=loss)) + power_db[s]
            pd = np.stack(
                [
                    _levels(pd_row(float(p), radar.n_pulses, swerling, radar.processing.cfar), base - self._off_db[s])
                    for p in self._rungs[s]
                ],
                axis=1,
            )
            out.append((base, pd, gate_cells(radar, _RANGES_M, np.full(len(_RANGES_M), self.track.gate_radius_m))))
        return out

    def _ranges(
        self, log_posterior: FloatArray, reach: list[tuple[FloatArray, FloatArray, FloatArray]], unknowns: Unknowns
    ) -> FloatArray:
        """Farthest range (s, c) at which one look in a predicted gate detects with probability 0.5. [m]"""
        config, card = self.learner, self.cards[self.type]
        true = self._cell_dbsm(unknowns)
        out = np.empty(true.shape)
        for s, (base, pd, cells) in enumerate(reach):
            rungs, n = self._rungs[s], len(self.cells)
            expected = np.exp(log_posterior[s]) @ pd.reshape(-1, LEVELS).T
            chosen, _ = best_rung(
                np.clip(expected.reshape(-1, 1, len(rungs)), 0.0, 1.0), rungs[None], np.tile(cells, n)[:, None],
                config.false_cost, min_gain=config.min_gain,
            )  # fmt: skip
            which = np.searchsorted(rungs, chosen.reshape(n, -1))
            x = base[None] + true[s][:, None]
            detects = np.empty(x.shape)
            for k, p in enumerate(rungs):
                row = pd_row(float(p), self.radars[s].n_pulses, card.swerling, self.radars[s].processing.cfar)
                now = which == k
                detects[now] = np.interp(x[now], LATTICE[0] + LATTICE[1] * np.arange(len(row)), row)
            out[s] = np.minimum(last_above(detects, _RANGES_M), self.radars[s].range_max_m)
        return out

    def _cell_dbsm(self, unknowns: Unknowns) -> FloatArray:
        """Mean over each cell of the true clean level (s, c), of decibels, as the learner's cells have it. [dBsm]"""
        width = np.pi / self.cells.n_azimuth
        at = self.cells.azimuth_rad[:, None] + width * ((np.arange(16) + 0.5) / 16.0 - 0.5)
        clean = self._signature(unknowns, dressed=False)
        return np.array([(10.0 * np.log10(sigma_m2(clean, band, at))).mean(axis=1) for band in self.bands])

    def _curve(self, rows: list, start: _Known, unknowns: Unknowns, trial: _Trial | None) -> Curve:
        """Lay checkpoints side by side."""
        marks, known, looks, ranges = zip(*rows, strict=True)
        moments = [mean_sd_dbsm(one.log_posterior) for one in known]
        n, field = len(rows), self.priors.fields[self._own_classes[0]]
        tried = np.full((n, 2), np.nan) if trial is None else np.array([trial(one) for one in known])
        return Curve(
            hours=np.array(marks) * self.path.duration_s / 3600.0,
            n_sorties=np.array(marks, np.int64),
            nats=np.array([divergence_nats(one.log_posterior, start.log_posterior).sum() for one in known]),
            entropy_nats=np.array([chain_nats(field, start.states[0], one.states[0]).sum() for one in known]),
            mean_dbsm=np.array([m for m, _ in moments]),
            sd_db=np.array([sd for _, sd in moments]),
            true_dbsm=np.repeat((self._cell_dbsm(unknowns) + self._off_db[:, None])[None], n, axis=0),
            range_m=np.array(ranges),
            n_effective=np.array(looks),
            p_type=tried[:, 0],
            p_false=tried[:, 1],
        )


class _Prediction:
    """What a class's posterior says of the level at one aspect, and how much of it goes with a score that cells share.

    As `learn.library.Library` has it: given the score, a level's probability is multiplied by
    N(score; rho xi, 1 - rho2) / N(score; 0, 1), xi the level's own standard score.
    """

    def __init__(self, field: Prior, state: FieldPosterior) -> None:
        n, n_cells = len(field.mean), len(field.mean) // len(field.group)
        self.group = np.repeat(field.group, n_cells)
        self.start = np.exp(_blurred(state.log_posterior, field.inside))
        self.start /= self.start.sum(axis=1, keepdims=True)
        self.centre = self.start @ SIGMA_GRID_DBSM
        self.scale = np.sqrt(np.maximum(self.start @ SIGMA_GRID_DBSM**2 - self.centre**2, STEP_DB**2 / 4.0))
        self.rho, cov = np.zeros(n), state.cov[:n, :n]
        for group in np.unique(field.group):
            mine = self.group == group
            with_mean = cov[np.ix_(mine, mine)].mean(axis=1)
            share = with_mean / np.sqrt(max(float(with_mean.mean()), 1e-12))
            self.rho[mine] = np.clip(share / np.sqrt(np.diag(cov)[mine] + field.inside[mine] ** 2), 0.0, RHO_MAX)

    @classmethod
    def broad(cls, mean_dbsm: float, sd_db: float, own_db: float, n_radars: int, n_cells: int) -> _Prediction:
        """Return that of a thing of no known type."""
        self, n = cls.__new__(cls), n_radars * n_cells
        self.group = np.repeat(np.arange(n_radars), n_cells)
        self.start = np.broadcast_to(np.exp(levels.broad(mean_dbsm, sd_db)), (n, LEVELS))
        self.centre, self.scale = np.full(n, mean_dbsm), np.full(n, sd_db)
        self.rho = np.full(n, min(np.sqrt(max(1.0 - (own_db / sd_db) ** 2, 0.0)), RHO_MAX))
        return self

    def at_scores(self, rows: IntArray) -> FloatArray:
        """Probabilities (k, u, g) of some cells' levels at each score."""
        rho, rest = self.rho[rows, None, None], 1.0 - self.rho[rows, None, None] ** 2
        xi = (SIGMA_GRID_DBSM - self.centre[rows, None, None]) / self.scale[rows, None, None]
        score = SCORES[:, None]
        tilt = np.exp(0.5 * score**2 - 0.5 * (score - rho * xi) ** 2 / rest)
        out = self.start[rows][:, None] * tilt
        return out / np.maximum(out.sum(axis=-1, keepdims=True), 1e-290)


class _Known:
    """What is believed of the subject's classes."""

    def __init__(
        self, campaign: Campaign, evidence: FloatArray | None = None, states: list[FieldPosterior] | None = None
    ) -> None:
        self._campaign, classes = campaign, campaign._own_classes
        self.evidence = np.zeros((len(classes), *campaign._shape)) if evidence is None else evidence
        fields = [campaign.priors.fields[m] for m in classes]
        self.states = [f.catalogue for f in fields] if states is None else states
        self.predictions = [_Prediction(f, state) for f, state in zip(fields, self.states, strict=True)]

    def with_more(self, gained: FloatArray) -> _Known:
        """Return what is believed once some flights have added their evidence."""
        c, evidence = self._campaign, self.evidence + gained
        states = [
            posterior(c.priors.fields[m], evidence[i].reshape(-1, LEVELS), self.states[i])
            for i, m in enumerate(c._own_classes)
        ]
        return _Known(c, evidence, states)

    def level(self, i: int) -> FloatArray:
        """Probabilities (s, c, g) of the cells' levels of one class."""
        return np.exp(self.states[i].log_posterior).reshape(self._campaign._shape)

    @property
    def log_posterior(self) -> FloatArray:
        """Log probabilities (s, c, g) of the clean subject's levels."""
        return self.states[0].log_posterior.reshape(self._campaign._shape)


class _Own:
    """Flights' own looks, cell by cell, and how likely each class makes them."""

    def __init__(self, campaign: Campaign, by_law: Mapping[int, FloatArray]) -> None:
        c = self._campaign = campaign
        config, first = c.learner, next(iter(by_law.values()))
        self._n = len(first)
        self._rows = np.flatnonzero(np.any(first != first[..., :1], axis=(0, 3)).reshape(-1))
        rows = {law: row.reshape(self._n, -1, LEVELS)[:, self._rows] for law, row in by_law.items()}
        self._top = {law: row.max(axis=-1) for law, row in rows.items()}
        self._scaled = {law: np.exp(row - self._top[law][..., None]) for law, row in rows.items()}
        other = _Prediction.broad(
            config.other_mean_dbsm, config.other_sd_db, config.other_cell_db, len(c.radars), len(c.cells)
        )
        self._base = np.tile(c._log_prior, (self._n, 1))
        for m, prediction in enumerate((*c._catalogue, other)):
            if m not in c._own_classes:
                self._base[:, m] += self._under(prediction, c._laws_of[m])

    def _under(self, prediction: _Prediction, law: int) -> FloatArray:
        """Log evidence (n,) under a class: scores summed out, group by group."""
        out = self._top[law].sum(axis=1)
        if len(self._rows) == 0:
            return out
        level = prediction.at_scores(self._rows)
        inner = np.log(np.maximum(np.einsum("nkg,kug->nku", self._scaled[law], level, optimize=True), 1e-290))
        groups = prediction.group[self._rows]
        for group in np.unique(groups):
            row = LOG_SCORE_WEIGHT + inner[:, groups == group].sum(axis=1)
            top = row.max(axis=1, keepdims=True)
            out = out + top[:, 0] + np.log(np.exp(row - top).sum(axis=1))
        return out

    def __call__(self, known: _Known) -> FloatArray:
        """Return the log (n, classes + 1) of prior and evidence of each class, the subject's as now known."""
        c, out = self._campaign, self._base.copy()
        for i, m in enumerate(c._own_classes):
            out[:, m] += self._under(known.predictions[i], c._laws_of[m])
        return out


class _Trial:
    """Test flights along the mission's path, and how they are identified with what is known."""

    def __init__(self, campaign: Campaign, streams: Streams, unknowns: Unknowns, power_db: FloatArray) -> None:
        c = campaign
        path = c.test_path()
        pfa = np.array([r.pfa for r in c.radars])[path.sensor]
        self._subject = c.type
        self._own: dict[str, _Own] = {}
        self._manner = c._manner(path.speed_mps, path.altitude_m)[c._class_type]
        self._classes = c._own_classes
        flown = {m.type for phase in (c.phase, c.scenario.mission) for m in phase.movers}
        friends = [t for t in c.scenario.types if t in flown and t != c.type and t not in c.scenario.hostile]
        for kind in (c.type, *friends):
            clean = c._signature(unknowns, dressed=False) if kind == c.type else c.drawn.signatures[kind]
            true = c._true_dbsm(path, clean)
            length_m = c.cards[kind].length_m.median
            power, level = c._powers(
                path, true, clean.swerling, length_m, c._n_test, streams.child("looks", "test", kind), power_db
            )
            hit = (power > c._limits(pfa, path.sensor) * level) & np.isfinite(path.snr_1m2_db)
            use = _kernels.held(hit, path.t_s, c.track.n_confirm, c.track.window_s, c.track.patience_s)
            self._own[kind] = c._own(path, power, hit, use, pfa, power_db)

    def __call__(self, known: _Known) -> tuple[float, float]:
        """Return mean probability of the true type, and of the subject's type given to others' flights."""
        found = {
            kind: softmax(own(known) + self._manner)[:, self._classes].sum(axis=1).mean()
            for kind, own in self._own.items()
        }
        right = found.pop(self._subject)
        return float(right), float(max(found.values(), default=np.nan))


def refuse(scenario: Scenario) -> None:
    """Refuse what is not played at this level.

    Raises
    ------
    ValueError
        If the campaign's signatures change, or the learner's knowledge ages or is watched for changes.
    """
    memory = scenario.learner.memory
    ages = memory.half_life_months is not None or memory.estimated or memory.alarms_per_year is not None
    for key, there in (
        ("campaign.signature_changes", scenario.campaign is not None and bool(scenario.campaign.signature_changes)),
        ("learner.memory", ages),
    ):
        if there:
            raise ValueError(f"{key}: maps and drivers are played without; take it out, or ask it of a study's option")


def _mover(phase: PhaseConfig, name: str) -> MoverConfig:
    found = next((m for m in phase.movers if m.name == name), None)
    if found is None:
        raise ValueError(f"no mover {name!r} in this phase{nearest(name, [m.name for m in phase.movers])}")
    return found


def _period_s(config: object, radar: Radar) -> float:
    return float(getattr(config, "revisit_s", radar.period_s))


def _wrapped(angle: FloatArray) -> FloatArray:
    return (angle + np.pi) % (2.0 * np.pi) - np.pi


def _marks(n: int) -> IntArray:
    """Numbers of sorties at which beliefs are read: 1, 2, 3, 4, 5, 6, 8, 10... about three a doubling, n last."""
    return np.unique(np.append(np.rint(np.geomspace(1.0, n, 1 + int(np.ceil(3.0 * np.log2(max(n, 2)))))), n)).astype(
        np.int64
    )


def _levels(row: FloatArray, base_db: FloatArray) -> FloatArray:
    """Values of a lattice row at every level of cross-section (n, g), straight between points."""
    x = np.clip((base_db + SIGMA_GRID_DBSM[0] - LATTICE[0]) / LATTICE[1], 0.0, len(row) - LEVELS - 2.0)
    j = x.astype(np.int64)
    windows = np.lib.stride_tricks.sliding_window_view(row, LEVELS)
    f = (x - j)[:, None]
    return (1.0 - f) * windows[j] + f * windows[j + 1]


def _blurred(log_rows: FloatArray, sd_db: FloatArray) -> FloatArray:
    """Rows (n, g) blurred by a normal law (n,) [dB], through the Fourier transform; tails below 1e-16 are cut."""
    if len(log_rows) == 0:
        return log_rows
    top = log_rows.max(axis=-1, keepdims=True)
    size = 2 * LEVELS
    padded = np.concatenate(
        (np.exp(log_rows - top), np.repeat(np.exp(log_rows[:, -1:] - top), LEVELS // 2, axis=1),
         np.repeat(np.exp(log_rows[:, :1] - top), size - LEVELS - LEVELS // 2, axis=1)), axis=1,
    )  # fmt: skip
    omega = 2.0 * np.pi * np.fft.rfftfreq(size)
    transfer = np.exp(-0.5 * ((sd_db / STEP_DB)[:, None] * omega) ** 2)
    out = np.fft.irfft(np.fft.rfft(padded) * transfer, size)[:, :LEVELS]
    return np.log(np.maximum(out, 1e-16)) + top
