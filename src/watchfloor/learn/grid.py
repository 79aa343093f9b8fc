"""The ``grid`` learner: exact evidence of hits and misses on a grid of levels, under a field over aspects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field, field_validator

from watchfloor.base.config import Config
from watchfloor.base.picture import SIGMA_GRID_DBSM, Identities, Knowledge, Looks, Status, Tasks, Tracks
from watchfloor.base.units import BoolArray, FloatArray, IntArray
from watchfloor.learn import _kernels, _kernels_tasking
from watchfloor.learn.base import learners
from watchfloor.learn.exploit import best_rung, equal_rate, false_starts, gate_cells, ladder, reach_cells
from watchfloor.learn.field import FieldConfig, FieldPosterior, Priors, make_priors
from watchfloor.learn.habits import Habits
from watchfloor.learn.identify import Behaviour, by_type, softmax
from watchfloor.learn.labels import LabelConfig
from watchfloor.learn.ledger import LedgerRows, ledger
from watchfloor.learn.library import LOG_SCORE_WEIGHT, SCORES, Library
from watchfloor.learn.memory import MemoryConfig
from watchfloor.learn.share import Evidence
from watchfloor.learn.tasking import Tasking, TaskingConfig
from watchfloor.learn.update import LATTICE, N_LATTICE, Echoes
from watchfloor.physics.environment import Environment, Targets
from watchfloor.physics.fluctuation import decorrelation_rad
from watchfloor.physics.frames import aspect
from watchfloor.physics.radar import Radar, look
from watchfloor.scenario.cards import TypeCard
from watchfloor.scenario.spread import Spread


class GridLearnerConfig(Config):
    """Learns the mean radar cross-section of each type, sensor and aspect cell on a grid of levels."""

    sources: ClassVar[tuple[str, ...]] = (
        "B. Ristic, S. Arulampalam, N. Gordon, Beyond the Kalman Filter, Artech House, 2004 (estimation on a grid)",
        "M. A. Richards, Fundamentals of Radar Signal Processing, 2nd ed., McGraw-Hill, 2014 (decorrelation in angle)",
        "T. M. Cover, J. A. Thomas, Elements of Information Theory, 2nd ed., Wiley, 2006 (information gained)",
    )

    kind: Literal["grid"] = "grid"
    field: FieldConfig = FieldConfig()
    """How levels at different aspects and of different radars hang together."""
    reflectors: Literal["ignored", "known"] = "ignored"
    """Whether the learner reckons with reflectors: it then holds a type that can wear them with and without."""
    p_reflectors: float = Field(default=0.5, gt=0.0, lt=1.0)
    """Chance, before anything is seen, that a type that can wear reflectors does. [1]"""
    labels: LabelConfig = LabelConfig()
    """How far declared types are trusted."""
    memory: MemoryConfig = MemoryConfig()
    """How knowledge ages between the sorties of a campaign."""
    teach_probability_min: float = Field(default=1e-3, gt=0.0, lt=1.0)
    """A track teaches no type whose probability is below this. [1]"""
    association: float = Field(default=0.98, gt=0.0, le=1.0)
    """Chance that an echo above the threshold is given to its track; below 1, a miss never rules a level out. [1]"""
    attitude_deg: float = Field(default=0.3, ge=0.0, le=10.0)
    """Wander of an aircraft's attitude between looks, one standard deviation; decorrelates a straight path. [deg]"""
    turn_max_degps: float = Field(default=0.5, gt=0.0, le=1e6)
    """A look is left out when the track has turned faster than this since the last: its aspect is doubtful. [deg/s]"""
    border_sigmas: float = Field(default=1.3, ge=0.0, le=10.0)
    """A look is left out when its aspect is nearer to its cell's border than so many deviations of the track's heading;
    the middle fifth of a cell always teaches. [1]"""
    p_other: float = Field(default=0.1, gt=0.0, lt=1.0)
    """Probability, before anything is seen, that a track is of no known type; the rest is shared evenly. [1]"""
    other_mean_dbsm: float = Field(default=0.0, ge=-40.0, le=30.0)
    """Centre of what is believed of a thing of no known type. [dBsm]"""
    other_sd_db: float = Field(default=15.0, gt=0.0, le=40.0)
    """One standard deviation of it. [dB]"""
    other_cell_db: float = Field(default=5.0, gt=0.0, le=40.0)
    """The part of it that is each aspect cell's own; the rest all aspects share. [dB]"""
    other_length_m: float = Field(default=15.0, gt=0.0, le=100.0)
    """Length of it. [m]"""
    other_speed_mps: Spread = Spread(p10=50.0, p50=200.0, p90=400.0, source="scenario", note="anything that flies")
    """Speed of it. [m/s]"""
    other_altitude_m: Spread = Spread(p10=200.0, p50=6000.0, p90=14000.0, source="scenario", note="anything that flies")
    """Altitude of it. [m]"""
    kinematic_trust: float = Field(default=0.9, ge=0.0, le=1.0)
    """Chance that a type flies as its card says; 0 leaves speed and altitude out. [1]"""
    gates: bool = True
    """Whether lower thresholds are asked for inside predicted gates; expected Pd goes to the tracker either way."""
    pfa_ladder: tuple[float, ...] = (1e-5, 1e-4, 1e-3, 1e-2)
    """Probabilities of false alarm a cell that a gate may use, beside the radar's own. [1]"""
    false_cost: float = Field(default=0.02, ge=0.0)
    """Price of one false plot inside a gate, in detections. [1]"""
    min_gain: float = Field(default=0.005, ge=0.0, le=1.0)
    """Least gain, in expected detections a look, for which a gate is opened. [1]"""
    false_tracks: Literal["priced", "equal"] = "priced"
    """Whether a gate's threshold is chosen by the price of a false plot, or so that gates add no more than a share to
    the false tracks that each radar's own noise starts."""
    false_track_share: float = Field(default=0.1, ge=0.0, le=10.0)
    """That share, if ``equal``. [1]"""
    start_m: int = Field(default=3, ge=1, le=10)
    """Plots that start a track, in as many scans, if ``equal``."""
    start_n: int = Field(default=5, ge=1, le=20)
    """Scans in which they must come, at least ``start_m``."""
    start_speed_mps: float = Field(default=400.0, gt=0.0, le=5e3)
    """Speed that a start allows for between scans. [m/s]"""
    tasking: TaskingConfig | None = None
    """How radars that steer their beam divide time and energy; a usual dwell at each track when left out."""
    gate_sigmas: float = Field(default=3.0, gt=0.0, le=10.0)
    """Radius of a gate in standard deviations of the predicted position. [1]"""
    manoeuvre_mps2: float = Field(default=1.0, ge=0.0, le=100.0)
    """Acceleration that a gate allows for over one tick. [m/s2]"""

    @field_validator("pfa_ladder")
    @classmethod
    def _probabilities(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if not all(0.0 < pfa <= 0.1 for pfa in value):
            raise ValueError(f"wanted probabilities above 0, at most 0.1, got {value}")
        return value


@learners.register("grid", GridLearnerConfig)
class GridLearner:
    """Learns from hits and misses, identifies tracks, and says where a lower threshold pays.

    What one flight teaches is used from the next flight on (`close_flight`), the track's own looks at once: identity
    and expected Pd rest on what was known when the flight began and on the looks at that very track.

    Parameters
    ----------
    config : GridLearnerConfig
        Settings.
    radars : sequence of Radar or None
        One a sensor of the run; None for what is no primary radar. The owner knows its own radars.
    environments : sequence of Environment
        What surrounds the antennas, one a sensor. The owner has surveyed its sites.
    types : sequence of str
        The run's list of types.
    cards : mapping of str to TypeCard
        The public catalogue's card of each type: the prior.
    knowledge : Knowledge or None
        What is known from earlier; None for the catalogue alone.
    habits : Habits or None
        What is known of how each type flies; None for the cards alone.

    Raises
    ------
    ValueError
        If a type has no card, a card no signature in a radar's band, or the knowledge is of another run's shape.
    """

    def __init__(
        self,
        config: GridLearnerConfig,
        *,
        radars: Sequence[Radar | None],
        environments: Sequence[Environment],
        types: Sequence[str],
        cards: Mapping[str, TypeCard],
        knowledge: Knowledge | None = None,
        habits: Habits | None = None,
    ) -> None:
        if len(radars) != len(environments):
            raise ValueError(f"one radar and environment a sensor, got {len(radars)} and {len(environments)}")
        self._config = config
        priors = make_priors(
            radars=radars, types=types, cards=cards, config=config.field, reflectors=config.reflectors == "known"
        )
        other = (config.other_mean_dbsm, config.other_sd_db, config.other_cell_db)
        self._library = Library(priors, other=other, knowledge=knowledge)
        self._cells, rows = priors.cells, priors.sensors
        self._radars = [radar for radar in radars if radar is not None]
        self._surroundings = [environments[row] for row in rows]
        self._observers = np.array([around.place.ecef_m for around in self._surroundings]).reshape(-1, 3)
        """(s, 3) places of the antennas. [m]"""
        self._horizons = np.array([around.place.rotation[:2] for around in self._surroundings]).reshape(-1, 2, 3)
        """(s, 2, 3) east and north there. [1]"""
        self._sensor_index = np.full(len(radars), -1, np.int64)
        self._sensor_index[rows] = np.arange(len(rows))
        self._n_types = len(types)
        self._cell_rad = np.radians(config.field.cell_deg)
        self._class_type = np.append(priors.type, self._n_types)

        # echo classes: fluctuation law and length decide likelihood and weight of a look
        kind = [(cards[name].swerling, cards[name].length_m.median) for name in types] + [(1, config.other_length_m)]
        classes = sorted(set(kind))
        laws = sorted({law for law, _ in classes})
        self._class_echo = np.array([classes.index(kind[t]) for t in self._class_type], np.int64)
        self._echo_law = np.array([laws.index(law) for law, _ in classes], np.int64)
        self._decorrelation = np.array(
            [[decorrelation_rad(r.wavelength_m, length) for _, length in classes] for r in self._radars]
        ).reshape(len(self._radars), len(classes))
        self._period_s = np.array([r.period_s for r in self._radars])
        self._attitude = np.sqrt(2.0) * np.radians(config.attitude_deg)  # of the difference of two looks
        self._turn_max = float(np.radians(config.turn_max_degps))
        self._echoes = Echoes(self._radars, laws, config.association)

        rungs = [ladder(radar, config.pfa_ladder if config.gates else ()) for radar in self._radars]
        n_rungs = max((len(r) for r in rungs), default=1)
        self._rungs = np.array([[*r, *[r[0]] * (n_rungs - len(r))] for r in rungs]).reshape(len(rungs), n_rungs)
        ratio_db = LATTICE[0] + LATTICE[1] * np.arange(N_LATTICE)
        moments = np.broadcast_to(
            np.array([np.ones(N_LATTICE), ratio_db, ratio_db**2])[:, None], (len(rungs), 3, len(laws), N_LATTICE)
        )
        self._pd = np.concatenate((self._echoes.pd(self._rungs), moments), axis=1)
        self._laws, self._class_law = np.array(laws), self._echo_law[self._class_echo]

        self._behaviour = Behaviour(
            radars,
            types,
            [cards[name] for name in types],
            labels=config.labels,
            trust=config.kinematic_trust,
            other_speed_mps=config.other_speed_mps,
            other_altitude_m=config.other_altitude_m,
            habits=habits,
        )
        known = (1.0 - config.p_other) / max(self._n_types, 1)
        dressed = np.isin(np.arange(self._n_types), priors.type[priors.configuration == 1])
        share = np.where(dressed[priors.type], np.where(priors.configuration == 1, 1.0, -1.0), 0.0)
        share = np.where(share == 0.0, 1.0, np.where(share > 0.0, config.p_reflectors, 1.0 - config.p_reflectors))
        prior = np.append(known * share, config.p_other)
        self._log_prior = np.log(prior / prior.sum())
        self._slots = _Slots(len(prior), len(rows), len(self._cells), len(classes))
        self._allowed = config.false_track_share * np.array([self._own_starts(r) for r in self._radars])
        self._tasking = None
        if config.tasking is not None:
            self._tasking = Tasking(
                config.tasking,
                radars=self._radars,
                places=[around.place for around in self._surroundings],
                rungs=self._rungs,
                laws=laws,
            )
        self._table = self._library.table(self._library.gain, self._library.counts, self._library.fields)
        self._known: tuple[Knowledge, FloatArray, FloatArray, list[FieldPosterior]] | None = None
        self._last, self._task_s = Tracks.empty(), None

    @property
    def priors(self) -> Priors:
        """The public catalogue, as this learner reads it."""
        return self._library.priors

    @property
    def knowledge(self) -> Knowledge:
        """What is believed now, this flight included."""
        return self._taught()[0]

    @property
    def habits(self) -> Habits:
        """What is known of how each type flies, of tracks that have ended."""
        return self._behaviour.habits

    def step(self, tracks: Tracks, looks: Looks) -> tuple[Identities, Knowledge]:
        """Take in the looks of one tick.

        Parameters
        ----------
        tracks : Tracks
            The tracker's estimates at the end of the tick.
        looks : Looks
            Looks of the tick at these tracks; one that was taken in before, or is of a track not in ``tracks``, is
            left out.

        Returns
        -------
        identities : Identities
            Rows as in ``tracks``.
        knowledge : Knowledge
            What these identities rest on: what was known when the flight began (``knowledge`` has this flight too).
        """
        slots = self._slots
        at = slots.find(tracks.number, self._behaviour)
        self._last, manner = tracks, self._behaviour.hear(tracks, at)
        if len(looks) and len(tracks) and len(self._radars):
            self._absorb(tracks, looks, at, manner[:, 3])
        identities = self._identify(tracks, at, manner)
        ended = tracks.status == Status.DROPPED
        if np.any(ended):
            self._teach(at[ended], self._library.gain, self._library.counts)
            self._behaviour.end(tracks.take(ended), at[ended], identities.probability[ended])
            slots.release(tracks.number[ended])
        return identities, self._table

    def task(self, tracks: Tracks, identities: Identities, *, until_s: float) -> Tasks:
        """Say what to expect of each confirmed track's next look, and where to lower the threshold.

        Parameters
        ----------
        tracks : Tracks
            The tracker's estimates.
        identities : Identities
            Posterior over types, rows as in ``tracks``.
        until_s : float
            End of the tick; the tasks are for the one that follows, taken to be as long as the last. [s]

        Returns
        -------
        Tasks
            One row a confirmed track and primary radar, in that order; ``pd`` is 0 where the radar will not see the
            place.
        """
        tick_s = until_s - self._task_s if self._task_s is not None else float(self._period_s.max(initial=0.0))
        self._task_s = until_s
        keep = np.flatnonzero(tracks.status == Status.CONFIRMED)
        n, n_radars = len(keep), len(self._radars)
        if n == 0 or n_radars == 0:
            return Tasks.empty()
        velocity = tracks.velocity_ecef_mps[keep]
        ahead = until_s - tracks.t_s[keep]
        position = tracks.position_ecef_m[keep] + velocity * ahead[:, None]
        radius = self._gate_radius_m(tracks.cov[keep], ahead + tick_s)
        cell, snr_db, n_cells = np.empty((n, n_radars), np.int64), np.empty((n, n_radars)), np.empty((n, n_radars))
        starts = np.zeros((n, n_radars, self._rungs.shape[1])) if self._config.false_tracks == "equal" else None
        for s, radar in enumerate(self._radars):
            seen = look(radar, Targets(ecef_m=position, velocity_ecef_mps=velocity), self._surroundings[s])
            cell[:, s] = self._cells.find(*aspect(position, velocity, self._surroundings[s].place.ecef_m))
            snr_db[:, s] = _snr_db(seen.snr_1m2, seen.visible)
            n_cells[:, s] = gate_cells(radar, seen.range_m, radius)
            if starts is not None:
                starts[:, s] = self._starts(radar, n_cells[:, s, None], self._rungs[s], seen.range_m[:, None])
        slots, library = self._slots, self._library
        library.need(np.tile(np.arange(n_radars), n), cell.reshape(-1))
        slots.reserve(1)
        at = slots.find_known(tracks.number[keep])
        of_class = self._of_classes(np.ascontiguousarray(identities.probability[keep]), at)
        believed = (
            slots.pool_at,
            slots.own,
            slots.own_scored,
            slots.scored,
            library.table_at,
            library.tables,
            library.group,
            LOG_SCORE_WEIGHT,
        )
        pd = _kernels.expected_pd(
            at,
            cell,
            snr_db,
            of_class,
            self._pd,
            LATTICE,
            float(SIGMA_GRID_DBSM[0]),
            self._echo_law,
            self._class_echo,
            *believed,
        )
        config = self._config
        echo_db, echo_sd_db = _echo_db(pd[:, :, -3:])
        pd = np.clip(pd[:, :, :-3], 0.0, 1.0)
        if starts is None:
            pfa, pd = best_rung(pd, self._rungs, n_cells, config.false_cost, min_gain=config.min_gain)
        else:
            pfa, pd = equal_rate(pd, self._rungs, starts, self._allowed, min_gain=config.min_gain)
        dwell = np.ones((n, n_radars))
        if self._tasking is not None and self._tasking.steered:
            steered = np.array(self._tasking.steered, np.int64)
            level = _kernels_tasking.track_levels(steered, at, cell, of_class, self._class_echo, *believed)
            asked = self._tasking.ask(
                pfa=pfa,
                pd=pd,
                n_cells=n_cells,
                false_cost=config.false_cost,
                min_gain=config.min_gain,
                probability=of_class,
                level=level,
                type_law=self._echo_law[self._class_echo],
                snr_1m2_db=snr_db,
                position_ecef_m=position,
                cov=_position_cov(tracks.cov[keep], ahead + 0.5 * tick_s),
                radius_m=radius,
                thresholds="chosen" if starts is None else "given",
            )
            dwell, pfa, pd = asked.dwell, asked.pfa, asked.pd
            echo_db += 10.0 * np.log10(np.where(dwell > 0.0, dwell, 1.0))
        law = np.full(n, self._laws[0])
        if len(self._laws) > 1:
            of_law = [of_class[:, self._class_law == w].sum(axis=1) for w in range(len(self._laws))]
            law = self._laws[np.argmax(of_law, axis=0)]
        each = np.repeat(np.arange(n), n_radars)
        return Tasks(
            track=tracks.number[keep][each],
            sensor=np.tile(self._library.sensors, n),
            t_s=np.full(n * n_radars, until_s),
            position_ecef_m=position[each],
            velocity_ecef_mps=velocity[each],
            radius_m=radius[each],
            pfa=pfa.reshape(-1),
            pd=pd.reshape(-1),
            dwell=dwell.reshape(-1),
            snr_db=echo_db.reshape(-1),
            snr_sd_db=echo_sd_db.reshape(-1),
            swerling=law[each],
        )

    def _starts(self, radar: Radar, n_cells: FloatArray, pfa: FloatArray, range_m: FloatArray) -> FloatArray:
        """False starts a scan in cells at some range."""
        config = self._config
        reach = reach_cells(radar, range_m, speed_mps=config.start_speed_mps, interval_s=radar.period_s)
        return false_starts(n_cells, pfa, m=config.start_m, n=max(config.start_n, config.start_m), reach_cells=reach)

    def _own_starts(self, radar: Radar) -> float:
        """False starts a scan in all of a radar's coverage, at its own threshold."""
        range_m = np.linspace(radar.range_min_m, radar.range_max_m, 33)[1:]
        each = np.full(range_m.shape, radar.n_cells / len(range_m))
        return float(self._starts(radar, each, np.full(range_m.shape, radar.pfa), range_m).sum())

    def evidence(self) -> Evidence:
        """Return the log-likelihoods gathered since the last `close_flight`; call it before closing."""
        library = self._library
        priors = library.priors
        _, gain, counts, _ = self._taught()
        s, m, c = library.touched(counts)
        return Evidence(
            sensor=library.sensors[s],
            type=priors.type[m],
            configuration=priors.configuration[m],
            aspect_rad=self._cells.azimuth_rad[c],
            elevation_rad=self._cells.elevation_rad[c],
            log_likelihood=gain[s, m, c],
            n_looks=counts[s, m, c, 0],
        )

    def close_flight(self) -> LedgerRows:
        """End a flight: return its ledger; what it taught is used from here on.

        Tracks that live on keep the identity they have earned, and start to gather evidence afresh.
        """
        library = self._library
        self._table, library.gain, library.counts, fields = self._taught()
        rows = ledger(library, fields)
        at = self._slots.find_known(self._last.number)
        live = self._last.take(at >= 0)
        at = at[at >= 0]
        self._behaviour.end(live, at, by_type(self._slots.probability[at], self._class_type, self._n_types))
        library.restart(fields)
        self._slots.forget_looks()
        self._known = None
        return rows

    def forget_tracks(self) -> None:
        """Forget every track: the next flight is another mission, whose numbers begin anew."""
        self._slots.clear()
        self._last, self._task_s = Tracks.empty(), None

    def _taught(self) -> tuple[Knowledge, FloatArray, FloatArray, list[FieldPosterior]]:
        """Knowledge, evidence, counts and posteriors with what every live track has to say."""
        if self._known is None:
            library, slots = self._library, self._slots
            gain, counts = library.gain.copy(), library.counts.copy()
            self._teach(slots.live(), gain, counts)
            fields = library.after(gain, counts)
            self._known = library.table(gain, counts, fields), gain, counts, fields
        return self._known

    def _teach(self, at: IntArray, gain: FloatArray, counts: FloatArray) -> None:
        library, slots = self._library, self._slots
        _kernels.teach(
            at,
            np.ascontiguousarray(slots.probability[at]),
            slots.pool_at,
            slots.own_teach,
            slots.own_count,
            self._class_echo,
            self._decorrelation.shape[1],
            library.level,
            library.reach,
            library.taps,
            self._config.teach_probability_min,
            library.group,
            slots.own_scored,
            LOG_SCORE_WEIGHT,
            library.twin,
            library.same,
            gain,
            counts,
        )

    def _of_classes(self, probability: FloatArray, at: IntArray) -> FloatArray:
        """Share the probabilities of types (n, types + 1) out over their classes (n, classes + 1)."""
        if len(self._class_type) == self._n_types + 1:
            return probability
        own = np.where((at >= 0)[:, None], self._slots.probability[at], np.exp(self._log_prior))
        whole = by_type(own, self._class_type, self._n_types)
        return own * (probability / np.maximum(whole, 1e-300))[:, self._class_type]

    def _absorb(self, tracks: Tracks, looks: Looks, at: IntArray, heading_sd: FloatArray) -> None:
        n = len(looks)
        row = np.minimum(np.searchsorted(tracks.number, looks.track), len(tracks) - 1)
        listed = (looks.sensor >= 0) & (looks.sensor < len(self._sensor_index))
        sensor = np.where(listed, self._sensor_index[np.where(listed, looks.sensor, 0)], -1)
        use = (tracks.number[row] == looks.track) & (sensor >= 0)
        number, miss_at = np.empty((n, 7)), np.zeros(n, np.int64)
        number[:, 0], number[:, 5], number[:, 6] = looks.t_s, -np.inf, looks.snr_db - looks.noise_db
        number[:, 4] = heading_sd[row]
        position, velocity = looks.position_ecef_m, looks.velocity_ecef_mps
        off, elevation = aspect(position, velocity, self._observers[sensor])
        cell = self._cells.find(off, elevation)
        inside = self._border_rad(off, cell % self._cells.n_azimuth)
        across = np.einsum("nij,nj->ni", self._horizons[sensor], velocity)
        number[:, 3] = np.arctan2(across[:, 0], across[:, 1])
        for s, radar in enumerate(self._radars):
            mine = np.flatnonzero(use & (sensor == s))
            if len(mine) == 0:
                continue
            targets = Targets(ecef_m=position[mine], velocity_ecef_mps=velocity[mine])
            seen = look(radar, targets, self._surroundings[s])
            number[mine, 1], number[mine, 2] = seen.azimuth_rad, seen.elevation_rad
            number[mine, 5] = _snr_db(seen.snr_1m2, seen.visible) - looks.noise_db[mine] + looks.dwell_db[mine]
        margin = np.minimum(self._config.border_sigmas * number[:, 4], 0.4 * self._cell_rad)
        use &= np.isfinite(number[:, 5]) & (inside >= margin)
        miss = use & np.isnan(looks.snr_db)
        if np.any(miss):
            miss_at[miss] = self._echoes.thresholds(looks.pfa[miss])
        self._behaviour.see(np.where(use, at[row], -1), looks.sensor, off, number[:, 6], looks.modulation_hz)
        source = np.where(tracks.label >= 0, np.maximum(tracks.label_source, 0), -1)
        slots, library = self._slots, self._library
        slots.reserve(n)
        library.need(sensor[use], cell[use])
        counted = _kernels.absorb(
            np.argsort(looks.t_s, kind="stable"),
            np.where(use, at[row], -1),
            sensor,
            cell,
            number,
            miss_at,
            source[row],
            self._echoes.hit,
            self._echoes.miss,
            LATTICE,
            float(SIGMA_GRID_DBSM[0]),
            self._decorrelation,
            self._attitude,
            self._turn_max,
            self._period_s,
            self._echo_law,
            self._class_echo,
            slots.last,
            slots.pool_at,
            slots.free,
            slots.n_free,
            slots.own_log,
            slots.own,
            slots.own_scale,
            slots.own_teach,
            slots.own_count,
            slots.own_scored,
            slots.scored,
            library.table_at,
            library.tables,
            library.group,
        )
        if counted[0]:
            self._known = None

    def _identify(self, tracks: Tracks, at: IntArray, manner: FloatArray) -> Identities:
        if len(tracks) == 0:
            return Identities.empty(self._n_types)
        slots = self._slots
        log_p = np.empty((len(at), len(self._log_prior)))
        _kernels.evidence(slots.scored, LOG_SCORE_WEIGHT, at, log_p)
        log_p += self._log_prior
        of_type = self._behaviour.log_likelihood(manner, at)
        probability = softmax(log_p + of_type[:, self._class_type])
        slots.probability[at] = probability
        self._known = None
        return Identities(
            track=tracks.number, t_s=tracks.t_s, probability=by_type(probability, self._class_type, self._n_types)
        )

    def _border_rad(self, azimuth_rad: FloatArray, cell: IntArray) -> FloatArray:
        """Distance of an aspect from the nearest border of its cell; nose and tail are none. [rad]"""
        inside = np.abs(azimuth_rad) - cell * self._cell_rad
        below = np.where(cell > 0, inside, np.inf)
        above = np.where(cell < self._cells.n_azimuth - 1, self._cell_rad - inside, np.inf)
        return np.maximum(np.minimum(below, above), 0.0)

    def _gate_radius_m(self, cov: FloatArray, ahead_s: FloatArray) -> FloatArray:
        position2 = np.einsum("nii->n", cov[:, :3, :3])
        cross = np.einsum("nii->n", cov[:, :3, 3:])
        speed2 = np.einsum("nii->n", cov[:, 3:, 3:])
        sd = np.sqrt(np.maximum(position2 + 2.0 * ahead_s * cross + ahead_s**2 * speed2, 0.0))
        return self._config.gate_sigmas * sd + 0.5 * self._config.manoeuvre_mps2 * ahead_s**2


def _snr_db(snr: FloatArray, visible: BoolArray) -> FloatArray:
    """Level of a ratio, -inf where it is 0 or out of sight. [dB]"""
    positive = visible & (snr > 0.0)
    return np.where(positive, 10.0 * np.log10(np.where(positive, snr, 1.0)), -np.inf)


def _echo_db(moments: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean and standard deviation (n, s) of a ratio by its sums (n, s, 3), of ones, of values and of squares. [dB]"""
    seen = moments[:, :, 0] > 0.0
    whole = np.where(seen, moments[:, :, 0], np.nan)
    mean = moments[:, :, 1] / whole
    return mean, np.sqrt(np.maximum(moments[:, :, 2] / whole - mean * mean, 0.0))


def _position_cov(cov: FloatArray, ahead_s: FloatArray) -> FloatArray:
    """Covariance (n, 3, 3) of positions after some time of straight flight. [m2]"""
    t, cross = ahead_s[:, None, None], cov[:, :3, 3:]
    return cov[:, :3, :3] + t * (cross + cross.transpose(0, 2, 1)) + t * t * cov[:, 3:, 3:]


class _Slots:
    """State of each live track, in rows that are used again once a track has ended."""

    def __init__(self, n_classes: int, n_radars: int, n_cells: int, n_echo: int) -> None:
        self._row: dict[int, int] = {}
        self._idle: list[int] = []
        n_levels, n_scores = len(SIGMA_GRID_DBSM), len(SCORES)
        self.last = np.empty((0, n_radars, 4))
        """(slot, s, 4) time, azimuth, elevation, heading of the last look. [s, rad, rad, rad]"""
        self.pool_at = np.empty((0, n_radars, n_cells), np.int64)
        """(slot, s, c) row of the pool, -1 for none."""
        self.scored = np.empty((0, n_radars, n_classes, n_scores))
        """(slot, group, classes, u) log evidence of the track's own looks at each value of a group's score. [1]"""
        self.probability = np.empty((0, n_classes))
        """(slot, classes) posterior at the end of the last tick, "other" last. [1]"""
        self.free, self.n_free = np.empty(0, np.int64), np.zeros(1, np.int64)
        self.own_log, self.own = np.empty((0, n_echo, n_levels)), np.empty((0, n_echo, n_levels))
        self.own_teach, self.own_scale = np.empty((0, n_echo, n_levels)), np.empty((0, n_echo))
        self.own_count = np.empty((0, n_echo + 6))
        self.own_scored = np.empty((0, n_classes, n_scores))

    def live(self) -> IntArray:
        """Return the slots in use, in the order in which their tracks appeared."""
        return np.array(list(self._row.values()), np.int64)

    def clear(self) -> None:
        """Free every slot."""
        for at in self._row.values():
            self._give_back(at)
            self._idle.append(at)
        self._row.clear()

    def find(self, number: IntArray, behaviour: Behaviour) -> IntArray:
        """Return the slot of each track, a new one for a new track, where its behaviour starts anew."""
        row = self._row
        out = np.array([row.get(n, -1) for n in number.tolist()], np.int64)
        new = np.flatnonzero(out < 0)
        if len(new):
            out[new] = [self._take(int(number[i])) for i in new]
            behaviour.begin(out[new])
        return out

    def find_known(self, number: IntArray) -> IntArray:
        """Return the slot of each track, -1 for one that has none."""
        row = self._row
        return np.array([row.get(n, -1) for n in number.tolist()], np.int64)

    def release(self, number: IntArray) -> None:
        """Free the slots of tracks that have ended."""
        for one in number.tolist():
            at = self._row.pop(one, None)
            if at is not None:
                self._give_back(at)
                self._idle.append(at)

    def forget_looks(self) -> None:
        """Drop the gathered looks of every live track; their evidence stays."""
        for at in self._row.values():
            self._give_back(at)

    def reserve(self, n: int) -> None:
        """Make sure that the pool has ``n`` free rows."""
        short = n - int(self.n_free[0])
        if short <= 0:
            return
        have = len(self.own)
        more = max(short, have, 64)
        self.free = np.concatenate(
            (self.free[: self.n_free[0]], np.arange(have, have + more), np.empty(have, np.int64))
        )
        self.n_free[0] += more
        for name in ("own_log", "own", "own_scale", "own_teach", "own_count", "own_scored"):
            old = getattr(self, name)
            setattr(self, name, np.concatenate((old, np.zeros((more, *old.shape[1:])))))

    def _give_back(self, at: int) -> None:
        rows = self.pool_at[at][self.pool_at[at] >= 0]
        n = int(self.n_free[0])
        self.free[n : n + len(rows)] = rows
        self.n_free[0] = n + len(rows)
        self.pool_at[at] = -1

    def _take(self, number: int) -> int:
        if not self._idle:
            have = len(self.last)
            more = max(have, 32)
            for name in ("last", "pool_at", "scored", "probability"):
                old = getattr(self, name)
                setattr(self, name, np.concatenate((old, np.zeros((more, *old.shape[1:]), old.dtype))))
            self._idle.extend(range(have + more - 1, have - 1, -1))
        at = self._idle.pop()
        self.last[at] = -np.inf
        self.pool_at[at] = -1
        self.scored[at] = 0.0
        self.probability[at] = 0.0
        self._row[number] = at
        return at
