"""The coverage of a scenario's radars as files: map, range-height chart, GeoJSON, GeoTIFF."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from watchfloor.base.errors import DataError, UserError, reason
from watchfloor.base.heights import Heights
from watchfloor.base.units import db
from watchfloor.formats import dem, geojson, raster
from watchfloor.physics.frames import geodesic
from watchfloor.report import coverage as numbers
from watchfloor.report.coverage import Coverage, Progress, Station
from watchfloor.scenario.model import Scenario

FORMATS = ("png", "svg", "geojson", "tif")
"""What can be written."""
_CHART_TOP_M = 30e3
_WORDS = {"ground": "above the ground", "sea": "above sea level"}


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What coverage is asked for."""

    sigma_m2: tuple[float, ...]
    """Mean cross-sections, each above 0. [m2]"""
    height_m: tuple[float, ...]
    """Heights. [m]"""
    level: float = 0.5
    """Probability of detection at the edge. [1]"""
    swerling: int = 1
    """How targets fluctuate, 0 to 4."""
    above: numbers.Above = "ground"
    """What heights are counted from."""
    closing_mps: float = 250.0
    """Speed of targets towards each antenna, for radars with Doppler filters. [m/s]"""
    range_m: float | None = None
    """How far to look; just beyond the farthest edge without it. [m]"""
    azimuth_rad: float = 0.0
    """Where the range-height chart looks. [rad]"""
    terrain: str = ""
    """Folder of tiles, or the name of terrain that comes with the package; "" for what the scenario says."""
    missing: Literal["unknown", "sea", "error"] = "unknown"
    """What land without a tile and voids are."""
    undulation_m: float = 0.0
    """Geoid above the ellipsoid, with ``terrain``. [m]"""


@dataclass(frozen=True)
class Made:
    """What was made."""

    rows: list[dict[str, Any]]
    """As `coverage.summary`, one a radar, height and cross-section."""
    files: list[Path]
    """What was written."""
    notes: list[str]
    """What a reader should know."""


def make(
    scenario: Scenario,
    out: Path,
    *,
    wish: Wish,
    radars: Sequence[str] = (),
    network: bool = False,
    formats: Sequence[str] = FORMATS,
    folder: Path | None = None,
    progress: Progress | None = None,
) -> Made:
    """Work out the coverage of a scenario's radars and write it.

    Parameters
    ----------
    scenario : Scenario
        The scenario; its cards count at their medians.
    out : Path
        Folder of the files; made when it is not there.
    wish : Wish
        What is asked for.
    radars : sequence of str
        Names of the radars; all when empty.
    network : bool
        Whether to take them together too: any of them may detect.
    formats : sequence of str
        Of `FORMATS`; pictures are a map and, for single radars, a range-height chart.
    folder : Path, optional
        Folder of the scenario's file, which its terrain is relative to; the working folder when left out.
    progress : callable, optional
        Called with (hundredths done, 100).

    Returns
    -------
    Made
        Figures, files and notes.

    Raises
    ------
    UserError
        If a radar is unknown, a height lies below the ground, tiles are missing, or a file cannot be written.
    """
    unknown = [f for f in formats if f not in FORMATS]
    if unknown:
        raise UserError(f"no format {unknown[0]!r}; there are: {', '.join(FORMATS)}")
    stations = numbers.stations_of(scenario, names=radars, folder=folder)
    if wish.terrain:
        stations = [_on_terrain(station, wish) for station in stations]
    jobs = [(station.name, [station]) for station in stations]
    if network and len(stations) > 1:
        jobs.append(("network", stations))
    made = Made([], [], [])
    for done, (name, together) in enumerate(jobs):

        def count(at: int, of: int, done: int = done) -> None:
            if progress is not None:
                progress(round(100 * (done + 0.9 * at / of) / len(jobs)), 100)

        found = numbers.cover(
            together,
            sigma_m2=wish.sigma_m2,
            height_m=wish.height_m,
            level=wish.level,
            swerling=wish.swerling,
            above=wish.above,
            closing_mps=wish.closing_mps,
            range_m=wish.range_m,
            progress=count,
        )
        try:
            out.mkdir(parents=True, exist_ok=True)
        except OSError as err:
            raise DataError(f"{out}: cannot be made: {reason(err)}; name another folder with --out") from err
        _write(found, out, name, wish, formats, made)
    if progress is not None:
        progress(100, 100)
    return made


def _on_terrain(station: Station, wish: Wish) -> Station:
    source: Path | Heights = Path(wish.terrain)
    if not source.is_dir():
        try:
            source = dem.sample(wish.terrain)
        except ValueError as err:
            raise DataError(
                f"--terrain {wish.terrain}: no such folder of tiles (.hgt, .dt0 to .dt2, .tif), and {err}"
            ) from err
    range_m = wish.range_m
    if range_m is None:  # over a sea around it the radar sees at least as far as over its own smooth ground
        low = min(station.environment.ground_alt_m, wish.undulation_m)
        lowered = replace(station, environment=replace(station.environment, ground_alt_m=low))
        range_m = numbers.reach_over(
            lowered, wish.sigma_m2, wish.height_m, level=wish.level, swerling=wish.swerling,
            closing_mps=wish.closing_mps,
        )  # fmt: skip
        if isinstance(source, Heights) and wish.missing == "unknown":
            range_m = min(range_m, _farthest_m(station, source))
    return numbers.with_terrain(station, source, range_m=range_m, missing=wish.missing, undulation_m=wish.undulation_m)


def _farthest_m(station: Station, heights: Heights) -> float:
    lat, lon = np.meshgrid([heights.north_rad, heights.south_rad], [heights.west_rad, heights.east_rad])
    return float(geodesic(station.place.lat_rad, station.place.lon_rad, lat, lon)[0].max())


def _write(found: Coverage, out: Path, name: str, wish: Wish, formats: Sequence[str], made: Made) -> None:
    made.rows.extend(numbers.summary(found))
    if found.share_unknown > 0.0:
        made.notes.append(
            f"{found.name}: terrain unknown on {100.0 * found.share_unknown:.0f} % of the area looked at, counted as "
            "not covered: add tiles, or --missing sea"
        )
    pictures = [kind for kind in ("png", "svg") if kind in formats]
    if pictures:
        from watchfloor.report import coverage_map

        made.files.extend(out / f"{name}-map.{kind}" for kind in pictures)
        coverage_map.draw_map([out / f"{name}-map.{kind}" for kind in pictures], found)
        if len(found.stations) == 1:
            chart = numbers.section(
                found.stations[0],
                azimuth_rad=wish.azimuth_rad,
                range_m=found.grid.range_m,
                height_max_m=_top_m(found),
                sigma_m2=wish.sigma_m2,
                level=wish.level,
                swerling=wish.swerling,
                closing_mps=wish.closing_mps,
            )
            made.files.extend(out / f"{name}-range-height.{kind}" for kind in pictures)
            coverage_map.draw_section([out / f"{name}-range-height.{kind}" for kind in pictures], chart)
    if "geojson" in formats:
        made.files.append(out / f"{name}.geojson")
        geojson.write_features(made.files[-1], features(found))
    if "tif" in formats:
        made.files.append(out / f"{name}.tif")
        values, place = numbers.raster(found)
        bands = [
            f"Pd of {found.name}, {height:g} m {_WORDS[found.above]}, {sigma:g} m2"
            for height in found.height_m
            for sigma in found.sigma_m2
        ]
        raster.write_bands(
            made.files[-1], values.reshape(-1, *values.shape[2:]), **place, names=bands,
            description=f"probability of detection in one scan, Swerling {found.swerling}",
        )  # fmt: skip


def _top_m(found: Coverage) -> float:
    """Top of the range-height chart: what the coverage's own shape asks for, at most 30 km. [m]"""  # noqa: D400, D415
    highest = max(found.height_m)
    return min(_CHART_TOP_M, 1e3 * math.ceil(1e-3 * max(2.0 * highest, found.grid.range_m * 0.075)))


def features(found: Coverage) -> list[dict[str, Any]]:
    """Contours and radars as GeoJSON features.

    Parameters
    ----------
    found : Coverage
        As `coverage.cover` makes it.

    Returns
    -------
    list of dict
        A MultiPolygon for each height and cross-section, then a Point for each radar.
    """
    out = []
    for edge in found.contours:
        rings = [np.degrees(ring[:, ::-1]) for ring in edge.rings_rad]
        properties = {
            "radar": found.name,
            "pd": found.level,
            "swerling": found.swerling,
            "sigma_m2": edge.sigma_m2,
            "sigma_dbsm": round(float(db(edge.sigma_m2)), 3),
            "height_m": edge.height_m,
            "height_above": found.above,
            "area_km2": round(1e-6 * edge.area_m2, 3),
            "farthest_km": round(1e-3 * edge.farthest_m, 3),
            "nearest_km": None if math.isnan(edge.nearest_m) else round(1e-3 * edge.nearest_m, 3),
        }
        out.append(geojson.area_feature(geojson.polygons(rings, pole=numbers.pole_of(found, edge)), properties))
    for station in found.stations:
        place = station.place
        out.append(
            geojson.point_feature(
                math.degrees(place.lon_rad), math.degrees(place.lat_rad), place.alt_m,
                {"radar": station.name, "card": station.card, "k": station.environment.k,
                 "terrain": station.environment.terrain is not None},
            )
        )  # fmt: skip
    return out
