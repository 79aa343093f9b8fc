import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import expm

from tests.plain import motion as plain
from watchfloor.physics.frames import Place
from watchfloor.track._kernels import motion as k

ECEF0 = np.asarray(Place.from_degrees(48.0, 12.0, 9000.0).ecef_m, float)


def model(kind, **columns):
    out = np.zeros(k.N_MODEL)
    values = dict(KIND=kind, Q_H=9.0, Q_V=2.0, TAU=12.0, ACC_SD=4.0, RATE_SD=0.03) | columns
    for name, value in values.items():
        out[getattr(k, name)] = value
    return out


MODELS = {
    "cv": model(k.CV),
    "ct": model(k.CT, RATE=np.radians(4.0)),
    "left": model(k.CT, RATE=np.radians(-9.0)),
    "ct still": model(k.CT, RATE=0.0),
    "ca": model(k.CA, Q_H=0.5, Q_V=0.1),
    "singer": model(k.SINGER, Q_H=1.5, Q_V=0.2),
    "singer fast": model(k.SINGER, Q_H=1.5, Q_V=0.2, TAU=2.0),
}


def spread(n, rng):
    sd = np.array([80.0] * 3 + [12.0] * 3 + [3.0] * 3 + [0.02])[:n]
    a = rng.normal(size=(n, 2 * n)) / np.sqrt(2 * n)
    p = sd[:, None] * (a @ a.T) * sd
    return 0.5 * (p + p.T)


def state(n, rng, flat):
    x = np.concatenate([rng.normal(size=3) * 1e4, rng.normal(size=3) * 150.0, rng.normal(size=3) * 5.0, [0.05]])[:n]
    if not flat:
        x[:3] += ECEF0
    return x


def moved(m, dt, flat, x, p):
    x, p = x.copy(), p.copy()
    k.move(m, dt, flat, x, p)
    return x, p


@pytest.mark.parametrize(
    ("name", "nx"),
    [(name, nx) for name, m in MODELS.items() for nx in (6, 9, 10) if nx > 6 or m[k.KIND] in (k.CV, k.CT)],
)
@pytest.mark.parametrize("dt", [1e-3, 0.7, 4.0, 25.0, -3.0])
def test_a_move_is_the_matrix_exponential_and_van_loans_integral(name, nx, dt):
    m = MODELS[name]
    rng = np.random.default_rng(1)
    for flat in (True, False):
        x, p = state(nx, rng, flat), spread(nx, rng)
        x1, p1 = moved(m, dt, flat, x, p)
        x2, p2 = plain.move(m, dt, flat, x, p)
        scale = np.sqrt(np.outer(np.diag(p2), np.diag(p2)))
        np.testing.assert_allclose(p1 / scale, p2 / scale, atol=2e-9)
        np.testing.assert_array_equal(p1, p1.T)
        if flat:
            np.testing.assert_allclose(x1, x2, rtol=1e-10, atol=1e-9)
        else:  # the curvature: at most d^2 / 2 R, and velocity turned by at most d / R
            d = np.linalg.norm(x2[:3] - x[:3])
            assert np.linalg.norm(x1[:3] - x2[:3]) <= 0.6 * d * d / 6.35e6 + 1e-6
            bend = np.linalg.norm(x1[3:6] - x2[3:6])
            assert bend <= 1.01 * d / 6.35e6 * np.linalg.norm(x2[3:6]) + 1e-9


@pytest.mark.parametrize("name", MODELS)
@given(first=st.floats(0.01, 12.0), then=st.floats(0.01, 12.0))
@settings(max_examples=25, deadline=None)
def test_two_moves_are_one(name, first, then):
    rng = np.random.default_rng(2)
    m = MODELS[name]
    nx = 9 if m[k.KIND] in (k.CA, k.SINGER) else 6
    x, p = state(nx, rng, True), spread(nx, rng)
    x1, p1 = moved(m, then, True, *moved(m, first, True, x, p))
    x2, p2 = moved(m, first + then, True, x, p)
    np.testing.assert_allclose(x1, x2, rtol=1e-9, atol=1e-7)
    scale = np.sqrt(np.outer(np.diag(p2), np.diag(p2)))
    np.testing.assert_allclose(p1 / scale, p2 / scale, atol=1e-9)


@pytest.mark.parametrize("name", ["cv", "ct", "ca", "singer"])
def test_going_back_undoes_the_way_and_still_adds_noise(name):
    rng = np.random.default_rng(3)
    m = MODELS[name]
    for flat in (True, False):
        x, p = state(9, rng, flat), spread(9, rng)
        there = moved(m, 5.0, flat, x, p)
        x2, p2 = moved(m, -5.0, flat, *there)
        n = 9 if m[k.KIND] in (k.CA, k.SINGER) else 6
        np.testing.assert_allclose(x2[:3], x[:3], rtol=0.0, atol=0.02)
        np.testing.assert_allclose(x2[3:n], x[3:n], rtol=0.0, atol=0.02 if n == 9 else 1e-3)
        assert np.all(np.diag(p2)[:n] > np.diag(p)[:n])


def unrolled_jacobian(x, dt, up):
    out, step = np.zeros((10, 10)), np.array([1.0] * 3 + [0.1] * 3 + [1.0] * 3 + [1e-5])
    for c in range(10):
        wide = np.zeros(10)
        wide[c] = step[c]
        out[:, c] = (plain.turn(x + wide, dt, up) - plain.turn(x - wide, dt, up)) / (2.0 * step[c])
    return out


@pytest.mark.parametrize("rate", [0.0, 1e-5, 0.03, -0.1, 0.4])
@pytest.mark.parametrize("dt", [0.5, 4.0, -2.0])
def test_a_turn_at_an_unknown_rate_is_linearised_as_its_numerical_derivative(rate, dt):
    rng = np.random.default_rng(4)
    m = model(k.CT_UNKNOWN, Q_RATE=0.0, RATE=0.2)
    x, p = state(10, rng, True), spread(10, rng)
    x[9] = rate
    up = np.array([0.0, 0.0, 1.0])
    f = unrolled_jacobian(x, dt, up)
    cov = f @ p @ f.T
    known = model(k.CT, RATE=rate)
    cov[:6, :6] += moved(known, dt, True, x[:6], np.zeros((6, 6)))[1]
    cov[6:9] = cov[:, 6:9] = 0.0
    cov[6:9, 6:9] = 16.0 * np.eye(3)
    x1, p1 = moved(m, dt, True, x, p)
    np.testing.assert_allclose(x1, plain.turn(x, dt, up), rtol=1e-9, atol=1e-9)
    scale = np.sqrt(np.outer(np.diag(cov), np.diag(cov)))
    np.testing.assert_allclose(p1 / scale, cov / scale, atol=1e-6)
    np.testing.assert_array_equal(p1, p1.T)


def test_noise_of_the_turn_rate_reaches_velocity_and_position():
    # second order in the angle turned during the move (0.06 rad), scaled by the components' size
    x, up = np.array([1e3, 2e3, 5e3, 150.0, 110.0, 4.0, 0.0, 0.0, 0.0, 0.03]), np.array([0.0, 0.0, 1.0])
    m = model(k.CT_UNKNOWN, Q_H=0.0, Q_V=0.0, Q_RATE=1e-4)
    for dt in (2.0, -2.0):
        got = moved(m, dt, True, x, np.zeros((10, 10)))[1]
        want = plain.turn_noise(x, dt, up, 1e-4) * np.sign(dt)
        used = [0, 1, 3, 4, 9]
        sd = np.sqrt(np.diag(want))[used]
        assert np.abs((got - want)[np.ix_(used, used)] / np.outer(sd, sd)).max() < 2.0 * 0.06**2
        assert np.linalg.eigvalsh(got[np.ix_(used, used)] / np.outer(sd, sd)).min() > -1e-12


@pytest.mark.parametrize("name", [*MODELS, "unknown"])
@pytest.mark.parametrize("flat", [True, False])
def test_the_transition_is_the_derivative_of_the_move(name, flat):
    rng = np.random.default_rng(8)
    m = MODELS.get(name, model(k.CT_UNKNOWN, Q_RATE=1e-5))
    x = state(10, rng, flat)
    f = np.empty((10, 10))
    for dt in (0.3, 6.0, -2.0):
        k.transition(m, dt, flat, x, f)
        want = np.zeros((10, 10))
        step = np.array([1.0] * 3 + [0.1] * 3 + [0.1] * 3 + [1e-5])
        for c in range(10):
            wide = np.zeros(10)
            wide[c] = step[c]
            more, less = moved(m, dt, flat, x + wide, np.eye(10))[0], moved(m, dt, flat, x - wide, np.eye(10))[0]
            want[:, c] = (more - less) / (2.0 * step[c])
        size = np.array([1.0] * 3 + [0.1] * 3 + [0.1] * 3 + [1e-3])  # of one unit of each component in the others
        # over the Earth the derivative leaves out the curvature: (d / R) of the length moved, 1.5 km at most here
        np.testing.assert_allclose(f * size, want * size, atol=1e-5 if flat else 4e-3)


def height_and_speed(x):
    up = np.empty(3)
    height = k.vertical(x, False, up)
    return height, np.linalg.norm(x[3:6]), up @ x[3:6]


@pytest.mark.parametrize("rate_degps", [0.0, 1.5, -6.0])
def test_level_flight_over_the_earth_keeps_height_and_speed(rate_degps):
    # ten minutes in steps of 4 s at 250 m/s. A straight line in space would rise by (v t)^2 / 2 R = 1,760 m.
    place = Place.from_degrees(48.0, 12.0, 9000.0)
    x = np.concatenate([place.ecef_m, 250.0 * (0.6 * place.rotation[0] + 0.8 * place.rotation[1])])
    p, m = np.eye(6), model(k.CT, RATE=np.radians(rate_degps))
    height, speed, _ = height_and_speed(x)
    for _ in range(150):
        k.move(m, 4.0, False, x, p)
    h, v, climb = height_and_speed(x)
    assert abs(h - height) < 12.0  # the ellipsoid's curvature differs from 1 / |x| by up to 1 %: 0.7 % of 1,760 m
    assert abs(v - speed) < 0.01
    assert abs(climb) < 0.05


def test_a_positive_rate_turns_right():
    x, p = np.array([0.0, 0.0, 0.0, 0.0, 100.0, 0.0]), np.eye(6)
    k.move(model(k.CT, RATE=np.radians(3.0)), 30.0, True, x, p)  # a quarter turn from north
    np.testing.assert_allclose(x[3:], [100.0, 0.0, 0.0], atol=1e-9)
    radius = 100.0 / np.radians(3.0)
    np.testing.assert_allclose(x[:3], [radius, radius, 0.0], rtol=1e-9, atol=1e-9)


def test_vertical_is_the_normal_of_the_ellipsoid():
    up = np.empty(3)
    place = Place.from_degrees(-33.0, 151.0, 12_000.0)
    height = k.vertical(np.asarray(place.ecef_m, float), False, up)
    assert abs(height - 12_000.0) < 25.0  # a scaled ellipsoid's level, not the geodetic height: 0.2 %
    np.testing.assert_allclose(up, place.rotation[2], atol=1e-5)
    assert k.vertical(np.array([1.0, 2.0, 7.0]), True, up) == 7.0
    np.testing.assert_array_equal(up, [0.0, 0.0, 1.0])


def test_components_a_model_does_not_use_fall_back_to_their_prior():
    rng = np.random.default_rng(5)
    x, p = moved(MODELS["left"], 2.0, True, state(10, rng, True), spread(10, rng))
    assert not np.any(x[6:9])
    assert x[9] == MODELS["left"][k.RATE]
    np.testing.assert_array_equal(p[6:9, 6:9], 16.0 * np.eye(3))
    assert p[9, 9] == 0.03**2
    assert not np.any(p[:6, 6:])
    assert not np.any(p[9, :9])


@given(
    sojourn=st.lists(st.floats(0.5, 1e4), min_size=2, max_size=6),
    dt=st.floats(0.0, 1e5),
)
@settings(max_examples=60, deadline=None)
def test_switching_is_the_exponential_of_the_markov_generator(sojourn, dt):
    out = np.empty((len(sojourn), len(sojourn)))
    k.switching(np.array(sojourn), dt, out)
    np.testing.assert_allclose(out, expm(plain.generator(sojourn) * min(dt, 1e3 * max(sojourn))), atol=2e-9)
    np.testing.assert_allclose(out.sum(axis=1), 1.0, rtol=1e-12)
    back = np.empty_like(out)
    k.switching(np.array(sojourn), -dt, back)
    np.testing.assert_array_equal(out, back)


def test_switching_knows_models_that_never_end():
    out = np.empty((3, 3))
    k.switching(np.array([np.inf, np.inf, np.inf]), 10.0, out)
    np.testing.assert_array_equal(out, np.eye(3))
    k.switching(np.array([np.inf, 5.0, np.inf]), 1e6, out)
    np.testing.assert_allclose(out, [[1.0, 0.0, 0.0], [0.5, 0.0, 0.5], [0.0, 0.0, 1.0]], atol=1e-9)
    one = np.empty((1, 1))
    k.switching(np.array([3.0]), 10.0, one)
    assert one[0, 0] == 1.0


@pytest.mark.parametrize("nx", [6, 10])
def test_mixing_and_merging_equal_their_plain_twins(nx):
    rng = np.random.default_rng(6)
    m = 4
    x = np.stack([state(nx, rng, False) for _ in range(m)])
    x[:, :3] = ECEF0 + rng.normal(size=(m, 3)) * 60.0
    p = np.stack([spread(nx, rng) for _ in range(m)])
    weights = np.array([0.55, 0.3, 0.15, 0.0])
    switch = expm(plain.generator([20.0, 10.0, 15.0, 8.0]) * 4.0)
    w_out, x_out, p_out = np.empty(m), np.empty_like(x), np.empty_like(p)
    k.mix(weights, switch, x, p, w_out, x_out, p_out)
    w, xs, ps = plain.mix(weights, switch, x, p)
    np.testing.assert_allclose(w_out, w, rtol=1e-14)
    np.testing.assert_allclose(x_out, xs, rtol=1e-14, atol=1e-8)
    np.testing.assert_allclose(p_out, ps, rtol=1e-9, atol=1e-7)
    np.testing.assert_array_equal(p_out, np.swapaxes(p_out, 1, 2))
    xm, pm = np.empty(nx), np.empty((nx, nx))
    k.merge(weights, x, p, xm, pm)
    want = plain.merge(weights, x, p)
    np.testing.assert_allclose(xm, want[0], rtol=1e-14, atol=1e-8)
    np.testing.assert_allclose(pm, want[1], rtol=1e-9, atol=1e-7)
    # mixing moves neither mean nor covariance of the whole
    k.merge(w_out, x_out, p_out, xm, pm)
    np.testing.assert_allclose(xm, want[0], rtol=1e-14, atol=1e-8)
    np.testing.assert_allclose(pm, want[1], rtol=1e-9, atol=1e-6)


def test_a_model_nothing_leads_to_starts_from_its_own_state():
    rng = np.random.default_rng(7)
    x, p = rng.normal(size=(2, 6)), np.stack([spread(6, rng) for _ in range(2)])
    w_out, x_out, p_out = np.empty(2), np.empty_like(x), np.empty_like(p)
    k.mix(np.array([1.0, 0.0]), np.eye(2), x, p, w_out, x_out, p_out)
    np.testing.assert_array_equal(w_out, [1.0, 0.0])
    np.testing.assert_array_equal(x_out, x)
    np.testing.assert_allclose(p_out, p, rtol=1e-14)
