import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from watchfloor.assess.tracking import gospa, resample, score_tracks

sets = st.integers(0, 4).flatmap(lambda n: arrays(np.float64, (n, 2), elements=st.floats(-30.0, 30.0)))


def by_hand(truth, estimate, cutoff_m, p):
    """Definition 1 of Rahmathullah et al. for alpha = 2: every partial assignment tried."""
    n, m, best = len(truth), len(estimate), math.inf
    for k in range(min(n, m) + 1):
        for rows in itertools.combinations(range(n), k):
            for columns in itertools.permutations(range(m), k):
                near = sum(np.linalg.norm(truth[i] - estimate[j]) ** p for i, j in zip(rows, columns, strict=True))
                best = min(best, near + 0.5 * cutoff_m**p * (n + m - 2 * k))
    return best ** (1.0 / p)


def test_gospa_meets_cases_worked_by_hand():
    truth = np.array([[0.0, 0.0], [100.0, 0.0]])
    exact = gospa(truth, truth[::-1], cutoff_m=10.0)
    assert exact.distance == 0.0
    assert exact.assignment.tolist() == [1, 0]
    # 3-4-5 triangle, one missed, one false: sqrt(25 + 50 + 50)
    one = gospa(truth, np.array([[3.0, 4.0], [500.0, 0.0]]), cutoff_m=10.0)
    assert one.distance == pytest.approx(math.sqrt(125.0))
    assert (one.localisation, one.missed, one.false) == pytest.approx((25.0, 50.0, 50.0))
    assert one.n_assigned == 1
    # only missed, only false, nothing at all
    assert gospa(truth, np.empty((0, 2)), cutoff_m=10.0).distance == pytest.approx(10.0)
    assert gospa(np.empty((0, 2)), truth[:1], cutoff_m=10.0).false == 50.0
    assert gospa(np.empty((0, 2)), np.empty((0, 2)), cutoff_m=10.0).distance == 0.0
    # p = 1: 5 + 10 / 2
    assert gospa(truth, np.array([[3.0, 4.0]]), cutoff_m=10.0, p=1.0).distance == pytest.approx(10.0)


@given(truth=sets, estimate=sets, p=st.sampled_from([1.0, 2.0]), cutoff_m=st.floats(1.0, 40.0))
def test_gospa_is_the_least_over_all_assignments(truth, estimate, p, cutoff_m):
    one = gospa(truth, estimate, cutoff_m=cutoff_m, p=p)
    assert one.distance == pytest.approx(by_hand(truth, estimate, cutoff_m, p), abs=1e-6)
    assert one.distance**p == pytest.approx(one.localisation + one.missed + one.false, abs=1e-6)


@given(a=sets, b=sets, c=sets, cutoff_m=st.floats(1.0, 40.0))
def test_gospa_is_a_metric(a, b, c, cutoff_m):
    ab, ba = gospa(a, b, cutoff_m=cutoff_m), gospa(b, a, cutoff_m=cutoff_m)
    assert gospa(a, a, cutoff_m=cutoff_m).distance == 0.0
    assert ab.distance == pytest.approx(ba.distance, abs=1e-6)
    assert (ab.missed, ab.false) == pytest.approx((ba.false, ba.missed))
    bc, ac = gospa(b, c, cutoff_m=cutoff_m).distance, gospa(a, c, cutoff_m=cutoff_m).distance
    assert ac <= ab.distance + bc + 1e-6


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"cutoff_m": 0.0}, "cutoff_m"),
        ({"cutoff_m": 1.0, "p": 0.5}, "p is at least 1"),
        ({"cutoff_m": 1.0, "alpha": 1.0}, "alpha"),
    ],
)
def test_gospa_refuses_what_is_no_gospa(options, words):
    with pytest.raises(ValueError, match=words):
        gospa(np.zeros((1, 2)), np.zeros((1, 2)), **options)
    with pytest.raises(ValueError, match="finite"):
        gospa(np.full((1, 2), np.nan), np.zeros((1, 2)), cutoff_m=1.0)


def samples(rows):
    """(time, identity, x) triples as arrays."""
    t, who, x = zip(*rows, strict=True)
    return np.array(t, float), np.array(who), np.stack([np.array(x, float), np.zeros(len(x))], axis=1)


def test_a_run_is_scored_as_by_hand():
    truth = samples([(t, 1, 0.0) for t in range(4)] + [(t, 2, 100.0) for t in range(4)])
    tracks = samples(
        # target 1: held by 7, 3 m off, then by 8; target 2: by 9, lost, by 9 again; 5 is false at time 0
        [(0, 7, 3.0), (1, 7, 3.0), (2, 8, 0.0), (3, 8, 0.0), (0, 9, 100.0), (2, 9, 100.0), (3, 9, 100.0), (0, 5, 50.0)]
    )
    scores, summary = score_tracks(*truth, *tracks, cutoff_m=10.0)
    np.testing.assert_allclose(scores.gospa_m, np.sqrt([9.0 + 50.0, 9.0 + 50.0, 0.0, 0.0]))
    np.testing.assert_array_equal(scores.n_assigned, [2, 1, 2, 2])
    np.testing.assert_array_equal(scores.n_tracks, [3, 1, 2, 2])
    np.testing.assert_allclose(scores.missed_m2, [0.0, 50.0, 0.0, 0.0])
    np.testing.assert_allclose(scores.false_m2, [50.0, 0.0, 0.0, 0.0])
    assert summary.completeness == pytest.approx(7.0 / 8.0)
    assert summary.n_false == pytest.approx(0.25)
    assert (summary.n_switches, summary.n_breaks) == (1, 1)
    assert summary.continuity == pytest.approx((0.5 + 0.75) / 2.0)
    assert summary.rmse_m == pytest.approx(math.sqrt(18.0 / 7.0))
    assert summary.gospa_m == pytest.approx(2.0 * math.sqrt(59.0) / 4.0)
    assert (summary.localisation_m2, summary.missed_m2, summary.false_m2) == pytest.approx((4.5, 12.5, 12.5))


def test_a_run_without_tracks_or_without_truth_is_scored():
    truth, none = samples([(0, 1, 0.0)]), (np.empty(0), np.empty(0, int), np.empty((0, 2)))
    _, summary = score_tracks(*truth, *none, cutoff_m=10.0)
    assert (summary.completeness, summary.continuity, summary.n_false) == (0.0, 0.0, 0.0)
    assert math.isnan(summary.rmse_m)
    _, summary = score_tracks(*none, *truth, cutoff_m=10.0)
    assert summary.n_false == 1.0
    with pytest.raises(ValueError, match="nothing to score"):
        score_tracks(*none, *none, cutoff_m=10.0)


def test_the_order_of_samples_changes_no_score():
    rng = np.random.default_rng(51)
    truth = samples([(t, i, 50.0 * i + rng.normal()) for t in range(6) for i in range(4)])
    tracks = samples([(t, i, 50.0 * i + rng.normal()) for t in range(6) for i in range(5)])
    rows, columns = rng.permutation(len(truth[0])), rng.permutation(len(tracks[0]))
    one, first = score_tracks(*truth, *tracks, cutoff_m=10.0)
    other, second = score_tracks(*(a[rows] for a in truth), *(a[columns] for a in tracks), cutoff_m=10.0)
    np.testing.assert_allclose(one.gospa_m, other.gospa_m)
    assert (first.n_switches, first.n_breaks, first.n_false) == (second.n_switches, second.n_breaks, second.n_false)
    assert first.gospa_m == pytest.approx(second.gospa_m)


def test_truth_is_joined_by_straight_lines_where_gaps_are_short():
    t, who, x = samples([(0, 1, 0.0), (4, 1, 40.0), (20, 1, 0.0), (2, 2, 5.0)])
    got_t, got_who, got_x = resample(t, who, x, np.array([0.0, 1.0, 2.0, 4.0, 10.0, 20.0, 21.0]), max_gap_s=5.0)
    np.testing.assert_array_equal(got_who, [1, 1, 1, 1, 1, 2])
    np.testing.assert_array_equal(got_t, [0.0, 1.0, 2.0, 4.0, 20.0, 2.0])
    np.testing.assert_allclose(got_x[:, 0], [0.0, 10.0, 20.0, 40.0, 0.0, 5.0])


def test_tracks_are_carried_forward_and_never_back():
    t, who, x = samples([(0, 3, 0.0), (4, 3, 100.0)])
    velocity = np.array([[10.0, 0.0], [20.0, 1.0]])
    got_t, _, got_x = resample(t, who, x, np.array([-1.0, 3.0, 4.0, 6.0, 30.0]), max_gap_s=5.0, velocity_mps=velocity)
    np.testing.assert_array_equal(got_t, [3.0, 4.0, 6.0])
    np.testing.assert_allclose(got_x, [[30.0, 0.0], [100.0, 0.0], [140.0, 2.0]])
    with pytest.raises(ValueError, match="max_gap_s"):
        resample(t, who, x, got_t, max_gap_s=0.0)
