from __future__ import annotations

from typing import Literal, Self

import pytest
from pydantic import Field, model_validator

from watchfloor.base.config import Config
from watchfloor.scenario.faults import Fault, split_unit, unit_of, validate
from watchfloor.scenario.spread import Spread


class Circle(Config):
    """A circle."""

    radius_km: float = Field(gt=0.0)
    """Radius. [km]"""


class Box(Config):
    """A box."""

    width_km: float
    """Width. [km]"""
    height_km: float
    """Height. [km]"""


class Sheet(Config):
    """A sheet of shapes."""

    shape: Circle | Box | None = None
    """A shape."""
    level: float | str = 0.0
    """Number or word."""
    corners: tuple[tuple[float, float], ...] = ()
    """Corners. [km]"""
    by_name: dict[str, Circle] = Field(default_factory=dict)
    """Circles by name."""
    gain_db: Spread = Spread(fixed=0.0, source="scenario")
    """Gain. [dB]"""
    side: Literal["left", "right"] = "left"
    """Side."""
    low: int = 0
    """Lower."""
    high: int = 1
    """Upper."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low > self.high:
            raise ValueError(f"wanted low <= high (came {self.low} > {self.high})")
        return self


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"shape": {"radius_km": -1}}, [(("shape", "radius_km"), "wanted more than 0 (came -1)")]),
        ({"shape": {"width_km": 1, "heigth_km": 2}},
         [(("shape", "heigth_km"), "wanted a known key; did you mean 'height_km'? (came 'heigth_km')")]),
        ({"shape": {"width_km": 1}}, [(("shape", "height_km"), "wanted this key: height [km] (it is missing)")]),
        ({"level": ()}, [(("level",), "wanted a number (came a list of 0)")]),
        ({"corners": ((1, 2), (3, "x"))}, [(("corners", 1, 1), "wanted a number (came 'x')")]),
        ({"corners": ((1, 2), (3,))}, None),
        ({"by_name": {"a": {"radius_km": 1}, "b": {"radius_m": 1}}},
         [(("by_name", "b", "radius_m"), "wanted 'radius_km', in km (came 'radius_m', in m)")]),
        ({"by_name": 3}, [(("by_name",), "wanted lines of `key: value` (came 3)")]),
        ({"gain_db": {"p10": 1, "p50": 2, "p9": 3, "source": "k"}},
         [(("gain_db", "p9"), "wanted a known key; did you mean 'p90'? (came 'p9')")]),
        ({"gain_db": "x"}, [(("gain_db",), "wanted lines of `key: value` (came 'x')")]),
        ({"side": "rihgt"}, [(("side",), "wanted one of 'left' or 'right'; did you mean 'right'? (came 'rihgt')")]),
        ({"low": 2}, [((), "wanted low <= high (came 2 > 1)")]),
        ({"low": 1.0}, [(("low",), "wanted a whole number (came 1.0)")]),
        ({"low": "1"}, [(("low",), "wanted a whole number without quotes (came '1')")]),
        ({"high": "1_0"}, [(("high",), "wanted a whole number without underscores (came '1_0')")]),
        ({"colour": 1}, [(("colour",), "wanted one of the keys shape, level, corners, by_name, gain_db, side, low, "
                          "high (came 'colour')")]),
    ],
)  # fmt: skip
def test_pydantics_reports_become_words(values, said):
    model, faults = validate(Sheet, values)
    assert model is None
    if said is not None:
        assert [(fault.key, fault.message) for fault in faults] == said
    assert all(fault.message.startswith("wanted ") and fault.message.endswith(")") for fault in faults)


def test_what_fits_has_no_faults():
    model, faults = validate(Sheet, {"shape": {"width_km": 1, "height_km": 2}, "corners": ((1, 2),), "gain_db": 3})
    assert (type(model.shape), model.gain_db.fixed, faults) == (Box, 3.0, [])  # type: ignore[union-attr]


def test_a_misspelt_key_marks_the_name_and_a_bad_value_the_value():
    _, faults = validate(Sheet, {"shape": {"radius_km": -1}, "lwo": 1})
    assert {fault.key[-1]: fault.name for fault in faults} == {"radius_km": False, "lwo": True}
    assert isinstance(faults[0], Fault)


def test_units_are_told_apart_from_words():
    assert split_unit("alt_m") == ("alt", "m")
    assert split_unit("speed_max_mps") == ("speed_max", "m/s")
    assert split_unit("weapons_free") == ("weapons_free", "")
    assert unit_of(Circle.model_fields["radius_km"]) == "km"
    assert unit_of(Sheet.model_fields["side"]) == ""
