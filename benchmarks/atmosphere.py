"""Air and smooth earth: gas by frequency beside itur, lobing of many targets, rays."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.peers import Row, ask, beside
from watchfloor.physics import atmosphere, propagation, refraction


def cpu_s(work: Callable[[], object], repeats: int = 5) -> float:
    """CPU time of the best of several."""
    work()
    best = np.inf
    for _ in range(repeats):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


ITUR = """
import sys, time
import numpy as np
from itur.models import itu676
itu676.change_version(12)  # the lines of P.676-13 are those of P.676-12
ghz = np.linspace(1.0, 1000.0, 100_000)
start = time.process_time()
loss = itu676.gammaw_exact(ghz, 1013.25, 7.5, 288.15).value + itu676.gamma0_exact(ghz, 1013.25, 7.5, 288.15).value
took = time.process_time() - start
np.save(sys.argv[1], loss)
print(took)
"""


def run() -> list[Row]:
    """Rows (name, figure, unit, bar)."""
    frequency = np.linspace(1e9, 1000e9, 100_000)
    gas = cpu_s(lambda: atmosphere.specific_attenuation_db_per_km(frequency, 1013.25, 288.15, 7.5))
    rows: list[Row] = [("P.676 line by line, 1e5 frequencies", gas, "s", "<= 0.1")]
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder) / "loss.npy"
        theirs = ask(ITUR, str(kept))
        rows += beside("the same by itur", theirs, gas, "s")
        if theirs is not None:
            ours = atmosphere.specific_attenuation_db_per_km(frequency, 1013.25, 288.15, 7.5)
            apart = float(np.abs(ours / np.load(kept) - 1.0).max())
            rows.append(("  greatest difference from itur", apart, "relative", "<= 1e-4"))
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
