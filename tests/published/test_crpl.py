"""Refraction in the CRPL exponential reference atmosphere and in ITU-R P.834's, against printed values."""

import numpy as np
import pytest

from watchfloor.physics import propagation
from watchfloor.physics.refraction import Exponential, crpl_decay_per_m, trace


def test_decay_meets_bean_and_thayer():
    # NBS Monograph 4, 1959, appendix A; MATLAB R2021b, refractionexp, documentation example: 0.1184 0.1439 0.2233
    np.testing.assert_allclose(1e3 * crpl_decay_per_m([200.0, 313.0, 450.0]), [0.1184, 0.1439, 0.2233], atol=5e-5)
    # monograph 4, table of the atmospheres: 313.0 has c = 0.143859 per km and falls by 41.94 N over the first kilometre
    np.testing.assert_allclose(1e3 * crpl_decay_per_m(313.0), 0.143859, atol=5e-7)
    np.testing.assert_allclose(1e6 * -np.diff(Exponential().profile(np.array([0.0, 1e3]))[0]), 41.94, atol=5e-3)


def test_trace_meets_height2range():
    # MATLAB R2021b, height2range(1e3, 10, 2, Method="CRPL"): 2.7171e4 m, true slant 2.7163e4 m, true el. 1.9666 deg
    ray = trace(Exponential(), 10.0, np.radians(2.0), target_height_m=1e3)
    np.testing.assert_allclose(ray.range_apparent_m, 2.7171e4, atol=0.5)
    np.testing.assert_allclose(ray.range_m, 2.7163e4, atol=0.5)
    np.testing.assert_allclose(np.degrees(ray.elevation_true_rad), 1.9666, atol=5e-5)


def test_quick_form_meets_range2height():
    # MATLAB R2021b, range2height(300e3, 10, 0.5): 7.9325e3 m, with its default radius (-39 N/km, not 4/3)
    radius = propagation.effective_radius_m(-39.0, earth_radius_m=6371e3) + 10.0
    rise = 300e3 * (300e3 + 2 * radius * np.sin(np.radians(0.5)))
    height = 10.0 + rise / (np.sqrt(radius**2 + rise) + radius)
    np.testing.assert_allclose(height, 7932.5, atol=0.05)
    ground = radius * np.arctan2(300e3 * np.cos(np.radians(0.5)), radius + 300e3 * np.sin(np.radians(0.5)))
    found = propagation.apparent_elevation_rad(
        10.0, height, ground, k=float((radius - 10.0) / 6371e3), earth_radius_m=6371e3
    )
    np.testing.assert_allclose(np.degrees(found), 0.5, atol=2e-4)


@pytest.mark.parametrize("height_km", [0.0, 1.0, 3.0])
def test_total_bending_meets_p834(height_km):
    # ITU-R P.834-9, 2017, annex 1, eq. (9): a fit of the whole bending in n = 1 + 0.000315 exp(-0.1361 h), in degrees
    air = Exponential(315.0, 1e3 / 0.1361)
    for angle in (0.0, 0.5, 1.0, 2.0, 4.0):
        fit = 1.0 / (
            1.314
            + 0.6437 * angle
            + 0.02869 * angle**2
            + height_km * (0.2305 + 0.09428 * angle + 0.01096 * angle**2)
            + 0.008583 * height_km**2
        )
        ray = trace(air, 1e3 * height_km, np.radians(angle), target_height_m=400e3)
        np.testing.assert_allclose(np.degrees(ray.bending_rad), fit, rtol=0.04)


def test_zenith_delay_is_the_refractivity_above():
    # N0 / decay: 313e-6 * 6.951 km = 2.176 m, the excess that radio navigation knows as the zenith delay
    ray = trace(Exponential(), 0.0, np.pi / 2, target_height_m=200e3)
    np.testing.assert_allclose(ray.range_apparent_m - 200e3, 313e-6 / crpl_decay_per_m(313.0), atol=1e-6)
