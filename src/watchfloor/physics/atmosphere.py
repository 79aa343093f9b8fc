"""Loss in oxygen and water vapour: ITU-R P.676 line by line in the P.835 reference atmosphere, and a table of paths.

P.676 takes the pressure of the *dry* air; P.835 gives the total. `reference_atmosphere` returns the dry part.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from watchfloor.base.units import FloatArray
from watchfloor.physics import _kernels
from watchfloor.physics._p676_lines import OXYGEN, WATER
from watchfloor.physics.propagation import K_STANDARD, MEAN_RADIUS_M

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
_N_RANGE, _N_ELEVATION, _SUBSTEPS = 257, 97, 8
_ELEVATION_MIN_RAD, _ELEVATION_SCALE_RAD = -0.1, 0.01


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
    f, t, p, rho = (
        np.asarray(v, dtype=np.float64)[..., None]
        for v in (np.asarray(frequency_hz) * 1e-9, temperature_k, np.asarray(dry_pressure_pa) * 0.01, vapour_kgpm3)
    )
    if not (np.all(f > 0.0) and np.all(t > 0.0) and np.all(p > 0.0) and np.all(rho >= 0.0)):
        raise ValueError("frequency, temperature and dry pressure must be above 0, vapour density at least 0")
    theta = 300.0 / t
    e = 1e3 * rho * t / 216.7
    f0, a1, a2, a3, a4, a5, a6 = OXYGEN.T
    width = np.sqrt((a3 * 1e-4 * (p * theta ** (0.8 - a4) + 1.1 * e * theta)) ** 2 + 2.25e-6)
    mixing = (a5 + a6 * theta) * 1e-4 * (p + e) * theta**0.8
    strength = a1 * 1e-7 * p * theta**3 * np.exp(a2 * (1.0 - theta))
    oxygen = (strength * _line(f, f0, width, mixing)).sum(axis=-1)
    debye = 5.6e-4 * (p + e) * theta**0.8
    dry = (
        f
        * p
        * theta**2
        * (6.14e-5 / (debye * (1.0 + (f / debye) ** 2)) + 1.4e-12 * p * theta**1.5 / (1.0 + 1.9e-5 * f**1.5))
    )
    f0, b1, b2, b3, b4, b5, b6 = WATER.T
    width = b3 * 1e-4 * (p * theta**b4 + b5 * e * theta**b6)
    width = 0.535 * width + np.sqrt(0.217 * width**2 + 2.1316e-12 * f0**2 / theta)
    strength = b1 * 1e-1 * e * theta**3.5 * np.exp(b2 * (1.0 - theta))
    water = (strength * _line(f, f0, width, 0.0)).sum(axis=-1)
    return 1e-3 * 0.1820 * f[..., 0] * (oxygen + dry[..., 0] + water)


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
        """  # noqa: D400, D415
        slant, elevation = np.broadcast_arrays(
            np.asarray(range_m, dtype=np.float64), np.asarray(elevation_rad, dtype=np.float64)
        )
        out = _kernels.two_way_db_rows(
            self.table_db, self.grid, np.ascontiguousarray(slant).ravel(), np.ascontiguousarray(elevation).ravel()
        )
        return out.reshape(slant.shape)


def path_loss_db(
    frequency_hz: float, range_m: FloatArray, elevation_rad: ArrayLike, *, height_m: float = 0.0
) -> FloatArray:
    """One-way gas loss along rays, accumulated over range.

    Parameters
    ----------
    frequency_hz : float
        Carrier frequency. [Hz]
    range_m : (m,) array
        Rising slant ranges that start at 0; the integral's own steps, so choose them fine. [m]
    elevation_rad : (..., 1) array_like
        Apparent elevation at the antenna. [rad]
    height_m : float
        Height of the antenna above sea level. [m]

    Returns
    -------
    (..., m) array
        One-way loss up to each range. [dB]

    Notes
    -----
    Trapezoids over a profile that is tabulated by 50 m up to 20 km and by 500 m up to `TOP_M`, interpolated in its
    logarithm; a ray that meets the ground goes on in the air of the ground.

    References
    ----------
    As `GasTable`.
    """
    levels = np.concatenate((np.arange(0.0, 20e3, 50.0), np.arange(20e3, TOP_M + 1.0, 500.0)))
    log_gamma = np.log(specific_attenuation_db_per_m(frequency_hz, *reference_atmosphere(levels)))
    radius = K_STANDARD * MEAN_RADIUS_M
    start = radius + height_m
    sin_el = np.sin(np.asarray(elevation_rad, dtype=np.float64))
    rise = range_m * (range_m + 2.0 * start * sin_el)  # (radius + h)^2 - start^2
    height = height_m + rise / (np.sqrt(start * start + rise) + start)
    gamma = np.where(height < TOP_M, np.exp(np.interp(height, levels, log_gamma)), 0.0)
    out = np.zeros(gamma.shape)
    np.cumsum(0.5 * (gamma[..., 1:] + gamma[..., :-1]) * np.diff(range_m), axis=-1, out=out[..., 1:])
    return out


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
