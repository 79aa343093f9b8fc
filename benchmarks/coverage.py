"""Coverage: a whole map of probabilities with its contours, and the sweep of the terrain beneath it; CPU time."""

from __future__ import annotations

import time
from collections.abc import Callable

from watchfloor.formats import dem
from watchfloor.physics.frames import Place
from watchfloor.report.coverage import Station, cover, raster, section, with_terrain
from watchfloor.scenario import catalog
from watchfloor.sensor.card import environment_for, radar_from

Row = tuple[str, float, str, str]
HEIGHTS_M, SIGMAS_M2 = (100.0, 1000.0, 5000.0), (0.01, 1.0)


def cpu_s(work: Callable[[], object], times: int = 3) -> float:
    """Least CPU time of several, the first not counted. [s]"""  # noqa: D400, D415
    work()
    best = float("inf")
    for _ in range(times):
        began = time.process_time()
        work()
        best = min(best, time.process_time() - began)
    return best


def run() -> list[Row]:
    """Return what, figure, unit and bar of each measurement."""
    radar = radar_from(catalog.radars()["s-band-acquisition"], None)
    environment = environment_for(radar, Place.from_degrees(41.34583, 1.885, 668.0), 15.0)
    plain = Station(name="plain", radar=radar, environment=environment)
    hills, range_m = dem.sample("garraf"), 50e3
    masked = with_terrain(plain, hills, range_m=range_m)
    asked = {"sigma_m2": SIGMAS_M2, "height_m": HEIGHTS_M}
    found = cover([plain], **asked)
    return [
        ("coverage 360 x 500 nodes, 3 heights, 2 sigmas, contours: smooth", cpu_s(lambda: cover([plain], **asked)), "s",
         "<= 3"),
        ("the same over terrain", cpu_s(lambda: cover([masked], **asked, range_m=range_m)), "s", "<= 3"),
        ("terrain about a radar, 50 km", cpu_s(lambda: with_terrain(plain, hills, range_m=range_m)), "s", ""),
        ("raster of 600 x 600 nodes, 6 bands", cpu_s(lambda: raster(found)), "s", ""),
        ("range-height chart's numbers", cpu_s(lambda: section(plain, azimuth_rad=0.0, range_m=300e3,
                                                               height_max_m=25e3, sigma_m2=SIGMAS_M2)), "s", ""),
    ]  # fmt: skip
