"""Conversions between the operator's units and ours (SI, radians), and the arrays' type names.

Each conversion happens once, in a constructor or at a border; see ``docs/glossary.md`` for the words.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

C_MPS = 299_792_458.0
"""Speed of light in vacuum, exact (BIPM, SI Brochure, 9th ed., 2019, table 1). [m/s]"""
BOLTZMANN_JPK = 1.380_649e-23
"""Boltzmann constant, exact (BIPM, SI Brochure, 9th ed., 2019, table 1). [J/K]"""
T0_K = 290.0
"""Standard noise temperature (IEEE Std 686-2017, "noise figure"). [K]"""
KNOT_MPS = 1852.0 / 3600.0
"""One knot (BIPM, SI Brochure, 8th ed., 2006, table 8). [m/s]"""
FOOT_M = 0.3048
"""One international foot. [m]"""
MONTH_S = 365.25 / 12.0 * 86_400.0
"""A mean month. [s]"""


def db(ratio: Any) -> Any:
    """Return a power ratio in decibels; zero gives -inf without a warning."""
    with np.errstate(divide="ignore"):
        return 10.0 * np.log10(ratio)


def from_db(level_db: Any) -> Any:
    """Return the power ratio of a level in decibels."""
    return 10.0 ** (np.asarray(level_db) / 10.0)
