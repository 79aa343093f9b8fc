"""Figures of identity scores: reliability with what honest posteriors would score, risk against coverage, confusions.

Data in, one SVG out, in the style of ``figures``; `score_figures.standalone` makes a file of one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np

from watchfloor.assess.identity import Decisions, Reliability, RiskCoverage
from watchfloor.report.figures import DASHES, INK, PALETTE, SMALL, SOFT, STYLE, new_figure, svg_of, words


def identity_reliability(name: str, found: Reliability | Mapping[str, Reliability], *, title: str, alt: str) -> str:
    """Draw confidence in the likeliest type against how often it was right.

    Parameters
    ----------
    name : str
        Prefix of identifiers inside the SVG.
    found : Reliability or mapping of such
        One owner, or several by name.
    title, alt : str
        What stands above, and what a screen reader says.

    Returns
    -------
    str
        An SVG element; the legend says the calibration error beside that of sampling alone.
    """
    several = found if isinstance(found, Mapping) else {"": found}
    with mpl.rc_context(STYLE):
        figure = new_figure((SMALL[0], 4.4))
        axes = figure.add_subplot()
        axes.plot([0.0, 1.0], [0.0, 1.0], color=SOFT, linewidth=1.0, linestyle=DASHES[1], label="honest")
        for i, (label, one) in enumerate(several.items()):
            reach = np.stack([one.right - one.low, one.high - one.right])
            said = f"error {one.ece:.3f}, honest ones score {one.ece_of_honest:.3f} (95 %: {one.ece_of_honest_p95:.3f})"
            axes.errorbar(
                one.stated,
                one.right,
                yerr=np.maximum(reach, 0.0),
                fmt="osD^v"[i % 5],
                linestyle="none",
                markersize=4.5,
                color=PALETTE[i % len(PALETTE)],
                elinewidth=1.3,
                label=f"{label}: {said}" if label else said,
            )
        axes.set_xlim(-0.02, 1.02)
        axes.set_ylim(-0.02, 1.02)
        words(axes, title, "confidence in the likeliest type [1]", "share of flights right [1]")
        figure.legend(loc="outside lower center", ncols=1)
        return svg_of(figure, name, alt)


def identity_risk(name: str, found: RiskCoverage | Mapping[str, RiskCoverage], *, title: str, alt: str) -> str:
    """Draw the share wrong among flights decided against the share decided, with exact 95 % bands.

    Parameters
    ----------
    name, title, alt : str
        As `identity_reliability`.
    found : RiskCoverage or mapping of such
        One owner, or several by name.

    Returns
    -------
    str
        An SVG element.
    """
    several = found if isinstance(found, Mapping) else {"": found}
    with mpl.rc_context(STYLE):
        figure = new_figure(SMALL)
        axes = figure.add_subplot()
        top = 0.05
        for i, (label, one) in enumerate(several.items()):
            colour = PALETTE[i % len(PALETTE)]
            said = f"mean {one.area:.3f}"
            axes.fill_between(one.coverage, one.low, one.high, color=colour, alpha=0.16, linewidth=0)
            axes.plot(
                one.coverage,
                one.risk,
                color=colour,
                linestyle=DASHES[i % len(DASHES)],
                marker="o" if len(one.risk) < 15 else None,
                markersize=3.5,
                label=f"{label}: {said}" if label else said,
            )
            settled = one.coverage >= 0.1  # the first few flights alone say little
            top = max(top, float(one.high[settled].max(initial=0.0)))
        axes.set_xlim(0.0, 1.02)
        axes.set_ylim(0.0, min(1.05 * top, 1.02))
        axes.legend(loc="upper left")
        words(axes, title, "share of flights decided [1]", "share of those wrong [1]")
        return svg_of(figure, name, alt)


def identity_confusion(name: str, found: Decisions, types: Sequence[str], *, title: str, alt: str) -> str:
    """Draw how many flights of each true type were named what; "other" last down, then "abstained" across.

    Parameters
    ----------
    name, title, alt : str
        As `identity_reliability`.
    found : Decisions
        At one level of confidence.
    types : sequence of str
        Names of the known types.

    Returns
    -------
    str
        An SVG element.

    Raises
    ------
    ValueError
        If there are not as many names as types.
    """
    n = found.confusion.shape[0] - 1
    if len(types) != n:
        raise ValueError(f"types must name the {n} known types, got {len(types)}")
    total = np.maximum(found.confusion.sum(axis=1, keepdims=True), 1)
    share = found.confusion / total
    with mpl.rc_context({**STYLE, "axes.grid": False}):
        figure = new_figure((1.9 + 0.62 * (n + 2), 1.5 + 0.42 * (n + 1)))
        axes = figure.add_subplot()
        axes.pcolormesh(share, cmap="Blues", vmin=0.0, vmax=1.3)
        axes.invert_yaxis()
        for row, column in np.ndindex(found.confusion.shape):
            if found.confusion[row, column]:
                axes.text(
                    column + 0.5, row + 0.5, str(found.confusion[row, column]), ha="center", va="center", color=INK
                )
        axes.set_xticks(np.arange(n + 2) + 0.5, [*types, "other", "abstained"], rotation=30, ha="right")
        axes.set_yticks(np.arange(n + 1) + 0.5, [*types, "unseen type"])
        words(axes, title, f"named at {100.0 * found.level:g} % or more", "true type")
        return svg_of(figure, name, alt)
