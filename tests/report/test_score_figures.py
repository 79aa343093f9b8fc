import xml.etree.ElementTree as ET

import numpy as np
import pytest

from watchfloor.assess.consistency import calibration, nees_over_time
from watchfloor.assess.tracking import score_tracks
from watchfloor.base.errors import DataError
from watchfloor.report.score_figures import (
    gospa_over_time,
    nees_in_band,
    reliability_diagram,
    standalone,
    write_figure,
)


def scores(n_times=50):
    rng = np.random.default_rng(70)
    t, who = np.repeat(10.0 * np.arange(n_times), 3), np.tile(np.arange(3), n_times)
    where = rng.uniform(0.0, 1e4, (3, 2))[who]
    seen = rng.random(len(t)) < 0.8
    return score_tracks(
        t, who, where, t[seen], who[seen], where[seen] + rng.normal(0, 50, (seen.sum(), 2)), cutoff_m=1e3
    )[0]


def texts(svg):
    return [one.text for one in ET.fromstring(standalone(svg)).iter() if one.tag.endswith("text")]


@pytest.mark.parametrize("n_times", [1, 50, 1500])
def test_gospa_over_time_is_a_figure_that_names_its_parts(n_times):
    table = scores(n_times)
    svg = gospa_over_time("g", table, cutoff_m=1e3, title="north", alt="GOSPA over time")
    said = texts(svg)
    for word in ("errors of place", "missed targets", "false tracks", "GOSPA", "targets held", "north"):
        assert word in said, word
    assert any("cutoff 1000 m" in (line or "") for line in said)
    assert svg == gospa_over_time("g", table, cutoff_m=1e3, title="north", alt="GOSPA over time")


def test_clock_times_count_from_the_first():
    table = scores()
    late = type(table)(**{name: column + 1.6e9 * (name == "t_s") for name, column in table.items()})
    said = [one or "" for one in texts(gospa_over_time("g", late, cutoff_m=1e3, title="t", alt="a"))]
    assert "time since the first moment [s]" in said
    assert not any("e9" in one or "e+09" in one for one in said)


def test_nees_in_its_band_says_how_often_it_is_inside():
    t = np.repeat(np.arange(20.0), 30)
    value = np.where(t < 10.0, 6.0, 60.0)
    svg = nees_in_band("n", nees_over_time(t, value, dof=6), dof=6, share=0.95, title="NEES", alt="NEES")
    assert "50 % of 20 times inside" in texts(svg)
    assert "95 % band" in texts(svg)


def test_a_reliability_diagram_takes_one_or_several():
    rng = np.random.default_rng(71)
    said = rng.random(300)
    one = calibration(said, rng.random(300) < said)
    assert any(
        line and line.startswith("Brier 0.") for line in texts(reliability_diagram("r", one, title="t", alt="a"))
    )
    both = texts(reliability_diagram("r", {"here": one, "there": one}, title="t", alt="a"))
    assert sum(bool(line and "calibration error" in line) for line in both) == 2
    assert "honest" in both


def test_a_figure_becomes_a_file_of_its_own(tmp_path):
    svg = gospa_over_time("g", scores(), cutoff_m=1e3, title="a & b", alt="a & b")
    write_figure(tmp_path / "g.svg", svg)
    root = ET.parse(tmp_path / "g.svg").getroot()
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root.get("aria-label") == "a & b"
    assert float(root.get("width", "0").removesuffix("pt")) > 100.0
    with pytest.raises(DataError, match=r"no\.svg: cannot be written"):
        write_figure(tmp_path / "nowhere" / "no.svg", svg)
    assert [path.name for path in tmp_path.iterdir()] == ["g.svg"]
