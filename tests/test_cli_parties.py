"""Commands for numbers that neither side tells: break-even maps, drivers, a party's priors, where two differ."""

import json
from pathlib import Path

import pytest

from watchfloor import cli

ROOT = Path(__file__).resolve().parents[1]
PRIORS = ROOT / "examples" / "priors" / "cautious-owner.yaml"
SMALL = ROOT / "tests" / "study" / "small.yaml"


@pytest.fixture
def call(capsys):
    """Call the command line here; return status, stdout and stderr."""

    def inner(*arguments: object) -> tuple[int, str, str]:
        status = cli._run([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return status, said.out, said.err

    return inner


def test_breakeven_plays_a_map_and_reads_it_at_a_partys_own_point(call, tmp_path):
    ask = (
        *("breakeven", "working-group", "--out", tmp_path / "b", "--workers", 1, "--replicates", 2, "--hours", 1),
        *("--ask", "sd<3,type>0.8", "--x", "offset_db=-6,6", "--y", "reliability=0.8,1", "--at", "0,0.9"),
    )
    status, out, err = call(*ask)
    assert status == 0, err
    assert out.count("at your point") == 2
    assert (tmp_path / "b" / "breakeven-0.svg").read_text().startswith("<?xml")
    status, out, _ = call(*ask, "--json")
    found = json.loads(out)
    assert found["questions"] == ["sd<3", "type>0.8"]
    assert len(found["map"]["x"]) == 4 * (4 + 1)
    assert len(found["at"]) == 2


def test_drivers_ranks_unknowns_and_draws_them(call, tmp_path):
    picture = tmp_path / "d.svg"
    status, out, err = call("drivers", "working-group", "--answer", "entropy_nats", "--n", 2, "--plot", picture)
    assert status == 0, err
    assert "sorties flown" in out
    assert "offset_db.assumed" in picture.read_text()
    status, out, _ = call("drivers", "working-group", "--method", "tornado", "--json", "--priors", PRIORS)
    assert status == 0
    assert "offset_db.assumed" in json.loads(out)["unknowns"]["unknowns"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("breakeven", "working-group"), "Missing option '--out'"),
        (("breakeven", "working-group", "--out", "x", "--x", "offset_db"), "wanted NAME=V,V"),
        (("breakeven", "working-group", "--out", "x", "--x", "offset_db=1"), "two rising"),
        (("breakeven", "working-group", "--out", "x", "--ask", "sd>3"), "wanted a question such as"),
        (("breakeven", "working-group", "--out", "x", "--y", "power_dp=0,1"), "power_dp"),
        (("drivers", "working-group", "--answer", "nats"), "there are sd_db"),
        (("drivers", ROOT / "examples" / "first-radar.yaml"), "wanted a study"),
        (("study", "working-group", "--out", "x", "--priors", "none.yaml"), "none.yaml"),
        (("differ", "nowhere", "nothing"), "nowhere"),
    ],
)
def test_wrong_usage_ends_with_2_and_a_hint(call, tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    status, out, err = call(*arguments)
    assert (status, out) == (2, "")
    assert said in err


def test_a_mistake_in_priors_is_told_with_its_place(call, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("watchfloor: 1\nname: mine\npriors:\n  types.lo-figter.length_m: 3\n")
    status, _, err = call("study", "working-group", "--out", tmp_path / "x", "--priors", path)
    assert status == 2
    assert "mine.yaml:4:" in err
    assert "did you mean 'lo-fighter'" in err
    assert not (tmp_path / "x").exists()


@pytest.mark.slow
def test_a_study_under_priors_keeps_them_and_differs_from_the_public_one(call, tmp_path):
    for name, more in (("public", ()), ("party", ("--priors", PRIORS))):
        status, _, err = call("study", SMALL, "--out", tmp_path / name, "--workers", 1, "--replicates", 2, *more)
        assert status == 0, err
    assert (tmp_path / "party" / "priors.yaml").read_bytes() == PRIORS.read_bytes()
    status, out, err = call("differ", tmp_path / "public", tmp_path / "party")
    assert status == 0, err
    assert "types.lo-fighter.signature.S.offset_db" in out
    assert "cautious-owner" in out
    status, out, _ = call("differ", tmp_path / "public", tmp_path / "party", "--json")
    assert json.loads(out)["paired"] == 2
