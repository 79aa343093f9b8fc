from __future__ import annotations

import numpy as np
import pytest
from geographiclib.geodesic import Geodesic
from hypothesis import given
from hypothesis import strategies as st

from watchfloor.formats.geojson import signed_area
from watchfloor.physics.frames import Place, destination
from watchfloor.report.contours import area_m2, rings

N_AZIMUTH = 180


def on_polar(shape):
    """Field of a plane shape (east, north) on a polar grid of unit steps, and a way to draw its rings."""

    def field(row, column):
        azimuth = row * 2.0 * np.pi / N_AZIMUTH
        return shape(column * np.sin(azimuth), column * np.cos(azimuth)).astype(float)

    values = field(*np.meshgrid(np.arange(N_AZIMUTH), np.arange(120.0), indexing="ij"))

    def plane(ring):
        azimuth = ring[::-1, 0] * 2.0 * np.pi / N_AZIMUTH
        return np.column_stack((ring[::-1, 1] * np.sin(azimuth), ring[::-1, 1] * np.cos(azimuth)))

    return field, [plane(ring) for ring in rings(values, 0.5, turn=True, field=field)]


def chord_loss(radius, step):
    """Area that a polygon of chords lacks of its circle, with chords at most two steps long."""
    return 2.0 * np.pi * radius * (2.0 * step) ** 2 / (12.0 * radius) + 0.01 * radius


@pytest.mark.parametrize("centre", [(0.0, 70.0), (70.0, 0.0), (-40.0, -50.0), (0.0, -70.0)])
def test_an_island_has_its_area_even_across_north(centre):
    _, made = on_polar(lambda e, n: np.hypot(e - centre[0], n - centre[1]) < 25.0)
    (ring,) = made
    assert signed_area(ring) == pytest.approx(np.pi * 25.0**2, rel=0.02)
    radii = np.hypot(*(ring - centre).T)
    np.testing.assert_allclose(radii, 25.0, atol=2.0 / 1024.0 * 3.0)  # a step across is 3 at this distance


def test_a_disc_with_a_hole_about_the_centre_has_two_rings_that_run_against_each_other():
    _, made = on_polar(lambda e, n: (np.hypot(e, n) < 100.3) & (np.hypot(e, n) > 20.6))
    areas = sorted(signed_area(ring) for ring in made)
    circles = [-np.pi * 20.6**2, np.pi * 100.3**2]
    # regular polygons of 180 sides
    share = N_AZIMUTH / (2.0 * np.pi) * np.sin(2.0 * np.pi / N_AZIMUTH)
    np.testing.assert_allclose(areas, np.multiply(circles, share), rtol=1e-4)


def test_what_covers_the_centre_is_not_a_hole():
    _, made = on_polar(lambda e, n: np.hypot(e - 5.0, n) < 30.0)
    (ring,) = made
    assert signed_area(ring) > 0.0


def test_the_border_closes_what_runs_out_of_the_grid():
    _, made = on_polar(lambda e, n: n > 0.5)
    (ring,) = made
    assert np.hypot(*ring.T).max() == pytest.approx(119.0)
    assert signed_area(ring) == pytest.approx(0.5 * np.pi * 119.0**2, rel=0.01)
    (square,) = rings(np.ones((4, 5)), 0.5)
    assert signed_area(square[:, ::-1]) == pytest.approx(12.0)


def test_rings_keep_the_higher_side_on_their_left():
    row, column = np.meshgrid(np.arange(40.0), np.arange(40.0), indexing="ij")
    (hill,) = rings(-np.hypot(row - 20.0, column - 20.0), -10.0)
    assert signed_area(hill[:, ::-1]) > 0.0
    border, pit = rings(np.hypot(row - 20.0, column - 20.0), 10.0)
    assert sorted(np.sign([signed_area(border[:, ::-1]), signed_area(pit[:, ::-1])])) == [-1.0, 1.0]


@given(st.integers(0, 2**32 - 1))
def test_any_field_on_a_turn_gives_closed_rings_that_part_high_from_low(seed):
    rng = np.random.default_rng(seed)
    values = rng.random((12, 9))
    made = rings(values, 0.5, turn=True)
    values[:, 0] = values[:, 0].min()
    for row in range(12):  # along each ray, from the centre out, every change of side is one vertex
        column = np.concatenate([ring[ring[:, 0] % 12 == row, 1] for ring in made]) if made else np.zeros(0)
        sides = np.append(values[row] >= 0.5, False)
        assert len(np.unique(np.round(column, 12))) == np.count_nonzero(np.diff(sides.astype(int)))


def test_no_ring_where_the_level_is_not_reached_and_nan_is_refused():
    assert rings(np.zeros((5, 5)), 0.5) == []
    with pytest.raises(ValueError, match="finite"):
        rings(np.full((5, 5), np.nan), 0.5)
    with pytest.raises(ValueError, match="2 rows"):
        rings(np.zeros((1, 5)), 0.5)


@pytest.mark.parametrize(("lat", "lon"), [(0.0, 0.0), (47.0, 10.0), (-65.0, 179.9), (89.5, 40.0), (-90.0, 0.0)])
@pytest.mark.parametrize("radius_m", [20e3, 500e3])
def test_areas_are_those_of_the_ellipsoid(lat, lon, radius_m):
    place = Place.from_degrees(lat, lon, 0.0)
    azimuth = -np.linspace(0.0, 2.0 * np.pi, 360, endpoint=False)
    outer, inner = (
        np.column_stack(destination(place.lat_rad, place.lon_rad, a, r))
        for a, r in ((azimuth, radius_m), (azimuth[::-1], 0.4 * radius_m))
    )
    expected = 0.0
    for ring in (outer, inner):  # Karney's exact areas
        polygon = Geodesic.WGS84.Polygon()
        for one in np.degrees(ring):
            polygon.AddPoint(*one)
        expected += polygon.Compute(False, True)[2]
    assert area_m2([outer, inner], place) == pytest.approx(expected, rel=2e-6)
