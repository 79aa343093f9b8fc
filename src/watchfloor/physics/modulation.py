"""Lines that turning blades put about an echo: who sees them, how strong they are, what it takes to tell them apart.

Where the lines lie is in `doppler` (`doppler.jem_line_spacing_hz`); here stands what a radar needs to measure their
spacing. Lines are held at the level of one spacing an aircraft: the chopping of its first visible stage of blades, or
of its propeller.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, log, pi

import numpy as np
from numpy.typing import ArrayLike

from watchfloor.base.units import C_MPS, BoolArray, FloatArray
from watchfloor.physics._domain import together, within
from watchfloor.physics.accuracy import sigma_range_rate_mps
from watchfloor.physics.doppler import jem_line_spacing_hz
from watchfloor.physics.radar import Radar

LINE_CELLS = 2.0
"""Least distance of a line from the body's, in Doppler cells: their main lobes then no longer overlap. [1]"""
PFA_LINES = 1e-4
"""Probability that a spacing is declared where there is none, all filters of a look together. [1]"""
TE11 = 1.841183781340659
"""First zero of the derivative of the Bessel function J1: the lowest mode of a round duct. [1]"""


@dataclass(frozen=True, kw_only=True)
class Modulation:
    """Lines that the blades of one aircraft put about its echo.

    Raises
    ------
    ValueError
        If a value is not finite or outside its domain.
    """

    spacing_hz: float
    """Distance between lines at the usual shaft rate: blades times turns a second. [Hz]"""
    level_db: float
    """Strongest line against the body's echo, below 0. [dB]"""
    half_angle_rad: float
    """Angle off the nose, and off the tail, within which blades show. [rad]"""
    cutoff_hz: float = 0.0
    """Carrier below which no wave gets to the blades (`duct_cutoff_hz`); 0 for blades in the open. [Hz]"""
    between_flights: float = 0.0
    """How much the shaft rate differs from flight to flight, one standard deviation of its logarithm. [1]"""

    def __post_init__(self) -> None:
        """Check domains."""
        within("spacing_hz", self.spacing_hz, above=0.0)
        within("level_db", self.level_db, most=0.0)
        within("half_angle_rad", self.half_angle_rad, above=0.0, most=pi, remedy="degrees?")
        within("cutoff_hz", self.cutoff_hz, least=0.0)
        within("between_flights", self.between_flights, least=0.0, most=1.0)


def make_modulation(
    *,
    n_blades: int,
    shaft_rpm: float,
    level_db: float,
    half_angle_rad: float,
    duct_m: float | None = None,
    between_flights: float = 0.0,
) -> Modulation:
    """Modulation by an engine's or a propeller's blades.

    Parameters
    ----------
    n_blades : int
        Blades of the visible stage, at least 1.
    shaft_rpm : float
        Rotations a minute, above 0. [1/min]
    level_db, half_angle_rad, between_flights : float
        As in `Modulation`. [dB, rad, 1]
    duct_m : float or None
        Diameter of the round duct in front of the blades; None for a propeller. [m]

    Returns
    -------
    Modulation
        Its lines.

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    Notes
    -----
    Both directions of sight share level and half-angle: what shows from behind (turbine blades, or the propeller
    itself) is not told apart from what shows from the front.

    References
    ----------
    Bell & Grubbs, "JEM modeling and measurement for radar target identification", *IEEE Trans. AES* 29 (1), 1993,
    pp. 73-87.

    Examples
    --------
    >>> make_modulation(n_blades=3, shaft_rpm=1591.0, level_db=-13.0, half_angle_rad=1.4).spacing_hz
    79.55
    """
    return Modulation(
        spacing_hz=float(jem_line_spacing_hz(n_blades, shaft_rpm)),
        level_db=level_db,
        half_angle_rad=half_angle_rad,
        cutoff_hz=0.0 if duct_m is None else float(duct_cutoff_hz(duct_m)),
        between_flights=between_flights,
    )


def duct_cutoff_hz(diameter_m: ArrayLike) -> FloatArray:
    r"""Lowest frequency that travels along a round duct.

    Parameters
    ----------
    diameter_m : array_like
        Inner diameter, above 0. [m]

    Returns
    -------
    array
        Cutoff of its lowest mode (TE11). [Hz]

    Raises
    ------
    ValueError
        If a diameter is not above 0.

    Notes
    -----
    :math:`f_c = 1.8412\,c/(\pi d)`, exact for a long, smooth, empty, conducting duct. Real intakes are short and
    lined: near the cutoff some wave leaks through, and a bend or a lining hides blades well above it.

    References
    ----------
    Pozar, *Microwave Engineering*, 4th ed., 2012, section 3.4.

    Examples
    --------
    >>> float(duct_cutoff_hz(1.0).round(-4))
    175700000.0
    """
    return TE11 * C_MPS / (pi * within("diameter_m", diameter_m, above=0.0))


def least_dwell_s(spacing_hz: ArrayLike) -> FloatArray:
    """Shortest coherent dwell that tells a line from the body's own.

    Parameters
    ----------
    spacing_hz : array_like
        Distance between lines, above 0. [Hz]

    Returns
    -------
    array
        ``LINE_CELLS`` over the spacing: a cell of Doppler shift is one over the dwell. [s]

    Raises
    ------
    ValueError
        If a spacing is not above 0.

    References
    ----------
    Tait, *Introduction to Radar Target Recognition*, IEE, 2005, ch. 5: the dwell must cover a few periods of the
    blades.

    Examples
    --------
    >>> float(least_dwell_s(80.0))
    0.025
    """
    return LINE_CELLS / within("spacing_hz", spacing_hz, above=0.0)


def least_prf_hz(spacing_hz: ArrayLike) -> FloatArray:
    """Lowest pulse repetition frequency at which the first lines on both sides of the body's do not fold.

    Parameters
    ----------
    spacing_hz : array_like
        Distance between lines, above 0. [Hz]

    Returns
    -------
    array
        Twice the spacing. [Hz]

    Raises
    ------
    ValueError
        If a spacing is not above 0.

    Notes
    -----
    Higher lines fold all the same (`doppler.jem_lines_hz`) and are left out. Below this rate a folded line could be
    unfolded by a second rate; that is not held here, so no spacing is declared.

    Examples
    --------
    >>> float(least_prf_hz(2000.0))
    4000.0
    """
    return 2.0 * within("spacing_hz", spacing_hz, above=0.0)


def resolvable_hz(radar: Radar) -> tuple[float, float]:
    """Return the least and greatest spacing that a radar can measure in one look; the least is inf if none. [Hz]

    Parameters
    ----------
    radar : Radar
        The radar.

    Returns
    -------
    least, most : float
        ``LINE_CELLS`` Doppler cells, and half the repetition frequency. [Hz]

    Notes
    -----
    Holds for lines and a body of one Doppler cell each (no spread by acceleration or clutter). Of the looks of a dwell
    the one at the highest repetition frequency counts. Radars whose pulses are not stated measure none.
    """
    prf = radar.waveform.prf_hz
    if not prf or radar.n_coherent < 4:
        return inf, 0.0
    best = max(prf[look % len(prf)] for look in range(radar.n_pulses))
    least, most = LINE_CELLS * best / radar.n_coherent, 0.5 * best
    return (least, most) if least < most else (inf, 0.0)


def look_s(radar: Radar) -> float:
    """Return the coherent time of the look that `resolvable_hz` goes by; 0 for unstated pulses. [s]

    Parameters
    ----------
    radar : Radar
        The radar.

    Returns
    -------
    float
        Pulses of a look over their repetition frequency. [s]

    Notes
    -----
    Exact for evenly spaced pulses.
    """
    prf = radar.waveform.prf_hz
    return radar.n_coherent / max(prf[look % len(prf)] for look in range(radar.n_pulses)) if prf else 0.0


def shows(aspect_rad: ArrayLike, half_angle_rad: ArrayLike) -> BoolArray:
    """Whether blades show to a radar at an angle off the nose.

    Parameters
    ----------
    aspect_rad : array_like
        Angle off the nose, -pi to pi, either side. [rad]
    half_angle_rad : array_like
        As in `Modulation`; half pi or more for all round. [rad]

    Returns
    -------
    bool array
        Within the half-angle of nose or tail.

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    Notes
    -----
    A sharp edge stands for what fades over some ten degrees; nose and tail are alike.

    References
    ----------
    Bell & Grubbs, "JEM modeling and measurement for radar target identification", *IEEE Trans. AES* 29 (1), 1993,
    pp. 73-87: lines show about nose and tail.

    Examples
    --------
    >>> shows(np.deg2rad([0.0, 50.0, 90.0, 170.0]), np.deg2rad(40.0))
    array([ True, False, False,  True])
    """
    off = np.abs(within("aspect_rad", aspect_rad, least=-pi - 1e-9, most=pi + 1e-9, remedy="degrees?"))
    off, half = together(aspect_rad=off, half_angle_rad=within("half_angle_rad", half_angle_rad, above=0.0, most=pi))
    return np.minimum(off, pi - off) <= half


def pd_lines(snr: ArrayLike, level_db: ArrayLike, n_filters: ArrayLike) -> FloatArray:
    r"""Chance that the strongest line beside an echo is found.

    Parameters
    ----------
    snr : array_like
        Power of the body's echo over noise after coherent integration, at least 0. [power ratio]
    level_db : array_like
        Line against body. [dB]
    n_filters : array_like
        Filters searched, at least 1; each may give a false line.

    Returns
    -------
    array
        :math:`p^{1/(1+\mathrm{SNR}\,L)}` with p the probability of false alarm a filter, ``PFA_LINES`` over their
        number. [1]

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    Notes
    -----
    The line fades on its own (Swerling 1: many blades, cavity and airframe add with phases that change from look to
    look) and is looked for in one look. Clutter that reaches the line's filter is not counted.

    References
    ----------
    Richards, *Fundamentals of Radar Signal Processing*, 2nd ed., 2014, ch. 6.

    Examples
    --------
    >>> pd_lines([0.0, 1e4], -20.0, 64).round(4)
    array([0.   , 0.876])
    """
    ratio, level, filters = together(
        snr=within("snr", snr, least=0.0, remedy="decibels?"),
        level_db=within("level_db", level_db, most=0.0),
        n_filters=within("n_filters", n_filters, least=1.0),
    )
    return np.exp((log(PFA_LINES) - np.log(filters)) / (1.0 + ratio * 10.0 ** (0.1 * level)))


def spacing_sigma_hz(snr_line: ArrayLike, coherent_time_s: ArrayLike) -> FloatArray:
    r"""Least error of the distance between a line and the body's, the body's known exactly.

    Parameters
    ----------
    snr_line : array_like
        Power of the line over noise after coherent integration, above 0. [power ratio]
    coherent_time_s : array_like
        Length of the look, above 0. [s]

    Returns
    -------
    array
        :math:`\sqrt{6/\mathrm{SNR}}/(2\pi T)`. [Hz]

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    References
    ----------
    Rife & Boorstyn, "Single-tone parameter estimation from discrete-time observations", *IEEE Trans. Inf. Theory*
    20 (5), 1974, pp. 591-598.

    Examples
    --------
    >>> float(spacing_sigma_hz(100.0, 0.01).round(2))
    3.9
    """
    return sigma_range_rate_mps(within("snr_line", snr_line, above=0.0), 2.0, coherent_time_s)
