"""What a scenario says of terrain, clutter and jammers reaches its sensors."""

from __future__ import annotations

import shutil
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from watchfloor.base.errors import DataError
from watchfloor.base.streams import Streams
from watchfloor.formats import dem
from watchfloor.physics import terrain
from watchfloor.run.loop import play
from watchfloor.run.mission import build, draw
from watchfloor.run.recorder import History, Recorder
from watchfloor.run.surroundings import emitters_of, environments_of
from watchfloor.scenario.load import LoadedScenario, apply, load
from watchfloor.scenario.model import Scenario


@pytest.fixture(scope="module")
def ridge() -> LoadedScenario:
    return load("ridge-site")


def history(said: Scenario, *, run: str = "a") -> History:
    streams, log = Streams(said.seed, run), Recorder()
    play(build(said, said.mission, drawn=draw(said, None), streams=streams), log)
    return log.history()


def hits(happened: History) -> np.ndarray:
    return np.bincount(happened.origins.mover[happened.origins.mover >= 0], minlength=4)


def test_the_antenna_stands_on_the_terrain(ridge):
    said = ridge.scenario
    (around,) = draw(said, None).environments
    heights = dem.sample("garraf")
    place = around.place
    ground_m = float(heights.at(place.lat_rad, place.lon_rad)) + 50.0
    assert place.alt_m == pytest.approx(ground_m + 15.0)
    assert abs(ground_m - 642.0) < 10.0  # the map knows the summit, nodes three seconds apart cut it off
    assert around.ground_alt_m == pytest.approx(50.0 + min(float(np.nanmin(heights.height_m)), 0.0))
    assert around.terrain is not None
    assert around.terrain.ground_m is not None
    assert around.clutter is not None
    assert around.clutter.shape == 8.0


def test_a_site_is_swept_once(ridge):
    said = ridge.scenario
    one, other = (draw(said, Streams(1, run)).environments[0] for run in ("a", "b"))
    assert one.terrain is other.terrain


def test_hills_hide_what_flies_behind_them(ridge):
    plain = apply(ridge, {"environment.terrain": None, "environment.ground_alt_m": 50})
    hilly, flat = hits(history(ridge.scenario)), hits(history(plain))
    names = ["coastwise", "crossing", "liner", "valley"]  # sorted, as the world has them
    assert hilly[names.index("liner")] > 0.9 * flat[names.index("liner")]
    assert hilly[names.index("crossing")] < 0.6 * flat[names.index("crossing")]
    # and where a plot came from, the exact line of sight is clear
    happened = history(ridge.scenario)
    (around,) = draw(ridge.scenario, None).environments
    sight = terrain.Sight(heights=dem.sample("garraf"), place=around.place, undulation_m=50.0, voids="sea")
    own = np.flatnonzero(happened.origins.mover == names.index("crossing"))
    flown = happened.flown.take(happened.flown.mover == names.index("crossing"))
    place = np.array(
        [np.interp(happened.plots.t_s[own], flown.tick_s, flown.position_ecef_m[:, c]) for c in range(3)]
    ).T
    inside = happened.plots.t_s[own] >= flown.tick_s[0]
    assert sight.sees(place[inside]).mean() > 0.9  # rays a quarter of a degree apart, straight lines between ticks


def test_clutter_hides_what_is_slow_and_shows_itself(ridge):
    plain = {"environment.terrain": None, "environment.ground_alt_m": 50}
    with_clutter, without = (history(apply(ridge, plain | more)) for more in ({}, {"environment.clutter": None}))
    assert (with_clutter.origins.mover < 0).sum() > 2 * (without.origins.mover < 0).sum()
    slow = 3  # up the valley at 55 m/s
    assert hits(with_clutter)[slow] < 0.6 * hits(without)[slow]


def test_the_texture_of_the_ground_is_the_replicates_and_not_the_sorties(ridge):
    said = ridge.scenario
    drawn = draw(said, Streams(said.seed, "replicate-1"))
    maps = [
        build(said, said.mission, drawn=drawn, streams=Streams(said.seed, run)).sensors.sensors[0]._clutter
        for run in ("sortie-1", "sortie-2")
    ]
    np.testing.assert_array_equal(maps[0]._rho, maps[1]._rho)
    other = draw(said, Streams(said.seed, "replicate-2"))
    third = build(said, said.mission, drawn=other, streams=Streams(said.seed, "sortie-1")).sensors.sensors[0]._clutter
    assert maps[0]._rho.shape != third._rho.shape or not np.array_equal(maps[0]._rho, third._rho)


def test_a_folder_of_tiles_is_found_from_the_scenarios_own(tmp_path, ridge):
    source = files("watchfloor.formats") / "data" / "garraf.tif"
    (tmp_path / "tiles").mkdir()
    shutil.copy(Path(str(source)), tmp_path / "tiles" / "garraf.tif")
    folder = apply(ridge, {"environment.terrain.sample": None, "environment.terrain.folder": "tiles"})
    radars = draw(ridge.scenario, None).radars
    (sampled,), (read,) = environments_of(ridge.scenario, radars), environments_of(folder, radars, folder=tmp_path)
    assert read.place.alt_m == pytest.approx(sampled.place.alt_m)
    near = read.terrain.height_m[:, :50], sampled.terrain.height_m[:, :50]
    np.testing.assert_allclose(near[0], near[1], atol=0.5)
    with pytest.raises(DataError, match="no such folder of tiles"):
        environments_of(folder, radars, folder=tmp_path / "elsewhere")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"environment.terrain.sample": "garaff"}, "did you mean 'garraf'"),
        ({"environment.terrain.missing": "error"}, "sensor 'tower': heights are unknown beyond"),
        ({"places.morella.lat_deg": 40.0}, "sensor 'tower': no height at 40.0"),
    ],
)
def test_terrain_that_will_not_do_is_told(ridge, changes, message):
    with pytest.raises(DataError, match=message):
        draw(apply(ridge, changes), None)


def test_jammers_go_with_their_movers_whatever_their_order(ridge):
    noise = {"erp_dbw": 30, "centre_mhz": 2800, "bandwidth_mhz": 40, "since_s": 60}
    said = apply(ridge, {"mission.movers.valley.jammers": [noise], "mission.movers.crossing.jammers": [noise, noise]})
    found = emitters_of(said.mission, ["coastwise", "crossing", "liner", "valley"])
    assert sorted(found.mover.tolist()) == [1, 1, 3]
    np.testing.assert_allclose(found.erp_w, 1e3)
    np.testing.assert_allclose(found.centre_hz, 2.8e9)
    assert np.isinf(found.until_s).all()
    happened = history(said)
    strobes = np.isnan(happened.plots.measurement[:, 0])
    assert strobes.sum() > 50
    assert happened.plots.t_s[strobes].min() > 60.0
    assert set(happened.origins.mover[strobes].tolist()) <= {1, 3}
    assert np.isnan(happened.tables()["plots"]["measurement_0"][strobes]).all()  # what a record keeps


@pytest.mark.slow
def test_both_levels_tell_the_same_story(ridge):
    short = {"mission.duration_s": 120}
    drawn = [
        hits(history(apply(ridge, short | {"sensors.tower.fidelity": level}))) for level in ("measurement", "signal")
    ]
    looks = 120.0 / 4.2
    for one, other in zip(*drawn, strict=True):
        assert abs(int(one) - int(other)) <= 4.0 * np.sqrt(0.5 * looks)
    assert abs(int(drawn[0].sum()) - int(drawn[1].sum())) <= 4.0 * np.sqrt(looks)


def test_land_gives_clutter_above_the_sea_and_the_sea_at_it(ridge):
    radars = draw(ridge.scenario, None).radars
    (land,) = environments_of(ridge.scenario, radars)
    (sea,) = environments_of(apply(ridge, {"environment.clutter": {"kind": "sea", "sea_state": 3}}), radars)
    south, north = np.radians(150.0), np.radians(330.0)
    at = np.array([20e3, 30e3, 60e3])  # over the water, the last of it beyond the elevation model
    assert not terrain.ground_visible(land.terrain, south, at).any()
    assert terrain.ground_visible(sea.terrain, south, at).all()
    assert not terrain.ground_visible(sea.terrain, north, np.linspace(2e3, 30e3, 50)).any()
    assert terrain.ground_visible(land.terrain, north, np.linspace(2e3, 30e3, 50)).any()
