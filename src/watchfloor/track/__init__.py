"""From plots to tracks: several sensors, one picture.

In: ``Plots`` and ``Tasks`` of a tick. Out: ``Tracks`` (every live track, and once each that ended) and ``Looks`` (what
each pass of a primary radar's beam over a confirmed track brought: the learner's evidence). A tracker knows its sensors
and never the truth.

Kinds: ``pmb`` (Poisson multi-Bernoulli: existence, hypotheses and models of motion are the filter's own; the
default); for comparison ``gnn`` (extended Kalman filter, global nearest neighbour, M-of-N start) and ``jpda`` (the same
with joint probabilistic data association); ``distributed`` (each site tracks by itself, a centre fuses). A new kind is
one file with a ``Config``, a class with ``step`` and ``@trackers.register``, and one line of import here.
``track_plots`` tracks recorded plots without a scenario; ``PmbTracker.over`` tracks in a flat frame of one's own.
"""

from watchfloor.track.base import Tracker, trackers
from watchfloor.track.distributed import DistributedTracker, DistributedTrackerConfig
from watchfloor.track.engine import Station
from watchfloor.track.gnn import GnnTracker, GnnTrackerConfig
from watchfloor.track.jpda import JpdaTracker, JpdaTrackerConfig
from watchfloor.track.pmb import PmbTracker, PmbTrackerConfig, Refusal
from watchfloor.track.recorded import plots_from_wgs84, track_plots
from watchfloor.track.trajectories import Trajectories

__all__ = [
    "DistributedTracker",
    "DistributedTrackerConfig",
    "GnnTracker",
    "GnnTrackerConfig",
    "JpdaTracker",
    "JpdaTrackerConfig",
    "PmbTracker",
    "PmbTrackerConfig",
    "Refusal",
    "Station",
    "Tracker",
    "Trajectories",
    "plots_from_wgs84",
    "track_plots",
    "trackers",
]
