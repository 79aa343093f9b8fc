import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.plain import marginals as plain
from watchfloor.track._kernels import marginals as kernels
from watchfloor.track.marginals import Solved, clusters, k_best, marginals

SPREADS = [0.3, 1.0, 5.0, 40.0, 300.0]
small = {
    "seed": st.integers(0, 2**32 - 1),
    "n_tracks": st.integers(0, 5),
    "n_plots": st.integers(0, 5),
    "density": st.floats(0.1, 1.0),
}


def graph(seed, n_tracks, n_plots, density, spread):
    """Random pairs in random order, likelihood ratios over ``spread`` decades."""
    rng = np.random.default_rng(seed)
    track, plot = np.nonzero(rng.random((n_tracks, n_plots)) < density)
    ratio = 10.0 ** np.clip(rng.normal(0.0, spread, len(track)), -300.0, 300.0)
    order = rng.permutation(len(track))
    return track[order], plot[order], ratio[order]


def dense(seed, n_tracks, spacing, *, pd=0.9, clutter=0.02):
    """One group in formation on a line, ``spacing`` error sizes apart, ``clutter`` false plots an error size.

    Ratios are Pd N(z; track, 1.5) / (1 - Pd) / clutter; returns the pairs inside four sigma.
    """
    rng = np.random.default_rng(seed)
    at = spacing * np.arange(n_tracks)
    n_false = rng.poisson(clutter * (at[-1] + 6.0))
    plots = at + rng.normal(size=n_tracks)
    plots = np.concatenate([plots[rng.random(n_tracks) < pd], rng.uniform(-3.0, at[-1] + 3.0, n_false)])
    off = at[:, None] + 0.7 * rng.normal(size=(n_tracks, 1)) - plots
    track, plot = np.nonzero(np.abs(off) < 4.0 * math.sqrt(1.5))
    likelihood = np.exp(-0.5 * off[track, plot] ** 2 / 1.5) / math.sqrt(2.0 * math.pi * 1.5)
    return track, plot, pd * likelihood / (1.0 - pd) / clutter, n_tracks, len(plots)


def assert_probabilities(found, track, plot, n_tracks, n_plots, tolerance):
    assert (found.pair >= 0.0).all()
    assert (found.miss >= 0.0).all()
    assert (found.new >= 0.0).all()
    per_track = np.bincount(track, found.pair, n_tracks) + found.miss
    per_plot = np.bincount(plot, found.pair, n_plots) + found.new
    np.testing.assert_allclose(per_track, 1.0, atol=1e-12)
    np.testing.assert_allclose(per_plot, 1.0, atol=tolerance)


@settings(max_examples=300, deadline=None)
@given(**small, spread=st.sampled_from(SPREADS))
def test_small_graphs_are_solved_as_by_enumeration(seed, n_tracks, n_plots, density, spread):
    track, plot, ratio = graph(seed, n_tracks, n_plots, density, spread)
    found = marginals(track, plot, ratio, n_tracks=n_tracks, n_plots=n_plots)
    for ours, theirs in zip(found, plain.marginals(track, plot, ratio, n_tracks, n_plots), strict=False):
        np.testing.assert_allclose(ours, theirs, atol=1e-13, rtol=0.0)
    assert (found.solved <= Solved.EXACT).all()


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), spread=st.sampled_from(SPREADS))
def test_a_tree_is_exact_without_enumeration(seed, spread):
    # tracks 0..3 in a chain over plots 0..2, each track with a plot of its own besides, plots 7 and 8 on track 0
    rng = np.random.default_rng(seed)
    track = np.array([0, 1, 1, 2, 2, 3, 0, 1, 2, 3, 0, 0])
    plot = np.array([0, 0, 1, 1, 2, 2, 3, 4, 5, 6, 7, 8])
    ratio = 10.0 ** np.clip(rng.normal(0.0, spread, 12), -300.0, 300.0)
    found = marginals(track, plot, ratio, n_tracks=4, n_plots=9, method="lbp")
    for ours, theirs in zip(found, plain.marginals(track, plot, ratio, 4, 9), strict=False):
        np.testing.assert_allclose(ours, theirs, atol=1e-13, rtol=0.0)
    assert (found.solved == Solved.EXACT).all()


@pytest.mark.parametrize("method", ["auto", "lbp"])
@pytest.mark.parametrize("ratio", [1e-300, 1e-30, 1.0, 1e30, 1e300])
def test_all_tracks_on_all_plots_share_alike_at_any_ratio(method, ratio):
    # by symmetry each pair has the same probability p: at 1e300 nobody misses who need not, at 1e-300 all do
    for n_tracks, n_plots in [(6, 6), (7, 4), (3, 8)]:
        track, plot = np.divmod(np.arange(n_tracks * n_plots), n_plots)
        found = marginals(track, plot, np.full(len(track), ratio), n_tracks=n_tracks, n_plots=n_plots, method=method)
        assert_probabilities(found, track, plot, n_tracks, n_plots, 1e-5)
        weights = [
            math.comb(n_tracks, k) * math.perm(n_plots, k) * ratio ** (k - (min(n_tracks, n_plots) if ratio > 1 else 0))
            for k in range(min(n_tracks, n_plots) + 1)
        ]
        mean = sum(k * w for k, w in enumerate(weights)) / sum(weights)
        if method == "auto":
            np.testing.assert_allclose(found.pair, mean / n_tracks / n_plots, rtol=1e-12)
        else:
            np.testing.assert_allclose(found.pair, mean / n_tracks / n_plots, atol=0.011)


def test_a_long_chain_of_extreme_ratios_is_solved_at_both_ends_of_the_range():
    # tracks of pairs (A_i, B_i), rivals for A_i: the best association needs plots that a running sum would lose
    n = 6
    track = np.array([[i, i, n + i] for i in range(n)]).ravel()
    plot = np.array([[2 * i, 2 * i + 1, 2 * i] for i in range(n)]).ravel()
    track, plot = (
        np.append(track, [n + i for i in range(n)]),
        np.append(plot, [(2 * i + 2) % (2 * n) for i in range(n)]),
    )
    ratio = np.concatenate([np.tile([1e300, 1.0, 1e290], n), np.full(n, 1e-290)])
    found = marginals(track, plot, ratio, n_tracks=2 * n, n_plots=2 * n)
    # each i: A_i to track i (1e300), or to its rival (1e290) with B_i to track i or nobody (1 + 1)
    np.testing.assert_allclose(found.pair[0 : 3 * n : 3], 1.0, rtol=1e-9)
    np.testing.assert_allclose(found.pair[2 : 3 * n : 3], 2e-10, rtol=1e-6)
    np.testing.assert_allclose(found.miss[n:], 1.0, rtol=1e-9)


def test_the_order_of_pairs_tracks_and_plots_changes_nothing():
    rng = np.random.default_rng(5)
    track, plot, ratio, n, m = dense(3, 12, 0.8)
    rows, of_track, of_plot = rng.permutation(len(track)), rng.permutation(n), rng.permutation(m)
    for method in ("auto", "lbp"):
        one = marginals(track, plot, ratio, n_tracks=n, n_plots=m, method=method)
        other = marginals(of_track[track][rows], of_plot[plot][rows], ratio[rows], n_tracks=n, n_plots=m, method=method)
        np.testing.assert_allclose(other.pair, one.pair[rows], atol=1e-11)
        np.testing.assert_allclose(other.miss[of_track], one.miss, atol=1e-11)
        np.testing.assert_allclose(other.new[of_plot], one.new, atol=1e-11)
        np.testing.assert_array_equal(other.solved[of_track], one.solved)


def test_pairs_that_cannot_be_count_for_nothing():
    track, plot, ratio, n, m = dense(4, 8, 1.0)
    without = marginals(track, plot, ratio, n_tracks=n, n_plots=m)
    free = [(i, j) for i in range(n) for j in range(m) if not ((track == i) & (plot == j)).any()]
    more, where = np.array(free).T
    full = marginals(
        np.append(track, more), np.append(plot, where), np.append(ratio, np.zeros(len(free))), n_tracks=n, n_plots=m
    )
    np.testing.assert_allclose(full.pair[: len(track)], without.pair, atol=1e-13)
    assert (full.pair[len(track) :] == 0.0).all()


@pytest.mark.parametrize(
    ("pd", "clutter", "spacing", "mean", "worst"),
    [
        (0.6, 0.5, 1.0, 0.004, 0.03),
        (0.7, 0.2, 2.0, 0.01, 0.1),
        (0.7, 0.2, 0.5, 0.01, 0.1),
        (0.9, 0.2, 1.0, 0.015, 0.15),
        (0.9, 0.02, 0.5, 0.015, 0.2),
        (0.9, 0.02, 2.0, 0.05, 0.4),  # few choices, long circles, nothing lost: its worst case, and why we enumerate
    ],
)
def test_belief_propagation_is_near_the_truth_in_tight_groups(pd, clutter, spacing, mean, worst):
    errors = []
    for seed in range(40):
        track, plot, ratio, n, m = dense(seed, 8, spacing, pd=pd, clutter=clutter)
        exact = marginals(track, plot, ratio, n_tracks=n, n_plots=m, method="exact")
        beliefs = marginals(track, plot, ratio, n_tracks=n, n_plots=m, method="lbp")
        assert_probabilities(beliefs, track, plot, n, m, 1e-4)
        errors.append(np.abs(np.concatenate([one - other for one, other in zip(exact[:3], beliefs[:3], strict=True)])))
    errors = np.concatenate(errors)
    assert errors.mean() < mean
    assert errors.max() < worst


def test_beliefs_are_at_the_fixed_point_of_the_messages():
    track, plot, ratio, n, m = dense(8, 15, 0.7)
    found = marginals(track, plot, ratio, n_tracks=n, n_plots=m, method="lbp", tolerance=1e-12, cap=100_000)
    assert set(found.solved) <= {Solved.EXACT, Solved.CONVERGED}
    psi = np.zeros((n, m))
    psi[track, plot] = ratio
    nu = np.ones((n, m))
    for _ in range(20_000):  # Williams & Lau, 2014, eq. 30 and 31 in their matrix form
        part = psi * nu
        mu = psi / (1.0 + part.sum(axis=1, keepdims=True) - part)
        nu = 1.0 / (1.0 + mu.sum(axis=0) - mu)
    want = psi * nu / (1.0 + (psi * nu).sum(axis=1, keepdims=True))
    np.testing.assert_allclose(found.pair, want[track, plot], atol=1e-8)
    np.testing.assert_allclose(found.new, 1.0 / (1.0 + mu.sum(axis=0)), atol=1e-8)


def test_jumps_save_sweeps_where_belief_propagation_creeps():
    # two rounds of equal ratios: the more certain that all is seen, the slower the messages settle
    n, ratio = 9, 1e4
    track, plot = np.repeat(np.arange(n), 2), (np.repeat(np.arange(n), 2) + np.tile([0, 1], n)) % n
    found = marginals(track, plot, np.full(2 * n, ratio), n_tracks=n, n_plots=n, method="lbp", cap=200, tolerance=1e-9)
    assert (found.solved == Solved.CONVERGED).all()
    # fixed point of nu = 1 / (1 + r / (1 + r nu))
    nu = (-1.0 + math.sqrt(1.0 + 4.0 * ratio)) / (2.0 * ratio)
    np.testing.assert_allclose(found.pair, ratio * nu / (1.0 + 2.0 * ratio * nu), rtol=1e-7)


@pytest.mark.parametrize("cap", [1, 2, 7, 30])
def test_what_the_cap_stops_is_still_probabilities(cap):
    for seed in range(20):
        track, plot, ratio, n, m = dense(seed, 20, 0.4)
        found = marginals(track, plot, 1e3 * ratio, n_tracks=n, n_plots=m, method="lbp", cap=cap, tolerance=1e-9)
        assert (found.solved == Solved.CAPPED).any()
        assert_probabilities(found, track, plot, n, m, 1e-12)


def test_one_hard_part_leaves_the_others_alone():
    track, plot, ratio, n, m = dense(1, 30, 0.3)
    track, plot = np.append(track, [n, n + 1, n + 2]), np.append(plot, [m, m + 1, m + 1])
    ratio = np.append(1e3 * ratio, [3.0, 1.0, 1.0])
    found = marginals(track, plot, ratio, n_tracks=n + 3, n_plots=m + 2, method="lbp", cap=2)
    assert (found.solved[-3:] == [Solved.ALONE, Solved.EXACT, Solved.EXACT]).all()
    np.testing.assert_allclose(found.miss[-3:], [0.25, 2.0 / 3.0, 2.0 / 3.0])
    assert found.solved.max() == Solved.CAPPED


def test_a_track_that_hangs_on_a_hard_part_tells_so():
    track, plot, ratio, n, m = dense(1, 30, 0.3)
    found = marginals(
        np.append(track, [n, n]), np.append(plot, [0, m]), np.append(1e3 * ratio, [1.0, 1.0]), n_tracks=n + 1,
        n_plots=m + 1, method="lbp", cap=2,
    )  # fmt: skip
    assert found.solved[n] == Solved.CAPPED


def test_no_tracks_no_plots_no_pairs():
    none = np.empty(0, int)
    found = marginals(none, none, np.empty(0), n_tracks=0, n_plots=2)
    assert found.new.tolist() == [1.0, 1.0]
    found = marginals(none, none, np.empty(0), n_tracks=2, n_plots=0)
    assert found.miss.tolist() == [1.0, 1.0]
    assert found.solved.tolist() == [Solved.ALONE] * 2


def test_the_kernel_takes_what_the_caller_should_not_send():
    # no number, negative and infinite ratios: no pair, no pair, a certain pair
    start_of, column = np.array([0, 2, 4]), np.array([0, 1, 0, 1])
    psi = np.array([np.nan, -1.0, np.inf, 1.0])
    p, miss, new, status = np.empty(4), np.empty(2), np.empty(2), np.empty(2, np.int64)
    kernels.marginals(start_of, column, psi, 2, 1000, 10, 1e-6, p, miss, new, status)
    np.testing.assert_allclose(p, [0.0, 0.0, 1.0, 0.0], atol=1e-290)
    np.testing.assert_allclose(miss, [1.0, 0.0], atol=1e-290)


@settings(max_examples=150, deadline=None)
@given(**small, k=st.integers(1, 40), forced=st.booleans())
def test_the_k_best_are_those_of_a_full_list(seed, n_tracks, n_plots, density, k, forced):
    track, plot, ratio = graph(seed, n_tracks, n_plots, density, 1.0)
    cost = -np.log(ratio) + (5.0 if forced else 0.0)
    plots, costs = k_best(track, plot, cost, k, n_tracks=n_tracks, n_plots=n_plots)
    want = plain.k_best(track, plot, cost, k, n_tracks)
    assert len(costs) == len(want)
    np.testing.assert_allclose(costs, [total for total, _ in want], atol=1e-12)
    assert (np.diff(costs) >= -1e-12).all()
    np.testing.assert_array_equal(plots, np.array([chosen for _, chosen in want]).reshape(len(want), n_tracks))


def test_equal_costs_give_every_association_once():
    track, plot = np.divmod(np.arange(12), 4)
    plots, costs = k_best(track, plot, np.full(12, -1.0), 1000, n_tracks=3, n_plots=4)
    # k of 3 tracks on k of 4 plots: 1 + 12 + 36 + 24
    assert len(plots) == len(np.unique(plots, axis=0)) == 73
    np.testing.assert_array_equal(np.bincount((-costs).astype(int)), [1, 12, 36, 24])


def test_the_k_best_agree_with_the_marginals():
    track, plot, ratio, n, m = dense(2, 5, 1.5)
    plots, costs = k_best(track, plot, -np.log(ratio), 20_000, n_tracks=n, n_plots=m)
    weight = np.exp(costs[0] - costs)
    weight /= weight.sum()
    share = np.array([weight[plots[:, i] == j].sum() for i, j in zip(track, plot, strict=True)])
    np.testing.assert_allclose(share, marginals(track, plot, ratio, n_tracks=n, n_plots=m).pair, atol=1e-9)


@given(**small)
def test_clusters_are_the_tracks_that_share_plots(seed, n_tracks, n_plots, density):
    track, plot, _ = graph(seed, n_tracks, n_plots, density, 1.0)
    of_track, of_plot = clusters(track, plot, n_tracks=n_tracks, n_plots=n_plots)
    groups = sorted(sorted(g) for g in plain.clusters(track, plot, n_tracks))
    assert [np.flatnonzero(of_track == c).tolist() for c in range(len(groups))] == groups
    np.testing.assert_array_equal(of_plot[plot], of_track[track])
    assert (of_plot[np.setdiff1d(np.arange(n_plots), plot)] == -1).all()


PAIR = {"track": np.array([0, 1]), "plot": np.array([0, 1])}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"ratio": np.array([1.0, np.nan])}, "every ratio must be finite, got nan in row 1"),
        ({"ratio": np.array([1.0, -2.0])}, r"at least 0, got -2 in row 1 \(a logarithm\?\)"),
        ({"ratio": np.ones(3)}, r"one value a pair, 2, got shape \(3,\)"),
        ({"track": np.array([0, 2])}, "track holds row numbers from 0 to 1"),
        ({"plot": np.array([-1, 0])}, "plot holds row numbers from 0 to 1"),
        ({"plot": np.array([0.0, 1.0])}, "got float64"),
        ({"track": np.array([1, 1]), "plot": np.array([1, 1])}, "track 1 with plot 1 again"),
        ({"track": np.array([0, 1, 1])}, "equally long columns"),
        ({"method": "ehm"}, "method is one of auto, exact, lbp"),
        ({"cap": 0}, "cap is a count"),
        ({"tolerance": np.nan}, "tolerance must lie inside"),
    ],
)
def test_bad_arguments_are_named(change, words):
    good = PAIR | {"ratio": np.ones(2), "n_tracks": 2, "n_plots": 2}
    marginals(**good)
    with pytest.raises(ValueError, match=words):
        marginals(**(good | change))


def test_exact_refuses_what_it_cannot_enumerate():
    track, plot = np.divmod(np.arange(900), 30)
    with pytest.raises(ValueError, match="30 tracks hang together too densely"):
        marginals(track, plot, np.ones(900), n_tracks=30, n_plots=30, method="exact")


@pytest.mark.parametrize(("k", "cost", "words"), [(0, [0.0, 0.0], "k is how many"), (1, [0.0, np.inf], "got inf")])
def test_bad_arguments_of_the_k_best_are_named(k, cost, words):
    with pytest.raises(ValueError, match=words):
        k_best(**PAIR, cost=np.array(cost), k=k, n_tracks=2, n_plots=2)
