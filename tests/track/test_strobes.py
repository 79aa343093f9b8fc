from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import gammaincinv

from tests.plain import strobes as plain
from tests.track.biased import PERIODS_S, PLACES, Flights
from watchfloor.base.picture import Plots, Status, Tracks
from watchfloor.physics.frames import Place, ecef_to_geodetic, ecef_to_polar, geodetic_to_ecef, polar_to_ecef
from watchfloor.track._kernels import strobes as k
from watchfloor.track.strobes import (
    Numbers,
    StrobeConfig,
    StrobeTracker,
    _sensor_rows,
    _settings,
    gated_tracks,
    is_strobe,
    warm,
)

SD = np.radians(0.15)
STEP_S = 2.0
TWO_PI = 2.0 * np.pi


def chi2_quantile(p, dof):
    return 2.0 * gammaincinv(0.5 * dof, p)


def fly(rng, lat_deg, lon_deg, altitude_m, velocity_enu_mps, *, until_s=240.0, q=0.0, q_up=0.0):
    """Flights from places, pushed by white noise of acceleration, over a round earth: east and north turn along."""
    at = geodetic_to_ecef(np.radians(lat_deg), np.radians(lon_deg), altitude_m)
    base = Place.from_degrees(float(np.mean(lat_deg)), float(np.mean(lon_deg)), 0.0)
    velocity = np.asarray(velocity_enu_mps) @ base.rotation
    sd = np.sqrt(STEP_S * np.array([q, q, q_up]))
    kept = []
    for _ in range(int(until_s / STEP_S) + 20):
        kept.append((at, velocity))
        push = (sd * rng.normal(size=at.shape)) @ base.rotation
        drift = (sd * STEP_S * rng.normal(size=at.shape) / np.sqrt(12.0)) @ base.rotation
        at, velocity = at + STEP_S * velocity + drift + 0.5 * STEP_S * push, velocity + push
    where, speed = (np.stack(part) for part in zip(*kept, strict=True))
    return Flights(where, speed)


def hear(rng, flown, n_radars, *, until_s=240.0, pd=0.95, elevation=False, n_false=0, sd=SD, places=PLACES):
    """Strobes of turning radars, rows by time, and whose they are (-1: false)."""
    n, parts = flown.position_m.shape[1], []
    who = np.arange(n)
    for s in range(n_radars):
        for turn in range(int(until_s / PERIODS_S[s])):
            t = np.full(n, (turn + 0.5) * PERIODS_S[s])
            for _ in range(15):
                at, _ = flown.at(t, who)
                _, azimuth, height = ecef_to_polar(at, places[s])
                t = (turn + azimuth / TWO_PI) * PERIODS_S[s]
            z = np.full((n, 4), np.nan)
            z[:, 1] = (azimuth + sd * rng.normal(size=n)) % TWO_PI
            if elevation:
                z[:, 2] = height + sd * rng.normal(size=n)
            met = np.abs(ecef_to_polar(flown.at(t, who)[0], places[s])[1] - azimuth) < 1e-6  # not at the seam of turns
            seen = (rng.random(n) < pd) & met
            parts.append((t[seen], np.full(seen.sum(), s), who[seen], z[seen]))
            z = np.full((n_false, 4), np.nan)
            z[:, 1] = rng.uniform(0.0, TWO_PI, n_false)
            parts.append(((turn + z[:, 1] / TWO_PI) * PERIODS_S[s], np.full(n_false, s), np.full(n_false, -1), z))
    t, sensor, who, z = (np.concatenate(part) for part in zip(*parts, strict=True))
    order = np.argsort(t)
    return strobes_of(t[order], sensor[order], z[order], sd), who[order]


def strobes_of(t_s, sensor, z, sd=SD):
    n = len(t_s)
    cov = np.full((n, 4, 4), np.nan)
    cov[:, 1, 1] = sd**2
    tilted = np.isfinite(z[:, 2])
    cov[tilted, 2, 2] = sd**2
    cov[tilted, 1, 2] = cov[tilted, 2, 1] = 0.0
    nobody = np.full(n, -1)
    return Plots(
        t_s=t_s, sensor=sensor, measurement=z, cov=cov, snr_db=np.full(n, 20.0), pfa=np.full(n, 1e-6), address=nobody,
        label=nobody,
    )  # fmt: skip


def tracker(n_radars, numbers=None, places=PLACES, **config):
    return StrobeTracker(
        StrobeConfig(**config), places=places[:n_radars], periods_s=PERIODS_S[:n_radars], numbers=numbers
    )


def play(follower, plots, *, until_s=240.0, tick_s=10.0):
    out = []
    for end_s in np.arange(tick_s, until_s + 0.5 * tick_s, tick_s):
        now = np.flatnonzero((plots.t_s > end_s - tick_s) & (plots.t_s <= end_s))
        out.append(follower.step(plots.take(now), until_s=end_s))
    return out


def nearest(located, row, flown):
    n = flown.position_m.shape[1]
    at, velocity = flown.at(np.full(n, located.t_s[row]), np.arange(n))
    away = np.linalg.norm(at - located.position_ecef_m[row], axis=1)
    i = int(away.argmin())
    return i, np.concatenate([at[i] - located.position_ecef_m[row], velocity[i] - located.velocity_ecef_mps[row]])


def level(error, located, row):
    """Horizontal part of an error at a located jammer. [m]"""
    up = located.position_ecef_m[row] / np.linalg.norm(located.position_ecef_m[row])
    return float(np.linalg.norm(error[:3] - up * (up @ error[:3])))


# -- fixes ----------------------------------------------------------------------------------------------------------


def fix_of(places, azimuth, sd=SD, altitude_m=9000.0):
    settings = _settings(StrobeConfig(altitude_m=altitude_m))
    n = len(places)
    x, p, none = np.empty(3), np.empty((3, 3)), np.full(n, np.nan)
    left = k.fix(np.arange(n), np.asarray(azimuth), np.full(n, sd**2), none, none, _sensor_rows(places), settings, x, p)
    return x, p, left


@given(seed=st.integers(0, 2**32 - 1), n=st.sampled_from([2, 3]))
def test_a_fix_is_the_least_squares_one(seed, n):
    rng = np.random.default_rng(seed)
    true = geodetic_to_ecef(np.radians(41.0 + rng.uniform(0, 1)), np.radians(32.5 + rng.uniform(0, 1.5)), 9500.0)
    azimuth = np.array([ecef_to_polar(true, place)[1] for place in PLACES[:n]]).ravel() + SD * rng.normal(size=n)
    x, p, left = fix_of(PLACES[:n], azimuth)
    want, cov, squares = plain.fix(PLACES[:n], azimuth, SD, 9000.0, 3000.0, true)
    np.testing.assert_allclose(x, want, atol=1.0)
    np.testing.assert_allclose(p, cov, rtol=1e-3, atol=1e-3 * np.trace(cov))
    assert left == pytest.approx(squares, abs=1e-3)


def test_two_directions_at_right_angles_give_stansfields_ellipse():
    # Stansfield, J. IEE 94 (IIIA), 1947: each direction is known to its distance times its error, across it
    middle = Place.from_degrees(40.0, 33.0, 0.0)
    aim = Place.from_degrees(40.0, 33.0, 9000.0)
    west, south = (polar_to_ecef(r, azimuth, 0.0, middle) for r, azimuth in ((100e3, 1.5 * np.pi), (60e3, np.pi)))
    places = []
    for at in (west, south):
        lat, lon, _ = ecef_to_geodetic(at)
        places.append(Place(float(lat), float(lon), 0.0))
    azimuth = [float(ecef_to_polar(aim.ecef_m, place)[1]) for place in places]
    x, p, _ = fix_of(places, azimuth)
    assert np.linalg.norm(x - aim.ecef_m) < 1.0
    sigma = np.sqrt(np.diag(aim.rotation @ p @ aim.rotation.T))
    # the one in the west knows north, the one in the south east; height is the prior's
    np.testing.assert_allclose(sigma, [60e3 * SD, 100e3 * SD, 3000.0], rtol=0.01)


def test_directions_that_do_not_meet_give_no_fix():
    assert np.isnan(fix_of(PLACES[:2], [3.0, 0.2])[2])  # apart
    assert np.isnan(fix_of(PLACES[:2], [1.0, 1.0])[2])  # alongside each other
    one = ecef_to_polar(PLACES[1].ecef_m, PLACES[0])[1]
    assert np.isnan(fix_of(PLACES[:2], [one, one + 0.001])[2])  # along the line through both


# -- probabilities of crossings -------------------------------------------------------------------------------------


@given(seed=st.integers(0, 2**32 - 1), n_radars=st.sampled_from([2, 3]))
def test_probabilities_of_crossings_are_those_over_all_ways(seed, n_radars):
    rng = np.random.default_rng(seed)
    n_tracks, n = 3 * n_radars, int(rng.integers(1, 10))
    member, seen = np.full((n + 2, n_radars), -1), set()
    log = rng.normal(0.0, 4.0, n + 2)
    state = np.full(n + 2, k.TENTATIVE)
    for c in range(n):
        while True:
            row = [int(rng.integers(0, 3)) * n_radars + s if rng.random() < 0.8 else -1 for s in range(n_radars)]
            if sum(i >= 0 for i in row) >= 2 and tuple(row) not in seen:
                break
            if len(seen) >= (9 if n_radars == 2 else 54):
                break
        seen.add(tuple(row))
        member[c] = row
        if sum(i >= 0 for i in row) < 2:
            state[c] = k.FREE
    state[n], state[n + 1] = k.DEAD, k.FREE
    share = np.empty(n + 2)
    assert k.shares(log.copy(), member, state, 0.5, n_tracks, 10_000, share) == 0
    use = [c for c in range(n) if state[c] == k.TENTATIVE]
    sizes = np.array([(member[c] >= 0).sum() - 1 for c in use])
    want = plain.shares(log[use] + 0.5 * sizes, [[i for i in member[c] if i >= 0] for c in use])
    np.testing.assert_allclose(share[use], want, atol=1e-12)
    assert (np.delete(share, use) == 0.0).all()


def test_belief_propagation_takes_over_and_is_near():
    rng = np.random.default_rng(1)
    worst = 0.0
    for _ in range(20):
        log = rng.normal(0.0, 3.0, 16)
        member = np.array([[2 * a, 2 * b + 1] for a in range(4) for b in range(4)])
        exact, near = np.empty(16), np.empty(16)
        assert k.shares(log.copy(), member, np.zeros(16, np.int64), 0.0, 8, 10_000, exact) == 0
        assert k.shares(log.copy(), member, np.zeros(16, np.int64), 0.0, 8, 10, near) == 1
        worst = max(worst, float(np.abs(exact - near).max()))
        both = np.zeros(8)
        np.add.at(both, member.ravel(), np.repeat(near, 2))
        assert (both < 1.0 + 1e-4).all()
    # Williams & Lau (2014): close for matchings, exact where there is no cycle
    assert worst < 0.15


def test_a_hundred_crossings_of_each_with_each_are_solved():
    n = 12
    member = np.array([[2 * a, 2 * b + 1] for a in range(n) for b in range(n)])
    log = np.where(member[:, 0] // 2 == member[:, 1] // 2, 6.0, -1.0)
    share = np.empty(n * n)
    assert k.shares(log, member, np.zeros(n * n, np.int64), 0.0, 2 * n, 2000, share) == 1
    right = share[member[:, 0] // 2 == member[:, 1] // 2]
    assert (right > 0.9).all()


# -- angle tracks ---------------------------------------------------------------------------------------------------


def test_one_radar_follows_directions_and_locates_nothing():
    rng = np.random.default_rng(2)
    flown = fly(rng, [41.2, 40.9], [32.4, 33.2], [9e3, 8e3], [[200.0, 0.0, 0.0], [-150.0, 100.0, 0.0]])
    plots, _ = hear(rng, flown, 1)
    tracks, located = play(tracker(1), plots)[-1]
    assert len(tracks) == 2
    assert (tracks.status == Status.CONFIRMED).all()
    assert (tracks.located == -1).all()
    assert not tracks.ambiguous.any()
    assert len(located) == 0
    assert np.isnan(tracks.angle_rad[:, 1]).all()


def test_a_direction_through_north_is_followed():
    rng = np.random.default_rng(3)
    flown = fly(rng, [41.0], [32.35], [9e3], [[220.0, 0.0, 0.0]])
    plots, _ = hear(rng, flown, 1, pd=1.0)
    assert (np.ptp(plots.measurement[:, 1])) > 6.0
    for tracks, _ in play(tracker(1), plots)[4:]:
        assert len(tracks) == 1
        truth = ecef_to_polar(flown.at(tracks.t_s, np.zeros(1, int))[0], PLACES[0])[1]
        off = (tracks.angle_rad[0, 0] - truth + np.pi) % TWO_PI - np.pi
        assert abs(off) < 4.0 * SD
        assert 0.0 <= tracks.angle_rad[0, 0] < TWO_PI


def test_two_directions_that_cross_are_not_swapped():
    rng = np.random.default_rng(4)
    # one near and quick, one far and slow: the former overtakes in azimuth
    flown = fly(rng, [40.9, 41.4], [32.7, 33.2], [9e3, 9e3], [[250.0, 0.0, 0.0], [-50.0, 0.0, 0.0]])
    plots, _ = hear(rng, flown, 1, pd=1.0)

    def off(tracks):
        """How far each angle track is from each jammer. [rad]"""
        rows, who = np.divmod(np.arange(4), 2)
        truth = ecef_to_polar(flown.at(tracks.t_s[rows], who)[0], PLACES[0])[1].reshape(2, 2)
        return np.abs((tracks.angle_rad[:, :1] - truth + np.pi) % TWO_PI - np.pi), truth

    steps = play(tracker(1), plots)
    (first, start), (last, end) = off(steps[3][0]), off(steps[-1][0])
    assert np.sign(start[0, 0] - start[0, 1]) != np.sign(end[0, 0] - end[0, 1])
    assert np.array_equal(steps[3][0].number, steps[-1][0].number)
    assert np.array_equal(first.argmin(axis=1), last.argmin(axis=1))
    assert (last.min(axis=1) < 4.0 * SD).all()


def test_a_face_that_looks_at_a_jammer_several_times_a_frame_has_one_track_of_it():
    rng = np.random.default_rng(19)
    t = np.arange(0.6, 60.0, 1.7)
    z = np.full((len(t), 4), np.nan)
    z[:, 1] = 1.0 + 0.001 * t + SD * rng.normal(size=len(t))
    steps = play(tracker(1), strobes_of(t, np.zeros(len(t), int), z), until_s=60.0)
    assert {int(n) for tracks, _ in steps for n in tracks.number} == {1}
    assert steps[-1][0].n_hits[0] == len(t)


def test_angles_and_rates_are_as_far_off_as_they_say():
    q, dt = 2.0 * (0.02e-3) ** 2 * 10.0, 10.0
    root = np.linalg.cholesky(q * np.array([[dt**3 / 3.0, dt**2 / 2.0], [dt**2 / 2.0, dt]]))
    rng, total, n = np.random.default_rng(5), 0.0, 60
    for _ in range(n):
        truth, z = np.array([rng.uniform(0.0, TWO_PI), np.radians(0.3) * rng.normal()]), np.full((20, 4), np.nan)
        for turn in range(20):
            if turn:
                truth = np.array([truth[0] + dt * truth[1], truth[1]]) + root @ rng.normal(size=2)
            z[turn, 1] = (truth[0] + SD * rng.normal()) % TWO_PI
        plots = strobes_of(dt * np.arange(20.0), np.zeros(20, int), z)
        follower = tracker(1, angle_manoeuvre_mrad_s2=0.02, turn_rate_sd_deg_s=0.3)
        tracks, _ = follower.step(plots, until_s=190.5)
        row = int(tracks.n_hits.argmax())
        error = np.array([tracks.angle_rad[row, 0], tracks.rate_radps[row, 0]]) - truth
        error[0] = (error[0] + np.pi) % TWO_PI - np.pi
        total += error @ np.linalg.solve(tracks.cov[row, 0], error)
    assert chi2_quantile(5e-4, 2 * n) < total < chi2_quantile(0.9995, 2 * n)


def test_false_strobes_confirm_next_to_nothing():
    rng = np.random.default_rng(6)
    flown = fly(rng, [41.0], [33.0], [9e3], [[0.0, 0.0, 0.0]], until_s=600.0)
    plots, _ = hear(rng, flown, 1, until_s=600.0, pd=0.0, n_false=1)
    steps = play(tracker(1), plots, until_s=600.0)
    numbers = {int(n) for tracks, _ in steps for n in tracks.number[tracks.status == Status.CONFIRMED]}
    assert len(numbers) <= 6
    born = {int(n) for tracks, _ in steps for n in tracks.number}
    assert len(born) > 20


# -- places ---------------------------------------------------------------------------------------------------------


def test_a_jammer_of_two_radars_is_located_as_well_as_said():
    q, n, total, levels = 1.8, 40, 0.0, []
    config = dict(manoeuvre_mps2=0.3, climb_manoeuvre_mps2=0.01, climb_sd_mps=5.0, speed_sd_mps=150.0)
    for seed in range(n):
        rng = np.random.default_rng([7, seed])
        velocity = np.array([[*rng.normal(0.0, 150.0, 2), 5.0 * rng.normal()]])
        lat, lon = 41.0 + rng.uniform(0.0, 0.6), 32.6 + rng.uniform(0.0, 0.8)
        flown = fly(rng, [lat], [lon], [9e3 + 3e3 * rng.normal()], velocity, q=q)
        plots, _ = hear(rng, flown, 2)
        _, located = play(tracker(2, **config), plots)[-1]
        row = int(located.probability.argmax())
        assert located.probability[row] > 0.9
        _, error = nearest(located, row, flown)
        total += error @ np.linalg.solve(located.cov[row], error)
        levels.append(level(error, located, row))
    assert chi2_quantile(5e-4, 6 * n) < total < chi2_quantile(0.9995, 6 * n)
    assert np.median(levels) < 600.0


def test_elevations_give_the_height():
    rng = np.random.default_rng(8)
    flown = fly(rng, [41.2], [33.0], [12_500.0], [[180.0, 60.0, 0.0]])
    plots, _ = hear(rng, flown, 2, elevation=True)
    tracks, located = play(tracker(2), plots)[-1]
    assert len(located) == 1
    _, error = nearest(located, 0, flown)
    assert np.linalg.norm(error[:3]) < 900.0
    assert error @ np.linalg.solve(located.cov[0], error) < chi2_quantile(0.9999, 6)
    assert np.isfinite(tracks.angle_rad).all()


PAIR = dict(lat_deg=[41.2, 41.3], lon_deg=[32.7, 33.5], altitude_m=[9e3, 9e3])
WEST_EAST = [Place.from_degrees(40.0, 32.0, 800.0), Place.from_degrees(40.0, 33.2, 800.0)]


def test_two_radars_and_two_standing_jammers_stay_ambiguous_and_say_so():
    # both on the line midway between the radars: the ghosts are left and right of it, as far away and as still
    rng = np.random.default_rng(9)
    flown = fly(rng, [40.8, 41.1], [32.6, 32.6], [9e3, 9e3], np.zeros((2, 3)))
    plots, _ = hear(rng, flown, 2, places=WEST_EAST)
    tracks, located = play(tracker(2, places=WEST_EAST), plots)[-1]
    live = located.take(located.status != Status.DROPPED)
    assert len(live) == 4
    assert (live.status == Status.TENTATIVE).all()
    assert tracks.ambiguous.all()
    # either pairing explains everything: they share the probability
    np.testing.assert_allclose(live.probability.sum(), 2.0, atol=0.1)
    assert (live.probability > 0.1).all()
    real = [level(nearest(live, row, flown)[1], live, row) < 3e3 for row in range(4)]
    assert sum(real) == 2
    assert (live.as_tracks().existence < 0.95).all()


def test_probabilities_of_crossings_come_true_as_often_as_they_say():
    said, came, n = [], [], 60
    middle = Place.from_degrees(40.2, 33.05, 0.0)
    config = dict(range_max_km=250.0, speed_sd_mps=150.0, altitude_sd_m=1000.0, manoeuvre_mps2=0.1, climb_sd_mps=5.0)
    for seed in range(n):
        rng = np.random.default_rng([20, seed])
        at = polar_to_ecef(250e3 * np.sqrt(rng.random(2)), rng.uniform(0.0, TWO_PI, 2), np.zeros(2), middle)
        lat, lon, _ = ecef_to_geodetic(at)
        velocity = np.column_stack([rng.normal(0.0, 150.0, (2, 2)), np.zeros(2)])
        flown = fly(rng, np.degrees(lat), np.degrees(lon), 9e3 + 1e3 * rng.normal(size=2), velocity)
        plots, _ = hear(rng, flown, 2, until_s=120.0)
        _, located = play(tracker(2, jammers=2.0, **config), plots, until_s=120.0)[-1]
        for row in np.flatnonzero(located.status != Status.DROPPED):
            _, error = nearest(located, row, flown)
            said.append(located.probability[row])
            came.append(error @ np.linalg.solve(located.cov[row], error) < 40.0)
    said, came = np.array(said), np.array(came)
    spread = np.sqrt((said * (1.0 - said)).sum())
    assert len(said) > n
    assert abs(came.sum() - said.sum()) < 3.5 * spread + 1.0
    assert came[said > 0.95].mean() > 0.95


def test_a_third_radar_tells_ghosts_at_once():
    rng = np.random.default_rng(9)
    flown = fly(rng, velocity_enu_mps=np.zeros((2, 3)), **PAIR)
    plots, _ = hear(rng, flown, 3)
    steps = play(tracker(3), plots)
    tracks, located = steps[-1]
    live = located.take(located.status == Status.CONFIRMED)
    assert len(live) == 2
    assert not tracks.ambiguous.any()
    assert sorted(nearest(live, row, flown)[0] for row in range(2)) == [0, 1]
    assert (live.member >= 0).all()
    for row in range(2):
        assert level(nearest(live, row, flown)[1], live, row) < 1500.0
    early = steps[5][1]  # after a minute
    assert (early.status == Status.CONFIRMED).sum() == 2


def test_motion_tells_ghosts_from_jammers_of_two_radars():
    right = 0
    for seed in range(8):
        rng = np.random.default_rng([10, seed])
        flown = fly(rng, velocity_enu_mps=[[230.0, -60.0, 0.0], [-80.0, -220.0, 0.0]], **PAIR)
        plots, _ = hear(rng, flown, 2)
        _, located = play(tracker(2), plots)[-1]
        sure = located.take(located.status == Status.CONFIRMED)
        near = [level(nearest(sure, row, flown)[1], sure, row) < 4e3 for row in range(len(sure))]
        assert all(near), (seed, near)  # never sure of a ghost
        right += len(sure)
    assert right >= 12


def test_numbers_last_while_a_jammer_does_and_are_not_used_again():
    numbers = Numbers(first=100)
    assert list(numbers(2)) == [100, 101]
    rng = np.random.default_rng(11)
    flown = fly(rng, [41.2], [33.0], [9e3], [[150.0, 0.0, 0.0]], until_s=400.0)
    plots, _ = hear(rng, flown, 3, until_s=200.0)
    steps = play(tracker(3, numbers), plots, until_s=400.0)
    live = [set(located.number[located.status != Status.DROPPED].tolist()) for _, located in steps]
    ended = [set(located.number[located.status == Status.DROPPED].tolist()) for _, located in steps]
    held = [n for n in live if n]
    assert all(len(n) == 1 for n in held[3:])
    assert len(set.union(*held[3:])) == 1
    assert held[-1] <= set.union(*ended)
    assert sum(len(n) for n in ended) == len(set.union(*ended))
    gone = [located for _, located in steps if (located.status == Status.DROPPED).any()][-1]
    assert np.isfinite(gone.position_ecef_m).all()
    angle = [set(tracks.number.tolist()) for tracks, _ in steps]
    assert not set.union(*angle) & set.union(*live)
    assert min(set.union(*angle)) == 102
    assert not steps[-1][0].number.size
    assert numbers.upcoming > max(set.union(*angle, *live))


def test_what_is_no_strobe_is_passed_over_and_what_is_broken_is_counted():
    rng = np.random.default_rng(12)
    flown = fly(rng, [41.2], [33.0], [9e3], [[150.0, 0.0, 0.0]])
    plots, _ = hear(rng, flown, 2)
    n = len(plots)
    z, cov, t, sensor = (a.copy() for a in (plots.measurement, plots.cov, plots.t_s, plots.sensor))
    z[0, 0] = 5e4
    sensor[1], cov[2, 1, 1], cov[3, 1, 1], t[4], z[5, 2] = 9, 0.0, np.nan, np.nan, np.inf
    bad = replace(plots, measurement=z, cov=cov, t_s=t, sensor=sensor)
    assert is_strobe(bad).sum() == n - 1
    follower = tracker(2)
    follower.step(bad, until_s=240.0)
    assert follower.n_rejected == 5
    follower.step(bad.take(np.arange(6, 9)), until_s=260.0)
    assert follower.n_rejected == 8  # from before the last step
    with pytest.raises(ValueError, match="time goes forward"):
        follower.step(Plots.empty(), until_s=1.0)
    with pytest.raises(ValueError, match="periods_s"):
        StrobeTracker(StrobeConfig(), places=PLACES, periods_s=[10.0])
    with pytest.raises(ValueError, match="periods_s"):
        StrobeTracker(StrobeConfig(), places=PLACES[:1], periods_s=[0.0])
    with pytest.raises(ValueError, match="another tracker"):
        tracker(2).restore(tracker(3).save())


def test_duplicates_and_a_flood_do_no_harm():
    rng = np.random.default_rng(13)
    flown = fly(rng, [41.2], [33.0], [9e3], [[150.0, 0.0, 0.0]])
    plots, _ = hear(rng, flown, 2)
    twice = plots.take(np.repeat(np.arange(len(plots)), 2))
    _, located = play(tracker(2), twice)[-1]
    sure = located.take(located.status == Status.CONFIRMED)
    assert len(sure) >= 1
    z = np.full((2000, 4), np.nan)
    z[:, 1] = rng.uniform(0.0, TWO_PI, 2000)
    follower = tracker(2, most_crossings=64)
    for turn in range(4):
        t = (turn + z[:, 1] / TWO_PI) * 10.0
        follower.step(strobes_of(t, np.arange(2000) % 2, z), until_s=10.0 * (turn + 1.0))
    assert follower.n_left_out > 0


def test_a_state_saved_in_mid_run_goes_on_bit_for_bit():
    rng = np.random.default_rng(14)
    flown = fly(rng, velocity_enu_mps=[[230.0, -60.0, 0.0], [-80.0, -220.0, 0.0]], **PAIR)
    plots, _ = hear(rng, flown, 3)
    counts = Numbers(), Numbers()
    one, two = (tracker(3, numbers) for numbers in counts)
    for end_s in np.arange(10.0, 250.0, 10.0):
        rows = plots.take(np.flatnonzero((plots.t_s > end_s - 10.0) & (plots.t_s <= end_s)))
        a = one.step(rows, until_s=end_s)
        if end_s > 120.0:
            b = two.step(rows, until_s=end_s)
            for mine, other in zip(a, b, strict=True):
                assert all(
                    np.array_equal(x, y, equal_nan=True)
                    for (_, x), (_, y) in zip(mine.items(), other.items(), strict=True)
                )
        if end_s == 120.0:
            two.restore(one.save())
            counts[1](counts[0].upcoming - counts[1].upcoming)


# -- strobes and tracks ---------------------------------------------------------------------------------------------


def test_a_strobe_finds_the_tracks_in_its_direction():
    rng = np.random.default_rng(15)
    n = 30
    x = geodetic_to_ecef(np.radians(rng.uniform(39, 42, n)), np.radians(rng.uniform(31, 35, n)), 9e3)
    v = 200.0 * rng.normal(size=(n, 3))
    root = rng.normal(size=(n, 6, 6)) * np.array([300.0] * 3 + [20.0] * 3)[:, None]
    tracks = replace(
        Tracks.empty(2), number=np.arange(n), t_s=rng.uniform(0.0, 5.0, n), position_ecef_m=x, velocity_ecef_mps=v,
        cov=root @ root.transpose(0, 2, 1), status=np.ones(n, int), existence=np.ones(n), n_hits=np.ones(n, int),
        updated_s=np.zeros((n, 2)), address=np.full(n, -1), label=np.full(n, -1), label_source=np.full(n, -1),
    )  # fmt: skip
    m = 40
    z, sensor = np.full((m, 4), np.nan), np.arange(m) % 2
    for j in range(m):
        _, azimuth, elevation = ecef_to_polar(x[j % n], PLACES[sensor[j]])
        z[j, 1] = (azimuth + 0.004 * rng.normal()) % TWO_PI
        if j % 3 == 0:
            z[j, 2] = elevation + 0.004 * rng.normal()
    z[5, 0] = 1e4  # a plot
    plots = strobes_of(np.full(m, 6.0), sensor, z)
    got = gated_tracks(plots, tracks, PLACES[:2], probability=0.99)
    columns = (got.plot.tolist(), got.track.tolist(), got.d2, got.log_likelihood)
    found = {(j, i): (d2, log) for j, i, d2, log in zip(*columns, strict=True)}
    limits, q = (6.6349, 9.2103), 2.0 * 3.0**2 * 10.0
    n_pairs = 0
    for j in range(m):
        for i in range(n):
            state = np.concatenate([x[i], v[i]])
            d2, log = plain.gate(6.0, z[j], plots.cov[j], tracks.t_s[i], state, tracks.cov[i], PLACES[sensor[j]], q)
            if j != 5 and d2 <= limits[int(np.isfinite(z[j, 2]))] * (1.0 - 0.02):
                n_pairs += 1
                assert (j, i) in found
                np.testing.assert_allclose(found[j, i], (d2, log), rtol=0.02, atol=0.02)
    assert n_pairs >= 30
    assert n_pairs <= len(found) <= n_pairs + 2
    assert not len(gated_tracks(Plots.empty(), tracks, PLACES[:2]))
    assert not len(gated_tracks(plots, Tracks.empty(2), PLACES[:2]))


def test_more_pairs_than_room_are_all_returned():
    place = PLACES[0]
    n = 50
    x = polar_to_ecef(np.linspace(50e3, 60e3, n), np.full(n, 1.0), np.full(n, 0.1), place)
    tracks = replace(
        Tracks.empty(1), number=np.arange(n), t_s=np.zeros(n), position_ecef_m=x, velocity_ecef_mps=np.zeros((n, 3)),
        cov=np.broadcast_to(1e4 * np.eye(6), (n, 6, 6)), status=np.ones(n, int), existence=np.ones(n),
        n_hits=np.ones(n, int), updated_s=np.zeros((n, 1)), address=np.full(n, -1), label=np.full(n, -1),
        label_source=np.full(n, -1),
    )  # fmt: skip
    z = np.full((3, 4), np.nan)
    z[:, 1] = 1.0
    got = gated_tracks(strobes_of(np.zeros(3), np.zeros(3, int), z), tracks, [place])
    assert len(got) == 150


def test_warming_up_compiles_the_one_layout_that_runs_use():
    warm()
    kernels = [
        kernel
        for kernel in (k.follow, k.refine, k.age, k.release, k.cross, k.gate_strobes)
        if hasattr(kernel, "signatures")
    ]
    assert all(len(kernel.signatures) == 1 for kernel in kernels)
