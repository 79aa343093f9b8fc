r"""Bistatic geometry: a transmitter and a receiver apart.

The baseline L joins the two; :math:`R_T, R_R` are the target's distances from them, :math:`\beta` the bistatic angle at
the target. What a receiver measures is the range sum :math:`R_T+R_R` (an ellipsoid with the stations as foci), the
direction, and the rate of the sum. Signal-to-noise ratio falls with :math:`(R_T R_R)^2`, so contours of equal ratio are
ovals of Cassini.

References
----------
Willis, *Bistatic Radar*, 2nd ed., 1995, ch. 3 to 8; Skolnik (ed.), *Radar Handbook*, 3rd ed., 2008, ch. 23.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from watchfloor.base.units import BOLTZMANN_JPK, C_MPS, FloatArray
from watchfloor.physics._domain import agree, within

EQUIVALENCE_MAX_RAD = math.radians(60.0)
"""Bistatic angle up to which the cross-section is taken from the bisector; smooth bodies bear more, corners and flat
faces less (Willis 1995, section 8.2). [rad]"""


def bistatic_angle_rad(range_tx_m: ArrayLike, range_rx_m: ArrayLike, baseline_m: ArrayLike) -> FloatArray:
    """Angle at the target between transmitter and receiver.

    Parameters
    ----------
    range_tx_m, range_rx_m : array_like
        Distances of the target from transmitter and receiver, above 0. [m]
    baseline_m : array_like
        Distance between the stations, at least 0; the three must form a triangle. [m]

    Returns
    -------
    array
        0 to pi. [rad]

    Raises
    ------
    ValueError
        If an argument is outside its domain or there is no such triangle.

    References
    ----------
    Willis 1995 (module docstring), ch. 3: the cosine rule.

    Examples
    --------
    >>> float(np.degrees(bistatic_angle_rad(30e3, 40e3, 50e3)).round(6))
    90.0
    """
    agree(range_tx_m=range_tx_m, range_rx_m=range_rx_m, baseline_m=baseline_m)
    rt, rr = within("range_tx_m", range_tx_m, above=0.0), within("range_rx_m", range_rx_m, above=0.0)
    base = within("baseline_m", baseline_m, least=0.0)
    slack = 1e-9 * (rt + rr)
    if not np.all((base <= rt + rr + slack) & (base >= np.abs(rt - rr) - slack)):
        raise ValueError("range_tx_m, range_rx_m and baseline_m form no triangle")
    # half-angle form: right to rounding near 0 and pi alike
    half = np.sqrt(np.clip((base * base - (rt - rr) ** 2) / (4.0 * rt * rr), 0.0, 1.0))
    return 2.0 * np.arcsin(half)


def receiver_range_m(range_sum_m: ArrayLike, baseline_m: ArrayLike, off_baseline_rad: ArrayLike) -> FloatArray:
    r"""Distance of the target from the receiver, from the range sum and its direction.

    Parameters
    ----------
    range_sum_m : array_like
        :math:`R_T+R_R`, above the baseline. [m]
    baseline_m : array_like
        Distance between the stations, at least 0. [m]
    off_baseline_rad : array_like
        Angle at the receiver between the target and the transmitter. [rad]

    Returns
    -------
    array
        :math:`R_R`. [m]

    Raises
    ------
    ValueError
        If an argument is outside its domain or the shapes do not broadcast.

    Notes
    -----
    :math:`R_R = \frac{S^2-L^2}{2\,(S-L\cos\theta)}`: the ellipse about its focus.

    References
    ----------
    Willis 1995 (module docstring), ch. 5 (target location).

    Examples
    --------
    >>> float(receiver_range_m(70e3, 50e3, np.arccos(0.8)).round(6))  # the 3-4-5 triangle
    40000.0
    """
    agree(range_sum_m=range_sum_m, baseline_m=baseline_m, off_baseline_rad=off_baseline_rad)
    total, base = within("range_sum_m", range_sum_m, above=0.0), within("baseline_m", baseline_m, least=0.0)
    angle = within("off_baseline_rad", off_baseline_rad)
    if not np.all(total > base):
        raise ValueError("range_sum_m must be above baseline_m: no echo is earlier than the direct pulse")
    return (total * total - base * base) / (2.0 * (total - base * np.cos(angle)))


def snr(
    range_tx_m: ArrayLike,
    range_rx_m: ArrayLike,
    sigma_m2: ArrayLike,
    *,
    energy_j: ArrayLike,
    gain_tx: ArrayLike,
    gain_rx: ArrayLike,
    wavelength_m: ArrayLike,
    noise_temperature_k: ArrayLike,
    losses: ArrayLike = 1.0,
) -> FloatArray:
    r"""Signal-to-noise ratio by the bistatic range equation.

    Parameters
    ----------
    range_tx_m, range_rx_m : array_like
        Distances of the target, above 0. [m]
    sigma_m2 : array_like
        Bistatic cross-section, at least 0. [m2]
    energy_j : array_like
        Transmitted energy added coherently, above 0. [J]
    gain_tx, gain_rx : array_like
        Antenna gains towards the target, linear, above 0. [1]
    wavelength_m : array_like
        Wavelength, above 0. [m]
    noise_temperature_k : array_like
        System noise temperature of the receiver, above 0. [K]
    losses : array_like
        All losses, linear, at least 1. [1]

    Returns
    -------
    array
        Energy of the echo over the noise density. [power ratio]

    Raises
    ------
    ValueError
        If an argument is outside its domain or the shapes do not broadcast.

    Notes
    -----
    :math:`\frac{E\,G_TG_R\lambda^2\sigma}{(4\pi)^3R_T^2R_R^2\,kT_sL}`; with both ranges equal, the monostatic one.

    References
    ----------
    Willis 1995 (module docstring), ch. 4.

    Examples
    --------
    >>> float(snr(1e5, 1e5, 1.0, energy_j=1.0, gain_tx=1e4, gain_rx=1e4, wavelength_m=0.1,
    ...     noise_temperature_k=290.0).round(3))
    1258.604
    """
    agree(
        range_tx_m=range_tx_m,
        range_rx_m=range_rx_m,
        sigma_m2=sigma_m2,
        energy_j=energy_j,
        gain_tx=gain_tx,
        gain_rx=gain_rx,
        wavelength_m=wavelength_m,
        noise_temperature_k=noise_temperature_k,
        losses=losses,
    )
    rt, rr = within("range_tx_m", range_tx_m, above=0.0), within("range_rx_m", range_rx_m, above=0.0)
    top = (
        within("energy_j", energy_j, above=0.0)
        * within("gain_tx", gain_tx, above=0.0)
        * within("gain_rx", gain_rx, above=0.0)
        * within("wavelength_m", wavelength_m, above=0.0) ** 2
        * within("sigma_m2", sigma_m2, least=0.0, remedy="decibels?")
    )
    noise = BOLTZMANN_JPK * within("noise_temperature_k", noise_temperature_k, above=0.0)
    return top / ((4.0 * math.pi) ** 3 * rt**2 * rr**2 * noise * within("losses", losses, least=1.0))


def range_product_m2(
    snr_needed: ArrayLike,
    sigma_m2: ArrayLike,
    *,
    energy_j: ArrayLike,
    gain_tx: ArrayLike,
    gain_rx: ArrayLike,
    wavelength_m: ArrayLike,
    noise_temperature_k: ArrayLike,
    losses: ArrayLike = 1.0,
) -> FloatArray:
    r"""Largest product of the two ranges at which a signal-to-noise ratio is met: :math:`\kappa^2` of the oval.

    Parameters
    ----------
    snr_needed : array_like
        Ratio wanted, above 0. [power ratio]
    sigma_m2, energy_j, gain_tx, gain_rx, wavelength_m, noise_temperature_k, losses
        As in `snr`.

    Returns
    -------
    array
        :math:`(R_TR_R)_{max}`; its square root is the equivalent monostatic range. [m2]

    Raises
    ------
    ValueError
        If an argument is outside its domain or the shapes do not broadcast.

    References
    ----------
    Willis 1995 (module docstring), ch. 4.

    Examples
    --------
    >>> p = range_product_m2(1258.604, 1.0, energy_j=1.0, gain_tx=1e4, gain_rx=1e4, wavelength_m=0.1,
    ...     noise_temperature_k=290.0)
    >>> round(float(np.sqrt(p)) / 1e3)
    100
    """
    agree(
        snr_needed=snr_needed,
        sigma_m2=sigma_m2,
        energy_j=energy_j,
        gain_tx=gain_tx,
        gain_rx=gain_rx,
        wavelength_m=wavelength_m,
        noise_temperature_k=noise_temperature_k,
        losses=losses,
    )
    unit = snr(
        1.0,
        1.0,
        sigma_m2,
        energy_j=energy_j,
        gain_tx=gain_tx,
        gain_rx=gain_rx,
        wavelength_m=wavelength_m,
        noise_temperature_k=noise_temperature_k,
        losses=losses,
    )
    return np.sqrt(unit / within("snr_needed", snr_needed, above=0.0))


def oval_radius_m(
    angle_rad: ArrayLike, range_product_m2: ArrayLike, baseline_m: ArrayLike, *, inner: bool = False
) -> FloatArray:
    r"""Oval of Cassini about the middle of the baseline: where :math:`R_TR_R` has one value.

    Parameters
    ----------
    angle_rad : array_like
        Direction from the middle of the baseline, from the line that joins the stations. [rad]
    range_product_m2 : array_like
        The product, above 0. [m2]
    baseline_m : array_like
        Distance between the stations, at least 0. [m]
    inner : bool
        The nearer crossing, where the oval has parted in two (:math:`L^2>4R_TR_R`).

    Returns
    -------
    array
        Distance from the middle; NaN in directions that do not meet the oval. [m]

    Raises
    ------
    ValueError
        If an argument is outside its domain or the shapes do not broadcast.

    Notes
    -----
    :math:`(r^2+L^2/4)^2-r^2L^2\cos^2\theta=(R_TR_R)^2`.

    References
    ----------
    Willis 1995 (module docstring), ch. 4 (ovals of Cassini).

    Examples
    --------
    >>> oval_radius_m([0.0, np.pi / 2], 1e10, 100e3).round()  # one oval
    array([111803.,  86603.])
    """
    agree(angle_rad=angle_rad, range_product_m2=range_product_m2, baseline_m=baseline_m)
    cosine = np.cos(within("angle_rad", angle_rad))
    product = within("range_product_m2", range_product_m2, above=0.0)
    half2 = 0.25 * within("baseline_m", baseline_m, least=0.0) ** 2
    middle = half2 * (2.0 * cosine * cosine - 1.0)
    with np.errstate(invalid="ignore"):
        root = np.sqrt(middle * middle + product * product - half2 * half2)
        return np.sqrt(middle - root if inner else middle + root)


def oval_area_m2(range_product_m2: ArrayLike, baseline_m: ArrayLike) -> FloatArray:
    r"""Area inside an oval of Cassini, both parts of it.

    Parameters
    ----------
    range_product_m2 : array_like
        :math:`R_TR_R` on its edge, above 0. [m2]
    baseline_m : array_like
        Distance between the stations, at least 0. [m]

    Returns
    -------
    array
        Area on a flat earth; :math:`\pi R_TR_R` without a baseline. [m2]

    Raises
    ------
    ValueError
        If an argument is outside its domain or the shapes do not broadcast.

    Notes
    -----
    With :math:`e=L^2/4R_TR_R`: :math:`2R_TR_R\,E(e^2)` for one oval (e at most 1) and
    :math:`2R_TR_R\,[\,eE(e^{-2})-(e-e^{-1})K(e^{-2})\,]` for two, E and K the complete elliptic integrals of the
    parameter. Willis gives the first terms for one oval, :math:`\pi R_TR_R\,(1-e^2/4-3e^4/64)`.

    References
    ----------
    Willis 1995 (module docstring), ch. 4 (coverage area); Skolnik 2008 (module docstring), ch. 23.

    Examples
    --------
    >>> float(oval_area_m2(1.0, 2.0))  # the lemniscate
    2.0
    """
    agree(range_product_m2=range_product_m2, baseline_m=baseline_m)
    product = within("range_product_m2", range_product_m2, above=0.0)
    e = 0.25 * within("baseline_m", baseline_m, least=0.0) ** 2 / product
    one = special.ellipe(np.minimum(e, 1.0) ** 2)
    far = np.maximum(e, 1.0)
    gap = np.where(far > 1.0, far - 1.0 / far, 0.0)
    part = np.where(far > 1.0, 1.0 / far**2, 0.0)
    two = far * special.ellipe(np.where(far > 1.0, part, 1.0)) - gap * special.ellipk(part)
    return 2.0 * product * np.where(e <= 1.0, one, two)


def range_cell_m(bandwidth_hz: ArrayLike, bistatic_rad: ArrayLike) -> FloatArray:
    r"""Distance along the bisector between two targets that are one compressed pulse apart.

    Parameters
    ----------
    bandwidth_hz : array_like
        Bandwidth of the pulse, above 0. [Hz]
    bistatic_rad : array_like
        Bistatic angle, 0 to below pi. [rad]

    Returns
    -------
    array
        :math:`c/(2B\cos(\beta/2))`. [m]

    Raises
    ------
    ValueError
        If an argument is outside its domain or the shapes do not broadcast.

    References
    ----------
    Willis 1995 (module docstring), ch. 7 (isorange contours and resolution).

    Examples
    --------
    >>> float(np.round(range_cell_m(1e6, [0.0, np.radians(120.0)])[1], 1))  # twice the monostatic cell
    299.8
    """
    agree(bandwidth_hz=bandwidth_hz, bistatic_rad=bistatic_rad)
    angle = within("bistatic_rad", bistatic_rad, least=0.0, below=math.pi)
    return 0.5 * C_MPS / (within("bandwidth_hz", bandwidth_hz, above=0.0) * np.cos(0.5 * angle))


def doppler_hz(
    speed_mps: ArrayLike, off_bisector_rad: ArrayLike, bistatic_rad: ArrayLike, wavelength_m: ArrayLike
) -> FloatArray:
    r"""Doppler shift of a target, both stations at rest.

    Parameters
    ----------
    speed_mps : array_like
        Speed in the plane of stations and target. [m/s]
    off_bisector_rad : array_like
        Angle between its motion and the bisector of the bistatic angle; 0 flies at the stations. [rad]
    bistatic_rad : array_like
        Bistatic angle, 0 to pi. [rad]
    wavelength_m : array_like
        Wavelength, above 0. [m]

    Returns
    -------
    array
        :math:`\frac{2v}{\lambda}\cos\delta\cos\frac{\beta}{2}`. [Hz]

    Raises
    ------
    ValueError
        If an argument is outside its domain or the shapes do not broadcast.

    References
    ----------
    Willis 1995 (module docstring), ch. 6 (bistatic Doppler).

    Examples
    --------
    >>> float(doppler_hz(300.0, 0.0, np.pi, 0.1).round(9))  # across the baseline there is none
    0.0
    """
    agree(speed_mps=speed_mps, off_bisector_rad=off_bisector_rad, bistatic_rad=bistatic_rad, wavelength_m=wavelength_m)
    angle = within("bistatic_rad", bistatic_rad, least=0.0, most=math.pi)
    speed, off = within("speed_mps", speed_mps), within("off_bisector_rad", off_bisector_rad)
    return 2.0 * speed / within("wavelength_m", wavelength_m, above=0.0) * np.cos(off) * np.cos(0.5 * angle)


def forward_scatter_m2(area_m2: ArrayLike, wavelength_m: ArrayLike) -> FloatArray:
    r"""Cross-section of a body seen exactly against the transmitter.

    Parameters
    ----------
    area_m2 : array_like
        Area of its shadow, at least 0. [m2]
    wavelength_m : array_like
        Wavelength, above 0, small against the body. [m]

    Returns
    -------
    array
        :math:`4\pi A^2/\lambda^2`, whatever the body is made of. [m2]

    Raises
    ------
    ValueError
        If an argument is outside its domain or the shapes do not broadcast.

    Notes
    -----
    By Babinet's principle the shadow radiates like an aperture of its form. The lobe is about :math:`\lambda/D` wide,
    D the body's extent: it holds only within that of a bistatic angle of 180 degrees.

    References
    ----------
    Willis 1995 (module docstring), section 8.4; Siegel, "Bistatic radars and forward scattering", *Proc. Nat. Conf.
    Aeronaut. Electron.*, 1958, pp. 286-290.

    Examples
    --------
    >>> float(forward_scatter_m2(10.0, 1.0).round(1))
    1256.6
    """
    agree(area_m2=area_m2, wavelength_m=wavelength_m)
    area = within("area_m2", area_m2, least=0.0)
    return 4.0 * math.pi * area * area / within("wavelength_m", wavelength_m, above=0.0) ** 2
