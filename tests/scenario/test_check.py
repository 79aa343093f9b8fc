"""The rules of meaning, each broken once in the shipped study."""

from __future__ import annotations

import pytest

from watchfloor.base.errors import ScenarioError
from watchfloor.scenario.load import apply, load

WRONG = [
    # references
    ("place: site, mast_m: 15", "place: sight, mast_m: 15",
     "s.yaml:35:64: sensors.ew.place: wanted a place of this file; did you mean 'site'? (came 'sight')"),
    ("defended: site", "defended: hilltop",
     "s.yaml:45:13: command.defended: wanted a place of this file; there is site (came 'hilltop')"),
    ("centre: {place: site, bearing_deg: 170", "centre: {place: sit, bearing_deg: 170",
     "s.yaml:73:25: campaign.movers.jet.route.centre.place: wanted a place of this file; did you mean 'site'? "
     "(came 'sit')"),
    ("card: s-band-acquisition", "card: s-band-aquisition",
     "s.yaml:36:39: sensors.acq.card: wanted a radar of the catalogue; did you mean 's-band-acquisition'? "
     "(came 's-band-aquisition')"),
    ("card: long-range", "card: longrange",
     "s.yaml:50:42: launchers.battery.card: wanted a weapon of the catalogue; did you mean 'long-range'? "
     "(came 'longrange')"),
    ("fire_control: [fc]", "fire_control: [fx]",
     "s.yaml:46:18: command.fire_control.0: wanted a sensor of this file; did you mean 'fc'? (came 'fx')"),
    ("sensors: [ew, acq, ssr]", "sensors: [ew, aqc, ssr]",
     "s.yaml:64:17: campaign.sensors.1: wanted a sensor of this file; did you mean 'acq'? (came 'aqc')"),
    ("sensors: [ew, acq, ssr]", "sensors: []",
     "s.yaml:64:3: campaign.sensors: wanted at least one sensor, or no such key for all of them (came an empty list)"),
    ("sensors: [ew, acq, ssr]", "sensors: [ew, acq, ew]",
     "s.yaml:64:22: campaign.sensors.2: wanted each name once (came 'ew' again)"),
    # types
    ("type: lo-fighter", "type: lo-figter",
     "s.yaml:68:13: campaign.movers.jet.type: wanted a type of the catalogue; did you mean 'lo-fighter'? "
     "(came 'lo-figter')"),
    ("types: [lo-fighter, fighter,", "types: [lo-fighter,",
     "s.yaml:82:13: campaign.movers.fighter.type: wanted one of this file's `types`; add it there (came 'fighter')"),
    ("hostile: [lo-fighter]", "hostile: [lofighter]",
     "s.yaml:17:11: hostile.0: wanted one of this file's `types`; did you mean 'lo-fighter'? (came 'lofighter')"),
    ("cruise-missile, uav]", "cruise-missile, uav, ufo]",
     "s.yaml:16:61: types.5: wanted a type of the catalogue; there are airliner, cruise-missile, fighter, lo-fighter, "
     "uav (came 'ufo')"),
    ("transponder: true\n      start_s: 120", "transponder: true\n      reflectors: true\n      start_s: 120",
     "s.yaml:108:19: campaign.movers.airliner-south.reflectors: wanted false: the catalogue knows no reflector of type "
     "'airliner' (came true)"),
    # names
    ("name: jet-2", "name: jet",
     "s.yaml:140:13: mission.movers.jet.name: wanted a name of its own; another of mission.movers has it (came 'jet')"),
    # sources
    ("source: defenseworld-2020", "source: defenceworld-2020",
     "s.yaml:32:13: places.site.source: wanted a key of this file's or the catalogue's `sources`, or `scenario`; did "
     "you mean 'defenseworld-2020'? (came 'defenceworld-2020')"),
    # owners and the study
    ("sender: host", "sender: hots",
     "s.yaml:54:33: sharing.vendor-link.sender: wanted an owner who has sensors or receives knowledge; did you mean "
     "'host'? (came 'hots')"),
    ("defender: vendor", "defender: vendr",
     "s.yaml:157:13: study.defender: wanted an owner of this file; did you mean 'vendor'? (came 'vendr')"),
    ("baseline: open-100", "baseline: open-10",
     "s.yaml:159:13: study.baseline: wanted one of the `options`; did you mean 'open-100'? (came 'open-10')"),
    ("checkpoints_h: [0.5, 1, 2, 4, 8]", "checkpoints_h: [0.5, 2, 1]",
     "s.yaml:158:27: study.checkpoints_h.2: wanted rising hours, more than 2 (came 1)"),
    ("name: delay-12", "name: delay-6",
     "s.yaml:184:13: study.options.delay-6.name: wanted a name of its own; another of study.options has it "
     "(came 'delay-6')"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "said"), WRONG, ids=[w[1][:40] for w in WRONG])
def test_what_cannot_be_meant_is_told_at_its_place(broken, old, new, said):
    assert broken((old, new)) == [said]


def test_a_route_faster_than_its_mover_names_the_limit(broken):
    (said,) = broken(("speed_mps: 240\n        alt_m: 7000", "speed_mps: 900\n        alt_m: 7000"))
    assert said.startswith("s.yaml:91:20: campaign.movers.fighter.route.speed_mps: wanted at most ")
    assert said.endswith(" m/s, the most that type 'fighter' flies (came 900 m/s)")


def test_one_fast_waypoint_is_found(broken):
    (said,) = broken(("distance_km: 40, alt_m: 10668}", "distance_km: 40, alt_m: 10668, speed_mps: 500}"))
    assert ": campaign.movers.airliner-west.route.points.1.speed_mps: " in said
    assert said.endswith("the most that type 'airliner' flies (came 500 m/s)")


def test_a_tick_is_no_longer_than_its_phase(broken):
    said = broken(("tick_s: 10", "tick_s: 600"), ("duration_s: 1320", "duration_s: 400"))
    assert said == ["s.yaml:130:11: mission.tick_s: wanted at most duration_s = 400 (came 600)"]


def test_a_mover_appears_before_the_end(broken):
    said = broken(("duration_s: 1320", "duration_s: 300"))
    assert said == ["s.yaml:119:16: mission.movers.airliner-east.start_s: wanted less than duration_s = 300 (came 300)"]


def test_two_sensors_of_one_name_are_told(broken):
    said = broken(("name: acq", "name: ew"))
    assert said[0] == "s.yaml:36:28: sensors.ew.name: wanted a name of its own; another of sensors has it (came 'ew')"


def test_knowledge_is_not_shared_with_oneself(broken):
    said = broken(("receiver: vendor", "receiver: host"))
    assert any("sharing.vendor-link.receiver: wanted another owner than the sender" in line for line in said)
    assert any("study.defender: wanted an owner of this file" in line for line in said)


LINK = "receiver: vendor, delay_months: 1, loss: 0.1}"


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (
            "without_types: [lo-figter]",
            ".without_types.0: wanted one of this file's `types`; did you mean 'lo-fighter'?",
        ),
        ("without_bands: [Z]", ".without_bands.0: wanted one of 'VHF', 'UHF', 'L', 'S', 'C' or 'X' (came 'Z')"),
        ("passes: gossip", ".passes: wanted one of 'plots', 'evidence', 'posterior' or 'nothing' (came 'gossip')"),
        ("without_labels: true", "without_labels needs passes: plots"),
        ("passes: plots, coarsen_deg: 60", "coarsen_deg needs passes: evidence"),
        ("declares_prior: false", "declares_prior: false needs passes: posterior"),
    ],
)
def test_a_link_that_cannot_be_meant_is_told(broken, keys, said):
    (line,) = broken((LINK, LINK.replace("}", f", {keys}}}")))
    assert line.startswith("s.yaml:54:")
    assert said in line


def test_nobody_passes_plots_that_were_not_passed_to_them(broken):
    relay = "\n  - {name: on, sender: vendor, receiver: ally, passes: plots, delay_months: 1, loss: 0}"
    (line,) = broken((LINK, LINK + relay))
    assert "sharing.on.passes: wanted evidence, posterior or nothing: no link passes plots to 'vendor'" in line
    assert broken((LINK, LINK.replace("}", ", passes: plots}") + relay)) == []


def test_the_subject_flies_in_both_phases(broken):
    assert [line.split(": ")[2] for line in broken(("subject: jet", "subject: jet-2"))] == [
        "wanted a mover of `campaign`; did you mean 'jet'? (came 'jet-2')"
    ]


def test_recorded_traffic_has_a_type_of_the_file(broken):
    from tests.scenario.test_load import EXAMPLES

    text = (EXAMPLES / "recorded-traffic.yaml").read_text("utf-8")
    assert broken(text=text) == []
    lines = text.replace("    type: airliner\n", "").replace("types: [airliner, fighter, uav]", "types: [fighter]")
    (said,) = broken(text=lines)
    assert said.endswith("mission.traffic: wanted a `type` of this file's `types` (came the default 'airliner')")


def test_every_radar_has_a_band_in_which_every_type_is_known(monkeypatch, broken):
    from watchfloor.scenario import catalog

    radar = catalog.radars()["s-band-acquisition"].model_copy(update={"band": "C"})
    monkeypatch.setattr(catalog, "radars", lambda: {**catalog._radars().cards, "s-band-acquisition": radar})
    (said,) = broken()
    assert "sensors.acq.card: wanted a radar in whose band every type has a signature" in said
    assert "have none in band C (came 's-band-acquisition')" in said


def test_a_change_after_the_campaigns_end_is_told():
    with pytest.raises(ScenarioError, match="month 99 of 18"):
        apply(load("working-group"), {"campaign.signature_changes": [{"type": "lo-fighter", "month": 99}]})
