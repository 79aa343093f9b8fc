"""The page's figures: data in, one SVG out, the same bytes for the same data.

Colours are Okabe and Ito's (Okabe & Ito, "Color universal design", 2008), which people with any colour vision tell
apart; lines differ in dash as well. Text stays text, so a browser can search it and a phone can draw it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from watchfloor.base.units import BoolArray, FloatArray

INK, SOFT, FAINT = "#1f2933", "#616e7c", "#d9dee4"
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
DASHES: tuple[str | tuple[int, tuple[int, ...]], ...] = (
    "solid", (0, (5, 2)), (0, (2, 1)), (0, (5, 1, 1, 1)), (0, (1, 1)), (0, (8, 2)), (0, (3, 1, 1, 1, 1, 1)),
)  # fmt: skip
SMALL, WIDE = (4.3, 3.1), (8.8, 3.6)
STYLE: dict[Any, Any] = {
    "svg.hashsalt": "watchfloor",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9.0,
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.edgecolor": SOFT,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": FAINT,
    "grid.linewidth": 0.6,
    "text.color": INK,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "lines.linewidth": 1.8,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
}


@dataclass(frozen=True)
class Ribbon:
    """A line with its 10/50/90 band over replicates."""

    label: str
    """What the legend says."""
    x: FloatArray
    """(k,) where."""
    p10: FloatArray
    """(k,) one replicate in ten lies below."""
    p50: FloatArray
    """(k,) the median."""
    p90: FloatArray
    """(k,) nine in ten lie below."""


def new_figure(size: tuple[float, float]) -> Figure:
    """Return an empty figure of so many inches."""
    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasSVG(figure)
    return figure


def svg_of(figure: Figure, name: str, alt: str) -> str:
    """Return the figure as an SVG element that can stand in a page beside others."""
    import io

    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    text = re.sub(r'<g id="[^"]*">', "<g>", text)  # nobody points at groups, and a page holds many figures
    text = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', text)
    text = re.sub(r'xlink:href="#([^"]+)"', rf'href="#{name}-\1"', text)
    text = re.sub(r"url\(#([^)]+)\)", rf"url(#{name}-\1)", text)
    text = re.sub(r'\s(xmlns(:\w+)?|version)="[^"]*"', "", text)
    text = re.sub(r"font: ([\d.]+px|bold [\d.]+px|700 [\d.]+px|[^;\"]*?px) [^;\"]*", r"font: \1 sans-serif", text)
    text = re.sub(r"<!--.*?-->\s*", "", text, flags=re.DOTALL)
    box = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', text)
    assert box is not None
    width = float(box[1])  # at most a third larger than drawn; a broad one is scrolled rather than made unreadable
    style = f"max-width:{1.35 * width:.0f}px" + (f";min-width:{0.95 * width:.0f}px" if width > 450.0 else "")
    said = escape(alt, quote=True)
    head = f'<svg class="figure" style="{style}" viewBox="0 0 {box[1]} {box[2]}" role="img" aria-label="{said}">'
    return head + text[text.index(">") + 1 :].rstrip()


def ribbons(
    name: str,
    lines: Sequence[Ribbon],
    *,
    title: str,
    x_label: str,
    y_label: str,
    alt: str,
    size: tuple[float, float] = SMALL,
    zero: bool = False,
    y_from_zero: bool = False,
    steps: bool = False,
    x_ticks: FloatArray | None = None,
) -> str:
    """Draw lines with their 10/50/90 bands."""
    with mpl.rc_context(STYLE):
        figure = new_figure(size)
        axes = figure.add_subplot()
        for i, line in enumerate(lines):
            colour = PALETTE[i % len(PALETTE)]
            step = "post" if steps else None
            axes.fill_between(line.x, line.p10, line.p90, color=colour, alpha=0.16, linewidth=0, step=step)  # pyright: ignore[reportArgumentType]
            axes.plot(
                line.x,
                line.p50,
                color=colour,
                linestyle=DASHES[i % len(DASHES)],
                marker="o" if len(line.x) < 15 and not steps else None,
                markersize=3.5,
                label=line.label,
                drawstyle="steps-post" if steps else "default",
            )
        if zero:
            axes.axhline(0.0, color=INK, linewidth=0.9)
        if y_from_zero:
            axes.set_ylim(bottom=0.0)
        if x_ticks is not None:
            axes.set_xticks(x_ticks)
        words(axes, title, x_label, y_label)
        if len(lines) > 1:
            axes.legend(loc="best")
        return svg_of(figure, name, alt)


def forest(
    name: str,
    labels: Sequence[str],
    low: FloatArray,
    middle: FloatArray,
    high: FloatArray,
    clear: BoolArray,
    *,
    title: str,
    x_label: str,
    alt: str,
) -> str:
    """Draw paired differences with their intervals, one row an option; filled where the interval excludes zero."""
    with mpl.rc_context(STYLE):
        figure = new_figure((SMALL[0], 1.05 + 0.24 * len(labels)))
        axes = figure.add_subplot()
        y = np.arange(len(labels))[::-1]
        axes.axvline(0.0, color=INK, linewidth=0.9)
        axes.hlines(y, low, high, color=SOFT, linewidth=1.6)
        axes.plot(middle[clear], y[clear], "o", color=PALETTE[0], markersize=6)
        axes.plot(
            middle[~clear], y[~clear], "o", markerfacecolor="white", markeredgecolor=SOFT, markersize=6, linewidth=0
        )
        axes.set_yticks(y, labels)
        axes.set_ylim(-0.7, len(labels) - 0.3)
        axes.grid(axis="y", visible=False)
        _over(figure, title)
        words(axes, "", x_label, "")
        return svg_of(figure, name, alt)


def stacked(
    name: str,
    labels: Sequence[str],
    parts: Mapping[str, FloatArray],
    *,
    title: str,
    x_label: str,
    alt: str,
) -> str:
    """Draw horizontal bars made of parts, one bar a label."""
    with mpl.rc_context(STYLE):
        figure = new_figure((WIDE[0], 1.25 + 0.36 * len(labels)))
        axes = figure.add_subplot()
        y, left = np.arange(len(labels))[::-1], np.zeros(len(labels))
        for i, (part, values) in enumerate(parts.items()):
            axes.barh(
                y,
                values,
                left=left,
                height=0.62,
                color=PALETTE[i % len(PALETTE)],
                hatch=("", "////", "....")[i % 3],
                edgecolor="white",
                linewidth=0.5,
                label=part,
            )
            left = left + values
        axes.set_yticks(y, labels)
        axes.grid(axis="y", visible=False)
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=len(parts))
        words(axes, "", x_label, "")
        axes.set_title(title, pad=26)
        return svg_of(figure, name, alt)


def exceedance(
    name: str,
    samples: Mapping[str, FloatArray],
    *,
    title: str,
    x_label: str,
    alt: str,
) -> str:
    """Draw, for each sample of replicates, the share of them that exceeds a level."""
    with mpl.rc_context(STYLE):
        figure = new_figure(WIDE)
        axes = figure.add_subplot()
        top = max((float(values.max()) for values in samples.values()), default=1.0) * 1.05 or 1.0
        for i, (label, values) in enumerate(samples.items()):
            at = np.concatenate(([0.0], np.sort(values), [top]))
            share = np.concatenate(([1.0], 1.0 - np.arange(1, len(values) + 1) / len(values), [0.0]))
            axes.plot(
                at,
                share,
                color=PALETTE[i % len(PALETTE)],
                linestyle=DASHES[i % len(DASHES)],
                drawstyle="steps-post",
                label=label,
            )
        axes.set_ylim(-0.03, 1.03)
        axes.set_xlim(-0.01 * top, top)
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
        words(axes, title, x_label, "share of replicates above [1]")
        return svg_of(figure, name, alt)


@dataclass(frozen=True)
class Fight:
    """One engagement, tick by tick."""

    title: str
    """What stands above."""
    minute: FloatArray
    """(n,) time. [min]"""
    range_km: FloatArray
    """(n,) slant range of the subject. [km]"""
    states: Mapping[str, BoolArray]
    """Name of a state and (n,) whether it held."""
    note: str
    """What else is to be said: shots, survival."""


def engagement(name: str, fights: Sequence[Fight], *, alt: str) -> str:
    """Draw the subject's range against time, and below it when each state held, for each fight under the other."""
    with mpl.rc_context(STYLE):
        figure = new_figure((WIDE[0], 2.9 * len(fights)))
        all_axes = figure.subplots(2 * len(fights), 1, sharex=True, height_ratios=[2.2, 1.0] * len(fights))
        for k, fight in enumerate(fights):
            line, bars = all_axes[2 * k], all_axes[2 * k + 1]
            line.plot(fight.minute, fight.range_km, color=INK)
            line.set_ylim(bottom=0.0)
            words(line, fight.title, "", "slant range [km]")
            line.annotate(
                fight.note, (0.99, 0.93), xycoords="axes fraction", ha="right", va="top", fontsize=9, color=INK
            )
            step = float(np.diff(fight.minute).min()) if len(fight.minute) > 1 else 1.0
            for i, held in enumerate(fight.states.values()):
                y = len(fight.states) - 1 - i
                runs = [(start, width) for start, width in _runs(fight.minute, held, step)]
                bars.broken_barh(runs, (y - 0.36, 0.72), color=PALETTE[i], linewidth=0)
                if held.any():
                    first = int(held.argmax())
                    line.plot(fight.minute[first], fight.range_km[first], "osD"[i % 3], color=PALETTE[i], markersize=6)
            bars.set_yticks(range(len(fight.states)), list(fight.states)[::-1])
            bars.set_ylim(-0.6, len(fight.states) - 0.4)
            bars.grid(axis="y", visible=False)
        all_axes[-1].set_xlabel("time since the jet appeared [min]")
        return svg_of(figure, name, alt)


def _runs(minute: FloatArray, held: BoolArray, step: float) -> list[tuple[float, float]]:
    edges = np.flatnonzero(np.diff(np.concatenate(([False], held, [False])).astype(int)))
    return [
        (float(minute[a]) - step, float(minute[b - 1] - minute[a]) + step)
        for a, b in zip(edges[::2], edges[1::2], strict=True)
    ]


def heat(
    name: str,
    values: FloatArray,
    rows: Sequence[str],
    *,
    top: float,
    title: str,
    x_label: str,
    bar_label: str,
    alt: str,
) -> str:
    """Draw a table (rows, columns) as shades; NaN stays white with a dot: nothing was flown there."""
    with mpl.rc_context(STYLE):
        figure = new_figure((SMALL[0], 1.35 + 0.22 * len(rows)))
        axes = figure.add_subplot()
        axes.grid(visible=False)
        edges_x, edges_y = np.arange(values.shape[1] + 1) + 0.5, np.arange(len(rows) + 1) - 0.5
        mesh = axes.pcolormesh(
            edges_x,
            edges_y,
            np.ma.masked_invalid(values),
            cmap=mpl.colormaps["Blues"].resampled(40),
            vmin=0.0,
            vmax=top,
            linewidth=0,
        )
        y, x = np.nonzero(np.isnan(values))
        axes.plot(x + 1, y, ".", color=SOFT, markersize=2.0, linewidth=0)
        axes.set_yticks(range(len(rows)), rows)
        axes.xaxis.set_major_locator(MaxNLocator(7, integer=True))
        axes.invert_yaxis()
        axes.tick_params(length=0)
        bar = figure.colorbar(mesh, ax=axes, location="bottom", aspect=30, pad=0.02)
        bar.set_label(bar_label)
        bar.outline.set_linewidth(0.4)  # pyright: ignore[reportCallIssue]
        words(axes, title, x_label, "")
        return svg_of(figure, name, alt)


def aspect_polar(name: str, centres_rad: FloatArray, series: Mapping[str, Ribbon], *, unit: str, alt: str) -> str:
    """Draw a quantity over aspect, nose up, port side as starboard."""
    with mpl.rc_context(STYLE):
        figure = new_figure((SMALL[0], 3.9))
        axes = figure.add_subplot(projection="polar")
        axes.set_theta_zero_location("N")  # pyright: ignore[reportAttributeAccessIssue]
        axes.set_theta_direction(-1)  # pyright: ignore[reportAttributeAccessIssue]
        turn = np.concatenate((centres_rad, 2.0 * np.pi - centres_rad[::-1], centres_rad[:1] + 2.0 * np.pi))
        for i, (label, line) in enumerate(series.items()):

            def round_trip(values: FloatArray) -> FloatArray:
                return np.concatenate((values, values[::-1], values[:1]))

            axes.fill_between(
                turn, round_trip(line.p10), round_trip(line.p90), color=PALETTE[i], alpha=0.16, linewidth=0
            )
            axes.plot(turn, round_trip(line.p50), color=PALETTE[i], linestyle=DASHES[i], label=label)
        axes.set_xticks(np.deg2rad([0, 45, 90, 135, 180, 225, 270, 315]))
        axes.set_xticklabels(["nose", "45°", "90°", "135°", "tail", "135°", "90°", "45°"])
        axes.set_rlabel_position(67.5)  # pyright: ignore[reportAttributeAccessIssue]
        axes.set_ylim(bottom=0.0)
        axes.set_title(f"held at the end, by aspect [{unit}]", pad=12)
        axes.yaxis.set_major_locator(MaxNLocator(4))
        axes.tick_params(labelsize=8)
        figure.legend(loc="outside lower center", ncols=max(len(series), 1))
        return svg_of(figure, name, alt)


@dataclass(frozen=True)
class MapLine:
    """A line on the map, in kilometres east and north of the site."""

    label: str
    """What the legend says; "" for none."""
    east_km: FloatArray
    """(k,) NaN breaks the line."""
    north_km: FloatArray
    """(k,) likewise."""


def site_map(
    name: str,
    *,
    title: str,
    land: MapLine,
    routes: Sequence[MapLine],
    rings: Sequence[MapLine],
    reach_km: float,
    alt: str,
) -> str:
    """Draw the site, the routes about it and the coverage rings of one radar; north is up."""
    with mpl.rc_context(STYLE):
        figure = new_figure((SMALL[0], 5.0))
        axes = figure.add_subplot()
        axes.grid(visible=False)
        axes.set_facecolor("#f6f8fa")
        axes.plot(land.east_km, land.north_km, color="#aab4bf", linewidth=0.8)
        for i, ring in enumerate(rings):
            axes.plot(
                ring.east_km,
                ring.north_km,
                color=PALETTE[i],
                linestyle=DASHES[i],
                linewidth=1.5,
                label=ring.label,
            )
        for i, route in enumerate(routes):
            last = i == len(routes) - 1  # the test flight is named on the other side
            axes.plot(route.east_km, route.north_km, color=INK, linewidth=1.0)
            at = 0 if last else int(np.argmax(route.east_km))
            axes.annotate(
                route.label,
                (route.east_km[at], route.north_km[at]),
                textcoords="offset points",
                xytext=(-5 if last else 4, 0),
                fontsize=7.5,
                ha="right" if last else "left",
                va="center",
            )
        axes.plot(0.0, 0.0, "^", color="#D55E00", markersize=8, markeredgecolor="white")
        _compass(axes, reach_km)
        axes.set_xlim(-reach_km, reach_km)
        axes.set_ylim(-reach_km, reach_km)
        axes.set_aspect("equal")
        axes.spines[["top", "right"]].set_visible(True)
        words(axes, title, "east of the site [km]", "north of the site [km]")
        figure.legend(loc="outside lower center", ncols=1)
        return svg_of(figure, name, alt)


def _compass(axes: Axes, reach_km: float) -> None:
    """Draw a scale bar and an arrow to the north."""
    bar = 100.0 if reach_km > 250.0 else 20.0 if reach_km > 50.0 else 5.0
    left, low = -0.92 * reach_km, -0.9 * reach_km
    axes.plot([left, left + bar], [low, low], color=INK, linewidth=2.5, solid_capstyle="butt")
    axes.annotate(
        f"{bar:.0f} km",
        (left + bar / 2, low),
        textcoords="offset points",
        xytext=(0, 4),
        ha="center",
        fontsize=8,
    )
    x, y = 0.9 * reach_km, 0.72 * reach_km
    axes.annotate(
        "N",
        (x, y + 0.2 * reach_km),
        xytext=(x, y),
        ha="center",
        va="top",
        fontsize=9,
        arrowprops={"arrowstyle": "->", "color": INK, "linewidth": 1.2},
    )


def tornado(name: str, labels: Sequence[str], rho: FloatArray, band: float, *, title: str, alt: str) -> str:
    """Draw rank correlations as bars, longest first; the grey strip is what chance alone gives."""
    with mpl.rc_context(STYLE):
        figure = new_figure((WIDE[0] / 2.0 + 0.6, 1.1 + 0.27 * len(labels)))
        axes = figure.add_subplot()
        y = np.arange(len(labels))[::-1]
        axes.axvspan(-band, band, color=FAINT, alpha=0.7, linewidth=0)
        axes.barh(y, rho, height=0.6, color=np.where(rho >= 0.0, PALETTE[0], PALETTE[1]).tolist())
        axes.axvline(0.0, color=INK, linewidth=0.9)
        axes.set_yticks(y, labels)
        axes.set_xlim(-1.0, 1.0)
        axes.set_xticks([-1.0, -0.5, 0.0, 0.5, 1.0])
        axes.grid(axis="y", visible=False)
        _over(figure, title)
        words(axes, "", "Spearman rank correlation [1]", "")
        return svg_of(figure, name, alt)


def _over(figure: Figure, title: str) -> None:
    """Put a title above long row labels too, where it has the figure's width."""
    figure.suptitle(title, x=0.01, ha="left", fontsize=9.5, fontweight="bold")


def words(axes: Axes, title: str, x_label: str, y_label: str) -> None:
    """Write title and labels."""
    axes.set_title(title)
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
