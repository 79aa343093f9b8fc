"""Break-even maps: how many hours until something is known, over two unknowns that nobody will tell.

Neither side tells its true numbers. So the answer is given for all of them: a grid over two unknowns, at each point
many look-level campaigns (`fast`), and for each question the hours of exposure after which it comes true. Each party
finds its own private point on the map and reads its own answer, without a word to the other.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from watchfloor import __version__
from watchfloor.base.columns import Columns
from watchfloor.base.errors import Mistake, ScenarioError
from watchfloor.base.registry import nearest
from watchfloor.base.streams import Streams
from watchfloor.base.units import FloatArray, IntArray
from watchfloor.physics.rcs import band_of
from watchfloor.record import Buffer, Header, ManifestLine, Record, write_shard
from watchfloor.run.batch import Progress, fill, load_again
from watchfloor.run.mission import draw
from watchfloor.scenario.load import LoadedScenario, apply
from watchfloor.scenario.model import Scenario
from watchfloor.study.fast import Campaign, Curve, Unknowns

UNKNOWNS: Mapping[str, str] = {
    "offset_db": "true cross-section of the subject over the drawn one [dB]",
    "power_db": "sensitivity of the radars over the drawn one [dB]",
    "scatter": "departure of the true curve from the catalogue's, over the drawn one",
    "lens_db": "return of the reflectors over the drawn one [dB]",
    "reliability": "chance that a sortie's label is right",
}
"""Unknowns that an axis may be, and what they are; the first two may name one band, as in ``offset_db.S``."""


@dataclass(frozen=True)
class Axis:
    """One axis of a map: an unknown of `UNKNOWNS`, or a dotted key of the scenario, and its values."""

    name: str
    """Unknown or key."""
    values: tuple[float, ...]
    """Values, rising."""

    def __post_init__(self) -> None:
        """Check that there are at least two rising, finite values."""
        v = np.array(self.values, dtype=np.float64)
        if len(v) < 2 or not np.all(np.isfinite(v)) or np.any(np.diff(v) <= 0.0):
            raise ValueError(f"axis {self.name!r} wants at least two rising numbers, got {self.values}")
        if self.is_unknown and self.name.partition(".")[0] in ("scatter", "reliability") and v[0] < 0.0:
            raise ValueError(f"axis {self.name!r} wants numbers at least 0, got {self.values[0]:g}")
        if self.name == "reliability" and v[-1] > 1.0:
            raise ValueError(f"axis {self.name!r} is a chance and wants numbers at most 1, got {self.values[-1]:g}")

    @property
    def is_unknown(self) -> bool:
        """Whether it is an unknown, not a key of the scenario."""
        return self.name.partition(".")[0] in UNKNOWNS

    @property
    def label(self) -> str:
        """What stands at the axis of a figure."""
        name, _, band = self.name.partition(".")
        if not self.is_unknown:
            return self.name
        return UNKNOWNS[name] + (f", {band} band" if band else "")


@dataclass(frozen=True)
class Question:
    """Something that comes true, or does not, as knowledge grows."""

    name: str
    """Short name, used in records: ``range+5``, ``sd<3``, ``type>0.8``, ``false<0.05``."""
    column: str
    """What of a `Curve` it asks: ``range``, ``sd``, ``type``, ``false``."""
    level: float
    """Level to be reached."""

    @property
    def title(self) -> str:
        """The question in words."""
        return {
            "range": f"detection range in a gate has grown by {self.level:g} %",
            "sd": f"cross-section known to {self.level:g} dB where the mission shows it",
            "type": f"the type of the next flight is given probability {self.level:g}",
            "false": f"a friend on the same path is taken for it with at most {self.level:g}",
        }[self.column]


def question(text: str) -> Question:
    """Return a question from its short name.

    Parameters
    ----------
    text : str
        ``range+Y`` (per cent), ``sd<DB``, ``type>P`` or ``false<P``.

    Raises
    ------
    ValueError
        If it is none.

    Examples
    --------
    >>> question("sd<3").title
    'cross-section known to 3 dB where the mission shows it'
    """
    for column, sign, low, high in (
        ("range", "+", 0.0, 1e4), ("sd", "<", 0.0, 100.0), ("type", ">", 0.0, 1.0), ("false", "<", 0.0, 1.0)
    ):  # fmt: skip
        head, found, tail = text.partition(sign)
        if head == column and found:
            try:
                level = float(tail)
            except ValueError:
                break
            if not low < level < high:
                raise ValueError(f"wanted a level between {low:g} and {high:g} in {text!r}")
            return Question(text, column, level)
    raise ValueError(f"wanted a question such as range+5, sd<3, type>0.8, false<0.05, got {text!r}")


QUESTIONS = tuple(question(one) for one in ("range+5", "sd<3", "type>0.8", "type>0.95", "false<0.05"))
"""Questions that are asked when none are named."""


@dataclass(frozen=True, kw_only=True, eq=False)
class BreakEven(Columns):
    """Hours of exposure until a question comes true; one row a grid point, radar and question."""

    x: FloatArray
    """(n,) value of the first axis."""
    y: FloatArray
    """(n,) value of the second axis."""
    question: IntArray
    """(n,) row of the question."""
    sensor: IntArray
    """(n,) row of the radar in the scenario's sensor list; -1 for all of them together."""
    p10_h: FloatArray
    """(n,) hours by which one campaign in ten has got there; infinite: beyond the horizon. [h]"""
    p50_h: FloatArray
    """(n,) median. [h]"""
    p90_h: FloatArray
    """(n,) hours by which nine in ten have. [h]"""
    reached: FloatArray
    """(n,) share of campaigns that get there within the horizon. [1]"""


@dataclass(frozen=True, kw_only=True, eq=False)
class Reached(Columns):
    """Single campaigns behind a map; one row a replicate, radar and question."""

    replicate: IntArray
    """(n,) replicate."""
    question: IntArray
    """(n,) row of the question."""
    sensor: IntArray
    """(n,) row of the radar, -1 for all together."""
    hours: FloatArray
    """(n,) hours until it came true; infinite: not within the horizon. [h]"""


def hours_until(hours: FloatArray, values: FloatArray, level: float, *, rising: bool) -> float:
    """Hours after which a value has reached a level and keeps it.

    Parameters
    ----------
    hours, values : (k,) arrays
        Checkpoints, and the value there. [h]
    level : float
        The level.
    rising : bool
        Whether reaching it means at least, not at most.

    Returns
    -------
    float
        Between two checkpoints straight in the value; infinite if it is never reached for good. [h]

    Examples
    --------
    >>> hours_until(np.array([0.0, 1.0, 3.0]), np.array([9.0, 4.0, 2.0]), 3.0, rising=False)
    2.0
    """
    ahead = (values - level) if rising else (level - values)
    short = np.flatnonzero(~(ahead >= 0.0))
    if len(short) == 0:
        return float(hours[0])
    last = int(short[-1])
    if last == len(hours) - 1:
        return float("inf")
    share = -ahead[last] / (ahead[last + 1] - ahead[last]) if np.isfinite(ahead[last]) else 1.0
    return float(hours[last] + share * (hours[last + 1] - hours[last]))


def answered(campaign: Campaign, curve: Curve, asked: Sequence[Question]) -> list[tuple[int, int, float]]:
    """Return (row of the question, row of the radar or -1, hours) of everything asked of one campaign."""
    at = shown_cells(campaign)
    out = []
    for q, one in enumerate(asked):
        if one.column == "type":
            out.append((q, -1, hours_until(curve.hours, curve.p_type, one.level, rising=True)))
        elif one.column == "false":
            out.append((q, -1, hours_until(curve.hours, curve.p_false, one.level, rising=False)))
        else:
            rising = one.column == "range"
            values = curve.range_m if rising else curve.sd_db
            each = np.stack([values[:, s, at[s]] for s in range(len(at))], axis=1)
            for s, row in enumerate((*campaign.sensors.tolist(), -1)):
                if row >= 0:
                    value = each[:, s]
                else:
                    value = each.max(axis=1) if rising else each.min(axis=1)
                if rising:  # per cent over what nobody had to learn; a radar that saw nothing gains all at once
                    value = 100.0 * (value / max(float(value[0]), 1.0) - 1.0)
                out.append((q, row, hours_until(curve.hours, value, one.level, rising=rising)))
    return out


def shown_cells(campaign: Campaign) -> IntArray:
    """Return the aspect cell (s,) that the mission's path shows each radar most often."""
    path = campaign.test_path()
    sees = np.isfinite(path.snr_1m2_db)
    n_cells = len(campaign.cells)
    counts = np.zeros((len(campaign.radars), n_cells))
    np.add.at(counts, (path.sensor[sees], path.cell[sees]), 1.0)
    return counts.argmax(axis=1)


def unknowns_of(values: Mapping[str, float], bands: Sequence[str]) -> Unknowns:
    """Return unknowns from named values; a name without a band goes for all of them.

    Raises
    ------
    ValueError
        If a name is no unknown, or its band that of no radar.
    """
    power, offset, rest = {}, {}, {}
    for name, value in values.items():
        what, _, band = name.partition(".")
        if what not in UNKNOWNS:
            raise ValueError(
                f"no unknown {what!r}{nearest(what, UNKNOWNS)} (there are: {', '.join(UNKNOWNS)}, and dotted keys of "
                "the scenario)"
            )
        if band and (band not in bands or what not in ("power_db", "offset_db")):
            raise ValueError(f"{name!r} wants one of the radars' bands after power_db or offset_db: {', '.join(bands)}")
        if what in ("power_db", "offset_db"):
            table = power if what == "power_db" else offset
            for one in (band,) if band else dict.fromkeys(bands):
                table[one] = table.get(one, 0.0) + value
        else:
            rest[what] = value
    return Unknowns(power_db=power, offset_db=offset, **rest)


def changed(loaded: LoadedScenario, scenario: Scenario, changes: Mapping[str, float]) -> Scenario:
    """Return the scenario with keys changed; whole numbers stay whole."""
    if not changes:
        return scenario
    plain = {name: int(value) if float(value).is_integer() else value for name, value in changes.items()}
    return apply(loaded, plain)


def point(
    loaded: LoadedScenario, place: Mapping[str, float], replicates: int, horizon_h: float, asked: Sequence[Question]
) -> Reached:
    """Play every replicate at one point of the grid, given as unknown or key and value."""
    scenario = changed(loaded, loaded.scenario, {k: v for k, v in place.items() if not Axis(k, (0.0, 1.0)).is_unknown})
    secret = {k: v for k, v in place.items() if Axis(k, (0.0, 1.0)).is_unknown}
    rows: list[tuple[int, int, int, float]] = []
    trial = any(one.column in ("type", "false") for one in asked)
    for replicate in range(replicates):
        streams = Streams(scenario.seed, f"replicate-{replicate}")
        drawn = draw(scenario, streams, folder=loaded.path.parent)
        campaign = Campaign(scenario, drawn, test_flights=12 if trial else 0)
        each_h = max(campaign.path.duration_s / 3600.0, 1e-6)
        curve = campaign.play(
            streams, n_sorties=max(round(horizon_h / each_h), 1), unknowns=unknowns_of(secret, campaign.bands)
        )
        rows += [(replicate, *one) for one in answered(campaign, curve, asked)]
    replicate, q, sensor, hours = zip(*rows, strict=True)
    return Reached(
        replicate=np.array(replicate, np.int64),
        question=np.array(q, np.int64),
        sensor=np.array(sensor, np.int64),
        hours=np.array(hours, np.float64),
    )


def play(
    loaded: LoadedScenario,
    *,
    out: Path,
    x: Axis,
    y: Axis,
    questions: Sequence[Question] = QUESTIONS,
    replicates: int = 16,
    horizon_h: float = 20.0,
    workers: int | None = None,
    fresh: bool = False,
    progress: Progress | None = None,
) -> BreakEven:
    """Play a map into the record ``out``; points that are there already are kept.

    Parameters
    ----------
    loaded : LoadedScenario
        A scenario with ``campaign`` and ``study``.
    out : Path
        Folder of the record.
    x, y : Axis
        The two unknowns.
    questions : sequence of Question
        What is asked.
    replicates : int
        Campaigns at each point; the same worlds and dice at all of them.
    horizon_h : float
        Exposure after which a campaign ends. [h]
    workers : int, optional
        Processes; all cores when left out. The record does not depend on it.
    fresh : bool
        Start anew although a record is there.
    progress : callable, optional
        Called with (points done, points in all).

    Returns
    -------
    BreakEven
        The map.

    Raises
    ------
    ScenarioError
        If the scenario asks no question, or an axis is none of its keys.
    RecordError
        If the record cannot be written or belongs to something else.
    ValueError
        If a number is out of its domain, or both axes are the same.
    """
    if loaded.scenario.study is None or loaded.scenario.campaign is None:
        raise ScenarioError(
            [Mistake(str(loaded.path), 1, 1, "study", "a map needs the headings campaign and study (one is missing)")]
        )
    if x.name == y.name:
        raise ValueError(f"the two axes must differ, got {x.name!r} twice")
    if not (replicates >= 1 and 0.0 < horizon_h < 1e5 and questions):
        raise ValueError(
            f"replicates and the questions must be at least 1 and horizon_h above 0, got {replicates!r}, "
            f"{len(questions)} and {horizon_h!r}"
        )
    radars = draw(loaded.scenario, Streams(loaded.scenario.seed, "names"), folder=loaded.path.parent).radars.values()
    bands = sorted({band_of(radar.frequency_hz) for radar in radars})
    for axis in (x, y):  # a wrong name or value is told before anything is played
        if axis.is_unknown or "." not in axis.name:
            unknowns_of({axis.name: axis.values[0]}, bands)
        else:
            for value in axis.values:
                changed(loaded, loaded.scenario, {axis.name: value})
    extra = {
        "x": [x.name, *x.values],
        "y": [y.name, *y.values],
        "questions": [one.name for one in questions],
        "replicates": replicates,
        "horizon_h": horizon_h,
    }
    header = Header(
        kind="breakeven",
        scenario=loaded.scenario.name,
        digest=loaded.digest,
        seed=loaded.scenario.seed,
        version=__version__,
        extra=extra,
    )
    ids = [f"{i:03d}.{j:03d}" for i in range(len(x.values)) for j in range(len(y.values))]
    work = functools.partial(
        _work,
        source=str(loaded.path.resolve()),
        digest=loaded.digest,
        priors=None if loaded.priors is None else str(loaded.priors.resolve()),
        folder=str(out.resolve()),
        extra=extra,
    )
    fill(
        out,
        header,
        ids,
        work,
        scenario_file=loaded.path,
        priors_file=loaded.priors,
        workers=workers,
        fresh=fresh,
        progress=progress,
    )
    return read(out)[0]


def _work(
    run: str, *, source: str, digest: str, priors: str | None, folder: str, extra: Mapping[str, Any]
) -> ManifestLine:
    """Play one grid point and write its shard; depends on the point's id only."""
    loaded = load_again(source, digest, priors)
    i, j = (int(part) for part in run.split("."))
    x, y = extra["x"][1 + i], extra["y"][1 + j]
    asked = [question(one) for one in extra["questions"]]
    place = {extra["x"][0]: x, extra["y"][0]: y}
    buffer = Buffer()
    buffer.add("reached", point(loaded, place, extra["replicates"], extra["horizon_h"], asked), x=x, y=y)
    return write_shard(Path(folder), run, buffer.tables())


def read(folder: Path) -> tuple[BreakEven, Axis, Axis, tuple[Question, ...]]:
    """Read a map from its record.

    Parameters
    ----------
    folder : Path
        What `play` has left.

    Returns
    -------
    BreakEven, Axis, Axis, tuple of Question
        The map, its axes, what was asked.

    Raises
    ------
    RecordError
        If the folder is no record.
    ValueError
        If it is the record of something else.
    """
    record = Record.open(folder)
    if record.header.kind != "breakeven":
        raise ValueError(f"{folder} is the record of a {record.header.kind}; wanted one of `watchfloor breakeven`")
    extra = record.header.extra
    x, y = (Axis(extra[k][0], tuple(extra[k][1:])) for k in ("x", "y"))
    return summed(record.table("reached")), x, y, tuple(question(one) for one in extra["questions"])


def summed(rows: Mapping[str, np.ndarray]) -> BreakEven:
    """Sum single campaigns (columns x, y, question, sensor, hours) up to a map, rows in order of these."""
    keys = np.stack([rows[name] for name in ("question", "sensor", "x", "y")], axis=1)
    places, which = np.unique(keys, axis=0, return_inverse=True)
    which = which.reshape(-1)
    bands = np.empty((len(places), 3))
    reached = np.empty(len(places))
    for n in range(len(places)):
        hours = np.sort(rows["hours"][which == n])
        reached[n] = np.isfinite(hours).mean()
        rank = np.ceil(np.array([0.1, 0.5, 0.9]) * len(hours)).astype(int) - 1  # some never get there: no interpolation
        bands[n] = hours[np.maximum(rank, 0)]
    return BreakEven(
        x=places[:, 2],
        y=places[:, 3],
        question=places[:, 0].astype(np.int64),
        sensor=places[:, 1].astype(np.int64),
        p10_h=bands[:, 0],
        p50_h=bands[:, 1],
        p90_h=bands[:, 2],
        reached=reached,
    )


def grid_of(table: BreakEven, column: str, *, question: int, sensor: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return one question's map as values of x (i,), of y (j,) and a column (i, j)."""
    mine = table.take((table.question == question) & (table.sensor == sensor))
    x, y = np.unique(mine.x), np.unique(mine.y)
    out = np.full((len(x), len(y)), np.nan)
    out[np.searchsorted(x, mine.x), np.searchsorted(y, mine.y)] = getattr(mine, column)
    return x, y, out


def at_point(table: BreakEven, x: float, y: float, *, question: int, sensor: int) -> tuple[float, float, float]:
    """Read a map at a party's own point.

    Parameters
    ----------
    table : BreakEven
        The map.
    x, y : float
        The point; inside the grid.
    question, sensor : int
        Rows of the question and the radar, -1 for all radars together.

    Returns
    -------
    p10_h, p50_h, p90_h : float
        Hours; between grid points straight in the hours, infinite where a corner is. [h]

    Raises
    ------
    ValueError
        If the point lies outside the grid.
    """
    out = []
    for column in ("p10_h", "p50_h", "p90_h"):
        xs, ys, values = grid_of(table, column, question=question, sensor=sensor)
        if not (xs[0] <= x <= xs[-1] and ys[0] <= y <= ys[-1]):
            raise ValueError(
                f"wanted a point inside x {xs[0]:g} to {xs[-1]:g}, y {ys[0]:g} to {ys[-1]:g}, got {x:g}, {y:g}"
            )
        i, j = (int(np.clip(np.searchsorted(v, w) - 1, 0, len(v) - 2)) for v, w in ((xs, x), (ys, y)))
        f, g = (x - xs[i]) / (xs[i + 1] - xs[i]), (y - ys[j]) / (ys[j + 1] - ys[j])
        corner = np.array([(1 - f) * (1 - g), (1 - f) * g, f * (1 - g), f * g])
        value = values[i : i + 2, j : j + 2].reshape(-1)
        out.append(float(np.sum(corner[corner > 0.0] * value[corner > 0.0])))
    return out[0], out[1], out[2]
