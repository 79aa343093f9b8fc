from pathlib import Path

import pytest

from watchfloor.base.errors import ScenarioError
from watchfloor.base.streams import Streams
from watchfloor.run.mission import draw
from watchfloor.scenario import catalog
from watchfloor.scenario.cite import assumptions
from watchfloor.scenario.load import load, with_priors
from watchfloor.scenario.priors import cards_of, learner_cards

EXAMPLE = Path(__file__).parents[2] / "examples" / "priors" / "cautious-owner.yaml"
HEAD = "watchfloor: 1\nname: mine\nsources:\n  ours: {text: ours, standing: assumption}\n"


@pytest.fixture(scope="module")
def loaded():
    return load("working-group")


def laid(loaded, tmp_path, body):
    path = tmp_path / "mine.yaml"
    path.write_text(HEAD + body)
    return with_priors(loaded, path)


def test_without_priors_the_cards_are_the_catalogues(loaded):
    held = cards_of(loaded.scenario)
    assert dict(held.types) == dict(catalog.types())
    assert dict(held.radars) == dict(catalog.radars())
    assert learner_cards(loaded.scenario) == held.types


def test_a_spread_replaces_a_spread_and_nothing_else(loaded, tmp_path):
    body = "priors:\n  types.lo-fighter.signature.S.offset_db: {p10: -8, p50: -3, p90: 2, source: ours}\n"
    held = cards_of(laid(loaded, tmp_path, body).scenario).types["lo-fighter"]
    public = catalog.types()["lo-fighter"]
    assert held.signature["S"].offset_db.quantile_range() == pytest.approx((-8, -3, 2))
    assert held.signature["X"] == public.signature["X"]
    assert held.signature["S"].sigma_dbsm == public.signature["S"].sigma_dbsm
    assert held.cell_sigma_db == public.cell_sigma_db


def test_a_part_of_a_spread_leaves_the_rest(loaded, tmp_path):
    held = cards_of(laid(loaded, tmp_path, "priors:\n  types.lo-fighter.cell_sigma_db.p90: 8\n").scenario)
    spread, public = held.types["lo-fighter"].cell_sigma_db, catalog.types()["lo-fighter"].cell_sigma_db
    assert (spread.p10, spread.p50, spread.p90, spread.source) == (public.p10, public.p50, 8, public.source)


def test_a_bare_number_is_exact_and_the_partys_own(loaded, tmp_path):
    held = cards_of(laid(loaded, tmp_path, "priors:\n  radars.s-band-acquisition.peak_power_kw: 40\n").scenario)
    power = held.radars["s-band-acquisition"].peak_power_kw
    assert (power.fixed, power.source) == (40, "scenario")


def test_branches_may_be_nested_instead_of_dotted(loaded, tmp_path):
    nested = (
        "priors:\n  types:\n    lo-fighter:\n      cell_sigma_db: {p90: 8}\n      signature: {S: {offset_db: 2.0}}\n"
    )
    dotted = "priors:\n  types.lo-fighter.cell_sigma_db.p90: 8\n  types.lo-fighter.signature.S.offset_db: 2.0\n"
    one, other = (cards_of(laid(loaded, tmp_path, body).scenario).types["lo-fighter"] for body in (nested, dotted))
    assert one == other


def test_truth_is_drawn_from_priors_and_the_learner_starts_from_what_is_believed(loaded):
    party = with_priors(loaded, EXAMPLE).scenario
    true, believed = cards_of(party).types["lo-fighter"], learner_cards(party)["lo-fighter"]
    assert true.signature["S"].offset_db.median == -5
    assert believed.signature["S"].offset_db == catalog.types()["lo-fighter"].signature["S"].offset_db.model_copy(
        update={"note": ""}
    )
    public = draw(loaded.scenario, Streams(1, "replicate-0"))
    own = draw(party, Streams(1, "replicate-0"))
    row = public.signatures["lo-fighter"].row("S")
    assert own.signatures["lo-fighter"].dbsm[row].mean() != pytest.approx(
        public.signatures["lo-fighter"].dbsm[row].mean()
    )
    assert own.signatures["airliner"].dbsm.tolist() == public.signatures["airliner"].dbsm.tolist()


def test_every_option_has_the_priors_and_the_digest_moves(loaded):
    party = with_priors(loaded, EXAMPLE)
    assert party.digest != loaded.digest
    assert party.priors == EXAMPLE
    assert set(party.options) == set(loaded.options)
    assert all(one.priors == party.scenario.priors for one in party.options.values())
    again = with_priors(loaded, EXAMPLE)
    assert again.digest == party.digest


def test_the_register_of_assumptions_names_the_partys_source(loaded):
    rows = {row.parameter: row for row in assumptions(with_priors(loaded, EXAMPLE))}
    row = rows["types.lo-fighter.signature.S.offset_db"]
    assert row.value == pytest.approx((-8.0, -5.0, -2.0))
    assert row.source.startswith("The party's own estimate")


@pytest.mark.parametrize(
    ("body", "line", "said"),
    [
        ("priors:\n  typs.lo-fighter.length_m: 3\n", 6, "did you mean 'types'"),
        ("priors:\n  types.lo-figter.length_m: 3\n", 6, "did you mean 'lo-fighter'"),
        ("priors:\n  types.lo-fighter.lenght_m: 3\n", 6, "did you mean 'length_m'"),
        ("priors:\n  types.lo-fighter: 3\n", 6, "a number of the card"),
        ("priors:\n  types.lo-fighter.length_m: -3\n", 6, "above 0"),
        ("priors:\n  types.lo-fighter.length_m: long\n", 6, "came 'long'"),
        ("priors:\n  types.lo-fighter.length_m: {p10: 3, p50: 2, p90: 4, source: ours}\n", 6, "p10 <= p50"),
        ("priors:\n  types.lo-fighter.length_m: {fixed: 14, source: yours}\n", 6, "'ours'"),
        ("believed:\n  radars.s-band-acquisition.peak_power_kw: 3\n", 6, "owner knows its own radars"),
        ("prior:\n  types.lo-fighter.length_m: 14\n", 5, "did you mean 'priors'"),
    ],
)
def test_a_mistake_is_told_with_place_and_remedy(loaded, tmp_path, body, line, said):
    with pytest.raises(ScenarioError) as caught:
        laid(loaded, tmp_path, body)
    assert [m.line for m in caught.value.mistakes] == [line], str(caught.value)
    assert said in caught.value.mistakes[0].message


def test_priors_that_make_a_route_impossible_are_refused(loaded, tmp_path):
    with pytest.raises(ScenarioError, match=r"makes .* wrong"):
        laid(loaded, tmp_path, "priors:\n  types.lo-fighter.speed_max_mps: 200\n")


def test_a_scenario_may_hold_priors_itself(tmp_path):
    text = Path(load("working-group").path).read_text()
    path = tmp_path / "own.yaml"
    path.write_text(text + "\npriors:\n  types.lo-fighter.length_m: 14\n")
    assert cards_of(load(path).scenario).types["lo-fighter"].length_m.fixed == 14
    path.write_text(text + "\npriors:\n  types.lo-fighter.lenght_m: 14\n")
    with pytest.raises(ScenarioError, match="did you mean 'length_m'"):
        load(path)
