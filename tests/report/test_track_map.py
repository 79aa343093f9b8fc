from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pytest

from watchfloor.base.picture import Status, Tracks
from watchfloor.base.units import FloatArray
from watchfloor.physics.frames import Place, ecef_to_geodetic, enu_to_ecef
from watchfloor.report import track_map
from watchfloor.report.track_map import draw_tracks
from watchfloor.run.recorded import RadarSite

PLACE = Place.from_degrees(48.7, 2.4, 100.0)
RADAR = (RadarSite("25/77", PLACE, True),)


@dataclass(frozen=True)
class Found:
    tracks: Tracks
    lat_rad: FloatArray
    lon_rad: FloatArray
    radars: tuple[RadarSite, ...]


def found(lines, *, radars=RADAR, step_s=4.0, times=None):
    """Tracks along lines of (east, north) in kilometres about the place."""
    number = np.repeat(np.arange(1, len(lines) + 1), [len(line) for line in lines])
    flat = 1e3 * np.concatenate([np.asarray(line, float) for line in lines]) if lines else np.empty((0, 2))
    ecef = enu_to_ecef(np.column_stack([flat, np.full(len(flat), 9e3)]), PLACE)
    lat, lon, _ = ecef_to_geodetic(ecef)
    n = len(number)
    t = np.concatenate([step_s * np.arange(len(line)) for line in lines]) if lines else np.empty(0)
    tracks = Tracks(
        number=number, t_s=t if times is None else times, position_ecef_m=ecef, velocity_ecef_mps=np.zeros((n, 3)),
        cov=np.zeros((n, 6, 6)), status=np.full(n, Status.CONFIRMED), existence=np.ones(n), n_hits=np.ones(n, int),
        updated_s=np.zeros((n, 1)), address=np.full(n, -1), label=np.full(n, -1),
    )  # fmt: skip
    return Found(tracks, lat, lon, radars)


def racetrack(turns=2, n=60):
    angle = np.linspace(0.0, 2.0 * np.pi * turns, n * turns)
    return np.column_stack([20.0 + 4.0 * np.cos(angle), 30.0 + 9.0 * np.sin(angle)])


def drawn(tmp_path, what, name="map.svg"):
    draw_tracks(tmp_path / name, what, title="plots.ast")
    return (tmp_path / name).read_text("utf-8")


def words(svg):
    return re.findall(r">([^<>]+)</text>", svg)


def test_the_map_says_what_it_shows(tmp_path):
    said = words(drawn(tmp_path, found([racetrack(), [(0, -40), (60, -10)]])))
    assert "plots.ast: 2 tracks" in said
    assert any("radar 25/77 at 48.7000° N, 2.4000° E" in line for line in said)
    assert {"start", "end, with number", "radar", "N"} <= set(said)
    assert {"1", "2"} <= set(said)
    assert any(line.endswith(" km") for line in said)
    assert any("Natural Earth" in line for line in said)


def test_a_radar_that_nobody_places_gets_no_coast(tmp_path):
    svg = drawn(tmp_path, found([racetrack()], radars=(RadarSite("20/4", PLACE, False),)))
    said = " ".join(words(svg))
    assert "20/4, place unknown" in said
    assert "Natural Earth" not in said
    assert "whose place nobody says" in said


def test_the_same_tracks_give_the_same_bytes(tmp_path):
    what = found([racetrack(), [(0, -40), (60, -10)]])
    assert drawn(tmp_path, what, "a.svg") == drawn(tmp_path, what, "b.svg")


def test_no_number_covers_another(tmp_path):
    """Thirty tracks that end within a few kilometres: those that find no room are counted, the rest stand apart."""
    rng = np.random.default_rng(2)
    lines = [np.cumsum(np.vstack([rng.uniform(-3, 3, 2), rng.normal(0, 4, (6, 2))]), axis=0)[::-1] for _ in range(30)]
    figure = track_map._figure(found(lines), "x")
    figure.draw_without_rendering()
    boxes = [
        text.get_window_extent() for axes in figure.axes for text in axes.texts if re.fullmatch(r"\d+", text.get_text())
    ]
    assert len(boxes) >= 10
    for i, one in enumerate(boxes):
        for other in boxes[:i]:
            wide = min(one.x1, other.x1) - max(one.x0, other.x0)
            tall = min(one.y1, other.y1) - max(one.y0, other.y0)
            assert min(wide, tall) < 0.25 * min(one.height, other.height)


def test_a_racetrack_stays_a_racetrack_with_fewer_points():
    line = racetrack(turns=3, n=150)
    kept = track_map._kept(line, 0.02)
    assert 20 < len(kept) < 200
    fine = np.concatenate([np.linspace(line[a], line[b], 30) for a, b in zip(kept[:-1], kept[1:], strict=True)])
    off = np.min(np.linalg.norm(line[:, None] - fine[None], axis=2), axis=1)
    assert off.max() < 0.1


def test_silence_is_drawn_as_dots(tmp_path):
    line = [(float(i), 0.0) for i in range(8)]
    times = np.array([0, 4, 8, 12, 62, 66, 70, 74], float)
    dots = "stroke-dasharray: 1.1,1.76"
    silent = drawn(tmp_path, found([line], times=times)).count(dots)
    assert silent == drawn(tmp_path, found([line]), "b.svg").count(dots) + 1


@pytest.mark.parametrize(
    "what",
    [
        found([]),
        found([[(1.0, 2.0)]]),
        found([[(1.0, 2.0)] * 5]),
        found([racetrack()], radars=()),
        found([racetrack()], radars=(RadarSite("1/1", PLACE, True), RadarSite("1/2", Place(0.9, 0.1, 0.0), True))),
    ],
    ids=["no track", "one point", "standing still", "no radar", "two radars"],
)
def test_odd_pictures_are_drawn(tmp_path, what):
    assert drawn(tmp_path, what).startswith("<?xml")
