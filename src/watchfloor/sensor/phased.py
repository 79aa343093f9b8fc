"""Kind ``phased``: one fixed face that steers its beam: search raster and track dwells under one time budget.

Time goes in frames of ``revisit_s``. In each frame the face first looks at the tracks that it is tasked with, then
again where search found something, and spends the rest on its search raster, which goes on where the frame before left
it. A dwell at a track points at the predicted gate, holds the gate's lowered threshold, and lights whatever else is in
its beam. Search takes each direction of the raster in turn; the mean loss beside the peak of a raster beam is part of
the card's losses, while dwells at tracks pay the pattern itself. Within a frame a target gives one plot: what search
finds inside a gate that had its own dwell is left to that dwell.

Which tracks and how long, is the learner's word (`Tasks.dwell`): a dwell of twice the usual length takes twice the
time and energy and gives twice the signal-to-noise ratio at the same probability of false alarm; of length 0, none.
In which order is the face's own: the most needed first, need being the size of the gate in beamwidths times the frames
since its last dwell. What does not fit is dropped and counted, and `PhasedArray.done` tells the tracker, which would
take a dropped dwell for a miss. A gate wider than the beam is searched by up to ``cue_beams`` beams side by side, those
nearest to its centre first: that is what makes use of a cue by a radar that measures angles coarsely.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import floor, inf, nan, pi
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
from pydantic import Field, PositiveFloat

from watchfloor.base.config import Config
from watchfloor.base.picture import Plots, Tasks
from watchfloor.base.streams import Streams
from watchfloor.base.truth import PlotOrigins, Truth
from watchfloor.base.units import BoolArray, FloatArray, IntArray
from watchfloor.physics.environment import Environment, Targets
from watchfloor.physics.frames import ecef_to_polar, polar_to_ecef
from watchfloor.physics.radar import Look, Radar, look
from watchfloor.physics.rcs import Signature
from watchfloor.physics.reception import beam, off_broadside
from watchfloor.scenario.model import Name
from watchfloor.sensor import _kernels
from watchfloor.sensor.base import sensors
from watchfloor.sensor.false_plots import noise_rows
from watchfloor.sensor.motion import Motion, States
from watchfloor.sensor.receiver import TWO_PI, Gates, Receiver, Rows, merged, polar_of, stack
from watchfloor.sensor.resources import Dwells, Load, allot
from watchfloor.sensor.strobes import Emitters, strobes_of

_REACH = 1.5
"""Beamwidths from its axis beyond which a directed dwell shows nothing. [1]"""
_LIT = 0.7
"""Beamwidths from its axis within which search leaves a target to a directed dwell of the same frame. [1]"""
_CENTRE = np.zeros((1, 2))


class PhasedArrayConfig(Config):
    """A fixed face that steers its beam electronically."""

    kind: Literal["phased"] = "phased"
    """Kind of sensor."""
    name: Name
    """What the rest of the file and records call it."""
    card: str
    """A radar of the catalogue whose motion is ``electronic``."""
    place: str
    """Name of the place it stands on."""
    mast_m: float = Field(default=10.0, ge=0.0, le=1000.0)
    """Height of the antenna above the ground. [m]"""
    face_azimuth_deg: float = Field(ge=-360.0, le=360.0)
    """Azimuth that the face looks to, clockwise from true north; several faces are several sensors. [deg]"""
    revisit_s: PositiveFloat = Field(default=2.0, le=60.0)
    """Length of a frame: time between two dwells at the same track. [s]"""
    search_share: float = Field(default=0.5, ge=0.0, le=1.0)
    """Share of each frame that search keeps, whatever is asked. [1]"""
    confirm_frames: int = Field(default=12, ge=0, le=100)
    """Frames for which the face looks again, at most, where search found something that it is not tasked with."""
    confirm_misses: int = Field(default=2, ge=1, le=20)
    """Misses in a row after which it no longer does."""
    cue_beams: int = Field(default=1, ge=1, le=400)
    """Beams, at most, that one task's gate is searched with; 1: a beam at its centre, however wide the gate."""
    strobe_db: float = Field(default=10.0, ge=0.0, le=80.0)
    """Jamming over noise in the main lobe above which a strobe is declared. [dB]"""

    motion: ClassVar[str] = "electronic"
    sources: ClassVar[tuple[str, ...]] = (
        "van Keuk & Blackman, 'On phased-array radar tracking and parameter control', IEEE Trans. AES 29 (1), 1993, "
        "pp. 186-194 (revisit by need)",
        "Blackman & Popoli, Design and Analysis of Modern Tracking Systems, Artech House, 1999, ch. 15 (allocation of "
        "an agile beam: confirmation, priorities)",
        "Swerling, 'Radar probability of detection for some additional fluctuating target cases', IEEE Trans. AES "
        "33 (2), 1997, pp. 698-709",
    )


@sensors.register("phased", PhasedArrayConfig)
class PhasedArray:
    """A steered face that declares plots.

    Parameters
    ----------
    config : PhasedArrayConfig
        As in the scenario.
    environment, radar, signatures, streams, row, emitters, lengths_m
        As `rotating.RotatingRadar` has them; the radar's scan is electronic.
    **_ : object
        Parts that every kind is offered.

    Raises
    ------
    ValueError
        If there is no radar, its scan is not electronic, a dwell is longer than a frame, or a signature lacks its band.

    Notes
    -----
    Each frame draws blocks of fixed shape (movers, variates), one for directed dwells and one for search. Frames begin
    at whole multiples of ``revisit_s`` and are played in the tick that holds their end.
    """

    def __init__(
        self,
        config: PhasedArrayConfig,
        *,
        environment: Environment,
        radar: Radar | None,
        signatures: Sequence[Signature],
        streams: Streams,
        row: int,
        emitters: Emitters | None = None,
        lengths_m: Sequence[float] | None = None,
        **_: object,
    ) -> None:
        if radar is None:
            raise ValueError(f"sensor {config.name!r} is a radar and needs one, got None")
        if radar.scan.motion != "electronic":
            raise ValueError(f"sensor {config.name!r} steers its beam, but its card's motion is {radar.scan.motion!r}")
        if radar.dwell_s > config.revisit_s:
            raise ValueError(
                f"sensor {config.name!r} dwells {radar.dwell_s:.3g} s, longer than its revisit_s {config.revisit_s:g}"
            )
        self.config, self.name, self.row, self.radar = config, config.name, row, radar
        self.environment, self.place = environment, environment.place
        self.period_s, self.phase_rad = config.revisit_s, nan
        self._receiver = Receiver(
            config.name,
            row,
            radar,
            environment,
            signatures,
            streams,
            merge_s=2.0 * config.revisit_s,
            lengths_m=lengths_m,
        )
        self._raster, self._dwell_s = Raster(radar), radar.dwell_s
        self._false, self._gate = (streams.rng("sensor", config.name, stream) for stream in ("false", "gate"))
        self._strobes = strobes_of(emitters, radar, environment, row, config.strobe_db, streams, config.name)
        self._next_beam, self._spare_s, self._frame = 0, 0.0, 0
        self._dwelt: dict[int, int] = {}
        self._again = _Again.none()
        self.load = Load.empty()
        """What time and energy of the last tick's frames went to."""
        self.dwells = _dwells(row, [])
        """Directed dwells of the last tick's frames."""
        self._n_frames, self._searched = 0, 0.0

    @property
    def search_s(self) -> float:
        """Time of one search of the whole raster when tracks take all that they may. [s]"""  # noqa: D400, D415
        share = self.config.search_share
        return inf if share == 0.0 else self._raster.n * self._dwell_s / share

    def observe(self, truth: Truth, tasks: Tasks, *, until_s: float) -> tuple[Plots, PlotOrigins]:
        """Plots of the frames that end in one tick, and what caused them; as `RotatingRadar.observe`."""
        last = floor(until_s / self.period_s + 1e-9)
        frames, self._frame = range(self._frame, last), max(self._frame, last)
        mine = tasks.take(np.flatnonzero(tasks.sensor == self.row)) if len(tasks) else tasks
        gates = Gates(tasks, self.row, self.radar.pfa)
        motion = Motion(truth) if len(truth) else None
        declared, loads, looked, aimed = [], [], [], []
        for frame in frames:
            rows, load, search, aims = self._play(frame, motion, mine, gates)
            plots, origins = self._receiver.declare(stack(rows), truth)
            declared.append((self._told(plots, aims), origins))
            loads.append(load)
            looked.append(search)
            aimed.append(aims)
        self.load, self.dwells = _loads(self.radar, self.row, loads), _dwells(self.row, aimed, mine.track)
        self._n_frames = len(frames)
        self._searched = float(self.load.search_s.sum()) / (self._raster.n * self._dwell_s)
        if not declared:
            return Plots.empty(), PlotOrigins(mover=np.empty(0, np.int64), n_merged=np.empty(0, np.int64))
        found = declared[0]
        for more in declared[1:]:  # frame by frame: a target gives a plot in each
            found = merged(found, more)
        if self._strobes is None or motion is None:
            return found
        t, mover = (np.concatenate(column) for column in zip(*looked, strict=True))
        plots, origins = merged(found, self._strobes.declare(t, mover, motion))
        edges_s = np.append(np.array(frames), last).astype(np.float64) * self.period_s
        return self._strobes.told(plots, origins, motion, edges_s), origins

    def done(self, tasks: Tasks) -> Tasks:
        """Tasks as the last tick carried them out, for those who would take a dwell that was not made for a miss.

        Parameters
        ----------
        tasks : Tasks
            What the face was asked in that tick; rows of other sensors are passed on.

        Returns
        -------
        Tasks
            The same rows. Where only a share of the frames had the dwell that was asked for, ``pd`` falls by that
            share, not below the share of the raster that search has covered, for search may meet the target too;
            where no frame had it, ``dwell`` is 0, elsewhere the signal of a dwell that points at its target over that
            of a usual look of search, which pays for beside the peak. Unchanged if the tick held no frame.
        """
        if not self._n_frames or not len(tasks):
            return tasks
        mine = np.flatnonzero((tasks.sensor == self.row) & (tasks.dwell > 0.0))
        times = np.unique(np.stack([self.dwells.track, (self.dwells.t_s / self.period_s).astype(np.int64)]), axis=1)[0]
        share = (times[:, None] == tasks.track[mine]).sum(axis=0) / self._n_frames
        pd, dwell = tasks.pd.copy(), tasks.dwell.copy()
        pd[mine] *= np.maximum(share, min(self._searched / self._n_frames, 1.0))
        dwell[mine] = np.where(share > 0.0, dwell[mine] * self.radar.antenna.beam_shape_loss, 0.0)
        return replace(tasks, pd=pd, dwell=dwell)

    def _told(self, plots: Plots, aims: _Aims) -> Plots:
        """Plots with what their dwells gave over a usual look, by the pattern towards the place that was measured."""
        if not len(plots) or not len(aims.t_s):
            return plots
        at = np.minimum(np.searchsorted(aims.t_s, plots.t_s), len(aims.t_s) - 1)
        directed = np.flatnonzero(aims.t_s[at] == plots.t_s)
        of = at[directed]
        across, up = self._offset(aims, of, plots.measurement[directed, 1], plots.measurement[directed, 2])
        variance = plots.cov[directed]  # what errors add to the square of an offset is taken off again
        across = np.sqrt(np.maximum(across**2 - variance[:, 1, 1] / self.radar.beamwidth_azimuth_rad**2, 0.0))
        if self.radar.measures_elevation:
            up = np.sqrt(np.maximum(up**2 - variance[:, 2, 2] / self.radar.beamwidth_elevation_rad**2, 0.0))
        signal = self._pattern(across, up) * aims.dwell[of]
        dwell_db = np.zeros(len(plots))
        dwell_db[directed] = 10.0 * np.log10(np.maximum(signal, 1e-3))
        return replace(plots, dwell_db=dwell_db)

    def _pattern(self, across: FloatArray, up: FloatArray) -> FloatArray:
        """Signal beside the axis of a directed dwell, over that of a usual look of search. [1]"""  # noqa: D400, D415
        radar = self.radar
        width_az, width_el = radar.beamwidth_azimuth_rad, radar.beamwidth_elevation_rad
        gain = beam(radar.antenna, across * width_az, width_az)
        if radar.measures_elevation:
            gain = gain * beam(radar.antenna, up * width_el, width_el)
        return gain * gain * radar.antenna.beam_shape_loss

    def _play(
        self, frame: int, motion: Motion | None, tasks: Tasks, gates: Gates
    ) -> tuple[list[Rows], tuple[float, float, float, float, int], tuple[FloatArray, IntArray], _Aims]:
        """One frame: rows, its load, time and mover of each look of search, and its directed dwells."""
        since_s = frame * self.period_s
        aims, n_dropped = self._aim(frame, since_s, tasks)
        track_s = float(aims.dwell[aims.task >= 0].sum()) * self._dwell_s
        spent_s = float(aims.dwell.sum()) * self._dwell_s
        free_s = self.period_s - spent_s + self._spare_s
        n_beams = min(int(free_s / self._dwell_s + 1e-9), self._raster.n)
        self._spare_s = min(free_s - n_beams * self._dwell_s, self._dwell_s)
        first_s = since_s + spent_s
        parts = [self._noise(n_beams, first_s), *self._gate_noise(aims, tasks)]
        finds, search = [parts[0]], (np.empty(0), np.empty(0, np.int64))
        directed, dwell = None, np.empty(0, np.int64)
        if motion is not None:
            around = self.environment
            if self._strobes is not None:
                middle = np.array([since_s + 0.5 * self.period_s])
                around = next((env for _, env in self._strobes.surroundings(motion, middle)), around)
            directed, dwell, lit = self._directed(aims, motion, gates, around)
            found, search = self._search(motion, n_beams, first_s, lit, gates, around)
            parts += [directed, found]
            finds.append(found)
        self._follow(aims, directed, dwell)
        if self.config.confirm_frames:
            self._remember(finds, tasks)
        self._next_beam = (self._next_beam + n_beams) % self._raster.n
        load = (since_s, track_s, max(spent_s - track_s, 0.0), n_beams * self._dwell_s, n_dropped)
        return parts, load, search, aims

    def _aim(self, frame: int, since_s: float, tasks: Tasks) -> tuple[_Aims, int]:
        """Dwells of a frame at tracks and where search found something, in order; how many did not fit."""
        n, again = len(tasks), self._again
        position = np.concatenate(
            (
                tasks.position_ecef_m + (since_s - tasks.t_s)[:, None] * tasks.velocity_ecef_mps,
                again.position + (since_s - again.t_s)[:, None] * again.velocity,
            )
        )
        velocity = np.concatenate((tasks.velocity_ecef_mps, again.velocity))
        seen = look(self.radar, Targets(ecef_m=position, velocity_ecef_mps=velocity), self.environment)
        width = min(self.radar.beamwidth_azimuth_rad, self.radar.beamwidth_elevation_rad)
        self._dwelt = {track: self._dwelt.get(track, frame - 1) for track in tasks.track.tolist()}
        unseen = frame - np.array(list(self._dwelt.values()), np.float64)
        need = np.ones(len(position))
        need[:n] = tasks.radius_m / (np.maximum(seen.range_m[:n], 1.0) * width) * unseen
        length = np.ones(len(position))
        length[:n] = tasks.dwell
        beams: list[FloatArray] = [_CENTRE] * len(position)
        if self.config.cue_beams > 1 and n:
            beams[:n] = self._abreast(tasks, position[:n], seen)
        able = np.flatnonzero(seen.visible & (length > 0.0))
        many = np.array([len(side) for side in beams], np.float64)
        plan = allot(
            need[able],
            (many * length)[able] * self._dwell_s,
            budget_s=self.period_s,
            search_share=self.config.search_share,
        )
        chosen = able[plan.chosen]
        for row in chosen[chosen < n].tolist():
            self._dwelt[int(tasks.track[row])] = frame
        at = np.repeat(chosen, many[chosen].astype(np.int64))
        t = since_s + (np.cumsum(length[at]) - 0.5 * length[at]) * self._dwell_s
        _, azimuth, elevation = ecef_to_polar(position[at] + (t - since_s)[:, None] * velocity[at], self.place)
        side = np.concatenate([beams[row] for row in chosen.tolist()]) if len(chosen) else _CENTRE[:0]
        azimuth, elevation = np.mod(azimuth + side[:, 0] / np.cos(elevation), TWO_PI), elevation + side[:, 1]
        task, again_row = np.where(at < n, at, -1), np.where(at < n, -1, at - n)
        return _Aims(t, azimuth, elevation, length[at], task, again_row), plan.n_dropped

    def _abreast(self, tasks: Tasks, position: FloatArray, seen: Look) -> list[FloatArray]:
        """Offsets (beams, 2) across and up of the beams that search each gate, nearest to its centre first. [rad]"""  # noqa: D400, D415
        radar = self.radar
        _, azimuth, elevation = ecef_to_polar(position, self.place)
        narrow = np.maximum(np.cos(off_broadside(radar, azimuth, elevation)), 0.1)
        half = tasks.radius_m / np.maximum(seen.range_m[: len(tasks)], 1.0)
        out = []
        for angle, thin in zip(half.tolist(), narrow.tolist(), strict=True):
            out.append(
                abreast(
                    angle,
                    radar.beamwidth_azimuth_rad / thin,
                    radar.beamwidth_elevation_rad / thin if radar.measures_elevation else inf,
                    most=self.config.cue_beams,
                )
            )
        return out

    def _directed(
        self, aims: _Aims, motion: Motion, gates: Gates, around: Environment
    ) -> tuple[Rows, IntArray, IntArray]:
        """Echoes of directed dwells, each mover by the beam that meets it best: rows, their dwells, movers lit."""
        n = len(motion.truth)
        dwell, mover = np.repeat(np.arange(len(aims.t_s)), n), np.tile(np.arange(n), len(aims.t_s))
        there = motion.at(mover, aims.t_s[dwell])
        _, azimuth, elevation = ecef_to_polar(there.position, self.place)
        across, up = self._offset(aims, dwell, azimuth, elevation)
        off = np.maximum(across, up)
        near = np.flatnonzero(there.present & (off <= _REACH))
        near = near[np.argsort(off[near], kind="stable")]
        _, first = np.unique(mover[near], return_index=True)
        best = near[first]
        dwell, mover, there = dwell[best], mover[best], there.take(best)
        factor = self._pattern(across[best], up[best]) * aims.dwell[dwell]
        rows, hit = self._echoes(there, aims.t_s[dwell], motion.truth.mover[mover], gates, around, factor)
        return rows, dwell[hit], mover[off[best] <= _LIT]

    def _search(
        self, motion: Motion, n_beams: int, first_s: float, lit: IntArray, gates: Gates, around: Environment
    ) -> tuple[Rows, tuple[FloatArray, IntArray]]:
        """Echoes of the raster's beams of this frame; time and mover of each look."""
        everyone = np.setdiff1d(np.arange(len(motion.truth)), lit)
        middle = motion.at(everyone, np.full(len(everyone), first_s + 0.5 * n_beams * self._dwell_s))
        here = np.flatnonzero(middle.present)
        everyone, middle = everyone[here], middle.take(here)
        _, azimuth, elevation = ecef_to_polar(middle.position, self.place)
        turn = self._raster.turn(azimuth, elevation, self._next_beam)
        met = np.flatnonzero((turn >= 0) & (turn < n_beams))
        t: FloatArray = first_s + (turn[met].astype(np.float64) + 0.5) * self._dwell_s
        there = motion.at(everyone[met], t)
        here = np.flatnonzero(there.present)
        t, mover = t[here], motion.truth.mover[everyone[met[here]]]
        rows, _ = self._echoes(there.take(here), t, mover, gates, around, None)
        return rows, (t, mover)

    def _echoes(
        self,
        there: States,
        t: FloatArray,
        mover: IntArray,
        gates: Gates,
        around: Environment,
        factor: FloatArray | None,
    ) -> tuple[Rows, IntArray]:
        """Rows of looks at movers, and which look each is."""
        seen = look(self.radar, Targets(ecef_m=there.position, velocity_ecef_mps=there.velocity), around)
        pfa = gates.pfa_at(t, there.position) if gates.n else None
        shown = self._receiver.shown(there.position, there.velocity, there.bank, mover)
        snr, once = seen.snr_1m2 * shown.sigma_m2, np.zeros(len(t), np.int64)
        if factor is not None:
            snr = snr * factor
        echoes = self._receiver.echoes(polar_of(seen), snr, seen.visible, t, mover, once, 1, pfa, shown)
        return echoes.rows, echoes.hit

    def _offset(
        self, aims: _Aims, dwell: IntArray, azimuth: FloatArray, elevation: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Offsets of directions from the axes of their dwells, in steered beamwidths; none up without elevation."""
        a0, e0 = aims.azimuth_rad[dwell], aims.elevation_rad[dwell]
        narrow = np.maximum(np.cos(off_broadside(self.radar, a0, e0)), 0.1)
        turn = np.mod(azimuth - a0 + pi, TWO_PI) - pi
        across = np.abs(turn) * np.cos(elevation) * narrow / self.radar.beamwidth_azimuth_rad
        if not self.radar.measures_elevation:
            return across, np.zeros_like(across)
        return across, np.abs(elevation - e0) * narrow / self.radar.beamwidth_elevation_rad

    def _noise(self, n_beams: int, first_s: float) -> Rows:
        """False plots of the frame's search."""
        radar = self.radar
        n = int(self._false.poisson(n_beams * radar.n_range_cells * radar.n_filters * radar.pfa))
        u = self._false.random((n, 6))
        turn = np.minimum((u[:, 0] * n_beams).astype(np.int64), n_beams - 1)
        azimuth, elevation = self._raster.inside((self._next_beam + turn) % self._raster.n, u[:, 1], u[:, 2])
        t = first_s + (turn + 0.5) * self._dwell_s
        return noise_rows(self._receiver, t, azimuth, elevation, u[:, 3:], np.full(n, radar.pfa))

    def _gate_noise(self, aims: _Aims, tasks: Tasks) -> list[Rows]:
        """False plots that a task's lowered threshold lets through: in its dwell, over the depth of its gate."""
        radar, rng = self.radar, self._gate
        dwell = np.flatnonzero(aims.task >= 0)
        task = aims.task[dwell]
        open_ = np.flatnonzero(tasks.pfa[task] > radar.pfa) if len(tasks) else np.empty(0, np.int64)
        if not open_.size:
            return []
        dwell, task = dwell[open_], task[open_]
        half = np.maximum(tasks.radius_m[task], 0.5 * radar.range_cell_m)
        cells = np.minimum(2.0 * half / radar.range_cell_m, radar.n_range_cells) * radar.n_filters
        of = np.repeat(np.arange(len(task)), rng.poisson(cells * (tasks.pfa[task] - radar.pfa)))
        n = of.size
        u = rng.random((n, 5))
        centre = (
            tasks.position_ecef_m[task] + (aims.t_s[dwell] - tasks.t_s[task])[:, None] * tasks.velocity_ecef_mps[task]
        )
        polar = np.empty((n, 4))
        slant = ecef_to_polar(centre, self.place)[0][of] + half[of] * (2.0 * u[:, 0] - 1.0)
        polar[:, 0] = np.clip(slant, radar.range_min_m, radar.range_max_m)
        polar[:, 1] = np.mod(aims.azimuth_rad[dwell][of] + radar.beamwidth_azimuth_rad * (u[:, 1] - 0.5), TWO_PI)
        polar[:, 2] = aims.elevation_rad[dwell][of] + radar.beamwidth_elevation_rad * (u[:, 2] - 0.5)
        polar[:, 3] = radar.range_rate_max_mps * (2.0 * u[:, 3] - 1.0)
        pfa = tasks.pfa[task][of]
        power = self._receiver.noise_power(radar.pfa + (pfa - radar.pfa) * u[:, 4])
        return [Rows(aims.t_s[dwell][of], polar, np.zeros((n, 4)), power, pfa, np.full(n, -1))]

    def _measured(self, rows: Rows) -> FloatArray:
        """Where rows are declared to be, (n, 3) ECEF: what the beam is pointed at next. [m]"""  # noqa: D400, D415
        polar = rows.polar + self._receiver.sigmas(rows.power, rows.polar) * rows.error
        return polar_to_ecef(polar[:, 0], polar[:, 1], polar[:, 2], self.place)

    def _follow(self, aims: _Aims, rows: Rows | None, dwell: IntArray) -> None:
        """Carry on with what search found: a hit moves its aim and tells its velocity, a miss is counted."""
        again = self._again
        made = aims.again[aims.again >= 0]
        if not len(again.t_s):
            return
        frames, misses = again.frames + 1, again.misses.copy()
        misses[made] += 1
        t, position, velocity = again.t_s.copy(), again.position.copy(), again.velocity.copy()
        if rows is not None and len(dwell):
            mine = np.flatnonzero(aims.again[dwell] >= 0)
            row, where = aims.again[dwell[mine]], self._measured(rows)[mine]
            hit, first = np.unique(row, return_index=True)
            step_s = rows.t_s[mine[first]] - t[hit]
            velocity[hit] = (where[first] - position[hit]) / np.maximum(step_s, 1e-3)[:, None]
            t[hit], position[hit], misses[hit] = rows.t_s[mine[first]], where[first], 0
        keep = np.flatnonzero((misses < self.config.confirm_misses) & (frames < self.config.confirm_frames))
        self._again = _Again(t[keep], position[keep], velocity[keep], frames[keep], misses[keep])

    def _remember(self, finds: list[Rows], tasks: Tasks) -> None:
        """Take up what search found, unless a task or an earlier find is at it already; drop what a task has taken."""
        again, rows = self._again, stack(finds)
        if len(again.t_s) and len(tasks):
            again = again.take(~self._near(again.t_s, again.position, tasks.t_s, tasks.position_ecef_m,
                                           tasks.velocity_ecef_mps, tasks.radius_m))  # fmt: skip
        if len(rows.t_s):
            where = self._measured(rows)
            slant = np.maximum(rows.polar[:, 0], 1.0)
            old = self._near(rows.t_s, where, tasks.t_s, tasks.position_ecef_m, tasks.velocity_ecef_mps,
                             tasks.radius_m)  # fmt: skip
            reach = self.radar.beamwidth_azimuth_rad * np.linalg.norm(again.position - self.place.ecef_m, axis=1)
            old |= self._near(rows.t_s, where, again.t_s, again.position, again.velocity, reach)
            new = np.flatnonzero(~old & (slant > 0.0))
            still, none = np.zeros((len(new), 3)), np.zeros(len(new), np.int64)
            fresh = _Again(rows.t_s[new], where[new], still, none, none)
            columns: list[Any] = [np.concatenate(pair) for pair in zip(again, fresh, strict=True)]
            again = _Again(*columns)
        self._again = again

    @staticmethod
    def _near(
        t: FloatArray,
        position: FloatArray,
        gate_t: FloatArray,
        gate_position: FloatArray,
        gate_velocity: FloatArray,
        radius: FloatArray,
    ) -> BoolArray:
        """Whether points lie in any of some moving spheres."""
        g = len(gate_t)
        flag = _kernels.gate_pfa(t, position, gate_t, gate_position, gate_velocity, radius, np.ones(g), 0.0)
        return flag > 0.0


class Raster:
    """The directions that a face searches, in their order: azimuth by azimuth, then the next elevation.

    Parameters
    ----------
    radar : Radar
        With a fixed face; directions lie a broadside beamwidth apart, those beyond its greatest steering are left out.
    """

    def __init__(self, radar: Radar) -> None:
        face = radar.antenna.face_azimuth_rad
        assert face is not None
        self._n_az, self._n_el = radar.n_beams_azimuth, radar.n_beams_elevation
        self._step_az = radar.scan.azimuth_width_rad / self._n_az
        self._step_el = (radar.elevation_max_rad - radar.elevation_min_rad) / self._n_el
        self._first_az, self._first_el = face - 0.5 * radar.scan.azimuth_width_rad, radar.elevation_min_rad
        azimuth = np.tile(self._first_az + self._step_az * (np.arange(self._n_az, dtype=np.float64) + 0.5), self._n_el)
        elevation = np.repeat(
            self._first_el + self._step_el * (np.arange(self._n_el, dtype=np.float64) + 0.5), self._n_az
        )
        able = off_broadside(radar, azimuth, elevation) <= radar.antenna.scan_max_rad
        self._azimuth, self._elevation = azimuth[able], elevation[able]
        self._order = np.where(able, np.cumsum(able) - 1, -1)
        self.n = int(able.sum())
        """Directions."""
        if self.n == 0:
            raise ValueError("no direction of the raster lies within scan_max_rad of the face")

    def turn(self, azimuth_rad: FloatArray, elevation_rad: FloatArray, first: int) -> IntArray:
        """How many beams after beam ``first`` each direction has its turn; -1 where no beam goes."""
        i = np.floor(np.mod(azimuth_rad - self._first_az, TWO_PI) / self._step_az).astype(np.int64)
        j = np.floor((elevation_rad - self._first_el) / self._step_el).astype(np.int64)
        inside = (i < self._n_az) & (j >= 0) & (j < self._n_el)
        order = self._order[np.where(inside, j * self._n_az + i, 0)]
        return np.where(inside & (order >= 0), (order - first) % self.n, -1)

    def inside(self, beam: IntArray, u: FloatArray, v: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Azimuth and elevation inside beams by two uniform variates. [rad]"""
        azimuth = np.mod(self._azimuth[beam] + self._step_az * (u - 0.5), TWO_PI)
        return azimuth, self._elevation[beam] + self._step_el * (v - 0.5)


class _Aims(NamedTuple):
    """Directed dwells of a frame, in order."""

    t_s: FloatArray
    """(n,) centre. [s]"""
    azimuth_rad: FloatArray
    elevation_rad: FloatArray
    """(n,) axis. [rad]"""
    dwell: FloatArray
    """(n,) length over the radar's usual one. [1]"""
    task: IntArray
    """(n,) row of the task, -1 for none."""
    again: IntArray
    """(n,) row of what search found, -1 for none."""


class _Again(NamedTuple):
    """What search found and nobody has tasked yet."""

    t_s: FloatArray
    """(n,) time of the last hit. [s]"""
    position: FloatArray
    """(n, 3) where it was. [m]"""
    velocity: FloatArray
    """(n, 3) by the last two hits, 0 before. [m/s]"""
    frames: IntArray
    """(n,) frames since it was found."""
    misses: IntArray
    """(n,) dwells in a row without a hit."""

    @classmethod
    def none(cls) -> _Again:
        """Nothing."""
        whole = np.empty(0, np.int64)
        return cls(np.empty(0), np.empty((0, 3)), np.empty((0, 3)), whole, whole)

    def take(self, rows: BoolArray) -> _Again:
        """Some of them."""
        columns: list[Any] = [column[rows] for column in self]
        return _Again(*columns)


def abreast(half_rad: float, width_azimuth_rad: float, width_elevation_rad: float, *, most: int) -> FloatArray:
    """Where the beams point that search a round gate wider than the beam.

    Parameters
    ----------
    half_rad : float
        Angle from the gate's centre to its edge. [rad]
    width_azimuth_rad, width_elevation_rad : float
        Beamwidths as steered; infinite where the beam is a fan. [rad]
    most : int
        Beams at most, at least 1.

    Returns
    -------
    (n, 2) array
        Offsets across and up, a beamwidth apart in each plane, those that reach into the gate; nearest to its centre
        first, and no more than ``most``. [rad]

    Examples
    --------
    >>> abreast(0.02, 0.02, 0.02, most=9).shape
    (9, 2)
    >>> abreast(0.005, 0.02, 0.02, most=9)
    array([[0., 0.]])
    """
    width = np.array([width_azimuth_rad, width_elevation_rad])
    reach = np.ceil(np.maximum(half_rad / width - 0.5, 0.0) - 1e-9)
    reach = np.minimum(reach, most)
    across, up = np.meshgrid(np.arange(-reach[0], reach[0] + 1.0), np.arange(-reach[1], reach[1] + 1.0), indexing="ij")
    steps = np.stack([across.ravel(), up.ravel()], axis=1)
    finite = np.where(np.isfinite(width), width, 0.0)
    side = steps * finite
    inside = np.hypot(*(np.maximum(np.abs(steps) - 0.5, 0.0) * finite).T) <= half_rad
    side = side[inside]
    return side[np.argsort(np.hypot(side[:, 0], side[:, 1]), kind="stable")[:most]]


def _loads(radar: Radar, row: int, rows: list[tuple[float, float, float, float, int]]) -> Load:
    columns = list(zip(*rows, strict=True)) if rows else [()] * 5
    t, track, confirm, search = (np.array(column, np.float64) for column in columns[:4])
    dropped = np.array(columns[4], np.int64)
    return Load.of(radar, row, t_s=t, track_s=track, confirm_s=confirm, search_s=search, n_dropped=dropped)


def _dwells(row: int, aimed: list[_Aims], number: IntArray | None = None) -> Dwells:
    if not aimed or number is None:
        none = np.empty(0, np.int64)
        return Dwells(t_s=np.empty(0), sensor=none, track=none, dwell=np.empty(0))
    t, task, dwell = (np.concatenate([getattr(aims, name) for aims in aimed]) for name in ("t_s", "task", "dwell"))
    listed = np.append(number, -1)  # row -1 is nobody's
    return Dwells(t_s=t, sensor=np.full(len(t), row), track=listed[task], dwell=dwell)
