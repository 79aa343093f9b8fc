import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.plain import tracking as plain
from watchfloor.track.associate import assign


def total(track, plot, cost, chosen):
    table = {(i, j): c for i, j, c in zip(track, plot, cost, strict=True)}
    return sum(table[i, j] for i, j in enumerate(chosen) if j >= 0)


@given(
    seed=st.integers(0, 2**32 - 1),
    n_tracks=st.integers(0, 30),
    n_plots=st.integers(0, 30),
    density=st.floats(0.02, 0.9),
    whole=st.booleans(),
)
def test_assign_is_as_cheap_as_the_dense_solver(seed, n_tracks, n_plots, density, whole):
    rng = np.random.default_rng(seed)
    track, plot = np.nonzero(rng.random((n_tracks, n_plots)) < density)
    cost = rng.integers(-6, 3, len(track)).astype(float) if whole else rng.normal(-3.0, 3.0, len(track))
    shuffled = rng.permutation(len(track))
    chosen = assign(track[shuffled], plot[shuffled], cost[shuffled], n_tracks=n_tracks, n_plots=n_plots)
    want, cheapest = plain.assign(track, plot, cost, n_tracks, n_plots)
    used = chosen[chosen >= 0]
    assert len(np.unique(used)) == len(used)
    assert total(track, plot, cost, chosen) == pytest.approx(cheapest, abs=1e-9)
    if not whole:
        np.testing.assert_array_equal(chosen, want)  # costs from the continuum have one optimum


def test_a_track_gives_way_where_the_sum_gains():
    # nearest neighbour would give plot 0 to track 0 and nothing to track 1: -10 instead of -18
    chosen = assign(np.array([0, 0, 1]), np.array([0, 1, 0]), np.array([-10.0, -9.0, -9.0]), n_tracks=2, n_plots=2)
    np.testing.assert_array_equal(chosen, [1, 0])


@pytest.mark.parametrize(
    ("track", "plot", "cost", "words"),
    [([2], [0], [-1.0], "inside 2 tracks x 2 plots"), ([0], [-1], [-1.0], "inside"), ([0], [1], [np.nan], "pair 0")],
)
def test_bad_pairs_are_refused(track, plot, cost, words):
    with pytest.raises(ValueError, match=words):
        assign(np.array(track), np.array(plot), np.array(cost), n_tracks=2, n_plots=2)
