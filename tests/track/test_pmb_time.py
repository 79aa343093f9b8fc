import math

import numpy as np
import pytest

from tests.track.simulated import SD, SITE, TWO_PI, flights, flights_from, make_radar, scan
from watchfloor.base.picture import Looks, Plots, Status, Tasks
from watchfloor.physics.frames import Place, ecef_to_polar, range_rate
from watchfloor.track.pmb import PmbTracker, PmbTrackerConfig, Refusal

IDLE = Tasks.empty()
EAST = Place.from_degrees(40.3, 33.4, 900.0)


def make(config=None, *, places=(SITE,), periods=(10.0,), phases=(0.0,), radars=None, **more):
    radars = [make_radar(period_s=p) for p in periods] if radars is None else radars
    config = PmbTrackerConfig() if config is None else config
    return PmbTracker(
        config, places=list(places), radars=radars, periods_s=list(periods), phases_rad=list(phases), **more
    )  # fmt: skip


TWO = dict(places=(SITE, EAST), periods=(10.0, 7.0), phases=(1.1, 4.0))


def two_radars(n=10, *, until_s=150.0, n_false=5, seed=3, pd=0.9):
    """Flights seen by two radars that turn at their own times, rows by time."""
    rng = np.random.default_rng(seed)
    flown = flights(n, rng, near_m=60e3, far_m=150e3)
    parts = []
    for s, (place, period_s, phase_rad) in enumerate(zip(*TWO.values(), strict=True)):
        parts += [
            scan(
                flown, turn, rng, pd=pd, n_false=n_false, place=place, period_s=period_s, phase_rad=phase_rad, sensor=s
            )
            for turn in range(1, int(until_s / period_s) + 1)
        ]
    plots = Plots.concat(parts)
    plots = plots.take(plots.t_s < until_s)
    return flown, plots.take(np.lexsort((plots.measurement[:, 0], plots.t_s)))


def run(tracker, plots, tick_s, until_s, *, when=None):
    """Step through; plots arrive at ``when``, their own times when left out. Every picture, and all looks."""
    when = plots.t_s if when is None else when
    pictures, looks, t0 = [], [], -math.inf
    for t1 in np.arange(1, round(until_s / tick_s) + 1) * tick_s:
        tracks, more = tracker.step(plots.take((when > t0) & (when <= t1)), IDLE, until_s=float(t1))
        pictures.append(tracks)
        looks.append(more)
        t0 = t1
    return pictures, Looks.concat(looks)


def same(one, other, *, rtol=0.0):
    for (name, a), (_, b) in zip(one.items(), other.items(), strict=True):
        if rtol:
            np.testing.assert_allclose(a, b, rtol=rtol, err_msg=name)
        else:
            np.testing.assert_array_equal(a, b, err_msg=name)


@pytest.mark.parametrize("tick_s", [0.5, 5.0, 70.0])
def test_how_calls_chop_time_changes_no_bit(tick_s):
    """140 s in steps of a half, five, thirty-five or seventy seconds."""
    _, plots = two_radars(until_s=140.0)
    want, got = make(**TWO), make(**TWO)
    pictures, looks = run(want, plots, 35.0, 140.0)
    others, more = run(got, plots, tick_s, 140.0)
    keep, also = pictures[-1].status != Status.DROPPED, others[-1].status != Status.DROPPED
    one, other = pictures[-1].take(keep), others[-1].take(also)
    assert np.count_nonzero(one.status == Status.CONFIRMED) >= 10
    order, same_order = np.argsort(one.position_ecef_m[:, 0]), np.argsort(other.position_ecef_m[:, 0])
    for (name, a), (_, b) in zip(one.take(order).items(), other.take(same_order).items(), strict=True):
        if name != "number":  # numbers are given when a track is first shown
            np.testing.assert_array_equal(a, b, err_msg=name)
    assert len(looks) == len(more)
    np.testing.assert_array_equal(np.sort(looks.t_s), np.sort(more.t_s))


@pytest.mark.parametrize("seed", [3, 4])
def test_a_plot_of_before_another_sensors_last_is_in_the_gate(seed):
    """Tracks stand at the other radar's plot, hundreds of metres on, when a batch brings one of seconds before."""
    flown, plots = two_radars(until_s=200.0, n_false=0, pd=1.0, seed=seed)
    _, looks = run(make(**TWO), plots, 5.0, 200.0)
    late = looks.take(looks.t_s > 60.0)
    seen = [np.count_nonzero((plots.sensor == s) & (plots.t_s > 60.0) & (plots.t_s < 185.0)) for s in (0, 1)]
    assert len(late) >= sum(seen)
    assert not np.isnan(late.snr_db).any()


def circling(direction):
    """Flights 40 to 120 km away that fly across north, eastward (1) or westward (-1), one after the other."""
    n = 8
    azimuth = -direction * np.linspace(0.02, 0.12, n)
    return flights_from(np.linspace(40e3, 120e3, n), azimuth, np.full(n, direction * 0.5 * math.pi))


def passes(flown, turns, rng, *, seen=lambda turn: True):
    """Plots of targets near north, each time the beam passes them: turns count from south to south."""
    parts = []
    for turn in turns:
        t = np.full(len(flown.start_m), 10.0 * turn)
        for _ in range(30):
            at = flown.at(t)
            r, azimuth, elevation = ecef_to_polar(at, SITE)
            t = 10.0 * (turn + (np.mod(azimuth + math.pi, TWO_PI) - math.pi) / TWO_PI)
        if not seen(turn):
            continue
        z = np.stack([r, azimuth, elevation, range_rate(at, flown.velocity_mps, SITE)], axis=1)
        z += rng.normal(size=z.shape) * SD
        z[:, 1] %= TWO_PI
        n = len(t)
        parts.append(
            Plots(
                t_s=t,
                sensor=np.zeros(n, int),
                measurement=z,
                cov=np.broadcast_to(np.diag(SD**2), (n, 4, 4)).copy(),
                snr_db=np.full(n, 15.0),
                pfa=np.full(n, 1e-6),
                address=np.full(n, -1),
                label=np.full(n, -1),
            )
        )
    plots = Plots.concat(parts)
    return plots.take(np.argsort(plots.t_s, kind="stable"))


@pytest.mark.parametrize("direction", [1, -1])
@pytest.mark.parametrize("batches", [2, 8])
@pytest.mark.parametrize("tick_s", [1.0, 5.0])
def test_tracks_that_cross_north_are_looked_at_once_a_turn_and_never_lost(direction, batches, tick_s):
    rng = np.random.default_rng(5)
    flown, tracker = circling(direction), make(PmbTrackerConfig(batches_per_turn=batches))
    plots = passes(flown, range(1, 22), rng)
    across = np.diff(np.sign(np.sin(plots.measurement[:, 1])))
    assert np.count_nonzero(across) >= 8
    pictures, looks = run(tracker, plots, tick_s, 200.0)
    held = pictures[-1].take(pictures[-1].status == Status.CONFIRMED)
    assert len(held) == 8
    late = pictures[int(60.0 / tick_s) :]
    for picture in late:
        assert picture.number.tolist() == held.number.tolist()
        assert (picture.status == Status.CONFIRMED).all()
    for number in held.number:
        mine = looks.track == number
        gaps = np.diff(looks.t_s[mine])
        assert len(gaps) >= 14
        # the beam meets a target that moves by w a turn of 2 pi after T / (1 - w T / 2 pi): 220 m/s at 40 km or more
        assert (np.abs(gaps - 10.0) < 0.2).all()
        assert not np.isnan(looks.snr_db[mine]).any()


@pytest.mark.parametrize("direction", [1, -1])
def test_a_track_at_north_that_is_not_seen_has_one_miss_a_turn(direction):
    rng = np.random.default_rng(6)
    flown, tracker = circling(direction), make()
    pictures, looks = run(tracker, passes(flown, range(1, 20), rng, seen=lambda turn: turn % 3 != 2), 10.0, 200.0)
    held = pictures[-1].take(pictures[-1].status == Status.CONFIRMED)
    assert len(held) == 8
    for number in held.number:
        mine = np.flatnonzero(looks.track == number)
        mine = mine[np.argsort(looks.t_s[mine])]
        assert (np.abs(np.diff(looks.t_s[mine]) - 10.0) < 0.3).all()
        missed = np.isnan(looks.snr_db[mine])
        turn = np.round(looks.t_s[mine] / 10.0).astype(int)
        np.testing.assert_array_equal(missed, turn % 3 == 2)


def late(plots, rng, most_s):
    """Arrival of each plot, up to so late."""
    return plots.t_s + rng.uniform(0.0, most_s, len(plots))


def test_late_plots_put_in_their_place_give_the_tracks_of_plots_in_time():
    flown, plots = two_radars()
    config = PmbTrackerConfig(late_plots_s=25.0)
    in_time, delayed = make(config, **TWO), make(config, **TWO)
    when = late(plots, np.random.default_rng(7), 18.0)
    want, _ = run(in_time, plots, 4.0, 168.0)
    got, _ = run(delayed, plots, 4.0, 168.0, when=when)
    assert np.count_nonzero(want[36].status == Status.CONFIRMED) == 10
    one, other = (p.take(p.status != Status.DROPPED) for p in (want[-1], got[-1]))
    one, other = (p.take(p.existence > 0.3) for p in (one, other))
    order, same_order = np.argsort(one.position_ecef_m[:, 0]), np.argsort(other.position_ecef_m[:, 0])
    for (name, a), (_, b) in zip(one.take(order).items(), other.take(same_order).items(), strict=True):
        if name != "number":
            np.testing.assert_array_equal(a, b, err_msg=name)
    seen = {}
    for picture in got:  # a number stays with its flight, however often its past is played again
        for at_s, number, where in zip(picture.t_s, picture.number, picture.position_ecef_m, strict=True):
            off = np.linalg.norm(flown.at(np.full(10, at_s)) - where, axis=1)
            if off.min() < 2e3 and number in one.number.tolist() + other.number.tolist():
                seen.setdefault(int(number), set()).add(int(off.argmin()))
    assert all(len(seen[int(number)]) == 1 for number in other.number)


def test_a_late_plot_without_a_window_still_updates_the_past():
    """Flights seen in time to 100 s; then one turn comes 6 s late: better than without it, worse than in time."""
    rng = np.random.default_rng(8)
    wide, errors = np.array([400.0, 0.002, 0.002, np.inf]), {}
    flown = flights(30, rng, near_m=60e3, far_m=120e3)
    parts = [scan(flown, turn, rng, pd=1.0, sd=np.where(np.isinf(wide), 5.0, wide)) for turn in range(6)]
    last = parts.pop()
    for how in ("none", "late", "in time"):
        tracker = make()
        for turn, part in enumerate(parts):
            tracker.step(part, IDLE, until_s=10.0 * (turn + 1))
        if how == "in time":
            tracker.step(last, IDLE, until_s=60.0)
        else:
            tracker.step(Plots.empty(), IDLE, until_s=75.0)
            tracker.step(last if how == "late" else Plots.empty(), IDLE, until_s=80.0)
        tracks = tracker.picture(80.0)
        tracks = tracks.take(tracks.existence > 0.05)
        off = np.linalg.norm(tracks.position_ecef_m[:, None] - flown.at(np.full((1, 30), 80.0)), axis=2)
        errors[how] = np.sqrt((off.min(axis=0) ** 2).mean())
    assert errors["late"] < errors["none"]
    assert errors["in time"] <= errors["late"] * 1.05


def test_a_picture_can_be_asked_for_at_any_time_and_changes_nothing():
    _, plots = two_radars(until_s=100.0)
    asked, plain = make(**TWO), make(**TWO)
    want, _ = run(plain, plots, 5.0, 100.0)
    half = plots.t_s <= 50.0
    run(asked, plots.take(half), 5.0, 50.0)
    for at_s in (-1e3, 0.0, 49.0, 50.0, 51.0, 1e4):
        first = asked.picture(at_s)
        same(first, asked.picture(at_s))
        assert (first.t_s == at_s).all()
        assert (np.diff(first.number) > 0).all()
        assert (np.linalg.eigvalsh(first.cov) > 0.0).all()
    rest = plots.take(~half)
    for t1 in np.arange(55.0, 101.0, 5.0):
        got, _ = asked.step(rest.take((rest.t_s > t1 - 5.0) & (rest.t_s <= t1)), IDLE, until_s=float(t1))
        asked.picture(float(t1) + 3.0)
    same(want[-1], got)


def test_a_picture_is_on_the_way_and_wider_the_farther():
    rng = np.random.default_rng(9)
    flown, tracker = flights(10, rng), make()
    for turn in range(10):
        tracker.step(scan(flown, turn, rng, pd=1.0), IDLE, until_s=10.0 * (turn + 1))
    before = None
    for at_s in (100.0, 110.0, 130.0, 160.0):
        tracks = tracker.picture(at_s)
        off = tracks.position_ecef_m[:, None] - flown.at(np.full((1, 10), at_s))
        nearest = np.linalg.norm(off, axis=2).argmin(axis=1)
        assert sorted(nearest) == list(range(10))
        e = off[np.arange(10), nearest]
        d2 = np.einsum("ni,ni->n", e, np.linalg.solve(tracks.cov[:, :3, :3], e[..., None])[..., 0])
        assert d2.mean() < 3.0 + 4.0 * math.sqrt(6.0 / 10.0)
        width = np.trace(tracks.cov[:, :3, :3], axis1=1, axis2=2)
        assert before is None or (width > before).all()
        before = width
    with pytest.raises(ValueError, match="finite"):
        tracker.picture(math.nan)


def test_time_goes_forward_only():
    tracker = make()
    tracker.step(Plots.empty(), IDLE, until_s=10.0)
    tracker.step(Plots.empty(), IDLE, until_s=10.0)
    for until_s in (9.99, math.nan, math.inf):
        with pytest.raises(ValueError, match="until_s"):
            tracker.step(Plots.empty(), IDLE, until_s=until_s)


@pytest.mark.parametrize("batches", [2, 5, 16])
def test_more_batches_a_turn_give_the_same_tracks_sooner(batches):
    """A target whose beam passes early in the turn is updated when its part ends, not with the turn's end."""
    rng = np.random.default_rng(10)
    flown = flights_from([90e3, 70e3], [0.7, 3.9], [0.2, 2.0])
    plots = Plots.concat([scan(flown, turn, rng, pd=1.0) for turn in range(10)])
    tracker = make(PmbTrackerConfig(batches_per_turn=batches))
    pictures, _ = run(tracker, plots, 1.0, 100.0)
    final = pictures[-1].take(pictures[-1].status == Status.CONFIRMED)
    assert len(final) == 2
    off = np.linalg.norm(final.position_ecef_m[:, None] - flown.at(np.repeat(final.t_s[:, None], 2, 1)), axis=2)
    assert (off.min(axis=0) < 4.0 * np.sqrt(np.trace(final.cov[:, :3, :3], axis1=1, axis2=2))).all()
    waits = []
    for t_s, picture in zip(np.arange(1.0, 101.0), pictures, strict=True):
        waits += [t_s - last for last in picture.updated_s[:, 0] if t_s > 50.0]
    # a plot waits a part, and where its gate reaches over the edge another; then a turn to the next one
    assert max(waits) <= 10.0 + 2.0 * 10.0 / batches + 1.0


def test_radars_that_turn_at_their_own_times_are_one_picture():
    flown, plots = two_radars(until_s=150.0)
    both = make(**TWO)
    pictures, looks = run(both, plots, 5.0, 150.0)
    sure = pictures[-1].take(pictures[-1].status == Status.CONFIRMED)
    assert len(sure) == 10
    assert set(looks.sensor.tolist()) == {0, 1}
    for place, period_s, phase_rad, s in zip(*TWO.values(), (0, 1), strict=True):
        mine = looks.take(looks.sensor == s)
        azimuth = ecef_to_polar(mine.position_ecef_m, place)[1]
        off = np.remainder(phase_rad + TWO_PI * mine.t_s / period_s - azimuth + math.pi, TWO_PI) - math.pi
        assert np.abs(off[~np.isnan(mine.snr_db)]).max() < 5.0 * SD[1]  # the plot's own error
        assert np.abs(off).max() < 10.0 * SD[1]
        for number in sure.number:
            gaps = np.diff(np.sort(mine.t_s[mine.track == number])) / period_s
            assert (gaps > 0.8).all()  # nearest, 40 km away, 220 m/s: a tenth of a turn
    off = np.linalg.norm(sure.position_ecef_m[:, None] - flown.at(np.repeat(sure.t_s[:, None], 10, 1)), axis=2)
    assert sorted(off.argmin(axis=1)) == list(range(10))


def test_plots_far_ahead_or_behind_are_refused_and_a_turn_ahead_waits():
    rng = np.random.default_rng(11)
    flown, tracker = flights(5, rng), make()
    for turn in range(5):
        tracker.step(scan(flown, turn, rng, pd=1.0), IDLE, until_s=10.0 * (turn + 1))
    good = scan(flown, 5, rng, pd=1.0)
    at = np.array([55.0, 60.5, 1e6, -1e7, 59.0])
    ahead = Plots(**{**dict(good.items()), "t_s": at})
    tracker.step(ahead, IDLE, until_s=50.0)
    assert tracker.rejections[Refusal.WRONG_TIME] == 3
    assert tracker.refused.row.tolist() == [1, 2, 3]
    assert (tracker.refused.why == Refusal.WRONG_TIME).all()
    assert tracker.n_rejected == 3
