r"""Clutter: how strongly land, sea and rain echo, how much of them a cell holds; its statistics and its cancellation.

The echo of a cell is a cross-section, :math:`\sigma^0A` of a surface or :math:`\eta V` of a volume, and its
clutter-to-noise ratio is `radar.snr` of it. The laws of clutter power stand in `clutter_law`, spectra, filters and
ambiguities in `mti`; both are at hand here too.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from watchfloor.base.units import C_MPS, FloatArray
from watchfloor.physics._domain import agree, polarised, within
from watchfloor.physics.clutter_law import (
    RAYLEIGH,
    Law,
    compound_pd,
    compound_pfa,
    compound_threshold,
    density,
    effective_shape,
    exceedance,
    fit,
    multiplier,
    sample,
    texture,
)
from watchfloor.physics.mti import (
    blind_speeds_mps,
    canceller_weights,
    clear,
    correlation,
    covariance,
    filter_improvement,
    filter_response,
    fold_range,
    fold_velocity,
    mti_improvement,
    mti_improvement_narrow,
    optimum_improvement,
    range_visible,
    resolve,
    scanning_spread_mps,
    signal,
    stagger_blind_speed_mps,
    stagger_response,
    unambiguous_range_m,
    windblown_spread_mps,
    windblown_steady_ratio,
)
from watchfloor.physics.propagation import K_STANDARD, MEAN_RADIUS_M

__all__ = [
    "BEAM_SHAPE_LOSS",
    "LAND_GAMMA_DB",
    "RAYLEIGH",
    "Law",
    "blind_speeds_mps",
    "canceller_weights",
    "cell_area_m2",
    "cell_volume_m3",
    "clear",
    "compound_pd",
    "compound_pfa",
    "compound_threshold",
    "correlation",
    "covariance",
    "density",
    "effective_shape",
    "exceedance",
    "filter_improvement",
    "filter_response",
    "fit",
    "fold_range",
    "fold_velocity",
    "grazing_angle_rad",
    "land_gamma_db",
    "mti_improvement",
    "mti_improvement_narrow",
    "multiplier",
    "optimum_improvement",
    "rain_reflectivity",
    "range_visible",
    "resolve",
    "sample",
    "scanning_spread_mps",
    "sigma0_constant_gamma",
    "sigma0_nrl_sea",
    "signal",
    "stagger_blind_speed_mps",
    "stagger_response",
    "texture",
    "unambiguous_range_m",
    "weather_reflectivity",
    "windblown_spread_mps",
    "windblown_steady_ratio",
]

LAND_GAMMA_DB: dict[str, float] = {
    "flatland": -20.0,
    "farmland": -15.0,
    "woods": -15.0,
    "wooded hills": -10.0,
    "mountains": 0.0,
    "city": 0.0,
}
"""Gamma by kind of land at 10 GHz: flatland, farmland and wooded hills by Nathanson, Reilly & Cohen, *Radar Design
Principles*, 2nd ed., 1999; the others by Long, *Radar Reflectivity of Land and Sea*, 3rd ed., 2001; all rounded to 5 dB
there. A given place may be 5 to 10 dB off. [dB]"""

_SEA = {  # c1 to c5
    "H": (-73.0, 20.781, 7.351, 25.65, 0.0054),
    "V": (-50.796, 25.93, 0.7093, 21.588, 0.00211),
}

BEAM_SHAPE_LOSS = math.sqrt(8.0 * math.log(2.0) / math.pi)
"""Half-power beamwidth over the width of a rectangle that holds as much two-way power, Gaussian beam: 1.329. [1]"""


def land_gamma_db(terrain: str, *, frequency_hz: ArrayLike = 10e9) -> FloatArray:
    r"""Gamma of a kind of land.

    Parameters
    ----------
    terrain : str
        Key of `LAND_GAMMA_DB`.
    frequency_hz : array_like
        Carrier frequency, above 0. [Hz]

    Returns
    -------
    array
        Gamma. [dB]

    Raises
    ------
    ValueError
        If the terrain is unknown or the frequency not above 0.

    Notes
    -----
    :math:`\gamma(10\,\mathrm{GHz})+5\lg(f/10\,\mathrm{GHz})`, the square root of frequency. Measured means from VHF to
    X band vary with terrain in either sense (Billingsley), so trust it near X band, and to 5 to 10 dB elsewhere.

    References
    ----------
    As `LAND_GAMMA_DB`; Barton, "Land clutter models for radar design and analysis", *Proc. IEEE* 73 (2), 1985,
    pp. 198-204; Billingsley, *Low-Angle Radar Land Clutter*, 2002.

    Examples
    --------
    >>> float(land_gamma_db("woods", frequency_hz=1e9))
    -20.0
    """
    if terrain not in LAND_GAMMA_DB:
        raise ValueError(f"terrain must be one of {', '.join(LAND_GAMMA_DB)}, got {terrain!r}")
    return LAND_GAMMA_DB[terrain] + 5.0 * np.log10(within("frequency_hz", frequency_hz, above=0.0) / 10e9)


def sigma0_constant_gamma(grazing_rad: ArrayLike, gamma_db: ArrayLike) -> FloatArray:
    r"""Reflectivity of land by the constant-gamma model.

    Parameters
    ----------
    grazing_rad : array_like
        Grazing angle, 0 to pi/2. [rad]
    gamma_db : array_like
        Gamma (`land_gamma_db`). [dB]

    Returns
    -------
    array
        :math:`\sigma^0=\gamma\sin\psi`, cross-section over area of the ground. [1]

    Raises
    ------
    ValueError
        If the angle is outside its domain or gamma is not finite.

    Notes
    -----
    A mean, from some degrees to about 60. Lower down the ground masks itself and multipath takes echo away, so the
    model is an upper bound there; near 90 degrees flat ground reflects far more.

    References
    ----------
    Barton, *Proc. IEEE* 73 (2), 1985, pp. 198-204; Skolnik, *Introduction to Radar Systems*, 3rd ed., 2001, section
    7.3.

    Examples
    --------
    >>> float(sigma0_constant_gamma(np.radians(30.0), -10.0).round(12))
    0.05
    """
    agree(grazing_rad=grazing_rad, gamma_db=gamma_db)
    grazing = within("grazing_rad", grazing_rad, least=0.0, most=0.5 * math.pi, remedy="degrees?")
    return 10.0 ** (0.1 * within("gamma_db", gamma_db)) * np.sin(grazing)


def sigma0_nrl_sea(
    frequency_hz: ArrayLike, grazing_rad: ArrayLike, sea_state: ArrayLike, *, polarisation: str = "hh"
) -> FloatArray:
    r"""Reflectivity of the sea by the NRL model.

    Parameters
    ----------
    frequency_hz : array_like
        Carrier frequency, 0.5 to 35 GHz. [Hz]
    grazing_rad : array_like
        Grazing angle, 0.1 to 60 degrees. [rad]
    sea_state : array_like
        Sea state as in Nathanson's tables (Douglas), 0 to 6, fractions allowed. [1]
    polarisation : str
        ``hh`` or ``vv``, in any case, doubled or not.

    Returns
    -------
    array
        :math:`\sigma^0`, cross-section over area, mean over the directions of the wind. [1]

    Raises
    ------
    ValueError
        If an argument is outside the domain of the fit.

    Notes
    -----
    In decibels, :math:`\alpha` in degrees and f in gigahertz, :math:`c_1+c_2\lg\sin\alpha+(27.5+c_3\alpha)\lg f/
    (1+0.95\alpha)+c_4(1+S)^{1/(2+0.085\alpha+0.033S)}+c_5\alpha^2`, with the coefficients of the report's program
    listing, which carries a digit more than its table. It misses the measurements by 2.3 dB (HH) and 2.2 dB (VV) on
    average up to 10 degrees, 2.6 dB up to 60. The measurements hold propagation over the sea: no multipath on top.

    References
    ----------
    Gregers-Hansen & Mital, *An Improved Empirical Model for Radar Sea Clutter Reflectivity*, NRL/MR/5310-12-9346,
    2012, eq. 7, table 1 and appendix B; the same, *IEEE Trans. Aerosp. Electron. Syst.* 48 (4), 2012, pp. 3512-3524.

    Examples
    --------
    >>> float(sigma0_nrl_sea(30e9, np.radians(10.0), 2.0).round(8))
    0.00021555
    """
    agree(frequency_hz=frequency_hz, grazing_rad=grazing_rad, sea_state=sea_state)
    c1, c2, c3, c4, c5 = _SEA[polarised(polarisation)]
    log_f = np.log10(1e-9 * within("frequency_hz", frequency_hz, least=0.5e9, most=35e9))
    lowest, highest = math.radians(0.1) * (1.0 - 1e-12), math.radians(60.0) * (1.0 + 1e-12)
    grazing = within("grazing_rad", grazing_rad, least=lowest, most=highest, remedy="0.1 to 60 degrees, in radians")
    state = within("sea_state", sea_state, least=0.0, most=6.0)
    alpha = np.degrees(grazing)
    level_db = (
        c1
        + c2 * np.log10(np.sin(grazing))
        + (27.5 + c3 * alpha) * log_f / (1.0 + 0.95 * alpha)
        + c4 * (1.0 + state) ** (1.0 / (2.0 + 0.085 * alpha + 0.033 * state))
        + c5 * alpha * alpha
    )
    return 10.0 ** (0.1 * level_db)


def rain_reflectivity(rain_rate_mmph: ArrayLike, *, a: float = 200.0, b: float = 1.6) -> FloatArray:
    r"""Reflectivity factor of rain.

    Parameters
    ----------
    rain_rate_mmph : array_like
        Rain rate, at least 0. [mm/h]
    a, b : float
        Coefficients of :math:`Z=aR^b`: 200 and 1.6 of steady rain (Marshall & Palmer), 300 and 1.4 of the US network,
        486 and 1.37 of thunderstorms, above 0.

    Returns
    -------
    array
        Z; ten times its decimal logarithm is dBZ. [mm6/m3]

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    References
    ----------
    Marshall & Palmer, *J. Meteor.* 5, 1948, pp. 165-166; Battan, *Radar Observation of the Atmosphere*, 1973, table
    7.1; Doviak & Zrnic, *Doppler Radar and Weather Observations*, 2nd ed., 1993, section 8.4.

    Examples
    --------
    >>> float(np.round(10 * np.log10(rain_reflectivity(1.0)), 1))
    23.0
    """
    rate = within("rain_rate_mmph", rain_rate_mmph, least=0.0)
    return float(within("a", a, above=0.0)) * rate ** float(within("b", b, above=0.0))


def weather_reflectivity(
    frequency_hz: ArrayLike, reflectivity_mm6pm3: ArrayLike, *, dielectric: float = 0.93
) -> FloatArray:
    r"""Cross-section of a cubic metre of rain, snow or cloud.

    Parameters
    ----------
    frequency_hz : array_like
        Carrier frequency, above 0; below about 15 GHz, where drops are small against the wavelength. [Hz]
    reflectivity_mm6pm3 : array_like
        Reflectivity factor Z, at least 0 (`rain_reflectivity`). [mm6/m3]
    dielectric : float
        :math:`|K|^2`: 0.93 of water, 0.197 of ice. [1]

    Returns
    -------
    array
        :math:`\eta=\pi^5|K|^2Z/\lambda^4`. [1/m]

    Raises
    ------
    ValueError
        If an argument is outside its domain or the shapes do not broadcast.

    Notes
    -----
    Linear polarisation. Circular polarisation (the same sense both ways) takes 15 to 25 dB off rain, and some dB off
    aircraft.

    References
    ----------
    Doviak & Zrnic, *Doppler Radar and Weather Observations*, 2nd ed., 1993, section 4.4; Richards, *Fundamentals of
    Radar Signal Processing*, 2nd ed., 2014, eq. 2.44; Skolnik, *Introduction to Radar Systems*, 2nd ed., 1980,
    section 13.7 (:math:`7\cdot10^{-12}f^4R^{1.6}`).

    Examples
    --------
    >>> float(np.round(1e12 * weather_reflectivity(1e9, rain_reflectivity(1.0)), 2))
    7.05
    """
    agree(frequency_hz=frequency_hz, reflectivity_mm6pm3=reflectivity_mm6pm3)
    wavelength = C_MPS / within("frequency_hz", frequency_hz, above=0.0)
    z = within("reflectivity_mm6pm3", reflectivity_mm6pm3, least=0.0, remedy="dBZ?")
    return math.pi**5 * float(within("dielectric", dielectric, above=0.0, most=1.0)) * 1e-18 * z / wavelength**4


def grazing_angle_rad(
    height_m: ArrayLike, range_m: ArrayLike, *, effective_radius_m: float = K_STANDARD * MEAN_RADIUS_M
) -> FloatArray:
    r"""Angle at which a ray meets a smooth earth.

    Parameters
    ----------
    height_m : array_like
        Height of the antenna above the surface, above 0. [m]
    range_m : array_like
        Slant range to the surface, at least the height. [m]
    effective_radius_m : float
        Effective earth radius; infinity for a flat earth. [m]

    Returns
    -------
    array
        Grazing angle; negative beyond the horizon, where the surface is not seen. [rad]

    Raises
    ------
    ValueError
        If an argument is outside its domain or the shapes do not broadcast.

    Notes
    -----
    :math:`\sin\psi=\frac hR\left(1+\frac h{2a}\right)-\frac R{2a}`, exact on the sphere.

    References
    ----------
    Blake, *Radar Range-Performance Analysis*, 1980, ch. 5; Nathanson, Reilly & Cohen, *Radar Design Principles*, 2nd
    ed., 1999, section 7.1.

    Examples
    --------
    >>> float(np.degrees(grazing_angle_rad(100.0, 10e3)).round(3))
    0.539
    """
    agree(height_m=height_m, range_m=range_m)
    height = within("height_m", height_m, above=0.0)
    slant = within("range_m", range_m, above=0.0)
    if np.any(slant < height):
        raise ValueError("range_m must be at least height_m: nearer there is no surface")
    if not effective_radius_m > 0.0:
        raise ValueError(f"effective_radius_m must be above 0, got {effective_radius_m!r}")
    bend = 0.5 / effective_radius_m
    return np.arcsin(np.clip(height / slant * (1.0 + height * bend) - slant * bend, -1.0, 1.0))


def cell_area_m2(
    range_m: ArrayLike,
    grazing_rad: ArrayLike,
    *,
    range_cell_m: ArrayLike,
    beamwidth_azimuth_rad: ArrayLike,
    beamwidth_elevation_rad: ArrayLike,
    beam_shape_loss: float = BEAM_SHAPE_LOSS,
) -> FloatArray:
    r"""Area of the surface in one resolution cell, as the beam weights it.

    Parameters
    ----------
    range_m : array_like
        Slant range, above 0. [m]
    grazing_rad : array_like
        Grazing angle, above 0, at most pi/2. [rad]
    range_cell_m : array_like
        Range resolution c/2B, above 0. [m]
    beamwidth_azimuth_rad, beamwidth_elevation_rad : array_like
        Half-power beamwidths, one way, above 0. [rad]
    beam_shape_loss : float
        `BEAM_SHAPE_LOSS` for a Gaussian beam on both ways with the gain of its peak; 1 for the textbook's rectangle
        of the half-power width. At least 1. [1]

    Returns
    -------
    array
        The lesser of :math:`R\,\theta_a\Delta R/(L\cos\psi)` (range-limited) and
        :math:`R^2\theta_a\theta_e/(L^2\sin\psi)` (beam-limited). [m2]

    Raises
    ------
    ValueError
        If an argument is outside its domain or the shapes do not broadcast.

    Notes
    -----
    The beam looks at the cell. For beams of some degrees; within a few per cent of each other the two limits blend,
    and the true area is up to 2 dB below the lesser.

    References
    ----------
    Barton, *Radar Equations for Modern Radar*, 2013, section 3.3; Skolnik, *Introduction to Radar Systems*, 3rd ed.,
    2001, section 7.2.

    Examples
    --------
    >>> area = cell_area_m2(1e3, np.radians(10.0), range_cell_m=1500.0, beamwidth_azimuth_rad=np.radians(1.0),
    ...                     beamwidth_elevation_rad=np.radians(3.0), beam_shape_loss=1.0)
    >>> float(area.round(1))
    5262.7
    """
    agree(
        range_m=range_m,
        grazing_rad=grazing_rad,
        range_cell_m=range_cell_m,
        beamwidth_azimuth_rad=beamwidth_azimuth_rad,
        beamwidth_elevation_rad=beamwidth_elevation_rad,
    )
    slant = within("range_m", range_m, above=0.0)
    grazing = within("grazing_rad", grazing_rad, above=0.0, most=0.5 * math.pi, remedy="degrees?")
    loss = float(within("beam_shape_loss", beam_shape_loss, least=1.0, remedy="decibels?"))
    azimuth = within("beamwidth_azimuth_rad", beamwidth_azimuth_rad, above=0.0, remedy="degrees?") / loss
    elevation = within("beamwidth_elevation_rad", beamwidth_elevation_rad, above=0.0, remedy="degrees?") / loss
    deep = np.minimum(
        within("range_cell_m", range_cell_m, above=0.0) / np.maximum(np.cos(grazing), 1e-12),
        slant * elevation / np.sin(grazing),
    )
    return slant * azimuth * deep


def cell_volume_m3(
    range_m: ArrayLike,
    *,
    range_cell_m: ArrayLike,
    beamwidth_azimuth_rad: ArrayLike,
    beamwidth_elevation_rad: ArrayLike,
    beam_shape_loss: float = BEAM_SHAPE_LOSS,
) -> FloatArray:
    r"""Volume of one resolution cell filled with rain, as the beam weights it.

    Parameters
    ----------
    range_m : array_like
        Slant range, above 0. [m]
    range_cell_m, beamwidth_azimuth_rad, beamwidth_elevation_rad, beam_shape_loss
        As in `cell_area_m2`.

    Returns
    -------
    array
        :math:`R^2\theta_a\theta_e\Delta R/L^2`; with the Gaussian beam's loss
        :math:`\pi R^2\theta_a\theta_e\Delta R/8\ln2`. [m3]

    Raises
    ------
    ValueError
        If an argument is outside its domain or the shapes do not broadcast.

    Notes
    -----
    The rain fills the beam; far out the beam is taller than the rain and the volume less.

    References
    ----------
    Probert-Jones, "The radar equation in meteorology", *Q. J. R. Meteorol. Soc.* 88, 1962, pp. 485-495; Barton, *Radar
    Equations for Modern Radar*, 2013, section 3.5.

    Examples
    --------
    >>> float(cell_volume_m3(1e4, range_cell_m=150.0, beamwidth_azimuth_rad=0.02, beamwidth_elevation_rad=0.02).round())
    3399270.0
    """
    agree(
        range_m=range_m,
        range_cell_m=range_cell_m,
        beamwidth_azimuth_rad=beamwidth_azimuth_rad,
        beamwidth_elevation_rad=beamwidth_elevation_rad,
    )
    loss = float(within("beam_shape_loss", beam_shape_loss, least=1.0, remedy="decibels?"))
    azimuth = within("beamwidth_azimuth_rad", beamwidth_azimuth_rad, above=0.0, remedy="degrees?")
    elevation = within("beamwidth_elevation_rad", beamwidth_elevation_rad, above=0.0, remedy="degrees?")
    slant = within("range_m", range_m, above=0.0)
    return slant**2 * azimuth * elevation * within("range_cell_m", range_cell_m, above=0.0) / loss**2
