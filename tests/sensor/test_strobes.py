"""Jammers that fly along, and the strobes that point at them."""

from __future__ import annotations

import numpy as np
import pytest

from tests.sensor.flights import consistent, radar, signature, spots, straight
from watchfloor.base.picture import Tasks
from watchfloor.base.streams import Streams
from watchfloor.physics import jamming
from watchfloor.physics.frames import Place, ecef_to_polar
from watchfloor.physics.reception import beam
from watchfloor.sensor.card import environment_for
from watchfloor.sensor.phased import PhasedArray, PhasedArrayConfig
from watchfloor.sensor.rotating import RotatingRadar, RotatingRadarConfig
from watchfloor.sensor.staring import StaringRadar, StaringRadarConfig
from watchfloor.sensor.strobes import Emitters
from watchfloor.track.gnn import GnnTracker, GnnTrackerConfig

PLACE = Place.from_degrees(40.0, 32.5, 853.0)
KNOTS = np.arange(0.0, 60.1, 2.0)


def emitters(mover=0, *, erp_w=1e3, centre_hz=3e9, bandwidth_hz=20e6, since_s=0.0, until_s=np.inf) -> Emitters:
    mover = np.atleast_1d(mover)
    whole = {
        name: np.full(len(mover), value)
        for name, value in (
            ("erp_w", erp_w), ("centre_hz", centre_hz), ("bandwidth_hz", bandwidth_hz), ("since_s", since_s),
            ("until_s", until_s),
        )
    }  # fmt: skip
    return Emitters(mover=mover, **whole)


def sensor(signatures, jammers, model=None, *, seed=1, **config) -> RotatingRadar:
    model = model or radar()
    return RotatingRadar(
        RotatingRadarConfig(name="north", card="none", place="site", **config),
        environment=environment_for(model, PLACE, 10.0), radar=model, signatures=signatures, streams=Streams(seed),
        row=0, emitters=jammers,
    )  # fmt: skip


def flight(azimuth_deg, distance_m, speed_mps=0.0, alt_m=10e3):
    position, frame = spots(PLACE, np.atleast_1d(azimuth_deg), np.broadcast_to(distance_m, np.size(azimuth_deg)), alt_m)
    return straight(position, speed_mps * frame[:, 0], KNOTS)


def strobes(plots, origins):
    rows = np.isnan(plots.measurement[:, 0])
    return plots.take(rows), origins.take(rows)


def test_strobes_point_at_the_jammer_as_their_errors_say():
    truth = flight(np.arange(0.0, 360.0, 4.0), 250e3, speed_mps=250.0)
    jammers = emitters(np.arange(90), erp_w=20.0)
    model = radar()
    north = sensor([signature(-60.0)] * 90, jammers, model, strobe_db=0.0)
    found, origins = strobes(*north.observe(truth, Tasks.empty(), until_s=60.0))
    assert len(found) > 500
    assert (origins.n_merged == 0).all()
    assert np.isnan(found.measurement[:, [0, 3]]).all()
    at = truth.position_ecef_m[origins.mover, 0] + found.t_s[:, None] * truth.velocity_ecef_mps[origins.mover, 0]
    _, azimuth, elevation = ecef_to_polar(at, PLACE)
    gap = found.measurement[:, 1:3] - np.stack((azimuth, elevation), axis=1)
    gap[:, 0] = (gap[:, 0] + np.pi) % (2.0 * np.pi) - np.pi
    consistent(gap, found.cov[:, 1:3, 1:3])


def test_the_level_of_a_strobe_is_the_jamming_in_the_main_lobe():
    truth, model = flight(50.0, 200e3), radar()
    found, _ = strobes(*sensor([signature()], emitters(erp_w=500.0)).observe(truth, Tasks.empty(), until_s=60.0))
    slant = ecef_to_polar(truth.position_ecef_m[:, 0], PLACE)[0]
    level = jamming.jam_to_noise(model, slant, erp_w=500.0, bandwidth_hz=20e6)
    assert len(found) == 6
    np.testing.assert_allclose(10.0 ** (0.1 * found.snr_db) - 1.0, level[0], rtol=1e-6)


@pytest.mark.parametrize(
    ("changes", "n"),
    [
        ({}, 6),
        ({"centre_hz": 9e9}, 0),
        ({"since_s": 30.0}, 3),
        ({"until_s": 20.0}, 2),
        ({"erp_w": 1e-6}, 0),
    ],
)
def test_only_what_is_switched_on_in_the_radars_band_and_strong_enough_is_heard(changes, n):
    found, _ = strobes(
        *sensor([signature()], emitters(**changes)).observe(flight(50.0, 200e3), Tasks.empty(), until_s=60.0)
    )
    assert len(found) == n


def test_a_jammer_below_the_horizon_is_not_heard_and_one_beyond_instrumented_range_is():
    near = radar(range_max_m=150e3)
    low = strobes(
        *sensor([signature()], emitters(erp_w=1e6), near).observe(
            flight(50.0, 400e3, alt_m=2e3), Tasks.empty(), until_s=60.0
        )
    )[0]
    far = strobes(*sensor([signature()], emitters(), near).observe(flight(50.0, 250e3), Tasks.empty(), until_s=60.0))[0]
    assert len(low) == 0
    assert len(far) == 6


def test_jamming_hides_what_flies_in_its_beam_and_less_so_elsewhere():
    # a jammer at 200 km; one target behind it in azimuth, one abeam where only sidelobes take the noise in
    truth = flight([50.0, 50.5, 140.0], [200e3, 190e3, 200e3])
    bodies = [signature(-30.0), signature(5.0, 0), signature(5.0, 0)]
    quiet, loud = (
        sensor(bodies, jammers, radar(sidelobe_db=-40.0)).observe(truth, Tasks.empty(), until_s=60.0)
        for jammers in (emitters(erp_w=1e-9), emitters(erp_w=1e3))
    )
    counts = [np.bincount(o.mover[o.n_merged == 1], minlength=3)[1:].tolist() for _, o in (quiet, loud)]
    assert counts == [[6, 6], [0, 6]]
    level = [plots.snr_db[(o.mover == 2) & (o.n_merged == 1)] for plots, o in (quiet, loud)]
    expected = 10.0 * np.log10(1.0 + float(jamming.jam_to_noise(
        radar(), ecef_to_polar(truth.position_ecef_m[:1, 0], PLACE)[0], erp_w=1e3, bandwidth_hz=20e6, pattern=1e-4)[0]
    ))  # fmt: skip
    assert level[0].mean() - level[1].mean() == pytest.approx(expected, abs=1.0)


def test_plots_without_jammers_in_the_scenario_are_the_same():
    truth = flight(np.arange(0.0, 360.0, 30.0), 200e3)
    bodies = [signature()] * 12
    one = sensor(bodies, None).observe(truth, Tasks.empty(), until_s=60.0)[0]
    other = sensor(bodies, emitters(centre_hz=9e9)).observe(truth, Tasks.empty(), until_s=60.0)[0]
    np.testing.assert_array_equal(one.measurement, other.measurement)


def test_a_staring_radar_and_a_face_strobe_too():
    truth = flight([50.0], 200e3)
    eye = StaringRadar(
        StaringRadarConfig(name="eye", card="none", place="site"),
        environment=environment_for(radar(), PLACE, 10.0), radar=radar(motion="staring", period_s=5.0),
        signatures=[signature(-60.0)], streams=Streams(1), row=0, emitters=emitters(),
    )  # fmt: skip
    found, _ = strobes(*eye.observe(truth, Tasks.empty(), until_s=60.0))
    assert len(found) == 12
    model = radar(
        motion="electronic", face_azimuth_rad=np.radians(40.0), azimuth_width_rad=np.radians(90.0), period_s=6.0,
        elevation_max_rad=np.radians(19.0), face_tilt_rad=0.1, scan_exponent=1.0,
    )  # fmt: skip
    face = PhasedArray(
        PhasedArrayConfig(name="face", card="none", place="site", face_azimuth_deg=40.0),
        environment=environment_for(model, PLACE, 10.0), radar=model,
        signatures=[signature(-60.0)], streams=Streams(1), row=0, emitters=emitters(),
    )  # fmt: skip
    found, _ = strobes(*face.observe(truth, Tasks.empty(), until_s=60.0))
    assert len(found) == 10
    np.testing.assert_allclose(found.noise_db, found.snr_db, atol=0.2)


def test_a_tracker_makes_no_track_of_strobes_and_is_not_led_by_them():
    # echoes for half a minute, then the jammer hides behind its own noise and only strobes are left
    truth = flight(50.0, 200e3, speed_mps=200.0)
    bodies, jammer = [signature(10.0, 0)], emitters(since_s=30.0, erp_w=1e5)
    plots, origins = sensor(bodies, jammer).observe(truth, Tasks.empty(), until_s=60.0)
    alone, _ = strobes(plots, origins)
    echoes = plots.take(~np.isnan(plots.measurement[:, 0]))
    assert len(alone) == 3
    assert echoes.t_s.max() < 30.0
    parts = {"places": [PLACE], "periods_s": [10.0], "phases_rad": [0.0], "radars": [radar()]}
    rules = GnnTrackerConfig(confirm_hits=2, confirm_looks=3)
    ticks = (20.0, 40.0, 60.0)
    seen = []
    for table in (echoes, plots):
        tracker = GnnTracker(rules, **parts)
        for since_s, until_s in zip((0.0, *ticks), ticks, strict=False):
            tick = table.take((table.t_s > since_s) & (table.t_s <= until_s))
            seen.append(tracker.step(tick, Tasks.empty(), until_s=until_s))
    for (tracks, looks), (led, led_looks) in zip(seen[:3], seen[3:], strict=True):
        for one, other in ((tracks, led), (looks, led_looks)):
            for (name, a), (_, b) in zip(one.items(), other.items(), strict=True):
                if name != "noise_db":  # a miss beside a strobe met its noise
                    np.testing.assert_array_equal(a, b, err_msg=name)
        assert ((led_looks.noise_db > 0.0) == (led_looks.t_s > 30.0)).all()
    assert len(seen[1][0]) == 1


def level_at(truth, model, place, jammer, *, erp_w, off_rad=0.0, bandwidth_hz=20e6):
    """Noise and jamming over the receiver's own in the main lobe, or off its axis. [dB]"""
    slant = float(ecef_to_polar(truth.position_ecef_m[jammer : jammer + 1, 0], place)[0][0])
    pattern = float(beam(model.antenna, np.sin(np.array([off_rad])), model.antenna.beamwidth_azimuth_rad)[0])
    jam = float(jamming.jam_to_noise(model, slant, erp_w=erp_w, bandwidth_hz=bandwidth_hz, pattern=pattern))
    return 10.0 * np.log10(1.0 + jam)


@pytest.mark.parametrize("kind", ["rotating", "staring"])
def test_plots_say_how_much_noise_the_radar_meets_in_their_direction(kind):
    # the jammer is seen through its own noise; one target half a beam beside it, one half round where sidelobes look
    changes = {"sidelobe_db": -30.0, "beamwidth_azimuth_rad": 0.04, "beamwidth_elevation_rad": 0.04, "pfa": 1e-6}
    model = radar(**changes, motion=kind)
    truth = flight([50.0, 51.1, 230.0], [200e3, 199e3, 200e3])
    bodies, jammers = [signature(30.0, 0)] * 3, emitters(erp_w=50.0)
    if kind == "rotating":
        eye = sensor(bodies, jammers, model)
    else:
        config = StaringRadarConfig(name="north", card="none", place="site")
        eye = StaringRadar(
            config, environment=environment_for(model, PLACE, 10.0), radar=model, signatures=bodies,
            streams=Streams(1), row=0, emitters=jammers,
        )  # fmt: skip
    plots, origins = eye.observe(truth, Tasks.empty(), until_s=60.0)
    _, azimuth, _ = ecef_to_polar(truth.position_ecef_m[:, 0], PLACE)
    for mover in range(3):
        rows = np.flatnonzero(origins.mover == mover)
        assert len(rows) >= 4
        off = float((azimuth[mover] - azimuth[0] + np.pi) % (2.0 * np.pi) - np.pi)
        off = min(abs(off), 0.5 * np.pi)
        expected = level_at(truth, model, PLACE, 0, erp_w=50.0, off_rad=off)
        np.testing.assert_allclose(plots.noise_db[rows], expected, atol=0.15)  # the ray bends: 0.6 mrad
    assert plots.noise_db[origins.mover == 0].min() > 20.0
    assert plots.noise_db[origins.mover == 2].max() < 10.0


def test_noise_goes_with_the_jammer():
    truth, bodies = flight([50.0, 90.0], [200e3, 200e3]), [signature(20.0, 0)] * 2
    plots, origins = sensor(bodies, emitters(erp_w=50.0, since_s=30.0)).observe(truth, Tasks.empty(), until_s=60.0)
    quiet = plots.t_s < 30.0
    assert (plots.noise_db[quiet] == 0.0).all()
    assert (plots.noise_db[~quiet] > 0.0).all()
    plots, _ = sensor(bodies, None).observe(truth, Tasks.empty(), until_s=60.0)
    assert (plots.noise_db == 0.0).all()
