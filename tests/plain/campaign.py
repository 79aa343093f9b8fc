"""Plain twins of ``watchfloor.study._kernels``: slow, obvious, and written another way."""

from __future__ import annotations

import numpy as np
from scipy.interpolate import RegularGridInterpolator

from watchfloor.base.picture import SIGMA_GRID_DBSM


def fading(white, before, correlation):
    """Return amplitudes of correlated looks, by the Cholesky factor of each radar's whole chain."""
    out = np.array(white)
    chains, seen = [], set()
    for i in range(white.shape[1] - 1, -1, -1):
        chain, at = [], i
        while at >= 0 and at not in seen:
            chain.append(at)
            seen.add(at)
            at = before[at]
        if chain and before[chain[-1]] < 0:
            chains.append(chain[::-1])
    for chain in chains:
        steps = np.array([correlation[i] for i in chain])
        n = len(chain)
        cov = np.array([[np.prod(steps[min(a, b) + 1 : max(a, b) + 1]) for b in range(n)] for a in range(n)])
        out[:, chain] = np.einsum("ab,fbk->fak", np.linalg.cholesky(cov + 1e-15 * np.eye(n)), white[:, chain])
    return out


def evidence(power_db, use, group, sensor, base_db, miss_at, weight, hit_table, miss_table, lattice, n_groups):
    """Return log-likelihoods (n, groups, levels), by cubic interpolation of the tables one look at a time."""
    step, n_levels = lattice[1], len(SIGMA_GRID_DBSM)
    out = np.zeros((len(power_db), n_groups, n_levels))
    power_axis = lattice[2] + step * np.arange(hit_table.shape[1])
    snr_axis = lattice[0] + step * np.arange(hit_table.shape[2])
    for f, i in np.ndindex(*power_db.shape):
        if not use[f, i] or group[i] < 0:
            continue
        snr = base_db[i] + step * np.arange(n_levels)
        if np.isnan(power_db[f, i]):
            row = np.interp(snr, snr_axis, miss_table[miss_at[i], sensor[i]])
        else:
            at = RegularGridInterpolator((power_axis, snr_axis), hit_table[sensor[i]], method="linear")
            row = at(np.stack([np.full(n_levels, power_db[f, i]), snr], axis=1))
        out[f, group[i]] += weight[i] * row
    return out


def held(hit, t_s, n_confirm, window_s, patience_s):
    """Return whether a track exists at each look, looking back over all hits each time."""
    out = np.zeros(hit.shape, bool)
    for f in range(len(hit)):
        alive, usable = False, []
        for i, t in enumerate(t_s):
            if alive and t - usable[-1] > patience_s:
                alive, usable = False, []
            out[f, i] = alive
            if hit[f, i]:
                usable.append(t)
                alive = alive or (len(usable) >= n_confirm and usable[-1] - usable[-n_confirm] <= window_s)
    return out
