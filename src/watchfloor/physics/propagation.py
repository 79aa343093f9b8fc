"""From antenna to target over a smooth earth: effective radius, horizon, multipath lobing, diffraction, Blake chart.

A ray in an atmosphere whose refractivity falls linearly with height is straight above an earth whose radius is
``k`` times larger, with ground distance and height kept. ``k = 4/3`` is the usual mean; `refraction` has the ray trace
and the error of this quick form: 268 m low at 339 km and 0.5 degrees elevation, and worse higher up.

The pattern-propagation factor F is the field at the target over the field in free space (one way, a voltage ratio): the
echo of a monostatic radar changes by F**4. Complex numbers follow exp(+j omega t): a lossy permittivity has a negative
imaginary part, and a longer path a phase of exp(-j 2 pi d / lambda).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from watchfloor.base.units import C_MPS, BoolArray, FloatArray
from watchfloor.physics._domain import agree, count, polarised, together, within
from watchfloor.physics._kernels import lobing
from watchfloor.physics.frames import E2, SEMI_MAJOR_M

ComplexArray = NDArray[np.complex128]
Polarisation = Literal["H", "V", "h", "v", "HH", "VV", "hh", "vv"]
"""Plane of the electric field; eight spellings of two."""
Pattern = Callable[[FloatArray], Any]
"""Voltage pattern of an antenna over elevation [rad], peak 1, real or complex."""

K_STANDARD = 4.0 / 3.0
"""Ratio of effective to true earth radius in the standard atmosphere (ITU-R P.310-10, 2019). [1]"""
MEAN_RADIUS_M = 6_371_008.8
"""Mean radius (2a + b) / 3 of the ellipsoid (Moritz, "Geodetic Reference System 1980", 2000). [m]"""


def effective_radius_m(gradient_n_per_km: ArrayLike, *, earth_radius_m: ArrayLike = MEAN_RADIUS_M) -> FloatArray:
    """Effective earth radius of a constant refractivity gradient.

    Parameters
    ----------
    gradient_n_per_km : array_like
        Change of refractivity with height, about -39 near the ground; above -157 (no duct). [N-units/km]
    earth_radius_m : array_like
        True radius of curvature. [m]

    Returns
    -------
    array
        Effective radius. [m]

    Raises
    ------
    ValueError
        If the gradient bends rays to the earth or more.

    References
    ----------
    ITU-R P.834-9, 2017, annex 1 (effective earth radius); Doviak & Zrnic, *Doppler Radar and Weather
    Observations*, 2nd ed., 1993, section 2.2.

    Examples
    --------
    >>> float(effective_radius_m(-39.0, earth_radius_m=6371e3).round(-2))
    8477400.0
    """
    agree(gradient_n_per_km=gradient_n_per_km, earth_radius_m=earth_radius_m)
    radius = within("earth_radius_m", earth_radius_m, above=0.0)
    bend = 1.0 + radius * within("gradient_n_per_km", gradient_n_per_km) * 1e-9
    if np.any(bend <= 0.0):
        raise ValueError(f"gradient_n_per_km {np.min(gradient_n_per_km):.4g} ducts: the effective radius is not finite")
    return radius / bend


def curvature_radius_m(lat_rad: ArrayLike, azimuth_rad: ArrayLike) -> FloatArray:
    """Radius of curvature of the ellipsoid's normal section (Euler's formula).

    Parameters
    ----------
    lat_rad, azimuth_rad : array_like
        Geodetic latitude; azimuth of the section, from north. [rad]

    Returns
    -------
    array
        Radius of curvature. [m]

    Raises
    ------
    ValueError
        If the latitude is beyond a pole or an argument is not finite.

    References
    ----------
    Torge & Mueller, *Geodesy*, 4th ed., 2012, section 4.1 (curvature of the rotational ellipsoid).
    """
    agree(lat_rad=lat_rad, azimuth_rad=azimuth_rad)
    pole = 0.5 * np.pi * (1.0 + 1e-12)
    lat = within("lat_rad", lat_rad, least=-pole, most=pole, remedy="degrees?")
    azimuth = within("azimuth_rad", azimuth_rad)
    w2 = 1.0 - E2 * np.sin(lat) ** 2
    normal = SEMI_MAJOR_M / np.sqrt(w2)
    meridian = normal * (1.0 - E2) / w2
    return 1.0 / (np.cos(azimuth) ** 2 / meridian + np.sin(azimuth) ** 2 / normal)


def horizon_m(
    height1_m: ArrayLike,
    height2_m: ArrayLike,
    k: float = K_STANDARD,
    earth_radius_m: ArrayLike = MEAN_RADIUS_M,
) -> FloatArray:
    """Longest ground distance at which two heights see each other over smooth earth.

    Parameters
    ----------
    height1_m, height2_m : array_like
        Heights above the ground, at least 0. [m]
    k : float
        Ratio of effective to true earth radius. [1]
    earth_radius_m : array_like
        True radius of curvature along the path, see `curvature_radius_m`. [m]

    Returns
    -------
    array
        Distance along the ground. [m]

    Raises
    ------
    ValueError
        If a height is negative, ``k`` or the radius is not above 0, or an argument is not finite.

    Notes
    -----
    Exact on the effective sphere, arc length ``k R (acos(kR/(kR+h1)) + acos(kR/(kR+h2)))``; the common
    ``sqrt(2kRh)`` is its first term. No diffraction.

    References
    ----------
    Skolnik, *Introduction to Radar Systems*, 3rd ed., 2001, ch. 8 (the first term).

    Examples
    --------
    >>> (horizon_m(0.0, [100.0, 1000.0]) / 1e3).round(1)
    array([ 41.2, 130.3])
    """
    agree(height1_m=height1_m, height2_m=height2_m, earth_radius_m=earth_radius_m)
    radius = float(within("k", k, above=0.0)) * within("earth_radius_m", earth_radius_m, above=0.0)
    h1 = within("height1_m", height1_m, least=0.0, remedy="heights are above the ground")
    h2 = within("height2_m", height2_m, least=0.0, remedy="heights are above the ground")
    return radius * (_dip(h1 / radius) + _dip(h2 / radius))


def visible(
    height1_m: ArrayLike,
    height2_m: ArrayLike,
    ground_distance_m: ArrayLike,
    *,
    k: float = K_STANDARD,
    earth_radius_m: ArrayLike = MEAN_RADIUS_M,
) -> BoolArray:
    """Whether two heights see each other over smooth earth; arguments and source as `horizon_m`.

    Returns
    -------
    bool array
        True up to the horizon.

    Raises
    ------
    ValueError
        As `horizon_m`, and if the distance is negative or not finite.

    Notes
    -----
    With `curvature_radius_m` at one end this is right to 0.1 % of the distance up to 600 km, at any latitude and
    azimuth.
    """
    agree(height1_m=height1_m, height2_m=height2_m, ground_distance_m=ground_distance_m, earth_radius_m=earth_radius_m)
    return within("ground_distance_m", ground_distance_m, least=0.0) <= horizon_m(
        height1_m, height2_m, k, earth_radius_m
    )


def apparent_elevation_rad(
    height1_m: ArrayLike,
    height2_m: ArrayLike,
    ground_distance_m: ArrayLike,
    *,
    k: float = K_STANDARD,
    earth_radius_m: ArrayLike = MEAN_RADIUS_M,
) -> FloatArray:
    """Elevation at which the refracted ray from ``height1_m`` to ``height2_m`` leaves.

    Parameters
    ----------
    height1_m, height2_m : array_like
        Heights above the ground. [m]
    ground_distance_m : array_like
        Distance along the ground. [m]
    k : float
        Ratio of effective to true earth radius; 1 gives the geometric elevation. [1]
    earth_radius_m : array_like
        True radius of curvature along the path. [m]

    Returns
    -------
    array
        Elevation above the local horizontal. [rad]

    Raises
    ------
    ValueError
        If an argument is not finite.

    References
    ----------
    Doviak & Zrnic, *Doppler Radar and Weather Observations*, 2nd ed., 1993, eq. 2.28 (height of the same ray).
    """
    agree(height1_m=height1_m, height2_m=height2_m, ground_distance_m=ground_distance_m, earth_radius_m=earth_radius_m)
    radius = within("k", k, above=0.0) * within("earth_radius_m", earth_radius_m, above=0.0)
    phi = within("ground_distance_m", ground_distance_m) / radius
    h1, h2 = within("height1_m", height1_m), within("height2_m", height2_m)
    # y = (radius + h2) cos(phi) - (radius + h1), written without the cancellation
    y = h2 - h1 - 2.0 * (radius + h2) * np.sin(0.5 * phi) ** 2
    return np.arctan2(y, (radius + h2) * np.sin(phi))


def sea_permittivity(
    frequency_hz: ArrayLike, *, temperature_c: ArrayLike = 15.0, salinity_gpkg: ArrayLike = 35.0
) -> ComplexArray:
    """Complex relative permittivity of sea water.

    Parameters
    ----------
    frequency_hz : array_like
        Frequency, up to 1000 GHz. [Hz]
    temperature_c : array_like
        Temperature, -2 to 40. [degrees Celsius]
    salinity_gpkg : array_like
        Salt, 0 (pure water) to 40. [g/kg]

    Returns
    -------
    complex array
        ``eps' - j eps''``, the conductivity in the imaginary part. [1]

    Raises
    ------
    ValueError
        If an argument is outside its domain or the shapes do not broadcast.

    References
    ----------
    ITU-R P.527-6, 2021, annex 1, section 5.1 (pure and sea water, two Debye relaxations).

    Examples
    --------
    >>> print(sea_permittivity(3e9).round(1))
    (71.2-37.7j)
    """
    agree(frequency_hz=frequency_hz, temperature_c=temperature_c, salinity_gpkg=salinity_gpkg)
    f = 1e-9 * within("frequency_hz", frequency_hz, above=0.0, most=1e12)
    t = within("temperature_c", temperature_c, least=-2.0, most=40.0, remedy="degrees Celsius")
    s = within("salinity_gpkg", salinity_gpkg, least=0.0, most=40.0)
    theta = 300.0 / (t + 273.15) - 1.0
    static = 77.66 + 103.3 * theta
    middle, far = 0.0671 * static, 3.52 - 7.52 * theta
    slow = 20.20 - 146.4 * theta + 316.0 * theta**2
    fast = 39.8 * slow
    static = static * np.exp(-3.33330e-3 * s + 4.74868e-6 * s**2)
    slow = slow * (
        1.0 + s * np.polynomial.polynomial.polyval(t, [2.3232e-3, -7.9208e-5, 3.6764e-6, 3.5594e-7, 8.9795e-9])
    )
    middle = middle * np.exp(-6.28908e-3 * s + 1.76032e-4 * s**2 - 9.22144e-5 * t * s)
    fast = fast * (1.0 + s * (-1.99723e-2 + 1.81176e-4 * t))
    far = far * (1.0 + s * (-2.04265e-3 + 1.57883e-4 * t))
    relaxation: ComplexArray = far + (static - middle) / (1.0 + 1j * f / slow) + (middle - far) / (1.0 + 1j * f / fast)
    return np.asarray(relaxation - 18j * sea_conductivity(t, s) / f, dtype=np.complex128)


def sea_conductivity(temperature_c: ArrayLike, salinity_gpkg: ArrayLike) -> FloatArray:
    """Conductivity of sea water at low frequency; arguments, errors and source as `sea_permittivity`.

    Returns
    -------
    array
        Conductivity. [S/m]

    References
    ----------
    As `sea_permittivity`.
    """
    agree(temperature_c=temperature_c, salinity_gpkg=salinity_gpkg)
    t = within("temperature_c", temperature_c, least=-2.0, most=40.0, remedy="degrees Celsius")
    s = within("salinity_gpkg", salinity_gpkg, least=0.0, most=40.0)
    at_35 = np.polynomial.polynomial.polyval(t, [2.903602, 8.607e-2, 4.738817e-4, -2.991e-6, 4.3047e-9])
    at_15 = s * (37.5109 + 5.45216 * s + 1.4409e-2 * s**2) / (1004.75 + 182.283 * s + s**2)
    slope = (6.9431 + 3.2841 * s - 9.9486e-2 * s**2) / (84.850 + 69.024 * s + s**2)
    base = 49.843 - 0.2276 * s + 0.198e-2 * s**2
    return at_35 * at_15 * (1.0 + slope * (t - 15.0) / (base + t))


def soil_permittivity(
    frequency_hz: ArrayLike,
    *,
    water: ArrayLike = 0.2,
    sand: float = 0.40,
    clay: float = 0.20,
    temperature_c: ArrayLike = 15.0,
) -> ComplexArray:
    """Complex relative permittivity of bare soil.

    Parameters
    ----------
    frequency_hz : array_like
        Frequency; the mixture was measured at 0.3 to 18 GHz. [Hz]
    water : array_like
        Water by volume, 0.01 to 0.5. [1]
    sand, clay : float
        Shares of the dry soil; the rest is silt. The default is a loam. [1]
    temperature_c : array_like
        Temperature, 0 to 40. [degrees Celsius]

    Returns
    -------
    complex array
        ``eps' - j eps''``. [1]

    Raises
    ------
    ValueError
        If an argument is outside its domain or the shapes do not broadcast.

    References
    ----------
    ITU-R P.527-6, 2021, annex 1, section 5.2 (soil); Peplinski, Ulaby & Dobson, *IEEE Transactions on Geoscience and
    Remote Sensing* 33 (3), 1995, pp. 803-807.
    """
    agree(frequency_hz=frequency_hz, water=water, temperature_c=temperature_c)
    f = 1e-9 * within("frequency_hz", frequency_hz, above=0.0, most=1e12)
    wet = within("water", water, least=0.01, most=0.5, remedy="a share of the volume")
    within("temperature_c", temperature_c, least=0.0, most=40.0, remedy="degrees Celsius")
    silt = 1.0 - sand - clay
    if not (sand >= 0.01 and clay >= 0.01 and silt >= 0.01):
        raise ValueError(
            f"sand, clay and the silt that is left need at least 0.01 each, got {sand!r}, {clay!r}, {silt:.3g}"
        )
    sand_pc, clay_pc = 100.0 * sand, 100.0 * clay
    solid = 2.65  # g/cm3
    bulk = 1.07256 + 0.078886 * np.log(sand_pc) + 0.038753 * np.log(clay_pc) + 0.032732 * np.log(100.0 * silt)
    low = 0.0467 + 0.2204 * bulk - 0.004111 * sand_pc - 0.006614 * clay_pc
    high = -1.645 + 1.939 * bulk - 0.0225622 * sand_pc + 0.01594 * clay_pc
    step = (low - high) / (1.0 + (f / 1.35) ** 2)
    scale = 18.0 / f * (solid - bulk) / (solid * wet)
    pure = sea_permittivity(1e9 * f, temperature_c=temperature_c, salinity_gpkg=0.0)
    real = np.maximum(pure.real + scale * step * f / 1.35, 0.0)
    loss = np.maximum(-pure.imag + scale * (high + step), 0.0)
    grains = (1.01 + 0.44 * solid) ** 2 - 0.062
    beta1, beta2 = 1.2748 - 0.00519 * sand_pc - 0.00152 * clay_pc, 1.33797 - 0.00603 * sand_pc - 0.00166 * clay_pc
    mixed = 1.0 + bulk / solid * (grains**0.65 - 1.0) + wet**beta1 * real**0.65 - wet
    return mixed ** (1.0 / 0.65) - 1j * wet ** (beta2 / 0.65) * loss


def fresnel_reflection(grazing_rad: ArrayLike, permittivity: ArrayLike, polarisation: Polarisation) -> ComplexArray:
    """Reflection coefficient of a smooth plane.

    Parameters
    ----------
    grazing_rad : array_like
        Grazing angle, 0 to pi/2. [rad]
    permittivity : array_like
        Complex relative permittivity ``eps' - j eps''``; see `sea_permittivity`, `soil_permittivity`. [1]
    polarisation : "H" or "V"
        Electric field parallel to the plane, or in the plane of incidence; in any case, doubled or not.

    Returns
    -------
    complex array
        Reflected over incident field; -1 at grazing incidence for both. [voltage ratio]

    Raises
    ------
    ValueError
        If an argument is outside its domain or the shapes do not broadcast.

    References
    ----------
    Blake, *Machine Plotting of Radio/Radar Vertical-Plane Coverage Diagrams*, NRL Report 7098, 1970, eq. (17) and (18);
    Born & Wolf, *Principles of Optics*, 7th ed., 1999, section 1.5.2.

    Examples
    --------
    >>> fresnel_reflection([0.0, np.pi / 2], 4.0, "H").round(4).real
    array([-1.    , -0.3333])
    """
    agree(grazing_rad=grazing_rad, permittivity=permittivity)
    grazing = within("grazing_rad", grazing_rad, least=0.0, most=0.5 * np.pi, remedy="radians")
    eps = np.asarray(permittivity, dtype=np.complex128)
    if not np.all(np.isfinite(eps) & (eps.real >= 1.0) & (eps.imag <= 0.0) & (eps != 1.0)):
        raise ValueError(
            "permittivity is eps' - j eps'' with eps' at least 1 (not air) and the imaginary part at most 0, got "
            f"{eps.flat[0]:.4g} (the other sign of time?)"
        )
    plane = polarised(polarisation)
    sine = np.sin(grazing)
    root: ComplexArray = np.sqrt(eps - np.cos(grazing) ** 2)
    top = eps * sine if plane == "V" else sine
    return np.asarray((top - root) / (top + root), dtype=np.complex128)


def roughness_factor(
    rms_height_m: ArrayLike,
    grazing_rad: ArrayLike,
    wavelength_m: ArrayLike,
    *,
    model: Literal["miller-brown", "ament"] = "miller-brown",
) -> FloatArray:
    """Share of the field that a rough surface still mirrors.

    Parameters
    ----------
    rms_height_m : array_like
        Standard deviation of the surface's height. [m]
    grazing_rad : array_like
        Grazing angle. [rad]
    wavelength_m : array_like
        Wavelength. [m]
    model : "miller-brown" or "ament"
        With or without the correction that fits measurements over the sea.

    Returns
    -------
    array
        Between 0 and 1. [voltage ratio]

    Raises
    ------
    ValueError
        If an argument is outside its domain or the shapes do not broadcast.

    Notes
    -----
    With ``x = 2 (2 pi s sin(psi) / lambda)**2``: Ament ``exp(-x)``, Miller and Brown ``exp(-x) I0(x)``. Coherent
    reflection only; what is scattered diffusely is lost here.

    References
    ----------
    Ament, *Proceedings of the IRE* 41, 1953, pp. 142-146; Miller, Brown & Vegh, *IEE Proceedings H* 131, 1984,
    pp. 114-116.

    Examples
    --------
    >>> roughness_factor(0.5, [0.0, 0.01, 0.1], 0.1).round(3)
    array([1.   , 0.829, 0.091])
    """
    agree(rms_height_m=rms_height_m, grazing_rad=grazing_rad, wavelength_m=wavelength_m)
    sigma = within("rms_height_m", rms_height_m, least=0.0)
    wavelength = within("wavelength_m", wavelength_m, above=0.0)
    grazing = within("grazing_rad", grazing_rad, least=0.0, most=0.5 * np.pi, remedy="radians")
    x = 2.0 * (2.0 * np.pi * sigma * np.sin(grazing) / wavelength) ** 2
    if model == "miller-brown":
        return special.i0e(x)
    if model == "ament":
        return np.exp(-x)
    raise ValueError(f"model must be miller-brown or ament, got {model!r}")


@dataclass(frozen=True, kw_only=True)
class Surface:
    """What mirrors a radar's beam.

    Raises
    ------
    ValueError
        If a value is outside its domain; the message names it.
    """

    kind: Literal["sea", "land"]
    """Sea water of 15 degrees and 35 g/kg, or a loam with ``water``, unless ``permittivity`` says otherwise."""
    rms_height_m: float = 0.0
    """Standard deviation of its height; a quarter of the significant wave height. [m]"""
    permittivity: complex | None = None
    """Complex relative permittivity ``eps' - j eps''`` at the radar's frequency, in place of the kind's own. [1]"""
    water: float = 0.2
    """Land: water in the soil, by volume. [1]"""

    def __post_init__(self) -> None:
        """Check every domain."""
        if self.kind not in ("sea", "land"):
            raise ValueError(f"kind must be sea or land, got {self.kind!r}")
        within("rms_height_m", self.rms_height_m, least=0.0, most=100.0)
        within("water", self.water, least=0.01, most=0.5)
        if self.permittivity is not None:
            fresnel_reflection(0.0, self.permittivity, "H")

    def permittivity_at(self, frequency_hz: float) -> complex:
        """Complex relative permittivity at a frequency. [1]"""  # noqa: D400, D415
        if self.permittivity is not None:
            return complex(self.permittivity)
        return _permittivity(self.kind, self.water, float(frequency_hz))

    def reflection(self, frequency_hz: float, grazing_rad: ArrayLike, polarisation: Polarisation) -> ComplexArray:
        """Reflection coefficient with roughness; arguments as `fresnel_reflection`, roughness as Miller and Brown."""
        smooth = fresnel_reflection(grazing_rad, self.permittivity_at(frequency_hz), polarisation)
        if self.rms_height_m == 0.0:
            return smooth
        return smooth * roughness_factor(self.rms_height_m, grazing_rad, C_MPS / frequency_hz)


@lru_cache(maxsize=64)
def _permittivity(kind: str, water: float, frequency_hz: float) -> complex:
    """Permittivity of a kind of `Surface`; worked out once a frequency."""
    return complex(sea_permittivity(frequency_hz) if kind == "sea" else soil_permittivity(frequency_hz, water=water))


SIGNIFICANT_WAVE_M = (0.0, 0.05, 0.3, 0.875, 1.875, 3.25, 5.0, 7.5, 11.5)
"""Significant wave height of the sea states 0 to 8: middles of WMO code table 3700 (*Manual on Codes*, WMO-No. 306,
2019). [m]"""


def sea_surface(sea_state: int) -> Surface:
    """Mirror of a sea of a given state.

    Parameters
    ----------
    sea_state : int
        WMO (Douglas) sea state, 0 to 8.

    Returns
    -------
    Surface
        With a quarter of the state's significant wave height as its rms height.

    Raises
    ------
    ValueError
        If there is no such state.

    References
    ----------
    WMO-No. 306, 2019, code table 3700; the quarter, Longuet-Higgins, *Journal of Marine Research* 11, 1952.
    """
    if sea_state not in range(len(SIGNIFICANT_WAVE_M)):
        raise ValueError(f"sea_state must be a whole number, 0 to 8, got {sea_state!r}")
    return Surface(kind="sea", rms_height_m=0.25 * SIGNIFICANT_WAVE_M[int(sea_state)])


def two_ray_flat(
    frequency_hz: ArrayLike,
    height1_m: ArrayLike,
    height2_m: ArrayLike,
    ground_distance_m: ArrayLike,
    reflection: ArrayLike = -1.0,
) -> ComplexArray:
    """Pattern-propagation factor over a flat earth.

    Parameters
    ----------
    frequency_hz : array_like
        Carrier frequency. [Hz]
    height1_m, height2_m : array_like
        Heights above the plane, at least 0. [m]
    ground_distance_m : array_like
        Distance along the plane, above 0. [m]
    reflection : array_like
        Complex reflection coefficient, see `fresnel_reflection`, roughness included. [voltage ratio]

    Returns
    -------
    complex array
        Field over that of the direct ray. [voltage ratio]

    Raises
    ------
    ValueError
        If an argument is outside its domain or the shapes do not broadcast.

    Notes
    -----
    Good while the earth's bulge under the path is small against both heights; for others `propagation_factor`.

    References
    ----------
    Skolnik, *Introduction to Radar Systems*, 3rd ed., 2001, section 8.2; Kerr, *Propagation of Short Radio Waves*,
    1951, section 2.2.

    Examples
    --------
    >>> np.abs(two_ray_flat(3e9, 10.0, 1000.0, [20e3, 400e3])).round(3)
    array([0.035, 2.   ])
    """
    agree(
        frequency_hz=frequency_hz,
        height1_m=height1_m,
        height2_m=height2_m,
        ground_distance_m=ground_distance_m,
        reflection=reflection,
    )
    f = within("frequency_hz", frequency_hz, above=0.0)
    h1, h2 = within("height1_m", height1_m, least=0.0), within("height2_m", height2_m, least=0.0)
    ground = within("ground_distance_m", ground_distance_m, above=0.0)
    excess = 4.0 * h1 * h2 / (np.hypot(ground, h2 + h1) + np.hypot(ground, h2 - h1))
    mirror = np.asarray(reflection, dtype=np.complex128)
    if not np.isfinite(mirror).all():
        raise ValueError(f"reflection must be finite, got {mirror[~np.isfinite(mirror)].flat[0]:.4g}")
    return 1.0 + mirror * np.exp(-2j * np.pi / C_MPS * f * excess)


@dataclass(frozen=True, kw_only=True, eq=False)
class TwoRays:
    """Geometry of the direct and the mirrored ray over a sphere; arrays of one shape, zeros beyond the horizon."""

    excess_m: FloatArray
    """Excess of the mirrored path over the direct one. [m]"""
    grazing_rad: FloatArray
    """Grazing angle at the mirror point. [rad]"""
    divergence: FloatArray
    """Field that the sphere mirrors over what a plane does. [voltage ratio]"""
    elevation_rad: FloatArray
    """Elevation at which the direct ray leaves the first height. [rad]"""
    elevation_mirrored_rad: FloatArray
    """Elevation at which the mirrored ray leaves it, below the horizontal. [rad]"""


def two_rays(
    height1_m: ArrayLike,
    height2_m: ArrayLike,
    ground_distance_m: ArrayLike,
    *,
    k: float = K_STANDARD,
    earth_radius_m: ArrayLike = MEAN_RADIUS_M,
) -> TwoRays:
    """Mirror point, path difference and divergence over a smooth sphere.

    Parameters
    ----------
    height1_m, height2_m : array_like
        Heights above the sphere, at least 0. [m]
    ground_distance_m : array_like
        Distance along the ground, at least 0. [m]
    k : float
        Ratio of effective to true earth radius. [1]
    earth_radius_m : array_like
        True radius of curvature along the path. [m]

    Returns
    -------
    TwoRays
        One entry a pair.

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    Notes
    -----
    Exact on the effective sphere: Fishback's cubic starts Newton's method on the condition that both parts of the
    mirrored ray graze alike. The path difference ``4 r1 r2 sin(psi)**2 / (r1 + r2 + r)`` loses no digits.

    References
    ----------
    Fishback, in Kerr, *Propagation of Short Radio Waves*, 1951, section 2.13; Blake, NRL Report 7098, 1970.
    """
    shape, args = _flat(
        height1_m=within("height1_m", height1_m, least=0.0, remedy="above the ground"),
        height2_m=within("height2_m", height2_m, least=0.0, remedy="above the ground"),
        ground_distance_m=within("ground_distance_m", ground_distance_m, least=0.0, most=2e7),
        earth_radius_m=within("k", k, above=0.0) * within("earth_radius_m", earth_radius_m, above=0.0),
    )
    rows = lobing.two_rays(*args).reshape(5, *shape)
    return TwoRays(
        excess_m=rows[0], grazing_rad=rows[1], divergence=rows[2], elevation_rad=rows[3], elevation_mirrored_rad=rows[4]
    )


def two_ray_spherical(
    surface: Surface,
    frequency_hz: float,
    polarisation: Polarisation,
    height1_m: ArrayLike,
    height2_m: ArrayLike,
    ground_distance_m: ArrayLike,
    *,
    k: float = K_STANDARD,
    earth_radius_m: ArrayLike = MEAN_RADIUS_M,
    pattern: Pattern | None = None,
) -> ComplexArray:
    """Pattern-propagation factor of two rays over a sphere.

    Parameters
    ----------
    surface : Surface
        What mirrors.
    frequency_hz : float
        Carrier frequency. [Hz]
    polarisation : "H" or "V"
        Polarisation.
    height1_m, height2_m, ground_distance_m, k, earth_radius_m
        As in `two_rays`; the antenna is at ``height1_m``.
    pattern : callable, optional
        Voltage over elevation [rad] at ``height1_m``, peak 1; None for the same towards both rays.

    Returns
    -------
    complex array
        Field over that of a direct ray in the pattern's peak; 0 beyond the horizon. [voltage ratio]

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    Notes
    -----
    Geometrical optics: within 1.7 dB of the exact field (`residue_factor`), nulls apart, where the grazing angle passes
    1.2 ``(lambda / (2 pi k R))**(1/3)`` or the excess a fifth of a wavelength, and 0.3 dB at twice that angle;
    `propagation_factor` goes on from there.
    No surface wave: for vertical polarisation both heights must be more than a few wavelengths.

    References
    ----------
    Blake, NRL Report 7098, 1970, eq. (1) to (16); Kerr, 1951, section 2.
    """
    rays = two_rays(height1_m, height2_m, ground_distance_m, k=k, earth_radius_m=earth_radius_m)
    return _mix(surface, float(within("frequency_hz", frequency_hz, above=0.0)), polarisation, rays, pattern)


def propagation_factor(
    surface: Surface,
    frequency_hz: float,
    polarisation: Polarisation,
    height1_m: ArrayLike,
    height2_m: ArrayLike,
    ground_distance_m: ArrayLike,
    *,
    k: float = K_STANDARD,
    earth_radius_m: ArrayLike = MEAN_RADIUS_M,
    pattern: Pattern | None = None,
) -> FloatArray:
    """One-way pattern-propagation factor over a smooth earth at any distance, from the lobes into the shadow.

    Parameters
    ----------
    surface, frequency_hz, polarisation, height1_m, height2_m, ground_distance_m, k, earth_radius_m, pattern
        As in `two_ray_spherical`.

    Returns
    -------
    array
        Field over that in free space: the echo of a monostatic radar changes by its fourth power. [voltage ratio]

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    Notes
    -----
    Lobes (`two_ray_spherical`) up to the distance where the grazing angle has fallen below
    1.2 ``(lambda / (2 pi k R))**(1/3)`` and the excess below a fifth of a wavelength. From 0.6
    ``(lambda (k R)**2 / pi)**(1/3)`` beyond the horizon the first mode of diffraction (`smooth_earth_loss_db`). In
    between decibels are interpolated over the distance at the same heights, as Blake does (he ends at the horizon,
    where the one mode can be 8 dB low for two great heights). Against the exact field (`residue_factor`), nulls apart:
    1.7 dB in the lobes and 3 dB around and beyond the horizon, 150 MHz to 10 GHz, heights from 5 m to 10 km.

    References
    ----------
    Blake, NRL Report 7098, 1970, "the intermediate region"; ITU-R P.526-15, 2019, section 3.1.1.

    Examples
    --------
    >>> calm = Surface(kind="sea")
    >>> propagation_factor(calm, 1e9, "H", 20.0, 100.0, np.array([20e3, 50e3, 80e3])).round(2)
    array([1.92, 0.28, 0.02])
    """
    frequency = float(within("frequency_hz", frequency_hz, above=0.0))
    wavelength = C_MPS / frequency
    shape, (h1, h2, ground, radius) = _flat(
        height1_m=within("height1_m", height1_m, least=0.0, remedy="above the ground"),
        height2_m=within("height2_m", height2_m, least=0.0, remedy="above the ground"),
        ground_distance_m=within("ground_distance_m", ground_distance_m, least=0.0, most=2e7),
        earth_radius_m=within("k", k, above=0.0) * within("earth_radius_m", earth_radius_m, above=0.0),
    )
    rays = TwoRays(**dict(zip(_ROWS, lobing.two_rays(h1, h2, ground, radius), strict=True)))
    factor = np.abs(_mix(surface, frequency, polarisation, rays, pattern))
    grazing_min = _LOBES_GRAZING * (wavelength / (2.0 * np.pi * float(radius.min()))) ** (1.0 / 3.0)
    excess_min = _LOBES_EXCESS * wavelength
    lobes = (rays.excess_m >= excess_min) | (rays.grazing_rad >= grazing_min)
    if not lobes.all():
        rest = np.flatnonzero(~lobes)
        a1, a2, ar, here = (np.broadcast_to(v, factor.shape)[rest] for v in (h1, h2, radius, ground))
        dip = _dip(a1 / ar)
        shadow = ar * (dip + _dip(a2 / ar) + _SHADOW * (wavelength / (np.pi * ar)) ** (1.0 / 3.0))
        eps = surface.permittivity_at(frequency)
        deep_db = -_first_mode_db(wavelength, eps, polarisation, a1, a2, np.maximum(here, shadow), ar)
        if pattern is not None:
            deep_db += 20.0 * np.log10(np.maximum(np.abs(pattern(-dip)), _LEAST))
        near = here < shadow
        if near.any():
            b1, b2, br = a1[near], a2[near], ar[near]
            start = lobing.border(b1, b2, br, excess_min, grazing_min)
            at_start = TwoRays(**dict(zip(_ROWS, lobing.two_rays(b1, b2, start, br), strict=True)))
            bright = np.maximum(np.abs(_mix(surface, frequency, polarisation, at_start, pattern)), _LEAST)
            bright_db = 20.0 * np.log10(bright)
            share = (here[near] - start) / (shadow[near] - start)
            deep_db[near] = bright_db + np.clip(share, 0.0, 1.0) * (deep_db[near] - bright_db)
        factor[rest] = 10.0 ** (0.05 * deep_db)
    return factor.reshape(shape)


def smooth_earth_loss_db(
    frequency_hz: float,
    permittivity: complex,
    polarisation: Polarisation,
    height1_m: ArrayLike,
    height2_m: ArrayLike,
    ground_distance_m: ArrayLike,
    *,
    k: float = K_STANDARD,
    earth_radius_m: ArrayLike = MEAN_RADIUS_M,
) -> FloatArray:
    """Diffraction loss beyond the horizon of a smooth earth, first mode.

    Parameters
    ----------
    frequency_hz : float
        Carrier frequency, above 10 MHz. [Hz]
    permittivity : complex
        Complex relative permittivity ``eps' - j eps''`` of the ground. [1]
    polarisation : "H" or "V"
        Polarisation.
    height1_m, height2_m, ground_distance_m, k, earth_radius_m
        As in `two_rays`; the distance above 0.

    Returns
    -------
    array
        Loss against free space, at least 0. [dB]

    Raises
    ------
    ValueError
        If an argument is outside its domain or the shapes do not broadcast.

    Notes
    -----
    The Recommendation's form, for distances at or beyond the horizon: within 8 dB of the exact series at
    the horizon of two great heights, 1.5 dB where one is low, and better farther on.

    References
    ----------
    ITU-R P.526-15, 2019, annex 1, section 3.1.1 (eq. 13 to 18).
    """
    agree(height1_m=height1_m, height2_m=height2_m, ground_distance_m=ground_distance_m, earth_radius_m=earth_radius_m)
    frequency = float(within("frequency_hz", frequency_hz, least=10e6))
    fresnel_reflection(0.0, permittivity, polarisation)  # checks both
    return _first_mode_db(
        C_MPS / frequency,
        complex(permittivity),
        polarisation,
        within("height1_m", height1_m, least=0.0, remedy="above the ground"),
        within("height2_m", height2_m, least=0.0, remedy="above the ground"),
        within("ground_distance_m", ground_distance_m, above=0.0),
        float(within("k", k, above=0.0)) * within("earth_radius_m", earth_radius_m, above=0.0),
    )


def residue_factor(
    frequency_hz: float,
    permittivity: complex,
    polarisation: Polarisation,
    height1_m: float,
    height2_m: float,
    ground_distance_m: ArrayLike,
    *,
    k: float = K_STANDARD,
    earth_radius_m: float = MEAN_RADIUS_M,
    n_modes: int = 200,
) -> FloatArray:
    """Exact propagation factor over a smooth sphere: the series of diffraction modes.

    Parameters
    ----------
    frequency_hz, permittivity, polarisation, ground_distance_m, k, earth_radius_m
        As in `smooth_earth_loss_db`.
    height1_m, height2_m : float
        Heights above the sphere. [m]
    n_modes : int
        Modes added, up to 1000.

    Returns
    -------
    array
        Field over that in free space, one way. [voltage ratio]

    Raises
    ------
    ValueError
        If an argument is outside its domain, or at a distance so far inside the horizon that the modes cancel to fewer
        than four digits or ``n_modes`` do not suffice; `two_ray_spherical` holds there.

    Notes
    -----
    Slow (milliseconds) and exact to the parabolic approximation of the wave equation, in lobes, horizon and shadow
    alike: the standard that the quick forms are judged by.

    References
    ----------
    Fock, *Electromagnetic Diffraction and Propagation Problems*, 1965, ch. 10 (V of x, y1, y2, q); Kerr, 1951,
    section 2.11.
    """
    frequency = float(within("frequency_hz", frequency_hz, above=0.0))
    ground = within("ground_distance_m", ground_distance_m, above=0.0)
    radius = float(within("k", k, above=0.0)) * float(within("earth_radius_m", earth_radius_m, above=0.0))
    h1, h2 = float(within("height1_m", height1_m, least=0.0)), float(within("height2_m", height2_m, least=0.0))
    n_modes = count("n_modes", n_modes)
    if n_modes > 1000:
        raise ValueError(f"n_modes must be at most 1000, got {n_modes!r}")
    fresnel_reflection(0.0, permittivity, polarisation)
    wave = 2.0 * np.pi * frequency / C_MPS
    m = (0.5 * wave * radius) ** (1.0 / 3.0)
    eps = np.conj(complex(permittivity))  # Fock's time runs as exp(-j omega t)
    q = 1j * m * np.sqrt(eps - 1.0) / (1.0 if polarised(polarisation) == "H" else eps)
    t = -special.ai_zeros(n_modes)[0] * np.exp(1j * np.pi / 3.0)  # q infinite; then led to the true q
    for share in np.linspace(0.05, 1.0, 20):
        for _ in range(5):
            value, slope, _ = _fock(t)
            t = t - (value - share / q * slope) / (slope - share / q * t * value)
    value, slope, log0 = _fock(t)
    top1, _, log1 = _fock(t - wave * h1 / m)
    top2, _, log2 = _fock(t - wave * h2 / m)
    x = m * ground[..., None] / radius
    terms = np.exp(1j * x * t + log1 + log2 - 2.0 * log0) * top1 * top2 / (t * value * value - slope * slope)
    total = np.abs(terms.sum(axis=-1))
    size, factor = np.abs(terms), 2.0 * np.sqrt(np.pi * x[..., 0]) * total
    if not np.all((size.max(axis=-1) < 1e6 * total) & (size[..., -1] < 1e-5 * total) & (factor < 2.5)):
        raise ValueError(
            "ground_distance_m is too far inside the horizon for the modes (more n_modes may help; two_ray_spherical "
            "holds there)"
        )
    return factor


def fresnel_v(
    height_m: ArrayLike, distance1_m: ArrayLike, distance2_m: ArrayLike, wavelength_m: ArrayLike
) -> FloatArray:
    """Diffraction parameter of a knife edge.

    Parameters
    ----------
    height_m : array_like
        Height of the edge above the straight line between the ends, negative below it. [m]
    distance1_m, distance2_m : array_like
        From the edge to the ends, above 0. [m]
    wavelength_m : array_like
        Wavelength. [m]

    Returns
    -------
    array
        ``h sqrt(2 (1/d1 + 1/d2) / lambda)``. [1]

    Raises
    ------
    ValueError
        If an argument is outside its domain or the shapes do not broadcast.

    References
    ----------
    ITU-R P.526-15, 2019, annex 1, eq. (26).
    """
    agree(height_m=height_m, distance1_m=distance1_m, distance2_m=distance2_m, wavelength_m=wavelength_m)
    d1, d2 = within("distance1_m", distance1_m, above=0.0), within("distance2_m", distance2_m, above=0.0)
    wavelength = within("wavelength_m", wavelength_m, above=0.0)
    return within("height_m", height_m) * np.sqrt(2.0 / wavelength * (1.0 / d1 + 1.0 / d2))


def fresnel_radius_m(distance1_m: ArrayLike, distance2_m: ArrayLike, wavelength_m: ArrayLike, n: int = 1) -> FloatArray:
    """Radius of the n-th Fresnel ellipsoid.

    Parameters
    ----------
    distance1_m, distance2_m : array_like
        From the point to the ends, above 0. [m]
    wavelength_m : array_like
        Wavelength. [m]
    n : int
        Number of the ellipsoid, at least 1.

    Returns
    -------
    array
        ``sqrt(n lambda d1 d2 / (d1 + d2))``. [m]

    Raises
    ------
    ValueError
        If an argument is outside its domain or the shapes do not broadcast.

    References
    ----------
    ITU-R P.526-15, 2019, annex 1, eq. (2).
    """
    agree(distance1_m=distance1_m, distance2_m=distance2_m, wavelength_m=wavelength_m)
    d1, d2 = within("distance1_m", distance1_m, above=0.0), within("distance2_m", distance2_m, above=0.0)
    return np.sqrt(count("n", n) * within("wavelength_m", wavelength_m, above=0.0) * d1 * d2 / (d1 + d2))


def knife_edge_loss_db(v: ArrayLike) -> FloatArray:
    """Loss of a knife edge, exact.

    Parameters
    ----------
    v : array_like
        Diffraction parameter, see `fresnel_v`; negative in the light. [1]

    Returns
    -------
    array
        Loss against free space, negative where the edge adds up (at most 1.4 dB). [dB]

    Raises
    ------
    ValueError
        If ``v`` is not finite.

    Notes
    -----
    ``-20 log10(abs(erfc(z)) / 2)`` with ``z = sqrt(pi / 2) exp(j pi / 4) v``: the Fresnel integrals in a form that
    keeps its digits deep in the shadow.

    References
    ----------
    ITU-R P.526-15, 2019, annex 1, eq. (30).

    Examples
    --------
    >>> knife_edge_loss_db([0.0, 1.0, 2.4]).round(2)
    array([ 6.02, 13.86, 20.62])
    """
    z = np.sqrt(0.5 * np.pi) * np.exp(0.25j * np.pi) * within("v", v)
    return -20.0 * np.log10(0.5 * np.abs(special.wofz(1j * z)))


def knife_edge_p526_db(v: ArrayLike) -> FloatArray:
    """Loss of a knife edge, the Recommendation's approximation.

    Parameters
    ----------
    v : array_like
        Diffraction parameter, see `fresnel_v`. [1]

    Returns
    -------
    array
        ``6.9 + 20 log10(sqrt((v - 0.1)**2 + 1) + v - 0.1)`` above v = -0.78, else 0. [dB]

    Raises
    ------
    ValueError
        If ``v`` is not finite.

    References
    ----------
    ITU-R P.526-15, 2019, annex 1, eq. (31).

    Examples
    --------
    >>> knife_edge_p526_db([-1.0, 0.0, 1.0]).round(2)
    array([ 0.  ,  6.03, 13.93])
    """
    x = within("v", v) - 0.1
    return np.where(x > -0.88, 6.9 + 20.0 * np.log10(np.sqrt(x * x + 1.0) + np.maximum(x, -0.88)), 0.0)


@dataclass(frozen=True, kw_only=True, eq=False)
class BlakeChart:
    """Numbers of a range-height chart; drawing is the report's."""

    range_m: FloatArray
    """(r,) slant ranges. [m]"""
    height_m: FloatArray
    """(h,) heights above the ground. [m]"""
    factor: FloatArray
    """(h, r) one-way propagation factor, pattern included; 0 where a slant range is shorter than the height. [1]"""
    margin_db: FloatArray
    """(h, r) SNR over the required one, -inf where ``factor`` is 0; its 0 dB contour is the coverage. [dB]"""
    elevation_rad: FloatArray
    """(e,) elevations of the chart's rays at the antenna. [rad]"""
    ray_height_m: FloatArray
    """(e, r) height of each ray over slant range. [m]"""


def blake_chart(
    surface: Surface,
    frequency_hz: float,
    polarisation: Polarisation,
    height1_m: float,
    *,
    free_space_range_m: float,
    range_m: ArrayLike,
    height_m: ArrayLike,
    elevation_rad: ArrayLike = (0.0, 0.00873, 0.01745, 0.03491, 0.05236, 0.08727, 0.17453),
    k: float = K_STANDARD,
    earth_radius_m: float = MEAN_RADIUS_M,
    pattern: Pattern | None = None,
) -> BlakeChart:
    """Range-height coverage with lobes: a Blake chart as numbers.

    Parameters
    ----------
    surface, frequency_hz, polarisation, height1_m, k, earth_radius_m, pattern
        As in `two_ray_spherical`.
    free_space_range_m : float
        Range at which a target in the peak of the pattern in free space is just detected, e.g. of
        `radar.detection_range`. [m]
    range_m, height_m : (r,), (h,) array_like
        Axes of the chart: slant ranges above 0 and heights at least 0. [m]
    elevation_rad : (e,) array_like
        Elevations of the rays to draw, from 0. [rad]

    Returns
    -------
    BlakeChart
        Factor and margin on the grid, and the rays.

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    Notes
    -----
    The margin is ``40 log10(F free_space_range / range)``.

    References
    ----------
    Blake, NRL Report 7098, 1970; Barton, *Radar Equations for Modern Radar*, 2013, ch. 8.
    """
    slant, height = within("range_m", range_m, above=0.0), within("height_m", height_m, least=0.0)
    reach = float(within("free_space_range_m", free_space_range_m, above=0.0))
    own = float(within("height1_m", height1_m, least=0.0, remedy="above the ground"))
    elevation = within("elevation_rad", elevation_rad, least=-0.5 * np.pi, most=0.5 * np.pi, remedy="radians")
    if slant.ndim != 1 or height.ndim != 1 or elevation.ndim != 1:
        raise ValueError("range_m, height_m and elevation_rad are one axis each")
    radius = float(within("k", k, above=0.0)) * float(within("earth_radius_m", earth_radius_m, above=0.0))
    gap = height[:, None] - own
    sine2 = (slant**2 - gap**2) / (4.0 * (radius + own) * (radius + height[:, None]))
    exists = (sine2 >= 0.0) & (sine2 <= 1.0)
    ground = 2.0 * radius * np.arcsin(np.sqrt(np.clip(sine2, 0.0, 1.0)))
    factor = propagation_factor(
        surface, frequency_hz, polarisation, own, height[:, None], ground, k=k, earth_radius_m=earth_radius_m,
        pattern=pattern,
    )  # fmt: skip
    factor = np.where(exists, factor, 0.0)
    with np.errstate(divide="ignore"):
        margin = 40.0 * np.log10(factor * reach / slant)
    start = radius + own
    rise = slant * (slant + 2.0 * start * np.sin(elevation[:, None]))
    return BlakeChart(
        range_m=slant,
        height_m=height,
        factor=factor,
        margin_db=margin,
        elevation_rad=elevation,
        ray_height_m=own + rise / (np.sqrt(start * start + rise) + start),
    )


_ROWS = ("excess_m", "grazing_rad", "divergence", "elevation_rad", "elevation_mirrored_rad")
_LEAST = 1e-9
# Chosen against `residue_factor` on 110 cases (150 MHz to 10 GHz, 5 m to 10 km): least of the greatest errors
_LOBES_GRAZING, _LOBES_EXCESS, _SHADOW = 1.2, 0.2, 0.6


def _flat(**named: FloatArray) -> tuple[tuple[int, ...], list[FloatArray]]:
    """Shape of the result, and each argument in one dimension: whole, or one number."""
    spread = together(**named)
    # copies, so that the kernels meet one kind of array: writeable, in one piece
    return spread[0].shape, [
        np.array(arg if arg.size == 1 else whole, order="C").reshape(-1)
        for arg, whole in zip(named.values(), spread, strict=True)
    ]


def _mix(
    surface: Surface, frequency_hz: float, polarisation: Polarisation, rays: TwoRays, pattern: Pattern | None
) -> ComplexArray:
    """Field of both rays over that of the direct one; 0 where the divergence is 0."""
    mirrored = surface.reflection(frequency_hz, rays.grazing_rad, polarisation) * rays.divergence
    mirrored *= np.exp(-2j * np.pi * frequency_hz / C_MPS * rays.excess_m)
    if pattern is None:
        mirrored += rays.divergence > 0.0
        return mirrored
    direct = np.asarray(pattern(rays.elevation_rad)) * (rays.divergence > 0.0)
    return direct + mirrored * pattern(rays.elevation_mirrored_rad)


def _first_mode_db(
    wavelength_m: float,
    permittivity: complex,
    polarisation: Polarisation,
    height1_m: FloatArray,
    height2_m: FloatArray,
    ground_m: FloatArray,
    radius_m: FloatArray,
) -> FloatArray:
    """Loss of P.526-15, section 3.1.1, in SI units; at least 0. [dB]"""  # noqa: D400, D415
    admittance = (wavelength_m / (2.0 * np.pi * radius_m)) ** (1.0 / 3.0) / np.sqrt(abs(permittivity - 1.0))
    beta = 1.0
    if polarised(polarisation) == "V":
        admittance = admittance * abs(permittivity)
        k2 = admittance * admittance
        beta = (1.0 + 1.6 * k2 + 0.67 * k2 * k2) / (1.0 + 4.5 * k2 + 1.53 * k2 * k2)
    x = beta * (np.pi / (wavelength_m * radius_m**2)) ** (1.0 / 3.0) * ground_m
    far = np.where(x >= 1.6, 11.0 + 10.0 * np.log10(x) - 17.6 * x, -20.0 * np.log10(x) - 5.6488 * x**1.425)
    floor = 2.0 + 20.0 * np.log10(admittance)
    for height in (height1_m, height2_m):
        b = beta * beta * 2.0 * (np.pi**2 / (wavelength_m**2 * radius_m)) ** (1.0 / 3.0) * height
        over = np.maximum(b, 2.0) - 1.1
        low = np.maximum(b, 1e-6)
        gain = np.where(b > 2.0, 17.6 * np.sqrt(over) - 5.0 * np.log10(over) - 8.0, 20.0 * np.log10(low + 0.1 * low**3))
        far = far + np.maximum(gain, floor)
    return np.maximum(-far, 0.0)


def _fock(t: ComplexArray) -> tuple[ComplexArray, ComplexArray, ComplexArray]:
    """Fock's Airy function w1 and its slope, both over the exponential of the third value."""
    turned = t * np.exp(2j * np.pi / 3.0)
    value, slope, _, _ = special.airye(turned)
    scale = 2.0 * np.sqrt(np.pi) * np.exp(1j * np.pi / 6.0)
    return scale * value, scale * np.exp(2j * np.pi / 3.0) * slope, -2.0 / 3.0 * turned * np.sqrt(turned)


def _dip(x: FloatArray) -> FloatArray:
    """acos(1 / (1 + x)), accurate for small x."""  # noqa: D403
    return np.arctan(np.sqrt(x * (2.0 + x)))
