import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.plain import marginals as plain
from watchfloor.track._kernels import marginals as kernels


def graph(seed, n_tracks, n_plots, density, spread):
    """Random edges sorted by track, likelihood ratios over ``spread`` decades."""
    rng = np.random.default_rng(seed)
    track, plot = np.nonzero(rng.random((n_tracks, n_plots)) < density)
    ratio = 10.0 ** np.clip(rng.normal(0.0, spread, len(track)), -300.0, 300.0)
    return track, plot, ratio


def solve(track, plot, ratio, n_tracks, n_plots, *, exact_max=10**7, cap=2000, tolerance=1e-10):
    """Call the kernel on edges sorted by track."""
    start_of = np.searchsorted(track, np.arange(n_tracks + 1)).astype(np.int64)
    p, miss, new = np.empty(len(track)), np.empty(n_tracks), np.empty(n_plots)
    status = np.empty(n_tracks, np.int64)
    kernels.marginals(
        start_of, plot.astype(np.int64), ratio, n_plots, exact_max, cap, tolerance, p, miss, new, status
    )  # fmt: skip
    return p, miss, new, status


small = {"seed": st.integers(0, 2**32 - 1), "n_tracks": st.integers(0, 5), "n_plots": st.integers(0, 5)}


@settings(max_examples=300, deadline=None)
@given(**small, density=st.floats(0.1, 1.0), spread=st.sampled_from([0.3, 1.0, 5.0, 40.0, 300.0]))
def test_small_graphs_are_solved_as_by_enumeration(seed, n_tracks, n_plots, density, spread):
    track, plot, ratio = graph(seed, n_tracks, n_plots, density, spread)
    found = solve(track, plot, ratio, n_tracks, n_plots)
    for ours, theirs in zip(found, plain.marginals(track, plot, ratio, n_tracks, n_plots), strict=False):
        np.testing.assert_allclose(ours, theirs, atol=1e-13, rtol=0.0)
    assert (found[3] <= kernels.EXACT).all()
