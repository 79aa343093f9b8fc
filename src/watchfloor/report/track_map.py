"""Tracks on a map, as one SVG file; the same tracks give the same bytes."""

from __future__ import annotations

import io
import math
import os
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from watchfloor.base.errors import DataError, reason
from watchfloor.base.picture import Tracks
from watchfloor.base.units import FloatArray, IntArray
from watchfloor.physics.frames import Place, geodesic
from watchfloor.report import basemap
from watchfloor.report.figures import INK, SOFT, STYLE

COLOURS = (
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#7A3B9A", "#B8860B", "#56B4E9", "#8B4513", "#E7298A", "#2F4F4F",
)  # fmt: skip
"""Okabe and Ito's without the faint ones, and others that stay apart on a light ground."""
_SIDE_IN, _MAP_IN, _LEFT_IN = 7.75, 6.95, 0.68
_FEW = 12
_SILENT = 3.0
"""A silence longer than so many of the track's usual steps is drawn as dots."""
_MOST_LABELS = 120
_LEAST_HALF_M = 5e3
_SIMPLE = 1.0 / 2500.0
"""A line loses points that lie nearer to it than this share of the map's half side."""
_BEHIND: dict[str, Any] = {"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 1.0}
_LOOK: dict[Any, Any] = {**STYLE, "figure.facecolor": "white", "axes.grid": False, "path.simplify": False}


class Site(Protocol):
    """A radar on the map."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    @property
    def place(self) -> Place:
        """Where it stands."""
        ...

    @property
    def placed(self) -> bool:
        """Whether anybody knows; else ``place`` stands for it."""
        ...


class PlacedTracks(Protocol):
    """Tracks with their geodetic positions; what ``run.recorded.track_file`` returns."""

    @property
    def tracks(self) -> Tracks:
        """Rows of the tracks."""
        ...

    @property
    def lat_rad(self) -> FloatArray:
        """(n,) latitude. [rad]."""
        ...

    @property
    def lon_rad(self) -> FloatArray:
        """(n,) longitude. [rad]."""
        ...

    @property
    def radars(self) -> Sequence[Site]:
        """Where the plots came from."""
        ...


def draw_tracks(path: Path | str, found: PlacedTracks, *, title: str) -> None:
    """Draw every track as a line, its start as a ring and its end as an arrow head with its number.

    North is up; about the radar if there is one, else about the tracks. Range rings stand about a lone radar, coasts
    and borders where the place is known.

    Parameters
    ----------
    path : Path or str
        Where the SVG goes.
    found : PlacedTracks
        The tracks.
    title : str
        What stands above.

    Raises
    ------
    DataError
        If the file cannot be written.
    """
    path = Path(path)
    with mpl.rc_context(_LOOK):
        figure = _figure(found, title)
        drawn = io.StringIO()
        figure.savefig(drawn, format="svg", metadata={"Date": None, "Creator": None})
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:  # whole or not at all
        temporary.write_text(drawn.getvalue(), encoding="utf-8", newline="\n")
        os.replace(temporary, path)
    except OSError as err:
        raise DataError(f"{path}: cannot be written: {reason(err)}; is the folder there, and has it room?") from err
    finally:
        temporary.unlink(missing_ok=True)


def _figure(found: PlacedTracks, title: str) -> Figure:
    height = _MAP_IN + 1.70
    figure = Figure(figsize=(_SIDE_IN, height))
    FigureCanvasSVG(figure)
    axes = figure.add_axes((_LEFT_IN / _SIDE_IN, 1.0 / height, _MAP_IN / _SIDE_IN, _MAP_IN / height))
    sites = list(found.radars)
    centre = _centre(found, sites)
    known = all(site.placed for site in sites)
    east, north = _plane_m(centre, found.lat_rad, found.lon_rad)
    posts = [tuple(float(v) for v in _plane_m(centre, s.place.lat_rad, s.place.lon_rad)) for s in sites]
    (x, y), half = _frame_m(east, north, posts)
    if known:
        _land(axes, centre, (x, y), half)
    if len(sites) == 1:
        _rings(axes, posts[0], (x, y), half)
    number = found.tracks.number
    drawn = _lines(axes, number, found.tracks.t_s, east, north, half)
    shown = [abs(p[0] - x) <= half and abs(p[1] - y) <= half for p in posts]
    for site, (east_m, north_m), inside in zip(sites, posts, shown, strict=True):
        if inside:
            axes.plot(1e-3 * east_m, 1e-3 * north_m, "^", color=INK, markersize=9, markeredgecolor="white", zorder=8)
            if len(sites) > 1:
                axes.annotate(site.name, (1e-3 * east_m, 1e-3 * north_m), xytext=(6, 5), textcoords="offset points",
                              fontsize=8, fontweight="bold", bbox=_BEHIND, zorder=9)  # fmt: skip
    axes.set_xlim(1e-3 * (x - half), 1e-3 * (x + half))
    axes.set_ylim(1e-3 * (y - half), 1e-3 * (y + half))
    axes.set_aspect("equal")
    axes.spines[["top", "right"]].set_visible(True)
    axes.set_facecolor("#f6f8fa")
    where = "radar" if len(sites) == 1 else "middle"
    axes.set_xlabel(f"east of the {where} [km]")
    axes.set_ylabel(f"north of the {where} [km]")
    _scale_bar(axes, (x, y), half)
    _north_arrow(axes)
    n_named = _labels(figure, axes, drawn, posts)
    figure.text(0.02, 1.0 - 0.13 / height, f"{title}: {len(drawn)} tracks", fontsize=11, fontweight="bold", va="top")
    figure.text(0.02, 1.0 - 0.36 / height, _subtitle(found, sites, known), fontsize=8.5, color=SOFT, va="top")
    figure.legend(
        handles=[
            Line2D([], [], color=SOFT, marker="o", markerfacecolor="white", linestyle="none", markersize=4.5,
                   label="start"),
            Line2D([], [], color=SOFT, marker=(3, 0, 30), linestyle="none", markersize=6.5, label="end, with number"),
            Line2D([], [], color=SOFT, linestyle=(0, (1, 1.6)), linewidth=1.1, label="silent"),
            *([Line2D([], [], color=INK, marker="^", linestyle="none", markersize=7, label="radar")] * any(shown)),
        ],
        loc="lower left", bbox_to_anchor=(0.01, 0.22 / height), ncols=4, handletextpad=0.4, columnspacing=1.4,
    )  # fmt: skip
    figure.text(0.02, 0.06 / height, textwrap.fill(_caption(known, n_named, len(drawn)), 150), fontsize=7.2,
                color=SOFT, va="bottom", linespacing=1.35)  # fmt: skip
    return figure


def _centre(found: PlacedTracks, sites: Sequence[Site]) -> Place:
    """Middle of the projection: a lone radar, else the middle of radars and tracks."""
    if len(sites) == 1:
        return sites[0].place
    lat = np.concatenate([found.lat_rad, [site.place.lat_rad for site in sites]])
    lon = np.concatenate([found.lon_rad, [site.place.lon_rad for site in sites]])
    if not len(lat):
        return Place(0.0, 0.0, 0.0)
    unit = np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=-1).mean(axis=0)
    return Place(float(np.arctan2(unit[2], np.hypot(unit[0], unit[1]))), float(np.arctan2(unit[1], unit[0])), 0.0)


def _plane_m(centre: Place, lat_rad: Any, lon_rad: Any) -> tuple[FloatArray, FloatArray]:
    distance, azimuth = geodesic(centre.lat_rad, centre.lon_rad, lat_rad, lon_rad)
    return distance * np.sin(azimuth), distance * np.cos(azimuth)


def _frame_m(
    east: FloatArray, north: FloatArray, posts: Sequence[tuple[float, ...]]
) -> tuple[tuple[float, float], float]:
    """Middle and half side of the square: the tracks, and radars that leave them a third of it."""
    if not len(east):
        east, north = np.array([p[0] for p in posts] or [0.0]), np.array([p[1] for p in posts] or [0.0])
    box = np.array([[east.min(), east.max()], [north.min(), north.max()]])
    span = float(np.ptp(box, axis=1).max())
    for post in posts:
        wider = np.stack([np.minimum(box[:, 0], post), np.maximum(box[:, 1], post)], axis=1)
        if np.ptp(wider, axis=1).max() <= 3.0 * max(span, 1.0):
            box = wider
    middle = box.mean(axis=1)
    return (float(middle[0]), float(middle[1])), max(0.54 * float(np.ptp(box, axis=1).max()), _LEAST_HALF_M)


def _land(axes: Axes, centre: Place, middle: tuple[float, float], half: float) -> None:
    coasts, borders = basemap.about(centre, min(math.hypot(*middle) + 1.5 * half, 1e7))
    axes.plot(*(1e-3 * coasts.T), color="#6b8fa8", linewidth=0.9, zorder=2)
    axes.plot(*(1e-3 * borders.T), color="#aab4bf", linewidth=0.8, linestyle=(0, (6, 2, 1, 2)), zorder=2)


def _rings(axes: Axes, post: tuple[float, ...], middle: tuple[float, float], half: float) -> None:
    """Range rings about a lone radar, named where they leave room towards the north-east."""
    x, y = (1e-3 * v for v in middle)
    reach = 1e-3 * half
    step = _nice(reach / 2.5)
    turn, inside = np.linspace(0.0, 2.0 * np.pi, 1441), 0.94 * reach
    px, py = 1e-3 * post[0], 1e-3 * post[1]
    for radius in np.arange(step, math.hypot(x - px, y - py) + math.sqrt(2.0) * reach, step):
        east, north = px + radius * np.sin(turn), py + radius * np.cos(turn)
        seen = (np.abs(east - x) < inside) & (np.abs(north - y) < inside)
        if not seen.any():
            continue
        axes.plot(east, north, color=SOFT, linewidth=0.5, alpha=0.5, zorder=3)
        at = int(np.argmin(np.where(seen, np.abs(np.mod(turn - 0.25 * np.pi + np.pi, 2.0 * np.pi) - np.pi), 9.0)))
        axes.annotate(f"{radius:g} km", (east[at], north[at]), fontsize=7.2, color=SOFT, ha="center", va="center",
                      bbox=_BEHIND, zorder=3.5)  # fmt: skip


def _lines(
    axes: Axes, number: IntArray, t_s: FloatArray, east: FloatArray, north: FloatArray, half: float
) -> list[tuple[int, FloatArray, str]]:
    """Draw each track; return its number, its points in kilometres and its colour, longest life first."""
    out = []
    for i, one in enumerate(np.unique(number)):
        mine = np.flatnonzero(number == one)
        mine = mine[np.argsort(t_s[mine], kind="stable")]
        line = 1e-3 * np.column_stack([east[mine], north[mine]])
        colour = COLOURS[i % len(COLOURS)]
        step = np.diff(t_s[mine])
        silent = np.flatnonzero(step > _SILENT * np.median(step)) if len(step) else np.empty(0, np.int64)
        for piece in np.split(line, silent + 1):
            axes.plot(*piece[_kept(piece, 1e-3 * half * _SIMPLE)].T, color=colour, linewidth=1.1,
                      solid_joinstyle="round", zorder=5)  # fmt: skip
        for before in silent:
            axes.plot(*line[before : before + 2].T, color=colour, linewidth=1.1, linestyle=(0, (1, 1.6)), zorder=5)
        axes.plot(*line[0], "o", color=colour, markerfacecolor="white", markersize=3.6, markeredgewidth=0.9, zorder=6)
        axes.plot(*line[-1], marker=(3, 0, -_course_deg(line)), color=colour, markersize=6.5, markeredgewidth=0.0,
                  zorder=6)  # fmt: skip
        out.append((float(t_s[mine[-1]] - t_s[mine[0]]), (int(one), line, colour)))
    out.sort(key=lambda pair: (-pair[0], pair[1][0]))
    return [drawn for _, drawn in out]


def _kept(line: FloatArray, tolerance: float) -> IntArray:
    """Points that a line needs to stay within a tolerance (Douglas & Peucker, 1973)."""
    keep = np.zeros(len(line), bool)
    keep[[0, -1]] = True
    ahead = [(0, len(line) - 1)]
    while ahead:
        low, high = ahead.pop()
        if high - low < 2:
            continue
        chord = line[high] - line[low]
        length = float(np.hypot(*chord))
        off = line[low + 1 : high] - line[low]
        far = np.abs(off[:, 0] * chord[1] - off[:, 1] * chord[0]) / length if length > 0.0 else np.hypot(*off.T)
        if length > 0.0:  # a racetrack comes back: measure to the ends as well
            share = off @ chord / length**2
            far = np.where(
                (share < 0.0) | (share > 1.0), np.hypot(*(off - np.clip(share, 0, 1)[:, None] * chord).T), far
            )
        worst = int(far.argmax())
        if far[worst] > tolerance:
            keep[low + 1 + worst] = True
            ahead += [(low, low + 1 + worst), (low + 1 + worst, high)]
    return np.flatnonzero(keep)


def _course_deg(line: FloatArray) -> float:
    """Direction in which a line ends, clockwise from north."""
    if len(line) < 2:
        return 0.0
    step = line[-1] - line[-2]
    return math.degrees(math.atan2(step[0], step[1]))


def _labels(figure: Figure, axes: Axes, drawn: Sequence[tuple[int, FloatArray, str]], posts: Sequence[Any]) -> int:
    """Write each number beside its track's end where it covers no other; return how many found room."""
    figure.draw_without_rendering()
    point = 72.0 / figure.dpi
    ends = {number: axes.transData.transform(line[-1]) * point for number, line, _ in drawn}
    starts = [axes.transData.transform(line[0]) * point for _, line, _ in drawn]
    frame = np.asarray(axes.get_window_extent().extents) * point
    taken = [(e[0] - 3.5, e[1] - 3.5, e[0] + 3.5, e[1] + 3.5) for e in [*ends.values()]]
    taken += [(s[0] - 2.5, s[1] - 2.5, s[0] + 2.5, s[1] + 2.5) for s in starts]
    taken += [(p[0] - 6, p[1] - 6, p[0] + 6, p[1] + 6) for p in
              (axes.transData.transform((1e-3 * q[0], 1e-3 * q[1])) * point for q in posts)]  # fmt: skip
    written = 0
    size = 9.0 if len(drawn) <= _FEW else 7.0
    for number, line, colour in drawn[:_MOST_LABELS]:
        text = str(number)
        wide, tall = 0.62 * size * len(text) + 1.5, 0.78 * size + 0.5
        end = ends[number]
        ahead = math.radians(_course_deg(line))
        for turn in (0.0, 0.6, -0.6, 1.2, -1.2, 1.9, -1.9, 2.6, -2.6, math.pi):
            for away in (5.0, 9.0, 14.0):
                side = np.array([math.sin(ahead + turn), math.cos(ahead + turn)])
                middle = end + side * (away + 0.5 * np.array([wide, tall]))
                box = (middle[0] - wide / 2, middle[1] - tall / 2, middle[0] + wide / 2, middle[1] + tall / 2)
                own = (end[0] - 3.5, end[1] - 3.5, end[0] + 3.5, end[1] + 3.5)
                inside = box[0] > frame[0] and box[1] > frame[1] and box[2] < frame[2] and box[3] < frame[3]
                if inside and not any(_cross(box, other) for other in taken if other != own):
                    break
            else:
                continue
            break
        else:
            continue
        taken.append(box)
        written += 1
        axes.annotate(text, line[-1], xytext=tuple(middle - end), textcoords="offset points", ha="center",
                      va="center_baseline", fontsize=size, color=colour, zorder=7,
                      fontweight="bold" if size > 8.0 else "normal",
                      bbox={**_BEHIND, "pad": 0.3, "alpha": 0.6})  # fmt: skip
    return written


def _cross(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _scale_bar(axes: Axes, middle: tuple[float, float], half: float) -> None:
    reach = 1e-3 * half
    length = _nice(0.35 * reach)
    right, low = 1e-3 * middle[0] + 0.95 * reach, 1e-3 * middle[1] - 0.93 * reach
    axes.plot([right - length, right], [low, low], color=INK, linewidth=2.2, solid_capstyle="butt", zorder=9)
    axes.annotate(f"{length:g} km", (right - 0.5 * length, low), xytext=(0, 4), textcoords="offset points",
                  ha="center", fontsize=7.5, bbox=_BEHIND, zorder=9)  # fmt: skip


def _north_arrow(axes: Axes) -> None:
    axes.annotate("N", (0.035, 0.975), xytext=(0.035, 0.905), xycoords="axes fraction", ha="center", va="center",
                  fontsize=9, fontweight="bold", zorder=9, bbox=_BEHIND,
                  arrowprops={"arrowstyle": "-|>", "color": INK, "linewidth": 1.0, "shrinkA": 1.0})  # fmt: skip


def _subtitle(found: PlacedTracks, sites: Sequence[Site], known: bool) -> str:
    t_s = found.tracks.t_s
    said = [f"{_clock(t_s.min())} to {_clock(t_s.max())}"] if len(t_s) else ["no track"]
    if len(sites) == 1:
        name = f" {sites[0].name}" if sites[0].name else ""
        place = sites[0].place
        if known:
            ns, ew = "NS"[place.lat_rad < 0.0], "EW"[place.lon_rad < 0.0]
            at = f"{abs(math.degrees(place.lat_rad)):.4f}° {ns}, {abs(math.degrees(place.lon_rad)):.4f}° {ew}"
            said.append(f"radar{name} at {at}")
        else:
            said.append(f"radar{name}, place unknown")
    elif sites:
        said.append(f"{len(sites)} radars")
    return "; ".join(said)


def _clock(t_s: float) -> str:
    """Time of day of a time since some midnight."""
    whole = round(float(t_s)) % 86_400
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def _caption(known: bool, n_named: int, n: int) -> str:
    text = "North is up, azimuthal equidistant"
    text += " about the radar, whose place nobody says." if not known else "."
    if n_named < n:
        text += f" {n - n_named} numbers found no room."
    if known:
        text += f" {basemap.SOURCE[0].upper()}{basemap.SOURCE[1:]}."
    return text


def _nice(step: float) -> float:
    """Return the nearest of 1, 2, 5 times a power of ten that is at least ``step`` / 1.2."""
    power = 10.0 ** math.floor(math.log10(step))
    return next(m * power for m in (1.0, 2.0, 5.0, 10.0) if m * power >= step / 1.2)
