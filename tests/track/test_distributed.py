import dataclasses
import itertools
import math
import pickle

import numpy as np
import pytest
from pydantic import ValidationError

from tests.plain import tracking as plain
from tests.track.simulated import flights, flights_from
from tests.track.sites import MATCHED, PLACES, errors, parts, play, wanderers, watch
from watchfloor.base.picture import Looks, Plots, Status, Tasks, Tracks
from watchfloor.base.registry import kinds
from watchfloor.track import DistributedTracker, DistributedTrackerConfig, GnnTracker, GnnTrackerConfig
from watchfloor.track.distributed import grouped, motion_row
from watchfloor.track.fuse import covariance_intersection

IDLE = Tasks.empty()
METHODS = ["covariance_intersection", "equivalent_measurements", "best_site"]
LONG_S = 180.0


def make(radars=(0, 1, 2), *, luck=None, active=None, **config):
    settings = DistributedTrackerConfig(**({"site": MATCHED} | config))
    return DistributedTracker(settings, luck=luck, active=active, **parts(radars))


def only(plots, sensor):
    mine = plots.take(plots.sensor == sensor)
    return Plots(**(dict(mine.items()) | {"sensor": np.zeros(len(mine), int)}))


@pytest.fixture(scope="module")
def watched():
    """Forty flights that wander as the filters assume, under three radars."""
    rng = np.random.default_rng(3)
    flown = wanderers(flights(40, rng, near_m=40e3, far_m=140e3), LONG_S, rng)
    return flown, watch(flown, LONG_S, rng)


@pytest.fixture(scope="module")
def finals(watched):
    """Last picture of each method, of the central tracker and of each site alone; and the fused tracker."""
    flown, plots = watched
    out = {}
    for method in METHODS:
        out[method], _ = finish(make(method=method), plots, LONG_S)
    out["central"], _ = finish(GnnTracker(MATCHED, **parts()), plots, LONG_S)
    for s in range(3):
        out[f"site {s}"], _ = finish(GnnTracker(MATCHED, **parts((s,))), only(plots, s), LONG_S)
    return out


def finish(tracker, plots, duration_s, **options):
    """Play to the end; last picture, and all looks."""
    said = list(play(tracker, plots, duration_s, **options))
    return said[-1][1], Looks.concat([looks for _, _, looks in said])


def rms(tracks, flown):
    _, _, off, _ = errors(tracks, flown)
    return math.sqrt((off[:, :3] ** 2).sum(axis=1).mean())


# one picture, and an honest one


def test_the_kind_is_registered_and_made_from_its_configuration():
    registry = kinds("track")
    config = registry.config("distributed").model_validate({"kind": "distributed", "site": {"kind": "gnn", "pd": 0.7}})
    assert config.site.pd == 0.7
    assert isinstance(registry.make(config, **parts()), DistributedTracker)


@pytest.mark.parametrize("method", METHODS)
def test_forty_flights_under_three_radars_are_forty_tracks(finals, watched, method):
    live, mine, _, _ = errors(finals[method], watched[0])
    assert sorted(mine.tolist()) == list(range(40))
    assert (live.n_hits > finals["site 0"].n_hits.max()).all()
    assert (live.updated_s > 100.0).all()


def test_fused_covariances_are_consistent(finals, watched):
    n, d = 40, 6
    high = d + 4.0 * math.sqrt(2.0 * d / n)
    low = d - 4.0 * math.sqrt(2.0 * d / n)
    for method in ("central", "equivalent_measurements", "best_site"):
        assert low < errors(finals[method], watched[0])[3].mean() < high, method
    assert errors(finals["covariance_intersection"], watched[0])[3].mean() < d  # errs on the safe side


def test_fused_tracks_are_nearer_than_the_best_site(finals, watched):
    flown = watched[0]
    best = min(rms(finals[f"site {s}"], flown) for s in range(3))
    assert rms(finals["covariance_intersection"], flown) < best
    assert rms(finals["equivalent_measurements"], flown) < best
    assert rms(finals["equivalent_measurements"], flown) < 1.05 * rms(finals["central"], flown)


def test_nobody_is_surer_than_the_filter_that_has_every_plot(finals):
    def size(tracks):
        return np.sort(np.linalg.slogdet(tracks.cov)[1])

    central = size(finals["central"])
    # tracklets know what the central filter knows, but that it takes plots of the past with their correlation neglected
    assert abs(size(finals["equivalent_measurements"]) - central).max() < 0.5
    assert abs(size(finals["equivalent_measurements"]).mean() - central.mean()) < 0.2
    assert (size(finals["covariance_intersection"]) > central).all()
    assert (size(finals["best_site"]) > central).all()


def test_two_sites_that_heard_the_same_plots_are_worth_one():
    rng = np.random.default_rng(4)
    flown = wanderers(flights(10, rng, near_m=50e3, far_m=120e3), 120.0, rng)
    one = watch(flown, 120.0, rng, sites=(0,))
    twice = Plots.concat([one, Plots(**(dict(one.items()) | {"sensor": np.ones(len(one), int)}))])
    both, alone = make((0, 0)), GnnTracker(MATCHED, **parts((0,)))
    for (_, tracks, _), (_, want, _) in zip(play(both, twice, 120.0), play(alone, one, 120.0), strict=True):
        want = want.take(want.status == Status.CONFIRMED)
        assert len(tracks) == len(want)
    order = np.argsort(tracks.position_ecef_m[:, 0])
    other = np.argsort(want.position_ecef_m[:, 0])
    np.testing.assert_allclose(tracks.position_ecef_m[order], want.position_ecef_m[other], atol=1e-6)
    np.testing.assert_allclose(tracks.cov[order], want.cov[other], rtol=1e-6, atol=1e-6)


def test_one_site_alone_is_its_own_tracker(watched):
    _, plots = watched
    plots = only(plots, 0)
    for method in METHODS:
        fused, alone = make((0,), method=method), GnnTracker(MATCHED, **parts((0,)))
        (tracks, looks), (want, known) = finish(fused, plots, 60.0), finish(alone, plots, 60.0)
        want = want.take(want.status == Status.CONFIRMED)
        assert len(tracks) == len(want)
        np.testing.assert_allclose(
            np.sort(tracks.position_ecef_m[:, 0]), np.sort(want.position_ecef_m[:, 0]), atol=1e-3
        )
        assert len(looks) == len(known)


def test_sites_go_by_names_and_what_none_names_stands_alone():
    config = DistributedTrackerConfig(sites=({"sensors": ("c", "a")},))
    assert grouped(config.sites, ["a", "b", "c"]) == [([2, 0], None), ([1], None)]
    tracker = DistributedTracker(config, names=["a", "b", "c"], **parts())
    assert [site.sensors.tolist() for site in tracker._sites] == [[2, 0], [1]]


def test_sites_of_several_sensors_and_false_plots():
    rng = np.random.default_rng(5)
    flown = wanderers(flights(15, rng, near_m=50e3, far_m=120e3), 120.0, rng)
    plots = watch(flown, 120.0, rng, n_false=20)
    tracker = make(method="equivalent_measurements")
    grouped = make(sites=({"sensors": (0, 2)}, {"sensors": (1,)}))
    for each in (tracker, grouped):
        tracks, _ = finish(each, plots, 120.0)
        live, mine, _, nees = errors(tracks, flown)
        assert set(mine.tolist()) == set(range(15))
        assert len(live) <= 17
    sites = {s for member in grouped.members().values() for s, _ in member}
    assert sites == {0, 1}


# links


@pytest.mark.parametrize("method", ["covariance_intersection", "equivalent_measurements"])
@pytest.mark.parametrize("link", [{"delay_s": 20.0}, {"delay_s": 2.0, "jitter_s": 20.0}])
def test_reports_that_come_late_and_out_of_order_give_the_same_picture_of_the_same_time(watched, method, link):
    _, plots = watched
    rng = np.random.default_rng(6)
    luck = [rng.random((100, 2)) for _ in range(3)]
    now, late = make(method=method, window_s=60.0), make(method=method, window_s=60.0, link=link, luck=luck)
    for _ in play(now, plots, LONG_S):
        pass
    for _ in play(late, plots, LONG_S):
        pass
    assert late.n_late == 0
    who = {member: number for number, member in now.members().items()}
    assert {member: number for number, member in late.members().items()}.keys() == who.keys()
    for at_s in (130.0, 140.0, 155.0):  # everything valid by then has come
        want, got = now.picture(at_s), late.picture(at_s)
        row = {int(number): i for i, number in enumerate(want.number)}
        same = [row[who[late.members()[int(number)]]] for number in got.number]
        np.testing.assert_array_equal(got.position_ecef_m, want.position_ecef_m[same])
        np.testing.assert_array_equal(got.cov, want.cov[same])


def test_what_comes_after_the_window_is_counted_and_left_out(watched):
    _, plots = watched
    rng = np.random.default_rng(7)
    luck = [rng.random((100, 2)) for _ in range(3)]
    tracker = make(link={"jitter_s": 40.0}, window_s=5.0, luck=luck, method="equivalent_measurements")
    tracks, _ = finish(tracker, plots, LONG_S)
    assert tracker.n_late > 0
    assert len(tracks) == 40


@pytest.mark.parametrize("method", ["covariance_intersection", "equivalent_measurements"])
def test_lost_reports_cost_accuracy_and_nothing_else(finals, watched, method):
    flown, plots = watched
    tracker = make(method=method, link={"loss": 0.4})
    tracks, _ = finish(tracker, plots, LONG_S)
    live, mine, _, nees = errors(tracks, flown)
    assert sorted(mine.tolist()) == list(range(40))
    assert nees.mean() < 6.0 + 4.0 * math.sqrt(12.0 / 40.0)
    # it is behind by a lost report or two, so it knows less than the one that heard all
    assert np.linalg.slogdet(live.cov)[1].mean() > np.linalg.slogdet(finals[method].cov)[1].mean() - 0.2


@pytest.mark.parametrize("method", METHODS)
def test_an_outage_of_one_link_and_of_all_is_survived(watched, method):
    flown, plots = watched
    some = ({"sensors": (0,), "link": {"outages_s": ((80.0, 130.0),)}}, {"sensors": (1,)}, {"sensors": (2,)})
    for how in ({"sites": some}, {"link": {"outages_s": ((100.0, 140.0),)}}):
        tracker, numbers = make(method=method, **how), {}
        for until_s, tracks, _ in play(tracker, plots, LONG_S):
            live, mine, _, _ = errors(tracks, flown)
            numbers[until_s] = dict(zip(mine.tolist(), live.number.tolist(), strict=False))
        assert numbers[180.0] == numbers[70.0]
        assert len(numbers[180.0]) == 40


def test_a_site_that_stays_silent_is_given_up():
    rng = np.random.default_rng(8)
    flown = wanderers(flights(5, rng, near_m=50e3, far_m=120e3), 240.0, rng)
    plots = watch(flown, 240.0, rng)
    cut = ({"sensors": (0,), "link": {"outages_s": ((80.0, 1e9),)}}, {"sensors": (1,)}, {"sensors": (2,)})
    tracker = make(sites=cut)
    said = list(play(tracker, plots, 240.0))
    _, tracks, looks = said[-1]
    assert len(tracks) == 5
    assert all(s > 0 for member in tracker.members().values() for s, _ in member)
    assert 0 not in looks.sensor
    everyone = make(link={"outages_s": ((80.0, 1e9),)}, coast_s=40.0)
    seen = [tracks for _, tracks, _ in play(everyone, plots, 240.0)]
    assert len(seen[-1]) == 0
    ended = np.concatenate([t.number[t.status == Status.DROPPED] for t in seen])
    assert len(np.unique(ended)) == len(ended) == 5


# numbers


def test_a_flight_keeps_its_number_from_one_coverage_to_the_next():
    rng = np.random.default_rng(9)
    # west to east, past the first radar and on to the second, 100 km away; each sees 70 km
    start = flights_from(np.full(6, 60e3), np.radians(270.0) + np.linspace(-0.3, 0.3, 6), np.full(6, np.radians(90.0)))
    calm = GnnTrackerConfig(manoeuvre_mps2=0.05, climb_manoeuvre_mps2=0.02)
    flown = wanderers(start, 900.0, rng, config=calm)
    plots = watch(flown, 900.0, rng, sites=(0, 1), reach_m=[70e3, 70e3, 70e3])
    tracker, seen = make((0, 1)), {}
    for until_s, tracks, _ in play(tracker, plots, 900.0):
        live, mine, _, _ = errors(tracks, flown)
        for flight, number, row in zip(mine, live.number, range(len(live)), strict=True):
            seen.setdefault(int(flight), {})[until_s] = (int(number), live.updated_s[row].copy())
    for flight in range(6):
        life = seen[flight]
        assert len({number for number, _ in life.values()}) == 1
        early, late = life[100.0][1], life[900.0][1]
        assert early[1] < 0.0  # never seen by the second
        assert late[0] < late[1] - 100.0  # long out of the first's sight


def test_numbers_are_never_used_again_and_a_sites_track_belongs_to_one():
    rng = np.random.default_rng(10)
    flown = wanderers(flights(12, rng, near_m=40e3, far_m=140e3), 240.0, rng)
    plots = watch(flown, 240.0, rng, sites=(0, 1), pd=0.45, n_false=30)
    tracker, gone, last = make((0, 1), coast_s=20.0), set(), set()
    for _, tracks, _ in play(tracker, plots, 240.0):
        assert (np.diff(tracks.number) > 0).all()
        shown = set(tracks.number.tolist())
        assert not gone & shown
        assert last - gone <= shown  # nobody leaves without a last word
        gone |= set(tracks.number[tracks.status == Status.DROPPED].tolist())
        last = shown
        held = [one for member in tracker.members().values() for one in member]
        assert len(set(held)) == len(held)
        for member in tracker.members().values():
            assert len({s for s, _ in member}) == len(member)
    assert len(gone) > 3


def test_the_length_of_the_tick_changes_nothing(watched):
    _, plots = watched
    pictures = []
    for tick_s in (60.0, 12.0, 4.0):
        tracker = make(method="equivalent_measurements")
        _, looks = finish(tracker, plots, LONG_S, tick_s=tick_s)
        tracks = tracker.picture(LONG_S)
        order = np.argsort(tracks.position_ecef_m[:, 0])
        pictures.append((tracks.position_ecef_m[order], len(looks)))
    for position, n_looks in pictures[1:]:
        np.testing.assert_allclose(position, pictures[0][0], atol=1e-6)
        # a track's looks count from its confirmation, which a longer tick states later
        assert abs(n_looks - pictures[0][1]) <= 0.02 * n_looks


def test_looks_and_tasks_go_by_fused_numbers(watched):
    _, plots = watched
    tracker, asked = make(), IDLE
    for step in range(12):
        until_s = 10.0 * (step + 1)
        inside = (plots.t_s > until_s - 10.0) & (plots.t_s <= until_s)
        tracks, looks = tracker.step(plots.take(inside), asked, until_s=until_s)
        n = len(tracks)
        asked = Tasks(
            track=np.repeat(tracks.number, 3),
            sensor=np.tile(np.arange(3), n),
            t_s=np.full(3 * n, until_s),
            position_ecef_m=np.repeat(tracks.position_ecef_m, 3, axis=0),
            velocity_ecef_mps=np.repeat(tracks.velocity_ecef_mps, 3, axis=0),
            radius_m=np.full(3 * n, 5e3),
            pfa=np.tile([1e-3, 1e-4, 1e-5], n),
            pd=np.full(3 * n, 0.5),
        )
    assert set(looks.track.tolist()) <= set(tracks.number.tolist())
    assert set(looks.sensor.tolist()) == {0, 1, 2}
    assert (np.diff(looks.t_s) >= 0.0).all()
    missed = np.isnan(looks.snr_db)
    for sensor, pfa in enumerate([1e-3, 1e-4, 1e-5]):  # a miss carries what was asked of that radar for that track
        rows = missed & (looks.sensor == sensor)
        assert rows.any()
        np.testing.assert_array_equal(looks.pfa[rows], pfa)
    row = np.searchsorted(tracks.number, looks.track)
    off = looks.position_ecef_m + (tracks.t_s[row] - looks.t_s)[:, None] * looks.velocity_ecef_mps
    assert np.linalg.norm(off - tracks.position_ecef_m[row], axis=1).max() < 6e3


def test_a_picture_can_be_asked_for_at_any_time(watched):
    flown, plots = watched
    for method in METHODS:
        tracker = make(method=method)
        for _ in play(tracker, plots, 120.0):
            pass
        for at_s in (110.0, 120.0, 150.0):
            tracks = tracker.picture(at_s)
            assert (tracks.t_s == at_s).all()
            _, mine, off, nees = errors(tracks, flown)
            assert sorted(mine.tolist()) == list(range(40))
            assert nees.mean() < 6.0 + 4.0 * math.sqrt(12.0 / 40.0)
        with pytest.raises(ValueError, match="not before"):
            tracker.picture(-100.0)
        with pytest.raises(ValueError, match="finite"):
            tracker.picture(math.nan)


@pytest.mark.parametrize("method", METHODS)
def test_a_saved_run_goes_on_bit_for_bit(watched, method):
    _, plots = watched
    config = {"method": method, "link": {"delay_s": 3.0, "jitter_s": 9.0, "loss": 0.1}}
    one, other = make(**config), make(**config)
    saved = None
    for until_s, want, looks in play(one, plots, 120.0):
        if until_s == 60.0:
            saved = pickle.dumps(one.save())
        elif saved is not None:
            if until_s == 70.0:
                other.restore(pickle.loads(saved))
            inside = (plots.t_s > until_s - 10.0) & (plots.t_s <= until_s)
            got, more = other.step(plots.take(inside), IDLE, until_s=until_s)
            for a, b in ((want, got), (looks, more)):
                for (name, x), (_, y) in zip(a.items(), b.items(), strict=True):
                    np.testing.assert_array_equal(x, y, err_msg=name)
    assert (one.n_late, one.members()) == (other.n_late, other.members())
    with pytest.raises(ValueError, match="of sites"):
        make((0, 1)).restore(one.save())


# scripted sites: what the centre makes of what it hears


class Script:
    """A site's tracker that says what it is told: ``say(until_s)`` gives rows (number, position, address)."""

    def __init__(self, say, *, sd_m=50.0, cov=None):
        self.say, self.cov = say, cov
        self.sd = np.array([sd_m] * 3 + [5.0] * 3)

    def step(self, plots, tasks, *, until_s):
        rows = self.say(until_s)
        n = len(rows)
        cov = np.broadcast_to(np.diag(self.sd**2), (n, 6, 6)).copy() if self.cov is None else self.cov(until_s)
        return Tracks(
            number=np.array([r[0] for r in rows], int),
            t_s=np.full(n, until_s),
            position_ecef_m=np.array([r[1] for r in rows], float).reshape(n, 3),
            velocity_ecef_mps=np.tile([200.0, 0.0, 0.0], (n, 1)),
            cov=cov,
            status=np.full(n, int(Status.CONFIRMED)),
            existence=np.array([0.5 + 0.01 * r[0] for r in rows], float),
            n_hits=np.full(n, 3),
            updated_s=np.full((n, 1), until_s),
            address=np.array([r[2] for r in rows], int),
            label=np.full(n, -1),
        ), Looks.empty()  # fmt: skip


HOME = PLACES[0].ecef_m + np.array([0.0, 0.0, 9e3])


def at(t_s, x_m=0.0, y_m=0.0):
    return HOME + np.array([200.0 * t_s + x_m, y_m, 0.0])


def scripted(*sayings, covs=None, **config):
    tracker = make(range(len(sayings)), report_s=10.0, **config)
    for row, (site, say) in enumerate(zip(tracker._sites, sayings, strict=True)):
        site.tracker = Script(say, cov=None if covs is None else covs[row])
        site._offset_s = 0.0
    return tracker


def run(tracker, steps, first=1):
    return [tracker.step(Plots.empty(), IDLE, until_s=10.0 * s)[0] for s in range(first, first + steps)]


def test_near_tracks_of_two_sites_join_and_far_ones_do_not():
    tracker = scripted(lambda t: [(4, at(t), -1), (7, at(t, 0, 5e3), -1)], lambda t: [(2, at(t, 30.0, 5e3), -1)])
    last = run(tracker, 3)[-1]
    assert tracker.members() == {1: ((0, 4),), 2: ((0, 7), (1, 2))}
    np.testing.assert_array_equal(last.number, [1, 2])
    np.testing.assert_allclose(last.existence, [0.54, 0.57])  # the surest of its sites
    np.testing.assert_array_equal(last.n_hits, [3, 6])


def test_the_cheapest_set_of_pairs_wins_over_the_nearest_pair():
    # the second site's first track lies between both of the first's: alone it would take the one that the other needs
    near = lambda t: [(1, at(t, 0, 0), -1), (2, at(t, 0, 250.0), -1)]  # noqa: E731
    between = lambda t: [(1, at(t, 0, 120.0), -1), (2, at(t, 0, -130.0), -1)]  # noqa: E731
    tracker = scripted(near, between)
    run(tracker, 2)
    assert tracker.members() == {1: ((0, 1), (1, 2)), 2: ((0, 2), (1, 1))}


def test_addresses_keep_apart_and_bring_together_unless_they_are_switched_off():
    one = lambda t: [(1, at(t), 70), (2, at(t, 0, 400.0), 80)]  # noqa: E731
    other = lambda t: [(1, at(t, 0, 380.0), 70), (2, at(t, 0, 20.0), 80)]  # noqa: E731
    tracker = scripted(one, other)
    run(tracker, 2)
    assert tracker.members() == {1: ((0, 1), (1, 1)), 2: ((0, 2), (1, 2))}
    blind = scripted(one, other, use_identity=False)
    run(blind, 2)
    assert blind.members() == {1: ((0, 1), (1, 2)), 2: ((0, 2), (1, 1))}


def test_tracks_once_joined_stay_through_one_bad_report_and_part_after_several():
    def wild(first, last):
        return lambda t: [(5, at(t, 0, 3e3 if first <= t <= last else 0.0), -1)]

    calm = lambda t: [(3, at(t), -1)]  # noqa: E731
    patient = scripted(calm, wild(50.0, 60.0))
    pictures = run(patient, 10)
    assert all(len(p) == 1 for p in pictures)
    tracker = scripted(calm, wild(50.0, 1e9))
    lengths = [len(p) for p in run(tracker, 10)]
    assert lengths == [1] * 6 + [2] * 4  # third report outside: 70 s
    assert tracker.members() == {1: ((0, 3),), 2: ((1, 5),)}


@pytest.mark.parametrize("method", METHODS)
def test_a_site_that_swaps_its_numbers_is_sorted_out(method):
    calm = lambda t: [(1, at(t), -1), (2, at(t, 0, 3e3), -1)]  # noqa: E731
    swap = lambda t: [(1, at(t, 0, 3e3 * (t > 45.0)), -1), (2, at(t, 0, 3e3 * (t < 45.0)), -1)]  # noqa: E731
    tracker = scripted(calm, swap, lambda t: [], method=method)
    last = run(tracker, 12)[-1]
    live = last.take(last.status == Status.CONFIRMED)
    assert tracker.members() == {1: ((0, 1), (1, 2)), 2: ((0, 2), (1, 1))}
    np.testing.assert_allclose(live.position_ecef_m, [at(120.0), at(120.0, 0, 3e3)], atol=1.0)


def test_the_odd_one_of_three_leaves_whoever_came_first():
    odd = lambda t: [(9, at(t, 0, 3e3 * (t > 45.0)), -1)]  # noqa: E731
    calm = lambda t: [(1, at(t), -1)]  # noqa: E731
    tracker = scripted(odd, calm, calm)
    run(tracker, 12)
    assert tracker.members() == {1: ((1, 1), (2, 1)), 2: ((0, 9),)}


def test_a_track_that_breaks_and_starts_anew_comes_back_under_its_number():
    calm = lambda t: [(1, at(t), -1)]  # noqa: E731
    broken = lambda t: [(4 if t < 55.0 else 6, at(t), -1)]  # noqa: E731
    tracker = scripted(calm, broken)
    pictures = run(tracker, 8)
    assert all(p.number.tolist() == [1] for p in pictures)
    assert tracker.members() == {1: ((0, 1), (1, 6))}
    # and so it does when nobody held it for a while
    gap = lambda t: [] if 45.0 < t < 75.0 else [(4 if t < 55.0 else 6, at(t), -1)]  # noqa: E731
    alone = scripted(gap)
    pictures = run(alone, 10)
    assert all(p.number.tolist() == [1] for p in pictures)
    assert alone.members() == {1: ((0, 6),)}


def test_two_fused_tracks_that_turn_out_to_be_one_become_the_older():
    # far apart at first (the second site's velocity still settles), together from 35 s on
    apart = lambda t: [(8, at(t, 0, 4e3 * (t < 35.0)), -1)]  # noqa: E731
    tracker = scripted(lambda t: [(1, at(t), -1)], apart)
    pictures = run(tracker, 6)
    assert [p.number.tolist() for p in pictures] == [[1, 2], [1, 2], [1, 2], [1, 2], [1], [1]]
    assert pictures[3].status.tolist() == [Status.CONFIRMED, Status.DROPPED]
    assert tracker.members() == {1: ((0, 1), (1, 8))}


class Filtered(Script):
    """A site that runs a Kalman filter of the plain twin over positions, late by ``late_s``."""

    def __init__(self, number, rng, late_s, sd_m):
        self.number, self.rng, self.late_s, self.r = number, rng, late_s, np.diag(np.square(sd_m))
        self.x, self.p, self.t = None, None, None

    def update(self, x, p, z):
        h = np.concatenate([np.eye(3), np.zeros((3, 3))], axis=1)
        gain = np.linalg.solve(h @ p @ h.T + self.r, h @ p).T
        p = p - gain @ h @ p
        return x + gain @ (z - x[:3]), 0.5 * (p + p.T)

    def step(self, plots, tasks, *, until_s):
        t = until_s - self.late_s
        self.z = at(t) + self.rng.normal(size=3) * np.sqrt(np.diag(self.r))
        if self.x is None:
            self.x, self.p = np.concatenate([self.z, [200.0, 0.0, 0.0]]), np.diag([1e4] * 3 + [400.0] * 3)
        else:
            x, p = moved(self.x, self.p, t - self.t)
            self.x, self.p = self.update(x, p, self.z)
        self.t, self.cov = t, lambda _: self.p[None]
        self.say = lambda _: [(self.number, self.x[:3], -1)]
        tracks, looks = super().step(plots, tasks, until_s=t)
        return dataclasses.replace(tracks, velocity_ecef_mps=self.x[None, 3:]), looks


def moved(x, p, dt):
    q_h, q_v = motion_row(DistributedTrackerConfig(site=MATCHED))[:2]
    return plain.predict(x, p, dt, q_h, q_v)


@pytest.mark.parametrize("criterion", ["fast", "determinant"])
def test_the_centre_fuses_what_the_plain_way_fuses(criterion):
    rng = np.random.default_rng(11)
    tracker = scripted(*[lambda t: []] * 3, weights=criterion)
    sites = [Filtered(5, rng, late, sd) for late, sd in ((0.0, (30, 90, 60)), (2.0, (90, 30, 60)), (5.0, (60, 60, 30)))]
    for site, told in zip(tracker._sites, sites, strict=True):
        site.tracker = told
    last = run(tracker, 5)[-1]
    each = [moved(site.x, site.p, 50.0 - site.t) if site.t < 50.0 else (site.x, site.p) for site in sites]
    x, p = (np.stack(part)[None] for part in zip(*each, strict=True))
    want, cov, w = covariance_intersection(x, p, criterion=criterion)
    assert (w > 0.05).sum() >= 2
    # the centre stops its search for weights at a volume within a thousandth of the least
    loose = criterion == "determinant"
    got = np.concatenate([last.position_ecef_m[0], last.velocity_ecef_mps[0]])
    np.testing.assert_allclose(got, want[0], atol=1.0 if loose else 1e-5)
    np.testing.assert_allclose(
        np.linalg.slogdet(last.cov[0])[1], np.linalg.slogdet(cov[0])[1], atol=2e-3 if loose else 1e-7
    )


def test_equivalent_measurements_at_the_centre_are_the_central_filter():
    # linear sites, one update a report, in and out of order: after the second site joined, the centre's filter takes
    # each site's measurement as if it had come straight to it
    rng = np.random.default_rng(12)
    tracker = scripted(*[lambda t: []] * 2, method="equivalent_measurements", window_s=60.0)
    one, two = Filtered(1, rng, 0.0, (30, 90, 60)), Filtered(1, rng, 4.0, (90, 30, 60))
    for site, told in zip(tracker._sites, (one, two), strict=True):
        site.tracker = told
    measured = []
    for step in range(1, 9):
        tracker.step(Plots.empty(), IDLE, until_s=10.0 * step)
        measured += [(site.t, site.z, site) for site in (one, two)]
        if step == 1:
            start = tracker.picture(10.0)
            x, p = np.concatenate([start.position_ecef_m[0], start.velocity_ecef_mps[0]]), start.cov[0]
    t = 10.0
    for when, z, site in sorted(measured[2:], key=lambda m: m[0]):
        x, p = site.update(*moved(x, p, when - t), z)
        t = when
    last = tracker.picture(80.0)
    np.testing.assert_allclose(last.position_ecef_m[0], x[:3], atol=1e-3)
    np.testing.assert_allclose(last.velocity_ecef_mps[0], x[3:], atol=1e-4)
    np.testing.assert_allclose(last.cov[0], p, rtol=1e-5, atol=1e-3)


@pytest.mark.parametrize("method", METHODS)
def test_a_site_that_changes_its_mind_is_believed(method):
    # at 60 s the site takes its last two plots back: the track was last seen at 35 s, and elsewhere
    class Doubtful(Script):
        def step(self, plots, tasks, *, until_s):
            tracks, looks = super().step(plots, tasks, until_s=until_s)
            return dataclasses.replace(
                tracks, t_s=np.full(len(tracks), min(until_s, 35.0 if until_s > 55.0 else 1e9))
            ), looks

    tracker = scripted(lambda t: [(1, at(t) if t < 55.0 else at(35.0, 0, 800.0), -1)], method=method, window_s=40.0)
    for site in tracker._sites:
        site.tracker = Doubtful(site.tracker.say)
    pictures = run(tracker, 6)
    np.testing.assert_allclose([p.t_s[0] for p in pictures], [10.0, 20.0, 30.0, 40.0, 50.0, 35.0])
    if method != "equivalent_measurements":  # whose centre holds on to what it made of the reports before
        np.testing.assert_allclose(pictures[-1].position_ecef_m[0], at(35.0, 0, 800.0), atol=1e-6)


def test_unsound_estimates_are_refused_and_counted():
    def cov(t):
        good = np.diag([2500.0] * 3 + [25.0] * 3)[None]
        return np.full((1, 6, 6), np.nan) if t in (30.0, 40.0) else -good if t == 50.0 else good

    for method in METHODS:
        tracker = scripted(lambda t: [(1, at(t), -1)], lambda t: [(1, at(t), -1)], covs=[None, cov], method=method)
        pictures = run(tracker, 8)
        assert tracker.n_unsound == 3
        for p in pictures:
            assert p.number.tolist() == [1]
            assert np.isfinite(p.position_ecef_m).all()
            assert np.isfinite(p.cov).all()
        never = scripted(lambda t: [(1, at(t), -1)], covs=[lambda t: np.zeros((1, 6, 6))], method=method)
        assert all(len(p) == 0 for p in run(never, 4))
        assert never.members() == {}


# bad input


def test_bad_plots_are_counted_and_harmless(watched):
    _, plots = watched
    rows = plots.take(np.arange(4))
    t_s, z, sensor = rows.t_s.copy(), rows.measurement.copy(), np.array([0, 1, 2, 17])
    t_s[0], z[1, 0], t_s[2] = np.nan, np.inf, -1e300
    bad = Plots(**(dict(rows.items()) | {"t_s": t_s, "measurement": z, "sensor": sensor}))
    clean, dirty = make(), make()
    for (until_s, want, _), step in zip(play(clean, plots, 60.0), itertools.count(1)):
        inside = (plots.t_s > until_s - 10.0) & (plots.t_s <= until_s)
        got, _ = dirty.step(Plots.concat([plots.take(inside), bad]), IDLE, until_s=10.0 * step)
        np.testing.assert_array_equal(got.position_ecef_m, want.position_ecef_m)
    assert (clean.n_rejected, dirty.n_rejected) == (0, 24)


def test_time_goes_forward_and_a_long_silence_does_no_harm(watched):
    _, plots = watched
    tracker = make()
    tracks, _ = finish(tracker, plots, 60.0)
    assert len(tracks) > 30
    with pytest.raises(ValueError, match="time goes forward"):
        tracker.step(Plots.empty(), IDLE, until_s=59.0)
    with pytest.raises(ValueError, match="time goes forward"):
        tracker.step(Plots.empty(), IDLE, until_s=math.nan)
    tracks, looks = tracker.step(Plots.empty(), IDLE, until_s=1.7e9)
    assert (tracks.status == Status.DROPPED).all()
    tracks, looks = tracker.step(Plots.empty(), IDLE, until_s=1.7e9 + 10.0)
    assert (len(tracks), len(looks)) == (0, 0)


def test_a_sensor_that_is_off_is_not_heard(watched):
    _, plots = watched
    tracker = make(active=[True, False, True])
    tracks, looks = finish(tracker, plots, 90.0)
    assert set(looks.sensor.tolist()) == {0, 2}
    assert len(tracks) == 40
    assert np.isneginf(tracks.updated_s[:, 1]).all()


def test_settings_that_cannot_be_are_refused():
    with pytest.raises(ValidationError, match="sensor 1 stands twice"):
        DistributedTrackerConfig(sites=({"sensors": (0, 1)}, {"sensors": (1,)}))
    with pytest.raises(ValidationError, match="another kind than 'distributed'"):
        DistributedTrackerConfig.model_validate({"site": {"kind": "distributed"}})
    with pytest.raises(ValueError, match="or rows 0 to 2.*got 7"):
        make(sites=({"sensors": (0, 7)},))
    with pytest.raises(ValueError, match="got 'north'"):
        make(sites=({"sensors": ("north",)},))
    with pytest.raises(ValueError, match="sensor 0 stands twice"):
        make(sites=({"sensors": ("0",)}, {"sensors": (0,)}))
    with pytest.raises(ValueError, match="names must have one entry"):
        DistributedTracker(DistributedTrackerConfig(), names=["a"], **parts())
    with pytest.raises(ValueError, match="one table a site"):
        make(luck=[np.zeros((3, 2))])
    for bad in (np.zeros((3, 3)), np.zeros((0, 2)), np.ones((3, 2)), np.full((3, 2), np.nan)):
        with pytest.raises(ValueError, match="tables"):
            make(luck=[bad] * 3)
    with pytest.raises(ValueError, match="periods_s must have one entry"):
        DistributedTracker(DistributedTrackerConfig(), **(parts() | {"periods_s": [1.0]}))
