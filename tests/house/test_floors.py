"""The import floors of the house hold, and the contracts that guard them can fail."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = (
    *("base", "physics", "scenario", "formats", "record", "world", "sensor", "track", "learn", "command"),
    *("engage", "assess", "run", "study", "report", "console"),
)


def lint(folder: Path, config: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter on the package ``watchfloor`` under ``folder``."""
    return subprocess.run(
        [sys.executable, "-c", "import sys; from importlinter.cli import lint_imports_command as c; sys.exit(c())"]
        + ["--config", str(config), "--no-cache", "--no-logo"],
        env=os.environ | {"PYTHONPATH": str(folder), "NO_COLOR": "1"},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def house_with(tmp_path: Path, module: str, line: str) -> Path:
    """Write an empty house with one import in it; its folder."""
    package = tmp_path / "watchfloor"
    for room in ROOMS:
        (package / room).mkdir(parents=True)
        (package / room / "__init__.py").touch()
    for file in ("__init__.py", "cli.py", "testing.py", "__main__.py", "base/truth.py", "base/picture.py"):
        (package / file).touch()
    (package / module).write_text(line + "\n", "utf-8")
    return tmp_path


def test_every_import_of_the_house_goes_downward():
    result = lint(ROOT / "src", ROOT / "pyproject.toml")
    assert result.returncode == 0, result.stdout + result.stderr


def test_an_empty_house_with_an_honest_import_passes(tmp_path):
    result = lint(house_with(tmp_path, "track/gate.py", "import watchfloor.base.picture"), ROOT / "pyproject.toml")
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("module", "line", "broken"),
    [
        ("physics/radar.py", "import watchfloor.sensor", "Floors"),
        ("sensor/radar.py", "import watchfloor.track", "Floors"),
        ("report/document.py", "import watchfloor.study", "Floors"),
        ("base/columns.py", "import watchfloor.physics", "Floors"),
        ("stray.py", "", "Floors"),
        ("track/gate.py", "import watchfloor.base.truth", "No peeking"),
        ("learn/update.py", "from watchfloor.base.truth import Truth", "No peeking"),
        ("command/roe.py", "import watchfloor.base.truth", "No peeking"),
    ],
)
def test_a_forbidden_import_is_found(tmp_path, module, line, broken):
    result = lint(house_with(tmp_path, module, line), ROOT / "pyproject.toml")
    assert result.returncode == 1
    assert any(broken in row and "BROKEN" in row for row in result.stdout.splitlines()), result.stdout
