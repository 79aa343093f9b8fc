"""The learner's tasks: dwells under a budget, gates at an equal rate of false tracks, looks of other lengths."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tests.learn import scene
from watchfloor.base.picture import SIGMA_GRID_DBSM
from watchfloor.learn import _kernels_tasking
from watchfloor.learn.exploit import false_starts, gate_cells, reach_cells
from watchfloor.learn.library import LOG_SCORE_WEIGHT
from watchfloor.learn.tasking import TaskingConfig
from watchfloor.physics import detection

CARDS = {"a": scene.card(level=-10.0), "b": scene.card(level=5.0)}


def steered(**changes):
    values = {
        "motion": "electronic", "face_azimuth_rad": 0.0, "azimuth_width_rad": 2.0 * np.pi, "scan_max_rad": np.pi / 2.0,
        "beam_shape_loss": 1.8, "period_s": 5.0,
    }  # fmt: skip
    return scene.radar(**(values | changes))


def tasked(n=4, *, radars=None, until_s=2.0, power=None, range_m=100e3, **settings):
    one = scene.learner(CARDS, radars=radars or [scene.radar(), steered()], **settings)
    flying = scene.inbound(n, range_m=range_m)
    shown = np.empty((n, 0)) if power is None else power
    identities, _ = one.step(flying, scene.looks(flying, shown))
    return one, flying, identities, one.task(flying, identities, until_s=until_s)


def test_levels_of_tracks_are_those_that_expected_pd_rests_on():
    power = np.array([[np.nan, 30.0, 50.0], [200.0, 300.0, 100.0]])
    one, flying, identities, task = tasked(2, radars=[scene.radar()], power=power, until_s=0.0, gates=False)
    slots, library = one._slots, one._library
    at = slots.find_known(flying.number)
    of_class = one._of_classes(np.ascontiguousarray(identities.probability), at)
    cell = np.zeros((2, 1), np.int64)
    cell[:, 0] = one._cells.find(*scene.aspect(flying.position_ecef_m, flying.velocity_ecef_mps, scene.PLACE.ecef_m))
    level = _kernels_tasking.track_levels(
        np.zeros(1, np.int64), at, cell, of_class, one._class_echo, slots.pool_at, slots.own, slots.own_scored,
        slots.scored, library.table_at, library.tables, library.group, LOG_SCORE_WEIGHT,
    )  # fmt: skip
    believed = of_class >= 1e-4
    np.testing.assert_allclose(level.sum(axis=3)[:, 0][believed], 1.0, rtol=1e-9)
    snr = scene.snr_1m2(flying)[:, None] * 10.0 ** (0.1 * SIGMA_GRID_DBSM)
    pd = detection.pd(snr, scene.radar().pfa)
    wanted = np.einsum("nm,nmg,ng->n", of_class, level[:, 0], pd)
    np.testing.assert_allclose(task.pd, wanted, atol=2e-3)


def test_without_tasking_every_dwell_is_the_usual_one():
    *_, task = tasked()
    assert np.all(task.dwell == 1.0)


def test_dwells_of_a_steered_radar_keep_the_budget():
    usual_w = 8 * 1e5 * 5e-5 / 2.0  # of a usual dwell at one track in a frame of 2 s
    config = TaskingConfig(power_kw=4e-3 * usual_w, least=0.0)
    *_, task = tasked(8, tasking=config)
    assert np.array_equal(task.sensor, [0, 1] * 8)
    assert np.all(task.dwell[0::2] == 1.0)  # the radar that turns cannot choose
    assert set(task.dwell[1::2].tolist()) <= {0.0, *config.dwells}
    assert 0.0 < task.dwell[1::2].sum() * usual_w <= 4.0 * usual_w * (1.0 + 1e-9)
    assert np.all((task.pd >= 0.0) & (task.pd <= 1.0))
    *_, even = tasked(8, tasking=config.model_copy(update={"rule": "even"}))
    seen = even.dwell[1::2] > 0.0  # the face does not see behind itself
    assert seen.sum() == 4
    assert even.dwell[1::2][seen].tolist() == [1.0] * 4


def test_gates_at_an_equal_rate_add_no_more_false_tracks_than_their_share():
    radars = [scene.radar(), steered(pfa=1e-7)]
    share = 0.1
    for tasking in (None, TaskingConfig(least=0.0)):
        one, flying, _, task = tasked(
            6,
            radars=radars,
            range_m=250e3,
            false_tracks="equal",
            false_track_share=share,
            min_gain=0.0,
            tasking=tasking,
        )
        opened = 0
        for s, radar in enumerate(radars):
            mine = task.take(np.flatnonzero(task.sensor == s))
            range_m = np.linalg.norm(mine.position_ecef_m - scene.PLACE.ecef_m, axis=1)
            cells = gate_cells(radar, range_m, mine.radius_m)
            reach = reach_cells(radar, range_m, speed_mps=400.0, interval_s=radar.period_s)
            added = false_starts(cells, mine.pfa, m=3, n=5, reach_cells=reach)
            added = added - false_starts(cells, radar.pfa, m=3, n=5, reach_cells=reach)
            assert added.sum() <= one._allowed[s] * (1.0 + 1e-9)
            opened += int((mine.pfa > radar.pfa).sum())
        assert opened > 0
    *_, shut = tasked(6, radars=radars, range_m=250e3, false_tracks="equal", false_track_share=0.0, min_gain=0.0)
    assert np.all(shut.pfa == np.tile([1e-6, 1e-7], 6))


def test_a_long_dwell_teaches_as_a_usual_one_of_its_signal():
    flying = scene.inbound(1)
    usual = scene.looks(flying, np.array([[200.0, 90.0]]))
    knowledge = []
    for gain_db in (0.0, 6.0):
        # far above the noise, power and signal grow alike
        told = replace(usual, snr_db=usual.snr_db + 20.0 + gain_db, dwell_db=np.full(2, gain_db))
        one = scene.learner(CARDS)
        one.step(flying, told)
        knowledge.append(np.exp(one.knowledge.log_posterior) @ SIGMA_GRID_DBSM)
    np.testing.assert_allclose(knowledge[0], knowledge[1], atol=0.05)
    one = scene.learner(CARDS)
    one.step(flying, replace(usual, snr_db=usual.snr_db + 26.0))
    assert np.abs(np.exp(one.knowledge.log_posterior) @ SIGMA_GRID_DBSM - knowledge[0]).max() > 1.0
