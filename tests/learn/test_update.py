"""Evidence of hits and misses: whole probabilities, the radar's own detector, calibrated posteriors."""

import numpy as np
import pytest

from tests.learn import evidence, scene
from watchfloor.learn.update import Echoes
from watchfloor.physics import cfar, fluctuation

CFARS = [
    None,
    cfar.Cfar(kind="ca", n_reference=8),
    cfar.Cfar(kind="go", n_reference=16),
    cfar.Cfar(kind="so", n_reference=16),
    cfar.Cfar(kind="os", n_reference=24, rank=18),
    cfar.Cfar(kind="map", weight=0.125),
]


def looked(rng, level_db, k, *, law, n_pulses=1, swerling=1, pfa=1e-4):
    """Powers (n, k) measured over mean noise by a radar with this CFAR, NaN where the threshold was not crossed."""
    power = evidence.echo_powers(rng, 10.0 ** (0.1 * level_db), k, n_pulses=n_pulses, swerling=swerling)
    if law is None:
        limit = float(evidence.detection.threshold(pfa, n_pulses))
    else:
        factor = float(cfar.multiplier(law, pfa, n_pulses=n_pulses))
        limit = factor * evidence.reference_level(rng, law, power.shape, n_pulses)
    return np.where(n_pulses * power > limit, power, np.nan)


@pytest.mark.parametrize("n_pulses", [1, 4])
@pytest.mark.parametrize("swerling", [0, 1, 2, 3, 4])
def test_hits_and_misses_share_all_of_the_probability(n_pulses, swerling):
    # at a fixed threshold: the density over it and the chance to stay below it sum to one, at every level
    echoes = Echoes([scene.radar(n_pulses=n_pulses)], [swerling], 1.0)
    statistic = np.exp(np.linspace(np.log(evidence.detection.threshold(1e-3, n_pulses)), np.log(1e4), 4001))
    density = np.exp(evidence.hit_rows(echoes, statistic / n_pulses))
    over = np.trapezoid(density * statistic[:, None], np.log(statistic), axis=0)
    total = over + np.exp(evidence.miss_row(echoes, 1e-3))
    shown = (evidence.LEVELS_DB > -20.0) & (evidence.LEVELS_DB < 18.0)
    np.testing.assert_allclose(total[shown], 1.0, atol=4e-3)


@pytest.mark.parametrize("law", CFARS, ids=lambda law: law.kind if law else "none")
def test_a_miss_and_pd_are_those_of_the_radars_own_detector(law):
    radar = scene.radar(n_pulses=2, **({"cfar": law} if law else {}))
    echoes = Echoes([radar], [1, 3], 1.0)
    assert radar.processing.cfar == law
    level_db = np.array([6.0, 12.0, 20.0])
    power = looked(np.random.default_rng(7), np.repeat(level_db, 20_000), 1, law=law, n_pulses=2, swerling=3)
    share = np.isfinite(power).reshape(3, -1).mean(axis=1)
    at = np.searchsorted(evidence.LEVELS_DB, level_db)
    pd = echoes.pd(np.array([[1e-4]]))[0, 0, 1, evidence.FIRST + at]
    np.testing.assert_allclose(-np.expm1(evidence.miss_row(echoes, 1e-4, w=1)[at]), pd, rtol=1e-9)
    assert np.all(np.abs(share - pd) < 4.0 * np.sqrt(pd * (1.0 - pd) / 20_000))


@pytest.mark.parametrize(("swerling", "n_pulses"), [(0, 1), (1, 1), (2, 3), (3, 1), (4, 3)])
@pytest.mark.parametrize("law", CFARS[::2], ids=lambda law: law.kind if law else "none")
def test_posterior_of_the_level_is_calibrated_under_any_detector_and_fluctuation(law, swerling, n_pulses):
    rng = np.random.default_rng(100 * swerling + n_pulses)
    n, k = 600, 5
    level_db = rng.normal(8.0, 5.0, n)
    power = looked(rng, level_db, k, law=law, n_pulses=n_pulses, swerling=swerling)
    share = np.isfinite(power).mean()
    assert 0.15 < share < 0.85
    echoes = Echoes([scene.radar(n_pulses=n_pulses, **({"cfar": law} if law else {}))], [swerling], 1.0)
    log = evidence.log_likelihood(echoes, power, 1e-4) - 0.5 * ((evidence.LEVELS_DB - 8.0) / 5.0) ** 2
    rank = evidence.ranks(evidence.posterior(log), level_db)
    counts = np.histogram(rank, bins=10, range=(0.0, 1.0))[0]
    assert ((counts - n / 10) ** 2 / (n / 10)).sum() < 27.9  # 99.9 % point of chi-square with 9 degrees of freedom


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.8, 0.9, 0.95, 0.99])
def test_bands_from_correlated_hits_and_misses_cover_what_they_say(rho):
    # a Rayleigh echo whose powers are correlated rho from look to look, near the threshold: weights of `fluctuation`
    rng = np.random.default_rng(int(100 * rho))
    n, k, pfa = 1200, 20, 1e-4
    level_db = rng.normal(10.0, 5.0, n)
    echo, noise = rng.standard_normal((2, n, k, 2)) @ np.array([1.0, 1.0j]) * 0.5**0.5
    for j in range(1, k):
        echo[:, j] = rho**0.5 * echo[:, j - 1] + (1.0 - rho) ** 0.5 * echo[:, j]
    power = np.abs(echo * 10.0 ** (0.05 * level_db)[:, None] + noise) ** 2
    power = np.where(power > -np.log(pfa), power, np.nan)
    assert 0.3 < np.isfinite(power).mean() < 0.6
    echoes = Echoes([scene.radar()], [1], 1.0)
    rows = [evidence.log_likelihood(echoes, one[:, None], pfa) for one in power.T]
    prior = -0.5 * ((evidence.LEVELS_DB - 10.0) / 5.0) ** 2

    def covered(weights):
        log = prior + sum(w * row for w, row in zip(weights, rows, strict=True))
        rank = evidence.ranks(evidence.posterior(log), level_db)
        return [float(np.mean(np.abs(rank - 0.5) < 0.5 * band)) for band in (0.5, 0.9)]

    weight = float(fluctuation.look_weight(rho))
    half, most = covered([1.0] + [weight] * (k - 1))
    for found, said in ((half, 0.5), (most, 0.9)):
        tolerance = 4.0 * np.sqrt(said * (1.0 - said) / n)
        assert said - tolerance < found < said + tolerance + (0.0 if rho == 0.0 else 0.05)  # a little wide is allowed
    if rho > 0.7:
        assert covered([1.0] * k)[1] < 0.65  # each look for a new one: bands that are right half the time


def test_a_cfar_left_out_of_account_would_bias_the_level():
    # CA of 8 cells loses 4.2 dB at 1e-6: misses taken for those of a fixed threshold pull the level down
    rng = np.random.default_rng(11)
    law = cfar.Cfar(kind="ca", n_reference=8)
    level_db = np.full(400, 14.0)
    power = looked(rng, level_db, 30, law=law, pfa=1e-6)
    bias = {}
    for name, radar in (("own", scene.radar(cfar=law)), ("fixed", scene.radar())):
        p = evidence.posterior(evidence.log_likelihood(Echoes([radar], [1], 1.0), power, 1e-6))
        mean, sd = evidence.mean_sd(p)
        bias[name] = mean.mean() - 14.0, 4.0 * np.sqrt((sd**2).mean() / len(mean))
    assert abs(bias["own"][0]) < bias["own"][1] + 0.05  # of a posterior mean in decibels: its own skew
    assert bias["fixed"][0] < -0.7


def test_a_miss_never_says_more_at_a_stronger_echo_under_a_cfar():
    for law in CFARS[1:]:
        for swerling in (0, 1, 3):
            echoes = Echoes([scene.radar(cfar=law)], [swerling], 1.0)
            (row,) = echoes.thresholds(np.array([1e-6]))
            steps = np.diff(echoes.miss[row, 0, 0])
            assert np.all(steps < 1e-9)
            assert np.all(np.isfinite(steps))


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: Echoes([scene.radar()], [1], 0.0), "association"),
        (lambda: Echoes([scene.radar()], [1], float("nan")), "association"),
        (lambda: Echoes([scene.radar()], [5], 1.0), "swerling"),
        (lambda: Echoes([scene.radar()], [1], 1.0).pd(np.array([1e-6])), "one row a radar"),
        (lambda: Echoes([scene.radar()], [1], 1.0).pd(np.array([[0.0]])), "pfa"),
        (lambda: Echoes([scene.radar()], [1], 1.0).thresholds(np.array([np.nan])), "pfa of a look"),
    ],
)
def test_tables_outside_their_domain_are_refused_by_name(call, name):
    with pytest.raises(ValueError, match=name):
        call()
