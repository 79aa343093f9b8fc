"""The exact anchors of the learning radar: the ceilings' values, and evidence that meets and never beats them.

The values are those of the project's issue on learning, section 4: Swerling 1, one sample a look, Pfa 1e-6 unless said
otherwise.
"""

import numpy as np
import pytest
from scipy import special

from tests.learn import evidence, scene
from watchfloor.assess import ceilings
from watchfloor.learn.update import Echoes
from watchfloor.physics import cfar, clutter_law, detection

PFA = 1e-6


def echoes():
    return Echoes([scene.radar()], [1], 1.0)


def seen(rng, snr, k, pfa=PFA):
    """Powers (n, k) of a Swerling 1 echo, NaN where it was missed."""
    power = evidence.echo_powers(rng, snr, k)
    return np.where(power > detection.threshold(pfa), power, np.nan)


@pytest.mark.parametrize(("k", "sd_db"), [(1, 5.6), (4, 2.3), (16, 1.1), (64, 0.545)])
def test_mean_cross_section_is_known_as_well_as_its_looks_allow_and_no_better(k, sd_db):
    np.testing.assert_allclose(ceilings.level_sd_db(k), sd_db, atol=0.05 if k < 64 else 0.001)
    # flat prior in decibels, 60 dB over the noise and a threshold that all cross: error and stated deviation
    rng = np.random.default_rng(k)
    n = 600
    power = evidence.echo_powers(rng, np.full(n, 1e6), k)
    mean, sd = evidence.mean_sd(evidence.posterior(evidence.hit_rows(echoes(), power, base_db=60.0).sum(axis=1)))
    ceiling = float(ceilings.level_sd_db(k))
    np.testing.assert_allclose(sd, ceiling, rtol=0.02)  # of every row: a posterior of one shape
    rms = np.sqrt((mean**2).mean())
    kurtosis = ((mean / rms) ** 4).mean()
    np.testing.assert_allclose(rms, ceiling, rtol=4.0 * np.sqrt((kurtosis - 1.0) / (4.0 * n)))


@pytest.mark.parametrize(("k", "percent"), [(1, 26.0), (4, 9.1), (8, 2.8), (16, 0.33)])
def test_two_types_six_db_apart_are_confused_as_often_as_they_must_be(k, percent):
    ceiling = float(ceilings.two_type_error(6.0, k))
    np.testing.assert_allclose(100.0 * ceiling, percent, rtol=0.02)
    n = 2000
    power = evidence.echo_powers(np.random.default_rng(k), np.repeat([1e3, 10.0**3.6], n), k)
    log = evidence.hit_rows(echoes(), power).sum(axis=1)
    at = np.searchsorted(evidence.LEVELS_DB, [30.0, 36.0])
    wrong = (log[:, at[1]] > log[:, at[0]]) != np.repeat([False, True], n)
    np.testing.assert_allclose(wrong.mean(), ceiling, atol=4.0 * np.sqrt(ceiling / (2 * n)))


def test_types_three_db_apart_need_more_looks():
    np.testing.assert_allclose(ceilings.two_type_error(3.0, [4, 16]), [0.25, 0.085], atol=0.001)


@pytest.mark.parametrize(
    ("snr_db", "bias_db", "n"),
    [(3.0, 9.0, 3000), (6.0, 6.5, 800), (10.0, 3.8, 600), (13.0, 2.3, 400), (20.0, 0.6, 300)],
)
def test_misses_take_away_the_bias_of_hits_alone(snr_db, bias_db, n):
    snr = 10.0 ** (0.1 * snr_db)
    np.testing.assert_allclose(ceilings.hits_only_bias_db(snr), bias_db, atol=0.07)
    power = seen(np.random.default_rng(int(snr_db)), np.full(n, snr), 1)[:, 0]
    hits = power[np.isfinite(power)]
    naive_db = 10.0 * np.log10((hits.mean() - 1.0) / snr)
    error_db = 4.343 * hits.std() / np.sqrt(len(hits)) / (hits.mean() - 1.0)
    np.testing.assert_allclose(naive_db, ceilings.hits_only_bias_db(snr), atol=4.0 * error_db)
    tables = echoes()
    log = evidence.hit_rows(tables, hits).sum(axis=0) + (n - len(hits)) * evidence.miss_row(tables, PFA)
    mean, sd = evidence.mean_sd(evidence.posterior(log[None]))
    assert 0.2 < sd[0] < 0.4
    assert abs(mean[0] - snr_db) < 4.0 * sd[0]


@pytest.mark.parametrize(
    ("gap_db", "percent"), [(6.0, (27.0, 70.0, 99.7)), (-6.0, (2.0, 28.0, 99.8)), (3.0, (None, None, 66.0))]
)
def test_a_type_never_seen_is_rejected_as_often_as_it_can_be(gap_db, percent):
    # the level of greatest likelihood is the mean power: held against the known type's own gamma spread
    n = 1500
    rng = np.random.default_rng(8)
    for k, wanted in zip((1, 4, 16), percent, strict=True):
        expected = float(ceilings.unseen_rejected(gap_db, k))
        if wanted is not None:
            np.testing.assert_allclose(100.0 * expected, wanted, atol=0.6)
        share = []
        for level_db in (0.0, gap_db):
            power = evidence.echo_powers(rng, np.full(n, 10.0 ** (4.0 + 0.1 * level_db)), k)
            log = sum(evidence.hit_rows(echoes(), one, base_db=40.0) for one in power.T)
            top = np.clip(log.argmax(axis=1), 1, log.shape[1] - 2)
            below, here, above = (log[np.arange(n), top + d] for d in (-1, 0, 1))
            best_db = evidence.LEVELS_DB[top] + 0.25 * (below - above) / (below - 2.0 * here + above)
            p = special.gammainc(k, k * 10.0 ** (0.1 * best_db))
            share.append(np.mean((p < 0.005) | (p > 0.995)))
        for found, chance in zip(share, (0.01, expected), strict=True):
            np.testing.assert_allclose(found, chance, atol=4.0 * np.sqrt(chance * (1.0 - chance) / n) + 0.002)


@pytest.mark.parametrize(("snr_db", "nats"), [(6.0, 2.4), (10.0, 7.6), (13.0, 17.0)])
def test_amplitude_of_a_detection_tells_what_it_can(snr_db, nats):
    snr = 10.0 ** (0.1 * snr_db)
    np.testing.assert_allclose(ceilings.amplitude_nats(snr), nats, atol=0.1)
    tables, at = echoes(), np.searchsorted(evidence.LEVELS_DB, snr_db)
    for pfa in (1e-6, 1e-3):  # whatever the threshold
        z = detection.threshold(pfa) + (1.0 + snr) * np.random.default_rng(3).standard_exponential(20_000)
        rows = evidence.hit_rows(tables, z)
        given_hit = rows[:, at] - np.log(-np.expm1(evidence.miss_row(tables, pfa)[at]))
        false = -z - np.log(pfa)
        gain = given_hit - false
        np.testing.assert_allclose(gain.mean(), ceilings.amplitude_nats(snr), atol=4.0 * gain.std() / np.sqrt(len(z)))


@pytest.mark.parametrize(
    ("pd", "gains_db"), [(0.5, (3.3, 5.9, 8.3, 10.4)), (0.9, (6.3, 10.6, 13.9, 16.6))], ids=["half", "nine tenths"]
)
def test_adding_scans_on_a_known_path_gains_its_ceiling(pd, gains_db):
    rng = np.random.default_rng(2)
    for n, gain_db in zip((2, 4, 8, 16), gains_db, strict=True):
        ceiling = float(ceilings.scan_integration_db(n, pd))
        np.testing.assert_allclose(ceiling, gain_db, atol=0.06)
        snr = float(detection.required_snr(pd, PFA)) * 10.0 ** (-0.1 * ceiling)
        total = evidence.echo_powers(rng, np.full(20_000, snr), n).sum(axis=1)
        share = np.mean(total > detection.threshold(PFA, n))
        np.testing.assert_allclose(share, pd, atol=4.0 * np.sqrt(pd * (1.0 - pd) / 20_000))


def test_searching_a_million_paths_costs_its_share():
    found = [[ceilings.scan_integration_db(n, pd, n_paths=1e6) for pd in (0.5, 0.9)] for n in (8, 16)]
    np.testing.assert_allclose(found, [[5.8, 11.7], [8.1, 14.6]], atol=0.06)


def test_a_lower_threshold_in_a_gate_gains_its_ceiling():
    found = [ceilings.lower_threshold_db([1e-4, 1e-3, 1e-2], pd) for pd in (0.9, 0.5)]
    np.testing.assert_allclose(found, [[1.8, 3.0, 4.8], [1.9, 3.2, 5.3]], atol=0.06)


def test_several_aspects_gain_by_diversity_what_they_can():
    found = [[ceilings.diversity_db(n, pd) for n in (2, 4, 6)] for pd in (0.5, 0.9)]
    np.testing.assert_allclose(found, [[0.8, 1.2, 1.3], [3.9, 5.9, 6.6]], atol=0.06)


def test_knowing_the_clutter_gains_its_ceiling():
    np.testing.assert_allclose([ceilings.known_texture_db(nu) for nu in (0.5, 1.0, 10.0)], [8.4, 6.3, 1.7], atol=0.06)
    # the share of cells over the spared threshold is the wanted one: local mean known, exponential speckle
    local = clutter_law.texture(clutter_law.Law("k", 1.0), np.random.default_rng(5).random(200_000))
    power = np.random.default_rng(6).standard_exponential(200_000) * local
    known, fixed = detection.threshold(1e-3) * local, clutter_law.multiplier(clutter_law.Law("k", 1.0), 1e-3)
    for limit in (known, fixed):
        np.testing.assert_allclose(np.mean(power > limit), 1e-3, atol=4.0 * np.sqrt(1e-3 / 200_000))


def test_losses_of_the_cfars_that_a_map_replaces():
    kinds = {
        2.0: cfar.Cfar(kind="ca", n_reference=16),
        1.0: cfar.Cfar(kind="ca", n_reference=32),
        1.9: cfar.Cfar(kind="os", n_reference=24, rank=18),
        2.2: cfar.Cfar(kind="go", n_reference=16),
        3.8: cfar.Cfar(kind="so", n_reference=16),
        1.8: cfar.Cfar(kind="map", weight=1.0 / 8.0),
        0.7: cfar.Cfar(kind="map", weight=1.0 / 20.0),
    }
    for loss_db, law in kinds.items():
        np.testing.assert_allclose(ceilings.known_level_db(law), loss_db, atol=0.06)
    window, slow, quick = (float(ceilings.known_level_db(kinds[loss])) for loss in (2.0, 0.7, 1.8))
    np.testing.assert_allclose([window - quick, window - slow], [0.2, 1.3], atol=0.06)
