from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watchfloor.base.errors import DataError, UserError
from watchfloor.base.heights import Heights
from watchfloor.formats import dem
from watchfloor.physics.environment import Environment
from watchfloor.physics.frames import Place, destination, ecef_to_polar, geodesic, geodetic_to_ecef
from watchfloor.physics.propagation import (
    Surface,
    apparent_elevation_rad,
    blake_chart,
    curvature_radius_m,
    horizon_m,
)
from watchfloor.physics.radar import detection_range
from watchfloor.physics.terrain import line_of_sight
from watchfloor.report import coverage as coverage_module
from watchfloor.report.coverage import Station, cover, pole_of, raster, reach_m, section, stations_of, with_terrain
from watchfloor.scenario import catalog
from watchfloor.scenario.load import load
from watchfloor.sensor.card import environment_for, radar_from

AROUND = np.deg2rad([0.0, 90.0, 200.0])
RADAR = radar_from(catalog.radars()["s-band-acquisition"], None)


def station(lat_deg=47.0, lon_deg=10.0, alt_m=620.0, mast_m=20.0, radar=RADAR, name="north", **parts):
    environment = environment_for(radar, Place.from_degrees(lat_deg, lon_deg, alt_m), mast_m)
    return Station(name=name, radar=radar, environment=replace(environment, **parts), card="s-band-acquisition")


def on_earth(ring_rad, place, alt_m):
    """Slant range, azimuth and elevation of the vertices of a ring, at one height above the ellipsoid."""
    ecef = geodetic_to_ecef(ring_rad[:, 0], ring_rad[:, 1], np.full(len(ring_rad), alt_m))
    return ecef_to_polar(ecef, place)


# ---- against the range equation, the horizon and the beam, each by itself


@pytest.mark.parametrize("lat_deg", [0.0, 47.0, -75.0])
def test_where_the_echo_fades_the_edge_is_that_of_the_range_equation_with_gas(lat_deg):
    one = station(lat_deg)
    (edge,) = cover([one], sigma_m2=[0.01], height_m=[9000.0], n_azimuth=72, n_distance=150).contours
    outer = max(edge.rings_rad, key=len)
    slant, azimuth, _ = on_earth(outer, one.place, 9600.0)
    far = slant > 30e3  # the rest is the cone above the radar
    ground = geodesic(one.place.lat_rad, one.place.lon_rad, *outer[far].T)[0]
    radius = curvature_radius_m(one.place.lat_rad, azimuth[far]) + 600.0
    elevation = apparent_elevation_rad(20.0, 9000.0, ground * radius / (radius - 600.0), earth_radius_m=radius)
    expected = detection_range(RADAR, 0.01, 0.5, swerling=1, gas=one.environment.gas, elevation_rad=elevation)
    # a step is 1 % of the range and the bisection leaves 1/2048 of it
    np.testing.assert_allclose(slant[far], expected, rtol=2e-5)


@pytest.mark.parametrize("lat_deg", [0.0, 47.0, -75.0])
def test_a_large_low_target_is_lost_at_the_horizon(lat_deg):
    one = station(lat_deg)
    (edge,) = cover([one], sigma_m2=[100.0], height_m=[300.0], n_azimuth=72, n_distance=150).contours
    ground, azimuth = geodesic(one.place.lat_rad, one.place.lon_rad, *max(edge.rings_rad, key=len).T)
    far = ground > 30e3
    radius = curvature_radius_m(one.place.lat_rad, azimuth) + 600.0
    expected = horizon_m(20.0, 300.0, earth_radius_m=radius) * (radius - 600.0) / radius
    # the stated error of the smooth horizon: its circle touches the ellipsoid at the radar only
    np.testing.assert_allclose(ground[far], expected[far], rtol=1e-3)


def test_the_hole_above_the_radar_is_that_of_its_highest_beam():
    one = station()
    (edge,) = cover([one], sigma_m2=[1.0], height_m=[9000.0], n_azimuth=72, n_distance=400, range_m=20e3).contours
    hole = next(ring for ring in edge.rings_rad if coverage_module.contours.area_m2([ring], one.place) < 0.0)
    ground = geodesic(one.place.lat_rad, one.place.lon_rad, *hole.T)[0]
    expected = (9000.0 - 20.0) / np.tan(RADAR.elevation_max_rad)  # 3 km away the earth is flat to a metre
    np.testing.assert_allclose(ground, expected, rtol=2e-3)


def test_area_and_distances_agree_with_a_circle():
    (edge,) = cover([station()], sigma_m2=[0.01], height_m=[9000.0], n_azimuth=360, n_distance=200).contours
    hole = 9000.0 / np.tan(RADAR.elevation_max_rad)
    assert edge.nearest_m == pytest.approx(edge.farthest_m, rel=1e-3)
    assert edge.area_m2 == pytest.approx(np.pi * (edge.farthest_m**2 - hole**2), rel=1e-3)


@settings(max_examples=10)
@given(sigma=st.floats(0.001, 1.0), more=st.floats(1.2, 10.0), height=st.floats(200.0, 8000.0))
def test_a_larger_target_is_covered_wherever_a_smaller_one_is(sigma, more, height):
    found = cover([station()], sigma_m2=[sigma, more * sigma], height_m=[height], n_azimuth=24, n_distance=80)
    small, large = found.pd[0]
    assert np.all(large >= small)
    assert found.contours[0].area_m2 <= found.contours[1].area_m2 * (1.0 + 1e-9)


# ---- lobes


def test_lobes_over_the_sea_lie_where_a_chart_of_the_factor_has_them():
    wide = {"elevation": "fan", "beamwidth_elevation_rad": 2.0}  # so that both rays have the peak's gain to 0.1 dB
    radar = RADAR.but(elevation_min_rad=-0.2, measures_elevation=False, **wide)
    bare = station(0.0, 0.0, 25.0, 25.0, radar, surface=Surface(kind="sea"), gas=None)
    azimuth, sigma = np.deg2rad(90.0), 0.1  # along the equator the ellipsoid is a circle
    found = section(bare, azimuth_rad=azimuth, range_m=220e3, height_max_m=3000.0, sigma_m2=[sigma])
    height = np.linspace(60.0, 2900.0, 41)
    chart = blake_chart(
        Surface(kind="sea"), radar.frequency_hz, "H", 25.0, range_m=np.linspace(30e3, 200e3, 60), height_m=height,
        free_space_range_m=float(detection_range(radar, sigma, 0.5)),
        earth_radius_m=float(curvature_radius_m(0.0, azimuth)),
    )  # fmt: skip
    needed = radar.snr_1m2_1m * sigma / float(detection_range(radar, sigma, 0.5)) ** 4
    radius = 4.0 / 3.0 * 6378137.0
    for i in range(3, 60, 8):
        ground = (
            2.0
            * radius
            * np.arcsin(
                np.sqrt((chart.range_m[i] ** 2 - (height - 25.0) ** 2) / (4.0 * (radius + 25.0) * (radius + height)))
            )
        )
        snr = sigma * bare.snr_1m2(*destination(0.0, 0.0, azimuth, ground), height, 0.0)
        seen = snr > 0.0
        margin_db = 10.0 * np.log10(snr[seen] / needed)
        # the wide beam costs at most 0.03 dB at 4 degrees, each way
        np.testing.assert_allclose(margin_db, chart.margin_db[seen, i], atol=0.1)
        assert np.all(chart.margin_db[~seen, i] < 0.0)
    assert 0.2 < np.mean(chart.margin_db >= 0.0) < 0.9  # the comparison saw both sides
    above = found.pd[0] >= 0.5
    lobes = np.count_nonzero(np.diff(above[:, np.searchsorted(found.distance_m, 130e3)].astype(int)) == 1)
    assert lobes >= 3


def test_contours_of_lobes_have_rings_within_rings_whose_edges_are_the_level():
    one = station(0.0, 0.0, 25.0, 25.0, surface=Surface(kind="sea"))
    found = cover([one], sigma_m2=[0.1], height_m=[1000.0], n_azimuth=12, n_distance=400, range_m=180e3)
    (edge,) = found.contours
    assert len(edge.rings_rad) > 2
    ring = max(edge.plane_m, key=lambda r: np.hypot(*r.T).max())
    azimuth, distance = np.arctan2(*ring.T), np.hypot(*ring.T)
    on_ray = np.abs(np.mod(azimuth * 12.0 / (2.0 * np.pi) + 0.5, 1.0) - 0.5) < 1e-6
    step = found.grid.step_m / 1024.0
    sides = [
        found.pd_at(*destination(one.place.lat_rad, one.place.lon_rad, azimuth, distance + d), 1000.0, 0.1) >= 0.5
        for d in (-step, step)
    ]
    assert on_ray.sum() >= 12
    assert np.all(sides[0][on_ray] != sides[1][on_ray])


# ---- terrain


def ridge(site=(41.345, 1.885)):
    """The shipped terrain with a radar on one of its summits, and how far it is known all round."""
    heights = dem.sample("garraf")
    flat = station(*site, 300.0, 15.0, radar=RADAR.but(elevation_min_rad=-0.2, range_min_m=0.0))
    return heights, with_terrain(flat, heights, range_m=9e3)


def test_what_terrain_hides_is_what_the_line_of_sight_says():
    heights, one = ridge()
    assert one.place.alt_m == pytest.approx(float(heights.at(one.place.lat_rad, one.place.lon_rad)) + 15.0)
    found = cover([one], sigma_m2=[10.0], height_m=[60.0], n_azimuth=720, n_distance=160, range_m=9e3)
    rng = np.random.default_rng(7)
    row, column = rng.integers(0, 720, 3000), rng.integers(20, 160, 3000)
    lat, lon = found.grid.place_at(row.astype(float), column.astype(float))
    ecef = geodetic_to_ecef(lat, lon, heights.at(lat, lon) + 60.0)
    seen = line_of_sight(heights, one.place, ecef)
    covered = found.pd[0, 0, row, column] >= 0.5
    assert 0.1 < seen.mean() < 0.9
    # a table of rays 0.05 degrees apart: they differ at the edges of shadows only
    assert np.mean(seen != covered) < 0.01
    assert found.share_unknown == 0.0


def test_terrain_that_is_unknown_is_not_covered_and_said():
    heights, _ = ridge()
    one = with_terrain(station(41.345, 1.885, 300.0, 15.0), heights, range_m=40e3)
    found = cover([one], sigma_m2=[10.0], height_m=[5000.0], n_azimuth=90, n_distance=80, range_m=40e3)
    assert 0.3 < found.share_unknown < 0.9
    assert not found.pd[:, :, found.unknown].any()
    bands, place = raster(found, n_rows=60)
    lat = place["north_rad"] - place["step_lat_rad"] * np.arange(60)
    assert np.isnan(bands[0, 0, np.argmin(np.abs(lat - one.place.lat_rad)), -1])  # the east is unknown
    with pytest.raises(DataError, match="unknown"):
        with_terrain(station(41.345, 1.885, 300.0, 15.0), heights, range_m=40e3, missing="error")


def test_sea_for_what_is_missing_sees_to_its_horizon():
    heights, _ = ridge()
    low = station(41.345, 1.885, 300.0, 15.0, RADAR.but(elevation_min_rad=-0.2))
    one = with_terrain(low, heights, range_m=120e3, missing="sea")
    found = cover([one], sigma_m2=[100.0], height_m=[10.0], above="sea", n_azimuth=180, n_distance=200, range_m=120e3)
    assert found.share_unknown == 0.0
    assert not np.isnan(found.stations[0].heights.height_m).any()
    south = found.pd[0, 0, 84:101] >= 0.5  # azimuths 168 to 200 degrees: over the sea beyond the shore
    assert south.any(axis=1).all()
    far = (south.shape[1] - 1 - south[:, ::-1].argmax(axis=1)) * found.grid.step_m
    radius = curvature_radius_m(one.place.lat_rad, np.pi)
    assert far.max() <= horizon_m(one.place.alt_m, 10.0, earth_radius_m=radius)
    assert far.max() > 0.85 * horizon_m(one.place.alt_m, 10.0, earth_radius_m=radius)


def test_missing_tiles_are_named_with_their_folder(tmp_path):
    with pytest.raises(DataError, match=f"{tmp_path}.*N47E010|no tile"):
        with_terrain(station(47.5, 10.5), tmp_path, range_m=20e3)
    with pytest.raises(DataError, match="reaches the pole"):
        with_terrain(station(89.9, 0.0), tmp_path, range_m=20e3)


# ---- several radars, and the earth's odd places


def test_several_radars_detect_when_any_does():
    two = [station(), station(47.0, 10.9, name="south", radar=RADAR.but(peak_power_w=3e3))]
    apart = cover(two, sigma_m2=[0.1], height_m=[3000.0], n_distance=60)
    assert not apart.grid.polar
    lat, lon = destination(two[0].place.lat_rad, two[0].place.lon_rad, np.linspace(0.0, 6.0, 40), 90e3)
    alone = [cover([s], sigma_m2=[0.1], height_m=[3000.0], n_azimuth=8, n_distance=8) for s in two]
    missed = np.prod([1.0 - one.pd_at(lat, lon, 3000.0, 0.1) for one in alone], axis=0)
    np.testing.assert_allclose(apart.pd_at(lat, lon, 3000.0, 0.1), 1.0 - missed, atol=1e-12)
    row, column = np.meshgrid(np.arange(60.0), np.arange(60.0), indexing="ij")
    lat, lon = apart.grid.place_at(row.ravel(), column.ravel())
    np.testing.assert_allclose(apart.pd[0, 0].ravel(), apart.pd_at(lat, lon, 3000.0, 0.1), atol=1e-12)
    assert np.isnan(apart.contours[0].nearest_m)


def test_radars_on_one_hill_share_a_polar_grid():
    assert cover([station(), station(name="b")], sigma_m2=[0.1], height_m=[3e3], n_distance=40).grid.polar


@pytest.mark.parametrize(("lat_deg", "pole"), [(89.0, "north"), (-88.5, "south"), (60.0, "")])
def test_a_pole_within_reach_is_found(lat_deg, pole):
    found = cover([station(lat_deg, 170.0)], sigma_m2=[1.0], height_m=[9000.0], n_azimuth=36, n_distance=60)
    (edge,) = found.contours
    assert pole_of(found, edge) == pole
    assert edge.area_m2 == pytest.approx(np.pi * edge.farthest_m**2, rel=0.01)
    if pole:
        with pytest.raises(DataError, match="pole"):
            raster(found)


def test_a_raster_across_the_antimeridian_is_what_is_detected_there():
    found = cover([station(-17.0, 179.8)], sigma_m2=[1.0], height_m=[3000.0], n_azimuth=36, n_distance=60)
    bands, place = raster(found, n_rows=40)
    rows, columns = bands.shape[2:]
    lat = place["north_rad"] - place["step_lat_rad"] * np.arange(rows)
    lon = place["west_rad"] + place["step_lon_rad"] * np.arange(columns)
    assert place["west_rad"] > 0.0
    assert lon[-1] > np.pi
    expected = found.pd_at(*(m.ravel() for m in np.meshgrid(lat, lon, indexing="ij")), 3000.0, 1.0)
    np.testing.assert_allclose(bands[0, 0].ravel(), expected, atol=1e-12)


def test_the_section_is_the_map_along_one_azimuth():
    one = station()
    found = section(one, azimuth_rad=1.0, range_m=200e3, height_max_m=9e3, sigma_m2=[0.05], n_distance=60)
    flat = cover([one], sigma_m2=[0.05], height_m=[1.0], n_azimuth=8, n_distance=8)
    ray, at = np.nonzero((found.height_m > 0.0) & (found.height_m < 9e3))
    lat, lon = destination(one.place.lat_rad, one.place.lon_rad, 1.0, found.distance_m[at])
    alt = found.height_m[ray, at] + 600.0
    expected = one.pd(0.05 * one.snr_1m2(lat, lon, alt, 0.0), 1)
    np.testing.assert_allclose(found.pd[0, ray, at], expected, atol=1e-12)
    assert flat.above == "ground"
    # rays leave at the elevation they are named by: apparent elevation of the same points
    radius = curvature_radius_m(one.place.lat_rad, 1.0) + 600.0
    ground = found.distance_m[at] * radius / (radius - 600.0)
    again = apparent_elevation_rad(20.0, found.height_m[ray, at], ground, earth_radius_m=radius)
    away = found.distance_m[at] > 100.0
    np.testing.assert_allclose(again[away], found.elevation_rad[ray[away]], atol=1e-9)


# ---- from a scenario, and what is refused


def test_radars_come_from_the_scenario_and_other_sensors_do_not():
    scenario = load("working-group").scenario
    assert [s.name for s in stations_of(scenario)] == ["ew", "acq", "fc"]
    (acq,) = stations_of(scenario, names=["acq"])
    assert acq.environment.site[0] == pytest.approx(20.0)
    assert acq.environment.ground_alt_m == pytest.approx(880.0)
    with pytest.raises(UserError, match="no radar is called 'acp'; did you mean 'acq'"):
        stations_of(scenario, names=["acp"])
    with pytest.raises(UserError, match="no radar is called 'ssr'"):
        stations_of(scenario, names=["ssr"])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"sigma_m2": [0.0]}, "sigma_m2 must be above 0"),
        ({"sigma_m2": []}, "sigma_m2 is empty"),
        ({"sigma_m2": [np.nan]}, "sigma_m2 must be finite"),
        ({"height_m": [-1.0]}, "height_m above the ground"),
        ({"height_m": [np.inf]}, "height_m must be finite"),
        ({"level": 1.0}, "level is a probability"),
        ({"above": "roof"}, "ground or sea"),
        ({"range_m": -1.0}, "range_m must be above 0"),
        ({"n_azimuth": 2}, "at least 8"),
        ({"stations": []}, "at least one radar"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(change, said):
    arguments = {"stations": [station()], "sigma_m2": [1.0], "height_m": [100.0], **change}
    with pytest.raises(ValueError, match=said):
        cover(arguments.pop("stations"), **arguments)


def test_a_height_above_the_sea_but_under_the_radars_ground_is_refused():
    with pytest.raises(UserError, match=r"100 m above the sea lies below the ground of radar 'north', which is 600 m"):
        cover([station()], sigma_m2=[1.0], height_m=[100.0], above="sea")


def test_progress_counts_to_the_end():
    seen = []
    cover([station()], sigma_m2=[1.0], height_m=[100.0], n_azimuth=16, n_distance=20,
          progress=lambda done, total: seen.append((done, total)))  # fmt: skip
    assert seen[-1] == (320, 320)


def test_heights_count_from_the_terrain_and_not_from_the_radar():
    flat = Heights(
        height_m=np.full((61, 61), 200.0), north_rad=np.radians(47.5), west_rad=np.radians(9.5),
        step_lat_rad=np.radians(1.0 / 60.0), step_lon_rad=np.radians(1.0 / 60.0),
    )  # fmt: skip
    one = with_terrain(station(), flat, range_m=30e3)
    assert one.place.alt_m == pytest.approx(220.0)  # not the scenario's 620 m
    high = with_terrain(station(), flat, range_m=30e3, undulation_m=50.0)
    assert high.place.alt_m == pytest.approx(270.0)
    a, b = (cover([s], sigma_m2=[1.0], height_m=[30.0], n_azimuth=16, n_distance=60, range_m=30e3) for s in (one, high))
    np.testing.assert_allclose(a.contours[0].area_m2, b.contours[0].area_m2, rtol=1e-3)


# ---- the report's reach


def reach(lat_deg: float, sigma_m2: float, alt_m: float):
    place = Place(np.deg2rad(lat_deg), 0.5, 20.0)
    return RADAR, place, reach_m(
        RADAR, place, sigma_m2=sigma_m2, swerling=1, azimuth_rad=AROUND, alt_m=alt_m, ground_alt_m=0.0
    )  # fmt: skip


@pytest.mark.parametrize("lat_deg", [0.0, 40.0, 75.0])
def test_reach_ends_where_the_range_equation_does(lat_deg):
    radar, _, found = reach(lat_deg, 0.01, 9000.0)
    slant = float(detection_range(radar, 0.01, 0.5, swerling=1))
    np.testing.assert_allclose(found, np.sqrt(slant**2 - 9000.0**2), rtol=3e-3)


@pytest.mark.parametrize("lat_deg", [0.0, 40.0, 75.0])
def test_reach_ends_at_the_horizon(lat_deg):
    _, place, found = reach(lat_deg, 100.0, 300.0)
    edge = [float(horizon_m(20.0, 300.0, earth_radius_m=float(curvature_radius_m(place.lat_rad, a)))) for a in AROUND]
    assert np.all(found <= np.array(edge) + 1.0)
    assert np.all(found > np.array(edge) - 1500.0)  # one step of distances, and slant against ground


def test_a_target_that_is_never_detected_has_no_reach():
    assert not reach(40.0, 1e-12, 9000.0)[2].any()


def test_reach_grows_with_the_cross_section():
    small, large = reach(40.0, 0.001, 9000.0)[2], reach(40.0, 0.016, 9000.0)[2]
    np.testing.assert_allclose(large / small, 2.0, rtol=0.02)  # the fourth root of 16


def test_reach_and_the_map_agree():
    one = station()
    (edge,) = cover([one], sigma_m2=[0.05], height_m=[4000.0], n_azimuth=72, n_distance=200).contours
    found = reach_m(RADAR, one.place, sigma_m2=0.05, swerling=1, azimuth_rad=AROUND, alt_m=4600.0,
                    ground_alt_m=600.0, gas=one.environment.gas)  # fmt: skip
    assert isinstance(one.environment, Environment)
    np.testing.assert_allclose(found, edge.farthest_m, rtol=2e-3)


def test_a_scenario_that_names_its_terrain_gives_heights_above_it():
    (tower,) = stations_of(load("ridge-site").scenario)
    assert tower.heights is not None
    lat, lon = np.radians([41.60, 41.00]), np.radians([1.8, 1.9])
    ground = tower.ground_alt_m(lat, lon)
    np.testing.assert_allclose(ground[0], float(dem.sample("garraf").at(lat[0], lon[0])) + 50.0)
    assert ground[1] == 50.0  # beyond the tiles: the sea, at the geoid
    # straddling and filters of a chart vary smoothly: no rings of a range cell's width
    at = destination(tower.place.lat_rad, tower.place.lon_rad, np.radians(170.0), np.linspace(30e3, 31e3, 200))
    snr_db = 10.0 * np.log10(tower.snr_1m2(*at, np.full(200, 1500.0), 250.0))
    assert np.ptp(np.diff(snr_db)) < 0.05


def test_terrain_named_twice_leaves_the_mast_as_it_is():
    (tower,) = stations_of(load("ridge-site").scenario)
    again = with_terrain(tower, dem.sample("garraf"), range_m=40e3, undulation_m=50.0)
    np.testing.assert_allclose(again.place.alt_m, tower.place.alt_m, atol=1e-6)
    assert np.isnan(again.beyond_m)  # and what lies beyond is as the second naming says
