"""Elevation models: real tiles at their stated heights, made-up files for everything that can be wrong."""

from __future__ import annotations

import gzip
import json
import shutil
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
import tifffile

from watchfloor.base.errors import DataError
from watchfloor.base.heights import Heights
from watchfloor.formats import dem

TILES = ("N41E001.hgt.zip", "N42E001.hgt.zip", "N57E011.hgt", "n36_w122.dt1")
DEGREE = np.pi / 180.0


def box(south, west, north, east):
    sides = {"south_rad": south, "west_rad": west, "north_rad": north, "east_rad": east}
    return {side: float(np.radians(value)) for side, value in sides.items()}


def hgt(height=None, side=1201) -> bytes:
    raw = np.zeros((side, side), ">i2") if height is None else np.asarray(height).astype(">i2")
    return raw.tobytes()


def dted(columns, *, twos=False, step=b"0030", datum=b"WGS84", origin=b"0010000E0410000N", spoil=()) -> bytes:
    """A DTED file of profiles (south to north), as MIL-PRF-89020B lays it out; ``spoil`` profiles get a wrong sum."""
    columns = np.asarray(columns)
    n_lon, n_lat = columns.shape
    uhl = (
        b"UHL1" + origin + step + step + b"0007" + b"U  " + b" " * 12 + b"%04d%04d" % (n_lon, n_lat) + b"0" + b" " * 24
    )
    dsi = b"DSI" + b" " * 138 + b"E96" + datum + b" " * (648 - 149)
    body = b""
    for n, column in enumerate(columns):
        if twos:
            coded = column.astype(np.int64) & 0xFFFF
        else:
            coded = np.where(column < 0, 0x8000 | -column.astype(np.int64), column.astype(np.int64))
        record = b"\xaa" + struct.pack(">I", n)[1:] + struct.pack(">HH", n, 0) + coded.astype(">u2").tobytes()
        body += record + struct.pack(">I", sum(record) + (n in spoil))
    assert len(uhl) == 80
    assert len(dsi) == 648
    return uhl + dsi + b"ACC" + b" " * 2697 + body


def geotiff(path: Path, values, *, keys=None, scale=(0.1, 0.1, 0.0), tie=(0, 0, 0, 1.0, 42.0, 0), nodata=None, **more):
    keys = {1024: 2, 1025: 1, 2048: 4326} if keys is None else keys
    directory = [1, 1, 0, len(keys)] + [v for key, value in keys.items() for v in (key, 0, 1, value)]
    tags = [(34735, "H", len(directory), directory, True)]
    if scale:
        tags += [(33550, "d", 3, scale, True), (33922, "d", 6, tie, True)]
    if nodata is not None:
        tags.append((42113, "s", 0, nodata, True))
    tags += more.pop("extratags", [])
    tifffile.imwrite(path, values, extratags=tags, metadata=None, **more)
    return path


@pytest.fixture(scope="module")
def tiles(shared_data):
    folder = shared_data / "dem"
    return {name: dem.read(folder / name) for name in TILES}, json.loads((folder / "expected.json").read_text("utf-8"))


@pytest.mark.parametrize("name", TILES)
def test_a_real_tile_has_the_stated_heights(tiles, name):
    heights, said = tiles[0][name], tiles[1][name]
    assert list(heights.shape) == said["shape"]
    assert heights.n_voids == said["voids"]
    south, west = said["sw_corner"]
    np.testing.assert_allclose(np.degrees([heights.south_rad, heights.west_rad]), [south, west], atol=1e-9)
    known = heights.height_m[~heights.void].astype(float)
    assert (known.min(), known.max()) == (said["min_m"], said["max_m"])
    assert known.mean() == pytest.approx(said["mean_m"], abs=6e-4)
    assert np.count_nonzero(known <= 0.0) == said["zero_or_below"]
    top = said["highest"]
    assert heights.at(top["lat"] * DEGREE, top["lon"] * DEGREE) == pytest.approx(top["m"], abs=0.1)
    samples = said["samples"]
    got = heights.at([s["lat"] * DEGREE for s in samples], [s["lon"] * DEGREE for s in samples])
    np.testing.assert_allclose(got, [s["bilinear_m"] for s in samples], atol=2e-3)


@pytest.mark.parametrize("name", TILES)
def test_gdal_reads_the_same_nodes(tiles, shared_data, name):
    rasterio = pytest.importorskip("rasterio", reason="rasterio (GDAL) is the oracle, and not installed")
    path = shared_data / "dem" / name
    with rasterio.open(f"/vsizip/{path}/{path.stem}" if path.suffix == ".zip" else path) as theirs:
        values = theirs.read(1, masked=True)
        first = theirs.xy(0, 0)
    heights = tiles[0][name]
    np.testing.assert_array_equal(values.mask | np.zeros(values.shape, bool), heights.void)
    np.testing.assert_array_equal(values.filled(0), np.nan_to_num(heights.height_m))
    np.testing.assert_allclose(first, np.degrees([heights.west_rad, heights.north_rad]), atol=1e-9)


def test_real_tiles_that_touch_agree_on_their_seam_and_join(tiles, shared_data):
    south, north = tiles[0]["N41E001.hgt.zip"], tiles[0]["N42E001.hgt.zip"]
    above, below = north.height_m[-1], south.height_m[0]
    both = ~(np.isnan(above) | np.isnan(below))
    np.testing.assert_array_equal(above[both], below[both])
    joined = dem.read_folder(shared_data / "dem", **box(41.5, 1.2, 42.5, 1.8))
    assert joined.shape == (1201, 721)
    lat, lon = np.linspace(41.5, 42.5, 101)[:, None] * DEGREE, np.linspace(1.2, 1.8, 61) * DEGREE
    apart = np.where(lat >= 42.0 * DEGREE, north.at(lat, lon), south.at(lat, lon))
    np.testing.assert_allclose(joined.at(lat, lon), apart, atol=1e-3)


def test_missing_tiles_are_listed_or_void_by_choice(shared_data):
    wide = box(41.9, 0.9, 42.1, 2.1)
    with pytest.raises(DataError, match=r"4 one-degree cells.*N41E000, N41E002, N42E000, N42E002;.*missing='void'"):
        dem.read_folder(shared_data / "dem", **wide)
    joined = dem.read_folder(shared_data / "dem", **wide, missing="void")
    assert joined.shape == (241, 1201)
    assert np.isnan(joined.at(42.0 * DEGREE, 0.95 * DEGREE))
    with pytest.raises(DataError, match=r"no tile meets the box; wanted S34W071"):
        dem.read_folder(shared_data / "dem", **box(-33.6, -70.5, -33.5, -70.4))


def test_a_folder_joins_kinds_and_subfolders_across_the_antimeridian(tmp_path):
    (tmp_path / "east").mkdir()
    (tmp_path / "east" / "S17E179.hgt").write_bytes(hgt(np.full((1201, 1201), 7)))
    step = 1.0 / 1200.0
    geotiff(
        tmp_path / "west.tif", np.full((1201, 1201), 9, np.int16), keys={1024: 2, 1025: 2, 2048: 4326},
        scale=(step, step, 0.0), tie=(0, 0, 0, -180.0, -16.0, 0), compression="zlib",
    )  # fmt: skip
    (tmp_path / "notes.txt").write_text("no tile", "utf-8")
    joined = dem.read_folder(tmp_path, **box(-16.6, 179.5, -16.4, -179.5))
    assert joined.shape == (241, 1201)
    np.testing.assert_allclose(joined.at(-16.5 * DEGREE, np.radians([179.6, 180.0, -179.6])), [7.0, 8.0, 9.0])


def test_tiles_of_two_resolutions_are_named(tmp_path):
    (tmp_path / "N41E001.hgt").write_bytes(hgt())
    (tmp_path / "N41E002.hgt").write_bytes(hgt(side=3601))
    with pytest.raises(DataError, match=r"arc seconds.*N41E002\.hgt"):
        dem.read_folder(tmp_path, **box(41.2, 1.8, 41.4, 2.2))


@pytest.mark.parametrize("packing", ["hgt", "hgt.gz", "hgt.zip"])
def test_a_tile_reads_the_same_packed_or_not(tmp_path, packing):
    values = np.arange(1201 * 1201).reshape(1201, 1201) % 3000
    values[3, 4] = -32768
    path = tmp_path / f"s05w072.{packing}"
    if packing == "hgt.zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("S05W072.hgt", hgt(values))
    else:
        path.write_bytes(gzip.compress(hgt(values), 1) if packing == "hgt.gz" else hgt(values))
    heights = dem.read(path)
    assert heights.n_voids == 1
    assert np.isnan(heights.height_m[3, 4])
    assert heights.height_m[3, 5] == values[3, 5]
    np.testing.assert_allclose(np.degrees([heights.south_rad, heights.west_rad, heights.east_rad]), [-5, -72, -71])


def test_broken_hgt_files_say_what_is_wrong(tmp_path):
    def said(name, data, pattern):
        path = tmp_path / name
        path.write_bytes(data)
        with pytest.raises(DataError, match=pattern) as caught:
            dem.read(path)
        assert str(path) in str(caught.value)

    said("N41E001.hgt", hgt()[:-10], r"2884792 bytes where an SRTM tile has 2884802 \(1201")
    said("tile.hgt", hgt(), "the name must say the south-west corner")
    said("N95E001.hgt", hgt(), "no corner")
    said("N41E001.zip", b"PK\x03\x04 nonsense", "broken archive")
    said("N41E001.hgt.gz", gzip.compress(hgt())[:-30], "broken archive")
    spiked = np.zeros((1201, 1201))
    spiked[2, 7] = -32767
    said("N41E001.hgt", hgt(spiked), r"offset 4818: row 2, column 7.*-32767 m")
    said("N41E001.hgt", np.full((1201, 1201), 300, "<i2").tobytes(), "big-endian")
    said("N41E001.txt", b"", r"no elevation model by its ending")
    with pytest.raises(DataError, match="No such file"):
        dem.read(tmp_path / "N01E001.hgt")


def test_dted_heights_are_sign_and_magnitude_profiles_run_north(tmp_path):
    path = tmp_path / "a.dt1"
    path.write_bytes(dted([[-1, 2, 3], [-430, 5, -32767]]))
    heights = dem.read(path)
    np.testing.assert_array_equal(heights.height_m, [[3, np.nan], [2, 5], [-1, -430]])
    np.testing.assert_allclose(np.degrees([heights.south_rad, heights.west_rad]), [41.0, 1.0])
    assert heights.step_lat_rad == pytest.approx(np.radians(3.0 / 3600.0))
    path.write_bytes(b"VOL1" + b" " * 76 + b"HDR1" + b" " * 76 + dted([[1, 2], [3, 4]]))  # from a tape
    assert dem.read(path).height_m[0, 0] == 2


def test_dted_in_twos_complement_is_understood(tmp_path):
    path = tmp_path / "a.dt2"
    path.write_bytes(dted([[-2, 2], [-430, 5]], twos=True))
    np.testing.assert_array_equal(dem.read(path).height_m, [[2, 5], [-2, -430]])


def test_broken_dted_files_say_what_is_wrong(tmp_path):
    path = tmp_path / "a.dt1"
    good = dted([[1, 2], [3, 4], [5, 6]])

    def said(data, pattern):
        path.write_bytes(data)
        with pytest.raises(DataError, match=pattern) as caught:
            dem.read(path)
        assert str(path) in str(caught.value)

    said(good[:-1], r"3475 bytes where the header's 3 profiles of 2 heights need 3476")
    said(b"X" + good[1:], "offset 0: .*UHL1")
    said(good[:40], "UHL1")
    said(good[:80] + b"ABC" + good[83:], "offset 80: .*DSI")
    said(good[:4] + b"abcdefgh" + good[12:], "offset 4: .*longitude as DDDMMSSH")
    said(good[:47] + b"  -2" + good[51:], "offset 47: .*number of longitude lines")
    said(good[:3444] + b"\x00" + good[3445:], "offset 3444: profile 1 starts with 0x00")
    said(dted([[1, 2]] * 3, datum=b"WGS72"), "'WGS72'.*gdalwarp")
    said(dted([[1, 2]] * 3, spoil=(1,)), "offset 3444: profile 1 and 0 more have a wrong checksum")
    assert dem.read_dted(path, checksums=False).shape == (2, 3)
    said(dted([[12000, 2]] * 3), "12000 m")


def test_the_real_dted_tile_has_right_checksums_and_one_flipped_bit_is_noticed(shared_data, tmp_path):
    data = bytearray((shared_data / "dem" / "n36_w122.dt1").read_bytes())
    data[500_000] ^= 1
    path = tmp_path / "n36_w122.dt1"
    path.write_bytes(data)
    with pytest.raises(DataError, match="profile 205 and 0 more have a wrong checksum"):
        dem.read(path)


@pytest.mark.parametrize("dtype", [np.int16, np.float32])
def test_a_written_geotiff_reads_back_the_same(tmp_path, dtype):
    values = np.random.default_rng(1).normal(300.0, 99.0, (70, 50)).astype(dtype).astype(np.float32)
    values[3, 4] = np.nan
    heights = Heights(
        height_m=values,
        north_rad=0.7,
        west_rad=-3.1,
        step_lat_rad=np.radians(1 / 1200),
        step_lon_rad=np.radians(1 / 600),
    )
    dem.write_geotiff(tmp_path / "a.tif", heights, description="made up")
    assert [p.name for p in tmp_path.iterdir()] == ["a.tif"]
    assert tifffile.imread(tmp_path / "a.tif").dtype == dtype
    back = dem.read(tmp_path / "a.tif")
    np.testing.assert_array_equal(back.height_m, values)
    for name in ("north_rad", "west_rad", "step_lat_rad", "step_lon_rad"):
        assert getattr(back, name) == pytest.approx(getattr(heights, name), abs=1e-14)


def test_gdal_reads_a_written_geotiff(tmp_path):
    rasterio = pytest.importorskip("rasterio", reason="rasterio (GDAL) is the oracle, and not installed")
    values = np.array([[1.0, 2.0, np.nan], [4.0, 5.0, 6.0]], np.float32)
    heights = Heights(height_m=values, north_rad=0.7, west_rad=-0.1, step_lat_rad=1e-3, step_lon_rad=2e-3)
    dem.write_geotiff(tmp_path / "a.tif", heights)
    with rasterio.open(tmp_path / "a.tif") as theirs:
        assert theirs.crs.to_epsg() == 4326
        assert theirs.nodata == -32768
        np.testing.assert_allclose(np.radians(theirs.xy(1, 2)), [-0.1 + 4e-3, 0.7 - 1e-3], atol=1e-12)
        np.testing.assert_array_equal(theirs.read(1), [[1, 2, -32768], [4, 5, 6]])


def test_pixels_that_are_areas_have_their_height_in_the_middle(tmp_path):
    values = np.array([[1, 2], [3, 4]], np.int16)
    area = dem.read(geotiff(tmp_path / "a.tif", values))
    point = dem.read(geotiff(tmp_path / "p.tif", values, keys={1024: 2, 1025: 2, 2048: 4326}))
    np.testing.assert_allclose(np.degrees([area.north_rad, area.west_rad]), [41.95, 1.05])
    np.testing.assert_allclose(np.degrees([point.north_rad, point.west_rad]), [42.0, 1.0])
    tied = dem.read(geotiff(tmp_path / "t.tif", values, tie=(1, 1, 0, 1.1, 41.9, 0)))
    np.testing.assert_allclose(np.degrees([tied.north_rad, tied.west_rad]), [41.95, 1.05])


def test_a_matrix_places_the_image_too_even_south_up(tmp_path):
    values = np.array([[1, 2], [3, 4]], np.int16)
    matrix = (0.1, 0, 0, 1.0, 0, 0.1, 0, 41.8, 0, 0, 0, 0, 0, 0, 0, 1)
    heights = dem.read(geotiff(tmp_path / "a.tif", values, scale=None, extratags=[(34264, "d", 16, matrix, True)]))
    np.testing.assert_array_equal(heights.height_m, [[3, 4], [1, 2]])
    np.testing.assert_allclose(np.degrees([heights.north_rad, heights.south_rad]), [41.95, 41.85])


@pytest.mark.parametrize(
    ("dtype", "void", "nodata"),
    [
        (np.int16, -9999, "-9999"),
        (np.float32, -3.4028234663852886e38, "-3.4028234663852886e+38"),
        (np.float32, np.nan, "nan"),
        (np.float32, np.nan, None),
        (np.uint16, 65535, "65535"),
    ],
)
def test_the_no_data_value_is_a_void(tmp_path, dtype, void, nodata):
    values = np.array([[1, void], [3, 4]]).astype(dtype)
    heights = dem.read(geotiff(tmp_path / "a.tif", values, nodata=nodata))
    np.testing.assert_array_equal(heights.height_m, [[1, np.nan], [3, 4]])


def test_a_no_data_value_that_the_type_cannot_hold_marks_nothing(tmp_path):
    heights = dem.read(geotiff(tmp_path / "a.tif", np.array([[1, 2], [3, 4]], np.uint16), nodata="-32768"))
    assert not heights.n_voids


@pytest.mark.parametrize("compression", [None, "zlib", "lzma"])
@pytest.mark.parametrize("tile", [None, (16, 16)])
def test_packings_that_need_no_other_package_are_read(tmp_path, compression, tile):
    values = np.arange(40 * 30, dtype=np.int16).reshape(40, 30)
    path = geotiff(tmp_path / "a.tif", values, compression=compression, tile=tile)
    np.testing.assert_array_equal(dem.read(path).height_m, values)


@pytest.mark.parametrize(
    ("keys", "pattern"),
    [
        ({1024: 1, 1025: 1, 3072: 32631}, r"projected \(EPSG:32631\).*gdalwarp -t_srs EPSG:4326"),
        ({1024: 2, 1025: 1, 2048: 4230}, "EPSG:4230.*gdalwarp"),
        ({1024: 2, 1025: 1}, "EPSG:32767"),
        ({1024: 2, 1025: 1, 2048: 4326, 2054: 9101}, "unit 9101"),
        ({1024: 2, 1025: 1, 2048: 4326, 4099: 9002}, "unit 9002.*metres"),
    ],
)
def test_another_system_is_named_with_the_remedy(tmp_path, keys, pattern):
    path = geotiff(tmp_path / "a.tif", np.ones((3, 3), np.int16), keys=keys)
    with pytest.raises(DataError, match=pattern) as caught:
        dem.read(path)
    assert str(path) in str(caught.value)


def test_other_broken_geotiffs_say_what_is_wrong(tmp_path):
    path = tmp_path / "a.tif"

    def said(pattern):
        with pytest.raises(DataError, match=pattern) as caught:
            dem.read(path)
        assert str(path) in str(caught.value)

    ones = np.ones((3, 3), np.int16)
    tifffile.imwrite(path, ones)
    said("no GeoKeys")
    path.write_bytes(b"II*\x00 and then nothing")
    said("holds no image")
    path.write_bytes(b"not at all")
    said("no readable grid")
    geotiff(path, np.ones((2, 3, 3), np.int16), photometric="minisblack", planarconfig="separate")
    said("one band")
    geotiff(path, ones, scale=None)
    said("no single tie point")
    rotated = (0.1, 0.01, 0, 1.0, 0.01, -0.1, 0, 42, 0, 0, 0, 0, 0, 0, 0, 1)
    geotiff(path, ones, scale=None, extratags=[(34264, "d", 16, rotated, True)])
    said("rotated")
    geotiff(path, np.full((3, 3), -32768, np.int16))
    said("-32768 m, and 8 more.*a_nodata")
    scaled = '<GDALMetadata><Item name="SCALE" sample="0" role="scale">0.1</Item></GDALMetadata>'
    geotiff(path, ones, extratags=[(42112, "s", 0, scaled, True)])
    said("scale of 0.1.*unscale")
    geotiff(path, np.random.default_rng(1).integers(0, 99, (99, 99)).astype(np.int16), compression="zlib")
    data = bytearray(path.read_bytes())
    data[-3000:-2000] = bytes(1000)
    path.write_bytes(data)
    said("cannot decode|no readable grid")
    path.write_bytes(data[:-4000])
    said("cannot decode|no readable grid")


@pytest.mark.parametrize("kind", ["packed.tif", "tiled.tif", "a.dt1"])
def test_a_damaged_file_is_read_or_refused_and_nothing_else(tmp_path, kind):
    rng = np.random.default_rng(0)
    values = rng.integers(0, 999, (60, 50)).astype(np.int16)
    path = tmp_path / kind
    if kind == "packed.tif":
        geotiff(path, values, nodata="-9999", compression="zlib")
    elif kind == "tiled.tif":
        geotiff(path, values.astype(np.float32), nodata="nan", tile=(16, 16))
    else:
        path.write_bytes(dted(values))
    good, refused, unnamed = path.read_bytes(), 0, 0
    for trial in range(200):
        data = bytearray(good)
        for _ in range(rng.integers(1, 4)):
            data[rng.integers(0, (len(data), 600)[trial % 2])] = rng.integers(0, 256)
        path.write_bytes(data[: rng.integers(0, len(data))] if trial % 5 == 0 else data)
        try:
            dem.read(path)
        except DataError as err:
            refused += 1
            unnamed += str(path) not in str(err)
    assert refused > 20
    assert unnamed == 0


def test_a_folder_that_is_none_and_a_box_that_is_none(tmp_path):
    with pytest.raises(DataError, match="no such folder"):
        dem.read_folder(tmp_path / "nowhere", **box(41, 1, 42, 2))
    with pytest.raises(ValueError, match="south_rad"):
        dem.read_folder(tmp_path, **box(42, 1, 41, 2))
    with pytest.raises(ValueError, match="missing"):
        dem.read_folder(tmp_path, **box(41, 1, 42, 2), missing="maybe")  # type: ignore[arg-type]


def test_the_shipped_terrain_is_the_tile_but_for_its_voids(shared_data):
    heights = dem.sample()
    assert heights.n_voids == 0
    tile = dem.read(shared_data / "dem" / "N41E001.hgt.zip")
    cut = tile.crop(south_rad=heights.south_rad, west_rad=heights.west_rad, north_rad=heights.north_rad,
                    east_rad=heights.east_rad)  # fmt: skip
    assert cut.shape == heights.shape
    np.testing.assert_array_equal(heights.height_m[~cut.void], cut.height_m[~cut.void])
    np.testing.assert_array_equal(heights.height_m[cut.void], np.round(cut.fill_voids().height_m[cut.void]))


def test_the_shipped_terrain_has_the_published_summit():
    # Sant Jeroni, the summit of Montserrat: 1,236 m at 41.6053 N 1.8117 E (Institut Cartogràfic i Geològic de
    # Catalunya, topographic map 1:25,000); the 3 arc seconds of SRTM cut sharp tops off: lower by tens of metres
    heights = dem.sample()
    row, column = np.unravel_index(heights.height_m.argmax(), heights.shape)
    assert 1236.0 - 50.0 < heights.height_m.max() < 1236.0
    np.testing.assert_allclose(np.degrees(heights.lat_rad()[row]), 41.6053, atol=0.002)
    np.testing.assert_allclose(np.degrees(heights.lon_rad()[column]), 1.8117, atol=0.002)
    with pytest.raises(ValueError, match="did you mean 'garraf'"):
        dem.sample("garaf")


def test_an_unwritable_place_is_said(tmp_path):
    target = tmp_path / "gone" / "a.tif"
    with pytest.raises(DataError, match=r"a\.tif: cannot be written: No such file"):
        dem.write_geotiff(target, dem.sample())
    assert not shutil.os.path.exists(target)
