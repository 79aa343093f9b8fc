import numpy as np
import pytest

from tests.plain import motion as plain
from tests.plain.tracking import difference, expected
from tests.track.test_motion_kernels import spread
from watchfloor.physics.frames import Place
from watchfloor.track._kernels import measure, sigma
from watchfloor.track.gnn import sensor_table

PLACE = Place.from_degrees(48.0, 12.0, 400.0)
POLAR = np.zeros(measure.N_COLUMNS)
_row = sensor_table([PLACE], [None], [1.0], [0.0], [0.0])[0]
POLAR[: len(_row)] = _row
AXES = np.zeros(measure.N_COLUMNS)
AXES[3:12] = np.eye(3).ravel()
AXES[measure.CARTESIAN] = AXES[measure.FLAT] = 1.0
R = np.diag([50.0, 0.004, 0.005, 2.0]) ** 2 + 0.0
NX = 9


def target(azimuth_rad, range_m=30e3):
    e, n, u = PLACE.rotation
    los = np.cos(0.1) * (np.sin(azimuth_rad) * e + np.cos(azimuth_rad) * n) + np.sin(0.1) * u
    return np.concatenate([PLACE.ecef_m + range_m * los, 150.0 * n - 90.0 * e + 5.0 * u, [1.0, -2.0, 0.5]])


def wide(rng, scale=1.0):
    p = spread(10, rng)[:NX, :NX]
    p[:6] *= scale
    p[:, :6] *= scale
    return 0.5 * (p + p.T)


@pytest.mark.parametrize("scheme", [sigma.UNSCENTED, sigma.CUBATURE])
@pytest.mark.parametrize("missing", [(), (3,), (2,), (0, 3), (1, 2), (0, 2, 3)])
@pytest.mark.parametrize("azimuth", [0.0, 2.0])
def test_the_update_equals_its_plain_twin(scheme, missing, azimuth):
    rng = np.random.default_rng(1)
    x, p = target(azimuth), wide(rng, 8.0)
    z = expected(x[:6], 0.0, PLACE) + np.array([80.0, -0.006, 0.004, 3.0])
    z[1] %= 2.0 * np.pi
    z[list(missing)] = np.nan
    r = R.copy()
    r[0, 3] = r[3, 0] = 30.0

    def wrap(dz):
        return difference(dz, np.zeros(4))

    d = 3 if 3 in missing else 6
    want_x, want_p, want_log = plain.sigma_update(x, p, z, r, lambda at: expected(at[:6], 0.0, PLACE), d, scheme, wrap)
    log = sigma.sigma_update(x, p, z, r, POLAR, scheme)
    np.testing.assert_allclose(x, want_x, rtol=1e-12, atol=1e-5)
    np.testing.assert_allclose(p, want_p, rtol=1e-6, atol=1e-4)
    np.testing.assert_array_equal(p, p.T)
    assert log == pytest.approx(want_log, abs=1e-6)


@pytest.mark.parametrize("scheme", [sigma.UNSCENTED, sigma.CUBATURE])
def test_a_linear_measurement_gives_the_kalman_filter(scheme):
    rng = np.random.default_rng(2)
    x, p = rng.normal(size=NX) * 100.0, wide(rng)
    z, r = np.array([20.0, -15.0, 30.0, np.nan]), np.diag([400.0, 900.0, 100.0, 1.0])
    r[0, 1] = r[1, 0] = 200.0
    h = np.eye(NX)[:3]
    s = h @ p @ h.T + r[:3, :3]
    gain = np.linalg.solve(s, h @ p).T
    want_x, want_p = x + gain @ (z[:3] - x[:3]), p - gain @ s @ gain.T
    v = z[:3] - x[:3]
    want_log = -0.5 * (v @ np.linalg.solve(s, v) + np.linalg.slogdet(2.0 * np.pi * s)[1])
    log = sigma.sigma_update(x, p, z, r, AXES, scheme)
    np.testing.assert_allclose(x, want_x, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(p, want_p, rtol=1e-9, atol=1e-9)
    assert log == pytest.approx(want_log, abs=1e-9)


@pytest.mark.parametrize("scheme", [sigma.UNSCENTED, sigma.CUBATURE])
def test_a_well_known_target_is_updated_as_by_the_extended_filter(scheme):
    # the state's spread is 1e-4 of the range: second-order terms are 1e-8 of it, 1e-4 of its spread
    rng = np.random.default_rng(3)
    x, p = target(1.0), wide(rng, 0.03)
    z = expected(x[:6], 0.0, PLACE) + np.array([2.0, 1e-4, -1e-4, 0.1])
    r = np.diag([3.0, 1e-4, 1e-4, 0.3]) ** 2
    x2, p2 = x.copy(), p.copy()
    log = sigma.sigma_update(x, p, z, r, POLAR, scheme)
    log2 = measure.update(x2, p2, z, r, POLAR)
    sd = np.sqrt(np.diag(p2))
    np.testing.assert_allclose((x - x2) / sd, 0.0, atol=2e-3)
    np.testing.assert_allclose(p / np.outer(sd, sd), p2 / np.outer(sd, sd), atol=2e-3)
    assert log == pytest.approx(log2, abs=5e-3)


@pytest.mark.parametrize("scheme", [sigma.UNSCENTED, sigma.CUBATURE])
def test_azimuth_meets_north_from_both_sides(scheme):
    for azimuth, off in ((1e-3, -4e-3), (2.0 * np.pi - 1e-3, 4e-3)):
        rng = np.random.default_rng(4)
        x, p = target(azimuth), wide(rng, 4.0)
        z = expected(x[:6], 0.0, PLACE)
        z[1] = (azimuth + off) % (2.0 * np.pi)
        before = x.copy()
        sigma.sigma_update(x, p, z, R, POLAR, scheme)
        assert np.linalg.norm(x[:3] - before[:3]) < 0.005 * 30e3
        side = (x[:3] - before[:3]) @ PLACE.rotation[0]
        assert np.sign(side) == np.sign(off)


@pytest.mark.parametrize("scheme", [sigma.UNSCENTED, sigma.CUBATURE])
def test_what_is_not_positive_definite_is_refused_and_nothing_moves(scheme):
    rng = np.random.default_rng(5)
    z = expected(target(1.0)[:6], 0.0, PLACE)
    for p, r in ((wide(rng), np.zeros((4, 4))), (-np.eye(NX), R), (np.zeros((NX, NX)), R)):
        x = target(1.0)
        kept_x, kept_p = x.copy(), p.copy()
        assert np.isnan(sigma.sigma_update(x, p, z, r, POLAR, scheme))
        np.testing.assert_array_equal(x, kept_x)
        np.testing.assert_array_equal(p, kept_p)
    x, p = target(1.0), wide(rng)
    kept = x.copy()
    assert sigma.sigma_update(x, p, np.full(4, np.nan), R, POLAR, scheme) == 0.0
    np.testing.assert_array_equal(x, kept)


def test_a_range_across_a_round_error_has_the_bias_and_spread_of_its_second_order():
    # r = d + (a^2 + b^2) / 2 d for errors a, b across: mean s^2 / d, variance s^4 / d^2, exact in the unscented update
    d, s = 10e3, 300.0
    x = np.concatenate([[0.0, d, 0.0], np.zeros(3)])
    sensor = AXES.copy()
    sensor[measure.CARTESIAN] = 0.0
    p = np.diag([s**2, 1e-6, s**2, 1.0, 1.0, 1.0])
    r = np.diag([1e-6, 1.0, 1.0, 1.0])
    z = np.array([d + s**2 / d, np.nan, np.nan, np.nan])
    log = sigma.sigma_update(x.copy(), p.copy(), z, r, sensor, sigma.UNSCENTED)
    sd = np.exp(-log) / np.sqrt(2.0 * np.pi)  # the plot lies at the mean: its density there tells the spread
    assert sd == pytest.approx(s**2 / d, rel=2.0 * (s / d) ** 2 + 1e-3)


def test_poor_azimuth_is_believed_consistently_where_the_extended_filter_is_not():
    # One range of 5 m and an azimuth of 8 degrees on a start known to 1.5 km at 10 km: NEES of position (2 degrees of
    # freedom, ground plane) over 400 draws. 4 standard errors of the mean: 4 sqrt(2 * 2 / 400) = 0.4.
    rng, n = np.random.default_rng(6), 400
    sensor = AXES.copy()
    sensor[measure.CARTESIAN] = 0.0
    p0 = np.diag([1500.0**2, 1500.0**2, 1.0, 1.0, 1.0, 1.0])
    r = np.diag([5.0, np.radians(8.0), 1.0, 1.0]) ** 2
    nees = np.zeros((3, n))
    for i in range(n):
        truth = np.concatenate([[0.0, 10e3], np.zeros(4)]) + np.sqrt(np.diag(p0)) * rng.normal(size=6)
        azimuth = np.arctan2(truth[0], truth[1]) + np.radians(8.0) * rng.normal()
        z = np.array([np.linalg.norm(truth[:3]) + 5.0 * rng.normal(), azimuth % (2.0 * np.pi), np.nan, np.nan])
        for j in range(3):
            x, p = np.concatenate([[0.0, 10e3], np.zeros(4)]), p0.copy()
            if j == 0:
                measure.update(x, p, z, r, sensor)
            else:
                sigma.sigma_update(x, p, z, r, sensor, j)
            off = (x - truth)[:2]
            nees[j, i] = off @ np.linalg.solve(p[:2, :2], off)
    extended, unscented, cubature = nees.mean(axis=1)
    assert extended > 10.0
    assert unscented < 2.4
    assert cubature < extended
