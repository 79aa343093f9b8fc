"""CFAR against formulas and values in print, each with its place."""

import math

import numpy as np
import pytest
from scipy import special

from watchfloor.physics import cfar
from watchfloor.physics.cfar import Cfar


def test_ordered_statistic_multiplier_of_richards():
    # Richards, Fundamentals of Radar Signal Processing, 2nd ed., 2014, section 6.5.6, fig. 6.29: N = 20, k = 15 and a
    # multiplier of 6.857, read off a curve, go with Pfa 1e-3
    np.testing.assert_allclose(cfar.pfa(Cfar(kind="os", n_reference=20, rank=15), 6.857), 1e-3, rtol=2e-3)


def test_ordered_statistic_pfa_of_levanon():
    # Levanon, IEEE Trans. AES-24, 1988; Richards eq. 6.168: Pfa = N! Gamma(N-k+1+a) / ((N-k)! Gamma(N+1+a))
    n, k, alpha = 24, 18, 12.5
    wanted = math.exp(
        special.gammaln(n + 1)
        + special.gammaln(n - k + 1 + alpha)
        - special.gammaln(n - k + 1)
        - special.gammaln(n + 1 + alpha)
    )
    np.testing.assert_allclose(cfar.pfa(Cfar(kind="os", n_reference=n, rank=k), alpha), wanted, rtol=1e-12)


@pytest.mark.parametrize("n", [8, 16, 24])
def test_cell_averaging_of_gandhi_and_kassam(n):
    # Gandhi & Kassam 1988, eqs. 8 and 11: T = Pfa^(-1/N) - 1 on the sum; Pd = (1 + T / (1 + S))^-N
    t, snr = 1e-6 ** (-1.0 / n) - 1.0, 30.0
    window = Cfar(kind="ca", n_reference=n)
    np.testing.assert_allclose(cfar.multiplier(window, 1e-6) / n, t, rtol=1e-13)
    np.testing.assert_allclose(cfar.pd(window, snr, 1e-6), (1.0 + t / (1.0 + snr)) ** -n, rtol=1e-13)


@pytest.mark.parametrize("n", [8, 16, 24])
@pytest.mark.parametrize("snr", [0.0, 5.0, 100.0])
def test_greatest_and_smallest_of_gandhi_and_kassam(n, snr):
    # Gandhi & Kassam 1988, eqs. 16 and 21 (T on the sum of a half window of n/2 cells, T / (1 + S) for a target):
    # SO = 2 sum_{i < n/2} C(n/2 + i - 1, i) (2 + T)^-(n/2 + i), GO = 2 (1 + T)^-(n/2) - SO
    half = n // 2
    for kind in ("go", "so"):
        window = Cfar(kind=kind, n_reference=n)
        t = float(cfar.multiplier(window, 1e-3)) / half / (1.0 + snr)
        lesser = 2.0 * sum(math.comb(half + i - 1, i) * (2.0 + t) ** -(half + i) for i in range(half))
        wanted = lesser if kind == "so" else 2.0 * (1.0 + t) ** -half - lesser
        np.testing.assert_allclose(cfar.pd(window, snr, 1e-3), wanted, rtol=1e-11)


def test_clutter_map_of_nitzberg():
    # Nitzberg 1986: Pfa = prod_l 1 / (1 + T w (1-w)^l), Pd with T / (1 + S)
    w, alpha, snr = 0.125, 20.0, 10.0
    terms = w * (1.0 - w) ** np.arange(2000)
    window = Cfar(kind="map", weight=w)
    np.testing.assert_allclose(cfar.pfa(window, alpha), np.prod(1.0 / (1.0 + alpha * terms)), rtol=1e-11)
    alpha = float(cfar.multiplier(window, 1e-6))
    wanted = np.prod(1.0 / (1.0 + alpha / (1.0 + snr) * terms))
    np.testing.assert_allclose(cfar.pd(window, snr, 1e-6), wanted, rtol=1e-11)


def test_greatest_of_costs_a_little_more_than_averaging():
    # Hansen & Sawyers, IEEE Trans. AES-16, 1980, pp. 115-118: an additional loss of 0.1 to 0.3 dB
    for n in (8, 16, 32):
        for pfa in (1e-4, 1e-6, 1e-8):
            more = cfar.loss_db(Cfar(kind="go", n_reference=n), 0.5, pfa)
            more = more - cfar.loss_db(Cfar(kind="ca", n_reference=n), 0.5, pfa)
            assert 0.05 < more < 0.35
