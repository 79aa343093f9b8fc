"""Maps and rankings that belong to a study: named in the scenario, checked before anything is played."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from watchfloor.base.errors import ScenarioError
from watchfloor.scenario.load import load
from watchfloor.study import maps
from watchfloor.study.breakeven import point, question
from watchfloor.study.drivers import Study

SMALL = Path(__file__).parent.parent / "report" / "study.yaml"


@pytest.fixture(scope="module")
def loaded():
    return load(SMALL)


def changed(tmp_path, old, new):
    path = tmp_path / "changed.yaml"
    text = SMALL.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
    return load(path)


def test_every_point_and_every_ranking_is_a_run(loaded):
    found = maps.ids(loaded.scenario.study)
    assert sum(run.startswith("looks.map.secrets.") for run in found) == 4
    assert [run for run in found if run.startswith("looks.drivers")] == [
        "looks.drivers.entropy_nats.morris", "looks.drivers.entropy_nats.sobol", "looks.drivers.entropy_nats.tornado",
    ]  # fmt: skip
    assert len(set(found)) == len(found)


def test_a_point_of_the_record_is_the_campaign_at_that_point(loaded):
    rows = maps.play(loaded, "looks.map.secrets.001.000").tables()["breakeven"]
    alone = point(loaded, {"offset_db": 10.0, "power_db": -10.0}, 2, 1.0, [question("sd<3"), question("type>0.8")])
    assert set(rows["x"]) == {10.0}
    assert set(rows["y"]) == {-10.0}
    assert set(rows["map_name"]) == {"secrets"}
    for q in (0, 1):
        hours = np.sort(alone.hours[(alone.question == q) & (alone.sensor == -1)])
        mine = (rows["question"] == q) & (rows["sensor"] == -1)
        assert rows["p90_h"][mine][0] == hours[-1]  # nine in ten of two campaigns are both
        assert rows["reached"][mine][0] == np.isfinite(hours).mean()


def test_a_ranking_names_every_unknown_of_the_study(loaded):
    rows = maps.play(loaded, "looks.drivers.entropy_nats.tornado").tables()["drivers"]
    assert rows["unknown"].tolist() == Study(loaded).names
    assert (rows["low"] != rows["high"]).any()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("unknown: offset_db, values: [-10, 10]}\n      y: {unknown: power_db", "unknown: ofset_db, values: [1, 2]}\n"
         "      y: {unknown: power_db", "ofset_db"),
        ("values: [40, 120]", "values: [120, 40]", "rising"),
        ("ask: [sd<3, type>0.8]", "ask: [sd<3, tipe>0.8]", "tipe>0.8"),
        ("answer: entropy_nats", "answer: entropy_nat", "entropy_nats"),
        ("y: {unknown: power_db,", "y: {unknown: offset_db,", "must differ"),
        ("name: standoff", "name: secrets", "two maps"),
        ("y: {unknown: power_db,", "y: {unknown: power_db.K,", "one of the radars' bands"),
        ("campaign:\n", "campaign:\n  signature_changes: [{type: lo-fighter, redraw: true}]\n", "signature_changes"),
    ],
)  # fmt: skip
def test_a_map_that_makes_no_sense_is_refused_before_anything_is_played(tmp_path, old, new, said):
    with pytest.raises(ScenarioError, match=said):
        maps.check(changed(tmp_path, old, new))
