"""The world: everything that moves, one tick at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from watchfloor.base.registry import nearest
from watchfloor.base.truth import Effects, Outcome, Truth
from watchfloor.base.units import BoolArray, FloatArray, IntArray
from watchfloor.physics.frames import Place
from watchfloor.scenario.cards import TypeCard
from watchfloor.scenario.model import MoverConfig, PhaseConfig
from watchfloor.world import _kernels
from watchfloor.world.base import RouteError, routes, traffic
from watchfloor.world.motion import Trajectory

_ADDRESSES = 1 << 24


def build_world(
    phase: PhaseConfig,
    *,
    places: Mapping[str, Place],
    cards: Mapping[str, TypeCard],
    knot_s: float,
    traffic_file: Path | None = None,
) -> World:
    """Build the world of a phase: its movers sorted by name, then its recorded flights.

    A mover's number decides which dice it meets, so it comes from the name and not from the place in the file.

    Parameters
    ----------
    phase : PhaseConfig
        Who flies.
    places : mapping of str to Place
        Places that routes refer to.
    cards : mapping of str to TypeCard
        Types that movers may have.
    knot_s : float
        Largest spacing of the knots in ``Truth``. [s]
    traffic_file : Trajectory, optional
        Table of recorded flights, in place of the one that ``phase.traffic`` names.

    Returns
    -------
    World
        At time 0.

    Raises
    ------
    RouteError
        If a route cannot be flown by its mover's type; names mover, point and limit.
    DataError
        If the recorded flights cannot be read.
    """
    names, types, trajectories, starts_s = [], [], [], []
    declares, transponder, reflectors = [], [], []
    for mover in sorted(phase.movers, key=lambda one: one.name):
        names.append(mover.name)
        types.append(mover.type)
        trajectories.append(_trajectory(mover, places, cards))
        starts_s.append(mover.start_s)
        declares.append(mover.declares or mover.type)
        transponder.append(mover.transponder)
        reflectors.append(mover.reflectors)
    if phase.traffic is not None:
        flights = traffic.make(phase.traffic, file=traffic_file)
        if flights.type not in cards:
            raise RouteError(f"traffic: no type {flights.type!r} in this scenario{nearest(flights.type, cards)}")
        names.extend(flights.names)
        types.extend([flights.type] * len(flights.names))
        trajectories.extend(flights.trajectories)
        starts_s.extend(flights.starts_s)
        declares.extend([flights.type] * len(flights.names))
        transponder.extend([flights.transponder] * len(flights.names))
        reflectors.extend([False] * len(flights.names))
    return World(
        names=names,
        types=types,
        trajectories=trajectories,
        starts_s=starts_s,
        declares=declares,
        transponder=transponder,
        reflectors=reflectors,
        knot_s=knot_s,
    )


class World:
    """Everything that flies; ``step`` moves it on.

    Parameters
    ----------
    names, types : sequence of str
        Name and catalogue type of each of the n movers; names differ.
    trajectories : sequence of Trajectory
        Where each is, by time since it appears.
    starts_s : sequence of float
        When each appears. [s]
    transponder, reflectors : sequence of bool
        Whether its transponder answers, whether it wears its reflectors.
    declares : sequence of str, optional
        Type that each declares where it declares one; its own when left out.
    knot_s : float
        Largest spacing of knots. [s]
    """

    def __init__(
        self,
        *,
        names: Sequence[str],
        types: Sequence[str],
        trajectories: Sequence[Trajectory],
        starts_s: Sequence[float],
        transponder: Sequence[bool],
        reflectors: Sequence[bool],
        knot_s: float,
        declares: Sequence[str] | None = None,
    ) -> None:
        if not (np.isfinite(knot_s) and knot_s > 0.0):
            raise ValueError(f"knot_s must be above 0, got {knot_s!r}")
        n = len(names)
        if len(set(names)) != n:
            twice = next(name for i, name in enumerate(names) if name in names[:i])
            raise RouteError(f"two movers are called {twice!r}; rename one")
        self.names: tuple[str, ...] = tuple(names)
        self.types: tuple[str, ...] = tuple(types)
        self.declares: tuple[str, ...] = self.types if declares is None else tuple(declares)
        self.transponder: BoolArray = np.array(transponder, bool).reshape(n)
        self.reflectors: BoolArray = np.array(reflectors, bool).reshape(n)
        self.address: IntArray = addresses(self.names)
        self._knot_s = float(knot_s)
        self._t_s = 0.0
        self._mover = np.arange(n)
        self._start = np.array(starts_s, float).reshape(n)
        self._gone = np.full(n, np.inf)
        self._period = np.array([p.period_s for p in trajectories], float).reshape(n)
        self._offset = np.array([p.offset_s for p in trajectories], float).reshape(n)
        self._first = np.concatenate(([0], np.cumsum([len(p.t_s) for p in trajectories]))).astype(np.int64)
        self._t_knot = np.concatenate([np.empty(0), *(p.t_s for p in trajectories)])
        self._position = np.concatenate([np.empty((0, 3)), *(p.position_ecef_m for p in trajectories)])
        self._velocity = np.concatenate([np.empty((0, 3)), *(p.velocity_ecef_mps for p in trajectories)])
        last = np.zeros((1, 2))  # no interval starts at the last knot of a path
        self._bank = np.concatenate([np.empty((0, 2)), *(part for p in trajectories for part in (p.bank_rad, last))])

    @property
    def t_s(self) -> float:
        """Time reached so far. [s]"""
        return self._t_s

    def step(self, effects: Effects, *, until_s: float) -> Truth:
        """Move everything on.

        Parameters
        ----------
        effects : Effects
            Shots that ended since the step before; a mover that was killed is gone from the arrival on.
        until_s : float
            End of the tick, after the end of the one before. [s]

        Returns
        -------
        Truth
            Every mover at the knots of the tick, both ends included.

        Raises
        ------
        ValueError
            If ``until_s`` is not after the time reached so far.
        """
        if not until_s > self._t_s:
            raise ValueError(f"the world stands at {self._t_s!r} s and cannot step to {until_s!r}")
        for i in np.flatnonzero((effects.outcome == Outcome.KILL) & (effects.mover >= 0)):
            mover = effects.mover[i]
            self._gone[mover] = min(self._gone[mover], effects.arrival_s[i])
        k = int(np.ceil((until_s - self._t_s) / self._knot_s - 1e-9)) + 1
        times: FloatArray = np.linspace(self._t_s, until_s, max(k, 2))
        n, k = len(self.names), len(times)
        out, bank, present = np.empty((2, n, k, 3)), np.empty((n, k)), np.empty((n, k), bool)
        _kernels.move(
            self._first,
            self._t_knot,
            self._position,
            self._velocity,
            self._bank,
            self._start,
            self._period,
            self._offset,
            self._gone,
            times,
            out,
            bank,
            present,
        )
        self._t_s = float(until_s)
        t_s = np.empty((n, k))
        t_s[:] = times
        return Truth(
            mover=self._mover,
            t_s=t_s,
            position_ecef_m=out[0],
            velocity_ecef_mps=out[1],
            bank_rad=bank,
            present=present,
        )


def addresses(names: Sequence[str]) -> IntArray:
    """Cooperative address of each mover: 24 bits of a hash of its name; the next free one if taken. (n,)"""  # noqa: D400, D415
    taken: dict[int, None] = {}
    for name in names:
        address = int.from_bytes(hashlib.sha256(name.encode()).digest()[:3], "big")
        while address in taken:
            address = (address + 1) % _ADDRESSES
        taken[address] = None
    return np.array(list(taken), np.int64).reshape(len(taken))


def _trajectory(mover: MoverConfig, places: Mapping[str, Place], cards: Mapping[str, TypeCard]) -> Trajectory:
    if mover.type not in cards:
        raise RouteError(f"mover {mover.name!r}: no type {mover.type!r} in this scenario{nearest(mover.type, cards)}")
    try:
        return routes.make(mover.route, places=places, card=cards[mover.type]).trajectory
    except RouteError as err:
        raise RouteError(f"mover {mover.name!r} ({mover.type}): route.{err}") from err


def warm() -> None:
    """Compile or load the room's kernel: one step of a tiny world."""
    trajectory = Trajectory(
        t_s=np.array([0.0, 1.0]),
        position_ecef_m=np.array([[7e6, 0.0, 0.0], [7e6, 1.0, 0.0]]),
        velocity_ecef_mps=np.array([[0.0, 1.0, 0.0], [0.0, 1.0, 0.0]]),
        bank_rad=np.zeros((1, 2)),
    )
    world = World(
        names=["warm"],
        types=["none"],
        trajectories=[trajectory],
        starts_s=[0.0],
        transponder=[False],
        reflectors=[False],
        knot_s=1.0,
    )
    world.step(Effects.empty(), until_s=1.0)
