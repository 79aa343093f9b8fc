import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.plain import fusion as plain
from watchfloor.base.errors import NumericsError
from watchfloor.track._kernels import fuse as k
from watchfloor.track.fuse import (
    add_tracklet,
    covariance_intersection,
    cross_covariance,
    fuse_correlated,
    fuse_independent,
    split_covariance_intersection,
    tracklet,
)

SCALE = np.array([100.0] * 3 + [10.0] * 3)


def estimates(n, m, seed, *, d=6, scale=SCALE):
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(n, m, d, d))
    cov = (root @ np.swapaxes(root, 2, 3) + 0.05 * np.eye(d)) * scale[:d, None] * scale[:d]
    return 6e6 + rng.normal(size=(n, m, d)) * scale[:d], cov


@pytest.mark.parametrize("criterion", ["determinant", "trace"])
@pytest.mark.parametrize("m", [2, 3, 5])
def test_weights_meet_a_general_optimiser(criterion, m):
    x, p = estimates(8, m, 1)
    state, cov, w = covariance_intersection(x, p, criterion=criterion)
    for row in range(8):
        want = plain.weights(p[row], criterion)
        ours, theirs = plain.cost(w[row], p[row], criterion), plain.cost(want, p[row], criterion)
        assert ours <= theirs + 1e-8 * abs(theirs)
        mean, fused = plain.intersection(x[row] - x[row, 0], p[row], w[row])
        np.testing.assert_allclose(state[row] - x[row, 0], mean, atol=1e-7)
        np.testing.assert_allclose(cov[row], fused, rtol=1e-8, atol=1e-8 * np.abs(fused).max())


@pytest.mark.parametrize("criterion", ["determinant", "trace"])
def test_no_other_weights_do_better(criterion):
    # the duality gap of a convex problem bounds how far a better one could lie
    x, p = estimates(500, 4, 2)
    _, cov, w = covariance_intersection(x, p, criterion=criterion)
    info = np.linalg.inv(p)
    if criterion == "determinant":
        gap = np.einsum("nij,nmji->nm", cov, info).max(axis=1) - 6.0
    else:
        gap = np.einsum("nij,nmjk,nki->nm", cov, info, cov).max(axis=1) / np.trace(cov, axis1=1, axis2=2) - 1.0
    assert gap.max() < 1e-6
    np.testing.assert_allclose(w.sum(axis=1), 1.0, rtol=1e-12)
    assert (w >= 0.0).all()
    assert (w == 0.0).any()  # some estimates add nothing


def test_fast_weights_meet_their_formula():
    x, p = estimates(20, 3, 3)
    _, _, w = covariance_intersection(x, p, criterion="fast")
    np.testing.assert_allclose(w, [plain.fast_weights(each) for each in p], atol=1e-9)


def test_one_estimate_stays_what_it_is():
    x, p = estimates(3, 1, 4)
    state, cov, w = covariance_intersection(x, p)
    np.testing.assert_allclose(state, x[:, 0])
    np.testing.assert_allclose(cov, p[:, 0], rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(w, 1.0)


@pytest.mark.parametrize("criterion", ["determinant", "trace", "fast"])
@given(seed=st.integers(0, 10_000), m=st.integers(2, 4))
def test_intersection_is_consistent_whatever_the_correlation(criterion, seed, m):
    # draw any joint covariance; the fused claim less the true covariance of the fused error has no negative direction
    rng = np.random.default_rng(seed)
    d = 3
    root = rng.normal(size=(m * d, rng.integers(m * d // 2, m * d + 1)))  # often nearly or fully dependent
    joint = root @ root.T + 1e-6 * np.eye(m * d)
    blocks = joint.reshape(m, d, m, d)
    p = np.stack([blocks[i, :, i] for i in range(m)])
    _, cov, w = covariance_intersection(np.zeros((1, m, d)), p[None], criterion=criterion)
    gain = np.concatenate([w[0, i] * cov[0] @ np.linalg.inv(p[i]) for i in range(m)], axis=1)
    true = gain @ joint @ gain.T
    assert np.linalg.eigvalsh(cov[0] - true).min() > -1e-6 * np.trace(cov[0])


def test_the_same_estimate_twice_tells_nothing_new():
    x, p = estimates(5, 1, 5)
    state, cov, _ = covariance_intersection(np.repeat(x, 2, axis=1), np.repeat(p, 2, axis=1))
    np.testing.assert_allclose(state, x[:, 0])
    np.testing.assert_allclose(cov, p[:, 0], rtol=1e-6, atol=1e-6)
    _, sure = fuse_independent(np.repeat(x, 2, axis=1), np.repeat(p, 2, axis=1))
    np.testing.assert_allclose(sure, 0.5 * p[:, 0], rtol=1e-6, atol=1e-6)  # which is what double counting looks like


def test_independent_estimates_fuse_as_a_kalman_update():
    x, p = estimates(6, 2, 6)
    state, cov = fuse_independent(x, p)
    for row in range(6):
        x0 = x[row, 0]
        want, want_cov, _ = plain.kalman(np.zeros(6), p[row, 0], x[row, 1] - x0, np.eye(6), p[row, 1])
        np.testing.assert_allclose(state[row] - x0, want, atol=1e-6)
        np.testing.assert_allclose(cov[row], want_cov, rtol=1e-7, atol=1e-7 * want_cov.max())
    other, other_cov = fuse_correlated(x[:, 0], p[:, 0], x[:, 1], p[:, 1], np.zeros((6, 6, 6)))
    np.testing.assert_allclose(other, state, atol=1e-6)
    np.testing.assert_allclose(other_cov, cov, rtol=1e-7, atol=1e-6)


def test_a_known_correlation_gives_the_least_variance():
    rng = np.random.default_rng(7)
    root = rng.normal(size=(4, 4))
    joint = root @ root.T + 0.1 * np.eye(4)
    p1, p2, cross = joint[:2, :2], joint[2:, 2:], joint[:2, 2:]
    _, cov = fuse_correlated(np.zeros((1, 2)), p1[None], np.zeros((1, 2)), p2[None], cross[None])
    # generalised least squares on the stacked pair
    h = np.concatenate([np.eye(2), np.eye(2)])
    np.testing.assert_allclose(cov[0], np.linalg.inv(h.T @ np.linalg.inv(joint) @ h), rtol=1e-9)


def test_split_intersection_lies_between_kalman_and_intersection():
    x, p = estimates(6, 2, 8)
    zero = np.zeros_like(p)
    state, own, shared = split_covariance_intersection(x, p, zero)
    want, want_cov = fuse_independent(x, p)
    np.testing.assert_allclose(state, want, atol=1e-5)
    np.testing.assert_allclose(own + shared, want_cov, rtol=1e-6, atol=1e-5)
    _, own, shared = split_covariance_intersection(x, zero, p)
    _, ci, _ = covariance_intersection(x, p)
    np.testing.assert_allclose(own + shared, ci, rtol=1e-4, atol=1e-3)
    assert np.abs(own).max() < 1e-6
    _, own, shared = split_covariance_intersection(x, 0.5 * p, 0.5 * p)
    size = np.linalg.slogdet(own + shared)[1]
    assert (np.linalg.slogdet(want_cov)[1] < size).all()
    assert (size < np.linalg.slogdet(ci)[1]).all()


# a linear world: two sites, constant velocity in the plane, both measure position


def transition(dt):
    return np.block([[np.eye(2), dt * np.eye(2)], [np.zeros((2, 2)), np.eye(2)]])


def noise(dt, q):
    return q * np.block([[dt**3 / 3.0 * np.eye(2), dt**2 / 2.0 * np.eye(2)],
                         [dt**2 / 2.0 * np.eye(2), dt * np.eye(2)]])  # fmt: skip


H = np.concatenate([np.eye(2), np.zeros((2, 2))], axis=1)
R = (np.diag([25.0, 400.0]), np.diag([400.0, 25.0]))
START = np.diag([1e4, 1e4, 900.0, 900.0])


def world(runs, steps, q, seed, *, every=1):
    """Two site filters, the central one, and three ways to fuse every ``every`` steps; yields dicts of (x, p).

    Both sites start from the same prior, which the centre has too: what they have in common is known.
    """
    rng = np.random.default_rng(seed)
    f, w = transition(1.0), noise(1.0, q)
    root = np.linalg.cholesky(w + 1e-12 * np.eye(4))
    truth = rng.normal(size=(runs, 4)) @ np.linalg.cholesky(START).T
    prior = np.zeros((runs, 4)), np.repeat(START[None], runs, axis=0)
    site, sent = [prior, prior], [prior, prior]
    central = fused = naive = prior
    for step in range(1, steps + 1):
        truth = truth @ f.T + (rng.normal(size=(runs, 4)) @ root.T if q else 0.0)
        moved = lambda e: (e[0] @ f.T, f @ e[1] @ f.T + w)  # noqa: E731
        central, fused, naive = moved(central), moved(fused), moved(naive)
        site, sent = [moved(e) for e in site], [moved(e) for e in sent]
        for i in range(2):
            z = truth @ H.T + rng.normal(size=(runs, 2)) @ np.sqrt(R[i])

            def update(e, z=z, r=R[i]):
                gain = e[1] @ H.T @ np.linalg.inv(H @ e[1] @ H.T + r)
                return e[0] + np.einsum("nij,nj->ni", gain, z - e[0] @ H.T), e[1] - gain @ H @ e[1]

            central, site[i] = update(central), update(site[i])
        if step % every:
            continue
        for i in range(2):
            x, p = site[i]
            sym = 0.5 * (p + np.swapaxes(p, 1, 2))
            u, info = tracklet(sent[i][0], sent[i][1], x, sym)
            fused = add_tracklet(*fused, about=sent[i][0], vector=u, information=info)
            sent[i] = x, sym
            naive = fuse_independent(np.stack([naive[0], x], axis=1), np.stack([naive[1], sym], axis=1))
        both = np.stack([site[0][0], site[1][0]], axis=1), np.stack([sent[0][1], sent[1][1]], axis=1)
        ci = covariance_intersection(*both)[:2]
        yield step, truth, {"central": central, "tracklets": fused, "naive": naive, "ci": ci, "site": sent[0]}


def nees(truth, estimate):
    off = estimate[0] - truth
    return np.einsum("ni,ni->n", off, np.linalg.solve(estimate[1], off[..., None])[..., 0])


def band(runs, d, sigmas=4.0):
    """Mean of ``runs`` chi-squares of d degrees of freedom, give or take ``sigmas``."""
    return d - sigmas * math.sqrt(2.0 * d / runs), d + sigmas * math.sqrt(2.0 * d / runs)


@pytest.mark.parametrize(("q", "every"), [(0.0, 1), (0.0, 5), (2.0, 1)])
def test_tracklets_equal_the_central_filter_where_they_should(q, every):
    for _, _, e in world(3, 20, q, 11, every=every):
        np.testing.assert_allclose(e["tracklets"][0], e["central"][0], atol=1e-6)
        np.testing.assert_allclose(e["tracklets"][1], e["central"][1], rtol=1e-7, atol=1e-7)


def test_with_process_noise_and_rare_reports_tracklets_come_close_but_not_all_the_way():
    runs = 400
    *_, (step, truth, e) = world(runs, 40, 2.0, 12, every=5)
    assert step == 40
    far = np.abs(e["tracklets"][1][0] - e["central"][1][0]).max()
    assert far > 1e-3 * e["central"][1][0].max()
    size = [np.linalg.slogdet(e[name][1][0])[1] for name in ("central", "tracklets", "ci")]
    assert abs(size[1] - size[0]) < 0.5 * (size[2] - size[0])
    assert nees(truth, e["tracklets"]).mean() < 1.15 * band(runs, 4)[1]


def test_naive_fusion_counts_twice_and_the_others_do_not():
    runs = 400
    *_, (_, truth, e) = world(runs, 30, 2.0, 13)
    low, high = band(runs, 4)
    mean = {name: nees(truth, each).mean() for name, each in e.items()}
    assert low < mean["central"] < high
    assert low < mean["site"] < high
    assert low < mean["tracklets"] < high
    assert mean["ci"] < high
    assert mean["naive"] > 2.0 * high  # the same plots again and again, each time as if new
    # and what it costs: tracklets are at least as near to the truth as any other
    rms = {name: np.sqrt(((each[0] - truth)[:, :2] ** 2).sum(axis=1).mean()) for name, each in e.items()}
    assert rms["tracklets"] <= min(rms["ci"], rms["site"], rms["naive"])
    assert rms["ci"] < rms["site"]


def test_the_kept_cross_covariance_is_the_true_one():
    runs = 4000
    f, w = transition(1.0), noise(1.0, 2.0)
    cross, p = np.zeros((4, 4)), [START, START]
    rng = np.random.default_rng(14)
    truth = np.zeros((runs, 4))
    x = [rng.normal(size=(runs, 4)) @ np.sqrt(START) for _ in range(2)]
    for _ in range(15):
        truth = truth @ f.T + rng.normal(size=(runs, 4)) @ np.linalg.cholesky(w).T
        keeps = []
        for i in range(2):
            moved = f @ p[i] @ f.T + w
            _, p[i], keep = plain.kalman(np.zeros(4), moved, np.zeros(2), H, R[i])
            gain = moved @ H.T @ np.linalg.inv(H @ moved @ H.T + R[i])
            z = truth @ H.T + rng.normal(size=(runs, 2)) @ np.sqrt(R[i])
            x[i] = x[i] @ f.T
            x[i] = x[i] + (z - x[i] @ H.T) @ gain.T
            keeps.append(keep)
        cross = cross_covariance(cross, transition=f, process_noise=w, keep=keeps[0], other_keep=keeps[1])
    off = [each - truth for each in x]
    seen = off[0].T @ off[1] / runs
    # a sample covariance of two unit normals is off by at most sqrt(2 / runs)
    bound = 4.0 * math.sqrt(2.0 / runs) * np.sqrt(np.outer(np.diag(p[0]), np.diag(p[1])))
    assert (np.abs(seen - cross) < bound).all()
    state, cov = fuse_correlated(x[0], np.repeat(p[0][None], runs, 0), x[1], np.repeat(p[1][None], runs, 0),
                                 np.repeat(cross[None], runs, 0))  # fmt: skip
    low, high = band(runs, 4)
    assert low < nees(truth, (state, cov)).mean() < high


def test_a_tracklet_is_the_measurement_between():
    x, p = estimates(10, 1, 15)
    x, p = x[:, 0], p[:, 0]
    rng = np.random.default_rng(16)
    h = rng.normal(size=(2, 6))
    r = np.array([[4.0, 1.0], [1.0, 9.0]])
    for row in range(10):
        z = h @ x[row] + rng.normal(size=2) * 30.0
        offset, cov, _ = plain.kalman(np.zeros(6), p[row], z - h @ x[row], h, r)
        cov = 0.5 * (cov + cov.T)
        u, info = tracklet(x[row][None], p[row][None], (x[row] + offset)[None], cov[None])
        want = h.T @ np.linalg.inv(r) @ h
        np.testing.assert_allclose(info[0], want, rtol=1e-5, atol=1e-7)
        np.testing.assert_allclose(u[0], h.T @ np.linalg.inv(r) @ (z - h @ x[row]), rtol=1e-4, atol=1e-5)


def test_an_estimate_that_lost_information_brings_none():
    x, p = estimates(5, 1, 17)
    x, p = x[:, 0], p[:, 0]
    u, info = tracklet(x, p, x + 3.0, 1.5 * p)
    assert np.abs(info).max() == 0.0
    assert np.abs(u).max() == 0.0
    # gained in two directions, lost in the others: what is left is what was gained
    v = np.linalg.cholesky(p)
    mixed = v @ np.diag([0.5, 0.25, 1.0, 2.0, 3.0, 4.0]) @ np.swapaxes(v, 1, 2)
    _, info = tracklet(x, p, x, 0.5 * (mixed + np.swapaxes(mixed, 1, 2)))
    gained = np.linalg.eigvalsh(np.swapaxes(v, 1, 2) @ info @ v)
    np.testing.assert_allclose(gained, [[0.0, 0.0, 0.0, 0.0, 1.0, 3.0]] * 5, atol=1e-6)


def test_compiled_inverse_determinant_and_distance_meet_numpy():
    x, p = estimates(20, 1, 18)
    out, chol = np.empty((6, 6)), np.empty((6, 6))
    for row in range(20):
        one = p[row, 0]
        want = np.linalg.slogdet(one)[1]
        assert k.inverse(one, out) == pytest.approx(want, rel=1e-12)
        np.testing.assert_allclose(out @ one, np.eye(6), atol=1e-9)
        assert k.log_det(one, chol) == pytest.approx(want, rel=1e-12)
        step = x[row, 0] - 6e6
        d2, size = k.distance2(x[row, 0], np.full(6, 6e6), one, chol)
        assert d2 == pytest.approx(step @ np.linalg.solve(one, step), rel=1e-9)
        assert size == pytest.approx(want, rel=1e-12)
    assert math.isnan(k.inverse(-np.eye(6), out))
    assert k.log_det(-np.eye(6), chol) == -math.inf


def test_errors_name_what_is_wrong():
    x, p = estimates(3, 2, 19)
    with pytest.raises(ValueError, match="criterion must be one of"):
        covariance_intersection(x, p, criterion="best")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="shapes"):
        covariance_intersection(x[0], p)
    with pytest.raises(ValueError, match="finite"):
        covariance_intersection(np.where(x == x[0, 0, 0], np.nan, x), p)
    crooked = p.copy()
    crooked[1, 0, 0, 1] += 1e4
    with pytest.raises(ValueError, match=r"symmetric; row \[1, 0\]"):
        fuse_independent(x, crooked)
    bad = p.copy()
    bad[2, 1] = -np.eye(6)
    with pytest.raises(NumericsError, match=r"row \[2, 1\]"):
        covariance_intersection(x, bad)
    with pytest.raises(NumericsError, match="prior"):
        tracklet(x[:, 0], bad[:, 1], x[:, 0], p[:, 0])
    with pytest.raises(ValueError, match="at least one estimate"):
        covariance_intersection(np.empty((2, 0, 6)), np.empty((2, 0, 6, 6)))
    with pytest.raises(ValueError, match="fuses two estimates"):
        split_covariance_intersection(*estimates(2, 3, 20), np.zeros((2, 3, 6, 6)))
    assert len(covariance_intersection(np.empty((0, 2, 6)), np.empty((0, 2, 6, 6)))[0]) == 0


def test_pairs_meet_the_plain_search():
    rng = np.random.default_rng(21)
    n, m, limit, wide = 60, 70, 22.5, 4.0
    x, p = estimates(n + m, 1, 22)
    x, p = x[:, 0] * np.array([1.0] * 6), p[:, 0]
    x[:, :3] = 6e6 + rng.uniform(-600.0, 600.0, (n + m, 3))
    x[:, 3:] = rng.normal(0.0, 10.0, (n + m, 3))
    sites, address = rng.integers(1, 4, n + m), rng.integers(-2, 3, n + m).clip(-1)
    start_of, column, cost = np.empty(n + 1, np.int64), np.empty(n * m, np.int64), np.empty(n * m)
    rows = x[:n], p[:n], sites[:n], address[:n]
    columns = x[n:], p[n:], sites[n:], address[n:]
    found = k.pairs(*rows, *columns, limit, wide, start_of, column, cost)
    want = {}
    for i in range(n):
        for j in range(m):
            s = p[i] + p[n + j]
            off = x[i] - x[n + j]
            d2 = off @ np.linalg.solve(s, off)
            both = address[i] >= 0 and address[n + j] >= 0
            same = both and address[i] == address[n + j]
            if (both and not same) or sites[i] & sites[n + j] or d2 > limit * (wide if same else 1.0):
                continue
            want[i, j] = d2 + np.linalg.slogdet(s)[1] - 1e4 * same
    got = {(i, int(column[e])): cost[e] for i in range(n) for e in range(start_of[i], start_of[i + 1])}
    assert found == len(want) > 100
    assert got.keys() == want.keys()
    shift = {round(want[pair] - got[pair], 6) for pair in want}
    assert len(shift) == 1  # costs differ by one constant, which makes all of them worth it
    assert max(got.values()) < 0.0
    few = np.empty(5, np.int64)
    assert k.pairs(*rows, *columns, limit, wide, start_of, few, np.empty(5)) == found  # room for five: still counted


def test_eigenvalues_by_rotations_meet_numpy():
    _, p = estimates(10, 1, 23, scale=np.ones(6))
    for one in p[:, 0]:
        a, v = one.copy(), np.empty((6, 6))
        k._rotate(a, v)
        np.testing.assert_allclose(np.sort(np.diag(a)), np.linalg.eigvalsh(one), rtol=1e-9)
        np.testing.assert_allclose(v @ np.diag(np.diag(a)) @ v.T, one, atol=1e-9)
