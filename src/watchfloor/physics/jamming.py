r"""Noise jamming: how far it raises a radar's noise, and how near a target must come to be seen through it.

Power level only: an emitter is its effective radiated power and bandwidth, the radar's antenna a pattern ratio in the
emitter's direction. Jamming is noise to the radar; the emitters' shares add, and so they add to clutter.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from watchfloor.base.units import BOLTZMANN_JPK, FloatArray
from watchfloor.physics._domain import agree, within

if TYPE_CHECKING:
    from watchfloor.physics.radar import Radar


def jam_to_noise(
    radar: Radar,
    range_m: ArrayLike,
    *,
    erp_w: ArrayLike,
    bandwidth_hz: ArrayLike,
    pattern: ArrayLike = 1.0,
    losses: ArrayLike = 1.0,
) -> FloatArray:
    r"""Jamming over noise in a radar's receiver, one emitter.

    Parameters
    ----------
    radar : Radar
        The radar that is jammed.
    range_m : array_like
        Range of the emitter, above 0. [m]
    erp_w : array_like
        Effective radiated power towards the radar (power times gain), at least 0. [W]
    bandwidth_hz : array_like
        Band over which the power is spread evenly and which holds the radar's own, above 0. [Hz]
    pattern : array_like
        One-way power pattern of the radar's receiving beam in the emitter's direction, relative to its peak
        (`antenna.taper_pattern`), at least 0; 1 in the main beam. [power ratio]
    losses : array_like
        One-way loss in the atmosphere, and of polarisation (2 of a linear emitter slanted against a linear radar), at
        least 1; not the radar's own, which takes noise and jamming alike. [power ratio]

    Returns
    -------
    array
        Jamming over the system's noise at the antenna's terminals: the ratio at the detector too, whatever the
        processing, as both are noise. [power ratio]

    Raises
    ------
    ValueError
        If an argument is outside its domain or the shapes do not broadcast.

    Notes
    -----
    :math:`\frac JN=\frac{\mathrm{ERP}}{\max(B_j,B)}\,\frac{G_r\lambda^2\,p}{(4\pi R)^2\,L\,kT_s}`. An emitter narrower
    than the radar's band fills it only in part; its power then counts whole. Sum several emitters' ratios; the
    signal-to-noise ratio falls as in `snr_jammed`.

    References
    ----------
    Barton, *Radar Equations for Modern Radar*, 2013, section 3.6 (noise jamming); Skolnik, *Introduction to Radar
    Systems*, 2nd ed., 1980, section 14.5.
    """
    agree(range_m=range_m, erp_w=erp_w, bandwidth_hz=bandwidth_hz, pattern=pattern, losses=losses)
    distance = within("range_m", range_m, above=0.0)
    erp = within("erp_w", erp_w, least=0.0, remedy="decibels?")
    band = np.maximum(within("bandwidth_hz", bandwidth_hz, above=0.0), radar.bandwidth_hz)
    ratio = within("pattern", pattern, least=0.0, remedy="decibels?")
    loss = within("losses", losses, least=1.0, remedy="decibels?")
    noise_wphz = BOLTZMANN_JPK * radar.noise_temperature_k
    gain = radar.antenna.gain_rx * (radar.wavelength_m / (4.0 * math.pi)) ** 2
    return erp / band * (gain / noise_wphz) * ratio / (distance**2 * loss)


def snr_jammed(snr: ArrayLike, jam_to_noise: ArrayLike) -> FloatArray:
    r"""Signal over noise and jamming.

    Parameters
    ----------
    snr : array_like
        Signal-to-noise ratio without jamming, at least 0. [power ratio]
    jam_to_noise : array_like
        Sum over the emitters, at least 0. [power ratio]

    Returns
    -------
    array
        :math:`\mathrm{SNR}/(1+J/N)`. [power ratio]

    Raises
    ------
    ValueError
        If an argument is negative or not finite.

    Notes
    -----
    Holds for jamming that is white over the radar's band and lasts for the look.

    References
    ----------
    Barton, *Radar Equations for Modern Radar*, 2013, section 3.6.

    Examples
    --------
    >>> float(snr_jammed(100.0, 9.0))
    10.0
    """
    agree(snr=snr, jam_to_noise=jam_to_noise)
    jam = within("jam_to_noise", jam_to_noise, least=0.0, remedy="decibels?")
    return within("snr", snr, least=0.0, remedy="decibels?") / (1.0 + jam)


def jam_to_signal(
    radar: Radar,
    target_range_m: ArrayLike,
    sigma_m2: ArrayLike,
    jam_to_noise: ArrayLike,
) -> FloatArray:
    r"""Jamming over the signal of a target, at the detector.

    Parameters
    ----------
    radar : Radar
        The radar.
    target_range_m : array_like
        Range of the target, above 0. [m]
    sigma_m2 : array_like
        Its radar cross-section, above 0. [m2]
    jam_to_noise : array_like
        Sum over the emitters, at least 0 (`jam_to_noise`). [power ratio]

    Returns
    -------
    array
        Ratio; the signal counts with all of the radar's coherent processing. [power ratio]

    Raises
    ------
    ValueError
        If an argument is outside its domain or the shapes do not broadcast.

    References
    ----------
    Adamy, *EW 101: A First Course in Electronic Warfare*, 2001, ch. 9 (J/S, there before the processing).

    Notes
    -----
    No gas; put its loss into the cross-section.
    """
    agree(target_range_m=target_range_m, sigma_m2=sigma_m2, jam_to_noise=jam_to_noise)
    slant = within("target_range_m", target_range_m, above=0.0)
    sigma = within("sigma_m2", sigma_m2, above=0.0, remedy="decibels?")
    jam = within("jam_to_noise", jam_to_noise, least=0.0, remedy="decibels?")
    return jam * slant**4 / (radar.snr_1m2_1m * sigma)


def burn_through_range_m(
    radar: Radar,
    sigma_m2: ArrayLike,
    snr_needed: ArrayLike,
    *,
    erp_w: ArrayLike = 0.0,
    bandwidth_hz: ArrayLike = 1.0,
    losses: ArrayLike = 1.0,
    other_jam_to_noise: ArrayLike = 0.0,
) -> FloatArray:
    r"""Range at which a target that carries an emitter is seen through its noise.

    Parameters
    ----------
    radar : Radar
        The radar; its beam looks at the target.
    sigma_m2 : array_like
        The target's radar cross-section, at least 0. [m2]
    snr_needed : array_like
        Signal over noise and jamming that the detection needs (`detection.required_snr`), above 0. [power ratio]
    erp_w, bandwidth_hz, losses : array_like
        Of the emitter on the target, as in `jam_to_noise`; 0 W for none (a target behind others' jamming only).
        [W, Hz, power ratio]
    other_jam_to_noise : array_like
        Sum over the emitters elsewhere (stand-off, escort), at least 0; held fixed. [power ratio]

    Returns
    -------
    array
        Range. Farther off the target hides, nearer it is seen. [m]

    Raises
    ------
    ValueError
        If an argument is outside its domain or the shapes do not broadcast.

    Notes
    -----
    With :math:`S=\mathrm{SNR}(1\,\mathrm m)\sigma` and :math:`J=(J/N)(1\,\mathrm m)`, the root of
    :math:`S/R^4=D\,(1+K+J/R^2)`, exact with noise: :math:`R^2=[\sqrt{D^2J^2+4DS(1+K)}-DJ]/2D(1+K)`. No gas, no
    horizon. Without noise it is the textbook's :math:`R=\sqrt{S/DJ}`, self-screening; without the target's own
    emitter :math:`[S/D(1+K)]^{1/4}`, stand-off.

    References
    ----------
    Barton, *Radar Equations for Modern Radar*, 2013, section 3.6; Skolnik, *Introduction to Radar Systems*, 2nd ed.,
    1980, section 14.5 (self-screening range).

    Examples
    --------
    >>> from watchfloor.physics.radar import Radar
    >>> radar = Radar.of(frequency_hz=3e9, peak_power_w=1e5, pulse_width_s=1e-5, bandwidth_hz=1e6, n_coherent=8,
    ...     n_pulses=1, gain_tx=3000.0, gain_rx=3000.0, noise_temperature_k=600.0, losses=10.0,
    ...     beamwidth_azimuth_rad=0.03, beamwidth_elevation_rad=0.05, elevation_min_rad=0.0, elevation_max_rad=0.5,
    ...     period_s=10.0, pfa=1e-6, range_min_m=1e3, range_max_m=3e5, range_rate_max_mps=700.0,
    ...     measures_elevation=True, measures_range_rate=True)
    >>> clear, jammed = burn_through_range_m(radar, 2.0, 20.0, erp_w=[0.0, 10.0], bandwidth_hz=50e6)
    >>> round(float(clear) / 1e3, 1), round(float(jammed) / 1e3, 1)
    (144.6, 9.8)
    """
    agree(
        sigma_m2=sigma_m2,
        snr_needed=snr_needed,
        erp_w=erp_w,
        bandwidth_hz=bandwidth_hz,
        losses=losses,
        other_jam_to_noise=other_jam_to_noise,
    )
    signal = radar.snr_1m2_1m * within("sigma_m2", sigma_m2, least=0.0, remedy="decibels?")
    needed = within("snr_needed", snr_needed, above=0.0, remedy="decibels?")
    background = 1.0 + within("other_jam_to_noise", other_jam_to_noise, least=0.0, remedy="decibels?")
    own = jam_to_noise(radar, 1.0, erp_w=erp_w, bandwidth_hz=bandwidth_hz, losses=losses)
    # the root of a quadratic in the square of range, in the form that does not cancel
    return np.sqrt(2.0 * signal / (needed * own + np.sqrt((needed * own) ** 2 + 4.0 * needed * signal * background)))


def crossover_range_m(
    radar: Radar, sigma_m2: ArrayLike, *, erp_w: ArrayLike, bandwidth_hz: ArrayLike, losses: ArrayLike = 1.0
) -> FloatArray:
    r"""Range at which the echo of a target that carries an emitter equals its noise, at the detector.

    Parameters
    ----------
    radar : Radar
        The radar; its beam looks at the target.
    sigma_m2 : array_like
        The target's radar cross-section, at least 0. [m2]
    erp_w, bandwidth_hz, losses : array_like
        Of the emitter, as in `jam_to_noise`; power above 0. [W, Hz, power ratio]

    Returns
    -------
    array
        :math:`\sqrt{S/J}`, thermal noise left out. [m]

    Raises
    ------
    ValueError
        If an argument is outside its domain or the shapes do not broadcast.

    Notes
    -----
    The signal counts with the radar's coherent processing, so that for one pulse without compression this is the
    textbook's crossover.

    References
    ----------
    Mahafza, *Radar Systems Analysis and Design Using MATLAB*, 3rd ed., 2013, section 3.4 (self-screening jammers).
    """
    agree(sigma_m2=sigma_m2, erp_w=erp_w, bandwidth_hz=bandwidth_hz, losses=losses)
    power = within("erp_w", erp_w, above=0.0, remedy="decibels?")
    own = jam_to_noise(radar, 1.0, erp_w=power, bandwidth_hz=bandwidth_hz, losses=losses)
    return np.sqrt(radar.snr_1m2_1m * within("sigma_m2", sigma_m2, least=0.0, remedy="decibels?") / own)
