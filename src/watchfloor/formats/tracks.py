"""Tracks as a table for other tools: degrees, metres, metres a second."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from watchfloor.base.units import FloatArray, IntArray
from watchfloor.formats.tables import write_columns


def write_tracks(
    path: Path,
    *,
    t_s: FloatArray,
    number: IntArray,
    lat_rad: FloatArray,
    lon_rad: FloatArray,
    alt_m: FloatArray,
    velocity_enu_mps: FloatArray,
    sigma_m: FloatArray,
) -> None:
    """Write track estimates, one row an estimate, as CSV or Parquet by the suffix of ``path``.

    ``read_flights`` reads the file back.

    Parameters
    ----------
    path : Path
        Ends in ``.csv``, ``.csv.gz`` or ``.parquet``.
    t_s : (n,) array
        Time. [s]
    number : (n,) array
        Track number.
    lat_rad, lon_rad : (n,) arrays
        Position, WGS-84. [rad]
    alt_m : (n,) array
        Height above the ellipsoid. [m]
    velocity_enu_mps : (n, 3) array
        Velocity east, north, up at the track. [m/s]
    sigma_m : (n,) array
        Root of the mean variance of the three axes of position. [m]

    Raises
    ------
    DataError
        If the suffix is another, or the file cannot be written.
    """
    write_columns(
        path,
        {
            "t": t_s,
            "track": number,
            "lat": np.rad2deg(lat_rad),
            "lon": np.rad2deg(lon_rad),
            "alt_m": alt_m,
            "ve_mps": velocity_enu_mps[:, 0],
            "vn_mps": velocity_enu_mps[:, 1],
            "vu_mps": velocity_enu_mps[:, 2],
            "sigma_m": sigma_m,
        },
    )
