from __future__ import annotations

import numpy as np
import pytest

from watchfloor.base.config import Config
from watchfloor.scenario import catalog
from watchfloor.scenario.spread import Spread

CARDS = [
    (family, name, card)
    for family, cards in (("radars", catalog.radars()), ("types", catalog.types()), ("weapons", catalog.weapons()))
    for name, card in cards.items()
]
SHELVES = {"radars": catalog._radars(), "types": catalog._types(), "weapons": catalog._weapons()}


def configs(value):
    """Yield a configuration and all that is inside it."""
    if isinstance(value, Config):
        yield value
        for name in type(value).model_fields:
            yield from configs(getattr(value, name))
    elif isinstance(value, dict):
        for inner in value.values():
            yield from configs(inner)
    elif isinstance(value, tuple):
        for inner in value:
            yield from configs(inner)


@pytest.mark.parametrize(("family", "name", "card"), CARDS, ids=[f"{f}.{n}" for f, n, _ in CARDS])
def test_every_number_of_a_card_has_a_source_in_its_own_file(family, name, card):
    sourced = [one for one in configs(card) if "source" in type(one).model_fields]
    assert sourced
    assert {one.source for one in sourced} <= set(SHELVES[family].sources)


SETTINGS = {
    *("n_coherent", "n_pulses", "pfa", "prf_hz", "scan_max_deg", "azimuth_width_deg"),
    *("n_reference", "n_guard", "rank", "weight"),
}
"""What is chosen, not uncertain: without spread, but with a source, ``RadarCard.settings``."""
LAWS = {"swerling", "n_lenses"}
"""Whole numbers that choose a law or a count; their sources stand beside them."""


@pytest.mark.parametrize(("family", "name", "card"), CARDS, ids=[f"{f}.{n}" for f, n, _ in CARDS])
def test_every_number_of_a_card_has_a_spread_or_is_a_setting_with_a_source(family, name, card):
    spreads = [one for one in configs(card) if isinstance(one, Spread)]
    assert not [one for one in spreads if one.source == "scenario"]
    bare = {
        field
        for config in configs(card)
        if not isinstance(config, Spread)
        for field in type(config).model_fields
        if isinstance(getattr(config, field), (int, float)) and not isinstance(getattr(config, field), bool)
    }
    assert bare <= SETTINGS | LAWS
    assert not bare & SETTINGS or card.settings.source in SHELVES[family].sources


def test_a_source_key_means_one_thing_in_every_file():
    for a, b in ((x, y) for x in SHELVES.values() for y in SHELVES.values()):
        for key in set(a.sources) & set(b.sources):
            assert a.sources[key] == b.sources[key], key
    assert set(catalog.sources()) == set().union(*(shelf.sources for shelf in SHELVES.values()))


def test_every_type_is_known_in_the_band_of_every_radar():
    bands = {radar.band for radar in catalog.radars().values()}
    assert all(bands <= set(card.signature) for card in catalog.types().values())


def test_every_table_that_a_card_names_holds_an_aspect_curve():
    names = {band.table for card in catalog.types().values() for band in card.signature.values()} - {None}
    assert names
    for name in names:
        table = catalog.table(name)
        assert {"aspect_deg", "sigma_dbsm"} <= set(table)
        assert table["aspect_deg"][0] == 0.0
        assert table["aspect_deg"][-1] == 180.0
        assert np.all(np.diff(table["aspect_deg"]) > 0.0)
        with pytest.raises(ValueError, match="read-only"):
            table["sigma_dbsm"][0] = 0.0


@pytest.mark.parametrize(
    ("family", "name", "said"),
    [
        ("types", "lo-figter", "lo-fighter"),
        ("radars", "sband-acquisition", "s-band-acquisition"),
        ("weapons", "longrange", "long-range"),
    ],
)
def test_a_card_that_does_not_exist_says_which_is_nearest(family, name, said):
    with pytest.raises(ValueError, match=f"no card '{name}' among the catalogue's {family}; did you mean '{said}'"):
        catalog.card(family, name)


def test_a_table_that_does_not_exist_or_does_not_fit_is_told(monkeypatch, tmp_path):
    with pytest.raises(ValueError, match=r"no table 'prime_vh\.csv' in the catalogue; did you mean 'prime_vhf\.csv'"):
        catalog.table("prime_vh.csv")
    (tmp_path / "bad.csv").write_text("# remark\na,b\n1,2\n3,x\n", "utf-8")
    monkeypatch.setattr(catalog, "_HERE", tmp_path)
    with pytest.raises(ValueError, match=r"bad\.csv: .*'x'; wanted 2 numbers a row under a, b"):
        catalog.table("bad.csv")
