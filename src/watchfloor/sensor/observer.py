r"""Kind ``observer``: people with binoculars near a runway or under a route, who name what they see.

By daylight they search the sky all round. Sightings come as a Poisson process whose rate grows with the solid angle
that the aircraft subtends and falls with the contrast that the air leaves of it (Andrews):

.. math:: \lambda = \beta\,\frac{A}{r^2}\,e^{-2.996\,r/R}

with A the area seen, R the meteorological visibility (5 % contrast, Koschmieder's law) and :math:`\beta` how well they
search. They report azimuth to a degree or two, elevation coarsely, range as a guess, and the type once the aircraft
looks large enough to be told from others: Johnson's count of resolved cycles, by the transfer function of the night
vision models. What they mistake they mistake for the whole flight.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, nan, pi, radians
from typing import ClassVar, Literal, Self

import numpy as np
from numpy.typing import ArrayLike
from pydantic import Field, model_validator

from watchfloor.base.config import Config
from watchfloor.base.picture import LabelSource, Plots, Tasks
from watchfloor.base.streams import Streams
from watchfloor.base.truth import PlotOrigins, Truth
from watchfloor.base.units import FloatArray, IntArray
from watchfloor.physics import terrain
from watchfloor.physics.environment import Environment
from watchfloor.physics.frames import ecef_to_polar
from watchfloor.physics.propagation import curvature_radius_m, visible
from watchfloor.physics.radar import Radar
from watchfloor.scenario.model import Name
from watchfloor.sensor.base import sensors
from watchfloor.sensor.motion import Motion
from watchfloor.sensor.secondary import mislabelled

CONTRAST_LEAST = 0.05
"""Contrast left at the meteorological visibility (WMO-No. 8, 2018, vol. I, ch. 9). [1]"""
IDENTIFY_CYCLES = 6.4
"""Cycles across a thing at which half of the observers name its type (Johnson 1958). [1]"""
ARCMINUTE_RAD = pi / 10_800.0
"""What an eye of normal acuity resolves: half a cycle. [rad]"""


class ObserverConfig(Config):
    """People with binoculars who look out for aircraft."""

    kind: Literal["observer"] = "observer"
    """Kind of sensor."""
    name: Name
    """What the rest of the file and records call it."""
    place: str
    """Name of the place where they stand."""
    mast_m: float = Field(default=2.0, ge=0.0, le=1000.0)
    """Height of their eyes above the ground. [m]"""
    period_s: float = Field(default=20.0, gt=0.0, le=600.0)
    """Time between two reports. [s]"""
    range_max_km: float = Field(default=15.0, gt=0.0, le=60.0)
    """Greatest range at which they report. [km]"""
    elevation_min_deg: float = Field(default=2.0, ge=-5.0, le=80.0)
    """Lowest elevation that trees and houses leave open. [deg]"""
    visibility_km: float = Field(default=20.0, gt=0.0, le=300.0)
    """Meteorological visibility: where 5 % of a contrast are left. [km]"""
    search_per_sr_s: float = Field(default=140_000.0, gt=0.0, le=1e8)
    """How well they search: sightings a second and a steradian subtended, in clear air. Of the order that Andrews found
    for pilots who are told where to look; an eighth of it for those who are not. [1/sr/s]"""
    area_share: float = Field(default=0.08, gt=0.0, le=1.0)
    """Area seen of an aircraft over the square of its length: an assumption; 0.03 head-on, 0.12 from the side. [1]"""
    magnification: float = Field(default=8.0, ge=1.0, le=100.0)
    """Of their binoculars, used to tell the type. [1]"""
    light_since_s: float = Field(default=0.0, ge=0.0)
    """When it gets light. [s]"""
    light_until_s: float | None = Field(default=None, gt=0.0)
    """When it gets dark; never when left out. [s]"""
    azimuth_sigma_deg: float = Field(default=1.5, gt=0.0, le=30.0)
    """Azimuth error, one sigma. [deg]"""
    elevation_sigma_deg: float = Field(default=3.0, gt=0.0, le=30.0)
    """Elevation error, one sigma. [deg]"""
    range_sigma: float = Field(default=0.25, gt=0.0, le=1.0)
    """Error of the guessed range, one sigma of its logarithm: about its share of the range. [1]"""
    wrong_label: float = Field(default=0.1, ge=0.0, le=1.0)
    """Chance that a type they name is another of the scenario's, for a whole flight. [1]"""

    sources: ClassVar[tuple[str, ...]] = (
        "J. W. Andrews, 'Modeling of air-to-air visual acquisition', Lincoln Laboratory J. 2 (3), 1989",
        "H. Koschmieder, 'Theorie der horizontalen Sichtweite', Beitr. Phys. freien Atm. 12, 1924, pp. 33-53",
        "WMO-No. 8, Guide to Instruments and Methods of Observation, 2018, vol. I, ch. 9 (visibility)",
        "J. Johnson, 'Analysis of image forming systems', Image Intensifier Symposium, Fort Belvoir, 1958",
        "J. A. Ratches, 'Static performance model for thermal imaging systems', Optical Eng. 15 (6), 1976, pp. 525-530",
    )

    @model_validator(mode="after")
    def _day(self) -> Self:
        if self.light_until_s is not None and self.light_until_s <= self.light_since_s:
            raise ValueError(f"light_until_s must be after light_since_s, {self.light_since_s:g}")
        return self


def sighting_rate(range_m: ArrayLike, area_m2: ArrayLike, *, visibility_m: float, search_per_sr_s: float) -> FloatArray:
    r"""Rate at which observers find an aircraft.

    Parameters
    ----------
    range_m : (...) array_like
        Range, above 0. [m]
    area_m2 : (...) array_like
        Area that it shows. [m2]
    visibility_m : float
        Meteorological visibility, above 0. [m]
    search_per_sr_s : float
        Search effectiveness. [1/sr/s]

    Returns
    -------
    (...) array
        Sightings a second of who has not seen it yet. [1/s]

    Notes
    -----
    :math:`\beta A r^{-2} e^{-2.996 r/R}`; the last factor is the contrast that the air leaves, :math:`0.05^{r/R}`. For
    small, distant things against an even sky; glint, smoke and condensation trails make them easier to see.

    References
    ----------
    Andrews, "Modeling of air-to-air visual acquisition", *Lincoln Laboratory Journal* 2 (3), 1989.
    """
    r = np.asarray(range_m, float)
    return search_per_sr_s * np.asarray(area_m2, float) / (r * r) * CONTRAST_LEAST ** (r / visibility_m)


def identify_probability(cycles: ArrayLike) -> FloatArray:
    r"""Chance that a type is named, by the cycles resolved across it.

    Parameters
    ----------
    cycles : (...) array_like
        Cycles (line pairs) resolved across the thing, at least 0. [1]

    Returns
    -------
    (...) array
        Probability. [1]

    Notes
    -----
    :math:`x^E/(1+x^E)` with :math:`x=N/N_{50}` and :math:`E=2.7+0.7x`, the target transfer probability function.

    References
    ----------
    Ratches, "Static performance model for thermal imaging systems", *Optical Engineering* 15 (6), 1976.

    Examples
    --------
    >>> float(identify_probability(IDENTIFY_CYCLES))
    0.5
    """
    x = np.asarray(cycles, float) / IDENTIFY_CYCLES
    power = x ** (2.7 + 0.7 * x)
    return 1.0 - 1.0 / (1.0 + power)


@sensors.register("observer", ObserverConfig)
class Observer:
    """People who look out for aircraft and name them.

    Parameters
    ----------
    config : ObserverConfig
        As in the scenario.
    environment : Environment
        What surrounds them.
    address : (n,) array
        A number of each mover that stays its own; what it names is drawn by it.
    types : (n,) array
        True type of each mover of the mission's list.
    n_types : int
        Types of the run's list.
    lengths_m : (n,) sequence
        Length of each mover. [m]
    streams : Streams
        Random streams of the run; ``("sensor", name, "sight")`` and ``("sensor", name, "label", address)`` are used.
    row : int
        Row in the run's sensor list.
    **_ : object
        Parts that every kind is offered; not used here.

    Notes
    -----
    Each report looks anew: how likely somebody is seen does not depend on whether he was seen before. Each tick draws a
    block of fixed shape (reports, movers, variates), so that paired runs meet the same numbers. They see nothing that
    is not there.
    """

    radar: Radar | None = None
    phase_rad = nan
    """They look everywhere at once. [rad]"""

    def __init__(
        self,
        config: ObserverConfig,
        *,
        environment: Environment,
        address: IntArray,
        types: IntArray,
        n_types: int,
        lengths_m: Sequence[float] | FloatArray,
        streams: Streams,
        row: int,
        **_: object,
    ) -> None:
        self.config, self.name, self.row = config, config.name, row
        self.environment, self.place = environment, environment.place
        self.period_s, self.range_max_m = config.period_s, 1e3 * config.range_max_km
        self._elevation_min_rad = radians(config.elevation_min_deg)
        self._area_m2 = config.area_share * np.asarray(lengths_m, float) ** 2
        # cycles across the root of the area at 1 m
        self._cycles_m = np.sqrt(self._area_m2) * config.magnification / (2.0 * ARCMINUTE_RAD)
        dice = [streams.rng("sensor", config.name, "label", str(int(one))) for one in address]
        self._eye = np.array([one.random() for one in dice])
        self._label = mislabelled(np.asarray(types, np.int64), config.wrong_label, max(n_types, 1), dice)
        self._rng = streams.rng("sensor", config.name, "sight")
        self._sigma_rad = np.array([radians(config.azimuth_sigma_deg), radians(config.elevation_sigma_deg)])
        square = config.range_sigma**2
        self._stretch, self._share2 = exp(0.5 * square), exp(square) * np.expm1(square)
        self._reports = 0

    def observe(self, truth: Truth, tasks: Tasks, *, until_s: float) -> tuple[Plots, PlotOrigins]:
        """Plots of one tick, and what caused them; arguments, order and errors as in `RotatingRadar.observe`.

        Notes
        -----
        ``tasks`` changes nothing. The range that is reported is the mean of what may be true given the guess, and its
        covariance that of the same law: a guess is off by a share of the range, not by metres.
        """
        first, self._reports = self._reports + 1, int(until_s / self.period_s + 1e-9)
        look_s = self.period_s * np.arange(first, self._reports + 1, dtype=float)
        n_looks, n_movers = len(look_s), len(self._area_m2)
        if n_looks == 0:
            return Plots.empty(), PlotOrigins(mover=np.empty(0, np.int64), n_merged=np.empty(0, np.int64))
        normal = self._rng.standard_normal((n_looks, n_movers, 3))
        uniform = self._rng.random((n_looks, n_movers))
        config = self.config
        dark = config.light_until_s if config.light_until_s is not None else np.inf
        light = np.flatnonzero((look_s >= config.light_since_s) & (look_s <= dark))
        if len(truth) == 0 or len(light) == 0:
            return Plots.empty(), PlotOrigins(mover=np.empty(0, np.int64), n_merged=np.empty(0, np.int64))
        look, row = np.repeat(light, len(truth)), np.tile(np.arange(len(truth)), len(light))
        t, mover = look_s[look], truth.mover[row]
        state = Motion(truth).at(row, t)
        slant, azimuth, elevation = ecef_to_polar(state.position, self.place)
        rate = sighting_rate(
            np.maximum(slant, 1.0),
            self._area_m2[mover],
            visibility_m=1e3 * config.visibility_km,
            search_per_sr_s=config.search_per_sr_s,
        )
        seen = (
            state.present
            & (t >= truth.t_s[0, 0])
            & (slant <= self.range_max_m)
            & (elevation >= self._elevation_min_rad)
        )
        seen &= uniform[look, mover] < -np.expm1(-rate * self.period_s)
        seen &= self._in_sight(state.position, slant, azimuth, elevation)
        rows = np.flatnonzero(seen)
        t, mover, error = t[rows], mover[rows], normal[look[rows], mover[rows]]
        slant, azimuth, elevation = slant[rows], azimuth[rows], elevation[rows]
        told = self._eye[mover] < identify_probability(self._cycles_m[mover] / np.maximum(slant, 1.0))
        n = len(rows)
        measurement, cov = np.full((n, 4), nan), np.full((n, 4, 4), nan)
        guess = slant * np.exp(config.range_sigma * error[:, 0])
        measurement[:, 0] = guess * self._stretch
        measurement[:, 1] = (azimuth + self._sigma_rad[0] * error[:, 1]) % (2.0 * pi)
        measurement[:, 2] = elevation + self._sigma_rad[1] * error[:, 2]
        cov[:, :3, :3] = 0.0
        cov[:, 0, 0] = self._share2 * guess * guess
        cov[:, 1, 1], cov[:, 2, 2] = self._sigma_rad**2
        order = np.lexsort((measurement[:, 0], t))
        mover, label = mover[order], np.where(told, self._label[mover], -1)[order]
        plots = Plots(
            t_s=t[order],
            sensor=np.full(n, self.row),
            measurement=measurement[order],
            cov=cov[order],
            snr_db=np.full(n, nan),
            pfa=np.zeros(n),
            address=np.full(n, -1),
            label=label,
            label_source=np.where(label >= 0, int(LabelSource.VISUAL), int(LabelSource.NONE)),
        )
        return plots, PlotOrigins(mover=mover, n_merged=np.ones(n, np.int64))

    def _in_sight(
        self, position: FloatArray, slant: FloatArray, azimuth: FloatArray, elevation: FloatArray
    ) -> np.ndarray:
        """Whether places (n, 3) stand above horizon and terrain."""
        earth_m = curvature_radius_m(self.place.lat_rad, azimuth) + self.environment.ground_alt_m
        across, above = slant * np.cos(elevation), earth_m + self.environment.site[0] + slant * np.sin(elevation)
        height = np.hypot(across, above) - earth_m
        ground = earth_m * np.arctan2(across, above)
        eye_m = max(float(self.environment.site[0]), 0.0)
        over = visible(eye_m, np.maximum(height, 0.0), ground, k=self.environment.k, earth_radius_m=earth_m)
        over &= height >= 0.0
        if self.environment.terrain is not None:
            over &= terrain.visible(self.environment.terrain, *terrain.ground_polar(position, self.place))
        return over
