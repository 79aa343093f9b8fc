"""Cut the terrain that ships with the package out of an SRTM tile.

Usage: python tools/crop_dem.py FOLDER src/watchfloor/formats/data/garraf.tif

FOLDER holds N41E001.hgt (or .hgt.zip) of SRTM at 3 arc seconds, NASA/USGS, public domain.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from watchfloor.formats import dem

SOUTH_DEG, WEST_DEG, NORTH_DEG, EAST_DEG = 41.15, 1.4, 41.7, 2.0
ABOUT = (
    "SRTM 3 arc seconds (NASA/USGS, public domain), 41.15-41.70 N 1.4-2.0 E, voids interpolated, "
    "metres above the EGM96 geoid"
)


def main() -> None:
    """Write the crop."""
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    box = {f"{side}_rad": float(np.radians(value)) for side, value in (
        ("south", SOUTH_DEG), ("west", WEST_DEG), ("north", NORTH_DEG), ("east", EAST_DEG))}  # fmt: skip
    heights = dem.read_folder(Path(sys.argv[1]), **box)
    print(f"{heights}: {heights.n_voids} voids interpolated")
    filled = heights.fill_voids()
    whole = replace(filled, height_m=np.round(filled.height_m))  # as the source: whole metres pack better
    dem.write_geotiff(Path(sys.argv[2]), whole, description=ABOUT)


if __name__ == "__main__":
    main()
