import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import linear_sum_assignment

from tests.plain import scores as plain
from watchfloor.assess.gospa import best_pairs, gospa, near_pairs, ospa

sets = st.integers(0, 4).flatmap(lambda n: arrays(np.float64, (n, 2), elements=st.floats(-30.0, 30.0)))


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
    assert one.distance == pytest.approx(plain.gospa(truth, estimate, cutoff_m, p), abs=1e-6)
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
        ({"cutoff_m": math.nan}, "cutoff_m"),
        ({"cutoff_m": 1.0, "p": 0.5}, "p is at least 1"),
        ({"cutoff_m": 1.0, "p": math.inf}, "p is at least 1 and finite"),
        ({"cutoff_m": 1.0, "alpha": 1.0}, "alpha"),
    ],
)
def test_gospa_refuses_what_is_no_gospa(options, words):
    with pytest.raises(ValueError, match=words):
        gospa(np.zeros((1, 2)), np.zeros((1, 2)), **options)
    with pytest.raises(ValueError, match="dimension"):
        gospa(np.zeros((1, 2)), np.zeros((1, 3)), cutoff_m=1.0)
    with pytest.raises(ValueError, match="one row a position"):
        gospa(np.zeros(2), np.zeros((1, 2)), cutoff_m=1.0)
    with pytest.raises(ValueError, match="truth_m: positions must be finite"):
        gospa(np.full((1, 2), np.nan), np.zeros((1, 2)), cutoff_m=1.0)


@pytest.mark.parametrize(("n", "side_m"), [(60, 3e3), (300, 60e3), (300, 8e3), (300, 2e3)])
def test_the_sparse_way_is_the_full_matrix(n, side_m):
    """From lone pairs to one tangle of all: the same optimum as the assignment over the whole matrix."""
    rng = np.random.default_rng(n)
    truth = rng.uniform(0.0, side_m, (n, 3))
    estimate = np.concatenate([truth[rng.random(n) < 0.9], rng.uniform(0.0, side_m, (n // 5, 3))])
    estimate += rng.normal(0.0, 150.0, estimate.shape)
    for p in (1.0, 2.0):
        one = gospa(truth, estimate, cutoff_m=1e3, p=p)
        apart = np.linalg.norm(truth[:, None] - estimate[None], axis=2)
        worth = np.minimum(apart, 1e3) ** p
        rows, columns = linear_sum_assignment(worth)
        spare = 0.5 * 1e3**p * (len(truth) + len(estimate) - 2 * len(rows))
        assert one.distance**p == pytest.approx(worth[rows, columns].sum() + spare, rel=1e-12)
        mine = np.flatnonzero(one.assignment >= 0)
        assert len(np.unique(one.assignment[mine])) == len(mine)
        assert one.localisation == pytest.approx((apart[mine, one.assignment[mine]] ** p).sum(), rel=1e-12)


def test_pairs_at_the_cutoff_are_none():
    for n in (1, 60):  # by the matrix and by the tree
        truth = np.stack([1e5 * np.arange(n), np.zeros(n)], axis=1)
        one = gospa(truth, truth + [10.0, 0.0], cutoff_m=10.0)
        assert (one.localisation, one.missed, one.false) == (0.0, 50.0 * n, 50.0 * n)
        i, j, apart = near_pairs(truth, truth + [10.0 - 1e-6, 0.0], 10.0)
        np.testing.assert_array_equal(i, j)
        np.testing.assert_allclose(apart, 10.0 - 1e-6)


def test_the_best_pairs_may_leave_one_side_out():
    # 0-0 alone gains 0.9, but 0-1 with 1-0 gains 0.5 + 0.6
    i, j, gain = np.array([0, 0, 1]), np.array([0, 1, 0]), np.array([0.9, 0.5, 0.6])
    for n, m in ((2, 2), (100, 100)):
        assert best_pairs(i, j, gain, n, m).tolist() == [1, 2]
        assert best_pairs(i[:0], j[:0], gain[:0], n, m).tolist() == []
        assert best_pairs(i, j, np.array([0.9, 0.2, 0.6]), n, m).tolist() == [0]


def test_ospa_meets_cases_worked_by_hand():
    truth = np.array([[0.0, 0.0], [100.0, 0.0]])
    assert ospa(truth, truth[::-1], cutoff_m=10.0).distance == 0.0
    # 5 m off, and one too many: (5 + 10) / 2
    one = ospa(truth, np.array([[3.0, 4.0]]), cutoff_m=10.0)
    assert (one.distance, one.localisation, one.cardinality) == (7.5, 2.5, 5.0)
    # p = 2: sqrt((25 + 100) / 2); a pair beyond the cutoff costs the cutoff
    assert ospa(truth, np.array([[3.0, 4.0]]), cutoff_m=10.0, p=2.0).distance == pytest.approx(math.sqrt(62.5))
    assert ospa(truth[:1], np.array([[0.0, 50.0]]), cutoff_m=10.0).distance == 10.0
    assert ospa(truth, np.empty((0, 2)), cutoff_m=10.0).distance == 10.0
    assert ospa(np.empty((0, 2)), np.empty((0, 2)), cutoff_m=10.0).distance == 0.0


@given(truth=sets, estimate=sets, p=st.sampled_from([1.0, 2.0]), cutoff_m=st.floats(1.0, 40.0))
def test_ospa_is_the_least_over_all_permutations(truth, estimate, p, cutoff_m):
    one = ospa(truth, estimate, cutoff_m=cutoff_m, p=p)
    assert one.distance == pytest.approx(plain.ospa(truth, estimate, cutoff_m, p), abs=1e-6)
    assert one.distance <= cutoff_m * (1.0 + 1e-12)
