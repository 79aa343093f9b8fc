"""Compiled loops of ageing knowledge. Plain twins in ``tests/plain/drift.py``."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from watchfloor.base.units import FloatArray, IntArray

_NEGLIGIBLE = -40.0


@njit(cache=True, error_model="numpy")
def log_sum(prior: FloatArray, evidence: FloatArray, like: FloatArray) -> float:
    """Log of the sum over levels of exp(prior + evidence + like), each (g,), [1]."""
    top = -math.inf
    for i in range(prior.shape[0]):
        top = max(top, prior[i] + evidence[i] + like[i])
    if top == -math.inf:
        return top
    total = 0.0
    for i in range(prior.shape[0]):
        x = prior[i] + evidence[i] + like[i] - top
        if x > _NEGLIGIBLE:
            total += math.exp(x)
    return top + math.log(total)


@njit(cache=True, error_model="numpy")
def take_in(
    prior: FloatArray, evidence: FloatArray, kept: FloatArray, like: FloatArray, said: IntArray, out: FloatArray
) -> None:
    """Age the evidence of k hypotheses, predict a flight's, and add it.

    prior (r, g) log probabilities; evidence (k, r, g) log-likelihoods, changed in place; kept (k,) share that stays;
    like (r, g) log-likelihood of the flight; said (t,) rows on which it says something; out (k, t) log predictive. [1]
    """
    nothing = np.zeros(prior.shape[1])
    for k in range(evidence.shape[0]):
        if kept[k] != 1.0:
            for r in range(evidence.shape[1]):
                for i in range(evidence.shape[2]):
                    evidence[k, r, i] *= kept[k]
        for n in range(said.shape[0]):
            r = said[n]
            before = log_sum(prior[r], evidence[k, r], nothing)
            for i in range(evidence.shape[2]):
                evidence[k, r, i] += like[r, i]
            out[k, n] = log_sum(prior[r], evidence[k, r], nothing) - before


def warm() -> None:
    """Compile every kernel of this file."""
    one = np.zeros((1, 2))
    take_in(one, np.zeros((1, 1, 2)), np.ones(1), one, np.zeros(1, np.int64), np.zeros((1, 1)))
