import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.plain import direct as twin
from watchfloor.base.errors import UserError
from watchfloor.base.picture import Looks, Status, Tasks, Tracks
from watchfloor.base.streams import Streams
from watchfloor.base.truth import Effects
from watchfloor.learn.curves import mean_sd_dbsm
from watchfloor.record import Buffer
from watchfloor.run import _kernels
from watchfloor.run.direct import Sorties, TrackError
from watchfloor.run.mission import build, draw, learner_of, world_of
from watchfloor.scenario.load import apply, load
from watchfloor.sensor.motion import Motion
from watchfloor.study.one import _Run

LOADED = load("working-group")
SCENARIO = LOADED.scenario
N_REPLICATES = 6
NO_TRANSPONDER = {"campaign.movers.jet.transponder": False}


class Tap:
    """A learner that also keeps what came in."""

    def __init__(self, learner):
        self.learner, self.kept = learner, []

    def step(self, tracks, looks):
        self.kept.append((tracks, looks))
        return self.learner.step(tracks, looks)

    def task(self, *args, **named):
        return self.learner.task(*args, **named)

    @property
    def looks(self):
        return Looks.concat([looks for _, looks in self.kept])

    @property
    def tracks(self):
        return Tracks.concat([tracks for tracks, _ in self.kept])


def tracked(scenario, drawn, streams):
    """One sortie of the campaign through the tracker."""
    m = build(scenario, scenario.campaign, drawn=drawn, streams=streams)
    tap, tasks = Tap(m.learner), Tasks.empty()
    for until_s in m.ticks():
        truth = m.world.step(Effects.empty(), until_s=until_s)
        plots, _ = m.sensors.observe(truth, tasks, until_s=until_s)
        tracks, looks = m.tracker.step(plots, m.sensors.done(tasks), until_s=until_s)
        identities, _ = tap.step(tracks, looks)
        tasks = tap.task(tracks, identities, until_s=until_s)
    return tap, m.learner.close_flight(), m.learner.knowledge


def direct(scenario, drawn, streams, *, track=None):
    """The same sortie look by look."""
    sorties = Sorties(scenario, drawn, track=track)
    tap = Tap(sorties.learner(lambda: None, None))
    sorties.fly(tap, drawn=drawn, streams=streams)
    return tap, tap.learner.close_flight(), tap.learner.knowledge


@pytest.fixture(scope="module")
def pairs():
    """Sorties of several replicates in both ways, with the same dice."""
    out = []
    for replicate in range(N_REPLICATES):
        streams = Streams(SCENARIO.seed, f"replicate-{replicate}")
        drawn = draw(SCENARIO, streams)
        one = streams.child("sortie-0")
        out.append((tracked(SCENARIO, drawn, one), direct(SCENARIO, drawn, one)))
    return out


def within(a, b, *, allowed, sigmas=4.0):
    """Whether paired samples agree in the mean to an allowed difference, beside what chance may do."""
    away = np.asarray(b, float) - np.asarray(a, float)
    return abs(away.mean()) <= allowed + sigmas * away.std(ddof=1) / np.sqrt(len(away))


# ---- kernels


@given(seed=st.integers(0, 500), n=st.integers(0, 40))
def test_tracks_are_held_as_their_twin_says(seed, n):
    rng = np.random.default_rng(seed)
    events = [(float(t), *rng.integers(0, 3, 2).tolist(), int(rng.integers(0, 3))) for t in rng.uniform(0.0, 200.0, n)]
    t = np.array([e[0] for e in events])
    mover, sensor, what = (np.array([e[i] for e in events], np.int64) for i in (1, 2, 3))
    number, confirmed, times = np.full(3, -1), np.zeros(3, bool), np.zeros((3, 2))
    updated = np.full((3, 3), -np.inf)
    track, age, ended, ended_s, following = _kernels.hold(
        np.argsort(t), t, mover, sensor, what, 210.0, 40.0, 30.0, 0, number, confirmed, np.zeros(3, np.int64), times,
        np.full((3, 3), -np.inf), updated, np.full(3, -1),
    )  # fmt: skip
    want, over, alive = twin.hold(events, 3, until=210.0, window=40.0, patience=30.0, n_confirm=3)
    assert [(int(a), b) for a, b in zip(track, age, strict=True)] == want
    assert sorted((*map(int, e[:2]), bool(e[2]), *s) for e, s in zip(ended, ended_s, strict=True)) == over
    live = np.flatnonzero(number >= 0)
    assert sorted((int(number[i]), int(i), bool(confirmed[i]), *times[i]) for i in live) == alive
    assert following == len(over) + len(alive)
    for mover in live.tolist():
        assert updated[mover].max() == times[mover, 1]


@given(seed=st.integers(0, 500), n=st.integers(1, 12))
def test_errors_of_tracks_wander_as_their_twin_says(seed, n):
    rng = np.random.default_rng(seed)
    before = np.array([rng.integers(-1, i) if i else -1 for i in range(n)])
    white, keep = rng.standard_normal((n, 2)), rng.random(n)
    np.testing.assert_allclose(_kernels.wander(white, before, keep), twin.wander(white, before, keep), atol=1e-12)


# ---- against tracked play


def test_as_many_looks_and_hits_as_tracked_play_has(pairs):
    for sensor in range(3):
        count, share = [], []
        for (old, *_), (new, *_) in pairs:
            power = [tap.looks.snr_db[tap.looks.sensor == sensor] for tap in (old, new)]
            count.append([len(one) for one in power])
            share.append([np.isfinite(one).mean() for one in power])
        count, share = np.array(count), np.array(share)
        assert within(np.ones(len(count)), count[:, 1] / count[:, 0], allowed=0.03)
        assert within(*share.T, allowed=0.01)


def test_powers_have_the_law_of_tracked_play(pairs):
    for sensor in range(3):
        old, new = (
            np.sort(np.concatenate([one.looks.snr_db[one.looks.sensor == sensor] for one in taps]))
            for taps in zip(*((a[0], b[0]) for a, b in pairs), strict=True)
        )
        old, new = old[np.isfinite(old)], new[np.isfinite(new)]
        grid = np.sort(np.concatenate((old, new)))
        gap = np.abs(
            np.searchsorted(old, grid, side="right") / len(old) - np.searchsorted(new, grid, side="right") / len(new)
        ).max()
        # Smirnov: 1e-6 for independent samples; these share their dice, so are nearer
        assert gap < np.sqrt(0.5 * np.log(2e6) * (1.0 / len(old) + 1.0 / len(new)))
        assert gap < 0.02


def test_the_jet_is_seen_as_often_in_each_cell(pairs):
    looks = []
    for (_, old, _), (_, new, _) in pairs:
        mine = [rows.take(rows.type == 0) for rows in (old, new)]
        looks.append([[rows.n_effective[rows.sensor == s].sum() for s in range(3)] for rows in mine])
        nose = [rows.n_looks[rows.aspect_rad < 0.5].sum() for rows in mine]
        assert abs(nose[1] - nose[0]) <= 0.12 * nose[0]
    looks = np.array(looks)
    for s in range(3):
        a, b = looks[:, 0, s], looks[:, 1, s]
        assert within(np.ones(len(a)), b / a, allowed=0.06)


def test_the_jet_is_known_as_well(pairs):
    shift, ratio, nats = [], [], []
    for (_, old, known), (_, new, knows) in pairs:
        mine = known.type == 0
        (mean_a, sd_a), (mean_b, sd_b) = (mean_sd_dbsm(k.log_posterior[mine]) for k in (known, knows))
        seen = (known.n_looks[mine] > 2.0) & (knows.n_looks[mine] > 2.0)
        assert seen.sum() >= 4
        shift.append(((mean_b - mean_a) / np.hypot(sd_a, sd_b))[seen].mean())
        ratio.append(np.log(sd_b / sd_a)[seen].mean())
        nats.append([rows.chain_nats[rows.type == 0].sum() for rows in (old, new)])
    assert within(np.zeros(len(shift)), shift, allowed=0.1)
    assert within(np.zeros(len(ratio)), ratio, allowed=0.1)
    nats = np.array(nats)
    assert within(*nats.T, allowed=0.1 * nats[:, 0].mean())


def test_a_jet_without_a_transponder_is_held_by_its_echoes():
    scenario = apply(LOADED, NO_TRANSPONDER)
    streams = Streams(scenario.seed, "replicate-1")
    drawn = draw(scenario, streams)
    (old, *_), (new, *_) = (play(scenario, drawn, streams.child("sortie-0")) for play in (tracked, direct))
    for tap in (old, new):
        assert (tap.tracks.label == -1).any()
    assert abs(len(new.looks) - len(old.looks)) <= 0.05 * len(old.looks)


# ---- tracks


def test_tracks_are_as_wrong_as_they_say():
    d2, n = 0.0, 0
    streams = Streams(SCENARIO.seed, "replicate-0")
    drawn = draw(SCENARIO, streams)
    sorties = Sorties(SCENARIO, drawn, track=TrackError(doubt=0.0))
    world = world_of(SCENARIO, SCENARIO.campaign, drawn=drawn)
    motion = Motion(world.step(Effects.empty(), until_s=SCENARIO.campaign.duration_s))
    for sortie in range(4):
        tap = Tap(sorties.learner(lambda: None, None))
        sorties.fly(tap, drawn=drawn, streams=streams.child(f"sortie-{sortie}"))
        for tracks, _ in tap.kept:
            for row in np.flatnonzero(tracks.status == Status.CONFIRMED).tolist():
                there = motion.at(np.arange(5), np.full(5, tracks.t_s[row]))
                apart = np.linalg.norm(there.position - tracks.position_ecef_m[row], axis=1)
                away = tracks.position_ecef_m[row] - there.position[np.nanargmin(apart)]
                d2 += float(away @ np.linalg.solve(tracks.cov[row, :3, :3], away))
                n += 3
    assert abs(d2 - n) < 5.0 * np.sqrt(2.0 * n)


def test_a_flight_that_goes_silent_and_unseen_ends_its_track_and_begins_another():
    held_s = TrackError(patience_s=4.0)
    streams = Streams(SCENARIO.seed, "replicate-2")
    drawn = draw(SCENARIO, streams)
    tap, *_ = direct(apply(LOADED, NO_TRANSPONDER), drawn, streams.child("sortie-0"), track=held_s)
    tracks = tap.tracks
    over = tracks.number[tracks.status == Status.DROPPED]
    assert len(over) == len(set(over.tolist())) > 0
    for number in over.tolist():
        mine = np.flatnonzero(tracks.number == number)
        assert tracks.status[mine[-1]] == Status.DROPPED
    for tracks, looks in tap.kept:
        assert np.isin(looks.track, tracks.number).all()


# ---- carried over


def test_the_learner_that_is_carried_over_ends_as_one_made_anew():
    streams = Streams(SCENARIO.seed, "replicate-3")
    drawn = draw(SCENARIO, streams)
    kept, anew = Sorties(SCENARIO, drawn), Sorties(SCENARIO, drawn)
    known, habits = None, None
    for sortie in range(3):
        one = streams.child(f"sortie-{sortie}")
        first = kept.learner(lambda: None, None)
        kept.fly(first, drawn=drawn, streams=one)
        second = learner_of(SCENARIO, drawn=drawn, knowledge=known, habits=habits)
        anew.fly(second, drawn=drawn, streams=one)
        rows = [learner.close_flight() for learner in (first, second)]
        known, habits = second.knowledge, second.habits
        assert len(rows[0]) == len(rows[1])
        np.testing.assert_allclose(rows[0].n_effective, rows[1].n_effective, rtol=1e-3)
    np.testing.assert_allclose(first.knowledge.n_looks, known.n_looks, rtol=1e-3, atol=1e-9)
    mean, sd = mean_sd_dbsm(first.knowledge.log_posterior)
    want, spread = mean_sd_dbsm(known.log_posterior)
    np.testing.assert_allclose(mean, want, atol=0.05)
    np.testing.assert_allclose(sd, spread, rtol=0.02)
    np.testing.assert_allclose(first.habits.mean, habits.mean, atol=1e-6)


def test_a_sortie_is_the_same_every_time_and_others_do_not_move_its_dice():
    streams = Streams(SCENARIO.seed, "replicate-4")
    drawn = draw(SCENARIO, streams)
    one, again = (direct(SCENARIO, drawn, streams.child("sortie-1"))[0] for _ in range(2))
    for name, column in one.looks.items():
        np.testing.assert_array_equal(getattr(again.looks, name), column)
    further, _, _ = direct(
        apply(LOADED, {"campaign.movers.fighter.route.centre.distance_km": 90}), drawn, streams.child("sortie-1")
    )
    liner = one.kept[0][0].number[one.kept[0][0].label == SCENARIO.types.index("airliner")][0]
    same = [tap.looks.snr_db[(tap.looks.sensor == 1) & (tap.looks.track == liner)][:5] for tap in (one, further)]
    np.testing.assert_array_equal(*same)


def test_knowledge_that_ages_makes_a_learner_anew():
    scenario = apply(LOADED, {"learner.memory.half_life_months": 6})
    sorties = Sorties(scenario, draw(scenario, Streams(1)))
    asked = []
    for _ in range(2):
        sorties.learner(lambda: asked.append(1), None)
    assert len(asked) == 2


# ---- what is refused


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"campaign.weapons_free": True}, "peacetime"),
        (
            {"campaign.movers.jet.jammers": [{"erp_dbw": 10, "centre_mhz": 3000, "bandwidth_mhz": 10}]},
            "mover 'jet' has jammers",
        ),
        ({"sensors.acq.low_level": {"pfa": 1e-3}}, "low_level"),
    ],
)
def test_what_is_not_played_look_by_look_is_refused(changes, said):
    scenario = apply(LOADED, changes)
    with pytest.raises(UserError, match=said):
        Sorties(scenario, draw(scenario, Streams(1)))


@pytest.mark.parametrize(("name", "value"), [("heading_deg", np.nan), ("patience_s", 0.0), ("lag_s", -1.0)])
def test_a_track_error_outside_its_domain_is_refused(name, value):
    with pytest.raises(ValueError, match=name):
        TrackError(**{name: value})


def test_a_study_plays_its_campaign_look_by_look_and_books_what_it_taught():
    short = {"campaign.months": 3, "campaign.fidelity": "looks", "sharing.vendor-link.passes": "plots"}
    scenario = apply(LOADED, short)
    run = _Run(scenario, "open-100", 0, Buffer(), None)
    run.campaign(curve=False)
    booked = run.buffer.tables()["ledger"]
    assert run.hours == pytest.approx(0.5, rel=1e-3)
    assert set(booked["sortie"].tolist()) == {0, 1, 2}
    own = run._sorties.learner(lambda: None, None).knowledge
    np.testing.assert_allclose(run.knowledge.n_looks, own.n_looks, rtol=1e-9, atol=1e-9)
    mean, sd = mean_sd_dbsm(own.log_posterior)
    want, spread = mean_sd_dbsm(run.knowledge.log_posterior)
    np.testing.assert_allclose(mean, want, atol=0.05)
    np.testing.assert_allclose(sd, spread, rtol=0.02)
    assert run.network.knowledge("vendor").n_looks.sum() > 0.0
