"""What is wrong with a tree of values, in words a user can act on.

pydantic says where a value does not fit its model; here each of its reports becomes a ``Fault``: the key, and a
sentence ``wanted this (came that)`` with the nearest valid name. Several reports of one mistake (a misspelt key is
unknown, and the right one is missing) become one.
"""

from __future__ import annotations

import types
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, NamedTuple, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from watchfloor.base.config import Config
from watchfloor.base.registry import AnyKind, kinds, nearest
from watchfloor.scenario.text import Key, came

M = TypeVar("M", bound=BaseModel)
UNITS = {
    "m": "m", "km": "km", "nm": "nautical miles", "ft": "ft", "cm": "cm", "mm": "mm", "kft": "kft",
    "s": "s", "ms": "ms", "us": "us", "ns": "ns", "min": "min", "h": "h", "days": "days", "months": "months",
    "deg": "deg", "rad": "rad", "mrad": "mrad",
    "hz": "Hz", "khz": "kHz", "mhz": "MHz", "ghz": "GHz",
    "w": "W", "kw": "kW", "mw": "MW",
    "db": "dB", "dbsm": "dBsm", "dbi": "dBi", "dbm": "dBm", "m2": "m2",
    "mps": "m/s", "kmh": "km/h", "kt": "kt", "kn": "kt", "mps2": "m/s2", "g": "g",
}  # fmt: skip
"""Suffixes of names that say a unit, and how a message writes it."""


class Fault(NamedTuple):
    """Something wrong at a key."""

    key: Key
    message: str
    name: bool = False
    """Whether the key's name is at fault, not its value."""


def validate(model: type[M], values: Any) -> tuple[M | None, list[Fault]]:
    """Fit plain values to a model, as strictly as they were written: text is no number, a number no truth value.

    Returns
    -------
    (model or None, list of Fault)
        The model, or None and everything wrong with the values.
    """
    try:
        return model.model_validate(values, strict=True), []
    except ValidationError as err:
        return None, _faults(model, values, err.errors(include_url=False))


def _faults(model: type[BaseModel], values: Any, errors: Sequence[ErrorDetails]) -> list[Fault]:
    found: list[tuple[Key, ErrorDetails]] = [(_key(e["loc"], values), e) for e in errors]
    found = _without_losers(model, values, found)
    unknown: dict[Key, set[str]] = {}
    for key, error in found:
        if error["type"] == "extra_forbidden":
            unknown.setdefault(key[:-1], set()).add(str(key[-1]))
    out, meant = [], set()
    for key, error in found:
        if error["type"] == "extra_forbidden":
            fields = _fields(model, values, key[:-1])
            free = {n: f for n, f in fields.items() if n not in (at(values, key[:-1]) or {})}
            best, message = _unknown(str(key[-1]), at(values, key), free, fields)
            meant.add((*key[:-1], best))
            out.append(Fault(key, message, name=True))
    for key, error in found:
        if error["type"] == "extra_forbidden" or (error["type"] == "missing" and key in meant):
            continue
        if error["type"] == "too_short" and len(at(values, key) or ()) >= error.get("ctx", {})["min_length"]:
            continue  # long enough, but its items are wrong, and they have their own report
        inner = ("kind",) if error["type"] == "union_tag_invalid" else ()
        out.append(Fault((*key, *inner), _message(model, values, key, error)))
    return list(dict.fromkeys(out))


def at(values: Any, key: Key) -> Any:
    """Return what stands at ``key``, None if nothing does."""
    for part in key:
        if isinstance(values, Mapping):
            values = values.get(part)
        elif isinstance(values, tuple) and isinstance(part, int) and part < len(values):
            values = values[part]
        else:
            return None
    return values


def _key(loc: tuple[int | str, ...], values: Any) -> Key:
    """Return pydantic's place as a key of the file: kinds and members of unions, which it names too, left out."""
    out: list[str | int] = []
    for n, part in enumerate(loc):
        last = n == len(loc) - 1
        if isinstance(values, Mapping):
            if part not in values and not (last and isinstance(part, str) and part.isidentifier()):
                continue
            if part not in values and (values.get("kind") == part or part == "Spread"):
                continue
            values = values.get(part)
        elif isinstance(values, tuple) and isinstance(part, int):
            values = values[part] if part < len(values) else None
        else:
            continue
        out.append(part)
    return tuple(out)


def _without_losers(
    model: type[BaseModel], values: Any, found: list[tuple[Key, ErrorDetails]]
) -> list[tuple[Key, ErrorDetails]]:
    """Keep, where a value may take one of several shapes, the complaints of the shape it comes closest to."""
    groups: dict[tuple[Key, str], list[int]] = {}
    for n, (_, error) in enumerate(found):
        branch = _branch(error["loc"], values)
        if branch is not None:
            groups.setdefault(branch, []).append(n)
    lost: set[int] = set()
    for owner in {owner for owner, _ in groups}:
        rivals = {member: rows for (o, member), rows in groups.items() if o == owner}
        best = min(rivals, key=lambda m: (_misfit([found[n][1]["type"] for n in rivals[m]]), len(rivals[m])))
        lost.update(n for member, rows in rivals.items() if member != best for n in rows)
    return [pair for n, pair in enumerate(found) if n not in lost]


def _branch(loc: tuple[int | str, ...], values: Any) -> tuple[Key, str] | None:
    """Return (key of the value, name of the union's member) if a place goes through a member of a union."""
    walked: list[str | int] = []
    for n, part in enumerate(loc):
        if isinstance(values, Mapping) and part in values:
            values = values[part]
        elif isinstance(values, tuple) and isinstance(part, int) and part < len(values):
            values = values[part]
        elif isinstance(values, Mapping) and values.get("kind") == part:
            continue
        elif n < len(loc) - 1 or not isinstance(part, str) or not isinstance(values, Mapping) or not part.islower():
            return tuple(walked), str(part)
        else:
            return None
        walked.append(part)
    return None


def _misfit(kinds_of_error: list[str]) -> int:
    return sum({"extra_forbidden": 2, "missing": 2, "model_type": 9, "tuple_type": 9}.get(k, 1) for k in kinds_of_error)


def _configs(annotation: Any, metadata: Iterable[Any], value: Any) -> Iterator[type[BaseModel]]:
    """Yield the models that a field's annotation allows for ``value``."""
    family = next((m.family for m in metadata if isinstance(m, AnyKind)), None)
    if family is not None:
        kind = value.get("kind") if isinstance(value, Mapping) else None
        if isinstance(kind, str) and kind in kinds(family).names:
            yield kinds(family).config(kind)
        return
    if get_origin(annotation) is Annotated:
        inner, *extra = get_args(annotation)
        yield from _configs(inner, extra, value)
    elif get_origin(annotation) in (Union, types.UnionType):
        for member in get_args(annotation):
            yield from _configs(member, (), value)
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation


def _family(annotation: Any, metadata: Iterable[Any]) -> str:
    """Return the family of kinds that a field may be any of, "" for none."""
    if get_origin(annotation) is Annotated:
        metadata = (*metadata, *get_args(annotation)[1:])
    return next((m.family for m in metadata if isinstance(m, AnyKind)), "")


def _inside(annotation: Any) -> tuple[Any, Iterable[Any]]:
    """Return annotation and metadata of the items of a list or the values of a mapping."""
    if get_origin(annotation) is Annotated:
        return _inside(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        for member in get_args(annotation):
            if get_origin(member) in (tuple, list, dict):
                return _inside(member)
    args = [a for a in get_args(annotation) if a is not Ellipsis]
    return (args[-1], ()) if args else (Any, ())


def _field(model: type[BaseModel], values: Any, key: Key) -> tuple[Any, Iterable[Any], FieldInfo | None]:
    """Return annotation, metadata and, for the field of a model, its description, of what stands at ``key``."""
    annotation: Any = model
    metadata: Iterable[Any] = ()
    info: FieldInfo | None = None
    for n, part in enumerate(key):
        models = list(_configs(annotation, metadata, at(values, key[:n])))
        owners = [m for m in models if part in m.model_fields]
        if owners:
            info = owners[0].model_fields[str(part)]
            annotation, metadata = info.annotation, info.metadata
        elif models and isinstance(part, str):
            return Any, (), None
        else:
            annotation, metadata = _inside(annotation)
            info = None
    return annotation, metadata, info


def _fields(model: type[BaseModel], values: Any, key: Key) -> dict[str, FieldInfo]:
    """Return the keys a mapping may have."""
    annotation, metadata, _ = _field(model, values, key)
    value = at(values, key)
    models = list(_configs(annotation, metadata, value))
    given = set(value) if isinstance(value, Mapping) else set()
    models.sort(key=lambda m: -len(given & set(m.model_fields)))
    return dict(models[0].model_fields) if models else {}


def split_unit(name: str) -> tuple[str, str]:
    """Return a name without its unit suffix, and the unit in words ("" for none).

    Examples
    --------
    >>> split_unit("range_max_km"), split_unit("replicates")
    (('range_max', 'km'), ('replicates', ''))
    """
    stem, _, suffix = name.rpartition("_")
    return (stem, UNITS[suffix]) if stem and suffix in UNITS else (name, "")


def _unknown(name: str, value: Any, free: Iterable[str], fields: Iterable[str]) -> tuple[str, str]:
    """Return (the key that was meant or "", what to say) for an unknown key."""
    stem, unit = split_unit(name)
    for known in (*free, *fields):
        known_stem, known_unit = split_unit(known)
        if known_stem == stem and known != name:
            asked = f"'{known}', in {known_unit}" if known_unit else f"'{known}'"
            given = f"'{name}', in {unit}" if unit else f"'{name}'"
            return known, f"wanted {asked} (came {given})"
    guess = nearest(name, free) or nearest(name, fields)
    if guess:
        best = guess.split("'")[1]
        return best, f"wanted a known key{guess} (came '{name}')"
    known_keys = ", ".join(fields)
    return (
        "",
        f"wanted one of the keys {known_keys} (came '{name}')" if known_keys else f"wanted no key (came '{name}')",
    )


def _message(model: type[BaseModel], values: Any, key: Key, error: ErrorDetails) -> str:
    """Return ``wanted this (came that)``."""
    kind, context = error["type"], error.get("ctx", {})
    value = at(values, key)
    annotation, metadata, info = _field(model, values, key)
    if kind == "missing":
        about = f": {_first_sentence(info)}" if info is not None and info.description else ""
        return f"wanted this key{about} (it is missing)"
    if kind == "union_tag_invalid":
        known = [tag.strip().strip("'") for tag in str(context["expected_tags"]).split(",")]
        wrong = str(context["tag"])
        family = _family(annotation, metadata)
        what = f"a kind of {family.rpartition('.')[2]}" if family else "a kind"
        guess = nearest(wrong, known)
        return f"wanted {what}, one of {', '.join(known)}{guess} (came kind {wrong!r})"
    if kind == "union_tag_not_found":
        family = _family(annotation, metadata)
        names = f", one of {', '.join(kinds(family).names)}" if family else ""
        return f"wanted a key `kind`{names} (it is missing)"
    if kind in ("value_error", "assertion_error"):
        text = str(context.get("error") or error["msg"])
        return text if "(came " in text or "got " in text else f"{text} (came {came(value)})"
    what = _wanted(kind, context, annotation)
    if what is None:
        what = error["msg"].removeprefix("Input should be ").removeprefix("Input should ")
    guess = ""
    if kind in ("literal_error", "enum") and isinstance(value, str):
        guess = nearest(value, [w.strip("'") for w in str(context["expected"]).replace(" or ", ", ").split(", ")])
    hint = _hint(kind, value)
    return f"wanted {what}{guess}{hint} (came {came(value)})"


def _wanted(kind: str, context: Mapping[str, Any], annotation: Any) -> str | None:
    match kind:
        case "greater_than":
            return f"more than {_number(context['gt'])}"
        case "greater_than_equal":
            return f"at least {_number(context['ge'])}"
        case "less_than":
            return f"less than {_number(context['lt'])}"
        case "less_than_equal":
            return f"at most {_number(context['le'])}"
        case "float_type" | "float_parsing":
            return "a number"
        case "int_type" | "int_parsing" | "int_from_float":
            return "a whole number"
        case "bool_type" | "bool_parsing":
            return "true or false"
        case "finite_number":
            return "a finite number"
        case "string_type":
            return "text"
        case "string_pattern_mismatch":
            if context["pattern"] == r"^[A-Za-z0-9][A-Za-z0-9_-]*$":
                return "a name of letters, digits, - and _ that starts with a letter or digit"
            return f"text of the form {context['pattern']}"
        case "string_too_long":
            return f"at most {context['max_length']} characters"
        case "string_too_short":
            return f"at least {context['min_length']} characters"
        case "literal_error" | "enum":
            return _one_of(str(context["expected"]))
        case "model_type" | "model_attributes_type" | "dict_type":
            return "lines of `key: value`"
        case "tuple_type" | "list_type":
            return "a list"
        case "too_short":
            return f"at least {_count(context['min_length'])}"
        case "too_long":
            return f"at most {_count(context['max_length'])}"
        case "none_required":
            return "nothing"
        case "multiple_of":
            return f"a multiple of {_number(context['multiple_of'])}"
        case _:
            return None


def _hint(kind: str, value: Any) -> str:
    if not isinstance(value, str):
        return ""
    if kind.startswith("bool") and value.lower() in ("yes", "on", "y", "no", "off", "n", "true", "false"):
        return ", without quotes" if value.lower() in ("true", "false") else ""
    if kind.startswith(("float", "int")):
        try:
            float(value.replace("_", ""))
        except ValueError:
            return ""
        return " without underscores" if "_" in value else " without quotes"
    return ""


def _number(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) and abs(value) < 1e6 else str(value)


def _count(n: int) -> str:
    return f"{n} item{'' if n == 1 else 's'}"


def _one_of(expected: str) -> str:
    return f"one of {expected}" if " or " in expected or "," in expected else expected


def _first_sentence(info: FieldInfo) -> str:
    text = " ".join((info.description or "").split()).replace("``", "`")
    sentence, dot, _ = text.partition(". ")
    unit = unit_of(info)
    sentence = sentence.rstrip(".")
    return f"{sentence[:1].lower()}{sentence[1:]}{f' [{unit}]' if unit and dot else ''}"


def unit_of(info: FieldInfo) -> str:
    """Return the unit that the docstring of a field ends with, "" for none."""
    text = (info.description or "").rstrip()
    return text[text.rindex("[") + 1 : -1] if text.endswith("]") and "[" in text else ""


def describe(config: Config, field: str) -> tuple[str, str]:
    """Return (first sentence of its docstring, unit) of a field."""
    info = type(config).model_fields[field]
    sentence = " ".join((info.description or field).split()).partition(". ")[0].rstrip(".")
    return sentence, unit_of(info)
