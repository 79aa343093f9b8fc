"""The public catalogue: radars, types of aircraft and weapons by open sources, every number with spread and source.

Each of ``radars.yaml``, ``types.yaml`` and ``weapons.yaml`` holds ``sources`` (key, citation, standing) and ``cards``.
Signatures that are tables are CSV files beside them.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Generic, Literal, TypeVar

import numpy as np
from pydantic import Field

from watchfloor.base.config import Config
from watchfloor.base.errors import ScenarioError
from watchfloor.base.registry import nearest
from watchfloor.base.units import FloatArray
from watchfloor.scenario.cards import RadarCard, Source, TypeCard, WeaponCard
from watchfloor.scenario.faults import validate
from watchfloor.scenario.text import read

C = TypeVar("C", bound=Config)
Family = Literal["radars", "types", "weapons"]
_HERE = Path(__file__).parent


class Shelf(Config, Generic[C]):
    """One file of the catalogue."""

    sources: dict[str, Source] = Field(default_factory=dict)
    """Where the numbers come from, by key."""
    cards: dict[str, C]
    """The cards, by name."""


def radars() -> Mapping[str, RadarCard]:
    """Return the radars of the catalogue by name."""
    return _radars().cards


def types() -> Mapping[str, TypeCard]:
    """Return the types of aircraft of the catalogue by name."""
    return _types().cards


def weapons() -> Mapping[str, WeaponCard]:
    """Return the weapons of the catalogue by name."""
    return _weapons().cards


@cache
def sources() -> Mapping[str, Source]:
    """Return every source of the catalogue by key; a key stands for one source in all files (tested)."""
    return MappingProxyType({**_radars().sources, **_types().sources, **_weapons().sources})


def card(family: Family, name: str) -> RadarCard | TypeCard | WeaponCard:
    """Return one card.

    Raises
    ------
    ValueError
        If there is no such card; says which is nearest.

    Examples
    --------
    >>> card("types", "lo-figter")
    Traceback (most recent call last):
    ValueError: no card 'lo-figter' among the catalogue's types; did you mean 'lo-fighter'?
    """
    cards: Mapping[str, RadarCard | TypeCard | WeaponCard] = {"radars": radars, "types": types, "weapons": weapons}[
        family
    ]()
    if name not in cards:
        raise ValueError(f"no card {name!r} among the catalogue's {family}{nearest(name, cards)}")
    return cards[name]


@cache
def table(name: str) -> Mapping[str, FloatArray]:
    """Return a table of the catalogue.

    Parameters
    ----------
    name : str
        File name, e.g. ``prime_vhf.csv``. Lines that start with ``#`` are remarks; the first other line names the
        columns.

    Returns
    -------
    mapping of str to (n,) array
        Column by name; read-only.

    Raises
    ------
    ValueError
        If there is no such table, or a row does not fit; names file and row.
    """
    path = _HERE / name
    known = sorted(p.name for p in _HERE.glob("*.csv"))
    if name not in known:
        raise ValueError(f"no table {name!r} in the catalogue{nearest(name, known)}")
    with path.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.reader(line for line in lines if not line.startswith("#") and line.strip()))
    head, body = [column.strip() for column in rows[0]], rows[1:]
    try:
        values = np.array([[float(cell) for cell in row] for row in body]).reshape(len(body), len(head))
    except ValueError as err:
        raise ValueError(f"{name}: {err}; wanted {len(head)} numbers a row under {', '.join(head)}") from err
    values.setflags(write=False)
    return MappingProxyType({column: values[:, n] for n, column in enumerate(head)})


@cache
def _radars() -> Shelf[RadarCard]:
    return _shelf(Shelf[RadarCard], "radars.yaml")


@cache
def _types() -> Shelf[TypeCard]:
    return _shelf(Shelf[TypeCard], "types.yaml")


@cache
def _weapons() -> Shelf[WeaponCard]:
    return _shelf(Shelf[WeaponCard], "weapons.yaml")


def _shelf(model: type[Shelf[C]], name: str) -> Shelf[C]:
    text = read(_HERE / name, file=f"catalog/{name}")
    shelf, faults = validate(model, text.values)
    if shelf is None:
        raise ScenarioError([text.mistake(f.key, f.message, name=f.name) for f in faults])
    return shelf
