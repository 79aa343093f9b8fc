"""Labels: what a declaration says, who is to be believed, and what silence is worth."""

from __future__ import annotations

import numpy as np
import pytest

from watchfloor.base.picture import LabelSource
from watchfloor.learn.labels import (
    LabelConfig,
    Reliability,
    answers_of,
    log_answer,
    log_label,
    log_labels,
    without_label,
)

TRUST = [0.98, 0.95, 0.8]


def test_a_label_is_right_as_often_as_its_source():
    n_types = 4
    for source in (LabelSource.TRANSPONDER, LabelSource.FLIGHT_PLAN, LabelSource.VISUAL):
        p = np.exp(log_label(np.array([2]), np.array([source]), n_types, TRUST))[0]
        # from an even prior over types and "other" the posterior is the reliability itself
        np.testing.assert_allclose(p[2] / p.sum(), TRUST[source])
        np.testing.assert_allclose(np.delete(p, 2), (1.0 - TRUST[source]) / n_types)


def test_the_model_of_labels_is_a_distribution():
    # known type: right, or one of the n - 1 others, or a type that is not on the list; "other": n wrong ones or its own
    n = 3
    p = np.exp(log_label(np.arange(n), np.full(n, 1), n, TRUST))  # (label, type)
    np.testing.assert_allclose(p[:, :n].sum(axis=0) + 0.05 / n, 1.0)
    np.testing.assert_allclose(p[:, n].sum() + 0.95, 1.0)


def test_nothing_declared_says_nothing():
    none = log_label(np.array([-1, 7]), np.array([-1, 0]), 3, TRUST)
    np.testing.assert_array_equal(none, np.zeros((2, 4)))
    assert log_label(np.array([-1]), np.array([-1]), 0, TRUST).shape == (1, 1)


def test_contradictory_labels_leave_the_more_reliable_one_ahead_and_neither_certain():
    both = log_labels(np.array([[0, -1, 1], [0, 0, 0], [-1, -1, -1]]), 2, TRUST)
    p = np.exp(both[0])
    np.testing.assert_allclose(p, [0.98 * 0.1, 0.01 * 0.8, 0.01 * 0.1])
    np.testing.assert_allclose(np.exp(both[1]), [0.98 * 0.95 * 0.8, 0.01 * 0.025 * 0.1, 0.01 * 0.025 * 0.1])
    np.testing.assert_array_equal(both[2], 0.0)
    even = log_labels(np.array([[0, 1, -1]]), 2, [0.9, 0.9, 0.9])
    assert even[0, 0] == even[0, 1] > even[0, 2]


def test_wrong_reliabilities_and_sources_are_refused():
    one = np.array([0])
    with pytest.raises(ValueError, match=r"reliability must lie inside \(0, 1\)"):
        log_label(one, one, 2, [1.0, 0.9, 0.9])
    with pytest.raises(ValueError, match="inside"):
        log_label(one, one, 2, [np.nan, 0.9, 0.9])
    with pytest.raises(ValueError, match="one number a source"):
        log_label(one, one, 2, [0.9, 0.9])
    with pytest.raises(ValueError, match="names no VISUAL"):
        log_label(one, one, 2, {0: 0.9, 1: 0.9})
    with pytest.raises(ValueError, match="LabelSource, -1 to 2, got 5"):
        log_label(one, np.array([5]), 2, TRUST)
    with pytest.raises(ValueError, match="3 columns"):
        log_labels(np.zeros((2, 2), int), 2, TRUST)


def test_silence_is_neutral_unless_asked_for_and_then_weak():
    answered, asked = np.array([True, False, False]), np.array([True, True, False])
    assert log_answer(answered, asked, None) == 0.0
    config = LabelConfig(answers={"airliner": 1.0, "jet": 0.1, "other": 0.5})
    chance = answers_of(config, ["jet", "airliner"])
    np.testing.assert_allclose(chance, [0.1, 0.98, 0.5])
    log_p = log_answer(answered, asked, chance)
    np.testing.assert_allclose(np.exp(log_p[0]), chance)
    np.testing.assert_allclose(np.exp(log_p[1]), 1.0 - chance)
    np.testing.assert_array_equal(log_p[2], 0.0)  # nobody could have heard it
    assert answers_of(LabelConfig(), ["jet"]) is None
    with pytest.raises(ValueError, match="names 'jett', which is none of the types"):
        answers_of(LabelConfig(answers={"jett": 0.5}), ["jet"])
    with pytest.raises(ValueError, match="chances, 0 to 1"):
        answers_of(LabelConfig(answers={"jet": 1.5}), ["jet"])
    with pytest.raises(ValueError, match="inside"):
        log_answer(answered, asked, np.array([0.0, 0.5]))


# ---- reliabilities that are learned


def flown(rng, n, n_types, rho, sharp):
    """Labels of n tracks of even types ("other" too) and the posterior of evidence that is right in mean."""
    truth = rng.integers(0, n_types + 1, n)
    # a wrong declaration is any other known type, or a type not on the list; "other" declares itself rightly as none
    wrong = rng.random(n) >= rho
    shift = rng.integers(1, n_types + 1, n)
    declared = np.where(wrong, (truth + shift) % (n_types + 1), truth)
    label = np.where(declared == n_types, -1, declared)
    # evidence: a normal number about each type's own level
    x = sharp * truth + rng.standard_normal(n)
    log_q = -0.5 * (x[:, None] - sharp * np.arange(n_types + 1)) ** 2
    q = np.exp(log_q - log_q.max(axis=1, keepdims=True))
    return label, q / q.sum(axis=1, keepdims=True)


def test_a_wrong_rate_of_ten_percent_is_recovered():
    rng, n = np.random.default_rng(5), 1500
    label, q = flown(rng, n, 3, 0.9, sharp=3.0)
    before = Reliability.start(LabelConfig(transponder=0.98, worth=20.0))
    after = before.learn(label, np.zeros(n, int), q)
    assert abs(after.mean[0] - 0.9) < 4.0 * after.sd[0]
    assert after.sd[0] < 0.015
    np.testing.assert_array_equal(after.mean[1:], before.mean[1:])  # the other sources have said nothing


def test_what_is_believed_of_a_source_is_calibrated():
    # rho from the prior, labels from rho: the rank of rho in its own posterior is uniform
    rng, n, runs = np.random.default_rng(6), 60, 400
    a, b = 8.0, 2.0
    z, coverage = np.empty(runs), 0
    for run in range(runs):
        rho = rng.beta(a, b)
        label, q = flown(rng, n, 2, rho, sharp=1.5)
        after = Reliability(right=np.array([a, 1.0, 1.0]), wrong=np.array([b, 1.0, 1.0])).learn(
            label, np.zeros(n, int), q
        )
        draws = rng.beta(after.right[0], after.wrong[0], 99)
        z[run] = np.count_nonzero(draws < rho)
        coverage += abs(rho - after.mean[0]) < 1.645 * after.sd[0]
    counts = np.bincount((z / 10).astype(int), minlength=10)
    expected = runs / 10
    chi2 = ((counts - expected) ** 2 / expected).sum()
    assert chi2 < 27.9  # 99.9 % point of chi-square with 9 degrees of freedom
    assert abs(coverage / runs - 0.9) < 4.0 * np.sqrt(0.09 / runs) + 0.01  # 1 %: a beta law is not normal


def test_the_beta_law_follows_the_exact_posterior():
    rng, n = np.random.default_rng(7), 200
    label, q = flown(rng, n, 3, 0.85, sharp=2.0)
    config = LabelConfig(visual=0.9, worth=10.0)
    after = Reliability.start(config).learn(label, np.full(n, 2), q)
    rho = (np.arange(4000) + 0.5) / 4000.0
    log_p = 8.0 * np.log(rho) + 0.0 * np.log1p(-rho)  # Beta(9, 1)
    for d, row in zip(label.tolist(), q, strict=True):
        if d >= 0:
            log_p += np.log(rho * row[d] + (1.0 - rho) * (1.0 - row[d]) / 3.0)
    p = np.exp(log_p - log_p.max())
    p /= p.sum()
    mean = p @ rho
    sd = np.sqrt(p @ (rho - mean) ** 2)
    assert abs(after.mean[2] - mean) < 0.1 * sd
    np.testing.assert_allclose(after.sd[2], sd, rtol=0.05)


def test_a_track_that_says_nothing_teaches_nothing_of_its_source():
    before = Reliability.start(LabelConfig())
    even = np.full((5, 4), 0.25)
    after = before.learn(np.array([0, 1, 2, 0, 1]), np.zeros(5, int), even)
    np.testing.assert_allclose(after.mean, before.mean, rtol=1e-12)
    np.testing.assert_allclose(after.sd, before.sd, rtol=1e-9)
    with pytest.raises(ValueError, match="sum to one"):
        before.learn(np.array([0]), np.array([0]), np.array([[0.2, 0.2]]))


def test_a_label_can_be_taken_back_out():
    rng = np.random.default_rng(8)
    q = rng.dirichlet(np.ones(4), 6)
    said = log_label(np.arange(6) % 3, np.arange(6) % 3, 3, TRUST)
    p = q * np.exp(said)
    p /= p.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(without_label(p, said), q, rtol=1e-10)
