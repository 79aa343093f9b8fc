"""Radar cross-section: bands, signature tables by aspect and band, the Luneburg lens.

A signature says where its numbers come from and how far they may be off; nothing here invents an aircraft.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from watchfloor.base.units import C_MPS, FloatArray

ORIGINS = ("measured", "computed", "assumed")
"""Where a band's values may come from."""

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
    raise ValueError(f"no radar band holds {frequency_hz!r} Hz (3e6 to 110e9)")


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
        If an argument is outside its domain.

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
    radius, frequency = np.asarray(radius_m, dtype=np.float64), np.asarray(frequency_hz, dtype=np.float64)
    if not (np.all(radius >= 0.0) and np.all(frequency > 0.0)):
        raise ValueError("radius_m must be at least 0 and frequency_hz above 0")
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

    References
    ----------
    Knott, Shaeffer & Tuley, *Radar Cross Section*, 2nd ed., 2004, section 3.2.
    """  # noqa: D400, D415
    return np.asarray(sigma_a_m2, dtype=np.float64) + np.asarray(sigma_b_m2, dtype=np.float64)
