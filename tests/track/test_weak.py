"""Weak plots in a mission: a faint target is tracked farther out, at the rate of false tracks that was asked for."""

from __future__ import annotations

import math
import pickle
from functools import cache

import numpy as np
import pytest

from benchmarks.before_detect import RADAR
from tests.sensor.flights import signature, spots, straight
from watchfloor.base.picture import Status, Tasks
from watchfloor.base.streams import Streams
from watchfloor.base.truth import Truth
from watchfloor.physics import detection
from watchfloor.physics.environment import Targets
from watchfloor.physics.frames import Place, ecef_to_polar
from watchfloor.physics.radar import look
from watchfloor.sensor.card import environment_for
from watchfloor.sensor.low_level import LowLevelConfig, low_level_of
from watchfloor.sensor.rotating import RotatingRadar, RotatingRadarConfig
from watchfloor.track.before_detect import BeforeDetectConfig
from watchfloor.track.pmb import PmbTracker, PmbTrackerConfig

PLACE = Place.from_degrees(40.0, 32.5, 853.0)
AROUND = environment_for(RADAR, PLACE, 10.0)
LOW = {"pfa": 1e-2, "azimuth_from_deg": 50.0, "azimuth_to_deg": 130.0, "range_from_km": 60.0, "range_to_km": 300.0}
SPEED_MPS, START_M, TICK_S = 250.0, 270e3, 10.0


def _sensor(level_dbsm, seed, *, low=True, model=RADAR):
    config = RotatingRadarConfig(
        name="early", card="none", place="site", low_level=LowLevelConfig(**LOW) if low else None
    )
    return RotatingRadar(
        config, environment=environment_for(model, PLACE, 10.0), radar=model, signatures=[signature(level_dbsm)],
        streams=Streams(seed), row=0,
    )  # fmt: skip


def _tracker(*, low=True, rate_per_h=1.0, **settings):
    config = PmbTrackerConfig(
        before_detect=BeforeDetectConfig(false_tracks_per_h=rate_per_h) if low else None, pd=0.5, **settings
    )
    return PmbTracker(
        config, places=[PLACE], radars=[RADAR], periods_s=[RADAR.period_s], phases_rad=[0.0],
        low_levels=[low_level_of(LowLevelConfig(**LOW), RADAR) if low else None],
    )  # fmt: skip


@cache
def _inbound() -> tuple[np.ndarray, np.ndarray]:
    position, frame = spots(PLACE, [90.0], START_M, 11e3)
    return position, -SPEED_MPS * frame[:, 0]


@cache
def _level_dbsm() -> float:
    """Cross-section that has 7 dB a look at 220 km. [dBsm]"""  # noqa: D400, D415
    position, _ = spots(PLACE, [90.0], 220e3, 11e3)
    seen = look(RADAR, Targets(ecef_m=position, velocity_ecef_mps=np.zeros((1, 3))), AROUND)
    return 7.0 - 10.0 * math.log10(float(seen.snr_1m2[0]))


def _nobody() -> Truth:
    return straight(np.empty((0, 3)), np.empty((0, 3)), np.linspace(0.0, TICK_S, 2))


def _truth(since_s, until_s) -> Truth:
    position, velocity = _inbound()
    return straight(position, velocity, np.linspace(since_s, until_s, 6))


def _tracked_from_km(seed, *, low):
    """Range at which the target is tracked for the first time, and share of the time after that it is."""
    sensor, tracker = _sensor(_level_dbsm(), seed, low=low), _tracker(low=low)
    first, held, ticks = 0.0, 0, 0
    for tick in range(48):
        since_s, until_s = TICK_S * tick, TICK_S * (tick + 1)
        truth = _truth(since_s, until_s)
        plots, _ = sensor.observe(truth, Tasks.empty(), until_s=until_s)
        tracks, _ = tracker.step(plots, Tasks.empty(), until_s=until_s)
        at = truth.position_ecef_m[0, -1]
        now = tracks.take(tracks.status == Status.CONFIRMED)
        there = now.position_ecef_m + (until_s - now.t_s)[:, None] * now.velocity_ecef_mps
        r, az, _ = ecef_to_polar(np.concatenate([at[None], there]), PLACE)
        near = (np.abs(r[1:] - r[0]) < 3e3) & (np.abs(az[1:] - az[0]) * r[0] < 25e3)
        if near.any() and first == 0.0:
            first = float(r[0]) / 1e3
        if first > 0.0:
            ticks, held = ticks + 1, held + bool(near.any())
    return first, held / max(ticks, 1)


def test_a_faint_target_is_tracked_farther_out_than_without_weak_plots():
    seeds = range(16)
    with_km = np.array([_tracked_from_km(seed, low=True) for seed in seeds])
    without_km = np.array([_tracked_from_km(seed, low=False) for seed in seeds])
    gain_km = with_km[:, 0] - without_km[:, 0]
    error = gain_km.std(ddof=1) / math.sqrt(len(gain_km))
    assert gain_km.mean() - 2.5 * error > 0.0  # paired: the same fades
    assert 10.0 < gain_km.mean() < 90.0  # 90 km would be 5.9 dB: more than six looks on a known path can give
    assert with_km[:, 1].mean() > 0.7  # and held from then on


def test_noise_starts_tracks_at_the_rate_that_was_asked_for():
    rate_per_h, hours = 20.0, 2
    sensor, tracker = _sensor(_level_dbsm(), 50), _tracker(rate_per_h=rate_per_h)
    begun: set[int] = set()
    for tick in range(360 * hours):
        plots, _ = sensor.observe(_nobody(), Tasks.empty(), until_s=TICK_S * (tick + 1))
        tracks, _ = tracker.step(plots, Tasks.empty(), until_s=TICK_S * (tick + 1))
        begun.update(tracks.number[tracks.status == Status.CONFIRMED].tolist())
    expected = rate_per_h * hours
    y = -math.log(rate_per_h * 6 * TICK_S / 3600.0)
    fit = math.sqrt((1.11 + 0.52 * y + 0.61 * y * y) / (1500 // 6))
    assert expected * math.exp(-2.5 * fit) - 3.0 * math.sqrt(expected) <= len(begun)
    assert len(begun) <= expected * math.exp(2.5 * fit) + 3.0 * math.sqrt(expected)


def test_weak_plots_are_as_many_as_cells_and_probability_say_and_named_by_the_threshold_they_crossed():
    sensor, turns = _sensor(_level_dbsm(), 3), 300
    plots, _ = sensor.observe(_nobody(), Tasks.empty(), until_s=TICK_S * turns)
    low = low_level_of(LowLevelConfig(**LOW), RADAR)
    weak = plots.pfa == low.pfa
    expected = low.n_cells(RADAR) * (low.pfa - RADAR.pfa) * turns
    # plots in one cell come out as one: at most the chance that a neighbour lies within a cell and a half of it
    assert (
        expected * (1.0 - 9.0 * low.pfa) - 5.0 * math.sqrt(expected) < weak.sum() < expected + 5.0 * math.sqrt(expected)
    )
    assert low.holds(plots.measurement[weak, 0], plots.measurement[weak, 1]).all()
    power = 10.0 ** (0.1 * plots.snr_db)
    assert (power[weak] >= detection.threshold(low.pfa) - 1e-9).all()
    assert np.mean(power[weak] > detection.threshold(RADAR.pfa)) < 0.02  # merged ones
    assert (power[~weak] >= detection.threshold(RADAR.pfa) - 1e-9).all()


def test_echoes_cross_the_low_threshold_as_often_as_its_law_says():
    position, _ = spots(PLACE, [90.0], 220e3, 11e3)
    truth = straight(position, np.zeros((1, 3)), np.arange(0.0, 1.0e4 + 1.0, 4.0))
    sensor = _sensor(_level_dbsm(), 4)
    _, origins = sensor.observe(truth, Tasks.empty(), until_s=1.0e4)
    n, pd = 1000, float(detection.pd(10.0**0.7, LOW["pfa"]))
    hits = int(np.count_nonzero(origins.mover == 0))
    assert abs(hits - n * pd) < 5.0 * math.sqrt(n * pd * (1.0 - pd)) + 9.0 * n * pd * LOW["pfa"]


def test_usual_plots_are_the_same_with_and_without_a_low_level():
    found = []
    for low in (False, True):
        sensor = _sensor(_level_dbsm() + 10.0, 5, low=low)
        flown = straight(*_inbound(), np.arange(0.0, 400.1, 2.0))
        plots, origins = sensor.observe(flown, Tasks.empty(), until_s=400.0)
        found.append(plots.take((plots.pfa == RADAR.pfa) & (origins.mover == 0) & (origins.n_merged == 1)))
    assert len(found[0]) > 10
    assert set(found[1].t_s.tolist()) <= set(found[0].t_s.tolist())
    assert len(found[1]) >= 0.7 * len(found[0])  # a few are merged with noise


def test_a_saved_tracker_goes_on_as_it_would_have():
    sensor, one = _sensor(_level_dbsm(), 6), _tracker(rate_per_h=30.0)
    other = _tracker(rate_per_h=30.0)
    for tick in range(60):
        until_s = TICK_S * (tick + 1)
        plots, _ = sensor.observe(_truth(until_s - TICK_S, until_s), Tasks.empty(), until_s=until_s)
        tracks, _ = one.step(plots, Tasks.empty(), until_s=until_s)
        if tick == 25:
            other.restore(pickle.loads(pickle.dumps(one.save())))
        elif tick > 25:
            again, _ = other.step(plots, Tasks.empty(), until_s=until_s)
            np.testing.assert_array_equal(again.number, tracks.number)
            np.testing.assert_array_equal(again.position_ecef_m, tracks.position_ecef_m)
            np.testing.assert_array_equal(again.existence, tracks.existence)


def test_looks_of_a_track_from_weak_plots_name_the_threshold_in_force():
    sensor, tracker = _sensor(_level_dbsm(), 7), _tracker()
    missed = []
    for tick in range(60):
        until_s = TICK_S * (tick + 1)
        plots, _ = sensor.observe(_truth(until_s - TICK_S, until_s), Tasks.empty(), until_s=until_s)
        _, looks = tracker.step(plots, Tasks.empty(), until_s=until_s)
        missed += looks.pfa[np.isnan(looks.snr_db)].tolist()
    assert missed
    assert set(missed) == {LOW["pfa"]}


def test_mistakes_are_told():
    low = low_level_of(LowLevelConfig(**LOW), RADAR)
    with pytest.raises(ValueError, match="state before_detect"):
        PmbTracker(
            PmbTrackerConfig(), places=[PLACE], radars=[RADAR], periods_s=[10.0], phases_rad=[0.0], low_levels=[low]
        )
    with pytest.raises(ValueError, match="must be a radar that turns"):
        PmbTracker(
            PmbTrackerConfig(before_detect=BeforeDetectConfig()), places=[PLACE], radars=[RADAR], periods_s=[10.0],
            phases_rad=[math.nan], low_levels=[low],
        )  # fmt: skip
    with pytest.raises(ValueError, match="late_plots_s"):
        PmbTrackerConfig(before_detect=BeforeDetectConfig(), late_plots_s=10.0)
    with pytest.raises(ValueError, match="above the radar's own"):
        _sensor(0.0, 1, model=RADAR.but(pfa=0.02))
    with pytest.raises(ValueError, match="fidelity"):
        RotatingRadar(
            RotatingRadarConfig(name="a", card="b", place="c", fidelity="signal", low_level=LowLevelConfig(**LOW)),
            environment=AROUND, radar=RADAR, signatures=[], streams=Streams(1), row=0,
        )  # fmt: skip
