"""The field: what the catalogue says, exact twins, calibration against the world's own draws, and the chain rule."""

import numpy as np
import pytest

from tests.learn import scene
from tests.plain import field as plain
from watchfloor.base.picture import SIGMA_GRID_DBSM as LEVELS
from watchfloor.learn import _kernels, _kernels_field
from watchfloor.learn.field import FieldConfig, chain_nats, make_priors, posterior, revised, table_of
from watchfloor.learn.library import _taps
from watchfloor.physics.rcs import band_of
from watchfloor.scenario import catalog
from watchfloor.world.signature import draw_signature, with_reflectors

FREQUENCIES_HZ = {"VHF": 170e6, "S": 3.0e9, "X": 9.3e9}
ONE_BELT = {"elevation_edges_deg": (-15.0, 15.0), "calibration_db": 0.0}
N_CELLS = 12


def priors(*names, bands=("VHF", "S", "X"), reflectors=False, cards=None, **settings):
    return make_priors(
        radars=[scene.radar(frequency_hz=FREQUENCIES_HZ[band]) for band in bands],
        types=names or ("lo-fighter",),
        cards=cards or catalog.types(),
        config=FieldConfig(**(ONE_BELT | settings)),
        reflectors=reflectors,
    )


def bump(level_dbsm, sd_db):
    return -0.5 * ((LEVELS - level_dbsm) / sd_db) ** 2


def no_evidence(prior):
    return np.zeros((len(prior.mean), len(LEVELS)))


def moments(log_posterior):
    p = np.exp(log_posterior)
    mean = p @ LEVELS
    return mean, np.sqrt(p @ LEVELS**2 - mean**2)


def test_without_evidence_the_field_says_what_the_catalogue_says():
    prior = priors().fields[0]
    p10, p50, p90 = catalog.types()["lo-fighter"].signature["S"].offset_db.quantile_range()
    mean, sd = moments(prior.catalogue.log_posterior)
    s_band = slice(N_CELLS, 2 * N_CELLS)
    assert p90 - p10 == 30.0
    # the public 30 dB between the 10 and 90 % points, and the departure of a cell's mean
    assert np.all(sd[s_band] > 30.0 / 2.563)
    assert np.all(sd[s_band] < np.hypot(30.0 / 2.563, 5.0))
    np.testing.assert_allclose(mean[s_band], prior.mean[s_band], atol=0.05)


def test_a_two_sided_spread_keeps_its_own_law():
    # VHF: -10 and +4 dB about the median; the cell's departure is small beside it here
    jet = catalog.types()["lo-fighter"].model_copy(update={"cell_sigma_db": scene.card().cell_sigma_db})
    prior = priors("lo-fighter", bands=("VHF",), cards={"lo-fighter": jet}).fields[0]
    assert len(prior.scores) == 1
    below = np.exp(prior.catalogue.log_posterior).cumsum(axis=1)
    median = prior.mean - prior.scores[0].mean
    for offset, share in ((-10.0, 0.1), (0.0, 0.5), (4.0, 0.9)):
        at = [np.interp(m + offset, LEVELS + 0.25, row) for m, row in zip(median, below, strict=True)]
        np.testing.assert_allclose(at, share, atol=0.025)  # the score is summed out in steps of 1.2 dB


def test_the_kernel_meets_its_plain_twin():
    rng = np.random.default_rng(2)
    n = 5
    root = rng.normal(size=(n, n)) * 4.0
    cov, mean = root @ root.T + 2.0 * np.eye(n), rng.normal(size=n) * 5.0
    site = np.array([bump(rng.normal() * 8.0, rng.uniform(1.0, 6.0)) for _ in range(n)])
    site[2] = np.log(0.3 + np.exp(site[2]))  # a doubtful flight
    tau, nu = np.zeros(n), np.zeros(n)
    first, step = np.full(n, LEVELS[0]), np.full(n, 0.5)
    assert _kernels_field.propagate(mean, cov, site, first, step, tau, nu, 200, 1e-10) < 200
    slow_tau, slow_nu = plain.propagate(mean, cov, site, [LEVELS] * n, sweeps=60)
    np.testing.assert_allclose(tau, slow_tau, rtol=1e-5, atol=1e-9)
    np.testing.assert_allclose(nu, slow_nu, rtol=1e-5, atol=1e-7)


def test_marginals_of_the_kernels_meet_sums_over_the_whole_grid():
    # one level and one score of a law of its own: the exact marginal is a double sum
    var, var_w, cov_w = 40.0, 25.0, 24.0
    w = np.linspace(-30.0, 30.0, 221)
    ratio = np.where(w < 0.0, -0.002 * w * w, 0.004 * w)
    site = bump(4.0, 3.0)[None]
    x = LEVELS[:, None]
    joint = np.linalg.inv(np.array([[var, cov_w], [cov_w, var_w]]))
    quad = joint[0, 0] * x * x + 2.0 * joint[0, 1] * x * w + joint[1, 1] * w * w
    log_weight = -0.5 * quad + ratio[None] + site[0][:, None]
    exact = np.exp(log_weight - log_weight.max()).sum(axis=1)
    out = np.empty((1, len(LEVELS)))
    zero = np.zeros(1)
    _kernels_field.skewed_marginals(
        zero, np.array([var]), zero, zero, site, np.zeros(1, np.int64), LEVELS[0], 0.5, 0.0, var_w, np.array([cov_w]),
        0.0, 0.0, ratio, w[0], w[1] - w[0], 1, out,
    )  # fmt: skip
    np.testing.assert_allclose(np.exp(out[0]), exact / exact.sum(), atol=1e-12)
    _kernels_field.marginals(zero, np.array([var]), zero, zero, site, np.zeros(1, np.int64), LEVELS[0], 0.5, out)
    normal = np.exp(-0.5 * LEVELS**2 / var + site[0])
    np.testing.assert_allclose(np.exp(out[0]), normal / normal.sum(), atol=1e-12)


def test_the_posterior_agrees_with_weighing_a_million_draws_of_the_prior():
    # independent of expectation propagation: importance sampling, whose own error sets the tolerance
    rng = np.random.default_rng(4)
    prior = priors("lo-fighter", bands=("VHF", "S")).fields[0]
    n = len(prior.mean)
    score = prior.scores[0]
    evidence = no_evidence(prior)
    for at, level, sd in ((2, prior.mean[2] + 6.0, 4.0), (14, prior.mean[14] - 9.0, 6.0), (16, prior.mean[16], 5.0)):
        evidence[at] = np.log(0.1 + np.exp(bump(level, sd)))
    rest = prior.cov - np.outer(score.cov, score.cov) / score.var
    root = np.linalg.cholesky(rest + 1e-9 * np.eye(n))
    b, a = 10.0 / 1.2815515655446, 4.0 / 1.2815515655446

    def draw(count):
        z = rng.standard_normal((count, n)) @ root.T
        side = rng.standard_normal(count)
        w = np.where(side < 0.0, b, a) * side
        return prior.mean + z + (w - score.mean)[:, None] * (score.cov / score.var)

    def log_likelihood(x):
        return sum(np.interp(x[:, at], LEVELS, evidence[at]) for at in (2, 14, 16))

    mean, sd, effective = plain.importance(rng, draw, log_likelihood, n=300_000)
    assert effective > 3e3
    got_mean, got_sd = moments(posterior(prior, evidence).log_posterior)
    # four standard errors of the weighted draws, and a tenth of a deviation for the normal stand-ins
    np.testing.assert_array_less(np.abs(got_mean - mean), 4.0 * sd / np.sqrt(effective) + 0.1 * sd)
    np.testing.assert_array_less(np.abs(got_sd / sd - 1.0), 4.0 / np.sqrt(2.0 * effective) + 0.1)


def test_a_pass_teaches_a_lobe_and_one_band_another():
    prior = priors("lo-fighter").fields[0]
    evidence = no_evidence(prior)
    nose = N_CELLS  # S band
    evidence[nose] = bump(prior.mean[nose] + 12.0, 1.0)
    before, after = moments(prior.catalogue.log_posterior), moments(posterior(prior, evidence).log_posterior)
    moved, narrower = after[0] - before[0], before[1] - after[1]
    assert moved[nose] == pytest.approx(12.0, abs=0.5)
    assert narrower[nose] > narrower[nose + 1] > narrower[nose + 3] > 5.0  # neighbours most, the far side by the offset
    x_band = slice(2 * N_CELLS, None)
    assert np.all(narrower[x_band] > 5.0)  # one guessed shape for S and X
    assert np.all(np.abs(moved[:N_CELLS]) < 1e-6)  # VHF is measured: its offset is its own


def test_radars_of_one_band_share_all_but_their_calibration():
    two = priors("lo-fighter", bands=("S", "S"), calibration_db=1.0).fields[0]
    evidence = no_evidence(two)
    evidence[3] = bump(two.mean[3] + 5.0, 0.3)
    mean, sd = moments(posterior(two, evidence).log_posterior)
    assert mean[N_CELLS + 3] == pytest.approx(two.mean[3] + 5.0, abs=0.3)
    assert 1.0 < sd[N_CELLS + 3] < 1.7  # two calibrations of 1 dB


def test_cells_above_and_below_the_wings_are_alike_as_far_as_they_are_near():
    edges = (-60.0, -15.0, 15.0, 60.0)
    prior = priors("fighter", bands=("S",), elevation_edges_deg=edges).fields[0]
    like = prior.cov - prior.cov[0, -1]
    level, below, far = N_CELLS + 2, 2, 2 * N_CELLS + 2
    assert like[level, level] > like[level, below] > like[below, far] > -1e-9
    assert np.linalg.eigvalsh(prior.cov).min() > 0.0


def rank(row, level):
    return np.interp(level, np.append(LEVELS - 0.25, LEVELS[-1] + 0.25), np.append(0.0, np.exp(row).cumsum()))


def evidence_of_flight(rng, snr_1m2, level_db, n_looks, reach, taps):
    """Exact log-likelihood of looks at one aspect (Swerling 1, threshold for 1e-6), blurred to its cell's level."""
    threshold, snr = -np.log(1e-6), snr_1m2 * 10.0 ** (0.1 * LEVELS)
    z = rng.exponential(size=n_looks) * (1.0 + snr_1m2 * 10.0 ** (0.1 * level_db))
    hits = z[z > threshold]
    row = -len(hits) * np.log1p(snr) - hits.sum() / (1.0 + snr)
    row += (n_looks - len(hits)) * np.log(-np.expm1(-threshold / (1.0 + snr)))
    out = np.empty(len(LEVELS))
    _kernels._blurred(row - row.max(), reach, taps, len(taps) // 2, out)
    return out


def test_levels_drawn_as_the_world_draws_them_lie_anywhere_in_their_posterior():
    # simulation-based calibration (Talts et al., 2018): truth by world.draw_signature, flights at random aspects of a
    # quarter of the cells, hits and misses; ranks of seen and of unseen cells are uniform, and bands cover
    rng = np.random.default_rng(5)
    card, n, bands = catalog.types()["lo-fighter"], 500, ("VHF", "S", "X")
    prior = priors("lo-fighter").fields[0]
    mean = prior.mean.reshape(3, N_CELLS)
    reach, taps = _taps(prior.inside.reshape(3, N_CELLS))
    fine = (np.arange(N_CELLS * 16) + 0.5) * np.pi / (N_CELLS * 16)
    ranks = {(band, seen): [] for band in bands for seen in (True, False)}
    for _ in range(n):
        signature = draw_signature(card, rng)
        truth, evidence = np.empty((3, N_CELLS)), np.zeros((3, N_CELLS, len(LEVELS)))
        looked = rng.random((3, N_CELLS)) < 0.25
        for s, band in enumerate(bands):
            curve = signature.dbsm[signature.row(band)]
            truth[s] = np.interp(fine, signature.aspect_rad, curve).reshape(N_CELLS, 16).mean(axis=1)
            for c in np.flatnonzero(looked[s]):
                for _ in range(rng.integers(1, 4)):
                    level = np.interp((c + rng.random()) * np.pi / N_CELLS, signature.aspect_rad, curve)
                    snr_1m2 = 10.0 ** (0.1 * (rng.normal(12.0, 6.0) - mean[s, c]))
                    n_looks = int(rng.integers(1, 30))
                    evidence[s, c] += evidence_of_flight(rng, snr_1m2, level, n_looks, reach[s, c], taps[s, c])
        rows = posterior(prior, evidence.reshape(-1, len(LEVELS))).log_posterior.reshape(evidence.shape)
        for s, band in enumerate(bands):
            for seen in (True, False):
                cells = np.flatnonzero(looked[s] == seen)
                if len(cells):
                    c = rng.choice(cells)
                    ranks[band, seen].append(rank(rows[s, c], truth[s, c]))
    for one in ranks.values():
        one = np.array(one)
        expected = len(one) / 10.0
        counts = np.histogram(one, bins=10, range=(0.0, 1.0))[0]
        assert ((counts - expected) ** 2 / expected).sum() < 27.9  # 99.9 % point of chi-square, 9 degrees of freedom
        for share in (0.5, 0.9):
            covered = (np.abs(one - 0.5) < 0.5 * share).mean()
            assert abs(covered - share) < 3.3 * np.sqrt(share * (1.0 - share) / len(one))


def test_shares_of_the_chain_rule_add_up_to_the_joint_loss_of_entropy():
    rng = np.random.default_rng(6)
    prior = priors("lo-fighter").fields[0]
    states, evidence = [prior.catalogue], no_evidence(prior)
    total = np.zeros(len(prior.mean))
    for _ in range(3):
        for at in rng.choice(len(prior.mean), 6, replace=False):
            evidence[at] += bump(prior.mean[at] + rng.normal() * 5.0, 2.0)
        states.append(posterior(prior, evidence, states[-1]))
        share = chain_nats(prior, states[-2], states[-1])
        lost = 0.5 * (np.linalg.slogdet(states[-2].cov)[1] - np.linalg.slogdet(states[-1].cov)[1])
        np.testing.assert_allclose(share.sum(), lost, atol=1e-8)
        total += share
    whole = 0.5 * (np.linalg.slogdet(states[0].cov)[1] - np.linalg.slogdet(states[-1].cov)[1])
    np.testing.assert_allclose(total.sum(), whole, atol=1e-8)


def test_a_warm_start_ends_where_a_cold_one_does():
    prior = priors("lo-fighter").fields[0]
    evidence = no_evidence(prior)
    evidence[4] = bump(-20.0, 2.0)
    first = posterior(prior, evidence)
    evidence[20] = bump(-15.0, 2.0)
    warm, cold = posterior(prior, evidence, first), posterior(prior, evidence)
    np.testing.assert_allclose(np.exp(warm.log_posterior), np.exp(cold.log_posterior), atol=2e-3)


def test_revised_knowledge_follows_from_its_evidence_alone():
    some = priors("lo-fighter", "fighter")
    evidence = np.zeros(some.shape)
    evidence[1, 0, 3] = bump(-12.0, 2.0)
    states = [posterior(field, evidence[:, m].reshape(-1, len(LEVELS))) for m, field in enumerate(some.fields)]
    known = table_of(some, states, evidence, np.zeros(some.shape[:3]))
    again = revised(some, known)
    np.testing.assert_array_equal(again.log_posterior, known.log_posterior)
    forgotten = revised(some, type(known)(**{**dict(known.items()), "log_evidence": 0.0 * known.log_evidence}))
    expected = np.concatenate([f.catalogue.log_posterior.reshape(3, 1, N_CELLS, -1) for f in some.fields], axis=1)
    np.testing.assert_allclose(forgotten.log_posterior, expected.reshape(forgotten.log_posterior.shape), atol=1e-12)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sensor": 7}, "sensor row 7"),
        ({"type": 5}, "type row 5"),
        ({"configuration": 1}, "configuration 1"),
        ({"aspect_rad": 0.5}, "cells"),
        ({"elevation_rad": 0.2}, "cells"),
        ({"log_evidence": np.nan}, "finite"),
    ],
)
def test_knowledge_of_another_run_is_refused(change, message):
    some = priors("fighter")
    known = table_of(some, [f.catalogue for f in some.fields], np.zeros(some.shape), np.zeros(some.shape[:3]))
    ((name, value),) = change.items()
    column = getattr(known, name).copy()
    column[:1] = value
    with pytest.raises(ValueError, match=message):
        revised(some, type(known)(**{**dict(known.items()), name: column}))


def test_a_type_without_a_card_or_a_band_is_refused():
    with pytest.raises(ValueError, match="no card for type jet"):
        priors("jet")
    with pytest.raises(ValueError, match="no signature in band L"):
        make_priors(
            radars=[scene.radar(frequency_hz=1.3e9)], types=("a",), cards={"a": scene.card()}, config=FieldConfig()
        )


def test_reflectors_make_a_second_configuration_where_the_lens_works():
    some = priors("fighter", "lo-fighter", reflectors=True)
    assert some.type.tolist() == [0, 1, 1]
    assert some.configuration.tolist() == [0, 0, 1]
    clean, dressed = (moments(some.fields[m].catalogue.log_posterior) for m in (1, 2))
    vhf, x_band = slice(0, N_CELLS), slice(2 * N_CELLS, None)
    np.testing.assert_allclose(dressed[0][vhf], clean[0][vhf], atol=1.0)  # nothing at metre waves
    lens = [2 * N_CELLS + c for c in (2, 3, 8, 9)]  # 45 and 135 degrees off the nose
    assert np.all(dressed[0][lens] > clean[0][lens] + 8.0)
    assert np.all(dressed[1][lens] < 0.8 * clean[1][lens])
    assert np.all(dressed[0][x_band] > clean[0][x_band])


def test_the_mean_and_spread_of_a_dressed_jet_are_those_of_drawn_ones():
    rng = np.random.default_rng(7)
    some = priors("lo-fighter", reflectors=True)
    jet, n = catalog.types()["lo-fighter"], 4000
    fine = (np.arange(N_CELLS * 16) + 0.5) * np.pi / (N_CELLS * 16)
    drawn = np.empty((n, 3, N_CELLS))
    for i in range(n):
        worn = with_reflectors(draw_signature(jet, rng), jet, rng, FREQUENCIES_HZ)
        for s, band in enumerate(FREQUENCIES_HZ):
            assert band_of(FREQUENCIES_HZ[band]) == band
            curve = np.interp(fine, worn.aspect_rad, worn.dbsm[worn.row(band)])
            drawn[i, s] = curve.reshape(N_CELLS, 16).mean(axis=1)
    mean, sd = moments(some.fields[1].catalogue.log_posterior)
    # a regression stands for the sum of two powers: mean to a decibel and spread to a quarter
    np.testing.assert_allclose(mean.reshape(3, N_CELLS), drawn.mean(axis=0), atol=1.2)
    np.testing.assert_allclose(sd.reshape(3, N_CELLS) / drawn.std(axis=0), 1.0, atol=0.25)


def test_settings_that_make_no_sense_are_refused():
    for wrong in ({"elevation_edges_deg": (10.0, -10.0)}, {"elevation_edges_deg": (-95.0, 0.0)}, {"cell_deg": 50.0}):
        with pytest.raises(ValueError, match="wanted|divide"):
            FieldConfig(**wrong)


def test_a_dressed_flight_teaches_the_clean_jet_where_its_reflectors_add_nothing():
    jet = catalog.types()["lo-fighter"]
    for band, leaks in (("VHF", True), ("X", False)):
        one = scene.learner(
            {"lo-fighter": jet}, radars=[scene.radar(frequency_hz=FREQUENCIES_HZ[band])], reflectors="known",
            p_reflectors=0.98, label_reliability=1.0 - 1e-9, p_other=1e-6,
        )  # fmt: skip
        flying = scene.inbound(1, label=0)
        level = moments(one.knowledge.log_posterior)[0][one.knowledge.configuration == 1][0]
        snr = scene.snr_1m2(flying, scene.radar(frequency_hz=FREQUENCIES_HZ[band])) * 10.0 ** (0.1 * (level + 3.0))
        power = scene.swerling1(np.random.default_rng(1), snr, 60)
        one.step(flying, scene.looks(flying, power))
        clean, dressed = (one.evidence().configuration == c for c in (0, 1))
        rows = one.close_flight()
        assert dressed.any()
        assert (rows.n_looks[rows.configuration == 0].sum() > 50.0) == leaks
        assert clean.any() == leaks or one.knowledge.n_looks[one.knowledge.configuration == 0].sum() < 10.0
        sd = moments(one.knowledge.log_posterior)[1]
        before = moments(one.priors.fields[0].catalogue.log_posterior)[1]
        assert (sd[one.knowledge.configuration == 0][0] < 0.7 * before[0]) == leaks
