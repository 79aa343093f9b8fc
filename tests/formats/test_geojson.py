from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchfloor.base.errors import DataError
from watchfloor.formats.geojson import area_feature, point_feature, polygons, signed_area, within, write_features
from watchfloor.physics.frames import destination


def circle(lat_deg, lon_deg, radius_m, *, hole=False, n=120):
    azimuth = -np.linspace(0.0, 2.0 * np.pi, n, endpoint=False)  # against the clock
    lat, lon = destination(np.radians(lat_deg), np.radians(lon_deg), azimuth[::-1] if hole else azimuth, radius_m)
    return np.degrees(np.column_stack((lon, lat)))


def total_area(found):
    return sum(signed_area(ring) for polygon in found for ring in polygon)


def test_a_box_over_the_antimeridian_is_cut_as_the_standard_shows():
    # RFC 7946, 3.1.9: the MultiPolygon of 170 E to 170 W, 40 to 50 N
    (east, west) = polygons([np.array([[170.0, 40.0], [-170.0, 40.0], [-170.0, 50.0], [170.0, 50.0]])])[::-1]
    if east[0][:, 0].min() < 0.0:
        east, west = west, east
    assert {tuple(p) for p in east[0].tolist()} == {(180.0, 40.0), (180.0, 50.0), (170.0, 50.0), (170.0, 40.0)}
    assert {tuple(p) for p in west[0].tolist()} == {(-170.0, 40.0), (-170.0, 50.0), (-180.0, 50.0), (-180.0, 40.0)}
    assert signed_area(east[0]) == pytest.approx(100.0)
    assert signed_area(west[0]) == pytest.approx(100.0)


@given(lat=st.floats(-70.0, 70.0), lon=st.floats(-180.0, 180.0), big=st.floats(50e3, 1000e3), share=st.floats(0.1, 0.9))
def test_a_ring_with_a_hole_keeps_its_area_and_its_sides_wherever_it_lies(lat, lon, big, share):
    rings = [circle(lat, lon, big), circle(lat, lon, share * big, hole=True)]
    found = polygons(rings)
    turned = [ring.copy() for ring in rings]
    for ring in turned:
        ring[:, 0] = lon + (ring[:, 0] - lon + 180.0) % 360.0 - 180.0
    assert total_area(found) == pytest.approx(sum(signed_area(ring) for ring in turned), rel=1e-5)
    for polygon in found:
        assert signed_area(polygon[0]) > 0.0
        assert all(signed_area(hole) < 0.0 for hole in polygon[1:])
        for ring in polygon:
            assert np.abs(ring[:, 0]).max() <= 180.0
            assert np.abs(np.diff(ring[:, 0])).max() < 180.0


@pytest.mark.parametrize(("lat", "pole"), [(89.0, "north"), (-88.0, "south")])
@pytest.mark.parametrize("lon", [0.0, 30.0, 180.0, -179.9])
def test_what_holds_a_pole_runs_along_the_edge_of_the_map(lat, lon, pole):
    (polygon,) = polygons([circle(lat, lon, 400e3)], pole=pole)
    (ring,) = polygon
    assert signed_area(ring) > 0.0
    end = 90.0 if pole == "north" else -90.0
    assert {(-180.0, end), (180.0, end)} <= {tuple(p) for p in ring.tolist()}
    assert within(np.array([lon * 0.3, 0.99 * end]), ring)


def test_an_annulus_about_a_pole_is_one_ring_without_the_pole():
    (polygon,) = polygons([circle(89.5, 10.0, 300e3), circle(89.5, 10.0, 150e3, hole=True)])
    (ring,) = polygon
    assert signed_area(ring) > 0.0
    assert np.abs(ring[:, 1]).max() < 90.0
    assert not within(np.array([10.0, 89.9]), ring)
    assert within(np.array([10.0, 87.5]), ring)


def test_an_island_in_a_hole_is_a_polygon_of_its_own():
    found = polygons([circle(10, 20, 300e3), circle(10, 20, 200e3, hole=True), circle(10, 20, 100e3)])
    assert sorted(len(polygon) for polygon in found) == [1, 2]


@pytest.mark.parametrize(
    ("rings", "pole", "said"),
    [
        ([circle(10, 20, 1e5, hole=True)], "", "wrong way|no outer ring"),
        ([circle(89.5, 10, 300e3)], "", "pole"),
        ([circle(10, 20, 1e5)[:2]], "", "three vertices"),
        ([np.array([[0.0, 0.0], [1.0, np.nan], [1.0, 1.0]])], "", "finite"),
        ([circle(10, 20, 1e5)], "up", "north"),
    ],
    ids=["hole alone", "pole not said", "two vertices", "NaN", "no such pole"],
)
def test_rings_that_cannot_be_are_refused(rings, pole, said):
    with pytest.raises(ValueError, match=said):
        polygons(rings, pole=pole)


def test_a_file_is_what_any_reader_of_geojson_wants(tmp_path):
    path = tmp_path / "a.geojson"
    area = area_feature(polygons([circle(10, 179.9, 1e5)]), {"pd": 0.5})
    write_features(path, [area, point_feature(190.0, 10.0, 5.0, {"radar": "x"})])
    read = json.loads(path.read_text("utf-8"))
    assert read["type"] == "FeatureCollection"
    assert read["features"][0]["geometry"]["type"] == "MultiPolygon"
    for polygon in read["features"][0]["geometry"]["coordinates"]:
        for ring in polygon:
            assert ring[0] == ring[-1]
            assert len(ring) >= 4
    assert read["features"][1]["geometry"] == {"type": "Point", "coordinates": [-170.0, 10.0, 5.0]}


def test_a_property_that_json_cannot_say_is_refused_and_nothing_is_left(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        write_features(tmp_path / "a.geojson", [point_feature(0.0, 0.0, 0.0, {"x": float("nan")})])
    with pytest.raises(DataError, match=r"b\.geojson: cannot be written"):
        write_features(tmp_path / "none" / "b.geojson", [])
    assert not list(tmp_path.iterdir())
