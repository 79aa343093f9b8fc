"""A study's links: parcels' gains add up to what their receiver knows, and receivers of plots have no survey."""

from pathlib import Path

import numpy as np
import pytest

from watchfloor.base.picture import SIGMA_GRID_DBSM
from watchfloor.base.streams import Streams
from watchfloor.learn.share import Evidence, receive
from watchfloor.run.mission import build, draw
from watchfloor.scenario.load import load
from watchfloor.study.sharing import Solver, network_of

SMALL = Path(__file__).with_name("small.yaml")


@pytest.fixture(scope="module")
def stage():
    """Return scenario, what is drawn, prior, priors and streams of the small study."""
    scenario, streams = load(SMALL).scenario, Streams(7)
    drawn = draw(scenario, streams)
    learner = build(scenario, scenario.mission, drawn=drawn, streams=streams).learner
    return scenario, {"drawn": drawn, "prior": learner.knowledge, "priors": learner.priors, "streams": streams}


def told(prior, rows, measured_dbsm):
    """Evidence of some rows: normal measurements, good to 3 dB."""
    one = -0.5 * ((SIGMA_GRID_DBSM - np.asarray(measured_dbsm)[:, None]) / 3.0) ** 2
    names = ("sensor", "type", "configuration", "aspect_rad", "elevation_rad")
    keys = {name: getattr(prior, name)[rows] for name in names}
    return Evidence(**keys, log_likelihood=one, n_looks=np.full(len(rows), 3.0))


def test_gains_of_parcels_add_up_to_what_the_receiver_knows(stage):
    scenario, place = stage
    one, prior = network_of(scenario, **place), place["prior"]
    known = prior
    for sortie, rows in enumerate(([0, 1, 40], [1, 2], [40, 3])):
        said = told(prior, rows, np.linspace(-20.0, -10.0, len(rows)))
        known = receive(known, [said], one._revise)
        one.fly("host", sortie, month=sortie + 1.0, evidence=said, knowledge=known)
    one.until(9.0)
    sent = one.transfers()
    assert np.all(sent.arrived == 1)
    np.testing.assert_allclose(sent.nats_gained[0], sent.nats_sent[0], atol=1e-3)
    whole = Solver(place["priors"]).gain(prior, one.knowledge("vendor"))
    np.testing.assert_allclose(sent.nats_gained.sum(), whole, atol=1e-3)
    assert whole > 1.0
    assert Solver(place["priors"]).gain(known, one.knowledge("vendor")) == pytest.approx(0.0, abs=1e-3)


def test_what_is_known_already_teaches_less(stage):
    scenario, place = stage
    one, prior = network_of(scenario, **place), place["prior"]
    for sortie in range(2):  # the same measurement twice
        said = told(prior, [5], [-15.0])
        one.fly("host", sortie, month=sortie + 1.0, evidence=said, knowledge=prior)
    one.until(9.0)
    first, second = one.transfers().nats_gained
    assert first > 2.0 * second > 0.0


def test_a_network_without_accounts_knows_the_same(stage):
    scenario, place = stage
    said = told(place["prior"], [0, 7], [-12.0, -18.0])
    both = []
    for account in (True, False):
        one = network_of(scenario, **place, account=account)
        one.fly("host", 0, month=1.0, evidence=said, knowledge=place["prior"])
        one.until(2.0)
        both.append(one)
    np.testing.assert_array_equal(both[0].knowledge("vendor").log_posterior, both[1].knowledge("vendor").log_posterior)
    assert np.isnan(both[1].transfers().nats_gained).all()
    assert not np.isnan(both[0].transfers().nats_gained).any()
