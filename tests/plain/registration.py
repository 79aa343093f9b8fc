"""Slow twin of registration: state and biases in one augmented filter."""

import numpy as np

from tests.plain.tracking import difference, expected, jacobian


def update_together(x, p, u, b, pb, sensor, place, way, z, cov, probability=1.0):
    """One plot; ``x, p`` given the biases and sensitivity ``u`` stand for the joint Gaussian of state and biases.

    Returns the joint mean (6 + m,) and covariance after the plot, and its squared normalised innovation.
    """
    m = len(b)
    mean = np.concatenate([x, b])
    joint = np.block([[p + u @ pb @ u.T, u @ pb], [pb @ u.T, pb]])
    zhat, h = expected(x, 0.0, place), jacobian(x, 0.0, place)
    own = b[5 * sensor : 5 * sensor + 5]
    h[0] *= 1.0 + own[1]
    by_bias = np.zeros((4, m))
    by_bias[0, 5 * sensor], by_bias[0, 5 * sensor + 1] = 1.0, zhat[0]
    by_bias[1, 5 * sensor + 2] = by_bias[2, 5 * sensor + 3] = 1.0
    by_bias[:, 5 * sensor + 4] = -h[:, :3] @ way
    shown = zhat + np.array([own[0] + own[1] * zhat[0], own[2], own[3], 0.0])
    rows = np.flatnonzero(~np.isnan(z))
    y = difference(z, shown)[rows]
    full = np.hstack([h, by_bias])[rows]
    s = full @ joint @ full.T + cov[np.ix_(rows, rows)] / probability
    gain = joint @ full.T @ np.linalg.inv(s)
    keep = np.eye(6 + m) - gain @ full
    after = keep @ joint @ keep.T + gain @ (cov[np.ix_(rows, rows)] / probability) @ gain.T
    return mean + gain @ y, after, float(y @ np.linalg.solve(s, y))
