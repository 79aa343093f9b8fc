"""Figures of break-even maps and of what drives an answer: hours over two unknowns, indices with intervals, tornado.

Data in, one SVG out, in the style of ``figures``.
"""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.ticker import FuncFormatter, MaxNLocator

from watchfloor.base.units import FloatArray
from watchfloor.report.figures import FAINT, INK, PALETTE, SOFT, STYLE, new_figure, svg_of, words


def break_even_map(
    name: str,
    x: FloatArray,
    y: FloatArray,
    p10_h: FloatArray,
    p50_h: FloatArray,
    p90_h: FloatArray,
    *,
    horizon_h: float,
    title: str,
    x_label: str,
    y_label: str,
    alt: str,
) -> str:
    """Draw the hours until something comes true over two unknowns.

    Parameters
    ----------
    name : str
        Prefix of identifiers inside the SVG.
    x : (i,) array
        Values of the first unknown, rising.
    y : (j,) array
        Values of the second, rising.
    p10_h, p50_h, p90_h : (i, j) arrays
        Hours by which one, five and nine in ten campaigns have got there; infinite beyond the horizon. [h]
    horizon_h : float
        Exposure after which campaigns ended. [h]
    title, x_label, y_label, alt : str
        What stands above and at the axes, and what a screen reader says.

    Returns
    -------
    str
        An SVG element: shades and full lines are the median, dashed lines the early tenth, dotted ones the late tenth;
        hatched is what half of the campaigns do not reach within the horizon.

    Raises
    ------
    ValueError
        If the shapes do not fit.
    """
    shape = (len(x), len(y))
    if min(shape) < 2 or any(np.shape(v) != shape for v in (p10_h, p50_h, p90_h)):
        raise ValueError(f"wanted maps of shape {shape}, at least 2 by 2, got {np.shape(p50_h)}")
    levels = _levels(p50_h, horizon_h)
    with mpl.rc_context(STYLE):
        figure = new_figure((5.6, 4.2))
        axes = figure.subplots()
        median = np.where(np.isfinite(p50_h), p50_h, 4.0 * horizon_h).T
        shades = axes.contourf(
            x, y, np.clip(median, levels[0], None), levels=[*levels, 8.0 * horizon_h], cmap="cividis", alpha=0.85,
            norm=LogNorm(levels[0], 2.0 * horizon_h), extend="neither",
        )  # fmt: skip
        axes.contourf(x, y, median, levels=[horizon_h, 8.0 * horizon_h], colors=[FAINT], hatches=["///"])
        shown = [one for one in levels[1:] if one < horizon_h]
        for values, style in ((p50_h, "solid"), (p10_h, "dashed"), (p90_h, "dotted")):
            filled = np.where(np.isfinite(values), values, 4.0 * horizon_h).T
            inside = [one for one in shown if filled.min() < one < filled.max()]
            if inside:
                lines = axes.contour(x, y, filled, levels=inside, colors=INK, linewidths=0.9, linestyles=style)
                if style == "solid":
                    axes.clabel(lines, fmt=lambda h: f"{h:g} h", fontsize=7.5)
        bar = figure.colorbar(shades, ax=axes, ticks=[*levels[:-1], horizon_h])
        bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda h, _: f"{h:g}"))
        bar.set_label("hours of exposure, median [h]")
        words(axes, title, x_label, y_label)
        figure.text(
            0.995, 0.005,
            f"dashed: one campaign in ten; dotted: nine in ten; hatched: not within {horizon_h:g} h for half",
            ha="right", va="bottom", fontsize=7.0, color=SOFT,
        )  # fmt: skip
        figure.set_layout_engine("constrained", rect=(0.0, 0.035, 1.0, 0.965))
        return svg_of(figure, name, alt)


def drivers_chart(
    name: str,
    unknowns: Sequence[str],
    value: FloatArray,
    low: FloatArray,
    high: FloatArray,
    *,
    other: FloatArray | None = None,
    title: str,
    label: str,
    alt: str,
) -> str:
    """Draw how much each unknown drives an answer, the greatest on top, with its interval.

    Parameters
    ----------
    name : str
        Prefix of identifiers inside the SVG.
    unknowns : sequence of str
        Names.
    value, low, high : (k,) arrays
        Index of each unknown and the ends of its interval.
    other : (k,) array, optional
        A second index, drawn as a mark: the first-order one beside the total.
    title, label, alt : str
        What stands above and below, and what a screen reader says.

    Returns
    -------
    str
        An SVG element.
    """
    order = np.argsort(value, kind="stable")
    place = np.arange(len(order))
    with mpl.rc_context(STYLE):
        figure = new_figure((5.6, 0.9 + 0.26 * len(order)))
        axes = figure.subplots()
        axes.barh(place, value[order], color=PALETTE[0], alpha=0.7, height=0.6)
        spread = np.maximum(np.stack([value - low, high - value])[:, order], 0.0)
        axes.errorbar(value[order], place, xerr=spread, fmt="none", ecolor=INK, elinewidth=1.0, capsize=2.0)
        if other is not None:
            axes.plot(np.asarray(other)[order], place, linestyle="none", marker="D", markersize=4, color=PALETTE[1])
        axes.set_yticks(place, [unknowns[int(i)] for i in order])
        words(axes, title, label, "")
        return svg_of(figure, name, alt)


def tornado_chart(
    name: str,
    unknowns: Sequence[str],
    low: FloatArray,
    high: FloatArray,
    middle: float,
    *,
    title: str,
    label: str,
    alt: str,
) -> str:
    """Draw the answer at the 10 and 90 % points of one unknown at a time, the widest on top.

    Parameters
    ----------
    name : str
        Prefix of identifiers inside the SVG.
    unknowns : sequence of str
        Names.
    low, high : (k,) arrays
        Answer at the 10 and the 90 % point of each. [answer]
    middle : float
        Answer with all at their medians. [answer]
    title, label, alt : str
        What stands above and below, and what a screen reader says.

    Returns
    -------
    str
        An SVG element.
    """
    order = np.argsort(np.abs(high - low), kind="stable")
    place = np.arange(len(order))
    with mpl.rc_context(STYLE):
        figure = new_figure((5.6, 0.9 + 0.26 * len(order)))
        axes = figure.subplots()
        axes.barh(
            place, (low - middle)[order], left=middle, color=PALETTE[0], alpha=0.75, height=0.6, label="10 % point"
        )
        axes.barh(
            place, (high - middle)[order], left=middle, color=PALETTE[1], alpha=0.75, height=0.6, label="90 % point"
        )
        axes.axvline(middle, color=INK, linewidth=0.9)
        axes.set_yticks(place, [unknowns[int(i)] for i in order])
        axes.legend(loc="lower right")
        axes.xaxis.set_major_locator(MaxNLocator(5))
        words(axes, title, label, "")
        return svg_of(figure, name, alt)


def _levels(p50_h: FloatArray, horizon_h: float) -> list[float]:
    """Round hours, a factor of about two apart or closer where all are alike, from the least to the horizon. [h]"""
    finite = p50_h[np.isfinite(p50_h) & (p50_h > 0.0)]
    least = float(np.min(finite, initial=horizon_h))
    close = float(np.max(finite, initial=0.0)) < 6.0 * least
    each = (1.0, 1.5, 2.0, 3.0, 5.0, 7.0) if close else (1.0, 2.0, 5.0)
    steps = [m * 10.0**e for e in range(-3, 5) for m in each]
    first = max((s for s in steps if s <= least), default=steps[0])
    first = max(min(first, horizon_h / 10.0), horizon_h / 1000.0)
    return [first, *(s for s in steps if first < s < horizon_h), horizon_h]
