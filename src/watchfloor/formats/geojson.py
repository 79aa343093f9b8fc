"""GeoJSON: areas with properties go out, as RFC 7946 wants them.

Longitude before latitude, WGS-84 degrees; outer rings counter-clockwise and holes clockwise; what crosses the
antimeridian is cut there in two, and what holds a pole runs along 180 degrees to 90 degrees and back.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from watchfloor.base.errors import DataError, reason
from watchfloor.base.units import FloatArray

_DIGITS = 7
"""Decimals of a degree: 1 cm."""
_NUDGE = 1e-9

Polygon = list[FloatArray]
"""An outer ring, then its holes; each (k, 2) longitude and latitude. [deg]"""


def polygons(rings_deg: Sequence[FloatArray], *, pole: str = "") -> list[Polygon]:
    """Sort rings into polygons that RFC 7946 allows, cut at the antimeridian.

    Parameters
    ----------
    rings_deg : sequence of (k, 2) arrays
        Longitude and latitude of the vertices, the first not repeated; what is covered lies on the left of each ring,
        so outer rings run counter-clockwise and holes clockwise. Any longitude; neighbours less than 180 degrees
        apart. Rings do not cross each other. [deg]
    pole : {"", "north", "south"}
        The pole that is covered, if one is.

    Returns
    -------
    list of polygons
        An outer ring and its holes each, within -180 to 180 degrees. [deg]

    Raises
    ------
    ValueError
        If a ring has no three vertices, a number is not finite, a latitude is beyond 90 degrees, or the rings do not
        fit together (both poles covered, a ring that runs the other way).

    Notes
    -----
    Rings are cut where they cross the antimeridian, by straight lines of longitude and latitude; the pieces are joined
    along it from south to north, covered stretches in turn with uncovered ones.

    References
    ----------
    Butler et al., "The GeoJSON Format", RFC 7946, 2016: 3.1.6 (orientation), 3.1.9 (antimeridian), 4 (WGS-84).
    """
    if pole not in ("", "north", "south"):
        raise ValueError(f"pole must be '', 'north' or 'south', got {pole!r}")
    whole, pieces = [], []
    for n, ring in enumerate(rings_deg):
        ring = np.array(ring, dtype=np.float64)
        if ring.ndim != 2 or ring.shape[1] != 2 or len(ring) < 3:
            raise ValueError(f"ring {n} wants at least three vertices (k, 2), got shape {ring.shape}")
        if not np.isfinite(ring).all() or np.abs(ring[:, 1]).max() > 90.0:
            raise ValueError(f"ring {n} wants finite longitudes and latitudes within 90 degrees")
        ring[:, 0] = (ring[:, 0] + 180.0) % 360.0 - 180.0
        ring[:, 0] = np.clip(ring[:, 0], -180.0 + _NUDGE, 180.0 - _NUDGE)
        found = _pieces(ring)
        (pieces if found else whole).extend(found or [ring])
    return _nested(whole + _along_the_edge(pieces, pole))


def _pieces(ring: FloatArray) -> list[FloatArray]:
    """Pieces of a ring between its crossings of the antimeridian, ends on it; none if it does not cross."""
    step = np.roll(ring[:, 0], -1) - ring[:, 0]
    crossing = np.flatnonzero(np.abs(step) > 180.0)
    out = []
    for here, there in zip(crossing, np.roll(crossing, -1), strict=True):
        start, end = int(here) + 1, int(there)
        count = (end - start) % len(ring) + 1 if len(crossing) > 1 else len(ring)
        inner = ring[(start + np.arange(count)) % len(ring)]
        out.append(np.vstack((_crossing(ring, int(here))[1], inner, _crossing(ring, end)[0])))
    return out


def _crossing(ring: FloatArray, at: int) -> tuple[FloatArray, FloatArray]:
    """Where the edge after vertex ``at`` meets the antimeridian: on the side it leaves, and on the side it enters."""
    (lon1, lat1), (lon2, lat2) = ring[at], ring[(at + 1) % len(ring)]
    side = 180.0 if lon1 > 0.0 else -180.0
    share = (side - lon1) / (lon2 + 2.0 * side - lon1)
    lat = lat1 + share * (lat2 - lat1)
    return np.array([side, lat]), np.array([-side, lat])


def _along_the_edge(pieces: Sequence[FloatArray], pole: str) -> list[FloatArray]:
    """Close pieces along the antimeridian; where the pole is covered, along it too."""
    if not pieces:
        return []
    follower: dict[int, tuple[int, bool]] = {}  # piece: the piece that goes on, and whether the way leads over the pole
    over: dict[float, tuple[str, int]] = {}
    for side in (-180.0, 180.0):
        ends = [(p[-1, 1], "end", i) for i, p in enumerate(pieces) if p[-1, 0] == side]
        ends += [(p[0, 1], "start", i) for i, p in enumerate(pieces) if p[0, 0] == side]
        ends.sort()
        if pole == "south":
            over[side] = ends.pop(0)[1:] if ends else ("", -1)
        elif pole == "north":
            over[side] = ends.pop()[1:] if ends else ("", -1)
        if len(ends) % 2:
            raise ValueError("rings do not close along the antimeridian; is a pole covered? Say which")
        for (_, kind, a), (_, other, b) in zip(ends[::2], ends[1::2], strict=True):
            if kind == other:
                raise ValueError("rings cross each other at the antimeridian, or one runs the wrong way round")
            follower[a if kind == "end" else b] = (b if kind == "end" else a, False)
    if pole:
        kinds = {kind: piece for kind, piece in over.values()}
        if set(kinds) != {"end", "start"}:
            raise ValueError(f"no ring goes round the {pole} pole the right way, though it is covered")
        follower[kinds["end"]] = (kinds["start"], True)
    out, left = [], set(follower)
    while left:
        first = at = min(left)
        parts = []
        while True:
            left.discard(at)
            parts.append(pieces[at])
            after, polar = follower[at]
            if polar:
                lat = 90.0 if pole == "north" else -90.0
                parts.append(np.array([[pieces[at][-1, 0], lat], [pieces[after][0, 0], lat]]))
            at = after
            if at == first:
                break
        out.append(np.concatenate(parts))
    return out


def _nested(rings: Sequence[FloatArray]) -> list[Polygon]:
    """Give every hole to the smallest outer ring round it; slivers of no area are dropped."""
    rounded = [_thin(np.round(ring, _DIGITS)) for ring in rings]
    sized = [(signed_area(ring), ring) for ring in rounded if len(ring) >= 3]
    outer = sorted(((a, r) for a, r in sized if a > 0.0), key=lambda item: item[0])
    out: list[Polygon] = [[ring] for _, ring in outer]
    for area, ring in sized:
        if area >= 0.0:
            continue
        for n, (size, around) in enumerate(outer):
            if size > -area and _holds(around, ring):
                out[n].append(ring)
                break
        else:
            raise ValueError("a hole lies in no outer ring: one runs the wrong way round, or a pole is covered")
    return out


def _thin(ring: FloatArray) -> FloatArray:
    return ring[np.any(ring != np.roll(ring, 1, axis=0), axis=1)]


def signed_area(ring: FloatArray) -> float:
    """Area within a plane ring (k, 2), positive if it runs counter-clockwise; unit of the coordinates, squared."""
    x, y = (ring - ring[0]).T
    return 0.5 * float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))


def within(point: FloatArray, ring: FloatArray) -> bool:
    """Whether a point (2,) lies within a plane ring (k, 2), by crossings of a ray; undecided on the ring itself."""
    x, y = ring.T
    x2, y2 = np.roll(x, -1), np.roll(y, -1)
    crosses = (y > point[1]) != (y2 > point[1])
    with np.errstate(divide="ignore", invalid="ignore"):
        return bool(np.count_nonzero(crosses & (point[0] < x + (point[1] - y) / (y2 - y) * (x2 - x))) % 2)


def _holds(ring: FloatArray, hole: FloatArray) -> bool:
    """Whether most of a hole's vertices lie within a ring; they may touch after rounding."""
    few = hole[:: max(1, len(hole) // 9)]
    return 2 * sum(within(point, ring) for point in few) > len(few)


def area_feature(found: Sequence[Polygon], properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return a feature of geometry MultiPolygon.

    Parameters
    ----------
    found : sequence of polygons
        As `polygons` makes them; none is an empty geometry.
    properties : mapping
        What JSON can say.

    Returns
    -------
    dict
        A GeoJSON Feature.
    """
    coordinates = [[[*ring.tolist(), ring[0].tolist()] for ring in polygon] for polygon in found]
    return {
        "type": "Feature",
        "properties": dict(properties),
        "geometry": {"type": "MultiPolygon", "coordinates": coordinates},
    }


def point_feature(lon_deg: float, lat_deg: float, alt_m: float, properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return a feature of geometry Point.

    Parameters
    ----------
    lon_deg, lat_deg, alt_m : float
        Where; height above the ellipsoid. [deg, deg, m]
    properties : mapping
        What JSON can say.

    Returns
    -------
    dict
        A GeoJSON Feature.
    """
    where = [round((lon_deg + 180.0) % 360.0 - 180.0, _DIGITS), round(lat_deg, _DIGITS), round(alt_m, 2)]
    return {"type": "Feature", "properties": dict(properties), "geometry": {"type": "Point", "coordinates": where}}


def write_features(path: Path, features: Sequence[Mapping[str, Any]]) -> None:
    """Write a FeatureCollection, whole or not at all.

    Parameters
    ----------
    path : Path
        The file.
    features : sequence of mappings
        GeoJSON Features.

    Raises
    ------
    DataError
        If the file cannot be written.
    ValueError
        If a property is NaN or infinite, which JSON cannot say.
    """
    text = json.dumps(
        {"type": "FeatureCollection", "features": list(features)}, allow_nan=False, ensure_ascii=False,
        separators=(",", ":"),
    )  # fmt: skip
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_text(text + "\n", encoding="utf-8", newline="\n")
        os.replace(temporary, path)
    except OSError as err:
        raise DataError(f"{path}: cannot be written: {reason(err)}; is the folder there, and has it room?") from err
    finally:
        temporary.unlink(missing_ok=True)
