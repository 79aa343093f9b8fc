"""Summing up shots against a case counted by hand."""

import numpy as np

from watchfloor.assess.defence import defence
from watchfloor.base.truth import Effects, Outcome


def test_a_mission_counted_by_hand():
    outcome = np.array(
        [Outcome.MISS, Outcome.KILL, Outcome.NO_TARGET, Outcome.TRACK_LOST, Outcome.NOT_FIRED, Outcome.KILL]
    )
    n = len(outcome)
    effects = Effects(
        order=np.arange(n),
        launcher=np.zeros(n, np.int64),
        track=np.arange(n),
        mover=np.array([0, 0, -1, -1, -1, 9]),
        launch_s=np.array([20.0, 40.0, 40.0, 10.0, 5.0, 60.0]),
        arrival_s=np.array([50.0, 70.0, 70.0, 30.0, 5.0, 90.0]),
        range_m=np.array([4e4, 3e4, 3e4, 5e4, np.nan, 2e4]),
        pk=np.full(n, 0.5),
        draw=np.full(n, 0.4),
        outcome=outcome,
    )
    d = defence(effects, group=np.array([0, 1]))
    assert (d.n_shots, d.n_arrived, d.n_killed, d.n_leakers, d.n_others_killed) == (5, 2, 1, 1, 1)
    assert d.first_shot_range_m == 5e4
    np.testing.assert_allclose(d.p_survive, 0.5 * (0.25 + 1.0))
    assert sum(d.causes.values()) == n


def test_nothing_fired_is_survival():
    d = defence(Effects.empty(), group=np.array([0]))
    assert (d.n_shots, d.n_leakers, d.p_survive) == (0, 1, 1.0)
    assert np.isnan(d.first_shot_range_m)
