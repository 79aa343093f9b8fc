"""Radar cross-section: facets by physical optics, shadows, the exact sphere."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from tests.plain.rcs import almond, icosphere
from watchfloor.physics.physical_optics import Facets, rcs_m2
from watchfloor.physics.rcs import mie_sphere_m2

Row = tuple[str, float, str, str]


def _best_s(work: Callable[[], object], repeats: int = 5) -> float:
    """CPU time of the quickest of several runs, the first (which may compile) not counted."""
    work()
    times = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def run() -> list[Row]:
    """Rows (name, figure, unit, bar)."""
    rng = np.random.default_rng(1)
    azimuth, elevation = rng.uniform(-np.pi, np.pi, 100), np.arcsin(rng.uniform(-1.0, 1.0, 100))
    rows: list[Row] = []
    fine, coarse = (Facets(vertex_m=v, corner=c) for v, c in (icosphere(6, 0.25), icosphere(4, 0.25)))
    nut = Facets(vertex_m=almond()[0], corner=almond()[1])
    for what, body, frequency_hz, occlusion in (
        ("convex body, 81,920 small facets", fine, 3e9, True),
        ("convex body, 5,120 facets of a wavelength", coarse, 20e9, True),
        ("any body, shadows of facets turned away only", nut, 10e9, False),
    ):
        cost = _best_s(lambda b=body, f=frequency_hz, o=occlusion: rcs_m2(b, f, azimuth, elevation, occlusion=o))
        rows.append((f"facet PO, {what}", body.n_facets * 100 / cost, "facet angles/s", ">= 3e7"))
    two = np.concatenate([nut.vertex_m, nut.vertex_m + [0.0, 0.0, 0.05]])
    pair = Facets(vertex_m=two, corner=np.concatenate([nut.corner, nut.corner + len(nut.vertex_m)]))
    cost = _best_s(lambda: rcs_m2(pair, 10e9, azimuth, elevation), repeats=2)
    rows.append(("facet PO, two bodies that hide each other", pair.n_facets * 100 / cost, "facet angles/s", ""))
    radius = np.full(2000, 0.25)
    rows.append(("exact sphere, ka 15.7", 1e6 * _best_s(lambda: mie_sphere_m2(radius, 3e9)) / 2000, "us each", ""))
    return rows


if __name__ == "__main__":
    for name, figure, unit, bar in run():
        print(f"{name:75s} {figure:10.3g} {unit:12s} {bar}")
