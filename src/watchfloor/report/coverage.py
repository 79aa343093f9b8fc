"""What radars reach: the probability that one scan detects, over the map, by height and cross-section.

``cover`` works it out on a grid about the site and finds its edges, ``section`` along one azimuth over range and
height, ``raster`` at the nodes of latitude and longitude; ``stations_of`` takes radars and surroundings from a
scenario, cards at their medians. Everything that acts on an echo (horizon, terrain, lobing, rain, clutter, jamming) is
what `physics.radar.look` makes of the surroundings; nothing is added here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np

from watchfloor.base.errors import DataError, UserError
from watchfloor.base.heights import Heights
from watchfloor.base.registry import nearest
from watchfloor.base.units import BoolArray, FloatArray
from watchfloor.formats import dem
from watchfloor.formats.geojson import within
from watchfloor.physics import terrain
from watchfloor.physics.atmosphere import GasTable
from watchfloor.physics.environment import Environment, Targets
from watchfloor.physics.frames import Place, destination, geodesic, geodetic_to_ecef
from watchfloor.physics.propagation import curvature_radius_m
from watchfloor.physics.radar import Radar, look, pd
from watchfloor.report import contours
from watchfloor.run.mission import draw, environments_of
from watchfloor.run.surroundings import heights_of
from watchfloor.scenario.model import Scenario

STEP_M = 1000.0
"""Spacing of the distances that `reach_m` tries; the edge is then found between two of them. [m]"""
Above = Literal["ground", "sea"]
"""What heights are counted from."""
Progress = Callable[[int, int], None]
_SAME_PLACE_M = 200.0
"""Radars nearer to each other share one polar grid. [m]"""
_BLOCK = 100_000
"""Targets looked at in one go, for memory."""
_LOBE_SAMPLES = 8.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Station:
    """One radar where it stands, with its surroundings."""

    name: str
    """What the scenario calls it."""
    radar: Radar
    """The radar."""
    environment: Environment
    """What surrounds it."""
    card: str = ""
    """Its card in the catalogue; "" for none."""
    mast_m: float | None = None
    """Height of its antenna above the ground there; None for that above the smooth ground. [m]"""
    heights: Heights | None = None
    """Terrain, for heights above the ground; None for the smooth ground of the surroundings."""
    beyond_m: float = float("nan")
    """Ground above sea level where the terrain does not say; NaN for unknown. [m]"""
    undulation_m: float = 0.0
    """Sea level (the geoid) above the ellipsoid; 0 where the scenario takes one for the other. [m]"""

    @property
    def place(self) -> Place:
        """Its antenna."""
        return self.environment.place

    def ground_alt_m(self, lat_rad: FloatArray, lon_rad: FloatArray) -> FloatArray:
        """Ground above the ellipsoid at n places; NaN where the terrain is unknown. [m]"""  # noqa: D400, D415
        if self.heights is None:
            return np.full(np.shape(lat_rad), self.environment.ground_alt_m)
        ground = self.heights.at(lat_rad, lon_rad)
        return np.where(np.isnan(ground), self.beyond_m, ground) + self.undulation_m

    def snr_1m2(self, lat_rad: FloatArray, lon_rad: FloatArray, alt_m: FloatArray, closing_mps: float) -> FloatArray:
        """Signal-to-noise ratio of 1 m2 at n places; 0 where it is not visible.

        Parameters
        ----------
        lat_rad, lon_rad, alt_m : (n,) arrays
            Where the target is; a NaN height is nowhere, and not visible. [rad, rad, m]
        closing_mps : float
            Its speed towards the antenna. [m/s]

        Returns
        -------
        (n,) array
            At the detector, clutter and jamming counted as noise. [power ratio]
        """
        known = np.isfinite(alt_m)
        ecef = geodetic_to_ecef(lat_rad, lon_rad, np.where(known, alt_m, self.environment.ground_alt_m))
        towards = self.place.ecef_m - ecef
        velocity = np.zeros_like(ecef)
        if closing_mps:
            velocity = towards * (closing_mps / np.maximum(np.linalg.norm(towards, axis=-1), 1.0))[:, None]
        seen = look(self.radar, Targets(ecef_m=ecef, velocity_ecef_mps=velocity), self.environment, straddle="mean")
        return np.where(known & seen.visible, seen.snr_1m2, 0.0)

    def pd(self, snr: FloatArray, swerling: int) -> FloatArray:
        """Probability of detection in one scan; 0 where the signal-to-noise ratio is 0. [1]"""  # noqa: D400, D415
        out = np.zeros(np.shape(snr))
        there = snr > 0.0
        out[there] = pd(self.radar, snr[there], swerling=swerling)
        return out


@dataclass(frozen=True, kw_only=True, eq=False)
class Grid:
    """Nodes on the ground about a centre; row and column may be fractions."""

    centre: Place
    """Distances and azimuths are geodesics from here."""
    polar: bool
    """Rows are azimuths and columns distances; otherwise rows go north and columns east, azimuthal equidistant."""
    shape: tuple[int, int]
    """Rows and columns."""
    range_m: float
    """Greatest distance, or half the side of the square. [m]"""

    @property
    def step_m(self) -> float:
        """Spacing of the columns. [m]"""  # noqa: D400, D415
        return self.range_m / (self.shape[1] - 1) * (1.0 if self.polar else 2.0)

    def polar_at(self, row: FloatArray, column: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Azimuth and distance. [rad, m]"""  # noqa: D400, D415
        if self.polar:
            return row * (2.0 * np.pi / self.shape[0]), column * self.step_m
        north, east = row * self.step_m - self.range_m, column * self.step_m - self.range_m
        return np.arctan2(east, north), np.hypot(east, north)

    def plane_at(self, row: FloatArray, column: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Distance east and north in the azimuthal equidistant plane. [m]"""  # noqa: D400, D415
        azimuth, distance = self.polar_at(row, column)
        return distance * np.sin(azimuth), distance * np.cos(azimuth)

    def place_at(self, row: FloatArray, column: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Latitude and longitude. [rad]"""  # noqa: D400, D415
        return destination(self.centre.lat_rad, self.centre.lon_rad, *self.polar_at(row, column))


@dataclass(frozen=True, kw_only=True, eq=False)
class Contour:
    """Where targets of one cross-section at one height are detected."""

    sigma_m2: float
    """Mean cross-section. [m2]"""
    height_m: float
    """Height above what the coverage says. [m]"""
    rings_rad: tuple[FloatArray, ...]
    """Each (k, 2) latitude and longitude; counter-clockwise round what is covered, clockwise round holes. [rad]"""
    plane_m: tuple[FloatArray, ...]
    """The same rings, (k, 2) east and north of the centre, azimuthal equidistant. [m]"""
    area_m2: float
    """Area covered. [m2]"""
    farthest_m: float
    """Greatest distance covered, from the centre; 0 for none. [m]"""
    nearest_m: float
    """Distance to the outer edge in the azimuth where it is least; 0 where some azimuth has none. [m]"""


@dataclass(frozen=True, kw_only=True, eq=False)
class Coverage:
    """Probability that one scan detects, over the map."""

    name: str
    """The radar, or what is said of several."""
    stations: tuple[Station, ...]
    """The radars; with several, any of them may detect."""
    grid: Grid
    """Where it is worked out."""
    sigma_m2: tuple[float, ...]
    """Mean cross-sections. [m2]"""
    height_m: tuple[float, ...]
    """Heights. [m]"""
    above: Above
    """What heights are counted from."""
    level: float
    """Probability of detection at the edge. [1]"""
    swerling: int
    """How targets fluctuate."""
    closing_mps: float
    """Speed of targets towards each antenna. [m/s]"""
    pd: FloatArray
    """(heights, cross-sections, rows, columns) probability of detection at the nodes; 0 where unknown. [1]"""
    unknown: BoolArray
    """(rows, columns) nodes where missing terrain leaves it unknown."""
    contours: tuple[Contour, ...] = field(default=())
    """Edges, heights outermost, then cross-sections."""

    @property
    def share_unknown(self) -> float:
        """Share of the area within the grid's range where missing terrain leaves the answer unknown. [1]"""  # noqa: D400, D415
        if not self.grid.polar:
            return float(self.unknown.mean())
        weight = np.arange(self.grid.shape[1], dtype=np.float64)
        return float((self.unknown * weight).sum() / (weight.sum() * self.grid.shape[0]))

    def pd_at(self, lat_rad: FloatArray, lon_rad: FloatArray, height_m: float, sigma_m2: float) -> FloatArray:
        """Probability of detection at any n places, worked out there.

        Parameters
        ----------
        lat_rad, lon_rad : (n,) arrays
            Where. [rad]
        height_m : float
            Height above what the coverage says. [m]
        sigma_m2 : float
            Mean cross-section. [m2]

        Returns
        -------
        (n,) array
            Probability that at least one radar detects in one scan of each; 0 where unknown. [1]
        """
        return self._pd(self._snrs(lat_rad, lon_rad, height_m), sigma_m2)

    def _snrs(self, lat: FloatArray, lon: FloatArray, height_m: float) -> list[FloatArray]:
        return [
            station.snr_1m2(lat, lon, _alt_m(station, lat, lon, height_m, self.above), self.closing_mps)
            for station in self.stations
        ]

    def _pd(self, snrs: Sequence[FloatArray], sigma_m2: float) -> FloatArray:
        missed = 1.0
        for station, snr in zip(self.stations, snrs, strict=True):
            missed = missed * (1.0 - station.pd(sigma_m2 * snr, self.swerling))
        return np.asarray(1.0 - missed)


def _alt_m(station: Station, lat: FloatArray, lon: FloatArray, height_m: float, above: Above) -> FloatArray:
    """Height above the ellipsoid; NaN where the ground that it is counted from is unknown."""
    if above == "sea":
        return np.full(np.shape(lat), station.undulation_m + height_m)
    return station.ground_alt_m(lat, lon) + height_m


# ---- radars of a scenario


def stations_of(scenario: Scenario, *, names: Sequence[str] = (), folder: Path | None = None) -> list[Station]:
    """Radars of a scenario with their surroundings, every card at its medians.

    Parameters
    ----------
    scenario : Scenario
        The scenario.
    names : sequence of str
        The radars wanted; all when empty.
    folder : Path, optional
        Folder of the scenario's file, which a folder of tiles is relative to; the working folder when left out.

    Returns
    -------
    list of Station
        In the order of the file; sensors that are no radars are left out.

    Raises
    ------
    UserError
        If a name is no radar of the scenario, or the scenario has none.
    """
    radars = draw(scenario, None).radars
    if not radars:
        raise UserError(f"{scenario.name}: no sensor is a radar, so there is no coverage to work out")
    for name in names:
        if name not in radars:
            raise UserError(
                f"{scenario.name}: no radar is called {name!r}{nearest(name, radars)}; there are: {', '.join(radars)}"
            )
    found = []
    for config, environment in zip(scenario.sensors, environments_of(scenario, radars, folder=folder), strict=True):
        name: str = config.name
        if name in radars and (not names or name in names):
            station = Station(
                name=name,
                radar=radars[name],
                environment=environment,
                card=config.card,
                mast_m=float(getattr(config, "mast_m", 0.0)),
            )
            said = scenario.environment.terrain
            if said is not None:
                heights = heights_of(said, radars[name].range_max_m, environment.place, folder=folder)
                beyond_m = 0.0 if said.missing == "sea" else np.nan
                station = replace(station, heights=heights, beyond_m=beyond_m, undulation_m=said.undulation_m)
            found.append(station)
    return found


def with_terrain(
    station: Station,
    source: Path | Heights,
    *,
    range_m: float,
    missing: Literal["unknown", "sea", "error"] = "unknown",
    undulation_m: float = 0.0,
) -> Station:
    """Put a radar on terrain: the antenna at its mast's height above the ground there.

    Parameters
    ----------
    station : Station
        The radar over smooth ground.
    source : Path or Heights
        A folder of tiles, or heights.
    range_m : float
        How far terrain is wanted. [m]
    missing : {"unknown", "sea", "error"}
        What a void, or land without a tile, is: unknown (never covered), sea level, or refused.
    undulation_m : float
        Geoid above the ellipsoid. [m]

    Returns
    -------
    Station
        The smooth ground below the terrain, for what is worked out over smooth ground, is its lowest known height.

    Raises
    ------
    DataError
        If tiles are missing where they may not be, cannot be read, or do not hold the radar's own place.
    """
    place = station.place
    mast_m = station.environment.site[0] if station.mast_m is None else station.mast_m
    if isinstance(source, Heights):
        heights, named = source, "terrain"
    else:
        heights = dem.read_folder(source, **_box(place, range_m), missing="error" if missing == "error" else "void")
        named = str(source)
    if missing == "sea":
        heights = _with_sea(heights, place, range_m)
    try:
        antenna = terrain.place_on(heights, place.lat_rad, place.lon_rad, mast_m, undulation_m=undulation_m)
        cell_m = 6.371e6 * min(heights.step_lat_rad, heights.step_lon_rad * math.cos(place.lat_rad))
        table = terrain.min_visible_height(
            heights,
            antenna,
            range_max_m=range_m,
            n_azimuth=max(360, min(7200, math.ceil(2.0 * np.pi * range_m / cell_m))),
            range_step_m=min(range_m, max(2.0 * cell_m, range_m / 3000.0)),
            k=station.environment.k,
            undulation_m=undulation_m,
            voids=missing,
        )
    except ValueError as err:
        raise DataError(f"{named}: radar {station.name!r}: {err}") from err
    lowest = float(np.nanmin(heights.height_m)) + undulation_m
    environment = replace(station.environment, place=antenna, ground_alt_m=lowest, terrain=table)
    return replace(station, environment=environment, heights=heights, beyond_m=float("nan"), undulation_m=undulation_m)


def _box(place: Place, range_m: float) -> dict[str, float]:
    """Box of latitude and longitude about a circle; refuses one that holds a pole."""
    lat = range_m * 1.01 / 6.33e6
    if abs(place.lat_rad) + lat > np.deg2rad(89.0):
        raise DataError(
            f"terrain within {range_m / 1e3:.0f} km of latitude {np.degrees(place.lat_rad):.2f} degrees reaches the "
            "pole, where tiles of latitude and longitude do not help: leave the terrain out, or look less far (--range)"
        )
    lon = float(np.arcsin(min(1.0, np.sin(lat) / np.cos(place.lat_rad))))
    west, east = place.lon_rad - lon, place.lon_rad + lon
    return {
        "south_rad": place.lat_rad - lat,
        "north_rad": place.lat_rad + lat,
        "west_rad": (west + np.pi) % (2.0 * np.pi) - np.pi,
        "east_rad": (east + np.pi) % (2.0 * np.pi) - np.pi,
    }


def _with_sea(heights: Heights, place: Place, range_m: float) -> Heights:
    """Sea level for voids, and out to the range where the grid ends."""
    box = _box(place, range_m)
    row, column = heights.row_column([box["north_rad"], box["south_rad"]], place.lon_rad)
    half = 0.5 * ((box["east_rad"] - box["west_rad"]) % (2.0 * np.pi)) / heights.step_lon_rad
    above = max(0, math.ceil(-row[0]))
    below = max(0, math.ceil(row[1] - (heights.shape[0] - 1)))
    left = max(0, math.ceil(half - float(column)))
    right = max(0, math.ceil(float(column) + half - (heights.shape[1] - 1)))
    height = np.where(heights.void, np.float32(0.0), heights.height_m)
    west = heights.west_rad - left * heights.step_lon_rad
    return Heights(
        height_m=np.pad(height, ((above, below), (left, right))),
        north_rad=heights.north_rad + above * heights.step_lat_rad,
        west_rad=(west + np.pi) % (2.0 * np.pi) - np.pi,
        step_lat_rad=heights.step_lat_rad,
        step_lon_rad=heights.step_lon_rad,
    )


# ---- on the map


def cover(
    stations: Sequence[Station],
    *,
    sigma_m2: Sequence[float],
    height_m: Sequence[float],
    level: float = 0.5,
    swerling: int = 1,
    above: Above = "ground",
    closing_mps: float = 0.0,
    range_m: float | None = None,
    n_azimuth: int = 360,
    n_distance: int = 500,
    name: str = "",
    progress: Progress | None = None,
) -> Coverage:
    """Probability that one scan detects, over the map, and its edges.

    Parameters
    ----------
    stations : sequence of Station
        One radar, or several of which any may detect: 1 less the product of what each misses.
    sigma_m2 : sequence of float
        Mean cross-sections, each above 0. [m2]
    height_m : sequence of float
        Heights of the targets. [m]
    level : float
        Probability of detection at the edge, inside (0, 1). [1]
    swerling : int
        How targets fluctuate, 0 to 4.
    above : {"ground", "sea"}
        What heights are counted from; over smooth ground, the ground is that of the radar.
    closing_mps : float
        Speed of the targets towards each antenna; it matters to radars whose Doppler filters are stated. [m/s]
    range_m : float, optional
        How far to look; just beyond the farthest edge without it. [m]
    n_azimuth, n_distance : int
        Size of the grid; radars at different places share a square of ``n_distance`` nodes a side.
    name : str
        What it is called; the radars' names joined without it.
    progress : callable, optional
        Called with (nodes done, nodes in all).

    Returns
    -------
    Coverage
        Pd at the nodes, and contours.

    Raises
    ------
    ValueError
        If a number is outside its domain.
    UserError
        If a height above the sea lies below the ground of a radar over smooth ground.

    Notes
    -----
    Vertices of contours are found between nodes by bisection of the probability itself, so an edge is as exact as the
    physics on each ray of the grid; features smaller than a cell (a lobe, the shadow of one hill) can be missed between
    nodes.
    """
    _check(stations, sigma_m2, height_m, level, above, n_azimuth, n_distance)
    draft = _draft(stations, sigma_m2, height_m, level, swerling, above, closing_mps, name)
    grid = _grid(draft, range_m, n_azimuth, n_distance)
    draft = replace(draft, grid=grid)
    n_rows, n_columns = grid.shape
    values = np.zeros((len(height_m), len(sigma_m2), n_rows, n_columns))
    unknown = np.zeros(grid.shape, dtype=np.bool_)
    rows_at_once = max(1, _BLOCK // n_columns)
    for start in range(0, n_rows, rows_at_once):
        rows = slice(start, min(start + rows_at_once, n_rows))
        row, column = np.meshgrid(np.arange(n_rows)[rows], np.arange(n_columns), indexing="ij")
        lat, lon = grid.place_at(row.ravel().astype(float), column.ravel().astype(float))
        for i, height in enumerate(height_m):
            snrs = draft._snrs(lat, lon, height)
            for j, sigma in enumerate(sigma_m2):
                values[i, j, rows] = draft._pd(snrs, sigma).reshape(row.shape)
        unknown[rows] = _unknown(stations, lat, lon).reshape(row.shape)
        if progress is not None:
            progress(rows.stop * n_columns, n_rows * n_columns)
    draft = replace(draft, pd=values, unknown=unknown)
    edges = tuple(
        _contour(draft, values[i, j], height, sigma)
        for i, height in enumerate(height_m)
        for j, sigma in enumerate(sigma_m2)
    )
    return replace(draft, contours=edges)


def _draft(
    stations: Sequence[Station],
    sigma_m2: Sequence[float],
    height_m: Sequence[float],
    level: float,
    swerling: int,
    above: Above,
    closing_mps: float,
    name: str,
) -> Coverage:
    """Build a coverage with nothing worked out yet."""
    blank = np.zeros((0, 0))
    return Coverage(
        name=name or " + ".join(s.name for s in stations), stations=tuple(stations),
        grid=Grid(centre=stations[0].place, polar=True, shape=(1, 2), range_m=1.0), sigma_m2=tuple(sigma_m2),
        height_m=tuple(height_m), above=above, level=level, swerling=swerling, closing_mps=closing_mps, pd=blank,
        unknown=blank > 0.0,
    )  # fmt: skip


def _check(
    stations: Sequence[Station],
    sigma_m2: Sequence[float],
    height_m: Sequence[float],
    level: float,
    above: str,
    n_azimuth: int,
    n_distance: int,
) -> None:
    if not stations:
        raise ValueError("stations is empty; name at least one radar")
    for name, values in (("sigma_m2", sigma_m2), ("height_m", height_m)):
        if not len(values):
            raise ValueError(f"{name} is empty; give at least one")
        if not all(math.isfinite(v) for v in values):
            raise ValueError(f"{name} must be finite, got {list(values)}")
    if not all(v > 0.0 for v in sigma_m2):
        raise ValueError(f"sigma_m2 must be above 0, got {min(sigma_m2):g} (decibels?)")
    if not 0.0 < level < 1.0:
        raise ValueError(f"level is a probability inside (0, 1), got {level!r}")
    if above not in ("ground", "sea"):
        raise ValueError(f"above must be ground or sea, got {above!r}")
    if above == "ground" and min(height_m) < 0.0:
        raise ValueError(f"height_m above the ground must be at least 0, got {min(height_m):g}")
    if n_azimuth < 8 or n_distance < 8:
        raise ValueError(f"n_azimuth and n_distance must be at least 8, got {n_azimuth} and {n_distance}")
    for station in stations:
        ground = station.environment.ground_alt_m - station.undulation_m
        if above == "sea" and min(height_m) < ground:
            raise UserError(
                f"height {min(height_m):g} m above the sea lies below the ground of radar {station.name!r}, which is "
                f"{ground:.0f} m up: give greater heights, or count them from the ground (--above ground)"
            )


def _grid(draft: Coverage, range_m: float | None, n_azimuth: int, n_distance: int) -> Grid:
    first = draft.stations[0].place
    apart, azimuth = geodesic(
        first.lat_rad, first.lon_rad, *np.array([(s.place.lat_rad, s.place.lon_rad) for s in draft.stations]).T
    )
    if range_m is not None and not 0.0 < range_m <= 1.5e6:
        raise ValueError(f"range_m must be above 0 and at most 1500 km, got {range_m!r}")
    if apart.max() <= _SAME_PLACE_M:
        far = max(_reach(draft, s) for s in draft.stations) if range_m is None else range_m
        return Grid(centre=first, polar=True, shape=(n_azimuth, n_distance), range_m=far)
    if apart.max() > 1.5e6:
        raise ValueError(f"radars {apart.max() / 1e3:.0f} km apart do not fit on one map; take fewer")
    east, north = float(np.mean(apart * np.sin(azimuth))), float(np.mean(apart * np.cos(azimuth)))
    lat, lon = destination(first.lat_rad, first.lon_rad, math.atan2(east, north), math.hypot(east, north))
    centre = Place(float(lat), float(lon), first.alt_m)
    far = range_m
    if far is None:
        off = [geodesic(lat, lon, s.place.lat_rad, s.place.lon_rad)[0] for s in draft.stations]
        far = max(float(d) + _reach(draft, s) for d, s in zip(off, draft.stations, strict=True))
    return Grid(centre=centre, polar=False, shape=(n_distance, n_distance), range_m=far)


def _reach(draft: Coverage, station: Station) -> float:
    """Just beyond the farthest place where one radar detects the largest target, by a coarse look round. [m]"""  # noqa: D400, D415
    coarse = Grid(centre=station.place, polar=True, shape=(120, 301), range_m=station.radar.range_max_m)
    row, column = (m.ravel().astype(float) for m in np.meshgrid(np.arange(120), np.arange(301), indexing="ij"))
    lat, lon = coarse.place_at(row, column)
    alone, far = replace(draft, stations=(station,)), 0.0
    for height in draft.height_m:
        seen = alone.pd_at(lat, lon, height, max(draft.sigma_m2)) >= draft.level
        far = max(far, float(column[seen].max(initial=0.0)) + 1.0)
    return min(max(1.06 * far * coarse.step_m, 0.02 * station.radar.range_max_m), 1.001 * station.radar.range_max_m)


def reach_over(
    station: Station,
    sigma_m2: Sequence[float],
    height_m: Sequence[float],
    *,
    level: float = 0.5,
    swerling: int = 1,
    above: Above = "ground",
    closing_mps: float = 0.0,
) -> float:
    """How far a map of one radar has to go.

    Parameters
    ----------
    station : Station
        The radar.
    sigma_m2, height_m, level, swerling, above, closing_mps
        As in `cover`.

    Returns
    -------
    float
        Just beyond the farthest edge, by a coarse look round; at least 2 % of the instrumented range. [m]
    """
    _check([station], sigma_m2, height_m, level, above, 8, 8)
    return _reach(_draft([station], sigma_m2, height_m, level, swerling, above, closing_mps, ""), station)


def pole_of(coverage: Coverage, edge: Contour) -> Literal["", "north", "south"]:
    """Which pole a contour holds: "", "north" or "south"."""
    north = coverage.grid.centre.lat_rad >= 0.0
    distance, azimuth = geodesic(
        coverage.grid.centre.lat_rad, coverage.grid.centre.lon_rad, 0.5 * np.pi if north else -0.5 * np.pi, 0.0
    )
    pole = np.array([distance * np.sin(azimuth), distance * np.cos(azimuth)])
    if sum(within(pole, ring) for ring in edge.plane_m) % 2 == 0:
        return ""
    return "north" if north else "south"


def _unknown(stations: Sequence[Station], lat: FloatArray, lon: FloatArray) -> BoolArray:
    """Where no radar with known terrain could say."""
    out = np.ones(np.shape(lat), dtype=np.bool_)
    for station in stations:
        table = station.environment.terrain
        if table is None:
            return np.zeros(np.shape(lat), dtype=np.bool_)
        distance, azimuth = geodesic(station.place.lat_rad, station.place.lon_rad, lat, lon)
        out &= np.isnan(table.at(azimuth, distance))
    return out


def _contour(coverage: Coverage, values: FloatArray, height_m: float, sigma_m2: float) -> Contour:
    grid = coverage.grid

    def field_at(row: FloatArray, column: FloatArray) -> FloatArray:
        return coverage.pd_at(*grid.place_at(row, column), height_m, sigma_m2)

    made = contours.rings(values, coverage.level, turn=grid.polar, field=field_at)
    if grid.polar:  # clockwise rows turn the grid's left into the map's right
        made = [ring[::-1] for ring in made]
    plane = tuple(np.column_stack(grid.plane_at(ring[:, 0], ring[:, 1])) for ring in made)
    rings_rad = tuple(np.column_stack(grid.place_at(ring[:, 0], ring[:, 1])) for ring in made)
    outer = np.concatenate([np.hypot(*ring.T) for ring in plane]) if plane else np.zeros(1)
    nearest = math.nan
    if grid.polar:
        nearest = float(_outer_edge(values, coverage.level, field_at).min()) * grid.step_m
    return Contour(
        sigma_m2=sigma_m2,
        height_m=height_m,
        rings_rad=rings_rad,
        plane_m=plane,
        area_m2=contours.area_m2(rings_rad, grid.centre),
        farthest_m=float(outer.max()),
        nearest_m=nearest,
    )


def _outer_edge(values: FloatArray, level: float, field_at: contours.Field) -> FloatArray:
    """Column of the last crossing of the level on each row, 0 for none; found as contours' vertices are."""
    above = values >= level
    row = np.flatnonzero(above.any(axis=1))
    out, last = np.zeros(len(values)), above.shape[1] - 1 - above[row, ::-1].argmax(axis=1)
    low, high = last.astype(float), np.minimum(last + 1.0, above.shape[1] - 1.0)
    for _ in range(contours.BISECTIONS):
        middle = 0.5 * (low + high)
        inside = field_at(row.astype(float), middle) >= level
        low, high = np.where(inside, middle, low), np.where(inside, high, middle)
    out[row] = 0.5 * (low + high)
    return out


def raster(
    coverage: Coverage, *, n_rows: int = 600, progress: Progress | None = None
) -> tuple[FloatArray, dict[str, float]]:
    """Probability of detection at nodes of latitude and longitude.

    Parameters
    ----------
    coverage : Coverage
        As `cover` makes it.
    n_rows : int
        Rows of latitude, at least 2.
    progress : callable, optional
        Called with (rows done, rows in all).

    Returns
    -------
    pd : (heights, cross-sections, rows, columns) array
        Row 0 is the north; NaN where missing terrain leaves it unknown. [1]
    place : dict
        ``north_rad``, ``west_rad``, ``step_lat_rad``, ``step_lon_rad`` of the nodes. [rad]

    Raises
    ------
    DataError
        If the coverage holds a pole.
    """
    grid = coverage.grid
    half = grid.range_m * (1.0 if grid.polar else math.sqrt(2.0))
    try:
        box = _box(grid.centre, half)
    except DataError:
        raise DataError(
            f"{coverage.name}: coverage out to {half / 1e3:.0f} km reaches a pole, which no raster of latitude and "
            "longitude holds: leave the GeoTIFF out (--format), or look less far (--range)"
        ) from None
    width = (box["east_rad"] - box["west_rad"]) % (2.0 * np.pi)
    step_lat = (box["north_rad"] - box["south_rad"]) / (n_rows - 1)
    n_columns = max(2, math.ceil(width * math.cos(grid.centre.lat_rad) / step_lat) + 1)
    step_lon = width / (n_columns - 1)
    lon = box["west_rad"] + step_lon * np.arange(n_columns)
    lon = (lon + np.pi) % (2.0 * np.pi) - np.pi
    out = np.zeros((len(coverage.height_m), len(coverage.sigma_m2), n_rows, n_columns))
    at_once = max(1, _BLOCK // n_columns)
    for start in range(0, n_rows, at_once):
        rows = slice(start, min(start + at_once, n_rows))
        lat_at = box["north_rad"] - step_lat * np.arange(n_rows)[rows]
        lat, lon_at = (np.ravel(m).astype(np.float64) for m in np.meshgrid(lat_at, lon, indexing="ij"))
        unknown = _unknown(coverage.stations, lat, lon_at)
        for i, height in enumerate(coverage.height_m):
            snrs = coverage._snrs(lat, lon_at, height)
            for j, sigma in enumerate(coverage.sigma_m2):
                out[i, j, rows] = np.where(unknown, np.nan, coverage._pd(snrs, sigma)).reshape(-1, n_columns)
        if progress is not None:
            progress(rows.stop, n_rows)
    place = {
        "north_rad": box["north_rad"],
        "west_rad": box["west_rad"],
        "step_lat_rad": step_lat,
        "step_lon_rad": step_lon,
    }
    return out, place


# ---- along one azimuth


@dataclass(frozen=True, kw_only=True, eq=False)
class Section:
    """Probability of detection over range and height along one azimuth; heights above a datum."""

    station: Station
    """The radar."""
    azimuth_rad: float
    """Where it looks. [rad]"""
    distance_m: FloatArray
    """(d,) along the ground. [m]"""
    elevation_rad: FloatArray
    """(e,) elevation at which the ray leaves; one row a ray. [rad]"""
    height_m: FloatArray
    """(e, d) height of the rays above the datum. [m]"""
    sigma_m2: tuple[float, ...]
    """Mean cross-sections. [m2]"""
    pd: FloatArray
    """(cross-sections, e, d). [1]"""
    level: float
    """Probability of detection at the edge. [1]"""
    swerling: int
    """How targets fluctuate."""
    closing_mps: float
    """Speed of targets towards the antenna. [m/s]"""
    radius_m: float
    """Effective radius of the earth at the datum. [m]"""
    datum_alt_m: float
    """Datum above the ellipsoid: sea level over terrain, otherwise the smooth ground. [m]"""
    ground_m: FloatArray
    """(d,) ground above the datum; NaN where unknown. [m]"""
    height_max_m: float
    """Greatest height that is asked about. [m]"""

    @cached_property
    def antenna_m(self) -> float:
        """Antenna above the datum. [m]"""  # noqa: D400, D415
        return self.station.place.alt_m - self.datum_alt_m


def section(
    station: Station,
    *,
    azimuth_rad: float,
    range_m: float,
    height_max_m: float,
    sigma_m2: Sequence[float],
    level: float = 0.5,
    swerling: int = 1,
    closing_mps: float = 0.0,
    n_distance: int = 400,
) -> Section:
    """Probability of detection over range and height along one azimuth, for a range-height chart.

    Parameters
    ----------
    station : Station
        The radar.
    azimuth_rad : float
        Where it looks. [rad]
    range_m : float
        How far. [m]
    height_max_m : float
        How high. [m]
    sigma_m2 : sequence of float
        Mean cross-sections. [m2]
    level, swerling, closing_mps
        As in `cover`.
    n_distance : int
        Distances; elevations are as many as lobes and the lower edge need.

    Returns
    -------
    Section
        On rays of equal elevation, along which lobes run.

    Raises
    ------
    ValueError
        If a number is outside its domain.

    References
    ----------
    Blake, "Radar range-performance analysis", 1980, ch. 8 (the chart); the ray as in `physics.propagation`.
    """
    _check([station], sigma_m2, [0.0], level, "ground", 8, n_distance)
    if not (range_m > 0.0 and height_max_m > 0.0 and math.isfinite(azimuth_rad)):
        raise ValueError(
            f"range_m and height_max_m must be above 0, got {range_m!r}, {height_max_m!r}; azimuth {azimuth_rad!r}"
        )
    environment = station.environment
    datum = station.undulation_m if station.heights is not None else environment.ground_alt_m
    true_radius = float(curvature_radius_m(station.place.lat_rad, azimuth_rad)) + datum
    radius, antenna = environment.k * true_radius, station.place.alt_m - datum
    distance = range_m * np.linspace(0.0, 1.0, n_distance) ** 2  # near the radar, edges curve within kilometres
    elevation = _elevations(station, antenna, radius, range_m)
    angle = distance * (true_radius / (true_radius - datum)) / radius  # along the ellipsoid, as azimuths and tables are
    bend = elevation[:, None] + angle[None, :]
    ahead = bend < 0.5 * np.pi - 1e-3
    height = (radius + antenna) * np.cos(elevation)[:, None] / np.cos(np.where(ahead, bend, 0.0)) - radius
    asked = ahead & (height <= 2.0 * height_max_m) & (height >= -1.0)
    lat, lon = destination(station.place.lat_rad, station.place.lon_rad, azimuth_rad, distance)
    ray, at = np.nonzero(asked)
    snr = np.zeros(asked.shape)
    for start in range(0, len(ray), _BLOCK):
        r, a = ray[start : start + _BLOCK], at[start : start + _BLOCK]
        snr[r, a] = station.snr_1m2(lat[a], lon[a], height[r, a] + datum, closing_mps)
    return Section(
        station=station, azimuth_rad=azimuth_rad, distance_m=distance, elevation_rad=elevation,
        height_m=np.where(ahead, height, np.inf), sigma_m2=tuple(sigma_m2),
        pd=np.stack([station.pd(sigma * snr, swerling) for sigma in sigma_m2]), level=level, swerling=swerling,
        closing_mps=closing_mps, radius_m=radius, datum_alt_m=datum, ground_m=station.ground_alt_m(lat, lon) - datum,
        height_max_m=height_max_m,
    )  # fmt: skip


def _elevations(station: Station, antenna_m: float, radius_m: float, range_m: float) -> FloatArray:
    """Rays from below the horizon to above the coverage, fine enough for lobes."""
    radar, environment = station.radar, station.environment
    dip = math.acos(radius_m / (radius_m + max(antenna_m, 0.0)))
    low = max(-dip - 0.5 * range_m / radius_m, -0.5 * math.pi + 0.01)
    top = min(radar.elevation_max_rad + 0.01, 0.5 * math.pi - 0.005)
    step = math.radians(0.05)
    if environment.surface is not None:
        height = max(environment.site[0], 1.0)
        step = max(min(step, radar.wavelength_m / (2.0 * height) / _LOBE_SAMPLES), math.radians(0.002))
    fine = np.arange(low, min(math.radians(8.0), top), step)
    coarse = np.arange(fine[-1], top, max(3.0 * step, math.radians(0.15)))[1:]
    return np.concatenate((fine, coarse, [top]))


# ---- by azimuth, for the report


def reach_m(
    radar: Radar,
    place: Place,
    *,
    sigma_m2: float,
    swerling: int,
    azimuth_rad: FloatArray,
    alt_m: float,
    ground_alt_m: float,
    gas: GasTable | None = None,
    level: float = 0.5,
) -> FloatArray:
    """Farthest ground distance at which one look detects a target with probability ``level``, by azimuth.

    Parameters
    ----------
    radar : Radar
        The radar.
    place : Place
        Its antenna.
    sigma_m2 : float
        Mean cross-section of the target. [m2]
    swerling : int
        How it fluctuates, 0 to 4.
    azimuth_rad : (a,) array
        Directions asked about, clockwise from true north. [rad]
    alt_m : float
        Altitude of the target above the ellipsoid. [m]
    ground_alt_m : float
        Height of the smooth ground above the ellipsoid, for the horizon. [m]
    gas : GasTable, optional
        Loss in the atmosphere.
    level : float
        Probability of detection at the edge. [1]

    Returns
    -------
    (a,) array
        Distance along the ellipsoid; 0 where it is detected nowhere. [m]

    Notes
    -----
    A smooth earth: no terrain, no lobes. Where the edge is set by the range equation it is interpolated between
    distances ``STEP_M`` apart; where the horizon sets it, it is the last distance that is visible.
    """
    station = Station(name="", radar=radar, environment=Environment(place=place, ground_alt_m=ground_alt_m, gas=gas))
    distance_m = np.arange(STEP_M, radar.range_max_m + STEP_M, STEP_M)
    lat, lon = destination(place.lat_rad, place.lon_rad, azimuth_rad[:, None], distance_m[None, :])
    snr = station.snr_1m2(lat.ravel(), lon.ravel(), np.full(lat.size, alt_m), 0.0)
    return _edge(station.pd(sigma_m2 * snr, swerling).reshape(lat.shape), distance_m, level)


def _edge(p: FloatArray, distance_m: FloatArray, level: float) -> FloatArray:
    """Last distance at which rows of ``p`` (a, d) reach ``level``, straight between neighbours; 0 if none. [m]"""
    above = p >= level
    last = above.shape[1] - 1 - above[:, ::-1].argmax(axis=1)
    after = np.minimum(last + 1, above.shape[1] - 1)
    rows = np.arange(len(p))
    here, there = p[rows, last], p[rows, after]
    smooth = (after > last) & (there > 0.0)  # zero is beyond the horizon or the instrumented range, not a fading echo
    share = np.where(smooth, (here - level) / np.maximum(here - there, 1e-12), 0.0)
    return np.where(above.any(axis=1), distance_m[last] + share * (distance_m[after] - distance_m[last]), 0.0)


def summary(coverage: Coverage) -> list[dict[str, Any]]:
    """One row a height and cross-section, for people and programs; kilometres."""
    return [
        {
            "radar": coverage.name,
            "height_m": edge.height_m,
            "above": coverage.above,
            "sigma_m2": edge.sigma_m2,
            "pd": coverage.level,
            "farthest_km": 1e-3 * edge.farthest_m,
            "nearest_km": 1e-3 * edge.nearest_m,
            "area_km2": 1e-6 * edge.area_m2,
        }
        for edge in coverage.contours
    ]
