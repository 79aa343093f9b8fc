"""Evidence passed on: adds, waits, gets lost, and never counts twice."""

import numpy as np
import pytest

from tests.learn import scene
from watchfloor.learn.share import Evidence, due, pass_on, receive


def flown(seed, **settings):
    rng = np.random.default_rng(seed)
    one = scene.learner({"a": scene.card(), "b": scene.card(level=-15.0)}, **settings)
    flying = scene.tracks(10, label=np.arange(10) % 2)
    one.step(flying, scene.looks(flying, scene.swerling1(rng, 0.02 * scene.snr_1m2(flying), 6)))
    return one


def test_a_receiver_with_the_same_prior_ends_where_the_sender_is():
    one = flown(1)
    start = scene.learner({"a": scene.card(), "b": scene.card(level=-15.0)}).knowledge
    got = receive(start, [one.evidence()])
    np.testing.assert_allclose(got.log_posterior, one.knowledge.log_posterior, atol=1e-9)
    np.testing.assert_allclose(got.n_looks, one.knowledge.n_looks)


def test_evidence_of_two_flights_adds_in_any_order():
    a, b = flown(2).evidence(), flown(3).evidence()
    start = flown(4).knowledge
    ab, ba = receive(start, [a, b]), receive(receive(start, [b]), [a])
    np.testing.assert_allclose(ab.log_posterior, ba.log_posterior, atol=1e-9)
    np.testing.assert_allclose(np.exp(ab.log_posterior).sum(axis=1), 1.0, atol=1e-12)


def test_evidence_is_of_one_flight_only():
    one = flown(5)
    first = one.evidence()
    one.close_flight()
    assert len(one.evidence()) == 0
    assert len(first) > 0


def test_a_parcel_arrives_when_its_delay_is_over():
    rng = np.random.default_rng(0)
    evidence = flown(6).evidence()
    parcels = [pass_on(evidence, month=m, delay_months=6.0, loss=0.0, rng=rng) for m in (1.0, 2.0, 3.0)]
    arrived, waiting = due([p for p in parcels if p], 8.0)
    assert len(arrived) == 2
    assert [p.due_month for p in waiting] == [9.0]
    assert due([p for p in parcels if p], 6.9)[0] == []


def test_a_link_loses_as_often_as_it_says_and_draws_one_number_a_flight():
    evidence = flown(7).evidence()
    rng, twin = np.random.default_rng(8), np.random.default_rng(8)
    n = 2000
    lost = sum(pass_on(evidence, month=0.0, delay_months=0.0, loss=0.3, rng=rng) is None for _ in range(n))
    assert abs(lost / n - 0.3) < 4.0 * np.sqrt(0.3 * 0.7 / n)
    for _ in range(n):
        assert pass_on(evidence, month=0.0, delay_months=0.0, loss=0.0, rng=twin) is not None
    assert rng.random() == twin.random()
    assert pass_on(evidence, month=0.0, delay_months=0.0, loss=1.0, rng=rng) is None


def test_nothing_received_changes_nothing():
    start = flown(9).knowledge
    np.testing.assert_allclose(receive(start, []).log_posterior, start.log_posterior, atol=1e-12)


def test_evidence_that_does_not_fit_is_refused():
    start, evidence = flown(10).knowledge, flown(11).evidence()
    columns = dict(evidence.items())
    with pytest.raises(ValueError, match="receiver's knowledge does not have"):
        receive(start, [Evidence(**{**columns, "sensor": evidence.sensor + 4})])
    with pytest.raises(ValueError, match="5 levels"):
        receive(start, [Evidence(**{**columns, "log_likelihood": evidence.log_likelihood[:, :5]})])
    with pytest.raises(ValueError, match="loss in 0 to 1"):
        pass_on(evidence, month=0.0, delay_months=0.0, loss=2.0, rng=np.random.default_rng(0))
