"""Kinds: which sensors, routes, trackers... exist, by the name a scenario uses.

A room declares ``sensors = Registry("sensor")`` in its ``base.py``; a kind joins with
``@sensors.register("rotating", RotatingRadarConfig)``. ``kinds(room)`` imports the room (and the entry points of group
``watchfloor.<room>``) on first use: the one late import of the house, so that ``scenario`` can check a file against
every kind there is without importing the rooms above it.
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Callable, Iterable
from importlib.metadata import entry_points
from typing import Any, TypeVar

from pydantic_core import core_schema

from watchfloor.base.config import Config

T = TypeVar("T", bound=type)
ROOMS = ("world", "sensor", "track", "learn", "command", "engage")
_registries: dict[str, Registry] = {}
_loaded: set[str] = set()


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"`` for the likeliest of ``known``, or the empty string."""
    match = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"; did you mean '{match[0]}'?" if match else ""


class Registry:
    """The kinds of one family, e.g. all routes; ``family`` is ``room`` or ``room.part``."""

    def __init__(self, family: str) -> None:
        self.family = family
        self._kinds: dict[str, tuple[type[Config], type]] = {}
        _registries[family] = self

    def register(self, kind: str, config: type[Config]) -> Callable[[T], T]:
        """Class decorator: make ``kind`` available to scenarios; ``config.kind`` must be ``Literal[kind]``."""
        declared = config.model_fields.get("kind")
        if declared is None:
            raise ValueError(f"{config.__name__} needs a field `kind: Literal[{kind!r}] = {kind!r}`")
        if kind in self._kinds:
            raise ValueError(f"{self.family} kind {kind!r} is registered twice")

        def keep(cls: T) -> T:
            self._kinds[kind] = (config, cls)
            return cls

        return keep

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the kinds, sorted."""
        return tuple(sorted(self._kinds))

    def config(self, kind: str) -> type[Config]:
        """Return the configuration class of a kind; ``ValueError`` names the nearest one."""
        return self._entry(kind)[0]

    def make(self, config: Any, **parts: Any) -> Any:
        """Build the object that ``config`` describes."""
        return self._entry(config.kind)[1](config, **parts)

    def _entry(self, kind: str) -> tuple[type[Config], type]:
        if kind not in self._kinds:
            raise ValueError(f"no {self.family} kind {kind!r}{nearest(kind, self._kinds)}")
        return self._kinds[kind]


def kinds(family: str) -> Registry:
    """Return the registry of a family such as ``"sensor"`` or ``"world.route"``, loading its room on first use."""
    _load(family.partition(".")[0])
    if family not in _registries:
        raise ValueError(f"no family of kinds {family!r}{nearest(family, _registries)}")
    return _registries[family]


def families() -> tuple[str, ...]:
    """Return the names of all families of kinds, sorted, with every room loaded."""
    for room in ROOMS:
        _load(room)
    return tuple(sorted(_registries))


def _load(room: str) -> None:
    if room not in _loaded:
        _loaded.add(room)
        importlib.import_module(f"watchfloor.{room}")
        for entry in entry_points(group=f"watchfloor.{room}"):
            entry.load()


class AnyKind:
    """Marks a scenario field as "any kind of ``family``": ``Annotated[Any, AnyKind("sensor")]``."""

    def __init__(self, family: str) -> None:
        self.family = family

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> core_schema.CoreSchema:
        """Return a union over the family's configurations, told apart by their ``kind``."""
        registry = kinds(self.family)
        choices = {name: handler.generate_schema(registry.config(name)) for name in registry.names}
        return core_schema.tagged_union_schema(choices, discriminator="kind")
