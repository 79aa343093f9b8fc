"""Maps, rankings and other people's numbers on the page are those of the record."""

from __future__ import annotations

import re

import numpy as np
import pytest

from watchfloor.base.errors import RecordError
from watchfloor.record import Record
from watchfloor.report import build, unspoken
from watchfloor.report.gather import gather
from watchfloor.scenario.load import load, with_priors


@pytest.fixture(scope="module")
def study(record):
    return gather(record)


def test_a_map_is_the_records(record, study):
    config = study.config.maps[1]
    found = unspoken.map_of(study, config, 0, -1)
    assert found is not None
    np.testing.assert_array_equal(found.x, [-10.0, 10.0])
    np.testing.assert_array_equal(found.y, [40.0, 120.0])
    rows = Record.open(record).query(
        "SELECT p50_h FROM breakeven WHERE map_name = 'standoff' AND sensor = -1 AND x = 10 AND y = 40"
    )
    assert found.hours[1][1, 0] == rows["p50_h"][0]
    assert unspoken.map_of(study, config, 5, -1) is None


def test_every_map_question_and_radar_stands_on_the_page(study):
    section = unspoken.maps(study)
    assert len(section.pictures) == 3
    heads = [row[0].text for table in section.tables for row in table.rows]
    for text in ("sd<3", "type>0.8"):
        assert unspoken.question_words(text) in heads
    assert "VHF radar (ew)" in heads


def test_axes_and_questions_have_words():
    assert unspoken.axis_words("offset_db.S").endswith("[dB], S band")
    assert unspoken.axis_words("campaign.movers.jet.route.centre.distance_km") == "stand-off [km]"
    assert "probability 0.8" in unspoken.question_words("type>0.8")
    assert "5 %" in unspoken.question_words("range+5")


def test_the_greatest_share_leads_the_ranking(study):
    section = unspoken.drivers(study)
    rows = study.tables["drivers"]
    mine = rows["method"] == "sobol"
    lead = rows["unknown"][mine][np.argmax(rows["value"][mine])]
    assert section.tables[0].rows[0][0].notes == (lead,)
    assert len(section.tables[0].rows) == mine.sum()


def test_a_study_without_maps_says_what_is_missing(study):
    import dataclasses

    bare = dataclasses.replace(
        study, tables={k: v for k, v in study.tables.items() if k not in ("breakeven", "drivers")}
    )
    assert "no break-even map" in unspoken.maps(bare).answer
    assert "ranks no unknowns" in unspoken.drivers(bare).answer


def test_two_parties_records_are_laid_side_by_side(record, altered, tmp_path):
    def change(table):
        table["p_survive"] = np.where(table["option"] == "quiet", table["p_survive"] - 0.5 - 0.01 * table["replicate"],
                                      table["p_survive"])  # fmt: skip

    other = altered("trials", change)
    text = build(record, tmp_path / "both.html", against=other).read_text("utf-8")
    part = re.search(r'id="parties".*?</section>', text, re.DOTALL)
    assert part is not None
    assert "expected survival of the jet under quiet" in part[0]
    assert "under late" not in part[0]


def test_numbers_of_a_party_are_named_with_both_values(record, tmp_path):
    mine = tmp_path / "mine.yaml"
    mine.write_text("watchfloor: 1\nname: ours\npriors:\n  radars.s-band-acquisition.noise_figure_db: 3\n", "utf-8")
    public = load(record / "scenario.yaml")
    rows = unspoken._numbers(public, with_priors(public, mine))
    assert [row[0].notes for row in rows] == [("radars.s-band-acquisition.noise_figure_db",)]
    assert rows[0][1].text != rows[0][2].text == "3 | 3 | 3"


def test_records_without_a_common_option_are_refused(study):
    import dataclasses

    stranger = dataclasses.replace(study)
    stranger.__dict__["options"] = ("else",)
    with pytest.raises(RecordError, match="share no option"):
        unspoken.parties(study, stranger)
