"""Kind ``passive``: a receiving station that uses another sensor's transmitter.

Whenever the beam of a turning radar of the same scenario passes a mover, the receiver, which listens in all directions
with beams formed digitally, may hear the echo. Signal-to-noise ratio by the bistatic range equation, each path with its
own gas, horizon and terrain; cross-section that of the bisector of the bistatic angle, up to `EQUIVALENCE_MAX_RAD`
and, for want of a better one, beyond; no forward scatter. The receiver measures the range sum, azimuth and elevation.
Its plots are polar about the receiver like all plots: range follows from the sum and the direction, and its error is
propagated, so that the three errors of a plot are correlated. Range rate is not measured, for the rate of the sum is
no range rate about any one place. The direct pulse and clutter are taken to be cancelled, at the cost of the losses
stated; targets that share a cell are not merged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import ceil, nan, pi, radians
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field, PositiveFloat

from watchfloor.base.config import Config
from watchfloor.base.picture import Plots, Tasks
from watchfloor.base.streams import Streams
from watchfloor.base.truth import PlotOrigins, Truth
from watchfloor.base.units import C_MPS, FloatArray, IntArray
from watchfloor.physics import accuracy, bistatic
from watchfloor.physics.environment import Environment, Targets
from watchfloor.physics.radar import FLOOR_FRACTION, Radar, look, system_temperature_k
from watchfloor.physics.rcs import Signature
from watchfloor.scenario.model import Name
from watchfloor.sensor import _kernels
from watchfloor.sensor.base import sensors
from watchfloor.sensor.receiver import SNR_LEAST, TWO_PI, Receiver

_CELL_SIGMA = 12.0**-0.5
_NEAR_SHARE = 0.02
"""Echoes are lost in the direct pulse whose range sum exceeds the baseline by less than this share of it. [1]"""


class PassiveReceiverConfig(Config):
    """A receiving station that uses the transmitter of a turning radar."""

    kind: Literal["passive"] = "passive"
    """Kind of sensor."""
    name: Name
    """What the rest of the file and records call it."""
    place: str
    """Name of the place it stands on."""
    mast_m: float = Field(default=10.0, ge=0.0, le=1000.0)
    """Height of the antenna above the ground. [m]"""
    transmitter: str
    """Name of the rotating radar whose pulses it uses."""
    gain_db: float = Field(ge=-10.0, le=60.0)
    """Gain of one of its beams. [dBi]"""
    noise_figure_db: float = Field(ge=0.0, le=20.0)
    """Noise figure. [dB]"""
    losses_db: float = Field(ge=0.0, le=40.0)
    """All losses but gas, the transmitter's own included. [dB]"""
    beamwidth_azimuth_deg: PositiveFloat = Field(le=180.0)
    """Half-power width of a beam in azimuth. [deg]"""
    beamwidth_elevation_deg: PositiveFloat = Field(le=180.0)
    """Half-power width of a beam in elevation. [deg]"""
    range_max_km: PositiveFloat = Field(le=1000.0)
    """Greatest range from the receiver that it reports. [km]"""
    pfa: float = Field(default=1e-6, gt=0.0, lt=1.0)
    """Probability of false alarm a cell. [1]"""

    sources: ClassVar[tuple[str, ...]] = (
        "Willis, Bistatic Radar, 2nd ed., 1995, ch. 3 to 8",
        "Kell, 'On the derivation of bistatic RCS from monostatic measurements', Proc. IEEE 53 (8), 1965, pp. 983-988",
    )


@sensors.register("passive", PassiveReceiverConfig)
class PassiveReceiver:
    """A bistatic receiver that declares plots about itself.

    Parameters
    ----------
    config : PassiveReceiverConfig
        As in the scenario.
    environment : Environment
        What surrounds its antenna.
    signatures, streams, row
        As `rotating.RotatingRadar` has them.
    stations : mapping
        By name, radar, environment and phase of each sensor of the scenario.
    **_ : object
        Parts that every kind is offered.

    Raises
    ------
    ValueError
        If the transmitter is no rotating radar of the scenario.

    Notes
    -----
    Each of two make-believe radars, one at either station, has that station's gain both ways; the geometric mean of
    their signal-to-noise ratios is the bistatic one, with each one-way path's loss, horizon and pattern.
    """

    radar: Radar | None = None

    def __init__(
        self,
        config: PassiveReceiverConfig,
        *,
        environment: Environment,
        signatures: Sequence[Signature],
        streams: Streams,
        row: int,
        stations: Mapping[str, Any],
        **_: object,
    ) -> None:
        radar, around, phase_rad = stations.get(config.transmitter, (None, None, nan))
        if radar is None or radar.scan.motion != "rotating":
            raise ValueError(
                f"sensor {config.name!r} listens to {config.transmitter!r}, which is no rotating radar of this scenario"
            )
        self.config, self.name, self.row = config, config.name, row
        self.environment, self.place = environment, environment.place
        self.period_s, self.phase_rad = radar.period_s, nan
        self._tx, self._rx = replace(around, clutter=None), replace(environment, clutter=None)
        self._tx_place = around.place
        self._turns_per_s, self._phase_turns = 1.0 / radar.period_s, phase_rad / TWO_PI
        gain = 10.0 ** (0.1 * config.gain_db)
        common: dict[str, Any] = {
            "noise_temperature_k": system_temperature_k(config.noise_figure_db),
            "losses": 10.0 ** (0.1 * config.losses_db),
            "beam_shape_loss": 1.0,
            "range_min_m": 0.0,
            "range_max_m": 1.5e6,
            "pfa": config.pfa,
            "doppler": "matched",
            "prf_hz": (),
            "cfar": None,
        }
        sends = radar.antenna.gain_tx
        self._sender = radar.but(gain_tx=sends, gain_rx=sends, **common)
        self._hearer = radar.but(
            gain_tx=gain,
            gain_rx=gain,
            elevation="stacked",
            elevation_min_rad=radians(-2.0),
            elevation_max_rad=0.5 * pi,
            beamwidth_azimuth_rad=radians(config.beamwidth_azimuth_deg),
            beamwidth_elevation_rad=radians(config.beamwidth_elevation_deg),
            measures_elevation=True,
            measures_range_rate=False,
            **common,
        )
        self._range_max_m = 1e3 * config.range_max_km
        east_north_up = self.place.rotation @ (self._tx_place.ecef_m - self.place.ecef_m)
        self._baseline_m = float(np.linalg.norm(east_north_up))
        self._to_tx = east_north_up / max(self._baseline_m, 1e-9)
        self._receiver = Receiver(config.name, row, self._sender, around, signatures, streams, merge_s=radar.period_s)
        hearer = self._hearer
        depth_m = (2.0 * self._range_max_m) / (2.0 * hearer.range_cell_m)
        beams = (TWO_PI / hearer.beamwidth_azimuth_rad) * (pi / 2.0 / hearer.beamwidth_elevation_rad)
        self._n_cells = depth_m * beams
        self._false = streams.rng("sensor", config.name, "false")

    def observe(self, truth: Truth, tasks: Tasks, *, until_s: float) -> tuple[Plots, PlotOrigins]:
        """Plots of one tick, and what caused them; arguments, order and errors as in `RotatingRadar.observe`.

        Notes
        -----
        ``tasks`` changes nothing.
        """
        if not len(truth):
            return self._declare(*self._noise(until_s, until_s))
        since_s, knots = float(truth.t_s[0, 0]), np.ascontiguousarray(truth.t_s[0])
        if np.max(knots[1:] - knots[:-1], initial=0.0) >= 0.5 * self.period_s:
            raise ValueError(
                f"sensor {self.name!r} has a transmitter that turns in {self.period_s:.3g} s and needs knots less than "
                "half that apart"
            )
        row, ordinal, t, position, velocity, bank = _kernels.passes(
            knots,
            np.ascontiguousarray(truth.position_ecef_m),
            np.ascontiguousarray(truth.velocity_ecef_mps),
            np.ascontiguousarray(truth.bank_rad),
            np.ascontiguousarray(truth.present),
            self._tx_place.ecef_m,
            self._tx_place.rotation,
            self._turns_per_s,
            self._phase_turns,
        )
        mover, targets = truth.mover[row], Targets(ecef_m=position, velocity_ecef_mps=velocity)
        there, here = look(self._sender, targets, self._tx), look(self._hearer, targets, self._rx)
        total = there.range_m + here.range_m
        heard = there.visible & here.visible & (here.range_m <= self._range_max_m)
        heard &= total > self._baseline_m * (1.0 + _NEAR_SHARE)
        sigma_m2 = self._receiver.sigma_m2(position, velocity, bank, mover, observer=self._bisector(position))
        snr = np.sqrt(there.snr_1m2 * here.snr_1m2) * sigma_m2
        seen = np.array([total, here.azimuth_rad, here.elevation_rad, np.zeros(len(t))]).T
        n_passes = max(ceil((until_s - since_s) * self._turns_per_s) + 1, int(ordinal.max(initial=0)) + 1)
        rows = self._receiver.echoes(seen, snr, heard, t, mover, ordinal, n_passes, None).rows
        echoes = (rows.t_s, rows.polar[:, :3], rows.error[:, :3], rows.power, rows.mover)
        both: list[Any] = [np.concatenate(pair) for pair in zip(echoes, self._noise(since_s, until_s), strict=True)]
        return self._declare(*both)

    def _bisector(self, position: FloatArray) -> FloatArray:
        """Points (n, 3) from which a monostatic radar would see what the bistatic pair sees. [m]"""
        to_tx, to_rx = self._tx_place.ecef_m - position, self.place.ecef_m - position
        to_tx /= np.linalg.norm(to_tx, axis=1, keepdims=True)
        to_rx /= np.linalg.norm(to_rx, axis=1, keepdims=True)
        return position + 1e5 * (to_tx + to_rx)

    def _noise(self, since_s: float, until_s: float) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, IntArray]:
        """False plots: range sum, azimuth and elevation uniform over what is reported."""
        pfa = self.config.pfa
        n = int(self._false.poisson(self._n_cells * pfa * (until_s - since_s) * self._turns_per_s))
        u = self._false.random((n, 5))
        t = until_s - (until_s - since_s) * u[:, 0]
        low = self._baseline_m * (1.0 + _NEAR_SHARE)
        total = low + 2.0 * self._range_max_m * u[:, 1]
        seen = np.array([total, TWO_PI * u[:, 2], 0.5 * pi * u[:, 3]]).T
        return t, seen, np.zeros((n, 3)), self._receiver.noise_power(pfa * (1.0 - u[:, 4])), np.full(n, -1)

    def _declare(
        self, t: FloatArray, seen: FloatArray, error: FloatArray, power: FloatArray, mover: IntArray
    ) -> tuple[Plots, PlotOrigins]:
        """Add errors to range sum, azimuth and elevation (n, 3), and turn them into plots about the receiver."""
        energy = self._sender.n_pulses * np.maximum(power - 1.0, SNR_LEAST)
        hearer = self._hearer
        bounds = (
            2.0 * accuracy.sigma_range_m(energy, hearer.bandwidth_hz),  # of the sum: both ways of the pulse
            accuracy.sigma_angle_rad(energy, hearer.beamwidth_azimuth_rad),
            accuracy.sigma_angle_rad(energy, hearer.beamwidth_elevation_rad),
        )
        cells = (C_MPS / hearer.bandwidth_hz, hearer.beamwidth_azimuth_rad, hearer.beamwidth_elevation_rad)
        sigma = np.array(
            [
                np.hypot(np.minimum(bound, _CELL_SIGMA * cell), FLOOR_FRACTION * cell)
                for bound, cell in zip(bounds, cells, strict=True)
            ]
        ).T
        measured = seen + sigma * error
        total = np.maximum(measured[:, 0], self._baseline_m * (1.0 + 0.5 * _NEAR_SHARE))
        azimuth, elevation = np.mod(measured[:, 1], TWO_PI), measured[:, 2]
        slant, slope = self._range(total, azimuth, elevation)
        keep = np.flatnonzero(slant <= 1.05 * self._range_max_m)
        n = len(keep)
        measurement = np.full((n, 4), nan)
        measurement[:, :3] = np.array([slant, azimuth, elevation]).T[keep]
        cov = np.full((n, 4, 4), nan)
        jacobian = np.zeros((n, 3, 3))
        jacobian[:, 0], jacobian[:, 1, 1], jacobian[:, 2, 2] = slope[keep], 1.0, 1.0
        cov[:, :3, :3] = np.einsum("nij,nj,nkj->nik", jacobian, sigma[keep] ** 2, jacobian)
        order = np.lexsort((measurement[:, 0], t[keep]))
        keep, measurement, cov = keep[order], measurement[order], cov[order]
        nobody = np.full(n, -1)
        plots = Plots(
            t_s=t[keep],
            sensor=np.full(n, self.row),
            measurement=measurement,
            cov=cov,
            snr_db=10.0 * np.log10(power[keep]),
            pfa=np.full(n, self.config.pfa),
            address=nobody,
            label=nobody,
        )
        return plots, PlotOrigins(mover=mover[keep], n_merged=(mover[keep] >= 0).astype(np.int64))

    def _range(self, total: FloatArray, azimuth: FloatArray, elevation: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Range about the receiver, and its slope (n, 3) by range sum, azimuth and elevation."""
        sin_a, cos_a, sin_e, cos_e = np.sin(azimuth), np.cos(azimuth), np.sin(elevation), np.cos(elevation)
        east, north, up = self._to_tx
        cosine = cos_e * (sin_a * east + cos_a * north) + sin_e * up
        slant = bistatic.receiver_range_m(total, self._baseline_m, np.arccos(np.clip(cosine, -1.0, 1.0)))
        rest = total - self._baseline_m * cosine
        by_cosine = slant * self._baseline_m / rest
        slope = np.array(
            [
                (total - slant) / rest,
                by_cosine * cos_e * (cos_a * east - sin_a * north),
                by_cosine * (cos_e * up - sin_e * (sin_a * east + cos_a * north)),
            ]
        ).T
        return slant, slope
