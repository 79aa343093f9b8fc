"""Ceilings of what learning gains: each against simulation or a detector that could have beaten it, and its domain."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, special

from watchfloor.assess import ceilings
from watchfloor.physics import cfar, detection


@pytest.mark.parametrize(("k", "gap_db"), [(1, 6.0), (4, -6.0), (8, 6.0), (4, 3.0)])
def test_two_type_error_is_that_of_the_simulated_likelihood_ratio_test(k, gap_db):
    rng = np.random.default_rng(k)
    n, ratio = 100_000, 10.0 ** (0.1 * gap_db)
    wrong = []
    for mean, other in ((1.0, ratio), (ratio, 1.0)):
        z = rng.exponential(mean, (n, k))
        wrong.append(np.mean((z / other + np.log(other)).sum(axis=1) < (z / mean + np.log(mean)).sum(axis=1)))
    expected = ceilings.two_type_error(gap_db, k)
    np.testing.assert_allclose(np.mean(wrong), expected, atol=4.0 * np.sqrt(expected / (2 * n)))


@pytest.mark.parametrize(("k", "gap_db"), [(1, 6.0), (4, -6.0), (16, 3.0), (4, 0.0)])
def test_an_unseen_type_is_rejected_as_often_as_simulated(k, gap_db):
    n = 100_000
    total = np.random.default_rng(k).exponential(10.0 ** (0.1 * gap_db), (n, k)).sum(axis=1)
    p = special.gammaincc(k, total)
    expected = float(ceilings.unseen_rejected(gap_db, k))
    share = np.mean((p < 0.005) | (p > 0.995))
    np.testing.assert_allclose(share, expected, atol=4.0 * np.sqrt(expected / n))
    if gap_db == 0.0:
        np.testing.assert_allclose(expected, 0.01, rtol=1e-9)


@given(n=st.integers(2, 8), m=st.integers(1, 8), pd=st.floats(0.2, 0.95), pfa=st.sampled_from([1e-8, 1e-6, 1e-4]))
@settings(max_examples=30, deadline=None)
def test_m_of_n_scans_never_beat_the_sum_of_scans(n, m, pd, pfa):
    # the usual rival of integration: each scan decides, then count
    m = min(m, n)
    one_scan = optimize.brentq(lambda x: float(detection.m_of_n(np.exp(x), m, n)) - pfa, np.log(pfa) - 8.0, -1e-9)
    one_pd = optimize.brentq(lambda p: float(detection.m_of_n(p, m, n)) - pd, 1e-9, 1.0 - 1e-9)
    if one_pd <= 1.01 * np.exp(one_scan):
        return
    gain_db = 10.0 * np.log10(detection.required_snr(pd, pfa) / detection.required_snr(one_pd, np.exp(one_scan)))
    assert gain_db <= ceilings.scan_integration_db(n, pd, pfa=pfa) + 1e-9


@given(n=st.integers(1, 30), pd=st.floats(0.05, 0.98), paths=st.floats(1.0, 1e8), more=st.floats(1.0, 1e4))
@settings(max_examples=50, deadline=None)
def test_more_scans_gain_and_more_paths_cost(n, pd, paths, more):
    gain = ceilings.scan_integration_db(n, pd, n_paths=paths)
    assert ceilings.scan_integration_db(n + 1, pd, n_paths=paths) > gain
    assert ceilings.scan_integration_db(n, pd, n_paths=paths * more) <= gain + 1e-9
    assert abs(ceilings.scan_integration_db(1, pd)) < 1e-9


def test_disjoint_paths_share_the_false_alarms_by_the_union_bound():
    # 200 paths of 4 scans without a cell in common, noise alone, 1 % for the whole search
    rng = np.random.default_rng(4)
    n, paths, pfa = 20_000, 200, 1e-2
    best = rng.gamma(4.0, size=(n, paths)).max(axis=1)
    share = np.mean(best > detection.threshold(pfa / paths, 4))
    np.testing.assert_allclose(share, pfa, atol=4.0 * np.sqrt(pfa / n) + pfa**2)


def test_no_gain_without_anything_learned():
    np.testing.assert_allclose(ceilings.lower_threshold_db(1e-6, 0.5), 0.0, atol=1e-9)
    np.testing.assert_allclose(ceilings.diversity_db(1, 0.5), 0.0, atol=1e-9)
    np.testing.assert_allclose(ceilings.known_texture_db(1e4), 0.0, atol=0.01)
    np.testing.assert_allclose(ceilings.amplitude_nats(0.0), 0.0, atol=1e-12)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: ceilings.level_sd_db(0.0), "n_looks"),
        (lambda: ceilings.level_sd_db(np.nan), "n_looks"),
        (lambda: ceilings.two_type_error(0.0, 4), "separation_db"),
        (lambda: ceilings.two_type_error([1.0, 2.0], [1.0, 2.0, 3.0]), "separation_db"),
        (lambda: ceilings.unseen_rejected(6.0, 4, alpha=1.0), "alpha"),
        (lambda: ceilings.hits_only_bias_db(-3.0), "snr"),
        (lambda: ceilings.amplitude_nats(-1.0), "snr"),
        (lambda: ceilings.scan_integration_db(0, 0.5), "n_scans"),
        (lambda: ceilings.scan_integration_db(4, 0.5, n_paths=0.5), "n_paths"),
        (lambda: ceilings.scan_integration_db(4, 1.0), "pd"),
        (lambda: ceilings.lower_threshold_db(1e-8, 0.5), "pfa_gate"),
        (lambda: ceilings.lower_threshold_db(0.6, 0.5), "pd"),
        (lambda: ceilings.diversity_db(2.5, 0.5), "n_aspects"),
        (lambda: ceilings.known_texture_db(0.0), "shape"),
        (lambda: ceilings.known_level_db(cfar.Cfar(kind="ca", n_reference=16), pd=0.0), "pd"),
    ],
)
def test_what_is_outside_its_domain_is_refused_by_name(call, name):
    with pytest.raises(ValueError, match=name):
        call()
