"""Grids of heights: bilinear between nodes, voids never a height, tiles that join."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchfloor.base.heights import Heights, mosaic

STEP = np.radians(1.0 / 1200.0)


def grid(height, north_deg=42.0, west_deg=1.0, step=STEP):
    return Heights(
        height_m=np.asarray(height, np.float32),
        north_rad=np.radians(north_deg),
        west_rad=np.radians(west_deg),
        step_lat_rad=step,
        step_lon_rad=step,
    )


def test_a_node_has_its_own_height_and_the_middle_of_four_their_mean():
    heights = grid([[10.0, 20.0, 30.0], [40.0, 50.0, 90.0]])
    lat, lon = heights.lat_rad(), heights.lon_rad()
    np.testing.assert_allclose(heights.at(lat[:, None], lon[None, :]), heights.height_m, atol=1e-6)
    assert heights.at(lat.mean(), lon[:2].mean()) == pytest.approx(30.0, abs=1e-6)


@given(row=st.floats(0.0, 3.0), column=st.floats(0.0, 4.0), a=st.floats(-9, 9), b=st.floats(-9, 9), c=st.floats(-9, 9))
def test_a_plane_and_a_twist_are_met_everywhere(row, column, a, b, c):
    r, q = np.mgrid[0:4, 0:5]
    heights = grid(a * r + b * q + c * r * q)
    got = heights.at(heights.north_rad - row * STEP, heights.west_rad + column * STEP)
    assert got == pytest.approx(a * row + b * column + c * row * column, abs=2e-4)


def test_a_void_is_no_height_but_a_void_without_weight_does_no_harm():
    heights = grid([[10.0, np.nan, 30.0], [40.0, 50.0, 90.0]])
    lat, lon = heights.lat_rad(), heights.lon_rad()
    assert heights.n_voids == 1
    assert np.isnan(heights.at(lat[0] - 0.1 * STEP, lon[1] - 0.1 * STEP))
    assert np.isnan(heights.at(lat[0], lon[1]))
    assert heights.at(lat[1], lon[1]) == pytest.approx(50.0, abs=1e-4)
    assert heights.at(lat[1], lon[1] + 0.5 * STEP) == pytest.approx(70.0, abs=1e-4)


def test_outside_the_grid_nothing_is_known():
    heights = grid(np.ones((3, 3)))
    inside = heights.at([heights.north_rad, heights.south_rad], [heights.west_rad, heights.east_rad])
    np.testing.assert_array_equal(inside, 1.0)
    north, east = heights.north_rad + 0.01 * STEP, heights.east_rad + 0.01 * STEP
    assert np.isnan(heights.at(north, heights.west_rad))
    assert np.isnan(heights.at(heights.north_rad, east))


def test_longitude_may_be_told_in_any_turn_and_across_the_antimeridian():
    heights = grid([[0.0, 10.0, 20.0], [0.0, 10.0, 20.0]], west_deg=180.0 - 1.0 / 1200.0)
    lat = heights.south_rad
    for lon in (np.pi, -np.pi, 3.0 * np.pi):
        assert heights.at(lat, lon) == pytest.approx(10.0, abs=1e-4)
    assert heights.at(lat, -np.pi + 0.5 * STEP) == pytest.approx(15.0, abs=1e-4)


def test_a_crop_keeps_nodes_and_reaches_just_past_the_box():
    heights = grid(np.arange(100.0).reshape(10, 10))
    box = {
        "south_rad": heights.north_rad - 5.5 * STEP,
        "north_rad": heights.north_rad - 2.2 * STEP,
        "west_rad": heights.west_rad + 3.0 * STEP,
        "east_rad": heights.west_rad + 4.1 * STEP,
    }
    cut = heights.crop(**box)
    np.testing.assert_array_equal(cut.height_m, heights.height_m[2:7, 3:6])
    lat, lon = heights.north_rad - 3.3 * STEP, heights.west_rad + 3.7 * STEP
    assert cut.at(lat, lon) == pytest.approx(float(heights.at(lat, lon)), abs=1e-6)


def test_a_crop_that_misses_the_grid_says_so():
    with pytest.raises(ValueError, match="does not meet"):
        grid(np.ones((3, 3))).crop(south_rad=0.0, north_rad=0.1, west_rad=0.0, east_rad=0.1)
    with pytest.raises(ValueError, match="south_rad < north_rad"):
        grid(np.ones((3, 3))).crop(south_rad=0.2, north_rad=0.1, west_rad=0.0, east_rad=0.1)


def test_tiles_that_touch_share_their_seam_in_any_order():
    whole = np.arange(35.0).reshape(5, 7)
    left, right = grid(whole[:, :4]), grid(whole[:, 3:], west_deg=1.0 + 3.0 / 1200.0)
    for tiles in ([left, right], [right, left]):
        joined = mosaic(tiles)
        np.testing.assert_array_equal(joined.height_m, whole)
        assert joined.west_rad == pytest.approx(left.west_rad, abs=1e-12)


def test_a_seam_carries_the_mean_and_one_tile_mends_the_voids_of_the_other():
    left, right = grid([[1.0, 4.0], [1.0, np.nan]]), grid([[6.0, 9.0], [7.0, 9.0]], west_deg=1.0 + 1.0 / 1200.0)
    for tiles in ([left, right], [right, left]):
        np.testing.assert_allclose(mosaic(tiles).height_m, [[1.0, 5.0, 9.0], [1.0, 7.0, 9.0]])


def test_a_missing_tile_is_void():
    joined = mosaic([grid(np.ones((3, 3))), grid(np.ones((3, 3)), north_deg=42.0 - 4 / 1200, west_deg=1.0 + 4 / 1200)])
    assert joined.shape == (7, 7)
    assert joined.n_voids == 49 - 18


def test_a_mosaic_spans_the_antimeridian():
    joined = mosaic([grid(np.ones((2, 3)), west_deg=180.0 - 2 / 1200), grid(np.ones((2, 3)), west_deg=-180.0)])
    assert joined.shape == (2, 5)
    assert not joined.n_voids


def test_tiles_that_cannot_be_joined_say_why():
    with pytest.raises(ValueError, match="differs by 100 m.*datum"):
        mosaic([grid(np.zeros((2, 2))), grid(np.full((2, 2), 100.0), west_deg=1.0 + 1.0 / 1200.0)])
    with pytest.raises(ValueError, match="arc seconds"):
        mosaic([grid(np.zeros((2, 2))), grid(np.zeros((2, 2)), step=2.0 * STEP)])
    with pytest.raises(ValueError, match="between those of tile 0"):
        mosaic([grid(np.zeros((2, 2))), grid(np.zeros((2, 2)), west_deg=1.0 + 0.4 / 1200.0)])
    with pytest.raises(ValueError, match="at least one"):
        mosaic([])


def test_voids_are_filled_between_known_neighbours_only():
    heights = grid([[0.0, np.nan, np.nan, 30.0, np.nan], [0.0, 10.0, 20.0, 30.0, 40.0]])
    filled = heights.fill_voids().height_m
    np.testing.assert_allclose(filled[0, :4], [0.0, 10.0, 20.0, 30.0], atol=1e-5)
    assert np.isnan(filled[0, 4])  # at the edge there is no pair
    assert np.isnan(heights.fill_voids(1).height_m[0, 1:3]).all()
    assert np.isnan(heights.height_m[0, 1])


@given(a=st.floats(-5, 5), b=st.floats(-5, 5), seed=st.integers(0, 99))
def test_holes_in_a_plane_are_filled_with_the_plane(a, b, seed):
    r, c = np.mgrid[0:9, 0:9]
    plane = (a * r + b * c).astype(np.float32)
    hole = np.random.default_rng(seed).random((9, 9)) < 0.4
    hole[[0, -1]] = hole[:, [0, -1]] = False
    np.testing.assert_allclose(grid(np.where(hole, np.nan, plane)).fill_voids().height_m, plane, atol=1e-4)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"height_m": np.zeros((1, 5))}, "at least 2 rows"),
        ({"height_m": np.array([[0.0, np.inf], [0.0, 0.0]])}, "infinite"),
        ({"step_lat_rad": -STEP}, "step_lat_rad"),
        ({"step_lon_rad": float("nan")}, "step_lon_rad"),
        ({"north_rad": 2.0}, "pole"),
        ({"north_rad": float("nan")}, "pole"),
        ({"west_rad": 9.0}, "west_rad"),
        ({"step_lon_rad": 1.5, "height_m": np.zeros((2, 9))}, "wrap"),
    ],
)
def test_what_is_no_grid_is_refused(change, said):
    good = {"height_m": np.zeros((3, 3)), "north_rad": 0.7, "west_rad": 0.0, "step_lat_rad": STEP, "step_lon_rad": STEP}
    with pytest.raises(ValueError, match=said):
        Heights(**(good | change))


def test_a_point_without_a_place_is_refused():
    with pytest.raises(ValueError, match="finite"):
        grid(np.ones((3, 3))).at(np.nan, 0.0)
    with pytest.raises(ValueError, match="max_gap"):
        grid(np.ones((3, 3))).fill_voids(0)


def test_a_grid_is_frozen():
    heights = grid(np.ones((3, 3)))
    with pytest.raises(ValueError, match="read-only"):
        heights.height_m[0, 0] = 5.0
