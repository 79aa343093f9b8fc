"""Pages run as they stand: files, commands and programs with what they print, in the order of the page."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from watchfloor import cli

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = [
    *sorted((DOCS / "tutorials").glob("*.md")),
    DOCS / "howto" / "ask-the-physics.md",
    DOCS / "howto" / "choose-and-tune-a-tracker.md",
    DOCS / "howto" / "query-the-ledger.md",
    DOCS / "howto" / "keep-your-numbers.md",
]
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def steps(page: Path) -> list[tuple[str, str]]:
    """Language and content of each block that can be run, or that shows what the one before it printed."""
    return re.findall(r"^```(yaml|console|python|text)\n(.*?)^```", page.read_text("utf-8"), re.DOTALL | re.MULTILINE)


def same(shown: str, printed: str) -> None:
    """Words agree, numbers to 2 %: the page is read, not compared to the last digit."""
    assert NUMBER.sub("#", shown).split() == NUMBER.sub("#", printed).split(), printed
    for a, b in zip(NUMBER.findall(shown), NUMBER.findall(printed), strict=True):
        assert float(b) == pytest.approx(float(a), rel=0.02, abs=0.11), printed


@pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])
def test_the_page_runs_as_it_stands(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    blocks = steps(page)
    languages = [language for language, _ in blocks]
    assert {"console", "python"} & set(languages)
    follows = zip(languages, [*languages[1:], ""], strict=True)
    assert all((language == "python") == (after == "text") for language, after in follows), "programs show their output"
    namespace: dict[str, object] = {"__name__": page.stem}  # one session a page
    printed = ""
    for language, text in blocks:
        if language == "yaml":
            name = re.match(r"# (\S+)\n", text)
            assert name, "a file of a tutorial starts with its name as a comment"
            Path(name[1]).write_text(text, "utf-8")
        elif language == "python":
            exec(compile(text, page.name, "exec"), namespace)
            printed = capsys.readouterr().out
        elif language == "text":
            same(text, printed)
        else:
            command, *shown = text.splitlines()
            program, *arguments = shlex.split(command.removeprefix("$ "))
            assert program == "watchfloor"
            status = cli._run(arguments)
            said = capsys.readouterr()
            assert status == 0, said.err
            if shown:
                same("\n".join(shown), said.out)
