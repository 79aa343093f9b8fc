"""Slow twin of the clutter map: plain NumPy, one plot, one cell at a time."""

import math

import numpy as np
from scipy.special import gammaln


def centres(first, last, n):
    return first + (np.arange(n) + 0.5) * (last - first) / n


def linear(x, nodes, values):
    """Straight between nodes, held beyond them."""
    return np.interp(x, nodes, values)


def density(z, u, v, e, r, rate, elevation, doppler, *, wraps=True):
    """Density at one plot; u, v, e, r are (first, last); rate (n_u, n_v); elevation, doppler (n_u + 1, n)."""
    n_u, n_v = rate.shape
    width_v = (v[1] - v[0]) / n_v
    nodes_u, nodes_v = centres(*u, n_u), centres(*v, n_v)
    if math.isnan(z[1]):
        by_ring = rate.sum(axis=1)
    elif wraps:
        span = v[1] - v[0]
        three = np.concatenate([nodes_v - span, nodes_v, nodes_v + span])
        at = v[0] + (z[1] - v[0]) % span
        by_ring = np.array([linear(at, three, np.tile(row, 3)) for row in rate]) / width_v
    else:
        by_ring = np.array([linear(z[1], nodes_v, row) for row in rate]) / width_v
    known = not math.isnan(z[0])
    out = linear(z[0], nodes_u, by_ring) / ((u[1] - u[0]) / n_u) if known else by_ring.sum()
    for c, (first, last), table in ((2, e, elevation), (3, r, doppler)):
        if not math.isnan(z[c]):
            nodes = centres(first, last, table.shape[1])
            by_ring = np.array([linear(z[c], nodes, row) for row in table])
            out *= linear(z[0], nodes_u, by_ring[:-1]) if known else by_ring[-1]
    return out


def rates(cells, exposure, prior, *, worth, p_patch, shape, least):
    """Rates and probabilities of a patch from counts over so many scans, and rates expected beforehand."""
    patchy = np.zeros_like(cells)
    for _ in range(3):
        quiet = 1.0 - patchy
        level = (worth + (quiet * cells).sum()) / (worth + (quiet * prior).sum() * exposure)
        scale = (worth + (quiet * cells).sum(axis=1)) / (worth / level + (quiet * prior).sum(axis=1) * exposure)
        rate = scale[:, None] * prior
        per = shape / (rate + least)
        log_patch = (
            shape * np.log(per) - gammaln(shape) + gammaln(shape + cells) - (shape + cells) * np.log(per + exposure)
        )
        log_quiet = cells * np.log(rate) - exposure * rate
        patchy = p_patch / (p_patch + (1.0 - p_patch) * np.exp(log_quiet - log_patch))
        out = (1.0 - patchy) * rate + patchy * (cells + per * rate) / (per + exposure)
    return out, patchy
