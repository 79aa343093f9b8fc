import numpy as np
import pytest

from watchfloor.scenario.load import load
from watchfloor.study.drivers import ANSWERS, Study

LOADED = load("working-group")


@pytest.fixture(scope="module")
def study():
    return Study(LOADED, answer="sd_db")


def test_unknowns_are_those_of_the_scenario_with_the_catalogues_spreads(study):
    spreads = {one.name: one.spread for one in study.unknowns}
    assert set(spreads) == {
        *("power_db.VHF", "power_db.S", "power_db.X", "offset_db.assumed", "offset_db.VHF"),
        *("scatter", "reliability", "n_sorties", "distance_km"),
    }
    assert spreads["offset_db.assumed"].quantile_range() == pytest.approx((-15.0, 0.0, 15.0))
    assert spreads["n_sorties"].low == 9.0
    low, middle, high = spreads["power_db.X"].quantile_range()
    assert low < middle == 0.0 < high


def test_a_point_has_the_same_answer_every_time(study):
    middle = np.full(len(study.unknowns), 0.5)
    assert study(middle) == study(middle)


def test_more_sorties_leave_less_doubt_and_a_weak_radar_far_away_more(study):
    names = list(study.names)
    at = lambda **u: study(np.array([u.get(n.replace(".", "_"), 0.5) for n in names]))  # noqa: E731
    assert at(n_sorties=0.95) < at(n_sorties=0.05)


def test_screening_finds_that_sorties_matter_for_entropy():
    found = Study(LOADED, answer="entropy_nats")
    indices = found.screen(3)
    mean = dict(zip(found.names, indices.mean, strict=True))
    assert mean["n_sorties"] > 0.0
    assert len(indices) == len(found.unknowns)
    assert np.all(np.isfinite(indices.mean_abs))


@pytest.mark.parametrize("answer", sorted(ANSWERS))
def test_every_answer_is_a_number(answer):
    study = Study(LOADED, answer=answer)
    assert np.isfinite(study(np.full(len(study.unknowns), 0.5)))


def test_the_tornado_moves_every_unknown(study):
    found = study.tornado()
    assert len(found) == len(study.unknowns)
    assert np.all(found.middle == study(np.full(len(study.unknowns), 0.5)))


def test_an_answer_that_is_none_is_refused():
    with pytest.raises(ValueError, match="did you mean 'sd_db'"):
        Study(LOADED, answer="sd_bd")
