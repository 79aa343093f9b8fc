"""Plain twin of the kernels of ageing knowledge."""

from __future__ import annotations

import numpy as np


def log_sum(rows):
    """Log of the sum of exponentials over the last axis."""
    top = rows.max(axis=-1, keepdims=True)
    return (top + np.log(np.exp(rows - top).sum(axis=-1, keepdims=True)))[..., 0]


def take_in(prior, evidence, kept, like, said):
    """Aged and added evidence (k, r, g), and log predictive (k, t)."""
    old = evidence * kept[:, None, None]
    new = old.copy()
    new[:, said] += like[said]
    return new, log_sum(prior[said] + new[:, said]) - log_sum(prior[said] + old[:, said])
