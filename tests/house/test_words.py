"""Docstrings, the reference of kinds and the change notes keep their promises."""

from __future__ import annotations

import ast
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from watchfloor.base.registry import ROOMS, families, kinds

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src" / "watchfloor"
CHANGE_TYPES = ("added", "changed", "fixed", "removed", "results")


def public_functions(path: Path) -> list[ast.FunctionDef]:
    """Public functions at the top level of a file."""
    tree = ast.parse(path.read_text("utf-8"))
    return [node for node in tree.body if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")]


PHYSICS = [
    pytest.param(function, id=f"{path.stem}.{function.name}")
    for path in sorted((SRC / "physics").glob("*.py"))
    if path.name != "_kernels.py"
    for function in public_functions(path)
]


@pytest.mark.parametrize("function", PHYSICS)
def test_a_formula_says_where_it_comes_from_or_when_it_holds(function):
    text = ast.get_docstring(function) or ""
    assert re.search(r"^(References|Notes)\n-+$", text, re.MULTILINE), text


def test_every_kind_stands_in_the_reference():
    page = (ROOT / "docs" / "reference" / "kinds.md").read_text("utf-8")
    missing = [(f, k) for f in families() for k in kinds(f).names if f"### `{f}`: `{k}`" not in page]
    assert not missing, "run `make reference`"


def test_the_reference_says_what_the_program_checks():
    written = (ROOT / "docs" / "reference" / "kinds.md").read_text("utf-8")
    made = runpy.run_path(str(ROOT / "docs" / "make_reference.py"))["render"]()
    assert written == made, "run `make reference` and commit docs/reference/kinds.md"


def test_each_part_that_the_reference_names_has_one_section():
    page = (ROOT / "docs" / "reference" / "kinds.md").read_text("utf-8")
    heads = re.findall(r"^### (.*)$", page, re.MULTILINE)
    assert len(heads) == len(set(heads))
    anchors = {re.sub(r"[^a-z0-9 _-]", "", head.lower()).replace(" ", "-") for head in heads}
    assert not set(re.findall(r"\]\(#([^)]*)\)", page)) - anchors


def test_a_default_made_of_parts_reads_as_a_scenario_file():
    page = (ROOT / "docs" / "reference" / "kinds.md").read_text("utf-8")
    assert "Config(" not in page
    (block,) = re.findall(r"### `track`: `pmb`.*?```yaml\n(.*?)```", page, re.DOTALL)
    config = kinds("track").config("pmb")
    assert config.model_validate(yaml.safe_load(block)) == config()


def test_every_room_of_kinds_offers_at_least_one():
    rooms = {family.partition(".")[0] for family in families() if kinds(family).names}
    assert rooms == set(ROOMS)


def test_every_key_of_every_kind_has_a_docstring():
    bare = [
        f"{config.__name__}.{key}"
        for family in families()
        for config in (kinds(family).config(name) for name in kinds(family).names)
        for key, field in config.model_fields.items()
        if key != "kind" and not field.description
    ]
    assert not bare


def test_change_notes_are_well_formed():
    for path in (ROOT / "changes").glob("*.md"):
        if path.name == "README.md":
            continue
        match = re.fullmatch(r"[a-z0-9-]+\.([a-z]+)\.md", path.name)
        assert match, f"{path.name}: wanted NAME.TYPE.md"
        assert match[1] in CHANGE_TYPES, f"{path.name}: the type is one of {CHANGE_TYPES}"
        text = path.read_text("utf-8")
        assert text.strip(), f"{path.name}: empty"
        assert not text.startswith(("#", "-", "*")), f"{path.name}: plain sentences, no heading or bullet"
        if match[1] == "results":
            assert re.search(r"\d", text), f"{path.name}: say which numbers move and by how much"


def test_a_release_gathers_the_notes_in_order_and_removes_them(tmp_path):
    notes = tmp_path / "changes"
    notes.mkdir()
    (notes / "README.md").write_text("How to.\n", "utf-8")
    (notes / "gate.results.md").write_text("GOSPA falls by 3 %.\n", "utf-8")
    (notes / "gate.added.md").write_text("An ellipsoidal gate,\nin two lines.\n", "utf-8")
    (tmp_path / "CHANGELOG.md").write_text("# Changes\n\nHead.\n\n## 0.1.0 (2026-01-01)\n\nOld.\n", "utf-8")
    script = ROOT / "changes" / "assemble.py"
    subprocess.run(
        [sys.executable, str(script), "0.2.0", "2026-02-01", "--root", str(tmp_path)],
        timeout=60,
        check=True,
        capture_output=True,
    )
    assert (tmp_path / "CHANGELOG.md").read_text("utf-8") == (
        "# Changes\n\nHead.\n\n## 0.2.0 (2026-02-01)\n\n### Added\n\n- An ellipsoidal gate,\n  in two lines.\n\n"
        "### Results that move\n\n- GOSPA falls by 3 %.\n\n## 0.1.0 (2026-01-01)\n\nOld.\n"
    )
    assert [path.name for path in notes.iterdir()] == ["README.md"]
