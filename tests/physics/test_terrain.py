"""Terrain masking: closed forms on smooth ground, every cell on rough ground, nothing seen through what is unknown."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.plain import terrain as plain
from watchfloor.base.heights import Heights
from watchfloor.formats import dem
from watchfloor.physics import propagation, terrain
from watchfloor.physics._kernels import terrain as kernels
from watchfloor.physics.frames import Place, destination, geodetic_to_ecef

STEP = np.radians(1.0 / 1200.0)
NORTH, WEST = np.radians(42.0), np.radians(1.0)


def grid(height, step=STEP, north=NORTH, west=WEST):
    return Heights(height_m=np.asarray(height, np.float32), north_rad=north, west_rad=west, step_lat_rad=step,
                   step_lon_rad=step)  # fmt: skip


def rough(seed, side=121, scale_m=300.0):
    """Fractal ground: sums of bilinear noise."""
    rng = np.random.default_rng(seed)
    out = np.zeros((side, side))
    for n in (3, 7, 15, 40, side):
        at = np.linspace(0.0, n - 1.0, side)
        i = np.minimum(at.astype(int), n - 2)
        f = at - i
        z = rng.random((n, n)) * scale_m / n**0.7
        z = z[i] * (1 - f)[:, None] + z[i + 1] * f[:, None]
        out += z[:, i] * (1 - f) + z[:, i + 1] * f
    return grid(out)


def node(heights, row, column):
    return heights.north_rad - row * heights.step_lat_rad, heights.west_rad + column * heights.step_lon_rad


def at_node(heights, row, column, mast_m):
    return terrain.place_on(heights, *node(heights, row, column), mast_m)


@pytest.fixture(scope="module")
def garraf():
    return dem.sample()


# ---------------------------------------------------------------- smooth ground


def test_over_the_sea_the_lowest_visible_height_is_that_of_the_horizon():
    # a straight ray over the effective earth: exact horizon of `propagation`, itself held to Skolnik's tables
    heights = grid(np.zeros((31, 31)), step=np.radians(0.1), north=np.radians(43.5), west=np.radians(0.0))
    place = Place.from_degrees(42.0, 1.5, 100.0)
    table = terrain.min_visible_height(heights, place, range_max_m=100e3, n_azimuth=8, range_step_m=1000.0)
    for a, azimuth in enumerate(table.azimuth_rad):
        earth = float(propagation.curvature_radius_m(place.lat_rad, azimuth))
        far = float(propagation.horizon_m(100.0, 0.0, earth_radius_m=earth))
        before = table.range_m < far - 1000.0
        np.testing.assert_allclose(table.height_m[a, before], 0.0, atol=2e-3)
        beyond = np.flatnonzero(table.range_m > far + 1000.0)
        # samples at nodes 8 to 11 km apart miss the tangent point by half of that: (5.5 km)^2 / 2kR = 1.8 m at most
        seen_from = propagation.horizon_m(100.0, table.height_m[a, beyond].astype(float), earth_radius_m=earth)
        np.testing.assert_allclose(seen_from, table.range_m[beyond], rtol=0.02)


@pytest.mark.parametrize(
    ("k", "mast_m", "horizon_km"),
    [
        # Skolnik, Introduction to Radar Systems, 3rd ed., 2001, eq. 8.2: d = sqrt(2 k a h), 4.12 sqrt(h) km at k = 4/3
        (4.0 / 3.0, 100.0, 4.12 * 10.0),
        (4.0 / 3.0, 900.0, 4.12 * 30.0),
        (1.0, 100.0, 3.57 * 10.0),
    ],
)
def test_the_horizon_stands_where_the_textbook_puts_it(k, mast_m, horizon_km):
    place = Place.from_degrees(41.5, 1.5, mast_m)
    heights = grid(np.zeros((301, 301)), step=np.radians(0.01), north=np.radians(43.0), west=np.radians(0.0))
    for azimuth in np.radians([0.0, 60.0, 117.0, 240.0]):
        distance = np.linspace(0.97, 1.03, 61) * 1e3 * horizon_km
        lat, lon = destination(place.lat_rad, place.lon_rad, azimuth, distance)
        seen = terrain.line_of_sight(heights, place, geodetic_to_ecef(lat, lon, 0.0), k=k)
        assert distance[seen].max() == pytest.approx(
            1e3 * horizon_km, rel=6e-3
        )  # the tables' three digits, a = 6370 km
        assert np.all(np.diff(seen.astype(int)) <= 0)


def test_behind_a_wall_the_shadow_is_a_straight_line():
    # a meridional wall 500 m high, 0.1 degrees east: similar triangles, and the bulge s (s - d) / 2kR of the earth
    height = np.zeros((61, 241))
    height[:, 150] = 500.0
    heights = grid(height)
    place = at_node(heights, 30, 30, 50.0)
    table = terrain.min_visible_height(
        heights, place, range_max_m=14e3, n_azimuth=4, range_step_m=50.0, voids="unknown"
    )
    earth = float(propagation.curvature_radius_m(place.lat_rad, np.pi / 2))
    wall = earth * np.arctan(np.tan(0.1 * np.pi / 180.0) * np.cos(place.lat_rad))
    behind = (table.range_m > wall + 100.0) & (table.range_m < 14e3)
    s = table.range_m[behind]
    flat = 50.0 + (500.0 - 50.0) * s / wall
    bulge = s * (s - wall) / (2.0 * 4.0 / 3.0 * earth)
    np.testing.assert_allclose(table.height_m[1, behind], flat + bulge, atol=0.1)
    np.testing.assert_allclose(np.tan(table.mask_rad[1]), 450.0 / wall - wall / (2.0 * 4.0 / 3.0 * earth), rtol=1e-3)


@given(
    start=st.floats(5.0, 3000.0),
    above=st.floats(0.0, 12000.0),
    east=st.floats(-0.9, 0.9),
    north=st.floats(-0.9, 0.9),
    k=st.sampled_from([1.0, 4.0 / 3.0, 2.0]),
)
@settings(max_examples=60)
def test_over_smooth_ground_a_ray_is_seen_as_far_as_the_horizon_says(start, above, east, north, k):
    heights = grid(np.zeros((201, 201)), step=np.radians(0.01), north=np.radians(43.0), west=np.radians(0.0))
    place = Place.from_degrees(42.0, 1.0, start)
    lat, lon = np.radians(42.0 + north), np.radians(1.0 + east)
    target = geodetic_to_ecef(lat, lon, above)
    azimuth, distance, height = terrain.ground_polar(target, place)
    assert height == pytest.approx(above, abs=1e-6)
    earth = propagation.curvature_radius_m(place.lat_rad, azimuth)
    margin = float(propagation.horizon_m(start, above, k, earth)) - float(distance)
    if abs(margin) > 200.0:  # the chords between nodes 1 km apart lie up to 2 cm under the sphere
        assert bool(terrain.line_of_sight(heights, place, target, k=k)) == (margin > 0.0)


# ---------------------------------------------------------------- rough ground, against the plain twin


@pytest.mark.parametrize("seed", range(4))
def test_every_ray_agrees_with_the_twin_that_walks_all_cells(seed):
    rng = np.random.default_rng(seed)
    heights = rough(seed)
    place = terrain.place_on(heights, heights.lat_rad()[60] + 0.3 * STEP, heights.lon_rad()[60] + 0.1 * STEP, 12.0)
    row, column = rng.uniform(1.0, 119.0, (2, 150))
    row[:20], column[20:40] = np.round(row[:20]), np.round(column[20:40])
    lat, lon = node(heights, row, column)
    above = rng.choice([0.0, 1.0, 10.0, 60.0], 150)
    ground = heights.at(lat, lon)
    target = geodetic_to_ecef(lat, lon, ground + above)
    clear = np.array([plain.clearance_m(heights, place, one, k=4.0 / 3.0) for one in target])
    seen = terrain.line_of_sight(heights, place, target)
    sure = np.abs(clear + 1e-3) > 5e-3  # both draw the ground track to centimetres
    assert sure.sum() > 80
    np.testing.assert_array_equal(seen[sure], clear[sure] > 0.0)
    assert 0.1 < seen.mean() < 0.9


def test_long_rays_over_real_mountains_agree_with_the_twin(garraf):
    rng = np.random.default_rng(5)
    place = at_node(garraf, 350, 300, 20.0)
    row, column = rng.integers(2, 659, 200), rng.integers(2, 719, 200)
    lat, lon = node(garraf, row, column)
    target = geodetic_to_ecef(lat, lon, garraf.height_m[row, column].astype(float) + rng.uniform(20.0, 600.0, 200))
    clear = np.array([plain.clearance_m(garraf, place, one, k=4.0 / 3.0) for one in target])
    seen = terrain.line_of_sight(garraf, place, target)
    sure = np.abs(clear) > 0.02
    np.testing.assert_array_equal(seen[sure], clear[sure] > 0.0)
    assert sure.sum() > 190
    assert 0.2 < seen.mean() < 0.8


@pytest.mark.parametrize("seed", range(3))
def test_the_table_agrees_with_the_twin_at_its_own_points(seed):
    heights = rough(seed)
    place = at_node(heights, 60, 60, 8.0)
    table = terrain.min_visible_height(heights, place, range_max_m=3900.0, n_azimuth=36, range_step_m=130.0)
    for a in range(0, 36, 3):
        for i in range(1, 31, 3):
            want = plain.min_visible_height(
                heights, place, table.azimuth_rad[a], table.range_m[i], k=4.0 / 3.0, also_m=table.range_m[1 : i + 1]
            )
            assert table.height_m[a, i] == pytest.approx(want, abs=0.05)  # tracks drawn to centimetres, slopes of 1


def test_what_twisted_cells_add_is_small_on_real_ground(garraf):
    place = at_node(garraf, 350, 300, 20.0)
    table = terrain.min_visible_height(garraf, place, range_max_m=20e3, n_azimuth=36, range_step_m=1000.0)
    more = np.array([
        plain.min_visible_height(garraf, place, table.azimuth_rad[a], table.range_m[i], k=4.0 / 3.0)
        - table.height_m[a, i]
        for a in range(36)
        for i in range(2, 21, 3)
    ])  # fmt: skip
    assert more.min() > -0.05
    assert np.median(more) < 0.1
    assert np.percentile(more, 95) < 10.0


def test_the_table_and_the_rays_tell_the_same_story(garraf):
    rng = np.random.default_rng(7)
    place = at_node(garraf, 600, 640, 20.0)
    table = terrain.min_visible_height(garraf, place, range_max_m=25e3, n_azimuth=3600, range_step_m=90.0,
                                       voids="unknown")  # fmt: skip
    azimuth, distance = rng.uniform(np.pi, 2 * np.pi, 3000), rng.uniform(500.0, 24e3, 3000)
    lat, lon = destination(place.lat_rad, place.lon_rad, azimuth, distance)
    known = np.isfinite(garraf.at(lat, lon))
    lat, lon = lat[known], lon[known]
    target = geodetic_to_ecef(lat, lon, garraf.at(lat, lon) + rng.uniform(20.0, 500.0, len(lat)))
    near = terrain.visible(table, *terrain.ground_polar(target, place))
    exact = terrain.line_of_sight(garraf, place, target, voids="unknown")
    assert len(lat) > 1000
    assert np.mean(near != exact) < 0.01
    assert 0.1 < exact.mean() < 0.9


def test_a_viewshed_is_the_ray_to_every_node(garraf):
    heights = garraf.crop(south_rad=np.radians(41.5), west_rad=np.radians(1.7), north_rad=np.radians(41.6),
                          east_rad=np.radians(1.85))  # fmt: skip
    place = at_node(heights, 70, 60, 15.0)
    seen = terrain.viewshed(heights, place, above_ground_m=30.0)
    row, column = np.mgrid[0 : heights.shape[0], 0 : heights.shape[1]]
    lat, lon = node(heights, row, column)
    target = geodetic_to_ecef(lat, lon, heights.height_m.astype(float) + 30.0)
    exact = terrain.line_of_sight(heights, place, target, voids="unknown")
    assert np.count_nonzero(seen != exact) <= 1e-3 * seen.size
    assert 0.1 < seen.mean() < 0.9


# ---------------------------------------------------------------- laws


@given(seed=st.integers(0, 50), azimuth=st.floats(0.0, 6.28), mast=st.floats(1.0, 200.0))
@settings(max_examples=25)
def test_a_higher_mast_and_more_refraction_never_see_less(seed, azimuth, mast):
    heights = rough(seed, side=61)
    low, high = at_node(heights, 30, 30, mast), at_node(heights, 30, 30, mast + 25.0)
    options = {"range_max_m": 2000.0, "n_azimuth": 24, "range_step_m": 100.0}
    table = terrain.min_visible_height(heights, low, **options)
    assert np.all(terrain.min_visible_height(heights, high, **options).height_m <= table.height_m + 1e-2)
    assert np.all(terrain.min_visible_height(heights, low, k=1.0, **options).height_m >= table.height_m - 1e-2)
    lat, lon = destination(low.lat_rad, low.lon_rad, table.azimuth_rad[:, None], table.range_m[1:])
    assert np.all(table.height_m[:, 1:] >= heights.at(lat, lon) - 0.2)  # never under the ground


def test_taking_the_geoid_higher_moves_everything_with_it():
    heights = rough(3)
    low, high = (terrain.place_on(heights, *node(heights, 50, 70), 15.0, undulation_m=n) for n in (0.0, 50.0))
    assert high.alt_m - low.alt_m == pytest.approx(50.0)
    options = {"range_max_m": 3000.0, "n_azimuth": 90, "range_step_m": 100.0}
    first = terrain.min_visible_height(heights, low, **options)
    second = terrain.min_visible_height(heights, high, undulation_m=50.0, **options)
    np.testing.assert_allclose(second.height_m - 50.0, first.height_m, atol=0.01)
    lat, lon = node(heights, *np.random.default_rng(1).uniform(5, 115, (2, 300)))
    ground = heights.at(lat, lon) + 8.0
    lower = terrain.line_of_sight(heights, low, geodetic_to_ecef(lat, lon, ground))
    upper = terrain.line_of_sight(heights, high, geodetic_to_ecef(lat, lon, ground + 50.0), undulation_m=50.0)
    assert np.mean(lower != upper) < 0.01
    with pytest.raises(ValueError, match="under the ground"):
        terrain.line_of_sight(heights, low, geodetic_to_ecef(lat, lon, ground), undulation_m=50.0)


def test_what_stands_above_or_below_the_antenna_itself():
    heights = grid(np.full((5, 5), 100.0))
    place = at_node(heights, 2, 2, 10.0)
    assert terrain.line_of_sight(heights, place, geodetic_to_ecef(*node(heights, 2, 2), [100.0, 5000.0])).all()
    assert not terrain.line_of_sight(heights, place, geodetic_to_ecef(*node(heights, 2, 2), 90.0))


def test_sight_keeps_shapes_and_takes_no_targets():
    heights = rough(1)
    sight = terrain.Sight(heights=heights, place=at_node(heights, 60, 60, 20.0))
    assert sight.sees(np.empty((0, 3))).shape == (0,)
    lat, lon = node(heights, np.full((2, 3), 50.0), np.arange(40.0, 46.0).reshape(2, 3))
    assert sight.sees(geodetic_to_ecef(lat, lon, 3000.0)).tolist() == [[True] * 3] * 2


@pytest.mark.parametrize("lat_deg", [-41.3, 0.05, 68.0, 83.5])
def test_rays_agree_with_the_twin_at_any_latitude(lat_deg):
    heights = Heights(
        height_m=rough(2).height_m,
        north_rad=np.radians(lat_deg + 0.05),
        west_rad=np.radians(179.8),  # across the antimeridian
        step_lat_rad=STEP,
        step_lon_rad=STEP * 4,
    )
    rng = np.random.default_rng(1)
    place = at_node(heights, 60, 61, 15.0)
    lat, lon = node(heights, *rng.uniform(2.0, 118.0, (2, 80)))
    target = geodetic_to_ecef(lat, lon, heights.at(lat, lon) + 20.0)
    clear = np.array([plain.clearance_m(heights, place, one, k=4.0 / 3.0) for one in target])
    sure = np.abs(clear) > 0.02
    np.testing.assert_array_equal(terrain.line_of_sight(heights, place, target)[sure], clear[sure] > 0.0)


@pytest.mark.parametrize("site", [(0, 0), (0, 23), (46, 46), (20, 0), (31, 46), (23, 23)])
def test_a_place_on_the_edge_of_the_grid_sees_along_it_and_across(site):
    heights = rough(1, side=47)
    rng = np.random.default_rng(2)
    place = at_node(heights, *site, 5.0)
    row, column = rng.uniform(0.0, 46.0, (2, 60))
    row[:10], column[10:20], row[40:44], column[44:48] = 0.0, 46.0, site[0], site[1]
    lat, lon = node(heights, row, column)
    target = geodetic_to_ecef(lat, lon, heights.at(lat, lon) + rng.choice([2.0, 30.0, 100.0], 60))
    seen = terrain.line_of_sight(heights, place, target)  # nothing is unknown
    clear = np.array([plain.clearance_m(heights, place, one, k=4.0 / 3.0) for one in target])
    sure = np.isfinite(clear) & (np.abs(clear) > 0.03)  # the twin has no tolerance at the edge
    assert sure.sum() > 20
    np.testing.assert_array_equal(seen[sure], clear[sure] > 0.0)


# ---------------------------------------------------------------- kernels


@given(rows=st.integers(2, 40), columns=st.integers(2, 40), size=st.sampled_from([4, 8, 32]), seed=st.integers(0, 9))
@settings(max_examples=40)
def test_a_block_is_as_high_as_its_highest_node(rows, columns, size, seed):
    values = np.random.default_rng(seed).normal(size=(rows, columns)).astype(np.float32)
    got = kernels.block_max(values, size, 1)
    assert got.shape == (-(-(rows - 1) // size), -(-(columns - 1) // size))
    for i in range(got.shape[0]):
        for j in range(got.shape[1]):
            assert got[i, j] == values[i * size : (i + 1) * size + 1, j * size : (j + 1) * size + 1].max()


def test_leaving_chords_out_changes_no_table():
    heights = rough(4)
    place = at_node(heights, 60, 60, 10.0)
    table = terrain.min_visible_height(heights, place, range_max_m=3900.0, n_azimuth=72, range_step_m=60.0)
    ground = terrain._Ground.of(heights, place, k=4.0 / 3.0, undulation_m=0.0, voids="error")
    blocks = np.full_like(kernels.block_max(heights.height_m, kernels.FINE, 1), 1e6)  # nothing can be left out
    coarse = np.full_like(kernels.block_max(heights.height_m, kernels.COARSE, 1), 1e6)
    out = np.empty_like(table.height_m)
    kernels.sweep(heights.height_m, blocks, coarse, ground.grid, ground.site, table.azimuth_rad, ground.k, 60.0,
                  ground.piece_m, False, out)  # fmt: skip
    np.testing.assert_allclose(table.height_m, out, atol=1e-3)


# ---------------------------------------------------------------- what is unknown


@pytest.fixture(scope="module")
def holed():
    """A plain with a hole 1.4 km east of the middle."""
    height = np.full((121, 121), 50.0)
    height[58:63, 80:84] = np.nan
    return grid(height)


def test_nothing_is_seen_through_a_void(holed):
    place = at_node(holed, 60, 60, 30.0)
    lat, lon = node(holed, np.array([60.0, 60.0, 60.0]), np.array([75.0, 82.0, 100.0]))
    target = geodetic_to_ecef(lat, lon, 60.0)
    with pytest.raises(ValueError, match=r"rays to 2 of 3 targets, row 1.*unknown land.*voids='unknown'"):
        terrain.line_of_sight(holed, place, target)
    assert terrain.line_of_sight(holed, place, target, voids="unknown").tolist() == [True, False, False]
    assert terrain.line_of_sight(holed, place, target, voids="sea").all()
    assert terrain.line_of_sight(holed, place, target, voids="fill").all()
    high = geodetic_to_ecef(lat, lon, 8000.0)  # even far above: what is unknown has no height
    assert terrain.line_of_sight(holed, place, high, voids="unknown").tolist() == [True, False, False]


def test_a_target_that_terrain_hides_is_hidden_whatever_a_void_holds(holed):
    height = holed.height_m.copy()
    height[:, 110] = 500.0
    walled = grid(height)
    target = geodetic_to_ecef(*node(walled, 60.0, 118.0), 60.0)
    assert not terrain.line_of_sight(walled, at_node(walled, 60, 60, 30.0), target)  # and no error


def test_a_table_over_a_void_is_refused_unknown_or_told(holed):
    place = at_node(holed, 60, 60, 30.0)
    options = {"range_max_m": 2900.0, "n_azimuth": 8, "range_step_m": 100.0}
    with pytest.raises(ValueError, match=r"unknown beyond 1\.[34] km at azimuth 90 degrees, and so on 1 of 8.*'fill'"):
        terrain.min_visible_height(holed, place, **options)
    table = terrain.min_visible_height(holed, place, voids="unknown", **options)
    lost = np.isnan(table.height_m)
    assert np.flatnonzero(lost.any(axis=1)).tolist() == [2]
    assert table.range_m[lost[2].argmax()] == pytest.approx(20 * 6371e3 * STEP * np.cos(place.lat_rad), abs=150.0)
    assert lost[2, lost[2].argmax() :].all()
    assert not terrain.visible(table, np.pi / 2, 2500.0, 9000.0)
    filled = terrain.min_visible_height(holed, place, voids="fill", **options)
    np.testing.assert_allclose(filled.height_m[0, 1:], filled.height_m[2, 1:], atol=0.02)
    sea = terrain.min_visible_height(holed, place, voids="sea", **options)
    assert np.all(sea.height_m <= filled.height_m + 1e-3)


def test_beyond_the_grid_nothing_is_known_unless_it_is_sea():
    heights = grid(np.zeros((41, 41)))
    place = at_node(heights, 20, 20, 100.0)
    options = {"range_max_m": 30e3, "n_azimuth": 12, "range_step_m": 250.0}
    with pytest.raises(ValueError, match="the end of heights 41 x 41"):
        terrain.min_visible_height(heights, place, **options)
    with pytest.raises(ValueError, match="the end of heights"):
        terrain.min_visible_height(heights, place, voids="fill", **options)
    assert np.isnan(terrain.min_visible_height(heights, place, voids="unknown", **options).height_m[:, 20:]).all()
    sea = terrain.min_visible_height(heights, place, voids="sea", **options)
    np.testing.assert_allclose(sea.height_m[:, 1:], 0.0, atol=0.01)  # the horizon is at 41 km
    far = destination(place.lat_rad, place.lon_rad, np.radians([0.0, 75.0, 200.0]), 38e3)
    beyond = destination(place.lat_rad, place.lon_rad, np.radians([0.0, 75.0, 200.0]), 43e3)
    assert terrain.line_of_sight(heights, place, geodetic_to_ecef(*far, 0.5), voids="sea").all()
    assert not terrain.line_of_sight(heights, place, geodetic_to_ecef(*beyond, 0.0), voids="sea").any()


def test_a_viewshed_leaves_voids_out(holed):
    place = at_node(holed, 60, 60, 30.0)
    seen = terrain.viewshed(holed, place, above_ground_m=10.0)
    assert not seen[holed.void].any()
    assert not seen[60, 85:].any()
    assert seen[60, 61:79].all()
    assert terrain.viewshed(holed, place, above_ground_m=10.0, voids="fill").all()
    with pytest.raises(ValueError, match="no meaning"):
        terrain.viewshed(holed, place, above_ground_m=10.0, voids="error")


# ---------------------------------------------------------------- arguments


def test_a_place_must_stand_on_known_ground(holed):
    lat, lon = node(holed, 60.0, 82.0)
    with pytest.raises(ValueError, match=r"no height at .*add the tile or fill the voids"):
        terrain.place_on(holed, lat, lon, 10.0)
    with pytest.raises(ValueError, match="no height under the place"):
        terrain.Sight(heights=holed, place=Place(lat, lon, 100.0))
    with pytest.raises(ValueError, match="no height under the place"):
        terrain.Sight(heights=holed, place=Place(0.0, 0.0, 100.0), voids="sea")
    with pytest.raises(ValueError, match=r"stands 20 m under the ground.*place_on"):
        terrain.Sight(heights=holed, place=Place(*node(holed, 60, 60), 30.0))
    with pytest.raises(ValueError, match="mast_m"):
        terrain.place_on(holed, *node(holed, 60, 60), -1.0)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"range_max_m": -1.0}, "range_max_m"),
        ({"range_max_m": float("nan")}, "range_max_m"),
        ({"range_max_m": 2e6}, "range_max_m"),
        ({"range_step_m": 0.0}, "range_step_m"),
        ({"range_step_m": 5000.0}, "range_step_m"),
        ({"n_azimuth": 3}, "n_azimuth"),
        ({"n_azimuth": 2_000_000, "range_step_m": 0.5}, "lower n_azimuth"),
        ({"k": 0.0}, "k must"),
        ({"k": float("nan")}, "k must"),
        ({"undulation_m": 1e3}, "undulation_m"),
        ({"undulation_m": float("nan")}, "undulation_m"),
        ({"voids": "zero"}, "voids must"),
    ],
)
def test_arguments_outside_their_domain_are_named(options, said):
    heights = grid(np.zeros((41, 41)))
    place = at_node(heights, 20, 20, 100.0)
    with pytest.raises(ValueError, match=said):
        terrain.min_visible_height(heights, place, **({"range_max_m": 1000.0} | options))


def test_targets_and_points_that_are_none_are_named():
    heights = grid(np.zeros((41, 41)))
    place = at_node(heights, 20, 20, 100.0)
    for bad, said in (
        ([[np.nan, 0.0, 0.0]], "row 0"),
        ([place.ecef_m, [0.0, 0.0, 0.0]], "row 1"),
        ([1.0, 2.0], "three components"),
        (5.0, "three components"),
    ):
        with pytest.raises(ValueError, match=said):
            terrain.line_of_sight(heights, place, bad)
    table = terrain.min_visible_height(heights, place, range_max_m=1000.0)
    for point in ((np.nan, 1.0, 0.0), (0.0, -1.0, 0.0), (0.0, 1.0, np.nan)):
        with pytest.raises(ValueError, match="finite"):
            terrain.visible(table, *point)
    assert not terrain.visible(table, 0.0, 5000.0, 9000.0)  # beyond the table
    with pytest.raises(ValueError, match="above_ground_m"):
        terrain.viewshed(heights, place, above_ground_m=-1.0)


def test_a_table_is_looked_up_between_its_points_and_round_the_circle():
    heights = rough(6)
    place = at_node(heights, 60, 60, 10.0)
    table = terrain.min_visible_height(heights, place, range_max_m=3000.0, n_azimuth=40, range_step_m=100.0)
    z, d = table.height_m.astype(float), 2 * np.pi / 40
    assert table.at(3 * d, 500.0) == pytest.approx(z[3, 5], abs=1e-3)
    assert table.at(-0.5 * d, 500.0) == pytest.approx(0.5 * (z[39, 5] + z[0, 5]), abs=1e-2)
    assert table.at(3 * d + 2 * np.pi, 550.0) == pytest.approx(0.5 * (z[3, 5] + z[3, 6]), abs=1e-2)
    assert table.at(3 * d, 3000.0) == pytest.approx(z[3, 30], abs=1e-3)
