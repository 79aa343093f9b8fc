"""The polar-to-Cartesian example of Julier & Uhlmann, "Unscented filtering and nonlinear estimation", *Proc. IEEE*
92 (3), 2004 (and their 1997 paper): a sonar with 2 cm in range and 15 degrees in bearing sees a target at (0, 1).

True moments in closed form: D. Lerro & Y. Bar-Shalom, *IEEE Trans. AES* 29 (3), 1993, pp. 1015-1022. Linearisation puts
the mean at (0, 1), 3.4 cm too far, with a standard deviation of 2 cm along the line of sight.
"""

import numpy as np
import pytest

from watchfloor.track._kernels import sigma

SD = np.array([0.02, np.radians(15.0)])


def transformed(scheme):
    spread, w, centre_mean, centre_cov = sigma.weights(2, scheme)
    points = np.array([1.0, 0.5 * np.pi]) + spread * np.concatenate([np.diag(SD), -np.diag(SD)])
    points = np.concatenate([[[1.0, 0.5 * np.pi]], points])
    xy = points[:, :1] * np.stack([np.cos(points[:, 1]), np.sin(points[:, 1])], axis=1)
    mean = np.array([centre_mean, w, w, w, w]) @ xy
    off = xy - mean
    return mean, np.einsum("n,ni,nj->ij", np.array([centre_cov, w, w, w, w]), off, off)


def truth():
    a = np.exp(-0.5 * SD[1] ** 2)  # E cos
    a2 = np.exp(-2.0 * SD[1] ** 2)  # E cos 2.
    square = 1.0 + SD[0] ** 2
    return np.array([0.0, a]), np.diag([0.5 * square * (1.0 - a2), 0.5 * square * (1.0 + a2) - a**2])


def test_the_true_mean_lies_3_4_cm_short():
    mean, _ = truth()
    assert mean[1] == pytest.approx(0.9663, abs=5e-5)


def test_the_unscented_mean_is_right_to_fourth_order():
    # what is left is the sixth order: s^6 / 48 - s^6 / 80 = 2.7e-6, and its like
    mean, _ = transformed(sigma.UNSCENTED)
    np.testing.assert_allclose(mean, truth()[0], atol=1e-5)


def test_the_cubature_mean_is_right_to_second_order():
    # fourth order left: s^4 (1/8 - 2/24) = 2.0e-4
    mean, _ = transformed(sigma.CUBATURE)
    np.testing.assert_allclose(mean, truth()[0], atol=2.1e-4)


def test_the_unscented_covariance_does_not_claim_more_than_the_true_one():
    _, cov = transformed(sigma.UNSCENTED)
    _, true = truth()
    assert np.all(np.diag(cov) >= 0.97 * np.diag(true))
    assert cov[1, 1] > 2.0 * 0.02**2  # linearisation says 0.02^2
    np.testing.assert_allclose(cov[0, 0], true[0, 0], rtol=0.03)
