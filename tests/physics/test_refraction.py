import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from tests.plain import propagation as plain
from watchfloor.physics import propagation, refraction
from watchfloor.physics.refraction import Exponential, RayTable, Tabulated, apparent_elevation, trace

CRPL = Exponential()
RADIUS = propagation.MEAN_RADIUS_M


def marched(atmosphere, height_m, elevation_rad, path_m):
    """Ground range, height, elevation at the end, optical path: the ray's differential equation in small steps."""

    def slope(_, y):
        m, dm = atmosphere.profile(np.array(y[0] - RADIUS))
        cosine = np.cos(y[2])
        return [np.sin(y[2]), cosine / y[0], cosine * (1.0 / y[0] + float(dm) / (1.0 + float(m))), 1.0 + float(m)]

    start = [RADIUS + height_m, 0.0, elevation_rad, 0.0]
    out = solve_ivp(slope, (0.0, path_m), start, method="DOP853", rtol=1e-12, atol=1e-9, max_step=5e3).y[:, -1]
    return RADIUS * out[1], out[0] - RADIUS, out[2], out[3]


@pytest.mark.parametrize(
    ("height", "elevation", "path"),
    [(0.0, 0.0, 400e3), (30.0, 0.00873, 339e3), (900.0, -0.012, 250e3), (12e3, -0.03, 500e3), (0.0, 1.2, 90e3)],
)
def test_rays_follow_their_differential_equation(height, elevation, path):
    ground, end, angle, optical = marched(CRPL, height, elevation, path)
    ray = trace(CRPL, height, elevation, range_apparent_m=optical)
    np.testing.assert_allclose(ray.path_m, path, atol=1e-3)
    np.testing.assert_allclose(ray.ground_range_m, ground, atol=1e-3)
    np.testing.assert_allclose(ray.height_m, end, atol=1e-3)
    np.testing.assert_allclose(ray.elevation_end_rad, angle, atol=1e-10)
    np.testing.assert_allclose(ray.bending_rad, elevation + ground / RADIUS - angle, atol=1e-10)


def test_a_table_bends_as_its_straight_lines_do():
    levels = np.array([0.0, 400.0, 1000.0, 3000.0, 8000.0, 20e3])
    table = Tabulated(levels, np.array([330.0, 290.0, 280.0, 210.0, 110.0, 20.0]))
    ray = trace(table, 10.0, 0.003, range_apparent_m=200e3)
    ground, end, angle, optical = marched(table, 10.0, 0.003, float(ray.path_m))
    # the marching steps over the corners of the profile, so it is the less exact of the two
    np.testing.assert_allclose([ray.ground_range_m, ray.height_m], [ground, end], atol=0.5)
    np.testing.assert_allclose(ray.elevation_end_rad, angle, atol=3e-6)
    np.testing.assert_allclose(optical, 200e3, atol=0.01)


def test_a_fine_table_of_an_exponential_is_that_exponential():
    levels = np.concatenate((np.arange(0.0, 20e3, 25.0), np.arange(20e3, 100e3, 500.0)))
    table = Tabulated(levels, 1e6 * CRPL.profile(levels)[0])
    for elevation in (0.0, 0.02, 0.5):
        one, other = (trace(a, 5.0, elevation, range_apparent_m=300e3) for a in (CRPL, table))
        np.testing.assert_allclose(other.height_m, one.height_m, atol=0.2)
        np.testing.assert_allclose(other.elevation_true_rad, one.elevation_true_rad, atol=1e-6)


def test_without_air_rays_are_straight():
    ray = trace(Exponential(0.0, 7e3), 100.0, [-0.005, 0.0, 0.3], range_apparent_m=150e3)
    np.testing.assert_allclose(ray.range_m, 150e3, rtol=1e-12)
    np.testing.assert_allclose(ray.elevation_true_rad, [-0.005, 0.0, 0.3], atol=1e-12)
    np.testing.assert_allclose(ray.bending_rad, 0.0, atol=1e-12)


def test_a_constant_gradient_is_an_effective_earth():
    # the 4/3 earth's own premise, exact while heights are small against the radius
    table = Tabulated(np.array([0.0, 5000.0]), np.array([313.0, 313.0 - 39.0 * 5.0]))
    k = propagation.effective_radius_m(-39.0) / RADIUS
    ray = trace(table, 20.0, 0.004, ground_range_m=120e3)
    quick = propagation.apparent_elevation_rad(20.0, ray.height_m, 120e3, k=k)
    np.testing.assert_allclose(quick, 0.004, atol=3e-6)


@settings(max_examples=60)
@given(
    height=st.floats(0.0, 12e3),
    elevation=st.floats(-0.04, 1.5),
    reach=st.floats(500.0, 500e3),
    n=st.floats(200.0, 450.0),
)
def test_inverse_returns_to_the_elevation_it_was_traced_from(height, elevation, reach, n):
    air = Exponential(n)
    ray = trace(air, height, elevation, range_apparent_m=reach)
    if ray.height_m < -5e3:
        return
    found = apparent_elevation(air, height, ray.height_m, ray.ground_range_m)
    np.testing.assert_allclose(found, elevation, atol=1e-10)


@settings(max_examples=40)
@given(height=st.floats(0.0, 5e3), elevation=st.floats(0.0, 1.4), reach=st.floats(1e3, 500e3))
def test_air_bends_rays_down_and_holds_them_up_in_time(height, elevation, reach):
    ray = trace(CRPL, height, elevation, range_apparent_m=reach)
    assert ray.range_m <= ray.path_m * (1 + 1e-12) <= ray.range_apparent_m * (1 + 2e-12)
    assert 0.0 <= elevation - ray.elevation_true_rad <= ray.bending_rad + 1e-12
    assert ray.above_ground


def test_the_three_ends_are_the_same_ray():
    one = trace(CRPL, 25.0, [0.002, 0.3], range_apparent_m=200e3)
    for end in ("ground_range_m", "target_height_m"):
        other = trace(CRPL, 25.0, [0.002, 0.3], **{end: getattr(one, end.replace("target_", ""))})
        np.testing.assert_allclose(other.range_apparent_m, 200e3, atol=1e-3)
    down = trace(CRPL, 9e3, -0.02, target_height_m=8.5e3)
    assert down.elevation_end_rad < 0.0
    assert down.ground_range_m < trace(CRPL, 9e3, -0.02, target_height_m=9.5e3).ground_range_m


def test_a_ray_into_the_ground_says_so():
    assert trace(CRPL, 100.0, [-0.001, -0.05], ground_range_m=100e3).above_ground.tolist() == [True, False]


def test_horizon_is_a_little_nearer_than_on_the_4_3_earth_for_high_targets():
    found, quick = refraction.horizon_m(CRPL, 30.0, 10e3), propagation.horizon_m(30.0, 10e3)
    assert 0.985 * quick < found < quick
    height = trace(CRPL, 0.0, 0.0, ground_range_m=found - refraction.horizon_m(CRPL, 30.0, 0.0)).height_m
    np.testing.assert_allclose(height, 10e3, atol=1e-3)


def test_error_of_the_4_3_earth_is_what_its_docstring_says():
    error = refraction.four_thirds_height_error_m(CRPL, 0.0, np.radians(0.5), [339_307.3, 495_781.9])
    np.testing.assert_allclose(error, [-268.03, -1226.42], atol=0.02)
    near = refraction.four_thirds_height_error_m(CRPL, 10.0, np.radians([0.0, 0.5, 1.0, 2.0]), 100e3)
    assert np.abs(near).max() < 30.0
    ray = trace(CRPL, 0.0, np.radians(0.5), target_height_m=[10e3, 20e3])
    np.testing.assert_allclose(np.degrees(np.radians(0.5) - ray.elevation_true_rad), [0.335, 0.413], atol=1e-3)


def test_table_is_as_close_to_the_trace_as_it_says():
    table = RayTable(CRPL, 30.0)
    rng = np.random.default_rng(8)
    ground, height = rng.uniform(0.0, 600e3, 4000), rng.choice([1.0, 0.05], 4000) * rng.uniform(0.0, 20e3, 4000)
    seen = ground < refraction.horizon_m(CRPL, 30.0, height)
    ground, height = ground[seen], height[seen]
    exact = apparent_elevation(CRPL, 30.0, height, ground)
    quick = propagation.apparent_elevation_rad(30.0, height, ground)
    off = np.abs(table.apparent_elevation(ground, height) - exact)
    assert np.all(off <= 1e-5 + 3e-3 * np.abs(exact - quick))
    assert off.max() < 0.01 * np.abs(exact - quick).max()
    ray = trace(CRPL, 30.0, exact, ground_range_m=ground)
    excess = ray.range_apparent_m - ray.range_m
    assert np.all(np.abs(table.corrections(ground, height)[1] - excess) <= 0.3 + 0.01 * excess)


def test_look_up_agrees_with_its_plain_twin():
    table = RayTable(CRPL, 15.0, range_max_m=300e3, target_height_max_m=20e3)
    rng = np.random.default_rng(9)
    ground, height = rng.uniform(0.0, 350e3, 100), rng.uniform(-100.0, 25e3, 100)
    wanted = [plain.refraction(table.table, table.grid, *row) for row in zip(ground, height, strict=True)]
    np.testing.assert_allclose(np.transpose(table.corrections(ground, height)), wanted, rtol=1e-10, atol=1e-14)


def test_table_knows_the_horizon():
    table = RayTable(CRPL, 30.0)
    np.testing.assert_allclose(table.tangent_m, refraction.horizon_m(CRPL, 30.0, 0.0), rtol=1e-12)
    graze = trace(CRPL, 30.0, table.dip_rad, ground_range_m=table.tangent_m)
    np.testing.assert_allclose([graze.height_m, graze.elevation_end_rad], 0.0, atol=1e-4)


def test_ducts_are_refused_and_named():
    duct = Tabulated(np.array([0.0, 100.0, 150.0, 3000.0]), np.array([340.0, 330.0, 300.0, 200.0]))
    with pytest.raises(ValueError, match=r"ducts between 1\d\d and 1\d\d m"):
        trace(duct, 10.0, 0.001, ground_range_m=50e3)
    assert trace(duct, 500.0, 0.01, ground_range_m=50e3).height_m > 500.0  # above it nothing is wrong
    with pytest.raises(ValueError, match="ducts"):
        RayTable(duct, 10.0)


def test_arguments_outside_their_domain_are_refused():
    with pytest.raises(ValueError, match="exactly one"):
        trace(CRPL, 0.0, 0.1)
    with pytest.raises(ValueError, match="exactly one"):
        trace(CRPL, 0.0, 0.1, ground_range_m=1e3, target_height_m=1e3)
    with pytest.raises(ValueError, match="never reached"):
        trace(CRPL, 1e3, 0.1, target_height_m=500.0)
    with pytest.raises(ValueError, match="never reached"):
        trace(CRPL, 1e3, -0.001, target_height_m=500.0)
    with pytest.raises(ValueError, match="radians"):
        trace(CRPL, 0.0, 45.0, ground_range_m=1e3)
    with pytest.raises(ValueError, match="height_m"):
        trace(CRPL, np.nan, 0.1, ground_range_m=1e3)
    with pytest.raises(ValueError, match="steep"):
        trace(CRPL, 0.0, 1.55, ground_range_m=1e3)
    with pytest.raises(ValueError, match="do not broadcast"):
        trace(CRPL, [0.0, 1.0], [0.1, 0.2, 0.3], range_apparent_m=1e3)
    with pytest.raises(ValueError, match="n_surface"):
        Exponential(900.0)
    with pytest.raises(ValueError, match="rise"):
        Tabulated(np.array([0.0, 0.0]), np.array([300.0, 290.0]))
    with pytest.raises(ValueError, match="equally|entries"):
        Tabulated(np.array([0.0, 1.0]), np.array([300.0]))
    with pytest.raises(ValueError, match="target_height_max_m"):
        RayTable(CRPL, 50.0, target_height_max_m=10.0)
