"""Greedy assignment against the optimum by enumeration."""

import itertools

import numpy as np
import pytest

from watchfloor.command.assign import assign_greedy


def destroyed(value, pk, x):
    return float(np.sum(value * (1.0 - np.prod((1.0 - pk) ** x, axis=1))))


def optimum(value, pk, rounds, channels, salvo_max):
    """Best value over every feasible assignment."""
    n, m = pk.shape
    best = 0.0
    for flat in itertools.product(range(salvo_max + 1), repeat=n * m):
        x = np.array(flat).reshape(n, m)
        if (
            (x.sum(axis=0) <= rounds).all()
            and (x.sum(axis=1) <= salvo_max).all()
            and ((x > 0).sum(axis=0) <= channels).all()
        ):
            best = max(best, destroyed(value, pk, x))
    return best


@pytest.mark.parametrize("seed", range(12))
def test_greedy_is_feasible_and_at_least_half_the_optimum(seed):
    rng = np.random.default_rng(seed)
    value, pk = rng.uniform(0.1, 1.0, 3), rng.uniform(0.0, 0.9, (3, 2))
    rounds, channels = rng.integers(0, 4, 2), rng.integers(0, 3, 2)
    x = assign_greedy(value, pk, rounds, channels, salvo_max=2)
    assert (x >= 0).all()
    assert (x.sum(axis=0) <= rounds).all()
    assert (x.sum(axis=1) <= 2).all()
    assert ((x > 0).sum(axis=0) <= channels).all()
    best = optimum(value, pk, rounds, channels, 2)
    assert 0.5 * best - 1e-12 <= destroyed(value, pk, x) <= best + 1e-12


@pytest.mark.parametrize("seed", range(6))
def test_greedy_is_optimal_when_all_launchers_are_alike(seed):
    rng = np.random.default_rng(seed)
    value, pk = rng.uniform(0.1, 1.0, 3), np.repeat(rng.uniform(0.2, 0.9, (3, 1)), 2, axis=1)
    rounds, channels = np.array([2, 2]), np.array([3, 3])
    x = assign_greedy(value, pk, rounds, channels, salvo_max=2)
    np.testing.assert_allclose(destroyed(value, pk, x), optimum(value, pk, rounds, channels, 2))


def test_nothing_is_fired_at_what_cannot_be_reached():
    x = assign_greedy(np.ones(2), np.zeros((2, 1)), np.array([8]), np.array([6]), salvo_max=2)
    assert not x.any()


def test_the_inputs_are_left_alone():
    rounds, channels = np.array([3]), np.array([1])
    assign_greedy(np.ones(1), np.full((1, 1), 0.5), rounds, channels, salvo_max=2)
    assert rounds[0] == 3
    assert channels[0] == 1
