"""The learner as a whole: what a step keeps, what it leaves out."""

import numpy as np
import pytest
from pydantic import ValidationError

from tests.learn import scene
from watchfloor.base.picture import Looks, Tracks
from watchfloor.base.registry import kinds
from watchfloor.learn.grid import GridLearner, GridLearnerConfig
from watchfloor.learn.ledger import divergence_nats


def _taught(flying, seen):
    """Return what a new learner knows after one tick of looks."""
    one = scene.learner({"a": scene.card()})
    one.step(flying, seen)
    return one.knowledge


def test_the_kind_is_found_by_its_name():
    assert kinds("learn").config("grid") is GridLearnerConfig
    made = kinds("learn").make(
        GridLearnerConfig(), radars=[], environments=[], types=["a"], cards={"a": scene.card()}, knowledge=None
    )
    assert isinstance(made, GridLearner)


@pytest.mark.parametrize(
    "wrong", [{"field": {"cell_deg": 50.0}}, {"labels": {"visual": 1.0}}, {"pfa_ladder": (0.5,)}, {"cell_rad": 1}]
)
def test_a_setting_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(ValidationError):
        GridLearnerConfig(**wrong)


def test_radars_and_environments_come_one_a_sensor():
    with pytest.raises(ValueError, match="one radar and environment"):
        GridLearner(GridLearnerConfig(), radars=[None], environments=[], types=[], cards={})


def test_posteriors_stay_normalised_over_many_flights():
    rng = np.random.default_rng(1)
    one = scene.learner({"a": scene.card(), "b": scene.card(level=-20.0)})
    flying = scene.tracks(8, label=np.arange(8) % 2)
    for tick in range(6):
        power = scene.swerling1(rng, scene.snr_1m2(flying), 5)
        one.step(flying, scene.looks(flying, power, first_s=1.0 + 60.0 * tick))
        np.testing.assert_allclose(np.exp(one.knowledge.log_posterior).sum(axis=1), 1.0, atol=1e-9)
        if tick % 2:
            one.close_flight()
            np.testing.assert_allclose(np.exp(one.knowledge.log_posterior).sum(axis=1), 1.0, atol=1e-9)


def test_one_look_teaches_once():
    one = scene.learner({"a": scene.card()})
    flying = scene.inbound(3, label=0)
    seen = scene.looks(flying, np.full((3, 4), 60.0))
    first_identity, _ = one.step(flying, seen)
    first = one.knowledge
    again_identity, _ = one.step(flying, seen)
    again = one.knowledge
    assert np.array_equal(first.log_posterior, again.log_posterior)
    np.testing.assert_allclose(first_identity.probability, again_identity.probability, atol=1e-12)


def test_the_order_of_looks_in_the_table_does_not_matter():
    rng = np.random.default_rng(2)
    flying = scene.tracks(5, label=0)
    seen = scene.looks(flying, scene.swerling1(rng, 0.01 * scene.snr_1m2(flying), 6))
    shuffled = seen.take(rng.permutation(len(seen)))
    a, b = (_taught(flying, table) for table in (seen, shuffled))
    np.testing.assert_allclose(a.log_posterior, b.log_posterior, atol=1e-9)


def test_a_knowledge_table_handed_out_does_not_change_afterwards():
    one = scene.learner({"a": scene.card()})
    before = one.knowledge
    kept = before.log_posterior.copy()
    flying = scene.inbound(2, label=0)
    one.step(flying, scene.looks(flying, np.full((2, 3), 60.0)))
    after = one.knowledge
    assert np.array_equal(before.log_posterior, kept)
    assert not np.array_equal(after.log_posterior, kept)


def test_looks_of_a_strange_track_or_sensor_are_left_out():
    one = scene.learner({"a": scene.card()}, radars=[scene.radar(), None])
    flying = scene.inbound(2, label=0)
    before = one.knowledge.log_posterior
    seen = scene.looks(flying, np.full((2, 2), 60.0), sensor=1)
    one.step(flying, seen)
    strange = scene.looks(flying, np.full((2, 2), 60.0))
    one.step(flying, Looks(**{**dict(strange.items()), "track": strange.track + 500}))
    assert np.array_equal(one.knowledge.log_posterior, before)


def test_only_the_type_looked_at_changes_and_most_of_all_its_cell():
    one = scene.learner({"a": scene.card(cell_sigma_db=4.0), "b": scene.card(cell_sigma_db=4.0)})
    flying = scene.inbound(1, label=1)
    before = one.knowledge
    one.step(flying, scene.looks(flying, np.full((1, 3), 1e6)))
    after = one.knowledge
    moved = divergence_nats(after.log_posterior, before.log_posterior)
    mine = before.type == 1
    share = one.step(flying, Looks.empty())[0].probability[0]
    assert share[0] < 0.05
    assert moved[~mine].max() < 0.1 * moved[mine].min()
    assert np.argmax(moved) == 12  # type 1, nose-on cell
    assert moved[13] > moved[23]  # a neighbour learns more than the tail


def test_an_empty_tick_changes_nothing():
    one = scene.learner({"a": scene.card()})
    before = one.knowledge
    identities, known = one.step(Tracks.empty(1), Looks.empty())
    assert len(identities) == 0
    assert identities.probability.shape == (0, 2)
    assert one.knowledge is before
    np.testing.assert_array_equal(known.log_posterior, before.log_posterior)
    assert len(one.task(Tracks.empty(1), identities, until_s=10.0)) == 0


def test_port_and_starboard_share_a_cell():
    flying = scene.tracks(16)
    counts = np.bincount(scene.cells(flying), minlength=12)
    assert counts.max() <= 4
    one = scene.learner({"a": scene.card()}, border_sigmas=0.0)
    labelled = scene.tracks(16, label=0)
    one.step(labelled, scene.looks(labelled, np.full((16, 1), 60.0)))
    known = one.knowledge
    p = one.step(labelled, Looks.empty())[0].probability[:, 0]
    np.testing.assert_allclose(known.n_looks, np.bincount(scene.cells(flying), p, minlength=12), atol=1e-9)


def test_many_tracks_coming_and_going_leave_no_trace_in_the_pool():
    one = scene.learner({"a": scene.card()})
    for round_ in range(5):
        flying, ended = scene.tracks(40), scene.tracks(40, status=2)
        number = flying.number + 1000 * round_
        flying = Tracks(**{**dict(flying.items()), "number": number})
        ended = Tracks(**{**dict(ended.items()), "number": number})
        one.step(flying, scene.looks(flying, np.full((40, 3), 60.0)))
        one.step(ended, scene.looks(ended, np.empty((40, 0))))
    slots = one._slots
    assert int(slots.n_free[0]) == len(slots.own)
    assert len(set(slots.free[: slots.n_free[0]].tolist())) == len(slots.own)
    assert len(slots.last) == 64
