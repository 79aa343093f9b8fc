"""Slow twins of the strobes' kernels."""

from itertools import combinations

import numpy as np

from tests.plain.tracking import difference, expected, jacobian, predict
from watchfloor.physics.frames import ecef_to_geodetic, ecef_to_polar


def shares(log_weight, members):
    """Probability of each candidate: every set of candidates that share no angle track is one way."""
    n = len(members)
    ways, weights = [], []
    for size in range(n + 1):
        for way in combinations(range(n), size):
            used = [track for c in way for track in members[c]]
            if len(used) == len(set(used)):
                ways.append(way)
                weights.append(sum(log_weight[c] for c in way))
    weights = np.exp(np.array(weights) - max(weights))
    out = np.zeros(n)
    for way, weight in zip(ways, weights, strict=True):
        out[list(way)] += weight
    return out / weights.sum()


def fix(places, azimuth, sd_rad, altitude_m, altitude_sd_m, start_ecef_m):
    """Least squares of azimuths and height by numerical derivatives: place and covariance."""
    x = np.array(start_ecef_m, float)

    def residual(at):
        shown = [ecef_to_polar(at, place)[1] for place in places]
        gaps = [((a - b + np.pi) % (2.0 * np.pi) - np.pi) / sd_rad for a, b in zip(azimuth, shown, strict=True)]
        return np.array([*gaps, (altitude_m - ecef_to_geodetic(at)[2]) / altitude_sd_m], float)

    for _ in range(30):
        slope = np.stack([(residual(x + d) - residual(x - d)) / 20.0 for d in 10.0 * np.eye(3)], axis=1)
        cov = np.linalg.inv(slope.T @ slope)
        x = x - cov @ slope.T @ residual(x)
    return x, cov, float(residual(x) @ residual(x))


def gate(t_s, z, cov, track_s, x, p, place, q):
    """Squared distance and log-density of a strobe's angles from a track."""
    at, spread = predict(x, p, t_s - track_s, q, q)
    rows = [1] if np.isnan(z[2]) else [1, 2]
    h = jacobian(at, 0.0, place)[rows]
    s = h @ spread @ h.T + cov[np.ix_(rows, rows)]
    y = difference(z, expected(at, 0.0, place))[rows]
    d2 = y @ np.linalg.solve(s, y)
    return d2, -0.5 * (d2 + np.log(np.linalg.det(2.0 * np.pi * s)))
