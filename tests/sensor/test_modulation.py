"""Spacing of blade lines in plots, judged by counting."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.sensor.flights import radar, signature, spots, straight
from watchfloor.base.picture import Tasks
from watchfloor.base.streams import Streams
from watchfloor.base.truth import Truth
from watchfloor.physics.frames import Place, aspect
from watchfloor.physics.modulation import PFA_LINES, Modulation, look_s, pd_lines, spacing_sigma_hz
from watchfloor.sensor.card import environment_for
from watchfloor.sensor.modulation import Lines, make_lines
from watchfloor.sensor.rotating import RotatingRadar, RotatingRadarConfig

PLACE = Place.from_degrees(40.0, 32.5, 853.0)
KNOTS = np.arange(0.0, 10.01, 2.0)
FAN = Modulation(spacing_hz=1720.0, level_db=-20.0, half_angle_rad=np.radians(45.0), cutoff_hz=100e6)


def dense(**changes):
    """A radar of many pulses at a high rate, which resolves 78 to 5000 Hz."""
    return radar(
        pulse_width_s=10e-6, n_coherent=256, prf_hz=(10e3,), doppler="bank", pfa=1e-6, peak_power_w=18e3, **changes
    )


def bearing(part=FAN, dbsm=20.0, swerling=0):
    return replace(signature(dbsm, swerling), modulation=part)


def ring(n, distance_m=40e3, t_s=KNOTS) -> Truth:
    position, frame = spots(PLACE, np.arange(n) * 360.0 / n + 1.0, distance_m, 5e3)
    return straight(position, 200.0 * frame[:, 0], t_s)  # all fly east


def sensor(signatures, model, seed=1, name="north") -> RotatingRadar:
    config = RotatingRadarConfig(name=name, card="none", place="site")
    around = environment_for(model, PLACE, config.mast_m)
    return RotatingRadar(config, environment=around, radar=model, signatures=signatures, streams=Streams(seed), row=0)


def measured(lines, n_rounds, truth, power):
    """Spacings (rounds, movers) of one plot of each mover a tick."""
    n = len(truth)
    t, who = np.full(n, 5.0), np.arange(n)
    return np.array([lines.measured(t, who, np.full(n, power), truth) for _ in range(n_rounds)])


def test_lines_show_about_nose_and_tail_only_and_as_often_as_they_should():
    truth, n = ring(36), 36
    lines = Lines("north", dense(), PLACE.ecef_m, [bearing()] * n, Streams(3))
    found = measured(lines, 400, truth, 1001.0)
    off, _ = aspect(truth.position_ecef_m[:, 2], truth.velocity_ecef_mps[:, 2], PLACE.ecef_m)
    off = np.minimum(np.abs(off), np.pi - np.abs(off))
    inside = off < np.radians(44.0)
    assert 10 < inside.sum() < 26
    p = float(pd_lines(1000.0, -20.0, 256))
    n_looks = 400 * inside.sum()
    seen = np.isfinite(found)
    assert seen[:, inside].mean() == pytest.approx(p, abs=5.0 * np.sqrt(p * (1 - p) / n_looks))
    n_false = seen[:, off > np.radians(46.0)].sum()
    assert n_false <= 6  # about 18 movers x 400 looks x 1e-4: 0.7 expected


def test_errors_are_those_of_the_bound_and_flights_differ_by_the_card():
    truth, n = ring(4), 400
    part = replace(FAN, half_angle_rad=np.pi, between_flights=0.05)
    many = straight(truth.position_ecef_m[np.zeros(n, int), 0], np.tile([50.0, 10.0, 0.0], (n, 1)), KNOTS)
    model = dense()
    lines = Lines("north", model, PLACE.ecef_m, [bearing(part)] * n, Streams(4))
    found = measured(lines, 30, many, 2001.0)
    away = found - lines.spacing_hz
    away = away[np.abs(away) < 100.0]
    sigma = float(spacing_sigma_hz(20.0, look_s(model)))
    assert away.std() == pytest.approx(sigma, rel=5.0 / np.sqrt(2.0 * len(away)))
    assert np.log(lines.spacing_hz / 1720.0).std() == pytest.approx(0.05, rel=5.0 / np.sqrt(2.0 * n))


def test_false_spacings_come_as_often_as_said():
    many = ring(1000)
    lines = Lines("north", dense(), PLACE.ecef_m, [bearing(None)] * 1000, Streams(5))
    found = measured(lines, 300, many, 100.0)
    expected = 300_000 * PFA_LINES
    assert abs(np.isfinite(found).sum() - expected) < 5.0 * np.sqrt(expected)
    assert np.all((found[np.isfinite(found)] >= 2.0 * 10e3 / 256) & (found[np.isfinite(found)] <= 5e3))


def test_what_cannot_be_resolved_is_not_declared():
    some = [bearing()]
    assert make_lines("a", radar(), PLACE.ecef_m, some, Streams(1)) is None  # pulses not stated
    assert make_lines("a", dense(), PLACE.ecef_m, [signature()], Streams(1)) is None  # nobody has lines
    truth = ring(1)
    slow = bearing(replace(FAN, spacing_hz=60.0, half_angle_rad=np.pi))  # inside two cells of the body's
    fast = bearing(replace(FAN, spacing_hz=5100.0, half_angle_rad=np.pi))  # folds
    deep = bearing(replace(FAN, cutoff_hz=4e9, half_angle_rad=np.pi))  # no wave of 3 GHz enters
    for hidden in (slow, fast, deep):
        lines = Lines("a", dense(), PLACE.ecef_m, [hidden], Streams(1))
        assert np.isnan(measured(lines, 50, truth, 1e5)).all()
    with pytest.raises(ValueError, match="resolves no spacing"):
        Lines("a", radar(), PLACE.ecef_m, some, Streams(1))


def test_plots_of_a_turning_radar_carry_the_spacing():
    n = 24
    truth, model = ring(n), dense()
    part = replace(FAN, half_angle_rad=np.pi)
    plots, origins = sensor([bearing(part)] * n, model).observe(truth, Tasks.empty(), until_s=10.0)
    mine = np.flatnonzero(origins.mover >= 0)
    assert len(mine) >= n - 1
    seen = plots.modulation_hz[mine]
    assert np.isfinite(seen).mean() > 0.8
    np.testing.assert_allclose(seen[np.isfinite(seen)], 1720.0, atol=30.0)
    plain, _ = sensor([bearing(None)] * n, model).observe(truth, Tasks.empty(), until_s=10.0)
    np.testing.assert_array_equal(plain.measurement, plots.measurement)  # lines move nothing else
    assert np.isnan(plain.modulation_hz).all()


def test_pairs_stay_paired_when_another_target_gets_stronger():
    n = 12
    truth, model = ring(n, distance_m=150e3), dense()
    part = replace(FAN, half_angle_rad=np.pi)
    weak, strong = [bearing(part, 12.0)] * n, [bearing(part, 12.0)] * (n - 1) + [bearing(part, 25.0)]
    out = []
    for signatures in (weak, strong):
        plots, origins = sensor(signatures, model).observe(truth, Tasks.empty(), until_s=10.0)
        out.append({m: s for m, s in zip(origins.mover, plots.modulation_hz, strict=True) if 0 <= m < n - 1})
    assert out[0].keys() == out[1].keys()
    np.testing.assert_array_equal(list(out[0].values()), list(out[1].values()))


def test_a_tick_without_a_plot_uses_the_same_numbers_as_one_with():
    truth, nothing = ring(4), np.empty(0, np.int64)
    after = []
    for n in (0, 4):
        lines = Lines("north", dense(), PLACE.ecef_m, [bearing()] * 4, Streams(3))
        lines.measured(np.full(n, 5.0), np.arange(n) if n else nothing, np.full(n, 1001.0), truth)
        after.append(lines.measured(np.full(4, 5.0), np.arange(4), np.full(4, 1001.0), truth))
    np.testing.assert_array_equal(after[0], after[1])
