import mpmath as mp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, special

from tests.plain import detection as exact
from tests.plain import physics as plain
from watchfloor.physics import detection
from watchfloor.physics._kernels import detection as _kernels

CASES = [(swerling, n) for swerling in range(5) for n in (1, 2, 10)]


def test_required_snr_meets_the_exact_anchors():
    # Pd 0.9 at Pfa 1e-6. One pulse: Richards, Fundamentals of Radar Signal Processing, 2nd ed., 2014, ch. 6 (13.2,
    # 21.1, 17.3 dB). Ten pulses: Meyer & Mayer, Radar Target Detection, 1973, read as 5.3, 13.5, 6.3, 9.6, 5.8 dB;
    # third decimals by 40-digit quadrature.
    one = [13.183, 21.144, 21.144, 17.296, 17.296]
    ten = [5.267, 13.500, 6.292, 9.601, 5.806]
    for n, wanted in ((1, one), (10, ten)):
        found = [10 * np.log10(detection.required_snr(0.9, 1e-6, n_pulses=n, swerling=case)) for case in range(5)]
        np.testing.assert_allclose(found, wanted, atol=5.1e-4)


@pytest.mark.parametrize("swerling", range(5))
@pytest.mark.parametrize(("n", "pfa"), [(1, 1e-6), (1, 1e-10), (3, 1e-3), (10, 1e-10), (100, 1e-3), (100, 1e-6)])
def test_pd_and_miss_agree_with_sixty_digits(swerling, n, pfa):
    threshold = float(detection.threshold(pfa, n))
    snr = 10.0 ** (np.array([-10.0, 0.0, 8.0, 25.0]) / 10.0)
    for name, missed in (("pd", False), ("miss", True)):
        wanted = [exact.pd(x, threshold, n, swerling, missed=missed) for x in snr]
        found = getattr(detection, name)(snr, pfa, n_pulses=n, swerling=swerling)
        for ours, theirs in zip(found, wanted, strict=True):
            if theirs > 1e-290:
                assert abs(float(ours / theirs) - 1.0) < 2e-13, (name, ours, theirs)
            else:
                assert ours < 1e-289


@pytest.mark.parametrize("swerling", range(5))
def test_thousands_of_pulses_do_not_underflow(swerling):
    n, pfa = 2000, 1e-6
    threshold = float(detection.threshold(pfa, n))
    for snr in (0.02, 0.1):
        for missed in (False, True):
            found = float((detection.miss if missed else detection.pd)(snr, pfa, n_pulses=n, swerling=swerling))
            wanted = exact.pd(snr, threshold, n, swerling, missed=missed)
            assert abs(float(found / wanted) - 1.0) < 5e-12


@pytest.mark.parametrize(("pfa", "n"), [(0.5, 1), (1e-6, 1), (1e-10, 1), (1e-19, 1), (1e-6, 10), (1e-3, 1000)])
def test_the_table_of_one_pfa_agrees_with_the_kernel(pfa, n):
    rng = np.random.default_rng(3)
    snr = np.concatenate([[0.0, 1e9], 10.0 ** rng.uniform(-4.0, 3.5, 3000), rng.uniform(0.0, 60.0 / n, 3000)])
    wanted = _kernels.pd_rows(snr, np.atleast_1d(detection.threshold(pfa, n)), n, 0)
    np.testing.assert_allclose(
        detection.pd(snr, pfa, n_pulses=n, swerling=0), wanted, rtol=1e-13 if n == 1000 else 3e-14
    )


def test_the_table_agrees_with_sixty_digits_at_random_points():
    rng = np.random.default_rng(4)
    snr, pfa = 10.0 ** rng.uniform(-1.0, 2.0, 5000), 1e-6
    found = detection.pd(snr, pfa, swerling=0)
    threshold = float(detection.threshold(pfa))
    for i in rng.integers(0, 5000, 40):
        assert abs(float(found[i] / exact.pd(snr[i], threshold, 1, 0)) - 1.0) < 3e-14


@pytest.mark.parametrize(("swerling", "n"), CASES)
def test_pd_and_miss_make_one(swerling, n):
    snr = np.geomspace(1e-3, 1e3, 40)
    total = detection.pd(snr, 1e-6, n_pulses=n, swerling=swerling) + detection.miss(
        snr, 1e-6, n_pulses=n, swerling=swerling
    )
    np.testing.assert_allclose(total, 1.0, atol=1e-12)


@pytest.mark.parametrize(("swerling", "n"), CASES)
def test_pd_without_signal_is_pfa(swerling, n):
    np.testing.assert_allclose(
        detection.pd(0.0, [1e-10, 1e-3], n_pulses=n, swerling=swerling), [1e-10, 1e-3], rtol=1e-9
    )


def test_pd_of_one_steady_pulse_is_marcum_q():
    snr = np.geomspace(1e-2, 1e3, 30)
    b = np.sqrt(2.0 * detection.threshold(1e-6))
    np.testing.assert_allclose(
        detection.pd(snr, 1e-6, swerling=0), detection.marcum_q(1, np.sqrt(2.0 * snr), b), rtol=1e-11
    )


@given(
    snr=st.floats(0.0, 1e4),
    more=st.floats(0.0, 1e3),
    pfa=st.floats(1e-12, 0.5),
    n=st.integers(1, 30),
    swerling=st.integers(0, 4),
)
def test_pd_never_falls_as_snr_grows(snr, more, pfa, n, swerling):
    low, high = detection.pd([snr, snr + more], pfa, n_pulses=n, swerling=swerling)
    assert pfa * (1.0 - 1e-9) <= low <= high * (1.0 + 1e-11) <= 1.0 + 1e-11


@given(pd=st.floats(1e-3, 0.9999), pfa=st.floats(1e-12, 5e-4), n=st.integers(1, 20), swerling=st.integers(0, 4))
def test_required_snr_inverts_pd(pd, pfa, n, swerling):
    snr = detection.required_snr(pd, pfa, n_pulses=n, swerling=swerling)
    np.testing.assert_allclose(detection.pd(snr, pfa, n_pulses=n, swerling=swerling), pd, rtol=1e-9)


@pytest.mark.parametrize("n", [1, 10, 100])
def test_threshold_gives_its_false_alarms(n):
    pfa = np.array([1e-10, 1e-6, 1e-3, 0.5])
    with mp.workdps(30):
        found = [float(mp.gammainc(n, float(t), regularized=True)) for t in detection.threshold(pfa, n)]
    np.testing.assert_allclose(found, pfa, rtol=1e-11)


@pytest.mark.parametrize(("swerling", "n"), CASES)
def test_simulated_detections_are_as_many_as_pd_says(swerling, n):
    rng = np.random.default_rng(100 * swerling + n)
    n_trials, pfa = 40_000, 1e-3
    snr = float(detection.required_snr(0.6, pfa, n_pulses=n, swerling=swerling))
    k = detection.shape(swerling, n)
    amplitude = 1.0 if swerling == 0 else rng.gamma(k, 1.0 / k, n_trials)
    i, q = rng.normal(0.0, np.sqrt(0.5), (2, n_trials))
    rest = rng.gamma(n - 1, 1.0, n_trials) if n > 1 else 0.0
    z = detection.statistic(snr, amplitude, i, q, rest, n)
    share = np.mean(z > detection.threshold(pfa, n))
    assert abs(share - 0.6) < 4.0 * np.sqrt(0.6 * 0.4 / n_trials)
    # the mean of the statistic is n (1 + snr); its variance n + 2 n snr + (n snr)^2 / K
    deviation = np.sqrt((n + 2 * n * snr + (n * snr) ** 2 / k) / n_trials)
    assert abs(np.mean(z) - n * (1.0 + snr)) < 4.0 * deviation


def test_statistic_is_the_sum_of_the_looks_it_stands_for():
    # the long way: n complex samples, each with its own phase, squared and added
    rng = np.random.default_rng(7)
    n, n_trials, snr = 4, 60_000, 2.0
    phase = rng.uniform(0, 2 * np.pi, (n_trials, n))
    noise = rng.normal(0, np.sqrt(0.5), (n_trials, n)) + 1j * rng.normal(0, np.sqrt(0.5), (n_trials, n))
    long_way = np.sum(np.abs(np.sqrt(snr) * np.exp(1j * phase) + noise) ** 2, axis=1)
    pfa = 1e-2
    share = np.mean(long_way > detection.threshold(pfa, n))
    pd = float(detection.pd(snr, pfa, n_pulses=n, swerling=0))
    assert abs(share - pd) < 4.0 * np.sqrt(pd * (1 - pd) / n_trials)


@pytest.mark.parametrize(("swerling", "n"), CASES)
def test_the_density_integrates_to_pd(swerling, n):
    snr, pfa = 3.0, 1e-3
    threshold = float(detection.threshold(pfa, n))

    def density(z):
        return np.exp(detection.statistic_log_pdf(z, snr, n_pulses=n, swerling=swerling))

    nodes, weights = np.polynomial.legendre.leggauss(400)
    for low, high, wanted in (
        (0.0, threshold, detection.miss(snr, pfa, n_pulses=n, swerling=swerling)),
        (threshold, threshold + 60.0 * n * (1.0 + snr), detection.pd(snr, pfa, n_pulses=n, swerling=swerling)),
    ):
        z = 0.5 * (high - low) * (nodes + 1.0) + low
        np.testing.assert_allclose(0.5 * (high - low) * weights @ density(z), wanted, rtol=1e-8)


def test_the_density_of_a_steady_pulse_is_rice_far_out():
    # Rice 1945, eq. 3.10-11, in power: exp(-(z + chi)) I0(2 sqrt(z chi))
    z, chi = np.array([1e-3, 5.0, 2e3, 5e4]), np.array([10.0, 3.0, 1.9e3, 5.1e4])
    with mp.workdps(40):
        wanted = [
            float(-(mp.mpf(a) + b) + mp.log(mp.besseli(0, 2 * mp.sqrt(mp.mpf(a) * b))))
            for a, b in zip(z, chi, strict=True)
        ]
    np.testing.assert_allclose(detection.statistic_log_pdf(z, chi, swerling=0), wanted, atol=1e-10)


@pytest.mark.parametrize(("swerling", "n"), [*CASES, (0, 40), (1, 40), (3, 40), (4, 40)])
def test_scalar_log_density_agrees_with_the_plain_one(swerling, n):
    z, snr = (v.ravel() for v in np.meshgrid(np.geomspace(1e-3, 3e3, 23), np.geomspace(1e-3, 1e3, 13)))
    ours = [_kernels.statistic_log_pdf_scalar(a, b, n, swerling) for a, b in zip(z, snr, strict=True)]
    wanted = detection.statistic_log_pdf(z, snr, n_pulses=n, swerling=swerling)
    np.testing.assert_allclose(ours, wanted, atol=1e-9, rtol=1e-12)


@pytest.mark.parametrize("swerling", range(5))
def test_log_density_without_signal_is_that_of_noise(swerling):
    z = np.array([0.5, 4.0])
    wanted = 2.0 * np.log(z) - z - special.gammaln(3)
    np.testing.assert_allclose(detection.statistic_log_pdf(z, 0.0, n_pulses=3, swerling=swerling), wanted, atol=1e-12)
    ours = [_kernels.statistic_log_pdf_scalar(x, 0.0, 3, swerling) for x in z]
    np.testing.assert_allclose(ours, wanted, atol=1e-12)


@pytest.mark.parametrize(("swerling", "n"), CASES)
def test_pd_kernel_agrees_with_its_plain_twin(swerling, n):
    for threshold in (0.5, 14.0, 45.0):
        for snr in (0.0, 0.1, 3.0, 60.0):
            wanted = plain.pd(snr, threshold, n, swerling)
            np.testing.assert_allclose(_kernels.pd_scalar(snr, threshold, n, swerling), wanted, rtol=1e-9)


def test_pd_kernel_ends_off_its_domain():
    for snr, threshold in ((np.nan, 5.0), (1.0, np.nan), (1.0, np.inf), (-1.0, 5.0)):
        assert np.isnan(_kernels.pd_scalar(snr, threshold, 3, 1))
    assert 0.0 <= _kernels.pd_scalar(50.0, 2000.0, 3, 0) < 1e-300


def test_pd_of_very_strong_signals_is_one():
    assert _kernels.pd_scalar(1e6, 20.0, 3, 0) == pytest.approx(1.0, abs=1e-12)
    np.testing.assert_allclose(detection.pd(1e6, 1e-6, n_pulses=100, swerling=4), 1.0)
    assert detection.miss(1e6, 1e-6, n_pulses=100, swerling=0) == 0.0


def test_pd_broadcasts_over_snr_and_pfa():
    out = detection.pd(np.ones((3, 1)), np.array([1e-6, 1e-3]), n_pulses=4)
    assert out.shape == (3, 2)
    np.testing.assert_allclose(out[1, 1], detection.pd(1.0, 1e-3, n_pulses=4))
    missed = detection.miss(np.ones((3, 1)), np.array([1e-6, 1e-3]), n_pulses=4)
    np.testing.assert_allclose(out + missed, 1.0)


def test_m_of_n_meets_the_textbook_value():
    # 2 of 3 at 0.9: 3 p^2 (1 - p) + p^3 = 0.972
    np.testing.assert_allclose(detection.m_of_n([0.9, 0.0, 1.0], 2, 3), [0.972, 0.0, 1.0], rtol=1e-13)
    np.testing.assert_array_equal(detection.m_of_n([0.0, 0.3], 0, 3), 1.0)


def test_marcum_q_has_its_special_values():
    a = np.array([0.3, 2.0, 9.0])
    # Q1(a, a) = (1 + exp(-a^2) I0(a^2)) / 2 (Nuttall, IEEE Trans. IT-21, 1975)
    np.testing.assert_allclose(detection.marcum_q(1, a, a), 0.5 * (1.0 + special.i0e(a * a)), rtol=1e-12)
    np.testing.assert_allclose(detection.marcum_q(1, 0.0, a), np.exp(-0.5 * a * a), rtol=1e-13)
    np.testing.assert_allclose(detection.marcum_q(5, a, 0.0), 1.0, rtol=1e-13)


@pytest.mark.parametrize(("m", "a", "b"), [(1, 3.0, 6.0), (4, 2.0, 10.0), (1, 30.0, 25.0), (2, 5.0, 1.0)])
def test_marcum_q_agrees_with_its_integral(m, a, b):
    # Q_m(a,b) = integral from b of x (x/a)^(m-1) exp(-(x^2+a^2)/2) I_{m-1}(ax) dx
    def density(x):
        return x * (x / a) ** (m - 1) * np.exp(-0.5 * (x - a) ** 2) * special.ive(m - 1, a * x)

    wanted, _ = integrate.quad(density, b, max(a, b) + 15.0, epsabs=0, epsrel=1e-12, limit=200)
    np.testing.assert_allclose(detection.marcum_q(m, a, b), wanted, rtol=1e-9)


@pytest.mark.parametrize(
    ("m", "a", "b"),
    [(1, 5, 40), (0.5, 2, 9), (1.5, 10, 3), (2.3, 20, 26), (100, 5, 30), (1, 30, 67), (1, 30, 30), (3.7, 40, 45)]
    + [(50.5, 30, 30), (1000, 40, 60), (1, 60, 97), (5, 60, 60.3), (1, 0.1, 60), (0.01, 0.3, 4), (0.5, 3, 36)],
)
def test_marcum_q_agrees_with_fifty_digits_in_its_tails_too(m, a, b):
    wanted = exact.log_marcum_q(m, a, b)
    assert abs(float(detection.marcum_q(m, a, b, log=True) - wanted)) < 1e-13 * max(1.0, -float(wanted) / 300.0)
    if wanted > -690.0:
        assert abs(float(float(detection.marcum_q(m, a, b)) / mp.exp(wanted)) - 1.0) < 2e-13


@pytest.mark.parametrize(("m", "a", "b"), [(1, 1e4, 1e4), (1, 1e4, 10010.0), (2.5, 1e4, 9995.0), (100, 1e4, 10002.0)])
def test_marcum_q_of_ten_thousands_agrees_with_its_integral(m, a, b):
    with mp.workdps(25):

        def density(x):
            return x * (x / a) ** (m - 1) * mp.exp(-((x - a) ** 2) / 2 - a * x) * mp.besseli(m - 1, a * x)

        wanted = mp.quad(density, mp.linspace(b, max(a, b) + 18, 8))
    assert abs(float(float(detection.marcum_q(m, a, b)) / wanted) - 1.0) < 1e-12


def test_marcum_q_far_below_the_smallest_number():
    # leading term of large b: Q_1 -> sqrt(b / a) Q(b - a), Simon & Alouini 2005, eq. 4.21 ff.
    found = float(detection.marcum_q(1, 1e4, 1.2e4, log=True))
    wanted = 0.5 * np.log(1.2) + float(special.log_ndtr(-2000.0))
    np.testing.assert_allclose(found, wanted, rtol=1e-12)


@pytest.mark.parametrize("m", [0.3, 1.0, 2.5, 7.0])
def test_marcum_q_obeys_its_recursion_in_the_order(m):
    # Q_{m+1}(a,b) = Q_m(a,b) + (b/a)^m exp(-(a^2+b^2)/2) I_m(ab): Gil, Segura & Temme 2014, eq. 13, across both methods
    a, b = np.array([1.0, 19.0, 28.2, 28.4, 60.0]), np.array([2.0, 21.0, 28.4, 28.6, 59.0])
    more = (b / a) ** m * np.exp(-0.5 * (a - b) ** 2) * special.ive(m, a * b)
    np.testing.assert_allclose(detection.marcum_q(m + 1.0, a, b), detection.marcum_q(m, a, b) + more, rtol=1e-12)


def test_marcum_q_broadcasts_over_order_too():
    found = detection.marcum_q(np.array([[1.0], [2.5]]), [1.0, 2.0, 3.0], 2.0)
    assert found.shape == (2, 3)
    assert found[1, 2] == detection.marcum_q(2.5, 3.0, 2.0)


@pytest.mark.parametrize(("swerling", "n"), [(s, n) for s in range(5) for n in (2, 7, 60)])
def test_log_density_agrees_with_sixty_digits(swerling, n):
    for z, snr in ((0.3, 0.05), (30.0, 2.0), (400.0, 1.0), (900.0, 200.0)):
        wanted = exact.statistic_log_pdf(z, snr, n, swerling)
        found = detection.statistic_log_pdf(z, snr, n_pulses=n, swerling=swerling)
        assert abs(float(found - wanted)) < 1e-11


def test_pd_of_a_known_phase_is_the_normal_tail():
    # Kay 1998, eq. 4.14; Q(4.75342 - sqrt(2 * 13.18257)) = Q(-0.38128) = 0.6485 from a table of the normal law
    np.testing.assert_allclose(detection.pd_coherent(10.0**1.12, 1e-6), 0.6485, atol=5e-5)
    np.testing.assert_allclose(detection.pd_coherent(0.0, [1e-12, 1e-3, 0.7]), [1e-12, 1e-3, 0.7], rtol=1e-12)
    # p_d of the complex coherent detector at Pfa 1e-3 for -10, 0 and 10 dB, "manually verified through simulation":
    # package sdr, tests/detection/test_p_d.py
    snr = 10.0 ** np.array([-1.0, 0.0, 1.0])
    np.testing.assert_allclose(detection.pd_coherent(snr, 1e-3), [0.00410852, 0.04686726, 0.91649936], atol=6e-9)
    np.testing.assert_allclose(detection.pd(snr, 1e-3, swerling=0), [0.00177786, 0.01846703, 0.81029237], atol=6e-9)


@given(snr=st.floats(0.0, 1e3), pfa=st.floats(1e-12, 0.5))
def test_knowing_the_phase_never_hurts(snr, pfa):
    assert detection.pd_coherent(snr, pfa) >= detection.pd(snr, pfa, swerling=0) * (1.0 - 1e-12)


def test_rules_of_thumb_err_as_they_say():
    def error_db(rule, swerling, pd, n):
        pd, pfa = np.meshgrid(pd, np.geomspace(1e-7, 1e-3, 5))
        options = {} if rule is detection.albersheim_snr else {"swerling": swerling}
        exactly = detection.required_snr(pd, pfa, n_pulses=n, swerling=swerling)
        return 10.0 * np.log10(rule(pd, pfa, n_pulses=n, **options) / exactly)

    for n in (1, 10, 100):
        error = error_db(detection.albersheim_snr, 0, np.linspace(0.3, 0.99, 12), n)
        assert -0.34 < error.min() < error.max() < 0.38
        assert -4.1 < error_db(detection.albersheim_snr, 0, [0.1], n).min() < -2.5
    for swerling, low, high in (
        (0, -0.23, 0.31),
        (1, -1.05, 1.04),
        (2, -1.05, 0.98),
        (3, -0.81, 0.63),
        (4, -0.55, 0.49),
    ):
        for n in (1, 10, 100):
            error = error_db(detection.shnidman_snr, swerling, np.linspace(0.1, 0.99, 12), n)
            assert low < error.min() < error.max() < high


def test_required_snr_is_right_at_both_ends():
    for swerling in range(5):
        for n in (1, 10, 100):
            low = detection.required_snr(1.001e-6, 1e-6, n_pulses=n, swerling=swerling)
            np.testing.assert_allclose(detection.pd(low, 1e-6, n_pulses=n, swerling=swerling), 1.001e-6, rtol=1e-11)
            high = detection.required_snr(1.0 - 2.0**-40, 1e-6, n_pulses=n, swerling=swerling)
            np.testing.assert_allclose(detection.miss(high, 1e-6, n_pulses=n, swerling=swerling), 2.0**-40, rtol=1e-10)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: detection.pd(-1.0, 1e-6), "decibels"),
        (lambda: detection.pd(float("nan"), 1e-6), "snr"),
        (lambda: detection.pd(1.0, 0.0), "pfa"),
        (lambda: detection.pd(1.0, 1e-6, swerling=5), "swerling"),
        (lambda: detection.pd(1.0, 1e-6, n_pulses=0), "n_pulses"),
        (lambda: detection.threshold(1.0), "pfa"),
        (lambda: detection.required_snr(1e-7, 1e-6), "between pfa and 1"),
        (lambda: detection.m_of_n(1.5, 1, 2), "probability"),
        (lambda: detection.m_of_n(0.5, 3, 2), "m=3"),
        (lambda: detection.marcum_q(1, -1.0, 1.0), "a >= 0"),
        (lambda: detection.marcum_q(0, 1.0, 1.0), "m > 0"),
        (lambda: detection.marcum_q(1, 1.0, float("nan")), "b >= 0, got nan"),
        (lambda: detection.marcum_q(float("nan"), 1.0, 1.0), "m > 0, got nan"),
        (lambda: detection.pd(float("inf"), 1e-6), "finite"),
        (lambda: detection.pd(1.0, float("nan")), "pfa"),
        (lambda: detection.pd(1.0, 1e-6, n_pulses=2.5), "whole"),
        (lambda: detection.required_snr(float("nan"), 1e-6), "between pfa and 1"),
        (lambda: detection.m_of_n(float("nan"), 1, 2), "probability"),
        (lambda: detection.m_of_n(0.5, 1.5, 2), "whole"),
        (lambda: detection.pd_coherent(-1.0, 1e-6), "decibels"),
        (lambda: detection.albersheim_snr(0.002, 1e-3), "too low"),
        (lambda: detection.shnidman_snr(0.5, 0.6), "between pfa and 1"),
        (lambda: detection.statistic_log_pdf(1.0, float("nan"), n_pulses=2), "snr"),
        (lambda: detection.statistic_log_pdf(-1.0, 1.0), "at least 0"),
    ],
)
def test_arguments_outside_their_domain_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("bad", [np.nan, np.inf, 0, 2.5])
def test_counts_that_are_none_are_named(bad):
    for call in (detection.pd, detection.required_snr):
        with pytest.raises(ValueError, match="n_pulses is a whole number"):
            call(0.9, 1e-6, n_pulses=bad)
    with pytest.raises(ValueError, match="n_pulses is a whole number"):
        detection.threshold(1e-6, bad)
    with pytest.raises(ValueError, match="m and n must be whole"):
        detection.m_of_n(0.5, 1, np.inf)  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match=r"m and n must be whole .*m=3, n=10000000"):
        detection.m_of_n(0.5, 3, 10_000_000)


def test_a_case_given_as_a_float_is_the_case():
    for case in range(5):
        for call in (detection.pd, detection.miss):
            assert call(10.0, 1e-6, n_pulses=3, swerling=float(case)) == call(10.0, 1e-6, n_pulses=3, swerling=case)
        assert detection.required_snr(0.9, 1e-6, swerling=float(case)) == detection.required_snr(
            0.9, 1e-6, swerling=case
        )


def test_shapes_that_do_not_fit_are_named():
    for call in (detection.pd, detection.miss, detection.pd_coherent):
        with pytest.raises(ValueError, match=r"snr \(2,\), pfa \(3,\) \(add an axis"):
            call([5.0, 6.0], [1e-3, 1e-4, 1e-5])
    for call in (detection.required_snr, detection.albersheim_snr, detection.shnidman_snr):
        with pytest.raises(ValueError, match=r"pd \(2,\), pfa \(3,\)"):
            call([0.8, 0.9], [1e-3, 1e-4, 1e-5])
