"""The recording that comes with the package: synthetic aircraft under a synthetic radar; see ``formats/data``."""

from __future__ import annotations

from pathlib import Path

from watchfloor.base.registry import nearest

_FOLDER = Path(__file__).resolve().parents[1] / "data"
SAMPLES = ("holding",)
"""Names of the recordings."""


def sample(name: str = "holding") -> Path:
    """Return the file of a recording that comes with the package.

    Parameters
    ----------
    name : str
        ``holding``: five aircraft, three of them in a hold one above the other, 18 minutes of a secondary radar.

    Raises
    ------
    ValueError
        If there is no such recording.
    """
    if name not in SAMPLES:
        raise ValueError(f"no recording {name!r} in the package{nearest(name, SAMPLES)}")
    return _FOLDER / f"{name}.ast"


def sample_flights(name: str = "holding") -> Path:
    """Return the table of where the aircraft of a recording truly were; ``ValueError`` as in ``sample``."""
    return sample(name).with_name(f"{name}-flights.csv")
