import numpy as np
import pytest

from tests.plain import tracking as plain
from tests.track.simulated import SD, SITE, flights
from watchfloor.physics.frames import ecef_to_geodetic, ecef_to_polar, polar_to_ecef, range_rate
from watchfloor.track._kernels import gnn as k
from watchfloor.track.gnn import GnnTrackerConfig, sensor_table, settings

SENSOR = sensor_table([SITE], [None], [10.0], [0.0], [0.0])[0]
Q_H, Q_V = 180.0, 20.0


def states(n, seed):
    rng = np.random.default_rng(seed)
    flown = flights(n, rng)
    x = np.concatenate([flown.start_m, flown.velocity_mps], axis=1)
    root = rng.normal(size=(n, 6, 6)) * np.array([300.0] * 3 + [20.0] * 3)[:, None]
    return rng, x, root @ root.transpose(0, 2, 1)


@pytest.mark.parametrize("dt", [0.0, 3.7, 60.0, -5.0])
def test_predict_meets_its_matrix_twin(dt):
    _, x, p = states(5, 1)
    for one_x, one_p in zip(x, p, strict=True):
        want_x, want_p = plain.predict(one_x, one_p, dt, Q_H, Q_V)
        k.predict(one_x, one_p, dt, Q_H, Q_V, np.empty(3))
        np.testing.assert_allclose(one_x, want_x, rtol=1e-15)
        np.testing.assert_allclose(one_p, want_p, rtol=1e-9, atol=1e-9 * np.abs(want_p).max())


def test_height_and_normal_are_those_of_the_ellipsoid():
    # the height along the radius differs from the geodetic one by the square of the deviation of the two normals:
    # h * (0.2 degrees)^2 / 2, 0.2 m at 30 km
    for place_alt in (-100.0, 0.0, 9000.0, 30_000.0):
        for lat in (0.0, 0.6, 1.2, 1.57):
            x = np.concatenate([polar_to_ecef(1.0, 0.0, 0.0, type(SITE)(lat, 0.4, place_alt)), np.zeros(3)])
            up = np.empty(3)
            lat_rad, lon_rad, alt_m = ecef_to_geodetic(x[:3])
            assert abs(k.vertical(x, up) - alt_m) < 0.25
            normal = [np.cos(lat_rad) * np.cos(lon_rad), np.cos(lat_rad) * np.sin(lon_rad), np.sin(lat_rad)]
            np.testing.assert_allclose(up, normal, atol=1.1e-5 * max(place_alt, 1.0) / 9000.0 + 1e-6)


@pytest.mark.parametrize("dt", [0.0, -4.0, 6.0])
def test_measure_meets_the_frames_and_central_differences(dt):
    _, x, _ = states(20, 2)
    z, h, only = np.empty(4), np.empty((4, 6)), np.empty(4)
    for one in x:
        k.measure(one, dt, SENSOR, z, h)
        k.expected(one, dt, SENSOR, only)
        at = one[:3] + dt * one[3:]
        want = np.array([*ecef_to_polar(at, SITE), range_rate(at, one[3:], SITE)])
        np.testing.assert_allclose(z, want, rtol=1e-12, atol=1e-9)
        np.testing.assert_allclose(only, z, rtol=1e-14)
        np.testing.assert_allclose(h, plain.jacobian(one, dt, SITE), rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("missing", [(), (2,), (3,), (2, 3), (0, 3), (1, 2)])
@pytest.mark.parametrize("dt", [0.0, -4.0])
def test_update_meets_its_matrix_twin_with_correlated_errors(missing, dt):
    rng, x, p = states(6, 3)
    for one_x, one_p in zip(x, p, strict=True):
        mix = np.eye(4) + 0.3 * rng.normal(size=(4, 4))
        r = np.diag(SD) @ mix @ mix.T @ np.diag(SD)
        z = plain.expected(one_x, dt, SITE) + rng.normal(size=4) * SD
        z[list(missing)] = np.nan
        want_x, want_p, want_d2 = plain.update(one_x, one_p, dt, z, r, SITE, Q_H, Q_V)
        d2 = k.update(one_x, one_p, dt, z, r, SENSOR, Q_H, Q_V)
        np.testing.assert_allclose(d2, want_d2, rtol=1e-5)
        np.testing.assert_allclose(one_x, want_x, atol=1e-2)
        sd = np.sqrt(np.diag(want_p))
        np.testing.assert_allclose(one_p / np.outer(sd, sd), want_p / np.outer(sd, sd), atol=1e-4)
        assert (one_p == one_p.T).all()


def test_update_takes_azimuth_the_short_way_across_north():
    x = np.concatenate([polar_to_ecef(1e5, 0.0005, 0.05, SITE), [0.0, 0.0, 0.0]])
    p = np.diag([1e6] * 3 + [1e2] * 3)
    z = np.array([1e5, 2.0 * np.pi - 0.0005, 0.05, np.nan])
    k.update(x, p, 0.0, z, np.diag(SD**2), SENSOR, Q_H, Q_V)
    assert np.linalg.norm(x[:3] - polar_to_ecef(1e5, 0.0, 0.05, SITE)) < 60.0


def test_a_covariance_that_is_not_positive_definite_leaves_the_state_alone():
    _, x, p = states(1, 4)
    before_x, before_p = x.copy(), p.copy()
    assert np.isnan(k.update(x[0], p[0], 0.0, np.array([1e5, 1.0, 0.1, 0.0]), -np.eye(4), SENSOR, Q_H, Q_V))
    np.testing.assert_array_equal(x, before_x)
    np.testing.assert_array_equal(p, before_p)


def test_bound_height_meets_its_twin_and_leaves_a_good_height_alone():
    _, x, p = states(4, 5)
    for one_x, one_p in zip(x, p, strict=True):
        loose, fine = one_p * 1e3, np.diag([1e2] * 3 + [1.0] * 3)
        height = k.vertical(one_x, np.empty(3))
        u = plain.up_of(one_x)
        want_x, want_p = plain.bound(one_x, loose, 0, u, 8000.0 - height, 500.0)
        want_x, want_p = plain.bound(want_x, want_p, 3, u, -float(u @ want_x[3:]), 5.0)
        got_x, got_p = one_x.copy(), loose.copy()
        k.bound_height(got_x, got_p, 8000.0, 500.0, 5.0, np.empty(3))
        np.testing.assert_allclose(got_x, want_x, rtol=1e-9, atol=1e-3)
        np.testing.assert_allclose(got_p, want_p, rtol=1e-6, atol=1e-6 * np.abs(want_p).max())
        assert u @ got_p[:3, :3] @ u <= 500.0**2 * (1.0 + 1e-6)
        kept_x, kept_p = one_x.copy(), fine.copy()
        k.bound_height(kept_x, kept_p, 0.0, 500.0, 5.0, np.empty(3))
        np.testing.assert_array_equal(kept_x, one_x)
        np.testing.assert_array_equal(kept_p, fine)


@pytest.mark.parametrize("flat", [False, True])
def test_a_first_plot_gives_a_consistent_state(flat):
    # NEES over n draws from the very priors: mean 6, standard error sqrt(2 * 6 / n); 4 of them allowed
    n, rng = 600, np.random.default_rng(6)
    config = GnnTrackerConfig(altitude_m=7000.0, altitude_sd_m=1500.0)
    table = settings(config)
    total = 0.0
    for _ in range(n):
        flown = flights(1, rng, near_m=80e3, altitude_m=rng.normal(7000.0, 1500.0) if flat else 9000.0)
        place = flown.start_m[0]
        u = plain.up_of(place)
        velocity = rng.normal(size=3) * 200.0
        velocity += u * (rng.normal() * 25.0 - u @ velocity)
        z = np.array([*ecef_to_polar(place, SITE), range_rate(place, velocity, SITE)]) + rng.normal(size=4) * SD
        if flat:
            z[2] = np.nan
        x, p = np.empty(6), np.empty((6, 6))
        assert k.start(x, p, z, np.diag(SD**2), SENSOR, table)
        off = np.concatenate([place, velocity]) - x
        total += off @ np.linalg.solve(p, off)
    assert abs(total / n - 6.0) < 4.0 * np.sqrt(12.0 / n)


def test_a_plot_without_range_or_azimuth_starts_nothing():
    table = settings(GnnTrackerConfig())
    for z in ([np.nan, 1.0, 0.1, 0.0], [1e5, np.nan, 0.1, 0.0]):
        assert not k.start(np.empty(6), np.empty((6, 6)), np.array(z), np.diag(SD**2), SENSOR, table)


def test_look_up_finds_the_tasks_of_one_sensor():
    marks = np.zeros((3, k.N_MARKS), np.int64)
    marks[:, k.NUMBER] = [4, 7, 9]
    out = np.empty((3, 2))
    track, sensor = np.array([2, 4, 4, 7, 9, 11]), np.array([1, 0, 1, 0, 1, 1])
    values = np.arange(12.0).reshape(6, 2)
    k.look_up(marks, 3, 1, track, sensor, *np.ascontiguousarray(values.T), out)
    np.testing.assert_array_equal(out, [[4.0, 5.0], [np.nan, np.nan], [8.0, 9.0]])
