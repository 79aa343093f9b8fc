from __future__ import annotations

import numpy as np
import pytest
import tifffile

from watchfloor.base.errors import DataError
from watchfloor.formats.raster import write_bands

BANDS = np.arange(24.0).reshape(2, 3, 4)
PLACE = {"north_rad": np.radians(41.5), "west_rad": np.radians(179.5), "step_lat_rad": np.radians(0.25),
         "step_lon_rad": np.radians(0.5)}  # fmt: skip


def test_every_band_comes_back_with_its_name_and_its_place(tmp_path):
    path = tmp_path / "a.tif"
    values = BANDS.copy()
    values[1, 0, 0] = np.nan
    write_bands(path, values, **PLACE, names=["one & only", "two"], description="test")
    with tifffile.TiffFile(path) as file:
        page = file.pages[0]
        np.testing.assert_array_equal(file.asarray(), values.astype(np.float32))
        assert page.tags[33550].value == pytest.approx((0.5, 0.25, 0.0))
        assert page.tags[33922].value == pytest.approx((0.0, 0.0, 0.0, 179.5, 41.5, 0.0))
        assert "one &amp; only" in page.tags[42112].value
        keys = page.tags[34735].value
        assert dict(zip(keys[4::4], keys[7::4], strict=True)) == {1024: 2, 1025: 2, 2048: 4326, 2054: 9102}


def test_another_reader_sees_the_same(tmp_path):
    rasterio = pytest.importorskip("rasterio", reason="rasterio, the independent reader, is not installed")
    path = tmp_path / "a.tif"
    write_bands(path, BANDS, **PLACE, names=["one", "two"])
    with rasterio.open(path) as file:
        assert file.crs.to_epsg() == 4326
        assert file.descriptions == ("one", "two")
        assert np.isnan(file.nodata)
        np.testing.assert_array_equal(file.read(), BANDS)
        assert file.xy(0, 0) == pytest.approx((179.5, 41.5))


def test_what_does_not_fit_is_refused(tmp_path):
    with pytest.raises(ValueError, match="a name each"):
        write_bands(tmp_path / "a.tif", BANDS, **PLACE, names=["one"])
    with pytest.raises(ValueError, match="step_lat_rad"):
        write_bands(tmp_path / "a.tif", BANDS, **{**PLACE, "step_lat_rad": 0.0}, names=["one", "two"])
    with pytest.raises(DataError, match=r"cannot be written"):
        write_bands(tmp_path / "none" / "a.tif", BANDS, **PLACE, names=["one", "two"])
    assert not list(tmp_path.iterdir())
