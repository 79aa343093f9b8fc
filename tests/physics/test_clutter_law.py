"""Laws of clutter power: against forty digits, against each other, against samples."""

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, special

from watchfloor.physics import clutter_law as law
from watchfloor.physics import detection
from watchfloor.physics.clutter_law import Law

LAWS = [
    law.RAYLEIGH,
    Law("k", 0.1),
    Law("k", 1.0),
    Law("k", 20.0),
    Law("k", 400.0),
    Law("weibull", 0.7),
    Law("weibull", 2.0),
    Law("lognormal", 1.2),
]


def k_exceedance(nu, z):
    nu, z = mpmath.mpf(nu), mpmath.mpf(z)
    return 2 / mpmath.gamma(nu) * (nu * z) ** (nu / 2) * mpmath.besselk(nu, 2 * mpmath.sqrt(nu * z))


@pytest.mark.parametrize("nu", [0.01, 0.1, 0.5, 1.0, 3.3, 10.0, 29.9, 30.5, 60.0, 100.0])
def test_k_exceedance_against_forty_digits(nu):
    power = np.array([1e-12, 1e-3, 0.1, 1.0, 3.0, 10.0, 50.0, 200.0])
    with mpmath.workdps(40):
        expected = np.array([float(k_exceedance(nu, z)) for z in power])
    keep = expected > 1e-290
    np.testing.assert_allclose(law.exceedance(Law("k", nu), power)[keep], expected[keep], rtol=1e-9)


def test_k_of_half_is_an_exponential_of_the_root():
    power = np.geomspace(1e-6, 1e4, 30)
    np.testing.assert_allclose(law.exceedance(Law("k", 0.5), power), np.exp(-np.sqrt(2 * power)), rtol=1e-11)


@pytest.mark.parametrize("which", LAWS, ids=str)
def test_a_density_is_minus_the_slope_of_the_exceedance(which):
    power = np.geomspace(1e-2, 30.0, 12)
    step = 1e-5 * power
    slope = (law.exceedance(which, power - step) - law.exceedance(which, power + step)) / (2 * step)
    np.testing.assert_allclose(law.density(which, power), slope, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("which", LAWS, ids=str)
def test_the_mean_of_a_law_is_one(which):
    # the mean of a positive variate is the integral of its exceedance; in the logarithm, which suits long tails
    log_z = np.linspace(-60.0, 14.0, 200_001)
    mean = np.trapezoid(law.exceedance(which, np.exp(log_z)) * np.exp(log_z), log_z)
    assert mean == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("which", LAWS, ids=str)
def test_a_multiplier_lets_its_probability_through(which):
    pfa = np.array([0.9, 0.1, 1e-3, 1e-6, 1e-10, 1e-30])
    np.testing.assert_allclose(law.exceedance(which, law.multiplier(which, pfa)), pfa, rtol=1e-8)


@given(pfa=st.floats(1e-12, 1e-2), nu=st.floats(0.05, 50.0), more=st.floats(0.1, 50.0))
def test_spikier_clutter_asks_a_higher_threshold(pfa, nu, more):
    spiky, smooth = law.multiplier(Law("k", nu), pfa), law.multiplier(Law("k", nu + more), pfa)
    assert spiky > smooth * (1.0 - 1e-9)
    assert smooth > law.multiplier(law.RAYLEIGH, pfa) * (1.0 - 1e-9)


def test_a_weibull_law_of_two_is_rayleigh():
    power = np.geomspace(1e-3, 100.0, 9)
    np.testing.assert_allclose(law.exceedance(Law("weibull", 2.0), power), np.exp(-power), rtol=1e-12)


@pytest.mark.parametrize("which", LAWS, ids=str)
def test_samples_follow_their_law(which):
    n = 40_000
    drawn = law.sample(which, np.random.default_rng(9).uniform(1e-16, 1.0, (2, n)))
    for pfa in (0.5, 0.1, 0.01):
        share = np.mean(drawn > law.multiplier(which, pfa))
        assert abs(share - pfa) < 4.5 * math.sqrt(pfa * (1.0 - pfa) / n)


@pytest.mark.parametrize("which", [Law("k", 0.8), Law("weibull", 1.1), Law("lognormal", 1.5)], ids=str)
def test_a_fit_finds_the_shape_again(which):
    n = 60_000
    drawn = law.sample(which, np.random.default_rng(10).uniform(1e-16, 1.0, (2, n)))
    found = law.fit(which.kind, 7.0 * drawn)
    if which.kind == "k":
        # moments of K power: E z^k = k! Gamma(nu + k) / (Gamma(nu) nu^k); first order in the two sample moments
        nu = which.shape
        moment = [math.factorial(k) * special.poch(nu, k) / nu**k for k in range(5)]
        ratio = moment[2]
        variance = moment[4] - moment[2] ** 2 + 4 * ratio**2 * (moment[2] - 1) - 4 * ratio * (moment[3] - moment[2])
        sigma = 0.5 * nu**2 * math.sqrt(variance / n)
    else:
        kurtosis = 5.4 if which.kind == "weibull" else 3.0  # of the logarithm: Gumbel's, the normal's
        sigma = which.shape * math.sqrt((kurtosis - 1.0) / (4.0 * n))
    assert abs(found.shape - which.shape) < 4.5 * sigma


def test_a_fit_of_noise_says_that_it_is_hardly_spiky():
    assert law.fit("k", np.array([1.0, 1.0, 1.0])).shape == 1e4
    assert law.fit("rayleigh", np.array([1.0, 2.0])) == law.RAYLEIGH


@pytest.mark.parametrize("nu", [0.02, 0.5, 3.0, 80.0])
@pytest.mark.parametrize("pfa", [1e-2, 1e-6, 1e-10])
def test_the_mixture_of_one_pulse_is_the_closed_form(nu, pfa):
    threshold = law.multiplier(Law("k", nu), pfa)
    assert law.compound_pfa(threshold, shape=nu) == pytest.approx(pfa, rel=1e-8)
    assert law.compound_threshold(pfa, shape=nu) == pytest.approx(threshold, rel=1e-9)


def plain_pd(sir, threshold, nu, cnr, n, swerling):
    """Adaptive quadrature over the local mean of the closed Pd of one local mean."""

    def one(log_g):
        local = (cnr * math.exp(log_g) / nu + 1.0) / (cnr + 1.0)
        if swerling == 2:
            pd = special.gammaincc(n, threshold / (local + sir))
        else:
            pd = detection.marcum_q(n, math.sqrt(2 * n * sir / local), math.sqrt(2 * threshold / local))
        return math.exp(nu * log_g - math.exp(log_g) - special.gammaln(nu)) * float(pd)

    edges = [-120.0, -30.0, -8.0, -3.0, 0.0, 2.0, 4.0, 6.0]
    return sum(
        integrate.quad(one, a, b, epsabs=1e-12, limit=200)[0] for a, b in zip(edges[:-1], edges[1:], strict=True)
    )


@pytest.mark.parametrize("swerling", [0, 2])
@pytest.mark.parametrize(("nu", "cnr", "n"), [(0.5, 10.0, 1), (0.5, 1000.0, 4), (5.0, 1.0, 3)])
def test_detection_in_k_clutter_and_noise_against_plain_quadrature(swerling, nu, cnr, n):
    sir = np.array([0.0, 3.0, 30.0, 300.0])
    threshold = float(law.compound_threshold(1e-4, shape=nu, cnr=cnr, n_pulses=n))
    got = law.compound_pd(sir, 1e-4, shape=nu, cnr=cnr, n_pulses=n, swerling=swerling)
    expected = [plain_pd(s, threshold, nu, cnr, n, swerling) for s in sir]
    np.testing.assert_allclose(got, expected, rtol=1e-6)
    assert got[0] == pytest.approx(1e-4, rel=1e-8)


@pytest.mark.parametrize("swerling", [0, 1, 2, 3, 4])
def test_without_clutter_detection_is_that_in_noise(swerling):
    snr = np.array([1.0, 5.0, 20.0])
    got = law.compound_pd(snr, 1e-6, shape=0.5, cnr=1e-9, n_pulses=5, swerling=swerling)
    np.testing.assert_allclose(got, detection.pd(snr, 1e-6, n_pulses=5, swerling=swerling), rtol=1e-6)


def test_smooth_clutter_is_noise():
    got = law.compound_pd([5.0, 20.0], 1e-4, shape=1e4, swerling=1)
    np.testing.assert_allclose(got, detection.pd([5.0, 20.0], 1e-4, swerling=1), rtol=2e-3)


def test_simulated_compound_clutter_crosses_as_computed():
    rng = np.random.default_rng(21)
    nu, cnr, n, trials = 0.7, 4.0, 3, 200_000
    local = law.texture(Law("k", nu), rng.uniform(1e-16, 1.0, trials))
    mean = (cnr * local + 1.0) / (cnr + 1.0)
    total = mean * rng.gamma(n, size=trials)
    threshold = float(law.compound_threshold(1e-3, shape=nu, cnr=cnr, n_pulses=n))
    assert abs(np.mean(total > threshold) - 1e-3) < 4.5 * math.sqrt(1e-3 / trials)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Law("gauss"), "rayleigh, k"),
        (lambda: Law("k"), "shape of a k law"),
        (lambda: Law("rayleigh", 1.0), "leave it out"),
        (lambda: Law("weibull", math.nan), "shape"),
        (lambda: law.exceedance(law.RAYLEIGH, -1.0), "power"),
        (lambda: law.exceedance(law.RAYLEIGH, math.nan), "power"),
        (lambda: law.multiplier(law.RAYLEIGH, 0.0), "pfa"),
        (lambda: law.sample(law.RAYLEIGH, [0.5, 0.5, 0.5]), r"\(2, ...\)"),
        (lambda: law.texture(Law("weibull", 1.0), 0.5), "local mean"),
        (lambda: law.fit("k", [1.0]), "at least 2"),
        (lambda: law.fit("pareto", [1.0, 2.0]), "kind"),
        (lambda: law.compound_pfa(1.0, shape=0.5, cnr=-1.0), "cnr"),
        (lambda: law.compound_pd(1.0, 1e-6, shape=0.5, swerling=7), "swerling"),
        (lambda: law.effective_shape(0.0, 1.0), "shape"),
    ],
)
def test_a_law_that_cannot_be_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
