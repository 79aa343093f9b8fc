"""GeoTIFF of several bands at nodes of latitude and longitude: probabilities and other fields go out."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
import tifffile

from watchfloor.base.errors import DataError, reason
from watchfloor.base.units import FloatArray


def write_bands(
    path: Path,
    bands: FloatArray,
    *,
    north_rad: float,
    west_rad: float,
    step_lat_rad: float,
    step_lon_rad: float,
    names: Sequence[str],
    description: str = "",
) -> None:
    """Write bands as one GeoTIFF: WGS-84 (EPSG:4326), pixel-is-point, 32-bit floats, Deflate.

    Parameters
    ----------
    path : Path
        The file; replaced only once the new one is whole.
    bands : (bands, rows, columns) array
        Values; row 0 is the north; NaN is no data.
    north_rad, west_rad : float
        Latitude of row 0 and longitude of column 0. [rad]
    step_lat_rad, step_lon_rad : float
        Between rows and between columns. [rad]
    names : sequence of str
        What each band is; geographic systems show it.
    description : str
        Of the file; ASCII.

    Raises
    ------
    ValueError
        If there is not one name a band, or a step is not above 0.
    DataError
        If the file cannot be written.

    References
    ----------
    OGC 19-008r4, *GeoTIFF Standard 1.1*, 2019: 7.1 (GeoKey directory), 7.3 (raster to model); names of bands in
    GDAL_METADATA, tag 42112, no data in tag 42113.
    """
    values = np.asarray(bands, dtype=np.float32)
    if values.ndim != 3 or len(names) != len(values):
        raise ValueError(f"bands wants (bands, rows, columns) and a name each, got {values.shape}, {len(names)} names")
    if not (step_lat_rad > 0.0 and step_lon_rad > 0.0):
        raise ValueError(f"step_lat_rad and step_lon_rad must be above 0, got {step_lat_rad!r}, {step_lon_rad!r}")
    items = "".join(
        f'<Item name="DESCRIPTION" sample="{n}" role="description">{escape(name)}</Item>'
        for n, name in enumerate(names)
    )
    many = len(values) > 1
    write_tiff(
        path,
        values if many else values[0],
        corner_rad=(north_rad, west_rad),
        step_rad=(step_lat_rad, step_lon_rad),
        nodata="nan",
        tags=[(42112, "s", 0, f"<GDALMetadata>{items}</GDALMetadata>", True)],
        description=description,
        planarconfig="separate" if many else None,
    )


def write_tiff(
    path: Path,
    values: np.ndarray,
    *,
    corner_rad: tuple[float, float],
    step_rad: tuple[float, float],
    nodata: str,
    tags: Sequence[tuple[Any, ...]] = (),
    description: str = "",
    **options: Any,
) -> None:
    """Write an array as GeoTIFF, whole or not at all: what every raster of ours has in common.

    Parameters
    ----------
    path : Path
        The file; replaced only once the new one is whole.
    values : (rows, columns) or (bands, rows, columns) array
        Values; row 0 is the north.
    corner_rad, step_rad : (float, float)
        Latitude of row 0 and longitude of column 0; steps between rows and between columns. [rad]
    nodata : str
        The value that stands for none.
    tags : sequence of tuple
        Further tags, as tifffile takes them.
    description : str
        Of the file; ASCII.
    **options
        Passed on to ``tifffile.imwrite``.

    Raises
    ------
    DataError
        If the file cannot be written.

    References
    ----------
    As `write_bands`.
    """
    north, west = np.degrees(corner_rad[0]), np.degrees((corner_rad[1] + np.pi) % (2.0 * np.pi) - np.pi)
    keys = (1, 1, 0, 4, 1024, 0, 1, 2, 1025, 0, 1, 2, 2048, 0, 1, 4326, 2054, 0, 1, 9102)
    said = [
        (33550, "d", 3, (float(np.degrees(step_rad[1])), float(np.degrees(step_rad[0])), 0.0), True),
        (33922, "d", 6, (0.0, 0.0, 0.0, float(west), float(north), 0.0), True),
        (34735, "H", len(keys), keys, True),
        *tags,
        (42113, "s", 0, nodata, True),
    ]
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        tifffile.imwrite(
            partial, values, compression="zlib", photometric="minisblack", rowsperstrip=min(256, values.shape[-2]),
            metadata=None, extratags=said, description=description or None, software=False, **options,
        )  # fmt: skip
        partial.replace(path)
    except OSError as err:
        raise DataError(f"{path}: cannot be written: {reason(err)}; is the folder there, and has it room?") from err
    finally:
        partial.unlink(missing_ok=True)
