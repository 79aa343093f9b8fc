"""What looks tell besides their power: noise, modulation, length of the dwell; who declares a type."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.track.simulated import SITE, flights, make_radar, scan
from watchfloor.base.picture import LabelSource, Looks, Plots, Status, Tasks
from watchfloor.physics.frames import ecef_to_polar
from watchfloor.track.distributed import DistributedTracker, DistributedTrackerConfig
from watchfloor.track.gnn import GnnTracker, GnnTrackerConfig
from watchfloor.track.jpda import JpdaTracker, JpdaTrackerConfig
from watchfloor.track.looks import NoiseHeard, coded, dwell_of, label_of, source_of
from watchfloor.track.pmb import PmbTracker, PmbTrackerConfig

KINDS = ("pmb", "gnn", "jpda")
RADAR = make_radar()
TURN_S = RADAR.period_s


def make(kind):
    parts = dict(places=[SITE], radars=[RADAR], periods_s=[TURN_S], phases_rad=[0.0])
    if kind == "pmb":
        return PmbTracker(PmbTrackerConfig(), **parts)
    if kind == "gnn":
        return GnnTracker(GnnTrackerConfig(), **parts)
    if kind == "jpda":
        return JpdaTracker(JpdaTrackerConfig(), **parts)
    config = DistributedTrackerConfig(sites=({"sensors": ("north",)},))
    return DistributedTracker(config, names=["north"], **parts)


def strobe(t_s, azimuth_rad, *, noise_db=0.0, snr_db=np.nan):
    n = len(t_s)
    z, cov = np.full((n, 4), np.nan), np.full((n, 4, 4), np.nan)
    z[:, 1], cov[:, 1, 1] = azimuth_rad, 1e-6
    nobody = np.full(n, -1)
    return Plots(
        t_s=np.asarray(t_s, float), sensor=np.zeros(n, int), measurement=z, cov=cov, snr_db=np.full(n, snr_db),
        pfa=np.full(n, 1e-6), address=nobody, label=nobody, noise_db=np.full(n, noise_db),
    )  # fmt: skip


def watch(kind, *, seen=lambda turn: True, more=lambda turn, flown: None, told=lambda turn, plots: plots, tasks=None):
    """Eight flights, twelve turns, no false plots: last picture, all looks."""
    rng = np.random.default_rng(8)
    tracker, flown = make(kind), flights(8, rng, near_m=60e3, far_m=120e3)
    looks, tracks, asked = [], None, Tasks.empty()
    for turn in range(1, 13):
        plots = scan(flown, turn, rng, pd=1.0 if seen(turn) else 0.0, n_false=0, period_s=TURN_S)
        plots = told(turn, plots)
        extra = more(turn, flown)
        if extra is not None:
            plots = Plots.concat([plots, extra])
        if tasks is not None and tracks is not None:
            asked = tasks(turn, tracks)
        tracks, new = tracker.step(plots, asked, until_s=TURN_S * (turn + 1))
        looks.append(new)
    return tracks.take(tracks.status == Status.CONFIRMED), Looks.concat(looks)


@given(label=st.integers(-1, 10**6), source=st.sampled_from(list(LabelSource)))
def test_type_and_source_come_back(label, source):
    code = coded(np.array([label]), np.array([int(source)]))
    assert (code[0] < 0) == (label < 0)
    assert label_of(code)[0] == label
    assert source_of(code)[0] == (source if label >= 0 else -1)


@pytest.mark.parametrize("kind", [*KINDS, "distributed"])
@pytest.mark.parametrize("source", [LabelSource.TRANSPONDER, LabelSource.VISUAL])
def test_a_track_says_who_declared_its_type(kind, source):
    def told(turn, plots):
        if turn != 6:
            return plots
        n = len(plots)
        return replace(plots, label=np.full(n, 3), label_source=np.full(n, int(source)))

    before, _ = watch(kind)
    assert (before.label == -1).all()
    assert (before.label_source == LabelSource.NONE).all()
    after, _ = watch(kind, told=told)
    assert len(after) == 8
    assert (after.label == 3).all()
    assert (after.label_source == source).all()


@pytest.mark.parametrize("kind", KINDS)
def test_a_hit_tells_what_its_plot_told(kind):
    def told(turn, plots):
        value = np.full(len(plots), float(turn))
        return replace(plots, noise_db=value, modulation_hz=100.0 * value, dwell_db=-value)

    _, looks = watch(kind, told=told)
    assert len(looks) > 50
    turn = np.rint(-looks.dwell_db)
    np.testing.assert_array_equal(looks.noise_db, turn)
    np.testing.assert_array_equal(looks.modulation_hz, 100.0 * turn)
    assert (np.abs(looks.t_s / TURN_S - turn - 0.5) <= 0.5).all()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("level", "expected"), [({"noise_db": 17.0}, 17.0), ({"snr_db": 21.0}, 21.0), ({}, np.nan)])
def test_a_miss_beside_a_strobe_has_its_noise_and_others_have_none(kind, level, expected):
    def jam(turn, flown):  # where the first flight is, from the ninth turn on, when nothing comes back
        if turn < 9:
            return None
        t = np.array([TURN_S * turn])
        for _ in range(5):
            azimuth = ecef_to_polar(flown.at(np.full(8, t[0])), SITE)[1][:1]
            t = TURN_S * (turn + azimuth / (2.0 * np.pi))
        return strobe(t, azimuth, **level)

    tracks, looks = watch(kind, seen=lambda turn: turn < 9, more=jam)
    missed = looks.take(np.isnan(looks.snr_db) & (looks.t_s >= 9.0 * TURN_S))
    assert len(missed) >= 16
    told = missed.noise_db != 0.0
    assert 2 <= told.sum() <= 8
    np.testing.assert_array_equal(missed.noise_db[told], expected)
    assert len(np.unique(missed.track[told])) <= 2
    assert (looks.noise_db[~np.isnan(looks.snr_db)] == 0.0).all()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("dwell", "expected"), [(0.0, None), (4.0, 6.02), (1.0, 0.0)])
def test_a_dwell_that_was_not_made_is_no_miss_and_a_long_one_says_so(kind, dwell, expected):
    def tasks(turn, tracks):
        n = len(tracks)
        return Tasks(
            track=tracks.number, sensor=np.zeros(n, int), t_s=tracks.t_s, position_ecef_m=tracks.position_ecef_m,
            velocity_ecef_mps=tracks.velocity_ecef_mps, radius_m=np.full(n, 1e3), pfa=np.full(n, RADAR.pfa),
            pd=np.full(n, 0.3), dwell=np.full(n, dwell if turn >= 8 else 1.0),
        )  # fmt: skip

    _, looks = watch(kind, seen=lambda turn: turn < 10, tasks=tasks)
    missed = looks.take(np.isnan(looks.snr_db) & (looks.t_s > 10.0 * TURN_S))
    assert np.count_nonzero(~np.isnan(looks.snr_db)) > 40
    if expected is None:
        assert len(missed) == 0
    else:
        assert len(missed) >= 8
        np.testing.assert_allclose(missed.dwell_db, expected, atol=0.01)


def test_dwells_are_looked_up_by_track_and_sensor():
    tasks = Tasks(
        track=np.array([2, 2, 5]), sensor=np.array([0, 2, 1]), t_s=np.zeros(3), position_ecef_m=np.zeros((3, 3)),
        velocity_ecef_mps=np.zeros((3, 3)), radius_m=np.ones(3), pfa=np.ones(3), pd=np.ones(3),
        dwell=np.array([0.5, 2.0, 0.0]),
    )  # fmt: skip
    number, sensor = np.array([5, 2, 2, 2, 1, 9]), np.array([1, 2, 0, 1, 3, 3])
    np.testing.assert_array_equal(dwell_of(number, sensor, tasks), [0.0, 2.0, 0.5, 1.0, 1.0, 1.0])
    np.testing.assert_array_equal(dwell_of(number, sensor, Tasks.empty()), 1.0)


def test_the_newest_strobe_of_the_same_radar_and_direction_counts_while_it_holds():
    heard = NoiseHeard([RADAR, None, RADAR], [10.0, 4.0, 2.0], [0.0, 0.0, np.nan])
    here = np.zeros(1, int)
    assert heard.at(here, np.array([3.0]), np.array([1.0])) == 0.0
    wide = RADAR.beamwidth_azimuth_rad
    heard.hear(strobe([2.0, 3.0], [0.1 * wide, 2.0 * np.pi - 0.2 * wide], noise_db=12.0), until_s=5.0)
    heard.hear(strobe([4.0], [0.5], noise_db=30.0), until_s=5.0)
    heard.hear(replace(strobe([4.0], [0.5], noise_db=20.0), sensor=np.array([2])), until_s=5.0)
    for sensor, t, azimuth, level in (
        (0, 2.5, 0.0, 12.0), (0, 7.0, 0.0, 12.0), (0, 8.5, 0.0, 0.0), (0, 2.5, 1.9 * wide, 0.0), (0, 4.0, 0.5, 30.0),
        (2, 4.0, 0.5, 20.0), (2, 13.0, 0.5, 20.0), (2, 15.0, 0.5, 0.0), (1, 4.0, 0.5, 0.0),
    ):  # fmt: skip
        assert heard.at(np.array([sensor]), np.array([t]), np.array([azimuth]))[0] == level
    again = NoiseHeard([RADAR, None, RADAR], [10.0, 4.0, 2.0], [0.0, 0.0, np.nan])
    again.restore(heard.save())
    heard.hear(Plots.empty(), until_s=1e3)
    assert len(heard.t_s) == 0
    assert len(again.t_s) == 4
