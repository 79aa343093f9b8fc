"""The prior from the catalogue, and knowledge handed over."""

import numpy as np
import pytest

from tests.learn import scene
from watchfloor.base.picture import SIGMA_GRID_DBSM, Knowledge
from watchfloor.learn.curves import mean_sd_dbsm, quantiles_dbsm
from watchfloor.learn.library import blurred, cell_centres, inside_db, normalised, prior, two_piece
from watchfloor.physics.environment import Environment
from watchfloor.physics.rcs import band_of
from watchfloor.scenario import catalog
from watchfloor.scenario.cards import BandSignature


def test_the_prior_meets_the_cards_own_10_50_and_90_percent_points():
    log_p = prior(scene.card(level=-20.0, offset=(-6.0, 0.0, 15.0)), "S", cell_centres(15.0))
    np.testing.assert_allclose(quantiles_dbsm(log_p)[4], [-26.0, -20.0, -5.0], atol=0.25)  # half a step


def test_the_scatter_of_a_cell_widens_the_prior():
    log_p = prior(scene.card(offset=(-5.126, 0.0, 5.126), cell_sigma_db=3.0), "S", cell_centres(15.0))
    np.testing.assert_allclose(mean_sd_dbsm(log_p)[1], 5.0, rtol=0.01)  # 4 dB and 3 dB


def test_a_cell_has_the_mean_of_the_curve_and_its_spread_inside():
    ramp = BandSignature(
        origin="assumed", aspect_deg=(0.0, 180.0), sigma_dbsm=(-18.0, 18.0), offset_db=0.0, source="scenario"
    )
    card = scene.card().model_copy(update={"signature": {"S": ramp}})
    mean, sd = mean_sd_dbsm(prior(card, "S", cell_centres(60.0)))
    np.testing.assert_allclose(mean, [-12.0, 0.0, 12.0], atol=0.05)
    np.testing.assert_allclose(sd, 0.25, atol=0.03)  # the least; how the curve runs inside is not doubt of its mean
    np.testing.assert_allclose(inside_db(card, "S", cell_centres(60.0)), 12.0 / np.sqrt(12.0), rtol=0.01)  # uniform


def test_cells_joined_by_straight_lines_stray_from_their_centres_as_the_formula_says():
    rng = np.random.default_rng(3)
    at_centres = rng.standard_normal((4000, 3))
    share = (np.arange(32) + 0.5) / 32.0 - 0.5  # over the middle cell, from its centre
    towards = np.where(share < 0.0, at_centres[:, :1], at_centres[:, 2:])
    inside = at_centres[:, 1:2] + np.abs(share) * (towards - at_centres[:, 1:2])
    away2 = (inside - at_centres[:, 1:2]) ** 2
    tolerance = 4.0 * away2.mean(axis=1).std() / np.sqrt(len(away2))
    got = inside_db(scene.card(cell_sigma_db=1.0), "S", cell_centres(60.0))
    np.testing.assert_allclose(got**2, away2.mean(), atol=tolerance)


def test_blurring_adds_variances_keeps_far_tails_and_leaves_rows_without_a_deviation():
    rows = np.stack([-0.5 * ((SIGMA_GRID_DBSM + 10.0) / 2.0) ** 2, -0.5 * ((SIGMA_GRID_DBSM + 10.0) / 0.5) ** 2])
    out = blurred(rows, np.array([1.5, 0.0]))
    mean, sd = mean_sd_dbsm(normalised(out))
    np.testing.assert_allclose(mean, -10.0, atol=1e-6)
    np.testing.assert_allclose(sd[0], 2.5, rtol=2e-3)  # 2 and 1.5 dB; the taps end at four deviations
    np.testing.assert_array_equal(out[1], rows[1])
    assert out[0, -1] < -100.0


def test_every_type_of_the_catalogue_has_a_prior_in_every_band_of_its_radars():
    centres = cell_centres(15.0)
    for name, card in catalog.types().items():
        for radar in catalog.radars().values():
            log_p = prior(card, radar.band, centres)
            np.testing.assert_allclose(np.exp(log_p).sum(axis=1), 1.0, atol=1e-12, err_msg=name)
            assert np.all(np.isfinite(log_p))


def test_a_missing_band_and_a_missing_card_are_named():
    with pytest.raises(ValueError, match="no signature in band L"):
        prior(scene.card(), "L", cell_centres(15.0))
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


def test_knowledge_goes_in_and_comes_out_bit_for_bit():
    first = scene.learner({"a": scene.card(), "b": scene.card(level=9.0)})
    flying = scene.tracks(6, label=np.arange(6) % 2)
    first.step(flying, scene.looks(flying, np.full((6, 4), 80.0)))
    known = first.knowledge
    second = scene.learner({"a": scene.card(), "b": scene.card(level=9.0)}, knowledge=known)
    for name, column in second.knowledge.items():
        assert np.array_equal(column, getattr(known, name)), name
    assert known.n_looks.sum() > 20.0


def test_a_sensor_that_is_no_radar_has_no_knowledge():
    one = scene.learner({"a": scene.card()}, radars=[None, scene.radar(), None])
    assert set(one.knowledge.sensor) == {1}
    assert band_of(scene.radar().frequency_hz) == "S"
    assert one.knowledge.log_posterior.shape == (12, len(SIGMA_GRID_DBSM))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sensor": 3}, "sensor row 3"),
        ({"type": 9}, "type row 9"),
        ({"aspect_rad": 0.2}, "aspect cells"),
        ({"log_posterior": -np.inf}, "not finite"),
    ],
)
def test_knowledge_of_another_run_is_refused(change, message):
    columns = {name: column.copy() for name, column in scene.sharp([0.0]).items()}
    for name, value in change.items():
        columns[name][:] = value
    with pytest.raises(ValueError, match=message):
        scene.learner({"a": scene.card()}, knowledge=Knowledge(**columns))
    levels = scene.sharp([0.0])
    short = Knowledge(**{**dict(levels.items()), "log_posterior": levels.log_posterior[:, :7]})
    with pytest.raises(ValueError, match="7 levels"):
        scene.learner({"a": scene.card()}, knowledge=short)


def test_the_prediction_of_one_aspect_is_the_blurred_level():
    one = scene.learner({"a": scene.card(offset=(-3.0, 0.0, 3.0), cell_sigma_db=4.0)})
    library = one._library
    level = library.start.reshape(-1, library.start.shape[-1])
    expected = np.exp(normalised(blurred(level, library.inside.reshape(-1))))
    got = library.start_probability[:, :-1].reshape(expected.shape)
    np.testing.assert_allclose(got, expected, atol=2e-6)  # the slow form ends its taps at four deviations
