"""Radar cross-section curves: a table of aspects in CSV or Parquet, and the Austin benchmark suite's text files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from watchfloor.base.columns import Columns
from watchfloor.base.errors import DataError, reason
from watchfloor.base.units import FloatArray
from watchfloor.formats.tables import Column, read_columns

_POLARISATIONS = {
    **{name: name for name in ("VV", "HH", "HV", "VH")},
    **{"V": "VV", "H": "HH"},
}
_COLUMNS = (
    Column(
        "frequency_hz",
        {"frequency_hz": 1.0, "frequency_mhz": 1e6, "frequency_ghz": 1e9},
        "frequency",
        required=True,
        low=1e6,
        high=1e12,
        unitless=("frequency", "freq"),
    ),
    Column(
        "azimuth_deg",
        dict.fromkeys(("azimuth_deg", "aspect_deg"), 1.0),
        "azimuth from the nose to starboard, in degrees",
        required=True,
        low=-180.0,
        high=180.0,
        unitless=("azimuth", "aspect"),
    ),
    Column(
        "elevation_deg",
        {"elevation_deg": 1.0},
        "elevation above the target's plane, in degrees",
        low=-90.0,
        high=90.0,
        unitless=("elevation",),
    ),
    Column("polarisation", dict.fromkeys(("polarisation", "polarization"), 1.0), "polarisation", kind="text"),
    Column(
        "dbsm",
        dict.fromkeys(("sigma_dbsm", "rcs_dbsm", "dbsm"), 1.0),
        "radar cross-section in dBsm",
        required=True,
        low=-200.0,
        high=200.0,
        unitless=("sigma", "rcs"),
    ),
    Column("sigma_db", {"spread_db": 1.0, "one_sigma_db": 1.0}, "one standard deviation of the level", low=0.0),
)


@dataclass(frozen=True, kw_only=True, eq=False)
class RcsRows(Columns):
    """Values of a cross-section, one row a value, in file order."""

    frequency_hz: FloatArray
    """(n,) frequency. [Hz]"""
    polarisation: NDArray[np.str_]
    """(n,) VV, HH, HV or VH: transmitted, then received."""
    azimuth_rad: FloatArray
    """(n,) from the nose to starboard, -pi to pi. [rad]"""
    elevation_rad: FloatArray
    """(n,) above the target's own plane. [rad]"""
    dbsm: FloatArray
    """(n,) radar cross-section. [dB re 1 m2]"""
    sigma_db: FloatArray
    """(n,) one standard deviation of the level, NaN where the file gives none. [dB]"""


def read_rcs_table(path: Path, *, polarisation: str | None = None) -> RcsRows:
    """Read a table with one value a row.

    Parameters
    ----------
    path : Path
        CSV or Parquet with ``frequency_ghz`` (or ``_mhz``, ``_hz``), ``azimuth_deg`` (or ``aspect_deg``),
        ``sigma_dbsm`` and, if it likes, ``elevation_deg`` (else 0), ``polarisation`` (VV, HH, HV, VH)
        and ``spread_db``.
    polarisation : str, optional
        Polarisation of a file that has no such column.

    Returns
    -------
    RcsRows
        Its rows.

    Raises
    ------
    DataError
        If the file or a cell cannot be right, or nothing tells the polarisation; the message names file and row.
    """
    found = read_columns(path, _COLUMNS)
    n = len(found["dbsm"])
    for name in ("frequency_hz", "azimuth_deg", "dbsm"):
        empty = np.isnan(found[name])
        if empty.any():
            raise DataError(f"{path}: row {int(np.argmax(empty)) + 1}: {name} is empty; fill it or leave the row out")
    if "polarisation" in found:
        named = np.char.upper(np.char.strip(found["polarisation"]))
    elif polarisation is not None:
        named = np.full(n, polarisation.upper())
    else:
        raise DataError(f"{path}: no column tells the polarisation; add one (VV, HH, HV, VH) or name it when reading")
    wrong = ~np.isin(named, list(_POLARISATIONS))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DataError(f"{path}: row {row + 1}: polarisation must be VV, HH, HV or VH (came {str(named[row])!r})")
    elevation = found.get("elevation_deg", np.zeros(n))
    return RcsRows(
        frequency_hz=found["frequency_hz"],
        polarisation=np.array([_POLARISATIONS[str(name)] for name in named]),
        azimuth_rad=np.radians(found["azimuth_deg"]),
        elevation_rad=np.radians(np.where(np.isnan(elevation), 0.0, elevation)),
        dbsm=found["dbsm"],
        sigma_db=found.get("sigma_db", np.full(n, np.nan)),
    )


def read_austin_rcs(path: Path, *, polarisation: str) -> RcsRows:
    """Read a curve of the Austin RCS Benchmark Suite.

    Parameters
    ----------
    path : Path
        Text: frequency [Hz], theta from the zenith [deg], phi from the nose [deg], level [dBsm], one row a value.
    polarisation : str
        The suite tells it in the file's name: ``H`` or ``HH``, ``V`` or ``VV``.

    Returns
    -------
    RcsRows
        Its rows; phi becomes azimuth (the suite's bodies are alike to port and starboard), 90 deg - theta elevation.

    Raises
    ------
    DataError
        If the file is missing or a row has not four numbers within their bounds.
    ValueError
        If the polarisation is unknown.

    References
    ----------
    github.com/UTAustinCEMGroup/AustinCEMBenchmarks, The University of Texas at Austin, 2023.
    """
    path = Path(path)
    if polarisation.upper() not in _POLARISATIONS:
        raise ValueError(f"polarisation must be V, H, VV, HH, HV or VH, got {polarisation!r}")
    try:
        lines = path.read_text("utf-8").splitlines()
    except UnicodeDecodeError as err:
        raise DataError(f"{path}: is no text; wanted rows of frequency, theta, phi, dBsm") from err
    except OSError as err:
        raise DataError(f"{path}: cannot be read: {reason(err)}") from err
    rows = []
    for number, line in enumerate(lines, start=1):
        cells = line.split()
        if not cells:
            continue
        try:
            frequency_hz, theta_deg, phi_deg, dbsm = (float(cell) for cell in cells)
        except ValueError as err:
            raise DataError(f"{path}:{number}: wanted frequency, theta, phi, dBsm (came {line.strip()!r})") from err
        good = 0.0 < frequency_hz < 1e12 and 0.0 <= theta_deg <= 180.0 and -360.0 <= phi_deg <= 360.0
        if not (good and -200.0 <= dbsm <= 200.0):
            raise DataError(f"{path}:{number}: a number is out of bounds (came {line.strip()!r})")
        rows.append((frequency_hz, theta_deg, phi_deg, dbsm))
    if not rows:
        raise DataError(f"{path}: is empty; wanted rows of frequency, theta, phi, dBsm")
    table = np.array(rows)
    phi_deg = table[:, 2]
    return RcsRows(
        frequency_hz=table[:, 0],
        polarisation=np.full(len(table), _POLARISATIONS[polarisation.upper()]),
        azimuth_rad=np.radians(np.where(np.abs(phi_deg) > 180.0, phi_deg - np.copysign(360.0, phi_deg), phi_deg)),
        elevation_rad=np.radians(90.0 - table[:, 1]),
        dbsm=table[:, 3],
        sigma_db=np.full(len(table), np.nan),
    )
