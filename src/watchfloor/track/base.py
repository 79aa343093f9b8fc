"""What every tracker offers, and the registry of its kinds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from watchfloor.base.columns import Columns
from watchfloor.base.picture import Looks, Plots, Tasks, Tracks
from watchfloor.base.registry import Registry
from watchfloor.base.units import FloatArray, IntArray

trackers = Registry("track")
"""Kinds of trackers."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Associations(Columns):
    """Which plot a tracker believes to belong to which track; one row a pair, sorted by time."""

    t_s: FloatArray
    """(n,) time of the plot. [s]"""
    sensor: IntArray
    """(n,) row of the sensor."""
    track: IntArray
    """(n,) track number."""
    probability: FloatArray
    """(n,) probability that the plot belongs to the track. [1]"""
    measurement: FloatArray
    """(n, 4) the plot's own: range, azimuth, elevation, range rate; NaN where not measured. [m, rad, rad, m/s]"""
    cov: FloatArray
    """(n, 4, 4) its error covariance."""
    innovation: FloatArray
    """(n, 4) measured less predicted, before the plot was used; NaN where not measured. [m, rad, rad, m/s]"""
    innovation_cov: FloatArray
    """(n, 4, 4) covariance of ``innovation``, the plot's error included."""
    snr_db: FloatArray
    """(n,) as in ``Plots``. [dB]"""

    @classmethod
    def empty(cls) -> Associations:
        """Return a table without rows."""
        return cls(
            t_s=np.empty(0),
            sensor=np.empty(0, np.int64),
            track=np.empty(0, np.int64),
            probability=np.empty(0),
            measurement=np.empty((0, 4)),
            cov=np.empty((0, 4, 4)),
            innovation=np.empty((0, 4)),
            innovation_cov=np.empty((0, 4, 4)),
            snr_db=np.empty(0),
        )


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
