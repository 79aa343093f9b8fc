r"""Doppler shifts, and what turning parts of an aircraft add to them: rotor blades, propellers, engine stages.

Identification uses the rates: a flash rate or a line spacing names a rotor or an engine stage better than its strength
does. Range rates are positive when receding, Doppler shifts when coming closer.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from watchfloor.base.units import FloatArray, IntArray
from watchfloor.physics._domain import agree, count, within

_HALF_POWER_WIDTH = 0.885_892_941_378_904_7  # of sinc squared


def doppler_hz(range_rate_mps: ArrayLike, wavelength_m: ArrayLike) -> FloatArray:
    r"""Doppler shift of a target.

    Parameters
    ----------
    range_rate_mps : array_like
        Range rate, negative for a target that comes closer. [m/s]
    wavelength_m : array_like
        Wavelength, above 0. [m]

    Returns
    -------
    array
        :math:`-2\dot R/\lambda`. [Hz]

    Raises
    ------
    ValueError
        If an argument is outside its domain or the shapes do not broadcast.

    Notes
    -----
    To first order in the speed over that of light: 1e-6 of the shift for an aircraft.

    References
    ----------
    Skolnik, *Introduction to Radar Systems*, 3rd ed., 2001, eq. 3.3.

    Examples
    --------
    >>> float(doppler_hz(-150.0, 0.1))
    3000.0
    """
    agree(range_rate_mps=range_rate_mps, wavelength_m=wavelength_m)
    return -2.0 * within("range_rate_mps", range_rate_mps) / within("wavelength_m", wavelength_m, above=0.0)


def range_rate_mps(doppler_hz: ArrayLike, wavelength_m: ArrayLike) -> FloatArray:
    r"""Range rate of a Doppler shift; the inverse of `doppler_hz`.

    Parameters
    ----------
    doppler_hz : array_like
        Doppler shift. [Hz]
    wavelength_m : array_like
        Wavelength, above 0. [m]

    Returns
    -------
    array
        :math:`-\lambda f/2`. [m/s]

    Raises
    ------
    ValueError
        If an argument is outside its domain or the shapes do not broadcast.

    References
    ----------
    As `doppler_hz`.

    Examples
    --------
    >>> float(range_rate_mps(3000.0, 0.1))
    -150.0
    """
    agree(doppler_hz=doppler_hz, wavelength_m=wavelength_m)
    return -0.5 * within("doppler_hz", doppler_hz) * within("wavelength_m", wavelength_m, above=0.0)


def bistatic_doppler_hz(
    range_rate_tx_mps: ArrayLike, range_rate_rx_mps: ArrayLike, wavelength_m: ArrayLike
) -> FloatArray:
    r"""Doppler shift of a target between a transmitter and a receiver that stand apart.

    Parameters
    ----------
    range_rate_tx_mps, range_rate_rx_mps : array_like
        Range rates from the transmitter and from the receiver. [m/s]
    wavelength_m : array_like
        Wavelength, above 0. [m]

    Returns
    -------
    array
        :math:`-(\dot R_t+\dot R_r)/\lambda`. [Hz]

    Raises
    ------
    ValueError
        If an argument is outside its domain or the shapes do not broadcast.

    References
    ----------
    Willis, *Bistatic Radar*, 2nd ed., 1995, section 6.1.

    Examples
    --------
    >>> float(bistatic_doppler_hz(-100.0, 100.0, 0.1)) == 0.0
    True
    """
    agree(range_rate_tx_mps=range_rate_tx_mps, range_rate_rx_mps=range_rate_rx_mps, wavelength_m=wavelength_m)
    total = within("range_rate_tx_mps", range_rate_tx_mps) + within("range_rate_rx_mps", range_rate_rx_mps)
    return -total / within("wavelength_m", wavelength_m, above=0.0)


def alias_hz(frequency_hz: ArrayLike, prf_hz: ArrayLike) -> FloatArray:
    """Frequency at which a line appears that is sampled once a pulse.

    Parameters
    ----------
    frequency_hz : array_like
        True frequency, of either sign. [Hz]
    prf_hz : array_like
        Pulse repetition frequency, above 0. [Hz]

    Returns
    -------
    array
        Apparent frequency, from -prf/2 to below prf/2. [Hz]

    Raises
    ------
    ValueError
        If an argument is outside its domain or the shapes do not broadcast.

    References
    ----------
    Richards, *Fundamentals of Radar Signal Processing*, 2nd ed., 2014, section 3.3 (slow-time sampling).

    Examples
    --------
    >>> float(alias_hz(1200.0, 1000.0))
    200.0
    """
    agree(frequency_hz=frequency_hz, prf_hz=prf_hz)
    prf = within("prf_hz", prf_hz, above=0.0)
    return np.mod(within("frequency_hz", frequency_hz) + 0.5 * prf, prf) - 0.5 * prf


def blade_flash_rate_hz(n_blades: ArrayLike, rotor_hz: ArrayLike) -> FloatArray:
    r"""Rate of the flashes of a rotor seen from the side.

    Parameters
    ----------
    n_blades : array_like of int
        Blades, at least 1.
    rotor_hz : array_like
        Turns a second, above 0. [Hz]

    Returns
    -------
    array
        Flashes a second. [Hz]

    Raises
    ------
    ValueError
        If an argument is outside its domain or the shapes do not broadcast.

    Notes
    -----
    A blade flashes as it stands across the line of sight, coming closer and half a turn later receding. With an even
    number two blades flash at once, one each way: n flashes a turn. With an odd number they take turns: 2n.

    References
    ----------
    Martin & Mulgrew, "Analysis of the theoretical radar return signal from aircraft propeller blades", *IEEE Int.
    Radar Conf.*, 1990, pp. 569-572; Tait, *Introduction to Radar Target Recognition*, 2005, ch. 5.

    Examples
    --------
    >>> blade_flash_rate_hz([4, 5], [4.8, 4.8])
    array([19.2, 48. ])
    """
    agree(n_blades=n_blades, rotor_hz=rotor_hz)
    n = _blades(n_blades)
    return np.where(n % 2 == 0, n, 2 * n) * within("rotor_hz", rotor_hz, above=0.0)


def blade_flash_duration_s(blade_length_m: ArrayLike, rotor_hz: ArrayLike, wavelength_m: ArrayLike) -> FloatArray:
    r"""Length of one flash, between its half-power points.

    Parameters
    ----------
    blade_length_m : array_like
        Length of the part of the blade that reflects, above 0. [m]
    rotor_hz : array_like
        Turns a second, above 0. [Hz]
    wavelength_m : array_like
        Wavelength, above 0. [m]

    Returns
    -------
    array
        :math:`0.886\,\lambda/(4\pi Lf)`. [s]

    Raises
    ------
    ValueError
        If an argument is outside its domain or the shapes do not broadcast.

    Notes
    -----
    The blade as a uniform line whose two-way pattern is :math:`\mathrm{sinc}^2(2L\sin\theta/\lambda)`; the radar in
    the rotor's plane, elsewhere longer by 1 / cos of the elevation. A dwell shorter than `1 / blade_flash_rate_hz` may
    miss every flash.

    References
    ----------
    Martin & Mulgrew 1990; Tait, *Introduction to Radar Target Recognition*, 2005, ch. 5.

    Examples
    --------
    >>> float(np.round(1e3 * blade_flash_duration_s(6.0, 5.0, 0.1), 3))
    0.235
    """
    agree(blade_length_m=blade_length_m, rotor_hz=rotor_hz, wavelength_m=wavelength_m)
    length = within("blade_length_m", blade_length_m, above=0.0)
    wavelength = within("wavelength_m", wavelength_m, above=0.0)
    return _HALF_POWER_WIDTH * wavelength / (4.0 * math.pi * length * within("rotor_hz", rotor_hz, above=0.0))


def tip_speed_mps(radius_m: ArrayLike, rotor_hz: ArrayLike) -> FloatArray:
    r"""Speed of a blade's tip.

    Parameters
    ----------
    radius_m : array_like
        Radius of the rotor, above 0. [m]
    rotor_hz : array_like
        Turns a second, above 0. [Hz]

    Returns
    -------
    array
        :math:`2\pi rf`. [m/s]

    Raises
    ------
    ValueError
        If an argument is outside its domain or the shapes do not broadcast.

    References
    ----------
    Chen, *The Micro-Doppler Effect in Radar*, 2011, section 3.2 (rotor blades).

    Examples
    --------
    >>> float(tip_speed_mps(6.5, 4.0).round(1))
    163.4
    """
    agree(radius_m=radius_m, rotor_hz=rotor_hz)
    return 2.0 * math.pi * within("radius_m", radius_m, above=0.0) * within("rotor_hz", rotor_hz, above=0.0)


def tip_doppler_hz(
    radius_m: ArrayLike, rotor_hz: ArrayLike, wavelength_m: ArrayLike, *, off_plane_rad: ArrayLike = 0.0
) -> FloatArray:
    r"""Greatest Doppler shift of a turning blade, to either side of the body's.

    Parameters
    ----------
    radius_m : array_like
        Radius of the rotor, above 0. [m]
    rotor_hz : array_like
        Turns a second, above 0. [Hz]
    wavelength_m : array_like
        Wavelength, above 0. [m]
    off_plane_rad : array_like
        Angle of the line of sight off the rotor's plane, -pi/2 to pi/2. [rad]

    Returns
    -------
    array
        :math:`4\pi rf\cos\beta/\lambda`, half the width of the blades' spectrum. [Hz]

    Raises
    ------
    ValueError
        If an argument is outside its domain or the shapes do not broadcast.

    References
    ----------
    Chen, *The Micro-Doppler Effect in Radar*, 2011, eq. 3.25 and section 3.2.

    Examples
    --------
    >>> float(tip_doppler_hz(6.5, 4.0, 0.06).round())
    5445.0
    """
    agree(radius_m=radius_m, rotor_hz=rotor_hz, wavelength_m=wavelength_m, off_plane_rad=off_plane_rad)
    half = 0.5 * math.pi
    off = within("off_plane_rad", off_plane_rad, least=-half, most=half, remedy="degrees?")
    speed = tip_speed_mps(radius_m, rotor_hz)
    return 2.0 * speed * np.cos(off) / within("wavelength_m", wavelength_m, above=0.0)


def jem_line_spacing_hz(n_blades: ArrayLike, spool_rpm: ArrayLike) -> FloatArray:
    r"""Spacing of the lines that one stage of a turning engine puts beside the body's.

    Parameters
    ----------
    n_blades : array_like of int
        Blades of the stage, at least 1.
    spool_rpm : array_like
        Turns a minute of its spool, above 0. [1/min]

    Returns
    -------
    array
        Blades times turns a second: the chopping rate. [Hz]

    Raises
    ------
    ValueError
        If an argument is outside its domain or the shapes do not broadcast.

    Notes
    -----
    Blades that are all alike give only these lines; real ones differ a little, which adds faint lines at the spool
    rate. Two stages on one spool add lines at sums and differences. Seen within some 60 degrees of the intake.

    References
    ----------
    Bell & Grubbs, "JEM modeling and measurement for radar target identification", *IEEE Trans. Aerosp. Electron.
    Syst.* 29 (1), 1993, pp. 73-87; Tait, *Introduction to Radar Target Recognition*, 2005, ch. 4.

    Examples
    --------
    >>> float(jem_line_spacing_hz(38, 3000.0))
    1900.0
    """
    agree(n_blades=n_blades, spool_rpm=spool_rpm)
    return _blades(n_blades) * within("spool_rpm", spool_rpm, above=0.0) / 60.0


def jem_lines_hz(n_blades: int, spool_rpm: ArrayLike, *, n_lines: int, prf_hz: float | None = None) -> FloatArray:
    r"""Lines of one engine stage on both sides of the body's, as a pulsed radar sees them.

    Parameters
    ----------
    n_blades : int
        Blades of the stage, at least 1.
    spool_rpm : array_like
        Turns a minute of its spool, above 0. [1/min]
    n_lines : int
        Lines on each side.
    prf_hz : float or None
        Pulse repetition frequency that folds them; None for the true frequencies. [Hz]

    Returns
    -------
    (..., 2 n_lines + 1) array
        Frequencies relative to the body's line, from order -n_lines to n_lines. [Hz]

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    Notes
    -----
    A folded spacing fits many pairs of blades and spool rate; a second repetition frequency tells them apart
    (`mti.resolve`).

    References
    ----------
    As `jem_line_spacing_hz`.

    Examples
    --------
    >>> jem_lines_hz(38, 3000.0, n_lines=1, prf_hz=1000.0)
    array([ 100.,    0., -100.])
    """
    order = np.arange(-count("n_lines", n_lines), n_lines + 1)
    lines = jem_line_spacing_hz(n_blades, spool_rpm)[..., None] * order
    return lines if prf_hz is None else alias_hz(lines, prf_hz)


def _blades(n_blades: ArrayLike) -> IntArray:
    given = within("n_blades", n_blades, least=1.0, most=1e6)
    if np.any(given != np.rint(given)):
        raise ValueError(f"n_blades must be whole numbers, got {n_blades!r}")
    return given.astype(np.int64)
