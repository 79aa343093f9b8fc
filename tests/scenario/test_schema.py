from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest

from tests.scenario.test_load import FILES
from watchfloor.base.registry import ROOMS, kinds
from watchfloor.scenario.cards import RadarCard
from watchfloor.scenario.schema import DIALECT, json_schema
from watchfloor.scenario.text import read

SCHEMA = json_schema()


def plain(value):
    if isinstance(value, dict):
        return {name: plain(inner) for name, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, tuple) else value


def complaints(values) -> list[str]:
    return [error.message for error in jsonschema.Draft202012Validator(SCHEMA).iter_errors(plain(values))]


def test_the_schema_is_a_schema_of_its_dialect():
    assert SCHEMA["$schema"] == DIALECT
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_every_file_that_is_shipped_fits_the_schema(path: Path):
    assert complaints(read(path).values) == []


def test_what_load_refuses_by_shape_the_schema_refuses():
    values = read(FILES[0]).values
    for wrong in (
        {"seed": -1}, {"watchfloor": 2}, {"name": "a b"}, {"colour": 1}, {"sensors": ()}, {"tracker": {}},
        {"tracker": {"kind": "magic"}}, {"places": ({"name": "x", "lat_deg": 91, "lon_deg": 0, "alt_m": 0},)},
    ):  # fmt: skip
        assert complaints({**values, **wrong}), wrong


def test_every_kind_of_every_room_is_in_the_schema_with_its_words():
    for room in ROOMS:
        for family in ("world.route", "world.traffic") if room == "world" else (room,):
            for name in kinds(family).names:
                config = kinds(family).config(name)
                definition = SCHEMA["$defs"][config.__name__]
                assert "kind" in definition["required"]
                assert definition["properties"]["kind"]["const"] == name
                assert definition["description"]


def test_a_spread_may_be_a_bare_number_in_the_schema():
    schema = RadarCard.model_json_schema()
    validator = jsonschema.Draft202012Validator({"$ref": "#/$defs/Spread", "$defs": schema["$defs"]})
    assert validator.is_valid(3.0)
    assert validator.is_valid({"p10": 1, "p50": 2, "p90": 3, "source": "k"})
    assert not validator.is_valid("three")
    assert not validator.is_valid({"p10": 1, "p50": 2, "p99": 3, "source": "k"})
