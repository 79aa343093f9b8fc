"""Slow twins of the tracker's kernels: matrices, numerical Jacobians, no shortcuts."""

import numpy as np
from scipy.optimize import linear_sum_assignment

from watchfloor.physics.frames import Place, ecef_to_polar, range_rate

A_M, B_M = 6_378_137.0, 6_356_752.314_245_179


def up_of(x):
    normal = x[:3] / np.array([A_M, A_M, B_M]) ** 2
    return normal / np.linalg.norm(normal)


def transition(dt):
    return np.block([[np.eye(3), dt * np.eye(3)], [np.zeros((3, 3)), np.eye(3)]])


def process_noise(x, dt, q_h, q_v):
    """Integral of F(s) G q G' F(s)' over the way, forward or back."""
    u = up_of(x)
    q = q_h * (np.eye(3) - np.outer(u, u)) + q_v * np.outer(u, u)
    steps, weights = np.polynomial.legendre.leggauss(6)
    total = np.zeros((6, 6))
    for step, weight in zip(0.5 * dt * (steps + 1.0), weights, strict=True):
        f = transition(step)[:, 3:]
        total += weight * 0.5 * abs(dt) * f @ q @ f.T
    return total


def predict(x, p, dt, q_h, q_v):
    f = transition(dt)
    return f @ x, f @ p @ f.T + process_noise(x, dt, q_h, q_v)


def expected(x, dt, place: Place):
    at = x[:3] + dt * x[3:]
    return np.array([*ecef_to_polar(at, place), range_rate(at, x[3:], place)])


def difference(z, zhat):
    out = z - zhat
    out[1] = (out[1] + np.pi) % (2.0 * np.pi) - np.pi
    return out


def jacobian(x, dt, place: Place):
    columns = []
    for c in range(6):
        step = np.zeros(6)
        step[c] = 2.0 if c < 3 else 0.2
        wide = difference(expected(x + step, dt, place), expected(x - step, dt, place))
        columns.append(wide / (2.0 * step[c]))
    return np.stack(columns, axis=1)


def kalman(x, p, residual, h, r):
    s = h @ p @ h.T + r
    gain = np.linalg.solve(s, h @ p).T
    keep = np.eye(6) - gain @ h
    return x + gain @ residual, keep @ p @ keep.T + gain @ r @ gain.T, float(residual @ np.linalg.solve(s, residual))


def update(x, p, dt, z, r, place: Place, q_h, q_v):
    """Angles, then range and range rate given the angles' errors, each linearised where the other left off."""
    if dt < 0.0:
        h = jacobian(x, 0.0, place)
        r = r + h @ process_noise(x, dt, q_h, q_v) @ h.T
    angles = [k for k in (1, 2) if np.isfinite(z[k])]
    lengths = [k for k in (0, 3) if np.isfinite(z[k])]
    d2 = 0.0
    if angles:
        h, off = jacobian(x, dt, place)[angles], difference(z, expected(x, dt, place))[angles]
        x, p, d2 = kalman(x, p, off, h, r[np.ix_(angles, angles)])
    if lengths:
        h, off = jacobian(x, dt, place), difference(z, expected(x, dt, place))
        explain = np.zeros((len(lengths), len(angles)))
        if angles:
            explain = np.linalg.solve(r[np.ix_(angles, angles)], r[np.ix_(angles, lengths)]).T
        noise = r[np.ix_(lengths, lengths)] - explain @ r[np.ix_(angles, lengths)]
        x, p, more = kalman(x, p, off[lengths] - explain @ off[angles], h[lengths] - explain @ h[angles], noise)
        d2 += more
    return x, p, d2


def bound(x, p, first, up, wanted, sd):
    h = np.zeros((1, 6))
    h[0, first : first + 3] = up
    variance = float((h @ p @ h.T)[0, 0])
    if variance <= sd * sd:
        return x, p
    return kalman(x, p, np.array([wanted]), h, np.array([[1.0 / (1.0 / sd**2 - 1.0 / variance)]]))[:2]


def assign(track, plot, cost, n_tracks, n_plots):
    """Dense assignment with a column of its own for each track that stays alone; (plot of each track, total cost)."""
    full = np.full((n_tracks, n_plots + n_tracks), 1e9)
    full[track, plot] = cost
    full[np.arange(n_tracks), n_plots + np.arange(n_tracks)] = 0.0
    rows, columns = linear_sum_assignment(full)
    return np.where(columns < n_plots, columns, -1), float(full[rows, columns].sum())
