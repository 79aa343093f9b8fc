"""A party's own numbers: what it holds true in place of the catalogue's, without telling anybody else.

A scenario, or a file of its own, names what differs by dotted keys::

    priors:
      types.lo-fighter.signature.S.offset_db: {p10: -8, p50: -3, p90: 2, source: ours}
      types.lo-fighter.signature.X.offset_db.p50: -5      # the rest of the spread stays
      radars.s-band-acquisition.peak_power_kw: 40         # exactly, on our own authority
    believed:
      types.lo-fighter.cell_sigma_db: {p10: 2, p50: 3, p90: 5, source: ours}

``priors`` is what the party holds true: truth is drawn from it, and the learner starts from it. ``believed`` is where
the learner starts from something else still: what the party thinks that the site's owner believes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from pydantic import Field

from watchfloor.base.config import Config
from watchfloor.base.registry import nearest
from watchfloor.scenario import catalog
from watchfloor.scenario.cards import RadarCard, Source, TypeCard, WeaponCard
from watchfloor.scenario.faults import Fault, at, validate
from watchfloor.scenario.spread import Spread
from watchfloor.scenario.text import Key

HEADINGS = ("priors", "believed")
"""Headings of a scenario, and of a file of priors, that change cards."""
FAMILIES: Mapping[str, type[RadarCard] | type[TypeCard] | type[WeaponCard]] = {
    "radars": RadarCard,
    "types": TypeCard,
    "weapons": WeaponCard,
}
"""Families of cards, as names of priors begin."""


class PriorsFile(Config):
    """A party's own numbers, for ``--priors``."""

    watchfloor: Literal[1]
    """Version of the file format."""
    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", max_length=64)
    """Short name of the party or of its view."""
    title: str = ""
    """One line."""
    description: str = ""
    """What it rests on."""
    sources: dict[str, Source] = Field(default_factory=dict)
    """Where its numbers come from, by key."""
    priors: dict[str, Any] = Field(default_factory=dict)
    """What the party holds true in place of the catalogue: dotted key, number or spread."""
    believed: dict[str, Any] = Field(default_factory=dict)
    """Where the learner starts from something else than that: dotted keys of types."""


@dataclass(frozen=True)
class Cards:
    """The catalogue as a party has it."""

    radars: Mapping[str, RadarCard]
    """By name."""
    types: Mapping[str, TypeCard]
    """By name."""
    weapons: Mapping[str, WeaponCard]
    """By name."""


def cards_of(scenario: Any) -> Cards:
    """Return the cards that are true in a scenario: the catalogue's, and the scenario's ``priors`` over them.

    Parameters
    ----------
    scenario : Scenario
        A checked scenario.

    Raises
    ------
    ValueError
        If a prior names no card or does not fit it; a checked scenario has none.
    """
    return _held(scenario.priors)


def learner_cards(scenario: Any) -> Mapping[str, TypeCard]:
    """Return the types as the owner's learner starts from them: what is true, and ``believed`` over that.

    Parameters
    ----------
    scenario : Scenario
        A checked scenario.
    """
    return _held(scenario.priors, scenario.believed).types


def types_in(values: Mapping[str, Any]) -> Mapping[str, TypeCard]:
    """Return the types that are true under a file's plain values; overrides that do not fit are passed over."""
    said = values.get("priors")
    return _resolved((said,))[0].types if isinstance(said, Mapping) and said else catalog.types()


def faults(values: Mapping[str, Any]) -> Iterator[Fault]:
    """Yield what is wrong with the headings ``priors`` and ``believed`` of a file, at their own keys.

    Parameters
    ----------
    values : mapping
        Plain values of a scenario, or of a file of priors.
    """
    below: Mapping[str, Any] = {}
    for heading in HEADINGS:
        said = at(values, (heading,))
        if not isinstance(said, Mapping):
            continue
        wrong = list(_resolved((below, said))[1])
        yield from (Fault((heading, *fault.key), fault.message, fault.name) for fault in wrong)
        if heading == "believed":
            for name in said:
                if isinstance(name, str) and not name.startswith("types"):
                    yield Fault(
                        (heading, name),
                        f"wanted a key of types: an owner knows its own radars and weapons (came '{name}')",
                        name=True,
                    )
        if not wrong:
            below = said


def _held(*layers: Mapping[str, Any]) -> Cards:
    if not any(layers):
        return Cards(catalog.radars(), catalog.types(), catalog.weapons())
    return _cards(*(json.dumps(layer, sort_keys=True) for layer in layers))


@lru_cache(maxsize=64)
def _cards(*layers: str) -> Cards:
    cards, wrong = _resolved(tuple(_frozen(json.loads(layer)) for layer in layers))
    if wrong:
        raise ValueError(f"priors: {'.'.join(map(str, wrong[0].key))}: {wrong[0].message}")
    return cards


def _resolved(layers: tuple[Mapping[str, Any], ...]) -> tuple[Cards, list[Fault]]:
    """Lay overrides over the catalogue, the last on top; faults are those of the last layer."""
    families: dict[str, dict[str, Any]] = {
        "radars": dict(catalog.radars()),
        "types": dict(catalog.types()),
        "weapons": dict(catalog.weapons()),
    }
    wrong: list[Fault] = []
    for n, layer in enumerate(layers):
        last = n == len(layers) - 1
        changed: dict[tuple[str, str], list[tuple[Key, Key]]] = {}
        plain: dict[tuple[str, str], Any] = {}
        for written, path, value in _flat(layer, (), ()):
            fault = _nowhere(families, path)
            if fault is not None:
                wrong += [Fault(written, fault, name=True)] if last else []
                continue
            card = path[0], path[1]
            if card not in plain:
                plain[card] = families[card[0]][card[1]].model_dump(exclude_unset=True)
            plain[card] = _put(plain[card], path[2:], value, families[card[0]][card[1]])
            changed.setdefault(card, []).append((path[2:], written))
        for (family, name), values in plain.items():
            made, unfit = validate(FAMILIES[family], values)
            if made is not None:
                families[family][name] = made
            elif last:
                wrong += [_at(fault, changed[family, name]) for fault in unfit]
    return Cards(**families), wrong


def _flat(tree: Any, written: Key, path: Key) -> Iterator[tuple[Key, Any, Any]]:
    """Yield (key as written, path of parts, value) of each override; families and cards may be nested or dotted."""
    for name, value in tree.items():
        here, parts = (*written, name), (*path, *str(name).split("."))
        if isinstance(value, Mapping) and (len(parts) < 3 or not _is_value(value)):
            if len(parts) < 3 or value:
                yield from _flat(value, here, parts)
                continue
        yield here, parts, value


def _is_value(value: Mapping[str, Any]) -> bool:
    """Whether a mapping is a spread, or a part of one, and no branch of a card."""
    return bool(value) and set(value) <= set(Spread.model_fields)


def _nowhere(families: Mapping[str, Mapping[str, Any]], path: Key) -> str | None:
    """Say what is wrong with where an override points, as far as the card's name; None if nothing is."""
    family = str(path[0])
    if family not in families:
        return f"wanted a key that begins with radars, types or weapons{nearest(family, families)} (came '{family}')"
    if len(path) < 2 or path[1] not in families[family]:
        name = str(path[1]) if len(path) > 1 else ""
        return f"wanted a card of the catalogue's {family}{nearest(name, families[family])} (came '{name}')"
    if len(path) < 3:
        return f"wanted a number of the card, as in {family}.{path[1]}.NUMBER (came the card's name alone)"
    return None


def _put(plain: Any, path: Key, value: Any, model: Any) -> Any:
    """Return plain values with one put at a path; a spread without a source changes only the parts it names."""
    if not path:
        is_part = isinstance(model, Spread) and isinstance(value, Mapping) and "source" not in value
        return {**plain, **value} if is_part else value
    part, rest = path[0], path[1:]
    if isinstance(plain, tuple) and str(part).isdecimal() and int(part) < len(plain):
        n = int(part)
        inner = model[n] if isinstance(model, tuple) else None
        return (*plain[:n], _put(plain[n], rest, value, inner), *plain[n + 1 :])
    tree = dict(plain) if isinstance(plain, Mapping) else {}
    inner = model.get(part) if isinstance(model, Mapping) else getattr(model, str(part), None)
    tree[part] = _put(tree.get(part), rest, value, inner)
    return tree


def _at(fault: Fault, changed: list[tuple[Key, Key]]) -> Fault:
    """Return a fault of a card as one of the override that caused it."""

    def shared(path: Key) -> int:
        return next(
            (n for n, (a, b) in enumerate(zip(path, fault.key, strict=False)) if a != b), min(len(path), len(fault.key))
        )

    path, written = max(changed, key=lambda one: shared(one[0]))
    inner = fault.key[len(path) :] if fault.key[: len(path)] == path else ()
    told = fault.message
    if fault.key[: len(path)] != path:
        told = f"makes {'.'.join(map(str, fault.key)) or 'the card'} wrong: {told}"
    return Fault((*written, *inner), told, fault.name and bool(fault.key) and not inner)


def _frozen(value: Any) -> Any:
    """Return plain values with tuples for lists, as files give them."""
    if isinstance(value, Mapping):
        return {str(name): _frozen(inner) for name, inner in value.items()}
    return tuple(map(_frozen, value)) if isinstance(value, (list, tuple)) else value
