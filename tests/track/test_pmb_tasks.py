"""What tasks do to the ``pmb`` tracker: noise that a lowered threshold lets through is expected noise."""

from dataclasses import replace

import numpy as np
import pytest

from tests.track.simulated import SITE, flights_from, make_radar, scan
from watchfloor.base.picture import Tasks
from watchfloor.track.pmb import PmbTracker, PmbTrackerConfig

PFA = 1e-6


def existence_of(pfa):
    """Existence after two plots of one aircraft whose threshold had this probability of false alarm."""
    config = PmbTrackerConfig(clutter="constant", births_per_scan=0.1, unseen_at_start=1.0, show_existence=1e-3)
    tracker = PmbTracker(config, places=[SITE], radars=[make_radar(pfa=PFA)], periods_s=[10.0], phases_rad=[0.0])
    flown, tracks = flights_from(80e3, 1.0, 0.5), None
    for number in range(2):
        plots = scan(flown, number, np.random.default_rng(number), pd=1.0)
        plots = replace(plots, pfa=np.full(len(plots), pfa))
        tracks, _ = tracker.step(plots, Tasks.empty(), until_s=10.0 * (number + 1))
    assert tracks is not None
    return float(tracks.existence.sum())


def test_plots_inside_a_tasks_gate_tell_less_of_a_new_target():
    own = existence_of(PFA)
    assert own > 0.9
    assert existence_of(1e-2) < 0.9 * own


@pytest.mark.parametrize("pfa", [np.nan, 1e-9])
def test_thresholds_that_are_unknown_or_higher_change_nothing(pfa):
    assert existence_of(pfa) == existence_of(PFA)
