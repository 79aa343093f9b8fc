"""Coasts and borders for the map, where the package ships some: Natural Earth, public domain."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files

import numpy as np

from watchfloor.base.units import FloatArray

SOURCE = "coasts and borders: Natural Earth 1:50m, public domain"
"""What the map says of them."""


@cache
def lines_deg() -> tuple[FloatArray, ...]:
    """Return coasts and borders as polylines (k, 2) of longitude and latitude; 22-46 E, 31-49 N. [deg]"""
    text = (files("watchfloor.report") / "data" / "eastern_mediterranean.json").read_text("utf-8")
    return tuple(np.array(line, float) for line in json.loads(text)["lines"])
