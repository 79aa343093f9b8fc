import math

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchfloor.assess.consistency import (
    calibration,
    chi_square_band,
    nees,
    nees_over_time,
    nis,
    squared_errors,
    state_nees,
    whiteness,
)
from watchfloor.assess.tracking import truth_at
from watchfloor.base.errors import NumericsError


def spd(rng, n, d):
    a = rng.normal(size=(n, d, d))
    return a @ a.swapaxes(1, 2) + np.eye(d)


def drawn(rng, cov):
    return np.einsum("nij,nj->ni", np.linalg.cholesky(cov), rng.normal(size=cov.shape[:2]))


@pytest.mark.parametrize(
    ("dof", "low", "high"),
    # tables of the chi-square law, 2.5 and 97.5 % points: Abramowitz & Stegun, table 26.8
    [(1, 0.000982, 5.02389), (2, 0.0506356, 7.37776), (6, 1.237347, 14.4494), (100, 74.2219, 129.561)],
)
def test_the_band_is_that_of_the_printed_tables(dof, low, high):
    assert chi_square_band(dof) == pytest.approx((low, high), rel=1e-3)
    assert chi_square_band(1, n=dof) == pytest.approx((low / dof, high / dof), rel=1e-3)


def test_the_band_holds_its_share():
    """The law integrated by other means."""
    for dof, n, share in ((3, 1, 0.9), (6, 20, 0.95), (2.5, 7, 0.5)):
        low, high = chi_square_band(dof, n=n, share=share)
        inside = mpmath.quad(lambda x, k=n * dof: x ** (k / 2 - 1) * mpmath.exp(-x / 2), [n * low, n * high])
        assert float(inside / (2 ** (n * dof / 2) * mpmath.gamma(n * dof / 2))) == pytest.approx(share, rel=1e-9)


def test_squared_errors_are_the_form_written_out():
    rng = np.random.default_rng(60)
    cov = spd(rng, 5, 4)
    error = drawn(rng, cov)
    want = [e @ np.linalg.inv(p) @ e for e, p in zip(error, cov, strict=True)]
    np.testing.assert_allclose(squared_errors(error, cov), want)
    # a component that was not measured does not count, nor do its variances
    error[2, 1] = np.nan
    cov[2, 1] = cov[2, :, 1] = np.nan
    rest = [0, 2, 3]
    assert squared_errors(error, cov)[2] == pytest.approx(
        error[2, rest] @ np.linalg.inv(cov[2][np.ix_(rest, rest)]) @ error[2, rest]
    )
    assert math.isnan(squared_errors(np.full((1, 2), np.nan), np.eye(2)[None])[0])


def test_honest_errors_are_called_consistent_and_others_are_not():
    rng = np.random.default_rng(61)
    cov = spd(rng, 4000, 6)
    error = drawn(rng, cov)
    t, track = np.tile(np.arange(100.0), 40), np.repeat(np.arange(40), 100)
    found = state_nees(t, track, error, cov)
    for one, dof in ((found.position, 3), (found.velocity, 3), (found.full, 6)):
        # the mean of 4,000 has standard deviation sqrt(2 dof / 4000) / dof: 4 of them
        assert one.anees == pytest.approx(1.0, abs=4.0 * math.sqrt(2.0 / (4000 * dof)))
        assert one.inside == pytest.approx(0.95, abs=4.0 * math.sqrt(0.95 * 0.05 / 4000))
        assert (one.dof, one.n, one.n_trajectories) == (dof, 4000, 40)
    table = found.over_time
    assert len(table) == 100
    inside = ((table.mean >= table.low) & (table.mean <= table.high)).mean()
    assert inside == pytest.approx(0.95, abs=4.0 * math.sqrt(0.95 * 0.05 / 100))
    eager = state_nees(t, track, 1.2 * error, cov).full  # believes itself 1.44 times too much
    assert eager.anees == pytest.approx(1.44, rel=0.05)
    assert not eager.consistent
    shy = state_nees(t, track, 0.8 * error, cov).full
    assert not shy.consistent
    assert shy.anees_high < 1.0


def test_the_interval_of_anees_holds_one_nineteen_times_in_twenty_though_errors_hang_together():
    rng = np.random.default_rng(62)
    held = 0
    for _ in range(400):
        slow = np.repeat(rng.normal(size=(20, 1)), 30, axis=1)  # an error of a track that lasts
        error = (math.sqrt(0.7) * slow + math.sqrt(0.3) * rng.normal(size=(20, 30))).ravel()
        one = nees(error**2, np.repeat(np.arange(20), 30), dof=1)
        held += one.consistent
    # Student's interval of a skewed mean of 20 falls a little short of 95 %; the naive one would hold half the time
    assert 0.86 < held / 400 < 0.98


def test_nees_over_time_by_hand():
    table = nees_over_time(np.array([5.0, 1.0, 5.0]), np.array([2.0, 4.0, 6.0]), dof=2)
    assert table.t_s.tolist() == [1.0, 5.0]
    assert table.mean.tolist() == [4.0, 4.0]
    assert table.n.tolist() == [1, 2]
    assert (table.low[1], table.high[1]) == chi_square_band(2, n=2)
    one = nees(np.array([3.0]), np.array([1]), dof=3)
    assert one.anees == 1.0
    assert math.isnan(one.anees_low)
    assert not one.consistent


def test_innovations_are_judged_by_sensor():
    rng = np.random.default_rng(63)
    dof = rng.integers(2, 5, 3000)
    value = np.array([rng.chisquare(d) for d in dof])
    sensor = rng.integers(0, 2, 3000)
    value[sensor == 1] *= 1.5
    found = nis(sensor, value, dof)
    assert found.sensor.tolist() == [0, 1]
    assert found.n.sum() == 3000
    assert found.low[0] <= found.mean[0] <= found.high[0]
    assert found.mean[1] > found.high[1]
    assert found.mean[1] == pytest.approx(1.5, rel=0.1)
    assert found.inside[0] == pytest.approx(0.95, abs=0.03)
    assert found.low[0] == pytest.approx(chi_square_band(float(dof[sensor == 0].sum()))[0] / dof[sensor == 0].sum())


def test_white_innovations_are_white_and_lagging_ones_are_not():
    rng = np.random.default_rng(64)
    cov = spd(rng, 1500, 3)
    t, series = np.tile(np.arange(50.0), 30), np.repeat(np.arange(30), 50)
    found = whiteness(t, series, drawn(rng, cov), cov, lags=4)
    assert found.lag.tolist() == [1, 2, 3, 4]
    assert found.n[0] == 30 * 49 * 3
    np.testing.assert_allclose(found.bound, 1.959964 / np.sqrt(found.n), rtol=1e-6)
    assert np.all(np.abs(found.correlation) < 2.0 * found.bound)
    # autoregressive with 0.6: correlations 0.6, 0.36, 0.216, 0.1296
    x = rng.normal(size=(30, 50, 3))
    for k in range(1, 50):
        x[:, k] = 0.6 * x[:, k - 1] + 0.8 * x[:, k]
    lagging = whiteness(t, series, x.reshape(-1, 3), np.broadcast_to(np.eye(3), (1500, 3, 3)), lags=4)
    np.testing.assert_allclose(lagging.correlation, 0.6 ** np.arange(1, 5), atol=0.1)
    mixed = rng.permutation(1500)
    again = whiteness(
        t[mixed], series[mixed], x.reshape(-1, 3)[mixed], np.broadcast_to(np.eye(3), (1500, 3, 3)), lags=4
    )
    np.testing.assert_allclose(again.correlation, lagging.correlation)


def test_calibration_by_hand():
    # bin 0.2 to 0.3: 0.25 stated four times, one came true; bin 0.8 to 0.9: 0.8 stated twice, both came true
    found = calibration(np.array([0.25] * 4 + [0.8] * 2), np.array([1, 0, 0, 0, 1, 1], bool))
    assert found.bins.n.tolist() == [4, 2]
    np.testing.assert_allclose(found.bins.stated, [0.25, 0.8])
    np.testing.assert_allclose(found.bins.came_true, [0.25, 1.0])
    assert found.ece == pytest.approx(2 / 6 * 0.2)
    assert found.brier == pytest.approx((0.75**2 + 3 * 0.25**2 + 2 * 0.2**2) / 6)
    # base rate 1/2: reliability 2/6 x 0.2^2, resolution (4 x 0.25^2 + 2 x 0.5^2) / 6, uncertainty 1/4
    assert found.reliability == pytest.approx(2 / 6 * 0.04)
    assert found.resolution == pytest.approx((4 * 0.0625 + 2 * 0.25) / 6)
    assert found.uncertainty == pytest.approx(0.25)
    assert found.within == pytest.approx(0.0, abs=1e-12)  # all statements of a bin are equal: Murphy's identity
    # Clopper-Pearson: 2 of 2 from 0.025^(1/2); 1 of 4 from (0.0063, 0.8059), printed tables
    assert found.bins.came_true_low[1] == pytest.approx(math.sqrt(0.025))
    assert found.bins.came_true_high[1] == 1.0
    assert (found.bins.came_true_low[0], found.bins.came_true_high[0]) == pytest.approx((0.0063, 0.8059), abs=5e-5)


@given(seed=st.integers(0, 10_000), n=st.integers(1, 60), n_bins=st.integers(1, 12))
def test_the_parts_of_the_brier_score_add_up(seed, n, n_bins):
    rng = np.random.default_rng(seed)
    said = rng.choice([0.0, 0.3, 1.0, *rng.random(5)], n)
    came = rng.random(n) < said
    found = calibration(said, came, n_bins=n_bins)
    assert found.brier == pytest.approx(found.reliability - found.resolution + found.uncertainty + found.within)
    bins = found.bins
    assert bins.n.sum() == n
    assert np.all((bins.stated >= bins.low - 1e-12) & (bins.stated <= bins.high + 1e-12))
    assert np.all((bins.came_true_low <= bins.came_true) & (bins.came_true <= bins.came_true_high))
    # within, as Stephenson et al. write it: variances in the bins less twice the covariances
    row = np.minimum((said * n_bins).astype(int), n_bins - 1)
    inner = sum(
        ((said[row == b] - said[row == b].mean()) ** 2).sum()
        - 2.0 * ((said[row == b] - said[row == b].mean()) * (came[row == b] - came[row == b].mean())).sum()
        for b in np.unique(row)
    )
    assert found.within == pytest.approx(inner / n, abs=1e-12)


def test_the_intervals_hold_their_share():
    rng = np.random.default_rng(65)
    held = [
        (b := calibration(np.full(40, p), rng.random(40) < p).bins).came_true_low[0] <= p <= b.came_true_high[0]
        for p in (0.05, 0.3, 0.7, 0.95)
        for _ in range(100)
    ]
    assert np.mean(held) >= 0.95 - 2.0 * math.sqrt(0.95 * 0.05 / 400)  # never less, by construction


def test_truth_between_samples_is_exact_for_constant_acceleration():
    t = np.array([0.0, 4.0, 7.0, 0.0, 10.0])
    who = np.array([3, 3, 3, 8, 8])

    def motion(t, who):
        a = np.stack([2.0 - 0.1 * who, 0.3 * who], axis=-1)
        x = np.stack([5.0 * t, 7.0 + 0.0 * t], axis=-1) + 0.5 * a * t[..., None] ** 2
        return x, np.stack([5.0 + 0.0 * t, 0.0 * t], axis=-1) + a * t[..., None]

    x, v = motion(t, who)
    at, of = np.array([0.0, 1.5, 4.0, 6.9, 7.0, 9.0, -1.0, 5.0, 5.0]), np.array([3, 3, 3, 3, 3, 8, 3, 8, 5])
    got, _ = truth_at(t, who, x, v, at, of)
    want = np.hstack(motion(at, of))
    np.testing.assert_allclose(got[[0, 1, 2, 3, 4, 5, 7]], want[[0, 1, 2, 3, 4, 5, 7]])
    assert np.isnan(got[[6, 8]]).all()
    assert np.isnan(truth_at(t, who, x, v, np.array([7.1]), np.array([3]))[0]).all()
    mixed = np.array([4, 1, 0, 3, 2])
    np.testing.assert_allclose(truth_at(t[mixed], who[mixed], x[mixed], v[mixed], at, of)[0], got)


def test_truth_is_doubted_only_where_a_manoeuvre_begins_between_samples():
    t, who, w = np.arange(0.0, 50.0, 10.0), np.zeros(5, int), np.radians(3.0)
    turn = 250.0 / w * np.stack([np.sin(w * t), 1.0 - np.cos(w * t)], axis=1)
    along = 250.0 * np.stack([np.cos(w * t), np.sin(w * t)], axis=1)
    _, doubt = truth_at(t, who, turn, along, t[:-1] + 5.0, who[1:])
    np.testing.assert_allclose(doubt, 0.0, atol=1e-9)
    # straight to 5 s, then the same turn
    late = np.maximum(t - 5.0, 0.0)
    x = np.stack([250.0 * np.minimum(t, 5.0), 0.0 * t], axis=1)
    x += 250.0 / w * np.stack([np.sin(w * late), 1.0 - np.cos(w * late)], axis=1)
    v = 250.0 * np.stack([np.cos(w * late), np.sin(w * late)], axis=1)
    got, doubt = truth_at(t, who, x, v, np.array([5.0, 12.0]), who[:2])
    assert doubt[1] == pytest.approx(0.0, abs=1e-9)
    error = np.linalg.norm(got[0, 2:] - [250.0, 0.0])
    assert error < doubt[0] < 4.0 * error
    assert doubt[0] > 10.0


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: chi_square_band(0), "dof must be above 0"),
        (lambda: chi_square_band(2, n=math.nan), "n must be above 0"),
        (lambda: chi_square_band(2, share=1.0), "share must lie inside"),
        (lambda: squared_errors(np.zeros((2, 3)), np.zeros((2, 2, 2))), r"cov \(n, d, d\), got \(2, 3\)"),
        (lambda: squared_errors(np.zeros((1, 1)), np.full((1, 1, 1), np.nan)), "row 0 is not"),
        (lambda: nees(np.empty(0), np.empty(0, int), dof=1), "at least"),
        (lambda: nees(np.ones(2), np.ones(1, int), dof=1), "trajectory must have 2 rows"),
        (lambda: nis(np.zeros(1, int), np.array([-1.0]), np.ones(1, int)), "at least 0"),
        (
            lambda: state_nees(np.zeros(1), np.zeros(1, int), np.zeros((1, 3)), np.zeros((1, 3, 3))),
            r"error is \(n, 6\)",
        ),
        (lambda: whiteness(np.zeros(1), np.zeros(1, int), np.zeros((1, 1)), np.ones((1, 1, 1))), "no series has more"),
        (lambda: whiteness(np.zeros(1), np.zeros(1, int), np.zeros((1, 1)), np.ones((1, 1, 1)), lags=0), "lags"),
        (lambda: calibration(np.array([1.1]), np.array([True])), r"inside \[0, 1\], got 1.1"),
        (lambda: calibration(np.array([math.nan]), np.array([True])), r"inside \[0, 1\], got nan"),
        (lambda: calibration(np.empty(0), np.empty(0, bool)), "one row a statement"),
        (lambda: calibration(np.ones(1), np.ones(1, bool), n_bins=0), "n_bins"),
    ],
)
def test_what_cannot_be_judged_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_a_covariance_that_is_none_is_named():
    with pytest.raises(NumericsError, match="covariance of row 1 is not positive definite: smallest eigenvalue -1"):
        squared_errors(np.zeros((2, 2)), np.array([np.eye(2), np.diag([1.0, -1.0])]))
