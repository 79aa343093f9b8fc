r"""Terrain masking: the lowest height a radar sees, by azimuth and range; lines of sight; viewsheds.

One geometry throughout. The ground track of a ray is the vertical section through the radar, its range the length
along the ellipsoid, and the ray is straight above an earth of ``k`` times its radius, the radius being that of the
ellipsoid in the ray's azimuth at the radar (`propagation` has the same ray). The surface between four nodes is
bilinear. A ray sees what it meets before it dips below that surface; nothing is diffracted or reflected.

Vertical datum: heights of a model stand above the geoid, places and targets above the WGS-84 ellipsoid.
``undulation_m`` is the geoid's height above the ellipsoid (EGM96: -107 m to +85 m; one value for the region, it changes
by about a metre in 30 km). It must be what the place was made with: 0 on both sides takes the geoid for the ellipsoid,
which keeps all heights relative to each other right.

Voids and the land beyond the grid are unknown, never a height: what they might hide is unknown too. ``voids`` says what
to do then: ``"error"`` refuses; ``"unknown"`` leaves NaN in tables and counts as not seen; ``"sea"`` takes them for sea
level; ``"fill"`` interpolates voids inside the grid (`Heights.fill_voids`) and refuses what is left.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from watchfloor.base.heights import Heights
from watchfloor.base.units import BoolArray, FloatArray
from watchfloor.physics._domain import agree
from watchfloor.physics._kernels import terrain as kernels
from watchfloor.physics.frames import Place, destination, ecef_to_geodetic, ecef_to_polar, geodetic_to_ecef
from watchfloor.physics.propagation import K_STANDARD

Voids = Literal["error", "unknown", "sea", "fill"]
"""What to do where heights are unknown."""

GROUND_SLACK_M = 2.0
"""Height of what grows and stands on the ground, as far as clutter goes: low vegetation (assumption). [m]"""
_RANGE_LIMIT_M = 1.5e6
_TABLE_LIMIT = 2_000_000_000
"""Largest table. [bytes]"""
_VIEWSHED = 24_000, 4_000
"""Most azimuths and ranges of a viewshed's table; what it leaves open is traced ray by ray."""
_TRACK_M = 0.02
"""How far the drawn ground track may lie from the true one. [m]"""


@dataclass(frozen=True, kw_only=True, eq=False)
class VisibleHeight:
    """Lowest visible height on a radar's polar grid, as `min_visible_height` makes it."""

    place: Place
    """The radar."""
    k: float
    """Ratio of effective to true earth radius. [1]"""
    azimuth_rad: FloatArray
    """(n azimuths,) from 0, equal steps round the circle. [rad]"""
    range_m: FloatArray
    """(n ranges,) along the ground, from 0, equal steps. [m]"""
    height_m: NDArray[np.float32]
    """(n azimuths, n ranges) lowest visible height above the ellipsoid; never below the terrain; NaN where unknown.
    [m]"""
    mask_rad: FloatArray
    """(n azimuths,) elevation at which the ray that clears all terrain leaves, as far as it is known. [rad]"""
    ground_m: NDArray[np.float32] | None = None
    """(n azimuths, n ranges) terrain above the ellipsoid, see `with_ground`; None until it is asked for. [m]"""

    def at(self, azimuth_rad: ArrayLike, range_m: ArrayLike) -> FloatArray:
        """Lowest visible height at points, linear between the table's rays and ranges.

        Parameters
        ----------
        azimuth_rad, range_m : array_like
            Azimuth from north; range along the ground, see `ground_polar`. [rad, m]

        Returns
        -------
        array
            Height above the ellipsoid; NaN where unknown and beyond the table. [m]

        Raises
        ------
        ValueError
            If an azimuth or range is not finite, or a range negative.
        """
        agree(azimuth_rad=azimuth_rad, range_m=range_m)
        azimuth, distance = np.broadcast_arrays(np.asarray(azimuth_rad, float), np.asarray(range_m, float))
        if not (np.isfinite(azimuth).all() and np.isfinite(distance).all() and (distance >= 0.0).all()):
            raise ValueError("azimuth_rad and range_m must be finite and range_m at least 0")
        flat = kernels.lookup(self.height_m, float(self.range_m[1]), azimuth.flatten(), distance.flatten())
        return flat.reshape(azimuth.shape)


def place_on(heights: Heights, lat_rad: float, lon_rad: float, mast_m: float, *, undulation_m: float = 0.0) -> Place:
    """Place of an antenna on the terrain.

    Parameters
    ----------
    heights : Heights
        Terrain.
    lat_rad, lon_rad : float
        Where it stands. [rad]
    mast_m : float
        Antenna above the ground, at least 0. [m]
    undulation_m : float
        Geoid above the ellipsoid. [m]

    Returns
    -------
    Place
        Its height is ground + undulation + mast.

    Raises
    ------
    ValueError
        If the ground there is unknown or the mast negative.

    Notes
    -----
    The ground is the bilinear surface: a summit between nodes is cut off.
    """
    if not mast_m >= 0.0:
        raise ValueError(f"mast_m must be at least 0, got {mast_m!r}")
    ground = float(heights.at(lat_rad, lon_rad))
    if not np.isfinite(ground):
        raise ValueError(
            f"no height at {np.degrees(lat_rad):.6f}, {np.degrees(lon_rad):.6f} degrees (a void, or outside {heights}):"
            " move the place, add the tile or fill the voids"
        )
    return Place(float(lat_rad), float(lon_rad), ground + undulation_m + mast_m)


def min_visible_height(
    heights: Heights,
    place: Place,
    *,
    range_max_m: float,
    n_azimuth: int | None = None,
    range_step_m: float | None = None,
    k: float = K_STANDARD,
    undulation_m: float = 0.0,
    voids: Voids = "error",
) -> VisibleHeight:
    r"""Lowest height that a radar sees, on its polar grid, in one sweep.

    Parameters
    ----------
    heights : Heights
        Terrain.
    place : Place
        The antenna; at or above the surface, see `place_on`.
    range_max_m : float
        How far, along the ground; at most 1500 km. [m]
    n_azimuth : int, optional
        Rays round the circle, at least 4; without it as many as put neighbours one cell apart at ``range_max_m``.
    range_step_m : float, optional
        Step in range of the table (not of the terrain, all of which counts); twice the cell without it. [m]
    k : float
        Ratio of effective to true earth radius; 1 for light without refraction. [1]
    undulation_m : float
        Geoid above the ellipsoid. [m]
    voids : {"error", "unknown", "sea", "fill"}
        What to do where heights are unknown.

    Returns
    -------
    VisibleHeight
        The table.

    Raises
    ------
    ValueError
        If an argument is outside its domain, the place is not on known terrain or below it, or (``voids="error"``)
        a ray meets unknown land before ``range_max_m``.

    Notes
    -----
    A point at ground range s and height h leaves the radar's height h0 with the slope

    .. math:: m = \frac{h - h_0 - (kR + h)(1 - \cos\phi)}{(kR + h)\sin\phi}, \qquad \phi = \frac{s}{kR}.

    The slopes of all crossings of the ray with lines of nodes are taken (the surface is linear between two nodes);
    their running maximum gives the height in turn. What a bilinear cell adds inside, where it is twisted, is left out:
    a quarter of the twist (the difference between the sums of opposite corners) at most, as seen from the radar. On
    each ray the table is exact at its ranges but for that; between two rays it is linear.

    References
    ----------
    Doviak & Zrnic, *Doppler Radar and Weather Observations*, 2nd ed., 1993, section 2.2 (the ray); the sweep is the R2
    family of Franklin & Ray, "Higher isn't necessarily better: visibility algorithms and experiments", 1994.
    """
    range_max = _checked(range_max_m, "range_max_m", "m", high=_RANGE_LIMIT_M)
    cell_m = _cell_m(heights)
    step = _checked(2.0 * cell_m if range_step_m is None else range_step_m, "range_step_m", "m", high=range_max)
    rays = int(np.ceil(2.0 * np.pi * range_max / cell_m)) if n_azimuth is None else n_azimuth
    if not rays >= 4:
        raise ValueError(f"n_azimuth must be at least 4, got {n_azimuth!r}")
    ground = _Ground.of(heights, place, k=k, undulation_m=undulation_m, voids=voids)
    n_range = int(np.ceil(range_max / step - 1e-9)) + 1
    if 4 * rays * n_range > _TABLE_LIMIT:
        raise ValueError(
            f"a table of {rays} azimuths and {n_range} ranges takes {4e-9 * rays * n_range:.2g} GB, at most "
            f"{1e-9 * _TABLE_LIMIT:.2g}: lower n_azimuth or raise range_step_m"
        )
    azimuth = np.arange(rays, dtype=np.float64) * (2.0 * np.pi / rays)
    blocks = kernels.block_max(ground.height_m, kernels.FINE, 1)
    coarse = kernels.block_max(blocks, kernels.COARSE // kernels.FINE, 0)
    height = np.empty((rays, n_range), np.float32)
    slope = kernels.sweep(
        ground.height_m, blocks, coarse, ground.grid, ground.site, azimuth, ground.k, step, ground.piece_m,
        voids == "sea", height,
    )  # fmt: skip
    lost = np.isnan(height[:, -1])
    if voids in ("error", "fill") and lost.any():
        reach = np.isnan(height[lost]).argmax(axis=1) * step
        nearest = int(reach.argmin())
        raise ValueError(
            f"heights are unknown beyond {reach[nearest] / 1e3:.3g} km at azimuth "
            f"{np.degrees(azimuth[lost][nearest]):.4g} degrees, and so on {lost.sum()} of {rays} azimuths within "
            f"range_max_m = {range_max:.6g} (a void, or the end of {heights}): add tiles, see less far, or choose "
            "voids='unknown' or 'sea'" + ("" if voids == "fill" else " or 'fill'")
        )
    if undulation_m:
        height += np.float32(undulation_m)
    height.flags.writeable = False
    return VisibleHeight(
        place=place,
        k=ground.k,
        azimuth_rad=azimuth,
        range_m=step * np.arange(n_range, dtype=np.float64),
        height_m=height,
        mask_rad=np.arctan(slope),
    )


def visible(table: VisibleHeight, azimuth_rad: ArrayLike, range_m: ArrayLike, height_m: ArrayLike) -> BoolArray:
    """Whether points stand at or above the lowest visible height.

    Parameters
    ----------
    table : VisibleHeight
        As `min_visible_height` makes it.
    azimuth_rad, range_m, height_m : array_like
        Azimuth from north, range along the ground, height above the ellipsoid, see `ground_polar`. [rad, m, m]

    Returns
    -------
    bool array
        False where it is not known.

    Raises
    ------
    ValueError
        If a number is not finite or a range negative.

    Notes
    -----
    As fine as the table; `line_of_sight` is exact.
    """
    agree(azimuth_rad=azimuth_rad, range_m=range_m, height_m=height_m)
    height = np.asarray(height_m, dtype=np.float64)
    if not np.isfinite(height).all():
        raise ValueError("height_m must be finite")
    return height >= table.at(azimuth_rad, range_m)


def with_ground(table: VisibleHeight, heights: Heights, *, undulation_m: float = 0.0) -> VisibleHeight:
    """Lay the terrain itself on the polar grid, so that `ground_visible` can be asked.

    Parameters
    ----------
    table : VisibleHeight
        As `min_visible_height` makes it.
    heights : Heights
        The terrain it was made from.
    undulation_m : float
        Geoid above the ellipsoid. [m]

    Returns
    -------
    VisibleHeight
        The same table, its ``ground_m`` filled; NaN where unknown.

    Notes
    -----
    Bilinear in the heights at each point of the grid.
    """
    ground = np.empty(table.height_m.shape, np.float32)
    for row, azimuth in enumerate(table.azimuth_rad):  # a row at a time: the grid may be large
        lat, lon = destination(table.place.lat_rad, table.place.lon_rad, azimuth, table.range_m)
        ground[row] = heights.at(lat, lon) + undulation_m
    ground.flags.writeable = False
    return replace(table, ground_m=ground)


def ground_visible(table: VisibleHeight, azimuth_rad: ArrayLike, range_m: ArrayLike) -> BoolArray:
    """Whether the radar sees the ground itself: where terrain gives clutter.

    Parameters
    ----------
    table : VisibleHeight
        With its ground, see `with_ground`; without it all ground counts as seen.
    azimuth_rad, range_m : array_like
        Azimuth from north; range along the ground. [rad, m]

    Returns
    -------
    bool array
        False in a shadow, where it is not known, and beyond the table.

    Raises
    ------
    ValueError
        If a number is not finite or a range negative.

    Notes
    -----
    Seen where the lowest visible height lies no more than ``GROUND_SLACK_M`` above the terrain: what stands on the
    ground scatters too.
    """
    lowest = table.at(azimuth_rad, range_m)
    if table.ground_m is None:
        return np.isfinite(lowest)
    ground = replace(table, height_m=table.ground_m).at(azimuth_rad, range_m)
    return lowest <= ground + GROUND_SLACK_M


def ground_polar(ecef_m: ArrayLike, place: Place) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Azimuth, range along the ground and height of ECEF positions: the coordinates of a `VisibleHeight`.

    Parameters
    ----------
    ecef_m : (..., 3) array_like
        ECEF positions. [m]
    place : Place
        The radar.

    Returns
    -------
    azimuth_rad, range_m, height_m : (...) arrays
        Azimuth from north; length along the ellipsoid; height above it. [rad, m, m]

    Notes
    -----
    The length is that on the circle that touches the ellipsoid at the place in the azimuth: within 1e-5 of the geodesic
    up to 200 km.
    """
    ecef = np.asarray(ecef_m, dtype=np.float64)
    slant, azimuth, elevation = ecef_to_polar(ecef, place)
    meridian, normal = place.curvatures_per_m
    earth = 1.0 / (np.cos(azimuth) ** 2 * meridian + np.sin(azimuth) ** 2 * normal)
    theta = np.arctan2(slant * np.cos(elevation), earth + place.alt_m + slant * np.sin(elevation))
    return azimuth, earth * theta, ecef_to_geodetic(ecef)[2]


@dataclass(frozen=True, kw_only=True, eq=False)
class Sight:
    """Lines of sight from one place over one terrain; made once, asked often.

    Parameters and errors as `line_of_sight`.
    """

    heights: Heights
    """Terrain."""
    place: Place
    """The antenna."""
    k: float = K_STANDARD
    """Ratio of effective to true earth radius. [1]"""
    undulation_m: float = 0.0
    """Geoid above the ellipsoid. [m]"""
    voids: Voids = "error"
    """What to do where heights are unknown."""
    _ground: _Ground = field(init=False, repr=False)
    _fine: NDArray[np.float32] = field(init=False, repr=False)
    _coarse: NDArray[np.float32] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        ground = _Ground.of(self.heights, self.place, k=self.k, undulation_m=self.undulation_m, voids=self.voids)
        fine = kernels.block_max(ground.height_m, kernels.FINE, 1)
        object.__setattr__(self, "_ground", ground)
        object.__setattr__(self, "_fine", fine)
        object.__setattr__(self, "_coarse", kernels.block_max(fine, kernels.COARSE // kernels.FINE, 0))

    def sees(self, ecef_m: ArrayLike) -> BoolArray:
        """Whether positions are in sight.

        Parameters
        ----------
        ecef_m : (..., 3) array_like
            ECEF positions. [m]

        Returns
        -------
        bool (...) array
            True where the ray clears the surface all the way.

        Raises
        ------
        ValueError
            If a position is not finite or farther than 1500 km, or (``voids="error"`` or ``"fill"``) nothing known
            hides it and its ray crosses unknown land.
        """
        ecef = np.asarray(ecef_m, dtype=np.float64)
        if ecef.ndim == 0 or ecef.shape[-1] != 3:
            raise ValueError(f"ecef_m wants three components on its last axis, got shape {ecef.shape}")
        rows = np.array(ecef, order="C").reshape(-1, 3)
        far2 = np.square(rows - self.place.ecef_m).sum(axis=1)
        if not (far2 <= _RANGE_LIMIT_M**2).all():
            bad = int(np.argmin(far2 <= _RANGE_LIMIT_M**2))
            raise ValueError(f"ecef_m row {bad} is {rows[bad]}: wanted finite metres within 1500 km of the place")
        ground = self._ground
        state = kernels.sight(
            ground.height_m, self._fine, self._coarse, ground.grid, ground.site, self.place.ecef_m, self.place.rotation,
            rows, self.undulation_m, ground.k, ground.piece_m, self.voids == "sea",
        )  # fmt: skip
        if self.voids in ("error", "fill") and (state == 2).any():
            raise ValueError(
                f"the rays to {np.count_nonzero(state == 2)} of {len(state)} targets, row {int((state == 2).argmax())} "
                f"the first, cross unknown land (a void, or the end of {self.heights}): add tiles, or choose "
                "voids='unknown' or 'sea'"
            )
        return (state == 1).reshape(ecef.shape[:-1])


def line_of_sight(
    heights: Heights,
    place: Place,
    ecef_m: ArrayLike,
    *,
    k: float = K_STANDARD,
    undulation_m: float = 0.0,
    voids: Voids = "error",
) -> BoolArray:
    """Whether terrain leaves targets in sight of a place; exact on the bilinear surface.

    Parameters
    ----------
    heights : Heights
        Terrain.
    place : Place
        The antenna; at or above the surface, see `place_on`.
    ecef_m : (..., 3) array_like
        Targets, within 1500 km; `frames.geodetic_to_ecef` makes them from latitude, longitude and height. [m]
    k : float
        Ratio of effective to true earth radius. [1]
    undulation_m : float
        Geoid above the ellipsoid. [m]
    voids : {"error", "unknown", "sea", "fill"}
        What to do where heights are unknown.

    Returns
    -------
    bool (...) array
        True where the ray clears the surface, or dips less than 1 mm below it; what lies under the ground is hidden.

    Raises
    ------
    ValueError
        If an argument is outside its domain, or (``voids="error"`` or ``"fill"``) nothing known hides a target and its
        ray crosses unknown land.

    Notes
    -----
    Every cell on the way counts, with the parabola that its bilinear surface is along the ray; the drawn ground track
    stays within 0.02 cells of the true one. Use `Sight` to ask again with the same terrain and place.

    References
    ----------
    Amanatides & Woo, "A fast voxel traversal algorithm for ray tracing", Eurographics 1987 (the walk over cells), here
    with blocks of known highest node in front.
    """
    return Sight(heights=heights, place=place, k=k, undulation_m=undulation_m, voids=voids).sees(ecef_m)


def viewshed(
    heights: Heights,
    place: Place,
    *,
    above_ground_m: float,
    range_max_m: float | None = None,
    k: float = K_STANDARD,
    undulation_m: float = 0.0,
    voids: Voids = "unknown",
) -> BoolArray:
    """Which nodes of the terrain a radar sees, at a height above them.

    Parameters
    ----------
    heights : Heights
        Terrain.
    place : Place
        The antenna.
    above_ground_m : float
        Height of the target above each node, at least 0. [m]
    range_max_m : float, optional
        How far; to the farthest node without it. [m]
    k : float
        Ratio of effective to true earth radius. [1]
    undulation_m : float
        Geoid above the ellipsoid. [m]
    voids : {"unknown", "sea", "fill"}
        What to do where heights are unknown.

    Returns
    -------
    (rows, columns) bool array
        True where seen; False where it is not, where it is not known, and at voids.

    Raises
    ------
    ValueError
        If an argument is outside its domain or the place is not on known terrain.

    Notes
    -----
    A table of `min_visible_height`, as fine as the terrain up to 24,000 x 4,000, decides all nodes but those within its
    spread, and 2 m, of the limit; the ray of each of these is traced as in `line_of_sight`.
    """
    above = float(above_ground_m)
    if not (np.isfinite(above) and above >= 0.0):
        raise ValueError(f"above_ground_m must be finite and at least 0, got {above_ground_m!r}")
    if voids == "error":
        raise ValueError("voids='error' has no meaning for a viewshed; use 'unknown', 'sea' or 'fill'")
    if voids == "fill":
        heights, voids = heights.fill_voids(), "unknown"
    sight = Sight(heights=heights, place=place, k=k, undulation_m=undulation_m, voids=voids)
    ground = sight._ground
    if range_max_m is None:
        lat = np.array([heights.north_rad, heights.south_rad])
        corners = geodetic_to_ecef(lat[:, None], np.array([heights.west_rad, heights.east_rad]), 0.0)
        range_max_m = 1.001 * float(ground_polar(corners, place)[1].max()) + 1.0
    cell_m = _cell_m(heights)
    table = min_visible_height(
        heights,
        place,
        range_max_m=range_max_m,
        n_azimuth=min(int(np.ceil(2.0 * np.pi * range_max_m / cell_m)) + 4, _VIEWSHED[0]),
        range_step_m=min(max(2.0 * cell_m, range_max_m / _VIEWSHED[1]), range_max_m),
        k=k,
        undulation_m=undulation_m,
        voids=voids,
    )
    height = table.height_m - np.float32(undulation_m)
    height.flags.writeable = False  # one compiled form for all
    out = kernels.raster(
        ground.height_m, ground.grid, ground.site, height, float(table.range_m[1]), range_max_m, above, 2.0
    )
    rows, columns = np.nonzero(out == 2)
    lat = heights.north_rad - rows * heights.step_lat_rad
    lon = heights.west_rad + columns * heights.step_lon_rad
    target = geodetic_to_ecef(lat, lon, ground.height_m[rows, columns].astype(np.float64) + above + undulation_m)
    seen = out == 1
    seen[rows, columns] = sight.sees(target)
    return seen & ~heights.void


@dataclass(frozen=True, kw_only=True, eq=False)
class _Ground:
    """Terrain about one place, as the kernels take it."""

    height_m: NDArray[np.float32]
    grid: FloatArray
    site: FloatArray
    k: float
    piece_m: float

    @classmethod
    def of(cls, heights: Heights, place: Place, *, k: float, undulation_m: float, voids: Voids) -> _Ground:
        """Check the place and the choices; ``ValueError``."""
        if voids not in ("error", "unknown", "sea", "fill"):
            raise ValueError(f"voids must be 'error', 'unknown', 'sea' or 'fill', got {voids!r}")
        ratio = _checked(k, "k", "1", high=100.0)
        if not np.isfinite(undulation_m) or abs(undulation_m) > 150.0:
            raise ValueError(f"undulation_m must lie in -150 to 150, got {undulation_m!r}")
        if voids == "fill":
            heights = heights.fill_voids()
        surface = heights.height_m
        if heights.n_voids:
            surface = np.where(heights.void, np.float32(0.0 if voids == "sea" else kernels.VOID_M), surface)
            surface.flags.writeable = False
        row, column = heights.row_column(place.lat_rad, place.lon_rad)
        below = float(heights.at(place.lat_rad, place.lon_rad))
        if not np.isfinite(below) and voids == "sea" and 0 <= row <= heights.shape[0] - 1:
            below = 0.0 if 0 <= column <= heights.shape[1] - 1 else below
        if not np.isfinite(below):
            raise ValueError(
                f"no height under the place at {np.degrees(place.lat_rad):.6f}, {np.degrees(place.lon_rad):.6f} "
                f"degrees (a void, or outside {heights}): add its tile, move it or fill the voids"
            )
        antenna = place.alt_m - undulation_m
        if antenna < below - 1e-3:
            raise ValueError(
                f"the place stands {below - antenna:.4g} m under the ground ({place.alt_m:.6g} m above the ellipsoid, "
                f"ground {below:.6g} m + undulation {undulation_m:.4g} m): raise it, see place_on"
            )
        sin_lat, cos_lat = np.sin(place.lat_rad), np.cos(place.lat_rad)
        meridian, normal = place.curvatures_per_m
        grid = np.array([
            heights.north_rad / heights.step_lat_rad, 1.0 / heights.step_lat_rad, float(column),
            1.0 / heights.step_lon_rad, *heights.shape,
        ])  # fmt: skip
        site = np.array([sin_lat, cos_lat, 1.0 / normal, max(antenna, below), meridian, normal])
        # a parabola over a piece L of the track is off by about tan^2(lat) (L / 2)^3 / (9 sqrt(3) R^2)
        tan2 = 1.0 + (sin_lat / max(cos_lat, 1e-3)) ** 2
        piece_m = 2.0 * (9.0 * 3.0**0.5 * _TRACK_M / (meridian * normal * tan2)) ** (1.0 / 3.0)
        return cls(height_m=surface, grid=grid, site=site, k=ratio, piece_m=float(piece_m))


def _checked(value: float, name: str, unit: str, *, high: float) -> float:
    """Return a positive number; ``ValueError`` names it otherwise."""
    if not 0.0 < value <= high:
        raise ValueError(f"{name} must be above 0 and at most {high:g} [{unit}], got {value!r}")
    return float(value)


def _cell_m(heights: Heights) -> float:
    """Shorter side of a cell in the middle of the grid. [m]"""  # noqa: D400, D415
    cos_lat = np.cos(0.5 * (heights.north_rad + heights.south_rad))
    return 6.371e6 * float(min(heights.step_lat_rad, max(heights.step_lon_rad * cos_lat, 1e-9)))
