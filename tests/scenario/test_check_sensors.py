"""Sensors, cards and surroundings that do not go together, each broken once in the example of every kind."""

from __future__ import annotations

from pathlib import Path

import pytest

EXAMPLE = (Path(__file__).resolve().parents[2] / "examples" / "four-kinds-of-sensor.yaml").read_text("utf-8")
RIDGE = "environment:\n  ground_alt_m: 600\n"

WRONG = [
    ("card: x-band-face", "card: x-band-engagement",
     "s.yaml:27:11: sensors.face.card: wanted a card whose motion is 'electronic', as kind 'phased' needs; there is "
     "x-band-face (came 'x-band-engagement', 'rotating')"),
    ("card: x-band-drone-watch", "card: s-band-acquisition",
     "s.yaml:33:41: sensors.drones.card: wanted a card whose motion is 'staring', as kind 'staring' needs; there is "
     "x-band-drone-watch (came 's-band-acquisition', 'rotating')"),
    ("transmitter: search", "transmitter: serach",
     "s.yaml:39:18: sensors.ears.transmitter: wanted a sensor of this file; did you mean 'search'? (came 'serach')"),
    ("transmitter: search", "transmitter: face",
     "s.yaml:39:18: sensors.ears.transmitter: wanted a rotating radar, not a sensor of kind 'phased' (came 'face')"),
    ("  weapons_free: false", "  sensors: [face, ears]\n  weapons_free: false",
     "s.yaml:54:3: mission.sensors: wanted 'search' too: 'ears' listens to it (it is missing)"),
    ("sidelobes: blanked,", "sidelobes: blanked, fidelity: signal,",
     "s.yaml:23:117: sensors.search.fidelity: wanted 'measurement', or a card that states prf_hz and doppler; there is "
     "s-band-terminal (came 'signal' with card 's-band-acquisition')"),
    (RIDGE, RIDGE + "  clutter: {kind: land}\n",
     "s.yaml:20:3: environment.clutter: wanted radars whose cards state prf_hz and doppler, for clutter is what "
     "filters are for; there is s-band-terminal (came cards without: of search, face, drones)"),
    (RIDGE, RIDGE + "  terrain: {missing: sea}\n",
     "s.yaml:20:3: environment.terrain: give either folder or sample (came a mapping with missing)"),
    ("since_s: 60}", "since_s: 60, until_s: 30}",
     "s.yaml:67:91: mission.movers.escort.jammers.0.until_s: wanted more than since_s = 60 (came 30)"),
    ("rain: {rate_mmph: 1,", "rain: {rate_mmph: 0,",
     "s.yaml:20:21: environment.rain.rate_mmph: wanted more than 0 (came 0)"),
    ("erp_dbw: 20", "erp_w: 100",
     "s.yaml:67:18: mission.movers.escort.jammers.0.erp_w: wanted a known key; did you mean 'erp_dbw'? (came 'erp_w')"),
    ("    face_azimuth_deg: 45\n", "",
     "s.yaml:25:5: sensors.face.face_azimuth_deg: wanted this key: azimuth that the face looks to, clockwise from true "
     "north; several faces are several sensors [deg] (it is missing)"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "said"), WRONG, ids=[said.partition(": ")[2][:60] for *_, said in WRONG])
def test_a_wrong_piece_is_told_once_at_its_place(broken, old, new, said):
    assert broken((old, new), text=EXAMPLE) == [said]


def test_the_example_is_fine(broken):
    assert broken(text=EXAMPLE) == []
