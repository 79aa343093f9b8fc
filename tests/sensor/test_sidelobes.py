"""Strong echoes through the sidelobes of a turning antenna."""

from __future__ import annotations

import numpy as np
import pytest

from tests.sensor.flights import radar, signature, spots, straight
from watchfloor.base.picture import Plots, Tasks
from watchfloor.base.streams import Streams
from watchfloor.base.truth import PlotOrigins
from watchfloor.physics import detection
from watchfloor.physics.environment import Targets
from watchfloor.physics.frames import Place, ecef_to_polar
from watchfloor.physics.radar import look
from watchfloor.physics.reception import beam
from watchfloor.sensor.card import environment_for
from watchfloor.sensor.rotating import RotatingRadar, RotatingRadarConfig

PLACE = Place.from_degrees(40.0, 32.5, 853.0)
KNOTS = np.arange(0.0, 60.1, 2.0)
TAYLOR = {"taper": "taylor", "sidelobe_db": -25.0, "pfa": 1e-9}


def sensor(signatures, model, *, sidelobes="heard", seed=1) -> RotatingRadar:
    config = RotatingRadarConfig(name="north", card="none", place="site", sidelobes=sidelobes)
    around = environment_for(model, PLACE, config.mast_m)
    return RotatingRadar(config, environment=around, radar=model, signatures=signatures, streams=Streams(seed), row=0)


def one(distance_m=60e3, azimuth_deg=33.0):
    position, _ = spots(PLACE, [azimuth_deg], distance_m, 9e3)
    return straight(position, np.zeros((1, 3)), KNOTS)


def test_a_strong_target_is_heard_at_its_range_and_at_wrong_azimuths():
    truth, model = one(), radar(**TAYLOR)
    plots, origins = sensor([signature(35.0, 0)], model).observe(truth, Tasks.empty(), until_s=60.0)
    slant, azimuth, _ = ecef_to_polar(truth.position_ecef_m[:, 0], PLACE)
    through = origins.n_merged == 0
    assert through.sum() > 20
    assert (origins.mover[through] == 0).all()
    assert (origins.n_merged[~through] == 1).all()
    assert np.abs(plots.measurement[through, 0] - slant).max() < 6.0 * np.sqrt(plots.cov[through, 0, 0].max())
    off = np.abs((plots.measurement[through, 1] - azimuth + np.pi) % (2.0 * np.pi) - np.pi)
    assert off.min() > 0.9 * model.beamwidth_azimuth_rad
    # the antenna stood there
    stood = (plots.measurement[through, 1] - 2.0 * np.pi * plots.t_s[through] / 10.0 + np.pi) % (2.0 * np.pi) - np.pi
    assert np.abs(stood).max() < 0.5 * model.beamwidth_azimuth_rad
    assert plots.snr_db[through].max() < plots.snr_db[~through].min() - 45.0


def test_they_come_as_often_as_the_two_way_pattern_says():
    model = radar(taper="gaussian", sidelobe_db=-28.0, pfa=1e-6, bandwidth_hz=2e4)  # one level all round
    truth = one(distance_m=100e3)
    targets = Targets(ecef_m=truth.position_ecef_m[:, 0], velocity_ecef_mps=truth.velocity_ecef_mps[:, 0])
    snr = float(look(model, targets, environment_for(model, PLACE, 10.0)).snr_1m2[0])
    level = 10.0 * np.log10(float(detection.required_snr(0.3, 1e-6, swerling=0)) / snr) + 56.0
    north, n = sensor([signature(level, 0)], model), 0
    for i in range(5):
        plots, origins = north.observe(truth, Tasks.empty(), until_s=60.0 * (i + 1))
        n += int(((origins.mover == 0) & (origins.n_merged == 0)).sum())
    cells = 29.5 * model.n_beams_azimuth  # the first pass comes at 33 degrees of the first turn
    floor = beam(model.antenna, np.sin(np.linspace(0.1, 3.0, 50)), model.beamwidth_azimuth_rad)
    np.testing.assert_allclose(floor, 10.0**-2.8, rtol=1e-9)
    assert abs(n - 0.3 * cells) < 5.0 * np.sqrt(0.21 * cells) + 0.03 * cells


def test_ticks_of_any_length_hold_the_same_turns_round():
    truth, model = one(), radar(**TAYLOR)
    whole, _ = sensor([signature(25.0, 0)], model).observe(truth, Tasks.empty(), until_s=60.0)
    cut, parts = sensor([signature(25.0, 0)], model), []
    for a, b in ((0.0, 20.0), (20.0, 60.0)):
        rows = (KNOTS >= a) & (KNOTS <= b)
        piece = straight(truth.position_ecef_m[:, 0], np.zeros((1, 3)), KNOTS[rows])
        parts.append(cut.observe(piece, Tasks.empty(), until_s=b))
    late = Plots.concat(p for p, _ in parts)
    origins = PlotOrigins.concat(o for _, o in parts)
    assert abs(len(late) - len(whole)) < 6.0 * np.sqrt(len(whole))
    through = origins.n_merged == 0
    assert (late.t_s[through] > 20.0).any()
    assert (np.diff(late.t_s) >= 0.0).all()


@pytest.mark.parametrize("sidelobes", ["none", "blanked"])
def test_without_them_only_the_main_lobe_hears(sidelobes):
    truth, model = one(), radar(**TAYLOR)
    plain = sensor([signature(25.0, 0)], model, sidelobes=sidelobes).observe(truth, Tasks.empty(), until_s=60.0)
    assert len(plain[0]) == 6
    heard, origins = sensor([signature(25.0, 0)], model).observe(truth, Tasks.empty(), until_s=60.0)
    main = heard.take(origins.n_merged == 1)
    np.testing.assert_array_equal(main.measurement, plain[0].measurement)


def test_a_weak_target_is_not():
    truth, model = one(distance_m=200e3), radar(**TAYLOR)
    _, origins = sensor([signature(0.0, 0)], model).observe(truth, Tasks.empty(), until_s=60.0)
    assert (origins.n_merged[origins.mover == 0] == 1).all()
