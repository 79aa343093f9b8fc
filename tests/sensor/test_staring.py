"""The staring radar, judged by counting."""

from __future__ import annotations

import numpy as np
import pytest

from tests.sensor.flights import consistent, errors, radar, signature, spots, straight
from watchfloor.base.picture import Plots, Tasks
from watchfloor.base.streams import Streams
from watchfloor.physics import detection
from watchfloor.physics.environment import Targets
from watchfloor.physics.frames import Place
from watchfloor.physics.radar import look
from watchfloor.sensor.card import environment_for
from watchfloor.sensor.staring import StaringRadar, StaringRadarConfig

PLACE = Place.from_degrees(40.0, 32.5, 853.0)
KNOTS = np.arange(0.0, 60.1, 2.0)


def model(**changes):
    return radar(**({"motion": "staring", "period_s": 4.0, "pfa": 1e-7} | changes))


def sensor(signatures, kind=None, *, seed=1) -> StaringRadar:
    kind = kind or model()
    return StaringRadar(
        StaringRadarConfig(name="eye", card="none", place="site"),
        environment=environment_for(kind, PLACE, 10.0), radar=kind, signatures=signatures, streams=Streams(seed), row=2,
    )  # fmt: skip


def ring(n, distance_m=100e3, speed_mps=0.0):
    position, frame = spots(PLACE, np.arange(n) * 360.0 / n + 1.0, distance_m, 10e3)
    return straight(position, speed_mps * frame[:, 0], KNOTS)


def test_every_target_is_looked_at_once_an_integration():
    plots, origins = sensor([signature(30.0, 0)] * 12).observe(ring(12), Tasks.empty(), until_s=60.0)
    own = origins.mover >= 0
    assert (np.bincount(origins.mover[own], minlength=12) == 15).all()
    np.testing.assert_allclose(np.unique(plots.t_s[own]), 2.0 + 4.0 * np.arange(15))
    assert (plots.sensor == 2).all()


def test_ticks_of_any_length_hold_the_same_integrations():
    truth = ring(5)
    bright = [signature(30.0, 0)] * 5
    whole = sensor(bright).observe(truth, Tasks.empty(), until_s=60.0)
    cut, parts = sensor(bright), []
    for until_s in (7.0, 7.5, 30.0, 60.0):
        parts.append(cut.observe(truth, Tasks.empty(), until_s=until_s))
    assert sum(len(plots) for plots, _ in parts) - sum(int((o.mover < 0).sum()) for _, o in parts) == 15 * 5
    assert set(np.concatenate([p.t_s[o.mover >= 0] for p, o in parts])) == set(whole[0].t_s[whole[1].mover >= 0])


def test_hits_are_as_many_as_the_exact_pd_says():
    kind = model(pfa=1e-6)
    truth = ring(60, 250e3)
    targets = Targets(ecef_m=truth.position_ecef_m[:, 0], velocity_ecef_mps=truth.velocity_ecef_mps[:, 0])
    snr = look(kind, targets, environment_for(kind, PLACE, 10.0)).snr_1m2
    level = 10.0 * np.log10(float(detection.required_snr(0.6, 1e-6)) / snr.mean())
    pd = detection.pd(snr * 10.0 ** (0.1 * level), 1e-6).mean()
    _, origins = sensor([signature(level)] * 60, kind).observe(truth, Tasks.empty(), until_s=60.0)
    looks = 15 * 60
    assert abs((origins.mover >= 0).sum() - looks * pd) < 5.0 * np.sqrt(looks * 0.24)


def test_false_plots_are_cells_times_pfa_an_integration():
    kind = model(pfa=1e-6)
    nobody = straight(np.empty((0, 3)), np.empty((0, 3)), KNOTS)
    plots, origins = sensor([], kind).observe(nobody, Tasks.empty(), until_s=400.0)
    expected = 100 * kind.n_cells * kind.pfa
    assert expected > 1000
    assert abs((origins.mover == -1).sum() - expected) < 5.0 * np.sqrt(expected) + 2e-3 * expected
    counts, _ = np.histogram(plots.measurement[:, 1], 12, (0.0, 2.0 * np.pi))
    assert ((counts - len(plots) / 12) ** 2).sum() / (len(plots) / 12) < 40.0  # chi-square, 11: 1 in 30,000


def test_errors_are_as_large_as_the_covariance_says():
    truth = ring(72, 150e3, 200.0)
    eye = sensor([signature(5.0)] * 72)
    gap, cov, _ = errors(*eye.observe(truth, Tasks.empty(), until_s=60.0), truth, eye.environment)
    consistent(gap, cov)


def test_a_gate_lets_noise_and_faint_echoes_through():
    kind = model(pfa=1e-9, bandwidth_hz=1e5)
    truth = ring(1, 300e3)
    gate = Tasks(
        track=np.array([1]), sensor=np.array([2]), t_s=np.zeros(1), position_ecef_m=truth.position_ecef_m[:, 0],
        velocity_ecef_mps=np.zeros((1, 3)), radius_m=np.array([5e3]), pfa=np.array([0.01]), pd=np.array([0.5]),
    )  # fmt: skip
    eye, other = sensor([signature(-5.0)], kind), sensor([signature(-5.0)], kind)
    hits, dark = np.zeros(2, int), 0
    for i in range(20):
        one = eye.observe(truth, gate, until_s=60.0 * (i + 1))
        two = other.observe(truth, Tasks.empty(), until_s=60.0 * (i + 1))
        hits += [int((o.mover == 0).sum()) for _, o in (one, two)]
        dark += int(((one[1].mover == -1) & (one[0].pfa == 0.01)).sum())
    assert hits[0] > hits[1] + 30
    slant = 300e3
    cells = (2 * 5e3 / kind.range_cell_m) * max(2 * 5e3 / slant / kind.beamwidth_azimuth_rad, 1.0)
    cells *= max(2 * 5e3 / slant / kind.beamwidth_elevation_rad, 1.0)
    expected = 300 * cells * 0.01
    assert abs(dark - expected) < 5.0 * np.sqrt(expected) + 0.1 * expected  # neighbours merge


def test_nothing_in_a_tick_without_an_end_of_integration():
    plots, _ = sensor([signature(30.0, 0)]).observe(ring(1), Tasks.empty(), until_s=3.0)
    assert isinstance(plots, Plots)
    assert len(plots) == 0


def test_a_card_that_turns_is_refused():
    with pytest.raises(ValueError, match="'eye' stares, but its card's motion is 'rotating'"):
        sensor([], radar())
