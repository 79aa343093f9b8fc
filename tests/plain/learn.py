"""Slow twins of the learner's kernels: exact densities instead of tables, one look and one type at a time."""

import numpy as np
from scipy import special

from watchfloor.base.picture import SIGMA_GRID_DBSM
from watchfloor.physics import detection
from watchfloor.physics.frames import ecef_to_geodetic

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


def blurred(row, sd_db):
    """Log of the exponentials of a row (g,) convolved with a normal law of deviation ``sd_db``; ends go on level."""
    step = SIGMA_GRID_DBSM[1] - SIGMA_GRID_DBSM[0]
    reach = int(np.ceil(4.0 * sd_db / step))
    tap = np.exp(-0.5 * (np.arange(-reach, reach + 1) * step / sd_db) ** 2)
    padded = np.pad(row, reach, mode="edge")
    return np.array([np.logaddexp.reduce(padded[g : g + len(tap)] + np.log(tap / tap.sum())) for g in range(len(row))])


def taught(level, row, probability):
    """What looks (g,) of a track say of a class's level, whose probabilities were (g,), when it may be of another."""
    z = np.logaddexp.reduce(np.log(np.maximum(level, 1e-300)) + row)
    return np.logaddexp(np.log(probability) + row - z, np.log(1.0 - probability))


def scored(level, rho, scores):
    """Probabilities (u, g) of a level given a standard normal score it hangs on, by its own normal score."""
    middle = level.cumsum() - 0.5 * level
    xi = special.ndtri(np.clip(middle, 1e-12, 1.0 - 1e-12))
    at = np.clip(rho * xi, scores[0], scores[-1])
    given = np.exp(-0.5 * (scores[:, None] - at) ** 2 / (1.0 - rho * rho))
    joint = level * given / given.sum(axis=0)
    return joint / joint.sum(axis=1, keepdims=True)


def expected_pd(snr_1m2, pfa, probability, priors, own, *, n_pulses, swerlings):
    """Mean Pd over types (t,) and over the levels of each, given prior (t, g) and own looks' likelihood (t, g)."""
    out = 0.0
    for p, prior, likelihood, swerling in zip(probability, priors, own, swerlings, strict=True):
        weight = prior * likelihood
        pd = detection.pd(snr_1m2 * SIGMA_M2, pfa, n_pulses=n_pulses, swerling=swerling)
        out += p * (weight * pd).sum() / weight.sum()
    return out


def manner(position, velocity, cov):
    """Speed, altitude, course, its deviation, variances of speed and altitude of one track."""
    lat, lon, altitude = ecef_to_geodetic(position)
    up = position / np.linalg.norm(position)
    east = np.array([-np.sin(lon), np.cos(lon), 0.0])
    north = np.cross(up, east)
    speed = np.linalg.norm(velocity)
    of_speed = np.trace(cov[3:, 3:]) / 3.0
    course = np.arctan2(velocity @ east, velocity @ north)
    return [speed, float(altitude), course, np.sqrt(of_speed) / max(speed, 1.0), of_speed, up @ cov[:3, :3] @ up]


def taught_by_cells(belief, rows, looks, levels, taps, own_scored, log_weight):
    """What one track of one class says of the cells of one group of radars, (c, g).

    belief of the class; rows (c, g) log-likelihoods; looks (c,) effective; levels (c, g) probabilities before; taps of
    the blur, odd in number; own_scored (c, u) log evidence at each score; log_weight (u,).
    """
    lifted = []
    for row in rows:
        wide = np.pad(np.exp(row - row.max()), len(taps) // 2, mode="edge")
        lifted.append(np.log(np.convolve(wide, taps[::-1], mode="valid")))
    lifted = np.array(lifted)
    z = np.log((levels * np.exp(lifted)).sum(axis=1))

    def summed(score):
        return np.log(np.exp(log_weight + score).sum())

    alone = np.array([summed(one) for one in own_scored])
    whole = own_scored.sum(axis=0)
    foreseen = np.array([summed(whole) - summed(whole - one) for one in own_scored]) - alone
    foreseen = np.maximum(foreseen, 0.0)
    if foreseen.sum() > 0.0:
        z = z + foreseen / foreseen.sum() * (summed(whole) - alone.sum())
    floor = (1.0 - belief) ** (looks / looks.sum())
    return np.log(floor[:, None] + (1.0 - floor[:, None]) * np.exp(lifted - z[:, None]))
