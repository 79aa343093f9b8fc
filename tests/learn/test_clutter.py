"""Learned clutter: calibrated from plots and misses, thresholds that hold, gains that meet their ceilings."""

import numpy as np
import pytest

from tests.learn import scene
from tests.sensor import test_false_plots
from watchfloor.assess import ceilings
from watchfloor.base.picture import Plots, Tasks
from watchfloor.learn.clutter import LEVELS_DB, SHAPES, ClutterLearner, ClutterPlaces, _moments, _quiet_table
from watchfloor.physics import cfar, clutter_law, detection

CA16 = cfar.Cfar(kind="ca", n_reference=16)


def powers(rng, cnr, shape, looks, n_pulses=1):
    """Powers (n, looks) a pulse of K clutter (n,) and noise, local mean new from look to look."""
    spiky = np.isfinite(shape)[:, None]
    order = np.where(spiky, np.where(np.isfinite(shape), shape, 1.0)[:, None], 1.0)
    local = 1.0 + cnr[:, None] * np.where(spiky, rng.gamma(order, 1.0 / order, (len(cnr), looks)), 1.0)
    return local * rng.gamma(n_pulses, 1.0 / n_pulses, local.shape)


def taught(places, z, threshold, n_pulses=1):
    """Teach a row of places the looks (n, k) that lie over the threshold, and the others as quiet."""
    at, look = np.nonzero(n_pulses * z > threshold)
    places.learn(np.zeros(len(at), int), at, z[at, look], looks=float(z.shape[1]))
    return places


def rank_chi2(rng, p, at):
    """Chi-square of ten bins of the ranks (n,) of what is true in its posterior (n, k), ties drawn."""
    below = np.take_along_axis(p.cumsum(axis=1) - p, at[:, None], axis=1)[:, 0]
    ranks = below + rng.random(len(at)) * np.take_along_axis(p, at[:, None], axis=1)[:, 0]
    counts, expected = np.histogram(ranks, bins=10, range=(0.0, 1.0))[0], len(at) / 10
    return ((counts - expected) ** 2 / expected).sum()


def drawn(rng, prior, n):
    return np.unravel_index(rng.choice(prior.size, n, p=prior.ravel()), prior.shape)


@pytest.mark.parametrize(("n_pulses", "threshold", "looks"), [(1, 2.0, 100), (4, 9.0, 60), (1, 9.2, 400)])
def test_level_and_shape_are_calibrated(n_pulses, threshold, looks):
    rng = np.random.default_rng(looks)
    n = 1000
    places = ClutterPlaces(1, n, threshold=threshold, n_pulses=n_pulses, share=0.0)
    g, h = drawn(rng, places.prior, n)
    taught(places, powers(rng, 10.0 ** (0.1 * LEVELS_DB[g]), SHAPES[h], looks, n_pulses), threshold, n_pulses)
    p = places.posterior()[0]
    for marginal, at in ((p.sum(axis=2), g), (p.sum(axis=1), h)):
        assert rank_chi2(rng, marginal, at) < 27.9  # 99.9 % point of chi-square with 9 degrees of freedom


def test_level_and_shape_are_calibrated_from_the_background():
    rng = np.random.default_rng(4)
    n, looks = 1000, 1000
    places = ClutterPlaces(1, n, threshold=13.8, share=0.0)
    g, h = drawn(rng, places.prior, n)
    z = powers(rng, 10.0 ** (0.1 * LEVELS_DB[g]), SHAPES[h], looks)
    for half in np.split(z, 2, axis=1):  # two reports add up
        places.learn_background(half.mean(axis=1)[None], np.sqrt(half).mean(axis=1)[None], looks=looks / 2)
    p = places.posterior()[0]
    for marginal, at in ((p.sum(axis=2), g), (p.sum(axis=1), h)):
        assert rank_chi2(rng, marginal, at) < 27.9


def test_tables_are_those_of_k_clutter_in_noise():
    threshold = 13.8
    share = -np.expm1(_quiet_table(threshold, 1))
    for level_db, shape in ((0.0, 1.0), (10.0, 0.5), (20.0, 0.1), (40.0, 10.0), (0.0, 30.0)):
        cnr = 10.0 ** (0.1 * level_db)
        found = share[np.searchsorted(LEVELS_DB, level_db), np.searchsorted(SHAPES, shape)]
        expected = clutter_law.compound_pfa(threshold / (1.0 + cnr), shape=shape, cnr=cnr)
        np.testing.assert_allclose(found, expected, rtol=3e-3)
    # mean power 1 + c; second moment of the K law with noise: 2 (1 + 2 c + c^2 (1 + 1 / nu))
    at = np.searchsorted(LEVELS_DB, 20.0), np.searchsorted(SHAPES, 2.0)
    _, one, _, two = (m[at] for m in _moments(1))
    np.testing.assert_allclose([one, two], [101.0, 2.0 * (1.0 + 200.0 + 1e4 * 1.5)], rtol=2e-3)


@pytest.mark.parametrize("looks", [10, 20, 39])
def test_threshold_of_rayleigh_clutter_is_the_closed_product(looks):
    # flat in decibels, K exponential looks far above the noise: predictive tail (1 + t / sum)^-K, that of CA of K cells
    places = ClutterPlaces(1, 4, threshold=1e-6, share=0.0, p_clear=1e-9, p_rayleigh=1.0 - 1e-12)
    z = np.random.default_rng(looks).exponential(1e4, (4, looks))
    limit = taught(places, z, 1e-6).threshold(1e-6)[0]
    closed = cfar.multiplier(cfar.Cfar(kind="ca", n_reference=looks), 1e-6)
    np.testing.assert_allclose(limit / z.mean(axis=1), closed, rtol=3e-3)


@pytest.mark.parametrize("n_pulses", [1, 3])
def test_wanted_share_crosses_the_learned_threshold_on_average_over_what_may_be_true(n_pulses):
    rng = np.random.default_rng(n_pulses)
    n, looks, pfa = 1500, 60, 1e-2
    limit = float(detection.threshold(1e-3, n_pulses))
    places = ClutterPlaces(1, n, threshold=limit, n_pulses=n_pulses, share=0.0)
    g, h = drawn(rng, places.prior, n)
    cnr = 10.0 ** (0.1 * LEVELS_DB[g])
    taught(places, powers(rng, cnr, SHAPES[h], looks, n_pulses), limit, n_pulses)
    crossed = n_pulses * powers(rng, cnr, SHAPES[h], 400, n_pulses) > places.threshold(pfa)[0][:, None]
    share = crossed.mean(axis=1)
    np.testing.assert_allclose(share.mean(), pfa, atol=4.0 * share.std() / np.sqrt(n))


@pytest.mark.parametrize("shape", [0.5, 1.0, 10.0])
def test_places_of_one_cell_gain_the_texture_and_never_more(shape):
    # 30 dB clutter whose local mean stands; a fixed threshold for all of it is the K law's
    rng = np.random.default_rng(int(10 * shape))
    n, looks, limit = 150, 300, float(detection.threshold(1e-6))
    level = 1.0 + 1e3 * clutter_law.texture(clutter_law.Law("k", shape), rng.random(n))
    z = level[:, None] * rng.standard_exponential((n, looks))
    spiky = float(clutter_law.multiplier(clutter_law.Law("k", shape), 1e-6))
    ceiling = float(ceilings.known_texture_db(shape))
    for p_rayleigh, lost_db in ((0.5, 1.0), (0.99, 0.15)):
        places = taught(ClutterPlaces(1, n, threshold=limit, share=0.0, p_rayleigh=p_rayleigh), z, limit)
        threshold = places.threshold(1e-6)[0]
        gain_db = 10.0 * np.log10(spiky * places.law().mean_power[0] / threshold)
        assert gain_db.max() < ceiling
        assert np.median(gain_db) > ceiling - lost_db
        false = np.exp(-threshold / level)
        assert false.mean() < 1e-6 + 4.0 * false.std() / np.sqrt(n)


@pytest.mark.parametrize(("looks", "least_db", "most_db"), [(20, 0.2, 0.6), (39, 1.1, 1.35), (2000, 1.9, 2.0)])
def test_a_map_gains_over_a_window_what_it_can_and_never_more(looks, least_db, most_db):
    # 39 looks are what a map of weight 1/20 is worth, which gains 1.3 dB over 16 cells; 2.0 dB with all of the past
    places = ClutterPlaces(1, 20, threshold=1e-6, share=0.0, p_clear=1e-9, p_rayleigh=1.0 - 1e-9)
    z = np.random.default_rng(looks).exponential(1e3, (20, looks))
    gain_db = taught(places, z, 1e-6).gain_db(CA16)[0]
    assert np.all((gain_db > least_db) & (gain_db < most_db))
    assert gain_db.max() < ceilings.known_level_db(CA16)


@pytest.mark.parametrize(
    "law",
    [
        cfar.Cfar(kind="ca", n_reference=8),
        cfar.Cfar(kind="os", n_reference=24, rank=18),
        cfar.Cfar(kind="map", weight=0.125),
    ],
    ids=lambda law: law.kind,
)
def test_no_gain_over_any_cfar_beats_its_loss(law):
    rng = np.random.default_rng(9)
    n, limit = 40, float(detection.threshold(1e-6))
    z = powers(rng, 10.0 ** rng.uniform(-1.0, 4.0, n), rng.choice(SHAPES, n), 200)
    for pd in (0.5, 0.9):
        gain_db = taught(ClutterPlaces(1, n, threshold=limit), z, limit).gain_db(law, pd=pd)
        assert gain_db.max() < ceilings.known_level_db(law, pd=pd)
    quiet = ClutterPlaces(1, 1, threshold=limit, p_clear=0.999)
    quiet.learn(np.zeros(0, int), np.zeros(0, int), np.zeros(0), looks=1e6)
    np.testing.assert_allclose(quiet.gain_db(law), ceilings.known_level_db(law), atol=0.1)  # noise alone is known


def test_misses_tell_a_quiet_place_from_one_that_nobody_looked_at():
    places = ClutterPlaces(1, 2, threshold=9.2, share=0.0)
    places.learn(np.zeros(0, int), np.zeros(0, int), np.zeros(0), looks=np.array([[1000.0, 0.0]]))
    p = places.posterior()[0]
    np.testing.assert_allclose(p[1], places.prior, rtol=1e-9)
    assert p[0, 0].sum() > 0.7
    assert p[0, LEVELS_DB > 10.0].sum() < 1e-6


def test_neighbours_that_are_alike_help_and_an_edge_stays_an_edge():
    rng = np.random.default_rng(6)
    limit, looks = float(detection.threshold(1e-3)), 6
    clear = (np.arange(24) >= 12)[None] | (np.arange(40) >= 20)[:, None]
    cnr_db = np.where(clear, LEVELS_DB[0], 15.0 + rng.normal(0.0, 1.5, clear.shape))
    z = (1.0 + 10.0 ** (0.1 * cnr_db))[..., None] * rng.standard_exponential((40, 24, looks))
    row, column, look = np.nonzero(z > limit)
    nearest = np.round(cnr_db - LEVELS_DB[0]).astype(int)
    score = {}
    for share in (0.0, 0.8):
        places = ClutterPlaces(40, 24, threshold=limit, share=share, wraps=False)
        places.learn(row, column, z[row, column, look], looks=float(looks))
        level = places.posterior().sum(axis=3)
        score[share] = np.log(np.take_along_axis(level, nearest[..., None], axis=2)[..., 0])
    better, edge = score[0.8] - score[0.0], np.zeros(clear.shape, bool)
    edge[19:21, :13], edge[:20, 11:13] = True, True
    assert better[~clear].mean() > 0.1  # nats a place
    for side in (edge & clear, edge & ~clear):
        assert better[side].mean() > 0.0


def test_the_last_azimuth_is_the_firsts_neighbour_where_the_radar_looks_all_round():
    for wraps in (True, False):
        places = ClutterPlaces(1, 5, threshold=13.8, wraps=wraps)
        places.learn(np.zeros(30, int), np.zeros(30, int), np.full(30, 100.0), looks=np.array([[30.0, 0, 0, 0, 0]]))
        p = places.posterior()[0, :, LEVELS_DB > 15.0].sum(axis=(0, 2))
        assert p[1] > p[2] + 0.1
        assert (p[4] > p[2] + 0.1) == wraps


def test_a_map_with_a_short_memory_follows_the_weather():
    rng = np.random.default_rng(3)
    level = {}
    for memory in (5.0, np.inf):
        places = ClutterPlaces(1, 1, threshold=5.0, memory_scans=memory)
        for scan in range(140):
            z = rng.exponential(1.0 + (100.0 if scan < 100 else 0.0), 40)
            z = z[z > 5.0]
            places.fade()
            places.learn(np.zeros(len(z), int), np.zeros(len(z), int), z, looks=40.0)
        level[memory] = places.law().cnr_db[0, 0, 1]
    assert level[5.0] < -5.0
    assert level[np.inf] > 15.0


def plots(z, power, **more):
    n = len(z)
    return Plots(
        t_s=np.arange(n, dtype=float),
        sensor=np.zeros(n, int),
        measurement=z,
        cov=np.zeros((n, 4, 4)),
        snr_db=10.0 * np.log10(power),
        pfa=np.full(n, 1e-6),
        address=np.full(n, -1),
        label=np.full(n, -1),
        **more,
    )


def test_a_radar_learns_from_its_plots_where_the_clutter_is():
    rng = np.random.default_rng(12)
    cell_m = scene.radar(bandwidth_hz=2e5).range_cell_m
    shape = dict(range_min_m=0.0, range_max_m=80.0 * cell_m, bandwidth_hz=2e5, beamwidth_azimuth_rad=np.pi / 32)
    radar = scene.radar(**shape)
    learner = ClutterLearner(radar, n_range=4, n_azimuth=8, range_max_m=52.0 * cell_m)
    near, far = 13.0 * cell_m, 26.0 * cell_m
    for _ in range(30):
        # the second ring of places, third eighth of the circle, holds 12 dB of Rayleigh clutter, all others noise
        power = rng.exponential(1.0 + 10.0**1.2, 13 * 8)
        power = power[power > detection.threshold(1e-6)]
        n = len(power)
        z = np.column_stack(
            (rng.uniform(near, far, n), rng.uniform(np.pi / 2, 3 * np.pi / 4, n), np.full(n, 0.01), np.zeros(n))
        )
        learner.step(plots(z, power), np.zeros(n, bool))
        aside = np.array([[15e3, 5.0, up, 0.0] for up in (0.01, 0.5, 0.01, 0.01)])
        aside[3, 0] = 53.0 * cell_m
        learner.step(
            plots(aside, np.full(4, 30.0), noise_db=np.array([0.0, 0.0, 20.0, 0.0])),
            np.array([True, False, False, False]),
            turns=0.0,
        )  # taken by a track, above the lowest beam, jammed, beyond the map
    law = learner.places.law()
    there = np.zeros((4, 8), bool)
    there[1, 2] = True
    np.testing.assert_allclose(law.cnr_db[there][0, 1], 12.0, atol=1.0)
    assert law.cnr_db[~there][:, 1].max() < -5.0
    assert law.p_rayleigh[1, 2] > 0.5
    raised_db = 10.0 * np.log10(learner.places.threshold(1e-6) / detection.threshold(1e-6))
    assert raised_db[1, 2] > 11.0
    assert raised_db[~there].max() < 2.0


def test_what_a_simulated_radar_taught_holds_for_its_next_turns():
    # spiky land of shape 0.7 with standing local means, in the filters of a bank: the sensor's own false plots
    model = test_false_plots.radar(**test_false_plots.PULSED)
    north = test_false_plots.sensor(model, test_false_plots.around())
    learner = ClutterLearner(model, n_range=6, n_azimuth=12, range_max_m=40e3)
    turns = [north.observe(test_false_plots.NOBODY, Tasks.empty(), until_s=10.0 * (i + 1))[0] for i in range(24)]
    for turn in turns[:12]:
        learner.step(turn, np.zeros(len(turn), bool))
    looks = model.n_beams_azimuth * model.n_filters * 36e3 / model.range_cell_m * 12  # of the lowest beam, 12 turns

    share = -np.expm1(_quiet_table(float(detection.threshold(model.pfa)), 1))
    predicted = (learner.places.posterior() * share).sum(axis=(1, 2, 3)) * looks / (6 * 12)
    plots = Plots.concat(turns[12:])
    z = plots.measurement
    keep = (z[:, 0] < 40e3) & (z[:, 2] < model.elevation_min_rad + model.beamwidth_elevation_rad)
    row, column = ((z[keep, 0] - 4e3) / 6e3).astype(int), (z[keep, 1] % (2.0 * np.pi) * 6.0 / np.pi).astype(int)
    counts = np.bincount(row, minlength=6)
    assert counts.sum() > 5000
    np.testing.assert_allclose(predicted.sum(), counts.sum(), rtol=0.1)  # standing spikes repeat: no Poisson count
    assert predicted[4:].sum() < 0.005 * predicted.sum()  # shadow of the horizon
    # the learned threshold lets through about what noise alone would, a thousandth of what crossed
    over = 10.0 ** (0.1 * plots.snr_db[keep]) > learner.places.threshold(model.pfa)[row, np.minimum(column, 11)]
    assert over.sum() < 5.0 * looks * model.pfa
    assert over.sum() < 0.005 * counts.sum()


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: ClutterPlaces(0, 4, threshold=13.8), "n_range"),
        (lambda: ClutterPlaces(4, 4, threshold=np.nan), "threshold"),
        (lambda: ClutterPlaces(4, 4, threshold=13.8, n_pulses=0), "n_pulses"),
        (lambda: ClutterPlaces(4, 4, threshold=13.8, p_clear=0.0), "p_clear"),
        (lambda: ClutterPlaces(4, 4, threshold=13.8, p_rayleigh=1.0), "p_rayleigh"),
        (lambda: ClutterPlaces(4, 4, threshold=13.8, share=1.0), "share"),
        (lambda: ClutterPlaces(4, 4, threshold=13.8, neighbour_sd_db=0.0), "neighbour_sd_db"),
        (lambda: ClutterPlaces(4, 4, threshold=13.8, memory_scans=np.nan), "memory_scans"),
        (lambda: ClutterPlaces(4, 4, threshold=13.8).fade(-1.0), "scans"),
        (lambda: ClutterPlaces(4, 4, threshold=13.8).threshold(0.0), "pfa"),
        (lambda: ClutterPlaces(4, 4, threshold=13.8).required_snr(1e-7, 1e-6), "pd"),
        (lambda: ClutterPlaces(4, 4, threshold=13.8).gain_db(CA16, pd=1.0), "pd"),
        (lambda: one(np.array([4]), np.array([0]), np.array([20.0])), "row"),
        (lambda: one(np.array([0]), np.array([4]), np.array([20.0])), "column"),
        (lambda: one(np.array([0]), np.array([0]), np.array([-20.0])), "power"),
        (lambda: one(np.array([0]), np.array([0, 1]), np.array([20.0])), "row, column and power"),
        (lambda: one(np.array([0]), np.array([0]), np.array([20.0]), looks=-1.0), "looks"),
        (
            lambda: ClutterPlaces(1, 1, threshold=9.0).learn_background(np.ones((1, 1)), 2.0, looks=9.0),
            "mean_amplitude",
        ),
        (lambda: ClutterLearner(scene.radar(cfar=CA16)), "CFAR"),
        (lambda: ClutterLearner(scene.radar(), range_max_m=1e9), "range_max_m"),
        (lambda: ClutterLearner(scene.radar()).step(Plots.empty(), np.zeros(1, bool)), "used"),
        (lambda: ClutterLearner(scene.radar()).step(Plots.empty(), np.zeros(0, bool), turns=-1.0), "turns"),
    ],
)
def test_what_is_outside_its_domain_is_refused_by_name(call, name):
    with pytest.raises(ValueError, match=name):
        call()


def one(row, column, power, looks=9.0):
    ClutterPlaces(4, 4, threshold=13.8).learn(row, column, power, looks=looks)
