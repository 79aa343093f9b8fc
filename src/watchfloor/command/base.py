"""What a commander is, and what it may know of the batteries it commands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from watchfloor.base.picture import Identities, Orders, Readiness, Tracks
from watchfloor.base.registry import Registry
from watchfloor.base.units import FloatArray
from watchfloor.physics.frames import Place

commanders = Registry("command")


@dataclass(frozen=True)
class LauncherView:
    """A battery as its commander knows it: published reach and belief about its effect."""

    name: str
    place: Place
    range_min_m: float
    range_max_m: float
    altitude_min_m: float
    altitude_max_m: float
    flight_range_m: FloatArray
    """(k,) slant ranges of the time-of-flight table, rising from 0. [m]"""
    flight_time_s: FloatArray
    """(k,) times of flight at those ranges. [s]"""
    pk: float
    """Believed single-shot kill probability. [1]"""
    reaction_s: float
    """Time from order to launch. [s]"""


class Commander(Protocol):
    """A doctrine at work."""

    def step(self, tracks: Tracks, identities: Identities, readiness: Readiness, *, until_s: float) -> Orders:
        """Return the proposals made or decided in the tick that ends at ``until_s``."""
        ...
