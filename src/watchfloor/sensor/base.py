"""What a sensor is, which kinds exist, and several of them as one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from watchfloor.base.picture import Plots, Tasks
from watchfloor.base.registry import Registry
from watchfloor.base.truth import PlotOrigins, Truth
from watchfloor.physics.environment import Environment
from watchfloor.physics.radar import Radar
from watchfloor.sensor.resources import Load, steady_load

sensors = Registry("sensor")
"""Kinds of sensors, by the name that a scenario uses."""


class Sensor(Protocol):
    """Something that declares plots, and what others may know of it."""

    @property
    def name(self) -> str:
        """Name in the scenario."""
        ...

    @property
    def row(self) -> int:
        """Row in the run's sensor list."""
        ...

    @property
    def environment(self) -> Environment:
        """Where its antenna stands and what surrounds it; plots are polar about that place."""
        ...

    @property
    def radar(self) -> Radar | None:
        """The primary radar, None if it is none."""
        ...

    @property
    def period_s(self) -> float:
        """Time of one turn. [s]"""  # noqa: D400, D415
        ...

    @property
    def phase_rad(self) -> float:
        """Azimuth of the beam at time 0; at t it points to ``phase + 2 pi t / period``. [rad]"""  # noqa: D400, D415
        ...

    def observe(self, truth: Truth, tasks: Tasks, *, until_s: float) -> tuple[Plots, PlotOrigins]:
        """Return the plots of the tick that ends at ``until_s``, sorted by time, then range, and what caused them."""
        ...


class SensorSuite:
    """All sensors that are switched on, as one."""

    def __init__(self, sensors: Sequence[Sensor]) -> None:
        self.sensors = tuple(sensors)
        self._since_s = self._until_s = 0.0

    def observe(self, truth: Truth, tasks: Tasks, *, until_s: float) -> tuple[Plots, PlotOrigins]:
        """Return every sensor's plots of one tick, sorted by time, then range; arguments as in `Sensor.observe`."""
        self._since_s, self._until_s = self._until_s, until_s
        pairs = [sensor.observe(truth, tasks, until_s=until_s) for sensor in self.sensors]
        if not pairs:
            return Plots.empty(), PlotOrigins(mover=np.empty(0, np.int64), n_merged=np.empty(0, np.int64))
        if len(pairs) == 1:
            return pairs[0]
        plots = Plots.concat([plots for plots, _ in pairs])
        origins = PlotOrigins.concat([origins for _, origins in pairs])
        order = np.lexsort((plots.measurement[:, 0], plots.t_s))
        return plots.take(order), origins.take(order)

    def load(self) -> Load:
        """Return what the radars that send have spent their time and energy on in the last tick."""
        parts = []
        for sensor in self.sensors:
            own = getattr(sensor, "load", None)
            if own is not None:
                parts.append(own)
            elif sensor.radar is not None:
                parts.append(steady_load(sensor.radar, sensor.row, self._since_s, self._until_s))
        return Load.concat(parts) if parts else Load.empty()

    def done(self, tasks: Tasks) -> Tasks:
        """Return the tasks of the last tick as they were carried out; see `phased.PhasedArray.done`."""
        for sensor in self.sensors:
            carried_out = getattr(sensor, "done", None)
            if carried_out is not None:
                tasks = carried_out(tasks)
        return tasks
