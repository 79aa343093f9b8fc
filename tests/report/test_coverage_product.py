from __future__ import annotations

import json

import numpy as np
import pytest
import tifffile

from watchfloor import cli
from watchfloor.base.errors import DataError, UserError
from watchfloor.report.coverage_product import Wish, features, make
from watchfloor.scenario.load import load

SITE = """\
watchfloor: 1
name: ridge
title: One radar on a ridge
seed: 1
types: [airliner]
places:
  - {name: summit, lat_deg: 41.34583, lon_deg: 1.885, alt_m: 653}
sensors:
  - {kind: rotating, name: radar, card: s-band-acquisition, place: summit, mast_m: 15}
  - {kind: rotating, name: second, card: x-band-engagement, place: summit, mast_m: 15}
tracker: {kind: gnn}
learner: {kind: grid}
command: {kind: greedy, defended: summit, fire_control: [radar]}
mission: {duration_s: 60, tick_s: 10}
"""


@pytest.fixture
def site(tmp_path):
    path = tmp_path / "site.yaml"
    path.write_text(SITE, "utf-8")
    return path


@pytest.fixture
def call(capsys):
    def inner(*arguments):
        status = cli._run(["coverage", *map(str, arguments)])
        said = capsys.readouterr()
        return status, said.out, said.err

    return inner


def test_the_command_writes_every_file_and_prints_a_row_each(call, site, tmp_path):
    out = tmp_path / "out"
    status, said, err = call(site, "--sigma", "0.01,1", "--height", "300,3000", "--radar", "radar", "--out", out)
    assert status == 0
    assert {p.name for p in out.iterdir()} == {
        "radar-map.png", "radar-map.svg", "radar-range-height.png", "radar-range-height.svg", "radar.geojson",
        "radar.tif",
    }  # fmt: skip
    rows = said.splitlines()
    assert rows[0].split()[:2] == ["radar", "height"]
    assert [row.split()[:3] for row in rows[1:]] == [
        ["radar", "300", "0.01"], ["radar", "300", "1"], ["radar", "3000", "0.01"], ["radar", "3000", "1"],
    ]  # fmt: skip
    assert str(out / "radar.tif") in err


def test_json_geojson_and_geotiff_say_the_same(call, site, tmp_path):
    out = tmp_path / "out"
    status, said, _ = call(
        site,
        "--sigma",
        "0.01",
        "--height",
        "3000",
        "--radar",
        "radar",
        "--format",
        "geojson,tif",
        "--out",
        out,
        "--json",
    )
    assert status == 0
    found = json.loads(said)
    (row,) = found["coverage"]
    assert found["files"] == [str(out / "radar.geojson"), str(out / "radar.tif")]
    area, point = json.loads((out / "radar.geojson").read_text("utf-8"))["features"]
    assert area["properties"]["area_km2"] == pytest.approx(row["area_km2"], abs=1e-3)
    assert area["properties"]["sigma_dbsm"] == pytest.approx(-20.0)
    assert point["geometry"]["coordinates"][:2] == pytest.approx([1.885, 41.34583])
    with tifffile.TiffFile(out / "radar.tif") as file:
        pd = file.asarray()
        step_lon, step_lat, _ = file.pages[0].tags[33550].value
        north = file.pages[0].tags[33922].value[4]
    lat = np.radians(north - step_lat * np.arange(pd.shape[0]))
    cell_km2 = 6371.0**2 * np.radians(step_lat) * np.radians(step_lon) * np.cos(lat)
    counted = float(((pd >= 0.5).sum(axis=1) * cell_km2).sum())
    # 600 rows of some 400 m: the edge is uncertain by a third of a cell at worst, on average by far less
    assert counted == pytest.approx(row["area_km2"], rel=0.005)


def test_the_network_covers_at_least_what_each_does(call, site, tmp_path):
    status, said, _ = call(
        site, "--sigma", "0.1", "--height", "2000", "--network", "--format", "geojson", "--out", tmp_path, "--json"
    )
    assert status == 0
    rows = {row["radar"]: row["area_km2"] for row in json.loads(said)["coverage"]}
    assert set(rows) == {"radar", "second", "radar + second"}
    assert rows["radar + second"] >= max(rows["radar"], rows["second"])
    assert (tmp_path / "network.geojson").is_file()


def test_terrain_hides_and_the_unknown_is_said(call, site, tmp_path):
    plain = call(site, "--sigma", "1", "--height", "100", "--radar", "radar", "--range", "30", "--format", "geojson",
                 "--out", tmp_path / "a", "--json")  # fmt: skip
    masked = call(site, "--sigma", "1", "--height", "100", "--radar", "radar", "--range", "30", "--format", "geojson",
                  "--terrain", "garraf", "--out", tmp_path / "b", "--json")  # fmt: skip
    area = [json.loads(said)["coverage"][0]["area_km2"] for _, said, _ in (plain, masked)]
    assert 0.0 < area[1] < 0.9 * area[0]
    (note,) = json.loads(masked[1])["notes"]
    assert "terrain unknown on" in note
    assert "--missing sea" in note


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--sigma", "0", "--height", "1"], "--sigma.*above 0.*came '0'"),
        (["--sigma", "-3", "--height", "1"], "--sigma.*came '-3'"),
        (["--sigma", "1,,2", "--height", "1"], "--sigma.*came '1,,2'"),
        (["--sigma", "nan", "--height", "1"], "--sigma.*came 'nan'"),
        (["--sigma", "1", "--height", "-1"], "--height.*at least 0.*came '-1'"),
        (["--sigma", "1"], "Missing option '--height'"),
        (["--sigma", "1", "--height", "1", "--pd", "1"], "--pd"),
        (["--sigma", "1", "--height", "1", "--format", "pdf"], "--format.*came 'pdf'"),
        (["--sigma", "1", "--height", "1", "--radar", "secnd"], "no radar is called 'secnd'; did you mean 'second'"),
        (["--sigma", "1", "--height", "1", "--above", "sea"], "lies below the ground of radar 'radar'"),
        (["--sigma", "1", "--height", "1", "--terrain", "nowhere"], "--terrain nowhere: no such folder of tiles"),
        (["--sigma", "1", "--height", "1", "--terrain", "garaf"], "did you mean 'garraf'"),
    ],
)
def test_wrong_usage_says_what_and_what_to_do_and_leaves_with_2(call, site, tmp_path, options, said):
    import re

    status, out, err = call(site, *options, "--out", tmp_path / "out")
    assert (status, out) == (2, "")
    assert re.search(said, err, re.DOTALL), err
    assert not (tmp_path / "out").exists()


def test_a_folder_without_the_tiles_is_named_with_the_tiles(call, site, tmp_path):
    (tmp_path / "tiles").mkdir()
    status, _, err = call(site, "--sigma", "1", "--height", "100", "--range", "20", "--terrain", tmp_path / "tiles")
    assert status == 2
    assert str(tmp_path / "tiles") in err
    assert "N41E001" in err


def test_real_tiles_work_and_touch_at_their_seam(call, site, tmp_path, shared_data):
    status, said, err = call(
        site, "--sigma", "1", "--height", "300,1000", "--radar", "radar", "--range", "75", "--terrain",
        shared_data / "dem", "--format", "geojson", "--out", tmp_path, "--json",
    )  # fmt: skip
    assert status == 0, err
    rows = json.loads(said)["coverage"]
    assert rows[0]["area_km2"] < rows[1]["area_km2"] < np.pi * 75.0**2
    assert rows[1]["farthest_km"] > 60.0  # beyond the seam at 42 N, 73 km away, or near it


def test_options_in_python_are_checked_too(site, tmp_path):
    scenario = load(str(site)).scenario
    with pytest.raises(UserError, match="no format 'pdf'"):
        make(scenario, tmp_path, wish=Wish(sigma_m2=(1.0,), height_m=(100.0,)), formats=["pdf"])
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(DataError, match="name another folder with --out"):
        make(scenario, tmp_path / "file", wish=Wish(sigma_m2=(1.0,), height_m=(100.0,)))


def test_progress_rises_to_a_hundred(site, tmp_path):
    seen = []
    make(load(str(site)).scenario, tmp_path, wish=Wish(sigma_m2=(1.0,), height_m=(100.0,)), formats=["geojson"],
         progress=lambda done, total: seen.append((done, total)))  # fmt: skip
    assert seen == sorted(seen)
    assert seen[-1] == (100, 100)


def test_a_site_at_the_pole_is_written_but_for_the_raster(tmp_path, site):
    polar = site.with_name("polar.yaml")
    polar.write_text(SITE.replace("lat_deg: 41.34583", "lat_deg: 89.5"), "utf-8")
    scenario = load(str(polar)).scenario
    wish = Wish(sigma_m2=(1.0,), height_m=(5000.0,))
    made = make(scenario, tmp_path / "a", wish=wish, radars=["radar"], formats=["geojson"])
    (area, _) = json.loads(made.files[0].read_text("utf-8"))["features"]
    assert max(lat for ring in area["geometry"]["coordinates"][0] for _, lat in ring) == 90.0
    with pytest.raises(DataError, match="reaches a pole"):
        make(scenario, tmp_path / "b", wish=wish, radars=["radar"], formats=["tif"])


def test_features_name_the_radar_and_its_card(site):
    from watchfloor.report.coverage import cover, stations_of

    found = cover(stations_of(load(str(site)).scenario, names=["radar"]), sigma_m2=[1.0], height_m=[500.0],
                  n_azimuth=24, n_distance=40)  # fmt: skip
    area, point = features(found)
    assert area["properties"]["radar"] == "radar"
    assert point["properties"]["card"] == "s-band-acquisition"
