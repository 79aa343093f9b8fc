"""Air and smooth earth: gas by frequency beside itur, lobing of many targets, rays."""

from __future__ import annotations

import importlib.util
import time
import warnings
from collections.abc import Callable

import numpy as np

from watchfloor.physics import atmosphere, propagation, refraction

Row = tuple[str, float, str, str]


def cpu_s(work: Callable[[], object], repeats: int = 5) -> float:
    """CPU time of the best of several."""
    work()
    best = np.inf
    for _ in range(repeats):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def _itur(frequency_hz: np.ndarray) -> tuple[np.ndarray, float]:
    """The same loss by itur [dB/km], and its CPU time [s]."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from itur.models import itu676  # type: ignore[import-not-found]  # a peer: never a dependency

        itu676.change_version(12)  # the lines of P.676-13 are those of P.676-12
        start = time.process_time()
        loss = itu676.gammaw_exact(1e-9 * frequency_hz, 1013.25, 7.5, 288.15).value
        loss = loss + itu676.gamma0_exact(1e-9 * frequency_hz, 1013.25, 7.5, 288.15).value
    return loss, time.process_time() - start


def run() -> list[Row]:
    """Rows (name, figure, unit, bar)."""
    frequency = np.linspace(1e9, 1000e9, 100_000)
    gas = cpu_s(lambda: atmosphere.specific_attenuation_db_per_km(frequency, 1013.25, 288.15, 7.5))
    rows: list[Row] = [("P.676 line by line, 1e5 frequencies", gas, "s", "<= 0.1")]
    if importlib.util.find_spec("itur") is None:
        rows.append(("  itur is not installed: no comparison", np.nan, "", ""))
    else:
        loss, theirs = _itur(frequency)
        ours = atmosphere.specific_attenuation_db_per_km(frequency, 1013.25, 288.15, 7.5)
        rows += [
            ("  itur, the same", theirs, "s", ""),
            ("  greatest difference from itur", float(np.abs(ours / loss - 1.0).max()), "relative", "<= 1e-4"),
        ]
    rain = cpu_s(lambda: atmosphere.rain_attenuation_db_per_km(frequency[:1000], 25.0))
    rng = np.random.default_rng(1)
    height, ground = rng.uniform(100.0, 1e4, 100_000), rng.uniform(5e3, 400e3, 100_000)
    sea = propagation.sea_surface(3)
    lobes = cpu_s(lambda: propagation.two_ray_spherical(sea, 3e9, "H", 20.0, height, ground))
    factor = cpu_s(lambda: propagation.propagation_factor(sea, 3e9, "H", 20.0, height, ground))
    table = refraction.RayTable(refraction.Exponential(), 20.0)
    rays = cpu_s(lambda: refraction.trace(refraction.Exponential(), 20.0, 0.01, range_apparent_m=ground[:10_000]))
    corrected = cpu_s(lambda: table.apparent_elevation(ground, height))
    return [
        *rows,
        ("P.838, 1e3 frequencies", 1e3 * rain, "ms", ""),
        ("two rays over a sphere, 1e5 targets", lobes, "s", "<= 0.1"),
        ("propagation factor from lobes to shadow, 1e5 targets", factor, "s", ""),
        ("ray trace to an apparent range, 1e4 rays", rays, "s", ""),
        ("apparent elevation by the table of rays, 1e5 targets", corrected, "s", ""),
    ]


if __name__ == "__main__":
    for row in run():
        print(row)
