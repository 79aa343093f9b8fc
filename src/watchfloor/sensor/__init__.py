"""Sensors: from truth to plots.

What comes in: one tick's ``Truth``, and ``Tasks`` (gates in which a radar may lower its threshold). What goes out:
``Plots`` and, for records only, ``PlotOrigins``. Kinds: ``rotating`` (surveillance radar at measurement level) and
``secondary`` (interrogator that hears transponders). Radars are built from catalogue cards by `card.radar_from`.

To add a kind: one file with its ``Config`` and a class that has ``observe`` (see `base.Sensor`), decorated with
``@sensors.register``, and one import line here.
"""

from watchfloor.sensor import rotating, secondary
from watchfloor.sensor.base import Sensor, SensorSuite, sensors

__all__ = ["Sensor", "SensorSuite", "rotating", "secondary", "sensors"]
