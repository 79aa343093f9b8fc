"""What the settings of the ``pmb`` tracker are for: each against the same plots without it."""

import math
from dataclasses import replace

import numpy as np
import pytest

from tests.track.simulated import SD, SITE, Flights, flights, flights_from, make_radar, scan
from tests.track.test_detection import FREE, filtered
from tests.track.test_pmb import cartesian, settings, table_of
from tests.track.test_pmb_time import make
from tests.track.test_strobes import PERIODS_S, PLACES, fly, hear
from watchfloor.assess.gospa import gospa
from watchfloor.base.picture import Plots, Status, Tasks
from watchfloor.physics.frames import ecef_to_geodetic, ecef_to_polar, range_rate
from watchfloor.track.clutter import ConstantClutter, Extents
from watchfloor.track.detection import DetectionModel
from watchfloor.track.engine import Station
from watchfloor.track.gate import gate_limits
from watchfloor.track.motion import CvConfig, MotionConfig
from watchfloor.track.pmb import PmbTracker, PmbTrackerConfig, SiteConfig

IDLE = Tasks.empty()


def sure(tracks):
    return tracks.take(tracks.status == Status.CONFIRMED)


def turns(tracker, plots_of, numbers, *, period_s=10.0):
    """Confirmed tracks after each turn."""
    return [sure(tracker.step(plots_of(n), IDLE, until_s=period_s * (n + 1))[0]) for n in numbers]


def numbers_of(pictures):
    return [picture.number.tolist() for picture in pictures]


def secondary(plots, *, raised_m=0.0):
    """The same plots without range rates, from heights that are reported too high by so much."""
    z, cov = plots.measurement.copy(), plots.cov.copy()
    z[:, 3] = cov[:, 3] = np.nan
    cov[:, :, 3] = np.nan
    z[:, 2] += raised_m / z[:, 0]
    return replace(plots, measurement=z, cov=cov)


def distances_m(tracks, flown):
    """Of each track from each flight."""
    n = len(flown.start_m)
    return np.linalg.norm(tracks.position_ecef_m[:, None] - flown.at(np.repeat(tracks.t_s[:, None], n, 1)), axis=2)


def sooner(without, having):
    """Mean gain over runs with the same plots, and its standard error."""
    gain = np.asarray(without, float) - np.asarray(having, float)
    return gain.mean(), gain.std(ddof=1) / math.sqrt(len(gain))


# silence, wrong heights, identity


def through_silence(hidden_s):
    """One flight, turns of 5 s; in turns 20 to 31 nothing is heard of it."""
    rng, flown = np.random.default_rng(1), flights_from(80e3, 1.0, 0.5)
    tracker = make(PmbTrackerConfig(pd=0.95, hidden_s=hidden_s), periods=(5.0,))

    def plots(turn):
        return scan(flown, turn, rng, period_s=5.0, seen=[not 20 <= turn < 32])

    return numbers_of(turns(tracker, plots, range(45), period_s=5.0))


def test_a_target_that_may_hide_keeps_its_track_through_a_minute_of_silence():
    without, having = through_silence(0.0), through_silence(60.0)
    assert without[19] == having[19] == [1]
    assert having[20:] == [[1]] * 25
    assert without[31] == []
    assert without[-1] not in ([], [1])


def with_wrong_heights(share, seed, n_wrong):
    """Heights are 1,500 m too high from turn 20 on; numbers, and the greatest error of a track after turn 15."""
    rng, flown = np.random.default_rng(seed), flights_from(80e3, 1.0, 0.5)
    tracker = make(PmbTrackerConfig(pd=0.95, wrong_heights=share), radars=[None], periods=(5.0,))

    def plots(turn):
        plain = scan(flown, turn, rng, period_s=5.0, pd=1.0, sd=SD * [1.0, 1.0, 0.1, 1.0])
        return secondary(plain, raised_m=1500.0 if 20 <= turn < 20 + n_wrong else 0.0)

    pictures = turns(tracker, plots, range(40), period_s=5.0)
    return numbers_of(pictures), max(distances_m(one, flown).max(initial=0.0) for one in pictures[15:])


@pytest.mark.parametrize("seed", range(2, 7))
def test_heights_that_may_be_wrong_break_no_track(seed):
    """Four turns in a row."""
    having, _ = with_wrong_heights(0.002, seed, 4)
    assert having[15:] == [[1]] * 25
    without, _ = with_wrong_heights(0.0, seed, 4)
    assert any(numbers != [1] for numbers in without[15:])


@pytest.mark.parametrize("seed", range(2, 7))
def test_heights_that_may_be_wrong_draw_no_track_up(seed):
    """Two turns in a row."""
    _, error_m = with_wrong_heights(0.002, seed, 2)
    assert error_m < 5.0 * SD[1] * 80e3  # of the azimuth's error at that range
    _, error_m = with_wrong_heights(0.0, seed, 2)
    assert error_m > 1300.0


def crossed(identity, addressed, seed):
    """Two flights whose ways cross at 6 degrees after 100 s; pictures, and who bore which number early and late."""
    rng = np.random.default_rng(seed)
    flown = flights_from([80e3, 80e3], [1.0, 1.0], [0.5, 0.6])
    flown = Flights(flown.start_m[[0, 0]] - 100.0 * flown.velocity_mps, flown.velocity_mps)
    tracker = make(PmbTrackerConfig(identity=identity, pd=0.9), radars=[None], periods=(5.0,))

    def plots(turn):
        out = secondary(scan(flown, turn, rng, period_s=5.0, sd=SD * [4.0, 1.0, 1.0, 1.0], address=np.array([7, 8])))
        return out if addressed else replace(out, address=np.full(len(out), -1), label=np.full(len(out), -1))

    pictures = turns(tracker, plots, range(40), period_s=5.0)
    early, late = (
        pictures[turn].number[distances_m(pictures[turn], flown).argmin(axis=0)].tolist() for turn in (10, -1)
    )
    return pictures, early, late


def test_identity_keeps_numbers_at_a_crossing_where_they_may_swap_without():
    having = [crossed(True, True, seed)[1:] for seed in range(10)]
    assert all(before == after and len(set(after)) == 2 for before, after in having)
    without = [crossed(False, True, seed)[1:] for seed in range(10)]
    assert any(before != after for before, after in without)


@pytest.mark.parametrize("seed", [0, 5])
def test_identity_switched_off_is_as_if_nobody_had_answered(seed):
    for one, other in zip(crossed(False, True, seed)[0], crossed(False, False, seed)[0], strict=True):
        for (name, a), (_, b) in zip(one.items(), other.items(), strict=True):
            if name not in ("address", "label"):
                np.testing.assert_array_equal(a, b, err_msg=name)
    assert sorted(crossed(False, True, seed)[0][-1].address.tolist()) == [7, 8]


# births and first estimates

_LATER, _LIFE = 6, 12


def turns_to_confirm(births, seed):
    """Six flights, one after the other from one place, seen with 0.7 among 300 false plots a turn."""
    rng, flown = np.random.default_rng(seed), flights_from([60e3], [1.0], [0.5], speed_mps=150.0)
    lat, lon, alt = (float(v[0]) for v in ecef_to_geodetic(flown.start_m))
    place = SiteConfig(lat_deg=math.degrees(lat), lon_deg=math.degrees(lon), alt_m=alt, per_hour=60.0)
    changes = {"anywhere": {}, "sites": {"sites": (place,)}, "learned": {"births": "learned"}}[births]
    config = PmbTrackerConfig(
        unseen_at_start=0.1, births_per_scan=0.03, false_per_scan=300.0, clutter="constant", pd=0.7, **changes
    )
    tracker, out = make(config), []
    for one in range(_LATER):
        born = _LIFE * one
        start = flown.start_m + 500.0 * rng.normal(size=(1, 3)) - 10.0 * born * flown.velocity_mps
        mine, life = Flights(start, flown.velocity_mps), range(born, born + _LIFE)

        def plots(turn, mine=mine):
            return scan(mine, turn, rng, pd=0.7, n_false=300)

        near = [(distances_m(now, mine) < 2e3).any() for now in turns(tracker, plots, life)]
        out.append(near.index(True) + 1 if any(near) else _LIFE)
    return np.mean(out[2:])


@pytest.fixture(scope="module")
def anywhere():
    """Turns to confirm the later of the flights where births are even, run by run."""
    return [turns_to_confirm("anywhere", seed) for seed in range(10)]


@pytest.mark.parametrize("births", ["sites", "learned"])
def test_where_targets_are_known_to_appear_they_are_confirmed_sooner(anywhere, births):
    gain, error = sooner(anywhere, [turns_to_confirm(births, seed) for seed in range(10)])
    assert gain > 3.0 * error > 0.0


def along_sight(tracks):
    """Speed along the line of sight from SITE, and its standard deviation from the covariance of velocity."""
    x, v, p = tracks.position_ecef_m[0], tracks.velocity_ecef_mps[0], tracks.cov[0, 3:, 3:]
    u = x - SITE.ecef_m
    u /= np.linalg.norm(u)
    return float(v @ u), math.sqrt(u @ p @ u)


@pytest.mark.parametrize("heading_rad", [0.5, 2.0, 4.0])
def test_range_rate_gives_the_first_velocity(heading_rad):
    flown, rng = flights_from(80e3, 1.0, heading_rad), np.random.default_rng(1)
    plots, config = scan(flown, 0, rng, pd=1.0), PmbTrackerConfig(show_existence=1e-3)
    tracks, _ = make(config).step(plots, IDLE, until_s=10.0)
    (truth,) = range_rate(flown.at(plots.t_s), flown.velocity_mps, SITE)
    speed, sd = along_sight(tracks)
    assert speed == pytest.approx(plots.measurement[0, 3], abs=SD[3])
    assert abs(speed - truth) < 4.0 * SD[3]
    assert sd == pytest.approx(SD[3], rel=0.1)
    blind, _ = make(config).step(secondary(plots), IDLE, until_s=10.0)
    speed, sd = along_sight(blind)
    assert abs(speed) < 1e-6
    # 200 m/s on level ground, 25 m/s upward: nearly all of the line of sight is level
    assert sd == pytest.approx(200.0, rel=0.02)


@pytest.mark.parametrize("range_m", [150e3, 250e3])
def test_a_radar_without_elevation_leaves_the_height_where_it_was_expected(range_m):
    """Range tells of height only by r - ground range = h^2 / 2r, which the flight's own way hides."""
    flown, rng = flights_from(range_m, 1.0, 0.5), np.random.default_rng(1)
    tracker = make(radars=[make_radar(measures_elevation=False)])
    pictures = turns(tracker, lambda turn: scan(flown, turn, rng, pd=1.0, flat=True), range(40))
    assert numbers_of(pictures)[5:] == [[1]] * 35
    last = pictures[-1]
    up = last.position_ecef_m[0] / np.linalg.norm(last.position_ecef_m[0])
    sd = math.sqrt(up @ last.cov[0, :3, :3] @ up)
    assert sd == pytest.approx(4000.0, rel=0.02)
    assert abs(ecef_to_geodetic(last.position_ecef_m)[2][0] - 8000.0) < 0.05 * sd


# close targets


def beside(sharpness, seed):
    """Mean GOSPA of two targets that fly 90 m apart, three times the error of a plot, for 40 frames."""
    rng, sd = np.random.default_rng(seed), np.array([30.0, 30.0, 40.0])
    tracker = cartesian(settings(sharpness=sharpness, pd=0.9), density=1e-13)
    start, velocity, out = np.array([[-3000.0, 0.0, 1000.0], [-3000.0, 90.0, 1000.0]]), np.array([40.0, 0.0, 0.0]), []
    for frame in range(1, 41):
        t_s = 5.0 * frame
        truth = start + velocity * t_s
        z = (truth + rng.normal(size=(2, 3)) * sd)[rng.random(2) < 0.9]
        tracks, _ = tracker.step(table_of(t_s, z, sd), IDLE, until_s=t_s + 2.5)
        if frame > 10:
            likely = tracks.position_ecef_m[tracks.existence > 0.5]
            out.append(gospa(truth, likely, cutoff_m=100.0).distance)
    return np.mean(out)


def test_sharpened_marginals_keep_close_targets_apart():
    gain, error = sooner([beside(1.0, seed) for seed in range(16)], [beside(5.0, seed) for seed in range(16)])
    assert gain > 4.0 * error > 0.0


def in_one_cell(unresolved, seed):
    """Two flights draw together, give one plot between them in turns 15 to 24 and part again; tracks of each turn."""
    rng, one = np.random.default_rng(seed), flights_from([80e3], [1.0], [1.0])
    tracker = make(PmbTrackerConfig(unresolved=unresolved, pd=0.9))
    side = np.cross(one.start_m[0], one.velocity_mps[0])
    side /= np.linalg.norm(side)

    def plots(turn):
        apart_m = np.interp(turn, [5, 15, 24, 34], [4e3, 60.0, 60.0, 4e3])
        flown = Flights(one.start_m + np.array([[0.5], [-0.5]]) * apart_m * side, one.velocity_mps[[0, 0]])
        return scan(one if 15 <= turn < 25 else flown, turn, rng, pd=0.9)

    return numbers_of(turns(tracker, plots, range(45)))


@pytest.mark.parametrize("seed", range(4))
def test_two_targets_in_one_cell_keep_their_tracks(seed):
    having = in_one_cell(True, seed)
    assert len(having[14]) == 2
    assert having[14:] == [having[14]] * 31
    without = in_one_cell(False, seed)
    assert len(without[14]) == 2
    assert min(len(numbers) for numbers in without[15:25]) == 1


# detection and power


def abeam(detection, seed):
    """A slow target passes abeam, unseen for a while by a radar that cancels what has no range rate."""
    rng = np.random.default_rng(seed)
    radar = filtered(doppler="mti", n_coherent=3, window="none", prf_hz=(1000.0,), period_s=5.0)
    truth = DetectionModel(radar, FREE, level_dbsm=10.0, doubt_db=0.0, floor=0.0)
    flown = flights_from([50e3], [1.0], [1.0 + 0.5 * math.pi], altitude_m=5e3, speed_mps=60.0)
    flown = Flights(flown.start_m - 400.0 * flown.velocity_mps, flown.velocity_mps)
    around = {"environments": [FREE]} if detection == "physics" else {}
    # a target that may turn at once may leave the notch at once: one that flies straight is expected to stay in it
    straight = MotionConfig(models=(CvConfig(manoeuvre_mps2=0.3, climb_manoeuvre_mps2=0.2),))
    config = PmbTrackerConfig(pd=0.95, detection=detection, motion=straight)
    tracker = make(config, radars=[radar], periods=(5.0,), **around)
    silent = []

    def plots(turn):
        at = flown.at(np.array([5.0 * turn + 0.8]))
        z = np.stack([*ecef_to_polar(at, SITE), range_rate(at, flown.velocity_mps, SITE)], axis=1)
        seen = rng.random(1) < truth.expect_polar(z, np.zeros_like(z))[0]
        silent.append(not seen[0])
        return scan(flown, turn, rng, seen=seen, period_s=5.0)

    return numbers_of(turns(tracker, plots, range(120), period_s=5.0)), np.array(silent)


@pytest.mark.parametrize("seed", range(3))
def test_a_target_in_the_doppler_notch_keeps_its_track(seed):
    having, silent = abeam("physics", seed)
    assert silent[70:90].sum() >= 6
    assert all(numbers in ([], [1]) for numbers in having[10:])
    assert having[-1] == [1]
    without, same_silent = abeam("constant", seed)
    assert (silent == same_silent).all()
    assert without[70] == [1]
    assert without[-1] not in ([], [1])


def among_noise(power, seed, *, n_false=600, pfa=1e-4, level_db=25.0):
    """How often in 20 turns a confirmed track was of no flight; and how many flights had one at the end."""
    rng = np.random.default_rng(seed)
    flown, false = flights(6, rng, near_m=40e3, far_m=120e3), 0
    radar = make_radar(pfa=pfa)
    tracker = make(PmbTrackerConfig(power=power, births_per_scan=2.0), radars=[radar])

    def plots(turn):
        out = scan(flown, turn, rng, pd=0.8, n_false=n_false, pfa=pfa)
        r, azimuth, _ = ecef_to_polar(flown.at(np.repeat(out.t_s[:, None], 6, 1)), SITE)
        z = out.measurement
        own = ((np.abs(z[:, :1] - r) < 8.0 * SD[0]) & (np.abs(z[:, 1:2] - azimuth) < 8.0 * SD[1])).any(axis=1)
        # above the threshold -ln(pfa) noise is exponential again (mean 1), and so is a Rayleigh echo in noise
        mean = np.where(own, 1.0 + 10.0 ** (level_db / 10.0), 1.0)
        return replace(out, snr_db=10.0 * np.log10(-math.log(pfa) + mean * rng.exponential(size=len(out))))

    for now in turns(tracker, plots, range(20)):
        apart = distances_m(now, flown)
        false += np.count_nonzero(apart.min(axis=1, initial=math.inf) > 5e3)
    return false, np.count_nonzero(apart.min(axis=0, initial=math.inf) < 3e3)


def test_power_tells_tracks_of_noise_from_others():
    without = np.array([among_noise(False, seed) for seed in range(12)])
    having = np.array([among_noise(True, seed) for seed in range(12)])
    gain, error = sooner(without[:, 0], having[:, 0])
    assert gain > 3.0 * error > 0.0
    assert having[:, 1].mean() >= without[:, 1].mean()


# updates, jammers


def test_unscented_and_cubature_updates_track_as_the_extended_one_does():
    rng = np.random.default_rng(4)
    flown = flights(10, rng, near_m=15e3, far_m=60e3)
    plots, rms = [scan(flown, turn, rng) for turn in range(30)], {}
    for update in ("ekf", "ukf", "ckf"):
        pictures = turns(make(PmbTrackerConfig(update=update)), plots.__getitem__, range(30))
        assert len(pictures[-1]) == 10
        rms[update] = math.sqrt(np.mean([(distances_m(now, flown).min(axis=1) ** 2).mean() for now in pictures[10:]]))
    # the azimuth's error of 0.003 bends an arc by 0.003^2 / 2 of the range, 0.3 m at 60 km, of some 190 m
    assert rms["ukf"] == pytest.approx(rms["ekf"], rel=0.005)
    assert rms["ckf"] == pytest.approx(rms["ukf"], rel=0.005)
    assert rms["ukf"] != rms["ekf"]


@pytest.mark.parametrize("seed", [5, 6])
def test_a_jammer_that_two_radars_hear_is_among_the_tracks_where_it_is(seed):
    rng = np.random.default_rng(seed)
    flown = fly(
        rng, np.array([40.6]), np.array([32.9]), np.array([9000.0]), np.array([[-150.0, 100.0, 0.0]]), until_s=400.0
    )
    plots, _ = hear(rng, flown, 2, until_s=400.0)
    tracker, numbers = make(places=PLACES[:2], periods=PERIODS_S[:2], phases=(0.0, 0.0)), set()
    for end_s in np.arange(10.0, 401.0, 10.0).tolist():
        tracks, _ = tracker.step(plots.take((plots.t_s > end_s - 10.0) & (plots.t_s <= end_s)), IDLE, until_s=end_s)
        numbers |= set(tracks.number.tolist())
        if end_s < 60.0:
            continue
        assert len(tracks) == 1
        at, _ = flown.at(tracks.t_s, np.zeros(1, int))
        off = (tracks.position_ecef_m - at)[0]
        assert off @ np.linalg.solve(tracks.cov[0, :3, :3], off) < gate_limits(0.999)[3]
    assert tracks.status.tolist() == [Status.CONFIRMED]
    assert len(numbers) == 1
    assert len(tracker.angle_tracks) == 2


@pytest.mark.parametrize("interval_mps", [200.0, 60.0])
def test_range_rates_that_fold_track_like_those_that_do_not(interval_mps):
    def errors_m(fold_mps, seed):
        rng = np.random.default_rng(seed)
        sd = np.array([50.0, 0.003, 0.004, 2.0])
        station = Station(
            origin_m=np.zeros(3), axes=np.eye(3), period_s=5.0, offset_s=-2.5, range_rate_interval_mps=fold_mps
        )
        even = ConstantClutter(Extents(range_max_m=400e3), false_per_scan=1.0)
        tracker = PmbTracker.over(PmbTrackerConfig(), [station], clutter=[even], detection=[0.9])
        off = []
        for k in range(40):
            t_s = 5.0 * k
            place = np.array([0.0, 40e3 + 150.0 * t_s, 5e3])
            range_m = np.linalg.norm(place)
            z = np.array([range_m, 0.0, np.arcsin(place[2] / range_m), 150.0 * place[1] / range_m])
            z += rng.normal(size=4) * sd
            z[1] %= 2.0 * np.pi
            if fold_mps:
                z[3] -= fold_mps * np.round(z[3] / fold_mps)
            nobody = np.full(1, -1)
            plots = Plots(
                t_s=np.array([t_s]), sensor=np.zeros(1, np.int64), measurement=z[None], cov=np.diag(sd**2)[None],
                snr_db=np.full(1, np.nan), pfa=np.zeros(1), address=nobody, label=nobody,
            )  # fmt: skip
            tracks, _ = tracker.step(plots, Tasks.empty(), until_s=t_s + 2.5)
            if k > 10:
                assert len(tracks) == 1
                off.append(np.linalg.norm(tracks.position_ecef_m[0] - place))
        return np.sqrt(np.mean(np.square(off)))

    for seed in range(3):  # the same noise: once the fold is known, it is the same filter
        assert errors_m(interval_mps, seed) == pytest.approx(errors_m(0.0, seed), rel=0.05)
