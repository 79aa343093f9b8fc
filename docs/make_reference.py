"""Write ``reference/kinds.md``: every kind a scenario can name, with its keys, from the configuration classes.

Run by ``make reference``; a house test fails while the written page and the classes disagree.
"""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_origin

import yaml
from pydantic.fields import FieldInfo

from watchfloor.base.config import Config
from watchfloor.base.registry import AnyKind, families, kinds
from watchfloor.scenario.model import Scenario

PAGE = Path(__file__).parent / "reference" / "kinds.md"
WORDS = {
    "str": "text",
    "float": "number",
    "int": "whole number",
    "bool": "`true` or `false`",
    "Any": "anything",
}
LONGEST = 120
"""Defaults longer than this stand under the table, as a scenario file would say them."""
LIMITS = {"gt": "above", "ge": "at least", "lt": "below", "le": "at most"}
HEAD = """# Kinds and keys

What a scenario file may say. This page is written by `make reference` from the configuration classes, so it says what
the program checks. Keys are in the operator's units, named in the key or in brackets after its meaning. A key without
a default must be given. `watchfloor schema` prints the same as JSON Schema, for editors.
"""


def render() -> str:
    """Return the page as text."""
    parts: dict[str, type[Config]] = {}
    lines = [HEAD, "## The scenario file", "", *_section(Scenario, parts)]
    for family in families():
        registry = kinds(family)
        lines += [f"## Family `{family}`", ""]
        for name in registry.names:
            config = registry.config(name)
            lines += [f"### `{family}`: `{name}`", "", *_section(config, parts)]
    sections: dict[str, list[str]] = {}
    while todo := parts.keys() - sections.keys():
        for name in todo:
            sections[name] = _section(parts[name], parts)
    lines += ["## Shared parts", ""]
    for name in sorted(sections):
        lines += [f"### {name}", "", *sections[name]]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).rstrip() + "\n"


def _section(config: type[Config], parts: dict[str, type[Config]]) -> list[str]:
    """Return the docstring and the table of keys of one class; note the classes its keys are made of."""
    rows, below = ["| key | value | default | meaning |", "|---|---|---|---|"], []
    for key, field in config.model_fields.items():
        meaning = " ".join((field.description or "").split())
        default = _default(field)
        if len(default) > LONGEST:
            below += [f"Default of `{key}`:", "", "```yaml", _yaml_block(key, _default_value(field)), "```", ""]
            default = "below"
        cells = (f"`{key}`", _type(field.annotation, field.metadata, parts), default, meaning)
        rows.append("| " + " | ".join(_plain(cell) for cell in cells) + " |")
    return [_plain(inspect.cleandoc(config.__doc__ or "")), "", *rows, "", *below]


def _plain(text: str) -> str:
    """Turn double backquotes into Markdown's single ones and keep bars out of tables."""
    return text.replace("``", "`").replace("|", "\\|")


def _type(kind: object, metadata: list[object], parts: dict[str, type[Config]]) -> str:
    """Say in words what a value may be."""
    for mark in metadata:
        if isinstance(mark, AnyKind):
            return f"a kind of `{mark.family}`"
    origin, inner = get_origin(kind), get_args(kind)
    if inspect.isclass(kind) and issubclass(kind, Config):
        name = kind.__name__
        if parts.setdefault(name, kind) is not kind:  # two rooms may use one name
            name = f"{name} of {kind.__module__.rpartition('.')[2]}"
            parts[name] = kind
        return f"[{name}](#{name.lower().replace(' ', '-')})"
    if hasattr(kind, "__metadata__"):
        return _type(inner[0], list(kind.__metadata__), parts)
    if origin is tuple or origin is list:
        some = [one for one in inner if one is not Ellipsis]
        return "list of: " + ", ".join(dict.fromkeys(_type(one, [], parts) for one in some))
    if origin is dict:
        return f"map: {_type(inner[0], [], parts)} to {_type(inner[1], [], parts)}"
    if str(origin) == "typing.Literal":
        return " or ".join(f"`{value}`" for value in inner)
    if inner:  # a union
        return " or ".join(_type(one, metadata, parts) for one in inner if one is not NoneType)
    name = getattr(kind, "__name__", str(kind))
    return ", ".join([WORDS.get(name, name), *(text for mark in metadata for text in _bounds(mark))])


def _bounds(mark: object) -> list[str]:
    """Say in words every limit that one mark of an annotation carries."""
    found = ((words, getattr(mark, name, None)) for name, words in LIMITS.items())
    return [f"{words} {limit:g}" for words, limit in found if limit is not None]


def _default(field: FieldInfo) -> str:
    """Say what holds when the key is left out."""
    if field.is_required():
        return "must be given"
    value = _default_value(field)
    if value in ([], "") or (value == {} and not isinstance(_raw_default(field), Config)):
        return "empty"
    if value is None:
        return "none"
    return f"`{_yaml(value)}`" if value != {} else "its own"


def _raw_default(field: FieldInfo) -> Any:
    return field.get_default(call_default_factory=True)


def _default_value(field: FieldInfo) -> Any:
    """Return the default as lists, maps and plain values."""
    raw = _raw_default(field)
    value = _said(raw)
    if isinstance(raw, Config) and set(value) == {"kind"}:
        return {}  # nothing but what its own section says
    return value


def _said(value: Any) -> Any:
    """Return a value as a file would say it; of nested parts their kind, and what is not their class's default."""
    if isinstance(value, Config):
        own = type(value).model_fields
        return {
            key: _said(held)
            for key, held in value
            if key == "kind" or own[key].is_required() or held != _raw_default(own[key])
        }
    if isinstance(value, (tuple, list)):
        return [_said(one) for one in value]
    if isinstance(value, dict):
        return {key: _said(one) for key, one in value.items()}
    return value


def _yaml(value: Any) -> str:
    """Return a value as a scenario file would say it, on one line."""
    return yaml.safe_dump(value, default_flow_style=True, width=10_000, sort_keys=False).removesuffix("...\n").strip()


def _yaml_block(key: str, value: Any) -> str:
    """Return a long default as a scenario file would say it, innermost maps on a line each."""
    return yaml.safe_dump({key: value}, default_flow_style=None, width=10_000, sort_keys=False).rstrip()


if __name__ == "__main__":
    PAGE.write_text(render(), "utf-8")
    print(f"written: {PAGE.relative_to(Path.cwd()) if PAGE.is_relative_to(Path.cwd()) else PAGE.name}")
