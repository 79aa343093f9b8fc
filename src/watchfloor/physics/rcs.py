"""Radar cross-section: closed forms of simple bodies, the exact sphere, signature tables.

A signature says where its numbers come from and how far they may be off; nothing here invents an aircraft. The closed
forms are those of perfect conductors by optics (but `mie_sphere_m2` is exact): each says where it holds, and refuses
what is smaller than optics can know (a size below wavelength / 2 pi). They tell no polarisation apart. Bodies given as
facets: `physical_optics`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import j1

from watchfloor.base.units import C_MPS, FloatArray
from watchfloor.physics._domain import agree, within
from watchfloor.physics._kernels.mie import conducting_sphere, dielectric_sphere
from watchfloor.physics.modulation import Modulation

ORIGINS = ("measured", "computed", "mom", "po", "assumed")
"""Where values may come from: a range, a computation of whatever kind, a full-wave one, physical optics, a guess."""
SIGMA_DB = {"measured": 1.0, "computed": 5.0, "mom": 1.0, "po": 5.0, "assumed": 6.0}
"""One standard deviation of a level by its origin, where nothing better is known; of "po" only where a surface faces
the radar, elsewhere it is unknown. Two ranges and a full-wave solution of one body agree to 0.4 to 1.8 dB. [dB]"""

BANDS_HZ: dict[str, tuple[float, float]] = {
    "HF": (3e6, 30e6),
    "VHF": (30e6, 300e6),
    "UHF": (300e6, 1e9),
    "L": (1e9, 2e9),
    "S": (2e9, 4e9),
    "C": (4e9, 8e9),
    "X": (8e9, 12e9),
    "Ku": (12e9, 18e9),
    "K": (18e9, 27e9),
    "Ka": (27e9, 40e9),
    "V": (40e9, 75e9),
    "W": (75e9, 110e9),
}
"""Radar bands, lower edge included (IEEE Std 521-2019, table 1). [Hz]"""


def band_of(frequency_hz: float) -> str:
    """Letter designation of a radar frequency.

    Parameters
    ----------
    frequency_hz : float
        Carrier frequency, 3 MHz to 110 GHz. [Hz]

    Returns
    -------
    str
        Key of `BANDS_HZ`.

    Raises
    ------
    ValueError
        If no band holds the frequency.

    References
    ----------
    IEEE Std 521-2019, table 1.

    Examples
    --------
    >>> band_of(3e9), band_of(170e6)
    ('S', 'VHF')
    """
    for band, (low, high) in BANDS_HZ.items():
        if low <= frequency_hz < high:
            return band
    raise ValueError(f"frequency_hz must lie in a radar band, 3e6 to below 110e9 Hz, got {frequency_hz!r} (GHz?)")


@dataclass(frozen=True, kw_only=True, eq=False)
class Signature:
    """Mean radar cross-section of one type over band and aspect.

    Raises
    ------
    ValueError
        If shapes disagree, the aspects do not rise from 0 to pi, or a value is not finite.
    """

    name: str
    """Whose signature it is."""
    bands: tuple[str, ...]
    """Its bands, keys of `BANDS_HZ`."""
    aspect_rad: FloatArray
    """(m,) azimuth from the nose, rising from 0 (nose-on) to pi (tail-on); port and starboard are alike. [rad]"""
    dbsm: FloatArray
    """(n_band, m) mean cross-section. [dB re 1 m2]"""
    swerling: int
    """Fluctuation case, 0 to 4."""
    sigma_db: FloatArray
    """(n_band,) how far the band's level may be off, one standard deviation. [dB]"""
    origin: tuple[str, ...]
    """(n_band,) each one of `ORIGINS`."""
    modulation: Modulation | None = None
    """Lines of its blades; None where none show."""

    def __post_init__(self) -> None:
        """Check shapes and domains."""
        n_band, m = len(self.bands), len(self.aspect_rad)
        where = f"signature {self.name!r}"
        if self.dbsm.shape != (n_band, m) or self.sigma_db.shape != (n_band,) or len(self.origin) != n_band:
            raise ValueError(
                f"{where}: {n_band} bands and {m} aspects need dbsm {(n_band, m)}, sigma_db {(n_band,)} and as many "
                f"origins, got {self.dbsm.shape}, {self.sigma_db.shape}, {len(self.origin)}"
            )
        if len(set(self.bands)) != n_band or any(band not in BANDS_HZ for band in self.bands):
            raise ValueError(f"{where}: bands must differ and be among {', '.join(BANDS_HZ)}, got {self.bands}")
        if any(origin not in ORIGINS for origin in self.origin):
            raise ValueError(f"{where}: origins are {', '.join(ORIGINS)}, got {self.origin}")
        aspect = self.aspect_rad
        if m < 2 or aspect[0] != 0.0 or abs(aspect[-1] - np.pi) > 1e-9 or np.any(np.diff(aspect) <= 0.0):
            raise ValueError(f"{where}: aspect_rad must rise from 0 to pi")
        if not (np.all(np.isfinite(self.dbsm)) and np.all(self.sigma_db >= 0.0) and np.all(np.isfinite(self.sigma_db))):
            raise ValueError(f"{where}: dbsm and sigma_db must be finite, sigma_db at least 0")
        if self.swerling not in (0, 1, 2, 3, 4):
            raise ValueError(f"{where}: swerling is a case 0 to 4, got {self.swerling!r}")

    @cached_property
    def _row(self) -> dict[str, int]:
        return {band: row for row, band in enumerate(self.bands)}

    def row(self, band: str) -> int:
        """Row of a band; ``ValueError`` names the bands there are."""
        try:
            return self._row[band]
        except KeyError:
            raise ValueError(f"signature {self.name!r} has no band {band!r}, only {', '.join(self.bands)}") from None


def sigma_m2(signature: Signature, band: str, aspect_azimuth_rad: ArrayLike) -> FloatArray:
    """Mean radar cross-section at an aspect.

    Parameters
    ----------
    signature : Signature
        The table.
    band : str
        One of its bands.
    aspect_azimuth_rad : array_like
        Azimuth of the radar from the target's nose, -pi to pi; the sign does not matter. [rad]

    Returns
    -------
    array
        Mean cross-section, linear. [m2]

    Raises
    ------
    ValueError
        If the signature has no such band.

    Notes
    -----
    Linear in aspect, in decibels: the tables are sector levels that span decades, where a mean of square metres
    would let the brightest neighbour rule. Elevation plays no part yet.
    """
    level_db = np.interp(np.abs(aspect_azimuth_rad), signature.aspect_rad, signature.dbsm[signature.row(band)])
    return 10.0 ** (0.1 * level_db)


POLARISATIONS = ("VV", "HH", "HV", "VH")
"""What a table may hold: transmitted and received, vertical or horizontal in the target's own frame."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SignatureTable:
    """Radar cross-section of one body over polarisation, frequency, elevation and azimuth, each value with its spread.

    Raises
    ------
    ValueError
        If shapes disagree, an axis does not rise or leaves its domain, or a value is not finite.
    """

    name: str
    """Whose signature it is."""
    polarisation: tuple[str, ...]
    """(n_p,) of `POLARISATIONS`."""
    frequency_hz: FloatArray
    """(n_f,) rising. [Hz]"""
    elevation_rad: FloatArray
    """(n_e,) rising, within -pi/2 to pi/2; a single one holds for all. [rad]"""
    azimuth_rad: FloatArray
    """(n_a,) rising, from 0 (nose) to pi (tail) where port and starboard are alike, else from -pi to pi. [rad]"""
    dbsm: FloatArray
    """(n_p, n_f, n_e, n_a) radar cross-section. [dB re 1 m2]"""
    sigma_db: FloatArray
    """(n_p, n_f, n_e, n_a) one standard deviation of the level; infinite where nothing is known. [dB]"""
    origin: tuple[tuple[str, ...], ...]
    """(n_p, n_f) each one of `ORIGINS`."""

    def __post_init__(self) -> None:
        """Check shapes and domains."""
        where = f"signature table {self.name!r}"
        shape = (len(self.polarisation), len(self.frequency_hz), len(self.elevation_rad), len(self.azimuth_rad))
        if self.dbsm.shape != shape or self.sigma_db.shape != shape:
            raise ValueError(
                f"{where}: dbsm and sigma_db must be {shape}, got {self.dbsm.shape}, {self.sigma_db.shape}"
            )
        if tuple(len(row) for row in self.origin) != (shape[1],) * shape[0]:
            raise ValueError(f"{where}: origin must be {shape[:2]}")
        unknown = {one for row in self.origin for one in row} - set(ORIGINS)
        if unknown:
            raise ValueError(f"{where}: origins are {', '.join(ORIGINS)}, got {', '.join(sorted(unknown))}")
        if len(set(self.polarisation)) != shape[0] or not set(self.polarisation) <= set(POLARISATIONS):
            raise ValueError(
                f"{where}: polarisations must differ and be among {', '.join(POLARISATIONS)}, got {self.polarisation}"
            )
        for name in ("frequency_hz", "elevation_rad", "azimuth_rad"):
            axis = getattr(self, name)
            if len(axis) == 0 or not np.all(np.isfinite(axis)) or np.any(np.diff(axis) <= 0.0):
                raise ValueError(f"{where}: {name} must rise, got {np.array2string(axis, threshold=6)}")
        if self.frequency_hz[0] <= 0.0:
            raise ValueError(f"{where}: frequency_hz must be above 0")
        if np.any(np.abs(self.elevation_rad) > 0.5 * np.pi + 1e-9):
            raise ValueError(f"{where}: elevation_rad must lie from -pi/2 to pi/2 (degrees?)")
        ends = self.azimuth_rad[[0, -1]]
        if not (np.allclose(ends, [0.0, np.pi], atol=1e-9) or np.allclose(ends, [-np.pi, np.pi], atol=1e-9)):
            raise ValueError(f"{where}: azimuth_rad must go from 0 to pi or from -pi to pi, got {ends[0]} to {ends[1]}")
        if not np.all(np.isfinite(self.dbsm)):
            raise ValueError(f"{where}: dbsm must be finite; put a floor where nothing was received")
        if not np.all(self.sigma_db >= 0.0):
            raise ValueError(f"{where}: sigma_db must be at least 0 (infinite where nothing is known)")

    @cached_property
    def _amplitude(self) -> FloatArray:
        return 10.0 ** (0.05 * self.dbsm)

    def scaled(self, factor: float) -> SignatureTable:
        """Return the table of the same conducting body, ``factor`` times as long.

        Lengths grow by the factor, frequencies fall by it, cross-sections grow by its square; exact for a perfect
        conductor, wrong for absorbers.

        Raises
        ------
        ValueError
            If the factor is not above 0.
        """
        if not (factor > 0.0 and np.isfinite(factor)):
            raise ValueError(f"factor must be above 0, got {factor!r}")
        return replace(self, frequency_hz=self.frequency_hz / factor, dbsm=self.dbsm + 20.0 * np.log10(factor))

    def _row(self, polarisation: str) -> int:
        if polarisation not in self.polarisation:
            raise ValueError(
                f"signature table {self.name!r} has no polarisation {polarisation!r}, only "
                f"{', '.join(self.polarisation)}"
            )
        return self.polarisation.index(polarisation)

    def _corners(
        self, frequency_hz: ArrayLike, azimuth_rad: ArrayLike, elevation_rad: ArrayLike
    ) -> tuple[list[tuple[NDArray[np.intp], FloatArray]], ...]:
        """Return for each axis (frequency, elevation, azimuth) the two rows around the point and their weights."""
        frequency, azimuth, elevation = np.broadcast_arrays(
            *(np.asarray(value, dtype=np.float64) for value in (frequency_hz, azimuth_rad, elevation_rad))
        )
        low, high = self.frequency_hz[[0, -1]]
        good = (frequency >= low * (1.0 - 1e-12)) & (frequency <= high * (1.0 + 1e-12))
        _refuse(
            ~good,
            f"frequency_hz must lie from {low:.6g} to {high:.6g}, the range of signature table {self.name!r}: "
            "cross-sections are not guessed beyond it",
        )
        _refuse(~np.isfinite(azimuth), "azimuth_rad must be finite")
        _refuse(~np.isfinite(elevation), "elevation_rad must be finite")
        turned = np.pi - np.abs(np.mod(azimuth, 2.0 * np.pi) - np.pi)  # 0 to pi
        if self.azimuth_rad[0] < 0.0:
            turned = np.where(np.sin(azimuth) < 0.0, -turned, turned)
        if len(self.elevation_rad) > 1:
            low, high = self.elevation_rad[[0, -1]]
            _refuse(
                (elevation < low - 1e-9) | (elevation > high + 1e-9),
                f"elevation_rad must lie from {low:.4g} to {high:.4g}, the range of signature table {self.name!r}",
            )
        return (
            _around(np.log(self.frequency_hz), np.log(frequency)),
            _around(self.elevation_rad, elevation),
            _around(self.azimuth_rad, turned),
        )


def _around(axis: FloatArray, value: FloatArray) -> list[tuple[NDArray[np.intp], FloatArray]]:
    """Return the rows of an axis below and above a value, with linear weights; held at the ends."""
    if len(axis) == 1:
        return [(np.zeros(value.shape, dtype=np.intp), np.ones(value.shape))]
    below = np.clip(np.searchsorted(axis, value, side="right") - 1, 0, len(axis) - 2)
    share = np.clip((value - axis[below]) / (axis[below + 1] - axis[below]), 0.0, 1.0)
    share = np.where(share < 1e-9, 0.0, np.where(share > 1.0 - 1e-9, 1.0, share))  # rounding is no neighbour
    return [(below, 1.0 - share), (below + 1, share)]


def table_m2(
    table: SignatureTable,
    frequency_hz: ArrayLike,
    azimuth_rad: ArrayLike,
    elevation_rad: ArrayLike = 0.0,
    *,
    polarisation: str,
) -> FloatArray:
    r"""Radar cross-section from a table, between its points.

    Parameters
    ----------
    table : SignatureTable
        The table.
    frequency_hz : array_like
        Carrier frequency, within the table. [Hz]
    azimuth_rad, elevation_rad : array_like
        Direction of the radar from the target's nose towards starboard, and above its plane. [rad]
    polarisation : str
        One of the table's.

    Returns
    -------
    array
        Cross-section; the arguments broadcast. [m2]

    Raises
    ------
    ValueError
        If the frequency or elevation lies outside the table, an argument is not finite, or there is no such
        polarisation.

    Notes
    -----
    Linear in amplitude :math:`\sqrt\sigma`, over azimuth, elevation and the logarithm of frequency. On full-wave
    curves of two bodies 2 to 8 wavelengths long (PRIME aircraft model and NASA almond, 8 curves each), thinned and
    filled in again, the mean error between points is [dB]

    =============  =====================  =====================  =====================
    between        amplitude              decibels               power
    =============  =====================  =====================  =====================
    2 degrees      0.57, 0.31             0.66, 0.37             0.66, 0.35
    5 degrees      1.85, 0.94             1.93, 1.04             1.94, 1.00
    10 degrees     2.68, 1.68             2.81, 1.80             2.81, 1.70
    =============  =====================  =====================  =====================

    Between two frequencies an octave to an octave and a half apart it is 4.8 dB (PRIME) and 2.1 dB (almond) by any of
    the three: lobes move. To resolve them, points must lie closer than a quarter of wavelength / length.

    References
    ----------
    Austin RCS Benchmark Suite, problems III-A and IV-A, The University of Texas at Austin, 2023.

    Examples
    --------
    >>> table = SignatureTable(
    ...     name="toy",
    ...     polarisation=("VV",),
    ...     frequency_hz=np.array([1e9]),
    ...     elevation_rad=np.array([0.0]),
    ...     azimuth_rad=np.array([0.0, np.pi]),
    ...     dbsm=np.array([[[[0.0, 20.0]]]]),
    ...     sigma_db=np.ones((1, 1, 1, 2)),
    ...     origin=(("measured",),),
    ... )
    >>> float(table_m2(table, 1e9, -np.pi / 2, polarisation="VV"))
    30.25
    """
    agree(frequency_hz=frequency_hz, azimuth_rad=azimuth_rad, elevation_rad=elevation_rad)
    row, total = table._row(polarisation), 0.0
    frequency, elevation, azimuth = table._corners(frequency_hz, azimuth_rad, elevation_rad)
    for i, u in frequency:
        for j, v in elevation:
            for k, w in azimuth:
                total = total + u * v * w * table._amplitude[row, i, j, k]
    return np.asarray(total) ** 2


def table_sigma_db(
    table: SignatureTable,
    frequency_hz: ArrayLike,
    azimuth_rad: ArrayLike,
    elevation_rad: ArrayLike = 0.0,
    *,
    polarisation: str,
) -> FloatArray:
    """How far a table's level may be off at a point: the largest of the spreads around it.

    Parameters
    ----------
    table, frequency_hz, azimuth_rad, elevation_rad, polarisation
        As of `table_m2`.

    Returns
    -------
    array
        One standard deviation, without the error of interpolation that `table_m2` states; infinite where a neighbour
        is unknown. [dB]

    Raises
    ------
    ValueError
        As `table_m2`.

    Notes
    -----
    A neighbour of no weight does not count.
    """
    agree(frequency_hz=frequency_hz, azimuth_rad=azimuth_rad, elevation_rad=elevation_rad)
    row = table._row(polarisation)
    frequency, elevation, azimuth = table._corners(frequency_hz, azimuth_rad, elevation_rad)
    worst = np.zeros(np.broadcast(frequency[0][0], elevation[0][0], azimuth[0][0]).shape)
    for i, u in frequency:
        for j, v in elevation:
            for k, w in azimuth:
                worst = np.maximum(worst, np.where(u * v * w > 0.0, table.sigma_db[row, i, j, k], 0.0))
    return worst


def table_from_rows(
    name: str,
    *,
    polarisation: Sequence[str],
    frequency_hz: ArrayLike,
    azimuth_rad: ArrayLike,
    elevation_rad: ArrayLike,
    dbsm: ArrayLike,
    origin: str,
    sigma_db: ArrayLike | None = None,
) -> SignatureTable:
    """Arrange a list of values into a table.

    Parameters
    ----------
    name : str
        Whose signature it is.
    polarisation : (n,) sequence of str
        Of each value.
    frequency_hz, azimuth_rad, elevation_rad, dbsm : (n,) array_like
        Where each value stands, and its level. [Hz, rad, rad, dB re 1 m2]
    origin : str
        Where all of them come from, one of `ORIGINS`.
    sigma_db : array_like, optional
        One standard deviation, of each or of all; by default that of the origin, `SIGMA_DB`. [dB]

    Returns
    -------
    SignatureTable
        A full grid.

    Raises
    ------
    ValueError
        If a point of the grid is missing or there twice (the message names it), or as `SignatureTable`.

    Notes
    -----
    Angles within 1e-9 rad are one.
    """
    if origin not in ORIGINS:
        raise ValueError(f"origin must be one of {', '.join(ORIGINS)}, got {origin!r}")
    columns = [np.asarray(polarisation), np.asarray(frequency_hz, dtype=np.float64)]
    columns += [np.round(np.asarray(angle, dtype=np.float64), 9) for angle in (elevation_rad, azimuth_rad)]
    level = np.asarray(dbsm, dtype=np.float64)
    if any(column.shape != level.shape or column.ndim != 1 for column in columns) or len(level) == 0:
        raise ValueError(f"the columns must be equally long, got {[column.shape for column in columns]}, {level.shape}")
    for label, column in zip(("frequency_hz", "elevation_rad", "azimuth_rad"), columns[1:], strict=True):
        _refuse(~np.isfinite(column), f"{label} must be finite")
    axes, rows = zip(*(np.unique(column, return_inverse=True) for column in columns), strict=True)
    shape = tuple(len(axis) for axis in axes)
    cell = np.ravel_multi_index([row.ravel() for row in rows], shape)
    count = np.bincount(cell, minlength=int(np.prod(shape)))
    if np.any(count != 1):
        at = np.unravel_index(int(np.argmax(count != 1)), shape)
        point = [axis[i] for axis, i in zip(axes, at, strict=True)]
        raise ValueError(
            f"signature table {name!r}: {count.reshape(shape)[at]} values at {point[0]}, {point[1]:.6g} Hz, elevation "
            f"{np.degrees(point[2]):.6g} deg, azimuth {np.degrees(point[3]):.6g} deg, wanted one a point of the grid"
        )
    spread = np.broadcast_to(
        np.asarray(SIGMA_DB[origin] if sigma_db is None else sigma_db, dtype=np.float64), level.shape
    )
    grids = np.empty((2, len(level)))
    grids[:, cell] = level, spread
    azimuth = axes[3].copy()
    ends = np.abs(np.abs(azimuth) - np.pi) < 2e-9
    azimuth[ends] = np.copysign(np.pi, azimuth[ends])  # undo the rounding
    return SignatureTable(
        name=name,
        polarisation=tuple(str(one) for one in axes[0]),
        frequency_hz=axes[1],
        elevation_rad=axes[2],
        azimuth_rad=azimuth,
        dbsm=grids[0].reshape(shape),
        sigma_db=grids[1].reshape(shape),
        origin=((origin,) * shape[1],) * shape[0],
    )


def luneburg_m2(radius_m: ArrayLike, frequency_hz: ArrayLike) -> FloatArray:
    r"""Peak radar cross-section of an ideal Luneburg-lens reflector.

    Parameters
    ----------
    radius_m : array_like
        Radius of the lens, at least 0. [m]
    frequency_hz : array_like
        Carrier frequency, above 0. [Hz]

    Returns
    -------
    array
        Peak cross-section. [m2]

    Raises
    ------
    ValueError
        If an argument is outside its domain or the shapes do not broadcast.

    Notes
    -----
    :math:`\sigma = 4\pi^3 a^4/\lambda^2`, that of a conducting disc of the same radius seen along its normal: an
    upper limit, since it has no loss. Optics: meaningless unless the lens is a few wavelengths across; below one
    wavelength across it reflects far less.

    References
    ----------
    Skolnik (ed.), *Radar Handbook*, 3rd ed., 2008, ch. 14; Ruck et al., *Radar Cross Section Handbook*, 1970, vol. 2.

    Examples
    --------
    >>> luneburg_m2(0.05, [9.9e9, 3.0e9]).round(2)
    array([0.85, 0.08])
    """
    agree(radius_m=radius_m, frequency_hz=frequency_hz)
    radius, frequency = _sizes(frequency_hz, radius_m=radius_m)
    return 4.0 * np.pi**3 * radius**4 * (frequency / C_MPS) ** 2


def add_incoherent(sigma_a_m2: ArrayLike, sigma_b_m2: ArrayLike) -> FloatArray:
    """Mean cross-section of two scatterers whose relative phase is unknown: the sum. [m2]

    Parameters
    ----------
    sigma_a_m2, sigma_b_m2 : array_like
        Mean cross-sections. [m2]

    Returns
    -------
    array
        Their sum, the mean over a uniform phase; one draw lies between ``(sqrt(a) -+ sqrt(b))**2``. [m2]

    Raises
    ------
    ValueError
        If a cross-section is negative or not finite.

    References
    ----------
    Knott, Shaeffer & Tuley, *Radar Cross Section*, 2nd ed., 2004, section 3.2.
    """  # noqa: D400, D415
    agree(sigma_a_m2=sigma_a_m2, sigma_b_m2=sigma_b_m2)
    a = within("sigma_a_m2", sigma_a_m2, least=0.0, remedy="decibels?")
    return a + within("sigma_b_m2", sigma_b_m2, least=0.0, remedy="decibels?")


def mie_sphere_m2(
    radius_m: ArrayLike, frequency_hz: ArrayLike, *, refractive_index: ArrayLike | None = None
) -> FloatArray:
    r"""Radar cross-section of a sphere, exact.

    Parameters
    ----------
    radius_m : array_like
        Radius, at least 0. [m]
    frequency_hz : array_like
        Carrier frequency, above 0. [Hz]
    refractive_index : array_like of complex, optional
        Root of the relative permittivity of a dielectric sphere; a positive imaginary part absorbs (time factor
        :math:`e^{-i\omega t}`). None: a perfect conductor. [1]

    Returns
    -------
    array
        Monostatic cross-section; the same in every polarisation. [m2]

    Raises
    ------
    ValueError
        If an argument is outside its domain, or :math:`ka` (times ``abs(refractive_index)``) exceeds 1e6.

    Notes
    -----
    .. math:: \sigma = \frac{\pi}{k^2}\left|\sum_n (-1)^n (2n+1)(a_n - b_n)\right|^2

    For the conductor :math:`a_n - b_n = -i/(\xi_n \xi_n')`. Good to 1e-12 of the value up to :math:`ka` = 1e4.
    Small spheres go as :math:`9\pi a^2 (ka)^4`, the first and greatest maximum is :math:`3.655\,\pi a^2` at
    :math:`ka = 1.028`, and large ones tend to :math:`\pi a^2`.

    References
    ----------
    Bohren & Huffman, *Absorption and Scattering of Light by Small Particles*, 1983, section 4.8 and appendix A; Knott,
    Shaeffer & Tuley, *Radar Cross Section*, 2nd ed., 2004, section 3.3.

    Examples
    --------
    >>> mie_sphere_m2(0.1, [30e6, 491e6, 30e9]).round(6)
    array([4.00000e-06, 1.14823e-01, 3.15350e-02])
    """
    index = 1.0 if refractive_index is None else refractive_index
    agree(radius_m=radius_m, frequency_hz=frequency_hz, refractive_index=index)
    radius, frequency = _sizes(frequency_hz, radius_m=radius_m)
    size = 2.0 * np.pi / C_MPS * frequency * radius
    if refractive_index is None:
        _refuse(size > 1e6, "frequency_hz: 2 pi radius / wavelength exceeds 1e6; take pi radius^2")
        efficiency = conducting_sphere(np.ascontiguousarray(size.ravel())).reshape(size.shape)
        return np.pi * radius**2 * efficiency
    index = np.asarray(refractive_index, dtype=np.complex128)
    good = np.isfinite(index) & (index.real >= 0.0) & (index.imag >= 0.0) & (index != 0.0)
    _refuse(
        ~good, "refractive_index must be finite, not 0, with no negative part (an imaginary part above 0 absorbs; "
        "take the conjugate if yours is negative)",
    )  # fmt: skip
    radius, size, index = np.broadcast_arrays(radius, size, index)
    _refuse(size * np.maximum(np.abs(index), 1.0) > 1e6, "frequency_hz: the sphere exceeds 1e6 radians inside")
    flat = np.ascontiguousarray(size.ravel()), np.ascontiguousarray(index.ravel())
    return np.pi * radius**2 * dielectric_sphere(*flat).reshape(size.shape)


def plate_m2(
    width_m: ArrayLike,
    height_m: ArrayLike,
    frequency_hz: ArrayLike,
    off_normal_rad: ArrayLike = 0.0,
    around_rad: ArrayLike = 0.0,
) -> FloatArray:
    r"""Radar cross-section of a flat rectangular plate, by physical optics.

    Parameters
    ----------
    width_m, height_m : array_like
        Sides. [m]
    frequency_hz : array_like
        Carrier frequency. [Hz]
    off_normal_rad : array_like
        Angle between the line of sight and the plate's normal, 0 to pi/2. [rad]
    around_rad : array_like
        Direction in which it is tilted, from the width's direction; 0 tilts along the width. [rad]

    Returns
    -------
    array
        Monostatic cross-section. [m2]

    Raises
    ------
    ValueError
        If an argument is outside its domain, or a side is shorter than wavelength / 2 pi.

    Notes
    -----
    .. math:: \sigma = \frac{4\pi A^2}{\lambda^2}\cos^2\theta
        \left(\frac{\sin u}{u}\right)^2 \left(\frac{\sin v}{v}\right)^2,\quad
        u = k w \sin\theta\cos\varphi,\ v = k h \sin\theta\sin\varphi

    Sides of several wavelengths: within 1 dB in the main lobe and the first sidelobes. Beyond about 40 degrees from
    the normal the edges rule, which differ by polarisation, and this is only an order of magnitude.

    References
    ----------
    Knott, Shaeffer & Tuley, *Radar Cross Section*, 2nd ed., 2004, section 5.4; Ross, "Radar cross section of
    rectangular flat plates as a function of aspect angle", *IEEE Trans. Antennas Propag.* 14(3), 1966, 329-335.

    Examples
    --------
    >>> float(plate_m2(1.0, 1.0, 10e9).round(1))
    13982.0
    """
    agree(
        width_m=width_m,
        height_m=height_m,
        frequency_hz=frequency_hz,
        off_normal_rad=off_normal_rad,
        around_rad=around_rad,
    )
    width, height, frequency = _sizes(frequency_hz, width_m=width_m, height_m=height_m)
    _optics(frequency, width_m=width, height_m=height)
    tilt = _angle("off_normal_rad", off_normal_rad, 0.0, 0.5 * np.pi)
    around = _angle("around_rad", around_rad, -np.inf, np.inf)
    wavelength = C_MPS / frequency
    across = 2.0 / wavelength * np.sin(tilt)  # np.sinc(x) is sin(pi x)/(pi x), and k = 2 pi / wavelength
    lobes = np.sinc(across * width * np.cos(around)) * np.sinc(across * height * np.sin(around))
    return 4.0 * np.pi * (width * height * np.cos(tilt) * lobes / wavelength) ** 2


def disc_m2(radius_m: ArrayLike, frequency_hz: ArrayLike, off_normal_rad: ArrayLike = 0.0) -> FloatArray:
    r"""Radar cross-section of a flat circular plate, by physical optics.

    Parameters
    ----------
    radius_m : array_like
        Radius. [m]
    frequency_hz : array_like
        Carrier frequency. [Hz]
    off_normal_rad : array_like
        Angle between the line of sight and the plate's normal, 0 to pi/2. [rad]

    Returns
    -------
    array
        Monostatic cross-section. [m2]

    Raises
    ------
    ValueError
        If an argument is outside its domain, or the radius is shorter than wavelength / 2 pi.

    Notes
    -----
    :math:`\sigma = 4\pi A^2/\lambda^2 \cos^2\theta\,(2 J_1(u)/u)^2` with :math:`u = 2ka\sin\theta`. Holds as
    `plate_m2` does: main lobe and first sidelobes.

    References
    ----------
    Knott, Shaeffer & Tuley, *Radar Cross Section*, 2nd ed., 2004, section 5.4.

    Examples
    --------
    >>> float(disc_m2(0.5, 10e9).round(1))
    8624.8
    """
    agree(radius_m=radius_m, frequency_hz=frequency_hz, off_normal_rad=off_normal_rad)
    radius, frequency = _sizes(frequency_hz, radius_m=radius_m)
    _optics(frequency, radius_m=radius)
    tilt = _angle("off_normal_rad", off_normal_rad, 0.0, 0.5 * np.pi)
    wavelength = C_MPS / frequency
    u = 4.0 * np.pi / wavelength * radius * np.sin(tilt)
    small = u < 1e-4
    safe = np.where(small, 1.0, u)
    lobe = np.where(small, 1.0 - u * u / 8.0, 2.0 * j1(safe) / safe)
    return 4.0 * np.pi * (np.pi * radius**2 * np.cos(tilt) * lobe / wavelength) ** 2


def dihedral_m2(
    width_m: ArrayLike, length_m: ArrayLike, frequency_hz: ArrayLike, off_bisector_rad: ArrayLike = 0.0
) -> FloatArray:
    r"""Radar cross-section of a right-angled dihedral corner, across its fold.

    Parameters
    ----------
    width_m : array_like
        Width of each face, across the fold. [m]
    length_m : array_like
        Length of the fold. [m]
    frequency_hz : array_like
        Carrier frequency. [Hz]
    off_bisector_rad : array_like
        Angle of the line of sight from the middle between the faces, in the plane across the fold, at most pi/4
        either way. [rad]

    Returns
    -------
    array
        Monostatic cross-section of the double bounce. [m2]

    Raises
    ------
    ValueError
        If an argument is outside its domain, or a side is shorter than wavelength / 2 pi.

    Notes
    -----
    The aperture is :math:`2 w l \sin(\pi/4 - |\varphi|)`, so :math:`8\pi w^2 l^2/\lambda^2` at its best. Faces of
    several wavelengths, lying true to a small share of one; towards the faces (beyond about 30 degrees) their single
    bounce (`plate_m2`) takes over. No line of sight out of the plane across the fold.

    References
    ----------
    Knott, Shaeffer & Tuley, *Radar Cross Section*, 2nd ed., 2004, section 6.4; Skolnik (ed.), *Radar Handbook*, 3rd
    ed., 2008, ch. 14.

    Examples
    --------
    >>> float((10 * np.log10(dihedral_m2(1.5, 1.5, 5.405e9))).round(2))
    46.17
    """
    agree(width_m=width_m, length_m=length_m, frequency_hz=frequency_hz, off_bisector_rad=off_bisector_rad)
    width, length, frequency = _sizes(frequency_hz, width_m=width_m, length_m=length_m)
    _optics(frequency, width_m=width, length_m=length)
    off = _angle("off_bisector_rad", off_bisector_rad, -0.25 * np.pi, 0.25 * np.pi)
    aperture = 2.0 * width * length * np.sin(0.25 * np.pi - np.abs(off))
    return 4.0 * np.pi * (aperture * frequency / C_MPS) ** 2


BORESIGHT_RAD = (0.25 * np.pi, float(np.arctan(np.sqrt(0.5))))
"""Azimuth and elevation of a trihedral corner's axis, from one of its edges: 45 and 35.26 degrees. [rad]"""


def trihedral_m2(
    edge_m: ArrayLike,
    frequency_hz: ArrayLike,
    *,
    shape: str,
    azimuth_rad: ArrayLike = BORESIGHT_RAD[0],
    elevation_rad: ArrayLike = BORESIGHT_RAD[1],
) -> FloatArray:
    r"""Radar cross-section of a trihedral corner.

    Parameters
    ----------
    edge_m : array_like
        Length of the edges at which two faces meet. [m]
    frequency_hz : array_like
        Carrier frequency. [Hz]
    shape : {"square", "triangular", "circular"}
        Shape of the faces; "circular" is a quarter of a disc.
    azimuth_rad : array_like
        Direction of the radar in the floor, from one edge to the other: 0 to pi/2. [rad]
    elevation_rad : array_like
        Direction of the radar above the floor: 0 to pi/2. [rad]

    Returns
    -------
    array
        Monostatic cross-section of the triple bounce. [m2]

    Raises
    ------
    ValueError
        If an argument is outside its domain, the edge is shorter than wavelength / 2 pi, or another direction than the
        axis is asked of quarter discs.

    Notes
    -----
    :math:`\sigma = 4\pi A^2/\lambda^2` with the aperture that is lit and seen again after three bounces. With the
    direction cosines :math:`l \le m \le n`: triangles :math:`a^2 (s - 2/s)`, :math:`s = l+m+n`, where :math:`l+m \ge
    n`, else :math:`4 a^2 l m/s`; squares :math:`a^2 l (4 - n/m)` where :math:`m \ge n/2`, else :math:`4 a^2 l m/n`. On
    the axis :math:`4\pi a^4/3\lambda^2`, :math:`12\pi a^4/\lambda^2` and, for quarter discs,
    :math:`48\pi\arctan^2(1/3)\,a^4/\lambda^2 = 15.6\,a^4/\lambda^2`. Near a face or an edge (within about 10 degrees)
    one and two bounces rule instead.

    References
    ----------
    Spencer, *Optical theory of the corner reflector*, MIT Radiation Laboratory report 433, 1944; Doerry & Brock, *Radar
    cross section of triangular trihedral reflector with extended bottom plate*, SAND2009-2993, 2009; Knott, Shaeffer &
    Tuley, *Radar Cross Section*, 2nd ed., 2004, section 6.4.

    Examples
    --------
    >>> float((10 * np.log10(trihedral_m2(2.5, 5.405e9, shape="triangular"))).round(2))
    47.26
    """
    agree(edge_m=edge_m, frequency_hz=frequency_hz, azimuth_rad=azimuth_rad, elevation_rad=elevation_rad)
    edge, frequency = _sizes(frequency_hz, edge_m=edge_m)
    _optics(frequency, edge_m=edge)
    azimuth = _angle("azimuth_rad", azimuth_rad, 0.0, 0.5 * np.pi)
    elevation = _angle("elevation_rad", elevation_rad, 0.0, 0.5 * np.pi)
    if shape == "circular":
        off = np.maximum(np.abs(azimuth - BORESIGHT_RAD[0]), np.abs(elevation - BORESIGHT_RAD[1]))
        _refuse(off > 1e-9, "azimuth_rad, elevation_rad: of quarter discs only the axis is known in closed form")
        aperture = np.asarray(2.0 * np.sqrt(3.0) * np.arctan(1.0 / 3.0))
    else:
        cosines = np.stack(
            np.broadcast_arrays(
                np.cos(elevation) * np.cos(azimuth), np.cos(elevation) * np.sin(azimuth), np.sin(elevation)
            )
        )
        least, middle, most = np.clip(np.sort(cosines, axis=0), 0.0, 1.0)
        if shape == "triangular":
            total = least + middle + most
            wide = least + middle >= most
            aperture = np.where(wide, total - 2.0 / total, 4.0 * least * middle / total)
        elif shape == "square":
            wide = 2.0 * middle >= most
            ratio = most / np.where(wide, middle, 1.0)
            aperture = np.where(wide, least * (4.0 - ratio), 4.0 * least * middle / most)
        else:
            raise ValueError(f"shape must be square, triangular or circular, got {shape!r}")
    return 4.0 * np.pi * (edge**2 * aperture * frequency / C_MPS) ** 2


def cylinder_m2(
    radius_m: ArrayLike, length_m: ArrayLike, frequency_hz: ArrayLike, off_broadside_rad: ArrayLike = 0.0
) -> FloatArray:
    r"""Radar cross-section of the curved side of a circular cylinder, by physical optics.

    Parameters
    ----------
    radius_m, length_m : array_like
        Radius and length. [m]
    frequency_hz : array_like
        Carrier frequency. [Hz]
    off_broadside_rad : array_like
        Angle of the line of sight from the plane across the axis, between -pi/2 and pi/2. [rad]

    Returns
    -------
    array
        Monostatic cross-section of the side; the ends are not in it (`disc_m2`). [m2]

    Raises
    ------
    ValueError
        If an argument is outside its domain, a size is shorter than wavelength / 2 pi, or the line of sight is so near
        the axis that ``k radius cos(off_broadside)`` is below 1.

    Notes
    -----
    :math:`\sigma = \frac{2\pi a L^2}{\lambda}\cos\psi\left(\frac{\sin(kL\sin\psi)}{kL\sin\psi}\right)^2`. Within 1 dB
    near broadside from about :math:`ka` = 3 in HH (field across the axis) and 1 in VV (along it); sidelobes as of a
    plate.

    References
    ----------
    Knott, Shaeffer & Tuley, *Radar Cross Section*, 2nd ed., 2004, section 5.4; Ruck et al., *Radar Cross Section
    Handbook*, 1970, vol. 1, ch. 4.

    Examples
    --------
    >>> float(cylinder_m2(0.1, 1.0, 10e9).round(2))
    20.96
    """
    agree(radius_m=radius_m, length_m=length_m, frequency_hz=frequency_hz, off_broadside_rad=off_broadside_rad)
    radius, length, frequency = _sizes(frequency_hz, radius_m=radius_m, length_m=length_m)
    _optics(frequency, radius_m=radius, length_m=length)
    off = _angle("off_broadside_rad", off_broadside_rad, -0.5 * np.pi, 0.5 * np.pi)
    wavelength = C_MPS / frequency
    curved = np.cos(off) * radius
    _refuse(
        2.0 * np.pi * curved < wavelength,
        "off_broadside_rad: so near the axis the side does not reflect; take disc_m2 for the end",
    )
    return 2.0 * np.pi * curved * length**2 / wavelength * np.sinc(2.0 * length / wavelength * np.sin(off)) ** 2


def tip_m2(half_angle_rad: ArrayLike, frequency_hz: ArrayLike) -> FloatArray:
    r"""Radar cross-section of a sharp conical tip, nose-on: of an ogive, or the tip of a long cone.

    Parameters
    ----------
    half_angle_rad : array_like
        Half the angle of the tip, above 0 and below pi/2. [rad]
    frequency_hz : array_like
        Carrier frequency. [Hz]

    Returns
    -------
    array
        Monostatic cross-section of the tip alone. [m2]

    Raises
    ------
    ValueError
        If an argument is outside its domain or the shapes do not broadcast.

    Notes
    -----
    :math:`\sigma = \lambda^2\tan^4\alpha/16\pi`, physical optics of an endless cone; exact to leading order for narrow
    and for blunt ones. What lies behind the tip (a base, a step, a seam) usually returns far more.

    References
    ----------
    Knott, Shaeffer & Tuley, *Radar Cross Section*, 2nd ed., 2004, section 6.3; Ruck et al., *Radar Cross Section
    Handbook*, 1970, vol. 1, ch. 6.

    Examples
    --------
    >>> float(10 * np.log10(tip_m2(np.radians(15.0), 10e9)))
    -70.3...
    """
    agree(half_angle_rad=half_angle_rad, frequency_hz=frequency_hz)
    (frequency,) = _sizes(frequency_hz)
    half = _inside("half_angle_rad", half_angle_rad)
    return (C_MPS / frequency) ** 2 * np.tan(half) ** 4 / (16.0 * np.pi)


def cone_nose_m2(
    base_radius_m: ArrayLike, half_angle_rad: ArrayLike, frequency_hz: ArrayLike, *, n_diffractions: int = 2
) -> FloatArray:
    r"""Radar cross-section of a flat-based cone, nose-on, by diffraction at the rim of its base.

    Parameters
    ----------
    base_radius_m : array_like
        Radius of the base. [m]
    half_angle_rad : array_like
        Half the angle at the tip, above 0 and below pi/2. [rad]
    frequency_hz : array_like
        Carrier frequency. [Hz]
    n_diffractions : {1, 2}
        1: each point of the rim once (the answer does not depend on frequency); 2: and the waves that cross the base.

    Returns
    -------
    array
        Monostatic cross-section; the same in every polarisation. [m2]

    Raises
    ------
    ValueError
        If an argument is outside its domain, or the radius is shorter than wavelength / 2 pi.

    Notes
    -----
    With :math:`n = 3/2 + \alpha/\pi` and :math:`c = \cos(\pi/n)`

    .. math:: \sigma = 4\pi a^2 \frac{\sin^2(\pi/n)}{n^2} \left| \frac{1}{c - \cos(3\pi/n)} + \frac{\sin(\pi/n)\,
        e^{i(2ka - \pi/4)}}{n\sqrt{\pi ka}\,(c - \cos(3\pi/2n))^2} \right|^2

    From about :math:`ka` = 3, half angles up to 40 degrees or so; the tip (`tip_m2`) is not in it and is far smaller.

    References
    ----------
    Keller, "Backscattering from a finite cone", *IRE Trans. Antennas Propag.* 8(2), 1960, 175-182; Bechtel,
    "Application of geometric diffraction theory to scattering from cones and disks", *Proc. IEEE* 53(8), 1965,
    877-882.

    Examples
    --------
    >>> float((cone_nose_m2(1.0, np.radians(15.0), 1e9, n_diffractions=1) / np.pi).round(3))
    0.737
    """
    agree(base_radius_m=base_radius_m, half_angle_rad=half_angle_rad, frequency_hz=frequency_hz)
    radius, frequency = _sizes(frequency_hz, base_radius_m=base_radius_m)
    _optics(frequency, base_radius_m=radius)
    half = _inside("half_angle_rad", half_angle_rad)
    if n_diffractions not in (1, 2):
        raise ValueError(f"n_diffractions must be 1 or 2, got {n_diffractions!r}")
    wedge = 1.5 + half / np.pi
    cosine, sine = np.cos(np.pi / wedge), np.sin(np.pi / wedge) / wedge
    field = 1.0 / (cosine - np.cos(3.0 * np.pi / wedge)) + 0j
    if n_diffractions == 2:
        ka = 2.0 * np.pi * radius * frequency / C_MPS
        second = sine / (np.sqrt(np.pi * ka) * (cosine - np.cos(1.5 * np.pi / wedge)) ** 2)
        field = field + second * np.exp(1j * (2.0 * ka - 0.25 * np.pi))
    return 4.0 * np.pi * (radius * sine * np.abs(field)) ** 2


def frustum_m2(
    small_radius_m: ArrayLike, large_radius_m: ArrayLike, half_angle_rad: ArrayLike, frequency_hz: ArrayLike
) -> FloatArray:
    r"""Radar cross-section of a cone or frustum, seen along the normal of its side.

    Parameters
    ----------
    small_radius_m : array_like
        Radius of the small end, at least 0; 0 is a whole cone. [m]
    large_radius_m : array_like
        Radius of the large end. [m]
    half_angle_rad : array_like
        Half the angle at the (missing) tip, above 0 and below pi/2. [rad]
    frequency_hz : array_like
        Carrier frequency. [Hz]

    Returns
    -------
    array
        Monostatic cross-section at the angle ``pi/2 - half_angle`` from the nose. [m2]

    Raises
    ------
    ValueError
        If an argument is outside its domain, or the large radius is shorter than wavelength / 2 pi.

    Notes
    -----
    :math:`\sigma = \frac{8\pi}{9\lambda}\left(z_2^{3/2} - z_1^{3/2}\right)^2 \frac{\sin\alpha}{\cos^4\alpha}` with the
    heights :math:`z = r/\tan\alpha`; physical optics by stationary phase. Sides of several wavelengths.

    References
    ----------
    Ruck et al., *Radar Cross Section Handbook*, 1970, vol. 1, ch. 6; Mahafza, *Radar Systems Analysis and Design Using
    MATLAB*, 2nd ed., 2005, section 11.5.

    Examples
    --------
    >>> float(frustum_m2(0.0, 0.5, np.radians(15.0), 10e9).round(2))
    179.9...
    """
    agree(
        small_radius_m=small_radius_m,
        large_radius_m=large_radius_m,
        half_angle_rad=half_angle_rad,
        frequency_hz=frequency_hz,
    )
    small, large, frequency = _sizes(frequency_hz, small_radius_m=small_radius_m, large_radius_m=large_radius_m)
    _optics(frequency, large_radius_m=large)
    _refuse(small >= large, "small_radius_m must be below large_radius_m")
    half = _inside("half_angle_rad", half_angle_rad)
    tangent, cosine = np.tan(half), np.cos(half)
    reach = (large / tangent) ** 1.5 - (small / tangent) ** 1.5
    return 8.0 * np.pi * frequency / (9.0 * C_MPS) * reach**2 * np.sin(half) / cosine**4


def ogive_m2(
    length_m: ArrayLike, radius_m: ArrayLike, frequency_hz: ArrayLike, aspect_rad: ArrayLike = 0.5 * np.pi
) -> FloatArray:
    r"""Radar cross-section of an ogive (an arc of a circle turned about its chord) where its side faces the radar.

    Parameters
    ----------
    length_m : array_like
        Length from tip to tip. [m]
    radius_m : array_like
        Greatest radius, below half the length. [m]
    frequency_hz : array_like
        Carrier frequency. [Hz]
    aspect_rad : array_like
        Angle of the line of sight from the axis; nearer broadside (pi/2) than the tip's half angle. [rad]

    Returns
    -------
    array
        Monostatic cross-section by geometrical optics. [m2]

    Raises
    ------
    ValueError
        If an argument is outside its domain, the radius is shorter than wavelength / 2 pi, or no point of the side
        faces the radar: then only nose-on is known in closed form, `tip_m2`.

    Notes
    -----
    :math:`\sigma = \pi R^2\left(1 - \frac{R - b}{R\sin\theta}\right)`, :math:`R = (L^2/4 + b^2)/2b` the radius of the
    arc: the product of the two radii of curvature where the normal meets the line of sight. Breaks down within a few
    degrees of the limit, where that point nears the tip.

    References
    ----------
    Crispin & Siegel, *Methods of Radar Cross-Section Analysis*, 1968, ch. 5; Ruck et al., *Radar Cross Section
    Handbook*, 1970, vol. 1, ch. 5.

    Examples
    --------
    >>> float(ogive_m2(2.0, 0.25, 10e9).round(3))  # pi R b
    1.669
    """
    agree(length_m=length_m, radius_m=radius_m, frequency_hz=frequency_hz, aspect_rad=aspect_rad)
    length, radius, frequency = _sizes(frequency_hz, length_m=length_m, radius_m=radius_m)
    _optics(frequency, radius_m=radius)
    _refuse(2.0 * radius >= length, "radius_m must be below half of length_m")
    aspect = _angle("aspect_rad", aspect_rad, 0.0, np.pi)
    arc = (0.25 * length**2 + radius**2) / (2.0 * radius)
    sine = np.sin(aspect)
    _refuse(
        arc * sine <= arc - radius,
        "aspect_rad: no point of the ogive's side faces the radar so far from broadside; nose-on take tip_m2",
    )
    return np.pi * arc**2 * (1.0 - (arc - radius) / (arc * sine)) * np.ones(frequency.shape)


def ellipsoid_m2(
    semi_x_m: ArrayLike,
    semi_y_m: ArrayLike,
    semi_z_m: ArrayLike,
    frequency_hz: ArrayLike,
    azimuth_rad: ArrayLike = 0.0,
    elevation_rad: ArrayLike = 0.0,
) -> FloatArray:
    r"""Radar cross-section of an ellipsoid, by geometrical optics; of a spheroid with two semi-axes alike.

    Parameters
    ----------
    semi_x_m, semi_y_m, semi_z_m : array_like
        Semi-axes: along the nose, to port, up. [m]
    frequency_hz : array_like
        Carrier frequency; it only says whether optics holds. [Hz]
    azimuth_rad, elevation_rad : array_like
        Direction of the radar from the nose and above the body's plane. [rad]

    Returns
    -------
    array
        Monostatic cross-section. [m2]

    Raises
    ------
    ValueError
        If an argument is outside its domain, or the smallest radius of curvature is below wavelength / 2 pi.

    Notes
    -----
    :math:`\sigma = \pi\left(abc / (a^2 s_x^2 + b^2 s_y^2 + c^2 s_z^2)\right)^2` with the unit vector :math:`s` to the
    radar: pi times the product of the radii of curvature where the surface faces it. Radii of curvature of a
    wavelength and more.

    References
    ----------
    Crispin & Siegel, *Methods of Radar Cross-Section Analysis*, 1968, ch. 5; Mahafza, *Radar Systems Analysis and
    Design Using MATLAB*, 2nd ed., 2005, section 11.5.

    Examples
    --------
    >>> ellipsoid_m2(2.0, 0.5, 0.5, 10e9, [0.0, np.pi / 2]).round(4)  # pi b^4 / a^2 and pi a^2
    array([ 0.0491, 12.5664])
    """
    agree(
        semi_x_m=semi_x_m,
        semi_y_m=semi_y_m,
        semi_z_m=semi_z_m,
        frequency_hz=frequency_hz,
        azimuth_rad=azimuth_rad,
        elevation_rad=elevation_rad,
    )
    x, y, z, frequency = _sizes(frequency_hz, semi_x_m=semi_x_m, semi_y_m=semi_y_m, semi_z_m=semi_z_m)
    axes = np.sort(np.stack(np.broadcast_arrays(x, y, z)), axis=0)
    _optics(frequency, least_radius_of_curvature_m=axes[0] ** 2 / np.maximum(axes[2], 1e-300))
    azimuth = _angle("azimuth_rad", azimuth_rad, -np.inf, np.inf)
    elevation = _angle("elevation_rad", elevation_rad, -0.5 * np.pi, 0.5 * np.pi)
    level = np.cos(elevation)
    across = (x * level * np.cos(azimuth)) ** 2 + (y * level * np.sin(azimuth)) ** 2 + (z * np.sin(elevation)) ** 2
    return np.pi * (x * y * z / across) ** 2 * np.ones(frequency.shape)


def _refuse(bad: ArrayLike, message: str) -> None:
    if np.any(bad):
        raise ValueError(message)


def _sizes(frequency_hz: ArrayLike, **sizes_m: ArrayLike) -> list[FloatArray]:
    """Return sizes and the frequency as arrays; sizes at least 0, the frequency above 0, all finite."""
    out = []
    for name, value in sizes_m.items():
        size = np.asarray(value, dtype=np.float64)
        _refuse(~((size >= 0.0) & np.isfinite(size)), f"{name} must be at least 0 and finite, got {value!r}")
        out.append(size)
    frequency = np.asarray(frequency_hz, dtype=np.float64)
    good = (frequency > 0.0) & np.isfinite(frequency)
    _refuse(~good, f"frequency_hz must be above 0 and finite, got {frequency_hz!r}")
    return [*out, frequency]


def _optics(frequency_hz: FloatArray, **sizes_m: FloatArray) -> None:
    """Refuse sizes below wavelength / 2 pi: there is no optics."""
    for name, size in sizes_m.items():
        small = 2.0 * np.pi * size * frequency_hz < C_MPS * (1.0 - 1e-12)
        _refuse(
            small, f"{name} must be at least wavelength / 2 pi (2 pi {name} frequency_hz / c >= 1): smaller bodies do "
            "not follow optics; take a full-wave solution",
        )  # fmt: skip


def _angle(name: str, value: ArrayLike, low: float, high: float) -> FloatArray:
    """Return an angle as an array, from low to high."""
    angle = np.asarray(value, dtype=np.float64)
    good = np.isfinite(angle) & (angle >= low - 1e-12) & (angle <= high + 1e-12)
    bounds = "finite" if np.isinf(low) else f"from {low:.4g} to {high:.4g} rad (degrees?)"
    _refuse(~good, f"{name} must be {bounds}, got {value!r}")
    return angle


def _inside(name: str, value: ArrayLike) -> FloatArray:
    """Return half the angle of a tip, above 0 and below pi/2."""
    angle = np.asarray(value, dtype=np.float64)
    good = (angle > 0.0) & (angle < 0.5 * np.pi)
    _refuse(~good, f"{name} must lie between 0 and pi/2 rad (degrees?), got {value!r}")
    return angle
