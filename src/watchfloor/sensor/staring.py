"""Kind ``staring``: a radar that looks everywhere at once, all the time.

It lights its whole sector and forms its receiving beams digitally; every ``period_s`` of its card it declares what it
has integrated since the last time. Echo law, threshold, false plots, ambiguities and cells are those of `rotating`.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import floor, nan
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from watchfloor.base.config import Config
from watchfloor.base.picture import Plots, Tasks
from watchfloor.base.streams import Streams
from watchfloor.base.truth import PlotOrigins, Truth
from watchfloor.base.units import FloatArray, IntArray
from watchfloor.physics.environment import Environment, Targets
from watchfloor.physics.radar import Radar, look
from watchfloor.physics.rcs import Signature
from watchfloor.scenario.model import Name
from watchfloor.sensor.base import sensors
from watchfloor.sensor.false_plots import noise_rows
from watchfloor.sensor.motion import Motion
from watchfloor.sensor.receiver import TWO_PI, Gates, Receiver, Rows, merged, polar_of, stack
from watchfloor.sensor.strobes import Emitters, strobes_of


class StaringRadarConfig(Config):
    """A radar that looks everywhere at once."""

    kind: Literal["staring"] = "staring"
    """Kind of sensor."""
    name: Name
    """What the rest of the file and records call it."""
    card: str
    """A radar of the catalogue whose motion is ``staring``."""
    place: str
    """Name of the place it stands on."""
    mast_m: float = Field(default=10.0, ge=0.0, le=1000.0)
    """Height of the antenna above the ground. [m]"""
    strobe_db: float = Field(default=10.0, ge=0.0, le=80.0)
    """Jamming over noise in the main lobe above which a strobe is declared. [dB]"""

    motion: ClassVar[str] = "staring"
    sources: ClassVar[tuple[str, ...]] = (
        "Skolnik, Introduction to Radar Systems, 3rd ed., 2001, ch. 2 and 9 (ubiquitous radar)",
        "Swerling, 'Radar probability of detection for some additional fluctuating target cases', IEEE Trans. AES "
        "33 (2), 1997, pp. 698-709",
    )


@sensors.register("staring", StaringRadarConfig)
class StaringRadar:
    """Every target in range is looked at once every ``period_s``.

    Parameters
    ----------
    config : StaringRadarConfig
        As in the scenario.
    environment, radar, signatures, streams, row, emitters, lengths_m
        As `rotating.RotatingRadar` has them; the radar's scan is staring.
    **_ : object
        Parts that every kind is offered.

    Raises
    ------
    ValueError
        If there is no radar, it does not stare, or a signature lacks its band.

    Notes
    -----
    The looks of one integration stand for its middle. Gates lower the threshold where they lie; the noise that this
    lets through is drawn for the cells of a box about the gate.
    """

    def __init__(
        self,
        config: StaringRadarConfig,
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
        if radar.scan.motion != "staring":
            raise ValueError(f"sensor {config.name!r} stares, but its card's motion is {radar.scan.motion!r}")
        self.config, self.name, self.row, self.radar = config, config.name, row, radar
        self.environment, self.place = environment, environment.place
        self.period_s, self.phase_rad = radar.period_s, nan
        self._receiver = Receiver(
            config.name, row, radar, environment, signatures, streams, merge_s=radar.period_s, lengths_m=lengths_m
        )
        self._false, self._gate = (streams.rng("sensor", config.name, stream) for stream in ("false", "gate"))
        self._strobes = strobes_of(emitters, radar, environment, row, config.strobe_db, streams, config.name)
        self._frame = 0

    def observe(self, truth: Truth, tasks: Tasks, *, until_s: float) -> tuple[Plots, PlotOrigins]:
        """Plots of the integrations that end in one tick, and what caused them; as `RotatingRadar.observe`."""
        last = floor(until_s / self.period_s + 1e-9)
        frames, self._frame = np.arange(self._frame, last), max(self._frame, last)
        gates = Gates(tasks, self.row, self.radar.pfa)
        parts, strobes = [self._noise(frames)], None
        middle: FloatArray = (frames.astype(np.float64) + 0.5) * self.period_s
        if len(truth) and len(frames):
            n = len(truth)
            row, ordinal = np.tile(np.arange(n), len(frames)), np.repeat(np.arange(len(frames)), n)
            motion = Motion(truth)
            there = motion.at(row, middle[ordinal])
            here = np.flatnonzero(there.present)
            row, ordinal, there = row[here], ordinal[here], there.take(here)
            position, velocity = there.position, there.velocity
            t, mover = middle[ordinal], truth.mover[row]
            seen = look(self.radar, Targets(ecef_m=position, velocity_ecef_mps=velocity), self.environment)
            level = seen.snr_1m2
            if self._strobes is not None:
                level = level.copy()
                for i, around in self._strobes.surroundings(motion, middle):
                    mine = np.flatnonzero(ordinal == i)
                    some = Targets(ecef_m=position[mine], velocity_ecef_mps=velocity[mine])
                    level[mine] = look(self.radar, some, around).snr_1m2
                strobes = self._strobes.declare(t, mover, motion)
            pfa = gates.pfa_at(t, position) if gates.n else None
            shown, polar = self._receiver.shown(position, velocity, there.bank, mover), polar_of(seen)
            snr = level * shown.sigma_m2
            echoes = self._receiver.echoes(polar, snr, seen.visible, t, mover, ordinal, len(frames), pfa, shown)
            parts.append(echoes.rows)
        if gates.n and len(frames):
            parts.append(self._gate_noise(middle, gates))
        declared = self._receiver.declare(stack(parts), truth)
        if strobes is None or self._strobes is None:
            return declared
        plots, origins = merged(declared, strobes)
        edges_s = np.append(frames, last).astype(np.float64) * self.period_s
        return self._strobes.told(plots, origins, Motion(truth), edges_s), origins

    def _noise(self, frames: IntArray) -> Rows:
        """False plots: every cell once an integration."""
        radar = self.radar
        n = int(self._false.poisson(radar.n_cells * radar.pfa * len(frames)))
        u = self._false.random((n, 6))
        frame = np.repeat(0.0, n)
        if n:
            frame = frames[np.minimum((u[:, 0] * len(frames)).astype(np.int64), len(frames) - 1)].astype(np.float64)
        elevation = radar.elevation_min_rad + (radar.elevation_max_rad - radar.elevation_min_rad) * u[:, 2]
        pfa = np.full(n, radar.pfa)
        return noise_rows(self._receiver, (frame + 0.5) * radar.period_s, TWO_PI * u[:, 1], elevation, u[:, 3:], pfa)

    def _gate_noise(self, middle: FloatArray, gates: Gates) -> Rows:
        """False plots that only the lowered threshold of a gate lets through, by the volume of its bounding cells."""
        radar, rng = self.radar, self._gate
        gate, frame = np.repeat(np.arange(gates.n), len(middle)), np.tile(middle, gates.n)
        centre = gates.position[gate] + (frame - gates.t[gate])[:, None] * gates.velocity[gate]
        seen = look(radar, Targets(ecef_m=centre, velocity_ecef_mps=gates.velocity[gate]), self.environment)
        radius = gates.radius[gate]
        angle = radius / np.maximum(seen.range_m * np.maximum(np.cos(seen.elevation_rad), 0.1), 1.0)
        half = np.array(
            [
                np.maximum(radius, 0.5 * radar.range_cell_m),
                np.maximum(angle, 0.5 * radar.beamwidth_azimuth_rad),
                np.maximum(angle, 0.5 * radar.beamwidth_elevation_rad),
            ]
        )
        measured = 3 if radar.measures_elevation else 2
        cells = (2.0 * half[:measured] / self._receiver.cell[:measured, None]).prod(axis=0) * radar.n_filters
        cells = np.clip(cells, 1.0, radar.n_cells)
        of = np.repeat(
            np.arange(len(gate)), rng.poisson(np.where(seen.visible, cells * (gates.pfa[gate] - radar.pfa), 0.0))
        )
        n, pfa = of.size, gates.pfa[gate][of]
        u = rng.random((n, 5))
        polar = np.array([seen.range_m, seen.azimuth_rad, seen.elevation_rad, seen.range_rate_mps]).T[of]
        polar[:, :measured] += half[:measured, of].T * (2.0 * u[:, :measured] - 1.0)
        polar[:, 0] = np.clip(polar[:, 0], radar.range_min_m, radar.range_max_m)
        polar[:, 1] = np.mod(polar[:, 1], TWO_PI)
        polar[:, 3] = radar.range_rate_max_mps * (2.0 * u[:, 3] - 1.0)
        power = self._receiver.noise_power(radar.pfa + (pfa - radar.pfa) * u[:, 4])
        return Rows(frame[of], polar, np.zeros((n, 4)), power, pfa, np.full(n, -1))
