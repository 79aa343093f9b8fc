"""A mangled file gives a scenario or a ``ScenarioError`` whose every line helps; never a traceback of another sort."""

from __future__ import annotations

import random

import pytest

from tests.scenario.conftest import STUDY
from watchfloor.base.errors import ScenarioError
from watchfloor.scenario.load import load

VALUES = ["null", "-1", "1e400", "[1, 2]", "{a: 1}", "true", "site", ".nan", "''", "[]"]


def mangled(lines: list[str], rng: random.Random) -> str:
    lines = list(lines)
    for _ in range(rng.randint(1, 3)):
        n, way = rng.randrange(len(lines)), rng.randrange(4)
        if way == 0:
            del lines[n]
        elif way == 1:
            m = rng.randrange(len(lines))
            lines[n], lines[m] = lines[m], lines[n]
        elif way == 2:
            at = rng.randrange(len(lines[n]) + 1)
            lines[n] = lines[n][:at] + rng.choice("abz09-_{}[]:,'\"& *") + lines[n][at:]
        else:
            lines[n] = f"{lines[n].split(':')[0]}: {rng.choice(VALUES)}"
    return "\n".join(lines)


@pytest.mark.parametrize("seed", range(4))
def test_a_mangled_file_gives_a_scenario_or_mistakes_that_help(tmp_path, seed):
    lines, rng, path = STUDY.read_text("utf-8").splitlines(), random.Random(seed), tmp_path / "s.yaml"
    mistakes = []
    for _ in range(60):
        path.write_text(mangled(lines, rng), "utf-8")
        try:
            load(path)
        except ScenarioError as err:
            mistakes += err.mistakes
    assert len(mistakes) > 60
    assert all("wanted " in m.message and 0 <= m.line <= len(lines) + 1 for m in mistakes)
