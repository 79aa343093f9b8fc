"""The steered face: search raster, dwells at tracks, one time budget."""

from __future__ import annotations

import numpy as np
import pytest

from tests.sensor.flights import consistent, errors, radar, signature, spots, straight
from watchfloor.base.picture import Plots, Tasks
from watchfloor.base.streams import Streams
from watchfloor.base.truth import PlotOrigins
from watchfloor.physics import detection
from watchfloor.physics.environment import Targets
from watchfloor.physics.frames import Place
from watchfloor.physics.radar import look
from watchfloor.physics.reception import off_broadside
from watchfloor.sensor.card import environment_for
from watchfloor.sensor.phased import PhasedArray, PhasedArrayConfig, Raster, abreast

PLACE = Place.from_degrees(40.0, 32.5, 853.0)


def model(**changes):
    values = {
        "motion": "electronic", "face_azimuth_rad": np.radians(40.0), "scan_exponent": 1.5,
        "azimuth_width_rad": np.radians(90.0), "scan_max_rad": np.radians(60.0), "elevation_max_rad": np.radians(19.0),
        "face_tilt_rad": np.radians(10.0), "period_s": 6.0, "pfa": 1e-8, "beamwidth_azimuth_rad": np.radians(2.0),
        "beam_shape_loss": 2.0,
    }  # fmt: skip
    return radar(**(values | changes))


def face(signatures, kind=None, *, seed=1, **config) -> PhasedArray:
    kind = kind or model()
    return PhasedArray(
        PhasedArrayConfig(name="face", card="none", place="site", face_azimuth_deg=40.0, **config),
        environment=environment_for(kind, PLACE, 10.0), radar=kind, signatures=signatures, streams=Streams(seed), row=0,
    )  # fmt: skip


def fan(n, distance_m=100e3, speed_mps=0.0, until_s=60.0, alt_m=10e3):
    """Movers over 80 degrees about the face."""
    position, frame = spots(PLACE, np.linspace(0.0, 80.0, n), np.broadcast_to(distance_m, n), alt_m)
    return straight(position, speed_mps * frame[:, 0], np.arange(0.0, until_s + 0.1, 2.0))


def tasks_at(truth, movers, *, t_s=0.0, radius_m=2e3, pfa=1e-8, pd=0.9, dwell=1.0) -> Tasks:
    n = len(movers)
    return Tasks(
        track=np.arange(n) + 100, sensor=np.zeros(n, np.int64), t_s=np.full(n, t_s), pfa=np.full(n, pfa),
        pd=np.full(n, pd),
        position_ecef_m=truth.position_ecef_m[movers, 0] + t_s * truth.velocity_ecef_mps[movers, 0],
        velocity_ecef_mps=truth.velocity_ecef_mps[movers, 0], radius_m=np.broadcast_to(radius_m, n).astype(float),
        dwell=np.broadcast_to(dwell, n).astype(float),
    )  # fmt: skip


def played(sensor, truth, tasks, until_s, tick_s=2.0) -> tuple[Plots, PlotOrigins]:
    parts = [sensor.observe(truth, tasks, until_s=t) for t in np.arange(tick_s, until_s + 1e-6, tick_s)]
    return Plots.concat(p for p, _ in parts), PlotOrigins.concat(o for _, o in parts)


def test_every_direction_has_its_turn_once_a_search():
    kind = model()
    raster = Raster(kind)
    rng = np.random.default_rng(2)
    azimuth, elevation = np.radians(rng.uniform(-5.0, 85.0, 500)), np.radians(rng.uniform(-1.0, 19.0, 500))
    turn = raster.turn(azimuth, elevation, 0)
    reached = off_broadside(kind, azimuth, elevation) < np.radians(57.0)
    assert (turn[reached] >= 0).all()
    assert turn.max() < raster.n
    np.testing.assert_array_equal(raster.turn(azimuth, elevation, 7)[reached], (turn[reached] - 7) % raster.n)
    assert (raster.turn(np.radians([170.0, 40.0]), np.radians([5.0, 60.0]), 0) == -1).all()
    # a beam lies about the directions that it serves
    at = raster.inside(turn[reached], np.full(reached.sum(), 0.5), np.full(reached.sum(), 0.5))
    assert np.abs((at[0] - azimuth[reached] + np.pi) % (2 * np.pi) - np.pi).max() < np.radians(1.01)
    assert np.abs(at[1] - elevation[reached]).max() < np.radians(1.01)


def test_search_meets_every_mover_once_a_round_and_not_more():
    kind = model()
    truth = fan(30)
    sensor = face([signature(30.0, 0)] * 30, kind, confirm_frames=0)
    _, origins = played(sensor, truth, Tasks.empty(), 60.0)
    assert sensor.search_s == pytest.approx(12.0)  # 6 s of dwells at half of the time
    # nothing is tasked, so that search has all of the time: a round takes 6 s
    counts = np.bincount(origins.mover[origins.mover >= 0], minlength=30)
    assert (counts == 10).all()


def test_a_tasked_track_is_looked_at_every_frame_and_search_leaves_it_alone():
    truth = fan(10, speed_mps=200.0)
    sensor = face([signature(30.0, 0)] * 10, confirm_frames=0)
    plots, origins = played(sensor, truth, tasks_at(truth, [2, 7]), 60.0)
    counts = np.bincount(origins.mover[origins.mover >= 0], minlength=10)
    assert (counts[[2, 7]] == 30).all()
    assert counts[np.setdiff1d(np.arange(10), [2, 7])].max() <= 11
    frames = np.floor(plots.t_s[origins.mover == 2] / 2.0)
    assert len(set(frames)) == len(frames)


def test_what_search_finds_is_looked_at_again_until_it_is_tasked():
    truth = fan(6, speed_mps=250.0, until_s=40.0)
    sensor = face([signature(20.0, 0)] * 6, confirm_frames=8)
    plots, origins = played(sensor, truth, Tasks.empty(), 40.0)
    counts = np.bincount(origins.mover[origins.mover >= 0], minlength=6)
    assert counts.min() >= 15  # 6 s a search round alone would give 7
    assert sensor.load.confirm_s.sum() > 0.0
    tasked = face([signature(20.0, 0)] * 6, confirm_frames=8)
    tasked.observe(truth, Tasks.empty(), until_s=10.0)
    for t in (12.0, 14.0):
        tasked.observe(truth, tasks_at(truth, np.arange(6), t_s=t - 2.0), until_s=t)
    assert tasked.load.confirm_s[-1] == 0.0
    assert tasked.load.track_s[-1] == pytest.approx(6 * tasked.radar.dwell_s)


def test_noise_that_search_took_for_a_target_is_given_up():
    nobody = straight(np.empty((0, 3)), np.empty((0, 3)), np.arange(0.0, 30.1, 2.0))
    sensor = face([], model(pfa=1e-6), confirm_misses=2)
    loads = []
    for t in np.arange(2.0, 30.1, 2.0):
        plots, _ = sensor.observe(nobody, Tasks.empty(), until_s=t)
        loads.append(float(sensor.load.confirm_s.sum()) / sensor.radar.dwell_s)
    assert max(loads) > 0.0
    per_frame = sensor.radar.n_cells * 1e-6 / 3.0
    assert np.mean(loads) < 2.0 * per_frame + 5.0 * np.sqrt(2.0 * per_frame / 15)


def test_time_is_never_spent_twice_and_the_needed_least_is_dropped_first():
    truth = fan(40, distance_m=np.linspace(60e3, 140e3, 40))
    kind = model(period_s=60.0)  # long dwells: they do not all fit
    sensor = face([signature(20.0, 0)] * 40, kind, revisit_s=2.0, search_share=0.4, confirm_frames=0)
    radius = np.linspace(500.0, 4e3, 40)
    plots, origins = sensor.observe(truth, tasks_at(truth, np.arange(40), radius_m=radius), until_s=2.0)
    load = sensor.load
    assert load.n_dropped[0] > 0
    assert load.track_s[0] <= 0.6 * 2.0 + 1e-9
    assert load.search_s[0] >= 0.4 * 2.0 - kind.dwell_s
    assert load.track_s[0] + load.confirm_s[0] + load.search_s[0] <= 2.0 + 1e-9
    chosen = 40 - int(load.n_dropped[0])
    hit = set(origins.mover[origins.mover >= 0].tolist())
    assert set(range(40 - chosen, 40)) <= hit
    # those left out come up: their need grows with every frame
    sensor = face([signature(20.0, 0)] * 40, kind, revisit_s=2.0, search_share=0.4, confirm_frames=0)
    _, origins = played(sensor, truth, tasks_at(truth, np.arange(40), radius_m=radius), 60.0)
    counts = np.bincount(origins.mover[origins.mover >= 0], minlength=40)
    assert counts.min() >= 1
    assert counts[-8:].sum() > 1.5 * counts[:8].sum()


def test_a_dwell_pays_the_pattern_and_not_the_rasters_loss():
    kind = model(pfa=1e-6)
    truth = fan(200, distance_m=250e3)
    targets = Targets(ecef_m=truth.position_ecef_m[:, 0], velocity_ecef_mps=truth.velocity_ecef_mps[:, 0])
    seen = look(kind, targets, environment_for(kind, PLACE, 10.0))
    assert seen.snr_1m2.max() / seen.snr_1m2.min() > 1.5  # 40 degrees off broadside cost cos^3 and more
    wanted = float(detection.required_snr(0.5, 1e-6, swerling=1))
    level = 10.0 * np.log10(wanted / np.median(seen.snr_1m2))
    snr = seen.snr_1m2 * 10.0 ** (0.1 * level)
    alone, search, hits = detection.pd(2.0 * snr, 1e-6), detection.pd(snr, 1e-6), np.zeros(2)
    for i in range(200):  # one at a time, so that no dwell lights its neighbour
        one = truth.take([i])
        one = type(one)(**(dict(one.items()) | {"mover": np.array([0])}))
        for row, tasks in enumerate((tasks_at(one, [0]), Tasks.empty())):
            sensor = face([signature(level)], kind, seed=i, confirm_frames=0)
            _, origins = sensor.observe(one, tasks, until_s=6.0)
            hits[row] += (origins.mover == 0).sum()
    for found, expected, n in ((hits[0], 3 * alone.sum(), 600), (hits[1], search.sum(), 200)):
        assert abs(found - expected) < 5.0 * np.sqrt(0.25 * n) + 0.02 * expected


def test_false_plots_are_cells_times_pfa_a_round():
    kind = model(pfa=1e-5)
    nobody = straight(np.empty((0, 3)), np.empty((0, 3)), np.arange(0.0, 600.1, 2.0))
    sensor = face([], kind, confirm_frames=0)
    plots, origins = sensor.observe(nobody, Tasks.empty(), until_s=600.0)
    expected = 100 * Raster(kind).n * kind.n_range_cells * kind.pfa
    assert expected > 800
    assert abs(len(plots) - expected) < 5.0 * np.sqrt(expected) + 5e-3 * expected
    off = (plots.measurement[:, 1] - np.radians(40.0) + np.pi) % (2.0 * np.pi) - np.pi
    assert np.abs(off).max() < np.radians(46.0)


def test_errors_are_as_large_as_the_covariance_says_and_grow_with_steering():
    truth = fan(60, speed_mps=200.0)
    sensor = face([signature(8.0)] * 60)
    plots, origins = played(sensor, truth, tasks_at(truth, np.arange(0, 60, 3)), 60.0)
    gap, cov, rows = errors(plots, origins, truth, sensor.environment)
    consistent(gap, cov)
    strong = plots.snr_db[rows] > 20.0
    steer = off_broadside(sensor.radar, plots.measurement[rows, 1], plots.measurement[rows, 2])[strong]
    sigma = np.sqrt(cov[strong, 1, 1])
    assert sigma[steer > 0.6].mean() > 1.1 * sigma[steer < 0.2].mean()


def test_the_same_seed_gives_the_same_plots():
    truth = fan(12, distance_m=200e3, speed_mps=150.0)
    one, other = (played(face([signature()] * 12, seed=3), truth, tasks_at(truth, [1, 4]), 30.0)[0] for _ in range(2))
    for (name, a), (_, b) in zip(one.items(), other.items(), strict=True):
        np.testing.assert_array_equal(a, b, err_msg=name)


def test_mistakes_are_told():
    with pytest.raises(ValueError, match="'face' steers its beam, but its card's motion is 'rotating'"):
        face([], radar())
    with pytest.raises(ValueError, match="longer than its revisit_s"):
        face([], model(period_s=6000.0), revisit_s=0.5)


def test_movers_that_are_not_there_are_passed_over():
    truth = fan(4)
    present = truth.present.copy()
    position = truth.position_ecef_m.copy()
    present[1], position[1] = False, np.nan
    truth = type(truth)(**(dict(truth.items()) | {"present": present, "position_ecef_m": position}))
    _, origins = played(face([signature(30.0, 0)] * 4), truth, tasks_at(fan(4), [1, 2]), 12.0)
    assert set(origins.mover[origins.mover >= 0].tolist()) == {0, 2, 3}


def single(truth, row=0):
    one = truth.take([row])
    return type(one)(**(dict(one.items()) | {"mover": np.array([0])}))


def test_a_longer_dwell_gives_the_signal_that_it_takes_time_for():
    kind = model(pfa=1e-6)
    truth = single(fan(3, distance_m=250e3), 1)
    targets = Targets(ecef_m=truth.position_ecef_m[:, 0], velocity_ecef_mps=truth.velocity_ecef_mps[:, 0])
    seen = look(kind, targets, environment_for(kind, PLACE, 10.0))
    wanted = float(detection.required_snr(0.4, 1e-6, swerling=1)) / kind.antenna.beam_shape_loss
    level = 10.0 * np.log10(wanted / seen.snr_1m2[0])
    n = 600
    for dwell in (0.5, 1.0, 3.0):
        sensor = face([signature(level)], kind, confirm_frames=0)
        plots, origins = sensor.observe(straight_on(truth, 2.0 * n), tasks_at(truth, [0], dwell=dwell), until_s=2.0 * n)
        hits = (origins.mover == 0).sum()
        pd = float(detection.pd(dwell * wanted * kind.antenna.beam_shape_loss, 1e-6))
        assert abs(hits - n * pd) < 5.0 * np.sqrt(n * pd * (1.0 - pd)), dwell
        assert sensor.load.track_s == pytest.approx(np.full(n, dwell * kind.dwell_s))
        energy_j = kind.peak_power_w * kind.waveform.pulse_width_s * kind.n_coherent * kind.n_pulses
        assert sensor.load.track_j == pytest.approx(np.full(n, dwell * energy_j))
        # the plot says what the dwell gave, less what the pattern costs towards the place that was measured
        gain_db = 10.0 * np.log10(dwell * kind.antenna.beam_shape_loss)
        mine = plots.dwell_db[origins.mover == 0]
        assert np.all(mine <= gain_db + 1e-9)
        assert abs(np.mean(gain_db - mine)) < 0.5


def straight_on(truth, until_s):
    """The same movers at rest, until later."""
    return straight(
        truth.position_ecef_m[:, 0], 0.0 * truth.velocity_ecef_mps[:, 0], np.arange(0.0, until_s + 0.1, 2.0)
    )


def test_amplitude_less_the_gain_that_is_told_is_that_of_a_usual_look():
    kind = model()
    truth = single(fan(3), 1)
    told, usual = [], []
    for tasks, out in ((tasks_at(truth, [0], dwell=4.0), told), (Tasks.empty(), usual)):
        sensor = face([signature(5.0, 0)], kind, confirm_frames=0)
        plots, origins = sensor.observe(straight_on(truth, 600.0), tasks, until_s=600.0)
        mine = origins.mover == 0
        out.append(10.0 ** (0.1 * (plots.snr_db[mine] - plots.dwell_db[mine])))
    one, other = np.concatenate(told), np.concatenate(usual)
    assert len(one) == 300
    assert len(other) == 100
    sd = np.hypot(one.std() / np.sqrt(len(one)), other.std() / np.sqrt(len(other)))
    assert abs(one.mean() - other.mean()) < 5.0 * sd + 0.02 * other.mean()


def test_no_dwell_is_made_where_none_is_asked_for():
    truth = fan(6, speed_mps=200.0)
    sensor = face([signature(30.0, 0)] * 6)
    asked = tasks_at(truth, np.arange(6), dwell=[0.0, 1.0, 0.0, 1.0, 0.0, 1.0])
    _, origins = played(sensor, truth, asked, 60.0)
    counts = np.bincount(origins.mover[origins.mover >= 0], minlength=6)
    assert (counts[1::2] == 30).all()
    assert counts[::2].max() <= 11  # search alone; the face does not look again at a task's place on its own account
    assert set(sensor.dwells.track.tolist()) == {101, 103, 105}
    assert sensor.load.confirm_s.sum() == 0.0


def test_dropped_dwells_are_told():
    truth = fan(40, distance_m=np.linspace(60e3, 140e3, 40))
    kind = model(period_s=60.0)
    sensor = face([signature(20.0, 0)] * 40, kind, search_share=0.4, confirm_frames=0)
    asked = tasks_at(truth, np.arange(40), radius_m=np.linspace(500.0, 4e3, 40))
    sensor.observe(truth, asked, until_s=2.0)
    done = sensor.done(asked)
    made = np.isin(asked.track, sensor.dwells.track)
    assert (~made).sum() == sensor.load.n_dropped[0] > 0
    np.testing.assert_allclose(done.dwell, np.where(made, sensor.radar.antenna.beam_shape_loss, 0.0))
    np.testing.assert_allclose(done.pd[made], 0.9)
    searched = sensor.load.search_s[0] / (Raster(kind).n * kind.dwell_s)
    np.testing.assert_allclose(done.pd[~made], 0.9 * searched)
    other = type(asked)(**(dict(asked.items()) | {"sensor": np.full(40, 3)}))
    assert sensor.done(other).pd is not asked.pd
    np.testing.assert_array_equal(sensor.done(other).pd, asked.pd)
    # over three frames some tracks have a dwell in one or two of them
    sensor = face([signature(20.0, 0)] * 40, kind, search_share=0.4, confirm_frames=0)
    sensor.observe(truth, asked, until_s=6.0)
    assert set(np.round(sensor.done(asked).pd / 0.9 * 3.0).astype(int).tolist()) > {1}


def test_a_cue_is_searched_by_beams_abreast():
    kind = model()
    truth = single(fan(3), 1)
    targets = Targets(ecef_m=truth.position_ecef_m[:, 0], velocity_ecef_mps=truth.velocity_ecef_mps[:, 0])
    seen = look(kind, targets, environment_for(kind, PLACE, 10.0))
    level = 25.0 - 10.0 * np.log10(seen.snr_1m2[0])  # a steady echo 25 dB over the noise
    # the cue is 3.4 km off at 100 km, a beamwidth: 24 dB less, two ways
    asked = tasks_at(truth, [0], radius_m=5e3)
    _, frame = spots(PLACE, 40.0, 100e3, 10e3)
    across = np.array([np.cos(np.radians(40.0)), -np.sin(np.radians(40.0))]) @ frame[0, :2]
    asked = type(asked)(**(dict(asked.items()) | {"position_ecef_m": asked.position_ecef_m + 3.4e3 * across}))
    counts = []
    for beams in (1, 9):
        sensor = face([signature(level, 0)], kind, cue_beams=beams, confirm_frames=0)
        _, origins = sensor.observe(straight_on(truth, 200.0), asked, until_s=200.0)
        counts.append(int((origins.mover == 0).sum()))
        assert sensor.load.track_s == pytest.approx(np.full(100, beams * kind.dwell_s))
    assert counts[1] == 100
    assert counts[0] < 50


def test_beams_abreast_cover_the_gate_nearest_first():
    side = abreast(0.05, 0.02, 0.03, most=400)
    rng = np.random.default_rng(5)
    point = rng.uniform(-0.05, 0.05, (2000, 2))
    point = point[np.hypot(*point.T) <= 0.05]
    off = np.abs(point[:, None] - side) / np.array([0.02, 0.03])
    assert (off.max(axis=2).min(axis=1) <= 0.5 + 1e-9).all()
    assert np.all(np.diff(np.hypot(*side.T)) >= -1e-12)
    assert len(abreast(0.05, 0.02, 0.03, most=7)) == 7
    fan_beam = abreast(0.05, 0.02, np.inf, most=400)
    assert np.all(fan_beam[:, 1] == 0.0)
    assert len(fan_beam) == 5
