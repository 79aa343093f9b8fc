"""Slow twins of the learner's kernels: exact densities instead of tables, one look and one type at a time."""

import numpy as np

from watchfloor.base.picture import SIGMA_GRID_DBSM
from watchfloor.physics import detection

SIGMA_M2 = 10.0 ** (0.1 * SIGMA_GRID_DBSM)


def log_likelihood(snr_1m2, power, pfa, *, n_pulses, swerling, association):
    """Row (g,) of one look: a hit at ``power`` over the mean noise, or a miss where it is NaN."""
    snr = snr_1m2 * SIGMA_M2
    if np.isnan(power):
        miss = detection.miss(snr, pfa, n_pulses=n_pulses, swerling=swerling)
        return np.log(1.0 - association + association * miss)
    return np.array(
        [float(detection.statistic_log_pdf(n_pulses * power, one, n_pulses=n_pulses, swerling=swerling)) for one in snr]
    )


def log_evidence(prior, rows):
    """Log of the sum over levels of prior (g,) times the product of the looks' likelihoods (k, g)."""
    total = rows.sum(axis=0)
    top = total.max()
    return top + np.log((prior * np.exp(total - top)).sum())


def posterior(log_prior, rows, weights):
    """Normalised log posterior (g,) of weighted looks."""
    out = log_prior + (np.asarray(weights)[:, None] * rows).sum(axis=0)
    out = out - out.max()
    return out - np.log(np.exp(out).sum())


def expected_pd(snr_1m2, pfa, probability, priors, own, *, n_pulses, swerlings):
    """Mean Pd over types (t,) and over the levels of each, given prior (t, g) and own looks' likelihood (t, g)."""
    out = 0.0
    for p, prior, likelihood, swerling in zip(probability, priors, own, swerlings, strict=True):
        weight = prior * likelihood
        pd = detection.pd(snr_1m2 * SIGMA_M2, pfa, n_pulses=n_pulses, swerling=swerling)
        out += p * (weight * pd).sum() / weight.sum()
    return out
