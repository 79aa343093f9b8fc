import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.plain import scores as plain
from watchfloor.assess.gospa import gospa, ospa
from watchfloor.assess.trajectories import ospa2, trajectory_gospa


def samples(grid):
    """(time, number, position) of an array (trajectories, times, d), NaN where one is not there."""
    who, k = np.nonzero(np.isfinite(grid).all(axis=2))
    return k.astype(float), who, grid[who, k]


def some(seed, n, m, times, *, spread=12.0):
    """Two sets of trajectories on a line that cross, start late, end early and have holes."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(0.0, spread, (n, 1, 1)) + np.cumsum(rng.normal(0.0, 1.0, (n, times, 1)), axis=1)
    y = rng.uniform(0.0, spread, (m, 1, 1)) + np.cumsum(rng.normal(0.0, 1.0, (m, times, 1)), axis=1)
    for side in (x, y):
        side[rng.random(side.shape[:2]) < 0.2] = np.nan
    return x, y


@given(
    seed=st.integers(0, 10_000),
    n=st.integers(1, 3),
    m=st.integers(1, 3),
    times=st.integers(1, 5),
    p=st.sampled_from([1.0, 2.0]),
    cutoff_m=st.floats(1.0, 10.0),
    switch_m=st.floats(0.1, 8.0),
)
@settings(max_examples=60, deadline=None)
def test_trajectory_gospa_is_the_program_written_out_and_never_above_its_whole_form(
    seed, n, m, times, p, cutoff_m, switch_m
):
    x, y = some(seed, n, m, times)
    if not (np.isfinite(x).any() or np.isfinite(y).any()):
        return
    found = trajectory_gospa(*samples(x), *samples(y), cutoff_m=cutoff_m, switch_m=switch_m, p=p)
    assert found.exact
    assert found.distance == pytest.approx(plain.trajectory_gospa(x, y, cutoff_m, switch_m, p), abs=1e-6)
    assert found.distance <= plain.trajectory_gospa_whole(x, y, cutoff_m, switch_m, p) + 1e-6
    parts = found.localisation + found.missed + found.false + found.switch
    assert found.distance**p == pytest.approx(parts, abs=1e-6)
    table = found.parts
    assert parts == pytest.approx(sum(c.sum() for c in (table.localisation, table.missed, table.false, table.switch)))
    assert found.mean_m**p * len(table) == pytest.approx(parts, abs=1e-6)


@given(seed=st.integers(0, 10_000), switch_m=st.floats(0.5, 5.0))
@settings(max_examples=25, deadline=None)
def test_trajectory_gospa_is_a_metric(seed, switch_m):
    x, y = some(seed, 3, 2, 4)
    z, _ = some(seed + 1, 2, 2, 4)
    options = {"cutoff_m": 5.0, "switch_m": switch_m}
    xy = trajectory_gospa(*samples(x), *samples(y), **options).distance
    assert trajectory_gospa(*samples(y), *samples(x), **options).distance == pytest.approx(xy, abs=1e-6)
    assert trajectory_gospa(*samples(x), *samples(x), **options).distance == pytest.approx(0.0, abs=1e-6)
    xz = trajectory_gospa(*samples(x), *samples(z), **options).distance
    zy = trajectory_gospa(*samples(z), *samples(y), **options).distance
    assert xy <= xz + zy + 1e-6


def test_one_time_gives_gospa():
    x, y = some(4, 6, 5, 1)
    found = trajectory_gospa(*samples(x), *samples(y), cutoff_m=3.0, switch_m=1.0)
    one = gospa(samples(x)[2], samples(y)[2], cutoff_m=3.0)
    assert found.distance == pytest.approx(one.distance)
    assert (found.localisation, found.missed, found.false) == pytest.approx((one.localisation, one.missed, one.false))


def test_a_dear_switch_is_not_made():
    # two targets 4 m apart; two tracks on them that change places after two of four times
    x = np.stack([np.zeros((4, 1)), np.full((4, 1), 4.0)])
    y = np.stack([np.array([[0.0], [0.0], [4.0], [4.0]]), np.array([[4.0], [4.0], [0.0], [0.0]])])
    # two switches at 1 m each against two times two errors of 4 m
    cheap = trajectory_gospa(*samples(x), *samples(y), cutoff_m=10.0, switch_m=1.0, p=1.0)
    assert (cheap.localisation, cheap.switch) == pytest.approx((0.0, 2.0))
    np.testing.assert_allclose(cheap.parts.switch, [0.0, 0.0, 2.0, 0.0])
    dear = trajectory_gospa(*samples(x), *samples(y), cutoff_m=10.0, switch_m=9.0, p=1.0)
    assert (dear.localisation, dear.switch) == pytest.approx((16.0, 0.0))


def test_windows_bound_the_metric_from_above_and_say_so():
    rng = np.random.default_rng(8)
    x = rng.uniform(0.0, 60.0, (8, 1, 2)) + np.cumsum(rng.normal(0.0, 2.0, (8, 30, 2)), axis=1)
    y = x[:, :, :] + rng.normal(0.0, 3.0, x.shape)
    y[0, 11:], y[1, 11:] = y[1, 11:].copy(), y[0, 11:].copy()
    options = {"cutoff_m": 40.0, "switch_m": 20.0}
    whole = trajectory_gospa(*samples(x), *samples(y), **options)
    windows = trajectory_gospa(*samples(x), *samples(y), **options, max_cells=200)
    assert whole.exact
    assert not windows.exact
    assert whole.distance <= windows.distance <= 1.2 * whole.distance
    told = []
    trajectory_gospa(*samples(x), *samples(y), **options, progress=lambda done, of: told.append((done, of)))
    assert told == [(0, 1), (1, 1)]


def test_fifty_tangled_targets_over_a_hundred_times_are_solved_in_one_piece():
    rng = np.random.default_rng(9)
    x = rng.uniform(0.0, 8e3, (50, 1, 2)) + np.arange(100)[:, None] * rng.normal(0.0, 20.0, (50, 1, 2))
    y = x + rng.normal(0.0, 150.0, x.shape)
    y[[3, 4], 50:] = y[[4, 3], 50:]
    found = trajectory_gospa(*samples(x), *samples(y), cutoff_m=1e3, switch_m=1e3 / math.sqrt(2.0))
    assert found.exact
    # no better choice than the truth is likely, and the truth is an upper bound: errors of 2 axes, one swap
    own = np.minimum(np.linalg.norm(x - y, axis=2), 1e3) ** 2
    swapped = own.copy()
    for a, b in ((3, 4), (4, 3)):
        swapped[a, 50:] = np.minimum(np.linalg.norm(x[a, 50:] - y[b, 50:], axis=1), 1e3) ** 2
    assert found.distance**2 <= min(own.sum(), swapped.sum() + 2 * 0.5e6) * (1.0 + 1e-9)
    assert found.distance**2 >= 0.9 * 5000 * 2 * 150.0**2


@given(
    seed=st.integers(0, 10_000),
    n=st.integers(0, 4),
    m=st.integers(1, 4),
    p=st.sampled_from([1.0, 2.0]),
    q=st.sampled_from([1.0, 2.0]),
    n_window=st.integers(1, 6),
)
@settings(max_examples=60, deadline=None)
def test_ospa2_is_the_least_over_all_permutations_in_each_window(seed, n, m, p, q, n_window):
    x, y = some(seed, n, m, 5)
    found = ospa2(*samples(x), *samples(y), cutoff_m=4.0, n_window=n_window, p=p, q=q) if np.isfinite(y).any() else None
    if found is None:
        return
    for row, k in enumerate(found.t_s.astype(int)):
        # windows count the times that hold a sample
        taken = found.t_s.astype(int)[max(row + 1 - n_window, 0) : row + 1]
        assert found.distance[row] == pytest.approx(plain.ospa2(x[:, taken], y[:, taken], 4.0, p, q), abs=1e-6), k
    np.testing.assert_allclose(found.distance**p, found.localisation + found.cardinality, atol=1e-9)


def test_ospa2_of_one_time_is_ospa():
    x, y = some(5, 6, 4, 8)
    found = ospa2(*samples(x), *samples(y), cutoff_m=3.0, n_window=1)
    for k, got in zip(found.t_s, found.distance, strict=True):
        a, b = (side[2][side[0] == k] for side in (samples(x), samples(y)))
        assert got == pytest.approx(ospa(a, b, cutoff_m=3.0).distance)


def test_ospa2_meets_cases_worked_by_hand():
    # one target over four times; track 0 holds it 1 m off for three of them, track 1 for the last
    x = np.zeros((1, 4, 1))
    y = np.full((2, 4, 1), np.nan)
    y[0, :3], y[1, 3:] = 1.0, 1.0
    # base distances over all four: (3 x 1 + 10) / 4 = 3.25 and (1 + 3 x 10) / 4 = 7.75; the nearer, and one too many
    found = ospa2(*samples(x), *samples(y), cutoff_m=10.0, n_window=4)
    np.testing.assert_allclose(found.distance, [1.0, 1.0, 1.0, (3.25 + 10.0) / 2.0])
    np.testing.assert_allclose(found.localisation[-1], 3.25 / 2.0)
    # a window of two at the end: (1 + 10) / 2 = 5.5 by either
    assert ospa2(*samples(x), *samples(y), cutoff_m=10.0, n_window=2).distance[-1] == pytest.approx((5.5 + 10.0) / 2.0)
    # q = 2: sqrt((3 + 100) / 4)
    two = ospa2(*samples(x), *samples(y), cutoff_m=10.0, n_window=4, q=2.0)
    assert two.distance[-1] == pytest.approx((math.sqrt(103.0 / 4.0) + 10.0) / 2.0)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"cutoff_m": math.nan}, "cutoff_m must be above 0"),
        ({"p": 0.0}, "p is at least 1"),
        ({"q": math.inf}, "q is at least 1"),
        ({"n_window": 0}, "n_window is a number of times"),
        ({"switch_m": 0.0}, "switch_m must be above 0"),
    ],
)
def test_what_is_no_metric_is_refused(change, words):
    one = (np.zeros(1), np.zeros(1, int), np.zeros((1, 1)))
    score, options = (
        (trajectory_gospa, {"cutoff_m": 1.0, "switch_m": 1.0})
        if "switch_m" in change or "p" in change
        else (ospa2, {"cutoff_m": 1.0, "n_window": 1})
    )
    with pytest.raises(ValueError, match=words):
        score(*one, *one, **(options | change))


def test_rows_that_make_no_trajectories_are_refused():
    one, none = (np.zeros(1), np.zeros(1, int), np.zeros((1, 1))), (np.empty(0), np.empty(0, int), np.empty((0, 1)))
    options = {"cutoff_m": 1.0, "n_window": 1}
    with pytest.raises(ValueError, match="nothing to score"):
        ospa2(*none, *none, **options)
    with pytest.raises(ValueError, match="track_m and track_t_s must be finite"):
        ospa2(*one, np.zeros(1), np.zeros(1, int), np.full((1, 1), np.nan), **options)
    with pytest.raises(ValueError, match="truth_id: 7 has two samples at 3 s"):
        ospa2(np.full(2, 3.0), np.array([7, 7]), np.zeros((2, 1)), *one, **options)
    with pytest.raises(ValueError, match="one row a sample, got 2, 1 and 1"):
        ospa2(np.arange(2.0), np.zeros(1, int), np.zeros((1, 1)), *one, **options)
