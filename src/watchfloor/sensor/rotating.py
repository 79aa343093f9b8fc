"""Kind ``rotating``: a surveillance radar that turns, at measurement level.

Each time the beam passes a mover, one echo is drawn: mean SNR from the range equation with gas loss, smooth-earth
horizon and elevation coverage; cross-section at the aspect the mover shows, bank included; fluctuation and noise from
the exact law of the square-law detector; threshold from the radar's false-alarm probability, or from a task's gate.
Echoes of successive turns are independent draws (a hovering or straight-in target would hold its fade for longer).
Between echoes the receiver's noise crosses the threshold too: false plots, as many as cells times false-alarm
probability. Plots that share a resolution cell come out as one. Not modelled yet: clutter, terrain, lobing, jamming,
blind speeds, range ambiguity, and merging across the border of two ticks.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, pi, radians
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field
from scipy import special

from watchfloor.base.config import Config
from watchfloor.base.picture import Plots, Tasks
from watchfloor.base.streams import Streams
from watchfloor.base.truth import PlotOrigins, Truth
from watchfloor.base.units import BoolArray, FloatArray, IntArray
from watchfloor.physics.detection import shape, statistic, threshold
from watchfloor.physics.environment import Environment, Targets
from watchfloor.physics.frames import aspect, polar_to_ecef
from watchfloor.physics.radar import Radar, error_sigmas, look
from watchfloor.physics.rcs import Signature, band_of
from watchfloor.scenario.model import Name
from watchfloor.sensor import _kernels
from watchfloor.sensor.base import sensors

_TWO_PI = 2.0 * pi
_SNR_LEAST = 0.1
"""Least SNR that an error is reckoned with; only a very low gate threshold comes near it. [power ratio]"""


class RotatingRadarConfig(Config):
    """A surveillance radar that turns."""

    kind: Literal["rotating"] = "rotating"
    """Kind of sensor."""
    name: Name
    """What the rest of the file and records call it."""
    card: str
    """A radar of the catalogue."""
    place: str
    """Name of the place it stands on."""
    mast_m: float = Field(default=10.0, ge=0.0, le=1000.0)
    """Height of the antenna above the ground. [m]"""
    phase_deg: float = Field(default=0.0, ge=-360.0, le=360.0)
    """Azimuth of the beam at the scenario's epoch, clockwise from true north. [deg]"""

    sources: ClassVar[tuple[str, ...]] = (
        "Swerling, 'Radar probability of detection for some additional fluctuating target cases', IEEE Trans. AES "
        "33 (2), 1997, pp. 698-709",
        "Barton, Radar Equations for Modern Radar, 2013, ch. 1",
        "Skolnik, Introduction to Radar Systems, 3rd ed., 2001, ch. 6 and 8",
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
    address, label, transponder : arrays or None
        Parts that every kind is offered; a primary radar hears no transponder.

    Raises
    ------
    ValueError
        If there is no radar, or a signature lacks its band.

    Notes
    -----
    Paired runs meet the same numbers: each tick draws blocks of fixed shape (passes, movers, variates), used or not,
    and false plots come from other streams. A change of cross-section or threshold moves no draw.
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
        address: IntArray | None = None,
        label: IntArray | None = None,
        transponder: BoolArray | None = None,
    ) -> None:
        del address, label, transponder
        if radar is None:
            raise ValueError(f"sensor {config.name!r} is a radar and needs one, got None")
        self.config, self.name, self.row, self.radar = config, config.name, row, radar
        self.environment, self.place = environment, environment.place
        self.period_s, self.phase_rad = radar.period_s, radians(config.phase_deg)
        self._turns_per_s, self._phase_turns = 1.0 / radar.period_s, config.phase_deg / 360.0
        self._threshold = float(threshold(radar.pfa, radar.n_pulses))
        self._cell = np.array(
            [
                radar.range_cell_m,
                radar.beamwidth_azimuth_rad,
                radar.beamwidth_elevation_rad if radar.measures_elevation else np.inf,
            ]
        )
        self._unmeasured = np.flatnonzero([False, False, not radar.measures_elevation, not radar.measures_range_rate])
        self._lambda_per_s = radar.n_cells * radar.pfa * self._turns_per_s
        self._n_movers = len(signatures)
        self._shape = np.array([shape(s.swerling, radar.n_pulses) for s in signatures])
        self._shapes = frozenset(self._shape.tolist())
        self._tables = _stack(signatures, band_of(radar.frequency_hz))
        self._fade, self._noise, self._looks, self._false, self._gate = (
            streams.rng("sensor", config.name, stream) for stream in ("fade", "noise", "looks", "false", "gate")
        )
        self._until_s = 0.0

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
            Sorted by time, then range.

        Raises
        ------
        ValueError
            If knots are half a turn apart or more.
        """
        since_s = float(truth.t_s[0, 0]) if len(truth) else self._until_s
        self._until_s = until_s
        gates = _Gates(tasks, self.row, self.radar.pfa)
        parts = [self._echoes(truth, gates, until_s - since_s)] if len(truth) else []
        parts.append(self._noise_plots(since_s, until_s, gates))
        if gates.n:
            parts.append(self._gate_plots(since_s, until_s, gates))
        return self._declare(*(np.concatenate(column) for column in zip(*parts, strict=True)))

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

    def _echoes(self, truth: Truth, gates: _Gates, tick_s: float) -> _Rows:
        """Detected echoes of movers."""
        radar, knots = self.radar, truth.t_s[0]
        if np.max(knots[1:] - knots[:-1], initial=0.0) >= 0.5 * self.period_s:
            raise ValueError(
                f"sensor {self.name!r} turns in {self.period_s:.3g} s and needs knots less than half that apart"
            )
        row, ordinal, t, position, velocity, bank = self._passes(
            knots, truth.position_ecef_m, truth.velocity_ecef_mps, truth.bank_rad, truth.present
        )
        mover = truth.mover[row]
        n_passes = max(ceil(tick_s * self._turns_per_s) + 1, int(ordinal.max(initial=0)) + 1)
        fade = self._fade.standard_exponential((n_passes, self._n_movers, 2))[ordinal, mover]
        noise = self._noise.standard_normal((n_passes, self._n_movers, 6))[ordinal, mover]
        added: FloatArray | float = 0.0
        if radar.n_pulses > 1:
            block = (n_passes, self._n_movers)
            added = self._looks.standard_gamma(radar.n_pulses - 1.0, block)[ordinal, mover]
        seen = look(radar, Targets(ecef_m=position, velocity_ecef_mps=velocity), self.environment)
        azimuth, _ = aspect(position, velocity, self.place.ecef_m, bank)
        sigma_m2 = 10.0 ** (0.1 * _kernels.level_db(azimuth, self._tables[0], mover, *self._tables[1:]))
        z = statistic(
            seen.snr_1m2 * sigma_m2,
            self._amplitude(fade, mover),
            noise[:, 0] * 0.5**0.5,
            noise[:, 1] * 0.5**0.5,
            added,
            radar.n_pulses,
        )
        if gates.n:
            pfa = gates.pfa_at(t, position)
            limit = np.where(pfa > radar.pfa, threshold(pfa, radar.n_pulses), self._threshold)
        else:
            pfa, limit = np.full(len(t), radar.pfa), self._threshold
        hit = np.flatnonzero(seen.visible & (z > limit))
        power = z[hit] * (1.0 / radar.n_pulses)
        polar = np.array([seen.range_m, seen.azimuth_rad, seen.elevation_rad, seen.range_rate_mps]).T[hit]
        return t[hit], polar, noise[hit, 2:], power, pfa[hit], mover[hit]

    def _amplitude(self, fade: FloatArray, mover: IntArray) -> FloatArray:
        """Signal power over its mean, Gamma(K) / K, from two unit exponentials a pass."""
        if self._shapes == {1.0}:
            return fade[:, 0]
        k = self._shape[mover]
        out = np.where(k == 1.0, fade[:, 0], np.where(k == 2.0, 0.5 * (fade[:, 0] + fade[:, 1]), 1.0))
        rest = np.flatnonzero((k != 1.0) & (k != 2.0) & np.isfinite(k))
        if rest.size:
            out[rest] = special.gammainccinv(k[rest], np.exp(-fade[rest, 0])) / k[rest]
        return out

    def _sigmas(self, power: FloatArray) -> FloatArray:
        """Error sigmas (m, 4) that the radar believes at a measured power."""
        return np.array(error_sigmas(self.radar, np.maximum(power - 1.0, _SNR_LEAST))).T

    def _noise_plots(self, since_s: float, until_s: float, gates: _Gates) -> _Rows:
        """False plots of the background: every cell of every turn, with the radar's own threshold."""
        radar = self.radar
        n = int(self._false.poisson(self._lambda_per_s * (until_s - since_s)))
        u = self._false.random((n, 5))
        t = until_s - (until_s - since_s) * u[:, 0]
        polar = np.empty((n, 4))
        polar[:, 0] = radar.range_min_m + (radar.range_max_m - radar.range_min_m) * u[:, 1]
        polar[:, 1] = _TWO_PI * (t * self._turns_per_s + self._phase_turns) % _TWO_PI
        polar[:, 2] = radar.elevation_min_rad + (radar.elevation_max_rad - radar.elevation_min_rad) * u[:, 2]
        polar[:, 3] = radar.range_rate_max_mps * (2.0 * u[:, 3] - 1.0)
        pfa = np.full(n, radar.pfa)
        if gates.n and n:
            pfa = gates.pfa_at(t, polar_to_ecef(polar[:, 0], polar[:, 1], polar[:, 2], self.place))
        return t, polar, np.zeros((n, 4)), self._noise_power(radar.pfa * (1.0 - u[:, 4])), pfa, np.full(n, -1)

    def _gate_plots(self, since_s: float, until_s: float, gates: _Gates) -> _Rows:
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
        cells = (2.0 * half[:n_measured] / self._cell[:n_measured, None]).prod(axis=0) * (
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
        power = self._noise_power(radar.pfa + (pfa - radar.pfa) * u[:, 2])
        azimuth_ahead = polar[:, 1] - seen.azimuth_rad[of]
        t_plot = np.clip(t[of] + azimuth_ahead / _TWO_PI * self.period_s, since_s, until_s)
        return t_plot, polar, np.zeros((n, 4)), power, pfa, np.full(n, -1)

    def _noise_power(self, tail: FloatArray) -> FloatArray:
        """Power over mean noise that noise exceeds with probability ``tail``."""
        n = self.radar.n_pulses
        return -np.log(tail) if n == 1 else special.gammainccinv(n, tail) / n

    def _declare(
        self,
        t: FloatArray,
        polar: FloatArray,
        error: FloatArray,
        power: FloatArray,
        pfa: FloatArray,
        mover: IntArray,
    ) -> tuple[Plots, PlotOrigins]:
        """Add errors, merge, sort, and say how sure the radar is of each."""
        sigmas = self._sigmas(power)
        polar += sigmas * error
        polar[:, self._unmeasured] = np.nan
        head, t, polar, power, mover, n_merged = _kernels.merge(t, polar, power, mover, self._cell, self.period_s)
        order = np.lexsort((polar[:, 0], t))
        t, polar, power, head = t[order], polar[order], power[order], head[order]
        sigmas = sigmas[head] if len(head) == len(sigmas) else self._sigmas(power)
        cov = np.zeros((len(t), 4, 4))
        cov.reshape(-1, 16)[:, ::5] = sigmas * sigmas
        for column in self._unmeasured:
            cov[:, column, :] = np.nan
            cov[:, :, column] = np.nan
        nobody = np.full(len(t), -1)
        plots = Plots(
            t_s=t,
            sensor=np.full(len(t), self.row),
            measurement=polar,
            cov=cov,
            snr_db=10.0 * np.log10(power),
            pfa=pfa[head],
            address=nobody,
            label=nobody,
        )
        return plots, PlotOrigins(mover=mover[order], n_merged=n_merged[order])


_Rows = tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray, IntArray]
"""Rows of plots before errors: t, polar (n, 4), errors (n, 4) in sigmas, power over noise, pfa, mover."""


class _Gates:
    """The gates of one radar that lower its threshold."""

    def __init__(self, tasks: Tasks, row: int, pfa: float) -> None:
        rows = np.flatnonzero((tasks.sensor == row) & (tasks.pfa > pfa)) if len(tasks) else np.empty(0, np.int64)
        self.n, self._base = rows.size, pfa
        if self.n:
            self.t, self.position = tasks.t_s[rows], tasks.position_ecef_m[rows]
            self.velocity, self.radius, self.pfa = tasks.velocity_ecef_mps[rows], tasks.radius_m[rows], tasks.pfa[rows]

    def pfa_at(self, t: FloatArray, position: FloatArray) -> FloatArray:
        """Probability of false alarm in force at points (n, 3) and their times (n,)."""
        return _kernels.gate_pfa(t, position, self.t, self.position, self.velocity, self.radius, self.pfa, self._base)


def _stack(signatures: Sequence[Signature], band: str) -> tuple[IntArray, IntArray, FloatArray, FloatArray]:
    """Signature tables end to end: table of each mover, first row of each table, aspects, levels."""
    kept: dict[int, int] = {}
    grids: list[FloatArray] = []
    levels: list[FloatArray] = []
    table_of = np.empty(len(signatures), np.int64)
    for mover, signature in enumerate(signatures):
        if id(signature) not in kept:
            kept[id(signature)] = len(grids)
            grids.append(signature.aspect_rad)
            levels.append(signature.dbsm[signature.row(band)])
        table_of[mover] = kept[id(signature)]
    first = np.concatenate(([0], np.cumsum([len(grid) for grid in grids]))).astype(np.int64)
    if not grids:
        return table_of, first, np.empty(0), np.empty(0)
    return table_of, first, np.concatenate(grids), np.concatenate(levels)
