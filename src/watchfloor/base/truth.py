"""Tables that only the simulator may know. ``track``, ``learn`` and ``command`` never import this file."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Self

import numpy as np

from watchfloor.base.columns import Columns
from watchfloor.base.units import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, kw_only=True, eq=False)
class Truth(Columns):
    """Where everything that moves was during one tick; one row a mover, ``k`` knots in time.

    Knots are close enough that a cubic between them is exact to centimetres, or to a metre or two where a leg meets a
    turn; the first knot is the last of the tick before.
    """

    mover: IntArray
    """(n,) row of the mover in the mission's list."""
    t_s: FloatArray
    """(n, k) times of the knots, since the scenario's epoch, the same for every mover. [s]"""
    position_ecef_m: FloatArray
    """(n, k, 3) WGS-84 earth-centred position. [m]"""
    velocity_ecef_mps: FloatArray
    """(n, k, 3) velocity over ground. [m/s]"""
    bank_rad: FloatArray
    """(n, k) bank angle, right wing down positive. [rad]"""
    present: BoolArray
    """(n, k) False before the mover starts, after it ends, and once it is killed."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Flown(Columns):
    """Where each mover was at the end of each tick it was present; one row a mover and tick."""

    tick_s: FloatArray
    """(n,) end of the tick. [s]"""
    mover: IntArray
    """(n,) row of the mover."""
    position_ecef_m: FloatArray
    """(n, 3) position. [m]"""
    velocity_ecef_mps: FloatArray
    """(n, 3) velocity. [m/s]"""


@dataclass(frozen=True, kw_only=True, eq=False)
class PlotOrigins(Columns):
    """What caused each plot; rows as in the tick's ``Plots``."""

    mover: IntArray
    """(n,) row of the mover (the strongest one of a merged plot), -1 for a false plot."""
    n_merged: IntArray
    """(n,) movers in the plot's resolution cell; 0 for a false plot, a strobe and a return through a sidelobe."""


class Outcome(IntEnum):
    """How a shot ended."""

    KILL = 0
    MISS = 1
    TRACK_LOST = 2
    """No fire-control-quality track when the round arrived."""
    NO_TARGET = 3
    """Nothing flew under the track, or nothing any more."""
    OUT_OF_REACH = 4
    """The target had left the envelope when the round arrived."""
    NOT_FIRED = 5
    """No round or channel was left when the order came, or no track to shoot at."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Effects(Columns):
    """Shots that ended in this tick, each with its cause chain; one row a shot."""

    order: IntArray
    """(n,) number of the order that caused it."""
    launcher: IntArray
    """(n,) row of the launcher in the mission's list."""
    track: IntArray
    """(n,) number of the track shot at."""
    mover: IntArray
    """(n,) mover under the track at arrival, -1 if none."""
    launch_s: FloatArray
    """(n,) time of launch. [s]"""
    arrival_s: FloatArray
    """(n,) time of arrival. [s]"""
    range_m: FloatArray
    """(n,) slant range from launcher to predicted point of arrival. [m]"""
    pk: FloatArray
    """(n,) single-shot kill probability used, [1]."""
    draw: FloatArray
    """(n,) uniform number the outcome was drawn with: a kill if below ``pk``. [1]"""
    outcome: IntArray
    """(n,) an ``Outcome``."""

    @classmethod
    def empty(cls) -> Self:
        """Return a table without rows."""
        whole, real = np.empty(0, np.int64), np.empty(0)
        return cls(
            order=whole,
            launcher=whole,
            track=whole,
            mover=whole,
            launch_s=real,
            arrival_s=real,
            range_m=real,
            pk=real,
            draw=real,
            outcome=whole,
        )
