import numpy as np
import pytest

from tests.track.simulated import SITE, flights, make_radar, scan
from watchfloor.base.picture import Status, Tasks
from watchfloor.track import PmbTracker, PmbTrackerConfig
from watchfloor.track.trajectories import Trajectories


def played(turns=30, *, seed=3, n=4, keep_s=7200.0, seen=None):
    rng = np.random.default_rng(seed)
    flown = flights(n, rng)
    tracker = PmbTracker(PmbTrackerConfig(), places=[SITE], radars=[make_radar()], periods_s=[10.0], phases_rad=[0.0])
    kept = Trajectories([SITE], tracker.config.motion, keep_s=keep_s)
    for turn in range(turns):
        plots = scan(flown, turn, rng, seen=None if seen is None else seen(turn, n))
        tracks, _ = tracker.step(plots, Tasks.empty(), until_s=10.0 * (turn + 1))
        kept.add(tracker.associations, tracks, until_s=10.0 * (turn + 1))
    return flown, tracks, kept


def test_each_confirmed_track_has_its_plots_under_its_own_number():
    _, tracks, kept = played()
    confirmed = tracks.number[tracks.status == Status.CONFIRMED]
    assert len(confirmed) == 4
    assert set(confirmed) <= set(kept.numbers)
    for number in confirmed:
        plots = kept.plots(int(number))
        assert (plots.track == number).all()
        assert len(plots) > 15
        assert (np.diff(plots.t_s) > 5.0).all()  # one a turn


def test_a_smoothed_trajectory_is_nearer_to_the_truth_than_the_filtered_one():
    flown, _, kept = played(turns=40, n=12)
    gain = []
    for number in kept.numbers.tolist():
        got = kept.smoothed(number)
        truth = np.stack([flown.start_m[i] + flown.velocity_mps[i] * got.t_s[:, None] for i in range(12)])
        mine = np.linalg.norm(truth - got.state[:, :3], axis=2).sum(axis=1).argmin()
        before, after = (np.square(x[:, :3] - truth[mine]).sum(axis=1).mean() for x in (got.filtered, got.state))
        gain.append(np.log(before / after))
    assert np.mean(gain) > 4.0 * np.std(gain, ddof=1) / np.sqrt(len(gain))


def test_the_trajectory_can_be_asked_for_between_plots():
    _, _, kept = played()
    number = int(kept.numbers[0])
    got = kept.smoothed(number, at_s=np.array([101.0, 155.5]))
    assert {101.0, 155.5} <= set(got.t_s[got.plot < 0])


def test_memory_is_bounded_and_ended_trajectories_are_forgotten():
    _, _, kept = played(turns=60, keep_s=100.0, seen=lambda turn, n: np.arange(n) < (n if turn < 20 else 1))
    assert len(kept.numbers) == 1  # the others fell silent 400 s ago
    plots = kept.plots(int(kept.numbers[0]))
    assert plots.t_s.min() >= 600.0 - 100.0 - 10.0


def test_a_track_that_ended_says_so_while_it_is_kept():
    _, tracks, kept = played(turns=60, seen=lambda turn, n: np.arange(n) < (n if turn < 20 else 1))
    alive = set(tracks.number[tracks.status == Status.CONFIRMED].tolist())
    for number in kept.numbers.tolist():
        assert kept.ended(number) == (number not in alive)


def test_an_unknown_number_is_refused():
    kept = Trajectories([SITE], PmbTrackerConfig().motion)
    with pytest.raises(ValueError, match="no trajectory of track 7"):
        kept.smoothed(7)
    with pytest.raises(ValueError, match="keep_s"):
        Trajectories([SITE], PmbTrackerConfig().motion, keep_s=0.0)
