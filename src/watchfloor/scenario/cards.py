"""The shape of the catalogue: cards of radars, aircraft types and weapons, every number with source and spread.

Cards use the operator's units; the room that builds a thing from a card converts once (``sensor`` radars, ``world``
signatures, ``engage`` launchers).
"""

from __future__ import annotations

import math
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from watchfloor.base.config import Config
from watchfloor.scenario.spread import Spread

Band = Literal["VHF", "UHF", "L", "S", "C", "X"]


def _within(low: float, high: float = math.inf, *, open_ends: bool = False) -> AfterValidator:
    """Refuse a spread of which some draw would lie outside; ``open_ends`` shuts out the ends too."""

    def check(spread: Spread) -> Spread:
        least, most = spread.at_z(-math.inf), spread.at_z(math.inf)
        inside = low < least and most < high if open_ends else low <= least and most <= high
        if not inside:
            limit = f"above {low:g}" if open_ends else f"at least {low:g}"
            if high < math.inf:
                limit += f" and {'below' if open_ends else 'at most'} {high:g}"
            raise ValueError(f"wanted {limit} in every draw (draws go from {least:.4g} to {most:.4g})")
        return spread

    return AfterValidator(check)


Positive = Annotated[Spread, _within(0.0, open_ends=True)]
"""A spread of which every draw is above 0."""


class SettingsSource(Config):
    """Pulses added and design false-alarm rate."""

    source: str
    """Key of the source."""
    note: str = ""
    """What the source does not say, and what was assumed."""


class CfarCard(Config):
    """How a radar finds the level of noise and clutter around a cell."""

    kind: Literal["ca", "go", "so", "os", "map"]
    """Mean of the reference cells, greater or smaller of its two halves, a ranked cell, or the cell's own past."""
    n_reference: int = Field(default=32, ge=2, le=1024)
    """Reference cells, both sides together; none of a map."""
    n_guard: int = Field(default=2, ge=0, le=64)
    """Cells left out on each side."""
    rank: int | None = Field(default=None, ge=1)
    """Rank of the cell taken by ``os``; three quarters of the reference cells when left out."""
    weight: float | None = Field(default=None, gt=0.0, lt=1.0)
    """Weight of the newest scan in a ``map``; an eighth when left out. [1]"""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.kind in ("go", "so") and self.n_reference % 2:
            raise ValueError(f"n_reference must be even for two halves (came {self.n_reference})")
        if self.rank is not None and (self.kind != "os" or self.rank > self.n_reference):
            raise ValueError(f"rank is for kind 'os' and at most n_reference (came {self.rank} for '{self.kind}')")
        if self.weight is not None and self.kind != "map":
            raise ValueError(f"weight is for kind 'map' (came {self.weight:g} for '{self.kind}')")
        return self


class RadarCard(Config):
    """A generic radar, by open-source figures.

    The keys after ``measures_range_rate`` are for radars whose pulses and filters are stated. A card without them is
    one whose filters are ideal and whose range and range rate are taken to be resolved.
    """

    title: str
    """One line: what it stands for."""
    band: Band
    """Radar band (IEEE Std 521)."""
    frequency_mhz: Positive
    """Carrier frequency. [MHz]"""
    polarisation: Literal["H", "V"] = "H"
    """Linear polarisation, transmit and receive."""
    peak_power_kw: Positive
    """Peak transmitted power. [kW]"""
    pulse_width_us: Positive
    """Transmitted pulse width. [us]"""
    bandwidth_mhz: Positive
    """Bandwidth after pulse compression; sets the range cell. [MHz]"""
    n_coherent: int = Field(ge=1)
    """Pulses of one dwell added coherently: a setting, see ``settings``."""
    n_pulses: int = Field(ge=1)
    """Coherent groups of one dwell added after the square law: a setting."""
    gain_tx_db: Spread
    """Transmit antenna gain. [dBi]"""
    gain_rx_db: Spread
    """Receive antenna gain. [dBi]"""
    noise_figure_db: Annotated[Spread, _within(0.0)]
    """Receiver noise figure. [dB]"""
    losses_db: Annotated[Spread, _within(0.0)]
    """All losses but gas, beam shape and scan included. [dB]"""
    beamwidth_azimuth_deg: Positive
    """Half-power beamwidth. [deg]"""
    beamwidth_elevation_deg: Positive
    """Half-power width of one elevation beam. [deg]"""
    period_s: Positive
    """Time of one antenna rotation. [s]"""
    pfa: float = Field(gt=0.0, lt=1.0)
    """Design probability of false alarm a resolution cell and look: a setting. [1]"""
    range_max_km: Positive
    """Instrumented range. [km]"""
    elevation_min_deg: Annotated[Spread, _within(-10.0, 90.0)]
    """Lower edge of elevation coverage. [deg]"""
    elevation_max_deg: Annotated[Spread, _within(0.0, 90.0)]
    """Upper edge of elevation coverage. [deg]"""
    range_min_km: Annotated[Spread, _within(0.0)]
    """Nearest range. [km]"""
    range_rate_max_mps: Positive
    """Largest range rate of a declared plot. [m/s]"""
    measures_elevation: bool
    """Whether plots carry an elevation."""
    measures_range_rate: bool
    """Whether plots carry a range rate."""
    motion: Literal["rotating", "electronic", "staring"] = "rotating"
    """An antenna that turns, a fixed face that steers its beam, or one that looks everywhere at once; decides which
    kind of sensor can use the card."""
    prf_hz: tuple[Annotated[float, Field(gt=0.0)], ...] = ()
    """Pulse repetition frequency of each of the ``n_pulses`` looks in turn: a setting. Blind ranges, blind speeds and
    ambiguities follow from it. [Hz]"""
    modulation: Literal["plain", "lfm", "barker", "frank"] = "lfm"
    """Modulation inside the pulse: a setting."""
    doppler: Literal["matched", "mti", "bank"] = "matched"
    """Ideal filter, canceller over all coherent pulses, or a filter for each of ``n_coherent`` shifts: a setting."""
    window: Literal["none", "hann", "hamming", "blackman", "chebyshev"] = "none"
    """Weights of the bank over its pulses: a setting."""
    cfar: CfarCard | None = None
    """How the noise level is found; taken as known, its loss being part of ``losses_db``, when left out."""
    taper: Literal["gaussian", "uniform", "cosine", "taylor"] = "gaussian"
    """Illumination of the aperture: shape of main lobe and sidelobes."""
    sidelobe_db: Annotated[Spread, _within(-80.0, -10.0)] | None = None
    """Highest sidelobe one way, under the peak; -30 when left out. [dB]"""
    elevation_shape: Literal["stacked", "fan", "cosecant"] = "stacked"
    """Beams that fill the elevation coverage, one fan, or a fan with a cosecant-squared upper flank."""
    elevation_peak_deg: Annotated[Spread, _within(-30.0, 90.0)] | None = None
    """Elevation of the peak of a fan or cosecant beam; must be given for them. [deg]"""
    scan_exponent: Annotated[Spread, _within(0.0, 4.0)] | None = None
    """Gain falls with this power of the cosine off broadside, each way; 0 when left out. [1]"""
    scan_max_deg: float = Field(default=60.0, ge=1.0, le=90.0)
    """Greatest angle off broadside that a beam is steered to: a setting. [deg]"""
    azimuth_width_deg: float = Field(default=360.0, ge=1.0, le=360.0)
    """Width of the sector that a fixed face searches: a setting. [deg]"""
    beam_shape_loss_db: Annotated[Spread, _within(0.0, 10.0)] | None = None
    """The part of ``losses_db`` that stands for a target beside the peak of the beam; 0 when left out. [dB]"""
    settings: SettingsSource
    """Where the settings come from: numbers that whoever builds or runs the radar chooses, and so without spread."""
    anchor: str
    """Published performance the card was checked against, with source."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.doppler != "matched" and not self.prf_hz:
            raise ValueError(f"doppler '{self.doppler}' needs prf_hz: filters work on pulses at a stated rate")
        if self.doppler != "matched" and self.n_coherent < 2:
            raise ValueError(f"doppler '{self.doppler}' needs n_coherent of at least 2 (came {self.n_coherent})")
        if self.elevation_shape != "stacked" and self.elevation_peak_deg is None:
            raise ValueError(f"elevation_shape '{self.elevation_shape}' needs elevation_peak_deg")
        if self.motion == "rotating" and self.azimuth_width_deg < 360.0:
            raise ValueError(f"a rotating antenna goes all round (came azimuth_width_deg {self.azimuth_width_deg:g})")
        return self


class BandSignature(Config):
    """Mean radar cross-section against aspect in one band."""

    origin: Literal["measured", "computed", "assumed"]
    """Where the curve comes from."""
    aspect_deg: tuple[float, ...] = ()
    """Angles off the nose, 0 to 180, rising. [deg]"""
    sigma_dbsm: tuple[float, ...] = ()
    """Median cross-section at those angles. [dBsm]"""
    table: str | None = None
    """File in the catalogue with columns aspect_deg, sigma_dbsm instead of the two lists."""
    offset_db: Spread
    """Uncertainty of the whole curve: added to every angle, median 0. [dB]"""
    source: str
    """Key of the source of the curve."""
    note: str = ""
    """What was assumed."""

    @model_validator(mode="after")
    def _curve(self) -> Self:
        if (self.table is None) == (not self.aspect_deg):
            raise ValueError("give either aspect_deg and sigma_dbsm, or table")
        if len(self.aspect_deg) != len(self.sigma_dbsm):
            raise ValueError(f"{len(self.aspect_deg)} angles but {len(self.sigma_dbsm)} levels")
        if self.aspect_deg and (
            self.aspect_deg[0] != 0.0
            or self.aspect_deg[-1] != 180.0
            or any(b <= a for a, b in zip(self.aspect_deg, self.aspect_deg[1:], strict=False))
        ):
            raise ValueError("aspect_deg must rise from 0 to 180")
        return self


class ReflectorCard(Config):
    """A removable radar reflector: Luneburg lenses worn in peacetime."""

    radius_cm: Positive
    """Lens radius. [cm]"""
    n_lenses: int = Field(ge=1)
    """Lenses, spread so that each covers its own sector."""
    half_angle_deg: Annotated[Spread, _within(0.0, 180.0, open_ends=True)]
    """Half-power half-angle of one lens about its axis. [deg]"""
    axes_deg: tuple[float, ...]
    """Directions off the nose that the lenses look, mirrored port and starboard. [deg]"""
    source: str = "scenario"
    """Key of the source of number and directions."""
    note: str = ""
    """What was assumed."""


class ModulationCard(Config):
    """Lines that turning blades put about the echo: of the first stage of blades that a wave meets, or a propeller.

    Seen within a half-angle of nose and tail, by radars that look long and often enough.
    """

    blades: Annotated[Spread, _within(1.0, 200.0)]
    """Blades of that stage; a draw is rounded to a whole number."""
    shaft_rpm: Positive
    """Usual rotations a minute in flight. [1/min]"""
    between_flights: Annotated[Spread, _within(0.0, 1.0)]
    """How much that differs from flight to flight, one standard deviation of its logarithm. [1]"""
    level_db: Annotated[Spread, _within(-90.0, 0.0)]
    """Strongest line against the body's echo. [dB]"""
    half_angle_deg: Annotated[Spread, _within(0.0, 180.0, open_ends=True)]
    """Angle off nose or tail within which blades show; 90 and more is all round. [deg]"""
    duct_cm: Positive | None = None
    """Diameter of the intake before the blades, which longer waves do not enter; none for a propeller. [cm]"""
    source: str = "scenario"
    """Key of the source of the kind of engine."""
    note: str = ""
    """What was assumed."""


class TypeCard(Config):
    """A type of aircraft: how it moves and what radars see of it."""

    title: str
    """One line: what it stands for."""
    speed_mps: Positive
    """Usual speed. [m/s]"""
    speed_max_mps: Positive
    """Speed it never exceeds. [m/s]"""
    altitude_m: Spread
    """Usual altitude. [m]"""
    load_factor_max: Annotated[Spread, _within(1.0, open_ends=True)]
    """Largest sustained load factor; bounds bank angle and turn rate. [1]"""
    length_m: Positive
    """Length; sets how fast the echo decorrelates with aspect. [m]"""
    swerling: Literal[0, 1, 2, 3, 4]
    """Fluctuation of the echo about its mean from look to look (one draw a look for 1 and 3)."""
    signature: dict[Band, BandSignature]
    """Mean radar cross-section by band."""
    cell_sigma_db: Annotated[Spread, _within(0.0)]
    """How much a real curve departs from the median curve at one aspect, the common offset apart. [dB]"""
    reflector: ReflectorCard | None = None
    """Removable reflector, if the type can wear one."""
    modulation: ModulationCard | None = None
    """Lines of its engine or propeller; none if blades are hidden."""


class FlightTime(Config):
    """Time of flight of a round against slant range."""

    range_km: tuple[float, ...]
    """Slant ranges, rising from 0. [km]"""
    time_s: tuple[float, ...]
    """Time from launch to arrival. [s]"""
    source: str
    """Key of the source."""
    note: str = ""
    """What was assumed."""

    @model_validator(mode="after")
    def _rises(self) -> Self:
        for name, values in (("range_km", self.range_km), ("time_s", self.time_s)):
            if len(values) < 2 or any(b <= a for a, b in zip(values, values[1:], strict=False)):
                raise ValueError(f"{name} must hold at least two rising numbers")
        if len(self.range_km) != len(self.time_s):
            raise ValueError(f"{len(self.range_km)} ranges but {len(self.time_s)} times")
        return self


class WeaponCard(Config):
    """A surface-to-air layer at the level of effects: reach, time of flight, kill probability, rounds."""

    title: str
    """One line: what it stands for."""
    range_min_km: Positive
    """Nearest slant range. [km]"""
    range_max_km: Positive
    """Effective slant range. [km]"""
    altitude_min_m: Positive
    """Lowest target altitude. [m]"""
    altitude_max_m: Positive
    """Highest target altitude. [m]"""
    flight: FlightTime
    """Time of flight."""
    pk: Annotated[Spread, _within(0.0, 1.0)]
    """Single-shot kill probability against a target inside the envelope with a good track. [1]"""
    n_launchers: Positive
    """Launchers of one battery."""
    rounds_per_launcher: Positive
    """Ready rounds on each."""
    reload_s: Positive
    """Time to refill the battery once empty. [s]"""
    reaction_s: Positive
    """Time from order to launch. [s]"""
    channels: Positive
    """Targets that can be engaged at once."""


class Source(Config):
    """Where a number comes from."""

    text: str
    """Citation."""
    standing: Literal["measured", "textbook", "public-release", "press", "maker-claim", "assumption"]
    """What it is worth."""
    disputed_by: str = ""
    """Who says otherwise."""
