"""Slow twins of the fusion kernels: inverses, grids and a general optimiser, one target at a time."""

import numpy as np
from scipy.optimize import minimize, minimize_scalar


def fused(w, covs):
    return np.linalg.inv(sum(wi * np.linalg.inv(p) for wi, p in zip(w, covs, strict=True)))


def intersection(states, covs, w):
    p = fused(w, covs)
    return p @ sum(wi * np.linalg.inv(c) @ x for wi, c, x in zip(w, covs, states, strict=True)), p


def cost(w, covs, criterion):
    p = fused(w, covs)
    return np.trace(p) if criterion == "trace" else np.linalg.slogdet(p)[1]


def weights(covs, criterion):
    """Least determinant or trace: bounded scalar search for two, sequential quadratic programming for more."""
    m = len(covs)
    if m == 2:
        found = minimize_scalar(
            lambda a: cost((a, 1.0 - a), covs, criterion), bounds=(0.0, 1.0), method="bounded", options={"xatol": 1e-10}
        )
        return np.array([found.x, 1.0 - found.x])
    found = minimize(
        lambda w: cost(w, covs, criterion),
        np.full(m, 1.0 / m),
        bounds=[(0.0, 1.0)] * m,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1.0},
        method="SLSQP",
        options={"ftol": 1e-14, "maxiter": 500},
    )
    return found.x


def fast_weights(covs):
    """Franken & Huepper (2005), with plain determinants."""
    infos = [np.linalg.inv(p) for p in covs]
    whole = sum(infos)
    size = np.linalg.det(whole)
    own = np.array([np.linalg.det(i) for i in infos])
    others = np.array([np.linalg.det(whole - i) for i in infos])
    return (size - others + own) / (len(covs) * size + (own - others).sum())


def kalman(x, p, z, h, r):
    s = h @ p @ h.T + r
    gain = p @ h.T @ np.linalg.inv(s)
    keep = np.eye(len(x)) - gain @ h
    return x + gain @ (z - h @ x), keep @ p @ keep.T + gain @ r @ gain.T, keep
