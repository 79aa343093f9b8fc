"""Coasts and borders of the world for maps: Natural Earth, public domain. ``tools/make_basemap.py`` makes the file."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import numpy as np

from watchfloor.base.units import BoolArray, FloatArray
from watchfloor.physics.frames import Place, geodesic

SOURCE = "coasts and borders: Natural Earth 1:50m, public domain"
"""What the map says of them."""
_EARTH_M = 6.371e6


def about(centre: Place, reach_m: float) -> tuple[FloatArray, FloatArray]:
    """Coasts and borders about a place, azimuthal equidistant.

    Parameters
    ----------
    centre : Place
        The middle of the map.
    reach_m : float
        Half the side of the square that is drawn, at most 10,000 km. [m]

    Returns
    -------
    coasts, borders : (k, 2) arrays
        Distance east and north of the centre, a row of NaN between lines; empty where there are none. [m]
    """
    lon, lat, border = _world()
    middle = np.array([np.cos(centre.lat_rad) * np.cos(centre.lon_rad), np.cos(centre.lat_rad) * np.sin(centre.lon_rad),
                       np.sin(centre.lat_rad)])  # fmt: skip
    toward = np.cos(lat) * np.cos(lon) * middle[0] + np.cos(lat) * np.sin(lon) * middle[1] + np.sin(lat) * middle[2]
    near = toward > np.cos(min(1.6 * reach_m / _EARTH_M, 2.5))
    plane = np.full((len(lon), 2), np.nan)
    if near.any():
        distance, azimuth = geodesic(centre.lat_rad, centre.lon_rad, lat[near], lon[near])
        plane[near] = np.column_stack((distance * np.sin(azimuth), distance * np.cos(azimuth)))
    gap = np.isnan(plane[:, 0])
    kept = ~(gap & np.roll(gap, 1))
    return plane[kept & ~border], plane[kept & border]


@cache
def _world() -> tuple[FloatArray, FloatArray, BoolArray]:
    """Longitude and latitude of all lines, NaN after each, and whether they are borders. [rad]"""  # noqa: D400, D415
    with (files("watchfloor.report") / "data" / "basemap.npz").open("rb") as file:
        packed = dict(np.load(file))
    length = packed["length"].astype(np.intp)
    first = np.concatenate(([0], np.cumsum(length)[:-1]))
    out = []
    for name in ("lon", "lat"):
        steps = packed[name].astype(np.int64)
        total = np.cumsum(steps)
        total -= np.repeat(total[first] - steps[first], length)
        out.append(np.insert(np.deg2rad(0.01 * total), first[1:], np.nan))
    return out[0], out[1], np.insert(np.repeat(packed["border"], length), first[1:], packed["border"][:-1])
