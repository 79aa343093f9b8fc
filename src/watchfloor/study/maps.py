"""Look-level runs that belong to a study: break-even maps and what drives its answers, kept in its record.

A study names them under ``maps`` and ``drivers``. Each point of a map and each ranking is a shard of its own beside the
runs of the options, so that a study that was stopped goes on there too; the report reads them and computes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from watchfloor.base.columns import Columns
from watchfloor.base.errors import Mistake, ScenarioError
from watchfloor.base.units import FloatArray
from watchfloor.physics.rcs import band_of
from watchfloor.record import Buffer
from watchfloor.scenario.load import LoadedScenario
from watchfloor.scenario.model import MapConfig, StudyConfig
from watchfloor.scenario.priors import cards_of
from watchfloor.sensor.card import radar_from
from watchfloor.study.breakeven import Axis, Question, changed, point, question, summed, unknowns_of
from watchfloor.study.drivers import Study
from watchfloor.study.fast import refuse

MAP, DRIVERS = "looks.map", "looks.drivers"
"""How the ids of such runs begin; no option's run has as many dots."""
METHODS = ("morris", "sobol", "tornado")
"""Rankings of the unknowns."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Drivers(Columns):
    """What drives an answer; one row an unknown."""

    unknown: np.ndarray
    """(n,) short name, as in ``power_db.X``."""
    what: np.ndarray
    """(n,) in words, with its unit."""
    value: FloatArray
    """(n,) morris: mean absolute effect of its whole range [answer]; sobol: total share of the variance [1]; tornado:
    answer with all at their medians [answer]."""
    low: FloatArray
    """(n,) 10 % point of that by bootstrap; tornado: answer at the unknown's 10 % point."""
    high: FloatArray
    """(n,) 90 % point; tornado: answer at the unknown's 90 % point."""
    other: FloatArray
    """(n,) morris: mean effect with its sign [answer]; sobol: first-order share [1]; tornado: 0."""


def ids(study: StudyConfig) -> list[str]:
    """Return the ids of all look-level runs of a study."""
    points = [
        f"{MAP}.{one.name}.{i:03d}.{j:03d}"
        for one in study.maps
        for i in range(len(one.x.values))
        for j in range(len(one.y.values))
    ]
    ranked = [
        f"{DRIVERS}.{one.answer}.{method}"
        for one in study.drivers
        for method, n in zip(METHODS, (one.trajectories, one.rows, 1), strict=True)
        if n
    ]
    return ranked + points


def check(loaded: LoadedScenario) -> None:
    """Check axes, questions and answers before anything is played.

    Raises
    ------
    ScenarioError
        If an axis is neither an unknown nor a key of the scenario, its band that of no radar that is on, a question or
        an answer is none, or the campaign is not played at this level.
    """
    assert loaded.scenario.study is not None
    mistakes: list[Mistake] = []

    def add(key: str, err: ValueError) -> None:
        mistakes.append(Mistake(str(loaded.path), 1, 1, key, str(err)))

    study = loaded.scenario.study
    if study.maps or study.drivers:
        try:
            refuse(loaded.scenario)
        except ValueError as err:
            add("study.maps" if study.maps else "study.drivers", err)
    cards = cards_of(loaded.scenario).radars
    on = loaded.scenario.campaign.sensors if loaded.scenario.campaign is not None else None
    bands = {
        band_of(radar_from(cards[c.card], None).frequency_hz)  # type: ignore[attr-defined]
        for c in loaded.scenario.sensors
        if getattr(c, "card", None) and (on is None or c.name in on)
    }
    names = [one.name for one in loaded.scenario.study.maps]
    for one in loaded.scenario.study.maps:
        try:
            if names.count(one.name) > 1:
                raise ValueError(f"two maps are called {one.name!r}")
            if one.x.unknown == one.y.unknown:
                raise ValueError(f"the two axes must differ, got {one.x.unknown!r} twice")
            for axis in axes(one):
                if axis.is_unknown:
                    unknowns_of({axis.name: axis.values[0]}, sorted(bands))
                for value in () if axis.is_unknown else axis.values:
                    changed(loaded, loaded.scenario, {axis.name: value})
            asked(one)
        except ValueError as err:
            add(f"study.maps.{one.name}", err)
    for one in loaded.scenario.study.drivers:
        try:
            Study(loaded, answer=one.answer)
            if [other.answer for other in loaded.scenario.study.drivers].count(one.answer) > 1:
                raise ValueError(f"answer {one.answer!r} is asked for twice")
        except ValueError as err:
            add("study.drivers", err)
    if mistakes:
        raise ScenarioError(mistakes)


def axes(config: MapConfig) -> tuple[Axis, Axis]:
    """Return the axes of a map."""
    return Axis(config.x.unknown, config.x.values), Axis(config.y.unknown, config.y.values)


def asked(config: MapConfig) -> tuple[Question, ...]:
    """Return what a map asks."""
    return tuple(question(one) for one in config.ask)


def play(loaded: LoadedScenario, run: str) -> Buffer:
    """Play one look-level run; depends on its id only."""
    assert loaded.scenario.study is not None
    buffer, study = Buffer(), loaded.scenario.study
    if run.startswith(MAP):
        name, i, j = run.removeprefix(f"{MAP}.").split(".")
        config = next(one for one in study.maps if one.name == name)
        x, y = config.x.values[int(i)], config.y.values[int(j)]
        found = point(
            loaded, {config.x.unknown: x, config.y.unknown: y}, config.replicates, config.hours, asked(config)
        )
        rows = {**found.flat(), "x": np.full(len(found), x), "y": np.full(len(found), y)}
        buffer.add("breakeven", summed(rows), map_name=name)
        return buffer
    answer, method = run.removeprefix(f"{DRIVERS}.").split(".")
    config = next(one for one in study.drivers if one.answer == answer)
    n = {"morris": config.trajectories, "sobol": config.rows}.get(method, 1)
    buffer.add("drivers", ranking(Study(loaded, answer=answer), method, n), answer=answer, method=method)
    return buffer


def ranking(study: Study, method: str, n: int) -> Drivers:
    """Rank a study's unknowns.

    Parameters
    ----------
    study : Study
        Campaign as a function of the unknowns.
    method : str
        One of `METHODS`.
    n : int
        Trajectories (morris) or rows (sobol).
    """
    if method == "morris":
        m = study.screen(n)
        parts: Sequence[FloatArray] = (m.mean_abs, m.mean_abs_p10, m.mean_abs_p90, m.mean)
    elif method == "sobol":
        s = study.shares(n)
        parts = (s.total, s.total_p10, s.total_p90, s.first)
    else:
        t = study.tornado()
        parts = (t.middle, t.low, t.high, np.zeros(len(t)))
    value, low, high, other = parts
    return Drivers(
        unknown=np.array([one.name for one in study.unknowns]),
        what=np.array([one.what for one in study.unknowns]),
        value=value,
        low=low,
        high=high,
        other=other,
    )
