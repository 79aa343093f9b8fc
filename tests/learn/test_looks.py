"""What a learner makes of hits and misses: exact anchors, no bias, effective looks."""

import numpy as np
import pytest

from tests.learn import scene
from watchfloor.base.picture import SIGMA_GRID_DBSM
from watchfloor.learn.curves import mean_sd_dbsm
from watchfloor.physics.fluctuation import decorrelation_rad


def flat_card(**options):
    return scene.card(offset=(-400.0, 0.0, 400.0), **options)


def teach(power, **settings):
    """Posterior mean and sd [dB] of one type after labelled looks (n, k) at nose-on tracks."""
    one = scene.learner({"a": flat_card()}, label_reliability=1.0 - 1e-9, **settings)
    flying = scene.inbound(len(power), label=0)
    one.step(flying, scene.looks(flying, power))
    known = one.knowledge
    return tuple(float(v[0]) for v in mean_sd_dbsm(known.log_posterior))


@pytest.mark.parametrize(("k", "sd_db"), [(1, 5.57), (4, 2.31), (16, 1.10), (64, 0.546)])
def test_sd_after_k_looks_at_a_swerling_1_echo_is_that_of_its_inverse_gamma_posterior(k, sd_db):
    # sd of ln(sigma) given k exponentials under a flat prior in decibels: sqrt(trigamma(k)), times 4.343
    rng = np.random.default_rng(k)
    snr = scene.snr_1m2(scene.inbound(1))
    assert snr[0] > 1e3
    _, sd = teach(scene.swerling1(rng, snr, k, pfa=0.5))
    np.testing.assert_allclose(sd, sd_db, rtol=0.01)


def test_misses_take_away_the_bias_that_hits_alone_have():
    # Swerling 1 at 10 dB, threshold for 1e-6: mean power of a hit is threshold + 1 + snr, so hits alone say
    # 13.8 + 10 instead of 10, which is +3.77 dB; the censored posterior is unbiased
    rng = np.random.default_rng(5)
    n, k = 40, 100
    flying = scene.inbound(n, label=np.arange(n))
    true_dbsm = 10.0 * np.log10(10.0 / scene.snr_1m2(flying)[0])
    power = scene.swerling1(rng, np.full(n, 10.0), k)
    n_hits = int(np.isfinite(power).sum())
    naive_db = 10.0 * np.log10((np.nanmean(power) - 1.0) / 10.0)
    mean_of_hits_sd = 11.0 / np.sqrt(n_hits)
    np.testing.assert_allclose(naive_db, 3.77, atol=4.0 * 4.343 * mean_of_hits_sd / 23.8)

    one = scene.learner({f"t{i}": flat_card() for i in range(n)}, label_reliability=1.0 - 1e-9)
    one.step(flying, scene.looks(flying, power))
    known = one.knowledge
    mean, sd = mean_sd_dbsm(known.log_posterior.reshape(n, 12, -1)[:, 0])
    tolerance = 4.0 * np.sqrt((sd**2).mean() / n)
    assert tolerance < 0.7
    assert abs(mean.mean() - true_dbsm) < tolerance


def test_a_track_that_is_never_detected_still_teaches():
    mean, _ = teach(np.full((4, 20), np.nan))
    snr = scene.snr_1m2(scene.inbound(4))[0]
    assert mean < 10.0 * np.log10(13.8 / snr)  # below what one look would see half the time


def test_posterior_of_the_level_is_calibrated():
    # simulation-based calibration: the rank of the truth in its posterior is uniform
    rng = np.random.default_rng(2024)
    n, k = 300, 6
    flying = scene.inbound(n, label=np.arange(n))
    snr = scene.snr_1m2(flying)
    base_db = -10.0 * np.log10(snr[0]) + 12.0  # so that some looks hit and some miss
    card = scene.card(level=float(base_db), offset=(-7.0, 0.0, 9.0))
    one = scene.learner({f"t{i}": card for i in range(n)}, label_reliability=1.0 - 1e-9)
    z = rng.standard_normal(n)
    level = base_db + np.where(z < 0.0, 7.0, 9.0) / 1.2815515655446004 * z
    power = scene.swerling1(rng, snr * 10.0 ** (0.1 * level), k)
    share = np.isfinite(power).mean()
    assert 0.2 < share < 0.8
    one.step(flying, scene.looks(flying, power))
    known = one.knowledge
    first = known.log_posterior.reshape(n, -1, len(SIGMA_GRID_DBSM))[:, 0]
    edges = np.append(SIGMA_GRID_DBSM - 0.25, SIGMA_GRID_DBSM[-1] + 0.25)
    below = np.concatenate((np.zeros((n, 1)), np.exp(first).cumsum(axis=1)), axis=1)
    rank = np.array([np.interp(one_level, edges, row) for one_level, row in zip(level, below, strict=True)])
    counts = np.histogram(rank, bins=10, range=(0.0, 1.0))[0]
    chi2 = ((counts - n / 10) ** 2 / (n / 10)).sum()
    assert chi2 < 27.9  # 99.9 % point of chi-square with 9 degrees of freedom


def test_looks_at_one_aspect_count_as_the_aspect_swept_and_the_wander_of_the_attitude():
    radar = scene.radar(frequency_hz=170e6)
    one = scene.learner({"a": scene.card(length_m=15.0)}, radars=[radar], attitude_deg=0.3, label_reliability=1 - 1e-9)
    flying = scene.inbound(1, label=0)
    one.step(flying, scene.looks(flying, np.full((1, 11), 40.0)))
    known = one.knowledge
    share = np.radians(0.3) * np.sqrt(2.0) / decorrelation_rad(299_792_458.0 / 170e6, 15.0)
    np.testing.assert_allclose(known.n_looks.sum(), 1.0 + 10.0 * np.tanh(share), rtol=1e-6)


def test_a_heading_change_within_the_tracks_own_doubt_adds_no_looks():
    radar = scene.radar(frequency_hz=170e6)
    n_looks = {}
    for sd_mps in (1.0, 60.0):
        one = scene.learner({"a": scene.card()}, radars=[radar], attitude_deg=0.0, label_reliability=1.0 - 1e-9)
        flying = scene.inbound(1, label=0, sd_mps=sd_mps)
        seen = scene.looks(flying, np.full((1, 2), 40.0))
        east = np.array([0.0, 15.0])[:, None] * (np.array([1.0, 0.0, 0.0]) @ scene.PLACE.rotation)
        seen = type(seen)(**{**dict(seen.items()), "velocity_ecef_mps": seen.velocity_ecef_mps + east})
        one.step(flying, seen)
        n_looks[sd_mps] = one.knowledge.n_looks.sum()
    assert n_looks[60.0] == pytest.approx(1.0, abs=1e-6)
    assert n_looks[1.0] > 1.3


def test_a_look_below_the_horizon_teaches_nothing():
    one = scene.learner({"a": scene.card()})
    flying = scene.inbound(1, label=0, range_m=450e3)
    low = type(flying)(**{**dict(flying.items()), "position_ecef_m": flying.position_ecef_m * (1.0 - 0.008)})
    before = one.knowledge
    one.step(low, scene.looks(low, np.full((1, 3), np.nan)))
    known = one.knowledge
    assert np.array_equal(known.log_posterior, before.log_posterior)
    assert len(one.evidence()) == 0


def test_a_threshold_outside_its_domain_is_refused():
    one = scene.learner({"a": scene.card()})
    flying = scene.inbound(1, label=0)
    with pytest.raises(ValueError, match="pfa of a look"):
        one.step(flying, scene.looks(flying, np.full((1, 1), np.nan), pfa=0.0))


def turned(flying, seen, aspect_deg):
    """Give the looks at one nose-on track the headings that show the radar these aspects."""
    to_enu = scene.PLACE.rotation
    east, north, _ = to_enu @ flying.velocity_ecef_mps[0]
    heading = np.arctan2(east, north) + np.radians(aspect_deg)
    velocity = 250.0 * np.column_stack((np.sin(heading), np.cos(heading), np.zeros(len(heading)))) @ to_enu
    return type(seen)(**{**dict(seen.items()), "velocity_ecef_mps": velocity})


def n_looks(aspect_deg, *, sd_mps=5.0, **settings):
    """Effective looks that teach, when the aspects of successive looks, 10 s apart, are these."""
    one = scene.learner({"a": scene.card()}, label_reliability=1.0 - 1e-12, **settings)
    flying = scene.inbound(1, label=0, sd_mps=sd_mps)
    seen = turned(flying, scene.looks(flying, np.full((1, len(aspect_deg)), 60.0)), np.asarray(aspect_deg))
    one.step(flying, seen)
    return one.knowledge.n_looks


def test_looks_in_a_turn_are_left_out():
    straight, turn = [2.0] * 4, [2.0, 2.0, 32.0, 62.0, 67.0, 67.0]
    assert n_looks(straight).sum() == pytest.approx(4.0)
    assert n_looks(turn, turn_max_degps=0.5).sum() == pytest.approx(4.0)  # those at 32 and 62 degrees go
    assert n_looks(turn, turn_max_degps=1e6).sum() == pytest.approx(6.0)


def test_looks_near_the_border_of_a_cell_are_left_out_by_the_doubt_of_the_heading():
    # 5 m/s in 250 is 1.15 degrees: 1.3 deviations are 1.5 degrees
    assert n_looks([13.0])[0] == pytest.approx(1.0)
    assert n_looks([14.0]).sum() == 0.0
    assert n_looks([16.0]).sum() == 0.0
    assert n_looks([17.0])[1] == pytest.approx(1.0)
    assert n_looks([14.0], border_sigmas=0.0)[0] == pytest.approx(1.0)
    assert n_looks([0.0], sd_mps=60.0)[0] == pytest.approx(1.0)  # the nose is no border
    assert n_looks([22.5], sd_mps=200.0)[1] == pytest.approx(1.0)  # the middle fifth always teaches
    assert n_looks([20.0], sd_mps=200.0).sum() == 0.0
