"""The power of a plot as a feature: its ratio, and the levels of tracks that it learns."""

import math

import numpy as np
import pytest

from tests.plain import amplitudes as plain
from watchfloor.physics import detection
from watchfloor.track import amplitude as a

NAN = math.nan
PFA = 1e-6


class Pulses:
    """As much of a radar as the feature asks for."""

    def __init__(self, n_pulses):
        self.n_pulses = n_pulses


def statistic(rng, snr, n, *, n_pulses=1, swerling=1):
    """Draw n statistics over mean noise of one pulse, each over n_pulses."""
    k = detection.shape(swerling, n_pulses)
    gamma = np.ones(n) if math.isinf(k) else rng.gamma(k, 1.0 / k, n)
    i, q = rng.normal(0.0, math.sqrt(0.5), (2, n))
    rest = rng.gamma(n_pulses - 1.0, 1.0, n) if n_pulses > 1 else np.zeros(n)
    return detection.statistic(np.full(n, snr), gamma, i, q, rest, n_pulses) / n_pulses


@pytest.mark.parametrize(
    ("n_pulses", "swerling", "doubt", "within"),
    [(1, 1, 1.0, 0.05), (1, 1, 7.3, 0.05), (1, 0, 1.0, 0.2), (1, 0, 3.0, 0.1), (5, 1, 4.0, 0.05), (8, 3, 2.0, 0.1),
     (10, 2, 2.0, 0.1)],
)  # fmt: skip
def test_the_ratio_agrees_with_the_integral(n_pulses, swerling, doubt, within):
    amplitude = a.Amplitude(Pulses(n_pulses), swerling=swerling, p_other=0.0)
    rng = np.random.default_rng(1)
    threshold_db = 10.0 * np.log10(float(detection.threshold(PFA, n_pulses)) / n_pulses)
    levels = rng.uniform(12.0 if swerling == 0 else 5.0, 40.0, 40)
    reach = 3.0 if swerling == 0 else 8.0  # beyond, a steady target is out of the question
    plots = np.maximum(levels + rng.uniform(-reach, reach, 40), threshold_db)
    t = np.linspace(-6.0, 6.0, 401)
    w = np.exp(-0.5 * t * t)
    for level, plot in zip(levels, plots, strict=True):
        pd = detection.pd(10.0 ** (0.1 * (level + doubt * t)), PFA, n_pulses=n_pulses, swerling=swerling)
        have = amplitude.log_ratio(plot, level, doubt, pd=float((pd * w).sum() / w.sum()), pfa=PFA)
        want = plain.log_ratio(plot, level, doubt, PFA, n_pulses=n_pulses, swerling=swerling)
        assert float(have) == pytest.approx(want, abs=within), (level, plot)


def test_over_noise_the_ratio_has_mean_one():
    amplitude, rng = a.Amplitude(None, p_other=0.0), np.random.default_rng(2)
    pfa, snr_db = 0.01, 3.0  # so weak that the ratio has a variance
    z = -math.log(pfa) + rng.exponential(size=200_000)  # noise that crossed the threshold
    pd = float(detection.pd(10.0**0.3, pfa))
    # the table takes a doubt of 1 dB, its pd is that of the level: both within 1 %
    ratio = np.exp(amplitude.log_ratio(10.0 * np.log10(z), snr_db, 1.0, pd=pd, pfa=pfa))
    assert ratio.mean() == pytest.approx(1.0, abs=4.0 * ratio.std() / math.sqrt(len(z)) + 0.03)


def test_a_ratio_sorts_echoes_from_noise():
    amplitude, rng = a.Amplitude(None), np.random.default_rng(3)
    pfa, snr = 1e-3, 100.0
    z = statistic(rng, snr, 4000)
    echoes = z[z > -math.log(pfa)]
    noise = -math.log(pfa) + rng.exponential(size=len(echoes))
    pd = float(detection.pd(snr, pfa))
    of = [amplitude.log_ratio(10.0 * np.log10(x), 20.0, 2.0, pd=pd, pfa=pfa) for x in (echoes, noise)]
    assert (of[0] > 0.0).mean() > 0.85
    assert (of[1] < 0.0).mean() > 0.85
    # the law of a target in its bulk is z f(z) <= 1/e; that of no law 0.02 over 60 dB
    assert max(x.max() for x in of) < math.log(math.exp(-1.0) / 0.02 * 6.0 * math.log(10.0)) + 0.3
    assert min(x.min() for x in of) > -8.0
    assert amplitude.log_ratio([NAN, 20.0], [20.0, NAN], 2.0, pd=pd, pfa=pfa).tolist() == [0.0, 0.0]


@pytest.mark.parametrize(("n_pulses", "swerling"), [(1, 1), (1, 0), (5, 3)])
def test_one_update_has_the_moments_of_the_posterior(n_pulses, swerling):
    amplitude = a.Amplitude(Pulses(n_pulses), swerling=swerling, drift_db=0.0)
    cases = [(0.0, 10.0, 15.0, 20.0), (0.0, 3.0, 12.0, NAN), (-10.0, 6.0, 20.0, 13.0), (5.0, 10.0, 5.0, 30.0)]
    for level, doubt, gain, plot in cases:
        have = amplitude.learn(
            np.array([level]), np.array([doubt]), gain_db=np.array([gain]), snr_db=np.array([plot]),
            p_hit=np.ones(1), pfa=np.full(1, PFA),
        )  # fmt: skip
        want = plain.posterior(level, doubt, [(gain, plot, PFA)], n_pulses=n_pulses, swerling=swerling)
        assert have[0][0] == pytest.approx(want[0], abs=0.02 * doubt)
        assert have[1][0] == pytest.approx(max(want[1], a.DOUBT_DB[0]), rel=0.05)


def test_an_uncertain_plot_teaches_by_its_share():
    amplitude = a.Amplitude(None, drift_db=0.0)
    one = dict(gain_db=np.array([15.0]), pfa=np.full(1, PFA))
    level, doubt = np.zeros(1), np.full(1, 8.0)
    hit = amplitude.learn(level, doubt, snr_db=np.array([25.0]), p_hit=np.ones(1), **one)
    miss = amplitude.learn(level, doubt, snr_db=np.array([NAN]), p_hit=np.ones(1), **one)
    both = amplitude.learn(level, doubt, snr_db=np.array([25.0]), p_hit=np.array([0.3]), **one)
    assert both[0][0] == pytest.approx(0.3 * hit[0][0] + 0.7 * miss[0][0], abs=1e-9)
    assert both[1][0] > min(hit[1][0], miss[1][0])
    unseen = amplitude.learn(
        level, doubt, gain_db=np.array([-math.inf]), snr_db=np.array([NAN]), p_hit=np.ones(1), pfa=one["pfa"]
    )
    assert (unseen[0][0], unseen[1][0]) == (0.0, 8.0)


@pytest.mark.parametrize("gain_db", [10.0, 20.0])
def test_a_level_is_found_within_its_own_doubt_and_misses_count(gain_db):
    """60 looks at 400 tracks of -3..3 dBsm: at 10 dB most looks miss."""
    rng, n = np.random.default_rng(4), 400
    amplitude, t = a.Amplitude(None, drift_db=0.0), -math.log(PFA)
    truth = rng.uniform(-3.0, 3.0, n)
    level, doubt = np.zeros(n), np.full(n, 10.0)
    hits_only = np.zeros(n), np.full(n, 10.0)
    gain, pfa = np.full(n, gain_db), np.full(n, PFA)
    for _ in range(60):
        power = (1.0 + 10.0 ** (0.1 * (truth + gain_db))) * rng.exponential(size=n)
        plot = np.where(power > t, 10.0 * np.log10(power), NAN)
        level, doubt = amplitude.learn(level, doubt, gain_db=gain, snr_db=plot, p_hit=np.ones(n), pfa=pfa)
        blind = np.where(np.isnan(plot), -math.inf, gain)
        hits_only = amplitude.learn(*hits_only, gain_db=blind, snr_db=plot, p_hit=np.ones(n), pfa=pfa)
    error = level - truth
    # by Fisher's information 4.34 dB / sqrt(60) = 0.56 dB if all are seen; matching moments may cost a third of it
    assert abs(error.mean()) < 4.0 * error.std() / math.sqrt(n) + 0.15
    assert error.std() < (0.75 if gain_db > 15.0 else 1.0)
    assert (hits_only[0] - truth).mean() > (2.0 if gain_db < 15.0 else 0.2)


def test_an_honest_doubt():
    """Errors over doubts: chi-square of 300 tracks after 12 looks each, drawn from the prior."""
    rng, n = np.random.default_rng(5), 1000
    amplitude, t = a.Amplitude(None, drift_db=0.0), -math.log(PFA)
    truth = rng.normal(0.0, 5.0, n)
    level, doubt = np.zeros(n), np.full(n, 5.0)
    for _ in range(8):
        power = (1.0 + 10.0 ** (0.1 * (truth + 15.0))) * rng.exponential(size=n)
        plot = np.where(power > t, 10.0 * np.log10(power), NAN)
        level, doubt = amplitude.learn(
            level, doubt, gain_db=np.full(n, 15.0), snr_db=plot, p_hit=np.ones(n), pfa=np.full(n, PFA)
        )
    nees = np.square((level - truth) / doubt).mean()
    assert abs(nees - 1.0) < 4.0 * math.sqrt(2.0 / n) + 0.1  # and 10 % for matching two moments only


def test_two_targets_of_unlike_size_are_told_apart_better_with_power():
    rng, n = np.random.default_rng(6), 3000
    amplitude, pfa = a.Amplitude(None), 1e-6
    snr = 10.0 ** (0.1 * np.array([15.0, 30.0]))
    z = np.array([statistic(rng, s, n) for s in snr])
    both = (z > -math.log(pfa)).all(axis=0)
    pd = detection.pd(snr, pfa)
    db = 10.0 * np.log10(z[:, both])
    own = [amplitude.log_ratio(db[i], 15.0 * (i + 1), 2.0, pd=pd[i], pfa=pfa) for i in range(2)]
    swapped = [amplitude.log_ratio(db[1 - i], 15.0 * (i + 1), 2.0, pd=pd[i], pfa=pfa) for i in range(2)]
    wrong = (own[0] + own[1] < swapped[0] + swapped[1]).mean()
    assert wrong < 0.15  # by place alone it is one half


def test_a_learned_amplitude_needs_no_law():
    learned, rng = a.LearnedAmplitude(), np.random.default_rng(7)
    for _ in range(300):
        false, true = rng.normal(14.0, 2.0, 20), rng.normal(25.0, 4.0, 10)
        power = np.concatenate([false, true, [NAN]])
        learned.learn(power, np.concatenate([np.full(20, 0.95), np.full(10, 0.05), [1.0]]))
    middles = np.array([13.25, 19.25, 25.25])
    ratio = learned.log_ratio(np.array([*middles, NAN]))
    # shares of the two histograms: 20 x 0.95 + 10 x 0.05 false plots a scan and so on
    noise, target = (np.exp(-0.5 * ((middles - m) / s) ** 2) / s for m, s in ((14.0, 2.0), (25.0, 4.0)))
    want = np.log((10 * 0.95 * target + 20 * 0.05 * noise) / 10.5) - np.log(
        (20 * 0.95 * noise + 10 * 0.05 * target) / 19.5
    )
    np.testing.assert_allclose(ratio[:3], want, atol=0.25)
    assert ratio[3] == 0.0
    other = a.LearnedAmplitude()
    np.testing.assert_array_equal(other.log_ratio(middles), 0.0)
    other.restore(learned.save())
    np.testing.assert_array_equal(other.log_ratio(middles), ratio[:3])


AMPLITUDE, LEARNED = a.Amplitude(None), a.LearnedAmplitude()
ONE = np.ones(1)


@pytest.mark.parametrize(
    ("how", "says"),
    [
        (lambda: a.Amplitude(None, swerling=5), "swerling"),
        (lambda: a.Amplitude(None, drift_db=NAN), "drift_db"),
        (lambda: a.Amplitude(None, p_other=1.0), "p_other"),
        (lambda: AMPLITUDE.log_ratio(1.0, 1.0, 1.0, pd=0.0, pfa=0.1), "pd must"),
        (lambda: AMPLITUDE.log_ratio(1.0, 1.0, 1.0, pd=0.5, pfa=NAN), "pfa must"),
        (lambda: AMPLITUDE.learn(ONE, ONE, gain_db=ONE, snr_db=ONE, p_hit=2.0 * ONE, pfa=0.1 * ONE), "p_hit"),
        (lambda: AMPLITUDE.learn(ONE, ONE, gain_db=ONE, snr_db=ONE, p_hit=ONE, pfa=ONE), "pfa must"),
        (lambda: AMPLITUDE.learn(ONE, ONE, gain_db=np.ones(2), snr_db=ONE, p_hit=ONE, pfa=0.1 * ONE), "gain_db"),
        (lambda: a.LearnedAmplitude(first_db=5.0, last_db=5.0), "first_db"),
        (lambda: a.LearnedAmplitude(n_bins=1), "n_bins"),
        (lambda: a.LearnedAmplitude(memory_scans=0.0), "memory_scans"),
        (lambda: a.LearnedAmplitude(prior_plots=NAN), "prior_plots"),
        (lambda: LEARNED.learn(ONE, np.ones(2)), "p_false"),
        (lambda: LEARNED.learn(ONE, 2.0 * ONE), "p_false"),
        (lambda: LEARNED.restore({}), "bins"),
        (lambda: a.unknown_log_ratio(10.0, snr_min=2.0, snr_max=1.0, pfa=0.1), "snr_min"),
        (lambda: a.unknown_log_ratio(10.0, snr_min=1.0, snr_max=2.0, pfa=1.0), "pfa"),
    ],
)
def test_errors_name_the_argument(how, says):
    with pytest.raises(ValueError, match=says):
        how()
