"""The compiled loops against their plain twins."""

import numpy as np
import pytest
from scipy import special

from tests.learn import scene
from tests.plain import learn as plain
from watchfloor.base.picture import SIGMA_GRID_DBSM
from watchfloor.learn import _kernels, update
from watchfloor.learn.library import LOG_SCORE_WEIGHT, SCORES, _taps


def row_of(n_pulses, swerling, snr_1m2_db, power_db, pfa=1e-6, association=1.0):
    """Row of one look through the tables."""
    out, taps = np.empty(len(SIGMA_GRID_DBSM)), np.empty(4)
    base = snr_1m2_db + float(SIGMA_GRID_DBSM[0])
    if np.isnan(power_db):
        _kernels._lattice_row(update.miss_row(pfa, n_pulses, swerling, association), update.LATTICE, base, taps, out)
    else:
        _kernels._hit_row(update.hit_table(n_pulses, swerling), update.LATTICE, power_db, base, taps, out)
    return out


@pytest.mark.parametrize(("n_pulses", "swerling"), [(1, 0), (1, 1), (1, 3), (4, 1), (4, 2), (4, 3), (4, 4), (4, 0)])
@pytest.mark.parametrize(("snr_1m2_db", "power_db"), [(13.3, 14.2), (40.26, 17.91), (-20.1, 12.0), (25.0, 29.7)])
def test_a_hit_row_from_the_table_is_the_exact_density(n_pulses, swerling, snr_1m2_db, power_db):
    exact = plain.log_likelihood(
        10.0 ** (0.1 * snr_1m2_db),
        10.0 ** (0.1 * power_db),
        1e-6,
        n_pulses=n_pulses,
        swerling=swerling,
        association=1.0,
    )
    row = row_of(n_pulses, swerling, snr_1m2_db, power_db)
    likely = exact > exact.max() - 12.0
    np.testing.assert_allclose(row[likely], exact[likely], atol=0.02 if swerling == 0 else 2e-3)
    assert np.all(row[~likely] < exact.max() - 11.0)


@pytest.mark.parametrize("swerling", [1, 3])
def test_a_hit_far_above_the_noise_depends_on_power_over_signal_alone(swerling):
    exact = plain.log_likelihood(1e6, 1e5, 1e-6, n_pulses=1, swerling=swerling, association=1.0)
    row = row_of(1, swerling, 60.0, 50.0)
    likely = exact > exact.max() - 10.0
    np.testing.assert_allclose(
        row[likely], exact[likely], atol=0.02
    )  # 13 times noise over signal at 29 dB, the lowest level left


@pytest.mark.parametrize(("n_pulses", "swerling"), [(1, 1), (1, 3), (4, 2)])
@pytest.mark.parametrize("association", [1.0, 0.95])
def test_a_miss_row_is_the_exact_probability(n_pulses, swerling, association):
    options = {"n_pulses": n_pulses, "swerling": swerling, "association": association}
    exact = plain.log_likelihood(10.0**1.53, np.nan, 1e-5, **options)
    row = row_of(n_pulses, swerling, 15.3, np.nan, 1e-5, association)
    likely = exact > -20.0
    np.testing.assert_allclose(row[likely], exact[likely], atol=5e-3)


def test_a_blurred_row_is_the_slow_convolution_far_down_too():
    row = -0.5 * ((SIGMA_GRID_DBSM + 10.0) / 1.5) ** 2  # two thousand nats at the ends
    reach, taps = _taps(np.array([3.0]))
    out = np.empty_like(row)
    _kernels._blurred(row, reach[0], taps[0], taps.shape[1] // 2, out)
    exact = plain.blurred(row, 3.0)
    near = exact > -500.0
    np.testing.assert_allclose(out[near], exact[near], atol=1e-9)
    np.testing.assert_allclose(out[~near], exact[~near], atol=3.0)  # there the largest term stands for the sum
    _kernels._blurred(row, 0, taps[0], taps.shape[1] // 2, out)
    np.testing.assert_array_equal(out, row)


def test_a_level_given_its_score_is_the_plain_copula():
    rng = np.random.default_rng(1)
    level = np.exp(-0.5 * ((SIGMA_GRID_DBSM - 3.0) / np.where(SIGMA_GRID_DBSM < 3.0, 9.0, 2.0)) ** 2)
    level /= level.sum()
    middle = level.cumsum() - 0.5 * level
    out = np.empty((1, len(level), len(SCORES)))
    xi = special.ndtri(np.clip(middle, 1e-12, 1.0 - 1e-12))
    for rho in (0.0, 0.5, 0.95):
        _kernels.score_tables(level[None], xi[None], np.array([rho]), SCORES, out)
        np.testing.assert_allclose(out[0].T, plain.scored(level, rho, SCORES), atol=1e-12)
        np.testing.assert_allclose(out[0] @ np.exp(LOG_SCORE_WEIGHT), level, atol=3e-4)  # one cell alone: its own law
    likely = np.exp(-0.5 * ((SIGMA_GRID_DBSM - rng.normal()) / 4.0) ** 2)
    np.testing.assert_allclose(np.exp(LOG_SCORE_WEIGHT) @ (likely @ out[0]), level @ likely, rtol=1e-3)


def test_posterior_evidence_and_expected_pd_agree_with_the_plain_twin():
    rng = np.random.default_rng(11)
    cards = {
        "a": scene.card(level=3.0, swerling=1),
        "b": scene.card(level=-9.0, swerling=3),
        "c": scene.card(level=-9.0, swerling=1, length_m=40.0),
    }
    one = scene.learner(cards, association=0.97)
    flying = scene.inbound(3, label=[0, 1, -1])
    power = scene.swerling1(rng, scene.snr_1m2(flying) * 0.3, 5, pfa=1e-6)
    library = one._library
    level, start = library.level[0, :, 0].copy(), library.start[0, :, 0].copy()
    identities, _ = one.step(flying, scene.looks(flying, power))
    known = one.knowledge
    snr = scene.snr_1m2(flying)
    swerlings = [1, 3, 1, 1]
    rows = {
        law: [
            np.array(
                [plain.log_likelihood(snr[i], p, 1e-6, n_pulses=1, swerling=law, association=0.97) for p in power[i]]
            ).sum(axis=0)
            for i in range(3)
        ]
        for law in (1, 3)
    }
    for type_ in range(3):
        log_p = np.log(level[type_])
        for i in range(3):
            log_p = log_p + plain.taught(level[type_], rows[swerlings[type_]][i], identities.probability[i, type_])
        expected = log_p - np.logaddexp.reduce(log_p)
        got = known.log_posterior[(known.type == type_) & (known.aspect_rad < 0.2)][0]
        likely = expected > -12.0
        np.testing.assert_allclose(got[likely], expected[likely], atol=0.02)
    log_e = np.array([plain.log_evidence(start[t], rows[swerlings[t]][2][None]) for t in range(4)])
    p = np.array([0.3, 0.3, 0.3, 0.1]) * np.exp(log_e - log_e.max())
    np.testing.assert_allclose(identities.probability[2], p / p.sum(), atol=2e-3)

    tasks = one.task(flying, identities, until_s=0.0)
    own = [np.exp(r - r.max()) for r in (rows[law][2] for law in swerlings)]
    expected_pd = plain.expected_pd(
        snr[2], float(tasks.pfa[2]), identities.probability[2], start, own, n_pulses=1, swerlings=swerlings
    )
    np.testing.assert_allclose(tasks.pd[2], expected_pd, atol=1e-3)


def test_evidence_of_two_cells_counts_their_common_doubt_once():
    # 15 dB of doubt in common, 2 dB of a cell's own: two cells that both show +15 dB are one surprise, not two
    card = scene.card(offset=(-19.2, 0.0, 19.2), cell_sigma_db=2.0)
    one = scene.learner({"a": card}, p_other=0.5, other_sd_db=15.0, other_cell_db=14.99)
    flying = scene.inbound(1)
    side = scene.tracks(1, heading_rad=1.2)
    assert scene.cells(side)[0] != scene.cells(flying)[0]
    p = []
    for k, shown in enumerate((flying, side)):
        power = 10.0**1.5 * scene.snr_1m2(shown)[:, None] * np.ones((1, 60))
        rng = np.random.default_rng(k)
        power = power * rng.exponential(size=power.shape)
        seen = scene.looks(shown, power, first_s=1.0 + 1e4 * k)
        p.append(one.step(flying, type(seen)(**{**dict(seen.items()), "track": np.full(60, flying.number[0])}))[0])
    first, second = (row.probability[0, 0] for row in p)
    assert second > first  # the second agrees with the first, which "other" would not have foretold
    assert second > 0.7


def test_warming_up_compiles_what_a_run_calls():
    _kernels.warm()
    one = scene.learner({"a": scene.card()})
    flying = scene.inbound(2)
    for t in range(2):
        identities, _ = one.step(flying, scene.looks(flying, np.full((2, 2), 40.0), first_s=100.0 * t))
        one.task(flying, identities, until_s=100.0 * t)
    one.close_flight()
    for kernel in (_kernels.absorb, _kernels.expected_pd, _kernels.density_table, _kernels.teach, _kernels.evidence):
        assert len(getattr(kernel, "signatures", [None])) == 1
