"""``Heights``: terrain on a regular grid of latitude and longitude; a void is NaN and never a height.

A height stands at a node, not in a cell: row 0 is the northern edge, column 0 the western one, and the surface between
four nodes is bilinear. Vertical datum: whatever the file says, for public models nearly always the EGM96 or EGM2008
geoid (mean sea level); the geoid's undulation is added where heights meet the ellipsoid, in `physics.terrain`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from watchfloor.base.units import FloatArray

_TWO_PI = 2.0 * np.pi
_EDGE = 1e-6
"""How far outside the grid a point may lie and still count as on its edge. [nodes]"""
_LATTICE = 1e-3
"""How far the nodes of two tiles may lie apart and still count as the same. [nodes]"""


@dataclass(frozen=True, kw_only=True, eq=False)
class Heights:
    """Heights at the nodes of a regular grid of geodetic latitude and longitude (WGS-84).

    Raises
    ------
    ValueError
        If the grid is smaller than 2 x 2, a step is not positive, a corner is no place, or a height is infinite.

    Examples
    --------
    >>> slope = Heights(
    ...     height_m=np.array([[0, 30], [0, 30]]), north_rad=0.01, west_rad=0.0, step_lat_rad=0.01, step_lon_rad=0.01
    ... )
    >>> float(slope.at(0.005, 0.005))
    15.0
    """

    height_m: NDArray[np.float32]
    """(rows, columns) height above the vertical datum; NaN where unknown; row 0 is the north. [m]"""
    north_rad: float
    """Latitude of row 0. [rad]"""
    west_rad: float
    """Longitude of column 0. [rad]"""
    step_lat_rad: float
    """Latitude between two rows, positive. [rad]"""
    step_lon_rad: float
    """Longitude between two columns, positive. [rad]"""

    def __post_init__(self) -> None:
        height = np.ascontiguousarray(self.height_m, dtype=np.float32)
        if height.ndim != 2 or min(height.shape) < 2:
            raise ValueError(f"height_m wants at least 2 rows and 2 columns, got shape {height.shape}")
        for name in ("step_lat_rad", "step_lon_rad"):
            if not 0.0 < getattr(self, name) < 0.5 * np.pi:
                raise ValueError(f"{name} must be positive and below pi/2, got {getattr(self, name)!r}")
        south = self.north_rad - (height.shape[0] - 1) * self.step_lat_rad
        if not (self.north_rad <= 0.5 * np.pi + _EDGE * self.step_lat_rad and south >= -0.5 * np.pi - 1e-9):
            raise ValueError(f"north_rad {self.north_rad!r} and {height.shape[0]} rows reach past a pole")
        if not abs(self.west_rad) <= _TWO_PI:
            raise ValueError(f"west_rad must lie in -2 pi to 2 pi, got {self.west_rad!r}")
        if (height.shape[1] - 1) * self.step_lon_rad > _TWO_PI * (1.0 + 1e-9):
            raise ValueError(f"step_lon_rad {self.step_lon_rad!r} and {height.shape[1]} columns wrap the earth")
        if np.isinf(height).any():
            raise ValueError("height_m holds infinite values; mark voids as NaN")
        if height is self.height_m and height.flags.writeable:
            height = height.view()
        height.flags.writeable = False
        object.__setattr__(self, "height_m", height)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.height_m.shape[0], self.height_m.shape[1]

    @property
    def south_rad(self) -> float:
        """Latitude of the last row. [rad]"""  # noqa: D400, D415
        return self.north_rad - (self.shape[0] - 1) * self.step_lat_rad

    @property
    def east_rad(self) -> float:
        """Longitude of the last column; beyond pi where the grid spans the antimeridian. [rad]"""  # noqa: D400, D415
        return self.west_rad + (self.shape[1] - 1) * self.step_lon_rad

    @cached_property
    def void(self) -> NDArray[np.bool_]:
        """(rows, columns) where the height is unknown."""
        out = np.isnan(self.height_m)
        out.flags.writeable = False
        return out

    @cached_property
    def n_voids(self) -> int:
        """Nodes without a height."""
        return int(np.count_nonzero(self.void))

    def lat_rad(self) -> FloatArray:
        """(rows,) latitudes of the rows, north first. [rad]"""  # noqa: D400, D415
        return self.north_rad - self.step_lat_rad * np.arange(self.shape[0], dtype=np.float64)

    def lon_rad(self) -> FloatArray:
        """(columns,) longitudes of the columns, west first. [rad]"""  # noqa: D400, D415
        return self.west_rad + self.step_lon_rad * np.arange(self.shape[1], dtype=np.float64)

    def row_column(self, lat_rad: ArrayLike, lon_rad: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Fractional row and column of points.

        Parameters
        ----------
        lat_rad, lon_rad : array_like
            Geodetic latitude and longitude, any turn of it. [rad]

        Returns
        -------
        row, column : arrays
            Row from the north, column from the west; outside the grid below 0 or above the last. [nodes]
        """
        row = (self.north_rad - np.asarray(lat_rad, dtype=np.float64)) / self.step_lat_rad
        middle = 0.5 * (self.west_rad + self.east_rad)
        offset = np.asarray(lon_rad, dtype=np.float64) - middle
        offset = offset - _TWO_PI * np.round(offset / _TWO_PI)
        return row, offset / self.step_lon_rad + 0.5 * (self.shape[1] - 1)

    def at(self, lat_rad: ArrayLike, lon_rad: ArrayLike) -> FloatArray:
        """Bilinear height of points.

        Parameters
        ----------
        lat_rad, lon_rad : array_like
            Geodetic latitude and longitude. [rad]

        Returns
        -------
        array
            Height above the vertical datum; NaN outside the grid and where a node that counts is void. [m]

        Raises
        ------
        ValueError
            If a coordinate is NaN.
        """
        row, column = np.broadcast_arrays(*self.row_column(lat_rad, lon_rad))
        if not (np.isfinite(row).all() and np.isfinite(column).all()):
            raise ValueError("lat_rad and lon_rad must be finite; drop the points without a place")
        rows, columns = self.shape
        inside = (row >= -_EDGE) & (row <= rows - 1 + _EDGE) & (column >= -_EDGE) & (column <= columns - 1 + _EDGE)
        r = np.clip(np.floor(row), 0, rows - 2).astype(np.intp)
        c = np.clip(np.floor(column), 0, columns - 2).astype(np.intp)
        y, x = np.clip(row - r, 0.0, 1.0), np.clip(column - c, 0.0, 1.0)
        y = np.where(np.abs(y - np.round(y)) < _EDGE, np.round(y), y)  # on a line of nodes the others do not count
        x = np.where(np.abs(x - np.round(x)) < _EDGE, np.round(x), x)
        out = np.zeros(row.shape)
        for dr, dc, weight in (
            (0, 0, (1.0 - y) * (1.0 - x)),
            (0, 1, (1.0 - y) * x),
            (1, 0, y * (1.0 - x)),
            (1, 1, y * x),
        ):
            out += np.where(weight > 0.0, weight * self.height_m[r + dr, c + dc], 0.0)
        return np.where(inside, out, np.nan)

    def crop(self, *, south_rad: float, west_rad: float, north_rad: float, east_rad: float) -> Heights:
        """Cut out the cells that touch a box.

        Parameters
        ----------
        south_rad, west_rad, north_rad, east_rad : float
            The box; ``east_rad`` below ``west_rad`` means across the antimeridian. [rad]

        Returns
        -------
        Heights
            The nodes of this grid from just outside the box inward; no height is resampled.

        Raises
        ------
        ValueError
            If the box is empty or does not meet the grid.
        """
        check_box(south_rad, west_rad, north_rad, east_rad)
        width = (east_rad - west_rad) % _TWO_PI or _TWO_PI
        top, bottom = self.row_column([north_rad, south_rad], west_rad)[0]
        left = float(self.row_column(north_rad, west_rad)[1])
        right = left + width / self.step_lon_rad
        first = max(0, int(np.floor(top + _EDGE))), max(0, int(np.floor(left + _EDGE)))
        last = (
            min(self.shape[0] - 1, int(np.ceil(bottom - _EDGE))),
            min(self.shape[1] - 1, int(np.ceil(right - _EDGE))),
        )
        if last[0] - first[0] < 1 or last[1] - first[1] < 1:
            raise ValueError(f"the box {_box(south_rad, west_rad, north_rad, east_rad)} does not meet {self}")
        return Heights(
            height_m=self.height_m[first[0] : last[0] + 1, first[1] : last[1] + 1],
            north_rad=self.north_rad - first[0] * self.step_lat_rad,
            west_rad=self.west_rad + first[1] * self.step_lon_rad,
            step_lat_rad=self.step_lat_rad,
            step_lon_rad=self.step_lon_rad,
        )

    def fill_voids(self, max_gap: int | None = None) -> Heights:
        """Interpolate voids from their neighbours; never done unless asked for.

        Parameters
        ----------
        max_gap : int, optional
            The widest gap that is filled, along a row or along a column; any width without it. [nodes]

        Returns
        -------
        Heights
            Voids between two known nodes of their row or column carry the linear interpolation of the pair, or the
            mean of both, weighted by the inverse of the gaps' widths; voids at the edge of the grid stay.

        Raises
        ------
        ValueError
            If ``max_gap`` is below 1.

        Notes
        -----
        An interpolated ridge is lower than the ridge was: a mask computed over filled voids is too generous.
        """
        if max_gap is not None and max_gap < 1:
            raise ValueError(f"max_gap must be at least 1 node, got {max_gap!r}")
        if not self.n_voids:
            return self
        rows, columns = np.nonzero(self.void)
        total, weight = np.zeros(len(rows)), np.zeros(len(rows))
        for height, line, place in ((self.height_m, rows, columns), (self.height_m.T, columns, rows)):
            before, after = _neighbours(np.isnan(height), line, place)
            gap = after - before - 1
            ok = (before >= 0) & (after < height.shape[1]) & (gap <= (max_gap or gap.max(initial=1)))
            n, b, a, p = line[ok], before[ok], after[ok], place[ok]
            share = (p - b) / (a - b)
            total[ok] += ((1.0 - share) * height[n, b] + share * height[n, a]) / gap[ok]
            weight[ok] += 1.0 / gap[ok]
        filled = self.height_m.copy()
        found = weight > 0.0
        filled[rows[found], columns[found]] = total[found] / weight[found]
        return Heights(
            height_m=filled,
            north_rad=self.north_rad,
            west_rad=self.west_rad,
            step_lat_rad=self.step_lat_rad,
            step_lon_rad=self.step_lon_rad,
        )

    def __str__(self) -> str:
        """Return size and box, for messages."""
        box = _box(self.south_rad, self.west_rad, self.north_rad, self.east_rad)
        return f"heights {self.shape[0]} x {self.shape[1]}, {box}"


def mosaic(tiles: Sequence[Heights], *, seam_m: float = 50.0) -> Heights:
    """Join tiles of one lattice into one grid; what no tile covers is void.

    Parameters
    ----------
    tiles : sequence of Heights
        At least one, with equal steps and nodes on one lattice; they may touch, overlap or leave gaps.
    seam_m : float
        The largest difference between two tiles at a node they share; more is a mistake of datum or place. [m]

    Returns
    -------
    Heights
        The smallest grid that holds them all. A node that several tiles know carries the mean of their heights; a
        node that one knows and another has as void carries the known one; so the order of the tiles does not matter.

    Raises
    ------
    ValueError
        If there is no tile, steps or lattices differ, or shared nodes disagree by more than ``seam_m``.
    """
    if not tiles:
        raise ValueError("tiles is empty; name at least one")
    first = tiles[0]
    if len(tiles) == 1:
        return first
    corners = []
    for n, tile in enumerate(tiles):
        for name in ("step_lat_rad", "step_lon_rad"):
            ours, theirs = getattr(first, name), getattr(tile, name)
            if abs(theirs - ours) * max(*first.shape, *tile.shape) > _LATTICE * ours:
                raise ValueError(
                    f"tile {n} ({tile}) has a {name} of {np.degrees(theirs) * 3600:.6g} arc seconds where tile 0 has "
                    f"{np.degrees(ours) * 3600:.6g}: resample one of them (gdalwarp -tr)"
                )
        row = (first.north_rad - tile.north_rad) / first.step_lat_rad
        turn = tile.west_rad - first.west_rad
        column = (turn - _TWO_PI * np.round(turn / _TWO_PI)) / first.step_lon_rad
        if max(abs(row - round(row)), abs(column - round(column))) > _LATTICE:
            raise ValueError(f"the nodes of tile {n} ({tile}) lie between those of tile 0: resample it (gdalwarp -tap)")
        corners.append((round(row), round(column)))
    top, left = min(r for r, _ in corners), min(c for _, c in corners)
    bottom = max(r + t.shape[0] for (r, _), t in zip(corners, tiles, strict=True))
    right = max(c + t.shape[1] for (_, c), t in zip(corners, tiles, strict=True))
    total = np.full((bottom - top, right - left), np.nan, dtype=np.float32)
    count = np.zeros(total.shape, dtype=np.uint8)
    for n, ((r, c), tile) in enumerate(zip(corners, tiles, strict=True)):
        box = np.s_[r - top : r - top + tile.shape[0], c - left : c - left + tile.shape[1]]
        old, seen = total[box], count[box]
        known = ~np.isnan(tile.height_m)
        both = known & (seen > 0)
        if both.any():
            apart = np.abs(old[both] / seen[both] - tile.height_m[both])
            if apart.max() > seam_m:
                i, j = (int(index[int(apart.argmax())]) for index in np.nonzero(both))
                raise ValueError(
                    f"tile {n} ({tile}) differs by {apart.max():.4g} m from its neighbour at "
                    f"{np.degrees(tile.north_rad - i * tile.step_lat_rad):.5f}, "
                    f"{np.degrees(tile.west_rad + j * tile.step_lon_rad):.5f} degrees, {seam_m:g} m allowed: "
                    "wrong place or datum? Otherwise give a larger seam_m"
                )
        old[known] = np.where(seen[known] > 0, old[known], 0.0) + tile.height_m[known]
        seen[known] += 1
    np.divide(total, count, out=total, where=count > 1)
    return Heights(
        height_m=total,
        north_rad=first.north_rad - top * first.step_lat_rad,
        west_rad=(first.west_rad + left * first.step_lon_rad + np.pi) % _TWO_PI - np.pi,
        step_lat_rad=first.step_lat_rad,
        step_lon_rad=first.step_lon_rad,
    )


def check_box(south_rad: float, west_rad: float, north_rad: float, east_rad: float) -> None:
    """Refuse what is no box of latitude and longitude; ``ValueError``."""
    if not (-0.5 * np.pi - 1e-9 <= south_rad < north_rad <= 0.5 * np.pi + 1e-9):
        raise ValueError(f"wanted -pi/2 <= south_rad < north_rad <= pi/2, got {south_rad!r} and {north_rad!r}")
    if not (abs(west_rad) <= _TWO_PI and abs(east_rad) <= _TWO_PI and west_rad != east_rad):
        raise ValueError(
            f"wanted west_rad and east_rad apart and within -2 pi to 2 pi, got {west_rad!r} and {east_rad!r}"
        )


def _box(south_rad: float, west_rad: float, north_rad: float, east_rad: float) -> str:
    """Return a box in degrees, for messages."""
    south, west, north, east = np.degrees([south_rad, west_rad, north_rad, east_rad])
    return f"latitude {south:.6g} to {north:.6g}, longitude {west:.6g} to {east:.6g} degrees"


def _neighbours(
    void: NDArray[np.bool_], line: NDArray[np.intp], place: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Nearest known node before and after each void on its line; -1 and the line's length where there is none."""
    n = void.shape[1]
    lines, index = np.unique(line, return_inverse=True)
    known = ~void[lines]
    before = np.maximum.accumulate(np.where(known, np.arange(n), -1), axis=1)
    after = np.minimum.accumulate(np.where(known, np.arange(n), n)[:, ::-1], axis=1)[:, ::-1]
    return before[index, place], after[index, place]
