from __future__ import annotations

import pickle
import re
from pathlib import Path

import pytest

from watchfloor.base.errors import ScenarioError
from watchfloor.scenario import catalog
from watchfloor.scenario.load import SHIPPED, apply, cards, digest, load, shipped
from watchfloor.scenario.model import Scenario

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
FILES = [*shipped().values(), *sorted(EXAMPLES.glob("*.yaml"))]


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_every_file_that_is_shipped_loads(path):
    assert load(path).scenario.name == path.stem


def test_a_bare_name_finds_the_shipped_file(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "working-group").mkdir()  # an output folder of the same name is not in the way
    assert load("working-group").path == SHIPPED / "working-group.yaml"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("working-gruop", "did you mean 'working-group'? (there is no such file; shipped: "),
        ("nope.yaml", "nope.yaml: wanted a scenario file (there is none here); check the path"),
        ("no/such/file.yaml", "no/such/file.yaml: wanted a scenario file (there is none here)"),
        ("", "wanted a scenario file, or a shipped scenario"),
    ],
)
def test_a_file_that_is_not_there_is_named_with_a_remedy(name, said):
    with pytest.raises(ScenarioError) as err:
        load(name)
    assert said in str(err.value)


def test_a_folder_is_no_scenario(tmp_path):
    with pytest.raises(ScenarioError, match="came a folder"):
        load(tmp_path)


# The bad-input list: each wrong piece, and what is said about it, word for word.
WRONG = [
    ("lat_deg: 40.079", "lat_deg: 91", "s.yaml:29:14: places.site.lat_deg: wanted at most 90 (came 91)"),
    ("lat_deg: 40.079", "lat_deg: .nan", "s.yaml:29:14: places.site.lat_deg: wanted a finite number (came nan)"),
    ("lat_deg: 40.079", "lat_deg: north", "s.yaml:29:14: places.site.lat_deg: wanted a number (came 'north')"),
    ("lat_deg: 40.079", "lat_deg:", "s.yaml:29:5: places.site.lat_deg: wanted a number (came nothing)"),
    ("lat_deg: 40.079", "lat_deg: '40.079'",
     "s.yaml:29:14: places.site.lat_deg: wanted a number without quotes (came '40.079')"),
    ("lat_deg: 40.079", "lat_dge: 40.079",
     "s.yaml:29:5: places.site.lat_dge: wanted a known key; did you mean 'lat_deg'? (came 'lat_dge')"),
    ("alt_m: 880", "alt_km: 0.88", "s.yaml:31:5: places.site.alt_km: wanted 'alt_m', in m (came 'alt_km', in km)"),
    ("alt_m: 880", "alt: 880", "s.yaml:31:5: places.site.alt: wanted 'alt_m', in m (came 'alt')"),
    ("tick_s: 60", "tick_s: .inf", "s.yaml:63:11: campaign.tick_s: wanted a finite number (came inf)"),
    ("duration_s: 1800", "duration_s: -5", "s.yaml:62:15: campaign.duration_s: wanted more than 0 (came -5)"),
    ("seed: 20190403", "seed: 1.5", "s.yaml:13:7: seed: wanted a whole number (came 1.5)"),
    ("seed: 20190403", "seed: true", "s.yaml:13:7: seed: wanted a whole number (came true)"),
    ("transponder: true", "transponder: yes",
     "s.yaml:69:20: campaign.movers.jet.transponder: wanted true or false (came 'yes')"),
    ("kind: rotating, name: ew", "kind: rotatng, name: ew",
     "s.yaml:35:12: sensors.ew.kind: wanted a kind of sensor, one of observer, passive, phased, rotating, secondary, "
     "staring; "
     "did you mean 'rotating'? (came kind 'rotatng')"),
    ("kind: rotating, name: ew", "name: ew",
     "s.yaml:35:5: sensors.ew: wanted a key `kind`, one of observer, passive, phased, rotating, secondary, staring "
     "(it is missing)"),
    ("tracker: {kind: gnn}", "tracker: gnn", "s.yaml:40:10: tracker: wanted lines of `key: value` (came 'gnn')"),
    ("watchfloor: 1", "watchfloor: 2", "s.yaml:6:13: watchfloor: wanted 1 (came 2)"),
    ("name: working-group", "name: working group",
     "s.yaml:7:7: name: wanted a name of letters, digits, - and _ that starts with a letter or digit "
     "(came 'working group')"),
    ("mode: ask", "mode: aks",
     "s.yaml:47:21: command.authority.mode: wanted one of 'auto', 'ask' or 'hold'; did you mean 'ask'? (came 'aks')"),
    ("replicates: 30\n", "\n",
     "s.yaml:152:1: study.replicates: wanted this key: paired runs of each option (it is missing)"),
    ("heading_deg: 330\n", "\n",
     "s.yaml:71:7: campaign.movers.jet.route.heading_deg: wanted this key: course of the first leg, clockwise from "
     "true north at the centre [deg] (it is missing)"),
    ("fire_control: [fc]", "fire_control: []",
     "s.yaml:46:3: command.fire_control: wanted at least 1 item (came a list of 0)"),
    ("fire_control: [fc]", "fire_control: fc", "s.yaml:46:17: command.fire_control: wanted a list (came 'fc')"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "said"), WRONG, ids=[w[1].strip() or f"no {w[0]}" for w in WRONG])
def test_a_wrong_piece_is_told_once_at_its_place(broken, old, new, said):
    assert broken((old, new)) == [said]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (r"peak_power_kw: {p10: \d+,", "peak_power_kw: {p10: -90,", r"peak_power_kw.* p10 > 0, got -90"),
        (r"peak_power_kw: {.*?}", "peak_power_kw: -90", r"peak_power_kw: wanted above 0 in every draw \(.*-90"),
        (r"losses_db: {p10: \S+ ", "losses_db: {p10: 0.1, ", r"losses_db: wanted at least 0 in every draw \(.*from -"),
        (r"n_coherent: ", "n_coherent: -", r"n_coherent: wanted at least 1 \(came -"),
        (
            r"elevation_max_deg: {.*?}",
            "elevation_max_deg: 91",
            r"elevation_max_deg: wanted .* at most 90 in every draw",
        ),
        (r"bandwidth_mhz: {.*?}", "bandwidth_mhz: .nan", r"bandwidth_mhz: .*finite"),
    ],
    ids=["negative power", "negative power alone", "a draw that gains", "no pulse", "beyond the zenith", "NaN"],
)
def test_a_card_that_no_radar_could_have_is_told_at_its_place(monkeypatch, tmp_path, old, new, said):
    text = (Path(catalog.__file__).parent / "radars.yaml").read_text("utf-8")
    changed, n = re.subn(old, new, text, count=1)
    assert n == 1
    (tmp_path / "radars.yaml").write_text(changed, "utf-8")
    monkeypatch.setattr(catalog, "_HERE", tmp_path)
    with pytest.raises(ScenarioError, match=rf"^catalog/radars\.yaml:\d+:\d+: cards\..*{said}"):
        catalog._shelf(catalog.Shelf[catalog.RadarCard], "radars.yaml")


def test_mistakes_of_shape_and_of_meaning_come_in_one_pass_in_order_of_place(broken):
    said = broken(
        ("lat_deg: 40.079", "lat_deg: 91"),
        ("place: site, mast_m: 15", "place: sight, mast_m: 15"),
        ("type: lo-fighter", "type: lo-figter"),
        ("speed_mps: 240", "speed_mps: 900"),
        ("subject: jet", "subject: jot"),
        ("{campaign.movers.jet.reflectors: true}", "{campaign.movers.jet.reflector: true}"),
    )
    assert [line.split(": ")[1] for line in said] == [
        "places.site.lat_deg",
        "sensors.ew.place",
        "campaign.movers.jet.type",
        "campaign.movers.fighter.route.speed_mps",
        "study.subject",
        "study.subject",
        "study.options.reflectors.set.campaign.movers.jet.reflector",
    ]
    assert [int(line.split(":")[1]) for line in said] == sorted(int(line.split(":")[1]) for line in said)


def test_a_misspelt_heading_is_one_mistake_and_not_a_flood(broken):
    assert broken(("sensors:\n", "sensorz:\n")) == [
        "s.yaml:34:1: sensorz: wanted a known key; did you mean 'sensors'? (came 'sensorz')"
    ]
    said = broken(("campaign:\n", "campaigns:\n"))
    assert len(said) == 2
    assert "did you mean 'campaign'?" in said[0]
    assert "wanted a `campaign` beside it" in said[1]


def test_what_an_alias_repeats_is_told_once(broken):
    assert len(broken(("speed_mps: 235", "speed_kt: 450"))) == 1


def test_a_file_of_another_sort_says_what_it_lacks(broken):
    said = broken(text="name: compose\nservices: {}\n")
    assert any(line.startswith("s.yaml:2:1: services: wanted ") for line in said)
    assert any(": sensors: wanted this key: " in line for line in said)


def test_remarks_and_layout_do_not_change_the_digest(tmp_path):
    source = (EXAMPLES / "first-radar.yaml").read_text("utf-8")
    (tmp_path / "a.yaml").write_text(source, "utf-8")
    (tmp_path / "b.yaml").write_text("# a remark\n\n" + source.replace("seed: 1 ", "seed:   0x1 "), "utf-8")
    (tmp_path / "c.yaml").write_text(source.replace("seed: 1 ", "seed: 2 "), "utf-8")
    a, b, c = (load(tmp_path / f"{name}.yaml").digest for name in "abc")
    assert a == b != c
    assert len(a) == 64


def test_the_digest_covers_the_cards_that_are_used(monkeypatch):
    loaded = load("working-group")
    used = cards(loaded.scenario)
    assert ("radars", "vhf-early-warning") in [(family, name) for family, name, _ in used]
    other = used[0][2].model_copy(update={"title": "changed"})
    monkeypatch.setattr(
        catalog, "radars", lambda: {used[0][1]: other, **{n: c for f, n, c in used[1:] if f == "radars"}}
    )
    assert digest(loaded.scenario, loaded.options.values()) != loaded.digest


def test_a_change_goes_to_the_item_of_that_name():
    loaded = load("working-group")
    changed = apply(loaded, {"campaign.movers.jet.reflectors": True, "campaign.delay_months": 6})
    before = {m.name: m.reflectors for m in loaded.scenario.campaign.movers}
    after = {m.name: m.reflectors for m in changed.campaign.movers}
    assert {name for name in before if before[name] != after[name]} == {"jet"}
    assert (loaded.scenario.campaign.delay_months, changed.campaign.delay_months) == (0, 6)
    assert changed.study == loaded.scenario.study


def test_no_change_is_the_same_scenario():
    loaded = load("working-group")
    assert apply(loaded, {}) == loaded.scenario == loaded.options["open-100"]


def test_a_change_does_not_reach_what_shared_an_alias():
    loaded = load("working-group")
    changed = apply(loaded, {"campaign.movers.airliner-west.route.speed_mps": 200})
    speed = {phase: next(m for m in getattr(changed, phase).movers if m.name == "airliner-west").route.speed_mps
             for phase in ("campaign", "mission")}  # fmt: skip
    assert speed == {"campaign": 200, "mission": 235}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"campaign.months": 0}, "campaign.months: wanted at least 1 (came 0)"),
        ({"mission.tick": 5}, "mission.tick: wanted 'tick_s', in s (came 'tick')"),
        ({"campaign.movers.yet.reflectors": True}, "wanted the name of an item; did you mean 'jet'? (came 'yet')"),
        ({"campaign.movers.jet.name.x": 1}, "there is nothing inside 'jet'"),
        ({"seed": 3}, "wanted a key outside watchfloor, name, seed, study"),
        ({"campaign.movers.airliner-west.reflectors": True}, "the catalogue knows no reflector of type 'airliner'"),
    ],
)
def test_a_change_that_cannot_be_made_is_told(changes, said):
    with pytest.raises(ScenarioError) as err:
        apply(load("working-group"), changes)
    assert said in str(err.value)


def test_an_option_that_does_not_exist_is_named():
    with pytest.raises(ValueError, match="no option 'combine' in this study; did you mean 'combined'"):
        load("working-group").option("combine")


def test_a_loaded_scenario_travels_to_another_process():
    loaded = load("working-group")
    again = pickle.loads(pickle.dumps(loaded))
    assert again.scenario == loaded.scenario
    assert again.text.at(("seed",)) == loaded.text.at(("seed",))


def test_an_option_is_wrong_at_its_own_line(broken):
    changed = "{campaign.movers.jet.type: airliner, campaign.movers.jet.reflectors: true}"
    assert broken(
        ("{campaign.delay_months: 6}", "{campaign.delay_months: -6}"),
        ("{campaign.delay_months: 12}", "{campain.delay_months: 12}"),
        ("{sharing.vendor-link.enabled: false}", "{sharing.vendor.enabled: false, study.replicates: 3}"),
        ("{campaign.movers.jet.route.centre.distance_km: 50}", changed),
    ) == [
        "s.yaml:165:81: study.options.standoff-50.set.campaign.movers.jet.reflectors: wanted false: the catalogue "
        "knows no reflector of type 'airliner' (came true)",
        "s.yaml:180:37: study.options.no-sharing.set.sharing.vendor.enabled: wanted the name of an item; did you mean "
        "'vendor-link'? (came 'vendor')",
        "s.yaml:180:62: study.options.no-sharing.set.study.replicates: wanted a key outside watchfloor, name, seed, "
        "study: the options of a study share these (came 'study.replicates')",
        "s.yaml:183:36: study.options.delay-6.set.campaign.delay_months: wanted at least 0 (came -6)",
        "s.yaml:186:35: study.options.delay-12.set.campain.delay_months: makes campain wrong: wanted a known key; did "
        "you mean 'campaign'? (came 'campain')",
    ]  # fmt: skip


def test_a_scenario_needs_no_study_and_no_campaign():
    scenario = load(EXAMPLES / "first-radar.yaml").scenario
    assert isinstance(scenario, Scenario)
    assert scenario.study is None
    assert load(EXAMPLES / "first-radar.yaml").options == {}
