"""The scenarios that trackers are compared on: their plots are what they say, their scorer and floor likewise."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import tracking
from benchmarks import tracking_scenarios as ts
from watchfloor.assess.tracking import score_tracks

RADAR = [ts.b_radar50, ts.c_dense100, lambda seed: ts.c_scale(150, seed), lambda seed: ts.c_scale(150, seed, rot=True)]
EVERY = [ts.a_vo12, ts.a_vo12_hard, *RADAR]


def residuals(scenario: ts.Scenario) -> np.ndarray:
    """Errors of a run's true plots, in standard deviations; the truth is carried back to the plot's time."""
    out = []
    for k in range(scenario.n_scans):
        mine = scenario.origin[k] >= 0
        row = np.searchsorted(scenario.truth_id[k], scenario.origin[k][mine])
        state = scenario.truth[k][row]
        if scenario.dims == 3:
            off = scenario.plots[k][mine] - ts.polar(state)
            off[:, 1] = (off[:, 1] + np.pi) % (2.0 * np.pi) - np.pi
        else:
            off = scenario.plots[k][mine] - state[:, :2]
        out.append(off / scenario.sd)
    return np.concatenate(out)


@pytest.mark.parametrize("make", EVERY)
def test_a_seed_gives_its_run_again_and_another_gives_another(make):
    one, again, other = make(7), make(7), make(8)
    for k in range(one.n_scans):
        np.testing.assert_array_equal(one.plots[k], again.plots[k])
        np.testing.assert_array_equal(one.truth[k], again.truth[k])
    assert not np.array_equal(one.plots[0][:1], other.plots[0][:1])


@pytest.mark.parametrize("make", EVERY)
def test_a_saved_run_reads_back_bit_for_bit(make, tmp_path):
    one = make(3)
    one.save(tmp_path / "run.npz")
    back = ts.Scenario.load(tmp_path / "run.npz")
    for name, value in vars(one).items():
        if isinstance(value, list):
            assert len(value) == len(getattr(back, name))
            for mine, theirs in zip(value, getattr(back, name), strict=True):
                np.testing.assert_array_equal(mine, theirs)
        else:
            np.testing.assert_array_equal(value, getattr(back, name))


@pytest.mark.parametrize("make", EVERY)
def test_detections_and_false_plots_come_at_the_stated_rates(make):
    one = make(11)
    chances = sum(len(ids) for ids in one.truth_id)
    found = sum(int((origin >= 0).sum()) for origin in one.origin)
    false = sum(int((origin < 0).sum()) for origin in one.origin)
    assert abs(found - one.pd * chances) < 4.0 * np.sqrt(chances * one.pd * (1.0 - one.pd))
    assert abs(false - one.clutter_per_scan * one.n_scans) < 4.0 * np.sqrt(one.clutter_per_scan * one.n_scans)


@pytest.mark.parametrize("make", [ts.a_vo12, ts.b_radar50, ts.c_dense100, lambda seed: ts.c_scale(150, seed)])
def test_plots_scatter_about_the_truth_with_the_stated_errors(make):
    off = residuals(make(5))
    n = len(off)
    assert np.all(np.abs(off.mean(axis=0)) < 4.0 / np.sqrt(n))
    assert np.all(np.abs(off.var(axis=0) - 1.0) < 4.0 * np.sqrt(2.0 / n))


@pytest.mark.parametrize("make", RADAR)
def test_false_plots_are_uniform_in_area_azimuth_height_and_range_rate(make):
    one = make(2)
    z = np.concatenate([plots[origin < 0] for plots, origin in zip(one.plots, one.origin, strict=True)])
    low, high = one.extent.T
    ground, height = z[:, 0] * np.cos(z[:, 2]), z[:, 0] * np.sin(z[:, 2])
    area = (ground**2 - low[0] ** 2) / (high[0] ** 2 - low[0] ** 2)
    shares = [area, *((v - low[i]) / (high[i] - low[i]) for i, v in ((1, z[:, 1]), (2, height), (3, z[:, 3])))]
    for share in shares:  # Kolmogorov-Smirnov at 1e-4
        rank = np.sort(share)
        apart = np.abs(rank - (np.arange(len(rank)) + 0.5) / len(rank)).max()
        assert apart < 2.23 / np.sqrt(len(rank))


def test_the_twelve_targets_are_born_and_die_when_published_and_at_most_ten_live_at_once():
    one = ts.a_vo12(1)
    count = np.array([len(ids) for ids in one.truth_id])
    assert count.max() == 10
    assert [count[k - 1] for k in (1, 19, 20, 39, 40, 59, 60, 70, 71, 79, 80, 100)] == [
        3, 3, 6, 6, 8, 8, 10, 10, 8, 8, 10, 10,
    ]  # fmt: skip
    np.testing.assert_allclose(one.truth[0][0], [0.0, -10.0, 0.0, -10.0])  # moved once before the first scan
    np.testing.assert_allclose(one.truth[99][0], [400.0 - 1000.0, -600.0 + 500.0, -10.0, 5.0])
    inside = np.concatenate(one.truth)[:, :2]
    assert np.abs(inside).max() <= 1000.0


@pytest.mark.parametrize("make", RADAR)
def test_aircraft_fly_level_at_constant_speed_and_where_their_velocity_says(make):
    one = make(9)
    for k in range(1, one.n_scans):
        both, before, after = np.intersect1d(one.truth_id[k - 1], one.truth_id[k], return_indices=True)
        was, now = one.truth[k - 1][before], one.truth[k][after]
        assert len(both)
        np.testing.assert_array_equal(was[:, 2], now[:, 2])
        assert np.all((was[:, 2] >= 1e3) & (was[:, 2] <= 12e3))
        assert not np.any(now[:, 5])
        speed = np.hypot(now[:, 3], now[:, 4])
        assert np.all((speed >= 95.0) & (speed <= 305.0))
        moved = np.hypot(*(now - was)[:, :2].T) / one.period_s
        assert np.all(moved <= 1.001 * np.maximum(speed, np.hypot(was[:, 3], was[:, 4])) + 0.1)
        middle = 0.5 * (was + now)[:, 3:5] * one.period_s  # the chord of an arc lies along the mean velocity
        turned = np.abs(middle[:, 0] * (now - was)[:, 1] - middle[:, 1] * (now - was)[:, 0])
        assert np.median(turned / np.einsum("ij,ij->i", middle, middle)) < 2e-2


def test_a_turn_is_clockwise_for_a_positive_rate_and_closes_after_a_full_circle():
    rate = np.radians(6.0)
    moved, heading = ts._along(np.array([15.0, 60.0]), np.array([rate, rate]), np.zeros(2), np.array([100.0, 100.0]))
    radius = 100.0 / rate
    np.testing.assert_allclose(moved[0], [radius, radius], rtol=1e-12)  # from north a quarter to the right: now east
    np.testing.assert_allclose(heading[0], 0.5 * np.pi)
    np.testing.assert_allclose(moved[1], 0.0, atol=1e-9)


def test_close_pairs_keep_their_distance_and_live_together():
    one = ts.b_radar50(4)
    for k in range(one.n_scans):
        ids, state = one.truth_id[k], one.truth[k]
        for first, second in zip(range(30, 40), range(40, 50), strict=True):
            pair = np.flatnonzero((ids == first) | (ids == second))
            assert len(pair) in (0, 2)
            if len(pair):
                assert 400.0 <= np.linalg.norm(np.diff(state[pair, :3], axis=0)) <= 800.0


def test_a_turning_antenna_sees_each_target_when_it_points_at_it():
    one = ts.c_scale(400, 6, rot=True)
    for k in range(one.n_scans):
        mine = one.origin[k] >= 0
        when = (one.plot_t_s[k] - k * one.period_s) / one.period_s
        assert np.all((when >= 0.0) & (when < 1.0))
        assert np.all(np.diff(when) >= 0.0)
        off = one.plots[k][:, 1] - 2.0 * np.pi * when
        off = (off + np.pi) % (2.0 * np.pi) - np.pi
        assert np.abs(off[~mine]).max() < 1e-9
        assert np.abs(off[mine]).max() < 5.0 * one.sd[1]
        assert len(np.unique(one.origin[k][mine])) == mine.sum()
        assert one.scan_t_s[k] == (k + 1) * one.period_s


def test_the_picture_of_the_truth_scores_nought_and_an_empty_one_half_the_cutoff_squared_a_target():
    one = ts.c_scale(40, 2)
    perfect = [(ids, state[:, :3]) for ids, state in zip(one.truth_id, one.truth, strict=True)]
    best = ts.score(one, perfect)
    assert (best["gospa_m"], best["missed"], best["false"], best["switches"], best["completeness"]) == (0, 0, 0, 0, 1)
    nothing = ts.score(one, [(np.empty(0, np.int64), np.empty((0, 3)))] * one.n_scans)
    assert nothing["gospa_m"] == pytest.approx(2e3 * np.sqrt(20.0))
    assert nothing["missed"] == 40.0
    swapped = [(ids[::-1] if k % 2 else ids, place) for k, (ids, place) in enumerate(perfect)]
    assert ts.score(one, swapped)["switches"] == 40 * (one.n_scans - 1)


def test_the_scorer_agrees_with_the_assessment_of_recorded_tracks():
    one = ts.b_radar50(1)
    picture = ts.oracle(one)
    rng = np.random.default_rng(0)
    picture = [(rng.permutation(ids) if k % 7 == 0 else ids, place) for k, (ids, place) in enumerate(picture)]
    mine = ts.score(one, picture)
    t = [np.repeat(one.scan_t_s, [len(x) for x in rows]) for rows in (one.truth_id, [ids for ids, _ in picture])]
    _, theirs = score_tracks(
        t[0], np.concatenate(one.truth_id), np.concatenate(one.truth)[:, :3],
        t[1], np.concatenate([ids for ids, _ in picture]), np.concatenate([place for _, place in picture]),
        cutoff_m=one.cutoff_m,
    )  # fmt: skip
    assert mine["gospa_m"] == pytest.approx(theirs.gospa_m)
    assert mine["completeness"] == pytest.approx(theirs.completeness)
    assert mine["false"] == pytest.approx(theirs.n_false)
    assert mine["switches"] == theirs.n_switches
    assert mine["rmse_m"] == pytest.approx(theirs.rmse_m)


def test_with_known_origins_the_error_is_the_published_floor():
    # floors of the definitions: A 27.82 +- 0.16, A-hard 34.0 +- 0.3 (20 runs); a few runs here
    easy = [ts.score(s, ts.oracle(s))["gospa_m"] for s in map(ts.a_vo12, range(1000, 1005))]
    hard = [ts.score(s, ts.oracle(s))["gospa_m"] for s in map(ts.a_vo12_hard, range(1500, 1505))]
    assert np.mean(easy) == pytest.approx(27.8, abs=4.0 * 0.7 / np.sqrt(5))
    assert np.mean(hard) == pytest.approx(34.0, abs=4.0 * 1.3 / np.sqrt(5))
    # B: 1,053 with one model and 933 with four; runs differ by 80 m
    runs = [ts.b_radar50(seed) for seed in range(2000, 2004)]
    one = np.mean([ts.score(s, ts.oracle(s))["gospa_m"] for s in runs])
    four = np.mean([ts.score(s, ts.oracle(s, ts.B_MODELS))["gospa_m"] for s in runs])
    assert one == pytest.approx(1053.0, abs=4.0 * 80.0 / np.sqrt(4))
    assert four == pytest.approx(933.0, abs=4.0 * 80.0 / np.sqrt(4))
    assert four < 0.93 * one


def test_the_model_that_flies_the_targets_way_gives_the_lower_floor(monkeypatch):
    monkeypatch.setattr(ts, "_C_LEGS", {"straight_s": 1e9, "turn_s": 1e-3, "rates_rps": (0.1, 0.2)})
    one = ts.c_scale(300, 1)
    straight = ts.score(one, ts.oracle(one, (ts.Model(0.01, 0.01),)))
    loose = ts.score(one, ts.oracle(one))
    assert straight["gospa_late_m"] < 0.8 * loose["gospa_late_m"]


def test_the_table_of_a_case_sets_ours_beside_the_floor_run_by_run(monkeypatch, tmp_path):
    monkeypatch.setattr(tracking, "track", lambda scenario, *, told: (ts.oracle(scenario), [2e-3] * scenario.n_scans))
    case = next(one for one in tracking.CASES if one.name == "a")
    result = tracking.measure(case, tmp_path, runs=3, alone=True)
    figures = {what: figure for what, figure, _, _ in tracking.rows(result)}
    runs = [ts.score(s, ts.oracle(s))["gospa_m"] for s in map(ts.a_vo12, range(1000, 1003))]
    assert figures["A, 12 targets: GOSPA told the births, 3 runs"] == pytest.approx(np.mean(runs))
    assert figures["  its standard error"] == pytest.approx(np.std(runs, ddof=1) / np.sqrt(3))
    assert figures["  floor (origins known), 3 runs"] == pytest.approx(np.mean(runs))
    assert figures["A, 12 targets: CPU"] == pytest.approx(2.0)
    assert f"{np.mean(runs):,.5g} ±" in tracking.as_table([result])
