"""Truth that the library's law does not hold: measured bodies, wrong labels, reflectors worn, signatures that change.

Bodies: the PRIME aircraft model and the NASA almond of the Austin RCS Benchmark Suite (The University of Texas at
Austin, 2023), full-wave curves every half degree, VV. At their own size (23 and 25 cm) S and X band radars see lobes
far narrower than a cell; PRIME grown to 15 m is what a VHF radar meets.
"""

import numpy as np
import pytest

from tests.learn import flights, scene
from tests.plain import rcs as plain
from tests.published.test_rcs_austin import table_of
from watchfloor.base.picture import SIGMA_GRID_DBSM as LEVELS
from watchfloor.learn.curves import mean_sd_dbsm
from watchfloor.learn.drift import Ageing, ChangeWatch, field_marginal, log_score
from watchfloor.learn.field import posterior
from watchfloor.physics.physical_optics import Facets, rcs_m2
from watchfloor.scenario import catalog
from watchfloor.scenario.cards import BandSignature
from watchfloor.world.signature import draw_signature, with_reflectors

N_CAMPAIGNS, N_FLIGHTS, N_TRACKS = 5, 6, 4


class Measured:
    """A body's curve at the table's frequency nearest to the radar's."""

    def __init__(self, table):
        self.table = table

    def level_db(self, radar, aspect_rad):
        at = int(np.argmin(np.abs(self.table.frequency_hz - radar.frequency_hz)))
        curve = self.table.dbsm[self.table.polarisation.index("VV"), at, 0]
        return np.interp(np.abs(aspect_rad), self.table.azimuth_rad, curve)


def log_scores(pd, seen):
    pd = np.clip(pd, 1e-4, 1.0 - 1e-4)
    return np.where(seen > 0.5, np.log(pd), np.log1p(-pd))


class Outcome:
    """What learning came to: errors and bands of all cells, and how learned and naive learners foresaw flights."""

    def __init__(self, cards, own, body, seed):
        types = list(cards)
        error, cover, self.gain = [], [], {True: [], False: []}
        for r in range(N_CAMPAIGNS):
            rng = np.random.default_rng(seed + r)
            world = flights.World([body], rng)
            truth = np.zeros(N_TRACKS, int)
            one, naive = (flights.learner(cards, own) for _ in range(2))
            for f in range(N_FLIGHTS):
                label = flights.declared(rng, truth, len(types), share=0.5)
                way = flights.paths(rng, N_TRACKS, 480)
                flights.fly(one, world, own, truth, way, rng, start_s=1e5 * f, ticks=8, label=label)
            for labelled in (True, False):
                way, row = flights.paths(rng, N_TRACKS, 480), []
                for who in (naive, one):
                    said = flights.fly(
                        who, world, own, truth, way, np.random.default_rng(r), start_s=1e6, ticks=8, gates=False,
                        close=False, label=truth if labelled else None,
                    )  # fmt: skip
                    score = log_scores(said.pd, said.seen)
                    of_type = np.log(np.maximum(said.identity[:, 0], 1e-6)).mean()
                    row.append((score[:, 0].mean(), score.mean(), of_type, abs((said.pd - said.seen).mean())))
                    who.forget_tracks()
                self.gain[labelled].append(np.subtract(row[1], row[0]))
            mean, sd = (
                each.reshape(len(own), len(types), 12)[:, 0] for each in mean_sd_dbsm(one.knowledge.log_posterior)
            )
            cells = np.array([world.cell_db(0, s, own[s]) for s in range(len(own))])
            error.append(mean - cells)
            cover.append(np.abs(mean - cells) < 1.645 * sd)
        prior = mean_sd_dbsm(flights.learner(cards, own).knowledge.log_posterior)[0]
        self.before = prior.reshape(len(own), len(types), 12)[:, 0] - cells
        self.error, self.cover = np.array(error), np.array(cover)
        self.gain = {key: np.array(rows) for key, rows in self.gain.items()}


def po_card(band_hz):
    """Card whose curves are those that physical optics gives the almond, with 10 dB of doubt either way."""
    corner, faces = plain.almond(16, 48)
    facets = Facets(vertex_m=corner, corner=faces)
    aspect_deg = np.arange(0.0, 180.1, 2.5)
    base = catalog.types()["lo-fighter"]
    parts = {}
    for band, frequency_hz in band_hz.items():
        fine = np.deg2rad(np.clip(aspect_deg[:, None] + np.linspace(-5.0, 5.0, 5), 0.0, 180.0))
        level = 10.0 * np.log10(rcs_m2(facets, frequency_hz, fine, occlusion=False).sigma_m2).mean(axis=1)
        parts[band] = BandSignature(
            origin="assumed",
            aspect_deg=tuple(aspect_deg),
            sigma_dbsm=tuple(level),
            offset_db={"p10": -10.0, "p50": 0.0, "p90": 10.0, "source": "scenario"},
            source="scenario",
        )
    return base.model_copy(update={"signature": {**base.signature, **parts}})


CASES = ("PRIME of 15 m at VHF", "PRIME at S and X", "almond at S and X", "almond, by physical optics")


@pytest.fixture(scope="module", params=CASES)
def outcome(request, shared_data):
    if not (shared_data / "austin_rcs").is_dir():
        pytest.skip("the Austin RCS curves are not in the shared data")
    known = catalog.types()
    table = table_of(shared_data, "almond" if request.param.startswith("almond") else "prime")
    jet = known["lo-fighter"]
    if request.param == CASES[0]:
        table = table.scaled(15.0 / (9.19 * 0.0254))
        own, jet = [scene.radar(frequency_hz=159.5e6, peak_power_w=1.0)], known["fighter"]
    else:
        s_hz = 3.5e9 if "almond" in request.param else 2.58e9
        own = [scene.radar(frequency_hz=f, peak_power_w=p) for f, p in ((s_hz, 3e6), (10.25e9, 1e8))]
        if request.param == CASES[3]:
            jet = po_card({"S": s_hz, "X": 10.25e9})
    out = Outcome({"jet": jet, "airliner": known["airliner"]}, own, Measured(table), 500)
    out.name = request.param
    return out


def test_learning_recovers_a_measured_body_from_a_library_that_is_wrong(outcome):
    before = np.sqrt((outcome.before**2).mean(axis=1))
    after = np.sqrt((outcome.error**2).mean(axis=(0, 2)))
    bias = outcome.error.mean(axis=0)
    assert np.all(before > 4.0)  # by band, over aspects
    assert np.all(after < 0.6 * before)
    assert np.all(after < 2.8)
    assert np.all(np.abs(bias) < 6.0)  # at any aspect


def test_bands_of_a_jagged_body_are_too_narrow_and_by_how_much(outcome):
    # a curve moves more inside a cell than the card's scatter says: bands of 90 % hold the truth less often, and here
    # is the least that is promised; a figure for the page on learning
    held = outcome.cover.mean(axis=(0, 2))
    assert np.all(held > 0.3)


def test_who_learned_a_wrong_library_right_never_foresees_worse_than_who_did_not_learn(outcome):
    for labelled in (True, False):
        first, every, of_type, off = outcome.gain[labelled].mean(axis=0)
        assert first > 0.0  # nats, the first look at a new track
        assert every > -0.02  # all its looks; its own tell most
        assert of_type > -0.4  # who it is
        assert off < 0.02  # error of the mean expected Pd


def cells_of(one, n_types, configuration=0):
    known = one.knowledge
    rows = known.configuration == configuration
    n_sensors = len(np.unique(known.sensor))
    return [each[rows].reshape(n_sensors, n_types, 12) for each in mean_sd_dbsm(known.log_posterior)]


def test_a_tenth_of_wrong_labels_costs_little_and_never_what_learning_gained():
    cards = {name: catalog.types()[name] for name in ("lo-fighter", "fighter")}
    own = flights.radars(VHF=1.0, S=3e4)
    error, gain = {0.0: [], 0.1: []}, []
    for r in range(6):
        for wrong in error:
            rng = np.random.default_rng(600 + r)
            world = flights.World.drawn(cards, own, rng, calibration_db=0.0)
            one, naive = (flights.learner(cards, own, labels={"transponder": 0.9}) for _ in range(2))
            for f in range(5):
                truth = np.arange(4) % 2
                label = np.where(rng.random(4) < wrong, 1 - truth, truth)
                way = flights.paths(rng, 4, 480)
                flights.fly(one, world, own, truth, way, rng, start_s=1e5 * f, ticks=8, label=label)
            mean, _ = cells_of(one, 2)
            cells = np.array([[world.cell_db(t, s, own[s]) for t in range(2)] for s in range(2)])
            error[wrong].append(np.sqrt(((mean - cells) ** 2).mean()))
        truth, way = np.arange(8) % 2, flights.paths(rng, 8, 480)
        score = []
        for who in (naive, one):
            said = flights.fly(
                who, world, own, truth, way, np.random.default_rng(r), start_s=1e6, ticks=8, gates=False, close=False
            )
            score.append((log_scores(said.pd, said.seen).mean(), np.log(said.identity[np.arange(8), truth]).mean()))
        gain.append(np.subtract(score[1], score[0]))
    assert np.mean(error[0.1]) < np.mean(error[0.0]) + 0.5  # dB
    assert np.mean(gain, axis=0)[0] > -0.01
    assert np.mean(gain, axis=0)[1] > 0.0


@pytest.fixture(scope="module")
def dressed():
    """Errors on the clean jet of who learned it dressed, knowing of reflectors or not; deviations; what lenses add.

    A last row of "worn" is what who knows of them holds of the dressed jet, against the clean one.
    """
    cards = {"lo-fighter": catalog.types()["lo-fighter"]}
    own = flights.radars(VHF=1.0, S=3e4, X=3e5)
    band_hz = dict(zip(("VHF", "S", "X"), (r.frequency_hz for r in own), strict=True))
    out = {"known": [], "ignored": [], "clean": [], "worn": []}
    for r in range(5):
        for how in ("known", "ignored", "clean"):
            rng = np.random.default_rng(700 + r)
            clean = draw_signature(cards["lo-fighter"], rng)
            worn = with_reflectors(clean, cards["lo-fighter"], rng, band_hz)
            seen = flights.World([flights.Drawn(clean if how == "clean" else worn)], rng, calibration_db=0.0)
            one = flights.learner(cards, own, reflectors="known" if how == "known" else "ignored")
            for f in range(5):
                way = flights.paths(rng, 4, 480)
                truth = np.zeros(4, int)
                flights.fly(one, seen, own, truth, way, rng, start_s=1e5 * f, ticks=8, label=truth)
            bare = flights.World([flights.Drawn(clean)], rng, calibration_db=0.0)
            cells = np.array([bare.cell_db(0, s, own[s]) for s in range(3)])
            lens = np.array([seen.cell_db(0, s, own[s]) for s in range(3)]) - cells
            for row, worn_class in ((how, 0), *((("worn", 1),) if how == "known" else ())):
                mean, sd = (each[:, 0] for each in cells_of(one, 1, worn_class))
                out[row].append((mean - cells, sd, lens))
    return {how: np.array(rows).transpose(1, 0, 2, 3) for how, rows in out.items()}


def test_who_does_not_know_of_reflectors_takes_the_clean_jet_for_as_large_as_the_dressed_one(dressed):
    error, _, lens = dressed["ignored"]
    worn = lens > 6.0
    assert worn[:, 1:].mean() > 0.1
    assert not worn[:, 0].any()  # nothing at metre waves
    assert abs((error - lens)[worn].mean()) < 3.0
    assert error[worn].mean() > 6.0


def test_who_reckons_with_reflectors_does_not_mistake_them_for_the_jet(dressed):
    error, sd, lens = dressed["known"]
    worn = lens > 6.0
    assert error[worn].mean() < 0.6 * dressed["ignored"][0][dressed["ignored"][2] > 6.0].mean()
    z = error[worn] / sd[worn]
    assert (np.abs(z) < 1.645).mean() > 0.7


def test_metre_waves_and_aspects_outside_the_lens_leak_the_clean_jet_all_the_same(dressed):
    bare = dressed["clean"][0]
    # who knows of reflectors keeps two jets apart: what leaks stands in the rows of the dressed one
    for how in ("worn", "ignored"):
        error, sd, lens = dressed[how]
        leak = np.sqrt((error[:, 0] ** 2).mean())
        assert leak < np.sqrt((bare[:, 0] ** 2).mean()) + 1.5  # VHF: as if it were clean
        assert sd[:, 0].mean() < 4.0
        outside = np.abs(lens) < 0.5
        outside[:, 0] = False
        assert outside.any()
        assert np.sqrt((error[outside] ** 2).mean()) < 4.0


def history(rng, offsets_db):
    """Evidence (f, r, g) of labelled flights of a jet whose level is off by offsets (f,); its prior; true levels."""
    cards, own = {"fighter": catalog.types()["fighter"]}, flights.radars(S=3e3)
    clean = flights.Drawn(draw_signature(cards["fighter"], rng))
    told, cells = [], []

    class Shifted:
        def level_db(self, radar, aspect_rad):
            return clean.level_db(radar, aspect_rad) + self.offset_db

    body = Shifted()
    world = flights.World([body], rng, calibration_db=0.0)
    for f, body.offset_db in enumerate(offsets_db):
        one = flights.learner(cards, own)
        truth = np.zeros(2, int)
        way = flights.paths(rng, 2, 300, turning=0.0)
        said = flights.fly(one, world, own, truth, way, rng, start_s=1e5 * f, ticks=5, label=truth, gates=False)
        rows = np.zeros((12, len(LEVELS)))
        at = np.minimum((said.evidence.aspect_rad * 12 / np.pi).astype(int), 11)
        rows[at] = said.evidence.log_likelihood
        told.append(rows)
        cells.append(world.cell_db(0, 0, own[0]))
    return np.array(told), one.priors.fields[0], np.array(cells)


def test_a_sudden_change_is_found_and_knowledge_after_it_is_not_worse_than_none():
    rng, found, gain = np.random.default_rng(80), [], []
    for _ in range(4):
        told, prior, cells = history(rng, np.where(np.arange(14) < 8, 0.0, 9.0))
        watch = ChangeWatch(prior.catalogue.log_posterior, log_marginal=field_marginal(prior), alarms_per_year=0.1)
        alarms = [change for month, rows in enumerate(told) if (change := watch.step(float(month), rows)) is not None]
        assert all(change.found_month >= 8.0 for change in alarms)
        found.append(len(alarms) > 0)
        kept = [posterior(prior, rows).log_posterior for rows in (watch.log_evidence, told.sum(axis=0))]
        gain.append([log_score(each, prior.catalogue.log_posterior, cells[-1]).mean() for each in kept])
    assert np.mean(found) >= 0.75
    watched, stubborn = np.mean(gain, axis=0)
    assert watched > 0.0  # nats a cell, against the catalogue
    assert watched > stubborn


def test_a_signature_that_drifts_is_known_better_if_flights_may_age():
    rng, gain = np.random.default_rng(81), []
    for _ in range(4):
        told, prior, cells = history(rng, np.cumsum(np.append(0.0, rng.standard_normal(13) * 2.0)))
        ageing = Ageing(prior.catalogue.log_posterior, log_marginal=field_marginal(prior))
        for month, rows in enumerate(told):
            ageing.step(6.0 * month, rows)
        weighed = np.einsum("h,hrg->rg", ageing.probability, ageing.log_evidence)
        kept = [posterior(prior, rows).log_posterior for rows in (weighed, told.sum(axis=0))]
        gain.append([log_score(each, prior.catalogue.log_posterior, cells[-1]).mean() for each in kept])
    aged, stubborn = np.mean(gain, axis=0)
    assert aged > 0.0
    assert aged > stubborn
