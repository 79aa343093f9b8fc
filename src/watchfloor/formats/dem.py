"""Digital elevation models: SRTM .hgt, DTED and GeoTIFF come in as `Heights`; GeoTIFF goes out.

All of them are grids of geodetic latitude and longitude (WGS-84); a void is NaN, never a height. Vertical datum: what
the file has, EGM96 for SRTM and DTED; nothing is converted. A file that cannot be right is a ``DataError`` with file,
place in it and remedy.
"""

from __future__ import annotations

import gzip
import math
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Literal

import numpy as np
import tifffile
from numpy.typing import NDArray

from watchfloor.base.errors import DataError, reason
from watchfloor.base.heights import Heights, check_box, mosaic
from watchfloor.base.registry import nearest
from watchfloor.formats.raster import write_tiff

_HGT_VOID = -32768
_HGT_SIDES = {1201: "3 arc seconds", 3601: "1 arc second"}
_NAME = re.compile(r"(?<![A-Za-z0-9])([NS])(\d{2})_?([EW])(\d{3})(?!\d)", re.IGNORECASE)
_LOWEST_M, _HIGHEST_M = -1000.0, 9000.0
_LARGEST_BYTES = 4_000_000_000
_TURN = 2.0 * math.pi
_GEOGRAPHIC = {4326: "WGS 84", 4979: "WGS 84 3D", 4258: "ETRS89", 4269: "NAD83", 4283: "GDA94", 7844: "GDA2020"}
"""Geodetic systems within 2 m of WGS-84, by EPSG code."""


def read_hgt(path: Path) -> Heights:
    """Read an SRTM tile: ``N41E001.hgt``, also in ``.zip`` or ``.gz``.

    Parameters
    ----------
    path : Path
        The file; its name (or the name inside the archive) says which degree it covers.

    Returns
    -------
    Heights
        1201 or 3601 nodes a side, the edges included; -32768 becomes void.

    Raises
    ------
    DataError
        If the name does not say the place, the size is neither, the archive is broken or a height is impossible.

    References
    ----------
    NASA, "SRTM Topography" (SRTM_Topo.txt), 2.1 and 3.1: big-endian 16-bit rows from the north, named by the south-west
    corner, void -32768.
    """
    name, data = _unpacked(path, ".hgt")
    south, west = _corner_of(path, name)
    side = math.isqrt(len(data) // 2)
    if 2 * side * side != len(data) or side not in _HGT_SIDES:
        sizes = " or ".join(f"{2 * n * n} ({n} x {n}, {what})" for n, what in _HGT_SIDES.items())
        raise DataError(
            f"{path}: {len(data)} bytes where an SRTM tile has {sizes}: cut short, or no tile? Get it again"
        )
    raw = np.frombuffer(data, ">i2").reshape(side, side)
    height = np.where(raw == _HGT_VOID, np.float32(np.nan), raw.astype(np.float32))
    _check_heights(path, height, "is it big-endian metres? An unmarked void? Get it again", hgt=True)
    step = math.radians(1.0 / (side - 1))
    return Heights(
        height_m=height,
        north_rad=math.radians(south + 1),
        west_rad=math.radians(west),
        step_lat_rad=step,
        step_lon_rad=step,
    )


def read_dted(path: Path, *, checksums: bool = True) -> Heights:
    """Read a DTED tile, level 0, 1 or 2 (``.dt0``, ``.dt1``, ``.dt2``).

    Parameters
    ----------
    path : Path
        The file.
    checksums : bool
        Whether every profile's sum must be right; some producers leave it wrong.

    Returns
    -------
    Heights
        As many nodes as the header says; -32767 becomes void.

    Raises
    ------
    DataError
        If a header or profile is not DTED, the file is cut short, a checksum is wrong, a height is impossible, or the
        horizontal datum is not WGS-84; names the offset.

    Notes
    -----
    Heights are sign and magnitude. Some files carry two's complement all the same: a magnitude beyond 16,000 m below
    the datum is read so, as GDAL does.

    References
    ----------
    MIL-PRF-89020B, *Digital Terrain Elevation Data*, 2000: 3.13 (records), tables I (UHL), II (DSI); void -32767.
    """
    data = _bytes(path)
    at = 0
    while data[at : at + 3] in (b"VOL", b"HDR"):  # labels of a tape
        at += 80
    head = _dted_head(path, data, at)
    datum = data[at + 80 + 144 : at + 80 + 149].decode("ascii", "replace").strip()
    if datum not in ("WGS84", ""):
        raise DataError(
            f"{path}: offset {at + 224}: horizontal datum {datum!r} where WGS84 is wanted: "
            "convert it (gdalwarp -t_srs EPSG:4326)"
        )
    start, size = at + 80 + 648 + 2700, 12 + 2 * head.n_lat
    wanted = start + head.n_lon * size
    if len(data) < wanted:
        raise DataError(
            f"{path}: {len(data)} bytes where the header's {head.n_lon} profiles of {head.n_lat} heights need "
            f"{wanted}: cut short; get it again"
        )
    records = np.frombuffer(data, np.uint8, head.n_lon * size, start).reshape(head.n_lon, size)
    bad = np.flatnonzero(records[:, 0] != 0xAA)
    if len(bad):
        raise DataError(
            f"{path}: offset {start + int(bad[0]) * size}: profile {bad[0]} starts with {records[bad[0], 0]:#04x} "
            "where 0xaa is wanted: damaged; get it again"
        )
    if checksums:
        stated = np.ascontiguousarray(records[:, -4:]).view(">u4")[:, 0].astype(np.int64)
        bad = np.flatnonzero(stated != records[:, :-4].sum(axis=1, dtype=np.int64))
        if len(bad):
            raise DataError(
                f"{path}: offset {start + int(bad[0]) * size}: profile {bad[0]} and {len(bad) - 1} more have a wrong "
                "checksum: damaged; get it again, or read it with checksums=False"
            )
    raw = np.ascontiguousarray(records[:, 8:-4]).view(">u2").astype(np.int32)
    value = np.where(raw & 0x8000, -(raw & 0x7FFF), raw)
    value = np.where((value < -16000) & (value != -32767), raw - 0x10000, value)
    columns = np.where((value == -32767) | (value == -32768), np.float32(np.nan), value.astype(np.float32))
    height = np.ascontiguousarray(columns.T[::-1])
    _check_heights(path, height, "an unmarked void? Get it again")
    with _told(path):
        return Heights(
            height_m=height,
            north_rad=head.south_rad + (head.n_lat - 1) * head.step_lat_rad,
            west_rad=head.west_rad,
            step_lat_rad=head.step_lat_rad,
            step_lon_rad=head.step_lon_rad,
        )


def read_geotiff(path: Path) -> Heights:
    """Read a GeoTIFF of heights in metres on a grid of latitude and longitude.

    Parameters
    ----------
    path : Path
        The file: one band, integer or floating; stripes or tiles; uncompressed, Deflate or LZMA (others, LZW and the
        floating-point predictor among them, where the package imagecodecs is installed). Heights belong to the middles
        of its pixels, whether it says that pixels are areas or points.

    Returns
    -------
    Heights
        Pixels that equal the file's no-data value, or are not finite, become void.

    Raises
    ------
    DataError
        If it has no place, is projected, rotated, scaled, has several bands, cannot be decoded, or a height is
        impossible.

    References
    ----------
    OGC 19-008r4, *GeoTIFF Standard 1.1*, 2019: 7.1 (GeoKey directory), 7.3 (raster to model), Annex C (pixel-is-area,
    pixel-is-point); GDAL_NODATA: tag 42113.
    """
    with _told(path), tifffile.TiffFile(path) as tiff:
        if not len(tiff.pages):
            raise DataError(f"{path}: holds no image")
        page = tiff.pages.first
        head = _geotiff_head(path, page)
        values = _decoded(path, page)
        height = values.astype(np.float32)
        height[~np.isfinite(height)] = np.nan
        if head.nodata is not None and _fits(head.nodata, values.dtype):
            height[values == values.dtype.type(head.nodata)] = np.nan
        if head.flip_rows:
            height = height[::-1]
        _check_heights(path, height, "metres? An unmarked void? Set it (gdal_edit.py -a_nodata)")
        return Heights(
            height_m=height,
            north_rad=head.extent.north_rad,
            west_rad=head.extent.west_rad,
            step_lat_rad=head.step_lat_rad,
            step_lon_rad=head.step_lon_rad,
        )


def write_geotiff(path: Path, heights: Heights, *, description: str = "") -> None:
    """Write a grid as GeoTIFF: WGS-84 (EPSG:4326), pixel-is-point, Deflate.

    Parameters
    ----------
    path : Path
        The file; replaced only once the new one is whole.
    heights : Heights
        The grid. Whole numbers that fit go as 16-bit integers with no-data -32768, others as 32-bit floats with NaN.
    description : str
        Goes into the image description; ASCII.

    Raises
    ------
    DataError
        If the file cannot be written.

    References
    ----------
    As `read_geotiff`.
    """
    values, nodata = heights.height_m, "nan"
    known = values[~heights.void]
    if np.all(known == np.round(known)) and np.all(np.abs(known) < 32768.0):
        values, nodata = np.where(heights.void, _HGT_VOID, values).astype(np.int16), str(_HGT_VOID)
    write_tiff(
        path,
        values,
        corner_rad=(heights.north_rad, heights.west_rad),
        step_rad=(heights.step_lat_rad, heights.step_lon_rad),
        nodata=nodata,
        description=description,
        compressionargs={"level": 9},
        predictor=values.dtype == np.int16,
    )


def read(path: Path) -> Heights:
    """Read one file by its ending: ``.hgt`` (also ``.hgt.zip``, ``.hgt.gz``, ``.zip``), ``.dt0-2``, ``.tif(f)``.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    Heights
        Its grid.

    Raises
    ------
    DataError
        As the reader of its kind, or if the ending is none of these.
    """
    return _reader(path)(path)


def read_folder(
    folder: Path,
    *,
    south_rad: float,
    west_rad: float,
    north_rad: float,
    east_rad: float,
    missing: Literal["error", "void"] = "error",
) -> Heights:
    """Read what a box needs from a folder of tiles, its sub-folders included.

    Parameters
    ----------
    folder : Path
        Files that `read` can read, of one resolution; others are passed over. Only headers and names are looked at to
        find the ones that meet the box.
    south_rad, west_rad, north_rad, east_rad : float
        The box; ``east_rad`` below ``west_rad`` means across the antimeridian. [rad]
    missing : {"error", "void"}
        What to do where no tile covers the box: refuse, or leave it void.

    Returns
    -------
    Heights
        The tiles joined (`base.heights.mosaic`) and cut to the box, outward to whole cells; with ``missing="void"`` as
        far as the tiles reach.

    Raises
    ------
    DataError
        If there is no such folder, no tile meets the box, tiles are missing (they are listed), two tiles do not fit
        together, or one cannot be read.
    ValueError
        If the box is none.
    """
    check_box(south_rad, west_rad, north_rad, east_rad)
    if missing not in ("error", "void"):
        raise ValueError(f"missing must be 'error' or 'void', got {missing!r}")
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder of tiles")
    width = (east_rad - west_rad) % _TURN or _TURN
    found: list[tuple[Path, _Extent]] = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and _ending(p)):
        extent = _extent(path)
        if extent.meets(south_rad, west_rad, north_rad, width):
            found.append((path, extent))
    lost = _uncovered([extent for _, extent in found], south_rad, west_rad, north_rad, width)
    if not found:
        raise DataError(f"{folder}: no tile meets the box; wanted {_listed(lost)}")
    if lost and missing == "error":
        raise DataError(
            f"{folder}: {len(lost)} one-degree cells of the box are not covered: {_listed(lost)}; "
            "add these tiles, or read with missing='void'"
        )
    tiles = [read(path) for path, _ in found]
    try:
        joined = mosaic(tiles)
    except ValueError as err:
        names = ", ".join(f"{n}: {path.name}" for n, (path, _) in enumerate(found))
        raise DataError(f"{folder}: {err} (tiles {names})") from err
    return joined.crop(south_rad=south_rad, west_rad=west_rad, north_rad=north_rad, east_rad=east_rad)


def sample(name: str = "garraf") -> Heights:
    """Terrain that comes with the package.

    Parameters
    ----------
    name : str
        ``garraf``: coast and mountains west of Barcelona, 41.15 to 41.7 N, 1.4 to 2 E, 3 arc seconds.

    Returns
    -------
    Heights
        Without voids: those of the source are interpolated, see ``formats/data/README.md``.

    Raises
    ------
    ValueError
        If there is no such terrain; the message lists what there is.
    """
    folder = files("watchfloor.formats") / "data"
    known = sorted(entry.name.removesuffix(".tif") for entry in folder.iterdir() if entry.name.endswith(".tif"))
    if name not in known:
        raise ValueError(f"no terrain {name!r} in the package{nearest(name, known)}")
    with as_file(folder / f"{name}.tif") as path:
        return read_geotiff(path)


@dataclass(frozen=True)
class _Extent:
    """Box of a tile's nodes; east may lie beyond pi. [rad]"""

    south_rad: float
    west_rad: float
    north_rad: float
    east_rad: float

    def meets(self, south: float, west: float, north: float, width: float) -> bool:
        """Whether it shares more than an edge with a box."""
        if min(self.north_rad, north) - max(self.south_rad, south) <= 1e-9:
            return False
        offset = (self.west_rad - west) % _TURN
        return offset < width - 1e-9 or offset + (self.east_rad - self.west_rad) > _TURN + 1e-9


@dataclass(frozen=True)
class _DtedHead:
    south_rad: float
    west_rad: float
    step_lat_rad: float
    step_lon_rad: float
    n_lat: int
    n_lon: int

    @property
    def extent(self) -> _Extent:
        return _Extent(
            self.south_rad,
            self.west_rad,
            self.south_rad + (self.n_lat - 1) * self.step_lat_rad,
            self.west_rad + (self.n_lon - 1) * self.step_lon_rad,
        )


@dataclass(frozen=True)
class _TiffHead:
    extent: _Extent
    step_lat_rad: float
    step_lon_rad: float
    flip_rows: bool
    nodata: float | None


def _ending(path: Path) -> str:
    """Which reader a file's name asks for; empty for none."""
    name = path.name.lower()
    if name.startswith("."):
        return ""
    if name.endswith((".hgt", ".hgt.gz", ".hgt.zip")) or (name.endswith(".zip") and _NAME.search(name)):
        return "hgt"
    if re.search(r"\.dt[012]$", name):
        return "dted"
    return "tiff" if name.endswith((".tif", ".tiff")) else ""


def _reader(path: Path) -> Callable[[Path], Heights]:
    readers = {"hgt": read_hgt, "dted": read_dted, "tiff": read_geotiff}
    kind = _ending(path) or ("hgt" if path.suffix.lower() == ".zip" else "")
    if not kind:
        raise DataError(
            f"{path}: no elevation model by its ending; wanted .hgt, .hgt.zip, .hgt.gz, .dt0, .dt1, .dt2, .tif or .tiff"
        )
    return readers[kind]


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as err:
        raise DataError(f"{path}: cannot be read: {reason(err)}") from err


def _unpacked(path: Path, ending: str) -> tuple[str, bytes]:
    """Name and content of a file, or of the one file with the ending in its archive."""
    data = _bytes(path)
    if path.suffix.lower() not in (".zip", ".gz"):
        return path.name, data
    try:
        if path.suffix.lower() == ".gz":
            return path.stem, gzip.decompress(data)
        with zipfile.ZipFile(path) as archive:
            inside = [n for n in archive.namelist() if n.lower().endswith(ending) and not n.startswith("__MACOSX")]
            if len(inside) != 1:
                raise DataError(f"{path}: holds {len(inside)} files that end in {ending} where one is wanted")
            return Path(inside[0]).name, archive.read(inside[0])
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as err:
        raise DataError(f"{path}: broken archive: {reason(err)}; get it again") from err


def _corner_of(path: Path, *names: str) -> tuple[int, int]:
    """South-west corner that a tile's name gives, in degrees."""
    for name in (*names, path.name):
        match = _NAME.search(name)
        if match:
            lat = int(match[2]) * (1 if match[1].upper() == "N" else -1)
            lon = int(match[4]) * (1 if match[3].upper() == "E" else -1)
            if not (-90 <= lat < 90 and -180 <= lon <= 180):
                raise DataError(f"{path}: {match[0]} is no corner of a one-degree cell")
            return lat, lon
    raise DataError(f"{path}: the name must say the south-west corner, such as N41E001.hgt")


def _check_heights(path: Path, height: NDArray[np.float32], remedy: str, *, hgt: bool = False) -> None:
    """Refuse heights that the earth does not have: an unmarked void is the usual cause."""
    bad = (height < _LOWEST_M) | (height > _HIGHEST_M)
    if bad.any():
        row, column = (int(v) for v in np.argwhere(bad)[0])
        where = f" offset {2 * (row * height.shape[1] + column)}:" if hgt else ""
        raise DataError(
            f"{path}:{where} row {row}, column {column} from the north-west: {height[row, column]:.6g} m, and "
            f"{bad.sum() - 1} more outside {_LOWEST_M:g} to {_HIGHEST_M:g} m: {remedy}"
        )


def _dted_head(path: Path, data: bytes, at: int) -> _DtedHead:
    """Read the UHL at an offset."""
    head = data[at : at + 80]
    if len(head) < 80 or head[:4] != b"UHL1":
        raise DataError(f"{path}: offset {at}: {head[:4]!r} where a DTED file has b'UHL1': no DTED file, or damaged")
    if len(data) > at + 83 and data[at + 80 : at + 83] != b"DSI":
        raise DataError(f"{path}: offset {at + 80}: {data[at + 80 : at + 83]!r} where the DSI record starts: damaged")

    def angle(offset: int, what: str) -> float:
        match = re.fullmatch(rb"(\d{3})(\d{2})(\d{2})([NSEW])", head[offset : offset + 8])
        if not match:
            raise DataError(f"{path}: offset {at + offset}: {head[offset : offset + 8]!r} is no {what} as DDDMMSSH")
        value = int(match[1]) + int(match[2]) / 60.0 + int(match[3]) / 3600.0
        return math.radians(-value if match[4] in b"SW" else value)

    def number(offset: int, what: str, low: int) -> int:
        text = head[offset : offset + 4]
        if not text.strip().isdigit() or int(text) < low:
            raise DataError(f"{path}: offset {at + offset}: {text!r} is no {what} (four digits, at least {low})")
        return int(text)

    tenth = math.radians(0.1 / 3600.0)
    return _DtedHead(
        west_rad=angle(4, "longitude"),
        south_rad=angle(12, "latitude"),
        step_lon_rad=tenth * number(20, "longitude interval", 1),
        step_lat_rad=tenth * number(24, "latitude interval", 1),
        n_lon=number(47, "number of longitude lines", 2),
        n_lat=number(51, "number of latitude points", 2),
    )


def _geotiff_head(path: Path, page: tifffile.TiffPage) -> _TiffHead:
    """Read and judge the tags that place the image."""
    if page.samplesperpixel != 1 or len(page.shape) != 2:
        raise DataError(f"{path}: shape {page.shape} where one band is wanted: take it out (gdal_translate -b 1)")
    directory = _tag(page, 34735)
    if directory is None:
        raise DataError(f"{path}: no GeoKeys, so no place: assign one (gdal_translate -a_srs EPSG:4326 -a_ullr ...)")
    keys = {key: value for key, where, _, value in zip(*[iter(directory[4:])] * 4, strict=False) if where == 0}
    if keys.get(1024) == 1 or 3072 in keys:
        raise DataError(
            f"{path}: projected (EPSG:{keys.get(3072, 'not given')}) where latitude and longitude are wanted: "
            "convert it: gdalwarp -t_srs EPSG:4326 -r bilinear IN OUT"
        )
    system = keys.get(2048, 32767)
    if system not in _GEOGRAPHIC:
        raise DataError(
            f"{path}: geodetic system EPSG:{system} where one near WGS 84 is wanted "
            f"({', '.join(f'{code} {name}' for code, name in _GEOGRAPHIC.items())}): convert it: "
            "gdalwarp -t_srs EPSG:4326 IN OUT"
        )
    if keys.get(2054, 9102) != 9102:
        raise DataError(
            f"{path}: angles in unit {keys[2054]} where degrees (9102) are wanted: gdalwarp -t_srs EPSG:4326"
        )
    if keys.get(4099, 9001) != 9001:
        raise DataError(f"{path}: heights in unit {keys[4099]} where metres (9001) are wanted: convert them first")
    metadata = str(_tag(page, 42112) or "")
    for role, neutral in (("scale", 1.0), ("offset", 0.0)):
        match = re.search(rf'role="{role}"[^>]*>([^<]+)<', metadata)
        if match and float(match[1]) != neutral:
            raise DataError(f"{path}: heights are stored with a {role} of {match[1]}: gdal_translate -unscale")
    scale, tie, matrix = _tag(page, 33550), _tag(page, 33922), _tag(page, 34264)
    if matrix is not None and len(matrix) >= 8:
        a, b, _, lon, d, e, _, lat = (float(v) for v in matrix[:8])
        if b != 0.0 or d != 0.0:
            raise DataError(f"{path}: a rotated grid: straighten it (gdalwarp -t_srs EPSG:4326)")
        column, row = 0.0, 0.0
    elif scale is not None and tie is not None and len(tie) == 6:
        column, row, _, lon, lat, _ = (float(v) for v in tie)
        a, e = float(scale[0]), -float(scale[1])
    else:
        raise DataError(f"{path}: no single tie point with a pixel scale: georeference it (gdalwarp -t_srs EPSG:4326)")
    if not (a > 0.0 and e != 0.0):
        raise DataError(f"{path}: pixel size {a:g} x {e:g} degrees: columns must run east (gdalwarp -t_srs EPSG:4326)")
    half = 0.0 if keys.get(1025, 1) == 2 else 0.5
    rows, columns = page.shape
    lon, lat = lon + (half - column) * a, lat + (half - row) * e
    if e > 0.0:
        lat += (rows - 1) * e
    step_lat, step_lon = math.radians(abs(e)), math.radians(a)
    north, west = math.radians(lat), math.radians(lon)
    nodata = _tag(page, 42113)
    return _TiffHead(
        extent=_Extent(north - (rows - 1) * step_lat, west, north, west + (columns - 1) * step_lon),
        step_lat_rad=step_lat,
        step_lon_rad=step_lon,
        flip_rows=e > 0.0,
        nodata=None if nodata is None or not str(nodata).strip("\x00 ") else float(str(nodata).strip("\x00 ")),
    )


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Turn whatever a damaged header makes of the reader into a ``DataError`` with the file."""
    try:
        yield
    except (
        tifffile.TiffFileError, OSError, struct.error, ArithmeticError, LookupError, MemoryError, TypeError, ValueError,
    ) as err:  # fmt: skip
        raise DataError(f"{path}: no readable grid of heights, or damaged: {reason(err)}; get it again") from err


def _tag(page: tifffile.TiffPage, code: int) -> Sequence | str | None:
    tag = page.tags.get(code)
    return None if tag is None else tag.value


def _decoded(path: Path, page: tifffile.TiffPage) -> NDArray:
    """Decode the image; a missing codec and broken data both say so."""
    if page.dtype is None:
        raise DataError(f"{path}: values of an unknown type: damaged, or no heights")
    if page.size * page.dtype.itemsize > _LARGEST_BYTES:
        raise DataError(f"{path}: {page.shape} pixels: cut out what is needed (gdal_translate -projwin), or damaged")
    try:
        values = page.asarray()
    except (ValueError, RuntimeError, KeyError, zlib.error, EOFError, IndexError, TypeError, ImportError) as err:
        packing = getattr(page.compression, "name", str(page.compression))
        raise DataError(
            f"{path}: cannot decode {packing}: {reason(err)}; repack it (gdal_translate -co COMPRESS=DEFLATE IN OUT) "
            "or install imagecodecs; if it is Deflate or uncompressed, the file is damaged"
        ) from err
    if values.dtype.kind not in "iuf":
        raise DataError(f"{path}: values of type {values.dtype} where numbers are wanted")
    return values


def _fits(value: float, dtype: np.dtype) -> bool:
    """Whether a no-data value can occur in the image at all."""
    if dtype.kind == "f":
        return True
    limits = np.iinfo(dtype)
    return limits.min <= value <= limits.max and value == int(value)


def _extent(path: Path) -> _Extent:
    """Box of a tile, from its name or header."""
    kind = _ending(path)
    if kind == "hgt":
        if path.suffix.lower() == ".zip" and not _NAME.search(path.name):
            south, west = _corner_of(path, _unpacked(path, ".hgt")[0])
        else:
            south, west = _corner_of(path)
        return _Extent(*(math.radians(v) for v in (south, west, south + 1, west + 1)))
    with _told(path):
        if kind == "dted":
            with path.open("rb") as file:
                data = file.read(80 * 8)
            at = 0
            while data[at : at + 3] in (b"VOL", b"HDR"):
                at += 80
            return _dted_head(path, data, at).extent
        with tifffile.TiffFile(path) as tiff:
            return _geotiff_head(path, tiff.pages.first).extent


def _uncovered(extents: list[_Extent], south: float, west: float, north: float, width: float) -> list[tuple[int, int]]:
    """One-degree cells of a box that tiles do not cover whole, by south-west corner."""
    out = []
    first, last = math.floor(math.degrees(south) + 1e-7), math.ceil(math.degrees(north) - 1e-7)
    left, right = math.floor(math.degrees(west) + 1e-7), math.ceil(math.degrees(west + width) - 1e-7)
    for lat in range(first, last):
        low, high = max(south, math.radians(lat)), min(north, math.radians(lat + 1))
        for lon in range(left, right):
            near, far = max(west, math.radians(lon)), min(west + width, math.radians(lon + 1))
            if not _covers(extents, low, near, high, far):
                out.append((lat, (lon + 180) % 360 - 180))
    return out


def _covers(extents: list[_Extent], south: float, west: float, north: float, east: float) -> bool:
    """Whether boxes leave nothing of a box uncovered; slivers below 1e-7 rad (0.6 m) do not count."""
    sliver = 1e-7
    if north - south <= sliver or east - west <= sliver:
        return True
    for n, extent in enumerate(extents):
        turn = _TURN * round((0.5 * (west + east) - 0.5 * (extent.west_rad + extent.east_rad)) / _TURN)
        left, right = extent.west_rad + turn, extent.east_rad + turn
        if min(right, east) - max(left, west) <= sliver:
            continue
        if min(extent.north_rad, north) - max(extent.south_rad, south) <= sliver:
            continue
        rest = extents[n + 1 :]
        top, bottom = min(extent.north_rad, north), max(extent.south_rad, south)
        return (
            _covers(rest, top, west, north, east)
            and _covers(rest, south, west, bottom, east)
            and _covers(rest, bottom, west, top, max(left, west))
            and _covers(rest, bottom, min(right, east), top, east)
        )
    return False


def _listed(cells: list[tuple[int, int]]) -> str:
    """Return the names of one-degree cells, at most twelve."""
    names = [f"{'S' if lat < 0 else 'N'}{abs(lat):02d}{'W' if lon < 0 else 'E'}{abs(lon):03d}" for lat, lon in cells]
    return ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")
