r"""Antennas: patterns by aperture taper, cosecant-squared beams, gain, scanning loss, beam-shape loss.

Patterns are relative, one way, in power, with a peak of 1; two ways are the product of the transmitting and the
receiving one. They are functions of :math:`u = \sin\theta - \sin\theta_0`, the offset in sine space from the beam's
peak, so that a pattern keeps its form when an array steers it; near broadside u is the angle itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from watchfloor.base.units import FloatArray
from watchfloor.physics._domain import agree, count, within

TAPERS = ("gaussian", "uniform", "cosine", "taylor")
"""Aperture distributions that `taper_pattern` knows."""
BEAMS = ("practical", "gaussian", "rectangular", "elliptical")
"""Beam forms that `directivity_from_beamwidths` knows."""
_NEAR = 1e-4
_TWO_WAY = 8.0 * math.log(2.0)


class Taper(NamedTuple):
    """What an aperture's taper does, whatever the aperture's length."""

    beamwidth_factor: float
    """Half-power beamwidth in sine space times length over wavelength: 0.886 of a uniform line. [1]"""
    efficiency: float
    """Directivity relative to that of the uniform line. [1]"""
    peak_sidelobe_db: float
    """Highest sidelobe relative to the peak. [dB]"""
    n_bar: int
    """Taylor's number of nearly equal sidelobes; 0 for other tapers."""


def _taylor_roots(sidelobe_db: float, n_bar: int) -> FloatArray:
    """Squares of the first n_bar - 1 zeros of Taylor's pattern, in beamwidths of 1 / length."""
    a2 = (math.acosh(10.0 ** (-0.05 * sidelobe_db)) / math.pi) ** 2
    n = np.arange(1.0, n_bar)
    return n_bar**2 * (a2 + (n - 0.5) ** 2) / (a2 + (n_bar - 0.5) ** 2)


def _taylor_order(sidelobe_db: float) -> int:
    a2 = (math.acosh(10.0 ** (-0.05 * sidelobe_db)) / math.pi) ** 2
    return max(2, math.ceil(2.0 * a2 + 0.5))


def _voltage(taper: str, x: FloatArray, roots2: FloatArray) -> FloatArray:
    """Pattern of a line source in field strength; x in units of wavelength over length, at least one-dimensional."""
    if taper == "uniform":
        return np.sinc(x)
    if taper == "cosine":
        return (0.25 * math.pi) * (np.sinc(x - 0.5) + np.sinc(x + 0.5))
    return _taylor(x, roots2)


def _taylor(x: FloatArray, roots2: FloatArray) -> FloatArray:
    """Voltage pattern sinc(x) prod (1 - x2/roots2)/(1 - x2/n2); x of any shape."""
    x2 = x * x
    above, below = np.ones_like(x2), math.pi * x
    for n, root2 in enumerate(roots2, start=1):
        above *= 1.0 - x2 / root2
        below *= 1.0 - x2 / (n * n)
    whole = np.rint(x)
    near = (np.abs(x - whole) < _NEAR) & (np.abs(whole) <= len(roots2))
    if not near.any():
        return np.sin(math.pi * x) / below * above
    below[near] = 1.0
    out = np.sin(math.pi * x) / below * above
    close = x[near]
    n = np.arange(1, len(roots2) + 1)
    shifts = np.concatenate([-n[::-1], [0], n])
    # the same pattern as a sum of shifted sincs, whose weights are its samples at the whole numbers
    samples = _taylor_samples(roots2)
    weights = np.concatenate([samples[::-1], [1.0], samples])
    out[near] = np.sinc(close[:, None] - shifts) @ weights
    return out


def _taylor_samples(roots2: FloatArray) -> FloatArray:
    """Taylor's pattern at 1 to n_bar - 1, the coefficients of its aperture distribution."""
    n = np.arange(1, len(roots2) + 1, dtype=np.float64)
    out = np.empty(len(n))
    for m in range(len(n)):
        m2 = n[m] ** 2
        others = np.delete(n, m)
        out[m] = 0.5 * (-1.0) ** m * np.prod(1.0 - m2 / roots2) / np.prod(1.0 - m2 / others**2)
    return out


def _checked_taper(taper: str, sidelobe_db: float | None, n_bar: int | None) -> tuple[float | None, int]:
    if taper not in TAPERS:
        raise ValueError(f"taper must be one of {', '.join(TAPERS)}, got {taper!r}")
    if n_bar is not None and taper != "taylor":
        raise ValueError(f"n_bar belongs to the taylor taper, got it with {taper!r}; leave it out")
    if taper in ("uniform", "cosine"):
        if sidelobe_db is not None:
            raise ValueError(f"a {taper} taper has sidelobes of its own, got sidelobe_db {sidelobe_db!r}; leave it out")
        return None, 0
    if sidelobe_db is None:
        if taper == "taylor":
            raise ValueError("a taylor taper needs sidelobe_db, e.g. -30.0")
        return None, 0
    if not -120.0 <= sidelobe_db <= -13.0 and taper == "taylor":
        raise ValueError(f"sidelobe_db of a taylor taper must lie in -120 to -13 dB, got {sidelobe_db!r} (a sign?)")
    if not (math.isfinite(sidelobe_db) and sidelobe_db < 0.0):
        raise ValueError(f"sidelobe_db is relative to the peak, below 0 and finite, got {sidelobe_db!r} (a sign?)")
    if taper == "gaussian":
        return float(sidelobe_db), 0
    return float(sidelobe_db), _taylor_order(sidelobe_db) if n_bar is None else count("n_bar", n_bar, least=2)


@lru_cache(maxsize=256)
def _shape(taper: str, sidelobe_db: float | None, n_bar: int) -> tuple[float, FloatArray]:
    """Half-power point in units of 1 / length, and Taylor's roots squared."""
    roots2 = _taylor_roots(sidelobe_db, n_bar) if taper == "taylor" and sidelobe_db is not None else np.zeros(0)
    roots2.flags.writeable = False

    def voltage(x: float) -> float:
        at = np.array([x])
        return float(_voltage(taper, at, roots2)[0])

    first_null = {"uniform": 1.0, "cosine": 1.5}.get(taper) or math.sqrt(roots2[0])
    low, high = 0.0, first_null
    for _ in range(54):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if voltage(middle) > math.sqrt(0.5) else (low, middle)
    return 0.5 * (low + high), roots2


def taper_pattern(
    taper: str,
    offset_sin: ArrayLike,
    beamwidth_rad: float,
    sidelobe_db: float | None = None,
    *,
    n_bar: int | None = None,
) -> FloatArray:
    r"""Relative one-way power pattern of a beam, by the taper of its aperture.

    Parameters
    ----------
    taper : str
        ``uniform``, ``cosine`` or ``taylor`` (a continuous line source), or ``gaussian`` (a main lobe and a floor).
    offset_sin : array_like
        Sine of the angle off broadside less that of the beam's peak; of either sign. [1]
    beamwidth_rad : float
        Half-power beamwidth at broadside, above 0 and below pi; met exactly. [rad]
    sidelobe_db : float or None
        ``taylor``: peak sidelobe of the design, -120 to -13, needed. ``gaussian``: level of the floor, below 0; None
        for no floor. Other tapers: None. Relative to the peak, so -30 is 30 dB down. [dB]
    n_bar : int or None
        Taylor's number of nearly equal sidelobes, at least 2; None for the least that keeps them falling.

    Returns
    -------
    array
        Power relative to the beam's peak, 0 to 1. [power ratio]

    Raises
    ------
    ValueError
        If an argument is outside its domain, or ``sidelobe_db`` does not belong to the taper.

    Notes
    -----
    With :math:`x = uL/\lambda`, and the aperture's length L such that the pattern is one half at
    :math:`u = \sin(\theta_3/2)`: uniform :math:`\mathrm{sinc}^2 x`; cosine
    :math:`[\cos\pi x/(1-4x^2)]^2`; Taylor
    :math:`[\mathrm{sinc}\,x\prod_{n<\bar n}(1-x^2/x_n^2)/(1-x^2/n^2)]^2` with
    :math:`x_n^2=\bar n^2\,(A^2+(n-\frac12)^2)/(A^2+(\bar n-\frac12)^2)`,
    :math:`A=\mathrm{arcosh}(R)/\pi`; Gaussian :math:`2^{-(u/\sin(\theta_3/2))^2}`. Exact for the line source to 1e-9
    of the peak; a real antenna adds blockage and errors (`error_sidelobe`).

    References
    ----------
    Taylor, "Design of line-source antennas for narrow beamwidth and low side lobes", *IRE Trans. Antennas Propag.*
    3 (1), 1955, pp. 16-28; Balanis, *Antenna Theory*, 4th ed., 2016, section 7.6; Skolnik, *Introduction to Radar
    Systems*, 3rd ed., 2001, section 9.3 and table 9.1.

    Examples
    --------
    >>> half = np.sin(np.radians(1.0))
    >>> taper_pattern("taylor", [0.0, half], np.radians(2.0), -30.0).round(3)
    array([1. , 0.5])
    """
    level, order = _checked_taper(taper, sidelobe_db, n_bar)
    if not 0.0 < beamwidth_rad < math.pi:
        raise ValueError(f"beamwidth_rad must lie inside (0, pi), got {beamwidth_rad!r} (degrees?)")
    u = within("offset_sin", offset_sin)
    half = math.sin(0.5 * beamwidth_rad)
    if taper == "gaussian":
        power = np.exp((-math.log(2.0) / half**2) * (u * u))
        return power if level is None else np.maximum(power, 10.0 ** (0.1 * level))
    x_half, roots2 = _shape(taper, level, order)
    x = np.atleast_1d(np.abs(u) * (x_half / half))  # so the pattern is even to the last bit
    voltage = _voltage(taper, x, roots2)
    return (voltage * voltage).reshape(u.shape)


@lru_cache(maxsize=64)
def _line(taper: str, sidelobe_db: float | None, order: int) -> Taper:
    half, roots2 = _shape(taper, sidelobe_db, order)
    if taper == "uniform":
        efficiency = 1.0
    elif taper == "cosine":
        efficiency = 8.0 / math.pi**2
    else:
        efficiency = 1.0 / (1.0 + 2.0 * float(np.sum(_taylor_samples(roots2) ** 2)))
    x = np.linspace(0.0, 4.0 * max(order, 2) + 4.0, 40_001)
    level = np.abs(_voltage(taper, x, roots2))
    peaks = np.flatnonzero((level[1:-1] >= level[:-2]) & (level[1:-1] >= level[2:])) + 1
    top = peaks[np.argmax(level[peaks])]
    # the vertex of the parabola through the highest sample and its neighbours
    left, middle, right = level[top - 1 : top + 2]
    peak = middle - 0.125 * (right - left) ** 2 / (right - 2.0 * middle + left)
    return Taper(2.0 * half, efficiency, float(20.0 * np.log10(peak)), order)


def taper_figures(taper: str, sidelobe_db: float | None = None, *, n_bar: int | None = None) -> Taper:
    """Beamwidth, efficiency and peak sidelobe of a line source, by its taper.

    Parameters
    ----------
    taper : str
        ``uniform``, ``cosine`` or ``taylor``.
    sidelobe_db : float or None
        Peak sidelobe of a Taylor design, -120 to -13; None for the others. [dB]
    n_bar : int or None
        Taylor's number of nearly equal sidelobes; None for the least that keeps them falling.

    Returns
    -------
    Taper
        Its figures.

    Raises
    ------
    ValueError
        If the taper is not one of these, or an argument is outside its domain.

    References
    ----------
    Skolnik, *Introduction to Radar Systems*, 3rd ed., 2001, table 9.1 (uniform 51 degrees and -13.2 dB, cosine 69
    degrees, 0.81 and -23 dB).

    Examples
    --------
    >>> round(taper_figures("cosine").beamwidth_factor, 3), round(taper_figures("cosine").efficiency, 2)
    (1.189, 0.81)
    """
    if taper == "gaussian":
        raise ValueError("taper 'gaussian' is a beam, not an aperture; ask for uniform, cosine or taylor")
    return _line(taper, *_checked_taper(taper, sidelobe_db, n_bar))


def array_pattern(weights: ArrayLike, spacing_wavelengths: float, offset_sin: ArrayLike) -> FloatArray:
    r"""Relative one-way power pattern of a line of equal elements, grating lobes and all.

    Parameters
    ----------
    weights : (m,) array_like
        Complex weights of the elements, without the steering. [1]
    spacing_wavelengths : float
        Element spacing over wavelength, above 0. [1]
    offset_sin : array_like
        Sine of the angle off broadside less that of the steered peak. [1]

    Returns
    -------
    array
        Power relative to :math:`(\sum|w|)^2`; shape of ``offset_sin``. [power ratio]

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    Notes
    -----
    :math:`|\sum_n w_n e^{2\pi j n u d/\lambda}|^2`, no mutual coupling, no element pattern (`element_pattern`).

    References
    ----------
    Mailloux, *Phased Array Antenna Handbook*, 2nd ed., 2005, section 1.2; Balanis, *Antenna Theory*, 4th ed., 2016,
    section 6.3.

    Examples
    --------
    >>> array_pattern(np.ones(4), 0.5, [0.0, 0.5, 2.0]).round(6)
    array([1., 0., 1.])
    """
    w = _weights(weights)
    spacing = float(within("spacing_wavelengths", spacing_wavelengths, above=0.0))
    u = within("offset_sin", offset_sin)
    steps = np.exp((2j * math.pi * spacing) * u)
    total = np.full(u.shape, w[-1])
    for weight in w[-2::-1]:
        total = total * steps + weight
    return np.abs(total) ** 2 / np.abs(w).sum() ** 2


def _weights(weights: ArrayLike) -> np.ndarray:
    w = np.asarray(weights, dtype=np.complex128)
    if w.ndim != 1 or not w.size or not np.all(np.isfinite(w)) or not np.abs(w).sum() > 0.0:
        raise ValueError(f"weights must be a finite (m,) array with a value other than 0, got shape {w.shape}")
    return w


def array_directivity(weights: ArrayLike, spacing_wavelengths: float, *, steer_sin: float = 0.0) -> float:
    r"""Directivity of a line of isotropic elements, exact at any spacing and steering.

    Parameters
    ----------
    weights : (m,) array_like
        Complex weights of the elements, without the steering. [1]
    spacing_wavelengths : float
        Element spacing over wavelength, above 0. [1]
    steer_sin : float
        Sine of the steering angle off broadside, -1 to 1. [1]

    Returns
    -------
    float
        Directivity at the steered angle. [power ratio]

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    Notes
    -----
    :math:`D=|\sum w|^2\big/\sum_{mn}w_m w_n^*e^{j\psi(m-n)}\,\mathrm{sinc}(2(m-n)d/\lambda)`,
    :math:`\psi=-2\pi u_0 d/\lambda`; at half a wavelength it is the taper efficiency times the number of elements.

    References
    ----------
    Hansen, *Phased Array Antennas*, 2nd ed., 2009, section 2.2 (directivity of linear arrays); Balanis, *Antenna
    Theory*, 4th ed., 2016, section 6.4.

    Examples
    --------
    >>> round(array_directivity(np.ones(8), 0.5), 9)
    8.0
    """
    w = _weights(weights)
    spacing = float(within("spacing_wavelengths", spacing_wavelengths, above=0.0))
    steer = float(within("steer_sin", steer_sin, least=-1.0, most=1.0))
    lags = np.subtract.outer(np.arange(w.size), np.arange(w.size))
    kernel = np.exp(-2j * math.pi * spacing * steer * lags) * np.sinc(2.0 * spacing * lags)
    return float(abs(w.sum()) ** 2 / np.real(np.conj(w) @ kernel @ w))


def taper_efficiency(weights: ArrayLike) -> float:
    r"""Signal-to-noise ratio of weighted elements relative to equal weights.

    Parameters
    ----------
    weights : (m,) array_like
        Weights of the elements. [1]

    Returns
    -------
    float
        :math:`|\sum w|^2/(m\sum|w|^2)`, at most 1. [power ratio]

    Raises
    ------
    ValueError
        If ``weights`` is not a finite one-dimensional array.

    References
    ----------
    Mailloux, *Phased Array Antenna Handbook*, 2nd ed., 2005, section 1.2 (taper efficiency).

    Examples
    --------
    >>> round(taper_efficiency([0.5, 1.0, 0.5]), 4)
    0.8889
    """
    w = _weights(weights)
    return float(abs(w.sum()) ** 2 / (w.size * np.sum(np.abs(w) ** 2)))


def aperture_gain(area_m2: ArrayLike, wavelength_m: ArrayLike, *, efficiency: ArrayLike = 1.0) -> FloatArray:
    r"""Gain of an aperture.

    Parameters
    ----------
    area_m2 : array_like
        Area, above 0. [m2]
    wavelength_m : array_like
        Wavelength, above 0. [m]
    efficiency : array_like
        Taper, spillover and ohmic losses together, above 0 and at most 1. [1]

    Returns
    -------
    array
        :math:`4\pi\eta A/\lambda^2`. [power ratio]

    Raises
    ------
    ValueError
        If an argument is outside its domain or the shapes do not broadcast.

    References
    ----------
    Skolnik, *Introduction to Radar Systems*, 3rd ed., 2001, section 9.2; IEEE Std 145-2013, "effective area".

    Examples
    --------
    >>> float(np.round(10 * np.log10(aperture_gain(1.0, 0.03)), 2))
    41.45
    """
    agree(area_m2=area_m2, wavelength_m=wavelength_m, efficiency=efficiency)
    area = within("area_m2", area_m2, above=0.0)
    wavelength = within("wavelength_m", wavelength_m, above=0.0)
    return 4.0 * math.pi * within("efficiency", efficiency, above=0.0, most=1.0) * area / wavelength**2


def directivity_from_beamwidths(
    beamwidth_azimuth_rad: ArrayLike, beamwidth_elevation_rad: ArrayLike, *, beam: str = "practical"
) -> FloatArray:
    r"""Directivity of a pencil or fan beam from its two half-power beamwidths.

    Parameters
    ----------
    beamwidth_azimuth_rad, beamwidth_elevation_rad : array_like
        Half-power beamwidths, above 0 and below pi. [rad]
    beam : str
        ``practical``: 26 000 over the product in square degrees, what built antennas reach. ``gaussian``: all power
        in a Gaussian lobe. ``rectangular``, ``elliptical``: uniformly lit aperture of that form.

    Returns
    -------
    array
        Directivity; of ``practical`` it is the gain, losses included. [power ratio]

    Raises
    ------
    ValueError
        If a beamwidth is outside its domain or ``beam`` is unknown.

    Notes
    -----
    :math:`D = C/(\theta_a\theta_e)` with C = 26 000, 36 407, 32 383 and 34 307 square degrees; for beams so narrow
    that the lobe ends well before 90 degrees: wider than 40 degrees the figures are off by more than 10 %.

    References
    ----------
    Stutzman & Thiele, *Antenna Theory and Design*, 3rd ed., 2012, section 9.2 (26 000); Balanis, *Antenna Theory*,
    4th ed., 2016, sections 2.6 and 12.5 (32 400).

    Examples
    --------
    >>> float(directivity_from_beamwidths(np.radians(2.0), np.radians(10.0)).round(6))
    1300.0
    """
    agree(beamwidth_azimuth_rad=beamwidth_azimuth_rad, beamwidth_elevation_rad=beamwidth_elevation_rad)
    if beam not in BEAMS:
        raise ValueError(f"beam must be one of {', '.join(BEAMS)}, got {beam!r}")
    azimuth = within("beamwidth_azimuth_rad", beamwidth_azimuth_rad, above=0.0, below=math.pi, remedy="degrees?")
    elevation = within("beamwidth_elevation_rad", beamwidth_elevation_rad, above=0.0, below=math.pi, remedy="degrees?")
    constant = {
        "practical": 26_000.0 * (math.pi / 180.0) ** 2,
        "gaussian": 16.0 * math.log(2.0),
        "rectangular": 4.0 * math.pi * 0.885_892_941_378_904_7**2,
        "elliptical": math.pi**2 * 1.028_993_973_2**2,
    }[beam]
    return constant / (azimuth * elevation)


def beamwidth_rad(length_m: ArrayLike, wavelength_m: ArrayLike, *, factor: float) -> FloatArray:
    r"""Half-power beamwidth of an aperture at broadside.

    Parameters
    ----------
    length_m, wavelength_m : array_like
        Aperture length across the plane of the cut; wavelength; above 0. [m]
    factor : float
        ``taper_figures(...).beamwidth_factor``: 0.886 uniform line, 1.189 cosine, 1.029 uniform circle. [1]

    Returns
    -------
    array
        :math:`2\arcsin(k\lambda/2L)`. [rad]

    Raises
    ------
    ValueError
        If an argument is not above 0, or the aperture is too short to have a half-power point.

    References
    ----------
    Balanis, *Antenna Theory*, 4th ed., 2016, table 12.1.

    Examples
    --------
    >>> float(np.degrees(beamwidth_rad(3.0, 0.1, factor=0.886)).round(3))
    1.692
    """
    agree(length_m=length_m, wavelength_m=wavelength_m)
    length = within("length_m", length_m, above=0.0)
    ratio = 0.5 * factor * within("wavelength_m", wavelength_m, above=0.0) / length
    if not np.all((ratio > 0.0) & (ratio <= 1.0)):
        raise ValueError(
            f"length_m {float(length.min()):.4g} is too short for a half-power point; or factor is not above 0"
        )
    return 2.0 * np.arcsin(ratio)


def _cosecant_parts(beam_peak_rad: float, beamwidth_rad: float, elevation_max_rad: float) -> tuple[float, float]:
    peak = float(within("beam_peak_rad", beam_peak_rad, least=-0.5 * math.pi, most=0.5 * math.pi, remedy="degrees?"))
    width = float(within("beamwidth_rad", beamwidth_rad, above=0.0, below=math.pi, remedy="degrees?"))
    join = peak + 0.5 * width
    if not 0.0 < join < elevation_max_rad <= 0.5 * math.pi:
        raise ValueError(
            "cosecant-squared needs 0 < beam_peak_rad + beamwidth_rad / 2 < elevation_max_rad <= pi/2, got "
            f"{join:.4g} and {elevation_max_rad!r}"
        )
    return peak, join


def cosecant_squared(
    elevation_rad: ArrayLike, beam_peak_rad: float, beamwidth_rad: float, elevation_max_rad: float
) -> FloatArray:
    r"""Relative one-way power pattern of a cosecant-squared beam: equal echo at constant height.

    Parameters
    ----------
    elevation_rad : array_like
        Elevation, -pi/2 to pi/2. [rad]
    beam_peak_rad : float
        Elevation of the beam's peak. [rad]
    beamwidth_rad : float
        Half-power beamwidth of the main lobe; its upper half-power point must lie above the horizon. [rad]
    elevation_max_rad : float
        Where the cosecant ends, above the upper half-power point, at most pi/2. [rad]

    Returns
    -------
    array
        Power relative to the beam's peak. [power ratio]

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    Notes
    -----
    A Gaussian lobe up to its upper half-power point :math:`\varepsilon_1`, then
    :math:`\frac12\sin^2\varepsilon_1/\sin^2\varepsilon` up to ``elevation_max_rad``, and a Gaussian fall with the
    main lobe's width beyond. Its peak gain is lower than the lobe's alone by `cosecant_squared_loss_db`.

    References
    ----------
    Skolnik, *Introduction to Radar Systems*, 3rd ed., 2001, section 2.11 (cosecant-squared antenna).

    Examples
    --------
    >>> low, high = np.radians([6.0, 20.0])
    >>> g = cosecant_squared([low, high], np.radians(2.0), np.radians(4.0), np.radians(30.0))
    >>> bool(np.isclose(g[0] * np.sin(low) ** 2, g[1] * np.sin(high) ** 2))
    True
    """
    peak, join = _cosecant_parts(beam_peak_rad, beamwidth_rad, elevation_max_rad)
    elevation = within("elevation_rad", elevation_rad, least=-0.5 * math.pi, most=0.5 * math.pi, remedy="degrees?")
    fall = 4.0 * math.log(2.0) / beamwidth_rad**2
    middle = np.clip(elevation, join, elevation_max_rad)
    rest = elevation - np.where(elevation > join, middle, peak)
    level = np.where(elevation > join, 0.5 * (math.sin(join) / np.sin(middle)) ** 2, 1.0)
    return level * np.exp(-fall * rest * rest)


def cosecant_squared_loss_db(beam_peak_rad: float, beamwidth_rad: float, elevation_max_rad: float) -> float:
    r"""Peak gain that a fan beam loses when its upper side is drawn out to a cosecant-squared.

    Parameters
    ----------
    beam_peak_rad, beamwidth_rad, elevation_max_rad : float
        As in `cosecant_squared`. [rad]

    Returns
    -------
    float
        Loss relative to the Gaussian lobe alone. [dB]

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    Notes
    -----
    Ratio of the two patterns' integrals over :math:`\cos\varepsilon\,d\varepsilon`, by quadrature to 1e-9; the
    textbook's :math:`2-\varepsilon_0\cot\varepsilon_m`, for a rectangular lobe of width :math:`\varepsilon_0`
    followed by the cosecant, is the same integral.

    References
    ----------
    Skolnik, *Introduction to Radar Systems*, 3rd ed., 2001, section 2.11.

    Examples
    --------
    >>> round(cosecant_squared_loss_db(np.radians(2.0), np.radians(4.0), np.radians(40.0)), 2)
    1.15
    """
    peak, join = _cosecant_parts(beam_peak_rad, beamwidth_rad, elevation_max_rad)
    nodes, weights = np.polynomial.legendre.leggauss(64)
    fall = 4.0 * math.log(2.0) / beamwidth_rad**2

    def integral(pattern: Callable[[FloatArray], FloatArray], edges: list[float]) -> float:
        total = 0.0
        for low, high in zip(edges[:-1], edges[1:], strict=True):
            x = 0.5 * (low + high) + 0.5 * (high - low) * nodes
            total += 0.5 * (high - low) * float(weights @ (pattern(x) * np.cos(x)))
        return total

    steps = [peak + k * beamwidth_rad for k in (-6, -4, -2, 0)]
    below = [max(-0.5 * math.pi, edge) for edge in steps]
    upper = [min(0.5 * math.pi, join + k * beamwidth_rad) for k in (1, 2, 4, 6)]
    tail = [min(0.5 * math.pi, elevation_max_rad + k * beamwidth_rad) for k in (1, 2, 4, 6)]
    rise = list(np.geomspace(join, elevation_max_rad, 5))
    lobe = integral(lambda x: np.exp(-fall * (x - peak) ** 2), [*below, join, *upper])
    full = integral(
        lambda x: cosecant_squared(x, beam_peak_rad, beamwidth_rad, elevation_max_rad),
        [*below, *rise[:-1], elevation_max_rad, *tail],
    )
    return 10.0 * math.log10(full / lobe)


def element_pattern(off_broadside_rad: ArrayLike, *, exponent: float = 1.5) -> FloatArray:
    r"""Relative one-way power pattern of an array's element, and so of the array's peak as it is steered.

    Parameters
    ----------
    off_broadside_rad : array_like
        Angle off broadside; behind the array (beyond pi/2) the answer is 0. [rad]
    exponent : float
        Power of the cosine: 1 by projected area alone, 1.5 a usual allowance for mismatch, at least 0. [1]

    Returns
    -------
    array
        :math:`\cos^n\theta`. [power ratio]

    Raises
    ------
    ValueError
        If an angle is not finite or the exponent is negative.

    References
    ----------
    Barton, *Radar Equations for Modern Radar*, 2013, section 10.2 (scanning loss); Skolnik, *Radar Handbook*, 3rd
    ed., 2008, section 13.1.

    Examples
    --------
    >>> float(element_pattern(np.radians(60.0), exponent=1.0).round(12))
    0.5
    """
    theta = within("off_broadside_rad", off_broadside_rad)
    power = float(within("exponent", exponent, least=0.0))
    cosine = np.cos(theta)
    return np.where(cosine > 0.0, np.maximum(cosine, 0.0) ** power, 0.0)


def scan_loss(off_broadside_rad: ArrayLike, *, exponent: float = 1.5) -> FloatArray:
    r"""Loss of one-way gain of an array steered off broadside; divide the gain by it.

    Parameters
    ----------
    off_broadside_rad : array_like
        Steering angle off broadside, inside (-pi/2, pi/2). [rad]
    exponent : float
        As in `element_pattern`. [1]

    Returns
    -------
    array
        :math:`\cos^{-n}\theta`, at least 1. [power ratio]

    Raises
    ------
    ValueError
        If an angle is outside its domain or the exponent is negative.

    Notes
    -----
    For both ways apply it twice; a target that is not tracked but searched for loses less on average over a sector.

    References
    ----------
    As `element_pattern`.

    Examples
    --------
    >>> float(np.round(10 * np.log10(scan_loss(np.radians(60.0))), 2))
    4.52
    """
    half = 0.5 * math.pi
    theta = within("off_broadside_rad", off_broadside_rad, above=-half, below=half, remedy="degrees?")
    return np.cos(theta) ** -float(within("exponent", exponent, least=0.0))


def broadened_beamwidth(beamwidth_rad: ArrayLike, off_broadside_rad: ArrayLike) -> FloatArray:
    r"""Half-power beamwidth of an array steered off broadside.

    Parameters
    ----------
    beamwidth_rad : array_like
        Half-power beamwidth at broadside, above 0 and below pi. [rad]
    off_broadside_rad : array_like
        Steering angle off broadside, in the plane of the cut. [rad]

    Returns
    -------
    array
        Angle between the two half-power points. [rad]

    Raises
    ------
    ValueError
        If an argument is outside its domain, or a half-power point leaves real space (steered too near end-fire).

    Notes
    -----
    :math:`\arcsin(\sin\theta_0+s)-\arcsin(\sin\theta_0-s)`, :math:`s=\sin(\theta_3/2)`; near broadside and for narrow
    beams :math:`\theta_3/\cos\theta_0`.

    References
    ----------
    Mailloux, *Phased Array Antenna Handbook*, 2nd ed., 2005, section 1.2 (beam broadening).

    Examples
    --------
    >>> float(np.degrees(broadened_beamwidth(np.radians(2.0), np.radians(60.0))).round(3))
    4.008
    """
    agree(beamwidth_rad=beamwidth_rad, off_broadside_rad=off_broadside_rad)
    half = 0.5 * math.pi
    width = within("beamwidth_rad", beamwidth_rad, above=0.0, below=math.pi, remedy="degrees?")
    theta = within("off_broadside_rad", off_broadside_rad, above=-half, below=half, remedy="degrees?")
    s, u = np.sin(0.5 * width), np.sin(theta)
    if np.any(np.abs(u) + s > 1.0):
        worst = float(np.max(np.abs(np.broadcast_arrays(theta, s)[0])))
        raise ValueError(f"off_broadside_rad {worst:.4g} is too near end-fire: a half-power point leaves real space")
    return np.arcsin(u + s) - np.arcsin(u - s)


def grating_lobe_spacing(scan_max_rad: ArrayLike) -> FloatArray:
    r"""Greatest element spacing of a line without a grating lobe in real space.

    Parameters
    ----------
    scan_max_rad : array_like
        Greatest steering angle off broadside, 0 to pi/2. [rad]

    Returns
    -------
    array
        Spacing over wavelength, :math:`1/(1+\sin\theta)`. [1]

    Raises
    ------
    ValueError
        If the angle is outside its domain.

    Notes
    -----
    The lobe's peak then stands at end-fire; to keep all of it out, take a beamwidth less.

    References
    ----------
    Mailloux, *Phased Array Antenna Handbook*, 2nd ed., 2005, section 1.2; Skolnik, *Introduction to Radar Systems*,
    3rd ed., 2001, section 9.5.

    Examples
    --------
    >>> float(grating_lobe_spacing(np.radians(60.0)).round(3))
    0.536
    """
    half = 0.5 * math.pi
    return 1.0 / (1.0 + np.sin(within("scan_max_rad", scan_max_rad, least=0.0, most=half, remedy="degrees?")))


def mean_sidelobe(directivity: ArrayLike, main_share: ArrayLike) -> FloatArray:
    r"""Mean sidelobe level of an antenna, by what of its power is not in the main lobe.

    Parameters
    ----------
    directivity : array_like
        Peak directivity, above 1. [power ratio]
    main_share : array_like
        Share of the radiated power inside the main lobe, 0 to 1: some 0.9 of ordinary antennas, above 0.99 of
        ultra-low sidelobes. [1]

    Returns
    -------
    array
        Mean gain outside the main lobe relative to the peak, :math:`(1-\eta)/D`. [power ratio]

    Raises
    ------
    ValueError
        If an argument is outside its domain or the shapes do not broadcast.

    Notes
    -----
    The sidelobes fill all directions but a few beamwidths; for narrow beams the lost solid angle does not count.

    References
    ----------
    Skolnik, *Radar Handbook*, 3rd ed., 2008, section 13.2; IEEE Std 145-2013, "mean side lobe level".

    Examples
    --------
    >>> float(np.round(10 * np.log10(mean_sidelobe(1000.0, 0.9)), 1))
    -40.0
    """
    agree(directivity=directivity, main_share=main_share)
    gain = within("directivity", directivity, least=1.0, remedy="decibels?")
    return (1.0 - within("main_share", main_share, least=0.0, most=1.0)) / gain


def error_sidelobe(
    n_elements: int,
    *,
    phase_sd_rad: float = 0.0,
    amplitude_sd: float = 0.0,
    failed: float = 0.0,
    efficiency: float = 1.0,
) -> float:
    r"""Mean sidelobe level of an array that random errors of its elements cause.

    Parameters
    ----------
    n_elements : int
        Elements.
    phase_sd_rad : float
        Standard deviation of the phase error, independent from element to element. [rad]
    amplitude_sd : float
        Standard deviation of the relative amplitude error. [1]
    failed : float
        Share of elements that are dead, 0 to below 1. [1]
    efficiency : float
        Taper efficiency. [1]

    Returns
    -------
    float
        Mean level relative to the peak, :math:`[(1-P)+\sigma_a^2+P\,\sigma_\phi^2]/(P\,\eta N)`, P the share alive.
        [power ratio]

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    Notes
    -----
    For small errors (phases below about 0.5 rad). The error floor adds to the design's sidelobes.

    References
    ----------
    Mailloux, *Phased Array Antenna Handbook*, 2nd ed., 2005, section 7.1; Ruze, "The effect of aperture errors on
    the antenna radiation pattern", *Nuovo Cimento* 9 suppl. 3, 1952, pp. 364-380.

    Examples
    --------
    >>> error_sidelobe(1000, phase_sd_rad=0.1)
    1.0000000000000003e-05
    """
    n = count("n_elements", n_elements)
    phase = float(within("phase_sd_rad", phase_sd_rad, least=0.0, remedy="degrees?"))
    amplitude = float(within("amplitude_sd", amplitude_sd, least=0.0, remedy="decibels?"))
    alive = 1.0 - float(within("failed", failed, least=0.0, below=1.0))
    eta = float(within("efficiency", efficiency, above=0.0, most=1.0))
    return (1.0 - alive + amplitude**2 + alive * phase**2) / (alive * eta * n)


def beam_shape_loss_db(
    *, n_axes: int = 1, pulses_per_beamwidth: float | None = None, n_pulses: int | None = None
) -> float:
    r"""Loss of a scanning beam, against the same pulses all at the beam's peak.

    Parameters
    ----------
    n_axes : int
        1 for a fan beam that scans across its narrow side, 2 for a pencil beam on a dense raster.
    pulses_per_beamwidth : float or None
        Pulses while the beam turns by its half-power beamwidth. None for many, counted as Barton does.
    n_pulses : int or None
        Pulses added, one of them at the peak; None for as many as lie inside a beamwidth, rounded
        down to an odd number.

    Returns
    -------
    float
        Loss, two-way Gaussian beam. [dB]

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    Notes
    -----
    With ``pulses_per_beamwidth`` :math:`n_B`: :math:`n/[1+2\sum_{k=1}^{(n-1)/2}e^{-8\ln2\,k^2/n_B^2}]`, once for
    each axis. Without: all of the pattern is integrated, and compared with the pulses of one beamwidth at the peak,
    :math:`\sqrt{8\ln2/\pi}` = 1.329 an axis: 1.23 dB, 2.47 dB for two. For low to middling Pd; at a Pd near 1 the loss
    depends on the law of detection (Blake gives 1.6 dB an axis).

    References
    ----------
    Skolnik, *Introduction to Radar Systems*, 2nd ed., 1980, section 2.12 (11 pulses inside a beamwidth: 1.66 dB);
    Barton, *Radar Equations for Modern Radar*, 2013, section 5.2 (1.24 and 2.48 dB); Blake, "The effective number of
    pulses per beamwidth for a scanning radar", *Proc. IRE* 41 (6), 1953, pp. 770-774.

    Examples
    --------
    >>> round(beam_shape_loss_db(), 2), round(beam_shape_loss_db(pulses_per_beamwidth=11), 2)
    (1.23, 1.67)
    """
    axes = count("n_axes", n_axes)
    if axes > 2:
        raise ValueError(f"n_axes must be 1 or 2, got {n_axes!r}")
    if pulses_per_beamwidth is None:
        if n_pulses is not None:
            raise ValueError("n_pulses needs pulses_per_beamwidth")
        return 5.0 * axes * math.log10(_TWO_WAY / math.pi)
    density = float(within("pulses_per_beamwidth", pulses_per_beamwidth, above=0.0))
    n = max(1, 2 * int((density - 1.0) // 2.0) + 1) if n_pulses is None else count("n_pulses", n_pulses)
    if n % 2 == 0:
        raise ValueError(f"n_pulses must be odd, one pulse at the peak, got {n}")
    k = np.arange(1, (n - 1) // 2 + 1)
    return 10.0 * axes * math.log10(n / (1.0 + 2.0 * float(np.exp(-_TWO_WAY * (k / density) ** 2).sum())))


def raster_loss_db(spacing_beamwidths: float, *, n_axes: int = 2) -> float:
    r"""Mean loss of a target somewhere in a raster of fixed beams, against one at a beam's peak.

    Parameters
    ----------
    spacing_beamwidths : float
        Distance between neighbouring beams over the half-power beamwidth, above 0. [1]
    n_axes : int
        1 for a row of fan beams, 2 for a square raster.

    Returns
    -------
    float
        Mean over the raster cell of the two-way Gaussian beam, nearest beam only, as a loss. [dB]

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    Notes
    -----
    An axis gives :math:`\mathrm{erf}(a)\sqrt\pi/2a`, :math:`a=s\sqrt{2\ln2}`; it is a mean of powers, so right at
    low SNR; the loss in required SNR at a high Pd is greater.

    References
    ----------
    Hahn & Gross, "Beam shape loss and surveillance optimization for pencil beam arrays", *IEEE Trans. Aerosp.
    Electron. Syst.* 5 (4), 1969, pp. 674-675, for the problem; the mean is elementary.

    Examples
    --------
    >>> round(raster_loss_db(1.0, n_axes=1), 2)
    1.67
    """
    axes = count("n_axes", n_axes)
    if axes > 2:
        raise ValueError(f"n_axes must be 1 or 2, got {n_axes!r}")
    a = float(within("spacing_beamwidths", spacing_beamwidths, above=0.0)) * math.sqrt(2.0 * math.log(2.0))
    return -10.0 * axes * math.log10(0.5 * math.sqrt(math.pi) * math.erf(a) / a)
