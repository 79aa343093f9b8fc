"""Where movers are at the instants that a sensor asks for."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from watchfloor.base.truth import Truth
from watchfloor.base.units import BoolArray, FloatArray, IntArray
from watchfloor.sensor import _kernels


class States(NamedTuple):
    """Movers at instants; one row each."""

    position: FloatArray
    """(n, 3) ECEF. [m]"""
    velocity: FloatArray
    """(n, 3) ECEF. [m/s]"""
    bank: FloatArray
    """(n,) bank angle. [rad]"""
    present: BoolArray
    """(n,) whether it is there."""

    def take(self, rows: IntArray) -> States:
        """Some of them."""
        return States(self.position[rows], self.velocity[rows], self.bank[rows], self.present[rows])


class Motion:
    """The truth of a tick, at least one mover, to be asked at instants.

    Between knots movers fly the cubic through both; before the first and after the last they go straight on.
    """

    def __init__(self, truth: Truth) -> None:
        self.truth = truth
        self.knots_s: FloatArray = np.ascontiguousarray(truth.t_s[0])
        self._position: FloatArray = np.ascontiguousarray(truth.position_ecef_m)
        self._velocity: FloatArray = np.ascontiguousarray(truth.velocity_ecef_mps)
        self._bank: FloatArray = np.ascontiguousarray(truth.bank_rad)
        self._present: BoolArray = np.ascontiguousarray(truth.present)

    def at(self, row: IntArray, t_s: FloatArray) -> States:
        """Rows of the truth at times, one each."""
        found = _kernels.states(
            self.knots_s, self._position, self._velocity, self._bank, self._present, row, np.ascontiguousarray(t_s)
        )
        return States(*found)
