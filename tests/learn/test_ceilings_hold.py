"""In the matched case no gain of the learner exceeds its ceiling; one that does is a mistake in it or its measuring.

Each measured figure may pass the ceiling of `assess.ceilings` by the error of the simulation alone (four deviations).
"""

import numpy as np
import pytest
from scipy import special

from tests.learn import scene
from watchfloor.assess import ceilings
from watchfloor.learn.curves import mean_sd_dbsm

EVERY_HIT = 0.5
"""A probability of false alarm whose threshold misses nothing of note far above the noise."""


def flat(level=0.0):
    return scene.card(level=level, offset=(-400.0, 0.0, 400.0))


@pytest.mark.parametrize("k", [1, 4, 16, 64])
@pytest.mark.parametrize("labelled", [True, False], ids=["labelled", "unlabelled"])
def test_a_level_is_never_known_better_than_its_looks_allow(k, labelled):
    # a fresh level each, nothing known of it before; one type, which a label names or the odds make likely
    rng, errors, claimed = np.random.default_rng(400 + k), [], []
    flying = scene.inbound(1, label=0 if labelled else -1)
    snr = scene.snr_1m2(flying)
    for level_db in rng.uniform(-10.0, 10.0, 120):
        one = scene.learner({"a": flat()}, p_other=1e-9 if labelled else 0.1)
        power = scene.swerling1(rng, snr * 10.0 ** (0.1 * level_db), k, pfa=EVERY_HIT)
        one.step(flying, scene.looks(flying, np.nan_to_num(power, nan=1e-3)))
        mean, sd = mean_sd_dbsm(one.knowledge.log_posterior[:1])
        errors.append(mean[0] - level_db)
        claimed.append(sd[0])
    ceiling, square = float(ceilings.level_sd_db(k)), np.array(errors) ** 2
    assert np.mean(claimed) > 0.985 * ceiling  # half a decibel is the grid's step
    assert square.mean() + 4.0 * square.std() / np.sqrt(len(square)) > ceiling**2
    if labelled:  # and is reached
        assert square.mean() - 4.0 * square.std() / np.sqrt(len(square)) < ceiling**2


def snr_for_half(snr_db, share):
    """Signal-to-noise ratio at which a rising share of hits passes one half."""
    return float(np.interp(0.5, np.maximum.accumulate(share), snr_db))


@pytest.mark.parametrize(
    "settings",
    [{"false_cost": 0.0, "min_gain": 0.0}, {}, {"false_tracks": "equal"}],
    ids=["free", "priced", "equal rate"],
)
def test_gates_gain_no_more_in_signal_than_their_false_alarms_pay_for(settings):
    # levels known: the learner asks for thresholds, echoes and noise are drawn, hits and false alarms counted
    rng, n = np.random.default_rng(41), 40_000
    snr_db = np.arange(2.0, 18.0, 1.0)
    plain, gated, asked = [], [], []
    for one_db in snr_db:
        flying = scene.inbound(1)
        level = one_db - 10.0 * np.log10(scene.snr_1m2(flying)[0])
        one = scene.learner({"a": scene.card()}, knowledge=scene.sharp([level], sd_db=0.05), p_other=1e-6, **settings)
        identities, _ = one.step(flying, scene.looks(flying, np.empty((1, 0))))
        task = one.task(flying, identities, until_s=0.0)
        echo = rng.exponential(size=n) * (1.0 + 10.0 ** (0.1 * one_db))
        plain.append((echo > -np.log(1e-6)).mean())
        gated.append((echo > -np.log(task.pfa[0])).mean())
        asked.append(task.pfa[0])
        assert abs(gated[-1] - task.pd[0]) < 4.0 * np.sqrt(0.25 / n) + 0.01  # what it promised
    gain_db = snr_for_half(snr_db, plain) - snr_for_half(snr_db, gated)
    dearest = max(asked)
    noise = rng.exponential(size=n)
    false = (noise > -np.log(dearest)).mean()
    assert abs(false - dearest) < 4.0 * np.sqrt(dearest / n)
    # the slope of Pd at one half is 0.055 to a decibel at least; straight lines between decibels add 0.05 dB
    error_db = 4.0 * np.sqrt(2.0 * 0.25 / n) / 0.055 + 0.05
    assert gain_db < float(ceilings.lower_threshold_db(dearest, 0.5)) + error_db
    if settings.get("false_cost") == 0.0:
        assert dearest == 1e-2
        assert gain_db > float(ceilings.lower_threshold_db(1e-2, 0.5)) - error_db


@pytest.mark.parametrize("k", [1, 4, 8])
@pytest.mark.parametrize("labelled", [True, False], ids=["labelled", "unlabelled"])
def test_types_that_were_learned_are_told_apart_no_better_than_if_known(k, labelled):
    # two types 6 dB apart, learned from flights, with or without labels; catalogue right but for 2 dB
    rng, wrong, n = np.random.default_rng(42 + k), [], 300
    cards = {
        name: scene.card(level=level, offset=(-2.5631, 0.0, 2.5631)) for name, level in (("low", 0.0), ("high", 6.0))
    }
    for _ in range(12):
        one = scene.learner(cards, p_other=1e-6)
        teaching = scene.inbound(12, label=np.arange(12) % 2 if labelled else -1)
        step = np.where(np.arange(12) % 2, 10.0**0.6, 1.0)
        power = scene.swerling1(rng, scene.snr_1m2(teaching) * step, 20, pfa=EVERY_HIT)
        one.step(teaching, scene.looks(teaching, np.nan_to_num(power, nan=1e-3)))
        one.close_flight()
        one.forget_tracks()
        flying, truth = scene.inbound(n), np.arange(n) % 2
        power = scene.swerling1(rng, scene.snr_1m2(flying) * np.where(truth, 10.0**0.6, 1.0), k, pfa=EVERY_HIT)
        seen = scene.looks(flying, np.nan_to_num(power, nan=1e-3), first_s=1e4)
        p = one.step(flying, seen)[0].probability
        wrong.append(np.argmax(p[:, :2], axis=1) != truth)
    error, total = np.mean(wrong), np.size(wrong)
    ceiling = float(ceilings.two_type_error(6.0, k))
    assert error > ceiling - 4.0 * np.sqrt(ceiling * (1.0 - ceiling) / total)
    assert error < ceiling + 0.06  # and not far from it


@pytest.mark.parametrize("gap_db", [6.0, -6.0])
@pytest.mark.parametrize("k", [1, 4, 16])
def test_unseen_types_are_rejected_no_oftener_than_the_best_test_rejects_them(gap_db, k):
    # the best test of all knows where the unseen type lies: Neyman & Pearson, one-sided
    rng, n, alpha = np.random.default_rng(43 + k), 4000, 0.01
    one = scene.learner({"a": scene.card()}, knowledge=scene.sharp([0.0], sd_db=0.01), p_other=0.5)
    flying = scene.inbound(2 * n)
    sigma = np.where(np.arange(2 * n) < n, 1.0, 10.0 ** (0.1 * gap_db))
    power = scene.swerling1(rng, scene.snr_1m2(flying) * sigma, k, pfa=EVERY_HIT)
    p_other = one.step(flying, scene.looks(flying, np.nan_to_num(power, nan=1e-3)))[0].probability[:, 1]
    limit = np.sort(p_other[:n])[int(np.ceil(n * (1.0 - alpha))) - 1]
    rejected = (p_other[n:] > limit).mean()

    def best(share):
        ratio = 10.0 ** (0.1 * gap_db)
        if gap_db > 0.0:
            return special.gammaincc(k, special.gammainccinv(k, share) / ratio)
        return special.gammainc(k, special.gammaincinv(k, share) / ratio)

    # the limit is a quantile of n draws: its own share is alpha give or take four deviations
    doubtful = best(alpha + 4.0 * np.sqrt(alpha / n))
    assert rejected < doubtful + 4.0 * np.sqrt(doubtful * (1.0 - doubtful) / n)
    if gap_db > 0.0 and k >= 4:  # and it does reject: the test that knows no side, both tails alike
        assert rejected > float(ceilings.unseen_rejected(gap_db, k, alpha=alpha)) - 0.1
