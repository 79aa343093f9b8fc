from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from watchfloor.physics.frames import Place, ecef_to_geodetic, polar_to_ecef
from watchfloor.physics.slant import elevation_at_height

SITE = Place.from_degrees(48.7233, 2.3794, 110.0)


@given(
    lat=st.floats(-89.0, 89.0),
    alt=st.floats(-100.0, 4000.0),
    azimuth=st.floats(0.0, 6.28),
    elevation=st.floats(-0.01, 1.4),
    slant=st.floats(1e3, 450e3),
)
def test_the_elevation_of_a_points_own_height_is_its_elevation(lat, alt, azimuth, elevation, slant):
    place = Place.from_degrees(lat, 30.0, alt)
    _, _, height = ecef_to_geodetic(polar_to_ecef(slant, azimuth, elevation, place))
    assume(-10e3 < height < 200e3)
    found, _, _ = elevation_at_height(slant, azimuth, float(height), place)
    assert found == pytest.approx(elevation, abs=1e-9 + 1e-3 / (slant * np.cos(elevation)))


def test_derivatives_are_those_of_differences():
    rng = np.random.default_rng(1)
    slant, azimuth = rng.uniform(15e3, 400e3, 500), rng.uniform(0.0, 6.28, 500)
    height = rng.uniform(0.0, 13e3, 500)
    _, by_range, by_height = elevation_at_height(slant, azimuth, height, SITE)
    step = 0.5
    ahead, back = (elevation_at_height(slant + s, azimuth, height, SITE)[0] for s in (step, -step))
    np.testing.assert_allclose(by_range, (ahead - back) / (2 * step), rtol=2e-4, atol=1e-12)
    ahead, back = (elevation_at_height(slant, azimuth, height + s, SITE)[0] for s in (step, -step))
    np.testing.assert_allclose(by_height, (ahead - back) / (2 * step), rtol=2e-4)


def test_a_height_that_the_range_does_not_reach_has_no_elevation():
    found, by_range, by_height = elevation_at_height([5e3, 9.9e3, 12e3], 0.3, 10_110.0, SITE)
    assert np.isnan(found).tolist() == [True, True, False]
    assert np.isnan(by_range).tolist() == np.isnan(by_height).tolist() == [True, True, False]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [((0.0, 0.0, 1e3), "range_m"), ((1e5, np.nan, 1e3), "azimuth_rad"), ((1e5, 0, 1e6), "height_m")],
)
def test_what_is_outside_the_domain_is_named(arguments, named):
    with pytest.raises(ValueError, match=named):
        elevation_at_height(*arguments, SITE)


def test_shapes_broadcast():
    assert elevation_at_height(np.full((2, 1), 1e5), np.zeros(3), 5e3, SITE)[0].shape == (2, 3)
