"""Terrain: the sweep and the rays over 3601 x 3601 nodes, and how many cells they and other programs get wrong.

The ground is made here, so that the figures need no download: the shipped terrain stretched over a degree by cubic
splines, five nodes for one, with noise of up to a few metres on its slopes. Truth: every crossing of every ray with a
line of nodes and the parabola in between, in plain NumPy (``tests/plain/terrain.py``), antenna 20 m above the highest
node of the middle, targets 100 m above 40,000 random nodes that are not at the edge. Other programs know planar grids
with square cells, so they get the same heights as a 30 m grid in metres, and are judged by truth on that grid; where
one is not installed, the bar is what it did on this very ground elsewhere. ``--grass`` asks GRASS r.viewshed too, which
takes minutes.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tifffile
from scipy import ndimage

from tests.plain import terrain as plain
from watchfloor.base.heights import Heights
from watchfloor.formats import dem
from watchfloor.physics import terrain
from watchfloor.physics.frames import geodetic_to_ecef

Row = tuple[str, float, str, str]
SIDE, N_CELLS, MARGIN = 3601, 40_000, 5
MAST_M, TARGET_M, K = 20.0, 100.0, 4.0 / 3.0
CELL_M, PLANE_RADIUS_M = 30.0, 6_378_137.0
WRONG_ELSEWHERE = {"gdal_viewshed": 0.80, "GRASS r.viewshed": 0.0475}
"""GDAL 3.6.2 and GRASS 8.2 on this ground. [%]"""
N_AZIMUTH, STEP_M = 16_384, 120.0


def made_up() -> Heights:
    """3601 x 3601 heights at 1 arc second, grown from the shipped tile."""
    small = dem.sample()
    rng = np.random.default_rng(1)

    def grown(values: np.ndarray) -> np.ndarray:
        scale = SIDE / values.shape[0], SIDE / values.shape[1]
        return ndimage.zoom(values.astype(float), scale, order=3, grid_mode=False)

    height = grown(np.maximum(small.height_m, 0.0))
    rough = np.minimum(ndimage.gaussian_gradient_magnitude(height, 3.0), 6.0)
    for amplitude, n in ((0.5, 1201), (0.35, 2401), (0.25, SIDE)):
        height += amplitude * rough * grown(rng.normal(size=(n, n)))
    step = np.radians(1.0 / 3600.0)
    return Heights(
        height_m=np.round(height), north_rad=np.radians(42.0), west_rad=np.radians(1.0), step_lat_rad=step,
        step_lon_rad=step,
    )  # fmt: skip


def _cpu_s(work: Callable[[], object], times: int = 5) -> float:
    """CPU time of the best of several runs after one to warm up."""
    work()
    best = np.inf
    for _ in range(times):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def _plane_clearance_m(height: np.ndarray, site: tuple[int, int], row: int, column: int) -> float:
    """Least height of the ray above the bilinear surface of a planar grid, earth and refraction as a parabola."""
    delta = np.array([row - site[0], column - site[1]], float)
    t = [np.array([0.0, 1.0])]
    for d in delta:
        if d:
            t.append(np.arange(1.0, abs(d)) / abs(d))
    edge = np.unique(np.concatenate(t))
    inner = edge[:-1, None] + np.diff(edge)[:, None] * np.array([1e-9, 0.5, 1.0 - 1e-9])
    r, c = site[0] + inner * delta[0], site[1] + inner * delta[1]
    i, j = np.minimum(r.astype(int), SIDE - 2), np.minimum(c.astype(int), SIDE - 2)
    y, x = r - i, c - j
    ground = (
        (1 - y) * ((1 - x) * height[i, j] + x * height[i, j + 1])
        + y * ((1 - x) * height[i + 1, j] + x * height[i + 1, j + 1])
    )  # fmt: skip
    far2 = (CELL_M * np.hypot(*delta)) ** 2
    start, end = height[site] + MAST_M, height[row, column] + TARGET_M
    drop = far2 / (2.0 * K * PLANE_RADIUS_M)
    over = start + inner * (end - drop - start) - (ground - drop * inner * inner)
    a, b, c = over.T
    bend = 2.0 * (a - 2.0 * b + c)
    with np.errstate(divide="ignore", invalid="ignore"):
        at = np.where(bend > 0.0, (bend - (c - a)) / (2.0 * bend), 0.0)
    vertex = np.where((at > 0.0) & (at < 1.0), a + (c - a - bend) * at + bend * at * at, np.inf)
    return float(min(over.min(), vertex.min()))


def _gdal(height: np.ndarray, site: tuple[int, int], folder: Path) -> tuple[np.ndarray, float] | None:
    """What gdal_viewshed sees, and its time."""
    if shutil.which("gdal_viewshed") is None or shutil.which("gdal_translate") is None:
        return None
    source = _planar(height, folder)
    x, y = CELL_M * (site[1] + 0.5), CELL_M * (SIDE - site[0] - 0.5)
    options = {"-ox": x, "-oy": y, "-oz": MAST_M, "-tz": TARGET_M, "-md": 0, "-cc": 0.75}
    numbers = [str(word) for option in options.items() for word in option]
    command = ["gdal_viewshed", "-q", *numbers, str(source), str(folder / "gdal.tif")]
    seconds = min(_seconds(command) for _ in range(3))
    return tifffile.imread(folder / "gdal.tif") > 0, seconds


def _grass(height: np.ndarray, site: tuple[int, int], folder: Path) -> tuple[np.ndarray, float] | None:
    """What GRASS r.viewshed sees, and its time."""
    if shutil.which("grass") is None:
        return None
    source = _planar(height, folder)
    x, y = CELL_M * (site[1] + 0.5), CELL_M * (SIDE - site[0] - 0.5)
    script = folder / "view.sh"
    script.write_text(
        f"r.in.gdal -o --q input={source} output=z && g.region raster=z && TIMEFORMAT=%U+%S && "
        f"time r.viewshed -b -c -r --q input=z output=v coordinates={x},{y} observer_elevation={MAST_M} "
        f"target_elevation={TARGET_M} refraction_coeff=0.25 memory=4000 && "
        f"r.out.gdal --q -f input=v output={folder}/grass.tif format=GTiff type=Byte\n",
        "utf-8",
    )
    done = subprocess.run(
        ["grass", "-c", str(source), str(folder / "place"), "--exec", "bash", str(script)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        return None
    user, system = next(line for line in done.stderr.splitlines() if "+" in line and line[0].isdigit()).split("+")
    return tifffile.imread(folder / "grass.tif") == 1, float(user) + float(system)


def _planar(height: np.ndarray, folder: Path) -> Path:
    """The heights as a GeoTIFF of 30 m cells in metres."""
    bare, placed = folder / "bare.tif", folder / "planar.tif"
    if not placed.exists():
        tifffile.imwrite(bare, height.astype(np.int16))
        edge = f"{CELL_M * SIDE}"
        subprocess.run(
            ["gdal_translate", "-q", "-a_srs", "EPSG:32631", "-a_ullr", "0", edge, edge, "0", str(bare), str(placed)],
            check=True,
        )
    return placed


def _seconds(command: list[str]) -> float:
    """CPU time of a program: user and system of a child."""
    import resource

    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def run(*, grass: bool = False) -> list[Row]:
    """Rows (what, figure, unit, bar)."""
    heights = made_up()
    height = heights.height_m
    low, high = SIDE // 3, 2 * SIDE // 3
    i, j = (int(v) + low for v in np.unravel_index(height[low:high, low:high].argmax(), (high - low, high - low)))
    place = terrain.place_on(heights, heights.lat_rad()[i], heights.lon_rad()[j], MAST_M)
    rng = np.random.default_rng(2)
    rows, columns = rng.integers(MARGIN, SIDE - MARGIN, (2, N_CELLS))
    lat, lon = heights.lat_rad()[rows], heights.lon_rad()[columns]
    target = geodetic_to_ecef(lat, lon, height[rows, columns].astype(float) + TARGET_M)
    clear = np.array([plain.clearance_m(heights, place, one, k=K) for one in target])
    truth = clear >= -1e-3
    azimuth, distance, alt = terrain.ground_polar(target, place)
    corners = geodetic_to_ecef(heights.lat_rad()[[0, 0, -1, -1]], heights.lon_rad()[[0, -1, 0, -1]], 0.0)
    reach = float(terrain.ground_polar(corners, place)[1].max())

    def table() -> terrain.VisibleHeight:
        return terrain.min_visible_height(
            heights, place, range_max_m=reach, n_azimuth=N_AZIMUTH, range_step_m=STEP_M, voids="unknown"
        )

    made = table()
    seen = terrain.visible(made, azimuth, distance, alt)
    out: list[Row] = [
        (f"terrain, min visible height, {N_AZIMUTH} x {made.height_m.shape[1]} of 3601 x 3601", _cpu_s(table), "s",
         "<= 0.25"),
        ("terrain, cells in sight of 40,000", 100.0 * float(truth.mean()), "%", ""),
    ]  # fmt: skip
    ours = 100.0 * float(np.mean(seen != truth))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        peers = {"gdal_viewshed": _gdal(height, (i, j), folder)}
        if grass:
            peers["GRASS r.viewshed"] = _grass(height, (i, j), folder)
    flat = None
    bars = dict(WRONG_ELSEWHERE)
    for peer, found in peers.items():
        if found is None:
            out.append((f"terrain, {peer}: not installed", np.nan, "", ""))
            continue
        if flat is None:
            flat = np.array([_plane_clearance_m(height, (i, j), r, c) for r, c in zip(rows, columns, strict=True)])
        wrong = 100.0 * float(np.mean(found[0][rows, columns] != (flat >= -1e-3)))
        bars[peer] = wrong
        out.append((f"terrain, {peer}", found[1], "s", ""))
        out.append((f"terrain, {peer}, wrong cells", wrong, "%", ""))
    out.append(("terrain, min visible height, wrong cells", ours, "%", f"<= {min(bars.values()):.4f}"))
    exact = terrain.line_of_sight(heights, place, target, voids="unknown")
    out.append(("terrain, line of sight, wrong rays of 40,000", float(np.count_nonzero(exact != truth)), "1", "<= 0"))
    lat, lon = (rng.uniform(low, high, 100_000) for low, high in (
        (heights.south_rad, heights.north_rad), (heights.west_rad, heights.east_rad)))  # fmt: skip
    for above in (100.0, 3000.0):
        ray = geodetic_to_ecef(lat, lon, heights.at(lat, lon) + above)
        took = _cpu_s(lambda ray=ray: terrain.line_of_sight(heights, place, ray, voids="unknown"))
        out.append((f"terrain, line of sight, 100,000 rays to {above:g} m, blocks included", 10.0 * took, "us each",
                    "<= 3"))  # fmt: skip
    took = _cpu_s(lambda: terrain.viewshed(heights, place, above_ground_m=TARGET_M), 1)
    shed = terrain.viewshed(heights, place, above_ground_m=TARGET_M)[rows, columns]
    out.append(("terrain, viewshed of 3601 x 3601 nodes", took, "s", ""))
    out.append(("terrain, viewshed, wrong cells", 100.0 * float(np.mean(shed != truth)), "%", ""))
    return out


if __name__ == "__main__":
    for what, figure, unit, bar in run(grass="--grass" in sys.argv[1:]):
        print(f"{what:75s} {figure:10.4g} {unit:12s} {bar}")
