"""Error sigmas of range, angle and range rate: Cramer-Rao bounds.

``snr`` here is the energy ratio E/N0 after all coherent integration: the peak power of the matched filter's output
over the mean noise power. The bounds hold above about 13 dB; below, a real estimator is worse (threshold effect), so
`radar.error_sigmas` caps them by the resolution cell.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from watchfloor.base.units import C_MPS, FloatArray
from watchfloor.physics._domain import together, within

_BETA = {"flat": np.pi / np.sqrt(3.0), "gaussian": np.pi / np.sqrt(2.0 * np.log(2.0)), "rms": 2.0 * np.pi}

MONOPULSE_SLOPE = 1.6
"""Normalised error slope of monopulse, Gaussian beam (Barton & Ward, *Handbook of Radar Measurement*, 1969). [1]"""


def sigma_range_m(
    snr: ArrayLike, bandwidth_hz: ArrayLike, *, spectrum: Literal["flat", "gaussian", "rms"] = "flat"
) -> FloatArray:
    r"""Least range error of a pulse.

    Parameters
    ----------
    snr : array_like
        Energy ratio, above 0. [power ratio]
    bandwidth_hz : array_like
        Width of the spectrum, above 0: which width, ``spectrum`` says. [Hz]
    spectrum : {"flat", "gaussian", "rms"}
        ``flat``: full width of an even spectrum (linear FM); ``gaussian``: half-power width of a Gaussian one;
        ``rms``: standard deviation of any (`waveform.rms_bandwidth_hz`).

    Returns
    -------
    array
        Standard deviation of range. [m]

    Raises
    ------
    ValueError
        If an argument is outside its domain or the shapes do not broadcast.

    Notes
    -----
    :math:`\sigma_R = \frac{c}{2}\frac{1}{\beta\sqrt{2\,\mathrm{SNR}}}` with the rms bandwidth in radians a second:
    :math:`\beta = \pi B/\sqrt3` of a rectangle of width B, :math:`\pi B/\sqrt{2\ln2}` of a Gaussian of half-power
    width B, :math:`2\pi B` of an rms width B. A plain pulse of length :math:`\tau` through a receiver of width B has
    :math:`\beta=\sqrt{2B/\tau}`.

    References
    ----------
    Richards, *Fundamentals of Radar Signal Processing*, 2nd ed., 2014, ch. 7; Skolnik, *Introduction to Radar Systems*,
    3rd ed., 2001, ch. 6.

    Examples
    --------
    >>> float(sigma_range_m(100.0, 1e6).round(2))
    5.84
    """
    if spectrum not in _BETA:
        raise ValueError(f"spectrum must be one of {', '.join(_BETA)}, got {spectrum!r}")
    ratio, width = together(
        snr=within("snr", snr, above=0.0, remedy="decibels?"),
        bandwidth_hz=within("bandwidth_hz", bandwidth_hz, above=0.0),
    )
    return 0.5 * C_MPS / (_BETA[spectrum] * width * np.sqrt(2.0 * ratio))


def sigma_angle_rad(
    snr: ArrayLike, beamwidth_rad: ArrayLike, *, slope: float = MONOPULSE_SLOPE, off_axis_rad: ArrayLike = 0.0
) -> FloatArray:
    r"""Angle error of monopulse; on the axis the least there is.

    Parameters
    ----------
    snr : array_like
        Energy ratio in the sum channel, above 0. [power ratio]
    beamwidth_rad : array_like
        Half-power beamwidth, one way, above 0. [rad]
    slope : float
        Normalised error slope, above 0. [1]
    off_axis_rad : array_like
        Angle of the target off the beam's axis, within the main lobe. [rad]

    Returns
    -------
    array
        Standard deviation of angle. [rad]

    Raises
    ------
    ValueError
        If an argument is outside its domain or the shapes do not broadcast.

    Notes
    -----
    :math:`\sigma_\theta = \frac{\theta_3}{k_m\sqrt{2\,\mathrm{SNR}}}\sqrt{1+(k_m\theta/\theta_3)^2}`, the noises of sum
    and difference independent and alike, ``snr`` that of the sum beam at the target. An even aperture of width D has
    :math:`k_m = 1.6`: the bound :math:`\sqrt3\lambda/(\pi D\sqrt{2\,\mathrm{SNR}})`. A beam that sweeps across
    the target and fits a centroid does about as well.

    References
    ----------
    Barton & Ward, *Handbook of Radar Measurement*, 1969, ch. 2; Skolnik, *Introduction to Radar Systems*, 3rd ed.,
    2001, ch. 6.

    Examples
    --------
    >>> float(np.degrees(sigma_angle_rad(100.0, np.radians(2.0))).round(3))
    0.088
    """
    ratio, width, off = together(
        snr=within("snr", snr, above=0.0, remedy="decibels?"),
        beamwidth_rad=within("beamwidth_rad", beamwidth_rad, above=0.0),
        off_axis_rad=within("off_axis_rad", off_axis_rad, least=-np.pi, most=np.pi, remedy="degrees?"),
    )
    steep = float(within("slope", slope, above=0.0))
    return np.hypot(width / steep, off) / np.sqrt(2.0 * ratio)


def sigma_range_rate_mps(
    snr: ArrayLike,
    wavelength_m: ArrayLike,
    coherent_time_s: ArrayLike,
    *,
    envelope: Literal["flat", "gaussian", "rms"] = "flat",
) -> FloatArray:
    r"""Least range-rate error of a train of pulses, or of one long pulse.

    Parameters
    ----------
    snr : array_like
        Energy ratio over the train, above 0. [power ratio]
    wavelength_m : array_like
        Carrier wavelength, above 0. [m]
    coherent_time_s : array_like
        Length of the train, above 0: which length, ``envelope`` says. [s]
    envelope : {"flat", "gaussian", "rms"}
        ``flat``: full length of an even train; ``gaussian``: half-power length of one weighted as a Gaussian;
        ``rms``: standard deviation of any (`waveform.rms_duration_s`).

    Returns
    -------
    array
        Standard deviation of range rate. [m/s]

    Raises
    ------
    ValueError
        If an argument is outside its domain or the shapes do not broadcast.

    Notes
    -----
    :math:`\sigma_v = \frac{\lambda}{2}\frac{\sqrt{6/\mathrm{SNR}}}{2\pi T}`, phase unknown, many pulses; the bound of n
    pulses is :math:`1/\sqrt{1-1/n^2}` times as large (T is n intervals). In general
    :math:`\sigma_f=1/(\alpha\sqrt{2\,\mathrm{SNR}})` with :math:`\alpha=2\pi` times the rms duration, as
    `sigma_range_m` with time for frequency.

    References
    ----------
    Rife & Boorstyn, "Single-tone parameter estimation from discrete-time observations", *IEEE Trans. Inf. Theory*
    20 (5), 1974, pp. 591-598.

    Examples
    --------
    >>> float(sigma_range_rate_mps(100.0, 0.1, 0.01).round(3))
    0.195
    """
    if envelope not in _BETA:
        raise ValueError(f"envelope must be one of {', '.join(_BETA)}, got {envelope!r}")
    ratio, wavelength, time = together(
        snr=within("snr", snr, above=0.0, remedy="decibels?"),
        wavelength_m=within("wavelength_m", wavelength_m, above=0.0),
        coherent_time_s=within("coherent_time_s", coherent_time_s, above=0.0),
    )
    return 0.5 * wavelength / (_BETA[envelope] * time * np.sqrt(2.0 * ratio))
