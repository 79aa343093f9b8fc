"""Signatures that change: when, by how much, and always the same in paired runs."""

from __future__ import annotations

import numpy as np
import pytest

from tests.world.helpers import card
from watchfloor.base.streams import Streams
from watchfloor.scenario.model import SignatureChangeConfig
from watchfloor.world.signature import draw_signature, median_signature
from watchfloor.world.signature_change import drifted, shifted, signatures_at


def band(origin, sd=6.0):
    return {
        "origin": origin,
        "aspect_deg": [0, 180],
        "sigma_dbsm": [0, 0],
        "offset_db": {"p10": -1.2815515655 * sd, "p50": 0.0, "p90": 1.2815515655 * sd, "source": "scenario"},
        "source": "scenario",
    }


JET = card(signature={"VHF": band("measured"), "S": band("assumed"), "X": band("assumed")}, cell_sigma_db=3.0)
CARDS = {"jet": JET, "other": card(signature={"S": band("assumed")})}
STREAMS = Streams(5)
BEFORE = {name: draw_signature(one, STREAMS.rng("draw", name)) for name, one in CARDS.items()}


def at(month, *changes, streams=STREAMS):
    made = [SignatureChangeConfig(type="jet", **one) for one in changes]
    return signatures_at(BEFORE, CARDS, made, month=month, streams=streams)


def test_a_change_comes_in_its_month_and_to_its_type_and_bands():
    change = {"month": 6.0, "offset_db": {"S": -4.0}}
    np.testing.assert_array_equal(at(5.9, change)["jet"].dbsm, BEFORE["jet"].dbsm)
    after = at(6.0, change)
    np.testing.assert_allclose(after["jet"].dbsm - BEFORE["jet"].dbsm, [[0.0], [-4.0], [0.0]] + np.zeros((3, 73)))
    np.testing.assert_array_equal(after["other"].dbsm, BEFORE["other"].dbsm)
    np.testing.assert_array_equal(BEFORE["jet"].dbsm, draw_signature(JET, STREAMS.rng("draw", "jet")).dbsm)


def test_a_new_coat_is_a_new_draw_of_the_card_the_same_for_every_month_and_option():
    change = {"month": 6.0, "redraw": True}
    early, late = at(6.0, change)["jet"].dbsm, at(11.0, change)["jet"].dbsm
    np.testing.assert_array_equal(early, late)
    assert np.abs(early - BEFORE["jet"].dbsm).max() > 1.0
    other = at(8.0, change, streams=Streams(6))["jet"].dbsm
    assert np.abs(early - other).max() > 1.0
    gap = np.array([at(6.0, change, streams=Streams(i))["jet"].dbsm[1, 3] for i in range(300)])
    spread = np.hypot(6.0, 3.0)
    assert abs(gap.std() / spread - 1.0) < 4.0 / np.sqrt(2.0 * 300)
    medians = at(8.0, change, streams=None)["jet"].dbsm
    np.testing.assert_array_equal(medians, median_signature(JET).dbsm)


def test_changes_follow_each_other_in_time_whatever_their_order_in_the_file():
    first, then = {"month": 3.0, "offset_db": {"S": 2.0}}, {"month": 9.0, "redraw": True, "offset_db": {"S": 1.0}}
    redrawn = at(12.0, then, first)["jet"].dbsm[1]
    alone = at(12.0, {**then, "offset_db": {}}, first)["jet"].dbsm[1]
    np.testing.assert_allclose(redrawn - alone, 1.0)  # the offset before the redraw is gone with the old coat


def test_levels_walk_as_far_as_a_random_walk():
    months, sd, n = 18.0, 2.0, 400
    one = median_signature(JET)
    walked = np.array([drifted(one, sd, Streams(i).rng("w"), months=months).dbsm[:, 0] for i in range(n)])
    expected = sd * np.sqrt(months / 12.0)
    assert np.all(np.abs(walked.std(axis=0) / expected - 1.0) < 4.0 / np.sqrt(2.0 * n))
    assert np.all(np.abs(walked.mean(axis=0)) < 4.0 * expected / np.sqrt(n))
    np.testing.assert_array_equal(walked[:, 1], walked[:, 2])  # one wrong guess: assumed bands move together
    assert abs(np.corrcoef(walked[:, 0], walked[:, 1])[0, 1]) < 4.0 / np.sqrt(n)


def test_a_longer_campaign_walks_the_same_way_to_begin_with():
    change = {"month": 2.0, "drift_db_per_year": 3.0}
    np.testing.assert_array_equal(at(2.9, change)["jet"].dbsm, BEFORE["jet"].dbsm)
    path = np.array([at(m, change)["jet"].dbsm[1, 0] for m in np.arange(2.0, 14.0)])
    steps = np.diff(path)
    assert np.all(steps != 0.0)
    again = Streams(5).rng("draw", "signature-drift", "jet", "0").standard_normal((11, 7))[:, 0] * 3.0 / np.sqrt(12.0)
    np.testing.assert_allclose(steps, again)
    np.testing.assert_array_equal(at(9.0, change, streams=None)["jet"].dbsm, BEFORE["jet"].dbsm)


def test_what_cannot_be_meant_is_refused():
    with pytest.raises(ValueError, match="no type 'ghost' whose signature could change"):
        signatures_at(BEFORE, CARDS, [SignatureChangeConfig(type="ghost")], month=1.0, streams=None)
    with pytest.raises(ValueError, match="month must be at least 0"):
        at(-1.0)
    with pytest.raises(ValueError, match="month"):
        SignatureChangeConfig(type="jet", month=-1.0)
    with pytest.raises(ValueError, match="offset_db"):
        SignatureChangeConfig(type="jet", offset_db={"K": 1.0})  # type: ignore[dict-item]
    assert shifted(BEFORE["jet"], {}).dbsm.shape == (3, 73)
