import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from tests.plain import cfar as plain
from watchfloor.physics import cfar, detection
from watchfloor.physics._kernels import cfar as _kernels
from watchfloor.physics.cfar import Cfar

WINDOWS = [
    Cfar(kind="ca", n_reference=16),
    Cfar(kind="go", n_reference=16),
    Cfar(kind="so", n_reference=16),
    Cfar(kind="os", n_reference=24, rank=18),
    Cfar(kind="os", n_reference=5, rank=5),
]
ALL = [*WINDOWS, Cfar(kind="map", weight=0.125), Cfar(kind="map", weight=1.0), Cfar(kind="ca", n_reference=1)]
SLIDING = [
    Cfar(kind="ca", n_reference=16, n_guard=2),
    Cfar(kind="go", n_reference=10, n_guard=1),
    Cfar(kind="so", n_reference=10, n_guard=0),
    Cfar(kind="os", n_reference=16, n_guard=2, rank=12),
    Cfar(kind="os", n_reference=6, n_guard=0, rank=3),
]


@pytest.mark.parametrize(
    ("window", "loss"),
    [
        (Cfar(kind="ca", n_reference=8), 4.2),
        (Cfar(kind="ca", n_reference=16), 2.0),
        (Cfar(kind="ca", n_reference=32), 1.0),
        (Cfar(kind="ca", n_reference=64), 0.5),
        (Cfar(kind="os", n_reference=24, rank=18), 1.9),
        (Cfar(kind="go", n_reference=16), 2.2),
        (Cfar(kind="so", n_reference=16), 3.8),
        (Cfar(kind="map", weight=1 / 8), 1.8),
        (Cfar(kind="map", weight=1 / 20), 0.7),
    ],
)
def test_losses_are_the_known_ones(window, loss):
    # Pfa 1e-6, Pd 1/2, Swerling 1: exact values to the tenth, as charts in Rohling 1983 and Nitzberg 1986 have them
    assert abs(float(cfar.loss_db(window, 0.5, 1e-6)) - loss) < 0.05


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("n", [1, 3, 10])
@pytest.mark.parametrize("swerling", range(5))
def test_pd_agrees_with_the_average_over_the_estimate(window, n, swerling):
    pfa = 1e-6 if window.n_reference > 5 else 1e-2
    alpha = float(cfar.multiplier(window, pfa, n_pulses=n))
    for snr in (0.0, 0.5, 5.0, 40.0):
        found = cfar.pd(window, snr, pfa, n_pulses=n, swerling=swerling)
        np.testing.assert_allclose(found, plain.pd(window, snr, alpha, n, swerling), rtol=2e-10)


@pytest.mark.parametrize("window", ALL)
@pytest.mark.parametrize("n", [1, 2, 20])
def test_multiplier_gives_its_pfa_and_pd_without_signal_too(window, n):
    pfa = np.array([[0.3, 1e-3], [1e-4, 1e-10]]) if window.n_reference != 1 else np.array([[0.3, 0.1], [0.01, 1e-3]])
    alpha = cfar.multiplier(window, pfa, n_pulses=n)
    assert alpha.shape == (2, 2)
    np.testing.assert_allclose(cfar.pfa(window, alpha, n_pulses=n), pfa, rtol=1e-11)
    for swerling in range(5):
        np.testing.assert_allclose(cfar.pd(window, 0.0, pfa, n_pulses=n, swerling=swerling), pfa, rtol=1e-10)


@pytest.mark.parametrize("n", [1, 8])
def test_large_windows_and_slow_maps_end_at_the_fixed_threshold(n):
    wanted = detection.threshold(1e-6, n) / n
    for window in (
        Cfar(kind="ca", n_reference=100_000),
        Cfar(kind="go", n_reference=100_000),
        Cfar(kind="map", weight=1e-4),
    )[:: 1 if n == 1 else 2]:
        np.testing.assert_allclose(cfar.multiplier(window, 1e-6, n_pulses=n), wanted, rtol=0.015)
    large = Cfar(kind="ca", n_reference=100_000)
    for swerling in range(5):
        found = cfar.pd(large, [1.0, 10.0], 1e-6, n_pulses=n, swerling=swerling)
        np.testing.assert_allclose(found, detection.pd([1.0, 10.0], 1e-6, n_pulses=n, swerling=swerling), rtol=0.01)


def test_a_map_of_weight_one_is_a_window_of_one_cell():
    one, last = Cfar(kind="ca", n_reference=1), Cfar(kind="map", weight=1.0)
    for n in (1, 3):
        np.testing.assert_allclose(
            cfar.multiplier(last, 1e-2, n_pulses=n), cfar.multiplier(one, 1e-2, n_pulses=n), rtol=1e-11
        )


def test_a_slow_map_with_pulses_added_is_like_a_gamma_estimate_of_its_variance():
    # the estimate of weight w is near a gamma variate of shape N (2 - w) / w; for small w so is Pd, to a few per mille
    w, n = 0.01, 100
    window = Cfar(kind="map", weight=w)
    like = Cfar(kind="ca", n_reference=199)
    np.testing.assert_allclose(
        cfar.multiplier(window, 1e-6, n_pulses=n), cfar.multiplier(like, 1e-6, n_pulses=n), rtol=1e-4
    )
    for swerling in range(5):
        ours = cfar.pd(window, [0.3, 1.0], 1e-6, n_pulses=n, swerling=swerling)
        np.testing.assert_allclose(ours, cfar.pd(like, [0.3, 1.0], 1e-6, n_pulses=n, swerling=swerling), rtol=2e-3)


def test_a_map_with_a_steady_target_agrees_with_the_derivative_of_its_transform():
    # one pulse of case 3: mean over z of exp(-a z / h) (1 + c a z), c = chi / (2 h^2), h = 1 + chi / 2; the second
    # term is minus the derivative of the transform
    w, chi = 0.2, 12.0
    window = Cfar(kind="map", weight=w)
    alpha, h = float(cfar.multiplier(window, 1e-6)), 1.0 + 0.5 * chi
    terms = w * (1.0 - w) ** np.arange(500)
    transform = np.exp(-np.log1p(alpha / h * terms).sum())
    slope = transform * (terms / (1.0 + alpha / h * terms)).sum()
    wanted = transform + 0.5 * chi / h**2 * alpha * slope
    np.testing.assert_allclose(cfar.pd(window, chi, 1e-6, swerling=3), wanted, rtol=1e-11)


@settings(max_examples=60, deadline=None)
@given(
    window=st.sampled_from(ALL[:6]),
    snr=st.floats(0.0, 1e3),
    more=st.floats(0.0, 1e3),
    n=st.sampled_from([1, 4]),
    swerling=st.integers(0, 4),
)
def test_pd_grows_with_snr_and_never_beats_a_known_noise(window, snr, more, n, swerling):
    low, high = cfar.pd(window, [snr, snr + more], 1e-4, n_pulses=n, swerling=swerling)
    assert 1e-4 * (1.0 - 1e-9) <= low <= high * (1.0 + 1e-11) <= 1.0 + 1e-11
    assert low <= detection.pd(snr, 1e-4, n_pulses=n, swerling=swerling) * (1.0 + 1e-10)


@pytest.mark.parametrize("window", ALL[:6])
def test_required_snr_inverts_pd(window):
    for swerling, n in ((0, 1), (1, 1), (3, 4)):
        snr = cfar.required_snr(window, [0.01, 0.5, 0.99], 1e-4, n_pulses=n, swerling=swerling)
        np.testing.assert_allclose(
            cfar.pd(window, snr, 1e-4, n_pulses=n, swerling=swerling), [0.01, 0.5, 0.99], rtol=1e-10
        )


@pytest.mark.parametrize("window", ALL[:6])
def test_very_strong_targets_are_seen(window):
    # Swerling 1, snr large: Pd -> exp(-mean estimate * multiplier / snr); steady: 1
    np.testing.assert_allclose(cfar.pd(window, 1e5, 1e-6, swerling=0), 1.0, rtol=1e-12)
    for swerling in range(1, 5):
        pd = cfar.pd(window, [1e5, 1e7], 1e-6, n_pulses=2, swerling=swerling)
        assert 0.998 < pd[0] <= pd[1] <= 1.0


@pytest.mark.parametrize("window", SLIDING)
@pytest.mark.parametrize("length", [20, 21, 57])
def test_sliding_windows_agree_with_one_cell_at_a_time(window, length):
    rng = np.random.default_rng(5)
    power = rng.exponential(size=(3, length)) * 10.0 ** rng.uniform(0.0, 12.0, (3, length))  # 120 dB of clutter
    power[0, 5:9] = power[0, 5]  # ties
    for n in (1, 3):
        found = cfar.threshold_map(window, power, 1e-3, n_pulses=n)
        wanted = [plain.threshold(window, row, 1e-3, cfar.multiplier, n) for row in power]
        np.testing.assert_allclose(found, wanted, rtol=1e-12)
    turned = cfar.threshold_map(window, power.T.copy(), 1e-3, axis=0)
    np.testing.assert_array_equal(turned.T, cfar.threshold_map(window, power, 1e-3))
    cube = cfar.threshold_map(window, np.stack([power, power]), 1e-3)
    np.testing.assert_array_equal(cube[1], turned.T)


@pytest.mark.parametrize("n", [1, 4])
@pytest.mark.parametrize("window", SLIDING)
def test_false_alarms_in_noise_are_as_many_as_designed_at_edges_too(window, n):
    rng = np.random.default_rng(11 + n)
    pfa, length = 1e-2, 40
    rows = 30_000
    found = cfar.detect(window, 3.7 * rng.gamma(n, size=(rows, length)), pfa, n_pulses=n)
    edge = window.n_reference // 2 + window.n_guard
    # detections of one row share reference cells; rows are independent, so the spread is taken over rows
    for part in (found, found[:, :edge], found[:, length - edge :]):
        share = part.mean(axis=1)
        assert abs(share.mean() - pfa) < 4.0 * share.std() / np.sqrt(rows)


def test_a_target_among_noise_is_found_as_often_as_pd_says():
    rng = np.random.default_rng(12)
    rows, pfa, snr, n = 40_000, 1e-3, 3.0, 4
    for window in (SLIDING[0], SLIDING[3]):
        power = rng.gamma(n, size=(rows, 41))
        amplitude = rng.exponential(size=rows)
        i, q = rng.normal(0.0, np.sqrt(0.5), (2, rows))
        power[:, 20] = detection.statistic(snr, amplitude, i, q, rng.gamma(n - 1, size=rows), n)
        share = cfar.detect(window, power, pfa, n_pulses=n)[:, 20].mean()
        pd = float(cfar.pd(window, snr, pfa, n_pulses=n, swerling=1))
        assert abs(share - pd) < 4.0 * np.sqrt(pd * (1.0 - pd) / rows)


def test_a_map_gives_its_false_alarms():
    rng = np.random.default_rng(13)
    window, pfa = Cfar(kind="map", weight=0.2), 1e-2
    mean = rng.exponential(size=100_000)
    for _ in range(60):  # (1 - w)^60 = 1.5e-6 of the first scan is left
        mean = cfar.update_map(mean, rng.exponential(size=mean.shape), 0.2)
    share = np.mean(rng.exponential(size=mean.shape) > cfar.multiplier(window, pfa) * mean)
    assert abs(share - pfa) < 4.0 * np.sqrt(pfa * (1.0 - pfa) / mean.size)


def test_a_strong_neighbour_masks_averaging_but_not_the_order_statistic():
    power = np.ones(60)
    power[[28, 33]] = 200.0
    assert not cfar.detect(Cfar(kind="ca", n_reference=16, n_guard=1), power, 1e-6).any()
    np.testing.assert_array_equal(
        np.flatnonzero(cfar.detect(Cfar(kind="os", n_reference=16, n_guard=1, rank=12), power, 1e-6)), [28, 33]
    )


def test_counts_agree_with_their_closed_forms():
    j = np.arange(40)
    one = np.array([1.5])  # a ratio of 0.6
    np.testing.assert_allclose(_kernels.geometric_sum(one, 0.0, 1, 40), 0.4 * 0.6**j, rtol=1e-13)
    found = _kernels.geometric_sum(one, 0.0, 3, 40)
    np.testing.assert_allclose(found, special.binom(j + 2, j) * 0.4**3 * 0.6**j, rtol=1e-12)
    many = _kernels.geometric_sum(one, 0.0, 30, 40)  # by the sums of powers
    np.testing.assert_allclose(many, special.binom(j + 29, j) * 0.4**30 * 0.6**j, rtol=1e-12)
    found = _kernels.mixed_negative_binomial(np.array([0.25, 0.75]), np.array([3.0, 3.0]), 1.5, 40)
    np.testing.assert_allclose(found, special.binom(j + 2, j) * 0.4**3 * 0.6**j, rtol=1e-12)
    poisson = np.exp(special.xlogy(j, 7.3) - 7.3 - special.gammaln(j + 1.0))
    np.testing.assert_allclose(_kernels.geometric_sum(np.zeros(0), 7.3, 1, 40), poisson, rtol=1e-12)
    np.testing.assert_allclose(_kernels.mixed_poisson(np.array([1.0]), np.array([7.3]), 40), poisson, rtol=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Cfar(kind="median", n_reference=8), "kind is one of"),
        (lambda: Cfar(kind="ca"), "n_reference is at least 1"),
        (lambda: Cfar(kind="go", n_reference=7), "even"),
        (lambda: Cfar(kind="os", n_reference=8), "rank"),
        (lambda: Cfar(kind="os", n_reference=8, rank=9), "1 to n_reference=8"),
        (lambda: Cfar(kind="ca", n_reference=8, rank=3), "rank"),
        (lambda: Cfar(kind="map"), "weight"),
        (lambda: Cfar(kind="map", weight=1.5), "weight"),
        (lambda: Cfar(kind="map", weight=0.5, n_reference=4), "no reference"),
        (lambda: Cfar(kind="ca", n_reference=8, n_guard=-1), "n_guard"),
        (lambda: cfar.multiplier(ALL[0], 0.0), "pfa"),
        (lambda: cfar.multiplier(ALL[0], float("nan")), "pfa"),
        (lambda: cfar.pfa(ALL[0], -1.0), "multiplier"),
        (lambda: cfar.pd(ALL[0], -1.0, 1e-6), "decibels"),
        (lambda: cfar.pd(ALL[0], float("nan"), 1e-6), "snr"),
        (lambda: cfar.pd(ALL[0], 1.0, 1e-6, swerling=6), "swerling"),
        (lambda: cfar.required_snr(ALL[0], 1e-7, 1e-6), "between pfa and 1"),
        (lambda: cfar.detect(ALL[5], np.ones(10), 1e-6), "update_map"),
        (lambda: cfar.detect(ALL[0], np.ones(10), 1e-6), "10 cells"),
        (lambda: cfar.detect(ALL[0], -np.ones(40), 1e-6), "power"),
        (lambda: cfar.detect(ALL[0], np.full(40, np.nan), 1e-6), "NaN"),
        (lambda: cfar.detect(Cfar(kind="ca", n_reference=5), np.ones(40), 1e-6), "even"),
        (lambda: cfar.update_map(np.ones(3), np.ones(4), 0.1), "shape"),
        (lambda: cfar.update_map(np.ones(3), np.ones(3), 0.0), "weight"),
        (lambda: cfar.update_map(np.ones(3), -np.ones(3), 0.1), "not NaN"),
    ],
)
def test_arguments_outside_their_domain_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
