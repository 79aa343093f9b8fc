"""The page of a small study: what stands on it comes from the record, and nothing else is needed to read it."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from watchfloor import cli
from watchfloor.assess.statistics import band
from watchfloor.report import build
from watchfloor.report.answers import CRITERIA, Cell, compared
from watchfloor.report.document import entry
from watchfloor.report.wording import NARROW, Scale

VOID = {"meta", "br", "img", "link", "input", "hr"}


class Page(HTMLParser):
    """Gathers what the tests ask about, and checks that tags nest."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.figures: list[dict[str, str]] = []
        self.headings: list[str] = []
        self.captions = 0
        self.rows: list[list[str]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        found = {name: value or "" for name, value in attrs}
        self.links += [value for name, value in found.items() if name in ("href", "src", "xlink:href")]
        self.ids += [found["id"]] if "id" in found else []
        if tag == "svg":
            self.figures.append(found)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th") and self.rows:
            self.rows[-1].append("")
        if tag in ("h1", "h2", "h3"):
            self.headings.append("")
        self.captions += tag == "caption"
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] in ("h1", "h2", "h3"):
            self.headings[-1] += data
        if {"td", "th"} & set(self.open):
            self.rows[-1][-1] += data + "\n"


@pytest.fixture(scope="module")
def built(record, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("page") / "report.html"
    assert cli._run(["report", str(record), "--out", str(out)]) == 0
    return out


@pytest.fixture(scope="module")
def text(built) -> str:
    return built.read_text("utf-8")


@pytest.fixture(scope="module")
def page(text) -> Page:
    return Page(text)


def row(page: Page, option: str) -> list[str]:
    """The row of an option in the decision table: the first one that starts with its name."""
    return next(r for r in page.rows if len(r) == 1 + len(CRITERIA) and r[0].startswith(f"{option}\n"))


def test_the_same_record_gives_the_same_bytes(record, built, tmp_path):
    again = build(record, tmp_path / "again.html")
    assert again.read_bytes() == built.read_bytes()


def test_the_page_asks_for_nothing_outside(text, page):
    assert [link for link in page.links if not link.startswith("#")] == []
    assert [url for url in re.findall(r"url\(([^)]*)\)", text) if not url.startswith("#")] == []
    assert not re.search(r"@import|<script|<link|<iframe|<object|<embed", text)


def test_every_link_inside_the_page_leads_somewhere(text, page):
    wanted = {link[1:] for link in page.links} | set(re.findall(r"url\(#([^)]*)\)", text))
    assert wanted - set(page.ids) == set()
    assert len(page.ids) == len(set(page.ids))


def test_tags_nest_and_headings_are_there(page):
    assert page.open == []
    for words in (
        "Decision table", "1. ", "Learning curves", "2. ", "3. ", "4. ", "5. ", "6. ", "7. ", "8. ", "9. ", "11. ",
        "Answers without secrets", "Whose numbers", "The ledger", "The site", "What would",
    ):  # fmt: skip
        assert any(heading.startswith(words) for heading in page.headings), words


def test_every_figure_says_in_words_what_it_shows(page):
    assert len(page.figures) > 15
    for figure in page.figures:
        assert figure["role"] == "img"
        assert len(figure["aria-label"]) > 40


def test_every_axis_has_a_unit(text):
    for svg in re.findall(r"<svg.*?</svg>", text, re.DOTALL):
        words = " ".join(re.findall(r"<text[^>]*>([^<]*)</text>", svg))
        assert "[" in words or "sortie" in words, words
        assert re.search(r"\[(h|km|nat|dB|deg|min|months|flights|1|%)\]", words), words


def test_every_table_has_a_caption(text, page):
    assert page.captions == text.count("<table")


def test_all_options_and_criteria_stand_in_the_decision_table(page):
    for option in ("open", "lenses", "quiet", "cut", "late"):
        assert len(row(page, option)) == 1 + len(CRITERIA)


def test_the_decision_table_says_what_the_record_says(record, page):
    from watchfloor.record import Record

    found = Record.open(record).query(
        "SELECT option, quantile_cont(nats, 0.5) AS middle FROM exposure GROUP BY option ORDER BY option"
    )
    column = 1 + [c.key for c in CRITERIA].index("nats")
    for option, middle in zip(found["option"], found["middle"], strict=True):
        assert row(page, option)[column].split("\n")[0] == f"{middle:.1f}"


def test_a_changed_record_changes_the_table_the_answer_and_the_shade(altered, tmp_path, page):
    def change(table):
        quiet = table["option"] == "quiet"
        late = table["option"] == "late"
        table["p_survive"] = np.where(quiet, 0.91, np.where(late, 0.17, 0.5)) + 0.001 * table["replicate"]

    other = Page(text := build(altered("trials", change), tmp_path / "o.html").read_text("utf-8"))
    column = 1 + [c.key for c in CRITERIA].index("survive")
    assert row(page, "quiet")[column].split("\n")[0] != "91"
    assert row(other, "quiet")[column].split("\n")[0] == "91"
    assert "better" in row(other, "quiet")[column]
    assert "worse" in row(other, "late")[column]
    assert "same in every pair" in row(other, "cut")[column]
    assert re.search(r"expected survival of the jet: quiet \(better for the flyer by \+41 to \+41", text)


def test_every_number_of_the_register_has_a_source_and_a_tag(page):
    from watchfloor.scenario.cite import assumptions
    from watchfloor.scenario.load import load

    wanted = assumptions(load(Path(__file__).parent / "study.yaml"))
    rows = {r[0].strip(): r for r in page.rows if len(r) == 6 and r[0].strip().isdecimal()}
    assert len(rows) == len(wanted) > 50
    for number, one in enumerate(wanted, 1):
        cells = rows[str(number)]
        assert one.source.split()[0] in cells[5]
        assert cells[4].split()[0] in ("measured", "assumed")


def test_the_manifest_says_how_to_play_it_again(record, text):
    from watchfloor.record import Record

    header = Record.open(record).header
    assert header.digest in text
    assert "watchfloor study out/small/scenario.yaml --out out/small --replicates 2" in text
    assert str(record) not in text


def test_a_scenario_or_catalogue_that_changed_since_is_said(altered, tmp_path, text):
    folder = altered("trials", lambda _: None)
    path = folder / "scenario.yaml"
    path.write_text(path.read_text("utf-8").replace("alt_m: 880", "alt_m: 870"))
    assert "has changed since" in build(folder, tmp_path / "o.html").read_text("utf-8")
    assert "has changed since" not in text


# ---- one cell


def test_a_cell_marks_an_effect_only_where_the_interval_excludes_zero():
    base = np.array([1.0, 2.0, 3.0, 4.0])
    clear, vague = compared(base + [1.0, 1.1, 0.9, 1.0], base, -1), compared(base + [3.0, -3.0, 1.0, 0.0], base, -1)
    scale = Scale("km", decimals=1)
    assert clear.effect == -1
    assert entry(clear, scale, n=4).kind == "worse"
    assert any("worse" in note for note in entry(clear, scale, n=4).notes)
    assert vague.effect == 0
    assert entry(vague, scale, n=4).kind == ""
    assert "may be 0" in entry(vague, scale, n=4).notes


def test_a_cell_says_never_for_a_range_of_zero():
    cell = Cell(band(np.array([0.0, 0.0, 0.0, 9e3])), None, False, 0, 3)
    found = entry(cell, Scale("km", 1e-3), zero="never", n=4)
    assert found.text == "never"
    assert found.notes[:2] == ("(never to 9)", "never in 3 of 4")


def test_percent_signs_stay_with_their_numbers(text):
    body = re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL)
    assert not re.search(r"\d %", body)
    assert f"95{NARROW}%" in body
