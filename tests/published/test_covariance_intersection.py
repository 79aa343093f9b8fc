"""Covariance intersection and track fusion against what was published.

Weights: closed forms of Reinhardt, Noack & Hanebeck, "Closed-form optimization of covariance intersection for
low-dimensional matrices", Proc. 15th Int. Conf. on Information Fusion, 2012, eq. 11 (determinant, d = 2), eq. 12
(determinant, d = 3) and eq. 19 (trace, d = 2), as the Tracker Component Library's ``covarianceIntersect`` gives them,
with the numbers of the example there: Sijs, Lazar & Bosch, "State fusion with unknown correlation: ellipsoidal
intersection", Proc. American Control Conference, 2010.

Common process noise: Bar-Shalom & Campo, "The effect of the common process noise on the two-sensor fused-track
covariance", IEEE Trans. AES 22 (6), 1986, pp. 803-805: the area of the fused uncertainty is about 70 percent of one
sensor's, over a wide range of process noise, and 50 percent without it.
"""

import numpy as np
import pytest

from tests.plain import fusion as plain
from watchfloor.track.fuse import covariance_intersection, cross_covariance, fuse_correlated

SIJS_X = np.array([[1.0, -2.0], [-2.0, -1.0]])
SIJS_P = np.array([[[3.0, 0.0], [0.0, 0.4]], [[2.0, -0.8], [-0.8, 1.0]]])


def diagonal_form(p1, p2):
    """Transformation a with a p1 a' = 1 and a p2 a' = diag(d)."""
    root = np.linalg.inv(np.linalg.cholesky(p1))
    d, v = np.linalg.eigh(root @ p2 @ root.T)
    return v.T @ root, d


def best(candidates, p1, p2, criterion):
    inside = [w for w in [*candidates, 0.0, 1.0] if 0.0 <= w <= 1.0]
    return min(inside, key=lambda w: plain.cost((w, 1.0 - w), (p1, p2), criterion))


def closed_determinant(p1, p2):
    _, d = diagonal_form(p1, p2)
    e = (1.0 / d) / (1.0 - 1.0 / d)
    if len(d) == 2:
        return best([-0.5 * e.sum()], p1, p2, "determinant")
    root = np.sqrt((e**2).sum() - e[0] * e[1] - e[0] * e[2] - e[1] * e[2])
    return best([-(e.sum() + root) / 3.0, -(e.sum() - root) / 3.0], p1, p2, "determinant")


def closed_trace(p1, p2):
    a, d = diagonal_form(p1, p2)
    e = (1.0 / d) / (1.0 - 1.0 / d)
    back = np.linalg.inv(a)
    s = np.diag(back.T @ back)
    total = s[0] * (1.0 + e[0]) + s[1] * (1.0 + e[1])
    p = (s[0] * e[1] * (1.0 + e[0]) + s[1] * e[0] * (1.0 + e[1])) / total
    q = (s[0] * e[1] ** 2 * (1.0 + e[0]) + s[1] * e[0] ** 2 * (1.0 + e[1])) / total
    return best([-p + np.sqrt(max(p * p - q, 0.0)), -p - np.sqrt(max(p * p - q, 0.0))], p1, p2, "trace")


@pytest.mark.parametrize(("criterion", "closed"), [("determinant", closed_determinant), ("trace", closed_trace)])
def test_weights_of_the_example_meet_the_closed_form(criterion, closed):
    _, cov, w = covariance_intersection(SIJS_X[None], SIJS_P[None], criterion=criterion)
    want = closed(*SIJS_P)
    np.testing.assert_allclose(w[0], [want, 1.0 - want], atol=2e-6)
    np.testing.assert_allclose(cov[0], plain.fused((want, 1.0 - want), SIJS_P), rtol=1e-5)


@pytest.mark.parametrize(
    ("d", "criterion", "closed"),
    [(2, "determinant", closed_determinant), (3, "determinant", closed_determinant), (2, "trace", closed_trace)],
)
def test_weights_meet_the_closed_form_on_many_pairs(d, criterion, closed):
    rng = np.random.default_rng(1)
    root = rng.normal(size=(100, 2, d, d))
    cov = root @ np.swapaxes(root, 2, 3) + 0.05 * np.eye(d)
    _, _, w = covariance_intersection(np.zeros((100, 2, d)), cov, criterion=criterion)
    want = np.array([closed(*each) for each in cov])
    # a minimum is flat: a gap of 1e-10 leaves its place open to about its root
    np.testing.assert_allclose(w[:, 0], want, atol=5e-5)


@pytest.mark.parametrize("index", [0.1, 0.3, 1.0, 3.0])
def test_two_sensors_with_common_process_noise_are_worth_seventy_percent_in_area(index):
    # two equal alpha-beta filters, position measured, acceleration constant over a step; index sigma_a T^2 / sigma_z
    f, g = np.array([[1.0, 1.0], [0.0, 1.0]]), np.array([[0.5], [1.0]])
    q, h, r = index**2 * g @ g.T, np.array([[1.0, 0.0]]), np.eye(1)
    p, cross = np.eye(2), np.zeros((2, 2))
    for _ in range(500):
        _, p, keep = plain.kalman(np.zeros(2), f @ p @ f.T + q, np.zeros(1), h, r)
        cross = cross_covariance(cross, transition=f, process_noise=q, keep=keep, other_keep=keep)
    _, fused = fuse_correlated(np.zeros((1, 2)), p[None], np.zeros((1, 2)), p[None], cross[None])
    area = np.sqrt(np.linalg.det(fused[0]) / np.linalg.det(p))
    assert area == pytest.approx(0.7, abs=0.05)


def test_without_process_noise_the_area_is_halved():
    p = np.array([[2.0, 0.3], [0.3, 1.0]])
    _, fused = fuse_correlated(np.zeros((1, 2)), p[None], np.zeros((1, 2)), p[None], np.zeros((1, 2, 2)))
    assert np.sqrt(np.linalg.det(fused[0]) / np.linalg.det(p)) == pytest.approx(0.5)
