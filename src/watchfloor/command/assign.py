"""Who shoots at whom: greedy weapon-target assignment by marginal return."""

from __future__ import annotations

import numpy as np

from watchfloor.base.units import FloatArray, IntArray


def assign_greedy(
    value: FloatArray, pk: FloatArray, rounds: IntArray, channels: IntArray, *, salvo_max: int
) -> IntArray:
    r"""Assign rounds to tracks, each time where the expected value destroyed grows most.

    Parameters
    ----------
    value : (n,) array
        Value of each track. [1]
    pk : (n, m) array
        Single-shot kill probability of launcher j on track i; 0 where it cannot reach. [1]
    rounds, channels : (m,) int array
        Rounds ready and channels free of each launcher.
    salvo_max : int
        Most rounds on one track.

    Returns
    -------
    (n, m) int array
        Rounds assigned.

    Notes
    -----
    Maximum marginal return: the static problem :math:`\max \sum_i w_i (1 - \prod_j (1-p_{ij})^{x_{ij}})` is submodular,
    so each greedy choice is the best single step; the result is at least half of the optimum.

    References
    ----------
    den Broeder, Ellison, Emerling, "On optimum target assignments", Operations Research 7(3), 1959 (optimal when all
    launchers are alike); Fisher, Nemhauser, Wolsey, Math. Programming Study 8, 1978 (the bound one half).
    """
    n, m = pk.shape
    x = np.zeros((n, m), np.int64)
    rounds, channels, survives = rounds.copy(), channels.copy(), np.ones(n)
    while n and m:
        gain = (value * survives)[:, None] * pk
        gain[x.sum(axis=1) >= salvo_max] = 0.0
        gain[:, rounds <= 0] = 0.0
        gain[(x == 0) & (channels <= 0)] = 0.0
        best = int(gain.argmax())
        if gain.flat[best] <= 0.0:
            break
        i, j = divmod(best, m)
        channels[j] -= x[i, j] == 0
        rounds[j] -= 1
        x[i, j] += 1
        survives[i] *= 1.0 - pk[i, j]
    return x
