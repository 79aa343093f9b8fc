"""Error sigmas of range, angle and range rate: Cramer-Rao bounds.

``snr`` here is the energy ratio E/N0 after all coherent integration: the peak power of the matched filter's output
over the mean noise power. The bounds hold above about 13 dB; below, a real estimator is worse (threshold effect), so
`radar.error_sigmas` caps them by the resolution cell.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from watchfloor.base.units import C_MPS, FloatArray

MONOPULSE_SLOPE = 1.6
"""Normalised error slope of monopulse, Gaussian beam (Barton & Ward, *Handbook of Radar Measurement*, 1969). [1]"""


def sigma_range_m(snr: ArrayLike, bandwidth_hz: ArrayLike) -> FloatArray:
    r"""Least range error of a pulse with a flat spectrum (linear FM).

    Parameters
    ----------
    snr : array_like
        Energy ratio, above 0. [power ratio]
    bandwidth_hz : array_like
        Full width of the spectrum. [Hz]

    Returns
    -------
    array
        Standard deviation of range. [m]

    Notes
    -----
    :math:`\sigma_R = \frac{c}{2}\frac{1}{\beta\sqrt{2\,\mathrm{SNR}}}` with the rms bandwidth
    :math:`\beta = \pi B/\sqrt3` of a rectangle of width B.

    References
    ----------
    Richards, *Fundamentals of Radar Signal Processing*, 2nd ed., 2014, ch. 7; Skolnik, *Introduction to Radar Systems*,
    3rd ed., 2001, ch. 6.

    Examples
    --------
    >>> float(sigma_range_m(100.0, 1e6).round(2))
    5.84
    """
    beta = np.pi * np.asarray(bandwidth_hz, dtype=np.float64) / np.sqrt(3.0)
    return 0.5 * C_MPS / (beta * np.sqrt(2.0 * np.asarray(snr, dtype=np.float64)))


def sigma_angle_rad(snr: ArrayLike, beamwidth_rad: ArrayLike, *, slope: float = MONOPULSE_SLOPE) -> FloatArray:
    r"""Least angle error of monopulse near the axis.

    Parameters
    ----------
    snr : array_like
        Energy ratio in the sum channel, above 0. [power ratio]
    beamwidth_rad : array_like
        Half-power beamwidth, one way. [rad]
    slope : float
        Normalised error slope. [1]

    Returns
    -------
    array
        Standard deviation of angle. [rad]

    Notes
    -----
    :math:`\sigma_\theta = \theta_3 / (k_m\sqrt{2\,\mathrm{SNR}})`. A beam that sweeps across the target and fits a
    centroid does about as well.

    References
    ----------
    Barton & Ward, *Handbook of Radar Measurement*, 1969, ch. 2; Skolnik, *Introduction to Radar Systems*, 3rd ed.,
    2001, ch. 6.

    Examples
    --------
    >>> float(np.degrees(sigma_angle_rad(100.0, np.radians(2.0))).round(3))
    0.088
    """
    return np.asarray(beamwidth_rad, dtype=np.float64) / (slope * np.sqrt(2.0 * np.asarray(snr, dtype=np.float64)))


def sigma_range_rate_mps(snr: ArrayLike, wavelength_m: ArrayLike, coherent_time_s: ArrayLike) -> FloatArray:
    r"""Least range-rate error of a uniform train of pulses.

    Parameters
    ----------
    snr : array_like
        Energy ratio over the train, above 0. [power ratio]
    wavelength_m : array_like
        Carrier wavelength. [m]
    coherent_time_s : array_like
        Length of the train. [s]

    Returns
    -------
    array
        Standard deviation of range rate. [m/s]

    Notes
    -----
    :math:`\sigma_v = \frac{\lambda}{2}\frac{\sqrt{6/\mathrm{SNR}}}{2\pi T}`, phase unknown, many pulses.

    References
    ----------
    Rife & Boorstyn, "Single-tone parameter estimation from discrete-time observations", *IEEE Trans. Inf. Theory*
    20 (5), 1974, pp. 591-598.

    Examples
    --------
    >>> float(sigma_range_rate_mps(100.0, 0.1, 0.01).round(3))
    0.195
    """
    frequency = np.sqrt(6.0 / np.asarray(snr, dtype=np.float64)) / (2.0 * np.pi * np.asarray(coherent_time_s))
    return 0.5 * np.asarray(wavelength_m) * frequency
