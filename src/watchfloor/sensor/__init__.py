"""Sensors: from truth to plots.

What comes in: one tick's ``Truth``, and ``Tasks`` (tracks to look at, and gates in which a radar may lower its
threshold). What goes out: ``Plots`` and, for records only, ``PlotOrigins``. Kinds: ``rotating`` (surveillance radar
that turns), ``phased`` (fixed face, search and track dwells under one time budget), ``staring`` (looks everywhere at
once), ``passive`` (receiver that uses another radar's pulses), ``secondary`` (interrogator that hears transponders) and
``observer`` (people with binoculars, who name what they see).
Radars are built from catalogue cards by `card.radar_from`; what they do with an echo is `receiver.Receiver`.

To add a kind: one file with its ``Config`` and a class that has ``observe`` (see `base.Sensor`), decorated with
``@sensors.register``, and one import line here.
"""

from watchfloor.sensor import observer, passive, phased, rotating, secondary, staring
from watchfloor.sensor.base import Sensor, SensorSuite, sensors

__all__ = ["Sensor", "SensorSuite", "observer", "passive", "phased", "rotating", "secondary", "sensors", "staring"]
