"""Kind ``rotating``: a surveillance radar that turns, at measurement level.

Each time the beam passes a mover, one echo is drawn: mean SNR from the range equation with all that surrounds the
antenna (gas, horizon, terrain, lobing, rain, clutter, jamming) and from its filters (blind ranges and speeds);
cross-section at the aspect the mover shows, bank included; fluctuation and noise from the exact law of the square-law
detector; threshold from the radar's false-alarm probability or its CFAR, or from a task's gate. Echoes of successive
turns are correlated while the target shows about the same side (of a known length; else new draws). Between echoes the
receiver's noise crosses the threshold too: false plots, as many as cells times false-alarm probability, and more where
the clutter is spiky. What the repetition frequencies do not resolve is folded. Plots that share a resolution cell come
out as one. Strong echoes may come through sidelobes; jammers give strobes, plots without a range. Not modelled: merging
across the border of two ticks, and texture of the clutter under an echo (it counts with its mean).

With ``fidelity: signal`` the same radar, movers and surroundings are played in samples instead, dwell by dwell
(`turns`, `iq`): slower by three orders of magnitude, and nothing above is assumed of detection, errors or false alarms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import ceil, pi, radians
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from watchfloor.base.config import Config
from watchfloor.base.picture import Plots, Tasks
from watchfloor.base.streams import Streams
from watchfloor.base.truth import PlotOrigins, Truth
from watchfloor.base.units import BoolArray, FloatArray, IntArray
from watchfloor.physics.environment import Environment, Targets
from watchfloor.physics.frames import polar_to_ecef
from watchfloor.physics.radar import Look, Radar, look
from watchfloor.physics.rcs import Signature
from watchfloor.scenario.model import Name
from watchfloor.sensor import _kernels
from watchfloor.sensor.base import sensors
from watchfloor.sensor.false_plots import ClutterMap, noise_rows
from watchfloor.sensor.low_level import LowLevelConfig, low_level_of, lowered, named, weak_noise
from watchfloor.sensor.motion import Motion
from watchfloor.sensor.receiver import TWO_PI, Gates, Receiver, Rows, merged, polar_of, stack
from watchfloor.sensor.sidelobes import Sidelobes
from watchfloor.sensor.strobes import Emitters, strobes_of
from watchfloor.sensor.turns import SignalTurns, turns_in


class RotatingRadarConfig(Config):
    """A surveillance radar that turns."""

    kind: Literal["rotating"] = "rotating"
    """Kind of sensor."""
    name: Name
    """What the rest of the file and records call it."""
    card: str
    """A radar of the catalogue whose motion is ``rotating``."""
    place: str
    """Name of the place it stands on."""
    mast_m: float = Field(default=10.0, ge=0.0, le=1000.0)
    """Height of the antenna above the ground. [m]"""
    phase_deg: float = Field(default=0.0, ge=-360.0, le=360.0)
    """Azimuth of the beam at the scenario's epoch, clockwise from true north. [deg]"""
    fidelity: Literal["measurement", "signal"] = "measurement"
    """Plots drawn from their law, or worked out from samples of the received signal (slow; needs a card with ``prf_hz``
    and ``doppler``)."""
    sidelobes: Literal["none", "heard", "blanked"] = "none"
    """Whether strong echoes come through azimuth sidelobes too: passed over, heard, or heard and taken out by a guard
    channel, here an ideal one."""
    strobe_db: float = Field(default=10.0, ge=0.0, le=80.0)
    """Jamming over noise in the main lobe above which a strobe is declared. [dB]"""
    low_level: LowLevelConfig | None = None
    """A second, lower threshold in a part of the coverage, for a tracker that searches the weak plots of several turns
    (``before_detect`` of kind ``pmb``); not with ``fidelity: signal``."""

    motion: ClassVar[str] = "rotating"
    sources: ClassVar[tuple[str, ...]] = (
        "Swerling, 'Radar probability of detection for some additional fluctuating target cases', IEEE Trans. AES "
        "33 (2), 1997, pp. 698-709",
        "Barton, Radar Equations for Modern Radar, 2013, ch. 1",
        "Skolnik, Introduction to Radar Systems, 3rd ed., 2001, ch. 3, 6 and 8",
    )


@sensors.register("rotating", RotatingRadarConfig)
class RotatingRadar:
    """A turning radar that declares plots.

    Parameters
    ----------
    config : RotatingRadarConfig
        As in the scenario.
    environment : Environment
        What surrounds its antenna.
    radar : Radar
        One draw of its card.
    signatures : sequence of Signature
        True signature of each mover of the mission's list.
    streams : Streams
        Random streams of the run; those named ``("sensor", name, ...)`` are used.
    row : int
        Row in the run's sensor list.
    emitters : Emitters or None
        Noise jammers on board movers.
    lengths_m : sequence of float or None
        Length of each mover of the list; None where every look's echo is a new draw. [m]
    ground : numpy.random.Generator or None
        Source of the ground's own texture, the same for every mission of a replicate; a stream of the run when left
        out.
    **_ : object
        Parts that every kind is offered; a primary radar hears no transponder.

    Raises
    ------
    ValueError
        If there is no radar, it does not rotate, or a signature lacks its band.

    Notes
    -----
    Paired runs meet the same numbers: each tick draws blocks of fixed shape (passes, movers, variates), used or not,
    and false plots come from other streams. A change of cross-section or threshold moves no draw, but for the noise of
    sidelobes.
    """

    def __init__(
        self,
        config: RotatingRadarConfig,
        *,
        environment: Environment,
        radar: Radar | None,
        signatures: Sequence[Signature],
        streams: Streams,
        row: int,
        emitters: Emitters | None = None,
        lengths_m: Sequence[float] | None = None,
        ground: np.random.Generator | None = None,
        **_: object,
    ) -> None:
        if radar is None:
            raise ValueError(f"sensor {config.name!r} is a radar and needs one, got None")
        if radar.scan.motion != "rotating":
            raise ValueError(f"sensor {config.name!r} turns, but its card's motion is {radar.scan.motion!r}")
        self.config, self.name, self.row, self.radar = config, config.name, row, radar
        self.environment, self.place = environment, environment.place
        self.period_s, self.phase_rad = radar.period_s, radians(config.phase_deg)
        self._turns_per_s, self._phase_turns = 1.0 / radar.period_s, config.phase_deg / 360.0
        self._receiver = Receiver(
            config.name, row, radar, environment, signatures, streams, merge_s=radar.period_s, lengths_m=lengths_m
        )
        self._lambda_per_s = radar.n_cells * radar.pfa * self._turns_per_s
        self._false, self._gate = (streams.rng("sensor", config.name, stream) for stream in ("false", "gate"))
        self._sidelobes = self._clutter = None
        if config.sidelobes == "heard":
            self._sidelobes = Sidelobes(
                radar, self._receiver.threshold, streams.rng("sensor", config.name, "sidelobes")
            )
        self._strobes = strobes_of(emitters, radar, environment, row, config.strobe_db, streams, config.name)
        if environment.clutter is not None:
            rng = streams.rng("sensor", config.name, "ground") if ground is None else ground
            self._clutter = ClutterMap(radar, environment, rng)
            self._spikes = streams.rng("sensor", config.name, "clutter")
        self._late: Rows | None = None
        self._until_s = 0.0
        self.low_level = None
        if config.low_level is not None:
            if config.fidelity == "signal":
                raise ValueError(f"sensor {config.name!r} has a low_level: it goes with fidelity 'measurement' only")
            self.low_level = low_level_of(config.low_level, radar)
            self._weak = streams.rng("sensor", config.name, "weak")
        self._signal = None
        if config.fidelity == "signal":
            rng = streams.rng("sensor", config.name, "signal")
            self._signal = SignalTurns(config.name, self._receiver, environment, signatures, self._phase_turns, rng)

    def observe(self, truth: Truth, tasks: Tasks, *, until_s: float) -> tuple[Plots, PlotOrigins]:
        """Plots of one tick, and what caused them.

        Parameters
        ----------
        truth : Truth
            Motion of the tick, knots less than half a turn apart; the first is the end of the tick before.
        tasks : Tasks
            Gates; rows of other sensors are passed over.
        until_s : float
            End of the tick. [s]

        Returns
        -------
        Plots, PlotOrigins
            Sorted by time, then range; strobes, which have no range, last of their time.

        Raises
        ------
        ValueError
            If knots are half a turn apart or more.
        """
        since_s = float(truth.t_s[0, 0]) if len(truth) else self._until_s
        self._until_s = until_s
        if self._signal is not None:
            return self._played(self._signal, truth, since_s, until_s)
        gates = Gates(tasks, self.row, self.radar.pfa)
        strobes, parts = None, []
        if len(truth):
            rows, strobes = self._echoes(truth, gates, since_s, until_s)
            parts += rows
        parts.append(self._noise_plots(since_s, until_s, gates))
        if self.low_level is not None:
            parts.append(weak_noise(self._receiver, self.low_level, since_s, until_s, self._phase_turns, self._weak))
        if self._clutter is not None:
            parts.append(self._clutter_plots(since_s, until_s))
        if gates.n:
            parts.append(self._gate_plots(since_s, until_s, gates))
        declared = self._receiver.declare(stack(parts), truth)
        if strobes is None or self._strobes is None:
            return declared
        plots, origins = merged(declared, strobes)
        return self._strobes.told(plots, origins, Motion(truth), self._turns_s(since_s, until_s)), origins

    def _played(self, signal: SignalTurns, truth: Truth, since_s: float, until_s: float) -> tuple[Plots, PlotOrigins]:
        """Plots at the signal level; strobes as at the measurement level."""
        motion = Motion(truth) if len(truth) else None
        if self._strobes is None or motion is None:
            return signal.observe(motion, since_s, until_s, {})
        turn = turns_in(since_s, until_s, self.period_s)
        middle = np.clip((turn + 0.5) * self.period_s, since_s, until_s)
        around = {int(turn[i]): environment for i, environment in self._strobes.surroundings(motion, middle)}
        row, _, t, *_ = self._passes(
            motion.knots_s, truth.position_ecef_m, truth.velocity_ecef_mps, truth.bank_rad, truth.present
        )
        strobes = self._strobes.declare(t, truth.mover[row], motion)
        plots, origins = merged(signal.observe(motion, since_s, until_s, around), strobes)
        return self._strobes.told(plots, origins, motion, self._turns_s(since_s, until_s)), origins

    @property
    def receiver(self) -> Receiver:
        """Its echo law and threshold, with this run's dice."""
        return self._receiver

    def passes(self, truth: Truth) -> tuple[IntArray, IntArray, FloatArray, FloatArray, FloatArray, FloatArray]:
        """Every pass of the beam over a mover of a tick.

        Parameters
        ----------
        truth : Truth
            Motion of the tick, at least one mover.

        Returns
        -------
        row, ordinal : (n,) arrays
            Row of the truth, and which of its passes of the tick it is; by row, then time.
        t_s, position, velocity, bank : (n,), (n, 3), (n, 3) and (n,) arrays
            When, where, how fast and how banked. [s, m, m/s, rad]
        """
        return self._passes(truth.t_s[0], truth.position_ecef_m, truth.velocity_ecef_mps, truth.bank_rad, truth.present)

    def _passes(
        self, t: FloatArray, position: FloatArray, velocity: FloatArray, bank: FloatArray, present: BoolArray
    ) -> tuple[IntArray, IntArray, FloatArray, FloatArray, FloatArray, FloatArray]:
        return _kernels.passes(
            np.ascontiguousarray(t),
            np.ascontiguousarray(position),
            np.ascontiguousarray(velocity),
            np.ascontiguousarray(bank),
            np.ascontiguousarray(present),
            self.place.ecef_m,
            self.place.rotation,
            self._turns_per_s,
            self._phase_turns,
        )

    def _echoes(
        self, truth: Truth, gates: Gates, since_s: float, until_s: float
    ) -> tuple[list[Rows], tuple[Plots, PlotOrigins] | None]:
        """Detected echoes of movers, through main lobe and sidelobes, and strobes."""
        knots, receiver = truth.t_s[0], self._receiver
        if np.max(knots[1:] - knots[:-1], initial=0.0) >= 0.5 * self.period_s:
            raise ValueError(
                f"sensor {self.name!r} turns in {self.period_s:.3g} s and needs knots less than half that apart"
            )
        row, ordinal, t, position, velocity, bank = self.passes(truth)
        mover = truth.mover[row]
        n_passes = max(ceil((until_s - since_s) * self._turns_per_s) + 1, int(ordinal.max(initial=0)) + 1)
        seen = look(self.radar, Targets(ecef_m=position, velocity_ecef_mps=velocity), self.environment)
        motion = None if self._strobes is None else Motion(truth)
        if motion is not None:
            seen = self._jammed(seen, motion, t, since_s, until_s)
        pfa = gates.pfa_at(t, position) if gates.n else None
        shown, polar = receiver.shown(position, velocity, bank, mover), polar_of(seen)
        snr = seen.snr_1m2 * shown.sigma_m2
        low = pfa if self.low_level is None else lowered(self.low_level, polar, pfa, self.radar.pfa)
        echoes = receiver.echoes(polar, snr, seen.visible, t, mover, ordinal, n_passes, low, shown)
        parts = [echoes.rows]
        if self.low_level is not None:
            parts = [named(echoes.rows, None if pfa is None else pfa[echoes.hit], receiver)]
        if self._sidelobes is not None:
            parts += self._around(self._sidelobes, polar, echoes.signal, t, mover, until_s)
        if self._strobes is None or motion is None:
            return parts, None
        return parts, self._strobes.declare(t, mover, motion)

    def _jammed(self, seen: Look, motion: Motion, t: FloatArray, since_s: float, until_s: float) -> Look:
        """Looks again, turn by turn, with the jammers in sight where they are in the middle of it."""
        assert self._strobes is not None
        edges = self._turns_s(since_s, until_s)
        turn = np.searchsorted(edges, t, side="right") - 1
        level = seen.snr_1m2.copy()
        for i, around in self._strobes.surroundings(motion, 0.5 * (edges[1:] + edges[:-1])):
            mine = np.flatnonzero(turn == i)
            targets = Targets(ecef_m=seen.targets.ecef_m[mine], velocity_ecef_mps=seen.targets.velocity_ecef_mps[mine])
            level[mine] = look(self.radar, targets, around).snr_1m2
        return replace(seen, snr_1m2=level)

    def _turns_s(self, since_s: float, until_s: float) -> FloatArray:
        """Edges of the turns, whole or in part, of a tick."""
        first, last = since_s * self._turns_per_s, until_s * self._turns_per_s
        return self.period_s * np.unique(np.concatenate(([first], np.arange(ceil(first), last), [last])))

    def _around(
        self,
        sidelobes: Sidelobes,
        polar: FloatArray,
        signal: FloatArray,
        t: FloatArray,
        mover: IntArray,
        until_s: float,
    ) -> list[Rows]:
        """Returns through sidelobes in this tick, some of them of passes before it."""
        found = [self._late] if self._late is not None else []
        new = sidelobes.returns(signal, t, polar, mover)
        if new is not None:
            found.append(new)
        self._late = None
        if not found:
            return []
        rows = stack(found)
        now = rows.t_s <= until_s
        if not now.all():
            self._late = rows.take(~now)
        return [rows.take(now)]

    def _noise_plots(self, since_s: float, until_s: float, gates: Gates) -> Rows:
        """False plots of the background: every cell of every turn, with the radar's own threshold."""
        radar = self.radar
        n = int(self._false.poisson(self._lambda_per_s * (until_s - since_s)))
        u = self._false.random((n, 5))
        t = until_s - (until_s - since_s) * u[:, 0]
        azimuth = TWO_PI * (t * self._turns_per_s + self._phase_turns) % TWO_PI
        elevation = radar.elevation_min_rad + (radar.elevation_max_rad - radar.elevation_min_rad) * u[:, 2]
        rows = noise_rows(self._receiver, t, azimuth, elevation, u[:, [1, 3, 4]], np.full(n, radar.pfa))
        if gates.n and n:
            position = polar_to_ecef(rows.polar[:, 0], azimuth, elevation, self.place)
            rows = rows._replace(pfa=gates.pfa_at(t, position))
        return rows

    def _clutter_plots(self, since_s: float, until_s: float) -> Rows:
        """False plots of spiky clutter, each when the beam stands over its cell."""
        assert self._clutter is not None
        span = (until_s - since_s) * self._turns_per_s
        passes = np.floor(span) + 1.0  # a cell is passed so often or once less
        cell, u = self._clutter.draw(self._spikes, passes)
        first = np.mod(self._clutter.azimuth_rad(cell) / TWO_PI - self._phase_turns - since_s * self._turns_per_s, 1.0)
        turns = first + np.floor(u[:, 6] * passes)
        swept = np.flatnonzero(turns <= span)
        cell, u, t = cell[swept], u[swept], since_s + turns[swept] * self.period_s
        return self._clutter.rows(cell, u, t)

    def _gate_plots(self, since_s: float, until_s: float, gates: Gates) -> Rows:
        """False plots that only the lowered threshold of a gate lets through.

        The gate covers, in each coordinate, its diameter or one cell, whichever is more; its cells are counted as the
        volume of that ellipsoid (area of that ellipse, where elevation is not measured) over that of a cell.
        Overlapping gates count twice.
        """
        radar, rng = self.radar, self._gate
        t_knots = np.linspace(since_s, until_s, ceil((until_s - since_s) * self._turns_per_s * 2.5) + 1)
        position = gates.position[:, None, :] + (t_knots - gates.t[:, None])[:, :, None] * gates.velocity[:, None, :]
        everywhere = position.shape[:2]
        gate, _, t, centre, velocity, _ = self._passes(
            t_knots,
            position,
            np.broadcast_to(gates.velocity[:, None, :], position.shape),
            np.zeros(everywhere),
            np.ones(everywhere, np.bool_),
        )
        seen = look(radar, Targets(ecef_m=centre, velocity_ecef_mps=velocity), self.environment)
        radius = gates.radius[gate]
        across = seen.range_m * np.maximum(np.cos(seen.elevation_rad), 0.1)
        half = np.array(
            [
                np.maximum(radius, 0.5 * radar.range_cell_m),
                np.minimum(np.maximum(radius / across, 0.5 * radar.beamwidth_azimuth_rad), pi),
                np.maximum(radius / seen.range_m, 0.5 * radar.beamwidth_elevation_rad),
            ]
        )
        n_measured = 3 if radar.measures_elevation else 2
        cells = (2.0 * half[:n_measured] / self._receiver.cell[:n_measured, None]).prod(axis=0) * (
            pi / 6.0 if n_measured == 3 else pi / 4.0
        )
        cells = np.clip(cells, 1.0, radar.n_cells)
        count = rng.poisson(np.where(seen.visible, cells * (gates.pfa[gate] - radar.pfa), 0.0))
        of = np.repeat(np.arange(len(gate)), count)
        n = of.size
        ball, u = rng.standard_normal((n, n_measured)), rng.random((n, 3))
        ball *= (u[:, 0] ** (1.0 / n_measured) / np.sqrt(np.einsum("ij,ij->i", ball, ball)))[:, None]
        polar = np.empty((n, 4))
        polar[:, 0], polar[:, 1], polar[:, 2] = seen.range_m[of], seen.azimuth_rad[of], seen.elevation_rad[of]
        polar[:, :n_measured] += half[:n_measured, of].T * ball
        np.clip(polar[:, 0], radar.range_min_m, radar.range_max_m, out=polar[:, 0])
        polar[:, 3] = radar.range_rate_max_mps * (2.0 * u[:, 1] - 1.0)
        pfa = gates.pfa[gate][of]
        power = self._receiver.noise_power(radar.pfa + (pfa - radar.pfa) * u[:, 2])
        azimuth_ahead = polar[:, 1] - seen.azimuth_rad[of]
        t_plot = np.clip(t[of] + azimuth_ahead / TWO_PI * self.period_s, since_s, until_s)
        return Rows(t_plot, polar, np.zeros((n, 4)), power, pfa, np.full(n, -1))
