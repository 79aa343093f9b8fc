"""Tasking: what a look is expected to tell, a budget that is kept, and who gets the dwells."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate

from benchmarks import tasking as bench
from tests.learn import scene
from tests.plain import tasking as plain
from watchfloor.base.picture import SIGMA_GRID_DBSM
from watchfloor.learn import tasking
from watchfloor.learn.exploit import ladder
from watchfloor.learn.tasking import (
    Tasking,
    TaskingConfig,
    allot,
    coarse,
    even,
    expected,
    outcomes,
    pointing,
    position_nats,
)
from watchfloor.physics import cfar, detection
from watchfloor.physics.radar import Radar

PFA = 1e-6


def normal(mean, sd):
    """A normal law of levels, on the grid."""
    weight = np.exp(-0.5 * ((SIGMA_GRID_DBSM - mean) / sd) ** 2)
    return weight / weight.sum()


def steered(**changes) -> Radar:
    values = {
        "motion": "electronic", "face_azimuth_rad": 0.0, "azimuth_width_rad": np.pi / 2.0, "frequency_hz": 9.3e9,
        "beam_shape_loss": 1.8, "period_s": 5.0,
    }  # fmt: skip
    return scene.radar(**(values | changes))


@pytest.mark.parametrize(("n_pulses", "swerling"), [(1, 1), (1, 0), (1, 3), (10, 2), (10, 1), (10, 0), (4, 4)])
def test_outcomes_are_a_law_and_their_first_is_a_miss(n_pulses, swerling):
    table = outcomes(scene.radar(n_pulses=n_pulses), swerling, [PFA, 1e-3])
    np.testing.assert_allclose(table.probability.sum(axis=1), 1.0, atol=1e-9)
    snr = 10.0 ** (0.1 * np.arange(-40.0, 75.25, 0.5))
    np.testing.assert_allclose(
        table.probability[:, 0], detection.miss(snr, PFA, n_pulses=n_pulses, swerling=swerling), rtol=1e-12
    )
    np.testing.assert_allclose(table.pd[1], detection.pd(snr, 1e-3, n_pulses=n_pulses, swerling=swerling))
    assert table.probability.min() >= 0.0
    assert np.all(table.doubt_nats >= -1e-12)


def test_pd_of_a_known_level_is_the_textbook_value():
    # Swerling 1: Pd 0.9 at Pfa 1e-6 needs 21.14 dB (Richards 2014, ch. 6)
    level = normal(0.0, 0.05)[None, None]
    table = [outcomes(scene.radar(), 1, [PFA])]
    told = expected(np.ones((1, 1)), level, np.array([20.89]), np.zeros((1, 1)), laws=np.zeros(1, int), tables=table)
    # the level of 0 dBsm falls in the step whose middle is 0.25 dBsm
    assert coarse(level)[1][coarse(level)[0][0, 0].argmax()] == pytest.approx(0.75, abs=1.0)
    np.testing.assert_allclose(told.pd[0, 0, 0], 0.9, atol=0.01)


def test_two_types_apart_by_6_db_tell_as_much_as_the_integral_says():
    def divergence(x):
        f = [np.exp(-x), 0.25 * np.exp(-0.25 * x)]
        mean = 0.5 * (f[0] + f[1])
        return sum(0.5 * g * np.log(g / mean) for g in f if g > 0.0)

    exact = integrate.quad(divergence, 0.0, 200.0, limit=200)[0]  # two exponentials, means 1 and 4
    step = 4.0 * 0.5
    level = np.stack([normal(0.0, 0.05), normal(3.0 * step, 0.05)])[None]
    table = [outcomes(scene.radar(), 1, [PFA])]
    told = expected(
        np.array([[0.5, 0.5]]), level, np.array([40.0]), np.zeros((1, 1)), laws=np.zeros(2, int), tables=table
    )
    assert told.identity_nats[0, 0] == pytest.approx(exact, rel=0.04)  # threshold and noise play no part up there
    assert told.identity_nats[0, 0] <= exact * (1.0 + 1e-6)


@pytest.mark.parametrize(
    ("n_pulses", "swerling", "snr_db"), [(1, 1, 13.0), (1, 1, 25.0), (1, 3, 14.0), (1, 0, 12.0), (10, 2, 5.0)]
)
def test_information_is_that_of_looks_that_are_played(n_pulses, swerling, snr_db):
    rng = np.random.default_rng(11)
    p_type = np.array([0.5, 0.3, 0.2])
    level = np.stack([normal(-6.0, 3.0), normal(4.0, 2.0), normal(0.0, 12.0)])
    mass, middle = coarse(level)
    radar = scene.radar(n_pulses=n_pulses)
    told = expected(
        p_type[None], level[None], np.array([snr_db]), np.zeros((1, 1)), laws=np.zeros(3, int),
        tables=[outcomes(radar, swerling, [PFA])],
    )  # fmt: skip
    mean, sd = plain.simulated(rng, p_type, middle, mass, snr_db, PFA, 40_000, n_pulses=n_pulses, swerling=swerling)
    got = np.array([told.pd[0, 0, 0], told.identity_nats[0, 0], told.level_nats[0, 0]])
    assert abs(got[0] - mean[0]) < 5.0 * sd[0] + 0.01  # the lattice of ratios is 0.5 dB
    steady = swerling == 0 or n_pulses > 1  # a narrow law loses more to steps of 2 dB
    for i in (1, 2):
        assert got[i] < mean[i] * 1.02 + 5.0 * sd[i]
        assert got[i] > mean[i] * (0.75 if steady else 0.93) - 5.0 * sd[i]


@given(p=st.floats(0.01, 0.99), snr_db=st.floats(-20.0, 60.0), apart=st.floats(0.0, 20.0), sd=st.floats(0.3, 12.0))
@settings(max_examples=60, deadline=None)
def test_nobody_learns_more_of_a_type_than_there_is_to_know(p, snr_db, apart, sd):
    level = np.stack([normal(-0.5 * apart, sd), normal(0.5 * apart, sd)])[None]
    told = expected(
        np.array([[p, 1.0 - p]]), level, np.array([snr_db]), np.array([[0.0, 3.0, 6.0]]), laws=np.zeros(2, int),
        tables=[outcomes(scene.radar(), 1, [PFA, 1e-3])],
    )  # fmt: skip
    entropy = -p * np.log(p) - (1.0 - p) * np.log(1.0 - p)
    assert np.all(told.identity_nats <= entropy + 1e-9)
    assert np.all(np.diff(told.pd, axis=2) >= -1e-9)
    assert np.all(told.pd[:, 1] >= told.pd[:, 0] - 1e-9)
    if apart == 0.0:
        assert np.all(told.identity_nats < 1e-9)


def test_out_of_sight_gives_nothing():
    told = expected(
        np.ones((1, 1)), normal(0.0, 3.0)[None, None], np.array([-np.inf]), np.zeros((1, 2)), laws=np.zeros(1, int),
        tables=[outcomes(scene.radar(), 1, [PFA])],
    )  # fmt: skip
    assert not np.any(told.pd) and not np.any(told.identity_nats) and not np.any(told.level_nats)  # noqa: PT018


def test_position_nats_are_the_ratio_of_the_filters_determinants():
    rng = np.random.default_rng(3)
    a = rng.normal(size=(5, 3, 3))
    cov = a @ a.transpose(0, 2, 1) * 1e4
    axes = np.linalg.qr(rng.normal(size=(5, 3, 3)))[0]
    sigma = rng.uniform(20.0, 300.0, (5, 3))
    got = position_nats(cov, axes, sigma)
    for i in range(5):
        r = np.diag(sigma[i] ** 2)
        gain = cov[i] @ axes[i].T @ np.linalg.inv(axes[i] @ cov[i] @ axes[i].T + r)
        after = (np.eye(3) - gain @ axes[i]) @ cov[i]
        assert got[i] == pytest.approx(0.5 * np.log(np.linalg.det(cov[i]) / np.linalg.det(after)), rel=1e-9)
    sigma[:, 2] = np.inf
    assert np.all(position_nats(cov, axes, sigma) < got)


def test_a_pointed_beam_meets_its_target_as_often_as_played():
    radar = steered(taper="gaussian", sidelobe_db=-60.0)
    rng = np.random.default_rng(4)
    width = np.array([radar.beamwidth_azimuth_rad, radar.beamwidth_elevation_rad])
    snr = float(detection.required_snr(0.8, PFA)) / radar.antenna.beam_shape_loss
    for sd in (0.1, 0.3, 0.6):
        off = rng.normal(0.0, sd * width.mean(), (40_000, 2)) / width
        pattern = np.exp(-8.0 * np.log(2.0) * (off**2).sum(axis=1)) * radar.antenna.beam_shape_loss
        played = detection.pd(snr * pattern, PFA).mean()
        at = pointing(radar, np.array([100e3]), np.array([sd * width.mean() * 100e3]), np.array([3e3]), cue_beams=1)
        at_points = detection.pd(snr * 10.0 ** (0.1 * (at.gain_db[0] + at.side_db[0])), PFA)
        shares = np.polynomial.laguerre.laggauss(3)[1]
        assert at.contained[0] * (shares @ at_points) == pytest.approx(played, abs=0.06)


def test_a_wide_gate_takes_more_beams_and_a_certain_place_takes_one():
    radar = steered()
    at = pointing(radar, np.full(3, 100e3), np.array([50.0, 1e3, 4e3]), np.array([100.0, 3e3, 12e3]), cue_beams=100)
    assert at.beams[0] == 1.0
    assert np.all(np.diff(at.beams) > 0.0)
    assert at.contained[0] > 0.999
    lost = pointing(radar, np.full(1, 100e3), np.array([4e3]), np.array([12e3]), cue_beams=1)
    assert lost.beams[0] == 1.0
    assert lost.side_db[0, 0] < -15.0
    assert at.contained[2] > 0.9


def instance(rng, n=3, n_radars=2, n_options=3):
    """A small problem: longer dwells detect more, cost in proportion, and budgets that bind."""
    length = np.cumprod(rng.uniform(1.3, 3.0, (n, n_radars, n_options)), axis=2)
    snr = 10.0 ** rng.uniform(-0.5, 2.0, (n, n_radars, 1)) * length
    pd = PFA ** (1.0 / (1.0 + snr))
    extra = rng.uniform(0.0, 0.5, (n, n_radars, 1)) * np.log1p(snr) * rng.integers(0, 2)
    time = length * rng.uniform(0.05, 0.3, (1, n_radars, 1))
    power = time * rng.uniform(1.0, 10.0, (1, n_radars, 1))
    unseen = rng.uniform(0.3, 1.0, n)
    return pd, extra, time, power, rng.uniform(0.2, 1.5, n_radars), float(rng.uniform(0.5, 8.0)), unseen


def test_greedy_reaches_at_least_1_less_1_over_e_of_the_best():
    rng = np.random.default_rng(6)
    ratios = []
    for _ in range(20):
        pd, extra, time, power, time_budget, power_budget, unseen = instance(rng)
        choice = allot(pd, extra, time, power, time_budget=time_budget, power_budget_w=power_budget, unseen=unseen)
        none = plain.worth_of(np.full((3, 2), -1), pd, extra, unseen, 1.0)
        got = plain.worth_of(choice.option, pd, extra, unseen, 1.0) - none
        best = plain.exhaustive(pd, extra, time, power, time_budget, power_budget, unseen, 1.0) - none
        assert got <= best + 1e-9
        ratios.append(got / best if best > 1e-9 else 1.0)
    assert min(ratios) >= 1.0 - np.exp(-1.0)
    assert np.mean(ratios) > 0.97


def test_a_cheap_morsel_does_not_keep_the_feast_away():
    # by worth a joule alone the first is taken, and the second, worth fifty times as much, no longer fits
    pd, cost = np.array([[[0.02]], [[0.99]]]), np.array([[[0.01]], [[1.0]]])
    choice = allot(pd, 0.0 * pd, cost, cost, time_budget=np.array([1.0]))
    assert choice.option.ravel().tolist() == [-1, 0]


@given(seed=st.integers(0, 10_000))
@settings(max_examples=60, deadline=None)
def test_budgets_are_kept_and_reported(seed):
    rng = np.random.default_rng(seed)
    pd, extra, time, power, time_budget, power_budget, unseen = instance(rng, n=8)
    choice = allot(pd, extra, time, power, time_budget=time_budget, power_budget_w=power_budget, unseen=unseen)
    plain_even = even(np.ones((8, 2), bool), time, power, time_budget=time_budget, power_budget_w=power_budget)
    for made in (choice, plain_even):
        assert np.all(made.time <= time_budget * (1.0 + 1e-9))
        assert made.power_w <= power_budget * (1.0 + 1e-9)
        spent = sum(power[i, s, made.option[i, s]] for i in range(8) for s in range(2) if made.option[i, s] >= 0)
        assert made.power_w == pytest.approx(spent)


def test_energy_that_brings_too_little_is_spared():
    pd = np.array([[[0.9, 0.95, 0.96]], [[0.01, 0.02, 0.5]]])
    cost = np.broadcast_to(np.array([1.0, 2.0, 4.0]), pd.shape)
    budget: dict[str, Any] = {"time_budget": np.array([100.0])}
    assert allot(pd, 0.0 * pd, cost, cost, **budget).option.ravel().tolist() == [2, 2]
    assert allot(pd, 0.0 * pd, cost, cost, **budget, floor=np.array([0.03])).option.ravel().tolist() == [1, 2]
    assert allot(pd, 0.0 * pd, cost, cost, **budget, floor=np.array([0.2])).option.ravel().tolist() == [0, -1]


def test_a_second_radar_on_a_track_is_worth_less_than_the_first():
    pd = np.full((2, 2, 1), 0.8)
    cost = np.ones((2, 2, 1))
    choice = allot(pd, 0.0 * pd, cost, cost, time_budget=np.ones(2), power_budget_w=2.0)
    assert sorted((choice.option >= 0).sum(axis=1).tolist()) == [1, 1]
    # what other radars have surely seen is left alone
    seen = allot(pd, 0.0 * pd, cost, cost, time_budget=np.ones(2), power_budget_w=1.0, unseen=np.array([0.01, 1.0]))
    assert (seen.option >= 0).sum(axis=1).tolist() == [0, 1]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pd": np.full((1, 1, 1), 1.5)}, "pd lies outside its domain, got .*1.5"),
        ({"pd": np.full((1, 1, 1), np.nan)}, "pd lies outside its domain"),
        ({"time": np.zeros((1, 1, 1))}, "time lies outside its domain"),
        ({"extra": np.zeros((1, 2, 1))}, "are all"),
        ({"power_budget_w": -1.0}, "power_budget_w lies outside"),
        ({"time_budget": np.array([np.nan])}, "time_budget lies outside"),
        ({"floor": np.array([-1.0])}, "floor lies outside"),
        ({"floor": np.zeros(3)}, "time_budget and floor"),
    ],
)
def test_mistakes_are_told(changes, message):
    cube = np.full((1, 1, 1), 0.5)
    values = {
        "pd": cube, "extra": cube, "time": cube, "power_w": cube, "time_budget": np.ones(1), "power_budget_w": 1.0,
    } | changes  # fmt: skip
    with pytest.raises(ValueError, match=message):
        allot(**values)


@pytest.mark.parametrize("dwells", [(), (0.0, 1.0), (2.0, 1.0), (0.5, 2.0), (1.0, 200.0)])
def test_lengths_of_dwells_rise_and_hold_the_usual_one(dwells):
    with pytest.raises(ValueError, match="wanted"):
        TaskingConfig(dwells=dwells)


# the whole: a cue of one radar, a dwell of another


def asked(levels, *, sd_m=150.0, sd_db=1.0, range_m=150e3, radars=None, search_pd=0.3, config=None, types=None):
    """Ask for tracks on the face's axis, one a level [dBsm], all of them held by a radar that turns (row 0)."""
    radars = radars or [scene.radar(), steered()]
    n = len(levels)
    rungs = np.array([ladder(r, (1e-5, 1e-4)) for r in radars])
    tasking = Tasking(config or TaskingConfig(), radars=radars, places=[scene.PLACE] * 2, rungs=rungs, laws=[1])
    flying = scene.inbound(n, range_m=range_m)
    level = np.stack([normal(one, sd_db) for one in levels])[:, None, None]
    snr_db = 10.0 * np.log10([scene.snr_1m2(flying), scene.snr_1m2(flying)]).T
    return tasking.ask(
        pfa=np.full((n, 2), PFA), pd=np.column_stack([np.full(n, search_pd), np.zeros(n)]), n_cells=np.ones((n, 2)),
        false_cost=0.02, min_gain=1.0, probability=np.ones((n, 1)), level=level, type_law=np.zeros(1, int),
        snr_1m2_db=snr_db, position_ecef_m=flying.position_ecef_m, cov=np.tile(np.eye(3) * sd_m**2, (n, 1, 1)),
        radius_m=np.full(n, 3.0 * np.sqrt(3.0) * sd_m),
    ), snr_db[0, 0]  # fmt: skip


def test_a_cue_gets_a_longer_dwell_for_a_smaller_echo_and_none_for_one_too_small():
    _, snr_1m2_db = asked([0.0])
    wanted = 10.0 * np.log10(float(detection.required_snr(0.5, PFA)))
    dwells = []
    for below_db in (-20.0, 0.0, 8.0, 45.0):  # one at a time: nothing competes
        ask, _ = asked([wanted - below_db - snr_1m2_db], config=TaskingConfig(position=0.0, identity=0.0, level=0.0))
        dwells.append(ask.dwell[0, 1])
        assert ask.dwell[0, 0] == 1.0  # the radar that turns cannot choose
    assert dwells[0] <= dwells[1] <= dwells[2]
    assert dwells[2] > 1.0
    assert dwells[3] == 0.0


def test_energy_goes_where_it_detects():
    _, snr_1m2_db = asked([0.0])
    wanted = 10.0 * np.log10(float(detection.required_snr(0.5, PFA)))
    levels = wanted - snr_1m2_db + np.array([30.0, 3.0, -3.0, -40.0])
    usual_w = 4 * 8.0 * 1e5 * 5e-5 / 2.0  # four usual dwells of 8 pulses in a frame of 2 s
    config = TaskingConfig(position=0.0, identity=0.0, level=0.0, power_kw=1e-3 * usual_w)
    ask, _ = asked(levels, config=config)
    assert ask.power_w <= usual_w * (1.0 + 1e-9)
    assert ask.dwell[3, 1] == 0.0
    assert ask.dwell[0, 1] <= ask.dwell[1:3, 1].min()
    assert ask.dwell[1:3, 1].sum() > 2.0
    flat, _ = asked(levels, config=config.model_copy(update={"rule": "even"}))
    assert np.all(flat.dwell[:, 1] == 1.0)
    assert flat.power_w == pytest.approx(usual_w)
    assert ask.pd[:, 1].sum() > flat.pd[:, 1].sum()


def test_a_track_without_a_dwell_is_expected_by_search_alone():
    ask, _ = asked([-60.0, 5.0], config=TaskingConfig(power_kw=0.05))
    assert ask.dwell[0, 1] == 0.0
    assert 0.0 <= ask.pd[0, 1] < 0.01
    assert ask.pfa[0, 1] == PFA


def test_a_vague_place_is_searched_with_beams_abreast_or_left():
    level = [5.0]
    sharp, _ = asked(level, range_m=80e3)
    vague, _ = asked(level, sd_m=3e3, range_m=80e3)
    cued, _ = asked(level, sd_m=3e3, range_m=80e3, config=TaskingConfig(cue_beams=100))
    assert sharp.pd[0, 1] > 0.9
    assert vague.pd[0, 1] < 0.5
    assert cued.pd[0, 1] > vague.pd[0, 1] + 0.2
    assert cued.power_w > sharp.power_w


def test_without_a_steered_radar_nothing_changes():
    ask, _ = asked([0.0], radars=[scene.radar(), scene.radar()])
    assert np.all(ask.dwell == 1.0)
    assert ask.pd[0, 0] == 0.3
    assert ask.power_w == 0.0


def test_at_equal_energy_what_is_learned_detects_more_and_no_more_than_the_oracle():
    gains = bench.detect(16, seed=3, range_step_m=10e3)
    budget_j = bench.BUDGET_W * bench.FRAME_S
    assert np.all(gains.energy_j <= budget_j * (1.0 + 1e-9))
    np.testing.assert_allclose(gains.energy_j[:, 0], budget_j)  # the baseline spends all of it
    assert np.all(gains.dwells[:, 1:] <= gains.dwells[:, :1])  # so that no rule has more false plots than the baseline
    for table in (gains.detections, gains.range_m):
        gain, half = bench.paired(table[:, 2] - table[:, 0])
        assert gain > half
        over, half = bench.paired(table[:, 2] - table[:, 3])
        assert over <= half
    # the longest dwell is eight usual ones: no range grows by more than 9 dB of energy over a usual dwell
    held = gains.range_m[:, 0] > 0.0
    growth_db = 40.0 * np.log10(gains.range_m[held, 2] / (gains.range_m[held, 0] + 10e3))
    assert np.all(growth_db <= 10.0 * np.log10(8.0))


def test_at_equal_energy_information_identifies_as_well_as_an_even_share_and_the_oracle_bounds_it():
    typed = bench.identify(12, seed=5)
    gain, half = bench.paired(typed[:, 2] - typed[:, 0])
    assert gain > -half
    assert bench.paired(typed[:, 2] - typed[:, 1])[0] > 0.0
    over, half = bench.paired(typed[:, 2] - typed[:, 3])
    assert over <= half


def test_a_radar_with_a_cfar_is_expected_to_detect_as_its_cfar_does():
    law = cfar.Cfar(kind="ca", n_reference=16)
    plain_one = scene.radar()
    one = replace(plain_one, processing=replace(plain_one.processing, cfar=law))
    at = int(np.argmin(np.abs(tasking._SNR_DB - 15.0)))
    snr = 10.0 ** (0.1 * tasking._SNR_DB[at])
    found = tasking.outcomes(one, 1, [1e-6, 1e-4])
    for rung, pfa in enumerate((1e-6, 1e-4)):
        np.testing.assert_allclose(found.pd[rung, at], float(cfar.pd(law, np.array([snr]), pfa)[0]), rtol=1e-9)
    np.testing.assert_allclose(found.probability.sum(axis=1), 1.0, atol=1e-9)
    np.testing.assert_allclose(1.0 - found.probability[at, 0], found.pd[0, at], rtol=1e-9)
    assert found.pd[0, at] < tasking.outcomes(plain_one, 1, [1e-6]).pd[0, at] - 0.05
