"""Recorded traffic as truth under simulated radars: held well. How fast, `make bench` says."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import recorded
from watchfloor.formats import read_flights
from watchfloor.physics.frames import Place, polar_to_ecef

PICTURES = {  # file, middle, aircraft at once, bounds on completeness and continuity
    "Paris overlay": ("adsb_paris_tma/dense_overlay_30min_2s.parquet", (48.85, 2.35), 100, 0.97, 0.94),
    "Vilnius": ("cat062_vilnius/truth_5s_30min.parquet", (54.9, 24.5), 40, 0.97, 0.96),
}


@pytest.mark.parametrize("name", PICTURES)
def test_an_air_picture_is_held(shared_data, name):
    file, (lat, lon), n, completeness, continuity = PICTURES[name]
    rows = recorded._simulated(name, read_flights(shared_data / file), Place.from_degrees(lat, lon, 150.0))
    figures = {what.rpartition(", ")[2] if "at once in view" in what else what: value for what, value, _, _ in rows}
    assert figures["aircraft at once in view"] > n
    for kind in ("primary", "secondary"):
        of = {what.rpartition(", ")[2]: value for what, value, _, _ in rows if f", {kind}, " in what}
        assert of["completeness"] > completeness
        assert of["continuity"] > continuity
        assert of["false tracks at a time"] < 3.0


def test_the_beam_passes_where_the_aircraft_is(shared_data):
    """Each pass lies on the beam at its own time, and on the line between the reports about it."""
    file, (lat, lon), *_ = PICTURES["Vilnius"]
    place = Place.from_degrees(lat, lon, 150.0)
    passes = recorded._passes(read_flights(shared_data / file), place)
    beam = 2.0 * np.pi * passes[:, 1] / recorded.TURN_S
    off = np.angle(np.exp(1j * (passes[:, 3] - beam)))
    far = passes[:, 2] > 20e3
    assert np.abs(off[far]).max() < 1e-6
    one = passes[passes[:, 0] == passes[0, 0]]
    position = polar_to_ecef(one[:, 2], one[:, 3], one[:, 4], place)
    speed = np.linalg.norm(np.diff(position, axis=0), axis=1) / np.diff(one[:, 1])
    assert 30.0 < np.median(speed) < 350.0
    assert np.abs(np.diff(one[:, 2]) / np.diff(one[:, 1]) - one[:-1, 6]).max() < 30.0
