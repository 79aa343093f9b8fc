"""Published sensitivity indices of two test functions.

Ishigami & Homma, "An importance quantification technique in uncertainty analysis for computer models", *Proc.
ISUMA'90*, 1990; closed form and a = 7, b = 0.1 as in Saltelli et al., *Global Sensitivity Analysis. The Primer*, Wiley,
2008, section 4.4: S = 0.3139, 0.4424, 0; T = 0.5576, 0.4424, 0.2437.

Sobol's g-function with a = 0, 1, 4.5, 9, 99, 99, 99, 99: Saltelli et al., *Computer Physics Communications* 181, 2010,
section 4; its indices follow from V_i = 1 / (3 (1 + a_i)^2): first 0.716, 0.179, 0.024, 0.007, total 0.787, 0.242,
0.034, 0.010 (Saltelli et al. 2008, table 4.2 for the first).
"""

import numpy as np
import pytest

from watchfloor.study.sensitivity import morris, morris_design, sobol, sobol_design


def ishigami(u):
    x = np.pi * (2.0 * u - 1.0)
    return np.sin(x[..., 0]) + 7.0 * np.sin(x[..., 1]) ** 2 + 0.1 * x[..., 2] ** 4 * np.sin(x[..., 0])


A = np.array([0.0, 1.0, 4.5, 9.0, 99.0, 99.0, 99.0, 99.0])


def g_function(u):
    return np.prod((np.abs(4.0 * u - 2.0) + A) / (1.0 + A), axis=-1)


@pytest.mark.parametrize(
    ("function", "k", "first", "total"),
    [
        (ishigami, 3, [0.3139, 0.4424, 0.0], [0.5576, 0.4424, 0.2437]),
        (g_function, 8, [0.716, 0.179, 0.024, 0.007, 0, 0, 0, 0], [0.787, 0.242, 0.034, 0.010, 0, 0, 0, 0]),
    ],
)
def test_sobol_indices_meet_the_published_ones(function, k, first, total):
    rng = np.random.default_rng(5)
    found = sobol(function(sobol_design(k, 4096, rng)), rng=rng)
    # the bootstrap's deviation is that of independent rows: strata stay inside four of them
    sd = (found.first_p90 - found.first_p10) / 2.563, (found.total_p90 - found.total_p10) / 2.563
    assert np.all(np.abs(found.first - first) < 4.0 * sd[0] + 1e-3)
    assert np.all(np.abs(found.total - total) < 4.0 * sd[1] + 1e-3)
    assert max(sd[0].max(), sd[1].max()) < 0.05


def test_the_interval_covers_the_published_value_as_often_as_it_says():
    covered, n = 0, 60
    for seed in range(n):
        rng = np.random.default_rng(seed)
        u = rng.random((2, 256, 3))
        design = np.concatenate([u, [np.where(np.arange(3) == j, u[1], u[0]) for j in range(3)]])
        found = sobol(ishigami(design), rng=rng, n_bootstrap=300)
        covered += found.total_p10[0] <= 0.5576 <= found.total_p90[0]
    assert 0.8 * n - 3.5 * np.sqrt(n * 0.16) < covered <= n


def test_morris_finds_effects_of_a_linear_function_exactly_and_ranks_the_g_function():
    rng = np.random.default_rng(3)
    design = morris_design(3, 10, rng)
    found = morris(design, design @ [2.0, -5.0, 0.0], rng=rng)
    np.testing.assert_allclose(found.mean, [2.0, -5.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(found.mean_abs, [2.0, 5.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(found.sd, 0.0, atol=1e-12)
    design = morris_design(8, 40, rng)
    found = morris(design, g_function(design), rng=rng)
    assert list(np.argsort(-found.mean_abs)[:4]) == [0, 1, 2, 3]
    assert found.mean_abs[4:].max() < 0.05 * found.mean_abs[0]
