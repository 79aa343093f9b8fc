"""The JSON Schema of a scenario file, for editors and for programs that write scenarios."""

from __future__ import annotations

from typing import Any

from watchfloor.scenario.model import Scenario

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a scenario with every kind that is registered, plug-ins included.

    It says the shape and the bounds of single values; what ``check`` finds (names that exist, speeds that can be flown)
    no schema can say. An editor with a YAML language server completes keys with it.

    Returns
    -------
    dict
        The schema; descriptions are the docstrings of the configuration classes.
    """
    schema = Scenario.model_json_schema()
    _ask_for_kind(schema)
    return {"$schema": DIALECT, "title": "watchfloor scenario", **{k: v for k, v in schema.items() if k != "title"}}


def _ask_for_kind(schema: dict[str, Any]) -> None:
    """Make ``kind`` required where it tells alternatives apart: only there does its default not count."""
    stack: list[Any] = [schema]
    while stack:
        node = stack.pop()
        if isinstance(node, list):
            stack.extend(node)
        elif isinstance(node, dict):
            for reference in node.get("discriminator", {}).get("mapping", {}).values():
                one = schema["$defs"][reference.rpartition("/")[2]]
                one["required"] = list(dict.fromkeys(["kind", *one.get("required", [])]))
            stack.extend(node.values())
