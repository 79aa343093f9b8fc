"""Make the coasts and borders that maps are drawn with, from Natural Earth's countries at 1:50m.

Usage: python tools/make_basemap.py countries-50m.json src/watchfloor/report/data/basemap.npz

The input is TopoJSON as in the npm package world-atlas 2.0.2 (ISC; data Natural Earth, public domain). An arc that two
countries share is a border, any other a coast; both are rounded to 0.01 degree (1.1 km, finer than the 1:50m lines are
true) and kept as differences, which pack small.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np


def count(arcs: list[Any], used: Counter[int]) -> None:
    """Count how often each arc is used; a negative number means backwards."""
    for arc in arcs:
        if isinstance(arc, list):
            count(arc, used)
        else:
            used[arc if arc >= 0 else ~arc] += 1


def main(source: Path, target: Path) -> None:
    """Read the topology and write the lines."""
    topology = json.loads(source.read_text("utf-8"))
    scale, origin = (np.array(topology["transform"][key]) for key in ("scale", "translate"))
    used: Counter[int] = Counter()
    for geometry in topology["objects"]["countries"]["geometries"]:
        count(geometry.get("arcs", []), used)
    steps, lengths, borders = [], [], []
    for n, arc in enumerate(topology["arcs"]):
        line = np.round(100.0 * (np.cumsum(np.array(arc), axis=0) * scale + origin)).astype(np.int64)
        line = line[np.concatenate(([True], np.any(np.diff(line, axis=0) != 0, axis=1)))]
        for part in np.split(line, np.flatnonzero(np.abs(np.diff(line[:, 0])) > 18000) + 1):
            if len(part) > 1:
                steps.append(np.vstack((part[:1], np.diff(part, axis=0))))
                lengths.append(len(part))
                borders.append(used[n] > 1)
    lon, lat = np.concatenate(steps).T
    np.savez_compressed(
        target,
        lon=lon.astype(np.int16),
        lat=lat.astype(np.int16),
        length=np.array(lengths, np.int16),
        border=np.array(borders, np.bool_),
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
