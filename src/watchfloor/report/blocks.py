"""What sections of the page are made of: tables, their cells, and how a band or a difference stands in one."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from watchfloor.assess.statistics import Band, band
from watchfloor.report import answers
from watchfloor.report.answers import Cell
from watchfloor.report.wording import Scale, band_text, interval_text


@dataclass(frozen=True)
class Entry:
    """One cell of a table on the page."""

    text: str
    """What stands in it."""
    notes: tuple[str, ...] = ()
    """Smaller lines below."""
    kind: str = ""
    """``better``, ``worse``, ``head`` or "" : shade, always said in words as well."""


@dataclass(frozen=True)
class Table:
    """A table on the page."""

    caption: str
    """What it shows."""
    head: tuple[str, ...]
    """Column heads."""
    rows: list[list[Entry]]
    """Rows; the first entry of each is its head."""
    kind: str = ""
    """A class for the style sheet."""


@dataclass(frozen=True)
class Section:
    """One question: heading, answer, figures, and what the answer does not say."""

    id: str
    """Anchor."""
    title: str
    """The question in plain words."""
    answer: str
    """One generated sentence or two."""
    caveat: str
    """What this does not say."""
    pictures: list[str] = field(default_factory=list)
    """Figures."""
    caption: str = ""
    """What the figures show."""
    tables: list[Table] = field(default_factory=list)
    """Tables below them."""


def headed(title: str, scale: Scale) -> str:
    """Return the head of a column: title and unit."""
    return f"{title} [{scale.unit}]" if scale.unit else title


def entry(cell: Cell, scale: Scale, *, zero: str = "", n: int) -> Entry:
    """Return a cell of the decision table as it is written."""

    def said(value: float) -> str:
        return zero if zero and value == 0.0 else scale(value)

    band_ = cell.band
    text = f"{said(band_.p50)}"
    notes = [f"({said(band_.p10)} to {said(band_.p90)})"]
    if zero and 0 < cell.n_zero < n:
        notes.append(f"{zero} in {cell.n_zero} of {n}")
    if cell.difference is None:
        return Entry(text, (*notes, "baseline"), "base")
    d = cell.difference
    if cell.same:
        return Entry(text, (*notes, "same in every pair"))
    notes.append(f"Δ {scale(d.p50, signed=True)}")
    notes.append(f"[{', '.join(scale.ends(d))}]")
    if cell.effect:
        notes.append("▲ better" if cell.effect > 0 else "▼ worse")
    else:
        notes.append("may be 0")
    return Entry(text, tuple(notes), {1: "better", -1: "worse", 0: ""}[cell.effect])


def plain(b: Band, scale: Scale, *, signed: bool = False) -> str:
    """Return a band for a table whose head holds the unit."""
    return band_text(b, replace(scale, unit=""), signed=signed)


def difference(values: Any, base: Any, scale: Scale, good: int) -> Entry:
    """Return a paired difference: its band, the interval of its mean, and for whom it is good if it is told from 0."""
    cell = answers.compared(np.asarray(values, float), np.asarray(base, float), good)
    assert cell.difference is not None
    if cell.same:
        return Entry("same in every pair")
    d = cell.difference
    said = {1: "▲ better for the flyer", -1: "▼ worse for the flyer", 0: "may be 0"}[cell.effect]
    return Entry(
        plain(d, scale, signed=True),
        (f"mean {interval_text(d, scale)}", said),
        {1: "better", -1: "worse", 0: ""}[cell.effect],
    )


def banded(values: Any, criterion: answers.Criterion, n: int) -> Entry:
    """Return a band of plain values under a criterion."""
    cell = Cell(band(values), None, False, 0, int((values == 0.0).sum()))
    found = entry(cell, criterion.scale, zero=criterion.zero, n=n)
    return Entry(f"{found.text} {found.notes[0]}", found.notes[1:-1])


def mark(cell: Cell) -> str:
    """Return where a paired difference lies, in words."""
    return {1: "▲ above zero", -1: "▼ below zero", 0: "may be 0"}[cell.effect]
