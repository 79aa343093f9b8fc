import hashlib

import numpy as np
import pytest

from watchfloor.base.errors import RecordError, ScenarioError
from watchfloor.scenario.load import load
from watchfloor.study import breakeven
from watchfloor.study.breakeven import Axis, at_point, grid_of, hours_until, question, summed, unknowns_of

LOADED = load("working-group")
ASKED = tuple(question(one) for one in ("sd<2", "type>0.9", "false<0.2", "range+5"))
X, Y = Axis("power_db.X", (-25.0, 0.0)), Axis("campaign.movers.jet.route.centre.distance_km", (100.0, 250.0))


def fingerprint(folder):
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def played(folder, **options):
    ask = {"x": X, "y": Y, "questions": ASKED, "replicates": 3, "horizon_h": 1.0, "workers": 1} | options
    return breakeven.play(LOADED, out=folder, **ask)


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    folder = tmp_path_factory.mktemp("breakeven") / "one"
    return folder, played(folder)


def test_the_map_has_a_row_for_every_point_radar_and_question(one):
    _, table = one
    assert len(table) == 4 * (4 + 1 + 1 + 4)
    assert np.all(table.p10_h <= table.p50_h)
    assert np.all(table.p50_h <= table.p90_h)
    assert np.all((table.reached >= 0.0) & (table.reached <= 1.0))


def test_a_weak_radar_takes_longer_and_the_others_do_not_care(one):
    _, table = one
    _, _, x_band = grid_of(table, "p50_h", question=0, sensor=2)
    assert x_band[0, 1] > x_band[1, 1]
    _, _, vhf = grid_of(table, "p50_h", question=0, sensor=0)
    np.testing.assert_allclose(vhf[0], vhf[1], atol=0.2)


def test_the_record_is_read_as_it_was_played_and_resumes(one, tmp_path):
    folder, table = one
    again, x, y, asked = breakeven.read(folder)
    np.testing.assert_array_equal(again.p50_h, table.p50_h)
    assert (x, y, asked) == (X, Y, ASKED)
    before = fingerprint(folder)
    played(folder)
    assert fingerprint(folder) == before
    with pytest.raises(RecordError):
        played(folder, replicates=4)


def test_workers_do_not_change_the_record(one, tmp_path):
    played(tmp_path / "two", workers=2)
    assert fingerprint(tmp_path / "two") == fingerprint(one[0])


def test_the_map_at_a_grid_point_is_the_grids_value_and_between_lies_between(one):
    _, table = one
    xs, ys, hours = grid_of(table, "p50_h", question=0, sensor=-1)
    assert at_point(table, xs[0], ys[1], question=0, sensor=-1)[1] == hours[0, 1]
    inside = at_point(table, -10.0, 160.0, question=0, sensor=-1)[1]
    assert hours.min() <= inside <= hours.max()
    with pytest.raises(ValueError, match="inside x"):
        at_point(table, 99.0, 160.0, question=0, sensor=-1)


def test_hours_count_from_when_it_holds_for_good():
    hours = np.array([0.0, 1.0, 2.0, 3.0])
    assert hours_until(hours, np.array([9.0, 2.0, 5.0, 1.0]), 3.0, rising=False) == pytest.approx(2.5)
    assert hours_until(hours, np.array([1.0, 1.0, 1.0, 1.0]), 3.0, rising=False) == 0.0
    assert hours_until(hours, np.array([0.1, 0.2, 0.9, 0.7]), 0.8, rising=True) == np.inf
    assert hours_until(hours, np.array([0.1, 0.2, 0.6, 1.0]), 0.8, rising=True) == pytest.approx(2.5)


def test_bands_of_campaigns_that_never_get_there_are_infinite():
    rows = {
        "x": np.zeros(10), "y": np.zeros(10), "question": np.zeros(10), "sensor": np.zeros(10),
        "hours": np.array([1.0, 2, 3, 4, 5, 6, np.inf, np.inf, np.inf, np.inf]),
    }  # fmt: skip
    table = summed(rows)
    assert (table.p10_h[0], table.p50_h[0], table.p90_h[0], table.reached[0]) == (1.0, 5.0, np.inf, 0.6)


def test_an_unknown_without_a_band_goes_for_all_and_adds_to_one_with():
    found = unknowns_of({"power_db": 2.0, "power_db.X": 1.0, "reliability": 0.9}, ("VHF", "X"))
    assert found.power_db == {"VHF": 2.0, "X": 3.0}
    assert found.reliability == 0.9


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: question("sd>3"), "sd<3"),
        (lambda: question("type>1.5"), "between 0 and 1"),
        (lambda: Axis("power_db", (1.0,)), "two rising"),
        (lambda: Axis("power_db", (0.0, np.nan)), "two rising"),
        (lambda: unknowns_of({"pover_db": 1.0}, ("X",)), "did you mean 'power_db'"),
        (lambda: unknowns_of({"power_db.L": 1.0}, ("X",)), "bands"),
        (lambda: Axis("reliability", (0.5, 2.0)), "at most 1"),
        (lambda: breakeven.play(LOADED, out=None, x=X, y=X), "differ"),
        (lambda: breakeven.play(LOADED, out=None, x=X, y=Y, horizon_h=0.0), "horizon_h"),
    ],
)
def test_bad_input_is_refused_with_what_came(call, said):
    with pytest.raises(ValueError, match=said):
        call()


def test_an_axis_that_is_no_key_is_told_before_anything_is_played(tmp_path):
    with pytest.raises(ScenarioError, match="campaign"):
        played(tmp_path / "x", y=Axis("campaign.movers.jet.route.centre.distanse_km", (100.0, 200.0)))
    assert not (tmp_path / "x").exists()


def test_an_axis_that_is_no_unknown_is_told_before_anything_is_played(tmp_path):
    with pytest.raises(ValueError, match="did you mean 'offset_db'"):
        played(tmp_path / "x", y=Axis("ofset_db", (1.0, 2.0)))
    with pytest.raises(ValueError, match="bands"):
        played(tmp_path / "x", y=Axis("offset_db.Q", (1.0, 2.0)))
    with pytest.raises(ScenarioError, match="distance_km"):
        played(tmp_path / "x", y=Axis("campaign.movers.jet.route.centre.distance_km", (100.0, 1e9)))
    assert not (tmp_path / "x").exists()


def test_a_record_of_something_else_is_refused(tmp_path):
    with pytest.raises(RecordError):
        breakeven.read(tmp_path)
