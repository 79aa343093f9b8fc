"""Recorded traffic: what is dropped, what is kept, and how far the fit is from smoothed truth."""

from __future__ import annotations

import logging

import numpy as np
import pytest

from tests.world.helpers import card, ground, sample
from watchfloor.base.errors import DataError
from watchfloor.base.truth import Effects
from watchfloor.formats.flights import read_flights
from watchfloor.physics.frames import destination, ecef_to_geodetic, geodetic_to_ecef
from watchfloor.scenario.model import PhaseConfig
from watchfloor.world.base import RouteError
from watchfloor.world.traffic import RecordedTraffic, RecordedTrafficConfig, fit, split
from watchfloor.world.world import build_world

SPEED_MPS, OMEGA = 200.0, np.deg2rad(1.5)


def circle(t_s):
    """A right-hand circle at 200 m/s and 1.5 deg/s, 5000 m up, near Paris: latitude, longitude in degrees."""
    lat, lon = destination(np.deg2rad(49.0), np.deg2rad(2.5), OMEGA * t_s, SPEED_MPS / OMEGA)
    return np.rad2deg(lat), np.rad2deg(lon)


def write(path, rows, head="id,t,lat,lon,alt_m"):
    path.write_text("\n".join([head, *(",".join(str(cell) for cell in row) for row in rows)]) + "\n", encoding="utf-8")
    return path


def table(t_s, name="AF1", alt_m=5000.0):
    lat, lon = circle(t_s)
    return [[name, float(t), float(a), float(o), alt_m] for t, a, o in zip(t_s, lat, lon, strict=True)]


def recorded(file, **more):
    return RecordedTraffic(RecordedTrafficConfig.model_validate(more), file=file)


def truth(t_s):
    return geodetic_to_ecef(*np.deg2rad(circle(t_s)), 5000.0)


def test_rows_are_met_and_the_cubic_between_them_stays_close(tmp_path):
    t = np.arange(0.0, 121.0, 4.0)
    one = recorded(write(tmp_path / "f.csv", table(1000.0 + t)))
    assert one.names == ("AF1",)
    assert one.starts_s == (0.0,)
    (path,) = one.trajectories
    np.testing.assert_allclose(sample(path, t)[0], truth(1000.0 + t), atol=1e-3)
    # slopes by parabola: v omega^2 h^2 / 6 = 0.37 m/s off, times h / 4 at the middle if both ends err apart
    between = np.arange(6.0, 115.0, 4.0)
    position, velocity = sample(path, between)
    off = np.linalg.norm(position - truth(1000.0 + between), axis=1)
    assert off.max() < SPEED_MPS * OMEGA**2 * 4.0**2 / 6.0 * 4.0 / 4.0 + 0.1
    _, speed, _, _ = ground(position, velocity)
    np.testing.assert_allclose(speed, SPEED_MPS, rtol=5e-3)


def test_bank_follows_the_turn_to_the_right(tmp_path):
    one = recorded(write(tmp_path / "f.csv", table(np.arange(0.0, 121.0, 4.0))))
    bank = one.trajectories[0].bank_rad[3:-3]
    np.testing.assert_allclose(bank, np.arctan(SPEED_MPS * OMEGA / 9.80665), rtol=0.02)


def test_stale_rows_are_dropped_even_when_the_altitude_is_fresh(tmp_path):
    rows = table(np.arange(0.0, 60.0, 1.0))
    for i in (5, 20, 21, 40):
        rows[i][2:4] = rows[i - 1][2:4]
        rows[i][4] += 3.0
    one = recorded(write(tmp_path / "f.csv", rows))
    assert (one.cleaning.n_stale, one.cleaning.n_jumps, one.cleaning.n_splits) == (4, 0, 0)
    position, _ = sample(one.trajectories[0], np.arange(1.0, 59.0, 0.5))
    assert np.linalg.norm(position - truth(np.arange(1.0, 59.0, 0.5)), axis=1).max() < 5.0


@pytest.mark.parametrize("spikes", [(30,), (0,), (59,), (10, 11), (10, 30, 31, 32)])
def test_jumps_are_dropped_wherever_they_stand(tmp_path, spikes):
    rows = table(np.arange(0.0, 60.0, 1.0))
    for i in spikes:
        rows[i][2] += 0.2  # 22 km
    one = recorded(write(tmp_path / "f.csv", rows))
    assert len(one.names) == 1
    assert len(spikes) <= one.cleaning.n_jumps <= 2 * len(spikes)
    (path,) = one.trajectories
    t = np.linspace(0.0, path.t_s[-1], 100)
    first = 1.0 if 0 in spikes else 0.0
    assert np.linalg.norm(sample(path, t)[0] - truth(t + first), axis=1).max() < 10.0


def test_a_silence_splits_a_flight_and_the_gap_is_empty(tmp_path):
    t = np.concatenate((np.arange(0.0, 60.0, 2.0), np.arange(200.0, 260.0, 2.0)))
    file = write(tmp_path / "f.csv", table(t))
    one = recorded(file)
    assert one.names == ("AF1", "AF1.2")
    assert one.starts_s == (0.0, 200.0)
    assert one.cleaning.n_splits == 1
    assert len(recorded(file, gap_s=150.0).names) == 1
    phase = PhaseConfig.model_validate({"duration_s": 300.0, "tick_s": 60.0, "traffic": {"kind": "recorded"}})
    world = build_world(phase, places={}, cards={"airliner": card()}, knot_s=2.0, traffic_file=file)
    seen = world.step(Effects.empty(), until_s=300.0)
    np.testing.assert_array_equal(seen.present[0], seen.t_s[0] <= 58.0)
    np.testing.assert_array_equal(seen.present[1], (seen.t_s[1] >= 200.0) & (seen.t_s[1] <= 258.0))
    assert world.types == ("airliner", "airliner")
    assert world.transponder.all()


def test_rows_in_any_order_give_the_same_flights(tmp_path):
    rows = table(np.arange(0.0, 60.0, 1.0)) + table(np.arange(10.0, 70.0, 1.0), name="BA2", alt_m=7000.0)
    shuffled = [rows[i] for i in np.random.default_rng(5).permutation(len(rows))]
    a, b = recorded(write(tmp_path / "a.csv", rows)), recorded(write(tmp_path / "b.csv", shuffled))
    assert a.names == b.names == ("AF1", "BA2")
    assert a.starts_s == b.starts_s == (0.0, 10.0)
    for one, two in zip(a.trajectories, b.trajectories, strict=True):
        np.testing.assert_array_equal(one.position_ecef_m, two.position_ecef_m)


def test_recorded_velocities_are_used_where_they_are_given(tmp_path):
    rows = [[*row, 150.0, 0.0, 2.0] for row in table(np.arange(0.0, 40.0, 10.0))]
    rows[2][5:] = ["", "", ""]
    one = recorded(write(tmp_path / "f.csv", rows, head="id,t,lat,lon,alt_m,ve,vn,vr_mps"))
    (path,) = one.trajectories
    _, speed, course, climb = ground(path.position_ecef_m, path.velocity_ecef_mps)
    np.testing.assert_allclose(speed[[0, 1, 3]], 150.0, rtol=1e-9)
    np.testing.assert_allclose(course[[0, 1, 3]], np.pi / 2.0, atol=1e-9)
    np.testing.assert_allclose(climb[[0, 1, 3]], 2.0, atol=1e-9)
    np.testing.assert_allclose(speed[2], SPEED_MPS, rtol=0.02)  # fitted


def test_smoothing_takes_noise_out_and_follows_a_turn():
    rng = np.random.default_rng(11)
    t = np.arange(0.0, 300.0)
    noise = rng.normal(0.0, 15.0, (300, 3))
    path = fit(t, truth(t) + noise, None, smooth_s=30.0)
    off = np.linalg.norm(sample(path, t[5:-5])[0] - truth(t[5:-5]), axis=1)
    # a quadratic over n rows keeps 9/(4 n) of the variance in its middle (Savitzky & Golay 1964): 4.1 m an axis for 31;
    # its bias on a circle is v omega^3 (L/2)^4 3/280: 0.02 m
    expected = 15.0 * np.sqrt(9.0 / (4.0 * 31.0)) * np.sqrt(3.0)
    np.testing.assert_allclose(np.sqrt(np.mean(off**2)), expected, rtol=0.25)
    _, speed, _, _ = ground(*sample(path, t[20:-20]))
    np.testing.assert_allclose(speed, SPEED_MPS, rtol=0.03)


def test_smoothing_leaves_a_sparse_table_alone():
    t = np.arange(0.0, 300.0, 10.0)
    np.testing.assert_array_equal(fit(t, truth(t), None, smooth_s=30.0).position_ecef_m, truth(t))


def test_counts_are_logged(tmp_path, caplog):
    rows = table(np.arange(0.0, 60.0, 1.0))
    rows[7][2:4] = rows[6][2:4]
    with caplog.at_level(logging.INFO, logger="watchfloor.world.traffic"):
        recorded(write(tmp_path / "f.csv", rows))
    assert "60 rows, 1 flights; dropped 1 stale, 0 jumping, 0 lone rows; 0 splits" in caplog.text


def test_a_file_that_changed_is_read_again(tmp_path):
    file = write(tmp_path / "f.csv", table(np.arange(0.0, 60.0, 1.0)))
    assert recorded(file).names == recorded(file).names == ("AF1",)
    write(file, table(np.arange(0.0, 61.0, 1.0), name="BA2"))
    assert recorded(file).names == ("BA2",)


def test_what_cannot_be_flown_is_refused(tmp_path):
    lone = write(tmp_path / "lone.csv", table(np.array([0.0])) + table(np.array([0.0]), name="B"))
    with pytest.raises(DataError, match=r"lone\.csv: no flight has two rows"):
        recorded(lone)
    with pytest.raises(DataError, match="60 rows, more than rows_max 10"):
        recorded(write(tmp_path / "f.csv", table(np.arange(60.0))), rows_max=10)
    with pytest.raises(DataError, match="give `file` in the scenario or --traffic FILE"):
        recorded(None)
    phase = PhaseConfig.model_validate({"duration_s": 9.0, "tick_s": 3.0, "traffic": {"kind": "recorded"}})
    with pytest.raises(RouteError, match="traffic: no type 'airliner' in this scenario; did you mean 'airliners'"):
        build_world(phase, places={}, cards={"airliners": card()}, knot_s=1.0, traffic_file=tmp_path / "f.csv")


def test_a_flight_that_moved_away_for_good_is_found_again():
    t = np.arange(0.0, 100.0)
    position = np.stack((200.0 * t, np.where(t < 50.0, 0.0, 4000.0), np.zeros(100)), axis=1)
    cleaning, parts = split(
        np.zeros(100, np.int64), t, position, np.arange(200.0).reshape(100, 2), gap_s=60.0, speed_gate_mps=400.0
    )
    assert [len(part) for part in parts] == [100 - cleaning.n_jumps]
    speed = np.linalg.norm(np.diff(position[parts[0]], axis=0), axis=1) / np.diff(t[parts[0]])
    assert speed.max() <= 400.0
    # 4 km across at a gate of 400 m/s, 200 of which are flown: in reach after 4000 / sqrt(400^2 - 200^2) = 11.5 s
    assert cleaning.n_jumps == 11


def test_raw_recordings_come_close_to_smoothed_truth(shared_data):
    folder = shared_data / "adsb_paris_tma"
    one = recorded(folder / "raw_1hz_3h.parquet", smooth_s=30.0)
    raw, wanted = read_flights(folder / "raw_1hz_3h.parquet"), read_flights(folder / "truth_2s_3h.parquet")
    assert 0.05 < one.cleaning.n_stale / one.cleaning.n_rows < 0.2
    assert one.cleaning.n_jumps < 0.002 * one.cleaning.n_rows
    epoch = raw.t_s[np.isin(raw.flight, [raw.names.index(n.split(".")[0]) for n in one.names])].min()
    where = geodetic_to_ecef(wanted.lat_rad, wanted.lon_rad, wanted.alt_m)
    off = []
    for name, path, start_s in zip(one.names, one.trajectories, one.starts_s, strict=True):
        flight = f"{name.split('.')[0]}.0"
        if flight not in wanted.names:
            continue
        rows = np.flatnonzero(wanted.flight == wanted.names.index(flight))
        local = wanted.t_s[rows] - epoch - start_s
        here = (local >= 0.0) & (local <= path.t_s[-1])
        if here.any():
            off.append(np.linalg.norm(sample(path, local[here])[0] - where[rows[here]], axis=1))
    error = np.concatenate(off)
    assert len(error) > 0.9 * len(wanted)
    # the truth itself is 15 m (median) and 83 m (99 %) from the raw rows, by its own notes
    assert np.median(error) < 15.0
    assert np.percentile(error, 99.0) < 83.0


def test_recorded_altitude_is_height_above_the_ellipsoid(tmp_path):
    one = recorded(write(tmp_path / "f.csv", table(np.arange(0.0, 60.0, 5.0))))
    _, _, alt = ecef_to_geodetic(one.trajectories[0].position_ecef_m)
    np.testing.assert_allclose(alt, 5000.0, atol=1e-6)
