from __future__ import annotations

import numpy as np
import pytest

from watchfloor.assess.consistency import calibration
from watchfloor.assess.identity import N_RESAMPLES, binomial, decisions, reliability, risk_coverage, score_identities


def honest(n, rng, *, k=4, sharp=1.0, n_rows=1):
    """Posteriors whose truths are drawn from them; rows of a flight are alike."""
    p = rng.dirichlet(np.full(k, 0.5), n)
    truth = (rng.random(n)[:, None] > np.cumsum(p, axis=1)).sum(axis=1).clip(max=k - 1)
    stated = p**sharp
    stated /= stated.sum(axis=1, keepdims=True)
    return np.repeat(stated, n_rows, axis=0), np.repeat(truth, n_rows), np.repeat(np.arange(n), n_rows)


def test_scores_are_those_of_the_definitions():
    """Murphy, "A new vector partition of the probability score", 1973: Brier of three forecasts, by hand."""
    p = np.array([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8], [0.2, 0.5, 0.3]])
    truth = np.array([0, -1, 0])  # the second is of no known type: "other"
    found = score_identities(p, truth)
    assert found.brier.value == pytest.approx((0.14 + 0.06 + 0.98) / 3.0)
    assert found.log_score.value == pytest.approx(np.log([0.7, 0.8, 0.2]).mean())
    assert found.right.value == pytest.approx(2.0 / 3.0)
    assert found.n_flights == found.n_rows == 3


def test_clopper_and_pearson_s_interval():
    """Newcombe, "Two-sided confidence intervals for the single proportion", 1998, table I: 81/263, 15/148, 0/20."""
    for hits, trials, low, high in ((81, 263, 0.2527, 0.3676), (15, 148, 0.0578, 0.1617), (0, 20, 0.0, 0.1684)):
        found = binomial(hits, trials)
        assert (found.low, found.high) == pytest.approx((low, high), abs=6e-5)
    assert np.isnan(binomial(0, 0).value)


def test_an_honest_posterior_passes_nineteen_times_in_twenty():
    rng = np.random.default_rng(1)
    passed, beyond = 0, []
    for _ in range(100):
        p, truth, flight = honest(150, rng)
        found = reliability(p, truth, flight)
        passed += found.honest
        beyond.append(found.ece_beyond)
        assert found.ece_of_honest > 0.02  # the bias of few flights is no small thing
    # binomial of 100 at 0.95: below 86 once in 10,000
    assert passed >= 86
    assert np.median(beyond) < 0.02


def test_overconfidence_is_found_and_measured():
    rng = np.random.default_rng(2)
    p, truth, flight = honest(2000, rng, sharp=3.0)
    found = reliability(p, truth, flight)
    assert not found.honest
    assert found.ece_beyond > 0.1
    assert found.ece == pytest.approx(found.ece_beyond, rel=0.3)
    assert np.all(found.stated[-4:] > found.right[-4:])
    assert np.all((found.low <= found.right) & (found.right <= found.high))


def test_error_beyond_sampling_does_not_grow_with_fewer_flights():
    rng = np.random.default_rng(4)
    few = [reliability(*honest(80, rng, sharp=2.5)) for _ in range(60)]
    many = reliability(*honest(20_000, rng, sharp=2.5))
    plain, beyond = np.mean([f.ece for f in few]), np.sqrt(np.mean([f.ece_beyond**2 for f in few]))
    assert beyond == pytest.approx(many.ece_beyond, rel=0.25)
    assert plain >= 0.95 * many.ece


def test_looks_at_one_flight_are_not_as_many_flights():
    rng = np.random.default_rng(5)
    p, truth, flight = honest(60, rng)
    once, often = (
        score_identities(np.repeat(p, n, axis=0), np.repeat(truth, n), np.repeat(flight, n)) for n in (1, 40)
    )
    assert often.log_score == pytest.approx(once.log_score)
    assert often.right == once.right
    assert often.reliability.ece == pytest.approx(once.reliability.ece, abs=0.02)
    assert often.reliability.ece_of_honest_p95 == pytest.approx(once.reliability.ece_of_honest_p95, rel=0.2)
    assert often.n_rows == 40 * once.n_rows


def test_bootstrap_of_flights_covers_the_truth():
    rng = np.random.default_rng(6)
    p, _, _ = honest(400_000, rng)
    rng = np.random.default_rng(7)
    expected = (p * np.log(np.maximum(p, 1e-6))).sum(axis=1).mean()
    inside = 0
    for _ in range(80):
        q, truth, flight = honest(100, rng, n_rows=2)
        found = score_identities(q, truth, flight).log_score
        inside += found.low <= expected <= found.high
    assert inside >= 66  # binomial of 80 at 0.93 (percentile intervals of 100 fall short a little): once in 1,000


def test_two_classes_meet_the_other_calibration_of_the_house():
    rng = np.random.default_rng(8)
    p = rng.uniform(0.5, 1.0, 1000)
    came = rng.random(1000) < p
    both = np.stack([p, 1.0 - p], axis=1)
    found = reliability(both, np.where(came, 0, 1), n_bins=5)
    other = calibration(p, came, n_bins=10)
    assert found.ece == pytest.approx(other.ece, abs=0.03)


def test_risk_falls_as_more_is_abstained():
    rng = np.random.default_rng(9)
    p, truth, _ = honest(4000, rng)
    curve = risk_coverage(p, truth)
    assert curve.coverage[-1] == 1.0
    assert curve.risk[-1] == pytest.approx((p.argmax(axis=1) != truth).mean())
    assert np.all(np.diff(curve.level) < 0.0)
    assert np.all(np.diff(curve.coverage) > 0.0)
    at = [np.interp(c, curve.coverage, curve.risk) for c in (0.2, 0.5, 0.8, 1.0)]
    assert np.all(np.diff(at) > 0.0)
    assert curve.area < curve.risk[-1]
    useless = risk_coverage(np.full_like(p, 0.25), truth)
    assert len(useless.level) == 1
    assert useless.area == useless.risk[-1]


def test_unseen_types_are_rejected_when_no_type_is_named():
    p = np.array([[0.95, 0.03, 0.02], [0.02, 0.03, 0.95], [0.5, 0.4, 0.1], [0.94, 0.05, 0.01], [0.05, 0.9, 0.05]])
    truth = np.array([0, -1, 2, 2, 0])
    found = decisions(p, truth, level=0.9)
    assert found.rejected.value == pytest.approx(2.0 / 3.0)  # said "other", abstained, fooled
    assert found.named.value == 1.0
    assert found.right.value == pytest.approx(1.0 / 3.0)
    np.testing.assert_array_equal(found.confusion, [[1, 1, 0, 0], [0, 0, 0, 0], [1, 0, 1, 1]])
    assert found.confusion.sum() == 5
    strict = decisions(p, truth, level=0.96)
    assert strict.confusion[:, -1].sum() == 5
    assert np.isnan(strict.right.value)


def test_the_last_word_about_a_flight_decides():
    p = np.array([[0.1, 0.9, 0.0], [0.95, 0.05, 0.0], [0.05, 0.95, 0.0]])
    found = score_identities(p, np.array([0, 0, 1]), np.array([7, 7, 3]))
    assert found.right.value == 1.0
    assert found.log_score.value == pytest.approx(0.5 * np.log([0.1, 0.95]).mean() + 0.5 * np.log(0.95))
    assert N_RESAMPLES >= 200


def test_errors_name_the_argument():
    p = np.array([[0.5, 0.5]])
    with pytest.raises(ValueError, match="row 0"):
        score_identities(np.array([[0.5, 0.6]]), np.array([0]))
    with pytest.raises(ValueError, match="row 0"):
        score_identities(np.array([[np.nan, 0.5]]), np.array([0]))
    with pytest.raises(ValueError, match="truth"):
        score_identities(p, np.array([2]))
    with pytest.raises(ValueError, match="truth"):
        score_identities(p, np.array([0.0]))
    with pytest.raises(ValueError, match="shape"):
        score_identities(p[:0], np.array([], int))
    with pytest.raises(ValueError, match="level"):
        score_identities(p, np.array([0]), level=0.0)
    with pytest.raises(ValueError, match="two true types"):
        score_identities(np.repeat(p, 2, axis=0), np.array([0, 1]), np.array([4, 4]))
    with pytest.raises(ValueError, match="n_bins"):
        score_identities(p, np.array([0]), n_bins=0)
    with pytest.raises(ValueError, match="flight"):
        score_identities(p, np.array([0]), np.array([1, 2]))
