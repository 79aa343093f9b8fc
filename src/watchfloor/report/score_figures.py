"""Figures of a tracker's scores: GOSPA and its parts over time, NEES in its band, probabilities against what came true.

Data in, one SVG out, in the style of ``figures``; `standalone` makes a file of one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.ticker import MaxNLocator

from watchfloor.assess.consistency import Calibration, NeesOverTime
from watchfloor.assess.tracking import TrackScores
from watchfloor.base.errors import DataError
from watchfloor.base.units import FloatArray
from watchfloor.report.figures import (
    DASHES,
    INK,
    PALETTE,
    SMALL,
    SOFT,
    STYLE,
    WIDE,
    new_figure,
    svg_of,
    words,
)

COLUMNS = 400
"""Most moments drawn; longer runs are averaged over stretches of equal length."""


def gospa_over_time(name: str, scores: TrackScores, *, cutoff_m: float, title: str, alt: str) -> str:
    """Draw GOSPA over time, split as its square is, and below it how many targets and tracks there were.

    Parameters
    ----------
    name : str
        Prefix of identifiers inside the SVG.
    scores : TrackScores
        One row a time.
    cutoff_m : float
        The cutoff they were made with. [m]
    title, alt : str
        What stands above, and what a screen reader says.

    Returns
    -------
    str
        An SVG element.
    """
    t_s, mean = _thin(scores.t_s)
    t, label = _time_axis(t_s)
    parts = {
        "errors of place": mean(scores.localisation_m2),
        "missed targets": mean(scores.missed_m2),
        "false tracks": mean(scores.false_m2),
    }
    square = np.maximum(sum(parts.values()), 1e-300)
    gospa_m = mean(scores.gospa_m)
    scale, metres = (1e-3, "km") if gospa_m.max(initial=0.0) >= 3e3 else (1.0, "m")
    with mpl.rc_context(STYLE):
        figure = new_figure((WIDE[0], 4.6))
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=[2.4, 1.0])
        low = np.zeros(len(t_s))
        for i, (part, values) in enumerate(parts.items()):
            high = low + scale * gospa_m * values / square
            above.fill_between(t, low, high, color=PALETTE[i], alpha=0.75, linewidth=0, label=part)
            low = high
        above.plot(t, scale * gospa_m, color=INK, linewidth=1.1, label="GOSPA")
        above.set_ylim(bottom=0.0)
        above.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), reverse=True)
        words(above, title, "", f"GOSPA [{metres}]")
        counts = {"targets": scores.n_truth, "tracks": scores.n_tracks, "targets held": scores.n_assigned}
        for i, (what, values) in enumerate(counts.items()):
            below.plot(
                t,
                mean(values.astype(np.float64)),
                color=(INK, PALETTE[1], PALETTE[0])[i],
                linestyle=DASHES[i],
                linewidth=1.3,
                label=what,
            )
        below.set_ylim(bottom=0.0)
        below.yaxis.set_major_locator(MaxNLocator(4, integer=True))
        below.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
        words(below, "", label, "number")
        figure.text(
            0.995,
            0.005,
            f"p 2, alpha 2, cutoff {cutoff_m:g} m; parts drawn as shares of GOSPA's square",
            ha="right",
            va="bottom",
            fontsize=7.5,
            color=SOFT,
        )
        figure.set_layout_engine("constrained", rect=(0.0, 0.035, 1.0, 0.965))  # room for the note
        return svg_of(figure, name, alt)


def nees_in_band(name: str, over_time: NeesOverTime, *, dof: int, share: float, title: str, alt: str) -> str:
    """Draw mean NEES over time with the band in which an honest filter stays, and what is expected.

    Parameters
    ----------
    name : str
        Prefix of identifiers inside the SVG.
    over_time : NeesOverTime
        One row a time.
    dof : int
        Components of the state: the value expected.
    share : float
        Probability of the band. [1]
    title, alt : str
        What stands above, and what a screen reader says.

    Returns
    -------
    str
        An SVG element.
    """
    t, label = _time_axis(over_time.t_s)
    out = (over_time.mean < over_time.low) | (over_time.mean > over_time.high)
    with mpl.rc_context(STYLE):
        figure = new_figure(WIDE)
        axes = figure.add_subplot()
        axes.fill_between(
            t, over_time.low, over_time.high, color=PALETTE[2], alpha=0.2, linewidth=0, label=f"{100 * share:g} % band"
        )
        axes.axhline(dof, color=PALETTE[2], linewidth=1.0, linestyle=DASHES[1], label=f"expected: {dof}")
        axes.plot(t, over_time.mean, color=PALETTE[0], linewidth=1.2, label="mean over tracks")
        axes.plot(t[out], over_time.mean[out], "o", color=PALETTE[1], markersize=3.0, linewidth=0, label="outside")
        top = float(max(over_time.mean.max(initial=0.0), over_time.high.max(initial=0.0)))
        if top > 12.0 * dof:
            axes.set_yscale("log")
        else:
            axes.set_ylim(bottom=0.0)
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
        words(axes, title, label, "NEES [1]")
        axes.annotate(
            f"{100.0 * (1.0 - out.mean()) if len(out) else 0.0:.0f} % of {len(out)} times inside",
            (0.995, 0.97),
            xycoords="axes fraction",
            ha="right",
            va="top",
            fontsize=8.5,
        )
        return svg_of(figure, name, alt)


def reliability_diagram(name: str, found: Calibration | Mapping[str, Calibration], *, title: str, alt: str) -> str:
    """Draw stated probabilities against the share that came true, and below how often each was stated.

    Parameters
    ----------
    name : str
        Prefix of identifiers inside the SVG.
    found : Calibration or mapping of such
        One forecaster, or several by name.
    title, alt : str
        What stands above, and what a screen reader says.

    Returns
    -------
    str
        An SVG element.
    """
    several = found if isinstance(found, Mapping) else {"": found}
    with mpl.rc_context(STYLE):
        figure = new_figure((SMALL[0], 5.2))
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3.2, 1.0])
        above.plot([0.0, 1.0], [0.0, 1.0], color=SOFT, linewidth=1.0, linestyle=DASHES[1], label="honest")
        for i, (label, one) in enumerate(several.items()):
            bins, colour = one.bins, PALETTE[i % len(PALETTE)]
            reach = np.stack([bins.came_true - bins.came_true_low, bins.came_true_high - bins.came_true])
            figures = f"Brier {one.brier:.3f}, calibration error {one.ece:.3f}"
            above.errorbar(
                bins.stated,
                bins.came_true,
                yerr=np.maximum(reach, 0.0),
                fmt="osD^v"[i % 5],
                linestyle="none",
                markersize=4.5,
                color=colour,
                elinewidth=1.3,
                label=f"{label}: {figures}" if label else figures,
            )
            wide = (bins.high - bins.low) / len(several)
            below.bar(bins.low + i * wide, bins.n, width=0.92 * wide, align="edge", color=colour, linewidth=0)
        above.set_xlim(-0.02, 1.02)
        above.set_ylim(-0.02, 1.02)
        words(above, title, "", "share that came true [1]")
        if max((int(one.bins.n.max(initial=1)) for one in several.values()), default=1) > 50:
            below.set_yscale("log")
            below.set_ylim(bottom=0.7)
            below.minorticks_off()
        words(below, "", "probability stated [1]", "statements")
        figure.legend(loc="outside lower center", ncols=1)
        return svg_of(figure, name, alt)


def standalone(svg: str) -> str:
    """Return the text of an SVG file from an element that was made to stand in a page."""
    box = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)
    assert box is not None
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{box[1]}pt" height="{box[2]}pt" style="background:white" '
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + head + svg[box.start() :] + "\n"


def write_figure(path: Path, svg: str) -> None:
    """Write a figure as a file of its own, whole or not at all.

    Raises
    ------
    DataError
        If its name promises something else than SVG, or it cannot be written.
    """
    if path.suffix.lower() not in ("", ".svg"):
        raise DataError(f"{path}: figures are written as SVG; give a name that ends in .svg")
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_text(standalone(svg), encoding="utf-8", newline="\n")
        os.replace(temporary, path)
    except OSError as err:
        raise DataError(f"{path}: cannot be written: {err.strerror}; is the folder there, and has it room?") from err
    finally:
        temporary.unlink(missing_ok=True)


def _thin(t_s: FloatArray) -> tuple[FloatArray, Callable[[FloatArray], FloatArray]]:
    """Moments to draw, and what brings a column to them."""
    if len(t_s) == 1:
        return t_s + [-0.5, 0.5], lambda column: np.repeat(column, 2)
    if len(t_s) <= COLUMNS:
        return t_s, lambda column: column
    starts = np.unique(np.linspace(0, len(t_s), COLUMNS, endpoint=False).astype(np.int64))
    count = np.diff(np.append(starts, len(t_s)))

    def mean(column: FloatArray) -> FloatArray:
        return np.add.reduceat(column, starts) / count

    return mean(t_s), mean


def _time_axis(t_s: FloatArray) -> tuple[FloatArray, str]:
    """Times in the unit in which their span reads best, and what stands below; clock times count from the first."""
    span_s = float(np.ptp(t_s)) if len(t_s) else 0.0
    factor, unit = (
        (1.0, "s") if span_s <= 600.0 else (1.0 / 60.0, "min") if span_s <= 4.0 * 3600.0 else (1.0 / 3600.0, "h")
    )
    if len(t_s) and t_s[0] > 86_400.0:
        return factor * (t_s - t_s[0]), f"time since the first moment [{unit}]"
    return factor * t_s, f"time [{unit}]"
