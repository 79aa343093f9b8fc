"""Levels and cells, knowledge handed over, and what is predicted of a track."""

import numpy as np
import pytest

from tests.learn import scene
from tests.plain import learn as plain
from watchfloor.base.picture import SIGMA_GRID_DBSM, Knowledge
from watchfloor.learn.levels import cell_centres, cell_levels_db, normalised, two_piece
from watchfloor.physics.environment import Environment
from watchfloor.physics.rcs import band_of
from watchfloor.scenario.cards import BandSignature


def test_a_cell_has_the_mean_of_the_curve_and_its_spread_inside():
    ramp = BandSignature(
        origin="assumed", aspect_deg=(0.0, 180.0), sigma_dbsm=(-18.0, 18.0), offset_db=0.0, source="scenario"
    )
    mean, sd = cell_levels_db(ramp, cell_centres(60.0))
    np.testing.assert_allclose(mean, [-12.0, 0.0, 12.0], atol=0.05)
    np.testing.assert_allclose(sd, 12.0 / np.sqrt(12.0), rtol=0.01)  # uniform


def test_a_missing_card_is_named():
    with pytest.raises(ValueError, match="no card for type ghost"):
        scene.learner({"a": scene.card()}).__class__(
            scene.learner({"a": scene.card()})._config,
            radars=[scene.radar()],
            environments=[Environment(place=scene.PLACE)],
            types=["ghost"],
            cards={},
        )


def test_cells_must_divide_the_half_turn():
    np.testing.assert_allclose(np.degrees(cell_centres(45.0)), [22.5, 67.5, 112.5, 157.5])
    with pytest.raises(ValueError, match="divide 180"):
        cell_centres(50.0)


def test_two_piece_gives_back_the_quantiles():
    card = scene.card(offset=(-3.0, 0.0, 8.0))
    median, below, above = two_piece(card.signature["S"].offset_db)
    assert median == 0.0
    np.testing.assert_allclose([1.2815515655 * below, 1.2815515655 * above], [3.0, 8.0])


def test_knowledge_goes_in_and_comes_out():
    first = scene.learner({"a": scene.card(), "b": scene.card(level=9.0)})
    flying = scene.tracks(6, label=np.arange(6) % 2)
    first.step(flying, scene.looks(flying, np.full((6, 4), 80.0)))
    known = first.knowledge
    second = scene.learner({"a": scene.card(), "b": scene.card(level=9.0)}, knowledge=known)
    for name, column in second.knowledge.items():
        if name == "log_posterior":  # found again from the evidence, to the solver's tolerance
            np.testing.assert_allclose(np.exp(column), np.exp(known.log_posterior), atol=2e-3)
        else:
            assert np.array_equal(column, getattr(known, name)), name
    assert known.n_looks.sum() > 20.0


def test_a_sensor_that_is_no_radar_has_no_knowledge():
    one = scene.learner({"a": scene.card()}, radars=[None, scene.radar(), None])
    assert set(one.knowledge.sensor) == {1}
    assert band_of(scene.radar().frequency_hz) == "S"
    assert one.knowledge.log_posterior.shape == (12, len(SIGMA_GRID_DBSM))


def test_knowledge_of_other_levels_is_refused():
    levels = scene.sharp([0.0])
    short = {name: column[:, :7] for name, column in levels.items() if column.ndim == 2}
    with pytest.raises(ValueError, match="7 levels"):
        scene.learner({"a": scene.card()}, knowledge=Knowledge(**{**dict(levels.items()), **short}))


def test_the_prediction_of_one_aspect_is_the_blurred_level():
    one = scene.learner({"a": scene.card(offset=(-3.0, 0.0, 3.0), cell_sigma_db=4.0)})
    library = one._library
    for cell in (0, 5, 11):
        level, sd = library.level[0, 0, cell], library.inside[0, 0, cell]
        assert sd > 1.0
        expected = np.exp(normalised(plain.blurred(np.log(np.maximum(level, 1e-300)), sd)))
        np.testing.assert_allclose(library.start[0, 0, cell], expected, atol=2e-6)  # taps end at four deviations


def test_a_level_hangs_on_its_group_as_far_as_doubt_is_common():
    apart = scene.learner({"a": scene.card(offset=(-0.1, 0.0, 0.1), cell_sigma_db=6.0)})._library.rho[0, 0]
    together = scene.learner({"a": scene.card(offset=(-15.0, 0.0, 15.0), cell_sigma_db=1.0)})._library.rho[0, 0]
    assert np.all(apart < 0.5)
    assert np.all(together > 0.9)
