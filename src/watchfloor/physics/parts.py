"""What one radar is made of: waveform, antenna, scan, processing. `radar.Radar` holds one of each.

Every part is frozen and checks its own domain; the checks that need two parts stand in `radar.Radar`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

from watchfloor.base.units import C_MPS
from watchfloor.physics.cfar import Cfar

Modulation = Literal["plain", "lfm", "barker", "frank"]
Taper = Literal["gaussian", "uniform", "cosine", "taylor"]
ElevationShape = Literal["stacked", "fan", "cosecant"]
Motion = Literal["rotating", "staring", "electronic"]
Doppler = Literal["matched", "mti", "bank"]
Polarisation = Literal["H", "V"]

_BARKER = (2, 3, 4, 5, 7, 11, 13)


def _above_0(part: object, *names: str) -> None:
    for name in names:
        value = getattr(part, name)
        if not (math.isfinite(value) and value > 0.0):
            raise ValueError(f"{name} must be above 0 and finite, got {value!r}")


def _whole(part: object, *names: str) -> None:
    for name in names:
        value = getattr(part, name)
        if value != value or value != int(value) or value < 1:
            raise ValueError(f"{name} must be a whole number, at least 1, got {value!r}")


def _one_of(part: object, name: str, kind: object) -> None:
    wanted = get_args(kind)
    if getattr(part, name) not in wanted:
        raise ValueError(f"{name} must be one of {', '.join(wanted)}, got {getattr(part, name)!r}")


def _inside(part: object, name: str, low: float, high: float) -> None:
    if not low <= getattr(part, name) <= high:
        raise ValueError(f"{name} must lie in [{low:.4g}, {high:.4g}], got {getattr(part, name)!r}")


@dataclass(frozen=True, kw_only=True)
class Waveform:
    """What is sent: one pulse, and how often.

    Raises
    ------
    ValueError
        If a value is outside its domain; the message names it.
    """

    frequency_hz: float
    """Carrier frequency. [Hz]"""
    pulse_width_s: float
    """Length of one transmitted pulse, before compression. [s]"""
    bandwidth_hz: float
    """Bandwidth of the pulse; sets the range cell. [Hz]"""
    n_coherent: int
    """Pulses of one coherent processing interval, added coherently: one look."""
    modulation: Modulation = "lfm"
    """Modulation inside the pulse; ``barker`` and ``frank`` codes have pulse_width_s times bandwidth_hz chips."""
    prf_hz: tuple[float, ...] = ()
    """Pulse repetition frequency of each look in turn. Empty: not stated, the pulses just fill the dwell, and range and
    range rate are taken to be resolved. [Hz]"""

    def __post_init__(self) -> None:
        """Check every domain."""
        _above_0(self, "frequency_hz", "pulse_width_s", "bandwidth_hz")
        _whole(self, "n_coherent")
        _one_of(self, "modulation", Modulation)
        if self.pulse_width_s * self.bandwidth_hz < 0.5:
            raise ValueError(
                f"a pulse of {self.pulse_width_s:.3g} s has at least 1/pulse_width_s of bandwidth, "
                f"got bandwidth_hz {self.bandwidth_hz:.3g}"
            )
        for prf in self.prf_hz:
            if not (math.isfinite(prf) and 0.0 < prf * self.pulse_width_s < 1.0):
                raise ValueError(f"prf_hz must lie between 0 and 1/pulse_width_s, got {prf!r}")
        chips = round(self.pulse_width_s * self.bandwidth_hz)
        if self.modulation == "barker" and chips not in _BARKER:
            raise ValueError(f"modulation barker has {_BARKER} chips, pulse_width_s times bandwidth_hz is {chips}")
        if self.modulation == "frank" and math.isqrt(chips) ** 2 != chips:
            raise ValueError(f"modulation frank has a square number of chips, the pulse has {chips}")

    @cached_property
    def wavelength_m(self) -> float:
        """Carrier wavelength. [m]"""  # noqa: D400, D415
        return C_MPS / self.frequency_hz

    @cached_property
    def range_cell_m(self) -> float:
        """Range resolution c / 2B. [m]"""  # noqa: D400, D415
        return 0.5 * C_MPS / self.bandwidth_hz


@dataclass(frozen=True, kw_only=True)
class Antenna:
    """Where the power goes.

    Raises
    ------
    ValueError
        If a value is outside its domain; the message names it.
    """

    gain_tx: float
    """Gain on transmission at the peak of the beam, linear. [1]"""
    gain_rx: float
    """Gain on reception at the peak of the beam, linear. [1]"""
    beamwidth_azimuth_rad: float
    """Half-power beamwidth in azimuth, at broadside. [rad]"""
    beamwidth_elevation_rad: float
    """Half-power beamwidth in elevation, of one beam, at broadside. [rad]"""
    polarisation: Polarisation = "H"
    """Linear polarisation, both ways."""
    taper: Taper = "gaussian"
    """Illumination of the aperture: the shape of main lobe and sidelobes, see `antenna.taper_pattern`."""
    sidelobe_db: float = -30.0
    """Sidelobe level, one way, under the peak: Taylor's design level, the floor of a Gaussian beam. [dB]"""
    elevation: ElevationShape = "stacked"
    """``stacked``: beams fill the elevation coverage, full gain inside and none outside; ``fan``: one beam about
    ``elevation_peak_rad``; ``cosecant``: a fan whose upper flank falls with the cosecant squared."""
    elevation_peak_rad: float = 0.0
    """Elevation of the peak of a fan or cosecant beam. [rad]"""
    scan_exponent: float = 0.0
    """Gain falls with this power of the cosine off broadside, each way; 0: the face turns or stays. [1]"""
    face_azimuth_rad: float | None = None
    """Azimuth of the broadside of a fixed face; None if the antenna turns. [rad]"""
    face_tilt_rad: float = 0.0
    """Elevation of broadside. [rad]"""
    scan_max_rad: float = math.pi / 3.0
    """Greatest angle off broadside that an electronic beam is steered to. [rad]"""
    beam_shape_loss: float = 1.0
    """The part of the radar's ``losses`` that stands for a target beside the peak of the beam, which a signal-level
    radar plays itself; linear, at least 1. [1]"""

    def __post_init__(self) -> None:
        """Check every domain."""
        _above_0(self, "gain_tx", "gain_rx", "beamwidth_azimuth_rad", "beamwidth_elevation_rad")
        for name in ("beamwidth_azimuth_rad", "beamwidth_elevation_rad"):
            if getattr(self, name) >= math.pi:
                raise ValueError(f"{name} must be below pi, got {getattr(self, name)!r} (degrees?)")
        _one_of(self, "polarisation", Polarisation)
        _one_of(self, "taper", Taper)
        _one_of(self, "elevation", ElevationShape)
        _inside(self, "sidelobe_db", -80.0, -13.3 if self.taper == "taylor" else -10.0)
        _inside(self, "elevation_peak_rad", -0.5 * math.pi, 0.5 * math.pi)
        _inside(self, "scan_exponent", 0.0, 4.0)
        _inside(self, "face_tilt_rad", -0.5 * math.pi, 0.5 * math.pi)
        _inside(self, "scan_max_rad", 0.01, 0.5 * math.pi)
        _inside(self, "beam_shape_loss", 1.0, 10.0)
        if self.scan_exponent > 0.0 and self.face_azimuth_rad is None and self.elevation != "stacked":
            raise ValueError("scan_exponent needs stacked beams or a face_azimuth_rad: a fan is not steered")


@dataclass(frozen=True, kw_only=True)
class Scan:
    """Where the beam looks, and how often.

    Raises
    ------
    ValueError
        If a value is outside its domain; the message names it.
    """

    period_s: float
    """Time of one turn, or of one search of the whole sector. [s]"""
    elevation_min_rad: float
    """Lower edge of the coverage, apparent elevation. [rad]"""
    elevation_max_rad: float
    """Upper edge of the coverage. [rad]"""
    motion: Motion = "rotating"
    """``rotating``: the antenna turns; ``electronic``: a fixed face steers its beam; ``staring``: all directions at
    once, all the time."""
    azimuth_width_rad: float = 2.0 * math.pi
    """Width of the sector searched, about the antenna's face; a whole turn unless the face is fixed. [rad]"""

    def __post_init__(self) -> None:
        """Check every domain."""
        _above_0(self, "period_s")
        _one_of(self, "motion", Motion)
        _inside(self, "azimuth_width_rad", 1e-3, 2.0 * math.pi)
        if not -0.5 * math.pi <= self.elevation_min_rad < self.elevation_max_rad <= 0.5 * math.pi:
            raise ValueError(
                "elevation_min_rad < elevation_max_rad must lie in -pi/2 to pi/2, got "
                f"{self.elevation_min_rad!r} and {self.elevation_max_rad!r}"
            )


@dataclass(frozen=True, kw_only=True)
class Processing:
    """What is made of the echoes.

    Raises
    ------
    ValueError
        If a value is outside its domain; the message names it.
    """

    n_pulses: int
    """Looks added after the square law, before the threshold."""
    pfa: float
    """Probability of false alarm a cell, inside (0, 1). [1]"""
    range_min_m: float
    """Nearest range that it reports. [m]"""
    range_max_m: float
    """Instrumented range. [m]"""
    range_rate_max_mps: float
    """Greatest opening or closing speed that it reports. [m/s]"""
    measures_elevation: bool
    """Whether it measures elevation (3D)."""
    measures_range_rate: bool
    """Whether it measures range rate; needs at least 2 coherent pulses."""
    doppler: Doppler = "matched"
    """``matched``: an ideal filter at each target's Doppler shift, for radars whose pulse repetition is not stated;
    ``mti``: a canceller over all ``n_coherent`` pulses; ``bank``: a filter for each of ``n_coherent`` shifts."""
    window: Literal["none", "hann", "hamming", "blackman", "chebyshev"] = "none"
    """Weights of a bank over its pulses; ``chebyshev`` has sidelobes 60 dB down."""
    cfar: Cfar | None = None
    """How the noise level is found; None: it is known."""

    def __post_init__(self) -> None:
        """Check every domain."""
        _whole(self, "n_pulses")
        _above_0(self, "range_max_m", "range_rate_max_mps")
        _one_of(self, "doppler", Doppler)
        if not 0.0 < self.pfa < 1.0:
            raise ValueError(f"pfa must lie inside (0, 1), got {self.pfa!r}")
        if not 0.0 <= self.range_min_m < self.range_max_m:
            raise ValueError(f"range_min_m must lie in [0, range_max_m), got {self.range_min_m!r}")
        if self.window not in ("none", "hann", "hamming", "blackman", "chebyshev"):
            raise ValueError(f"window must be none, hann, hamming, blackman or chebyshev, got {self.window!r}")
