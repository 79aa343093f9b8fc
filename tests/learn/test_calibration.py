"""Whether beliefs mean what they say, over whole campaigns: levels, expected Pd, identity."""

import numpy as np

from tests.learn import flights
from watchfloor.scenario import catalog

NAMES = ("lo-fighter", "fighter", "uav")


def cards():
    return {name: catalog.types()[name] for name in NAMES}


def test_what_a_track_says_against_a_level_is_bounded_by_the_doubt_of_its_type_once_not_once_a_cell():
    rng = np.random.default_rng(31)
    own = flights.radars(S=1e6, X=1e7)  # one guessed shape for both: their levels hang together
    world = flights.World.drawn(cards(), own, rng)
    one = flights.learner(cards(), own)
    way = flights.paths(rng, 1, 600, range_m=(20e3, 30e3), turning=0.0)
    said = flights.fly(one, world, own, np.array([1]), way, rng, start_s=0.0, ticks=9, close=False)
    told = one.evidence()
    believed = said.identity[0]
    n_seen = 0
    for kind in range(3):
        rows = told.log_likelihood[told.type == kind]
        if believed[kind] > 1.0 - 1e-9 or len(rows) == 0:
            continue
        n_seen = max(n_seen, len(rows))
        assert rows.min(axis=1).sum() >= np.log1p(-believed[kind]) - 1e-9
    assert n_seen > 6  # several cells of both radars, of a type that is not certain
