"""What the world is made of: routes, recorded traffic, and the registries their kinds join."""

from __future__ import annotations

from typing import Protocol

from watchfloor.base.errors import UserError
from watchfloor.base.registry import Registry
from watchfloor.world.motion import Trajectory

routes = Registry("world.route")
"""Kinds of planned routes: ``waypoints``, ``racetrack``, ``orbit``."""
traffic = Registry("world.traffic")
"""Kinds of traffic that is not planned mover by mover: ``recorded``."""


class RouteError(UserError, ValueError):
    """A route that cannot be flown as written; the message names the point, the limit and the remedy."""


class Route(Protocol):
    """One mover's planned motion.

    A kind is built as ``routes.make(config, places=..., card=...)``; its configuration offers ``top_speed_mps()``.
    """

    @property
    def trajectory(self) -> Trajectory:
        """Where the mover is, by time since it appeared."""
        ...


class Traffic(Protocol):
    """Many movers at once."""

    names: tuple[str, ...]
    """Name of each mover."""
    trajectories: tuple[Trajectory, ...]
    """Trajectory of each mover, by time since the scenario's epoch less its ``starts_s``."""
    starts_s: tuple[float, ...]
    """When each appears. [s]"""
    type: str
    """Catalogue type of all of them."""
    transponder: bool
    """Whether their transponders answer."""
