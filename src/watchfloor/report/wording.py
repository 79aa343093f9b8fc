"""How numbers are written on the page: the one place that rounds."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, inf, isfinite, log10

from watchfloor.assess.statistics import Band

MINUS, NARROW = "\N{MINUS SIGN}", "\N{NARROW NO-BREAK SPACE}"


@dataclass(frozen=True)
class Scale:
    """How a quantity of the record is shown: factor to the reader's unit, unit, decimals."""

    unit: str
    """What stands behind the number; "" for a bare count."""
    factor: float = 1.0
    """From the record's unit to the reader's."""
    decimals: int = 0
    """Digits behind the point."""
    limit: float = inf
    """Size that a difference cannot exceed, in the record's unit; an interval is cut there."""

    def __call__(self, value: float, *, signed: bool = False) -> str:
        """Return the number without its unit: ``Scale("km", 1e-3)(12345.0)`` is ``12``."""
        return fixed(value * self.factor, self.decimals, signed=signed)

    def ends(self, band: Band) -> tuple[str, str]:
        """Return the ends of the 95 % interval of a mean difference, with signs and without the unit."""
        low, high = (min(max(end, -self.limit), self.limit) for end in (band.mean_low, band.mean_high))
        return self(low, signed=True), self(high, signed=True)

    def with_unit(self, text: str) -> str:
        """Return ``text`` and the unit, kept on one line."""
        return f"{text}{NARROW}{self.unit}" if self.unit else text


def fixed(value: float, decimals: int = 0, *, signed: bool = False) -> str:
    """Return a number with so many decimals, a real minus sign, and groups of three from five digits on.

    Examples
    --------
    >>> fixed(-0.04, 1), fixed(2.345, 1, signed=True), fixed(12345.6).replace(NARROW, " ")
    ('0.0', '+2.3', '12 346')
    """
    if not isfinite(value):
        return "\N{INFINITY}" if value > 0 else f"{MINUS}\N{INFINITY}" if value < 0 else "not known"
    text = f"{abs(value):.{decimals}f}"
    whole, _, rest = text.partition(".")
    if len(whole) > 4:
        whole = f"{int(whole):,}".replace(",", NARROW)
    zero = not text.strip("0.")
    sign = "" if zero else MINUS if value < 0.0 else "+" if signed else ""
    return f"{sign}{whole}.{rest}" if rest else f"{sign}{whole}"


def figures(value: float, n: int = 3) -> str:
    """Return a number with ``n`` significant figures, for a register whose scales differ.

    Examples
    --------
    >>> figures(0.00123456), figures(12345.0).replace(NARROW, " "), figures(2.0)
    ('0.00123', '12 300', '2')
    """
    if value == 0.0 or not isfinite(value):
        return fixed(value)
    power = floor(log10(abs(value)))
    if not -5 < power < 7:
        return f"{value:.{n - 1}e}".replace("-", MINUS)
    decimals = max(n - 1 - power, 0)
    text = fixed(round(value, n - 1 - power), decimals)
    return text.rstrip("0").rstrip(".") if "." in text else text


def band_text(band: Band, scale: Scale, *, signed: bool = False, zero: str = "") -> str:
    """Return ``median (10 % to 90 %) unit``; ``zero`` is the word for a quantity that is zero.

    Examples
    --------
    >>> band_text(Band(1000.0, 2000.0, 4000.0, 2.0, 1.0, 3.0, 9), Scale("km", 1e-3)).replace(NARROW, " ")
    '2 km (1 to 4)'
    """
    low, middle, high = (
        zero if zero and value == 0.0 else scale(value, signed=signed) for value in (band.p10, band.p50, band.p90)
    )
    said = middle if middle == zero else scale.with_unit(middle)
    return f"{said} ({low} to {high})"


def interval_text(band: Band, scale: Scale) -> str:
    """Return the 95 % interval of a mean difference, ``-3 to +5 unit``."""
    low, high = scale.ends(band)
    return scale.with_unit(f"{low} to {high}")


def listed(names: list[str], last: str = "and") -> str:
    """Return ``a, b and c``; ``none`` for an empty list."""
    if not names:
        return "none"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {last} {names[-1]}"
