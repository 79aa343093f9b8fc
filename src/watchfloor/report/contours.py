"""Edges of a field on a grid as closed rings, and the area that they enclose on the ellipsoid.

A field may hold anything: holes, islands, lobes. Every ring is directed with the higher values on its left in grid
coordinates, its vertices stand on lines of the grid, and each can be moved along its line to where the field itself
(not its interpolation) crosses the level.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import contourpy
import numpy as np

from watchfloor.base.units import FloatArray
from watchfloor.formats.geojson import signed_area
from watchfloor.physics.frames import E2, SEMI_MAJOR_M, Place

_SNAP = 1e-9
Field = Callable[[FloatArray, FloatArray], FloatArray]
"""The field at fractional rows and columns of the grid."""
BISECTIONS = 10
"""How often the stretch with a crossing is halved: to 1/1024 of a step."""


def rings(values: FloatArray, level: float, *, turn: bool = False, field: Field | None = None) -> list[FloatArray]:
    """Closed rings about the places where a field reaches a level.

    Parameters
    ----------
    values : (rows, columns) array
        The field at the nodes; finite.
    level : float
        The level; above the least value and at most the greatest, or there is no ring. [unit of the field]
    turn : bool
        Whether rows are azimuths that go once round, the last next to the first; column 0 is then one point, the
        centre, and takes the least of its values.
    field : callable, optional
        The field between nodes: each vertex is then found by bisection to 1/1024 of a step; linear without it.

    Returns
    -------
    list of (k, 2) arrays
        Row and column of the vertices, the first not repeated at the end; the field is higher on the left of a ring
        where columns are x and rows are y. With ``turn``, rows run from 0 to their number. The border of the grid
        closes what would run out of it.

    Raises
    ------
    ValueError
        If a value is not finite or the grid smaller than 2 x 2.
    """
    z = np.array(values, dtype=np.float64)
    if z.ndim != 2 or min(z.shape) < 2:
        raise ValueError(f"values wants at least 2 rows and 2 columns, got shape {z.shape}")
    if not np.isfinite(z).all():
        raise ValueError("values must be finite; say what is unknown by a value below the level")
    low = min(float(z.min()), level) - 1.0
    z[z == level] = np.nextafter(level, np.inf)  # a vertex between two nodes has one on either side
    n_rows, n_columns = z.shape
    if turn:
        z[:, 0] = z[:, 0].min()
        z = np.vstack((z, z[:1]))
        padded = np.hstack((z, np.full((len(z), 1), low)))
        shift = (0.0, 0.0)
    else:
        padded = np.pad(z, 1, constant_values=low)
        shift = (1.0, 1.0)
    made = contourpy.contour_generator(z=padded, line_type=contourpy.LineType.Separate).lines(level)
    lines: list[FloatArray] = [np.asarray(line)[:, ::-1] - shift for line in made]  # type: ignore[arg-type, union-attr]
    last = (n_rows if turn else n_rows - 1, n_columns - 1)
    if lines:
        counts = np.cumsum([len(line) for line in lines])[:-1]
        points = np.concatenate(lines)
        whole = np.rint(points)
        points = np.where(np.abs(points - whole) < _SNAP, whole, points)  # interpolating 3 and 3 need not give 3
        outside = np.any((points < 0.0) | (points > last), axis=1)
        points = np.clip(points, 0.0, last)
        if field is not None:
            points = _bisected(points, outside, z, level, field)
        lines = np.split(points, counts)
    closed, open_ = [], []
    for line in lines:
        (closed if np.array_equal(line[0], line[-1]) else open_).append(line)
    joined = [line[:-1] for line in closed] + (_joined(open_, n_rows) if turn else [])
    return [ring for ring in (_without_repeats(line) for line in joined) if len(ring) >= 3]


def _bisected(points: FloatArray, outside: Any, z: FloatArray, level: float, field: Field) -> FloatArray:
    """Move vertices along their grid lines to where the field crosses the level; those on the border stay."""
    low, high = np.floor(points), np.ceil(points)
    move = ~outside & (low != high).any(axis=1)
    a, b = low[move], high[move]
    first = z[a[:, 0].astype(np.intp), a[:, 1].astype(np.intp)] >= level
    for _ in range(BISECTIONS):
        middle = 0.5 * (a + b)
        same = ((field(middle[:, 0], middle[:, 1]) >= level) == first)[:, None]
        a, b = np.where(same, middle, a), np.where(same, b, middle)
    out = points.copy()
    out[move] = 0.5 * (a + b)
    return out


def _joined(lines: Sequence[FloatArray], n_rows: int) -> list[FloatArray]:
    """Close lines that end where row 0 meets the row after the last; they leave it where others come in."""
    follower: dict[int, int] = {}
    for leaves, enters in ((n_rows, 0), (0, n_rows)):
        ends = sorted((line[-1, 1], i) for i, line in enumerate(lines) if line[-1, 0] == leaves)
        starts = sorted((line[0, 1], i) for i, line in enumerate(lines) if line[0, 0] == enters)
        follower.update((end[1], start[1]) for end, start in zip(ends, starts, strict=True))
    out, left = [], set(follower)
    while left:
        at = first = min(left)
        parts = []
        while True:
            left.discard(at)
            parts.append(lines[at][:-1])
            at = follower[at]
            if at == first:
                break
        out.append(np.concatenate(parts))
    return out


def _without_repeats(ring: FloatArray) -> FloatArray:
    return ring[np.any(ring != np.roll(ring, 1, axis=0), axis=1)]


def area_m2(rings_rad: Sequence[FloatArray], about: Place) -> float:
    """Area on the ellipsoid within rings of latitude and longitude, holes taken off.

    Parameters
    ----------
    rings_rad : sequence of (k, 2) arrays
        Latitude and longitude; outer rings counter-clockwise seen from above, holes clockwise. Any longitude, any pole.
        [rad]
    about : Place
        A place among them.

    Returns
    -------
    float
        Area. [m2]

    Notes
    -----
    The plane area in Lambert's azimuthal equal-area projection about the place, of the sphere of equal area (authalic
    latitudes). Edges are straight in the plane: with edges of 1 % of the distance the error is some 1e-5.

    References
    ----------
    Snyder, *Map Projections: A Working Manual*, USGS Professional Paper 1395, 1987, eqs. 3-11 to 3-13, 24-2 to 24-4.
    """
    e = np.sqrt(E2)

    def authalic(lat: Any) -> Any:
        s = np.sin(lat)
        return (1.0 - E2) * (s / (1.0 - E2 * s * s) + np.arctanh(e * s) / e)

    q_pole = authalic(0.5 * np.pi)
    radius = SEMI_MAJOR_M * np.sqrt(0.5 * q_pole)
    sin0 = float(np.clip(authalic(about.lat_rad) / q_pole, -1.0, 1.0))
    cos0 = np.sqrt(1.0 - sin0 * sin0)
    total = 0.0
    for ring in rings_rad:
        sin = np.clip(authalic(ring[:, 0]) / q_pole, -1.0, 1.0)
        cos = np.sqrt(1.0 - sin * sin)
        turn = ring[:, 1] - about.lon_rad
        scale = radius * np.sqrt(2.0 / np.maximum(1.0 + sin0 * sin + cos0 * cos * np.cos(turn), 1e-12))
        x, y = scale * cos * np.sin(turn), scale * (cos0 * sin - sin0 * cos * np.cos(turn))
        total += signed_area(np.column_stack((x, y)))
    return total
