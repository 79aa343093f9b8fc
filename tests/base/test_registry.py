from __future__ import annotations

from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field, ValidationError

from watchfloor.base import registry
from watchfloor.base.config import Config
from watchfloor.base.registry import AnyKind, Registry, kinds, nearest


class StaringConfig(Config):
    """Looks everywhere."""

    kind: Literal["staring"] = "staring"
    """This kind."""
    reach_km: float = Field(gt=0.0)
    """How far. [km]"""


class NoddingConfig(Config):
    """Nods."""

    kind: Literal["nodding"] = "nodding"
    """This kind."""


@pytest.fixture
def toys(monkeypatch):
    monkeypatch.setattr(registry, "_registries", {})
    monkeypatch.setattr(registry, "_loaded", {"toy"})
    family = Registry("toy")

    @family.register("staring", StaringConfig)
    class Staring:
        def __init__(self, config: StaringConfig, *, row: int) -> None:
            self.reach_m, self.row = 1e3 * config.reach_km, row

    family.register("nodding", NoddingConfig)(type("Nodding", (), {}))
    return family


def test_a_kind_is_made_from_its_configuration(toys):
    made = toys.make(StaringConfig(reach_km=2.0), row=3)
    assert (made.reach_m, made.row, toys.names) == (2000.0, 3, ("nodding", "staring"))


def test_an_unknown_kind_says_which_is_nearest(toys):
    with pytest.raises(ValueError, match="no toy kind 'starring'; did you mean 'staring'\\?"):
        toys.config("starring")


def test_a_kind_registers_once_and_its_configuration_names_it(toys):
    with pytest.raises(ValueError, match="toy kind 'staring' is registered twice"):
        toys.register("staring", StaringConfig)
    with pytest.raises(ValueError, match="needs a field `kind"):
        toys.register("bare", Config)


def test_a_field_of_any_kind_is_told_apart_by_its_kind(toys):
    model = type("Holder", (BaseModel,), {"__annotations__": {"toy": Annotated[Config, AnyKind("toy")]}})
    assert isinstance(model.model_validate({"toy": {"kind": "staring", "reach_km": 1}}).toy, StaringConfig)
    with pytest.raises(ValidationError) as err:
        model.model_validate({"toy": {"kind": "staring", "reach_km": -1}})
    assert err.value.errors()[0]["loc"] == ("toy", "staring", "reach_km")


def test_an_unknown_family_says_which_is_nearest(toys):
    assert kinds("toy") is toys
    with pytest.raises(ValueError, match=r"no family of kinds 'toy\.part'"):
        kinds("toy.part")


def test_nearest_stays_silent_when_nothing_is_near():
    assert nearest("rotatng", ["rotating", "secondary"]) == "; did you mean 'rotating'?"
    assert nearest("zebra", ["rotating", "secondary"]) == ""


@pytest.mark.parametrize("room", registry.ROOMS)
def test_every_room_registers_kinds_on_first_use(room):
    families = {"world": ("world.route", "world.traffic")}.get(room, (room,))
    for family in families:
        assert kinds(family).names
        for name in kinds(family).names:
            config = kinds(family).config(name)
            assert config.model_fields["kind"].default == name
            assert config.__doc__
