"""Identity: exact error rates, an open list of types, labels, and no confirming of oneself."""

import numpy as np
import pytest

from tests.learn import scene
from tests.plain import learn as plain
from watchfloor.base.picture import Status
from watchfloor.learn import _kernels_identify
from watchfloor.learn.curves import mean_sd_dbsm

HIGH_SNR = 0.5  # a threshold that misses nothing of note: every look is a hit of known power


@pytest.mark.parametrize(("k", "error"), [(1, 0.26), (4, 0.091), (8, 0.028), (16, 0.0033)])
def test_two_types_six_decibels_apart_are_confused_as_often_as_theory_says(k, error):
    rng = np.random.default_rng(k)
    n = 3000
    one = scene.learner(
        {"low": scene.card(), "high": scene.card()}, knowledge=scene.sharp([0.0, 6.0], sd_db=0.01), p_other=1e-6
    )
    flying = scene.inbound(n)
    truth = np.arange(n) % 2
    power = scene.swerling1(rng, scene.snr_1m2(flying) * np.where(truth, 10.0**0.6, 1.0), k, pfa=HIGH_SNR)
    identities, _ = one.step(flying, scene.looks(flying, np.nan_to_num(power, nan=1e-3)))
    wrong = np.argmax(identities.probability[:, :2], axis=1) != truth
    # half a unit of the last digit quoted, and four standard deviations of the count
    tolerance = (0.005 if error > 0.1 else 0.0005) + 4.0 * np.sqrt(error * (1.0 - error) / n)
    assert abs(wrong.mean() - error) < tolerance


def test_probabilities_mean_what_they_say():
    # types and levels drawn from the learner's own prior: then E[p(truth)] = E[sum p^2], and P("other") is calibrated
    rng = np.random.default_rng(8)
    n, k = 3000, 6
    levels = np.array([-5.0, 0.0, 12.0])
    one = scene.learner(
        {f"t{i}": scene.card(level=level, offset=(-2.5631, 0.0, 2.5631)) for i, level in enumerate(levels)},
        p_other=0.2,
        other_sd_db=8.0,
    )
    flying = scene.inbound(n)
    truth = np.where(rng.random(n) < 0.2, 3, rng.integers(0, 3, n))
    level = np.append(levels, 0.0)[truth] + np.where(truth == 3, 8.0, 2.0) * rng.standard_normal(n)
    power = scene.swerling1(rng, scene.snr_1m2(flying) * 10.0 ** (0.1 * level), k)
    p = one.step(flying, scene.looks(flying, power))[0].probability
    assert np.isfinite(power).mean() > 0.9
    p_truth, expected = p[np.arange(n), truth], (p * p).sum(axis=1)
    assert abs((p_truth - expected).mean()) < 4.0 * (p_truth - expected).std() / np.sqrt(n)
    miss = (truth == 3) - p[:, 3]
    assert abs(miss.mean()) < 4.0 * miss.std() / np.sqrt(n)
    assert p_truth.mean() > 0.5


def test_a_stranger_far_from_every_type_is_called_other():
    rng = np.random.default_rng(9)
    one = scene.learner({"a": scene.card()}, knowledge=scene.sharp([0.0], sd_db=1.0), p_other=0.1)
    flying = scene.inbound(40)
    sigma = np.where(np.arange(40) < 20, 1.0, 10.0**1.5)
    power = scene.swerling1(rng, scene.snr_1m2(flying) * sigma, 16)
    p_other = one.step(flying, scene.looks(flying, power))[0].probability[:, 1]
    assert np.median(p_other[:20]) < 0.05
    assert p_other[20:].min() > 0.99


def test_rows_sum_to_one_and_follow_the_tracks():
    one = scene.learner({"a": scene.card(), "b": scene.card(level=20.0)})
    flying = scene.inbound(7)
    identities, _ = one.step(flying, scene.looks(flying, np.full((7, 3), 50.0)))
    assert identities.probability.shape == (7, 3)
    np.testing.assert_allclose(identities.probability.sum(axis=1), 1.0, atol=1e-12)
    assert np.array_equal(identities.track, flying.number)


def test_a_label_counts_with_its_reliability_and_rules_nothing_out():
    cards = {"a": scene.card(), "b": scene.card()}
    one = scene.learner(cards, label_reliability=0.98, p_other=0.2)
    p = one.step(scene.inbound(1, label=1), scene.looks(scene.inbound(1), np.empty((1, 0))))[0].probability[0]
    weight = np.array([0.4 * 0.01, 0.4 * 0.98, 0.2 * 0.01])
    np.testing.assert_allclose(p, weight / weight.sum(), rtol=1e-12)


def test_a_wrong_label_is_overruled_by_what_the_radar_sees():
    rng = np.random.default_rng(10)
    one = scene.learner({"a": scene.card(), "b": scene.card()}, knowledge=scene.sharp([0.0, 15.0], sd_db=1.0))
    flying = scene.inbound(1, label=0)
    power = scene.swerling1(rng, scene.snr_1m2(flying) * 10.0**1.5, 20)
    assert one.step(flying, scene.looks(flying, power))[0].probability[0, 1] > 0.9


def test_a_wrong_early_label_does_not_lock_in():
    # one flight under a false label, 25 dB too large, then right ones: each is judged by what is known until then, yet
    # knowledge comes back, for a doubtful flight never rules a level out for good
    rng = np.random.default_rng(12)
    one = scene.learner({"a": scene.card(offset=(-15.0, 0.0, 15.0))})
    flying = scene.inbound(1, label=0)
    snr = scene.snr_1m2(flying)

    def fly(level_db, flight):
        power = scene.swerling1(rng, snr * 10.0 ** (0.1 * level_db), 50)
        one.step(flying, scene.looks(flying, power, first_s=1.0 + 1e4 * flight))
        one.close_flight()
        one.forget_tracks()
        return mean_sd_dbsm(one.knowledge.log_posterior)[0][0]

    assert fly(15.0, 0) > 12.0
    for flight in range(1, 7):
        last = fly(-10.0, flight)
    assert abs(last - (-10.0)) < 1.0


def test_a_tenth_of_wrong_labels_leaves_the_level_where_it_is():
    rng = np.random.default_rng(120)
    one = scene.learner({"a": scene.card(offset=(-15.0, 0.0, 15.0))}, label_reliability=0.9)
    flying = scene.inbound(1, label=0)
    snr, wrong = scene.snr_1m2(flying), rng.random(30) < 0.1
    assert wrong.sum() >= 2
    for flight, strange in enumerate(wrong):
        power = scene.swerling1(rng, snr * 10.0 ** (0.1 * (12.0 if strange else -8.0)), 30)
        one.step(flying, scene.looks(flying, power, first_s=1.0 + 1e4 * flight))
        one.close_flight()
        one.forget_tracks()
    mean, sd = mean_sd_dbsm(one.knowledge.log_posterior)
    assert abs(mean[0] + 8.0) < 4.0 * max(sd[0], 4.343 / np.sqrt(30 * 27))


def test_what_a_tracks_own_looks_teach_is_not_used_to_recognise_it():
    rng = np.random.default_rng(13)
    cards = {"a": scene.card(), "b": scene.card(level=6.0)}
    eager = scene.learner(cards, teach_probability_min=1e-9)
    idle = scene.learner(cards, teach_probability_min=1.0 - 1e-12)
    flying = scene.inbound(5)
    for tick in range(4):
        power = scene.swerling1(rng, scene.snr_1m2(flying) * 3.0, 5)
        seen = scene.looks(flying, power, first_s=1.0 + 100.0 * tick)
        a, b = eager.step(flying, seen)[0], idle.step(flying, seen)[0]
        assert np.array_equal(a.probability, b.probability)
    assert len(eager.evidence()) > 0
    assert len(idle.evidence()) == 0


def test_an_unlabelled_track_teaches_each_type_as_far_as_it_is_held_to_be_that_type():
    rng = np.random.default_rng(14)
    one = scene.learner({"a": scene.card(), "b": scene.card()}, knowledge=scene.sharp([0.0, 20.0]))
    flying = scene.inbound(1)
    identities, _ = one.step(flying, scene.looks(flying, scene.swerling1(rng, scene.snr_1m2(flying), 10)))
    evidence = one.evidence()
    assert set(evidence.type) == {0}
    np.testing.assert_allclose(evidence.n_looks, 10.0 * identities.probability[0, 0], rtol=1e-9)


def test_looks_at_one_aspect_tell_what_to_expect_at_another():
    # a large common doubt: a track that shows +10 dB at the nose is expected to show as much more at the side
    cards = {"a": scene.card(offset=(-15.0, 0.0, 15.0), cell_sigma_db=2.0)}
    seen = []
    for extra_db in (-10.0, 10.0):
        rng = np.random.default_rng(15)
        one = scene.learner(cards, p_other=1e-6)
        flying = scene.inbound(1)
        power = scene.swerling1(rng, scene.snr_1m2(flying) * 10.0 ** (0.1 * extra_db), 30)
        identities, _ = one.step(flying, scene.looks(flying, power))
        side = scene.tracks(1, range_m=300e3, heading_rad=np.pi / 2.0)
        seen.append(one.task(side, identities, until_s=10.0).pd[0])
    assert seen[1] > seen[0] + 0.2


def test_kinematics_tell_types_apart_once_not_once_a_tick():
    slow, fast = scene.card(speed=(90, 100, 110)), scene.card(speed=(240, 250, 260))
    one = scene.learner({"slow": slow, "fast": fast}, kinematic_trust=0.9)
    flying = scene.inbound(1)
    none = scene.looks(flying, np.empty((1, 0)))
    first = one.step(flying, none)[0].probability[0]
    assert first[1] > 0.5 > 10.0 * first[0]
    after = []
    for t in range(1, 50):
        later = type(flying)(**{**dict(flying.items()), "t_s": np.full(1, 10.0 * t)})
        after.append(one.step(later, none)[0].probability[0])
    np.testing.assert_allclose(after[0], first, atol=0.01)  # now it is seen not to turn
    np.testing.assert_allclose(after[-1], after[0], atol=1e-9)


def test_a_number_that_has_ended_leaves_nothing_to_its_successor():
    one = scene.learner({"a": scene.card()}, knowledge=scene.sharp([0.0]))
    flying, ended = scene.inbound(1), scene.inbound(1, status=Status.DROPPED)
    fresh = one.step(flying, scene.looks(flying, np.empty((1, 0))))[0].probability
    one.step(flying, scene.looks(flying, np.full((1, 9), 1e6)))
    one.step(ended, scene.looks(flying, np.empty((1, 0))))
    again = one.step(flying, scene.looks(flying, np.empty((1, 0))))[0].probability
    np.testing.assert_allclose(again, fresh, atol=1e-12)


def test_a_type_is_not_favoured_for_its_length():
    # alike but for length: looks along one line are worth less of the short one, and must not say which it is
    rng = np.random.default_rng(21)
    cards = {"short": scene.card(length_m=5.0), "long": scene.card(length_m=60.0)}
    one = scene.learner(cards, attitude_deg=0.3, p_other=1e-6)
    flying = scene.inbound(1)
    power = scene.swerling1(rng, scene.snr_1m2(flying) * 3.0, 60)
    p = one.step(flying, scene.looks(flying, power))[0].probability[0]
    np.testing.assert_allclose(p[0], p[1], rtol=1e-9)


def test_how_a_track_flies_is_what_the_plain_formulas_say():
    rng = np.random.default_rng(16)
    flying = scene.tracks(40)
    root = rng.normal(size=(40, 6, 6)) * np.array([100.0] * 3 + [3.0] * 3)[:, None]
    velocity = rng.normal(size=(40, 3)) * 200.0
    cov = root @ root.transpose(0, 2, 1)
    out = np.empty((40, 6))
    _kernels_identify.manner(flying.position_ecef_m, velocity, cov, out)
    for i in range(40):
        np.testing.assert_allclose(out[i], plain.manner(flying.position_ecef_m[i], velocity[i], cov[i]), rtol=1e-7)
