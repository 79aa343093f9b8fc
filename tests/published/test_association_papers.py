"""Joint association: examples whose tables, counts or probabilities are in print.

Murty, *Operations Research* 16(3), 1968, pp. 682-687: the 10 x 10 cost matrix of the paper. Bar-Shalom & Fortmann,
*Tracking and Data Association*, 1988, section 9.3: two targets, three measurements, the middle one shared. MathWorks,
Sensor Fusion and Tracking Toolbox, reference page of ``jpdaEvents``: three best joint events, count of joint events.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from watchfloor.track.marginals import k_best, marginals

MURTY = np.array(
    [
        [7, 51, 52, 87, 38, 60, 74, 66, 0, 20],
        [50, 12, 0, 64, 8, 53, 0, 46, 76, 42],
        [27, 77, 0, 18, 22, 48, 44, 13, 0, 57],
        [62, 0, 3, 8, 5, 6, 14, 0, 26, 39],
        [0, 97, 0, 5, 13, 0, 41, 31, 62, 48],
        [79, 68, 0, 0, 15, 12, 17, 47, 35, 43],
        [76, 99, 48, 27, 34, 0, 0, 0, 28, 0],
        [0, 20, 9, 27, 46, 15, 84, 19, 3, 24],
        [56, 10, 45, 39, 0, 93, 67, 79, 19, 38],
        [27, 0, 39, 53, 46, 24, 69, 46, 23, 1],
    ],
    float,
)


def full_assignments(cost, k):
    """The k cheapest of those that leave no row alone: a discount on every pair makes them come first."""
    n = len(cost)
    row, column = np.divmod(np.arange(n * n), n)
    discount = 10.0 * cost.max()
    plots, costs = k_best(row, column, cost.ravel() - discount, k, n_tracks=n, n_plots=n)
    assert (plots >= 0).all()
    return plots, costs + n * discount


def test_murtys_matrix_begins_with_its_only_free_assignment():
    """The zeros of the matrix allow exactly one assignment of cost 0; the next ones follow without a repeat."""
    plots, costs = full_assignments(MURTY, 50)
    assert costs[0] == pytest.approx(0.0, abs=1e-9)
    zeros = [np.flatnonzero(row == 0) for row in MURTY]
    free = [c for c in itertools.product(*zeros) if len(set(c)) == 10]
    assert plots[costs < 0.5].tolist() == [list(map(int, c)) for c in free]
    assert len(np.unique(plots, axis=0)) == 50
    np.testing.assert_allclose(costs, MURTY[np.arange(10), plots].sum(axis=1), atol=1e-9)
    assert (np.diff(costs) > -1e-9).all()


def test_nothing_cheaper_is_missing_from_murtys_ranking():
    """The fourth is the best of all that differ from the first three, found by a dense solver."""
    plots, costs = full_assignments(MURTY, 4)
    cheapest = np.inf  # with one pair of each solution found forbidden, in all ways
    for banned in itertools.product(range(10), repeat=3):
        cost = MURTY.copy()
        for solution, row in zip(plots[:3], banned, strict=True):
            cost[row, solution[row]] = 1e4
        rows, columns = linear_sum_assignment(cost)
        cheapest = min(cheapest, cost[rows, columns].sum())
    assert cheapest == pytest.approx(costs[3])


def test_eight_joint_events_of_two_targets_and_three_measurements():
    """Validation matrix [1 1 0; 1 1 1; 1 0 1] (measurements by clutter, targets 1 and 2): the eight events by hand."""
    track, plot = np.array([0, 0, 1, 1]), np.array([0, 1, 1, 2])
    a, b, c, d = ratio = np.array([2.0, 3.0, 5.0, 7.0])
    plots, costs = k_best(track, plot, -np.log(ratio), 100, n_tracks=2, n_plots=3)
    events = {
        (-1, -1): 1.0,
        (0, -1): a,
        (1, -1): b,
        (-1, 1): c,
        (-1, 2): d,
        (0, 1): a * c,
        (0, 2): a * d,
        (1, 2): b * d,
    }
    assert len(plots) == 8
    assert {tuple(map(int, event)) for event in plots} == set(events)
    for event, cost in zip(plots, costs, strict=True):
        assert np.exp(-cost) == pytest.approx(events[tuple(map(int, event))])
    total = sum(events.values())
    found = marginals(track, plot, ratio, n_tracks=2, n_plots=3)
    by_hand = [a * (1 + c + d) / total, b * (1 + d) / total, c * (1 + a) / total, d * (1 + a + b) / total]
    np.testing.assert_allclose(found.pair, by_hand, rtol=1e-14)


LIKELIHOOD = np.array([[0.1, 0.1, 0.1], [0.1, 0.3, 0.2], [0.1, 0.4, 0.1], [0.1, 0.6, 0.1], [0.1, 0.5, 0.3]])


def test_three_best_joint_events_of_jpda_events():
    """Rows: missed, then four detections; columns: clutter, then two tracks. Probabilities 0.4286, 0.2857, 0.2857."""
    ratio = LIKELIHOOD[1:, 1:] / LIKELIHOOD[1:, :1] / LIKELIHOOD[:1, 1:]
    plot, track = np.divmod(np.arange(8), 2)
    plots, costs = k_best(track, plot, -np.log(ratio.ravel()), 3, n_tracks=2, n_plots=4)
    weight = np.exp(-costs)
    np.testing.assert_allclose(weight / weight.sum(), [0.4286, 0.2857, 0.2857], atol=5e-5)
    assert plots[0].tolist() == [2, 3]
    assert sorted(plots[1:].tolist()) == [[1, 3], [2, 0]]


def test_574_joint_events_of_five_measurements_and_six_tracks():
    valid = np.array(
        [
            [1, 1, 1, 1, 1, 0, 1],
            [1, 0, 1, 1, 0, 0, 0],
            [1, 0, 0, 0, 1, 1, 0],
            [1, 1, 1, 1, 0, 0, 0],
            [1, 1, 1, 1, 1, 1, 1],
        ]
    )
    plot, track = np.nonzero(valid[:, 1:])
    plots, _ = k_best(track, plot, np.zeros(len(track)), 1000, n_tracks=6, n_plots=5)
    assert len(np.unique(plots, axis=0)) == len(plots) == 574
