"""Knowledge that ages: half-lives, changes, and what is left of its worth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.learn import scene
from tests.plain import drift as plain
from watchfloor.base.picture import SIGMA_GRID_DBSM
from watchfloor.learn import _kernels_drift as kernels
from watchfloor.learn.drift import (
    HALF_LIVES_MONTHS,
    Ageing,
    ChangeWatch,
    age_through,
    aged,
    aged_knowledge,
    equivalent_half_life_months,
    equivalent_walk_db,
    field_marginal,
    half_life_of,
    kept_share,
    log_score,
    worth_of_knowledge,
)
from watchfloor.learn.field import FieldConfig, Prior, make_priors, revised, table_of

PRIOR_SD_DB = 8.0


def normal_rows(mean, sd):
    """Log probabilities (r, g) of normal laws on the grid."""
    log_p = -0.5 * ((SIGMA_GRID_DBSM - np.atleast_1d(mean)[:, None]) / np.atleast_1d(sd)[:, None]) ** 2
    log_p -= log_p.max(axis=1, keepdims=True)
    return log_p - np.log(np.exp(log_p).sum(axis=1, keepdims=True))


def prior(n_rows, sd_db=PRIOR_SD_DB):
    return normal_rows(np.zeros(n_rows), np.full(n_rows, sd_db))


def says(x, sd_db):
    """Log-likelihood (r, g) of levels measured at x (r,) with a normal error."""
    return -0.5 * ((SIGMA_GRID_DBSM - np.asarray(x)[:, None]) / sd_db) ** 2


# ---- kernel and twin


def test_the_kernel_is_its_plain_twin():
    rng = np.random.default_rng(1)
    log_prior, evidence = prior(5), -rng.gamma(2.0, 20.0, (3, 5, 221))
    like, kept, said = -rng.gamma(2.0, 5.0, (5, 221)), np.array([1.0, 0.5, 0.1]), np.array([0, 3])
    expected, predictive = plain.take_in(log_prior, evidence, kept, like, said)
    out = np.empty((3, 2))
    kernels.take_in(log_prior, evidence, kept, like, said, out)
    np.testing.assert_allclose(evidence, expected, rtol=1e-14)
    np.testing.assert_allclose(out, predictive, atol=1e-12)


def test_a_marginal_likelihood_of_independent_rows_gives_the_same():
    rng = np.random.default_rng(2)
    log_prior = prior(3)
    like = [says(rng.normal(0.0, 5.0, 3), 2.0) for _ in range(6)]
    like[2][1] = 0.0  # one flight says nothing of one row

    def marginal(evidence):
        return float(plain.log_sum(log_prior + evidence).sum())

    quick, slow = Ageing(log_prior), Ageing(log_prior, log_marginal=marginal)
    watch, slow_watch = ChangeWatch(log_prior), ChangeWatch(log_prior, log_marginal=marginal)
    for month, one in enumerate(like):
        np.testing.assert_allclose(quick.step(month, one), slow.step(month, one), atol=1e-9)
        assert (watch.step(month, one) is None) == (slow_watch.step(month, one) is None)
    np.testing.assert_allclose(quick.probability, slow.probability, atol=1e-9)
    np.testing.assert_allclose(watch.statistic_months, slow_watch.statistic_months, rtol=1e-9)


# ---- forgetting


def test_forgetting_is_by_halves_and_falls_back_to_the_catalogue():
    evidence, looks = says([10.0], 1.0), np.array([8.0])
    once, fewer = aged(evidence, looks, months=6.0, half_life_months=6.0)
    np.testing.assert_allclose(once, 0.5 * evidence)
    np.testing.assert_allclose(fewer, 4.0)
    twice, _ = aged(*aged(evidence, looks, months=2.5, half_life_months=6.0), months=3.5, half_life_months=6.0)
    np.testing.assert_allclose(twice, once)
    ever, same = aged(evidence, looks, months=1e4, half_life_months=np.inf)
    np.testing.assert_array_equal(ever, evidence)
    assert same[0] == 8.0
    gone, _ = aged(evidence, looks, months=1e4, half_life_months=6.0)
    assert np.abs(gone).max() == 0.0


@pytest.mark.parametrize("half_life", [3.0, 12.0])
def test_in_steady_state_forgetting_is_a_kalman_filter_of_a_random_walk(half_life):
    # West & Harrison 1997, section 6.3: same variance, same gain, so the same estimate of the same flights
    interval, sd = 0.5, 4.0
    q = equivalent_walk_db(half_life, sd_db=sd, interval_months=interval) ** 2 * interval / 12.0
    flat = np.full((1, 221), -np.log(221.0))
    ageing = Ageing(flat, half_lives_months=[half_life])
    rng, mean, variance = np.random.default_rng(3), 0.0, 1e6
    n = int(30.0 * half_life / interval)
    early = None
    for flight in range(n):
        x = 3.0 * np.sin(0.02 * flight) + sd * rng.standard_normal()
        ageing.step(flight * interval, says([x], sd))
        variance += q
        gain = variance / (variance + sd * sd)
        mean, variance = mean + gain * (x - mean), (1.0 - gain) * variance
        if flight == 2:
            early = (variance, _variance(ageing, flight * interval))
    p = np.exp(ageing.at((n - 1) * interval)[0][0])
    grid_mean = p @ SIGMA_GRID_DBSM
    np.testing.assert_allclose(grid_mean, mean, atol=1e-3)
    np.testing.assert_allclose(_variance(ageing, (n - 1) * interval), variance, rtol=1e-3)
    # where not: before it has settled, and over a gap, which multiplies the one variance and adds to the other
    assert abs(early[1] / early[0] - 1.0) > 0.01
    gap = 2.0 * half_life
    forgotten = _variance(ageing, (n - 1) * interval + gap)
    np.testing.assert_allclose(forgotten, 4.0 * variance, rtol=1e-3)
    assert variance + q * gap / interval < 0.9 * forgotten


def _variance(ageing, month):
    p = np.exp(ageing.at(month)[0][0])
    mean = p @ SIGMA_GRID_DBSM
    return p @ (SIGMA_GRID_DBSM - mean) ** 2


def test_half_life_and_random_walk_are_each_others_inverse():
    for half_life in (1.0, 6.0, 48.0):
        walk = equivalent_walk_db(half_life, sd_db=1.5, interval_months=0.25)
        np.testing.assert_allclose(
            equivalent_half_life_months(walk, sd_db=1.5, interval_months=0.25), half_life, rtol=1e-10
        )
    assert equivalent_half_life_months(0.0, sd_db=1.0, interval_months=1.0) == np.inf
    assert equivalent_walk_db(np.inf, sd_db=1.0, interval_months=1.0) == 0.0


# ---- the half-life is estimated


def drifting(rng, half_life, n_flights, n_rows, sd, interval=1.0):
    """Flights (f, r) of a world in which the level is drawn from what is known of it, aged by the half-life."""
    kept = kept_share(interval, half_life)
    out, precision, weighted = np.empty((n_flights, n_rows)), np.zeros(n_rows), np.zeros(n_rows)
    for flight in range(n_flights):
        precision, weighted = kept * precision, kept * weighted
        total = precision + 1.0 / PRIOR_SD_DB**2
        level = weighted / total + rng.standard_normal(n_rows) / np.sqrt(total)
        out[flight] = level + sd * rng.standard_normal(n_rows)
        precision, weighted = precision + 1.0 / sd**2, weighted + out[flight] / sd**2
    return out


def test_what_is_believed_of_the_half_life_is_calibrated():
    # half-life from its prior, flights from the half-life: on average the posterior says how often each is true
    rng, runs, n_flights = np.random.default_rng(4), 200, 40
    log_prior, months = prior(6), np.arange(40.0)
    hit, p = np.zeros((runs, 6)), np.empty((runs, 6))
    for run in range(runs):
        true = int(rng.integers(6))
        x = drifting(rng, HALF_LIVES_MONTHS[true], n_flights, 6, 1.0)
        ageing, _ = age_through(np.array([says(one, 1.0) for one in x]), months, log_prior)
        hit[run, true], p[run] = 1.0, ageing.probability
    miss = hit - p
    sd = miss.std(axis=0) / np.sqrt(runs)
    assert np.all(np.abs(miss.mean(axis=0)) < 4.0 * sd)
    p_true = (hit * p).sum(axis=1)
    excess = p_true - (p * p).sum(axis=1)  # E[p(true)] = E[sum p^2]
    assert abs(excess.mean()) < 4.0 * excess.std() / np.sqrt(runs)
    assert p_true.mean() > 2.0 / 6.0  # and it has learned something


@pytest.mark.parametrize(("half_life", "low", "high"), [(3.0, 1.5, 6.5), (12.0, 5.5, 26.0), (np.inf, 20.0, np.inf)])
def test_the_half_life_of_a_world_that_walks_at_random_is_found(half_life, low, high):
    rng, sd, n_flights, n_rows = np.random.default_rng(5), 1.0, 150, 4
    walk = equivalent_walk_db(half_life, sd_db=sd, interval_months=1.0) / np.sqrt(12.0)
    level = PRIOR_SD_DB * rng.standard_normal(n_rows) + np.cumsum(
        walk * rng.standard_normal((n_flights, n_rows)), axis=0
    )
    x = level + sd * rng.standard_normal(level.shape)
    ageing, predictive = age_through(np.array([says(one, sd) for one in x]), np.arange(150.0), prior(n_rows))
    inside = (ageing.half_lives_months >= low) & (ageing.half_lives_months <= high)
    assert ageing.probability[inside].sum() > 0.9
    assert predictive.shape == (n_flights, 6)
    np.testing.assert_allclose(
        np.diff(predictive.sum(axis=0)), np.diff(ageing.log_weight), atol=1e-9
    )  # the weights are the predictions, and nothing else


def test_averaged_knowledge_beats_knowledge_that_never_forgets_where_the_world_drifts():
    rng, sd = np.random.default_rng(6), 1.0
    gain = {}
    for walk_db in (6.0, 0.0):
        level = PRIOR_SD_DB * rng.standard_normal(40)
        averaged, never = Ageing(prior(40)), Ageing(prior(40), half_lives_months=[np.inf])
        for month in range(36):
            level = level + walk_db / np.sqrt(12.0) * rng.standard_normal(40)
            like = says(level + sd * rng.standard_normal(40), sd)
            averaged.step(month, like)
            never.step(month, like)
        now = level + walk_db / np.sqrt(12.0) * rng.standard_normal(40)
        gain[walk_db] = np.array([log_score(one.at(36.0)[0], prior(40), now) for one in (averaged, never)])
    better = gain[6.0][0] - gain[6.0][1]
    assert better.mean() > 4.0 * better.std() / np.sqrt(40) > 0.0
    worse = gain[0.0][1] - gain[0.0][0]
    assert worse.mean() < 0.1  # the price of doubt about the half-life where nothing drifts


def test_averaged_evidence_gives_the_averaged_belief_back():
    rng, log_prior = np.random.default_rng(7), prior(2)
    ageing = Ageing(log_prior, half_lives_months=(3.0, 24.0))
    for month in (0.0, 1.0, 4.0):
        ageing.step(month, says(rng.normal(0.0, 8.0, 2), 2.0), np.array([1.0, 2.0]))
    log_posterior, looks = ageing.at(6.0)
    back = log_prior + ageing.log_evidence_at(6.0)
    back = back - plain.log_sum(back)[:, None]
    np.testing.assert_allclose(np.exp(back), np.exp(log_posterior), atol=1e-12)
    each = [sum(2.0 ** (-(6.0 - m) / h) for m in (0.0, 1.0, 4.0)) for h in (3.0, 24.0)]
    np.testing.assert_allclose(looks, np.array([1.0, 2.0]) * (ageing.probability @ each))


# ---- changes


def test_the_statistic_of_a_change_grows_by_one_a_month_while_nothing_changes():
    # a martingale less the time: its mean is exact, whatever the flights say; short and noisy, so that it has a spread
    rng, runs = np.random.default_rng(8), 1500
    log_prior, sd = prior(1, 3.0), 4.0
    value = np.empty(runs)
    months = (0.5, 2.0, 2.75, 4.0)
    for run in range(runs):
        level = 3.0 * rng.standard_normal(1)
        watch = ChangeWatch(log_prior, alarms_per_year=1e-6)
        for month in months:
            watch.step(month, says(level + sd * rng.standard_normal(1), sd))
        value[run] = watch.statistic_months
    assert abs(value.mean() - 4.0) < 4.0 * value.std() / np.sqrt(runs)
    assert value.std() > 0.1


def test_false_alarms_come_no_more_often_than_accepted():
    rng, runs, n_months, rate = np.random.default_rng(9), 60, 48, 1.0
    alarms = 0
    for _ in range(runs):
        level = PRIOR_SD_DB * rng.standard_normal(2)
        watch = ChangeWatch(prior(2), alarms_per_year=rate)
        for month in range(1, n_months + 1):
            alarms += watch.step(month, says(level + 2.0 * rng.standard_normal(2), 2.0)) is not None
    expected = rate * runs * n_months / 12.0
    assert alarms < expected + 4.0 * np.sqrt(expected)
    assert alarms > 0  # a watch that never cries would pass the line above


@pytest.mark.parametrize(("offset_db", "within"), [(4.0, 10.0), (8.0, 3.0), (-15.0, 2.0)])
def test_a_change_is_found_soon_and_what_was_known_before_is_set_aside(offset_db, within):
    rng, runs, sd, n_rows = np.random.default_rng(10), 24, 1.5, 3
    delay, early, since = [], 0, []
    for _ in range(runs):
        level = PRIOR_SD_DB * rng.standard_normal(n_rows)
        watch = ChangeWatch(prior(n_rows), alarms_per_year=0.1)
        for month in range(1, 49):
            if month == 25:
                level = level + offset_db
            like = says(level + sd * rng.standard_normal(n_rows), sd)
            found = watch.step(month, like, np.ones(n_rows))
            if found is not None:
                early += found.found_month < 25.0
                if found.found_month >= 25.0:
                    delay.append(found.found_month - 24.0)
                    since.append(found.since_month)
        np.testing.assert_allclose(watch.log_evidence.shape, (n_rows, 221))
        if len(watch.changes) == 1 and watch.changes[0].since_month == 24.0:
            np.testing.assert_allclose(watch.n_looks, 24.0)  # what came since
            np.testing.assert_allclose(watch.changes[0].n_looks, 24.0)  # what came before, kept
            assert watch.changes[0].log_ratio > 0.0
    assert early <= 0.1 * 2 * runs + 4.0 * np.sqrt(0.1 * 2 * runs)
    assert len(delay) >= 0.9 * runs
    assert np.median(delay) <= within
    assert abs(np.median(since) - 24.0) <= 1.0


def test_after_a_change_the_watch_knows_better_than_one_who_never_looks():
    rng, sd, n_rows = np.random.default_rng(11), 1.5, 30
    level = PRIOR_SD_DB * rng.standard_normal(n_rows)
    watch, never = ChangeWatch(prior(n_rows)), Ageing(prior(n_rows), half_lives_months=[np.inf])
    for month in range(1, 31):
        if month == 25:
            level = PRIOR_SD_DB * rng.standard_normal(n_rows)
        like = says(level + sd * rng.standard_normal(n_rows), sd)
        watch.step(month, like)
        never.step(month, like)
    assert [c.since_month for c in watch.changes] == [24.0]
    assert watch.probability < 0.5
    own = prior(n_rows) + watch.log_evidence
    own -= plain.log_sum(own)[:, None]
    better = log_score(own, prior(n_rows), level) - log_score(never.at(30.0)[0], prior(n_rows), level)
    assert better.mean() > 4.0 * better.std() / np.sqrt(n_rows)
    assert log_score(never.at(30.0)[0], prior(n_rows), level).mean() < 0.0  # stale knowledge is worse than none


def test_few_starts_kept_in_mind_still_find_a_change_and_cry_no_oftener():
    rng, sd = np.random.default_rng(12), 1.5
    level = PRIOR_SD_DB * rng.standard_normal(2)
    few, many = ChangeWatch(prior(2), starts=4), ChangeWatch(prior(2), starts=100)
    found = {}
    for month in range(1, 61):
        if month == 41:
            level = level - 10.0
        like = says(level + sd * rng.standard_normal(2), sd)
        for name, watch in (("few", few), ("many", many)):
            change = watch.step(month, like)
            if change is not None:
                found.setdefault(name, change)
        if not found:
            assert few.statistic_months <= many.statistic_months * (1.0 + 1e-12)
    assert found["few"].since_month == found["many"].since_month == 40.0


# ---- worth


def test_nats_left_follow_the_closed_form_of_normal_laws():
    v0, v, walk = 36.0, 1.0, 3.0
    months = np.array([0.0, 6.0, 12.0, 48.0])
    worth = worth_of_knowledge(normal_rows([0.0], [1.0]), normal_rows([0.0], [6.0]), months, walk_db=walk)
    q = walk**2 * months / 12.0
    expected = 0.5 * (np.log((v0 + q) / (v + q)) + (v + q) / (v0 + q) - 1.0)
    np.testing.assert_allclose(worth.nats, expected, rtol=2e-3)
    z90 = 1.2815515655
    np.testing.assert_allclose(worth.margin_db, z90 * (np.sqrt(v0 + q) - np.sqrt(v + q)), rtol=0.02)
    assert np.all(np.diff(worth.nats) < 0.0)


def test_knowledge_of_what_may_have_changed_is_worth_less_each_month():
    belief, catalogue = normal_rows([-4.0, 3.0], [1.0, 2.0]), prior(2)
    months = np.arange(0.0, 61.0, 3.0)
    worth = worth_of_knowledge(belief, catalogue, months, changes_per_year=0.5)
    assert np.all(np.diff(worth.nats) < 0.0)
    # a mixture's divergence is convex: it lies below the chord, the share that has not changed
    assert np.all(worth.nats <= np.exp(-0.5 * months / 12.0) * worth.nats[0] * (1.0 + 1e-12))
    assert 0.0 < worth.half_life_nats_months < 12.0 * np.log(2.0) / 0.5
    forgotten = worth_of_knowledge(belief, catalogue, months, half_life_months=12.0)
    assert np.all(np.diff(forgotten.nats) < 0.0)
    kept = worth_of_knowledge(belief, catalogue, months)
    np.testing.assert_allclose(kept.nats, kept.nats[0])
    assert kept.half_life_nats_months == np.inf


def test_half_of_a_value_is_found_between_its_months():
    assert half_life_of(np.array([0.0, 4.0]), np.array([1.0, 0.0])) == 2.0
    with pytest.raises(ValueError, match="nothing to lose"):
        half_life_of(np.array([0.0]), np.array([0.0]))


# ---- bad input


def test_what_cannot_be_meant_is_refused():
    with pytest.raises(ValueError, match="months must be at least 0"):
        aged(np.zeros((1, 2)), np.zeros(1), months=-1.0, half_life_months=3.0)
    with pytest.raises(ValueError, match="half_life_months must be above 0"):
        aged(np.zeros((1, 2)), np.zeros(1), months=1.0, half_life_months=0.0)
    with pytest.raises(ValueError, match="half_life_months must be above 0"):
        aged(np.zeros((1, 2)), np.zeros(1), months=1.0, half_life_months=np.nan)
    with pytest.raises(ValueError, match="row 1 is not"):
        Ageing(np.array([[0.0, 0.0], [0.0, np.nan]]))
    with pytest.raises(ValueError, match="one number a half-life"):
        Ageing(prior(1), weight=[1.0])
    with pytest.raises(ValueError, match="share must be above 0"):
        Ageing(prior(1), share=0.0)
    with pytest.raises(ValueError, match="shape of log_prior"):
        Ageing(prior(2)).step(0.0, says([0.0], 1.0))
    late = Ageing(prior(1))
    late.step(5.0, says([0.0], 1.0))
    with pytest.raises(ValueError, match="time runs forward"):
        late.step(4.0, says([0.0], 1.0))
    with pytest.raises(ValueError, match="alarms_per_year must be above 0"):
        ChangeWatch(prior(1), alarms_per_year=0.0)
    with pytest.raises(ValueError, match="starts must be at least 1"):
        ChangeWatch(prior(1), starts=0)
    with pytest.raises(ValueError, match="must be above 0, got"):
        equivalent_walk_db(3.0, sd_db=0.0, interval_months=1.0)
    with pytest.raises(ValueError, match="log_posterior and log_prior must be"):
        worth_of_knowledge(prior(1), prior(2), np.zeros(1))


def test_a_flight_that_says_nothing_changes_no_belief_but_time_passes():
    ageing, watch = Ageing(prior(2)), ChangeWatch(prior(2))
    ageing.step(0.0, says([1.0, 2.0], 1.0), np.ones(2))
    watch.step(0.0, says([1.0, 2.0], 1.0), np.ones(2))
    before = ageing.probability
    ageing.step(12.0, np.zeros((2, 221)))
    watch.step(12.0, np.zeros((2, 221)))
    np.testing.assert_array_equal(ageing.probability, before)
    np.testing.assert_allclose(ageing.n_looks[2], 0.5)
    assert watch.statistic_months == pytest.approx(12.0)


# ---- rows that hang together: a field


def field(mean, cov, scores=()):
    n = len(mean)
    return Prior(
        np.asarray(mean, float),
        np.asarray(cov, float),
        np.zeros(n),
        tuple(scores),
        np.zeros(1, np.int64),
        np.zeros(n, np.bool_),
    )


def test_the_marginal_likelihood_of_normal_evidence_on_a_field_is_the_closed_form():
    rng = np.random.default_rng(13)
    a = rng.standard_normal((4, 4))
    mean, cov = np.array([-3.0, 0.0, 4.0, 2.0]), 9.0 * (a @ a.T) + 4.0 * np.eye(4)
    log_marginal = field_marginal(field(mean, cov))
    said, sd = np.array([0, 1, 3]), np.array([2.0, 3.0, 1.5])
    k = cov[np.ix_(said, said)] + np.diag(sd**2)
    for _ in range(3):
        x = mean[said] + rng.normal(0.0, 6.0, 3)
        evidence = np.zeros((4, 221))
        evidence[said] = -0.5 * ((SIGMA_GRID_DBSM - x[:, None]) / sd[:, None]) ** 2
        away = x - mean[said]
        expected = -0.5 * away @ np.linalg.solve(k, away) - 0.5 * np.linalg.slogdet(k)[1] + np.log(sd).sum()
        np.testing.assert_allclose(log_marginal(evidence), expected, atol=1e-4)


def test_one_row_of_a_field_has_its_exact_marginal_likelihood():
    evidence = -((np.maximum(SIGMA_GRID_DBSM - 3.0, 0.0) / 4.0) ** 2)[None]  # misses: a level above 3 dBsm is unlikely
    evidence = evidence + says([1.0], 6.0)
    exact = plain.log_sum(normal_rows([-2.0], [6.0]) + evidence)[0]
    np.testing.assert_allclose(field_marginal(field([-2.0], [[36.0]]))(evidence), exact, atol=1e-6)


def test_a_watch_over_a_field_takes_a_common_shift_of_its_rows_for_what_it_is():
    # rows that share one offset: four cells that are all 6 dB off say no more than one; independent rows would cry
    shared = 64.0 * np.ones((4, 4)) + 1.0 * np.eye(4)
    log_prior = normal_rows(np.zeros(4), np.full(4, np.sqrt(65.0)))
    rng, sd = np.random.default_rng(14), 1.5
    level = rng.multivariate_normal(np.zeros(4), shared)
    watch = ChangeWatch(log_prior, log_marginal=field_marginal(field(np.zeros(4), shared)))
    for month in range(1, 13):
        if month == 10:
            level = level + 8.0
        found = watch.step(float(month), says(level + sd * rng.standard_normal(4), sd))
        assert found is None or month >= 10
    assert [c.since_month for c in watch.changes] == [9.0]


def test_aged_knowledge_goes_back_to_the_catalogue():
    priors = make_priors(
        radars=[scene.radar()],
        types=["jet"],
        cards={"jet": scene.card(level=2.0, cell_sigma_db=3.0)},
        config=FieldConfig(elevation_edges_deg=(-15.0, 15.0)),
    )
    empty = np.zeros(priors.shape)
    start = table_of(priors, [one.catalogue for one in priors.fields], empty, np.zeros(priors.shape[:3]))
    evidence = start.log_evidence.copy()
    evidence[:3] = says([12.0, 12.0, 11.0], 1.0)
    known = revised(priors, replace(start, log_evidence=evidence, n_looks=np.where(evidence[:, 0] < 0.0, 9.0, 0.0)))
    old = aged_knowledge(priors, known, months=24.0, half_life_months=24.0)
    np.testing.assert_allclose(old.log_evidence, 0.5 * known.log_evidence)
    np.testing.assert_allclose(old.n_looks, 0.5 * known.n_looks)
    widths = []
    for one in (known, old, start):
        p = np.exp(one.log_posterior[:3])
        widths.append(p @ SIGMA_GRID_DBSM**2 - (p @ SIGMA_GRID_DBSM) ** 2)
    assert np.all(widths[0] < widths[1])
    assert np.all(widths[1] < widths[2])
    gone = aged_knowledge(priors, known, months=2400.0, half_life_months=24.0)
    np.testing.assert_allclose(np.exp(gone.log_posterior), np.exp(start.log_posterior), atol=1e-5)
