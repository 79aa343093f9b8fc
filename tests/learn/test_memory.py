"""What an owner keeps from flight to flight."""

from __future__ import annotations

import numpy as np
import pytest

from tests.learn import scene
from watchfloor.base.picture import SIGMA_GRID_DBSM
from watchfloor.learn.field import FieldConfig, make_priors
from watchfloor.learn.memory import Memory, MemoryConfig
from watchfloor.learn.share import Evidence

PRIORS = make_priors(radars=[scene.radar()], types=["a"], cards={"a": scene.card()}, config=FieldConfig())


def flight(level_dbsm):
    """Ten looks at one cell that leave 5 dB."""
    return Evidence(
        sensor=np.array([0]),
        type=np.array([0]),
        aspect_rad=PRIORS.cells.azimuth_rad[:1],
        elevation_rad=PRIORS.cells.elevation_rad[:1],
        log_likelihood=-0.5 * ((SIGMA_GRID_DBSM - level_dbsm) / 5.0)[None] ** 2,
        n_looks=np.array([10.0]),
    )


@pytest.mark.parametrize("estimated", [False, True])
def test_flights_between_a_change_and_its_alarm_are_kept(estimated):
    memory = Memory(PRIORS, MemoryConfig(estimated=estimated, alarms_per_year=0.02))
    for month in range(1, 13):
        found = memory.take_in(float(month), flight(-15.0 if month <= 6 else 3.0))
        if found:
            break
    (one,) = found
    assert one.change.since_month == 6.0
    assert one.change.found_month > 7.0
    known = memory.knowledge(one.change.found_month)
    flights = one.change.found_month - one.change.since_month
    # where the half-life is estimated, the flights before the last have faded a little
    assert known.n_looks.sum() == pytest.approx(10.0 * flights, rel=0.06 if estimated else 1e-9)
