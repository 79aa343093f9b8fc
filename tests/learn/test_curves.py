"""Summaries of a posterior."""

import numpy as np
import pytest

from tests.learn import scene
from watchfloor.base.picture import SIGMA_GRID_DBSM
from watchfloor.learn.curves import detection_range_m, mean_sd_dbsm, mixture, quantiles_dbsm
from watchfloor.learn.library import broad
from watchfloor.physics.detection import required_snr
from watchfloor.physics.radar import snr


def test_quantiles_and_moments_of_a_normal_are_those_of_a_normal():
    log_p = broad(-7.3, 4.0)[None]
    mean, sd = mean_sd_dbsm(log_p)
    np.testing.assert_allclose([mean[0], sd[0]], [-7.3, 4.0], atol=1e-6)
    np.testing.assert_allclose(quantiles_dbsm(log_p)[0], -7.3 + 4.0 * np.array([-1.28155, 0.0, 1.28155]), atol=0.02)
    with pytest.raises(ValueError, match="inside"):
        quantiles_dbsm(log_p, (0.0,))


def test_the_range_of_a_known_level_gives_the_signal_that_detection_needs():
    radar, known = scene.radar(), scene.sharp([-10.0], sd_db=0.05)
    got = detection_range_m(radar, known.log_posterior[:1], pd=0.9)[0]
    needed = float(required_snr(0.9, radar.pfa))
    np.testing.assert_allclose(snr(radar, got[1], 0.1), needed, rtol=0.02)


def test_forty_decibels_are_a_factor_of_ten_in_range():
    radar = scene.radar()
    near, far = (detection_range_m(radar, broad(level, 1.0)[None])[0, 1] for level in (-30.0, 10.0))
    np.testing.assert_allclose(far / near, 10.0, rtol=1e-3)


def test_a_mixture_of_rows_has_their_mean_and_more_than_their_spread():
    known = scene.sharp([-10.0, 10.0], sd_db=2.0)
    mean, sd = mean_sd_dbsm(mixture(known, np.array([0, 12])))
    np.testing.assert_allclose([mean, sd], [0.0, np.sqrt(104.0)], atol=1e-3)
    assert len(mixture(known, np.array([0]))) == len(SIGMA_GRID_DBSM)
