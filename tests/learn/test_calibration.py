"""Whether beliefs mean what they say, over whole campaigns: levels, expected Pd, identity."""

import numpy as np
import pytest

from tests.learn import flights
from tests.plain import learn as plain
from watchfloor.assess.identity import decisions, score_identities
from watchfloor.base.picture import SIGMA_GRID_DBSM as LEVELS
from watchfloor.learn import _kernels
from watchfloor.scenario import catalog
from watchfloor.world.signature import draw_signature

NAMES = ("lo-fighter", "fighter", "uav")


def cards():
    return {name: catalog.types()[name] for name in NAMES}


def test_what_a_track_says_against_a_level_is_bounded_by_the_doubt_of_its_type_once_not_once_a_cell():
    rng = np.random.default_rng(31)
    own = flights.radars(S=1e6, X=1e7)  # one guessed shape for both: their levels hang together
    world = flights.World.drawn(cards(), own, rng)
    one = flights.learner(cards(), own)
    way = flights.paths(rng, 1, 600, range_m=(20e3, 30e3), turning=0.0)
    said = flights.fly(one, world, own, np.array([1]), way, rng, start_s=0.0, ticks=9, close=False)
    told = one.evidence()
    believed = said.identity[0]
    n_seen = 0
    for kind in range(3):
        rows = told.log_likelihood[told.type == kind]
        if believed[kind] > 1.0 - 1e-9 or len(rows) == 0:
            continue
        n_seen = max(n_seen, len(rows))
        assert rows.min(axis=1).sum() >= np.log1p(-believed[kind]) - 1e-9
    assert n_seen > 6  # several cells of both radars, of a type that is not certain


def drawn_things(rng, n):
    """Return n things, each with levels of its own: a tenth of them of no known type."""
    kind = np.where(rng.random(n) < 0.1, 3, rng.integers(0, 3, n))
    each = [draw_signature(card, rng) for card in (cards()[NAMES[k]] if k < 3 else None for k in kind) if card]
    left = iter(each)
    return kind, [flights.Stranger(rng) if k == 3 else flights.Drawn(next(left)) for k in kind]


@pytest.fixture(scope="module")
def strangers_to_each_other():
    # every track is another draw of the catalogue's law, so that looks at different tracks are independent
    rng, n = np.random.default_rng(32), 1500
    own = flights.radars(VHF=1.0, S=1.5e4)
    kind, levels = drawn_things(rng, n)
    one = flights.learner(cards(), own)
    way = flights.paths(rng, n, 420)
    said = flights.fly(one, flights.World(levels, rng), own, np.arange(n), way, rng, start_s=0.0, ticks=7, close=False)
    return kind, said


@pytest.mark.parametrize(("tick", "looks"), [(0, "none"), (1, "few"), (6, "many")])
def test_looks_come_as_often_as_expected_after_none_few_and_many_looks_at_a_track(strangers_to_each_other, tick, looks):
    _, said = strangers_to_each_other
    for s, most in ((0, 0.03), (1, 0.0)):
        z, expected, came = flights.reliable(said.pd[:, tick, s], said.seen[:, tick, s])
        assert expected[-1] - expected[0] > (0.2 if tick == 0 else 0.5)
        # eight bins: 99.9 % point of chi-square and four deviations each. An echo at VHF holds its fade over several
        # looks, which expected Pd does not know: by that it may be a few points off
        off = np.maximum(np.abs(came - expected) - most, 0.0)
        z = np.sign(z) * off * np.abs(z) / np.maximum(np.abs(came - expected), 1e-9)
        assert np.abs(z).max() < 4.0
        assert (z * z).sum() < 26.1


def test_a_posterior_over_types_is_worth_what_it_says_of_things_never_met(strangers_to_each_other):
    kind, said = strangers_to_each_other
    p, n = said.identity, len(kind)
    excess = p[np.arange(n), kind] - (p * p).sum(axis=1)
    # E[p(truth)] = E[sum p^2]. Levels of neighbouring cells are taken for independent but for their common score, which
    # makes posteriors of tracks over many cells too sure by a point or two
    assert abs(excess.mean()) < 4.0 * excess.std() / np.sqrt(n) + 0.02
    for k in range(4):
        miss = (kind == k) - p[:, k]
        assert abs(miss.mean()) < 4.0 * miss.std() / np.sqrt(n) + 0.01


N_WORLDS, N_FLIGHTS, N_TRACKS = 48, 4, 5


def tracks_of(world, rng):
    """Types of a flight's tracks, one in ten unseen; a world that holds the unseen ones too."""
    kind = np.where(rng.random(N_TRACKS) < 0.1, 3, rng.integers(0, 3, N_TRACKS))
    which, levels = kind.copy(), list(world.levels)
    for i in np.flatnonzero(kind == 3):
        which[i] = len(levels)
        levels.append(flights.Stranger(rng))
    return kind, which, world.with_levels(levels)


@pytest.fixture(scope="module")
def campaigns():
    """Campaigns in worlds drawn from the catalogue: four flights of five tracks; 40 % declare a type, 2 % wrongly.

    After them one more flight, seen by one who learned, one who did not, and one who knows all levels.
    """
    own = flights.radars(VHF=1.0, S=1.5e4)
    out = []
    for r in range(N_WORLDS):
        rng = np.random.default_rng(3300 + r)
        world = flights.World.drawn(cards(), own, rng)
        one = flights.learner(cards(), own)
        naive = flights.learner(cards(), own)
        told = []
        for f in range(N_FLIGHTS):
            kind, which, now = tracks_of(world, rng)
            label = flights.declared(rng, kind, 3, share=0.4)
            way = flights.paths(rng, N_TRACKS, 480)
            told.append((kind, flights.fly(one, now, own, which, way, rng, start_s=1e5 * f, ticks=8, label=label)))
        oracle = flights.learner(cards(), own, knowledge=flights.told_the_truth(world, one, own))
        kind, which, now = tracks_of(world, rng)
        way = flights.paths(rng, N_TRACKS, 480)
        each = (naive, one, oracle)
        seeds = {"start_s": 1e6, "gates": False, "close": False}
        rows = np.random.default_rng(r).integers(0, 3, N_TRACKS)
        met = [
            flights.fly(who, world, own, rows, way, np.random.default_rng(r), ticks=1, label=rows, **seeds)
            for who in each
        ]
        last = [flights.fly(who, now, own, which, way, np.random.default_rng(r), ticks=8, **seeds) for who in each]
        truth = np.array([[world.cell_db(t, s, own[s]) for t in range(3)] for s in range(2)])
        out.append((told, one.knowledge, truth, kind, last, met))
    return out


def rank(row, level):
    return np.interp(level, np.append(LEVELS - 0.25, LEVELS[-1] + 0.25), np.append(0.0, np.exp(row).cumsum()))


def test_levels_after_campaigns_lie_anywhere_in_their_posterior_and_bands_cover(campaigns):
    rng = np.random.default_rng(34)
    ranks = {True: [], False: []}
    for _, known, truth, *_ in campaigns:
        rows, looks = known.log_posterior.reshape(2, 3, 12, -1), known.n_looks.reshape(2, 3, 12)
        for seen in (True, False):
            s, t, c = np.nonzero((looks >= 2.0) if seen else (looks < 0.05))
            if len(s) == 0:
                continue
            for kind in np.unique(t):  # one level a type: what is true of another type is independent
                i = rng.choice(np.flatnonzero(t == kind))
                ranks[seen].append(rank(rows[s[i], t[i], c[i]], truth[s[i], t[i], c[i]]))
    for seen, wider in ((True, 0.09), (False, 0.0)):
        one = np.array(ranks[seen])
        assert len(one) > 60
        for share in (0.5, 0.9):
            covered = (np.abs(one - 0.5) < 0.5 * share).mean()
            tolerance = 3.3 * np.sqrt(share * (1.0 - share) / len(one))
            # a doubtful track says less than it could (its doubt is shared out over its cells): bands may be too wide
            assert -tolerance < covered - share < tolerance + wider
        z = 2.0 * np.sqrt(3.0 * len(one)) * (one.mean() - 0.5)
        assert abs(z) < 3.3  # no bias either way


@pytest.mark.parametrize("flight", [0, 1, N_FLIGHTS - 1])
def test_looks_come_as_often_as_expected_after_no_one_and_many_flights(campaigns, flight):
    # looks of one world share its levels: the error of a bin is counted over worlds
    pd, seen = (
        np.array([getattr(told[flight][1], name) for told, *_ in campaigns]).reshape(N_WORLDS, -1)
        for name in ("pd", "seen")
    )
    edges = np.quantile(pd, np.linspace(0.0, 1.0, 7))
    z = []
    for low, high in zip(edges[:-1], edges[1:], strict=True):
        inside = (pd >= low) & (pd <= high)
        gap = np.where(inside, seen - pd, 0.0).sum(axis=1)
        z.append(gap.sum() / np.sqrt((gap**2).sum() + 1.0))
        assert abs(gap.sum()) / inside.sum() < 0.1
    assert np.abs(z).max() < 3.7  # 99.9 % of six bins, and some more for the few worlds in a bin


def test_probabilities_of_types_are_calibrated_flight_by_flight(campaigns):
    for flight in range(N_FLIGHTS):
        p = np.concatenate([told[flight][1].identity for told, *_ in campaigns])
        kind = np.concatenate([told[flight][0] for told, *_ in campaigns])
        excess = (p[np.arange(len(p)), kind] - (p * p).sum(axis=1)).reshape(N_WORLDS, N_TRACKS).mean(axis=1)
        assert abs(excess.mean()) < 3.3 * excess.std() / np.sqrt(N_WORLDS) + 0.02
        scores = score_identities(p, kind)
        assert scores.reliability.ece < scores.reliability.ece_of_honest_p95 + 0.02
        assert scores.decisions.right.high > 0.9  # of those named at 0.9


def test_who_learned_knows_types_better_than_who_did_not_and_no_better_than_who_knows_all(campaigns):
    kind = np.concatenate([one[3] for one in campaigns])
    p = [np.concatenate([one[4][i].identity for one in campaigns]) for i in range(3)]
    score = [np.log(np.maximum(each[np.arange(len(kind)), kind], 1e-6)) for each in p]
    for less, more in ((0, 1), (1, 2)):
        gain = (score[more] - score[less]).reshape(N_WORLDS, N_TRACKS).mean(axis=1)
        assert gain.mean() > -3.0 * gain.std() / np.sqrt(N_WORLDS)
    gained = (score[1] - score[0]).reshape(N_WORLDS, N_TRACKS).mean(axis=1)
    assert gained.mean() > 2.0 * gained.std() / np.sqrt(N_WORLDS)
    assert score[0].mean() > np.log(0.3)  # the prior's own score of a known type: log 0.3


def test_who_learned_foresees_looks_better_than_who_did_not_and_no_better_than_who_knows_all(campaigns):
    # the first look at a track that declares its type: what is known is all there is; and later, unlabelled looks
    for flight, better in ((5, True), (4, False)):
        scores = []
        for i in range(3):
            pd = np.clip(np.array([one[flight][i].pd for one in campaigns]), 1e-4, 1.0 - 1e-4)
            seen = np.array([one[flight][i].seen for one in campaigns])
            scores.append(np.where(seen > 0.5, np.log(pd), np.log1p(-pd)).mean(axis=(1, 2, 3)))
        for less, more in ((0, 1), (1, 2)):
            gain = scores[more] - scores[less]
            assert gain.mean() > -3.0 * gain.std() / np.sqrt(N_WORLDS)
        gain = scores[1] - scores[0]
        assert not better or gain.mean() > 3.0 * gain.std() / np.sqrt(N_WORLDS)


def test_a_type_that_is_not_in_the_list_is_mostly_not_named():
    # an airliner flies past one who learned fighters and drones only: at the level of 0.9 it is called "other" or left
    rng = np.random.default_rng(35)
    own = flights.radars(VHF=1.0, S=1.5e4)
    world = flights.World.drawn(cards(), own, rng)
    one = flights.learner(cards(), own, knowledge=None)
    known = flights.told_the_truth(world, one, own, sd_db=1.0)
    n = 120
    liners = [flights.Drawn(draw_signature(catalog.types()["airliner"], rng)) for _ in range(n)]
    one = flights.learner(cards(), own, knowledge=known)
    way = flights.paths(rng, n, 480)
    said = flights.fly(one, flights.World(liners, rng), own, np.arange(n), way, rng, start_s=0.0, ticks=8, close=False)
    found = decisions(said.identity, np.full(n, -1), level=0.9)
    assert found.rejected.low > 0.8


def test_what_a_track_teaches_meets_its_plain_twin():
    rng = np.random.default_rng(36)
    n_radars, n_cells, n_scores, belief = 2, 3, 15, np.array([[0.7, 0.2]])
    at = -0.5 * ((LEVELS - rng.normal(0.0, 8.0, (6, 1))) / rng.uniform(2.0, 6.0, (6, 1))) ** 2
    pool_at = np.arange(6).reshape(1, n_radars, n_cells)
    pool_at[0, 1, 2] = -1  # a cell that the track never showed
    count = np.concatenate((rng.uniform(0.5, 9.0, (6, 1)), np.ones((6, 6))), axis=1)
    level = np.exp(-0.5 * ((LEVELS - rng.normal(0.0, 5.0, (n_radars, 2, n_cells, 1))) / 9.0) ** 2)
    level /= level.sum(axis=-1, keepdims=True)
    taps = np.array([0.1, 0.2, 0.4, 0.2, 0.1])
    score = np.linspace(-3.0, 3.0, n_scores)
    log_weight = -0.5 * score**2 - np.log(np.exp(-0.5 * score**2).sum())
    log_weight.setflags(write=False)  # as the constant is: one compiled kernel serves both
    own_scored = -0.5 * (score - rng.normal(1.0, 0.5, (6, 3, 1))) ** 2 * 2.0
    gain, counts = np.zeros((n_radars, 2, n_cells, len(LEVELS))), np.zeros((n_radars, 2, n_cells, 8))
    group = np.array([[0, 0], [0, 1], [0, 1]])  # one class shares its score over both radars, the other does not
    _kernels.teach(
        np.zeros(1, np.int64), belief, pool_at, at.reshape(6, 1, -1).copy(), count, np.zeros(3, np.int64), 1, level,
        np.full((n_radars, 2, n_cells), 2), np.broadcast_to(taps, (n_radars, 2, n_cells, 5)).copy(), 1e-3, group,
        own_scored, log_weight, np.full(2, -1), np.zeros((n_radars, 2, n_cells), np.bool_), gain, counts,
    )  # fmt: skip
    for m, groups in ((0, [[0, 1]]), (1, [[0], [1]])):
        for members in groups:
            cells = [(s, c) for s in members for c in range(n_cells) if pool_at[0, s, c] >= 0]
            rows = [pool_at[0, s, c] for s, c in cells]
            said = plain.taught_by_cells(
                belief[0, m], at[rows], count[rows, 0], np.array([level[s, m, c] for s, c in cells]), taps,
                own_scored[rows, m], log_weight,
            )  # fmt: skip
            got = np.array([gain[s, m, c] for s, c in cells])
            np.testing.assert_allclose(got, said, atol=1e-9)
    assert not gain[1, :, 2].any()
