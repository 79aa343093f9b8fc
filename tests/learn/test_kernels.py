"""The compiled loops against their plain twins."""

import numpy as np
import pytest

from tests.learn import scene
from tests.plain import learn as plain
from watchfloor.base.picture import SIGMA_GRID_DBSM
from watchfloor.learn import _kernels, update


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


def test_posterior_evidence_and_expected_pd_agree_with_the_plain_twin():
    rng = np.random.default_rng(11)
    cards = {
        "a": scene.card(level=3.0, swerling=1),
        "b": scene.card(level=-9.0, swerling=3),
        "c": scene.card(level=-9.0, swerling=1, length_m=40.0),
    }
    one = scene.learner(cards, min_probability=0.0, association=0.97)
    flying = scene.inbound(3, label=[0, 1, -1])
    power = scene.swerling1(rng, scene.snr_1m2(flying) * 0.3, 5, pfa=1e-6)
    prior = one._library.start[0, :, 0].copy()
    other = np.log(one._library.start_probability[0, -1, 0])
    identities, _ = one.step(flying, scene.looks(flying, power))
    known = one.knowledge
    snr = scene.snr_1m2(flying)
    swerlings = [1, 3, 1, 1]
    rows = {
        law: [
            np.array(
                [plain.log_likelihood(snr[i], p, 1e-6, n_pulses=1, swerling=law, association=0.97) for p in power[i]]
            )
            for i in range(3)
        ]
        for law in (1, 3)
    }
    # tracks 0 and 1 declare types 0 and 1, and teach them; track 2 is new and unlabelled, and teaches nothing
    for type_ in range(2):
        expected = plain.posterior(prior[type_], rows[swerlings[type_]][type_], [0.98] * 5)
        got = known.log_posterior[(known.type == type_) & (known.aspect_rad < 0.2)][0]
        likely = expected > -15.0
        np.testing.assert_allclose(got[likely], expected[likely], atol=0.01)
    assert np.array_equal(known.log_posterior[known.type == 2], one._library.start[0, 2])
    log_p = np.array([plain.log_evidence(np.exp([*prior, other][t]), rows[swerlings[t]][2]) for t in range(4)])
    p = np.array([0.3, 0.3, 0.3, 0.1]) * np.exp(log_p - log_p.max())
    np.testing.assert_allclose(identities.probability[2], p / p.sum(), atol=2e-3)

    tasks = one.task(flying, identities, until_s=0.0)
    own = [np.exp(r - r.max()) for r in (rows[law][2].sum(axis=0) for law in swerlings)]
    expected_pd = plain.expected_pd(
        snr[2],
        float(tasks.pfa[2]),
        identities.probability[2],
        np.exp([*prior, other]),
        own,
        n_pulses=1,
        swerlings=swerlings,
    )
    np.testing.assert_allclose(tasks.pd[2], expected_pd, atol=1e-3)


def test_warming_up_compiles_what_a_run_calls():
    _kernels.warm()
    one = scene.learner({"a": scene.card()}, min_probability=0.0)
    flying = scene.inbound(2)
    for t in range(2):
        identities, _ = one.step(flying, scene.looks(flying, np.full((2, 2), 40.0), first_s=100.0 * t))
        one.task(flying, identities, until_s=100.0 * t)
    for kernel in (_kernels.absorb, _kernels.expected_pd, _kernels.density_table):
        assert len(getattr(kernel, "signatures", [None])) == 1
