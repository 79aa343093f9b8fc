"""The ``grid`` learner: a censored Bayesian update on a grid of levels, cell by cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field, field_validator

from watchfloor.base.config import Config
from watchfloor.base.picture import SIGMA_GRID_DBSM, Identities, Knowledge, Looks, Status, Tasks, Tracks
from watchfloor.base.units import BoolArray, FloatArray, IntArray
from watchfloor.learn import _kernels
from watchfloor.learn.base import learners
from watchfloor.learn.exploit import best_rung, gate_cells, ladder
from watchfloor.learn.identify import Kinematics, log_label, softmax, speed_and_altitude
from watchfloor.learn.ledger import LedgerRows, ledger
from watchfloor.learn.library import broad, cell_centres, make_library
from watchfloor.learn.share import Evidence
from watchfloor.learn.update import LATTICE, N_LATTICE, Echoes, decorrelation_rad, pd_row
from watchfloor.physics.environment import Environment, Targets
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
    cell_deg: float = Field(default=15.0, ge=1.0, le=180.0)
    """Width of an aspect cell; divides 180. [deg]"""
    label_reliability: float = Field(default=0.98, gt=0.0, lt=1.0)
    """Chance that a transponder or flight plan declares the right type; weight of a labelled look. [1]"""
    min_probability: float = Field(default=0.5, ge=0.0, le=1.0)
    """A track without a label teaches a type only when its probability is at least this. [1]"""
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
    gate_sigmas: float = Field(default=3.0, gt=0.0, le=10.0)
    """Radius of a gate in standard deviations of the predicted position. [1]"""
    manoeuvre_mps2: float = Field(default=1.0, ge=0.0, le=100.0)
    """Acceleration that a gate allows for over one tick. [m/s2]"""

    @field_validator("cell_deg")
    @classmethod
    def _divides(cls, value: float) -> float:
        cell_centres(value)
        return value

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
    ) -> None:
        if len(radars) != len(environments):
            raise ValueError(f"one radar and environment a sensor, got {len(radars)} and {len(environments)}")
        self._config = config
        self._library = make_library(
            radars=radars,
            types=types,
            cards=cards,
            cell_deg=config.cell_deg,
            other=broad(config.other_mean_dbsm, config.other_sd_db),
            knowledge=knowledge,
        )
        rows = self._library.sensors
        self._radars = [radar for radar in radars if radar is not None]
        self._surroundings = [environments[row] for row in rows]
        self._sensor_index = np.full(len(radars), -1, np.int64)
        self._sensor_index[rows] = np.arange(len(rows))
        self._n_types = len(types)
        self._cell_rad = np.radians(config.cell_deg)

        # echo classes: fluctuation law and length decide likelihood and weight of a look
        kind = [(cards[name].swerling, cards[name].length_m.median) for name in types] + [(1, config.other_length_m)]
        classes = sorted(set(kind))
        laws = sorted({law for law, _ in classes})
        self._type_echo = np.array([classes.index(one) for one in kind], np.int64)
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
        self._pd = np.array(
            [
                [[pd_row(float(pfa), r.n_pulses, law) for law in laws] for pfa in self._rungs[s]]
                for s, r in enumerate(self._radars)
            ]
        ).reshape(len(self._radars), n_rungs, len(laws), N_LATTICE)

        self._kinematics = Kinematics(
            [cards[name] for name in types],
            other_speed_mps=config.other_speed_mps,
            other_altitude_m=config.other_altitude_m,
            trust=config.kinematic_trust,
        )
        known = (1.0 - config.p_other) / max(self._n_types, 1)
        prior = np.array([*[known] * self._n_types, config.p_other])
        self._log_prior = np.log(prior / prior.sum())
        self._slots = _Slots(self._n_types, len(rows), len(self._library.centres_rad), len(classes))
        self._used = self._library.table()
        self._known: Knowledge | None = None
        self._task_s: float | None = None

    @property
    def knowledge(self) -> Knowledge:
        """What is believed now, this flight included."""
        if self._known is None:
            self._known = self._library.table()
        return self._known

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
        at = slots.find(tracks.number)
        if len(looks) and len(tracks):
            self._absorb(tracks, looks, at)
        identities = self._identify(tracks, at)
        ended = tracks.status == Status.DROPPED
        if np.any(ended):
            slots.release(tracks.number[ended])
        return identities, self._used

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
        for s, radar in enumerate(self._radars):
            seen = look(radar, Targets(ecef_m=position, velocity_ecef_mps=velocity), self._surroundings[s])
            azimuth, _ = aspect(position, velocity, self._surroundings[s].place.ecef_m)
            cell[:, s] = self._cell(azimuth)
            snr_db[:, s] = _snr_db(seen.snr_1m2, seen.visible)
            n_cells[:, s] = gate_cells(radar, seen.range_m, radius)
        pd = _kernels.expected_pd(
            self._slots.find_known(tracks.number[keep]),
            cell,
            snr_db,
            np.ascontiguousarray(identities.probability[keep]),
            self._pd,
            LATTICE,
            float(SIGMA_GRID_DBSM[0]),
            self._echo_law,
            self._type_echo,
            self._slots.pool_at,
            self._slots.own,
            self._library.start_probability,
        )
        config = self._config
        pfa, pd = best_rung(np.clip(pd, 0.0, 1.0), self._rungs, n_cells, config.false_cost, min_gain=config.min_gain)
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
        )

    def evidence(self) -> Evidence:
        """Return the log-likelihoods gathered since the last `close_flight`; call it before closing."""
        library = self._library
        s, t, c = library.touched()
        return Evidence(
            sensor=library.sensors[s],
            type=t,
            aspect_rad=library.centres_rad[c],
            log_likelihood=library.taught(),
            n_looks=library.counts[s, t, c, 0],
        )

    def close_flight(self) -> LedgerRows:
        """End a flight: return its ledger; what it taught is used from here on.

        Tracks that live on keep the identity they have earned, and start to gather evidence afresh.
        """
        rows = ledger(self._library)
        self._library.restart()
        self._used = self._library.table()
        self._slots.forget_looks()
        self._known = None
        return rows

    def _absorb(self, tracks: Tracks, looks: Looks, at: IntArray) -> None:
        n = len(looks)
        row = np.minimum(np.searchsorted(tracks.number, looks.track), len(tracks) - 1)
        listed = (looks.sensor >= 0) & (looks.sensor < len(self._sensor_index))
        sensor = np.where(listed, self._sensor_index[np.where(listed, looks.sensor, 0)], -1)
        inside = np.zeros(n)
        use = (tracks.number[row] == looks.track) & (sensor >= 0)
        number, cell, miss_at = np.empty((n, 7)), np.zeros(n, np.int64), np.zeros(n, np.int64)
        number[:, 0], number[:, 5], number[:, 6] = looks.t_s, -np.inf, looks.snr_db
        number[:, 4] = _heading_sd(tracks)[row]
        for s, radar in enumerate(self._radars):
            mine = np.flatnonzero(use & (sensor == s))
            if len(mine) == 0:
                continue
            place, position, velocity = (
                self._surroundings[s].place,
                looks.position_ecef_m[mine],
                looks.velocity_ecef_mps[mine],
            )
            seen = look(radar, Targets(ecef_m=position, velocity_ecef_mps=velocity), self._surroundings[s])
            azimuth, _ = aspect(position, velocity, place.ecef_m)
            cell[mine] = self._cell(azimuth)
            inside[mine] = self._border_rad(azimuth, cell[mine])
            enu = velocity @ place.rotation[:2].T
            number[mine, 1], number[mine, 2] = seen.azimuth_rad, seen.elevation_rad
            number[mine, 3] = np.arctan2(enu[:, 0], enu[:, 1])
            number[mine, 5] = _snr_db(seen.snr_1m2, seen.visible)
        margin = np.minimum(self._config.border_sigmas * number[:, 4], 0.4 * self._cell_rad)
        use &= np.isfinite(number[:, 5]) & (inside >= margin)
        miss = use & np.isnan(looks.snr_db)
        if np.any(miss):
            miss_at[miss] = self._echoes.thresholds(looks.pfa[miss])
        weight, labelled = self._teaching(tracks, at)
        slots, library = self._slots, self._library
        slots.reserve(n)
        counted = _kernels.absorb(
            np.argsort(looks.t_s, kind="stable"),
            np.where(use, at[row], -1),
            sensor,
            cell,
            number,
            miss_at,
            weight[row],
            labelled[row],
            self._echoes.hit,
            self._echoes.miss,
            LATTICE,
            float(SIGMA_GRID_DBSM[0]),
            self._decorrelation,
            self._attitude,
            self._turn_max,
            self._period_s,
            self._echo_law,
            self._type_echo,
            slots.last,
            slots.pool_at,
            slots.free,
            slots.n_free,
            slots.own_log,
            slots.own,
            slots.own_scale,
            slots.own_evidence,
            slots.evidence,
            library.start_probability,
            library.gain,
            library.counts,
        )
        if counted[0]:
            self._known = None

    def _teaching(self, tracks: Tracks, at: IntArray) -> tuple[FloatArray, BoolArray]:
        """Weight (n, types) with which a track's looks teach each type, and whether a label says so (n,)."""
        believed = self._slots.probability[at, : self._n_types]
        weight = np.where(believed >= self._config.min_probability, believed, 0.0)
        said = (tracks.label >= 0) & (tracks.label < self._n_types)
        if np.any(said):
            rows = np.flatnonzero(said)
            weight[rows] = 0.0
            weight[rows, tracks.label[rows]] = self._config.label_reliability
        return weight, said

    def _identify(self, tracks: Tracks, at: IntArray) -> Identities:
        if len(tracks) == 0:
            return Identities.empty(self._n_types)
        slots = self._slots
        value, variance = speed_and_altitude(tracks)
        fresh = tracks.t_s > slots.heard_s[at]
        slots.heard_s[at] = tracks.t_s
        slots.flown[at, :2] += value * fresh[:, None]
        slots.flown[at, 2] += fresh
        mean = slots.flown[at, :2] / np.maximum(slots.flown[at, 2:], 1.0)
        log_p = slots.evidence[at] + self._log_prior
        log_p += self._kinematics.log_likelihood(mean, variance)
        log_p += log_label(tracks.label, self._n_types, self._config.label_reliability)
        probability = softmax(log_p)
        slots.probability[at] = probability
        return Identities(track=tracks.number, t_s=tracks.t_s, probability=probability)

    def _cell(self, azimuth_rad: FloatArray) -> IntArray:
        cell = (np.abs(azimuth_rad) / self._cell_rad).astype(np.int64)
        return np.minimum(cell, len(self._library.centres_rad) - 1)

    def _border_rad(self, azimuth_rad: FloatArray, cell: IntArray) -> FloatArray:
        """Distance of an aspect from the nearest border of its cell; nose and tail are none. [rad]"""
        inside = np.abs(azimuth_rad) - cell * self._cell_rad
        below = np.where(cell > 0, inside, np.inf)
        above = np.where(cell < len(self._library.centres_rad) - 1, self._cell_rad - inside, np.inf)
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


def _heading_sd(tracks: Tracks) -> FloatArray:
    """Standard deviation of each track's heading. [rad]"""
    speed2 = np.einsum("ni,ni->n", tracks.velocity_ecef_mps, tracks.velocity_ecef_mps)
    return np.sqrt(np.einsum("nii->n", tracks.cov[:, 3:, 3:]) / (3.0 * np.maximum(speed2, 1.0)))


class _Slots:
    """State of each live track, in rows that are used again once a track has ended."""

    def __init__(self, n_types: int, n_radars: int, n_cells: int, n_echo: int) -> None:
        self._row: dict[int, int] = {}
        self._idle: list[int] = []
        self._shape = (n_types, n_radars, n_cells, n_echo)
        n_levels = len(SIGMA_GRID_DBSM)
        self.last = np.empty((0, n_radars, 4))
        """(slot, s, 4) time, azimuth, elevation, heading of the last look. [s, rad, rad, rad]"""
        self.pool_at = np.empty((0, n_radars, n_cells), np.int64)
        """(slot, s, c) row of the pool, -1 for none."""
        self.evidence = np.empty((0, n_types + 1))
        """(slot, types + 1) log evidence of the track's own looks. [1]"""
        self.probability = np.empty((0, n_types + 1))
        """(slot, types + 1) posterior at the end of the last tick. [1]"""
        self.heard_s = np.empty(0)
        """(slot,) time of the last estimate. [s]"""
        self.flown = np.empty((0, 3))
        """(slot, 3) sums of speed and altitude, and their number. [m/s, m, 1]"""
        self.free, self.n_free = np.empty(0, np.int64), np.zeros(1, np.int64)
        self.own_log, self.own = np.empty((0, n_echo, n_levels)), np.empty((0, n_echo, n_levels))
        self.own_scale, self.own_evidence = np.empty((0, n_echo)), np.empty((0, n_types + 1))

    def find(self, number: IntArray) -> IntArray:
        """Return the slot of each track, a new one for a new track."""
        row = self._row
        out = [row.get(n, -1) for n in number.tolist()]
        if -1 in out:
            for i, one in enumerate(out):
                if one < 0:
                    out[i] = self._take(int(number[i]))
        return np.array(out, np.int64)

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
        for name in ("own_log", "own", "own_scale", "own_evidence"):
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
            have = len(self.heard_s)
            more = max(have, 32)
            for name in ("last", "pool_at", "evidence", "probability", "heard_s", "flown"):
                old = getattr(self, name)
                setattr(self, name, np.concatenate((old, np.zeros((more, *old.shape[1:]), old.dtype))))
            self._idle.extend(range(have + more - 1, have - 1, -1))
        at = self._idle.pop()
        self.last[at] = -np.inf
        self.pool_at[at] = -1
        self.evidence[at] = 0.0
        self.probability[at] = 0.0
        self.heard_s[at] = -np.inf
        self.flown[at] = 0.0
        self._row[number] = at
        return at
