import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchfloor.study.sensitivity import evpi, evppi, morris, morris_design, ranked, sobol, sobol_design, tornado


@given(k=st.integers(1, 9), n=st.integers(2, 12), seed=st.integers(0, 99))
def test_a_trajectory_moves_each_unknown_once_inside_the_cube(k, n, seed):
    design = morris_design(k, n, np.random.default_rng(seed))
    moves = np.diff(design, axis=1)
    assert np.all((design >= -1e-12) & (design <= 1.0 + 1e-12))
    np.testing.assert_allclose(np.abs(moves).sum(axis=1), 2.0 / 3.0)
    assert np.all((moves != 0.0).sum(axis=2) == 1)


def test_morris_starts_reach_every_level():
    starts = morris_design(2, 400, np.random.default_rng(0))[:, 0]
    assert {round(3 * x) for x in starts.ravel()} == {0, 1, 2, 3}


def test_matrices_differ_in_the_named_column_only():
    design = sobol_design(4, 64, np.random.default_rng(1))
    for j in range(4):
        same = design[j + 2] == design[0]
        assert np.all(same[:, [i for i in range(4) if i != j]])
        np.testing.assert_array_equal(design[j + 2][:, j], design[1][:, j])
    assert np.all(np.abs(design[0].mean(axis=0) - 0.5) < 0.02)


def test_an_answer_that_never_varies_has_no_driver():
    found = sobol(np.ones((5, 16)), rng=np.random.default_rng(0), n_bootstrap=10)
    assert not found.first.any()
    assert not found.total.any()


def test_first_indices_of_a_sum_add_to_one():
    rng = np.random.default_rng(2)
    found = sobol(sobol_design(3, 2048, rng) @ [3.0, 2.0, 1.0], rng=rng, n_bootstrap=200)
    exact = np.array([9.0, 4.0, 1.0]) / 14.0
    for index, low, high in (
        (found.first, found.first_p10, found.first_p90),
        (found.total, found.total_p10, found.total_p90),
    ):
        assert np.all(np.abs(index - exact) < 4.0 * (high - low) / 2.563)  # the interval is 2.563 deviations wide
        assert np.all(high - low < 0.1)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda r: sobol(np.full((4, 8), np.inf), rng=r), "not finite"),
        (lambda r: sobol(np.ones((2, 8)), rng=r), "shape"),
        (lambda r: morris(np.zeros((3, 3, 2)), np.zeros((3, 3)), rng=r), "exactly one coordinate"),
        (lambda r: morris(morris_design(2, 3, r), np.zeros((3, 2)), rng=r), "shape"),
        (lambda r: morris_design(0, 3, r), "at least 1"),
        (lambda r: sobol_design(2, 1, r), "at least"),
        (lambda r: evpi(np.zeros((0, 3))), "options"),
        (lambda r: evppi(np.ones((2, 4)), np.ones(4), n_bins=9), "n_bins"),
    ],
)
def test_bad_input_is_refused_with_what_came(call, said):
    with pytest.raises(ValueError, match=said):
        call(np.random.default_rng(0))


def test_tornado_moves_one_unknown_at_a_time():
    found = tornado(lambda u: float(10.0 * u[0] + u[1]), 2)
    np.testing.assert_allclose(found.high - found.low, [8.0, 0.8])
    np.testing.assert_allclose(found.middle, 5.5)


def test_perfect_information_about_a_normal_unknown_is_worth_what_theory_says():
    # options: lose x (standard normal) or 0; perfect information saves E[max(-x, 0)] = 1 / sqrt(2 pi) = 0.3989
    x, rest = np.random.default_rng(4).standard_normal((2, 20_000))
    losses = np.stack([x + rest, np.zeros_like(x)])
    assert evpi(losses) == pytest.approx(np.sqrt(2.0) * 0.3989, abs=4 * 0.83 / np.sqrt(20_000))
    assert evppi(losses, x, n_bins=40) == pytest.approx(0.3989, abs=4 * 0.58 / np.sqrt(20_000) + 0.005)
    assert evppi(losses, np.random.default_rng(5).random(20_000)) < 0.02
    assert evppi(losses, x) <= evpi(losses)


def test_ranking_keeps_order_of_equals():
    assert ranked(["a", "b", "c"], np.array([1.0, 2.0, 1.0])) == ("b", "a", "c")
