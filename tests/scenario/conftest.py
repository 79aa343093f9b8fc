from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from watchfloor.base.errors import ScenarioError
from watchfloor.scenario.load import load

STUDY = Path(__file__).with_name("study.yaml")
"""A study to break, apart from the shipped ones: its places are written down in tests."""
Broken = Callable[..., list[str]]


@pytest.fixture
def broken(tmp_path: Path) -> Broken:
    """Change a scenario's text piece by piece and return what ``load`` says: its mistakes without the folder."""

    def change(*pieces: tuple[str, str], text: str | None = None) -> list[str]:
        text = STUDY.read_text("utf-8") if text is None else text
        for old, new in pieces:
            assert old in text, old
            text = text.replace(old, new, 1)
        path = tmp_path / "s.yaml"
        path.write_text(text, encoding="utf-8")
        try:
            load(path)
        except ScenarioError as err:
            return [str(m).removeprefix(f"{tmp_path}/") for m in err.mistakes]
        return []

    return change
