"""The way in: a scenario file becomes a checked ``Scenario``, or every mistake in it with its place.

::

    loaded = load("working-group")  # a shipped scenario, or a path
    option = apply(loaded, {"campaign.movers.jet.reflectors": True})
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from watchfloor.base.config import Config
from watchfloor.base.errors import Mistake, ScenarioError
from watchfloor.base.registry import nearest
from watchfloor.scenario import catalog
from watchfloor.scenario.check import check
from watchfloor.scenario.faults import Fault, at, validate
from watchfloor.scenario.model import OptionConfig, Scenario
from watchfloor.scenario.priors import HEADINGS, PriorsFile, cards_of
from watchfloor.scenario.priors import faults as prior_faults
from watchfloor.scenario.text import Key, Text, came, dotted, read

SHIPPED = Path(__file__).parent / "data"
"""Folder of the shipped scenarios."""
FIXED = ("watchfloor", "name", "seed", "study")
"""Keys that an option may not change: what is compared must share them."""


@dataclass(frozen=True, eq=False)
class LoadedScenario:
    """A scenario that has been read and checked."""

    scenario: Scenario
    """What the file says."""
    text: Text = field(repr=False)
    """The file's plain values and where each stands."""
    path: Path
    """Where it was read; files it names are relative to this file's folder."""
    digest: str
    """SHA-256 of everything it says and of the catalogue cards it uses; remarks and layout do not count."""
    options: Mapping[str, Scenario] = field(repr=False)
    """The scenario as each option of the study changes it, by the option's name; empty without a study."""
    priors: Path | None = None
    """File of a party's own numbers that has been laid over it."""

    @property
    def raw(self) -> dict[str, Any]:
        """The file's plain values."""
        return self.text.values

    def option(self, name: str) -> OptionConfig:
        """Return an option of the study by name; ``ValueError`` names the nearest."""
        found = {option.name: option for option in (self.scenario.study.options if self.scenario.study else ())}
        if name not in found:
            raise ValueError(f"no option {name!r} in this study{nearest(name, found)}")
        return found[name]


def shipped() -> dict[str, Path]:
    """Return the shipped scenarios: name and file."""
    return {path.stem: path for path in sorted(SHIPPED.glob("*.yaml"))}


def load(path_or_name: str | Path) -> LoadedScenario:
    """Read and check a scenario.

    Parameters
    ----------
    path_or_name : str or Path
        A file, or the name of a shipped scenario such as ``working-group``.

    Raises
    ------
    ScenarioError
        With every mistake that one pass can find, each with its place, what was wanted and what came.
    """
    path = _find(path_or_name)
    text = read(path, file=str(path))
    scenario, faults = validate(Scenario, text.values)
    unshaped = set(faults)
    meant = check(text.values)
    broken = {fault.key for fault in faults}
    faults += [fault for fault in meant if fault.key not in broken]
    faults += _options(text.values, unshaped, meant)
    if faults or scenario is None:
        raise ScenarioError(_mistakes(text, faults))
    options = _option_scenarios(text.values, scenario)
    return LoadedScenario(scenario, text, path, digest(scenario, options.values()), options)


def with_priors(loaded: LoadedScenario, path: str | Path) -> LoadedScenario:
    """Lay a party's own numbers over a scenario.

    Parameters
    ----------
    loaded : LoadedScenario
        The scenario.
    path : str or Path
        File of priors; see `PriorsFile`. What it says stands above what the scenario itself says of the same key.

    Returns
    -------
    LoadedScenario
        The scenario under these numbers; its digest is another, and options have them too.

    Raises
    ------
    ScenarioError
        With every mistake in the file and its place, and with what the numbers make impossible in the scenario.
    """
    path = Path(path)
    text = read(path, file=str(path))
    own, faults = validate(PriorsFile, text.values)
    broken = {fault.key for fault in faults}
    faults += [fault for fault in prior_faults(text.values) if fault.key not in broken]
    own_keys = {*text.values.get("sources", ()), *loaded.raw.get("sources", ())} if own else set()
    faults += [fault for fault in _strange_sources(text.values, own_keys) if own is not None]
    if faults or own is None:
        raise ScenarioError(_mistakes(text, faults))
    laid = {
        name: {**loaded.raw.get(name, {}), **text.values.get(name, {})}
        for name in (*HEADINGS, "sources")
        if loaded.raw.get(name) or text.values.get(name)
    }
    values = {**loaded.raw, **laid}
    scenario, faults = validate(Scenario, values)
    faults += check(values)
    if faults or scenario is None:
        raise ScenarioError(
            [Mistake(str(path), 0, 0, "", f"makes {dotted(f.key, values)} wrong: {f.message}") for f in faults]
        )
    options = _option_scenarios(values, scenario)
    return replace(
        loaded,
        scenario=scenario,
        text=replace(loaded.text, values=values),
        digest=digest(scenario, options.values()),
        options=options,
        priors=path,
    )


def _strange_sources(values: Mapping[str, Any], known: set[str]) -> list[Fault]:
    """Return the sources that overrides name and nobody lists."""
    own = {heading: values[heading] for heading in HEADINGS if heading in values}
    return [fault for fault in check({**own, "sources": dict.fromkeys(known)}) if fault.key[-1:] == ("source",)]


def apply(loaded: LoadedScenario, changes: Mapping[str, Any]) -> Scenario:
    """Return the scenario with some keys changed, checked again.

    Parameters
    ----------
    loaded : LoadedScenario
        The scenario.
    changes : mapping
        Dotted key and new value; items of a list go by their name: ``{"campaign.movers.jet.reflectors": True}``.

    Raises
    ------
    ScenarioError
        If a key does not exist or the changed scenario would not pass; at the option's own line where the changes are
        those of an option of the study.
    """
    changed, scenario, faults = _change(loaded.raw, changes)
    if scenario is not None:
        faults += [(None, fault) for fault in check(changed)]
    if scenario is None or faults:
        raise ScenarioError(_change_mistakes(loaded.text, changed, changes, faults))
    return scenario.model_copy(update={"study": loaded.scenario.study})


def cards(*scenarios: Scenario) -> list[tuple[catalog.Family, str, Config]]:
    """Return (family, name, card) of every catalogue card that some scenarios use, each once, in order of first use."""
    out: dict[tuple[catalog.Family, str], Config] = {}
    families: tuple[catalog.Family, catalog.Family] = ("radars", "weapons")
    for scenario in scenarios:
        held = cards_of(scenario)
        for family, listed in zip(families, (scenario.sensors, scenario.launchers), strict=True):
            for item in listed:
                name = getattr(item, "card", None)
                if isinstance(name, str):
                    out[family, name] = getattr(held, family)[name]
        out.update({("types", name): held.types[name] for name in scenario.types})
    return [(family, name, card) for (family, name), card in out.items()]


def digest(scenario: Scenario, others: Iterable[Scenario] = ()) -> str:
    """Return the SHA-256 of a scenario, of the cards it and ``others`` (its options) use, and of their tables."""
    used = cards(scenario, *others)
    tables = {
        band.table: {name: column.tolist() for name, column in catalog.table(band.table).items()}
        for family, _, card in used
        if family == "types"
        for band in card.signature.values()  # type: ignore[attr-defined]
        if band.table is not None
    }
    whole = {
        "scenario": scenario.model_dump(mode="json"),
        "cards": [[family, name, card.model_dump(mode="json")] for family, name, card in used],
        "tables": tables,
    }
    return hashlib.sha256(json.dumps(whole, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _find(path_or_name: str | Path) -> Path:
    """Return the file of a path or of a shipped scenario's name."""
    path, names = Path(path_or_name), shipped()
    if isinstance(path_or_name, Path) or path.suffix or len(path.parts) > 1:
        return path
    if path_or_name in names:
        return names[path_or_name]
    if path.is_file():
        return path
    message = (
        f"wanted a scenario file, or a shipped scenario{nearest(path_or_name, names)} "
        f"(there is no such file; shipped: {', '.join(names)})"
    )
    raise ScenarioError([Mistake(path_or_name or "''", 0, 0, "file", message)])


def _mistakes(text: Text, faults: Iterable[Fault]) -> list[Mistake]:
    found = [text.mistake(fault.key, fault.message, name=fault.name) for fault in faults]
    once: dict[tuple[int, int, str], Mistake] = {}
    for mistake in found:  # what an alias repeats is wrong once, where it is written
        once.setdefault((mistake.line, mistake.column, mistake.message), mistake)
    return sorted(once.values(), key=lambda m: (m.line, m.column))


def _put(tree: Any, parts: list[str], value: Any, path: Key) -> tuple[Any, Key]:
    """Return (tree with the value at a dotted key, the key it was put at); ``_Lost`` where the way ends."""
    if not parts:
        return value, path
    part, rest = parts[0], parts[1:]
    if isinstance(tree, tuple):
        names = [item.get("name") if isinstance(item, Mapping) else None for item in tree]
        if part in names:
            n = names.index(part)
        elif part.isdecimal() and int(part) < len(tree):
            n = int(part)
        else:
            known = [name for name in names if isinstance(name, str)]
            there = f"; there are {', '.join(known)}" if known else ""
            raise _Lost(f"wanted the name of an item{nearest(part, known) or there} (came '{part}')")
        new, path = _put(tree[n], rest, value, (*path, n))
        return (*tree[:n], new, *tree[n + 1 :]), path
    if isinstance(tree, Mapping) or tree is None:
        inner = (tree or {}).get(part)
        new, path = _put(inner, rest, value, (*path, part))
        return {**(tree or {}), part: new}, path
    raise _Lost(f"wanted a key that exists; there is nothing inside {came(tree)} (came '{part}')")


class _Lost(ValueError):
    """A dotted key leads nowhere."""


def _change(
    values: Mapping[str, Any], changes: Mapping[str, Any]
) -> tuple[dict[str, Any], Scenario | None, list[tuple[str | None, Fault]]]:
    """Return (changed values, scenario or None, (changed key, None if it is not known which, fault) of each fault)."""
    changed: dict[str, Any] = {name: value for name, value in values.items() if name != "study"}
    faults: list[tuple[str | None, Fault]] = []
    paths: dict[str, Key] = {}
    for name, value in changes.items():
        if name.partition(".")[0] in FIXED:
            what = f"wanted a key outside {', '.join(FIXED)}: the options of a study share these (came '{name}')"
            faults.append((name, Fault((), what)))
            continue
        try:
            changed, paths[name] = _put(changed, name.split("."), _frozen(value), ())
        except _Lost as err:
            faults.append((name, Fault((), str(err))))
    scenario, shape = validate(Scenario, changed)
    for fault in shape:
        faults.append((_blame(fault.key, paths), fault))
    return changed, scenario, faults


def _frozen(value: Any) -> Any:
    """Return plain values with tuples for lists, as files give them."""
    if isinstance(value, Mapping):
        return {str(name): _frozen(inner) for name, inner in value.items()}
    return tuple(map(_frozen, value)) if isinstance(value, (list, tuple)) else value


def _blame(key: Key, paths: Mapping[str, Key]) -> str | None:
    """Return which changed key a fault at ``key`` comes from: the one that shares the longest way with it."""
    best, longest = None, 0
    for name, path in paths.items():
        n = min(len(path), len(key))
        if path[:n] == key[:n] and n > longest:
            best, longest = name, n
    return best


def _options(values: Mapping[str, Any], unshaped: set[Fault], meant: list[Fault]) -> list[Fault]:
    """Return what is wrong with the options of the study, each at its own line; what is wrong anyway is left out."""
    out: list[Fault] = []
    for n, option in enumerate(_listed(values, "study", "options")):
        changes = option.get("set") if isinstance(option, Mapping) else None
        if not isinstance(changes, Mapping) or not changes:
            continue
        sections = {name.partition(".")[0] for name in changes}
        if unshaped and any(name in Scenario.model_fields and name not in values for name in sections):
            continue  # it changes what the file should say and does not
        changed, _, faults = _change(values, changes)
        faults = [(name, fault) for name, fault in faults if fault not in unshaped]
        if not faults:
            paths = {name: _put(changed, name.split("."), value, ())[1] for name, value in changes.items()}
            new = [fault for fault in check(changed) if fault not in meant]
            faults = [(_blame(fault.key, paths), fault) for fault in new]
        for name, fault in faults:
            key = ("study", "options", n, "set", *((name,) if name is not None else ()))
            out.append(Fault(key, _told(name, fault, changed)))
    return out


def _listed(values: Mapping[str, Any], *key: str) -> tuple[Any, ...]:
    found = at(values, key)
    return found if isinstance(found, tuple) else ()


def _told(name: str | None, fault: Fault, changed: Mapping[str, Any]) -> str:
    where = dotted(fault.key, changed)
    return fault.message if not fault.key or where == name else f"makes {where} wrong: {fault.message}"


def _change_mistakes(
    text: Text, changed: Mapping[str, Any], changes: Mapping[str, Any], faults: list[tuple[str | None, Fault]]
) -> list[Mistake]:
    """Return the faults of a change as mistakes, at the option that asks for it or at the file as a whole."""
    options = enumerate(_listed(text.values, "study", "options"))
    n = next((n for n, o in options if isinstance(o, Mapping) and o.get("set") == changes), None)
    if n is not None:
        keys = [(("study", "options", n, "set", *((name,) if name else ())), name, fault) for name, fault in faults]
        return _mistakes(text, [Fault(key, _told(name, fault, changed)) for key, name, fault in keys])
    return [
        Mistake(text.file, 0, 0, name or "", f"{name or dotted(fault.key, changed)}: {_told(name, fault, changed)}")
        for name, fault in faults
    ]


def _option_scenarios(values: Mapping[str, Any], scenario: Scenario) -> dict[str, Scenario]:
    """Return each option's scenario; the options have been checked."""
    options = scenario.study.options if scenario.study else ()
    found = {option.name: _change(values, option.set)[1] for option in options}
    return {name: one.model_copy(update={"study": scenario.study}) for name, one in found.items() if one is not None}
