"""What a scenario must mean: names that exist, flights that can be flown, questions that can be answered.

The rules read the plain values, so that they can say what is wrong with one part of a file while another part does not
even have the right shape.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from watchfloor.base.registry import kinds, nearest
from watchfloor.scenario import catalog, priors
from watchfloor.scenario.cards import TypeCard
from watchfloor.scenario.faults import Fault, at, validate
from watchfloor.scenario.model import MoverConfig
from watchfloor.scenario.text import Key, came

REFERENCES = {
    **{"place": "place", "defended": "place", "type": "type", "declares": "type"},
    **{"sensors": "sensor", "fire_control": "sensor", "transmitter": "sensor"},
}
"""Keys that name something else of the same file, wherever they stand, and what they name."""
PHASES = ("campaign", "mission")
SOURCE_KEYS = frozenset({"scenario"})


def check(values: Mapping[str, Any]) -> list[Fault]:
    """Return everything a scenario says that cannot be meant; parts of the wrong shape are passed over."""
    faults: list[Fault] = []
    faults += _unique_names(values)
    faults += _references(values)
    faults += _cards(values)
    faults += _motions(values)
    faults += _filters(values)
    faults += _types(values)
    faults += _sources(values)
    faults += priors.faults(values)
    for phase in PHASES:
        faults += _phase(values, phase)
    faults += _owners(values)
    faults += _study(values)
    return faults


def _items(values: Any, *key: str | int) -> Iterator[tuple[Key, Mapping[str, Any]]]:
    """Yield (key, mapping) of each mapping in the list at ``key``."""
    listed = at(values, key)
    if isinstance(listed, tuple):
        yield from (((*key, n), item) for n, item in enumerate(listed) if isinstance(item, Mapping))


def _names(values: Any, *key: str) -> list[str]:
    return [item["name"] for _, item in _items(values, *key) if isinstance(item.get("name"), str)]


def _words(values: Any, *key: str) -> list[tuple[Key, str]]:
    """Return (key, word) of each word in the list at ``key``."""
    listed = at(values, key)
    return [((*key, n), w) for n, w in enumerate(listed) if isinstance(w, str)] if isinstance(listed, tuple) else []


def _number(values: Any, *key: str | int) -> float | None:
    value = at(values, key)
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _wanted(what: str, known: Collection[str], name: str) -> str:
    return f"wanted {what}{nearest(name, known) or _list(known)} (came '{name}')"


def _list(known: Collection[str]) -> str:
    if not known:
        return "; there is none"
    return f"; there {'is' if len(known) == 1 else 'are'} {', '.join(sorted(known))}" if len(known) <= 8 else ""


def _unique_names(values: Mapping[str, Any]) -> Iterator[Fault]:
    for listed in (
        ("places",),
        ("sensors",),
        ("launchers",),
        ("sharing",),
        ("mission", "movers"),
        ("campaign", "movers"),
        ("study", "options"),
    ):
        seen: dict[str, Key] = {}
        for key, item in _items(values, *listed):
            name = item.get("name")
            if isinstance(name, str) and name in seen:
                yield Fault(
                    (*key, "name"), f"wanted a name of its own; another of {'.'.join(listed)} has it (came '{name}')"
                )
            elif isinstance(name, str):
                seen[name] = key
    for listed in (("types",), ("hostile",), ("mission", "sensors"), ("campaign", "sensors")):
        words: set[str] = set()
        for key, word in _words(values, *listed):
            if word in words:
                yield Fault(key, f"wanted each name once (came '{word}' again)")
            words.add(word)


def _references(values: Mapping[str, Any]) -> Iterator[Fault]:
    known = {
        "place": set(_names(values, "places")),
        "sensor": set(_names(values, "sensors")),
        "type": {word for _, word in _words(values, "types")},
    }
    for key, name, word in _walk({k: v for k, v in values.items() if k not in ("study", "sources")}, ()):
        what = REFERENCES.get(name)
        if what is None or not isinstance(values.get(f"{what}s"), tuple):
            continue  # a missing list is reported once, not at each name that it should hold
        if word in known[what] or (what == "type" and word not in catalog.types()):
            if what == "type" and word not in catalog.types():
                yield Fault(key, _wanted("a type of the catalogue", catalog.types(), word))
            continue
        if what == "type":
            yield Fault(key, f"wanted one of this file's `types`; add it there (came '{word}')")
        else:
            yield Fault(key, _wanted(f"a {what} of this file", known[what], word))


def _walk(value: Any, key: Key) -> Iterator[tuple[Key, str, str]]:
    """Yield (key, name of the key, word) of each word in the tree; the items of a list go by the list's name."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _walk(inner, (*key, name))
    elif isinstance(value, tuple):
        for n, inner in enumerate(value):
            yield from _walk(inner, (*key, n))
    elif isinstance(value, str):
        name = next((part for part in reversed(key) if isinstance(part, str)), "")
        yield key, name, value


def _cards(values: Mapping[str, Any]) -> Iterator[Fault]:
    for listed, what, cards in (("sensors", "radar", catalog.radars()), ("launchers", "weapon", catalog.weapons())):
        for key, item in _items(values, listed):
            card = item.get("card")
            if isinstance(card, str) and card not in cards:
                yield Fault((*key, "card"), _wanted(f"a {what} of the catalogue", cards, card))


def _motions(values: Mapping[str, Any]) -> Iterator[Fault]:
    """Cards that do not fit the kind of sensor that uses them, and receivers without a transmitter that turns."""
    registry, kind_of = kinds("sensor"), {}
    for key, item in _items(values, "sensors"):
        kind, radar = item.get("kind"), catalog.radars().get(str(item.get("card")))
        kind_of[item.get("name")] = kind
        motion = getattr(registry.config(str(kind)), "motion", None) if kind in registry.names else None
        if radar is not None and motion is not None and radar.motion != motion:
            fitting = [name for name, card in catalog.radars().items() if card.motion == motion]
            yield Fault(
                (*key, "card"),
                f"wanted a card whose motion is '{motion}', as kind '{kind}' needs{_list(fitting)} "
                f"(came '{item['card']}', '{radar.motion}')",
            )
    for key, item in _items(values, "sensors"):
        sender = item.get("transmitter")
        if isinstance(sender, str) and kind_of.get(sender, "rotating") != "rotating":
            yield Fault(
                (*key, "transmitter"),
                f"wanted a rotating radar, not a sensor of kind '{kind_of[sender]}' (came '{sender}')",
            )
    for phase in PHASES:
        active = [word for _, word in _words(values, phase, "sensors")]
        for _, item in _items(values, "sensors"):
            sender = item.get("transmitter")
            if active and item.get("name") in active and isinstance(sender, str) and sender not in active:
                yield Fault(
                    (phase, "sensors"), f"wanted '{sender}' too: '{item['name']}' listens to it (it is missing)"
                )


def _filters(values: Mapping[str, Any]) -> Iterator[Fault]:
    """Clutter and signals need radars whose pulses and filters are stated."""
    clutter = at(values, ("environment", "clutter"))
    plain = [
        (key, item)
        for key, item in _items(values, "sensors")
        if (radar := catalog.radars().get(str(item.get("card")))) is not None and radar.doppler == "matched"
    ]
    fitting = [name for name, card in catalog.radars().items() if card.doppler != "matched"]
    if isinstance(clutter, Mapping) and plain:
        names = ", ".join(str(item.get("name")) for _, item in plain)
        yield Fault(
            ("environment", "clutter"),
            f"wanted radars whose cards state prf_hz and doppler, for clutter is what filters are for{_list(fitting)} "
            f"(came cards without: of {names})",
        )
    for key, item in plain:
        if item.get("fidelity") == "signal":
            yield Fault(
                (*key, "fidelity"),
                f"wanted 'measurement', or a card that states prf_hz and doppler{_list(fitting)} (came 'signal' with "
                f"card '{item['card']}')",
            )


def _types(values: Mapping[str, Any]) -> Iterator[Fault]:
    types = dict(catalog.types())
    listed = [word for _, word in _words(values, "types")]
    for key, word in _words(values, "types"):
        if word not in types:
            yield Fault(key, _wanted("a type of the catalogue", types, word))
    for key, word in _words(values, "hostile"):
        if word not in listed:
            yield Fault(key, _wanted("one of this file's `types`", listed, word))
    for key, item in _items(values, "sensors"):
        radar = catalog.radars().get(str(item.get("card")))
        blank = [w for w in listed if radar and w in types and radar.band not in types[w].signature]
        if radar and blank:
            yield Fault(
                (*key, "card"),
                f"wanted a radar in whose band every type has a signature; {', '.join(blank)} "
                f"{'has' if len(blank) == 1 else 'have'} none in band {radar.band} (came '{item['card']}')",
            )


def _sources(values: Mapping[str, Any]) -> Iterator[Fault]:
    own = at(values, ("sources",))
    known = {*catalog.sources(), *SOURCE_KEYS, *(own if isinstance(own, Mapping) else ())}
    for key, name, word in _walk({k: v for k, v in values.items() if k not in ("study", "sources")}, ()):
        if name == "source" and word not in known:
            guess = nearest(word, known)
            yield Fault(
                key, f"wanted a key of this file's or the catalogue's `sources`, or `scenario`{guess} (came '{word}')"
            )


def _phase(values: Mapping[str, Any], phase: str) -> Iterator[Fault]:
    tick_s, duration_s = _number(values, phase, "tick_s"), _number(values, phase, "duration_s")
    if tick_s is not None and duration_s is not None and 0.0 < duration_s < tick_s:
        yield Fault((phase, "tick_s"), f"wanted at most duration_s = {duration_s:g} (came {tick_s:g})")
    sensors = at(values, (phase, "sensors"))
    if sensors == ():
        yield Fault(
            (phase, "sensors"), "wanted at least one sensor, or no such key for all of them (came an empty list)"
        )
    for key, item in _items(values, phase, "movers"):
        yield from _mover(key, item, duration_s, priors.types_in(values))
    traffic = at(values, (phase, "traffic"))
    if isinstance(traffic, Mapping) and "type" not in traffic and traffic.get("kind") in kinds("world.traffic").names:
        field = kinds("world.traffic").config(traffic["kind"]).model_fields.get("type")
        listed = [word for _, word in _words(values, "types")]
        if field is not None and isinstance(field.default, str) and field.default not in listed:
            yield Fault(
                (phase, "traffic"), f"wanted a `type` of this file's `types` (came the default '{field.default}')"
            )


def _mover(
    key: Key, item: Mapping[str, Any], duration_s: float | None, types: Mapping[str, TypeCard]
) -> Iterator[Fault]:
    start_s = _number(item, "start_s")
    if start_s is not None and duration_s is not None and 0.0 < duration_s <= start_s:
        yield Fault((*key, "start_s"), f"wanted less than duration_s = {duration_s:g} (came {start_s:g})")
    for jammer_key, jammer in _items(item, "jammers"):
        since_s, until_s = _number(jammer, "since_s") or 0.0, _number(jammer, "until_s")
        if until_s is not None and until_s <= since_s:
            yield Fault((*key, *jammer_key, "until_s"), f"wanted more than since_s = {since_s:g} (came {until_s:g})")
    card = types.get(str(item.get("type")))
    if card is None:
        return
    if item.get("reflectors") is True and card.reflector is None:
        yield Fault(
            (*key, "reflectors"), f"wanted false: the catalogue knows no reflector of type '{item['type']}' (came true)"
        )
    mover, _ = validate(MoverConfig, dict(item))
    top_speed_mps = getattr(mover.route, "top_speed_mps", None) if mover is not None else None
    if top_speed_mps is None:
        return
    fastest_mps, limit_mps = top_speed_mps(), card.speed_max_mps.quantile_range()[2]
    if fastest_mps > limit_mps:
        where = next(
            (k for k, speed in _speeds(item["route"], (*key, "route")) if speed == fastest_mps), (*key, "route")
        )
        yield Fault(
            where,
            f"wanted at most {limit_mps:g} m/s, the most that type '{item['type']}' flies (came {fastest_mps:g} m/s)",
        )


def _speeds(value: Any, key: Key) -> Iterator[tuple[Key, float]]:
    """Yield (key, value) of each ``speed_mps`` in the tree."""
    inner = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, tuple) else ()
    for part, one in inner:
        if part == "speed_mps" and isinstance(one, (int, float)):
            yield (*key, part), float(one)
        else:
            yield from _speeds(one, (*key, part))


def _owners(values: Mapping[str, Any]) -> Iterator[Fault]:
    owner = values.get("owner", "host")
    owners = {owner} if isinstance(owner, str) else set()
    links = list(_items(values, "sharing"))
    receivers = {link["receiver"] for _, link in links if isinstance(link.get("receiver"), str)}
    seen: set[tuple[Any, Any]] = set()
    for key, link in links:
        sender, receiver = link.get("sender"), link.get("receiver")
        if isinstance(sender, str) and sender == receiver:
            yield Fault((*key, "receiver"), f"wanted another owner than the sender (came '{receiver}')")
        elif isinstance(sender, str) and sender not in owners | receivers:
            known = owners | receivers
            yield Fault((*key, "sender"), _wanted("an owner who has sensors or receives knowledge", known, sender))
        if (sender, receiver) in seen:
            yield Fault(key, f"wanted one link between two owners (came a second one from '{sender}' to '{receiver}')")
        seen.add((sender, receiver))
        if link.get("passes") == "plots" and isinstance(sender, str) and sender not in owners:
            given = [one.get("passes") for _, one in links if one.get("receiver") == sender]
            if given and "plots" not in given:
                yield Fault(
                    (*key, "passes"),
                    f"wanted evidence, posterior or nothing: no link passes plots to '{sender}' (came 'plots')",
                )
        for n, word in enumerate(link.get("without_types") or ()):
            if isinstance(word, str) and word not in (values.get("types") or ()):
                known = [name for name in values.get("types") or () if isinstance(name, str)]
                yield Fault((*key, "without_types", n), _wanted("one of this file's `types`", known, word))
    defender = at(values, ("study", "defender"))
    if isinstance(defender, str) and defender not in owners | receivers:
        yield Fault(("study", "defender"), _wanted("an owner of this file", owners | receivers, defender))


def _study(values: Mapping[str, Any]) -> Iterator[Fault]:
    study = values.get("study")
    if not isinstance(study, Mapping):
        return
    if values.get("campaign") is None:
        yield Fault(
            ("study",), "wanted a `campaign` beside it: a study asks what months of sorties teach (there is none)"
        )
    subject = study.get("subject")
    for phase in PHASES:
        if isinstance(subject, str) and isinstance(values.get(phase), Mapping):
            movers = _names(values, phase, "movers")
            if subject not in movers:
                yield Fault(("study", "subject"), _wanted(f"a mover of `{phase}`", movers, subject))
    options = _names(values, "study", "options")
    baseline = study.get("baseline")
    if isinstance(baseline, str) and baseline not in options:
        yield Fault(("study", "baseline"), _wanted("one of the `options`", options, baseline))
    hours = study.get("checkpoints_h")
    if isinstance(hours, tuple):
        for n, (a, b) in enumerate(zip(hours, hours[1:], strict=False)):
            if isinstance(a, (int, float)) and isinstance(b, (int, float)) and b <= a:
                yield Fault(("study", "checkpoints_h", n + 1), f"wanted rising hours, more than {a:g} (came {came(b)})")
