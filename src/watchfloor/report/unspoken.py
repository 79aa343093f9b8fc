"""What neither side will tell: maps on which each party reads its own point, what drives an answer, whose numbers.

Maps and rankings were played by ``watchfloor study`` and stand in its record; a second party's record is laid beside.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from watchfloor.assess.statistics import band, paired
from watchfloor.base.errors import RecordError
from watchfloor.base.units import FloatArray
from watchfloor.report import breakeven_figures
from watchfloor.report.answers import CRITERIA
from watchfloor.report.blocks import Entry, Section, Table, difference, headed, plain
from watchfloor.report.gather import EVERY, SCENARIO_FILE, Study
from watchfloor.report.wording import figures as significant
from watchfloor.report.wording import listed
from watchfloor.scenario.cite import assumptions
from watchfloor.scenario.load import load
from watchfloor.scenario.model import MapConfig

NO_MAPS = (
    "This study holds no break-even map. Name some under `study: maps:` in the scenario and give the study command "
    "again, or draw one alone with `watchfloor breakeven`."
)
NO_DRIVERS = (
    "This study ranks no unknowns. Name answers under `study: drivers:` in the scenario and give the study command "
    "again, or rank one alone with `watchfloor drivers`."
)
UNKNOWNS = {
    "offset_db": "jet's true cross-section over the drawn one [dB]",
    "power_db": "radars' sensitivity over the drawn one [dB]",
    "scatter": "raggedness of the jet's curve over the drawn one [1]",
    "lens_db": "return of the reflectors over the drawn one [dB]",
    "reliability": "chance that a label is right [1]",
}
"""Words of a map's axes."""
ANSWER_WORDS = {
    "sd_db": ("least deviation of the cross-section that the mission shows", "dB"),
    "entropy_nats": ("information on the jet", "nat"),
    "p_type": ("probability of the next flight's type", "1"),
    "range_km": ("greatest detection range in a gate", "km"),
    "hours_to_3_db": ("hours until the cross-section is known to 3 dB", "h"),
}
"""Answers whose drivers are ranked, and their units."""
_SIGNS = (("range", "+"), ("sd", "<"), ("type", ">"), ("false", "<"))


@dataclass(frozen=True)
class Map:
    """One question's map, all radars together or one."""

    x: FloatArray
    """(i,) values of the first unknown."""
    y: FloatArray
    """(j,) values of the second."""
    hours: tuple[FloatArray, FloatArray, FloatArray]
    """(i, j) each: hours by which one, five and nine in ten campaigns get there; infinite beyond the horizon. [h]"""


def map_of(study: Study, config: MapConfig, question: int, sensor: int) -> Map | None:
    """Return a map of the record; None if it holds none for that question and radar."""
    rows = study.tables["breakeven"]
    mine = (rows["map_name"] == config.name) & (rows["question"] == question) & (rows["sensor"] == sensor)
    if not np.any(mine):
        return None
    x, y = np.unique(rows["x"][mine]), np.unique(rows["y"][mine])
    where = np.searchsorted(x, rows["x"][mine]), np.searchsorted(y, rows["y"][mine])
    parts = []
    for column in ("p10_h", "p50_h", "p90_h"):
        values = np.full((len(x), len(y)), np.inf)
        values[where] = rows[column][mine]
        parts.append(values)
    return Map(x, y, (parts[0], parts[1], parts[2]))


def axis_words(name: str) -> str:
    """Return what stands at an axis."""
    unknown, _, band_name = name.partition(".")
    if unknown in UNKNOWNS:
        return UNKNOWNS[unknown] + (f", {band_name} band" if band_name else "")
    last = name.rpartition(".")[2]
    stem, _, unit = last.rpartition("_")
    return f"{'stand-off' if stem == 'distance' else stem.replace('_', ' ')} [{unit}]" if stem else f"{name} [1]"


def question_words(text: str) -> str:
    """Return a question in words; ``sd<3`` and the like.

    Examples
    --------
    >>> question_words("sd<3")
    'the cross-section is known to 3 dB where the mission shows it'
    """
    column, level = next((c, text.partition(s)[2]) for c, s in _SIGNS if text.startswith(c + s))
    return {
        "range": f"the detection range in a gate has grown by {level} %",
        "sd": f"the cross-section is known to {level} dB where the mission shows it",
        "type": f"the next flight's type is given probability {level}",
        "false": f"a friend on the same path is taken for the jet with at most {level}",
    }[column]


def maps(study: Study) -> Section:
    """Return the maps on which each party reads its own point."""
    id_, title = "maps", "Answers without secrets: read your own point"
    if "breakeven" not in study.tables:
        return Section(id_, title, NO_MAPS, "Nothing about numbers that neither side will tell.")
    pictures, tables, said = [], [], []
    for config in study.config.maps:
        spans = []
        for q, text in enumerate(config.ask):
            found = map_of(study, config, q, EVERY)
            if found is None:
                continue
            middle = found.hours[1]
            least, greatest = float(middle.min()), float(middle.max())
            span = (
                f"{_h(least, config.hours)} to {_h(greatest, config.hours)} h"
                if np.isfinite(least)
                else f"not within {significant(config.hours)} h anywhere"
            )
            spans.append(f"{span} until {question_words(text)}")
            pictures.append(
                breakeven_figures.break_even_map(
                    f"map-{config.name}-{q}",
                    found.x,
                    found.y,
                    *found.hours,
                    horizon_h=config.hours,
                    title=f"Hours until\n{question_words(text)}",
                    x_label=axis_words(config.x.unknown),
                    y_label=axis_words(config.y.unknown),
                    alt=f"Hours until {question_words(text)}, over {axis_words(config.x.unknown)} and "
                    f"{axis_words(config.y.unknown)}: medians from {span}",
                )
            )
        said.append(f"Over the map {config.name} medians run {'; '.join(spans)}.")
        tables.append(_corners(study, config))
        tables += _by_band(study, config)
    return Section(
        id_,
        title,
        "Neither side need tell its numbers: each finds its own point on a map and reads its own answer. "
        f"{' '.join(said)}",
        "Maps come from the look-level campaign: the same radars, cards and learner, without plots and tracker, so no "
        "plot goes astray; it agrees with the full simulator to a fifth in information and a quarter in deviation, "
        "less well in VHF. What is not on an axis is drawn anew for each campaign, from the catalogue's spread. "
        "Between grid points hours run straight; outside the map nothing is said.",
        pictures,
        "Shade and full line: the median campaign; dashed: one in ten; dotted: nine in ten; hatched: half of the "
        "campaigns do not get there within the horizon. 0 on an axis is the number that a campaign has drawn.",
        tables,
    )


def _h(hours: float, horizon_h: float) -> str:
    return significant(hours, 2) if np.isfinite(hours) else f"over {significant(horizon_h)}"


def _cell(found: Map, i: int, j: int, horizon_h: float) -> Entry:
    low, middle, high = (_h(float(part[i, j]), horizon_h) for part in found.hours)
    return Entry(middle, (f"({low} to {high})",))


def _corners(study: Study, config: MapConfig) -> Table:
    """Return the numbers of a map's ends and middle, for whom shades are not enough."""
    rows = []
    for q, text in enumerate(config.ask):
        found = map_of(study, config, q, EVERY)
        if found is None:
            continue
        ends = [(i, j) for j in _ends(found.y) for i in _ends(found.x)]
        rows.append([Entry(question_words(text), (), "head"), *(_cell(found, i, j, config.hours) for i, j in ends)])
    x, y = (np.unique(axis.values) for axis in (config.x, config.y))
    heads = [f"{significant(x[i])} | {significant(y[j])}" for j in _ends(y) for i in _ends(x)]
    return Table(
        f"Map {config.name} in numbers: hours until each comes true, median (one campaign in ten to nine in ten), "
        f"{config.replicates} campaigns a point. Columns: {axis_words(config.x.unknown)} | "
        f"{axis_words(config.y.unknown)}.",
        ("Until", *heads),
        rows,
    )


def _ends(values: FloatArray) -> list[int]:
    return sorted({0, len(values) // 2, len(values) - 1})


def _by_band(study: Study, config: MapConfig) -> list[Table]:
    """Return hours by radar along the second axis, the first at its middle: by band and stand-off."""
    out = []
    for q, text in enumerate(config.ask):
        rows = []
        for sensor, name in study.learners.items():
            found = map_of(study, config, q, sensor)
            if found is not None:
                i = int(np.argmin(np.abs(found.x - found.x[len(found.x) // 2])))
                cells = [_cell(found, i, j, config.hours) for j in range(len(found.y))]
                rows.append([Entry(name, (), "head"), *cells])
        if rows:
            x, y = (np.unique(axis.values) for axis in (config.x, config.y))
            middle, along = significant(x[len(x) // 2]), axis_words(config.x.unknown)
            out.append(
                Table(
                    f"By radar, map {config.name}: hours until {question_words(text)}; at {middle} of {along}. "
                    f"Columns: {axis_words(config.y.unknown)}.",
                    ("Radar", *(significant(v) for v in y)),
                    rows,
                )
            )
    return out


# ---- question 11


def drivers(study: Study) -> Section:
    """Return which unknowns drive the answers."""
    id_, title = "q11", "11. Which unknowns drive the answer?"
    if "drivers" not in study.tables:
        return Section(id_, title, NO_DRIVERS, "What correlates with the outcomes stands below, under what would "
                       "change our mind.")  # fmt: skip
    pictures, tables, said = [], [], []
    for config in study.config.drivers:
        words, unit = ANSWER_WORDS[config.answer]
        ranked = {m: _ranking(study, config.answer, m) for m in ("morris", "sobol", "tornado")}
        for method, label in (
            ("sobol", "share of the variance [1]; bar: total, mark: alone"),
            ("morris", f"mean absolute effect of the whole range [{unit}]"),
        ):
            rows = ranked[method]
            if rows is None:
                continue
            order = np.argsort(-rows["value"], kind="stable")
            top = ", ".join(f"{rows['unknown'][i]} {significant(float(rows['value'][i]), 2)}" for i in order[:4])
            pictures.append(
                breakeven_figures.drivers_chart(
                    f"drivers-{config.answer}-{method}",
                    rows["unknown"].tolist(),
                    rows["value"],
                    rows["low"],
                    rows["high"],
                    other=rows["other"] if method == "sobol" else None,
                    title=f"What drives the {words}",
                    label=label,
                    alt=f"{words}, {label}: {top}",
                )
            )
        swing = ranked["tornado"]
        if swing is not None:
            pictures.append(
                breakeven_figures.tornado_chart(
                    f"drivers-{config.answer}-tornado",
                    swing["unknown"].tolist(),
                    swing["low"],
                    swing["high"],
                    float(swing["value"][0]),
                    title=f"One at a time: {words}",
                    label=f"{words} [{unit}]",
                    alt=f"{words} with one unknown at its 10 and 90 % point: "
                    + "; ".join(
                        f"{n} {significant(float(a), 3)} to {significant(float(b), 3)}"
                        for n, a, b in zip(swing["unknown"], swing["low"], swing["high"], strict=True)
                    ),
                )
            )
        first = ranked["sobol"] if ranked["sobol"] is not None else ranked["morris"]
        if first is not None:
            names = [first["what"][i] for i in np.argsort(-first["value"], kind="stable")[:3]]
            said.append(f"the {words} by {listed([str(n).rpartition(' [')[0] or str(n) for n in names])}")
        tables.append(_driver_table(config.answer, ranked))
    return Section(
        id_,
        title,
        f"Driven most is {'; '.join(said)}. What leads is what to measure, or to agree on, next.",
        "One set of dice and one ragged curve stand behind all points, so what these do is not in the shares; the "
        "unknowns are drawn independently, each from its public spread, which is itself disputed. With few rows the "
        "lesser shares are not told from zero: read the intervals.",
        pictures,
        "Shares of variance (Sobol: bar, all that goes with the unknown; mark, what it does alone), mean absolute "
        "effects (Morris), each with its 10 to 90 % bootstrap interval, and one unknown at a time at its 10 and 90 % "
        "points.",
        tables,
    )


def _ranking(study: Study, answer: str, method: str) -> dict[str, Any] | None:
    rows = study.tables["drivers"]
    mine = (rows["answer"] == answer) & (rows["method"] == method)
    return {name: column[mine] for name, column in rows.items()} if np.any(mine) else None


def _driver_table(answer: str, ranked: dict[str, dict[str, Any] | None]) -> Table:
    words, unit = ANSWER_WORDS[answer]
    held = [rows for rows in ranked.values() if rows is not None]
    first = held[0] if ranked["sobol"] is None else ranked["sobol"]
    assert first is not None
    rows = []
    for i in np.argsort(-first["value"], kind="stable"):
        name = first["unknown"][i]
        row = [Entry(str(first["what"][i]), (str(name),), "head")]
        for method, digits in (("sobol", 2), ("morris", 3), ("tornado", 3)):
            part = ranked[method]
            if part is None:
                row.append(Entry("not ranked"))
                continue
            k = int(np.flatnonzero(part["unknown"] == name)[0])
            value, low, high, other = (float(part[c][k]) for c in ("value", "low", "high", "other"))
            if method == "tornado":
                row.append(Entry(f"{significant(low, digits)} to {significant(high, digits)}"))
            else:
                notes = (
                    (f"alone {significant(other, 2)}",) if method == "sobol" else (f"signed {significant(other, 3)}",)
                )
                said = f"{significant(value, digits)} ({significant(low, digits)} to {significant(high, digits)})"
                row.append(Entry(said, notes))
        rows.append(row)
    return Table(
        f"What drives the {words}: value (10 to 90 % by bootstrap).",
        ("Unknown", "share of the variance [1]", f"effect of its whole range [{unit}]",
         f"answer at its 10 and 90 % points [{unit}]"),
        rows,
    )  # fmt: skip


# ---- whose numbers


def parties(study: Study, other: Study | None = None) -> Section:
    """Return where a party's numbers differ from the catalogue's or another's, and what comes of it."""
    id_, title = "parties", "Whose numbers? Where two parties differ"
    public = load(study.folder / SCENARIO_FILE)
    a = "the public catalogue" if other is None else _called(other)
    b = _called(study)
    numbers = _numbers(public if other is None else other.loaded, study.loaded)
    tables = []
    if numbers:
        tables.append(
            Table(
                f"Numbers that differ: {a} against {b}, 10 | 50 | 90 % points.",
                ("Number", a, b, "unit"),
                numbers,
            )
        )
    caveat = (
        "A party that does not want its numbers known keeps its record too: this page would hold them. The maps above "
        "ask nobody for any."
    )
    if other is None:
        said = (
            "This study was played under the public catalogue alone. `watchfloor study SCENARIO --priors mine.yaml "
            "--out out/mine` plays it under one party's own numbers, and `watchfloor report out/mine --against "
            "out/public` lays the two side by side here."
            if study.loaded.priors is None
            else f"This study was played under {b}: {len(numbers)} numbers differ from the public catalogue's. Give "
            "`--against DIR` with another party's record to see what comes of it."
        )
        return Section(id_, title, said, caveat, tables=tables)
    outcome, moved = _outcomes(study, other)
    tables.append(outcome)
    n = len(numbers)
    said = (
        f"{n} numbers differ between {a} and {b}. "
        + (f"Told apart from none are {listed(moved)}." if moved else "No outcome of any option is told apart by it.")
    )  # fmt: skip
    return Section(id_, title, said, caveat, tables=tables)


def _called(study: Study) -> str:
    return "the public catalogue" if study.loaded.priors is None else str(study.header.extra.get("priors", "priors"))


def _numbers(a: Any, b: Any) -> list[list[Entry]]:
    first, second = ({row.parameter: row for row in assumptions(one)} for one in (a, b))
    rows = []
    for parameter in dict.fromkeys((*first, *second)):
        one, two = first.get(parameter), second.get(parameter)
        row = one or two
        if row is None or (None if one is None else one.value) == (None if two is None else two.value):
            continue
        said = [
            "none" if r is None or r.value is None else " | ".join(significant(v) for v in r.value) for r in (one, two)
        ]
        rows.append([Entry(row.what, (parameter,), "head"), *(Entry(text) for text in said), Entry(row.unit)])
    return rows


def _outcomes(study: Study, other: Study) -> tuple[Table, list[str]]:
    shared = [o for o in study.options if o in other.options]
    if not shared:
        raise RecordError(
            f"{study.folder} and {other.folder} share no option: {', '.join(study.options)} against "
            f"{', '.join(other.options)}"
        )
    pairs = study.header.seed == other.header.seed and study.n == other.n
    rows, moved = [], []
    for option in shared:
        row = [Entry(option, (), "head")]
        for criterion in CRITERIA:
            mine, theirs = criterion.values(study, option), criterion.values(other, option)
            if not pairs:
                row.append(Entry(f"{plain(band(theirs), criterion.scale)} → {plain(band(mine), criterion.scale)}"))
                continue
            found = difference(mine, theirs, criterion.scale, criterion.good)
            row.append(Entry(found.text, (f"from {plain(band(theirs), criterion.scale)}", *found.notes), found.kind))
            d = paired(mine, theirs)
            if d.mean_low > 0.0 or d.mean_high < 0.0:
                moved.append(f"{criterion.title[0].lower()}{criterion.title[1:]} under {option}")
        rows.append(row)
    return (
        Table(
            f"What comes of it: {_called(study)} less {_called(other)}"
            + (", paired replicate by replicate." if pairs else "; not paired: other seed or other replicates."),
            ("Option", *(headed(c.title, c.scale) for c in CRITERIA)),
            rows,
            "decision",
        ),
        moved,
    )
