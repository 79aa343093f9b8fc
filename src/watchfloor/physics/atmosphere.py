"""Loss and noise of the air: gases (ITU-R P.676 line by line), rain (P.838), sky noise, and a table of gas paths.

P.676 takes the pressure of the *dry* air; P.835 and a barometer give the total. `reference_atmosphere` returns the dry
part, `dry_pressure_pa` works it out.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from watchfloor.base.units import T0_K, FloatArray
from watchfloor.physics import _kernels
from watchfloor.physics._domain import agree, polarised, together, within
from watchfloor.physics._kernels.gas import add_lines
from watchfloor.physics._p676_lines import OXYGEN, WATER
from watchfloor.physics.propagation import K_STANDARD, MEAN_RADIUS_M, Polarisation

TOP_M = 80e3
"""Height above which the air is taken as a vacuum. [m]"""
# P.835-6, section 1.1: base of the layer [km, geopotential], temperature there [K], its gradient [K/km], pressure [hPa]
_LAYERS = np.array(
    [
        [0.0, 288.15, -6.5, 1013.25],
        [11.0, 216.65, 0.0, 226.3226],
        [20.0, 216.65, 1.0, 54.74980],
        [32.0, 228.65, 2.8, 8.680422],
        [47.0, 270.65, 0.0, 1.109106],
        [51.0, 270.65, -2.8, 0.6694167],
        [71.0, 214.65, -2.0, 0.03956649],
    ]
)
_TOP_GEOPOTENTIAL_KM = 84.852
_N_RANGE, _N_ELEVATION, _SUBSTEPS, _N_STEPS = 257, 97, 8, 2048
_ELEVATION_MIN_RAD, _ELEVATION_SCALE_RAD = -0.1, 0.01

# P.838-3, tables 1 to 4: rows a, b, c of each term, then slope and offset in log10(frequency / GHz)
_K_H = (
    np.array([[-5.33980, -0.35351, -0.23789, -0.94158], [-0.10008, 1.26970, 0.86036, 0.64552],
              [1.13098, 0.45400, 0.15354, 0.16817]]),
    -0.18961, 0.71147,
)  # fmt: skip
_K_V = (
    np.array([[-3.80595, -3.44965, -0.39902, 0.50167], [0.56934, -0.22911, 0.73042, 1.07319],
              [0.81061, 0.51059, 0.11899, 0.27195]]),
    -0.16398, 0.63297,
)  # fmt: skip
_ALPHA_H = (
    np.array([[-0.14318, 0.29591, 0.32177, -5.37610, 16.1721], [1.82442, 0.77564, 0.63773, -0.96230, -3.29980],
              [-0.55187, 0.19822, 0.13164, 1.47828, 3.43990]]),
    0.67849, -1.95537,
)  # fmt: skip
_ALPHA_V = (
    np.array([[-0.07771, 0.56727, -0.20238, -48.2991, 48.5833], [2.33840, 0.95545, 1.14520, 0.791669, 0.791459],
              [-0.76284, 0.54039, 0.26809, 0.116226, 0.116479]]),
    -0.053739, 0.83433,
)  # fmt: skip
_TILT_RAD = {"H": 0.0, "V": 0.5 * np.pi, "circular": 0.25 * np.pi}

COSMIC_K = 2.725
"""Brightness of the cosmic microwave background (Fixsen, *Astrophysical Journal* 707, 2009). [K]"""
GROUND_NOISE_K = 36.0
"""Share of the ground in the noise of a narrow beam near the horizon: 36 K of a ground at 290 K (Blake, *A Guide to
Basic Pulse-Radar Maximum-Range Calculation*, NRL Report 6930, 1969). [K]"""


def reference_atmosphere(height_m: ArrayLike) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Mean annual global reference atmosphere.

    Parameters
    ----------
    height_m : array_like
        Geometric height above sea level, -1 km to 86 km. [m]

    Returns
    -------
    temperature_k, dry_pressure_pa, vapour_kgpm3 : arrays
        Temperature, pressure of the dry air, density of water vapour (7.5 g/m3 at the ground, scale height 2 km).
        [K, Pa, kg/m3]

    Raises
    ------
    ValueError
        If a height is outside the profile.

    References
    ----------
    ITU-R P.835-6, 2017, annex 1, section 1 (eq. 1 to 8).

    Examples
    --------
    >>> [float(v.round(3)) for v in reference_atmosphere(0.0)]
    [288.15, 100327.711, 0.008]
    """
    height_km = 1e-3 * np.asarray(height_m, dtype=np.float64)
    geopotential = 6356.766 * height_km / (6356.766 + height_km)
    if not np.all((height_km >= -1.0) & (geopotential <= _TOP_GEOPOTENTIAL_KM)):
        raise ValueError("height_m must lie in -1 km to 86 km")
    base, base_k, gradient, base_hpa = _LAYERS[np.maximum(np.searchsorted(_LAYERS[:, 0], geopotential) - 1, 0)].T
    base, base_k, gradient, base_hpa = base.T, base_k.T, gradient.T, base_hpa.T
    rise = geopotential - base
    temperature = base_k + gradient * rise
    steep = gradient != 0.0
    exponent = np.where(
        steep,
        -34.1632 / np.where(steep, gradient, 1.0) * np.log(temperature / base_k),
        -34.1632 * rise / base_k,
    )
    total_pa = 100.0 * base_hpa * np.exp(exponent)
    vapour = 7.5e-3 * np.exp(-0.5 * height_km)
    vapour_pa = 1e5 * vapour * temperature / 216.7
    return temperature, total_pa - vapour_pa, vapour


def specific_attenuation_db_per_m(
    frequency_hz: ArrayLike, temperature_k: ArrayLike, dry_pressure_pa: ArrayLike, vapour_kgpm3: ArrayLike
) -> FloatArray:
    """Loss in oxygen and water vapour over a metre, line by line.

    Parameters
    ----------
    frequency_hz : array_like
        Carrier frequency; the Recommendation covers 1 to 1000 GHz. Below it extrapolates. [Hz]
    temperature_k : array_like
        Temperature. [K]
    dry_pressure_pa : array_like
        Pressure of the dry air, above 0: total pressure less that of the vapour. [Pa]
    vapour_kgpm3 : array_like
        Density of water vapour. [kg/m3]

    Returns
    -------
    array
        One-way loss; broadcasts. [dB/m]

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    References
    ----------
    ITU-R P.676-13, 2022, annex 1, section 1 (eq. 1 to 9, tables 1 and 2).

    Examples
    --------
    >>> float((1e3 * specific_attenuation_db_per_m(12e9, 288.15, 101325.0, 7.5e-3)).round(6))  # dB/km
    0.018234
    """
    oxygen, vapour = oxygen_and_vapour_db_per_m(frequency_hz, temperature_k, dry_pressure_pa, vapour_kgpm3)
    return oxygen + vapour


def oxygen_and_vapour_db_per_m(
    frequency_hz: ArrayLike, temperature_k: ArrayLike, dry_pressure_pa: ArrayLike, vapour_kgpm3: ArrayLike
) -> tuple[FloatArray, FloatArray]:
    """Loss over a metre in oxygen (with the dry continuum) and in water vapour, apart.

    Parameters
    ----------
    frequency_hz, temperature_k, dry_pressure_pa, vapour_kgpm3
        As in `specific_attenuation_db_per_m`.

    Returns
    -------
    oxygen_db_per_m, vapour_db_per_m : arrays
        One-way losses; they broadcast. [dB/m, dB/m]

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    References
    ----------
    As `specific_attenuation_db_per_m`.
    """
    f = 1e-9 * within("frequency_hz", frequency_hz, above=0.0)
    t = within("temperature_k", temperature_k, above=0.0, remedy="kelvin")
    p = 0.01 * within("dry_pressure_pa", dry_pressure_pa, above=0.0, remedy="the dry air's, total less vapour")
    rho = within("vapour_kgpm3", vapour_kgpm3, least=0.0)
    shape = together(frequency_hz=f, temperature_k=t, dry_pressure_pa=p, vapour_kgpm3=rho)[0].shape
    theta = 300.0 / t
    e = 1e3 * rho * t / 216.7
    debye = 5.6e-4 * (p + e) * theta**0.8
    oxygen = np.broadcast_to(
        f
        * p
        * theta**2
        * (6.14e-5 / (debye * (1.0 + (f / debye) ** 2)) + 1.4e-12 * p * theta**1.5 / (1.0 + 1.9e-5 * f * np.sqrt(f))),
        shape,
    )
    oxygen, vapour = np.array(oxygen, order="C"), np.zeros(shape)
    if t.size == p.size == rho.size == 1 and f.size > 1:  # one state of the air: the lines are worked out once
        flat, state = np.ascontiguousarray(f).ravel(), (p.reshape(()), e.reshape(()), theta.reshape(()))
        for out, f0, line in ((oxygen, OXYGEN[:, 0], _oxygen_lines), (vapour, WATER[:, 0], _water_lines)):
            add_lines(out.reshape(-1), flat, np.ascontiguousarray(f0), *(np.ascontiguousarray(v) for v in line(*state)))
    else:
        lifted = f[..., None]
        for out, f0, line in ((oxygen, OXYGEN[:, 0], _oxygen_lines), (vapour, WATER[:, 0], _water_lines)):
            strength, width, mixing = line(p[..., None], e[..., None], theta[..., None])
            out += (strength * _line(lifted, f0, width, mixing)).sum(axis=-1)
    scale = 0.1820e-3 * f
    return scale * oxygen, scale * vapour


def _oxygen_lines(p: FloatArray, e: FloatArray, theta: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Strength, width and mixing of the oxygen lines; dry and vapour pressure in hPa, theta = 300 K / T."""
    _, a1, a2, a3, a4, a5, a6 = OXYGEN.T
    width = np.sqrt((a3 * 1e-4 * (p * theta ** (0.8 - a4) + 1.1 * e * theta)) ** 2 + 2.25e-6)
    mixing = (a5 + a6 * theta) * 1e-4 * (p + e) * theta**0.8
    return a1 * 1e-7 * p * theta**3 * np.exp(a2 * (1.0 - theta)), width, mixing


def _water_lines(p: FloatArray, e: FloatArray, theta: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Strength, width and mixing (none) of the lines of water vapour; arguments as `_oxygen_lines`."""
    f0, b1, b2, b3, b4, b5, b6 = WATER.T
    width = b3 * 1e-4 * (p * theta**b4 + b5 * e * theta**b6)
    width = 0.535 * width + np.sqrt(0.217 * width**2 + 2.1316e-12 * f0**2 / theta)
    return b1 * 1e-1 * e * theta**3.5 * np.exp(b2 * (1.0 - theta)), width, np.zeros_like(width)


def dry_pressure_pa(total_pressure_pa: ArrayLike, temperature_k: ArrayLike, vapour_kgpm3: ArrayLike) -> FloatArray:
    """Pressure of the dry air, what P.676 takes, of the pressure that a barometer shows.

    Parameters
    ----------
    total_pressure_pa : array_like
        Barometric pressure. [Pa]
    temperature_k : array_like
        Temperature. [K]
    vapour_kgpm3 : array_like
        Density of water vapour. [kg/m3]

    Returns
    -------
    array
        Total less the vapour's own pressure; taking the total for the dry costs up to 2 % of the loss. [Pa]

    Raises
    ------
    ValueError
        If an argument is outside its domain, or the vapour alone has more than the total pressure.

    References
    ----------
    ITU-R P.676-13, 2022, annex 1, eq. (4) (vapour pressure of a density).

    Examples
    --------
    >>> float(dry_pressure_pa(101325.0, 288.15, 7.5e-3).round(1))
    100327.7
    """
    agree(total_pressure_pa=total_pressure_pa, temperature_k=temperature_k, vapour_kgpm3=vapour_kgpm3)
    total = within("total_pressure_pa", total_pressure_pa, above=0.0)
    vapour = (
        1e5
        * within("vapour_kgpm3", vapour_kgpm3, least=0.0)
        * within("temperature_k", temperature_k, above=0.0, remedy="kelvin")
        / 216.7
    )
    dry = total - vapour
    if not np.all(dry > 0.0):
        raise ValueError(
            f"vapour_kgpm3 leaves no dry air: its pressure {np.max(vapour):.4g} Pa passes total_pressure_pa (g/m3?)"
        )
    return dry


def specific_attenuation_db_per_km(
    frequency_hz: ArrayLike,
    dry_pressure_hpa: ArrayLike = 1003.27711,
    temperature_k: ArrayLike = 288.15,
    vapour_gpm3: ArrayLike = 7.5,
) -> FloatArray:
    """Loss in oxygen and water vapour in the units of the Recommendation.

    Parameters
    ----------
    frequency_hz : array_like
        Carrier frequency, 1 to 1000 GHz; below, the formula extrapolates. [Hz]
    dry_pressure_hpa : array_like
        Pressure of the *dry* air, see `dry_pressure_pa`; the default is that of 1013.25 hPa in all. [hPa]
    temperature_k : array_like
        Temperature. [K]
    vapour_gpm3 : array_like
        Density of water vapour. [g/m3]

    Returns
    -------
    array
        One-way loss; broadcasts. Many frequencies in one state of the air cost 0.2 us each. [dB/km]

    Raises
    ------
    ValueError
        If an argument is outside its domain or the shapes do not broadcast.

    References
    ----------
    ITU-R P.676-13, 2022, annex 1, section 1 (eq. 1 to 9, tables 1 and 2).

    Examples
    --------
    >>> specific_attenuation_db_per_km([12e9, 60e9], 1013.25, 288.15, 7.5).round(4)
    array([ 0.0182, 14.7783])
    """
    agree(
        frequency_hz=frequency_hz,
        dry_pressure_hpa=dry_pressure_hpa,
        temperature_k=temperature_k,
        vapour_gpm3=vapour_gpm3,
    )
    hecto = within("dry_pressure_hpa", dry_pressure_hpa, above=0.0, below=5e3, remedy="hectopascal, not pascal")
    grams = within("vapour_gpm3", vapour_gpm3, least=0.0)
    return 1e3 * specific_attenuation_db_per_m(frequency_hz, temperature_k, 100.0 * hecto, 1e-3 * grams)


class GasTable:
    """Two-way gas loss of one radar by slant range and apparent elevation, tabulated once.

    Paths are straight above the effective earth (`propagation`); the atmosphere is `reference_atmosphere`. The
    look-up is bilinear, in range and in asinh(elevation / 0.01 rad), and within 1 % + 0.01 dB of the integral for
    radars up to 12 GHz. Below -0.1 rad and beyond ``range_max_m`` the edge of the table answers.

    Parameters
    ----------
    frequency_hz : float
        Carrier frequency. [Hz]
    range_max_m : float
        Longest range wanted. [m]
    height_m : float
        Height of the antenna above sea level, 0 to 10 km. [m]

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    References
    ----------
    ITU-R P.676-13, 2022, annex 1, section 2 (slant paths); here with straight rays above the 4/3 earth.
    """

    table_db: FloatArray
    """(n_elevation, n_range) two-way loss. [dB]"""
    grid: FloatArray
    """(4,) 1 / range step, elevation scale, first and 1 / step of asinh(elevation / scale). [1/m, rad, 1, 1]"""

    def __init__(self, frequency_hz: float, *, range_max_m: float = 600e3, height_m: float = 0.0) -> None:
        if not (range_max_m > 0.0 and 0.0 <= height_m <= 10e3):
            raise ValueError(
                f"range_max_m must be above 0 and height_m in 0 to 10 km, got {range_max_m!r} and {height_m!r}"
            )
        first, last = np.arcsinh(np.array([_ELEVATION_MIN_RAD, 0.5 * np.pi]) / _ELEVATION_SCALE_RAD)
        elevation = _ELEVATION_SCALE_RAD * np.sinh(np.linspace(first, last, _N_ELEVATION))
        fine = np.linspace(0.0, range_max_m, (_N_RANGE - 1) * _SUBSTEPS + 1)
        loss = path_loss_db(frequency_hz, fine, elevation[:, None], height_m=height_m)
        self.table_db = np.ascontiguousarray(2.0 * loss[:, ::_SUBSTEPS])
        self.grid = np.array(
            [(_N_RANGE - 1) / range_max_m, _ELEVATION_SCALE_RAD, first, (_N_ELEVATION - 1) / (last - first)]
        )
        self.table_db.flags.writeable = False
        self.grid.flags.writeable = False

    def two_way_db(self, range_m: ArrayLike, elevation_rad: ArrayLike) -> FloatArray:
        """Two-way loss. [dB]

        Parameters
        ----------
        range_m : array_like
            Slant range, at least 0. [m]
        elevation_rad : array_like
            Apparent elevation. [rad]

        Returns
        -------
        array
            Loss, at least 0. [dB]

        Raises
        ------
        ValueError
            If the shapes do not broadcast.
        """  # noqa: D400, D415
        agree(range_m=range_m, elevation_rad=elevation_rad)
        slant, elevation = np.broadcast_arrays(
            np.asarray(range_m, dtype=np.float64), np.asarray(elevation_rad, dtype=np.float64)
        )
        out = _kernels.two_way_db_rows(
            self.table_db, self.grid, np.ascontiguousarray(slant).ravel(), np.ascontiguousarray(elevation).ravel()
        )
        return out.reshape(slant.shape)


def path_loss_db(
    frequency_hz: float, range_m: ArrayLike, elevation_rad: ArrayLike, *, height_m: float = 0.0
) -> FloatArray:
    """One-way gas loss along rays, accumulated over range.

    Parameters
    ----------
    frequency_hz : float
        Carrier frequency, above 0. [Hz]
    range_m : float or (m,) array_like
        Slant range, at least 0, in 2048 steps of the integral; or rising ranges that start at 0 and are the steps, so
        choose them fine. [m]
    elevation_rad : array_like
        Apparent elevation at the antenna, -pi/2 to pi/2; with many ranges a number or (..., 1). [rad]
    height_m : float
        Height of the antenna above sea level, 0 to `TOP_M`. [m]

    Returns
    -------
    array
        One-way loss up to each range: (..., m), or the elevation's shape for one range. [dB]

    Raises
    ------
    ValueError
        If an argument is outside its domain, or the shapes do not fit as above.

    Notes
    -----
    Trapezoids over a profile that is tabulated by 50 m up to 20 km and by 500 m up to `TOP_M`, interpolated in its
    logarithm; a ray that meets the ground goes on in the air of the ground.

    References
    ----------
    As `GasTable`.
    """
    slant = within("range_m", range_m, least=0.0)
    height0 = float(within("height_m", height_m, least=0.0, most=TOP_M))
    steepest = 0.5 * np.pi * (1.0 + 1e-12)
    elevation = within("elevation_rad", elevation_rad, least=-steepest, most=steepest, remedy="degrees?")
    frequency = float(within("frequency_hz", frequency_hz, above=0.0))
    if slant.ndim == 0:
        steps = np.linspace(0.0, float(slant), _N_STEPS + 1)
        return path_loss_db(frequency, steps, elevation[..., None], height_m=height0)[..., -1]
    if slant.ndim != 1 or not slant.size or slant[0] != 0.0 or np.any(np.diff(slant) < 0.0):
        raise ValueError(f"range_m must be one number, or rise along one axis from 0, got shape {slant.shape}")
    if elevation.ndim and elevation.shape[-1] != 1:
        raise ValueError(
            f"elevation_rad {elevation.shape} must end in an axis of 1 beside range_m {slant.shape} "
            "(elevation_rad[:, None]): each ray has its own row of ranges"
        )
    levels = np.concatenate((np.arange(0.0, 20e3, 50.0), np.arange(20e3, TOP_M + 1.0, 500.0)))
    log_gamma = np.log(specific_attenuation_db_per_m(frequency, *reference_atmosphere(levels)))
    radius = K_STANDARD * MEAN_RADIUS_M
    start = radius + height0
    rise = slant * (slant + 2.0 * start * np.sin(elevation))  # (radius + h)^2 - start^2
    height = height0 + rise / (np.sqrt(np.maximum(start * start + rise, 0.0)) + start)
    gamma = np.where(height < TOP_M, np.exp(np.interp(height, levels, log_gamma)), 0.0)
    out = np.zeros(gamma.shape)
    np.cumsum(0.5 * (gamma[..., 1:] + gamma[..., :-1]) * np.diff(slant), axis=-1, out=out[..., 1:])
    return out


def rain_coefficients(
    frequency_hz: ArrayLike, *, elevation_rad: ArrayLike = 0.0, tilt_rad: ArrayLike = 0.0
) -> tuple[FloatArray, FloatArray]:
    """Coefficients k and alpha of the loss ``k R**alpha`` in rain.

    Parameters
    ----------
    frequency_hz : array_like
        Carrier frequency, up to 1000 GHz. [Hz]
    elevation_rad : array_like
        Elevation of the path. [rad]
    tilt_rad : array_like
        Tilt of the polarisation from the horizontal: 0 horizontal, pi/2 vertical, pi/4 circular. [rad]

    Returns
    -------
    k, alpha : arrays
        For the rain rate in mm/h and the loss in dB/km.

    Raises
    ------
    ValueError
        If an argument is outside its domain or the shapes do not broadcast.

    Notes
    -----
    The Recommendation begins at 1 GHz. Below, alpha stays and k falls with the square of the frequency, as absorption
    in drops much smaller than the wavelength does: less than 0.005 dB/km in 100 mm/h.

    References
    ----------
    ITU-R P.838-3, 2005, eq. (2) to (5), tables 1 to 4.
    """
    agree(frequency_hz=frequency_hz, elevation_rad=elevation_rad, tilt_rad=tilt_rad)
    f = 1e-9 * within("frequency_hz", frequency_hz, above=0.0, most=1e12)
    elevation = within("elevation_rad", elevation_rad, least=-0.5 * np.pi, most=0.5 * np.pi, remedy="radians")
    tilt = within("tilt_rad", tilt_rad, least=-np.pi, most=np.pi, remedy="radians")
    low = np.minimum(f, 1.0)
    x = np.log10(np.maximum(f, 1.0))
    k_h, k_v = 10.0 ** _gaussians(x, _K_H), 10.0 ** _gaussians(x, _K_V)
    ka_h, ka_v = k_h * _gaussians(x, _ALPHA_H), k_v * _gaussians(x, _ALPHA_V)
    lean = np.cos(elevation) ** 2 * np.cos(2.0 * tilt)
    k = 0.5 * (k_h + k_v + (k_h - k_v) * lean)
    alpha = 0.5 * (ka_h + ka_v + (ka_h - ka_v) * lean) / k
    return k * low * low, alpha


def rain_attenuation_db_per_km(
    frequency_hz: ArrayLike,
    rain_mmph: ArrayLike,
    elevation_rad: ArrayLike = 0.0,
    tilt_rad: ArrayLike = 0.0,
    *,
    polarisation: Polarisation | Literal["circular"] | None = None,
) -> FloatArray:
    """Specific attenuation in rain.

    Parameters
    ----------
    frequency_hz : array_like
        Carrier frequency, up to 1000 GHz; below 1 GHz see `rain_coefficients`. [Hz]
    rain_mmph : array_like
        Rain rate, at least 0. [mm/h]
    elevation_rad : array_like
        Elevation of the path. [rad]
    tilt_rad : array_like
        Tilt of the polarisation from the horizontal. [rad]
    polarisation : "H", "V" or "circular", optional
        In place of ``tilt_rad``; in any case, doubled or not.

    Returns
    -------
    array
        One-way loss; broadcasts. [dB/km]

    Raises
    ------
    ValueError
        If an argument is outside its domain or the shapes do not broadcast.

    References
    ----------
    ITU-R P.838-3, 2005, eq. (1).

    Examples
    --------
    >>> rain_attenuation_db_per_km([3e9, 10e9, 35e9], 25.0, polarisation="H").round(3)
    array([0.007, 0.696, 6.207])
    """
    agree(frequency_hz=frequency_hz, rain_mmph=rain_mmph, elevation_rad=elevation_rad, tilt_rad=tilt_rad)
    if polarisation is not None:
        tilt_rad = _TILT_RAD[polarised(polarisation, "circular")]
    rain = within("rain_mmph", rain_mmph, least=0.0)
    k, alpha = rain_coefficients(frequency_hz, elevation_rad=elevation_rad, tilt_rad=tilt_rad)
    return k * rain**alpha


def galactic_temperature_k(frequency_hz: ArrayLike) -> FloatArray:
    """Noise of the galaxy, averaged over the sky.

    Parameters
    ----------
    frequency_hz : array_like
        Frequency; the Recommendation states it for 10 to 100 MHz and more. [Hz]

    Returns
    -------
    array
        ``290 K 10**(F/10)`` with ``F = 52 - 23 log10(f / MHz)``. The coldest sky has about a third of it, the galactic
        centre ten times as much. [K]

    References
    ----------
    ITU-R P.372-16, 2022, section 5 (median galactic noise).

    Examples
    --------
    >>> galactic_temperature_k([100e6, 400e6]).round()
    array([1155.,   48.])
    """
    f = 1e-6 * within("frequency_hz", frequency_hz, above=0.0)
    return T0_K * 10.0**5.2 * f**-2.3


def sky_temperature_k(frequency_hz: ArrayLike, elevation_rad: ArrayLike, *, height_m: float = 0.0) -> FloatArray:
    """Brightness of the clear sky: gases, galaxy and cosmic background.

    Parameters
    ----------
    frequency_hz : array_like
        Frequency. [Hz]
    elevation_rad : array_like
        Apparent elevation, 0 to pi/2. [rad]
    height_m : float
        Height of the antenna above sea level, 0 to 10 km. [m]

    Returns
    -------
    array
        Brightness temperature; broadcasts. [K]

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    Notes
    -----
    Radiative transfer through the `reference_atmosphere` (7.5 g/m3 at sea level) along a ray that is straight above
    the 4/3 earth; no clouds, rain or sun.

    References
    ----------
    ITU-R P.372-16, 2022, sections 4 and 5; P.618-14, 2023, section 3.
    """
    f = within("frequency_hz", frequency_hz, above=0.0)
    elevation = within("elevation_rad", elevation_rad, least=0.0, most=0.5 * np.pi, remedy="radians")
    height = float(within("height_m", height_m, least=0.0, most=10e3))
    f, elevation = together(frequency_hz=f, elevation_rad=elevation)
    rise = np.concatenate(([0.0], np.geomspace(1.0, TOP_M - height, 160)))
    temperature, dry, vapour = reference_atmosphere(height + 0.5 * (rise[1:] + rise[:-1]))
    start = K_STANDARD * MEAN_RADIUS_M + height
    sin_el = np.sin(elevation)[..., None]
    reach = (
        rise
        * (2.0 * start + rise)
        / (np.sqrt((start * sin_el) ** 2 + rise * (2.0 * start + rise)) + start * sin_el + 1e-300)
    )
    each, where = np.unique(f, return_inverse=True)
    gamma = specific_attenuation_db_per_m(each[:, None], temperature, dry, vapour)[where.reshape(f.shape)]
    opacity = gamma * np.diff(reach) / (10.0 * np.log10(np.e))
    depth = np.cumsum(opacity, axis=-1)
    own = (temperature * np.exp(opacity - depth) * -np.expm1(-opacity)).sum(axis=-1)
    return own + (galactic_temperature_k(f) + COSMIC_K) * np.exp(-depth[..., -1])


def antenna_temperature_k(
    sky_temperature_k: ArrayLike, *, ohmic_loss: float = 1.0, ground_temperature_k: float = GROUND_NOISE_K
) -> FloatArray:
    """Noise temperature of an antenna at its terminals.

    Parameters
    ----------
    sky_temperature_k : array_like
        Brightness of the sky in the main beam, see `sky_temperature_k`. [K]
    ohmic_loss : float
        Loss in the antenna's own conductors, at least 1. [power ratio]
    ground_temperature_k : float
        Noise that the sidelobes and part of the main lobe take from a ground at 290 K. [K]

    Returns
    -------
    array
        ``(T_sky (1 - T_g / 290) + T_g - 290) / L + 290``; Blake's ``(0.876 T - 254) / L + 290`` with the default. [K]

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    References
    ----------
    Blake, *A Guide to Basic Pulse-Radar Maximum-Range Calculation*, NRL Report 6930, 1969, part 1, section 5.

    Examples
    --------
    >>> float(antenna_temperature_k(100.0).round(1))
    123.6
    """
    sky = within("sky_temperature_k", sky_temperature_k, least=0.0)
    loss = within("ohmic_loss", ohmic_loss, least=1.0, remedy="a power ratio, not decibels or a gain")
    ground = within("ground_temperature_k", ground_temperature_k, least=0.0, most=T0_K)
    return (sky * (1.0 - ground / T0_K) + ground - T0_K) / loss + T0_K


def system_noise_temperature_k(
    antenna_temperature_k: ArrayLike, noise_figure_db: ArrayLike, *, line_loss: ArrayLike = 1.0
) -> FloatArray:
    """System noise temperature at the antenna's terminals: antenna, line and receiver in a row.

    Parameters
    ----------
    antenna_temperature_k : array_like
        Antenna's noise temperature, see `antenna_temperature_k`. [K]
    noise_figure_db : array_like
        Noise figure of the receiver, at least 0. [dB]
    line_loss : array_like
        Loss between antenna and receiver, at 290 K, at least 1. [power ratio]

    Returns
    -------
    array
        ``T_a + 290 (L - 1) + L 290 (F - 1)``. [K]

    Raises
    ------
    ValueError
        If an argument is outside its domain or the shapes do not broadcast.

    References
    ----------
    Blake, as `antenna_temperature_k`: cascade of antenna, transmission line and receiver.

    Examples
    --------
    >>> float(system_noise_temperature_k(290.0, 3.0103, line_loss=2.0).round())
    1160.0
    """
    agree(antenna_temperature_k=antenna_temperature_k, noise_figure_db=noise_figure_db, line_loss=line_loss)
    antenna = within("antenna_temperature_k", antenna_temperature_k, least=0.0)
    figure = within("noise_figure_db", noise_figure_db, least=0.0)
    line = within("line_loss", line_loss, least=1.0, remedy="a power ratio, not decibels or a gain")
    return antenna + T0_K * (line * 10.0 ** (0.1 * figure) - 1.0)


def _gaussians(x: FloatArray, terms: tuple[FloatArray, float, float]) -> FloatArray:
    """Curve of P.838-3, eq. (2) and (3): bells in the logarithm of the frequency and a straight line."""
    (a, b, c), slope, offset = terms
    return (a * np.exp(-(((x[..., None] - b) / c) ** 2))).sum(axis=-1) + slope * x + offset


def _line(f: FloatArray, f0: FloatArray, width: FloatArray, mixing: FloatArray | float) -> FloatArray:
    """Line shape of P.676-13, annex 1, eq. 5. [1/GHz]"""  # noqa: D400, D415
    below, above = f0 - f, f0 + f
    return (
        f
        / f0
        * (
            (width - mixing * below) / (below * below + width * width)
            + (width - mixing * above) / (above * above + width * width)
        )
    )
