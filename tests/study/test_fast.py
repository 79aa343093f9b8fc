from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.plain import campaign as twin
from watchfloor.base.picture import SIGMA_GRID_DBSM
from watchfloor.base.streams import Streams
from watchfloor.learn.update import LATTICE, Echoes
from watchfloor.record import Buffer
from watchfloor.run.mission import draw
from watchfloor.scenario.load import apply, load
from watchfloor.study import _kernels
from watchfloor.study.beliefs import joint_nats
from watchfloor.study.fast import Campaign, TrackError, Unknowns
from watchfloor.study.one import _Run

LOADED = load("working-group")
STREAMS = Streams(LOADED.scenario.seed, "replicate-1")
DRAWN = draw(LOADED.scenario, STREAMS)


@pytest.fixture(scope="module")
def campaign():
    return Campaign(LOADED.scenario, DRAWN, test_flights=8)


@pytest.fixture(scope="module")
def curve(campaign):
    return campaign.play(STREAMS, checkpoints=(1, 3, 9, 18))


def other(changes, **options):
    scenario = apply(LOADED, changes)
    return Campaign(scenario, draw(scenario, STREAMS), **{"test_flights": 0, **options})


# ---- kernels


@given(seed=st.integers(0, 99), n_looks=st.integers(1, 8))
def test_fading_is_that_of_the_whole_chains_covariance(seed, n_looks):
    rng = np.random.default_rng(seed)
    sensor = rng.integers(0, 2, n_looks)
    before = np.array([max((j for j in range(i) if sensor[j] == sensor[i]), default=-1) for i in range(n_looks)])
    g, white = rng.random(n_looks) * 0.99, rng.standard_normal((3, n_looks, 2))
    np.testing.assert_allclose(_kernels.fading(white.copy(), before, g), twin.fading(white, before, g), atol=1e-6)


def test_evidence_is_that_of_its_twin():
    rng = np.random.default_rng(0)
    echoes = Echoes(list(DRAWN.radars.values()), [1], 0.98)
    miss_at = echoes.thresholds(rng.choice([1e-6, 1e-4], 6))
    hit_table, miss_table = (np.ascontiguousarray(t) for t in (echoes.hit[:, 0], echoes.miss[:, :, 0]))
    power = np.where(rng.random((2, 6)) < 0.5, np.nan, rng.uniform(9.0, 35.0, (2, 6)))
    use, group = rng.random((2, 6)) < 0.8, np.array([0, 1, -1, 0, 1, 1])
    sensor, weight = rng.integers(0, 3, 6), rng.random(6)
    base = rng.uniform(0.0, 30.0, 6) + SIGMA_GRID_DBSM[0]
    got = _kernels.evidence(
        power, use, group, sensor, base, miss_at, weight, hit_table, miss_table, LATTICE, 2, len(SIGMA_GRID_DBSM)
    )
    want = twin.evidence(power, use, group, sensor, base, miss_at, weight, hit_table, miss_table, LATTICE, 2)
    near = want > want.max(axis=-1, keepdims=True) - 30.0  # straight lines between points are coarse far down a tail
    np.testing.assert_allclose(got[near], want[near], atol=0.05)


@given(seed=st.integers(0, 200))
def test_a_track_is_held_as_its_twin_says(seed):
    rng = np.random.default_rng(seed)
    hit, t = rng.random((2, 30)) < 0.4, np.cumsum(rng.uniform(1.0, 15.0, 30))
    np.testing.assert_array_equal(_kernels.held(hit, t, 3, 40.0, 40.0), twin.held(hit, t, 3, 40.0, 40.0))


# ---- the campaign


def test_a_campaign_is_the_same_every_time(campaign, curve):
    again = campaign.play(STREAMS, checkpoints=(1, 3, 9, 18))
    for name in ("nats", "sd_db", "mean_dbsm", "range_m", "p_type", "p_false"):
        np.testing.assert_array_equal(getattr(again, name), getattr(curve, name))


def test_hours_are_time_in_the_air(curve):
    np.testing.assert_allclose(curve.hours, np.array([0, 1, 3, 9, 18]) * 600.0 / 3600.0, rtol=1e-3)


def test_information_grows_and_adds_up_and_nothing_is_known_at_the_start(curve):
    assert curve.nats[0] == 0.0
    assert curve.entropy_nats[0] == 0.0
    assert np.all(np.diff(curve.entropy_nats) > 0.0)
    assert not curve.n_effective[0].any()
    assert np.all(np.diff(curve.n_effective.sum(axis=(1, 2))) > 0.0)


def test_the_truth_lies_inside_the_posterior_about_as_often_as_it_should():
    away = []
    for replicate in range(12):
        streams = Streams(9, f"replicate-{replicate}")
        played = Campaign(LOADED.scenario, draw(LOADED.scenario, streams), test_flights=0).play(
            streams, checkpoints=(6,), n_sorties=6
        )
        nose = played.n_effective[-1] > 50.0
        z = (played.mean_dbsm - played.true_dbsm)[-1] / np.hypot(played.sd_db[-1], 1.5)
        away += z[1:][nose[1:]].tolist()  # S and X: a cell's level is within 1.5 dB of what its middle shows
    assert np.sqrt(np.mean(np.square(away))) < 1.6
    assert abs(np.mean(away)) < 3.0 * 1.6 / np.sqrt(len(away))


def test_a_larger_jet_is_believed_to_be_larger(campaign, curve):
    seen = curve.n_effective[-1] > 50.0
    more = campaign.play(STREAMS, checkpoints=(18,), unknowns=Unknowns(offset_db={b: 6.0 for b in campaign.bands}))
    np.testing.assert_allclose((more.true_dbsm - curve.true_dbsm[[-1]])[-1], 6.0, atol=1e-9)
    np.testing.assert_allclose((more.mean_dbsm[-1] - curve.mean_dbsm[-1])[seen].mean(), 6.0, atol=1.0)


def test_a_stronger_radar_learns_no_less(campaign):
    nats = [
        campaign.play(STREAMS, checkpoints=(2,), n_sorties=2, unknowns=Unknowns(power_db={"X": db})).sd_db[-1, 2].min()
        for db in (-25.0, 0.0)
    ]
    assert nats[1] < nats[0]


def test_sorties_before_the_site_is_active_teach_nothing():
    late = other({"campaign.delay_months": 17}).play(STREAMS)
    assert late.n_sorties.tolist() == [0, 1]
    full = other({}).play(STREAMS, checkpoints=(1, 18))
    assert late.entropy_nats[-1] == pytest.approx(full.entropy_nats[1], rel=0.2)


def test_a_far_stand_off_teaches_less_without_a_label():
    near, far = (
        other({"campaign.movers.jet.transponder": False, "campaign.movers.jet.route.centre.distance_km": km}).play(
            STREAMS
        )
        for km in (100, 300)
    )
    assert far.entropy_nats[-1] < near.entropy_nats[-1]


def test_wrong_labels_teach_less_than_right_ones(campaign):
    right, never = (
        campaign.play(STREAMS, checkpoints=(6,), n_sorties=6, unknowns=Unknowns(reliability=p)) for p in (1.0, 0.0)
    )
    assert never.n_effective[-1].sum() < 0.5 * right.n_effective[-1].sum()


def test_reflectors_hide_the_clean_jet_from_the_bands_where_the_lens_works():
    worn = other({"campaign.movers.jet.reflectors": True}).play(STREAMS, checkpoints=(18,))
    clean = other({}).play(STREAMS, checkpoints=(18,))
    seen = (worn.n_effective[-1] > 50.0) & (clean.n_effective[-1] > 50.0)
    error = (worn.mean_dbsm - worn.true_dbsm)[-1]
    assert error[2][seen[2]].max() > 5.0  # X: the lens is taken for the jet
    np.testing.assert_allclose(error[0][seen[0]], (clean.mean_dbsm - clean.true_dbsm)[-1][0][seen[0]], atol=0.5)  # VHF


def test_scatter_and_lens_scale_what_was_drawn(campaign):
    smooth = campaign._signature(Unknowns(scatter=0.0), dressed=False)
    away = smooth.dbsm - campaign._median.dbsm
    np.testing.assert_allclose(away, np.repeat(away[:, :1], away.shape[1], axis=1), atol=1e-9)
    np.testing.assert_allclose(campaign._signature(Unknowns(), dressed=False).dbsm, DRAWN.signatures["lo-fighter"].dbsm)
    worn = campaign._signature(Unknowns(), dressed=True).dbsm
    np.testing.assert_allclose(worn, DRAWN.reflecting["lo-fighter"].dbsm, atol=1e-6)
    assert np.all(campaign._signature(Unknowns(lens_db=6.0), dressed=True).dbsm >= worn - 1e-9)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda c: c.play(STREAMS, n_sorties=0), "n_sorties"),
        (lambda c: c.play(STREAMS, checkpoints=(3, 2)), "rise"),
        (lambda c: c.play(STREAMS, checkpoints=(19,)), "1 to 18"),
        (lambda c: c.play(STREAMS, unknowns=Unknowns(power_db={"L": 1.0})), "no radar in band 'L'"),
        (lambda c: Campaign(LOADED.scenario, DRAWN, test_flights=-1), "test_flights"),
        (lambda c: Campaign(LOADED.scenario.model_copy(update={"study": None}), DRAWN), "campaign and study"),
    ],
)
def test_bad_input_is_refused_with_what_came(campaign, call, said):
    with pytest.raises(ValueError, match=said):
        call(campaign)


# ---- beside the full simulator


@pytest.mark.slow
@pytest.mark.parametrize("option", ["open-100", "standoff-200"])
def test_it_agrees_with_the_full_simulator(option):
    """Stated tolerance, in cells with 20 looks: sd 25 %, S and X level 1.5 dB, VHF 6 dB; nats 20 %."""
    scenario = LOADED.options[option]
    for replicate in range(2):
        run = _Run(scenario, option, replicate, Buffer(), None)
        run.campaign(curve=False)
        table = run.buffer.tables()["beliefs"]
        last = table["hours"] == table["hours"].max()
        full = {name: table[name][last].reshape(3, -1) for name in ("sd_db", "p50_dbsm", "true_dbsm", "n_looks")}
        played = Campaign(scenario, run.drawn, track=TrackError(), test_flights=0)
        n = round(table["hours"].max() * 3600.0 / played.path.duration_s)
        found = played.play(run.streams, checkpoints=(n,))
        level = slice(played.cells.n_azimuth, 2 * played.cells.n_azimuth) if len(played.cells) > 12 else slice(None)
        seen = full["n_looks"] > 20.0
        sd, error = found.sd_db[-1][:, level], (found.mean_dbsm - found.true_dbsm)[-1][:, level]
        np.testing.assert_allclose(sd[seen], full["sd_db"][seen], rtol=0.25)
        away = np.abs(error - (full["p50_dbsm"] - full["true_dbsm"]))
        assert away[1:][seen[1:]].max() < 1.5
        assert away[0][seen[0]].max() < 6.0
        nats = joint_nats(run.priors, run.knowledge, run._type_row)
        np.testing.assert_allclose(found.entropy_nats[-1], nats, rtol=0.2)


def test_the_first_sorties_are_the_same_however_many_are_flown(campaign):
    two, five = (campaign.play(STREAMS, n_sorties=n, checkpoints=(2,)) for n in (2, 5))
    np.testing.assert_array_equal(five.mean_dbsm, two.mean_dbsm)
    np.testing.assert_array_equal(five.n_effective, two.n_effective)


def test_a_threshold_follows_what_the_owner_takes_the_radar_to_see(campaign):
    off = Campaign(
        LOADED.scenario, replace(DRAWN, calibration_db={**DRAWN.calibration_db, "acq": 12.0}), test_flights=0
    )
    s = campaign.names.index("acq")
    (base, pd, _), (base_off, pd_off, _) = (one._reach(np.zeros(3), 1)[s] for one in (campaign, off))
    np.testing.assert_array_equal(base_off, base)  # what is true stays
    step_db = 12.0 - DRAWN.calibration_db["acq"]
    at = np.interp(base - step_db, base[::-1], pd[::-1, 0, 120])  # 12 dB weaker is as seen from farther away
    inside = base - step_db > base.min()
    np.testing.assert_allclose(pd_off[inside, 0, 120], at[inside], atol=0.01)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"campaign.signature_changes": [{"type": "lo-fighter", "redraw": True}]}, "campaign.signature_changes"),
        ({"learner.memory.half_life_months": 12}, "learner.memory"),
        ({"learner.memory.alarms_per_year": 0.5}, "learner.memory"),
    ],
)
def test_what_is_not_played_at_this_level_is_refused(changes, said):
    with pytest.raises(ValueError, match=said):
        other(changes)


def test_a_label_is_what_a_secondary_radar_that_is_on_declares():
    def taught(changes):
        return other(changes).play(STREAMS, n_sorties=3, checkpoints=(3,))

    silent = taught({"campaign.movers.jet.transponder": False})
    for changes in ({"campaign.sensors": ["ew", "acq", "fc"]}, {"sensors.ssr.labels": "none"}):
        np.testing.assert_array_equal(taught(changes).n_effective, silent.n_effective)
    named = taught({})
    for changes in ({"campaign.movers.jet.declares": "fighter"}, {"sensors.ssr.wrong_label": 1.0}):
        assert taught(changes).n_effective[-1].sum() < 0.5 * named.n_effective[-1].sum()
