"""Every module stands alone, and asking for help stays cheap."""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
import subprocess
import sys

import pytest

import watchfloor

HEAVY = {"numpy", "scipy", "numba", "llvmlite", "matplotlib", "duckdb", "pymap3d", "trimesh", "tifffile", "contourpy"}
MODULES = sorted(
    info.name
    for info in pkgutil.walk_packages(watchfloor.__path__, "watchfloor.")
    if not info.name.endswith("__main__")
)


@pytest.mark.parametrize("name", MODULES)
def test_a_module_imports_alone(name, monkeypatch):
    for loaded in [m for m in sys.modules if m == "watchfloor" or m.startswith("watchfloor.")]:
        monkeypatch.delitem(sys.modules, loaded)  # put back afterwards, so other tests keep their classes
    try:
        assert importlib.import_module(name).__doc__, f"{name} has no docstring"
    finally:
        for loaded in [m for m in sys.modules if m == "watchfloor" or m.startswith("watchfloor.")]:
            del sys.modules[loaded]


def modules_loaded_by(*arguments: str) -> tuple[str, set[str]]:
    """Run the command line in a fresh interpreter; its output and the top-level modules it left loaded."""
    code = (
        "import json, sys\n"
        "from watchfloor.cli import main\n"
        "try:\n    main()\n"
        "except SystemExit as end:\n    code = end.code\n"
        "else:\n    code = 0\n"
        "sys.stdout.flush()\n"
        "print(json.dumps([code, sorted({m.partition('.')[0] for m in sys.modules})]), file=sys.stderr)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=60, check=True
    )
    status, loaded = json.loads(result.stderr.splitlines()[-1])
    assert not status, result.stderr
    return result.stdout, set(loaded)


@pytest.mark.parametrize("arguments", [("--help",), ("--version",)])
def test_help_and_version_load_nothing_heavy(arguments):
    _, loaded = modules_loaded_by(*arguments)
    assert not HEAVY & loaded


COMMANDS = ("check", "run", "study", "track", "assess", "report", "schema", "cite", "warmup")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_listed_and_its_help_shows_an_example_without_loading_anything_heavy(command):
    overview, _ = modules_loaded_by("--help")
    assert f"\n  {command} " in overview
    text, loaded = modules_loaded_by(command, "--help")
    assert re.search(rf"^  Examples?:\n    watchfloor {command}\b", text, re.MULTILINE), "no example on its own line"
    assert "\\b" not in text + overview
    assert "\n    watchfloor run examples/first-radar.yaml\n" in overview
    assert not HEAVY & loaded


def test_the_package_runs_as_a_module():
    result = subprocess.run(
        [sys.executable, "-m", "watchfloor", "--version"], capture_output=True, text=True, timeout=60, check=True
    )
    assert watchfloor.__version__ in result.stdout
