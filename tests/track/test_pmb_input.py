import math
import pickle

import numpy as np
import pytest

from tests.track.biased import PLACES
from tests.track.simulated import SITE, TWO_PI, flights, make_radar, scan
from tests.track.test_pmb_time import EAST, make, run, same, two_radars
from watchfloor.base.picture import Plots, Status, Tasks
from watchfloor.track.pmb import PmbTracker, PmbTrackerConfig, Refusal
from watchfloor.track.registration import RegistrationConfig

IDLE = Tasks.empty()
TWO = dict(places=(SITE, EAST), periods=(10.0, 7.0), phases=(1.1, 4.0))


def changed(plots, **columns):
    return Plots(**{**dict(plots.items()), **columns})


def spoilt(plots, row, column, value, at=()):
    out = getattr(plots, column).copy()
    out[(row, *at)] = value
    return changed(plots, **{column: out})


def tracked(turns=5, *, n=5, seed=1, config=None, **more):
    """A tracker that has seen some turns, its flights and the random numbers."""
    rng = np.random.default_rng(seed)
    flown, tracker = flights(n, rng), make(config, **more)
    for turn in range(turns):
        tracker.step(scan(flown, turn, rng, pd=1.0), IDLE, until_s=10.0 * (turn + 1))
    return tracker, flown, rng


BAD = {
    "time nan": ("t_s", math.nan, (), Refusal.NO_NUMBER),
    "time inf": ("t_s", -math.inf, (), Refusal.NO_NUMBER),
    "range inf": ("measurement", math.inf, (0,), Refusal.NO_NUMBER),
    "range negative": ("measurement", -1.0, (0,), Refusal.NO_NUMBER),
    "azimuth inf": ("measurement", math.inf, (1,), Refusal.NO_NUMBER),
    "elevation inf": ("measurement", -math.inf, (2,), Refusal.NO_NUMBER),
    "nothing measured": ("measurement", math.nan, (slice(None),), Refusal.NO_NUMBER),
    "covariance nan": ("cov", math.nan, (0, 0), Refusal.NO_COVARIANCE),
    "covariance zero": ("cov", 0.0, (slice(None), slice(None)), Refusal.NO_COVARIANCE),
    "covariance negative": ("cov", -1.0, (1, 1), Refusal.NO_COVARIANCE),
    "correlation above one": ("cov", 1e6, ([0, 1], [1, 0]), Refusal.NO_COVARIANCE),
    "no such sensor": ("sensor", 7, (), Refusal.NO_SENSOR),
    "sensor below zero": ("sensor", -1, (), Refusal.NO_SENSOR),
    "far ahead": ("t_s", 1e9, (), Refusal.WRONG_TIME),
    "far behind": ("t_s", -1e9, (), Refusal.WRONG_TIME),
}


@pytest.mark.parametrize("what", BAD)
def test_what_cannot_be_used_is_counted_with_its_row_and_does_no_harm(what):
    column, value, at, why = BAD[what]
    tracker, flown, rng = tracked()
    clean, _, _ = tracked()
    plots = scan(flown, 5, rng, pd=1.0)
    row = 2
    mixed = Plots.concat(
        [plots.take(slice(0, row)), spoilt(plots.take([0]), 0, column, value, at), plots.take(slice(row, None))]
    )
    got, _ = tracker.step(mixed, IDLE, until_s=60.0)
    want, _ = clean.step(plots, IDLE, until_s=60.0)
    same(want, got)
    assert tracker.rejections[why] == tracker.n_rejected == 1
    assert tracker.refused.row.tolist() == [row]
    assert tracker.refused.why.tolist() == [why]
    tracker.step(Plots.empty(), IDLE, until_s=60.0)
    assert not len(tracker.refused)
    assert tracker.n_rejected == 1


def test_the_same_plot_twice_counts_once():
    tracker, flown, rng = tracked()
    clean, _, _ = tracked()
    plots = scan(flown, 5, rng, pd=1.0)
    got, _ = tracker.step(Plots.concat([plots, plots, plots.take([1])]), IDLE, until_s=60.0)
    want, _ = clean.step(plots, IDLE, until_s=60.0)
    same(want, got)
    assert tracker.rejections[Refusal.TWICE] == tracker.n_rejected == len(plots) + 1
    assert len(tracker.refused) == len(plots) + 1


def test_plots_of_one_place_and_time_that_differ_in_range_rate_are_two():
    tracker, flown, rng = tracked()
    plots = scan(flown, 5, rng, pd=1.0).take([0, 0])
    plots = spoilt(plots, 1, "measurement", plots.measurement[0, 3] + 30.0, (3,))
    tracker.step(plots, IDLE, until_s=60.0)
    assert tracker.n_rejected == 0


def test_a_sensor_that_is_off_has_its_plots_refused():
    tracker = make(places=(SITE, EAST), periods=(10.0, 7.0), phases=(0.0, 0.0), active=(True, False))
    rng = np.random.default_rng(2)
    flown = flights(5, rng)
    for turn in range(6):
        theirs = scan(flown, turn, rng, pd=1.0, sensor=1)
        tracks, looks = tracker.step(
            Plots.concat([scan(flown, turn, rng, pd=1.0), theirs]), IDLE, until_s=10.0 * (turn + 1)
        )
        assert not (looks.sensor == 1).any()
    assert tracker.rejections[Refusal.SENSOR_OFF] == tracker.n_rejected == 30
    assert np.count_nonzero(tracks.status == Status.CONFIRMED) == 5
    assert (tracks.updated_s[:, 1] == -np.inf).all()


def test_everything_bad_at_once_from_random_rows():
    """Values of every kind of nonsense in random places: no crash, states stay finite, each refusal has a reason."""
    rng = np.random.default_rng(3)
    tracker, flown, _ = tracked(0)
    nonsense = np.array([np.nan, np.inf, -np.inf, 0.0, -1.0, 1e300, -1e300, 1e-300])
    given = 0
    for turn in range(30):
        plots = scan(flown, turn, rng, n_false=20)
        z, cov, t = plots.measurement.copy(), plots.cov.copy(), plots.t_s.copy()
        for part in (z, cov, t):
            hit = rng.random(part.shape) < 0.02
            part[hit] = rng.choice(nonsense, hit.sum())
        plots = changed(plots, measurement=z, cov=cov, t_s=t, sensor=rng.choice([0, 0, 0, 0, 5], len(t)))
        given += len(plots)
        tracks, _ = tracker.step(plots, IDLE, until_s=10.0 * (turn + 1))
        assert np.isfinite(tracks.position_ecef_m).all()
        assert np.isfinite(tracks.cov).all()
        assert ((tracks.existence >= 0.0) & (tracks.existence <= 1.0)).all()
        assert len(tracker.refused) <= len(plots)
    assert 0.2 * given < tracker.n_rejected < 0.8 * given
    assert sum(tracker.rejections.values()) == tracker.n_rejected


def false_plots(n, rng, *, t0=0.0):
    azimuth = np.sort(rng.uniform(0.0, TWO_PI, n))
    z = np.stack([rng.uniform(5e3, 300e3, n), azimuth, rng.uniform(0.0, 0.2, n), rng.uniform(-900.0, 900.0, n)], axis=1)
    cov = np.broadcast_to(np.diag(np.square([50.0, 0.003, 0.004, 2.0])), (n, 4, 4)).copy()
    return Plots(
        t_s=t0 + 10.0 * azimuth / TWO_PI, sensor=np.zeros(n, int), measurement=z, cov=cov, snr_db=np.full(n, 15.0),
        pfa=np.full(n, 1e-6), address=np.full(n, -1), label=np.full(n, -1),
    )  # fmt: skip


def size_of(tracker):
    """Bytes of the filter's tables."""
    return sum(v.nbytes for v in vars(tracker._engine).values() if isinstance(v, np.ndarray))


def test_a_flood_of_plots_is_bounded_by_the_tracks_there_may_be():
    """100,000 plots in one turn; ten million would be as many tracks' tables."""
    rng = np.random.default_rng(4)
    tracker, flown, _ = tracked(config=PmbTrackerConfig(tracks_max=500))
    for turn in (5, 6, 7):
        flood = Plots.concat([scan(flown, turn, rng, pd=1.0), false_plots(100_000, rng, t0=10.0 * turn)])
        tracker.step(flood.take(np.argsort(flood.t_s)), IDLE, until_s=10.0 * (turn + 1))
        assert tracker._engine.n_alive <= 500
    assert tracker._engine.n_no_room > 0
    assert tracker._engine.x.shape[0] <= 8 * (100_000 + 500)
    for turn in range(8, 16):
        tracks, _ = tracker.step(scan(flown, turn, rng, pd=1.0), IDLE, until_s=10.0 * (turn + 1))
    assert np.isfinite(tracks.position_ecef_m).all()


@pytest.mark.parametrize("silence_s", [3600.0, 86400.0])
def test_a_long_silence_ends_all_tracks_once_and_tracking_goes_on(silence_s):
    tracker, flown, rng = tracked(8)
    before, _ = tracker.step(Plots.empty(), IDLE, until_s=80.0)
    held = before.number[before.status == Status.CONFIRMED]
    assert len(held) == 5
    tracks, _ = tracker.step(Plots.empty(), IDLE, until_s=80.0 + silence_s)
    assert set(held.tolist()) <= set(tracks.number[tracks.status == Status.DROPPED].tolist())
    assert not (tracks.status == Status.CONFIRMED).any()
    tracks, _ = tracker.step(Plots.empty(), IDLE, until_s=90.0 + silence_s)
    assert not (tracks.status == Status.DROPPED).any()
    first = int((90.0 + silence_s) / 10.0)
    flown.start_m = flown.start_m - flown.velocity_mps * (90.0 + silence_s)
    for turn in range(first, first + 8):
        tracks, _ = tracker.step(scan(flown, turn, rng, pd=1.0), IDLE, until_s=10.0 * (turn + 1))
    new = tracks.number[tracks.status == Status.CONFIRMED]
    assert len(new) == 5
    assert new.min() > held.max()


def test_a_day_of_random_traffic_takes_no_more_room_than_an_hour():
    """Steps of odd lengths, plots of no sense, silences: tables, histories and counts stay as they were."""
    rng = np.random.default_rng(5)
    tracker = make(PmbTrackerConfig(births="learned", tracks_max=300), **TWO)
    t_s, sizes, parts = 0.0, [], []
    while t_s < 86400.0:
        gap = rng.choice([3.0, 30.0, 120.0, 900.0], p=[0.3, 0.5, 0.19, 0.01])
        n = int(rng.choice([0, 1, 5, 40]))
        plots = false_plots(n, rng)
        when = np.sort(t_s + rng.uniform(0.0, gap, n))
        tracker.step(changed(plots, t_s=when, sensor=rng.integers(0, 3, n)), IDLE, until_s=t_s + gap)
        t_s += gap
        sizes.append(size_of(tracker))
        parts.append(sum(len(p) for p in tracker._pending))
    third = len(sizes) // 3
    assert max(sizes[third:]) <= max(sizes[:third])
    assert max(parts) <= 200
    assert len(tracker._learned) <= 64
    assert len(tracker._names) == len(tracker._history) == 0
    assert tracker.rejections[Refusal.NO_SENSOR] > 1000


def _strobed(plots, rng):
    """Directions of a jammer that both radars hear, added."""
    out = [plots]
    at = SITE.ecef_m + np.array([60e3, 40e3, 9e3]) @ SITE.rotation
    from watchfloor.physics.frames import ecef_to_polar

    for s, place in enumerate((SITE, EAST)):
        period, phase = TWO["periods"][s], TWO["phases"][s]
        azimuth = float(ecef_to_polar(at, place)[1])
        t = (np.arange(1, 30) + (azimuth - phase) / TWO_PI) * period
        n = len(t)
        z, cov = np.full((n, 4), np.nan), np.full((n, 4, 4), np.nan)
        z[:, 1], cov[:, 1, 1] = (azimuth + 0.003 * rng.normal(size=n)) % TWO_PI, 0.003**2
        out.append(
            Plots(
                t_s=t,
                sensor=np.full(n, s),
                measurement=z,
                cov=cov,
                snr_db=np.full(n, 20.0),
                pfa=np.full(n, 1e-6),
                address=np.full(n, -1),
                label=np.full(n, -1),
            )  # fmt: skip
        )
    plots = Plots.concat(out)
    return plots.take(np.lexsort((plots.measurement[:, 0], plots.t_s)))


SAVED = {
    "plain": ({}, False, False),
    "late plots": (dict(late_plots_s=20.0), False, True),
    "registration": (dict(registration=RegistrationConfig()), False, False),
    "strobes": ({}, True, False),
    "learned births": (dict(births="learned", hidden_s=30.0), False, False),
    "secondary": (dict(wrong_heights=0.05), False, False),
    "power": (dict(power=True), False, False),
    "all": (dict(late_plots_s=20.0, registration=RegistrationConfig(), births="learned", power=True), True, True),
}


@pytest.mark.parametrize("what", SAVED)
def test_a_state_saved_and_pickled_in_mid_run_goes_on_bit_for_bit(what):
    changes, strobes, is_late = SAVED[what]
    rng = np.random.default_rng(6)
    _, plots = two_radars(8, until_s=150.0)
    if strobes:
        plots = _strobed(plots, rng)
    when = plots.t_s + (rng.uniform(0.0, 15.0, len(plots)) if is_late else 0.0)
    config = PmbTrackerConfig(**changes)
    more = dict(radars=[None, None]) if what == "secondary" else {}
    one, other = make(config, **TWO, **more), make(config, **TWO, **more)
    half = 76.0
    early = when <= half
    run(one, plots.take(early), 4.0, half, when=when[early])
    saved = one.save()
    frozen = pickle.dumps(saved)
    rest, at = plots.take(~early), when[~early]
    want = []
    for t1 in np.arange(80.0, 153.0, 4.0):
        tracks, looks = one.step(rest.take((at > t1 - 4.0) & (at <= t1)), IDLE, until_s=float(t1))
        want.append((tracks, looks, one.associations))
    assert len(want[-1][0]) >= 8
    other.restore(pickle.loads(frozen))  # noqa: S301 - our own
    for t1, (tracks, looks, pairs) in zip(np.arange(80.0, 153.0, 4.0), want, strict=True):
        got, also = other.step(rest.take((at > t1 - 4.0) & (at <= t1)), IDLE, until_s=float(t1))
        same(tracks, got)
        same(looks, also)
        same(pairs, other.associations)
    if strobes:
        assert one.angle_tracks is not None
        same(one.angle_tracks, other.angle_tracks)
    assert one.rejections == other.rejections
    # what was saved was not touched by going on
    again = make(config, **TWO, **more)
    again.restore(saved)
    got, _ = again.step(rest.take((at > 76.0) & (at <= 80.0)), IDLE, until_s=80.0)
    same(want[0][0], got)


def test_what_another_kind_of_tracker_saved_is_refused():
    one, other = make(PmbTrackerConfig()), make(PmbTrackerConfig(), **TWO)
    with pytest.raises(ValueError, match="sensors"):
        other.restore(one.save())
    with pytest.raises(ValueError, match="hypotheses"):
        make(PmbTrackerConfig(hypotheses=7)).restore(one.save())


def test_a_tracker_that_is_built_wrongly_says_how():
    with pytest.raises(ValueError, match="period_s"):
        make(periods=(0.0,), radars=[make_radar()])
    with pytest.raises(ValueError, match="environments"):
        make(PmbTrackerConfig(detection="physics"))
    with pytest.raises(ValueError, match="argument 2"):
        PmbTracker(PmbTrackerConfig(), places=PLACES, radars=[None], periods_s=[1.0], phases_rad=[0.0])
    with pytest.raises(ValueError, match="lose_existence"):
        PmbTrackerConfig(lose_existence=0.95)
