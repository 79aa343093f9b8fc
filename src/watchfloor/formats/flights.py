"""Recorded flights: who was where, when."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from watchfloor.base.errors import DataError
from watchfloor.base.units import FOOT_M, KNOT_MPS, FloatArray, IntArray
from watchfloor.formats.tables import Column, read_columns

_log = logging.getLogger(__name__)

TIME = Column(
    "t_s",
    dict.fromkeys(("t", "t_s", "time", "time_s", "timestamp", "time_utc"), 1.0),
    "time",
    kind="time",
    required=True,
)
LAT = Column(
    "lat_rad",
    dict.fromkeys(("lat", "lat_deg", "latitude", "latitude_deg"), 1.0),
    "latitude in degrees",
    required=True,
    low=-90.0,
    high=90.0,
)
LON = Column(
    "lon_rad",
    dict.fromkeys(("lon", "lon_deg", "long", "lng", "longitude", "longitude_deg"), 1.0),
    "longitude in degrees",
    required=True,
    low=-180.0,
    high=360.0,
)
ALT = Column(
    "alt_m",
    {
        **dict.fromkeys(("alt_m", "altitude_m", "height_m", "geoaltitude", "baroaltitude"), 1.0),
        **dict.fromkeys(("alt_ft", "altitude_ft"), FOOT_M),
    },
    "altitude",
    required=True,
    low=-1000.0,
    high=100_000.0,
    unitless=("alt", "altitude", "height"),
)
WHO = Column(
    "flight",
    dict.fromkeys(
        ("id", "flight_id", "track", "track_id", "number", "icao24", "icao_address", "callsign", "flight"), 1.0
    ),
    "flight's name",
    kind="text",
    required=True,
)
_EAST = Column("ve_mps", dict.fromkeys(("ve_mps", "ve"), 1.0), "eastward speed")
_NORTH = Column("vn_mps", dict.fromkeys(("vn_mps", "vn"), 1.0), "northward speed")
_UP = Column(
    "vu_mps",
    {
        **dict.fromkeys(("vu_mps", "vr_mps", "vu", "vertrate", "vertical_rate_mps"), 1.0),
        "vertical_rate_fpm": FOOT_M / 60,
    },
    "vertical speed",
)
_SPEED = Column(
    "speed_mps",
    {"speed_mps": 1.0, "velocity": 1.0, "groundspeed_mps": 1.0, "speed_kt": KNOT_MPS, "groundspeed_kt": KNOT_MPS},
    "ground speed",
    low=0.0,
)
_COURSE = Column(
    "course_deg",
    dict.fromkeys(("course_deg", "track_deg", "heading_deg", "heading"), 1.0),
    "course over ground in degrees",
    low=-360.0,
    high=360.0,
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Flights:
    """Recorded flights, one row a report, in the order of the file; nothing is smoothed or dropped but empty rows."""

    flight: IntArray
    """(n,) row of the flight in ``names``."""
    names: tuple[str, ...]
    """Names of the flights, sorted."""
    t_s: FloatArray
    """(n,) time: seconds as the file counts them, since 1970 for dates. [s]"""
    lat_rad: FloatArray
    """(n,) latitude, WGS-84. [rad]"""
    lon_rad: FloatArray
    """(n,) longitude. [rad]"""
    alt_m: FloatArray
    """(n,) altitude as reported, taken as height above the ellipsoid. [m]"""
    ve_mps: FloatArray | None = None
    """(n,) eastward speed, NaN where not given; None if the file has none. [m/s]"""
    vn_mps: FloatArray | None = None
    """(n,) northward speed, likewise. [m/s]"""
    vu_mps: FloatArray | None = None
    """(n,) upward speed, likewise. [m/s]"""

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.t_s)


def read_flights(path: Path) -> Flights:
    """Read recorded flights from CSV or Parquet.

    Columns (any of the names that ADS-B tools use): a flight's id, time in seconds or as a date, latitude and longitude
    in degrees, altitude with its unit in the name; velocity as east, north and up or as speed, course and climb is
    taken when there. Rows without time, place or altitude are left out (and counted in the log).

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    Flights
        At least one row.

    Raises
    ------
    DataError
        With file, row and remedy, if it cannot be read so.
    """
    found = read_columns(path, (WHO, TIME, LAT, LON, ALT, _EAST, _NORTH, _UP, _SPEED, _COURSE))
    keep = placed(path, found, ("t_s", "lat_rad", "lon_rad", "alt_m"))
    found = {name: column[keep] for name, column in found.items()}
    names, flight = np.unique(found["flight"], return_inverse=True)
    east, north, up = (found.get(name) for name in ("ve_mps", "vn_mps", "vu_mps"))
    if (east is None or north is None) and "speed_mps" in found and "course_deg" in found:
        course = np.deg2rad(found["course_deg"])
        east, north = found["speed_mps"] * np.sin(course), found["speed_mps"] * np.cos(course)
    if east is None or north is None or up is None:  # no climb, no velocity: half of one would be a guess
        east = north = up = None
    return Flights(
        flight=flight.astype(np.int64),
        names=tuple(str(name) for name in names),
        t_s=found["t_s"],
        lat_rad=np.deg2rad(found["lat_rad"]),
        lon_rad=np.deg2rad(found["lon_rad"]),
        alt_m=found["alt_m"],
        ve_mps=east,
        vn_mps=north,
        vu_mps=up,
    )


def placed(path: Path, found: dict[str, np.ndarray], names: Sequence[str]) -> np.ndarray:
    """Return which rows have all of ``names``; log how many have not; ``DataError`` if none has."""
    keep = np.all([np.isfinite(found[name]) for name in names], axis=0)
    said = ", ".join(name.rpartition("_")[0] for name in names)
    n_out = int(len(keep) - keep.sum())
    if n_out == len(keep):
        raise DataError(f"{path}: not one row has all of {said}: every row has an empty cell there")
    if n_out:
        _log.warning("%s: %d of %d rows have an empty cell in %s: left out", path, n_out, len(keep), said)
    return keep
