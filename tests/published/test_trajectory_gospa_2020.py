"""Garcia-Fernandez, Rahmathullah & Svensson, "A metric on the space of finite sets of trajectories for evaluation of
multi-target tracking algorithms", IEEE Trans. Signal Processing 68, 2020, pp. 3917-3928: the illustrative examples 1 to
6, as the authors' published script sets them up (one-dimensional states, c = 5, p = 1, gamma = 1, an error of 1 written
"delta" below, one of 0.1 written "Delta"). Values follow from the definition by the arithmetic at each.
"""

import numpy as np
import pytest

from watchfloor.assess.trajectories import trajectory_gospa

NAN = float("nan")


def score(x, y):
    def samples(rows):
        grid = np.array(rows, float)
        who, k = np.nonzero(np.isfinite(grid))
        return k.astype(float), who, grid[who, k][:, None]

    found = trajectory_gospa(*samples(x), *samples(y), cutoff_m=5.0, switch_m=1.0, p=1.0)
    return found.localisation, found.missed, found.false, found.switch


def test_example_1_one_track_off_by_delta():
    assert score([[1.0] * 5], [[2.0] * 5]) == pytest.approx((5.0, 0.0, 0.0, 0.0))  # 5 x delta


def test_example_2_the_track_ends_one_step_early():
    assert score([[1.0] * 5], [[2.0] * 4 + [NAN]]) == pytest.approx((4.0, 2.5, 0.0, 0.0))  # 4 x delta, c / 2


def test_example_3_a_track_in_two_pieces():
    y = [[1.1] * 3 + [NAN] * 2, [NAN] * 3 + [1.1] * 2]
    assert score([[1.0] * 5], y) == pytest.approx((0.5, 0.0, 0.0, 1.0))  # 5 x Delta, one switch


def test_example_4_pieces_on_both_sides():
    x = [[1.0] * 5, [2.2] * 3 + [NAN] * 2, [NAN] * 3 + [2.2] * 2]
    y = [[1.1] * 3 + [NAN] * 2, [NAN] * 3 + [1.1] * 2, [2.1] * 5]
    assert score(x, y) == pytest.approx((1.0, 0.0, 0.0, 2.0))  # 10 x Delta, one switch for either target and track


def test_example_5_two_tracks_swap():
    x = [[1.0] * 4, [2.2] * 4]
    y = [[2.0, 2.0, 1.2, 1.2], [1.2, 1.2, 2.0, 2.0]]
    # staying: 4 x 1 + 4 x 0.2 = 4.8; swapping at once: 8 x 0.2 = 1.6 and two switches
    assert score(x, y) == pytest.approx((1.6, 0.0, 0.0, 2.0))


def test_example_6_one_track_whole_and_one_in_two_pieces():
    x = [[1.0] * 4, [2.2] * 4]
    y = [[2.0] * 4, [1.2, 1.2, NAN, NAN], [NAN, NAN, 1.2, 1.2]]
    # the whole track on the second target, the pieces on the first: 8 x 0.2 and one switch
    assert score(x, y) == pytest.approx((1.6, 0.0, 0.0, 1.0))


def test_example_7_of_the_script_a_hole_in_a_trajectory_is_no_switch():
    x = [[0.5] * 5, [2.0, 2.0, NAN, 2.0, 2.0]]
    y = [[1.5] * 5, [0.0] * 5]
    # tracks 1 and 2 on targets 2 and 1 (0.5 off each): 4 x 0.5 + 5 x 0.5, and the hole leaves track 1 alone once
    assert score(x, y) == pytest.approx((4.5, 0.0, 2.5, 0.0))
