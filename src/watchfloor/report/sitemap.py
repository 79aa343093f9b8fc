"""The site on a map: routes of the options, and what the radars reach at three heights."""

from __future__ import annotations

from typing import Any

import numpy as np

from watchfloor.base.registry import kinds
from watchfloor.base.units import FloatArray, from_db
from watchfloor.physics.frames import Place, ecef_to_geodetic, geodesic
from watchfloor.physics.rcs import Signature, band_of
from watchfloor.report import basemap, figures
from watchfloor.report.answers import NOSE_RAD
from watchfloor.report.coverage import reach_m
from watchfloor.report.gather import Study
from watchfloor.report.wording import fixed
from watchfloor.run.mission import places_of
from watchfloor.scenario.model import MoverConfig, PhaseConfig
from watchfloor.scenario.priors import cards_of
from watchfloor.sensor.card import gas_for, radar_from
from watchfloor.world.signature import median_signature

HEIGHTS_M = (300.0, 3000.0, 10_000.0)
"""Heights above the site's ground at which coverage is drawn. [m]"""
_Z90 = 1.2815515655446004


def site(study: Study) -> dict[str, Any]:
    """Return the maps, one a radar, the table of reaches, and what is said of them."""
    scenario, cards = study.scenario, cards_of(study.scenario).radars
    places = places_of(scenario)
    signature = median_signature(cards_of(scenario).types[study.subject_type])
    centre = places[scenario.sensors[next(iter(study.radars))].place]  # type: ignore[attr-defined]
    routes = _routes(study, places, centre)
    azimuth_rad = np.deg2rad(np.arange(0.0, 361.0, 10.0))
    maps, rows = [], []
    rings: dict[int, list[tuple[float, FloatArray]]] = {}
    for row, name in study.radars.items():
        config: Any = scenario.sensors[row]
        radar = radar_from(cards[config.card], None)
        ground = places[config.place]
        place = Place(ground.lat_rad, ground.lon_rad, ground.alt_m + config.mast_m)
        gas = gas_for(radar, place.alt_m)
        level_dbsm, spread_db = head_on_dbsm(signature, band_of(radar.frequency_hz))

        def reach(height_m: float, dbsm: float, azimuths: FloatArray, radar=radar, place=place, ground=ground, gas=gas):
            return reach_m(
                radar,
                place,
                sigma_m2=float(from_db(dbsm)),
                swerling=signature.swerling,
                azimuth_rad=azimuths,
                alt_m=ground.alt_m + height_m,
                ground_alt_m=ground.alt_m,
                gas=gas,
            )

        rings[row] = [(height, 1e-3 * reach(height, level_dbsm, azimuth_rad)) for height in HEIGHTS_M]
        cells = []
        for height in HEIGHTS_M:
            points = [
                1e-3 * float(reach(height, level_dbsm + z * spread_db, azimuth_rad[:1])[0]) for z in (0.0, -_Z90, _Z90)
            ]
            cells.append(f"{fixed(points[0])} ({fixed(points[1])} to {fixed(points[2])})")
        rows.append((name, f"{fixed(level_dbsm, 1)} ± {fixed(spread_db, 1)}", cells))
    far = max([float(np.hypot(r.east_km, r.north_km).max()) for r in routes], default=50.0)
    reach_km = 20.0 * np.ceil(1.05 * far / 20.0)
    land = _land(centre, reach_km)
    for row, name in study.radars.items():
        lines = [
            figures.MapLine(
                f"{_height(height)} above ground: {_span(km)} km",
                km * np.sin(azimuth_rad),
                km * np.cos(azimuth_rad),
            )
            for height, km in rings[row]
        ]
        maps.append(
            figures.site_map(
                f"map-{row}",
                title=name,
                land=land,
                routes=routes,
                rings=lines,
                reach_km=float(reach_km),
                alt=f"Map about the site, {name}: one look detects the jet head-on with probability 0.5 out to "
                + "; ".join(line.label for line in lines)
                + f". Routes: {', '.join(r.label for r in routes)}",
            )
        )
    return {
        "maps": maps,
        "rows": rows,
        "heights": [_height(h) for h in HEIGHTS_M],
        "basemap": basemap.SOURCE if np.isfinite(land.east_km).any() else "",
        "type": signature.name,
    }


def head_on_dbsm(signature: Signature, band: str) -> tuple[float, float]:
    """Return the median level within 45 degrees of the nose and its 1-sigma spread. [dBsm, dB]"""
    row = signature.row(band)
    return float(np.median(signature.dbsm[row][signature.aspect_rad <= NOSE_RAD])), float(signature.sigma_db[row])


def _height(height_m: float) -> str:
    return f"{height_m:.0f} m" if height_m < 1000.0 else f"{1e-3 * height_m:.0f} km"


def _span(km: FloatArray) -> str:
    low, high = fixed(km.min()), fixed(km.max())
    return low if low == high else f"{low} to {high}"


def _routes(study: Study, places: dict[str, Place], centre: Place) -> list[figures.MapLine]:
    """Return each different route of the subject once, named by the options that fly it, and that of the test."""
    found: dict[Any, list[str]] = {}
    for option in study.options:
        campaign = study.loaded.options[option].campaign
        assert campaign is not None
        found.setdefault(_mover(study, campaign).route, []).append(option)
    lines = []
    for route, names in found.items():
        extra = f" +{len(names) - 1}" if len(names) > 1 else ""
        lines.append(_line(route, f"{names[0]}{extra}", study, places, centre))
    test = _mover(study, study.scenario.mission)
    return [*lines, _line(test.route, "test flight", study, places, centre)]


def _mover(study: Study, phase: PhaseConfig) -> MoverConfig:
    return next(mover for mover in phase.movers if mover.name == study.config.subject)


def _line(route: Any, label: str, study: Study, places: dict[str, Place], centre: Place) -> figures.MapLine:
    card = cards_of(study.scenario).types[study.subject_type]
    trajectory = kinds("world.route").make(route, places=places, card=card).trajectory
    lat, lon, _ = ecef_to_geodetic(trajectory.position_ecef_m)
    east, north = _local_km(centre, lat, lon)
    return figures.MapLine(label, east, north)


def _local_km(centre: Place, lat: FloatArray, lon: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return kilometres east and north: azimuthal equidistant about the site."""
    distance_m, azimuth_rad = geodesic(centre.lat_rad, centre.lon_rad, lat, lon)
    return 1e-3 * distance_m * np.sin(azimuth_rad), 1e-3 * distance_m * np.cos(azimuth_rad)


def _land(centre: Place, reach_km: float) -> figures.MapLine:
    """Return the coasts and borders within reach, as one line with breaks."""
    both = np.vstack([np.vstack((lines, np.full((1, 2), np.nan))) for lines in basemap.about(centre, 1e3 * reach_km)])
    inside = np.abs(both).max(axis=1) < 1.2e3 * reach_km
    east, north = np.where(inside, 1e-3 * both.T, np.nan)
    return figures.MapLine("", east, north)
