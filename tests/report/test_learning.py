"""What was learned beside knowing nothing and everything: each figure on the page is the record's."""

from __future__ import annotations

import numpy as np
import pytest

from watchfloor.assess.identity import score_identities
from watchfloor.record import Record
from watchfloor.report import learning
from watchfloor.report.gather import gather


@pytest.fixture(scope="module")
def study(record):
    return gather(record)


def test_naive_learned_and_all_knowing_are_the_records_trials(record, study):
    found = Record.open(record).query(
        "SELECT who, hours, only_radar, replicate, p_type FROM trials WHERE option = 'open' AND left_out = -1"
    )
    end = found["hours"].max()
    for only in (-1, 0, 1, 2):
        for values, who, hours in zip(learning.tried(study, "p_type", only), (0, 0, 2), (0.0, end, end), strict=True):
            mine = (found["who"] == who) & np.isclose(found["hours"], hours) & (found["only_radar"] == only)
            order = np.argsort(found["replicate"][mine])
            np.testing.assert_array_equal(values, found["p_type"][mine][order])


def test_the_last_trial_is_of_all_that_was_learned(record, study):
    hours = Record.open(record).query("SELECT max(hours) AS most FROM exposure WHERE option = 'open'")["most"][0]
    assert learning.end_hours(study) == pytest.approx(hours)
    assert learning.keys_of(study)[1]["hours"] == pytest.approx(hours)


def test_head_on_ranges_are_the_records_beliefs(record, study):
    rows = Record.open(record).query(
        "SELECT replicate, avg(range_m) AS mean FROM beliefs WHERE option = 'open' AND who = 2 AND sensor = 1 "
        "AND aspect_rad < pi() / 4 GROUP BY replicate ORDER BY replicate"
    )
    np.testing.assert_allclose(learning.ranges_by_radar(study)[1][2], rows["mean"])


def test_verdicts_come_back_as_they_were_given(record, study):
    probability, truth, flight, quarter = learning.verdicts(study, {"who": 2})
    assert probability.shape == (len(truth), 3)
    np.testing.assert_allclose(probability.sum(axis=1), 1.0)
    assert len(np.unique(flight)) == study.n  # one mover, once a replicate
    assert set(quarter) == {1, 2, 3, 4}
    mine = study.of("verdicts", "open", who=2, quarter=4, candidate=0)
    np.testing.assert_allclose(probability[quarter == 4, 0], mine["probability"][np.argsort(mine["replicate"])])
    scored = learning.scores(study, {"who": 2})
    assert scored is not None
    assert scored.log_score == score_identities(probability, truth, flight).log_score
    assert learning.scores(study, {"who": 7}) is None


def test_half_lives_are_straight_between_months():
    months = np.array([0.0, 10.0, 20.0])
    held = np.array([[4.0, 4.0, 0.0], [3.0, 3.9, 0.0], [1.0, 3.8, 0.0]])
    np.testing.assert_allclose(learning._half_lives(months, held), [15.0, np.inf, np.inf])


def test_a_friend_that_is_taken_for_the_jet_is_counted(altered, tmp_path):
    def change(table):  # the wing-man of this test is an airliner that everybody takes for the jet
        mine = table["option"] == "open"
        table["type"] = np.where(mine, 1, table["type"])
        table["probability"] = np.where(mine & (table["candidate"] == 0), 0.9, table["probability"])
        table["probability"] = np.where(mine & (table["candidate"] != 0), 0.05, table["probability"])

    (friend,) = learning.false_identification(gather(altered("verdicts", change)))
    assert friend["type"] == "airliner"
    assert friend["learned"] == (pytest.approx(0.9), 2, 2)
