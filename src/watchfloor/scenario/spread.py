"""``Spread``: a number that is not known exactly, and who says so."""

from __future__ import annotations

from typing import Any, Literal, Self

import numpy as np
from pydantic import GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from watchfloor.base.config import Config

_Z90 = 1.281_551_565_544_600_4
_Z_MAX = 2.326_347_874_040_841
"""Draws stay between the 1 % and 99 % points: nobody who gives 10/50/90 vouches for more."""


class Spread(Config):
    """A value with its spread and source.

    Write ``{p10: 1, p50: 2, p90: 4, scale: log, source: KEY}``, ``{low: 0.3, high: 0.9, source: KEY}`` (uniform),
    ``{fixed: 3.0, source: KEY}``, or a bare number for your own exact choice.
    """

    p10: float | None = None
    """Value that one in ten believes it to be below."""
    p50: float | None = None
    """Median."""
    p90: float | None = None
    """Value that nine in ten believe it to be below."""
    low: float | None = None
    """Lower end of a uniform distribution."""
    high: float | None = None
    """Upper end of a uniform distribution."""
    fixed: float | None = None
    """Exact value."""
    scale: Literal["linear", "log"] = "linear"
    """Whether the two halves around the median are normal in the value or in its logarithm."""
    source: str
    """Key of the source in the catalogue's ``sources.yaml``, or ``scenario`` for the author's own choice."""
    note: str = ""
    """What the source does not say, and what was assumed."""

    @model_validator(mode="before")
    @classmethod
    def _bare_number(cls, value: Any) -> Any:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return {"fixed": value, "source": "scenario"}
        return value

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Return the JSON Schema: the mapping, or a bare number."""
        mapping = handler.resolve_ref_schema(handler(schema))
        whole = {"anyOf": [{"type": "number"}, dict(mapping)], "title": "Spread", "description": mapping["description"]}
        mapping.clear()
        mapping.update(whole)
        return mapping

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        quantiles = (self.p10, self.p50, self.p90)
        forms = [None not in quantiles, None not in (self.low, self.high), self.fixed is not None]
        partial = [any(q is not None for q in quantiles), self.low is not None or self.high is not None, forms[2]]
        if sum(forms) != 1 or partial != forms:
            raise ValueError("give p10, p50 and p90, or low and high, or fixed (exactly one of the three forms)")
        if forms[0] and not self.p10 <= self.p50 <= self.p90:  # type: ignore[operator]
            raise ValueError(f"wanted p10 <= p50 <= p90, got {self.p10}, {self.p50}, {self.p90}")
        if forms[1] and not self.low <= self.high:  # type: ignore[operator]
            raise ValueError(f"wanted low <= high, got {self.low}, {self.high}")
        if self.scale == "log" and forms[0] and self.p10 <= 0.0:  # type: ignore[operator]
            raise ValueError(f"a log scale needs p10 > 0, got {self.p10}")
        return self

    @property
    def median(self) -> float:
        """The value at probability one half."""
        return self.at_z(0.0)

    def quantile_range(self) -> tuple[float, float, float]:
        """Return the 10, 50 and 90 % points."""
        return self.at_z(-_Z90), self.at_z(0.0), self.at_z(_Z90)

    def at_z(self, z: float) -> float:
        """Return the value at the standard normal score ``z``, clipped to the 1 % and 99 % points.

        Between the given quantiles each half is normal (in the logarithm on a log scale) and meets them exactly; the
        uniform form maps the score through the normal distribution function.
        """
        if self.fixed is not None:
            return self.fixed
        z = min(max(float(z), -_Z_MAX), _Z_MAX)
        if self.low is not None and self.high is not None:
            from math import erf, sqrt

            return self.low + (self.high - self.low) * 0.5 * (1.0 + erf(z / sqrt(2.0)))
        assert self.p10 is not None and self.p50 is not None and self.p90 is not None
        far = self.p90 if z > 0.0 else self.p10
        share = abs(z) / _Z90
        if self.scale == "log":
            return float(self.p50 * (far / self.p50) ** share)
        return float(self.p50 + (far - self.p50) * share)

    def draw(self, rng: np.random.Generator | None) -> float:
        """Return one draw, or the median when ``rng`` is None. Always uses exactly one normal number of ``rng``."""
        return self.median if rng is None else self.at_z(float(rng.standard_normal()))
