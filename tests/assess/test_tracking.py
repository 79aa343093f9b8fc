import math

import numpy as np
import pytest

from watchfloor.assess.gospa import gospa
from watchfloor.assess.tracking import resample, score_tracks, who_holds


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
    # lives: 7 from 0 to 1, 8 from 2 to 3, 9 from 0 to 3; 5 for no time
    assert (summary.n_targets, summary.n_never_held, summary.latency_s) == (2, 0, 0.0)
    assert (summary.n_numbers, summary.n_false_numbers) == (4, 1)
    assert (summary.life_s, summary.false_life_s) == pytest.approx((5.0 / 3.0, 0.0))
    assert summary.siap.completeness == pytest.approx(summary.completeness)
    assert summary.siap.spuriousness == pytest.approx(1.0 / 8.0)
    assert summary.siap.position_accuracy_m == pytest.approx(6.0 / 7.0)
    # held over a whole stretch under one number: 1 from 0 to 1 and 2 to 3, 2 from 2 to 3; one change in these 3 s
    assert summary.siap.number_change_rate_hz == pytest.approx(1.0 / 3.0)
    assert summary.siap.longest_segment == pytest.approx((1.0 + 1.0) / 6.0)
    assert math.isnan(summary.siap.velocity_accuracy_mps)


def test_a_track_too_many_is_redundant_to_siap_and_false_to_gospa():
    truth = samples([(0, 1, 0.0), (0, 2, 100.0), (1, 1, 0.0)])
    tracks = samples([(0, 7, 1.0), (0, 8, -4.0), (0, 9, 50.0), (1, 8, 2.0)])
    speed = {"truth_mps": np.zeros((3, 2)), "track_mps": np.array([[3.0, 4.0], [0.0, 0.0], [0.0, 0.0], [0.0, 2.0]])}
    found = who_holds(*truth, *tracks, cutoff_m=10.0, **speed)
    assert found.track.tolist() == [7, 8, 8]
    assert found.target.tolist() == [1, 1, 1]
    assert found.main.tolist() == [True, False, True]
    np.testing.assert_allclose(found.error_m, [1.0, 4.0, 2.0])
    np.testing.assert_allclose(found.error_mps, [5.0, 0.0, 2.0])
    _, summary = score_tracks(*truth, *tracks, cutoff_m=10.0, **speed)
    assert summary.n_false == pytest.approx(1.0)  # 8 and 9 at time 0, nobody at time 1
    assert summary.siap.ambiguity == pytest.approx(3.0 / 2.0)
    assert summary.siap.spuriousness == pytest.approx(1.0 / 4.0)
    assert summary.siap.velocity_accuracy_mps == pytest.approx(7.0 / 3.0)
    assert summary.n_switches == 1  # the assignment goes from 7 to 8
    assert summary.siap.number_change_rate_hz == 0.0  # a reader of 8 never changes
    assert (summary.n_never_held, summary.n_false_numbers) == (1, 1)


def test_each_time_is_scored_as_gospa_scores_it():
    rng = np.random.default_rng(52)
    truth = samples([(t, i, rng.uniform(0.0, 100.0)) for t in range(5) for i in range(12)])
    tracks = samples([(t, i, rng.uniform(0.0, 100.0)) for t in range(5) for i in range(14)])
    told = []
    scores, _ = score_tracks(*truth, *tracks, cutoff_m=10.0, progress=lambda done, of: told.append((done, of)))
    assert told == [(k + 1, 5) for k in range(5)]
    for k in range(5):
        one = gospa(truth[2][truth[0] == k], tracks[2][tracks[0] == k], cutoff_m=10.0)
        assert scores.gospa_m[k] == pytest.approx(one.distance)
        assert scores.localisation_m2[k] == pytest.approx(one.localisation)
        assert (scores.missed_m2[k], scores.false_m2[k]) == pytest.approx((one.missed, one.false))


def test_latency_is_the_time_to_the_first_track():
    truth = samples([(t, 1, 0.0) for t in (0, 10, 20)] + [(t, 2, 100.0) for t in (5, 10, 20)] + [(5, 3, 200.0)])
    tracks = samples([(10, 7, 0.0), (20, 7, 0.0), (10, 8, 100.0)])
    _, summary = score_tracks(*truth, *tracks, cutoff_m=10.0)
    assert summary.latency_s == pytest.approx((10.0 + 5.0) / 2.0)
    assert (summary.n_targets, summary.n_never_held) == (3, 1)


def test_samples_that_make_no_picture_are_refused():
    one = samples([(0, 1, 0.0)])
    with pytest.raises(ValueError, match="truth_id: 1 has two samples at 0 s"):
        score_tracks(*samples([(0, 1, 0.0), (0, 1, 5.0)]), *one, cutoff_m=10.0)
    with pytest.raises(ValueError, match="track_m must be finite"):
        score_tracks(*one, *samples([(0, 1, math.nan)]), cutoff_m=10.0)
    with pytest.raises(ValueError, match="cutoff_m must be above 0"):
        score_tracks(*one, *one, cutoff_m=-1.0)


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
