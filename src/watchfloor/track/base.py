"""What every tracker offers, and the registry of its kinds."""

from __future__ import annotations

from typing import Protocol

from watchfloor.base.picture import Looks, Plots, Tasks, Tracks
from watchfloor.base.registry import Registry

trackers = Registry("track")
"""Kinds of trackers."""


class Tracker(Protocol):
    """From plots to tracks. It knows its sensors (place, accuracy, rotation) and nothing of the truth."""

    def step(self, plots: Plots, tasks: Tasks, *, until_s: float) -> tuple[Tracks, Looks]:
        """Take the plots of one tick.

        Parameters
        ----------
        plots : Plots
            What the sensors declared since the step before, in any order.
        tasks : Tasks
            What the radars were asked in this tick: thresholds and expected detection probabilities.
        until_s : float
            End of the tick. [s]

        Returns
        -------
        tracks : Tracks
            Every live track, and once each track that ended, sorted by number.
        looks : Looks
            Each time a primary radar's beam passed a confirmed track.
        """
        ...
