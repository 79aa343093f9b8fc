import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.plain import motion as plain_motion
from tests.plain import tracking as plain
from tests.track.simulated import SITE
from watchfloor.physics.frames import ecef_to_geodetic, geodetic_to_ecef, polar_to_ecef
from watchfloor.track._kernels import measure
from watchfloor.track._kernels import pmb as k
from watchfloor.track.engine import Station, station_table

TWO_PI = 2.0 * math.pi
seeds = st.integers(0, 2**32 - 1)


def sensor_row(*, flat=False, **changes):
    own = dict(origin_m=SITE.ecef_m, axes=SITE.rotation, period_s=10.0)
    if flat:
        own = dict(origin_m=np.array([2e3, -1e3, 50.0]), axes=np.eye(3), period_s=10.0)
    return station_table([Station(**(own | changes))], flat=flat)[0]


def turned(rng):
    """Axes of a sensor that stands askew."""
    return np.linalg.qr(rng.normal(size=(3, 3)))[0]


def spd(rng, n, scale):
    a = rng.normal(size=(n, n))
    return (a @ a.T + n * np.eye(n)) * np.outer(scale, scale)


def some_state(rng, *, nx=6):
    """A state near SITE in ECEF, with a covariance."""
    x = np.zeros(nx)
    x[:3] = polar_to_ecef(rng.uniform(10e3, 200e3), rng.uniform(0.0, TWO_PI), rng.uniform(0.01, 0.5), SITE)
    x[3:6] = rng.normal(size=3) * 200.0
    return x, spd(rng, nx, np.r_[np.full(3, 100.0), np.full(3, 10.0), np.ones(nx - 6)])


def subset(rng, z, cov):
    """Leave some components out, one at least in."""
    there = rng.random(4) < 0.6
    there[rng.integers(0, 3)] = True
    z, cov = z.copy(), cov.copy()
    z[~there] = np.nan
    cov[~there], cov[:, ~there] = np.nan, np.nan
    return z, cov, np.flatnonzero(there)


def test_height_and_vertical_are_those_of_the_ellipsoid_to_its_curvature():
    lat, lon, up = np.radians(38.0), np.radians(31.0), np.empty(3)
    for altitude_m in (0.0, 9e3, 25e3):
        at = geodetic_to_ecef(lat, lon, altitude_m)
        height = measure.vertical(at, False, up)
        # the kernel shrinks the ellipsoid about the earth's centre; that is f^2 h off at most, f = 1 / 298
        assert abs(height - altitude_m) <= max(2.0 * altitude_m / 298.0**2, 1e-6) + 0.5
        normal = np.array([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
        assert np.arccos(min(up @ normal, 1.0)) <= altitude_m / 6.35e6 / 298.0 + 3e-8
        assert abs(ecef_to_geodetic(at)[2] - altitude_m) < 1e-6


@given(seed=seeds, flat=st.booleans(), dt=st.floats(-20.0, 20.0))
def test_the_derivative_is_the_numerical_one(seed, flat, dt):
    rng = np.random.default_rng(seed)
    row = sensor_row(flat=flat)
    if flat:
        x = np.r_[
            rng.uniform(20e3, 150e3, 2) * rng.choice([-1.0, 1.0], 2), rng.uniform(1e3, 12e3), rng.normal(size=3) * 200.0
        ]
    else:
        x, _ = some_state(rng)
    z, h, zhat = np.empty(4), np.empty((4, 6)), np.empty(4)
    measure.jacobian(x, dt, row, z, h)
    measure.expected(x, dt, row, zhat)
    np.testing.assert_allclose(z, zhat, rtol=1e-13)
    near, far = np.empty(4), np.empty(4)
    for c in range(6):
        step = np.zeros(6)
        step[c] = 2.0 if c < 3 else 0.1
        measure.expected(x + step, dt, row, near)
        measure.expected(x - step, dt, row, far)
        wide = near - far
        wide[1] = (wide[1] + math.pi) % TWO_PI - math.pi
        # third derivatives fall as (step / range)^2 of the first: ranges are 5 km at least, but round-off of 1e7 m
        scale = np.abs(h).max(axis=1) + 1e-12
        np.testing.assert_allclose(wide / (2.0 * step[c]) / scale, h[:, c] / scale, atol=2e-5)


def test_expected_plots_over_the_earth_are_those_of_the_frames():
    rng = np.random.default_rng(1)
    z = np.empty(4)
    for _ in range(20):
        x, _ = some_state(rng)
        dt = rng.uniform(-10.0, 10.0)
        measure.expected(x, dt, sensor_row(), z)
        np.testing.assert_allclose(z, plain.expected(x, dt, SITE), rtol=1e-9)


@given(seed=seeds, nx=st.sampled_from([6, 9, 10]))
def test_a_plot_of_the_states_own_time_spreads_as_any(seed, nx):
    rng = np.random.default_rng(seed)
    x, p = some_state(rng, nx=nx)
    z, h, now, s = np.empty(4), np.empty((4, 6)), np.empty((4, 4)), np.empty((4, 4))
    measure.jacobian(x, 0.0, sensor_row(), z, h)
    measure.spread_now(p, h, now)
    measure.spread(p, h, s)
    want = h @ p[:6, :6] @ h.T
    scale = np.sqrt(np.outer(np.diag(want), np.diag(want)))
    np.testing.assert_allclose(s / scale, want / scale, atol=1e-12)
    np.testing.assert_allclose(now / scale, want / scale, atol=1e-12)


@given(seed=seeds)
def test_the_likelihood_is_the_gaussian_of_what_was_measured(seed):
    rng = np.random.default_rng(seed)
    s, cov = spd(rng, 4, [50.0, 0.002, 0.003, 3.0]), spd(rng, 4, [30.0, 0.001, 0.002, 1.0])
    zhat = np.array([60e3, rng.choice([0.001, 3.0, 6.28]), 0.1, -100.0])
    y = np.linalg.cholesky(s + cov) @ rng.normal(size=4)
    z, cov, rows = subset(rng, zhat + y, cov)
    z[1] %= TWO_PI
    y, at = y[rows], np.ix_(rows, rows)
    whole = s[at] + cov[at]
    d2 = y @ np.linalg.solve(whole, y)
    want = -0.5 * (d2 + np.linalg.slogdet(whole)[1] + len(rows) * math.log(TWO_PI))
    got = measure.log_likelihood(z, cov, zhat, s, sensor_row(), np.empty((5, 4)))
    np.testing.assert_allclose(got, (want, d2), rtol=1e-7, atol=1e-7)


def test_a_likelihood_without_a_positive_definite_covariance_is_no_number():
    cov = np.diag([1.0, -1.0, 1.0, 1.0])
    ll, d2 = measure.log_likelihood(np.ones(4), cov, np.ones(4), np.zeros((4, 4)), sensor_row(), np.empty((5, 4)))
    assert math.isnan(ll)
    assert math.isnan(d2)
    assert math.isnan(measure.update(np.ones(6) * 1e6, np.eye(6), np.ones(4), cov, sensor_row()))


@given(seed=seeds, nx=st.sampled_from([6, 9, 10]))
def test_a_linear_update_is_the_kalman_filter(seed, nx):
    rng = np.random.default_rng(seed)
    axes, origin = turned(rng), rng.normal(size=3) * 1e3
    row = sensor_row(flat=True, axes=axes, origin_m=origin, cartesian=True)
    x = np.r_[rng.normal(size=3) * 1e4, rng.normal(size=nx - 3) * 100.0]
    p = spd(rng, nx, np.r_[np.full(3, 100.0), np.full(3, 10.0), np.ones(nx - 6)])
    cov = spd(rng, 4, [50.0, 80.0, 60.0, 1.0])
    z = np.r_[axes @ (x[:3] - origin) + 100.0 * rng.normal(size=3), np.nan]
    cov[3], cov[:, 3] = np.nan, np.nan
    z, cov, rows = subset(rng, z, cov)
    rows = rows[rows < 3]
    z[3] = np.nan
    h = np.hstack([axes, np.zeros((3, nx - 3))])[rows]
    s = h @ p @ h.T + cov[np.ix_(rows, rows)]
    gain = np.linalg.solve(s, h @ p).T
    y = z[rows] - h @ x - (-axes @ origin)[rows]
    want_x, want_p = x + gain @ y, p - gain @ h @ p
    want = -0.5 * (y @ np.linalg.solve(s, y) + np.linalg.slogdet(TWO_PI * s)[1])
    got_x, got_p = x.copy(), p.copy()
    got = measure.update(got_x, got_p, z, cov, row)
    scale = np.sqrt(np.diag(p))
    np.testing.assert_allclose(got, want, rtol=1e-9)
    np.testing.assert_allclose((got_x - want_x) / scale, 0.0, atol=1e-9)
    np.testing.assert_allclose((got_p - want_p) / np.outer(scale, scale), 0.0, atol=1e-10)


@given(seed=seeds)
def test_a_polar_update_is_its_twin_of_matrices(seed):
    rng = np.random.default_rng(seed)
    x, p = some_state(rng)
    cov = spd(rng, 4, [30.0, 0.001, 0.001, 1.0])
    z = plain.expected(x, 0.0, SITE) + np.linalg.cholesky(cov) @ rng.normal(size=4)
    z[1] %= TWO_PI
    z, cov, _ = subset(rng, z, cov)
    want_x, want_p, _ = plain.update(x, p, 0.0, z, cov, SITE, 0.0, 0.0)
    got_x, got_p = x.copy(), p.copy()
    measure.update(got_x, got_p, z, cov, sensor_row())
    scale = np.sqrt(np.diag(p))
    # the twin differentiates by steps of 2 m in coordinates of 6e6 m: 1e-9 / 4 of round-off, over an angle's error
    np.testing.assert_allclose((got_x - want_x) / scale, 0.0, atol=2e-3)
    np.testing.assert_allclose((got_p - want_p) / np.outer(scale, scale), 0.0, atol=2e-3)


def test_a_small_error_is_updated_as_by_all_components_at_once():
    rng = np.random.default_rng(3)
    x, _ = some_state(rng)
    p = spd(rng, 6, [3.0] * 3 + [0.3] * 3)
    z, h = np.empty(4), np.empty((4, 6))
    measure.jacobian(x, 0.0, sensor_row(), z, h)
    cov = spd(rng, 4, [5.0, 1e-4, 1e-4, 0.5])
    z += np.linalg.cholesky(cov) @ rng.normal(size=4)
    got_x, got_p = x.copy(), p.copy()
    got = measure.update(got_x, got_p, z, cov, sensor_row())
    s = h @ p @ h.T + cov
    gain = np.linalg.solve(s, h @ p).T
    zhat = np.empty(4)
    measure.expected(x, 0.0, sensor_row(), zhat)
    y = z - zhat
    np.testing.assert_allclose(got_x, x + gain @ y, atol=2e-3)
    # range is taken about the state that the angles left, 1e-4 rad away: terms of the second order
    scale = np.sqrt(np.diag(p))
    np.testing.assert_allclose((got_p - (p - gain @ h @ p)) / np.outer(scale, scale), 0.0, atol=1e-3)
    want = -0.5 * (y @ np.linalg.solve(s, y) + np.linalg.slogdet(TWO_PI * s)[1])
    np.testing.assert_allclose(got, want, atol=2e-3)


@pytest.mark.parametrize("flat", [False, True])
def test_a_first_state_has_the_spread_of_its_plot_and_prior(flat):
    """Positions of 20,000 draws of the plot: mean and covariance within four standard errors."""
    rng, n = np.random.default_rng(4), 20_000
    row = sensor_row(flat=flat)
    z = np.array([80e3, 1.1, 0.08, 150.0])
    cov = spd(rng, 4, [20.0, 3e-4, 4e-4, 1.0])
    x, p = np.zeros(6), np.zeros((6, 6))
    assert measure.start(x, p, z, cov, row, 8e3, 4e3, 200.0, 25.0)
    draws = z[:3] + rng.normal(size=(n, 3)) @ np.linalg.cholesky(cov[:3, :3]).T
    ce = np.cos(draws[:, 2])
    enu = draws[:, :1] * np.stack([ce * np.sin(draws[:, 1]), ce * np.cos(draws[:, 1]), np.sin(draws[:, 2])], axis=1)
    at = row[:3] + enu @ row[3:12].reshape(3, 3)
    root = np.linalg.cholesky(np.cov(at.T))
    white = np.linalg.solve(root, (at - x[:3]).T)
    assert np.abs(white.mean(axis=1)).max() < 4.0 / math.sqrt(n) + 2e-3  # an arc is not its tangent: 3e-4^2 r / 2
    ratio = np.linalg.solve(root, np.linalg.solve(root, p[:3, :3]).T)
    np.testing.assert_allclose(ratio, np.eye(3), atol=4.0 * math.sqrt(2.0 / n))
    # the range rate that was measured, and nothing across it but the prior
    zhat, h, s = np.empty(4), np.empty((4, 6)), np.empty((4, 4))
    measure.jacobian(x, 0.0, row, zhat, h)
    measure.spread_now(p, h, s)
    assert abs(zhat[3] - 150.0) < 0.1
    assert s[3, 3] == pytest.approx(cov[3, 3], rel=0.05)
    up = np.empty(3)
    measure.vertical(x, flat, up)
    along = h[0, :3]
    across = np.cross(along, up)
    across /= np.linalg.norm(across)
    assert across @ p[3:, 3:] @ across == pytest.approx(200.0**2, rel=0.01)
    assert np.linalg.eigvalsh(p).min() > 0.0


@pytest.mark.parametrize("flat", [False, True])
def test_a_first_state_without_elevation_stands_at_the_heights_prior(flat):
    row, up = sensor_row(flat=flat), np.empty(3)
    for range_m in (20e3, 100e3, 250e3):
        z = np.array([range_m, 2.0, np.nan, np.nan])
        cov = np.full((4, 4), np.nan)
        cov[:2, :2] = np.diag([50.0**2, 0.003**2])
        x, p = np.zeros(6), np.zeros((6, 6))
        assert measure.start(x, p, z, cov, row, 8e3, 2e3, 200.0, 25.0)
        height = measure.vertical(x, flat, up)
        assert abs(height - 8e3) < 150.0  # on a sphere of the place's distance from the earth's centre
        assert math.sqrt(up @ p[:3, :3] @ up) == pytest.approx(2e3, rel=0.15)
        zhat = np.empty(4)
        measure.expected(x, 0.0, row, zhat)
        np.testing.assert_allclose(zhat[:2], z[:2], rtol=1e-9)


def test_no_first_state_without_range_and_azimuth():
    for z in ([np.nan, 1.0, 0.1, 3.0], [1e4, np.nan, 0.1, 3.0], [-5.0, 1.0, 0.1, 3.0]):
        x, p = np.zeros(6), np.zeros((6, 6))
        assert not measure.start(x, p, np.array(z), np.eye(4), sensor_row(), 8e3, 2e3, 200.0, 25.0)


@pytest.mark.parametrize("fold", [60.0, 131.0])
def test_folded_range_rates_differ_by_the_short_way(fold):
    row = sensor_row(range_rate_interval_mps=fold)
    for difference in np.linspace(-400.0, 400.0, 57):
        rest = measure.residual(3, difference, row)
        assert abs(rest) <= 0.5 * fold * (1.0 + 1e-12)
        assert abs((difference - rest) / fold - round((difference - rest) / fold)) < 1e-9
    assert measure.residual(0, 400.0, row) == 400.0
    assert measure.residual(1, 6.0, row) == pytest.approx(6.0 - TWO_PI)


@given(seed=seeds, height=st.floats(2e3, 20e3), sd=st.floats(100.0, 5e3))
def test_a_height_better_known_than_its_prior_is_left_alone_and_a_worse_one_is_the_prior(seed, height, sd):
    rng = np.random.default_rng(seed)
    x = np.r_[rng.normal(size=2) * 1e4, height, rng.normal(size=3) * 50.0]
    p = spd(rng, 6, np.full(6, 1.0) * rng.uniform(10.0, 3e3))
    want_x, want_p = plain.bound(x, p, 0, np.array([0.0, 0.0, 1.0]), 8e3 - x[2], sd)
    want_x, want_p = plain.bound(want_x, want_p, 3, np.array([0.0, 0.0, 1.0]), -want_x[5], 25.0)
    got_x, got_p = x.copy(), p.copy()
    measure.bound_height(got_x, got_p, True, 8e3, sd, 25.0, np.empty(3))
    scale = np.sqrt(np.diag(p))
    np.testing.assert_allclose((got_x - want_x) / (scale + np.abs(want_x)), 0.0, atol=1e-8)
    np.testing.assert_allclose((got_p - want_p) / np.outer(scale, scale), 0.0, atol=1e-8)
    assert got_p[2, 2] <= sd * sd * (1.0 + 1e-6)


@given(seed=seeds, beta=st.floats(1.0, 6.0))
def test_sharpened_marginals_keep_the_sums_of_tracks_and_plots(seed, beta):
    """Marginals of a real set of associations (a doubly bounded table), sharpened."""
    rng = np.random.default_rng(seed)
    n, m = rng.integers(2, 5), rng.integers(2, 5)
    psi = np.exp(rng.normal(size=(n, m)))
    table = psi / (2.0 * psi.sum(axis=1).max() + 2.0 * psi.sum(axis=0).max())
    start_of, column = np.arange(n + 1) * m, np.tile(np.arange(m), n)
    out = table.ravel().copy()
    k.sharpen(start_of, column, psi.ravel(), np.ones(n, np.int64), m, beta, 2000, out)
    sharp = out.reshape(n, m)
    np.testing.assert_allclose(sharp.sum(axis=1), table.sum(axis=1), rtol=1e-9)
    np.testing.assert_allclose(sharp.sum(axis=0), table.sum(axis=0), rtol=2e-2)
    assert (sharp >= 0.0).all()
    # odds of an exchange between two tracks and two plots are those of psi ** beta (what is added, 1e-9, apart)
    if beta < 3.0:
        own = np.log(table[0, 0] * table[1, 1] / (table[0, 1] * table[1, 0]))
        odds = np.log(psi[0, 0] * psi[1, 1] / (psi[0, 1] * psi[1, 0]))
        got = np.log(sharp[0, 0] * sharp[1, 1] / (sharp[0, 1] * sharp[1, 0]))
        np.testing.assert_allclose(got, own + (beta - 1.0) * odds, atol=2e-3)


def test_a_track_alone_is_not_sharpened():
    out = np.array([0.5, 0.2])
    k.sharpen(np.array([0, 2]), np.array([0, 1]), np.array([2.0, 1.0]), np.zeros(1, np.int64), 2, 5.0, 20, out)
    assert out.tolist() == [0.5, 0.2]


@given(seed=seeds, n=st.integers(2, 9), merge_d2=st.sampled_from([0.0, 1.0, 1e9]), m=st.integers(1, 3))
def test_joining_hypotheses_keeps_mean_and_covariance(seed, n, merge_d2, m):
    rng, nx = np.random.default_rng(seed), 6
    x = rng.normal(size=(n, m, nx)) * 3.0
    p = np.stack([[spd(rng, nx, np.ones(nx)) for _ in range(m)] for _ in range(n)])
    mu = rng.dirichlet(np.ones(m), n)
    weight = np.sort(rng.dirichlet(np.ones(n)))[::-1].copy()
    share = (weight[:, None] * mu).ravel()
    want = plain_motion.merge(share, x.reshape(-1, nx), p.reshape(-1, nx, nx))
    slot = np.arange(n)
    left = k._reduce(n, slot, weight, n, merge_d2, np.full(n, m), mu, x, p)
    assert left == (1 if merge_d2 == 1e9 else left)
    assert weight[:left].sum() == pytest.approx(1.0, rel=1e-12)
    assert (np.diff(weight[:left]) <= 0.0).all()
    kept = slot[:left]
    share = (weight[:left, None] * mu[kept]).ravel()
    got = plain_motion.merge(share, x[kept].reshape(-1, nx), p[kept].reshape(-1, nx, nx))
    np.testing.assert_allclose(got[0], want[0], atol=1e-10)
    np.testing.assert_allclose(got[1], want[1], atol=1e-9)


def test_one_hypothesis_is_all_of_them_joined():
    rng, n, nx = np.random.default_rng(6), 5, 6
    x, p = rng.normal(size=(n, 1, nx)) * 50.0, np.tile(np.eye(nx), (n, 1, 1, 1))
    weight = np.array([0.4, 0.3, 0.2, 0.07, 0.03])
    want = plain_motion.merge(weight, x[:, 0], p[:, 0])
    assert k._reduce(n, np.arange(n), weight, 1, 0.0, np.ones(n, np.int64), np.ones((n, 1)), x, p) == 1
    np.testing.assert_allclose(x[0, 0], want[0], atol=1e-12)
    np.testing.assert_allclose(p[0, 0], want[1], atol=1e-11)


GOOD = np.array([5e4, 1.0, 0.1, 20.0]), np.diag([50.0**2, 1e-6, 1e-6, 4.0])


def _with(z=(), cov=()):
    out, r = GOOD[0].copy(), GOOD[1].copy()
    for at, value in z:
        out[at] = value
    for at, value in cov:
        r[at] = value
    return out, r


@pytest.mark.parametrize(
    ("plot", "row", "t_s", "code"),
    [
        (_with(), 0, 100.0, k.FINE),
        (_with([(2, np.nan)]), 0, 100.0, k.FINE),
        (_with([(2, np.nan)], [((2, 2), np.nan), ((0, 2), np.nan), ((2, 0), np.nan)]), 0, 100.0, k.FINE),
        (_with(), 2, 100.0, k.NO_SENSOR),
        (_with(), -1, 100.0, k.NO_SENSOR),
        (_with(), 1, 100.0, k.OFF),
        (_with(), 0, math.nan, k.NO_NUMBER),
        (_with(), 0, math.inf, k.NO_NUMBER),
        (_with([(0, math.inf)]), 0, 100.0, k.NO_NUMBER),
        (_with([(3, -math.inf)]), 0, 100.0, k.NO_NUMBER),
        (_with([(0, 0.0)]), 0, 100.0, k.NO_NUMBER),
        (_with([(0, 1e12)]), 0, 100.0, k.NO_NUMBER),
        (_with([(1, 90.0)]), 0, 100.0, k.NO_NUMBER),
        (_with(cov=[((0, 1), 0.01)]), 0, 100.0, k.NO_COVARIANCE),
        (_with(cov=[((0, 2), math.nan)]), 0, 100.0, k.NO_COVARIANCE),
        (_with(cov=[((0, 0), 1e300)]), 0, 100.0, k.NO_COVARIANCE),
        (_with(cov=[((1, 1), 1e-300)]), 0, 100.0, k.NO_COVARIANCE),
        (_with([(0, -3.0)]), 0, 100.0, k.NO_NUMBER),
        (_with([(i, math.nan) for i in range(4)]), 0, 100.0, k.NO_NUMBER),
        (_with(cov=[((0, 0), 0.0)]), 0, 100.0, k.NO_COVARIANCE),
        (_with(cov=[((1, 1), -1e-6)]), 0, 100.0, k.NO_COVARIANCE),
        (_with(cov=[((0, 0), math.nan)]), 0, 100.0, k.NO_COVARIANCE),
        (_with(cov=[((1, 1), math.inf)]), 0, 100.0, k.NO_COVARIANCE),
        (_with(cov=[((0, 3), 101.0), ((3, 0), 101.0)]), 0, 100.0, k.NO_COVARIANCE),
        (_with(), 0, 110.5, k.WRONG_TIME),
        (_with(), 0, 109.5, k.FINE),
        (_with(), 0, 19.0, k.WRONG_TIME),
    ],
)
def test_each_plot_that_cannot_be_used_has_its_reason(plot, row, t_s, code):
    sensors, why = np.stack([sensor_row(), sensor_row()]), np.zeros(1, np.int64)
    bad = k.check(
        np.array([t_s]),
        np.array([row]),
        plot[0][None],
        plot[1][None],
        sensors,
        np.array([True, False]),
        100.0,
        20.0,
        why,
    )
    assert (int(why[0]), bad) == (code, int(code != k.FINE))
