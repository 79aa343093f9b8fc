"""Who moves how, and what radars would see of it.

In come a phase of the scenario, its places and type cards, and each tick the effects of the tick before; out goes
``Truth``. ``world.build_world`` makes a ``World``; ``signature`` turns a type card into the radar cross-section that
is true in one replicate.

Kinds of route (family ``world.route``): ``waypoints``, ``racetrack``, ``orbit``. Kinds of traffic (``world.traffic``):
``recorded``. A new kind of route is one file with its configuration (which has ``top_speed_mps()``), a class that is
built as ``Kind(config, places=..., card=...)`` and has a ``trajectory``, the decorator ``@routes.register``, and an
import here; ``motion.compile_trajectory`` turns legs and arcs into a trajectory.
"""

from __future__ import annotations

from watchfloor.world import routes, traffic
from watchfloor.world.world import warm

__all__ = ["routes", "traffic", "warm"]
