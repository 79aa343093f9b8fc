from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from watchfloor.base.errors import DataError
from watchfloor.formats import dem
from watchfloor.physics.environment import Jammers, Rain
from watchfloor.physics.frames import Place, geodetic_to_ecef
from watchfloor.physics.propagation import Surface
from watchfloor.report import basemap
from watchfloor.report.coverage import Station, cover, section, with_terrain
from watchfloor.report.coverage_map import assumptions, draw_map, draw_section
from watchfloor.scenario import catalog
from watchfloor.sensor.card import environment_for, radar_from

RADAR = radar_from(catalog.radars()["s-band-acquisition"], None)


def station(lat_deg=41.345, lon_deg=1.885, name="ridge"):
    environment = environment_for(RADAR, Place.from_degrees(lat_deg, lon_deg, 320.0), 20.0)
    return Station(name=name, radar=RADAR, environment=environment, card="s-band-acquisition")


def small(stations, **changes):
    wish = {"sigma_m2": [0.01, 1.0], "height_m": [200.0, 3000.0], "n_azimuth": 36, "n_distance": 40, **changes}
    return cover(stations, **wish)


def words(path: Path) -> str:
    return "\n".join(re.findall(r"<text[^>]*>\s*([^<]+?)\s*</text>", path.read_text("utf-8")))


def test_the_map_says_what_it_shows(tmp_path):
    draw_map([tmp_path / "m.svg"], small([station()]))
    said = words(tmp_path / "m.svg")
    for wanted in ("Radar ridge: one scan detects with probability 0.5", "200 m above ground: farthest ",
                   "3000 m above ground: farthest ", "1 m² (0 dBsm)", "0.01 m² (-20 dBsm)", "100 km",
                   "s-band-acquisition", "Swerling 1", "smooth earth", "Natural Earth",
                   "41.3450° N, 1.8850° E"):  # fmt: skip
        assert wanted in said, wanted


def test_the_map_over_terrain_says_what_is_unknown(tmp_path):
    one = with_terrain(station(), dem.sample("garraf"), range_m=50e3)
    draw_map([tmp_path / "m.svg"], small([one], range_m=50e3))
    said = words(tmp_path / "m.svg")
    assert re.search(r"Terrain unknown\s+on \d+ % of\s+the area", said.replace("\n", " "))
    assert "terrain unknown" in said
    assert "masked by terrain" in said.replace("\n", " ")
    assert "Natural Earth" not in said  # the coast is the terrain's own


def test_what_is_detected_nowhere_is_said_and_not_drawn(tmp_path):
    draw_map([tmp_path / "m.svg"], small([station()], sigma_m2=[1e-12, 1.0], height_m=[200.0]))
    assert "Detected nowhere: 1e-12 m² at 200 m" in words(tmp_path / "m.svg").replace("\n", " ")
    blind = small([station()], sigma_m2=[1e-12], height_m=[200.0])
    draw_map([tmp_path / "n.svg"], blind)
    draw_section(
        [tmp_path / "s.svg"],
        section(station(), azimuth_rad=0.0, range_m=50e3, height_max_m=5e3, sigma_m2=[1e-12], n_distance=30),
    )
    assert "detected nowhere" in words(tmp_path / "s.svg")


@pytest.mark.parametrize("kind", ["png", "svg"])
def test_the_same_coverage_gives_the_same_bytes(tmp_path, kind):
    one = station()
    for name in ("a", "b"):
        draw_map([tmp_path / f"{name}.{kind}"], small([one]))
        chart = section(one, azimuth_rad=1.0, range_m=90e3, height_max_m=9e3, sigma_m2=[0.01, 1.0], n_distance=40)
        draw_section([tmp_path / f"{name}-s.{kind}"], chart)
    assert (tmp_path / f"a.{kind}").read_bytes() == (tmp_path / f"b.{kind}").read_bytes()
    assert (tmp_path / f"a-s.{kind}").read_bytes() == (tmp_path / f"b-s.{kind}").read_bytes()


def test_several_radars_are_named_on_the_map(tmp_path):
    draw_map([tmp_path / "m.svg"], small([station(), station(41.9, 1.2, "plain")]))
    said = words(tmp_path / "m.svg")
    assert "Radars ridge, plain: one scan of any" in said
    assert {"ridge", "plain"} <= set(said.splitlines())


def test_the_chart_says_where_it_looks(tmp_path):
    chart = section(station(), azimuth_rad=np.deg2rad(250.0), range_m=90e3, height_max_m=9e3, sigma_m2=[0.01, 1.0],
                    n_distance=40)  # fmt: skip
    draw_section([tmp_path / "s.svg"], chart)
    said = words(tmp_path / "s.svg")
    assert "Along azimuth 250°" in said
    assert {"0°", "1°", "5°"} <= set(said.splitlines())


def test_every_part_of_the_surroundings_is_among_the_assumptions():
    one = station()
    ecef = geodetic_to_ecef(np.array([0.73]), np.array([0.04]), np.array([9e3]))
    jammers = Jammers(ecef_m=ecef, erp_w=np.array([1e3]), bandwidth_hz=np.array([1e7]))
    full = replace(
        one,
        environment=replace(one.environment, surface=Surface(kind="sea"), rain=Rain(rate_mmph=4.0), jammers=jammers),
    )
    said = "; ".join(assumptions(full, 3, 100.0))
    for wanted in ("Swerling 3", "1.33", "loss in the air", "lobing", "rain 4 mm/h", "1 noise jammer"):
        assert wanted in said
    assert "m/s" not in said  # an ideal filter does not care


def test_a_picture_that_cannot_be_written_says_so(tmp_path):
    with pytest.raises(DataError, match=r"m\.png: cannot be written"):
        draw_map([tmp_path / "none" / "m.png"], small([station()], height_m=[200.0], sigma_m2=[1.0]))


# ---- coasts and borders


@pytest.mark.parametrize(
    ("lat_deg", "lon_deg", "away_km"),
    [
        (41.380, 2.189, 15.0),  # Barcelona's beach
        (50.128, -5.716, 15.0),  # Land's End
        (-16.50, 179.99, 15.0),  # Vanua Levu and Taveuni, at the antimeridian
        (-54.81, -68.30, 20.0),  # Ushuaia
    ],
)
def test_a_shore_lies_where_the_world_has_it(lat_deg, lon_deg, away_km):
    coasts, _ = basemap.about(Place.from_degrees(lat_deg, lon_deg, 0.0), 200e3)
    assert np.nanmin(np.hypot(*coasts.T)) < 1e3 * away_km


def test_borders_are_told_from_coasts():
    coasts, borders = basemap.about(Place.from_degrees(46.0, 7.5, 0.0), 60e3)  # the Alps: no sea within 100 km
    assert np.isfinite(borders).any()
    assert not np.isfinite(coasts).any()
    coasts, borders = basemap.about(Place.from_degrees(0.0, -140.0, 0.0), 300e3)  # the Pacific
    assert not np.isfinite(coasts).any()
    assert not np.isfinite(borders).any()


def test_no_line_jumps_across_the_map():
    for lat, lon in ((-17.0, 179.9), (70.0, -180.0), (52.0, 10.0)):
        for lines in basemap.about(Place.from_degrees(lat, lon, 0.0), 500e3):
            steps = np.hypot(*np.diff(lines, axis=0).T)
            assert np.all((steps < 150e3) | np.isnan(steps))
