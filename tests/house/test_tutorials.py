"""Tutorials run as they stand: files, commands with what they print, and programs, in the order of the page."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from watchfloor import cli

PAGES = sorted((Path(__file__).resolve().parents[2] / "docs" / "tutorials").glob("*.md"))
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def steps(page: Path) -> list[tuple[str, str]]:
    """Language and content of each block that can be run."""
    return re.findall(r"^```(yaml|console|python)\n(.*?)^```", page.read_text("utf-8"), re.DOTALL | re.MULTILINE)


def same(shown: str, printed: str) -> None:
    """Words agree, numbers to 2 %: the page is read, not compared to the last digit."""
    assert NUMBER.sub("#", shown).split() == NUMBER.sub("#", printed).split(), printed
    for a, b in zip(NUMBER.findall(shown), NUMBER.findall(printed), strict=True):
        assert float(b) == pytest.approx(float(a), rel=0.02, abs=0.11), printed


@pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])
def test_the_tutorial_runs_as_it_stands(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    blocks = steps(page)
    assert {"console"} <= {language for language, _ in blocks}
    for language, text in blocks:
        if language == "yaml":
            name = re.match(r"# (\S+)\n", text)
            assert name, "a file of a tutorial starts with its name as a comment"
            Path(name[1]).write_text(text, "utf-8")
        elif language == "python":
            exec(compile(text, page.name, "exec"), {"__name__": page.stem})
            assert capsys.readouterr().out.strip()
        else:
            command, *shown = text.splitlines()
            program, *arguments = shlex.split(command.removeprefix("$ "))
            assert program == "watchfloor"
            status = cli._run(arguments)
            said = capsys.readouterr()
            assert status == 0, said.err
            if shown:
                same("\n".join(shown), said.out)
