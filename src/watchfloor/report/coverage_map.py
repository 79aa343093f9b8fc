"""Coverage as pictures: the map, and the range-height chart. The same coverage gives the same bytes."""

from __future__ import annotations

import io
import math
import os
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LightSource, LinearSegmentedColormap, to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, PathPatch
from matplotlib.path import Path as Outline

from watchfloor.base.errors import DataError, reason
from watchfloor.base.units import FloatArray, db
from watchfloor.physics.frames import destination, geodesic
from watchfloor.report import basemap
from watchfloor.report.coverage import Coverage, Section, Station
from watchfloor.report.figures import DASHES, FAINT, INK, PALETTE, SOFT, STYLE

_DPI = 160
_SHADE_NODES = 700
_OWN_COAST_M = 150e3
"""Within this range terrain draws its own coast; beyond it the world's lines are true enough. [m]"""
_LAND = LinearSegmentedColormap.from_list(
    "land", [(0.0, "#e6ecdd"), (0.15, "#eef0e2"), (0.4, "#f3eddc"), (0.75, "#e8ddcf"), (1.0, "#f7f5f3")]
)
_SEA, _UNKNOWN = "#dbe8f1", "#ffffff"
_ELEVATIONS_DEG = (0, 0.5, 1, 2, 3, 5, 7, 10, 15, 20, 30, 45, 60)
_LOOK: dict[Any, Any] = {**STYLE, "figure.facecolor": "white", "hatch.color": FAINT, "hatch.linewidth": 0.8}
_BEHIND: dict[str, Any] = {"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 1.0}
"""Under words on the map; an outline round the letters would turn an SVG's text into curves."""


def draw_map(paths: Sequence[Path], coverage: Coverage) -> None:
    """Draw where one scan detects, on a map about the site.

    Parameters
    ----------
    paths : sequence of Path
        Files to write, each ``.png`` or ``.svg``.
    coverage : Coverage
        As `coverage.cover` makes it.

    Raises
    ------
    DataError
        If a file cannot be written.
    """
    with mpl.rc_context(_LOOK):
        _save(paths, _map(coverage))


def draw_section(paths: Sequence[Path], section: Section) -> None:
    """Draw a range-height chart: probability of detection above the curved earth, along one azimuth.

    Parameters
    ----------
    paths : sequence of Path
        Files to write, each ``.png`` or ``.svg``.
    section : Section
        As `coverage.section` makes it.

    Raises
    ------
    DataError
        If a file cannot be written.
    """
    with mpl.rc_context(_LOOK):
        _save(paths, _chart(section))


def _save(paths: Sequence[Path], figure: Figure) -> None:
    for path in paths:
        kind = path.suffix.lower().lstrip(".")
        drawn = io.BytesIO()
        none: dict[str, Any] = {"Software": None} if kind == "png" else {"Date": None, "Creator": None}
        figure.savefig(drawn, format=kind, dpi=_DPI, metadata=none)
        temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        try:  # whole or not at all
            temporary.write_bytes(drawn.getvalue())
            os.replace(temporary, path)
        except OSError as err:
            raise DataError(f"{path}: cannot be written: {reason(err)}; is the folder there, and has it room?") from err
        finally:
            temporary.unlink(missing_ok=True)


# ---- the map


def _map(coverage: Coverage) -> Figure:
    grid = coverage.grid
    figure = Figure(figsize=(7.4, 8.9))
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.095, 0.195, 0.885, 0.885 * 7.4 / 8.9))
    axes.grid(visible=False)
    axes.set_facecolor("#f6f8fa")
    shaded = _shade(axes, coverage)
    _coast(axes, coverage, shaded)
    _range_rings(axes, coverage)
    colours = {height: PALETTE[i % len(PALETTE)] for i, height in enumerate(coverage.height_m)}
    dashes = {sigma: DASHES[i % len(DASHES)] for i, sigma in enumerate(sorted(coverage.sigma_m2, reverse=True))}
    largest = max(coverage.sigma_m2)
    for edge in coverage.contours:
        if not edge.plane_m:
            continue
        outline = _outline([1e-3 * ring for ring in edge.plane_m])
        if edge.sigma_m2 == largest:
            axes.add_patch(PathPatch(outline, facecolor=colours[edge.height_m], alpha=0.07, linewidth=0, zorder=4))
        axes.add_patch(
            PathPatch(
                outline, facecolor="none", edgecolor=colours[edge.height_m], linestyle=dashes[edge.sigma_m2],
                linewidth=1.3, zorder=5, joinstyle="round",
            )
        )  # fmt: skip
    for station in coverage.stations:
        east, north = _plane_km(coverage, station)
        axes.plot(east, north, "^", color="#D55E00", markersize=8, markeredgecolor="white", zorder=8)
        if len(coverage.stations) > 1 and not grid.polar:
            axes.annotate(station.name, (east, north), xytext=(5, 5), textcoords="offset points", fontsize=8.5,
                          fontweight="bold", bbox=_BEHIND, zorder=9)  # fmt: skip
    (east, north), half = _frame_km(coverage)
    axes.set_xlim(east - half, east + half)
    axes.set_ylim(north - half, north + half)
    axes.set_aspect("equal")
    axes.spines[["top", "right"]].set_visible(True)
    where = "site" if grid.polar else "middle"
    axes.set_xlabel(f"east of the {where} [km]")
    axes.set_ylabel(f"north of the {where} [km]")
    figure.text(0.02, 0.988, _title(coverage), fontsize=11, fontweight="bold", va="top")
    figure.text(0.02, 0.964, _subtitle(coverage), fontsize=8.5, color=SOFT, va="top")
    by_height = [
        Line2D([], [], color=colours[h], linewidth=2.0, label=_named(coverage, h)) for h in sorted(coverage.height_m)
    ]
    others: list[Any] = [
        Line2D([], [], color=INK, linewidth=1.4, linestyle=cast(Any, dashes[s]), label=f"{s:g} m² ({db(s):.0f} dBsm)")
        for s in sorted(coverage.sigma_m2, reverse=True)
    ]
    others.append(Line2D([], [], color="#D55E00", marker="^", linestyle="none", markersize=7, label="radar"))
    if coverage.share_unknown > 0.0:
        others.append(Patch(facecolor=_UNKNOWN, edgecolor=FAINT, hatch="////", label="terrain unknown"))
    for at, handles in ((0.06, by_height), (0.64, others)):
        figure.legend(handles=handles, loc="upper left", bbox_to_anchor=(at, 0.152), handlelength=3.2)
    empty = [e for e in coverage.contours if not e.plane_m]
    text = _caption(coverage, terrain_coast=shaded)
    if empty:
        text += " Detected nowhere: " + "; ".join(f"{e.sigma_m2:g} m² at {_metres(e.height_m)}" for e in empty) + "."
    figure.text(0.02, 0.012, textwrap.fill(text, 146), fontsize=7.2, color=SOFT, va="bottom", linespacing=1.35)
    return figure


def _outline(rings: Sequence[FloatArray]) -> Outline:
    points = np.concatenate([np.vstack((ring, ring[:1])) for ring in rings])
    codes = np.concatenate(
        [np.r_[Outline.MOVETO, np.full(len(ring) - 1, Outline.LINETO), Outline.CLOSEPOLY] for ring in rings]
    )
    return Outline(points, codes.astype(np.uint8))


def _shade(axes: Axes, coverage: Coverage) -> bool:
    """Draw the terrain as shaded relief, where the radars have some."""
    station = next((s for s in coverage.stations if s.heights is not None), None)
    if station is None or station.heights is None:
        return False
    grid, line = coverage.grid, np.linspace(-1.0, 1.0, _SHADE_NODES) * coverage.grid.range_m
    east, north = np.meshgrid(line, line)
    lat, lon = destination(
        grid.centre.lat_rad, grid.centre.lon_rad, np.arctan2(east, north).ravel(), np.hypot(east, north).ravel()
    )
    height = station.heights.at(lat, lon).reshape(east.shape)
    known = np.isfinite(height)
    if not known.any():
        return False
    solid = np.where(known, height, 0.0)
    step = line[1] - line[0]
    light = LightSource(azdeg=315.0, altdeg=45.0).hillshade(solid, vert_exag=1.5, dx=step, dy=step)
    top = max(float(np.percentile(solid[known], 99.5)), 200.0)
    rgb = np.asarray(_LAND(np.clip(solid / top, 0.0, 1.0)))[..., :3] * (0.55 + 0.45 * light)[..., None]
    sea = known & (height <= 0.0)
    rgb[sea] = to_rgb(_SEA)
    taken = np.isfinite(station.beyond_m)
    rgb[~known] = to_rgb(_SEA if taken else _UNKNOWN)
    reach = 1e-3 * grid.range_m
    axes.imshow(rgb, extent=(-reach, reach, -reach, reach), origin="lower", interpolation="bilinear", zorder=0)
    if not (known.all() or taken):
        axes.contourf(1e-3 * line, 1e-3 * line, (~known).astype(float), levels=[0.5, 1.5], colors="none",
                      hatches=["////"], zorder=1)  # fmt: skip
    if sea.any() and grid.range_m <= _OWN_COAST_M:
        axes.contour(1e-3 * line, 1e-3 * line, np.where(known, height, np.nan), levels=[0.5], colors="#6b8fa8",
                     linewidths=0.6, zorder=2)  # fmt: skip
    return True


def _coast(axes: Axes, coverage: Coverage, shaded: bool) -> None:
    if shaded and coverage.grid.range_m <= _OWN_COAST_M:
        return
    coasts, borders = basemap.about(coverage.grid.centre, coverage.grid.range_m)
    axes.plot(*(1e-3 * coasts.T), color="#6b8fa8", linewidth=0.9, zorder=2)
    axes.plot(*(1e-3 * borders.T), color="#aab4bf", linewidth=0.8, linestyle=(0, (6, 2, 1, 2)), zorder=2)


def _frame_km(coverage: Coverage) -> tuple[tuple[float, float], float]:
    """Middle and half side of the square to show: the whole grid, or what is known of it and the radars. [km]"""  # noqa: D400, D415
    grid = coverage.grid
    if not coverage.unknown.any():
        return (0.0, 0.0), 1e-3 * grid.range_m
    row, column = np.nonzero(~coverage.unknown)
    east, north = grid.plane_at(row.astype(float), column.astype(float))
    posts = np.array([_plane_km(coverage, station) for station in coverage.stations]).T
    low = np.array([min(1e-3 * v.min(initial=0.0), p.min()) for v, p in zip((east, north), posts, strict=True)])
    high = np.array([max(1e-3 * v.max(initial=0.0), p.max()) for v, p in zip((east, north), posts, strict=True)])
    middle, half = 0.5 * (low + high), 0.52 * float((high - low).max())
    return (float(middle[0]), float(middle[1])), min(max(half, 1e-3 * grid.step_m), 1e-3 * grid.range_m)


def _range_rings(axes: Axes, coverage: Coverage) -> None:
    (x, y), half = _frame_km(coverage)
    step = _nice(half / (4.5 if x == y == 0.0 else 2.5))
    turn, inside = np.linspace(0.0, 2.0 * np.pi, 721), 0.96 * half
    for radius in np.arange(step, math.hypot(x, y) + math.sqrt(2.0) * half, step):
        east, north = radius * np.sin(turn), radius * np.cos(turn)
        axes.plot(east, north, color=SOFT, linewidth=0.5, alpha=0.6, zorder=3)
        seen = (np.abs(east - x) < inside) & (np.abs(north - y) < inside)
        if seen.any():  # the name stands as near to the north-east as the frame allows
            at = int(np.argmin(np.where(seen, np.abs(np.mod(turn - 0.25 * np.pi + np.pi, 2.0 * np.pi) - np.pi), 9.0)))
            axes.annotate(f"{radius:g} km", (east[at], north[at]), fontsize=7.5, color=INK, ha="center", va="center",
                          bbox=_BEHIND, zorder=6)  # fmt: skip


def _plane_km(coverage: Coverage, station: Station) -> tuple[float, float]:
    centre = coverage.grid.centre
    distance, azimuth = geodesic(centre.lat_rad, centre.lon_rad, station.place.lat_rad, station.place.lon_rad)
    return 1e-3 * float(distance * np.sin(azimuth)), 1e-3 * float(distance * np.cos(azimuth))


def _title(coverage: Coverage) -> str:
    if len(coverage.stations) == 1:
        return f"Radar {coverage.name}: one scan detects with probability {coverage.level:g}"
    names = ", ".join(station.name for station in coverage.stations)
    return f"Radars {names}: one scan of any detects with probability {coverage.level:g}"


def _subtitle(coverage: Coverage) -> str:
    where = coverage.grid.centre
    ns, ew = "NS"[where.lat_rad < 0.0], "EW"[where.lon_rad < 0.0]
    at = f"{abs(math.degrees(where.lat_rad)):.4f}° {ns}, {abs(math.degrees(where.lon_rad)):.4f}° {ew}"
    if len(coverage.stations) == 1:
        station = coverage.stations[0]
        if station.heights is None:
            return f"{at}; antenna {station.environment.site[0]:.0f} m above the ground"
        return f"{at}; antenna {station.place.alt_m - station.undulation_m:.0f} m above sea level"
    return at


def _named(coverage: Coverage, height_m: float) -> str:
    """Say how far each cross-section is seen at one height; edges that the horizon sets lie on each other."""
    edges = sorted((e for e in coverage.contours if e.height_m == height_m), key=lambda e: -e.sigma_m2)
    name = f"{_metres(height_m)} above {coverage.above}"
    if not any(e.plane_m for e in edges):
        return f"{name}: nowhere"
    return f"{name}: farthest {' / '.join(f'{1e-3 * e.farthest_m:.0f}' if e.plane_m else '-' for e in edges)} km"


def assumptions(station: Station, swerling: int, closing_mps: float) -> list[str]:
    """What a radar's coverage rests on, in words.

    Parameters
    ----------
    station : Station
        The radar.
    swerling : int
        How targets fluctuate.
    closing_mps : float
        Their speed towards the antenna. [m/s]

    Returns
    -------
    list of str
        One assumption each.
    """
    environment = station.environment
    said = [f"Swerling {swerling}", f"effective earth radius {environment.k:.3g} times the true one"]
    if not station.radar.is_plain and station.radar.processing.doppler != "matched":
        said.append(f"targets close at {closing_mps:g} m/s")
    said.append("loss in the air" if environment.gas is not None else "no loss in the air")
    said.append(
        "masked by terrain, nothing diffracted over it"
        if environment.terrain is not None
        else "smooth earth, no terrain"
    )
    if environment.surface is not None:
        said.append("lobing over a reflecting surface")
    if environment.clutter is not None:
        what = environment.clutter
        level = f"{what.gamma_db:g} dB" if what.kind == "land" else f"state {what.sea_state:g}"
        said.append(f"{what.kind} clutter, {level}")
    if environment.rain is not None:
        said.append(f"rain {environment.rain.rate_mmph:g} mm/h")
    if environment.jammers is not None and len(environment.jammers):
        n = len(environment.jammers)
        said.append(f"{n} noise jammer{'s' if n > 1 else ''}")
    return said


def _caption(coverage: Coverage, *, terrain_coast: bool) -> str:
    cards = list(dict.fromkeys(s.card or "own values" for s in coverage.stations))
    said = [assumptions(s, coverage.swerling, coverage.closing_mps) for s in coverage.stations]
    text = f"Card{'s' if len(cards) > 1 else ''} {', '.join(cards)}, every parameter at its median; "
    text += "; ".join(dict.fromkeys(line for one in said for line in one))
    text += f". Heights above {'the ground' if coverage.above == 'ground' else 'sea level'}; lines enclose what is"
    text += (
        " covered. North is up, azimuthal equidistant; relief lit from the north-west."
        if terrain_coast
        else (" covered. North is up, azimuthal equidistant.")
    )
    if any(np.isfinite(s.beyond_m) for s in coverage.stations):
        text += " Beyond its terrain the ground is taken for sea."
    if coverage.share_unknown > 0.0:
        text += f" Terrain unknown on {100.0 * coverage.share_unknown:.0f} % of the area: counted as not covered."
    if not (terrain_coast and coverage.grid.range_m <= _OWN_COAST_M):
        text += f" {basemap.SOURCE[0].upper()}{basemap.SOURCE[1:]}."
    return text


def _metres(height_m: float) -> str:
    return f"{height_m:g} m" if height_m < 10_000.0 else f"{1e-3 * height_m:g} km"


def _nice(step: float) -> float:
    """Return the nearest of 1, 2, 5 times a power of ten that is at least ``step`` / 1.2."""
    power = 10.0 ** math.floor(math.log10(step))
    return next(m * power for m in (1.0, 2.0, 5.0, 10.0) if m * power >= step / 1.2)


# ---- the range-height chart


def _chart(section: Section) -> Figure:
    radius, antenna, top = section.radius_m, section.antenna_m, section.height_max_m
    far = float(section.distance_m[-1])

    def bent(distance: FloatArray, height: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Rays straight, earth curved; kilometres."""
        angle = distance / radius
        return 1e-3 * (radius + height) * np.sin(angle), 1e-3 * ((radius + height) * np.cos(angle) - radius)

    known = np.isfinite(section.ground_m)
    bottom = -0.02 * top + min(0.0, float(np.min(section.ground_m[known], initial=0.0)))
    figure = Figure(figsize=(9.2, 5.6))
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.075, 0.21, 0.865, 0.66))
    axes.grid(visible=False)
    axes.set_axis_off()
    along = np.linspace(0.0, far, 400)
    step_h, step_d = _nice(top / 6.0), 1e3 * _nice(1e-3 * far / 7.0)
    heights = np.arange(0.0, top + 1.0, step_h)
    for height in heights:
        axes.plot(*bent(along, np.full_like(along, height)), color=FAINT, linewidth=0.7, zorder=1)
        x, y = bent(np.zeros(1), np.array([height]))
        axes.annotate(f"{1e-3 * height:g}", (x[0], y[0]), xytext=(-5, 0), textcoords="offset points", ha="right",
                      va="center", fontsize=8, color=SOFT)  # fmt: skip
    for distance in np.arange(0.0, far + 1.0, step_d):
        ends = bent(np.full(2, distance), np.array([bottom, top]))
        axes.plot(*ends, color=FAINT, linewidth=0.7, zorder=1)
        axes.annotate(f"{1e-3 * distance:g}", (ends[0][0], ends[1][0]), xytext=(0, -4), textcoords="offset points",
                      ha="center", va="top", fontsize=8, color=SOFT, annotation_clip=False)  # fmt: skip
    _elevation_lines(axes, section, bent)
    for part in np.split(np.arange(len(known)), np.flatnonzero(np.diff(known.astype(int))) + 1):
        if known[part[0]] and len(part) > 1:
            distance = section.distance_m[part]
            surface = bent(distance, section.ground_m[part])
            floor = bent(distance, np.full_like(distance, bottom))
            axes.fill(np.r_[surface[0], floor[0][::-1]], np.r_[surface[1], floor[1][::-1]], color="#cdbfa8",
                      linewidth=0, zorder=4)  # fmt: skip
            axes.plot(*surface, color="#8a7a60", linewidth=0.9, zorder=5)
        elif not known[part[0]]:
            x, y = bent(np.array([section.distance_m[part].mean()]), np.zeros(1))
            axes.annotate("terrain unknown", (x[0], y[0]), fontsize=7.5, color=SOFT, ha="center", va="bottom", zorder=5)
    # columns of rays beyond the vertical hold infinite heights; the nearest finite one stands in, outside the frame
    tall = np.minimum(section.height_m, 4.0 * top)
    x, y = bent(np.broadcast_to(section.distance_m, tall.shape), tall)
    rim = [bent(along, np.full_like(along, level)) for level in (top, bottom)]
    frame = PathPatch(
        Outline(np.column_stack((np.r_[rim[0][0], rim[1][0][::-1]], np.r_[rim[0][1], rim[1][1][::-1]]))),
        transform=axes.transData,
    )
    low = float(bent(np.array([far]), np.array([bottom]))[1][0])
    handles = []
    for i, j in enumerate(np.argsort(section.sigma_m2)[::-1]):
        sigma, colour, dash = section.sigma_m2[j], PALETTE[i % len(PALETTE)], DASHES[i % len(DASHES)]
        label = f"{sigma:g} m² ({db(sigma):.0f} dBsm)"
        if section.pd[j].max() > section.level:
            area = axes.contourf(x, y, section.pd[j], levels=[section.level, 1.1], colors=[colour], alpha=0.1, zorder=2)
            edge = axes.contour(x, y, section.pd[j], levels=[section.level], colors=[colour], linewidths=1.2,
                                linestyles=[dash], zorder=3)  # fmt: skip
            for drawn in (area, edge):
                drawn.set_clip_path(frame)
        else:
            label = f"{sigma:g} m²: detected nowhere"
        handles.append(Line2D([], [], color=colour, linewidth=1.6, linestyle=cast(Any, dash), label=label))
    axes.plot(*bent(np.zeros(1), np.array([antenna])), "^", color="#D55E00", markersize=8, markeredgecolor="white",
              zorder=6, clip_on=False)  # fmt: skip
    axes.set_xlim(-0.005e-3 * far, 1.002e-3 * far)
    axes.set_ylim(low - 0.005e-3 * top, 1.02e-3 * top)
    datum = "sea level" if section.station.heights is not None else "the radar's ground"
    figure.text(0.018, 0.975, f"Radar {section.station.name}: one scan detects with probability {section.level:g}",
                fontsize=11, fontweight="bold", va="top")  # fmt: skip
    figure.text(0.018, 0.932, f"Along azimuth {math.degrees(section.azimuth_rad) % 360.0:.0f}°; height above {datum}"
                " [km] over distance on the ground [km]; rays of the effective earth are straight", fontsize=8.5,
                color=SOFT, va="top")  # fmt: skip
    handles.append(Line2D([], [], color="#D55E00", marker="^", linestyle="none", markersize=7, label="antenna"))
    figure.legend(handles=handles, loc="lower left", bbox_to_anchor=(0.06, 0.085), ncols=5, handlelength=3.2)
    text = f"Card {section.station.card or 'own values'}, every parameter at its median; " + "; ".join(
        assumptions(section.station, section.swerling, section.closing_mps)
    )
    figure.text(0.018, 0.015, textwrap.fill(text + ".", 160), fontsize=7.2, color=SOFT, va="bottom", linespacing=1.35)
    return figure


def _elevation_lines(axes: Axes, section: Section, bent: Any) -> None:
    """Draw straight rays of round elevations, named where they leave the chart."""
    radius, antenna, top = section.radius_m, section.antenna_m, section.height_max_m
    far, taken = float(section.distance_m[-1]), []
    for degrees in _ELEVATIONS_DEG:
        elevation = math.radians(degrees)
        reach = min(far, radius * (math.acos(min(1.0, (radius + antenna) * math.cos(elevation) / (radius + top)))
                                   - elevation))  # fmt: skip
        along = np.linspace(0.0, reach, 50)
        height = (radius + antenna) * math.cos(elevation) / np.cos(elevation + along / radius) - radius
        x, y = bent(along, height)
        axes.plot(x, y, color=SOFT, linewidth=0.5, linestyle=(0, (1, 2)), zorder=1.5)
        at = (x[-1] / (1e-3 * far), y[-1] / (1e-3 * top))
        if all(math.hypot(at[0] - a, at[1] - b) > 0.045 for a, b in taken):
            taken.append(at)
            side = reach >= far * 0.999
            axes.annotate(f"{degrees:g}°", (x[-1], y[-1]), xytext=(4, 0) if side else (0, 3),
                          textcoords="offset points", ha="left" if side else "center", color=SOFT,
                          va="center" if side else "bottom", fontsize=7.5, annotation_clip=False)  # fmt: skip
