"""What every kind of tracker keeps to, whatever it estimates inside."""

import math

import numpy as np
import pytest

from tests.track.simulated import SITE, TWO_PI, flights, make_radar, scan
from tests.track.test_pmb_time import EAST
from watchfloor.base.picture import Looks, Plots, Status, Tasks, Tracks
from watchfloor.base.registry import kinds
from watchfloor.track.base import trackers

IDLE = Tasks.empty()
KINDS = ["distributed", "gnn", "jpda", "pmb"]
PERIODS, PHASES, PLACES = [10.0, 7.0], [0.0, 4.0], [SITE, EAST]
N, VANISH_S, UNTIL_S = 8, 150.0, 400.0


def make(kind, **changes):
    """A primary radar and, as sensor 1, a secondary one."""
    config = kinds("track").config(kind)()
    parts = dict(places=PLACES, radars=[make_radar(), None], periods_s=PERIODS, phases_rad=PHASES)
    return trackers.make(config, **(parts | changes))


def watched():
    """Eight flights seen by both sensors, among false plots; half of them vanish after 150 s. Rows by time."""
    rng = np.random.default_rng(21)
    flown, parts = flights(N, rng, near_m=40e3, far_m=150e3), []
    for s in range(2):
        for turn in range(1, int(UNTIL_S / PERIODS[s]) + 1):
            there = (np.arange(N) % 2 == 0) | ((turn - PHASES[s] / TWO_PI) * PERIODS[s] < VANISH_S)
            seen = there & (rng.random(N) < 0.9)
            address = np.arange(N) + 100 if s == 1 else None
            parts.append(
                scan(
                    flown,
                    turn,
                    rng,
                    seen=seen,
                    n_false=4,
                    place=PLACES[s],
                    period_s=PERIODS[s],
                    phase_rad=PHASES[s],
                    sensor=s,
                    address=address,
                )  # fmt: skip
            )
    plots = Plots.concat(parts)
    return plots.take(np.lexsort((plots.measurement[:, 0], plots.t_s)))


def steps(tracker, plots, *, tick_s=10.0):
    """Each step's end, tracks and looks."""
    for end_s in np.arange(tick_s, UNTIL_S + 0.5 * tick_s, tick_s).tolist():
        now = (plots.t_s > end_s - tick_s) & (plots.t_s <= end_s)
        yield end_s, *tracker.step(plots.take(now), IDLE, until_s=end_s)


@pytest.fixture(scope="module", params=KINDS)
def played(request):
    """All steps of one kind over the same plots."""
    return list(steps(make(request.param), watched()))


def test_the_kinds_here_are_all_there_are():
    assert list(kinds("track").names) == KINDS


def test_a_step_gives_tracks_sorted_by_number_and_whole_rows(played):
    assert max(len(tracks) for _, tracks, _ in played) >= N
    for end_s, tracks, looks in played:
        assert isinstance(tracks, Tracks)
        assert isinstance(looks, Looks)
        assert (np.diff(tracks.number) > 0).all()
        assert (tracks.number > 0).all()
        assert tracks.updated_s.shape == (len(tracks), 2)
        # a track of doubtful place may be taken with a part of a turn (5 s) that ends a quarter of it too early
        assert (tracks.t_s <= end_s + 1.25).all()
        for values in (tracks.position_ecef_m, tracks.velocity_ecef_mps, tracks.cov):
            assert np.isfinite(values).all()
        assert (np.linalg.eigvalsh(tracks.cov)[:, 0] > 0.0).all()


def test_statuses_and_existences_are_valid(played):
    for _, tracks, _ in played:
        assert np.isin(tracks.status, list(Status)).all()
        told = tracks.existence[~np.isnan(tracks.existence)]
        assert ((told >= 0.0) & (told <= 1.0)).all()


def test_a_number_is_dropped_once_and_never_seen_again(played):
    gone, before = set(), set()
    for _, tracks, _ in played:
        now = set(tracks.number.tolist())
        assert not now & gone
        assert before - gone <= now, "a track that ends is told"
        gone |= set(tracks.number[tracks.status == Status.DROPPED].tolist())
        before = now
    assert len(gone) >= N // 2  # those that vanished, 250 s before


def test_every_flight_that_stays_has_one_confirmed_track(played):
    _, tracks, _ = played[-1]
    sure = tracks.take(tracks.status == Status.CONFIRMED)
    flown = flights(N, np.random.default_rng(21), near_m=40e3, far_m=150e3)
    truth = flown.at(np.repeat(sure.t_s[:, None], N, 1))
    off = np.linalg.norm(sure.position_ecef_m[:, None] - truth, axis=2)
    near = sure.take(off.min(axis=1) < 3e3)
    assert off.argmin(axis=1)[off.min(axis=1) < 3e3].tolist().count(0) == 1
    assert len(near) == N // 2


def test_looks_are_of_primary_radars_and_of_confirmed_tracks(played):
    sure, confirmed = set(), []
    for _, tracks, _ in played:
        sure |= set(tracks.number[tracks.status == Status.CONFIRMED].tolist())
    looks = Looks.concat([looks for _, _, looks in played])
    confirmed = set(looks.track.tolist())
    assert (looks.sensor == 0).all()
    assert confirmed <= sure
    # four flights for 400 s and four for 150 s, in turns of 10 s, less what confirmation takes
    assert len(looks) > 0.75 * (4 * UNTIL_S + 4 * VANISH_S) / PERIODS[0]
    hit = ~np.isnan(looks.snr_db)
    low = 0.9 - 4.0 * math.sqrt(0.9 * 0.1 / len(looks))
    assert low - 0.12 < hit.mean() < 1.0  # flights that vanished are missed until their tracks end


@pytest.mark.parametrize("kind", KINDS)
def test_time_does_not_go_back(kind):
    tracker = make(kind)
    tracker.step(Plots.empty(), IDLE, until_s=20.0)
    tracker.step(Plots.empty(), IDLE, until_s=20.0)
    with pytest.raises(ValueError, match="until_s"):
        tracker.step(Plots.empty(), IDLE, until_s=10.0)


@pytest.mark.parametrize("kind", KINDS)
def test_steps_without_plots_are_fine_before_between_and_after(kind):
    tracker, plots = make(kind), watched()
    for end_s in (10.0, 20.0):
        tracks, looks = tracker.step(Plots.empty(), IDLE, until_s=end_s)
        assert not len(tracks)
        assert not len(looks)
    first = plots.take(plots.t_s <= 100.0)
    early = first.t_s <= 20.0
    tracks, _ = tracker.step(first.take(~early), IDLE, until_s=100.0)
    assert np.count_nonzero(tracks.status == Status.CONFIRMED) >= N
    gone = 0
    for end_s in np.arange(110.0, 1510.0, 10.0).tolist():
        tracks, _ = tracker.step(Plots.empty(), IDLE, until_s=end_s)
        gone += np.count_nonzero(tracks.status == Status.DROPPED)
    assert not len(tracks)
    assert gone >= N


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_plots_give_the_same_tracks(kind):
    plots = watched()
    one, other = make(kind), make(kind)
    for (_, a, _), (_, b, _) in zip(steps(one, plots), steps(other, plots), strict=True):
        for (name, x), (_, y) in zip(a.items(), b.items(), strict=True):
            np.testing.assert_array_equal(x, y, err_msg=name)
