"""Recorded plots: what a radar declared, polar about it or already turned into positions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from watchfloor.base.columns import Columns
from watchfloor.base.errors import DataError
from watchfloor.base.units import FloatArray, IntArray
from watchfloor.formats.flights import ALT, LAT, LON, TIME, placed
from watchfloor.formats.tables import Column, headings, read_columns

NM_M = 1852.0
"""One international nautical mile (BIPM, SI Brochure, 8th ed., 2006, table 8). [m]"""
_RANGE = Column(
    "range_m",
    {"range_m": 1.0, "slant_m": 1.0, "slant_range_m": 1.0, "range_km": 1e3, "range_nm": NM_M, "rho_nm": NM_M},
    "slant range",
    low=0.0,
    high=1e7,
    unitless=("range", "rho", "slant"),
)
_AZIMUTH = Column(
    "azimuth_deg",
    dict.fromkeys(("azimuth_deg", "az_deg", "theta_deg"), 1.0),
    "azimuth in degrees clockwise from true north",
    low=-360.0,
    high=360.0,
    unitless=("azimuth", "az", "theta"),
)
_ELEVATION = Column(
    "elevation_deg",
    dict.fromkeys(("elevation_deg", "el_deg"), 1.0),
    "elevation in degrees",
    low=-90.0,
    high=90.0,
    unitless=("elevation",),
)
_RATE = Column(
    "range_rate_mps",
    dict.fromkeys(("range_rate_mps", "rdot_mps", "doppler_mps"), 1.0),
    "range rate",
    low=-20_000.0,
    high=20_000.0,
    unitless=("range_rate", "rdot"),
)
_SIGMA = tuple(
    Column(f"sigma_{name}", {f"sigma_{name}": 1.0}, f"standard deviation of {name}", low=1e-9)
    for name in ("range_m", "azimuth_deg", "elevation_deg", "range_rate_mps")
)
_POINT_SIGMA = (
    Column("sigma_m", {"sigma_m": 1.0, "sigma_horizontal_m": 1.0}, "horizontal standard deviation", low=1e-9),
    Column("sigma_vertical_m", {"sigma_vertical_m": 1.0, "sigma_alt_m": 1.0}, "vertical standard deviation", low=1e-9),
)
_SNR = Column("snr_db", {"snr_db": 1.0}, "signal-to-noise ratio")
_ADDRESS = Column(
    "address", dict.fromkeys(("icao24", "address", "mode_s"), 1.0), "24-bit address in hexadecimal", kind="text"
)


@dataclass(frozen=True, kw_only=True, eq=False)
class PolarPlots(Columns):
    """Plots about one radar, in time order."""

    t_s: FloatArray
    """(n,) time. [s]"""
    measurement: FloatArray
    """(n, 4) range, azimuth, elevation, range rate; NaN where not measured. [m, rad, rad, m/s]"""
    sigma: FloatArray
    """(n, 4) standard deviations, NaN where the file gives none. [m, rad, rad, m/s]"""
    snr_db: FloatArray
    """(n,) signal-to-noise ratio, NaN where not given. [dB]"""
    address: IntArray
    """(n,) 24-bit address, -1 where not given."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PointPlots(Columns):
    """Plots that are positions, in time order."""

    t_s: FloatArray
    """(n,) time. [s]"""
    lat_rad: FloatArray
    """(n,) latitude, WGS-84. [rad]"""
    lon_rad: FloatArray
    """(n,) longitude. [rad]"""
    alt_m: FloatArray
    """(n,) altitude, NaN where not measured. [m]"""
    sigma_m: FloatArray
    """(n,) horizontal standard deviation along each axis, NaN where the file gives none. [m]"""
    sigma_vertical_m: FloatArray
    """(n,) vertical standard deviation, NaN where the file gives none. [m]"""
    snr_db: FloatArray
    """(n,) signal-to-noise ratio, NaN where not given. [dB]"""
    address: IntArray
    """(n,) 24-bit address, -1 where not given."""


def read_plots(path: Path) -> PolarPlots | PointPlots:
    """Read plots from CSV or Parquet: polar if the file has a range, else positions.

    Polar columns: ``t``, ``range_m`` (or ``range_km``, ``range_nm``), ``azimuth_deg``, and where measured
    ``elevation_deg``, ``range_rate_mps``; ``sigma_range_m``, ``sigma_azimuth_deg``... give the errors. Positions:
    ``t``, ``lat``, ``lon``, where measured ``alt_m``; ``sigma_m``, ``sigma_vertical_m``. Both: ``snr_db``, ``icao24``.

    Raises
    ------
    DataError
        With file, row and remedy, if it cannot be read so.
    """
    either = tuple(replace(c, required=False, unitless=()) for c in (_RANGE, _AZIMUTH, LAT, LON))
    bare = tuple(Column(name, {name: 1.0}, name, kind="text") for name in _RANGE.unitless)
    there = _headings(path, (*either, *bare))
    if "range_m" in there or any(name in there for name in _RANGE.unitless):
        return _polar(path)
    if "lat_rad" in there or "lon_rad" in there:
        return _points(path)
    raise DataError(
        f"{path}: neither polar plots ({', '.join(_RANGE.aliases)} with {', '.join(_AZIMUTH.aliases)}) "
        f"nor positions ({', '.join(LAT.aliases)} with {', '.join(LON.aliases)})"
    )


def _headings(path: Path, columns: tuple[Column, ...]) -> set[str]:
    """Return which columns the file has (their cells are judged later)."""
    lower = {heading.strip().lower() for heading in headings(path)}
    return {column.name for column in columns if lower & set(column.aliases)}


def _polar(path: Path) -> PolarPlots:
    found = read_columns(
        path,
        (
            TIME,
            replace(_RANGE, required=True),
            replace(_AZIMUTH, required=True),
            _ELEVATION,
            _RATE,
            *_SIGMA,
            _SNR,
            _ADDRESS,
        ),
    )
    keep = placed(path, found, ("t_s", "range_m", "azimuth_deg"))
    n = len(keep)
    order = np.flatnonzero(keep)[np.argsort(found["t_s"][keep], kind="stable")]
    nothing = np.full(n, np.nan)
    unit = np.array([1.0, np.deg2rad(1.0), np.deg2rad(1.0), 1.0])
    names = ("range_m", "azimuth_deg", "elevation_deg", "range_rate_mps")
    measured = np.stack([found.get(name, nothing) for name in names], axis=1)[order] * unit
    measured[:, 1] %= 2.0 * np.pi
    return PolarPlots(
        t_s=found["t_s"][order],
        measurement=measured,
        sigma=np.stack([found.get(f"sigma_{name}", nothing) for name in names], axis=1)[order] * unit,
        snr_db=found.get("snr_db", nothing)[order],
        address=_addresses(path, found.get("address"), n)[order],
    )


def _points(path: Path) -> PointPlots:
    found = read_columns(path, (TIME, LAT, LON, replace(ALT, required=False), *_POINT_SIGMA, _SNR, _ADDRESS))
    keep = placed(path, found, ("t_s", "lat_rad", "lon_rad"))
    n = len(keep)
    order = np.flatnonzero(keep)[np.argsort(found["t_s"][keep], kind="stable")]
    nothing = np.full(n, np.nan)
    return PointPlots(
        t_s=found["t_s"][order],
        lat_rad=np.deg2rad(found["lat_rad"][order]),
        lon_rad=np.deg2rad(found["lon_rad"][order]),
        alt_m=found.get("alt_m", nothing)[order],
        sigma_m=found.get("sigma_m", nothing)[order],
        sigma_vertical_m=found.get("sigma_vertical_m", nothing)[order],
        snr_db=found.get("snr_db", nothing)[order],
        address=_addresses(path, found.get("address"), n)[order],
    )


def _addresses(path: Path, column: np.ndarray | None, n: int) -> IntArray:
    if column is None:
        return np.full(n, -1, np.int64)
    names, row = np.unique(column, return_inverse=True)
    codes = np.full(len(names), -1, np.int64)
    for i, name in enumerate(names):
        if not name.strip():
            continue
        try:
            codes[i] = int(name, 16)
        except ValueError as err:
            raise DataError(
                f"{path}: address {str(name)!r} is not hexadecimal; wanted 24 bits like 4b1a2c, or an empty cell"
            ) from err
        if not 0 <= codes[i] < 2**24:
            raise DataError(f"{path}: address {str(name)!r} has more than 24 bits")
    return codes[row]
