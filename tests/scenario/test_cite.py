from __future__ import annotations

from watchfloor.scenario import catalog
from watchfloor.scenario.cite import assumptions, citations
from watchfloor.scenario.load import load

LOADED = load("working-group")


def test_every_spread_of_every_card_in_use_is_cited_once():
    parameters = [c.parameter for c in citations(LOADED) if c.value is not None]
    assert len(parameters) == len(set(parameters))
    assert {
        "radars.s-band-acquisition.peak_power_kw",
        "weapons.long-range.pk",
        "types.uav.signature.S.offset_db",
    } <= set(parameters)
    assert not [p for p in parameters if p.startswith("weapons.short-range")]  # not in this scenario


def test_a_citation_gives_the_cards_own_quantiles_and_source():
    pk = next(c for c in citations(LOADED) if c.parameter == "weapons.long-range.pk")
    card = catalog.weapons()["long-range"]
    assert pk.value == card.pk.quantile_range()
    assert (pk.key, pk.text) == (card.pk.source, catalog.sources()[card.pk.source].text)
    assert pk.standing == "assumption"


def test_methods_are_cited_once_each_after_the_numbers():
    rows = citations(LOADED)
    papers = [c.text for c in rows if c.parameter == "method"]
    assert papers
    assert len(papers) == len(set(papers))
    assert [c.parameter for c in rows[-len(papers) :]] == ["method"] * len(papers)


def test_the_register_says_what_in_words_with_unit_and_dispute():
    rows = {row.parameter: row for row in assumptions(LOADED)}
    power = rows["radars.s-band-acquisition.peak_power_kw"]
    assert power.what.endswith(": peak transmitted power")
    assert power.unit == "kW"
    assert power.value is not None
    assert power.value[0] <= power.value[1] <= power.value[2]
    curve = rows["types.lo-fighter.signature.X"]
    assert (curve.value, curve.unit) == (None, "dBsm")
    site = rows["places.site"]
    assert site.standing == "press"
    assert site.disputed_by == "Where the radars stand within the base is not public."


def test_no_row_of_the_register_lacks_a_source_or_a_standing():
    for row in assumptions(LOADED):
        assert row.source, row
        assert row.standing, row
        assert row.what, row
