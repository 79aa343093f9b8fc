"""Merged plots: their weights against written-out events, and what they are for: close pairs that live."""

import math

import numpy as np
import pytest
from scipy.special import ndtr

from tests.plain import merged as plain
from tests.track.simulated import make_radar
from watchfloor.track import resolution as r
from watchfloor.track._kernels import resolution as kernels
from watchfloor.track._kernels.marginals import marginals

NAN, INF = math.nan, math.inf
CELL = np.array([150.0, 0.02, INF, INF])
SD = np.array([30.0, 0.003])
PAIR = r.Resolution(CELL)


def two(*places):
    """Arrays (n, 4) and (n, 4, 4) of places in range and azimuth with a deviation of 20 m and 2 mrad."""
    z, s = np.full((len(places), 4), NAN), np.zeros((len(places), 4, 4))
    for i, place in enumerate(places):
        z[i, :2] = place
        s[i, :2, :2] = np.diag([400.0, 4e-6])
    return z, s


def plots(*places):
    z, _ = two(*places)
    cov = np.full((len(places), 4, 4), NAN)
    cov[:, :2, :2] = np.diag(SD**2)
    return z, cov


def gated(z, cov, zhat, hph, pd, existence, density, gate=60.0):
    """Graph and weights without merging."""
    start, column, psi = [0], [], []
    for i in range(len(zhat)):
        s = hph[i, :2, :2] + np.diag(SD**2)
        for j in range(len(z)):
            v = z[j, :2] - zhat[i, :2]
            d2 = v @ np.linalg.solve(s, v)
            if d2 < gate:
                like = math.exp(-0.5 * d2) / (2.0 * math.pi * math.sqrt(np.linalg.det(s)))
                column.append(j)
                psi.append(existence[i] * pd[i] * like / density[j] / (1.0 - existence[i] * pd[i]))
        start.append(len(column))
    return np.array(start), np.array(column, np.int64), np.array(psi)


def associated(z, cov, zhat, hph, *, pd=0.9, existence=0.99, density=1e-3, aware=PAIR, power=None):
    n = len(zhat)
    pd, existence, density = np.full(n, pd), np.full(n, existence), np.full(len(z), density)
    graph = gated(z, cov, zhat, hph, pd, existence, density)
    given = dict(z=z, cov=cov, density=density, zhat=zhat, hph=hph, pd=pd, existence=existence, power=power)
    return graph, aware.associate(*graph, **given)


def test_one_half_at_a_cells_distance():
    zhat, _ = two((5e4, 1.0), (5e4 + 150.0, 1.0), (5e4, 1.02), (5e4, 1.0 + 2.0 * np.pi))
    sharp = np.zeros((4, 4))
    for other, want in ((1, 0.5), (2, 0.5), (3, 1.0)):
        assert PAIR.p_unresolved(zhat[0], zhat[other], sharp, sharp) == pytest.approx(want)
    # Koch & van Keuk's form: |2 pi R|^(1/2) N(d; 0, R) with R = cell^2 / (2 ln 2)
    d, var = np.array([90.0, 0.01]), CELL[:2] ** 2 / (2.0 * math.log(2.0))
    density = np.prod(np.exp(-0.5 * d * d / var) / np.sqrt(2.0 * math.pi * var))
    zhat, _ = two((5e4, 1.0), (5e4 + 90.0, 1.01))
    want = math.sqrt((2.0 * math.pi) ** 2 * var.prod()) * density
    assert PAIR.p_unresolved(zhat[0], zhat[1], sharp, sharp) == pytest.approx(want)


def test_doubt_about_the_places_is_averaged_over():
    zhat, hph = two((5e4, 1.0), (5e4 + 200.0, 1.015))
    hph = hph * 9.0
    have = PAIR.p_unresolved(zhat[0], zhat[1], hph[0], hph[1])
    want = plain.p_unresolved(zhat[0], zhat[1], hph[0], hph[1], CELL)
    assert have == pytest.approx(want, abs=4.0 * 0.3 / math.sqrt(200_000))


def test_a_merged_plot_has_the_centroids_moments():
    """Two exponential powers of one mean: the centroid has the mean and the spread that the density takes."""
    rng, n = np.random.default_rng(1), 200_000
    zhat, hph = two((5e4, 1.0), (5e4 + 120.0, 1.01))
    power = rng.exponential(size=(n, 2))
    at = zhat[:, :2] + rng.normal(size=(n, 2, 2)) * np.sqrt([400.0, 4e-6])
    z = (power[:, :, None] * at).sum(axis=1) / power.sum(axis=1)[:, None] + rng.normal(size=(n, 2)) * SD
    centre, d = zhat[:, :2].mean(axis=0), zhat[0, :2] - zhat[1, :2]
    want = np.diag(SD**2) + 0.25 * (hph[0] + hph[1])[:2, :2] + np.outer(d, d) / 12.0
    assert np.all(np.abs(z.mean(axis=0) - centre) < 4.5 * np.sqrt(np.diag(want) / n))
    # the powers weigh the errors unequally too: 1/3 in place of 1/4 of each, which the density leaves out
    more = np.diag(SD**2) + (hph[0] + hph[1])[:2, :2] / 3.0 + np.outer(d, d) / 12.0
    np.testing.assert_allclose(np.cov(z.T), more, rtol=0.02)
    q, cov = plots((5e4 + 40.0, 1.012))
    v = q[0, :2] - centre
    log = -0.5 * v @ np.linalg.solve(want, v) - 0.5 * math.log((2.0 * math.pi) ** 2 * np.linalg.det(want))
    have = kernels.log_merged(q[0], cov[0], zhat[0], zhat[1], hph[0], hph[1], 0.5)
    assert have == pytest.approx(log, rel=1e-9)
    uneven = kernels.log_merged(q[0], cov[0], zhat[0], zhat[1], hph[0], hph[1], 0.9)
    assert uneven != have


@pytest.mark.parametrize("apart", [(0.0, 0.0), (60.0, 0.002), (120.0, 0.0), (180.0, 0.003)])
@pytest.mark.parametrize("seen", [1, 2])
def test_a_pairs_events_are_near_those_written_out(apart, seen):
    zhat, hph = two((5e4, 1.0), (5e4 + apart[0], 1.0 + apart[1]))
    middle = tuple(zhat[:, :2].mean(axis=0))
    z, cov = plots(middle) if seen == 1 else plots(*(tuple(row) for row in zhat[:, :2]))
    (start, _, psi), have = associated(z, cov, zhat, hph)
    m = len(z)
    assert len(psi) == 2 * m
    p = PAIR.p_unresolved(zhat[0], zhat[1], hph[0], hph[1])
    missed, detected = (1.0 - 0.99 * 0.9) ** 2, 0.99
    like = [math.exp(kernels.log_merged(z[j], cov[j], zhat[0], zhat[1], hph[0], hph[1], 0.5)) for j in range(m)]
    merged = 0.99**2 * p * detected * np.array(like) / (1e-3 * missed)
    own, together, miss = plain.pair(psi[:m], psi[m:], merged, p)
    share = have.p_edge * have.merged
    for i in range(2):
        mine = slice(start[i], start[i + 1])
        total = have.p_edge[mine].sum() + have.shared[i] + have.p_miss[i]
        assert total == pytest.approx(1.0)
        # what a track's life hangs on: near the truth; who is told from whom: nearer than the gate's doubt
        assert have.p_miss[i] == pytest.approx(miss[i], abs=0.06)
        assert share[mine].sum() + have.shared[i] == pytest.approx(together.sum(), abs=0.12)
        np.testing.assert_allclose(have.p_edge[mine] - share[mine], own[i], atol=0.12)


def test_apart_nothing_changes():
    zhat, hph = two((5e4, 1.0), (5e4 + 900.0, 1.0))
    z, cov = plots((5e4 + 20.0, 1.0), (5e4 + 880.0, 1.0))
    (start, column, psi), have = associated(z, cov, zhat, hph)
    edge, miss, new, status = np.empty(len(psi)), np.empty(2), np.empty(2), np.empty(2, np.int64)
    marginals(start, column, psi, 2, 100_000, 200, 1e-3, edge, miss, new, status)
    np.testing.assert_allclose(have.p_edge, edge, rtol=1e-12)
    np.testing.assert_allclose(have.p_miss, miss, rtol=1e-12)
    assert not have.merged.any()
    assert not have.shared.any()
    assert (have.through == -1).all()


def test_a_third_track_in_the_cell_shares_too():
    zhat, hph = two((5e4, 1.0), (5e4 + 10.0, 1.0), (5e4 - 10.0, 1.0))
    z, cov = plots((5e4, 1.0))
    _, have = associated(z, cov, zhat, hph)
    assert np.all(have.p_miss < 0.15)
    assert np.all(have.shared > 0.4)
    _, alone = associated(z, cov, zhat, hph, aware=r.Resolution([1e-3, 1e-9, INF, INF]))
    assert np.all(alone.p_miss > 0.6)


def test_a_stronger_target_pulls_the_centroid():
    zhat, hph = two((5e4, 1.0), (5e4 + 140.0, 1.0))
    near, cov = plots((5e4 + 14.0, 1.0))
    _, told = associated(near, cov, zhat, hph, power=np.array([9.0, 1.0]))
    _, even = associated(near, cov, zhat, hph)
    assert told.shared[1] > even.shared[1]
    z, error = r.unshared(near[0], cov[0], zhat[0], zhat[1], hph[0], weight=0.9)
    np.testing.assert_allclose(z[:2], [5e4, 1.0], atol=1e-9)  # the track stands where it stood beside the centroid
    assert np.isnan(z[2:]).all()
    np.testing.assert_allclose(error[0, 0], 900.0 + 400.0 + 140.0**2 / 12.0)
    z, _ = r.unshared(near[0], cov[0], zhat[1], zhat[0], hph[1], weight=0.1)
    np.testing.assert_allclose(z[0], 5e4 + 140.0)


# --- a close pair over a minute and more -----------------------------------------------------------------------------

T, PD, Q = 4.0, 0.9, np.array([0.01, 1e-12])
F = np.kron(np.eye(2), np.array([[1.0, T], [0.0, 1.0]]))
QM = np.kron(np.diag(Q), np.array([[T**3 / 3.0, T**2 / 2.0], [T**2 / 2.0, T]]))
H = np.array([[1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]])
P0 = np.diag([900.0, 9.0, 9e-6, 1e-8])
AREA = 4e3 * 0.1


def crossing(seed, speed_mps, *, aware, scans=60):
    """Two targets that cross in range; returns scans merged, least existence, existence at the end, swapped.

    A Bernoulli a target with one Gaussian each, states range, its rate, azimuth, its rate.
    """
    rng = np.random.default_rng(seed)
    half = 0.5 * speed_mps * 0.5 * scans * T
    truth = np.array([[5e4 - half, 0.5 * speed_mps, 1.0, 0.0], [5e4 + half, -0.5 * speed_mps, 1.0005, 0.0]])
    x = truth + rng.normal(size=(2, 4)) * np.sqrt(np.diag(P0))
    p, exists, pd = np.array([P0, P0]), np.full(2, 0.99), np.full(2, PD)
    root = np.linalg.cholesky(QM)
    n_merged, least = 0, 1.0
    for _ in range(scans):
        truth = truth @ F.T + rng.normal(size=(2, 4)) @ root.T
        x, p, exists = x @ F.T, F @ p @ F.T + QM, 0.999 * exists
        at, power = truth[:, [0, 2]] + rng.normal(size=(2, 2)) * SD, 1.0 + 20.0 * rng.exponential(size=2)
        seen = rng.random(2) < PD
        if seen.all() and np.all(np.abs(at[0] - at[1]) < CELL[:2]):
            found = [tuple(power @ at / power.sum())]
            n_merged += 1
        else:
            found = [tuple(row) for row in at[seen]]
        found += [(5e4 + rng.uniform(-2e3, 2e3), 1.0 + rng.uniform(-0.05, 0.05)) for _ in range(rng.poisson(0.02))]
        z, cov = plots(*found)
        density = np.full(len(z), 0.02 / AREA + 1e-6)
        zhat, hph = np.full((2, 4), NAN), np.zeros((2, 4, 4))
        zhat[:, :2], hph[:, :2, :2] = x[:, [0, 2]], H @ p @ H.T
        start, column, psi = gated(z, cov, zhat, hph, pd, exists, density)
        if aware:
            given = dict(z=z, cov=cov, density=density, zhat=zhat, hph=hph, pd=pd, existence=exists)
            edge, merged, miss, shared, through, *_ = PAIR.associate(start, column, psi, **given)
        else:
            edge, miss, new, status = np.empty(len(psi)), np.empty(2), np.empty(len(z)), np.empty(2, np.int64)
            marginals(start, column, psi, len(z), 100_000, 200, 1e-3, edge, miss, new, status)
            merged, shared, through = np.zeros(len(psi)), np.zeros(2), np.full(2, -1)
        states, covs = [], []
        for i in range(2):
            w, xs, ps = [miss[i]], [x[i]], [p[i]]
            for e in range(start[i], start[i + 1]):
                j = column[e]
                w += [edge[e] * (1.0 - merged[e]), edge[e] * merged[e]]
                beside = r.unshared(z[j], cov[j], zhat[i], zhat[1 - i], hph[i])
                for plot, error, settles in ((z[j], cov[j], True), (*beside, False)):
                    s = hph[i, :2, :2] + error[:2, :2]
                    gain = p[i] @ H.T @ np.linalg.inv(s)
                    xs.append(x[i] + gain @ (plot[:2] - zhat[i, :2]))
                    ps.append(p[i] - gain @ s @ gain.T if settles else p[i])
                if through[i] >= 0 and column[through[i]] == j:
                    w.append(shared[i])
                    xs.append(xs[-1])
                    ps.append(p[i])
            w = np.array(w) / np.sum(w)
            mean = w @ np.array(xs)
            states.append(mean)
            covs.append(sum(a * (b + np.outer(c - mean, c - mean)) for a, b, c in zip(w, ps, xs, strict=True)))
        exists = 1.0 - miss + miss * exists * (1.0 - pd) / (1.0 - exists * pd)
        exists = np.minimum(exists, 0.999)
        x, p, least = np.array(states), np.array(covs), min(least, exists.min())
    off = [np.square((x[i][[0, 2]] - truth[k][[0, 2]]) / SD).sum() for i, k in ((0, 0), (1, 1), (0, 1), (1, 0))]
    return n_merged, least, exists.min(), off[0] + off[1] > off[2] + off[3]


def swap_bound(speed_mps, scans):
    """Chance that the predicted order of two targets is wrong when they are a cell apart again.

    Filtered with every plot up to the cell, then predicted for so many scans: the distance has an error of this
    deviation, and the order is told right unless it exceeds the cell's width.
    """
    p = P0[:2, :2]
    f, q = F[:2, :2], QM[:2, :2]
    for _ in range(20):
        p = f @ p @ f.T + q
        p = p - np.outer(p[:, 0], p[:, 0]) * PD / (p[0, 0] + SD[0] ** 2)
    for _ in range(scans):
        p = f @ p @ f.T + q
    return float(ndtr(-CELL[0] / math.sqrt(2.0 * p[0, 0])))


def test_a_pair_that_crosses_inside_a_cell_lives_and_keeps_its_numbers():
    n = 40
    runs = np.array([crossing(seed, 6.0, aware=True) for seed in range(n)])
    assert runs[:, 0].mean() > 10.0  # scans merged
    assert (
        runs[:, 1] < 0.5
    ).mean() < 0.15  # existence at its lowest: two misses in a row at pd 0.9 do that now and then
    assert np.all(runs[:, 2] > 0.5)
    bound = swap_bound(6.0, round(2.0 * CELL[0] / 6.0 / T))
    assert bound < 0.05
    assert runs[:, 3].mean() <= bound + 4.0 * math.sqrt(max(bound, 0.01) / n)
    blind = np.array([crossing(seed, 6.0, aware=False) for seed in range(10)])
    assert (blind[:, 1] < 0.5).mean() > 0.8  # who knows no merged plots drops a track nearly every time


def test_twenty_scans_in_one_cell_do_not_end_a_track():
    runs = np.array([crossing(seed, 3.0, aware=True) for seed in range(100, 120)])
    assert runs[:, 0].mean() > 15.0
    assert np.all(runs[:, 2] > 0.5)


def test_a_radar_says_what_it_tells_apart():
    radar = make_radar()
    np.testing.assert_allclose(
        r.Resolution(radar).cell, [radar.range_cell_m, radar.beamwidth_azimuth_rad, radar.beamwidth_elevation_rad, INF]
    )
    bank = make_radar(prf_hz=(1000.0,), doppler="bank")
    assert r.Resolution(bank).cell[3] == pytest.approx(bank.range_rate_cell_mps)
    assert r.Resolution(make_radar(measures_elevation=False)).cell[2] == INF


@pytest.mark.parametrize(
    ("how", "says"),
    [
        (lambda: r.Resolution([1.0, 1.0]), "four widths"),
        (lambda: r.Resolution([0.0, 1.0, 1.0, 1.0]), "four widths"),
        (lambda: r.Resolution([NAN, 1.0, 1.0, 1.0]), "four widths"),
        (lambda: r.Resolution([INF] * 4), "at least one"),
        (lambda: r.Resolution(CELL, least=0.0), "least"),
    ],
)
def test_errors_name_the_argument(how, says):
    with pytest.raises(ValueError, match=says):
        how()


def test_weights_beyond_all_bounds_stay_numbers():
    zhat, hph = two((5e4, 1.0), (5e4 + 20.0, 1.0), (5e4 + 40.0, 1.0))
    z, cov = plots((5e4, 1.0), (5e4 + 30.0, 1.0))
    for density, existence, pd in ((1e-300, 1.0, 0.999), (1e250, 1e-9, 1e-3), (1e-3, 0.0, 0.9)):
        n, m = 3, 2
        graph = np.arange(0, 7, 2), np.tile([0, 1], 3), np.full(6, 1e300 if density < 1.0 else 1e-300)
        have = PAIR.associate(
            *graph, z=z, cov=cov, density=np.full(m, density), zhat=zhat, hph=hph, pd=np.full(n, pd),
            existence=np.full(n, existence), power=np.zeros(n),
        )  # fmt: skip
        for part in have[:4]:
            assert np.all((part >= 0.0) & (part <= 1.0 + 1e-9))
        total = have.p_edge.reshape(3, 2).sum(axis=1) + have.p_miss + have.shared
        np.testing.assert_allclose(total, 1.0, rtol=1e-6)
