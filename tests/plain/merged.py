"""Slow twin of limited resolution: the joint events of two tracks, all written out."""

import numpy as np


def p_unresolved(zhat_i, zhat_k, hph_i, hph_k, cell, *, n=200_001, seed=0):
    """Mean of the resolution function over the errors of both predictions, drawn."""
    rng = np.random.default_rng(seed)
    c = np.flatnonzero(np.isfinite(cell))
    d = (zhat_i - zhat_k)[c] + rng.normal(size=(n, len(c))) * np.sqrt((np.diag(hph_i) + np.diag(hph_k))[c])
    return np.exp(-np.log(2.0) * np.square(d / cell[c]).sum(axis=1)).mean()


def pair(psi_i, psi_k, merged, p):
    """Probabilities of the events of one pair, plots (m,) by their weights; p is that of being unresolved.

    Returns own (2, m), merged (m,) and missed by both, by i, by k. Events and weights as the module docstring has
    them, but "one has it alone" weighs (1 - p) psi, as Koch & van Keuk have it.
    """
    m = len(psi_i)
    weight = {("none",): 1.0}
    for j in range(m):
        weight["i", j] = (1.0 - p) * psi_i[j]
        weight["k", j] = (1.0 - p) * psi_k[j]
        weight["merged", j] = merged[j]
        for other in range(m):
            if other != j:
                weight["both", j, other] = (1.0 - p) * psi_i[j] * psi_k[other]
    total = sum(weight.values())
    own, together, miss = np.zeros((2, m)), np.zeros(m), np.zeros(2)
    for event, w in weight.items():
        share = w / total
        if event[0] in ("i", "both"):
            own[0, event[1]] += share
        if event[0] == "k":
            own[1, event[1]] += share
        if event[0] == "both":
            own[1, event[2]] += share
        if event[0] == "merged":
            together[event[1]] += share
        miss[0] += share * (event[0] in ("none", "k"))
        miss[1] += share * (event[0] in ("none", "i"))
    return own, together, miss
