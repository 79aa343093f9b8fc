"""What a scenario rests on: every number with its spread, its source and what that source is worth."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from watchfloor.base.config import Config
from watchfloor.scenario import catalog
from watchfloor.scenario.cards import Source
from watchfloor.scenario.faults import describe, unit_of
from watchfloor.scenario.load import LoadedScenario, cards
from watchfloor.scenario.model import Scenario
from watchfloor.scenario.spread import Spread

OWN = Source(text="The scenario's author", standing="assumption")
"""Source of what a scenario file states without one."""


class Citation(NamedTuple):
    """A parameter or a method and where it comes from."""

    parameter: str
    """Where it stands, e.g. ``radars.s-band-acquisition.peak_power_kw``, or ``method`` for a paper."""
    value: tuple[float, float, float] | None
    """The 10, 50 and 90 % points, in the unit that the parameter's name says; None where it is no single number."""
    key: str
    """Key of the source."""
    text: str
    """Citation."""
    standing: str
    """What it is worth: measured, textbook, public-release, press, maker-claim, assumption; ``method`` for a paper."""


class Assumption(NamedTuple):
    """A row of the assumption register."""

    parameter: str
    """Where it stands."""
    what: str
    """What it is, in words."""
    unit: str
    """Unit of the value; "1" for a ratio or count."""
    value: tuple[float, float, float] | None
    """The 10, 50 and 90 % points; None for a curve or a choice."""
    source: str
    """Citation."""
    standing: str
    """What the source is worth."""
    disputed_by: str
    """Who says otherwise; "" for nobody known."""
    note: str
    """What the source does not say, and what was assumed."""


def citations(loaded: LoadedScenario) -> list[Citation]:
    """Return where every number that a scenario uses comes from, then the papers its methods follow."""
    scenario = loaded.scenario
    out = []
    for parameter, _, spread, key, _ in _numbers(loaded):
        source = _source(scenario, key)
        value = spread.quantile_range() if spread is not None else None
        out.append(Citation(parameter, value, key, source.text, source.standing))
    for kind, paper in _papers(scenario):
        out.append(Citation("method", None, kind, paper, "method"))
    return out


def assumptions(loaded: LoadedScenario) -> list[Assumption]:
    """Return the assumption register: every number that a scenario uses, with unit, spread, source and dispute."""
    scenario = loaded.scenario
    out = []
    for parameter, (what, unit), spread, key, note in _numbers(loaded):
        source = _source(scenario, key)
        value = spread.quantile_range() if spread is not None else None
        out.append(
            Assumption(parameter, what, unit or "1", value, source.text, source.standing, source.disputed_by, note)
        )
    return out


Number = tuple[str, tuple[str, str], Spread | None, str, str]


def _numbers(loaded: LoadedScenario) -> Iterator[Number]:
    """Yield (parameter, (what, unit), spread or None, key of the source, note) of all that has a source."""
    scenario = loaded.scenario
    for family, name, card in cards(scenario, *loaded.options.values()):
        title = getattr(card, "title", name)
        for parameter, (what, unit), spread, key, note in _inside(card, f"{family}.{name}", ""):
            yield parameter, (f"{title}: {what}", unit), spread, key, note
    for name in type(scenario).model_fields:
        if name not in ("study", "sources"):
            yield from _inside(getattr(scenario, name), name, "")


def _inside(value: Any, path: str, note: str) -> Iterator[Number]:
    """Yield what has a source inside a configuration, tables of numbers included."""
    if isinstance(value, Spread):
        return
    if isinstance(value, Config):
        fields = type(value).model_fields
        if "source" in fields:
            sentence = " ".join((type(value).__doc__ or path).split()).partition(". ")[0].rstrip(".")
            where = _called(value)
            what = f"{sentence[:1].lower()}{sentence[1:]}{f' ({where})' if where else ''}"
            yield path, (what, _curve_unit(value)), None, value.source, getattr(value, "note", "")  # type: ignore[attr-defined]
        for name in fields:
            inner = getattr(value, name)
            if isinstance(inner, Spread):
                sentence, unit = describe(value, name)
                what = f"{sentence[:1].lower()}{sentence[1:]}"
                yield f"{path}.{name}", (what, unit), inner, inner.source, inner.note
            else:
                yield from _inside(inner, f"{path}.{name}", note)
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from (
                (parameter, (f"{name}, {what}", unit), spread, key, note)
                for parameter, (what, unit), spread, key, note in _inside(inner, f"{path}.{name}", note)
            )
    elif isinstance(value, tuple):
        for n, inner in enumerate(value):
            yield from _inside(inner, f"{path}.{_called(inner) or n}", note)


def _called(value: Any) -> str:
    name = getattr(value, "name", "")
    return name if isinstance(name, str) else ""


def _curve_unit(value: Config) -> str:
    """Return the unit of the last list of numbers of a curve, "" if it holds none."""
    units = [
        unit_of(info) for name, info in type(value).model_fields.items() if isinstance(getattr(value, name), tuple)
    ]
    return units[-1] if units else ""


def _source(scenario: Scenario, key: str) -> Source:
    if key == "scenario":
        return OWN
    return scenario.sources[key] if key in scenario.sources else catalog.sources()[key]


def _papers(scenario: Scenario) -> Iterator[tuple[str, str]]:
    """Yield (kind, paper) of the methods a scenario uses: the class attribute ``sources`` of its kinds, each once."""
    seen: set[str] = set()
    stack: list[Any] = [scenario]
    while stack:
        value = stack.pop(0)
        if isinstance(value, Config):
            for paper in getattr(type(value), "sources", ()) if "sources" not in type(value).model_fields else ():
                if paper not in seen:
                    seen.add(paper)
                    yield getattr(value, "kind", type(value).__name__), paper
            stack.extend(getattr(value, name) for name in type(value).model_fields)
        elif isinstance(value, tuple):
            stack.extend(value)
