from __future__ import annotations

import numpy as np
import pytest

from tests.sensor.flights import spots, straight, turning
from watchfloor.base.picture import LabelSource, Tasks
from watchfloor.base.streams import Streams
from watchfloor.base.truth import Truth
from watchfloor.physics.frames import Place, ecef_to_polar
from watchfloor.physics.propagation import curvature_radius_m, horizon_m
from watchfloor.sensor.card import environment_for
from watchfloor.sensor.secondary import ALTITUDE_STEP_M, SecondaryRadar, SecondaryRadarConfig

PLACE = Place.from_degrees(40.0, 32.5, 853.0)
KNOTS = np.arange(0.0, 60.1, 2.0)


def sensor(n, transponder=None, **config) -> SecondaryRadar:
    return SecondaryRadar(
        SecondaryRadarConfig(name="ssr", place="site", **config),
        environment=environment_for(None, PLACE, 10.0),
        address=1000 + np.arange(n),
        label=np.arange(n) % 3,
        transponder=np.ones(n, bool) if transponder is None else np.asarray(transponder),
        streams=Streams(1),
        row=2,
    )


def ring(n, distance_m=150e3, alt_m=10e3, speed_mps=250.0) -> Truth:
    position, frame = spots(PLACE, np.arange(n) * 360.0 / n + 1.0, distance_m, alt_m)
    return straight(position, speed_mps * frame[:, 0], KNOTS)


def test_only_transponders_answer_and_say_who_and_what_they_are():
    on = np.arange(10) % 2 == 0
    plots, origins = sensor(10, on, reply_probability=1.0).observe(ring(10), Tasks.empty(), until_s=60.0)
    assert set(origins.mover.tolist()) == {0, 2, 4, 6, 8}
    assert len(plots) == 30
    np.testing.assert_array_equal(plots.address, 1000 + origins.mover)
    np.testing.assert_array_equal(plots.label, origins.mover % 3)
    assert (plots.sensor == 2).all()
    assert np.isnan(plots.snr_db).all()
    assert (plots.pfa == 0.0).all()
    assert (np.diff(plots.t_s) >= 0.0).all()


def test_replies_come_as_often_as_their_probability_says():
    ssr, n = sensor(60, reply_probability=0.8), 0
    for _ in range(5):
        n += len(ssr.observe(ring(60), Tasks.empty(), until_s=60.0)[0])
    looks = 5 * 60 * 6
    assert abs(n - 0.8 * looks) < 5.0 * np.sqrt(looks * 0.8 * 0.2)


def test_errors_are_as_large_as_the_covariance_says_and_height_is_that_of_the_steps():
    ssr, truth, d2 = sensor(60, altitude_sigma_m=0.0), ring(60), []
    for _ in range(5):
        plots, origins = ssr.observe(truth, Tasks.empty(), until_s=60.0)
        position = (
            truth.position_ecef_m[origins.mover, 0]
            + plots.t_s[:, None] * truth.velocity_ecef_mps[origins.mover, 0]
        )  # fmt: skip
        polar = np.stack(ecef_to_polar(position, PLACE), axis=1)
        gap = plots.measurement[:, :3] - polar
        gap[:, 1] = (gap[:, 1] + np.pi) % (2.0 * np.pi) - np.pi
        d2.append(gap**2 / np.einsum("nii->ni", plots.cov[:, :3, :3]))
        height_error = gap[:, 2] * polar[:, 0] * np.cos(polar[:, 2])
        assert np.abs(height_error).max() <= 0.5 * ALTITUDE_STEP_M * (1.0 + 1e-9)
        np.testing.assert_allclose(
            np.sqrt(plots.cov[:, 2, 2]) * polar[:, 0] * np.cos(polar[:, 2]), ALTITUDE_STEP_M / 12.0**0.5
        )
    d2 = np.concatenate(d2)
    # range and azimuth are normal: the mean of n squares has variance 2 / n; the steps are uniform: 0.8 / n
    n = len(d2)
    np.testing.assert_array_less(np.abs(d2.mean(axis=0) - 1.0), 5.0 * np.sqrt(np.array([2.0, 2.0, 0.8]) / n))
    assert np.isnan(plots.measurement[:, 3]).all()
    assert np.isnan(plots.cov[:, 3]).all()


def test_it_hears_to_its_range_and_its_horizon():
    heard = {}
    for distance_m, alt_m in ((299e3, 12e3), (301e3, 12e3)):
        plots, _ = sensor(8, range_max_km=300.0, reply_probability=1.0).observe(
            ring(8, distance_m, alt_m, 0.0), Tasks.empty(), until_s=60.0
        )
        heard[distance_m] = len(plots)
    assert heard[299e3] == 48
    assert heard[301e3] == 0
    azimuth = np.radians(np.arange(8) * 45.0 + 1.0)
    edge = horizon_m(10.0, 500.0, earth_radius_m=curvature_radius_m(PLACE.lat_rad, azimuth))
    position, frame = spots(PLACE, np.degrees(azimuth), 0.998 * edge, 843.0 + 500.0)
    beyond, _ = spots(PLACE, np.degrees(azimuth), 1.002 * edge, 843.0 + 500.0)
    still = 0.0 * frame[:, 0]
    ssr = sensor(8, reply_probability=1.0)
    assert len(ssr.observe(straight(position, still, KNOTS), Tasks.empty(), until_s=60.0)[0]) == 48
    assert len(ssr.observe(straight(beyond, still, KNOTS), Tasks.empty(), until_s=60.0)[0]) == 0


def test_it_turns_as_its_period_says():
    ssr, times = sensor(1, reply_probability=1.0, period_s=5.0, phase_deg=90.0), []
    for a in np.arange(0.0, 100.0, 2.0):
        truth = turning(PLACE, [5e4], [0.0], [np.pi], 8e3, np.linspace(a, a + 2.0, 2))
        times += ssr.observe(truth, Tasks.empty(), until_s=a + 2.0)[0].t_s.tolist()
    np.testing.assert_allclose(times, 1.25 + 5.0 * np.arange(20), atol=1e-9)  # east at 0 s, so south at 1.25 s


def test_switching_one_transponder_off_changes_no_other_reply():
    truth = ring(6)
    full, who = sensor(6).observe(truth, Tasks.empty(), until_s=60.0)
    part, left = sensor(6, np.arange(6) != 2).observe(truth, Tasks.empty(), until_s=60.0)
    np.testing.assert_array_equal(full.measurement[who.mover != 2], part.measurement)
    assert 2 not in left.mover


def test_an_empty_sky_gives_an_empty_table():
    nobody = straight(np.empty((0, 3)), np.empty((0, 3)), KNOTS)
    plots, origins = sensor(0).observe(nobody, Tasks.empty(), until_s=60.0)
    assert len(plots) == len(origins) == 0


def test_knots_too_far_apart_are_refused():
    truth = straight(*(np.zeros((1, 3)) + 6.4e6,) * 2, np.array([0.0, 6.0]))
    with pytest.raises(ValueError, match="'ssr' turns in 10 s and needs knots less than half that apart"):
        sensor(1).observe(truth, Tasks.empty(), until_s=6.0)


def labels_of(ssr, n) -> np.ndarray:
    """What each of n movers is declared as, the same in every plot."""
    plots, origins = ssr.observe(ring(n), Tasks.empty(), until_s=60.0)
    said = np.full(n, -9)
    said[origins.mover] = plots.label
    np.testing.assert_array_equal(plots.label, said[origins.mover])
    return said


def wrong(n, seed, **config) -> SecondaryRadar:
    return SecondaryRadar(
        SecondaryRadarConfig(name="ssr", place="site", reply_probability=1.0, **config),
        environment=environment_for(None, PLACE, 10.0),
        address=1000 + np.arange(n),
        label=np.arange(n) % 3,
        transponder=np.ones(n, bool),
        streams=Streams(seed),
        row=2,
        n_types=3,
    )


def test_labels_say_who_declares_them():
    for key, source in (("transponder", LabelSource.TRANSPONDER), ("flight_plan", LabelSource.FLIGHT_PLAN)):
        plots, origins = sensor(6, labels=key).observe(ring(6), Tasks.empty(), until_s=60.0)
        assert (plots.label_source == source).all()
        np.testing.assert_array_equal(plots.label, origins.mover % 3)
    plots, _ = sensor(6, labels="none").observe(ring(6), Tasks.empty(), until_s=60.0)
    assert (plots.label == -1).all()
    assert (plots.label_source == LabelSource.NONE).all()
    assert (plots.address >= 1000).all()


def test_labels_are_wrong_as_often_as_said_evenly_and_for_a_whole_flight():
    n, runs = 90, 10
    counts = np.zeros(3)
    for run in range(runs):
        said = labels_of(wrong(n, run, wrong_label=0.3), n)
        counts += np.bincount((said - np.arange(n)) % 3, minlength=3)  # by how far the label is off
    total = n * runs
    for got, share in zip(counts, (0.7, 0.15, 0.15), strict=True):
        assert abs(got - share * total) < 4.0 * np.sqrt(total * share * (1.0 - share))


def test_wrong_labels_pair_and_leave_the_replies_alone():
    n = 40
    few, many = labels_of(wrong(n, 4, wrong_label=0.1), n), labels_of(wrong(n, 4, wrong_label=0.5), n)
    right = np.arange(n) % 3
    assert set(np.flatnonzero(few != right)) < set(np.flatnonzero(many != right))
    np.testing.assert_array_equal(many[few != right], few[few != right])
    truth = ring(n)
    clean = wrong(n, 4).observe(truth, Tasks.empty(), until_s=60.0)[0]
    dirty = wrong(n, 4, wrong_label=0.5).observe(truth, Tasks.empty(), until_s=60.0)[0]
    np.testing.assert_array_equal(clean.measurement, dirty.measurement)
    np.testing.assert_array_equal(labels_of(wrong(n // 2, 4, wrong_label=0.5), n // 2), many[: n // 2])


def test_wrong_labels_want_to_know_what_else_there_is():
    with pytest.raises(ValueError, match="n_types must be at least 1"):
        sensor(3, wrong_label=0.5)
