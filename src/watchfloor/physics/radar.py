r"""One immutable radar, its range equation, and what it sees of many targets at once.

.. math:: \mathrm{SNR} = \frac{P\,\tau\,n_c\,G_t G_r \lambda^2 \sigma}{(4\pi)^3 R^4\, k T_s L}\,10^{-A/10}

per look, a look being ``n_coherent`` pulses added coherently; ``n_pulses`` looks are added after the square law
(`detection`). A is the two-way gas loss.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from functools import cached_property
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike

from watchfloor.base.units import BOLTZMANN_JPK, T0_K, BoolArray, FloatArray
from watchfloor.physics import _kernels, accuracy, cfar, detection, reception
from watchfloor.physics._domain import agree, within
from watchfloor.physics.atmosphere import GasTable
from watchfloor.physics.environment import Environment, Targets
from watchfloor.physics.parts import Antenna, Processing, Scan, Waveform

FLOOR_FRACTION = 0.05
"""Error that no signal-to-noise ratio removes (quantisation, calibration), as a share of the resolution cell: a beam
split 20 to 1, an assumption in the range that textbooks quote for working radars. [1]"""
_CELL_SIGMA = 1.0 / math.sqrt(12.0)
_NO_GAS, _NO_GRID = np.zeros((0, 0)), np.zeros(4)
_NO_GAS.flags.writeable = _NO_GRID.flags.writeable = False  # one compiled form, with gas or without


def system_temperature_k(noise_figure_db: float, *, antenna_temperature_k: float = T0_K) -> float:
    """System noise temperature at the antenna terminals.

    Parameters
    ----------
    noise_figure_db : float
        Noise figure of the receiver, at least 0. [dB]
    antenna_temperature_k : float
        Noise temperature of the antenna: 290 K by the definition of the noise figure, thousands at VHF. [K]

    Returns
    -------
    float
        ``T_a + T_0 (F - 1)``. [K]

    Raises
    ------
    ValueError
        If an argument is negative.

    References
    ----------
    IEEE Std 686-2017, "noise figure"; Skolnik, *Introduction to Radar Systems*, 3rd ed., 2001, ch. 11.

    Examples
    --------
    >>> round(system_temperature_k(3.0103))
    580
    """
    if not (noise_figure_db >= 0.0 and antenna_temperature_k >= 0.0):
        raise ValueError("noise_figure_db and antenna_temperature_k must be at least 0")
    return antenna_temperature_k + T0_K * (10.0 ** (0.1 * noise_figure_db) - 1.0)


@dataclass(frozen=True, kw_only=True)
class Radar:
    """One radar: power, noise, losses, and the parts of `parts`.

    Raises
    ------
    ValueError
        If a value is outside its domain, or parts do not fit together; the message names it.

    Examples
    --------
    >>> s_band = Radar.of(
    ...     frequency_hz=3e9, peak_power_w=32e3, pulse_width_s=170e-6, bandwidth_hz=1e6, n_coherent=8, n_pulses=1,
    ...     gain_tx=1e4, gain_rx=1e4, noise_temperature_k=580.0, losses=7.0,
    ...     beamwidth_azimuth_rad=0.02, beamwidth_elevation_rad=0.03, elevation_min_rad=-0.01, elevation_max_rad=1.2,
    ...     period_s=10.0, pfa=1e-6, range_min_m=3e3, range_max_m=500e3, range_rate_max_mps=1200.0,
    ...     measures_elevation=True, measures_range_rate=True,
    ... )
    >>> round(float(detection_range(s_band, 1.0, 0.5)) / 1e3)
    379
    """

    peak_power_w: float
    """Transmitted peak power. [W]"""
    noise_temperature_k: float
    """System noise temperature, see `system_temperature_k`. [K]"""
    losses: float
    """All losses but gas and rain, linear, at least 1; ``antenna.beam_shape_loss`` is a part of it. [1]"""
    waveform: Waveform
    """What is sent."""
    antenna: Antenna
    """Where the power goes."""
    scan: Scan
    """Where the beam looks, and how often."""
    processing: Processing
    """What is made of the echoes."""

    @classmethod
    def of(cls, **values: Any) -> Self:
        """Build a radar from the fields of all its parts, each by its own name.

        Raises
        ------
        ValueError
            If a value is outside its domain.
        TypeError
            If a name is not a field of any part, or one without a default is missing.
        """
        own, parts = _sorted_out(values)
        return cls(**own, **{name: part(**parts[name]) for name, part in _PARTS.items()})

    def but(self, **changes: Any) -> Self:
        """Return a radar that differs in some fields, of itself or of its parts, each by its own name.

        Raises
        ------
        ValueError
            If a value is outside its domain.
        TypeError
            If a name is not a field of any part.
        """
        own, parts = _sorted_out(changes)
        return replace(self, **own, **{n: replace(getattr(self, n), **values) for n, values in parts.items() if values})

    def __post_init__(self) -> None:
        """Check every domain, and that the parts fit together."""
        for name in ("peak_power_w", "noise_temperature_k"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0.0):
                raise ValueError(f"{name} must be above 0 and finite, got {value!r}")
        if not (math.isfinite(self.losses) and self.losses >= 1.0):
            raise ValueError(f"losses is a ratio, at least 1, got {self.losses!r} (decibels or a gain?)")
        waveform, antenna, scan, processing = self.waveform, self.antenna, self.scan, self.processing
        if antenna.beam_shape_loss > self.losses * (1.0 + 1e-12):
            raise ValueError(
                f"beam_shape_loss is a part of losses ({self.losses:.3g}) and cannot be more, got "
                f"{antenna.beam_shape_loss!r}"
            )
        if processing.measures_range_rate and waveform.n_coherent < 2:
            raise ValueError("measures_range_rate needs n_coherent of at least 2")
        if processing.doppler != "matched":
            if not waveform.prf_hz:
                raise ValueError(f"doppler {processing.doppler!r} needs prf_hz, got none")
            if waveform.n_coherent < 2:
                raise ValueError(f"doppler {processing.doppler!r} needs n_coherent of at least 2")
        if (scan.motion == "electronic") != (antenna.face_azimuth_rad is not None):
            raise ValueError(
                f"an electronic scan needs face_azimuth_rad and no other has one, got motion {scan.motion!r} and "
                f"face_azimuth_rad {antenna.face_azimuth_rad!r}"
            )
        if scan.motion == "rotating" and scan.azimuth_width_rad < 2.0 * math.pi:
            raise ValueError(f"a rotating scan goes all round, got azimuth_width_rad {scan.azimuth_width_rad!r}")

    @cached_property
    def frequency_hz(self) -> float:
        """Carrier frequency. [Hz]"""  # noqa: D400, D415
        return self.waveform.frequency_hz

    @cached_property
    def bandwidth_hz(self) -> float:
        """Bandwidth of the pulse. [Hz]"""  # noqa: D400, D415
        return self.waveform.bandwidth_hz

    @cached_property
    def n_coherent(self) -> int:
        """Pulses of one look."""
        return self.waveform.n_coherent

    @cached_property
    def n_pulses(self) -> int:
        """Looks added after the square law."""
        return self.processing.n_pulses

    @cached_property
    def pfa(self) -> float:
        """Probability of false alarm a cell. [1]"""  # noqa: D400, D415
        return self.processing.pfa

    @cached_property
    def beamwidth_azimuth_rad(self) -> float:
        """Half-power beamwidth in azimuth, at broadside. [rad]"""  # noqa: D400, D415
        return self.antenna.beamwidth_azimuth_rad

    @cached_property
    def beamwidth_elevation_rad(self) -> float:
        """Half-power beamwidth of one elevation beam, at broadside. [rad]"""  # noqa: D400, D415
        return self.antenna.beamwidth_elevation_rad

    @cached_property
    def elevation_min_rad(self) -> float:
        """Lower edge of the coverage. [rad]"""  # noqa: D400, D415
        return self.scan.elevation_min_rad

    @cached_property
    def elevation_max_rad(self) -> float:
        """Upper edge of the coverage. [rad]"""  # noqa: D400, D415
        return self.scan.elevation_max_rad

    @cached_property
    def period_s(self) -> float:
        """Time of one turn or search. [s]"""  # noqa: D400, D415
        return self.scan.period_s

    @cached_property
    def range_min_m(self) -> float:
        """Nearest range that it reports. [m]"""  # noqa: D400, D415
        return self.processing.range_min_m

    @cached_property
    def range_max_m(self) -> float:
        """Instrumented range. [m]"""  # noqa: D400, D415
        return self.processing.range_max_m

    @cached_property
    def range_rate_max_mps(self) -> float:
        """Greatest speed that it reports. [m/s]"""  # noqa: D400, D415
        return self.processing.range_rate_max_mps

    @cached_property
    def measures_elevation(self) -> bool:
        """Whether it measures elevation."""
        return self.processing.measures_elevation

    @cached_property
    def measures_range_rate(self) -> bool:
        """Whether it measures range rate."""
        return self.processing.measures_range_rate

    @cached_property
    def wavelength_m(self) -> float:
        """Carrier wavelength. [m]"""  # noqa: D400, D415
        return self.waveform.wavelength_m

    @cached_property
    def range_cell_m(self) -> float:
        """Range resolution c / 2B. [m]"""  # noqa: D400, D415
        return self.waveform.range_cell_m

    @cached_property
    def n_beams_azimuth(self) -> int:
        """Beamwidths over the azimuths searched, rounded up."""
        return math.ceil(self.scan.azimuth_width_rad / self.beamwidth_azimuth_rad - 1e-9)

    @cached_property
    def n_beams_elevation(self) -> int:
        """Beamwidths over the elevation coverage, rounded up; 1 if elevation is not measured."""
        if not self.measures_elevation:
            return 1
        return math.ceil((self.elevation_max_rad - self.elevation_min_rad) / self.beamwidth_elevation_rad - 1e-9)

    @cached_property
    def n_range_cells(self) -> int:
        """Range cells between the least and the instrumented range, rounded up."""
        return math.ceil((self.range_max_m - self.range_min_m) / self.range_cell_m - 1e-9)

    @cached_property
    def n_filters(self) -> int:
        """Doppler filters whose outputs are each tested; 1 unless there is a bank."""
        return self.n_coherent if self.processing.doppler == "bank" else 1

    @cached_property
    def n_cells(self) -> int:
        """Cells tested in one turn: range, azimuth, elevation, filters; times ``pfa`` it is the false-alarm count."""
        return self.n_range_cells * self.n_beams_azimuth * self.n_beams_elevation * self.n_filters

    @cached_property
    def dwell_s(self) -> float:
        """Time on a target: a beam turning past it, a beam steered to it, or all the time of a staring radar. [s]"""  # noqa: D400, D415
        if self.scan.motion == "rotating":
            return self.period_s * min(1.0, self.beamwidth_azimuth_rad / (2.0 * math.pi))
        if self.waveform.prf_hz:
            return sum(self.intervals_s)
        return self.period_s / (1 if self.scan.motion == "staring" else self.n_beams_azimuth * self.n_beams_elevation)

    @cached_property
    def intervals_s(self) -> tuple[float, ...]:
        """Length of each of the ``n_pulses`` looks. [s]"""  # noqa: D400, D415
        prf = self.waveform.prf_hz
        if not prf:
            return (self.dwell_s / self.n_pulses,) * self.n_pulses
        return tuple(self.n_coherent / prf[look % len(prf)] for look in range(self.n_pulses))

    @cached_property
    def coherent_time_s(self) -> float:
        """Mean length of one look; all elevations of a rotating radar are taken at once. [s]"""  # noqa: D400, D415
        return sum(self.intervals_s) / self.n_pulses

    @cached_property
    def range_rate_cell_mps(self) -> float:
        """Range-rate resolution of one look, half a wavelength over its length. [m/s]"""  # noqa: D400, D415
        return 0.5 * self.wavelength_m / self.coherent_time_s

    @cached_property
    def snr_1m2_1m(self) -> float:
        """SNR of a look at 1 m2 and 1 m range, without gas; the constant of the range equation. [power ratio x m2]"""  # noqa: D400, D415
        energy = self.peak_power_w * self.waveform.pulse_width_s * self.n_coherent
        return (
            energy
            * self.antenna.gain_tx
            * self.antenna.gain_rx
            * self.wavelength_m**2
            / ((4.0 * math.pi) ** 3 * BOLTZMANN_JPK * self.noise_temperature_k * self.losses)
        )

    @cached_property
    def is_plain(self) -> bool:
        """Whether its beam has full gain in all of its coverage and its filters are ideal."""
        antenna = self.antenna
        return (
            antenna.elevation == "stacked"
            and antenna.scan_exponent == 0.0
            and antenna.face_azimuth_rad is None
            and self.processing.doppler == "matched"
        )

    @cached_property
    def threshold(self) -> float:
        """Threshold of the summed square-law statistic at known noise level, noise mean 1 a pulse. [1]"""  # noqa: D400, D415
        return float(detection.threshold(self.pfa, self.n_pulses))

    @cached_property
    def _bounds(self) -> tuple[float, float, float, float]:
        """Cramer-Rao bounds of range, azimuth, elevation and range rate at an energy ratio of 1. [m, rad, rad, m/s]"""  # noqa: D400, D415
        return (
            float(accuracy.sigma_range_m(1.0, self.bandwidth_hz)),
            float(accuracy.sigma_angle_rad(1.0, self.beamwidth_azimuth_rad)),
            float(accuracy.sigma_angle_rad(1.0, self.beamwidth_elevation_rad)),
            float(accuracy.sigma_range_rate_mps(1.0, self.wavelength_m, self.coherent_time_s)),
        )

    @cached_property
    def _limits(self) -> FloatArray:
        return np.array(
            [self.range_min_m, self.range_max_m, self.elevation_min_rad, self.elevation_max_rad, self.snr_1m2_1m]
        )


_PARTS = {"waveform": Waveform, "antenna": Antenna, "scan": Scan, "processing": Processing}
_OWN = ("peak_power_w", "noise_temperature_k", "losses")


def _sorted_out(values: dict[str, Any]) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Values of the radar itself and of each part, by the names of their fields."""
    own: dict[str, Any] = {}
    parts: dict[str, dict[str, Any]] = {name: {} for name in _PARTS}
    home = {f.name: name for name, part in _PARTS.items() for f in fields(part)}
    for name, value in values.items():
        if name in _OWN:
            own[name] = value
        elif name in home:
            parts[home[name]][name] = value
        else:
            near = get_close_matches(name, [*home, *_OWN], 1)
            raise TypeError(f"a radar has no {name!r}" + (f"; did you mean {near[0]!r}?" if near else ""))
    return own, parts


@dataclass(frozen=True, kw_only=True, eq=False)
class Look:
    """What one radar would see of n targets; one row a target, visible or not.

    ``snr``, ``pd`` and ``sigmas`` are worked out when first asked for.
    """

    range_m: FloatArray
    """(n,) slant range. [m]"""
    azimuth_rad: FloatArray
    """(n,) clockwise from true north, in [0, 2 pi). [rad]"""
    elevation_rad: FloatArray
    """(n,) geometric elevation, what a radar reports that corrects for refraction. [rad]"""
    elevation_apparent_rad: FloatArray
    """(n,) elevation at which the ray leaves, on the effective earth; decides coverage and gas loss. [rad]"""
    range_rate_mps: FloatArray
    """(n,) positive when receding. [m/s]"""
    snr_1m2: FloatArray
    """(n,) signal-to-noise ratio of a 1 m2 target in one look at the detector: pattern, propagation and filters
    included, clutter and jamming counted as noise; 0 where not visible. [power ratio]"""
    visible: BoolArray
    """(n,) in range, in coverage, above ground, horizon and terrain."""
    clutter: FloatArray
    """(n,) clutter-to-noise ratio in one pulse at the target's cell. [power ratio]"""
    jamming: FloatArray
    """(n,) jamming-to-noise ratio in the beam at the target. [power ratio]"""
    off_broadside_rad: FloatArray
    """(n,) angle between beam and broadside; 0 for a face that does not steer. [rad]"""
    radar: Radar
    """The radar that looked."""
    targets: Targets
    """What it looked at."""

    @cached_property
    def snr(self) -> FloatArray:
        """(n,) signal-to-noise ratio of one look at the detector, clutter and jamming as noise. [power ratio]"""  # noqa: D400, D415
        return self.snr_1m2 * self.targets.sigma_m2

    @cached_property
    def pd(self) -> FloatArray:
        """(n,) probability of detection, 0 where not visible. [1]"""  # noqa: D400, D415
        return np.where(self.visible, pd(self.radar, self.snr, swerling=self.targets.swerling), 0.0)

    @cached_property
    def sigmas(self) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Error sigmas as in `error_sigmas`, beams broadened by steering; NaN where not visible or not measured."""
        with np.errstate(divide="ignore"):
            range_, azimuth, elevation, rate = error_sigmas(self.radar, self.snr)
        widening = 1.0 / np.maximum(np.cos(self.off_broadside_rad), 0.1)
        seen = self.visible & (self.snr > 0.0)
        return tuple(  # type: ignore[return-value]
            np.where(seen, s, np.nan) for s in (range_, azimuth * widening, elevation * widening, rate)
        )

    @cached_property
    def cell(self) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Resolution cell in range, azimuth, elevation and range rate. [m, rad, rad, m/s]"""  # noqa: D400, D415
        radar, widening = self.radar, 1.0 / np.maximum(np.cos(self.off_broadside_rad), 0.1)
        one = np.ones(len(self.range_m))
        return (
            radar.range_cell_m * one,
            radar.beamwidth_azimuth_rad * widening,
            radar.beamwidth_elevation_rad * widening,
            radar.range_rate_cell_mps * one,
        )


def pd(radar: Radar, snr: ArrayLike, *, swerling: int = 1, pfa: float | None = None) -> FloatArray:
    """Probability of detection of one dwell by the radar's own detector.

    Parameters
    ----------
    radar : Radar
        The radar: its ``n_pulses``, ``pfa`` and CFAR are used.
    snr : array_like
        Mean signal-to-noise ratio of one look, at least 0. [power ratio]
    swerling : int
        Fluctuation case 0 to 4.
    pfa : float or None
        Probability of false alarm a cell in place of the radar's own. [1]

    Returns
    -------
    array
        Probability of detection. [1]

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    References
    ----------
    `detection.pd` at a known noise level, `cfar.pd` with a CFAR.
    """
    level = radar.pfa if pfa is None else pfa
    if radar.processing.cfar is None:
        return detection.pd(snr, level, n_pulses=radar.n_pulses, swerling=swerling)
    return cfar.pd(radar.processing.cfar, snr, level, n_pulses=radar.n_pulses, swerling=swerling)


def snr(radar: Radar, range_m: ArrayLike, sigma_m2: ArrayLike, *, gas_loss_db: ArrayLike = 0.0) -> FloatArray:
    """Signal-to-noise ratio of one look (``n_coherent`` pulses).

    Parameters
    ----------
    radar : Radar
        The radar.
    range_m : array_like
        Slant range, above 0. [m]
    sigma_m2 : array_like
        Mean radar cross-section, at least 0. [m2]
    gas_loss_db : array_like
        Two-way loss in the atmosphere. [dB]

    Returns
    -------
    array
        Signal-to-noise ratio. [power ratio]

    Raises
    ------
    ValueError
        If a range is not above 0 or a cross-section is negative.

    References
    ----------
    Richards, *Fundamentals of Radar Signal Processing*, 2nd ed., 2014, ch. 2 (radar range equation); the energy
    form, Barton, *Radar Equations for Modern Radar*, 2013, ch. 1.
    """
    agree(range_m=range_m, sigma_m2=sigma_m2, gas_loss_db=gas_loss_db)
    slant = within("range_m", range_m, above=0.0)
    sigma = within("sigma_m2", sigma_m2, least=0.0, remedy="decibels?")
    return radar.snr_1m2_1m * sigma / slant**4 * 10.0 ** (-0.1 * within("gas_loss_db", gas_loss_db, least=0.0))


def detection_range(
    radar: Radar,
    sigma_m2: ArrayLike,
    pd: ArrayLike,
    *,
    swerling: int = 1,
    pfa: float | None = None,
    gas: GasTable | None = None,
    elevation_rad: ArrayLike = 0.0,
) -> FloatArray:
    """Range at which the probability of detection falls to ``pd``.

    Parameters
    ----------
    radar : Radar
        The radar.
    sigma_m2 : array_like
        Mean radar cross-section, at least 0. [m2]
    pd : array_like
        Probability of detection of one scan, above the false-alarm probability and below 1. [1]
    swerling : int
        Fluctuation case 0 to 4.
    pfa : float or None
        Probability of false alarm a cell in place of the radar's own. [1]
    gas : GasTable or None
        Loss in the atmosphere; None for a vacuum.
    elevation_rad : array_like
        Apparent elevation of the path through the gas. [rad]

    Returns
    -------
    array
        Slant range at the peak of the beam, of the range cell and of the Doppler filter; horizon, coverage and
        instrumented range play no part. [m]

    Raises
    ------
    ValueError
        If an argument is outside its domain or the shapes do not broadcast.

    References
    ----------
    As `snr` and `detection.required_snr`; with gas, bisection to 1e-12 of the range.
    """
    agree(sigma_m2=sigma_m2, pd=pd, elevation_rad=elevation_rad)
    sigma = within("sigma_m2", sigma_m2, least=0.0, remedy="decibels?")
    level = radar.pfa if pfa is None else pfa
    if radar.processing.cfar is None:
        needed = detection.required_snr(pd, level, n_pulses=radar.n_pulses, swerling=swerling)
    else:
        needed = cfar.required_snr(radar.processing.cfar, pd, level, n_pulses=radar.n_pulses, swerling=swerling)
    vacuum = (radar.snr_1m2_1m * sigma / needed) ** 0.25
    if gas is None:
        return vacuum
    vacuum, elevation = np.broadcast_arrays(vacuum, np.asarray(elevation_rad, dtype=np.float64))
    low, high = np.zeros_like(vacuum), np.array(vacuum)
    for _ in range(42):
        middle = 0.5 * (low + high)
        reach = vacuum * 10.0 ** (-0.025 * gas.two_way_db(middle, elevation))
        low, high = np.where(reach > middle, middle, low), np.where(reach > middle, high, middle)
    return 0.5 * (low + high)


def search_snr(
    power_aperture_wm2: ArrayLike,
    range_m: ArrayLike,
    sigma_m2: ArrayLike,
    *,
    solid_angle_sr: ArrayLike,
    search_s: ArrayLike,
    noise_temperature_k: ArrayLike = T0_K,
    losses: ArrayLike = 1.0,
) -> FloatArray:
    r"""Signal-to-noise ratio of a radar that searches a solid angle in a time: the search form.

    Parameters
    ----------
    power_aperture_wm2 : array_like
        Mean transmitted power times effective aperture of reception, above 0. [W m2]
    range_m : array_like
        Slant range, above 0. [m]
    sigma_m2 : array_like
        Mean radar cross-section, at least 0. [m2]
    solid_angle_sr : array_like
        Solid angle searched, above 0 and at most 4 pi. [sr]
    search_s : array_like
        Time for all of it, above 0. [s]
    noise_temperature_k : array_like
        System noise temperature, above 0. [K]
    losses : array_like
        All losses, linear, at least 1. [1]

    Returns
    -------
    array
        Signal-to-noise ratio of one search. [power ratio]

    Raises
    ------
    ValueError
        If an argument is outside its domain or the shapes do not broadcast.

    Notes
    -----
    :math:`\mathrm{SNR} = \frac{P_{av} A_e\,\sigma\,t_s}{4\pi R^4\,\Omega\,k T_s L}`: the energy is spread evenly
    over the solid angle; frequency and gain drop out.

    References
    ----------
    Skolnik, *Introduction to Radar Systems*, 3rd ed., 2001, ch. 2; Barton, *Radar Equations for Modern Radar*, 2013,
    ch. 2.

    Examples
    --------
    >>> float(np.round(10 * np.log10(search_snr(3e6, 1e6, 0.1, solid_angle_sr=0.37024, search_s=10.0,
    ...     noise_temperature_k=487.0, losses=10**0.6)), 3))
    13.818
    """
    agree(
        power_aperture_wm2=power_aperture_wm2,
        range_m=range_m,
        sigma_m2=sigma_m2,
        solid_angle_sr=solid_angle_sr,
        search_s=search_s,
        noise_temperature_k=noise_temperature_k,
        losses=losses,
    )
    constant = _energy_over_noise(power_aperture_wm2, search_s, noise_temperature_k, losses)
    slant = within("range_m", range_m, above=0.0)
    sigma = within("sigma_m2", sigma_m2, least=0.0, remedy="decibels?")
    return constant * sigma / (within("solid_angle_sr", solid_angle_sr, above=0.0, most=4.0 * np.pi) * slant**4)


def search_range(
    power_aperture_wm2: ArrayLike,
    snr: ArrayLike,
    sigma_m2: ArrayLike,
    *,
    solid_angle_sr: ArrayLike,
    search_s: ArrayLike,
    noise_temperature_k: ArrayLike = T0_K,
    losses: ArrayLike = 1.0,
) -> FloatArray:
    """Range at which a search gives a signal-to-noise ratio; the inverse of `search_snr`.

    Parameters and errors as `search_snr`, with ``snr`` above 0 in place of a range.

    Returns
    -------
    array
        Slant range. [m]

    References
    ----------
    As `search_snr`.
    """
    agree(
        power_aperture_wm2=power_aperture_wm2,
        snr=snr,
        sigma_m2=sigma_m2,
        solid_angle_sr=solid_angle_sr,
        search_s=search_s,
        noise_temperature_k=noise_temperature_k,
        losses=losses,
    )
    at_1m = search_snr(
        power_aperture_wm2,
        1.0,
        sigma_m2,
        solid_angle_sr=solid_angle_sr,
        search_s=search_s,
        noise_temperature_k=noise_temperature_k,
        losses=losses,
    )
    return (at_1m / within("snr", snr, above=0.0, remedy="decibels?")) ** 0.25


def power_aperture(
    snr: ArrayLike,
    range_m: ArrayLike,
    sigma_m2: ArrayLike,
    *,
    solid_angle_sr: ArrayLike,
    search_s: ArrayLike,
    noise_temperature_k: ArrayLike = T0_K,
    losses: ArrayLike = 1.0,
) -> FloatArray:
    """Mean power times aperture that a search needs; the other inverse of `search_snr`.

    Parameters and errors as `search_snr`, with ``snr`` above 0 in place of a power-aperture product; ``sigma_m2`` must
    be above 0.

    Returns
    -------
    array
        Power-aperture product. [W m2]

    References
    ----------
    As `search_snr`.
    """
    agree(
        snr=snr,
        range_m=range_m,
        sigma_m2=sigma_m2,
        solid_angle_sr=solid_angle_sr,
        search_s=search_s,
        noise_temperature_k=noise_temperature_k,
        losses=losses,
    )
    at_1 = search_snr(
        1.0,
        range_m,
        within("sigma_m2", sigma_m2, above=0.0, remedy="decibels?"),
        solid_angle_sr=solid_angle_sr,
        search_s=search_s,
        noise_temperature_k=noise_temperature_k,
        losses=losses,
    )
    return within("snr", snr, above=0.0, remedy="decibels?") / at_1


def track_snr(
    power_aperture_wm2: ArrayLike,
    gain_tx: ArrayLike,
    range_m: ArrayLike,
    sigma_m2: ArrayLike,
    *,
    update_s: ArrayLike,
    n_tracks: ArrayLike = 1,
    noise_temperature_k: ArrayLike = T0_K,
    losses: ArrayLike = 1.0,
) -> FloatArray:
    r"""Signal-to-noise ratio of one update of a radar that shares its time among tracks: the tracking form.

    Parameters
    ----------
    power_aperture_wm2 : array_like
        Mean transmitted power times effective aperture of reception, above 0. [W m2]
    gain_tx : array_like
        Gain on transmission, linear, above 0. [1]
    range_m, sigma_m2 : array_like
        As in `search_snr`. [m, m2]
    update_s : array_like
        Time between two updates of a track, above 0. [s]
    n_tracks : array_like
        Tracks that share the time, at least 1.
    noise_temperature_k, losses : array_like
        As in `search_snr`. [K, 1]

    Returns
    -------
    array
        Signal-to-noise ratio of one update. [power ratio]

    Raises
    ------
    ValueError
        If an argument is outside its domain or the shapes do not broadcast.

    Notes
    -----
    :math:`\mathrm{SNR} = \frac{P_{av} A_e G_t\,\sigma\,t_u/n}{(4\pi)^2 R^4\,k T_s L}`: the energy form of the range
    equation with the dwell ``update_s / n_tracks``. With :math:`G_t = 4\pi/\Omega` and the dwell of one beam it is the
    search form.

    References
    ----------
    Skolnik, *Introduction to Radar Systems*, 3rd ed., 2001, ch. 2; Barton, *Radar Equations for Modern Radar*, 2013,
    ch. 1.
    """
    agree(
        power_aperture_wm2=power_aperture_wm2,
        gain_tx=gain_tx,
        range_m=range_m,
        sigma_m2=sigma_m2,
        update_s=update_s,
        n_tracks=n_tracks,
        noise_temperature_k=noise_temperature_k,
        losses=losses,
    )
    constant = _energy_over_noise(power_aperture_wm2, update_s, noise_temperature_k, losses)
    slant = within("range_m", range_m, above=0.0)
    sigma = within("sigma_m2", sigma_m2, least=0.0, remedy="decibels?")
    gain = within("gain_tx", gain_tx, above=0.0)
    return constant * gain * sigma / (4.0 * np.pi * within("n_tracks", n_tracks, least=1.0) * slant**4)


def _energy_over_noise(power: ArrayLike, time: ArrayLike, temperature: ArrayLike, losses: ArrayLike) -> FloatArray:
    """Mean power, aperture and time over 4 pi k T L, [m2 x sr]."""
    energy = within("power_aperture_wm2", power, above=0.0) * within("time", time, above=0.0)
    noise = BOLTZMANN_JPK * within("noise_temperature_k", temperature, above=0.0)
    return energy / (4.0 * np.pi * noise * within("losses", losses, least=1.0, remedy="decibels or a gain?"))


def look(
    radar: Radar, targets: Targets, environment: Environment, *, straddle: Literal["placed", "mean"] = "placed"
) -> Look:
    """What one radar sees of many targets: geometry, visibility, signal-to-noise ratio, clutter, jamming.

    Parameters
    ----------
    radar : Radar
        The radar.
    targets : Targets
        What it looks at, each at the peak of the beam in azimuth.
    environment : Environment
        Where it stands and what surrounds it.
    straddle : {"placed", "mean"}
        Loss of a sample beside the peak, where filters are stated: that of each target's own range, or the mean over
        all places in a cell, for charts.

    Returns
    -------
    Look
        One row a target; ``snr``, ``pd``, ``sigmas`` and ``cell`` follow on demand.

    Raises
    ------
    ValueError
        If the environment has clutter and the radar's filters are not stated.

    Notes
    -----
    The horizon is that of a smooth earth that has the ellipsoid's own radius of curvature in the target's azimuth,
    enlarged ``k`` times: right to 0.1 % of the distance up to 600 km at any latitude and azimuth. Terrain hides by
    `terrain.visible`; nothing is diffracted over it.

    References
    ----------
    `propagation` for the horizon and apparent elevation, `snr` for the range equation, `reception` for the rest.

    Examples
    --------
    >>> from watchfloor.physics.frames import Place, polar_to_ecef
    >>> site = Place.from_degrees(57.5, 11.6, 60.0)
    >>> north = polar_to_ecef(np.array([100e3, 200e3]), 0.0, np.radians(2.0), site)
    >>> s_band = Radar.of(
    ...     frequency_hz=3e9, peak_power_w=32e3, pulse_width_s=170e-6, bandwidth_hz=1e6, n_coherent=8, n_pulses=1,
    ...     gain_tx=1e4, gain_rx=1e4, noise_temperature_k=580.0, losses=7.0,
    ...     beamwidth_azimuth_rad=0.02, beamwidth_elevation_rad=0.03, elevation_min_rad=-0.01, elevation_max_rad=1.2,
    ...     period_s=10.0, pfa=1e-6, range_min_m=3e3, range_max_m=500e3, range_rate_max_mps=1200.0,
    ...     measures_elevation=True, measures_range_rate=True,
    ... )
    >>> seen = look(s_band, Targets(ecef_m=north, velocity_ecef_mps=0.0 * north, sigma_m2=0.1), Environment(place=site))
    >>> seen.pd.round(2)
    array([0.97, 0.58])
    """
    ecef = np.ascontiguousarray(targets.ecef_m, np.float64)
    velocity = np.ascontiguousarray(targets.velocity_ecef_mps, np.float64)
    place, gas = environment.place, environment.gas
    table, grid = (_NO_GAS, _NO_GRID) if gas is None else (gas.table_db, gas.grid)
    out, visible = _kernels.look(
        ecef, velocity, place.ecef_m, place.rotation, environment.site, radar._limits, table, grid
    )
    azimuth = np.arctan2(out[4], out[5])
    azimuth += 2.0 * np.pi * (azimuth < 0.0)
    snr_1m2, apparent, clutter, jamming, steer = out[3], out[1], *(np.zeros((3, len(ecef))))
    if not (radar.is_plain and environment.is_free_space):
        at = reception.geometry(environment, out, azimuth)
        found = reception.receive(radar, environment, at, straddle=straddle)
        visible = visible & found.visible
        snr_1m2 = np.where(visible, snr_1m2 * found.quality, 0.0)
        apparent, steer = found.elevation_rad, found.off_broadside_rad
        clutter, jamming = found.clutter, found.jamming
    return Look(
        range_m=out[0],
        azimuth_rad=azimuth,
        elevation_rad=np.arctan2(out[6], out[7]),
        elevation_apparent_rad=apparent,
        range_rate_mps=out[2],
        snr_1m2=snr_1m2,
        visible=visible,
        clutter=clutter,
        jamming=jamming,
        off_broadside_rad=steer,
        radar=radar,
        targets=targets,
    )


def error_sigmas(
    radar: Radar, snr: ArrayLike, *, floor: float = FLOOR_FRACTION
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Measurement error sigmas of a plot.

    Parameters
    ----------
    radar : Radar
        The radar.
    snr : array_like
        Signal-to-noise ratio of one look, above 0; the ``n_pulses`` looks add. [power ratio]
    floor : float
        Error that stays at any SNR, as a share of the resolution cell. [1]

    Returns
    -------
    sigma_range_m, sigma_azimuth_rad, sigma_elevation_rad, sigma_range_rate_mps : arrays
        Standard deviations; NaN where the radar does not measure the quantity. [m, rad, rad, m/s]

    Notes
    -----
    The Cramer-Rao bound of `accuracy`, at most the sigma of a uniform error over the cell (cell / sqrt 12: a
    declared plot lies in its cell), and the floor, added in quadrature. The cells are ``range_cell_m``, the two
    beamwidths and ``range_rate_cell_mps``.

    References
    ----------
    As in `accuracy`.
    """
    energy = radar.n_pulses * np.asarray(snr, dtype=np.float64)
    unit = 1.0 / np.sqrt(energy)
    unmeasured = np.full(unit.shape, np.nan)
    bound_range, bound_azimuth, bound_elevation, bound_rate = radar._bounds

    def total(bound: float, cell: float) -> FloatArray:
        random = np.minimum(bound * unit, _CELL_SIGMA * cell)
        return np.sqrt(random * random + (floor * cell) ** 2)

    return (
        total(bound_range, radar.range_cell_m),
        total(bound_azimuth, radar.beamwidth_azimuth_rad),
        total(bound_elevation, radar.beamwidth_elevation_rad) if radar.measures_elevation else unmeasured,
        total(bound_rate, radar.range_rate_cell_mps) if radar.measures_range_rate else unmeasured,
    )
