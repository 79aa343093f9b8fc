import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.plain import scores as plain
from watchfloor.assess.siap import Holds, siap


def holds(rows):
    """Rows (time, target, track, error[, error of velocity])."""
    column = list(zip(*rows, strict=True)) if rows else [[]] * 4
    return Holds(
        t_s=np.array(column[0], float),
        target=np.array(column[1], int),
        track=np.array(column[2], int),
        main=np.ones(len(rows), bool),
        error_m=np.array(column[3], float),
        error_mps=np.array(column[4], float) if len(column) > 4 else np.full(len(rows), np.nan),
        row=np.arange(len(rows)),
    )


def truth(rows):
    t, who = zip(*rows, strict=True)
    return np.array(t, float), np.array(who)


def test_a_small_run_is_scored_as_by_hand():
    # target 1, 0 to 40 s: held by track 7 at 0, 10, 20, by track 8 at 20 (both), 30, 40
    # target 2, 0 to 20 s: held by track 9 at 0 and 20 only
    when = truth([(t, 1) for t in (0, 10, 20, 30, 40)] + [(t, 2) for t in (0, 10, 20)])
    who = holds(
        [(0, 1, 7, 1.0, 2.0), (10, 1, 7, 1.0, 2.0), (20, 1, 7, 1.0, 2.0), (20, 1, 8, 3.0, 2.0), (30, 1, 8, 1.0, 2.0)]
        + [(40, 1, 8, 1.0, 2.0), (0, 2, 9, 4.0, 2.0), (20, 2, 9, 4.0, 10.0)]
    )
    found = siap(*when, who, n_track_samples=10)  # two more samples hold nobody
    assert found.completeness == pytest.approx(7 / 8)  # 5 of 5 and 2 of 3
    assert found.ambiguity == pytest.approx(8 / 7)  # 8 tracks on 7 held targets
    assert found.spuriousness == pytest.approx(2 / 10)
    assert found.position_accuracy_m == pytest.approx(16.0 / 8)
    assert found.velocity_accuracy_mps == pytest.approx(24.0 / 8)
    # one change (7 to 8) in 40 s held; target 2 is never held over a whole stretch, and its number comes back
    assert found.number_change_rate_hz == pytest.approx(1 / 40)
    # the longest are 20 s (7 from 0 to 20, or 8 from 20 to 40) and 0 s, of 40 s and 20 s
    assert found.longest_segment == pytest.approx(20 / 60)
    assert math.isnan(found.id_completeness)


def test_numbers_change_as_seldom_as_a_reader_can_manage():
    # 7 and 8 both hold at all times but 7 is away at 3 and 8 at 1: a reader of 7, then 8, changes once, not twice
    when = truth([(t, 1) for t in range(5)])
    rows = [(t, 1, 7, 0.0) for t in (0, 1, 2, 4)] + [(t, 1, 8, 0.0) for t in (0, 2, 3, 4)]
    assert siap(*when, holds(rows), n_track_samples=8).number_change_rate_hz == pytest.approx(1 / 4)


def test_identities_are_complete_correct_or_ambiguous_as_by_hand():
    # targets 1 to 6 at one time; 6 has no identity of its own and does not count
    when = truth([(0, who) for who in (1, 2, 3, 4, 5, 6)])
    label = np.array([10, 20, 30, 40, 50, -1])
    rows = [(0, 1, 71, 0.0), (0, 2, 72, 0.0), (0, 3, 73, 0.0), (0, 4, 74, 0.0), (0, 4, 75, 0.0), (0, 6, 76, 0.0)]
    said = np.array([10, 99, -1, 40, -1, 60])  # right, wrong, blank, right and blank; 5 is not held
    found = siap(*when, holds(rows), n_track_samples=6, truth_label=label, track_label=said)
    assert found.id_completeness == pytest.approx(3 / 4)  # all held but 3
    assert found.id_correctness == pytest.approx(1 / 4)  # 1
    assert found.id_ambiguity == pytest.approx(1 / 4)  # 4


@given(seed=st.integers(0, 10_000), n=st.integers(1, 4), n_tracks=st.integers(1, 4), share=st.floats(0.1, 0.9))
def test_siap_is_what_a_walk_through_the_samples_finds(seed, n, n_tracks, share):
    rng = np.random.default_rng(seed)
    times = np.cumsum(rng.uniform(0.5, 3.0, 7))
    rows = [(t, who) for who in range(n) for t in times if rng.random() < 0.9] or [(0.0, 0)]
    who = []
    for t in times:
        there = [target for when, target in rows if when == t]
        who += [
            (t, rng.choice(there), 10 + k, rng.uniform()) for k in range(n_tracks) if there and rng.random() < share
        ]
    rng.shuffle(rows)
    found = siap(*truth(rows), holds(who), n_track_samples=len(who) + 3)
    for key, value in plain.siap(rows, who, len(who) + 3).items():
        assert getattr(found, key) == pytest.approx(value, nan_ok=True), key


def test_what_does_not_fit_is_refused():
    when = truth([(0, 1), (1, 1)])
    with pytest.raises(ValueError, match="holds: target 2 at 1 s is no sample of the truth"):
        siap(*when, holds([(1, 2, 7, 0.0)]), n_track_samples=1)
    with pytest.raises(ValueError, match="target 1 at 0.5 s"):
        siap(*when, holds([(0.5, 1, 7, 0.0)]), n_track_samples=1)
    with pytest.raises(ValueError, match="truth_label must have 2 rows, got 1"):
        siap(*when, holds([]), n_track_samples=0, truth_label=np.zeros(1, int), track_label=np.empty(0, int))


def test_nothing_held_leaves_no_figure_made_up():
    found = siap(*truth([(0, 1), (1, 1)]), holds([]), n_track_samples=0)
    assert (found.completeness, found.longest_segment) == (0.0, 0.0)
    assert math.isnan(found.ambiguity)
    assert math.isnan(found.spuriousness)
    assert math.isnan(found.position_accuracy_m)
    assert math.isnan(found.number_change_rate_hz)
