r"""One immutable radar, its range equation, and what it sees of many targets at once.

.. math:: \mathrm{SNR} = \frac{P\,\tau\,n_c\,G_t G_r \lambda^2 \sigma}{(4\pi)^3 R^4\, k T_s L}\,10^{-A/10}

per look, a look being ``n_coherent`` pulses added coherently; ``n_pulses`` looks are added after the square law
(`detection`). A is the two-way gas loss.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from watchfloor.base.units import BOLTZMANN_JPK, C_MPS, T0_K, BoolArray, FloatArray
from watchfloor.physics import _kernels, accuracy, detection
from watchfloor.physics.atmosphere import GasTable
from watchfloor.physics.frames import Place
from watchfloor.physics.propagation import K_STANDARD

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
    """A pulsed radar that scans in azimuth, as its range equation sees it.

    Inside the elevation coverage the gain is full, outside none; the beam's shape and the loss of scanning belong
    in ``losses``.

    Raises
    ------
    ValueError
        If a value is outside its domain; the message names it.
    """

    frequency_hz: float
    """Carrier frequency. [Hz]"""
    peak_power_w: float
    """Transmitted peak power. [W]"""
    pulse_width_s: float
    """Length of one transmitted pulse, before compression. [s]"""
    bandwidth_hz: float
    """Bandwidth of the pulse; sets the range cell. [Hz]"""
    n_coherent: int
    """Pulses added coherently, one look."""
    n_pulses: int
    """Looks added after the square law, before the threshold."""
    gain_tx: float
    """Gain on transmission, linear. [1]"""
    gain_rx: float
    """Gain on reception, linear. [1]"""
    noise_temperature_k: float
    """System noise temperature, see `system_temperature_k`. [K]"""
    losses: float
    """All losses but the gas, linear, at least 1. [1]"""
    beamwidth_azimuth_rad: float
    """Half-power beamwidth in azimuth. [rad]"""
    beamwidth_elevation_rad: float
    """Half-power beamwidth in elevation, of one beam. [rad]"""
    elevation_min_rad: float
    """Lower edge of the coverage, apparent elevation. [rad]"""
    elevation_max_rad: float
    """Upper edge of the coverage. [rad]"""
    period_s: float
    """Time of one turn. [s]"""
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

    def __post_init__(self) -> None:
        """Check every domain."""
        for name in (
            "frequency_hz",
            "peak_power_w",
            "pulse_width_s",
            "bandwidth_hz",
            "gain_tx",
            "gain_rx",
            "noise_temperature_k",
            "beamwidth_azimuth_rad",
            "beamwidth_elevation_rad",
            "period_s",
            "range_max_m",
            "range_rate_max_mps",
        ):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0.0):
                raise ValueError(f"{name} must be above 0 and finite, got {value!r}")
        for name in ("n_coherent", "n_pulses"):
            value = getattr(self, name)
            if value != int(value) or value < 1:
                raise ValueError(f"{name} must be a whole number, at least 1, got {value!r}")
        if not (math.isfinite(self.losses) and self.losses >= 1.0):
            raise ValueError(f"losses is a ratio, at least 1, got {self.losses!r} (decibels or a gain?)")
        if not 0.0 < self.pfa < 1.0:
            raise ValueError(f"pfa must lie inside (0, 1), got {self.pfa!r}")
        if not 0.0 <= self.range_min_m < self.range_max_m:
            raise ValueError(f"range_min_m must lie in [0, range_max_m), got {self.range_min_m!r}")
        if not -0.5 * math.pi <= self.elevation_min_rad < self.elevation_max_rad <= 0.5 * math.pi:
            raise ValueError(
                "elevation_min_rad < elevation_max_rad must lie in -pi/2 to pi/2, got "
                f"{self.elevation_min_rad!r} and {self.elevation_max_rad!r}"
            )
        for name in ("beamwidth_azimuth_rad", "beamwidth_elevation_rad"):
            if getattr(self, name) > 2.0 * math.pi:
                raise ValueError(f"{name} must be at most 2 pi, got {getattr(self, name)!r} (degrees?)")
        if self.pulse_width_s * self.bandwidth_hz < 0.5:
            raise ValueError(
                f"a pulse of {self.pulse_width_s:.3g} s has at least 1/pulse_width_s of bandwidth, "
                f"got bandwidth_hz {self.bandwidth_hz:.3g}"
            )
        if self.measures_range_rate and self.n_coherent < 2:
            raise ValueError("measures_range_rate needs n_coherent of at least 2")

    @cached_property
    def wavelength_m(self) -> float:
        """Carrier wavelength. [m]"""  # noqa: D400, D415
        return C_MPS / self.frequency_hz

    @cached_property
    def range_cell_m(self) -> float:
        """Range resolution c / 2B. [m]"""  # noqa: D400, D415
        return 0.5 * C_MPS / self.bandwidth_hz

    @cached_property
    def n_beams_azimuth(self) -> int:
        """Beamwidths in one turn, rounded up."""
        return math.ceil(2.0 * math.pi / self.beamwidth_azimuth_rad - 1e-9)

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
    def n_cells(self) -> int:
        """Cells tested in one turn: range times azimuth times elevation; times ``pfa`` it is the false-alarm count."""
        return self.n_range_cells * self.n_beams_azimuth * self.n_beams_elevation

    @cached_property
    def dwell_s(self) -> float:
        """Time on a target as one beam turns past it. [s]"""  # noqa: D400, D415
        return self.period_s * min(1.0, self.beamwidth_azimuth_rad / (2.0 * math.pi))

    @cached_property
    def coherent_time_s(self) -> float:
        """Length of one look: the dwell shared among the looks; all elevations are taken at once. [s]"""  # noqa: D400, D415
        return self.dwell_s / self.n_pulses

    @cached_property
    def range_rate_cell_mps(self) -> float:
        """Range-rate resolution of one look, half a wavelength over its length. [m/s]"""  # noqa: D400, D415
        return 0.5 * self.wavelength_m / self.coherent_time_s

    @cached_property
    def snr_1m2_1m(self) -> float:
        """SNR of a look at 1 m2 and 1 m range, without gas; the constant of the range equation. [power ratio x m2]"""  # noqa: D400, D415
        energy = self.peak_power_w * self.pulse_width_s * self.n_coherent
        return (
            energy
            * self.gain_tx
            * self.gain_rx
            * self.wavelength_m**2
            / ((4.0 * math.pi) ** 3 * BOLTZMANN_JPK * self.noise_temperature_k * self.losses)
        )

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


@dataclass(frozen=True, kw_only=True, eq=False)
class Look:
    """What one radar would see of n targets; one row a target, visible or not."""

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
    """(n,) signal-to-noise ratio of a 1 m2 target in one look, gas included; 0 where not visible. [power ratio]"""
    visible: BoolArray
    """(n,) in range, in elevation coverage, above ground and horizon."""


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
    slant, sigma = np.asarray(range_m, dtype=np.float64), np.asarray(sigma_m2, dtype=np.float64)
    if not (np.all(slant > 0.0) and np.all(sigma >= 0.0)):
        raise ValueError("range_m must be above 0 and sigma_m2 at least 0 (decibels?)")
    return radar.snr_1m2_1m * sigma / slant**4 * 10.0 ** (-0.1 * np.asarray(gas_loss_db))


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
        Slant range; horizon, coverage and instrumented range play no part. [m]

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    References
    ----------
    As `snr` and `detection.required_snr`; with gas, bisection to 1e-12 of the range.
    """
    sigma = np.asarray(sigma_m2, dtype=np.float64)
    if not np.all(sigma >= 0.0):
        raise ValueError("sigma_m2 must be at least 0 (decibels?)")
    needed = detection.required_snr(pd, radar.pfa if pfa is None else pfa, n_pulses=radar.n_pulses, swerling=swerling)
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


def look(
    radar: Radar,
    place: Place,
    ecef_m: FloatArray,
    velocity_ecef_mps: FloatArray,
    *,
    gas: GasTable | None = None,
    ground_alt_m: float = 0.0,
    k: float = K_STANDARD,
) -> Look:
    """Geometry, visibility and 1 m2 signal-to-noise ratio of many targets.

    Parameters
    ----------
    radar : Radar
        The radar.
    place : Place
        Where its antenna stands.
    ecef_m, velocity_ecef_mps : (n, 3) arrays
        Targets. [m, m/s]
    gas : GasTable or None
        Loss in the atmosphere; None for a vacuum.
    ground_alt_m : float
        Height of the smooth ground above the ellipsoid, for the horizon. [m]
    k : float
        Ratio of effective to true earth radius. [1]

    Returns
    -------
    Look
        One row a target.

    Raises
    ------
    ValueError
        If the arrays are not (n, 3), or not equally long.

    Notes
    -----
    The horizon is that of a smooth earth that has the ellipsoid's own radius of curvature in the target's azimuth,
    enlarged ``k`` times: right to 0.1 % of the distance up to 600 km at any latitude and azimuth. No terrain, no
    diffraction, no lobing.

    References
    ----------
    `propagation` for the horizon and apparent elevation, `snr` for the range equation.
    """
    ecef, velocity = np.ascontiguousarray(ecef_m, np.float64), np.ascontiguousarray(velocity_ecef_mps, np.float64)
    if ecef.ndim != 2 or ecef.shape[1] != 3 or velocity.shape != ecef.shape:
        raise ValueError(f"look needs (n, 3) positions and velocities, got {ecef.shape} and {velocity.shape}")
    site = np.array([place.alt_m - ground_alt_m, ground_alt_m, *place.curvatures_per_m, k])
    table, grid = (_NO_GAS, _NO_GRID) if gas is None else (gas.table_db, gas.grid)
    out, visible = _kernels.look(ecef, velocity, place.ecef_m, place.rotation, site, radar._limits, table, grid)
    azimuth = np.arctan2(out[4], out[5])
    return Look(
        range_m=out[0],
        azimuth_rad=azimuth + 2.0 * np.pi * (azimuth < 0.0),
        elevation_rad=np.arctan2(out[6], out[7]),
        elevation_apparent_rad=out[1],
        range_rate_mps=out[2],
        snr_1m2=out[3],
        visible=visible,
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
