"""Bands and paired differences."""

import numpy as np
import pytest

from watchfloor.assess.statistics import band, paired


def test_the_interval_of_the_mean_meets_student_s_own_example():
    # Student, "The probable error of a mean", Biometrika 6, 1908, sec. 9, table 1: extra hours of sleep of ten patients
    # under L-hyoscyamine minus D-hyoscyamine: mean 1.58, standard deviation 1.23 (n - 1); t(9, 0.975) = 2.262
    one = np.array([0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0])
    two = np.array([1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4])
    b = paired(two, one)
    np.testing.assert_allclose(b.mean, 1.58)
    np.testing.assert_allclose([b.mean_low, b.mean_high], [0.700, 2.460], atol=5e-4)


def test_the_interval_covers_the_mean_as_often_as_it_says():
    rng = np.random.default_rng(2)
    n = 2000
    inside = sum(b.mean_low <= 0.0 <= b.mean_high for b in (band(rng.standard_normal(8)) for _ in range(n)))
    assert abs(inside - 0.95 * n) < 4.0 * np.sqrt(n * 0.95 * 0.05)


def test_quantiles_are_median_unbiased_type_8():
    b = band(np.arange(1.0, 12.0))
    # position p (n + 1/3) + 1/3 with n = 11
    np.testing.assert_allclose([b.p10, b.p50, b.p90], [0.1 * (11 + 1 / 3) + 1 / 3, 6.0, 0.9 * (11 + 1 / 3) + 1 / 3])


def test_pairing_cancels_what_is_common():
    rng = np.random.default_rng(4)
    common = 100.0 * rng.standard_normal(20)
    b = paired(common + 1.0, common)
    np.testing.assert_allclose([b.mean_low, b.mean_high], 1.0, atol=1e-9)


def test_one_value_has_an_infinite_interval_and_nan_is_refused():
    assert np.isinf(band(np.array([1.0])).mean_high)
    with pytest.raises(ValueError, match="NaN"):
        band(np.array([1.0, np.nan]))
    with pytest.raises(ValueError, match="equal lengths"):
        paired(np.ones(2), np.ones(3))
