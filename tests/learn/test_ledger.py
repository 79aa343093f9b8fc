"""The ledger adds up."""

import numpy as np

from tests.learn import scene
from watchfloor.learn.ledger import divergence_nats, entropy_nats

N = 150


def flights(rng, *, n_flights, k):
    """Ledgers of flights at N types whose levels are drawn from the prior, with the learner at the end."""
    flying = scene.inbound(N, label=np.arange(N))
    snr = scene.snr_1m2(flying)
    base = float(15.0 - 10.0 * np.log10(snr[0]))
    card = scene.card(level=base, offset=(-8.0, 0.0, 8.0))
    one = scene.learner({f"t{i}": card for i in range(N)}, label_reliability=1.0 - 1e-9)
    level = base + 8.0 / 1.2815515655446004 * rng.standard_normal(N)
    rows = []
    for flight in range(n_flights):
        power = scene.swerling1(rng, snr * 10.0 ** (0.1 * level), k)
        one.step(flying, scene.looks(flying, power, first_s=1.0 + 1e3 * flight))
        rows.append(one.close_flight())
    return rows, one


def test_entropy_gained_adds_up_exactly_flight_by_flight():
    rng = np.random.default_rng(21)
    first = scene.learner({f"t{i}": scene.card() for i in range(1)}).knowledge
    assert np.all(entropy_nats(first.log_posterior) > 0.0)
    rows, one = flights(rng, n_flights=4, k=3)
    prior, posterior = one._library.prior[0, :, 0], one._library.start[0, :, 0]
    total = entropy_nats(prior) - entropy_nats(posterior)
    np.testing.assert_allclose(sum(r.entropy_nats for r in rows), total, atol=1e-8)
    np.testing.assert_allclose(rows[-1].total_nats, divergence_nats(posterior, prior), atol=1e-8)


def test_on_average_all_three_measures_are_the_mutual_information():
    # chain rule: the mean over truths of summed KL, of summed entropy and of total KL is one number
    rng = np.random.default_rng(22)
    rows, _ = flights(rng, n_flights=3, k=2)
    kl = sum(r.nats for r in rows)
    entropy = sum(r.entropy_nats for r in rows)
    total = rows[-1].total_nats
    for one, other in ((kl, entropy), (kl, total), (entropy, total)):
        gap = one - other
        assert abs(gap.mean()) < 4.0 * gap.std() / np.sqrt(N)
    assert kl.mean() > 1.0


def test_information_never_falls_below_nothing_and_counts_agree():
    rng = np.random.default_rng(23)
    rows, _ = flights(rng, n_flights=2, k=5)
    for flight in rows:
        assert np.all(flight.nats >= 0.0)
        assert len(flight) == N
        np.testing.assert_allclose(flight.n_looks, 5.0, rtol=1e-8)
        np.testing.assert_allclose(flight.n_hits + flight.n_misses, flight.n_looks)
        np.testing.assert_allclose(flight.n_labelled, flight.n_looks)
        np.testing.assert_allclose(flight.exposure_s, 50.0, rtol=1e-8)  # five turns of 10 s
        assert np.all(flight.n_effective <= flight.n_looks + 1e-12)


def test_a_flight_without_looks_has_an_empty_ledger():
    one = scene.learner({"a": scene.card()})
    assert len(one.close_flight()) == 0


def test_a_track_that_lives_on_keeps_its_identity_over_the_end_of_a_flight():
    one = scene.learner({"a": scene.card()}, knowledge=scene.sharp([0.0], sd_db=1.0))
    flying = scene.inbound(1)
    none = scene.looks(flying, np.empty((1, 0)))
    seen = scene.looks(flying, np.full((1, 12), float(scene.snr_1m2(flying)[0])))
    before = one.step(flying, seen)[0].probability
    one.close_flight()
    np.testing.assert_allclose(one.step(flying, none)[0].probability, before, atol=1e-12)
