"""Slow twins of the compiled motion: matrix exponentials, Van Loan's integral; mixing by plain sums."""

import numpy as np
from scipy.linalg import expm

from tests.plain.tracking import up_of
from watchfloor.track._kernels import motion as k


def cross(u):
    return np.array([[0.0, -u[2], u[1]], [u[2], 0.0, -u[0]], [-u[1], u[0], 0.0]])


def vertical_of(x, flat):
    return np.array([0.0, 0.0, 1.0]) if flat else up_of(x)


def continuous(model, nx, up):
    """dx = A x dt + noise of intensity L, for the rows that the model uses."""
    q = model[k.Q_H] * (np.eye(3) - np.outer(up, up)) + model[k.Q_V] * np.outer(up, up)
    n = 9 if model[k.KIND] in (k.CA, k.SINGER) else 6
    a, noise = np.zeros((n, n)), np.zeros((n, n))
    a[:3, 3:6] = np.eye(3)
    if n == 9:
        a[3:6, 6:9] = np.eye(3)
    if model[k.KIND] == k.SINGER:
        a[6:9, 6:9] = -np.eye(3) / model[k.TAU]
    if model[k.KIND] == k.CT:
        a[3:6, 3:6] = -model[k.RATE] * cross(up)  # clockwise from above
    noise[n - 3 :, n - 3 :] = q
    return a, noise


def van_loan(a, noise, dt):
    """Transition over dt, and the integral of F(s) L F(s)' over the way, forward or back (C. F. Van Loan, 1978)."""
    n, sign, parts = len(a), 1.0 if dt >= 0.0 else -1.0, 16
    big = expm(np.block([[-sign * a, noise], [np.zeros((n, n)), sign * a.T]]) * abs(dt) / parts)
    step = big[n:, n:].T
    f, q, more = np.eye(n), np.zeros((n, n)), step @ big[:n, n:]
    for _ in range(parts):  # in parts: the two blocks grow and fade, and over many time constants they cancel
        f, q = step @ f, step @ q @ step.T + more
    return f, q


def move(model, dt, flat, x, p):
    """Linear models, in a flat frame or, over the Earth, without its curvature."""
    nx = len(x)
    a, noise = continuous(model, nx, vertical_of(x, flat))
    f, q = van_loan(a, noise, dt)
    n = len(a)
    big, more = np.zeros((nx, nx)), np.zeros((nx, nx))
    big[:n, :n], more[:n, :n] = f, q
    out, cov = big @ x, big @ p @ big.T + more
    if nx >= 9 and n < 9:
        cov[6:9, 6:9] = model[k.ACC_SD] ** 2 * np.eye(3)
    if nx == 10:
        out[9] = model[k.RATE] if model[k.KIND] == k.CT else 0.0
        cov[9, 9] = model[k.RATE_SD] ** 2
    return out, cov


def turn(x, dt, up):
    """A level turn at the rate that the state carries, by matrix exponential."""
    a = np.zeros((6, 6))
    a[:3, 3:6] = np.eye(3)
    a[3:6, 3:6] = -x[9] * cross(up)
    out = x.copy()
    out[:6] = expm(a * dt) @ x[:6]
    out[6:9] = 0.0
    return out


def turn_noise(x, dt, up, q_rate, steps=400):
    """Noise of the turn rate carried into position and velocity, by summing over when it came (midpoint rule)."""
    total = np.zeros((10, 10))
    ds = dt / steps
    for i in range(steps):
        s = (i + 0.5) * ds
        at = turn(x, s, up)
        wide = 1e-6
        more, less = at.copy(), at.copy()
        more[9] += wide
        less[9] -= wide
        g = (turn(more, dt - s, up) - turn(less, dt - s, up)) / (2.0 * wide)
        total += ds * q_rate * np.outer(g, g)
    return total


def generator(sojourn_s):
    m = len(sojourn_s)
    g = np.full((m, m), 1.0 / (m - 1)) - (1.0 + 1.0 / (m - 1)) * np.eye(m)
    return g / np.asarray(sojourn_s)[:, None]


def merge(weights, x, p):
    mean = sum(w * xi for w, xi in zip(weights, x, strict=True))
    cov = sum(w * (pi + np.outer(xi - mean, xi - mean)) for w, xi, pi in zip(weights, x, p, strict=True))
    return mean, cov


def mix(weights, switch, x, p):
    after = weights @ switch
    mixed = [merge(weights * switch[:, j] / after[j], x, p) for j in range(len(weights))]
    return after, np.stack([m for m, _ in mixed]), np.stack([c for _, c in mixed])


def sigma_update(x, p, z, r, h, d, scheme, wrap):
    """Unscented (1) or cubature (2) update with the first d components as points; h(x) expects, wrap(dz) wraps."""
    used = np.isfinite(z)
    spread, w, centre_mean, centre_cov = (
        (np.sqrt(d), 0.5 / d, 0.0, 0.0)
        if scheme == 2
        else (np.sqrt(3.0), 1.0 / 6.0, 1.0 - d / 3.0, max(1.5 - d / 3.0, 0.0))
    )
    root = np.linalg.cholesky(p[:d, :d])
    follow = p[:, :d] @ np.linalg.inv(p[:d, :d])
    deltas = [side * spread * follow @ root[:, i] for side in (1.0, -1.0) for i in range(d)]
    base = h(x)
    offs = [wrap(h(x + delta) - base)[used] for delta in deltas]
    mean = w * sum(offs)
    s = centre_cov * np.outer(mean, mean) + r[np.ix_(used, used)]
    s = s + w * sum(np.outer(o - mean, o - mean) for o in offs)
    c = w * sum(np.outer(delta, o) for delta, o in zip(deltas, offs, strict=True))
    full = np.zeros(len(z))
    full[used] = mean
    v = wrap(np.where(used, z, 0.0) - np.where(used, base, 0.0) - full)[used]
    gain = np.linalg.solve(s, c.T).T
    log = -0.5 * (v @ np.linalg.solve(s, v) + np.linalg.slogdet(2.0 * np.pi * s)[1])
    return x + gain @ v, p - gain @ s @ gain.T, log
