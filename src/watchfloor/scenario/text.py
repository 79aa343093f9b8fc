"""From YAML text to plain values, with the place of every key kept.

Scalars follow the core schema of YAML 1.2: ``1e-6`` is a number, ``yes``, ``no``, ``on`` and ``off`` are text, ``012``
is twelve. PyYAML alone reads YAML 1.1, where none of that holds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from watchfloor.base.errors import Mistake, ScenarioError

Key = tuple[str | int, ...]
"""Where a value stands in the tree: names of mappings, indices of lists."""
N_VALUES_MAX = 2_000_000
"""Aliases can make a short file huge; no scenario needs this many values."""
_BASE: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_PREFIX = "tag:yaml.org,2002:"


class _Core12(_BASE):
    """The parser with the scalar rules of YAML 1.2 (https://yaml.org/spec/1.2.2/#1032-tag-resolution)."""

    yaml_implicit_resolvers: dict[Any, Any] = {}


for _tag, _pattern, _first in (
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    ("int", r"^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$", list("-+0123456789")),
    (
        "float",
        r"^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$",
        list("-+.0123456789"),
    ),
):
    _Core12.add_implicit_resolver(_PREFIX + _tag, re.compile(_pattern), _first)


@dataclass(frozen=True, eq=False)
class Text:
    """A YAML file as plain values (dict, tuple, str, int, float, bool, None) and where each of them stands."""

    file: str
    """What messages call the file."""
    values: dict[str, Any]
    """The tree."""
    root: MappingNode = field(repr=False)
    """The tree with marks."""

    def at(self, key: Key, *, name: bool = False) -> tuple[int, int]:
        """Return line and column of ``key``, counted from 1; of the deepest part that exists when it does not.

        A single value stands where it is written, a list or mapping where its key is; ``name=True`` always gives the
        key.
        """
        node, mark = self.root, self.root.start_mark
        for n, part in enumerate(key):
            step = _step(node, part)
            if step is None:
                break
            owner, node = step
            last = n == len(key) - 1
            empty = node.start_mark.index == node.end_mark.index
            if isinstance(part, int) or (last and not name and isinstance(node, ScalarNode) and not empty):
                mark = node.start_mark
            else:
                mark = owner.start_mark
        return mark.line + 1, mark.column + 1

    def mistake(self, key: Key, message: str, *, name: bool = False) -> Mistake:
        """Return a ``Mistake`` at ``key``."""
        return Mistake(self.file, *self.at(key, name=name), dotted(key, self.values), message)


def _step(node: Node, part: str | int) -> tuple[Node, Node] | None:
    """Return (key node, value node) of one part of a key inside ``node``."""
    if isinstance(node, MappingNode):
        return next(((k, v) for k, v in node.value if k.value == part), None)
    if isinstance(node, SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node, node.value[part]
    return None


def dotted(key: Key, values: Any) -> str:
    """Return ``key`` as ``sensors.ew.mast_m``; items of a list go by their ``name`` where they have one.

    Examples
    --------
    >>> dotted(("sensors", 0, "mast_m"), {"sensors": ({"name": "ew"},)})
    'sensors.ew.mast_m'
    """
    out = []
    for part in key:
        inner = _inner(values, part)
        called = inner.get("name") if isinstance(part, int) and isinstance(inner, Mapping) else None
        out.append(called if isinstance(called, str) and called else str(part))
        values = inner
    return ".".join(out) or "file"


def _inner(values: Any, part: str | int) -> Any:
    if isinstance(values, Mapping):
        return values.get(part)
    if isinstance(values, tuple) and isinstance(part, int) and part < len(values):
        return values[part]
    return None


def came(value: Any) -> str:
    """Return how a message shows a value that came.

    Examples
    --------
    >>> came(-1), came("x"), came(()), came(True), came(None)
    ('-1', "'x'", 'a list of 0', 'true', 'nothing')
    """
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        keys = ", ".join(map(str, list(value)[:4]))
        return f"a mapping with {keys}{', ...' if len(value) > 4 else ''}" if value else "an empty mapping"
    if isinstance(value, (tuple, list)):
        return f"a list of {len(value)}"
    text = repr(value)
    return text if len(text) <= 60 else text[:56] + "...'"


def read(path: Path, *, file: str | None = None) -> Text:
    """Read a YAML file whose top level is a mapping.

    Parameters
    ----------
    path : Path
        The file.
    file : str, optional
        What messages call it; the path when left out.

    Raises
    ------
    ScenarioError
        If the file is missing, is no text, is empty, is no valid YAML, or gives a key twice. Says where and what to do.
    """
    file = file or str(path)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise _whole(file, "wanted a scenario file (there is none here); check the path") from None
    except IsADirectoryError:
        raise _whole(file, "wanted a scenario file (came a folder); name the .yaml file inside it") from None
    except OSError as err:
        raise _whole(file, f"wanted a file that can be read ({err.strerror or err})") from err
    return parse(data, file=file)


def parse(data: bytes, *, file: str) -> Text:
    """Parse the bytes of a YAML file; see ``read``."""
    text = _decode(data, file)
    loader = _Core12(text)
    try:
        root = loader.get_single_node()
    except yaml.MarkedYAMLError as err:
        raise ScenarioError([_yaml_mistake(err, text, file)]) from err
    finally:
        loader.dispose()
    if root is None:
        raise _whole(file, "wanted a scenario (the file is empty); `examples/first-radar.yaml` is a start")
    mistakes: list[Mistake] = []
    values = _Values(file, mistakes).of(root, (), frozenset())
    if not isinstance(root, MappingNode):
        mistakes.append(Mistake(file, *_place(root), "file", f"wanted lines of `key: value` (came {came(values)})"))
    if mistakes:
        raise ScenarioError(mistakes)
    assert isinstance(root, MappingNode)
    return Text(file, values, root)


def _decode(data: bytes, file: str) -> str:
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as err:
        if encoding == "utf-16" or err.start >= len(data):
            raise _whole(file, "wanted a text file in UTF-8 (came something else)") from err
        before = data[: err.start].decode("utf-8", "replace")
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        message = f"wanted a text file in UTF-8 (came byte 0x{data[err.start]:02x}); is this really a scenario file?"
        raise ScenarioError([Mistake(file, line, column, "file", message)]) from err
    bad = _UNPRINTABLE.search(text)
    if bad:
        line, column = text.count("\n", 0, bad.start()) + 1, bad.start() - text.rfind("\n", 0, bad.start())
        message = f"wanted text (came the control character U+{ord(bad[0]):04X}); is this really a scenario file?"
        raise ScenarioError([Mistake(file, line, column, "file", message)])
    return text


# Characters that YAML 1.2 does not allow, https://yaml.org/spec/1.2.2/#51-character-set.
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _whole(file: str, message: str) -> ScenarioError:
    return ScenarioError([Mistake(file, 0, 0, "file", message)])


def _place(node: Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1


def _yaml_mistake(err: yaml.MarkedYAMLError, text: str, file: str) -> Mistake:
    mark = err.problem_mark or err.context_mark
    line, column = (mark.line, mark.column) if mark is not None else (0, 0)
    lines = text.splitlines() or [""]
    for n in (line, line - 1):
        written = lines[n] if 0 <= n < len(lines) else ""
        indent = written[: len(written) - len(written.lstrip())]
        if "\t" in indent:
            where = indent.index("\t") + 1
            return Mistake(file, n + 1, where, "file", "wanted spaces for the indent (came a tab)")
    problem = (err.problem or "it cannot be read").strip()
    if "expected a single document" in str(err):
        return Mistake(file, line + 1, column + 1, "file", "wanted one document (came a second one after ---)")
    context = f" {err.context.strip()}" if err.context else ""
    shown = lines[line].strip()[:50] if line < len(lines) else "the end of the file"
    return Mistake(file, line + 1, column + 1, "file", f"wanted valid YAML: {problem}{context} (came {shown!r})")


class _Values:
    """Turns nodes into plain values; mistakes go into a list, so that one pass finds them all."""

    def __init__(self, file: str, mistakes: list[Mistake]) -> None:
        self._file, self._mistakes, self._n = file, mistakes, 0

    def of(self, node: Node, key: Key, inside: frozenset[int]) -> Any:
        self._n += 1
        if self._n > N_VALUES_MAX:
            raise _whole(self._file, f"wanted at most {N_VALUES_MAX} values (aliases multiply to more)")
        if id(node) in inside:
            self._wrong(node, key, "wanted a value (came an alias of the very thing it stands in)")
            return None
        if isinstance(node, ScalarNode):
            return self._scalar(node, key)
        inside = inside | {id(node)}
        if isinstance(node, SequenceNode) and node.tag == _PREFIX + "seq":
            return tuple(self.of(item, (*key, n), inside) for n, item in enumerate(node.value))
        if isinstance(node, MappingNode) and node.tag == _PREFIX + "map":
            return self._mapping(node, key, inside)
        self._wrong(node, key, f"wanted a plain value (came the tag {node.tag.replace(_PREFIX, '!!')!r})")
        return None

    def _mapping(self, node: MappingNode, key: Key, inside: frozenset[int]) -> dict[str, Any]:
        out: dict[str, Any] = {}
        first: dict[str, int] = {}
        for name, value in node.value:
            if not isinstance(name, ScalarNode):
                self._wrong(name, key, "wanted a word as key (came a list or mapping)")
                continue
            if name.value in first:
                self._wrong(
                    name, (*key, name.value), f"wanted each key once (came again; first in line {first[name.value]})"
                )
                continue
            first[name.value] = name.start_mark.line + 1
            out[name.value] = self.of(value, (*key, name.value), inside)
        return out

    def _scalar(self, node: ScalarNode, key: Key) -> Any:
        text, kind = node.value, node.tag.removeprefix(_PREFIX)
        try:
            if kind == "str":
                return text
            if kind == "null":
                return None
            if kind == "bool" and text.lower() in ("true", "false"):
                return text.lower() == "true"
            if kind == "int":
                return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))
            if kind == "float":
                lower = text.lower()
                return float(lower.replace(".", "", 1)) if lower.lstrip("+-") in (".inf", ".nan") else float(text)
        except ValueError:
            pass
        self._wrong(
            node, key, f"wanted a plain value (came {text!r} under the tag {node.tag.replace(_PREFIX, '!!')!r})"
        )
        return None

    def _wrong(self, node: Node, key: Key, message: str) -> None:
        self._mistakes.append(Mistake(self._file, *_place(node), ".".join(map(str, key)) or "file", message))
