"""Knowledge passed on: adds, waits, gets lost, is redacted, and never counts twice."""

import functools
from dataclasses import replace

import numpy as np
import pytest

from tests.learn import scene
from watchfloor.base.picture import SIGMA_GRID_DBSM, Knowledge
from watchfloor.learn.field import revised
from watchfloor.learn.levels import normalised
from watchfloor.learn.share import (
    Evidence,
    Listening,
    Network,
    coarsened,
    due,
    gain_nats,
    implied_evidence,
    pass_on,
    pooled,
    receive,
    redacted,
    relearn,
    thinned,
)
from watchfloor.scenario.model import LinkConfig

BANDS, TYPES = ("S", "X"), ("a", "b")


def link(sender="host", receiver="vendor", **changes):
    keys = {"name": f"{sender}-{receiver}", "delay_months": 0.0, "loss": 0.0} | changes
    return LinkConfig(sender=sender, receiver=receiver, **keys)


# ---- with the learner: cells that teach each other


def two_radars(**settings):
    cards = {"a": scene.card(cell_sigma_db=4.0), "b": scene.card(level=-15.0, cell_sigma_db=4.0)}
    return scene.learner(cards, radars=[scene.radar(), scene.radar(frequency_hz=10e9)], **settings)


def fly(one, seed, *, label=True, heading_rad=0.2, k=6):
    """Show ten aircraft to both radars; looks of seed's own dice, an hour's pause between seeds."""
    rng, radars = np.random.default_rng(seed), [scene.radar(), scene.radar(frequency_hz=10e9)]
    flying = scene.tracks(10, label=np.arange(10) % 2 if label else -1, heading_rad=heading_rad)
    for s in (0, 1):
        power = scene.swerling1(rng, 0.02 * scene.snr_1m2(flying, radars[s]), k)
        one.step(flying, scene.looks(flying, power, first_s=1.0 + 3600.0 * seed, sensor=s))
    return one


def flown(seed, **settings):
    return fly(two_radars(), seed, **settings)


def reviser(one):
    return functools.partial(revised, one._library.priors)


def apart(a, b):
    """Largest total variation between two tables of beliefs."""
    return float(0.5 * np.abs(np.exp(a.log_posterior) - np.exp(b.log_posterior)).sum(axis=1).max())


def test_a_receiver_with_the_same_prior_ends_where_the_sender_is():
    one = flown(1)
    got = receive(two_radars().knowledge, [one.evidence()], reviser(one))
    assert apart(got, one.knowledge) < 1e-9
    np.testing.assert_allclose(got.n_looks, one.knowledge.n_looks)


def test_evidence_of_two_flights_adds_in_any_order():
    a, b, revise = flown(2).evidence(), flown(3).evidence(), reviser(two_radars())
    start = flown(4).knowledge
    ab, ba = receive(start, [a, b], revise), receive(receive(start, [b], revise), [a], revise)
    assert apart(ab, ba) < 1e-3, "the field's approximation stops at a thousandth"
    np.testing.assert_allclose(np.exp(ab.log_posterior).sum(axis=1), 1.0, atol=1e-12)
    alone = receive(start, [a, b]), receive(receive(start, [b]), [a])
    assert apart(*alone) < 1e-9, "cells taken alone add exactly"


def test_evidence_is_of_one_flight_only():
    one = flown(5)
    first = one.evidence()
    one.close_flight()
    assert len(one.evidence()) == 0
    assert len(first) > 0


def test_a_posterior_gives_back_the_evidence_behind_it():
    one, prior = flown(12), two_radars().knowledge
    shown = replace(one.knowledge, log_evidence=prior.log_evidence)  # beliefs only
    implied = implied_evidence(shown, prior, reviser(one))
    got = reviser(one)(replace(prior, log_evidence=implied, n_looks=shown.n_looks))
    assert apart(got, one.knowledge) < 5e-3
    # ratios alone count what neighbours taught once more in every cell
    ratio = np.where((shown.n_looks > 0.0)[:, None], shown.log_posterior - prior.log_posterior, 0.0)
    naive = reviser(one)(replace(prior, log_evidence=ratio, n_looks=shown.n_looks))
    assert gain_nats(prior, naive) > 1.1 * gain_nats(prior, one.knowledge)


def test_plots_teach_a_receiver_what_they_taught_the_sender():
    one = Listening(two_radars())
    fly(one, 13)
    ticks, told = list(one.ticks), one.evidence()
    got = relearn(two_radars(), thinned(ticks, link(passes="plots"), bands=BANDS, types=TYPES, rng=rng(0)))
    np.testing.assert_allclose(got.log_likelihood, told.log_likelihood, atol=1e-9)
    one.close_flight()
    assert one.ticks == []


def test_a_link_that_passes_plots_loses_looks_and_leaves_out_what_it_must():
    one = Listening(two_radars())
    fly(one, 14, k=50)
    ticks, n = list(one.ticks), 10 * 50 * 2
    lossy = thinned(ticks, link(passes="plots", loss=0.3), bands=BANDS, types=TYPES, rng=rng(1))
    kept = sum(len(looks) for _, looks in lossy)
    assert abs(kept - 0.7 * n) < 4.5 * np.sqrt(0.21 * n)
    no_x = thinned(ticks, link(passes="plots", without_bands=["X"]), bands=BANDS, types=TYPES, rng=rng(1))
    assert {s for _, looks in no_x for s in looks.sensor.tolist()} == {0}
    no_b = thinned(ticks, link(passes="plots", without_types=["b"]), bands=BANDS, types=TYPES, rng=rng(1))
    assert {n for _, looks in no_b for n in looks.track.tolist()} == set(range(10, 20, 2)), "even tracks are of type a"
    bare = thinned(ticks, link(passes="plots", without_labels=True), bands=BANDS, types=TYPES, rng=rng(1))
    assert all(np.all(tracks.label == -1) and np.all(tracks.address == -1) for tracks, _ in bare)
    labelled, unlabelled = relearn(two_radars(), ticks), relearn(two_radars(), bare)
    assert labelled.n_looks.min() < 0.5, "a cell that only aircraft of the other type have shown"
    assert unlabelled.n_looks.min() > 2.0, "who is unsure of the type teaches both"


def test_lost_looks_do_not_bias_what_is_learned():
    # 40 types, each looked at 40 times head-on, its level drawn from the prior; half the looks are lost
    dice, n = np.random.default_rng(15), 40
    flying = scene.inbound(n, label=np.arange(n))
    snr = scene.snr_1m2(flying)
    base = float(8.0 - 10.0 * np.log10(snr[0]))
    card = scene.card(level=base, offset=(-8.0, 0.0, 8.0))
    level = base + 8.0 / 1.2815515655446004 * dice.standard_normal(n)
    host = Listening(scene.learner({f"t{i}": card for i in range(n)}, label_reliability=1.0 - 1e-9))
    host.step(flying, scene.looks(flying, scene.swerling1(dice, snr * 10.0 ** (0.1 * level), 40)))
    passed = thinned(host.ticks, link(passes="plots", loss=0.5), bands=("S",), types=(), rng=rng(2))
    vendor = scene.learner({f"t{i}": card for i in range(n)}, label_reliability=1.0 - 1e-9)
    for tracks, looks in passed:
        vendor.step(tracks, looks)
    known = vendor.knowledge
    seen = known.n_looks > 0.0
    p = np.exp(known.log_posterior[seen])
    mean = p @ SIGMA_GRID_DBSM
    sd = np.sqrt(p @ SIGMA_GRID_DBSM**2 - mean**2)
    z = (mean - level[known.type[seen]]) / sd
    assert seen.sum() == n
    assert abs(z.mean()) < 4.0 / np.sqrt(n)
    assert abs((z**2).mean() - 1.0) < 4.0 * np.sqrt(2.0 / n)


# ---- on a small table: exact


def table(n_types=2, n_cells=4, *, sd_db=8.0, n_sensors=1):
    """Knowledge of independent cells at 0 dBsm, give or take ``sd_db``."""
    n = n_sensors * n_types * n_cells
    row = np.indices((n_sensors, n_types, n_cells)).reshape(3, -1)
    return Knowledge(
        sensor=row[0],
        type=row[1],
        aspect_rad=(row[2] + 0.5) * np.pi / n_cells,
        log_posterior=np.tile(normalised(-0.5 * (SIGMA_GRID_DBSM / sd_db) ** 2), (n, 1)),
        log_evidence=np.zeros((n, len(SIGMA_GRID_DBSM))),
        n_looks=np.zeros(n),
    )


def told(known, rows, measured_db, *, sd_db=3.0, looks=4.0):
    """Evidence of some rows of a table: normal measurements of their levels."""
    rows = np.atleast_1d(rows)
    log_likelihood = -0.5 * ((SIGMA_GRID_DBSM - np.broadcast_to(measured_db, rows.shape)[:, None]) / sd_db) ** 2
    return Evidence(
        sensor=known.sensor[rows],
        type=known.type[rows],
        aspect_rad=known.aspect_rad[rows],
        log_likelihood=log_likelihood,
        n_looks=np.full(len(rows), looks),
    )


def rng(seed, *_):
    return np.random.default_rng(seed)


def network(links, known, **options):
    return Network(
        links, prior=known, bands=BANDS, types=TYPES, rng=lambda name, sortie: rng([len(name), sortie]), **options
    )


def moments(known):
    p = np.exp(known.log_posterior)
    mean = p @ SIGMA_GRID_DBSM
    return mean, np.sqrt(p @ SIGMA_GRID_DBSM**2 - mean**2)


def test_multiplying_posteriors_counts_the_catalogue_twice_and_dividing_it_out_does_not():
    prior = table()
    # two owners who have seen nothing: their product claims to know more than the catalogue
    naive = normalised(prior.log_posterior + prior.log_posterior)
    assert moments(replace(prior, log_posterior=naive))[1][0] == pytest.approx(8.0 / np.sqrt(2.0), rel=1e-3)
    np.testing.assert_array_equal(implied_evidence(prior, prior), 0.0)
    # one who has: normal posterior of prior sd 8 and measurement sd 3
    sender = receive(prior, [told(prior, [0, 1], 6.0)])
    shown = replace(sender, log_evidence=prior.log_evidence)
    one = network([link(passes="posterior")], prior)
    one.fly("host", 0, month=1.0, evidence=told(prior, [0, 1], 6.0), knowledge=sender)
    one.until(2.0)
    mean, sd = moments(one.knowledge("vendor"))
    weight = 64.0 / (64.0 + 9.0)
    np.testing.assert_allclose(mean[:2], 6.0 * weight, atol=1e-3)
    np.testing.assert_allclose(sd[:2], np.sqrt(9.0 * weight), rtol=1e-3)
    twice = moments(replace(prior, log_posterior=normalised(prior.log_posterior + shown.log_posterior)))
    assert twice[1][0] < 0.96 * sd[0], "the fraud: surer than anybody has a right to be"
    assert twice[0][0] < mean[0] - 0.3, "and drawn towards the catalogue"


def test_a_later_posterior_of_a_sender_takes_the_place_of_the_earlier():
    prior = table()
    first, second = told(prior, 0, 6.0), told(prior, 1, -4.0)
    one, known = network([link(passes="posterior")], prior), prior
    for sortie, said in enumerate((first, second)):
        known = receive(known, [said])
        one.fly("host", sortie, month=1.0 + sortie, evidence=said, knowledge=known)
    one.until(9.0)
    assert apart(one.knowledge("vendor"), known) < 1e-9
    assert one.n_flights("vendor") == 2


def test_a_posterior_and_evidence_of_other_flights_add():
    prior = table()
    own, theirs = told(prior, 0, 6.0), told(prior, 0, 2.0)
    one = network([link("host", "vendor"), link("ally", "vendor", passes="posterior")], prior)
    one.fly("host", 0, month=1.0, evidence=own, knowledge=receive(prior, [own]))
    one.fly("ally", 0, month=1.0, evidence=theirs, knowledge=receive(prior, [theirs]))
    one.until(1.0)
    assert apart(one.knowledge("vendor"), receive(prior, [own, theirs])) < 1e-9


def test_knowledge_that_may_overlap_is_pooled_and_stays_honest():
    # 400 levels; two senders share one flight's measurement and have one more each; the truth is drawn from the prior
    n, dice = 400, np.random.default_rng(21)
    prior = table(n_types=n, n_cells=1)
    level = 8.0 * dice.standard_normal(n)
    common, mine, yours = (told(prior, np.arange(n), level + 3.0 * dice.standard_normal(n)) for _ in range(3))
    a, b = (x.log_likelihood + common.log_likelihood for x in (mine, yours))
    naive = replace(prior, log_posterior=normalised(prior.log_posterior + a + b))
    both = pooled(prior, a, b, np.full(n, 8.0), np.full(n, 8.0))
    exact = replace(prior, log_posterior=normalised(prior.log_posterior + a + b - common.log_likelihood))
    z2 = {}
    for name, known in (("naive", naive), ("pooled", both), ("exact", exact)):
        mean, sd = moments(known)
        z2[name] = float((((mean - level) / sd) ** 2).mean())
    band = 4.0 * np.sqrt(2.0 / n)
    assert abs(z2["exact"] - 1.0) < band
    assert z2["naive"] > 1.0 + band, "counting the common flight twice is overconfident"
    assert z2["pooled"] < 1.0 + band
    assert moments(both)[1].mean() <= moments(receive(prior, [common]))[1].mean() + 1e-9


def test_an_undeclared_prior_is_not_multiplied_in():
    prior = table()
    sharp = replace(table(sd_db=4.0), n_looks=np.full(len(prior), 1.0))  # somebody's own, sharper prior, nothing seen
    own = told(prior, 0, 6.0)
    links = [link("ally", "vendor"), link(passes="posterior", declares_prior=False)]
    one = network(links, prior)
    one.fly("ally", 0, month=0.5, evidence=own, knowledge=receive(prior, [own]))
    one.fly("host", 0, month=1.0, evidence=own, knowledge=sharp)
    one.until(1.0)
    _, sd = moments(one.knowledge("vendor"))
    product = moments(replace(prior, log_posterior=normalised(sharp.log_posterior + own.log_likelihood[0])))[1][0]
    assert sd[0] > product + 0.2
    assert sd[0] <= max(4.0, moments(receive(prior, [own]))[1][0]) + 1e-6, "not worse than the better of the two"


def test_a_flight_counts_once_however_many_ways_it_comes():
    prior, said = table(), told(table(), [0, 2], 5.0)
    ways = [link("host", "a"), link("host", "b"), link("a", "end"), link("b", "end"), link("end", "host")]
    one = network(ways, prior)
    one.fly("host", 0, month=1.0, evidence=said, knowledge=receive(prior, [said]))
    one.until(5.0)
    assert apart(one.knowledge("end"), receive(prior, [said])) < 1e-12
    sent = one.transfers()
    to_end = np.isin(sent.link, [2, 3])
    assert np.sort(sent.nats_gained[to_end])[0] == 0.0, "the second copy teaches nothing"
    assert np.sort(sent.nats_gained[to_end])[1] == pytest.approx(gain_nats(prior, receive(prior, [said])))
    assert not np.any(sent.link == 4), "nothing goes back to where it came from"
    np.testing.assert_array_equal(sent.hop, [1, 1, 2, 2])


def test_readers_of_the_same_looks_count_once():
    prior = table()
    one = network([link("host", "vendor")], prior)
    held = one._holdings("vendor")
    first = held.take_evidence(("host", 3), "host", told(prior, 0, 5.0))
    again = held.take_evidence(("host", 3), "ally", told(prior, 1, 4.0))
    other = held.take_evidence(("host", 4), "ally", told(prior, 1, 4.0))
    assert [len(first), len(again), len(other)] == [1, 0, 1]


def test_several_links_in_a_row_delay_lose_and_account():
    prior = table()
    links = [
        link("host", "vendor", delay_months=1.0),
        link("vendor", "site", delay_months=2.0, without_types=["b"]),
        link("vendor", "lost", loss=1.0),
        link("host", "cut", enabled=False),
        link("host", "mute", passes="nothing"),
    ]
    one, known = network(links, prior), prior
    for sortie in range(3):
        said = told(prior, [0, 4], 5.0 - sortie)  # a cell of type a and one of type b
        known = receive(known, [said])
        one.fly("host", sortie, month=1.0 + sortie, evidence=said, knowledge=known)
    one.until(4.0)
    assert apart(one.knowledge("vendor"), known) < 1e-9
    assert one.n_flights("site") == 1, "flown in month 1, there in month 4"
    assert one.n_flights("lost") == one.n_flights("cut") == one.n_flights("mute") == 0
    sent = one.transfers()
    assert set(sent.link.tolist()) == {0, 1, 2}
    first = sent.link == 0
    np.testing.assert_array_equal(sent.sortie[first], [0, 1, 2])
    np.testing.assert_allclose(sent.due_month[first] - sent.sent_month[first], 1.0)
    np.testing.assert_array_equal(sent.arrived[sent.link == 1], [1, 0, 0])
    assert np.all(np.isnan(sent.due_month[sent.link == 2]))
    assert np.all(sent.nats_gained[sent.link == 2] == 0.0)
    on = sent.link == 1
    np.testing.assert_allclose(sent.nats_sent[on], 0.5 * sent.nats_offered[on], rtol=0.2, err_msg="half is left out")
    np.testing.assert_allclose(sent.n_looks[on], 0.5 * sent.n_looks[first], rtol=1e-12)
    gained = sent.nats_gained[first]
    assert gained[0] > gained[1] > gained[2] > 0.0, "each flight teaches less than the one before"
    np.testing.assert_allclose(gained[0], sent.nats_sent[first][0], rtol=1e-9)
    one.until(9.0)
    assert one.n_flights("site") == 3
    known_a = known.type == 0
    mean, sd = moments(one.knowledge("site"))
    np.testing.assert_allclose(mean[known_a], moments(known)[0][known_a], atol=1e-9)
    np.testing.assert_allclose(sd[~known_a], 8.0, rtol=1e-3, err_msg="type b was left out")


def test_a_network_loses_as_often_as_a_link_says_and_the_same_flights_for_the_same_dice():
    prior, said = table(), told(table(), 0, 5.0)
    lost = []
    for _ in range(2):
        one = network([link(loss=0.3)], prior, account=False)
        for sortie in range(400):
            one.fly("host", sortie, month=float(sortie), evidence=said, knowledge=prior)
        lost.append(np.isnan(one.transfers().due_month))
    np.testing.assert_array_equal(*lost)
    assert abs(lost[0].mean() - 0.3) < 4.0 * np.sqrt(0.21 / 400)


def test_plots_on_a_link_need_somebody_who_reads_them():
    with pytest.raises(ValueError, match="Network needs learner"):
        network([link(passes="plots")], table())


def test_plots_go_on_and_every_receiver_reads_them_itself():
    host = Listening(two_radars())
    fly(host, 16)
    links = [link(passes="plots", loss=0.2), link("vendor", "site", passes="plots", without_bands=["X"])]
    one = Network(
        links,
        prior=two_radars().knowledge,
        bands=BANDS,
        types=TYPES,
        rng=lambda name, sortie: rng([len(name), sortie]),
        revise=reviser(host),
        learner=lambda owner, known: two_radars(knowledge=known),
    )
    assert one.wants_ticks
    one.fly("host", 0, month=1.0, evidence=host.evidence(), knowledge=host.knowledge, ticks=list(host.ticks))
    one.until(1.0)
    sent = one.transfers()
    assert np.all(sent.arrived == 1)
    np.testing.assert_array_equal(sent.hop, [1, 2])
    ratio = sent.n_looks / host.evidence().n_looks.sum()
    assert 0.65 < ratio[0] < 0.95, "a fifth of the looks is lost"
    assert 0.3 < ratio[1] < 0.6, "and one of two radars left out"
    assert one.knowledge("site").n_looks[one.knowledge("site").sensor == 1].sum() == 0.0
    assert gain_nats(one._prior, one.knowledge("vendor")) > gain_nats(one._prior, one.knowledge("site")) > 0.0


# ---- redaction


def test_bands_and_types_are_left_out():
    known = table(n_sensors=2)
    said = told(known, np.arange(len(known)), 5.0)
    no_x = redacted(said, link(without_bands=["X"]), bands=BANDS, types=TYPES)
    assert set(no_x.sensor.tolist()) == {0}
    no_a = redacted(said, link(without_types=["a"]), bands=BANDS, types=TYPES)
    assert set(no_a.type.tolist()) == {1}
    whole = redacted(said, link(), bands=BANDS, types=TYPES)
    assert len(whole) == len(said)


def test_a_row_of_a_hidden_cell_says_what_the_exact_sum_over_cells_says():
    prior = table(n_types=1, n_cells=4)
    shifted = replace(
        prior,
        log_posterior=normalised(-0.5 * ((SIGMA_GRID_DBSM - np.array([[-10.0], [4.0], [0.0], [0.0]])) / 5.0) ** 2),
    )
    hidden = coarsened(told(prior, 1, 6.0), 0.5 * np.pi)
    np.testing.assert_allclose(hidden.aspect_rad, 0.25 * np.pi)
    got = receive(shifted, [hidden])
    # brute force over both cells of the sector: p(x0) p(x1) (L(x0) + L(x1)) / 2, summed over the other
    p0, p1 = np.exp(shifted.log_posterior[:2])
    row = np.exp(hidden.log_likelihood[0])
    joint = p0[:, None] * p1[None, :] * 0.5 * (row[:, None] + row[None, :])
    joint /= joint.sum()
    np.testing.assert_allclose(np.exp(got.log_posterior[0]), joint.sum(axis=1), atol=1e-12)
    np.testing.assert_allclose(np.exp(got.log_posterior[1]), joint.sum(axis=0), atol=1e-12)
    np.testing.assert_array_equal(got.log_posterior[2:], normalised(shifted.log_posterior[2:]))
    assert got.n_looks.sum() == pytest.approx(4.0)
    assert got.n_looks[1] > 10.0 * got.n_looks[0], "the cell that fits earns the looks"


def test_hiding_the_cell_teaches_less_and_the_cell_told_later_takes_its_place():
    prior = table(n_types=1, n_cells=4)
    said = told(prior, [0, 1], np.array([7.0, -7.0]))
    links = [link(coarsen_deg=90.0), link("host", "ally", delay_months=1.0), link("ally", "vendor")]
    one = network(links, prior)
    one.fly("host", 0, month=1.0, evidence=said, knowledge=receive(prior, [said]))
    one.until(1.0)
    hidden, whole = gain_nats(prior, one.knowledge("vendor")), gain_nats(prior, receive(prior, [said]))
    assert 0.0 < hidden < 0.7 * whole
    sent = one.transfers()
    assert sent.nats_sent[0] < 0.7 * sent.nats_offered[0]
    one.until(2.0)  # the ally's copy is not redacted
    assert apart(one.knowledge("vendor"), receive(prior, [said])) < 1e-9
    late = network([link("host", "vendor"), link("host", "ally", coarsen_deg=90.0), link("ally", "vendor")], prior)
    late.fly("host", 0, month=1.0, evidence=said, knowledge=receive(prior, [said]))
    late.until(3.0)
    assert apart(late.knowledge("vendor"), receive(prior, [said])) < 1e-9, "what is known in full is not blurred again"


def test_a_sector_is_at_least_as_wide_as_the_cell_it_hides():
    said = told(table(), [0, 1, 2, 3], 0.0)
    wide = coarsened(said, np.deg2rad(60.0))
    assert np.all(np.abs(wide.aspect_rad - said.aspect_rad) <= 0.5 * wide.width_rad + 1e-9)
    again = coarsened(wide, np.deg2rad(30.0))
    np.testing.assert_array_equal(again.aspect_rad, wide.aspect_rad, "what is hidden is not told apart again")
    with pytest.raises(ValueError, match="width_rad must be above 0"):
        coarsened(said, 0.0)


# ---- parcels


def test_a_parcel_arrives_when_its_delay_is_over():
    evidence = told(table(), 0, 1.0)
    dice = rng(0)
    parcels = [pass_on(evidence, month=m, delay_months=6.0, loss=0.0, rng=dice) for m in (1.0, 2.0, 3.0)]
    arrived, waiting = due([p for p in parcels if p], 8.0)
    assert len(arrived) == 2
    assert [p.due_month for p in waiting] == [9.0]
    assert due([p for p in parcels if p], 6.9)[0] == []


def test_a_link_loses_as_often_as_it_says_and_draws_one_number_a_flight():
    evidence = told(table(), 0, 1.0)
    dice, twin = np.random.default_rng(8), np.random.default_rng(8)
    n = 2000
    lost = sum(pass_on(evidence, month=0.0, delay_months=0.0, loss=0.3, rng=dice) is None for _ in range(n))
    assert abs(lost / n - 0.3) < 4.0 * np.sqrt(0.3 * 0.7 / n)
    for _ in range(n):
        assert pass_on(evidence, month=0.0, delay_months=0.0, loss=0.0, rng=twin) is not None
    assert dice.random() == twin.random()
    assert pass_on(evidence, month=0.0, delay_months=0.0, loss=1.0, rng=dice) is None


def test_nothing_received_changes_nothing():
    start = table()
    np.testing.assert_allclose(receive(start, []).log_posterior, start.log_posterior, atol=1e-12)


def test_evidence_that_does_not_fit_is_refused():
    start, evidence = table(), told(table(), [0, 1], 3.0)
    columns = dict(evidence.items())
    with pytest.raises(ValueError, match=r"sensor row 4, .*receiver's knowledge does not have"):
        receive(start, [Evidence(**{**columns, "sensor": evidence.sensor + 4})])
    with pytest.raises(ValueError, match=r"configuration 1, .*receiver's knowledge does not have"):
        receive(start, [Evidence(**{**columns, "configuration": np.ones(2, int)})])
    with pytest.raises(ValueError, match="receiver's knowledge does not have"):
        receive(start, [coarsened(Evidence(**{**columns, "type": evidence.type + 9}), 1.0)])
    with pytest.raises(ValueError, match="5 levels"):
        receive(start, [Evidence(**{**columns, "log_likelihood": evidence.log_likelihood[:, :5]})])
    with pytest.raises(ValueError, match="loss in 0 to 1"):
        pass_on(evidence, month=0.0, delay_months=0.0, loss=2.0, rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match="must have the same rows"):
        implied_evidence(start, table(n_types=3))
