"""Compiled loops of the field: expectation propagation and marginals. Twins in ``tests/plain/field.py``."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from watchfloor.base.units import FloatArray, IntArray

_TINY = -700.0


@njit(cache=True, error_model="numpy")
def _tilted(row: FloatArray, first: float, step: float, mean: float, var: float) -> tuple[float, float]:
    """Mean and variance of a normal law times the exponential of ``row`` on its grid; NaN if nothing is left."""
    n = row.shape[0]
    top = -math.inf
    for g in range(n):
        away = first + step * g - mean
        value = row[g] - 0.5 * away * away / var
        if value > top:
            top = value
    total, s1, s2 = 0.0, 0.0, 0.0
    for g in range(n):
        x = first + step * g
        away = x - mean
        value = row[g] - 0.5 * away * away / var - top
        if value > -40.0:
            w = math.exp(value)
            total += w
            s1 += w * away
            s2 += w * away * away
    s1 /= total
    return mean + s1, max(s2 / total - s1 * s1, step * step / 4.0)


@njit(cache=True, error_model="numpy")
def _add_site(mu: FloatArray, sigma: FloatArray, i: int, tau: float, nu: float, column: FloatArray) -> None:
    """Change site i by ``tau`` and ``nu`` in a normal law of moments ``mu`` and ``sigma``, in place."""
    n = mu.shape[0]
    for a in range(n):
        column[a] = sigma[a, i]
    share = 1.0 / (1.0 + tau * column[i])
    gain = (nu - tau * mu[i]) * share
    for a in range(n):
        mu[a] += gain * column[a]
        c = tau * share * column[a]
        for b in range(n):
            sigma[a, b] -= c * column[b]


@njit(cache=True, error_model="numpy")
def propagate(
    mean: FloatArray,
    cov: FloatArray,
    site: FloatArray,
    first: FloatArray,
    step: FloatArray,
    tau: FloatArray,
    nu: FloatArray,
    most: int,
    tolerance: float,
) -> int:
    """Fit normal sites to the likelihoods of n variables by expectation propagation; returns sweeps used.

    mean (n,), cov (n, n) of the prior; site (n, g) log-likelihoods on grids that start at ``first`` (n,) in steps
    ``step`` (n,); tau, nu (n,) precision and precision times mean of each site, changed in place (a warm start).
    """
    n = mean.shape[0]
    mu, sigma, column = mean.copy(), cov.copy(), np.empty(n)
    for i in range(n):
        if tau[i] != 0.0 or nu[i] != 0.0:
            _add_site(mu, sigma, i, tau[i], nu[i], column)
    for sweep in range(most):
        worst = 0.0
        for i in range(n):
            v = sigma[i, i]
            rest = 1.0 / v - tau[i]
            if not rest > 1e-9:
                continue
            vc = 1.0 / rest
            mc = vc * (mu[i] / v - nu[i])
            m, s = _tilted(site[i], first[i], step[i], mc, vc)
            if s < vc:
                new_tau = 1.0 / s - rest
                new_nu = m / s - mc * rest
            else:  # the likelihood widens: keep to its mean alone, so that every site stays a normal law
                new_tau = 0.0
                new_nu = (m - mc) * rest
            worst = max(
                worst, abs(new_tau - tau[i]) * v, abs(new_nu - nu[i] - (new_tau - tau[i]) * mu[i]) * math.sqrt(v)
            )
            _add_site(mu, sigma, i, new_tau - tau[i], new_nu - nu[i], column)
            tau[i], nu[i] = new_tau, new_nu
        if worst < tolerance:
            return sweep + 1
    return most


@njit(cache=True, error_model="numpy")
def _normalise(row: FloatArray) -> None:
    """Shift log weights (g,) so that their exponentials sum to one, in place."""
    top = -math.inf
    for g in range(row.shape[0]):
        top = max(top, row[g])
    total = 0.0
    for g in range(row.shape[0]):
        total += math.exp(max(row[g] - top, _TINY))
    shift = top + math.log(total)
    for g in range(row.shape[0]):
        row[g] -= shift


@njit(cache=True, error_model="numpy")
def marginals(
    mu: FloatArray,
    var: FloatArray,
    tau: FloatArray,
    nu: FloatArray,
    site: FloatArray,
    at: IntArray,
    first: float,
    step: float,
    out: FloatArray,
) -> None:
    """Normalised log probabilities (n, g) of n levels: what the others say of each, times its own likelihood.

    mu, var (n,) moments under all normal sites; tau, nu (n,) each level's own site; at (n,) its row of ``site`` (m, g),
    -1 for none.
    """
    n, g_n = out.shape
    for i in range(n):
        rest = max(1.0 / var[i] - tau[i], 1e-9)
        mean = (mu[i] / var[i] - nu[i]) / rest
        for g in range(g_n):
            away = first + step * g - mean
            value = -0.5 * away * away * rest
            if at[i] >= 0:
                value += site[at[i], g]
            out[i, g] = value
        _normalise(out[i])


@njit(cache=True, error_model="numpy")
def skewed_marginals(
    mu: FloatArray,
    var: FloatArray,
    tau: FloatArray,
    nu: FloatArray,
    site: FloatArray,
    at: IntArray,
    first: float,
    step: float,
    mu_w: float,
    var_w: float,
    cov_w: FloatArray,
    tau_w: float,
    nu_w: float,
    log_ratio: FloatArray,
    first_w: float,
    step_w: float,
    every: int,
    out: FloatArray,
) -> None:
    """As `marginals`, summed over a shared score w whose law is not normal.

    cov_w (n,) covariance of each level with w; log_ratio (k,) log of the score's own law over the normal one that
    stands for it, on a grid of which each ``every``-th point is used.
    """
    n, g_n = out.shape
    n_w = (log_ratio.shape[0] + every - 1) // every
    weight, centre, sums = np.empty(n_w), np.empty(n_w), np.empty(g_n)
    for i in range(n):
        # the two without their own sites: precision of (level, w), then conditionals
        det = var[i] * var_w - cov_w[i] * cov_w[i]
        pxx, pww, pxw = var_w / det - tau[i], var[i] / det - tau_w, -cov_w[i] / det
        hx = (var_w * mu[i] - cov_w[i] * mu_w) / det - nu[i]
        hw = (var[i] * mu_w - cov_w[i] * mu[i]) / det - nu_w
        pxx = max(pxx, 1e-9)
        pw = max(pww - pxw * pxw / pxx, 1e-12)  # w alone
        mw = (hw - pxw * hx / pxx) / pw
        top = -math.inf
        for k in range(n_w):
            w = first_w + step_w * every * k
            weight[k] = log_ratio[k * every] - 0.5 * pw * (w - mw) * (w - mw)
            centre[k] = (hx - pxw * w) / pxx
            top = max(top, weight[k])
        for k in range(n_w):
            weight[k] = math.exp(max(weight[k] - top, _TINY))
        sums[:] = 0.0
        fall = math.exp(-pxx * step * step)
        for k in range(n_w):
            if weight[k] <= 1e-14:
                continue
            # a normal law about the centre, level by level outwards: each step multiplies by a factor that falls
            middle = min(max(int(round((centre[k] - first) / step)), 0), g_n - 1)
            away = first + step * middle - centre[k]
            peak = weight[k] * math.exp(-min(0.5 * pxx * away * away, 700.0))
            value, grow = peak, math.exp(min(-pxx * (away * step + 0.5 * step * step), 700.0))
            for g in range(middle, g_n):
                sums[g] += value
                value *= grow
                grow *= fall
                if value < 1e-280:
                    break
            value, grow = peak, math.exp(min(pxx * (away * step - 0.5 * step * step), 700.0))
            for g in range(middle - 1, -1, -1):
                value *= grow
                grow *= fall
                if value < 1e-280:
                    break
                sums[g] += value
        for g in range(g_n):
            value = math.log(sums[g]) if sums[g] > 0.0 else -1e4
            if at[i] >= 0:
                value += site[at[i], g]
            out[i, g] = value
        _normalise(out[i])


@njit(cache=True, error_model="numpy")
def chain(cov: FloatArray, tau_before: FloatArray, tau_after: FloatArray, out: FloatArray) -> None:
    """Entropy (n,) that a field loses as its sites change one after the other: half the log determinants' ratio. [nat]

    cov (n, n) of the field under the sites before; changed in place to that under the sites after.
    """
    n = cov.shape[0]
    column = np.empty(n)
    for i in range(n):
        change = tau_after[i] - tau_before[i]
        out[i] = 0.0
        if change == 0.0:
            continue
        for a in range(n):
            column[a] = cov[a, i]
        grown = max(1.0 + change * column[i], 1e-12)
        out[i] = 0.5 * math.log(grown)
        for a in range(n):
            c = change / grown * column[a]
            for b in range(n):
                cov[a, b] -= c * column[b]
