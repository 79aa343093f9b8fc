"""What surrounds each sensor of a scenario: where its antenna stands, terrain, clutter, rain, jammers on board."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from watchfloor.base.errors import DataError
from watchfloor.base.heights import Heights
from watchfloor.formats import dem
from watchfloor.physics import terrain
from watchfloor.physics.environment import Environment, Rain, SurfaceClutter
from watchfloor.physics.frames import Place
from watchfloor.physics.propagation import Surface
from watchfloor.physics.radar import Radar
from watchfloor.physics.terrain import VisibleHeight
from watchfloor.scenario.model import ClutterConfig, PhaseConfig, RainConfig, Scenario, SurfaceConfig, TerrainConfig
from watchfloor.sensor.card import environment_for
from watchfloor.sensor.strobes import Emitters

_RANGE_STEP_M = 50e3
_SHORE_M = 0.5
"""Ground no higher than this above sea level is taken for water. [m]"""
_METRES_A_RADIAN = 6_356_752.0


def places_of(scenario: Scenario) -> dict[str, Place]:
    """Return the scenario's places by name."""
    return {p.name: Place.from_degrees(p.lat_deg, p.lon_deg, p.alt_m) for p in scenario.places}


def antennas_of(scenario: Scenario) -> list[Place]:
    """Return where each sensor's antenna stands over smooth ground, mast included; in the order of the file."""
    places = places_of(scenario)
    return [_raised(places[c.place], getattr(c, "mast_m", 0.0)) for c in scenario.sensors]


def environments_of(
    scenario: Scenario, radars: Mapping[str, Radar], *, folder: Path | None = None
) -> list[Environment]:
    """Return what surrounds each sensor's antenna, in the order of the file.

    Parameters
    ----------
    scenario : Scenario
        What there is.
    radars : mapping of str to Radar
        Radars by sensor name.
    folder : Path, optional
        Folder of the scenario's file, which a folder of tiles is relative to; the working folder when left out.

    Returns
    -------
    list of Environment
        With terrain, the antenna stands on it and the smooth ground of horizon, lobing and clutter is its lowest point,
        unless the scenario says another; land gives clutter above sea level, the sea at it, each where it is in sight.

    Raises
    ------
    DataError
        If the terrain cannot be read or does not hold a sensor's place.
    """
    said, out = scenario.environment, []
    for config, antenna in zip(scenario.sensors, antennas_of(scenario), strict=True):
        radar, mast_m = radars.get(config.name), float(getattr(config, "mast_m", 0.0))
        ground_alt_m, table = None, None
        if said.terrain is not None:
            reach_m = radar.range_max_m if radar is not None else 1e3 * float(getattr(config, "range_max_km", 500.0))
            antenna, ground_alt_m, table = _on_terrain(
                said.terrain,  # type: ignore[arg-type]  # a frozen model has a hash
                (folder or Path()).resolve(),
                antenna,
                mast_m,
                config.name,
                _RANGE_STEP_M * math.ceil(reach_m / _RANGE_STEP_M),
                said.k,
                None if said.clutter is None else said.clutter.kind,
            )
        if said.ground_alt_m is not None:
            ground_alt_m = said.ground_alt_m
        around = environment_for(radar, antenna, mast_m)
        out.append(
            replace(
                around,
                ground_alt_m=around.ground_alt_m if ground_alt_m is None else ground_alt_m,
                k=said.k,
                terrain=table,
                clutter=_clutter(said.clutter),
                rain=_rain(said.rain),
                surface=_surface(said.surface),
            )
        )
    return out


def heights_of(said: TerrainConfig, range_m: float, centre: Place, *, folder: Path | None = None) -> Heights:
    """Return the elevation model that a scenario names, within a range of a place.

    Parameters
    ----------
    said : TerrainConfig
        The scenario's ``environment.terrain``.
    range_m : float
        How far it is wanted. [m]
    centre : Place
        About which place.
    folder : Path, optional
        Folder of the scenario's file; the working folder when left out.

    Returns
    -------
    Heights
        Above sea level.

    Raises
    ------
    DataError
        If tiles are missing where they may not be, or cannot be read.
    """
    return _heights(said, (folder or Path()).resolve(), centre, _RANGE_STEP_M * math.ceil(range_m / _RANGE_STEP_M))


def emitters_of(phase: PhaseConfig, names: Sequence[str]) -> Emitters:
    """Return the noise jammers on board a phase's movers, which have these names in the order of the truth."""
    row = {name: i for i, name in enumerate(names)}
    carried = [(row[mover.name], jammer) for mover in phase.movers for jammer in mover.jammers]
    return Emitters(
        mover=np.array([mover for mover, _ in carried], np.int64),
        erp_w=np.array([10.0 ** (0.1 * jammer.erp_dbw) for _, jammer in carried], np.float64),
        centre_hz=np.array([1e6 * jammer.centre_mhz for _, jammer in carried], np.float64),
        bandwidth_hz=np.array([1e6 * jammer.bandwidth_mhz for _, jammer in carried], np.float64),
        since_s=np.array([jammer.since_s for _, jammer in carried], np.float64),
        until_s=np.array([np.inf if j.until_s is None else j.until_s for _, j in carried], np.float64),
    )


def _raised(place: Place, mast_m: float) -> Place:
    return Place(place.lat_rad, place.lon_rad, place.alt_m + mast_m)


def _clutter(said: ClutterConfig | None) -> SurfaceClutter | None:
    if said is None:
        return None
    return SurfaceClutter(
        kind=said.kind,
        gamma_db=said.gamma_db,
        sea_state=said.sea_state,
        spread_mps=said.spread_mps,
        shape=math.inf if said.shape is None else said.shape,
    )


def _rain(said: RainConfig | None) -> Rain | None:
    if said is None:
        return None
    return Rain(
        rate_mmph=said.rate_mmph,
        top_m=said.top_m,
        spread_mps=said.spread_mps,
        wind_mps=said.wind_mps,
        wind_to_rad=math.radians(said.wind_to_deg),
    )


def _surface(said: SurfaceConfig | None) -> Surface | None:
    return None if said is None else Surface(kind=said.kind, rms_height_m=said.rms_height_m)


@lru_cache(maxsize=32)
def _on_terrain(
    said: TerrainConfig,
    folder: Path,
    antenna: Place,
    mast_m: float,
    name: str,
    range_m: float,
    k: float,
    clutter: str | None,
) -> tuple[Place, float, VisibleHeight]:
    """Antenna on its terrain, the lowest ground, and the lowest height that is seen; made once a site."""
    heights = _heights(said, folder, antenna, range_m)
    try:
        stands = terrain.place_on(heights, antenna.lat_rad, antenna.lon_rad, mast_m, undulation_m=said.undulation_m)
        table = terrain.min_visible_height(
            heights,
            stands,
            range_max_m=range_m,
            n_azimuth=said.azimuths,
            range_step_m=said.step_m,
            k=k,
            undulation_m=said.undulation_m,
            voids=said.missing,
        )
    except ValueError as err:
        raise DataError(f"environment.terrain: sensor {name!r}: {err}") from err
    if clutter is not None:
        table = _with_scatterers(terrain.with_ground(table, heights, undulation_m=said.undulation_m), said, clutter)
    lowest_m = float(np.nanmin(heights.height_m))
    if said.missing == "sea":
        lowest_m = min(lowest_m, 0.0)
    return stands, lowest_m + said.undulation_m, table


def _with_scatterers(table: VisibleHeight, said: TerrainConfig, clutter: str) -> VisibleHeight:
    """Leave as ground only what gives this clutter: land above sea level, or the sea; elsewhere it is unknown."""
    ground = table.ground_m
    assert ground is not None
    if said.missing == "sea":
        ground = np.where(np.isnan(ground), np.float32(said.undulation_m), ground)
    above = ground - said.undulation_m > _SHORE_M
    ground = np.where(above if clutter == "land" else ~above, ground, np.float32(np.nan))
    ground.flags.writeable = False
    return replace(table, ground_m=ground)


def _heights(said: TerrainConfig, folder: Path, centre: Place, range_m: float) -> Heights:
    """Elevation model within a range of a place."""
    if said.sample is not None:
        try:
            return dem.sample(said.sample)
        except ValueError as err:
            raise DataError(f"environment.terrain.sample: {err}") from err
    assert said.folder is not None
    across = range_m / _METRES_A_RADIAN * 1.02
    south, north = max(centre.lat_rad - across, -1.57), min(centre.lat_rad + across, 1.57)
    wide = across / max(math.cos(max(abs(south), abs(north))), 0.02)
    return dem.read_folder(
        folder / said.folder,
        south_rad=south,
        west_rad=centre.lon_rad - wide,
        north_rad=north,
        east_rad=centre.lon_rad + wide,
        missing="error" if said.missing == "error" else "void",
    )
