"""Amplitude likelihoods of the literature on tracking with amplitude.

Lerro & Bar-Shalom, IEEE Trans. AES 29 (2), 1993, pp. 494-509, section II: with the envelope a, expected signal-to-noise
ratio d and threshold tau, p0(a) = a exp(-a^2/2), p1(a) = a/(1+d) exp(-a^2/(2(1+d))), P_FA = exp(-tau^2/2),
P_D = exp(-tau^2/(2(1+d))); the ratio of the densities above the threshold is
(P_FA/P_D) (1/(1+d)) exp(a^2 d/(2(1+d))). The same ratio stands in Bar-Shalom, Daum & Huang, IEEE Control Systems
Magazine 29 (6), 2009, pp. 82-100 ("The probabilistic data association filter"), section on amplitude.

Clark, Ristic, Vo & Vo, IEEE Trans. SP 58 (1), 2010, pp. 26-37, section III: with d between d1 and d2 and a prior
proportional to 1/(1+d), the density is 2 (exp(-a^2/(2(1+d2))) - exp(-a^2/(2(1+d1)))) / (a ln((1+d2)/(1+d1))).
"""

import numpy as np
import pytest
from scipy.integrate import quad

from watchfloor.track.amplitude import Amplitude, unknown_log_ratio


@pytest.mark.parametrize("pfa", [1e-2, 1e-4, 1e-6])
@pytest.mark.parametrize("d_db", [6.0, 10.0, 15.0, 20.0])
def test_the_ratio_of_a_known_swerling_1_target_is_lerros(d_db, pfa):
    d, tau = 10.0 ** (0.1 * d_db), np.sqrt(-2.0 * np.log(pfa))
    p_d = np.exp(-(tau**2) / (2.0 * (1.0 + d)))
    a = tau * np.array([1.0, 1.1, 1.3, 1.6])
    want = np.log(pfa / p_d / (1.0 + d)) + a**2 * d / (2.0 * (1.0 + d))
    snr_db = 10.0 * np.log10(0.5 * a**2)  # power over mean noise power; the envelope's noise power is 2
    ours = Amplitude(None, p_other=0.0).log_ratio(snr_db, d_db, 0.0, pd=p_d, pfa=pfa)
    # a doubt of at least 1 dB is averaged over, and the table is read to 0.05
    spread = 0.5 * 0.23**2 * np.abs((0.5 * a**2 / (1.0 + d) - 1.0) ** 2 - 0.5 * a**2 / (1.0 + d)) + 0.05
    assert np.all(np.abs(ours - want) < spread + 0.01)


@pytest.mark.parametrize(("d1", "d2"), [(1.0, 1000.0), (0.0, 30.0), (10.0, 11.0)])
def test_the_ratio_of_an_unknown_one_is_clarks(d1, d2):
    pfa = 1e-4
    tau = np.sqrt(-2.0 * np.log(pfa))

    def density(a):
        return (
            2.0
            * (np.exp(-(a**2) / 2.0 / (1.0 + d2)) - np.exp(-(a**2) / 2.0 / (1.0 + d1)))
            / (a * np.log((1.0 + d2) / (1.0 + d1)))
        )

    assert quad(density, 0.0, 60.0 * np.sqrt(1.0 + d2), limit=500)[0] == pytest.approx(1.0, abs=1e-6)
    p_d = quad(density, tau, 60.0 * np.sqrt(1.0 + d2), limit=500, epsabs=0.0)[0]
    for a in tau * np.array([1.0, 1.2, 2.0]):
        want = np.log(density(a) / p_d) - np.log(a * np.exp(-(a**2) / 2.0) / pfa)
        ours = unknown_log_ratio(10.0 * np.log10(0.5 * a**2), snr_min=d1, snr_max=d2, pfa=pfa)
        assert float(ours) == pytest.approx(want, rel=1e-6)
