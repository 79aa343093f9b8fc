"""Slow twins of ``learn/_kernels_field.py``: the same results from matrix inverses and sums over whole grids."""

import numpy as np


def tilted(row, levels, mean, var):
    log_weight = row - 0.5 * (levels - mean) ** 2 / var
    weight = np.exp(log_weight - log_weight.max())
    weight /= weight.sum()
    m = weight @ levels
    return m, weight @ (levels - m) ** 2


def propagate(mean, cov, site, levels, sweeps=200):
    """Expectation propagation with the posterior worked out anew from all sites after every change."""
    n = len(mean)
    tau, nu = np.zeros(n), np.zeros(n)
    inverse = np.linalg.inv(cov)
    for _ in range(sweeps):
        for i in range(n):
            sigma = np.linalg.inv(inverse + np.diag(tau))
            mu = sigma @ (inverse @ mean + nu)
            rest = 1.0 / sigma[i, i] - tau[i]
            m0 = (mu[i] / sigma[i, i] - nu[i]) / rest
            m, v = tilted(site[i], levels[i], m0, 1.0 / rest)
            v = max(v, (levels[i][1] - levels[i][0]) ** 2 / 4.0)
            if v < 1.0 / rest:
                tau[i], nu[i] = 1.0 / v - rest, m / v - m0 * rest
            else:
                tau[i], nu[i] = 0.0, (m - m0) * rest
    return tau, nu


def importance(rng, draw, log_likelihood, n=400_000):
    """Posterior mean and deviation of each level by weighing draws (n, k) from the prior; and the effective draws."""
    x = draw(n)
    log_weight = log_likelihood(x)
    weight = np.exp(log_weight - log_weight.max())
    weight /= weight.sum()
    mean = weight @ x
    return mean, np.sqrt(weight @ (x - mean) ** 2), 1.0 / (weight @ weight)
