"""Kind ``secondary``: a turning interrogator that hears transponders (secondary surveillance radar).

Each time the beam passes a mover whose transponder is on, within line of sight and range, it replies with a given
probability: a plot with its address and the type that its reply or flight plan declares, right or wrong for a whole
flight. Range and azimuth are measured; elevation follows from the altitude it reports, in steps of 25 ft. No garbling,
no false replies.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, pi, radians
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from watchfloor.base.config import Config
from watchfloor.base.picture import LabelSource, Plots, Tasks
from watchfloor.base.streams import Streams
from watchfloor.base.truth import PlotOrigins, Truth
from watchfloor.base.units import FOOT_M, BoolArray, FloatArray, IntArray
from watchfloor.physics import terrain
from watchfloor.physics.environment import Environment
from watchfloor.physics.frames import ecef_to_polar
from watchfloor.physics.propagation import curvature_radius_m, visible
from watchfloor.physics.radar import Radar
from watchfloor.scenario.model import Name
from watchfloor.sensor import _kernels
from watchfloor.sensor.base import sensors

ALTITUDE_STEP_M = 25.0 * FOOT_M
"""Step of a reported altitude (ICAO Annex 10, vol. IV, 5th ed., 2014, section 3.1.2.6.5.4, Q bit set). [m]"""


class SecondaryRadarConfig(Config):
    """An interrogator that hears transponders."""

    kind: Literal["secondary"] = "secondary"
    """Kind of sensor."""
    name: Name
    """What the rest of the file and records call it."""
    place: str
    """Name of the place it stands on."""
    mast_m: float = Field(default=10.0, ge=0.0, le=1000.0)
    """Height of the antenna above the ground. [m]"""
    range_max_km: float = Field(default=470.0, gt=0.0, le=700.0)
    """Instrumented range; 256 NM is usual en route. [km]"""
    period_s: float = Field(default=10.0, gt=0.0, le=60.0)
    """Time of one turn. [s]"""
    phase_deg: float = Field(default=0.0, ge=-360.0, le=360.0)
    """Azimuth of the beam at the scenario's epoch, clockwise from true north. [deg]"""
    range_sigma_m: float = Field(default=70.0, gt=0.0, le=10_000.0)
    """Random range error, one sigma; the Eurocontrol limit is 70 m. [m]"""
    azimuth_sigma_deg: float = Field(default=0.08, gt=0.0, le=10.0)
    """Random azimuth error, one sigma; the Eurocontrol limit is 0.08 degrees. [deg]"""
    altitude_sigma_m: float = Field(default=20.0, ge=0.0, le=1000.0)
    """Error of the reported altitude besides its steps, one sigma (reduced separation allows 75 m at three). [m]"""
    reply_probability: float = Field(default=0.97, ge=0.0, le=1.0)
    """Chance that a transponder in sight gives a plot; the Eurocontrol limit is 0.97. [1]"""
    labels: Literal["transponder", "flight_plan", "none"] = "transponder"
    """Who declares a plot's type: the reply itself (address and category), the flight plan that is found by the reply's
    code, or nobody."""
    wrong_label: float = Field(default=0.0, ge=0.0, le=1.0)
    """Chance that a mover is declared as another of the scenario's types, for a whole flight. [1]"""

    sources: ClassVar[tuple[str, ...]] = (
        "EUROCONTROL, Standard Document for Radar Surveillance in En-route Airspace and Major Terminal Areas, "
        "SUR.ET1.ST01.1000-STD-01-01, 1997, section 6 (errors and detection of secondary radar)",
        "ICAO, Annex 10, vol. IV, 5th ed., 2014, section 3.1 (transponders)",
    )


@sensors.register("secondary", SecondaryRadarConfig)
class SecondaryRadar:
    """A turning interrogator that declares cooperative plots.

    Parameters
    ----------
    config : SecondaryRadarConfig
        As in the scenario.
    environment : Environment
        What surrounds its antenna.
    address, label : (n,) arrays
        Transponder address of each mover of the mission's list; the type it declares, -1 for none.
    n_types : int, optional
        Types of the run's list; wanted for wrong labels only.
    transponder : (n,) bool array
        Whether its transponder answers.
    streams : Streams
        Random streams of the run; ``("sensor", name, "reply")`` is used, and for wrong labels ``("sensor", name,
        "label", address)`` of each mover: a flight more or less changes no other's label.
    row : int
        Row in the run's sensor list.
    **_ : object
        Parts that every kind is offered; not used here.

    Notes
    -----
    Each tick draws a block of fixed shape (passes, movers, variates), used or not, so that paired runs meet the same
    numbers.
    """

    radar: Radar | None = None

    def __init__(
        self,
        config: SecondaryRadarConfig,
        *,
        environment: Environment,
        address: IntArray,
        label: IntArray,
        transponder: BoolArray,
        streams: Streams,
        row: int,
        n_types: int = 0,
        **_: object,
    ) -> None:
        self.config, self.name, self.row = config, config.name, row
        self.environment, self.place = environment, environment.place
        self.period_s, self.phase_rad = config.period_s, radians(config.phase_deg)
        self.range_max_m = 1e3 * config.range_max_km
        self._address = np.asarray(address, np.int64)
        said = np.full(len(self._address), -1) if config.labels == "none" else np.asarray(label, np.int64)
        if config.wrong_label > 0.0:
            dice = [streams.rng("sensor", config.name, "label", str(one)) for one in self._address.tolist()]
            said = mislabelled(said, config.wrong_label, n_types, dice)
        self._label = said
        self._source = int(LabelSource.FLIGHT_PLAN if config.labels == "flight_plan" else LabelSource.TRANSPONDER)
        self._answers = np.asarray(transponder, np.bool_)
        self._sigma_range_m, self._sigma_azimuth_rad = config.range_sigma_m, radians(config.azimuth_sigma_deg)
        self._rng = streams.rng("sensor", config.name, "reply")

    def observe(self, truth: Truth, tasks: Tasks, *, until_s: float) -> tuple[Plots, PlotOrigins]:
        """Plots of one tick, and what caused them; arguments, order and errors as in `RotatingRadar.observe`.

        Notes
        -----
        ``tasks`` changes nothing: an interrogator has no threshold to lower.
        """
        if not len(truth):
            return Plots.empty(), PlotOrigins(mover=np.empty(0, np.int64), n_merged=np.empty(0, np.int64))
        knots = np.ascontiguousarray(truth.t_s[0])
        if np.max(knots[1:] - knots[:-1], initial=0.0) >= 0.5 * self.period_s:
            raise ValueError(
                f"sensor {self.name!r} turns in {self.period_s:.3g} s and needs knots less than half that apart"
            )
        row, ordinal, t, position, _, _ = _kernels.passes(
            knots,
            np.ascontiguousarray(truth.position_ecef_m),
            np.ascontiguousarray(truth.velocity_ecef_mps),
            np.ascontiguousarray(truth.bank_rad),
            truth.present & self._answers[truth.mover][:, None],
            self.place.ecef_m,
            self.place.rotation,
            1.0 / self.period_s,
            self.config.phase_deg / 360.0,
        )
        mover = truth.mover[row]
        n_passes = max(ceil((until_s - knots[0]) / self.period_s) + 1, int(ordinal.max(initial=0)) + 1)
        block = (n_passes, len(self._answers))
        normal = self._rng.standard_normal((*block, 3))[ordinal, mover]
        uniform = self._rng.random((*block, 2))[ordinal, mover]
        slant, azimuth, elevation = ecef_to_polar(position, self.place)
        in_sight = self._in_sight(slant, azimuth, elevation)
        if self.environment.terrain is not None:
            in_sight &= terrain.visible(self.environment.terrain, *terrain.ground_polar(position, self.place))
        heard = np.flatnonzero(in_sight & (uniform[:, 0] < self.config.reply_probability))
        t, mover, normal = t[heard], mover[heard], normal[heard]
        slant, azimuth, elevation = slant[heard], azimuth[heard], elevation[heard]
        height_to_angle = 1.0 / (slant * np.maximum(np.cos(elevation), 0.1))
        altitude_error = ALTITUDE_STEP_M * (uniform[heard, 1] - 0.5) + self.config.altitude_sigma_m * normal[:, 2]
        measurement = np.full((len(t), 4), np.nan)
        measurement[:, 0] = slant + self._sigma_range_m * normal[:, 0]
        measurement[:, 1] = (azimuth + self._sigma_azimuth_rad * normal[:, 1]) % (2.0 * pi)
        measurement[:, 2] = elevation + altitude_error * height_to_angle
        cov = np.zeros((len(t), 4, 4))
        cov[:, 0, 0], cov[:, 1, 1] = self._sigma_range_m**2, self._sigma_azimuth_rad**2
        cov[:, 2, 2] = (self.config.altitude_sigma_m**2 + ALTITUDE_STEP_M**2 / 12.0) * height_to_angle**2
        cov[:, 3, :] = np.nan
        cov[:, :, 3] = np.nan
        order = np.lexsort((measurement[:, 0], t))
        mover = mover[order]
        plots = Plots(
            t_s=t[order],
            sensor=np.full(len(t), self.row),
            measurement=measurement[order],
            cov=cov[order],
            snr_db=np.full(len(t), np.nan),
            pfa=np.zeros(len(t)),
            address=self._address[mover],
            label=self._label[mover],
            label_source=np.where(self._label[mover] >= 0, self._source, int(LabelSource.NONE)),
        )
        return plots, PlotOrigins(mover=mover, n_merged=np.ones(len(t), np.int64))

    def _in_sight(self, slant: FloatArray, azimuth: FloatArray, elevation: FloatArray) -> BoolArray:
        """Whether a target is in range and above ground and horizon, as `physics.radar.look` reckons it."""
        earth_m = curvature_radius_m(self.place.lat_rad, azimuth) + self.environment.ground_alt_m
        across, above = slant * np.cos(elevation), earth_m + self.environment.site[0] + slant * np.sin(elevation)
        height = np.hypot(across, above) - earth_m
        ground = earth_m * np.arctan2(across, above)
        mast_m = max(float(self.environment.site[0]), 0.0)
        over = visible(mast_m, np.maximum(height, 0.0), ground, k=self.environment.k, earth_radius_m=earth_m)
        return over & (height >= 0.0) & (slant <= self.range_max_m)


def mislabelled(label: IntArray, wrong: float, n_types: int, dice: Sequence[np.random.Generator]) -> IntArray:
    """Draw what is declared of each mover for a flight.

    Parameters
    ----------
    label : (n,) array
        Type that it should declare, -1 for none.
    wrong : float
        Chance that another is declared, evenly any of the other types. [1]
    n_types : int
        Types there are; with one type alone, a wrong declaration is none.
    dice : sequence of Generator
        One a mover; each gives two numbers.

    Returns
    -------
    (n,) array
        Type that it does declare, -1 for none.

    Raises
    ------
    ValueError
        If there is no type.
    """
    if n_types < 1:
        raise ValueError(f"n_types must be at least 1 to draw wrong labels, got {n_types!r}")
    u = np.array([one.random(2) for one in dice]).reshape(len(label), 2)
    other = np.full(len(label), -1)
    if n_types > 1:
        other = (label + 1 + (u[:, 1] * (n_types - 1)).astype(np.int64)) % n_types
    return np.where((label >= 0) & (u[:, 0] < wrong), other, label)
